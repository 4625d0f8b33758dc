/* Port rows: what is merged into one, and what is said of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fixture.h"
#include "sockeye/base/units.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct port *port(const struct frame *f, enum proto proto, uint32_t number)
{
	uint32_t i = frame_port_by_key(f, 0, (uint8_t)proto, number);

	return i == NONE ? NULL : &f->ports.v[i];
}

static void one_row_for_families_members_and_forks(void **state)
{
	struct fixture x;
	const struct frame *f;
	const struct port *p;
	uint32_t s[3];

	fixture_init(&x);
	fixture_proc(&x, 30, 1, 0, "nginx", "/system.slice/nginx.service")->start = 3000;
	fixture_proc(&x, 20, 30, 33, "nginx", "/system.slice/nginx.service")->start = 4000; /* pid wrapped */
	fixture_proc(&x, 40, 30, 33, "nginx", "/system.slice/nginx.service")->start = 4001;
	s[0] = fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "[::]:80", NULL);
	s[1] = fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "0.0.0.0:80", NULL);
	s[2] = fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "0.0.0.0:80", NULL);
	for (int i = 0; i < 3; i++) {
		fixture_fd(&x, s[i], 40, 6 + i);
		fixture_fd(&x, s[i], 20, 6 + i);
		fixture_fd(&x, s[i], 30, 6 + i);
		fixture_fd(&x, s[i], 30, 60 + i); /* a dup */
	}
	for (int i = 0; i < 5; i++)
		fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:80",
			     i % 2 ? "10.0.0.7:1" : "10.0.0.7:2");
	f = fixture_apply(&x, 0);
	assert_int_equal(f->ports.n, 1);
	p = port(f, PROTO_TCP, 80);
	assert_int_equal(p->member_n, 3);
	assert_int_equal(p->addr_n, 2);
	assert_false(f->addrs.v[p->addr].ip.v6); /* IPv4's wildcard first */
	assert_true(f->addrs.v[p->addr + 1].v6only);
	assert_int_equal(p->flags, PORT_ANY4 | PORT_ANY6 | PORT_REUSEPORT);
	assert_true(p->dual);
	assert_int_equal(p->scope, SCOPE_ANY);
	assert_int_equal(p->class_, CLASS_WELL_KNOWN);
	assert_int_equal(p->holder_n, 3);
	assert_int_equal(f->procs.v[f->holders.v[p->holder]].p.pid, 30); /* the oldest, not the smallest */
	assert_int_equal(f->procs.v[f->holders.v[p->holder + 1]].p.pid, 20);
	assert_int_equal(f->procs.v[f->holders.v[p->holder + 2]].p.pid, 40);
	assert_string_equal(intern_get(f->names, p->unit), "nginx.service");
	assert_int_equal(p->reason, REASON_OWNED);
	assert_int_equal(f->tally.ports.v[0].conns, 5);
	assert_int_equal(f->tally.ports.v[0].socks, 8);
	assert_int_equal(f->tally.ports.v[0].states[STATE_LISTENING], 3);
	fixture_done(&x);
}

static void what_star_means(void **state)
{
	struct fixture x;
	const struct frame *f;

	fixture_init(&x);
	fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:1", NULL); /* one v6, not v6only */
	fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "[::]:2", NULL);
	fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "0.0.0.0:3", NULL);
	fixture_sock(&x, PROTO_UDP, STATE_UNCONN, "*:4", NULL);
	x.snap.socks.v[3].ifindex = 2; /* on one interface only */
	fixture_sock(&x, PROTO_UDP, STATE_UNCONN, "127.0.0.1:5", NULL);
	fixture_sock(&x, PROTO_UDP, STATE_UNCONN, "10.0.0.5:5", NULL);
	fixture_sock(&x, PROTO_UDP, STATE_UNCONN, "8.8.8.8:5", NULL);
	f = fixture_apply(&x, 0);
	assert_true(port(f, PROTO_TCP, 1)->dual);
	assert_int_equal(port(f, PROTO_TCP, 1)->flags, PORT_ANY6);
	assert_false(port(f, PROTO_TCP, 2)->dual);
	assert_int_equal(port(f, PROTO_TCP, 2)->flags, PORT_ANY6);
	assert_false(port(f, PROTO_TCP, 3)->dual);
	assert_int_equal(port(f, PROTO_TCP, 3)->flags, PORT_ANY4);
	assert_false(port(f, PROTO_UDP, 4)->dual);
	assert_int_equal(port(f, PROTO_UDP, 4)->flags, 0);
	assert_int_equal(f->addrs.v[port(f, PROTO_UDP, 4)->addr].ifindex, 2);
	assert_int_equal(port(f, PROTO_UDP, 5)->scope, SCOPE_PUBLIC); /* the widest */
	assert_int_equal(port(f, PROTO_UDP, 5)->addr_n, 3);
	assert_int_equal(port(f, PROTO_UDP, 5)->flags, 0);
	fixture_done(&x);
}

