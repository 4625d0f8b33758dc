/* What goes on in slices and is changed, given up or overtaken meanwhile comes to the same as at once. */
#include "../heap.h"
#include "table_test.h"
#include <stdio.h>

#define MANY 9000
#define HEIGHT 30

static struct fixture x;
static const struct frame *f, *g; /* one after the other; both live */

static bool always(void *data)
{
	++*(unsigned *)data;
	return true;
}

static unsigned finish(struct table *t)
{
	unsigned asked = 0, turns = 1;

	while (!table_update_step(t, &(struct slice){always, &asked}))
		assert_true(++turns < 100000);
	return turns;
}

static int set_up(void **state)
{
	char local[64], remote[64];

	(void)state;
	fixture_init(&x);
	fixture_many(&x, MANY, 20);
	for (unsigned i = 0; i < 3000; i++) { /* as many peers */
		snprintf(local, sizeof(local), "10.0.0.1:%u", 20000 + i);
		snprintf(remote, sizeof(remote), "192.0.%u.%u:443", i / 250, i % 250);
		fixture_rate(&x, fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, local, remote),
			     i * 7919 % 1000, 1);
	}
	fixture_apply(&x, 1);
	for (unsigned i = 0; i < 5; i++) /* missed in f, gone in g */
		fixture_remove_sock(&x, 100 * i + 7);
	f = fixture_apply(&x, 1);
	for (uint32_t i = 0; i < MANY; i += 2)
		fixture_rate(&x, i + 1, i * 31 % 5000, 5);
	g = fixture_apply(&x, 1);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fixture_done(&x);
	return 0;
}

static void same(const struct table *a, const struct table *b)
{
	assert_int_equal(a->order.n, b->order.n);
	for (size_t i = 0; i < a->order.n; i++)
		if (a->order.v[i] != b->order.v[i])
			fail_msg("line %zu: row %u, not %u", i, a->order.v[i], b->order.v[i]);
	assert_int_equal(a->cursor, b->cursor);
	assert_int_equal(a->top, b->top);
	assert_memory_equal(&a->cursor_id, &b->cursor_id, sizeof(a->cursor_id));
	assert_int_equal(a->held, b->held);
	assert_int_equal(a->order_differs, b->order_differs);
}

/* Both show f and are off the first row. What that wants b has done. */
static void two_off_the_top(struct table *a, struct table *b)
{
	table_init(a, VIEW_CONNECTIONS);
	table_init(b, VIEW_CONNECTIONS);
	table_update(a, f, HEIGHT, false);
	table_update(b, f, HEIGHT, false);
	table_move(a, 9, HEIGHT);
	table_move(b, 9, HEIGHT);
	table_update_step(b, NULL);
}

/* Off the first row, and a frame comes before the rows were noted by name: they keep their order all the same. */
static void test_frame_amid_noting(void **state)
{
	struct table a, b;
	unsigned asked = 0;

	(void)state;
	two_off_the_top(&a, &b);
	table_update(&b, g, HEIGHT, false);
	assert_true(table_updating(&a));
	assert_false(table_update_step(&a, &(struct slice){always, &asked}));
	assert_int_equal(a.idents.n, 0);
	table_update_begin(&a, g, HEIGHT, false);
	assert_true(finish(&a) > 20);
	assert_true(a.held && a.order_differs);
	same(&a, &b);
	table_done(&a);
	table_done(&b);
}

/* A held order outlives frames that were shown elsewhere, and comes to what it would have come to. */
static void test_left_frame(void **state)
{
	struct table a, b;

	(void)state;
	two_off_the_top(&a, &b);
	assert_int_equal(a.idents.n, 0);
	table_leave_frame(&a); /* amid an update */
	assert_false(table_updating(&a));
	assert_false(table_shows(&a, f));
	assert_int_equal(a.idents.n, f->rows_n);
	table_update_begin(&a, g, HEIGHT, false);
	finish(&a);
	table_update(&b, g, HEIGHT, false);
	assert_true(a.held && a.order_differs);
	same(&a, &b);
	assert_null(a.idents.v);
	/* Nothing to be kept: nothing is noted. */
	table_goto(&a, 0, HEIGHT);
	table_update(&a, g, HEIGHT, false);
	table_leave_frame(&a);
	assert_null(a.idents.v);
	table_done(&a);
	table_done(&b);
}

