/* An invented system for kills: every step can be made to fail, and every signal is counted. */
#pragma once
#include "sockeye/action/kill.h"
#include "sockeye/base/units.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* An invented process table. A pidfd is a real descriptor of /dev/null, mapped to its process. */
struct fake_proc {
	uint32_t pid, ppid;
	uint64_t start;
	char state;
	uint32_t inode; /* the one socket it holds */
	const char *comm;
	bool exited;
	int open_err, stat_err, holds_err, exited_err, probe_err, signal_err;
	int fd;
	int signals[8], n_signals;
	uint32_t pgrp;
	const char *cgroup;
};
struct fake {
	struct fake_proc p[4];
	size_t n;
	uint32_t fd_pid[64];
	int order[8], n_order; /* pids in the order of real signals */
	/* What a look shows: */
	struct snapshot *now;
	int look_err, looks, owner_looks, linger_looks;
	/* Groups and units: */
	int group_err, group_sig, cgroup_kills, cgroup_kill_err, stop_err;
	bool no_systemctl;
	char opened_cgroup[256], stopped[64];
	bool stopped_user;
	const char *own_cgroup;
};

static inline struct fake_proc *by_pid(struct fake *f, uint32_t pid)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->p[i].pid == pid)
			return &f->p[i];
	return NULL;
}
static inline struct fake_proc *by_fd(struct fake *f, int fd)
{
	if (fd < (int)ARRAY_LEN(f->fd_pid) && f->fd_pid[fd])
		return by_pid(f, f->fd_pid[fd]);
	fail_msg("fd %d was never given out", fd);
	return NULL;
}
static inline int fake_pidfd_open(void *data, uint32_t pid)
{
	struct fake_proc *p = by_pid(data, pid);

	if (!p)
		return -ESRCH;
	if (p->open_err)
		return p->open_err;
	p->fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	((struct fake *)data)->fd_pid[p->fd] = pid;
	return p->fd;
}
static inline int fake_start(void *data, uint32_t pid, uint64_t *ret, char *state)
{
	struct fake_proc *p = by_pid(data, pid);

	if (!p || p->stat_err)
		return p ? p->stat_err : -ENOENT;
	*ret = p->start;
	*state = p->state;
	return 0;
}
static inline int fake_holds(void *data, uint32_t pid, const struct kill_proof *v, size_t n)
{
	struct fake_proc *p = by_pid(data, pid);
	int r = 0;

	if (!p)
		return -ENOENT;
	for (size_t i = 0; i < n; i++)
		r |= p->inode == v[i].inode;
	return p->holds_err ? p->holds_err : r;
}
static inline int fake_signal(void *data, int pidfd, int sig)
{
	struct fake *f = data;
	struct fake_proc *p = by_fd(f, pidfd);

	if (sig == 0)
		return p->probe_err;
	if (p->signal_err)
		return p->signal_err;
	p->signals[p->n_signals++] = sig;
	f->order[f->n_order++] = (int)p->pid;
	return 0;
}
static inline int fake_exited(void *data, int pidfd)
{
	struct fake_proc *p = by_fd(data, pidfd);

	return p->exited_err ? p->exited_err : p->exited;
}
static inline int fake_comm(void *data, uint32_t pid, char ret[64])
{
	struct fake_proc *p = by_pid(data, pid);

	if (!p || !p->comm)
		return -ENOENT;
	snprintf(ret, 64, "%s", p->comm);
	return 0;
}
static inline int fake_parent(void *data, uint32_t pid, uint32_t *ret)
{
	struct fake_proc *p = by_pid(data, pid);

	if (p)
		*ret = p->ppid;
	else if (pid == (uint32_t)getpid())
		*ret = (uint32_t)getppid();
	else
		return -ENOENT;
	return 0;
}
static inline int fake_group(void *data, uint32_t pid, uint32_t *ret)
{
	struct fake_proc *p = by_pid(data, pid);

	if (!p || !p->pgrp)
		return -ENOENT;
	*ret = p->pgrp;
	return 0;
}
static inline int fake_pids(void *data, struct kill_pids *ret)
{
	struct fake *f = data;

	for (size_t i = 0; i < f->n; i++)
		vec_push(&ret->list, f->p[i].pid);
	return 0;
}
static inline int fake_signal_group(void *data, int pidfd, int sig)
{
	struct fake *f = data;
	struct fake_proc *leader = by_fd(f, pidfd);

	if (f->group_err)
		return f->group_err;
	f->group_sig = sig;
	for (size_t i = 0; i < f->n; i++)
		if (f->p[i].pgrp == leader->pid)
			f->p[i].signals[f->p[i].n_signals++] = sig;
	return 0;
}
static inline int fake_cgroup(void *data, uint32_t pid, struct str *ret)
{
	struct fake_proc *p = by_pid(data, pid);

	str_clear(ret);
	if (p && p->cgroup)
		str_puts(ret, p->cgroup);
	else if (pid == (uint32_t)getpid())
		str_puts(ret,
			 ((struct fake *)data)->own_cgroup ? ((struct fake *)data)->own_cgroup : "/x.scope");
	else
		return -ENOENT;
	return 0;
}
static inline int fake_cgroup_open(void *data, const char *path)
{
	struct fake *f = data;

	snprintf(f->opened_cgroup, sizeof(f->opened_cgroup), "%s", path);
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}
static inline int fake_cgroup_pids(void *data, int dir, struct kill_pids *ret)
{
	struct fake *f = data;

	for (size_t i = 0; i < f->n; i++)
		if (f->p[i].cgroup && !strncmp(f->p[i].cgroup, f->opened_cgroup, strlen(f->opened_cgroup)) &&
		    strchr("/", f->p[i].cgroup[strlen(f->opened_cgroup)]))
			vec_push(&ret->list, f->p[i].pid);
	return 0;
}
static inline int fake_cgroup_kill(void *data, int dir)
{
	struct fake *f = data;

	if (!f->cgroup_kill_err)
		f->cgroup_kills++;
	return f->cgroup_kill_err;
}
static inline int fake_unit_stop(void *data, const char *unit, bool user)
{
	struct fake *f = data;

	snprintf(f->stopped, sizeof(f->stopped), "%s", unit);
	f->stopped_user = user;
	return f->stop_err;
}
static inline int fake_stoppable(void *data)
{
	return !((struct fake *)data)->no_systemctl;
}
static inline struct kill_sys fake_sys(struct fake *f)
{
	return (struct kill_sys){
		.data = f,
		.pidfd_open = fake_pidfd_open,
		.start_ticks = fake_start,
		.holds = fake_holds,
		.signal = fake_signal,
		.exited = fake_exited,
		.comm = fake_comm,
		.parent = fake_parent,
		.group = fake_group,
		.pids = fake_pids,
		.signal_group = fake_signal_group,
		.cgroup = fake_cgroup,
		.cgroup_open = fake_cgroup_open,
		.cgroup_pids = fake_cgroup_pids,
		.cgroup_kill = fake_cgroup_kill,
		.unit_stop = fake_unit_stop,
		.unit_stoppable = fake_stoppable,
	};
}

