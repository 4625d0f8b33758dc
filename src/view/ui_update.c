/* Leads frames into the screen on top: a large table takes them in slices, and until it is done everybody sees the frame
 * before. */
#include "sockeye/base/units.h"
#include "sockeye/view/ui.h"
#include "ui_actions.h"
#include "ui_private.h"
#include <string.h>

#define STALE_NS                                                                                             \
	(50 * NSEC_PER_MS) /* so long the screen of before stays where a table has nothing to show yet */

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

/* Tables that are not on top may show the frame that is going to be given back. */
static void leave_frame(struct ui *u)
{
	for (size_t i = 0; i < VIEWS_MAX; i++) {
		struct table *t = u->views[i] ? screen_table(u->views[i]) : NULL;

		if (t && u->env.f && table_shows(t, u->env.f))
			table_leave_frame(t);
	}
}

static void take_next(struct ui *u)
{
	uint32_t row = u->opts.you ? kill_you_row(u->env.next, u->opts.you) : NONE;

	if (u->env.f != u->env.next)
		leave_frame(u);
	u->env.f = u->env.next;
	u->env.next = NULL;
	u->env.own_row = row == NONE ? 0 : row + 1;
	if (u->dialog && u->dialog->ops->frame)
		u->dialog->ops->frame(u->dialog, u);
}

bool ui_stale(const struct ui *u)
{
	const struct screen *s = ui_top_const(u);
	const struct table *t = s ? screen_table_const(s) : NULL;

	return t && table_updating(t) && !table_shows(t, u->env.f);
}

static void note_stale(struct ui *u)
{
	if (!ui_stale(u))
		u->stale_ns = 0;
	else if (!u->stale_ns)
		u->stale_ns = u->env.now_ns;
}

bool ui_draws(const struct ui *u)
{
	return !u->stale_ns || u->env.now_ns - u->stale_ns >= STALE_NS;
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
	note_stale(u);
}

/* The connections of the port or the process that is shown are still being counted. */
static bool counting(const struct ui *u)
{
	const struct port_conns *port = &u->conns;
	const struct proc_conns *proc = &u->proc_conns;

	return u->env.f && ((port_conns_of(port, u->env.f, port->port) && !port->done) ||
			    (proc_conns_of(proc, u->env.f, proc->proc) && !proc->done));
}

/* Then the page is made anew; the pane is when it is drawn. */
static void go_on_counting(struct ui *u)
{
	struct screen *s = ui_top(u);

	if (!counting(u))
		return;
	if (port_conns_of(&u->conns, u->env.f, u->conns.port) && !port_conns_step(&u->conns, &u->env.slice))
		return;
	if (proc_conns_of(&u->proc_conns, u->env.f, u->proc_conns.proc) &&
	    !proc_conns_step(&u->proc_conns, &u->env.slice))
		return;
	if (!screen_table(s))
		s->ops->frame(s, &u->env);
}

/* Is anything on its way but keys? */
static bool busy(const struct ui *u)
{
	const struct screen *s = ui_top_const(u);

	return u->env.next || u->searching.dir || counting(u) ||
	       (s && screen_table_const(s) && table_updating(screen_table_const(s))) ||
	       (s && s->ops->working && s->ops->working(s, &u->env)) ||
	       (u->dialog && u->dialog->ops->working && u->dialog->ops->working(u->dialog));
}

bool ui_working(const struct ui *u)
{
	return u->waiting.n || busy(u);
}

/* What is on its way, one after the other: what the others rest on first. */
static void go_on(struct ui *u)
{
	struct screen *s = ui_top(u);
	struct table *t = screen_table(s);

	if (t && table_updating(t) && !table_update_step(t, &u->env.slice))
		return;
	settle(u);
	note_stale(u);
	if (u->env.next || !ui_search_work(u))
		return;
	go_on_counting(u);
	if (counting(u) || (s->ops->work && !s->ops->work(s, &u->env)))
		return;
	if (u->dialog && u->dialog->ops->work)
		u->dialog->ops->work(u->dialog, u);
}

/* The first of the keys that wait, when what it waited for is there. */
static void take_waiting(struct ui *u)
{
	struct key k;

	if (!u->waiting.n || (ui_must_wait(u, &u->waiting.v[0]) && busy(u)))
		return;
	k = u->waiting.v[0];
	memmove(&u->waiting.v[0], &u->waiting.v[1], --u->waiting.n * sizeof(k));
	ui_take_key(u, &k);
	if (u->discard_input) /* typed before what it has opened was seen */
		vec_clear(&u->waiting);
}

bool ui_work(struct ui *u)
{
	while (ui_working(u)) {
		if (busy(u))
			go_on(u);
		take_waiting(u);
		if (slice_over(&u->env.slice))
			break;
	}
	return !ui_working(u);
}

/* Are lines that come on the screen with this key in no order yet? Then that is what is begun. */
static bool leads_beyond(const struct ui *u, struct table *t, const struct key *k, const struct binding *b)
{
	size_t h = (size_t)u->env.table_h, by;

	if (k->code == KEY_MOUSE_)
		by = k->mouse == MOUSE_WHEEL_DOWN ? WHEEL_ROWS : 0;
	else if (!b)
		by = 0;
	else
		by = b->run == act_last                                   ? t->order.n
		     : b->run == act_page_down || b->run == act_half_down ? h
		     : b->run == act_row_down || b->run == act_tag ||
				     (b->run == act_search_next && !u->search)
			     ? 1
			     : 0;
	if (!by || t->sorted >= t->order.n || t->cursor + by + h <= t->sorted)
		return false;
	if (!table_updating(t))
		table_order_begin(t);
	return true;
}

bool ui_must_wait(struct ui *u, const struct key *k)
{
	struct table *t = screen_table(ui_top(u));
	const struct binding *b;

	if (u->dialog)
		return u->dialog->ops->waits && u->dialog->ops->waits(u->dialog, u, k);
	if (!t || u->w < UI_W_MIN || u->h < UI_H_MIN)
		return false;
	if (ui_stale(u))
		return true;
	b = keymap_find(u->keymap, k->code, WHERE_TABLE);
	/* What acts, acts on what was asked for, not on what was there before it. */
	if (b && (b->group == KEYS_ACT || b->run == act_open) &&
	    (table_doing(t) != TABLE_NOTHING || u->searching.dir))
		return true;
	return leads_beyond(u, t, k, b);
}

void ui_finish(struct ui *u)
{
	struct table *t = screen_table(ui_top(u));
	struct slice slice = u->env.slice;

	u->env.slice = (struct slice){0};
	if (t)
		table_update_step(t, NULL);
	settle(u);
	ui_search_work(u);
	u->env.slice = slice;
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
