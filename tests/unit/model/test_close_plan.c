/* What closing would mean, by kind of socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fixture.h"
#include "sockeye/model/close.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *meaning(const struct close_plan *p, size_t i, struct str *s)
{
	str_clear(s);
	close_meaning_put(&p->items.v[i], s);
	return str_text(s);
}

/* Builds a plan of the one socket with this cookie. */
static void plan_of(struct close_plan *p, const struct frame *f, uint64_t cookie, const struct kill_you *you,
		    bool ascii)
{
	uint32_t row = frame_row_by_cookie(f, 0, cookie);

	assert_int_not_equal(row, NONE);
	close_plan_build(p, f, &row, 1, you, ascii);
}

static void kinds(void **state)
{
	struct fixture x;
	struct close_plan p;
	struct str s = {0};
	const struct frame *f;
	uint32_t a;
	static const struct {
		enum proto proto;
		enum state state;
		const char *local, *remote;
		bool held, inode;
		uint8_t kind;
		const char *what, *meaning;
	} rows[] = {
		{PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:38824", "10.0.0.7:5432", true, true, CLOSE_CONNECTED,
		 "tcp 10.0.0.5:38824 → 10.0.0.7:5432",
		 "node 21877 lives on and gets ECONNABORTED, 10.0.0.7 a reset"},
		{PROTO_TCP, STATE_CLOSE_WAIT, "[2001:db8::5]:38824", "[2001:db8::7]:5432", true, true,
		 CLOSE_CONNECTED, "tcp [2001:db8::5]:38824 → [2001:db8::7]:5432",
		 "node 21877 lives on and gets ECONNABORTED, 2001:db8::7 a reset"},
		{PROTO_TCP, STATE_SYN_SENT, "10.0.0.5:38825", "10.0.0.7:5432", true, true, CLOSE_CONNECTING,
		 "tcp 10.0.0.5:38825 → 10.0.0.7:5432",
		 "node 21877 lives on and gets ECONNABORTED from connect"},
		{PROTO_TCP, STATE_SYN_RECV, "10.0.0.5:80", "10.0.0.7:1", false, false, CLOSE_ARRIVING, NULL,
		 "no process here knows of it; 10.0.0.7 is told nothing until it sends"},
		{PROTO_TCP, STATE_TIME_WAIT, "10.0.0.5:80", "10.0.0.7:2", false, false, CLOSE_WAITING, NULL,
		 NULL},
		{PROTO_TCP, STATE_FIN_WAIT_1, "10.0.0.5:80", "10.0.0.7:3", false, false, CLOSE_ORPHAN, NULL,
		 "no process holds it any more; 10.0.0.7 gets a reset"},
		{PROTO_UDP, STATE_ESTABLISHED, "10.0.0.5:51001", "10.0.0.2:53", true, true, CLOSE_DATAGRAM,
		 NULL,
		 "node 21877 lives on; the socket loses its peer, and its port if it did not choose one "
		 "itself"},
		{PROTO_TCP, STATE_LISTENING, "*:80", NULL, true, true, CLOSE_LISTENER, "tcp [::]:80",
		 "tcp [::]:80 is a listener: closing it would not free the port"},
		{PROTO_TCP, STATE_BOUND, "10.0.0.5:81", NULL, true, true, CLOSE_BOUND, NULL,
		 "tcp 10.0.0.5:81 is only bound: there is no connection to close"},
		{PROTO_UDP, STATE_UNCONN, "10.0.0.5:53", NULL, true, true, CLOSE_BOUND_DATAGRAM, NULL,
		 "udp 10.0.0.5:53 has no peer: closing it would not free the port"},
		{PROTO_SCTP, STATE_ESTABLISHED, "10.0.0.5:90", "10.0.0.7:4", true, true, CLOSE_OTHER, NULL,
		 NULL},
		{PROTO_MPTCP, STATE_ESTABLISHED, "10.0.0.5:91", "10.0.0.7:5", true, true, CLOSE_MPTCP, NULL,
		 NULL},
	};

	fixture_init(&x);
	fixture_proc(&x, 21877, 1, 1000, "node", "");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		a = fixture_sock(&x, rows[i].proto, rows[i].state, rows[i].local, rows[i].remote);
		if (rows[i].held)
			fixture_fd(&x, a, 21877, (int32_t)i + 3);
		if (!rows[i].inode)
			x.snap.socks.v[a].inode = 0;
	}
	f = fixture_apply(&x, 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		plan_of(&p, f, i + 1, NULL, false);
		if (p.items.v[0].kind != rows[i].kind)
			fail_msg("row %zu: kind %u", i, p.items.v[0].kind);
		if (rows[i].what)
			assert_string_equal(p.items.v[0].what, rows[i].what);
		if (rows[i].meaning)
			assert_string_equal(meaning(&p, 0, &s), rows[i].meaning);
		else
			assert_true(strlen(meaning(&p, 0, &s)) > 20);
		assert_int_equal(close_possible(&p), rows[i].kind < CLOSE_LISTENER);
		assert_int_equal(p.items.v[0].cookie, i + 1);
		close_plan_done(&p);
	}
	str_done(&s);
	fixture_done(&x);
}

