/* The question of `x`: what it says, what it begins, and that it begins nothing else. */
#include "fixture.h"
#include "has.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include "ui_private.h"
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct bench {
	struct ui *u;
	struct ui_host host;
	struct fixture x;
	struct close_plan plan; /* as the host keeps it */
	int begun;
	bool done;
	struct kill_you you;
	struct canvas c;
	struct str text;
};

static void host_begin(void *data, struct close_plan *plan)
{
	struct bench *b = data;

	close_plan_done(&b->plan);
	b->plan = *plan;
	memset(plan, 0, sizeof(*plan));
	b->begun++;
}
static const struct close_plan *host_result(void *data)
{
	struct bench *b = data;

	return b->done ? &b->plan : NULL;
}

static const char *draw(struct bench *b, int w, int h)
{
	char *styles;

	ui_resize(b->u, w, h);
	canvas_resize(&b->c, w, h);
	ui_draw(b->u, &b->c);
	str_clear(&b->text);
	canvas_dump(&b->c, &b->text);
	styles = strstr(b->text.s, "--- styles");
	if (styles)
		*styles = '\0';
	return str_text(&b->text);
}
static void press(struct bench *b, uint32_t code)
{
	struct key k = {.code = code};

	ui_key(b->u, &k, b->x.boot_ns);
}

static void bench_open(struct bench *b, int view, const char *filter, bool read_only)
{
	static const int signals[] = {15};
	static const char *const names[] = {"TERM"}, *const helps[] = {"ask"};
	char err[100];
	struct ui_opts o = {.host_name = "web-1",
			    .user_name = "root",
			    .root = true,
			    .interval_ns = NSEC_PER_SEC,
			    .view = view,
			    .filter = filter,
			    .read_only = read_only,
			    .signals = signals,
			    .signals_names = names,
			    .signals_help = helps,
			    .signals_n = 1,
			    .you = &b->you};

	fixture_init(&b->x);
	fixture_web1(&b->x, false);
	b->host = (struct ui_host){.data = b, .close_begin = host_begin, .close_result = host_result};
	assert_int_equal(ui_new(&o, &b->host, b->x.services, &b->u, err, sizeof(err)), 0);
	canvas_init(&b->c);
	ui_resize(b->u, 80, 24);
	ui_frame(b->u, fixture_apply(&b->x, 1), b->x.boot_ns);
}
static void bench_done(struct bench *b)
{
	ui_free(b->u);
	close_plan_done(&b->plan);
	canvas_done(&b->c);
	str_done(&b->text);
	fixture_done(&b->x);
}

static void says_and_closes(void **state)
{
	struct bench b = {0};
	const char *t;

	bench_open(&b, VIEW_CONNECTIONS, "process=sshd state=established", false);
	press(&b, 'x');
	assert_true(ui_discard_input(b.u));
	t = draw(&b, 80, 24);
	HAS(t, "Close tcp 10.0.0.5:22 ← 10.0.0.9:");
	HAS(t, "lives on and gets\n ECONNABORTED, 10.0.0.9 a reset.");
	HAS(t, "Enter close   Esc no");
	assert_int_equal(b.begun, 0);
	press(&b, 'x');
	press(&b, ' ');
	assert_int_equal(b.begun, 0);
	press(&b, KEY_ENTER_);
	assert_int_equal(b.begun, 1);
	assert_int_equal(b.plan.items.n, 1);
	assert_int_equal(b.plan.items.v[0].lport, 22);
	HAS(draw(&b, 80, 24), "closing");
	press(&b, KEY_ENTER_); /* once */
	assert_int_equal(b.begun, 1);
	b.plan.items.v[0].result = CLOSE_GONE;
	b.done = true;
	assert_true(ui_tick(b.u, b.x.boot_ns + 1));
	t = draw(&b, 80, 24);
	HAS(t, ": closed");
	press(&b, KEY_ESC);
	HAS_NOT(draw(&b, 80, 24), ": closed");
	bench_done(&b);
}

