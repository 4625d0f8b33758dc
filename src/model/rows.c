/* The join of a snapshot with the previous frame: which socket is which, since when it is there, how fast
 * it is, and which ones have gone. Dumps of the kernel repeat and skip stable sockets when many share one
 * hash bucket (a dump resumes by index in the bucket), so identity is the cookie, repeated rows are dropped,
 * and one missed look is no death. */
#include "sockeye/model/unit.h"
#include "world_private.h"
#include <math.h>
#include <stdlib.h>

void nums_fill(struct nums *a, size_t n, uint32_t value)
{
	vec_clear(a);
	vec_reserve(a, n);
	for (size_t i = 0; i < n; i++)
		a->v[i] = value;
	a->n = n;
}

/* Network namespaces keep their place by inode, whatever index a snapshot gives them. */
static void join_netns(struct world *w)
{
	const struct frame *p = w->prev;
	struct frame *f = w->f;

	nums_fill(&w->ns_prev, f->netns.n, NONE);
	nums_fill(&w->ns_now, p ? p->netns.n : 0, NONE);
	for (uint32_t i = 0; p && i < f->netns.n; i++) {
		uint32_t n = (uint32_t)p->netns.n, at = NONE;

		if (i < n && p->netns.v[i].inode == f->netns.v[i].inode)
			at = i;
		for (uint32_t j = 0; j < n && at == NONE; j++)
			if (p->netns.v[j].inode == f->netns.v[i].inode)
				at = j;
		if (at == NONE || w->ns_now.v[at] != NONE)
			continue;
		w->ns_prev.v[i] = at;
		w->ns_now.v[at] = i;
	}
}

/* The namespace of an old row in this frame; one that has ended is carried while rows of it are shown. */
static uint16_t old_netns(struct world *w, uint16_t prev_ns)
{
	uint32_t *now = &w->ns_now.v[prev_ns];

	if (*now == NONE) {
		*now = (uint32_t)w->f->netns.n;
		vec_push(&w->f->netns, w->prev->netns.v[prev_ns]);
		vec_push(&w->ns_prev, prev_ns);
	}
	return (uint16_t)*now;
}

/* Nothing an index is made of may be out of range: a recording can hold anything. */
static bool sane(const struct world *w, const struct sock *s)
{
	return s->netns < w->f->netns.n && s->family < FAMILY_N && s->proto < PROTO_N &&
	       s->state > STATE_NONE && s->state < STATE_N;
}

/* hint: the row of prev behind the last one found; dumps mostly repeat their order. */
static uint32_t find_prev(struct world *w, const struct sock *s, uint32_t hint)
{
	const struct frame *p = w->prev;
	uint32_t ns, row;

	if (!p || (ns = w->ns_prev.v[s->netns]) == NONE)
		return NONE;
	if (hint < p->open_rows && p->socks.v[hint].cookie == s->cookie && p->socks.v[hint].netns == ns)
		return hint;
	row = frame_row_by_cookie(p, (uint16_t)ns, s->cookie);
	return row != NONE || !w->revived.n ? row : map_get(&w->revived, ns, s->cookie);
}

/* Was prev's look such that this socket would have been in it? Else it is only new to us. */
static bool would_have_been_seen(const struct world *w, const struct sock *s)
{
	const struct want *want;

	if (!w->prev)
		return false;
	want = &w->prev->want;
	return want_has(want, s) && w->ns_prev.v[s->netns] != NONE &&
	       (!state_table[s->state].connected || ((want->states & STATE_BIT(STATE_ESTABLISHED)) &&
						     !w->prev->netns.v[w->ns_prev.v[s->netns]].unread));
}

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

/* When the counters of connections in this namespace of a frame were read. */
static uint64_t read_ns(const struct frame *f, uint32_t netns)
{
	uint64_t as_of = f->netns.v[netns].as_of_ns;

	return as_of ? as_of : f->boot_ns;
}

/* An old reading shown again says nothing about what has been since: what was known then stands. */
static bool shown_again(struct world *w, const struct sock *s, uint32_t prev, struct row *r, struct memo *m)
{
	const struct row *p = &w->prev->rows.v[prev];

	if (!w->f->netns.v[s->netns].as_of_ns || w->memo_prev.v[prev].counted_ns != m->counted_ns)
		return false;
	*m = w->memo_prev.v[prev];
	r->rx_rate = p->rx_rate;
	r->tx_rate = p->tx_rate;
	r->rate_mean = p->rate_mean;
	return true;
}

