/* The frame around the screens: line 2, hint line, messages, and where everything stands. */
#include "marks.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include "ui_actions.h"
#include "ui_private.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Layout ---- */

static struct ui_layout layout(const struct ui *u, bool table)
{
	struct ui_layout l = {.body = {2, 0, u->h - 3, u->w}};

	l.list = l.body;
	if (!table || u->detail == DETAIL_OFF)
		return l;
	if (u->w >= DETAIL_FROM_W && u->detail == DETAIL_BESIDE) {
		int w = u->w - 85;

		w = w < 52 ? 52 : w > 72 ? 72 : w;
		l.list.w = u->w - w - 1;
		l.detail = (struct area){l.body.y, u->w - w, l.body.h, w};
	} else if (u->detail == DETAIL_BELOW && u->h >= DETAIL_FROM_H && u->w >= 60) {
		int h = l.body.h * 45 / 100;

		l.list.h = l.body.h - h - 1;
		l.detail = (struct area){l.body.y + l.body.h - h, 0, h, u->w};
	}
	return l;
}

struct ui_layout ui_layout(const struct ui *u)
{
	struct screen *top = u->stack_n ? u->stack[u->stack_n - 1] : u->views[u->view];

	return layout(u, top && screen_table(top));
}

bool ui_has_pane(const struct ui *u)
{
	return layout(u, u->views[u->view] != NULL).detail.w > 0;
}

int ui_view_number(const struct ui *u, int view)
{
	int n = 0;

	if (view < 0 || view >= VIEW_N + (int)u->opts.named_n ||
	    (view < VIEW_N && !view_table[view].dashboard))
		return 0;
	for (int i = 0; i <= view; i++)
		n += i >= VIEW_N || view_table[i].dashboard;
	return n;
}

int ui_view_by_number(const struct ui *u, int number)
{
	for (int i = 0; i < VIEWS_MAX; i++)
		if (number > 0 && ui_view_number(u, i) == number)
			return i;
	return -1;
}

enum view_id ui_view_base(const struct ui *u, int view)
{
	return (enum view_id)(view < VIEW_N ? view : u->opts.named[view - VIEW_N].view);
}

const char *ui_view_title(const struct ui *u, int view)
{
	return view < VIEW_N ? view_table[view].title : u->opts.named[view - VIEW_N].name;
}

void ui_hit(struct ui *u, int y, int x, int w, const struct binding *b)
{
	if (b)
		vec_push(&u->hits, ((struct hit){y, x, w, b}));
}

/* ---- Line 2 ---- */

/* Right end: where we are, and in a wide Ports view what else there is. */
static void status_text(struct ui *u, struct str *out)
{
	struct screen *s = ui_top(u);
	struct table *t = screen_table(s);
	char a[UNIT_BUF], b[UNIT_BUF];
	uint32_t client;

	if (!t || !u->env.f || u->w < DETAIL_FROM_W || u->view != VIEW_PORTS || *ui_filter_text(u) ||
	    t->findings_only || table_doing(t) != TABLE_NOTHING || t->order.n == 0 ||
	    t->order.n > (size_t)u->env.table_h) {
		if (s->ops->status)
			s->ops->status(s, &u->env, out);
		return;
	}
	str_putf(out, "%s %s", fmt_count(a, t->order.n),
		 t->all         ? "ports"
		 : t->listening ? "listening"
				: "listening or bound");
	client = u->env.f->totals.client_ports;
	if (client && !t->all)
		str_putf(out, "    a: %s client port%s more", fmt_count(b, client), client == 1 ? "" : "s");
	if (ui_layout(u).detail.w > 0)
		str_puts(out, "    v: detail below");
	else
		str_puts(out, "    v: detail");
}

/* The list of views from cell 1 on: long names, or numbers for all but the active one. Gives the cell after
 * it; with c == NULL only measures. */
static int draw_views(struct ui *u, struct canvas *c, bool brief)
{
	int x = 1;

	for (int i = 0; i < VIEWS_MAX; i++) {
		char text[64], action[16];
		int n = ui_view_number(u, i), w;

		if (!n)
			continue;
		if (i == u->view)
			snprintf(text, sizeof(text), "[%d %s]", n, ui_view_title(u, i));
		else if (brief)
			snprintf(text, sizeof(text), "%d", n);
		else
			snprintf(text, sizeof(text), "%d %s", n, ui_view_title(u, i));
		if (x > 1)
			x += brief ? 1 : 2;
		w = text_width(text);
		if (c) {
			canvas_put(c, 1, x, i == u->view ? STYLE_SEL : STYLE_DIM, text, c->w - x);
			snprintf(action, sizeof(action), "view_%d", n);
			ui_hit(u, 1, x, w, binding_by_action(action));
		}
		x += w;
	}
	return x;
}

