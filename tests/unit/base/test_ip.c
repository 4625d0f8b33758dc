/* Addresses: written as inet_ntop() does, read, matched against prefixes. */
#include "sockeye/base/ip.h"
#include "sockeye/base/mem.h"
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void check(const uint8_t b[16], bool v6)
{
	char got[IP_TEXT], want[IP_TEXT];
	assert_non_null(inet_ntop(v6 ? AF_INET6 : AF_INET, b, want, sizeof(want)));
	assert_string_equal(ip_format(got, b, v6), want);
	struct ip back;
	assert_int_equal(ip_parse(got, &back), 0);
	assert_int_equal(back.v6, v6);
	assert_memory_equal(back.b, b, v6 ? 16 : 4);
}

static void test_format(void **state)
{
	unsigned seed = 11;
	for (int i = 0; i < 50000; i++) {
		uint8_t b[16];
		for (int j = 0; j < 16; j++) /* many zeros: runs are what it is about */
			b[j] = rand_r(&seed) % 3 ? 0 : (uint8_t)(rand_r(&seed) >> 4);
		if (i % 5 == 0)
			memcpy(b, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
		check(b, true);
		check(b, false);
	}
	struct ip ip;
	char buf[IP_TEXT];
	static const char *const same[] = {"::",
					   "::1",
					   "1::",
					   "fe80::1",
					   "2001:db8::8:800:200c:417a",
					   "::ffff:10.0.0.5",
					   "0.0.0.0",
					   "255.255.255.255",
					   "1:2:3:4:5:6:7:8",
					   "1:0:2::3"};
	for (size_t i = 0; i < ARRAY_LEN(same); i++) {
		assert_int_equal(ip_parse(same[i], &ip), 0);
		assert_string_equal(ip_format(buf, ip.b, ip.v6), same[i]);
	}
}

static void test_parse(void **state)
{
	static const char *const bad[] = {"",
					  "[]",
					  "[",
					  "1.2.3",
					  "1.2.3.4.5",
					  "256.1.1.1",
					  "[1.2.3.4]",
					  "::1]",
					  "[::1",
					  "fe80::1%eth0",
					  ":",
					  "1:2",
					  "10.0.0.0/8",
					  "localhost",
					  "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb"};
	struct ip ip = {.b = {7}};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(ip_parse(bad[i], &ip), -EINVAL);
	assert_int_equal(ip.b[0], 7);
	assert_int_equal(ip_parse("[::1]", &ip), 0);
	assert_true(ip.v6 && ip.b[15] == 1);
}

static bool in(const char *addr, const char *prefix)
{
	struct ip ip;
	struct ip_net net;
	assert_int_equal(ip_parse(addr, &ip), 0);
	assert_int_equal(ip_parse_net(prefix, &net), 0);
	return ip_in_net(&ip, &net);
}

static void test_net(void **state)
{
	assert_true(in("10.1.2.3", "10.0.0.0/8"));
	assert_false(in("11.1.2.3", "10.0.0.0/8"));
	assert_true(in("10.1.2.3", "10.1.2.3"));
	assert_false(in("10.1.2.4", "10.1.2.3"));
	assert_true(in("172.31.255.255", "172.16.0.0/12"));
	assert_false(in("172.32.0.0", "172.16.0.0/12"));
	assert_true(in("1.2.3.4", "0.0.0.0/0"));
	assert_false(in("::1", "0.0.0.0/0"));
	assert_true(in("fe80::1", "[fe80::]/10"));
	assert_false(in("fec0::1", "fe80::/10"));
	assert_true(in("::1", "::1/128"));
	static const char *const bad[] = {"10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1",
					  "10.0.0.0/8x", "/8",     "10/8",      "::/0128"};
	struct ip_net net = {.bits = 3};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(ip_parse_net(bad[i], &net), -EINVAL);
	assert_int_equal(net.bits, 3);
}

static void test_kinds(void **state)
{
	struct ip a, b;
	ip_parse("::ffff:10.0.0.5", &a);
	assert_true(ip_is_mapped(a.b));
	ip_unmap(a.b, a.v6, &b);
	assert_false(b.v6);
	char buf[IP_TEXT];
	assert_string_equal(ip_format(buf, b.b, b.v6), "10.0.0.5");
	ip_unmap(b.b, b.v6, &a);
	assert_string_equal(ip_format(buf, a.b, a.v6), "10.0.0.5");
	ip_parse("::1", &a);
	assert_false(ip_is_mapped(a.b));
	assert_false(ip_is_any(a.b, true));
	assert_true(ip_is_any(a.b, false)); /* its first four bytes are zero */
	ip_parse("::", &a);
	assert_true(ip_is_any(a.b, true));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_net),
		cmocka_unit_test(test_kinds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
