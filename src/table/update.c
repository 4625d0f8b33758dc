/* Fills a table from a frame, in slices: which rows pass, in which order, and where the cursor is then. What is shown
 * changes at the end, at once. */
#include "table_private.h"
#include <stdlib.h>
#include <string.h>

#define SLICE 1024 /* rows between two questions whether the time is up */

/* Which rows */

static bool port_listens(const struct frame *f, const struct port *p)
{
	uint32_t i;

	for (i = 0; i < p->member_n; i++)
		if (frame_sock(f, f->members.v[p->member + i])->state == STATE_LISTENING)
			return true;
	return false;
}

bool table_in_view(const struct table *t, const struct frame *f, uint32_t row)
{
	const struct proc *p;

	switch (t->rows_kind) {
	case ROWS_SOCK:
		if (!(t->work->protos & PROTO_BIT(frame_sock(f, row)->proto)))
			return false;
		return t->listening || (view_table[t->view].states & STATE_BIT(frame_sock(f, row)->state));
	case ROWS_PORT:
		if ((f->ports.v[row].flags & PORT_CLIENT) && !t->all)
			return false;
		return !t->listening || port_listens(f, &f->ports.v[row]);
	case ROWS_PROC:
		p = &f->procs.v[row];
		if (p->port_n || p->marks & MARK_CLOSED)
			return true;
		/* One with sockets of other protocols only is here when a filter names them. */
		return filter_empty(t->filter) ? f->tally.procs.v[row].socks : p->sock_n;
	case ROWS_N:
		break;
	}
	return false;
}

static bool has_finding(const struct table *t, const struct frame *f, uint32_t row)
{
	switch (t->rows_kind) {
	case ROWS_SOCK:
		return frame_row(f, row)->findings != 0;
	case ROWS_PORT:
		return f->ports.v[row].findings != 0;
	case ROWS_PROC:
		return f->procs.v[row].findings != 0;
	case ROWS_N:
		break;
	}
	return false;
}

static bool any_picked(const struct table *t, uint32_t row)
{
	const struct table_work *w = t->work;
	const struct count *n;

	if (t->rows_kind == ROWS_SOCK)
		return w->picked.v[row];
	n = t->rows_kind == ROWS_PORT ? &w->tally.ports.v[row] : &w->tally.procs.v[row];
	return n->socks || n->any_closed;
}

static void find_rows(struct table *t, uint32_t from, uint32_t to)
{
	bool all = filter_empty(t->filter), terms = filter_asks_rows(t->filter, t->rows_kind);
	struct table_work *w = t->work;
	struct ctx c = work_ctx(t);
	uint32_t row;

	vec_reserve(&w->rows, to - from);
	for (row = from; row < to; row++) {
		if (!table_in_view(t, w->f, row))
			continue;
		w->total++;
		if (t->findings_only && !has_finding(t, w->f, row))
			continue;
		if (!all && (!any_picked(t, row) || (terms && !filter_row(t->filter, t->rows_kind, &c, row))))
			continue;
		w->rows.v[w->rows.n++] = row;
	}
}

/* The cursor */

/* Tags of rows that no longer exist would hold the order for ever. */
static void drop_dead_tags(struct table *t, const struct frame *f)
{
	size_t n = table_rows_of(t->rows_kind, f), i, k = 0;
	struct map *seen = &t->work->seen;
	struct ident id;
	uint32_t row;

	if (!t->tags.n)
		return;
	map_clear(seen);
	for (i = 0; i < t->tags.n; i++)
		*map_at(seen, t->tags.v[i].a, t->tags.v[i].b) = 0;
	for (row = 0; row < n; row++) {
		id = ident_of(t->rows_kind, f, row);
		if (map_get(seen, id.a, id.b) == 0)
			*map_at(seen, id.a, id.b) = 1;
	}
	for (i = 0; i < t->groups.n; i++)
		if (map_get(seen, t->groups.v[i].id.a, t->groups.v[i].id.b) == 0)
			*map_at(seen, t->groups.v[i].id.a, t->groups.v[i].id.b) = 1;
	for (i = 0; i < t->tags.n; i++)
		if (map_get(seen, t->tags.v[i].a, t->tags.v[i].b) == 1)
			t->tags.v[k++] = t->tags.v[i];
	t->tags.n = k;
}