static inline void add_target(struct kill_plan *plan, const char *name, uint32_t pid, uint64_t start,
			      uint32_t inode)
{
	struct kill_target *t = vec_add(&plan->targets);

	memset(t, 0, sizeof(*t));
	t->pid = pid;
	t->start = start;
	snprintf(t->name, sizeof(t->name), "%s", name);
	if (inode)
		vec_push(&t->proofs, ((struct kill_proof){.inode = inode, .fd = 3, .cookie = inode + 1000}));
}
static inline void add_port(struct kill_plan *plan, uint32_t port, bool asked, bool shared)
{
	struct kill_port *p = vec_add(&plan->ports);

	memset(p, 0, sizeof(*p));
	p->proto = PROTO_TCP;
	p->port = port;
	p->asked = asked;
	p->shared = shared;
}
/* node 4000 holds inode 77 on 8080. */
static inline struct kill *open_node(struct fake *f, struct kill_sys *sys)
{
	struct kill_plan plan = {0};

	if (!f->n) {
		f->p[0] = (struct fake_proc){
			.pid = 4000, .start = 500, .state = 'S', .inode = 77, .comm = "node"};
		f->n = 1;
	}
	*sys = fake_sys(f);
	add_target(&plan, "node", 4000, 500, 77);
	snprintf(plan.targets.v[0].unit, sizeof(plan.targets.v[0].unit), "api.service");
	add_port(&plan, 8080, true, false);
	return kill_open(&plan, sys);
}
static inline const char *step(const struct kill *k, size_t i)
{
	size_t n;
	const struct kill_step *s = kill_steps(k, &n);

	return i < n ? s[i].text : "";
}
static inline size_t steps_n(const struct kill *k)
{
	size_t n;

	kill_steps(k, &n);
	return n;
}
static inline uint8_t refusal(const struct kill *k)
{
	return kill_plan(k)->targets.v[0].refusal;
}

