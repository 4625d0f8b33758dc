/* The groupings of pages: every connection in exactly one group, counted right, most first. */
#include "sockeye/table/group.h"
#include "table_test.h"
#include <math.h>

/* Of n sockets, the first ones in a piece of their own. */
static void group_peers(const struct frame *f, const uint32_t *rows, size_t first, size_t n,
			struct peer_groups *ret)
{
	struct map seen = {0};

	vec_clear(&ret->v);
	group_peers_add(f, rows, first, &seen, ret);
	group_peers_add(f, rows + first, n - first, &seen, ret);
	group_peers_order(ret, ret->v.n);
	map_done(&seen);
}

static void group_conns(const struct frame *f, const uint32_t *rows, size_t first, size_t n,
			struct conn_groups *ret)
{
	struct conn_grouping by = {0};

	vec_clear(&ret->v);
	group_conns_add(f, rows, first, &by, ret);
	group_conns_add(f, rows + first, n - first, &by, ret);
	group_conns_order(&by, ret, ret->v.n);
	conn_grouping_done(&by);
}

static void test_peers(void **state)
{
	struct fixture x;
	const struct frame *f;
	struct peer_groups g = {0};
	uint32_t rows[8], i, s;

	(void)state;
	fixture_init(&x);
	fixture_proc(&x, 9, 1, 0, "cli", "");
	fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "0.0.0.0:80", NULL);
	s = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:80", "192.0.2.9:1001");
	fixture_rate(&x, s, 1000, 10);
	s = fixture_sock(&x, PROTO_TCP, STATE_CLOSE_WAIT, "[::ffff:10.0.0.5]:80", "[::ffff:192.0.2.9]:1002");
	x.snap.infos.v[s].rtt_us = 500;
	fixture_rate(&x, s, 500, 0);
	fixture_sock(&x, PROTO_TCP, STATE_TIME_WAIT, "10.0.0.5:80", "192.0.2.9:1003");
	fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:80", "10.0.0.5:1004");
	s = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:1004", "10.0.0.5:80");
	fixture_fd(&x, s, 9, 3);
	fixture_apply(&x, 1);
	f = fixture_apply(&x, 1);
	assert_int_equal(f->rows_n, 6);
	for (i = 0; i < 5; i++) /* all but the client's end */
		rows[i] = i;
	group_peers(f, rows, 2, 5, &g); /* in two pieces */
	assert_int_equal(g.v.n, 2);
	assert_int_equal(g.v.v[0].sums.conns, 2); /* time-wait is no connection */
	assert_int_equal(g.v.v[0].sums.close_wait, 1);
	assert_false(g.v.v[0].ip.v6);
	assert_true(fabs((double)g.v.v[0].sums.rx_rate - 1500) < 10);
	assert_true(fabs(g.v.v[0].rtt_ms - .5) < 1e-6);
	assert_false(g.v.v[0].here);
	assert_int_equal(g.v.v[0].peer_proc, NONE);
	assert_int_equal(g.v.v[1].sums.conns, 1);
	assert_true(g.v.v[1].here);
	assert_int_equal(f->procs.v[g.v.v[1].peer_proc].p.pid, 9);
	group_peers(f, rows, 0, 0, &g);
	assert_int_equal(g.v.n, 0);
	vec_done(&g.v);
	fixture_done(&x);
}

static void test_conns(void **state)
{
	struct fixture x;
	const struct frame *f;
	struct conn_groups g = {0};
	uint32_t rows[8], i, k;
	bool seen[8] = {false};

	(void)state;
	fixture_init(&x);
	fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "0.0.0.0:80", NULL);
	fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:80", "192.0.2.9:1001");
	fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:40001", "10.0.0.7:5432");
	fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:80", "192.0.2.8:1002");
	fixture_sock(&x, PROTO_TCP, STATE_CLOSE_WAIT, "10.0.0.5:40002", "10.0.0.7:5432");
	fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:40003", "10.0.0.7:5432");
	fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:40004", "10.0.0.8:5432");
	f = fixture_apply(&x, 1);
	for (i = 0; i < 7; i++)
		rows[i] = i;
	group_conns(f, rows, 4, 7, &g);
	assert_int_equal(g.v.n, 3);
	assert_int_equal(g.rows.n, 6);
	assert_false(g.v.v[0].out);
	assert_int_equal(g.v.v[0].port, 80);
	assert_int_equal(g.v.v[0].n, 2);
	assert_true(g.v.v[1].out);
	assert_int_equal(g.v.v[1].port, 5432);
	assert_int_equal(g.v.v[1].n, 3);
	assert_int_equal(g.v.v[1].sums.close_wait, 1);
	assert_int_equal(g.v.v[1].ip.b[3], 7);
	assert_int_equal(g.v.v[2].ip.b[3], 8);
	for (i = 0; i < g.v.n; i++) {
		for (k = g.v.v[i].first; k < g.v.v[i].first + g.v.v[i].n; k++) {
			const struct sock *s = frame_sock(f, g.rows.v[k]);

			assert_false(seen[g.rows.v[k]]);
			seen[g.rows.v[k]] = true;
			assert_int_equal(g.v.v[i].out ? s->rport : s->lport, g.v.v[i].port);
		}
	}
	group_conns(f, rows, 0, 0, &g);
	assert_int_equal(g.v.n + g.rows.n, 0);
	vec_done(&g.v);
	vec_done(&g.rows);
	fixture_done(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_peers), cmocka_unit_test(test_conns)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
