/* Leads frames into the screen on top: a large table takes them in slices, and until it is done everybody sees the frame
 * before. */
#include "sockeye/base/units.h"
#include "sockeye/view/ui.h"
#include "ui_private.h"

/* What is hidden from a user without rights is said once, when it is first known. */
static void welcome(struct ui *u)
{
	const struct frame *f = u->env.f;
	uint32_t hidden = 0, all = 0;
	char n[UNIT_BUF], m[UNIT_BUF];

	if (u->welcomed || !f || u->message_until == UINT64_MAX) /* an error is worth more */
		return;
	u->welcomed = true;
	for (size_t i = 0; i < f->ports.n; i++) {
		if (f->ports.v[i].flags & PORT_CLIENT)
			continue;
		all++;
		hidden += f->ports.v[i].reason == REASON_NOT_PERMITTED;
	}
	if (hidden && !u->opts.root)
		ui_say(u, "Owners of %s of %s ports are hidden: not yours, %s. Units are known. sudo?",
		       fmt_count(n, hidden), fmt_count(m, all),
		       u->opts.user_name ? u->opts.user_name : "you");
}

static void take_next(struct ui *u)
{
	uint32_t row = u->opts.you ? kill_you_row(u->env.next, u->opts.you) : NONE;

	u->env.f = u->env.next;
	u->env.next = NULL;
	u->env.own_row = row == NONE ? 0 : row + 1;
}

/* Once the table shows the new frame it is everybody's. */
static void settle(struct ui *u)
{
	struct screen *s = ui_top(u);
	struct table *t = screen_table(s);

	if (t && table_updating(t))
		return;
	if (!u->env.next)
		return;
	if (t && !table_shows(t, u->env.next)) { /* it was busy with something else */
		s->ops->frame(s, &u->env);
		if (table_updating(t))
			return;
	}
	take_next(u);
	if (u->dialog && u->dialog->ops->frame)
		u->dialog->ops->frame(u->dialog, u);
	welcome(u);
	ui_tell_limits(u);
}

void ui_update_top(struct ui *u)
{
	struct screen *s = ui_top(u);
	struct ui_layout l = ui_layout(u);

	/* A prompt does not hold the order: it changes what is shown, and acts on nothing. */
	u->env.dialog_open = u->dialog && !u->dialog->ops->wants_paste;
	u->env.table_h = l.list.h - (screen_table(s) ? 1 : 0);
	if (u->env.table_h < 1)
		u->env.table_h = 1;
	if (!screen_table(s) && u->env.next) /* pages are made at once */
		take_next(u);
	u->searching.begun = false;
	if (u->env.f || u->env.next)
		s->ops->frame(s, &u->env);
	settle(u);
}

/* The connections of the port that is shown are still being counted. */
static bool counting(const struct ui *u)
{
	const struct port_conns *c = &u->conns;

	return u->env.f && port_conns_of(c, u->env.f, c->port) && !c->done;
}

/* Then the page is made anew; the pane is when it is drawn. */
static void go_on_counting(struct ui *u)
{
	struct screen *s = ui_top(u);

	if (counting(u) && port_conns_step(&u->conns, u->env.over, u->env.over_data) && !screen_table(s))
		s->ops->frame(s, &u->env);
}

bool ui_working(const struct ui *u)
{
	const struct screen *s = ui_top_const(u);

	return u->env.next || u->searching.dir || counting(u) ||
	       (s && screen_table_const(s) && table_updating(screen_table_const(s)));
}

bool ui_work(struct ui *u)
{
	struct table *t = screen_table(ui_top(u));

	if (t && table_updating(t) && !table_update_step(t, u->env.over, u->env.over_data))
		return false;
	settle(u);
	if (!u->env.next)
		ui_search_work(u);
	go_on_counting(u);
	return !ui_working(u);
}

void ui_finish(struct ui *u)
{
	struct table *t = screen_table(ui_top(u));
	bool (*over)(void *data) = u->env.over;

	u->env.over = NULL;
	if (t)
		table_update_step(t, NULL, NULL);
	settle(u);
	ui_search_work(u);
	u->env.over = over;
}

void ui_frame(struct ui *u, const struct frame *f, uint64_t now_ns)
{
	u->env.next = f;
	u->env.now_ns = now_ns;
	ui_update_top(u);
}

void ui_refresh(struct ui *u, uint64_t now_ns)
{
	u->env.now_ns = now_ns;
	u->detail_number = 0;
	for (size_t i = 0; i < VIEWS_MAX; i++)
		if (u->views[i])
			filter_late(screen_table(u->views[i])->filter);
	ui_update_top(u);
}
