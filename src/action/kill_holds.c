/* Does this process hold that socket? Asked right before a deed, in every way there is to hold one: by a descriptor, by
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

struct registered {
	uint32_t inode;
	bool found;
};

static void compare(void *arg, uint32_t inode)
{
	struct registered *r = arg;

	r->found |= inode == r->inode;
}

/* Is the socket registered with this ring? dir: the directory of descriptors, whose fdinfo lies beside it. */
static bool ring_holds(const char *dir, const char *name, uint32_t inode)
{
	struct registered r = {.inode = inode};
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
	while (kept < PIECE && !r.found && (got = read(fd, buf + kept, PIECE - kept)) > 0) {
		kept += (size_t)got;
		taken = uring_fdinfo_take(&u, buf, kept, compare, &r);
		kept -= taken;
		memmove(buf, buf + taken, kept);
	}
	free(buf);
	close(fd);
	return r.found;
}

/* 1: the descriptor at dir/name leads to this socket; 0: to something else; or a negative errno. */
static int leads_to(int dir, const char *path, const char *name, uint32_t inode)
{
	char buf[64];
	ssize_t n = readlinkat(dir, name, buf, sizeof(buf));

	if (n < 0)
		return -errno;
	if ((size_t)n == strlen(PROC_RING_LINK) && !memcmp(buf, PROC_RING_LINK, (size_t)n))
		return ring_holds(path, name, inode);
	return proc_socket_link(buf, (size_t)n) == inode;
}

/* Looks through one directory of descriptors. Links that vanish meanwhile are no error. */
static int dir_holds(const char *path, uint32_t inode)
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
		r = leads_to(dirfd(d), path, e->d_name, inode);
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
static int threads_hold(uint32_t pid, uint32_t inode)
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
		if (dir_holds(path, inode) == 1)
			r = 1;
	}
	closedir(d);
	return r == 1;
}

int kill_real_holds(void *data, uint32_t pid, int32_t fd, uint32_t inode)
{
	char dir[32], name[16];
	int r, t;

	if (inode == 0)
		return 0;
	snprintf(dir, sizeof(dir), "/proc/%u/fd", pid);
	if (fd >= 0) {
		char path[64], link[64];
		ssize_t n;

		snprintf(name, sizeof(name), "%d", fd);
		snprintf(path, sizeof(path), "%s/%s", dir, name);
		n = readlink(path, link, sizeof(link));
		if (n > 0 && proc_socket_link(link, (size_t)n) == inode)
			return 1;
	}
	r = dir_holds(dir, inode);
	if (r == 1)
		return 1;
	t = threads_hold(pid, inode);
	return t == 1 ? 1 : r;
}
