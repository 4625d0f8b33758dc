/* Owners that are searched before the sockets are known: found like all others, and what was read too early is read
 * again when a socket is missing. */
#include "owners_tree.h"
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <unistd.h>

#define PROCESSES 40u

/* A source that can be held up while it is made ready. */
struct fake {
	struct owner_source base;
	VEC(struct owner_rec) recs;
	atomic_uint loads, scans;
	sem_t hold;
};

static enum owner_source_state fake_load(struct owner_source *s)
{
	struct fake *f = (struct fake *)s;

	atomic_fetch_add(&f->loads, 1);
	sem_wait(&f->hold);
	sem_post(&f->hold);
	return OWNER_SOURCE_READY;
}

static int fake_scan(struct owner_source *s, void (*take)(void *arg, const struct owner_rec *v, size_t n),
		     void *arg)
{
	struct fake *f = (struct fake *)s;

	take(arg, f->recs.v, f->recs.n);
	atomic_fetch_add(&f->scans, 1);
	return 0;
}

static void fake_free(struct owner_source *s)
{
	struct fake *f = (struct fake *)s;

	vec_done(&f->recs);
	sem_destroy(&f->hold);
	free(f);
}

static const struct owner_source_ops fake_ops = {fake_load, fake_scan, fake_free};

static void rec(struct fake *f, uint32_t pid, int32_t fd, uint32_t inode)
{
	vec_push(&f->recs, ((struct owner_rec){pid, pid, fd, inode, 1000000007, 1}));
}

static struct fake *with_source(struct tree *t)
{
	struct fake *f = mem_zalloc(1, sizeof(*f));

	if (strncmp(t->root, "/dev/shm", 8)) { /* the source is asked only where there are descriptors */
		free(f);
		skip();
	}
	f->base.ops = &fake_ops;
	f->base.always = true;
	sem_init(&f->hold, 0, 1);
	assert_int_equal(mkdir(path_of(t, "self"), 0755), 0);
	assert_int_equal(mkdir(path_of(t, "self/ns"), 0755), 0);
	assert_int_equal(symlink("pid:[4026531836]", path_of(t, "self/ns/pid")), 0);
	assert_int_equal(symlink("time:[4026531834]", path_of(t, "self/ns/time")), 0);
	owners_close(t->owners);
	assert_int_equal(owners_open(t->names, t->root, &t->owners), 0);
	owners_set_source(t->owners, &f->base);
	return f;
}

static void begin(struct tree *t)
{
	owners_ahead(t->owners, t->now_ns, 0);
	if (!t->owners->ahead) /* one processor: nothing is begun */
		skip();
}

static void until(const atomic_uint *n, unsigned at_least)
{
	for (unsigned i = 0; atomic_load(n) < at_least && i < 10000; i++)
		usleep(1000);
	assert_true(atomic_load(n) >= at_least);
}

static void test_finds_everybody(void **state)
{
	struct tree *t = *state;
	uint32_t inodes[PROCESSES + 1] = {0};

	for (uint32_t i = 0; i < PROCESSES; i++) {
		put_process(t, 20 + i, namef("name%u", i), 100 + i);
		put_socket(t, 20 + i, 3, 1000 + i);
		inodes[i] = 1000 + i;
	}
	begin(t);
	look(t, 0, 0, inodes);
	assert_null(t->owners->ahead);
	assert_true(t->snap.owners_complete);
	assert_int_equal(t->snap.fds.n, PROCESSES);
	assert_int_equal(t->snap.procs.n, PROCESSES);
	for (uint32_t i = 0; i < PROCESSES; i++) { /* the oldest first */
		const struct snap_proc *p = &t->snap.procs.v[i];

		assert_int_equal(p->pid, 20 + i);
		assert_string_equal(intern_get(t->names, p->comm), namef("name%u", i));
		assert_string_equal(intern_get(t->names, p->cgroup), "/system.slice/demo.service");
	}
	for (uint32_t i = 0; i < PROCESSES; i++)
		assert_int_equal(t->snap.procs.v[t->snap.fds.v[i].proc].pid,
				 20 + t->snap.fds.v[i].inode - 1000);
}

/* Of all that can happen between the search and the sockets: a descriptor opened, one sent to another process, and a
 * process that has come. */
