/* The frame around the screens: header, line 2, hint line, messages, and where everything stands. */
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include "ui_private.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIDE 120 /* from here on the header uses whole words */

/* ---- Layout ---- */

struct ui_layout ui_layout(const struct ui *u)
{
	struct ui_layout l = {.body = {2, 0, u->h - 3, u->w}};
	struct screen *top = u->stack_n ? u->stack[u->stack_n - 1] : u->views[u->view];

	l.list = l.body;
	if (!top || !screen_table(top) || u->detail == DETAIL_OFF)
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

int ui_view_number(int view)
{
	int n = 0;

	for (int i = 0; i <= view && i < VIEW_N; i++)
		n += view_table[i].dashboard;
	return view >= 0 && view < VIEW_N && view_table[view].dashboard ? n : 0;
}

int ui_view_by_number(int number)
{
	for (int i = 0; i < VIEW_N; i++)
		if (ui_view_number(i) == number && view_table[i].dashboard)
			return i;
	return -1;
}

static void hit(struct ui *u, int y, int x, int w, uint32_t key)
{
	vec_push(&u->hits, ((struct hit){y, x, w, key}));
}

/* ---- Header ---- */

enum part { /* in screen order */
	    PART_NAME,
	    PART_HOST,
	    PART_USER,
	    PART_READ_ONLY,
	    PART_FINDINGS,
	    PART_LISTEN,
	    PART_ESTAB,
	    PART_CLOSE_WAIT,
	    PART_TIME_WAIT,
	    PART_UDP,
	    PART_RATES, /* from here on at the right edge */
	    PART_LOOK,
	    PART_CLOCK,
	    PART_N
};
/* What goes first when the line is narrow. Modes, findings and the interval stay. */
static const uint8_t drop_order[] = {PART_NAME,	 PART_LOOK,  PART_UDP,	PART_TIME_WAIT, PART_CLOSE_WAIT,
				     PART_RATES, PART_ESTAB, PART_HOST, PART_LISTEN};

struct part_text {
	char text[80];
	uint8_t style;
	int gap; /* blanks before it */
};

static void put_rate(char *out, size_t n, double rate, bool wide)
{
	char buf[UNIT_BUF];
	const char *s = isnan(rate) ? "" : fmt_size(buf, rate);
	size_t len = strlen(s);

	if (!wide) {
		snprintf(out, n, "%-4s", len ? s : "-");
	} else if (!len) {
		snprintf(out, n, "   -     ");
	} else if (s[len - 1] >= '0' && s[len - 1] <= '9') {
		snprintf(out, n, "%3s B/s ", s);
	} else {
		snprintf(out, n, "%3.*s %cB/s", (int)len - 1, s, s[len - 1]);
	}
}

__attribute__((format(printf, 4, 5))) static void part_set(struct part_text *p, uint8_t style, int gap,
							     const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->text, sizeof(p->text), fmt, ap);
	va_end(ap);
	p->style = style;
	p->gap = gap;
}

static void count_part(struct part_text *p, const char *name, uint32_t n, uint8_t style, bool wide)
{
	char buf[UNIT_BUF];

	part_set(p, style, wide ? 3 : 2, "%s %s", name, fmt_count(buf, n));
}

static void owner_part(const struct ui *u, struct part_text *p, bool wide)
{
	const struct frame *f = u->env.f;
	const char *user = u->opts.user_name ? u->opts.user_name : "user";
	uint32_t hidden = 0;

	if (u->opts.root) {
		if (wide)
			part_set(p, STYLE_DIM, 2, "%s", user);
		return;
	}
	for (size_t i = 0; f && i < f->ports.n; i++)
		hidden += f->ports.v[i].reason == REASON_NOT_PERMITTED && !(f->ports.v[i].flags & PORT_CLIENT) &&
			  !(f->ports.v[i].marks & MARK_CLOSED);
	if (hidden && u->w < 50)
		part_set(p, STYLE_WARN, 2, "%u hidden", hidden);
	else if (hidden)
		part_set(p, STYLE_WARN, 2, "%.24s: %u owner%s hidden", user, hidden, hidden == 1 ? "" : "s");
	else if (wide)
		part_set(p, STYLE_DIM, 2, "%.24s", user);
}

static void clock_part(const struct ui *u, struct part_text *p, bool wide)
{
	char buf[UNIT_BUF];
	uint64_t s;

	if (u->paused) {
		s = (u->env.now_ns - u->paused_ns) / NSEC_PER_SEC;
		if (s >= 3600)
			part_set(p, STYLE_WARN, 2, "PAUSED %u:%02u:%02u", (unsigned)(s / 3600),
				 (unsigned)(s / 60 % 60), (unsigned)(s % 60));
		else
			part_set(p, STYLE_WARN, 2, "PAUSED %u:%02u", (unsigned)(s / 60), (unsigned)(s % 60));
		return;
	}
	part_set(p, STYLE_PLAIN, wide ? 3 : 2, "%s", fmt_duration(buf, (double)u->interval_ns / 1e9));
}

