/* The prompts of the last line: the filter, which works while it is typed, and the search. */
#include "line_edit.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include "ui_private.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HISTORY_MAX 100
#define OFFERS 3 /* lines of completion above the prompt */

struct prompt {
	struct dialog base;
	struct ui *u; /* borrowed: it owns the prompt */
	struct line_edit line;
	char *before; /* owned: the filter to go back to with Esc; "" none */
	size_t older; /* steps back into the history */
	bool wrong, pending;
	struct filter_error error;
	/* The word being typed, when it may become a field's name. */
	size_t word_at, word_n;
	const struct column *offers[OFFERS];
	size_t offers_n, offers_all;
};

/* ---- Completion of field names ---- */

static bool is_field(const struct column *col)
{
	return !(col->flags & COL_DISPLAY) && col->kind != KIND_OBJECT && col->help;
}

static bool name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static void offer_from(struct prompt *p, enum row_kind kind, const char *word)
{
	size_t n;
	const struct column *cols = columns_of(kind, &n);

	for (size_t i = 0; i < n; i++) {
		bool known = false;

		if (!is_field(&cols[i]) || strncmp(cols[i].key, word, p->word_n))
			continue;
		for (size_t j = 0; j < p->offers_n; j++)
			known = known || !strcmp(p->offers[j]->key, cols[i].key);
		if (known)
			continue;
		p->offers_all++;
		if (p->offers_n < OFFERS)
			p->offers[p->offers_n++] = &cols[i];
	}
}

static void find_offers(struct prompt *p)
{
	const char *s = str_text(&p->line.text);
	size_t from = p->line.cur;
	const struct table *t = screen_table(ui_top(p->u));

	p->offers_n = p->offers_all = 0;
	while (from > 0 && name_char(s[from - 1]))
		from--;
	p->word_at = from;
	p->word_n = p->line.cur - from;
	if (p->word_n == 0 || !isalpha((unsigned char)s[from]) || name_char(s[p->line.cur]) ||
	    strchr("=<>~!", s[p->line.cur] ? s[p->line.cur] : ' ') ||
	    (from > 0 && !strchr(" (!", s[from - 1])))
		return;
	/* The view's own fields first: they are what stands on the screen. */
	if (t)
		offer_from(p, (enum row_kind)t->rows_kind, s + from);
	for (int kind = 0; kind < ROWS_N; kind++)
		if (!t || kind != (int)t->rows_kind)
			offer_from(p, (enum row_kind)kind, s + from);
}

static void complete(struct prompt *p)
{
	char with[80];

	if (p->wrong && p->error.mend[0]) {
		line_edit_replace(&p->line, p->error.at, p->error.at + p->error.len, p->error.mend);
		p->line.cur = p->line.text.n;
		return;
	}
	if (!p->offers_n)
		return;
	snprintf(with, sizeof(with), "%s=", p->offers[0]->key);
	if (p->offers_all > 1) { /* as far as they agree; no further: the first one */
		size_t n = strlen(p->offers[0]->key);

		for (size_t i = 1; i < p->offers_n; i++)
			for (size_t j = 0; j < n; j++)
				if (p->offers[i]->key[j] != p->offers[0]->key[j])
					n = j;
		if (n > p->word_n && p->offers_all <= OFFERS)
			with[n] = '\0';
	}
	line_edit_replace(&p->line, p->word_at, p->word_at + p->word_n, with);
}

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
	find_offers(p);
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

	if (dir < 0 && p->older < n)
		p->older++;
	else if (dir > 0 && p->older > 0)
		p->older--;
	else
		return;
	line_edit_set(&p->line, p->older ? p->u->history.v[n - p->older] : "");
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
		break;
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
	return true;
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
	int x = c->w, w;

	if (t && t->f)
		str_putf(&count, "%s of %s", fmt_count(a, t->matched), fmt_count(b, t->total));
	if (p->wrong) {
		str_putf(&more, "unchanged: %s", *ui_filter_text(u) ? ui_filter_text(u) : "no filter");
	} else {
		str_puts(&more, p->offers_n ? "Tab completes" : "");
		if (u->history.n)
			str_putf(&more, "%s%s older", more.n ? "  " : "", u->env.ascii ? "Up" : "↑");
	}
	w = text_width(str_text(&count));
	if (w && text_end + 2 + w < c->w) {
		x = c->w - 1 - w;
		canvas_put(c, y, x, STYLE_DIM, str_text(&count), w);
		w = text_width(str_text(&more));
		if (w && text_end + 2 + w + 3 <= x) {
			x -= 3 + w;
			canvas_put(c, y, x, p->wrong ? STYLE_WARN : STYLE_DIM, str_text(&more), w);
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
		clear_line(c, y - 2);
		str_putf(&s, "%s%s", p->error.text, p->error.mend[0] ? " (Tab)" : "");
		canvas_put_cut(c, y - 2, 3, STYLE_BAD, str_text(&s), c->w - 4, e->ascii ? "~" : "…");
	}
	if (y - 1 > 1) {
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

static void draw_offers(struct prompt *p, const struct screen_env *e, struct canvas *c, int y)
{
	int n = (int)p->offers_n;

	if (y - n < 4)
		return;
	for (int i = 0; i < n; i++) {
		const struct column *col = p->offers[i];
		int at = y - n + i;

		clear_line(c, at);
		canvas_put(c, at, 3, STYLE_KEY, col->key, c->w - 4);
		canvas_put_cut(c, at, 18, STYLE_DIM, col->help, c->w - 19, e->ascii ? "~" : "…");
		if (i == n - 1 && p->offers_all > p->offers_n) {
			char more[32];

			snprintf(more, sizeof(more), "  %zu more ", p->offers_all - p->offers_n);
			canvas_put(c, at, c->w - text_width(more), STYLE_DIM, more, c->w);
		}
	}
}

static void filter_draw(struct dialog *d, const struct screen_env *e, struct canvas *c)
{
	struct prompt *p = (struct prompt *)d;
	int y = c->h - 1, end, text_w = text_width(str_text(&p->line.text));

	clear_line(c, y);
	if (p->wrong)
		draw_error(p, e, c, y);
	else if (p->offers_n)
		draw_offers(p, e, c, y);
	canvas_put(c, y, 0, STYLE_KEY, "/", 1);
	end = draw_right(p, c, y, 2 + text_w + 1);
	line_edit_draw(&p->line, c, y, 2, end - 3);
}

static void prompt_free(struct dialog *d, struct ui *u)
{
	struct prompt *p = (struct prompt *)d;

	line_edit_done(&p->line);
	free(p->before);
	free(p);
}

static const struct dialog_ops filter_ops = {
	.draw = filter_draw,
	.key = filter_key,
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
	return p;
}

struct dialog *filter_prompt_new(struct ui *u, const char *start_text)
{
	struct prompt *p = prompt_new(u, &filter_ops, start_text);

	p->pending = !strcmp(start_text, ":");
	return &p->base;
}

/* ---- Search ---- */

static bool search_key(struct dialog *d, struct ui *u, const struct key *k)
{
	struct prompt *p = (struct prompt *)d;

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
		if (u->search && !table_screen_search(ui_top(u), &u->env, u->search, 1))
			ui_say(u, "no row shows \"%s\"", u->search);
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
	const char *hint = "n next  N previous";
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
	return &prompt_new(u, &search_ops, u->search ? u->search : "")->base;
}
