/* The binding table: every key parses, none is given twice, every action has its words. */
#include "sockeye/view/binding.h"
#include "sockeye/view/key.h"
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static size_t words(const char *s)
{
	size_t n = 0;

	for (const char *p = s; *p; p++)
		n += *p != ' ' && (p == s || p[-1] == ' ');
	return n;
}

static void test_rows_are_whole(void **state)
{
	for (size_t i = 0; i < binding_table_n; i++) {
		const struct binding *b = &binding_table[i];
		uint32_t codes[BINDING_KEYS_MAX];

		assert_true(b->action && *b->action);
		assert_true(b->help && *b->help);
		assert_non_null(b->run);
		assert_in_range(b->group, 0, GROUP_N - 1);
		assert_true(b->where != 0);
		assert_int_equal(binding_keys(b, codes), words(b->keys));
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(b->action, binding_table[j].action);
	}
}

static void test_no_key_twice(void **state)
{
	for (size_t i = 0; i < binding_table_n; i++) {
		uint32_t a[BINDING_KEYS_MAX], b[BINDING_KEYS_MAX];
		size_t an = binding_keys(&binding_table[i], a);

		for (size_t j = 0; j < i; j++) {
			size_t bn = binding_keys(&binding_table[j], b);

			if (!(binding_table[i].where & binding_table[j].where))
				continue;
			for (size_t x = 0; x < an; x++)
				for (size_t y = 0; y < bn; y++)
					assert_int_not_equal(a[x], b[y]);
		}
	}
}

static void test_find(void **state)
{
	assert_string_equal(binding_find('K', WHERE_TABLE)->action, "kill");
	assert_string_equal(binding_find(KEY_F9, WHERE_PAGE)->action, "kill");
	assert_string_equal(binding_find('k', WHERE_TABLE)->action, "row_up");
	assert_string_equal(binding_find('h', WHERE_TABLE)->action, "help");
	assert_string_equal(binding_find(3, WHERE_PAGE)->action, "quit");
	assert_null(binding_find('1', WHERE_PAGE)); /* digits only at the top */
	assert_non_null(binding_find('1', WHERE_TABLE));
	assert_null(binding_find(KEY_F7, WHERE_ANY));
}

static void test_unbound(void **state)
{
	assert_non_null(strstr(binding_unbound_text('8'), "`:` finds a port"));
	assert_non_null(strstr(binding_unbound_text(KEY_F7), "no nice value here"));
	for (uint32_t code = 0; code < KEY_UNKNOWN; code = code == 0x300 ? KEY_UP_ : code + 1)
		assert_true(*binding_unbound_text(code));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_are_whole),
		cmocka_unit_test(test_no_key_twice),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_unbound),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
