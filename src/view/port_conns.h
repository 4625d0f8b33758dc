/* Who is connected to a port, gathered in slices: a busy one has more connections than may be gone through between
 * two looks at the keys. Kept for the frame, so that a page is made anew without counting anew. */
#pragma once
#include "page_parts.h"
#include "sockeye/base/map.h"
#include "sockeye/table/group.h"

#define PORT_CONNS_SLICE 2048 /* rows between two questions whether the time is up */
#define PORT_CONNS_TOP PAGE_PEERS_MAX /* so many connections, and peers, are put into order */

struct port_conns {
	const struct frame *f; /* borrowed until it is begun with another one; compared, not read, before */
	uint64_t number;
	uint32_t port; /* row of f */
	uint32_t at; /* how far it has come in the rows of f */
	bool done;
	struct rows rows; /* all connections, ascending */
	struct rows top; /* the busiest, in order */
	struct peer_groups peers; /* those with most connections first, in order */
	struct map seen; /* of group_peers_add */
};
void port_conns_done(struct port_conns *c);
/* Is this what it is about? */
bool port_conns_of(const struct port_conns *c, const struct frame *f, uint32_t port);
void port_conns_begin(struct port_conns *c, const struct frame *f, uint32_t port);
/* Goes on. True: all are there. */
bool port_conns_step(struct port_conns *c, const struct slice *slice);
