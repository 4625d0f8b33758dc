/* Selecting a window of the order gives what sorting everything would give there: for every column, both ways, with
 * equal keys, nulls, and texts that begin alike for long. */
#include "order.h"
#include "sockeye/base/threads.h"
#include "table_test.h"
#include <stdio.h>

#define SOCKS 3000

static struct fixture host;
static const struct frame *frame;
static uint32_t *truth, *spare;

static uint32_t rnd(uint32_t below)
{
	static uint64_t seed = 7;

	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(seed >> 33) % below;
}

/* Long common beginnings, ends that differ by a NUL, bytes above 127, one that is the beginning of another. */
static uint32_t hard_name(void)
{
	char text[128];
	size_t n = 0, i, same = rnd(4) * 13;

	for (i = 0; i < same; i++)
		text[n++] = "/system.slice/"[i % 14];
	for (i = rnd(5); i; i--)
		text[n++] = "ab\0\xff"[rnd(4)];
	return intern_add(host.names, text, n);
}

static int set_up(void **state)
{
	char local[64], remote[64];
	uint32_t i, s, pid;

	(void)state;
	fixture_init(&host);
	for (pid = 100; pid < 140; pid++) {
		snprintf(local, sizeof(local), "worker-%u", pid % 7);
		fixture_proc(&host, pid, 1, pid % 3, local, "");
	}
	for (i = 0; i < SOCKS; i++) {
		snprintf(local, sizeof(local), i % 3 ? "10.0.%u.%u:%u" : "[2001:db8::%x:%x]:%u", rnd(3),
			 rnd(4), 1 + rnd(3) * 30000);
		snprintf(remote, sizeof(remote), i % 3 ? "10.9.%u.%u:%u" : "[fe80::%x:%x]:%u", rnd(3), rnd(4),
			 1 + rnd(5) * 10000);
		s = i % 11 ? fixture_sock(&host, PROTO_TCP, i % 5 ? STATE_ESTABLISHED : STATE_CLOSE_WAIT,
					  local, remote)
			   : fixture_sock(&host, PROTO_TCP, STATE_LISTENING, local, NULL);
		host.snap.socks.v[s].sendq = rnd(3) * 1000;
		host.snap.socks.v[s].cgroup = hard_name();
		fixture_rate(&host, s, rnd(4) ? 0 : rnd(100000), 0);
		if (rnd(3))
			vec_push(&host.snap.fds,
				 ((struct snap_fd){host.snap.socks.v[s].inode, rnd(40), (int32_t)(3 + i)}));
	}
	fixture_apply(&host, 1);
	frame = fixture_apply(&host, 1);
	truth = mem_alloc(SOCKS, sizeof(*truth));
	spare = mem_alloc(SOCKS, sizeof(*spare));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(truth);
	free(spare);
	fixture_done(&host);
	return 0;
}

static bool before(const struct sort_key *by, unsigned by_n, const struct ctx *c, uint32_t a, uint32_t b)
{
	unsigned k;
	int r;

	for (k = 0; k < by_n; k++) {
		r = column_compare(by[k].col, c, a, b, by[k].desc);
		if (r)
			return r < 0;
	}
	return a < b;
}

/* The plainest merge sort there is. */
static void sort_all(const struct sort_key *by, unsigned by_n, const struct ctx *c, uint32_t *v, uint32_t n)
{
	uint32_t mid = n / 2, i = 0, j = mid, k;

	if (n < 2)
		return;
	sort_all(by, by_n, c, v, mid);
	sort_all(by, by_n, c, v + mid, n - mid);
	memcpy(spare, v, n * sizeof(*v));
	for (k = 0; k < n; k++)
		v[k] = j >= n || (i < mid && before(by, by_n, c, spare[i], spare[j])) ? spare[i++]
										      : spare[j++];
}

static bool always(void *data)
{
	++*(unsigned *)data;
	return true;
}

