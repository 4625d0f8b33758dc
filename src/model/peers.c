/* The other end of a conversation, where it is on this machine: the one socket with the reversed addresses. What
 * a translation of addresses (NAT) did is not followed. */
#include "world_private.h"
#include <stdlib.h>

static bool same_end(const uint8_t *a, uint8_t family_a, const uint8_t *b, uint8_t family_b)
{
	struct ip x, y;

	if (family_a == family_b)
		return !memcmp(a, b, 16);
	ip_unmap(a, family_a == FAMILY_IPV6, &x);
	ip_unmap(b, family_b == FAMILY_IPV6, &y);
	return x.v6 == y.v6 && !memcmp(x.b, y.b, 16);
}

/* Are these the two ends of one conversation? */
static bool ends_of_one(const struct frame *f, uint32_t i, uint32_t j)
{
	const struct sock *a = frame_sock(f, i), *b = frame_sock(f, j);

	return i != j && a->proto == b->proto && a->lport == b->rport && a->rport == b->lport &&
	       same_end(a->laddr, a->family, b->raddr, b->family) &&
	       same_end(a->raddr, a->family, b->laddr, b->family) &&
	       /* 127.0.0.1 of another namespace is another machine. */
	       (a->netns == b->netns || frame_row(f, i)->scope != SCOPE_LOOPBACK);
}

static bool is_datagram(const struct sock *s)
{
	return s->proto == PROTO_UDP || s->proto == PROTO_UDPLITE;
}

/* Is j, which is connected to nobody, where the datagrams of i go? Of a wildcard it must be known that i's remote
 * address is one of j's namespace: a loopback one of the same, or one that the sender has itself. 2: to this very
 * address, 1: to any, 0: no. */
static int takes_all_from(const struct frame *f, uint32_t i, uint32_t j)
{
	const struct sock *a = frame_sock(f, i), *b = frame_sock(f, j);
	struct ip to, at, from;
	bool loopback;

	if (b->state != STATE_UNCONN || b->rport || a->proto != b->proto || a->rport != b->lport ||
	    b->family > FAMILY_IPV6)
		return 0;
	ip_unmap(a->raddr, a->family == FAMILY_IPV6, &to);
	ip_unmap(a->laddr, a->family == FAMILY_IPV6, &from);
	ip_unmap(b->laddr, b->family == FAMILY_IPV6, &at);
	loopback = scope_of(to.b, to.v6) == SCOPE_LOOPBACK;
	if (loopback && a->netns != b->netns)
		return 0;
	if (at.v6 == to.v6 && !memcmp(at.b, to.b, 16))
		return 2;
	if (!ip_is_any(at.b, at.v6) || a->netns != b->netns)
		return 0;
	if (at.v6 != to.v6 && (to.v6 || b->flags & SOCK_V6ONLY))
		return 0;
	return loopback || (from.v6 == to.v6 && !memcmp(from.b, to.b, 16));
}

static bool has_ends(const struct sock *s)
{
	return s->rport && s->lport && s->family <= FAMILY_IPV6;
}

/* The other end that prev knew, where it still is that. */
static uint32_t known_peer(const struct world *w, uint32_t i, uint32_t prev)
{
	const struct frame *f = w->f;
	uint32_t peer = frame_row(w->prev, prev)->peer;

	if (peer != NONE && !w->changed.v[i] && w->row_of.v[peer] == peer && !w->changed.v[peer])
		return peer;
	if (peer == NONE || (peer = w->row_of.v[peer]) == NONE || peer >= f->open_rows)
		return NONE;
	if (ends_of_one(f, i, peer) || (is_datagram(frame_sock(f, i)) && takes_all_from(f, i, peer)))
		return peer;
	return NONE;
}

/* Other ends of what has changed must be looked at, too. */
static void wake_peers(struct world *w)
{
	const struct frame *f = w->f, *p = w->prev;
	uint32_t was = p ? p->open_rows : 0, end = f->open_rows > was ? f->open_rows : was;

	for (uint32_t i = world_next(w, 0, end, 0); i < was; i = world_next(w, i + 1, end, 0)) {
		uint32_t peer = frame_row(p, i)->peer;

		if (peer != NONE && w->row_of.v[peer] != NONE)
			w->calm.v[w->row_of.v[peer]] &= (uint8_t)~CALM_PEER;
	}
}

/* Takes over what prev knew. True when some socket without a known other end is new or talks to somebody
 * else than before: only that can make a new pair. */
