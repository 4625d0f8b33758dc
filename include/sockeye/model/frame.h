/* One immutable picture for readers: everything by value, ids into the interning table, no pointers
 * into the world. Built by world_apply() on the sampler's thread, read by main, recycled.
 *
 * Facts stand here; counts stand in a tally (tally.h), because a filter recounts them. */
#pragma once
#include "sockeye/base/blocks.h"
#include "sockeye/base/ip.h"
#include "sockeye/base/map.h"
#include "sockeye/base/mem.h"
#include "sockeye/model/history.h"
#include "sockeye/model/late.h"
#include "sockeye/model/notes.h"
#include "sockeye/model/snapshot.h"
#include "sockeye/model/tally.h"
#include <stdbool.h>
#include <stdint.h>

#define NONE UINT32_MAX /* no index */

enum mark { /* of rows of every kind */
	    MARK_NEW = 1 << 0, /* first seen less than 3 s ago, and not at the first look */
	    MARK_CLOSED = 1 << 1, /* gone; shown for 3 s; counted nowhere */
	    MARK_START = 1 << 2, /* was there at the first look: its age is unknown, only seen_s */
	    MARK_MISSED =
		    1
		    << 3, /* missing in the last dump; gone if the next misses it too: a dump skips stable sockets in crowded hash buckets */
	    MARK_FORMER = 1 << 4, /* of a process, with MARK_CLOSED: gone for long, here only because a former
				     owner names it: no row of its own */
};

