/* The kill dialog: what it says, what it sends, and that it sends nothing else. */
#include "fixture.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include "ui_private.h"
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGKILL, SIGQUIT, SIGUSR1};
static const char *const names[] = {"TERM", "INT", "HUP", "KILL", "QUIT", "USR1"};
static const char *const helps[] = {"ask to end", "as ^C", "often: reload", "no clean-up", "core", "its own"};

struct bench {
	struct ui u;
	struct ui_host host;
	struct fixture x;
	struct kill_plan plan; /* as the host keeps it */
	struct kill_step steps[12];
	size_t steps_n;
	uint64_t sent_ns;
	bool over;
	int sent[4], sent_n, closed, opened;
	size_t chosen;
	char copied[128];
	bool ways; /* the host offers group, unit and stop too */
	uint8_t refuse_at_open; /* for every target */
	struct dialog *d;
	struct canvas c;
	struct str text;
};

static const struct kill_plan *host_open(void *data, struct kill_plan *plan)
{
	struct bench *b = data;

	kill_plan_done(&b->plan);
	b->plan = *plan;
	memset(plan, 0, sizeof(*plan));
	b->opened++;
	if (b->ways) {
		vec_push(&b->plan.ways, ((struct kill_way){KILL_TO_HOLDERS, 1, "node 21877", ""}));
		vec_push(&b->plan.ways,
			 ((struct kill_way){KILL_TO_GROUP, 3, "node 21877 and 2 children", ""}));
		vec_push(&b->plan.ways, ((struct kill_way){KILL_TO_UNIT, 3, "api.service, 3 processes", ""}));
		vec_push(&b->plan.ways,
			 ((struct kill_way){KILL_TO_STOP, 1, "api.service", "systemctl stop api.service"}));
		vec_push(&b->plan.ways,
			 ((struct kill_way){KILL_TO_COPY, 0, "docker stop db", "docker stop db"}));
		vec_push(&b->plan.respawns,
			 ((struct kill_respawn){"api.service", RESPAWN_ASKING, "", 0, 0, ""}));
	}
	for (size_t i = 0; b->refuse_at_open && i < b->plan.targets.n; i++)
		b->plan.targets.v[i].refusal = b->refuse_at_open;
	return &b->plan;
}
static int host_send(void *data, int sig)
{
	struct bench *b = data;

	b->sent[b->sent_n++] = sig;
	return 1;
}
static const struct kill_step *host_steps(void *data, size_t *ret_n, uint64_t *ret_sent, bool *ret_over)
{
	struct bench *b = data;

	*ret_n = b->steps_n;
	*ret_sent = b->sent_ns;
	*ret_over = b->over;
	return b->steps;
}
static void host_choose(void *data, size_t way)
{
	((struct bench *)data)->chosen = way;
}
static int host_copy(void *data, const char *text, size_t n)
{
	struct bench *b = data;

	snprintf(b->copied, sizeof(b->copied), "%.*s", (int)n, text);
	return 0;
}
static void host_close(void *data)
{
	((struct bench *)data)->closed++;
}

static void bench_init(struct bench *b, bool hostile)
{
	const struct frame *f;

	memset(b, 0, sizeof(*b));
	fixture_init(&b->x);
	fixture_web1(&b->x, hostile);
	fixture_apply(&b->x, 0);
	f = fixture_apply(&b->x, 1);
	b->host = (struct ui_host){.data = b,
				   .kill_open = host_open,
				   .kill_send = host_send,
				   .kill_steps = host_steps,
				   .kill_choose = host_choose,
				   .copy = host_copy,
				   .kill_close = host_close};
	b->u.host = &b->host;
	b->u.opts.signals = signals;
	b->u.opts.signals_names = names;
	b->u.opts.signals_help = helps;
	b->u.opts.signals_n = ARRAY_LEN(signals);
	b->u.env.f = f;
	b->u.env.now_ns = f->boot_ns;
	canvas_init(&b->c);
}
static void bench_done(struct bench *b)
{
	if (b->d)
		b->d->ops->free(b->d, &b->u);
	kill_plan_done(&b->plan);
	canvas_done(&b->c);
	str_done(&b->text);
	fixture_done(&b->x);
}
static void open_port(struct bench *b, uint32_t port)
{
	struct pick pick = {.kind = PICK_PORT, .proto = PROTO_TCP, .port = port};
	struct kill_plan plan = {0};

	kill_plan_build(&plan, b->u.env.f, &pick, 1);
	b->d = kill_dialog_new(&b->u, &plan);
	kill_plan_done(&plan);
	assert_non_null(b->d);
}
static const char *draw(struct bench *b, int w, int h)
{
	char *styles;

	canvas_resize(&b->c, w, h);
	b->d->ops->draw(b->d, &b->u.env, &b->c);
	str_clear(&b->text);
	canvas_dump(&b->c, &b->text);
	styles = strstr(b->text.s, "--- styles");
	if (styles)
		*styles = '\0';
	return str_text(&b->text);
}
static bool press(struct bench *b, uint32_t code)
{
	struct key k = {.code = code};

	return b->d->ops->key(b->d, &b->u, &k);
}
#define HAS(text, what)                                                                                      \
	do {                                                                                                 \
		if (!strstr(text, what))                                                                     \
			fail_msg("\"%s\" is missing in:\n%s", what, text);                                   \
	} while (0)
