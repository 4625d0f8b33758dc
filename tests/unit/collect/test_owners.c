/* The owner search on trees made here: plain files and links that look like /proc. */
#include "owners_tree.h"

static void test_all_holders_oldest_first(void **state)
{
	struct tree *t = *state;
	const struct snap_proc *p;

	put_process(t, 30, "worker", 500);
	put_process(t, 20, "a)\n\033[2J", 600); /* younger, though its pid is lower */
	put_process(t, 40, "master", 400);
	put_process(t, 50, "other", 450);
	put_socket(t, 30, 3, 111);
	put_socket(t, 20, 3, 111);
	put_socket(t, 40, 7, 111);
	put_socket(t, 40, 5, 111); /* a dup */
	put_socket(t, 40, 6, 222);
	put_socket(t, 50, 4, 999); /* a socket, but none of this snapshot */
	put_link(t, 50, 0, "/dev/null");
	put_link(t, 50, 1, "pipe:[111]");
	LOOK(t, 0, 0, 222, 111, 333);

	assert_string_equal(holders(t), "222:40/6 111:40/5 111:40/7 111:30/3 111:20/3");
	assert_int_equal(t->snap.procs.n, 3);
	assert_true(t->snap.owners_complete);
	assert_int_equal(t->snap.hidden_procs, 0);
	assert_int_equal(t->snap.limits.n, 0);
	p = &t->snap.procs.v[2];
	assert_int_equal(p->pid, 20);
	assert_int_equal(intern_len(t->names, p->comm), 7);
	assert_memory_equal(intern_get(t->names, p->comm), "a)\n\033[2J", 7);
	assert_int_equal(p->ppid, 1);
	assert_int_equal(p->uid, geteuid());
	assert_true(p->start == 600);
	assert_true(p->cpu_ticks == 42);
	assert_true(p->rss_bytes == 5 * (uint64_t)sysconf(_SC_PAGESIZE));
	assert_int_equal(p->threads, 1);
	assert_int_equal(p->fds_max, 1024);
	assert_int_equal(p->state, 'S');
	assert_int_equal(p->flags, PROC_FULL);
	assert_string_equal(intern_get(t->names, p->cgroup), "/system.slice/demo.service");
}

/* A known descriptor is not read again: the link is changed behind its back, the count stays. */
static void test_known_is_not_searched_again(void **state)
{
	struct tree *t = *state;

	put_process(t, 20, "a", 100);
	put_socket(t, 20, 3, 111);
	LOOK(t, 0, S, 111);
	assert_string_equal(holders(t), "111:20/3");
	put_socket(t, 20, 3, 222);
	LOOK(t, 0.1, S, 111);
	assert_string_equal(holders(t), "111:20/3");
	/* … but a socket that nobody is known to hold is looked for */
	LOOK(t, 0.1, 0, 222);
	assert_string_equal(holders(t), "222:20/3");
}

static void test_every_link_is_read_again_in_the_long_run(void **state)
{
	struct tree *t = *state;

	put_process(t, 20, "a", 100);
	put_process(t, 21, "b", 100);
	put_socket(t, 20, 3, 111);
	put_socket(t, 21, 3, 111);
	LOOK(t, 0, S, 111);
	put_link(t, 20, 3, "/dev/null");
	for (int i = 0; i < 61; i++)
		LOOK(t, 1, S, 111);
	assert_string_equal(holders(t), "111:21/3");
}

static void test_new_socket_of_changed_process(void **state)
{
	struct tree *t = *state;

	for (uint32_t pid = 20; pid < 40; pid++)
		put_process(t, pid, "x", pid);
	put_socket(t, 25, 3, 111);
	LOOK(t, 0, S, 111);
	put_socket(t, 35, 3, 222);
	LOOK(t, 0.1, S, 111, 222);
	if (!strncmp(t->root, "/dev/shm", 8)) { /* the size changed: it is the first to be searched */
		assert_string_equal(holders(t), "111:25/3 222:35/3");
		assert_true(t->snap.owners_complete);
	}
	for (int i = 0; i < 60; i++)
		LOOK(t, 0.1, S, 111, 222);
	assert_string_equal(holders(t), "111:25/3 222:35/3");
}

