/* Listener, direction and other end of a socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fixture.h"
#include <stdlib.h>
#include <string.h>

/* An unaccepted connection finds its listener by address, wildcards and mapped addresses included. */
static void listener_by_address(void **state)
{
	static const struct {
		const char *listeners[4];
		const char *local, *remote;
		int want; /* index of listeners; -1: none */
	} cases[] = {
		{{"0.0.0.0:80", "10.0.0.5:80"}, "10.0.0.5:80", "1.1.1.1:9", 1},
		{{"0.0.0.0:80", "10.0.0.6:80"}, "10.0.0.5:80", "1.1.1.1:9", 0},
		{{"[::]:80", "0.0.0.0:80"}, "10.0.0.5:80", "1.1.1.1:9", 1},
		{{"[::]:80"}, "10.0.0.5:80", "1.1.1.1:9", -1}, /* v6only */
		{{"*:80"}, "10.0.0.5:80", "1.1.1.1:9", 0},
		{{"*:80"}, "[::ffff:10.0.0.5]:80", "[::ffff:1.1.1.1]:9", 0},
		{{"0.0.0.0:80"}, "[::ffff:10.0.0.5]:80", "[::ffff:1.1.1.1]:9", 0},
		{{"0.0.0.0:80", "[::]:80"}, "[2001:db8::1]:80", "[2001:db8::2]:9", 1},
		{{"0.0.0.0:80"}, "[2001:db8::1]:80", "[2001:db8::2]:9", -1},
		{{"0.0.0.0:81"}, "10.0.0.5:80", "1.1.1.1:9", -1},
		{{"10.0.0.6:80"}, "10.0.0.5:80", "1.1.1.1:9", -1},
	};

	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		struct fixture x;
		const struct frame *f;
		uint32_t s, at;

		fixture_init(&x);
		for (int i = 0; i < 4 && cases[c].listeners[i]; i++)
			fixture_sock(&x, PROTO_TCP, STATE_LISTENING, cases[c].listeners[i], NULL);
		s = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, cases[c].local, cases[c].remote);
		x.snap.socks.v[s].inode = 0;
		fixture_sock(&x, PROTO_TCP, STATE_SYN_RECV, cases[c].local, cases[c].remote);
		f = fixture_apply(&x, 0);
		at = frame_row(f, s)->listener;
		if (at != (cases[c].want < 0 ? NONE : (uint32_t)cases[c].want) ||
		    frame_row(f, s + 1)->listener != at)
			fail_msg("case %zu: listener %d, not %d", c, (int)at, cases[c].want);
		fixture_done(&x);
	}
}

static void fullest_of_a_group(void **state)
{
	struct fixture x;
	const struct frame *f;
	uint32_t s;

	fixture_init(&x);
	for (int i = 0; i < 3; i++)
		fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:443", NULL);
	x.snap.socks.v[1].recvq = 9;
	s = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:443", "1.1.1.1:9");
	x.snap.socks.v[s].inode = 0;
	f = fixture_apply(&x, 0);
	assert_int_equal(frame_row(f, s)->listener, 1);
	fixture_done(&x);
}

static void directions(void **state)
{
	struct fixture x;
	const struct frame *f;
	uint32_t in, out, un, odd, syn, udp_out, udp_in, other;

	fixture_init(&x);
	fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:80", NULL);
	fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:50000", NULL);
	fixture_sock(&x, PROTO_UDP, STATE_UNCONN, "*:53", NULL);
	fixture_netns(&x, "db");
	in = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:80", "1.1.1.1:9");
	out = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:40000", "1.1.1.1:9");
	un = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:50000", "1.1.1.1:9");
	odd = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:700", "1.1.1.1:2049");
	syn = fixture_sock(&x, PROTO_TCP, STATE_SYN_SENT, "10.0.0.5:701", "1.1.1.1:2049");
	udp_out = fixture_sock(&x, PROTO_UDP, STATE_ESTABLISHED, "10.0.0.5:51001", "10.0.0.2:53");
	udp_in = fixture_sock(&x, PROTO_UDP, STATE_ESTABLISHED, "10.0.0.5:53", "10.0.0.2:5353");
	other = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:80", "1.1.1.1:9");
	x.snap.socks.v[other].netns = 1; /* nobody listens there */
	f = fixture_apply(&x, 0);
	assert_int_equal(frame_row(f, 0)->dir, DIR_NONE);
	assert_int_equal(frame_row(f, in)->dir, DIR_IN);
	assert_int_equal(frame_row(f, out)->dir, DIR_OUT);
	assert_int_equal(frame_row(f, un)->dir, DIR_IN);
	assert_int_equal(frame_row(f, odd)->dir, DIR_NONE);
	assert_int_equal(frame_row(f, syn)->dir, DIR_OUT);
	assert_int_equal(frame_row(f, udp_out)->dir, DIR_OUT);
	assert_int_equal(frame_row(f, udp_in)->dir, DIR_IN);
	assert_int_equal(frame_row(f, other)->dir, DIR_NONE);

	/* what was seen once stays: the syn-sent one is established now, the listener of 50000 gone */
	x.snap.socks.v[syn].state = STATE_ESTABLISHED;
	x.snap.want.states &= ~STATES_PORT;
	f = fixture_apply(&x, 1);
	assert_int_equal(frame_row(f, syn)->dir, DIR_OUT);
	assert_int_equal(frame_row(f, un)->dir, DIR_IN);

	/* the socket talks to somebody else now: judged anew; without a look at listeners nothing is known */
	x.snap.socks.v[syn].rport = 9;
	x.snap.socks.n = syn + 1;
	for (uint32_t i = 0; i < 3; i++)
		x.snap.socks.v[i].state = STATE_ESTABLISHED; /* no listeners in the dump */
	f = fixture_apply(&x, 1);
	assert_int_equal(frame_row(f, syn)->dir, DIR_NONE);
	fixture_done(&x);
}