#define HAS_NOT(text, what)                                                                                  \
	do {                                                                                                 \
		if (strstr(text, what))                                                                      \
			fail_msg("\"%s\" should not be in:\n%s", what, text);                                \
	} while (0)

static void says_what_it_does(void **state)
{
	struct bench b;
	const char *t;

	bench_init(&b, false);
	open_port(&b, 8080);
	t = draw(&b, 80, 24);
	HAS(t, "┌ Kill the holder of 8080/tcp ─");
	HAS(t, "│ node 21877   deploy   api.service   started ");
	HAS(t, "│ /usr/bin/node /srv/api/server.js --port 8080 ");
	HAS(t, "│ frees     8080/tcp *   and with it 9229/tcp 127.0.0.1 ");
	HAS(t, "│ drops     59 connections: 17 in (10.0.0.7 ×12, nginx here ×5), 42 out ");
	HAS(t, "│ ▸ 15 TERM   ask to end       ▸ process        node 21877 ");
	HAS(t, "│    9 KILL   no clean-up ");
	HAS(t, "│ Enter: send TERM to node 21877 ");
	assert_int_equal(b.sent_n, 0);
	assert_true(press(&b, KEY_ENTER_));
	assert_int_equal(b.sent_n, 1);
	assert_int_equal(b.sent[0], SIGTERM);
	/* A second Enter, pressed too long, sends nothing more and closes nothing. */
	assert_true(press(&b, KEY_ENTER_));
	assert_true(press(&b, 'y'));
	assert_int_equal(b.sent_n, 1);
	bench_done(&b);
	assert_int_equal(b.closed, 1);
}

static void chooses_signals(void **state)
{
	struct bench b;

	bench_init(&b, false);
	open_port(&b, 8080);
	press(&b, KEY_DOWN_);
	HAS(draw(&b, 80, 24), "Enter: send INT to node 21877");
	press(&b, KEY_UP_);
	press(&b, KEY_UP_);
	HAS(draw(&b, 80, 24), "Enter: send TERM to node 21877");
	press(&b, '9');
	HAS(draw(&b, 80, 24), "Enter: send KILL to node 21877");
	press(&b, '1');
	HAS(draw(&b, 80, 24), "Enter: send HUP to node 21877");
	press(&b, '5');
	HAS(draw(&b, 80, 24), "Enter: send TERM to node 21877");
	press(&b, '7'); /* no such number: 157 is none, 7 is none */
	HAS(draw(&b, 80, 24), "Enter: send TERM to node 21877");
	press(&b, '1');
	press(&b, '0');
	HAS(draw(&b, 80, 24), "Enter: send USR1 to node 21877");
	press(&b, 'y');
	assert_int_equal(b.sent_n, 1);
	assert_int_equal(b.sent[0], SIGUSR1);
	bench_done(&b);
}

static void no_means_no(void **state)
{
	static const uint32_t keys[] = {KEY_ESC, 'n', 'q'};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		struct bench b;

		bench_init(&b, false);
		open_port(&b, 8080);
		assert_true(press(&b, 'x'));
		assert_true(press(&b, 'Y'));
		assert_true(press(&b, ' '));
		assert_false(press(&b, keys[i]));
		assert_int_equal(b.sent_n, 0);
		bench_done(&b);
		assert_int_equal(b.closed, 1);
	}
}

