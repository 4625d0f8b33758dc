/* The world between two looks, and the order in which a look becomes a frame. */
#include "sockeye/model/finding.h"
#include "sockeye/model/forward.h"
#include "sockeye/model/unit.h"
#include "world_private.h"
#include <math.h>
#include <stdlib.h>

#define TRIM_FIRST 6 /* looks after a gap: all frames have been written anew by then; */
#define TRIM_OTHER 4 /* after others, or more of them, were asked for */
#define TRIM_EVERY 128

struct world *world_new(struct intern *names, const struct services *services, uint32_t hz)
{
	struct world *w = mem_zalloc(1, sizeof(*w));

	w->names = names;
	w->services = services;
	w->hz = hz;
	return w;
}

void world_free(struct world *w)
{
	if (!w)
		return;
	struct nums *all[] = {&w->ns_prev, &w->ns_now,       &w->prev_of, &w->row_of, &w->proc_prev,
			      &w->proc_of, &w->port_rows,    &w->stamp,   &w->order,  &w->same,
			      &w->units,   &w->candidate,    &w->fd_at,   &w->gone,   &w->closing,
			      &w->members, &w->members_next, &w->key_of,  &w->heads,  &w->touched};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		vec_done(all[i]);
	vec_done(&w->fresh);
	vec_done(&w->changed);
	vec_done(&w->calm);
	vec_done(&w->flows);
	map_done(&w->uid_rows);
	vec_done(&w->adds);
	vec_done(&w->holding);
	fresh_index_done(&w->fresh_of);
	vec_done(&w->keys);
	vec_done(&w->places);
	vec_done(&w->freed);
	vec_done(&w->client_bits);
	map_done(&w->client_groups);
	map_done(&w->revived);
	map_done(&w->scratch);
	map_done(&w->met);
	map_done(&w->uids);
	map_done(&w->mptcp);
	map_done(&w->mptcp_ports);
	str_done(&w->text);
	free(w);
}

uint32_t *world_unit_slot(struct world *w, uint32_t cgroup)
{
	if (!cgroup || cgroup >= intern_count(w->names))
		return NULL;
	if (cgroup >= w->units.n) {
		size_t more = (size_t)cgroup + 1 - w->units.n;

		vec_reserve(&w->units, more);
		memset(w->units.v + w->units.n, 0, more * sizeof(uint32_t));
		w->units.n += more;
	}
	return &w->units.v[cgroup];
}

/* Every path is read once as long as somebody knows it. */
uint32_t world_unit(struct world *w, uint32_t cgroup)
{
	uint32_t *slot = world_unit_slot(w, cgroup);

	if (!slot)
		return 0;
	if (!*slot) {
		str_clear(&w->text);
		unit_name(intern_get(w->names, cgroup), &w->text);
		*slot = intern_add(w->names, str_text(&w->text), w->text.n) + 1;
	}
	return *slot - 1;
}

static void units(struct world *w)
{
	struct frame *f = w->f;
	uint8_t calm = w->units_kept ? CALM_UNIT : CALM_NEVER;

	for (uint32_t i = world_next(w, 0, f->rows_n, calm); i < f->rows_n;
	     i = world_next(w, i + 1, f->rows_n, calm)) {
		uint32_t owner = frame_first_owner(f, i, true),
			 unit = owner == NONE ? 0 : f->procs.v[owner].unit;

		if (!unit)
			unit = world_unit(w, frame_sock(f, i)->cgroup);
		frame_set(f, i, unit, unit);
		world_set_calm(w, i, CALM_UNIT, true);
	}
}

/* Ports got their rings when they were made; processes get theirs here, when it is known who has sockets. */
static void rings(struct world *w)
{
	struct frame *f = w->f;

	for (uint32_t i = 0; i < f->open_ports; i++) {
		const struct port *p = &f->ports.v[i];
		const struct count *c = &f->tally.ports.v[i];

		if (p->ring == NONE)
			continue;
		ring_push(&f->rings.v[p->ring], c->rx_rate, c->tx_rate,
			  p->backlog_max ? (float)p->backlog / (float)p->backlog_max : NAN);
	}
	for (uint32_t i = 0; i < f->procs.n; i++) {
		struct proc *p = &f->procs.v[i];
		const struct count *c = &f->tally.procs.v[i];
		uint32_t prev = w->proc_prev.v[i];
		const struct ring *old = NULL;
		struct ring *r;

		if (prev != NONE && w->prev->procs.v[prev].ring != NONE)
			old = &w->prev->rings.v[w->prev->procs.v[prev].ring];
		if (p->marks & MARK_FORMER || (!old && !p->sock_n))
			continue;
		p->ring = (uint32_t)f->rings.n;
		r = vec_add(&f->rings);
		if (old)
			*r = *old;
		else
			memset(r, 0, sizeof(*r));
		if (!(p->marks & MARK_CLOSED))
			ring_push(r, c->rx_rate, c->tx_rate, NAN);
	}
}

