/* Terms on numbers that rows have themselves: which rows they pick, and what becomes of terms on sockets beside them. */
#include "table_test.h"
#include <math.h>
#include <stdio.h>

static struct fixture host;
static const struct frame *frame;

static int set_up(void **state)
{
	(void)state;
	fixture_init(&host);
	fixture_web1(&host, false);
	frame = fixture_apply(&host, 1);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fixture_done(&host);
	return 0;
}

static uint32_t count(const char *text)
{
	return picked_by(text, &host, frame);
}

static uint32_t rows(const char *text, enum view_id view)
{
	struct filter *f = parsed(text, host.services);
	struct table t;
	uint32_t n;

	table_init(&t, view);
	t.filter = f;
	table_update(&t, frame, 20, false);
	n = t.matched;
	table_done(&t);
	filter_free(f);
	return n;
}

/* Terms on a row's own numbers pick rows; beside them the counts are over the picked sockets. */
static void test_row_terms(void **state)
{
	struct filter *f = parsed("conns>100", host.services);

	(void)state;
	assert_true(filter_has_row_terms(f));
	filter_free(f);
	assert_false(filter_has_row_terms(NULL));
	assert_int_equal(count("conns>100"), frame->rows_n); /* every socket is picked */
	assert_int_equal(rows("conns>100", VIEW_PORTS), 2);
	assert_int_equal(rows("conns>500", VIEW_PORTS), 1);
	assert_int_equal(rows("conns>500 state=close-wait", VIEW_PORTS), 0);
	assert_int_equal(rows("close_wait>=7", VIEW_PROCESSES), 1);
	assert_int_equal(rows("close_wait>=7 state!=close-wait", VIEW_PROCESSES), 0);
	assert_int_equal(rows("fds>1000", VIEW_PROCESSES), 1);
	/* or across both kinds is judged on rows */
	assert_int_equal(rows("conns>500 or process=sshd", VIEW_PORTS), 2);
	assert_int_equal(rows("conns>500 or (process=sshd not listening)", VIEW_PORTS), 2);
	assert_int_equal(rows("not (conns>500 or process=sshd)", VIEW_PORTS), frame->ports.n ? 20 : 0);
	assert_int_equal(rows("tcp (conns>500 or process=node)", VIEW_PORTS), 3);
	assert_int_equal(rows("close_wait>5 or process=sshd", VIEW_PROCESSES),
			 1 + rows("process=sshd", VIEW_PROCESSES));
	/* A connection has no such number. */
	assert_int_equal(rows("conns>0", VIEW_CONNECTIONS), 0);
	assert_int_equal(rows("conns>0 or process=node", VIEW_CONNECTIONS),
			 rows("process=node", VIEW_CONNECTIONS));
}

static double number(const struct column *col, const struct value *v)
{
	return col->kind == KIND_DURATION || col->kind == KIND_RATE ? v->d : (double)v->i;
}

/* How many rows show at least this number, and the half of the greatest. */
static uint32_t reach(const struct table *t, const struct column *col, double limit, double *ret_half)
{
	struct ctx c = table_ctx(t);
	double most = NAN;
	uint32_t n = 0;
	struct value x;
	size_t k;

	for (k = 0; k < t->order.n; k++) {
		col->get(&c, t->order.v[k], &x);
		if (x.null)
			continue;
		n += number(col, &x) >= limit;
		most = isnan(most) || number(col, &x) > most ? number(col, &x) : most;
	}
	*ret_half = most / 2;
	return n;
}

/* Every number that rows of a view have themselves picks rows there: those that show it. Beside another term it is the
 * recounted one. What acts on sockets asks the sockets that have such a number. */
static void test_own_numbers(void **state)
{
	static const enum view_id views[] = {VIEW_PORTS, VIEW_PROCESSES};
	static const char *const beside[] = {"", "process=nginx", "state=close-wait"};
	unsigned fields = 0, some = 0;
	size_t v, i, n;

	(void)state;
	for (v = 0; v < ARRAY_LEN(views) * ARRAY_LEN(beside); v++) {
		const struct column *cols = columns_of((enum row_kind)view_table[views[v / 3]].rows, &n);
		struct filter *f = parsed(beside[v % 3], host.services);
		struct table t;

		table_init(&t, views[v / 3]);
		t.filter = f;
		t.group_by = GROUP_NONE;
		table_update(&t, frame, 20, false);
		for (i = 0; i < n; i++) {
			double half, other;
			char text[128];
			uint32_t expected;

			if (!(cols[i].flags & COL_ROW) || (cols[i].flags & COL_DISPLAY) || !cols[i].get)
				continue;
			fields++;
			reach(&t, &cols[i], 0, &half);
			if (isnan(half))
				continue;
			expected = reach(&t, &cols[i], half, &other);
			snprintf(text, sizeof(text), "%s %s>=%.17g", beside[v % 3], cols[i].key, half);
			if (rows(text, views[v / 3]) != expected)
				fail_msg("%s: %s: %u, not %u", view_table[views[v / 3]].key, text,
					 rows(text, views[v / 3]), expected);
			some += expected > 0 && expected < t.matched;
		}
		table_done(&t);
		filter_free(f);
	}
	print_message("%u fields, %u of them told rows apart\n", fields, some);
	assert_int_equal(fields, 3 * (10 + 8));
	assert_true(some > 20);
	assert_int_equal(rows("rx_rate>1k", VIEW_CONNECTIONS), count("rx_rate>1k"));
	assert_true(count("rx_rate>1k") > 0);
	assert_true(count("rx_rate>1k") < count("rx_rate>=0"));
	assert_int_equal(count("rx_rate>1G"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_row_terms),
					   cmocka_unit_test(test_own_numbers)};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
