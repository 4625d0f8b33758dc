/* Late texts and rings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sockeye/model/history.h"
#include "sockeye/model/late.h"
#include <math.h>
#include <pthread.h>
#include <string.h>

static void set_once(void **state)
{
	struct late *l = late_new(7, 700);
	uint32_t n = 99;

	assert_int_equal(late_a(l), 7);
	assert_int_equal(late_b(l), 700);
	assert_null(late_get(l, LATE_CMDLINE));
	assert_null(late_get_n(l, LATE_CMDLINE, &n));
	assert_int_equal(n, 99);
	late_set(l, LATE_CMDLINE, "a\0b", 4);
	late_set(l, LATE_CMDLINE, "later", 5);
	assert_memory_equal(late_get_n(l, LATE_CMDLINE, &n), "a\0b", 4);
	assert_int_equal(n, 4);
	late_set(l, LATE_EXE, NULL, 0);
	assert_string_equal(late_get(l, LATE_EXE), "");
	assert_null(late_get(l, LATE_USER));
	late_unref(l);
	late_unref(NULL);
}

static void counted(void **state)
{
	struct late *l = late_new(1, 1);

	assert_ptr_equal(late_ref(l), l);
	late_set(l, LATE_CWD, "/", 1);
	late_unref(l);
	assert_string_equal(late_get(l, LATE_CWD), "/"); /* the other reference holds it */
	late_unref(l);
}

static void *claimer(void *arg)
{
	uintptr_t won = late_claim(arg, LATE_CMDLINE);

	late_set(arg, LATE_CMDLINE, "x", 1);
	late_unref(arg);
	return (void *)won;
}

static void one_claim_a_text(void **state)
{
	struct late *l = late_new(1, 1);
	pthread_t t[4];
	uintptr_t won = 0;

	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&t[i], NULL, claimer, late_ref(l)), 0);
	for (int i = 0; i < 4; i++) {
		void *ret;

		pthread_join(t[i], &ret);
		won += (uintptr_t)ret;
	}
	assert_int_equal(won, 1);
	assert_false(late_claim(l, LATE_CMDLINE));
	assert_true(late_claim(l, LATE_EXE));
	assert_string_equal(late_get(l, LATE_CMDLINE), "x");
	late_unref(l);
}

static void ring(void **state)
{
	struct ring r = {0};

	assert_true(isnan(ring_rx(&r, 0)));
	for (int i = 0; i < 3; i++)
		ring_push(&r, (float)i, (float)(10 * i), (float)(100 * i));
	assert_float_equal(ring_rx(&r, 0), 2, 0);
	assert_float_equal(ring_tx(&r, 1), 10, 0);
	assert_float_equal(ring_queue(&r, 2), 0, 0);
	assert_true(isnan(ring_rx(&r, 3)));
	for (int i = 3; i < 200; i++)
		ring_push(&r, (float)i, NAN, 0);
	assert_int_equal(r.n, RING_N);
	assert_float_equal(ring_rx(&r, 0), 199, 0);
	assert_float_equal(ring_rx(&r, RING_N - 1), 199 - RING_N + 1, 0);
	assert_true(isnan(ring_rx(&r, RING_N)));
	assert_true(isnan(ring_tx(&r, 0)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_once),
		cmocka_unit_test(counted),
		cmocka_unit_test(one_claim_a_text),
		cmocka_unit_test(ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
