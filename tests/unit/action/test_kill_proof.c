/* Nobody but the one that was shown: numbers given to other processes, in a pid namespace of the test's own where that
 * can be forced; members of groups; and ten thousand races. In every test a bystander tells that nothing else was
 * signalled. */
#include "real_proc.h"
#include "sockeye/action/kill.h"
#include "sockeye/base/units.h"
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define RACES 10000
#define RACES_EACH 4 /* with one victim */
#define NUMBER 300 /* the pid that is given again and again */

static int listener(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, 3))
		return -1;
	return fd;
}

/* clone3(2) with a number of one's choice. */
struct clone_args_ {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid,
		set_tid_size, cgroup;
};
static pid_t fork_as(pid_t number)
{
	pid_t tid[1] = {number};
	struct clone_args_ a = {
		.exit_signal = SIGCHLD, .set_tid = (uint64_t)(uintptr_t)tid, .set_tid_size = 1};

	return (pid_t)syscall(435 /* clone3, on every architecture */, &a, sizeof(a));
}

/* ---- A world with numbers of its own ---- */

struct shared { /* between the test and what runs in the namespace */
	atomic_int result, line;
	atomic_int hits; /* signals that somebody got who was not shown */
};
#define CHECK(what)                                                                                          \
	do {                                                                                                 \
		if (!(what)) {                                                                               \
			atomic_store(&sh->line, __LINE__);                                                   \
			atomic_store(&sh->result, 1);                                                        \
			_exit(1);                                                                            \
		}                                                                                            \
	} while (0)

/* Runs body as the first process of a pid namespace with a /proc of its own. */
static void in_namespace(void (*body)(struct shared *))
{
	struct shared *sh =
		mmap(NULL, sizeof(*sh), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t outer;
	int st;

	assert_true(sh != MAP_FAILED);
	outer = fork();
	if (!outer) {
		pid_t inner;

		if (unshare(CLONE_NEWPID | CLONE_NEWNS) < 0)
			_exit(77);
		inner = fork();
		if (!inner) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
			    mount("proc", "/proc", "proc", 0, NULL) < 0)
				_exit(77);
			body(sh);
			_exit(0);
		}
		if (inner < 0 || waitpid(inner, &st, 0) != inner)
			_exit(1);
		_exit(WIFEXITED(st) ? WEXITSTATUS(st) : 1);
	}
	assert_int_equal(waitpid(outer, &st, 0), outer);
	assert_true(WIFEXITED(st));
	if (WEXITSTATUS(st) == 77) {
		munmap(sh, sizeof(*sh));
		skip();
	}
	if (atomic_load(&sh->result) || WEXITSTATUS(st))
		fail_msg("line %d, exit %d", atomic_load(&sh->line), WEXITSTATUS(st));
	assert_int_equal(atomic_load(&sh->hits), 0);
	munmap(sh, sizeof(*sh));
}

static void idle(void)
{
	for (;;)
		pause();
}

/* The dialog is open, the process ends, its number goes to another one: that one gets nothing, whether the clock
 * between their starts has ticked or not. */
static void reuse_body(struct shared *sh)
{
	for (int ticks = 0; ticks < 2; ticks++) {
		int fd = listener();
		uint32_t inode = inode_of(fd);
		struct kill_plan plan = {0};
		uint64_t start;
		struct kill *k;
		pid_t pid;

		pid = fork_as(NUMBER);
		CHECK(pid >= 0);
		if (!pid)
			idle();
		start = start_of(pid);
		target(&plan, pid, start, inode, fd);
		k = kill_open(&plan, NULL);
		CHECK(kill_plan(k)->targets.v[0].refusal == KILL_OK);
		kill(pid, SIGKILL);
		CHECK(waitpid(pid, NULL, 0) == pid);
		if (ticks)
			usleep(25000);
		/* The heir holds the very same socket: only its being another process speaks for it. */
		pid = fork_as(NUMBER);
		CHECK(pid >= 0);
		if (!pid)
			idle();
		CHECK(pid == NUMBER);
		CHECK(kill_send(k, SIGKILL, 1) == 0);
		CHECK(kill_plan(k)->targets.v[0].refusal == KILL_REUSED ||
		      kill_plan(k)->targets.v[0].refusal == KILL_GONE);
		if (ticks)
			CHECK(kill_plan(k)->targets.v[0].refusal == KILL_REUSED);
		CHECK(waitpid(pid, NULL, WNOHANG) == 0);
		kill_free(k);
		/* Nor is it when the list that was shown is older than the dialog. */
		if (ticks) {
			target(&plan, pid, start, inode, fd);
			k = kill_open(&plan, NULL);
			CHECK(kill_plan(k)->targets.v[0].refusal == KILL_REUSED);
			CHECK(kill_send(k, SIGKILL, 1) == 0);
			CHECK(waitpid(pid, NULL, WNOHANG) == 0);
			kill_free(k);
		}
		kill(pid, SIGKILL);
		CHECK(waitpid(pid, NULL, 0) == pid);
		close(fd);
	}
}

