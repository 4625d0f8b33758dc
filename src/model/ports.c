/* Port rows: one per (namespace, protocol, local port), whatever number of sockets, families and forked
 * processes stand behind it. First the keys, then, when owners and reasons are known, the rows. */
#include "world_private.h"
#include <math.h>
#include <stdlib.h>

static uint32_t new_key(struct world *w, const struct sock *s, uint8_t proto, bool closed)
{
	uint64_t group = (uint64_t)s->netns << 8 | proto;
	uint32_t *slot = map_at(&w->f->by_port, group, s->lport), ns, prev = NONE;

	if (*slot != MAP_NONE)
		return *slot;
	*slot = (uint32_t)w->keys.n;
	ns = w->ns_prev.v[s->netns];
	if (w->prev && ns != NONE)
		prev = frame_port_by_key(w->prev, (uint16_t)ns, proto, s->lport);
	vec_push(&w->keys, ((struct port_key){.port = s->lport,
					      .netns = s->netns,
					      .proto = proto,
					      .closed = closed,
					      .prev = prev,
					      .asked = NONE,
					      .answer = NONE}));
	return (uint32_t)w->keys.n - 1;
}

/* A member has the port for itself; what works for a MPTCP socket is that one's business. */
static bool is_member(const struct frame *f, uint32_t row)
{
	return is_member_state(frame_sock(f, row)->state) && frame_row(f, row)->parent == NONE;
}

static bool has_port(const struct sock *s)
{
	return proto_table[s->proto].ports && s->lport;
}

/* Is this row one of those that make the port row? */
static bool makes(const struct frame *f, const struct port_key *k, uint32_t row)
{
	return k->closed == (row >= f->open_rows) && (!k->member || is_member(f, row));
}

static bool has_to_itself(const struct frame *f, uint32_t row)
{
	return is_member(f, row) && has_port(frame_sock(f, row));
}

static bool needs_key(const struct world *w, uint32_t row)
{
	return world_waits(frame_sock(w->f, row)) || has_to_itself(w->f, row);
}

/* Rows that have their port for themselves, ascending, from those of prev and what changed. True: the same ones. */
static bool find_members(struct world *w)
{
	struct frame *f = w->f;
	struct nums *to = &w->members_next;
	uint32_t from = 0, row, n = f->open_rows;
	bool known = w->prev && !w->prev->parents && !f->parents, same = known;

	vec_clear(to);
	for (uint32_t i = world_next(w, 0, n, known ? 0 : CALM_NEVER); i < n;
	     i = world_next(w, i + 1, n, known ? 0 : CALM_NEVER)) {
		while (known && from < w->open_members && (row = w->members.v[from]) <= i) {
			if (!w->changed.v[row])
				vec_push(to, row);
			else
				same = false;
			from++;
		}
		if (!has_to_itself(f, i))
			continue;
		same = false;
		vec_push(to, i);
	}
	for (; known && from < w->open_members; from++) {
		row = w->members.v[from];
		if (row >= n)
			same = false;
		else
			vec_push(to, row);
	}
	same &= w->members.n == w->open_members; /* no closed ones */
	w->open_members = (uint32_t)to->n;
	for (uint32_t i = n; i < f->rows_n; i++)
		if (has_to_itself(f, i))
			vec_push(to, i);
	vec_swap(&w->members, to);
	return same && w->members.n == w->open_members;
}

/* Keys of ports with a row of their own; those of open sockets come first. */
static void member_keys(struct world *w, bool closed)
{
	struct frame *f = w->f;
	size_t from = closed ? w->open_members : 0, to = closed ? w->members.n : w->open_members;

	for (size_t i = from; i < to; i++) {
		uint32_t row = w->members.v[i];
		const struct sock *s = frame_sock(f, row);
		uint32_t key = new_key(w, s, world_port_proto(w, row), closed);
		struct port_key *k = &w->keys.v[key];

		if (k->closed != closed)
			continue;
		k->member = true;
		k->listener |= s->state != STATE_BOUND;
	}
}

static void client_keys(struct world *w)
{
	struct frame *f = w->f;

	if (!(f->want.attrs & WANT_CLIENT_PORTS))
		return;
	for (uint32_t i = 0; i < f->open_rows; i++)
		if (has_port(frame_sock(f, i)))
			new_key(w, frame_sock(f, i), world_port_proto(w, i), false);
}

