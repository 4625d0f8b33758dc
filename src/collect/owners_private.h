/* The owner search's state, shared by its parts: owners.c runs a look, owner_list.c keeps the list of processes,
 * owner_search.c decides whom to search, owner_ahead.c begins before a look, owner_hits.c joins what is known with the snapshot's sockets,
 * owner_hidden.c and owner_flight.c say what may be wrong about a socket that nobody was found to hold. */
#pragma once
#include "owner_scan.h"
#include "owners.h"
#include "sockeye/base/map.h"
#include <stdatomic.h>

enum inode_state {
	INODE_OPEN, /* no descriptor known, and there are processes that were not searched since it came up */
	INODE_FOUND,
	INODE_NOBODYS, /* every process was searched since: none has it */
};
struct inode { /* a distinct inode of the snapshot's sockets */
	uint32_t inode;
	uint32_t cgroup; /* interned path of the socket's; 0 unknown */
	uint32_t
		since; /* without a known descriptor when the search began: the look in which that was first so */
	uint8_t state;
	bool port : 1; /* listening, bound or without a peer */
	bool root : 1; /* uid 0: it may be the kernel's own */
	bool local : 1; /* a unix socket */
	bool maybe_sent : 1; /* see SOCK_MAYBE_SENT */
};
struct inode_slot {
	uint32_t inode; /* 0: empty */
	uint32_t at; /* index into owners.inodes */
};
struct hit { /* a descriptor that is one of the snapshot's sockets */
	uint32_t at; /* index into owners.inodes */
	uint32_t owner; /* index into owners.procs */
	int32_t fd;
};
struct holder { /* a process with hits, and what sorts it */
	uint64_t start;
	uint32_t pid;
	uint32_t owner; /* index into owners.procs */
};
struct listed {
	uint32_t pid;
	uint64_t ino;
};
struct wanted { /* a missing inode whose cgroup says where it can be */
	uint32_t at;
	uint32_t cgroup;
	uint32_t inode;
	bool port;
};

struct owners {
	struct owner_scan scan;
	char *cgroup_mount; /* owned; NULL: none */
	bool part_of_pids; /* see struct snapshot */
	struct owner_source *source; /* owned; NULL: only /proc */
	bool first_pids; /* the numbers of the source are ours */
	bool bulk_asked; /* it would have paid: bulk_state and bulk_all say what came of it */
	bool bulk_tried; /* bulk_state is known */
	enum owner_source_state bulk_state;
	uint64_t bulk_all; /* descriptors there were */
	uint64_t bulk_ns, bulk_ended_ns; /* of the last such search: how long, and when. 0: none */
	VEC(struct owner *) procs, next; /* owned; by pid. next: the list being made, empty between looks */
	VEC(struct listed) listed;
	VEC(struct source_fd) visible;
	uint64_t look; /* number of this look, from 1 */
	struct owner_ahead *ahead; /* owned; a search that has begun before its look; NULL */
	bool went_ahead; /* this look's had */
	uint64_t last_ns; /* time of the look before; 0: none */
	struct want last_want; /* what that look asked for */
	uint32_t hint_pid, sweep_pid, verify_pid, relist_pid, facts_pid; /* where each rotation goes on */
	uint64_t verify_hit; /* likewise, over hits */
	uint64_t verify_credit, hits_credit; /* links × ns that may be read again */
	uint64_t list_credit, relist_credit; /* processes × ns */
	bool hints; /* /proc/PID/fd has a size here */
	/* of this look: */
	VEC(struct inode) inodes;
	bool index_kept; /* inodes are those of the look before, in the same places */
	bool index_added; /* to inodes and slots was added what is no socket of the snapshot */
	struct inode_slot *slots; /* owned; hash of inodes: slots_cap is a power of two */
	size_t slots_cap;
	VEC(uint32_t)
	sock_at; /* index into inodes of each of the snapshot's sockets; UINT32_MAX: it has no inode */
	VEC(struct hit) hits;
	bool hits_sorted; /* they are by inode, all valid, and what processes are known to have now */
	uint64_t stand; /* see snapshot.fds_stand */
	uint32_t missing; /* inodes that are INODE_OPEN */
	uint32_t missing_ports; /* and have a port of their own */
	struct map orphans; /* after the look before: inode without a descriptor → its `since` */
	uint64_t judged_ns; /* when it was last asked whether something is under way */
	struct map judged, judged_next; /* inode that is nobody's → 1, 2: something was under way */
	VEC(uint32_t)
	ports, ports_next; /* inodes of the sockets with a port of their own, of the look before too */
	uint64_t budget_ns, began_ns;
	uint64_t verify_began_ns; /* after began_ns */
	bool searched_one;
	/* scratch: */
	VEC(struct wanted) wanted;
	VEC(struct holder) holders, holders_next; /* of the look before; being made */
	VEC(uint32_t) rank, first;
};

