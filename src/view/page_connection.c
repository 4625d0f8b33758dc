/* Builds the connection page: both ends, the buffers, the path between them, and what it waits for. */
#include "graph.h"
#include "page_conn.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* struct tcp_info's tcpi_options (include/uapi/linux/tcp.h). */
static const struct {
	uint8_t bit;
	const char *name;
} tcp_options[] = {{2, "sack"}, {1, "timestamps"}, {8, "ecn"}, {32, "fast open"}};
#define TCP_OPT_WSCALE 4
/* enum tcp_ca_state, from the one on in which it does not just go on: what holds it up now. */
static const char *const ca_words[] = {
	NULL,
	"out of order: segments are missing, or late",
	"congestion: it was told to slow down",
	"loss: sends it again, at a lower pace",
	"a timeout: starts anew from one segment",
};
#define TIMER_PROBE 4 /* idiag_timer, as TIMER_RETRANSMIT */

/* An open row, or one that closed within the last seconds and is still shown. */
static uint32_t find(const struct frame *f, const struct pick *pick)
{
	uint32_t row = frame_row_by_cookie(f, pick->netns, pick->cookie);

	for (uint32_t i = 0; row == NONE && i < f->rows_n; i++)
		if (frame_sock(f, i)->cookie == pick->cookie && frame_sock(f, i)->netns == pick->netns)
			row = i;
	return row;
}

static void head(struct conn *c)
{
	struct build *b = &c->b;
	struct str s = {0};
	int col;

	str_putf(&s, "%s ", proto_table[c->s->proto].name);
	page_put_end(b, c->row, false, &s);
	if (c->peer) {
		str_puts(&s, c->r->dir == DIR_IN ? (b->ascii ? " < " : " ← ") : (b->ascii ? " > " : " → "));
		page_put_end(b, c->row, true, &s);
	}
	page_line(b->p, page_gutter(b, c->r->marks & MARK_CLOSED, 0, c->s->netns));
	page_wrap(b->p, HEAD_COL, STYLE_HEAD, str_text(&s));
	page_line(b->p, ' ');
	page_span(b->p, HEAD_COL,
		  c->s->state == STATE_CLOSE_WAIT  ? STYLE_BAD
		  : c->s->state == STATE_LISTENING ? STYLE_INFO
						   : STYLE_PLAIN,
		  c->r->marks & MARK_CLOSED ? "closed" : state_table[c->s->state].name);
	col = page_line_end(b->p) + 3;
	if (c->peer && c->r->dir != DIR_NONE) {
		page_span(b->p, col, STYLE_PLAIN, c->r->dir == DIR_IN ? "they connected" : "we connected");
		col = page_line_end(b->p) + 3;
	}
	str_clear(&s);
	page_put_since(b, c->r->first_ns, c->r->marks, &s);
	if (c->r->state_ns > c->r->first_ns) {
		char buf[UNIT_BUF];

		str_putf(&s, ", in this state for %s", fmt_age(buf, frame_age_s(b->f, c->r->state_ns), 2));
	}
	if (!(c->r->marks & MARK_CLOSED))
		page_span(b->p, col, STYLE_PLAIN, str_text(&s));
	str_done(&s);
}

static void buffer_line(struct conn *c, const char *label, uint32_t have, uint32_t limit, const char *more)
{
	struct build *b = &c->b;
	char one[UNIT_BUF], two[UNIT_BUF];
	int col = page_label(b, label), room;
	struct str s = {0};

	str_putf(&s, "%4s", fmt_size(one, have));
	if (limit)
		str_putf(&s, " of %s", fmt_size(two, limit));
	page_span(b->p, col, STYLE_PLAIN, str_text(&s));
	col = col + 13;
	room = b->p->width - col - 1;
	if (limit && room >= 4) {
		double share = (double)have / limit;

		str_clear(&s);
		graph_bar(&s, share, room > 12 ? 12 : room, b->ascii);
		page_span(b->p, col, share >= .9 ? STYLE_BAD : STYLE_INFO, str_text(&s));
	}
	if (*more) {
		if (page_line_end(b->p) + 2 + text_width(more) > b->p->width) {
			page_line(b->p, ' ');
			page_span(b->p, col - 13, STYLE_PLAIN, more);
		} else {
			page_span(b->p, page_line_end(b->p) + 2, STYLE_PLAIN, more);
		}
	}
	str_done(&s);
}

