/* The sock_diag parser on bytes made here: every state, every attribute, and every way to be cut short. */
#include "diag_parse.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

struct bytes {
	uint8_t b[2048];
	size_t n;
};

static struct inet_diag_msg plain(uint8_t family, uint8_t state)
{
	struct inet_diag_msg m = {
		.idiag_family = family,
		.idiag_state = state,
		.id = {.idiag_sport = htons(8080),
		       .idiag_dport = htons(51234),
		       .idiag_if = 7,
		       .idiag_cookie = {0x11223344, 0x55}},
		.idiag_rqueue = 3,
		.idiag_wqueue = 128,
		.idiag_uid = 1234,
		.idiag_inode = 4711,
	};

	if (family == AF_INET) {
		m.id.idiag_src[0] = htonl(0x0a000005);
		m.id.idiag_dst[0] = htonl(0xc0a80107);
		m.id.idiag_src[1] = 0xdeadbeef; /* not part of an IPv4 address: must not come through */
	} else {
		inet_pton(AF_INET6, "2001:db8::5", m.id.idiag_src);
		inet_pton(AF_INET6, "::ffff:192.0.2.7", m.id.idiag_dst);
	}
	return m;
}

static struct bytes begin(const struct inet_diag_msg *m)
{
	struct bytes x = {.n = sizeof(*m)};

	memcpy(x.b, m, sizeof(*m));
	return x;
}

static void put(struct bytes *x, uint16_t type, const void *p, size_t n)
{
	uint16_t head[2] = {(uint16_t)(4 + n), type};

	memcpy(x->b + x->n, head, 4);
	memcpy(x->b + x->n + 4, p, n);
	x->n += (4 + n + 3) & ~(size_t)3;
}

static void put32(uint8_t *p, size_t at, uint32_t v)
{
	memcpy(p + at, &v, 4);
}

static void put64(uint8_t *p, size_t at, uint64_t v)
{
	memcpy(p + at, &v, 8);
}

static void fill_tcp_info(uint8_t p[280])
{
	memset(p, 0, 280);
	p[1] = 4;
	p[5] = 7;
	p[6] = 0x97; /* on little-endian: snd 7, rcv 9 */
	put32(p, 16, 1448);
	put32(p, 20, 536);
	put32(p, 24, 11);
	put32(p, 32, 2);
	put32(p, 44, 1000);
	put32(p, 52, 2000);
	put32(p, 56, 3000);
	put32(p, 60, 1500);
	put32(p, 68, 25000);
	put32(p, 72, 5000);
	put32(p, 76, 20);
	put32(p, 80, 10);
	put32(p, 100, 9);
	put64(p, 120, 0x100000001ull);
	put64(p, 128, 0x200000002ull);
	put32(p, 136, 77);
	put32(p, 144, 88);
	put32(p, 148, 24000);
	put64(p, 168, 1000001);
	put64(p, 176, 1000002);
	put64(p, 184, 1000003);
	put64(p, 160, 5200000);
	put32(p, 216, 3);
	put32(p, 220, 4);
}

struct row {
	struct sock s;
	struct sock_info i;
	struct diag_extra x;
};

static int parse(const struct bytes *b, enum proto proto, bool bound, struct row *ret)
{
	return diag_parse_inet(b->b, b->n, proto, bound, &ret->s, &ret->i, &ret->x);
}