static void several_holders(void **state)
{
	struct bench b;
	const char *t;

	bench_init(&b, false);
	open_port(&b, 443);
	t = draw(&b, 80, 24);
	HAS(t, "│ nginx 1044   root   nginx.service");
	HAS(t, "│ nginx 1048   www-data");
	HAS(t, "Enter: send TERM to all 5 holders, parent first");
	assert_true(strstr(t, "nginx 1044") < strstr(t, "nginx 1045"));
	/* One of them is refused: said so, and not counted. */
	b.plan.targets.v[2].refusal = KILL_NOT_PERMITTED;
	t = draw(&b, 80, 24);
	HAS(t, "Enter: send TERM to 4 of 5 holders, parent first");
	HAS(t, "not permitted: nginx 1046");
	HAS(t, "1 of 5 holders gets no signal");
	bench_done(&b);
}

static void refused(void **state)
{
	static const uint8_t why[] = {KILL_SELF, KILL_ANCESTOR, KILL_GONE, KILL_REUSED, KILL_NOT_PERMITTED};

	for (size_t i = 0; i < ARRAY_LEN(why); i++) {
		struct bench b;
		const char *t;

		bench_init(&b, false);
		b.refuse_at_open = why[i];
		open_port(&b, 8080);
		t = draw(&b, 80, 24);
		HAS(t, "Nothing can be sent.");
		HAS_NOT(t, "Enter:");
		HAS_NOT(t, "SIGNAL");
		if (why[i] == KILL_ANCESTOR)
			HAS(t, "refused: node 21877 carries this session");
		press(&b, KEY_ENTER_);
		press(&b, 'y');
		press(&b, '9');
		press(&b, KEY_ENTER_);
		assert_int_equal(b.sent_n, 0);
		bench_done(&b);
	}
}

static void nobody_to_signal(void **state)
{
	struct bench b;
	const char *t;

	bench_init(&b, false);
	open_port(&b, 2049); /* the kernel's own */
	t = draw(&b, 80, 24);
	HAS(t, reason_table[REASON_KERNEL].help);
	HAS(t, "Nothing can be sent.");
	press(&b, KEY_ENTER_);
	assert_int_equal(b.sent_n, 0);
	bench_done(&b);
}

static void read_only(void **state)
{
	struct bench b;
	struct kill_plan plan = {0};

	bench_init(&b, false);
	b.u.opts.read_only = true;
	assert_null(kill_dialog_new(&b.u, &plan));
	HAS(b.u.message, "read-only");
	b.u.opts.read_only = false;
	b.u.host = NULL;
	assert_null(kill_dialog_new(&b.u, &plan));
	HAS(b.u.message, "cannot be sent");
	b.u.host = &b.host;
	bench_done(&b);
}

/* 40×10: the name, the pid, the port and what Enter does are never dropped. */
static void small_screens(void **state)
{
	struct bench b;
	const char *t;

	bench_init(&b, false);
	open_port(&b, 8080);
	t = draw(&b, 40, 10);
	HAS(t, "8080/tcp");
	HAS(t, "node 21877");
	HAS(t, "Enter: send TERM to node 21877");
	HAS(t, "TERM   ask to end");
	press(&b, '9');
	t = draw(&b, 40, 10);
	HAS(t, "Enter: send KILL to node 21877");
	HAS(t, "▸  9 KILL");
	t = draw(&b, 20, 5);
	HAS(t, "node 21877");
	bench_done(&b);

	bench_init(&b, false);
	open_port(&b, 443);
	t = draw(&b, 40, 10);
	HAS(t, "443/tcp");
	HAS(t, "nginx 1044");
	HAS(t, "Enter: send TERM to all 5 holders,");
	HAS(t, "parent first");
	bench_done(&b);

	bench_init(&b, true); /* hostile names as well */
	open_port(&b, 8080);
	for (int w = 1; w <= 100; w += 3)
		for (int h = 1; h < 30; h += 2)
			draw(&b, w, h);
	b.u.env.ascii = true;
	t = draw(&b, 80, 24);
	for (const char *c = t; *c; c++)
		assert_true((unsigned char)*c < 0x80);
	HAS(t, "> 15 TERM");
	bench_done(&b);
}

