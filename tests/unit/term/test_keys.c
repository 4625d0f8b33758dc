/* Every kind of input a terminal can send, as bytes and curses codes, without a terminal. */
#include "keys.h"
#include "sockeye/base/mem.h"
#include "sockeye/base/units.h"
#include <curses.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct feed {
	const int *codes;
	size_t n, at;
	size_t waited; /* asked for more with a wait */
};

static int feed_next(void *data, int wait_ms)
{
	struct feed *f = data;

	if (f->at < f->n)
		return f->codes[f->at++];
	f->waited += wait_ms > 0;
	return -1;
}

struct typed {
	struct key keys[64];
	size_t n;
};

static struct typed type_codes(const int *codes, size_t n)
{
	struct feed f = {codes, n, 0, 0};
	struct key_reader r;
	struct typed t = {0};

	key_reader_init(&r, feed_next, &f);
	while (t.n < ARRAY_LEN(t.keys) && key_reader_get(&r, 1, &t.keys[t.n]))
		t.n++;
	assert_int_equal(f.at, n); /* nothing is left lying */
	return t;
}

static struct typed type(const char *bytes)
{
	int codes[256];
	size_t n = strlen(bytes);

	for (size_t i = 0; i < n; i++)
		codes[i] = (unsigned char)bytes[i];
	return type_codes(codes, n);
}

static void expect(const char *bytes, uint32_t code)
{
	struct typed t = type(bytes);

	assert_int_equal(t.n, 1);
	assert_int_equal(t.keys[0].code, code);
}

static void test_plain(void **state)
{
	expect("a", 'a');
	expect("K", 'K');
	expect("\x03", 3);
	expect("\x1a", 26);
	expect("\r", KEY_ENTER_);
	expect("\n", KEY_ENTER_);
	expect("\t", KEY_TAB);
	expect("\x7f", KEY_BACKSPACE_);
	expect("\b", KEY_BACKSPACE_);
	expect("\x1c", KEY_UNKNOWN);
}

static void test_utf8(void **state)
{
	struct typed t;

	expect("\xc3\xa9", 0xe9);
	expect("\xe2\x82\xac", 0x20ac);
	expect("\xf0\x9f\x90\x9f", 0x1f41f);
	/* Invalid: a byte at a time, and what follows is still read. */
	t = type("\xff"
		 "a");
	assert_int_equal(t.n, 2);
	assert_int_equal(t.keys[0].code, KEY_UNKNOWN);
	assert_int_equal(t.keys[1].code, 'a');
	t = type("\xe2\x82"
		 "b");
	assert_int_equal(t.n, 2);
	assert_int_equal(t.keys[0].code, KEY_UNKNOWN);
	assert_int_equal(t.keys[1].code, 'b');
	t = type("\xc3"
		 "\x1b");
	assert_int_equal(t.n, 2);
	assert_int_equal(t.keys[1].code, KEY_ESC);
	expect("\xc3", KEY_UNKNOWN); /* cut off at the end */
}

static void test_curses_codes(void **state)
{
	static const struct {
		int curses;
		uint32_t key;
	} cases[] = {
		{KEY_UP, KEY_UP_},
		{KEY_DOWN, KEY_DOWN_},
		{KEY_LEFT, KEY_LEFT_},
		{KEY_RIGHT, KEY_RIGHT_},
		{KEY_PPAGE, KEY_PGUP},
		{KEY_NPAGE, KEY_PGDN},
		{KEY_HOME, KEY_HOME_},
		{KEY_END, KEY_END_},
		{KEY_ENTER, KEY_ENTER_},
		{KEY_BTAB, KEY_BACKTAB},
		{KEY_BACKSPACE, KEY_BACKSPACE_},
		{KEY_DC, KEY_DELETE},
		{KEY_IC, KEY_INSERT},
		{KEY_F(1), KEY_F1},
		{KEY_F(9), KEY_F9},
		{KEY_F(12), KEY_F12},
		{KEY_F(13), KEY_UNKNOWN},
		{KEY_SELECT, KEY_END_},
		{5000, KEY_UNKNOWN},
	};
	static const int resize[] = {KEY_RESIZE, 'x'};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct typed t = type_codes(&cases[i].curses, 1);

		assert_int_equal(t.n, 1);
		assert_int_equal(t.keys[0].code, cases[i].key);
	}
	/* A resize is no key: the size comes from the kernel. */
	struct typed t = type_codes(resize, 2);

	assert_int_equal(t.n, 1);
	assert_int_equal(t.keys[0].code, 'x');
}

static void test_sequences(void **state)
{
	struct typed t;

	expect("\x1b[A", KEY_UP_);
	expect("\x1bOB", KEY_DOWN_);
	expect("\x1bOM", KEY_ENTER_);
	expect("\x1b[1;5C", KEY_RIGHT_); /* with a modifier: the key itself */
	expect("\x1b[5~", KEY_PGUP);
	expect("\x1b[6~", KEY_PGDN);
	expect("\x1b[1~", KEY_HOME_);
	expect("\x1b[3;2~", KEY_DELETE);
	expect("\x1b[20~", KEY_F9);
	expect("\x1bOS", KEY_F4);
	expect("\x1b[[B", KEY_F2);
	expect("\x1b[Z", KEY_BACKTAB);
	expect("\x1b[200~", KEY_PASTE_BEGIN);
	expect("\x1b[201~", KEY_PASTE_END);
	/* Esc alone, Esc before a key, twice. */
	expect("\x1b", KEY_ESC);
	t = type("\x1bk");
	assert_int_equal(t.n, 2);
	assert_int_equal(t.keys[0].code, KEY_ESC);
	assert_int_equal(t.keys[1].code, 'k');
	t = type("\x1b\x1b");
	assert_int_equal(t.n, 2);
	assert_int_equal(t.keys[1].code, KEY_ESC);
	/* Unknown sequences are one unknown key at most; their letters never act. */
	expect("\x1b[1;5K", KEY_UNKNOWN);
	expect("\x1b[99~", KEY_UNKNOWN);
	expect("\x1b[27;5;113~", KEY_UNKNOWN);
	assert_int_equal(type("\x1b[I").n, 0); /* focus */
	assert_int_equal(type("\x1b[").n, 0); /* cut off */
	/* A flood of parameters and an overlong number stay inside. */
	expect("\x1b[1;2;3;4;5;6;7;8;9;10;11;12K", KEY_UNKNOWN);
	expect("\x1b[99999999999999999999~", KEY_UNKNOWN);
}

