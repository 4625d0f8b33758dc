/* The table as a user works it: the cursor and the tags are identities, the order holds while it should, and
 * a filter recounts. */
#include "table_test.h"
#include <stdio.h>

static char shown[4096];
/* Local ports in screen order, the cursor's in brackets: "22 [80] 443". */
static const char *order(const struct table *t)
{
	struct str s = {0};
	uint32_t i, port;

	for (i = 0; i < t->order.n; i++) {
		port = t->rows_kind == ROWS_PORT ? t->f->ports.v[t->order.v[i]].port
						 : frame_sock(t->f, t->order.v[i])->rport;
		str_putf(&s, i == t->cursor ? "%s[%u]" : "%s%u", i ? " " : "", port);
	}
	snprintf(shown, sizeof(shown), "%s", str_text(&s));
	str_done(&s);
	return shown;
}

static uint32_t conn(struct fixture *x, unsigned rport, double rate)
{
	char remote[64];
	uint32_t s;

	snprintf(remote, sizeof(remote), "192.0.2.1:%u", rport);
	s = fixture_sock(x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:80", remote);
	fixture_rate(x, s, rate, 0);
	return s;
}

static struct ident id_at(const struct table *t, uint32_t i)
{
	return table_ident(t, i);
}

/* A socket that is missing twice is gone, shown as closed for 3 s, and then forgotten. */
static void forget_closed(struct fixture *x)
{
	fixture_apply(x, 1);
	fixture_apply(x, 1);
	fixture_apply(x, 4);
}

/* Cursor on row 1: the order is live and the cursor stays at the top. */
static void test_live(void **state)
{
	struct fixture x;
	struct table t;
	uint32_t a;

	(void)state;
	fixture_init(&x);
	a = conn(&x, 1001, 1000);
	conn(&x, 1002, 500);
	conn(&x, 1003, 2000);
	table_init(&t, VIEW_CONNECTIONS);
	assert_int_equal(table_row(&t), NONE);
	fixture_apply(&x, 1);
	table_update(&t, fixture_apply(&x, 1), 10, false);
	assert_string_equal(order(&t), "[1003] 1001 1002");
	assert_false(t.held);
	fixture_rate(&x, a, 1000000, 0);
	table_update(&t, fixture_apply(&x, 1), 10, false);
	assert_string_equal(order(&t), "[1001] 1003 1002");
	assert_false(t.order_differs);
	assert_int_equal(frame_sock(t.f, table_row(&t))->rport, 1001);
	table_done(&t);
	fixture_done(&x);
}

/* Off row 1 the order is held: rows that go vanish, new ones come at the end, values go on. */
static void test_held(void **state)
{
	struct fixture x;
	struct table t;
	uint32_t a;

	(void)state;
	fixture_init(&x);
	a = conn(&x, 1001, 1000);
	conn(&x, 1002, 500);
	conn(&x, 1003, 2000);
	table_init(&t, VIEW_CONNECTIONS);
	fixture_apply(&x, 1);
	table_update(&t, fixture_apply(&x, 1), 10, false);
	table_move(&t, 1, 10);
	assert_string_equal(order(&t), "1003 [1001] 1002");
	fixture_rate(&x, a, 1000000, 0);
	conn(&x, 1004, 3000000);
	fixture_apply(&x, 1);
	table_update(&t, fixture_apply(&x, 1), 10, false);
	assert_string_equal(order(&t), "1003 [1001] 1002 1004");
	assert_true(t.held);
	assert_true(t.order_differs);
	/* 1003 goes; it is shown as closed for a while and then vanishes. */
	fixture_remove_sock(&x, fixture_find(&x, 3));
	fixture_apply(&x, 1);
	table_update(&t, fixture_apply(&x, 1), 10, false);
	assert_string_equal(order(&t), "1003 [1001] 1002 1004");
	fixture_apply(&x, 4);
	table_update(&t, fixture_apply(&x, 1), 10, false);
	assert_string_equal(order(&t), "[1001] 1002 1004");
	/* It slid onto row 1: from the next look on the order is live again. */
	table_update(&t, fixture_apply(&x, 1), 10, false);
	assert_false(t.held);
	assert_string_equal(order(&t), "[1004] 1001 1002");
	table_done(&t);
	fixture_done(&x);
}

static void test_hold_reasons(void **state)
{
	struct fixture x;
	struct table t;
	uint32_t a;

	(void)state;
	fixture_init(&x);
	a = conn(&x, 1001, 1000);
	conn(&x, 1002, 500000);
	table_init(&t, VIEW_CONNECTIONS);
	fixture_apply(&x, 1);
	table_update(&t, fixture_apply(&x, 1), 10, false);
	assert_string_equal(order(&t), "[1002] 1001");
	fixture_rate(&x, a, 1e9, 0);
	table_update(&t, t.f, 10, true); /* a dialog opens */
	assert_string_equal(order(&t), "[1002] 1001");
	table_update(&t, fixture_apply(&x, 1), 10, true);
	assert_string_equal(order(&t), "[1002] 1001");
	assert_true(t.held && t.order_differs);
	t.follow = -1;
	table_update(&t, fixture_apply(&x, 1), 10, false);
	assert_string_equal(order(&t), "[1002] 1001");
	t.follow = 0;
	table_tag(&t, id_at(&t, 0));
	table_update(&t, fixture_apply(&x, 1), 10, false);
	assert_string_equal(order(&t), "[1002] 1001");
	table_tag(&t, id_at(&t, 0));
	assert_int_equal(t.tags.n, 0);
	table_update(&t, fixture_apply(&x, 1), 10, false);
	assert_string_equal(order(&t), "[1001] 1002");
	table_move(&t, 1, 10);
	fixture_rate(&x, a, 0, 0);
	fixture_apply(&x, 1);
	fixture_apply(&x, 1);
	t.follow = 1; /* always live: the row keeps its identity and so its number changes */
	table_update(&t, fixture_apply(&x, 1), 10, false);
	assert_false(t.held);
	assert_string_equal(order(&t), "[1002] 1001");
	table_done(&t);
	fixture_done(&x);
}

/* The row under the cursor stays on its line of the screen whatever comes before it. */
static void test_screen_line(void **state)
{
	struct fixture x;
	struct table t;
	uint32_t i, before;

	(void)state;
	fixture_init(&x);
	for (i = 0; i < 30; i++)
		conn(&x, 1001 + i, 1000 * (30 - i));
	table_init(&t, VIEW_CONNECTIONS);
	fixture_apply(&x, 1);
	table_update(&t, fixture_apply(&x, 1), 10, false);
	table_move(&t, 14, 10);
	assert_int_equal(t.cursor, 14);
	assert_int_equal(t.top, 5);
	table_move(&t, -4, 10);
	assert_int_equal(t.cursor, 10);
	assert_int_equal(t.top, 5);
	before = frame_sock(t.f, table_row(&t))->rport;
	for (i = 1; i <= 3; i++) /* three of the rows above go */
		fixture_remove_sock(&x, fixture_find(&x, i));
	table_leave_frame(&t); /* it will be another one */
	forget_closed(&x);
	table_update(&t, fixture_apply(&x, 1), 10, false);
	assert_int_equal(frame_sock(t.f, table_row(&t))->rport, before);
	assert_int_equal(t.cursor, 7);
	assert_int_equal(t.top, 2);
	/* A lower screen: the cursor must stay on it. */
	table_update(&t, fixture_apply(&x, 1), 3, false);
	assert_int_equal(t.cursor, 7);
	assert_true(t.top <= 7 && 7 < t.top + 3);
	/* The cursor's own row goes: the next one takes its line. */
	fixture_remove_sock(&x, fixture_find(&x, 11));
	table_leave_frame(&t); /* it will be another one */
	forget_closed(&x);
	table_update(&t, fixture_apply(&x, 1), 3, false);
	assert_int_equal(t.cursor, 7);
	assert_int_equal(frame_sock(t.f, table_row(&t))->rport, before + 1);
	table_done(&t);
	fixture_done(&x);
}

static void test_moves(void **state)
{
	struct fixture x;
	struct table t;
	uint32_t i;

	(void)state;
	fixture_init(&x);
	table_init(&t, VIEW_CONNECTIONS);
	table_update(&t, fixture_apply(&x, 1), 0, false); /* 0 rows, 0 lines */
	assert_int_equal(table_row(&t), NONE);
	table_move(&t, 1, 0);
	table_goto(&t, 7, 1);
	assert_int_equal(table_row(&t), NONE);
	for (i = 0; i < 5; i++)
		conn(&x, 1001 + i, 0);
	table_update(&t, fixture_apply(&x, 1), 3, false);
	table_move(&t, INT64_MAX, 3);
	assert_int_equal(t.cursor, 4);
	assert_int_equal(t.top, 2);
	table_move(&t, INT64_MIN + 5, 3);
	assert_int_equal(t.cursor, 0);
	assert_int_equal(t.top, 0);
	table_goto(&t, 3, 3);
	assert_int_equal(t.top, 1);
	table_done(&t);
	table_done(NULL);
	fixture_done(&x);
}

static void test_tags(void **state)
{
	struct fixture x;
	struct table t;
	struct ident a, b;

	(void)state;
	fixture_init(&x);
	conn(&x, 1001, 0);
	conn(&x, 1002, 0);
	table_init(&t, VIEW_CONNECTIONS);
	table_update(&t, fixture_apply(&x, 1), 3, false);
	a = id_at(&t, 0);
	b = id_at(&t, 1);
	table_tag(&t, a);
	table_tag(&t, b);
	assert_true(table_tagged(&t, a) && table_tagged(&t, b));
	/* The row vanishes for good, and its tag with it: it would hold the order for ever. */
	fixture_remove_sock(&x, 0);
	forget_closed(&x);
	table_update(&t, fixture_apply(&x, 1), 3, false);
	assert_false(table_tagged(&t, a));
	assert_true(table_tagged(&t, b));
	table_done(&t);
	fixture_done(&x);
}

static void test_identity(void **state)
{
	struct fixture x;
	const struct frame *f;
	struct ident a, b;
	struct pick p;
	uint16_t ns;

	(void)state;
	fixture_init(&x);
	ns = fixture_netns(&x, "other");
	fixture_proc(&x, 7, 1, 0, "a", "");
	fixture_fd(&x, fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "0.0.0.0:80", NULL), 7, 3);
	fixture_sock(&x, PROTO_UDP, STATE_UNCONN, "0.0.0.0:80", NULL);
	x.snap.socks.v[fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "0.0.0.0:80", NULL)].netns = ns;
	f = fixture_apply(&x, 1);
	assert_int_equal(f->ports.n, 3);
	a = ident_of(ROWS_PORT, f, 0);
	b = ident_of(ROWS_PORT, f, 1);
	assert_false(a.a == b.a && a.b == b.b);
	b = ident_of(ROWS_PORT, f, 2);
	assert_false(a.a == b.a && a.b == b.b);
	p = pick_of(ROWS_PORT, f, row_of_port(f, PROTO_UDP, 80));
	assert_int_equal(p.kind, PICK_PORT);
	assert_int_equal(p.port, 80);
	assert_int_equal(p.proto, PROTO_UDP);
	p = pick_of(ROWS_PROC, f, row_of_pid(f, 7));
	assert_int_equal(p.pid, 7);
	assert_int_equal(p.start, 700);
	p = pick_of(ROWS_SOCK, f, 0);
	assert_int_equal(p.cookie, frame_sock(f, 0)->cookie);
	fixture_done(&x);
}

