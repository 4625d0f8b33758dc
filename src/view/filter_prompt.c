/* The prompts of the last line: the filter, which works while it is typed, and the search. */
#include "completion.h"
#include "line_edit.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include "table_draw.h"
#include "ui_private.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HISTORY_MAX 100

struct prompt {
	struct dialog base;
	struct ui *u; /* borrowed: it owns the prompt */
	struct line_edit line;
	char *before; /* owned: the filter to go back to with Esc; "" none */
	size_t older; /* steps back into the history */
	char *typed; /* owned; what stood there before the first of them; NULL: none was taken */
	bool wrong, pending;
	struct filter_error error;
	struct completion completion;
};

/* ---- The filter follows the text, live ---- */

/* What stands before the error is in force if it is a filter by itself, else what was. */
static void follow_prefix(struct prompt *p)
{
	struct filter_error error;
	struct filter *f = NULL;
	struct str head = {0};

	str_put(&head, str_text(&p->line.text), p->error.at < p->line.text.n ? p->error.at : p->line.text.n);
	while (head.n && head.s[head.n - 1] == ' ')
		head.s[--head.n] = '\0';
	if (filter_parse(str_text(&head), p->u->services, &f, &error) == 0)
		ui_set_filter(p->u, f);
	str_done(&head);
}

static void follow_text(struct prompt *p)
{
	const char *text = str_text(&p->line.text);
	struct filter *f = NULL;

	p->wrong = false;
	p->pending = !strcmp(text, ":") || !strcmp(text, "@") || !strcmp(text, "!");
	if (!p->pending) {
		if (text[strspn(text, " ")] == '\0')
			ui_set_filter(p->u, NULL);
		else if (filter_parse(text, p->u->services, &f, &p->error) == 0)
			ui_set_filter(p->u, f);
		else
			p->wrong = true;
		if (p->wrong)
			follow_prefix(p);
	}
}

static void follow_offers(struct prompt *p)
{
	completion_follow(&p->completion, &p->line, screen_table(ui_top(p->u)), p->u->env.f,
			  p->u->env.now_ns);
}

/* The nearest name where there is an error, else the next offer. */
static void complete(struct prompt *p)
{
	if (p->wrong && p->error.mend[0] && !completion_any(&p->completion)) {
		line_edit_replace(&p->line, p->error.at, p->error.at + p->error.len, p->error.mend);
		p->line.cur = p->line.text.n;
		follow_offers(p);
	} else if (completion_tab(&p->completion, &p->line, screen_table(ui_top(p->u)), p->u->env.f) &&
		   !p->completion.turning) {
		follow_offers(p); /* behind a field's name its values */
	}
	follow_text(p);
}

static void go_back(struct prompt *p)
{
	if (*p->before)
		ui_try_filter(p->u, p->before);
	else
		ui_set_filter(p->u, NULL);
}

static void remember(struct ui *u, const char *text)
{
	if (!*text || (u->history.n && !strcmp(u->history.v[u->history.n - 1], text)))
		return;
	if (u->history.n == HISTORY_MAX) {
		free(u->history.v[0]);
		memmove(u->history.v, u->history.v + 1, (HISTORY_MAX - 1) * sizeof(u->history.v[0]));
		u->history.n--;
	}
	vec_push(&u->history, mem_strdup(text));
}

static void recall(struct prompt *p, int dir)
{
	size_t n = p->u->history.n;

	if (dir < 0 && p->older < n) {
		if (!p->older) {
			free(p->typed);
			p->typed = mem_strdup(str_text(&p->line.text));
		}
		p->older++;
	} else if (dir > 0 && p->older > 0) {
		p->older--;
	} else {
		return;
	}
	line_edit_set(&p->line, p->older ? p->u->history.v[n - p->older] : p->typed);
}

static bool filter_key(struct dialog *d, struct ui *u, const struct key *k)
{
	struct prompt *p = (struct prompt *)d;

	switch (k->code) {
	case KEY_ESC:
		go_back(p);
		return false;
	case KEY_ENTER_:
		if (p->wrong) /* stays, and the error with it */
			return true;
		if (p->pending)
			go_back(p);
		else
			remember(u, ui_filter_text(u));
		return false;
	case KEY_BACKSPACE_:
		if (p->line.text.n == 0) { /* as in vi and less: out of the prompt */
			ui_set_filter(u, NULL);
			return false;
		}
		line_edit_key(&p->line, k);
		break;
	case KEY_TAB:
		complete(p);
		return true;
	case KEY_UP_:
		recall(p, -1);
		break;
	case KEY_DOWN_:
		recall(p, 1);
		break;
	default:
		if (!line_edit_key(&p->line, k))
			return true;
	}
	follow_text(p);
	follow_offers(p);
	return true;
}

