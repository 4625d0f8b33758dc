/* The recount: per port and per process, over the picked sockets only. It runs on every look and on
 * every change of a filter, so it is two passes over flat arrays. */
#include "sockeye/model/tally.h"
#include "sockeye/model/frame.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

void tally_done(struct tally *t)
{
	if (!t)
		return;
	vec_done(&t->ports);
	vec_done(&t->procs);
	vec_done(&t->known);
	map_done(&t->seen);
}

static void reset(struct count *v, size_t n)
{
	if (n)
		memset(v, 0, n * sizeof(*v));
	for (size_t i = 0; i < n; i++)
		v[i].rx_rate = v[i].tx_rate = NAN;
}

static void add_rate(float *sum, float v)
{
	if (!isnan(v))
		*sum = isnan(*sum) ? v : *sum + v;
}

static void count_rates(struct count *c, const struct row *r)
{
	add_rate(&c->rx_rate, r->rx_rate);
	add_rate(&c->tx_rate, r->tx_rate);
	c->rate_mean += r->rate_mean;
}

void count_put(struct count *c, const struct sock *s, const struct row *r, uint32_t by)
{
	c->socks += by;
	c->states[s->state] += by;
	c->conns += state_table[s->state].conn ? by : 0;
	c->close_wait += s->state == STATE_CLOSE_WAIT ? by : 0;
	c->counting += s->proto == PROTO_TCP || s->proto == PROTO_MPTCP ? by : 0;
	c->rated += isnan(r->rx_rate) ? 0 : by;
}

static void count_one(struct count *c, const struct frame *f, uint32_t row, const uint8_t *picked)
{
	const struct sock *s = frame_sock(f, row);
	const struct row *r = frame_row(f, row);

	if (frame_counts(f, row, picked)) {
		count_put(c, s, r, 1);
	} else if (r->parent != NONE && !(frame_sock(f, r->parent)->flags & SOCK_HAS_BYTES)) {
		/* An older kernel does not count the bytes of the whole, but those of its parts. */
		c->rated += !isnan(r->rx_rate);
	} else {
		return;
	}
	count_rates(c, r);
}

static void count_port(struct tally *t, const struct frame *f, uint32_t i, const uint8_t *picked)
{
	uint32_t port = frame_port_of(f, i);

	if (port < t->ports.n)
		count_one(&t->ports.v[port], f, i, picked);
}

/* Once for every process that holds it. Descriptors of one process stand together. */
static void count_holders(struct tally *t, const struct frame *f, uint32_t i, const uint8_t *picked)
{
	const struct row *r = frame_row(f, i);
	uint32_t last = NONE;

	for (uint32_t o = 0; o < r->owner_n; o++) {
		const struct owner *owner = frame_owner(f, r, o);

		if (owner->former || owner->proc == last)
			continue;
		last = owner->proc;
		count_one(&t->procs.v[last], f, i, picked);
	}
	if (r->reason == REASON_KERNEL && t->kernel != NONE)
		count_one(&t->procs.v[t->kernel], f, i, picked);
}

void tally_closed(struct tally *t, const struct frame *f, uint32_t i)
{
	const struct row *r = frame_row(f, i);

	if (frame_port_of(f, i) < t->ports.n)
		t->ports.v[frame_port_of(f, i)].any_closed = true;
	for (uint32_t o = 0; o < r->owner_n; o++)
		t->procs.v[frame_owner(f, r, o)->proc].any_closed = true;
}

/* True when this process was not yet seen with this remote address. Processes are counted one after the
 * other, so it is enough that an address remembers the last one. */
static bool first_meeting(struct tally *t, uint32_t proc, const struct sock *s)
{
	uint8_t mapped[16] = {[10] = 0xff, [11] = 0xff};
	const uint8_t *addr = s->raddr;
	uint64_t a, b;
	uint32_t *v;

	if (s->family == FAMILY_IPV4) {
		memcpy(mapped + 12, s->raddr, 4);
		addr = mapped;
	}
	memcpy(&a, addr, 8);
	memcpy(&b, addr + 8, 8);
	v = map_at(&t->seen, a, b);
	if (*v == proc)
		return false;
	*v = proc;
	return true;
}

static bool counts(const struct frame *f, uint32_t row, const struct sock *s, const uint8_t *picked)
{
	return f->parents ? frame_counts(f, row, picked) : picked || proto_table[s->proto].ports;
}

/* Whom the process's sockets from..to-1 talk to. */
static void count_peers(struct tally *t, const struct frame *f, uint32_t proc, const uint8_t *picked,
			uint32_t from, uint32_t to)
{
	const struct proc *p = &f->procs.v[proc];
	const struct sock *last = NULL;

	for (uint32_t i = from; i < to; i++) {
		uint32_t row = f->proc_socks.v[p->sock + i];
		const struct sock *s = frame_sock(f, row);

		if ((picked && !picked[row]) || !s->rport || s->family > FAMILY_IPV6 ||
		    !counts(f, row, s, picked))
			continue;
		/* Neighbours often talk to one peer: a pool, a proxy, a load test. */
		if (last && last->family == s->family && !memcmp(last->raddr, s->raddr, sizeof(s->raddr)))
			continue;
		last = s;
		t->procs.v[proc].peers += first_meeting(t, proc, s);
	}
}

void tally_begin(struct tally *t, const struct frame *f)
{
	vec_clear(&t->ports);
	vec_reserve(&t->ports, f->ports.n);
	t->ports.n = f->ports.n;
	reset(t->ports.v, t->ports.n);
	vec_clear(&t->procs);
	vec_reserve(&t->procs, f->procs.n);
	t->procs.n = f->procs.n;
	reset(t->procs.v, t->procs.n);
	map_clear(&t->seen);
	vec_clear(&t->known);
	t->kernel = frame_proc_by_key(f, 0, 0);
	t->row = t->proc = t->sock = 0;
}

bool tally_step(struct tally *t, const struct frame *f, const uint8_t *picked, uint32_t n)
{
	for (; t->row < f->rows_n && n; t->row++, n--) {
		if (picked && !picked[t->row])
			continue;
		if (t->row >= f->open_rows) {
			tally_closed(t, f, t->row);
			continue;
		}
		count_port(t, f, t->row, picked);
		count_holders(t, f, t->row, picked);
	}
	while (t->proc < f->procs.n && n) {
		uint32_t left = f->procs.v[t->proc].sock_n - t->sock, now = left < n ? left : n;

		if (t->proc < t->known.n && t->known.v[t->proc] != NONE) {
			t->procs.v[t->proc].peers = t->known.v[t->proc];
			t->proc++;
			n--;
			continue;
		}
		count_peers(t, f, t->proc, picked, t->sock, t->sock + now);
		n -= now ? now : 1;
		t->sock += now;
		if (now == left) {
			t->sock = 0;
			t->proc++;
		}
	}
	return t->row >= f->rows_n && t->proc >= f->procs.n;
}

void tally_run(struct tally *t, const struct frame *f, const uint8_t *picked)
{
	tally_begin(t, f);
	while (!tally_step(t, f, picked, UINT32_MAX))
		;
}
