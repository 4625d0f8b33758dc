/* A page as a screen of the ui's stack: keeps its subject by identity, builds its lines anew each frame. */
#include "page.h"
#include "page_parts.h"
#include "port_conns.h"
#include "proc_conns.h"
#include "sockeye/base/mem.h"
#include "sockeye/base/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Beyond that numbers stand too far from what they belong to. */
#define WIDTH_MAX 120

struct page_screen {
	struct screen screen;
	struct page page;
	struct subject about;
	char *parent; /* owned */
	struct str name; /* as known last: the subject may go */
	struct area area; /* drawn last */
	bool raw, dirty; /* numbers as built last; a fold was toggled */
	struct page_why why;
	bool walked; /* the user put the cursor where it is */
	bool member; /* of a port: it was seen with a row of its own, not as one of outgoing connections */
};

void page_build(struct page *p, const struct screen_env *e, const struct subject *about)
{
	struct pick pick = about->pick;

	pick_settle(e->f, &pick);
	page_clear(p);
	p->ascii = e->ascii;
	switch (about->kind) {
	case SUBJECT_PORT:
		page_build_port(p, e, &pick);
		break;
	case SUBJECT_PROC:
		page_build_process(p, e, &pick);
		break;
	case SUBJECT_SOCK:
		page_build_connection(p, e, &pick);
		break;
	case SUBJECT_WHY:
		page_build_why(p, e, &pick);
		break;
	}
}

bool page_ready(const struct screen_env *e, const struct subject *about)
{
	struct pick pick = about->pick;
	uint32_t row;

	if (about->kind == SUBJECT_PROC && e->proc_conns) {
		row = frame_proc_by_key(e->f, pick.pid, pick.start);
		if (row == NONE)
			return true;
		if (!proc_conns_of(e->proc_conns, e->f, row))
			proc_conns_begin(e->proc_conns, e->f, row);
		return proc_conns_step(e->proc_conns, &e->slice);
	}
	if (about->kind != SUBJECT_PORT || !e->conns)
		return true;
	pick_settle(e->f, &pick);
	row = frame_port_by_key(e->f, pick.netns, pick.proto, pick.port);
	if (row == NONE)
		return true;
	if (!port_conns_of(e->conns, e->f, row))
		port_conns_begin(e->conns, e->f, row);
	return port_conns_step(e->conns, &e->slice);
}

static void learn_name(struct page_screen *s, const struct screen_env *e)
{
	const struct pick *pick = &s->about.pick;
	struct build b;
	uint32_t row;

	if (!e->f)
		return;
	b = page_begin(&s->page, e);
	switch (s->about.kind) {
	case SUBJECT_PORT:
		str_clear(&s->name);
		str_putf(&s->name, "%u/%s", pick->port, proto_table[pick->proto].name);
		break;
	case SUBJECT_WHY:
		str_clear(&s->name);
		str_putf(&s->name, "why not %u%s%s", pick->port, s->why.q.proto < 0 ? "" : "/",
			 s->why.q.proto < 0 ? "" : proto_table[s->why.q.proto].name);
		break;
	case SUBJECT_PROC:
		row = frame_proc_by_key(e->f, pick->pid, pick->start);
		if (row == NONE)
			break;
		str_clear(&s->name);
		page_put_proc(&b, row, true, &s->name);
		break;
	case SUBJECT_SOCK:
		row = frame_row_by_cookie(e->f, pick->netns, pick->cookie);
		if (row == NONE)
			break;
		str_clear(&s->name);
		str_putf(&s->name, "%s ", proto_table[frame_sock(e->f, row)->proto].name);
		page_put_end(&b, row, false, &s->name);
		if (frame_sock(e->f, row)->rport ||
		    (frame_sock(e->f, row)->family > FAMILY_IPV6 && frame_row(e->f, row)->peer != NONE)) {
			str_puts(&s->name, frame_row(e->f, row)->dir == DIR_IN ? (e->ascii ? " < " : " ← ")
									       : (e->ascii ? " > " : " → "));
			page_put_end(&b, row, true, &s->name);
		}
		break;
	}
}

