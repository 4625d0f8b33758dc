/* The kill dialog: says whom, what it frees and what it costs, sends on Enter only what its last line says,
 * and then tells what came of it. */
#include "kill_dialog.h"
#include "sockeye/base/units.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BOX_W 78
#define WATCH_NS (30 * NSEC_PER_SEC) /* as app watches */

static uint64_t seconds_left(const struct kill_dialog *d)
{
	uint64_t sent, now = d->u->env.now_ns;
	bool over;
	size_t n;

	kill_steps_of(d, &n, &sent, &over);
	if (over || !sent || now >= sent + WATCH_NS)
		return 0;
	return now <= sent ? WATCH_NS / NSEC_PER_SEC : (sent + WATCH_NS - now) / NSEC_PER_SEC;
}

/* What was asked for: "8080/tcp"; or the processes themselves. */
static void put_after_title(const struct kill_plan *p, char *out, size_t size)
{
	const struct kill_port *first = NULL;
	size_t asked = 0;

	for (size_t i = 0; i < p->ports.n; i++) {
		if (p->ports.v[i].asked && !first)
			first = &p->ports.v[i];
		asked += p->ports.v[i].asked;
	}
	if (!first)
		snprintf(out, size, "%s", p->title);
	else if (asked == 1)
		snprintf(out, size, "%u/%s", first->port, proto_table[first->proto].name);
	else
		snprintf(out, size, "%u/%s and %zu more", first->port, proto_table[first->proto].name,
			 asked - 1);
}

static void put_watch(const struct kill_dialog *d, char *out, size_t size)
{
	uint64_t sent;
	bool over;
	size_t n;

	kill_steps_of(d, &n, &sent, &over);
	if (!sent)
		return;
	if (over)
		snprintf(out, size, "no longer watched");
	else
		snprintf(out, size, "watching, %u s left", (unsigned)d->seconds_seen);
}

static void kill_draw(struct dialog *dialog, const struct screen_env *e, struct canvas *c)
{
	struct kill_dialog *d = (struct kill_dialog *)dialog;
	char title[96], right[40] = "";
	int w = c->w < BOX_W ? c->w : BOX_W, height = c->h < 5 ? c->h : c->h - 2;
	struct area a;

	page_clear(&d->page);
	vec_clear(&d->drop);
	d->page.ascii = e->ascii;
	d->page.top = 0;
	/* A screen without room for the frame is all text. */
	d->page.width = c->h < 5 || w < 12 ? c->w : w - 4;
	if (d->page.width < 1)
		return;
	if (!d->plan) {
		page_line(&d->page, ' ');
		page_span(&d->page, 0, STYLE_DIM,
			  !d->planning ? "Signals cannot be sent from here."
			  : e->ascii   ? "working out whom this hits..."
				       : "working out whom this hits…");
		snprintf(title, sizeof(title), "Kill");
	} else if (d->sent) {
		d->seconds_seen = seconds_left(d);
		kill_after_lines(d, e, height);
		put_after_title(d->plan, title, sizeof(title));
		put_watch(d, right, sizeof(right));
	} else {
		kill_ask_lines(d, e, height);
		snprintf(title, sizeof(title), "Kill %s", d->plan->title);
	}
	a = dialog_box(c, e, title, right, (int)d->page.lines.n + 2, w);
	page_draw(&d->page, e, c, a, -1);
}

static bool send(struct kill_dialog *d, int sig)
{
	const struct ui_host *h = d->u->host;

	if (!h->kill_send) {
		ui_error(d->u, "signals cannot be sent from here");
		return false;
	}
	if (h->kill_choose)
		h->kill_choose(h->data, d->way);
	d->sent = true;
	d->asks_word = false;
	d->last_sig = sig;
	h->kill_send(h->data, sig);
	return true;
}

uint8_t kill_to_now(const struct kill_dialog *d)
{
	return d->way < d->plan->ways.n ? d->plan->ways.v[d->way].to : KILL_TO_HOLDERS;
}

bool kill_can(const struct kill_dialog *d)
{
	return kill_targets_ok(d->plan) || kill_to_now(d) == KILL_TO_COPY;
}

size_t kill_stop_way(const struct kill_dialog *d)
{
	size_t i = 0;

	while (i < d->plan->ways.n && d->plan->ways.v[i].to != KILL_TO_STOP)
		i++;
	return i;
}

static void copy(struct kill_dialog *d)
{
	const struct ui_host *h = d->u->host;
	const char *text = d->plan->ways.v[d->way].command;

	if (!h->copy || h->copy(h->data, text, strlen(text)) < 0)
		ui_error(d->u, "this terminal takes no text into its clipboard");
	else
		d->copied = true;
}

