/* The join of a snapshot with the previous frame: which socket is which, since when it is there, how fast
 * it is, and which ones have gone. Dumps of the kernel repeat and skip stable sockets when many share one
 * hash bucket (a dump resumes by index in the bucket), so identity is the cookie, repeated rows are dropped,
 * and one missed look is no death. */
#include "row_index.h"
#include "sockeye/model/unit.h"
#include "world_private.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

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
	if (hint < p->open_rows && frame_sock(p, hint)->cookie == s->cookie &&
	    frame_sock(p, hint)->netns == ns)
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

/* ---- what a look tells, as frames keep it: moments instead of ages, so that what rests does not change ---- */

static uint32_t ms_of(uint64_t ns)
{
	return (uint32_t)(ns / 1000000);
}

/* A dump takes its time, and an idle socket's turn in it comes now sooner, now later: a moment that differs by less
 * is the same one. */
#define SAME_MS 500

static uint32_t moment(uint32_t now, uint32_t before, bool comparable)
{
	int32_t d = (int32_t)(now - before);

	return comparable && d > -SAME_MS && d < SAME_MS ? before : now;
}

static void keep_sock(struct world *w, struct sock *s, const struct sock *before)
{
	bool same = before && before->timer == s->timer && before->retrans == s->retrans;

	if (s->timer)
		s->timer_ms = moment(ms_of(frame_read_ns(w->f, s->netns)) + s->timer_ms,
				     before ? before->timer_ms : 0, same);
}

static void keep_info(struct world *w, const struct sock *s, struct sock_info *i, const struct sock *was,
		      const struct sock_info *before)
{
	uint32_t now = ms_of(frame_read_ns(w->f, s->netns));
	bool comparable = before && was->flags & SOCK_HAS_TIMES;

	if (!(s->flags & SOCK_HAS_TIMES))
		return;
	if (!before)
		before = i;
	i->last_sent_ms = moment(now - i->last_sent_ms, before->last_sent_ms,
				 comparable && i->segs_out == before->segs_out);
	i->last_recv_ms = moment(now - i->last_recv_ms, before->last_recv_ms,
				 comparable && s->rx_bytes == was->rx_bytes);
	i->last_ack_recv_ms = moment(now - i->last_ack_recv_ms, before->last_ack_recv_ms, comparable);
}

static struct sock *write_sock(struct world *w, uint32_t row)
{
	return blocks_write(&w->f->socks, row, sizeof(struct sock));
}

static struct sock_info *write_info(struct world *w, uint32_t row)
{
	return blocks_write(&w->f->infos, row, sizeof(struct sock_info));
}

static const struct sock_info *info_at(const struct frame *f, uint32_t row)
{
	return f->infos.n ? blocks_at(&f->infos, row, sizeof(struct sock_info)) : NULL;
}

/* ---- the join ---- */

static void begin_row(struct world *w, const struct sock *s, struct row *r)
{
	memset(r, 0, sizeof(*r)); /* what lies between its members, too: rows are compared as words */
	r->listener = r->peer = r->parent = NONE;
	r->first_ns = r->state_ns = w->f->boot_ns;
	r->marks = would_have_been_seen(w, s) ? MARK_NEW : MARK_START;
}

static void go_on(struct world *w, const struct sock *s, uint32_t prev, struct row *r)
{
	const struct row *p = frame_row(w->prev, prev);

	*r = *p;
	r->closed_ns = r->counted_ns = 0;
	r->marks = p->marks & (MARK_START | MARK_NEW);
	if (w->f->boot_ns - r->first_ns >= KEEP_NS)
		r->marks &= (uint8_t)~MARK_NEW;
	if (frame_sock(w->prev, prev)->state != s->state) {
		r->state_ns = w->f->boot_ns;
		world_note_state(w, s, frame_sock(w->prev, prev)->state);
	}
	r->findings = 0;
}

