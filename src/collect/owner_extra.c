/* Sockets of a process that its own list of descriptors does not show: threads can have tables of their own
 * (unshare(CLONE_FILES), or a leader that has ended), and files can be registered with an io_uring and then be
 * closed. ss and lsof miss both. */
#include "owner_scan.h"
#include "proctext.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool take_tid(void *arg, const char *name, uint64_t ino)
{
	struct owner_scan *sc = arg;
	uint32_t tid = proc_pid_name(name);

	if (tid)
		vec_push(&sc->tids, tid);
	return true;
}

static int list_threads(struct owner_scan *sc, int dir_fd)
{
	int fd = openat(dir_fd, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;

	if (fd < 0)
		return -errno;
	vec_clear(&sc->tids);
	r = dir_each(fd, sc->buf, OWNER_BUF, take_tid, sc);
	close(fd);
	return r;
}

static int read_table(struct owner_scan *sc, struct owner *w, int dir_fd, uint32_t tid)
{
	char name[40];
	int r;

	snprintf(name, sizeof(name), "task/%u/fd", tid);
	r = owner_list_fds(sc, dir_fd, name, NULL, NULL, NULL, false);
	if (r)
		return r;
	for (size_t i = 0; i < sc->fresh.n; i++) {
		const struct owned_fd *f = &sc->fresh.v[i];

		if (f->inode && f->inode != OWNED_RING)
			vec_push(&w->extra, ((struct extra_fd){f->inode, f->fd, tid, -1}));
	}
	return 0;
}

/* Every table that is not the leader's is read once. A leader that has ended has none: then the first thread's
 * stands for the process, and the others' are compared with that. */
static int read_thread_tables(struct owner_scan *sc, struct owner *w, int dir_fd)
{
	uint32_t seen[16], seen_n = 0;
	int r = list_threads(sc, dir_fd);

	if (r)
		return r;
	if (w->facts.state != 'Z')
		seen[seen_n++] = w->pid;
	w->own_tables = false;
	for (size_t i = 0; i < sc->tids.n && seen_n < ARRAY_LEN(seen); i++) {
		uint32_t tid = sc->tids.v[i];
		int same = tid == w->pid;

		for (uint32_t s = 0; s < seen_n && !same; s++)
			same = sc->same_files(seen[s], tid);
		if (same) /* not comparable counts as shared: so it is nearly always */
			continue;
		seen[seen_n++] = tid;
		w->own_tables = true;
		if (read_table(sc, w, dir_fd, tid) == -EACCES)
			return -EACCES;
	}
	return 0;
}

static int open_fdinfo(int at, const char *dir, int32_t fd)
{
	char name[48];

	snprintf(name, sizeof(name), "%sfdinfo/%d", dir, fd);
	return openat(at, name, O_RDONLY | O_CLOEXEC);
}

struct ring {
	struct owner *w;
	int32_t fd;
};

static void take_registered(void *arg, uint32_t inode)
{
	const struct ring *r = arg;

	vec_push(&r->w->extra, ((struct extra_fd){inode, -1, 0, r->fd}));
}

/* The text can be long (entries of both queues stand in it too), so it is read piece by piece. */
static void read_ring(struct owner_scan *sc, struct owner *w, int dir_fd, int32_t ring)
{
	int fd = open_fdinfo(dir_fd, "", ring);
	struct ring r = {w, ring};
	struct uring_fdinfo u = {0};
	size_t kept = 0, taken;
	ssize_t got;

	if (fd < 0)
		return;
	/* a line that fills the whole buffer is none of these */
	while (kept < OWNER_BUF && (got = read(fd, sc->buf + kept, OWNER_BUF - kept)) > 0) {
		kept += (size_t)got;
		taken = uring_fdinfo_take(&u, sc->buf, kept, take_registered, &r);
		kept -= taken;
		memmove(sc->buf, sc->buf + taken, kept);
	}
	close(fd);
}

void owner_read_rings(struct owner_scan *sc, struct owner *w, int dir_fd)
{
	for (size_t i = 0; i < w->fds.n; i++)
		if (w->fds.v[i].inode == OWNED_RING)
			read_ring(sc, w, dir_fd, w->fds.v[i].fd);
}

int owner_read_extra(struct owner_scan *sc, struct owner *w, int dir_fd)
{
	int r = 0;

	vec_clear(&w->extra);
	w->own_tables = false;
	if (w->facts.threads > 1)
		r = read_thread_tables(sc, w, dir_fd);
	w->compared = w->facts.threads;
	if (r == -EACCES || r == -EPERM)
		return r;
	if (w->has_rings)
		owner_read_rings(sc, w, dir_fd);
	return 0;
}

uint32_t owner_scm_fds(struct owner_scan *sc, uint32_t pid, int32_t fd)
{
	static const char key[] = "scm_fds:";
	char dir[16], *p;
	ssize_t n;
	int info;

	snprintf(dir, sizeof(dir), "%u/", pid);
	info = open_fdinfo(sc->proc_fd, dir, fd);
	if (info < 0)
		return 0;
	n = read(info, sc->buf, OWNER_BUF - 1);
	close(info);
	if (n <= 0)
		return 0;
	sc->buf[n] = '\0';
	p = memmem(sc->buf, (size_t)n, key, sizeof(key) - 1);
	return p ? (uint32_t)strtoul(p + sizeof(key) - 1, NULL, 10) : 0;
}
