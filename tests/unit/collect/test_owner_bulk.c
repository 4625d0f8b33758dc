/* Owners from a source that tells all at once: when it is asked, and that what it tells is as if /proc had. */
#include "../../../src/collect/owner_bulk.h"
#include "owners_tree.h"
#include <errno.h>

#define MANY 6000 /* descriptors: more than loading costs */
#define TICK_NS 10000000ull

struct fake {
	struct owner_source base;
	enum owner_source_state state;
	VEC(struct owner_rec) recs;
	int error;
	unsigned loads, scans;
	bool *freed;
};

static enum owner_source_state fake_load(struct owner_source *s)
{
	((struct fake *)s)->loads++;
	return ((struct fake *)s)->state;
}

/* In pieces that end anywhere. */
static int fake_scan(struct owner_source *s, void (*take)(void *arg, const struct owner_rec *v, size_t n),
		     void *arg)
{
	struct fake *f = (struct fake *)s;

	f->scans++;
	for (size_t i = 0; i < f->recs.n; i += 3)
		take(arg, f->recs.v + i, f->recs.n - i < 3 ? f->recs.n - i : 3);
	return f->error;
}

static void fake_free(struct owner_source *s)
{
	struct fake *f = (struct fake *)s;

	vec_done(&f->recs);
	if (f->freed)
		*f->freed = true;
	free(f);
}

static const struct owner_source_ops fake_ops = {fake_load, fake_scan, fake_free};

static void link_ns(struct tree *t, const char *pid_ns, const char *time_ns)
{
	assert_int_equal(mkdir(path_of(t, "self"), 0755), 0);
	assert_int_equal(mkdir(path_of(t, "self/ns"), 0755), 0);
	if (pid_ns)
		assert_int_equal(symlink(pid_ns, path_of(t, "self/ns/pid")), 0);
	if (time_ns)
		assert_int_equal(symlink(time_ns, path_of(t, "self/ns/time")), 0);
}

/* A source in a tree that says it is in these namespaces. */
static struct fake *with_source(struct tree *t, const char *pid_ns, const char *time_ns)
{
	struct fake *f = mem_zalloc(1, sizeof(*f));

	f->base.ops = &fake_ops;
	link_ns(t, pid_ns, time_ns);
	owners_close(t->owners);
	assert_int_equal(owners_open(t->names, t->root, &t->owners), 0);
	owners_set_source(t->owners, &f->base);
	return f;
}

static struct fake *first_namespaces(struct tree *t)
{
	return with_source(t, "pid:[4026531836]", "time:[4026531834]");
}

/* On other file systems than tmpfs a directory has no size that counts its entries. */
static void need_counts(const struct tree *t)
{
	if (strncmp(t->root, "/dev/shm", 8))
		skip();
}

static void rec(struct fake *f, uint32_t pid, uint32_t tid, int32_t fd, uint32_t inode, uint64_t start_ticks,
		uint64_t table)
{
	vec_push(&f->recs, ((struct owner_rec){pid, tid, fd, inode, start_ticks * TICK_NS + 7, table}));
}

/* tmpfs counts 20 bytes an entry, so a few hundred are many. */
static void put_many(const struct tree *t, uint32_t pid)
{
	for (int i = 100; i < 100 + MANY / 20; i++)
		put_link(t, pid, i, "/dev/null");
}

static const struct limit *method(const struct tree *t)
{
	for (size_t i = 0; i < t->snap.limits.n; i++)
		if (!strcmp(t->snap.limits.v[i].what, "owner-scan"))
			return &t->snap.limits.v[i];
	return NULL;
}

