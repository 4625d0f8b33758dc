/* What ties sockets to each other and to the reason why nobody holds them: the listener of a connection
 * that was not accepted yet, its direction, the other end on this machine. */
#include "world_private.h"
#include <stdlib.h>

/* How well does this listener fit the local end of s? 0: not at all. */
static int fits(const struct sock *l, const struct sock *s)
{
	struct ip a, b;

	if (l->state != STATE_LISTENING || (l->ifindex && s->ifindex && l->ifindex != s->ifindex))
		return 0;
	ip_unmap(l->laddr, l->family == FAMILY_IPV6, &a);
	ip_unmap(s->laddr, s->family == FAMILY_IPV6, &b);
	if (a.v6 == b.v6 && !memcmp(a.b, b.b, 16))
		return 3;
	if (!ip_is_any(a.b, a.v6))
		return 0;
	if (a.v6 == b.v6)
		return 2;
	return a.v6 && !(l->flags & SOCK_V6ONLY) ? 1 : 0;
}

/* Among SO_REUSEPORT members a dump does not tell which one has the connection: the fullest is likeliest. */
static uint32_t find_listener(struct world *w, uint32_t row)
{
	const struct frame *f = w->f;
	const struct sock *s = &f->socks.v[row], *best = NULL;
	struct port_key *k = &w->keys.v[f->rows.v[row].port];
	int best_fit = 0;

	if (!k->member || k->closed)
		return NONE;
	if (k->asked != NONE && f->socks.v[k->asked].family == s->family &&
	    f->socks.v[k->asked].ifindex == s->ifindex && !memcmp(f->socks.v[k->asked].laddr, s->laddr, 16))
		return k->answer;
	k->asked = row;
	k->answer = NONE;
	for (uint32_t i = 0; i < k->n; i++) {
		uint32_t at = w->port_rows.v[k->at + i];
		const struct sock *l = &f->socks.v[at];
		int fit = fits(l, s);

		if (!fit || fit < best_fit || (fit == best_fit && l->recvq <= best->recvq))
			continue;
		best = l;
		best_fit = fit;
		k->answer = at;
	}
	return k->answer;
}

static bool unaccepted_state(const struct sock *s)
{
	return !s->inode && (s->state == STATE_ESTABLISHED || s->state == STATE_CLOSE_WAIT) &&
	       proto_table[s->proto].connected;
}

static uint8_t direction(const struct world *w, const struct sock *s, const struct row *r, uint32_t prev)
{
	const struct frame *f = w->f;
	const struct snap_netns *ns = &f->netns.v[s->netns];
	const struct row *before = prev == NONE ? NULL : &w->prev->rows.v[prev];
	uint32_t listening =
		proto_table[s->proto].connected ? STATE_BIT(STATE_LISTENING) : STATE_BIT(STATE_UNCONN);

	if (!state_table[s->state].connected || r->port == NONE)
		return DIR_NONE;
	if (before && before->dir != DIR_NONE && same_tuple(&w->prev->socks.v[prev], s))
		return before->dir;
	if (s->state == STATE_SYN_RECV || w->keys.v[r->port].listener)
		return DIR_IN;
	if (s->state == STATE_SYN_SENT)
		return DIR_OUT;
	/* Without a look at the listeners nothing speaks for either. */
	if (f->want.states & listening && class_of(s->lport, ns->eph_low, ns->eph_high) == CLASS_EPHEMERAL)
		return DIR_OUT;
	return DIR_NONE;
}

void world_listeners(struct world *w)
{
	struct frame *f = w->f;

	for (uint32_t i = 0; i < f->open_rows; i++) {
		const struct sock *s = &f->socks.v[i];
		struct row *r = &f->rows.v[i];
		uint32_t prev = w->prev_of.v[i];

		if (prev != NONE && !memcmp(w->prev->socks.v[prev].laddr, s->laddr, 16) &&
		    w->prev->socks.v[prev].family == s->family)
			r->scope = w->prev->rows.v[prev].scope;
		else
			r->scope = s->family <= FAMILY_IPV6
					   ? (uint8_t)scope_of(s->laddr, s->family == FAMILY_IPV6)
					   : SCOPE_NONE;
		r->dir = direction(w, s, r, prev);
		if (r->port != NONE && (s->state == STATE_SYN_RECV || unaccepted_state(s)))
			r->listener = find_listener(w, i);
	}
}

/* A dump and a scan of descriptors are two moments: a socket that was held before, or came just now, may
 * have lost its descriptor between them. That does not make it the kernel's. */
static bool may_be_closing(const struct world *w, const struct sock *s, const struct row *r, uint32_t prev)
{
	if (prev != NONE)
		return w->prev->rows.v[prev].owner_n > 0;
	return r->marks & MARK_NEW && !is_member_state(s->state);
}