static void test_what_came_later_is_searched_again(void **state)
{
	struct tree *t = *state;

	put_process(t, 20, "a", 100);
	put_process(t, 21, "b", 101);
	put_socket(t, 20, 3, 111);
	put_socket(t, 20, 4, 222);
	begin(t);
	usleep(100000); /* they have been read by now, or are read later, and then it is no less true */
	put_socket(t, 20, 5, 333);
	put_socket(t, 21, 7, 222);
	put_process(t, 22, "c", 102);
	put_socket(t, 22, 9, 444);
	LOOK(t, 0, 0, 111, 222, 333, 444, 555);
	assert_string_equal(holders(t), "111:20/3 222:20/4 222:21/7 333:20/5 444:22/9");
	assert_true(t->snap.owners_complete);
	assert_true(t->snap.socks.v[4].flags & SOCK_SEARCHED); /* nobody's */
}

static void test_a_source_is_read_once(void **state)
{
	struct tree *t = *state;
	struct fake *f = with_source(t);

	put_process(t, 20, "a", 100);
	put_socket(t, 20, 3, 111);
	rec(f, 1, 0, OWNER_REC_SEEN);
	rec(f, 20, 3, 111);
	begin(t);
	until(&f->scans, 1);
	LOOK(t, 0, 0, 111);
	assert_string_equal(holders(t), "111:20/3");
	assert_true(t->snap.owners_complete);
	assert_int_equal(atomic_load(&f->loads), 1);
	assert_int_equal(atomic_load(&f->scans), 1);
	assert_string_equal(intern_get(t->names, t->snap.procs.v[0].comm), "a");
}

static void test_a_source_is_read_again_for_what_is_missing(void **state)
{
	struct tree *t = *state;
	struct fake *f = with_source(t);

	put_process(t, 20, "a", 100);
	rec(f, 1, 0, OWNER_REC_SEEN);
	rec(f, 20, 3, 111);
	begin(t);
	until(&f->scans, 1);
	rec(f, 20, 4, 222);
	LOOK(t, 0, 0, 111, 222, 333);
	assert_string_equal(holders(t), "111:20/3 222:20/4");
	assert_true(t->snap.owners_complete);
	assert_int_equal(atomic_load(&f->scans), 2);
}

/* It was left out, so /proc has to tell. */
static void test_who_is_left_out_is_read(void **state)
{
	struct tree *t = *state;
	struct fake *f = with_source(t);

	put_process(t, 20, "a", 100);
	put_socket(t, 20, 3, 111);
	rec(f, 1, 0, OWNER_REC_SEEN);
	begin(t);
	until(&f->scans, 1);
	LOOK(t, 0, 0, 111);
	assert_string_equal(holders(t), "111:20/3");
}

static void *let_go(void *arg)
{
	struct fake *f = arg;

	usleep(50000);
	sem_post(&f->hold);
	return NULL;
}

/* Then it is read when it can be no more too early. */
static void test_sockets_before_the_source_is_ready(void **state)
{
	struct tree *t = *state;
	struct fake *f = with_source(t);
	pthread_t thread;

	put_process(t, 20, "a", 100);
	rec(f, 1, 0, OWNER_REC_SEEN);
	rec(f, 20, 3, 111);
	sem_wait(&f->hold);
	begin(t);
	until(&f->loads, 1);
	assert_int_equal(pthread_create(&thread, NULL, let_go, f), 0); /* while the look waits */
	LOOK(t, 0, 0, 111, 222);
	pthread_join(thread, NULL);
	assert_string_equal(holders(t), "111:20/3");
	assert_true(t->snap.owners_complete);
	assert_int_equal(atomic_load(&f->loads), 1);
	assert_int_equal(atomic_load(&f->scans), 1);
}

static void test_when_it_is_not_done(void **state)
{
	struct tree *t = *state;

	owners_ahead(t->owners, t->now_ns, S); /* who looks again and again must not be held up */
	assert_null(t->owners->ahead);
	put_process(t, 20, "a", 100);
	put_socket(t, 20, 3, 111);
	LOOK(t, 0, 0, 111);
	assert_string_equal(holders(t), "111:20/3");
	owners_ahead(t->owners, t->now_ns, 0); /* what is known is better */
	assert_null(t->owners->ahead);
}

static void test_without_a_look(void **state)
{
	struct tree *t = *state;

	for (uint32_t i = 0; i < PROCESSES; i++)
		put_process(t, 20 + i, "a", 100);
	begin(t);
	owners_close(t->owners);
	assert_int_equal(owners_open(t->names, t->root, &t->owners), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_finds_everybody, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_came_later_is_searched_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_source_is_read_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_source_is_read_again_for_what_is_missing, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_who_is_left_out_is_read, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sockets_before_the_source_is_ready, setup, teardown),
		cmocka_unit_test_setup_teardown(test_when_it_is_not_done, setup, teardown),
		cmocka_unit_test_setup_teardown(test_without_a_look, setup, teardown),
	};

	return cmocka_run_group_tests_name("owner_ahead", tests, NULL, NULL);
}