static void peak(const struct sock *s, struct row *r)
{
	if (s->state == STATE_LISTENING && s->recvq > r->backlog_peak)
		r->backlog_peak = s->recvq;
}

static void count_proto(struct world *w, const struct sock *s)
{
	w->mptcp_n += s->proto == PROTO_MPTCP;
	w->unix_n += s->proto == PROTO_UNIX;
}

/* Has anything changed that others are tied to? Counters and queues are not. */
static bool stands_for_another(const struct sock *a, const struct sock *b)
{
	return !same_tuple(a, b) || a->proto != b->proto || a->state != b->state || a->family != b->family ||
	       a->netns != b->netns || a->inode != b->inode || a->uid != b->uid || a->cgroup != b->cgroup ||
	       a->flags != b->flags || a->ifindex != b->ifindex || a->token != b->token;
}

/* Is it worth the look? Words, as there are 100,000 of these a second and each is a few. */
typedef uint64_t word __attribute__((vector_size(16)));
#define same_bytes(a, b) same_words(a, b, sizeof(*(a)) / sizeof(word))
static inline bool same_words(const void *a, const void *b, size_t n)
{
	const unsigned char *p = a, *q = b;
	word x, y, differ = {0};

	for (size_t i = 0; i < n; i++) {
		memcpy(&x, p + i * sizeof(x), sizeof(x));
		memcpy(&y, q + i * sizeof(y), sizeof(y));
		differ |= x ^ y;
	}
	return !(differ[0] | differ[1]);
}
_Static_assert(!(sizeof(struct sock) % sizeof(word)) && !(sizeof(struct sock_info) % sizeof(word)) &&
		       !(sizeof(struct row) % sizeof(word)),
	       "compared by words");

static void same_info(struct world *w, const struct snapshot *s, size_t at, uint32_t row,
		      const struct sock *was)
{
	const struct sock_info *before = info_at(w->prev, row);
	struct sock_info i = s->infos.v[at];

	keep_info(w, &s->socks.v[at], &i, was, before);
	if (!before || !same_bytes(before, &i))
		*write_info(w, row) = i;
}

/* A socket that was there before keeps its row, and what has not changed of it is not written. */
static void same_row(struct world *w, const struct snapshot *s, size_t at, uint32_t row)
{
	const struct sock *was = frame_sock(w->prev, row), *now = &s->socks.v[at];
	const struct row *before;
	struct sock timed;
	struct row r;
	bool same;

	if (s->infos.n)
		same_info(w, s, at, row, was);
	if (now->timer) {
		timed = *now;
		keep_sock(w, &timed, was);
		now = &timed;
	}
	same = same_bytes(was, now);
	if (same && w->restful && w->calm.v[row] & CALM_RATES &&
	    (!w->prev->findings.n || !frame_row(w->prev, row)->findings))
		return;
	before = frame_row(w->prev, row);
	go_on(w, now, row, &r);
	world_rates(w, now, row, &r);
	peak(now, &r);
	if (!same) {
		if (was->retrans != now->retrans)
			world_note_tries(w, now, was);
		*write_sock(w, row) = *now;
		w->changed.v[row] = stands_for_another(was, now);
	}
	w->changed.v[row] |= isnan(before->rx_rate) != isnan(r.rx_rate);
	world_set_rest(w, row, now, &r);
	if (!same_bytes(before, &r))
		*frame_write_row(w->f, row) = r;
}

