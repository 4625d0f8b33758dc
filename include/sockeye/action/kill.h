/* The deed: pidfds opened when the dialog opens, everything checked again immediately before the signal,
 * the outcome watched. Never signals a process it did not show. */
#pragma once
#include "sockeye/base/mem.h"
#include "sockeye/model/kill.h"
#include <stdbool.h>
#include <stdint.h>

struct kill; /* one attempt */

/* The system as kill sees it: replaced in tests for fault injection. NULL members: the real thing.
 * All give 0 or a negative errno, unless said otherwise. */
struct kill_pids {
	VEC(uint32_t) list;
};
struct kill_sys {
	void *data;
	int (*pidfd_open)(void *data, uint32_t pid); /* an fd */
	int (*start_ticks)(void *data, uint32_t pid, uint64_t *ret, char *ret_state);
	/* At least one of these sockets: 1 yes, 0 no. Looks at some of the descriptors named, then at all there are and at its
	 * threads', once for all. */
	int (*holds)(void *data, uint32_t pid, const struct kill_proof *v, size_t n);
	int (*signal)(void *data, int pidfd, int sig);
	int (*exited)(void *data, int pidfd); /* 1 yes, 0 no */
	int (*parent)(void *data, uint32_t pid, uint32_t *ret_ppid);
	int (*comm)(void *data, uint32_t pid, char ret[64]); /* the name, raw bytes, NUL-terminated */
	/* Process groups. */
	int (*group)(void *data, uint32_t pid, uint32_t *ret_pgrp);
	int (*pids)(void *data, struct kill_pids *ret); /* all there are */
	int (*signal_group)(void *data, int pidfd, int sig); /* -EINVAL: not on this kernel */
	/* Control groups. cgroup: the path as in /proc/PID/cgroup. cgroup_open: a descriptor of its directory, which
	 * goes on naming the same one. cgroup_pids: of all below it too. */
	int (*cgroup)(void *data, uint32_t pid, struct str *ret);
	int (*cgroup_open)(void *data, const char *path);
	int (*cgroup_pids)(void *data, int dir, struct kill_pids *ret);
	int (*cgroup_kill)(void *data, int dir); /* -ENOENT: not on this kernel */
	/* systemctl stop: begins it; gives a handle for unit_done. user: systemctl --user, as oneself. */
	int (*unit_stop)(void *data, const char *unit, bool user);
	int (*unit_stoppable)(void *data); /* 1: there is a systemctl here */
};
/* Gives a snapshot of the present moment; from app. */
struct kill_look {
	void *data;
	int (*look)(void *data, const struct want *want, struct snapshot *ret);
};

/* Step 1, when the dialog opens: takes over the plan (moves it; `plan` is left empty), opens pidfds, fills
 * refusals (pid ≤ 1, self, ancestors, gone, reused, zombie, not permitted by a signal-0 probe through the
 * pidfd, lets go) and ways. sys may be NULL. Never fails: what cannot be is a refusal of that target. */
struct kill *kill_open(struct kill_plan *plan, const struct kill_sys *sys);
void kill_free(struct kill *k); /* closes the pidfds; NULL allowed */
const struct kill_plan *kill_plan(const struct kill *k);
/* True when at least one target can be signalled. */
bool kill_possible(const struct kill *k);
/* To whom: an index into the plan's ways; 0, the holders, until this is called. */
void kill_choose(struct kill *k, size_t way);

/* Looks again whether everything shown still holds, and refuses what does not. What must be so before anything is
 * done at all is the caller's to judge by the plan. */
void kill_check(struct kill *k);
/* Step 2, on confirmation: checks every target again (start ticks, still holds one of its proofs), then
 * sends through the pidfd, parent before child. A target that fails its check is refused, the others go on.
 * Returns the number signalled (with KILL_TO_STOP: 1 when systemctl was started). Steps tell what happened. */
int kill_send(struct kill *k, int sig, uint64_t now_ns);

/* Step 3, again and again (every 10–20 ms is good): looks whether the targets ended and the ports are free
 * or taken again, for watch_ns from the signal on (30 s in the dashboard). Returns false when the watch is
 * over. look may be NULL: then only the processes are watched. */
/* "node 21877 ignores TERM": who of the signalled has not ended; nothing when all have. */
void kill_lagging_put(const struct kill *k, struct str *out);
bool kill_watch(struct kill *k, const struct kill_look *look, uint64_t now_ns, uint64_t watch_ns);
/* The steps so far, oldest first; borrowed until the next call on k. */
const struct kill_step *kill_steps(const struct kill *k, size_t *ret_n);
uint64_t kill_sent_ns(const struct kill *k); /* 0: nothing was sent */
bool kill_all_free(const struct kill *k); /* every port asked for is free */
bool kill_taken_again(const struct kill *k); /* one of them was free and is not any more */
bool kill_any_lives(const struct kill *k); /* a process that got a signal has not ended */
/* The unit of the process that took a port again, or holds it still; "" none. */
const char *kill_holder_unit(const struct kill *k);

/* The signals of the menu, in its order. */
struct kill_signal {
	int number;
	const char *name, *help; /* "TERM", "ask to end" */
};
extern const struct kill_signal kill_signals[];
extern const size_t kill_signals_n;
/* "TERM" "SIGTERM" "15" → 15; any signal of the system. 0: no such signal. */
int kill_signal_by_name(const char *name);
/* Into buf ("TERM", "RTMIN+3", or the number). */
const char *kill_signal_name(int sig, char buf[16]);

/* What `systemctl show` says about the plan's units, fed to kill_respawn_read(): blocks for at most timeout_ns.
 * Appends to out; 0, or a negative errno when there was no answer. Any thread. */
int unit_ask(const struct kill_plan *p, uint64_t timeout_ns, struct str *out);
/* The answer, into the attempt's plan. */
void kill_answer(struct kill *k, const char *text);
/* One line an attempt, for the log: "TERM to node 21877: 8080/tcp is free after 84 ms; …". Nothing when no step was. */
void kill_log_put(const struct kill_step *steps, size_t n, uint64_t sent_ns, struct str *out);