static void test_when_it_pays(void **state)
{
	static const struct {
		uint64_t to_read, all;
		bool loaded, pays;
	} rows[] = {
		{4999, 4999, false, false}, /* loading would take longer than /proc */
		{5000, 5000, false, true},
		{100000, 100000, false, true},
		{0, 0, false, false},
		{100, 100, true, true}, /* loaded: nearly always */
		{100, 1000, true, true},
		{100, 2000, true, false}, /* /proc has to read but few of very many */
		{5000, 100000, false, false},
		{20000, 100000, false, true},
		{UINT32_MAX, UINT32_MAX, false, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct owner_bulk_case c = {rows[i].to_read, rows[i].all, rows[i].loaded, false};

		if (owner_bulk_pays(&c) != rows[i].pays)
			fail_msg("row %zu: %d", i, !rows[i].pays);
	}
}

static void test_few_are_read_from_proc(void **state)
{
	struct tree *t = *state;
	struct fake *f = first_namespaces(t);

	put_process(t, 20, "a", 100);
	put_socket(t, 20, 3, 111);
	rec(f, 20, 20, 3, 111, 100, 1);
	LOOK(t, 0, 0, 111);
	assert_string_equal(holders(t), "111:20/3");
	assert_int_equal(f->loads, 0);
	assert_null(method(t));
}

/* The kernel's comparison, as the tree has it: threads 53 and 54 share one table. */
static int same_files(uint32_t a, uint32_t b)
{
	return a == b || (a > 50 && b > 50);
}

static void put_table(const struct tree *t, uint32_t pid, uint32_t tid, int fd, uint32_t inode)
{
	(void)mkdir(path_of(t, namef("%u/task", pid)), 0755);
	assert_int_equal(mkdir(path_of(t, namef("%u/task/%u", pid, tid)), 0755), 0);
	assert_int_equal(mkdir(path_of(t, namef("%u/task/%u/fd", pid, tid)), 0755), 0);
	assert_int_equal(
		symlink(namef("socket:[%u]", inode), path_of(t, namef("%u/task/%u/fd/%d", pid, tid, fd))), 0);
}

/* Every kind: two holders, a dup, a thread with a table of its own, a leader that has ended with two threads that share
 * one, a ring, sockets of nobody's interest. */
static void test_tells_what_proc_tells(void **state)
{
	struct tree *t = *state;
	struct fake *f;
	char by_source[1024];

	need_counts(t);
	put_process(t, 20, "parent", 100);
	put_process(t, 30, "child", 200);
	put_process(t, 40, "threads", 300);
	put_process(t, 50, "zombie", 400);
	put_process(t, 60, "ring", 500);
	put_many(t, 60);
	put_stat(t, 40, "threads", 'S', 2, 300);
	put_stat(t, 50, "zombie", 'Z', 3, 400);
	put_socket(t, 20, 3, 111);
	put_socket(t, 20, 9, 111);
	put_socket(t, 20, 10, 999);
	put_socket(t, 30, 3, 111);
	put_socket(t, 40, 0, 222);
	put_table(t, 40, 42, 0, 333);
	put_table(t, 50, 53, 8, 444);
	put_table(t, 50, 54, 8, 444);
	put_link(t, 60, 4, "anon_inode:[io_uring]");
	assert_int_equal(mkdir(path_of(t, "60/fdinfo"), 0755), 0);
	put_file(t, "60/fdinfo/4", "pos:\t0\nUserFiles:\t1\n    0: socket:[555]\nUserBufs:\t0\n");

	f = first_namespaces(t);
	rec(f, 7, 7, 1, 111, 50, 1); /* not listed: came after the list was read */
	rec(f, 20, 20, 3, 111, 100, 2);
	rec(f, 20, 20, 9, 111, 100, 2);
	rec(f, 20, 20, 10, 999, 100, 2);
	rec(f, 30, 30, 3, 111, 200, 3);
	rec(f, 60, 60, 4, OWNER_REC_RING, 500, 6);
	/* threads come where their numbers are, not with their process */
	rec(f, 40, 42, 0, 333, 300, 4);
	rec(f, 50, 53, 8, 444, 400, 5);
	rec(f, 50, 54, 8, 444, 400, 5);
	rec(f, 40, 40, 0, 222, 300, 7);
	rec(f, 99, 99, 8, 444, 400, 9);
	LOOK(t, 0, 0, 111, 222, 333, 444, 555, 666);
	assert_int_equal(f->scans, 1);
	assert_true(t->snap.owners_complete);
	assert_string_equal(method(t)->reason, "bpf");
	assert_string_equal(holders(t), "111:20/3 111:20/9 111:30/3 222:40/0 333:40/0 444:50/8 555:60/-1");
	assert_int_equal(t->snap.procs.n, 5);
	assert_string_equal(intern_get(t->names, t->snap.procs.v[3].comm), "zombie");
	assert_true(t->snap.procs.v[3].start == 400);
	assert_int_equal(t->snap.procs.v[3].flags, PROC_FULL);
	assert_string_equal(intern_get(t->names, t->snap.procs.v[3].cgroup), "/system.slice/demo.service");
	assert_true(t->snap.socks.v[5].flags & SOCK_SEARCHED); /* nobody's */

	strcpy(by_source, holders(t));
	owners_close(t->owners);
	assert_int_equal(owners_open(t->names, t->root, &t->owners), 0);
	t->owners->scan.same_files = same_files;
	LOOK(t, 0, 0, 111, 222, 333, 444, 555, 666);
	assert_string_equal(holders(t), by_source);
}

/* A process that the source says nothing of was left out by the kernel: /proc is asked. One that it has seen is not. */
static void test_left_out(void **state)
{
	struct tree *t = *state;
	struct fake *f;

	need_counts(t);
	put_process(t, 20, "left-out", 100);
	put_process(t, 30, "seen", 200);
	put_process(t, 60, "many", 300);
	put_many(t, 60);
	put_socket(t, 20, 3, 111);
	put_socket(t, 30, 3, 222);
	f = first_namespaces(t);
	rec(f, 30, 30, 0, OWNER_REC_SEEN, 200, 3);
	rec(f, 60, 60, 2, OWNER_REC_SEEN, 300, 4);
	LOOK(t, 0, 0, 111, 222);
	assert_int_equal(f->scans, 1);
	assert_string_equal(holders(t), "111:20/3");
}

/* What is found that way is followed by /proc from then on. */
static void test_goes_on_by_proc(void **state)
{
	struct tree *t = *state;
	struct fake *f;

	need_counts(t);
	put_process(t, 20, "a", 100);
	put_process(t, 21, "b", 100);
	put_many(t, 21);
	put_socket(t, 20, 3, 111);
	f = first_namespaces(t);
	rec(f, 20, 20, 3, 111, 100, 1);
	LOOK(t, 0, S, 111);
	assert_string_equal(holders(t), "111:20/3");
	/* only one process changed, and it has few: no second search */
	put_socket(t, 20, 4, 222);
	LOOK(t, 0.1, S, 111, 222);
	assert_string_equal(holders(t), "111:20/3 222:20/4");
	assert_int_equal(f->scans, 1);
	/* a holder that ends */
	remove_all(path_of(t, "20"));
	LOOK(t, 0.1, S, 111, 222);
	assert_string_equal(holders(t), "");
}

/* The number went to another process between the search and the reading of its name: it must not be blamed. */
static void test_pid_taken_over(void **state)
{
	struct tree *t = *state;
	struct fake *f;

	need_counts(t);
	put_process(t, 20, "new", 900);
	put_process(t, 21, "b", 100);
	put_many(t, 21);
	f = first_namespaces(t);
	rec(f, 20, 20, 3, 111, 100, 1); /* its start: long before 900 */
	rec(f, 21, 21, 3, 222, 100, 1);
	put_socket(t, 20, 8, 333);
	LOOK(t, 0, 0, 111, 222, 333);
	assert_string_equal(holders(t), "222:21/3 333:20/8");
	assert_true(t->snap.procs.v[1].start == 900);
}

static void test_refused(struct tree *t, struct fake *f, const char *reason, unsigned loads)
{
	put_process(t, 20, "a", 100);
	put_many(t, 20);
	put_socket(t, 20, 3, 111);
	rec(f, 20, 20, 4, 111, 100, 1);
	LOOK(t, 0, 0, 111);
	assert_string_equal(holders(t), "111:20/3");
	assert_int_equal(f->loads, loads);
	assert_non_null(method(t));
	assert_string_equal(method(t)->reason, reason);
	LOOK(t, 1, 0, 111, 222); /* not asked again, but still said */
	assert_int_equal(f->loads, loads);
	assert_non_null(method(t));
}

static void test_in_a_pid_namespace(void **state)
{
	struct tree *t = *state;

	need_counts(t);
	test_refused(t, with_source(t, "pid:[4026532222]", "time:[4026531834]"), "other-pidns", 0);
}

static void test_in_a_time_namespace(void **state)
{
	struct tree *t = *state;

	need_counts(t);
	test_refused(t, with_source(t, "pid:[4026531836]", "time:[4026532223]"), "other-pidns", 0);
}

/* A /proc of a namespace that we are not in has no "self" for us. */
static void test_proc_of_another_namespace(void **state)
{
	struct tree *t = *state;

	need_counts(t);
	test_refused(t, with_source(t, NULL, NULL), "other-pidns", 0);
}

static void test_without_library(void **state)
{
	struct tree *t = *state;
	struct fake *f;

	need_counts(t);
	f = with_source(t, "pid:[4026531836]", NULL); /* before Linux 5.6 there are no time namespaces */
	f->state = OWNER_SOURCE_NO_LIBRARY;
	test_refused(t, f, "no-library", 1);
}

static void test_not_permitted(void **state)
{
	struct tree *t = *state;
	struct fake *f;

	need_counts(t);
	f = first_namespaces(t);
	f->state = OWNER_SOURCE_NOT_PERMITTED;
	test_refused(t, f, "not-permitted", 1);
}

/* It breaks in the middle: nothing of it is taken. */
static void test_broken_scan(void **state)
{
	struct tree *t = *state;
	struct fake *f;

	need_counts(t);
	f = first_namespaces(t);
	f->error = -EIO;
	test_refused(t, f, "refused", 1);
	assert_int_equal(f->scans, 1);
}

/* A socket that nobody is known to have: everybody is searched at once, not over seconds, but not in every look. */
static void test_missing_is_searched_at_once(void **state)
{
	struct tree *t = *state;
	struct fake *f;

	need_counts(t);
	for (uint32_t pid = 100; pid < 140; pid++) {
		put_process(t, pid, "x", pid);
		put_link(t, pid, 3, "/dev/null");
		if (pid % 2)
			put_many(t, pid);
	}
	f = first_namespaces(t);
	LOOK(t, 0, S, 111);
	assert_int_equal(f->scans, 1);
	unlink(path_of(t, "130/fd/3"));
	put_socket(t, 130, 3, 222); /* the same count */
	rec(f, 130, 130, 3, 222, 130, 1);
	t->owners->bulk_ended_ns = 0; /* the last one is long ago */
	LOOK(t, 0.1, S, 222);
	assert_int_equal(f->scans, 2);
	assert_string_equal(holders(t), "222:130/3");
	t->owners->bulk_ended_ns = owners_clock_ns();
	t->owners->bulk_ns = 3600 * S;
	LOOK(t, 0.1, S, 222, 333);
	assert_int_equal(f->scans, 2);
	assert_false(t->snap.owners_complete);
	LOOK(t, 0.1, 0, 222, 333); /* who looks only once does not wait */
	assert_int_equal(f->scans, 3);
	assert_true(t->snap.owners_complete);
}

static void test_always(void **state)
{
	struct tree *t = *state;
	struct fake *f;

	need_counts(t);
	f = first_namespaces(t);
	f->base.always = true;
	put_process(t, 20, "a", 100);
	put_socket(t, 20, 3, 111);
	rec(f, 20, 20, 3, 111, 100, 1);
	LOOK(t, 0, 0, 111);
	assert_int_equal(f->scans, 1);
	assert_string_equal(holders(t), "111:20/3");
}

/* Three processes, as if they had been found hidden a moment ago (read: and had been read for this very look): BPF is
 * asked who holds their sockets. */
static void look_at_hidden(struct tree *t, bool read)
{
	struct fake *f;

	need_counts(t);
	for (uint32_t pid = 20; pid < 23; pid++) {
		put_process(t, pid, "root's", 100);
		put_socket(t, pid, 3, pid);
	}
	f = first_namespaces(t);
	for (uint32_t pid = 20; pid < 23; pid++)
		rec(f, pid, pid, 3, pid, 100, pid);
	LOOK(t, 0, S, 1);
	assert_int_equal(f->loads, 0);
	for (size_t i = 0; i < t->owners->procs.n; i++) {
		struct owner *w = t->owners->procs.v[i];

		w->hidden = w->pid != 1;
		if (read)
			w->scanned = t->owners->look + 1;
		vec_clear(&w->fds);
	}
	LOOK(t, 0.1, S, 20, 21, 22, 1);
	assert_int_equal(f->scans, 1);
	assert_string_equal(holders(t), "20:20/3 21:21/3 22:22/3");
}

/* Without the right to read others' descriptors it is asked however few there are, and what it told stays. */
static void test_hidden_processes(void **state)
{
	struct tree *t = *state;

	look_at_hidden(t, false);
	assert_int_equal(t->snap.hidden_procs, 0);
	if (!geteuid())
		return; /* reads everything */
	for (uint32_t pid = 20; pid < 23; pid++)
		assert_int_equal(chmod(path_of(t, namef("%u/fd", pid)), 0), 0);
	for (int i = 0; i < 20; i++)
		LOOK(t, 1, S, 20, 21, 22, 1);
	assert_string_equal(holders(t), "20:20/3 21:21/3 22:22/3");
	assert_int_equal(t->snap.hidden_procs, 0);
	for (uint32_t pid = 20; pid < 23; pid++)
		assert_int_equal(chmod(path_of(t, namef("%u/fd", pid)), 0755), 0);
}

/* Also when all of them were read, in vain, after the sockets of this very look were known: a search that began ahead
 * of them ends so. */
static void test_hidden_and_read_already(void **state)
{
	struct tree *t = *state;

	look_at_hidden(t, true);
}

/* Who may not ask is not told of it because of hidden processes: that they are hidden is said anyway. */
static void test_hidden_and_not_permitted(void **state)
{
	struct tree *t = *state;
	struct fake *f;

	need_counts(t);
	for (uint32_t pid = 20; pid < 26; pid++) {
		put_process(t, pid, "root's", 100);
		put_socket(t, pid, 3, pid);
	}
	f = first_namespaces(t);
	f->state = OWNER_SOURCE_NOT_PERMITTED;
	LOOK(t, 0, S, 1);
	for (size_t i = 0; i < t->owners->procs.n; i++)
		t->owners->procs.v[i]->hidden = t->owners->procs.v[i]->pid != 1;
	LOOK(t, 0.1, S, 222);
	LOOK(t, 0.1, S, 222, 223);
	assert_int_equal(f->loads, 1);
	assert_int_equal(f->scans, 0);
	assert_null(method(t));
}

static void test_source_is_freed(void **state)
{
	struct tree *t = *state;
	bool freed = false;

	first_namespaces(t)->freed = &freed;
	owners_close(t->owners);
	assert_true(freed);
	assert_int_equal(owners_open(t->names, t->root, &t->owners), 0);
}

static void test_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < OWNER_SOURCE_N; i++) {
		assert_non_null(owner_source_words[i].reason);
		assert_true(strlen(owner_source_words[i].reason) < sizeof(((struct limit *)0)->reason));
		assert_true(strlen(owner_source_words[i].text) <
			    70); /* the sentence around it fits struct limit */
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_when_it_pays),
		cmocka_unit_test(test_words),
		TEST(test_few_are_read_from_proc),
		TEST(test_tells_what_proc_tells),
		TEST(test_left_out),
		TEST(test_goes_on_by_proc),
		TEST(test_pid_taken_over),
		TEST(test_in_a_pid_namespace),
		TEST(test_in_a_time_namespace),
		TEST(test_proc_of_another_namespace),
		TEST(test_without_library),
		TEST(test_not_permitted),
		TEST(test_broken_scan),
		TEST(test_missing_is_searched_at_once),
		TEST(test_always),
		TEST(test_hidden_processes),
		TEST(test_hidden_and_read_already),
		TEST(test_hidden_and_not_permitted),
		TEST(test_source_is_freed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
