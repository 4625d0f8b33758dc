/* The question of the kill dialog: whom, what it frees and costs, and the signals. */
#include "kill_dialog.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TARGETS_FULL 2 /* so many with their command line */
#define TARGETS_SHOWN 6
#define TARGETS_FROM_H 12 /* with fewer lines one stands for all: none is left out without a word */
#define SIGNALS_SHOWN 5
#define LABEL_W 10

/* What goes first when the screen is low, from the last to be dropped to the first: whom it hits and what it costs stay
 * longer than the signals that are not chosen, which the arrows still lead to. */
enum drop {
	DROP_NEVER,
	DROP_REFUSED,
	DROP_FREES,
	DROP_COSTS,
	DROP_COMMAND,
	DROP_SIGNALS,
	DROP_DETAILS,
	DROP_MORE,
	DROP_HINTS,
	DROP_BLANK,
};

/* The lines added since the last call get this rank. */
static void rank(struct kill_dialog *d, enum drop drop)
{
	while (d->drop.n < d->page.lines.n)
		vec_push(&d->drop, (uint8_t)drop);
}

static void blank(struct kill_dialog *d)
{
	page_line(&d->page, ' ');
	rank(d, DROP_BLANK);
}

static bool narrow(const struct kill_dialog *d)
{
	return d->page.width < 50;
}

static int labelled(struct kill_dialog *d, const char *label)
{
	page_line(&d->page, ' ');
	page_span(&d->page, 0, STYLE_DIM, label);
	return narrow(d) ? (int)strlen(label) + 1 : LABEL_W;
}

/* Behind what stands on the line, or on one of its own, which can go; or only if there is room. */
static void put_beside(struct kill_dialog *d, const char *text, enum drop drop, bool only_if)
{
	int col = page_line_end(&d->page) + 3;

	if (col + text_width(text) <= d->page.width) {
		page_span(&d->page, col, STYLE_PLAIN, text);
	} else if (!only_if) {
		page_line(&d->page, ' ');
		page_wrap(&d->page, 2, STYLE_PLAIN, text);
		rank(d, drop);
	}
}

static void target_lines(struct kill_dialog *d, const struct screen_env *e, const struct kill_target *t,
			 bool full, bool low)
{
	char since[UNIT_BUF], age[UNIT_BUF];
	struct str s = {0};

	page_line(&d->page, ' ');
	page_spanf(&d->page, 0, t->refusal == KILL_OK ? STYLE_HEAD : STYLE_DIM, "%s %u", t->name, t->pid);
	rank(d, DROP_NEVER);
	str_puts(&s, t->user);
	if (*t->unit)
		str_putf(&s, "   %s", t->unit);
	put_beside(d, str_text(&s), full ? DROP_DETAILS : DROP_NEVER, !full);
	if (full && t->start_wall_ns && e->f && e->f->wall_ns > t->start_wall_ns) {
		str_clear(&s);
		str_putf(&s, "started %s (%s)", fmt_local(since, t->start_wall_ns),
			 fmt_age(age, (double)(e->f->wall_ns - t->start_wall_ns) / NSEC_PER_SEC, 2));
		put_beside(d, str_text(&s), DROP_DETAILS, false);
	}
	if (t->refusal != KILL_OK) {
		str_clear(&s);
		if (t->refusal != KILL_NOT_PERMITTED)
			str_puts(&s, "refused: ");
		kill_refusal_put(d->plan, t, &s);
		page_line(&d->page, ' ');
		page_wrap(&d->page, 2, STYLE_BAD, str_text(&s));
		rank(d, DROP_REFUSED);
		if (*t->instead) {
			page_line(&d->page, ' ');
			page_spanf(&d->page, 2, STYLE_KEY, "%s %s", e->ascii ? ">" : "▸", t->instead);
			rank(d, DROP_REFUSED);
		}
	} else if (full && t->cmdline && *t->cmdline) {
		str_clear(&s);
		text_put_clip(&s, t->cmdline, d->page.width * (low ? 1 : 2), e->ascii ? "~" : "…");
		page_line(&d->page, ' ');
		page_wrap(&d->page, 0, STYLE_PLAIN, str_text(&s));
		rank(d, DROP_COMMAND);
	}
	str_done(&s);
}

static void target_list(struct kill_dialog *d, const struct screen_env *e, size_t shown, bool low)
{
	const struct kill_plan *p = d->plan;

	for (size_t i = 0; i < shown; i++) {
		target_lines(d, e, &p->targets.v[i], p->targets.n <= TARGETS_FULL, low);
		/* Of many the first few stay whatever the height. */
		for (size_t l = 0; i >= 2 && l < d->drop.n; l++)
			if (d->page.lines.v[l].section == i && d->drop.v[l] == DROP_NEVER)
				d->drop.v[l] = DROP_MORE;
		page_section(&d->page);
	}
}

