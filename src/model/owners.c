/* Which processes hold a socket: descriptors of the snapshot matched by inode, and for sockets that have
 * none any more the owners remembered from the frame before. */
#include "world_private.h"

static void index_inodes(struct world *w)
{
	const struct snapshot *s = w->snap;

	if (w->fds_indexed)
		return;
	w->fds_indexed = true;
	map_clear(&w->scratch);
	map_reserve(&w->scratch, s->fds.n);
	for (size_t i = 0; i < s->fds.n; i++) {
		if (i && s->fds.v[i].inode == s->fds.v[i - 1].inode)
			continue;
		*map_at(&w->scratch, s->fds.v[i].inode, 0) = (uint32_t)i;
	}
}

/* The first descriptor of this inode. guess: where it should be if nothing moved before it. */
static uint32_t find_fds(struct world *w, uint32_t inode, uint32_t guess)
{
	const struct snapshot *s = w->snap;

	if (guess < s->fds.n && s->fds.v[guess].inode == inode &&
	    (!guess || s->fds.v[guess - 1].inode != inode))
		return guess;
	index_inodes(w);
	return map_get(&w->scratch, inode, 0);
}

/* A row that this dump skipped, if it was not closed: whoever held it and is still there holds it still, as far as
 * anybody knows. Sockets with a port of their own were looked for (see world_let_go). */
static void keep_owners(struct world *w, uint32_t row)
{
	struct frame *f = w->f;
	struct row *r = &f->rows.v[row];
	const struct row *old = &w->prev->rows.v[w->prev_of.v[row]];

	for (uint32_t o = 0; o < old->owner_n; o++) {
		const struct owner *was = &w->prev->owners.v[old->owner + o];
		uint32_t proc = w->proc_of.v[was->proc];

		if (was->former || proc == NONE)
			continue;
		vec_push(&f->owners, ((struct owner){proc, was->fd, false}));
		r->owner_n++;
	}
}

bool world_let_go(struct world *w, uint32_t prev)
{
	const struct frame *p = w->prev;
	const struct sock *so = &p->socks.v[prev];
	const struct row *r = &p->rows.v[prev];

	/* the source looks for what it gave before, so it must have been asked for the same */
	if (p->want.states != w->f->want.states || p->want.protos != w->f->want.protos ||
	    p->want.netns != w->f->want.netns || p->want.netns_inode != w->f->want.netns_inode)
		return false;
	if (!(p->want.attrs & w->f->want.attrs & WANT_OWNERS) || !so->inode || !is_member_state(so->state) ||
	    !proto_table[so->proto].ports || r->reason != REASON_OWNED)
		return false;
	index_inodes(w);
	return map_get(&w->scratch, so->inode, 0) == MAP_NONE;
}

void world_owners(struct world *w)
{
	const struct snapshot *s = w->snap;
	struct frame *f = w->f;
	uint32_t shift = 0; /* how far the last one found had moved; wraps like the indexes */

	vec_reserve(&f->owners, s->fds.n);
	for (uint32_t i = 0; i < f->open_rows; i++) {
		const struct sock *so = &f->socks.v[i];
		struct row *r = &f->rows.v[i];
		uint32_t prev = w->prev_of.v[i], was, at;

		r->owner = (uint32_t)f->owners.n;
		r->owner_n = 0;
		w->memo.v[i].fd_at = NONE;
		if (!so->inode)
			continue;
		was = prev == NONE ? NONE : w->memo_prev.v[prev].fd_at;
		at = find_fds(w, so->inode, was == NONE ? NONE : was + shift);
		if (at == NONE) {
			if (r->marks & MARK_MISSED)
				keep_owners(w, i);
			continue;
		}
		w->memo.v[i].fd_at = at;
		if (was != NONE)
			shift = at - was;
		for (; at < s->fds.n && s->fds.v[at].inode == so->inode; at++) {
			const struct snap_fd *fd = &s->fds.v[at];

			if (fd->proc >= s->procs.n)
				continue;
			vec_push(&f->owners, ((struct owner){fd->proc, fd->fd, false}));
			r->owner_n++;
		}
	}
	for (size_t i = f->open_rows; i < w->memo.n; i++)
		w->memo.v[i].fd_at = NONE;
}

void world_formers(struct world *w)
{
	struct frame *f = w->f;
	const struct frame *p = w->prev;

	if (!p || !(f->want.attrs & WANT_OWNERS))
		return;
	for (uint32_t i = 0; i < f->rows.n; i++) {
		struct row *r = &f->rows.v[i];
		uint32_t prev = w->prev_of.v[i];
		const struct row *old;

		if (r->owner_n || prev == NONE || !p->rows.v[prev].owner_n)
			continue;
		old = &p->rows.v[prev];
		r->owner = (uint32_t)f->owners.n;
		r->owner_n = old->owner_n;
		for (uint32_t o = 0; o < old->owner_n; o++) {
			const struct owner *was = &p->owners.v[old->owner + o];

			vec_push(&f->owners,
				 ((struct owner){world_former_proc(w, was->proc), was->fd, true}));
		}
	}
}