/* What a table needs beside the frames: a number a row, whatever was done with it. */
static void test_room(void **state)
{
	size_t before, room;
	struct filter *flt;
	struct table t;
	char err[64];

	(void)state;
	if (!heap_in_use()) /* another allocator, which does not tell */
		skip();
	flt = parsed("process=client", x.services);
	before = heap_in_use();
	table_init(&t, VIEW_CONNECTIONS);
	for (int what = 0; what < 7; what++) {
		t.follow = what == 1 ? -1 : 0; /* held */
		t.filter = what == 3 ? flt : NULL;
		t.group_by = what == 5 ? GROUP_STATE : GROUP_NONE;
		if (what == 4)
			assert_int_equal(table_set_sort_list(&t, "remote", err, sizeof(err)), 0);
		for (int i = 0; i < 2; i++) {
			table_update(&t, f, HEIGHT, false);
			table_update(&t, g, HEIGHT, false);
			room = heap_in_use() - before;
			if (room > g->rows_n * (what == 5 ? 12 : 8) + 65536)
				fail_msg("%d: %zu bytes for %u rows", what, room, g->rows_n);
		}
		assert_int_equal(t.held, what == 1);
	}
	table_done(&t);
	filter_free(flt);
}

/* Sorted by something else with the cursor far from the top: the same row is under it, whether it is open or gone. */
static void test_sort_away_from_the_top(void **state)
{
	static const char *const sorts[] = {"remote", "-process,lport", "rport,-cookie"};

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(sorts); i++) {
		for (unsigned closed = 0; closed < 2; closed++) {
			uint32_t row = closed ? g->rows_n - 1 : 4711;
			struct table a, b;
			struct ident id;
			char err[64];

			table_init(&a, VIEW_CONNECTIONS);
			table_init(&b, VIEW_CONNECTIONS);
			table_update(&a, g, HEIGHT, false);
			table_update(&b, g, HEIGHT, false);
			assert_int_equal((frame_row(g, row)->marks & MARK_CLOSED) != 0, closed);
			for (uint32_t at = 0; at < a.order.n; at++)
				if (a.order.v[at] == row) {
					table_goto(&a, at, HEIGHT);
					table_goto(&b, at, HEIGHT);
				}
			table_update_step(&b, NULL);
			id = a.cursor_id;
			assert_int_equal(table_row(&a), row);
			assert_int_equal(table_set_sort_list(&a, sorts[i], err, sizeof(err)), 0);
			assert_int_equal(table_set_sort_list(&b, sorts[i], err, sizeof(err)), 0);
			table_update_begin(&a, g, HEIGHT, false);
			assert_int_equal(table_doing(&a), TABLE_SORTS);
			assert_true(finish(&a) > 10);
			assert_int_equal(table_doing(&a), TABLE_NOTHING);
			table_update(&b, g, HEIGHT, false);
			assert_int_equal(table_row(&a), row);
			assert_memory_equal(&a.cursor_id, &id, sizeof(id));
			same(&a, &b);
			table_done(&a);
			table_done(&b);
		}
	}
}