static void rates(struct world *w, const struct sock *s, uint32_t prev, struct row *r, struct memo *m)
{
	const struct memo *pm = prev == NONE ? NULL : &w->memo_prev.v[prev];
	uint64_t now = read_ns(w->f, s->netns), since = 0, rx = 0, tx = 0;
	float sum = 0;
	unsigned n = 0;

	r->rx_rate = r->tx_rate = NAN;
	m->counted_ns = 0;
	if (s->flags & (SOCK_HAS_INFO | SOCK_HAS_BYTES) && proto_table[s->proto].connected) {
		m->counted_ns = now;
		if (pm && shown_again(w, s, prev, r, m))
			return;
		if (pm && pm->counted_ns) {
			since = pm->counted_ns;
			rx = w->prev->socks.v[prev].rx_bytes;
			tx = w->prev->socks.v[prev].tx_bytes;
		} else if (prev == NONE && !(r->marks & MARK_START)) {
			since = read_ns(w->prev, w->ns_prev.v[s->netns]);
		}
		if (since && since < now && !w->gap) {
			r->rx_rate = per_second(s->rx_bytes, rx, now - since);
			r->tx_rate = per_second(s->tx_bytes, tx, now - since);
		}
	}
	if (moves_nothing(s))
		r->rx_rate = r->tx_rate = w->prev && !w->gap && w->f->want.attrs & WANT_INFO ? 0 : NAN;

	m->rate[0] = r->rx_rate + r->tx_rate;
	m->rate[1] = pm ? pm->rate[0] : NAN;
	for (int i = 0; i < 3; i++) {
		float v = i < 2 ? m->rate[i] : pm ? pm->rate[1] : NAN;

		if (isnan(v))
			continue;
		sum += v;
		n++;
	}
	r->rate_mean = n ? sum / (float)n : 0;
}

static void new_row(struct world *w, const struct sock *s, struct row *r)
{
	*r = (struct row){.listener = NONE, .peer = NONE, .parent = NONE};
	r->first_ns = r->state_ns = w->f->boot_ns;
	r->marks = would_have_been_seen(w, s) ? MARK_NEW : MARK_START;
}

static void known_row(struct world *w, const struct sock *s, uint32_t prev, struct row *r)
{
	const struct row *p = &w->prev->rows.v[prev];

	*r = (struct row){.listener = NONE, .peer = NONE, .parent = NONE};
	r->first_ns = p->first_ns;
	r->state_ns = p->state_ns;
	r->marks = p->marks & (MARK_START | MARK_NEW);
	if (w->f->boot_ns - r->first_ns >= KEEP_NS)
		r->marks &= (uint8_t)~MARK_NEW;
	if (w->prev->socks.v[prev].state != s->state) {
		r->state_ns = w->f->boot_ns;
		world_note_state(w, s, w->prev->socks.v[prev].state);
	}
	r->backlog_peak = p->backlog_peak;
}

/* The map of cookies is larger than the caches: asking for a slot well before it is needed hides most of
 * the waiting, which is the dearest part of the join. */
#define AHEAD 12

static void prefetch_slot(const struct frame *f, size_t i)
{
	const struct sock *s = &f->socks.v[i];

	__builtin_prefetch(&f->by_cookie.slots[map_hash(s->netns, s->cookie) & (f->by_cookie.cap - 1)], 1);
}

/* Joins the sockets of this look, in place; rubbish and repeated rows are closed up. */
static void join_rows(struct world *w)
{
	struct frame *f = w->f;
	size_t n = f->socks.n, kept = 0;
	uint32_t hint = 0;

	if (f->infos.n != n)
		vec_clear(&f->infos);
	map_reserve(&f->by_cookie, n);
	for (size_t i = 0; i < n; i++) {
		const struct sock *s = &f->socks.v[i];
		uint32_t *slot, prev;
		struct row *r;

		if (i + AHEAD < n)
			prefetch_slot(f, i + AHEAD);
		if (!sane(w, s))
			continue;
		slot = map_at(&f->by_cookie, s->netns, s->cookie);
		if (*slot != MAP_NONE)
			continue;
		*slot = (uint32_t)kept;
		if (kept != i) {
			f->socks.v[kept] = *s;
			s = &f->socks.v[kept];
			if (f->infos.n)
				f->infos.v[kept] = f->infos.v[i];
		}
		w->mptcp_n += s->proto == PROTO_MPTCP;
		w->unix_n += s->proto == PROTO_UNIX;
		prev = find_prev(w, s, hint);
		r = vec_add(&f->rows);
		if (prev == NONE) {
			new_row(w, s, r);
		} else {
			known_row(w, s, prev, r);
			w->row_of.v[prev] = (uint32_t)kept;
			hint = prev + 1;
		}
		vec_push(&w->prev_of, prev);
		rates(w, s, prev, r, vec_add(&w->memo));
		if (s->state == STATE_LISTENING && s->recvq > r->backlog_peak)
			r->backlog_peak = s->recvq;
		kept++;
	}
	f->socks.n = kept;
	if (f->infos.n)
		f->infos.n = kept;
}

