/* The rows of one view as a user sees them: which pass, in which order, and where the cursor stands. The
 * cursor, the tags and a held order are identities, so they survive any change of row numbers. */
#include "sockeye/table/table.h"
#include "sort.h"
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
		return (struct ident){netns_of(f, f->socks.v[row].netns) | UINT64_C(1) << 62,
				      f->socks.v[row].cookie};
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
		p.netns = f->socks.v[row].netns;
		p.proto = f->socks.v[row].proto;
		p.port = f->socks.v[row].lport;
		p.cookie = f->socks.v[row].cookie;
		break;
	case ROWS_PORT:
		p.kind = PICK_PORT;
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

static bool same(struct ident a, struct ident b)
{
	return a.a == b.a && a.b == b.b;
}

void table_init(struct table *t, enum view_id view)
{
	const struct view_info *info = &view_table[view];
	const struct column *col;
	size_t i;

	memset(t, 0, sizeof(*t));
	t->view = view;
	t->rows_kind = (enum row_kind)info->rows;
	for (i = 0; info->columns[i]; i++) {
		col = column_by_key(t->rows_kind, info->columns[i]);
		if (col)
			vec_push(&t->cols, ((struct table_column){.col = col, .shown = true}));
	}
	table_set_sort(t, NULL, false);
}

void table_done(struct table *t)
{
	if (!t)
		return;
	vec_done(&t->cols);
	vec_done(&t->picked);
	tally_done(&t->tally);
	vec_done(&t->order);
	vec_done(&t->idents);
	vec_done(&t->tags);
	vec_done(&t->live);
	vec_done(&t->live_idents);
	vec_done(&t->keys);
	map_done(&t->seen);
	memset(t, 0, sizeof(*t));
}

struct ctx table_ctx(const struct table *t)
{
	return (struct ctx){.f = t->f,
			    .tally = filter_empty(t->filter) || !t->f ? (t->f ? &t->f->tally : NULL)
								      : &t->tally};
}

/* Which rows */

static bool port_listens(const struct frame *f, const struct port *p)
{
	uint32_t i;

	for (i = 0; i < p->member_n; i++)
		if (f->socks.v[f->members.v[p->member + i]].state == STATE_LISTENING)
			return true;
	return false;
}

/* Is it a row of this view at all, whatever the filter? */
static bool in_view(const struct table *t, const struct frame *f, uint32_t row)
{
	const struct proc *p;

	switch (t->rows_kind) {
	case ROWS_SOCK:
		return t->listening || (view_table[t->view].states & STATE_BIT(f->socks.v[row].state));
	case ROWS_PORT:
		if ((f->ports.v[row].flags & PORT_CLIENT) && !t->all)
			return false;
		return !t->listening || port_listens(f, &f->ports.v[row]);
	case ROWS_PROC:
		p = &f->procs.v[row];
		return p->sock_n || p->port_n || (p->marks & MARK_CLOSED);
	case ROWS_N:
		break;
	}
	return false;
}

