/* Drawing a table: heads with the sort mark, gutter, cells, selection bar.
 * Apart from the screen's behaviour so that each of the two stays easy to read. */
#include "table_draw.h"
#include "sockeye/base/text.h"
#include <stdlib.h>
#include <string.h>

#define GUTTER 2
#define INDENT 2 /* of rows below a head */

static bool is_key(const struct column *col, const char *key)
{
	return !strcmp(col->key, key);
}

/* rx+tx is one sort order, shown by a mark on both columns. */
static bool sorts(const struct table *t, const struct column *col)
{
	const struct column *by = t->sort_n ? t->sort[0].col : NULL;

	if (!by)
		return false;
	return by == col || (is_key(by, "rate") && (is_key(col, "rx_rate") || is_key(col, "tx_rate")));
}

static bool right_aligned(const struct column *col)
{
	return (col->flags & COL_RIGHT) != 0;
}

static void draw_head(const struct table *t, const struct table_column *tc, const struct screen_env *e,
		      struct canvas *c, int y, int x, int end)
{
	const struct column *col = tc->col;
	bool sorted = sorts(t, col);
	const char *mark = !sorted           ? ""
			   : e->ascii        ? (t->sort[0].desc ? "v" : "^")
			   : t->sort[0].desc ? "▾"
					     : "▴";
	struct str s = {0};
	int width = tc->width, used;

	text_put_clip(&s, col->title ? col->title : "", width, e->ascii ? "~" : "…");
	str_puts(&s, mark);
	used = text_width(str_text(&s));
	/* The mark may stand in the gap after the column, so that the title stays over its cells. */
	if (x + used > end)
		used = end - x;
	if (right_aligned(col) && used < width)
		x += width - used;
	canvas_put(c, y, x, sorted ? STYLE_SORT : STYLE_HEAD, str_text(&s), used);
	str_done(&s);
}

struct row_look { /* what concerns a row as a whole */
	const char *gutter;
	uint8_t gutter_style;
	uint8_t style; /* of all its cells, when not PLAIN */
};

static struct row_look look_of_head(const struct table_group *g, uint64_t mark_ns)
{
	if (g->all_closed)
		return (struct row_look){"-", STYLE_BAD, STYLE_DIM};
	if (g->all_new)
		return (struct row_look){"+", STYLE_OK, STYLE_OK};
	if (mark_ns && g->opened_ns > mark_ns)
		return (struct row_look){"+", STYLE_OK, STYLE_PLAIN};
	if (g->finding)
		return (struct row_look){"!", STYLE_BAD, STYLE_PLAIN};
	return (struct row_look){" ", STYLE_PLAIN, STYLE_PLAIN};
}

static struct row_look look_of(const struct table *t, uint32_t row, const struct screen_env *e)
{
	const struct frame *f = t->f;
	struct row_look l = {" ", STYLE_PLAIN, STYLE_PLAIN};
	struct row_facts r = row_facts(t->rows_kind, f, row);

	if (r.marks & MARK_CLOSED)
		l = (struct row_look){"-", STYLE_BAD, STYLE_DIM};
	else if (r.marks & MARK_NEW)
		l = (struct row_look){"+", STYLE_OK, STYLE_OK};
	else if (e->mark_ns && row_opened_ns(&r) > e->mark_ns)
		l = (struct row_look){"+", STYLE_OK, STYLE_PLAIN};
	else if (r.findings)
		l = (struct row_look){"!", STYLE_BAD, STYLE_PLAIN};
	/* Where all rows are in one namespace (-N), line 1 says which. */
	if (l.gutter[0] == ' ' && r.netns >= 0 && (size_t)r.netns < f->netns.n && !f->netns.v[r.netns].own &&
	    frame_netns_n(f) > 1)
		l = (struct row_look){e->ascii ? "c" : "⊂", STYLE_DIM, STYLE_DIM};
	return l;
}

