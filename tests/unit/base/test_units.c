/* Numbers with units: reading, refusing, writing. */
#include "sockeye/base/mem.h"
#include "sockeye/base/units.h"
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static void test_parse_duration(void **state)
{
	static const struct {
		const char *s;
		uint64_t ns;
	} good[] = {
		{"30", 30 * NSEC_PER_SEC},
		{"0.5s", NSEC_PER_SEC / 2},
		{".25", NSEC_PER_SEC / 4},
		{"500ms", NSEC_PER_SEC / 2},
		{"1.5ms", 1500000},
		{"5m", 300 * NSEC_PER_SEC},
		{"2h", 7200 * NSEC_PER_SEC},
		{"1.5h", 5400 * NSEC_PER_SEC},
		{"3d", 259200 * NSEC_PER_SEC},
		{"0", 0},
		{"1ns", 1},
		{"0.0000000019s", 1},
		{"1.999999999w", UINT64_C(1209599999395200)},
	};
	static const char *const bad[] = {"",    "s",   "30x", "-1", "+1",    " 1",  "1 s", "1e3", "0x10",
					  "inf", "nan", "1.",  ".",  "1.2.3", "1,5", "1sm", "5M"};
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		uint64_t ns = 99;
		assert_int_equal(parse_duration(good[i].s, &ns), 0);
		assert_int_equal(ns, good[i].ns);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		uint64_t ns = 99;
		assert_int_equal(parse_duration(bad[i], &ns), -EINVAL);
		assert_int_equal(ns, 99);
	}
	uint64_t ns = 99;
	assert_int_equal(parse_duration("99999999999999999999", &ns), -ERANGE);
	assert_int_equal(parse_duration("20000000000", &ns), -ERANGE);
	assert_int_equal(ns, 99);
}

static void test_parse_size(void **state)
{
	static const struct {
		const char *s;
		double v;
	} good[] = {{"300", 300},  {"10M", 1e7}, {"1.5Gi", 1.5 * 0x1p30}, {"2k", 2000},
		    {"2KB", 2000}, {"7B", 7},    {"1Ti", 0x1p40},         {"0.5", 0.5}};
	double v = -1;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_int_equal(parse_size(good[i].s, &v), 0);
		assert_true(v == good[i].v);
	}
	static const char *const bad[] = {"", "M", "-1", "1m", "1 M", "1MM", "1BB", "nan", "1e6", "1M/s"};
	v = -1;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(parse_size(bad[i], &v), -EINVAL);
	assert_true(v == -1);
	assert_int_equal(parse_rate("1M/s", &v), 0);
	assert_true(v == 1e6);
	assert_int_equal(parse_rate("1MiB/s", &v), 0);
	assert_true(v == 0x1p20);
	assert_int_equal(parse_rate("250", &v), 0);
	assert_true(v == 250);
	assert_int_equal(parse_rate("/s", &v), -EINVAL);
	assert_int_equal(parse_rate("1/ss", &v), -EINVAL);
}

static void test_parse_u64(void **state)
{
	uint64_t v = 5;
	assert_int_equal(parse_u64("65535", 65535, &v), 0);
	assert_int_equal(v, 65535);
	assert_int_equal(parse_u64("65536", 65535, &v), -ERANGE);
	assert_int_equal(parse_u64("18446744073709551615", UINT64_MAX, &v), 0);
	assert_true(v == UINT64_MAX);
	v = 5;
	assert_int_equal(parse_u64("18446744073709551616", UINT64_MAX, &v), -ERANGE);
	assert_int_equal(parse_u64("", 9, &v), -EINVAL);
	assert_int_equal(parse_u64("-1", 9, &v), -EINVAL);
	assert_int_equal(parse_u64("1x", 9, &v), -EINVAL);
	assert_int_equal(parse_u64("99x", 9, &v), -EINVAL);
	assert_int_equal(v, 5);
}