/* So it is by several threads, whatever the words are: all different, few, all the same. */
static void test_shared(void **state)
{
	static const char *const lists[] = {"-rate,process,remote", "cgroup", "proto,lport,local,remote",
					    "proto", "-cookie"};
	struct ctx c = {.f = frame, .tally = &frame->tally};
	struct order o = {0}, all = {0};
	static uint32_t rows[3 * ORDER_SHARED_FROM];
	unsigned asked = 0;

	(void)state;
	for (uint32_t i = 0; i < ARRAY_LEN(rows); i++)
		rows[i] = (i * 7) % SOCKS;
	for (size_t k = 0; k < ARRAY_LEN(lists); k++) {
		struct table t;
		char err[64];

		table_init(&t, VIEW_CONNECTIONS);
		assert_int_equal(table_set_sort_list(&t, lists[k], err, sizeof(err)), 0);
		order_begin(&all, rows, ARRAY_LEN(rows), 0, ARRAY_LEN(rows));
		while (!order_step(&all, t.sort, t.sort_n, &c, &(struct slice){always, &asked}))
			; /* by one alone */
		for (unsigned shares = 2; shares <= THREADS_MAX; shares++) {
			order_begin(&o, rows, ARRAY_LEN(rows), 0, ARRAY_LEN(rows));
			order_share(&o, t.sort, t.sort_n, &c, shares);
			assert_int_equal(o.todo.n, 0);
			assert_int_equal(o.v.n, ARRAY_LEN(rows));
			for (size_t i = 0; i < ARRAY_LEN(rows); i++)
				assert_int_equal(o.v.v[i].row, all.v.v[i].row);
		}
		table_done(&t);
	}
	order_done(&o);
	order_done(&all);
}

/* In pieces it is the same, for all lines and for a window, and no piece is more than a moment's work. */
static void test_pieces(void **state)
{
	static const char *const lists[] = {"", "-rate,process,remote", "cgroup", "proto,lport,local,remote"};
	struct ctx c = {.f = frame, .tally = &frame->tally};
	static const size_t windows[][2] = {{0, 20000}, {0, 120}, {7000, 7050}};
	struct order o = {0}, all = {0};
	uint32_t i, k, w, rows[20000];

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) /* rows come again: equal ones must stay as they are */
		rows[i] = i % SOCKS;
	for (k = 0; k < ARRAY_LEN(lists); k++) {
		struct table t;
		unsigned n, steps, asked;
		char err[64];

		table_init(&t, VIEW_CONNECTIONS);
		assert_int_equal(k ? table_set_sort_list(&t, lists[k], err, sizeof(err)) : 0, 0);
		n = k ? t.sort_n : 0;
		for (w = 0; w < ARRAY_LEN(windows); w++) {
			order_select(&all, t.sort, n, &c, rows, ARRAY_LEN(rows), 0, ARRAY_LEN(rows));
			order_begin(&o, rows, ARRAY_LEN(rows), windows[w][0], windows[w][1]);
			steps = asked = 0;
			while (!order_step(&o, t.sort, n, &c, &(struct slice){always, &asked}))
				steps++;
			assert_true(steps >=
				    20000 / 1024); /* so many rows' words, at the most, are read in one */
			assert_int_equal(asked, steps);
			assert_int_equal(o.v.n, all.v.n);
			for (i = (uint32_t)windows[w][0]; i < windows[w][1]; i++)
				if (o.v.v[i].row != all.v.v[i].row)
					fail_msg("%s: line %u is row %u, not %u", lists[k], i, o.v.v[i].row,
						 all.v.v[i].row);
		}
		table_done(&t);
	}
	order_done(&o);
	order_done(&all);
}

/* Many rows whose texts begin alike for longer than words are read, some of them the same to the end. */
static void test_long_texts(void **state)
{
	struct sort_key by[2] = {{column_by_key(ROWS_SOCK, "cgroup"), false},
				 {column_by_key(ROWS_SOCK, "lport"), true}};
	static uint32_t rows[3000];
	struct order o = {0};
	struct fixture x;
	struct ctx c;
	unsigned asked = 0;
	char text[160];
	uint32_t i;

	(void)state;
	fixture_init(&x);
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		uint32_t s;

		snprintf(text, sizeof(text), "10.0.0.1:%u", 1 + i);
		s = fixture_sock(&x, PROTO_TCP, STATE_LISTENING, text, NULL);
		snprintf(text, sizeof(text), "/%0100u/%u", 7, i % 5 ? 0 : i * 7919 % 1000);
		x.snap.socks.v[s].cgroup = intern_add(x.names, text, strlen(text));
		rows[i] = i;
	}
	c = (struct ctx){.f = fixture_apply(&x, 1)};
	c.tally = &c.f->tally;
	order_begin(&o, rows, ARRAY_LEN(rows), 0, ARRAY_LEN(rows));
	while (!order_step(&o, by, 2, &c, &(struct slice){always, &asked}))
		;
	assert_true(asked > 60);
	for (i = 1; i < ARRAY_LEN(rows); i++)
		assert_true(before(by, 2, &c, o.v.v[i - 1].row, o.v.v[i].row));
	order_done(&o);
	fixture_done(&x);
}