/* Takes a row of prev over into this frame. Gives its new number. */
static uint32_t take_over(struct world *w, uint32_t prev)
{
	struct frame *f = w->f;
	uint32_t row = (uint32_t)f->socks.n;
	struct sock *s = vec_add(&f->socks);
	struct row *r = vec_add(&f->rows);

	*s = w->prev->socks.v[prev];
	s->netns = old_netns(w, s->netns);
	*r = w->prev->rows.v[prev];
	r->owner = r->owner_n = r->findings = 0;
	r->listener = r->peer = r->parent = NONE;
	if (f->infos.n)
		vec_push(&f->infos, frame_info(w->prev, prev));
	vec_push(&w->memo, w->memo_prev.v[prev]);
	vec_push(&w->prev_of, prev);
	return row;
}

static void miss(struct world *w, uint32_t prev)
{
	uint32_t row = take_over(w, prev);
	struct row *r = &w->f->rows.v[row];

	w->row_of.v[prev] = row;
	*map_at(&w->f->by_cookie, w->f->socks.v[row].netns, w->f->socks.v[row].cookie) = row;
	r->marks |= MARK_MISSED;
	if (w->f->boot_ns - r->first_ns >= KEEP_NS)
		r->marks &= (uint8_t)~MARK_NEW;
}

static void close_row(struct world *w, uint32_t prev)
{
	uint32_t row = take_over(w, prev);
	struct row *r = &w->f->rows.v[row];

	if (!(r->marks & MARK_CLOSED))
		r->closed_ns = w->f->boot_ns;
	r->marks = (uint8_t)((r->marks & MARK_START) | MARK_CLOSED);
	if (!isnan(r->rx_rate))
		r->rx_rate = r->tx_rate = 0;
	r->rate_mean = 0;
}

/* What prev had and this look has not: kept once, then closed, then forgotten. What was not asked for is
 * dropped: nothing is known about it. */
static void old_rows(struct world *w)
{
	const struct frame *p = w->prev;
	uint32_t i;

	if (!p)
		return;
	for (i = 0; i < p->open_rows; i++)
		if (w->row_of.v[i] == NONE && want_has(&w->f->want, &p->socks.v[i]) &&
		    !(p->rows.v[i].marks & MARK_MISSED) && !world_let_go(w, i))
			miss(w, i);
	w->f->open_rows = (uint32_t)w->f->rows.n;
	for (i = 0; i < p->rows.n; i++) {
		const struct row *r = &p->rows.v[i];

		if (w->row_of.v[i] != NONE || !want_has(&w->f->want, &p->socks.v[i]))
			continue;
		if (!(r->marks & MARK_CLOSED) || w->f->boot_ns - r->closed_ns < KEEP_NS)
			close_row(w, i);
	}
}

void world_rows(struct world *w, struct snapshot *s)
{
	const struct frame *p = w->prev;

	join_netns(w);
	nums_fill(&w->row_of, p ? p->rows.n : 0, NONE);
	vec_clear(&w->prev_of);
	vec_clear(&w->memo);
	vec_reserve(&w->prev_of, w->f->socks.n);
	vec_reserve(&w->memo, w->f->socks.n);
	vec_reserve(&w->f->rows, w->f->socks.n);
	map_clear(&w->revived);
	w->mptcp_n = w->unix_n = 0;
	for (uint32_t i = p ? p->open_rows : 0; p && i < p->rows.n; i++)
		*map_at(&w->revived, p->socks.v[i].netns, p->socks.v[i].cookie) = i;
	join_rows(w);
	w->f->open_rows = (uint32_t)w->f->rows.n;
	old_rows(w);
}
