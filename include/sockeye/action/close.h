/* The deed of closing: SOCK_DESTROY by cookie on a netlink socket of its own, always acknowledged; without
 * CAP_NET_ADMIN, for one's own processes, shutdown() on a copy of their descriptor whose cookie was compared. Never
 * the cookie that means "any". */
#pragma once
#include "sockeye/model/close.h"

/* The system as closing sees it: replaced in tests. NULL members: the real thing. */
struct close_sys {
	void *data;
	/* A netlink socket of sock_diag in that namespace, or a negative errno. NULL: the calling thread's own, and
	 * -EOPNOTSUPP for any other. */
	int (*open)(void *data, uint64_t netns_inode, bool own);
	/* 0 or a negative errno. dport: 0, or sent in place of the item's own remote port. */
	int (*destroy)(void *data, int fd, const struct close_item *i, uint16_t dport);
	int (*get)(void *data, int fd, const struct close_item *i,
		   uint8_t *ret_state); /* -ENOENT: not there */
	/* 0; -ESTALE: the process or its descriptor is another one by now; or another negative errno. */
	int (*shut)(void *data, const struct close_item *i, const struct close_holder *h);
	void (*pause)(void *data, unsigned ms);
};
/* Closes every item that is not refused, and looks what came of it; fills result, state_after, by_shutdown, err.
 * Blocks for some milliseconds, with the shutdown way for at most half a second. */
void close_run(struct close_plan *p, const struct close_sys *sys);
