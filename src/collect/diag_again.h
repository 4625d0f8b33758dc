/* Asking for known TCP sockets one by one: 3 us each, where walking the host's table for them takes 300. */
#pragma once
#include "diag.h"
#include "sockeye/model/shown.h"

#define DIAG_AGAIN_MAX 32u /* more at once are not asked for: a walk is then no dearer */

/* Writes what the kernel says now over socks (and infos, parallel; NULL: not wanted); netns stays. True: all n are
 * still there, each the same socket as before. False: some are not, and the rows mean nothing any more. */
bool diag_again(struct diag *d, const struct want *want, struct intern *names, struct cgroups *cgroups,
		struct sock *socks, struct sock_info *infos, size_t n);
/* Is any of these TCP sockets (at most DIAG_AGAIN_MAX) still there, in the same state? */
bool diag_any(struct diag *d, const struct sock *v, size_t n);
/* The rest of what the kernel says of one TCP connection. False: it is not there any more, or has become a mini socket. */
bool diag_shown(struct diag *d, const struct sock *s, struct shown *ret);