/* What is on its way is told: sorting, or which rows; a new frame alone is neither. */
static void test_doing(void **state)
{
	struct filter *flt = parsed("process=client", x.services);
	struct table t;

	(void)state;
	table_init(&t, VIEW_CONNECTIONS);
	table_update_begin(&t, f, HEIGHT, false);
	assert_int_equal(table_doing(&t), TABLE_NOTHING); /* it shows nothing that could be wrong */
	table_update(&t, f, HEIGHT, false);
	table_update_begin(&t, g, HEIGHT, false);
	assert_int_equal(table_doing(&t), TABLE_NOTHING);
	t.filter = flt;
	table_update_begin(&t, g, HEIGHT, false);
	assert_int_equal(table_doing(&t), TABLE_FILTERS);
	finish(&t);
	assert_int_equal(table_doing(&t), TABLE_NOTHING);
	t.group_by = GROUP_PEER;
	table_update_begin(&t, g, HEIGHT, false);
	assert_int_equal(table_doing(&t), TABLE_FILTERS);
	finish(&t);
	table_set_sort(&t, t.sort[0].col, !t.sort[0].desc);
	table_update_begin(&t, g, HEIGHT, false);
	assert_int_equal(table_doing(&t), TABLE_SORTS);
	finish(&t);
	assert_int_equal(table_doing(&t), TABLE_NOTHING);
	table_done(&t);
	filter_free(flt);
}

/* As many heads as take several pieces, folded and open, live and held. */
static void test_many_groups(void **state)
{
	static const enum group_by ways[] = {GROUP_PEER, GROUP_PROCESS, GROUP_PORT};

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(ways); i++) {
		for (unsigned open = 0; open < 2; open++) {
			for (unsigned held = 0; held < 2; held++) {
				struct table a, b;

				table_init(&a, VIEW_CONNECTIONS);
				table_init(&b, VIEW_CONNECTIONS);
				a.group_by = b.group_by = ways[i];
				a.open_all = b.open_all = open;
				a.follow = b.follow = held ? -1 : 0;
				table_update(&a, f, HEIGHT, false);
				table_update(&b, f, HEIGHT, false);
				table_update_begin(&a, g, HEIGHT, false);
				assert_true(finish(&a) > 10);
				table_update(&b, g, HEIGHT, false);
				assert_true(ways[i] != GROUP_PEER || a.groups.n > 3000);
				same(&a, &b);
				for (size_t k = 0; k < a.order.n; k++)
					assert_int_equal(a.heads.v[k], b.heads.v[k]);
				table_done(&a);
				table_done(&b);
			}
		}
	}
}

/* While rows are gathered otherwise, or not at all any more, the heads on the screen are those that were. */
static void test_heads_meanwhile(void **state)
{
	static const enum group_by next[] = {GROUP_NONE, GROUP_USER};
	struct str was = {0}, is = {0};
	unsigned asked = 0;
	struct table t;
	struct ctx c;

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(next); i++) {
		table_init(&t, VIEW_CONNECTIONS);
		t.group_by = GROUP_PEER;
		table_update(&t, f, HEIGHT, false);
		c = table_ctx(&t);
		str_clear(&was);
		table_head_text(&t, &c, table_head(&t, 0), &was);
		assert_non_null(strstr(str_text(&was), "."));
		t.group_by = next[i];
		table_update_begin(&t, f, HEIGHT, false);
		while (!table_update_step(&t, &(struct slice){always, &asked})) {
			str_clear(&is);
			table_head_text(&t, &c, table_head(&t, 0), &is);
			assert_string_equal(str_text(&is), str_text(&was));
		}
		assert_true(asked > 5);
		assert_int_equal(t.gathered, next[i]);
		table_done(&t);
	}
	str_done(&was);
	str_done(&is);
}

/* A tag of a row that has gone goes, and with the last one the order is live again; one set meanwhile stays. */
static void test_tags(void **state)
{
	struct table t;
	struct ident gone = ident_of(ROWS_SOCK, f, 5), other;
	unsigned asked = 0;

	(void)state;
	table_init(&t, VIEW_CONNECTIONS);
	table_update(&t, f, HEIGHT, false);
	gone.b += UINT64_C(1) << 40; /* of no row */
	table_tag(&t, gone);
	assert_int_equal(t.tags.n, 1);
	table_update_begin(&t, g, HEIGHT, false);
	assert_true(finish(&t) > 10);
	assert_int_equal(t.tags.n, 0);
	assert_false(t.held);

	table_tag(&t, gone);
	table_update_begin(&t, g, HEIGHT, false);
	assert_false(table_update_step(&t, &(struct slice){always, &asked}));
	other = table_ident(&t, 0);
	table_tag(&t, other);
	finish(&t);
	assert_int_equal(t.tags.n, 1);
	assert_true(table_tagged(&t, other));
	assert_true(t.held);
	table_done(&t);
}

