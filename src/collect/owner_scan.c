/* Reads one process's descriptors and facts with as few system calls as there can be: getdents64 and
 * readlinkat relative to directories held open, so that a pid that is taken over in between cannot mix in. */
#include "owner_scan.h"
#include "proctext.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct dirent_head { /* struct linux_dirent64 of the kernel, the name follows */
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	uint8_t type;
};
#define DIRENT_NAME 19

int dir_each(int fd, char *buf, size_t size, dir_entry_fn fn, void *arg)
{
	for (;;) {
		long n = syscall(SYS_getdents64, fd, buf, size);

		if (n <= 0)
			return n ? -errno : 0;
		for (long at = 0; at + DIRENT_NAME < n;) {
			struct dirent_head h;

			memcpy(&h.ino, buf + at, sizeof(h.ino));
			memcpy(&h.reclen, buf + at + 16, sizeof(h.reclen));
			if (h.reclen <= DIRENT_NAME || h.reclen > n - at)
				return -EBADMSG;
			if (!fn(arg, buf + at + DIRENT_NAME, h.ino))
				return 0;
			at += h.reclen;
		}
	}
}

struct owner *owner_new(uint32_t pid)
{
	struct owner *w = mem_zalloc(1, sizeof(*w));

	w->pid = pid;
	w->facts.pid = pid;
	w->due = true;
	return w;
}

void owner_free(struct owner *w)
{
	if (!w)
		return;
	vec_done(&w->fds);
	free(w);
}

/* A process that ends while it is read answers with either. */
static int gone(int err)
{
	return err == -ENOENT || err == -ESRCH ? -ESRCH : err;
}

