/* One table as a user works it: what is chosen, where the cursor stands, what is tagged. The cursor, the tags and a
 * held order are identities, so they survive any change of row numbers. Filling it is in update.c. */
#include "sockeye/table/table.h"
#include "table_private.h"
#include <stdlib.h>
#include <string.h>

static uint64_t netns_of(const struct frame *f, uint16_t netns)
{
	return netns < f->netns.n ? f->netns.v[netns].inode : netns;
}

struct ident ident_of(enum row_kind kind, const struct frame *f, uint32_t row)
{
	switch (kind) {
	case ROWS_SOCK:
		return (struct ident){netns_of(f, frame_sock(f, row)->netns) | UINT64_C(1) << 62,
				      frame_sock(f, row)->cookie};
	case ROWS_PORT:
		return (struct ident){netns_of(f, f->ports.v[row].netns) | UINT64_C(2) << 62,
				      (uint64_t)f->ports.v[row].proto << 32 | f->ports.v[row].port};
	case ROWS_PROC:
		return (struct ident){f->procs.v[row].p.pid | UINT64_C(3) << 62, f->procs.v[row].p.start};
	case ROWS_N:
		break;
	}
	return (struct ident){0, 0};
}

struct pick pick_of(enum row_kind kind, const struct frame *f, uint32_t row)
{
	struct pick p = {0};

	switch (kind) {
	case ROWS_SOCK:
		p.kind = PICK_SOCK;
		p.netns_inode = frame_netns_inode(f, frame_sock(f, row)->netns);
		p.netns = frame_sock(f, row)->netns;
		p.proto = frame_sock(f, row)->proto;
		p.port = frame_sock(f, row)->lport;
		p.cookie = frame_sock(f, row)->cookie;
		break;
	case ROWS_PORT:
		p.kind = PICK_PORT;
		p.netns_inode = frame_netns_inode(f, f->ports.v[row].netns);
		p.netns = f->ports.v[row].netns;
		p.proto = f->ports.v[row].proto;
		p.port = f->ports.v[row].port;
		break;
	case ROWS_PROC:
		p.kind = PICK_PROC;
		p.pid = f->procs.v[row].p.pid;
		p.start = f->procs.v[row].p.start;
		break;
	case ROWS_N:
		break;
	}
	return p;
}

size_t table_rows_of(enum row_kind kind, const struct frame *f)
{
	switch (kind) {
	case ROWS_SOCK:
		return f->rows_n;
	case ROWS_PORT:
		return f->ports.n;
	case ROWS_PROC:
		return f->procs.n;
	case ROWS_N:
		break;
	}
	return 0;
}

void table_init(struct table *t, enum view_id view)
{
	const struct view_info *info = &view_table[view];
	const struct column *col;
	size_t i;

	memset(t, 0, sizeof(*t));
	t->view = view;
	t->rows_kind = (enum row_kind)info->rows;
	t->work = mem_zalloc(1, sizeof(*t->work));
	for (i = 0; info->columns[i]; i++) {
		col = column_by_key(t->rows_kind, info->columns[i]);
		if (col)
			vec_push(&t->cols, ((struct table_column){.col = col, .shown = true}));
	}
	table_set_sort(t, NULL, false);
}

static void work_free(struct table_work *w)
{
	if (!w)
		return;
	vec_done(&w->picked);
	tally_done(&w->tally);
	vec_done(&w->rows);
	vec_done(&w->was);
	vec_done(&w->place);
	vec_done(&w->rest);
	vec_done(&w->kept);
	order_done(&w->order);
	map_done(&w->seen);
	groups_done(w);
	free(w);
}

void table_done(struct table *t)
{
	if (!t)
		return;
	vec_done(&t->cols);
	tally_done(&t->tally);
	vec_done(&t->order);
	vec_done(&t->heads);
	vec_done(&t->groups);
	vec_done(&t->members);
	vec_done(&t->tags);
	vec_done(&t->folds);
	vec_done(&t->idents);
	work_free(t->work);
	memset(t, 0, sizeof(*t));
}

#define copy_vec(to, from)                                                                                   \
	do {                                                                                                 \
		vec_reserve((to), (from)->n + 1);                                                            \
		if ((from)->n)                                                                               \
			memcpy((to)->v, (from)->v, (from)->n * sizeof(*(from)->v));                          \
		(to)->n = (from)->n;                                                                         \
	} while (0)

void table_copy(struct table *ret, const struct table *t)
{
	table_init(ret, t->view);
	vec_clear(&ret->cols);
	copy_vec(&ret->cols, &t->cols);
	memcpy(ret->sort, t->sort, sizeof(ret->sort));
	ret->sort_n = t->sort_n;
	ret->group_by = t->group_by;
	ret->gathered = t->gathered;
	ret->f = t->f;
	ret->number = t->number;
	ret->counted = t->counted;
	copy_vec(&ret->tally.ports, &t->tally.ports);
	copy_vec(&ret->tally.procs, &t->tally.procs);
	copy_vec(&ret->order, &t->order);
	copy_vec(&ret->heads, &t->heads);
	copy_vec(&ret->groups, &t->groups);
	copy_vec(&ret->members, &t->members);
	ret->matched = t->matched;
	ret->total = t->total;
	ret->sorted = t->sorted;
}

struct ctx table_ctx(const struct table *t)
{
	return (struct ctx){.f = t->f, .tally = !t->f ? NULL : t->counted ? &t->tally : &t->f->tally};
}

bool table_shows(const struct table *t, const struct frame *f)
{
	return f && t->f == f && t->number == f->number;
}

