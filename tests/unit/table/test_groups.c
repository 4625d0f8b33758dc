/* Rows gathered under heads: what a head is called and shows, how it folds, where it stands, and that all of it stays
 * from frame to frame. */
#include "table_test.h"
#include <stdio.h>

static char shown[65536], once[65536];
/* The lines: heads by their text, nested rows indented, the cursor's in brackets. */
static const char *lines(const struct table *t)
{
	struct ctx c = table_ctx(t);
	struct str s = {0};
	uint8_t style;
	size_t i;

	for (i = 0; i < t->order.n; i++) {
		if (i)
			str_puts(&s, " | ");
		if (i == t->cursor)
			str_putc(&s, '[');
		if (table_nested(t, i))
			str_putc(&s, '-');
		if (table_head(t, i)) {
			table_head_text(t, &c, table_head(t, i), &s);
		} else if (t->rows_kind == ROWS_PROC) {
			column_cell(column_by_key(ROWS_PROC, "process"), &c, t->order.v[i], &s, &style);
			if (t->f->procs.v[t->order.v[i]].p.pid)
				str_putf(&s, " %u", t->f->procs.v[t->order.v[i]].p.pid);
		} else if (t->rows_kind == ROWS_PORT) {
			str_put_u64(&s, t->f->ports.v[t->order.v[i]].port);
		} else {
			str_put_u64(&s, frame_sock(t->f, t->order.v[i])->rport);
		}
		if (i == t->cursor)
			str_putc(&s, ']');
	}
	snprintf(shown, sizeof(shown), "%s", str_text(&s));
	str_done(&s);
	return shown;
}

static void cell_is(const struct table *t, size_t line, const char *key, unsigned width, const char *expected)
{
	struct ctx c = table_ctx(t);
	struct str s = {0};
	uint8_t style = 0;

	table_cell(t, &c, line, column_by_key(t->rows_kind, key), width, &s, &style);
	if (strcmp(str_text(&s), expected) != 0)
		fail_msg("line %zu, %s: \"%s\", not \"%s\"", line, key, str_text(&s), expected);
	str_done(&s);
}

static size_t line_of(const struct table *t, const char *text)
{
	struct ctx c = table_ctx(t);
	struct str s = {0};
	bool found;
	size_t i;

	for (i = 0; i < t->order.n; i++) {
		if (!table_head(t, i))
			continue;
		str_clear(&s);
		table_head_text(t, &c, table_head(t, i), &s);
		found = strstr(str_text(&s), text) != NULL;
		if (found)
			break;
	}
	str_done(&s);
	if (i == t->order.n)
		fail_msg("no head \"%s\" in %s", text, lines(t));
	return i;
}