static void test_ipv4_established(void **state)
{
	struct inet_diag_msg m = plain(AF_INET, 1);
	struct bytes b = begin(&m);
	uint32_t mem[9] = {1, 131072, 3, 65536, 5, 6, 7, 8, 99}, mark = 0x42;
	uint64_t cgroup = 0x1234567890ull;
	uint8_t info[280], down = 2;
	struct row r;
	static const uint8_t local[16] = {10, 0, 0, 5}, remote[16] = {192, 168, 1, 7};

	fill_tcp_info(info);
	put(&b, DIAG_SHUTDOWN, &down, 1);
	put(&b, DIAG_INFO, info, sizeof(info));
	put(&b, DIAG_SKMEMINFO, mem, sizeof(mem));
	put(&b, DIAG_CONG, "cubic", 6);
	put(&b, DIAG_MARK, &mark, 4);
	put(&b, DIAG_CGROUP_ID, &cgroup, 8);
	assert_int_equal(parse(&b, PROTO_TCP, false, &r), 0);

	assert_int_equal(r.s.family, FAMILY_IPV4);
	assert_int_equal(r.s.proto, PROTO_TCP);
	assert_int_equal(r.s.state, STATE_ESTABLISHED);
	assert_memory_equal(r.s.laddr, local, 16);
	assert_memory_equal(r.s.raddr, remote, 16);
	assert_int_equal(r.s.lport, 8080);
	assert_int_equal(r.s.rport, 51234);
	assert_true(r.s.cookie == 0x5511223344ull);
	assert_int_equal(r.s.inode, 4711);
	assert_int_equal(r.s.uid, 1234);
	assert_int_equal(r.s.recvq, 3);
	assert_int_equal(r.s.sendq, 128);
	assert_int_equal(r.s.ifindex, 7);
	assert_int_equal(r.s.shutdown, 2);
	assert_int_equal(r.s.drops, 99);
	assert_int_equal(r.s.flags, SOCK_HAS_INFO | SOCK_HAS_MEM | SOCK_HAS_UID | SOCK_HAS_MARK |
					    SOCK_HAS_TIMES | SOCK_HAS_SEGS);
	assert_true(r.s.tx_bytes == 0x100000001ull);
	assert_true(r.s.rx_bytes == 0x200000002ull);
	assert_int_equal(r.i.rtt_us, 25000);
	assert_int_equal(r.i.rttvar_us, 5000);
	assert_int_equal(r.i.min_rtt_us, 24000);
	assert_int_equal(r.i.cwnd, 10);
	assert_int_equal(r.i.ssthresh, 20);
	assert_int_equal(r.i.snd_mss, 1448);
	assert_int_equal(r.i.retrans_total, 9);
	assert_int_equal(r.i.lost, 2);
	assert_int_equal(r.i.segs_out, 77);
	assert_int_equal(r.i.last_sent_ms, 1000);
	assert_int_equal(r.i.last_recv_ms, 2000);
	assert_int_equal(r.i.last_ack_recv_ms, 3000);
	assert_int_equal(r.i.rcvbuf, 131072);
	assert_int_equal(r.i.sndbuf, 65536);
	assert_int_equal(r.i.mark, 0x42);
	assert_true(r.x.cgroup == cgroup);
	assert_int_equal(r.x.cc_n, 5);
	assert_memory_equal(r.x.cc, "cubic", 5);
}

