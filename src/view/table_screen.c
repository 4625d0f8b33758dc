/* A table as a screen of the stack: moves, clicks, status line; one implementation for every view. */
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include "table_draw.h"
#include "ui_private.h"
#include <stdlib.h>
#include <string.h>

struct table_screen {
	struct screen base;
	struct table t;
	struct table_view v;
	struct area last; /* as drawn last */
};

static const struct screen_ops table_ops;

static struct table_screen *of(struct screen *s)
{
	return (struct table_screen *)s;
}

static const struct table_screen *of_const(const struct screen *s)
{
	return (const struct table_screen *)s;
}

static uint32_t height(const struct screen_env *e)
{
	return e->table_h > 0 ? (uint32_t)e->table_h : 1;
}

static void table_screen_crumb(const struct screen *s, const struct screen_env *e, struct str *out)
{
}

void table_put_doing(const struct table *t, bool ascii, struct str *out)
{
	static const char *const words[] = {
		[TABLE_NOTHING] = "", [TABLE_SORTS] = "sorting", [TABLE_FILTERS] = "filtering"};

	str_puts(out, words[table_doing(t)]);
	str_puts(out, ascii ? "..." : "…");
}

static void table_screen_status(const struct screen *s, const struct screen_env *e, struct str *out)
{
	const struct table *t = &of_const(s)->t;
	char first[UNIT_BUF], last[UNIT_BUF], all[UNIT_BUF];
	uint32_t to = t->top + height(e);

	if (!e->f)
		return;
	if (table_doing(t) != TABLE_NOTHING) {
		table_put_doing(t, e->ascii, out);
		return;
	}
	if (to > t->order.n)
		to = (uint32_t)t->order.n;
	fmt_count(all, t->order.n);
	if (t->order.n == 0)
		str_putf(out, "0 of %s", fmt_count(all, t->total));
	else
		str_putf(out, "%s-%s of %s", fmt_count(first, t->top + 1u), fmt_count(last, to), all);
}

static void table_screen_frame(struct screen *s, const struct screen_env *e)
{
	struct table *t = &of(s)->t;
	const struct frame *f = e->next ? e->next : e->f;

	if (!f)
		return;
	/* What it shows is of a frame that may be gone by now. */
	if (!table_shows(t, e->f))
		table_lose_frame(t);
	t->mark_ns = e->mark_ns;
	table_update_begin(t, f, height(e), e->dialog_open);
	table_update_step(t, &e->slice);
}

static void table_screen_draw(struct screen *s, const struct screen_env *e, struct canvas *c, struct area a)
{
	struct table_screen *ts = of(s);

	ts->last = a;
	ts->v.t = &ts->t;
	table_draw(&ts->v, e, c, a);
}

static bool table_screen_work(struct screen *s, const struct screen_env *e)
{
	return table_view_work(&of(s)->v, &e->slice);
}

static bool table_screen_working(const struct screen *s, const struct screen_env *e)
{
	return of_const(s)->v.looking.counting != NULL;
}

static void table_screen_move(struct screen *s, const struct screen_env *e, enum move m)
{
	struct table_screen *ts = of(s);
	int64_t h = height(e);

	switch (m) {
	case MOVE_UP:
		table_move(&ts->t, -1, (uint32_t)h);
		break;
	case MOVE_DOWN:
		table_move(&ts->t, 1, (uint32_t)h);
		break;
	case MOVE_PAGE_UP:
		table_move(&ts->t, -h, (uint32_t)h);
		break;
	case MOVE_PAGE_DOWN:
		table_move(&ts->t, h, (uint32_t)h);
		break;
	case MOVE_HALF_UP:
		table_move(&ts->t, -((h + 1) / 2), (uint32_t)h);
		break;
	case MOVE_HALF_DOWN:
		table_move(&ts->t, (h + 1) / 2, (uint32_t)h);
		break;
	case MOVE_FIRST:
		table_move(&ts->t, -(int64_t)UINT32_MAX, (uint32_t)h);
		break;
	case MOVE_LAST:
		table_move(&ts->t, UINT32_MAX, (uint32_t)h);
		break;
	case MOVE_LEFT:
		/* The arrows fold where there is something to fold, and look at further columns elsewhere. */
		if (ts->v.skip > 0)
			ts->v.skip--;
		else if (table_fold(&ts->t, ts->t.cursor, false))
			table_screen_frame(s, e);
		break;
	case MOVE_RIGHT:
		if (table_head(&ts->t, ts->t.cursor) && table_fold(&ts->t, ts->t.cursor, true))
			table_screen_frame(s, e);
		else if (ts->v.hidden > 0)
			ts->v.skip++;
		break;
	}
}

