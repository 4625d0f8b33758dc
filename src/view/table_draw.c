/* Drawing a table: heads with the sort mark, gutter, cells, selection bar, and what an empty table says.
 * Apart from the screen's behaviour so that each of the two stays easy to read. */
#include "table_draw.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define GUTTER 2
#define INDENT 2 /* of rows below a head */

static bool is_key(const struct column *col, const char *key)
{
	return !strcmp(col->key, key);
}

/* rx+tx is one sort order, shown by a mark on both columns. */
static bool sorts(const struct table *t, const struct column *col)
{
	const struct column *by = t->sort_n ? t->sort[0].col : NULL;

	if (!by)
		return false;
	return by == col || (is_key(by, "rate") && (is_key(col, "rx_rate") || is_key(col, "tx_rate")));
}

static bool right_aligned(const struct column *col)
{
	return (col->flags & COL_RIGHT) != 0;
}

static void draw_head(const struct table *t, const struct table_column *tc, const struct screen_env *e,
		      struct canvas *c, int y, int x, int end)
{
	const struct column *col = tc->col;
	bool sorted = sorts(t, col);
	const char *mark = !sorted           ? ""
			   : e->ascii        ? (t->sort[0].desc ? "v" : "^")
			   : t->sort[0].desc ? "▾"
					     : "▴";
	struct str s = {0};
	int width = tc->width, used;

	text_put_clip(&s, col->title ? col->title : "", width, e->ascii ? "~" : "…");
	str_puts(&s, mark);
	used = text_width(str_text(&s));
	/* The mark may stand in the gap after the column, so that the title stays over its cells. */
	if (x + used > end)
		used = end - x;
	if (right_aligned(col) && used < width)
		x += width - used;
	canvas_put(c, y, x, sorted ? STYLE_SORT : STYLE_HEAD, str_text(&s), used);
	str_done(&s);
}

struct row_look { /* what concerns a row as a whole */
	const char *gutter;
	uint8_t gutter_style;
	uint8_t style; /* of all its cells, when not PLAIN */
};

static struct row_look look_of_head(const struct table_group *g, uint64_t mark_ns)
{
	if (g->all_closed)
		return (struct row_look){"-", STYLE_BAD, STYLE_DIM};
	if (g->all_new)
		return (struct row_look){"+", STYLE_OK, STYLE_OK};
	if (mark_ns && g->opened_ns > mark_ns)
		return (struct row_look){"+", STYLE_OK, STYLE_PLAIN};
	if (g->finding)
		return (struct row_look){"!", STYLE_BAD, STYLE_PLAIN};
	return (struct row_look){" ", STYLE_PLAIN, STYLE_PLAIN};
}

static struct row_look look_of(const struct table *t, uint32_t row, const struct screen_env *e)
{
	const struct frame *f = t->f;
	struct row_look l = {" ", STYLE_PLAIN, STYLE_PLAIN};
	struct row_facts r = row_facts(t->rows_kind, f, row);

	if (r.marks & MARK_CLOSED)
		l = (struct row_look){"-", STYLE_BAD, STYLE_DIM};
	else if (r.marks & MARK_NEW)
		l = (struct row_look){"+", STYLE_OK, STYLE_OK};
	else if (e->mark_ns && row_opened_ns(&r) > e->mark_ns)
		l = (struct row_look){"+", STYLE_OK, STYLE_PLAIN};
	else if (r.findings)
		l = (struct row_look){"!", STYLE_BAD, STYLE_PLAIN};
	/* Where all rows are in one namespace (-N), line 1 says which. */
	if (l.gutter[0] == ' ' && r.netns >= 0 && (size_t)r.netns < f->netns.n && !f->netns.v[r.netns].own &&
	    frame_netns_n(f) > 1)
		l = (struct row_look){e->ascii ? "c" : "⊂", STYLE_DIM, STYLE_DIM};
	return l;
}

void table_view_done(struct table_view *v)
{
	map_done(&v->now);
	map_done(&v->before);
	str_done(&v->nearest);
	str_done(&v->asked);
	filter_values_done(&v->looking);
}

/* The cells of the last frame become those before; drawing one frame twice changes nothing. */
static void turn_memory(struct table_view *v)
{
	struct map old = v->before;

	if (v->t->f->number == v->now_frame)
		return;
	v->before = v->now;
	v->now = old;
	map_clear(&v->now);
	v->now_frame = v->t->f->number;
}

