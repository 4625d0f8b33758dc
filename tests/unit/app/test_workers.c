/* Workers whose reads hang: what can be known becomes known, what cannot becomes "", and nobody waits for ever. */
#include "clock.h"
#include "process_facts.h"
#include "sockeye/base/mem.h"
#include "sockeye/base/str.h"
#include "sockeye/base/units.h"
#include "sockeye/collect/procread.h"
#include "workers.h"
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PATIENCE_NS (60 * NSEC_PER_SEC)
#define HANGS 100 /* pids below this hang until released */

/* collect's readers, replaced: a pid below HANGS never answers. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t change = PTHREAD_COND_INITIALIZER;
static bool released;
static int inside;

int proc_cmdline_read(uint32_t pid, struct str *out)
{
	pthread_mutex_lock(&lock);
	inside++;
	while (pid < HANGS && !released)
		pthread_cond_wait(&change, &lock);
	inside--;
	pthread_cond_broadcast(&change);
	pthread_mutex_unlock(&lock);
	str_putf(out, "command %u", pid);
	return 0;
}
int proc_link_read(uint32_t pid, const char *what, struct str *out)
{
	str_puts(out, what);
	return 0;
}
int proc_stat_read(uint32_t pid, struct proc_stat *ret)
{
	ret->start = 7;
	return 0;
}

/* What only a page asks for has its own test: tests/unit/app/test_process_facts.c. */
void process_parents(uint32_t pid, struct str *out)
{
	str_putf(out, "parents %u", pid);
}
void process_namespaces(uint32_t pid, struct str *out)
{
	str_putf(out, "namespaces %u", pid);
}
void process_restart(uint32_t pid, struct str *out)
{
	str_putf(out, "restart %u", pid);
}

static void test_answers(void **state)
{
	struct workers *w = workers_new();
	struct late *l = late_new(4711, 7), *other = late_new(4712, 8);
	struct pollfd p = {workers_fd(w), POLLIN, 0};

	workers_ask(w, l, LATE_CMDLINE);
	workers_ask(w, l, LATE_EXE);
	workers_ask(w, l, LATE_PARENTS);
	workers_ask(w, l, LATE_NAMESPACES);
	workers_ask(w, l, LATE_RESTART);
	workers_ask(w, other, LATE_CMDLINE);
	assert_true(workers_wait(w, clock_boot() + PATIENCE_NS));
	assert_string_equal(late_get(l, LATE_CMDLINE), "command 4711");
	assert_string_equal(late_get(l, LATE_EXE), "exe");
	assert_string_equal(late_get(l, LATE_PARENTS), "parents 4711");
	assert_string_equal(late_get(l, LATE_NAMESPACES), "namespaces 4711");
	assert_string_equal(late_get(l, LATE_RESTART), "restart 4711");
	assert_null(late_get(l, LATE_CWD)); /* nobody asked */
	/* The number belongs to another process by now: nothing is told about this one. */
	assert_string_equal(late_get(other, LATE_CMDLINE), "");
	assert_int_equal(poll(&p, 1, 0), 1);
	workers_taken(w);
	assert_int_equal(poll(&p, 1, 0), 0);
	late_unref(l);
	late_unref(other);
	workers_free(w);
}

static void test_hanging(void **state)
{
	struct workers *w = workers_new();
	struct late *hang[6], *fine[20];

	for (size_t i = 0; i < ARRAY_LEN(hang); i++) {
		hang[i] = late_new(i, 7);
		workers_ask(w, hang[i], LATE_CMDLINE);
	}
	for (size_t i = 0; i < ARRAY_LEN(fine); i++) {
		fine[i] = late_new(1000 + i, 7);
		workers_ask(w, fine[i], LATE_CMDLINE);
	}
	assert_true(workers_wait(w, clock_boot() + PATIENCE_NS));
	for (size_t i = 0; i < ARRAY_LEN(hang); i++)
		assert_string_equal(late_get(hang[i], LATE_CMDLINE), "");
	for (size_t i = 0; i < ARRAY_LEN(fine); i++) {
		char want[32];

		snprintf(want, sizeof(want), "command %zu", 1000 + i);
		assert_string_equal(late_get(fine[i], LATE_CMDLINE), want);
	}
	/* More than can be given up: the answers are "unknown", and asking goes on. */
	for (size_t i = 0; i < ARRAY_LEN(hang); i++) {
		late_unref(hang[i]);
		hang[i] = late_new(10 + i, 7);
		workers_ask(w, hang[i], LATE_CMDLINE);
	}
	assert_true(workers_wait(w, clock_boot() + PATIENCE_NS));
	for (size_t i = 0; i < ARRAY_LEN(hang); i++)
		assert_string_equal(late_get(hang[i], LATE_CMDLINE), "");
	/* At most four of a pool's threads and four given up are in there, however many asked. */
	pthread_mutex_lock(&lock);
	assert_in_range(inside, 1, 8);
	/* What hung comes back late: its answer no longer counts, its thread ends or works on. */
	released = true;
	pthread_cond_broadcast(&change);
	while (inside)
		pthread_cond_wait(&change, &lock);
	pthread_mutex_unlock(&lock);
	assert_string_equal(late_get(hang[0], LATE_CMDLINE), "");
	late_unref(fine[0]);
	fine[0] = late_new(2000, 7);
	workers_ask(w, fine[0], LATE_CMDLINE);
	assert_true(workers_wait(w, clock_boot() + PATIENCE_NS));
	assert_string_equal(late_get(fine[0], LATE_CMDLINE), "command 2000");
	for (size_t i = 0; i < ARRAY_LEN(hang); i++)
		late_unref(hang[i]);
	for (size_t i = 0; i < ARRAY_LEN(fine); i++)
		late_unref(fine[i]);
	workers_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_hanging),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
