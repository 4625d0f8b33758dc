/* Bytes of sock_diag answers to rows. Pure: no system call, no allocation, every length checked. */
#pragma once
#include "sockeye/model/snapshot.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the debian 12 headers lack, or what is wanted whatever the headers' age. */
enum diag_attr { /* include/uapi/linux/inet_diag.h */
		 DIAG_INFO = 2,
		 DIAG_CONG = 4,
		 DIAG_SKMEMINFO = 7,
		 DIAG_SHUTDOWN = 8,
		 DIAG_SKV6ONLY = 11,
		 DIAG_MARK = 15,
		 DIAG_CGROUP_ID = 21,
};
enum diag_kernel_state { /* include/net/tcp_states.h, where they differ from enum state */
			 DIAG_KERNEL_CLOSE = 7,
			 DIAG_KERNEL_NEW_SYN_RECV = 12,
			 DIAG_KERNEL_BOUND_INACTIVE = 13,
};

/* What a row says that needs a name looked up before it fits into struct sock. */
struct diag_extra {
	uint64_t cgroup; /* 0: none given */
	const char *cc; /* borrowed from the message; NULL: none given. Not terminated: */
	size_t cc_n;
};

/* One struct inet_diag_msg with its attributes (n bytes, the netlink header not counted).
 * bound: the request was for BOUND_INACTIVE sockets, so CLOSE means bound.
 * ret_info may be NULL. sock.netns, sock.cgroup and info.cc are left 0 for the caller.
 * 0; -EBADMSG for a short or ill-framed message, -EAFNOSUPPORT for a foreign family (nothing written).
 * An attribute that is shorter than it should be counts as not given. */
int diag_parse_inet(const void *payload, size_t n, enum proto proto, bool bound, struct sock *ret_sock,
		    struct sock_info *ret_info, struct diag_extra *ret_extra);

/* What one received buffer of a dump said. */
struct diag_reply {
	bool done; /* the dump is over: NLMSG_DONE or NLMSG_ERROR */
	int err; /* 0 or the negative errno from either's payload */
	bool interrupted; /* NLM_F_DUMP_INTR was set: the table changed in between */
};
typedef void (*diag_row_fn)(void *arg, const void *payload, size_t n);
/* Calls fn for every row of the dump `seq` in the n bytes at buf; messages of other dumps are dropped.
 * 0, or -EBADMSG when the buffer is cut within a message (rows before it were given). */
int diag_walk(const void *buf, size_t n, uint32_t seq, diag_row_fn fn, void *arg, struct diag_reply *ret);
