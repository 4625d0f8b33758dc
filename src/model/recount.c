/* Counts for a frame whose rows are nearly those of the one before: what changed is taken out and put in, and only what
 * flows is summed anew. The same numbers as tally_run()'s, to the last bit: rates are added in the order of the rows,
 * and those that are left out are zero. */
#include "world_private.h"
#include <math.h>

static void flow(struct count *c, const struct row *r)
{
	if (!isnan(r->rx_rate)) {
		c->rx_rate += r->rx_rate;
		c->tx_rate += r->tx_rate;
	}
	c->rate_mean += r->rate_mean;
}

/* Everything that an open row of x counts for: its port, and each of its processes once. */
#define for_each_count(t, x, row_, count_)                                                                   \
	for (struct counts_of at_ = counts_begin(t, x, row_); (count_ = counts_next(&at_));)

struct counts_of {
	struct tally *t;
	const struct frame *f;
	const struct row *r;
	uint32_t port, owner, last;
	bool kernel;
};

static struct counts_of counts_begin(struct tally *t, const struct frame *f, uint32_t row)
{
	const struct row *r = frame_row(f, row);

	return (struct counts_of){
		.t = t,
		.f = f,
		.r = r,
		.port = frame_port_of(f, row),
		.last = NONE,
		.kernel = r->reason == REASON_KERNEL,
	};
}

static struct count *counts_next(struct counts_of *c)
{
	struct tally *t = c->t;

	if (c->port < t->ports.n) {
		uint32_t port = c->port;

		c->port = NONE;
		return &t->ports.v[port];
	}
	while (c->owner < c->r->owner_n) {
		const struct owner *o = frame_owner(c->f, c->r, c->owner++);

		if (o->former || o->proc == c->last || o->proc >= t->procs.n)
			continue;
		c->last = o->proc;
		return &t->procs.v[o->proc];
	}
	if (!c->kernel || c->f->tally.kernel >= t->procs.n)
		return NULL;
	c->kernel = false;
	return &t->procs.v[c->f->tally.kernel];
}

/* What a row counts for in the frame's totals, rates apart. */
static void put_total(struct totals *t, const struct sock *s, const struct row *r, uint32_t by)
{
	t->states[s->state] += by;
	t->rated += isnan(r->rx_rate) ? 0 : by;
	if (s->state == STATE_UNCONN && (s->proto == PROTO_UDP || s->proto == PROTO_UDPLITE))
		t->unconn_udp += by;
}

static void flow_total(struct totals *t, const struct row *r)
{
	if (!isnan(r->rx_rate)) {
		t->rx_rate += r->rx_rate;
		t->tx_rate += r->tx_rate;
	}
}

static void end_totals(struct totals *t, const struct frame *f)
{
	t->listening = t->states[STATE_LISTENING];
	t->bound = t->states[STATE_BOUND];
	t->socks = f->open_rows;
}

void world_totals(struct frame *f)
{
	struct totals *t = &f->totals;

	*t = (struct totals){.client_ports = t->client_ports};
	for (uint32_t i = 0; i < f->open_rows; i++) {
		if (!frame_counts(f, i, NULL))
			continue;
		put_total(t, frame_sock(f, i), frame_row(f, i), 1);
		flow_total(t, frame_row(f, i));
	}
	if (!t->rated)
		t->rx_rate = t->tx_rate = NAN;
	end_totals(t, f);
}

static void put_row(struct tally *t, struct totals *all, const struct frame *f, uint32_t row, uint32_t by)
{
	const struct sock *s = frame_sock(f, row);
	const struct row *r = frame_row(f, row);
	struct count *c;

	if (!proto_table[s->proto].ports)
		return;
	for_each_count(t, f, row, c) count_put(c, s, r, by);
	put_total(all, s, r, by);
}

static void begin_rates(struct count *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		v[i].rx_rate = v[i].tx_rate = v[i].rated ? 0 : NAN;
		v[i].rate_mean = 0;
		v[i].any_closed = false;
	}
}

static void sum_flow(struct world *w, struct tally *t, struct totals *all)
{
	const struct frame *f = w->f;
	const uint8_t *v = w->flows.v;

	begin_rates(t->ports.v, t->ports.n);
	begin_rates(t->procs.v, t->procs.n);
	all->rx_rate = all->tx_rate = all->rated ? 0 : NAN;
	for (const uint8_t *at = v; (at = memchr(at, 1, f->open_rows - (size_t)(at - v))); at++) {
		uint32_t row = (uint32_t)(at - v);
		const struct row *r = frame_row(f, row);
		struct count *c;

		if (!proto_table[frame_sock(f, row)->proto].ports)
			continue;
		for_each_count(t, f, row, c) flow(c, r);
		flow_total(all, r);
	}
}

static bool nearly_the_same(const struct world *w)
{
	const struct frame *f = w->f, *p = w->prev;

	return p && !((p->want.skip | f->want.skip) & PART_PORTS) && !f->parents && !p->parents &&
	       w->keys_kept && w->kernel_kept && f->ports.n == p->ports.n && p->tally.ports.n == p->ports.n &&
	       p->tally.procs.n == p->procs.n;
}

bool world_recount(struct world *w)
{
	struct frame *f = w->f;
	const struct frame *p = w->prev;
	struct tally *t = &f->tally;
	struct totals *all = &f->totals;
	uint32_t client_ports = all->client_ports, same, n;

	if (!nearly_the_same(w))
		return false;
	same = f->open_procs < p->open_procs ? f->open_procs : p->open_procs;
	if (t->ports.n)
		memcpy(t->ports.v, p->tally.ports.v, t->ports.n * sizeof(t->ports.v[0]));
	for (uint32_t i = 0; i < same; i++) {
		uint32_t peers = t->procs.v[i].peers;

		t->procs.v[i] = p->tally.procs.v[i];
		t->procs.v[i].peers = peers;
	}
	*all = p->totals;
	all->client_ports = client_ports;
	n = f->open_rows > p->open_rows ? f->open_rows : p->open_rows;
	for (uint32_t i = world_next(w, 0, n, 0); i < n; i = world_next(w, i + 1, n, 0)) {
		if (i < p->open_rows)
			put_row(t, all, p, i, UINT32_MAX);
		if (i < f->open_rows)
			put_row(t, all, f, i, 1);
	}
	for (uint32_t i = same; i < t->procs.n; i++) /* who was there and is not had its rows taken away */
		if (i >= f->open_procs)
			t->procs.v[i] = (struct count){0};
	sum_flow(w, t, all);
	for (uint32_t i = f->open_rows; i < f->rows_n; i++)
		tally_closed(t, f, i);
	end_totals(all, f);
	t->row = f->rows_n;
	return true;
}