static void buffers(struct conn *c)
{
	struct build *b = &c->b;
	bool tcp = proto_table[c->s->proto].connected;
	uint32_t unread = c->s->recvq, owner = frame_first_owner(b->f, c->row, false);
	char one[UNIT_BUF], two[UNIT_BUF];
	struct str s = {0};
	int col;

	if (c->s->flags & SOCK_MINI)
		return;
	if (c->listens) {
		page_heading(b, "ACCEPT QUEUE");
		col = page_label(b, "waiting");
		if (c->s->flags & SOCK_FROM_PROC || c->s->family == FAMILY_VSOCK)
			page_span(b->p, col, STYLE_DIM, "the kernel does not tell its limit here");
		else
			page_spanf(b->p, col, c->s->recvq > c->s->sendq ? STYLE_BAD : STYLE_PLAIN,
				   "%s of %s, peak %s", fmt_count(one, c->s->recvq),
				   fmt_count(two, c->s->sendq),
				   fmt_count((char[UNIT_BUF]){0}, c->r->backlog_peak));
		if (proto_table[c->s->proto].connected && !(c->s->flags & SOCK_FROM_PROC))
			page_queue_limit(b, c->s->netns, c->s->sendq, owner);
		if (c->s->flags & SOCK_HAS_MEM) {
			col = page_label(b, "dropped");
			page_spanf(b->p, col, c->s->drops ? STYLE_WARN : STYLE_PLAIN, "%s arrivals",
				   fmt_count(one, c->s->drops));
		}
		return;
	}
	if (c->s->state == STATE_BOUND)
		return;
	page_heading(b, "BUFFERS");
	/* In close-wait the kernel counts the peer's FIN as one byte (tcp_diag_get_info, rcv_nxt). */
	if (c->s->state == STATE_CLOSE_WAIT) {
		str_puts(&s, unread == 0 ? "read to the end, never closed" : "the end is not read yet");
		unread -= unread > 0;
	} else if (unread) {
		str_puts(&s, tcp ? "unread by " : "waiting, with overhead, for ");
		if (owner != NONE)
			page_put_proc(b, owner, false, &s);
		else
			str_puts(&s, "the program");
	}
	buffer_line(c, "receive", unread, c->s->flags & SOCK_HAS_MEM ? c->i->rcvbuf : 0, str_text(&s));
	str_clear(&s);
	if (c->more && c->s->sendq) {
		uint32_t notsent =
			c->more->notsent_bytes > c->s->sendq ? c->s->sendq : c->more->notsent_bytes;

		str_putf(&s, "%s in flight, %s not sent yet", fmt_size(one, c->s->sendq - notsent),
			 fmt_size(two, notsent));
	}
	buffer_line(c, "send", c->s->sendq, c->s->flags & SOCK_HAS_MEM ? c->i->sndbuf : 0, str_text(&s));
	if (!tcp && (c->s->flags & SOCK_HAS_MEM)) {
		col = page_label(b, "dropped");
		page_spanf(b->p, col, c->s->drops ? STYLE_WARN : STYLE_PLAIN, "%s packets",
			   fmt_count(one, c->s->drops));
	}
	str_done(&s);
}

static void put_ms(struct str *out, uint32_t us)
{
	double ms = us / 1000.0;

	str_putf(out, ms > 0 && ms < .1 ? "%.2f" : ms < 10 ? "%.1f" : "%.0f", ms);
}

static void put_share(struct str *out, const char *what, uint64_t part, uint64_t all)
{
	if (part)
		str_putf(out, "%s%s %.0f%%", out->n ? ", " : "", what, 100.0 * (double)part / (double)all);
}