static void test_forks(void **state)
{
	struct fixture x;
	struct table t;
	struct picks picks = {0};
	const struct frame *f;
	struct ident nginx;
	size_t at;
	uint32_t i, pid;

	(void)state;
	fixture_init(&x);
	fixture_web1(&x, false);
	f = fixture_apply(&x, 1);
	table_init(&t, VIEW_PROCESSES);
	assert_true(group_applies(GROUP_FORKS, t.rows_kind) && !group_applies(GROUP_FORKS, ROWS_SOCK));
	t.group_by = GROUP_FORKS;
	table_update(&t, f, 20, false);
	at = line_of(&t, "nginx");
	assert_int_equal(at, 0);
	nginx = table_ident(&t, at);
	assert_int_equal(table_head(&t, at)->n, 5);
	assert_true(table_head(&t, line_of(&t, "postgres"))->n == 44);
	assert_int_equal(strncmp(lines(&t), "[▸ nginx ×5] | ▸ postgres ×44 | ", 34), 0);
	cell_is(&t, at, "user", 12, "root +1");
	cell_is(&t, at, "pid", 7, ""); /* not the same in all of them */
	cell_is(&t, at, "listens", 30, "80 443 443u");
	cell_is(&t, at, "conns", 6, "921");
	cell_is(&t, at, "close_wait", 8, "0");
	cell_is(&t, at, "unit", 12, "nginx");
	cell_is(&t, at, "age_s", 5, "");
	cell_is(&t, at, "activity", 16, "");
	/* One alone has no head. */
	for (i = 0; i < t.order.n; i++) {
		pid = f->procs.v[t.order.v[i]].p.pid;
		if (pid == 21877)
			assert_null(table_head(&t, i));
	}
	assert_int_equal(t.matched, t.total);
	assert_true(t.order.n < t.total);
	table_picks(&t, at, &picks);
	assert_int_equal(picks.v.n, 5);
	for (i = 0; i < 5; i++)
		assert_in_range(picks.v.v[i].pid, 1044, 1048);
	vec_clear(&picks.v);

	assert_true(table_fold(&t, at, true));
	assert_false(table_fold(&t, at, true));
	table_update(&t, f, 20, false);
	for (i = 1; i <= 5; i++) {
		assert_true(table_nested(&t, i));
		assert_null(table_head(&t, i));
		assert_in_range(f->procs.v[t.order.v[i]].p.pid, 1044, 1048);
	}
	assert_false(table_nested(&t, 6));
	for (i = 2; i <= 5; i++) /* sorted as the groups are: by rate */
		assert_true(f->tally.procs.v[t.order.v[i - 1]].rate_mean >=
			    f->tally.procs.v[t.order.v[i]].rate_mean);
	table_picks(&t, 2, &picks);
	assert_int_equal(picks.v.n, 1);
	/* In the next frame it is still open, and it is still that group. */
	table_update(&t, fixture_apply(&x, 1), 20, false);
	assert_true(table_head(&t, 0)->open);
	assert_true(table_ident(&t, 0).a == nginx.a && table_ident(&t, 0).b == nginx.b);
	/* Folding on a row below moves the cursor to the head. */
	table_goto(&t, 3, 20);
	assert_true(table_fold(&t, 3, false));
	assert_int_equal(t.cursor, 0);
	table_update(&t, t.f, 20, false);
	assert_false(table_nested(&t, 1));
	assert_int_equal(t.cursor, 0);

	table_fold_all(&t);
	table_update(&t, t.f, 20, false);
	for (i = 0; i < t.groups.n; i++)
		assert_true(t.groups.v[i].open || t.groups.v[i].n == 1);
	table_goto(&t, 2, 20);
	table_fold_all(&t);
	assert_int_equal(t.cursor, 0);
	table_update(&t, t.f, 20, false);
	for (i = 0; i < t.order.n; i++)
		assert_false(table_nested(&t, i));
	vec_done(&picks.v);
	table_done(&t);
	fixture_done(&x);
}

static uint32_t conn(struct fixture *x, const char *local, const char *remote, uint32_t pid, double rate)
{
	uint32_t s = fixture_sock(x, PROTO_TCP, STATE_ESTABLISHED, local, remote);

	if (pid)
		fixture_fd(x, s, pid, (int32_t)(10 + s));
	fixture_rate(x, s, rate, 0);
	return s;
}

static void small_host(struct fixture *x)
{
	fixture_init(x);
	fixture_proc(x, 10, 1, 0, "web", "/system.slice/web.service");
	fixture_proc(x, 11, 10, 33, "web", "/system.slice/web.service");
	fixture_proc(x, 20, 1, 1000, "db", "/system.slice/db.service");
	fixture_fd(x, fixture_sock(x, PROTO_TCP, STATE_LISTENING, "0.0.0.0:80", NULL), 10, 3);
	conn(x, "10.0.0.5:80", "192.0.2.1:1001", 10, 100);
	conn(x, "10.0.0.5:80", "192.0.2.1:1002", 11, 200);
	conn(x, "10.0.0.5:80", "192.0.2.2:1003", 11, 5000);
	conn(x, "10.0.0.5:40000", "192.0.2.3:5432", 20, 1000);
	conn(x, "10.0.0.5:40001", "192.0.2.3:5432", 20, 700);
	fixture_sock(x, PROTO_TCP, STATE_TIME_WAIT, "10.0.0.5:80", "192.0.2.9:1009");
	fixture_apply(x, 1);
}

static void grouped_is(struct table *t, const struct frame *f, enum group_by by, const char *expected)
{
	t->group_by = by;
	table_update(t, f, 20, false);
	if (strcmp(lines(t), expected) != 0)
		fail_msg("by %s: %s\nnot: %s", group_table[by].key, shown, expected);
}

