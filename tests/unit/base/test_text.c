/* Foreign bytes on their way to a terminal, to JSON and to CSV; text measured and cut in cells. */
#include "sockeye/base/mem.h"
#include "sockeye/base/text.h"
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <stdio.h>

#define MARK "\xcc\x81" /* U+0301 */

struct hostile {
	const char *in;
	size_t n; /* 0: strlen */
	const char *cell, *json;
};
static const struct hostile hostile_table[] = {
	{"", 0, "", "\"\""},
	{"nginx", 0, "nginx", "\"nginx\""},
	{"a b\\c", 0, "a b\\c", "\"a b\\\\c\""},
	{"say \"hi\"", 0, "say \"hi\"", "\"say \\\"hi\\\"\""},
	{"x\033[31mred", 0, "x\\e[31mred", "\"x\\u001B[31mred\""},
	{"a\nb\tc", 0, "a\\nb\\tc", "\"a\\nb\\tc\""},
	{"a\rb", 0, "a\\x0Db", "\"a\\rb\""},
	{"a\0b", 3, "a\\x00b", "\"a\\u0000b\""},
	{"bell\a\x7f", 0, "bell\\x07\\x7F", "\"bell\\u0007\\u007F\""},
	{"\xff", 0, "\\xFF", "\"\xef\xbf\xbd\""},
	{"a\xc0\x80z", 0, "a\\xC0\\x80z", "\"a\xef\xbf\xbd\xef\xbf\xbdz\""}, /* overlong NUL */
	{"\xed\xa0\x80", 0, "\\xED\\xA0\\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""}, /* surrogate */
	{"\xf4\x90\x80\x80", 0, "\\xF4\\x90\\x80\\x80",
	 "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""}, /* above U+10FFFF */
	{"cut\xe2\x82", 0, "cut\\xE2\\x82", "\"cut\xef\xbf\xbd\xef\xbf\xbd\""},
	{"\xc2\x9b"
	 "31m",
	 0, "\\u{9B}31m", "\"\\u009B31m\""}, /* C1 CSI */
	{"exe\xe2\x80\xae"
	 "gpj.txt",
	 0, "exe\\u{202E}gpj.txt", "\"exe\\u202Egpj.txt\""},
	{"a\xe2\x81\xa6z", 0, "a\\u{2066}z", "\"a\\u2066z\""},
	{"a\xe2\x80\x8bz", 0, "a\\u{200B}z", "\"a\\u200Bz\""},
	{"a\xc2\xadz", 0, "a\\u{AD}z", "\"a\\u00ADz\""},
	{"a\xe2\x80\xa8z", 0, "a\\u{2028}z", "\"a\\u2028z\""},
	{"\xee\x80\x80", 0, "\\u{E000}", "\"\\uE000\""},
	{"\xef\xbb\xbfx", 0, "\\u{FEFF}x", "\"\\uFEFFx\""},
	{"\xf3\xa0\x81\x81", 0, "\\u{E0041}", "\"\\uDB40\\uDC41\""}, /* tag */
	{"\xf0\x9f\xbf\xbf", 0, "\\u{1FFFF}", "\"\\uD83F\\uDFFF\""}, /* non-character */
	{"\xef\xbf\xbf", 0, "\\u{FFFF}", "\"\\uFFFF\""},
	{"\xe6\x97\xa5\xe6\x9c\xac", 0, "\xe6\x97\xa5\xe6\x9c\xac", "\"\xe6\x97\xa5\xe6\x9c\xac\""},
	{"\xf0\x9f\x90\x9f", 0, "\xf0\x9f\x90\x9f", "\"\xf0\x9f\x90\x9f\""},
	{"e" MARK MARK MARK MARK "x", 0, "e" MARK MARK MARK MARK "x", "\"e" MARK MARK MARK MARK "x\""},
	{"e" MARK MARK MARK MARK MARK MARK, 0, "e" MARK MARK MARK MARK "\\u{301}\\u{301}",
	 "\"e" MARK MARK MARK MARK "\\u0301\\u0301\""},
	{MARK "e", 0, "\\u{301}e", "\"\\u0301e\""}, /* would land on what stands left of the cell */
};

static void test_hostile(void **state)
{
	struct str out = {0};
	for (size_t i = 0; i < ARRAY_LEN(hostile_table); i++) {
		const struct hostile *h = &hostile_table[i];
		size_t n = h->n ? h->n : strlen(h->in);
		str_clear(&out);
		text_put_cell(&out, h->in, n, false, SIZE_MAX);
		assert_string_equal(str_text(&out), h->cell);
		str_clear(&out);
		text_put_json(&out, h->in, n);
		assert_string_equal(str_text(&out), h->json);
	}
	str_done(&out);
}

static void test_cell_ascii_and_limit(void **state)
{
	struct str out = {0};
	text_put_cell(&out, "caf\xc3\xa9", 5, true, SIZE_MAX);
	assert_string_equal(str_text(&out), "caf\\u{E9}");
	str_clear(&out);
	text_put_cell(&out, "abcdef", 6, false, 3);
	assert_string_equal(str_text(&out), "abc…");
	str_clear(&out);
	text_put_cell(&out, "abcdef", 6, true, 3);
	assert_string_equal(str_text(&out), "abc~");
	str_clear(&out);
	text_put_cell(&out, "abcdef", 6, true, 6);
	assert_string_equal(str_text(&out), "abcdef");
	/* The limit inside a character: none of it is shown, least of all as broken bytes. */
	str_clear(&out);
	text_put_cell(&out, "ab\xe6\x97\xa5z", 6, false, 4);
	assert_string_equal(str_text(&out), "ab…");
	str_done(&out);
}

/* Is it JSON text in valid UTF-8 without anything raw that a terminal would act upon? */
static bool json_valid(const char *s, size_t n)
{
	if (n < 2 || s[0] != '"' || s[n - 1] != '"')
		return false;
	for (size_t i = 1, len; i < n - 1; i += len) {
		uint32_t cp;
		len = utf8_decode(s + i, n - 1 - i, &cp);
		if (!len || cp < 0x20 || cp == '"' || (cp >= 0x7f && cp < 0xa0))
			return false;
		if (cp != '\\')
			continue;
		if (i + 1 >= n - 1)
			return false;
		if (s[i + 1] == 'u') {
			if (i + 6 > n - 1 || strspn(s + i + 2, "0123456789ABCDEF") < 4)
				return false;
			len = 6;
		} else if (s[i + 1] && strchr("\"\\bfnrt", s[i + 1])) {
			len = 2;
		} else {
			return false;
		}
	}
	return true;
}

static void test_random_bytes(void **state)
{
	static const char *const bits[] = {"\xff", "\xe2\x80\xae", MARK,   "\033", "\xf0\x9f",
					   "\\",   "\"",           "\xc2", "a",    "\n"};
	unsigned seed = 7;
	struct str in = {0}, out = {0};
	for (int round = 0; round < 20000; round++) {
		str_clear(&in);
		for (int i = (int)(rand_r(&seed) % 12); i > 0; i--) {
			if (rand_r(&seed) % 2)
				str_putc(&in, (char)(rand_r(&seed) % 256));
			else
				str_puts(&in, bits[(unsigned)rand_r(&seed) % ARRAY_LEN(bits)]);
		}
		str_clear(&out);
		text_put_json(&out, str_text(&in), in.n);
		assert_true(json_valid(out.s, out.n));
		str_clear(&out);
		text_put_cell(&out, str_text(&in), in.n, true, SIZE_MAX);
		for (size_t i = 0; i < out.n; i++)
			assert_in_range((unsigned char)out.s[i], 0x20, 0x7e);
		/* What is safe stays as it is when made safe again, but for the cell's own rules. */
		struct str again = {0};
		text_put_cell(&again, str_text(&out), out.n, true, SIZE_MAX);
		assert_string_equal(str_text(&again), str_text(&out));
		str_done(&again);
	}
	str_done(&in);
	str_done(&out);
}

static void test_utf8(void **state)
{
	char buf[4];
	uint32_t cp = 77;
	assert_int_equal(utf8_decode("", 0, &cp), 0);
	assert_int_equal(utf8_decode("\x80", 1, &cp), 0);
	assert_int_equal(utf8_decode("\xe0\x9f\xbf", 3, &cp), 0);
	assert_int_equal(utf8_decode("\xf5\x80\x80\x80", 4, &cp), 0);
	assert_int_equal(cp, 77); /* untouched */
	for (uint32_t want = 0; want < 0x110000; want += want < 0x1000 ? 1 : 37) {
		if (want >= 0xd800 && want < 0xe000)
			continue;
		size_t n = utf8_encode(want, buf);
		assert_int_equal(utf8_decode(buf, n, &cp), n);
		assert_int_equal(cp, want);
		assert_int_equal(utf8_decode(buf, n - 1, &cp), 0);
	}
}

static void csv(const char *in, size_t n, char sep, const char *want)
{
	struct str out = {0};
	char all[64];
	str_puts(&out, "=a\",");
	str_put(&out, in, n);
	text_end_csv(&out, 4, sep);
	snprintf(all, sizeof(all), "=a\",%s", want); /* what stands before it stays */
	assert_string_equal(str_text(&out), all);
	assert_int_equal(out.n, strlen(all));
	str_done(&out);
}

static void test_csv(void **state)
{
	csv("", 0, ',', "");
	csv("plain", 5, ',', "plain");
	csv("a,b", 3, ',', "\"a,b\"");
	csv("a,b", 3, '\t', "a,b");
	csv("a\"b", 3, ',', "\"a\"\"b\"");
	csv("a\nb", 3, ',', "a\\nb");
	csv("a\tb", 3, '\t', "a\\tb");
	csv("=1+1", 4, ',', "'=1+1");
	csv("+x", 2, ',', "'+x");
	csv("-x", 2, '\t', "'-x");
	csv("@x,y", 4, ',', "\"'@x,y\"");
	csv("\tx", 2, ',', "'\\tx");
	csv("\rx", 2, ',', "'\\x0Dx");
	csv("\0=x", 3, ',', "\\x00=x");
	csv("a=b", 3, ',', "a=b");
	csv("\xff,", 2, ',', "\"\\xFF,\"");
}

static void test_width(void **state)
{
	assert_int_equal(text_width(""), 0);
	assert_int_equal(text_width("nginx"), 5);
	if (strcmp(setlocale(LC_CTYPE, NULL), "C.UTF-8") != 0)
		skip();
	assert_int_equal(text_width("\xe6\x97\xa5x"), 3);
	assert_int_equal(text_width("e" MARK "x"), 2);
	assert_int_equal(text_width("‹…›"), 3);
	assert_int_equal(text_cp_width(0x301), 0);
	assert_int_equal(text_cp_width(0x65e5), 2);
	assert_int_equal(text_cp_width(0x378), 1); /* unassigned */
}

static void clip(bool middle, const char *in, int width, const char *want, int used)
{
	struct str out = {0};
	int got = (middle ? text_put_clip_middle : text_put_clip)(&out, in, width, "…");
	assert_string_equal(str_text(&out), want);
	assert_int_equal(got, used);
	assert_int_equal(text_width(str_text(&out)), used);
	str_done(&out);
}

static void test_clip(void **state)
{
	if (strcmp(setlocale(LC_CTYPE, NULL), "C.UTF-8") != 0)
		skip();
	clip(false, "nginx", 5, "nginx", 5);
	clip(false, "nginx", 9, "nginx", 5);
	clip(false, "nginx", 4, "ngi…", 4);
	clip(false, "nginx", 1, "…", 1);
	clip(false, "nginx", 0, "", 0);
	clip(false, "nginx", -3, "", 0);
	clip(false, "", 3, "", 0);
	clip(false, "日本語", 6, "日本語", 6);
	clip(false, "日本語", 5, "日本…", 5);
	clip(false, "日本語", 4, "日…", 3); /* the second would need cells 3 and 4 */
	clip(false, "e" MARK "e" MARK "e" MARK, 2, "e" MARK "…", 2);
	clip(false, "ab" MARK, 2, "ab" MARK, 2); /* a mark needs no room */
	clip(true, "abcdefgh", 8, "abcdefgh", 8);
	clip(true, "abcdefgh", 7, "abc…fgh", 7);
	clip(true, "abcdefgh", 6, "abc…gh", 6);
	clip(true, "abcdefgh", 2, "a…", 2);
	clip(true, "abcdefgh", 1, "…", 1);
	clip(true, "abcdefgh", 0, "", 0);
	clip(true, "日本語日本語", 7, "日…語", 5);
	clip(true, "日本語日本語", 8, "日本…語", 7);
	clip(true, "ae" MARK "bcde" MARK, 4, "ae" MARK "…e" MARK, 4);
}

static void test_nearest(void **state)
{
	static const char *const names[] = {"list",    "kill",    "close", "wait",
					    "explain", "process", "state", "port"};
	size_t n = ARRAY_LEN(names);
	assert_string_equal(names[text_nearest("lst", names, n)], "list");
	assert_string_equal(names[text_nearest("kil", names, n)], "kill");
	assert_string_equal(names[text_nearest("KILL", names, n)], "kill");
	assert_string_equal(names[text_nearest("proces", names, n)], "process");
	assert_string_equal(names[text_nearest("porcess", names, n)], "process");
	assert_string_equal(names[text_nearest("stat", names, n)], "state");
	assert_string_equal(names[text_nearest("expl", names, n)], "explain");
	assert_int_equal(text_nearest("nginx", names, n), -1);
	assert_int_equal(text_nearest("x", names, n), -1);
	assert_int_equal(text_nearest("", names, n), -1);
	assert_int_equal(text_nearest("a word of far more than thirty-two letters", names, n), -1);
}

static void test_shell(void **state)
{
	static const char *const words[][2] = {
		{":8080", ":8080"}, {"port>1", "'port>1'"}, {"", "''"},
		{"a b", "'a b'"},   {"it's", "'it'\\''s'"}, {"$(x)", "'$(x)'"},
	};
	struct str out = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		str_clear(&out);
		text_put_shell(&out, words[i][0]);
		assert_string_equal(str_text(&out), words[i][1]);
	}
	str_done(&out);
}

int main(void)
{
	setlocale(LC_CTYPE, "C.UTF-8");
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shell),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_cell_ascii_and_limit),
		cmocka_unit_test(test_random_bytes),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_csv),
		cmocka_unit_test(test_width),
		cmocka_unit_test(test_clip),
		cmocka_unit_test(test_nearest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