static void number_given_to_another(void **state)
{
	if (geteuid() != 0)
		skip();
	in_namespace(reuse_body);
}

/* ---- Ten thousand races ---- */

struct stage { /* what the list would show of NUMBER just now */
	atomic_uint_fast64_t start;
	atomic_uint inode;
	atomic_int fd;
	atomic_uint round; /* changes with every new victim */
	atomic_bool stop;
	atomic_uint victims, innocents, victims_hit;
};

/* An innocent: whoever signals it is caught, whatever the signal. Its maker blocked all of them before it was made, and
 * lets it go with USR2. */
static _Noreturn void innocent(struct shared *sh)
{
	sigset_t set;

	sigfillset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		int sig = sigwaitinfo(&set, NULL);

		if (sig == SIGUSR2)
			_exit(0);
		if (sig > 0)
			atomic_fetch_add(&sh->hits, 1);
	}
}

/* A holder. Some let go after a while: between the last check and the signal nobody can look once more, so what reaches
 * those may be meant for them. It is counted, but they are no innocents. */
static _Noreturn void victim(struct stage *g, unsigned round)
{
	int fd = listener(), sig;
	sigset_t set;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (fd < 0)
		_exit(1);
	atomic_store(&g->inode, inode_of(fd));
	atomic_store(&g->fd, fd);
	atomic_store(&g->start, start_of(getpid()));
	atomic_store(&g->round, round);
	if (round % 3) {
		sigemptyset(&set);
		sigprocmask(SIG_SETMASK, &set, NULL);
		idle();
	}
	usleep(round % 7 * 20);
	close(fd);
	sigfillset(&set);
	while ((sig = sigwaitinfo(&set, NULL)) != SIGUSR2)
		if (sig > 0)
			atomic_fetch_add(&g->victims_hit, 1);
	_exit(0);
}

/* Gives NUMBER in turn to one who holds a socket and to one who never did. */
static void give_and_take(struct shared *sh, struct stage *g)
{
	sigset_t set;
	int st;

	sigfillset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
	for (unsigned round = 1; !atomic_load(&g->stop); round++) {
		pid_t pid = fork_as(NUMBER);

		CHECK(pid >= 0);
		if (!pid)
			victim(g, round);
		atomic_fetch_add(&g->victims, 1);
		while (atomic_load(&g->round) != round && waitpid(pid, NULL, WNOHANG) == 0)
			sched_yield();
		usleep(round % 5 * 30);
		kill(pid, round % 3 ? SIGKILL : SIGUSR2);
		CHECK(waitpid(pid, NULL, 0) == pid);
		pid = fork_as(NUMBER);
		CHECK(pid >= 0);
		if (!pid)
			innocent(sh);
		atomic_fetch_add(&g->innocents, 1);
		usleep(round % 4 * 30);
		kill(pid, SIGUSR2);
		CHECK(waitpid(pid, &st, 0) == pid);
		CHECK(WIFEXITED(st) && WEXITSTATUS(st) == 0);
	}
	_exit(0);
}

