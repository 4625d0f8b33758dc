/* What a look asks each namespace for. Listeners, and what costs little: always. Connections, and sockets that
 * are only bound, are found by walking tables of the whole host, once for every namespace: that is left out
 * where counters say that there are none, replaced by asking for known ones where they are few, and else
 * shared out over several looks when there is no time for all. */
#include "netns_look.h"
#include "diag_again.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TCP (1u << PROTO_TCP)
#define ROW_ATTRS (WANT_INFO | WANT_MEM | WANT_CONG)
#define QUIET_SHARE 10 /* of the budget: one part is for tables in which nothing has moved */

static const uint32_t part_states[NETNS_PARTS] = {
	[NETNS_LISTENING] = STATE_BIT(STATE_LISTENING),
	[NETNS_CONNECTED] = STATES_ALL & ~(STATE_BIT(STATE_LISTENING) | STATE_BIT(STATE_BOUND)),
	[NETNS_BOUND] = STATE_BIT(STATE_BOUND),
};

static uint64_t monotonic_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Once is enough for what is missing in every namespace for the same reason. */
static void limits_once(struct snapshot *s, size_t from)
{
	size_t kept = from;

	for (size_t i = from; i < s->limits.n; i++) {
		bool said = false;

		for (size_t k = 0; k < kept && !said; k++)
			said = !strcmp(s->limits.v[k].what, s->limits.v[i].what) &&
			       !strcmp(s->limits.v[k].reason, s->limits.v[i].reason);
		if (!said)
			s->limits.v[kept++] = s->limits.v[i];
	}
	s->limits.n = kept;
}

static void ask(struct netns_look *l, struct netns *n, uint32_t protos, uint32_t states)
{
	struct want want = *l->want;
	size_t limits = l->out->limits.n;
	int r;

	want.protos &= protos;
	want.states &= states;
	r = diag_look(n->diag, &want, n->index, l->names, l->cgroups, l->out);
	if (!r)
		l->answered = true;
	else if (!l->first)
		l->first = r;
	limits_once(l->out, limits);
}

/* ---- what is remembered ---- */

static void forget(struct netns_rows *r)
{
	vec_clear(&r->socks);
	vec_clear(&r->infos);
	r->states = 0;
}

/* The snapshot's sockets from `from` on are all there is in this part. */
static void remember(struct netns_look *l, struct netns_rows *r, size_t from, uint32_t states)
{
	const struct snapshot *out = l->out;
	size_t count = out->socks.n - from;

	forget(r);
	vec_reserve(&r->socks, count);
	if (count)
		memcpy(r->socks.v, out->socks.v + from, count * sizeof(out->socks.v[0]));
	r->socks.n = count;
	if (count && l->want->attrs & ROW_ATTRS) {
		vec_reserve(&r->infos, count);
		memcpy(r->infos.v, out->infos.v + from, count * sizeof(out->infos.v[0]));
		r->infos.n = count;
	}
	r->states = states;
	r->attrs = l->want->attrs & ROW_ATTRS;
	r->at_ns = out->boot_ns;
}

/* Does what is remembered answer this look's question too? */
static bool known(const struct netns_look *l, const struct netns_rows *r, uint32_t states)
{
	return r->states && !(states & ~r->states) && !(l->want->attrs & ROW_ATTRS & ~r->attrs);
}

/* Into the snapshot, as far as it is asked for. */
static void show(struct netns_look *l, const struct netns *n, const struct netns_rows *r)
{
	struct snapshot *out = l->out;

	for (size_t i = 0; i < r->socks.n; i++) {
		if (!(l->want->states & STATE_BIT(r->socks.v[i].state)))
			continue;
		vec_push(&out->socks, r->socks.v[i]);
		out->socks.v[out->socks.n - 1].netns = n->index;
		if (l->want->attrs & ROW_ATTRS)
			vec_push(&out->infos, i < r->infos.n ? r->infos.v[i] : ((struct sock_info){0}));
	}
}

/* ---- the cheap questions ---- */

/* Sockets that programs have beside TCP listeners and connections: our own one does not count. The kernel's UDP
 * sockets are in one number and not in the other, so with UDP nothing is certain. */
static bool has_others(const struct sockstat *s)
{
	return !s->known || s->udp || s->used > s->tcp + 1;
}

/* Nearly always the sockets are those of the look before. Where their number is the namespace's, and each of them
 * answers, nothing else can be there (but half-open connections, which no counter has). */
static bool ask_again(struct netns_look *l, struct netns *n)
{
	struct netns_rows *parts[] = {&n->rows[NETNS_LISTENING], &n->rows[NETNS_CONNECTED]};
	const struct sockstat *s = &n->stat;

	if (!s->known || s->tcp_tw || parts[0]->socks.n + parts[1]->socks.n != s->tcp ||
	    s->tcp > DIAG_AGAIN_MAX)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		uint32_t states = l->want->states & part_states[i];

		if (!states || !known(l, parts[i], states))
			return false;
	}
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (!diag_again(n->diag, l->want, l->names, l->cgroups, parts[i]->socks.v,
				parts[i]->infos.n ? parts[i]->infos.v : NULL, parts[i]->socks.n)) {
			parts[i]->states = 0;
			return false;
		}
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		parts[i]->attrs = l->want->attrs & ROW_ATTRS;
		parts[i]->at_ns = l->out->boot_ns;
		show(l, n, parts[i]);
	}
	return true;
}

static void ask_listeners(struct netns_look *l, struct netns *n)
{
	size_t from = l->out->socks.n;

	if (!n->stat.known || n->stat.tcp)
		ask(l, n, TCP, part_states[NETNS_LISTENING]);
	remember(l, &n->rows[NETNS_LISTENING], from, l->want->states & part_states[NETNS_LISTENING]);
}

