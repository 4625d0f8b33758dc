/* The parsers of what is neither TCP nor UDP, on bytes made here from the kernel's structs: also of what most
 * kernels do not have, so that it is right when it comes. Which of it is from memory of the source alone and could
 * not be asked of the kernel that runs the test is printed. */
#include "diag_parse.h"
#include "diag_protos.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink_diag.h>
#include <linux/packet_diag.h>
#include <linux/unix_diag.h>
#include <linux/vm_sockets_diag.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct bytes {
	uint8_t b[2048];
	size_t n;
};
struct row {
	struct sock s;
	struct sock_info i;
	struct diag_extra x;
};

static void put(struct bytes *x, uint16_t type, const void *p, size_t n)
{
	uint16_t head[2] = {(uint16_t)(4 + n), type};

	memcpy(x->b + x->n, head, 4);
	memcpy(x->b + x->n + 4, p, n);
	x->n += (4 + n + 3) & ~(size_t)3;
}

static struct bytes begin(const void *message, size_t n)
{
	struct bytes x = {.n = n};

	memcpy(x.b, message, n);
	return x;
}

/* Every shorter message is refused or read without what is missing; a sanitizer sees what reads beyond. */
static void cut_everywhere(diag_parse_fn *parse, enum proto proto, const struct bytes *whole)
{
	for (size_t n = 0; n < whole->n; n++) {
		uint8_t *copy = malloc(n ? n : 1);
		struct row r;

		memcpy(copy, whole->b, n);
		parse(copy, n, proto, false, &r.s, &r.i, &r.x);
		parse(copy, n, proto, false, &r.s, NULL, &r.x);
		free(copy);
	}
}

static void name_is(const char *name, size_t n, const char *expected, size_t expected_n)
{
	assert_int_equal(n, expected_n);
	assert_memory_equal(name, expected, n);
}

static const uint32_t meminfo[9] = {11, 212992, 13, 65536, 15, 16, 17, 18, 19};

/* ---- unix: struct unix_diag_msg, UNIX_DIAG_* ---- */

static struct bytes unix_row(uint8_t type, uint8_t state, uint32_t ino)
{
	struct unix_diag_msg m = {.udiag_family = AF_UNIX,
				  .udiag_type = type,
				  .udiag_state = state,
				  .udiag_ino = ino,
				  .udiag_cookie = {0x8dee9, 0x7}};

	return begin(&m, sizeof(m));
}

static void test_unix_listener(void **state)
{
	struct bytes b = unix_row(SOCK_STREAM, 10, 337287);
	static const char path[] = "/tmp/tmux-0/app"; /* with its NUL: unix_bind counts it */
	uint32_t waiting[3] = {1001, 1002, 1003}, queue[2] = {3, 128}, uid = 1234;
	uint8_t down = 0;
	struct row r;

	put(&b, UNIX_DIAG_NAME, path, sizeof(path));
	put(&b, UNIX_DIAG_ICONS, waiting, sizeof(waiting));
	put(&b, UNIX_DIAG_RQLEN, queue, sizeof(queue));
	put(&b, UNIX_DIAG_MEMINFO, meminfo, sizeof(meminfo));
	put(&b, UNIX_DIAG_SHUTDOWN, &down, 1);
	put(&b, 7, &uid, 4);
	assert_int_equal(diag_parse_unix(b.b, b.n, PROTO_UNIX, false, &r.s, &r.i, &r.x), 0);
	assert_int_equal(r.s.family, FAMILY_UNIX);
	assert_int_equal(r.s.proto, PROTO_UNIX);
	assert_int_equal(r.s.state, STATE_LISTENING);
	assert_int_equal(r.s.type, SOCK_TYPE_STREAM);
	assert_int_equal(r.s.inode, 337287);
	assert_true(r.s.cookie == 0x70008dee9ull);
	assert_int_equal(r.s.recvq, 3);
	assert_int_equal(r.s.sendq, 128);
	assert_int_equal(r.s.uid, 1234);
	assert_int_equal(r.s.flags, SOCK_HAS_UID | SOCK_HAS_MEM);
	assert_int_equal(r.s.drops, 19);
	assert_int_equal(r.i.rcvbuf, 212992);
	assert_int_equal(r.i.sndbuf, 65536);
	assert_int_equal(r.s.peer_inode, 0);
	name_is(r.x.lname, r.x.lname_n, path, sizeof(path) - 1);
	assert_int_equal(r.x.waiting_n, 3);
	assert_memory_equal(r.x.waiting, waiting, sizeof(waiting));
	cut_everywhere(diag_parse_unix, PROTO_UNIX, &b);
}

