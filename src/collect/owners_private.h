/* The owner search's state, shared by its two halves: owners.c reads /proc, owner_hits.c joins what is
 * known with the snapshot's sockets. */
#pragma once
#include "owner_scan.h"
#include "owners.h"
#include "sockeye/base/map.h"

enum inode_state {
	INODE_OPEN, /* no descriptor known, and there are processes that were not searched since it came up */
	INODE_FOUND,
	INODE_NOBODYS, /* every process was searched since: none has it */
};
struct inode { /* a distinct inode of the snapshot's sockets */
	uint32_t inode;
	uint8_t state;
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

struct owners {
	struct owner_scan scan;
	VEC(struct owner *) procs, next; /* owned; by pid. next: the list being made, empty between looks */
	VEC(struct listed) listed;
	uint64_t look; /* number of this look, from 1 */
	uint64_t last_ns; /* time of the look before; 0: none */
	struct want last_want; /* what that look asked for */
	uint32_t sweep_pid, verify_pid; /* where each rotation goes on: the first pid above */
	uint64_t verify_credit; /* processes × ns that verification is behind */
	bool hints; /* /proc/PID/fd has a size here */
	/* of this look: */
	VEC(struct inode) inodes;
	struct inode_slot *slots; /* owned; hash of inodes: slots_cap is a power of two */
	size_t slots_cap;
	VEC(struct hit) hits;
	uint32_t missing; /* inodes that are INODE_OPEN */
	struct map orphans, orphans_next; /* inode → number of the look in which it first had no descriptor */
	uint64_t budget_ns, began_ns;
	bool searched_one;
	/* scratch of the handing over: */
	VEC(struct holder) holders;
	VEC(uint32_t) rank, first;
};

/* Starts a look: which inodes the snapshot has. */
void owners_index_inodes(struct owners *o, const struct snapshot *s);
bool owners_inode_alive(void *arg, uint32_t inode); /* owner_alive_fn; arg is struct owners */
/* Adds the known descriptors of one process, or of all (comparable: the look before asked for the same). */
void owners_take_hits(struct owners *o, uint32_t owner);
void owners_take_known_hits(struct owners *o, bool comparable);
/* Which inodes have no descriptor among the known ones, and in which look that was first so. Gives the number
 * of the latest such look that some process has not been searched since: 0 when there is none. */
uint64_t owners_find_missing(struct owners *o);
/* Is it from its process's latest search? */
bool owners_hit_valid(const struct owners *o, size_t hit);
/* Writes processes and descriptors, what was searched and what is hidden. */
void owners_emit(struct owners *o, struct snapshot *s);
