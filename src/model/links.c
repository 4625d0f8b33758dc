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
	const struct sock *s = &f->socks.v[row], *best = NULL;
	struct port_key *k = &w->keys.v[f->port_of.v[row]];
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

bool world_unaccepted(const struct sock *s)
{
	return !s->inode && (s->state == STATE_ESTABLISHED || s->state == STATE_CLOSE_WAIT) &&
	       proto_table[s->proto].connected;
}

static uint8_t direction(const struct world *w, const struct sock *s, uint32_t key, uint32_t prev)
{
	const struct frame *f = w->f;
	const struct snap_netns *ns = &f->netns.v[s->netns];
	const struct row *before = prev == NONE ? NULL : &w->prev->rows.v[prev];
	uint32_t listening =
		proto_table[s->proto].connected ? STATE_BIT(STATE_LISTENING) : STATE_BIT(STATE_UNCONN);

	if (!state_table[s->state].connected || !proto_table[s->proto].ports || !s->lport)
		return DIR_NONE;
	if (before && before->dir != DIR_NONE && same_tuple(&w->prev->socks.v[prev], s))
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
		r->dir = direction(w, s, f->port_of.v[i], prev);
		if (f->port_of.v[i] != NONE && (s->state == STATE_SYN_RECV || world_unaccepted(s)))
			r->listener = find_listener(w, i);
	}
}