static void header_parts(const struct ui *u, struct part_text p[PART_N], bool wide)
{
	const struct frame *f = u->env.f;
	const char *rx = u->env.ascii ? "rx " : wide ? "▼ " : "▼", *tx = u->env.ascii ? "tx " : wide ? "▲ " : "▲";
	uint32_t findings = 0;
	char a[24], b[24];

	memset(p, 0, PART_N * sizeof(p[0]));
	if (wide)
		part_set(&p[PART_NAME], STYLE_DIM, 0, "sockeye");
	part_set(&p[PART_HOST], STYLE_HEAD, wide ? 2 : 0, "%.32s", u->opts.host_name ? u->opts.host_name : "");
	owner_part(u, &p[PART_USER], wide);
	if (u->opts.read_only)
		part_set(&p[PART_READ_ONLY], STYLE_WARN, 2, "READ-ONLY");
	clock_part(u, &p[PART_CLOCK], wide);
	if (!f)
		return;
	for (size_t i = 0; i < f->findings.n; i++)
		findings += f->findings.v[i].severity >= FINDING_WARN;
	if (findings)
		part_set(&p[PART_FINDINGS], STYLE_BAD, wide ? 3 : 2, "!%u", findings);
	count_part(&p[PART_LISTEN], wide ? "listening" : "listen", f->totals.listening, STYLE_PLAIN, wide);
	if (!wide)
		p[PART_LISTEN].gap = 3;
	count_part(&p[PART_ESTAB], wide ? "established" : "estab", f->totals.states[STATE_ESTABLISHED],
		   STYLE_PLAIN, wide);
	count_part(&p[PART_CLOSE_WAIT], wide ? "close-wait" : "close-w", f->totals.states[STATE_CLOSE_WAIT],
		   f->totals.states[STATE_CLOSE_WAIT] ? STYLE_WARN : STYLE_PLAIN, wide);
	count_part(&p[PART_TIME_WAIT], wide ? "time-wait" : "time-w", f->totals.states[STATE_TIME_WAIT],
		   STYLE_PLAIN, wide);
	count_part(&p[PART_UDP], "udp", f->totals.unconn_udp, STYLE_PLAIN, wide);
	if (u->paused)
		return;
	put_rate(a, sizeof(a), f->totals.rx_rate, wide);
	put_rate(b, sizeof(b), f->totals.tx_rate, wide);
	part_set(&p[PART_RATES], STYLE_INFO, wide ? 3 : 2, wide ? "%s%s  %s%s" : "%s%s %s%s", rx, a, tx, b);
	/* A look that takes a good part of the interval explains a slow screen. */
	if (f->took_ns > u->interval_ns / 4 && f->took_ns > 100 * NSEC_PER_MS)
		part_set(&p[PART_LOOK], STYLE_WARN, 2, "look %llu ms", (unsigned long long)(f->took_ns / NSEC_PER_MS));
}

static int parts_width(const struct part_text p[PART_N])
{
	int w = 2; /* the margins */

	for (int i = 0; i < PART_N; i++)
		if (p[i].text[0])
			w += (w > 2 ? p[i].gap : 0) + text_width(p[i].text);
	return w;
}

/* The parts that fit this width. */
static void header_fit(const struct ui *u, struct part_text p[PART_N])
{
	bool wide = u->w >= WIDE;

	header_parts(u, p, wide);
	if (wide && parts_width(p) > u->w)
		header_parts(u, p, false);
	for (size_t i = 0; i < ARRAY_LEN(drop_order) && parts_width(p) > u->w; i++)
		p[drop_order[i]].text[0] = '\0';
	if (parts_width(p) > u->w && u->opts.read_only)
		snprintf(p[PART_READ_ONLY].text, sizeof(p->text), "RO");
}

bool ui_shows_estab(const struct ui *u)
{
	struct part_text p[PART_N];

	if (!u->env.f) /* not drawn yet: by the width alone */
		return u->w == 0 || u->w >= 40;
	header_fit(u, p);
	return p[PART_ESTAB].text[0] || p[PART_RATES].text[0];
}

static void draw_header(struct ui *u, struct canvas *c)
{
	struct part_text p[PART_N];
	int x = 1, right = 0;

	header_fit(u, p);
	for (int i = PART_RATES; i < PART_N; i++)
		if (p[i].text[0])
			right += (right ? p[i].gap : 0) + text_width(p[i].text);
	for (int i = 0; i < PART_N; i++) {
		int used;

		if (!p[i].text[0])
			continue;
		if (i >= PART_RATES && right > 0) {
			if (c->w - 1 - right > x)
				x = c->w - 1 - right;
			right = 0;
		} else if (x > 1) {
			x += p[i].gap;
		}
		used = canvas_put(c, 0, x, p[i].style, p[i].text, c->w - 1 - x);
		if (i == PART_FINDINGS)
			hit(u, 0, x, used, '!');
		x += used;
	}
}

/* ---- Line 2 ---- */

