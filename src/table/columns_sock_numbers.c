/* The numbers of sockets: queues, buffers, counters, times. Each is null where the kernel gave none. */
#include "columns_sock.h"
#include "sockeye/base/units.h"

static void queue_value(const struct sock *s, bool applies, uint32_t n, struct value *v)
{
	if (!applies)
		v_na(v);
	else if (!has_queues(s))
		v_unknown(v);
	else
		v_int(v, n);
}
SOCK_GET(recvq)
{
	queue_value(sock(c, row), !listens(sock(c, row)), sock(c, row)->recvq, v);
}
SOCK_GET(sendq)
{
	queue_value(sock(c, row), !listens(sock(c, row)), sock(c, row)->sendq, v);
}
/* The kernel counts the peer's FIN as one byte: 0 left means the program has read the end. */
SOCK_GET(eof_read)
{
	if (sock(c, row)->state == STATE_CLOSE_WAIT)
		v_int(v, !sock(c, row)->recvq);
	else
		v_na(v);
}
SOCK_GET(backlog)
{
	queue_value(sock(c, row), listens(sock(c, row)), sock(c, row)->recvq, v);
}
SOCK_GET(backlog_max)
{
	if (listens(sock(c, row)) && sock(c, row)->flags & SOCK_FROM_PROC)
		v_unknown(v);
	else
		queue_value(sock(c, row), listens(sock(c, row)), sock(c, row)->sendq, v);
}
SOCK_GET(backlog_peak)
{
	queue_value(sock(c, row), listens(sock(c, row)), extra(c, row)->backlog_peak, v);
}
static void mem_value(const struct ctx *c, uint32_t row, uint32_t n, struct value *v)
{
	const struct sock *s = sock(c, row);

	if (s->flags & SOCK_HAS_MEM)
		v_int(v, n);
	else
		v_null(v, s->flags & SOCK_MINI ? NULL_NA : NULL_UNKNOWN);
}
SOCK_GET(rcvbuf)
{
	mem_value(c, row, frame_info(c->f, row).rcvbuf, v);
}
SOCK_GET(sndbuf)
{
	mem_value(c, row, frame_info(c->f, row).sndbuf, v);
}
SOCK_GET(drops)
{
	mem_value(c, row, sock(c, row)->drops, v);
}
static void bytes_value(const struct sock *s, uint64_t n, struct value *v)
{
	if (s->proto == PROTO_MPTCP && connected(s)) {
		if (s->flags & SOCK_HAS_BYTES)
			v_int(v, n);
		else
			v_unknown(v);
	} else if (!no_info(s, SOCK_HAS_INFO, v)) {
		v_int(v, n);
	}
}
SOCK_GET(rx_bytes)
{
	bytes_value(sock(c, row), sock(c, row)->rx_bytes, v);
}
SOCK_GET(tx_bytes)
{
	bytes_value(sock(c, row), sock(c, row)->tx_bytes, v);
}
static void rate_value(const struct ctx *c, uint32_t row, float rate, struct value *v)
{
	const struct sock *s = sock(c, row);

	if ((!is_tcp(s) && s->proto != PROTO_MPTCP) || !connected(s) || (s->flags & SOCK_MINI))
		v_na(v);
	else
		v_real(v, (double)rate);
}
SOCK_GET(rx_rate)
{
	rate_value(c, row, extra(c, row)->rx_rate, v);
}
SOCK_GET(tx_rate)
{
	rate_value(c, row, extra(c, row)->tx_rate, v);
}
SOCK_GET(rate)
{
	v_real(v, (double)extra(c, row)->rate_mean);
}

/* Plain numbers out of the info. */
#define INFO_GET(name, expr, setter)                                                                         \
	SOCK_GET(name)                                                                                       \
	{                                                                                                    \
		const struct sock_info i = frame_info(c->f, row);                                            \
                                                                                                             \
		if (!no_info(sock(c, row), SOCK_HAS_INFO, v))                                                \
			setter(v, expr);                                                                     \
	}
