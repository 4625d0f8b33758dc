/* The theme: style words to attributes and colours. Every style differs from plain without colour too, unless what
 * it says also stands in the text. */
#include "style.h"
#include "sockeye/table/column.h"

static const struct {
	attr_t color, mono; /* attributes with and without colours */
	short fg; /* -1: the terminal's own */
} theme[STYLE_N] = {
	[STYLE_PLAIN] = {A_NORMAL, A_NORMAL, -1},
	[STYLE_HEAD] = {A_BOLD, A_BOLD, -1},
	[STYLE_SORT] = {A_BOLD, A_BOLD | A_UNDERLINE, COLOR_CYAN},
	[STYLE_SEL] = {A_REVERSE, A_REVERSE, -1},
	[STYLE_DIM] = {A_DIM, A_DIM, -1},
	[STYLE_INFO] = {A_NORMAL, A_NORMAL, COLOR_CYAN},
	[STYLE_OK] = {A_NORMAL, A_NORMAL, COLOR_GREEN},
	[STYLE_WARN] = {A_NORMAL, A_UNDERLINE, COLOR_YELLOW},
	[STYLE_BAD] = {A_BOLD, A_BOLD, COLOR_RED},
	[STYLE_KEY] = {A_BOLD, A_BOLD, -1},
	[STYLE_REASON] = {A_DIM, A_DIM, -1},
	[STYLE_CHANGED] = {A_BOLD, A_BOLD, -1},
};
static bool colors;

void style_init(bool color)
{
	short bg = -1;

	colors = color && has_colors() && start_color() != ERR;
	if (!colors)
		return;
	if (use_default_colors() == ERR)
		bg = COLOR_BLACK;
	for (short i = 0; i < STYLE_N; i++)
		if (theme[i].fg >= 0 && init_pair((short)(i + 1), theme[i].fg, bg) == ERR)
			colors = false;
}

attr_t style_attr(uint8_t style, bool reverse, short *ret_pair)
{
	attr_t a;

	if (style >= STYLE_N)
		style = STYLE_PLAIN;
	a = colors ? theme[style].color : theme[style].mono;
	*ret_pair = colors && theme[style].fg >= 0 ? (short)(style + 1) : 0;
	/* Dim on reverse is unreadable on many terminals: the bar has one look. */
	if (reverse)
		a = (a & ~A_DIM) | A_REVERSE;
	return a;
}