static void sorted_and_split(void **state)
{
	struct fixture x;
	const struct frame *f;
	static const uint32_t want[] = {22, 53, 53, 9000, 500, 40000};

	fixture_init(&x);
	fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:40000", "10.0.0.7:1");
	fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:9000", NULL);
	fixture_sock(&x, PROTO_UDP, STATE_UNCONN, "*:53", NULL);
	fixture_sock(&x, PROTO_UDP, STATE_ESTABLISHED, "10.0.0.5:500", "10.0.0.7:1");
	fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:22", NULL);
	fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:53", NULL);
	fixture_sock(&x, PROTO_UDP, STATE_UNCONN, "*:0", NULL); /* no port, no row */
	f = fixture_apply(&x, 0);
	assert_int_equal(f->ports.n, 6);
	for (int i = 0; i < 6; i++) {
		assert_int_equal(f->ports.v[i].port, want[i]);
		assert_int_equal(f->ports.v[i].flags & PORT_CLIENT, i < 4 ? 0 : PORT_CLIENT);
	}
	assert_int_equal(frame_port_of(f, 0), 5);
	assert_int_equal(frame_port_of(f, 6), NONE);
	assert_int_equal(port(f, PROTO_TCP, 40000)->member_n, 0);
	assert_int_equal(port(f, PROTO_TCP, 40000)->ring, NONE);
	assert_int_equal(port(f, PROTO_TCP, 40000)->class_, CLASS_EPHEMERAL);
	assert_int_equal(port(f, PROTO_TCP, 40000)->addr_n, 1);
	assert_int_equal(port(f, PROTO_TCP, 9000)->class_, CLASS_REGISTERED);
	fixture_done(&x);
}

static void bound_only(void **state)
{
	struct fixture x;
	const struct frame *f;
	uint32_t s;

	fixture_init(&x);
	s = fixture_sock(&x, PROTO_TCP, STATE_BOUND, "127.0.0.1:8081", NULL);
	f = fixture_apply(&x, 0);
	assert_int_equal(port(f, PROTO_TCP, 8081)->flags, PORT_BOUND_ONLY);
	assert_int_equal(port(f, PROTO_TCP, 8081)->backlog_max, 0);
	assert_int_equal(f->totals.bound, 1);
	x.snap.socks.v[s].state = STATE_LISTENING;
	x.snap.socks.v[s].sendq = 5;
	f = fixture_apply(&x, 1);
	assert_int_equal(port(f, PROTO_TCP, 8081)->flags, 0);
	assert_int_equal(port(f, PROTO_TCP, 8081)->backlog_max, 5);
	fixture_done(&x);
}

static void queue_of_the_fullest(void **state)
{
	struct fixture x;
	const struct frame *f;
	static const uint32_t queue[3][2] = {{100, 4096}, {90, 128}, {0, 128}};

	fixture_init(&x);
	for (int i = 0; i < 3; i++) {
		fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:80", NULL);
		x.snap.socks.v[i].recvq = queue[i][0];
		x.snap.socks.v[i].sendq = queue[i][1];
	}
	f = fixture_apply(&x, 0);
	assert_int_equal(f->ports.v[0].backlog, 90);
	assert_int_equal(f->ports.v[0].backlog_max, 128);
	x.snap.socks.v[1].recvq = 3;
	f = fixture_apply(&x, 1);
	assert_int_equal(f->ports.v[0].backlog, 100);
	assert_int_equal(frame_row(f, 1)->backlog_peak, 90);
	assert_int_equal(f->ports.v[0].backlog_peak, 100);
	x.snap.socks.v[0].recvq = 0;
	f = fixture_apply(&x, 1);
	assert_int_equal(f->ports.v[0].backlog_peak, 100); /* since it was first seen */
	fixture_done(&x);
}

