/* The plan of a kill, worked out from a frame alone: whom, what it frees, what it drops, what speaks
 * against it. Pure: no system call. The deed is in action/kill.h; what it reports is struct kill_step. */
#pragma once
#include "sockeye/base/str.h"
#include "sockeye/model/frame.h"
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* What the user pointed at. */
enum pick_kind { PICK_SOCK, PICK_PORT, PICK_PROC };
struct pick { /* identities, not row numbers: */
	uint8_t kind;
	uint16_t netns;
	uint8_t proto;
	uint32_t port; /* PICK_PORT */
	uint64_t cookie; /* PICK_SOCK */
	uint32_t pid; /* PICK_PROC */
	uint64_t start;
};

enum kill_refusal {
	KILL_OK,
	KILL_NO_OWNER, /* no present owner: see `reason` */
	KILL_KERNEL,
	KILL_PID1, /* pid ≤ 1 */
	KILL_SELF,
	KILL_ANCESTOR, /* carries this session */
	KILL_GONE, /* ended before the dialog opened */
	KILL_REUSED, /* the number belongs to another process now */
	KILL_LET_GO, /* it no longer holds the socket */
	KILL_NOT_PERMITTED,
	KILL_ZOMBIE,
	KILL_FAILED, /* another errno */
	KILL_REFUSAL_N
};
struct kill_refusal_info {
	const char *key;
	const char *text; /* a sentence; %s is the process ("sshd 812") */
};
extern const struct kill_refusal_info kill_refusal_table[KILL_REFUSAL_N];

struct kill_proof { /* a socket that made this process a target: checked again before the signal */
	uint32_t inode;
	int32_t fd;
	uint64_t cookie;
};
struct kill_target {
	uint32_t pid;
	uint64_t start;
	uint32_t uid;
	char name[64]; /* comm, safe */
	char user[40], unit[64];
	char *cmdline; /* owned, safe; NULL when not known */
	uint64_t start_wall_ns;
	VEC(struct kill_proof) proofs; /* empty for PICK_PROC of a process without sockets */
	uint8_t refusal; /* enum kill_refusal; filled by the plan, then by action */
	int err; /* errno with KILL_FAILED */
};
struct kill_port { /* what will be free: asked for, or held by a target as well */
	uint16_t netns;
	uint8_t proto;
	uint32_t port;
	char addr[64]; /* "*" "127.0.0.1" "10.0.0.5 +2" */
	bool asked;
	bool shared; /* somebody who is no target holds it too: it will not be free */
};
struct kill_plan {
	VEC(struct kill_target) targets; /* parent before child, oldest first */
	VEC(struct kill_port) ports;
	uint32_t drops_in, drops_out; /* connections that end */
	uint8_t no_owner_reason; /* enum reason, with targets.n == 0 */
	char title[64]; /* "the holder of 8080/tcp", "node 21877", "3 tagged" */
};
void kill_plan_build(struct kill_plan *p, const struct frame *f, const struct pick *picks, size_t n);
void kill_plan_done(struct kill_plan *p);

/* Why this target gets no signal, as a sentence; nothing for KILL_OK. */
static inline void kill_refusal_put(const struct kill_target *t, struct str *out)
{
	const char *text = t->refusal < KILL_REFUSAL_N ? kill_refusal_table[t->refusal].text : "";
	const char *hole = text ? strstr(text, "%s") : NULL;

	if (t->refusal == KILL_OK || !text)
		return;
	if (hole) {
		str_put(out, text, (size_t)(hole - text));
		str_putf(out, "%s %u", t->name, t->pid);
		text = hole + 2;
	}
	str_puts(out, text);
	if (t->refusal == KILL_FAILED && t->err)
		str_putf(out, ": %s", strerror(t->err < 0 ? -t->err : t->err));
}

/* What action reports while it works. */
enum kill_event {
	KILL_SENT,
	KILL_REFUSED,
	KILL_ENDED,
	KILL_FREED,
	KILL_STILL_HELD,
	KILL_TAKEN_AGAIN,
	KILL_WATCH_OVER,
};
struct kill_step {
	uint64_t at_ns; /* CLOCK_BOOTTIME */
	uint8_t event;
	uint8_t severity; /* 0 info, 1 good, 2 warn, 3 bad: a style, so that it need not be guessed from the text */
	char text[160]; /* "node 21877 ended", "8080/tcp is free" — without the time */
};