/* Equal rows keep the order they come in, and nulls are last in both directions. */
static void test_sort(void **state)
{
	struct fixture x;
	struct table t;
	char err[32];
	uint32_t i;

	(void)state;
	fixture_init(&x);
	fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "0.0.0.0:80", NULL);
	for (i = 0; i < 6; i++)
		x.snap.socks.v[conn(&x, 1001 + i, 0)].sendq = i % 3 * 10;
	table_init(&t, VIEW_SOCKETS);
	assert_int_equal(table_set_sort_list(&t, "-sendq,rport", err, sizeof(err)), 0);
	table_update(&t, fixture_apply(&x, 1), 10, false);
	assert_string_equal(order(&t), "[1003] 1006 1002 1005 1001 1004 0");
	table_sort_by(&t, column_by_key(ROWS_SOCK, "sendq")); /* again: reverse */
	assert_false(t.sort[0].desc);
	table_update(&t, fixture_apply(&x, 1), 10, false);
	assert_string_equal(order(&t), "[1001] 1004 1002 1005 1003 1006 0");
	table_sort_by(&t, column_by_key(ROWS_SOCK, "recvq")); /* all equal: the view's own keys decide */
	assert_true(t.sort[0].desc);
	assert_ptr_equal(t.sort[1].col, column_by_key(ROWS_SOCK, "proto"));
	table_update(&t, fixture_apply(&x, 1), 10, false);
	assert_string_equal(order(&t), "[1001] 1002 1003 1004 1005 1006 0");
	assert_int_equal(table_set_sort_list(&t, "rport,nosuch", err, sizeof(err)), -22);
	assert_string_equal(err, "nosuch");
	assert_ptr_equal(t.sort[0].col, column_by_key(ROWS_SOCK, "recvq"));
	/* Off row 1 the user's own sort still takes effect at once. */
	table_move(&t, 2, 10);
	table_set_sort(&t, column_by_key(ROWS_SOCK, "rport"), true);
	table_update(&t, fixture_apply(&x, 1), 10, false);
	assert_string_equal(order(&t), "1006 1005 1004 [1003] 1002 1001 0");
	table_done(&t);
	fixture_done(&x);
}