/* Does this cell show something else than in the frame before? Durations always do, and graphs: not told. */
static bool cell_changed(struct table_view *v, struct ident id, const struct column *col, const char *text)
{
	uint64_t hash = UINT64_C(14695981039346656037);
	uint64_t a = id.a ^ (uint64_t)(uintptr_t)col;
	uint32_t was;

	if (col->kind == KIND_DURATION || is_key(col, "activity"))
		return false;
	for (const char *p = text; *p; p++)
		hash = (hash ^ (unsigned char)*p) * UINT64_C(1099511628211);
	hash = (hash ^ hash >> 32) & 0x7fffffff;
	was = map_get(&v->before, a, id.b);
	*map_at(&v->now, a, id.b) = (uint32_t)hash;
	return was != MAP_NONE && was != (uint32_t)hash;
}

/* What the group is called, over the columns up to the first number. Gives the cell behind it. */
static int draw_head_text(struct table_view *v, const struct ctx *ctx, const struct table_group *g,
			  uint8_t style, struct canvas *c, struct area a, int y)
{
	int x = a.x + GUTTER, end = x;
	struct str text = {0}, cut = {0};

	for (size_t i = 0; i < v->t->cols.n; i++) {
		const struct table_column *tc = &v->t->cols.v[i];

		if (tc->width == 0)
			continue;
		if (end > x && (tc->col->flags & COL_SUM))
			break;
		end += tc->width + 1;
	}
	table_head_text(v->t, ctx, g, &text);
	text_put_clip(&cut, str_text(&text), end - x - 1, ctx->ascii ? "~" : "…");
	x += canvas_put(c, y, x, style == STYLE_PLAIN ? STYLE_HEAD : style, str_text(&cut), a.x + a.w - x);
	str_done(&text);
	str_done(&cut);
	return x;
}

static void draw_row(struct table_view *v, const struct ctx *ctx, const struct screen_env *e,
		     struct canvas *c, struct area a, int y, uint32_t at)
{
	const struct table *t = v->t;
	const struct table_group *head = table_head(t, at);
	struct row_look look = head ? look_of_head(head, e->mark_ns) : look_of(t, t->order.v[at], e);
	struct ident id = table_ident(t, at);
	struct str text = {0};
	int x = a.x + GUTTER, indent = table_nested(t, at) ? INDENT : 0, covered = 0;

	canvas_put(c, y, a.x, look.gutter_style, look.gutter, 1);
	if (table_tagged(t, id))
		canvas_put(c, y, a.x + 1, STYLE_KEY, "*", 1);
	if (head)
		covered = draw_head_text(v, ctx, head, look.style, c, a, y);
	for (size_t i = 0; i < t->cols.n; i++) {
		const struct table_column *tc = &t->cols.v[i];
		uint8_t style = STYLE_PLAIN;
		int used, start = x;

		if (tc->width == 0)
			continue;
		if (head && x <= covered) {
			x += tc->width + 1;
			continue;
		}
		str_clear(&text);
		if (indent >= tc->width || right_aligned(tc->col))
			indent = 0;
		table_cell(t, ctx, at, tc->col, (unsigned)(tc->width - indent), &text, &style);
		start += indent;
		indent = 0;
		if (look.style != STYLE_PLAIN)
			style = look.style;
		else if (cell_changed(v, id, tc->col, str_text(&text)) && style == STYLE_PLAIN)
			style = STYLE_CHANGED;
		used = text_width(str_text(&text));
		if (right_aligned(tc->col) && used < tc->width)
			start = x + tc->width - used;
		canvas_put(c, y, start, style, str_text(&text), a.x + a.w - start);
		x += tc->width + 1;
	}
	if (t->cursor_valid && at == t->cursor)
		canvas_reverse(c, y, a.x, a.w);
	str_done(&text);
}

uint32_t table_asked_port(const char *text)
{
	unsigned long port;
	char *end;

	text += text[0] == ':' ? 1 : !strncmp(text, "port=", 5) ? 5 : 0;
	if (!*text || strspn(text, "0123456789") != strlen(text))
		return 0;
	port = strtoul(text, &end, 10);
	return port <= 65535 ? (uint32_t)port : 0;
}

/* Outgoing connections and time-wait rows count as well: "nothing" is a strong word. */
static bool port_is_used(const struct frame *f, uint32_t port)
{
	for (size_t i = 0; i < f->ports.n; i++)
		if (f->ports.v[i].port == port)
			return true;
	for (size_t i = 0; i < f->rows_n; i++)
		if (frame_sock(f, i)->lport == port)
			return true;
	return false;
}

