/* Reads sock_diag answers byte by byte, apart from the socket they came from, so that every length
 * check can be tested and fuzzed without a kernel. */
#include "diag_parse.h"
#include "diag_attr.h"
#include "sockeye/base/map.h"
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <string.h>
#include <sys/socket.h>

/* The kernel's struct tcp_info has grown with every few releases and headers name only the fields of
 * their day, so it is read by offset (include/uapi/linux/tcp.h; the layout never changes, only ends later). */
enum tcp_info_at {
	AT_CA_STATE = 1,
	AT_OPTIONS = 5,
	AT_WSCALE = 6,
	AT_SND_MSS = 16,
	AT_LOST = 32,
	AT_LAST_DATA_SENT = 44,
	AT_LAST_DATA_RECV = 52,
	AT_LAST_ACK_RECV = 56,
	AT_PMTU = 60,
	AT_RTT = 68,
	AT_RTTVAR = 72,
	AT_SND_SSTHRESH = 76,
	AT_SND_CWND = 80,
	AT_TOTAL_RETRANS = 100,
	AT_BYTES_ACKED = 120,
	AT_BYTES_RECEIVED = 128,
	AT_SEGS_OUT = 136,
	AT_NOTSENT_BYTES = 144,
	AT_MIN_RTT = 148,
	AT_DELIVERY_RATE = 160,
	AT_BUSY_TIME = 168,
	AT_RWND_LIMITED = 176,
	AT_SNDBUF_LIMITED = 184,
	AT_DSACK_DUPS = 216,
	AT_REORD_SEEN = 220,
};

static uint32_t info_u32(const struct attr *a, enum tcp_info_at at)
{
	return a->n >= (size_t)at + 4 ? get_u32(a->p + at) : 0;
}

static uint64_t info_u64(const struct attr *a, enum tcp_info_at at)
{
	return a->n >= (size_t)at + 8 ? get_u64(a->p + at) : 0;
}

static uint8_t info_u8(const struct attr *a, enum tcp_info_at at)
{
	return a->n > (size_t)at ? a->p[at] : 0;
}

/* Two bit fields of 4 in one byte: the first one declared lies low on little-endian machines. */
static uint8_t info_wscale(const struct attr *a)
{
	uint8_t v = info_u8(a, AT_WSCALE);
#if __BYTE_ORDER == __BIG_ENDIAN
	v = (uint8_t)(v >> 4 | v << 4);
#endif
	return v;
}

/* A listener's tcp_info holds queue lengths in borrowed fields and zeros elsewhere (tcp_get_info), and a
 * bound socket has no connection: neither may pass for counters that stand at 0. */
static bool state_has_info(uint8_t state)
{
	return state != STATE_LISTENING && state != STATE_BOUND && state != STATE_CLOSED;
}

static void read_tcp_info(const struct attr *a, struct sock *s, struct sock_info *i)
{
	if (!a->p || !state_has_info(s->state))
		return;
	if (a->n >= AT_BYTES_RECEIVED + 8) {
		s->flags |= SOCK_HAS_INFO;
		s->tx_bytes = info_u64(a, AT_BYTES_ACKED);
		s->rx_bytes = info_u64(a, AT_BYTES_RECEIVED);
	}
	/* Before the handshake ends the stamps are 0, so the ages would count from boot. */
	if (a->n >= AT_LAST_ACK_RECV + 4 && s->state != STATE_SYN_SENT)
		s->flags |= SOCK_HAS_TIMES;
	if (a->n >= AT_SEGS_OUT + 4)
		s->flags |= SOCK_HAS_SEGS;
	if (!i)
		return;
	i->snd_mss = info_u32(a, AT_SND_MSS);
	i->lost = info_u32(a, AT_LOST);
	if (s->flags & SOCK_HAS_TIMES) {
		i->last_sent_ms = info_u32(a, AT_LAST_DATA_SENT);
		i->last_recv_ms = info_u32(a, AT_LAST_DATA_RECV);
		i->last_ack_recv_ms = info_u32(a, AT_LAST_ACK_RECV);
	}
	i->rtt_us = info_u32(a, AT_RTT);
	i->rttvar_us = info_u32(a, AT_RTTVAR);
	i->ssthresh = info_u32(a, AT_SND_SSTHRESH);
	i->cwnd = info_u32(a, AT_SND_CWND);
	i->retrans_total = info_u32(a, AT_TOTAL_RETRANS);
	i->segs_out = info_u32(a, AT_SEGS_OUT);
	i->min_rtt_us = info_u32(a, AT_MIN_RTT);
}

