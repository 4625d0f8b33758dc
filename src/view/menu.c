/* A list in a box from which one line is chosen: the sort menu and "filter by this row" are made of it. */
#include "sockeye/base/text.h"
#include "ui_private.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int label_width(const struct menu *m)
{
	int w = 0;

	for (size_t i = 0; i < m->items.n; i++)
		if (text_width(m->items.v[i].label) > w)
			w = text_width(m->items.v[i].label);
	return w;
}

/* The hint in so many cells: of its parts, three blanks apart, the first and the last are what everybody needs. */
static void put_hint(const char *hint, int w, const char *dots, struct str *out)
{
	struct str s = {0};

	str_puts(&s, hint);
	while (text_width(str_text(&s)) > w) {
		char *last = NULL, *before = NULL;

		for (char *p = strstr(s.s, "   "); p; p = strstr(p + 3, "   ")) {
			before = last;
			last = p;
		}
		if (!before)
			break;
		memmove(before, last, strlen(last) + 1);
		s.n = strlen(s.s);
	}
	text_put_clip(out, str_text(&s), w, dots);
	str_done(&s);
}

static void menu_draw(struct dialog *d, const struct screen_env *e, struct canvas *c)
{
	struct menu *m = (struct menu *)d;
	const char *dots = e->ascii ? "~" : "…";
	int labels = label_width(m), w = labels + 4, hint_w = text_width(m->hint);
	char right[32] = "";
	struct area a;
	bool hint;

	for (size_t i = 0; i < m->items.n; i++) {
		int one = labels + 6 + text_width(m->items.v[i].help);

		w = one > w ? one : w;
	}
	w = w < hint_w ? hint_w : w;
	if ((int)m->items.n + 4 > c->h)
		snprintf(right, sizeof(right), "%zu of %zu", m->cursor + 1, m->items.n);
	w = w + 4 > c->w - 2 && c->w > 60 ? c->w - 2 : w + 4;
	a = dialog_box(c, e, m->title, right, (int)m->items.n + 4, w);
	/* The blank line before the hint goes when the items need it, the hint itself on a very low screen. */
	hint = a.h >= 4;
	m->height = !hint ? a.h : (int)m->items.n + 2 <= a.h ? a.h - 2 : a.h - 1;
	if (m->height < 1)
		m->height = 1;
	if (m->cursor < m->top)
		m->top = m->cursor;
	if (m->cursor >= m->top + (size_t)m->height)
		m->top = m->cursor - (size_t)m->height + 1;
	for (int y = 0; y < m->height && m->top + (size_t)y < m->items.n; y++) {
		size_t at = m->top + (size_t)y;
		const struct menu_item *it = &m->items.v[at];
		struct str cut = {0};

		if (at == m->cursor)
			canvas_put(c, a.y + y, a.x, STYLE_KEY, e->ascii ? ">" : "▸", 1);
		text_put_clip(&cut, it->label, a.w - 2, dots);
		canvas_put(c, a.y + y, a.x + 2, at == m->cursor ? STYLE_HEAD : STYLE_PLAIN, str_text(&cut),
			   a.w - 2);
		str_clear(&cut);
		if (a.w - labels - 4 > 8) {
			text_put_clip(&cut, it->help, a.w - labels - 4, dots);
			canvas_put(c, a.y + y, a.x + labels + 4, STYLE_DIM, str_text(&cut), a.w - labels - 4);
		}
		str_done(&cut);
		if (at == m->cursor)
			canvas_reverse(c, a.y + y, a.x, a.w);
	}
	if (hint) {
		struct str cut = {0};

		put_hint(m->hint, a.w, dots, &cut);
		canvas_put(c, a.y + a.h - 1, a.x, STYLE_DIM, str_text(&cut), a.w);
		str_done(&cut);
	}
}

static void menu_move(struct menu *m, int by)
{
	size_t last = m->items.n ? m->items.n - 1 : 0;

	if (by < 0)
		m->cursor = m->cursor > (size_t)-by ? m->cursor - (size_t)-by : 0;
	else
		m->cursor = m->cursor + (size_t)by < last ? m->cursor + (size_t)by : last;
}

static bool menu_key(struct dialog *d, struct ui *u, const struct key *k)
{
	struct menu *m = (struct menu *)d;

	switch (k->code) {
	case KEY_UP_:
	case 'k':
		menu_move(m, -1);
		return true;
	case KEY_DOWN_:
	case 'j':
		menu_move(m, 1);
		return true;
	case KEY_PGUP:
		menu_move(m, -m->height);
		return true;
	case KEY_PGDN:
		menu_move(m, m->height);
		return true;
	case KEY_HOME_:
		m->cursor = 0;
		return true;
	case KEY_END_:
		menu_move(m, (int)m->items.n);
		return true;
	case KEY_MOUSE_:
		if (k->mouse == MOUSE_WHEEL_UP || k->mouse == MOUSE_WHEEL_DOWN)
			menu_move(m, k->mouse == MOUSE_WHEEL_UP ? -1 : 1);
		return true;
	case KEY_ESC:
	case 'q':
	case 'n':
		return false;
	default:
		return m->choose(m, u, k);
	}
}

static void menu_free(struct dialog *d, struct ui *u)
{
	struct menu *m = (struct menu *)d;

	for (size_t i = 0; i < m->items.n; i++) {
		free(m->items.v[i].label);
		free(m->items.v[i].help);
	}
	vec_done(&m->items);
	free(m);
}

static const struct dialog_ops menu_ops = {.draw = menu_draw, .key = menu_key, .free = menu_free};

void menu_init(struct menu *m, const char *title, const char *hint,
	       bool (*choose)(struct menu *m, struct ui *u, const struct key *k))
{
	m->base.ops = &menu_ops;
	snprintf(m->title, sizeof(m->title), "%s", title);
	m->hint = hint;
	m->choose = choose;
}

struct menu_item *menu_add(struct menu *m, const char *label, const char *help, const void *data)
{
	struct menu_item *it = vec_add(&m->items);

	*it = (struct menu_item){
		.label = mem_strdup(label), .help = mem_strdup(help ? help : ""), .data = data};
	return it;
}
