/* The kill with an invented system: every step of the sequence is made to fail once. */
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
	const char *own_cgroup;
};

static struct fake_proc *by_pid(struct fake *f, uint32_t pid)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->p[i].pid == pid)
			return &f->p[i];
	return NULL;
}
static struct fake_proc *by_fd(struct fake *f, int fd)
{
	if (fd < (int)ARRAY_LEN(f->fd_pid) && f->fd_pid[fd])
		return by_pid(f, f->fd_pid[fd]);
	fail_msg("fd %d was never given out", fd);
	return NULL;
}
static int fake_pidfd_open(void *data, uint32_t pid)
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
static int fake_start(void *data, uint32_t pid, uint64_t *ret, char *state)
{
	struct fake_proc *p = by_pid(data, pid);

	if (!p || p->stat_err)
		return p ? p->stat_err : -ENOENT;
	*ret = p->start;
	*state = p->state;
	return 0;
}
static int fake_holds(void *data, uint32_t pid, int32_t fd, uint32_t inode)
{
	struct fake_proc *p = by_pid(data, pid);

	if (!p)
		return -ENOENT;
	return p->holds_err ? p->holds_err : p->inode == inode;
}
static int fake_signal(void *data, int pidfd, int sig)
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
static int fake_exited(void *data, int pidfd)
{
	struct fake_proc *p = by_fd(data, pidfd);

	return p->exited_err ? p->exited_err : p->exited;
}
static int fake_comm(void *data, uint32_t pid, char ret[64])
{
	struct fake_proc *p = by_pid(data, pid);

	if (!p || !p->comm)
		return -ENOENT;
	snprintf(ret, 64, "%s", p->comm);
	return 0;
}
static int fake_parent(void *data, uint32_t pid, uint32_t *ret)
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
static int fake_group(void *data, uint32_t pid, uint32_t *ret)
{
	struct fake_proc *p = by_pid(data, pid);

	if (!p || !p->pgrp)
		return -ENOENT;
	*ret = p->pgrp;
	return 0;
}
static int fake_pids(void *data, struct kill_pids *ret)
{
	struct fake *f = data;

	for (size_t i = 0; i < f->n; i++)
		vec_push(&ret->list, f->p[i].pid);
	return 0;
}
static int fake_signal_group(void *data, int pidfd, int sig)
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
static int fake_cgroup(void *data, uint32_t pid, struct str *ret)
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
static int fake_cgroup_open(void *data, const char *path)
{
	struct fake *f = data;

	snprintf(f->opened_cgroup, sizeof(f->opened_cgroup), "%s", path);
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}
static int fake_cgroup_pids(void *data, int dir, struct kill_pids *ret)
{
	struct fake *f = data;

	for (size_t i = 0; i < f->n; i++)
		if (f->p[i].cgroup && !strncmp(f->p[i].cgroup, f->opened_cgroup, strlen(f->opened_cgroup)) &&
		    strchr("/", f->p[i].cgroup[strlen(f->opened_cgroup)]))
			vec_push(&ret->list, f->p[i].pid);
	return 0;
}
static int fake_cgroup_kill(void *data, int dir)
{
	struct fake *f = data;

	if (!f->cgroup_kill_err)
		f->cgroup_kills++;
	return f->cgroup_kill_err;
}
static int fake_unit_stop(void *data, const char *unit)
{
	struct fake *f = data;

	snprintf(f->stopped, sizeof(f->stopped), "%s", unit);
	return f->stop_err;
}
static int fake_stoppable(void *data)
{
	return !((struct fake *)data)->no_systemctl;
}
static struct kill_sys fake_sys(struct fake *f)
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

static void add_target(struct kill_plan *plan, const char *name, uint32_t pid, uint64_t start, uint32_t inode)
{
	struct kill_target *t = vec_add(&plan->targets);

	memset(t, 0, sizeof(*t));
	t->pid = pid;
	t->start = start;
	snprintf(t->name, sizeof(t->name), "%s", name);
	if (inode)
		vec_push(&t->proofs, ((struct kill_proof){.inode = inode, .fd = 3, .cookie = inode + 1000}));
}
static void add_port(struct kill_plan *plan, uint32_t port, bool asked, bool shared)
{
	struct kill_port *p = vec_add(&plan->ports);

	memset(p, 0, sizeof(*p));
	p->proto = PROTO_TCP;
	p->port = port;
	p->asked = asked;
	p->shared = shared;
}
/* node 4000 holds inode 77 on 8080. */
static struct kill *open_node(struct fake *f, struct kill_sys *sys)
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
static const char *step(const struct kill *k, size_t i)
{
	size_t n;
	const struct kill_step *s = kill_steps(k, &n);

	return i < n ? s[i].text : "";
}
static size_t steps_n(const struct kill *k)
{
	size_t n;

	kill_steps(k, &n);
	return n;
}
static uint8_t refusal(const struct kill *k)
{
	return kill_plan(k)->targets.v[0].refusal;
}