int diag_parse_shown(const void *payload, size_t n, struct shown *ret)
{
	struct attrs attrs;
	struct inet_diag_msg m;
	const struct attr *a;

	if (n < sizeof(m))
		return -EBADMSG;
	memcpy(&m, payload, sizeof(m));
	if (attrs_split((const uint8_t *)payload + sizeof(m), n - sizeof(m), &attrs))
		return -EBADMSG;
	a = attr_of(&attrs, DIAG_INFO, 0);
	if (!a->p || !state_has_info(m.idiag_state))
		return -ENODATA;
	*ret = (struct shown){
		.cookie = (uint64_t)m.id.idiag_cookie[1] << 32 | m.id.idiag_cookie[0],
		.busy_us = info_u64(a, AT_BUSY_TIME),
		.rwnd_limited_us = info_u64(a, AT_RWND_LIMITED),
		.sndbuf_limited_us = info_u64(a, AT_SNDBUF_LIMITED),
		.delivery_rate = info_u64(a, AT_DELIVERY_RATE),
		.pmtu = info_u32(a, AT_PMTU),
		.notsent_bytes = info_u32(a, AT_NOTSENT_BYTES),
		.reord_seen = info_u32(a, AT_REORD_SEEN),
		.dsack_dups = info_u32(a, AT_DSACK_DUPS),
		.ca_state = info_u8(a, AT_CA_STATE),
		.options = info_u8(a, AT_OPTIONS),
		.wscale = info_wscale(a),
	};
	return 0;
}

void diag_read_meminfo(const struct attr *a, struct sock *s, struct sock_info *i)
{
	if (!a->p || a->n < (SK_MEMINFO_DROPS + 1) * 4)
		return;
	s->flags |= SOCK_HAS_MEM;
	s->drops = get_u32(a->p + SK_MEMINFO_DROPS * 4);
	if (i) {
		i->rcvbuf = get_u32(a->p + SK_MEMINFO_RCVBUF * 4);
		i->sndbuf = get_u32(a->p + SK_MEMINFO_SNDBUF * 4);
	}
}

static uint8_t state_of(uint8_t kernel, enum proto proto, bool bound)
{
	if (kernel == DIAG_KERNEL_BOUND_INACTIVE)
		return STATE_BOUND;
	if (kernel == DIAG_KERNEL_NEW_SYN_RECV)
		return STATE_SYN_RECV;
	if (kernel == DIAG_KERNEL_CLOSE)
		return bound ? STATE_BOUND : proto_table[proto].connected ? STATE_CLOSED : STATE_UNCONN;
	return kernel <= STATE_CLOSING ? kernel : STATE_NONE;
}

/* Time-wait and request sockets are small stand-ins: no inode, a uid of 0 that means nothing, no
 * attributes but MARK (inet_twsk_diag_fill, inet_req_diag_fill). A FIN-WAIT-2 or SYN-RECV can be either. */
static bool is_mini(const struct inet_diag_msg *m, uint8_t state, bool has_shutdown)
{
	if (state == STATE_TIME_WAIT)
		return true;
	if (state == STATE_FIN_WAIT_2)
		return m->idiag_timer == 3;
	return state == STATE_SYN_RECV && !has_shutdown;
}

/* ---- MPTCP ---- */

/* struct mptcp_info by offset (include/uapi/linux/mptcp.h); the byte counters came with Linux 6.5. */
enum mptcp_info_at { MPTCP_AT_TOKEN = 12, MPTCP_AT_BYTES_RECEIVED = 64, MPTCP_AT_BYTES_ACKED = 72 };

static void read_mptcp_info(const struct attr *a, struct sock *s)
{
	if (!a->p || !state_has_info(s->state))
		return;
	if (a->n >= MPTCP_AT_TOKEN + 4)
		s->token = get_u32(a->p + MPTCP_AT_TOKEN);
	if (a->n < MPTCP_AT_BYTES_ACKED + 8)
		return;
	s->flags |= SOCK_HAS_BYTES;
	s->rx_bytes = get_u64(a->p + MPTCP_AT_BYTES_RECEIVED);
	s->tx_bytes = get_u64(a->p + MPTCP_AT_BYTES_ACKED);
}

