/* The help screen: the binding table, the filter language and the column tables as text, so that it never
 * tells anything else than what the program does. */
#include "sockeye/base/text.h"
#include "ui_private.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_W 16 /* cells of the keys' column */
#define TWO_COLUMNS 76 /* from this width on */
#define AIRY 26 /* from this height on */

enum help_page { HELP_KEYS, HELP_FILTERS, HELP_COLUMNS, HELP_N };
static const char *const page_names[HELP_N] = {"keys", "filters", "columns"};

struct help_line {
	char *left, *right; /* owned; right NULL: a heading or whole line */
	uint8_t style; /* of left */
};
struct help_lines {
	VEC(struct help_line) v;
};
struct help_screen {
	struct screen base;
	const struct ui *u; /* borrowed: it owns the screen */
	int page;
	uint32_t top, n; /* first line shown; lines there are, as drawn last */
	struct str find; /* what is looked for; empty: nothing */
};

static void lines_done(struct help_lines *l)
{
	for (size_t i = 0; i < l->v.n; i++) {
		free(l->v.v[i].left);
		free(l->v.v[i].right);
	}
	vec_done(&l->v);
}

static void add(struct help_lines *l, uint8_t style, const char *left, const char *right)
{
	vec_push(&l->v, ((struct help_line){mem_strdup(left), right ? mem_strdup(right) : NULL, style}));
}

/* ---- Page 1: keys ---- */

static void put_key(struct str *out, uint32_t code, bool ascii)
{
	static const struct {
		uint32_t code;
		const char *arrow;
	} arrows[] = {{KEY_UP_, "↑"}, {KEY_DOWN_, "↓"}, {KEY_LEFT_, "←"}, {KEY_RIGHT_, "→"}};

	for (size_t i = 0; i < ARRAY_LEN(arrows) && !ascii; i++)
		if (arrows[i].code == code) {
			str_puts(out, arrows[i].arrow);
			return;
		}
	key_print(code, out);
}

/* Keys are kept for more views than there are. */
static bool no_such_view(const struct ui *u, const struct binding *b)
{
	int number;

	return sscanf(b->action, "view_%d", &number) == 1 && ui_view_by_number(u, number) < 0;
}

/* Neighbours of one group with the same help stand on one line: first keys first, then second ones. Gives
 * how many bindings it took. */
static size_t add_bindings(struct help_lines *l, const struct ui *u, size_t at, uint8_t group, bool ascii)
{
	const struct binding *first = &binding_table[at];
	struct str keys = {0};
	size_t n = 0;

	while (at + n < binding_table_n && binding_table[at + n].group == group &&
	       !strcmp(binding_table[at + n].help, first->help))
		n++;
	for (size_t turn = 0; turn < BINDING_KEYS_MAX; turn++)
		for (size_t i = 0; i < n; i++) {
			uint32_t codes[BINDING_KEYS_MAX];

			if (turn >= keymap_keys(u->keymap, &binding_table[at + i], codes) ||
			    no_such_view(u, &binding_table[at + i]))
				continue;
			str_puts(&keys, keys.n ? " " : "");
			put_key(&keys, codes[turn], ascii);
		}
	add(l, STYLE_KEY, str_text(&keys), first->help);
	str_done(&keys);
	return n;
}

/* A blank line between groups, where the screen is high enough for all. */
static void add_gap(struct help_lines *l, bool airy)
{
	if (airy && l->v.n)
		add(l, STYLE_PLAIN, "", NULL);
}

static void add_group(struct help_lines *l, const struct ui *u, uint8_t group, bool ascii, bool airy)
{
	add_gap(l, airy);
	add(l, STYLE_HEAD, binding_group_titles[group], NULL);
	for (size_t i = 0; i < binding_table_n;)
		i += binding_table[i].group == group ? add_bindings(l, u, i, group, ascii) : 1;
}

static void add_marks(struct help_lines *l, bool ascii, bool airy)
{
	add_gap(l, airy);
	add(l, STYLE_HEAD, "MARKS  left of a row", NULL);
	add(l, STYLE_PLAIN, "+ new  - closed  ! finding  * tagged", NULL);
	add(l, STYLE_PLAIN, ascii ? "c in another network namespace" : "⊂ in another network namespace",
	    NULL);
}

/* ---- Page 2: filters ---- */

static const struct {
	const char *left, *right;
} filter_help[] = {
	{"A filter picks sockets; every view counts again over the picked ones.", NULL},
	{"", NULL},
	{"nginx", "a word: in process, service, unit, user or address"},
	{"443  :443", "either port; also 80,443 and 8000-8100"},
	{"443/tcp", "that port of that protocol; tcp:443 as well"},
	{"@10.0.0.0/8", "the remote address, one or a network"},
	{"tcp  close-wait", "a protocol, a state"},
	{"state=connected", "states in a group: synchronized bucket big as well"},
	{"process=nginx", "a field and its value; != all others, ~ a pattern"},
	{"rx_rate>1M", "more than; also >= < <=; k M G, ms s m h d"},
	{"conns>100", "a number of the row, as age_s, rx_rate: picks rows"},
	{"tcp process=nginx", "side by side: both"},
	{"tcp or udp", "either; not and ( ) as well"},
	{"\"a b\"", "in quotes: the text as it stands"},
	{"pid=none", "not known, or does not apply"},
	{"sport = :22", "as ss has it, too"},
	{"", NULL},
	{"The fields are the columns: page 3. Tab in the prompt completes them.", NULL},
};

