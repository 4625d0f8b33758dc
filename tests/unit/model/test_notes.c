/* The history of sockets and ports: what is noted, what is not, and that it goes from frame to frame. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fixture.h"
#include <stdio.h>

static const struct note *last_of_port(const struct frame *f)
{
	return f->port_notes.v.n ? &f->port_notes.v.v[f->port_notes.v.n - 1] : NULL;
}

static void states_of_a_socket(void **state)
{
	struct fixture x;
	const struct frame *f;
	uint32_t s;
	uint64_t at;

	fixture_init(&x);
	s = fixture_sock(&x, PROTO_TCP, STATE_SYN_SENT, "10.0.0.5:40000", "10.0.0.7:80");
	fixture_apply(&x, 1);
	x.snap.socks.v[s].state = STATE_ESTABLISHED;
	f = fixture_apply(&x, 1);
	assert_int_equal(f->sock_notes.v.n, 0); /* every connection does that */
	x.snap.socks.v[s].state = STATE_CLOSE_WAIT;
	f = fixture_apply(&x, 1);
	at = f->boot_ns;
	assert_int_equal(f->sock_notes.v.n, 1);
	for (int i = 0; i < 5; i++)
		f = fixture_apply(&x, 1);
	x.snap.socks.v[s].state = STATE_LAST_ACK;
	f = fixture_apply(&x, 1);
	assert_int_equal(f->sock_notes.v.n, 2);
	assert_int_equal(f->sock_notes.v.v[0].at_ns, at);
	assert_int_equal(f->sock_notes.v.v[0].from, STATE_ESTABLISHED);
	assert_int_equal(f->sock_notes.v.v[0].to, STATE_CLOSE_WAIT);
	assert_int_equal(f->sock_notes.v.v[0].b, x.snap.socks.n ? frame_sock(f, 0)->cookie : 0);
	assert_int_equal(f->sock_notes.v.v[1].to, STATE_LAST_ACK);
	fixture_done(&x);
}

/* Of a connection that is being looked at every state is noted, of the others beside it none that all go through. */
static void states_of_a_shown_socket(void **state)
{
	static const uint8_t states[] = {STATE_SYN_SENT, STATE_ESTABLISHED, STATE_FIN_WAIT_2,
					 STATE_TIME_WAIT};
	struct fixture x;
	const struct frame *f = NULL;
	uint32_t s, other;
	uint64_t cookie;

	fixture_init(&x);
	s = fixture_sock(&x, PROTO_TCP, STATE_SYN_SENT, "10.0.0.5:40000", "10.0.0.7:80");
	other = fixture_sock(&x, PROTO_TCP, STATE_SYN_SENT, "10.0.0.5:40001", "10.0.0.7:80");
	cookie = x.snap.socks.v[s].cookie;
	world_show(x.world, x.snap.netns.v[0].inode, cookie);
	for (size_t i = 0; i < ARRAY_LEN(states); i++) {
		x.snap.socks.v[s].state = x.snap.socks.v[other].state = states[i];
		if (i >= 2)
			x.snap.socks.v[s].flags = x.snap.socks.v[other].flags = SOCK_MINI;
		f = fixture_apply(&x, 1);
	}
	assert_int_equal(f->sock_notes.v.n, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_true(f->sock_notes.v.v[i].b == cookie);
		assert_int_equal(f->sock_notes.v.v[i].from, states[i]);
		assert_int_equal(f->sock_notes.v.v[i].to, states[i + 1]);
	}
	/* It is one of eight: others that are looked at after it take its place. */
	for (uint64_t i = 1; i <= 8; i++)
		world_show(x.world, x.snap.netns.v[0].inode, cookie + 1000 + i);
	x.snap.socks.v[s].state = STATE_CLOSING;
	f = fixture_apply(&x, 1);
	assert_int_equal(f->sock_notes.v.n, 3);
	fixture_done(&x);
}

/* When it got stuck, and when the other end was heard from again; what the timer counts besides is no news. */
static void a_stuck_connection(void **state)
{
	static const uint8_t retrans[] = {0, 1, 2, 3, 0, 1};
	struct fixture x;
	const struct frame *f = NULL;
	uint32_t s;
	uint64_t at[ARRAY_LEN(retrans)];

	fixture_init(&x);
	s = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:40000", "10.0.0.7:80");
	x.snap.socks.v[s].sendq = 100;
	for (size_t i = 0; i < ARRAY_LEN(retrans); i++) {
		x.snap.socks.v[s].retrans = retrans[i];
		x.snap.socks.v[s].timer = retrans[i] ? 1 : 0;
		f = fixture_apply(&x, 1);
		at[i] = f->boot_ns;
	}
	assert_int_equal(f->sock_notes.v.n, 2);
	assert_int_equal(f->sock_notes.v.v[0].kind, NOTE_STUCK);
	assert_true(f->sock_notes.v.v[0].at_ns == at[2]);
	assert_true(f->sock_notes.v.v[0].b == x.snap.socks.v[s].cookie);
	assert_int_equal(f->sock_notes.v.v[1].kind, NOTE_HEARD);
	assert_true(f->sock_notes.v.v[1].at_ns == at[4]);
	/* A window probe, and a keepalive, are counted in the same place. */
	x.snap.socks.v[s].timer = 4;
	x.snap.socks.v[s].retrans = 7;
	f = fixture_apply(&x, 1);
	assert_int_equal(f->sock_notes.v.n, 2);
	fixture_done(&x);
}