static void test_ways(void **state)
{
	struct fixture x;
	struct table t;
	const struct frame *f;

	(void)state;
	small_host(&x);
	fixture_user(&x, 33, "www");
	f = fixture_apply(&x, 1);
	table_init(&t, VIEW_CONNECTIONS);
	grouped_is(&t, f, GROUP_NONE, "[1003] | 5432 | 5432 | 1002 | 1001 | 1009");
	/* By the sum of the rates. */
	grouped_is(&t, f, GROUP_PEER, "[▸ 192.0.2.2 ×1] | ▸ 192.0.2.3 ×2 | ▸ 192.0.2.1 ×2 | ▸ 192.0.2.9 ×1");
	cell_is(&t, 1, "rx_rate", 5, "1.7k");
	cell_is(&t, 1, "process", 18, "db");
	cell_is(&t, 1, "state", 8, "estab");
	cell_is(&t, 1, "state", 11, "established");
	cell_is(&t, 1, "remote", 45, "192.0.2.3:5432");
	cell_is(&t, 2, "remote", 45, "");
	cell_is(&t, 1, "pid", 7, "20");
	cell_is(&t, 2, "pid", 7, "");
	cell_is(&t, 2, "user", 7, "… +1");
	grouped_is(&t, f, GROUP_PORT, "[▸ 80/tcp ×4] | ▸ 5432/tcp → ×2");
	grouped_is(&t, f, GROUP_STATE, "[▸ established ×5] | ▸ time-wait ×1");
	grouped_is(&t, f, GROUP_PROCESS, "[▸ web 11 ×2] | ▸ db 20 ×2 | ▸ web 10 ×1 | ▸ ‹time-wait› ×1");
	grouped_is(&t, f, GROUP_UNIT, "[▸ web ×3] | ▸ db ×2 | ▸ no unit ×1");
	grouped_is(&t, f, GROUP_USER, "[▸ www ×2] | ▸ … ×2 | ▸ … ×1 | ▸ no user ×1");
	grouped_is(&t, f, GROUP_NETNS, "[▸ host ×6]");
	/* Late names are no other groups. */
	fixture_user(&x, 1000, "deploy");
	fixture_user(&x, 0, "root");
	f = fixture_apply(&x, 1);
	table_goto(&t, 0, 20);
	grouped_is(&t, f, GROUP_USER, "[▸ www ×2] | ▸ deploy ×2 | ▸ root ×1 | ▸ no user ×1");
	table_set_sort(&t, column_by_key(ROWS_SOCK, "process"), true);
	grouped_is(&t, f, GROUP_PEER, "[▸ 192.0.2.2 ×1] | ▸ 192.0.2.1 ×2 | ▸ 192.0.2.3 ×2 | ▸ 192.0.2.9 ×1");
	table_done(&t);

	table_init(&t, VIEW_PORTS);
	t.all = true;
	grouped_is(&t, f, GROUP_UNIT, "[▸ web 80/tcp] | ▸ db ×2");
	cell_is(&t, 0, "port", 5, "80");
	cell_is(&t, 1, "port", 5, "");
	cell_is(&t, 1, "conns", 5, "2");
	assert_false(group_applies(GROUP_PEER, ROWS_PORT));
	table_done(&t);
	fixture_done(&x);
}

static void agrees_in(const struct table *t, size_t line, const char *keys)
{
	static const char *const all[] = {"process", "pid",   "user",  "unit", "state",
					  "proto",   "raddr", "rport", "lport"};
	struct ctx c = table_ctx(t);
	struct str s = {0};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (column_by_key(t->rows_kind, all[i]) &&
		    table_agrees(t, &c, line, column_by_key(t->rows_kind, all[i])))
			str_putf(&s, "%s%s", s.n ? " " : "", all[i]);
	if (strcmp(str_text(&s), keys) != 0)
		fail_msg("%s\nnot: %s", str_text(&s), keys);
	str_done(&s);
}

/* What can be said of all rows of a group: looked up in a small one, of a large one what brought it together. */
static void test_agrees(void **state)
{
	struct fixture x;
	struct table t;
	const struct frame *f;

	(void)state;
	small_host(&x);
	fixture_user(&x, 33, "www");
	fixture_user(&x, 0, "root");
	f = fixture_apply(&x, 1);
	table_init(&t, VIEW_CONNECTIONS);
	grouped_is(&t, f, GROUP_PEER, "[▸ 192.0.2.2 ×1] | ▸ 192.0.2.3 ×2 | ▸ 192.0.2.1 ×2 | ▸ 192.0.2.9 ×1");
	agrees_in(&t, 0, "process pid user unit state proto raddr rport lport");
	agrees_in(&t, 1, "process pid user unit state proto raddr rport");
	agrees_in(&t, 2, "process unit state proto raddr lport");
	fixture_many(&x, 600, 2);
	f = fixture_apply(&x, 1);
	t.group_by = GROUP_STATE;
	table_update(&t, f, 20, false);
	agrees_in(&t, line_of(&t, "established"), "state");
	t.group_by = GROUP_PORT;
	table_update(&t, f, 20, false);
	agrees_in(&t, line_of(&t, "9000/tcp"), "lport");
	agrees_in(&t, line_of(&t, "9000/tcp →"), "rport");
	table_done(&t);
	fixture_done(&x);
}