/* What only the page of the connection tells, of every length of tcp_info there ever was, and of none. */
static void test_shown(void **state)
{
	struct inet_diag_msg m = plain(AF_INET, STATE_ESTABLISHED);
	uint8_t info[280];
	struct shown s;

	fill_tcp_info(info);
	for (size_t n = 0; n <= sizeof(info); n++) {
		struct bytes b = begin(&m);

		put(&b, DIAG_INFO, info, n);
		memset(&s, 0xff, sizeof(s));
		assert_int_equal(diag_parse_shown(b.b, b.n, &s), 0);
		assert_true(s.cookie == 0x5511223344ull);
		assert_int_equal(s.netns_inode, 0);
		assert_int_equal(s.ca_state, n > 1 ? 4 : 0);
		assert_int_equal(s.options, n > 5 ? 7 : 0);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
		assert_int_equal(s.wscale, n > 6 ? 0x97 : 0);
#endif
		assert_int_equal(s.pmtu, n >= 64 ? 1500 : 0);
		assert_int_equal(s.notsent_bytes, n >= 148 ? 88 : 0);
		assert_int_equal(s.delivery_rate, n >= 168 ? 5200000 : 0);
		assert_int_equal(s.busy_us, n >= 176 ? 1000001 : 0);
		assert_int_equal(s.rwnd_limited_us, n >= 184 ? 1000002 : 0);
		assert_int_equal(s.sndbuf_limited_us, n >= 192 ? 1000003 : 0);
		assert_int_equal(s.dsack_dups, n >= 220 ? 3 : 0);
		assert_int_equal(s.reord_seen, n >= 224 ? 4 : 0);
	}
	/* A listener's tcp_info has queues in borrowed fields; a cut message and one without it leave all as it was. */
	memset(&s, 0xee, sizeof(s));
	for (int i = 0; i < 3; i++) {
		struct bytes b;
		static const int want[] = {-ENODATA, -ENODATA, -EBADMSG};

		m.idiag_state = i == 0 ? STATE_LISTENING : STATE_ESTABLISHED;
		b = begin(&m);
		if (i != 1)
			put(&b, DIAG_INFO, info, sizeof(info));
		assert_int_equal(diag_parse_shown(b.b, i == 2 ? sizeof(m) - 1 : b.n, &s), want[i]);
		assert_true(s.cookie == 0xeeeeeeeeeeeeeeeeull && s.pmtu == 0xeeeeeeee);
	}
}

static void test_ipv6_and_v6only(void **state)
{
	struct inet_diag_msg m = plain(AF_INET6, 10);
	struct bytes b = begin(&m);
	uint8_t one = 1, want[16];
	struct row r;

	put(&b, DIAG_SKV6ONLY, &one, 1);
	assert_int_equal(parse(&b, PROTO_TCP, false, &r), 0);
	assert_int_equal(r.s.family, FAMILY_IPV6);
	assert_int_equal(r.s.state, STATE_LISTENING);
	inet_pton(AF_INET6, "2001:db8::5", want);
	assert_memory_equal(r.s.laddr, want, 16);
	inet_pton(AF_INET6, "::ffff:192.0.2.7", want);
	assert_memory_equal(r.s.raddr, want, 16);
	assert_true(r.s.flags & SOCK_V6ONLY);

	b = begin(&m);
	one = 0;
	put(&b, DIAG_SKV6ONLY, &one, 1);
	assert_int_equal(parse(&b, PROTO_TCP, false, &r), 0);
	assert_false(r.s.flags & SOCK_V6ONLY);
}

static void test_states(void **state)
{
	static const struct {
		uint8_t kernel;
		enum proto proto;
		bool bound;
		uint8_t want;
	} cases[] = {
		{1, PROTO_TCP, false, STATE_ESTABLISHED}, {2, PROTO_TCP, false, STATE_SYN_SENT},
		{3, PROTO_TCP, false, STATE_SYN_RECV},    {12, PROTO_TCP, false, STATE_SYN_RECV},
		{4, PROTO_TCP, false, STATE_FIN_WAIT_1},  {6, PROTO_TCP, false, STATE_TIME_WAIT},
		{7, PROTO_TCP, false, STATE_CLOSED},      {7, PROTO_TCP, true, STATE_BOUND},
		{13, PROTO_TCP, true, STATE_BOUND},       {8, PROTO_TCP, false, STATE_CLOSE_WAIT},
		{11, PROTO_TCP, false, STATE_CLOSING},    {7, PROTO_UDP, false, STATE_UNCONN},
		{1, PROTO_UDP, false, STATE_ESTABLISHED}, {14, PROTO_TCP, false, STATE_NONE},
		{255, PROTO_UDP, false, STATE_NONE},      {0, PROTO_TCP, false, STATE_NONE},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct inet_diag_msg m = plain(AF_INET, cases[i].kernel);
		struct bytes b = begin(&m);
		struct row r;

		assert_int_equal(parse(&b, cases[i].proto, cases[i].bound, &r), 0);
		assert_int_equal(r.s.state, cases[i].want);
	}
}

