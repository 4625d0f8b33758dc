/* The interval follows what looks cost, and reads well. */
#include "pace.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MS UINT64_C(1000000)
#define S (1000 * MS)

static void test_longer(void **state)
{
	struct pace p = {0};

	(void)state;
	assert_int_equal(pace_interval(&p, S), S);
	pace_note(&p, 900 * MS); /* the first look searches everybody */
	assert_int_equal(pace_interval(&p, S), S);
	pace_note(&p, 380 * MS);
	assert_int_equal(pace_interval(&p, S), 4 * S);
	assert_int_equal(p.cost_ns, 380 * MS);
	pace_note(&p, 900 * MS); /* once is no rule */
	assert_int_equal(pace_interval(&p, S), 4 * S);
	pace_note(&p, 1200 * MS);
	assert_int_equal(pace_interval(&p, S), 9 * S);
	assert_int_equal(pace_interval(&p, 10 * S), 10 * S); /* what is asked for counts when it is longer */
	assert_int_equal(pace_interval(&p, S / 10), 9 * S);
	pace_note(&p, 1600 * MS);
	pace_note(&p, 1600 * MS);
	assert_int_equal(pace_interval(&p, S), 20 * S);
	pace_note(&p, 25 * MS);
	assert_int_equal(pace_interval(&p, 100 * MS), 300 * MS);
}

/* Not back and forth for every look that is a little cheaper. */
static void test_shorter(void **state)
{
	struct pace p = {0};

	(void)state;
	pace_note(&p, 0);
	pace_note(&p, 110 * MS);
	assert_int_equal(pace_interval(&p, S), 2 * S);
	pace_note(&p, 95 * MS);
	assert_int_equal(pace_interval(&p, S), 2 * S);
	pace_note(&p, 70 * MS);
	assert_int_equal(pace_interval(&p, S), S);
	pace_note(&p, 99 * MS);
	pace_note(&p, 99 * MS);
	assert_int_equal(pace_interval(&p, S), S);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_longer),
		cmocka_unit_test(test_shorter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
