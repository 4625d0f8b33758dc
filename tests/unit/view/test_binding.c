/* The binding table: every key parses, none is given twice, every action has its words. */
#include "sockeye/view/binding.h"
#include "sockeye/view/key.h"
#include <errno.h>
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
		assert_in_range(b->group, 0, KEYS_N - 1);
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
	struct keymap m;

	keymap_init(&m);
	assert_string_equal(keymap_find(&m, 'K', WHERE_TABLE)->action, "kill");
	assert_string_equal(keymap_find(&m, KEY_F9, WHERE_PAGE)->action, "kill");
	assert_string_equal(keymap_find(&m, 'k', WHERE_TABLE)->action, "row_up");
	assert_string_equal(keymap_find(&m, 'h', WHERE_TABLE)->action, "help");
	assert_string_equal(keymap_find(&m, 3, WHERE_PAGE)->action, "quit");
	assert_null(keymap_find(&m, '1', WHERE_PAGE)); /* digits only at the top */
	assert_non_null(keymap_find(&m, '1', WHERE_TABLE));
	assert_null(keymap_find(&m, KEY_F7, WHERE_ANY));
	keymap_done(&m);
}

static size_t keys_of(const struct keymap *m, const char *action, char text[64])
{
	struct str s = {0};
	uint32_t codes[BINDING_KEYS_MAX];

	keymap_print(m, binding_by_action(action), &s);
	strncpy(text, str_text(&s), 63);
	text[63] = '\0';
	str_done(&s);
	return keymap_keys(m, binding_by_action(action), codes);
}

static void test_keymap(void **state)
{
	struct keymap m;
	char err[200] = "", text[64];

	keymap_init(&m);
	assert_int_equal(keys_of(&m, "kill", text), 2);
	assert_string_equal(text, "K F9");
	/* A key is taken from the action that had it with the program. */
	assert_int_equal(keymap_set(&m, "kill", "  F8   j ", err, sizeof(err)), 0);
	assert_string_equal(keymap_find(&m, 'j', WHERE_TABLE)->action, "kill");
	assert_int_equal(keys_of(&m, "row_down", text), 1);
	assert_string_equal(text, "Down");
	assert_null(keymap_find(&m, 'K', WHERE_ANY));
	/* … but not from one that the user gave it. */
	assert_int_equal(keymap_set(&m, "detail", "v j", err, sizeof(err)), -EEXIST);
	assert_string_equal(err, "the key j is given to both kill and detail");
	assert_int_equal(keys_of(&m, "detail", text), 1);
	/* Given again it is free for others. */
	assert_int_equal(keymap_set(&m, "kill", "none", err, sizeof(err)), 0);
	assert_int_equal(keys_of(&m, "kill", text), 0);
	assert_string_equal(text, "none");
	assert_int_equal(keymap_set(&m, "detail", "v j", err, sizeof(err)), 0);
	assert_string_equal(keymap_find(&m, 'j', WHERE_TABLE)->action, "detail");
	keymap_done(&m);
}

static void test_keymap_wrong(void **state)
{
	struct keymap m;
	char err[200] = "";

	keymap_init(&m);
	assert_int_equal(keymap_set(&m, "kil", "K", err, sizeof(err)), -ENOENT);
	assert_string_equal(err, "no action \"kil\"; did you mean kill?");
	assert_int_equal(keymap_set(&m, "kill", "F13", err, sizeof(err)), -EINVAL);
	assert_non_null(strstr(err, "no key \"F13\"; expected "));
	assert_int_equal(keymap_set(&m, "kill", "", err, sizeof(err)), -EINVAL);
	assert_int_equal(keymap_set(&m, "kill", "a b c d e f g h i", err, sizeof(err)), -EINVAL);
	assert_int_equal(
		keymap_set(&m, "kill", "averyveryveryverylongnameofakeythatisnone", err, sizeof(err)),
		-EINVAL);
	assert_string_equal(keymap_find(&m, 'K', WHERE_ANY)->action, "kill"); /* nothing changed */
	keymap_done(&m);
}

static void test_conflicts(void **state)
{
	struct str s = {0};
	struct keymap m;
	char err[200] = "";
	size_t n = 0;

	keymap_init(&m);
	assert_int_equal(keymap_set(&m, "kill", "q F3", err, sizeof(err)), 0);
	assert_true(keymap_conflict(&m, binding_by_action("back_or_quit"), &s));
	assert_string_equal(str_text(&s), "q is kill's now: back_or_quit has no key");
	assert_false(keymap_conflict(&m, binding_by_action("search"), &s)); /* it still has the backslash */
	for (size_t i = 0; i < binding_table_n; i++)
		n += keymap_conflict(&m, &binding_table[i], &s);
	assert_int_equal(n, 1);
	/* What the user took away himself is no conflict, nor what got another key. */
	assert_int_equal(keymap_set(&m, "back_or_quit", "none", err, sizeof(err)), 0);
	assert_false(keymap_conflict(&m, binding_by_action("back_or_quit"), &s));
	/* One key for two, both by the user. */
	assert_int_equal(keymap_set(&m, "export", "q", err, sizeof(err)), -EEXIST);
	assert_string_equal(err, "the key q is given to both kill and export");
	keymap_done(&m);
	str_done(&s);
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
		cmocka_unit_test(test_rows_are_whole), cmocka_unit_test(test_no_key_twice),
		cmocka_unit_test(test_find),           cmocka_unit_test(test_keymap),
		cmocka_unit_test(test_keymap_wrong),   cmocka_unit_test(test_unbound),
		cmocka_unit_test(test_conflicts),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
