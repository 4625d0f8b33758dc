/* Builds the port page: who holds it, how its queues do, who is connected. Also the detail pane of Ports. */
#include "graph.h"
#include "page_parts.h"
#include "port_conns.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOLDERS_SHOWN 8
#define CONNS_SHOWN 12
#define HISTORY_SHOWN 8
#define MEMBERS_ASKED 64

static void put_port_name(const struct frame *f, const struct port *p, struct str *out)
{
	str_putf(out, "%u/%s", p->port, proto_table[p->proto].name);
}

static void put_addresses(const struct build *b, uint32_t row, struct str *out)
{
	const struct port *p = &b->f->ports.v[row];

	if (p->dual)
		str_puts(out, "every interface (*)");
	else if ((p->flags & PORT_ANY4) && (p->flags & PORT_ANY6))
		str_puts(out, "every interface");
	else if (p->flags & PORT_ANY4)
		str_puts(out, "every IPv4 interface (0.0.0.0)");
	else if (p->flags & PORT_ANY6)
		str_puts(out, "every IPv6 interface ([::])");
	else {
		page_cell(b, ROWS_PORT, row, "address", out);
		if (p->scope < SCOPE_N && *scope_names[p->scope])
			str_putf(out, "  %s", scope_names[p->scope]);
	}
}

static void head(struct build *b, uint32_t row)
{
	const struct port *p = &b->f->ports.v[row];
	const char *service = b->f->services ? services_name(b->f->services, p->proto, p->port) : "";
	struct str name = {0}, addr = {0}, up = {0};
	int w = b->p->width, col;

	put_port_name(b->f, p, &name);
	if (service && *service)
		str_putf(&name, "  %s", service);
	put_addresses(b, row, &addr);
	str_puts(&up, p->marks & MARK_CLOSED ? "closed" : "up ");
	if (!(p->marks & MARK_CLOSED))
		page_put_since(b, p->first_ns, p->marks, &up);
	page_line(b->p, page_gutter(b, p->marks & MARK_CLOSED, 0, p->netns));
	page_span(b->p, HEAD_COL, STYLE_HEAD, str_text(&name));
	page_span_right(b->p, w - 1, STYLE_HEAD, str_text(&up));
	col = HEAD_COL + text_width(str_text(&name)) + 4;
	if (col + text_width(str_text(&addr)) + 2 + text_width(str_text(&up)) >= w) {
		page_line(b->p, ' ');
		col = HEAD_COL;
	}
	page_span(b->p, col, STYLE_HEAD, str_text(&addr));
	str_done(&name);
	str_done(&addr);
	str_done(&up);
}

static void who(struct build *b, uint32_t row)
{
	static const char *const keys[] = {"process", "pid", "user", "unit"};
	const struct port *p = &b->f->ports.v[row];
	struct str s = {0};
	int col = HEAD_COL;

	page_line(b->p, ' ');
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		uint8_t style;

		str_clear(&s);
		style = page_cell(b, ROWS_PORT, row, keys[i], &s);
		if (!*str_text(&s))
			continue;
		page_span(b->p, col, style, str_text(&s));
		col = page_line_end(b->p) + 3;
	}
	if (!p->holder_n && p->reason != REASON_OWNED && p->reason < REASON_N) {
		page_line(b->p, ' ');
		page_wrap(b->p, TEXT_COL, STYLE_PLAIN, reason_table[p->reason].help);
	}
	if (p->netns < b->f->netns.n && !b->f->netns.v[p->netns].own) {
		str_clear(&s);
		page_cell(b, ROWS_PORT, row, "netns", &s);
		page_line(b->p, ' ');
		page_span(b->p, HEAD_COL, STYLE_DIM, "in network namespace ");
		page_span(b->p, page_line_end(b->p), STYLE_PLAIN, str_text(&s));
	}
	str_done(&s);
}

static void put_interned(const struct build *b, uint32_t id, struct str *out)
{
	text_put_cell(out, intern_get(b->f->names, id), intern_len(b->f->names, id), b->ascii, 128);
}