static void opens_and_sends(void **state)
{
	struct fake f = {0};
	struct kill_sys sys;
	struct kill *k = open_node(&f, &sys);
	size_t n;

	assert_int_equal(refusal(k), KILL_OK);
	assert_true(kill_possible(k));
	assert_int_equal(f.p[0].n_signals, 0);
	assert_int_equal(kill_send(k, SIGTERM, 1000), 1);
	assert_int_equal(f.p[0].n_signals, 1);
	assert_int_equal(f.p[0].signals[0], SIGTERM);
	assert_int_equal(kill_sent_ns(k), 1000);
	assert_string_equal(step(k, 0), "TERM to node 4000 (api.service)");
	assert_int_equal(kill_steps(k, &n)[0].event, KILL_SENT);
	assert_int_equal(n, 1);
	kill_free(k);
	assert_int_equal(fcntl(f.p[0].fd, F_GETFD), -1); /* the pidfd is closed */
}

/* Each refusal at opening; none of them may let a signal through. */
static void refuses_at_open(void **state)
{
	static const struct {
		struct fake_proc p;
		uint8_t want;
	} rows[] = {
		{{.pid = 9, .start = 500, .state = 'S', .inode = 77}, KILL_GONE}, /* 4000 is not there */
		{{.pid = 4000, .start = 501, .state = 'S', .inode = 77}, KILL_REUSED},
		{{.pid = 4000, .start = 500, .state = 'S', .inode = 78}, KILL_LET_GO},
		{{.pid = 4000, .start = 500, .state = 'Z', .exited = true}, KILL_ZOMBIE},
		{{.pid = 4000, .start = 500, .state = 'S', .inode = 77, .exited = true}, KILL_GONE},
		{{.pid = 4000, .start = 500, .state = 'S', .inode = 77, .probe_err = -EPERM},
		 KILL_NOT_PERMITTED},
		{{.pid = 4000, .start = 500, .state = 'S', .inode = 77, .probe_err = -ESRCH}, KILL_GONE},
		{{.pid = 4000, .start = 500, .state = 'S', .inode = 77, .probe_err = -EINVAL}, KILL_FAILED},
		{{.pid = 4000, .start = 500, .state = 'S', .inode = 77, .open_err = -ESRCH}, KILL_GONE},
		{{.pid = 4000, .start = 500, .state = 'S', .inode = 77, .open_err = -EMFILE}, KILL_FAILED},
		{{.pid = 4000, .start = 500, .state = 'S', .holds_err = -EACCES}, KILL_NOT_PERMITTED},
		{{.pid = 4000, .start = 500, .state = 'S', .holds_err = -ENOMEM}, KILL_FAILED},
		{{.pid = 4000, .start = 500, .state = 'S', .holds_err = -ENOENT}, KILL_LET_GO},
		{{.pid = 4000, .stat_err = -ENOENT, .exited = true}, KILL_GONE},
		{{.pid = 4000, .stat_err = -ENOENT}, KILL_NOT_PERMITTED}, /* alive, hidden by hidepid */
		{{.pid = 4000, .stat_err = -EIO}, KILL_FAILED},
		{{.pid = 4000, .start = 500, .state = 'S', .inode = 77, .exited_err = -EBADF}, KILL_FAILED},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fake f = {.p = {rows[i].p}, .n = 1};
		struct kill_sys sys;
		struct kill *k = open_node(&f, &sys);

		if (refusal(k) != rows[i].want)
			fail_msg("row %zu: %d, expected %d", i, refusal(k), rows[i].want);
		assert_false(kill_possible(k));
		assert_int_equal(kill_send(k, SIGKILL, 5), 0);
		assert_int_equal(f.p[0].n_signals, 0);
		assert_int_equal(kill_sent_ns(k), 0);
		assert_string_equal(step(k, steps_n(k) - 1), "nothing was sent");
		assert_false(kill_watch(k, NULL, 6, NSEC_PER_SEC));
		kill_free(k);
	}
}

/* A leader that exited before its threads is a zombie in /proc, but its pidfd says it lives. */
static void leader_exited_threads_live(void **state)
{
	struct fake f = {.p = {{.pid = 4000, .start = 500, .state = 'Z', .inode = 77}}, .n = 1};
	struct kill_sys sys;
	struct kill *k = open_node(&f, &sys);

	assert_int_equal(refusal(k), KILL_OK);
	assert_int_equal(kill_send(k, SIGTERM, 5), 1);
	kill_free(k);
}