/* Local ports of outgoing connections need no rows to be counted. */
static bool is_new_client_port(struct world *w, const struct sock *s)
{
	enum { WORDS = 65536 / 64 };
	uint32_t *at = map_at(&w->client_groups, s->netns, s->proto);
	uint64_t *word, bit = UINT64_C(1) << (s->lport & 63);

	if (*at == MAP_NONE) {
		*at = (uint32_t)(w->client_bits.n / WORDS);
		vec_reserve(&w->client_bits, WORDS);
		memset(w->client_bits.v + w->client_bits.n, 0, WORDS * sizeof(*word));
		w->client_bits.n += WORDS;
	}
	word = w->client_bits.v + (size_t)*at * WORDS + (s->lport & 65535) / 64;
	if (*word & bit)
		return false;
	*word |= bit;
	return true;
}

/* The rows that make each port row, by key. Without client ports only members do. */
static void list_members(struct world *w)
{
	struct frame *f = w->f;
	bool clients = f->want.attrs & WANT_CLIENT_PORTS;
	uint32_t n = clients ? f->rows_n : (uint32_t)w->members.n, total = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t row = clients ? i : w->members.v[i], key = f->port_of.v[row];

		if (key != NONE)
			w->keys.v[key].n += makes(f, &w->keys.v[key], row);
	}
	for (size_t i = 0; i < w->keys.n; i++) {
		w->keys.v[i].at = total;
		total += w->keys.v[i].n;
		w->keys.v[i].n = 0;
	}
	vec_clear(&w->port_rows);
	vec_reserve(&w->port_rows, total);
	w->port_rows.n = total;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t row = clients ? i : w->members.v[i], key = f->port_of.v[row];
		struct port_key *k = key == NONE ? NULL : &w->keys.v[key];

		if (k && makes(f, k, row))
			w->port_rows.v[k->at + k->n++] = row;
	}
}

static uint32_t key_of_row(struct world *w, uint32_t row)
{
	struct frame *f = w->f;
	const struct sock *s = frame_sock(f, row);

	if (!has_port(s))
		return NONE;
	return frame_port_by_key(f, s->netns, world_port_proto(w, row), s->lport);
}

/* Are the ports those of prev, in the same order, as the same rows make them? */
static bool keys_kept(const struct world *w, bool same_members)
{
	const struct frame *f = w->f, *p = w->prev;

	if (!same_members || (f->want.attrs | p->want.attrs) & WANT_CLIENT_PORTS ||
	    (f->want.skip | p->want.skip) & PART_PORTS || w->keys.n != p->ports.n || w->order.n != w->keys.n)
		return false;
	for (uint32_t i = 0; i < f->netns.n; i++)
		if (w->ns_prev.v[i] != i && w->ns_prev.v[i] != NONE)
			return false;
	return true;
}

/* Have the open rows the local ports that they had? */
static bool same_local_ports(const struct world *w)
{
	const struct frame *f = w->f, *p = w->prev;

	if (f->open_rows != p->open_rows)
		return false;
	for (uint32_t i = world_next(w, 0, f->open_rows, 0); i < f->open_rows;
	     i = world_next(w, i + 1, f->open_rows, 0)) {
		const struct sock *a = frame_sock(p, i), *b = frame_sock(f, i);

		if (a->lport != b->lport || a->proto != b->proto || a->netns != b->netns)
			return false;
	}
	return true;
}

static void count_client_ports(struct world *w)
{
	struct frame *f = w->f;

	f->totals.client_ports = 0;
	if (w->keys_kept && same_local_ports(w)) {
		f->totals.client_ports = w->prev->totals.client_ports;
		return;
	}
	for (uint32_t i = 0; i < f->open_rows; i++) {
		uint32_t key = f->port_of.v[i];

		if ((key == NONE || !w->keys.v[key].member || w->keys.v[key].closed) &&
		    has_port(frame_sock(f, i)))
			f->totals.client_ports += is_new_client_port(w, frame_sock(f, i));
	}
}

/* As in prev, but for rows that have changed. */
static void carry_keys(struct world *w)
{
	struct frame *f = w->f;
	const uint32_t *was = w->prev->port_of.v;
	uint32_t n = f->open_rows;

	nums_fill(&w->key_of, w->order.n, NONE);
	for (uint32_t k = 0; k < w->order.n; k++)
		w->key_of.v[w->order.v[k]] = k;
	for (uint32_t i = 0; i < n && i < w->prev->open_rows; i++)
		f->port_of.v[i] = was[i] == NONE ? NONE : w->key_of.v[was[i]];
	for (uint32_t i = world_next(w, 0, n, 0); i < n; i = world_next(w, i + 1, n, 0))
		f->port_of.v[i] = key_of_row(w, i);
}