/* prev: the closed row that it was; NONE. */
static void put_fresh(struct world *w, const struct snapshot *s, const struct fresh_row *n, uint32_t row)
{
	struct sock k = s->socks.v[n->at];
	struct row r;

	if (n->prev == NONE)
		begin_row(w, &k, &r);
	else
		go_on(w, &k, n->prev, &r);
	r.owner_n = 0;
	r.listener = r.peer = r.parent = NONE;
	world_rates(w, &k, n->prev, &r);
	peak(&k, &r);
	if (s->infos.n) {
		struct sock_info i = s->infos.v[n->at];

		keep_info(w, &k, &i, NULL, NULL);
		*write_info(w, row) = i;
	}
	keep_sock(w, &k, NULL);
	*write_sock(w, row) = k;
	*frame_write_row(w->f, row) = r;
	w->calm.v[row] = 0;
	world_set_rest(w, row, &k, &r);
	w->prev_of.v[row] = n->prev;
	w->fd_at.v[row] = NONE;
	w->changed.v[row] = 1;
	if (n->prev != NONE)
		w->row_of.v[n->prev] = row;
}

static void join_rows(struct world *w, const struct snapshot *s)
{
	uint32_t open = w->prev ? w->prev->open_rows : 0, hint = 0;

	for (size_t i = 0; i < s->socks.n; i++) {
		const struct sock *k = &s->socks.v[i];
		uint32_t prev;

		if (!sane(w, k))
			continue;
		prev = find_prev(w, k, hint);
		if (prev == NONE || prev >= open) {
			if (!fresh_index_add(&w->fresh_of, s, (uint32_t)i))
				continue;
			vec_push(&w->fresh, ((struct fresh_row){(uint32_t)i, prev}));
		} else if (w->row_of.v[prev] == NONE) {
			hint = prev + 1;
			w->row_of.v[prev] = prev;
			same_row(w, s, i, prev);
		} else {
			continue;
		}
		count_proto(w, k);
	}
}

/* Takes a row of prev over into this frame as it was; its numbers stand still. */
static void take_over(struct world *w, uint32_t prev, uint32_t row, uint8_t marks)
{
	const struct frame *p = w->prev;
	struct sock s = *frame_sock(p, prev);
	struct row r = *frame_row(p, prev);
	uint32_t then = ms_of(frame_read_ns(p, s.netns)), later;

	s.netns = old_netns(w, s.netns);
	later = ms_of(frame_read_ns(w->f, s.netns)) - then;
	if (w->f->infos.n) {
		const struct sock_info *before = info_at(p, prev);
		struct sock_info i = before ? *before : (struct sock_info){0};

		if (s.flags & SOCK_HAS_TIMES) {
			i.last_sent_ms += later;
			i.last_recv_ms += later;
			i.last_ack_recv_ms += later;
		}
		*write_info(w, row) = i;
	}
	if (s.timer)
		s.timer_ms += later;
	r.counted_ns = world_counted_ns(w, prev);
	r.findings = 0;
	r.listener = r.peer = r.parent = NONE;
	if (marks & MARK_CLOSED) {
		if (!(r.marks & MARK_CLOSED))
			r.closed_ns = w->f->boot_ns;
		r.marks = (uint8_t)((r.marks & MARK_START) | MARK_CLOSED);
		if (!isnan(r.rx_rate))
			r.rx_rate = r.tx_rate = 0;
		r.rate_mean = 0;
		r.owner_n = 0;
		w->prev_of.v[row] = prev;
		w->fd_at.v[row] = NONE;
	} else {
		r.marks |= MARK_MISSED;
		if (w->f->boot_ns - r.first_ns >= KEEP_NS)
			r.marks &= (uint8_t)~MARK_NEW;
		w->row_of.v[prev] = row;
		count_proto(w, &s);
	}
	w->changed.v[row] = 1;
	world_set_rest(w, row, &s, &r);
	w->calm.v[row] = 0;
	*write_sock(w, row) = s;
	*frame_write_row(w->f, row) = r;
}

/* What prev had and this look has not: kept once, then closed, then forgotten. What was not asked for is
 * dropped: nothing is known about it. */
