/* The column chooser: every column of the view with its help, shown or not, in the order of the screen. The table
 * behind it follows each key; Esc puts back what was. */
#include "line_edit.h"
#include "sockeye/base/text.h"
#include "ui_private.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEE_BEHIND 16 /* from this height on the box leaves a part of the table to be seen */
#define HELP_FROM_W 50 /* from this inner width on what a column is stands beside it */

struct chooser {
	struct dialog base;
	struct ui *u; /* borrowed: it owns the dialog */
	struct table *t; /* borrowed: of the top screen, which cannot change while the dialog is open */
	VEC(struct table_column) before; /* for Esc */
	size_t cursor, top;
	int height; /* visible columns, as drawn last */
	bool finding;
	struct line_edit find;
};

/* ---- What is chosen ---- */

static struct table_column *at_cursor(struct chooser *m)
{
	return &m->t->cols.v[m->cursor];
}

/* Some heads are blanks: the sign in the cell says it all. */
static const char *name_of(const struct column *col)
{
	return col->title[strspn(col->title, " ")] ? col->title : col->key;
}

/* Columns without a place in the view come last, in the order of the column table. */
static void add_others(struct table *t)
{
	size_t n;
	const struct column *all = columns_of(t->rows_kind, &n);

	for (size_t i = 0; i < n; i++) {
		bool there = !all[i].title || !*all[i].title;

		for (size_t j = 0; j < t->cols.n && !there; j++)
			there = t->cols.v[j].col == &all[i];
		if (!there)
			vec_push(&t->cols, ((struct table_column){.col = &all[i]}));
	}
}

static void set_columns(struct table *t, const struct table_column *v, size_t n)
{
	vec_clear(&t->cols);
	for (size_t i = 0; i < n; i++)
		vec_push(&t->cols, v[i]);
}

/* A column that found no room on its own is wanted by name first, and only then taken away. */
static void toggle(struct table_column *tc)
{
	bool waits = tc->shown && !tc->chosen && tc->width == 0;

	tc->shown = tc->chosen = waits || !tc->shown;
}

static void defaults(struct chooser *m)
{
	struct table fresh;

	table_init(&fresh, m->t->view);
	set_columns(m->t, fresh.cols.v, fresh.cols.n);
	table_done(&fresh);
	add_others(m->t);
}

static void shift(struct chooser *m, int by)
{
	struct table_column *v = m->t->cols.v, moved = v[m->cursor];
	size_t to = m->cursor + (size_t)by;

	if (by < 0 ? m->cursor == 0 : to >= m->t->cols.n)
		return;
	v[m->cursor] = v[to];
	v[to] = moved;
	m->cursor = to;
}

/* ---- Keys ---- */

static void go(struct chooser *m, int by)
{
	size_t last = m->t->cols.n ? m->t->cols.n - 1 : 0;

	if (by < 0)
		m->cursor = m->cursor > (size_t)-by ? m->cursor - (size_t)-by : 0;
	else
		m->cursor = m->cursor + (size_t)by < last ? m->cursor + (size_t)by : last;
}

/* The next column whose title, key or help has the text in it; from the cursor's own on, or after it. */
static void find(struct chooser *m, bool after)
{
	const char *text = str_text(&m->find.text);
	size_t n = m->t->cols.n;

	for (size_t i = after; *text && i < n + after; i++) {
		const struct column *col = m->t->cols.v[(m->cursor + i) % n].col;

		if (strcasestr(name_of(col), text) || strcasestr(col->key, text) ||
		    (col->help && strcasestr(col->help, text))) {
			m->cursor = (m->cursor + i) % n;
			return;
		}
	}
}

static void find_key(struct chooser *m, const struct key *k)
{
	switch (k->code) {
	case KEY_ESC:
	case KEY_ENTER_:
		m->finding = false;
		return;
	case KEY_UP_:
		go(m, -1);
		return;
	case KEY_DOWN_:
		find(m, true);
		return;
	case KEY_BACKSPACE_:
		if (m->find.text.n == 0)
			m->finding = false;
		break;
	default:
		break;
	}
	if (line_edit_key(&m->find, k))
		find(m, false);
}

