/* What is counted once and who talks to whom beyond TCP and UDP: MPTCP and its subflows, unix pairs, the kernel's
 * own netlink sockets, protocols that nobody asked to count. */
#include "sockeye/model/world.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct desk {
	struct intern *names;
	struct world *world;
	struct snapshot snap;
	struct frame frames[3];
	unsigned n;
	uint64_t now;
};

static int setup(void **state)
{
	struct desk *d = calloc(1, sizeof(*d));

	d->names = intern_new();
	d->world = world_new(d->names, NULL, 100);
	snapshot_init(&d->snap);
	for (int i = 0; i < 3; i++)
		frame_init(&d->frames[i]);
	d->now = UINT64_C(1000000000000);
	*state = d;
	return 0;
}

static int teardown(void **state)
{
	struct desk *d = *state;

	snapshot_done(&d->snap);
	world_free(d->world);
	for (int i = 0; i < 3; i++)
		frame_done(&d->frames[i]);
	intern_free(d->names);
	free(d);
	return 0;
}

static void begin(struct desk *d)
{
	snapshot_clear(&d->snap);
	d->now += UINT64_C(1000000000);
	d->snap.boot_ns = d->now;
	d->snap.wall_ns = d->now * 2;
	d->snap.want =
		(struct want){.protos = PROTOS_ALL, .states = STATES_ALL, .attrs = WANT_INFO | WANT_OWNERS};
	d->snap.owners_complete = true;
	for (uint16_t i = 0; i < 2; i++)
		vec_push(&d->snap.netns, ((struct snap_netns){.inode = 100u + i, .own = !i}));
	for (uint32_t i = 0; i < 2; i++)
		vec_push(&d->snap.procs,
			 ((struct snap_proc){.pid = 10 + i,
					     .start = 5,
					     .comm = intern_adds(d->names, i ? "client" : "server")}));
}

static struct sock *add(struct desk *d, enum proto proto, enum state state, uint32_t lport, uint32_t rport,
			uint32_t inode)
{
	struct sock *s = vec_add(&d->snap.socks);

	*s = (struct sock){.cookie = 1000 + d->snap.socks.n,
			   .proto = (uint8_t)proto,
			   .state = (uint8_t)state,
			   .lport = lport,
			   .rport = rport,
			   .inode = inode,
			   .flags = SOCK_HAS_UID | SOCK_SEARCHED,
			   .uid = 0};
	if (proto == PROTO_UNIX)
		s->family = FAMILY_UNIX;
	else if (proto == PROTO_NETLINK)
		s->family = FAMILY_NETLINK;
	else
		s->laddr[0] = 127, s->laddr[3] = 1, s->raddr[0] = rport ? 127 : 0,
		s->raddr[3] = rport ? 1 : 0;
	return s;
}

static void held(struct desk *d, uint32_t inode, uint32_t proc)
{
	vec_push(&d->snap.fds, ((struct snap_fd){inode, proc, (int32_t)d->snap.fds.n + 3}));
}

static const struct frame *apply(struct desk *d)
{
	struct frame *f = &d->frames[d->n++ % 3];

	world_apply(d->world, &d->snap, UINT64_C(1000000000), f);
	return f;
}

/* As the kernel has it: a listener in both tables, two accepted connections, each with a subflow in TCP's table, one
 * of them with a second subflow from another port, and one that waits. */