/* What the user chose to see, as one number: when it changes the order on screen is made anew. */
static uint64_t shape_of(const struct table *t)
{
	const char *s = filter_empty(t->filter) ? "" : filter_text(t->filter);
	uint64_t h = UINT64_C(14695981039346656037);

	for (; *s; s++)
		h = (h ^ (uint8_t)*s) * UINT64_C(1099511628211);
	h = (h ^ (t->all | t->listening << 1 | t->findings_only << 2)) * UINT64_C(1099511628211);
	h = (h ^ t->group_by) * UINT64_C(1099511628211);
	return h | 1;
}

static bool should_hold(const struct table *t, bool hold)
{
	if (hold || t->follow < 0)
		return true;
	if (t->follow > 0)
		return false;
	return (t->cursor_valid && t->cursor > 0) || t->tags.n;
}

static void scroll_to_cursor(struct table *t, uint32_t height)
{
	if (t->top > t->cursor)
		t->top = t->cursor;
	if (t->cursor - t->top >= height)
		t->top = t->cursor - height + 1;
}

/* Puts the cursor back on the row it stood on, on the same line of the screen. On row 1 of a live table it
 * stays at the top instead: there it follows what comes. */
static void restore_cursor(struct table *t)
{
	const struct table_work *w = t->work;
	uint32_t line = t->cursor >= t->top ? t->cursor - t->top : 0, height = w->height;
	size_t i;

	if (!t->cursor_valid || w->follow_top) {
		t->top = 0;
		table_set_cursor(t, 0);
		return;
	}
	for (i = 0; i < t->order.n; i++)
		if (same_ident(table_ident(t, i), t->cursor_id))
			break;
	table_set_cursor(t, i < t->order.n ? i : t->cursor);
	t->top = t->cursor > line ? t->cursor - line : 0;
	if (w->changed &&
	    t->order.n < t->top + height) /* the user's key: no blank lines while rows are above */
		t->top = t->order.n > height ? (uint32_t)t->order.n - height : 0;
	scroll_to_cursor(t, height);
}

/* An update from its beginning to its end */

void table_update_begin(struct table *t, const struct frame *f, uint32_t height, bool hold)
{
	struct table_work *w = t->work;

	drop_dead_tags(t, f);
	w->f = f;
	w->height = height ? height : 1;
	w->shape = shape_of(t);
	w->hold = hold;
	w->held = should_hold(t, hold);
	w->changed = t->resort || w->shape != t->shape;
	w->follow_top = t->cursor == 0 && !w->held;
	if (w->held && !w->changed && t->order.n && !t->idents.n) {
		/* Held from now on: the rows can still be asked for their names if they are those of this frame. */
		if (table_shows(t, f)) {
			table_order_around(t, t->top, w->height);
			table_note_idents(t);
		} else {
			w->changed = true;
		}
	}
	vec_clear(&w->picked);
	vec_reserve(&w->picked, f->rows_n + 1);
	w->picked.n = f->rows_n;
	vec_clear(&w->rows);
	w->total = 0;
	w->at = 0;
	w->protos = table_protos(t);
	w->stage = filter_empty(t->filter) ? STAGE_ROWS : STAGE_PICK;
}

void table_order_begin(struct table *t)
{
	t->work->whole = true;
	table_update_begin(t, t->f, t->work->height, t->work->hold);
}

bool table_updating(const struct table *t)
{
	return t->work->stage != STAGE_IDLE;
}

/* The first row is followed, and nobody goes through those below the screen. */
static bool window_only(const struct table_work *w)
{
	return w->follow_top && !w->whole;
}

