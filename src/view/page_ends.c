/* Both ends of a connection: addresses, processes, what went over it; beside each other where there is room. */
#include "page_conn.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define OWNERS_SHOWN 8
#define BESIDE_FROM_W 76
#define GAP 2 /* cells between the ends */

enum { OTHER_ADDRESS, OTHER_PROCESS, OTHER_IDLE, OTHER_N };
struct ends {
	struct conn *c;
	int col; /* of the other end; 0: below, or there is none */
	struct str other[OTHER_N];
	uint8_t other_style;
};

static const char *service_of(const struct conn *c, uint32_t port)
{
	const char *s = c->b.f->services ? services_name(c->b.f->services, c->s->proto, port) : NULL;

	return s ? s : "";
}

static void put_other(struct ends *e)
{
	const struct conn *c = e->c;
	const struct build *b = &c->b;
	char one[UNIT_BUF], two[UNIT_BUF];
	const char *service = c->r->dir == DIR_OUT ? service_of(c, c->s->rport) : "";
	struct str *process = &e->other[OTHER_PROCESS];

	page_put_end(b, c->row, true, &e->other[OTHER_ADDRESS]);
	if (*service)
		str_putf(&e->other[OTHER_ADDRESS], "  %s", service);
	e->other_style = STYLE_DIM;
	if (c->r->peer == NONE) {
		str_puts(process,
			 c->s->family <= FAMILY_IPV6 &&
					 scope_of(c->s->raddr, c->s->family == FAMILY_IPV6) == SCOPE_LOOPBACK
				 ? "gone from this machine"
				 : "not on this machine");
	} else {
		uint32_t owner = frame_first_owner(b->f, c->r->peer, false);

		e->other_style = STYLE_INFO;
		if (owner != NONE)
			page_put_proc(b, owner, true, process);
		else
			page_put_reason(b, frame_row(b->f, c->r->peer)->reason, process);
		str_puts(process, ", on this machine");
	}
	if (c->s->flags & SOCK_HAS_TIMES)
		str_putf(&e->other[OTHER_IDLE], "idle: sent %s, received %s ago",
			 fmt_duration(one, c->i->last_sent_ms / 1e3),
			 fmt_duration(two, c->i->last_recv_ms / 1e3));
}

/* A fact of this end, and on the same line the next one of the other. */
static void this_end(struct ends *e, const char *label, uint8_t style, const char *text, int other)
{
	struct build *b = &e->c->b;
	int col = page_label(b, label);

	page_span_max(b->p, col, e->col ? e->col - GAP - col : b->p->width, style, text);
	if (e->col && other >= 0)
		page_span(b->p, e->col, other == OTHER_PROCESS ? e->other_style : STYLE_PLAIN,
			  str_text(&e->other[other]));
}

static void owners(struct ends *e)
{
	struct conn *c = e->c;
	struct build *b = &c->b;
	struct str s = {0};
	uint32_t n = c->r->owner_n > OWNERS_SHOWN ? OWNERS_SHOWN : c->r->owner_n;
	int other = OTHER_PROCESS;

	if (c->r->reason != REASON_OWNED) {
		int col;

		page_put_reason(b, c->r->reason, &s);
		this_end(e, "process", STYLE_REASON, str_text(&s), other);
		other = -1;
		page_line(b->p, ' ');
		col = b->p->width < 50 ? TEXT_COL + 8 : TEXT_COL + 10;
		page_wrap(b->p, col, STYLE_PLAIN, reason_table[c->r->reason].help);
	}
	for (uint32_t i = 0; i < n; i++) {
		const struct owner *o = frame_owner(b->f, c->r, i);
		const struct proc *p = &b->f->procs.v[o->proc];

		str_clear(&s);
		page_put_proc(b, o->proc, true, &s);
		if (o->fd >= 0 && !o->former)
			str_putf(&s, " fd %d", o->fd);
		if (p->p.pid) {
			str_puts(&s, "  ");
			page_cell(b, ROWS_PROC, o->proc, "user", &s);
			str_puts(&s, "  ");
			page_cell(b, ROWS_PROC, o->proc, "unit", &s);
		}
		this_end(e,
			 o->former ? "former"
			 : i       ? ""
				   : "process",
			 o->former ? STYLE_DIM : STYLE_PLAIN, str_text(&s), other);
		other = -1;
		if (p->p.pid)
			page_walk(b->p, page_subject_proc(b, o->proc), p->p.pid, p->p.start);
	}
	if (c->r->owner_n > n) {
		str_clear(&s);
		str_putf(&s, "and %u more", c->r->owner_n - n);
		this_end(e, "", STYLE_DIM, str_text(&s), -1);
	}
	str_done(&s);
}

