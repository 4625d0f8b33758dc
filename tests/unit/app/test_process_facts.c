/* The facts of a process's page, read from real processes that the test starts. */
#include "process_facts.h"
#include "sockeye/base/mem.h"
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* A child that waits; its namespaces may be others. Gives its pid. */
static pid_t child(int unshared, int *ret_wake)
{
	int ready[2], wake[2];
	char c = 0;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(wake), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(wake[1]);
		c = unshared && unshare(unshared) < 0;
		(void)!write(ready[1], &c, 1);
		(void)!read(wake[0], &c, 1);
		_exit(0);
	}
	close(wake[0]);
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	*ret_wake = wake[1];
	if (c) { /* not permitted here */
		close(wake[1]);
		waitpid(pid, NULL, 0);
		return 0;
	}
	return pid;
}

static void end(pid_t pid, int wake)
{
	close(wake);
	waitpid(pid, NULL, 0);
}

static void parents(void **state)
{
	struct str s = {0};
	char first[64];
	int wake;
	pid_t pid;

	prctl(PR_SET_NAME, "a\n) b");
	pid = child(0, &wake);
	process_parents((uint32_t)pid, &s);
	snprintf(first, sizeof(first), "%d a\n) b", (int)getpid());
	assert_true(s.n > strlen(first) + 1);
	assert_string_equal(s.s, first); /* the record ends with a NUL */
	assert_int_equal(s.s[s.n - 1], '\0');
	end(pid, wake);
	str_clear(&s);
	process_parents((uint32_t)pid, &s); /* gone */
	assert_int_equal(s.n, 0);
	str_done(&s);
}

static void namespaces(void **state)
{
	struct str same = {0}, other = {0};
	int wake;
	pid_t pid = child(CLONE_NEWNET | CLONE_NEWUTS, &wake);

	process_namespaces((uint32_t)getpid(), &same);
	if (!pid)
		skip();
	process_namespaces((uint32_t)pid, &other);
	/* Where the test runs may be other namespaces than pid 1's: the two that were made are there in any case. */
	/* Who may not look at pid 1 compares with himself. */
	assert_true(!strncmp(str_text(&other), "own: ", 5) ||
		    !strncmp(str_text(&other), "not sockeye's: ", 15));
	assert_non_null(strstr(str_text(&other), "net"));
	assert_non_null(strstr(str_text(&other), "uts"));
	assert_true(!strncmp(str_text(&same), "as ", 3) || !strncmp(str_text(&same), "own: ", 5));
	assert_int_not_equal(strcmp(str_text(&same), str_text(&other)), 0);
	end(pid, wake);
	str_clear(&other);
	process_namespaces((uint32_t)pid, &other);
	assert_int_equal(other.n, 0);
	str_done(&same);
	str_done(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parents),
		cmocka_unit_test(namespaces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