/* The keys that hide rows, or add some: as long as they are in force, not only while their message stands. */
static void put_modes(const struct table *t, struct str *out)
{
	if (t->findings_only)
		str_putf(out, "%s! findings only", out->n ? "  " : "");
	if (t->listening)
		str_putf(out, "%sl %s", out->n ? "  " : "",
			 t->view == VIEW_PORTS ? "listening only" : "with listening");
	if (t->all)
		str_putf(out, "%sa with client ports", out->n ? "  " : "");
}

static void draw_line_2(struct ui *u, struct canvas *c)
{
	struct screen *s = ui_top(u);
	struct table *t = screen_table(s);
	struct str crumb = {0}, status = {0}, mid = {0}, cut = {0};
	const char *dots = u->env.ascii ? "~" : "…";
	int x, end, status_w, mid_w;
	bool brief;

	s->ops->crumb(s, &u->env, &crumb);
	status_text(u, &status);
	status_w = text_width(str_text(&status));
	if (t && t->tags.n)
		str_putf(&mid, "* %zu tagged", t->tags.n);
	if (t && u->env.mark_ns) {
		str_puts(&mid, mid.n ? "  " : "");
		marks_text(u, t, &mid);
	}
	if (t)
		put_modes(t, &mid);
	if (t && *ui_filter_text(u))
		str_putf(&mid, "%s/ %s", mid.n ? "  " : "", ui_filter_text(u));
	mid_w = text_width(str_text(&mid));
	if (crumb.n == 0) {
		int held_w = t && t->order_differs ? 6 : 0;
		int need = draw_views(u, NULL, false) + held_w + (mid_w ? mid_w + 3 : 0) + 2 + status_w + 1;

		brief = (t && *ui_filter_text(u)) || need > c->w;
		x = draw_views(u, c, brief);
		if (held_w && x + held_w < c->w) {
			canvas_put(c, 1, x + 2, STYLE_WARN, "held", 4);
			x += held_w;
		}
	} else {
		/* The end of a long path is what matters. */
		const char *p = str_text(&crumb);
		int room = c->w - 2 - (status_w ? status_w + 2 : 0);

		if (room < 10)
			room = c->w - 2;
		if (text_width(p) > room) {
			const char *sep = u->env.ascii ? " > " : " › ", *next;

			while (text_width(p) > room - 2 && (next = strstr(p, sep)) != NULL)
				p = next + strlen(sep);
			str_putf(&cut, "%s%s", dots, sep);
		}
		text_put_clip(&cut, p, room - text_width(str_text(&cut)), dots);
		x = 1 + canvas_put(c, 1, 1, STYLE_HEAD, str_text(&cut), c->w - 1);
		str_clear(&cut);
	}
	end = c->w - 1 - status_w;
	if (mid_w && x + 3 + 6 < c->w) {
		int room;

		if (end - x - 5 < 10) { /* the filter is worth more than the range */
			end = c->w - 1;
			status_w = 0;
		}
		room = end - x - 3 - (status_w ? 2 : 0);
		text_put_clip(&cut, str_text(&mid), room, dots);
		canvas_put(c, 1, x + 3, STYLE_KEY, str_text(&cut), room);
		x += 3 + text_width(str_text(&cut));
	}
	if (status_w && end >= x + 1)
		canvas_put(c, 1, end, STYLE_DIM, str_text(&status), status_w);
	str_done(&crumb);
	str_done(&status);
	str_done(&mid);
	str_done(&cut);
}

/* ---- Last line ---- */

static bool hint_here(const struct ui *u, const struct binding *b, uint8_t where)
{
	/* What would only be refused is not offered. */
	if (u->opts.read_only && (b->run == act_kill || b->run == act_close))
		return false;
	return b->hint && (b->where & where) && (!b->hint_where || (b->hint_where & where));
}

/* The keys that matter here, from the binding table; the ones with the highest order go first. */
static void draw_hints(struct ui *u, struct canvas *c)
{
	uint8_t where = screen_table(ui_top(u)) ? WHERE_TABLE : WHERE_PAGE;
	int gap = c->w >= UI_WIDE ? 3 : 2, limit = 255, x = 1, y = c->h - 1;
	struct str name = {0};

	for (;;) {
		int w = 1, highest = 0;

		for (size_t i = 0; i < binding_table_n; i++) {
			const struct binding *b = &binding_table[i];
			uint32_t codes[BINDING_KEYS_MAX];

			if (!hint_here(u, b, where) || b->hint_order > limit ||
			    !keymap_keys(u->keymap, b, codes))
				continue;
			str_clear(&name);
			key_print(codes[0], &name);
			w += (w > 1 ? gap : 0) + text_width(str_text(&name)) + 1 + text_width(b->hint);
			if (b->hint_order > highest)
				highest = b->hint_order;
		}
		if (w <= c->w || highest == 0)
			break;
		limit = highest - 1;
	}
	for (size_t i = 0; i < binding_table_n; i++) {
		const struct binding *b = &binding_table[i];
		uint32_t codes[BINDING_KEYS_MAX];
		int start = x;

		if (!hint_here(u, b, where) || b->hint_order > limit || !keymap_keys(u->keymap, b, codes))
			continue;
		str_clear(&name);
		key_print(codes[0], &name);
		x += canvas_put(c, y, x, STYLE_KEY, str_text(&name), c->w - x) + 1;
		x += canvas_put(c, y, x, STYLE_DIM, b->hint, c->w - x);
		ui_hit(u, y, start, x - start, b);
		x += gap;
	}
	str_done(&name);
}

