/* Which network namespaces there are: those that processes are in and those that a mount keeps. Only looks;
 * enters none. */
#pragma once
#include "netns_mounts.h"
#include "sockeye/base/intern.h"
#include "sockeye/base/map.h"
#include <stdbool.h>
#include <stdint.h>

struct netns_found {
	uint64_t inode;
	uint32_t name; /* interned; never empty */
	uint32_t pid; /* the lowest process in it; 0: none, then a mount keeps it */
	uint64_t dir_ino; /* of that process */
	uint64_t named_until_ns; /* a young process changes its name by exec: till then it is asked again */
	uint64_t retry_ns; /* with refused: not to be tried before */
	int refused; /* negative errno of the last attempt to enter it; 0 */
	bool mounted, there;
};
struct netns_proc {
	uint64_t dir_ino; /* of /proc/PID: another number is another process */
	uint64_t inode; /* the namespace it was in when it was last asked; 0: not known */
	uint32_t pid;
	uint32_t round; /* in which it was last asked; 0: never */
	uint8_t asked; /* how often, up to 255 */
	bool denied; /* not ours to know */
};
struct netns_find {
	struct intern *names; /* borrowed for the life of this */
	VEC(struct netns_found) found; /* own first, the others by age of discovery */
	uint64_t own,
		host; /* inodes; host is that of pid 1 or of a kernel thread, or own where both are hidden */
	uint32_t denied; /* processes whose namespace is not ours to know */
	/* the rest is its own business */
	char *proc_root; /* owned */
	int proc_fd; /* owned */
	struct netns_mounts mounts;
	VEC(struct netns_proc) procs, next; /* by pid */
	struct map by_inode; /* → found */
	uint64_t last_ns; /* 0: never looked */
	uint32_t round, turn_pid;
};
/* 0 or a negative errno. */
int netns_find_open(struct netns_find *f, struct intern *names, const char *proc_root);
void netns_find_done(struct netns_find *f);
/* Looks again. Processes that were there before are asked in turn, all of them within two seconds. */
void netns_find_look(struct netns_find *f, uint64_t now_ns);
struct netns_found *netns_find_inode(struct netns_find *f, uint64_t inode); /* NULL: not found */
/* A descriptor of the namespace itself, or a negative errno; -ESTALE when it has gone meanwhile. */
int netns_find_fd(const struct netns_find *f, const struct netns_found *n);
/* Gives it the best name there is: of pid 1's the word "host", a name under /run/netns, container or service of
 * its first process, that process's own. */
void netns_name(struct netns_find *f, struct netns_found *n, uint64_t now_ns);