/* The same between opening and sending: everything is checked again. */
static void refuses_at_send(void **state)
{
	static const struct {
		struct fake_proc after;
		uint8_t want;
	} rows[] = {
		{{.start = 501, .state = 'S', .inode = 77}, KILL_REUSED},
		{{.start = 500, .state = 'S', .inode = 78}, KILL_LET_GO},
		{{.start = 500, .state = 'Z', .exited = true}, KILL_ZOMBIE},
		{{.start = 500, .state = 'S', .inode = 77, .exited = true}, KILL_GONE},
		{{.start = 500, .state = 'S', .inode = 77, .probe_err = -EPERM}, KILL_NOT_PERMITTED},
		{{.start = 500, .state = 'S', .inode = 77, .signal_err = -EPERM}, KILL_NOT_PERMITTED},
		{{.start = 500, .state = 'S', .inode = 77, .signal_err = -ESRCH}, KILL_GONE},
		{{.start = 500, .state = 'S', .inode = 77, .signal_err = -EAGAIN}, KILL_FAILED},
		{{.stat_err = -ENOENT, .exited = true}, KILL_GONE},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fake f = {0};
		struct kill_sys sys;
		struct kill *k = open_node(&f, &sys);
		int fd = f.p[0].fd;

		assert_true(kill_possible(k));
		f.p[0] = rows[i].after;
		f.p[0].pid = 4000;
		f.p[0].fd = fd;
		assert_int_equal(kill_send(k, SIGTERM, 5), 0);
		if (refusal(k) != rows[i].want)
			fail_msg("row %zu: %d, expected %d", i, refusal(k), rows[i].want);
		assert_int_equal(f.p[0].n_signals, 0);
		kill_free(k);
	}
}

static void refuses_special_pids(void **state)
{
	struct fake f = {0};
	struct kill_sys sys = fake_sys(&f);
	struct kill_plan plan = {0};
	struct kill *k;

	add_target(&plan, "systemd", 1, 1, 77);
	add_target(&plan, "kernel", 0, 0, 77);
	add_target(&plan, "self", (uint32_t)getpid(), 1, 77);
	add_target(&plan, "shell", (uint32_t)getppid(), 1, 77);
	add_target(&plan, "sshd", 4000, 1, 77);
	plan.targets.v[4].refusal = KILL_ZOMBIE; /* what the plan refused stays refused */
	k = kill_open(&plan, &sys);
	assert_int_equal(plan.targets.n, 0); /* moved */
	assert_int_equal(kill_plan(k)->targets.v[0].refusal, KILL_PID1);
	assert_int_equal(kill_plan(k)->targets.v[1].refusal, KILL_KERNEL);
	assert_int_equal(kill_plan(k)->targets.v[2].refusal, KILL_SELF);
	/* In a container the test may be pid 1's child. */
	assert_int_equal(kill_plan(k)->targets.v[3].refusal, getppid() <= 1 ? KILL_PID1 : KILL_ANCESTOR);
	assert_int_equal(kill_plan(k)->targets.v[4].refusal, KILL_ZOMBIE);
	assert_int_equal(kill_send(k, SIGKILL, 1), 0);
	kill_free(k);
}

/* Parent before child; one refused, the other goes on. */
static void sends_in_order(void **state)
{
	struct fake f = {.p = {{.pid = 20, .start = 1, .state = 'S', .inode = 7, .comm = "nginx"},
			       {.pid = 21, .start = 2, .state = 'S', .inode = 7, .comm = "nginx"},
			       {.pid = 22, .start = 3, .state = 'S', .inode = 8, .comm = "nginx"}},
			 .n = 3};
	struct kill_sys sys = fake_sys(&f);
	struct kill_plan plan = {0};
	struct kill *k;

	for (uint32_t i = 0; i < 3; i++)
		add_target(&plan, "nginx", 20 + i, 1 + i, 7);
	k = kill_open(&plan, &sys);
	assert_int_equal(kill_send(k, SIGTERM, 5), 2);
	assert_int_equal(f.order[0], 20);
	assert_int_equal(f.order[1], 21);
	assert_int_equal(f.p[2].n_signals, 0);
	assert_string_equal(step(k, 0), "TERM to nginx 20 and nginx 21");
	assert_non_null(strstr(step(k, 1), "nginx 22"));
	/* Again, now KILL, on the same pidfds; one has ended meanwhile and gets nothing. */
	f.p[0].exited = true;
	assert_true(kill_watch(k, NULL, 6, NSEC_PER_SEC));
	assert_string_equal(step(k, 2), "nginx 20 ended");
	assert_int_equal(kill_send(k, SIGKILL, 7), 1);
	assert_int_equal(f.p[0].n_signals, 1);
	assert_int_equal(f.p[1].n_signals, 2);
	assert_int_equal(f.p[1].signals[1], SIGKILL);
	kill_free(k);
}

