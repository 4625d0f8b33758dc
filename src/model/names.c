/* Marks the names that frames and the world may still ask for, so that what came and went can be given back. */
#include "world_private.h"

/* Blocks that another frame shows in the same place are marked with that one. */
static bool is_shared(const struct blocks *b, const struct blocks *other, uint32_t row)
{
	size_t at = row / BLOCK_ITEMS;

	return other && at < other->n && other->v[at] == b->v[at];
}

static void mark_rows(const struct frame *f, const struct frame *other, struct intern *in)
{
	uint32_t i, end;

	for (i = 0; i < f->rows_n; i = end) {
		bool socks = !is_shared(&f->socks, other ? &other->socks : NULL, i),
		     infos = f->infos.n && !is_shared(&f->infos, other ? &other->infos : NULL, i),
		     rows = !is_shared(&f->rows, other ? &other->rows : NULL, i);

		end = f->rows_n - i > BLOCK_ITEMS ? i + BLOCK_ITEMS : f->rows_n;
		for (uint32_t k = i; k < end; k++) {
			const struct sock *s = frame_sock(f, k);

			if (socks)
				intern_mark(in, s->cgroup);
			if (socks && s->family > FAMILY_IPV6) {
				intern_mark(in, s->lname);
				intern_mark(in, s->rname);
			}
			if (infos)
				intern_mark(in, ((const struct sock_info *)blocks_at(
							 &f->infos, k, sizeof(struct sock_info)))
							->cc);
			if (rows)
				intern_mark(in, frame_row(f, k)->unit);
		}
	}
}

static void mark_notes(const struct notes *n, struct intern *in)
{
	for (size_t i = 0; i < n->v.n; i++)
		intern_mark(in, n->v.v[i].comm);
}

void frame_mark_names(const struct frame *f, const struct frame *other, struct intern *in)
{
	mark_rows(f, other, in);
	for (size_t i = 0; i < f->ports.n; i++) {
		intern_mark(in, f->ports.v[i].unit);
		intern_mark(in, f->ports.v[i].forward);
	}
	for (size_t i = 0; i < f->addrs.n; i++)
		intern_mark(in, f->addrs.v[i].name);
	for (size_t i = 0; i < f->procs.n; i++) {
		intern_mark(in, f->procs.v[i].p.comm);
		intern_mark(in, f->procs.v[i].p.cgroup);
		intern_mark(in, f->procs.v[i].unit);
	}
	for (size_t i = 0; i < f->containers.n; i++)
		intern_mark(in, f->containers.v[i].unit);
	for (size_t i = 0; i < f->freed.n; i++)
		intern_mark(in, f->freed.v[i].comm);
	for (size_t i = 0; i < f->netns.n; i++)
		intern_mark(in, f->netns.v[i].name);
	for (size_t i = 0; i < f->ifaces.n; i++)
		intern_mark(in, f->ifaces.v[i].name);
	mark_notes(&f->sock_notes, in);
	mark_notes(&f->port_notes, in);
}

void world_mark_names(struct world *w)
{
	for (size_t i = 0; i < w->freed.n; i++)
		intern_mark(w->names, w->freed.v[i].comm);
	for (uint32_t i = 0; i < w->units.n; i++) {
		if (w->units.v[i] && intern_marked(w->names, i))
			intern_mark(w->names, w->units.v[i] - 1);
		else
			w->units.v[i] = 0; /* the number may be another path's some time */
	}
}