static void ask_others(struct netns_look *l, struct netns *n)
{
	uint32_t protos = l->want->protos & ~TCP;

	if (n->stat.known && !n->stat.udp)
		protos &= ~(1u << PROTO_UDP | 1u << PROTO_UDPLITE);
	if (protos && has_others(&n->stat))
		ask(l, n, protos, ~0u);
}

/* ---- the dear ones ---- */

enum rank { UNKNOWN, BUSY, QUIET };
struct turn {
	struct netns *n;
	enum netns_part part;
	uint32_t states;
	enum rank rank;
};

static uint64_t traffic_of(const struct netns_rows *r)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < r->socks.n; i++) {
		const struct sock *s = &r->socks.v[i];

		sum += s->rx_bytes + s->tx_bytes + s->recvq + s->sendq + s->state + s->cookie;
	}
	return sum;
}

static void walk(struct netns_look *l, const struct turn *t)
{
	struct netns_rows *r = &t->n->rows[t->part];
	size_t from = l->out->socks.n;
	bool first = !r->states;
	uint64_t traffic;

	ask(l, t->n, TCP, t->states);
	remember(l, r, from, t->states);
	if (t->part != NETNS_CONNECTED)
		return;
	traffic = traffic_of(r);
	t->n->busy = !first && traffic != t->n->traffic;
	t->n->traffic = traffic;
	t->n->walked_stat = t->n->stat;
}

static void show_old(struct netns_look *l, const struct turn *t)
{
	const struct netns_rows *r = &t->n->rows[t->part];
	struct snap_netns *facts = &l->out->netns.v[t->n->index];

	show(l, t->n, r);
	if (t->part != NETNS_CONNECTED)
		return;
	facts->as_of_ns = r->states ? r->at_ns : 0;
	facts->unread = (t->states & ~r->states) != 0;
}

static enum rank rank_of(const struct netns_look *l, const struct turn *t)
{
	const struct sockstat *now = &t->n->stat, *then = &t->n->walked_stat;

	if (!known(l, &t->n->rows[t->part], t->states))
		return UNKNOWN;
	if (t->part != NETNS_CONNECTED)
		return QUIET;
	return t->n->busy || !now->known || now->tcp != then->tcp || now->tcp_tw != then->tcp_tw ? BUSY
												 : QUIET;
}

static int by_rank_and_age(const void *a, const void *b)
{
	const struct turn *x = a, *y = b;
	uint64_t x_ns = x->n->rows[x->part].at_ns, y_ns = y->n->rows[y->part].at_ns;

	if (x->rank != y->rank)
		return (int)x->rank - (int)y->rank;
	return (x_ns > y_ns) - (x_ns < y_ns);
}

/* One turn is always taken, and one of the quiet ones: so everyone's comes. */
static void take_turns(struct netns_look *l, struct turn *turns, size_t n)
{
	uint64_t began = monotonic_ns(), quiet_began = 0;
	bool quiet_one = false;

	qsort(turns, n, sizeof(turns[0]), by_rank_and_age);
	for (size_t i = 0; i < n; i++) {
		const struct turn *t = &turns[i];
		uint64_t now = l->budget_ns ? monotonic_ns() : 0;
		bool go = !l->budget_ns || !i || now - began < l->budget_ns;

		if (t->rank == QUIET && l->budget_ns) {
			if (!quiet_one)
				quiet_began = now;
			go = !quiet_one || (go && now - quiet_began < l->budget_ns / QUIET_SHARE);
			quiet_one = true;
		}
		if (go)
			walk(l, t);
		else
			show_old(l, t);
	}
}

struct turns {
	VEC(struct turn) v;
};

static void add_turn(struct netns_look *l, struct turns *turns, struct netns *n, enum netns_part part)
{
	struct turn t = {n, part, l->want->states & part_states[part], UNKNOWN};

	if (!t.states)
		return;
	t.rank = rank_of(l, &t);
	vec_push(&turns->v, t);
}

static void ask_foreign(struct netns_look *l, struct netns *n, struct turns *turns)
{
	const struct sockstat *s = &n->stat;

	sockstat_read(n->stat_fd, n->stat6_fd, &n->stat);
	diag_set_foreign(n->diag, l->set->v.v[0]->diag);
	l->answered = true;
	ask_others(l, n);
	if (!(l->want->protos & TCP))
		return;
	if (!ask_again(l, n)) {
		ask_listeners(l, n);
		/* Where listeners are not asked for, every socket may be a connection. */
		if (!s->known || s->tcp_tw || s->tcp > n->rows[NETNS_LISTENING].socks.n)
			add_turn(l, turns, n, NETNS_CONNECTED);
		else /* that is known now; what was remembered has ended */
			remember(l, &n->rows[NETNS_CONNECTED], l->out->socks.n,
				 l->want->states & part_states[NETNS_CONNECTED]);
	}
	if (has_others(s))
		add_turn(l, turns, n, NETNS_BOUND);
}

void netns_look(struct netns_look *l)
{
	struct turns turns = {0};

	for (size_t i = 0; i < l->set->v.n; i++) {
		struct netns *n = l->set->v.v[i];

		if (n->index == UINT16_MAX)
			continue;
		if (n->own)
			ask(l, n, ~0u, ~0u);
		else
			ask_foreign(l, n, &turns);
	}
	if (turns.v.n)
		take_turns(l, turns.v.v, turns.v.n);
	vec_done(&turns.v);
}