/* In little room: how many more there are is not cut off, and a count is rounded, not cut. */
static void test_narrow_heads(void **state)
{
	struct str s = {0};
	struct fixture x;
	struct table t;
	const struct frame *f;
	struct ctx c;
	uint8_t style;

	(void)state;
	fixture_init(&x);
	fixture_user(&x, 33, "www-data");
	fixture_user(&x, 0, "root");
	fixture_many(&x, 12000, 1);
	for (uint32_t i = 0; i < 3; i++) {
		static const char *const at[] = {"127.0.0.1:900", "127.0.0.1:80", "127.0.0.1:443"};

		fixture_proc(&x, 10 + i, 1, i ? 33 : 0, "web", "");
		fixture_fd(&x, fixture_sock(&x, PROTO_TCP, STATE_LISTENING, at[i], NULL), 10 + i, 3);
		if (!i)
			fixture_fd(&x, fixture_sock(&x, PROTO_UDP, STATE_UNCONN, at[2], NULL), 10, 4);
		else
			fixture_fd(&x, fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "127.0.0.1:81", NULL),
				   10 + i, 5);
	}
	f = fixture_apply(&x, 1);
	table_init(&t, VIEW_PROCESSES);
	t.group_by = GROUP_FORKS;
	table_update(&t, f, 20, false);
	c = table_ctx(&t);
	cell_is(&t, line_of(&t, "web"), "listens", 30, "80 81 443 443u 900");
	cell_is(&t, line_of(&t, "web"), "listens", 12, "80 81 443 4…");
	cell_is(&t, line_of(&t, "web"), "user", 12, "root +1");
	cell_is(&t, line_of(&t, "web"), "user", 6, "ro… +1");
	cell_is(&t, 0, "conns", 6, "12,000");
	cell_is(&t, 0, "conns", 5, "12k");
	t.group_by = GROUP_UNIT;
	table_update(&t, f, 20, false);
	cell_is(&t, line_of(&t, "load"), "conns", 6, "12,000");
	cell_is(&t, line_of(&t, "load"), "conns", 5, "12k");
	c.raw_numbers = true; /* then the column gets the room */
	column_fit(column_by_key(ROWS_PROC, "conns"), &c, 0, 5, &s, &style);
	assert_string_equal(str_text(&s), "12000");
	str_done(&s);
	table_done(&t);
	fixture_done(&x);
}

/* A head's numbers are over the rows that a filter leaves. */
static void test_filtered(void **state)
{
	struct fixture x;
	struct table t;
	struct filter *f;

	(void)state;
	small_host(&x);
	f = parsed("rport<1003", NULL);
	table_init(&t, VIEW_CONNECTIONS);
	t.filter = f;
	grouped_is(&t, fixture_apply(&x, 1), GROUP_PEER, "[▸ 192.0.2.1 ×2]");
	cell_is(&t, 0, "rx_rate", 5, "300");
	assert_int_equal(t.matched, 2);
	t.group_by = GROUP_NONE;
	table_update(&t, t.f, 20, false);
	assert_int_equal(t.heads.n, 0);
	assert_int_equal(t.order.n, 2);
	table_done(&t);
	filter_free(f);
	fixture_done(&x);
}