uint64_t owners_clock_ns(void);
bool owners_over(const struct owners *o, uint64_t budget_ns); /* has this look taken that long? */

/* owner_list.c: joins what /proc lists now with what is known. 0 or a negative errno. */
int owners_list(struct owners *o, uint64_t dt);
/* Asks how many descriptors everybody has, for those that were not asked in this look. */
void owners_ask_counts(struct owners *o);
/* Index of the process; SIZE_MAX. */
size_t owners_find_pid(const struct owners *o, uint32_t pid);
/* The index of the first process above *pid, around the end; then *pid is that one. procs.n must not be 0. */
uint32_t owners_next_in_turn(const struct owners *o, uint32_t *pid);

/* owner_search.c */
/* Reads one process with these tools; what it writes is in w. */
void owners_read_one(const struct owners *o, struct owner_scan *sc, struct owner *w, bool full);
void owners_search_one(struct owners *o, uint32_t i, bool full);
void owners_search(struct owners *o, uint64_t need, uint64_t dt);
void owners_verify_known(struct owners *o, uint64_t dt);

/* owner_bulk.c: searches everybody by the source, if that pays. false: it did not; true: it did, or will before long. */
enum bulk_reason {
	BULK_UNKNOWN, /* processes that were never searched */
	BULK_MISSING, /* sockets that are missing since look `need` */
	BULK_HIDDEN, /* they are, and processes can have them that are not ours to read */
};
bool owners_bulk(struct owners *o, uint64_t need, enum bulk_reason why);
/* Before the sockets are known, when nobody was searched yet. false: /proc has to be read. True, and nothing was
 * searched: the sockets were known before it was ready, so that it is better done after all. */
bool owners_bulk_ahead(struct owners *o, const atomic_bool *known);
/* Which way it was, where there was a choice. */
void owners_put_method(const struct owners *o, struct snapshot *s);

/* owner_ahead.c: waits for what has begun, helping; then it has been done in the look before this one. */
void owners_ahead_end(struct owners *o);

/* owner_hits.c: starts a look: which inodes the snapshot has. */
void owners_index_inodes(struct owners *o, const struct snapshot *s);
struct inode *owners_inode(const struct owners *o, uint32_t inode); /* NULL: not in the snapshot */
bool owners_inode_alive(void *arg, uint32_t inode); /* owner_alive_fn; arg is struct owners */
/* Adds the known descriptors of one process, or of all (comparable: the look before asked for the same). */
void owners_take_hits(struct owners *o, uint32_t owner);
void owners_take_known_hits(struct owners *o, bool comparable);
/* Sockets with a port of their own that the look before had and this one has not: a dump skips stable ones
 * sometimes. Who still holds one is read again and handed over, so that a socket that was closed is told from
 * one that was skipped. */
void owners_take_skipped(struct owners *o);
/* Which inodes have no descriptor among the known ones, and in which look that was first so. Gives the number
 * of the latest such look that some process has not been searched since: 0 when there is none. */
uint64_t owners_find_missing(struct owners *o);
uint64_t
owners_swept(const struct owners *o); /* every process was searched in this look or since; 0: not yet */
/* Is it from its process's latest search? */
bool owners_hit_valid(const struct owners *o, size_t hit);
/* Writes processes and descriptors, what was searched and what is hidden. */
void owners_emit(struct owners *o, struct snapshot *s);

/* owner_hidden.c: which processes could not be read. */
void owners_put_hidden(struct owners *o, struct snapshot *s);
void owners_put_limits(const struct owners *o, struct snapshot *s);
/* owner_flight.c: for root's sockets that are nobody's: were descriptors under way when that came out? */
void owners_judge(struct owners *o);