struct owner {
	uint32_t proc; /* into frame.procs */
	int32_t fd; /* -1: io_uring */
	uint32_t
		former; /* 0 or 1; as wide as the others, as rows are compared with what lies between members */
};
/* What the world knows about a socket. */
struct row {
	uint64_t first_ns; /* CLOCK_BOOTTIME first seen */
	uint64_t state_ns; /* in this state since, as far as seen */
	uint64_t closed_ns; /* with MARK_CLOSED */
	uint64_t counted_ns; /* with MARK_MISSED or MARK_CLOSED: when its counters were read; 0 never */
	float rx_rate, tx_rate; /* bytes/s; NAN: not known (yet) */
	float rate_mean; /* rx+tx, mean of up to 3 frames, for sorting; 0 when unknown */
	float rate_before; /* rx+tx of the frame before; NAN unknown */
	uint32_t owner_n; /* frame_owner(); present owners first, then former */
	union { /* the model's own */
		struct owner one; /* with owner_n 1 */
		uint32_t many; /* into frame.owners */
	} owners;
	uint32_t listener; /* row of the listening socket it belongs to (unaccepted, syn-recv); NONE */
	uint32_t
		peer; /* row of the other end on this machine; of a unix socket that waits to be accepted: the
			  listener's; NONE */
	uint32_t parent; /* row of the MPTCP socket that this TCP one works for, which counts for it; NONE */
	uint32_t unit; /* interned: of the first owner, else of the socket's cgroup; "" unknown */
	uint32_t backlog_peak; /* of a listener, since first seen */
	uint8_t marks; /* enum mark */
	uint8_t dir, scope, reason; /* enums */
	uint8_t findings; /* number of findings on it, or on its port or process because of it */
};
enum port_flag {
	PORT_BOUND_ONLY = 1 << 0, /* bound, nobody listens */
	PORT_ANY4 = 1 << 1, /* 0.0.0.0 */
	PORT_ANY6 = 1 << 2, /* [::] */
	PORT_REUSEPORT = 1 << 3, /* several sockets with one address */
	PORT_CLIENT =
		1
		<< 4, /* a port of outgoing connections only: shown with `a` alone; with WANT_CLIENT_PORTS */
	PORT_NO_LIMIT = 1 << 5, /* how long its queue may grow is not known: backlog_max is 0 */
	PORT_NO_QUEUE = 1 << 6, /* nor how long it is */
};
/* (netns, protocol, local port) */
struct port {
	uint32_t port;
	uint16_t netns;
	uint8_t proto, scope, class_, reason; /* reason: when no member has a present owner */
	uint8_t flags, marks;
	uint32_t addr, addr_n; /* into frame.addrs: distinct local addresses; wildcards first */
	uint32_t holder, holder_n; /* into frame.holders: distinct processes, oldest first */
	uint32_t member, member_n; /* into frame.members: its listening/bound/unconnected rows */
	uint32_t unit;
	uint32_t uid; /* of the first member; NONE: unknown */
	uint32_t backlog, backlog_max, backlog_peak; /* the fullest member's; max 0: no listener */
	uint64_t drops; /* sum over members */
	bool has_drops,
		dual; /* dual: `*`, every v4 and v6 address wherever it comes from (0.0.0.0 and [::], or one v6 with v6only=0) */
	float drop_rate; /* arrivals dropped a second; NAN unknown */
	uint32_t recvq; /* unread bytes of UDP members */
	uint64_t first_ns, closed_ns;
	uint32_t ring; /* into frame.rings; NONE */
	uint32_t
		forward; /* interned: where a forwarder leads to ("docker:db"); 0: nowhere, or not known. See forward.h */
	uint32_t forward_port; /* port row of the real listener; NONE */
	uint8_t findings;
};
struct port_addr {
	struct ip ip;
	uint32_t name; /* interned: a vsock cid in place of the ip; 0: none */
	uint32_t ifindex;
	bool v6only;
};
/* (pid, start). pid 0: the kernel, gathering sockets of REASON_KERNEL. */
struct proc {
	struct snap_proc p;
	struct late *late; /* a reference held by this frame; NULL for pid 0 */
	uint32_t unit; /* interned */
	uint32_t port, port_n; /* into frame.proc_ports: port rows it holds, ascending */
	uint32_t sock, sock_n; /* into frame.proc_socks: socket rows it owns (present) */
	uint64_t first_ns, closed_ns;
	float cpu; /* share of one core 0..n; NAN unknown */
	uint32_t ring; /* into frame.rings; NONE */
	uint8_t marks, findings;
};
struct frame_user {
	uint32_t uid;
	struct late *late; /* LATE_USER; a reference held by this frame */
};
struct frame_container { /* one whose address is known */
	uint32_t unit; /* interned "docker:db" */
	uint8_t addr[16]; /* IPv4 */
};
struct frame_freed { /* a port that nobody holds any more, or somebody else by now */
	uint64_t netns_inode;
	uint64_t closed_ns; /* the look that did not find it any more */
	uint32_t port;
	uint32_t pid, comm; /* of the oldest holder; pid 0: not known. comm interned */
	uint8_t proto;
};
struct totals {
	uint32_t listening, bound, unconn_udp, states[STATE_N], socks;
	uint32_t client_ports; /* of outgoing connections, whether they have rows or not */
	uint32_t rated; /* sockets with a rate */
	float rx_rate, tx_rate; /* NAN unknown */
};
enum finding_severity { FINDING_INFO, FINDING_WARN, FINDING_BAD };
enum finding_on { FINDING_ON_SOCK, FINDING_ON_PORT, FINDING_ON_PROC };
struct finding {
	uint8_t severity, on;
	uint16_t rule; /* index into the rule table, finding.h */
	uint32_t row; /* index of the socket, port or process */
	char text[120]; /* one sentence; foreign names already safe */
};

struct frame {
	uint64_t number; /* 1, 2, … */
	uint64_t boot_ns, wall_ns, took_ns;
	uint64_t interval_ns; /* between looks; 0: there is one only */
	uint64_t
		cost_ns; /* processor time of a look and what is made of it, as far as known; set by who looks */
	uint64_t boot_wall_ns; /* wall time of boot: start ticks → wall time */
	uint32_t hz; /* clock ticks a second */
	const struct intern *names; /* borrowed, lives as long as the program */
	const struct services *services; /* borrowed likewise; may be NULL */
	struct want want;
	bool owners_complete;
	uint32_t hidden_procs;
	uint32_t rows_n; /* sockets; what is known of each: frame_sock(), frame_row(), frame_info() */
	/* The model's own, shared with other frames where they show the same: */
	struct blocks socks, infos, rows; /* struct sock, sock_info, row; infos may be empty */
	struct row_index *by_cookie; /* a count in it; open rows only */
	VEC(struct owner) owners; /* of rows with several */
	VEC(uint32_t) port_of;
	bool parents; /* some row has a parent */
	VEC(struct port) ports;
	VEC(struct port_addr) addrs;
	VEC(uint32_t) holders;
	VEC(uint32_t) members;
	VEC(struct proc) procs;
	VEC(uint32_t) proc_ports;
	VEC(uint32_t) proc_socks;
	VEC(struct frame_user) users; /* ascending uid */
	VEC(struct snap_netns) netns;
	VEC(struct snap_iface) ifaces; /* of the open rows */
	VEC(struct limit) limits;
	struct snap_memory memory;
	VEC(struct ring) rings;
	VEC(struct finding) findings;
	struct notes sock_notes, port_notes;
	VEC(struct frame_container) containers;
	VEC(struct frame_freed) freed; /* the last ones that came free, each once */
	struct totals totals;
	struct tally tally; /* of all rows, unfiltered */
	struct map by_port; /* (netns << 8 | proto, port) → port row */
	struct map by_proc; /* (pid, start) → process row */
	uint32_t open_rows; /* rows below this are open, the others MARK_CLOSED; likewise: */
	uint32_t open_ports, open_procs;
};
void frame_init(struct frame *f);
void frame_done(struct frame *f);
void frame_clear(struct frame *f); /* drops the references, keeps the capacity */
/* Marks all names that readers of it may ask for. other: a frame that is marked too and may share much; NULL. */
void frame_mark_names(const struct frame *f, const struct frame *other, struct intern *names);