/* A TCP socket that works for a MPTCP one says so in its upper layer protocol: {name "mptcp", {token, …}}. */
enum ulp_attr { ULP_NAME = 1, ULP_MPTCP = 3, ULP_MPTCP_TOKEN_LOC = 2 };

static void read_ulp(const struct attr *a, struct sock *s)
{
	struct attrs ulp, flow;
	const struct attr *name, *token;

	if (!a->p || attrs_split(a->p, a->n, &ulp))
		return;
	name = attr_of(&ulp, ULP_NAME, 5);
	if (!name->p || memcmp(name->p, "mptcp", 5) != 0 || (name->n > 5 && name->p[5]))
		return;
	s->flags |= SOCK_SUBFLOW;
	a = attr_of(&ulp, ULP_MPTCP, 0);
	if (!a->p || attrs_split(a->p, a->n, &flow))
		return;
	token = attr_of(&flow, ULP_MPTCP_TOKEN_LOC, 4);
	if (token->p)
		s->token = get_u32(token->p);
}

/* ---- SCTP ---- */

/* An association has states of its own (include/net/sctp/constants.h, enum sctp_state); they are told with
 * the nearest words of TCP. An endpoint has TCP's numbers. */
static uint8_t state_of_association(uint8_t kernel)
{
	static const uint8_t states[] = {
		STATE_CLOSED, /* CLOSED */
		STATE_SYN_SENT, /* COOKIE_WAIT */
		STATE_SYN_SENT, /* COOKIE_ECHOED */
		STATE_ESTABLISHED, /* ESTABLISHED */
		STATE_FIN_WAIT_1, /* SHUTDOWN_PENDING */
		STATE_FIN_WAIT_2, /* SHUTDOWN_SENT */
		STATE_CLOSE_WAIT, /* SHUTDOWN_RECEIVED */
		STATE_LAST_ACK, /* SHUTDOWN_ACK_SENT */
	};
	return kernel < sizeof(states) ? states[kernel] : STATE_NONE;
}

/* The kernel gives an endpoint with associations as a row of its own before theirs, all with the socket's
 * cookie (sctp_sock_dump): only one that listens says more than they do. 1: leave it out. */
static int make_sctp(const struct inet_diag_msg *m, bool association, struct sock *s)
{
	s->timer = s->timer ? 1 : 0; /* T3-rtx, in a numbering of its own */
	if (!association) {
		s->state = m->idiag_state == STATE_LISTENING     ? STATE_LISTENING
			   : m->idiag_state == DIAG_KERNEL_CLOSE ? STATE_BOUND
								 : STATE_NONE;
		return s->state == STATE_NONE;
	}
	s->state = state_of_association(m->idiag_state);
	s->cookie = diag_own_cookie(s->cookie, s);
	s->flags |= SOCK_OWN_COOKIE;
	return 0;
}

uint64_t diag_own_cookie(uint64_t a, const struct sock *s)
{
	uint64_t w[4];

	memcpy(w, s->laddr, 16);
	memcpy(w + 2, s->raddr, 16);
	a = map_hash(a ^ (uint64_t)s->proto << 56, w[0] ^ map_hash(w[1], s->lport));
	a = map_hash(a, w[2] ^ map_hash(w[3], s->rport));
	return a | UINT64_C(1) << 63;
}

int diag_parse_inet(const void *payload, size_t n, enum proto proto, bool bound, struct sock *ret_sock,
		    struct sock_info *ret_info, struct diag_extra *ret_extra)
{
	struct attrs attrs;
	struct inet_diag_msg m;
	struct sock s = {0};
	const struct attr *a;

	if (n < sizeof(m))
		return -EBADMSG;
	memcpy(&m, payload, sizeof(m));
	if (m.idiag_family == AF_INET)
		s.family = FAMILY_IPV4;
	else if (m.idiag_family == AF_INET6)
		s.family = FAMILY_IPV6;
	else
		return -EAFNOSUPPORT;
	if (attrs_split((const uint8_t *)payload + sizeof(m), n - sizeof(m), &attrs))
		return -EBADMSG;

