/* The page widget: lines of styled spans, a cursor that walks over those that can be opened, folding. */
#include "page.h"
#include "sockeye/base/text.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void page_done(struct page *p)
{
	vec_done(&p->lines);
	vec_done(&p->spans);
	vec_done(&p->toggled);
	str_done(&p->text);
}

void page_clear(struct page *p)
{
	vec_clear(&p->lines);
	vec_clear(&p->spans);
	str_clear(&p->text);
	p->section_now = 0;
}

struct line *page_line(struct page *p, char gutter)
{
	struct line *l = vec_add(&p->lines);

	*l = (struct line){.span = (uint32_t)p->spans.n, .section = p->section_now, .gutter = gutter};
	return l;
}

void page_span_max(struct page *p, int col, int max, uint8_t style, const char *safe_text)
{
	uint32_t at = (uint32_t)p->text.n;

	if (!p->lines.n)
		page_line(p, ' ');
	if (max > p->width - col)
		max = p->width - col;
	if (col < 0 || col > INT16_MAX || max <= 0 || !*safe_text)
		return;
	text_put_clip(&p->text, safe_text, max, p->ascii ? "~" : "…");
	vec_push(&p->spans,
		 ((struct span){
			 .at = at, .n = (uint32_t)p->text.n - at, .col = (int16_t)col, .style = style}));
	/* Spans are NUL-terminated so that they can be drawn where they lie. */
	str_put(&p->text, "", 1);
	p->lines.v[p->lines.n - 1].span_n++;
}

void page_span(struct page *p, int col, uint8_t style, const char *safe_text)
{
	page_span_max(p, col, p->width, style, safe_text);
}

