/* The screen as data: a grid of {glyph, style}. Views draw on it, term blits it, tests print it. */
#pragma once
#include "sockeye/base/str.h"
#include "sockeye/table/column.h" /* enum style */
#include <stdbool.h>
#include <stdint.h>

#define GLYPH_BYTES 20 /* one base character with up to 4 combining marks, UTF-8, NUL */
struct cell {
	char glyph[GLYPH_BYTES]; /* "" : the right half of a wide character */
	uint8_t style; /* enum style */
	bool reverse; /* the selection bar lies over the cell's own style */
};
struct canvas {
	int w, h;
	struct cell *cells; /* owned; row-major */
	int cur_y, cur_x; /* terminal cursor; cur_y < 0: hidden */
};
void canvas_init(struct canvas *c);
void canvas_done(struct canvas *c);
void canvas_resize(struct canvas *c, int w, int h); /* also blanks */
void canvas_blank(struct canvas *c);
/* Puts safe text at (y, x), cut at `max` cells (and at the edge). Returns cells used. Outside: nothing. */
int canvas_put(struct canvas *c, int y, int x, uint8_t style, const char *s, int max);
/* The same, with the dots in the last cell where something was cut (max <= 0: nothing is put). */
int canvas_put_cut(struct canvas *c, int y, int x, uint8_t style, const char *s, int max, const char *dots);
int canvas_putf(struct canvas *c, int y, int x, uint8_t style, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
void canvas_fill(struct canvas *c, int y, int x, int h, int w, uint8_t style, const char *glyph);
/* Whatever text found its way there: ASCII stands in for every other glyph, cell by cell. */
void canvas_to_ascii(struct canvas *c);
/* Lays reverse over w cells of a line. */
void canvas_reverse(struct canvas *c, int y, int x, int w);
/* For golden files: the text, one line a row, trailing blanks cut; then a line "--- styles"; then one line a
 * row with a letter a cell (. plain, h head, o sort, s sel, d dim, i info, k ok, w warn, b bad, y key,
 * r reason, c changed; upper case: reversed, P reversed plain or blank), trailing dots cut. */
void canvas_dump(const struct canvas *c, struct str *out);