void world_port_keys(struct world *w)
{
	struct frame *f = w->f;
	bool clients = f->want.attrs & WANT_CLIENT_PORTS, same = find_members(w);
	bool few =
		f->want.skip & PART_PORTS && f->want.skip & PART_LINKS; /* are asked for theirs: who waits */

	vec_clear(&w->keys);
	vec_clear(&w->client_bits);
	map_clear(&w->client_groups);
	vec_clear(&f->port_of);
	vec_reserve(&f->port_of, f->rows_n);
	f->port_of.n = f->rows_n;
	member_keys(w, false);
	client_keys(w);
	member_keys(w, true);
	w->keys_kept = keys_kept(w, same);
	if (w->keys_kept)
		carry_keys(w);
	for (uint32_t i = w->keys_kept ? f->open_rows : 0; i < f->rows_n; i++) {
		uint32_t key = few && !needs_key(w, i) ? NONE : key_of_row(w, i);

		if (key == NONE && clients && has_port(frame_sock(f, i)))
			key = new_key(w, frame_sock(f, i), world_port_proto(w, i), true);
		f->port_of.v[i] = key;
	}
	if (!(f->want.skip & PART_PORTS))
		count_client_ports(w);
	list_members(w);
}

/* Wildcards first, IPv4 before IPv6, then by bytes. */
static int by_addr(const void *a, const void *b)
{
	const struct port_addr *x = a, *y = b;
	bool ax = ip_is_any(x->ip.b, x->ip.v6), ay = ip_is_any(y->ip.b, y->ip.v6);
	int d;

	if (ax != ay)
		return ax ? -1 : 1;
	if (x->ip.v6 != y->ip.v6)
		return x->ip.v6 ? 1 : -1;
	d = memcmp(x->ip.b, y->ip.b, 16);
	if (d)
		return d;
	if (x->name != y->name)
		return x->name < y->name ? -1 : 1;
	if (x->ifindex != y->ifindex)
		return x->ifindex < y->ifindex ? -1 : 1;
	return (int)x->v6only - (int)y->v6only;
}

/* Distinct addresses of the rows, and what follows from them. */
static void addresses(struct frame *f, struct port *p, const uint32_t *rows, uint32_t n)
{
	bool any4 = false, any6 = false, both = false;
	struct port_addr *v;
	uint32_t kept = 0;

	p->addr = (uint32_t)f->addrs.n;
	vec_reserve(&f->addrs, n);
	v = f->addrs.v + p->addr;
	for (uint32_t i = 0; i < n; i++) {
		const struct sock *s = frame_sock(f, rows[i]);

		v[i] = (struct port_addr){.ip = {.v6 = s->family == FAMILY_IPV6},
					  .ifindex = s->ifindex,
					  .v6only = s->family == FAMILY_IPV6 && s->flags & SOCK_V6ONLY};
		if (s->family <= FAMILY_IPV6)
			memcpy(v[i].ip.b, s->laddr, 16);
		else
			v[i].name = s->lname;
		if (frame_row(f, rows[i])->scope > p->scope)
			p->scope = frame_row(f, rows[i])->scope;
	}
	if (n > 1)
		qsort(v, n, sizeof(*v), by_addr);
	for (uint32_t i = 0; i < n; i++) {
		if (kept && !by_addr(&v[kept - 1], &v[i])) {
			if (!(p->flags & PORT_CLIENT))
				p->flags |= PORT_REUSEPORT;
			continue;
		}
		v[kept++] = v[i];
	}
	p->addr_n = kept;
	f->addrs.n += kept;
	for (uint32_t i = 0; i < kept; i++) {
		/* Bound to one interface it is not everywhere. */
		if (v[i].ifindex || v[i].name || !ip_is_any(v[i].ip.b, v[i].ip.v6))
			continue;
		any4 |= !v[i].ip.v6;
		any6 |= v[i].ip.v6;
		both |= v[i].ip.v6 && !v[i].v6only;
	}
	p->flags |= (uint8_t)((any4 ? PORT_ANY4 : 0) | (any6 ? PORT_ANY6 : 0));
	p->dual = both || (any4 && any6);
}

