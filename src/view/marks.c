/* `m` marks this moment: what opens from then on carries a +, so that "what came since I restarted it?" is a look
 * and no comparing. The mark lies between two frames: what the marked one shows is from before it. */
#include "marks.h"
#include "sockeye/base/units.h"
#include "ui_actions.h"
#include "ui_private.h"
#include <stdio.h>
#include <string.h>

/* "14:02:31" of "Sun 22 Nov 14:02:31" */
static const char *mark_time(const struct ui *u, char buf[UNIT_BUF])
{
	const char *blank = strrchr(fmt_local(buf, u->mark_wall_ns), ' ');

	return blank ? blank + 1 : buf;
}

void act_mark(struct ui *u, uint32_t key)
{
	char buf[UNIT_BUF];
	bool moved = u->env.mark_ns != 0;

	if (!u->env.f) {
		ui_say(u, "nothing was seen yet");
		return;
	}
	u->env.mark_ns = u->env.f->boot_ns;
	u->mark_wall_ns = u->env.f->wall_ns;
	ui_update_top(u); /* it is counted from there on, also in what is on its way */
	ui_say(u, "%s %s: rows with + are new since then; Esc takes the mark away",
	       moved ? "mark moved to" : "marked", mark_time(u, buf));
}

bool marks_clear(struct ui *u)
{
	char buf[UNIT_BUF];

	if (!u->env.mark_ns)
		return false;
	u->env.mark_ns = 0;
	ui_say(u, "mark of %s taken away", mark_time(u, buf));
	return true;
}

void marks_text(const struct ui *u, const struct table *t, struct str *out)
{
	char time[UNIT_BUF], n[UNIT_BUF];

	if (!u->env.mark_ns || !table_shows(t, u->env.f))
		return;
	/* Just set, and not counted from yet: no row that is shown is younger. */
	fmt_count(n, t->since_ns == u->env.mark_ns ? t->since : 0);
	str_putf(out, "+%s since %s", n, mark_time(u, time));
}