static void check(const struct sort_key *by, unsigned by_n)
{
	static const size_t windows[][2] = {{0, SOCKS},         {0, 1}, {0, 40}, {1500, 1540},
					    {SOCKS - 7, SOCKS}, {3, 3}};
	struct ctx c = {.f = frame, .tally = &frame->tally};
	struct order o = {0};
	uint32_t i, k, seen, rows[SOCKS];

	for (i = 0; i < SOCKS; i++)
		truth[i] = i;
	sort_all(by, by_n, &c, truth, SOCKS);
	for (k = 0; k < ARRAY_LEN(windows); k++) {
		for (i = 0; i < SOCKS; i++)
			rows[i] = i;
		order_select(&o, by, by_n, &c, rows, SOCKS, windows[k][0], windows[k][1]);
		for (i = (uint32_t)windows[k][0]; i < windows[k][1]; i++)
			if (o.v.v[i].row != truth[i])
				fail_msg("%s, window %u: %u is row %u, not %u", by_n ? by[0].col->key : "", k,
					 i, o.v.v[i].row, truth[i]);
		/* Nothing was lost, and what is before and behind is on its side. */
		memset(spare, 0, SOCKS * sizeof(*spare));
		for (i = 0; i < SOCKS; i++)
			spare[o.v.v[i].row]++;
		for (i = 0, seen = 0; i < SOCKS; i++)
			seen += spare[i] == 1;
		assert_int_equal(seen, SOCKS);
		for (i = 0; i < windows[k][0]; i++)
			assert_true(before(by, by_n, &c, o.v.v[i].row, truth[windows[k][0]]));
	}
	order_done(&o);
}

static void test_columns(void **state)
{
	const struct column *cols, *tie = column_by_key(ROWS_SOCK, "rport");
	struct sort_key by[2];
	size_t n, i;

	(void)state;
	cols = columns_of(ROWS_SOCK, &n);
	for (i = 0; i < n; i++) {
		if (!cols[i].get)
			continue;
		by[0] = (struct sort_key){&cols[i], i & 1};
		by[1] = (struct sort_key){tie, !(i & 1)};
		check(by, 2);
	}
	check(NULL, 0);
}

static void test_both_ways(void **state)
{
	static const char *const keys[] = {"cgroup", "local",  "raddr", "process",
					   "rate",   "cookie", "user",  "state"};
	struct sort_key by[3];
	size_t i;

	(void)state;
	for (i = 0; i < 2 * ARRAY_LEN(keys); i++) {
		by[0] = (struct sort_key){column_by_key(ROWS_SOCK, keys[i / 2]), i & 1};
		by[1] = (struct sort_key){column_by_key(ROWS_SOCK, "cgroup"), !(i & 1)};
		by[2] = (struct sort_key){column_by_key(ROWS_SOCK, "local"), false};
		check(by, 3);
	}
}

/* The word never contradicts the value: it is the beginning of the truth. */
static void test_words(void **state)
{
	struct ctx c = {.f = frame, .tally = &frame->tally};
	const struct column *cols;
	size_t n, i;
	uint32_t a, b, k;

	(void)state;
	cols = columns_of(ROWS_SOCK, &n);
	for (i = 0; i < n; i++) {
		struct sort_key by = {&cols[i], i & 1};

		if (!cols[i].get)
			continue;
		for (k = 0; k < 500; k++) {
			uint64_t x, y;
			int r;

			a = rnd(SOCKS);
			b = rnd(SOCKS);
			x = order_word(&by, &c, a, 0);
			y = order_word(&by, &c, b, 0);
			r = column_compare(&cols[i], &c, a, b, by.desc);
			if ((x < y && r >= 0) || (x > y && r <= 0) || (x == y && order_whole(&by, x, 0) && r))
				fail_msg("%s: %llx %llx %d", cols[i].key, (unsigned long long)x,
					 (unsigned long long)y, r);
			r = order_compare(&by, 1, &c, a, b);
			assert_int_equal((r > 0) - (r < 0),
					 (column_compare(&cols[i], &c, a, b, by.desc) > 0) -
						 (column_compare(&cols[i], &c, a, b, by.desc) < 0));
		}
	}
}

static void test_by_word(void **state)
{
	struct order o = {0};
	uint32_t i;

	(void)state;
	order_words(&o);
	for (i = 0; i < 5000; i++)
		vec_push(&o.v, ((struct order_item){rnd(100000), i}));
	order_words(&o);
	for (i = 1; i < 5000; i++)
		assert_true(o.v.v[i - 1].word <= o.v.v[i].word);
	order_done(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shared),     cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_columns),    cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_words),      cmocka_unit_test(test_by_word),
		cmocka_unit_test(test_long_texts),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