/* Two arrays of one kind of item, declared apart. */
#define swap_vec(a, b)                                                                                       \
	do {                                                                                                 \
		void *v_ = (a)->v;                                                                           \
		size_t n_ = (a)->n, cap_ = (a)->cap;                                                         \
		(a)->v = (b)->v, (a)->n = (b)->n, (a)->cap = (b)->cap;                                       \
		(b)->v = v_, (b)->n = n_, (b)->cap = cap_;                                                   \
	} while (0)

static void take_lines(struct table *t)
{
	struct table_work *w = t->work;
	size_t i, n;

	if (t->group_by != GROUP_NONE) { /* groups_make has put them down */
		vec_clear(&t->idents);
		t->sorted = (uint32_t)t->order.n;
		return;
	}
	vec_clear(&t->heads);
	vec_clear(&t->groups);
	vec_clear(&t->members);
	if (w->held && !w->changed) {
		swap_vec(&t->order, &w->kept);
		swap_vec(&t->idents, &w->idents);
		t->sorted = (uint32_t)t->order.n;
		return;
	}
	n = w->order.v.n;
	vec_clear(&t->order);
	vec_reserve(&t->order, n + 1);
	for (i = 0; i < n; i++)
		t->order.v[i] = w->order.v.v[i].row;
	t->order.n = n;
	vec_clear(&t->idents);
	t->sorted = (uint32_t)(window_only(w) && n > TABLE_WINDOW(w) ? TABLE_WINDOW(w) : n);
}

static void commit(struct table *t)
{
	struct table_work *w = t->work;
	struct tally tally = t->tally;

	w->stage = STAGE_IDLE;
	w->around = w->around_end = 0;
	take_lines(t);
	w->whole = false;
	t->counted = !filter_empty(t->filter);
	t->tally = w->tally;
	w->tally = tally;
	t->f = w->f;
	t->number = w->f->number;
	t->total = w->total;
	t->matched = (uint32_t)(t->group_by == GROUP_NONE ? t->order.n : t->members.n);
	t->held = w->held;
	t->order_differs = w->held && !w->changed && w->differs;
	t->shape = w->shape;
	t->resort = false;
	restore_cursor(t);
	if (t->cursor || t->tags.n)
		table_note_idents(t);
}

