/* The question before connections are closed in the kernel, on the last lines of the screen: what it means for both
 * ends, and afterwards what came of it. */
#include "page.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include "sockeye/model/close.h"
#include "ui_actions.h"
#include "ui_private.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN_MAX 4 /* connections named in one question */
#define BAD_MAX 50 /* and of those that went wrong so many: no screen has room for more */

struct close_dialog {
	struct dialog base;
	struct ui *u; /* borrowed: it owns this dialog */
	struct picks picks; /* owned: what it was opened for */
	struct close_planning
		*planning; /* owned: of picks and the frame that is shown; NULL: the plan is whole */
	struct close_plan plan; /* until it is begun */
	bool begun, drawn_done;
	bool asks_word;
	char word[8];
	struct page page;
};

static const struct close_plan *done_plan(const struct close_dialog *d)
{
	return d->begun && d->u->host->close_result ? d->u->host->close_result(d->u->host->data) : NULL;
}

static void put_question(const struct close_dialog *d, struct str *out)
{
	const struct close_plan *p = &d->plan;
	size_t n = close_possible(p), shown = 0;
	char count[UNIT_BUF];

	if (n == 1 && p->items.n == 1) {
		str_putf(out, "Close %s? ", p->items.v[0].what);
		close_meaning_put(&p->items.v[0], out);
		str_putc(out, '.');
		return;
	}
	str_putf(out, "Close %s connection%s?", fmt_count(count, n), n == 1 ? "" : "s");
	for (size_t i = 0; i < p->items.n && shown < SHOWN_MAX; i++) {
		if (close_kind_table[p->items.v[i].kind].refusal)
			continue;
		str_putf(out, "%s %s", shown++ ? "," : "", p->items.v[i].what);
	}
	if (shown < n)
		str_putf(out, " and %s more", fmt_count(count, n - shown));
	str_puts(out, ". Their processes live on and get ECONNABORTED, the other ends a reset.");
	if (n < p->items.n)
		str_putf(out, " %s more rows cannot be closed: they are no connections.",
			 fmt_count(count, p->items.n - n));
}

static void put_results(const struct close_plan *p, struct str *out, uint8_t *ret_severity)
{
	size_t n[CLOSE_RESULT_N] = {0}, all = 0, bad = 0;
	char gone[UNIT_BUF], total[UNIT_BUF];
	struct str one = {0};

	*ret_severity = 0;
	for (size_t i = 0; i < p->items.n; i++) {
		const struct close_item *item = &p->items.v[i];
		uint8_t severity;

		if (close_kind_table[item->kind].refusal)
			continue;
		str_clear(&one);
		severity = close_result_put(p, item, &one);
		if (severity > *ret_severity)
			*ret_severity = severity;
		n[item->result]++;
		/* Those that went as they should need no line each. */
		if (all++ < SHOWN_MAX || (severity >= 2 && bad++ < BAD_MAX))
			str_putf(out, "%s%s: %s", out->n ? ".  " : "", item->what, str_text(&one));
	}
	if (all > SHOWN_MAX)
		str_putf(out, ".  %s of %s %s", fmt_count(gone, n[CLOSE_GONE] + n[CLOSE_GONE_BEFORE]),
			 fmt_count(total, all), n[CLOSE_GONE_BEFORE] ? "gone" : "closed");
	str_done(&one);
}

static void close_draw(struct dialog *dialog, const struct screen_env *e, struct canvas *c)
{
	static const uint8_t styles[] = {STYLE_PLAIN, STYLE_OK, STYLE_WARN, STYLE_BAD};
	struct close_dialog *d = (struct close_dialog *)dialog;
	const struct close_plan *done = done_plan(d);
	uint8_t severity = 0, style = STYLE_PLAIN;
	struct str text = {0}, hints = {0};
	int h;

	page_clear(&d->page);
	d->page.ascii = e->ascii;
	d->page.top = 0;
	d->page.width = c->w - 2;
	if (d->page.width < 1)
		return;
	if (d->planning) {
		str_puts(&text,
			 e->ascii ? "working out what this closes..." : "working out what this closes…");
		str_puts(&hints, "Esc no");
	} else if (done) {
		put_results(done, &text, &severity);
		style = styles[severity & 3];
		str_puts(&hints, "Esc leave");
		d->drawn_done = true;
	} else if (d->begun) {
		str_puts(&text, e->ascii ? "closing..." : "closing…");
		str_puts(&hints, "Esc leave");
	} else {
		put_question(d, &text);
		if (d->asks_word)
			str_putf(&hints, "your own session: type yes and Enter: %s%s   Esc no", d->word,
				 e->ascii ? "_" : "▏");
		else
			str_puts(&hints, "Enter close   Esc no");
	}
	page_line(&d->page, ' ');
	page_wrap(&d->page, 0, style, str_text(&text));
	if (page_line_end(&d->page) + 3 + text_width(str_text(&hints)) > d->page.width)
		page_line(&d->page, ' ');
	page_span_right(&d->page, d->page.width, STYLE_KEY, str_text(&hints));
	h = (int)d->page.lines.n;
	/* What does not fit goes from the front: the end says what Enter does. */
	if (h > c->h) {
		d->page.top = (uint32_t)(h - c->h);
		h = c->h;
	}
	canvas_fill(c, c->h - h, 0, h, c->w, STYLE_PLAIN, " ");
	page_draw(&d->page, e, c, (struct area){c->h - h, 1, h, c->w - 2}, -1);
	str_done(&text);
	str_done(&hints);
}

