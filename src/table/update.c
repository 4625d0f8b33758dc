/* Fills a table from a frame, in slices: which rows pass, in which order, and where the cursor is then. What is shown
 * changes at the end, at once. */
#include "table_private.h"
#include <stdlib.h>
#include <string.h>

#define AT_ONCE 1024 /* rows between two questions whether the time is up */

/* The cursor */

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

/* The row of this name in the frame shown; NONE. */
static uint32_t find_row(const struct table *t, struct ident id)
{
	const struct frame *f = t->f;
	uint32_t row = 0, n = (uint32_t)table_rows_of(t->rows_kind, f), at;

	if (t->rows_kind == ROWS_SOCK) {
		for (size_t i = 0; i < f->netns.n; i++) {
			at = frame_row_by_cookie(f, (uint16_t)i, id.b);
			if (at != NONE && same_ident(ident_of(t->rows_kind, f, at), id))
				return at;
		}
		row = f->open_rows; /* there remain the closed ones, a few */
	}
	for (; row < n; row++)
		if (same_ident(ident_of(t->rows_kind, f, row), id))
			return row;
	return NONE;
}

/* The line of this name: a head's, or a row's. At least the number of lines: there is none. */
static size_t find_line(const struct table *t, struct ident id)
{
	uint32_t row = ident_is_row(id) ? find_row(t, id) : NONE;
	size_t i;

	if (ident_is_row(id) && row == NONE)
		return SIZE_MAX;
	for (i = 0; i < t->order.n; i++)
		if (row == NONE ? table_head(t, i) && same_ident(table_head(t, i)->id, id)
				: t->order.v[i] == row && !table_head(t, i))
			return i;
	return SIZE_MAX;
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
	i = find_line(t, t->cursor_id);
	table_set_cursor(t, i < t->order.n ? i : t->cursor);
	t->top = t->cursor > line ? t->cursor - line : 0;
	if ((w->changed || w->refolded) &&
	    t->order.n < t->top + height) /* the user's key: no blank lines while rows are above */
		t->top = t->order.n > height ? (uint32_t)t->order.n - height : 0;
	scroll_to_cursor(t, height);
}

/* An update from its beginning to its end */

static bool keeps(const struct table_work *w)
{
	return w->held && !w->changed;
}

/* After the tags, when it is clear whether the order is held. */
static void begin_rows(struct table *t)
{
	struct table_work *w = t->work;

	w->held = should_hold(t, w->hold);
	w->changed = t->resort || w->shape != t->shape;
	w->follow_top = t->cursor == 0 && !w->held;
	w->stage = filter_empty(t->filter) ? STAGE_ROWS : STAGE_PICK;
	/* The lines so far are of rows whose names nobody knows. */
	if (keeps(w) && t->order.n && !t->f && !t->idents.n)
		w->changed = true;
}

