/* A source: where snapshots come from. The live kernel now; a recording is another one later. */
#pragma once
#include "sockeye/base/intern.h"
#include "sockeye/model/shown.h"
#include "sockeye/model/snapshot.h"
#include <stdbool.h>

struct source;
struct source_ops {
	/* Fills ret (cleared by the callee first) with what `want` names. Blocks for as long as the kernel
	 * takes. 0, or a negative errno when nothing at all could be seen; what is partly missing is a
	 * line in ret->limits. */
	int (*look)(struct source *s, const struct want *want, struct snapshot *ret);
	void (*free)(struct source *s);
};
struct source { /* first member of every implementation */
	const struct source_ops *ops;
};
static inline int source_look(struct source *s, const struct want *w, struct snapshot *ret)
{
	return s->ops->look(s, w, ret);
}
static inline void source_free(struct source *s)
{
	if (s)
		s->ops->free(s);
}

/* The live kernel: sock_diag over netlink, owners from proc. One thread at a time may use it.
 * names: borrowed for the source's life; the source adds to it, so it must run on the thread that owns
 * the table. proc_root: "/proc" (tests give another). 0 or a negative errno. */
int live_open(struct intern *names, const char *proc_root, struct source **ret);
/* Another way to find owners than /proc, used when it pays. owners: owned by the source from now on. Before the first
 * look. */
struct owner_source;
void live_set_owner_source(struct source *s, struct owner_source *owners);
/* How many sockets the program's own namespace has, about: what a look will take of memory goes by it. */
size_t live_sockets_about(const struct source *s);
/* Budget for owner work per look; 0: no limit (one-shot commands). What is left over is "not-scanned". */
void live_set_owner_budget(struct source *s, uint64_t ns);
/* Budget for walking connections of busy foreign network namespaces per look (a fifth of the interval does),
 * 0: no limit (one-shot commands). Where it did not reach, rows of an earlier look stand: snap_netns.as_of_ns. */
void live_set_ns_budget(struct source *s, uint64_t ns);
/* Marks the names that it keeps itself, between two looks; after those of all frames, as what it knows of a name goes when
 * nobody has marked it. False: it cannot be told which (not live). */
bool live_mark_names(struct source *s);
/* Lets go of network namespaces that have ended, which our descriptors would keep alive. Every look does this by
 * itself; for when the next one is more than two seconds off. */
void live_let_go(struct source *s);
/* Lets go of every network namespace but the own one, until the next look: for who is going to be stopped, when nobody
 * could let go of what ends meanwhile. */
void live_leave(struct source *s);
/* A descriptor of a process that is on the screen. inode 0: only the process is. */
struct source_fd {
	uint32_t pid;
	int32_t fd;
	uint32_t inode;
};
/* These are read again in every look from now on; other known owners come up in turn. Copied. */
void live_verify(struct source *s, const struct source_fd *v, size_t n);
/* What the kernel says of this one TCP connection beyond a look, now. False: nothing (gone, another namespace, not
 * live), and ret is untouched. */
bool live_show(struct source *s, uint64_t netns_inode, const struct sock *k, struct shown *ret);
/* Is any of these TCP sockets of one namespace still there, in the same state? A question of some microseconds, where a
 * look walks tables. False: none, or it cannot be told (more than LIVE_STILL_MAX, not live). */
#define LIVE_STILL_MAX 32
bool live_still(struct source *s, uint64_t netns_inode, const struct sock *v, size_t n);