static void test_unix_names(void **state)
{
	static const struct {
		const char *sent;
		size_t n;
		const char *name;
		size_t name_n;
	} names[] = {
		{"\0abs\0tract", 10, "\0abs\0tract", 10}, /* NULs inside an abstract name are part of it */
		{"\0", 1, "\0", 1},
		{"/run/a\0b", 8, "/run/a", 6}, /* nothing behind a path's end */
		{"rel", 3, "rel", 3}, /* without its NUL */
		{"/\x1b[31m\n\xff", 8, "/\x1b[31m\n\xff", 8}, /* raw: made safe where it is shown */
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct bytes b = unix_row(SOCK_DGRAM, 7, 1);
		struct row r;

		put(&b, UNIX_DIAG_NAME, names[i].sent, names[i].n);
		assert_int_equal(diag_parse_unix(b.b, b.n, PROTO_UNIX, false, &r.s, NULL, &r.x), 0);
		name_is(r.x.lname, r.x.lname_n, names[i].name, names[i].name_n);
	}
}

static void test_unix_states(void **state)
{
	static const struct {
		uint8_t kernel, state;
	} states[] = {{1, STATE_ESTABLISHED},
		      {7, STATE_UNCONN},
		      {10, STATE_LISTENING},
		      {2, STATE_NONE},
		      {99, STATE_NONE}};

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		struct bytes b = unix_row(SOCK_SEQPACKET, states[i].kernel, 5);
		uint32_t peer = 1862055, waiting = 6;
		uint8_t down = 3;
		struct row r;

		put(&b, UNIX_DIAG_PEER, &peer, 4);
		put(&b, UNIX_DIAG_SHUTDOWN, &down, 1);
		put(&b, UNIX_DIAG_ICONS, &waiting, 4);
		assert_int_equal(diag_parse_unix(b.b, b.n, PROTO_UNIX, false, &r.s, &r.i, &r.x), 0);
		assert_int_equal(r.s.state, states[i].state);
		assert_int_equal(r.s.type, SOCK_TYPE_SEQPACKET);
		assert_int_equal(r.s.peer_inode, 1862055);
		assert_int_equal(r.s.shutdown, 3);
		assert_int_equal(r.s.flags, 0); /* no user, no memory were given */
		assert_int_equal(r.x.lname_n, 0);
		assert_int_equal(r.x.waiting_n, states[i].state == STATE_LISTENING);
	}
}

static void test_foreign(void **state)
{
	static const struct {
		diag_parse_fn *parse;
		size_t n;
	} parsers[] = {{diag_parse_unix, 16},
		       {diag_parse_packet, 16},
		       {diag_parse_netlink, 28},
		       {diag_parse_vsock, 32}};
	uint8_t other[64] = {AF_INET}, bad_attr[64] = {0};

	for (size_t i = 0; i < sizeof(parsers) / sizeof(parsers[0]); i++) {
		struct row r, before;

		memset(&r, 0x55, sizeof(r));
		before = r;
		assert_int_equal(parsers[i].parse(other, 64, PROTO_UNIX, false, &r.s, &r.i, &r.x),
				 -EAFNOSUPPORT);
		assert_int_equal(
			parsers[i].parse(other, parsers[i].n - 1, PROTO_UNIX, false, &r.s, &r.i, &r.x),
			-EBADMSG);
		assert_memory_equal(&r, &before, sizeof(r)); /* nothing written */
	}
	bad_attr[0] = AF_UNIX;
	bad_attr[16] = 3; /* shorter than its own head */
	struct row r;
	assert_int_equal(diag_parse_unix(bad_attr, 64, PROTO_UNIX, false, &r.s, &r.i, &r.x), -EBADMSG);
}

