/* What ties a connection to the sockets of its port: the listener of one that was not accepted yet, and its
 * direction. */
#include "world_private.h"
#include <stdlib.h>

/* How well does this listener fit the local end of s? 0: not at all. */
static int fits(const struct sock *l, const struct sock *s)
{
	struct ip a, b;

	if (l->family > FAMILY_IPV6 || s->family > FAMILY_IPV6)
		return l->state == STATE_LISTENING && l->family == s->family ? 1 + (l->lname == s->lname) : 0;
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
	const struct sock *s = frame_sock(f, row), *best = NULL;
	struct port_key *k = &w->keys.v[f->port_of.v[row]];
	int best_fit = 0;

	if (!k->member || k->closed)
		return NONE;
	if (k->asked != NONE && frame_sock(f, k->asked)->family == s->family &&
	    frame_sock(f, k->asked)->ifindex == s->ifindex &&
	    !memcmp(frame_sock(f, k->asked)->laddr, s->laddr, 16))
		return k->answer;
	k->asked = row;
	k->answer = NONE;
	for (uint32_t i = 0; i < k->n; i++) {
		uint32_t at = w->port_rows.v[k->at + i];
		const struct sock *l = frame_sock(f, at);
		int fit = fits(l, s);

		if (!fit || fit < best_fit || (fit == best_fit && l->recvq <= best->recvq))
			continue;
		best = l;
		best_fit = fit;
		k->answer = at;
	}
	return k->answer;
}

bool world_unaccepted(const struct sock *s)
{
	return !s->inode && (s->state == STATE_ESTABLISHED || s->state == STATE_CLOSE_WAIT) &&
	       proto_table[s->proto].connected;
}

bool world_waits(const struct sock *s)
{
	return s->state == STATE_SYN_RECV || world_unaccepted(s);
}

static uint8_t direction(const struct world *w, const struct sock *s, uint32_t key, uint32_t prev)
{
	const struct frame *f = w->f;
	const struct snap_netns *ns = &f->netns.v[s->netns];
	const struct row *before = prev == NONE ? NULL : frame_row(w->prev, prev);
	uint32_t listening =
		proto_table[s->proto].connected ? STATE_BIT(STATE_LISTENING) : STATE_BIT(STATE_UNCONN);

	if (!state_table[s->state].connected || !proto_table[s->proto].ports || !s->lport)
		return DIR_NONE;
	if (before && before->dir != DIR_NONE && same_tuple(frame_sock(w->prev, prev), s))
		return before->dir;
	if (s->state == STATE_SYN_RECV || (key != NONE && w->keys.v[key].listener))
		return DIR_IN;
	if (s->state == STATE_SYN_SENT)
		return DIR_OUT;
	/* Without a look at the listeners nothing speaks for either. */
	if (f->want.states & listening && class_of(s->lport, ns->eph_low, ns->eph_high) == CLASS_EPHEMERAL)
		return DIR_OUT;
	return DIR_NONE;
}

static uint8_t scope(const struct world *w, const struct sock *s, uint32_t prev)
{
	if (prev != NONE && !memcmp(frame_sock(w->prev, prev)->laddr, s->laddr, 16) &&
	    frame_sock(w->prev, prev)->family == s->family)
		return frame_row(w->prev, prev)->scope;
	return s->family <= FAMILY_IPV6 ? (uint8_t)scope_of(s->laddr, s->family == FAMILY_IPV6) : SCOPE_NONE;
}

/* Rows keep what they had. */
static void no_links(struct world *w)
{
	for (uint32_t i = 0; i < w->f->open_rows; i++) {
		frame_set(w->f, i, dir, DIR_NONE);
		frame_set(w->f, i, scope, SCOPE_NONE);
		world_set_calm(w, i, CALM_LINKS, false);
	}
}

void world_listeners(struct world *w)
{
	struct frame *f = w->f;
	bool links = !(f->want.skip & PART_LINKS), known = w->prev && !(w->prev->want.skip & PART_LINKS);

	if (!links && known)
		no_links(w);
	for (uint32_t i = world_next(w, 0, f->open_rows, CALM_LINKS); i < f->open_rows;
	     i = world_next(w, i + 1, f->open_rows, CALM_LINKS)) {
		const struct sock *s = frame_sock(f, i);
		uint32_t prev = known ? w->prev_of.v[i] : NONE, listener = NONE;
		bool waits = world_waits(s);

		if (links) {
			frame_set(f, i, scope, scope(w, s, prev));
			frame_set(f, i, dir, direction(w, s, f->port_of.v[i], prev));
		}
		if (f->port_of.v[i] != NONE && waits)
			listener = find_listener(w, i);
		frame_set(f, i, listener, listener);
		world_set_calm(
			w, i, CALM_LINKS,
			links && !waits &&
				(frame_row(f, i)->dir != DIR_NONE || !state_table[s->state].connected));
	}
}