static void mptcp(struct desk *d, uint64_t bytes)
{
	struct sock *s;

	begin(d);
	add(d, PROTO_TCP, STATE_LISTENING, 8080, 0, 70)->sendq = 16;
	s = add(d, PROTO_TCP, STATE_ESTABLISHED, 8080, 40000, 71);
	s->flags |= SOCK_SUBFLOW | SOCK_HAS_INFO, s->token = 0x71, s->rx_bytes = 5 * bytes;
	s = add(d, PROTO_TCP, STATE_ESTABLISHED, 8080, 40001, 72);
	s->flags |= SOCK_SUBFLOW | SOCK_HAS_INFO, s->token = 0x72, s->rx_bytes = 7 * bytes;
	s = add(d, PROTO_TCP, STATE_ESTABLISHED, 8080, 40077, 72); /* the second one of 72 */
	s->flags |= SOCK_SUBFLOW | SOCK_HAS_INFO, s->token = 0x72;
	add(d, PROTO_TCP, STATE_ESTABLISHED, 8080, 40002, 0); /* waits; its token was not told */
	s = add(d, PROTO_TCP, STATE_ESTABLISHED, 8080, 40078, 0); /* waits too, known by its token */
	s->flags |= SOCK_SUBFLOW, s->token = 0x73;
	add(d, PROTO_TCP, STATE_ESTABLISHED, 8080, 40003, 73); /* a client that has no MPTCP */
	s = add(d, PROTO_MPTCP, STATE_LISTENING, 8080, 0, 70);
	s->recvq = 1, s->sendq = 16;
	s = add(d, PROTO_MPTCP, STATE_ESTABLISHED, 8080, 40000, 71);
	s->flags |= SOCK_HAS_BYTES, s->token = 0x71, s->rx_bytes = 5 * bytes;
	s = add(d, PROTO_MPTCP, STATE_ESTABLISHED, 8080, 40001, 72);
	s->flags |= SOCK_HAS_BYTES, s->token = 0x72, s->rx_bytes = 7 * bytes;
	add(d, PROTO_MPTCP, STATE_ESTABLISHED, 8080, 40002, 0)->token = 0x73;
	for (uint32_t inode = 70; inode <= 73; inode++)
		held(d, inode, 0);
}

static uint32_t row_of(const struct frame *f, enum proto proto, uint32_t rport)
{
	for (uint32_t i = 0; i < f->open_rows; i++)
		if (frame_sock(f, i)->proto == proto && frame_sock(f, i)->rport == rport)
			return i;
	fail_msg("no row of port %u", rport);
	return NONE;
}

static void test_mptcp_counts_once(void **state)
{
	struct desk *d = *state;
	const struct frame *f;
	const struct port *p;
	uint32_t port;

	mptcp(d, 0);
	f = apply(d);
	assert_int_equal(frame_row(f, row_of(f, PROTO_TCP, 40000))->parent, row_of(f, PROTO_MPTCP, 40000));
	assert_int_equal(frame_row(f, row_of(f, PROTO_TCP, 40001))->parent, row_of(f, PROTO_MPTCP, 40001));
	assert_int_equal(frame_row(f, row_of(f, PROTO_TCP, 40077))->parent, row_of(f, PROTO_MPTCP, 40001));
	assert_int_equal(frame_row(f, row_of(f, PROTO_TCP, 40002))->parent, row_of(f, PROTO_MPTCP, 40002));
	assert_int_equal(frame_row(f, row_of(f, PROTO_TCP, 40078))->parent, row_of(f, PROTO_MPTCP, 40002));
	assert_int_equal(frame_row(f, row_of(f, PROTO_TCP, 40003))->parent, NONE);
	assert_int_equal(frame_row(f, row_of(f, PROTO_MPTCP, 40001))->parent, NONE);

	/* One port, with three MPTCP connections and the plain one. */
	assert_int_equal(f->ports.n, 1);
	port = frame_port_by_key(f, 0, PROTO_MPTCP, 8080);
	assert_int_equal(port, 0);
	assert_int_equal(frame_port_by_key(f, 0, PROTO_TCP, 8080), NONE);
	p = &f->ports.v[port];
	assert_int_equal(p->member_n, 1);
	assert_int_equal(p->addr_n, 1);
	assert_false(p->flags & (PORT_REUSEPORT | PORT_CLIENT));
	assert_int_equal(p->backlog, 1);
	assert_int_equal(f->tally.ports.v[port].conns, 4);
	assert_int_equal(f->tally.ports.v[port].states[STATE_LISTENING], 1);
	assert_int_equal(f->tally.procs.v[0].conns, 3); /* the one that waits is nobody's */
	assert_int_equal(f->tally.procs.v[0].socks, 4);
	assert_int_equal(f->totals.states[STATE_ESTABLISHED], 4);
	assert_int_equal(f->totals.listening, 1);
	/* What waits, in either table, waits in that listener's queue; and all came in. */
	assert_int_equal(frame_row(f, row_of(f, PROTO_MPTCP, 40002))->reason, REASON_UNACCEPTED);
	assert_int_equal(frame_row(f, row_of(f, PROTO_TCP, 40002))->listener, row_of(f, PROTO_MPTCP, 0));
	assert_int_equal(frame_row(f, row_of(f, PROTO_TCP, 40003))->dir, DIR_IN);
	assert_int_equal(frame_row(f, row_of(f, PROTO_MPTCP, 40000))->dir, DIR_IN);
}