/* "nginx ×5 1044, node 21877": every program, and of each the first process. */
static void programs(struct kill_dialog *d, bool ascii)
{
	const struct kill_plan *p = d->plan;
	struct str s = {0};

	for (size_t i = 0; i < p->targets.n; i++) {
		const struct kill_target *t = &p->targets.v[i];
		size_t before = 0, all = 0;

		for (size_t k = 0; k < p->targets.n; k++) {
			bool same = !strcmp(p->targets.v[k].name, t->name);

			all += same;
			before += same && k < i;
		}
		if (before)
			continue;
		str_putf(&s, "%s%s", s.n ? ", " : "", t->name);
		if (all > 1)
			str_putf(&s, " %s%zu", ascii ? "x" : "×", all);
		str_putf(&s, " %u", t->pid);
	}
	page_line(&d->page, ' ');
	page_wrap(&d->page, 0, STYLE_HEAD, str_text(&s));
	rank(d, DROP_NEVER);
	str_done(&s);
}

/* Who may not see the holder may not signal him either. */
static void as_root(struct kill_dialog *d, bool ascii)
{
	const struct kill_plan *p = d->plan;

	for (size_t i = 0; i < p->ports.n; i++) {
		if (!p->ports.v[i].asked)
			continue;
		page_line(&d->page, ' ');
		page_spanf(&d->page, 0, STYLE_KEY, "%s sudo sockeye kill %s :%u", ascii ? ">" : "▸",
			   proto_table[p->ports.v[i].proto].name, p->ports.v[i].port);
		rank(d, DROP_REFUSED);
		return;
	}
}

static void targets(struct kill_dialog *d, const struct screen_env *e, int height)
{
	const struct kill_plan *p = d->plan;
	bool low = height < TARGETS_FROM_H;
	size_t max = low ? 1 : TARGETS_SHOWN, shown = p->targets.n > max + 1 ? max : p->targets.n;

	if (low && shown < p->targets.n && kill_targets_ok(p) == p->targets.n) {
		programs(d, e->ascii);
		shown = p->targets.n;
	} else {
		target_list(d, e, shown, low);
	}

	if (shown < p->targets.n) {
		page_line(&d->page, ' ');
		page_spanf(&d->page, 0, STYLE_PLAIN, "and %zu more", p->targets.n - shown);
		rank(d, DROP_NEVER);
	}
	if (p->unscanned && p->targets.n) {
		page_line(&d->page, ' ');
		page_wrap(&d->page, 0, STYLE_WARN,
			  "not every process was looked at yet: others may hold it, too");
		rank(d, DROP_REFUSED);
	} else if (p->unscanned) {
		page_line(&d->page, ' ');
		page_wrap(&d->page, 0, STYLE_REASON,
			  "not every process was looked at yet; who holds it will appear here");
		rank(d, DROP_NEVER);
	} else if (!p->targets.n) {
		const struct reason_info *r =
			p->no_owner_reason < REASON_N ? &reason_table[p->no_owner_reason] : NULL;

		page_line(&d->page, ' ');
		page_wrap(&d->page, 0, STYLE_REASON,
			  r && r->help && *r->help ? r->help : "Nobody is known to hold it.");
		rank(d, DROP_NEVER);
		if (p->no_owner_reason == REASON_NOT_PERMITTED)
			as_root(d, e->ascii);
	}
}

static void put_port(const struct kill_port *p, bool with_addr, struct str *out)
{
	str_putf(out, "%u/%s", p->port, proto_table[p->proto].name);
	if (*p->addr && with_addr)
		str_putf(out, " %s", p->addr);
	if (p->shared)
		str_puts(out, " (others hold it too)");
}

/* By struct kill_step.severity. */
const uint8_t kill_step_styles[4] = {STYLE_PLAIN, STYLE_OK, STYLE_WARN, STYLE_BAD};