void table_view_done(struct table_view *v)
{
	map_done(&v->now);
	map_done(&v->before);
	str_done(&v->nearest);
	str_done(&v->asked);
	filter_values_done(&v->looking);
}

/* The cells of the last frame become those before; drawing one frame twice changes nothing. */
static void turn_memory(struct table_view *v)
{
	struct map old = v->before;

	if (v->t->f->number == v->now_frame)
		return;
	v->before = v->now;
	v->now = old;
	map_clear(&v->now);
	v->now_frame = v->t->f->number;
}

/* Does this cell show something else than in the frame before? Durations always do, and graphs: not told. */
static bool cell_changed(struct table_view *v, struct ident id, const struct column *col, const char *text)
{
	uint64_t hash = UINT64_C(14695981039346656037);
	uint64_t a = id.a ^ (uint64_t)(uintptr_t)col;
	uint32_t was;

	if (col->kind == KIND_DURATION || is_key(col, "activity"))
		return false;
	for (const char *p = text; *p; p++)
		hash = (hash ^ (unsigned char)*p) * UINT64_C(1099511628211);
	hash = (hash ^ hash >> 32) & 0x7fffffff;
	was = map_get(&v->before, a, id.b);
	*map_at(&v->now, a, id.b) = (uint32_t)hash;
	return was != MAP_NONE && was != (uint32_t)hash;
}

/* What the group is called, over the columns up to the first number. Gives the cell behind it. */
static int draw_head_text(struct table_view *v, const struct ctx *ctx, const struct table_group *g,
			  uint8_t style, struct canvas *c, struct area a, int y)
{
	int x = a.x + GUTTER, end = x;
	struct str text = {0}, cut = {0};

	for (size_t i = 0; i < v->t->cols.n; i++) {
		const struct table_column *tc = &v->t->cols.v[i];

		if (tc->width == 0)
			continue;
		if (end > x && (tc->col->flags & COL_SUM))
			break;
		end += tc->width + 1;
	}
	table_head_text(v->t, ctx, g, &text);
	text_put_clip(&cut, str_text(&text), end - x - 1, ctx->ascii ? "~" : "…");
	x += canvas_put(c, y, x, style == STYLE_PLAIN ? STYLE_HEAD : style, str_text(&cut), a.x + a.w - x);
	str_done(&text);
	str_done(&cut);
	return x;
}

static void draw_row(struct table_view *v, const struct ctx *ctx, const struct screen_env *e,
		     struct canvas *c, struct area a, int y, uint32_t at)
{
	const struct table *t = v->t;
	const struct table_group *head = table_head(t, at);
	struct row_look look = head ? look_of_head(head, e->mark_ns) : look_of(t, t->order.v[at], e);
	struct ident id = table_ident(t, at);
	struct str text = {0};
	int x = a.x + GUTTER, indent = table_nested(t, at) ? INDENT : 0, covered = 0;

	canvas_put(c, y, a.x, look.gutter_style, look.gutter, 1);
	if (table_tagged(t, id))
		canvas_put(c, y, a.x + 1, STYLE_KEY, "*", 1);
	if (head)
		covered = draw_head_text(v, ctx, head, look.style, c, a, y);
	for (size_t i = 0; i < t->cols.n; i++) {
		const struct table_column *tc = &t->cols.v[i];
		uint8_t style = STYLE_PLAIN;
		int used, start = x;

		if (tc->width == 0)
			continue;
		if (head && x <= covered) {
			x += tc->width + 1;
			continue;
		}
		str_clear(&text);
		if (indent >= tc->width || right_aligned(tc->col))
			indent = 0;
		table_cell(t, ctx, at, tc->col, (unsigned)(tc->width - indent), &text, &style);
		start += indent;
		indent = 0;
		if (look.style != STYLE_PLAIN)
			style = look.style;
		else if (cell_changed(v, id, tc->col, str_text(&text)) && style == STYLE_PLAIN)
			style = STYLE_CHANGED;
		used = text_width(str_text(&text));
		if (right_aligned(tc->col) && used < tc->width)
			start = x + tc->width - used;
		canvas_put(c, y, start, style, str_text(&text), a.x + a.w - start);
		x += tc->width + 1;
	}
	if (t->cursor_valid && at == t->cursor)
		canvas_reverse(c, y, a.x, a.w);
	str_done(&text);
}