/* Same count, another socket: a sweep finds it, but not all at once. */
static void test_sweep_is_spread(void **state)
{
	struct tree *t = *state;
	int looks = 0;

	for (uint32_t pid = 100; pid < 200; pid++) {
		put_process(t, pid, "x", pid);
		put_link(t, pid, 3, "/dev/null");
	}
	LOOK(t, 0, S, 111);
	assert_true(t->snap.owners_complete);
	unlink(path_of(t, "180/fd/3"));
	put_socket(t, 180, 3, 222);
	do {
		LOOK(t, 1, S, 222);
		looks++;
		if (!t->snap.fds.n)
			assert_false(t->snap.owners_complete);
	} while (!t->snap.fds.n && looks < 20);
	assert_string_equal(holders(t), "222:180/3");
	assert_true(looks <= 6);
	if (!strncmp(t->root, "/dev/shm", 8))
		assert_true(looks >= 3); /* the 81st of 101, about 21 a second */
	/* settled: a socket that nobody holds keeps the search complete and starts no sweep */
	for (int i = 0; i < 8; i++)
		LOOK(t, 1, S, 222, 333);
	assert_true(t->snap.owners_complete);
}

/* One connection closed and another accepted on the same number: the lost one gives the process away. */
static void test_lost_one_is_suspicious(void **state)
{
	struct tree *t = *state;

	for (uint32_t pid = 100; pid < 150; pid++) {
		put_process(t, pid, "x", pid);
		put_socket(t, pid, 3, pid);
	}
	LOOK(t, 0, S, 140, 141);
	assert_string_equal(holders(t), "140:140/3 141:141/3");
	unlink(path_of(t, "140/fd/3"));
	put_socket(t, 140, 3, 222);
	LOOK(t, 0.01, S, 222, 141, 333);
	assert_string_equal(holders(t), "222:140/3 141:141/3");
	assert_true(t->snap.socks.v[0].flags & SOCK_SEARCHED);
	assert_false(t->snap.socks.v[2].flags & SOCK_SEARCHED); /* 333 can be anybody's yet */
	assert_false(t->snap.owners_complete);
	LOOK(t, 0.01, 0, 222, 141, 333);
	assert_true(t->snap.socks.v[2].flags & SOCK_SEARCHED);
	assert_true(t->snap.owners_complete);
}

static void test_budget(void **state)
{
	struct tree *t = *state;
	int looks = 1;

	for (uint32_t pid = 100; pid < 110; pid++) {
		put_process(t, pid, "x", pid);
		put_socket(t, pid, 3, 1000 + pid);
	}
	LOOK(t, 0, 1, 1100); /* next to nothing: one process a look, the youngest first */
	assert_false(t->snap.owners_complete);
	assert_false(t->snap.socks.v[0].flags & SOCK_SEARCHED);
	assert_int_equal(t->snap.fds.n, 0);
	while (!t->snap.owners_complete && looks++ < 50)
		LOOK(t, 0, 1, 1100);
	assert_int_equal(looks, 11); /* with process 1 */
	assert_string_equal(holders(t), "1100:100/3");
}