static void race_body(struct shared *sh)
{
	struct stage *g = mmap(NULL, sizeof(*g), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t maker, bystanders[3];
	sigset_t all, before;
	unsigned sent = 0, refused[KILL_REFUSAL_N] = {0}, round = 0;
	int st;

	CHECK(g != MAP_FAILED);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	for (size_t i = 0; i < ARRAY_LEN(bystanders); i++) {
		bystanders[i] = fork();
		if (!bystanders[i])
			innocent(sh);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	maker = fork();
	if (!maker)
		give_and_take(sh, g);
	while (!atomic_load(&g->round))
		usleep(100);
	for (int i = 0; i < RACES; i++) {
		struct kill_plan plan = {0};
		struct kill *k;
		uint8_t r;

		while (i % RACES_EACH == 0 && atomic_load(&g->round) == round)
			sched_yield();
		round = atomic_load(&g->round);
		target(&plan, NUMBER, atomic_load(&g->start), atomic_load(&g->inode), atomic_load(&g->fd));
		k = kill_open(&plan, NULL);
		if (i % 3 == 0)
			usleep((unsigned)i % 11 * 10);
		if (kill_send(k, SIGTERM, 1) == 1)
			sent++;
		r = kill_plan(k)->targets.v[0].refusal;
		refused[r < KILL_REFUSAL_N ? r : 0]++;
		kill_free(k);
	}
	atomic_store(&g->stop, true);
	CHECK(waitpid(maker, &st, 0) == maker);
	CHECK(WIFEXITED(st) && WEXITSTATUS(st) == 0);
	for (size_t i = 0; i < ARRAY_LEN(bystanders); i++) {
		CHECK(waitpid(bystanders[i], NULL, WNOHANG) == 0);
		kill(bystanders[i], SIGKILL);
		CHECK(waitpid(bystanders[i], NULL, 0) == bystanders[i]);
	}
	printf("    %u races: %u signalled, %u gone, %u let go, %u reused, %u zombies; %u victims (%u after "
	       "letting go), %u innocents\n",
	       RACES, sent, refused[KILL_GONE], refused[KILL_LET_GO], refused[KILL_REUSED],
	       refused[KILL_ZOMBIE], (unsigned)atomic_load(&g->victims),
	       (unsigned)atomic_load(&g->victims_hit), (unsigned)atomic_load(&g->innocents));
	fflush(stdout);
	/* A race that nobody ever won or lost would prove nothing. */
	CHECK(sent > 20);
	CHECK(refused[KILL_GONE] + refused[KILL_REUSED] + refused[KILL_ZOMBIE] + refused[KILL_LET_GO] > 20);
	CHECK(atomic_load(&g->innocents) > 50);
}

static void ten_thousand_races(void **state)
{
	if (geteuid() != 0)
		skip();
	in_namespace(race_body);
}

/* ---- Groups, with the real kernel ---- */

static pid_t child_in(pid_t group, int close_fd, const int ready[2])
{
	pid_t pid = fork();

	if (!pid) {
		setpgid(0, group);
		if (close_fd >= 0)
			close(close_fd);
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		idle();
	}
	setpgid(pid, group);
	return pid;
}

/* A server, its worker and its helper in a group; a bystander that has the socket too but is none of it. */
static void process_group(void **state)
{
	int fd = listener(), ready[2];
	pid_t leader, worker, bystander, late;
	struct kill_plan plan = {0};
	struct kill *k;
	size_t way = 0;
	char c;
	int st;

	assert_int_equal(pipe(ready), 0);
	leader = child_in(0, -1, ready);
	worker = child_in(leader, fd, ready);
	bystander = child_in(0, -1, ready);
	for (int i = 0; i < 3; i++)
		assert_int_equal(read(ready[0], &c, 1), 1);
	target(&plan, leader, start_of(leader), inode_of(fd), fd);
	k = kill_open(&plan, NULL);
	while (way < kill_plan(k)->ways.n && kill_plan(k)->ways.v[way].to != KILL_TO_GROUP)
		way++;
	assert_true(way < kill_plan(k)->ways.n);
	assert_int_equal(kill_plan(k)->ways.v[way].procs, 2);
	/* Somebody joins whom the user was not shown. */
	late = child_in(leader, fd, ready);
	assert_int_equal(read(ready[0], &c, 1), 1);
	kill_choose(k, way);
	assert_int_equal(kill_send(k, SIGTERM, 1), 2);
	assert_int_equal(waitpid(leader, &st, 0), leader);
	assert_true(WIFSIGNALED(st) && WTERMSIG(st) == SIGTERM);
	assert_int_equal(waitpid(worker, &st, 0), worker);
	assert_true(WIFSIGNALED(st) && WTERMSIG(st) == SIGTERM);
	assert_int_equal(waitpid(late, NULL, WNOHANG), 0);
	assert_int_equal(waitpid(bystander, NULL, WNOHANG), 0);
	kill_free(k);
	kill(late, SIGKILL);
	kill(bystander, SIGKILL);
	waitpid(late, NULL, 0);
	waitpid(bystander, NULL, 0);
	close(ready[0]);
	close(ready[1]);
	close(fd);
}

/* The test's own group and unit are never offered: this very process is in them. */
static void own_group_is_not_offered(void **state)
{
	int fd = listener(), ready[2];
	struct kill_plan plan = {0};
	struct kill *k;
	pid_t pid;
	char c;

	assert_int_equal(pipe(ready), 0);
	pid = child_in(getpgrp(), -1, ready);
	assert_int_equal(read(ready[0], &c, 1), 1);
	target(&plan, pid, start_of(pid), inode_of(fd), fd);
	k = kill_open(&plan, NULL);
	assert_int_equal(kill_plan(k)->targets.v[0].refusal, KILL_OK);
	for (size_t i = 0; i < kill_plan(k)->ways.n; i++) {
		assert_int_not_equal(kill_plan(k)->ways.v[i].to, KILL_TO_GROUP);
		assert_int_not_equal(kill_plan(k)->ways.v[i].to, KILL_TO_UNIT);
	}
	kill_free(k);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(ready[0]);
	close(ready[1]);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(number_given_to_another),
		cmocka_unit_test(ten_thousand_races),
		cmocka_unit_test(process_group),
		cmocka_unit_test(own_group_is_not_offered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
