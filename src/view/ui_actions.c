/* What the keys do: one handler for each row of the binding table. */
#include "ui_actions.h"
#include "marks.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include "ui_private.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Moving ---- */

static void move(struct ui *u, enum move m)
{
	struct screen *s = ui_top(u);

	s->ops->move(s, &u->env, m);
}

#define MOVE_ACTION(name, m)                                                                                 \
	void act_##name(struct ui *u, uint32_t key)                                                          \
	{                                                                                                    \
		move(u, m);                                                                                  \
	}
MOVE_ACTION(row_up, MOVE_UP)
MOVE_ACTION(row_down, MOVE_DOWN)
MOVE_ACTION(page_up, MOVE_PAGE_UP)
MOVE_ACTION(page_down, MOVE_PAGE_DOWN)
MOVE_ACTION(half_up, MOVE_HALF_UP)
MOVE_ACTION(half_down, MOVE_HALF_DOWN)
MOVE_ACTION(first, MOVE_FIRST)
MOVE_ACTION(last, MOVE_LAST)
MOVE_ACTION(left, MOVE_LEFT)
MOVE_ACTION(right, MOVE_RIGHT)

/* ---- Views and pages ---- */

static void show_number(struct ui *u, int number)
{
	int view = ui_view_by_number(u, number);

	if (view >= 0)
		ui_show_view(u, view);
	else
		ui_say(u, "no view %d; `:` finds a port", number);
}

#define VIEW_ACTION(n)                                                                                       \
	void act_view_##n(struct ui *u, uint32_t key)                                                        \
	{                                                                                                    \
		show_number(u, n);                                                                           \
	}
VIEW_ACTION(1)
VIEW_ACTION(2)
VIEW_ACTION(3)
VIEW_ACTION(4)
VIEW_ACTION(5)
VIEW_ACTION(6)
VIEW_ACTION(7)
VIEW_ACTION(8)
VIEW_ACTION(9)

static void step(struct ui *u, int dir)
{
	struct screen *s = ui_top(u);
	int n = 0, now = ui_view_number(u, u->view);

	if (u->stack_n > 0) {
		if (s->ops->section)
			s->ops->section(s, &u->env, dir);
		return;
	}
	while (ui_view_by_number(u, n + 1) >= 0)
		n++;
	if (n > 0)
		show_number(u, (now - 1 + dir + n) % n + 1);
}

void act_next(struct ui *u, uint32_t key)
{
	step(u, 1);
}

void act_prev(struct ui *u, uint32_t key)
{
	step(u, -1);
}

void act_open(struct ui *u, uint32_t key)
{
	struct screen *s = ui_top(u);
	struct subject sub = s->ops->under ? s->ops->under(s, &u->env) : (struct subject){0};
	struct str parent = {0};

	if (sub.kind == SUBJECT_NONE) {
		if (screen_table(s) && !table_head(screen_table(s), screen_table(s)->cursor))
			ui_say(u, "no row to open");
		else if (s->ops->enter)
			s->ops->enter(s, &u->env);
		return;
	}
	s->ops->crumb(s, &u->env, &parent);
	if (parent.n == 0)
		str_puts(&parent, ui_view_title(u, u->view));
	ui_push(u, page_screen_new(sub, str_text(&parent)));
	str_done(&parent);
}

void act_back(struct ui *u, uint32_t key)
{
	struct table *t;

	if (ui_export_stop(u) || help_screen_find(ui_top(u), NULL) || ui_pop(u))
		return;
	t = screen_table(ui_top(u));
	if (u->search) {
		free(u->search);
		u->search = NULL;
		ui_say(u, "search ended");
	} else if (*ui_filter_text(u)) {
		ui_set_filter(u, NULL);
	} else if (t && t->findings_only) {
		t->findings_only = false;
		ui_update_top(u);
	} else if (!marks_clear(u)) {
		ui_say(u, "this is the top; q quits");
	}
}

