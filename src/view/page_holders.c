/* Who is behind a port: its sockets with their queues, and the processes that hold them as a tree. */
#include "page_parts.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include <stdio.h>
#include <string.h>

#define HOLDERS_SHOWN 8
#define MEMBERS_SHOWN 8
#define UNFOLDED_MAX 200 /* the tables have them all */
#define DEPTH_MAX 8

static unsigned members_held(const struct build *b, const struct port *p, uint32_t proc)
{
	unsigned n = 0;

	/* Bounded: a port may have thousands of members. */
	for (uint32_t i = 0; i < p->member_n && i < 32; i++) {
		const struct row *r = frame_row(b->f, b->f->members.v[p->member + i]);

		for (uint32_t o = 0; o < r->owner_n && o < 32; o++)
			n += frame_owner(b->f, r, o)->proc == proc;
	}
	return n;
}

const struct owner *page_own_owner(const struct build *b, const struct port *p, const struct row *r)
{
	const struct owner *best = NULL;
	unsigned held = 0;

	for (uint32_t i = 0; i < r->owner_n && i < 16; i++) {
		const struct owner *o = frame_owner(b->f, r, i);
		unsigned n = members_held(b, p, o->proc);

		if (!best || n < held) {
			best = o;
			held = n;
		}
	}
	return best;
}

/* The kernel takes the smaller one of what listen() was given and net.core.somaxconn (__sys_listen). */
void page_queue_limit(struct build *b, uint16_t netns, uint32_t limit, uint32_t proc)
{
	uint32_t most = netns < b->f->netns.n ? b->f->netns.v[netns].somaxconn : 0;
	char one[UNIT_BUF], two[UNIT_BUF];
	struct str s = {0};
	int col;

	if (!limit || !most)
		return;
	fmt_count(one, limit);
	fmt_count(two, most);
	str_putf(&s, "%s is ", one);
	if (limit == most) {
		str_puts(&s, "somaxconn; ");
		if (proc != NONE)
			page_put_proc(b, proc, false, &s);
		else
			str_puts(&s, "the program");
		str_puts(&s, " asked for that or more");
	} else if (limit < most) {
		str_puts(&s, "what ");
		if (proc != NONE)
			page_put_proc(b, proc, false, &s);
		else
			str_puts(&s, "the program");
		str_putf(&s, " asked for (somaxconn %s)", two);
	} else {
		str_putf(&s, "from before: somaxconn is %s by now", two);
	}
	col = page_label(b, "limit");
	page_wrap(b->p, col, STYLE_PLAIN, str_text(&s));
	str_done(&s);
}

void page_listeners(struct build *b, uint32_t row)
{
	static const struct grid_col cols[] = {
		{"", 13, .grow = true},        {"PROCESS", 20, .drop = 3},    {"FD", 4, true, .drop = 4},
		{"QUEUE", 9, true, .drop = 1}, {"DROPS", 6, true, .drop = 2},
	};
	const struct port *p = &b->f->ports.v[row];
	char buf[UNIT_BUF], title[64];
	struct str s = {0};
	struct grid g;

	if (p->member_n < 2)
		return;
	grid_layout(&g, cols, ARRAY_LEN(cols), TEXT_COL, b->p->width - 1);
	snprintf(title, sizeof(title), "%s %u%s", proto_table[p->proto].connected ? "LISTENERS" : "SOCKETS",
		 p->member_n, p->flags & PORT_REUSEPORT ? "  SO_REUSEPORT" : "");
	grid_head(b, &g, title);
	for (uint32_t i = 0; i < p->member_n && i < UNFOLDED_MAX; i++) {
		uint32_t m = b->f->members.v[p->member + i];
		const struct sock *k = frame_sock(b->f, m);
		const struct row *r = frame_row(b->f, m);
		const struct owner *own = page_own_owner(b, p, r);

		if (i == MEMBERS_SHOWN && p->member_n > MEMBERS_SHOWN + 1) {
			page_line(b->p, ' ');
			page_spanf(b->p, TEXT_COL, STYLE_DIM, "%u more", p->member_n - i);
			if (page_fold(b->p, 'm', 0, true))
				break;
		}
		page_line(b->p, page_gutter(b, r->marks, r->findings, k->netns));
		str_clear(&s);
		if (!ip_is_any(k->laddr, k->family == FAMILY_IPV6))
			page_put_ip(k->laddr, k->family == FAMILY_IPV6, &s);
		else
			str_puts(&s, k->family == FAMILY_IPV4 ? "0.0.0.0"
				     : k->flags & SOCK_V6ONLY ? "[::]"
							      : "*");
		grid_put(b, &g, 0, STYLE_PLAIN, str_text(&s));
		str_clear(&s);
		if (own) {
			page_put_proc(b, own->proc, true, &s);
			grid_put(b, &g, 1, own->former ? STYLE_DIM : STYLE_PLAIN, str_text(&s));
			if (own->fd >= 0) {
				str_clear(&s);
				str_putf(&s, "%d", own->fd);
				grid_put(b, &g, 2, STYLE_DIM, str_text(&s));
			}
		} else {
			page_put_reason(b, r->reason, &s);
			grid_put(b, &g, 1, STYLE_REASON, str_text(&s));
		}
		str_clear(&s);
		if (k->state == STATE_LISTENING) {
			str_putf(&s, "%u/%u", k->recvq, k->sendq);
			grid_put(b, &g, 3,
				 k->recvq > k->sendq                    ? STYLE_BAD
				 : k->recvq && k->recvq >= k->sendq / 2 ? STYLE_WARN
				 : k->recvq                             ? STYLE_PLAIN
									: STYLE_DIM,
				 str_text(&s));
		} else if (k->state == STATE_BOUND) {
			grid_put(b, &g, 3, STYLE_WARN, "bound");
		} else if (k->recvq) {
			grid_put(b, &g, 3, STYLE_PLAIN, fmt_size(buf, k->recvq));
		}
		if (k->flags & SOCK_HAS_MEM)
			grid_count(b, &g, 4, k->drops, STYLE_WARN);
		page_walk(b->p, page_subject_sock(b, m), k->netns, k->cookie);
	}
	str_done(&s);
}

