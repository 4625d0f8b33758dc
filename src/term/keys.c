/* The decoder: UTF-8, curses' named keys, the CSI and SS3 sequences curses did not know, SGR and X10 mouse
 * reports, bracketed paste. An unknown sequence is swallowed whole: its letters must never act as keys. */
#include "keys.h"
#include "sockeye/base/mem.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include <curses.h>

#define SEQ_WAIT_MS 25 /* for the rest of a sequence that came in two reads */
#define DOUBLE_NS (400 * NSEC_PER_MS)
#define DISCARD_MAX 65536 /* somebody types faster than we forget: enough */
#define PASTE_LOST_NS NSEC_PER_SEC
#define PARAMS_MAX 8

static const struct {
	int curses;
	uint32_t key;
} named[] = {
	{KEY_UP, KEY_UP_},       {KEY_DOWN, KEY_DOWN_},   {KEY_LEFT, KEY_LEFT_},
	{KEY_RIGHT, KEY_RIGHT_}, {KEY_PPAGE, KEY_PGUP},   {KEY_NPAGE, KEY_PGDN},
	{KEY_A3, KEY_PGUP},      {KEY_C3, KEY_PGDN},      {KEY_HOME, KEY_HOME_},
	{KEY_END, KEY_END_},     {KEY_LL, KEY_END_},      {KEY_A1, KEY_HOME_},
	{KEY_C1, KEY_END_},      {KEY_FIND, KEY_HOME_},   {KEY_SELECT, KEY_END_},
	{KEY_ENTER, KEY_ENTER_}, {KEY_BTAB, KEY_BACKTAB}, {KEY_BACKSPACE, KEY_BACKSPACE_},
	{KEY_DC, KEY_DELETE},    {KEY_IC, KEY_INSERT},    {KEY_SR, KEY_UP_},
	{KEY_SF, KEY_DOWN_},     {KEY_SLEFT, KEY_LEFT_},  {KEY_SRIGHT, KEY_RIGHT_},
	{KEY_SHOME, KEY_HOME_},  {KEY_SEND, KEY_END_},    {KEY_SPREVIOUS, KEY_PGUP},
	{KEY_SNEXT, KEY_PGDN},   {KEY_SDC, KEY_DELETE},   {KEY_SUSPEND, 26},
	{KEY_REFRESH, 12},       {KEY_HELP, '?'},
};
/* CSI … letter, SS3 letter */
static const struct {
	char final;
	uint32_t key;
} by_letter[] = {
	{'A', KEY_UP_},  {'B', KEY_DOWN_},   {'C', KEY_RIGHT_}, {'D', KEY_LEFT_}, {'H', KEY_HOME_},
	{'F', KEY_END_}, {'Z', KEY_BACKTAB}, {'P', KEY_F1},     {'Q', KEY_F2},    {'R', KEY_F3},
	{'S', KEY_F4},   {'M', KEY_ENTER_}, /* SS3 only: the keypad's Enter */
};
/* CSI number ~ */
static const struct {
	uint8_t number;
	uint32_t key;
} by_number[] = {
	{1, KEY_HOME_},         {2, KEY_INSERT},      {3, KEY_DELETE}, {4, KEY_END_}, {5, KEY_PGUP},
	{6, KEY_PGDN},          {7, KEY_HOME_},       {8, KEY_END_},   {11, KEY_F1},  {12, KEY_F2},
	{13, KEY_F3},           {14, KEY_F4},         {15, KEY_F5},    {17, KEY_F6},  {18, KEY_F7},
	{19, KEY_F8},           {20, KEY_F9},         {21, KEY_F10},   {23, KEY_F11}, {24, KEY_F12},
	{200, KEY_PASTE_BEGIN}, {201, KEY_PASTE_END},
};

void key_reader_init(struct key_reader *r, int (*next)(void *data, int wait_ms), void *data)
{
	*r = (struct key_reader){.next = next, .data = data, .pushed = -1, .click_y = -1, .click_x = -1};
}