static void draw_last_line(struct ui *u, struct canvas *c)
{
	if (u->message_until) {
		struct str cut = {0};

		text_put_clip(&cut, u->message, c->w - 2, u->env.ascii ? "~" : "…");
		canvas_put(c, c->h - 1, 1, u->message_error ? STYLE_BAD : STYLE_PLAIN, str_text(&cut),
			   c->w - 1);
		str_done(&cut);
	} else if (ui_top(u)->ops->hint) {
		canvas_put(c, c->h - 1, 1, STYLE_DIM, ui_top(u)->ops->hint, c->w - 1);
	} else {
		draw_hints(u, c);
	}
}

/* ---- The whole ---- */

struct subject ui_detail_subject(struct ui *u)
{
	struct screen *s = ui_top(u);

	if (u->detail_subject.kind == SUBJECT_NONE && s->ops->under) {
		u->detail_subject = s->ops->under(s, &u->env);
		u->detail_number = 0;
	}
	return u->detail_subject;
}

static void draw_detail(struct ui *u, struct canvas *c, const struct ui_layout *l)
{
	struct area a = l->detail;

	if (a.x > 0)
		canvas_fill(c, a.y, a.x - 1, a.h, 1, STYLE_DIM, u->env.ascii ? "|" : "│");
	else
		canvas_fill(c, a.y - 1, a.x, 1, a.w, STYLE_DIM, u->env.ascii ? "-" : "─");
	if (!u->env.f || u->detail_subject.kind == SUBJECT_NONE)
		return;
	/* A busy port has many thousands of connections to count: not for every key. */
	if ((u->detail_number != u->env.f->number || u->detail_page.width != a.w || u->env.hosts) &&
	    page_ready(&u->env, &u->detail_subject)) {
		page_clear(&u->detail_page);
		u->detail_page.width = a.w;
		page_build(&u->detail_page, &u->env, &u->detail_subject);
		u->detail_number = u->env.f->number;
	}
	page_draw(&u->detail_page, &u->env, c, a, -1);
}

/* The process that a page or the pane shows is asked for more than a table needs. */
static void describe(struct ui *u, const struct ui_layout *l)
{
	struct screen *s = ui_top(u);
	struct subject sub = {0};
	uint32_t row;

	if (l->detail.w > 0)
		sub = u->detail_subject;
	else if (s->ops->about)
		sub = s->ops->about(s);
	if (sub.kind != SUBJECT_PROC || !u->env.f || !u->host || !u->host->describe)
		return;
	row = frame_proc_by_key(u->env.f, sub.pick.pid, sub.pick.start);
	if (row != NONE && u->env.f->procs.v[row].late)
		u->host->describe(u->host->data, u->env.f->procs.v[row].late);
}

void ui_draw(struct ui *u, struct canvas *c)
{
	struct screen *s = ui_top(u);
	struct ui_layout l;

	canvas_blank(c);
	vec_clear(&u->hits);
	if (c->w != u->w || c->h != u->h)
		ui_resize(u, c->w, c->h);
	if (c->w < UI_W_MIN || c->h < UI_H_MIN) {
		canvas_put(c, 0, 0, STYLE_PLAIN, "too small", c->w);
		return;
	}
	l = ui_layout(u);
	ui_draw_header(u, c);
	draw_line_2(u, c);
	s->ops->draw(s, &u->env, c, l.list);
	if (l.detail.w > 0) {
		ui_detail_subject(u);
		draw_detail(u, c, &l);
	}
	/* What was just shown as a number is asked about. */
	for (struct late *host; u->env.hosts && (host = hosts_next(&u->hosts)) != NULL;)
		u->host->resolve(u->host->data, host);
	describe(u, &l);
	draw_last_line(u, c);
	if (u->dialog)
		u->dialog->ops->draw(u->dialog, &u->env, c);
	if (u->env.ascii)
		canvas_to_ascii(c);
}