static void traffic(struct ends *e)
{
	struct conn *c = e->c;
	bool ascii = c->b.ascii, known = c->s->flags & SOCK_HAS_INFO;
	char one[UNIT_BUF], two[UNIT_BUF];
	struct str s = {0}, now = {0};

	if (!c->peer)
		return;
	if (known) {
		str_putf(&s, ascii ? "rx %s  tx %s" : "▼ %s  ▲ %s", fmt_size(one, (double)c->s->rx_bytes),
			 fmt_size(two, (double)c->s->tx_bytes));
		if (!isnan(c->r->rx_rate) && !isnan(c->r->tx_rate))
			str_putf(&now, ascii ? "  now rx %s tx %s /s" : "  now ▼ %s ▲ %s /s",
				 fmt_size(one, (double)c->r->rx_rate), fmt_size(two, (double)c->r->tx_rate));
		if (!e->col ||
		    TEXT_COL + 10 + text_width(str_text(&s)) + text_width(str_text(&now)) + GAP <= e->col)
			str_puts(&s, str_text(&now));
		this_end(e, "total", STYLE_PLAIN, str_text(&s), OTHER_IDLE);
	}
	if (e->other[OTHER_IDLE].n && (!e->col || !known))
		this_end(e, "idle", STYLE_PLAIN, str_text(&e->other[OTHER_IDLE]) + 6, -1);
	str_done(&now);
	str_done(&s);
}

/* What Enter leads to beyond this end's own rows. */
static void ways(struct ends *e)
{
	struct conn *c = e->c;
	struct build *b = &c->b;
	struct str s = {0};

	if (c->r->listener != NONE) {
		str_puts(&s, "the accept queue of ");
		page_put_end(b, c->r->listener, false, &s);
		this_end(e, "waits in", STYLE_PLAIN, str_text(&s), -1);
		page_walk(b->p, page_subject_sock(b, c->r->listener), 'l', c->r->listener);
	}
	str_done(&s);
}

static void other_below(struct ends *e)
{
	struct conn *c = e->c;
	struct build *b = &c->b;
	int col;

	page_heading(b, "OTHER END");
	col = page_label(b, "address");
	page_wrap(b->p, col, STYLE_PLAIN, str_text(&e->other[OTHER_ADDRESS]));
	col = page_label(b, "process");
	page_span(b->p, col, e->other_style, str_text(&e->other[OTHER_PROCESS]));
	if (c->r->peer != NONE)
		page_walk(b->p, page_subject_sock(b, c->r->peer), 'e', frame_sock(b->f, c->r->peer)->cookie);
}

void page_ends(struct conn *c)
{
	struct ends e = {.c = c};
	struct build *b = &c->b;
	struct str s = {0};
	uint32_t port = frame_port_of(b->f, c->row);
	int w = b->p->width;

	if (c->peer)
		put_other(&e);
	if (c->peer && w >= BESIDE_FROM_W)
		e.col = w * 46 / 80 > 66 ? 66 : w * 46 / 80;
	page_heading(b, "THIS END");
	if (e.col)
		page_span(b->p, e.col, STYLE_HEAD, "OTHER END");
	page_put_end(b, c->row, false, &s);
	if (port != NONE && !(b->f->ports.v[port].flags & PORT_CLIENT)) {
		if (*service_of(c, c->s->lport))
			str_putf(&s, "  %s", service_of(c, c->s->lport));
		this_end(&e, "address", STYLE_PLAIN, str_text(&s), OTHER_ADDRESS);
		page_walk(b->p, page_subject_port(b, port), 'p', c->s->lport);
	} else {
		this_end(&e, "address", STYLE_PLAIN, str_text(&s), OTHER_ADDRESS);
	}
	owners(&e);
	if (e.col && c->r->peer != NONE) {
		str_clear(&s);
		str_puts(&s, "its end of this connection");
		page_line(b->p, ' ');
		page_span(b->p, e.col, STYLE_INFO, str_text(&s));
		page_walk(b->p, page_subject_sock(b, c->r->peer), 'e', frame_sock(b->f, c->r->peer)->cookie);
	}
	traffic(&e);
	ways(&e);
	if (c->peer && !e.col)
		other_below(&e);
	str_done(&s);
	for (int i = 0; i < OTHER_N; i++)
		str_done(&e.other[i]);
}