/* Enter: does what the last line says, after the word where it is asked for. */
static bool confirm(struct kill_dialog *d)
{
	int sig = d->u->opts.signals[d->cursor];

	if (!kill_can(d))
		return true;
	if (kill_to_now(d) == KILL_TO_COPY) {
		copy(d);
		return true;
	}
	if (!kill_needs_word(d->plan, d->way, sig))
		return send(d, sig);
	if (d->asks_word && !strcmp(d->word, "yes"))
		return send(d, sig);
	d->asks_word = true;
	d->word[0] = '\0';
	return true;
}

/* While the word is typed the letters are letters. */
static bool word_key(struct kill_dialog *d, uint32_t code)
{
	size_t n = strlen(d->word);

	if (code == KEY_ESC) {
		d->asks_word = false;
	} else if (code == KEY_ENTER_) {
		return confirm(d);
	} else if (code == KEY_BACKSPACE_ && n) {
		d->word[n - 1] = '\0';
	} else if (code >= 'a' && code <= 'z' && n + 1 < sizeof(d->word)) {
		d->word[n] = (char)code;
		d->word[n + 1] = '\0';
	}
	return true;
}

static bool same_targets(const struct kill_plan *a, const struct kill_plan *b)
{
	if (a->targets.n != b->targets.n || a->unscanned != b->unscanned ||
	    a->no_owner_reason != b->no_owner_reason)
		return false;
	for (size_t i = 0; i < a->targets.n; i++)
		if (a->targets.v[i].pid != b->targets.v[i].pid ||
		    a->targets.v[i].start != b->targets.v[i].start)
			return false;
	return true;
}

/* A plan in place of the one before. What was typed until now was meant for what stood there. */
static void open_plan(struct kill_dialog *d, struct kill_plan *plan)
{
	const struct ui_host *h = d->u->host;

	if (d->plan && h->kill_close)
		h->kill_close(h->data);
	d->plan = h->kill_open(h->data, plan);
	d->way = 0;
	d->copied = false;
	d->u->discard_input = true;
	vec_clear(&d->u->waiting);
}

static void planned(struct kill_dialog *d, struct kill_plan *plan)
{
	switch (d->planning_for) {
	case PLAN_FIRST:
		open_plan(d, plan);
		break;
	case PLAN_ANEW:
		if (!d->sent && !d->asks_word && !same_targets(plan, d->plan))
			open_plan(d, plan);
		break;
	case PLAN_AGAIN:
		if (!plan->targets.n) {
			ui_say(d->u, "nobody holds it now");
			break;
		}
		open_plan(d, plan);
		d->sent = false;
		d->cursor = 0;
		d->typed = 0;
		break;
	}
}

static bool kill_work(struct dialog *dialog, struct ui *u)
{
	struct kill_dialog *d = (struct kill_dialog *)dialog;
	struct kill_plan plan;

	if (!d->planning)
		return true;
	if (!kill_planning_step(d->planning, &u->env.slice))
		return false;
	kill_planning_take(d->planning, &plan);
	kill_planning_free(d->planning);
	d->planning = NULL;
	kill_plan_judge(&plan, u->env.f, u->opts.you);
	planned(d, &plan);
	kill_plan_done(&plan); /* nothing is left of it when it was opened */
	return true;
}

static bool kill_working(const struct dialog *dialog)
{
	return ((const struct kill_dialog *)dialog)->planning != NULL;
}

/* Nothing is done to those whom one has not seen. */
static bool kill_waits(struct dialog *dialog, struct ui *u, const struct key *k)
{
	const struct kill_dialog *d = (const struct kill_dialog *)dialog;

	return d->planning && d->planning_for != PLAN_ANEW && k->code != KEY_ESC;
}

static void plan(struct kill_dialog *d, enum planning_for what)
{
	kill_planning_free(d->planning);
	d->planning = kill_planning_new(d->u->env.f, d->picks.v.v, d->picks.v.n);
	d->planning_for = what;
	kill_work(&d->base, d->u);
}

/* The ports that were asked for, as they are now: who has them may be another one. */
static void ask_again(struct kill_dialog *d)
{
	vec_clear(&d->picks.v);
	for (size_t i = 0; i < d->plan->ports.n; i++) {
		const struct kill_port *p = &d->plan->ports.v[i];

		if (p->asked)
			vec_push(&d->picks.v, ((struct pick){.kind = PICK_PORT,
							     .netns = p->netns,
							     .netns_inode = p->netns_inode,
							     .proto = p->proto,
							     .port = p->port}));
	}
	plan(d, PLAN_AGAIN);
}

