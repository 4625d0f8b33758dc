/* `W`: how the views are arranged now becomes what the program starts with. */
#include "ui_actions.h"
#include "ui_private.h"
#include <stdlib.h>

void act_save_settings(struct ui *u, uint32_t key)
{
	struct ui_arranged v[VIEWS_MAX];
	struct str lists[VIEWS_MAX][2] = {0};
	char text[sizeof(u->message) - 32] = "";
	size_t n = 0;
	int r;

	if (u->opts.read_only || !u->host || !u->host->save) {
		ui_error(u, "%s",
			 u->opts.read_only ? "READ-ONLY: no file is written in this session"
					   : "settings cannot be kept here");
		return;
	}
	for (int i = 0; i < VIEWS_MAX; i++) {
		const struct table *t = u->views[i] ? screen_table(u->views[i]) : NULL;

		if (!t)
			continue;
		ui_column_list(t, &lists[n][0]);
		ui_sort_list(t, &lists[n][1]);
		v[n] = (struct ui_arranged){.view = i,
					    .columns = lists[n][0].n ? str_text(&lists[n][0]) : NULL,
					    .sort = lists[n][1].n ? str_text(&lists[n][1]) : NULL};
		n++;
	}
	r = u->host->save(u->host->data, u->view, u->interval_ns, v, n, text, sizeof(text));
	if (r < 0)
		ui_error(u, "not kept: %s", text);
	else
		ui_say(u, "kept in %s: view, columns, sort and interval", text);
	for (size_t i = 0; i < n; i++) {
		str_done(&lists[i][0]);
		str_done(&lists[i][1]);
	}
}
