/* Bars and sparklines, in Unicode and ASCII. */
#include "graph.h"
#include <locale.h>
#include <math.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void expect_bar(double share, int width, bool ascii, const char *want)
{
	struct str s = {0};

	graph_bar(&s, share, width, ascii);
	assert_string_equal(str_text(&s), want);
	str_done(&s);
}

static void bars(void **state)
{
	expect_bar(0, 4, false, "░░░░");
	expect_bar(.5, 4, false, "██░░");
	expect_bar(1, 4, false, "████");
	expect_bar(7, 4, false, "████"); /* over the limit is full */
	expect_bar(-1, 4, false, "░░░░");
	expect_bar(NAN, 2, false, "░░");
	expect_bar(1019 / 1024., 20, false, "███████████████████▉"); /* nearly is not quite */
	expect_bar(1019 / 1024., 20, true, "###################.");
	expect_bar(.625, 4, false, "██▌░");
	expect_bar(.5, 4, true, "##..");
	expect_bar(.5, 0, false, "");
	expect_bar(.5, -3, true, "");
}

static void stripes(void **state)
{
	struct str s = {0};

	graph_stripe(&s, .5, 4, false);
	assert_string_equal(str_text(&s), "██");
	str_clear(&s);
	graph_stripe(&s, .0001, 4, false);
	assert_string_equal(str_text(&s), "▏"); /* few is not none */
	str_clear(&s);
	graph_stripe(&s, .0001, 4, true);
	assert_string_equal(str_text(&s), "#");
	str_clear(&s);
	graph_stripe(&s, 0, 4, false);
	assert_string_equal(str_text(&s), "");
	str_done(&s);
}

static void sparks(void **state)
{
	struct ring r;
	struct str s = {0};

	memset(&r, 0, sizeof(r));
	ring_push(&r, NAN, 0, 0);
	ring_push(&r, 0, 0, 0);
	ring_push(&r, 50, 0, .5f);
	ring_push(&r, 1, 0, 0);
	ring_push(&r, 100, 0, 1);
	graph_spark(&s, &r, ring_rx, 7, 0, false);
	assert_string_equal(str_text(&s), "   ▁▅▂█"); /* newest right; unknown and never measured are blank */
	str_clear(&s);
	graph_spark(&s, &r, ring_rx, 2, 0, false);
	assert_string_equal(str_text(&s), "▂█");
	str_clear(&s);
	graph_spark(&s, &r, ring_rx, 7, 0, true);
	assert_string_equal(str_text(&s), "   .=:#");
	str_clear(&s);
	graph_spark(&s, &r, ring_tx, 5, 0, false); /* all zero: no division */
	assert_string_equal(str_text(&s), "▁▁▁▁▁");
	str_clear(&s);
	graph_spark(&s, &r, ring_queue, 3, 2, true); /* a maximum of its own: a quarter and a half */
	assert_string_equal(str_text(&s), "-.=");
	str_clear(&s);
	graph_spark(&s, &r, ring_rx, 100, 0, true); /* wider than the ring */
	assert_int_equal(s.n, 100);
	assert_true(graph_peak(&r, ring_rx) == 100);
	memset(&r, 0, sizeof(r));
	assert_true(isnan(graph_peak(&r, ring_rx)));
	str_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bars),
		cmocka_unit_test(stripes),
		cmocka_unit_test(sparks),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