/* Raw numbers and whole addresses take the room they take: what then has none is a column further on. */
static void measure(struct table_view *v, const struct screen_env *e, int height)
{
	struct table *t = v->t;
	struct ctx ctx = table_ctx(t);
	struct str cell = {0};
	uint8_t style;

	ctx.ascii = e->ascii;
	ctx.raw_numbers = e->raw_numbers;
	for (size_t i = 0; i < t->cols.n; i++) {
		struct table_column *tc = &t->cols.v[i];

		tc->need = 0;
		if (!e->raw_numbers || !tc->shown || !table_shows(t, e->f) || tc->col->kind == KIND_TEXT ||
		    tc->col->kind == KIND_WORD)
			continue;
		for (size_t line = t->top; line < t->order.n && line < t->top + (size_t)height; line++) {
			int width;

			if (table_head(t, line))
				continue;
			str_clear(&cell);
			column_cell(tc->col, &ctx, t->order.v[line], &cell, &style);
			width = text_width(str_text(&cell));
			if (width > tc->need)
				tc->need = (uint16_t)width;
		}
	}
	str_done(&cell);
}

/* Columns scrolled away leave their room to the ones that found none; the ones that are always there stay. */
static void layout(struct table_view *v, unsigned width, bool multi_ns)
{
	struct table *t = v->t;
	unsigned skip = v->skip;
	bool shown[128];

	for (size_t i = 0; i < t->cols.n && i < 128; i++) {
		shown[i] = t->cols.v[i].shown;
		if (skip > 0 && shown[i] && !(t->cols.v[i].col->flags & COL_ALWAYS)) {
			t->cols.v[i].shown = false;
			skip--;
		}
	}
	v->hidden = table_layout(t, width, multi_ns);
	for (size_t i = 0; i < t->cols.n && i < 128; i++)
		t->cols.v[i].shown = shown[i];
}

void table_draw(struct table_view *v, const struct screen_env *e, struct canvas *c, struct area a)
{
	struct table *t = v->t;
	struct ctx ctx;
	int x = a.x + GUTTER;

	measure(v, e, a.h);
	layout(v, a.w > GUTTER ? (unsigned)(a.w - GUTTER) : 0, e->f && frame_netns_n(e->f) > 1);
	for (size_t i = 0; i < t->cols.n; i++) {
		if (t->cols.v[i].width == 0)
			continue;
		draw_head(t, &t->cols.v[i], e, c, a.y, x, a.x + a.w);
		x += t->cols.v[i].width + 1;
	}
	a.y++;
	a.h--;
	if (!table_shows(t, e->f) || t->order.n == 0) {
		table_draw_empty(v, e, c, a);
		return;
	}
	turn_memory(v);
	ctx = table_ctx(t);
	ctx.ascii = e->ascii;
	ctx.raw_numbers = e->raw_numbers;
	ctx.hosts = e->hosts;
	ctx.own_row = e->own_row;
	for (int i = 0; i < a.h && t->top + (uint32_t)i < t->order.n; i++)
		draw_row(v, &ctx, e, c, a, a.y + i, t->top + (uint32_t)i);
}

const struct column *table_head_at(const struct table_view *v, int x)
{
	int at = GUTTER;

	for (size_t i = 0; i < v->t->cols.n; i++) {
		int w = v->t->cols.v[i].width;

		if (w == 0)
			continue;
		if (x >= at && x <= at + w)
			return v->t->cols.v[i].col;
		at += w + 1;
	}
	return NULL;
}
