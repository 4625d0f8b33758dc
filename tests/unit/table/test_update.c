/* A table filled in slices: until it is full it shows what it showed, then what it would show at once; the user may
 * move, filter and sort meanwhile. And the order that is held, against a plain model of it. */
#include "table_test.h"
#include <stdio.h>

static uint64_t seed;
static uint32_t rnd(uint32_t below)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(seed >> 33) % below;
}

static bool always(void *data)
{
	++*(unsigned *)data;
	return true;
}

static void same_lines(const struct table *a, const struct table *b, size_t n)
{
	size_t i;

	assert_int_equal(a->order.n, b->order.n);
	for (i = 0; i < n && i < a->order.n; i++)
		if (a->order.v[i] != b->order.v[i])
			fail_msg("line %zu: row %u, not %u", i, a->order.v[i], b->order.v[i]);
	assert_int_equal(a->matched, b->matched);
	assert_int_equal(a->total, b->total);
}

static void test_slices(void **state)
{
	static const char *const filters[] = {"", "client", "process=server rport>40000",
					      "conns>3 or process=client"};
	static const enum view_id views[] = {VIEW_CONNECTIONS, VIEW_PORTS, VIEW_PROCESSES};
	struct fixture x;
	const struct frame *f, *g;
	unsigned turns, i, v;

	(void)state;
	fixture_init(&x);
	fixture_many(&x, 9000, 20);
	fixture_apply(&x, 1);
	f = fixture_apply(&x, 1);
	for (i = 0; i < 9000; i += 3)
		fixture_rate(&x, i + 1, 1000 + i, 5);
	g = fixture_apply(&x, 1);
	for (v = 0; v < ARRAY_LEN(views); v++) {
		for (i = 0; i < ARRAY_LEN(filters); i++) {
			struct filter *flt = parsed(filters[i], x.services);
			struct table a, b;
			unsigned steps = 0;

			table_init(&a, views[v]);
			table_init(&b, views[v]);
			a.all = b.all = true;
			a.filter = b.filter = flt;
			table_update(&a, f, 30, false);
			table_update(&b, g, 30, false);
			table_update_begin(&a, g, 30, false);
			assert_true(table_updating(&a));
			for (turns = 0; !table_update_step(&a, &(struct slice){always, &steps}); turns++) {
				assert_ptr_equal(a.f, f); /* nothing changes before all does */
				assert_true(table_shows(&a, f) && !table_shows(&a, g));
				assert_true(table_updating(&a));
			}
			assert_true(turns >= 1 && turns == steps);
			assert_false(table_updating(&a));
			assert_true(table_shows(&a, g));
			same_lines(&a, &b, 30); /* what is on the screen */
			assert_int_equal(a.cursor, 0);
			table_order_all(&a);
			same_lines(&a, &b, b.order.n);
			table_done(&a);
			table_done(&b);
			filter_free(flt);
		}
	}
	fixture_done(&x);
}

/* Off the first row of a table of which only the screen was put into order: what is on the screen stays, and all other
 * lines follow in their order. */
static void test_the_rest(void **state)
{
	struct fixture x;
	const struct frame *f;
	struct table a, b;
	unsigned steps = 0, turns;

	(void)state;
	fixture_init(&x);
	fixture_many(&x, 9000, 20);
	for (uint32_t i = 0; i < 9000; i += 7)
		fixture_rate(&x, i + 1, 5000 - i % 911, 5);
	fixture_apply(&x, 1);
	f = fixture_apply(&x, 1);
	table_init(&a, VIEW_CONNECTIONS);
	table_init(&b, VIEW_CONNECTIONS);
	table_update(&b, f, 30, false);
	for (int end = 0; end < 2; end++) {
		table_update_begin(&a, f, 30, false);
		table_update_step(&a, NULL);
		assert_true(a.sorted < a.order.n);
		if (end)
			table_goto(&a, UINT32_MAX, 30);
		else
			table_move(&a, 1, 30);
		assert_true(table_updating(&a));
		for (uint32_t i = a.top; i < a.top + 30; i++)
			assert_int_equal(a.order.v[i], b.order.v[i]); /* at once */
		for (turns = 1; !table_update_step(&a, &(struct slice){always, &steps}); turns++)
			assert_int_equal(a.cursor, end ? 8999 : 1);
		assert_true(turns > 4);
		assert_int_equal(a.sorted, 9000);
		assert_int_equal(a.cursor, end ? 8999 : 1);
		assert_false(a.order_differs);
		same_lines(&a, &b, 9000);
		table_goto(&a, 0, 30);
		table_update(&a, f, 30, false);
	}
	table_done(&a);
	table_done(&b);
	fixture_done(&x);
}

