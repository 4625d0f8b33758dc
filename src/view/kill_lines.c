/* The text of the kill dialog: whom, what it frees and costs, the signals, and then what came of it. */
#include "kill_dialog.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TARGETS_FULL 2 /* so many with their command line */
#define TARGETS_SHOWN 6
#define SIGNALS_SHOWN 5
#define LABEL_W 10

/* What goes first when the screen is low, from the last to be dropped to the first. */
enum drop {
	DROP_NEVER,
	DROP_REFUSED,
	DROP_FREES,
	DROP_SIGNALS,
	DROP_COSTS,
	DROP_DETAILS,
	DROP_MORE,
	DROP_HINTS,
	DROP_BLANK,
};

size_t kill_count_ok(const struct kill_plan *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->targets.n; i++)
		n += p->targets.v[i].refusal == KILL_OK;
	return n;
}

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

static int labelled(struct kill_dialog *d, const char *label)
{
	page_line(&d->page, ' ');
	page_span(&d->page, 0, STYLE_DIM, label);
	return d->page.width < 50 ? (int)strlen(label) + 1 : LABEL_W;
}

static void target_lines(struct kill_dialog *d, const struct screen_env *e, const struct kill_target *t,
			 bool full)
{
	char since[UNIT_BUF], age[UNIT_BUF];
	struct str s = {0};
	int col;

	page_line(&d->page, ' ');
	page_spanf(&d->page, 0, t->refusal == KILL_OK ? STYLE_HEAD : STYLE_DIM, "%s %u", t->name, t->pid);
	rank(d, DROP_NEVER);
	str_puts(&s, t->user);
	if (*t->unit)
		str_putf(&s, "   %s", t->unit);
	if (full && t->start_wall_ns && e->f && e->f->wall_ns > t->start_wall_ns)
		str_putf(&s, "   started %s (%s)", fmt_local(since, t->start_wall_ns),
			 fmt_duration_long(age, (double)(e->f->wall_ns - t->start_wall_ns) / NSEC_PER_SEC));
	col = page_line_end(&d->page) + 3;
	if (col + text_width(str_text(&s)) <= d->page.width) {
		page_span(&d->page, col, STYLE_PLAIN, str_text(&s));
	} else if (full) {
		page_line(&d->page, ' ');
		page_wrap(&d->page, 2, STYLE_PLAIN, str_text(&s));
		rank(d, DROP_DETAILS);
	}
	if (t->refusal != KILL_OK) {
		str_clear(&s);
		if (t->refusal != KILL_NOT_PERMITTED)
			str_puts(&s, "refused: ");
		kill_refusal_put(t, &s);
		page_line(&d->page, ' ');
		page_wrap(&d->page, 2, STYLE_BAD, str_text(&s));
		rank(d, DROP_REFUSED);
	} else if (full && t->cmdline && *t->cmdline) {
		str_clear(&s);
		text_put_clip(&s, t->cmdline, d->page.width * 2, e->ascii ? "~" : "…");
		page_line(&d->page, ' ');
		page_wrap(&d->page, 0, STYLE_PLAIN, str_text(&s));
		rank(d, DROP_COSTS);
	}
	str_done(&s);
}

static void targets(struct kill_dialog *d, const struct screen_env *e)
{
	const struct kill_plan *p = d->plan;
	size_t shown = p->targets.n > TARGETS_SHOWN + 1 ? TARGETS_SHOWN : p->targets.n;

	for (size_t i = 0; i < shown; i++) {
		target_lines(d, e, &p->targets.v[i], p->targets.n <= TARGETS_FULL);
		/* Of many the first few stay whatever the height. */
		for (size_t l = 0; i >= 2 && l < d->drop.n; l++)
			if (d->page.lines.v[l].section == i && d->drop.v[l] == DROP_NEVER)
				d->drop.v[l] = DROP_MORE;
		page_section(&d->page);
	}
	if (shown < p->targets.n) {
		page_line(&d->page, ' ');
		page_spanf(&d->page, 0, STYLE_PLAIN, "and %zu more", p->targets.n - shown);
		rank(d, DROP_NEVER);
	}
	if (!p->targets.n) {
		const struct reason_info *r =
			p->no_owner_reason < REASON_N ? &reason_table[p->no_owner_reason] : NULL;

		page_line(&d->page, ' ');
		page_wrap(&d->page, 0, STYLE_REASON,
			  r && r->help && *r->help ? r->help : "Nobody is known to hold it.");
		rank(d, DROP_NEVER);
	}
}

