/* What the dashboard does with keys and time; how it looks is in tests/golden. */
#include "desk.h"
#include "ui_private.h"

static void test_wrong_options(void **state)
{
	struct ui_opts o = {.filter = "proces=nginx"};
	struct ui *u = NULL;
	char err[200] = "";

	assert_int_equal(ui_new(&o, NULL, NULL, &u, err, sizeof(err)), -EINVAL);
	assert_null(u);
	assert_non_null(strstr(err, "proces"));
	o = (struct ui_opts){.sort = "nosuch"};
	assert_int_equal(ui_new(&o, NULL, NULL, &u, err, sizeof(err)), -EINVAL);
	assert_non_null(strstr(err, "nosuch"));
	ui_free(NULL);
}

static void test_without_host_or_frame(void **state)
{
	static const char *const names[] = {"K",   "q", "^Z",  "^L", "+", "p", "Enter", "=",   "Space", "s",
					    "Esc", "/", "Esc", "n",  "v", "!", "2",     "Tab", "?",     "1"};
	struct ui_opts o = {0};
	struct ui *u = NULL;
	struct canvas c;
	struct want w;
	char err[200];

	assert_int_equal(ui_new(&o, NULL, NULL, &u, err, sizeof(err)), 0);
	canvas_init(&c);
	canvas_resize(&c, 140, 40);
	ui_resize(u, 140, 40);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct key k = {0};

		assert_int_equal(key_parse(names[i], &k.code), 0);
		ui_key(u, &k, i * S);
		ui_draw(u, &c);
		ui_want(u, &w);
		ui_tick(u, i * S + 1);
	}
	ui_free(u);
	canvas_done(&c);
}

static void test_quitting(void **state)
{
	struct desk d;

	desk_init(&d, (struct ui_opts){0});
	press(&d, "Esc");
	assert_int_equal(d.quits, 0); /* Esc never quits */
	press(&d, "Enter");
	assert_int_equal(d.u->stack_n, 1);
	press(&d, "q");
	assert_int_equal(d.u->stack_n, 0);
	assert_int_equal(d.quits, 0);
	press(&d, "q");
	assert_int_equal(d.quits, 1);
	press(&d, "Enter");
	press(&d, "Q");
	assert_int_equal(d.quits, 2);
	press(&d, "s");
	press(&d, "^C");
	assert_int_equal(d.quits, 3);
	desk_done(&d);
}

static void test_escape_order(void **state)
{
	struct desk d;

	desk_init(&d, (struct ui_opts){.filter = "tcp"});
	press(&d, "\\");
	type(&d, "node");
	press(&d, "Enter");
	assert_string_equal(d.u->search, "node");
	press(&d, "Enter");
	press(&d, "?");
	assert_int_equal(d.u->stack_n, 2);
	press(&d, "K"); /* nothing to kill in the help */
	assert_null(d.u->dialog);
	press(&d, "Esc");
	press(&d, "Esc");
	assert_int_equal(d.u->stack_n, 0);
	press(&d, "s");
	assert_non_null(d.u->dialog);
	press(&d, "Esc");
	assert_null(d.u->dialog);
	assert_non_null(d.u->search);
	press(&d, "Esc");
	assert_null(d.u->search);
	assert_string_equal(ui_filter_text(d.u), "tcp");
	press(&d, "Esc");
	assert_string_equal(ui_filter_text(d.u), "");
	press(&d, "Esc");
	assert_int_equal(d.quits, 0);
	desk_done(&d);
}

static void test_messages(void **state)
{
	struct desk d;

	desk_init(&d, (struct ui_opts){0});
	ui_message(d.u, false, "hello", d.now);
	assert_int_equal(ui_deadline(d.u), d.now + 5 * S);
	assert_false(ui_tick(d.u, d.now + 5 * S - 1));
	assert_true(ui_tick(d.u, d.now + 5 * S));
	assert_false(ui_tick(d.u, d.now + 6 * S));
	ui_message(d.u, true, "bad", d.now + 6 * S);
	assert_false(ui_tick(d.u, d.now + 600 * S));
	assert_int_equal(d.u->message_until, UINT64_MAX);
	d.now += 600 * S;
	press(&d, "Down");
	assert_int_equal(d.u->message_until, 0);
	press(&d, "F7");
	assert_non_null(strstr(d.u->message, "no nice value here"));
	press(&d, "8");
	assert_non_null(strstr(d.u->message, "`:` finds a port"));
	desk_done(&d);
}

