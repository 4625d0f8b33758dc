/* One process as the owner search knows it, and reading it again. */
#pragma once
#include "sockeye/base/intern.h"
#include "sockeye/base/mem.h"
#include "sockeye/model/snapshot.h"
#include <stdbool.h>
#include <stdint.h>

struct owned_fd {
	int32_t fd;
	uint32_t inode; /* 0: open, but no socket */
};
struct owner { /* one thread group */
	uint32_t pid;
	uint64_t dir_ino; /* of /proc/PID: another number is another process */
	uint64_t hint; /* st_size of /proc/PID/fd: how many are open (Linux 6.2), else 0 */
	uint64_t scanned; /* number of the look that last searched it; 0 never */
	size_t hits_from; /* hits before this index came from an older search; 0 when not searched in this look */
	VEC(struct owned_fd) fds; /* by fd */
	struct snap_proc facts; /* facts.start tells processes apart that had one pid after the other */
	bool facts_known;
	bool slow_facts_known; /* cgroup and limits: read once a search */
	size_t held; /* hits it had when they were last counted */
	bool due; /* new or changed since it was searched */
	bool lost; /* it had more hits in the look before: what it opened instead was not seen yet */
	bool hidden; /* its descriptors are not ours to read */
};
/* Does the snapshot under way have this inode? */
typedef bool (*owner_alive_fn)(void *arg, uint32_t inode);

struct owner_scan { /* the tools of a search */
	int proc_fd; /* held open: everything is relative to it */
	struct intern *names; /* borrowed */
	char *buf; /* owned; OWNER_BUF bytes */
	VEC(struct owned_fd) fresh; /* the list being made */
};
#define OWNER_BUF 32768u

struct owner *owner_new(uint32_t pid);
void owner_free(struct owner *w); /* NULL allowed */
/* Reads stat and uid. 0; -ESRCH when it has gone; -ESTALE when the pid is another process than before (its
 * facts are then the new one's and its descriptors are forgotten). */
int owner_read_facts(struct owner_scan *sc, struct owner *w);
/* cgroup and limits, once after each search. */
void owner_read_slow_facts(struct owner_scan *sc, struct owner *w);
/* Lists its descriptors again. With alive: a known descriptor whose socket still lives is taken to be the
 * same; if moreover nothing is being looked for (`settled`), every known descriptor is. NULL: all are read.
 * 0; -ESRCH when it has gone. Not permitted: 0, and w->hidden. */
int owner_search(struct owner_scan *sc, struct owner *w, owner_alive_fn alive, void *arg, bool settled);

/* Directory entries by getdents64, without a DIR for each. fn returns false to stop. 0 or a negative errno. */
typedef bool (*dir_entry_fn)(void *arg, const char *name, uint64_t ino);
int dir_each(int fd, char *buf, size_t size, dir_entry_fn fn, void *arg);