/* One of a port that has a row anyway asks for no others. */
static void learn_port(struct page_screen *s, const struct frame *f)
{
	uint32_t row;

	if (s->about.kind != SUBJECT_PORT || s->member)
		return;
	row = frame_port_by_key(f, s->about.pick.netns, s->about.pick.proto, s->about.pick.port);
	s->member = row != NONE && !(f->ports.v[row].flags & PORT_CLIENT);
}

static void screen_rebuild(struct page_screen *s, const struct screen_env *e)
{
	if (!e->f)
		return;
	if (!s->page.width)
		s->page.width = 80;
	pick_settle(e->f, &s->about.pick);
	learn_port(s, e->f);
	if (s->page.lines.n && !page_ready(e, &s->about))
		return; /* dirty, if it was, until it is */
	page_build(&s->page, e, &s->about);
	s->raw = e->raw_numbers;
	s->dirty = false;
	learn_name(s, e);
	page_cursor_line(&s->page);
}

static int height_of(const struct page_screen *s, const struct screen_env *e)
{
	return s->area.h > 0 ? s->area.h : e->table_h > 0 ? e->table_h : 1;
}

static void page_crumb(const struct screen *screen, const struct screen_env *e, struct str *out)
{
	const struct page_screen *s = (const struct page_screen *)screen;

	if (*s->parent)
		str_putf(out, "%s%s", s->parent, e->ascii ? " > " : " › ");
	str_puts(out, str_text(&s->name));
}

static void page_status(const struct screen *screen, const struct screen_env *e, struct str *out)
{
	const struct page_screen *s = (const struct page_screen *)screen;
	size_t n = s->page.lines.n, last = s->page.top + (size_t)height_of(s, e);

	if (n && (s->page.top || last < n))
		str_putf(out, "lines %u-%zu of %zu", s->page.top + 1, last < n ? last : n, n);
}

static void page_frame(struct screen *screen, const struct screen_env *e)
{
	screen_rebuild((struct page_screen *)screen, e);
}

static void page_screen_draw(struct screen *screen, const struct screen_env *e, struct canvas *c,
			     struct area a)
{
	struct page_screen *s = (struct page_screen *)screen;
	uint32_t cursor, top;
	int width;

	s->area = a;
	if (!e->f)
		return;
	width = a.w < 1 ? 1 : a.w > WIDTH_MAX ? WIDTH_MAX : a.w;
	if (s->dirty || s->page.width != width || s->raw != e->raw_numbers || !s->page.lines.n) {
		s->page.width = width;
		screen_rebuild(s, e);
	}
	top = (int)s->page.lines.n > a.h ? (uint32_t)((int)s->page.lines.n - a.h) : 0;
	if (s->page.top > top)
		s->page.top = top;
	cursor = page_cursor_line(&s->page);
	page_draw(&s->page, e, c, a, cursor == NONE ? -1 : (int)cursor);
}

static void page_screen_move(struct screen *screen, const struct screen_env *e, enum move m)
{
	struct page_screen *s = (struct page_screen *)screen;

	struct ident before = s->page.cursor;

	page_move(&s->page, m, height_of(s, e));
	s->walked |= before.a != s->page.cursor.a || before.b != s->page.cursor.b;
	s->dirty |= m == MOVE_LEFT || m == MOVE_RIGHT;
}

static void page_section_move(struct screen *screen, const struct screen_env *e, int dir)
{
	struct page_screen *s = (struct page_screen *)screen;

	page_next_section(&s->page, dir, height_of(s, e));
	s->walked = true;
}

static struct subject page_under(const struct screen *screen, const struct screen_env *e)
{
	const struct page_screen *s = (const struct page_screen *)screen;

	for (size_t i = 0; i < s->page.lines.n; i++)
		if (s->page.lines.v[i].walk && s->page.lines.v[i].id.a == s->page.cursor.a &&
		    s->page.lines.v[i].id.b == s->page.cursor.b)
			return s->page.lines.v[i].subject;
	return (struct subject){0};
}

