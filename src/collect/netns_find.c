/* Keeps the list of network namespaces: each new process is asked for its own, the others in turn, and the mounts. */
#include "netns_find.h"
#include "proctext.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TURN_NS UINT64_C(2000000000) /* within this time every process is asked once */
#define PER_LOOK 500u /* and never more than these in one look: 3 ms */
#define PF_KTHREAD 0x00200000ul /* include/linux/sched.h */
#define ASK_YOUNG 3 /* a new process often goes elsewhere in its first moments: asked in this many looks */

/* The namespace behind a link, by what it leads to: an inode of the kernel's nsfs. In a copy of /proc, where it leads
 * nowhere, by its text. */
static int read_link(int proc_fd, const char *name, uint64_t *ret_inode)
{
	char text[64];
	struct stat st;
	ssize_t n;
	uint64_t inode;

	if (!fstatat(proc_fd, name, &st, 0)) {
		*ret_inode = st.st_ino;
		return 0;
	}
	if (errno != ENOENT)
		return -errno;
	n = readlinkat(proc_fd, name, text, sizeof(text));
	if (n < 0)
		return -errno;
	inode = netns_link_inode(text, (size_t)n);
	if (!inode)
		return -EBADMSG;
	*ret_inode = inode;
	return 0;
}

/* A kernel thread is in the first namespace, and no PID namespace but the first has any: what remains to ask where
 * pid 1 may not be asked, as under some sandboxes even by root. */