void table_update_begin(struct table *t, const struct frame *f, uint32_t height, bool hold)
{
	struct table_work *w = t->work;

	if (t->f && !table_shows(t, t->f)) /* it is another one by now */
		table_lose_frame(t);
	w->f = f;
	w->height = height ? height : 1;
	w->shape = shape_of(t);
	w->hold = hold;
	w->refolded = t->refolded;
	vec_clear(&w->tally.ports); /* of an update that was given up */
	vec_clear(&w->tally.procs);
	vec_clear(&w->picked);
	vec_reserve(&w->picked, f->rows_n + 1);
	w->picked.n = f->rows_n;
	vec_clear(&w->rows);
	w->total = w->since = 0;
	w->mark_ns = t->mark_ns;
	w->at = 0;
	w->looked = 0;
	w->begun = false;
	w->protos = table_protos(t);
	if (t->tags.n) {
		w->stage = STAGE_TAGS;
		w->held = should_hold(t, hold);
		w->changed = t->resort || w->shape != t->shape;
	} else {
		begin_rows(t);
	}
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

enum table_doing table_doing(const struct table *t)
{
	const struct table_work *w = t->work;

	if (w->stage == STAGE_IDLE || !w->changed || !t->f)
		return TABLE_NOTHING;
	return w->shape == t->shape ? TABLE_SORTS : TABLE_FILTERS;
}

void table_lose_frame(struct table *t)
{
	t->f = NULL;
	t->work->stage = STAGE_IDLE; /* an update begins anew, from both frames */
}

void table_leave_frame(struct table *t)
{
	size_t n = table_rows_of(t->rows_kind, t->f), i;

	if (t->order.n && should_hold(t, t->work->hold)) {
		vec_clear(&t->idents);
		vec_reserve(&t->idents, n + 1);
		for (i = 0; i < n; i++)
			t->idents.v[i] = ident_of(t->rows_kind, t->f, (uint32_t)i);
		t->idents.n = n;
	}
	table_lose_frame(t);
}

/* The first row is followed, and nobody goes through those below the screen. */
static bool window_only(const struct table_work *w)
{
	return w->follow_top && !w->whole;
}

static size_t window(const struct table_work *w, size_t n)
{
	return window_only(w) && n > TABLE_AT_ONCE && n > TABLE_WINDOW(w) ? TABLE_WINDOW(w) : n;
}

static void take_lines(struct table *t)
{
	struct table_work *w = t->work;
	size_t i, n;

	if (t->group_by != GROUP_NONE) {
		groups_put(t);
		t->sorted = (uint32_t)t->order.n;
		return;
	}
	vec_done(&t->heads);
	vec_done(&t->groups);
	vec_done(&t->members);
	if (keeps(w)) {
		swap_vec(&t->order, &w->kept);
		t->sorted = (uint32_t)t->order.n;
		return;
	}
	n = w->order.v.n;
	vec_clear(&t->order);
	vec_reserve(&t->order, n + 1);
	for (i = 0; i < n; i++)
		t->order.v[i] = w->order.v.v[i].row;
	t->order.n = n;
	t->sorted = (uint32_t)window(w, n);
}

/* Between two updates only the lines themselves take room that goes with the number of rows. */
#define KEPT_BYTES (UINT32_C(16) << 10)
#define give_back(a) ((a)->cap * sizeof((a)->v[0]) > KEPT_BYTES ? (void)vec_done(a) : (void)0)

static void give_map_back(struct map *m)
{
	if (m->cap * sizeof(*m->slots) > KEPT_BYTES)
		map_done(m);
}

static void give_room_back(struct table *t)
{
	struct table_work *w = t->work;

	vec_clear(&w->tally.ports);
	vec_clear(&w->tally.procs);
	give_back(&w->tally.ports);
	give_back(&w->tally.procs);
	give_map_back(&w->tally.seen);
	give_map_back(&t->tally.seen);
	give_map_back(&w->seen);
	give_back(&w->picked);
	give_back(&w->rows);
	give_back(&w->was);
	give_back(&w->place);
	give_back(&w->rest);
	give_back(&w->kept);
	give_back(&w->order.v);
	give_back(&w->order.spare);
	give_back(&w->best);
	give_back(&w->extras);
	give_back(&w->turn);
	give_back(&w->turn_spare);
	give_back(&w->groups);
	give_back(&w->group_of);
	give_back(&w->members);
}

static void commit(struct table *t)
{
	struct table_work *w = t->work;
	struct tally tally = t->tally;

	w->stage = STAGE_IDLE;
	take_lines(t);
	vec_done(&t->idents);
	w->whole = false;
	t->counted = !filter_empty(t->filter);
	t->tally = w->tally;
	w->tally = tally;
	t->f = w->f;
	t->number = w->f->number;
	t->total = w->total;
	t->since = w->since;
	t->since_ns = w->mark_ns;
	t->matched = (uint32_t)(t->group_by == GROUP_NONE ? t->order.n : t->members.n);
	t->held = w->held;
	t->order_differs = keeps(w) && w->differs;
	t->shape = w->shape;
	t->gathered = t->group_by;
	t->resort = false;
	t->refolded = t->refolded && !w->refolded;
	restore_cursor(t);
	give_room_back(t);
}

/* Stages: each goes on with rows up to `to`, or for as long as the slice says. True: it has come to its end, and w->stage
 * is the next one. */

/* Tags of rows that no longer exist would hold the order for ever. */
static bool stage_tags(struct table *t, uint32_t to, const struct slice *slice)
{
	struct table_work *w = t->work;
	size_t n = table_rows_of(t->rows_kind, w->f), i, k = 0;
	struct ident id;

	if (!w->at) {
		map_clear(&w->seen);
		for (i = 0; i < t->tags.n; i++)
			*map_at(&w->seen, t->tags.v[i].a, t->tags.v[i].b) = 0;
	}
	to = to < n ? to : (uint32_t)n;
	for (; w->at < to; w->at++) {
		id = ident_of(t->rows_kind, w->f, w->at);
		if (map_get(&w->seen, id.a, id.b) == 0)
			*map_at(&w->seen, id.a, id.b) = 1;
	}
	if (to < n)
		return false;
	for (i = 0; i < t->groups.n; i++)
		if (map_get(&w->seen, t->groups.v[i].id.a, t->groups.v[i].id.b) == 0)
			*map_at(&w->seen, t->groups.v[i].id.a, t->groups.v[i].id.b) = 1;
	for (i = 0; i < t->tags.n;
	     i++) /* one that was not there at the beginning is of a row that is shown */
		if (map_get(&w->seen, t->tags.v[i].a, t->tags.v[i].b) != 0)
			t->tags.v[k++] = t->tags.v[i];
	t->tags.n = k;
	begin_rows(t);
	return true;
}

static bool stage_pick(struct table *t, uint32_t to, const struct slice *slice)
{
	struct table_work *w = t->work;
	size_t n = w->f->rows_n;

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
	w->stage = t->rows_kind == ROWS_SOCK && !filter_has_row_terms(t->filter) ? STAGE_ROWS : STAGE_COUNT;
	if (w->stage == STAGE_COUNT)
		tally_begin(&w->tally, w->f);
	return true;
}

static bool stage_count(struct table *t, uint32_t to, const struct slice *slice)
{
	struct table_work *w = t->work;

	to -= w->at;
	w->at += to;
	if (!tally_step(&w->tally, w->f, w->picked.v, to))
		return false;
	w->stage = STAGE_ROWS;
	return true;
}

static bool stage_rows(struct table *t, uint32_t to, const struct slice *slice)
{
	struct table_work *w = t->work;
	size_t n = table_rows_of(t->rows_kind, w->f);

	to = to < n ? to : (uint32_t)n;
	table_find_rows(t, w->at, to);
	w->at = to;
	if (to < n)
		return false;
	w->stage = keeps(w) ? STAGE_KEEP : t->group_by != GROUP_NONE ? STAGE_GROUP : STAGE_ORDER;
	return true;
}

static bool stage_order(struct table *t, uint32_t to, const struct slice *slice)
{
	struct table_work *w = t->work;
	struct ctx c = work_ctx(t);

	if (!w->begun)
		order_begin(&w->order, w->rows.v, w->rows.n, 0, window(w, w->rows.n));
	w->begun = true;
	if (!order_step(&w->order, t->sort, t->sort_n, &c, slice))
		return false;
	w->begun = false;
	commit(t);
	return true;
}

static bool stage_keep(struct table *t, uint32_t to, const struct slice *slice)
{
	struct table_work *w = t->work;
	size_t n = table_rows_of(t->rows_kind, w->f);

	to = to < n ? to : (uint32_t)n;
	if (!w->at)
		keep_begin(t);
	keep_match(t, w->at, to);
	w->at = to;
	if (to < n)
		return false;
	w->stage = STAGE_REST;
	return true;
}

static bool stage_rest(struct table *t, uint32_t to, const struct slice *slice)
{
	struct table_work *w = t->work;

	to -= w->at;
	w->at += to;
	if (!keep_rest(t, to))
		return false;
	w->differs = false;
	w->stage = t->group_by != GROUP_NONE ? STAGE_GROUP : STAGE_LINES;
	return true;
}

static bool stage_lines(struct table *t, uint32_t to, const struct slice *slice)
{
	keep_lines(t);
	t->work->stage = STAGE_TAIL;
	return true;
}

static bool stage_tail(struct table *t, uint32_t to, const struct slice *slice)
{
	struct table_work *w = t->work;
	struct ctx c = work_ctx(t);
	size_t n = w->kept.n - w->prefix, i;

	if (!w->begun)
		order_begin(&w->order, w->kept.v + w->prefix, n, 0, n);
	w->begun = true;
	if (!order_step(&w->order, t->sort, t->sort_n, &c, slice))
		return false;
	w->begun = false;
	for (i = 0; i < n; i++)
		w->kept.v[w->prefix + i] = w->order.v.v[i].row;
	w->stage = STAGE_DIFFERS;
	return true;
}

static bool stage_differs(struct table *t, uint32_t to, const struct slice *slice)
{
	size_t n = t->work->kept.n;

	if (!keep_compare(t, to < n ? to : (uint32_t)n))
		return false;
	commit(t);
	return true;
}

static bool stage_group(struct table *t, uint32_t to, const struct slice *slice)
{
	struct table_work *w = t->work;
	size_t n = w->rows.n;

	to = to < n ? to : (uint32_t)n;
	if (!w->at)
		groups_begin(t);
	groups_add(t, w->at, to);
	w->at = to;
	if (to < n)
		return false;
	groups_gather(t, keeps(w));
	w->stage = STAGE_HEADS;
	return true;
}

static bool stage_heads(struct table *t, uint32_t to, const struct slice *slice)
{
	if (!groups_heads(t, slice))
		return false;
	t->work->stage = STAGE_MEMBERS;
	return true;
}

static bool stage_members(struct table *t, uint32_t to, const struct slice *slice)
{
	if (!groups_members(t, keeps(t->work), slice))
		return false;
	t->work->differs = false;
	commit(t);
	return true;
}

static const struct {
	bool (*run)(struct table *t, uint32_t to, const struct slice *slice);
	bool asks; /* it goes on until the slice is over */
} stages[STAGE_N] = {
	[STAGE_TAGS] = {stage_tags, false},      [STAGE_PICK] = {stage_pick, false},
	[STAGE_COUNT] = {stage_count, false},    [STAGE_ROWS] = {stage_rows, false},
	[STAGE_ORDER] = {stage_order, true},     [STAGE_KEEP] = {stage_keep, false},
	[STAGE_REST] = {stage_rest, false},      [STAGE_LINES] = {stage_lines, false},
	[STAGE_TAIL] = {stage_tail, true},       [STAGE_DIFFERS] = {stage_differs, false},
	[STAGE_GROUP] = {stage_group, false},    [STAGE_HEADS] = {stage_heads, true},
	[STAGE_MEMBERS] = {stage_members, true},
};

bool table_update_step(struct table *t, const struct slice *slice)
{
	struct table_work *w = t->work;
	uint32_t rows = slice && slice->over ? AT_ONCE : UINT32_MAX;

	/* The cursor was moved off the first row meanwhile, or back, or something was tagged. */
	if (w->stage != STAGE_IDLE && should_hold(t, w->hold) != w->held)
		table_update_begin(t, w->f, w->height, w->hold);
	while (w->stage != STAGE_IDLE) {
		bool asks = stages[w->stage].asks;

		if (stages[w->stage].run(t, rows < UINT32_MAX - w->at ? w->at + rows : UINT32_MAX, slice))
			w->at = 0;
		else if (asks)
			return false;
		if (w->stage != STAGE_IDLE && slice_over(slice))
			return false;
	}
	return true;
}

void table_update(struct table *t, const struct frame *f, uint32_t height, bool hold)
{
	t->work->whole = true;
	table_update_begin(t, f, height, hold);
	table_update_step(t, NULL);
}