static void put_port(const struct kill_port *p, struct str *out)
{
	str_putf(out, "%u/%s", p->port, proto_table[p->proto].name);
	if (*p->addr)
		str_putf(out, " %s", p->addr);
	if (p->shared)
		str_puts(out, " (others hold it too)");
}

static void outcome(struct kill_dialog *d)
{
	const struct kill_plan *p = d->plan;
	size_t ok = kill_count_ok(p), asked = 0, with = 0;
	struct str s = {0};
	int col;

	for (size_t i = 0; i < p->ports.n; i++) {
		if (!p->ports.v[i].asked)
			continue;
		if (asked++)
			str_puts(&s, ", ");
		put_port(&p->ports.v[i], &s);
	}
	for (size_t i = 0; i < p->ports.n; i++) {
		if (p->ports.v[i].asked)
			continue;
		str_puts(&s, with++ ? ", " : asked ? "   and with it " : "");
		put_port(&p->ports.v[i], &s);
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
		char all[UNIT_BUF], in[UNIT_BUF], out[UNIT_BUF];

		str_clear(&s);
		str_putf(&s, "%s connection%s: %s in, %s out", fmt_count(all, p->drops_in + p->drops_out),
			 p->drops_in + p->drops_out == 1 ? "" : "s", fmt_count(in, p->drops_in),
			 fmt_count(out, p->drops_out));
		col = labelled(d, "drops");
		page_wrap(&d->page, col, STYLE_WARN, str_text(&s));
		rank(d, DROP_COSTS);
	}
	str_done(&s);
}

/* "node 21877", "all 5 holders, parent first" */
static void put_to(const struct kill_plan *p, struct str *out)
{
	size_t ok = kill_count_ok(p);

	if (ok == 1) {
		for (size_t i = 0; i < p->targets.n; i++)
			if (p->targets.v[i].refusal == KILL_OK)
				str_putf(out, "%s %u", p->targets.v[i].name, p->targets.v[i].pid);
		return;
	}
	if (ok == p->targets.n)
		str_putf(out, "all %zu holders, parent first", ok);
	else
		str_putf(out, "%zu of %zu holders, parent first", ok, p->targets.n);
}

