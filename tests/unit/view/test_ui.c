/* What the dashboard does with keys, time and frames; how it looks is in tests/golden. */
#include "fixture.h"
#include "ui_private.h"
#include <errno.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define S UINT64_C(1000000000)

struct desk {
	struct fixture x;
	struct ui *u;
	struct ui_host host;
	struct canvas c;
	uint64_t now, interval;
	int quits, opened, closed, sent;
	struct kill_plan plan;
};

static void host_quit(void *data)
{
	((struct desk *)data)->quits++;
}

static void host_interval(void *data, uint64_t ns)
{
	((struct desk *)data)->interval = ns;
}

static const struct kill_plan *host_open(void *data, struct kill_plan *plan)
{
	struct desk *d = data;

	kill_plan_done(&d->plan);
	d->plan = *plan;
	memset(plan, 0, sizeof(*plan));
	d->opened++;
	return &d->plan;
}

static int host_send(void *data, int sig)
{
	return ++((struct desk *)data)->sent;
}

static const struct kill_step *host_steps(void *data, size_t *ret_n, uint64_t *ret_sent_ns, bool *ret_over)
{
	*ret_n = 0;
	*ret_sent_ns = 0;
	*ret_over = false;
	return NULL;
}

static void host_close(void *data)
{
	((struct desk *)data)->closed++;
}

static void frame(struct desk *d)
{
	const struct frame *f = fixture_apply(&d->x, 1);

	d->now = f->boot_ns;
	ui_frame(d->u, f, d->now);
	ui_draw(d->u, &d->c);
}

static void press(struct desk *d, const char *name)
{
	struct key k = {0};

	assert_int_equal(key_parse(name, &k.code), 0);
	ui_key(d->u, &k, d->now);
	ui_draw(d->u, &d->c);
}

static void type(struct desk *d, const char *s)
{
	for (; *s; s++) {
		struct key k = {.code = (unsigned char)*s};

		ui_key(d->u, &k, d->now);
	}
	ui_draw(d->u, &d->c);
}

static void desk_init(struct desk *d, struct ui_opts o)
{
	static const char *const names[] = {"TERM", "KILL"};
	static const int numbers[] = {15, 9};
	char err[100];

	memset(d, 0, sizeof(*d));
	fixture_init(&d->x);
	d->host = (struct ui_host){
		.data = d,
		.quit = host_quit,
		.set_interval = host_interval,
		.kill_open = host_open,
		.kill_send = host_send,
		.kill_steps = host_steps,
		.kill_close = host_close,
	};
	o.signals = numbers;
	o.signals_names = names;
	o.signals_help = names;
	o.signals_n = 2;
	o.host_name = "box";
	o.user_name = "root";
	o.root = true;
	o.interval_ns = S;
	assert_int_equal(ui_new(&o, &d->host, d->x.services, &d->u, err, sizeof(err)), 0);
	canvas_init(&d->c);
	canvas_resize(&d->c, 80, 24);
	ui_resize(d->u, 80, 24);
	fixture_web1(&d->x, false);
	frame(d);
}

static void desk_done(struct desk *d)
{
	ui_free(d->u);
	kill_plan_done(&d->plan);
	canvas_done(&d->c);
	fixture_done(&d->x);
}

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

static bool shows(const struct desk *d, const char *text)
{
	struct str all = {0};
	bool found;

	canvas_dump(&d->c, &all);
	found = strstr(str_text(&all), text) != NULL;
	str_done(&all);
	return found;
}

/* The page of a port in another namespace stays with that namespace, whatever its number becomes. */
static void test_page_keeps_its_namespace(void **state)
{
	struct desk d;
	uint16_t db = 0, more;

	desk_init(&d, (struct ui_opts){.filter = "process=postgres"});
	press(&d, "Enter");
	assert_true(shows(&d, "postgres"));
	/* another one takes its number, and has the same port, and it is the next by now */
	for (uint16_t i = 0; i < d.x.snap.netns.n; i++)
		if (!d.x.snap.netns.v[i].own)
			db = i;
	more = fixture_netns(&d.x, "shop");
	d.x.snap.netns.v[more] = d.x.snap.netns.v[db];
	d.x.snap.netns.v[db] = (struct snap_netns){.inode = 77, .name = intern_adds(d.x.names, "shop")};
	for (size_t i = 0; i < d.x.snap.socks.n; i++)
		if (d.x.snap.socks.v[i].netns == db)
			d.x.snap.socks.v[i].netns = more;
	uint32_t s = fixture_sock(&d.x, PROTO_TCP, STATE_LISTENING, "*:5432", NULL);

	d.x.snap.socks.v[s].netns = db;
	fixture_proc(&d.x, 31337, 1, 0, "impostor", "");
	fixture_fd(&d.x, s, 31337, 3);
	frame(&d);
	frame(&d);
	assert_true(shows(&d, "postgres"));
	assert_false(shows(&d, "impostor"));
	press(&d, "K");
	assert_int_equal(d.opened, 1);
	assert_int_equal(d.plan.targets.v[0].pid, 21002);
	desk_done(&d);
}