/* Before the first measurement rtt is 0, and what varies an assumption (tcp.c, tcp_init_sock): nothing is known. */
static void rtt_value(const struct ctx *c, uint32_t row, bool var, struct value *v)
{
	const struct sock_info i = frame_info(c->f, row);

	if (no_info(sock(c, row), SOCK_HAS_INFO, v))
		return;
	if (i.rtt_us)
		v_real(v, (var ? i.rttvar_us : i.rtt_us) / 1000.);
	else
		v_unknown(v);
}
SOCK_GET(rtt_ms)
{
	rtt_value(c, row, false, v);
}
SOCK_GET(rttvar_ms)
{
	rtt_value(c, row, true, v);
}
INFO_GET(cwnd, i.cwnd, v_int)
INFO_GET(mss, i.snd_mss, v_int)
INFO_GET(retrans_total, i.retrans_total, v_int)
INFO_GET(lost, i.lost, v_int)
SOCK_GET(minrtt_ms)
{
	uint32_t us = frame_info(c->f, row).min_rtt_us;

	if (no_info(sock(c, row), SOCK_HAS_INFO, v))
		return;
	if (us && us != UINT32_MAX)
		v_real(v, us / 1000.);
	else
		v_unknown(v);
}
SOCK_GET(ssthresh)
{
	uint32_t n = frame_info(c->f, row).ssthresh;

	if (no_info(sock(c, row), SOCK_HAS_INFO, v))
		return;
	if (n < 0x7fffffff) /* TCP_INFINITE_SSTHRESH: never lost anything */
		v_int(v, n);
	else
		v_na(v);
}
SOCK_GET(retrans)
{
	if (is_tcp(sock(c, row)) && connected(sock(c, row)))
		v_int(v, sock(c, row)->retrans);
	else
		v_na(v);
}
SOCK_GET(cc)
{
	if (is_tcp(sock(c, row)) && connected(sock(c, row)))
		v_name(v, c->f, frame_info(c->f, row).cc);
	else
		v_na(v);
}
SOCK_GET(timer)
{
	uint8_t t = sock(c, row)->timer;

	v_word(v, t, timer_names[t < TIMERS_N ? t : TIMERS_N - 1]);
}
SOCK_GET(timer_s)
{
	if (sock(c, row)->timer)
		v_real(v, frame_timer_ms(c->f, row) / 1000.);
	else
		v_na(v);
}
SOCK_GET(idle_s)
{
	const struct sock_info i = frame_info(c->f, row);

	if (no_info(sock(c, row), SOCK_HAS_TIMES, v))
		return;
	v_real(v, (i.last_sent_ms < i.last_recv_ms ? i.last_sent_ms : i.last_recv_ms) / 1000.);
}
static double row_age(const struct ctx *c, uint32_t row, uint64_t since)
{
	const struct row *r = extra(c, row);

	if ((r->marks & MARK_CLOSED) && r->closed_ns >= since)
		return (double)(r->closed_ns - since) / (double)NSEC_PER_SEC;
	return frame_age_s(c->f, since);
}
SOCK_GET(seen_s)
{
	v_real(v, row_age(c, row, extra(c, row)->first_ns));
}
SOCK_GET(age_s)
{
	if (extra(c, row)->marks & MARK_START)
		v_unknown(v);
	else
		sock_get_seen_s(c, row, v);
}
void sock_cell_age_s(const struct ctx *c, uint32_t row, struct str *out, uint8_t *ret_style)
{
	struct value v;

	sock_get_seen_s(c, row, &v);
	put_age(c, v.d, (extra(c, row)->marks & MARK_START) != 0, out, ret_style);
}
SOCK_GET(state_age_s)
{
	const struct row *r = extra(c, row);

	if ((r->marks & MARK_START) && r->state_ns <= r->first_ns)
		v_unknown(v);
	else
		v_real(v, row_age(c, row, r->state_ns));
}
SOCK_GET(v6only)
{
	if (sock(c, row)->family == FAMILY_IPV6 && !connected(sock(c, row)))
		v_int(v, (sock(c, row)->flags & SOCK_V6ONLY) != 0);
	else
		v_na(v);
}
SOCK_GET(mark)
{
	if (sock(c, row)->flags & SOCK_HAS_MARK)
		v_hex(v, frame_info(c->f, row).mark);
	else if (!has_ip(sock(c, row)))
		v_na(v);
	else
		v_unknown(v);
}
SOCK_GET(as_of_s)
{
	const struct row *r = extra(c, row);
	const struct sock *s = sock(c, row);

	if (r->marks & MARK_CLOSED)
		v_real(v, frame_age_s(c->f, r->closed_ns));
	else if (r->marks & MARK_MISSED)
		v_unknown(v);
	else if (is_tcp(s) && connected(s) && s->netns < c->f->netns.n && c->f->netns.v[s->netns].as_of_ns)
		v_real(v, frame_age_s(c->f, c->f->netns.v[s->netns].as_of_ns));
	else
		v_real(v, 0);
}