static void test_vanished_and_reused(void **state)
{
	struct tree *t = *state;

	put_process(t, 20, "old", 100);
	put_process(t, 21, "stays", 50);
	put_socket(t, 20, 3, 111);
	put_socket(t, 21, 3, 111);
	put_socket(t, 21, 4, 222);
	LOOK(t, 0, S, 111, 222);
	assert_string_equal(holders(t), "111:21/3 111:20/3 222:21/4");

	/* the pid goes to another process without a socket; nothing but the start tells */
	put_stat(t, 20, "new", 'S', 1, 900);
	put_link(t, 20, 3, "/dev/null");
	LOOK(t, 0.1, S, 111, 222);
	assert_string_equal(holders(t), "111:21/3 222:21/4");

	put_socket(t, 20, 3, 111);
	put_stat(t, 20, "newer", 'S', 1, 950);
	put_socket(t, 20, 5, 333);
	LOOK(t, 0.1, 0, 111, 222, 333);
	assert_string_equal(holders(t), "111:21/3 111:20/3 222:21/4 333:20/5");
	assert_true(t->snap.procs.v[1].start == 950);

	remove_all(path_of(t, "20"));
	LOOK(t, 0.1, S, 111, 222, 333);
	assert_string_equal(holders(t), "111:21/3 222:21/4");

	/* a process that ends under the search: a directory without a stat */
	assert_int_equal(mkdir(path_of(t, "22"), 0755), 0);
	unlink(path_of(t, "21/stat"));
	LOOK(t, 0.1, S, 111, 222);
	assert_int_equal(t->snap.fds.n, 0);
	assert_int_equal(t->snap.procs.n, 0);
}

static void test_leader_exited(void **state)
{
	struct tree *t = *state;

	put_process(t, 20, "zombie", 100);
	put_stat(t, 20, "zombie", 'Z', 2, 100);
	assert_int_equal(mkdir(path_of(t, "20/task"), 0755), 0);
	assert_int_equal(mkdir(path_of(t, "20/task/20"), 0755), 0);
	assert_int_equal(mkdir(path_of(t, "20/task/23"), 0755), 0);
	assert_int_equal(mkdir(path_of(t, "20/task/23/fd"), 0755), 0);
	assert_int_equal(symlink("socket:[111]", path_of(t, "20/task/23/fd/8")), 0);
	LOOK(t, 0, 0, 111);
	assert_string_equal(holders(t), "111:20/8");
	assert_int_equal(t->snap.procs.v[0].state, 'Z');
}

static void test_odd_entries(void **state)
{
	struct tree *t = *state;

	put_process(t, 20, "a", 100);
	put_file(t, "uptime", "1 2\n");
	assert_int_equal(mkdir(path_of(t, "007"), 0755), 0);
	assert_int_equal(mkdir(path_of(t, "99999999999"), 0755), 0);
	put_link(t, 20, 3, "socket:[111");
	put_link(t, 20, 4, "socket:[99999999999]");
	put_link(t, 20, 5, "socket:[111]x");
	put_link(t, 20, 6, "[]");
	put_socket(t, 20, 7, 111);
	put_socket(t, 20, 2147483647, 111);
	put_file(t, "20/fd/abc", "");
	LOOK(t, 0, 0, 111);
	assert_string_equal(holders(t), "111:20/7 111:20/2147483647");
}

/* Root reads everything in a tree of plain files, so somebody else has to look. */
static void look_as_nobody(struct tree *t, uint32_t inode)
{
	bool root = !geteuid();

	if (root) {
		assert_int_equal(chmod(t->root, 0755), 0);
		assert_int_equal(seteuid(65534), 0);
	}
	LOOK(t, 0.1, 0, inode);
	if (root)
		assert_int_equal(seteuid(0), 0);
}