/* ---- Page 3: columns ---- */

static void add_columns(struct help_lines *l, const struct view_info *v)
{
	size_t n;
	const struct column *cols = columns_of((enum row_kind)v->rows, &n);

	add(l, STYLE_HEAD, v->title, NULL);
	for (size_t i = 0; i < n; i++) {
		struct str s = {0};

		if (!cols[i].help)
			continue;
		if (cols[i].title && *cols[i].title)
			str_putf(&s, "%s: ", cols[i].title);
		str_puts(&s, cols[i].help);
		add(l, STYLE_KEY, cols[i].key, str_text(&s));
		str_done(&s);
	}
	add(l, STYLE_PLAIN, "", NULL);
}

/* ---- The screen ---- */

static const struct screen_ops help_ops;

static void help_crumb(const struct screen *s, const struct screen_env *e, struct str *out)
{
	str_puts(out, "Help");
}

static void help_status(const struct screen *s, const struct screen_env *e, struct str *out)
{
	const struct help_screen *h = (const struct help_screen *)s;

	if (h->find.n)
		str_putf(out, "/ %s", str_text(&h->find));
	for (int i = 0; i < HELP_N && !h->find.n; i++)
		str_putf(out, i == h->page ? "%s[%d %s]" : "%s%d %s", i ? "  " : "", i + 1, page_names[i]);
}

static void help_frame(struct screen *s, const struct screen_env *e)
{
}

static int draw_line(const struct help_line *l, const struct screen_env *e, struct canvas *c, int y, int x,
		     int w, int key_w)
{
	const char *dots = e->ascii ? "~" : "…";
	struct str cut = {0};

	text_put_clip(&cut, l->left, l->right ? key_w - 1 : w, dots);
	canvas_put(c, y, x, l->style, str_text(&cut), w);
	if (l->right) {
		/* Long keys push their help aside rather than losing it. */
		str_clear(&cut);
		text_put_clip(&cut, l->right, w - key_w, dots);
		canvas_put(c, y, x + key_w, STYLE_PLAIN, str_text(&cut), w - key_w);
	}
	str_done(&cut);
	return w;
}

static void draw_lines(struct help_screen *h, const struct help_lines *l, const struct screen_env *e,
		       struct canvas *c, struct area a, int key_w)
{
	for (int y = 0; y < a.h && h->top + (uint32_t)y < l->v.n; y++)
		draw_line(&l->v.v[h->top + (uint32_t)y], e, c, a.y + y, a.x, a.w, key_w);
}

static void keep_top(struct help_screen *h, size_t n, int height)
{
	h->n = (uint32_t)n;
	if ((int64_t)h->top > (int64_t)n - height)
		h->top = (int64_t)n > height ? (uint32_t)((int64_t)n - height) : 0;
}

static void draw_keys(struct help_screen *h, const struct screen_env *e, struct canvas *c, struct area a)
{
	struct help_lines left = {0}, right = {0};
	bool two = a.w >= TWO_COLUMNS, airy = a.h >= AIRY;
	struct help_lines *other = two ? &right : &left;

	add_group(&left, h->u, KEYS_MOVE, e->ascii, airy);
	add_group(&left, h->u, KEYS_VIEWS, e->ascii, airy);
	add_group(&left, h->u, KEYS_FIND, e->ascii, airy);
	add_group(other, h->u, KEYS_ACT, e->ascii, airy);
	add_group(other, h->u, KEYS_ARRANGE, e->ascii, airy);
	add_marks(&left, e->ascii, airy);
	keep_top(h, left.v.n > right.v.n ? left.v.n : right.v.n, a.h);
	if (two) {
		int half = a.w / 2 > 60 ? 60 : a.w / 2;

		draw_lines(h, &left, e, c, (struct area){a.y, a.x + 1, a.h, half - 2}, KEY_W);
		draw_lines(h, &right, e, c, (struct area){a.y, a.x + half, a.h, a.w - half - 1}, KEY_W - 4);
	} else {
		draw_lines(h, &left, e, c, (struct area){a.y, a.x + 1, a.h, a.w - 2}, KEY_W);
	}
	lines_done(&left);
	lines_done(&right);
}

static void add_filters(struct help_lines *l)
{
	for (size_t i = 0; i < ARRAY_LEN(filter_help); i++)
		add(l, filter_help[i].right ? STYLE_KEY : STYLE_PLAIN, filter_help[i].left,
		    filter_help[i].right);
}