static void ephemeral_without_a_look_at_listeners(void **state)
{
	struct fixture x;
	const struct frame *f;

	fixture_init(&x);
	x.snap.want.states &= ~STATES_PORT;
	fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:40000", "1.1.1.1:9");
	f = fixture_apply(&x, 0);
	assert_int_equal(frame_row(f, 0)->dir, DIR_NONE);
	fixture_done(&x);
}

static void other_ends(void **state)
{
	struct fixture x;
	const struct frame *f;
	uint32_t a, b, c, d, e, self, lone;

	fixture_init(&x);
	fixture_netns(&x, "db");
	a = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "127.0.0.1:40000", "127.0.0.1:80");
	b = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "[::ffff:127.0.0.1]:80",
			 "[::ffff:127.0.0.1]:40000");
	c = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "172.17.0.1:41000", "172.17.0.2:5432");
	d = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "172.17.0.2:5432", "172.17.0.1:41000");
	x.snap.socks.v[d].netns = 1;
	e = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "127.0.0.1:80", "127.0.0.1:40000");
	x.snap.socks.v[e].netns = 1; /* loopback of another namespace is another machine */
	self = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "127.0.0.1:7", "127.0.0.1:7");
	lone = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:80", "10.0.0.9:1");
	for (int look = 0; look < 3; look++) {
		f = fixture_apply(&x, 1);
		assert_int_equal(frame_row(f, a)->peer, b);
		assert_int_equal(frame_row(f, b)->peer, a);
		assert_int_equal(frame_row(f, c)->peer, d);
		assert_int_equal(frame_row(f, d)->peer, c);
		assert_int_equal(frame_row(f, e)->peer, NONE);
		assert_int_equal(frame_row(f, self)->peer, NONE);
		assert_int_equal(frame_row(f, lone)->peer, NONE);
	}
	/* rows move, one end goes, another comes */
	uint64_t gone = x.snap.socks.v[b].cookie;

	fixture_remove_sock(&x, b);
	fixture_apply(&x, 1);
	f = fixture_apply(&x, 1);
	assert_int_equal(frame_row_by_cookie(f, 0, gone), NONE);
	assert_int_equal(frame_row(f, a)->peer, NONE);
	assert_int_equal(frame_row(f, c)->peer, d);
	b = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "127.0.0.1:80", "127.0.0.1:40000");
	f = fixture_apply(&x, 1);
	assert_int_equal(frame_row(f, a)->peer, b);
	assert_int_equal(frame_row(f, b)->peer, a);
	fixture_done(&x);
}

/* Two namespaces with one pair of addresses: each end belongs to its own. */
static void own_namespace_first(void **state)
{
	struct fixture x;
	const struct frame *f;

	fixture_init(&x);
	fixture_netns(&x, "b");
	for (int i = 0; i < 2; i++) {
		uint32_t s = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.1:40000", "10.0.0.1:80");

		x.snap.socks.v[s].netns = (uint16_t)i;
	}
	for (int i = 0; i < 2; i++) {
		uint32_t s = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.1:80", "10.0.0.1:40000");

		x.snap.socks.v[s].netns = (uint16_t)i;
	}
	f = fixture_apply(&x, 0);
	assert_int_equal(frame_row(f, 0)->peer, 2);
	assert_int_equal(frame_row(f, 1)->peer, 3);
	fixture_done(&x);
}