/* What looks show. */
static inline void show_sock(struct snapshot *s, uint32_t port, enum state st, uint32_t inode)
{
	vec_push(&s->socks, ((struct sock){.cookie = inode + 1000,
					   .inode = inode,
					   .lport = port,
					   .proto = PROTO_TCP,
					   .state = (uint8_t)st}));
}
static inline void show_owner(struct snapshot *s, uint32_t inode, uint32_t pid, uint64_t start)
{
	vec_push(&s->procs, ((struct snap_proc){.pid = pid, .start = start}));
	vec_push(&s->fds, ((struct snap_fd){.inode = inode, .proc = (uint32_t)s->procs.n - 1, .fd = 3}));
}
static inline int fake_look(void *data, const struct want *want, struct snapshot *ret)
{
	struct fake *f = data;

	f->looks++;
	assert_int_equal(want->protos, 1u << PROTO_TCP);
	if (want->states & STATE_BIT(STATE_TIME_WAIT))
		f->linger_looks++;
	else
		assert_int_equal(want->states, STATE_BIT(STATE_LISTENING) | STATE_BIT(STATE_BOUND));
	if (f->look_err)
		return f->look_err;
	snapshot_clear(ret);
	for (size_t i = 0; i < f->now->socks.n; i++)
		vec_push(&ret->socks, f->now->socks.v[i]);
	if (want->attrs & WANT_OWNERS) {
		f->owner_looks++;
		for (size_t i = 0; i < f->now->procs.n; i++)
			vec_push(&ret->procs, f->now->procs.v[i]);
		for (size_t i = 0; i < f->now->fds.n; i++)
			vec_push(&ret->fds, f->now->fds.v[i]);
	}
	return 0;
}

/* A kill of node 4000, watched from 100 s on: what the looks show is s->f.now, one of these or another. */
struct shot {
	struct fake f;
	struct kill_sys sys;
	struct kill *k;
	struct kill_look look;
	struct snapshot held, nothing, again;
	uint64_t t;
};
static inline void shot_init(struct shot *s)
{
	memset(s, 0, sizeof(*s));
	s->t = 100 * NSEC_PER_SEC;
	s->k = open_node(&s->f, &s->sys);
	s->look = (struct kill_look){&s->f, fake_look};
	snapshot_init(&s->held);
	snapshot_init(&s->nothing);
	snapshot_init(&s->again);
}
static inline bool shot_watch(struct shot *s, unsigned ms)
{
	return kill_watch(s->k, &s->look, s->t + ms * NSEC_PER_MS, 30 * NSEC_PER_SEC);
}
static inline void shot_done(struct shot *s)
{
	kill_free(s->k);
	snapshot_done(&s->held);
	snapshot_done(&s->nothing);
	snapshot_done(&s->again);
}