/* Where a forwarder leads, and what stops it for good. */
static void forwards(struct build *b, uint32_t row)
{
	static const char *const runtimes[] = {"docker:", "podman:"};
	const struct port *p = &b->f->ports.v[row];
	struct str s = {0}, name = {0};
	int col;

	if (!p->forward)
		return;
	put_interned(b, p->forward, &name);
	str_putf(&s, b->ascii ? ":%u > %s" : ":%u → %s", p->port, str_text(&name));
	if (p->forward_port != NONE) {
		str_puts(&s, b->ascii ? " > " : " → ");
		page_cell(b, ROWS_PORT, p->forward_port, "process", &s);
		str_putc(&s, ' ');
		page_cell(b, ROWS_PORT, p->forward_port, "pid", &s);
	}
	col = page_label(b, "forwards");
	page_span(b->p, col, STYLE_INFO, str_text(&s));
	if (p->forward_port != NONE)
		page_walk(b->p, page_subject_port(b, p->forward_port), 'f', p->port);
	for (size_t i = 0; i < ARRAY_LEN(runtimes); i++) {
		size_t n = strlen(runtimes[i]), len;

		if (strncmp(str_text(&name), runtimes[i], n) != 0)
			continue;
		len = strcspn(str_text(&name) + n, ":");
		if (p->forward_port != NONE && b->f->ports.v[p->forward_port].netns != p->netns) {
			page_line(b->p, ' ');
			str_clear(&s);
			str_putf(&s, "what NAT leads there from outside is counted in row %s %u",
				 b->ascii ? "c" : "⊂", b->f->ports.v[p->forward_port].port);
			page_wrap(b->p, col, STYLE_PLAIN, str_text(&s));
		}
		str_clear(&s);
		str_putf(&s, "%.*s stop %.*s", (int)n - 1, runtimes[i], (int)len, str_text(&name) + n);
		col = page_label(b, "to stop");
		page_span(b->p, col, STYLE_KEY, str_text(&s));
		page_span(b->p, page_line_end(b->p) + 5, STYLE_PLAIN,
			  "(killing the forwarder may leave a NAT rule)");
	}
	str_done(&s);
	str_done(&name);
}

/* How long the one at the head has waited, and who lets it wait. */
static void waiting(struct build *b, const struct port *p)
{
	double longest = -1, age;
	bool at_least = false;
	char buf[UNIT_BUF];
	struct str s = {0};

	for (uint32_t i = 0; i < b->f->rows_n && p->backlog; i++) {
		const struct row *r = frame_row(b->f, i);

		if (r->listener == NONE || frame_sock(b->f, i)->state == STATE_SYN_RECV ||
		    r->marks & MARK_CLOSED || frame_port_of(b->f, i) == NONE ||
		    &b->f->ports.v[frame_port_of(b->f, i)] != p)
			continue;
		age = frame_age_s(b->f, r->first_ns);
		if (r->marks & MARK_START && frame_sock(b->f, i)->flags & SOCK_HAS_TIMES) {
			/* Whatever came last came while it waited. */
			struct sock_info info = frame_info(b->f, i);
			uint32_t ms = info.last_recv_ms > info.last_ack_recv_ms ? info.last_recv_ms
										: info.last_ack_recv_ms;

			age = ms / 1e3 > age ? ms / 1e3 : age;
		}
		if (age > longest) {
			longest = age;
			at_least = r->marks & MARK_START;
		}
	}
	if (longest >= 1)
		str_putf(&s, "longest wait %s%s",
			 !at_least  ? ""
			 : b->ascii ? ">="
				    : "≥",
			 fmt_duration(buf, longest));
	for (uint32_t i = 0; i < p->member_n && i < MEMBERS_ASKED; i++) {
		uint32_t m = b->f->members.v[p->member + i];
		const struct owner *own = page_own_owner(b, p, frame_row(b->f, m));
		char state = own ? b->f->procs.v[own->proc].p.state : 0;

		if (!frame_sock(b->f, m)->recvq || own == NULL || (state != 'T' && state != 't'))
			continue;
		str_puts(&s, s.n ? "; " : "");
		page_put_proc(b, own->proc, true, &s);
		str_putf(&s, " is stopped (%c)", state);
	}
	if (s.n) {
		int col = page_label(b, "waiting");

		page_wrap(b->p, col, STYLE_PLAIN, str_text(&s));
	}
	str_done(&s);
}