void act_back_or_quit(struct ui *u, uint32_t key)
{
	if (!ui_pop(u))
		act_quit(u, key);
}

void act_quit(struct ui *u, uint32_t key)
{
	if (u->host && u->host->quit)
		u->host->quit(u->host->data);
}

void act_help(struct ui *u, uint32_t key)
{
	if (help_screen_goto(ui_top(u), -1)) /* is open: the key that opened it closes it */
		ui_pop(u);
	else
		ui_push(u, help_screen_new(u));
}

/* ---- Finding ---- */

static struct table *table_here(struct ui *u)
{
	return screen_table(ui_top(u)); /* these keys are bound on tables alone */
}

void act_filter(struct ui *u, uint32_t key)
{
	ui_open_dialog(u, filter_prompt_new(u, ui_filter_text(u)));
}

void act_filter_port(struct ui *u, uint32_t key)
{
	ui_open_dialog(u, filter_prompt_new(u, ":"));
}

void act_filter_row(struct ui *u, uint32_t key)
{
	struct dialog *d = row_menu_new(u, table_here(u));

	if (d)
		ui_open_dialog(u, d);
	else
		ui_say(u, "no row to filter by");
}

void act_findings(struct ui *u, uint32_t key)
{
	struct table *t = table_here(u);

	if (!t)
		return;
	t->findings_only = !t->findings_only;
	ui_update_top(u);
}

/* A protocol's name goes into the filter, in place of the other one; pressed again it comes out. */
static void toggle_word(struct ui *u, const char *word, const char *other)
{
	const char *text = ui_filter_text(u);
	struct str s = {0}, rest = {0};
	size_t at, n;

	bool or = filter_word_find(text, "or", &at, &n);

	if (! or &&filter_word_find(text, word, &at, &n)) {
		filter_word_remove(text, at, n, &s);
	} else if (! or &&filter_word_find(text, other, &at, &n)) {
		filter_word_remove(text, at, n, &rest);
		filter_word_add(str_text(&rest), word, &s);
	} else {
		filter_word_add(text, word, &s);
	}
	if (s.n)
		ui_try_filter(u, str_text(&s));
	else
		ui_set_filter(u, NULL);
	str_done(&s);
	str_done(&rest);
}

void act_toggle_tcp(struct ui *u, uint32_t key)
{
	toggle_word(u, "tcp", "udp");
}

void act_toggle_udp(struct ui *u, uint32_t key)
{
	toggle_word(u, "udp", "tcp");
}

void act_toggle_listen(struct ui *u, uint32_t key)
{
	struct table *t = table_here(u);

	if (!t || t->view == VIEW_PROCESSES) {
		ui_say(u, "l: listening sockets: in 1 Ports and 2 Connections");
		return;
	}
	t->listening = !t->listening;
	ui_update_top(u);
	if (t->view == VIEW_PORTS)
		ui_say(u, t->listening ? "listening only" : "listening and bound");
	else
		ui_say(u, t->listening ? "with listening and bound sockets" : "connections only");
}

void act_toggle_all(struct ui *u, uint32_t key)
{
	struct table *t = table_here(u);

	if (!t || t->view != VIEW_PORTS) {
		ui_say(u, "a: ports of outgoing connections: in 1 Ports");
		return;
	}
	t->all = !t->all;
	ui_update_top(u);
	ui_say(u, t->all ? "with the ports of outgoing connections" : "listening and bound ports");
}

void act_search(struct ui *u, uint32_t key)
{
	ui_open_dialog(u, search_prompt_new(u));
}

static void search_step(struct ui *u, int dir)
{
	if (!u->search) /* without a search, as with the arrows */
		move(u, dir > 0 ? MOVE_DOWN : MOVE_UP);
	else
		ui_search(u, dir);
}

void act_search_next(struct ui *u, uint32_t key)
{
	search_step(u, 1);
}

void act_search_prev(struct ui *u, uint32_t key)
{
	search_step(u, -1);
}