/* What holds it up, and what both ends agreed upon. */
static void path_more(struct conn *c)
{
	static const struct shown none;
	const struct shown *m = c->more ? c->more : &none;
	struct build *b = &c->b;
	const char *now;
	char one[UNIT_BUF];
	struct str s = {0}, line = {0};
	int col;

	if (m->busy_us && (m->rwnd_limited_us || m->sndbuf_limited_us)) {
		uint64_t other = m->rwnd_limited_us + m->sndbuf_limited_us;

		put_share(&s, "by the network", m->busy_us > other ? m->busy_us - other : 0, m->busy_us);
		put_share(&s, "by the receiver", m->rwnd_limited_us, m->busy_us);
		put_share(&s, "by our buffer", m->sndbuf_limited_us, m->busy_us);
	}
	now = m->ca_state < ARRAY_LEN(ca_words) ? ca_words[m->ca_state] : NULL;
	if (now || s.n) {
		col = page_label(b, "held up");
		str_putf(&line, "%s%s%s%s", now ? "now by " : "", now ? now : "",
			 now && s.n ? "; so far " : "", str_text(&s));
		page_wrap(b->p, col, now ? STYLE_WARN : STYLE_PLAIN, str_text(&line));
		str_done(&line);
	}
	str_clear(&s);
	for (size_t n = 0; n < ARRAY_LEN(tcp_options); n++)
		if (m->options & tcp_options[n].bit)
			str_putf(&s, "%s%s", s.n ? " " : "", tcp_options[n].name);
	if (m->options & TCP_OPT_WSCALE)
		str_putf(&s, "%swscale %u/%u", s.n ? " " : "", m->wscale & 15u, m->wscale >> 4);
	if (c->i->snd_mss)
		str_putf(&s, "%smss %s", s.n ? ", " : "", fmt_count(one, c->i->snd_mss));
	if (m->pmtu)
		str_putf(&s, "%spath mtu %s", s.n ? ", " : "", fmt_count(one, m->pmtu));
	if (s.n) {
		col = page_label(b, "options");
		page_wrap(b->p, col, STYLE_PLAIN, str_text(&s));
	}
	str_done(&s);
}

static void path(struct conn *c)
{
	struct build *b = &c->b;
	const struct sock_info *i = c->i;
	char one[UNIT_BUF], two[UNIT_BUF], three[UNIT_BUF];
	struct str s = {0};
	int col;

	if (!(c->s->flags & SOCK_HAS_INFO) || !c->peer || !proto_table[c->s->proto].connected || !i->rtt_us)
		return;
	page_heading(b, "PATH");
	col = page_label(b, "rtt");
	put_ms(&s, i->rtt_us);
	str_puts(&s, " ms");
	if (i->min_rtt_us && i->min_rtt_us != UINT32_MAX) {
		str_puts(&s, ", lowest ");
		put_ms(&s, i->min_rtt_us);
	}
	str_puts(&s, ", varies by ");
	put_ms(&s, i->rttvar_us);
	page_span(b->p, col, STYLE_PLAIN, str_text(&s));

	str_clear(&s);
	if ((c->s->flags & SOCK_HAS_SEGS) && i->segs_out) {
		str_putf(&s, "%s of %s segments sent again", fmt_count(one, i->retrans_total),
			 fmt_count(two, i->segs_out));
		if (i->retrans_total)
			str_putf(&s, " (%.1f%%)", 100.0 * i->retrans_total / i->segs_out);
	} else {
		str_putf(&s, "%s sent again", fmt_count(one, i->retrans_total));
	}
	if (c->more && c->more->dsack_dups)
		str_putf(&s, ", %s in vain", fmt_count(one, c->more->dsack_dups));
	if (i->lost)
		str_putf(&s, ", %s missing now", fmt_count(one, i->lost));
	if (c->more && c->more->reord_seen)
		str_putf(&s, ", out of order %s times", fmt_count(one, c->more->reord_seen));
	col = page_label(b, "loss");
	page_wrap(b->p, col, i->lost ? STYLE_WARN : STYLE_PLAIN, str_text(&s));

	if (i->cwnd && i->snd_mss) {
		str_clear(&s);
		str_putf(&s, b->ascii ? "%s x %s B = %s" : "%s × %s B = %s", fmt_count(one, i->cwnd),
			 fmt_count(two, i->snd_mss), fmt_size(three, (double)i->cwnd * i->snd_mss));
		if (i->ssthresh && i->ssthresh < 0x7fffffff)
			str_putf(&s, ", threshold %s", fmt_count(one, i->ssthresh));
		if (i->cc) {
			str_puts(&s, ", ");
			text_put_cell(&s, intern_get(b->f->names, i->cc), intern_len(b->f->names, i->cc),
				      b->ascii, 32);
		}
		if (c->more && c->more->delivery_rate)
			str_putf(&s, ", %s/s got through lately",
				 fmt_size(one, (double)c->more->delivery_rate));
		col = page_label(b, "window");
		page_wrap(b->p, col, STYLE_PLAIN, str_text(&s));
	}
	path_more(c);
	str_done(&s);
}