/* ---- packet: struct packet_diag_msg, PACKET_DIAG_* ---- */

static void test_packet(void **state)
{
	static const struct {
		uint16_t num;
		const char *name;
	} types[] = {{3, "all"},         {0x0800, "ip"},     {0x0806, "arp"}, {0x86dd, "ipv6"},
		     {0x8100, "802.1q"}, {0x88cc, "0x88cc"}, {0, "none"},     {0xffff, "0xffff"}};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct packet_diag_msg m = {.pdiag_family = AF_PACKET,
					    .pdiag_type = SOCK_RAW,
					    .pdiag_num = types[i].num,
					    .pdiag_ino = 4711,
					    .pdiag_cookie = {5, 0}};
		struct packet_diag_info info = {.pdi_index = 2};
		struct bytes b = begin(&m, sizeof(m));
		uint32_t uid = 0;
		struct row r;

		put(&b, PACKET_DIAG_INFO, &info, sizeof(info));
		put(&b, PACKET_DIAG_UID, &uid, 4);
		put(&b, PACKET_DIAG_MEMINFO, meminfo, sizeof(meminfo));
		assert_int_equal(diag_parse_packet(b.b, b.n, PROTO_PACKET, false, &r.s, &r.i, &r.x), 0);
		name_is(r.x.lname, r.x.lname_n, types[i].name, strlen(types[i].name));
		assert_int_equal(r.s.family, FAMILY_PACKET);
		assert_int_equal(r.s.state, STATE_UNCONN);
		assert_int_equal(r.s.type, SOCK_TYPE_RAW);
		assert_int_equal(r.s.ifindex, 2);
		assert_int_equal(r.s.inode, 4711);
		assert_true(r.s.cookie == 5);
		assert_int_equal(r.s.recvq, 11);
		assert_int_equal(r.s.sendq, 13);
		assert_int_equal(r.s.drops, 19);
		assert_int_equal(r.s.flags, SOCK_HAS_UID | SOCK_HAS_MEM);
		if (!i)
			cut_everywhere(diag_parse_packet, PROTO_PACKET, &b);
	}
}

/* ---- netlink: struct netlink_diag_msg, NETLINK_DIAG_* ---- */

static void test_netlink(void **state)
{
	static const struct {
		uint8_t protocol;
		const char *name;
	} protocols[] = {{0, "route"},    {4, "sock_diag"}, {15, "kobject_uevent"},
			 {16, "generic"}, {22, "smc"},      {200, "200"}};

	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
		struct netlink_diag_msg m = {.ndiag_family = AF_NETLINK,
					     .ndiag_type = SOCK_RAW,
					     .ndiag_protocol = protocols[i].protocol,
					     .ndiag_state = i ? 0 : 1,
					     .ndiag_portid = 31145,
					     .ndiag_dst_portid = i ? 0 : 5,
					     .ndiag_ino = 4711,
					     .ndiag_cookie = {9, 1}};
		unsigned long groups[2] = {0x41, 0};
		struct bytes b = begin(&m, sizeof(m));
		struct row r;

		put(&b, NETLINK_DIAG_MEMINFO, meminfo, sizeof(meminfo));
		put(&b, NETLINK_DIAG_GROUPS, groups, sizeof(groups));
		assert_int_equal(diag_parse_netlink(b.b, b.n, PROTO_NETLINK, false, &r.s, &r.i, &r.x), 0);
		name_is(r.x.lname, r.x.lname_n, protocols[i].name, strlen(protocols[i].name));
		assert_int_equal(r.s.family, FAMILY_NETLINK);
		assert_int_equal(r.s.state, i ? STATE_UNCONN : STATE_ESTABLISHED);
		assert_int_equal(r.s.lport, 31145);
		assert_int_equal(r.s.rport, i ? 0 : 5);
		assert_true(r.s.cookie == 0x100000009ull);
		assert_int_equal(r.s.recvq, 11);
		assert_int_equal(r.s.groups, 0x41);
		assert_false(r.s.flags & SOCK_HAS_UID); /* the kernel does not tell it */
		if (!i)
			cut_everywhere(diag_parse_netlink, PROTO_NETLINK, &b);
	}
}

