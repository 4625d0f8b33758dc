/* What the screen rests on, so that the sampler can read just that again every time: descriptors of the rows on it, and
 * the connection whose page is open. */
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

const struct sock *ui_showing(struct ui *u, uint64_t *ret_netns_inode)
{
	struct screen *top = ui_top(u);
	struct subject about = {0};
	const struct sock *s;
	uint32_t row;

	if (!u->env.f || !top)
		return NULL;
	if (ui_layout(u).detail.w > 0)
		about = ui_detail_subject(u);
	else if (top->ops->about)
		about = top->ops->about(top);
	if (about.kind != SUBJECT_SOCK)
		return NULL;
	pick_settle(u->env.f, &about.pick);
	row = frame_row_by_cookie(u->env.f, about.pick.netns, about.pick.cookie);
	if (row == NONE)
		return NULL;
	s = frame_sock(u->env.f, row);
	if (s->proto != PROTO_TCP || STATE_BIT(s->state) & STATES_PORT || s->flags & SOCK_MINI)
		return NULL;
	*ret_netns_inode = frame_netns_inode(u->env.f, s->netns);
	return s;
}

void ui_shown(struct ui *u, const struct shown *s)
{
	struct screen *top = ui_top(u);

	u->shown = *s;
	u->env.shown = &u->shown;
	u->detail_number = 0;
	if (u->env.f && top && top->ops->about && top->ops->about(top).kind == SUBJECT_SOCK)
		top->ops->frame(top, &u->env); /* a page's lines are built anew */
}
