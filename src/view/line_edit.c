/* One line of text being typed: readline's keys on UTF-8. Prompts are made of it. */
#include "line_edit.h"
#include "sockeye/base/text.h"
#include <string.h>

void line_edit_done(struct line_edit *l)
{
	str_done(&l->text);
	l->cur = 0;
}

void line_edit_set(struct line_edit *l, const char *text)
{
	str_clear(&l->text);
	str_puts(&l->text, text);
	l->cur = l->text.n;
}

void line_edit_replace(struct line_edit *l, size_t from, size_t to, const char *with)
{
	struct str s = {0};

	if (to > l->text.n)
		to = l->text.n;
	if (from > to)
		from = to;
	if (l->text.n - (to - from) + strlen(with) > LINE_MAX_BYTES)
		return;
	str_put(&s, str_text(&l->text), from);
	str_puts(&s, with);
	l->cur = s.n;
	str_puts(&s, str_text(&l->text) + to);
	str_done(&l->text);
	l->text = s;
}

static bool continues(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

static size_t before(const struct line_edit *l, size_t at)
{
	const char *s = str_text(&l->text);

	if (at > 0)
		at--;
	while (at > 0 && continues(s[at]))
		at--;
	return at;
}

static size_t after(const struct line_edit *l, size_t at)
{
	const char *s = str_text(&l->text);

	if (at < l->text.n)
		at++;
	while (at < l->text.n && continues(s[at]))
		at++;
	return at;
}

static size_t word_before(const struct line_edit *l, size_t at)
{
	const char *s = str_text(&l->text);

	while (at > 0 && s[at - 1] == ' ')
		at--;
	while (at > 0 && s[at - 1] != ' ')
		at--;
	return at;
}

/* Only what stands on the screen as itself is taken: no controls, no bidirectional marks. */
static bool insert(struct line_edit *l, uint32_t cp)
{
	struct str safe = {0};
	char utf8[5] = "";
	bool same;

	if (cp < 0x20 || cp > 0x10ffff || (cp >= 0xd800 && cp < 0xe000))
		return false;
	utf8[utf8_encode(cp, utf8)] = '\0';
	text_put_cell(&safe, utf8, strlen(utf8), false, 8);
	same = !strcmp(str_text(&safe), utf8);
	str_done(&safe);
	if (same)
		line_edit_replace(l, l->cur, l->cur, utf8);
	return true;
}

bool line_edit_key(struct line_edit *l, const struct key *k)
{
	switch (k->code) {
	case KEY_LEFT_:
	case 'B' - '@':
		l->cur = before(l, l->cur);
		return true;
	case KEY_RIGHT_:
	case 'F' - '@':
		l->cur = after(l, l->cur);
		return true;
	case KEY_HOME_:
	case 'A' - '@':
		l->cur = 0;
		return true;
	case KEY_END_:
	case 'E' - '@':
		l->cur = l->text.n;
		return true;
	case KEY_BACKSPACE_:
	case 'H' - '@':
	case 0x7f:
		line_edit_replace(l, before(l, l->cur), l->cur, "");
		return true;
	case KEY_DELETE:
	case 'D' - '@': {
		size_t cur = l->cur;

		line_edit_replace(l, cur, after(l, cur), "");
		l->cur = cur;
		return true;
	}
	case 'U' - '@':
		line_edit_replace(l, 0, l->cur, "");
		return true;
	case 'K' - '@':
		line_edit_replace(l, l->cur, l->text.n, "");
		return true;
	case 'W' - '@':
		line_edit_replace(l, word_before(l, l->cur), l->cur, "");
		return true;
	default:
		return k->code < 0x110000 && insert(l, k->code);
	}
}

void line_edit_draw(const struct line_edit *l, struct canvas *c, int y, int x, int w)
{
	struct str head = {0};
	const char *s = str_text(&l->text);
	size_t from = 0;
	int at;

	if (w <= 0)
		return;
	str_put(&head, s, l->cur);
	while ((at = text_width(str_text(&head) + from)) > w - 1 && from < l->cur)
		from = after(l, from);
	canvas_put(c, y, x, STYLE_PLAIN, s + from, w);
	c->cur_y = y;
	c->cur_x = x + at;
	str_done(&head);
}