static bool carry_peers(struct world *w)
{
	struct frame *f = w->f;
	bool fresh = w->prev && w->prev->want.skip & PART_PEERS;

	wake_peers(w);
	for (uint32_t i = world_next(w, 0, f->open_rows, CALM_PEER); i < f->open_rows;
	     i = world_next(w, i + 1, f->open_rows, CALM_PEER)) {
		const struct sock *s = frame_sock(f, i);
		uint32_t prev = w->prev_of.v[i];

		/* the end that a datagram socket talks to need not talk to it */
		world_set_calm(w, i, CALM_PEER, !is_datagram(s) || !has_ends(s));
		if (!has_ends(s)) {
			/* who waits for everybody may be the other end of a datagram socket that was there before */
			fresh |= prev == NONE && is_datagram(s);
			if (s->proto != PROTO_UNIX)
				frame_set(f, i, peer, NONE);
			continue;
		}
		if (prev == NONE || prev >= w->prev->open_rows || !same_tuple(frame_sock(w->prev, prev), s) ||
		    frame_sock(w->prev, prev)->proto != s->proto) {
			fresh = true;
			frame_set(f, i, peer, NONE);
			continue;
		}
		frame_set(f, i, peer, known_peer(w, i, prev));
	}
	return fresh;
}

static void addr_key(const uint8_t *addr, uint8_t family, uint64_t *a, uint64_t *b)
{
	struct ip ip;

	ip_unmap(addr, family == FAMILY_IPV6, &ip);
	memcpy(a, ip.b, 8);
	memcpy(b, ip.b + 8, 8);
	*b ^= ip.v6 ? UINT64_C(1) << 63 : 0; /* a false hit costs one comparison, no more */
}

static void index_local_addrs(struct world *w)
{
	const struct frame *f = w->f;
	const struct sock *last = NULL;
	uint64_t a, b;

	map_clear(&w->scratch);
	for (uint32_t i = 0; i < f->open_rows; i++) {
		const struct sock *s = frame_sock(f, i);

		if (!has_ends(s) || (last && last->family == s->family && !memcmp(last->laddr, s->laddr, 16)))
			continue;
		last = s;
		addr_key(s->laddr, s->family, &a, &b);
		*map_at(&w->scratch, a, b) = 1;
	}
}

/* The same for both ends, so that the second one finds the first. */
static void pair_key(const struct sock *s, uint64_t *a, uint64_t *b)
{
	uint64_t la, lb, ra, rb, l, r;

	addr_key(s->laddr, s->family, &la, &lb);
	addr_key(s->raddr, s->family, &ra, &rb);
	l = map_hash(la ^ (uint64_t)s->lport << 32, lb);
	r = map_hash(ra ^ (uint64_t)s->rport << 32, rb);
	*a = l + r;
	*b = (l ^ r) + s->proto;
}

/* One tuple is met once an end and namespace; only a forged recording has more. */
#define CHAIN_MAX 64

/* The other end of i among the rows with its tuple: of its own namespace, or (own false) the only one of another.
 * AMBIGUOUS: there are several. */
#define AMBIGUOUS (NONE - 1)

static uint32_t find_end(const struct world *w, uint32_t i, bool own)
{
	const struct frame *f = w->f;
	uint32_t found = NONE, n = 0;
	uint64_t a, b;

	pair_key(frame_sock(f, i), &a, &b);
	for (uint32_t j = map_get(&w->scratch, a, b); j != NONE && n < CHAIN_MAX; j = w->same.v[j], n++) {
		if (frame_row(f, j)->peer != NONE ||
		    (frame_sock(f, j)->netns == frame_sock(f, i)->netns) != own || !ends_of_one(f, i, j))
			continue;
		if (found != NONE)
			return AMBIGUOUS;
		found = j;
	}
	return found;
}

static void pair_up(struct world *w, bool own)
{
	struct frame *f = w->f;

	for (uint32_t i = 0; i < f->open_rows; i++) {
		uint32_t j;

		if (!w->candidate.v[i] || frame_row(f, i)->peer != NONE)
			continue;
		j = find_end(w, i, own);
		if (j < AMBIGUOUS && find_end(w, j, own) == i) {
			frame_set(f, i, peer, j);
			frame_set(f, j, peer, i);
		}
	}
}