static int open_process(struct owner_scan *sc, uint32_t pid)
{
	char name[16];
	int fd;

	snprintf(name, sizeof(name), "%u", pid);
	fd = openat(sc->proc_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int read_facts_at(struct owner_scan *sc, struct owner *w, int dir_fd)
{
	struct proc_stat ps;
	struct stat st;
	bool other;
	int n, r;

	/* the directory belongs to the effective uid, whatever the process's dumpable flag
	 * (task_dump_owner) */
	if (fstat(dir_fd, &st) < 0)
		return -errno;
	n = proc_file_read(dir_fd, "stat", sc->buf, OWNER_BUF);
	if (n < 0)
		return n;
	r = proc_stat_parse(sc->buf, (size_t)n, &ps);
	if (r)
		return n ? r : -ESRCH;
	other = w->facts_known && w->facts.start != ps.start;
	if (other) {
		vec_clear(&w->fds);
		w->slow_facts_known = false;
		w->scanned = 0;
	}
	w->facts.ppid = ps.ppid;
	w->facts.uid = st.st_uid;
	w->facts.comm = intern_add(sc->names, ps.comm, ps.comm_n);
	w->facts.start = ps.start;
	w->facts.threads = ps.threads;
	w->facts.cpu_ticks = ps.cpu_ticks;
	w->facts.rss_bytes = ps.rss_pages * (uint64_t)sysconf(_SC_PAGESIZE);
	w->facts.state = ps.state;
	w->facts.flags |= PROC_FULL;
	w->facts_known = true;
	return other ? -ESTALE : 0;
}

int owner_read_facts(struct owner_scan *sc, struct owner *w)
{
	int fd = open_process(sc, w->pid), r;

	if (fd < 0)
		return gone(fd);
	r = read_facts_at(sc, w, fd);
	close(fd);
	return gone(r);
}

void owner_read_slow_facts(struct owner_scan *sc, struct owner *w)
{
	int fd, n;
	const char *path;
	size_t path_n;

	if (w->slow_facts_known)
		return;
	fd = open_process(sc, w->pid);
	if (fd < 0)
		return;
	n = proc_file_read(fd, "cgroup", sc->buf, OWNER_BUF);
	if (n > 0 && !proc_cgroup_parse(sc->buf, (size_t)n, &path, &path_n))
		w->facts.cgroup = intern_add(sc->names, path, path_n);
	n = proc_file_read(fd, "limits", sc->buf, OWNER_BUF);
	if (n > 0)
		proc_limits_parse(sc->buf, (size_t)n, &w->facts.fds_max);
	close(fd);
	w->slow_facts_known = true;
}

struct listing {
	struct owner_scan *sc;
	struct owner *w;
	owner_alive_fn alive;
	void *arg;
	bool settled;
	int fd_dir;
	size_t known; /* /proc lists descriptors in rising order, and so is w->fds: they are merged */
	bool rising, refused;
};

static const struct owned_fd *known_fd(struct listing *l, int32_t fd)
{
	while (l->known < l->w->fds.n && l->w->fds.v[l->known].fd < fd)
		l->known++;
	return l->known < l->w->fds.n && l->w->fds.v[l->known].fd == fd ? &l->w->fds.v[l->known] : NULL;
}

static bool list_fd(void *arg, const char *name, uint64_t ino)
{
	struct listing *l = arg;
	struct owner_scan *sc = l->sc;
	const struct owned_fd *old;
	struct owned_fd now;
	char link[64];
	ssize_t n;

	if (name[0] == '.')
		return true;
	now.fd = name[0] == '0' && !name[1] ? 0 : (int32_t)proc_pid_name(name);
	if (!now.fd && name[0] != '0')
		return true;
	if (sc->fresh.n && sc->fresh.v[sc->fresh.n - 1].fd > now.fd)
		l->rising = false;
	old = l->alive && l->rising ? known_fd(l, now.fd) : NULL;
	if (old && (l->settled || (old->inode && l->alive(l->arg, old->inode)))) {
		now.inode = old->inode;
	} else {
		n = readlinkat(l->fd_dir, name, link, sizeof(link));
		if (n < 0 && (errno == EACCES || errno == EPERM)) {
			/* a set-uid program of our own user: the list opens, the links do not */
			l->refused = true;
			return false;
		}
		if (n < 0) /* closed in between */
			return true;
		now.inode = proc_socket_link(link, (size_t)n);
	}
	vec_push(&sc->fresh, now);
	return true;
}

static int by_fd(const void *a, const void *b)
{
	const struct owned_fd *x = a, *y = b;

	return (x->fd > y->fd) - (x->fd < y->fd);
}

static int list_fds(struct listing *l, int dir_fd, const char *name)
{
	int r;

	l->fd_dir = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (l->fd_dir < 0)
		return -errno;
	/* the buffer holds names only until list_fd returns, and nothing else uses it meanwhile */
	r = dir_each(l->fd_dir, l->sc->buf, OWNER_BUF, list_fd, l);
	close(l->fd_dir);
	return r;
}

struct first_thread {
	uint32_t leader, tid;
};

static bool take_first_thread(void *arg, const char *name, uint64_t ino)
{
	struct first_thread *t = arg;
	uint32_t tid = proc_pid_name(name);

	if (!tid || tid == t->leader)
		return true;
	t->tid = tid;
	return false;
}

/* The leader has ended and threads live on: /proc/PID/fd is empty, the descriptors hang at the threads.
 * One thread stands for all, as they share one table nearly always; threads with tables of their own
 * (unshare(CLONE_FILES)) would be looked for here too, one task/TID/fd after the other. */
static int list_thread_fds(struct listing *l, int dir_fd)
{
	struct first_thread t = {.leader = l->w->pid};
	int fd = openat(dir_fd, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;
	char name[32];

	if (fd < 0)
		return -errno;
	r = dir_each(fd, l->sc->buf, OWNER_BUF, take_first_thread, &t);
	if (!r && t.tid) {
		snprintf(name, sizeof(name), "%u/fd", t.tid);
		r = list_fds(l, fd, name);
	}
	close(fd);
	return r;
}

int owner_search(struct owner_scan *sc, struct owner *w, owner_alive_fn alive, void *arg, bool settled)
{
	struct listing l = {.sc = sc, .w = w, .alive = alive, .arg = arg, .settled = settled, .rising = true};
	int dir_fd = open_process(sc, w->pid), r;

	if (dir_fd < 0)
		return gone(dir_fd);
	vec_clear(&sc->fresh);
	r = read_facts_at(sc, w, dir_fd);
	if (r == -ESTALE)
		r = 0;
	if (!r) {
		if (w->facts.state == 'Z' && w->facts.threads > 1)
			r = list_thread_fds(&l, dir_fd);
		else
			r = list_fds(&l, dir_fd, "fd");
	}
	close(dir_fd);
	w->hidden = l.refused || r == -EACCES || r == -EPERM;
	if (w->hidden) {
		w->facts.flags |= PROC_NOT_READABLE;
		vec_clear(&w->fds);
		return 0;
	}
	w->facts.flags &= (uint8_t)~PROC_NOT_READABLE;
	if (r)
		return gone(r);
	if (!l.rising)
		qsort(sc->fresh.v, sc->fresh.n, sizeof(sc->fresh.v[0]), by_fd);
	vec_clear(&w->fds);
	vec_reserve(&w->fds, sc->fresh.n);
	if (sc->fresh.n)
		memcpy(w->fds.v, sc->fresh.v, sc->fresh.n * sizeof(sc->fresh.v[0]));
	w->fds.n = sc->fresh.n;
	w->facts.fds = (uint32_t)w->fds.n;
	w->slow_facts_known = false;
	return 0;
}