static bool list_key(struct chooser *m, const struct key *k)
{
	switch (k->code) {
	case KEY_UP_:
	case 'k':
		go(m, -1);
		break;
	case KEY_DOWN_:
	case 'j':
		go(m, 1);
		break;
	case KEY_PGUP:
		go(m, -m->height);
		break;
	case KEY_PGDN:
		go(m, m->height);
		break;
	case KEY_HOME_:
	case 'g':
		m->cursor = 0;
		break;
	case KEY_END_:
	case 'G':
		go(m, (int)m->t->cols.n);
		break;
	case KEY_MOUSE_:
		if (k->mouse == MOUSE_WHEEL_UP || k->mouse == MOUSE_WHEEL_DOWN)
			go(m, k->mouse == MOUSE_WHEEL_UP ? -1 : 1);
		break;
	case ' ':
	case 'x':
		toggle(at_cursor(m));
		break;
	case '<':
	case KEY_LEFT_:
		shift(m, -1);
		break;
	case '>':
	case KEY_RIGHT_:
		shift(m, 1);
		break;
	case 'n':
		if (m->find.text.n) {
			find(m, true);
			break;
		}
		return false;
	case '/':
		m->finding = true;
		line_edit_set(&m->find, "");
		break;
	case 'r':
		defaults(m);
		break;
	case 'q':
	case KEY_ESC:
		set_columns(m->t, m->before.v, m->before.n);
		return false;
	case 'y':
	case KEY_ENTER_:
		return false;
	default:
		break;
	}
	return true;
}

static bool chooser_key(struct dialog *d, struct ui *u, const struct key *k)
{
	struct chooser *m = (struct chooser *)d;

	if (m->finding) {
		find_key(m, k);
		return true;
	}
	return list_key(m, k);
}

/* ---- Drawing ---- */

/* When a column shows by itself, for those that do not. */
static void note_of(const struct table_column *tc, bool multi_ns, int width, char note[32])
{
	note[0] = '\0';
	if (tc->col->flags & COL_ALWAYS)
		snprintf(note, 32, "always");
	else if (!tc->shown || tc->width)
		return;
	else if (!tc->chosen && (tc->col->flags & COL_MULTI_NS) && !multi_ns)
		snprintf(note, 32, "from 2 namespaces");
	else if (!tc->chosen && tc->col->from > width)
		snprintf(note, 32, "from %u cells", (unsigned)tc->col->from);
	else
		snprintf(note, 32, "no room");
}

static int title_width(const struct table *t)
{
	int w = 0;

	for (size_t i = 0; i < t->cols.n; i++)
		if (text_width(name_of(t->cols.v[i].col)) > w)
			w = text_width(name_of(t->cols.v[i].col));
	return w;
}

static void draw_column(struct chooser *m, const struct screen_env *e, struct canvas *c, struct area a, int y,
			size_t at)
{
	const struct table_column *tc = &m->t->cols.v[at];
	const char *dots = e->ascii ? "~" : "…";
	int titles = title_width(m->t), x = a.x + 6, note_w;
	char note[32];
	bool here = at == m->cursor;

	note_of(tc, e->f && frame_netns_n(e->f) > 1, ui_layout(m->u).list.w, note);
	note_w = text_width(note);
	if (here)
		canvas_put(c, y, a.x, STYLE_KEY, e->ascii ? ">" : "▸", 1);
	canvas_put(c, y, a.x + 2, tc->shown ? STYLE_PLAIN : STYLE_DIM, tc->shown ? "[x]" : "[ ]", a.w - 2);
	canvas_put_cut(c, y, x,
		       here        ? STYLE_HEAD
		       : tc->shown ? STYLE_PLAIN
				   : STYLE_DIM,
		       name_of(tc->col), a.x + a.w - x, dots);
	x += titles + 2;
	if (a.w >= HELP_FROM_W)
		canvas_put_cut(c, y, x, STYLE_DIM, tc->col->help ? tc->col->help : "",
			       a.x + a.w - x - (note_w ? note_w + 1 : 0), dots);
	if (x + note_w <= a.x + a.w)
		canvas_put(c, y, a.x + a.w - note_w, STYLE_DIM, note, note_w);
	if (here)
		canvas_reverse(c, y, a.x, a.w);
}