static void test_fmt_size(void **state)
{
	static const struct {
		double v;
		const char *s;
	} table[] = {
		{0, "0"},         {0.4, "0"},       {310, "310"},      {999, "999"},  {999.4, "999"},
		{999.6, "1.0k"},  {1200, "1.2k"},   {9949, "9.9k"},    {9951, "10k"}, {88000, "88k"},
		{999499, "999k"}, {999500, "1.0M"}, {5200000, "5.2M"}, {14e6, "14M"}, {1e9, "1.0G"},
		{1e12, "1.0T"},   {5e18, "5.0E"},   {1e30, "999E"},    {-1, ""},      {NAN, ""},
		{INFINITY, ""},
	};
	char buf[UNIT_BUF];
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		assert_string_equal(fmt_size(buf, table[i].v), table[i].s);
	unsigned seed = 3;
	for (int i = 0; i < 20000; i++) {
		double v = exp((double)rand_r(&seed) / RAND_MAX * 45);
		size_t n = strlen(fmt_size(buf, v));
		assert_in_range(n, 1, 4);
		double back = 0;
		if (v < 1e18) {
			assert_int_equal(parse_size(buf, &back), 0);
			assert_true(fabs(back - v) <= 0.051 * v + 0.5);
		}
	}
}

static void test_fmt_duration(void **state)
{
	static const struct {
		double v;
		const char *s, *l;
	} table[] = {
		{0, "0s", "0s"},
		{0.04, "0s", "0s"},
		{0.3, ".3s", ".3s"},
		{0.94, ".9s", ".9s"},
		{0.95, "1s", "1s"},
		{41.9, "41s", "41s"},
		{60, "1m", "1m"},
		{751, "12m", "12m31s"},
		{3599, "59m", "59m59s"},
		{8040, "2h", "2h14m"},
		{86400, "1d", "1d"},
		{273600, "3d", "3d4h"},
		{86400.0 * 999, "999d", "999d"},
		{86400.0 * 1100, "3y", "3y4d"},
		{-1, "", ""},
		{NAN, "", ""},
	};
	char buf[UNIT_BUF];
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		assert_string_equal(fmt_duration(buf, table[i].v), table[i].s);
		assert_string_equal(fmt_duration_long(buf, table[i].v), table[i].l);
	}
	assert_in_range(strlen(fmt_duration(buf, 1e300)), 1, UNIT_BUF - 1);
	assert_string_equal(fmt_age(buf, 0, 1), "under 1s");
	assert_string_equal(fmt_age(buf, .6, 2), "under 1s");
	assert_string_equal(fmt_age(buf, 1, 2), "1s");
	assert_string_equal(fmt_age(buf, 8040, 1), "2h");
	assert_string_equal(fmt_age(buf, 8040, 2), "2h14m");
	assert_string_equal(fmt_age(buf, NAN, 1), "");
}

static void test_fmt_count(void **state)
{
	char buf[UNIT_BUF];
	assert_string_equal(fmt_count(buf, 0), "0");
	assert_string_equal(fmt_count(buf, 999), "999");
	assert_string_equal(fmt_count(buf, 1019), "1,019");
	assert_string_equal(fmt_count(buf, 1000000), "1,000,000");
	assert_string_equal(fmt_count(buf, UINT64_MAX), "18,446,744,073,709,551,615");
}

static void test_time(void **state)
{
	char buf[UNIT_BUF], want[64];
	assert_string_equal(fmt_rfc3339(buf, 0), "1970-01-01T00:00:00.000Z");
	assert_string_equal(fmt_rfc3339(buf, UINT64_C(1795356151120999999)), "2026-11-22T14:02:31.120Z");
	assert_string_equal(fmt_rfc3339(buf, UINT64_C(951782399007000000)), "2000-02-28T23:59:59.007Z");
	unsigned seed = 5;
	for (int i = 0; i < 20000; i++) {
		time_t t = (time_t)(((uint64_t)rand_r(&seed) << 3) ^ (uint64_t)rand_r(&seed));
		struct tm tm;
		gmtime_r(&t, &tm);
		strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%S.000Z", &tm);
		assert_string_equal(fmt_rfc3339(buf, (uint64_t)t * NSEC_PER_SEC), want);
	}
	setenv("TZ", "UTC-1", 1);
	tzset();
	assert_string_equal(fmt_local(buf, UINT64_C(1795079642000000000)), "Thu 19 Nov 10:14:02");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_duration), cmocka_unit_test(test_parse_size),
		cmocka_unit_test(test_parse_u64),      cmocka_unit_test(test_fmt_size),
		cmocka_unit_test(test_fmt_duration),   cmocka_unit_test(test_fmt_count),
		cmocka_unit_test(test_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