static void test_mini_sockets_have_no_uid(void **state)
{
	struct inet_diag_msg m = plain(AF_INET, 6);
	struct bytes b = begin(&m);
	uint8_t zero = 0;
	struct row r;

	assert_int_equal(parse(&b, PROTO_TCP, false, &r), 0);
	assert_int_equal(r.s.flags, SOCK_MINI);
	assert_int_equal(r.s.uid, 0);

	m = plain(AF_INET, 5); /* FIN-WAIT-2 that a time-wait socket stands in for */
	m.idiag_timer = 3;
	m.idiag_expires = 58000;
	b = begin(&m);
	assert_int_equal(parse(&b, PROTO_TCP, false, &r), 0);
	assert_int_equal(r.s.flags, SOCK_MINI);
	assert_int_equal(r.s.timer, 3);
	assert_int_equal(r.s.timer_ms, 58000);

	m.idiag_timer = 2; /* a full one with a keepalive timer */
	b = begin(&m);
	assert_int_equal(parse(&b, PROTO_TCP, false, &r), 0);
	assert_int_equal(r.s.flags, SOCK_HAS_UID);
	assert_int_equal(r.s.uid, 1234);

	m = plain(AF_INET, 3); /* a request; expires without a timer is noise */
	m.idiag_expires = 5;
	b = begin(&m);
	assert_int_equal(parse(&b, PROTO_TCP, false, &r), 0);
	assert_int_equal(r.s.flags, SOCK_MINI);
	assert_int_equal(r.s.timer_ms, 0);
	put(&b, DIAG_SHUTDOWN, &zero, 1); /* simultaneous open or fast open: a full socket */
	assert_int_equal(parse(&b, PROTO_TCP, false, &r), 0);
	assert_int_equal(r.s.flags, SOCK_HAS_UID);
}

static void test_tcp_info_of_any_length(void **state)
{
	uint8_t info[400] = {0};

	fill_tcp_info(info);
	memset(info + 280, 0xff, sizeof(info) - 280);
	for (size_t n = 0; n <= sizeof(info); n++) {
		struct inet_diag_msg m = plain(AF_INET, 1);
		struct bytes b = begin(&m);
		struct row r;

		put(&b, DIAG_INFO, info, n);
		assert_int_equal(parse(&b, PROTO_TCP, false, &r), 0);
		assert_int_equal(!!(r.s.flags & SOCK_HAS_INFO), n >= 136);
		assert_int_equal(!!(r.s.flags & SOCK_HAS_TIMES), n >= 60);
		assert_int_equal(!!(r.s.flags & SOCK_HAS_SEGS), n >= 140);
		assert_int_equal(r.i.rtt_us, n >= 72 ? 25000 : 0);
		assert_int_equal(r.i.min_rtt_us, n >= 152 ? 24000 : 0);
		assert_true(r.s.rx_bytes == (n >= 136 ? 0x200000002ull : 0));
	}
}

static void test_listeners_have_no_counters(void **state)
{
	struct inet_diag_msg m = plain(AF_INET, 10);
	struct bytes b = begin(&m);
	uint8_t info[280];
	struct row r;

	fill_tcp_info(info);
	put(&b, DIAG_INFO, info, sizeof(info));
	assert_int_equal(parse(&b, PROTO_TCP, false, &r), 0);
	assert_int_equal(r.s.flags, SOCK_HAS_UID);
	assert_true(r.s.rx_bytes == 0);

	m = plain(AF_INET, 2); /* SYN-SENT: nothing was sent, so no age of it */
	b = begin(&m);
	put(&b, DIAG_INFO, info, sizeof(info));
	assert_int_equal(parse(&b, PROTO_TCP, false, &r), 0);
	assert_true(r.s.flags & SOCK_HAS_INFO);
	assert_false(r.s.flags & SOCK_HAS_TIMES);
	assert_int_equal(r.i.last_sent_ms, 0);
}