static bool filter_tick(struct dialog *d, struct ui *u)
{
	struct prompt *p = (struct prompt *)d;

	return completion_tick(&p->completion, &p->line, screen_table(ui_top(u)), u->env.f, u->env.now_ns) &&
	       completion_work(&p->completion, &u->env.slice);
}

static bool filter_work(struct dialog *d, struct ui *u)
{
	return completion_work(&((struct prompt *)d)->completion, &u->env.slice);
}

static bool filter_working(const struct dialog *d)
{
	return ((const struct prompt *)d)->completion.counting;
}

/* Tab goes through what is being counted. */
static bool filter_waits(struct dialog *d, struct ui *u, const struct key *k)
{
	struct prompt *p = (struct prompt *)d;

	return k->code == KEY_TAB &&
	       !completion_ready(&p->completion, &p->line, screen_table(ui_top(u)), u->env.f);
}

static uint64_t filter_deadline(const struct dialog *d)
{
	return ((const struct prompt *)d)->completion.rest_ns;
}

/* ---- Drawing ---- */

static void clear_line(struct canvas *c, int y)
{
	canvas_fill(c, y, 0, 1, c->w, STYLE_PLAIN, " ");
}

/* "7 of 1,941", before it what can be done, as far as there is room. Gives the cell where it starts. */
static int draw_right(struct prompt *p, struct canvas *c, int y, int text_end)
{
	struct ui *u = p->u;
	struct table *t = screen_table(ui_top(u));
	struct str count = {0}, more = {0};
	char a[UNIT_BUF], b[UNIT_BUF];
	bool unchanged = p->wrong && !completion_any(&p->completion);
	int x = c->w, w;

	if (t && table_doing(t) != TABLE_NOTHING)
		table_put_doing(t, u->env.ascii, &count);
	else if (t && t->f)
		str_putf(&count, "%s of %s", fmt_count(a, t->matched), fmt_count(b, t->total));
	if (unchanged) {
		str_putf(&more, "unchanged: %s", *ui_filter_text(u) ? ui_filter_text(u) : "no filter");
	} else {
		str_puts(&more, completion_any(&p->completion) ? "Tab completes" : "");
		if (p->older < u->history.n)
			str_putf(&more, "%s%s older", more.n ? "  " : "", u->env.ascii ? "Up" : "↑");
	}
	w = text_width(str_text(&count));
	if (w && text_end + 2 + w < c->w) {
		x = c->w - 1 - w;
		canvas_put(c, y, x, STYLE_DIM, str_text(&count), w);
		w = text_width(str_text(&more));
		if (w && text_end + 2 + w + 3 <= x) {
			x -= 3 + w;
			canvas_put(c, y, x, unchanged ? STYLE_WARN : STYLE_DIM, str_text(&more), w);
		}
	}
	str_done(&count);
	str_done(&more);
	return x;
}

static void draw_error(struct prompt *p, const struct screen_env *e, struct canvas *c, int y)
{
	const char *text = str_text(&p->line.text);
	struct str s = {0}, head = {0};
	size_t at = p->error.at < p->line.text.n ? p->error.at : p->line.text.n;
	size_t len = p->error.len ? p->error.len : 1;
	int x, w;

	if (y - 2 > 1) {
		clear_line(c, p->error.unfinished ? y - 1 : y - 2);
		str_putf(&s, "%s%s", p->error.text, p->error.mend[0] ? " (Tab)" : "");
		if (p->error.mend[0] &&
		    text_width(str_text(&s)) > c->w - 4) { /* what helps, before what is wrong */
			str_clear(&s);
			str_putf(&s, "did you mean %s? (Tab)", p->error.mend);
		}
		canvas_put_cut(c, p->error.unfinished ? y - 1 : y - 2, 3,
			       p->error.unfinished ? STYLE_DIM : STYLE_BAD, str_text(&s), c->w - 4,
			       e->ascii ? "~" : "…");
	}
	if (y - 1 > 1 && !p->error.unfinished) {
		clear_line(c, y - 1);
		str_put(&head, text, at);
		x = 2 + text_width(str_text(&head));
		str_clear(&head);
		str_put(&head, text + at, len < p->line.text.n - at ? len : p->line.text.n - at);
		w = text_width(str_text(&head));
		canvas_put(c, y - 1, x, STYLE_BAD, "^", 1);
		for (int i = 1; i < w; i++)
			canvas_put(c, y - 1, x + i, STYLE_BAD, "~", 1);
	}
	str_done(&s);
	str_done(&head);
}