/* Right end: where we are, and in a wide Ports view what else there is. */
static void status_text(struct ui *u, struct str *out)
{
	struct screen *s = ui_top(u);
	struct table *t = screen_table(s);
	char a[UNIT_BUF], b[UNIT_BUF];
	uint32_t client = 0;

	if (!t || !u->env.f || u->w < DETAIL_FROM_W || u->view != VIEW_PORTS || *ui_filter_text(u) ||
	    t->findings_only || t->order.n == 0 || t->order.n > (size_t)u->env.table_h) {
		if (s->ops->status)
			s->ops->status(s, &u->env, out);
		return;
	}
	for (size_t i = 0; i < u->env.f->ports.n; i++)
		client += u->env.f->ports.v[i].flags & PORT_CLIENT ? 1 : 0;
	str_putf(out, "%s %s", fmt_count(a, t->order.n),
		 t->all	      ? "ports"
		 : t->listening ? "listening"
				: "listening or bound");
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

	for (int i = 0; i < VIEW_N; i++) {
		char text[64];
		int n = ui_view_number(i), w;

		if (!n)
			continue;
		if (i == u->view)
			snprintf(text, sizeof(text), "[%d %s]", n, view_table[i].title);
		else if (brief)
			snprintf(text, sizeof(text), "%d", n);
		else
			snprintf(text, sizeof(text), "%d %s", n, view_table[i].title);
		if (x > 1)
			x += brief ? 1 : 2;
		w = text_width(text);
		if (c) {
			canvas_put(c, 1, x, i == u->view ? STYLE_SEL : STYLE_DIM, text, c->w - x);
			hit(u, 1, x, w, (uint32_t)('0' + n));
		}
		x += w;
	}
	return x;
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
	if (t && t->findings_only)
		str_putf(&mid, "%s! findings only", mid.n ? "  " : "");
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

static bool hint_here(const struct binding *b, uint8_t where)
{
	return b->hint && (b->where & where) && (!b->hint_where || (b->hint_where & where));
}

/* The keys that matter here, from the binding table; the ones with the highest order go first. */
static void draw_hints(struct ui *u, struct canvas *c)
{
	uint8_t where = screen_table(ui_top(u)) ? WHERE_TABLE : WHERE_PAGE;
	int gap = c->w >= WIDE ? 3 : 2, limit = 255, x = 1, y = c->h - 1;
	struct str name = {0};

	for (;;) {
		int w = 1, highest = 0;

		for (size_t i = 0; i < binding_table_n; i++) {
			const struct binding *b = &binding_table[i];
			uint32_t codes[BINDING_KEYS_MAX];

			if (!hint_here(b, where) || b->hint_order > limit || !binding_keys(b, codes))
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

		if (!hint_here(b, where) || b->hint_order > limit || !binding_keys(b, codes))
			continue;
		str_clear(&name);
		key_print(codes[0], &name);
		x += canvas_put(c, y, x, STYLE_KEY, str_text(&name), c->w - x) + 1;
		x += canvas_put(c, y, x, STYLE_DIM, b->hint, c->w - x);
		hit(u, y, start, x - start, codes[0]);
		x += gap;
	}
	str_done(&name);
}

static void draw_last_line(struct ui *u, struct canvas *c)
{
	if (u->message_until) {
		struct str cut = {0};

		text_put_clip(&cut, u->message, c->w - 2, u->env.ascii ? "~" : "…");
		canvas_put(c, c->h - 1, 1, u->message_error ? STYLE_BAD : STYLE_PLAIN, str_text(&cut), c->w - 1);
		str_done(&cut);
	} else if (ui_top(u)->ops->hint) {
		canvas_put(c, c->h - 1, 1, STYLE_DIM, ui_top(u)->ops->hint, c->w - 1);
	} else {
		draw_hints(u, c);
	}
}

/* ---- The whole ---- */

static void draw_detail(struct ui *u, struct canvas *c, const struct ui_layout *l)
{
	struct area a = l->detail;

	if (a.x > 0)
		canvas_fill(c, a.y, a.x - 1, a.h, 1, STYLE_DIM, u->env.ascii ? "|" : "│");
	else
		canvas_fill(c, a.y - 1, a.x, 1, a.w, STYLE_DIM, u->env.ascii ? "-" : "─");
	if (!u->env.f || u->detail_subject.kind == SUBJECT_NONE)
		return;
	page_clear(&u->detail_page);
	u->detail_page.width = a.w;
	page_build(&u->detail_page, &u->env, &u->detail_subject);
	page_draw(&u->detail_page, &u->env, c, a, -1);
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
	draw_header(u, c);
	draw_line_2(u, c);
	s->ops->draw(s, &u->env, c, l.list);
	if (l.detail.w > 0) {
		if (u->detail_subject.kind == SUBJECT_NONE && s->ops->under)
			u->detail_subject = s->ops->under(s, &u->env);
		draw_detail(u, c, &l);
	}
	draw_last_line(u, c);
	if (u->dialog)
		u->dialog->ops->draw(u->dialog, &u->env, c);
}