/* Begun again with something else, the first is forgotten; a cursor moved meanwhile holds the order. */
static void test_meanwhile(void **state)
{
	struct fixture x;
	const struct frame *f, *g;
	struct filter *flt, *other;
	struct table t;
	unsigned steps = 0;
	uint32_t i, third;

	(void)state;
	fixture_init(&x);
	fixture_many(&x, 9000, 20);
	fixture_apply(&x, 1);
	f = fixture_apply(&x, 1);
	for (i = 0; i < 9000; i++)
		fixture_rate(&x, i + 1, 9000 - i, 5);
	g = fixture_apply(&x, 1);
	flt = parsed("process=server", x.services);
	other = parsed("process=client", x.services);
	table_init(&t, VIEW_CONNECTIONS);
	table_update(&t, f, 30, false);
	t.filter = flt;
	table_update_begin(&t, f, 30, false);
	assert_false(table_update_step(&t, &(struct slice){always, &steps}));
	assert_int_equal(t.matched, 9000);
	t.filter = other;
	filter_free(flt);
	table_update_begin(&t, f, 30, false);
	while (!table_update_step(&t, &(struct slice){always, &steps}))
		;
	assert_int_equal(t.matched, 4500);
	for (i = 0; i < t.order.n; i++)
		assert_int_equal(f->procs.v[frame_first_owner(f, t.order.v[i], false)].p.pid % 2, 1);

	table_update_begin(&t, g, 30, false);
	assert_false(table_update_step(&t, &(struct slice){always, &steps}));
	table_move(&t, 2, 30); /* in the order of f */
	third = frame_sock(f, t.order.v[2])->rport;
	while (!table_update_step(&t, &(struct slice){always, &steps}))
		;
	assert_true(t.held);
	assert_int_equal(t.cursor, 2);
	assert_int_equal(frame_sock(g, t.order.v[2])->rport, third);
	/* And back on the first row it is live. */
	table_update_begin(&t, f, 30, false);
	assert_false(table_update_step(&t, &(struct slice){always, &steps}));
	table_goto(&t, 0, 30);
	while (!table_update_step(&t, &(struct slice){always, &steps}))
		;
	assert_false(t.held);
	assert_int_equal(t.cursor, 0);
	table_done(&t);
	filter_free(other);
	fixture_done(&x);
}

/* A frame that is another one at the same address is not the one that is shown. */
static void test_recycled(void **state)
{
	struct fixture x;
	const struct frame *f;
	struct table t;

	(void)state;
	fixture_init(&x);
	fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "0.0.0.0:80", NULL);
	table_init(&t, VIEW_PORTS);
	f = fixture_apply(&x, 1);
	assert_false(table_shows(&t, f));
	assert_false(table_shows(&t, NULL));
	table_update(&t, f, 10, false);
	assert_true(table_shows(&t, f));
	fixture_apply(&x, 1);
	fixture_apply(&x, 1);
	assert_ptr_equal(fixture_apply(&x, 1), f);
	assert_false(table_shows(&t, f));
	table_done(&t);
	fixture_done(&x);
}

/* What the held order should be: lines whose row is still there stay, the others come behind, in live order. */
static void model_held(const struct table *live, const uint64_t *was, size_t was_n, uint64_t *now,
		       size_t *now_n)
{
	size_t i, k;

	*now_n = 0;
	for (i = 0; i < was_n; i++)
		for (k = 0; k < live->order.n; k++)
			if (frame_sock(live->f, live->order.v[k])->cookie == was[i]) {
				now[(*now_n)++] = was[i];
				break;
			}
	for (k = 0; k < live->order.n; k++) {
		for (i = 0; i < was_n; i++)
			if (was[i] == frame_sock(live->f, live->order.v[k])->cookie)
				break;
		if (i == was_n)
			now[(*now_n)++] = frame_sock(live->f, live->order.v[k])->cookie;
	}
}

