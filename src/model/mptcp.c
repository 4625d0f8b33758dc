/* MPTCP sockets and the TCP ones that work for them. Both are in the kernel's tables, with cookies of their own,
 * so each connection would count twice, and each port be there twice, if they were not tied together. */
#include "world_private.h"

enum mptcp_port { MPTCP_LISTENS = 1, TCP_LISTENS = 2 }; /* on a port: bits */

/* Keys of different kinds must not meet: tokens and inodes have 32 bits, hashes the highest bit set. */
static uint64_t token_key(const struct sock *s)
{
	return UINT64_C(1) << 32 | s->token;
}

static uint64_t tuple_key(const struct sock *s)
{
	uint64_t w[4];

	memcpy(w, s->laddr, 16);
	memcpy(w + 2, s->raddr, 16);
	return map_hash(map_hash(w[0], w[1]) ^ s->lport, map_hash(w[2], w[3]) ^ s->rport) | UINT64_C(1) << 63;
}

static void index_parents(struct world *w)
{
	const struct frame *f = w->f;

	map_clear(&w->mptcp);
	for (uint32_t i = 0; i < f->open_rows; i++) {
		const struct sock *s = frame_sock(f, i);

		if (s->proto != PROTO_MPTCP)
			continue;
		if (s->token)
			*map_at(&w->mptcp, s->netns, token_key(s)) = i;
		/* One that nobody has accepted has no inode, and no token for those who may not see it. */
		*map_at(&w->mptcp, s->netns, s->inode ? s->inode : tuple_key(s)) = i;
	}
}

static uint32_t find_parent(const struct world *w, const struct sock *s)
{
	const struct frame *f = w->f;
	uint32_t row = NONE;

	if (s->flags & SOCK_SUBFLOW && s->token)
		row = map_get(&w->mptcp, s->netns, token_key(s));
	if (row != MAP_NONE)
		return row;
	if (s->inode)
		return map_get(&w->mptcp, s->netns, s->inode);
	row = map_get(&w->mptcp, s->netns, tuple_key(s));
	return row != MAP_NONE && same_tuple(frame_sock(f, row), s) ? row : NONE;
}

static void listens(struct world *w, const struct sock *s, enum mptcp_port bit)
{
	uint32_t *v = map_at(&w->mptcp_ports, s->netns, s->lport);

	*v = (*v == MAP_NONE ? 0 : *v) | bit;
}

void world_parents(struct world *w)
{
	struct frame *f = w->f;

	map_clear(&w->mptcp_ports);
	if (!w->mptcp_n && !w->had_parents)
		return;
	w->had_parents = w->f->parents = w->mptcp_n;
	index_parents(w);
	for (uint32_t i = 0; i < f->open_rows; i++) {
		const struct sock *s = frame_sock(f, i);

		frame_set(f, i, parent, s->proto == PROTO_TCP ? find_parent(w, s) : NONE);
		if (s->state != STATE_LISTENING)
			continue;
		if (s->proto == PROTO_MPTCP)
			listens(w, s, MPTCP_LISTENS);
		else if (s->proto == PROTO_TCP && frame_row(f, i)->parent == NONE)
			listens(w, s, TCP_LISTENS);
	}
}

/* A MPTCP listener takes plain TCP as well: what comes in over its port is its, unless TCP listens there too. */
uint8_t world_port_proto(const struct world *w, uint32_t row)
{
	const struct sock *s = frame_sock(w->f, row);
	uint32_t parent = frame_row(w->f, row)->parent;

	if (!w->mptcp_n || s->proto != PROTO_TCP)
		return s->proto;
	if (parent != NONE && frame_sock(w->f, parent)->lport == s->lport)
		return PROTO_MPTCP;
	return map_get(&w->mptcp_ports, s->netns, s->lport) == MPTCP_LISTENS ? PROTO_MPTCP : PROTO_TCP;
}
