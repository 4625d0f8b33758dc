/* Whom a kill hits, what it frees and what it ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fixture.h"
#include "sockeye/base/units.h"
#include "sockeye/model/kill.h"
#include <stdlib.h>
#include <string.h>

static struct pick port_pick(uint32_t port)
{
	return (struct pick){.kind = PICK_PORT, .proto = PROTO_TCP, .port = port};
}

static const struct kill_port *freed(const struct kill_plan *p, uint32_t port)
{
	for (size_t i = 0; i < p->ports.n; i++)
		if (p->ports.v[i].port == port)
			return &p->ports.v[i];
	return NULL;
}

/* node holds 8080 and 9229, has 3 connections in and 2 out; a client elsewhere talks to 8080. */
static void a_server(struct fixture *x)
{
	uint32_t s;

	fixture_init(x);
	fixture_user(x, 1000, "deploy");
	fixture_proc(x, 21877, 1, 1000, "node", "/system.slice/api.service");
	fixture_late(x, 21877, "/usr/bin/node server.js --port 8080", "/usr/bin/node");
	fixture_proc(x, 500, 1, 33, "nginx", "/system.slice/nginx.service");
	s = fixture_sock(x, PROTO_TCP, STATE_LISTENING, "*:8080", NULL);
	fixture_fd(x, s, 21877, 18);
	s = fixture_sock(x, PROTO_TCP, STATE_LISTENING, "127.0.0.1:9229", NULL);
	fixture_fd(x, s, 21877, 19);
	for (int i = 0; i < 3; i++) {
		s = fixture_sock(x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:8080", "10.0.0.7:1000");
		x->snap.socks.v[s].rport += (uint32_t)i;
		fixture_fd(x, s, 21877, 20 + i);
	}
	for (int i = 0; i < 2; i++) {
		s = fixture_sock(x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:40000", "10.0.0.7:5432");
		x->snap.socks.v[s].lport += (uint32_t)i;
		fixture_fd(x, s, 21877, 30 + i);
	}
	s = fixture_sock(x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:50000", "10.0.0.5:8080");
	fixture_fd(x, s, 500, 7);
	fixture_sock(x, PROTO_TCP, STATE_TIME_WAIT, "10.0.0.5:8080", "10.0.0.7:2000");
}

static void a_port(void **state)
{
	struct fixture x;
	struct kill_plan p;
	struct pick k = port_pick(8080);
	const struct frame *f;

	a_server(&x);
	f = fixture_apply(&x, 0);
	kill_plan_build(&p, f, &k, 1);
	assert_string_equal(p.title, "the holder of 8080/tcp");
	assert_int_equal(p.targets.n, 1); /* never the client */
	assert_int_equal(p.targets.v[0].pid, 21877);
	assert_int_equal(p.targets.v[0].start, 2187700);
	assert_int_equal(p.targets.v[0].uid, 1000);
	assert_string_equal(p.targets.v[0].name, "node");
	assert_string_equal(p.targets.v[0].user, "deploy");
	assert_string_equal(p.targets.v[0].unit, "api.service");
	assert_string_equal(p.targets.v[0].cmdline, "/usr/bin/node server.js --port 8080");
	assert_int_equal(p.targets.v[0].start_wall_ns, frame_proc_start_wall(f, 0));
	assert_int_equal(p.targets.v[0].refusal, KILL_OK);
	assert_int_equal(p.targets.v[0].proofs.n, 1);
	assert_int_equal(p.targets.v[0].proofs.v[0].fd, 18);
	assert_int_equal(p.targets.v[0].proofs.v[0].inode, 10001);
	assert_int_equal(p.targets.v[0].proofs.v[0].cookie, 1);
	assert_int_equal(p.ports.n, 2);
	assert_int_equal(p.ports.v[0].port, 8080);
	assert_string_equal(p.ports.v[0].addr, "*");
	assert_true(p.ports.v[0].asked && !p.ports.v[0].shared);
	assert_int_equal(p.ports.v[1].port, 9229);
	assert_string_equal(p.ports.v[1].addr, "127.0.0.1");
	assert_false(p.ports.v[1].asked);
	assert_int_equal(p.drops_in, 3);
	assert_int_equal(p.drops_out, 2);
	kill_plan_done(&p);
	kill_plan_done(NULL);
	fixture_done(&x);
}

/* A master goes, its workers hold on: that is known beforehand. */
static void children_are_remembered(void **state)
{
	struct fixture x;
	struct kill_plan p;
	struct pick k = {.kind = PICK_PROC, .pid = 1044, .start = 104400};
	const struct frame *f;

	fixture_init(&x);
	fixture_web1(&x, false);
	f = fixture_apply(&x, 1);
	kill_plan_build(&p, f, &k, 1);
	assert_int_equal(p.targets.n, 1);
	assert_int_equal(p.children.n, 4);
	assert_int_equal(p.children.v[0].pid, 1045);
	assert_int_equal(p.children.v[0].start, 104500);
	assert_false(p.unscanned);
	kill_plan_done(&p);
	k = port_pick(443);
	kill_plan_build(&p, f, &k, 1);
	assert_int_equal(p.targets.n, 5);
	assert_int_equal(p.children.n, 0); /* they are targets themselves */
	kill_plan_done(&p);
	fixture_done(&x);
}

static void a_connection_and_a_process(void **state)
{
	struct fixture x;
	struct kill_plan p;
	struct pick k = {.kind = PICK_SOCK, .cookie = 6};
	const struct frame *f;

	a_server(&x);
	f = fixture_apply(&x, 0);
	kill_plan_build(&p, f, &k, 1);
	assert_string_equal(p.title, "the owner of tcp 10.0.0.5:40000");
	assert_int_equal(p.targets.n, 1);
	assert_int_equal(p.targets.v[0].proofs.v[0].fd, 30);
	assert_int_equal(p.ports.n, 2);
	assert_false(p.ports.v[0].asked || p.ports.v[1].asked);
	kill_plan_done(&p);

	k.cookie = 1; /* the listener itself */
	kill_plan_build(&p, f, &k, 1);
	assert_true(freed(&p, 8080)->asked);
	kill_plan_done(&p);

	k = (struct pick){.kind = PICK_PROC, .pid = 21877, .start = 2187700};
	kill_plan_build(&p, f, &k, 1);
	assert_string_equal(p.title, "node 21877");
	assert_int_equal(p.targets.v[0].proofs.n, 7);
	assert_true(freed(&p, 8080)->asked && freed(&p, 9229)->asked);
	assert_int_equal(p.drops_in + p.drops_out, 5);
	kill_plan_done(&p);

	k = (struct pick){.kind = PICK_PROC, .pid = 500, .start = 50000};
	kill_plan_build(&p, f, &k, 1);
	assert_int_equal(p.targets.n, 1);
	assert_int_equal(p.ports.n, 0); /* a client's port frees nothing */
	assert_int_equal(p.drops_out, 1);
	kill_plan_done(&p);

	k.start++; /* another process with that number */
	kill_plan_build(&p, f, &k, 1);
	assert_int_equal(p.targets.n, 0);
	assert_int_equal(p.no_owner_reason, REASON_GONE);
	kill_plan_done(&p);
	fixture_done(&x);
}

static void nobody_to_kill(void **state)
{
	struct fixture x;
	struct kill_plan p;
	struct pick k;
	const struct frame *f;

	a_server(&x);
	fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:2049", NULL);
	f = fixture_apply(&x, 0);
	k = port_pick(2049);
	kill_plan_build(&p, f, &k, 1);
	assert_int_equal(p.targets.n, 0);
	assert_int_equal(p.no_owner_reason, REASON_KERNEL);
	assert_int_equal(p.drops_in + p.drops_out, 0);
	kill_plan_done(&p);
	k = (struct pick){.kind = PICK_PROC};
	kill_plan_build(&p, f, &k, 1);
	assert_int_equal(p.targets.n, 0);
	assert_int_equal(p.no_owner_reason, REASON_KERNEL);
	kill_plan_done(&p);
	k = (struct pick){.kind = PICK_SOCK, .cookie = 9}; /* time-wait */
	kill_plan_build(&p, f, &k, 1);
	assert_int_equal(p.targets.n, 0);
	assert_int_equal(p.no_owner_reason, REASON_TIME_WAIT);
	kill_plan_done(&p);
	k = port_pick(50000); /* a client's port: clients are never the holders of a port */
	kill_plan_build(&p, f, &k, 1);
	assert_int_equal(p.targets.n, 0);
	kill_plan_done(&p);
	k = port_pick(4);
	kill_plan_build(&p, f, &k, 1);
	assert_int_equal(p.targets.n, 0);
	assert_int_equal(p.no_owner_reason, REASON_GONE);
	kill_plan_done(&p);
	kill_plan_build(&p, f, NULL, 0);
	assert_int_equal(p.targets.n, 0);
	kill_plan_done(&p);
	fixture_done(&x);
}

/* A former owner is no target: not of a time-wait row, not of a port that has closed. */
static void formers_are_spared(void **state)
{
	struct fixture x;
	struct kill_plan p;
	struct pick k = port_pick(8080);
	const struct frame *f;

	a_server(&x);
	fixture_apply(&x, 0);
	x.snap.socks.v[2].state = STATE_TIME_WAIT;
	x.snap.socks.v[2].inode = 0;
	x.snap.socks.v[3].state = STATE_FIN_WAIT_2; /* closed by node already: no longer its to lose */
	x.snap.socks.v[3].inode = 0;
	fixture_remove_sock(&x, 0); /* 8080 goes, node lives on */
	fixture_apply(&x, 1);
	f = fixture_apply(&x, 1);
	assert_true(f->ports.v[frame_port_by_key(f, 0, PROTO_TCP, 8080)].flags & PORT_CLIENT);
	kill_plan_build(&p, f, &k, 1);
	assert_int_equal(p.targets.n, 0);
	kill_plan_done(&p);
	k = (struct pick){.kind = PICK_SOCK, .cookie = 3};
	assert_int_equal(frame_row(f, frame_row_by_cookie(f, 0, 3))->owner_n, 1);
	kill_plan_build(&p, f, &k, 1);
	assert_int_equal(p.targets.n, 0);
	assert_int_equal(p.no_owner_reason, REASON_TIME_WAIT);
	kill_plan_done(&p);
	k = (struct pick){.kind = PICK_PROC, .pid = 21877, .start = 2187700};
	kill_plan_build(&p, f, &k, 1);
	assert_int_equal(p.drops_in, 1);
	assert_int_equal(p.drops_out, 2);
	kill_plan_done(&p);
	fixture_done(&x);
}

static void parents_first_and_shared_ports(void **state)
{
	struct fixture x;
	struct kill_plan p;
	struct pick k[2] = {port_pick(80), port_pick(80)};
	const struct frame *f;
	uint32_t s, u, one;

	fixture_init(&x);
	fixture_proc(&x, 31, 30, 33, "worker", "")->start = 5000; /* the same tick as its parent */
	fixture_proc(&x, 40, 30, 33, "worker", "")->start = 4000;
	fixture_proc(&x, 30, 1, 0, "master", "")->start = 5000;
	fixture_proc(&x, 1, 0, 0, "systemd", "")->start = 0;
	s = fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "0.0.0.0:80", NULL);
	u = fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "[::]:81", NULL);
	fixture_fd(&x, s, 31, 6);
	fixture_fd(&x, s, 30, 6);
	fixture_fd(&x, s, 40, 6);
	fixture_fd(&x, u, 31, 7);
	fixture_fd(&x, u, 1, 7);
	one = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:80", "10.0.0.7:1");
	x.snap.socks.v[one].inode = 0; /* waits in the queue of a listener that will be gone */
	one = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:80", "10.0.0.7:2");
	fixture_fd(&x, one, 31, 9);
	fixture_fd(&x, one, 1, 9); /* somebody else has it too: it will not end */
	f = fixture_apply(&x, 0);
	kill_plan_build(&p, f, k, 2);
	assert_string_equal(p.title, "the holders of 2 ports");
	assert_int_equal(p.targets.n, 3);
	assert_int_equal(p.targets.v[0].pid, 30);
	assert_int_equal(p.targets.v[1].pid == 40 ? p.targets.v[2].pid : p.targets.v[1].pid, 31);
	assert_int_equal(p.ports.n, 2);
	assert_false(freed(&p, 80)->shared);
	assert_string_equal(freed(&p, 80)->addr, "0.0.0.0");
	assert_true(freed(&p, 81)->shared);
	assert_string_equal(freed(&p, 81)->addr, "[::]");
	assert_int_equal(p.drops_in, 1);
	kill_plan_done(&p);

	k[0] = port_pick(81);
	kill_plan_build(&p, f, k, 1);
	assert_int_equal(p.targets.n, 2);
	assert_int_equal(p.targets.v[0].pid, 1);
	assert_int_equal(p.targets.v[0].refusal, KILL_SOCKET_UNIT);
	assert_int_equal(p.targets.v[1].refusal, KILL_OK);
	assert_true(freed(&p, 80)->shared);
	kill_plan_done(&p);

	k[0] = (struct pick){.kind = PICK_SOCK, .cookie = 1};
	x.snap.procs.v[0].state = 'Z';
	f = fixture_apply(&x, 1);
	kill_plan_build(&p, f, k, 1);
	for (size_t i = 0; i < p.targets.n; i++)
		assert_int_equal(p.targets.v[i].refusal, p.targets.v[i].pid == 31 ? KILL_ZOMBIE : KILL_OK);
	kill_plan_done(&p);
	x.snap.procs.v[0].threads = 2; /* its first thread has ended, the process has not */
	f = fixture_apply(&x, 1);
	kill_plan_build(&p, f, k, 1);
	assert_true(p.targets.n > 0);
	for (size_t i = 0; i < p.targets.n; i++)
		assert_int_equal(p.targets.v[i].refusal, KILL_OK);
	kill_plan_done(&p);
	fixture_done(&x);
}

static void several_addresses(void **state)
{
	struct fixture x;
	struct kill_plan p;
	struct pick k = port_pick(53);
	uint32_t s;

	fixture_init(&x);
	fixture_proc(&x, 30, 1, 0, "named", "");
	s = fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "10.0.0.5:53", NULL);
	fixture_fd(&x, s, 30, 6);
	s = fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "[2001:db8::1]:53", NULL);
	fixture_fd(&x, s, 30, 7);
	s = fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "127.0.0.1:53", NULL);
	fixture_fd(&x, s, 30, 8);
	kill_plan_build(&p, fixture_apply(&x, 0), &k, 1);
	assert_string_equal(p.ports.v[0].addr, "10.0.0.5 +2");
	assert_string_equal(p.targets.v[0].user, "0"); /* no name known yet */
	assert_null(p.targets.v[0].cmdline);
	assert_int_equal(p.targets.v[0].proofs.n, 3);
	kill_plan_done(&p);
	fixture_done(&x);
}