/* Off row 1 groups and rows stay where they are; what is new comes behind. */
static void test_held(void **state)
{
	struct fixture x;
	struct table t;
	const struct frame *f;
	struct ident peer1;

	(void)state;
	small_host(&x);
	f = fixture_apply(&x, 1);
	table_init(&t, VIEW_CONNECTIONS);
	grouped_is(&t, f, GROUP_PEER, "[▸ 192.0.2.2 ×1] | ▸ 192.0.2.3 ×2 | ▸ 192.0.2.1 ×2 | ▸ 192.0.2.9 ×1");
	table_goto(&t, 2, 20);
	peer1 = t.cursor_id;
	assert_true(table_fold(&t, 2, true));
	table_update(&t, f, 20, false);
	assert_string_equal(lines(&t), "▸ 192.0.2.2 ×1 | ▸ 192.0.2.3 ×2 | [▾ 192.0.2.1 ×2] | -1002 | -1001 | "
				       "▸ 192.0.2.9 ×1");
	fixture_rate(&x, fixture_find(&x, 2), 9e6, 0); /* 1001 is the busiest of all now */
	conn(&x, "10.0.0.5:80", "192.0.2.1:1005", 10, 0);
	conn(&x, "10.0.0.5:80", "192.0.2.7:1006", 10, 0);
	fixture_apply(&x, 1);
	f = fixture_apply(&x, 1);
	table_update(&t, f, 20, false);
	assert_true(t.held);
	assert_string_equal(lines(&t),
			    "▸ 192.0.2.2 ×1 | ▸ 192.0.2.3 ×2 | [▾ 192.0.2.1 ×3] | -1002 | -1001 | -1005 | "
			    "▸ 192.0.2.9 ×1 | ▸ 192.0.2.7 ×1");
	assert_true(t.cursor_id.a == peer1.a && t.cursor_id.b == peer1.b);
	/* Live: the group goes up, and the cursor with it. */
	t.follow = 1;
	table_update(&t, f, 20, false);
	assert_string_equal(lines(&t),
			    "[▾ 192.0.2.1 ×3] | -1001 | -1002 | -1005 | ▸ 192.0.2.2 ×1 | ▸ 192.0.2.3 ×2 | "
			    "▸ 192.0.2.7 ×1 | ▸ 192.0.2.9 ×1");
	/* A head can be tagged, and its tag goes when the group has gone. */
	t.follow = 0;
	table_tag(&t, table_ident(&t, 0));
	table_update(&t, f, 20, false);
	assert_true(table_tagged(&t, peer1));
	t.group_by = GROUP_STATE;
	table_update(&t, f, 20, false);
	table_update(&t, f, 20, false);
	assert_false(table_tagged(&t, peer1));
	table_done(&t);
	fixture_done(&x);
}

static bool always(void *data)
{
	return true;
}

/* In slices, every way, in every view: as at once. */
/* Opening all keeps the cursor on its line of the screen as far as that leaves no blank lines. */
static void test_unfolded_screen(void **state)
{
	struct fixture x;
	struct table t;
	const struct frame *f;

	(void)state;
	small_host(&x);
	f = fixture_apply(&x, 1);
	table_init(&t, VIEW_CONNECTIONS);
	grouped_is(&t, f, GROUP_PEER, "[▸ 192.0.2.2 ×1] | ▸ 192.0.2.3 ×2 | ▸ 192.0.2.1 ×2 | ▸ 192.0.2.9 ×1");
	table_update(&t, f, 8, false);
	table_goto(&t, 3, 8);
	table_fold_all(&t);
	table_update(&t, f, 8, false);
	assert_int_equal(t.order.n, 10);
	assert_string_equal(strstr(lines(&t), "["), "[▾ 192.0.2.9 ×1] | -1009");
	assert_int_equal(t.top, 2);
	table_fold_all(&t);
	table_update(&t, f, 8, false);
	assert_int_equal(t.top, 0);
	assert_int_equal(t.cursor, 3);
	table_done(&t);
	fixture_done(&x);
}

static void test_slices(void **state)
{
	struct fixture x;
	const struct frame *f, *g;
	enum view_id view;
	int by, open;

	(void)state;
	fixture_init(&x);
	fixture_web1(&x, true);
	f = fixture_apply(&x, 1);
	g = fixture_apply(&x, 1);
	for (view = 0; view < VIEW_N; view++) {
		for (by = GROUP_FORKS; by < GROUP_N; by++) {
			for (open = 0; open < 2; open++) {
				struct table a, b;
				uint32_t rows = 0;
				size_t i;

				table_init(&a, view);
				table_init(&b, view);
				if (!group_applies(by, a.rows_kind)) {
					table_done(&a);
					table_done(&b);
					continue;
				}
				a.group_by = b.group_by = (enum group_by)by;
				a.open_all = b.open_all = open;
				table_update(&a, f, 20, false);
				table_update_begin(&a, g, 20, false);
				while (!table_update_step(&a, &(struct slice){always, NULL}))
					;
				table_update(&b, g, 20, false);
				snprintf(once, sizeof(once), "%s", lines(&b));
				assert_string_equal(lines(&a), once);
				for (i = 0; i < a.groups.n; i++)
					rows += a.groups.v[i].n;
				assert_int_equal(rows, a.matched);
				if (open)
					assert_true(a.order.n >= a.matched);
				table_done(&a);
				table_done(&b);
			}
		}
	}
	fixture_done(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forks),           cmocka_unit_test(test_ways),
		cmocka_unit_test(test_filtered),        cmocka_unit_test(test_narrow_heads),
		cmocka_unit_test(test_agrees),          cmocka_unit_test(test_held),
		cmocka_unit_test(test_unfolded_screen), cmocka_unit_test(test_slices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