static void step(struct bench *b, enum kill_event event, uint8_t severity, uint64_t after_ms,
		 const char *text)
{
	struct kill_step *s = &b->steps[b->steps_n++];

	*s = (struct kill_step){b->sent_ns + after_ms * NSEC_PER_MS, (uint8_t)event, severity, ""};
	snprintf(s->text, sizeof(s->text), "%s", text);
}

static void afterword(void **state)
{
	struct bench b;
	const char *t;

	bench_init(&b, false);
	open_port(&b, 8080);
	assert_true(b.d->ops->deadline(b.d) == UINT64_MAX);
	assert_false(b.d->ops->tick(b.d, &b.u));
	b.sent_ns = b.u.env.now_ns;
	press(&b, KEY_ENTER_);
	step(&b, KILL_SENT, 0, 0, "TERM to node 21877 (api.service)");
	assert_true(b.d->ops->tick(b.d, &b.u));
	assert_false(b.d->ops->tick(b.d, &b.u)); /* nothing new */
	assert_true(b.d->ops->deadline(b.d) > b.u.env.now_ns);
	assert_true(b.d->ops->deadline(b.d) != UINT64_MAX);
	step(&b, KILL_ENDED, 1, 84, "node 21877 ended");
	step(&b, KILL_FREED, 1, 85, "8080/tcp and 9229/tcp are free");
	step(&b, KILL_TAKEN_AGAIN, 3, 5100, "8080/tcp taken again: node 30112");
	b.u.env.now_ns += 5200 * NSEC_PER_MS;
	assert_true(b.d->ops->tick(b.d, &b.u));
	t = draw(&b, 80, 24);
	HAS(t, "┌ 8080/tcp ─");
	HAS(t, " watching, 24 s left ┐");
	HAS(t, ".000   TERM to node 21877 (api.service)"); /* the first with the time of day */
	HAS(t, "│       +84 ms   node 21877 ended");
	HAS(t, "│       +85 ms   8080/tcp and 9229/tcp are free");
	HAS(t, "│      +5.10 s   8080/tcp taken again: node 30112");
	HAS(t, "Esc leave it");
	t = draw(&b, 40, 10);
	HAS(t, "taken again: node");
	assert_true(press(&b, '9')); /* it ended: nothing to press */
	assert_int_equal(b.sent_n, 1);
	b.over = true;
	assert_true(b.d->ops->tick(b.d, &b.u));
	HAS(draw(&b, 80, 24), " no longer watched ┐");
	assert_true(b.d->ops->deadline(b.d) == UINT64_MAX);
	assert_false(press(&b, KEY_ESC));
	bench_done(&b);
}

/* It ignores TERM: KILL is one key away, and says so. */
static void presses_on(void **state)
{
	struct bench b;

	bench_init(&b, false);
	open_port(&b, 8080);
	b.sent_ns = b.u.env.now_ns;
	press(&b, KEY_ENTER_);
	step(&b, KILL_SENT, 0, 0, "TERM to node 21877");
	press(&b, '9');
	assert_int_equal(b.sent_n, 1); /* not before it is offered */
	step(&b, KILL_STILL_HELD, 2, 5000, "still held after 5.0 s: node 21877 ignores TERM");
	HAS(draw(&b, 80, 24), "9 send KILL to the same");
	press(&b, '9');
	assert_int_equal(b.sent_n, 2);
	assert_int_equal(b.sent[1], SIGKILL);
	step(&b, KILL_SENT, 0, 6000, "KILL to node 21877");
	step(&b, KILL_STILL_HELD, 2, 11000, "still held: node 21877 has not ended yet");
	HAS_NOT(draw(&b, 80, 24), "9 send KILL"); /* there is nothing stronger */
	bench_done(&b);
}