static void queue_and_drops_of_a_port(void **state)
{
	struct fixture x;
	const struct frame *f;
	uint32_t s;

	fixture_init(&x);
	fixture_proc(&x, 30, 1, 0, "web", "");
	s = fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:80", NULL);
	x.snap.socks.v[s].sendq = 4;
	fixture_fd(&x, s, 30, 3);
	f = fixture_apply(&x, 1);
	assert_null(last_of_port(f)); /* it was there at the first look: nothing happened */
	x.snap.socks.v[s].recvq = 4;
	f = fixture_apply(&x, 1);
	assert_int_equal(last_of_port(f)->kind, NOTE_FULL);
	assert_int_equal(last_of_port(f)->b, 80);
	x.snap.socks.v[s].recvq = 5;
	f = fixture_apply(&x, 1);
	assert_int_equal(f->port_notes.v.n, 1); /* still so */
	x.snap.socks.v[s].recvq = 3;
	f = fixture_apply(&x, 1);
	assert_int_equal(last_of_port(f)->kind, NOTE_ROOM);
	fixture_done(&x);
}

static void holders_of_a_port(void **state)
{
	struct fixture x;
	const struct frame *f;
	uint32_t s;

	fixture_init(&x);
	fixture_proc(&x, 30, 1, 0, "web", "");
	fixture_proc(&x, 31, 30, 0, "worker", "");
	fixture_apply(&x, 1);
	s = fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:80", NULL);
	fixture_fd(&x, s, 30, 3);
	f = fixture_apply(&x, 1);
	assert_int_equal(last_of_port(f)->kind, NOTE_UP);
	assert_int_equal(last_of_port(f)->pid, 30);
	fixture_fd(&x, s, 31, 3);
	f = fixture_apply(&x, 1);
	assert_int_equal(last_of_port(f)->kind, NOTE_HOLDER);
	assert_int_equal(last_of_port(f)->pid, 31);
	for (size_t i = 0; i < x.snap.procs.n; i++)
		if (x.snap.procs.v[i].pid == 31)
			x.snap.procs.v[i].state = 'T';
	f = fixture_apply(&x, 1);
	assert_int_equal(last_of_port(f)->kind, NOTE_STOPPED);
	assert_string_equal(intern_get(f->names, last_of_port(f)->comm), "worker");
	/* Not everybody was looked at: who is missing may hold it yet. */
	x.snap.owners_complete = false;
	x.snap.fds.n = 1;
	f = fixture_apply(&x, 1);
	assert_int_equal(last_of_port(f)->kind, NOTE_STOPPED);
	fixture_done(&x);
}

/* More than is kept: the newest stay, and a storm in one look is cut. */
static void is_bounded(void **state)
{
	struct fixture x;
	const struct frame *f = NULL;

	fixture_init(&x);
	for (uint32_t i = 0; i < 200; i++) {
		char local[32];

		snprintf(local, sizeof(local), "10.0.0.5:%u", 10000 + i);
		fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, local, "10.0.0.7:80");
	}
	fixture_apply(&x, 1);
	for (int turn = 0; turn < 20; turn++) {
		for (size_t i = 0; i < x.snap.socks.n; i++)
			x.snap.socks.v[i].state = turn % 2 ? STATE_ESTABLISHED : STATE_CLOSE_WAIT;
		f = fixture_apply(&x, 1);
		assert_true(f->sock_notes.v.n <= NOTES_MAX);
	}
	assert_int_equal(f->sock_notes.v.v[f->sock_notes.v.n - 1].at_ns, f->boot_ns);
	assert_true(f->sock_notes.v.n >= NOTES_MAX / 2);
	fixture_done(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states_of_a_socket), cmocka_unit_test(states_of_a_shown_socket),
		cmocka_unit_test(a_stuck_connection), cmocka_unit_test(queue_and_drops_of_a_port),
		cmocka_unit_test(holders_of_a_port),  cmocka_unit_test(is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
