/* `w`: why a bind() of a port would fail, asked of the outside and shown as a page with those who hold the port. */
#include "page_parts.h"
#include "sockeye/base/text.h"
#include "table_draw.h"
#include "ui_actions.h"
#include "ui_private.h"
#include <string.h>

#define LABEL_AT 2 /* cells of a label in the text, and of what stands behind it */
#define LABEL_END 14

/* ---- The page ---- */

/* A verdict, broken at another width than ours: its lines are one sentence. Gives what follows it. */
static const char *put_verdict(struct build *b, const char *text, bool first)
{
	struct str s = {0};

	while (*text && *text != ' ') {
		size_t n = strcspn(text, "\n");

		if (s.n)
			str_putc(&s, ' ');
		str_put(&s, text, n);
		text += n + (text[n] == '\n');
	}
	page_line(b->p, ' ');
	page_wrap(b->p, HEAD_COL, first ? STYLE_HEAD : STYLE_PLAIN, str_text(&s));
	str_done(&s);
	return text;
}

static bool is_labelled(const char *line, size_t n)
{
	return n > LABEL_END && strspn(line, " ") == LABEL_AT && line[LABEL_END - 1] == ' ' &&
	       line[LABEL_END] != ' ';
}

/* What stands behind these labels is one text: lines without a label go on with it. */
static bool runs_on(const char *label)
{
	static const char *const texts[] = {"checked", "note", "still free", "not tried"};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (!strcmp(label, texts[i]))
			return true;
	return false;
}

/* "  held by     node 21877", or without a label what belongs to the line before. Gives what follows. */
static const char *put_detail(struct build *b, const char *line)
{
	struct str label = {0}, text = {0};
	size_t at = strspn(line, " "), n = strcspn(line, "\n");
	const char *next = line + n + (line[n] == '\n');
	int col;

	if (is_labelled(line, n)) {
		size_t end = LABEL_END;

		while (end > at && line[end - 1] == ' ')
			end--;
		str_put(&label, line + at, end - at);
		str_put(&text, line + LABEL_END, n - LABEL_END);
		while (runs_on(str_text(&label)) && strspn(next, " ") == LABEL_END) {
			n = strcspn(next, "\n");
			str_putc(&text, ' ');
			str_put(&text, next + LABEL_END, n - LABEL_END);
			next += n + (next[n] == '\n');
		}
	} else {
		str_put(&text, line + at, n - at);
	}
	if (at < LABEL_END && !label.n) { /* the rest of the verdict */
		page_line(b->p, ' ');
		page_wrap(b->p, TEXT_COL, STYLE_PLAIN, str_text(&text));
	} else {
		col = page_label(b, str_text(&label)) + 1 + (b->p->width >= 50);
		page_wrap(b->p, col, STYLE_PLAIN, str_text(&text));
	}
	str_done(&label);
	str_done(&text);
	return next;
}

static void put_answer(struct build *b, const char *text)
{
	const char *start = text;

	while (*text) {
		if (*text == ' ') {
			text = put_detail(b, text);
			continue;
		}
		if (text != start)
			page_line(b->p, ' ');
		text = put_verdict(b, text, text == start);
	}
}

void page_build_why(struct page *p, const struct screen_env *e, const struct pick *pick)
{
	static const uint8_t protos[] = {PROTO_TCP, PROTO_UDP};
	struct build b = page_begin(p, e);
	const struct page_why *why = p->why;

	if (!why || !why->text) {
		page_line(p, ' ');
		page_spanf(p, HEAD_COL, STYLE_PLAIN, "looking at %u, and trying to bind it%s", pick->port,
			   e->ascii ? "..." : "…");
		return;
	}
	put_answer(&b, why->text);
	for (size_t i = 0; i < ARRAY_LEN(protos); i++) {
		uint32_t row;

		if (why->q.proto >= 0 && why->q.proto != protos[i])
			continue;
		row = frame_port_by_key(e->f, pick->netns, protos[i], pick->port);
		if (row != NONE)
			page_held_by(&b, row);
	}
}

/* ---- The key ---- */

static void of_sock(struct ui *u, const struct pick *pick, struct subject *ret)
{
	uint32_t row = frame_row_by_cookie(u->env.f, pick->netns, pick->cookie);
	const struct sock *s = row == NONE ? NULL : frame_sock(u->env.f, row);

	if (!s || s->family > FAMILY_IPV6 || !proto_table[s->proto].ports || !s->lport)
		return;
	*ret = (struct subject){SUBJECT_WHY,
				{.kind = PICK_PORT,
				 .netns = s->netns,
				 .netns_inode = pick->netns_inode,
				 .proto = s->proto,
				 .port = s->lport}};
}

