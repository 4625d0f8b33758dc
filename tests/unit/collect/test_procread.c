/* The parsers of /proc texts on names that processes chose to be awkward, and the readers on ourselves. */
#include "proctext.h"
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char tail[] = " S 812 4242 4200 34816 4242 4194560 1 2 3 4 150 50 7 8 20 0 3 0 987654 11 222 "
			   "18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0\n";

static int parse(const char *comm, size_t n, struct proc_stat *ret)
{
	char buf[512];
	size_t at = (size_t)snprintf(buf, sizeof(buf), "4242 (");

	memcpy(buf + at, comm, n);
	at += n;
	buf[at++] = ')';
	memcpy(buf + at, tail, sizeof(tail) - 1);
	return proc_stat_parse(buf, at + sizeof(tail) - 1, ret);
}

static void test_stat(void **state)
{
	struct proc_stat st;

	assert_int_equal(parse("nginx", 5, &st), 0);
	assert_int_equal(st.pid, 4242);
	assert_int_equal(st.ppid, 812);
	assert_int_equal(st.pgrp, 4242);
	assert_int_equal(st.session, 4200);
	assert_int_equal(st.state, 'S');
	assert_int_equal(st.threads, 3);
	assert_true(st.start == 987654);
	assert_true(st.cpu_ticks == 200);
	assert_true(st.rss_pages == 222);
	assert_int_equal(st.comm_n, 5);
	assert_string_equal(st.comm, "nginx");
}

static void test_stat_hostile_names(void **state)
{
	static const char *const names[] = {"",
					    ") R 1 1 1",
					    "a) S 1 (b",
					    "\033[31m",
					    "x\ny",
					    "\xff\xfe",
					    ("\xe2\x80\xae"
					     "evil"),
					    "((((",
					    "))))"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct proc_stat st;

		assert_int_equal(parse(names[i], strlen(names[i]), &st), 0);
		assert_int_equal(st.comm_n, strlen(names[i]));
		assert_memory_equal(st.comm, names[i], strlen(names[i]));
		assert_int_equal(st.state, 'S');
		assert_int_equal(st.ppid, 812);
	}
}

static void test_stat_long_name(void **state)
{
	char name[200];
	struct proc_stat st;

	memset(name, 'k', sizeof(name));
	assert_int_equal(parse(name, sizeof(name), &st), 0);
	assert_int_equal(st.comm_n, sizeof(st.comm) - 1);
	assert_int_equal(st.comm[sizeof(st.comm) - 1], '\0');
	assert_true(st.start == 987654);
}

static void test_stat_cut(void **state)
{
	char buf[512];
	size_t n = (size_t)snprintf(buf, sizeof(buf), "4242 (nginx)%s", tail);
	size_t rss_end = (size_t)(strstr(buf, " 222 ") - buf) + 2; /* a number cut short still is one */
	struct proc_stat st = {.pid = 99};

	for (size_t i = 0; i < rss_end; i++) {
		assert_int_equal(proc_stat_parse(buf, i, &st), -EBADMSG);
		assert_int_equal(st.pid, 99);
	}
	for (size_t i = rss_end; i <= n; i++)
		assert_int_equal(proc_stat_parse(buf, i, &st), 0);
	assert_int_equal(proc_stat_parse(") (", 3, &st), -EBADMSG);
	assert_int_equal(proc_stat_parse("x (y) S 1", 9, &st), -EBADMSG);
	assert_int_equal(proc_stat_parse("99999999999999999999 (y) S 1", 28, &st), -EBADMSG);
}

static void check_cgroup(const char *text, const char *want)
{
	const char *path;
	size_t n;
	int r = proc_cgroup_parse(text, strlen(text), &path, &n);

	if (!want) {
		assert_int_equal(r, -EBADMSG);
		return;
	}
	assert_int_equal(r, 0);
	assert_int_equal(n, strlen(want));
	assert_memory_equal(path, want, n);
}

