/* The cache of host names: one slot an address in either spelling, asked about once, answered later. */
#include "sockeye/model/hosts.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct ip ip(const char *text)
{
	struct ip ret;

	assert_int_equal(ip_parse(text, &ret), 0);
	return ret;
}

static void test_once(void **state)
{
	struct hosts h = {0};
	struct ip a = ip("192.0.2.1"), b = ip("2001:db8::1"), mapped = ip("::ffff:192.0.2.1"), back;
	struct late *first, *second;

	assert_null(hosts_name(&h, &a, false)); /* only looked */
	assert_null(hosts_next(&h));
	assert_null(hosts_name(&h, &a, true));
	assert_null(hosts_name(&h, &b, true));
	assert_null(hosts_name(&h, &a, true)); /* again: not twice */
	assert_null(hosts_name(&h, &mapped, true)); /* the same address */
	first = hosts_next(&h);
	second = hosts_next(&h);
	assert_non_null(first);
	assert_non_null(second);
	assert_null(hosts_next(&h));
	hosts_ip(first, &back);
	assert_false(back.v6);
	assert_memory_equal(back.b, a.b, 4);
	hosts_ip(second, &back);
	assert_true(back.v6);
	assert_memory_equal(back.b, b.b, 16);
	late_set(first, LATE_HOST, "one.example", 11);
	late_set(second, LATE_HOST, "", 0); /* has none */
	assert_string_equal(hosts_name(&h, &a, true), "one.example");
	assert_string_equal(hosts_name(&h, &mapped, false), "one.example");
	assert_null(hosts_name(&h, &b, true));
	assert_null(hosts_next(&h));
	hosts_done(&h);
}

/* A flood of addresses does not become a flood of questions. */
static void test_bounded(void **state)
{
	struct hosts h = {0};
	size_t n = 0;

	for (uint32_t i = 0; i < HOSTS_MAX + 100; i++) {
		struct ip a = {.b = {10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}};

		assert_null(hosts_name(&h, &a, true));
	}
	while (hosts_next(&h))
		n++;
	assert_int_equal(n, HOSTS_MAX);
	hosts_done(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_once),
		cmocka_unit_test(test_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
