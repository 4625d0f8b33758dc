/* Asks one network namespace's sock_diag for its sockets: one netlink socket, dump after dump. */
#pragma once
#include "cgroup.h"
#include "sockeye/model/snapshot.h"

struct diag;
/* The socket belongs to the namespace of the calling thread, for good. 0 or a negative errno. */
int diag_open(struct diag **ret);
void diag_close(struct diag *d); /* NULL allowed */
/* Appends the sockets that `want` names to ret->socks (and ret->infos when want asks for attributes), as
 * namespace number netns; what could not be had is a line in ret->limits.
 * 0 when anything was answered (or nothing asked), else the first negative errno. */
int diag_look(struct diag *d, const struct want *want, uint16_t netns, struct intern *names,
	      struct cgroups *cgroups, struct snapshot *ret);
