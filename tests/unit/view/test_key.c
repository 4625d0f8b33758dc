/* Key names go both ways. */
#include "sockeye/view/key.h"
#include <errno.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_round_trip(void **state)
{
	for (uint32_t code = 1; code < KEY_UNKNOWN; code = code == 0x2ff ? KEY_UP_ : code + 1) {
		struct str s = {0};
		uint32_t back = 0;

		if (code >= 0x7f && code < 0xa0)
			continue;
		if (code == 0xad || (code >= 0x300 && code < 0x370))
			continue;
		key_print(code, &s);
		assert_int_equal(key_parse(str_text(&s), &back), 0);
		assert_int_equal(back, code);
		str_done(&s);
	}
}

static void test_names(void **state)
{
	static const struct {
		const char *name;
		uint32_t code;
	} all[] = {
		{"K", 'K'},
		{"Space", ' '},
		{"^C", 3},
		{"^l", 12},
		{"Enter", KEY_ENTER_},
		{"F10", KEY_F10},
		{"pgup", KEY_PGUP},
		{"Esc", KEY_ESC},
		{"ä", 0xe4},
		{"^", '^'},
		{"Backspace", KEY_BACKSPACE_},
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		uint32_t code = 0;

		assert_int_equal(key_parse(all[i].name, &code), 0);
		assert_int_equal(code, all[i].code);
	}
}

static void test_wrong(void **state)
{
	static const char *const names[] = {"", "F13", "^1", "ab", "\xff", "\xc3", "^", "Ctrl-C"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		uint32_t code = 4711;

		if (names[i][0] == '^' && !names[i][1])
			continue;
		assert_int_equal(key_parse(names[i], &code), -EINVAL);
		assert_int_equal(code, 4711);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_wrong),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