/* How often what was not acknowledged is sent again (tcp_write_timeout, tcp_probe_timer): other settings hold before
 * the connection stands and when no process has it any more. 0: not known. */
static uint32_t tries(const struct conn *c)
{
	if (c->s->timer != TIMER_RETRANSMIT && c->s->timer != TIMER_PROBE)
		return 0;
	if (c->s->state == STATE_SYN_SENT || c->s->state == STATE_SYN_RECV || !c->s->inode ||
	    c->s->proto != PROTO_TCP || c->s->netns >= c->b.f->netns.n)
		return 0;
	return c->b.f->netns.v[c->s->netns].retries;
}

static void timer(struct conn *c)
{
	/* idiag_timer; values beyond are of kernels to come. */
	static const char *const words[] = {NULL, "retransmit in", "keepalive in", "ends in",
					    "window probe in"};
	char buf[UNIT_BUF];
	uint32_t most;

	if (!c->s->timer)
		return;
	page_section(c->b.p);
	page_line(c->b.p, ' ');
	page_line(c->b.p, ' ');
	page_span(c->b.p, HEAD_COL, STYLE_HEAD, "TIMER");
	if (c->s->timer < ARRAY_LEN(words))
		page_spanf(c->b.p, TEXT_COL + 10, c->s->retrans ? STYLE_WARN : STYLE_PLAIN, "%s %s",
			   words[c->s->timer], fmt_duration(buf, frame_timer_ms(c->b.f, c->row) / 1e3));
	else
		page_spanf(c->b.p, TEXT_COL + 10, STYLE_PLAIN, "kind %u in %s", c->s->timer,
			   fmt_duration(buf, frame_timer_ms(c->b.f, c->row) / 1e3));
	if (!c->s->retrans)
		return;
	page_spanf(c->b.p, page_line_end(c->b.p), STYLE_WARN, ", try %u", c->s->retrans + 1u);
	most = tries(c);
	if (most && c->s->retrans < most)
		page_spanf(c->b.p, page_line_end(c->b.p), STYLE_WARN, " of %u", most);
	else if (most)
		page_spanf(c->b.p, page_line_end(c->b.p), STYLE_WARN, ", then it is given up");
}

static void identity(struct conn *c)
{
	struct build *b = &c->b;
	struct str s = {0};

	page_line(b->p, ' ');
	str_putf(&s, "cookie %llx", (unsigned long long)c->s->cookie);
	if (c->s->inode)
		str_putf(&s, "  inode %u", c->s->inode);
	if (c->s->flags & SOCK_HAS_UID)
		str_putf(&s, "  uid %u", c->s->uid);
	if (c->s->flags & SOCK_HAS_MARK && c->i->mark)
		str_putf(&s, "  mark 0x%x", c->i->mark);
	if (c->s->netns < b->f->netns.n) {
		uint32_t name = b->f->netns.v[c->s->netns].name;

		str_puts(&s, "  netns ");
		text_put_cell(&s, intern_get(b->f->names, name), intern_len(b->f->names, name), b->ascii, 64);
	}
	if (c->s->cgroup) {
		str_puts(&s, "  cgroup ");
		text_put_cell(&s, intern_get(b->f->names, c->s->cgroup),
			      intern_len(b->f->names, c->s->cgroup), b->ascii, 256);
	}
	page_line(b->p, ' ');
	page_wrap(b->p, TEXT_COL, STYLE_DIM, str_text(&s));
	str_done(&s);
}

