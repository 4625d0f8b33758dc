/* The inside of the world: what its files share. world_apply() runs them in this order:
 * rows (identity, lifetimes, rates) → parents of subflows → procs → owners → port keys → links (listener, direction, reason) →
 * closed processes, former owners, units → port rows → process lists, users → peers → totals, tally, rings,
 * findings. */
#pragma once
#include "frame_private.h"
#include "fresh_index.h"
#include "sockeye/model/world.h"
#include <string.h>

#define SHOWN_MAX 8 /* connections whose every state is noted */
#define KEEP_NS UINT64_C(3000000000) /* how long new rows are marked and closed ones shown */

struct fresh_row { /* a socket that has no row yet */
	uint32_t at; /* into snapshot.socks */
	uint32_t prev; /* the closed row of prev that it was; NONE */
};
struct port_key { /* a port while its row is not made yet */
	uint32_t port;
	uint16_t netns;
	uint8_t proto; /* mptcp also for TCP connections to a MPTCP listener */
	bool member; /* somebody listens, is bound or has no peer: a row of its own in Ports */
	bool listener; /* what connections to it are `in` by */
	bool closed; /* all its sockets are */
	uint32_t prev; /* the port row of the previous frame; NONE */
	uint32_t n; /* rows that make it: members, or for client ports all */
	uint32_t at; /* into world.port_rows */
	uint32_t asked; /* cache of the last listener search: the row asked for */
	uint32_t answer; /* and what was found */
};

enum {
	CALM_LINKS = 1, /* scope, direction, no listener to be found */
	CALM_REASON = 2,
	CALM_UNIT = 4,
	CALM_RATES = 8, /* it has been at rest: with the same counters the row is the same */
	CALM_PEER = 16, /* it has no other end, or one that knows it, too */
	CALM_OWNERS = 32, /* they are what the descriptors say */
	CALM_NEVER = 128
};

struct add {
	uint32_t row, next; /* next: into adds, of the same process; NONE */
};

struct port_place { /* what ports are sorted by: open before closed, those with a row of their own first, number */
	uint64_t rank;
	uint32_t key;
};

/* Small arrays of numbers, reused from look to look. */
struct nums {
	uint32_t *v; /* owned */
	size_t n, cap;
};
/* n items of this value. */
void nums_fill(struct nums *a, size_t n, uint32_t value);

struct marks {
	uint8_t *v; /* owned */
	size_t n, cap;
};

struct world {
	struct intern *names; /* borrowed */
	const struct services *services; /* borrowed */
	uint32_t hz;
	uint64_t number;
	uint64_t trim_at; /* number of the look after which free memory goes back */
	uint64_t fds_stand; /* of prev's snapshot */
	uint32_t owners_n; /* how many of rows with several there were when all rows were looked at */
	const struct frame *prev; /* borrowed until the call after next; NULL before the first */
	struct nums fd_at; /* row → where its descriptors stood in snapshot.fds; NONE */

	/* Of this look only: */
	const struct snapshot *snap;
	struct frame *f; /* being written */
	uint64_t gap_ns; /* since prev; 0: no prev */
	bool gap; /* too long for rates */
	struct nums ns_prev; /* netns of f → netns of prev; NONE */
	struct nums ns_now; /* netns of prev → netns of f; NONE */
	struct nums prev_of; /* row → row of prev; NONE */
	struct nums row_of; /* row of prev → row; NONE */
	VEC(struct fresh_row) fresh;
	VEC(struct owner) holding; /* the owners of one row */
	struct fresh_index fresh_of; /* those that are in fresh */
	struct nums gone; /* open rows of prev whose places are free, ascending */
	struct nums closing; /* rows of prev that are closed ones now */
	struct marks changed; /* row → 1: who it is, its state, its number or its owners are not as in prev */
	struct marks
		calm; /* row → CALM_ bits: what need not be found out again while the row does not change */
	struct marks flows; /* row → 1: something flowed lately, its rates are not zero */
	bool restful; /* what was at rest in prev is so, if its socket says the same */
	bool kernel_kept; /* a row that has not changed is listed with a process of the same number */
	bool keys_kept; /* ports have their numbers of prev */
	bool units_kept; /* processes have their numbers of prev, paths and processes their units */
	bool new_index; /* frame.by_cookie is made anew */
	struct nums proc_prev; /* process → process of prev; NONE */
	struct nums proc_of; /* process of prev → process; NONE */
	struct nums port_rows; /* rows by port key */
	struct nums stamp; /* per process: the last thing that met it */
	struct nums order; /* index of keys → port */
	struct nums same; /* rows with the same tuple, chained */
	struct nums candidate; /* 1: the row's other end may be here */
	struct map revived; /* (netns, cookie) of prev's closed rows → row of prev */
	bool fds_indexed; /* scratch has the inodes */
	struct map scratch; /* inode → first descriptor; later local addresses; later pairs of ends */
	struct map met; /* scratch: see struct tally */
	struct map uids;
	struct map uid_rows; /* uid → open rows that have it */
	uint32_t noted; /* in this look */
	uint32_t mptcp_n, unix_n; /* open rows of these protocols */
	bool had_parents; /* prev's rows may have some */
	struct map mptcp; /* what ties a subflow → its parent's row */
	struct map mptcp_ports; /* (netns, port) → enum mptcp_port */
	VEC(struct port_key) keys;
	struct nums members; /* open rows that have their port for themselves, then closed ones */
	struct nums members_next;
	uint32_t open_members;
	struct nums key_of; /* port of prev → key */
	VEC(struct add) adds; /* rows that are new to the lists of processes */
	struct nums heads; /* process → first of them; NONE */
	struct nums touched; /* process → 1: its list is not that of prev */
	VEC(struct port_place) places;
	VEC(uint64_t) client_bits; /* local ports of connections, 65536 bits a group */
	struct map client_groups; /* (netns, protocol) → which of them */
	/* For the world's life: */
	VEC(struct frame_freed) freed; /* oldest first */
	struct {
		uint64_t netns_inode, cookie;
	} shown[SHOWN_MAX]; /* the last ones; cookie 0: none */
	unsigned shown_at; /* where the next one goes */
	struct nums units; /* cgroup id → unit id + 1; 0: not asked yet */
	struct str text;
};