static void test_mouse(void **state)
{
	struct typed t = type("\x1b[<0;10;5M\x1b[<0;10;5m");

	assert_int_equal(t.n, 1); /* the release is none */
	assert_int_equal(t.keys[0].code, KEY_MOUSE_);
	assert_int_equal(t.keys[0].mouse, MOUSE_CLICK);
	assert_int_equal(t.keys[0].y, 4);
	assert_int_equal(t.keys[0].x, 9);

	t = type("\x1b[<0;300;5M\x1b[<0;300;5m\x1b[<0;300;5M\x1b[<0;300;5M");
	assert_int_equal(t.n, 3);
	assert_int_equal(t.keys[0].x, 299); /* beyond column 223 */
	assert_int_equal(t.keys[1].mouse, MOUSE_DOUBLE);
	assert_int_equal(t.keys[2].mouse, MOUSE_CLICK); /* a third is a first again */

	t = type("\x1b[<64;1;1M\x1b[<65;1;1M\x1b[<80;1;1M");
	assert_int_equal(t.n, 3);
	assert_int_equal(t.keys[0].mouse, MOUSE_WHEEL_UP);
	assert_int_equal(t.keys[1].mouse, MOUSE_WHEEL_DOWN);
	assert_int_equal(t.keys[2].mouse, MOUSE_WHEEL_UP); /* with control held */

	assert_int_equal(type("\x1b[<2;1;1M").n, 0); /* right button */
	assert_int_equal(type("\x1b[<0;0;0M").n, 0); /* nowhere */

	t = type("\x1b[M\x20\x2a\x25q"); /* X10 */
	assert_int_equal(t.n, 2);
	assert_int_equal(t.keys[0].code, KEY_MOUSE_);
	assert_int_equal(t.keys[0].y, 4);
	assert_int_equal(t.keys[0].x, 9);
	assert_int_equal(t.keys[1].code, 'q');
}

static void test_discard(void **state)
{
	static const int first[] = {'y', 0x1b, '[', '2', '0', '0', '~', 'y', 'y'};
	static const int second[] = {'y', '\r', 0x1b, '[', '2', '0', '1', '~', 'n'};
	struct feed f = {first, ARRAY_LEN(first), 0, 0};
	struct key_reader r;
	struct key k;

	/* The beginning of a paste was thrown away: its rest, arriving later, must not act either. */
	key_reader_init(&r, feed_next, &f);
	key_reader_discard(&r, 1);
	assert_int_equal(f.at, f.n);
	f = (struct feed){second, ARRAY_LEN(second), 0, 0};
	assert_true(key_reader_get(&r, 1, &k));
	assert_int_equal(k.code, 'n');
	assert_false(key_reader_get(&r, 1, &k));
}

/* A paste whose end mark got lost must not swallow the keyboard for ever. */
static void test_paste_without_end(void **state)
{
	static const int begin[] = {0x1b, '[', '2', '0', '0', '~', 'x'}, key[] = {'q'};
	struct feed f = {begin, ARRAY_LEN(begin), 0, 0};
	struct key_reader r;
	struct key k;

	key_reader_init(&r, feed_next, &f);
	assert_true(key_reader_get(&r, 1, &k));
	assert_int_equal(k.code, KEY_PASTE_BEGIN);
	assert_true(key_reader_get(&r, 2, &k));
	assert_int_equal(k.code, 'x');
	f = (struct feed){key, 1, 0, 0};
	assert_true(key_reader_get(&r, 2 * NSEC_PER_SEC, &k));
	assert_int_equal(k.code, KEY_PASTE_END);
	assert_true(key_reader_get(&r, 2 * NSEC_PER_SEC, &k));
	assert_int_equal(k.code, 'q');
	assert_false(key_reader_get(&r, 2 * NSEC_PER_SEC, &k));
	/* … and so with one that was being thrown away. */
	f = (struct feed){begin, ARRAY_LEN(begin), 0, 0};
	key_reader_discard(&r, 3 * NSEC_PER_SEC);
	f = (struct feed){key, 1, 0, 0};
	assert_true(key_reader_get(&r, 5 * NSEC_PER_SEC, &k));
	assert_int_equal(k.code, 'q');
}

static void test_split_reads(void **state)
{
	static const int head[] = {0x1b, '['};
	struct feed f = {head, 2, 0, 0};
	struct key_reader r;
	struct key k;

	/* The rest of a sequence is waited for. */
	key_reader_init(&r, feed_next, &f);
	assert_false(key_reader_get(&r, 1, &k));
	assert_int_equal(f.waited, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),        cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_curses_codes), cmocka_unit_test(test_sequences),
		cmocka_unit_test(test_mouse),        cmocka_unit_test(test_discard),
		cmocka_unit_test(test_split_reads),  cmocka_unit_test(test_paste_without_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