static void filter_draw(struct dialog *d, const struct screen_env *e, struct canvas *c)
{
	struct prompt *p = (struct prompt *)d;
	int y = c->h - 1, end, text_w = text_width(str_text(&p->line.text));

	clear_line(c, y);
	/* What may follow is more useful than that something is missing. */
	if (completion_any(&p->completion))
		completion_draw(&p->completion, e, c, y);
	else if (p->wrong)
		draw_error(p, e, c, y);
	canvas_put(c, y, 0, STYLE_KEY, "/", 1);
	end = draw_right(p, c, y, 2 + text_w + 1);
	line_edit_draw(&p->line, c, y, 2, end - 3);
}

static void prompt_free(struct dialog *d, struct ui *u)
{
	struct prompt *p = (struct prompt *)d;

	completion_done(&p->completion);
	line_edit_done(&p->line);
	free(p->before);
	free(p->typed);
	free(p);
}

static const struct dialog_ops filter_ops = {
	.draw = filter_draw,
	.key = filter_key,
	.tick = filter_tick,
	.deadline = filter_deadline,
	.work = filter_work,
	.working = filter_working,
	.waits = filter_waits,
	.free = prompt_free,
	.wants_paste = true,
};

static struct prompt *prompt_new(struct ui *u, const struct dialog_ops *ops, const char *start_text)
{
	struct prompt *p = mem_zalloc(1, sizeof(*p));

	p->base.ops = ops;
	p->u = u;
	p->before = mem_strdup(ui_filter_text(u));
	line_edit_set(&p->line, start_text);
	p->completion.rest_ns = UINT64_MAX;
	return p;
}

struct dialog *filter_prompt_new(struct ui *u, const char *start_text)
{
	struct prompt *p = prompt_new(u, &filter_ops, start_text);

	p->pending = !strcmp(start_text, ":");
	return &p->base;
}

/* ---- Search ---- */

/* In the help it works while it is typed. */
static bool find_key(struct prompt *p, struct screen *s, const struct key *k)
{
	if (k->code == KEY_ENTER_)
		return false;
	if (k->code == KEY_ESC || (k->code == KEY_BACKSPACE_ && p->line.text.n == 0)) {
		help_screen_find(s, "");
		return false;
	}
	if (line_edit_key(&p->line, k))
		help_screen_find(s, str_text(&p->line.text));
	return true;
}

static bool search_key(struct dialog *d, struct ui *u, const struct key *k)
{
	struct prompt *p = (struct prompt *)d;

	if (help_screen_goto(ui_top(u), -1))
		return find_key(p, ui_top(u), k);

	switch (k->code) {
	case KEY_ESC:
		return false;
	case KEY_BACKSPACE_:
		if (p->line.text.n == 0)
			return false;
		break;
	case KEY_ENTER_:
		free(u->search);
		u->search = p->line.text.n ? mem_strdup(str_text(&p->line.text)) : NULL;
		if (u->search)
			ui_search(u, 1);
		return false;
	default:
		break;
	}
	line_edit_key(&p->line, k);
	return true;
}

static void search_draw(struct dialog *d, const struct screen_env *e, struct canvas *c)
{
	struct prompt *p = (struct prompt *)d;
	const char *hint = help_screen_goto(ui_top(p->u), -1) ? "Enter keep  Esc all" : "n next  N previous";
	int y = c->h - 1, w = text_width(hint), end = c->w;

	clear_line(c, y);
	canvas_put(c, y, 0, STYLE_KEY, "\\", 1);
	if (text_width(str_text(&p->line.text)) + w + 6 < c->w) {
		end = c->w - 1 - w;
		canvas_put(c, y, end, STYLE_DIM, hint, w);
	}
	line_edit_draw(&p->line, c, y, 2, end - 3);
}

static const struct dialog_ops search_ops = {
	.draw = search_draw,
	.key = search_key,
	.free = prompt_free,
	.wants_paste = true,
};

struct dialog *search_prompt_new(struct ui *u)
{
	return &prompt_new(u, &search_ops, help_screen_goto(ui_top(u), -1) || !u->search ? "" : u->search)
			->base;
}