static void test_short_attributes_count_as_not_given(void **state)
{
	struct inet_diag_msg m = plain(AF_INET6, 1);
	struct bytes b = begin(&m);
	uint8_t zeros[35] = {0};
	struct row r;

	put(&b, DIAG_SHUTDOWN, zeros, 0);
	put(&b, DIAG_SKMEMINFO, zeros, 35);
	put(&b, DIAG_CONG, zeros, 0);
	put(&b, DIAG_MARK, zeros, 3);
	put(&b, DIAG_CGROUP_ID, zeros, 7);
	put(&b, DIAG_SKV6ONLY, zeros, 0);
	assert_int_equal(parse(&b, PROTO_TCP, false, &r), 0);
	assert_int_equal(r.s.flags, SOCK_HAS_UID);
	assert_true(r.x.cgroup == 0);
	assert_int_equal(r.x.cc_n, 0);

	b = begin(&m);
	put(&b, DIAG_CONG, "unterminated", 12);
	put(&b, 31, "x", 1);
	put(&b, 4000, "y", 1);
	assert_int_equal(parse(&b, PROTO_TCP, false, &r), 0);
	assert_int_equal(r.x.cc_n, 12);
}

static void test_cut_messages(void **state)
{
	struct inet_diag_msg m = plain(AF_INET, 1);
	struct bytes b = begin(&m);
	uint8_t info[280];
	size_t heads;
	struct row r, untouched;

	fill_tcp_info(info);
	put(&b, DIAG_SHUTDOWN, "\0", 1);
	heads = b.n;
	put(&b, DIAG_INFO, info, sizeof(info));
	memset(&r, 0xa5, sizeof(r));
	untouched = r;
	for (size_t n = 0; n < b.n; n++) {
		int got = diag_parse_inet(b.b, n, PROTO_TCP, false, &r.s, &r.i, &r.x);
		/* whole up to an attribute's end, with or without its padding */
		bool whole = n == sizeof(m) || (n >= sizeof(m) + 5 && n <= heads);

		assert_int_equal(got, whole ? 0 : -EBADMSG);
		if (!whole)
			assert_memory_equal(&r, &untouched, sizeof(r));
		r = untouched;
	}
	b.b[0] = AF_UNIX;
	assert_int_equal(parse(&b, PROTO_TCP, false, &r), -EAFNOSUPPORT);
	b.b[0] = AF_INET;
	memset(b.b + sizeof(m), 0, 4); /* an attribute of length 0 would never end */
	assert_int_equal(parse(&b, PROTO_TCP, false, &r), -EBADMSG);
}

static void test_without_info(void **state)
{
	struct inet_diag_msg m = plain(AF_INET, 1);
	struct bytes b = begin(&m);
	uint32_t mark = 5;
	struct sock s;
	struct diag_extra x;

	put(&b, DIAG_MARK, &mark, 4);
	assert_int_equal(diag_parse_inet(b.b, b.n, PROTO_TCP, false, &s, NULL, &x), 0);
	assert_false(s.flags & SOCK_HAS_MARK); /* there is no place it could be read from */
}

/* ---- the walk over a received buffer ---- */

struct seen {
	unsigned rows;
	size_t last_n;
};

static void count_row(void *arg, const void *payload, size_t n)
{
	struct seen *s = arg;

	s->rows++;
	s->last_n = n;
}

static void message(struct bytes *x, uint16_t type, uint16_t flags, uint32_t seq, const void *p, size_t n)
{
	struct nlmsghdr h = {.nlmsg_len = (uint32_t)(sizeof(h) + n),
			     .nlmsg_type = type,
			     .nlmsg_flags = flags,
			     .nlmsg_seq = seq};

	memcpy(x->b + x->n, &h, sizeof(h));
	if (n)
		memcpy(x->b + x->n + sizeof(h), p, n);
	x->n += (sizeof(h) + n + 3) & ~(size_t)3;
}

