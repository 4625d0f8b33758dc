/* Life of a frame and the few look-ups that every reader of one needs. */
#include "frame_private.h"
#include "row_index.h"
#include "sockeye/base/units.h"
#include <stdlib.h>
#include <string.h>

void frame_init(struct frame *f)
{
	memset(f, 0, sizeof(*f));
}

static void drop_references(struct frame *f)
{
	for (size_t i = 0; i < f->procs.n; i++)
		late_unref(f->procs.v[i].late);
	for (size_t i = 0; i < f->users.n; i++)
		late_unref(f->users.v[i].late);
	vec_trim(&f->procs);
	vec_clear(&f->procs);
	vec_clear(&f->users);
}

void frame_done(struct frame *f)
{
	if (!f)
		return;
	drop_references(f);
	blocks_done(&f->socks);
	blocks_done(&f->infos);
	blocks_done(&f->rows);
	vec_done(&f->owners);
	vec_done(&f->port_of);
	vec_done(&f->ports);
	vec_done(&f->addrs);
	vec_done(&f->holders);
	vec_done(&f->members);
	vec_done(&f->procs);
	vec_done(&f->proc_ports);
	vec_done(&f->proc_socks);
	vec_done(&f->users);
	vec_done(&f->netns);
	vec_done(&f->ifaces);
	vec_done(&f->limits);
	vec_done(&f->rings);
	vec_done(&f->findings);
	vec_done(&f->sock_notes.v);
	vec_done(&f->port_notes.v);
	vec_done(&f->containers);
	vec_done(&f->freed);
	tally_done(&f->tally);
	row_index_drop(f->by_cookie);
	map_done(&f->by_port);
	map_done(&f->by_proc);
	frame_init(f);
}

/* What one picture of much has filled the next ones may not need. */
#define let_go(a)                                                                                            \
	do {                                                                                                 \
		vec_trim(a);                                                                                 \
		vec_clear(a);                                                                                \
	} while (0)

void frame_clear(struct frame *f)
{
	drop_references(f);
	blocks_clear(&f->socks);
	blocks_clear(&f->infos);
	blocks_clear(&f->rows);
	let_go(&f->owners);
	let_go(&f->port_of);
	let_go(&f->ports);
	let_go(&f->addrs);
	let_go(&f->holders);
	let_go(&f->members);
	let_go(&f->proc_ports);
	let_go(&f->proc_socks);
	let_go(&f->netns);
	let_go(&f->ifaces);
	let_go(&f->limits);
	let_go(&f->rings);
	let_go(&f->findings);
	let_go(&f->sock_notes.v);
	let_go(&f->port_notes.v);
	let_go(&f->containers);
	let_go(&f->freed);
	let_go(&f->tally.ports);
	let_go(&f->tally.procs);
	row_index_drop(f->by_cookie);
	f->by_cookie = NULL;
	map_clear(&f->by_port);
	map_clear(&f->by_proc);
	f->number = f->boot_ns = f->wall_ns = f->took_ns = f->boot_wall_ns = 0;
	f->hz = 0;
	f->names = NULL;
	f->services = NULL;
	f->want = (struct want){0};
	f->owners_complete = f->parents = false;
	f->hidden_procs = 0;
	f->totals = (struct totals){0};
	f->rows_n = 0;
	f->open_rows = f->open_ports = f->open_procs = 0;
}

unsigned frame_netns_n(const struct frame *f)
{
	unsigned n = 0;

	for (size_t i = 0; i < f->netns.n; i++)
		n += !f->netns.v[i].ended;
	return n;
}

struct sock_info frame_info(const struct frame *f, uint32_t row)
{
	const struct sock *s;
	struct sock_info i;

	if (!f->infos.n || row >= f->rows_n)
		return (struct sock_info){0};
	s = frame_sock(f, row);
	i = *(const struct sock_info *)blocks_at(&f->infos, row, sizeof(i));
	if (s->flags & SOCK_HAS_TIMES) {
		uint32_t now = (uint32_t)(frame_read_ns(f, s->netns) / 1000000);

		i.last_sent_ms = now - i.last_sent_ms;
		i.last_recv_ms = now - i.last_recv_ms;
		i.last_ack_recv_ms = now - i.last_ack_recv_ms;
	}
	return i;
}

struct row *frame_write_row(struct frame *f, uint32_t row)
{
	return blocks_write(&f->rows, row, sizeof(struct row));
}

bool frame_counts(const struct frame *f, uint32_t row, const uint8_t *picked)
{
	uint32_t parent = frame_row(f, row)->parent;

	if (parent != NONE)
		return picked && !picked[parent];
	return picked || proto_table[frame_sock(f, row)->proto].ports;
}

uint32_t frame_iface(const struct frame *f, uint16_t netns, uint32_t ifindex)
{
	for (size_t i = 0; i < f->ifaces.n; i++)
		if (f->ifaces.v[i].ifindex == ifindex && f->ifaces.v[i].netns == netns)
			return f->ifaces.v[i].name;
	return 0;
}

uint32_t frame_row_by_cookie(const struct frame *f, uint16_t netns, uint64_t cookie)
{
	return row_index_find(f, netns, cookie);
}

uint32_t frame_port_by_key(const struct frame *f, uint16_t netns, uint8_t proto, uint32_t port)
{
	return map_get(&f->by_port, (uint64_t)netns << 8 | proto, port);
}

uint32_t frame_proc_by_key(const struct frame *f, uint32_t pid, uint64_t start)
{
	return map_get(&f->by_proc, pid, start);
}

const char *frame_user(const struct frame *f, uint32_t uid)
{
	size_t lo = 0, hi = f->users.n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (f->users.v[mid].uid < uid)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < f->users.n && f->users.v[lo].uid == uid ? late_get(f->users.v[lo].late, LATE_USER) : NULL;
}

uint32_t frame_first_owner(const struct frame *f, uint32_t row, bool former)
{
	const struct row *r = frame_row(f, row);
	const struct owner *o;

	if (!r->owner_n)
		return NONE;
	o = frame_owner(f, r, 0); /* present ones stand first */
	return o->former && !former ? NONE : o->proc;
}

uint64_t frame_proc_start_wall(const struct frame *f, uint32_t proc)
{
	uint64_t ticks = f->procs.v[proc].p.start, hz = f->hz ? f->hz : 100;

	return f->boot_wall_ns + ticks / hz * NSEC_PER_SEC + ticks % hz * NSEC_PER_SEC / hz;
}

double frame_age_s(const struct frame *f, uint64_t since_ns)
{
	return since_ns < f->boot_ns ? (double)(f->boot_ns - since_ns) / 1e9 : 0.0;
}