static void chooses_whom(void **state)
{
	struct bench b;
	const char *t;

	bench_init(&b, false);
	b.ways = true;
	open_port(&b, 8080);
	t = draw(&b, 80, 24);
	HAS(t, "▸ process        node 21877 ");
	HAS(t, "  process group  node 21877 and 2 children");
	HAS(t, "  unit           api.service, 3 processes");
	HAS(t, "  systemctl stop api.service");
	HAS(t, "respawn   asking systemd");
	kill_respawn_read(&b.plan, "Id=api.service\nRestart=always\nRestartUSec=5s\nMainPID=21877\n");
	t = draw(&b, 80, 24);
	HAS(t, "respawn   yes: api.service has Restart=always, back after 5s");
	press(&b, KEY_LEFT_); /* is the first already */
	press(&b, KEY_RIGHT_);
	HAS(draw(&b, 80, 24), "Enter: send TERM to the group: node 21877 and 2 children");
	press(&b, KEY_RIGHT_);
	HAS(draw(&b, 80, 24), "Enter: send TERM to all of api.service, 3 processes");
	HAS(draw(&b, 40, 10), "Enter: send TERM to all of"); /* told where the menu has no room */
	press(&b, KEY_RIGHT_);
	HAS(draw(&b, 80, 24), "Enter: systemctl stop api.service");
	press(&b, KEY_ENTER_);
	assert_int_equal(b.sent_n, 1);
	assert_int_equal(b.chosen, 3);
	bench_done(&b);
}

/* A whole unit with KILL: only after the word. */
static void asks_for_the_word(void **state)
{
	struct bench b;

	bench_init(&b, false);
	b.ways = true;
	open_port(&b, 8080);
	press(&b, KEY_RIGHT_);
	press(&b, KEY_RIGHT_);
	press(&b, '9');
	HAS(draw(&b, 80, 24), "asks for a yes");
	press(&b, KEY_ENTER_);
	HAS(draw(&b, 80, 24), "type yes and Enter to send KILL to all of api.service");
	press(&b, KEY_ENTER_);
	press(&b, 'y');
	press(&b, KEY_ENTER_);
	assert_int_equal(b.sent_n, 0);
	press(&b, KEY_ESC); /* leaves the word, not the dialog */
	HAS(draw(&b, 80, 24), "Enter: send KILL");
	press(&b, KEY_ENTER_);
	press(&b, 'n'); /* a letter now */
	press(&b, KEY_BACKSPACE_);
	press(&b, 'y');
	press(&b, 'e');
	press(&b, 's');
	assert_int_equal(b.sent_n, 0);
	press(&b, KEY_ENTER_);
	assert_int_equal(b.sent_n, 1);
	assert_int_equal(b.sent[0], SIGKILL);
	assert_int_equal(b.chosen, 2);
	bench_done(&b);

	/* Several units, or the own session: the same. */
	for (int i = 0; i < 2; i++) {
		bench_init(&b, false);
		open_port(&b, 8080);
		b.plan.units_n = i ? 1 : 2;
		b.plan.you = i;
		press(&b, KEY_ENTER_);
		press(&b, KEY_ENTER_);
		assert_int_equal(b.sent_n, 0);
		bench_done(&b);
	}
}

static void copies_a_command(void **state)
{
	struct bench b;

	bench_init(&b, false);
	b.ways = true;
	open_port(&b, 8080);
	for (int i = 0; i < 9; i++)
		press(&b, KEY_RIGHT_);
	HAS(draw(&b, 80, 24), "Enter: copy  docker stop db");
	assert_true(press(&b, KEY_ENTER_));
	assert_string_equal(b.copied, "docker stop db");
	assert_int_equal(b.sent_n, 0);
	HAS(draw(&b, 80, 24), "copied: docker stop db");
	bench_done(&b);
}

