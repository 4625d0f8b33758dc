/* Which columns fit: never wider than the table, the ones that matter always there, as wide as they can use. */
#include "table_test.h"

static unsigned used(const struct table *t)
{
	unsigned n = 0;
	size_t i;

	for (i = 0; i < t->cols.n; i++)
		if (t->cols.v[i].width)
			n += t->cols.v[i].width + (n ? 1u : 0u);
	return n;
}

static unsigned width_of(const struct table *t, const char *key)
{
	size_t i;

	for (i = 0; i < t->cols.n; i++)
		if (!strcmp(t->cols.v[i].col->key, key))
			return t->cols.v[i].width;
	return 0;
}

static void test_widths(void **state)
{
	enum view_id view;
	unsigned w, last_hidden, hidden;
	struct table t;
	size_t i;

	(void)state;
	for (view = 0; view < VIEW_N; view++) {
		table_init(&t, view);
		last_hidden = 1000;
		for (w = 20; w <= 200; w++) {
			hidden = table_layout(&t, w, true);
			assert_true(used(&t) <= w);
			assert_true(hidden <= last_hidden);
			last_hidden = hidden;
			for (i = 0; i < t.cols.n; i++) {
				assert_true(t.cols.v[i].width <= t.cols.v[i].col->max);
				if (t.cols.v[i].col->flags & COL_ALWAYS)
					assert_true(t.cols.v[i].width > 0);
				else if (t.cols.v[i].width && t.cols.v[i].col != t.sort[0].col)
					assert_true(t.cols.v[i].col->from <= w + 2);
				if (t.cols.v[i].width && w >= 40)
					assert_true(t.cols.v[i].width >= t.cols.v[i].col->min);
			}
		}
		assert_int_equal(last_hidden, 0);
		for (w = 0; w < 20; w++) {
			table_layout(&t, w, false);
			assert_true(used(&t) <= w);
		}
		table_done(&t);
	}
}

/* A column comes in exactly at its own width: the sums in the tables are right. */
static void test_thresholds(void **state)
{
	enum view_id view;
	struct table t;
	size_t i;

	(void)state;
	for (view = 0; view < VIEW_N; view++) {
		if (view == VIEW_SOCKETS) /* sorted by PROTO, which is there before its time */
			continue;
		table_init(&t, view);
		for (i = 0; i < t.cols.n; i++) {
			const struct column *col = t.cols.v[i].col;

			assert_true(col->from > 0);
			if (col->flags & COL_ALWAYS)
				continue;
			table_layout(&t, col->from - 2u, true);
			if (!t.cols.v[i].width)
				fail_msg("%s %s is not there at %u", view_table[view].key, col->key,
					 col->from);
			table_layout(&t, col->from - 3u, true);
			if (t.cols.v[i].width && t.sort[0].col != col)
				fail_msg("%s %s is there at %u", view_table[view].key, col->key,
					 col->from - 1);
		}
		table_done(&t);
	}
}

static void test_ports_80(void **state)
{
	struct table t;
	struct str s = {0};
	size_t i;

	(void)state;
	table_init(&t, VIEW_PORTS);
	assert_int_equal(table_layout(&t, 78, false), 8);
	for (i = 0; i < t.cols.n; i++)
		if (t.cols.v[i].width)
			str_putf(&s, "%s %u, ", t.cols.v[i].col->title, t.cols.v[i].width);
	assert_str(&s, "PORT 5, PROTO 5, ADDRESS 13, PROCESS 15, PID 7, UNIT 12, CONNS 5, QUEUE 9, ");
	/* Three spare cells beside the detail pane: the first that grows has them. */
	table_layout(&t, 81, false);
	assert_int_equal(width_of(&t, "unit"), 15);
	assert_int_equal(width_of(&t, "address"), 13);
	table_done(&t);
	str_done(&s);
}

static void test_sort_column_stays(void **state)
{
	struct table t;

	(void)state;
	table_init(&t, VIEW_PORTS);
	table_layout(&t, 38, false);
	assert_int_equal(width_of(&t, "queue"), 0);
	assert_int_equal(width_of(&t, "pid"), 7);
	table_set_sort(&t, column_by_key(ROWS_PORT, "queue"), true);
	table_layout(&t, 38, false);
	assert_int_equal(width_of(&t, "queue"), 9);
	assert_int_equal(width_of(&t, "pid"), 0); /* the latest to come in made room */
	table_done(&t);
}

static void test_netns(void **state)
{
	struct table t;
	char err[32] = "";

	(void)state;
	table_init(&t, VIEW_PORTS);
	table_layout(&t, 198, false);
	assert_int_equal(width_of(&t, "netns"), 0);
	table_layout(&t, 198, true);
	assert_true(width_of(&t, "netns") >= 8);
	assert_int_equal(table_set_columns(&t, "+netns", err, sizeof(err)), 0);
	table_layout(&t, 60, false);
	assert_true(width_of(&t, "netns") >= 8);
	table_done(&t);
}

