/* Does this process hold one of those sockets? Asked right before a deed, in every way there is to hold one: by a descriptor, by
 * a thread's own descriptor, as a file registered with an io_uring. */
#include "kill_private.h"

#include "sockeye/base/proclink.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE 16384

/* Inodes of the sockets that are looked for, in order. */
struct wanted {
	uint32_t *v;
	size_t n;
	bool registered; /* one of them is, with the ring being read */
};

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static bool is_wanted(const struct wanted *w, uint32_t inode)
{
	return inode && bsearch(&inode, w->v, w->n, sizeof(*w->v), by_number);
}

static void compare(void *arg, uint32_t inode)
{
	struct wanted *w = arg;

	w->registered |= is_wanted(w, inode);
}

/* Is one registered with this ring? dir: the directory of descriptors, whose fdinfo lies beside it. */
static bool ring_holds(const char *dir, const char *name, struct wanted *w)
{
	struct uring_fdinfo u = {0};
	size_t kept = 0, taken;
	char path[96], *buf;
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "%sinfo/%.16s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	buf = mem_alloc(PIECE, 1);
	w->registered = false;
	while (kept < PIECE && !w->registered && (got = read(fd, buf + kept, PIECE - kept)) > 0) {
		kept += (size_t)got;
		taken = uring_fdinfo_take(&u, buf, kept, compare, w);
		kept -= taken;
		memmove(buf, buf + taken, kept);
	}
	free(buf);
	close(fd);
	return w->registered;
}

/* 1: the descriptor at dir/name leads to one of them; 0: to something else; or a negative errno. */
static int leads_to(int dir, const char *path, const char *name, struct wanted *w)
{
	char buf[64];
	ssize_t n = readlinkat(dir, name, buf, sizeof(buf));

	if (n < 0)
		return -errno;
	if ((size_t)n == strlen(PROC_RING_LINK) && !memcmp(buf, PROC_RING_LINK, (size_t)n))
		return ring_holds(path, name, w);
	return is_wanted(w, proc_socket_link(buf, (size_t)n));
}

/* Looks through one directory of descriptors. Links that vanish meanwhile are no error. */
static int dir_holds(const char *path, struct wanted *w)
{
	DIR *d = opendir(path);
	struct dirent *e;
	int found = 0, err = 0;

	if (!d)
		return -errno;
	while (!found && (e = readdir(d))) {
		int r;

		if (e->d_name[0] == '.')
			continue;
		r = leads_to(dirfd(d), path, e->d_name, w);
		if (r == 1)
			found = 1;
		else if (r == -EACCES || r == -EPERM)
			err = r;
	}
	closedir(d);
	return found ? 1 : err;
}

/* A thread may have its own descriptor table (unshare(CLONE_FILES)), and a leader that exited before its
 * threads has none left: only task/TID/fd shows those. */
static int threads_hold(uint32_t pid, struct wanted *w)
{
	char path[64];
	struct dirent *e;
	int r = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%u/task", pid);
	d = opendir(path);
	if (!d)
		return -errno;
	while (r != 1 && (e = readdir(d))) {
		unsigned long tid = strtoul(e->d_name, NULL, 10);

		if (!tid || tid == pid)
			continue;
		snprintf(path, sizeof(path), "/proc/%u/task/%lu/fd", pid, tid);
		if (dir_holds(path, w) == 1)
			r = 1;
	}
	closedir(d);
	return r == 1;
}

#define ASKED_FIRST 16

/* Some of the descriptors that were shown: for most targets the first answers, and the others come with the walk. */
static bool still_there(uint32_t pid, const struct kill_proof *v, size_t n)
{
	char path[64], link[64];
	ssize_t got;

	for (size_t i = 0; i < n && i < ASKED_FIRST; i++) {
		if (v[i].fd < 0 || !v[i].inode)
			continue;
		snprintf(path, sizeof(path), "/proc/%u/fd/%d", pid, v[i].fd);
		got = readlink(path, link, sizeof(link));
		if (got > 0 && proc_socket_link(link, (size_t)got) == v[i].inode)
			return true;
	}
	return false;
}

int kill_real_holds(void *data, uint32_t pid, const struct kill_proof *v, size_t n)
{
	struct wanted w = {0};
	char dir[32];
	int r;

	if (still_there(pid, v, n))
		return 1;
	w.v = mem_alloc(n, sizeof(*w.v));
	for (size_t i = 0; i < n; i++)
		if (v[i].inode)
			w.v[w.n++] = v[i].inode;
	qsort(w.v, w.n, sizeof(*w.v), by_number);
	snprintf(dir, sizeof(dir), "/proc/%u/fd", pid);
	r = w.n ? dir_holds(dir, &w) : 0;
	if (r != 1 && w.n && threads_hold(pid, &w) == 1)
		r = 1;
	free(w.v);
	return r;
}
