/* Bytes of sock_diag answers to rows. Pure: no system call, no allocation, every length checked. */
#pragma once
#include "sockeye/model/shown.h"
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
		 DIAG_PEERS = 13,
		 DIAG_MARK = 15,
		 DIAG_ULP_INFO = 19,
		 DIAG_CGROUP_ID = 21,
};
enum diag_kernel_state { /* include/net/tcp_states.h, where they differ from enum state */
			 DIAG_KERNEL_CLOSE = 7,
			 DIAG_KERNEL_NEW_SYN_RECV = 12,
			 DIAG_KERNEL_BOUND_INACTIVE = 13,
};

/* What a row says that needs a name looked up, or another row, before it fits into struct sock. */
struct diag_extra {
	uint64_t cgroup; /* 0: none given */
	const char *cc; /* borrowed from the message, not terminated; NULL: none given */
	size_t cc_n;
	/* For sock.lname and sock.rname, not terminated; borrowed from the message or from this struct's
	 * `text`, so that it must stay where it is. n 0: none. */
	const char *lname, *rname;
	size_t lname_n, rname_n;
	/* unix: inodes of clients that a listener has not accepted yet, 4 bytes each; from the message. */
	const uint8_t *waiting;
	size_t waiting_n;
	char text[2][16];
};

static inline void diag_extra_clear(struct diag_extra *x)
{
	x->cgroup = 0;
	x->cc = x->lname = x->rname = NULL;
	x->cc_n = x->lname_n = x->rname_n = 0;
	x->waiting = NULL;
	x->waiting_n = 0;
}

/* Reads one row: its message's payload (n bytes, the netlink header not counted).
 * bound: the request was for BOUND_INACTIVE sockets, so CLOSE means bound.
 * ret_info may be NULL. sock.netns, sock.cgroup, sock.lname, sock.rname and info.cc are left 0 for the caller.
 * 0; 1: a row that says again what another one says, to be left out; -EBADMSG for a short or ill-framed
 * message, -EAFNOSUPPORT for a foreign family (nothing written). An attribute that is shorter than it should
 * be counts as not given. */
typedef int diag_parse_fn(const void *payload, size_t n, enum proto proto, bool bound, struct sock *ret_sock,
			  struct sock_info *ret_info, struct diag_extra *ret_extra);
diag_parse_fn diag_parse_inet; /* struct inet_diag_msg: TCP, UDP, UDP-Lite, SCTP, MPTCP, raw */
diag_parse_fn diag_parse_unix; /* struct unix_diag_msg */
diag_parse_fn diag_parse_packet; /* struct packet_diag_msg */
diag_parse_fn diag_parse_netlink; /* struct netlink_diag_msg */
diag_parse_fn diag_parse_vsock; /* struct vsock_diag_msg */

/* What only the page of a TCP connection tells, of the same message; netns_inode is left 0. 0; -ENODATA: this socket has
 * no such knowledge; -EBADMSG. Nothing is written then. */
int diag_parse_shown(const void *payload, size_t n, struct shown *ret);

/* A cookie for a row to which the kernel gives none that is its alone: with SOCK_OWN_COOKIE. The kernel counts
 * its cookies from 1 up, so the highest bit keeps them apart. */
uint64_t diag_own_cookie(uint64_t a, const struct sock *s);

struct attr;
/* SK_MEMINFO_* of include/uapi/linux/sock_diag.h into drops and buffers; nothing when it is too short. */
void diag_read_meminfo(const struct attr *a, struct sock *s, struct sock_info *i);

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
