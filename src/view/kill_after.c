/* What the kill dialog tells after the signal: what came of it, step by step, and what can be done next. */
#include "kill_dialog.h"
#include "sockeye/base/units.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>

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

/* The last that was said about the ports. */
static uint8_t last_event(const struct kill_step *steps, size_t n)
{
	while (n && (steps[n - 1].event == KILL_WATCH_OVER || steps[n - 1].event == KILL_ENDED))
		n--;
	return n ? steps[n - 1].event : KILL_SENT;
}

bool kill_may_stop(const struct kill_dialog *d, const struct kill_step *steps, size_t n)
{
	return last_event(steps, n) == KILL_TAKEN_AGAIN && kill_stop_way(d) < d->plan->ways.n;
}

bool kill_may_ask_again(const struct kill_dialog *d, const struct kill_step *steps, size_t n)
{
	uint8_t last = last_event(steps, n);

	for (size_t i = 0; i < d->plan->ports.n; i++)
		if (d->plan->ports.v[i].asked)
			return last == KILL_TAKEN_AGAIN ||
			       (last == KILL_STILL_HELD && !kill_may_press(steps, n, d->last_sig));
	return false;
}

/* One line too many: the empty one. */
static void without_blank(struct kill_dialog *d, int height)
{
	for (size_t i = 0; i < d->page.lines.n && (int)d->page.lines.n > height; i++) {
		if (d->page.lines.v[i].span_n)
			continue;
		memmove(&d->page.lines.v[i], &d->page.lines.v[i + 1],
			(d->page.lines.n - i - 1) * sizeof(d->page.lines.v[0]));
		d->page.lines.n--;
	}
}

/* The steps from this one on, and what can be pressed. */
static void lines_from(struct kill_dialog *d, const struct screen_env *e, const struct kill_step *steps,
		       size_t from, size_t n, uint64_t sent)
{
	int col = d->page.width < 50 ? 10 : 15;
	struct str hints = {0}, when = {0};

	page_clear(&d->page);
	for (size_t i = from; i < n; i++) {
		str_clear(&when);
		put_when(e, steps[i].at_ns, sent, &when);
		page_line(&d->page, ' ');
		/* Narrow: the seconds are enough. */
		page_span_right(&d->page, col < 15 ? col - 2 : col - 3, STYLE_DIM,
				col < 15 && when.n > 8 ? (when.s[8] = '\0', when.s) : str_text(&when));
		page_wrap(&d->page, col, kill_step_styles[steps[i].severity & 3], steps[i].text);
	}
	if (kill_may_press(steps, n, d->last_sig))
		str_puts(&hints, "9 send KILL to the same   ");
	if (kill_may_stop(d, steps, n))
		str_putf(&hints, "s %s   ", d->plan->ways.v[kill_stop_way(d)].command);
	if (kill_may_ask_again(d, steps, n))
		str_puts(&hints, "K kill who has it now   ");
	str_puts(&hints, "Esc leave it");
	page_line(&d->page, ' ');
	page_line(&d->page, ' ');
	page_wrap(&d->page, 0, STYLE_KEY, str_text(&hints));
	str_done(&hints);
	str_done(&when);
}

/* The newest steps say what is: where they do not all fit, the oldest go, and first the empty line. */
void kill_after_lines(struct kill_dialog *d, const struct screen_env *e, int height)
{
	const struct kill_step *steps;
	uint64_t sent;
	bool over;
	size_t n, from = 0;

	steps = kill_steps_of(d, &n, &sent, &over);
	do
		lines_from(d, e, steps, from, n, sent);
	while ((int)d->page.lines.n > height + 1 && ++from < n);
	without_blank(d, height);
}