static struct subject table_screen_under(const struct screen *s, const struct screen_env *e)
{
	static const uint8_t kinds[ROWS_N] = {
		[ROWS_SOCK] = SUBJECT_SOCK,
		[ROWS_PORT] = SUBJECT_PORT,
		[ROWS_PROC] = SUBJECT_PROC,
	};
	const struct table *t = &of_const(s)->t;
	struct subject sub = {.kind = SUBJECT_NONE};
	uint32_t row = table_shows(t, e->f) && !table_head(t, t->cursor) ? table_row(t) : NONE;

	if (row != NONE) {
		sub.kind = kinds[t->rows_kind];
		sub.pick = pick_of(t->rows_kind, t->f, row);
	}
	return sub;
}

static void table_screen_enter(struct screen *s, const struct screen_env *e)
{
	struct table *t = &of(s)->t;

	if (table_fold(t, t->cursor, true) || table_fold(t, t->cursor, false))
		table_screen_frame(s, e);
}

static struct subject table_screen_about(const struct screen *s)
{
	return (struct subject){.kind = SUBJECT_NONE};
}

static bool table_screen_click(struct screen *s, const struct screen_env *e, int y, int x)
{
	struct table_screen *ts = of(s);
	const struct column *col;
	uint32_t at;

	if (x < ts->last.x || x >= ts->last.x + ts->last.w || y < ts->last.y || y >= ts->last.y + ts->last.h)
		return false;
	if (y == ts->last.y) {
		col = table_head_at(&ts->v, x - ts->last.x);
		if (col) {
			table_sort_by(&ts->t, col);
			table_screen_frame(s, e);
		}
		return false;
	}
	at = ts->t.top + (uint32_t)(y - ts->last.y - 1);
	if (at >= ts->t.order.n)
		return false;
	table_goto(&ts->t, at, height(e));
	return true;
}

static void table_screen_want(const struct screen *s, struct want *w)
{
	table_want(&of_const(s)->t, w);
}

static void table_screen_free(struct screen *s)
{
	struct table_screen *ts = of(s);

	table_view_done(&ts->v);
	table_done(&ts->t);
	free(ts);
}

static const struct screen_ops table_ops = {
	.crumb = table_screen_crumb,
	.status = table_screen_status,
	.frame = table_screen_frame,
	.draw = table_screen_draw,
	.move = table_screen_move,
	.under = table_screen_under,
	.enter = table_screen_enter,
	.about = table_screen_about,
	.click = table_screen_click,
	.want = table_screen_want,
	.work = table_screen_work,
	.working = table_screen_working,
	.free = table_screen_free,
};

struct table *screen_table(struct screen *s)
{
	return s && s->ops == &table_ops ? &of(s)->t : NULL;
}

const struct table *screen_table_const(const struct screen *s)
{
	return s && s->ops == &table_ops ? &of_const(s)->t : NULL;
}

struct screen *table_screen_new(enum view_id view)
{
	struct table_screen *ts = mem_zalloc(1, sizeof(*ts));

	ts->base.ops = &table_ops;
	table_init(&ts->t, view);
	if (group_applies(GROUP_FORKS, ts->t.rows_kind))
		ts->t.group_by = GROUP_FORKS;
	ts->v.t = &ts->t;
	return &ts->base;
}