static void begin(struct world *w, struct snapshot *s, uint64_t interval_ns, struct frame *f)
{
	frame_clear(f);
	if (w->prev && w->prev->want.skip & PART_NEXT)
		w->prev = NULL; /* it was to be the last one */
	w->f = f;
	w->snap = s;
	w->fds_indexed = false;
	f->number = ++w->number;
	f->boot_ns = s->boot_ns;
	f->wall_ns = s->wall_ns;
	f->took_ns = s->took_ns;
	f->interval_ns = interval_ns;
	f->cost_ns = 0;
	f->boot_wall_ns = s->wall_ns > s->boot_ns ? s->wall_ns - s->boot_ns : 0;
	f->hz = w->hz;
	f->names = w->names;
	f->services = w->services;
	f->want = s->want;
	f->memory = s->memory;
	f->owners_complete = s->owners_complete;
	f->hidden_procs = s->hidden_procs;
	for (size_t i = 0; i < s->netns.n; i++)
		vec_push(&f->netns, s->netns.v[i]);
	for (size_t i = 0; i < s->ifaces.n; i++)
		vec_push(&f->ifaces, s->ifaces.v[i]);
	for (size_t i = 0; i < s->limits.n; i++)
		vec_push(&f->limits, s->limits.v[i]);
	/* A clock that does not go on (a recording stepped back) gives no rates either. */
	w->gap_ns = w->prev && f->boot_ns > w->prev->boot_ns ? f->boot_ns - w->prev->boot_ns : 0;
	w->gap = w->prev && (!w->gap_ns || (interval_ns && w->gap_ns > 3 * interval_ns));
}

/* Without port rows what stands for them until they are made must not be taken for one. */
static void no_ports(struct frame *f)
{
	map_clear(&f->by_port);
	f->open_ports = 0;
	for (size_t i = 0; i < f->port_of.n; i++)
		f->port_of.v[i] = NONE;
}

/* Processes whose sockets are those that stood under their number in prev, none of them another by now, talk to whom
 * these talked to. Which process it was then does not matter: rows that have not changed name it by its number. */
static void count_all(struct world *w)
{
	struct frame *f = w->f;
	struct tally *t = &f->tally;

	t->seen = w->met; /* one for all frames */
	w->met = (struct map){0};
	tally_begin(t, f);
	for (uint32_t i = 0; i < f->procs.n; i++) {
		const struct frame *p = w->prev;
		bool same = p && !(p->want.skip & PART_PORTS) && !f->parents && !p->parents &&
			    i < p->tally.procs.n && f->procs.v[i].p.pid && p->procs.v[i].p.pid &&
			    f->procs.v[i].sock_n == p->procs.v[i].sock_n;

		vec_push(&t->known, same ? p->tally.procs.v[i].peers : NONE);
	}
	for (uint32_t i = world_next(w, 0, f->open_rows, 0); i < f->open_rows;
	     i = world_next(w, i + 1, f->open_rows, 0)) {
		const struct row *r = frame_row(f, i);

		for (uint32_t o = 0; o < r->owner_n; o++)
			t->known.v[frame_owner(f, r, o)->proc] = NONE;
	}
	if (!world_recount(w))
		world_totals(f);
	while (!tally_step(t, f, NULL, UINT32_MAX))
		;
	w->met = t->seen;
	t->seen = (struct map){0};
}

/* Rows keep what they had, so what nobody finds any more must be taken away. */
static void no_peers(struct world *w)
{
	if (!w->prev || w->prev->want.skip & PART_PEERS)
		return;
	for (uint32_t i = 0; i < w->f->open_rows; i++)
		if (frame_sock(w->f, i)->proto != PROTO_UNIX)
			frame_set(w->f, i, peer, NONE);
}

/* Room that a look of more has taken (other sockets, a row for each port of outgoing connections) goes back. */
static void trim(struct world *w)
{
	struct nums *const nums[] = {&w->fd_at,     &w->prev_of,   &w->row_of,  &w->gone,   &w->closing,
				     &w->proc_prev, &w->proc_of,   &w->stamp,   &w->order,  &w->port_rows,
				     &w->same,      &w->candidate, &w->members, &w->key_of, &w->members_next,
				     &w->heads,     &w->touched};
	struct marks *const marks[] = {&w->changed, &w->calm, &w->flows};
	const struct frame *p = w->prev;

	for (size_t i = 0; i < ARRAY_LEN(nums); i++)
		vec_trim(nums[i]);
	for (size_t i = 0; i < ARRAY_LEN(marks); i++)
		vec_trim(marks[i]);
	vec_trim(&w->fresh);
	vec_trim(&w->keys);
	vec_trim(&w->adds);
	vec_trim(&w->places);
	vec_trim(&w->client_bits);
	/* After a gap every row is written twice more: rates go and come. */
	if (w->gap || !p)
		w->trim_at = w->number + TRIM_FIRST;
	else if (p->want.protos != w->f->want.protos || p->want.states != w->f->want.states ||
		 p->want.attrs != w->f->want.attrs || p->want.ends_n != w->f->want.ends_n)
		w->trim_at = w->number + TRIM_OTHER;
	if (w->number == w->trim_at || w->number % TRIM_EVERY == 0)
		mem_trim();
}

void world_apply(struct world *w, struct snapshot *s, uint64_t interval_ns, struct frame *out)
{
	begin(w, s, interval_ns, out);
	world_containers(w);
	world_notes_begin(w);
	world_rows(w, s);
	world_parents(w);
	world_procs(w);
	world_owners(w);
	world_port_keys(w);
	world_listeners(w);
	world_reasons(w);
	world_closed_procs(w);
	world_formers(w);
	units(w);
	if (out->want.skip & PART_PORTS)
		no_ports(out);
	else
		world_ports(w);
	world_freed(w);
	world_proc_lists(w);
	frame_forwards(out, w->names);
	world_unix_peers(w);
	if (out->want.skip & PART_PEERS)
		no_peers(w);
	else
		world_peers(w);
	if (!(out->want.skip & PART_PORTS)) {
		count_all(w);
		rings(w);
		world_notes_ports(w);
		findings_run(out);
	}
	trim(w);
	snapshot_drop_fds(s);
	w->prev = out;
	w->snap = NULL;
	w->f = NULL;
}