static void test_cgroup(void **state)
{
	check_cgroup("0::/system.slice/nginx.service\n", "/system.slice/nginx.service");
	check_cgroup("0::/", "/");
	check_cgroup("12:memory:/docker/ab\n3:cpu,cpuacct:/other\n1:name=systemd:/lxc/web\n", "/lxc/web");
	check_cgroup("9:name=systemd:/\n4:memory:/job/7\n1:cpu:/x\n0::/\n", "/job/7");
	check_cgroup("1:name=systemd:/user.slice\n0::/a:b\n", "/a:b");
	check_cgroup("0::/gone.service (deleted)\n", "/gone.service");
	check_cgroup("4:cpu:/x\n", NULL);
	check_cgroup("0::relative\n", NULL);
	check_cgroup("", NULL);
	check_cgroup("0:\n:::\n0\n", NULL);
}

static void test_limits(void **state)
{
	static const char text[] =
		"Limit                     Soft Limit           Hard Limit           Units     \n"
		"Max processes             96365                96365                processes \n"
		"Max open files            1024                 1048576              files     \n";
	uint32_t n = 7;

	assert_int_equal(proc_limits_parse(text, sizeof(text) - 1, &n), 0);
	assert_int_equal(n, 1024);
	assert_int_equal(proc_limits_parse("Max open files   unlimited  unlimited", 37, &n), 0);
	assert_int_equal(n, 0);
	n = 7;
	assert_int_equal(proc_limits_parse("Max open files   x", 18, &n), -EBADMSG);
	assert_int_equal(proc_limits_parse("xMax open files   9", 19, &n), -EBADMSG);
	assert_int_equal(proc_limits_parse("", 0, &n), -EBADMSG);
	assert_int_equal(n, 7);
}

static void test_links_and_names(void **state)
{
	assert_int_equal(proc_socket_link("socket:[123]", 12), 123);
	assert_int_equal(proc_socket_link("socket:[4294967295]", 19), 4294967295u);
	assert_int_equal(proc_socket_link("socket:[4294967296]", 19), 0);
	assert_int_equal(proc_socket_link("socket:[123", 11), 0);
	assert_int_equal(proc_socket_link("socket:[123]x", 13), 0);
	assert_int_equal(proc_socket_link("socket:[-3]", 11), 0);
	assert_int_equal(proc_socket_link("socket:[ 3]", 11), 0);
	assert_int_equal(proc_socket_link("socket:[]", 9), 0);
	assert_int_equal(proc_socket_link("/tmp/socket:[123]", 17), 0);
	assert_int_equal(proc_socket_link("pipe:[123]", 10), 0);
	assert_int_equal(proc_pid_name("1"), 1);
	assert_int_equal(proc_pid_name("2147483647"), INT_MAX);
	assert_int_equal(proc_pid_name("2147483648"), 0);
	assert_int_equal(proc_pid_name("0"), 0);
	assert_int_equal(proc_pid_name("01"), 0);
	assert_int_equal(proc_pid_name("self"), 0);
	assert_int_equal(proc_pid_name("12x"), 0);
	assert_int_equal(proc_pid_name(""), 0);
}

static void test_ourselves(void **state)
{
	uint32_t me = (uint32_t)getpid();
	struct proc_stat st;
	struct str s = {0};
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe));

	assert_int_equal(proc_stat_read(me, &st), 0);
	assert_int_equal(st.pid, me);
	assert_int_equal(st.ppid, getppid());
	assert_true(st.start > 0 && st.rss_pages > 0);
	assert_int_equal(proc_stat_read(INT_MAX, &st), -ENOENT);
	assert_int_equal(st.pid, me);

	assert_int_equal(proc_cmdline_read(me, &s), 0);
	assert_non_null(strstr(str_text(&s), "procread"));
	assert_int_equal(s.s[s.n - 1], '\0'); /* arguments are parted and ended by NULs */
	str_clear(&s);
	assert_int_equal(proc_link_read(me, "exe", &s), 0);
	assert_true(n > 0 && s.n == (size_t)n);
	assert_memory_equal(s.s, exe, s.n);
	assert_int_equal(proc_link_read(INT_MAX, "exe", &s), -ENOENT);
	assert_int_equal(proc_cmdline_read(INT_MAX, &s), -ENOENT);
	assert_int_equal(s.n, n);
	str_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stat),
		cmocka_unit_test(test_stat_hostile_names),
		cmocka_unit_test(test_stat_long_name),
		cmocka_unit_test(test_stat_cut),
		cmocka_unit_test(test_cgroup),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_links_and_names),
		cmocka_unit_test(test_ourselves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