/* ---- Acting ---- */

bool ui_picks(struct ui *u, struct picks *ret)
{
	struct screen *s = ui_top(u);
	struct table *t = screen_table(s);

	/* Only tagged rows that are on the list now: what a filter hides was not shown. */
	if (t && t->tags.n)
		table_tagged_picks(t, ret);
	if (t && t->tags.n && !ret->v.n) {
		ui_error(u, "none of the %zu tagged rows is shown now; U untags them", t->tags.n);
		return false;
	}
	if (!ret->v.n && t && table_head(t, t->cursor)) /* all that it stands for */
		table_picks(t, t->cursor, ret);
	if (!ret->v.n) {
		struct subject sub = s->ops->target  ? s->ops->target(s, &u->env)
				     : s->ops->under ? s->ops->under(s, &u->env)
						     : (struct subject){0};

		if (sub.kind == SUBJECT_NONE && s->ops->about)
			sub = s->ops->about(s);
		if (sub.kind != SUBJECT_NONE)
			vec_push(&ret->v, sub.pick);
	}
	return true;
}

void act_kill(struct ui *u, uint32_t key)
{
	struct picks picks = {0};
	struct dialog *d;

	if (u->opts.read_only || !u->host || !u->host->kill_open) {
		ui_error(u, "%s",
			 u->opts.read_only ? "READ-ONLY: nothing is signalled in this session"
					   : "nothing can be signalled from here");
		return;
	}
	if (!u->env.f || !ui_picks(u, &picks))
		return;
	if (!picks.v.n) {
		ui_say(u, "nothing to kill here");
		return;
	}
	d = kill_dialog_new(u, &picks);
	if (d) {
		ui_open_dialog(u, d);
		u->discard_input = true; /* keys typed before it was seen are not meant for it */
	}
	vec_done(&picks.v);
}

void act_tag(struct ui *u, uint32_t key)
{
	struct table *t = table_here(u);

	if (!t || !t->cursor_valid || t->cursor >= t->order.n)
		return;
	table_tag(t, table_ident(t, t->cursor));
	move(u, MOVE_DOWN);
}

void act_untag_all(struct ui *u, uint32_t key)
{
	struct table *t = table_here(u);

	if (!t)
		return;
	if (t->tags.n)
		ui_say(u, "%zu untagged", t->tags.n);
	vec_clear(&t->tags);
}

/* ---- Arranging ---- */

void act_sort_menu(struct ui *u, uint32_t key)
{
	ui_open_dialog(u, sort_menu_new(u, table_here(u)));
}

static void sort_step(struct ui *u, int dir)
{
	struct table *t = table_here(u);
	int at = -1, n;

	if (!t)
		return;
	n = (int)t->cols.n;
	for (int i = 0; i < n; i++)
		if (t->sort_n && t->cols.v[i].col == t->sort[0].col)
			at = i;
	if (at < 0 && dir < 0)
		at = n;
	for (at += dir; at >= 0 && at < n; at += dir) {
		const struct column *col = t->cols.v[at].col;

		if (t->cols.v[at].width == 0 || !col->title || !*col->title)
			continue;
		table_set_sort(t, col, (col->flags & COL_DESC) != 0);
		ui_update_top(u);
		return;
	}
	ui_say(u, "no further column");
}

void act_sort_left(struct ui *u, uint32_t key)
{
	sort_step(u, -1);
}

void act_sort_right(struct ui *u, uint32_t key)
{
	sort_step(u, 1);
}

void act_reverse(struct ui *u, uint32_t key)
{
	struct table *t = table_here(u);

	if (!t || !t->sort_n)
		return;
	table_set_sort(t, t->sort[0].col, !t->sort[0].desc);
	ui_update_top(u);
}

void act_columns(struct ui *u, uint32_t key)
{
	ui_open_dialog(u, column_menu_new(u, table_here(u)));
}