static void test_held_model(void **state)
{
	uint64_t was[1000], now[1000];
	size_t was_n, now_n, i;
	unsigned round, k;
	char remote[64];

	(void)state;
	for (round = 0; round < 12; round++) {
		struct fixture x;
		struct table t, live;
		uint32_t port = 1000;

		seed = round + 1;
		fixture_init(&x);
		for (k = 0; k < 150; k++) {
			snprintf(remote, sizeof(remote), "192.0.2.1:%u", port++);
			fixture_rate(&x,
				     fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:80", remote),
				     rnd(50) * 1000, 0);
		}
		table_init(&t, VIEW_CONNECTIONS);
		fixture_apply(&x, 1);
		table_update(&t, fixture_apply(&x, 1), 20, false);
		table_move(&t, 5, 20);
		for (k = 0; k < 15; k++) {
			const struct frame *f;
			uint64_t under = frame_sock(t.f, table_row(&t))->cookie;
			bool differs;
			uint32_t n;

			was_n = t.order.n;
			for (i = 0; i < was_n; i++)
				was[i] = frame_sock(t.f, t.order.v[i])->cookie;
			for (n = rnd(8); n; n--)
				fixture_remove_sock(&x, rnd((uint32_t)x.snap.socks.n));
			for (n = rnd(8); n; n--) {
				snprintf(remote, sizeof(remote), "192.0.2.1:%u", port++);
				fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:80", remote);
			}
			for (n = rnd(20); n; n--)
				fixture_rate(&x, rnd((uint32_t)x.snap.socks.n), rnd(50) * 1000, 0);
			f = fixture_apply(&x, 1);
			table_init(&live, VIEW_CONNECTIONS);
			table_update(&live, f, 20, false);
			model_held(&live, was, was_n, now, &now_n);
			table_update(&t, f, 20, false);
			assert_int_equal(t.order.n, now_n);
			for (i = differs = 0; i < now_n; i++) {
				assert_true(frame_sock(f, t.order.v[i])->cookie == now[i]);
				differs |= column_compare(t.sort[0].col, &(struct ctx){f, &f->tally, 0, 0},
							  i ? t.order.v[i - 1] : t.order.v[0], t.order.v[i],
							  t.sort[0].desc) > 0;
			}
			assert_true(t.held);
			if (differs)
				assert_true(t.order_differs);
			for (i = 0; i < now_n && now[i] != under; i++)
				;
			if (i < now_n)
				assert_int_equal(t.cursor, i);
			table_done(&live);
		}
		table_done(&t);
		fixture_done(&x);
	}
}

/* Held and yet in order: it does not say that it differs. */
static void test_same_order(void **state)
{
	struct fixture x;
	struct table t;

	(void)state;
	fixture_init(&x);
	fixture_web1(&x, false);
	table_init(&t, VIEW_CONNECTIONS);
	table_update(&t, fixture_apply(&x, 1), 20, false);
	table_move(&t, 3, 20);
	table_update(&t, t.f, 20, false);
	assert_true(t.held);
	assert_false(t.order_differs);
	table_done(&t);
	fixture_done(&x);
}

/* Who held what waits out its time is remembered, and for three seconds shown. */
static void test_former_owner(void **state)
{
	struct fixture y;
	const struct frame *now;
	struct table t;
	uint32_t s;

	(void)state;
	fixture_init(&y);
	fixture_proc(&y, 100, 1, 0, "gone", "");
	s = fixture_sock(&y, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.1:1", "10.0.0.2:2");
	fixture_fd(&y, s, 100, 3);
	table_init(&t, VIEW_PROCESSES);
	table_update(&t, fixture_apply(&y, 1), 5, false);
	assert_int_equal(t.order.n, 1);
	y.snap.procs.n = y.snap.fds.n = 0;
	y.snap.socks.v[s].state = STATE_TIME_WAIT;
	y.snap.socks.v[s].inode = 0;
	y.snap.socks.v[s].flags = SOCK_MINI;
	for (int i = 0; i < 6; i++) {
		now = fixture_apply(&y, 1);
		table_update(&t, now, 5, false);
		assert_int_equal(frame_row(now, 0)->owner_n, 1);
		assert_int_equal(t.order.n, i < 3);
	}
	table_done(&t);
	fixture_done(&y);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slices),       cmocka_unit_test(test_the_rest),
		cmocka_unit_test(test_meanwhile),    cmocka_unit_test(test_recycled),
		cmocka_unit_test(test_held_model),   cmocka_unit_test(test_same_order),
		cmocka_unit_test(test_former_owner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
