/* The theme without colours: what must be told apart is. */
#include "sockeye/table/column.h"
#include "style.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static attr_t mono(uint8_t style, bool reverse)
{
	short pair = -1;
	attr_t a = style_attr(style, reverse, &pair);

	assert_int_equal(pair, 0);
	return a;
}

static void test_mono(void **state)
{
	assert_int_equal(mono(STYLE_PLAIN, false), A_NORMAL);
	assert_int_equal(mono(STYLE_SEL, false), A_REVERSE);
	assert_int_equal(mono(STYLE_BAD, false), A_BOLD);
	assert_int_equal(mono(STYLE_WARN, false), A_UNDERLINE);
	assert_int_equal(mono(STYLE_SORT, false), A_BOLD | A_UNDERLINE);
	assert_int_equal(mono(STYLE_DIM, false), A_DIM);
	assert_int_equal(mono(STYLE_N, false), A_NORMAL); /* no such style */
	assert_int_equal(mono(255, false), A_NORMAL);
}

static void test_reverse(void **state)
{
	for (uint8_t i = 0; i < STYLE_N; i++) {
		assert_true(mono(i, true) & A_REVERSE);
		assert_false(mono(i, true) & A_DIM);
	}
	assert_int_equal(mono(STYLE_BAD, true), A_BOLD | A_REVERSE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mono),
		cmocka_unit_test(test_reverse),
	};

	style_init(false, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
