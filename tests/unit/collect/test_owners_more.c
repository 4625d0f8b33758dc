/* What the owner search finds beside plain descriptors, where it looks first, and what it reads again. */
#include "../heap.h"
#include "owners_tree.h"
#include "sockeye/base/proclink.h"

/* ---- tables of threads, rings, descriptors under way ---- */

/* Threads below 30 share the process's table, the others have one for every ten. */
static int table_by_ten(uint32_t a, uint32_t b)
{
	return (a < 30 ? 0 : a / 10) == (b < 30 ? 0 : b / 10);
}

static int not_comparable(uint32_t a, uint32_t b)
{
	return -1;
}

static void put_thread(const struct tree *t, uint32_t pid, uint32_t tid)
{
	assert_int_equal(mkdir(path_of(t, namef("%u/task/%u", pid, tid)), 0755), 0);
	assert_int_equal(mkdir(path_of(t, namef("%u/task/%u/fd", pid, tid)), 0755), 0);
}

static void put_thread_link(const struct tree *t, uint32_t pid, uint32_t tid, int fd, const char *to)
{
	assert_int_equal(symlink(to, path_of(t, namef("%u/task/%u/fd/%d", pid, tid, fd))), 0);
}

static void test_thread_tables(void **state)
{
	struct tree *t = *state;

	put_process(t, 20, "a", 100);
	put_stat(t, 20, "a", 'S', 5, 100);
	assert_int_equal(mkdir(path_of(t, "20/task"), 0755), 0);
	for (uint32_t tid = 20; tid < 60; tid += 9) /* 20 29 38 47 56 */
		put_thread(t, 20, tid);
	put_thread(t, 20, 57); /* of one table with 56 */
	put_socket(t, 20, 3, 111);
	put_thread_link(t, 20, 29, 3, "socket:[999]"); /* not a table of its own: not read */
	put_thread_link(t, 20, 38, 3, "socket:[222]");
	put_thread_link(t, 20, 47, 3,
			"socket:[111]"); /* a number can name one thing here and another there */
	put_thread_link(t, 20, 56, 9, "socket:[333]");
	put_thread_link(t, 20, 57, 9, "socket:[333]");
	t->owners->scan.same_files = table_by_ten;
	LOOK(t, 0, 0, 111, 222, 333, 999);
	assert_string_equal(holders(t), "111:20/3 111:20/3 222:20/3 333:20/9");
	assert_true(t->snap.owners_complete);
	LOOK(t, 1, S, 111, 222, 333, 999); /* nothing is read again, nothing is lost */
	assert_string_equal(holders(t), "111:20/3 111:20/3 222:20/3 333:20/9");

	/* known ones are verified where they are */
	assert_int_equal(owner_still_has(&t->owners->scan, t->owners->procs.v[1], 9, 333), 1);
	assert_int_equal(unlink(path_of(t, "20/task/56/fd/9")), 0);
	assert_int_equal(unlink(path_of(t, "20/task/57/fd/9")), 0);
	assert_int_equal(owner_still_has(&t->owners->scan, t->owners->procs.v[1], 9, 333), 0);

	/* where threads cannot be compared they count as what they nearly always are */
	t->owners->scan.same_files = not_comparable;
	put_stat(t, 20, "a", 'S', 6, 200);
	LOOK(t, 0, 0, 111, 222);
	assert_string_equal(holders(t), "111:20/3");
}

static void test_ring_files(void **state)
{
	struct tree *t = *state;

	put_process(t, 20, "a", 100);
	put_link(t, 20, 5, "anon_inode:[io_uring]");
	put_link(t, 20, 6, "anon_inode:[eventpoll]");
	assert_int_equal(mkdir(path_of(t, "20/fdinfo"), 0755), 0);
	put_file(t, "20/fdinfo/5",
		 "pos:\t0\nflags:\t02\nSQEs:\t1\n    7: socket:[888]\nUserFiles:\t4\n    0: socket:[111]\n   "
		 " 1: /dev/null\n"
		 "    2: socket:[222]\n  x: socket:[777]\nUserBufs:\t1\n    0: socket:[666]\n");
	put_file(t, "20/fdinfo/6", "UserFiles:\t1\n    0: socket:[999]\n");
	LOOK(t, 0, 0, 111, 222, 666, 777, 888, 999);
	assert_string_equal(holders(t), "111:20/-1 222:20/-1");
	/* what is registered later shows by no count: whoever has a ring is suspicious */
	put_file(t, "20/fdinfo/5", "UserFiles:\t1\n    0: socket:[333]\n");
	LOOK(t, 0.01, S, 111, 333);
	assert_string_equal(holders(t), "333:20/-1");
}