static void test_filter_toggles(void **state)
{
	struct desk d;

	desk_init(&d, (struct ui_opts){0});
	press(&d, "t");
	assert_string_equal(ui_filter_text(d.u), "tcp");
	press(&d, "u");
	assert_string_equal(ui_filter_text(d.u), "udp");
	press(&d, "u");
	assert_string_equal(ui_filter_text(d.u), "");
	assert_true(ui_try_filter(d.u, "process=nginx"));
	press(&d, "t");
	assert_string_equal(ui_filter_text(d.u), "process=nginx tcp");
	press(&d, "t");
	assert_string_equal(ui_filter_text(d.u), "process=nginx");
	/* "and" binds closer than "or"; words inside parentheses are not touched. */
	assert_true(ui_try_filter(d.u, "tcp or udp"));
	press(&d, "t");
	assert_string_equal(ui_filter_text(d.u), "(tcp or udp) tcp");
	press(&d, "u");
	assert_string_equal(ui_filter_text(d.u), "(tcp or udp) udp");
	press(&d, "u");
	assert_string_equal(ui_filter_text(d.u), "(tcp or udp)");
	assert_true(ui_try_filter(d.u, "\"a tcp b\" tcp nginx"));
	press(&d, "t");
	assert_string_equal(ui_filter_text(d.u), "\"a tcp b\" nginx");
	desk_done(&d);
}

static void test_filter_prompt(void **state)
{
	struct desk d;

	desk_init(&d, (struct ui_opts){.filter = "tcp"});
	press(&d, "/");
	type(&d, " proces=x");
	assert_string_equal(ui_filter_text(d.u), "tcp"); /* what stands before the error */
	press(&d, "Enter");
	assert_non_null(d.u->dialog); /* the error stays in sight */
	press(&d, "Esc");
	assert_null(d.u->dialog);
	assert_string_equal(ui_filter_text(d.u), "tcp");
	press(&d, ":");
	assert_string_equal(ui_filter_text(d.u), "tcp");
	type(&d, "443");
	assert_string_equal(ui_filter_text(d.u), ":443");
	press(&d, "Enter");
	assert_null(d.u->dialog);
	assert_int_equal(d.u->history.n, 1);
	press(&d, ":");
	press(&d, "Enter");
	assert_string_equal(ui_filter_text(d.u), ":443"); /* a colon alone says nothing */
	press(&d, "/");
	press(&d, "^U");
	assert_string_equal(ui_filter_text(d.u), "");
	press(&d, "Up");
	assert_string_equal(ui_filter_text(d.u), ":443");
	press(&d, "Enter");
	press(&d, "2");
	assert_ptr_equal(screen_table(ui_top(d.u))->filter, d.u->filter);
	desk_done(&d);
}

static void test_interval_and_pause(void **state)
{
	struct desk d;

	desk_init(&d, (struct ui_opts){0});
	press(&d, "+");
	assert_int_equal(d.interval, 2 * S);
	press(&d, "-");
	press(&d, "-");
	assert_int_equal(d.interval, S / 2);
	for (int i = 0; i < 20; i++)
		press(&d, "-");
	assert_int_equal(d.interval, S / 10);
	assert_false(ui_paused(d.u));
	press(&d, "p");
	assert_true(ui_paused(d.u));
	assert_true(ui_deadline(d.u) <= d.now + S);
	assert_true(ui_tick(d.u, d.now + S));
	press(&d, "Z");
	assert_false(ui_paused(d.u));
	desk_done(&d);
}

static void test_kill_opens_and_discards(void **state)
{
	struct desk d;

	desk_init(&d, (struct ui_opts){0});
	press(&d, "K");
	assert_int_equal(d.opened, 1);
	assert_non_null(d.u->dialog);
	assert_true(d.plan.targets.n > 0);
	assert_true(ui_discard_input(d.u));
	assert_false(ui_discard_input(d.u));
	/* Pasted text never reaches it. */
	press(&d, "PasteBegin");
	press(&d, "y");
	press(&d, "Enter");
	press(&d, "PasteEnd");
	assert_int_equal(d.sent, 0);
	assert_non_null(d.u->dialog);
	press(&d, "Esc");
	assert_null(d.u->dialog);
	assert_int_equal(d.closed, 1);
	assert_int_equal(d.sent, 0);
	desk_done(&d);
}

static void test_read_only_kills_nothing(void **state)
{
	struct desk d;

	desk_init(&d, (struct ui_opts){.read_only = true});
	press(&d, "K");
	assert_int_equal(d.opened, 0);
	assert_null(d.u->dialog);
	assert_true(d.u->message_error);
	desk_done(&d);
}