static void no_means_no(void **state)
{
	static const uint32_t keys[] = {KEY_ESC, 'n', 'q'};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		struct bench b = {0};

		bench_open(&b, VIEW_CONNECTIONS, "process=sshd state=established", false);
		press(&b, 'x');
		press(&b, keys[i]);
		HAS_NOT(draw(&b, 80, 24), "Enter close");
		press(&b, KEY_ENTER_);
		assert_int_equal(b.begun, 0);
		bench_done(&b);
	}
}

/* The user's own session: only after the word. */
static void own_session_asks_for_the_word(void **state)
{
	struct bench b = {0};
	const char *word = "yes";
	uint32_t port = 0;

	fixture_init(&b.x);
	fixture_web1(&b.x, false);
	for (size_t i = 0; i < b.x.snap.socks.n; i++)
		if (b.x.snap.socks.v[i].lport == 22 && b.x.snap.socks.v[i].state == STATE_ESTABLISHED)
			port = b.x.snap.socks.v[i].rport;
	fixture_done(&b.x);
	assert_int_not_equal(port, 0);
	char ssh[80];
	snprintf(ssh, sizeof(ssh), "10.0.0.9 %u 10.0.0.5 22", port);
	kill_you_read(&b.you, ssh);
	assert_true(b.you.ssh);
	char filter[60];
	snprintf(filter, sizeof(filter), "lport=22 rport=%u", port);
	bench_open(&b, VIEW_CONNECTIONS, filter, false);
	press(&b, 'x');
	press(&b, KEY_ENTER_);
	HAS(draw(&b, 100, 24), "your own session: type yes and Enter");
	press(&b, KEY_ENTER_);
	assert_int_equal(b.begun, 0);
	for (; *word; word++)
		press(&b, (uint32_t)*word);
	press(&b, KEY_ENTER_);
	assert_int_equal(b.begun, 1);
	bench_done(&b);
}

static void what_is_no_connection(void **state)
{
	struct bench b = {0};

	bench_open(&b, VIEW_PORTS, "port=8080", false);
	press(&b, 'x');
	HAS(draw(&b, 80, 24), "x closes a connection");
	bench_done(&b);

	b = (struct bench){0};
	bench_open(&b, VIEW_CONNECTIONS, "port=8080 state=listening", false);
	press(&b, 'l'); /* with listening ones */
	press(&b, 'x');
	HAS(draw(&b, 120, 24), "is a listener: closing it would not free the port; K ends who holds it");
	press(&b, KEY_ENTER_);
	assert_int_equal(b.begun, 0);
	bench_done(&b);
}

static void read_only(void **state)
{
	struct bench b = {0};

	bench_open(&b, VIEW_CONNECTIONS, "process=sshd", true);
	press(&b, 'x');
	HAS(draw(&b, 80, 24), "READ-ONLY: nothing is closed");
	press(&b, KEY_ENTER_);
	assert_int_equal(b.begun, 0);
	bench_done(&b);
}

static void several_and_small(void **state)
{
	struct bench b = {0};
	const char *t;

	bench_open(&b, VIEW_CONNECTIONS, "state=established process=nginx", false);
	for (int i = 0; i < 6; i++)
		press(&b, ' ');
	press(&b, 'x');
	t = draw(&b, 80, 24);
	HAS(t, "Close 6 connections? tcp ");
	HAS(t, "and 2 more");
	for (int w = 1; w <= 90; w += 3)
		for (int h = 1; h < 30; h += 3)
			draw(&b, w, h);
	HAS(draw(&b, 40, 10), "Enter close   Esc no");
	press(&b, 'y');
	assert_int_equal(b.begun, 1);
	assert_int_equal(b.plan.items.n, 6);
	for (size_t i = 0; i < 6; i++)
		b.plan.items.v[i].result = i ? CLOSE_GONE : CLOSE_NOT_PERMITTED;
	b.done = true;
	t = draw(&b, 80, 24);
	HAS(t, "not permitted");
	HAS(t, "5 of 6 closed");
	bench_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_and_closes),
		cmocka_unit_test(no_means_no),
		cmocka_unit_test(own_session_asks_for_the_word),
		cmocka_unit_test(what_is_no_connection),
		cmocka_unit_test(read_only),
		cmocka_unit_test(several_and_small),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