/* What looks show. */
static void show_sock(struct snapshot *s, uint32_t port, enum state st, uint32_t inode)
{
	vec_push(&s->socks, ((struct sock){.cookie = inode + 1000,
					   .inode = inode,
					   .lport = port,
					   .proto = PROTO_TCP,
					   .state = (uint8_t)st}));
}
static void show_owner(struct snapshot *s, uint32_t inode, uint32_t pid, uint64_t start)
{
	vec_push(&s->procs, ((struct snap_proc){.pid = pid, .start = start}));
	vec_push(&s->fds, ((struct snap_fd){.inode = inode, .proc = (uint32_t)s->procs.n - 1, .fd = 3}));
}
static int fake_look(void *data, const struct want *want, struct snapshot *ret)
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

static void freed_then_taken_again(void **state)
{
	struct snapshot held, nothing, again;
	struct fake f = {0};
	struct kill_sys sys;
	struct kill *k = open_node(&f, &sys);
	struct kill_look look = {&f, fake_look};
	uint64_t t = 100 * NSEC_PER_SEC;
	size_t n;

	snapshot_init(&held);
	snapshot_init(&nothing);
	snapshot_init(&again);
	show_sock(&held, 8080, STATE_LISTENING, 77);
	show_sock(&again, 8080, STATE_LISTENING, 99);
	show_owner(&again, 99, 30112, 1000000);
	f.p[1] = (struct fake_proc){.pid = 30112, .comm = "no\nde"}; /* a hostile name */
	f.n = 2;
	f.now = &held;
	kill_send(k, SIGTERM, t);
	assert_true(kill_watch(k, &look, t + 10 * NSEC_PER_MS, 30 * NSEC_PER_SEC));
	assert_int_equal(steps_n(k), 1);
	assert_false(kill_all_free(k));
	f.p[0].exited = true;
	f.now = &nothing;
	assert_true(kill_watch(k, &look, t + 84 * NSEC_PER_MS, 30 * NSEC_PER_SEC));
	assert_string_equal(step(k, 1), "node 4000 ended");
	assert_string_equal(step(k, 2), "8080/tcp is free");
	assert_int_equal(kill_steps(k, &n)[2].at_ns, t + 84 * NSEC_PER_MS);
	assert_int_equal(kill_steps(k, &n)[2].event, KILL_FREED);
	assert_true(kill_all_free(k));
	assert_int_equal(f.owner_looks, 0); /* nobody asked for owners so far */
	f.now = &again;
	kill_watch(k, &look, t + 5100 * NSEC_PER_MS, 30 * NSEC_PER_SEC);
	assert_string_equal(step(k, 3), "8080/tcp taken again: no\\nde 30112");
	assert_int_equal(f.owner_looks, 1);
	assert_false(kill_all_free(k));
	assert_false(kill_watch(k, &look, t + 30 * NSEC_PER_SEC, 30 * NSEC_PER_SEC));
	assert_int_equal(kill_steps(k, &n)[n - 1].event, KILL_WATCH_OVER);
	assert_false(kill_watch(k, &look, t + 31 * NSEC_PER_SEC, 30 * NSEC_PER_SEC));
	snapshot_done(&held);
	snapshot_done(&nothing);
	snapshot_done(&again);
	kill_free(k);
}

/* The socket outlives its target: a fork of it holds it too, and was there before the signal. */
static void still_held_by_another(void **state)
{
	struct snapshot held;
	struct fake f = {0};
	struct kill_sys sys;
	struct kill *k = open_node(&f, &sys);
	struct kill_look look = {&f, fake_look};
	uint64_t t = 100 * NSEC_PER_SEC;

	snapshot_init(&held);
	show_sock(&held, 8080, STATE_LISTENING, 77);
	show_owner(&held, 77, 4001, 600);
	f.p[1] = (struct fake_proc){.pid = 4001, .comm = "node"};
	f.n = 2;
	f.now = &held;
	kill_send(k, SIGTERM, t);
	f.p[0].exited = true;
	kill_watch(k, &look, t + 40 * NSEC_PER_MS, 30 * NSEC_PER_SEC);
	kill_watch(k, &look, t + 80 * NSEC_PER_MS, 30 * NSEC_PER_SEC);
	assert_int_equal(steps_n(k), 3); /* said once */
	assert_string_equal(step(k, 2), "8080/tcp still held by node 4001");
	assert_false(kill_all_free(k));
	snapshot_done(&held);
	kill_free(k);
}

/* Restarted so fast that no look saw it free: a process younger than the signal is no old holder. */
static void taken_between_looks(void **state)
{
	struct snapshot again;
	struct fake f = {0};
	struct kill_sys sys;
	struct kill *k = open_node(&f, &sys);
	struct kill_look look = {&f, fake_look};
	uint64_t t = 100 * NSEC_PER_SEC;

	snapshot_init(&again);
	show_sock(&again, 8080, STATE_LISTENING, 99);
	show_owner(&again, 99, 4001, (uint64_t)sysconf(_SC_CLK_TCK) * 101);
	f.now = &again;
	kill_send(k, SIGTERM, t);
	f.p[0].exited = true;
	kill_watch(k, &look, t + 40 * NSEC_PER_MS, 30 * NSEC_PER_SEC);
	assert_string_equal(step(k, 2), "8080/tcp taken again: pid 4001");
	snapshot_done(&again);
	kill_free(k);
}