static int take(struct key_reader *r, int wait_ms)
{
	int c = r->pushed;

	if (c < 0)
		return r->next(r->data, wait_ms);
	r->pushed = -1;
	return c;
}

static uint32_t from_curses(int c)
{
	if (c > KEY_F(0) && c <= KEY_F(12))
		return KEY_F1 + (uint32_t)(c - KEY_F(1));
	for (size_t i = 0; i < ARRAY_LEN(named); i++)
		if (named[i].curses == c)
			return named[i].key;
	return KEY_UNKNOWN;
}

static uint32_t from_letter(char final)
{
	for (size_t i = 0; i < ARRAY_LEN(by_letter); i++)
		if (by_letter[i].final == final)
			return by_letter[i].key;
	return KEY_UNKNOWN;
}

static uint32_t from_number(unsigned n)
{
	for (size_t i = 0; i < ARRAY_LEN(by_number); i++)
		if (by_number[i].number == n)
			return by_number[i].key;
	return KEY_UNKNOWN;
}

/* button: as xterm numbers it (64 and 65 the wheel, 32 added for movement). false: nothing anybody waits for. */
static bool mouse(struct key_reader *r, unsigned button, bool press, int y, int x, uint64_t now,
		  struct key *ret)
{
	*ret = (struct key){.code = KEY_MOUSE_, .y = y, .x = x};
	if (!press || y < 0 || x < 0)
		return false;
	button &= ~(4u | 8u | 16u); /* shift, alt, control */
	if (button == 64 || button == 65) {
		ret->mouse = button == 64 ? MOUSE_WHEEL_UP : MOUSE_WHEEL_DOWN;
		return true;
	}
	if (button)
		return false;
	ret->mouse = MOUSE_CLICK;
	if (y == r->click_y && x == r->click_x && now - r->click_ns < DOUBLE_NS) {
		ret->mouse = MOUSE_DOUBLE;
		r->click_y = -1; /* a third click is a first one again */
		return true;
	}
	r->click_y = y;
	r->click_x = x;
	r->click_ns = now;
	return true;
}

/* X10 form: three bytes, each 32 too large, positions from 1. */
static bool mouse_x10(struct key_reader *r, uint64_t now, struct key *ret)
{
	int b[3];

	for (int i = 0; i < 3; i++) {
		b[i] = take(r, SEQ_WAIT_MS);
		if (b[i] < 32 || b[i] > 255)
			return false;
	}
	return mouse(r, (unsigned)b[0] - 32, ((b[0] - 32) & 3) != 3, b[2] - 33, b[1] - 33, now, ret);
}

/* After ESC [. false: it was nothing. */
static bool csi(struct key_reader *r, uint64_t now, struct key *ret)
{
	unsigned p[PARAMS_MAX] = {0}, n = 0;
	bool sgr = false, any = false;
	int c;

	for (;;) {
		c = take(r, SEQ_WAIT_MS);
		if (c == 0x1b) { /* cut off: the next sequence begins */
			r->pushed = c;
			return false;
		}
		if (c < 0x20 || c > 0x7e)
			return false;
		if (c == '[' && !any) { /* the Linux console's F1 to F5: ESC [ [ A */
			c = take(r, SEQ_WAIT_MS);
			ret->code = c >= 'A' && c <= 'E' ? KEY_F1 + (uint32_t)(c - 'A') : KEY_UNKNOWN;
			return true;
		}
		if (c >= 0x40)
			break;
		if (c == '<' && !any)
			sgr = true;
		else if (c == ';' && n < PARAMS_MAX - 1)
			n++;
		else if (c >= '0' && c <= '9' && p[n] < 100000)
			p[n] = p[n] * 10 + (unsigned)(c - '0');
		any = true;
	}
	if (sgr)
		return (c == 'M' || c == 'm') && n >= 2 &&
		       mouse(r, p[0], c == 'M', (int)p[2] - 1, (int)p[1] - 1, now, ret);
	if (c == 'M' && !any)
		return mouse_x10(r, now, ret);
	if (c == 'I' || c == 'O') /* focus came, went */
		return false;
	ret->code = c == '~' ? from_number(p[0]) : c == 'M' ? KEY_UNKNOWN : from_letter((char)c);
	return true;
}