/* Goes on with the rows up to `to`. True: the stage has come to its end. */
static bool run_stage(struct table *t, uint32_t to)
{
	struct table_work *w = t->work;
	struct ctx c = work_ctx(t);
	size_t n;

	switch ((enum stage)w->stage) {
	case STAGE_PICK:
		n = w->f->rows_n;
		to = to < n ? to : (uint32_t)n;
		if (!w->at && filter_picked(t->filter, t->rows_kind, w->f, w->picked.v))
			to = (uint32_t)n;
		else
			filter_socks_for(t->filter, t->rows_kind, w->f, w->at, to, w->picked.v);
		for (; w->at < to; w->at++)
			w->picked.v[w->at] &= w->protos >> frame_sock(w->f, w->at)->proto & 1;
		w->at = to;
		if (to < n)
			return false;
		/* What is counted is a port's or a process's. */
		w->stage = t->rows_kind == ROWS_SOCK && !filter_has_row_terms(t->filter) ? STAGE_ROWS
											 : STAGE_COUNT;
		tally_begin(&w->tally, w->f);
		return true;
	case STAGE_COUNT:
		to -= w->at;
		w->at += to;
		if (!tally_step(&w->tally, w->f, w->picked.v, to))
			return false;
		w->stage = STAGE_ROWS;
		return true;
	case STAGE_ROWS:
		n = table_rows_of(t->rows_kind, w->f);
		to = to < n ? to : (uint32_t)n;
		find_rows(t, w->at, to);
		w->at = to;
		if (to < n)
			return false;
		w->stage = w->held && !w->changed      ? STAGE_KEEP
			   : t->group_by != GROUP_NONE ? STAGE_GROUP
						       : STAGE_ORDER;
		return true;
	case STAGE_GROUP:
		n = w->rows.n;
		to = to < n ? to : (uint32_t)n;
		if (!w->at)
			groups_begin(t);
		groups_add(t, w->at, to);
		w->at = to;
		if (to < n)
			return false;
		groups_end(t, w->held && !w->changed);
		w->stage = STAGE_MEMBERS;
		return true;
	case STAGE_MEMBERS:
		if (!groups_members(t, w->held && !w->changed))
			return false;
		commit(t);
		return true;
	case STAGE_KEEP:
		n = table_rows_of(t->rows_kind, w->f);
		to = to < n ? to : (uint32_t)n;
		if (!w->at)
			keep_begin(t);
		keep_match(t, w->at, to);
		w->at = to;
		if (to < n)
			return false;
		w->stage = STAGE_KEPT;
		return true;
	case STAGE_KEPT:
		keep_rest(t);
		w->differs = false;
		w->stage = t->group_by != GROUP_NONE ? STAGE_GROUP : STAGE_DIFFERS;
		if (w->stage == STAGE_GROUP)
			return true;
		keep_lines(t);
		if (w->prefix < w->kept.n)
			w->stage = STAGE_TAIL;
		return true;
	case STAGE_TAIL:
		n = w->kept.n - w->prefix;
		to = to < n ? to : (uint32_t)n;
		if (!w->at)
			vec_clear(&w->order.v);
		order_add(&w->order, t->sort, t->sort_n, &c, w->kept.v + w->prefix + w->at, to - w->at);
		w->at = to;
		if (to < n)
			return false;
		order_begin(&w->order);
		w->stage = STAGE_TAIL_SORT;
		return true;
	case STAGE_TAIL_SORT:
		if (!order_step(&w->order, t->sort, t->sort_n, &c))
			return false;
		for (n = 0; n < w->order.v.n; n++)
			w->kept.v[w->prefix + n] = w->order.v.v[n].row;
		w->stage = STAGE_DIFFERS;
		return true;
	case STAGE_ORDER:
		n = w->rows.n;
		to = to < n ? to : (uint32_t)n;
		if (!w->at)
			vec_clear(&w->order.v);
		order_add(&w->order, t->sort, t->sort_n, &c, w->rows.v + w->at, to - w->at);
		w->at = to;
		if (to < n)
			return false;
		if (window_only(w) || n <= TABLE_AT_ONCE) {
			w->stage = STAGE_SELECT;
			return true;
		}
		order_begin(&w->order);
		w->stage = STAGE_SORT;
		return true;
	case STAGE_SELECT:
		order_select(&w->order, t->sort, t->sort_n, &c, 0,
			     window_only(w) ? TABLE_WINDOW(w) : w->order.v.n);
		commit(t);
		return true;
	case STAGE_SORT:
		if (!order_step(&w->order, t->sort, t->sort_n, &c))
			return false;
		commit(t);
		return true;
	case STAGE_DIFFERS:
		n = w->kept.n;
		if (!keep_compare(t, to < n ? to : (uint32_t)n))
			return false;
		commit(t);
		return true;
	case STAGE_IDLE:
		break;
	}
	return true;
}

bool table_update_step(struct table *t, bool (*over)(void *data), void *data)
{
	struct table_work *w = t->work;
	uint32_t slice = over ? SLICE : UINT32_MAX;

	/* The cursor was moved off the first row meanwhile, or back, or something was tagged. */
	if (w->stage != STAGE_IDLE && should_hold(t, w->hold) != w->held)
		table_update_begin(t, w->f, w->height, w->hold);
	while (w->stage != STAGE_IDLE) {
		if (run_stage(t, slice < UINT32_MAX - w->at ? w->at + slice : UINT32_MAX))
			w->at = 0;
		if (w->stage != STAGE_IDLE && over && over(data))
			return false;
	}
	return true;
}

void table_update(struct table *t, const struct frame *f, uint32_t height, bool hold)
{
	table_update_begin(t, f, height, hold);
	table_update_step(t, NULL, NULL);
	table_order_all(t);
}