/* ---- vsock: struct vsock_diag_msg (net/vmw_vsock/diag.c, sk_diag_fill): no attributes ---- */

static struct vsock_diag_msg vsock_row(uint8_t state, uint32_t src_cid, uint32_t src_port, uint32_t dst_cid,
				       uint32_t dst_port)
{
	return (struct vsock_diag_msg){.vdiag_family = AF_VSOCK,
				       .vdiag_type = SOCK_STREAM,
				       .vdiag_state = state,
				       .vdiag_shutdown = 2,
				       .vdiag_src_cid = src_cid,
				       .vdiag_src_port = src_port,
				       .vdiag_dst_cid = dst_cid,
				       .vdiag_dst_port = dst_port,
				       .vdiag_ino = 815,
				       .vdiag_cookie = {77, 0}};
}

static void test_vsock_fixture(void **state)
{
	enum { ANY = 0xffffffff };
	static const struct {
		uint8_t kernel;
		uint32_t src_cid, src_port, dst_cid, dst_port;
		uint8_t state;
		const char *local, *remote;
		uint32_t lport, rport;
	} rows[] = {
		{10, ANY, 1024, ANY, ANY, STATE_LISTENING, "*", "", 1024, 0},
		{1, 3, 1024, 2, 4000000000u, STATE_ESTABLISHED, "3", "2", 1024, 4000000000u},
		{2, 3, 99999, 2, 22, STATE_SYN_SENT, "3", "2", 99999, 22},
		{11, 3, 99999, 2, 22, STATE_CLOSING, "3", "2", 99999, 22},
		{7, ANY, 5000, ANY, ANY, STATE_BOUND, "*", "", 5000, 0},
		{7, ANY, ANY, ANY, ANY, STATE_CLOSED, "*", "", 0, 0},
		{77, 1, 1, 1, 1, STATE_NONE, "1", "1", 1, 1},
	};

	print_message("fixture: vsock rows from struct vsock_diag_msg, not from this kernel\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct vsock_diag_msg m = vsock_row(rows[i].kernel, rows[i].src_cid, rows[i].src_port,
						    rows[i].dst_cid, rows[i].dst_port);
		struct bytes b = begin(&m, sizeof(m));
		struct row r;

		assert_int_equal(diag_parse_vsock(b.b, b.n, PROTO_VSOCK, false, &r.s, &r.i, &r.x), 0);
		assert_int_equal(r.s.family, FAMILY_VSOCK);
		assert_int_equal(r.s.state, rows[i].state);
		assert_int_equal(r.s.lport, rows[i].lport);
		assert_int_equal(r.s.rport, rows[i].rport);
		assert_int_equal(r.s.inode, 815);
		assert_int_equal(r.s.shutdown, 2);
		assert_true(r.s.cookie == 77);
		assert_int_equal(r.s.flags, 0);
		name_is(r.x.lname, r.x.lname_n, rows[i].local, strlen(rows[i].local));
		name_is(r.x.rname ? r.x.rname : "", r.x.rname_n, rows[i].remote, strlen(rows[i].remote));
		cut_everywhere(diag_parse_vsock, PROTO_VSOCK, &b);
	}
}

/* ---- SCTP: struct inet_diag_msg as net/sctp/diag.c fills it ---- */

