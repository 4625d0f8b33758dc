/* Names of keys, both ways: the binding table, the config and the tests speak of keys by these names. */
#include "sockeye/view/key.h"
#include "sockeye/base/mem.h"
#include "sockeye/base/text.h"
#include <errno.h>
#include <string.h>
#include <strings.h>

static const struct {
	uint32_t code;
	const char *name;
} key_names[] = {
	{' ', "Space"},
	{';', "Semicolon"}, /* would begin a comment in the configuration */
	{KEY_UP_, "Up"},
	{KEY_DOWN_, "Down"},
	{KEY_LEFT_, "Left"},
	{KEY_RIGHT_, "Right"},
	{KEY_PGUP, "PgUp"},
	{KEY_PGDN, "PgDn"},
	{KEY_HOME_, "Home"},
	{KEY_END_, "End"},
	{KEY_ENTER_, "Enter"},
	{KEY_ESC, "Esc"},
	{KEY_TAB, "Tab"},
	{KEY_BACKTAB, "S-Tab"},
	{KEY_BACKSPACE_, "Backspace"},
	{KEY_DELETE, "Del"},
	{KEY_INSERT, "Ins"},
	{KEY_F1, "F1"},
	{KEY_F2, "F2"},
	{KEY_F3, "F3"},
	{KEY_F4, "F4"},
	{KEY_F5, "F5"},
	{KEY_F6, "F6"},
	{KEY_F7, "F7"},
	{KEY_F8, "F8"},
	{KEY_F9, "F9"},
	{KEY_F10, "F10"},
	{KEY_F11, "F11"},
	{KEY_F12, "F12"},
	{KEY_PASTE_BEGIN, "PasteBegin"},
	{KEY_PASTE_END, "PasteEnd"},
	{KEY_MOUSE_, "Mouse"},
};

void key_print(uint32_t code, struct str *out)
{
	char utf8[4];

	for (size_t i = 0; i < ARRAY_LEN(key_names); i++)
		if (key_names[i].code == code) {
			str_puts(out, key_names[i].name);
			return;
		}
	if (code < 0x20)
		str_putf(out, "^%c", (int)code + '@');
	else if (code == 0x7f)
		str_puts(out, "^?");
	else if (code <= 0x10ffff && (code < 0x80 || code >= 0xa0) && text_cp_width(code) > 0)
		str_put(out, utf8, utf8_encode(code, utf8));
	else
		str_puts(out, "that key");
}

int key_parse(const char *name, uint32_t *ret_code)
{
	size_t n = strlen(name), used;
	uint32_t cp;

	for (size_t i = 0; i < ARRAY_LEN(key_names); i++)
		if (!strcasecmp(name, key_names[i].name)) {
			*ret_code = key_names[i].code;
			return 0;
		}
	if (n == 2 && name[0] == '^') {
		char c = name[1];

		if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		if (c < 'A' || c > '_')
			return -EINVAL;
		*ret_code = (uint32_t)(c - '@');
		return 0;
	}
	used = utf8_decode(name, n, &cp);
	if (used == 0 || used != n || cp < 0x20)
		return -EINVAL;
	*ret_code = cp;
	return 0;
}
