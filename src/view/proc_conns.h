/* The connections of a process by port and peer, gathered in slices as port_conns.h does for a port. */
#pragma once
#include "sockeye/base/slice.h"
#include "sockeye/table/group.h"

#define PROC_CONNS_SLICE 2048 /* rows between two questions whether the time is up */
#define PROC_CONNS_TOP 100 /* so many groups are put into order, and the peers of their connections counted */

struct proc_conns {
	const struct frame *f; /* borrowed until it is begun with another one; compared, not read, before */
	uint64_t number;
	uint32_t proc; /* row of f */
	uint32_t at; /* how far it has come in the sockets of the process, then in those of a group */
	bool ordered, done;
	struct conn_groups groups; /* the first ones in order */
	struct conn_grouping grouping;
	struct peer_groups
		peers[PROC_CONNS_TOP]; /* of each group of incoming ones, the first ones in order */
	uint32_t peers_n; /* groups that have theirs */
	struct map seen; /* of group_peers_add */
};
void proc_conns_done(struct proc_conns *c);
/* Is this what it is about? */
bool proc_conns_of(const struct proc_conns *c, const struct frame *f, uint32_t proc);
void proc_conns_begin(struct proc_conns *c, const struct frame *f, uint32_t proc);
/* Goes on. True: all are there. */
bool proc_conns_step(struct proc_conns *c, const struct slice *slice);
