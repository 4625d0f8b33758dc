/* The canvas: clipping at every edge, wide and combining characters, the dump. */
#include "sockeye/view/canvas.h"
#include <limits.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct cell *at(const struct canvas *c, int y, int x)
{
	return &c->cells[y * c->w + x];
}

static void test_put_clips(void **state)
{
	struct canvas c;

	canvas_init(&c);
	canvas_resize(&c, 5, 2);
	assert_int_equal(canvas_put(&c, 0, 2, STYLE_BAD, "abcdef", INT_MAX), 3);
	assert_string_equal(at(&c, 0, 4)->glyph, "c");
	assert_string_equal(at(&c, 1, 0)->glyph, " ");
	assert_int_equal(canvas_put(&c, 1, 0, STYLE_BAD, "abc", 2), 2);
	assert_string_equal(at(&c, 1, 2)->glyph, " ");
	assert_int_equal(canvas_put(&c, -1, 0, STYLE_BAD, "x", 9), 0);
	assert_int_equal(canvas_put(&c, 0, -1, STYLE_BAD, "x", 9), 0);
	assert_int_equal(canvas_put(&c, 2, 0, STYLE_BAD, "x", 9), 0);
	assert_int_equal(canvas_put(&c, 0, 5, STYLE_BAD, "x", 9), 0);
	assert_int_equal(canvas_put(&c, 0, 0, STYLE_BAD, "x", 0), 0);
	assert_int_equal(canvas_put(&c, 0, 0, STYLE_BAD, "x", -3), 0);
	canvas_done(&c);
}

static void test_wide(void **state)
{
	struct canvas c;

	canvas_init(&c);
	canvas_resize(&c, 5, 1);
	assert_int_equal(canvas_put(&c, 0, 0, STYLE_PLAIN, "数据库", 9), 4); /* the third has half the room */
	assert_string_equal(at(&c, 0, 0)->glyph, "数");
	assert_string_equal(at(&c, 0, 1)->glyph, "");
	assert_string_equal(at(&c, 0, 4)->glyph, " ");
	canvas_put(&c, 0, 1, STYLE_PLAIN, "x", 1); /* the right half: the left one goes too */
	assert_string_equal(at(&c, 0, 0)->glyph, " ");
	assert_string_equal(at(&c, 0, 1)->glyph, "x");
	canvas_put(&c, 0, 2, STYLE_PLAIN, "y", 1); /* the left half */
	assert_string_equal(at(&c, 0, 3)->glyph, " ");
	canvas_done(&c);
}

static void test_combining(void **state)
{
	struct canvas c;

	canvas_init(&c);
	canvas_resize(&c, 4, 1);
	assert_int_equal(canvas_put(&c, 0, 0, STYLE_PLAIN, "e\xcc\x81x", 9), 2);
	assert_string_equal(at(&c, 0, 0)->glyph, "e\xcc\x81");
	assert_string_equal(at(&c, 0, 1)->glyph, "x");
	canvas_blank(&c);
	/* A mark without a base is left out; a hundred marks do not overflow the cell. */
	assert_int_equal(canvas_put(&c, 0, 0, STYLE_PLAIN, "\xcc\x81z", 9), 1);
	{
		char zalgo[300] = "a";

		for (int i = 0; i < 100; i++)
			strcat(zalgo, "\xcc\x81");
		strcat(zalgo, "b");
		assert_int_equal(canvas_put(&c, 0, 0, STYLE_PLAIN, zalgo, 9), 2);
		assert_true(strlen(at(&c, 0, 0)->glyph) < GLYPH_BYTES);
		assert_string_equal(at(&c, 0, 1)->glyph, "b");
	}
	canvas_done(&c);
}

static void test_unsafe_is_replaced(void **state)
{
	struct canvas c;

	canvas_init(&c);
	canvas_resize(&c, 8, 1);
	assert_int_equal(canvas_put(&c, 0, 0, STYLE_PLAIN, "a\033[\n\xff\x7f\xc2\x9b", 9), 7);
	assert_string_equal(at(&c, 0, 1)->glyph, "?");
	assert_string_equal(at(&c, 0, 2)->glyph, "[");
	assert_string_equal(at(&c, 0, 3)->glyph, "?");
	assert_string_equal(at(&c, 0, 4)->glyph, "?");
	assert_string_equal(at(&c, 0, 5)->glyph, "?");
	assert_string_equal(at(&c, 0, 6)->glyph, "?");
	canvas_done(&c);
}

static void test_dump(void **state)
{
	struct canvas c;
	struct str s = {0};

	canvas_init(&c);
	canvas_resize(&c, 6, 3);
	canvas_put(&c, 0, 0, STYLE_BAD, "ab", 9);
	canvas_put(&c, 1, 1, STYLE_PLAIN, "c", 9);
	canvas_reverse(&c, 1, 0, 3);
	canvas_reverse(&c, 0, 1, 1);
	canvas_dump(&c, &s);
	assert_string_equal(str_text(&s), "ab\n c\n\n--- styles\nbB\nPPP\n\n");
	str_done(&s);
	canvas_done(&c);
}

static void test_sizes(void **state)
{
	struct canvas c;
	struct str s = {0};

	canvas_init(&c);
	canvas_resize(&c, 0, 0);
	canvas_put(&c, 0, 0, STYLE_PLAIN, "x", 1);
	canvas_reverse(&c, 0, 0, 5);
	canvas_fill(&c, 0, 0, 3, 3, STYLE_DIM, "-");
	canvas_dump(&c, &s);
	assert_string_equal(str_text(&s), "--- styles\n");
	canvas_resize(&c, -5, 3);
	assert_int_equal(c.w, 0);
	canvas_resize(&c, 3, 3);
	canvas_fill(&c, -1, -1, 9, 3, STYLE_DIM, "#");
	assert_string_equal(at(&c, 2, 1)->glyph, "#");
	assert_string_equal(at(&c, 2, 2)->glyph, " ");
	str_done(&s);
	canvas_done(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_put_clips), cmocka_unit_test(test_wide),
		cmocka_unit_test(test_combining), cmocka_unit_test(test_unsafe_is_replaced),
		cmocka_unit_test(test_dump),      cmocka_unit_test(test_sizes),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