static struct bytes sctp_row(uint8_t kernel_state, bool association, uint32_t peer)
{
	struct inet_diag_msg m = {
		.idiag_family = AF_INET,
		.idiag_state = kernel_state, /* of an association: enum sctp_state */
		.idiag_timer = association ? 4 : 0, /* SCTP_EVENT_TIMEOUT_T3_RTX */
		.id = {.idiag_sport = htons(3868),
		       .idiag_dport = association ? htons(40001) : 0,
		       .idiag_src = {htonl(0x0a000005)},
		       .idiag_dst = {association ? htonl(peer) : 0},
		       .idiag_cookie = {0x42, 0}}, /* the socket's, the same in all its rows */
		.idiag_expires = 900,
		.idiag_rqueue = association ? 512 : 1, /* sk_ack_backlog */
		.idiag_wqueue = association ? 64 : 128, /* sk_max_ack_backlog */
		.idiag_uid = 1234,
		.idiag_inode = 4711,
	};
	struct bytes b = begin(&m, sizeof(m));
	struct sockaddr_storage addr = {.ss_family = AF_INET};
	uint8_t down = 0;

	put(&b, DIAG_SHUTDOWN, &down, 1);
	put(&b, INET_DIAG_LOCALS, &addr, sizeof(addr));
	if (association)
		put(&b, DIAG_PEERS, &addr, sizeof(addr));
	return b;
}

static void test_sctp_fixture(void **state)
{
	static const uint8_t states[] = {STATE_CLOSED,      STATE_SYN_SENT,   STATE_SYN_SENT,
					 STATE_ESTABLISHED, STATE_FIN_WAIT_1, STATE_FIN_WAIT_2,
					 STATE_CLOSE_WAIT,  STATE_LAST_ACK,   STATE_NONE};
	struct row listener, one, two;
	struct bytes b = sctp_row(10, false, 0);

	print_message("fixture: SCTP rows as net/sctp/diag.c makes them, not from this kernel\n");
	assert_int_equal(diag_parse_inet(b.b, b.n, PROTO_SCTP, false, &listener.s, &listener.i, &listener.x),
			 0);
	assert_int_equal(listener.s.state, STATE_LISTENING);
	assert_int_equal(listener.s.recvq, 1);
	assert_int_equal(listener.s.sendq, 128);
	assert_true(listener.s.cookie == 0x42);
	assert_int_equal(listener.s.flags, SOCK_HAS_UID);
	cut_everywhere(diag_parse_inet, PROTO_SCTP, &b);

	b = sctp_row(7, false, 0);
	assert_int_equal(diag_parse_inet(b.b, b.n, PROTO_SCTP, false, &one.s, &one.i, &one.x), 0);
	assert_int_equal(one.s.state, STATE_BOUND);
	b = sctp_row(1, false, 0); /* connected: its association says more */
	assert_int_equal(diag_parse_inet(b.b, b.n, PROTO_SCTP, false, &one.s, &one.i, &one.x), 1);

	for (uint8_t i = 0; i < sizeof(states); i++) {
		b = sctp_row(i, true, 0x0a000007);
		assert_int_equal(diag_parse_inet(b.b, b.n, PROTO_SCTP, false, &one.s, &one.i, &one.x), 0);
		assert_int_equal(one.s.state, states[i]);
		assert_int_equal(one.s.timer, 1);
		assert_int_equal(one.s.timer_ms, 900);
		assert_int_equal(one.s.uid, 1234);
		assert_false(one.s.flags & SOCK_MINI);
	}
	/* Two associations of one socket are two rows: the kernel's cookie cannot tell them apart. */
	b = sctp_row(3, true, 0x0a000007);
	assert_int_equal(diag_parse_inet(b.b, b.n, PROTO_SCTP, false, &one.s, &one.i, &one.x), 0);
	b = sctp_row(3, true, 0x0a000008);
	assert_int_equal(diag_parse_inet(b.b, b.n, PROTO_SCTP, false, &two.s, &two.i, &two.x), 0);
	assert_true(one.s.cookie != two.s.cookie);
	assert_true(one.s.cookie >> 63 && two.s.cookie >> 63);
	assert_true(one.s.flags & SOCK_OWN_COOKIE);
	/* … and the same row has the same identity in the next look. */
	b = sctp_row(5, true, 0x0a000008);
	assert_int_equal(diag_parse_inet(b.b, b.n, PROTO_SCTP, false, &one.s, &one.i, &one.x), 0);
	assert_true(one.s.cookie == two.s.cookie);
}

