/* How often a wait looks: never more than its share of the time, and what is cheap always soon enough. */
#include "sockeye/base/units.h"
#include "wait_pace.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define MS NSEC_PER_MS

static void periods(void **state)
{
	assert_int_equal(pace_cheap(0, false), 20 * MS);
	assert_int_equal(pace_cheap(MS / 20, false), 20 * MS);
	assert_int_equal(pace_cheap(MS / 4, false), 25 * MS);
	assert_int_equal(pace_cheap(MS, false), 45 * MS); /* soon enough goes before cheap enough */
	assert_int_equal(pace_cheap(MS / 20, true), 10 * MS);
	assert_int_equal(pace_cheap(MS / 8, true), 12 * MS + MS / 2);
	assert_int_equal(pace_still(0), 5 * MS);
	assert_int_equal(pace_still(MS / 20), 5 * MS);
	assert_int_equal(pace_still(MS / 12), 100 * (MS / 12));
	assert_int_equal(pace_still(MS), 10 * MS); /* soon enough for the walk that follows */
	assert_int_equal(pace_other(0), 20 * MS);
	assert_int_equal(pace_other(MS / 2), 25 * MS);
	assert_int_equal(pace_other(110 * MS), 5500 * MS);
	assert_true(pace_same(MS) > pace_other(MS) && pace_cold(MS) > pace_same(MS));
}

static void mean(void **state)
{
	uint64_t m = 80 * MS;

	/* One look that was held up does not count for long. */
	for (int i = 0; i < 60; i++)
		m = pace_mean(m, 8 * MS);
	assert_true(m >= 8 * MS - 8 && m < 9 * MS);
	assert_int_equal(pace_mean(8 * MS, 16 * MS), 9 * MS);
}

/* News without end: how much of an hour goes into looking at them. */
static void news_without_end(void **state)
{
	struct pace_news p = {0};
	uint64_t now = 5 * NSEC_PER_SEC, end = now + 3600 * NSEC_PER_SEC, cost = 5 * MS, spent = 0;

	while (now < end) {
		if (pace_news_may(&p, now, cost)) {
			pace_news_spent(&p, cost);
			spent += cost;
			now += cost;
		}
		now += 20 * MS;
	}
	assert_true(spent <= 3600 * NSEC_PER_SEC / 200 + 8 * cost);
	assert_true(spent > 3600 * NSEC_PER_SEC / 250);
}

static void news_after_a_pause(void **state)
{
	struct pace_news p = {0};
	uint64_t now = NSEC_PER_SEC, cost = 5 * MS;
	unsigned n = 0;

	while (pace_news_may(&p, now, cost) && n < 100) {
		pace_news_spent(&p, cost);
		n++;
	}
	assert_int_equal(n, 8);
	now += 3600 * NSEC_PER_SEC;
	for (n = 0; pace_news_may(&p, now, cost) && n < 100; n++)
		pace_news_spent(&p, cost);
	assert_int_equal(n, 8); /* not an hour's worth at once */
	now += 200 * cost;
	assert_true(pace_news_may(&p, now, cost));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(periods),
		cmocka_unit_test(mean),
		cmocka_unit_test(news_without_end),
		cmocka_unit_test(news_after_a_pause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