static void old_rows(struct world *w)
{
	const struct frame *p = w->prev;

	for (uint32_t i = 0; i < p->open_rows; i++) {
		if (w->row_of.v[i] != NONE)
			continue;
		if (want_has(&w->f->want, frame_sock(p, i)) && !(frame_row(p, i)->marks & MARK_MISSED) &&
		    !world_let_go(w, i)) {
			take_over(w, i, i, MARK_MISSED);
			continue;
		}
		vec_push(&w->gone, i);
		if (want_has(&w->f->want, frame_sock(p, i)))
			vec_push(&w->closing, i);
	}
	for (uint32_t i = p->open_rows; i < p->rows_n; i++)
		if (map_get(&w->revived, frame_sock(p, i)->netns, frame_sock(p, i)->cookie) == i &&
		    want_has(&w->f->want, frame_sock(p, i)) &&
		    w->f->boot_ns - frame_row(p, i)->closed_ns < KEEP_NS)
			vec_push(&w->closing, i);
}

/* The last open row goes where one has gone. */
static void move_row(struct world *w, uint32_t from, uint32_t to)
{
	struct frame *f = w->f;
	uint32_t prev = w->prev_of.v[from];

	*write_sock(w, to) = *frame_sock(f, from);
	*frame_write_row(f, to) = *frame_row(f, from);
	if (f->infos.n)
		*write_info(w, to) = *info_at(f, from);
	w->fd_at.v[to] = w->fd_at.v[from];
	w->changed.v[to] = 1;
	w->calm.v[to] = 0;
	w->flows.v[to] = w->flows.v[from];
	w->prev_of.v[to] = prev;
	if (prev != NONE)
		w->row_of.v[prev] = to;
	if (!w->new_index) {
		row_index_remove(f, frame_sock(f, to)->netns, frame_sock(f, to)->cookie, from);
		w->new_index = !row_index_add(f, frame_sock(f, to)->netns, frame_sock(f, to)->cookie, to);
	}
}

/* A row keeps its number while its socket is there: new ones take the places of those that have gone. */
static void place_rows(struct world *w, const struct snapshot *s)
{
	struct frame *f = w->f;
	uint32_t open = f->open_rows, gone = 0, place;

	for (size_t i = 0; i < w->fresh.n; i++) {
		const struct sock *k = &s->socks.v[w->fresh.v[i].at];

		place = gone < w->gone.n ? w->gone.v[gone++] : open++;
		put_fresh(w, s, &w->fresh.v[i], place);
		w->new_index |= !w->new_index && !row_index_add(f, k->netns, k->cookie, place);
	}
	for (uint32_t i = (uint32_t)w->gone.n; i-- > gone;) {
		if (w->gone.v[i] != --open)
			move_row(w, open, w->gone.v[i]);
	}
	f->open_rows = open;
	for (size_t i = 0; i < w->closing.n; i++)
		take_over(w, w->closing.v[i], open + (uint32_t)i, MARK_CLOSED);
}

/* A byte for each row, zero in those that are new. */
static void room_for_bytes(struct marks *a, uint32_t n)
{
	size_t more = n - a->n;

	if (n <= a->n)
		return;
	vec_reserve(a, more);
	memset(a->v + a->n, 0, more);
	a->n = n;
}

/* Rows in the order they are put down: those of prev where they were, room for what comes. */
static void make_room(struct world *w, const struct snapshot *s, uint32_t n)
{
	struct frame *f = w->f;
	uint32_t was = w->prev ? w->prev->rows_n : 0;

	if (n < was)
		n = was;
	blocks_resize(&f->socks, n, sizeof(struct sock));
	blocks_resize(&f->rows, n, sizeof(struct row));
	if (s->infos.n)
		blocks_resize(&f->infos, n, sizeof(struct sock_info));
	vec_reserve(&w->prev_of, n - w->prev_of.n);
	for (uint32_t i = 0; i < n; i++)
		w->prev_of.v[i] = i;
	w->prev_of.n = n;
	room_for_bytes(&w->changed, n);
	room_for_bytes(&w->calm, n);
	room_for_bytes(&w->flows, n);
	if (n > w->fd_at.n)
		vec_reserve(&w->fd_at, n - w->fd_at.n);
	while (w->fd_at.n < n)
		w->fd_at.v[w->fd_at.n++] = NONE;
}

