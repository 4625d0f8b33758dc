/* Keys as views see them: a code point, or a named key above the code points; made by term from curses. */
#pragma once
#include "sockeye/base/str.h"
#include <stdint.h>

enum key_name {
	KEY_NONE_ = 0x110000,
	KEY_UP_,
	KEY_DOWN_,
	KEY_LEFT_,
	KEY_RIGHT_,
	KEY_PGUP,
	KEY_PGDN,
	KEY_HOME_,
	KEY_END_,
	KEY_ENTER_,
	KEY_ESC,
	KEY_TAB,
	KEY_BACKTAB,
	KEY_BACKSPACE_,
	KEY_DELETE,
	KEY_INSERT,
	KEY_F1,
	KEY_F2,
	KEY_F3,
	KEY_F4,
	KEY_F5,
	KEY_F6,
	KEY_F7,
	KEY_F8,
	KEY_F9,
	KEY_F10,
	KEY_F11,
	KEY_F12,
	KEY_MOUSE_,
	KEY_PASTE_BEGIN,
	KEY_PASTE_END,
	KEY_UNKNOWN,
};
enum mouse_what { MOUSE_CLICK, MOUSE_DOUBLE, MOUSE_WHEEL_UP, MOUSE_WHEEL_DOWN };
struct key {
	uint32_t code; /* code point (control keys as 1..26) or enum key_name */
	int y, x; /* of KEY_MOUSE_ */
	uint8_t mouse; /* enum mouse_what */
};
/* "K" "^C" "Enter" "F9" "Space" "PgUp" …; names go both ways. */
void key_print(uint32_t code, struct str *out);
int key_parse(const char *name, uint32_t *ret_code); /* 0 or -EINVAL */