/* Every column on a large host: the table's order never goes against column_compare. */
static void test_sort_agrees(void **state)
{
	struct fixture x;
	const struct frame *f;
	struct table t;
	struct ctx c;
	const struct column *cols;
	size_t n, k;
	enum view_id view;
	uint32_t i;

	(void)state;
	fixture_init(&x);
	fixture_web1(&x, true);
	f = fixture_apply(&x, 1);
	for (view = 0; view < VIEW_N; view++) {
		table_init(&t, view);
		cols = columns_of(t.rows_kind, &n);
		for (k = 0; k < 2 * n; k++) {
			if (!cols[k / 2].get)
				continue;
			table_set_sort(&t, &cols[k / 2], k & 1);
			table_update(&t, f, 10, false);
			c = table_ctx(&t);
			for (i = 1; i < t.order.n; i++)
				if (column_compare(&cols[k / 2], &c, t.order.v[i - 1], t.order.v[i], k & 1) >
				    0)
					fail_msg("%s: rows %u and %u", cols[k / 2].key, i - 1, i);
		}
		table_done(&t);
	}
	fixture_done(&x);
}

static void test_views(void **state)
{
	struct fixture x;
	const struct frame *f;
	struct table t;
	struct filter *flt;
	struct ctx c;
	struct value v;
	uint32_t conns;

	(void)state;
	fixture_init(&x);
	fixture_web1(&x, false);
	f = fixture_apply(&x, 1);

	table_init(&t, VIEW_PORTS);
	table_update(&t, f, 20, false);
	assert_int_equal(t.total, 22);
	assert_int_equal(t.matched, 22);
	assert_int_equal(f->ports.v[t.order.v[0]].port, 22);
	t.all = true;
	table_update(&t, f, 20, false);
	assert_int_equal(t.total, f->ports.n);
	t.all = false;
	t.listening = true; /* neither UDP nor the port that is merely bound */
	table_update(&t, f, 20, false);
	assert_int_equal(t.total, 14);
	t.listening = false;
	t.findings_only = true;
	table_update(&t, f, 20, false);
	assert_true(t.matched >= 1 && t.matched < 22);
	assert_int_equal(t.total, 22);
	t.findings_only = false;
	/* A filter picks sockets; the row shows when one is picked, and counts those. */
	flt = parsed("@203.0.113.77", x.services);
	t.filter = flt;
	table_update(&t, f, 20, false);
	assert_int_equal(t.matched, 1);
	assert_int_equal(f->ports.v[table_row(&t)].port, 443);
	c = table_ctx(&t);
	column_value(column_by_key(ROWS_PORT, "conns"), &c, table_row(&t), &v);
	conns = f->tally.ports.v[table_row(&t)].conns;
	assert_true(v.i > 0 && v.i < conns);
	column_value(column_by_key(ROWS_PORT, "backlog"), &c, table_row(&t), &v);
	assert_int_equal(v.i, 512); /* its own facts stay */
	t.filter = NULL;
	table_update(&t, f, 20, false);
	c = table_ctx(&t);
	assert_ptr_equal(c.tally, &f->tally);
	assert_int_equal(t.matched, 22);
	table_done(&t);

	table_init(&t, VIEW_PROCESSES);
	t.filter = flt;
	table_update(&t, f, 20, false);
	assert_int_equal(t.matched, 3); /* of nginx's five: the master and one worker talk to nobody there */
	c = table_ctx(&t);
	for (conns = 0; conns < t.order.n; conns++) {
		column_value(column_by_key(ROWS_PROC, "process"), &c, t.order.v[conns], &v);
		assert_string_equal(v.s, "nginx");
	}
	table_done(&t);
	filter_free(flt);

	table_init(&t, VIEW_CONNECTIONS);
	table_update(&t, f, 20, false);
	for (conns = 0; conns < t.order.n; conns++)
		assert_false(STATE_BIT(frame_sock(f, t.order.v[conns])->state) & STATES_PORT);
	t.listening = true;
	table_update(&t, f, 20, false);
	assert_int_equal(t.matched, f->rows_n);
	table_done(&t);
	fixture_done(&x);
}