static void test_ring_lines(void **state)
{
	static const struct {
		const char *line;
		uint32_t inode;
	} cases[] = {
		{"    1: socket:[1866765]", 1866765},
		{"12345: socket:[7]", 7},
		{"    0: /dev/null", 0},
		{"    1:", 0},
		{"", 0},
		{":", 0},
		{": socket:[7]", 0},
		{"   ", 0},
		{"    1 socket:[7]", 0},
		{"    1: socket:[7] x", 0},
		{"    1: socket:[", 0},
		{"   -1: socket:[7]", 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		size_t n = strlen(cases[i].line);
		char *exact = mem_dup(cases[i].line, n);

		if (uring_file_line(exact, n) != cases[i].inode)
			fail_msg("\"%s\"", cases[i].line);
		free(exact);
	}
}

/* Root's socket without a descriptor is the kernel's, unless something is under way between processes. */
static void test_under_way(void **state)
{
	struct tree *t = *state;

	put_process(t, 20, "a", 100);
	put_socket(t, 20, 3, 500);
	put_socket(t, 20, 4, 111);
	assert_int_equal(mkdir(path_of(t, "20/fdinfo"), 0755), 0);
	put_file(t, "20/fdinfo/3", "pos:\t0\nscm_fds: 0\n");
	put_file(t, "20/fdinfo/4", "pos:\t0\nscm_fds: 7\n"); /* an inet socket's is not even read */
	snapshot_clear(&t->snap);
	vec_push(&t->snap.socks, ((struct sock){.inode = 111, .flags = SOCK_HAS_UID}));
	vec_push(&t->snap.socks, ((struct sock){.inode = 222, .flags = SOCK_HAS_UID}));
	owners_look(t->owners, &t->snap, t->now_ns, 0);
	assert_int_equal(t->snap.socks.v[1].flags & (SOCK_SEARCHED | SOCK_MAYBE_SENT), SOCK_SEARCHED);

	put_file(t, "20/fdinfo/3", "pos:\t0\nscm_fds: 2\n");
	for (int i = 0; i < 4; i++) {
		snapshot_clear(&t->snap);
		vec_push(&t->snap.socks, ((struct sock){.inode = 222, .flags = SOCK_HAS_UID}));
		vec_push(&t->snap.socks, ((struct sock){.inode = 333, .flags = SOCK_HAS_UID}));
		vec_push(&t->snap.socks, ((struct sock){.inode = 444, .uid = 5, .flags = SOCK_HAS_UID}));
		vec_push(&t->snap.socks, ((struct sock){.inode = 111, .flags = SOCK_HAS_UID}));
		owners_look(t->owners, &t->snap, t->now_ns += 4 * S, 0);
		assert_int_equal(t->snap.socks.v[0].flags & SOCK_MAYBE_SENT, 0); /* this one was judged */
		/* for ten seconds it may be what was under way when it came */
		assert_int_equal(!!(t->snap.socks.v[1].flags & SOCK_MAYBE_SENT), i < 3);
		assert_int_equal(t->snap.socks.v[2].flags & SOCK_MAYBE_SENT, 0);
		put_file(t, "20/fdinfo/3", "scm_fds: 0\n");
	}
}

/* ---- where to look first, what to read again ---- */

static uint64_t scanned(const struct tree *t, uint32_t pid)
{
	size_t at = owners_find_pid(t->owners, pid);

	assert_true(at != SIZE_MAX);
	return t->owners->procs.v[at]->scanned;
}

static void test_own_cgroup_first(void **state)
{
	struct tree *t = *state;
	uint64_t before;

	/* the search finds the tree of cgroups by mountinfo when it is opened */
	owners_close(t->owners);
	assert_int_equal(mkdir(path_of(t, "self"), 0755), 0);
	put_file(t, "self/mountinfo", namef("33 31 0:30 / %s/cg rw - cgroup2 cgroup2 rw\n", t->root));
	assert_int_equal(mkdir(path_of(t, "cg"), 0755), 0);
	assert_int_equal(mkdir(path_of(t, "cg/a.service"), 0755), 0);
	put_file(t, "cg/a.service/cgroup.procs", "77777\n150\n160\n");
	assert_int_equal(owners_open(t->names, t->root, &t->owners), 0);
	for (uint32_t pid = 100; pid < 200; pid++)
		put_process(t, pid, "x", pid);
	LOOK(t, 0, 0, 111);
	before = t->owners->look;

	/* the same number of descriptors, so that nothing else gives it away; one process a look */
	for (uint32_t pid = 150; pid <= 160; pid += 10) {
		put_link(t, pid, 3, "/dev/null");
		LOOK(t, 0.001, 0, 111);
	}
	for (uint32_t pid = 150; pid <= 160; pid += 10)
		put_socket(t, pid, 3, pid * 10);
	before = t->owners->look;
	for (int i = 0; i < 2; i++) {
		snapshot_clear(&t->snap);
		vec_push(&t->snap.socks, ((struct sock){.inode = 1600,
							.state = STATE_ESTABLISHED,
							.cgroup = intern_adds(t->names, "/a.service")}));
		owners_look(t->owners, &t->snap, t->now_ns += 1000000, 1);
	}
	assert_string_equal(holders(t), "1600:160/3");
	assert_true(scanned(t, 150) == before + 1);
	assert_true(scanned(t, 160) == before + 2);
	for (uint32_t pid = 100; pid < 150; pid++)
		assert_true(scanned(t, pid) <= before);
}

static void test_visible_is_verified(void **state)
{
	struct tree *t = *state;
	struct source_fd seen = {20, 3, 111};

	put_process(t, 20, "a", 100);
	put_process(t, 21, "b", 100);
	put_socket(t, 20, 3, 111);
	put_socket(t, 21, 3, 111);
	LOOK(t, 0, S, 111);
	put_link(t, 20, 3, "/dev/null");
	put_stat(t, 20, "renamed", 'T', 1, 100);
	LOOK(t, 0.001, S, 111);
	assert_string_equal(holders(t), "111:20/3 111:21/3"); /* nothing tells, and its turn has not come */
	owners_verify(t->owners, &seen, 1);
	LOOK(t, 0.001, S, 111);
	assert_string_equal(holders(t), "111:21/3");
	/* its process alone: no more than its numbers */
	seen.inode = 0;
	owners_verify(t->owners, &seen, 1);
	put_socket(t, 20, 3, 111);
	LOOK(t, 0.001, 0, 111, 222);
	assert_string_equal(holders(t), "111:20/3 111:21/3");
	assert_int_equal(t->snap.procs.v[0].state, 'T');
	put_stat(t, 20, "again", 'Z', 1, 100);
	LOOK(t, 0.001, S, 111, 222);
	assert_int_equal(t->snap.procs.v[0].state, 'Z');
	assert_true(t->snap.procs.v[0].read_ns == t->now_ns);
	owners_verify(t->owners, NULL, 0);
	LOOK(t, 0.001, S, 111, 222);
}

/* A dump skips a listener: who has it is looked up all the same, and a closed one is told from that. */
static void test_skipped(void **state)
{
	struct tree *t = *state;

	put_process(t, 20, "a", 100);
	put_socket(t, 20, 3, 111);
	put_socket(t, 20, 4, 222);
	put_socket(t, 20, 5, 333);
	for (int i = 0; i < 2; i++) {
		snapshot_clear(&t->snap);
		if (!i) {
			vec_push(&t->snap.socks, ((struct sock){.inode = 111, .state = STATE_LISTENING}));
			vec_push(&t->snap.socks, ((struct sock){.inode = 222, .state = STATE_LISTENING}));
		}
		vec_push(&t->snap.socks, ((struct sock){.inode = 333, .state = STATE_ESTABLISHED}));
		owners_look(t->owners, &t->snap, t->now_ns += S, 0);
		if (!i)
			put_link(t, 20, 4, "/dev/null"); /* closed, and the number used again */
	}
	assert_string_equal(holders(t), "333:20/5 111:20/3");
	LOOK(t, 1, 0, 444); /* and no longer than that; 333 is a connection: nobody asks */
	assert_string_equal(holders(t), "");
}

/* What a look keeps of the one before must not outlive it: as many sockets, but others, or in another order. */
static void test_as_many_as_before(void **state)
{
	struct tree *t = *state;

	put_process(t, 20, "a", 100);
	put_socket(t, 20, 3, 111);
	put_socket(t, 20, 4, 222);
	put_socket(t, 20, 5, 333);
	LOOK(t, 0, 0, 111, 222, 333);
	LOOK(t, 1, 0, 111, 222, 333);
	assert_string_equal(holders(t), "111:20/3 222:20/4 333:20/5");
	LOOK(t, 1, 0, 333, 111, 222);
	assert_string_equal(holders(t), "333:20/5 111:20/3 222:20/4");
	put_socket(t, 20, 4, 444);
	LOOK(t, 1, 0, 333, 111, 444);
	assert_string_equal(holders(t), "333:20/5 111:20/3 444:20/4");
	LOOK(t, 1, 0, 333, 111, 222); /* nobody's: the old descriptor names another one now */
	assert_string_equal(holders(t), "333:20/5 111:20/3");
	assert_true(t->snap.owners_complete);
	LOOK(t, 1, 0, 111, 111, 333); /* two rows of one socket */
	LOOK(t, 1, 0, 111, 111, 333);
	assert_string_equal(holders(t), "111:20/3 333:20/5");
	LOOK(t, 1, 0, 111, 333, 333);
	assert_string_equal(holders(t), "111:20/3 333:20/5");
	LOOK(t, 1, 0, OWNED_RING, 111, 333); /* a number that means something else in a list of descriptors */
	put_link(t, 20, 6, "anon_inode:[io_uring]");
	LOOK(t, 1, 0, OWNED_RING, 111, 333);
	LOOK(t, 1, 0, OWNED_RING, 111, 333);
	assert_string_equal(holders(t), "111:20/3 333:20/5");
}

static void test_part_of_pids(void **state)
{
	struct tree *t = *state;

	owners_close(t->owners);
	assert_int_equal(mkdir(path_of(t, "self"), 0755), 0);
	assert_int_equal(mkdir(path_of(t, "self/ns"), 0755), 0);
	assert_int_equal(symlink("pid:[4026532500]", path_of(t, "self/ns/pid")), 0);
	assert_int_equal(owners_open(t->names, t->root, &t->owners), 0);
	LOOK(t, 0, 0, 111);
	assert_true(t->snap.part_of_pids);
	assert_int_equal(t->snap.limits.n, 1);
	assert_string_equal(t->snap.limits.v[0].reason, "other-pidns");
	put_process(t, 20, "a", 100);
	put_socket(t, 20, 3, 111);
	LOOK(t, 0, 0, 111); /* all is known: nothing to say */
	assert_int_equal(t->snap.limits.n, 0);
}

/* With nothing changing, links are read again at a walking pace. */
static void test_settled_is_cheap(void **state)
{
	struct tree *t = *state;
	uint64_t scans = 0, last;

	for (uint32_t pid = 100; pid < 130; pid++) {
		put_process(t, pid, "x", pid);
		for (int fd = 0; fd < 30; fd++)
			put_link(t, pid, fd, "/dev/null");
		put_socket(t, pid, 30, pid);
	}
	LOOK(t, 0, S, 100);
	for (int i = 0; i < 100; i++) {
		last = t->owners->look;
		LOOK(t, 1, S, 100);
		for (size_t k = 0; k < t->owners->procs.n; k++)
			scans += t->owners->procs.v[k]->scanned > last;
	}
	/* nine links a second for this: 900 in all, at 31 a process (pid 1 has none) */
	if (!strncmp(t->root, "/dev/shm", 8))
		assert_in_range(scans, 20, 32);
}

/* Kernel threads have none: they are not even opened until they have. */
static void test_without_descriptors(void **state)
{
	struct tree *t = *state;

	if (strncmp(t->root, "/dev/shm", 8)) /* where directories have no counts everybody is read */
		skip();
	put_process(t, 20, "kthread", 100);
	put_process(t, 21, "user", 100);
	put_socket(t, 21, 3, 111);
	assert_int_equal(mkdir(path_of(t, "20/task"), 0755), 0);
	assert_int_equal(mkdir(path_of(t, "20/task/20"), 0755), 0);
	assert_int_equal(rename(path_of(t, "20/stat"), path_of(t, "20/kept")), 0);
	LOOK(t, 0, S, 111);
	assert_true(t->snap.owners_complete);
	assert_int_equal(t->owners->procs.v[1]->pid, 20);
	assert_int_equal(t->owners->procs.v[1]->scanned, 1);
	assert_false(t->owners->procs.v[1]->facts_known);
	assert_int_equal(rename(path_of(t, "20/kept"), path_of(t, "20/stat")), 0);
	put_socket(t, 20, 3, 222);
	LOOK(t, 0.1, S, 111, 222);
	assert_string_equal(holders(t), "111:21/3 222:20/3");
	assert_true(t->snap.procs.v[0].start == 100);
	/* and again none: what it had is forgotten */
	unlink(path_of(t, "20/fd/3"));
	LOOK(t, 0.1, 0, 111, 222);
	assert_string_equal(holders(t), "111:21/3");
}

/* As long as descriptors are what they were the look says so, by a number; and no longer. */
static void test_stand(void **state)
{
	struct tree *t = *state;
	uint64_t stand;

	put_process(t, 5, "none", 50);
	put_process(t, 20, "a", 100);
	put_process(t, 21, "b", 200);
	put_socket(t, 20, 3, 111);
	put_socket(t, 21, 4, 222);
	put_socket(t, 21, 3, 111);
	LOOK(t, 0, 0, 111, 222, 333);
	assert_string_equal(holders(t), "111:20/3 111:21/3 222:21/4");
	stand = t->snap.fds_stand;
	assert_int_not_equal(stand, 0);
	LOOK(t, 1, 0, 111, 222, 333);
	assert_string_equal(holders(t), "111:20/3 111:21/3 222:21/4");
	assert_int_equal(t->snap.fds_stand, stand);
	/* who goes held nothing: the others have other places in the list, nobody has other descriptors */
	remove_all(path_of(t, "5"));
	LOOK(t, 1, 0, 111, 222, 333);
	assert_string_equal(holders(t), "111:20/3 111:21/3 222:21/4");
	assert_int_equal(t->snap.fds_stand, stand);
	put_process(t, 6, "none", 60);
	LOOK(t, 1, 0, 111, 222, 333);
	assert_string_equal(holders(t), "111:20/3 111:21/3 222:21/4");
	assert_int_equal(t->snap.fds_stand, stand);
	/* the order of the sockets, another descriptor, who is older, who has gone: each is another stand */
	LOOK(t, 1, 0, 222, 111, 333);
	assert_string_equal(holders(t), "222:21/4 111:20/3 111:21/3");
	assert_true(t->snap.fds_stand > stand);
	stand = t->snap.fds_stand;
	put_socket(t, 20, 9, 333);
	LOOK(t, 1, 0, 222, 111, 333);
	assert_string_equal(holders(t), "222:21/4 111:20/3 111:21/3 333:20/9");
	assert_true(t->snap.fds_stand > stand);
	stand = t->snap.fds_stand;
	for (size_t i = 0; i < t->owners->procs.n; i++)
		t->owners->procs.v[i]->facts.start = t->owners->procs.v[i]->pid == 20 ? 300 : 200;
	put_stat(t, 20, "a", 'S', 1, 300);
	LOOK(t, 0, 0, 222, 111, 333);
	assert_string_equal(holders(t), "222:21/4 111:21/3 111:20/3 333:20/9");
	assert_true(t->snap.fds_stand > stand);
	stand = t->snap.fds_stand;
	remove_all(path_of(t, "20"));
	LOOK(t, 1, 0, 222, 111, 333);
	assert_string_equal(holders(t), "222:21/4 111:21/3");
	assert_true(t->snap.fds_stand > stand);
}

#define MANY 6000u /* descriptors of one process */

/* A process with very many sockets, and those sockets, come and go: what was taken for them is given back. */
static void test_large_process_leaves_no_room_taken(void **state)
{
	struct tree *t = *state;
	uint32_t many[MANY + 1] = {0};
	size_t before, between;

	if (!heap_in_use())
		skip();
	put_process(t, 20, "a", 100);
	put_socket(t, 20, 3, 111);
	LOOK(t, 0, 0, 111);
	snapshot_done(&t->snap);
	before = heap_in_use();
	put_process(t, 21, "b", 110);
	for (uint32_t i = 0; i < MANY; i++)
		put_socket(t, 21, (int)i + 3, many[i] = 1000 + i);
	look(t, 1, 0, many);
	assert_int_equal(t->snap.fds.n, MANY);
	between = heap_in_use();
	assert_true(between > before + MANY * 64);
	remove_all(path_of(t, "21"));
	LOOK(t, 1, 0, 111);
	LOOK(t, 1, 0, 111);
	assert_string_equal(holders(t), "111:20/3");
	snapshot_done(&t->snap);
	/* 16 KiB of an array are not worth a call: a handful of arrays */
	if (heap_in_use() > before + (64u << 10))
		fail_msg("%zu bytes, then %zu, in the end %zu", before, between, heap_in_use());
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_thread_tables),
		CASE(test_ring_files),
		CASE(test_ring_lines),
		CASE(test_under_way),
		CASE(test_own_cgroup_first),
		CASE(test_visible_is_verified),
		CASE(test_skipped),
		CASE(test_as_many_as_before),
		CASE(test_part_of_pids),
		CASE(test_settled_is_cheap),
		CASE(test_without_descriptors),
		CASE(test_stand),
		CASE(test_large_process_leaves_no_room_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