/* Taken again: the unit can be stopped, or the new holder be asked about. */
static void afterwards_stop_or_again(void **state)
{
	struct bench b;
	const char *t;

	bench_init(&b, false);
	b.ways = true;
	open_port(&b, 8080);
	b.sent_ns = b.u.env.now_ns;
	press(&b, KEY_ENTER_);
	step(&b, KILL_SENT, 0, 0, "TERM to node 21877");
	step(&b, KILL_FREED, 1, 85, "8080/tcp is free");
	t = draw(&b, 80, 24);
	HAS_NOT(t, "systemctl");
	press(&b, 's');
	press(&b, 'K');
	assert_int_equal(b.sent_n, 1);
	assert_int_equal(b.opened, 1);
	step(&b, KILL_TAKEN_AGAIN, 3, 5100, "8080/tcp taken again: node 30112, started by api.service");
	t = draw(&b, 80, 24);
	HAS(t, "s systemctl stop api.service   K kill who has it now   Esc leave it");
	press(&b, 's');
	assert_int_equal(b.sent_n, 2);
	assert_int_equal(b.chosen, 3);
	step(&b, KILL_TAKEN_AGAIN, 3, 5100, "8080/tcp taken again: node 30112, started by api.service");
	press(&b, 'K');
	assert_int_equal(b.opened, 2);
	assert_true(b.u.discard_input);
	HAS(draw(&b, 80, 24), "Kill the holder of 8080/tcp");
	HAS(draw(&b, 80, 24), "Enter: send TERM to node 21877");
	bench_done(&b);
}

/* Opened before every process was looked at: it says so, and is right as soon as they were. */
static void fills_in_when_all_were_looked_at(void **state)
{
	struct pick pick = {.kind = PICK_PORT, .proto = PROTO_TCP, .port = 7777};
	struct kill_plan plan = {0};
	struct picks picks = {0};
	struct bench b;
	uint32_t s;

	bench_init(&b, false);
	fixture_proc(&b.x, 700, 1, 0, "seven", "");
	fixture_proc(&b.x, 701, 700, 0, "eight", "");
	s = fixture_sock(&b.x, PROTO_TCP, STATE_LISTENING, "*:7777", NULL);
	b.x.snap.owners_complete = false;
	b.u.env.f = fixture_apply(&b.x, 1);
	kill_plan_build(&plan, b.u.env.f, &pick, 1);
	assert_true(plan.unscanned);
	b.d = kill_dialog_new(&b.u, &plan);
	kill_plan_done(&plan);
	vec_push(&picks.v, pick);
	kill_dialog_picks(b.d, &picks);
	HAS(draw(&b, 80, 24), "not every process was looked at yet; who holds it will appear here");
	HAS(draw(&b, 80, 24), "Nothing can be sent.");
	press(&b, KEY_ENTER_);
	assert_int_equal(b.sent_n, 0);

	b.u.discard_input = false;
	b.d->ops->frame(b.d, &b.u); /* nothing new: nothing is thrown away */
	assert_false(b.u.discard_input);
	assert_int_equal(b.opened, 1);

	fixture_fd(&b.x, s, 700, 3); /* the first of two was found */
	b.u.env.f = fixture_apply(&b.x, 1);
	b.d->ops->frame(b.d, &b.u);
	HAS(draw(&b, 80, 24), "not every process was looked at yet: others may hold it, too");
	HAS(draw(&b, 80, 24), "Enter: send TERM to seven 700");
	assert_true(b.u.discard_input); /* what was typed was meant for another text */

	fixture_fd(&b.x, s, 701, 3);
	b.x.snap.owners_complete = true;
	b.u.env.f = fixture_apply(&b.x, 1);
	b.d->ops->frame(b.d, &b.u);
	HAS_NOT(draw(&b, 80, 24), "looked at");
	HAS(draw(&b, 80, 24), "Enter: send TERM to all 2 holders");
	assert_int_equal(b.opened, 3);
	b.d->ops->frame(b.d, &b.u); /* it is known now: later frames change nothing under the user's hands */
	assert_int_equal(b.opened, 3);
	press(&b, KEY_ENTER_);
	assert_int_equal(b.sent_n, 1);
	bench_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_it_does),
		cmocka_unit_test(chooses_signals),
		cmocka_unit_test(no_means_no),
		cmocka_unit_test(several_holders),
		cmocka_unit_test(refused),
		cmocka_unit_test(nobody_to_signal),
		cmocka_unit_test(read_only),
		cmocka_unit_test(small_screens),
		cmocka_unit_test(afterword),
		cmocka_unit_test(presses_on),
		cmocka_unit_test(chooses_whom),
		cmocka_unit_test(asks_for_the_word),
		cmocka_unit_test(copies_a_command),
		cmocka_unit_test(afterwards_stop_or_again),
		cmocka_unit_test(fills_in_when_all_were_looked_at),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