void act_detail(struct ui *u, uint32_t key)
{
	bool beside = u->w >= DETAIL_FROM_W, below = u->h >= DETAIL_FROM_H && u->w >= 60;
	enum detail_mode next = u->detail;

	if (!beside && !below) {
		ui_say(u, "no room for the detail pane: from %d columns or %d lines on; Enter opens a page",
		       DETAIL_FROM_W, DETAIL_FROM_H);
		return;
	}
	/* Beside without the width is as good as off. */
	if (next == DETAIL_BESIDE && !beside)
		next = DETAIL_OFF;
	do
		next = (enum detail_mode)((next + 1) % 3);
	while ((next == DETAIL_BESIDE && !beside) || (next == DETAIL_BELOW && !below));
	u->detail = next;
	u->detail_set = true;
	u->detail_subject.kind = SUBJECT_NONE;
	ui_update_top(u);
	if (screen_table(ui_top(u)) && u->env.f)
		table_goto(table_here(u), table_here(u)->cursor, (uint32_t)u->env.table_h);
}

void act_raw_numbers(struct ui *u, uint32_t key)
{
	u->env.raw_numbers = !u->env.raw_numbers;
	ui_say(u, u->env.raw_numbers ? "raw numbers: bytes and seconds in full" : "numbers with units");
}

void act_names_dns(struct ui *u, uint32_t key)
{
	if (!u->host || !u->host->resolve) {
		ui_say(u, "host names cannot be asked for here");
		return;
	}
	u->env.hosts = u->env.hosts ? NULL : &u->hosts;
	ui_say(u, u->env.hosts ? "remote addresses by name: the resolver is asked about each that is shown"
			       : "remote addresses by number");
}

void act_follow(struct ui *u, uint32_t key)
{
	struct table *t = table_here(u);

	if (!t)
		return;
	t->follow = t->held ? 1 : -1;
	ui_update_top(u);
	ui_say(u, t->follow > 0 ? "order live: rows move as values change"
				: "order held: rows stay where they are");
}

void act_pause(struct ui *u, uint32_t key)
{
	u->paused = !u->paused;
	u->paused_ns = u->env.now_ns;
}

/* The steps of + and -, in milliseconds. */
static const uint32_t intervals_ms[] = {100, 200, 500, 1000, 2000, 3000, 5000, 10000, 30000, 60000};

static void set_interval(struct ui *u, int dir)
{
	uint64_t now = dir > 0 ? ui_interval(u) : u->interval_ns, next = 0;
	char buf[UNIT_BUF], every[UNIT_BUF];

	for (size_t i = 0; i < ARRAY_LEN(intervals_ms); i++) {
		uint64_t ns = intervals_ms[i] * NSEC_PER_MS;

		if (dir > 0 && ns > now && !next)
			next = ns;
		if (dir < 0 && ns < now)
			next = ns;
	}
	if (!next) {
		ui_say(u, "the interval is %s; %s goes no further", fmt_duration(buf, (double)now / 1e9),
		       dir > 0 ? "+" : "-");
		return;
	}
	u->interval_ns = next;
	if (u->host && u->host->set_interval)
		u->host->set_interval(u->host->data, next);
	now = ui_interval(u);
	if (now > next)
		ui_say(u, "a look every %s where it costs less; now every %s",
		       fmt_duration(buf, (double)next / 1e9), fmt_duration(every, (double)now / 1e9));
	else
		ui_say(u, "a look every %s", fmt_duration(buf, (double)next / 1e9));
}

void act_slower(struct ui *u, uint32_t key)
{
	set_interval(u, 1);
}

void act_faster(struct ui *u, uint32_t key)
{
	set_interval(u, -1);
}

void act_redraw(struct ui *u, uint32_t key)
{
	if (u->host && u->host->redraw)
		u->host->redraw(u->host->data);
}

void act_suspend(struct ui *u, uint32_t key)
{
	if (u->host && u->host->suspend)
		u->host->suspend(u->host->data);
	else
		ui_say(u, "cannot suspend here");
}
