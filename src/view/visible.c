/* Which descriptors the rows on the screen rest on, so that the sampler can read just these again every time. */
#include "ui_private.h"

struct seen_list {
	struct ui_seen *v; /* the caller's */
	size_t n, max;
};

static void add(struct seen_list *l, uint32_t pid, int32_t fd, uint32_t inode)
{
	if (l->n < l->max)
		l->v[l->n++] = (struct ui_seen){pid, fd, inode};
}

static void add_sock(struct seen_list *l, const struct frame *f, uint32_t row)
{
	const struct row *r = frame_row(f, row);

	for (uint32_t i = 0; i < r->owner_n; i++) {
		const struct owner *o = frame_owner(f, r, i);

		if (!o->former && f->procs.v[o->proc].p.pid && o->fd >= 0)
			add(l, f->procs.v[o->proc].p.pid, o->fd, frame_sock(f, row)->inode);
	}
}

static void add_row(struct seen_list *l, enum row_kind kind, const struct frame *f, uint32_t row)
{
	const struct port *p;

	switch (kind) {
	case ROWS_SOCK:
		add_sock(l, f, row);
		break;
	case ROWS_PORT:
		p = &f->ports.v[row];
		for (uint32_t i = 0; i < p->member_n && i < 8; i++)
			add_sock(l, f, f->members.v[p->member + i]);
		break;
	case ROWS_PROC:
		if (f->procs.v[row].p.pid)
			add(l, f->procs.v[row].p.pid, -1, 0);
		break;
	case ROWS_N:
		break;
	}
}

size_t ui_visible(struct ui *u, struct ui_seen *ret, size_t max)
{
	struct seen_list l = {.v = ret, .max = max};
	struct screen *top = ui_top(u);
	const struct table *t = top ? screen_table(top) : NULL;
	struct subject about = {0};

	if (t && t->f)
		for (size_t i = t->top; i < t->order.n && i < (size_t)t->top + (size_t)u->env.table_h; i++)
			add_row(&l, t->rows_kind, t->f, t->order.v[i]);
	if (!t && top && top->ops->about)
		about = top->ops->about(top);
	if (about.kind == SUBJECT_PROC)
		add(&l, about.pick.pid, -1, 0);
	return l.n;
}