/* Was everything asked for that can hold a TCP or UDP port, and answered? */
static bool sees_all_ports(const struct frame *f)
{
	static const char *const whats[] = {"tcp", "udp", "bound", "netns", "sock_diag"};
	const uint32_t protos = 1u << PROTO_TCP | 1u << PROTO_UDP;

	if ((f->want.protos & protos) != protos || (f->want.states & STATES_ALL) != STATES_ALL)
		return false;
	for (size_t i = 0; i < f->limits.n; i++)
		for (size_t k = 0; k < ARRAY_LEN(whats); k++)
			if (!strcmp(f->limits.v[i].what, whats[k]))
				return false;
	for (size_t i = 0; i < f->netns.n; i++)
		if (f->netns.v[i].unread)
			return false;
	return true;
}

#define NEAREST_MAX 500

/* The value nearest to the one that found nothing, of the last term that asks for one, and how many rows have it:
 * "nginx (988)". A word alone is taken for a process. */
static void look_for_nearest(struct table_view *v, const struct frame *f, const char *text)
{
	const char *word = strrchr(text, ' '), *eq;
	char field[32] = "process";

	word = word ? word + 1 : text;
	eq = strchr(word, '=');
	if (eq && eq > word && (size_t)(eq - word) < sizeof(field)) {
		snprintf(field, sizeof(field), "%.*s", (int)(eq - word), word);
		word = eq + 1;
	}
	str_clear(&v->asked);
	str_puts(&v->asked, word);
	if (*word && !word[strcspn(word, "=<>~!\"()@:,")])
		filter_values_begin(&v->looking, v->t, f, field, "", NEAREST_MAX);
}

/* A number that other rows have, or two terms that no socket satisfies both: what was meant. */
static bool put_either(const struct table *t, const struct screen_env *e, struct str *out)
{
	struct str why = {0}, either = {0};
	enum row_kind has;
	const char *field = filter_missing_number(t->filter, t->rows_kind, &has);
	bool clash = !field && filter_clash(t->filter, &why, &either);

	if (field)
		str_putf(out, "%s has %s   ", view_table[view_of_rows(has)].title, field);
	if (clash) {
		str_puts(out, "for either: ");
		text_put_cell(out, str_text(&either), either.n, e->ascii, 64);
		str_puts(out, "   ");
	}
	str_done(&why);
	str_done(&either);
	return clash || field;
}

static void put_nearest(struct table_view *v)
{
	const char *names[NEAREST_MAX], *word = str_text(&v->asked);
	char n[UNIT_BUF];
	int at;

	for (size_t i = 0; i < v->looking.v.n; i++)
		names[i] = v->looking.v.v[i].text;
	at = text_nearest(word, names, v->looking.v.n);
	if (at >= 0 && strcasecmp(word, names[at]) != 0) {
		str_puts(&v->nearest, "nearest: ");
		text_put_cell(&v->nearest, names[at], strlen(names[at]), v->ascii, 64);
		str_putf(&v->nearest, " (%s)   ", fmt_count(n, v->looking.v.v[at].rows));
	}
	filter_values_forget(&v->looking);
}

bool table_view_work(struct table_view *v, const struct slice *slice)
{
	if (!filter_values_step(&v->looking, slice))
		return false;
	if (v->looking.v.n)
		put_nearest(v);
	return true;
}

/* Looked for once for a frame and filter: an empty table is drawn at every key. */
static void look_around(struct table_view *v, const struct screen_env *e, const char *text)
{
	uint64_t hash = e->f->number;
	uint32_t port = table_asked_port(text);

	for (const char *p = text; *p; p++)
		hash = (hash ^ (unsigned char)*p) * UINT64_C(1099511628211);
	if (hash == v->nearest_of)
		return;
	v->nearest_of = hash;
	v->ascii = e->ascii;
	str_clear(&v->nearest);
	filter_values_forget(&v->looking);
	v->port_used = port && port_is_used(e->f, port);
	if (port && !v->port_used)
		return;
	if (put_either(v->t, e, &v->nearest))
		return;
	look_for_nearest(v, e->f, text);
	table_view_work(v, &e->slice);
}

static void put_last_holder(const struct screen_env *e, uint32_t port, struct str *out)
{
	const struct frame_freed *last = frame_last_holder(e->f, port);
	char ago[UNIT_BUF];
	const char *comm;

	if (!last)
		return;
	fmt_duration(ago, frame_age_s(e->f, last->closed_ns));
	if (last->pid) {
		comm = intern_get(e->f->names, last->comm);
		str_puts(out, "Last: ");
		text_put_cell(out, comm, strlen(comm), e->ascii, 64);
		str_putf(out, " %u, %s ago   ", last->pid, ago);
	} else {
		str_putf(out, "Last held %s ago   ", ago);
	}
}