static bool escape(struct key_reader *r, uint64_t now, struct key *ret)
{
	int c = take(r, 0);

	if (c == '[')
		return csi(r, now, ret);
	if (c == 'O') {
		c = take(r, SEQ_WAIT_MS);
		ret->code = c >= 0x20 && c < 0x7f ? from_letter((char)c) : KEY_UNKNOWN;
		return true;
	}
	/* Esc and another key, typed fast or with Alt: two keys. */
	r->pushed = c;
	ret->code = KEY_ESC;
	return true;
}

/* The rest of a UTF-8 character. What is not valid becomes one unknown key a byte. */
static uint32_t utf8(struct key_reader *r, int first)
{
	size_t need = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2, n = 1;
	char b[4] = {(char)first};
	uint32_t cp;

	if (first < 0xc2 || first > 0xf4)
		return KEY_UNKNOWN;
	for (; n < need; n++) {
		int c = take(r, SEQ_WAIT_MS);

		if (c < 0x80 || c > 0xbf) {
			r->pushed = c;
			return KEY_UNKNOWN;
		}
		b[n] = (char)c;
	}
	return utf8_decode(b, n, &cp) ? cp : KEY_UNKNOWN;
}

static bool get(struct key_reader *r, uint64_t now, struct key *ret)
{
	int c;

	while ((c = take(r, 0)) >= 0) {
		*ret = (struct key){.code = (uint32_t)c};
		if (c > 255) {
			if (c == KEY_RESIZE || c == KEY_MOUSE)
				continue;
			ret->code = from_curses(c);
		} else if (c == 0x1b) {
			if (!escape(r, now, ret))
				continue;
		} else if (c == '\r' || c == '\n') {
			ret->code = KEY_ENTER_;
		} else if (c == '\t') {
			ret->code = KEY_TAB;
		} else if (c == 0x7f || c == '\b') {
			ret->code = KEY_BACKSPACE_;
		} else if (c >= 0x80) {
			ret->code = utf8(r, c);
		} else if (!c || (c > 26 && c < 32)) {
			ret->code = KEY_UNKNOWN;
		}
		return true;
	}
	return false;
}

/* The marks of a paste, and the one that was lost: true when the key that is to be given is the end mark. */
static bool track_paste(struct key_reader *r, uint64_t now, struct key *k)
{
	bool lost = r->pasting && now - r->last_ns > PASTE_LOST_NS;

	r->last_ns = now;
	if (k->code == KEY_PASTE_BEGIN || k->code == KEY_PASTE_END)
		r->pasting = k->code == KEY_PASTE_BEGIN;
	else if (lost)
		r->pasting = false;
	return lost;
}

bool key_reader_get(struct key_reader *r, uint64_t now_ns, struct key *ret)
{
	struct key k;

	if (r->held.code) {
		*ret = r->held;
		r->held.code = 0;
		return true;
	}
	while (get(r, now_ns, &k)) {
		bool lost = track_paste(r, now_ns, &k);

		if (r->swallow_paste) {
			r->swallow_paste = r->pasting;
			if (!lost)
				continue;
		} else if (lost && k.code != KEY_PASTE_END) {
			r->held = k;
			k = (struct key){.code = KEY_PASTE_END};
		}
		*ret = k;
		return true;
	}
	return false;
}

void key_reader_discard(struct key_reader *r, uint64_t now_ns)
{
	struct key k;

	r->held.code = 0;
	for (int i = 0; i < DISCARD_MAX && get(r, now_ns, &k); i++)
		track_paste(r, now_ns, &k);
	r->swallow_paste = r->pasting;
}