static void says_who_ignores(void **state)
{
	struct snapshot held;
	struct fake f = {0};
	struct kill_sys sys;
	struct kill *k = open_node(&f, &sys);
	struct kill_look look = {&f, fake_look};
	uint64_t t = 100 * NSEC_PER_SEC;

	snapshot_init(&held);
	show_sock(&held, 8080, STATE_LISTENING, 77);
	f.now = &held;
	kill_send(k, SIGTERM, t);
	kill_watch(k, &look, t + 4999 * NSEC_PER_MS, 30 * NSEC_PER_SEC);
	assert_int_equal(steps_n(k), 1);
	kill_watch(k, &look, t + 5000 * NSEC_PER_MS, 30 * NSEC_PER_SEC);
	assert_string_equal(step(k, 1), "still held after 5.0 s: node 4000 ignores TERM");
	kill_watch(k, &look, t + 6000 * NSEC_PER_MS, 30 * NSEC_PER_SEC);
	assert_int_equal(steps_n(k), 2);
	/* HUP is not meant to end anything. */
	kill_send(k, SIGHUP, t + 7 * NSEC_PER_SEC);
	kill_watch(k, &look, t + 13 * NSEC_PER_SEC, 30 * NSEC_PER_SEC);
	assert_int_equal(steps_n(k), 3);
	snapshot_done(&held);
	kill_free(k);
}

static void look_fails(void **state)
{
	struct fake f = {.look_err = -EMFILE};
	struct kill_sys sys;
	struct kill *k = open_node(&f, &sys);
	struct kill_look look = {&f, fake_look};

	kill_send(k, SIGTERM, NSEC_PER_SEC);
	kill_watch(k, &look, 2 * NSEC_PER_SEC, 30 * NSEC_PER_SEC);
	kill_watch(k, &look, 3 * NSEC_PER_SEC, 30 * NSEC_PER_SEC);
	assert_int_equal(steps_n(k), 2);
	assert_non_null(strstr(step(k, 1), "cannot be looked at"));
	assert_false(kill_all_free(k));
	kill_free(k);
}

/* A service that restarts in a loop does not grow the list for ever. */
static void steps_are_bounded(void **state)
{
	struct snapshot nothing, again;
	struct fake f = {0};
	struct kill_sys sys;
	struct kill *k = open_node(&f, &sys);
	struct kill_look look = {&f, fake_look};
	uint64_t t = 100 * NSEC_PER_SEC;

	snapshot_init(&nothing);
	snapshot_init(&again);
	show_sock(&again, 8080, STATE_BOUND, 99);
	show_owner(&again, 99, 5, 1000000);
	kill_send(k, SIGTERM, t);
	f.p[0].exited = true;
	for (int i = 0; i < 200; i++) {
		f.now = i % 2 ? &again : &nothing;
		t += 100 * NSEC_PER_MS;
		kill_watch(k, &look, t, 3600 * NSEC_PER_SEC);
	}
	assert_int_equal(steps_n(k), 64);
	snapshot_done(&nothing);
	snapshot_done(&again);
	kill_free(k);
}

/* A server with a child and a helper: one group, one unit. */
static struct kill *open_family(struct fake *f, struct kill_sys *sys, uint64_t *t)
{
	struct kill_plan plan = {0};

	if (!f->n) {
		const char *unit = "/system.slice/api.service";

		f->p[0] = (struct fake_proc){.pid = 40,
					     .ppid = 1,
					     .start = 5,
					     .state = 'S',
					     .inode = 7,
					     .comm = "node",
					     .pgrp = 40,
					     .cgroup = unit};
		f->p[1] = (struct fake_proc){.pid = 41,
					     .ppid = 40,
					     .start = 6,
					     .state = 'S',
					     .comm = "node",
					     .pgrp = 40,
					     .cgroup = unit};
		f->p[2] = (struct fake_proc){.pid = 42,
					     .ppid = 1,
					     .start = 7,
					     .state = 'S',
					     .comm = "help\ner",
					     .pgrp = 42,
					     .cgroup = "/system.slice/api.service/sub"};
		f->p[3] = (struct fake_proc){.pid = 43,
					     .ppid = 1,
					     .start = 8,
					     .state = 'S',
					     .comm = "other",
					     .pgrp = 43,
					     .cgroup = "/system.slice/api.services.service"};
		f->n = 4;
	}
	*sys = fake_sys(f);
	*t = 100 * NSEC_PER_SEC;
	add_target(&plan, "node", 40, 5, 7);
	snprintf(plan.targets.v[0].unit, sizeof(plan.targets.v[0].unit), "api.service");
	add_port(&plan, 8080, true, false);
	return kill_open(&plan, sys);
}
static size_t way_to(const struct kill *k, uint8_t to)
{
	const struct kill_plan *p = kill_plan(k);
	size_t i = 0;

	while (i < p->ways.n && p->ways.v[i].to != to)
		i++;
	return i;
}
static bool offers(const struct kill *k, uint8_t to)
{
	return way_to(k, to) < kill_plan(k)->ways.n;
}

