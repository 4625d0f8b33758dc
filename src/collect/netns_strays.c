/* Finds the namespaces that only sockets lead to: takes a copy of a process's descriptor for a moment and asks it
 * for its namespace, which is the one way there is. */
#include "netns_strays.h"
#include "owners_private.h"
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif
/* In one look, of which the second number costs 5 us each: */
#define DESCRIPTORS_SEEN 2000
#define ASKED 32
#define ASKED_AT_ONCE 2000
#define REMEMBERED 32768 /* then all is forgotten, and asked for again in the course of time */

void netns_strays_done(struct netns_strays *s)
{
	map_done(&s->asked);
}

/* A descriptor of the namespace of this socket, if it still is this socket and we may know; else -1. */
static int namespace_of(int pidfd, const struct owned_fd *f, uint64_t *ret_inode)
{
	int fd = (int)syscall(SYS_pidfd_getfd, pidfd, f->fd, 0), ns = -1;
	struct stat st;

	if (fd < 0)
		return -1;
	if (!fstat(fd, &st) && S_ISSOCK(st.st_mode) && (uint32_t)st.st_ino == f->inode)
		ns = ioctl(fd, SIOCGSKNS);
	close(fd);
	if (ns < 0)
		return -1;
	if (fstat(ns, &st) < 0) {
		close(ns);
		return -1;
	}
	*ret_inode = st.st_ino;
	return ns;
}

struct pass {
	struct netns_strays *s;
	struct netns_set *set;
	const struct owners *o;
	uint64_t now_ns;
	size_t may_ask, entered;
};

static void ask(struct pass *p, const struct owner *w, const struct owned_fd *f, int *pidfd)
{
	uint64_t inode;
	int ns;

	if (*pidfd < 0)
		*pidfd = (int)syscall(SYS_pidfd_open, w->pid, 0);
	if (*pidfd < 0)
		return;
	ns = namespace_of(*pidfd, f, &inode);
	if (ns < 0)
		return;
	if (netns_set_enter_stray(p->set, inode, ns, w->pid, p->now_ns))
		p->entered++;
	close(ns);
}

static void ask_process(struct pass *p, const struct owner *w)
{
	int pidfd = -1;

	for (size_t i = 0; i < w->fds.n && p->may_ask; i++) {
		const struct owned_fd *f = &w->fds.v[i];
		uint32_t *asked;

		if (!f->inode || f->inode == OWNED_RING || owners_inode(p->o, f->inode))
			continue;
		asked = map_at(&p->s->asked, f->inode, 0);
		if (*asked != MAP_NONE)
			continue;
		*asked = 1;
		p->may_ask--;
		ask(p, w, f, &pidfd);
	}
	if (pidfd >= 0)
		close(pidfd);
}

size_t netns_strays_look(struct netns_strays *s, struct netns_set *set, const struct owners *o, bool all,
			 uint64_t now_ns)
{
	struct pass p = {s, set, o, now_ns, all ? ASKED_AT_ONCE : ASKED, 0};
	size_t seen = 0, n = o->procs.n, at = 0;
	uint32_t self = (uint32_t)getpid();

	if (s->asked.n > REMEMBERED)
		map_clear(&s->asked);
	while (at < n && o->procs.v[at]->pid <= s->turn_pid)
		at++;
	for (size_t i = 0; i < n && p.may_ask && (all || seen < DESCRIPTORS_SEEN); i++) {
		const struct owner *w = o->procs.v[(at + i) % n];

		if (w->pid != self && !w->hidden)
			ask_process(&p, w);
		seen += w->fds.n + 1;
		if (p.may_ask)
			s->turn_pid = w->pid;
	}
	return p.entered;
}
