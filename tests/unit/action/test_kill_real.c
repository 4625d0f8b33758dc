/* The kill with real processes: children of the test's own, a bystander among them. */
#include "real_proc.h"
#include "sockeye/action/kill.h"
#include "sockeye/base/units.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static int listener(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 3), 0);
	return fd;
}
/* A child that keeps fd and waits; `ready` tells that it stands. */
static pid_t child(int keep)
{
	int ready[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		if (keep < 0)
			for (int fd = 3; fd < 32; fd++)
				if (fd != ready[1])
					close(fd);
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	return pid;
}
static bool runs(pid_t pid)
{
	return waitpid(pid, NULL, WNOHANG) == 0;
}
static int reap(pid_t pid)
{
	int st = -1;

	assert_int_equal(waitpid(pid, &st, 0), pid);
	return st;
}
/* Until the end is seen: the pidfd tells, at most some seconds. */
static bool watch_ends(struct kill *k)
{
	for (int i = 1; i < 500; i++) {
		size_t n;
		const struct kill_step *s;

		kill_watch(k, NULL, NSEC_PER_SEC + (uint64_t)i, 30 * NSEC_PER_SEC);
		s = kill_steps(k, &n);
		if (n && s[n - 1].event == KILL_ENDED)
			return true;
		poll(NULL, 0, 10);
	}
	return false;
}
static int open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static void only_the_target_gets_it(void **state)
{
	int fds = open_fds(), fd = listener(), st;
	pid_t holder = child(fd), bystander = child(-1), other_holder = child(fd);
	struct kill_plan plan = {0};
	struct kill *k;

	target(&plan, holder, start_of(holder), inode_of(fd), fd);
	k = kill_open(&plan, NULL);
	assert_int_equal(kill_plan(k)->targets.v[0].refusal, KILL_OK);
	assert_true(runs(holder)); /* opening sends nothing */
	assert_int_equal(kill_send(k, SIGTERM, NSEC_PER_SEC), 1);
	assert_true(watch_ends(k));
	st = reap(holder);
	assert_true(WIFSIGNALED(st) && WTERMSIG(st) == SIGTERM);
	assert_true(runs(bystander));
	assert_true(runs(other_holder));
	kill_free(k);
	kill(bystander, SIGKILL);
	kill(other_holder, SIGKILL);
	reap(bystander);
	reap(other_holder);
	close(fd);
	assert_int_equal(open_fds(), fds); /* no pidfd leaked */
}

/* The number of the shown descriptor was wrong or moved: another descriptor of the same socket proves it. */
static void found_at_another_fd(void **state)
{
	int fd = listener();
	pid_t holder = child(fd);
	struct kill_plan plan = {0};
	struct kill *k;

	target(&plan, holder, start_of(holder), inode_of(fd), 0);
	target(&plan, holder, start_of(holder), inode_of(fd) + 1000003, fd);
	k = kill_open(&plan, NULL);
	assert_int_equal(kill_plan(k)->targets.v[0].refusal, KILL_OK);
	assert_int_equal(kill_plan(k)->targets.v[1].refusal, KILL_LET_GO);
	kill_free(k);
	kill(holder, SIGKILL);
	reap(holder);
	close(fd);
}

static void other_start_is_refused(void **state)
{
	int fd = listener();
	pid_t holder = child(fd);
	struct kill_plan plan = {0};
	struct kill *k;

	target(&plan, holder, start_of(holder) + 1, inode_of(fd), fd);
	k = kill_open(&plan, NULL);
	assert_int_equal(kill_plan(k)->targets.v[0].refusal, KILL_REUSED);
	assert_int_equal(kill_send(k, SIGKILL, 1), 0);
	assert_true(runs(holder));
	kill_free(k);
	kill(holder, SIGKILL);
	reap(holder);
	close(fd);
}

static void zombie_and_gone(void **state)
{
	pid_t pid = child(-1);
	uint64_t start = start_of(pid);
	struct kill_plan plan = {0};
	siginfo_t si;
	struct kill *k;

	/* Opened while it lives, ended before the signal. */
	target(&plan, pid, start, 0, 0);
	k = kill_open(&plan, NULL);
	assert_true(kill_possible(k));
	kill(pid, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)pid, &si, WEXITED | WNOWAIT), 0);
	assert_int_equal(kill_send(k, SIGTERM, 1), 0);
	assert_int_equal(kill_plan(k)->targets.v[0].refusal, KILL_ZOMBIE);
	kill_free(k);
	target(&plan, pid, start, 0, 0);
	k = kill_open(&plan, NULL);
	assert_int_equal(kill_plan(k)->targets.v[0].refusal, KILL_ZOMBIE);
	kill_free(k);
	reap(pid);
	target(&plan, pid, start, 0, 0);
	k = kill_open(&plan, NULL);
	assert_int_equal(kill_plan(k)->targets.v[0].refusal, KILL_GONE);
	kill_free(k);
}