/* Lines */

const struct table_group *table_head(const struct table *t, size_t line)
{
	if (line >= t->heads.n || t->heads.v[line] >= t->groups.n)
		return NULL;
	return &t->groups.v[t->heads.v[line]];
}

bool table_nested(const struct table *t, size_t line)
{
	return line < t->heads.n && t->heads.v[line] == NONE - 1;
}

struct ident table_ident(const struct table *t, size_t line)
{
	const struct table_group *g = table_head(t, line);

	if (g)
		return g->id;
	if (line >= t->order.n || !t->f)
		return (struct ident){0, 0};
	return ident_of(t->rows_kind, t->f, t->order.v[line]);
}

void table_picks(const struct table *t, size_t line, struct picks *out)
{
	const struct table_group *g = table_head(t, line);
	uint32_t i;

	if (line >= t->order.n)
		return;
	if (!g) {
		vec_push(&out->v, pick_of(t->rows_kind, t->f, t->order.v[line]));
		return;
	}
	for (i = 0; i < g->n; i++)
		vec_push(&out->v, pick_of(t->rows_kind, t->f, t->members.v[g->first + i]));
}

void table_tagged_picks(const struct table *t, struct picks *out)
{
	struct map tags = {0};
	struct ident id;
	size_t i;

	for (i = 0; i < t->tags.n; i++)
		*map_at(&tags, t->tags.v[i].a, t->tags.v[i].b) = 1;
	for (i = 0; i < t->order.n; i++) {
		id = table_ident(t, i);
		if (map_get(&tags, id.a, id.b) == 1)
			table_picks(t, i, out);
	}
	map_done(&tags);
}

/* The user's moves */

void table_set_cursor(struct table *t, size_t line)
{
	t->cursor_valid = t->order.n > 0;
	if (!t->cursor_valid) {
		t->cursor = t->top = 0;
		t->cursor_id = (struct ident){0, 0};
		return;
	}
	t->cursor = (uint32_t)(line < t->order.n ? line : t->order.n - 1);
	t->cursor_id = table_ident(t, t->cursor);
}

/* An order other than the live one is kept by who has all lines in order: if that is more than a moment's work it is done
 * in slices. */
static void will_hold(struct table *t, uint32_t height)
{
	size_t n = t->f ? table_rows_of(t->rows_kind, t->f) : 0;

	if (n > TABLE_AT_ONCE && (t->cursor || t->tags.n) && (!t->held || t->sorted < t->order.n) &&
	    !table_updating(t))
		table_update_begin(t, t->f, height, t->work->hold);
}

void table_goto(struct table *t, uint32_t index, uint32_t height)
{
	if (!t->f && t->order.n) /* comes later */
		return;
	height = height ? height : 1;
	if ((size_t)index + height > t->sorted)
		table_order_all(t);
	table_set_cursor(t, index);
	if (t->top > t->cursor)
		t->top = t->cursor;
	if (t->cursor - t->top >= height)
		t->top = t->cursor - height + 1;
	will_hold(t, height);
}

void table_move(struct table *t, int64_t by, uint32_t height)
{
	int64_t to = (int64_t)t->cursor + by;

	if (by > 0 && to < (int64_t)t->cursor)
		to = INT64_MAX;
	to = to < 0 ? 0 : to;
	table_goto(t, to > UINT32_MAX ? UINT32_MAX : (uint32_t)to, height);
}

uint32_t table_row(const struct table *t)
{
	return t->cursor_valid && t->cursor < t->order.n ? t->order.v[t->cursor] : NONE;
}

static bool take_out(struct ident *v, size_t *n, struct ident id)
{
	size_t i;

	for (i = 0; i < *n; i++) {
		if (!same_ident(v[i], id))
			continue;
		memmove(&v[i], &v[i + 1], (*n - i - 1) * sizeof(*v));
		--*n;
		return true;
	}
	return false;
}

bool table_tagged(const struct table *t, struct ident id)
{
	size_t i;

	for (i = 0; i < t->tags.n; i++)
		if (same_ident(t->tags.v[i], id))
			return true;
	return false;
}

void table_tag(struct table *t, struct ident id)
{
	if (!take_out(t->tags.v, &t->tags.n, id))
		vec_push(&t->tags, id);
	will_hold(t, t->work->height);
}

bool table_is_open(const struct table *t, struct ident group)
{
	size_t i;

	for (i = 0; i < t->folds.n; i++)
		if (same_ident(t->folds.v[i], group))
			return !t->open_all;
	return t->open_all;
}

bool table_fold(struct table *t, size_t line, bool open)
{
	const struct table_group *g;

	while (line && table_nested(t, line))
		line--;
	g = table_head(t, line);
	if (!g || table_is_open(t, g->id) == open)
		return false;
	if (!take_out(t->folds.v, &t->folds.n, g->id))
		vec_push(&t->folds, g->id);
	t->refolded = true;
	if (!open && t->cursor > line && t->cursor <= line + g->n)
		table_goto(t, (uint32_t)line, t->cursor - t->top + 1);
	return true;
}

void table_fold_all(struct table *t)
{
	bool all_open = true;
	size_t i, line = t->cursor;

	for (i = 0; i < t->groups.n; i++)
		all_open = all_open && table_is_open(t, t->groups.v[i].id);
	while (all_open && line && table_nested(t, line))
		line--;
	if (line != t->cursor)
		table_goto(t, (uint32_t)line, t->cursor - t->top + 1);
	t->open_all = !all_open;
	t->refolded = true;
	vec_clear(&t->folds);
}