/* Oldest first. The frame is not passed through qsort, so the few holders are sorted by insertion. */
static void insert_holder(struct frame *f, struct port *p, uint32_t proc)
{
	uint32_t *v;
	uint32_t i = p->holder_n++;

	vec_push(&f->holders, proc);
	v = f->holders.v + p->holder;
	for (; i > 0; i--) {
		const struct snap_proc *a = &f->procs.v[v[i - 1]].p, *b = &f->procs.v[proc].p;

		if (a->start < b->start || (a->start == b->start && a->pid <= b->pid))
			break;
		v[i] = v[i - 1];
	}
	v[i] = proc;
}

static void holders(struct world *w, struct port *p, uint32_t port, const uint32_t *rows, uint32_t n)
{
	struct frame *f = w->f;
	bool former = p->marks & MARK_CLOSED;

	p->holder = (uint32_t)f->holders.n;
	for (uint32_t i = 0; i < n; i++) {
		const struct row *r = frame_row(f, rows[i]);

		for (uint32_t o = 0; o < r->owner_n; o++) {
			const struct owner *ow = frame_owner(f, r, o);

			if ((ow->former && !former) || w->stamp.v[ow->proc] == port + 1)
				continue;
			w->stamp.v[ow->proc] = port + 1;
			insert_holder(f, p, ow->proc);
		}
	}
	p->reason = p->holder_n && !former ? REASON_OWNED : frame_row(f, rows[0])->reason;
	p->unit = p->holder_n ? f->procs.v[f->holders.v[p->holder]].unit : 0;
	if (!p->unit)
		p->unit = frame_row(f, rows[0])->unit;
}

/* Is a/b fuller than c/d? A limit of 0 takes one. */
static bool fuller(uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
	return (uint64_t)a * (d ? d : 1) > (uint64_t)c * (b ? b : 1);
}

static void queues(struct world *w, struct port *p, const uint32_t *rows, uint32_t n)
{
	const struct frame *f = w->f;
	bool listens = false, known = false;
	uint64_t dropped = 0;

	for (uint32_t i = 0; i < n; i++) {
		const struct sock *s = frame_sock(f, rows[i]);
		uint32_t prev = w->prev_of.v[rows[i]], peak = frame_row(f, rows[i])->backlog_peak;

		if (s->state == STATE_LISTENING) {
			if (!listens || fuller(s->recvq, s->sendq, p->backlog, p->backlog_max)) {
				p->backlog = s->recvq;
				p->backlog_max = s->sendq;
			}
			listens = true;
			if (s->flags & SOCK_FROM_PROC || s->family == FAMILY_VSOCK)
				p->flags |= PORT_NO_LIMIT;
			if (s->family == FAMILY_VSOCK)
				p->flags |= PORT_NO_QUEUE;
			p->backlog_peak = peak > p->backlog_peak ? peak : p->backlog_peak;
		} else if (s->state == STATE_UNCONN) {
			p->recvq += s->recvq;
		}
		if (!(s->flags & SOCK_HAS_MEM))
			continue;
		p->has_drops = true;
		p->drops += s->drops;
		if (prev != NONE && frame_sock(w->prev, prev)->flags & SOCK_HAS_MEM) {
			uint32_t before = frame_sock(w->prev, prev)->drops;

			dropped += s->drops >= before ? s->drops - before : s->drops;
			known = true;
		}
	}
	p->drop_rate =
		known && w->gap_ns && !w->gap ? (float)((double)dropped * 1e9 / (double)w->gap_ns) : NAN;
}

