/* `=`: a menu of the terms that the row under the cursor satisfies, or all rows of the group; choosing one narrows to it.
 * It spares typing and teaches the filter language. */
#include "sockeye/base/text.h"
#include "ui_private.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The fields that are worth a line, in this order; the ones a row has not, or has empty, are left out. */
static const char *const fields[] = {"process", "port", "proto", "state", "raddr", "rport",
				     "lport",   "unit", "user",  "pid",   "scope", "netns_name"};

static bool row_choose(struct menu *m, struct ui *u, const struct key *k)
{
	const char *term = m->items.v[m->cursor].label;
	struct str s = {0}, with = {0};
	const char *eq;

	if (k->code != KEY_ENTER_ && k->code != 'y' && k->code != '!')
		return true;
	eq = strchr(term, '=');
	str_put(&with, term, (size_t)(eq - term));
	str_putf(&with, "%s%s", k->code == '!' ? "!" : "", eq);
	filter_word_add(ui_filter_text(u), str_text(&with), &s);
	ui_try_filter(u, str_text(&s));
	str_done(&s);
	str_done(&with);
	return false;
}

/* A value as the filter reads it back: in quotes when it is not one plain word. */
static void put_value(struct str *out, const char *v)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-:/@+";

	if (v[strspn(v, plain)] == '\0' && strcasecmp(v, "none") != 0) {
		str_puts(out, v);
		return;
	}
	str_putc(out, '"');
	for (; *v; v++) {
		if (*v == '"' || *v == '\\')
			str_putc(out, '\\');
		str_putc(out, *v);
	}
	str_putc(out, '"');
}

struct dialog *row_menu_new(struct ui *u, struct table *t)
{
	struct menu *m;
	struct ctx ctx;
	uint32_t row = t && table_shows(t, u->env.f) ? table_row(t) : NONE;

	if (row == NONE)
		return NULL;
	m = mem_zalloc(1, sizeof(*m));
	menu_init(m, table_head(t, t->cursor) ? "Filter by this group" : "Filter by this row",
		  "Enter only these   ! all but these   Esc no", row_choose);
	ctx = table_ctx(t);
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		const struct column *col = column_by_key((enum row_kind)t->rows_kind, fields[i]);
		struct str raw = {0}, safe = {0}, term = {0};

		if (!col || (col->flags & COL_DISPLAY) ||
		    (!strcmp(fields[i], "netns_name") && frame_netns_n(u->env.f) < 2) ||
		    !table_agrees(t, &ctx, t->cursor, col))
			continue;
		column_raw(col, &ctx, row, &raw);
		/* What would have to be escaped to be shown cannot be typed either. */
		text_put_cell(&safe, str_text(&raw), raw.n, false, 256);
		if (raw.n && !strcmp(str_text(&raw), str_text(&safe))) {
			str_putf(&term, "%s=", col->key);
			put_value(&term, str_text(&raw));
			menu_add(m, str_text(&term), col->help, NULL);
		}
		str_done(&raw);
		str_done(&safe);
		str_done(&term);
	}
	if (m->items.n == 0) {
		m->base.ops->free(&m->base, u);
		return NULL;
	}
	return &m->base;
}