/* A process with one port means that one. False: that it has several was said. */
static bool of_proc(struct ui *u, const struct pick *pick, struct subject *ret)
{
	const struct frame *f = u->env.f;
	uint32_t row = frame_proc_by_key(f, pick->pid, pick->start), last = NONE;

	for (uint32_t i = 0; row != NONE && i < f->procs.v[row].port_n; i++) {
		uint32_t at = f->proc_ports.v[f->procs.v[row].port + i];

		if (f->ports.v[at].flags & PORT_CLIENT)
			continue;
		if (last != NONE && f->ports.v[at].port != f->ports.v[last].port) {
			ui_say(u, "it holds several ports: `w` works on each of them, on its page");
			return false;
		}
		if (last == NONE)
			last = at;
	}
	if (last != NONE)
		*ret = (struct subject){SUBJECT_WHY, pick_of(ROWS_PORT, f, last)};
	return true;
}

static bool of_subject(struct ui *u, const struct subject *s, struct subject *ret)
{
	switch (s->kind) {
	case SUBJECT_PORT:
		*ret = (struct subject){SUBJECT_WHY, s->pick};
		return true;
	case SUBJECT_SOCK:
		of_sock(u, &s->pick, ret);
		return true;
	case SUBJECT_PROC:
		return of_proc(u, &s->pick, ret);
	default:
		return true;
	}
}

/* Nothing is shown because the port that was asked for is nobody's: both protocols. */
static void of_filter(struct ui *u, const struct table *t, struct subject *ret, int *ret_proto)
{
	const struct frame *f = u->env.f;
	uint32_t port = t->filter && !filter_empty(t->filter) ? table_asked_port(filter_text(t->filter)) : 0;
	uint16_t netns = 0;

	if (!port)
		return;
	for (uint16_t i = 0; i < f->netns.n && !f->netns.v[netns].own; i++)
		if (f->netns.v[i].own)
			netns = i;
	*ret = (struct subject){SUBJECT_WHY,
				{.kind = PICK_PORT,
				 .netns = netns,
				 .netns_inode = frame_netns_inode(f, netns),
				 .proto = PROTO_TCP,
				 .port = port}};
	*ret_proto = -1;
}

/* On a page what it is about, unless the cursor stands on a port or, where it is about a process, on a connection:
 * elsewhere the cursor stands on what belongs to the page's own port. */
static bool find(struct ui *u, struct subject *ret, int *ret_proto)
{
	struct screen *s = ui_top(u);
	const struct table *t = screen_table(s);
	struct subject under = s->ops->under ? s->ops->under(s, &u->env) : (struct subject){0};
	struct subject about = s->ops->about ? s->ops->about(s) : (struct subject){0};

	if (t && under.kind == SUBJECT_NONE && !t->order.n)
		of_filter(u, t, ret, ret_proto);
	else if (t || under.kind == SUBJECT_PORT ||
		 (about.kind == SUBJECT_PROC && under.kind == SUBJECT_SOCK))
		return of_subject(u, &under, ret);
	else
		return of_subject(u, &about, ret);
	return true;
}

static bool explainable(int proto)
{
	return proto == PROTO_TCP || proto == PROTO_UDP || proto == PROTO_MPTCP;
}

static void begin(struct ui *u, struct screen *s, const struct ui_question *q)
{
	u->why_screen = s;
	u->host->explain_begin(u->host->data, q);
}

void act_why(struct ui *u, uint32_t key)
{
	const struct frame *f = u->env.f;
	struct subject why = {0};
	struct ui_question q = {.proto = PROTO_TCP};
	struct str parent = {0};
	struct screen *s;

	if (!u->host || !u->host->explain_begin) {
		ui_say(u, "a bind() cannot be tried from here");
		return;
	}
	if (!f) {
		ui_say(u, "nothing was looked at yet");
		return;
	}
	if (page_screen_question(ui_top(u), &q)) { /* once more */
		page_screen_answer(ui_top(u), NULL);
		begin(u, ui_top(u), &q);
		ui_update_top(u);
		return;
	}
	q.proto = 0;
	if (!find(u, &why, &q.proto))
		return;
	if (why.kind == SUBJECT_NONE || !explainable(why.pick.proto)) {
		ui_say(u, "w: why a bind would fail: on a TCP or UDP port, or after `:` and a number");
		return;
	}
	if (q.proto >= 0)
		q.proto = why.pick.proto == PROTO_UDP ? PROTO_UDP : PROTO_TCP;
	q.port = why.pick.port;
	q.own_netns = why.pick.netns >= f->netns.n || f->netns.v[why.pick.netns].own;
	if (!q.own_netns)
		q.netns_inode = f->netns.v[why.pick.netns].inode;
	ui_top(u)->ops->crumb(ui_top(u), &u->env, &parent);
	if (parent.n == 0)
		str_puts(&parent, ui_view_title(u, u->view));
	s = page_screen_why_new(why, &q, str_text(&parent));
	str_done(&parent);
	begin(u, s, &q);
	ui_push(u, s);
}

bool ui_take_answer(struct ui *u)
{
	const char *text =
		u->why_screen && u->host->explain_answer ? u->host->explain_answer(u->host->data) : NULL;

	if (!text)
		return false;
	page_screen_answer(u->why_screen, text);
	u->why_screen = NULL;
	if (ui_top(u)->ops->frame && u->env.f)
		ui_update_top(u);
	return true;
}