static void signal_menu(struct kill_dialog *d, bool ascii)
{
	const struct ui_opts *o = &d->u->opts;
	size_t from = 0, to = o->signals_n;
	bool wide = d->page.width >= 60;
	struct str s = {0};

	if (to > SIGNALS_SHOWN) {
		from = d->cursor >= SIGNALS_SHOWN - 1 ? d->cursor - (SIGNALS_SHOWN - 2) : 0;
		if (from + SIGNALS_SHOWN > o->signals_n)
			from = o->signals_n - SIGNALS_SHOWN;
		to = from + SIGNALS_SHOWN;
	}
	page_line(&d->page, ' ');
	page_span(&d->page, 0, STYLE_HEAD, "SIGNAL");
	if (wide)
		page_span(&d->page, 33, STYLE_HEAD, "TO");
	rank(d, DROP_DETAILS);
	for (size_t i = from; i < to; i++) {
		bool more = (i == from && from > 0) || (i + 1 == to && to < o->signals_n);

		page_line(&d->page, ' ');
		page_span(&d->page, 0, STYLE_KEY,
			  i == d->cursor ? (ascii ? ">" : "▸")
			  : more         ? (ascii ? "~" : "…")
					 : "");
		page_spanf(&d->page, 2, o->signals[i] == SIGKILL ? STYLE_BAD : STYLE_PLAIN, "%2d %-5s",
			   o->signals[i], o->signals_names[i]);
		page_span(&d->page, 12, STYLE_PLAIN, o->signals_help ? o->signals_help[i] : "");
		if (wide && i == from) {
			page_spanf(&d->page, 33, STYLE_PLAIN, "%s process", ascii ? ">" : "▸");
			put_to(d->plan, &s);
			page_span(&d->page, 45, STYLE_PLAIN, str_text(&s));
		}
		rank(d, i == d->cursor ? DROP_NEVER : DROP_SIGNALS);
	}
	str_done(&s);
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

void kill_ask_lines(struct kill_dialog *d, const struct screen_env *e, int height)
{
	const struct ui_opts *o = &d->u->opts;
	const char *hints =
		e->ascii ? "Up Down signal  9 15 number  Esc no" : "↑↓ signal  9 15 number  Esc no";
	struct str s = {0};

	targets(d, e);
	blank(d);
	if (kill_count_ok(d->plan)) {
		outcome(d);
		signal_menu(d, e->ascii);
		blank(d);
		str_putf(&s, "Enter: send %s to ", o->signals_names[d->cursor]);
		put_to(d->plan, &s);
	} else {
		str_puts(&s, "Nothing can be sent.");
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
	fit(d, height);
	str_done(&s);
}

const struct kill_step *kill_steps_of(const struct kill_dialog *d, size_t *ret_n, uint64_t *ret_sent,
				      bool *ret_over)
{
	const struct ui_host *h = d->u->host;

	*ret_n = 0;
	*ret_sent = 0;
	*ret_over = true;
	return h->kill_steps ? h->kill_steps(h->data, ret_n, ret_sent, ret_over) : NULL;
}

static void put_when(const struct screen_env *e, uint64_t at_ns, uint64_t sent_ns, struct str *out)
{
	char buf[UNIT_BUF];
	uint64_t after;

	if (at_ns <= sent_ns || !sent_ns) {
		/* fmt_local ends in the time of day; the thousandths stand behind it. */
		if (e->f) {
			uint64_t wall = e->f->wall_ns + (at_ns - e->f->boot_ns);
			const char *text = fmt_local(buf, wall), *time = strrchr(text, ' ');

			str_putf(out, "%s.%03u", time ? time + 1 : text,
				 (unsigned)(wall / NSEC_PER_MS % 1000));
		}
		return;
	}
	after = at_ns - sent_ns;
	if (after < NSEC_PER_SEC)
		str_putf(out, "+%u ms", (unsigned)(after / NSEC_PER_MS));
	else
		str_putf(out, "+%.2f s", (double)after / NSEC_PER_SEC);
}

/* Somebody did not heed the signal, and the strongest one was not sent yet. When targets ended and it is held
 * all the same, others hold it: the targets are not the ones to press. */
bool kill_may_press(const struct kill_step *steps, size_t n, int last_sig)
{
	for (size_t i = 0; i < n; i++)
		if (steps[i].event == KILL_ENDED)
			return false;
	return n && last_sig != SIGKILL && steps[n - 1].event == KILL_STILL_HELD;
}

void kill_after_lines(struct kill_dialog *d, const struct screen_env *e, int height)
{
	static const uint8_t styles[] = {STYLE_PLAIN, STYLE_OK, STYLE_WARN, STYLE_BAD};
	const char *hints = "Esc leave it";
	const struct kill_step *steps;
	int col = d->page.width < 50 ? 10 : 15;
	struct str when = {0};
	uint64_t sent;
	bool over;
	size_t n;

	steps = kill_steps_of(d, &n, &sent, &over);
	for (size_t i = 0; i < n; i++) {
		str_clear(&when);
		put_when(e, steps[i].at_ns, sent, &when);
		page_line(&d->page, ' ');
		/* Narrow: the seconds are enough. */
		page_span_right(&d->page, col < 15 ? col - 2 : col - 3, STYLE_DIM,
				col < 15 && when.n > 8 ? (when.s[8] = '\0', when.s) : str_text(&when));
		page_wrap(&d->page, col, styles[steps[i].severity & 3], steps[i].text);
		rank(d, i + 4 < n && i ? DROP_DETAILS : DROP_NEVER);
	}
	blank(d);
	if (kill_may_press(steps, n, d->last_sig))
		hints = "9 send KILL to the same   Esc leave it";
	page_line(&d->page, ' ');
	page_span(&d->page, 0, STYLE_KEY, hints);
	rank(d, DROP_NEVER);
	fit(d, height);
	str_done(&when);
}