static void test_walk(void **state)
{
	struct bytes b = {0};
	struct seen seen = {0};
	struct diag_reply reply = {0};
	int32_t code = 0;

	message(&b, 20, NLM_F_MULTI, 5, "abcd", 4);
	message(&b, 20, NLM_F_MULTI, 4, "abcd", 4); /* left over from another dump */
	message(&b, NLMSG_NOOP, 0, 5, "abcd", 4);
	message(&b, 18, NLM_F_MULTI, 5, "abcdefg", 7);
	assert_int_equal(diag_walk(b.b, b.n, 5, count_row, &seen, &reply), 0);
	assert_int_equal(seen.rows, 2);
	assert_int_equal(seen.last_n, 7);
	assert_false(reply.done);
	assert_false(reply.interrupted);

	message(&b, NLMSG_DONE, NLM_F_MULTI, 4, &code, 4);
	assert_int_equal(diag_walk(b.b, b.n, 5, count_row, &seen, &reply), 0);
	assert_false(reply.done);
	message(&b, NLMSG_DONE, NLM_F_MULTI | NLM_F_DUMP_INTR, 5, &code, 4);
	assert_int_equal(diag_walk(b.b, b.n, 5, count_row, &seen, &reply), 0);
	assert_true(reply.done);
	assert_true(reply.interrupted);
	assert_int_equal(reply.err, 0);
}

static void test_walk_errors(void **state)
{
	static const struct {
		uint16_t type;
		int32_t code;
		size_t n;
		int want;
	} cases[] = {
		{NLMSG_DONE, -ENOENT, 4, -ENOENT}, /* no handler: not the same as no sockets */
		{NLMSG_ERROR, -EBUSY, 20, -EBUSY},
		{NLMSG_ERROR, 0, 20, 0},
		{NLMSG_DONE, 7, 4, 0},
		{NLMSG_DONE, -ENOENT, 3, 0},
		{NLMSG_DONE, INT32_MIN, 4, -EPROTO},
		{NLMSG_DONE, 0, 0, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bytes b = {0};
		struct seen seen = {0};
		struct diag_reply reply = {0};
		uint8_t payload[20] = {0};

		memcpy(payload, &cases[i].code, 4);
		message(&b, cases[i].type, 0, 9, payload, cases[i].n);
		assert_int_equal(diag_walk(b.b, b.n, 9, count_row, &seen, &reply), 0);
		assert_true(reply.done);
		assert_int_equal(reply.err, cases[i].want);
		assert_int_equal(seen.rows, 0);
	}
}

static void test_walk_cut(void **state)
{
	struct bytes b = {0};

	message(&b, 20, 0, 5, "abcd", 4);
	message(&b, 20, 0, 5, "abcdefgh", 8);
	for (size_t n = 1; n < b.n; n++) {
		struct seen seen = {0};
		struct diag_reply reply = {0};
		int r = diag_walk(b.b, n, 5, count_row, &seen, &reply);

		assert_int_equal(r, n == 20 ? 0 : -EBADMSG);
		assert_int_equal(seen.rows, n >= 20);
	}
	put32(b.b, 0, 15); /* shorter than its own header */
	assert_int_equal(diag_walk(b.b, b.n, 5, count_row, &(struct seen){0}, &(struct diag_reply){0}),
			 -EBADMSG);
	put32(b.b, 0, 0xfffffff0u);
	assert_int_equal(diag_walk(b.b, b.n, 5, count_row, &(struct seen){0}, &(struct diag_reply){0}),
			 -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ipv4_established),
		cmocka_unit_test(test_shown),
		cmocka_unit_test(test_ipv6_and_v6only),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_mini_sockets_have_no_uid),
		cmocka_unit_test(test_tcp_info_of_any_length),
		cmocka_unit_test(test_listeners_have_no_counters),
		cmocka_unit_test(test_short_attributes_count_as_not_given),
		cmocka_unit_test(test_cut_messages),
		cmocka_unit_test(test_without_info),
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_walk_errors),
		cmocka_unit_test(test_walk_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