	s.proto = (uint8_t)proto;
	s.state = state_of(m.idiag_state, proto, bound);
	s.cookie = (uint64_t)m.id.idiag_cookie[1] << 32 | m.id.idiag_cookie[0];
	if (s.family == FAMILY_IPV6) {
		memcpy(s.laddr, m.id.idiag_src, 16);
		memcpy(s.raddr, m.id.idiag_dst, 16);
	} else {
		memcpy(s.laddr, m.id.idiag_src, 4);
		memcpy(s.raddr, m.id.idiag_dst, 4);
	}
	s.lport = ntohs(m.id.idiag_sport);
	s.rport = ntohs(m.id.idiag_dport);
	s.ifindex = m.id.idiag_if;
	s.inode = m.idiag_inode;
	s.recvq = m.idiag_rqueue;
	s.sendq = m.idiag_wqueue;
	s.timer = m.idiag_timer;
	s.retrans = m.idiag_retrans;
	s.timer_ms = m.idiag_timer ? m.idiag_expires : 0;

	a = attr_of(&attrs, DIAG_SHUTDOWN, 1);
	if (a->p)
		s.shutdown = a->p[0];
	if (proto == PROTO_SCTP && make_sctp(&m, attr_of(&attrs, DIAG_PEERS, 0)->p, &s))
		return 1;
	if (proto != PROTO_SCTP && is_mini(&m, s.state, a->p != NULL)) {
		s.flags |= SOCK_MINI;
	} else {
		s.flags |= SOCK_HAS_UID;
		s.uid = m.idiag_uid;
	}
	a = attr_of(&attrs, DIAG_SKV6ONLY, 1);
	if (a->p && a->p[0])
		s.flags |= SOCK_V6ONLY;

	if (ret_info)
		*ret_info = (struct sock_info){0};
	a = attr_of(&attrs, DIAG_MARK, 4);
	if (a->p && ret_info) {
		s.flags |= SOCK_HAS_MARK;
		ret_info->mark = get_u32(a->p);
	}
	diag_read_meminfo(attr_of(&attrs, DIAG_SKMEMINFO, 0), &s, ret_info);
	if (proto == PROTO_TCP) {
		read_tcp_info(attr_of(&attrs, DIAG_INFO, 0), &s, ret_info);
		read_ulp(attr_of(&attrs, DIAG_ULP_INFO, 0), &s);
	} else if (proto == PROTO_MPTCP) {
		read_mptcp_info(attr_of(&attrs, DIAG_INFO, 0), &s);
		/* An accepted one is a copy of its listener, cookie and all, once that has been asked for its own
		 * (mptcp_sk_clone; Linux 6.18). */
		if (s.state != STATE_LISTENING) {
			s.cookie = diag_own_cookie(s.cookie, &s);
			s.flags |= SOCK_OWN_COOKIE;
		}
	}

	diag_extra_clear(ret_extra);
	a = attr_of(&attrs, DIAG_CGROUP_ID, 8);
	ret_extra->cgroup = a->p ? get_u64(a->p) : 0;
	a = attr_of(&attrs, DIAG_CONG, 1);
	ret_extra->cc = (const char *)a->p;
	ret_extra->cc_n = a->p ? strnlen((const char *)a->p, a->n) : 0;
	*ret_sock = s;
	return 0;
}

/* NLMSG_DONE and NLMSG_ERROR both open with an int: 0 or a negative errno. A DONE without one is a plain end. */
static int end_code(const uint8_t *p, size_t n)
{
	int32_t code = 0;

	if (n >= sizeof(code))
		memcpy(&code, p, sizeof(code));
	if (code < -4095)
		return -EPROTO;
	return code < 0 ? code : 0;
}

int diag_walk(const void *buf, size_t n, uint32_t seq, diag_row_fn fn, void *arg, struct diag_reply *ret)
{
	const uint8_t *p = buf;
	struct nlmsghdr h;

	while (n >= sizeof(h)) {
		size_t len;

		memcpy(&h, p, sizeof(h));
		len = h.nlmsg_len;
		if (len < sizeof(h) || len > n)
			return -EBADMSG;
		if (h.nlmsg_seq == seq) {
			const uint8_t *payload = p + sizeof(h);
			size_t payload_n = len - sizeof(h);

			if (h.nlmsg_flags & NLM_F_DUMP_INTR)
				ret->interrupted = true;
			if (h.nlmsg_type == NLMSG_DONE || h.nlmsg_type == NLMSG_ERROR) {
				ret->done = true;
				ret->err = end_code(payload, payload_n);
				return 0;
			}
			if (h.nlmsg_type >= NLMSG_MIN_TYPE)
				fn(arg, payload, payload_n);
		}
		len = NLMSG_ALIGN(len);
		if (len >= n)
			return 0;
		p += len;
		n -= len;
	}
	return n ? -EBADMSG : 0;
}