static void test_mptcp_rates_count_once(void **state)
{
	struct desk *d = *state;
	const struct frame *f;

	mptcp(d, 100);
	apply(d);
	mptcp(d, 200);
	f = apply(d);
	assert_true(fabsf(frame_row(f, row_of(f, PROTO_MPTCP, 40000))->rx_rate - 500.f) < 1.f);
	assert_true(fabsf(f->tally.ports.v[0].rx_rate - 1200.f) < 1.f);
	assert_true(fabsf(f->totals.rx_rate - 1200.f) < 1.f);
}

/* Of a kernel that counts no bytes of the whole, those of the parts are taken. */
static void test_mptcp_rates_of_parts(void **state)
{
	struct desk *d = *state;
	const struct frame *f;

	for (uint64_t bytes = 100; bytes <= 200; bytes += 100) {
		mptcp(d, bytes);
		for (size_t i = 0; i < d->snap.socks.n; i++)
			d->snap.socks.v[i].flags &= (uint16_t)~SOCK_HAS_BYTES;
		f = apply(d);
	}
	assert_true(fabsf(f->tally.ports.v[0].rx_rate - 1200.f) < 1.f);
}

static void test_filter_on_subflows(void **state)
{
	struct desk *d = *state;
	const struct frame *f;
	struct tally t = {0};
	uint8_t picked[32] = {0};

	mptcp(d, 0);
	f = apply(d);
	assert_true(f->rows_n < sizeof(picked));
	for (uint32_t i = 0; i < f->rows_n; i++)
		picked[i] = frame_sock(f, i)->proto == PROTO_TCP;
	tally_run(&t, f, picked);
	assert_int_equal(t.ports.v[0].conns, 6); /* each of them: what they work for was not picked */
	memset(picked, 1, sizeof(picked));
	tally_run(&t, f, picked);
	assert_int_equal(t.ports.v[0].conns, 4);
	tally_done(&t);
}

/* TCP listens on another address of the port: its connections stay its own. */
static void test_tcp_beside_mptcp(void **state)
{
	struct desk *d = *state;
	const struct frame *f;

	mptcp(d, 0);
	add(d, PROTO_TCP, STATE_LISTENING, 8080, 0, 90)->laddr[3] = 9;
	f = apply(d);
	assert_int_equal(f->ports.n, 2);
	assert_true(frame_port_by_key(f, 0, PROTO_TCP, 8080) != NONE);
	assert_int_equal(f->tally.ports.v[frame_port_by_key(f, 0, PROTO_TCP, 8080)].conns, 1);
	assert_int_equal(f->tally.ports.v[frame_port_by_key(f, 0, PROTO_MPTCP, 8080)].conns, 3);
}

static void test_port_row_survives(void **state)
{
	struct desk *d = *state;
	const struct frame *f;
	uint64_t first;

	mptcp(d, 0);
	f = apply(d);
	first = f->ports.v[0].first_ns;
	for (int i = 0; i < 3; i++) {
		mptcp(d, 0);
		f = apply(d);
		assert_int_equal(f->ports.n, 1);
		assert_true(f->ports.v[0].first_ns == first);
		assert_int_equal(f->rows_n, 11);
	}
}

static struct sock *unix_sock(struct desk *d, enum state state, uint32_t inode, uint32_t peer,
			      const char *name, size_t n)
{
	struct sock *s = add(d, PROTO_UNIX, state, 0, 0, inode);

	s->lname = intern_add(d->names, name, n);
	s->peer_inode = peer;
	return s;
}