static void drops(void **state)
{
	struct fixture x;
	const struct frame *f;

	fixture_init(&x);
	for (int i = 0; i < 2; i++)
		fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:80", NULL);
	fixture_sock(&x, PROTO_UDP, STATE_UNCONN, "*:53", NULL);
	x.snap.socks.v[2].flags &= (uint16_t)~SOCK_HAS_MEM;
	x.snap.socks.v[2].recvq = 832;
	x.snap.socks.v[0].drops = 1000;
	x.snap.socks.v[1].drops = 7;
	f = fixture_apply(&x, 0);
	assert_int_equal(port(f, PROTO_TCP, 80)->drops, 1007);
	assert_true(port(f, PROTO_TCP, 80)->has_drops);
	assert_true(isnan(port(f, PROTO_TCP, 80)->drop_rate));
	assert_false(port(f, PROTO_UDP, 53)->has_drops);
	assert_int_equal(port(f, PROTO_UDP, 53)->recvq, 832);
	x.snap.socks.v[0].drops += 30;
	x.snap.socks.v[1].drops += 10;
	f = fixture_apply(&x, 2);
	assert_float_equal(port(f, PROTO_TCP, 80)->drop_rate, 20, 0.01);
	assert_true(isnan(port(f, PROTO_UDP, 53)->drop_rate));
	f = fixture_apply(&x, 1);
	assert_float_equal(port(f, PROTO_TCP, 80)->drop_rate, 0, 0);
	f = fixture_apply(&x, 10); /* a gap */
	assert_true(isnan(port(f, PROTO_TCP, 80)->drop_rate));
	fixture_done(&x);
}

static void closed_and_taken_again(void **state)
{
	struct fixture x;
	const struct frame *f;
	const struct port *p;
	uint32_t s;
	uint64_t t0;

	fixture_init(&x);
	fixture_proc(&x, 77, 1, 0, "old", "/system.slice/old.service");
	s = fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "127.0.0.1:80", NULL);
	fixture_fd(&x, s, 77, 3);
	fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:22", NULL);
	f = fixture_apply(&x, 0);
	t0 = f->boot_ns;
	fixture_remove_sock(&x, s); /* with its descriptor: no dump skipped it */
	f = fixture_apply(&x, 1);
	p = port(f, PROTO_TCP, 80);
	assert_int_equal(f->open_ports, 1);
	assert_int_equal(f->ports.n, 2);
	assert_int_equal(p - f->ports.v, 1); /* at the end, though 80 > 22 anyway */
	assert_int_equal(p->marks, MARK_CLOSED | MARK_START);
	assert_int_equal(p->closed_ns, f->boot_ns);
	assert_int_equal(p->first_ns, t0);
	assert_int_equal(p->reason, REASON_GONE);
	assert_int_equal(p->addr_n, 1); /* where it was, and who had it */
	assert_int_equal(p->holder_n, 1);
	assert_int_equal(f->procs.v[f->holders.v[p->holder]].p.pid, 77);
	assert_int_equal(f->tally.ports.v[1].socks, 0);
	assert_true(f->tally.ports.v[1].any_closed);
	assert_int_equal(f->procs.v[frame_proc_by_key(f, 77, 7700)].port_n, 0); /* holds it no more */
	assert_int_equal(f->procs.v[frame_proc_by_key(f, 77, 7700)].sock_n, 0);

	s = fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "127.0.0.1:80", NULL);
	f = fixture_apply(&x, 1);
	p = port(f, PROTO_TCP, 80);
	assert_int_equal(f->ports.n, 2); /* one row a key, open or closed */
	assert_int_equal(p->marks, MARK_NEW);
	assert_int_equal(p->first_ns, f->boot_ns);
	assert_int_equal(p->member_n, 1);
	assert_int_equal(f->rings.v[p->ring].n, 2); /* the graph goes on */
	fixture_done(&x);
}