/* What this kernel cannot tell is said, one thing after the other, and no thing twice. */
static void test_limits_are_told_once(void **state)
{
	struct desk d;

	desk_init(&d, (struct ui_opts){0});
	snapshot_limit(&d.x.snap, "sctp", "not-supported", "no handler for sctp");
	snapshot_limit(&d.x.snap, "vsock", "not-supported", "no handler for vsock");
	snapshot_limit(&d.x.snap, "sock_diag", "from-proc", "There is no sock_diag here.");
	snapshot_limit(&d.x.snap, "owners", "not-permitted", "line 1 has that");
	snapshot_limit(&d.x.snap, "owner-scan", "bpf", "nobody needs that");
	press(&d, "/"); /* a prompt is not written over */
	frame(&d);
	assert_false(shows(&d, "This kernel"));
	press(&d, "Esc");
	frame(&d);
	assert_true(shows(&d, "This kernel lists no SCTP, vsock sockets: protocol not supported."));
	frame(&d);
	assert_true(shows(&d, "This kernel lists no SCTP"));
	ui_tick(d.u, d.now += MESSAGE_NS);
	frame(&d);
	assert_true(shows(&d, "There is no sock_diag here."));
	for (int i = 0; i < 3; i++) {
		ui_tick(d.u, d.now += MESSAGE_NS);
		frame(&d);
		assert_false(shows(&d, "This kernel"));
		assert_false(shows(&d, "sock_diag here"));
		assert_false(shows(&d, "line 1 has that"));
		assert_false(shows(&d, "nobody needs"));
	}
	/* whoever asks for it is told again */
	type(&d, "/sctp");
	press(&d, "Enter");
	assert_true(shows(&d, "This kernel has no SCTP sockets (protocol not supported). Nothing to show."));
	press(&d, "Esc");
	type(&d, "/vsock or sctp");
	press(&d, "Enter");
	assert_true(shows(&d, "This kernel lists no SCTP, vsock sockets (protocol not supported)."));
	desk_done(&d);
}

static bool has_seen(const struct ui_seen *v, size_t n, uint32_t pid, int32_t fd, bool inode)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].pid == pid && v[i].fd == fd && !v[i].inode == !inode)
			return true;
	return false;
}

/* What is on the screen is read again in every look, and nothing else is. */
static void test_visible_rows(void **state)
{
	struct desk d;
	struct ui_seen seen[512];
	uint32_t last, sock = NONE;
	size_t n;

	desk_init(&d, (struct ui_opts){0});
	n = ui_visible(d.u, seen, 512);
	assert_true(has_seen(seen, n, 812, 3, true)); /* sshd, in the first line */
	assert_true(n > 10);
	for (size_t i = 0; i < n; i++) {
		assert_true(seen[i].pid && seen[i].inode);
		for (size_t k = 0; k < d.x.snap.fds.n; k++)
			if (d.x.snap.fds.v[k].inode == seen[i].inode &&
			    d.x.snap.procs.v[d.x.snap.fds.v[k].proc].pid == seen[i].pid)
				sock = (uint32_t)k;
		assert_int_not_equal(sock, NONE);
		sock = NONE;
	}
	assert_int_equal(ui_visible(d.u, seen, 3), 3); /* no more than asked for, from the top */
	assert_int_equal(seen[0].pid, 812);
	/* two lines of a small screen, and after a page down others */
	canvas_resize(&d.c, 80, 6);
	ui_resize(d.u, 80, 6);
	n = ui_visible(d.u, seen, 512);
	assert_true(n >= 1 && n <= 4);
	assert_true(has_seen(seen, n, 812, 3, true));
	press(&d, "End");
	n = ui_visible(d.u, seen, 512);
	assert_false(has_seen(seen, n, 812, 3, true));
	press(&d, "Home");
	/* a process is read, not its descriptors: on its row, and on its page */
	press(&d, "3");
	canvas_resize(&d.c, 80, 24);
	ui_resize(d.u, 80, 24);
	n = ui_visible(d.u, seen, 512);
	assert_true(n > 0);
	for (size_t i = 0; i < n; i++)
		assert_true(seen[i].fd == -1 && !seen[i].inode);
	assert_true(has_seen(seen, n, 21877, -1, false));
	type(&d, "/process=node");
	press(&d, "Enter");
	press(&d, "Enter");
	assert_null(screen_table(ui_top(d.u)));
	last = (uint32_t)ui_visible(d.u, seen, 512);
	assert_true(last >= 1);
	assert_true(has_seen(seen, last, 21877, -1, false));
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
		cmocka_unit_test(test_stack_is_bounded),
		cmocka_unit_test(test_detail_rests),
		cmocka_unit_test(test_page_keeps_its_namespace),
		cmocka_unit_test(test_visible_rows),
		cmocka_unit_test(test_limits_are_told_once),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