static void test_unix_peers(void **state)
{
	struct desk *d = *state;
	const struct frame *f;

	begin(d);
	unix_sock(d, STATE_LISTENING, 1, 0, "/run/a", 6);
	unix_sock(d, STATE_ESTABLISHED, 2, 3, "/run/a", 6);
	unix_sock(d, STATE_ESTABLISHED, 3, 2, "", 0)->netns = 1; /* its client, in another namespace */
	unix_sock(d, STATE_ESTABLISHED, 4, 0, "", 0); /* waits */
	unix_sock(d, STATE_UNCONN, 5, 0, "@log", 4);
	unix_sock(d, STATE_ESTABLISHED, 6, 5, "", 0);
	unix_sock(d, STATE_ESTABLISHED, 7, 5, "", 0);
	unix_sock(d, STATE_ESTABLISHED, 8, 99, "", 0); /* the other end was not seen */
	vec_push(&d->snap.waiting, ((struct snap_waiting){4, 1}));
	vec_push(&d->snap.waiting, ((struct snap_waiting){77, 1})); /* gone meanwhile */
	vec_push(&d->snap.waiting, ((struct snap_waiting){0, 1}));
	held(d, 1, 0);
	f = apply(d);
	assert_int_equal(frame_row(f, 1)->peer, 2);
	assert_int_equal(frame_row(f, 2)->peer, 1);
	assert_int_equal(frame_row(f, 3)->peer, 0);
	assert_int_equal(frame_row(f, 0)->peer, NONE);
	assert_int_equal(frame_row(f, 4)->peer, NONE);
	assert_int_equal(frame_row(f, 5)->peer, 4);
	assert_int_equal(frame_row(f, 6)->peer, 4);
	assert_int_equal(frame_row(f, 7)->peer, NONE);
	/* Nobody's, though root's: the kernel itself has no unix sockets. */
	assert_int_equal(frame_row(f, 4)->reason, REASON_NO_FD);
	assert_int_equal(frame_row(f, 0)->scope, SCOPE_NONE);
	assert_int_equal(f->ports.n, 0);
	assert_int_equal(f->totals.listening, 0);
	assert_int_equal(f->tally.procs.v[0].socks, 0); /* not counted where nobody asks */
}

static void test_kernel_netlink(void **state)
{
	struct desk *d = *state;
	const struct frame *f;

	begin(d);
	add(d, PROTO_NETLINK, STATE_UNCONN, 0, 0, 50)->flags = SOCK_SEARCHED;
	add(d, PROTO_NETLINK, STATE_UNCONN, 4711, 0, 51)->flags = SOCK_SEARCHED;
	f = apply(d);
	assert_int_equal(frame_row(f, 0)->reason, REASON_KERNEL);
	assert_int_equal(frame_row(f, 1)->reason, REASON_NO_FD);
	assert_int_equal(f->ports.n, 0);
}

static void test_vsock_port(void **state)
{
	struct desk *d = *state;
	const struct frame *f;
	struct sock *s;

	begin(d);
	s = add(d, PROTO_VSOCK, STATE_LISTENING, 1024, 0, 60);
	s->family = FAMILY_VSOCK, s->lname = intern_adds(d->names, "*"), memset(s->raddr, 0, 16);
	s = add(d, PROTO_VSOCK, STATE_ESTABLISHED, 1024, 4000000000u, 0);
	s->family = FAMILY_VSOCK, s->lname = intern_adds(d->names, "3"),
	s->rname = intern_adds(d->names, "2");
	held(d, 60, 0);
	f = apply(d);
	assert_int_equal(f->ports.n, 1);
	assert_int_equal(f->ports.v[0].proto, PROTO_VSOCK);
	assert_string_equal(intern_get(d->names, f->addrs.v[f->ports.v[0].addr].name), "*");
	assert_int_equal(f->ports.v[0].flags & (PORT_NO_LIMIT | PORT_NO_QUEUE | PORT_ANY4),
			 PORT_NO_LIMIT | PORT_NO_QUEUE);
	assert_int_equal(f->tally.ports.v[0].conns, 1);
	assert_int_equal(frame_row(f, 1)->reason, REASON_UNACCEPTED);
	assert_int_equal(frame_row(f, 1)->listener, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_mptcp_counts_once),    TEST(test_mptcp_rates_count_once),
		TEST(test_mptcp_rates_of_parts), TEST(test_filter_on_subflows),
		TEST(test_tcp_beside_mptcp),     TEST(test_port_row_survives),
		TEST(test_unix_peers),           TEST(test_kernel_netlink),
		TEST(test_vsock_port),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