/* The holders in the order of a tree: each under its parent, siblings as they stand (oldest first). */
struct tree {
	uint32_t proc[UNFOLDED_MAX];
	uint8_t depth[UNFOLDED_MAX];
	uint32_t n;
};

static bool is_parent(const struct frame *f, uint32_t parent, uint32_t child)
{
	return parent != child && f->procs.v[parent].p.pid == f->procs.v[child].p.ppid;
}

static void add_below(const struct build *b, const struct port *p, uint32_t parent, uint8_t depth,
		      struct tree *t)
{
	uint32_t n = p->holder_n < UNFOLDED_MAX ? p->holder_n : UNFOLDED_MAX;

	for (uint32_t i = 0; i < n && t->n < UNFOLDED_MAX; i++) {
		uint32_t proc = b->f->holders.v[p->holder + i];
		bool here = parent == NONE;

		if (parent != NONE) {
			here = is_parent(b->f, parent, proc);
		} else {
			for (uint32_t k = 0; k < n && here; k++)
				here = !is_parent(b->f, b->f->holders.v[p->holder + k], proc);
		}
		if (!here)
			continue;
		t->proc[t->n] = proc;
		t->depth[t->n++] = depth;
		if (depth < DEPTH_MAX)
			add_below(b, p, proc, depth + 1, t);
	}
}

static void holder_line(struct build *b, uint32_t proc, int depth)
{
	const struct proc *p = &b->f->procs.v[proc];
	const char *name = frame_user(b->f, p->p.uid);
	char buf[16], state[2] = {p->p.state ? p->p.state : ' ', '\0'};
	int wide = b->p->width >= 50, col = wide ? TEXT_COL : HEAD_COL;
	struct str s = {0};

	page_line(b->p, page_gutter(b, p->marks, p->findings, 0));
	snprintf(buf, sizeof(buf), "%u", p->p.pid);
	page_span_right(b->p, col + 7, STYLE_PLAIN, buf);
	col += 8;
	if (wide) {
		if (name && *name)
			text_put_cell(&s, name, strlen(name), b->ascii, 64);
		else
			str_putf(&s, "%u", p->p.uid);
		page_span_max(b->p, col, 8, STYLE_PLAIN, str_text(&s));
		col += 9;
	}
	page_span(b->p, col,
		  p->p.state == 'T' || p->p.state == 't' || p->p.state == 'Z' || p->p.state == 'D'
			  ? STYLE_BAD
			  : STYLE_DIM,
		  state);
	col += 2;
	if (depth) {
		page_span(b->p, col + 2 * (depth > 3 ? 2 : depth - 1), STYLE_DIM, b->ascii ? "`" : "└");
		col += 2 * (depth > 3 ? 3 : depth);
	}
	str_clear(&s);
	page_put_command(b, proc, &s);
	page_span(b->p, col, STYLE_PLAIN, str_text(&s));
	page_walk(b->p, page_subject_proc(b, proc), p->p.pid, p->p.start);
	str_done(&s);
}

void page_held_by(struct build *b, uint32_t row)
{
	const struct port *p = &b->f->ports.v[row];
	struct tree t = {.n = 0};
	uint32_t shown;

	if (!p->holder_n)
		return;
	page_heading(b, "HELD BY %u", p->holder_n);
	add_below(b, p, NONE, 0, &t);
	shown = t.n > HOLDERS_SHOWN + 1 ? HOLDERS_SHOWN : t.n;
	for (uint32_t i = 0; i < shown; i++)
		holder_line(b, t.proc[i], t.depth[i]);
	if (shown == p->holder_n)
		return;
	page_line(b->p, ' ');
	page_spanf(b->p, TEXT_COL, STYLE_DIM, "%u more", p->holder_n - shown);
	if (page_fold(b->p, 'h', 0, true))
		return;
	for (uint32_t i = shown; i < t.n; i++)
		holder_line(b, t.proc[i], t.depth[i]);
}