static void add_all_columns(struct help_lines *l)
{
	for (int i = 0; i < VIEW_N; i++)
		if (view_table[i].dashboard)
			add_columns(l, &view_table[i]);
}

/* The lines of every page that have it, once each. */
static void add_found(struct help_lines *l, const struct help_screen *h, bool ascii)
{
	struct help_lines all = {0};

	for (uint8_t g = 0; g < KEYS_N; g++)
		add_group(&all, h->u, g, ascii, false);
	add_marks(&all, ascii, false);
	add_filters(&all);
	add_all_columns(&all);
	for (size_t i = 0; i < all.v.n; i++) {
		const struct help_line *a = &all.v.v[i];
		bool found = strcasestr(a->left, str_text(&h->find)) ||
			     (a->right && strcasestr(a->right, str_text(&h->find)));

		for (size_t k = 0; k < l->v.n && found; k++)
			found = strcmp(l->v.v[k].left, a->left) != 0 || !a->right || !l->v.v[k].right ||
				strcmp(l->v.v[k].right, a->right) != 0;
		if (found && *a->left)
			add(l, a->style, a->left, a->right);
	}
	if (!l->v.n)
		add(l, STYLE_DIM, "nothing here has that in it", NULL);
	lines_done(&all);
}

static void help_draw(struct screen *s, const struct screen_env *e, struct canvas *c, struct area a)
{
	struct help_screen *h = (struct help_screen *)s;
	struct help_lines l = {0};

	if (!h->find.n && h->page == HELP_KEYS) {
		draw_keys(h, e, c, a);
		return;
	}
	if (h->find.n)
		add_found(&l, h, e->ascii);
	else if (h->page == HELP_FILTERS)
		add_filters(&l);
	else
		add_all_columns(&l);
	keep_top(h, l.v.n, a.h);
	draw_lines(h, &l, e, c, (struct area){a.y, a.x + 1, a.h, a.w - 2}, 20);
	lines_done(&l);
}

static void help_move(struct screen *s, const struct screen_env *e, enum move m)
{
	struct help_screen *h = (struct help_screen *)s;
	int64_t top = h->top, page = e->table_h > 1 ? e->table_h - 1 : 1;

	switch (m) {
	case MOVE_UP:
		top--;
		break;
	case MOVE_DOWN:
		top++;
		break;
	case MOVE_PAGE_UP:
		top -= page;
		break;
	case MOVE_PAGE_DOWN:
		top += page;
		break;
	case MOVE_HALF_UP:
		top -= (page + 1) / 2;
		break;
	case MOVE_HALF_DOWN:
		top += (page + 1) / 2;
		break;
	case MOVE_FIRST:
		top = 0;
		break;
	case MOVE_LAST:
		top = h->n;
		break;
	case MOVE_LEFT:
	case MOVE_RIGHT:
		s->ops->section(s, e, m == MOVE_LEFT ? -1 : 1);
		return;
	}
	h->top = top < 0 ? 0 : (uint32_t)top;
	keep_top(h, h->n, e->table_h);
}

static void help_section(struct screen *s, const struct screen_env *e, int dir)
{
	struct help_screen *h = (struct help_screen *)s;

	help_screen_goto(s, (h->page + dir + HELP_N) % HELP_N);
}

static struct subject help_under(const struct screen *s, const struct screen_env *e)
{
	return (struct subject){.kind = SUBJECT_NONE};
}

static struct subject help_about(const struct screen *s)
{
	return (struct subject){.kind = SUBJECT_NONE};
}

static bool help_click(struct screen *s, const struct screen_env *e, int y, int x)
{
	return false;
}

static void help_want(const struct screen *s, struct want *w)
{
}

static void help_free(struct screen *s)
{
	str_done(&((struct help_screen *)s)->find);
	free(s);
}

static const struct screen_ops help_ops = {
	.crumb = help_crumb,
	.status = help_status,
	.frame = help_frame,
	.draw = help_draw,
	.move = help_move,
	.section = help_section,
	.under = help_under,
	.about = help_about,
	.click = help_click,
	.want = help_want,
	.free = help_free,
	.hint = "Esc close  Tab next page  j k scroll  / search",
};

bool help_screen_goto(struct screen *s, int page)
{
	struct help_screen *h = (struct help_screen *)s;

	if (s->ops != &help_ops || page >= HELP_N)
		return false;
	if (page >= 0) {
		h->page = page;
		h->top = 0;
		str_clear(&h->find);
	}
	return true;
}

bool help_screen_find(struct screen *s, const char *text)
{
	struct help_screen *h = (struct help_screen *)s;

	if (s->ops != &help_ops || (!text && !h->find.n))
		return false;
	str_clear(&h->find);
	str_puts(&h->find, text ? text : "");
	h->top = 0;
	return true;
}

struct screen *help_screen_new(const struct ui *u)
{
	struct help_screen *h = mem_zalloc(1, sizeof(*h));

	h->base.ops = &help_ops;
	h->u = u;
	return &h->base;
}
