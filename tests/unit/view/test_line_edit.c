/* Typing: readline's keys on UTF-8, and nothing that could act on a terminal. */
#include "line_edit.h"
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void press(struct line_edit *l, const char *name)
{
	struct key k = {0};

	assert_int_equal(key_parse(name, &k.code), 0);
	assert_true(line_edit_key(l, &k));
}

static void test_editing(void **state)
{
	struct line_edit l = {0};

	press(&l, "a");
	press(&l, "ä");
	press(&l, "数");
	assert_string_equal(str_text(&l.text), "aä数");
	press(&l, "Left");
	press(&l, "Left");
	assert_int_equal(l.cur, 1);
	press(&l, "Del");
	assert_string_equal(str_text(&l.text), "a数");
	press(&l, "End");
	press(&l, "Backspace");
	press(&l, "Backspace");
	press(&l, "Backspace");
	assert_string_equal(str_text(&l.text), "");
	line_edit_set(&l, "tcp process=nginx");
	press(&l, "^W");
	assert_string_equal(str_text(&l.text), "tcp ");
	press(&l, "^A");
	press(&l, "^K");
	assert_string_equal(str_text(&l.text), "");
	line_edit_set(&l, "abc");
	press(&l, "Left");
	press(&l, "^U");
	assert_string_equal(str_text(&l.text), "c");
	assert_int_equal(l.cur, 0);
	line_edit_done(&l);
}

static void test_unsafe_is_not_taken(void **state)
{
	static const uint32_t codes[] = {0x202e, 0x200b, 0x85, 0xfffe, 0xd800, 0xe000, 0xad};
	struct line_edit l = {0};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		struct key k = {.code = codes[i]};

		line_edit_key(&l, &k);
		assert_string_equal(str_text(&l.text), "");
	}
	line_edit_done(&l);
}

static void test_length_is_bounded(void **state)
{
	struct line_edit l = {0};

	for (int i = 0; i < 3000; i++)
		press(&l, "x");
	assert_int_equal(l.text.n, LINE_MAX_BYTES);
	line_edit_done(&l);
}

static void test_draw_scrolls(void **state)
{
	struct line_edit l = {0};
	struct canvas c;

	canvas_init(&c);
	canvas_resize(&c, 10, 1);
	line_edit_set(&l, "abcdefghijklmno");
	line_edit_draw(&l, &c, 0, 2, 8);
	assert_string_equal(c.cells[2].glyph, "i");
	assert_string_equal(c.cells[8].glyph, "o");
	assert_int_equal(c.cur_x, 9);
	canvas_blank(&c);
	l.cur = 0;
	line_edit_draw(&l, &c, 0, 2, 8);
	assert_string_equal(c.cells[2].glyph, "a");
	assert_int_equal(c.cur_x, 2);
	line_edit_draw(&l, &c, 0, 2, 0);
	line_edit_draw(&l, &c, 0, 2, -4);
	line_edit_done(&l);
	canvas_done(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_editing),
		cmocka_unit_test(test_unsafe_is_not_taken),
		cmocka_unit_test(test_length_is_bounded),
		cmocka_unit_test(test_draw_scrolls),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
