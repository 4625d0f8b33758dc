/* Asks one network namespace's sock_diag for its sockets: one netlink socket, dump after dump. */
#pragma once
#include "cgroup.h"
#include "sockeye/model/snapshot.h"

struct diag;
/* The socket belongs to the namespace of the calling thread, for good. 0 or a negative errno. */
int diag_open(struct diag **ret);
void diag_close(struct diag *d); /* NULL allowed */
/* Says that d was opened by a thread in another namespace than the one that is going to use it; own: one of the
 * using thread's, which has looked before: what this kernel can do is known from it. */
void diag_set_foreign(struct diag *d, const struct diag *own);
/* True: nothing can be asked here any more. Only of a foreign one, whose namespace could not be entered again. */
bool diag_lost(const struct diag *d);
/* The netlink socket, for requests that are no dumps, with `n` sequence numbers from *ret_seq on; -1: there is none. */
int diag_fd(struct diag *d, uint32_t n, uint32_t *ret_seq);
/* Appends the sockets that `want` names to ret->socks (and ret->infos when want asks for attributes), as
 * namespace number netns; what could not be had is a line in ret->limits.
 * 0 when anything was answered (or nothing asked), else the first negative errno. */
int diag_look(struct diag *d, const struct want *want, uint16_t netns, struct intern *names,
	      struct cgroups *cgroups, struct snapshot *ret);