static void no_match_text(struct table_view *v, const struct screen_env *e, struct str *plain,
			  struct str *dim)
{
	const struct table *t = v->t;
	const char *text = filter_text(t->filter);
	uint32_t port = table_asked_port(text);
	char n[UNIT_BUF];

	look_around(v, e, text);
	if (port && !v->port_used) {
		str_putf(plain, "Nothing holds %u.", port);
		if (sees_all_ports(e->f))
			str_puts(dim, "It is free for tcp and udp.   ");
		put_last_holder(e, port, dim);
	} else {
		str_puts(plain, "No row matches");
		str_putf(dim, "%s   %s", text,
			 table_leaves_out(t) ? "l adds listening and bound   " : str_text(&v->nearest));
	}
	str_putf(dim, "Esc shows all %s", fmt_count(n, t->total));
}

/* An empty table says why it is empty, and what shows more. */
static bool is_missing(const struct frame *f, const char *proto)
{
	for (size_t i = 0; i < f->limits.n; i++)
		if (!strcmp(f->limits.v[i].what, proto) && !strcmp(f->limits.v[i].reason, "not-supported"))
			return true;
	return false;
}

/* Protocols that the filter asks for and the kernel does not list, when it asks for no others. */
static bool missing_text(const struct table *t, const struct screen_env *e, struct str *plain)
{
	uint32_t protos = table_protos(t);
	struct str names = {0};
	bool all = protos != 0;

	for (int i = 0; i < PROTO_N && all; i++) {
		if (!(protos & PROTO_BIT(i)))
			continue;
		all = is_missing(e->f, proto_table[i].name);
		str_putf(&names, "%s%s", names.n ? " or " : "", proto_table[i].title);
	}
	/* SCTP always comes with what lists it; of the others there may be some that nobody can list. */
	if (all)
		str_putf(plain, "This kernel %s no %s sockets (protocol not supported). Nothing to show.",
			 protos == PROTO_BIT(PROTO_SCTP) ? "has" : "lists", str_text(&names));
	str_done(&names);
	return all;
}

/* Of processes: are there none, or may they not be seen? */
static void hidden_text(const struct screen_env *e, struct str *plain, struct str *dim)
{
	uint32_t hidden = 0;
	char n[UNIT_BUF];

	for (uint32_t i = 0; i < e->f->open_rows; i++)
		hidden += frame_row(e->f, i)->reason == REASON_NOT_PERMITTED;
	if (!hidden) {
		str_puts(plain, "No process has a socket.");
		return;
	}
	str_putf(plain, "Owners of %s socket%s are hidden: not yours.", fmt_count(n, hidden),
		 hidden == 1 ? "" : "s");
	str_puts(dim, "sudo?");
}

static void empty_text(struct table_view *v, const struct screen_env *e, struct str *plain, struct str *dim)
{
	const struct table *t = v->t;

	if (!table_shows(t, e->f)) {
		str_puts(plain, e->ascii ? "Looking..." : "Looking…");
	} else if (!filter_empty(t->filter) && missing_text(t, e, plain)) {
		str_puts(dim, "Esc shows all");
	} else if (!filter_empty(t->filter)) {
		no_match_text(v, e, plain, dim);
	} else if (t->findings_only) {
		str_puts(plain, "No findings.");
		str_puts(dim, "! shows all rows");
	} else if (t->view == VIEW_PORTS) {
		str_puts(plain, t->listening ? "Nothing listens here." : "No port is in use here.");
		str_puts(dim, t->all ? "" : "a shows ports of outgoing connections too");
	} else if (t->view == VIEW_CONNECTIONS) {
		str_puts(plain, "No connections.");
		str_puts(dim, t->listening ? "" : "l shows listening and bound sockets too");
	} else {
		hidden_text(e, plain, dim);
	}
}