static const char hint[] = "Space show/hide   < > move   / find   r defaults   Enter keep   Esc no";
static const char brief_hint[] = "Space  < >  /  r  Enter keep  Esc no";

static int wanted_width(const struct chooser *m)
{
	int titles = title_width(m->t), w = text_width(hint);

	for (size_t i = 0; i < m->t->cols.n; i++) {
		const char *help = m->t->cols.v[i].col->help;
		int one = 8 + titles + (help ? text_width(help) : 0);

		w = one > w ? one : w;
	}
	return w + 4;
}

static void draw_hint(struct chooser *m, const struct screen_env *e, struct canvas *c, struct area a)
{
	const char *dots = e->ascii ? "~" : "…";
	int y = a.y + a.h - 1;

	if (m->finding) {
		canvas_put(c, y, a.x, STYLE_KEY, "/", 1);
		line_edit_draw(&m->find, c, y, a.x + 2, a.w - 2);
	} else {
		canvas_put_cut(c, y, a.x, STYLE_DIM, a.w >= text_width(hint) ? hint : brief_hint, a.w, dots);
	}
}

static void chooser_draw(struct dialog *d, const struct screen_env *e, struct canvas *c)
{
	struct chooser *m = (struct chooser *)d;
	struct table *t = m->t;
	unsigned fit = 0, shown = 0;
	char title[48], right[64];
	int w = wanted_width(m), h = (int)t->cols.n + 3;
	struct area a;

	for (size_t i = 0; i < t->cols.n; i++) {
		fit += t->cols.v[i].width > 0;
		shown += t->cols.v[i].shown;
	}
	snprintf(title, sizeof(title), "Columns of %s", view_table[t->view].title);
	snprintf(right, sizeof(right), "%u of %u fit %d cells", fit, shown, ui_layout(m->u).list.w);
	w = w > c->w - 2 && c->w > 60 ? c->w - 2 : w;
	if (c->h >= SEE_BEHIND && h > c->h - 6) /* the heads of the table are what changes */
		h = c->h - 6;
	a = dialog_box(c, e, title, right, h, w);
	m->height = a.h > 1 ? a.h - 1 : 1;
	if (m->cursor < m->top)
		m->top = m->cursor;
	if (m->cursor >= m->top + (size_t)m->height)
		m->top = m->cursor - (size_t)m->height + 1;
	for (int y = 0; y < m->height && m->top + (size_t)y < t->cols.n; y++)
		draw_column(m, e, c, a, a.y + y, m->top + (size_t)y);
	if (a.h > 1)
		draw_hint(m, e, c, a);
}

static void chooser_free(struct dialog *d, struct ui *u)
{
	struct chooser *m = (struct chooser *)d;

	line_edit_done(&m->find);
	vec_done(&m->before);
	free(m);
}

static const struct dialog_ops chooser_ops = {
	.draw = chooser_draw,
	.key = chooser_key,
	.free = chooser_free,
};

struct dialog *column_menu_new(struct ui *u, struct table *t)
{
	struct chooser *m = mem_zalloc(1, sizeof(*m));

	m->base.ops = &chooser_ops;
	m->u = u;
	m->t = t;
	for (size_t i = 0; i < t->cols.n; i++)
		vec_push(&m->before, t->cols.v[i]);
	add_others(t);
	return &m->base;
}
