/* Closing connections in the kernel while their processes live on: which, what it means for both ends, what came of
 * it. Pure: worked out from a frame; the deed is in action/close.h. */
#pragma once
#include "sockeye/base/str.h"
#include "sockeye/model/frame.h"
#include "sockeye/model/kill.h"
#include <stdbool.h>
#include <stdint.h>

enum close_kind { /* what it is decides what closing means */
		  CLOSE_CONNECTED, /* a TCP connection that a process holds */
		  CLOSE_CONNECTING, /* syn-sent */
		  CLOSE_ARRIVING, /* syn-recv: no process knows of it */
		  CLOSE_UNACCEPTED,
		  CLOSE_ORPHAN, /* its process has closed it, or ended */
		  CLOSE_WAITING, /* time-wait */
		  CLOSE_DATAGRAM, /* a UDP socket with a peer */
		  /* Those are refused: */
		  CLOSE_LISTENER,
		  CLOSE_BOUND,
		  CLOSE_BOUND_DATAGRAM,
		  CLOSE_MPTCP,
		  CLOSE_OTHER, /* no TCP or UDP */
		  CLOSE_NAMELESS, /* the kernel gave no cookie that says it is this one and no later one */
		  CLOSE_KIND_N
};
struct close_kind_info {
	const char *key;
	const char *
		refusal; /* why not, a sentence without full stop; NULL: it can be closed. %s is the socket */
	const char *instead; /* what to do instead; NULL: nothing is known */
};
extern const struct close_kind_info close_kind_table[CLOSE_KIND_N];

struct close_holder {
	uint32_t pid;
	uint64_t start;
	int32_t fd;
	char name[64]; /* safe */
};
enum close_result {
	CLOSE_NOT_DONE,
	CLOSE_GONE,
	CLOSE_GONE_BEFORE, /* it was not there any more */
	CLOSE_REMAINS, /* it is still there: in `state_after` */
	CLOSE_NOT_PERMITTED,
	CLOSE_FAILED, /* err */
	CLOSE_RESULT_N
};
struct close_item { /* one socket, whole: the kernel finds it by both ends and then compares the cookie */
	uint64_t cookie, netns_inode; /* netns_inode 0: not known, then the own one */
	bool own_netns;
	uint8_t family, proto, state, kind; /* enums */
	uint8_t laddr[16], raddr[16];
	uint32_t lport, rport, ifindex;
	uint32_t unsent; /* bytes that are lost */
	bool you; /* the user's own session */
	bool mini; /* no full socket: nobody can hold it */
	VEC(struct close_holder) holders;
	char what[128]; /* "tcp 10.0.0.5:38824 → 10.0.0.7:5432", safe; the arrow as `->` on request */
	char peer[64]; /* "10.0.0.7", or "nginx 1047" on this machine */
	/* By action: */
	uint8_t result; /* enum close_result */
	uint8_t state_after; /* enum state, with CLOSE_REMAINS */
	bool by_shutdown; /* not in the kernel, but as its process would: the peer has to agree */
	int err; /* negative errno */
};
struct close_plan {
	VEC(struct close_item) items;
	char your_name[40];
	uint32_t your_uid;
};
/* Where both ends of a connection are among the rows, one of them takes the other along: the end of who called is left
 * out. Gives how many are left, in the same order. */
size_t close_rows_once(const struct frame *f, uint32_t *rows, size_t n);
/* rows: of the frame, each a socket. */
void close_plan_build(struct close_plan *p, const struct frame *f, const uint32_t *rows, size_t n,
		      const struct kill_you *you, bool ascii);
/* The same in slices, for the sockets among these picks, each connection once: a step until one says that it is whole
 * (true), then take, once. The frame and the picks are borrowed until it is freed, which may be at any time. */
struct close_planning;
struct close_planning *close_planning_new(const struct frame *f, const struct pick *picks, size_t n,
					  const struct kill_you *you, bool ascii);
bool close_planning_step(struct close_planning *c, const struct slice *slice);
void close_planning_take(struct close_planning *c, struct close_plan *ret);
void close_planning_free(struct close_planning *c);
void close_plan_done(struct close_plan *p);
size_t close_possible(const struct close_plan *p); /* items that are not refused */
bool close_needs_word(const struct close_plan *p); /* the user's own session is among them */

/* What closing it means: "node 21877 lives on and gets ECONNABORTED, 10.0.0.7 a reset; 1.2M not sent is lost". For a
 * refused one: why. */
void close_meaning_put(const struct close_item *i, struct str *out);
/* What came of it: "gone", "still there: fin-wait-2, until 10.0.0.7 closes too". A style as in struct kill_step. */
uint8_t close_result_put(const struct close_plan *p, const struct close_item *i, struct str *out);
