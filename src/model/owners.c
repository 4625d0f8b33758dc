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

static bool is_same(const struct owner *a, const struct owner *b)
{
	return a->proc == b->proc && a->fd == b->fd && a->former == b->former;
}

/* Has the row those in w->holding, several of them from `many` on? A row that is not written yet has those of prev. */
static bool holds_same(const struct world *w, const struct row *r, uint32_t many)
{
	uint32_t n = (uint32_t)w->holding.n;

	if (r->owner_n != n || (n > 1 && (r->owners.many != many || !w->prev)))
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (!is_same(frame_owner(w->prev, r, i), &w->holding.v[i]))
			return false;
	return true;
}

/* Writes those in w->holding. */
static void set_owners(struct world *w, uint32_t row)
{
	struct frame *f = w->f;
	uint32_t n = (uint32_t)w->holding.n, many = (uint32_t)f->owners.n;
	struct row *r;

	for (uint32_t i = 0; n > 1 && i < n; i++)
		vec_push(&f->owners, w->holding.v[i]);
	if (holds_same(w, frame_row(f, row), many))
		return;
	w->changed.v[row] = 1;
	r = frame_write_row(f, row);
	r->owner_n = n;
	memset(&r->owners, 0, sizeof(r->owners));
	if (n == 1)
		r->owners.one = w->holding.v[0];
	else
		r->owners.many = n ? many : 0;
}

/* A row that this dump skipped, if it was not closed: whoever held it and is still there holds it still, as far as
 * anybody knows. Sockets with a port of their own were looked for (see world_let_go). */
static void keep_owners(struct world *w, uint32_t row)
{
	const struct row *old = frame_row(w->prev, w->prev_of.v[row]);

	for (uint32_t o = 0; o < old->owner_n; o++) {
		const struct owner *was = frame_owner(w->prev, old, o);
		uint32_t proc = w->proc_of.v[was->proc];

		if (!was->former && proc != NONE)
			vec_push(&w->holding, ((struct owner){proc, was->fd, false}));
	}
}

bool world_let_go(struct world *w, uint32_t prev)
{
	const struct frame *p = w->prev;
	const struct sock *so = frame_sock(p, prev);
	const struct row *r = frame_row(p, prev);

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

/* Are the descriptors those of prev? Then rows that have not changed have their owners. Those of rows with several
 * stand in the frame, and of some of them twice, once a row has changed. */
static bool same_fds(struct world *w)
{
	const struct snapshot *s = w->snap;
	bool same = w->prev && s->fds_stand && s->fds_stand == w->fds_stand &&
		    w->prev->owners.n <= w->owners_n * 2 && w->prev->want.attrs == w->f->want.attrs;

	w->fds_stand = s->fds_stand;
	if (!same)
		return false;
	vec_reserve(&w->f->owners, w->prev->owners.n);
	if (w->prev->owners.n)
		memcpy(w->f->owners.v, w->prev->owners.v, w->prev->owners.n * sizeof(w->f->owners.v[0]));
	w->f->owners.n = w->prev->owners.n;
	return true;
}

void world_owners(struct world *w)
{
	const struct snapshot *s = w->snap;
	struct frame *f = w->f;
	uint32_t shift = 0; /* how far the last one found had moved; wraps like the indexes */
	uint8_t calm = CALM_OWNERS;
	uint32_t next = 0; /* behind the last one found: new rows stand in the order of the descriptors */

	if (!same_fds(w))
		calm = CALM_NEVER;
	for (uint32_t i = world_next(w, 0, f->open_rows, calm); i < f->open_rows;
	     i = world_next(w, i + 1, f->open_rows, calm)) {
		uint32_t inode = frame_sock(f, i)->inode, was = w->fd_at.v[i], at = NONE;

		vec_clear(&w->holding);
		if (inode)
			at = find_fds(w, inode, was == NONE ? next : was + shift);
		w->fd_at.v[i] = at;
		if (was != NONE && at != NONE)
			shift = at - was;
		if (at == NONE && inode && frame_row(f, i)->marks & MARK_MISSED)
			keep_owners(w, i);
		for (; at < s->fds.n && s->fds.v[at].inode == inode; at++)
			if (s->fds.v[at].proc < s->procs.n)
				vec_push(&w->holding,
					 ((struct owner){s->fds.v[at].proc, s->fds.v[at].fd, false}));
		if (w->fd_at.v[i] != NONE)
			next = at;
		set_owners(w, i);
		world_set_calm(w, i, CALM_OWNERS, at != NONE || !frame_row(f, i)->owner_n);
	}
	if (calm == CALM_NEVER)
		w->owners_n = (uint32_t)f->owners.n;
	for (size_t i = f->open_rows; i < w->fd_at.n; i++)
		w->fd_at.v[i] = NONE;
}

void world_formers(struct world *w)
{
	struct frame *f = w->f;
	const struct frame *p = w->prev;

	if (!p || !(f->want.attrs & WANT_OWNERS))
		return;
	/* who has lost its owners has changed */
	for (uint32_t i = world_next(w, 0, f->rows_n, 0); i < f->rows_n;
	     i = world_next(w, i + 1, f->rows_n, 0)) {
		uint32_t prev = w->prev_of.v[i];
		const struct row *old;

		if (frame_row(f, i)->owner_n || prev == NONE || !frame_row(p, prev)->owner_n)
			continue;
		old = frame_row(p, prev);
		vec_clear(&w->holding);
		for (uint32_t o = 0; o < old->owner_n; o++) {
			const struct owner *was = frame_owner(p, old, o);

			vec_push(&w->holding,
				 ((struct owner){world_former_proc(w, was->proc), was->fd, true}));
		}
		set_owners(w, i);
		world_set_calm(w, i, CALM_OWNERS, false);
	}
}