/* ---- raw: struct inet_diag_msg as net/ipv4/raw_diag.c fills it: the port is the IP protocol ---- */

static void test_raw_fixture(void **state)
{
	struct inet_diag_msg m = {.idiag_family = AF_INET,
				  .idiag_state = 7,
				  .id = {.idiag_sport = htons(1), .idiag_if = 2, .idiag_cookie = {8, 0}},
				  .idiag_inode = 99};
	struct bytes b = begin(&m, sizeof(m));
	uint8_t down = 0;
	struct row r;

	print_message("fixture: raw rows as net/ipv4/raw_diag.c makes them, not from this kernel\n");
	put(&b, DIAG_SHUTDOWN, &down, 1);
	put(&b, DIAG_SKMEMINFO, meminfo, sizeof(meminfo));
	assert_int_equal(diag_parse_inet(b.b, b.n, PROTO_RAW, false, &r.s, &r.i, &r.x), 0);
	assert_int_equal(r.s.state, STATE_UNCONN);
	assert_int_equal(r.s.lport, 1);
	assert_int_equal(r.s.ifindex, 2);
	assert_int_equal(r.s.flags, SOCK_HAS_UID | SOCK_HAS_MEM);
	((struct inet_diag_msg *)(void *)b.b)->idiag_state = 1;
	assert_int_equal(diag_parse_inet(b.b, b.n, PROTO_RAW, false, &r.s, &r.i, &r.x), 0);
	assert_int_equal(r.s.state, STATE_ESTABLISHED);
}

/* ---- MPTCP: struct mptcp_info, and INET_DIAG_ULP_INFO of a subflow ---- */

static struct bytes tcp_like(uint8_t kernel_state)
{
	struct inet_diag_msg m = {.idiag_family = AF_INET,
				  .idiag_state = kernel_state,
				  .id = {.idiag_sport = htons(8080), .idiag_cookie = {8, 0}},
				  .idiag_inode = 1862012};
	struct bytes b = begin(&m, sizeof(m));
	uint8_t down = 0;

	put(&b, DIAG_SHUTDOWN, &down, 1);
	return b;
}

static void test_mptcp(void **state)
{
	struct bytes b = tcp_like(1), old = tcp_like(1), listener = tcp_like(10);
	uint8_t info[96] = {1};
	uint32_t token = 0x40da83b7;
	uint64_t received = 0x100000001ull, acked = 0x200000002ull;
	struct row r;

	memcpy(info + 12, &token, 4); /* mptcpi_token */
	memcpy(info + 64, &received, 8); /* mptcpi_bytes_received */
	memcpy(info + 72, &acked, 8); /* mptcpi_bytes_acked */
	put(&b, DIAG_INFO, info, sizeof(info));
	assert_int_equal(diag_parse_inet(b.b, b.n, PROTO_MPTCP, false, &r.s, &r.i, &r.x), 0);
	assert_int_equal(r.s.token, token);
	assert_true(r.s.rx_bytes == received && r.s.tx_bytes == acked);
	/* No tcp_info; and accepted ones have their listener's cookie, so it names none of them. */
	assert_int_equal(r.s.flags, SOCK_HAS_UID | SOCK_HAS_BYTES | SOCK_OWN_COOKIE);
	assert_true(r.s.cookie >> 63);
	assert_int_equal(r.i.rtt_us, 0);
	cut_everywhere(diag_parse_inet, PROTO_MPTCP, &b);

	put(&old, DIAG_INFO, info, 48); /* before Linux 6.5 */
	assert_int_equal(diag_parse_inet(old.b, old.n, PROTO_MPTCP, false, &r.s, &r.i, &r.x), 0);
	assert_int_equal(r.s.token, token);
	assert_int_equal(r.s.flags, SOCK_HAS_UID | SOCK_OWN_COOKIE);

	put(&listener, DIAG_INFO, info, sizeof(info));
	assert_int_equal(diag_parse_inet(listener.b, listener.n, PROTO_MPTCP, false, &r.s, &r.i, &r.x), 0);
	assert_int_equal(r.s.state, STATE_LISTENING);
	assert_int_equal(r.s.flags, SOCK_HAS_UID);
	assert_true(r.s.cookie == 8);
}