static void test_tags(void **state)
{
	struct desk d;
	struct table *t;

	desk_init(&d, (struct ui_opts){0});
	t = screen_table(ui_top(d.u));
	press(&d, "Space");
	press(&d, "Space");
	assert_int_equal(t->tags.n, 2);
	assert_int_equal(t->cursor, 2);
	frame(&d);
	assert_int_equal(t->tags.n, 2);
	/* Rows that a filter hides are not acted upon. */
	assert_true(ui_try_filter(d.u, "port=8080"));
	press(&d, "K");
	assert_int_equal(d.opened, 0);
	assert_true(d.u->message_error);
	press(&d, "U");
	assert_int_equal(t->tags.n, 0);
	press(&d, "K");
	assert_int_equal(d.opened, 1);
	assert_int_equal(d.plan.targets.n, 1);
	assert_int_equal(d.plan.targets.v[0].pid, 21877);
	desk_done(&d);
}

static void test_want(void **state)
{
	struct desk d;
	struct want w = {0};

	desk_init(&d, (struct ui_opts){0});
	ui_want(d.u, &w);
	assert_int_equal(w.states, STATES_ALL); /* line 1 counts them */
	assert_true(w.attrs & WANT_OWNERS);
	assert_true(w.attrs & WANT_INFO);
	assert_int_equal(w.protos, PROTOS_PORTS);
	desk_done(&d);
}

/* What the pane needs goes on being asked for under a page: else every row would be another one, twice. Rows of all
 * outgoing connections' ports are made for a page that is about one of them, and for no other. */
static void test_want_under_pages(void **state)
{
	struct want table = {0}, page = {0};
	struct desk d;

	desk_init(&d, (struct ui_opts){0});
	ui_resize(d.u, 160, 50);
	canvas_resize(&d.c, 160, 50);
	for (int i = 0; i < 3 && !ui_layout(d.u).detail.w; i++)
		press(&d, "v");
	frame(&d);
	assert_true(ui_layout(d.u).detail.w > 0);
	ui_want(d.u, &table);
	assert_true(table.attrs & WANT_MEM);
	press(&d, "?");
	assert_int_equal(ui_layout(d.u).detail.w, 0);
	ui_want(d.u, &page);
	assert_int_equal(page.attrs, table.attrs);
	assert_int_equal(page.states, table.states);
	press(&d, "Esc");
	press(&d, "Enter");
	assert_null(screen_table(ui_top(d.u)));
	ui_want(d.u, &page);
	assert_int_equal(page.attrs, table.attrs);
	press(&d, "Esc");
	press(&d, "a");
	frame(&d);
	ui_want(d.u, &page);
	assert_true(page.attrs & WANT_CLIENT_PORTS);
	desk_done(&d);
}

static void test_stack_is_bounded(void **state)
{
	struct desk d;

	desk_init(&d, (struct ui_opts){0});
	for (int i = 0; i < 3 * STACK_MAX; i++)
		ui_push(d.u, help_screen_new(d.u));
	assert_int_equal(d.u->stack_n, STACK_MAX);
	press(&d, "Esc");
	assert_int_equal(d.u->stack_n, STACK_MAX - 1);
	desk_done(&d);
}

static void test_detail_rests(void **state)
{
	struct desk d;
	struct subject first;

	desk_init(&d, (struct ui_opts){0});
	canvas_resize(&d.c, 140, 40);
	ui_resize(d.u, 140, 40);
	ui_draw(d.u, &d.c);
	first = d.u->detail_subject;
	assert_int_equal(first.kind, SUBJECT_PORT);
	press(&d, "Down");
	assert_int_equal(d.u->detail_subject.pick.port, first.pick.port);
	assert_int_equal(ui_deadline(d.u), d.now + DETAIL_REST_NS);
	assert_false(ui_tick(d.u, d.now + DETAIL_REST_NS / 2));
	assert_true(ui_tick(d.u, d.now + DETAIL_REST_NS));
	assert_int_not_equal(d.u->detail_subject.pick.port, first.pick.port);
	assert_false(ui_tick(d.u, d.now + DETAIL_REST_NS));
	desk_done(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrong_options),
		cmocka_unit_test(test_without_host_or_frame),
		cmocka_unit_test(test_quitting),
		cmocka_unit_test(test_escape_order),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_filter_toggles),
		cmocka_unit_test(test_filter_prompt),
		cmocka_unit_test(test_interval_and_pause),
		cmocka_unit_test(test_kill_opens_and_discards),
		cmocka_unit_test(test_read_only_kills_nothing),
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_want),
		cmocka_unit_test(test_want_under_pages),
		cmocka_unit_test(test_stack_is_bounded),
		cmocka_unit_test(test_detail_rests),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
