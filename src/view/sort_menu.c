/* The sort menu: every column of the view, the ones on the screen first. */
#include "ui_private.h"
#include <stdio.h>
#include <string.h>

static bool sort_choose(struct menu *m, struct ui *u, const struct key *k)
{
	const struct column *col = m->items.v[m->cursor].data;
	struct table *t = screen_table(ui_top(u));

	if (!t)
		return false;
	switch (k->code) {
	case KEY_ENTER_:
	case 'y':
	case ' ':
		table_set_sort(t, col, (col->flags & COL_DESC) != 0);
		break;
	case 'r':
	case 'I':
	case 'R':
		if (t->sort_n && t->sort[0].col == col)
			table_set_sort(t, col, !t->sort[0].desc);
		else
			table_set_sort(t, col, !(col->flags & COL_DESC));
		break;
	default:
		return true;
	}
	ui_update_top(u);
	return false;
}

static void add(struct menu *m, const struct ui *u, const struct table *t, const struct column *col)
{
	bool now = t->sort_n && t->sort[0].col == col;
	const char *mark = !now              ? ""
			   : u->env.ascii    ? (t->sort[0].desc ? " v" : " ^")
			   : t->sort[0].desc ? " ▾"
					     : " ▴";
	char label[64];

	for (size_t i = 0; i < m->items.n; i++)
		if (m->items.v[i].data == col)
			return;
	snprintf(label, sizeof(label), "%s%s", col->title && *col->title ? col->title : col->key, mark);
	menu_add(m, label, col->help, col);
	if (now)
		m->cursor = m->items.n - 1;
}

struct dialog *sort_menu_new(struct ui *u, struct table *t)
{
	struct menu *m = mem_zalloc(1, sizeof(*m));
	const struct column *cols;
	char title[64];
	size_t n;

	snprintf(title, sizeof(title), "Sort %s by", view_table[t->view].title);
	menu_init(m, title, "Enter sort   r the other way round   Esc no", sort_choose);
	/* First what the rows are sorted by now, when that is no column of the screen (rx+tx). */
	if (t->sort_n && !t->sort[0].col->title)
		add(m, u, t, t->sort[0].col);
	for (size_t i = 0; i < t->cols.n; i++)
		if (t->cols.v[i].width > 0 && t->cols.v[i].col->kind != KIND_OBJECT)
			add(m, u, t, t->cols.v[i].col);
	cols = columns_of((enum row_kind)t->rows_kind, &n);
	for (size_t i = 0; i < n; i++)
		if (cols[i].title && *cols[i].title && cols[i].kind != KIND_OBJECT &&
		    !(cols[i].flags & COL_DISPLAY))
			add(m, u, t, &cols[i]);
	return &m->base;
}