/* "queue  512 of 511  ██████ 100%" and what was dropped. */
static void queue(struct build *b, uint32_t row, unsigned findings)
{
	const struct port *p = &b->f->ports.v[row];
	const struct ring *ring = p->ring != NONE ? &b->f->rings.v[p->ring] : NULL;
	char one[UNIT_BUF], two[UNIT_BUF];
	struct str s = {0};
	int col, room;
	double share;

	if (p->backlog_max) {
		share = (double)p->backlog / p->backlog_max;
		col = page_label(b, "queue");
		page_spanf(b->p, col, STYLE_PLAIN, "%s of %s", fmt_count(one, p->backlog),
			   fmt_count(two, p->backlog_max));
		col = page_line_end(b->p) + 2;
		room = b->p->width - col - 6;
		if (room >= 4) {
			graph_bar(&s, share, room > 12 ? 12 : room, b->ascii);
			str_putf(&s, " %3u%%", (unsigned)(share * 100));
			page_span(b->p, col,
				  share >= 1    ? STYLE_BAD
				  : share >= .5 ? STYLE_WARN
						: STYLE_INFO,
				  str_text(&s));
		}
		if (p->backlog_peak > p->backlog) {
			str_clear(&s);
			str_putf(&s, "peak %s", fmt_count(one, p->backlog_peak));
			col = page_line_end(b->p) + 2;
			if (col + text_width(str_text(&s)) < b->p->width)
				page_span(b->p, col, STYLE_DIM, str_text(&s));
		}
	}
	if (p->has_drops && p->drops) {
		col = page_label(b, "dropped");
		page_spanf(b->p, col, STYLE_PLAIN, "%s %s", fmt_count(one, p->drops),
			   proto_table[p->proto].connected ? "arrivals" : "packets");
		if (!isnan(p->drop_rate) && p->drop_rate > 0)
			page_spanf(b->p, page_line_end(b->p), STYLE_BAD, ", %.*f/s now",
				   p->drop_rate < 10 ? 1 : 0, (double)p->drop_rate);
	}
	waiting(b, p);
	if (p->backlog_max && (p->backlog_peak * UINT64_C(2) >= p->backlog_max || p->drops))
		page_queue_limit(b, p->netns, p->backlog_max,
				 p->holder_n ? b->f->holders.v[p->holder] : NONE);
	if (p->recvq) {
		col = page_label(b, "unread");
		page_spanf(b->p, col, STYLE_PLAIN, "%s", fmt_size(one, p->recvq));
	}
	if (findings && p->backlog_max && ring && graph_peak(ring, ring_queue) > 0) {
		col = page_label(b, "60 s");
		str_clear(&s);
		room = b->p->width - col - 1;
		graph_spark(&s, ring, ring_queue, room > RING_N ? RING_N : room, 1, b->ascii);
		page_span(b->p, col, STYLE_INFO, str_text(&s));
	}
	str_done(&s);
}

static void states(struct build *b, uint32_t row)
{
	const struct count *c = &b->f->tally.ports.v[row];
	uint32_t left[STATE_N], total = 0, max = 0;
	char buf[UNIT_BUF];
	struct str s = {0};

	for (int i = 0; i < STATE_N; i++) {
		left[i] = STATE_BIT(i) & STATES_PORT ? 0 : c->states[i];
		total += left[i];
		if (left[i] > max)
			max = left[i];
	}
	if (!total)
		return;
	page_heading(b, "STATES %s", fmt_count(buf, total));
	for (;;) {
		int best = 0, room = b->p->width - TEXT_COL - 22;

		for (int i = 1; i < STATE_N; i++)
			if (left[i] > left[best])
				best = i;
		if (!left[best])
			break;
		page_line(b->p, ' ');
		page_span(b->p, TEXT_COL, best == STATE_CLOSE_WAIT ? STYLE_WARN : STYLE_PLAIN,
			  state_table[best].name);
		page_span_right(b->p, TEXT_COL + 19, STYLE_PLAIN, fmt_count(buf, left[best]));
		str_clear(&s);
		if (room > 1)
			graph_stripe(&s, (double)left[best] / max, room > 40 ? 40 : room, b->ascii);
		page_span(b->p, TEXT_COL + 21, STYLE_INFO, str_text(&s));
		left[best] = 0;
	}
	str_done(&s);
}

void page_rates(struct build *b, uint32_t ring_row, float rx, float tx)
{
	const struct ring *ring = ring_row != NONE ? &b->f->rings.v[ring_row] : NULL;
	int room = b->p->width - TEXT_COL - 21;
	char buf[UNIT_BUF];
	struct str s = {0};

	if (!ring || (isnan(graph_peak(ring, ring_rx)) && isnan(graph_peak(ring, ring_tx))))
		return;
	page_heading(b, "RATE  60 s");
	for (int i = 0; i < 2; i++) {
		float (*at)(const struct ring *, unsigned) = i ? ring_tx : ring_rx;
		float now = i ? tx : rx;

		page_line(b->p, ' ');
		page_spanf(b->p, TEXT_COL, STYLE_PLAIN, "%s %4s",
			   b->ascii ? (i ? "tx" : "rx") : (i ? "▲" : "▼"),
			   isnan(now) ? (b->ascii ? "~" : "…") : fmt_size(buf, (double)now));
		str_clear(&s);
		if (room > 3)
			graph_spark(&s, ring, at, room > RING_N ? RING_N : room, 0, b->ascii);
		page_span(b->p, TEXT_COL + 8 + b->ascii, STYLE_INFO, str_text(&s));
		str_clear(&s);
		str_putf(&s, "peak %s", fmt_size(buf, graph_peak(ring, at)));
		page_span(b->p,
			  TEXT_COL + 10 + b->ascii +
				  (room > RING_N ? RING_N
				   : room > 3    ? room
						 : 0),
			  STYLE_DIM, str_text(&s));
	}
	str_done(&s);
}