/* The page's own subject, as long as the user did not walk to a process or a connection: where the cursor
 * happens to stand first is nobody's choice. */
static struct subject page_target(const struct screen *screen, const struct screen_env *e)
{
	const struct page_screen *s = (const struct page_screen *)screen;
	struct subject under = page_under(screen, e);

	if (s->walked && (under.kind == SUBJECT_PROC || under.kind == SUBJECT_SOCK))
		return under;
	return s->about;
}

static void page_enter(struct screen *screen, const struct screen_env *e)
{
	struct page_screen *s = (struct page_screen *)screen;

	page_toggle(&s->page);
	s->dirty = true;
}

static struct subject page_about(const struct screen *screen)
{
	return ((const struct page_screen *)screen)->about;
}

static bool page_screen_click(struct screen *screen, const struct screen_env *e, int y, int x)
{
	struct page_screen *s = (struct page_screen *)screen;

	if (y < s->area.y || y >= s->area.y + s->area.h || x < s->area.x || x >= s->area.x + s->area.w)
		return false;
	if (!page_click(&s->page, s->page.top + (uint32_t)(y - s->area.y)))
		return false;
	s->walked = true;
	return true;
}

static void page_want(const struct screen *screen, struct want *w)
{
	const struct page_screen *s = (const struct page_screen *)screen;

	w->protos |= 1u << PROTO_TCP | 1u << PROTO_UDP;
	if (s->about.kind == SUBJECT_PROC) /* its other sockets, too */
		w->protos |= PROTOS_ALL;
	w->states |= STATES_ALL;
	w->attrs |= WANT_INFO | WANT_MEM | WANT_OWNERS;
	if (s->about.kind == SUBJECT_SOCK)
		w->attrs |= WANT_CONG;
	if (s->about.kind == SUBJECT_PORT && !s->member) /* it may be one of outgoing connections */
		w->attrs |= WANT_CLIENT_PORTS;
}

static void page_screen_text(const struct screen *screen, struct str *out)
{
	page_text(&((const struct page_screen *)screen)->page, out);
}

static void page_free(struct screen *screen)
{
	struct page_screen *s = (struct page_screen *)screen;

	page_done(&s->page);
	str_done(&s->name);
	free(s->why.text);
	free(s->parent);
	free(s);
}

static const struct screen_ops page_ops = {
	.crumb = page_crumb,
	.status = page_status,
	.frame = page_frame,
	.draw = page_screen_draw,
	.move = page_screen_move,
	.section = page_section_move,
	.under = page_under,
	.enter = page_enter,
	.target = page_target,
	.about = page_about,
	.click = page_screen_click,
	.want = page_want,
	.text = page_screen_text,
	.free = page_free,
};

struct screen *page_screen_new(struct subject about, const char *parent_title)
{
	struct page_screen *s = mem_zalloc(1, sizeof(*s));

	s->screen.ops = &page_ops;
	s->about = about;
	s->parent = mem_strdup(parent_title ? parent_title : "");
	return &s->screen;
}

struct screen *page_screen_why_new(struct subject about, const struct ui_question *q,
				   const char *parent_title)
{
	struct screen *screen = page_screen_new(about, parent_title);
	struct page_screen *s = (struct page_screen *)screen;

	s->why.q = *q;
	s->page.why = &s->why;
	return screen;
}

void page_screen_answer(struct screen *screen, const char *text)
{
	struct page_screen *s = (struct page_screen *)screen;

	free(s->why.text);
	s->why.text = text ? mem_strdup(text) : NULL;
	s->dirty = true;
}

bool page_screen_question(const struct screen *screen, struct ui_question *ret)
{
	const struct page_screen *s = (const struct page_screen *)screen;

	if (screen->ops != &page_ops || s->about.kind != SUBJECT_WHY)
		return false;
	*ret = s->why.q;
	return true;
}