static void outcome(struct kill_dialog *d, bool ascii)
{
	const struct kill_plan *p = d->plan;
	size_t ok = kill_targets_ok(p), asked = 0, asked_n = 0, with = 0;
	struct str s = {0};
	uint8_t severity;
	int col;

	for (size_t i = 0; i < p->ports.n; i++)
		asked_n += p->ports.v[i].asked;
	for (size_t i = 0; i < p->ports.n; i++) {
		if (!p->ports.v[i].asked)
			continue;
		if (asked++)
			str_puts(&s, ", ");
		put_port(&p->ports.v[i], !narrow(d) || asked_n == 1, &s);
	}
	for (size_t i = 0; i < p->ports.n; i++) {
		if (p->ports.v[i].asked)
			continue;
		str_puts(&s, with++ ? ", " : !asked ? "" : narrow(d) ? ", with it " : "   and with it ");
		put_port(&p->ports.v[i], !narrow(d), &s);
	}
	if (s.n) {
		col = labelled(d, "frees");
		page_wrap(&d->page, col, STYLE_PLAIN, str_text(&s));
		rank(d, DROP_FREES);
	}
	if (ok < p->targets.n) {
		str_clear(&s);
		str_putf(&s, "%zu of %zu holders get%s no signal: what they hold stays held",
			 p->targets.n - ok, p->targets.n, p->targets.n - ok == 1 ? "s" : "");
		page_line(&d->page, ' ');
		page_wrap(&d->page, 0, STYLE_WARN, str_text(&s));
		rank(d, DROP_REFUSED);
	}
	if (p->drops_in + p->drops_out) {
		str_clear(&s);
		kill_drops_put(p, !narrow(d), ascii, &s);
		if (p->you)
			str_puts(&s, "; your own session is one of them");
		col = labelled(d, "drops");
		page_wrap(&d->page, col, STYLE_WARN, str_text(&s));
		rank(d, DROP_COSTS);
	}
	str_clear(&s);
	severity = kill_respawn_put(p, d->u->opts.signals[d->cursor], &s);
	if (s.n) {
		col = labelled(d, "respawn");
		page_wrap(&d->page, col, kill_step_styles[severity & 3], str_text(&s));
		rank(d, DROP_COSTS);
	}
	str_done(&s);
}

/* The choices of TO stand beside the signals, or, with no room there, the one in force below them. */
#define TO_COL 29
#define TO_TEXT_COL 46

static void put_way(struct kill_dialog *d, size_t i, bool ascii)
{
	const struct kill_plan *p = d->plan;
	struct str s = {0};
	uint8_t to;

	if (i >= p->ways.n && i)
		return;
	if (p->ways.n)
		str_puts(&s, p->ways.v[i].text);
	else
		kill_holders_put(p, &s);
	page_span(&d->page, TO_COL, STYLE_KEY, i == d->way ? (ascii ? ">" : "▸") : "");
	to = p->ways.n ? p->ways.v[i].to : KILL_TO_HOLDERS;
	page_span(&d->page, TO_COL + 2, STYLE_PLAIN,
		  to == KILL_TO_HOLDERS && kill_targets_ok(p) > 1 ? "processes" : kill_to_names[to]);
	page_span_max(&d->page, TO_TEXT_COL, d->page.width - TO_TEXT_COL, STYLE_PLAIN, str_text(&s));
	str_done(&s);
}

static void put_signal(struct kill_dialog *d, size_t i, bool more, bool ascii)
{
	const struct ui_opts *o = &d->u->opts;

	page_span(&d->page, 0, STYLE_KEY,
		  i == d->cursor ? (ascii ? ">" : "▸")
		  : more         ? (ascii ? "~" : "…")
				 : "");
	page_spanf(&d->page, 2, o->signals[i] == SIGKILL ? STYLE_BAD : STYLE_PLAIN, "%2d %-5s", o->signals[i],
		   o->signals_names[i]);
	page_span(&d->page, 12, STYLE_PLAIN, o->signals_help ? o->signals_help[i] : "");
	/* Where the others may have to go, this tells that there are some. */
	if (narrow(d) && i == d->cursor)
		page_span_right(&d->page, d->page.width, STYLE_DIM,
				ascii ? (d->plan->ways.n > 1 ? "Up Dn <- ->" : "Up Dn")
				      : (d->plan->ways.n > 1 ? "↑↓ ←→" : "↑↓"));
}