static void connected(struct build *b, uint32_t row)
{
	static const struct grid_col cols[] = {
		{"", 15, .grow = true},         {"CONNS", 6, true},
		{"RX/s", 5, true, .drop = 2},   {"TX/s", 5, true, .drop = 3},
		{"RTT ms", 6, true, .drop = 4},
	};
	const struct screen_env *e = b->e;
	struct port_conns own = {0}, *c = e->conns ? e->conns : &own;
	char buf[UNIT_BUF], title[48];
	size_t total, shown;
	struct grid g;

	if (!port_conns_of(c, b->f, row))
		port_conns_begin(c, b->f, row);
	if (!port_conns_step(c, &e->slice)) {
		page_counting(b);
		return;
	}
	if (c->peers.v.n) {
		grid_layout(&g, cols, ARRAY_LEN(cols), TEXT_COL, b->p->width - 1);
		snprintf(title, sizeof(title), "PEERS %s", fmt_count(buf, c->peers.v.n));
		grid_head(b, &g, title);
		page_peers(b, &g, &c->peers, c->rows.v.v, c->rows.v.n, false, 'p');
	}
	total = c->rows.v.n;
	if (total) {
		snprintf(title, sizeof(title), "CONNECTIONS %s", fmt_count(buf, total));
		grid_layout(&g, page_conn_cols, page_conn_cols_n, TEXT_COL, b->p->width - 1);
		grid_head(b, &g, title);
		shown = total > CONNS_SHOWN + 1 ? CONNS_SHOWN : c->top.v.n;
		page_connections(b, &g, c->top.v.v, shown);
		if (shown < total) {
			page_line(b->p, ' ');
			page_spanf(b->p, TEXT_COL, STYLE_DIM, "%s more", fmt_count(buf, total - shown));
			if (!page_fold(b->p, 'c', 0, true))
				page_connections(b, &g, c->top.v.v + shown, c->top.v.n - shown);
		}
	}
	port_conns_done(&own);
}

static void history(struct build *b, uint32_t row)
{
	const struct port *p = &b->f->ports.v[row];
	uint64_t key = note_port_key(frame_netns_inode(b->f, p->netns), p->proto);
	struct str s = {0}, what = {0};
	unsigned n = 0;

	for (size_t i = b->f->port_notes.v.n; i-- > 0 && n < HISTORY_SHOWN;) {
		const struct note *x = &b->f->port_notes.v.v[i];

		if (x->a != key || x->b != p->port)
			continue;
		str_clear(&what);
		if (x->pid && x->comm) {
			text_put_cell(&what, intern_get(b->f->names, x->comm),
				      intern_len(b->f->names, x->comm), b->ascii, 64);
			str_putf(&what, " %u ", x->pid);
		}
		str_puts(&what, note_words[x->kind]);
		page_put_moment(b, x->at_ns, str_text(&what), &s);
		n++;
	}
	if (n)
		page_history(b, str_text(&s));
	str_done(&s);
	str_done(&what);
}

void page_build_port(struct page *p, const struct screen_env *e, const struct pick *pick)
{
	struct build b = page_begin(p, e);
	uint32_t row = frame_port_by_key(e->f, pick->netns, pick->proto, pick->port);
	const struct port *port;
	unsigned findings;

	if (row == NONE) {
		page_line(p, '-');
		page_spanf(p, HEAD_COL, STYLE_PLAIN, "%u/%s is free: nothing holds it any more", pick->port,
			   proto_table[pick->proto].name);
		return;
	}
	port = &e->f->ports.v[row];
	head(&b, row);
	who(&b, row);
	forwards(&b, row);
	page_line(p, ' ');
	findings = page_findings(&b, FINDING_ON_PORT, row);
	for (uint32_t i = 0; i < port->member_n; i++)
		findings += page_findings(&b, FINDING_ON_SOCK, e->f->members.v[port->member + i]);
	for (uint32_t i = 0; i < port->holder_n && i < HOLDERS_SHOWN; i++)
		page_findings(&b, FINDING_ON_PROC, e->f->holders.v[port->holder + i]);
	queue(&b, row, findings);
	if (p->lines.n && !p->lines.v[p->lines.n - 1].span_n)
		p->lines.n--; /* nothing to say there: no blank line either */
	page_listeners(&b, row);
	page_held_by(&b, row);
	states(&b, row);
	page_rates(&b, port->ring, e->f->tally.ports.v[row].rx_rate, e->f->tally.ports.v[row].tx_rate);
	connected(&b, row);
	history(&b, row);
}