/* Nobody asks rows of a frame that may be gone for anything; the cursor's row is found again. */
static void test_lost_frame(void **state)
{
	struct table a, b;
	struct ident id;

	(void)state;
	table_init(&a, VIEW_CONNECTIONS);
	table_init(&b, VIEW_CONNECTIONS);
	table_update(&a, f, HEIGHT, false);
	table_move(&a, 20, HEIGHT);
	id = a.cursor_id;
	table_lose_frame(&a);
	assert_false(table_shows(&a, f));
	table_move(&a, 5, HEIGHT); /* there is nothing to move on */
	assert_memory_equal(&a.cursor_id, &id, sizeof(id));
	assert_int_equal(table_ident(&a, 3).a, 0);
	table_update_begin(&a, g, HEIGHT, false);
	assert_int_equal(table_doing(&a), TABLE_NOTHING);
	finish(&a);
	assert_memory_equal(&a.cursor_id, &id, sizeof(id));
	assert_true(a.cursor > 0 && a.held);
	table_update(&b, g, HEIGHT, false);
	for (size_t i = 0; i < b.order.n; i++) /* its names were not known: the order is live */
		assert_int_equal(a.order.v[i], b.order.v[i]);
	table_done(&a);
	table_done(&b);
}

/* The values of a field and how many rows have each. */
static void test_values(void **state)
{
	static const struct {
		enum view_id view;
		const char *field, *prefix;
	} asked[] = {{VIEW_CONNECTIONS, "raddr", ""}, {VIEW_CONNECTIONS, "process", "c"},
		     {VIEW_PORTS, "process", ""},     {VIEW_PROCESSES, "raddr", "192.0.7."},
		     {VIEW_PROCESSES, "state", ""},   {VIEW_CONNECTIONS, "nothing", ""}};

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(asked); i++) {
		struct filter_values a = {0}, b = {0};
		struct table t;
		unsigned steps = 0, turns = 0;

		table_init(&t, asked[i].view);
		filter_values(&t, g, asked[i].field, asked[i].prefix, 6, &b);
		filter_values_begin(&a, &t, g, asked[i].field, asked[i].prefix, 6);
		while (!filter_values_step(&a, &(struct slice){always, &steps})) {
			assert_int_equal(a.v.n + a.more, 0); /* not half of them */
			turns++;
		}
		assert_int_equal(turns, steps);
		assert_true(turns > 20 || !strcmp(asked[i].field, "nothing"));
		assert_int_equal(a.v.n, b.v.n);
		assert_int_equal(a.more, b.more);
		for (size_t k = 0; k < a.v.n; k++) {
			assert_string_equal(a.v.v[k].text, b.v.v[k].text);
			assert_int_equal(a.v.v[k].rows, b.v.v[k].rows);
		}
		/* Given up, it is as if it had not been asked for. */
		filter_values_begin(&a, &t, g, asked[i].field, asked[i].prefix, 6);
		filter_values_step(&a, &(struct slice){always, &steps});
		filter_values_forget(&a);
		assert_true(filter_values_step(&a, NULL));
		assert_int_equal(a.v.n + a.more, 0);
		filter_values_done(&a);
		filter_values_done(&b);
		table_done(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frame_amid_noting),
		cmocka_unit_test(test_left_frame),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_sort_away_from_the_top),
		cmocka_unit_test(test_doing),
		cmocka_unit_test(test_many_groups),
		cmocka_unit_test(test_heads_meanwhile),
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_lost_frame),
		cmocka_unit_test(test_values),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