/* Namespaces that it shows: those that have ended keep their index, but do not count. */
unsigned frame_netns_n(const struct frame *f);
/* Of a socket, row < rows_n; valid as long as the frame. What sock.timer_ms means is told by frame_timer_ms(). */
static inline const struct sock *frame_sock(const struct frame *f, uint32_t row)
{
	return blocks_at(&f->socks, row, sizeof(struct sock));
}
static inline const struct row *frame_row(const struct frame *f, uint32_t row)
{
	return blocks_at(&f->rows, row, sizeof(struct row));
}
/* The i-th owner of the row r, i < r->owner_n; r is one of this frame's. */
static inline const struct owner *frame_owner(const struct frame *f, const struct row *r, uint32_t i)
{
	return r->owner_n == 1 ? &r->owners.one : &f->owners.v[r->owners.many + i];
}
/* The port row of its local port; NONE, also for ports that have a row with WANT_CLIENT_PORTS alone. */
static inline uint32_t frame_port_of(const struct frame *f, uint32_t row)
{
	return f->port_of.v[row];
}
/* When the numbers of the connections in this namespace were read, CLOCK_BOOTTIME. */
static inline uint64_t frame_read_ns(const struct frame *f, uint32_t netns)
{
	uint64_t as_of = f->netns.v[netns].as_of_ns;

	return as_of ? as_of : f->boot_ns;
}
/* Until its timer fires, with sock.timer != 0. sock.timer_ms itself is the moment, so that it does not change. */
static inline uint32_t frame_timer_ms(const struct frame *f, uint32_t row)
{
	const struct sock *s = frame_sock(f, row);

	return s->timer ? s->timer_ms - (uint32_t)(frame_read_ns(f, s->netns) / 1000000) : 0;
}
/* The row's info, all zero when there is none. */
struct sock_info frame_info(const struct frame *f, uint32_t row);
/* Does this row count by itself? Not a MPTCP socket's subflow where that socket counts too, and with nothing picked
 * (NULL: no filter) only a protocol with ports: others are there because somebody asked for them. */
bool frame_counts(const struct frame *f, uint32_t row, const uint8_t *picked);
/* An interface's name, interned; 0: not known. */
uint32_t frame_iface(const struct frame *f, uint16_t netns, uint32_t ifindex);
uint32_t frame_row_by_cookie(const struct frame *f, uint16_t netns, uint64_t cookie); /* NONE */
uint32_t frame_port_by_key(const struct frame *f, uint16_t netns, uint8_t proto, uint32_t port); /* NONE */
uint32_t frame_proc_by_key(const struct frame *f, uint32_t pid, uint64_t start); /* NONE */
/* The last one that held a port of this number and let go; NULL: nobody did while we looked. Until the next frame. */
const struct frame_freed *frame_last_holder(const struct frame *f, uint32_t port);
/* The user's name, or NULL while it is not known; "" when the uid has no name. */
const char *frame_user(const struct frame *f, uint32_t uid);
/* The first present owner's process, else NONE. former: a former one will do. */
uint32_t frame_first_owner(const struct frame *f, uint32_t row, bool former);
/* Wall time (ns since 1970) at which the process started. */
uint64_t frame_proc_start_wall(const struct frame *f, uint32_t proc);
double frame_age_s(const struct frame *f, uint64_t since_ns);