static void test_hidden_processes(void **state)
{
	struct tree *t = *state;

	put_process(t, 20, "a", 100);
	put_socket(t, 20, 3, 111);
	put_process(t, 21, "b", 100);
	put_socket(t, 21, 3, 111);
	put_process(t, 22, "c", 100);
	put_file(t, "22/cgroup", "0::/system.slice/other.service\n");
	assert_int_equal(chmod(path_of(t, "20/fd"), 0), 0);
	assert_int_equal(chmod(path_of(t, "22/fd"), 0), 0);
	assert_int_equal(mkdir(path_of(t, "22/net"), 0755), 0);
	put_file(t, "22/net/dev", "");
	assert_int_equal(mkdir(path_of(t, "thread-self"), 0755), 0);
	assert_int_equal(mkdir(path_of(t, "thread-self/net"), 0755), 0);
	put_file(t, "thread-self/net/dev", "");
	look_as_nobody(t, 111);
	assert_string_equal(holders(t), "111:21/3");
	assert_int_equal(t->snap.hidden_procs, 2);
	assert_int_equal(t->snap.hidden.n, 2);
	assert_int_equal(t->snap.hidden.v[0].uid, getuid());
	assert_string_equal(intern_get(t->names, t->snap.hidden.v[0].cgroup), "/system.slice/demo.service");
	assert_int_equal(t->snap.hidden.v[0].netns, SNAP_ANY);
	assert_string_equal(intern_get(t->names, t->snap.hidden.v[1].cgroup), "/system.slice/other.service");
	assert_int_equal(t->snap.hidden.v[1].netns, SNAP_NOT_OWN); /* another file, another namespace */
	assert_int_equal(t->snap.limits.n, 1);
	assert_string_equal(t->snap.limits.v[0].what, "owners");
	assert_string_equal(t->snap.limits.v[0].reason, "not-permitted");

	/* the same file: ours */
	assert_int_equal(unlink(path_of(t, "thread-self/net/dev")), 0);
	assert_int_equal(link(path_of(t, "22/net/dev"), path_of(t, "thread-self/net/dev")), 0);
	snapshot_clear(&t->snap);
	vec_push(&t->snap.netns, ((struct snap_netns){.inode = 5}));
	vec_push(&t->snap.netns, ((struct snap_netns){.inode = 6, .own = true}));
	owners_look(t->owners, &t->snap, t->now_ns, 0);
	assert_int_equal(t->snap.hidden.v[1].netns, 1);
	assert_int_equal(chmod(path_of(t, "20/fd"), 0755), 0);
	assert_int_equal(chmod(path_of(t, "22/fd"), 0755), 0);
}

static void test_hidepid(void **state)
{
	struct tree *t = *state;

	remove_all(path_of(t, "1"));
	put_process(t, 20, "a", 100);
	LOOK(t, 0, 0, 111);
	assert_int_equal(t->snap.limits.n, 1);
	assert_string_equal(t->snap.limits.v[0].reason, "hidden");
	assert_int_equal(t->snap.hidden_procs, 1);
}

static void test_many(void **state)
{
	struct tree *t = *state;

	for (uint32_t pid = 100; pid < 130; pid++) {
		put_process(t, pid, "x", 1000 - pid);
		for (int fd = 0; fd < 40; fd++)
			put_socket(t, pid, fd, fd < 20 ? 5000 + (uint32_t)fd : pid * 100 + (uint32_t)fd);
	}
	snapshot_clear(&t->snap);
	for (uint32_t i = 0; i < 20; i++)
		*vec_add(&t->snap.socks) = (struct sock){.inode = 5000 + i};
	for (uint32_t pid = 100; pid < 130; pid++)
		for (uint32_t fd = 20; fd < 40; fd++)
			*vec_add(&t->snap.socks) = (struct sock){.inode = pid * 100 + fd};
	*vec_add(&t->snap.socks) = (struct sock){.inode = 0};
	owners_look(t->owners, &t->snap, t->now_ns, 0);
	assert_int_equal(t->snap.procs.n, 30);
	assert_int_equal(t->snap.fds.n, 30 * 40);
	for (size_t i = 0; i < 20 * 30; i++) {
		assert_int_equal(t->snap.fds.v[i].inode, 5000 + i / 30);
		assert_int_equal(t->snap.procs.v[t->snap.fds.v[i].proc].pid, 129 - i % 30);
	}
	for (size_t i = 600; i < 1200; i++)
		assert_int_equal(t->snap.fds.v[i].inode, t->snap.socks.v[i - 580].inode);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_all_holders_oldest_first),
		CASE(test_known_is_not_searched_again),
		CASE(test_every_link_is_read_again_in_the_long_run),
		CASE(test_new_socket_of_changed_process),
		CASE(test_sweep_is_spread),
		CASE(test_lost_one_is_suspicious),
		CASE(test_budget),
		CASE(test_vanished_and_reused),
		CASE(test_leader_exited),
		CASE(test_odd_entries),
		CASE(test_hidden_processes),
		CASE(test_hidepid),
		CASE(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