/* Read from /proc/net: the kernel could not be told which one is meant. */
static void without_a_cookie(void **state)
{
	struct fixture x;
	struct close_plan p;
	struct str s = {0};
	const struct frame *f;
	uint32_t a, b;

	fixture_init(&x);
	a = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:38824", "10.0.0.7:5432");
	b = fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:80", NULL);
	x.snap.socks.v[a].flags |= SOCK_OWN_COOKIE | SOCK_FROM_PROC;
	x.snap.socks.v[b].flags |= SOCK_OWN_COOKIE | SOCK_FROM_PROC;
	f = fixture_apply(&x, 0);
	plan_of(&p, f, x.snap.socks.v[a].cookie, NULL, false);
	assert_int_equal(p.items.v[0].kind, CLOSE_NAMELESS);
	assert_int_equal(close_possible(&p), 0);
	close_meaning_put(&p.items.v[0], &s);
	assert_string_equal(
		str_text(&s),
		"tcp 10.0.0.5:38824 → 10.0.0.7:5432 was read from /proc/net, without the cookie by "
		"which the kernel would know that this one is meant and no later one");
	close_plan_done(&p);
	plan_of(&p, f, x.snap.socks.v[b].cookie, NULL, false);
	assert_int_equal(p.items.v[0].kind, CLOSE_LISTENER); /* that says what to do instead */
	close_plan_done(&p);
	str_done(&s);
	fixture_done(&x);
}

static void what_is_lost_and_whose(void **state)
{
	struct fixture x;
	struct close_plan p;
	struct kill_you you = {.uid = 0, .name = "root"};
	struct str s = {0};
	const struct frame *f;
	uint32_t a;

	fixture_init(&x);
	fixture_proc(&x, 10, 1, 0, "a\033[31mb", "");
	fixture_proc(&x, 11, 1, 0, "two", "");
	a = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:22", "10.0.0.9:60022");
	fixture_fd(&x, a, 10, 3);
	fixture_fd(&x, a, 11, 3);
	x.snap.socks.v[a].sendq = 1200000;
	f = fixture_apply(&x, 0);
	kill_you_read(&you, "10.0.0.9 60022 10.0.0.5 22");
	plan_of(&p, f, 1, &you, true);
	assert_true(close_needs_word(&p));
	assert_int_equal(p.items.v[0].holders.n, 2);
	assert_null(strchr(p.items.v[0].holders.v[0].name, '\033'));
	assert_null(strstr(p.items.v[0].what, "→"));
	assert_non_null(strstr(meaning(&p, 0, &s), "10 and 1 more live on and get ECONNABORTED"));
	assert_non_null(strstr(meaning(&p, 0, &s), "; 1.2M not delivered is lost"));
	close_plan_done(&p);
	kill_you_read(&you, "10.0.0.9 60023 10.0.0.5 22");
	plan_of(&p, f, 1, &you, true);
	assert_false(close_needs_word(&p));
	close_plan_done(&p);
	str_done(&s);
	fixture_done(&x);
}

/* Of a connection between two programs here one end is enough: that of who was called. */
static void one_end_is_enough(void **state)
{
	struct fixture x;
	const struct frame *f;
	uint32_t rows[8], n = 0;

	fixture_init(&x);
	fixture_proc(&x, 10, 1, 0, "srv", "");
	fixture_proc(&x, 11, 1, 0, "cli", "");
	fixture_fd(&x, fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "10.0.0.5:80", NULL), 10, 3);
	fixture_fd(&x, fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:2000", "10.0.0.5:80"), 11, 4);
	fixture_fd(&x, fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:80", "10.0.0.5:2000"), 10, 4);
	fixture_fd(&x, fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:80", "10.0.0.7:1"), 10, 5);
	fixture_fd(&x, fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:2001", "10.0.0.7:80"), 11, 5);
	f = fixture_apply(&x, 0);
	for (uint64_t cookie = 2; cookie <= 5; cookie++)
		rows[n++] = frame_row_by_cookie(f, 0, cookie);
	assert_int_equal(close_rows_once(f, rows, n), 3);
	assert_int_equal(frame_sock(f, rows[0])->cookie, 3);
	assert_int_equal(frame_sock(f, rows[1])->cookie, 4);
	assert_int_equal(frame_sock(f, rows[2])->cookie, 5);
	/* Each alone is meant. */
	for (uint64_t cookie = 2; cookie <= 3; cookie++) {
		rows[0] = frame_row_by_cookie(f, 0, cookie);
		assert_int_equal(close_rows_once(f, rows, 1), 1);
	}
	assert_int_equal(close_rows_once(f, rows, 0), 0);
	fixture_done(&x);
}

static void results(void **state)
{
	struct close_plan p = {.your_name = "deploy"};
	struct close_item *i = vec_add(&p.items);
	struct str s = {0};

	*i = (struct close_item){.kind = CLOSE_CONNECTED, .peer = "10.0.0.7"};
	i->result = CLOSE_GONE;
	assert_int_equal(close_result_put(&p, i, &s), 1);
	assert_string_equal(str_text(&s), "closed");
	str_clear(&s);
	i->result = CLOSE_REMAINS;
	i->state_after = STATE_FIN_WAIT_2;
	i->by_shutdown = true;
	assert_int_equal(close_result_put(&p, i, &s), 2);
	assert_string_equal(str_text(&s), "still there: fin-wait-2, shut down, until 10.0.0.7 closes too");
	str_clear(&s);
	i->result = CLOSE_NOT_PERMITTED;
	assert_int_equal(close_result_put(&p, i, &s), 3);
	assert_string_equal(str_text(&s), "not permitted: it takes CAP_NET_ADMIN; you are deploy");
	str_clear(&s);
	i->result = CLOSE_FAILED;
	i->err = -EINVAL;
	assert_int_equal(close_result_put(&p, i, &s), 3);
	assert_string_equal(str_text(&s), "failed: Invalid argument");
	str_done(&s);
	close_plan_done(&p);
	close_plan_done(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds),
		cmocka_unit_test(without_a_cookie),
		cmocka_unit_test(what_is_lost_and_whose),
		cmocka_unit_test(one_end_is_enough),
		cmocka_unit_test(results),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
