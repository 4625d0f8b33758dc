/* One process as the owner search knows it, and reading it again. */
#pragma once
#include "sockeye/base/intern.h"
#include "sockeye/base/mem.h"
#include "sockeye/model/snapshot.h"
#include <stdbool.h>
#include <stdint.h>

struct owned_fd {
	int32_t fd;
	uint32_t inode; /* 0: open, but no socket; OWNED_RING: an io_uring */
	uint32_t guess; /* where owners.inodes had it when it was last looked for */
};
#define OWNED_RING UINT32_MAX
struct extra_fd { /* a socket that /proc/PID/fd does not show */
	uint32_t inode;
	int32_t fd; /* -1: registered with the io_uring of descriptor `ring` */
	uint32_t tid; /* the thread in whose own table it is; 0: the process's */
	int32_t ring;
};
struct owner { /* one thread group */
	uint32_t pid;
	uint64_t dir_ino; /* of /proc/PID: another number may be another process */
	uint64_t hint; /* st_size of /proc/PID/fd: how many are open (Linux 6.2), else 0 */
	bool count_refused; /* not even that may be read (hidepid=1) */
	uint64_t hinted; /* number of the look that last asked for it */
	uint64_t scanned; /* number of the look that last searched it; 0 never */
	size_t hits_from; /* hits before this index came from an older search; 0 when not searched in this look */
	VEC(struct owned_fd) fds; /* by fd */
	VEC(struct extra_fd) extra;
	struct snap_proc facts; /* facts.start tells processes apart that had one pid after the other */
	bool facts_known;
	bool slow_facts_known; /* cgroup and limits */
	uint64_t slow_ns; /* when they were read */
	uint64_t facts_read; /* number of the look that last read facts */
	size_t held; /* hits it had when they were last counted */
	bool sockets_only; /* fds is from an owner_source, which tells no others */
	bool due; /* new or changed since it was searched */
	bool lost; /* it had more hits in the look before: what it opened instead was not seen yet */
	bool hidden; /* its descriptors are not ours to read */
	bool has_rings; /* what is registered with them changes without a sign */
	bool visible; /* on the screen: read in every look */
	uint32_t compared; /* threads whose tables were compared with the process's; 0 never */
	bool own_tables; /* some had their own */
	bool same_list; /* the last search found the descriptors that were known already, and no others */
	uint64_t
		net_ino; /* of a hidden one: the number of its net/dev, which is its namespace's alone; 0 unknown */
};
/* Does the snapshot under way have this inode? */
typedef bool (*owner_alive_fn)(void *arg, uint32_t inode);

struct owner_scan { /* the tools of a search */
	int proc_fd; /* held open: everything is relative to it */
	struct intern *names; /* borrowed */
	char *buf; /* owned; OWNER_BUF bytes */
	VEC(struct owned_fd) fresh; /* the list being made */
	VEC(uint32_t) tids;
	uint64_t now_ns; /* CLOCK_BOOTTIME of this look */
	/* Do these two threads share one table of descriptors? 1, 0, or a negative errno. Tests give another. */
	int (*same_files)(uint32_t a, uint32_t b);
};
#define OWNER_BUF 32768u
void owner_scan_init(struct owner_scan *sc, int proc_fd, struct intern *names); /* both borrowed */
void owner_scan_trim(struct owner_scan *sc); /* gives back what the largest process took: between searches */
void owner_scan_done(struct owner_scan *sc);

struct owner *owner_new(uint32_t pid);
void owner_free(struct owner *w); /* NULL allowed */
int owner_open_dir(struct owner_scan *sc, uint32_t pid); /* /proc/PID as a path; the fd or a negative errno */
/* Reads stat and uid. 0; -ESRCH when it has gone; -ESTALE when the pid is another process than before (its
 * facts are then the new one's and its descriptors are forgotten). */
int owner_read_facts(struct owner_scan *sc, struct owner *w);
/* cgroup and limits, now and then. */
void owner_read_slow_facts(struct owner_scan *sc, struct owner *w);
/* Lists its descriptors again. With alive: a known descriptor whose socket still lives is taken to be the
 * same; if moreover nothing is being looked for (`settled`), every known descriptor is. NULL: all are read.
 * 0; -ESRCH when it has gone. Not permitted: 0, and w->hidden. */
int owner_search(struct owner_scan *sc, struct owner *w, owner_alive_fn alive, void *arg, bool settled);
/* Has it no thread but one, whose descriptors its count tells? */
bool owner_is_one_thread(const struct owner_scan *sc, const struct owner *w);
int owner_clear(struct owner *w); /* It has no descriptors. 0 */
/* Is descriptor fd of w still this socket? One link, or for fd -1 the rings. 1, 0, or a negative errno. */
int owner_still_has(struct owner_scan *sc, const struct owner *w, int32_t fd, uint32_t inode);

/* owner_extra.c: adds what hangs at the process open as dir_fd beside its own table: sockets in tables of its
 * threads, and sockets registered with its rings. 0 or a negative errno. */
int owner_read_extra(struct owner_scan *sc, struct owner *w, int dir_fd);
/* The second half of it: what is registered with the rings among w->fds. */
void owner_read_rings(struct owner_scan *sc, struct owner *w, int dir_fd);
/* Lists the links of a directory of descriptors; known ones and `alive` as in owner_search (w NULL: all are
 * read). The list is sc->fresh, cleared before, by fd. */
int owner_list_fds(struct owner_scan *sc, int dir_fd, const char *name, const struct owner *w,
		   owner_alive_fn alive, void *arg, bool settled);
/* The count of "scm_fds:" in the fdinfo of a unix socket: descriptors that were sent and not yet received. */
uint32_t owner_scm_fds(struct owner_scan *sc, uint32_t pid, int32_t fd);

/* Directory entries by getdents64, without a DIR for each. fn returns false to stop. 0 or a negative errno. */
typedef bool (*dir_entry_fn)(void *arg, const char *name, uint64_t ino);
int dir_each(int fd, char *buf, size_t size, dir_entry_fn fn, void *arg);