static void draw_empty(struct table_view *v, const struct screen_env *e, struct canvas *c, struct area a)
{
	struct str plain = {0}, dim = {0}, cut = {0};
	int w1, w2, x, y = a.y + (a.h - 1) / 2;

	empty_text(v, e, &plain, &dim);
	w1 = text_width(str_text(&plain));
	w2 = text_width(str_text(&dim));
	if (w2 && w1 + 3 + w2 <= a.w - 2) {
		x = a.x + (a.w - w1 - 3 - w2) / 2;
		canvas_put(c, y, x, STYLE_PLAIN, str_text(&plain), a.w);
		canvas_put(c, y, x + w1 + 3, STYLE_DIM, str_text(&dim), a.w);
	} else {
		text_put_clip(&cut, str_text(&plain), a.w - 1, e->ascii ? "~" : "…");
		canvas_put(c, y, a.x + 1 + (a.w - 1 - text_width(str_text(&cut))) / 2, STYLE_PLAIN,
			   str_text(&cut), a.w - 1);
		str_clear(&cut);
		text_put_clip(&cut, str_text(&dim), a.w - 1, e->ascii ? "~" : "…");
		if (y + 1 < a.y + a.h)
			canvas_put(c, y + 1, a.x + 1 + (a.w - 1 - text_width(str_text(&cut))) / 2, STYLE_DIM,
				   str_text(&cut), a.w - 1);
	}
	str_done(&plain);
	str_done(&dim);
	str_done(&cut);
}

/* Raw numbers and whole addresses take the room they take: what then has none is a column further on. */
static void measure(struct table_view *v, const struct screen_env *e, int height)
{
	struct table *t = v->t;
	struct ctx ctx = table_ctx(t);
	struct str cell = {0};
	uint8_t style;

	ctx.ascii = e->ascii;
	ctx.raw_numbers = e->raw_numbers;
	for (size_t i = 0; i < t->cols.n; i++) {
		struct table_column *tc = &t->cols.v[i];

		tc->need = 0;
		if (!e->raw_numbers || !tc->shown || !table_shows(t, e->f) || tc->col->kind == KIND_TEXT ||
		    tc->col->kind == KIND_WORD)
			continue;
		for (size_t line = t->top; line < t->order.n && line < t->top + (size_t)height; line++) {
			int width;

			if (table_head(t, line))
				continue;
			str_clear(&cell);
			column_cell(tc->col, &ctx, t->order.v[line], &cell, &style);
			width = text_width(str_text(&cell));
			if (width > tc->need)
				tc->need = (uint16_t)width;
		}
	}
	str_done(&cell);
}

/* Columns scrolled away leave their room to the ones that found none; the ones that are always there stay. */
static void layout(struct table_view *v, unsigned width, bool multi_ns)
{
	struct table *t = v->t;
	unsigned skip = v->skip;
	bool shown[128];

	for (size_t i = 0; i < t->cols.n && i < 128; i++) {
		shown[i] = t->cols.v[i].shown;
		if (skip > 0 && shown[i] && !(t->cols.v[i].col->flags & COL_ALWAYS)) {
			t->cols.v[i].shown = false;
			skip--;
		}
	}
	v->hidden = table_layout(t, width, multi_ns);
	for (size_t i = 0; i < t->cols.n && i < 128; i++)
		t->cols.v[i].shown = shown[i];
}

void table_draw(struct table_view *v, const struct screen_env *e, struct canvas *c, struct area a)
{
	struct table *t = v->t;
	struct ctx ctx;
	int x = a.x + GUTTER;

	measure(v, e, a.h);
	layout(v, a.w > GUTTER ? (unsigned)(a.w - GUTTER) : 0, e->f && frame_netns_n(e->f) > 1);
	for (size_t i = 0; i < t->cols.n; i++) {
		if (t->cols.v[i].width == 0)
			continue;
		draw_head(t, &t->cols.v[i], e, c, a.y, x, a.x + a.w);
		x += t->cols.v[i].width + 1;
	}
	a.y++;
	a.h--;
	if (!table_shows(t, e->f) || t->order.n == 0) {
		draw_empty(v, e, c, a);
		return;
	}
	turn_memory(v);
	ctx = table_ctx(t);
	ctx.ascii = e->ascii;
	ctx.raw_numbers = e->raw_numbers;
	ctx.hosts = e->hosts;
	ctx.own_row = e->own_row;
	for (int i = 0; i < a.h && t->top + (uint32_t)i < t->order.n; i++)
		draw_row(v, &ctx, e, c, a, a.y + i, t->top + (uint32_t)i);
}

const struct column *table_head_at(const struct table_view *v, int x)
{
	int at = GUTTER;

	for (size_t i = 0; i < v->t->cols.n; i++) {
		int w = v->t->cols.v[i].width;

		if (w == 0)
			continue;
		if (x >= at && x <= at + w)
			return v->t->cols.v[i].col;
		at += w + 1;
	}
	return NULL;
}
