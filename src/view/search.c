/* The search in a table: it needs all rows in order, and looks at one after the other, in slices, so that keys go on
 * meanwhile. */
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
		over = slice_over(&e->slice);
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

bool ui_search_work(struct ui *u)
{
	struct table *t = screen_table(ui_top(u));

	if (!u->searching.dir)
		return true;
	if (!t || !u->search || !table_shows(t, u->env.f) || t->order.n == 0) {
		if (u->search)
			ui_say(u, "no row shows \"%s\"", u->search);
		ui_search_end(u);
		return true;
	}
	/* The next one is the next in order, also behind what is on the screen. */
	if (!table_updating(t) && t->sorted < t->order.n)
		table_order_begin(t);
	if (!table_update_step(t, &u->env.slice))
		return false;
	return find(u, t);
}

void ui_search(struct ui *u, int dir)
{
	if (u->searching.dir != dir) /* else the key is held down, and it is on its way */
		u->searching = (struct search){.dir = dir};
	if (!u->env.next)
		ui_search_work(u);
}