void page_spanf(struct page *p, int col, uint8_t style, const char *fmt, ...)
{
	char buf[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	page_span(p, col, style, buf);
}

void page_span_right(struct page *p, int end, uint8_t style, const char *safe_text)
{
	int w = text_width(safe_text);

	page_span_max(p, w < end ? end - w : 0, end, style, safe_text);
}

void page_wrap(struct page *p, int col, uint8_t style, const char *text)
{
	int room = p->width - col > 4 ? p->width - col : 4;
	struct str part = {0};

	for (bool first = true; *text; first = false) {
		size_t n = strlen(text);

		str_clear(&part);
		str_puts(&part, text);
		while (text_width(str_text(&part)) > room) {
			size_t cut = n;

			while (cut > 0 && text[cut - 1] != ' ')
				cut--;
			if (cut <= 1)
				break; /* one long word: the span cuts it */
			n = cut - 1;
			str_clear(&part);
			str_put(&part, text, n);
		}
		if (!first)
			page_line(p, ' ');
		page_span(p, col, style, str_text(&part));
		text += n;
		text += strspn(text, " ");
	}
	str_done(&part);
}

int page_line_end(const struct page *p)
{
	const struct line *l = p->lines.n ? &p->lines.v[p->lines.n - 1] : NULL;
	const struct span *s;

	if (!l || !l->span_n)
		return 0;
	s = &p->spans.v[l->span + l->span_n - 1];
	return s->col + text_width(p->text.s + s->at);
}

void page_section(struct page *p)
{
	if (p->section_now < UINT8_MAX)
		p->section_now++;
}

static bool same_ident(struct ident x, struct ident y)
{
	return x.a == y.a && x.b == y.b;
}

/* The section goes into the identity: one process may stand in several. */
static struct ident line_ident(const struct page *p, uint64_t a, uint64_t b)
{
	return (struct ident){.a = a ^ ((uint64_t)(p->section_now + 1u) << 56), .b = b};
}

struct line *page_walk(struct page *p, struct subject subject, uint64_t a, uint64_t b)
{
	struct line *l = &p->lines.v[p->lines.n - 1];

	l->walk = true;
	l->subject = subject;
	l->id = line_ident(p, a, b);
	return l;
}

bool page_is_folded(const struct page *p, struct ident id, bool folded_by_default)
{
	for (size_t i = 0; i < p->toggled.n; i++)
		if (same_ident(p->toggled.v[i], id))
			return !folded_by_default;
	return folded_by_default;
}

bool page_fold(struct page *p, uint64_t a, uint64_t b, bool folded_by_default)
{
	struct line *l = page_walk(p, (struct subject){0}, a, b);

	l->foldable = true;
	l->folded = page_is_folded(p, l->id, folded_by_default);
	return l->folded;
}

static void toggle(struct page *p, struct ident id)
{
	for (size_t i = 0; i < p->toggled.n; i++) {
		if (same_ident(p->toggled.v[i], id)) {
			p->toggled.v[i] = p->toggled.v[--p->toggled.n];
			return;
		}
	}
	vec_push(&p->toggled, id);
}

/* The nearest walkable line from `at` on in this direction, else NONE. */
static uint32_t walkable(const struct page *p, int64_t at, int dir)
{
	for (; at >= 0 && at < (int64_t)p->lines.n; at += dir)
		if (p->lines.v[at].walk)
			return (uint32_t)at;
	return NONE;
}

static uint32_t put_cursor(struct page *p, uint32_t line)
{
	if (line == NONE)
		return NONE;
	p->cursor = p->lines.v[line].id;
	p->cursor_at = line;
	return line;
}

uint32_t page_cursor_line(struct page *p)
{
	uint32_t at = p->cursor_at;

	if (p->cursor.a || p->cursor.b) {
		for (uint32_t i = 0; i < p->lines.n; i++) {
			if (p->lines.v[i].walk && same_ident(p->lines.v[i].id, p->cursor)) {
				p->cursor_at = i;
				return i;
			}
		}
	}
	if (at >= p->lines.n)
		at = p->lines.n ? (uint32_t)p->lines.n - 1 : 0;
	at = walkable(p, at, 1);
	if (at == NONE)
		at = walkable(p, p->cursor_at < p->lines.n ? p->cursor_at : (int64_t)p->lines.n - 1, -1);
	return put_cursor(p, at);
}

static uint32_t max_top(const struct page *p, int height)
{
	return (int64_t)p->lines.n > height ? (uint32_t)(p->lines.n - (size_t)height) : 0;
}

/* Scrolls as little as shows the cursor; above the first stop there is only the head, so show that too. */
static void show_cursor(struct page *p, uint32_t at, int height)
{
	if (at < p->top)
		p->top = at;
	if (at >= p->top + (uint32_t)height)
		p->top = at - (uint32_t)height + 1;
	if (walkable(p, 0, 1) == at && at < (uint32_t)height)
		p->top = 0;
	if (p->top > max_top(p, height))
		p->top = max_top(p, height);
}

static void step(struct page *p, uint32_t at, int dir, int height)
{
	uint32_t next = at == NONE ? NONE : walkable(p, (int64_t)at + dir, dir);
	int64_t top = (int64_t)p->top + dir;

	/* The next stop comes when it is at most a line off the screen, so that no text is jumped over. */
	if (next != NONE && (int64_t)next >= top && next <= top + height - 1) {
		put_cursor(p, next);
		show_cursor(p, next, height);
		return;
	}
	p->top = top < 0 ? 0 : top > max_top(p, height) ? max_top(p, height) : (uint32_t)top;
	if (next != NONE && next >= p->top && next < p->top + (uint32_t)height)
		put_cursor(p, next);
}

static void scroll(struct page *p, uint32_t at, int by, int height)
{
	int64_t top = (int64_t)p->top + by;
	uint32_t next;
	bool stuck;

	top = top < 0 ? 0 : top > max_top(p, height) ? max_top(p, height) : top;
	stuck = top == p->top;
	p->top = (uint32_t)top;
	if (by > 0)
		next = stuck ? walkable(p, (int64_t)p->lines.n - 1, -1) : walkable(p, top, 1);
	else
		next = stuck ? walkable(p, 0, 1) : walkable(p, top + height - 1, -1);
	if (next != NONE && next >= p->top && next < p->top + (uint32_t)height &&
	    (at == NONE || stuck || at < p->top || at >= p->top + (uint32_t)height))
		put_cursor(p, next);
}

static void fold(struct page *p, uint32_t at, bool folded)
{
	if (at != NONE && p->lines.v[at].foldable && p->lines.v[at].folded != folded)
		toggle(p, p->lines.v[at].id);
}

void page_toggle(struct page *p)
{
	uint32_t at = page_cursor_line(p);

	if (at != NONE)
		fold(p, at, !p->lines.v[at].folded);
}

void page_move(struct page *p, enum move m, int height)
{
	uint32_t at = page_cursor_line(p);

	if (height < 1 || !p->lines.n)
		return;
	switch (m) {
	case MOVE_UP:
		step(p, at, -1, height);
		break;
	case MOVE_DOWN:
		step(p, at, 1, height);
		break;
	case MOVE_PAGE_UP:
		scroll(p, at, height > 1 ? 1 - height : -1, height);
		break;
	case MOVE_PAGE_DOWN:
		scroll(p, at, height > 1 ? height - 1 : 1, height);
		break;
	case MOVE_HALF_UP:
		scroll(p, at, -(height + 1) / 2, height);
		break;
	case MOVE_HALF_DOWN:
		scroll(p, at, (height + 1) / 2, height);
		break;
	case MOVE_FIRST:
		put_cursor(p, walkable(p, 0, 1));
		p->top = 0;
		break;
	case MOVE_LAST:
		put_cursor(p, walkable(p, (int64_t)p->lines.n - 1, -1));
		p->top = max_top(p, height);
		break;
	case MOVE_LEFT:
		fold(p, at, true);
		break;
	case MOVE_RIGHT:
		fold(p, at, false);
		break;
	}
}

void page_next_section(struct page *p, int dir, int height)
{
	uint32_t at = page_cursor_line(p), next;
	uint8_t now;

	if (at == NONE || height < 1)
		return;
	now = p->lines.v[at].section;
	next = at;
	do
		next = walkable(p, (int64_t)next + dir, dir);
	while (next != NONE && p->lines.v[next].section == now);
	if (next == NONE) /* round the end */
		next = dir > 0 ? walkable(p, 0, 1) : walkable(p, (int64_t)p->lines.n - 1, -1);
	/* Backwards it came to the last stop of that section: go to its first. */
	while (dir < 0 && next > 0) {
		uint32_t up = walkable(p, (int64_t)next - 1, -1);

		if (up == NONE || p->lines.v[up].section != p->lines.v[next].section)
			break;
		next = up;
	}
	put_cursor(p, next);
	/* The section's head comes along: the line before its first stop. */
	if (next > 0 && next - 1 < p->top)
		p->top = next - 1;
	show_cursor(p, next, height);
}

bool page_click(struct page *p, uint32_t line)
{
	if (line >= p->lines.n || !p->lines.v[line].walk)
		return false;
	put_cursor(p, line);
	return true;
}

static const char *gutter_text(const struct line *l, bool ascii, uint8_t *style)
{
	switch (l->gutter) {
	case '!':
		*style = STYLE_BAD;
		return "!";
	case '-':
		*style = STYLE_DIM;
		return "-";
	case '+':
		*style = STYLE_OK;
		return "+";
	case 'C':
		*style = STYLE_DIM;
		return ascii ? "c" : "⊂";
	default:
		*style = STYLE_PLAIN;
		return " ";
	}
}

void page_draw(const struct page *p, const struct screen_env *e, struct canvas *c, struct area a,
	       int cursor_line)
{
	for (int y = 0; y < a.h; y++) {
		uint32_t at = p->top + (uint32_t)y;
		const struct line *l;
		uint8_t style;
		const char *g;

		if (at >= p->lines.n)
			break;
		l = &p->lines.v[at];
		g = gutter_text(l, e->ascii, &style);
		canvas_put(c, a.y + y, a.x, style, g, a.w);
		if (l->foldable && l->span_n && p->spans.v[l->span].col >= 2 && p->spans.v[l->span].col < a.w)
			canvas_put(c, a.y + y, a.x + p->spans.v[l->span].col - 2, STYLE_PLAIN,
				   l->folded ? (e->ascii ? ">" : "▸") : (e->ascii ? "v" : "▾"), 1);
		for (uint32_t i = 0; i < l->span_n; i++) {
			const struct span *s = &p->spans.v[l->span + i];

			if (s->col < a.w)
				canvas_put(c, a.y + y, a.x + s->col, s->style, p->text.s + s->at,
					   a.w - s->col);
		}
		if (cursor_line >= 0 && at == (uint32_t)cursor_line)
			canvas_reverse(c, a.y + y, a.x, a.w);
	}
}