static uint8_t reason(const struct world *w, const struct sock *s, const struct row *r, uint32_t prev)
{
	const struct frame *f = w->f;

	if (r->owner_n)
		return REASON_OWNED;
	/* Not in this dump: what was known of it stays, but who held it may have let go. */
	if (r->marks & MARK_MISSED)
		return r->reason == REASON_OWNED ? REASON_GONE : r->reason;
	if (s->state == STATE_TIME_WAIT)
		return REASON_TIME_WAIT;
	if (s->state == STATE_SYN_RECV)
		return REASON_SYN_RECV;
	/* Where listeners were not asked for, an inode of 0 alone says it. */
	if (unaccepted_state(s) && (r->listener != NONE || !(f->want.states & STATE_BIT(STATE_LISTENING))))
		return REASON_UNACCEPTED;
	if (!s->inode && (s->state == STATE_FIN_WAIT_1 || s->state == STATE_FIN_WAIT_2 ||
			  s->state == STATE_LAST_ACK || s->state == STATE_CLOSING))
		return REASON_ORPHAN;
	if (!(f->want.attrs & WANT_OWNERS) || !f->owners_complete)
		return REASON_NOT_SCANNED;
	if (f->hidden_procs)
		return REASON_NOT_PERMITTED;
	if ((s->inode || is_member_state(s->state)) && s->flags & SOCK_HAS_UID && !s->uid &&
	    !may_be_closing(w, s, r, prev))
		return REASON_KERNEL;
	return REASON_NO_FD;
}

void world_reasons(struct world *w)
{
	struct frame *f = w->f;
	bool kernel = false;

	for (uint32_t i = 0; i < f->open_rows; i++) {
		struct row *r = &f->rows.v[i];

		r->reason = reason(w, &f->socks.v[i], r, w->prev_of.v[i]);
		kernel |= r->reason == REASON_KERNEL;
	}
	if (kernel)
		world_kernel_proc(w);
	for (size_t i = f->open_rows; i < f->rows.n; i++)
		if (f->rows.v[i].reason == REASON_OWNED)
			f->rows.v[i].reason = REASON_GONE;
}

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
	const struct sock *a = &f->socks.v[i], *b = &f->socks.v[j];

	return i != j && a->proto == b->proto && a->lport == b->rport && a->rport == b->lport &&
	       same_end(a->laddr, a->family, b->raddr, b->family) &&
	       same_end(a->raddr, a->family, b->laddr, b->family) &&
	       /* 127.0.0.1 of another namespace is another machine. */
	       (a->netns == b->netns || f->rows.v[i].scope != SCOPE_LOOPBACK);
}

static bool has_ends(const struct sock *s)
{
	return s->rport && s->lport && s->family <= FAMILY_IPV6;
}

/* Takes over what prev knew. True when some socket without a known other end is new or talks to somebody
 * else than before: only that can make a new pair. */
static bool carry_peers(struct world *w)
{
	struct frame *f = w->f;
	bool fresh = false;

	for (uint32_t i = 0; i < f->open_rows; i++) {
		uint32_t prev = w->prev_of.v[i], peer;

		if (!has_ends(&f->socks.v[i]))
			continue;
		if (prev == NONE || !same_tuple(&w->prev->socks.v[prev], &f->socks.v[i])) {
			fresh = true;
			continue;
		}
		peer = w->prev->rows.v[prev].peer;
		if (peer == NONE || (peer = w->row_of.v[peer]) == NONE || !ends_of_one(f, i, peer))
			continue;
		f->rows.v[i].peer = peer;
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
		const struct sock *s = &f->socks.v[i];

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

static void pair_up(struct world *w, uint32_t i)
{
	struct frame *f = w->f;
	uint64_t a, b;
	uint32_t *slot, best = NONE;

	pair_key(&f->socks.v[i], &a, &b);
	slot = map_at(&w->scratch, a, b);
	for (uint32_t j = *slot, n = 0; j != NONE && n < CHAIN_MAX; j = w->same.v[j], n++) {
		if (f->rows.v[j].peer != NONE || !ends_of_one(f, i, j))
			continue;
		if (best == NONE || f->socks.v[j].netns == f->socks.v[i].netns)
			best = j;
	}
	if (best != NONE) {
		f->rows.v[i].peer = best;
		f->rows.v[best].peer = i;
	}
	w->same.v[i] = *slot;
	*slot = i;
}

void world_peers(struct world *w)
{
	struct frame *f = w->f;
	uint64_t a, b;

	if (!carry_peers(w))
		return;
	index_local_addrs(w);
	nums_fill(&w->same, f->open_rows, NONE);
	for (uint32_t i = 0; i < f->open_rows; i++) {
		const struct sock *s = &f->socks.v[i];

		if (f->rows.v[i].peer != NONE || !has_ends(s))
			continue;
		addr_key(s->raddr, s->family, &a, &b);
		if (map_get(&w->scratch, a, b) != MAP_NONE)
			w->same.v[i] = i; /* both ends may be here */
	}
	map_clear(&w->scratch);
	for (uint32_t i = 0; i < f->open_rows; i++)
		if (w->same.v[i] == i)
			pair_up(w, i);
}
