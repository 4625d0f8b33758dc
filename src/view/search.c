/* The search in a table, and moves to where it is in no order yet: what needs all rows in order, or looks at one after the other,
 * goes on in slices, so that keys go on meanwhile. */
#include "sockeye/base/mem.h"
#include "ui_private.h"
#include <string.h>

#define SEARCH_SLICE 128 /* rows between two questions whether the time is up */

static bool row_contains(const struct table *t, const struct ctx *ctx, uint32_t at, const char *text,
			 struct str *cell)
{
	const struct table_group *g = table_head(t, at);
	uint8_t style = STYLE_PLAIN;

	if (g) {
		str_clear(cell);
		table_head_text(t, ctx, g, cell);
		if (strcasestr(str_text(cell), text))
			return true;
	}
	for (size_t i = 0; i < t->cols.n; i++) {
		if (t->cols.v[i].width == 0)
			continue;
		str_clear(cell);
		if (g)
			table_cell(t, ctx, at, t->cols.v[i].col, 1000, cell, &style);
		else
			column_cell(t->cols.v[i].col, ctx, t->order.v[at], cell, &style);
		if (strcasestr(str_text(cell), text))
			return true;
	}
	return false;
}

void ui_search_end(struct ui *u)
{
	u->searching = (struct search){0};
}

/* Up to n rows further on. True: this one shows the text. */
static bool look(struct ui *u, const struct table *t, const struct ctx *ctx, uint32_t n, struct str *cell)
{
	struct search *s = &u->searching;
	uint32_t lines = (uint32_t)t->order.n;

	for (; n && s->left; n--) {
		s->left--;
		s->at = s->dir > 0 ? (s->at + 1) % lines : (s->at + lines - 1) % lines;
		if (row_contains(t, ctx, s->at, u->search, cell))
			return true;
	}
	return false;
}

static bool find(struct ui *u, struct table *t)
{
	struct search *s = &u->searching;
	const struct screen_env *e = &u->env;
	struct ctx ctx = table_ctx(t);
	struct str cell = {0};
	bool found = false, over = false;

	ctx.ascii = e->ascii;
	ctx.raw_numbers = e->raw_numbers;
	ctx.hosts = e->hosts;
	ctx.own_row = e->own_row;
	if (!s->begun)
		*s = (struct search){
			.dir = s->dir,
			.begun = true,
			.at = t->cursor < t->order.n ? t->cursor : 0,
			.left = (uint32_t)t->order.n,
		};
	while (!found && !over && s->left) {
		found = look(u, t, &ctx, SEARCH_SLICE, &cell);
		over = e->over && e->over(e->over_data);
	}
	str_done(&cell);
	if (found)
		table_goto(t, s->at, (uint32_t)e->table_h);
	else if (s->left)
		return false;
	else
		ui_say(u, "no row shows \"%s\"", u->search);
	ui_search_end(u);
	return true;
}

void ui_go_now(struct ui *u)
{
	enum move m = (enum move)u->searching.move;

	if (!u->searching.down)
		return;
	ui_search_end(u);
	ui_top(u)->ops->move(ui_top(u), &u->env, m);
}

bool ui_search_work(struct ui *u)
{
	struct table *t = screen_table(ui_top(u));

	if (!u->searching.dir)
		return true;
	if (!t || !(u->search || u->searching.down) || !table_shows(t, u->env.f) || t->order.n == 0) {
		if (u->search && !u->searching.down)
			ui_say(u, "no row shows \"%s\"", u->search);
		ui_search_end(u);
		return true;
	}
	/* The next one is the next in order, also behind what is on the screen. */
	if (!table_updating(t) && t->sorted < t->order.n)
		table_order_begin(t);
	if (!table_update_step(t, u->env.over, u->env.over_data))
		return false;
	if (!u->searching.down)
		return find(u, t);
	ui_go_now(u);
	return true;
}

/* Are the lines that come on the screen with this move in no order yet? */
static bool leads_beyond(const struct ui *u, const struct table *t, enum move m)
{
	size_t h = (size_t)u->env.table_h, by = m == MOVE_LAST ? t->order.n : m == MOVE_DOWN ? 1 : h;

	return table_shows(t, u->env.f) && t->sorted < t->order.n && t->cursor + by + h > t->sorted;
}

void ui_go_down(struct ui *u, enum move m)
{
	struct screen *s = ui_top(u);
	const struct table *t = screen_table(s);

	if (!t || !leads_beyond(u, t, m)) {
		s->ops->move(s, &u->env, m);
		return;
	}
	u->searching = (struct search){.dir = 1, .down = true, .move = (uint8_t)m};
	if (!u->env.next)
		ui_search_work(u);
}

void ui_search(struct ui *u, int dir)
{
	if (u->searching.dir != dir ||
	    u->searching.down) /* else the key is held down, and it is on its way */
		u->searching = (struct search){.dir = dir};
	if (!u->env.next)
		ui_search_work(u);
}
