/* Small groupings for pages: sockets by peer, connections by port and peer. */
#include "sockeye/table/group.h"
#include "sockeye/base/map.h"
#include "sockeye/base/mem.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_conn(const struct frame *f, uint32_t row)
{
	return row < f->rows_n && frame_sock(f, row)->family <= FAMILY_IPV6 &&
	       state_table[frame_sock(f, row)->state].connected;
}

static void add_rate(float *sum, float rate)
{
	if (isfinite(rate))
		*sum = isfinite(*sum) ? *sum + rate : rate;
}

static double smaller(double a, double b)
{
	if (a < 0)
		return b;
	return b < 0 || a < b ? a : b;
}

static double idle_of(const struct frame *f, uint32_t row)
{
	const struct sock_info i = frame_info(f, row);

	if (!(frame_sock(f, row)->flags & SOCK_HAS_TIMES))
		return -1;
	return (i.last_sent_ms < i.last_recv_ms ? i.last_sent_ms : i.last_recv_ms) / 1000.;
}

static double rtt_of(const struct frame *f, uint32_t row)
{
	const struct sock_info i = frame_info(f, row);

	return (frame_sock(f, row)->flags & SOCK_HAS_INFO) && i.rtt_us ? i.rtt_us / 1000. : -1;
}

static const struct conn_sums no_conns = {.rx_rate = NAN, .tx_rate = NAN, .idle_s = -1};

static void add_conn(struct conn_sums *s, const struct frame *f, uint32_t row)
{
	const struct row *r = frame_row(f, row);
	uint8_t state = frame_sock(f, row)->state;

	/* A subflow's MPTCP socket is among the rows too, and counts for it. */
	if (!(r->marks & MARK_CLOSED) && r->parent == NONE) {
		s->conns += state_table[state].conn;
		s->close_wait += state == STATE_CLOSE_WAIT;
		add_rate(&s->rx_rate, r->rx_rate);
		add_rate(&s->tx_rate, r->tx_rate);
	}
	s->idle_s = smaller(s->idle_s, idle_of(f, row));
}

static struct ip remote_of(const struct frame *f, uint32_t row)
{
	const struct sock *s = frame_sock(f, row);
	struct ip ip;

	ip_unmap(s->raddr, s->family == FAMILY_IPV6, &ip);
	return ip;
}

static void ip_key(const struct ip *ip, uint64_t key[2])
{
	memcpy(key, ip->b, 16);
	key[1] ^= ip->v6 ? UINT64_C(0x9e3779b97f4a7c15) : 0;
}

static int by_conns_peer(const void *a, const void *b)
{
	const struct peer_group *x = a, *y = b;

	if (x->sums.conns != y->sums.conns)
		return x->sums.conns < y->sums.conns ? 1 : -1;
	if (x->ip.v6 != y->ip.v6)
		return x->ip.v6 ? 1 : -1;
	return memcmp(x->ip.b, y->ip.b, 16);
}

/* The other end stands anywhere in the memory: asked for well before it is needed. */
#define AHEAD 16

static void fetch_peer(const struct frame *f, const uint32_t *rows, size_t n, size_t i)
{
	uint32_t peer = i + AHEAD < n ? frame_row(f, rows[i + AHEAD])->peer : NONE;

	if (peer < f->rows_n)
		__builtin_prefetch(&frame_row(f, peer)->owner_n);
	peer = i + AHEAD / 2 < n ? frame_row(f, rows[i + AHEAD / 2])->peer : NONE;
	if (peer < f->rows_n && frame_row(f, peer)->owner_n)
		__builtin_prefetch(frame_owner(f, frame_row(f, peer), 0));
}

void group_peers_add(const struct frame *f, const uint32_t *rows, size_t n, struct map *seen,
		     struct peer_groups *ret)
{
	struct peer_group *g;
	uint64_t key[2];
	uint32_t *at, p;
	struct ip ip;
	size_t i;

	for (i = 0; i < n; i++) {
		fetch_peer(f, rows, n, i);
		if (!is_conn(f, rows[i]))
			continue;
		ip = remote_of(f, rows[i]);
		ip_key(&ip, key);
		at = map_at(seen, key[0], key[1]);
		if (*at == MAP_NONE) {
			*at = (uint32_t)ret->v.n;
			g = vec_add(&ret->v);
			*g = (struct peer_group){
				.ip = ip, .sums = no_conns, .rtt_ms = -1, .row = rows[i], .peer_proc = NONE};
		}
		g = &ret->v.v[*at];
		add_conn(&g->sums, f, rows[i]);
		g->rtt_ms = smaller(g->rtt_ms, rtt_of(f, rows[i]));
		if (frame_row(f, rows[i])->peer < f->rows_n) {
			p = frame_first_owner(f, frame_row(f, rows[i])->peer, false);
			if (!g->here)
				g->peer_proc = p;
			else if (g->peer_proc != p)
				g->peer_proc = NONE; /* several: none of them stands for all */
			g->here = true;
		}
	}
}