static bool after_key(struct kill_dialog *d, uint32_t code)
{
	const struct kill_step *steps;
	uint64_t sent;
	bool over;
	size_t n;

	steps = kill_steps_of(d, &n, &sent, &over);
	switch (code) {
	case KEY_ESC:
	case 'q':
	case 'n':
		return false;
	case '9':
		if (kill_may_press(steps, n, d->last_sig))
			return send(d, SIGKILL);
		return true;
	case 's':
		if (kill_may_stop(d, steps, n)) {
			d->way = kill_stop_way(d);
			return send(d, SIGTERM);
		}
		return true;
	case 'K':
		if (kill_may_ask_again(d, steps, n))
			ask_again(d);
		return true;
	default:
		return true;
	}
}

static void type_digit(struct kill_dialog *d, unsigned digit)
{
	d->typed = d->typed * 10 + digit;
	if (d->typed > 64)
		d->typed = digit;
	for (size_t i = 0; i < d->u->opts.signals_n; i++)
		if (d->u->opts.signals[i] == (int)d->typed)
			d->cursor = i;
}

static bool kill_key(struct dialog *dialog, struct ui *u, const struct key *k)
{
	struct kill_dialog *d = (struct kill_dialog *)dialog;
	size_t n = u->opts.signals_n;

	if (!d->plan)
		return false;
	if (d->sent)
		return after_key(d, k->code);
	if (d->asks_word)
		return word_key(d, k->code);
	d->copied = false;
	if (k->code >= '0' && k->code <= '9') {
		type_digit(d, k->code - '0');
		return true;
	}
	d->typed = 0;
	switch (k->code) {
	case KEY_ESC:
	case 'n':
	case 'q':
		return false;
	case KEY_UP_:
	case 'k':
	case KEY_BACKTAB:
		d->cursor = d->cursor ? d->cursor - 1 : 0;
		return true;
	case KEY_DOWN_:
	case 'j':
	case KEY_TAB:
		d->cursor = d->cursor + 1 < n ? d->cursor + 1 : d->cursor;
		return true;
	case KEY_LEFT_:
	case 'h':
		d->way = d->way ? d->way - 1 : 0;
		return true;
	case KEY_RIGHT_:
	case 'l':
		d->way = d->way + 1 < d->plan->ways.n ? d->way + 1 : d->way;
		return true;
	case KEY_ENTER_:
	case 'y':
		return confirm(d);
	default:
		return true;
	}
}

/* Opened before every process was looked at, it is worked out again until they were. */
static void kill_frame(struct dialog *dialog, struct ui *u)
{
	struct kill_dialog *d = (struct kill_dialog *)dialog;

	if (d->planning) /* the frame that it reads goes */
		plan(d, d->planning_for);
	else if (d->plan && d->plan->unscanned && !d->sent && !d->asks_word && u->env.f)
		plan(d, PLAN_ANEW);
}

static bool kill_tick(struct dialog *dialog, struct ui *u)
{
	struct kill_dialog *d = (struct kill_dialog *)dialog;
	size_t n;
	uint64_t sent, left;
	bool over, changed;

	if (!d->sent)
		return false;
	kill_steps_of(d, &n, &sent, &over);
	left = seconds_left(d);
	changed = n != d->steps_seen || left != d->seconds_seen;
	d->steps_seen = n;
	d->seconds_seen = left;
	return changed;
}

static uint64_t kill_deadline(const struct dialog *dialog)
{
	const struct kill_dialog *d = (const struct kill_dialog *)dialog;
	uint64_t sent;
	bool over;
	size_t n;

	if (!d->sent)
		return UINT64_MAX;
	kill_steps_of(d, &n, &sent, &over);
	return over || !sent ? UINT64_MAX : d->u->env.now_ns + NSEC_PER_SEC / 10;
}

static void kill_dialog_free(struct dialog *dialog, struct ui *u)
{
	struct kill_dialog *d = (struct kill_dialog *)dialog;

	kill_planning_free(d->planning);
	if (d->plan && u->host->kill_close)
		u->host->kill_close(u->host->data);
	page_done(&d->page);
	vec_done(&d->picks.v);
	vec_done(&d->drop);
	free(d);
}

static const struct dialog_ops kill_ops = {
	.draw = kill_draw,
	.key = kill_key,
	.frame = kill_frame,
	.work = kill_work,
	.working = kill_working,
	.waits = kill_waits,
	.tick = kill_tick,
	.deadline = kill_deadline,
	.free = kill_dialog_free,
};

struct dialog *kill_dialog_new(struct ui *u, struct picks *picks)
{
	struct kill_dialog *d;

	if (u->opts.read_only) {
		ui_error(u, "read-only: nothing is signalled in this session");
		return NULL;
	}
	if (!u->host || !u->host->kill_open || !u->opts.signals_n) {
		ui_error(u, "signals cannot be sent from here");
		return NULL;
	}
	d = mem_zalloc(1, sizeof(*d));
	d->base.ops = &kill_ops;
	d->u = u;
	d->picks = *picks;
	*picks = (struct picks){0};
	plan(d, PLAN_FIRST);
	return &d->base;
}
