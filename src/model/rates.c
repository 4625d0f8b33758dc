/* How fast sockets are, from what their counters said in the look before, and which of them rest: of those nothing
 * need be computed again. */
#include "world_private.h"
#include <math.h>

static float per_second(uint64_t now, uint64_t before, uint64_t ns)
{
	/* A smaller number means that counting began anew, for another conversation of the same socket. */
	uint64_t delta = now >= before ? now - before : now;

	return (float)((double)delta * 1e9 / (double)ns);
}

/* Listeners and bound sockets transfer nothing: that is known as soon as anything is. */
static bool moves_nothing(const struct sock *s)
{
	return proto_table[s->proto].connected && (s->state == STATE_LISTENING || s->state == STATE_BOUND);
}

static bool is_counted(const struct sock *s)
{
	return s->flags & (SOCK_HAS_INFO | SOCK_HAS_BYTES) && proto_table[s->proto].connected;
}

/* When the counters of a row of prev were read; 0: never. */
uint64_t world_counted_ns(const struct world *w, uint32_t prev)
{
	const struct sock *s = frame_sock(w->prev, prev);
	const struct row *r = frame_row(w->prev, prev);

	if (!is_counted(s))
		return 0;
	return r->marks & (MARK_MISSED | MARK_CLOSED) ? r->counted_ns : frame_read_ns(w->prev, s->netns);
}

void world_rates(struct world *w, const struct sock *s, uint32_t prev, struct row *r)
{
	const struct row *p = prev == NONE ? NULL : frame_row(w->prev, prev);
	uint64_t now = frame_read_ns(w->f, s->netns), since = 0, before = p ? world_counted_ns(w, prev) : 0,
		 rx = 0, tx = 0;
	float rate[3] = {NAN, p ? p->rx_rate + p->tx_rate : NAN, p ? p->rate_before : NAN}, sum = 0;
	unsigned n = 0;

	r->rx_rate = r->tx_rate = NAN;
	if (is_counted(s)) {
		/* An old reading shown again says nothing about what has been since: what was known stands. */
		if (before == now && w->f->netns.v[s->netns].as_of_ns) {
			r->rx_rate = p->rx_rate;
			r->tx_rate = p->tx_rate;
			return;
		}
		if (before) {
			since = before;
			rx = frame_sock(w->prev, prev)->rx_bytes;
			tx = frame_sock(w->prev, prev)->tx_bytes;
		} else if (prev == NONE && !(r->marks & MARK_START)) {
			since = frame_read_ns(w->prev, w->ns_prev.v[s->netns]);
		}
		if (since && since < now && !w->gap) {
			r->rx_rate = s->rx_bytes == rx ? 0 : per_second(s->rx_bytes, rx, now - since);
			r->tx_rate = s->tx_bytes == tx ? 0 : per_second(s->tx_bytes, tx, now - since);
		}
	}
	if (moves_nothing(s))
		r->rx_rate = r->tx_rate = w->prev && !w->gap && w->f->want.attrs & WANT_INFO ? 0 : NAN;

	rate[0] = r->rx_rate + r->tx_rate;
	r->rate_before = rate[1];
	for (int i = 0; i < 3; i++) {
		if (isnan(rate[i]))
			continue;
		sum += rate[i];
		n++;
	}
	r->rate_mean = n ? sum / (float)n : 0;
}

/* Would the next look, if it told the same, make the same row of it? */
static bool at_rest(const struct sock *s, const struct row *r)
{
	bool still = !(r->rx_rate != 0 || r->tx_rate != 0 || r->rate_before != 0),
	     never = isnan(r->rx_rate) && isnan(r->tx_rate) && isnan(r->rate_before);

	return !(r->marks & ~MARK_START) && r->rate_mean == 0 &&
	       (is_counted(s) || moves_nothing(s) ? still : never);
}

void world_set_rest(struct world *w, uint32_t row, const struct sock *s, const struct row *r)
{
	world_set_calm(w, row, CALM_RATES, at_rest(s, r));
	w->flows.v[row] = (isnan(r->rx_rate) ? 0 : r->rx_rate != 0 || r->tx_rate != 0) || r->rate_mean != 0;
}

/* May rows at rest be left alone? Not where another reading would make a rate of the same counters. */
bool world_is_restful(const struct world *w)
{
	const struct frame *f = w->f, *p = w->prev;

	if (!p || w->gap || p->want.attrs != f->want.attrs)
		return false;
	for (uint32_t i = 0; i < f->netns.n; i++) {
		uint64_t now = frame_read_ns(f, i), before;

		if (w->ns_prev.v[i] == NONE)
			continue;
		before = frame_read_ns(p, w->ns_prev.v[i]);
		if (before > now || (before == now && !f->netns.v[i].as_of_ns))
			return false;
	}
	return true;
}