static void offers_group_unit_and_stop(void **state)
{
	struct fake f = {0};
	struct kill_sys sys;
	uint64_t t;
	struct kill *k = open_family(&f, &sys, &t);
	const struct kill_plan *p = kill_plan(k);

	assert_int_equal(p->ways.n, 4);
	assert_string_equal(p->ways.v[0].text, "node 40");
	assert_int_equal(p->ways.v[1].to, KILL_TO_GROUP);
	assert_string_equal(p->ways.v[1].text, "node 40 and 1 child");
	assert_int_equal(p->ways.v[2].to, KILL_TO_UNIT);
	assert_string_equal(p->ways.v[2].text, "api.service, 3 processes");
	assert_string_equal(f.opened_cgroup, "/system.slice/api.service");
	assert_int_equal(p->ways.v[3].to, KILL_TO_STOP);
	assert_string_equal(p->ways.v[3].command, "systemctl stop api.service");
	assert_int_equal(p->respawns.n, 1);
	assert_int_equal(p->respawns.v[0].state, RESPAWN_ASKING);
	kill_free(k);
}

static void sends_to_the_group_at_once(void **state)
{
	struct fake f = {0};
	struct kill_sys sys;
	uint64_t t;
	struct kill *k = open_family(&f, &sys, &t);

	kill_choose(k, way_to(k, KILL_TO_GROUP));
	assert_int_equal(kill_send(k, SIGINT, t), 2);
	assert_int_equal(f.group_sig, SIGINT);
	assert_int_equal(f.p[0].n_signals, 1);
	assert_int_equal(f.p[1].n_signals, 1);
	assert_int_equal(f.p[2].n_signals + f.p[3].n_signals, 0);
	kill_free(k);
}

/* Somebody joined whom the user was not shown: he gets nothing. Nor on kernels that cannot signal a group. */
static void group_one_by_one(void **state)
{
	for (int joined = 0; joined < 2; joined++) {
		struct fake f = {.group_err = joined ? 0 : -EINVAL};
		struct kill_sys sys;
		uint64_t t;
		struct kill *k = open_family(&f, &sys, &t);

		kill_choose(k, way_to(k, KILL_TO_GROUP));
		if (joined)
			f.p[3].pgrp = 40;
		assert_int_equal(kill_send(k, SIGTERM, t), 2);
		assert_int_equal(f.group_sig, 0);
		assert_int_equal(f.p[0].n_signals, 1);
		assert_int_equal(f.p[1].n_signals, 1);
		assert_int_equal(f.p[3].n_signals, 0);
		kill_free(k);
	}
}

/* Who left group or unit meanwhile gets nothing; when the holder lets go nobody does. */
static void members_are_checked_again(void **state)
{
	struct fake f = {0};
	struct kill_sys sys;
	uint64_t t;
	struct kill *k = open_family(&f, &sys, &t);

	kill_choose(k, way_to(k, KILL_TO_UNIT));
	f.p[2].cgroup = "/system.slice/other.service";
	assert_int_equal(kill_send(k, SIGTERM, t), 2);
	assert_int_equal(f.p[2].n_signals, 0);
	assert_int_equal(f.cgroup_kills, 0);
	kill_free(k);

	f = (struct fake){0};
	k = open_family(&f, &sys, &t);
	kill_choose(k, way_to(k, KILL_TO_UNIT));
	f.p[0].inode = 8;
	assert_int_equal(kill_send(k, SIGKILL, t), 0);
	assert_int_equal(f.cgroup_kills, 0);
	for (size_t i = 0; i < f.n; i++)
		assert_int_equal(f.p[i].n_signals, 0);
	kill_free(k);

	f = (struct fake){0};
	k = open_family(&f, &sys, &t);
	kill_choose(k, way_to(k, KILL_TO_GROUP));
	f.p[1].start = 66; /* its number was given to another process */
	assert_int_equal(kill_send(k, SIGTERM, t), 1);
	assert_int_equal(f.p[1].n_signals, 0);
	kill_free(k);
}