static void begin(struct close_dialog *d)
{
	d->begun = true;
	d->asks_word = false;
	d->u->host->close_begin(d->u->host->data, &d->plan);
}

static bool word_key(struct close_dialog *d, uint32_t code)
{
	size_t n = strlen(d->word);

	if (code == KEY_ESC)
		return false;
	if (code == KEY_ENTER_ && !strcmp(d->word, "yes"))
		begin(d);
	else if (code == KEY_BACKSPACE_ && n)
		d->word[n - 1] = '\0';
	else if (code >= 'a' && code <= 'z' && n + 1 < sizeof(d->word))
		memcpy(d->word + n, (char[2]){(char)code, '\0'}, 2);
	return true;
}

static bool close_key(struct dialog *dialog, struct ui *u, const struct key *k)
{
	struct close_dialog *d = (struct close_dialog *)dialog;

	if (d->begun) /* a key that is meant for what lies below does not run into it */
		return !(k->code == KEY_ESC || k->code == 'q' || k->code == 'n' ||
			 (done_plan(d) && k->code == KEY_ENTER_));
	if (d->asks_word)
		return word_key(d, k->code);
	switch (k->code) {
	case KEY_ESC:
	case 'n':
	case 'q':
		return false;
	case KEY_ENTER_:
	case 'y':
		if (close_needs_word(&d->plan))
			d->asks_word = true;
		else
			begin(d);
		return true;
	default:
		return true;
	}
}

static bool close_tick(struct dialog *dialog, struct ui *u)
{
	struct close_dialog *d = (struct close_dialog *)dialog;

	return d->begun && !d->drawn_done && done_plan(d);
}

static uint64_t close_deadline(const struct dialog *dialog)
{
	const struct close_dialog *d = (const struct close_dialog *)dialog;

	return d->begun && !d->drawn_done ? d->u->env.now_ns + NSEC_PER_SEC / 50 : UINT64_MAX;
}

static void close_dialog_free(struct dialog *dialog, struct ui *u)
{
	struct close_dialog *d = (struct close_dialog *)dialog;

	close_planning_free(d->planning);
	vec_done(&d->picks.v);
	close_plan_done(&d->plan);
	page_done(&d->page);
	free(d);
}

/* One that cannot be closed: why, and what helps. */
static void refuse(struct ui *u, const struct close_plan *p)
{
	struct str why = {0};

	close_meaning_put(&p->items.v[0], &why);
	if (close_kind_table[p->items.v[0].kind].instead &&
	    !strcmp(close_kind_table[p->items.v[0].kind].instead, "sockeye kill"))
		str_puts(&why, "; K ends who holds it");
	ui_error(u, "%s", str_text(&why));
	str_done(&why);
}

/* Takes the plan that is whole. False: there is nothing to ask about, and that was said. */
static bool planned(struct close_dialog *d)
{
	struct ui *u = d->u;

	close_planning_take(d->planning, &d->plan);
	close_planning_free(d->planning);
	d->planning = NULL;
	u->discard_input = true; /* keys typed before it was seen are not meant for it */
	vec_clear(&u->waiting);
	if (close_possible(&d->plan))
		return true;
	if (d->plan.items.n)
		refuse(u, &d->plan);
	else
		ui_say(u, "x closes a connection: 2 Connections lists them; K ends a process");
	return false;
}

static bool close_work(struct dialog *dialog, struct ui *u)
{
	struct close_dialog *d = (struct close_dialog *)dialog;

	if (!d->planning)
		return true;
	if (!close_planning_step(d->planning, &u->env.slice))
		return false;
	if (!planned(d))
		ui_close_dialog(u);
	return true;
}

static bool close_working(const struct dialog *dialog)
{
	return ((const struct close_dialog *)dialog)->planning != NULL;
}

static bool close_waits(struct dialog *dialog, struct ui *u, const struct key *k)
{
	return close_working(dialog) && k->code != KEY_ESC;
}

static void begin_planning(struct close_dialog *d)
{
	const struct ui *u = d->u;

	close_planning_free(d->planning);
	d->planning = close_planning_new(u->env.f, d->picks.v.v, d->picks.v.n, u->opts.you, u->env.ascii);
}

static void close_frame(struct dialog *dialog, struct ui *u)
{
	struct close_dialog *d = (struct close_dialog *)dialog;

	if (d->planning) /* the frame that it reads goes */
		begin_planning(d);
}

static const struct dialog_ops close_ops = {
	.draw = close_draw,
	.key = close_key,
	.frame = close_frame,
	.work = close_work,
	.working = close_working,
	.waits = close_waits,
	.tick = close_tick,
	.deadline = close_deadline,
	.free = close_dialog_free,
};

void act_close(struct ui *u, uint32_t key)
{
	struct picks picks = {0};
	struct close_dialog *d;

	if (u->opts.read_only || !u->host || !u->host->close_begin) {
		ui_error(u, "%s",
			 u->opts.read_only ? "READ-ONLY: nothing is closed in this session"
					   : "nothing can be closed from here");
		return;
	}
	if (!u->env.f || !ui_picks(u, &picks))
		return;
	if (!picks.v.n) {
		ui_say(u, "nothing to close here");
		return;
	}
	d = mem_zalloc(1, sizeof(*d));
	d->base.ops = &close_ops;
	d->u = u;
	d->picks = picks;
	begin_planning(d);
	if (close_planning_step(d->planning, &u->env.slice) && !planned(d))
		close_dialog_free(&d->base, u);
	else
		ui_open_dialog(u, &d->base);
}