static void stuck(struct conn *c)
{
	char one[UNIT_BUF], two[UNIT_BUF];
	struct str s = {0};

	if (!sock_stuck(c->s) || !c->peer || c->r->marks & MARK_CLOSED)
		return;
	str_putf(&s, "stuck: %s unacknowledged", fmt_size(one, c->s->sendq));
	if (c->s->flags & SOCK_HAS_TIMES)
		str_putf(&s, ", peer silent for %s", fmt_duration(two, c->i->last_ack_recv_ms / 1e3));
	str_putf(&s, ", resent %u times", c->s->retrans);
	page_line(c->b.p, '!');
	page_wrap(c->b.p, TEXT_COL, STYLE_BAD, str_text(&s));
	str_done(&s);
}

/* "14:02:12 close-wait", newest first, as far as it was watched. */
static void history(struct conn *c)
{
	struct build *b = &c->b;
	const struct frame *f = b->f;
	uint64_t netns = frame_netns_inode(f, c->s->netns);
	uint8_t first = c->s->state;
	struct str s = {0};
	bool any = false;

	if (c->r->marks & MARK_CLOSED)
		page_put_moment(b, c->r->closed_ns, "closed", &s);
	for (size_t i = f->sock_notes.v.n; i-- > 0;) {
		const struct note *n = &f->sock_notes.v.v[i];

		if (n->a != netns || n->b != c->s->cookie)
			continue;
		page_put_moment(b, n->at_ns,
				n->kind == NOTE_STATE ? state_table[n->to].name : note_words[n->kind], &s);
		if (n->kind != NOTE_STATE)
			continue;
		first = n->from;
		any = true;
	}
	/* Changes that are too common to be noted show in the row alone: what it was before is not known then. */
	if (!any && c->r->state_ns > c->r->first_ns) {
		page_put_moment(b, c->r->state_ns, state_table[c->s->state].name, &s);
		page_put_moment(b, c->r->first_ns, "first seen", &s);
	} else {
		page_put_moment(b, c->r->first_ns, "first seen", &s);
		str_putf(&s, ", %s", state_table[first].name);
	}
	page_history(b, str_text(&s));
	str_done(&s);
}

void page_build_connection(struct page *p, const struct screen_env *e, const struct pick *pick)
{
	struct conn c = {.b = page_begin(p, e), .row = find(e->f, pick)};

	if (c.row == NONE) {
		page_line(p, '-');
		page_span(p, HEAD_COL, STYLE_PLAIN,
			  "This connection is closed; the kernel knows it no more.");
		return;
	}
	c.s = frame_sock(e->f, c.row);
	c.r = frame_row(e->f, c.row);
	c.info = frame_info(e->f, c.row);
	c.i = &c.info;
	c.listens = c.s->state == STATE_LISTENING;
	if (e->shown && e->shown->cookie == c.s->cookie && e->shown->cookie &&
	    e->shown->netns_inode == frame_netns_inode(e->f, c.s->netns))
		c.more = e->shown;
	if (c.s->family <= FAMILY_IPV6)
		c.peer = c.s->rport || !ip_is_any(c.s->raddr, c.s->family == FAMILY_IPV6);
	else
		c.peer = c.r->peer != NONE || c.s->rname;
	head(&c);
	page_findings(&c.b, FINDING_ON_SOCK, c.row);
	/* A finding on its port or its process may have marked it. */
	if (c.r->findings && c.listens && frame_port_of(e->f, c.row) != NONE)
		page_findings(&c.b, FINDING_ON_PORT, frame_port_of(e->f, c.row));
	else if (c.r->findings && frame_first_owner(e->f, c.row, false) != NONE)
		page_findings(&c.b, FINDING_ON_PROC, frame_first_owner(e->f, c.row, false));
	stuck(&c);
	page_ends(&c);
	buffers(&c);
	path(&c);
	timer(&c);
	history(&c);
	identity(&c);
}