static void ends_the_unit_at_once(void **state)
{
	struct fake f = {0};
	struct kill_sys sys;
	uint64_t t;
	struct kill *k = open_family(&f, &sys, &t);
	size_t way = way_to(k, KILL_TO_UNIT);

	assert_true(kill_needs_word(kill_plan(k), way, SIGKILL));
	assert_false(kill_needs_word(kill_plan(k), way, SIGTERM));
	kill_choose(k, way);
	assert_int_equal(kill_send(k, SIGKILL, t), 3);
	assert_int_equal(f.cgroup_kills, 1);
	assert_int_equal(f.p[0].n_signals + f.p[1].n_signals + f.p[2].n_signals, 0);
	kill_free(k);

	/* Before 5.14 there is no cgroup.kill: one by one. */
	f = (struct fake){.cgroup_kill_err = -ENOENT};
	k = open_family(&f, &sys, &t);
	kill_choose(k, way_to(k, KILL_TO_UNIT));
	assert_int_equal(kill_send(k, SIGKILL, t), 3);
	assert_int_equal(f.p[0].signals[0], SIGKILL);
	assert_int_equal(f.p[2].signals[0], SIGKILL);
	assert_int_equal(f.p[3].n_signals, 0);
	kill_free(k);
}

/* Never the own unit or group, nor one with an ancestor or pid 1 in it, nor a slice. */
static void own_unit_is_not_offered(void **state)
{
	static const char *const own[] = {"/system.slice/api.service", "/system.slice/api.service/sub/deep"};
	struct kill_sys sys;
	struct kill *k;
	uint64_t t;

	for (size_t i = 0; i < ARRAY_LEN(own); i++) {
		struct fake f = {.own_cgroup = own[i]};

		k = open_family(&f, &sys, &t);
		assert_false(offers(k, KILL_TO_UNIT));
		assert_false(offers(k, KILL_TO_STOP));
		kill_free(k);
	}
	for (int i = 0; i < 3; i++) {
		struct fake f = {0};

		kill_free(open_family(&f, &sys, &t)); /* fills f */
		if (i == 0)
			f.p[1].pid = (uint32_t)getppid();
		else if (i == 1)
			f.p[1].pid = (uint32_t)getpid();
		else
			f.p[1].pid = 1;
		f.p[1].n_signals = 0;
		k = open_family(&f, &sys, &t);
		assert_false(offers(k, KILL_TO_GROUP));
		assert_false(offers(k, KILL_TO_UNIT));
		kill_free(k);
	}
	for (int i = 0; i < 2; i++) {
		struct fake f = {0};

		kill_free(open_family(&f, &sys, &t));
		f.p[0].cgroup = i ? "/" : "/user.slice/user-1000.slice/session-3.scope";
		k = open_family(&f, &sys, &t);
		assert_false(offers(k, KILL_TO_UNIT));
		assert_false(offers(k, KILL_TO_STOP));
		kill_free(k);
	}
}

static void stops_the_unit(void **state)
{
	struct fake f = {0};
	struct kill_sys sys;
	uint64_t t;
	struct kill *k = open_family(&f, &sys, &t);

	kill_choose(k, way_to(k, KILL_TO_STOP));
	assert_int_equal(kill_send(k, SIGTERM, t), 1);
	assert_string_equal(f.stopped, "api.service");
	assert_int_equal(f.p[0].n_signals, 0); /* systemd signals, not we */
	assert_string_equal(step(k, 0), "systemctl stop api.service");
	f.p[0].exited = true;
	kill_watch(k, NULL, t + 1, NSEC_PER_SEC);
	assert_string_equal(step(k, 1), "node 40 ended");
	kill_free(k);

	f = (struct fake){.stop_err = -ENOENT};
	k = open_family(&f, &sys, &t);
	kill_choose(k, way_to(k, KILL_TO_STOP));
	assert_int_equal(kill_send(k, SIGTERM, t), 0);
	assert_non_null(strstr(step(k, 0), "cannot be started"));
	assert_int_equal(kill_sent_ns(k), 0);
	kill_free(k);

	f = (struct fake){.no_systemctl = true};
	k = open_family(&f, &sys, &t);
	assert_false(offers(k, KILL_TO_STOP));
	assert_int_equal(kill_plan(k)->respawns.v[0].state, RESPAWN_UNKNOWN);
	kill_free(k);
}

/* A container is ended by its own tool; the command is only shown. */
static void containers_are_copied(void **state)
{
	struct fake f = {0};
	struct kill_sys sys;
	uint64_t t;
	struct kill *k;

	kill_free(open_family(&f, &sys, &t));
	f.p[0].cgroup = "/system.slice/docker-"
			"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.scope";
	k = open_family(&f, &sys, &t);
	assert_true(offers(k, KILL_TO_UNIT));
	assert_false(offers(k, KILL_TO_STOP));
	assert_string_equal(kill_plan(k)->ways.v[way_to(k, KILL_TO_COPY)].command,
			    "docker stop 0123456789ab");
	kill_choose(k, way_to(k, KILL_TO_COPY));
	assert_int_equal(kill_send(k, SIGKILL, t), 0);
	for (size_t i = 0; i < f.n; i++)
		assert_int_equal(f.p[i].n_signals, 0);
	kill_free(k);
}