/* In other namespaces only the single one that fits, and never a loopback address. */
static void unique_in_others(void **state)
{
	struct fixture x;
	const struct frame *f;
	uint32_t a, b, c;

	fixture_init(&x);
	fixture_netns(&x, "b");
	fixture_netns(&x, "c");
	a = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "172.17.0.1:41000", "172.17.0.2:5432");
	b = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "172.17.0.2:5432", "172.17.0.1:41000");
	c = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "172.17.0.2:5432", "172.17.0.1:41000");
	x.snap.socks.v[b].netns = 1;
	x.snap.socks.v[c].netns = 2;
	f = fixture_apply(&x, 1);
	assert_int_equal(frame_row(f, a)->peer, NONE);
	assert_int_equal(frame_row(f, b)->peer, NONE);
	assert_int_equal(frame_row(f, c)->peer, NONE);
	x.snap.socks.v[c].netns = 0; /* one of its own namespace comes before any other */
	f = fixture_apply(&x, 1);
	x.snap.socks.v[c].rport = 41001;
	f = fixture_apply(&x, 1);
	assert_int_equal(frame_row(f, a)->peer, b);
	assert_int_equal(frame_row(f, b)->peer, a);
	fixture_done(&x);
}

static void datagrams_to_a_bound_socket(void **state)
{
	static const struct {
		const char *bound;
		uint16_t netns;
		const char *local, *remote;
		bool meets;
	} cases[] = {
		{"*:53", 0, "127.0.0.1:4000", "127.0.0.1:53", true},
		{"[::]:53", 0, "127.0.0.1:4000", "127.0.0.1:53", false}, /* v6only */
		{"0.0.0.0:53", 0, "127.0.0.1:4000", "127.0.0.53:53", true},
		{"127.0.0.53:53", 0, "127.0.0.1:4000", "127.0.0.53:53", true},
		{"127.0.0.53:53", 0, "127.0.0.1:4000", "127.0.0.1:53", false},
		{"0.0.0.0:53", 0, "10.0.0.5:4000", "8.8.8.8:53", false}, /* ours, but who says so */
		{"0.0.0.0:53", 0, "10.0.0.5:4000", "10.0.0.5:53", true},
		{"10.0.0.9:53", 0, "10.0.0.5:4000", "10.0.0.9:53", true},
		{"10.0.0.9:53", 1, "10.0.0.5:4000", "10.0.0.9:53", true},
		{"127.0.0.1:53", 1, "127.0.0.1:4000", "127.0.0.1:53", false}, /* another machine */
		{"0.0.0.0:54", 0, "127.0.0.1:4000", "127.0.0.1:53", false},
		{"[::1]:53", 0, "[::1]:4000", "[::1]:53", true},
	};

	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		struct fixture x;
		const struct frame *f;
		uint32_t s, bound;

		fixture_init(&x);
		fixture_netns(&x, "b");
		s = fixture_sock(&x, PROTO_UDP, STATE_ESTABLISHED, cases[c].local, cases[c].remote);
		fixture_apply(&x, 1);
		bound = fixture_sock(&x, PROTO_UDP, STATE_UNCONN, cases[c].bound, NULL); /* comes later */
		x.snap.socks.v[bound].netns = cases[c].netns;
		for (int look = 0; look < 3; look++) {
			f = fixture_apply(&x, 1);
			if (frame_row(f, s)->peer != (cases[c].meets ? bound : NONE))
				fail_msg("case %zu, look %d: %d", c, look, (int)frame_row(f, s)->peer);
			assert_int_equal(frame_row(f, bound)->peer, NONE);
		}
		fixture_done(&x);
	}
}

static void several_bound_sockets(void **state)
{
	struct fixture x;
	const struct frame *f;
	uint32_t s, near;

	fixture_init(&x);
	s = fixture_sock(&x, PROTO_UDP, STATE_ESTABLISHED, "127.0.0.1:4000", "127.0.0.1:53");
	fixture_sock(&x, PROTO_UDP, STATE_UNCONN, "0.0.0.0:53", NULL);
	fixture_sock(&x, PROTO_UDP, STATE_UNCONN, "0.0.0.0:53", NULL);
	f = fixture_apply(&x, 1);
	assert_int_equal(frame_row(f, s)->peer, NONE); /* a group: which one, nobody knows */
	near = fixture_sock(&x, PROTO_UDP, STATE_UNCONN, "127.0.0.1:53", NULL);
	f = fixture_apply(&x, 1);
	assert_int_equal(frame_row(f, s)->peer, near);
	fixture_done(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(listener_by_address),
		cmocka_unit_test(fullest_of_a_group),
		cmocka_unit_test(directions),
		cmocka_unit_test(ephemeral_without_a_look_at_listeners),
		cmocka_unit_test(other_ends),
		cmocka_unit_test(own_namespace_first),
		cmocka_unit_test(unique_in_others),
		cmocka_unit_test(datagrams_to_a_bound_socket),
		cmocka_unit_test(several_bound_sockets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