/* The next row from i on that has changed or is not calm in this respect; n: none below n. */
static inline uint32_t world_next(const struct world *w, uint32_t i, uint32_t n, uint8_t calm)
{
	const uint64_t all = UINT64_C(0x0101010101010101) * calm;
	uint64_t changed, calms;

	for (; i < n; i++) {
		while (i + 8 <= n) { /* hardly any has */
			memcpy(&changed, w->changed.v + i, 8);
			memcpy(&calms, w->calm.v + i, 8);
			if (changed | (~calms & all))
				break;
			i += 8;
		}
		if (i < n && (w->changed.v[i] || (~w->calm.v[i] & calm)))
			return i;
	}
	return n;
}
static inline void world_set_calm(struct world *w, uint32_t row, uint8_t bit, bool calm)
{
	w->calm.v[row] = (uint8_t)((w->calm.v[row] & ~bit) | (calm ? bit : 0));
}
/* The whole of a socket's local and remote end did not change. */
static inline bool same_tuple(const struct sock *a, const struct sock *b)
{
	return a->lport == b->lport && a->rport == b->rport && !memcmp(a->laddr, b->laddr, 32);
}
static inline bool is_member_state(uint8_t state)
{
	return STATES_PORT & STATE_BIT(state);
}
/* Did the look ask for sockets like this one? */
static inline bool want_has(const struct want *w, const struct sock *s)
{
	return (w->protos & 1u << s->proto) && (w->states & STATE_BIT(s->state));
}
/* The cgroup's place in world.units (valid until the next call), NULL for none. */
uint32_t *world_unit_slot(struct world *w, uint32_t cgroup);
void world_containers(struct world *w); /* container.c: names before anything asks for a unit */
uint32_t world_unit(struct world *w, uint32_t cgroup); /* interned; 0: the path says nothing */

void world_rows(struct world *w, struct snapshot *s); /* rows.c */
/* rates.c: of a socket of this look, whose row of prev (NONE: it has none) has been copied to r. */
void world_rates(struct world *w, const struct sock *s, uint32_t prev, struct row *r);
uint64_t world_counted_ns(const struct world *w,
			  uint32_t prev); /* when prev's counters were read; 0: never */
void world_set_rest(struct world *w, uint32_t row, const struct sock *s, const struct row *r);
bool world_is_restful(const struct world *w);
void world_procs(struct world *w); /* procs.c: those of the snapshot, same indexes */
uint32_t world_kernel_proc(struct world *w); /* pid 0; appended when it is missing */
/* The process of this frame for one of prev; appends a closed row when it has gone. Only when all open
 * processes stand. */
uint32_t world_former_proc(struct world *w, uint32_t prev_proc);
void world_closed_procs(struct world *w);
void world_freed(struct world *w); /* freed.c: ports whose rows were closed in this look */
void world_proc_lists(struct world *w); /* sockets, ports and users */
void world_owners(struct world *w); /* owners.c: present ones */
/* A socket of prev's with a port of its own is not in this dump. Is it closed? Its owner is known, and this look
 * searched for descriptors of it too (see owners_take_skipped in the source), and found none. */
bool world_let_go(struct world *w, uint32_t prev_row); /* owners.c */
void world_formers(struct world *w); /* owners.c: remembered ones of rows without */
void world_parents(struct world *w); /* mptcp.c: row.parent */
/* The protocol of the port row that this socket belongs to. */
uint8_t world_port_proto(const struct world *w, uint32_t row); /* mptcp.c */
void world_port_keys(struct world *w); /* ports.c: every row gets an index of keys in frame.port_of */
void world_ports(struct world *w); /* ports.c: makes the rows, puts frame.port_of right */
void world_listeners(struct world *w); /* links.c: listener and direction; port_of are keys */
bool world_waits(const struct sock *s); /* for its handshake to end, or to be accepted */
bool world_unaccepted(const struct sock *s); /* links.c: does it look like one that waits to be accepted? */
void world_reasons(struct world *w); /* reason.c */
void world_totals(struct frame *f); /* recount.c */
/* Totals and tally from those of prev. False: too much has changed, and nothing was done. */
bool world_recount(struct world *w); /* recount.c */
void world_notes_begin(struct world *w); /* notes.c: those of prev go on */
void world_note_state(struct world *w, const struct sock *s, uint8_t from);
void world_note_tries(struct world *w, const struct sock *s, const struct sock *was);
void world_notes_ports(struct world *w);
void world_peers(struct world *w); /* peers.c */
void world_unix_peers(struct world *w); /* peers.c */
