/* `S`: sockets counted by protocol, family and state, as a page of its own. Made anew for each frame, of what the
 * filter picks. */
#include "sockeye/base/text.h"
#include "sockeye/table/summary.h"
#include "ui_actions.h"
#include "ui_private.h"
#include <stdlib.h>

struct summary_line {
	char *text; /* owned */
	uint8_t style;
};
struct summary_screen {
	struct screen base;
	const struct ui *u; /* borrowed: it owns the screen */
	VEC(struct summary_line) lines;
	uint32_t top;
	struct summary sum; /* of the frame and the filter in force */
	bool counting; /* it is not whole yet */
};

static const struct screen_ops summary_ops;

static void forget(struct summary_screen *s)
{
	for (size_t i = 0; i < s->lines.n; i++)
		free(s->lines.v[i].text);
	vec_clear(&s->lines);
}

static void add_line(void *data, uint8_t style, const char *text)
{
	struct summary_screen *s = data;

	vec_push(&s->lines, ((struct summary_line){mem_strdup(text), style}));
}

/* A named view has one of its own, too. */
static const struct filter *filter_in_force(const struct ui *u)
{
	const struct table *t = u->views[u->view] ? screen_table(u->views[u->view]) : NULL;

	return t ? t->filter : u->filter;
}

static void summary_crumb(const struct screen *s, const struct screen_env *e, struct str *out)
{
	str_puts(out, "Summary");
}

static void summary_status(const struct screen *s, const struct screen_env *e, struct str *out)
{
	const struct filter *f = filter_in_force(((const struct summary_screen *)s)->u);
	const char *text = filter_empty(f) ? "" : filter_text(f);

	if (*text)
		str_putf(out, "/ %s", text);
}

static void keep_top(struct summary_screen *s, int64_t top, int height)
{
	int64_t max = (int64_t)s->lines.n - height;

	top = top > max ? max : top;
	s->top = top < 0 ? 0 : (uint32_t)top;
}

static bool summary_working(const struct screen *screen, const struct screen_env *e)
{
	return ((const struct summary_screen *)screen)->counting;
}

/* What stood there stays until all is counted. */
static bool summary_work(struct screen *screen, const struct screen_env *e)
{
	struct summary_screen *s = (struct summary_screen *)screen;

	if (!s->counting)
		return true;
	if (!summary_step(&s->sum, e->f, filter_in_force(s->u), &e->slice))
		return false;
	s->counting = false;
	forget(s);
	summary_text(&s->sum, e->f, (unsigned)s->u->w, e->ascii, add_line, s);
	return true;
}

static void summary_frame(struct screen *screen, const struct screen_env *e)
{
	struct summary_screen *s = (struct summary_screen *)screen;

	summary_begin(&s->sum, e->f, filter_in_force(s->u));
	s->counting = true;
	summary_work(screen, e);
}

static void summary_draw(struct screen *screen, const struct screen_env *e, struct canvas *c, struct area a)
{
	struct summary_screen *s = (struct summary_screen *)screen;

	keep_top(s, s->top, a.h);
	if (!s->lines.n)
		canvas_put_cut(c, a.y, a.x + 1, STYLE_DIM, e->ascii ? "being counted" : "being counted…",
			       a.w - 2, e->ascii ? "~" : "…");
	for (int y = 0; y < a.h && s->top + (uint32_t)y < s->lines.n; y++) {
		const struct summary_line *l = &s->lines.v[s->top + (uint32_t)y];

		canvas_put_cut(c, a.y + y, a.x + 1, l->style, l->text, a.w - 2, e->ascii ? "~" : "…");
	}
}

static void summary_move(struct screen *screen, const struct screen_env *e, enum move m)
{
	struct summary_screen *s = (struct summary_screen *)screen;
	int64_t page = e->table_h > 1 ? e->table_h - 1 : 1;
	static const int8_t lines[] = {[MOVE_UP] = -1, [MOVE_DOWN] = 1};

	switch (m) {
	case MOVE_UP:
	case MOVE_DOWN:
		keep_top(s, (int64_t)s->top + lines[m], e->table_h);
		break;
	case MOVE_PAGE_UP:
	case MOVE_HALF_UP:
		keep_top(s, (int64_t)s->top - (m == MOVE_PAGE_UP ? page : (page + 1) / 2), e->table_h);
		break;
	case MOVE_PAGE_DOWN:
	case MOVE_HALF_DOWN:
		keep_top(s, (int64_t)s->top + (m == MOVE_PAGE_DOWN ? page : (page + 1) / 2), e->table_h);
		break;
	case MOVE_FIRST:
		s->top = 0;
		break;
	case MOVE_LAST:
		keep_top(s, UINT32_MAX, e->table_h);
		break;
	case MOVE_LEFT:
	case MOVE_RIGHT:
		break;
	}
}

static struct subject summary_under(const struct screen *s, const struct screen_env *e)
{
	return (struct subject){.kind = SUBJECT_NONE};
}

static struct subject summary_about(const struct screen *s)
{
	return (struct subject){.kind = SUBJECT_NONE};
}

static void summary_screen_want(const struct screen *s, struct want *w)
{
	summary_want(w);
}

static void summary_lines_text(const struct screen *screen, struct str *out)
{
	const struct summary_screen *s = (const struct summary_screen *)screen;

	for (size_t i = 0; i < s->lines.n; i++)
		str_putf(out, "%s\n", s->lines.v[i].text);
}

static void summary_free(struct screen *screen)
{
	struct summary_screen *s = (struct summary_screen *)screen;

	forget(s);
	vec_done(&s->lines);
	summary_done(&s->sum);
	free(s);
}

static const struct screen_ops summary_ops = {
	.crumb = summary_crumb,
	.status = summary_status,
	.frame = summary_frame,
	.draw = summary_draw,
	.move = summary_move,
	.under = summary_under,
	.about = summary_about,
	.want = summary_screen_want,
	.work = summary_work,
	.working = summary_working,
	.text = summary_lines_text,
	.free = summary_free,
	.hint = "Esc back  y copy  j k scroll",
};

void act_summary(struct ui *u, uint32_t key)
{
	struct summary_screen *s;

	if (ui_top(u)->ops == &summary_ops) { /* the key that opened it closes it */
		ui_pop(u);
		return;
	}
	s = mem_zalloc(1, sizeof(*s));
	s->base.ops = &summary_ops;
	s->u = u;
	ui_push(u, &s->base);
}