/* Since when, and the graph so far. */
static void lifetime(struct world *w, struct port *p, uint32_t prev, const uint32_t *rows, uint32_t n)
{
	struct frame *f = w->f;
	const struct port *before = prev == NONE ? NULL : &w->prev->ports.v[prev];
	bool closed = p->marks & MARK_CLOSED, all_missed = true, start = false;

	p->ring = NONE;
	if (!(p->flags & PORT_CLIENT)) {
		p->ring = (uint32_t)f->rings.n;
		if (before && before->ring != NONE)
			vec_push(&f->rings, w->prev->rings.v[before->ring]);
		else
			memset(vec_add(&f->rings), 0, sizeof(struct ring));
	}
	for (uint32_t i = 0; i < n; i++) {
		all_missed &= (frame_row(f, rows[i])->marks & MARK_MISSED) != 0;
		start |= (frame_row(f, rows[i])->marks & MARK_START) != 0;
	}
	/* Freed and taken again, or listened on while it was a connection's port, it begins anew. */
	if (before && (closed || !(before->marks & MARK_CLOSED)) &&
	    !(before->flags & PORT_CLIENT && !(p->flags & PORT_CLIENT))) {
		p->first_ns = before->first_ns;
		p->marks |= before->marks & (MARK_START | MARK_NEW);
		if (closed || f->boot_ns - p->first_ns >= KEEP_NS)
			p->marks &= (uint8_t)~MARK_NEW;
	} else {
		p->first_ns = f->boot_ns;
		p->marks |= start ? MARK_START : closed ? 0 : MARK_NEW;
	}
	if (!closed && all_missed)
		p->marks |= MARK_MISSED;
	for (uint32_t i = 0; closed && i < n; i++)
		if (frame_row(f, rows[i])->closed_ns > p->closed_ns)
			p->closed_ns = frame_row(f, rows[i])->closed_ns;
}

static void make_port(struct world *w, const struct port_key *k, uint32_t index)
{
	struct frame *f = w->f;
	const struct snap_netns *ns = &f->netns.v[k->netns];
	const uint32_t *rows = w->port_rows.v + k->at;
	const struct sock *first = frame_sock(f, rows[0]);
	struct port *p = vec_add(&f->ports);

	*p = (struct port){.port = k->port, .netns = k->netns, .proto = k->proto};
	p->class_ = (uint8_t)class_of(k->port, ns->eph_low, ns->eph_high);
	p->marks = k->closed ? MARK_CLOSED : 0;
	p->flags = k->member ? 0 : PORT_CLIENT;
	if (k->member && !k->listener)
		p->flags |= PORT_BOUND_ONLY;
	p->uid = first->flags & SOCK_HAS_UID ? first->uid : NONE;
	addresses(f, p, rows, k->n);
	holders(w, p, index, rows, k->n);
	p->drop_rate = NAN;
	if (k->member)
		queues(w, p, rows, k->n);
	lifetime(w, p, k->prev, rows, k->n);
	p->member = (uint32_t)f->members.n;
	if (!k->member)
		return;
	vec_reserve(&f->members, k->n);
	memcpy(f->members.v + f->members.n, rows, k->n * sizeof(*rows));
	f->members.n += k->n;
	p->member_n = k->n;
}

static int by_rank(const void *a, const void *b)
{
	const struct port_place *x = a, *y = b;

	return x->rank != y->rank ? (x->rank < y->rank ? -1 : 1) : (x->key > y->key) - (x->key < y->key);
}

void world_ports(struct world *w)
{
	struct frame *f = w->f;
	size_t n = w->keys.n;

	nums_fill(&w->stamp, f->procs.n, 0);
	vec_clear(&w->places);
	vec_reserve(&w->places, n);
	for (size_t i = 0; i < n; i++) {
		const struct port_key *k = &w->keys.v[i];

		/* closed 1, client 1, port 32, proto 8, netns 16 */
		vec_push(&w->places,
			 ((struct port_place){(uint64_t)k->closed << 58 | (uint64_t)!k->member << 57 |
						      (uint64_t)k->port << 24 | (uint64_t)k->proto << 16 |
						      k->netns,
					      (uint32_t)i}));
	}
	if (n)
		qsort(w->places.v, n, sizeof(w->places.v[0]), by_rank);
	nums_fill(&w->order, n, NONE);
	vec_reserve(&f->ports, n);
	f->open_ports = 0;
	for (uint32_t i = 0; i < n; i++) {
		const struct port_key *k = &w->keys.v[w->places.v[i].key];

		w->order.v[w->places.v[i].key] = i;
		make_port(w, k, i);
		f->open_ports += !k->closed;
	}
	for (size_t i = 0; i < f->by_port.cap; i++) /* in the order of the memory, not of the keys */
		if (f->by_port.slots[i].value != MAP_NONE)
			f->by_port.slots[i].value = w->order.v[f->by_port.slots[i].value];
	for (uint32_t i = 0; i < f->rows_n; i++)
		if (f->port_of.v[i] != NONE)
			f->port_of.v[i] = w->order.v[f->port_of.v[i]];
}