/* Free, but not for everybody. */
static void tells_time_wait(void **state)
{
	struct snapshot left;
	struct fake f = {0};
	struct kill_sys sys;
	struct kill *k = open_node(&f, &sys);
	struct kill_look look = {&f, fake_look};
	uint64_t t = 100 * NSEC_PER_SEC;

	snapshot_init(&left);
	show_sock(&left, 8080, STATE_TIME_WAIT, 0);
	left.socks.v[0].timer = 3;
	left.socks.v[0].timer_ms = 40500;
	show_sock(&left, 8080, STATE_TIME_WAIT, 0);
	show_sock(&left, 8081, STATE_TIME_WAIT, 0);
	f.now = &left;
	kill_send(k, SIGTERM, t);
	f.p[0].exited = true;
	kill_watch(k, &look, t + NSEC_PER_MS, 30 * NSEC_PER_SEC);
	assert_string_equal(step(k, 2), "8080/tcp is free");
	assert_string_equal(step(k, 3),
			    "free, but 2 connections in time-wait for 41s: bind needs SO_REUSEADDR");
	assert_true(kill_all_free(k));
	kill_watch(k, &look, t + NSEC_PER_SEC, 30 * NSEC_PER_SEC);
	assert_int_equal(f.linger_looks, 1);
	assert_int_equal(steps_n(k), 4);
	snapshot_done(&left);
	kill_free(k);
}

static void names_of_signals(void **state)
{
	char buf[16];

	assert_int_equal(kill_signal_by_name("TERM"), SIGTERM);
	assert_int_equal(kill_signal_by_name("sigusr1"), SIGUSR1);
	assert_int_equal(kill_signal_by_name("9"), SIGKILL);
	assert_int_equal(kill_signal_by_name("WINCH"), SIGWINCH);
	assert_int_equal(kill_signal_by_name("RTMIN+3"), SIGRTMIN + 3);
	assert_int_equal(kill_signal_by_name("65"), 0);
	assert_int_equal(kill_signal_by_name("0"), 0);
	assert_int_equal(kill_signal_by_name("TERMINATE"), 0);
	assert_int_equal(kill_signal_by_name("SIG"), 0);
	assert_int_equal(kill_signal_by_name("-9"), 0);
	for (int sig = 1; sig <= SIGRTMAX; sig++)
		assert_int_equal(kill_signal_by_name(kill_signal_name(sig, buf)), sig);
}

static void log_is_one_line(void **state)
{
	static const struct kill_step steps[] = {
		{1000000000, KILL_SENT, 0, "TERM to node 21877 (api.service)"},
		{1084000000, KILL_ENDED, 1, "node 21877 ended"},
		{1085000000, KILL_FREED, 1, "8080/tcp is free"},
		{6100000000, KILL_TAKEN_AGAIN, 3, "8080/tcp taken again: node 30112"},
		{31000000000, KILL_WATCH_OVER, 0, "no longer watched"},
	};
	struct str s = {0};

	kill_log_put(steps, ARRAY_LEN(steps), 1000000000, &s);
	assert_string_equal(
		str_text(&s),
		"TERM to node 21877 (api.service): node 21877 ended after 84 ms; 8080/tcp is free after "
		"85 ms; 8080/tcp taken again: node 30112 after 5.1 s");
	str_clear(&s);
	kill_log_put(steps, 0, 0, &s);
	assert_string_equal(str_text(&s), "");
	str_done(&s);
}

static void menu_is_sane(void **state)
{
	assert_int_equal(kill_signals[0].number, SIGTERM);
	for (size_t i = 0; i < kill_signals_n; i++) {
		assert_true(kill_signals[i].number > 0);
		assert_true(strlen(kill_signals[i].name) <= 4);
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(kill_signals[i].number, kill_signals[j].number);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_and_sends),
		cmocka_unit_test(refuses_at_open),
		cmocka_unit_test(leader_exited_threads_live),
		cmocka_unit_test(refuses_at_send),
		cmocka_unit_test(refuses_special_pids),
		cmocka_unit_test(sends_in_order),
		cmocka_unit_test(freed_then_taken_again),
		cmocka_unit_test(still_held_by_another),
		cmocka_unit_test(taken_between_looks),
		cmocka_unit_test(says_who_ignores),
		cmocka_unit_test(look_fails),
		cmocka_unit_test(steps_are_bounded),
		cmocka_unit_test(offers_group_unit_and_stop),
		cmocka_unit_test(sends_to_the_group_at_once),
		cmocka_unit_test(group_one_by_one),
		cmocka_unit_test(members_are_checked_again),
		cmocka_unit_test(ends_the_unit_at_once),
		cmocka_unit_test(own_unit_is_not_offered),
		cmocka_unit_test(stops_the_unit),
		cmocka_unit_test(containers_are_copied),
		cmocka_unit_test(tells_time_wait),
		cmocka_unit_test(names_of_signals),
		cmocka_unit_test(log_is_one_line),
		cmocka_unit_test(menu_is_sane),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
