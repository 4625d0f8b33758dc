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

bool marks_since(const struct table *t, uint32_t row, uint64_t mark_ns)
{
	const struct frame *f = t->f;
	uint64_t first_ns = 0;
	uint8_t marks = 0;

	if (!mark_ns)
		return false;
	switch (t->rows_kind) {
	case ROWS_SOCK:
		first_ns = frame_row(f, row)->first_ns;
		marks = frame_row(f, row)->marks;
		break;
	case ROWS_PORT:
		first_ns = f->ports.v[row].first_ns;
		marks = f->ports.v[row].marks;
		break;
	case ROWS_PROC:
		first_ns = f->procs.v[row].first_ns;
		marks = f->procs.v[row].marks;
		break;
	default:
		break;
	}
	return first_ns > mark_ns && !(marks & (MARK_START | MARK_CLOSED));
}

bool marks_group_since(const struct table *t, const struct table_group *g, uint64_t mark_ns)
{
	for (uint32_t i = 0; mark_ns && i < g->n; i++)
		if (marks_since(t, t->members.v[g->first + i], mark_ns))
			return true;
	return false;
}

void marks_text(const struct ui *u, const struct table *t, struct str *out)
{
	char time[UNIT_BUF], n[UNIT_BUF];
	uint32_t since = 0;

	if (!u->env.mark_ns || !table_shows(t, u->env.f))
		return;
	if (t->groups.n)
		for (size_t i = 0; i < t->members.n; i++)
			since += marks_since(t, t->members.v[i], u->env.mark_ns);
	else
		for (size_t i = 0; i < t->order.n; i++)
			since += marks_since(t, t->order.v[i], u->env.mark_ns);
	str_putf(out, "+%s since %s", fmt_count(n, since), mark_time(u, time));
}
