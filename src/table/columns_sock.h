/* Inside the columns of sockets: what both of their files ask of a row, and the getters of numbers
 * (columns_sock_numbers.c) and ends (columns_sock_ends.c) that the table names. */
#pragma once
#include "columns_kit.h"

static inline const struct sock *sock(const struct ctx *c, uint32_t row)
{
	return frame_sock(c->f, row);
}
static inline const struct row *extra(const struct ctx *c, uint32_t row)
{
	return frame_row(c->f, row);
}
static inline bool listens(const struct sock *s)
{
	return s->state == STATE_LISTENING;
}
static inline bool connected(const struct sock *s)
{
	return state_table[s->state].connected;
}
static inline bool has_ip(const struct sock *s)
{
	return s->family == FAMILY_IPV4 || s->family == FAMILY_IPV6;
}
static inline bool has_remote(const struct sock *s)
{
	return has_ip(s) && (s->rport || !ip_is_any(s->raddr, s->family == FAMILY_IPV6));
}
/* Has it tcp_info and what belongs to it? SCTP has an info of its own, which is not asked for. */
static inline bool is_tcp(const struct sock *s)
{
	return s->proto == PROTO_TCP;
}
/* Does the kernel tell its queues? Of vsock it does not. */
static inline bool has_queues(const struct sock *s)
{
	return s->family != FAMILY_VSOCK;
}
/* What only a full TCP socket knows: NA where it cannot exist, unknown where it did not come along. */
static inline bool no_info(const struct sock *s, uint16_t flag, struct value *v)
{
	if (!is_tcp(s) || !connected(s) || (s->flags & SOCK_MINI)) {
		v_na(v);
		return true;
	}
	if (!(s->flags & flag)) {
		v_unknown(v);
		return true;
	}
	return false;
}

#define SOCK_GET(name) void sock_get_##name(const struct ctx *c, uint32_t row, struct value *v)
SOCK_GET(laddr);
SOCK_GET(lport);
SOCK_GET(local);
SOCK_GET(raddr);
SOCK_GET(rport);
SOCK_GET(remote);
SOCK_GET(recvq);
SOCK_GET(sendq);
SOCK_GET(eof_read);
SOCK_GET(backlog);
SOCK_GET(backlog_max);
SOCK_GET(backlog_peak);
SOCK_GET(rcvbuf);
SOCK_GET(sndbuf);
SOCK_GET(drops);
SOCK_GET(rx_bytes);
SOCK_GET(tx_bytes);
SOCK_GET(rx_rate);
SOCK_GET(tx_rate);
SOCK_GET(rate);
SOCK_GET(rtt_ms);
SOCK_GET(rttvar_ms);
SOCK_GET(cwnd);
SOCK_GET(mss);
SOCK_GET(retrans_total);
SOCK_GET(lost);
SOCK_GET(minrtt_ms);
SOCK_GET(ssthresh);
SOCK_GET(retrans);
SOCK_GET(cc);
SOCK_GET(timer);
SOCK_GET(timer_s);
SOCK_GET(idle_s);
SOCK_GET(seen_s);
SOCK_GET(age_s);
SOCK_GET(state_age_s);
SOCK_GET(v6only);
SOCK_GET(mark);
SOCK_GET(as_of_s);
#define SOCK_CELL(name)                                                                                      \
	void sock_cell_##name(const struct ctx *c, uint32_t row, struct str *out, uint8_t *ret_style)
#define SOCK_FIT(name)                                                                                       \
	void sock_fit_##name(const struct ctx *c, uint32_t row, unsigned width, struct str *out,             \
			     uint8_t *ret_style)
SOCK_CELL(local);
SOCK_FIT(local);
SOCK_CELL(remote);
SOCK_FIT(remote);
void sock_cell_age_s(const struct ctx *c, uint32_t row, struct str *out, uint8_t *ret_style);
