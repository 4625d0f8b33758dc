/* The summary: what is counted where, in words and in JSON. */
#include "fixture.h"
#include "sockeye/table/summary.h"
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void collect(void *data, uint8_t style, const char *text)
{
	str_puts(data, text);
	str_putc(data, '\n');
}

static uint32_t count(const struct summary *s, unsigned proto, unsigned family, unsigned state)
{
	uint32_t n = 0;

	for (size_t i = 0; i < s->rows.n; i++)
		if (s->rows.v[i].proto == proto && s->rows.v[i].family == family)
			n += s->rows.v[i].states[state];
	return n;
}

static void test_counts(void **state)
{
	struct summary s = {0};
	const struct frame *f;
	struct fixture x;
	uint32_t all = 0;

	fixture_init(&x);
	fixture_web1(&x, false);
	f = fixture_apply(&x, 1);
	summary_make(&s, f, NULL);
	for (unsigned p = 0; p < PROTO_N; p++)
		for (unsigned fam = 0; fam < FAMILY_N; fam++)
			for (unsigned st = 0; st < STATE_N; st++) {
				uint32_t n = 0;

				for (size_t i = 0; i < f->open_rows; i++)
					n += frame_sock(f, i)->proto == p &&
					     frame_sock(f, i)->family == fam && frame_sock(f, i)->state == st;
				assert_int_equal(count(&s, p, fam, st), n);
				all += n;
			}
	assert_int_equal(s.socks, all);
	assert_int_equal(s.socks, f->open_rows);
	for (size_t i = 1; i < s.rows.n; i++)
		assert_true(s.rows.v[i - 1].netns <= s.rows.v[i].netns);
	summary_done(&s);
	fixture_done(&x);
}

static void test_filter(void **state)
{
	struct summary s = {0};
	struct filter_error err;
	struct filter *filter;
	const struct frame *f;
	struct fixture x;

	fixture_init(&x);
	fixture_web1(&x, false);
	f = fixture_apply(&x, 1);
	assert_int_equal(filter_parse("state=close-wait", NULL, &filter, &err), 0);
	summary_make(&s, f, filter);
	assert_int_equal(s.socks, 7);
	assert_int_equal(s.rows.n, 1);
	filter_free(filter);
	assert_int_equal(filter_parse("port=1", NULL, &filter, &err), 0);
	summary_make(&s, f, filter);
	assert_int_equal(s.socks, 0);
	assert_int_equal(s.rows.n, 0);
	filter_free(filter);
	summary_done(&s);
	fixture_done(&x);
}

static void test_words(void **state)
{
	struct summary s = {0};
	struct str out = {0};
	const struct frame *f;
	struct fixture x;

	fixture_init(&x);
	fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "0.0.0.0:80", NULL);
	fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "[2001:db8::1]:80", "[2001:db8::2]:1234");
	f = fixture_apply(&x, 1);
	summary_make(&s, f, NULL);
	summary_text(&s, f, 80, true, collect, &out);
	assert_non_null(
		strstr(str_text(&out), "tcp                              1           1           2\n"));
	assert_non_null(
		strstr(str_text(&out), "  listening                      1           0           1\n"));
	assert_null(strstr(str_text(&out), "KERNEL")); /* nothing is known */
	str_clear(&out);
	summary_json_memory(f, &out);
	assert_string_equal(str_text(&out), "null");
	x.snap.memory = (struct snap_memory){.known = true,
					     .page_bytes = 4096,
					     .tcp_pages = 300,
					     .tcp_mem = {100, 200, 300},
					     .orphans = 2};
	f = fixture_apply(&x, 1);
	str_clear(&out);
	summary_text(&s, f, 80, true, collect, &out);
	assert_non_null(strstr(str_text(&out), "  orphans             2\n"));
	assert_non_null(
		strstr(str_text(&out), "  memory of TCP       1.2MB of 1.2MB, pressure from 819kB\n"));
	str_clear(&out);
	summary_json_memory(f, &out);
	assert_string_equal(str_text(&out),
			    "{\"orphans\":2,\"orphans_max\":null,\"time_wait_max\":null,\"tcp_alloc\":0,"
			    "\"tcp_bytes\":1228800,\"tcp_pressure_bytes\":819200,\"tcp_max_bytes\":1228800,"
			    "\"udp_bytes\":0,\"udp_max_bytes\":null}");
	str_clear(&out);
	summary_json_row(&s.rows.v[0], f, &out);
	assert_non_null(strstr(str_text(&out), "\"proto\":\"tcp\",\"family\":\"ipv4\",\"sockets\":1,"
					       "\"states\":{\"listening\":1}}"));
	str_done(&out);
	summary_done(&s);
	fixture_done(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_words),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
