/* Network namespaces that no process is in and no mount keeps, but a socket that a process elsewhere holds. */
#pragma once
#include "netns.h"
#include "owners.h"

struct netns_strays {
	struct map asked; /* inodes of sockets whose namespace was known when it was asked for */
	uint32_t turn_pid; /* where the next look goes on */
};
void netns_strays_done(struct netns_strays *s);
/* After owners_look: asks descriptors that are sockets and none of the snapshot's where they come from, a few in
 * each look; all: as many as there are. Namespaces that come up so are entered, for the next look. Gives how many. */
size_t netns_strays_look(struct netns_strays *s, struct netns_set *set, const struct owners *o, bool all,
			 uint64_t now_ns);