/* The first `top` of n items of this size into their order at the beginning; the others lie behind them anyhow. */
static void order_top(void *items, size_t n, size_t size, size_t top, int (*cmp)(const void *, const void *))
{
	char *v = items, *x = mem_alloc(1, size), *last;
	size_t i, k;

	top = top < n ? top : n;
	if (top)
		qsort(v, top, size, cmp);
	last = v + (top ? top - 1 : 0) * size;
	for (i = top; i < n && top; i++) {
		if (cmp(v + i * size, last) >= 0)
			continue;
		memcpy(x, v + i * size, size);
		memcpy(v + i * size, last, size);
		for (k = top - 1; k && cmp(x, v + (k - 1) * size) < 0; k--)
			;
		memmove(v + (k + 1) * size, v + k * size, (top - 1 - k) * size);
		memcpy(v + k * size, x, size);
	}
	free(x);
}

void group_peers_order(struct peer_groups *p, size_t top)
{
	order_top(p->v.v, p->v.n, sizeof(*p->v.v), top, by_conns_peer);
}

/* In ones by local port, then out ones; most connections first. */
static int by_conns_conn(const void *a, const void *b)
{
	const struct conn_group *x = a, *y = b;

	if (x->out != y->out)
		return x->out ? 1 : -1;
	if (x->sums.conns != y->sums.conns)
		return x->sums.conns < y->sums.conns ? 1 : -1;
	if (x->port != y->port)
		return x->port < y->port ? -1 : 1;
	if (x->proto != y->proto)
		return x->proto < y->proto ? -1 : 1;
	return memcmp(x->ip.b, y->ip.b, 16);
}

/* Finds or makes the group of a row; gives its index. */
static uint32_t group_of(const struct frame *f, uint32_t row, struct map *seen, struct conn_groups *ret)
{
	const struct sock *s = frame_sock(f, row);
	bool out = frame_row(f, row)->dir != DIR_IN;
	struct ip ip = {0};
	uint64_t key[2] = {0, 0};
	uint32_t *at;

	if (out) {
		ip = remote_of(f, row);
		ip_key(&ip, key);
	}
	key[1] += ((uint64_t)s->proto << 33 | (uint64_t)(out ? s->rport : s->lport) << 1 | out) *
		  UINT64_C(0x9e3779b97f4a7c15);
	at = map_at(seen, key[0], key[1]);
	if (*at == MAP_NONE) {
		*at = (uint32_t)ret->v.n;
		vec_push(&ret->v, ((struct conn_group){.out = out,
						       .port = out ? s->rport : s->lport,
						       .ip = ip,
						       .proto = s->proto,
						       .sums = no_conns}));
	}
	return *at;
}

void conn_grouping_done(struct conn_grouping *g)
{
	vec_done(&g->conns);
	vec_done(&g->groups);
	map_done(&g->seen);
}

void conn_grouping_clear(struct conn_grouping *g)
{
	vec_clear(&g->conns);
	vec_clear(&g->groups);
	map_clear(&g->seen);
}

void group_conns_add(const struct frame *f, const uint32_t *rows, size_t n, struct conn_grouping *by,
		     struct conn_groups *ret)
{
	struct conn_group *g;
	uint32_t group;
	size_t i;

	for (i = 0; i < n; i++) {
		if (!is_conn(f, rows[i]))
			continue;
		group = group_of(f, rows[i], &by->seen, ret);
		vec_push(&by->conns, rows[i]);
		vec_push(&by->groups, group);
		g = &ret->v.v[group];
		g->n++;
		add_conn(&g->sums, f, rows[i]);
	}
}

/* Rows of a group lie together: count, place, then sort the groups, whose `first` stays true. */
void group_conns_order(const struct conn_grouping *by, struct conn_groups *ret, size_t top)
{
	struct conn_group *g;
	uint32_t at = 0;
	size_t i;

	for (i = 0; i < ret->v.n; i++) {
		ret->v.v[i].first = at;
		at += ret->v.v[i].n;
		ret->v.v[i].n = 0;
	}
	vec_clear(&ret->rows);
	vec_reserve(&ret->rows, by->conns.n + 1);
	ret->rows.n = by->conns.n;
	for (i = 0; i < by->conns.n; i++) {
		g = &ret->v.v[by->groups.v[i]];
		ret->rows.v[g->first + g->n++] = by->conns.v[i];
	}
	order_top(ret->v.v, ret->v.n, sizeof(*ret->v.v), top, by_conns_conn);
}
