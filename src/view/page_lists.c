/* The lists that pages share: connections, the busiest first, and peers whose connections fold out. */
#include "page_parts.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include <stdlib.h>
#include <string.h>

#define PEERS_SHOWN 8
#define UNFOLDED_MAX (PAGE_PEERS_MAX - PEERS_SHOWN) /* the Connections view has them all */

/* Busier first; then those that are alive, then as the frame has them. */
static bool before(const struct frame *f, uint32_t x, uint32_t y)
{
	const struct row *a = frame_row(f, x), *b = frame_row(f, y);
	bool conn_a = state_table[frame_sock(f, x)->state].conn,
	     conn_b = state_table[frame_sock(f, y)->state].conn;

	if (a->rate_mean != b->rate_mean)
		return a->rate_mean > b->rate_mean;
	if (conn_a != conn_b)
		return conn_a;
	return x < y;
}

/* Keeps the best `max` by insertion: the list shown is short, the connections may be many. */
void page_top_rows(const struct frame *f, struct rows *rows, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < rows->v.n; i++) {
		uint32_t row = rows->v.v[i];
		size_t at = n;

		if (n == max && (max == 0 || !before(f, row, rows->v.v[n - 1])))
			continue;
		if (n < max)
			n++;
		else
			at = n - 1;
		for (; at > 0 && before(f, row, rows->v.v[at - 1]); at--)
			rows->v.v[at] = rows->v.v[at - 1];
		rows->v.v[at] = row;
	}
	rows->v.n = n;
}

enum { CONN_REMOTE, CONN_STATE, CONN_PROCESS, CONN_RX, CONN_TX, CONN_IDLE };
const struct grid_col page_conn_cols[] = {
	[CONN_REMOTE] = {"REMOTE", 23, .grow = true}, [CONN_STATE] = {"STATE", 8, .drop = 1},
	[CONN_PROCESS] = {"PROCESS", 15, .drop = 5},  [CONN_RX] = {"RX/s", 5, true, .drop = 2},
	[CONN_TX] = {"TX/s", 5, true, .drop = 3},     [CONN_IDLE] = {"IDLE", 5, true, .drop = 4},
};
const int page_conn_cols_n = ARRAY_LEN(page_conn_cols);

static uint8_t state_style(uint8_t state)
{
	switch (state) {
	case STATE_LISTENING:
		return STYLE_INFO;
	case STATE_CLOSE_WAIT:
		return STYLE_BAD;
	case STATE_SYN_SENT:
	case STATE_SYN_RECV:
	case STATE_BOUND:
		return STYLE_WARN;
	case STATE_ESTABLISHED:
	case STATE_UNCONN:
		return STYLE_PLAIN;
	default:
		return STYLE_DIM;
	}
}

void page_connections(struct build *b, const struct grid *g, const uint32_t *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct sock *s = frame_sock(b->f, rows[i]);
		const struct row *r = frame_row(b->f, rows[i]);
		uint32_t owner = frame_first_owner(b->f, rows[i], true);
		bool own = b->own != NONE && owner == b->own, local = own && r->dir != DIR_IN;
		struct str t = {0};

		/* On a process's own page its name says nothing, nor does the other end below its address. */
		if (own)
			owner = r->peer < b->f->rows_n ? frame_first_owner(b->f, r->peer, false) : NONE;

		page_line(b->p, page_gutter(b, r->marks, r->findings, s->netns));
		if (s->family <= FAMILY_IPV6)
			page_put_endpoint(b, local ? s->laddr : s->raddr, s->family == FAMILY_IPV6,
					  local ? s->lport : s->rport, g->w[CONN_REMOTE], &t);
		else
			page_put_end(b, rows[i], !local, &t);
		grid_put(b, g, CONN_REMOTE, STYLE_PLAIN, str_text(&t));
		grid_put(b, g, CONN_STATE, state_style(s->state), state_table[s->state].brief);
		str_clear(&t);
		if (owner != NONE)
			page_put_proc(b, owner, true, &t);
		else if (!own)
			page_put_reason(b, r->reason, &t);
		grid_put(b, g, CONN_PROCESS, owner != NONE ? STYLE_PLAIN : STYLE_REASON, str_text(&t));
		grid_cell(b, g, CONN_RX, ROWS_SOCK, rows[i], "rx_rate");
		grid_cell(b, g, CONN_TX, ROWS_SOCK, rows[i], "tx_rate");
		grid_cell(b, g, CONN_IDLE, ROWS_SOCK, rows[i], "idle_s");
		page_walk(b->p, page_subject_sock(b, rows[i]), s->netns, s->cookie);
		str_done(&t);
	}
}

