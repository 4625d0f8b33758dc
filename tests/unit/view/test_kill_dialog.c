/* The kill dialog: what it says, what it sends, and that it sends nothing else. */
#include "kill_bench.h"

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
	HAS_NOT(t, "sudo");
	press(&b, KEY_ENTER_);
	assert_int_equal(b.sent_n, 0);
	b.plan.no_owner_reason = REASON_NOT_PERMITTED; /* somebody who is hidden from him */
	HAS(draw(&b, 80, 24), "▸ sudo sockeye kill tcp :2049");
	HAS(draw(&b, 40, 10), "▸ sudo sockeye kill tcp :2049");
	bench_done(&b);
}

static void read_only(void **state)
{
	struct bench b;
	struct picks none = {0};

	bench_init(&b, false);
	b.u.opts.read_only = true;
	assert_null(kill_dialog_new(&b.u, &none));
	HAS(b.u.message, "read-only");
	b.u.opts.read_only = false;
	b.u.host = NULL;
	assert_null(kill_dialog_new(&b.u, &none));
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
	/* Whom, and at what cost, before signals that are not chosen. */
	HAS(t, "node 21877   deploy   api.service");
	HAS(t, "/usr/bin/node /srv/api/server.js");
	HAS(t, "drops 59 connections: 17 in, 42 out");
	HAS(t, "Enter: send TERM to node 21877");
	HAS(t, "TERM   ask to end            ↑↓");
	press(&b, '9');
	t = draw(&b, 40, 10);
	HAS(t, "Enter: send KILL to node 21877");
	HAS(t, "▸  9 KILL");
	HAS(t, "drops 59 connections");
	t = draw(&b, 40, 8);
	HAS(t, "node 21877   deploy   api.service");
	HAS(t, "drops 59 connections");
	HAS(t, "▸  9 KILL");
	HAS_NOT(t, "15 TERM");
	t = draw(&b, 20, 5);
	HAS(t, "node 21877");
	bench_done(&b);

	bench_init(&b, false);
	open_port(&b, 443);
	t = draw(&b, 40, 10);
	HAS(t, "443/tcp");
	HAS(t, "nginx ×5 1044");
	HAS(t, "drops ");
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
/* The newest steps say what is: where they do not fit, the oldest go. */
static void afterword_on_a_low_screen(void **state)
{
	struct bench b;
	const char *t;

	bench_init(&b, false);
	open_port(&b, 443);
	b.sent_ns = b.u.env.now_ns;
	press(&b, KEY_ENTER_);
	step(&b, KILL_SENT, 0, 0, "TERM to 5 processes: nginx 1044, 1045, 1046 and 2 more");
	step(&b, KILL_ENDED, 1, 24, "nginx 1044, 1045, 1046 and 2 more ended, 1,433 connections closed");
	step(&b, KILL_FREED, 1, 24, "443/tcp, 80/tcp and 443/udp are free");
	t = draw(&b, 80, 24);
	HAS(t, "TERM to 5 processes");
	t = draw(&b, 40, 10);
	HAS_NOT(t, "TERM to 5 processes");
	HAS(t, "nginx 1044, 1045, 1046 and ");
	HAS(t, "443/udp are free");
	HAS(t, "are free");
	HAS(t, "Esc leave it");
	t = draw(&b, 40, 6);
	HAS(t, "are free");
	HAS(t, "Esc leave it");
	HAS_NOT(t, "nginx 1044");
	bench_done(&b);
}

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
		cmocka_unit_test(afterword_on_a_low_screen),
		cmocka_unit_test(presses_on),
		cmocka_unit_test(chooses_whom),
		cmocka_unit_test(asks_for_the_word),
		cmocka_unit_test(copies_a_command),
		cmocka_unit_test(afterwards_stop_or_again),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
