/* Styles of the canvas as attributes and colour pairs of curses. Every style differs from plain without colour too,
 * unless what it says also stands in the text. */
#include "style.h"
#include "sockeye/term/term.h"

/* What takes a colour's place where there are none. */
static const attr_t mono[STYLE_N] = {[STYLE_SORT] = A_UNDERLINE, [STYLE_WARN] = A_UNDERLINE};
static struct {
	attr_t attr;
	short pair; /* 0: the terminal's own colours */
} theme[STYLE_N];
static bool colors;

static attr_t attr_of(uint8_t attrs)
{
	return (attrs & TERM_BOLD ? A_BOLD : 0) | (attrs & TERM_DIM ? A_DIM : 0) |
	       (attrs & TERM_ITALIC ? A_ITALIC : 0) | (attrs & TERM_UNDERLINE ? A_UNDERLINE : 0) |
	       (attrs & TERM_REVERSE ? A_REVERSE : 0);
}

/* A colour that this terminal has; -1: none. */
static short color_of(int16_t color)
{
	return color < 0 || color >= COLORS ? -1 : color;
}

void style_init(bool color, const struct term_look *looks)
{
	bool own_bg;

	colors = color && has_colors() && start_color() != ERR;
	own_bg = colors && use_default_colors() == ERR;
	for (short i = 0; i < STYLE_N; i++) {
		struct term_look l = looks ? looks[i] : term_look_of((enum style)i);
		short fg = color_of(l.fg), bg = color_of(l.bg);

		theme[i].attr = attr_of(l.attrs) | (colors ? A_NORMAL : mono[i]);
		theme[i].pair = 0;
		if (!colors || (fg < 0 && bg < 0))
			continue;
		if (own_bg) {
			fg = fg < 0 ? COLOR_WHITE : fg;
			bg = bg < 0 ? COLOR_BLACK : bg;
		}
		if (init_pair((short)(i + 1), fg, bg) != ERR)
			theme[i].pair = (short)(i + 1);
	}
}

attr_t style_attr(uint8_t style, bool reverse, short *ret_pair)
{
	attr_t a;

	if (style >= STYLE_N)
		style = STYLE_PLAIN;
	a = theme[style].attr;
	*ret_pair = theme[style].pair;
	/* Dim on reverse is unreadable on many terminals: the bar has one look. */
	if (reverse)
		a = (a & ~A_DIM) | A_REVERSE;
	return a;
}