static void peer_name(struct build *b, const struct peer_group *x, struct str *out, uint8_t *ret_style)
{
	enum scope scope = scope_of(x->ip.b, x->ip.v6);

	*ret_style = scope == SCOPE_PUBLIC ? STYLE_PLAIN : STYLE_DIM;
	if (x->here) {
		*ret_style = STYLE_INFO;
		str_puts(out, "this machine");
		if (x->peer_proc != NONE) {
			str_puts(out, ", ");
			page_put_proc(b, x->peer_proc, true, out);
		}
		return;
	}
	page_put_ip(x->ip.b, x->ip.v6, out);
}

static bool talks_to(const struct frame *f, uint32_t row, const struct ip *peer)
{
	const struct sock *s = frame_sock(f, row);
	struct ip ip;

	ip_unmap(s->raddr, s->family == FAMILY_IPV6, &ip);
	return state_table[s->state].conn && ip.v6 == peer->v6 && !memcmp(ip.b, peer->b, sizeof(ip.b));
}

void page_conns_line(struct build *b, const struct grid *g, const char *name, uint8_t style,
		     const struct conn_sums *s)
{
	char buf[UNIT_BUF];

	page_line(b->p, s->close_wait ? '!' : ' ');
	grid_put(b, g, 0, style, name);
	grid_count(b, g, 1, s->conns, STYLE_PLAIN);
	grid_count(b, g, 2, s->close_wait, STYLE_WARN);
	grid_rate(b, g, 3, s->rx_rate);
	grid_rate(b, g, 4, s->tx_rate);
	grid_put(b, g, 5, STYLE_PLAIN, fmt_duration(buf, s->idle_s));
}

/* One peer: what opens is its connection when there is one, the process when it is on this machine; the
 * connections of several fold out. */
static void peer_line(struct build *b, const struct grid *g, const struct peer_group *x, const uint32_t *rows,
		      size_t n, bool with_close_wait)
{
	struct rows mine = {0};
	struct str s = {0};
	uint8_t style;
	uint64_t a, c;
	struct grid inner;

	memcpy(&a, x->ip.b, 8);
	memcpy(&c, x->ip.b + 8, 8);
	a ^= c * 31 ^ x->ip.v6;
	peer_name(b, x, &s, &style);
	if (with_close_wait) {
		page_conns_line(b, g, str_text(&s), style, &x->sums);
	} else {
		page_line(b->p, ' ');
		grid_put(b, g, 0, style, str_text(&s));
		grid_count(b, g, 1, x->sums.conns, STYLE_PLAIN);
		grid_rate(b, g, 2, x->sums.rx_rate);
		grid_rate(b, g, 3, x->sums.tx_rate);
	}
	str_clear(&s);
	if (!with_close_wait && x->rtt_ms >= 0) {
		str_putf(&s, x->rtt_ms < 10 ? "%.1f" : "%.0f", x->rtt_ms);
		grid_put(b, g, 4, STYLE_PLAIN, str_text(&s));
	}
	str_done(&s);
	if (x->sums.conns <= 1) {
		page_walk(b->p, page_subject_sock(b, x->row), a, x->row);
		return;
	}
	if (x->here && x->peer_proc != NONE) {
		page_walk(b->p, page_subject_proc(b, x->peer_proc), a, b->f->procs.v[x->peer_proc].p.pid);
		return;
	}
	if (page_fold(b->p, a, 1, true))
		return;
	for (size_t i = 0; i < n; i++)
		if (talks_to(b->f, rows[i], &x->ip))
			vec_push(&mine.v, rows[i]);
	page_top_rows(b->f, &mine, UNFOLDED_MAX);
	grid_layout(&inner, page_conn_cols, page_conn_cols_n, g->x[0] + 2, b->p->width - 1);
	page_connections(b, &inner, mine.v.v, mine.v.n);
	vec_done(&mine.v);
}

void page_peers(struct build *b, const struct grid *g, const struct peer_groups *peers, const uint32_t *rows,
		size_t n, bool with_close_wait, uint64_t id)
{
	size_t shown = peers->v.n > PEERS_SHOWN + 1 ? PEERS_SHOWN : peers->v.n;

	for (size_t i = 0; i < shown; i++)
		peer_line(b, g, &peers->v.v[i], rows, n, with_close_wait);
	if (shown == peers->v.n)
		return;
	page_line(b->p, ' ');
	page_spanf(b->p, g->x[0], STYLE_DIM, "%zu more", peers->v.n - shown);
	if (page_fold(b->p, id, 'p', true))
		return;
	for (size_t i = shown; i < peers->v.n && i < shown + UNFOLDED_MAX; i++)
		peer_line(b, g, &peers->v.v[i], rows, n, with_close_wait);
}