/* Of one namespace, where the nearest address wins; a group that shares one (SO_REUSEPORT) is several. */
static uint32_t find_bound_in(const struct frame *f, uint32_t i, uint16_t netns)
{
	const struct sock *s = frame_sock(f, i);
	uint32_t at = frame_port_by_key(f, netns, s->proto, s->rport), found = NONE;
	int best = 0;

	for (uint32_t m = 0; at < f->open_ports && m < f->ports.v[at].member_n; m++) {
		uint32_t j = f->members.v[f->ports.v[at].member + m];
		int fit = takes_all_from(f, i, j);

		if (fit && fit == best)
			found = AMBIGUOUS;
		if (fit > best) {
			best = fit;
			found = j;
		}
	}
	return found;
}

/* A datagram socket whose other end is connected to nobody: the bound one, if a single one fits. */
static void find_bound(struct world *w, uint32_t i)
{
	struct frame *f = w->f;
	uint16_t own = frame_sock(f, i)->netns;
	uint32_t found = find_bound_in(f, i, own);

	for (uint16_t n = 0; found == NONE && n < f->netns.n; n++) {
		uint32_t j = n == own ? NONE : find_bound_in(f, i, n);

		for (uint16_t more = n + 1; j != NONE && more < f->netns.n; more++)
			if (more != own && find_bound_in(f, i, more) != NONE)
				j = AMBIGUOUS;
		found = j;
	}
	if (found < AMBIGUOUS)
		frame_set(f, i, peer, found);
}

/* Unix sockets name the other end by its inode, which is one numbering for the whole machine: a pair may lie in
 * two namespaces. Many datagram sockets may be connected to one that has no other end itself. */
void world_unix_peers(struct world *w)
{
	struct frame *f = w->f;

	if (!w->unix_n)
		return;
	map_clear(&w->scratch);
	for (uint32_t i = 0; i < f->open_rows; i++)
		if (frame_sock(f, i)->proto == PROTO_UNIX && frame_sock(f, i)->inode)
			*map_at(&w->scratch, frame_sock(f, i)->inode, 0) = i;
	for (uint32_t i = 0; i < f->open_rows; i++)
		if (frame_sock(f, i)->proto == PROTO_UNIX)
			frame_set(f, i, peer,
				  frame_sock(f, i)->peer_inode
					  ? map_get(&w->scratch, frame_sock(f, i)->peer_inode, 0)
					  : NONE);
	for (size_t i = 0; i < w->snap->waiting.n; i++) {
		const struct snap_waiting *one = &w->snap->waiting.v[i];
		uint32_t client = one->client ? map_get(&w->scratch, one->client, 0) : MAP_NONE;

		if (client != MAP_NONE && frame_row(f, client)->peer == NONE)
			frame_set(f, client, peer, map_get(&w->scratch, one->listener, 0));
	}
}

static void find_peers(struct world *w)
{
	struct frame *f = w->f;
	uint64_t a, b;

	index_local_addrs(w);
	nums_fill(&w->candidate, f->open_rows, 0);
	for (uint32_t i = 0; i < f->open_rows; i++) {
		const struct sock *s = frame_sock(f, i);
		uint32_t peer = frame_row(f, i)->peer;

		/* who waits for everybody gives way to who is connected */
		if (peer != NONE && is_datagram(s) && !frame_sock(f, peer)->rport) {
			peer = NONE;
			frame_set(f, i, peer, NONE);
		}
		if (peer != NONE || !has_ends(s))
			continue;
		addr_key(s->raddr, s->family, &a, &b);
		w->candidate.v[i] = map_get(&w->scratch, a, b) != MAP_NONE; /* both ends may be here */
	}
	map_clear(&w->scratch);
	nums_fill(&w->same, f->open_rows, NONE);
	for (uint32_t i = 0; i < f->open_rows; i++) {
		uint32_t *slot;

		if (!w->candidate.v[i])
			continue;
		pair_key(frame_sock(f, i), &a, &b);
		slot = map_at(&w->scratch, a, b);
		w->same.v[i] = *slot;
		*slot = i;
	}
	pair_up(w, true);
	if (f->netns.n > 1)
		pair_up(w, false);
	for (uint32_t i = 0; i < f->open_rows; i++)
		if (frame_row(f, i)->peer == NONE && is_datagram(frame_sock(f, i)) &&
		    has_ends(frame_sock(f, i)))
			find_bound(w, i);
}

void world_peers(struct world *w)
{
	if (!carry_peers(w))
		return;
	find_peers(w);
	if (w->candidate.cap < 4096)
		return;
	map_done(&w->scratch); /* rare and large */
	vec_done(&w->same);
	vec_done(&w->candidate);
}