static void test_choose(void **state)
{
	struct table t;
	char err[32] = "";
	size_t n;

	(void)state;
	table_init(&t, VIEW_PORTS);
	n = t.cols.n;
	assert_int_equal(table_set_columns(&t, "port,nosuch,pid", err, sizeof(err)), -22);
	assert_string_equal(err, "nosuch");
	assert_int_equal(t.cols.n, n);
	assert_int_equal(table_set_columns(&t, "+inode,-pid", err, sizeof(err)), -22); /* of sockets */
	assert_int_equal(table_set_columns(&t, "+class,-pid", err, sizeof(err)), 0);
	assert_int_equal(t.cols.n, n + 1);
	table_layout(&t, 78, false);
	assert_int_equal(width_of(&t, "pid"), 0);
	assert_true(width_of(&t, "class") >= 10);
	assert_int_equal(table_set_columns(&t, "pid, PROCESS,RX/s", err, sizeof(err)), 0);
	assert_int_equal(t.cols.n, 3);
	assert_int_equal(table_layout(&t, 78, false), 0);
	assert_true(width_of(&t, "pid") && width_of(&t, "process") && width_of(&t, "rx_rate"));
	table_hide_live(&t); /* asked for by name: it stays */
	table_layout(&t, 78, false);
	assert_true(width_of(&t, "rx_rate"));
	table_done(&t);

	table_init(&t, VIEW_PORTS);
	table_hide_live(&t);
	table_layout(&t, 198, false);
	assert_false(width_of(&t, "rx_rate") || width_of(&t, "activity") || width_of(&t, "age_s"));
	assert_true(width_of(&t, "drops"));
	table_done(&t);
}

static void test_tables(void **state)
{
	enum row_kind kind;
	const struct column *c;
	size_t n, i, k;

	(void)state;
	for (kind = 0; kind < ROWS_N; kind++) {
		c = columns_of(kind, &n);
		for (i = 0; i < n; i++) {
			assert_non_null(c[i].key);
			assert_true(c[i].help && *c[i].help && c[i].help[strlen(c[i].help) - 1] != '.');
			assert_true(c[i].min && c[i].min <= c[i].max);
			assert_true(c[i].get || c[i].cell);
			assert_true((c[i].kind != KIND_LIST && c[i].kind != KIND_OBJECT) || c[i].json);
			assert_true(c[i].get || c[i].json || (c[i].flags & COL_DISPLAY));
			for (k = 0; k < i; k++)
				assert_string_not_equal(c[i].key, c[k].key);
			assert_ptr_equal(column_by_key(kind, c[i].key), &c[i]);
		}
	}
	assert_null(column_by_key(ROWS_PORT, "nosuch"));
	assert_null(column_by_key(ROWS_SOCK, ""));
	assert_ptr_equal(column_by_key(ROWS_SOCK, "recv-q"), column_by_key(ROWS_SOCK, "recvq"));
	assert_int_equal(view_by_key("Sockets"), VIEW_SOCKETS);
	assert_int_equal(view_by_key("peers"), -1);
	for (i = 0; i < VIEW_N; i++) {
		for (k = 0; view_table[i].columns[k]; k++)
			assert_non_null(column_by_key(view_table[i].rows, view_table[i].columns[k]));
		for (k = 0; view_table[i].sort[k]; k++)
			assert_non_null(column_by_key(
				view_table[i].rows, view_table[i].sort[k] + (*view_table[i].sort[k] == '-')));
	}
}

static const struct table_column *col_of(const struct table *t, const char *key)
{
	size_t i;

	for (i = 0; i < t->cols.n; i++)
		if (!strcmp(t->cols.v[i].col->key, key))
			return &t->cols.v[i];
	fail_msg("no column %s", key);
	return NULL;
}

/* Nothing cut: numbers and the remote end take what they need, and others go for it. */
static void test_need(void **state)
{
	static const struct {
		const char *key;
		uint16_t need;
	} needs[] = {{"rx_rate", 9}, {"tx_rate", 8}, {"remote", 47}, {"local", 30}};
	struct table t;
	size_t i, k;

	(void)state;
	table_init(&t, VIEW_CONNECTIONS);
	table_layout(&t, 78, false);
	assert_int_equal(col_of(&t, "rx_rate")->width, 5);
	for (i = 0; i < t.cols.n; i++)
		for (k = 0; k < ARRAY_LEN(needs); k++)
			if (!strcmp(t.cols.v[i].col->key, needs[k].key))
				t.cols.v[i].need = needs[k].need;
	table_layout(&t, 118, false);
	assert_int_equal(col_of(&t, "rx_rate")->width, 9);
	assert_int_equal(col_of(&t, "tx_rate")->width, 8);
	assert_int_equal(col_of(&t, "remote")->width, 47);
	assert_true(col_of(&t, "local")->width >= 6 && col_of(&t, "local")->width <= 30);
	table_layout(&t, 300, false);
	assert_int_equal(col_of(&t, "local")->width, 30);
	table_layout(&t, 78, false); /* the port is still there when the rest does not fit */
	assert_int_equal(col_of(&t, "remote")->width, 47);
	assert_true(col_of(&t, "process")->width > 0);
	table_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_widths),   cmocka_unit_test(test_thresholds),
		cmocka_unit_test(test_ports_80), cmocka_unit_test(test_sort_column_stays),
		cmocka_unit_test(test_netns),    cmocka_unit_test(test_choose),
		cmocka_unit_test(test_tables),   cmocka_unit_test(test_need),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
