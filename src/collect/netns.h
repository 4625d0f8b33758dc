/* The network namespaces that are looked into: entered once by a throw-away thread, asked from outside through
 * what it opened there, and let go of as soon as nobody else holds them. */
#pragma once
#include "diag.h"
#include "netns_find.h"
#include "sockeye/model/snapshot.h"
#include "sockstat.h"

/* What is remembered of a namespace's TCP sockets between looks. */
enum netns_part { NETNS_LISTENING, NETNS_CONNECTED, NETNS_BOUND, NETNS_PARTS };
struct netns_rows {
	VEC(struct sock) socks;
	VEC(struct sock_info) infos; /* parallel, or empty when none were asked for */
	uint32_t states, attrs; /* what was asked for; states 0: nothing is known */
	uint64_t at_ns; /* CLOCK_BOOTTIME */
};
struct netns_settings { /* of a namespace, as in struct snap_netns */
	uint64_t read_ns; /* CLOCK_BOOTTIME; 0: never */
	uint16_t eph_low, eph_high;
	uint32_t somaxconn, retries;
};
struct netns {
	uint64_t inode;
	uint32_t name; /* interned */
	struct diag *diag; /* owned */
	int stat_fd, stat6_fd, range_fd, somaxconn_fd,
		retries_fd; /* owned; -1: could not be opened. They give this namespace's numbers */
	struct netns_settings settings;
	bool own;
	bool wanted; /* by the look under way */
	bool alone; /* no process is in it and no mount keeps it */
	bool held; /* a process elsewhere has a socket of it, by the last look */
	uint16_t index; /* of snapshots; UINT16_MAX: none yet, or not wanted */
	struct netns_rows rows[NETNS_PARTS];
	struct sockstat stat; /* of this look, and of that in which its connections were walked: */
	struct sockstat walked_stat;
	uint64_t traffic; /* sum of what moves with traffic, at the last walk */
	bool busy; /* it moved from the walk before to the last one */
};
/* A place in snapshot.netns. It stays that of its namespace, and for a while after that has ended, so that readers
 * who know namespaces by place do not suddenly see another one there. */
struct netns_place {
	uint64_t inode;
	uint64_t ended_ns; /* 0: in use */
	uint32_t name;
};
struct netns_set {
	struct netns_find find;
	VEC(struct netns *) v; /* owned; own first */
	VEC(struct netns_place) places;
	uint8_t want; /* enum want_netns of the look before, and: */
	uint64_t want_inode;
	uint64_t last_ns; /* when it was last searched; 0: never */
	bool left; /* all but the own one were let go of since */
	uint32_t denied; /* namespaces that are there and may not be entered */
	uint32_t failed; /* … could not be for another reason: */
	int error;
};

/* Opens the calling thread's own namespace. 0 or a negative errno. */
int netns_set_open(struct netns_set *s, struct intern *names, const char *proc_root);
void netns_set_done(struct netns_set *s);
/* Makes the set what `want` names: enters what is new, lets go of what has ended or is not wanted. Searches at
 * most once a second. */
void netns_set_update(struct netns_set *s, const struct want *want, uint64_t now_ns);
/* Lets go of what has ended; enters nothing. */
void netns_set_let_go(struct netns_set *s, uint64_t now_ns);
/* Lets go of all but the own one, whoever else holds them; the next update enters them again. */
void netns_set_leave(struct netns_set *s);
/* Enters the namespace that fd names and a socket of process `pid` led to. True: it was not known yet. */
bool netns_set_enter_stray(struct netns_set *s, uint64_t inode, int fd, uint32_t pid, uint64_t now_ns);
/* After a look: which of the namespaces that no process is in have sockets that processes hold. Lets go of those
 * that nothing keeps. */
void netns_set_note_holders(struct netns_set *s, const struct snapshot *snap);
void netns_set_mark_names(const struct netns_set *s); /* between two looks: see live_mark_names() */
/* What the wanted namespaces say of themselves, into the snapshot; gives every one its index. */
void netns_set_put(struct netns_set *s, struct snapshot *ret);
/* The namespaces that are missing and why, as limits. */
void netns_set_put_limits(const struct netns_set *s, const struct want *want, struct snapshot *ret);
/* Net.ipv4.ip_local_port_range from the n bytes of its file; false: it is none. */
bool netns_range_parse(const char *text, size_t n, uint16_t *ret_low, uint16_t *ret_high);
/* A setting that is one number from the n bytes of its file; 0: it is none, or none above 0. */
uint32_t netns_number_parse(const char *text, size_t n);