static int read_kernel_thread(int proc_fd, uint64_t *ret_inode)
{
	char text[512];
	unsigned long flags;
	ssize_t n = -1;
	char *at;
	int fd = openat(proc_fd, "2/stat", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	at = strrchr(text, ')'); /* behind the name: state ppid pgrp session tty tpgid flags */
	if (!at || sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %lu", &flags) != 1 || !(flags & PF_KTHREAD))
		return -EBADMSG;
	return read_link(proc_fd, "2/ns/net", ret_inode);
}

static struct netns_found *add_found(struct netns_find *f, uint64_t inode)
{
	uint32_t *at = map_at(&f->by_inode, inode, 0);

	if (*at == MAP_NONE) {
		*at = (uint32_t)f->found.n;
		vec_push(&f->found, ((struct netns_found){.inode = inode}));
	}
	return &f->found.v[*at];
}

int netns_find_open(struct netns_find *f, struct intern *names, const char *proc_root)
{
	*f = (struct netns_find){.names = names};
	f->proc_fd = open(proc_root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->proc_fd < 0)
		return -errno;
	f->proc_root = mem_strdup(proc_root);
	/* the thread's, because namespaces belong to threads */
	read_link(f->proc_fd, "thread-self/ns/net", &f->own);
	if (read_link(f->proc_fd, "1/ns/net", &f->host) && read_kernel_thread(f->proc_fd, &f->host))
		f->host = f->own;
	netns_mounts_open(&f->mounts, proc_root);
	netns_mounts_update(&f->mounts);
	*add_found(f, f->own) =
		(struct netns_found){.inode = f->own, .pid = (uint32_t)getpid(), .there = true};
	netns_name(f, &f->found.v[0], 0);
	return 0;
}

void netns_find_done(struct netns_find *f)
{
	vec_done(&f->found);
	vec_done(&f->procs);
	vec_done(&f->next);
	map_done(&f->by_inode);
	netns_mounts_done(&f->mounts);
	free(f->proc_root);
	if (f->proc_fd >= 0)
		close(f->proc_fd);
	f->proc_fd = -1;
}

struct netns_found *netns_find_inode(struct netns_find *f, uint64_t inode)
{
	uint32_t at = map_get(&f->by_inode, inode, 0);

	return at == MAP_NONE ? NULL : &f->found.v[at];
}

/* ---- processes ---- */

static void ask(struct netns_find *f, struct netns_proc *p)
{
	char name[32];
	int r;

	snprintf(name, sizeof(name), "%u/ns/net", p->pid);
	p->inode = 0;
	r = read_link(f->proc_fd, name, &p->inode);
	p->denied = r == -EACCES || r == -EPERM;
	p->round = f->round;
	if (p->asked < UINT8_MAX)
		p->asked++;
}

static int by_pid(const void *a, const void *b)
{
	const struct netns_proc *x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

/* What /proc lists now, into f->next. */
static int list(struct netns_find *f)
{
	int fd = openat(f->proc_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	bool sorted = true;
	struct dirent *e;

	if (!dir) {
		int err = errno;

		if (fd >= 0)
			close(fd);
		return -err;
	}
	vec_clear(&f->next);
	while ((e = readdir(dir))) {
		uint32_t pid = proc_pid_name(e->d_name);

		if (!pid)
			continue;
		sorted &= !f->next.n || f->next.v[f->next.n - 1].pid < pid;
		vec_push(&f->next, ((struct netns_proc){.pid = pid, .dir_ino = e->d_ino}));
	}
	closedir(dir);
	if (!sorted)
		qsort(f->next.v, f->next.n, sizeof(f->next.v[0]), by_pid);
	return 0;
}

/* Takes over what is known of processes that are still there; new and young ones are asked. */
static void join(struct netns_find *f)
{
	size_t old = 0;

	for (size_t i = 0; i < f->next.n; i++) {
		struct netns_proc *p = &f->next.v[i];

		while (old < f->procs.n && f->procs.v[old].pid < p->pid)
			old++;
		if (old < f->procs.n && f->procs.v[old].pid == p->pid &&
		    f->procs.v[old].dir_ino == p->dir_ino)
			*p = f->procs.v[old];
		if (p->asked < ASK_YOUNG)
			ask(f, p);
	}
	vec_swap(&f->procs, &f->next);
	vec_clear(&f->next);
}

static void ask_in_turn(struct netns_find *f, uint64_t dt)
{
	uint64_t quota = f->procs.n * (dt < TURN_NS ? dt : TURN_NS) / TURN_NS + 1;
	size_t at = 0, n = f->procs.n;

	if (quota > PER_LOOK)
		quota = PER_LOOK;
	while (at < n && f->procs.v[at].pid <= f->turn_pid)
		at++;
	for (size_t i = 0; i < n && quota; i++) {
		struct netns_proc *p = &f->procs.v[(at + i) % n];

		f->turn_pid = p->pid;
		if (p->round == f->round)
			continue;
		ask(f, p);
		quota--;
	}
}

/* Where nearly all processes are, and nothing is to be found out. */
static bool in_plain_sight(const struct netns_find *f, uint64_t inode)
{
	return inode == f->own && inode == f->host;
}

/* One process a namespace proves that it is in use, if it was asked just now; the next one, if it has left. */
static void meet(struct netns_find *f, struct netns_proc *p, uint64_t now_ns)
{
	struct netns_found *n;

	if (!p->inode || in_plain_sight(f, p->inode))
		return;
	n = add_found(f, p->inode);
	if (n->there && n->pid)
		return;
	if (p->round != f->round) {
		ask(f, p);
		if (!p->inode || in_plain_sight(f, p->inode))
			return;
		n = add_found(f, p->inode);
		if (n->there && n->pid)
			return;
	}
	n->there = true;
	if (n->pid != p->pid || n->dir_ino != p->dir_ino || n->named_until_ns > now_ns || !n->name) {
		if (n->pid != p->pid || n->dir_ino != p->dir_ino)
			n->named_until_ns = 0;
		n->pid = p->pid;
		n->dir_ino = p->dir_ino;
		netns_name(f, n, now_ns);
	}
}

static void drop_gone(struct netns_find *f)
{
	size_t kept = 0;

	for (size_t i = 0; i < f->found.n; i++)
		if (f->found.v[i].there)
			f->found.v[kept++] = f->found.v[i];
	if (kept == f->found.n)
		return;
	f->found.n = kept;
	map_clear(&f->by_inode);
	for (size_t i = 0; i < kept; i++)
		*map_at(&f->by_inode, f->found.v[i].inode, 0) = (uint32_t)i;
}

void netns_find_look(struct netns_find *f, uint64_t now_ns)
{
	uint64_t dt = f->last_ns && now_ns > f->last_ns ? now_ns - f->last_ns : 0;
	bool remounted = netns_mounts_update(&f->mounts);

	f->last_ns = now_ns;
	f->round++;
	if (!list(f))
		join(f);
	if (f->procs.n)
		ask_in_turn(f, dt);

	for (size_t i = 0; i < f->found.n; i++)
		f->found.v[i].there = false;
	f->denied = 0;
	for (size_t i = 0; i < f->procs.n; i++) {
		meet(f, &f->procs.v[i], now_ns);
		/* pid 1 is where we take ourselves to be when it hides that */
		f->denied += f->procs.v[i].denied && f->procs.v[i].pid != 1;
	}
	for (size_t i = 1; i < f->found.n; i++)
		if (!f->found.v[i].there)
			f->found.v[i].pid = 0;
	for (size_t i = 0; i < f->mounts.v.n; i++) {
		bool fresh = map_get(&f->by_inode, f->mounts.v.v[i].inode, 0) == MAP_NONE;
		struct netns_found *n = add_found(f, f->mounts.v.v[i].inode);

		n->there = n->mounted = true;
		if (fresh || remounted || !n->name)
			netns_name(f, n, now_ns);
	}
	if (remounted)
		for (size_t i = 0; i < f->found.n; i++)
			f->found.v[i].mounted = netns_mounts_path(&f->mounts, f->found.v[i].inode) != NULL;
	f->found.v[0].there = true;
	drop_gone(f);
}

int netns_find_fd(const struct netns_find *f, const struct netns_found *n)
{
	const char *path = netns_mounts_path(&f->mounts, n->inode);
	char name[32];
	struct stat st;
	int fd = -1, err;

	if (path)
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0 && (fstat(fd, &st) < 0 || st.st_ino != n->inode)) {
		close(fd);
		fd = -1;
		errno = ESTALE;
	}
	if (fd < 0 && n->pid) {
		snprintf(name, sizeof(name), "%u/ns/net", n->pid);
		fd = openat(f->proc_fd, name, O_RDONLY | O_CLOEXEC);
	}
	if (fd < 0)
		return errno == ENOENT || errno == ESRCH ? -ESTALE : -errno;
	err = fstat(fd, &st) < 0 ? -errno : st.st_ino == n->inode ? 0 : -ESTALE;
	if (!err)
		return fd;
	close(fd);
	return err;
}