static void hostile_texts_are_safe(void **state)
{
	struct fixture x;
	struct pick k;
	const struct frame *f;

	fixture_init(&x);
	fixture_web1(&x, true);
	fixture_user(&x, 1000, "\x1b[2Jroot\n");
	f = fixture_apply(&x, 1);
	for (uint32_t port = 16661; port < 16668; port++) {
		struct kill_plan p;

		k = port_pick(port);
		kill_plan_build(&p, f, &k, 1);
		assert_int_equal(p.targets.n, 1);
		const char *texts[] = {p.targets.v[0].name, p.targets.v[0].user, p.targets.v[0].unit,
				       p.targets.v[0].cmdline, p.title};

		for (int i = 0; i < 5; i++)
			for (const char *c = texts[i]; *c; c++)
				assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
		kill_plan_done(&p);
	}
	fixture_done(&x);
}

/* The same port in two namespaces, whose numbers change from one look to the next. */
static void namespaces_are_renumbered(void **state)
{
	struct fixture x;
	struct kill_plan p;
	struct pick k;
	struct snap_netns one;
	const struct frame *f;
	uint16_t a, b;
	uint32_t s;

	fixture_init(&x);
	a = fixture_netns(&x, "a");
	b = fixture_netns(&x, "b");
	for (uint32_t i = 0; i < 2; i++) {
		fixture_proc(&x, 700 + i, 1, 0, "app", "");
		s = fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:8080", NULL);
		x.snap.socks.v[s].netns = i ? b : a;
		fixture_fd(&x, s, 700 + i, 3);
	}
	f = fixture_apply(&x, 1);
	k = (struct pick){.kind = PICK_PORT,
			  .netns = b,
			  .netns_inode = frame_netns_inode(f, b),
			  .proto = PROTO_TCP,
			  .port = 8080};
	one = x.snap.netns.v[a];
	x.snap.netns.v[a] = x.snap.netns.v[b];
	x.snap.netns.v[b] = one;
	for (uint32_t i = 0; i < 2; i++)
		x.snap.socks.v[i].netns = i ? a : b;
	f = fixture_apply(&x, 1);
	kill_plan_build(&p, f, &k, 1);
	assert_int_equal(p.targets.n, 1);
	assert_int_equal(p.targets.v[0].pid, 701);
	assert_int_equal(p.ports.n, 1);
	assert_int_equal(p.ports.v[0].netns, a);
	assert_int_equal(p.ports.v[0].netns_inode, k.netns_inode);
	kill_plan_done(&p);

	/* it ends, and its number is another's */
	x.snap.netns.v[a].inode++;
	for (int i = 0; i < 8; i++) /* what has closed is shown for a while */
		f = fixture_apply(&x, 1);
	assert_int_not_equal(frame_port_by_key(f, a, PROTO_TCP, 8080), NONE);
	kill_plan_build(&p, f, &k, 1);
	assert_int_equal(p.targets.n, 0);
	assert_int_equal(p.ports.n, 0);
	assert_int_equal(p.no_owner_reason, REASON_GONE);
	kill_plan_done(&p);
	pick_settle(f, &k);
	assert_int_equal(k.netns, UINT16_MAX);
	fixture_done(&x);
}

static void refusals_are_sentences(void **state)
{
	for (int i = 1; i < KILL_REFUSAL_N; i++) {
		assert_true(kill_refusal_table[i].key && kill_refusal_table[i].key[0]);
		assert_true(kill_refusal_table[i].text && kill_refusal_table[i].text[0]);
	}
	assert_string_equal(kill_refusal_table[KILL_ANCESTOR].text, "%s carries this session");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_port),
		cmocka_unit_test(children_are_remembered),
		cmocka_unit_test(a_connection_and_a_process),
		cmocka_unit_test(nobody_to_kill),
		cmocka_unit_test(formers_are_spared),
		cmocka_unit_test(parents_first_and_shared_ports),
		cmocka_unit_test(several_addresses),
		cmocka_unit_test(hostile_texts_are_safe),
		cmocka_unit_test(namespaces_are_renumbered),
		cmocka_unit_test(refusals_are_sentences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