static bool has_finding(const struct table *t, const struct frame *f, uint32_t row)
{
	switch (t->rows_kind) {
	case ROWS_SOCK:
		return f->rows.v[row].findings != 0;
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
	const struct count *n;

	if (t->rows_kind == ROWS_SOCK)
		return t->picked.v[row];
	n = t->rows_kind == ROWS_PORT ? &t->tally.ports.v[row] : &t->tally.procs.v[row];
	return n->socks || n->any_closed;
}

static size_t rows_of(enum row_kind kind, const struct frame *f)
{
	switch (kind) {
	case ROWS_SOCK:
		return f->rows.n;
	case ROWS_PORT:
		return f->ports.n;
	case ROWS_PROC:
		return f->procs.n;
	case ROWS_N:
		break;
	}
	return 0;
}

static void pick_socks(struct table *t, const struct frame *f)
{
	vec_clear(&t->picked);
	vec_reserve(&t->picked, f->rows.n + 1);
	t->picked.n = f->rows.n;
	if (filter_empty(t->filter)) {
		memset(t->picked.v, 1, t->picked.n);
		return;
	}
	filter_socks(t->filter, f, 0, (uint32_t)f->rows.n, t->picked.v);
	tally_run(&t->tally, f, t->picked.v);
}

static void find_live(struct table *t, const struct frame *f)
{
	bool all = filter_empty(t->filter), terms = filter_has_row_terms(t->filter);
	size_t n = rows_of(t->rows_kind, f);
	struct ctx c = table_ctx(t);
	uint32_t row;

	vec_clear(&t->live);
	vec_reserve(&t->live, 1);
	t->total = 0;
	for (row = 0; row < n; row++) {
		if (!in_view(t, f, row))
			continue;
		t->total++;
		if (t->findings_only && !has_finding(t, f, row))
			continue;
		if (!all && (!any_picked(t, row) || (terms && !filter_row(t->filter, t->rows_kind, &c, row))))
			continue;
		vec_push(&t->live, row);
	}
}

/* In which order */

static void sort_live(struct table *t)
{
	struct ctx c = table_ctx(t);

	sort_rows(&c, t->sort, t->sort_n, t->live.v, t->live.n, &t->keys.v, &t->keys.cap);
}

static void take_live(struct table *t)
{
	size_t n = t->live.n;

	vec_clear(&t->order);
	vec_reserve(&t->order, n + 1);
	vec_clear(&t->idents);
	vec_reserve(&t->idents, n + 1);
	memcpy(t->order.v, t->live.v, n * sizeof(*t->order.v));
	memcpy(t->idents.v, t->live_idents.v, n * sizeof(*t->idents.v));
	t->order.n = t->idents.n = n;
}

/* The order on screen stays: rows that are gone vanish, new ones come at the end in live order. */
static void keep_held(struct table *t)
{
	size_t i, n = 0;
	uint32_t at;

	map_clear(&t->seen);
	map_reserve(&t->seen, t->live.n);
	for (i = 0; i < t->live.n; i++)
		*map_at(&t->seen, t->live_idents.v[i].a, t->live_idents.v[i].b) = (uint32_t)i;
	for (i = 0; i < t->idents.n; i++) {
		at = map_get(&t->seen, t->idents.v[i].a, t->idents.v[i].b);
		if (at == MAP_NONE || at == MAP_NONE - 1)
			continue;
		/* Taken: a second row of that name would be a new one. */
		*map_at(&t->seen, t->idents.v[i].a, t->idents.v[i].b) = MAP_NONE - 1;
		t->idents.v[n] = t->idents.v[i];
		t->order.v[n++] = t->live.v[at];
		t->live.v[at] = NONE;
	}
	t->order.n = t->idents.n = n;
	for (i = 0; i < t->live.n; i++) {
		if (t->live.v[i] == NONE)
			continue;
		vec_push(&t->order, t->live.v[i]);
		vec_push(&t->idents, t->live_idents.v[i]);
	}
	t->order_differs = false;
	for (i = 0; i < t->order.n && !t->order_differs; i++)
		t->order_differs = !same(t->idents.v[i], t->live_idents.v[i]);
}

/* Tags of rows that no longer exist would hold the order for ever. */
static void drop_dead_tags(struct table *t, const struct frame *f)
{
	size_t n = rows_of(t->rows_kind, f), i, k = 0;
	struct ident id;
	uint32_t row;

	if (!t->tags.n)
		return;
	map_clear(&t->seen);
	for (i = 0; i < t->tags.n; i++)
		*map_at(&t->seen, t->tags.v[i].a, t->tags.v[i].b) = 0;
	for (row = 0; row < n; row++) {
		id = ident_of(t->rows_kind, f, row);
		if (map_get(&t->seen, id.a, id.b) == 0)
			*map_at(&t->seen, id.a, id.b) = 1;
	}
	for (i = 0; i < t->tags.n; i++)
		if (map_get(&t->seen, t->tags.v[i].a, t->tags.v[i].b) == 1)
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

static void set_cursor(struct table *t, size_t index)
{
	t->cursor_valid = t->order.n > 0;
	if (!t->cursor_valid) {
		t->cursor = t->top = 0;
		t->cursor_id = (struct ident){0, 0};
		return;
	}
	t->cursor = (uint32_t)(index < t->order.n ? index : t->order.n - 1);
	t->cursor_id = t->idents.v[t->cursor];
}

static void scroll_to_cursor(struct table *t, uint32_t height)
{
	height = height ? height : 1;
	if (t->top > t->cursor)
		t->top = t->cursor;
	if (t->cursor - t->top >= height)
		t->top = t->cursor - height + 1;
}

/* Puts the cursor back on the row it stood on, on the same line of the screen. On row 1 of a live table it
 * stays at the top instead: there it follows what comes. */
static void restore_cursor(struct table *t, bool was_valid, bool follow_top, bool changed, uint32_t height)
{
	uint32_t line = t->cursor >= t->top ? t->cursor - t->top : 0;
	size_t i;

	if (!was_valid || follow_top) {
		t->top = 0;
		set_cursor(t, 0);
		return;
	}
	for (i = 0; i < t->idents.n; i++)
		if (same(t->idents.v[i], t->cursor_id))
			break;
	set_cursor(t, i < t->idents.n ? i : t->cursor);
	t->top = t->cursor > line ? t->cursor - line : 0;
	if (changed && t->order.n < t->top + height) /* the user's key: no blank lines while rows are above */
		t->top = t->order.n > height ? (uint32_t)t->order.n - height : 0;
	scroll_to_cursor(t, height);
}

void table_update(struct table *t, const struct frame *f, uint32_t height, bool hold)
{
	uint64_t shape = shape_of(t);
	bool changed = t->resort || shape != t->shape, held, follow_top;
	size_t i;

	t->f = f;
	drop_dead_tags(t, f);
	held = should_hold(t, hold);
	follow_top = t->cursor == 0 && !held;
	pick_socks(t, f);
	find_live(t, f);
	sort_live(t);
	vec_clear(&t->live_idents);
	vec_reserve(&t->live_idents, t->live.n + 1);
	for (i = 0; i < t->live.n; i++)
		vec_push(&t->live_idents, ident_of(t->rows_kind, f, t->live.v[i]));
	t->order_differs = false;
	if (held && !changed)
		keep_held(t);
	else
		take_live(t);
	t->held = held;
	t->matched = (uint32_t)t->order.n;
	t->shape = shape;
	t->resort = false;
	restore_cursor(t, t->cursor_valid, follow_top, changed, height ? height : 1);
}

/* The user's moves */

void table_goto(struct table *t, uint32_t index, uint32_t height)
{
	set_cursor(t, index);
	scroll_to_cursor(t, height);
}

void table_move(struct table *t, int64_t by, uint32_t height)
{
	int64_t to = (int64_t)t->cursor + by;

	if (by > 0 && to < (int64_t)t->cursor)
		to = INT64_MAX;
	to = to < 0 ? 0 : to;
	table_goto(t, to > UINT32_MAX ? UINT32_MAX : (uint32_t)to, height);
}

bool table_goto_ident(struct table *t, struct ident id, uint32_t height)
{
	size_t i;

	for (i = 0; i < t->idents.n; i++) {
		if (!same(t->idents.v[i], id))
			continue;
		table_goto(t, (uint32_t)i, height);
		return true;
	}
	return false;
}

uint32_t table_row(const struct table *t)
{
	return t->cursor_valid && t->cursor < t->order.n ? t->order.v[t->cursor] : NONE;
}

bool table_tagged(const struct table *t, struct ident id)
{
	size_t i;

	for (i = 0; i < t->tags.n; i++)
		if (same(t->tags.v[i], id))
			return true;
	return false;
}

void table_tag(struct table *t, struct ident id)
{
	size_t i;

	for (i = 0; i < t->tags.n; i++) {
		if (!same(t->tags.v[i], id))
			continue;
		memmove(&t->tags.v[i], &t->tags.v[i + 1], (t->tags.n - i - 1) * sizeof(*t->tags.v));
		t->tags.n--;
		return;
	}
	vec_push(&t->tags, id);
}