static void lets_go_between(void **state)
{
	int fd = listener(), go[2], done[2];
	uint32_t inode = inode_of(fd);
	struct kill_plan plan = {0};
	struct kill *k;
	pid_t pid;
	char c = 'x';

	assert_int_equal(pipe(go), 0);
	assert_int_equal(pipe(done), 0);
	pid = fork();
	if (!pid) {
		if (read(go[0], &c, 1) != 1)
			_exit(1);
		close(fd);
		if (write(done[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	target(&plan, pid, start_of(pid), inode, fd);
	k = kill_open(&plan, NULL);
	assert_int_equal(kill_plan(k)->targets.v[0].refusal, KILL_OK);
	assert_int_equal(write(go[1], "x", 1), 1);
	assert_int_equal(read(done[0], &c, 1), 1);
	assert_int_equal(kill_send(k, SIGKILL, 1), 0);
	assert_int_equal(kill_plan(k)->targets.v[0].refusal, KILL_LET_GO);
	assert_true(runs(pid));
	kill_free(k);
	kill(pid, SIGKILL);
	reap(pid);
	close(fd);
	for (int i = 0; i < 2; i++) {
		close(go[i]);
		close(done[i]);
	}
}

/* Not permitted: the test gives up its rights in a child and asks there. */
static void not_permitted(void **state)
{
	pid_t victim, asker;
	int st;

	if (geteuid() != 0)
		skip();
	victim = child(-1);
	asker = fork();
	if (!asker) {
		struct kill_plan plan = {0};
		struct kill *k;
		int bad;

		target(&plan, victim, start_of(victim), 0, 0);
		if (setgid(65534) || setuid(65534))
			_exit(9);
		k = kill_open(&plan, NULL);
		bad = kill_plan(k)->targets.v[0].refusal != KILL_NOT_PERMITTED ||
		      kill_send(k, SIGKILL, 1) != 0;
		kill_free(k);
		_exit(bad);
	}
	st = reap(asker);
	assert_true(WIFEXITED(st));
	assert_int_equal(WEXITSTATUS(st), 0);
	assert_true(runs(victim));
	kill(victim, SIGKILL);
	reap(victim);
}

#define MANY 6000u

/* One with sockets that nobody has, and with this one among them; 0: with none that it has. */
static void shown_with_many(struct kill_plan *plan, pid_t pid, uint32_t left)
{
	target(plan, pid, start_of(pid), UINT32_MAX, 100);
	for (uint32_t i = 1; i < MANY; i++)
		vec_push(&plan->targets.v[0].proofs,
			 ((struct kill_proof){.inode = left && i == 77 ? left : UINT32_MAX - i,
					      .fd = 100 + (int)i}));
}

/* A server that has dropped the thousands of connections it was shown with, and has as many others: its descriptors are
 * walked once and not for each. With a walk for each this takes two minutes. */
static void thousands_let_go(void **state)
{
	struct rlimit was, more;
	int fd = listener(), null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct kill_plan plan = {0};
	struct kill *k;
	pid_t holder;

	(void)state;
	getrlimit(RLIMIT_NOFILE, &was);
	more = was;
	more.rlim_cur = was.rlim_max < MANY + 64 ? was.rlim_max : MANY + 64;
	setrlimit(RLIMIT_NOFILE, &more);
	for (uint32_t i = 0; i < MANY && dup(null) >= 0; i++)
		;
	holder = child(fd);
	for (int i = null + 1; i < (int)more.rlim_cur; i++)
		close(i);
	setrlimit(RLIMIT_NOFILE, &was);
	shown_with_many(&plan, holder, 0);
	k = kill_open(&plan, NULL);
	assert_int_equal(kill_plan(k)->targets.v[0].refusal, KILL_LET_GO);
	assert_int_equal(kill_send(k, SIGKILL, 1), 0);
	kill_free(k);
	assert_true(runs(holder));
	/* one of them is left, under another number */
	shown_with_many(&plan, holder, inode_of(fd));
	k = kill_open(&plan, NULL);
	assert_int_equal(kill_plan(k)->targets.v[0].refusal, KILL_OK);
	kill_free(k);
	kill(holder, SIGKILL);
	reap(holder);
	close(null);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(thousands_let_go),    cmocka_unit_test(only_the_target_gets_it),
		cmocka_unit_test(found_at_another_fd), cmocka_unit_test(other_start_is_refused),
		cmocka_unit_test(zombie_and_gone),     cmocka_unit_test(lets_go_between),
		cmocka_unit_test(not_permitted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