/* A listener that goes while its connections live on leaves a port of connections. */
static void listener_goes_connections_stay(void **state)
{
	struct fixture x;
	const struct frame *f;
	uint32_t s;

	fixture_init(&x);
	fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:80", "10.0.0.7:1");
	s = fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:80", NULL);
	f = fixture_apply(&x, 0);
	assert_int_equal(frame_row(f, 0)->dir, DIR_IN);
	fixture_remove_sock(&x, s);
	fixture_apply(&x, 1);
	f = fixture_apply(&x, 1);
	assert_int_equal(f->ports.n, 1);
	assert_int_equal(f->ports.v[0].flags, PORT_CLIENT);
	assert_int_equal(f->ports.v[0].member_n, 0);
	assert_true(f->tally.ports.v[0].any_closed);
	assert_int_equal(frame_row(f, 0)->dir, DIR_IN); /* it did not turn round */
	fixture_done(&x);
}

/* Nobody asked for the ports of outgoing connections: they are counted, and what they say of direction is known. */
static void client_ports_only_where_wanted(void **state)
{
	struct fixture x;
	const struct frame *f;
	uint32_t s;

	fixture_init(&x);
	fixture_netns(&x, "db");
	x.snap.want.attrs &= ~(uint32_t)WANT_CLIENT_PORTS;
	fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:80", "10.0.0.7:1");
	fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:50000", "10.0.0.7:443");
	fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:50000", "10.0.0.8:443");
	fixture_sock(&x, PROTO_UDP, STATE_ESTABLISHED, "10.0.0.5:50000", "10.0.0.8:53");
	s = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:50000", "10.0.0.8:443");
	x.snap.socks.v[s].netns = 1;
	s = fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:80", NULL);
	f = fixture_apply(&x, 0);
	assert_int_equal(f->ports.n, 1);
	assert_int_equal(f->totals.client_ports, 3); /* TCP here and in db, UDP */
	assert_int_equal(frame_port_of(f, 0), 0);
	for (uint32_t i = 1; i < 5; i++) {
		assert_int_equal(frame_port_of(f, i), NONE);
		assert_int_equal(frame_row(f, i)->dir, DIR_OUT);
	}
	assert_int_equal(frame_row(f, 0)->dir, DIR_IN);
	assert_int_equal(f->tally.ports.v[0].conns, 1);
	fixture_remove_sock(&x, s);
	fixture_apply(&x, 1);
	f = fixture_apply(&x, 1);
	assert_int_equal(f->ports.n, 1);
	assert_int_equal(f->ports.v[0].marks & MARK_CLOSED, MARK_CLOSED);
	assert_int_equal(f->totals.client_ports, 4);
	f = fixture_apply(&x, 4);
	assert_int_equal(f->ports.n, 0);
	x.snap.want.attrs |= WANT_CLIENT_PORTS;
	f = fixture_apply(&x, 1);
	assert_int_equal(f->ports.n, 4);
	assert_int_equal(f->totals.client_ports, 4);
	fixture_done(&x);
}

static void rings_live_as_long_as_the_key(void **state)
{
	struct fixture x;
	const struct frame *f;
	const struct ring *r;
	uint32_t s;

	fixture_init(&x);
	fixture_proc(&x, 77, 1, 0, "p", "");
	s = fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:80", NULL);
	x.snap.socks.v[s].recvq = 64;
	fixture_fd(&x, s, 77, 3);
	s = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:80", "10.0.0.7:1");
	fixture_fd(&x, s, 77, 4);
	for (int i = 0; i < 70; i++) {
		fixture_rate(&x, s, i * 10, i);
		f = fixture_apply(&x, 1);
	}
	r = &f->rings.v[f->ports.v[0].ring];
	assert_int_equal(r->n, RING_N);
	assert_float_equal(ring_rx(r, 0), 690, 0.5);
	assert_float_equal(ring_rx(r, 59), 100, 0.5);
	assert_float_equal(ring_tx(r, 1), 68, 0.5);
	assert_float_equal(ring_queue(r, 0), 0.5, 0.001);
	r = &f->rings.v[f->procs.v[0].ring];
	assert_float_equal(ring_rx(r, 0), 690, 0.5);
	assert_true(isnan(ring_queue(r, 0)));
	fixture_done(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_row_for_families_members_and_forks),
		cmocka_unit_test(what_star_means),
		cmocka_unit_test(sorted_and_split),
		cmocka_unit_test(bound_only),
		cmocka_unit_test(queue_of_the_fullest),
		cmocka_unit_test(drops),
		cmocka_unit_test(closed_and_taken_again),
		cmocka_unit_test(listener_goes_connections_stay),
		cmocka_unit_test(client_ports_only_where_wanted),
		cmocka_unit_test(rings_live_as_long_as_the_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