static void signal_menu(struct kill_dialog *d, bool ascii)
{
	const struct ui_opts *o = &d->u->opts;
	size_t from = 0, to = o->signals_n, lines;
	bool wide = d->page.width >= 60;

	if (to > SIGNALS_SHOWN) {
		from = d->cursor >= SIGNALS_SHOWN - 1 ? d->cursor - (SIGNALS_SHOWN - 2) : 0;
		if (from + SIGNALS_SHOWN > o->signals_n)
			from = o->signals_n - SIGNALS_SHOWN;
		to = from + SIGNALS_SHOWN;
	}
	page_line(&d->page, ' ');
	page_span(&d->page, 0, STYLE_HEAD, "SIGNAL");
	if (wide)
		page_span(&d->page, TO_COL, STYLE_HEAD, "TO");
	rank(d, DROP_DETAILS);
	lines = to - from;
	if (wide && d->plan->ways.n > lines)
		lines = d->plan->ways.n;
	for (size_t i = 0; i < lines; i++) {
		size_t sig = from + i;
		bool more = (sig == from && from > 0) || (sig + 1 == to && to < o->signals_n);

		page_line(&d->page, ' ');
		if (sig < to)
			put_signal(d, sig, more, ascii);
		if (wide)
			put_way(d, i, ascii);
		rank(d, sig == d->cursor || (wide && i == d->way && d->way) ? DROP_NEVER : DROP_SIGNALS);
	}
}

/* What Enter does, without the word Enter. */
static void put_deed(const struct kill_dialog *d, struct str *out)
{
	const struct kill_way *w = d->way < d->plan->ways.n ? &d->plan->ways.v[d->way] : NULL;
	const char *sig = d->u->opts.signals_names[d->cursor];

	switch (kill_to_now(d)) {
	case KILL_TO_STOP:
		str_puts(out, w->command);
		return;
	case KILL_TO_COPY:
		str_putf(out, "copy  %s", w->command);
		return;
	case KILL_TO_GROUP:
		str_putf(out, "send %s to the group: %s", sig, w->text);
		return;
	case KILL_TO_UNIT:
		str_putf(out, "send %s to all of %s", sig, w->text);
		return;
	default:
		str_putf(out, "send %s to ", sig);
		kill_holders_put(d->plan, out);
	}
}

/* Until it fits: takes out the line that is missed least. */
static void fit(struct kill_dialog *d, int height)
{
	while ((int)d->page.lines.n > height && d->page.lines.n > 1) {
		size_t worst = 0;

		for (size_t i = 1; i < d->page.lines.n; i++)
			if (d->drop.v[i] >= d->drop.v[worst])
				worst = i;
		if (d->drop.v[worst] == DROP_NEVER)
			worst = d->page.lines.n - 2; /* never the last one: it says what Enter does */
		for (size_t i = worst; i + 1 < d->page.lines.n; i++) {
			d->page.lines.v[i] = d->page.lines.v[i + 1];
			d->drop.v[i] = d->drop.v[i + 1];
		}
		d->page.lines.n--;
		d->drop.n--;
	}
}

/* The last line, and what can be pressed beside Enter. */
static void put_enter(struct kill_dialog *d, const struct screen_env *e)
{
	const char *hints = e->ascii ? "Up Down signal  Left Right to  9 15 number  Esc no"
				     : "↑↓ signal  ←→ to  9 15 number  Esc no";
	struct str s = {0};

	if (!kill_can(d)) {
		str_puts(&s, "Nothing can be sent.");
		hints = "Esc leave";
	} else if (d->copied) {
		str_putf(&s, "copied: %s", d->plan->ways.v[d->way].command);
		hints = "Esc leave";
	} else if (d->asks_word) {
		str_puts(&s, "type yes and Enter to ");
		put_deed(d, &s);
		str_putf(&s, ": %s%s", d->word, e->ascii ? "_" : "▏");
		hints = "Esc no";
	} else {
		str_puts(&s, "Enter: ");
		put_deed(d, &s);
		if (kill_needs_word(d->plan, d->way, d->u->opts.signals[d->cursor]))
			str_puts(&s, ", asks for a yes");
		if (d->plan->ways.n < 2)
			hints = e->ascii ? "Up Down signal  9 15 number  Esc no"
					 : "↑↓ signal  9 15 number  Esc no";
		if (!kill_targets_ok(d->plan))
			hints = "Esc leave";
	}
	page_line(&d->page, ' ');
	page_wrap(&d->page, 0, STYLE_KEY, str_text(&s));
	rank(d, DROP_NEVER);
	if (page_line_end(&d->page) + 3 + text_width(hints) <= d->page.width) {
		page_span_right(&d->page, d->page.width, STYLE_DIM, hints);
	} else {
		page_line(&d->page, ' ');
		page_span(&d->page, 0, STYLE_DIM, hints);
		rank(d, DROP_HINTS);
	}
	str_done(&s);
}

void kill_ask_lines(struct kill_dialog *d, const struct screen_env *e, int height)
{
	targets(d, e, height);
	blank(d);
	if (kill_targets_ok(d->plan)) {
		outcome(d, e->ascii);
		signal_menu(d, e->ascii);
		blank(d);
	}
	put_enter(d, e);
	fit(d, height);
}