static void trim(struct world *w, uint32_t n)
{
	struct frame *f = w->f;

	f->rows_n = n;
	blocks_resize(&f->socks, n, sizeof(struct sock));
	blocks_resize(&f->rows, n, sizeof(struct row));
	if (f->infos.n)
		blocks_resize(&f->infos, n, sizeof(struct sock_info));
	w->prev_of.n = n;
	w->fd_at.n = n;
}

/* Numbers that only one of the two frames has for an open row have changed, too. */
static void mark_ends(struct world *w)
{
	uint32_t now = w->f->open_rows, was = w->prev ? w->prev->open_rows : 0;

	if (now < was)
		memset(w->changed.v + now, 1, was - now);
	else if (was < now)
		memset(w->changed.v + was, 1, now - was);
}

static bool netns_moved(const struct world *w)
{
	for (size_t i = 0; i < w->ns_now.n; i++)
		if (w->ns_now.v[i] != i)
			return true;
	return false;
}

void world_rows(struct world *w, struct snapshot *s)
{
	const struct frame *p = w->prev;
	struct frame *f = w->f;
	uint32_t n;

	join_netns(w);
	w->restful = world_is_restful(w);
	if (s->infos.n != s->socks.n)
		vec_clear(&s->infos);
	if (p) {
		blocks_share(&f->socks, &p->socks);
		blocks_share(&f->rows, &p->rows);
		if (s->infos.n || !s->socks.n)
			blocks_share(&f->infos, &p->infos);
		row_index_share(f, p);
		f->open_rows = p->open_rows;
	}
	nums_fill(&w->row_of, p ? p->rows_n : 0, NONE);
	vec_clear(&w->fresh);
	vec_clear(&w->gone);
	vec_clear(&w->closing);
	fresh_index_clear(&w->fresh_of, p ? 0 : s->socks.n);
	vec_reserve(&w->fresh, p ? 0 : s->socks.n);
	map_clear(&w->revived);
	w->mptcp_n = w->unix_n = 0;
	w->prev_of.n = w->changed.n = 0;
	make_room(w, s, p ? p->rows_n : 0);
	for (uint32_t i = p ? p->open_rows : 0; p && i < p->rows_n; i++)
		*map_at(&w->revived, frame_sock(p, i)->netns, frame_sock(p, i)->cookie) = i;
	join_rows(w, s);
	/* a closed row whose socket came back is a row no more */
	for (size_t i = 0; i < w->fresh.n; i++)
		if (w->fresh.v[i].prev != NONE)
			*map_at(&w->revived, frame_sock(p, w->fresh.v[i].prev)->netns,
				frame_sock(p, w->fresh.v[i].prev)->cookie) = MAP_NONE - 1;
	if (p)
		old_rows(w);
	w->new_index = !f->by_cookie || netns_moved(w) || w->fresh.n > f->open_rows / 4;
	for (size_t i = 0; i < w->gone.n && !w->new_index; i++)
		row_index_remove(f, frame_sock(p, w->gone.v[i])->netns, frame_sock(p, w->gone.v[i])->cookie,
				 w->gone.v[i]);
	n = f->open_rows + (uint32_t)w->fresh.n - (uint32_t)w->gone.n + (uint32_t)w->closing.n;
	if (n > (uint32_t)w->prev_of.n)
		make_room(w, s, n);
	place_rows(w, s);
	trim(w, n);
	mark_ends(w);
	if (w->new_index && !(f->want.skip & PART_NEXT))
		row_index_build(f);
	if (w->fresh.cap > 4096 && w->fresh.n < w->fresh.cap / 16)
		vec_done(&w->fresh);
	snapshot_drop_socks(s);
}