static void test_subflow(void **state)
{
	/* As Linux 6.18 gave it: {NAME "mptcp"} {MPTCP {TOKEN_REM} {TOKEN_LOC} …}; the nested ones from ULP type 3. */
	struct bytes flow = {0}, ulp = {0}, b = tcp_like(1), other = tcp_like(1), plain = tcp_like(1);
	uint32_t remote = 0x11111111, local = 0x40da83b7;
	struct row r;

	put(&flow, 1, &remote, 4);
	put(&flow, 2, &local, 4);
	put(&ulp, 1, "mptcp", 6);
	put(&ulp, 3, flow.b, flow.n);
	put(&b, DIAG_ULP_INFO, ulp.b, ulp.n);
	assert_int_equal(diag_parse_inet(b.b, b.n, PROTO_TCP, false, &r.s, &r.i, &r.x), 0);
	assert_true(r.s.flags & SOCK_SUBFLOW);
	assert_int_equal(r.s.token, local);
	cut_everywhere(diag_parse_inet, PROTO_TCP, &b);

	ulp.n = 0;
	put(&ulp, 1, "tls", 4);
	put(&other, DIAG_ULP_INFO, ulp.b, ulp.n);
	assert_int_equal(diag_parse_inet(other.b, other.n, PROTO_TCP, false, &r.s, &r.i, &r.x), 0);
	assert_false(r.s.flags & SOCK_SUBFLOW);
	assert_int_equal(diag_parse_inet(plain.b, plain.n, PROTO_TCP, false, &r.s, &r.i, &r.x), 0);
	assert_false(r.s.flags & SOCK_SUBFLOW);
	assert_int_equal(r.s.token, 0);
}

/* ---- the table ---- */

static void test_table(void **state)
{
	uint32_t seen = 0;

	for (size_t i = 0; i < diag_protos_n; i++) {
		const struct diag_proto *p = &diag_protos[i];

		assert_false(seen & PROTO_BIT(p->proto));
		seen |= PROTO_BIT(p->proto);
		assert_true(!p->families[0] == !p->parse && !p->families[0] == !p->put);
		assert_true(p->families[0] || p->proc); /* somebody can be asked */
	}
	assert_int_equal(seen, PROTOS_ALL);
	for (size_t i = 0; i < diag_protos_n; i++) {
		const struct diag_proto *p = &diag_protos[i];
		uint32_t bits = diag_kernel_states(p, p->states & ~STATE_BIT(STATE_BOUND));

		assert_true(bits & STATE_BIT(STATE_ESTABLISHED) || p->proto == PROTO_PACKET);
		if (!proto_table[p->proto].connected)
			assert_true(bits & 1u << DIAG_KERNEL_CLOSE);
		/* TCP's CLOSE is not asked for: nothing of it is ever listed */
		if (p->proto == PROTO_TCP)
			assert_false(bits & 1u << DIAG_KERNEL_CLOSE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unix_listener), cmocka_unit_test(test_unix_names),
		cmocka_unit_test(test_unix_states),   cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_packet),        cmocka_unit_test(test_netlink),
		cmocka_unit_test(test_vsock_fixture), cmocka_unit_test(test_sctp_fixture),
		cmocka_unit_test(test_raw_fixture),   cmocka_unit_test(test_mptcp),
		cmocka_unit_test(test_subflow),       cmocka_unit_test(test_table),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