/* A filter changed by the user brings rows in their live place even while the order is held. */
static void test_filter_change(void **state)
{
	struct fixture x;
	struct table t;
	struct filter *flt = NULL;

	(void)state;
	fixture_init(&x);
	fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "0.0.0.0:22", NULL);
	fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "0.0.0.0:80", NULL);
	fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "0.0.0.0:443", NULL);
	table_init(&t, VIEW_PORTS);
	table_update(&t, fixture_apply(&x, 1), 10, false);
	table_goto(&t, 2, 10);
	flt = parsed("lport>50", NULL);
	t.filter = flt;
	table_update(&t, fixture_apply(&x, 1), 10, false);
	assert_string_equal(order(&t), "80 [443]");
	t.filter = NULL;
	table_update(&t, fixture_apply(&x, 1), 10, false);
	assert_string_equal(order(&t), "22 80 [443]");
	assert_int_equal(t.top, 0);
	filter_free(flt);
	table_done(&t);
	fixture_done(&x);
}

static void test_want(void **state)
{
	struct table t;
	struct want w = {0};
	struct filter *f;
	char err[16];

	(void)state;
	table_init(&t, VIEW_PORTS);
	table_want(&t, &w);
	assert_int_equal(w.states, STATES_ALL); /* CONNS counts them */
	assert_true(w.attrs & WANT_OWNERS && w.attrs & WANT_INFO && w.attrs & WANT_MEM);
	assert_int_equal(w.protos, PROTOS_PORTS);
	w = (struct want){0};
	table_set_columns(&t, "port,proto,address", err, sizeof(err));
	table_want(&t, &w);
	assert_int_equal(w.states, STATES_PORT);
	assert_int_equal(w.attrs, 0);
	f = parsed("process=a", NULL);
	t.filter = f;
	table_want(&t, &w);
	assert_int_equal(w.states, STATES_ALL);
	assert_int_equal(w.attrs, WANT_OWNERS);
	filter_free(f);
	table_done(&t);
	table_init(&t, VIEW_CONNECTIONS);
	w = (struct want){0};
	table_want(&t, &w);
	assert_false(w.states & STATE_BIT(STATE_BOUND));
	assert_true(w.states & STATE_BIT(STATE_ESTABLISHED) && w.states & STATE_BIT(STATE_LISTENING));
	table_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_live),          cmocka_unit_test(test_held),
		cmocka_unit_test(test_hold_reasons),  cmocka_unit_test(test_screen_line),
		cmocka_unit_test(test_moves),         cmocka_unit_test(test_tags),
		cmocka_unit_test(test_identity),      cmocka_unit_test(test_sort),
		cmocka_unit_test(test_sort_agrees),   cmocka_unit_test(test_views),
		cmocka_unit_test(test_filter_change), cmocka_unit_test(test_want),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
