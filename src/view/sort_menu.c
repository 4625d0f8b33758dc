/* The sort menu: every column of the view, the ones on the screen first; by one, or by several in turn. */
#include "sockeye/base/str.h"
#include "ui_actions.h"
#include "ui_private.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How many of the keys are what the user asked for; those behind are the view's own and break ties. */
static unsigned chosen_n(const struct table *t)
{
	struct str list = {0};
	unsigned n = t->sort_n > 0;

	ui_sort_list(t, &list);
	for (const char *p = str_text(&list); (p = strchr(p, ',')); p++)
		n++;
	str_done(&list);
	return n;
}

/* Behind the keys so far; the other way round when it is among them. */
static void sort_then_by(struct table *t, const struct column *col)
{
	unsigned n = chosen_n(t);
	struct str list = {0};
	char err[64];
	bool is_new = true;

	for (unsigned i = 0; i < n; i++) {
		bool it = t->sort[i].col == col;

		is_new = is_new && !it;
		str_putf(&list, "%s%s,", t->sort[i].desc != it ? "-" : "", t->sort[i].col->key);
	}
	if (is_new)
		str_putf(&list, "%s%s", col->flags & COL_DESC ? "-" : "", col->key);
	(void)table_set_sort_list(t, str_text(&list), err, sizeof(err));
	str_done(&list);
}

/* "PORT ▴", and when there are several keys "PORT ▴1". */
static char *label_of(const struct ui *u, const struct table *t, const struct column *col)
{
	const char *name = col->title && *col->title ? col->title : col->key, *up = u->env.ascii ? "^" : "▴",
		   *down = u->env.ascii ? "v" : "▾";
	unsigned n = chosen_n(t);
	struct str s = {0};

	str_puts(&s, name);
	for (unsigned i = 0; i < n; i++)
		if (t->sort[i].col == col) {
			str_putf(&s, " %s", t->sort[i].desc ? down : up);
			if (n > 1)
				str_put_u64(&s, i + 1);
		}
	return str_take(&s);
}

static void label_all(struct menu *m, const struct ui *u, const struct table *t)
{
	for (size_t i = 0; i < m->items.n; i++) {
		free(m->items.v[i].label);
		m->items.v[i].label = label_of(u, t, m->items.v[i].data);
	}
}

static bool sort_choose(struct menu *m, struct ui *u, const struct key *k)
{
	const struct column *col = m->items.v[m->cursor].data;
	struct table *t = screen_table(ui_top(u));

	if (!t)
		return false;
	switch (k->code) {
	case KEY_ENTER_:
	case 'y':
		table_set_sort(t, col, (col->flags & COL_DESC) != 0);
		break;
	case ' ':
		sort_then_by(t, col);
		label_all(m, u, t);
		ui_update_top(u);
		return true;
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
	char *label;

	for (size_t i = 0; i < m->items.n; i++)
		if (m->items.v[i].data == col)
			return;
	label = label_of(u, t, col);
	menu_add(m, label, col->help, col);
	free(label);
	if (t->sort_n && t->sort[0].col == col)
		m->cursor = m->items.n - 1;
}

struct dialog *sort_menu_new(struct ui *u, struct table *t)
{
	struct menu *m = mem_zalloc(1, sizeof(*m));
	const struct column *cols;
	char title[64];
	size_t n;

	snprintf(title, sizeof(title), "Sort %s by", view_table[t->view].title);
	menu_init(m, title, "Enter sort   Space then by   r the other way round   Esc no", sort_choose);
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
