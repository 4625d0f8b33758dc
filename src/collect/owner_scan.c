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
#define SLOW_NS 30000000000ull /* cgroup and limits hardly ever change */

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

void owner_scan_init(struct owner_scan *sc, int proc_fd, struct intern *names)
{
	*sc = (struct owner_scan){.proc_fd = proc_fd, .names = names, .buf = mem_alloc(OWNER_BUF, 1)};
}

void owner_scan_done(struct owner_scan *sc)
{
	vec_done(&sc->fresh);
	vec_done(&sc->tids);
	free(sc->buf);
}

void owner_scan_trim(struct owner_scan *sc)
{
	vec_clear(&sc->fresh);
	vec_clear(&sc->tids);
	vec_trim(&sc->fresh);
	vec_trim(&sc->tids);
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
	vec_done(&w->extra);
	free(w);
}

/* A process that ends while it is read answers with either. */
static int gone(int err)
{
	return err == -ENOENT || err == -ESRCH ? -ESRCH : err;
}

int owner_open_dir(struct owner_scan *sc, uint32_t pid)
{
	char name[16];
	int fd;

	snprintf(name, sizeof(name), "%u", pid);
	fd = openat(sc->proc_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* What is known of its descriptors was another process's. */
static void forget(struct owner *w)
{
	vec_clear(&w->fds);
	vec_clear(&w->extra);
	w->slow_facts_known = w->has_rings = w->own_tables = w->sockets_only = false;
	w->compared = 0;
	w->scanned = 0;
	w->due = true;
}

/* dir, below at_fd, is the process's directory ("": at_fd itself), stat the file in it. */
static int read_facts_at(struct owner_scan *sc, struct owner *w, int at_fd, const char *dir,
			 const char *stat_name)
{
	struct proc_stat ps;
	struct stat st;
	bool other;
	int n, r;

	/* the directory belongs to the effective uid, whatever the process's dumpable flag
	 * (task_dump_owner) */
	if (fstatat(at_fd, dir, &st, AT_EMPTY_PATH) < 0)
		return -errno;
	if (!w->facts_known) /* for one of whom no more may be read (hidepid=1) */
		w->facts.uid = st.st_uid;
	n = proc_file_read(at_fd, stat_name, sc->buf, OWNER_BUF);
	if (n < 0)
		return n;
	r = proc_stat_parse(sc->buf, (size_t)n, &ps);
	if (r)
		return n ? r : -ESRCH;
	other = w->facts_known && w->facts.start != ps.start;
	if (other)
		forget(w);
	w->facts.ppid = ps.ppid;
	w->facts.uid = st.st_uid;
	w->facts.comm = intern_add(sc->names, ps.comm, ps.comm_n);
	w->facts.start = ps.start;
	w->facts.threads = ps.threads;
	w->facts.cpu_ticks = ps.cpu_ticks;
	w->facts.rss_bytes = ps.rss_pages * (uint64_t)sysconf(_SC_PAGESIZE);
	w->facts.state = ps.state;
	w->facts.read_ns = sc->now_ns;
	w->facts.flags |= PROC_FULL;
	w->facts_known = true;
	return other ? -ESTALE : 0;
}

/* By path, which is cheaper than to open the directory first: the start time tells processes apart. */
int owner_read_facts(struct owner_scan *sc, struct owner *w)
{
	char dir[16], name[24];

	snprintf(dir, sizeof(dir), "%u", w->pid);
	snprintf(name, sizeof(name), "%u/stat", w->pid);
	return gone(read_facts_at(sc, w, sc->proc_fd, dir, name));
}

void owner_read_slow_facts(struct owner_scan *sc, struct owner *w)
{
	int fd, n;
	const char *path;
	size_t path_n;

	if (w->slow_facts_known && sc->now_ns - w->slow_ns < SLOW_NS)
		return;
	w->slow_ns = sc->now_ns;
	w->slow_facts_known = true;
	fd = owner_open_dir(sc, w->pid);
	if (fd < 0)
		return;
	n = proc_file_read(fd, "cgroup", sc->buf, OWNER_BUF);
	if (n > 0 && !proc_cgroup_parse(sc->buf, (size_t)n, &path, &path_n))
		w->facts.cgroup = intern_add(sc->names, path, path_n);
	n = proc_file_read(fd, "limits", sc->buf, OWNER_BUF);
	if (n > 0)
		proc_limits_parse(sc->buf, (size_t)n, &w->facts.fds_max);
	close(fd);
}

struct listing {
	struct owner_scan *sc;
	const struct owner *w;
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

static uint32_t inode_of_link(const char *link, size_t n)
{
	if (n == strlen(PROC_RING_LINK) && !memcmp(link, PROC_RING_LINK, n))
		return OWNED_RING;
	return proc_socket_link(link, n);
}

static bool list_fd(void *arg, const char *name, uint64_t ino)
{
	struct listing *l = arg;
	struct owner_scan *sc = l->sc;
	const struct owned_fd *old;
	struct owned_fd now = {0};
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
		now = *old;
	} else {
		n = readlinkat(l->fd_dir, name, link, sizeof(link));
		if (n < 0 && (errno == EACCES || errno == EPERM)) {
			/* a set-uid program of our own user: the list opens, the links do not */
			l->refused = true;
			return false;
		}
		if (n < 0) /* closed in between */
			return true;
		now.inode = inode_of_link(link, (size_t)n);
	}
	vec_push(&sc->fresh, now);
	return true;
}

static int by_fd(const void *a, const void *b)
{
	const struct owned_fd *x = a, *y = b;

	return (x->fd > y->fd) - (x->fd < y->fd);
}

int owner_list_fds(struct owner_scan *sc, int dir_fd, const char *name, const struct owner *w,
		   owner_alive_fn alive, void *arg, bool settled)
{
	struct listing l = {.sc = sc, .w = w, .alive = w ? alive : NULL, .arg = arg};
	int r;

	l.settled = settled;
	l.rising = true;
	vec_clear(&sc->fresh);
	l.fd_dir = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (l.fd_dir < 0)
		return -errno;
	/* the buffer holds names only until list_fd returns, and nothing else uses it meanwhile */
	r = dir_each(l.fd_dir, sc->buf, OWNER_BUF, list_fd, &l);
	close(l.fd_dir);
	if (l.refused)
		return -EACCES;
	if (!l.rising)
		qsort(sc->fresh.v, sc->fresh.n, sizeof(sc->fresh.v[0]), by_fd);
	return r;
}

static bool same_list(const struct owner_scan *sc, const struct owner *w)
{
	if (sc->fresh.n != w->fds.n || w->extra.n)
		return false;
	for (size_t i = 0; i < w->fds.n; i++)
		if (sc->fresh.v[i].fd != w->fds.v[i].fd || sc->fresh.v[i].inode != w->fds.v[i].inode)
			return false;
	return true;
}

static void take_fresh(struct owner_scan *sc, struct owner *w)
{
	w->sockets_only = false;
	w->facts.fds = (uint32_t)sc->fresh.n;
	w->same_list = same_list(sc, w);
	if (w->same_list)
		return;
	vec_clear(&w->fds);
	vec_reserve(&w->fds, sc->fresh.n);
	if (sc->fresh.n)
		memcpy(w->fds.v, sc->fresh.v, sc->fresh.n * sizeof(sc->fresh.v[0]));
	w->fds.n = sc->fresh.n;
	w->has_rings = false;
	for (size_t i = 0; i < w->fds.n; i++)
		w->has_rings |= w->fds.v[i].inode == OWNED_RING;
}

/* Which namespace a process lives in that does not let us see: the files below its net are its namespace's, and
 * so are their numbers, and this asks for no permission (get_proc_task_net() in fs/proc/proc_net.c). */
static void read_net_ino(struct owner_scan *sc, struct owner *w)
{
	struct stat st;
	char name[32];

	snprintf(name, sizeof(name), "%u/net/dev", w->pid);
	w->net_ino = fstatat(sc->proc_fd, name, &st, 0) ? 0 : st.st_ino;
}

int owner_search(struct owner_scan *sc, struct owner *w, owner_alive_fn alive, void *arg, bool settled)
{
	int dir_fd = owner_open_dir(sc, w->pid), r;

	w->same_list = false;
	if (dir_fd < 0)
		return gone(dir_fd);
	r = read_facts_at(sc, w, dir_fd, "", "stat");
	if (r == -ESTALE)
		r = 0;
	if (!r)
		r = owner_list_fds(sc, dir_fd, "fd", w, alive, arg, settled);
	if (r == -EACCES &&
	    w->facts.state == 'Z') { /* its list is root's when the leader has ended, and empty */
		vec_clear(&sc->fresh);
		r = 0;
	}
	if (!r) {
		take_fresh(sc, w);
		if (!settled || w->facts.threads != w->compared)
			r = owner_read_extra(sc, w, dir_fd);
		w->same_list &= !r && !w->extra.n;
	}
	close(dir_fd);
	w->hidden = r == -EACCES || r == -EPERM;
	if (w->hidden && w->sockets_only) { /* not ours to read, but there was another way */
		w->hidden = false;
		return 0;
	}
	if (w->hidden) {
		w->facts.flags |= PROC_NOT_READABLE;
		vec_clear(&w->fds);
		vec_clear(&w->extra);
		read_net_ino(sc, w);
		return 0;
	}
	w->facts.flags &= (uint8_t)~PROC_NOT_READABLE;
	return r ? gone(r) : 0;
}

/* proc_task_getattr() of fs/proc/base.c: a link for each thread, beside the two that a directory has. */
bool owner_is_one_thread(const struct owner_scan *sc, const struct owner *w)
{
	struct stat st;
	char name[24];

	snprintf(name, sizeof(name), "%u/task", w->pid);
	return !fstatat(sc->proc_fd, name, &st, 0) && st.st_nlink <= 3;
}

int owner_clear(struct owner *w)
{
	w->same_list = !w->fds.n && !w->extra.n;
	vec_clear(&w->fds);
	vec_clear(&w->extra);
	w->has_rings = w->own_tables = w->sockets_only = w->hidden = false;
	w->compared = 0;
	w->facts.fds = 0;
	return 0;
}

int owner_still_has(struct owner_scan *sc, const struct owner *w, int32_t fd, uint32_t inode)
{
	char name[48], link[64];
	uint32_t tid = 0;
	ssize_t n;

	for (size_t i = 0; i < w->extra.n; i++) {
		if (w->extra.v[i].fd != fd || w->extra.v[i].inode != inode)
			continue;
		if (fd < 0) /* what is registered is read with the process */
			return 1;
		tid = w->extra.v[i].tid;
	}
	if (tid)
		snprintf(name, sizeof(name), "%u/task/%u/fd/%d", w->pid, tid, fd);
	else
		snprintf(name, sizeof(name), "%u/fd/%d", w->pid, fd);
	n = readlinkat(sc->proc_fd, name, link, sizeof(link));
	if (n < 0)
		return errno == ENOENT || errno == ESRCH ? 0 : -errno;
	return proc_socket_link(link, (size_t)n) == inode;
}
