/* `b`: what rows are gathered by, under heads that count and fold. */
#include "ui_actions.h"
#include "ui_private.h"
#include <stdio.h>
#include <stdlib.h>

static bool group_choose(struct menu *m, struct ui *u, const struct key *k)
{
	const struct group_info *g = m->items.v[m->cursor].data;
	struct table *t = screen_table(ui_top(u));

	if (k->code != KEY_ENTER_ && k->code != 'y' && k->code != ' ')
		return true;
	if (t) {
		t->group_by = (enum group_by)(g - group_table);
		ui_update_top(u);
		if (t->group_by != GROUP_NONE)
			ui_say(u, "by %s; Left folds, Right opens, * all", g->key);
	}
	return false;
}

void act_group_by(struct ui *u, uint32_t key)
{
	const struct table *t = screen_table(ui_top(u));
	struct menu *m;
	char title[64];

	if (!t)
		return;
	m = mem_zalloc(1, sizeof(*m));
	snprintf(title, sizeof(title), "Group %s by", view_table[t->view].title);
	menu_init(m, title, "Enter group   Esc no", group_choose);
	for (int i = 0; i < GROUP_N; i++) {
		if (i != GROUP_NONE && !group_applies((enum group_by)i, t->rows_kind))
			continue;
		menu_add(m, group_table[i].key, group_table[i].help, &group_table[i]);
		if (i == (int)t->group_by)
			m->cursor = m->items.n - 1;
	}
	ui_open_dialog(u, &m->base);
}

void act_fold_all(struct ui *u, uint32_t key)
{
	struct table *t = screen_table(ui_top(u));

	if (!t || t->group_by == GROUP_NONE) {
		ui_say(u, "nothing is grouped here; `b` groups");
		return;
	}
	table_fold_all(t);
	ui_update_top(u);
}
