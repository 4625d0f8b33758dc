/* The grid of cells that every screen is drawn on: wide and combining characters are sorted into cells
 * here, so that neither the views nor the terminal have to think about them. */
#include "sockeye/view/canvas.h"
#include "sockeye/base/mem.h"
#include "sockeye/base/text.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Nobody has a larger terminal, and products of the two stay far from overflow. */
#define SIDE_MAX 4096

void canvas_init(struct canvas *c)
{
	*c = (struct canvas){.cur_y = -1, .cur_x = -1};
}

void canvas_done(struct canvas *c)
{
	free(c->cells);
	canvas_init(c);
}

void canvas_blank(struct canvas *c)
{
	static const struct cell blank = {.glyph = " ",
					  .style = STYLE_PLAIN}; /* whole: rows are compared as bytes */

	for (size_t i = 0; i < (size_t)c->w * (size_t)c->h; i++)
		c->cells[i] = blank;
	c->cur_y = c->cur_x = -1;
}

void canvas_resize(struct canvas *c, int w, int h)
{
	w = w < 0 ? 0 : w > SIDE_MAX ? SIDE_MAX : w;
	h = h < 0 ? 0 : h > SIDE_MAX ? SIDE_MAX : h;
	if (w != c->w || h != c->h) {
		c->cells = mem_realloc(c->cells, (size_t)w * (size_t)h, sizeof(*c->cells));
		c->w = w;
		c->h = h;
	}
	canvas_blank(c);
}

/* Overwriting one half of a wide character leaves no half behind. */
static void free_cell(struct canvas *c, struct cell *row, int x)
{
	if (row[x].glyph[0] == '\0' && x > 0) {
		row[x - 1].glyph[0] = ' ';
		row[x - 1].glyph[1] = '\0';
	}
	if (x + 1 < c->w && row[x + 1].glyph[0] == '\0') {
		row[x + 1].glyph[0] = ' ';
		row[x + 1].glyph[1] = '\0';
	}
}

/* Takes one glyph (a base character and its marks) from s: bytes used, 0 at the end. What a terminal would
 * act upon should have been made safe before; should some have come through, it is a '?'. */
static size_t take_glyph(const char *s, char out[GLYPH_BYTES], int *ret_w)
{
	uint32_t cp = 0;
	unsigned char c = (unsigned char)s[0];
	size_t used, n;

	if (c == '\0')
		return 0;
	if (c >= 0x20 && c < 0x7f && (unsigned char)s[1] < 0x80) { /* nearly everything */
		out[0] = s[0];
		out[1] = '\0';
		*ret_w = 1;
		return 1;
	}
	used = utf8_decode(s, strnlen(s, 4), &cp);
	if (used == 0 || cp < 0x20 || (cp >= 0x7f && cp < 0xa0)) {
		memcpy(out, "?", 2);
		*ret_w = 1;
		return used ? used : 1;
	}
	*ret_w = text_cp_width(cp);
	memcpy(out, s, used);
	n = used;
	while (s[used]) {
		size_t more = utf8_decode(s + used, strnlen(s + used, 4), &cp);

		if (more == 0 || cp < 0x300 || text_cp_width(cp) != 0)
			break;
		if (n + more < GLYPH_BYTES) {
			memcpy(out + n, s + used, more);
			n += more;
		}
		used += more;
	}
	out[n] = '\0';
	return used;
}

int canvas_put(struct canvas *c, int y, int x, uint8_t style, const char *s, int max)
{
	struct cell *row;
	char glyph[GLYPH_BYTES];
	int at = x, end, w;
	size_t used;

	if (y < 0 || y >= c->h || x < 0 || x >= c->w || max <= 0)
		return 0;
	row = c->cells + (size_t)y * (size_t)c->w;
	end = max < c->w - x ? x + max : c->w;
	for (; (used = take_glyph(s, glyph, &w)) != 0; s += used) {
		if (w <= 0) /* a mark without a base */
			continue;
		if (at + w > end)
			break;
		for (int i = 0; i < w; i++) {
			free_cell(c, row, at + i);
			memcpy(row[at + i].glyph, i ? "" : glyph, i ? 1 : strlen(glyph) + 1);
			row[at + i].style = style;
			row[at + i].reverse = false;
		}
		at += w;
	}
	return at - x;
}

int canvas_put_cut(struct canvas *c, int y, int x, uint8_t style, const char *s, int max, const char *dots)
{
	struct str cut = {0};
	int used;

	if (max <= 0)
		return 0;
	text_put_clip(&cut, s, max, dots);
	used = canvas_put(c, y, x, style, str_text(&cut), max);
	str_done(&cut);
	return used;
}

int canvas_putf(struct canvas *c, int y, int x, uint8_t style, const char *fmt, ...)
{
	char buf[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	return canvas_put(c, y, x, style, buf, INT_MAX);
}

void canvas_fill(struct canvas *c, int y, int x, int h, int w, uint8_t style, const char *glyph)
{
	if (x < 0) {
		w += x;
		x = 0;
	}
	for (int i = 0; i < h; i++)
		for (int j = 0; j < w && x + j < c->w; j++)
			canvas_put(c, y + i, x + j, style, glyph, 1);
}

void canvas_to_ascii(struct canvas *c)
{
	static const struct {
		const char *glyph, *ascii;
	} table[] = {{"…", "~"}, {"×", "x"}, {"→", ">"}, {"←", "<"}, {"▸", ">"}, {"▾", "v"},
		     {"▴", "^"}, {"‹", "<"}, {"›", ">"}, {"≥", ">"}, {"·", "."}};

	for (int i = 0; i < c->w * c->h; i++) {
		struct cell *cell = &c->cells[i];
		const char *to = "?";

		if (cell->glyph[0] == '\0') /* the other half of a wide one */
			to = " ";
		else if (!(cell->glyph[0] & 0x80))
			continue;
		for (size_t k = 0; k < ARRAY_LEN(table); k++)
			if (!strcmp(cell->glyph, table[k].glyph))
				to = table[k].ascii;
		snprintf(cell->glyph, sizeof(cell->glyph), "%s", to);
	}
}

void canvas_reverse(struct canvas *c, int y, int x, int w)
{
	if (y < 0 || y >= c->h)
		return;
	for (int i = x < 0 ? 0 : x; i < x + w && i < c->w; i++)
		c->cells[(size_t)y * (size_t)c->w + (size_t)i].reverse = true;
}

static char style_letter(const struct cell *cell)
{
	static const char letters[STYLE_N] = {
		[STYLE_PLAIN] = '.', [STYLE_HEAD] = 'h', [STYLE_SORT] = 'o',   [STYLE_SEL] = 's',
		[STYLE_DIM] = 'd',   [STYLE_INFO] = 'i', [STYLE_OK] = 'k',     [STYLE_WARN] = 'w',
		[STYLE_BAD] = 'b',   [STYLE_KEY] = 'y',  [STYLE_REASON] = 'r', [STYLE_CHANGED] = 'c',
	};
	char l = cell->style < STYLE_N ? letters[cell->style] : '?';

	/* A blank has no colour to see, but it shows the bar. */
	if (cell->glyph[0] == ' ' && cell->glyph[1] == '\0')
		l = '.';
	if (!cell->reverse)
		return l;
	return l == '.' ? 'P' : (char)(l - 'a' + 'A');
}

static void put_trimmed(struct str *out, struct str *line, char blank)
{
	while (line->n && line->s[line->n - 1] == blank)
		line->n--;
	str_put(out, line->n ? line->s : "", line->n);
	str_putc(out, '\n');
	str_clear(line);
}

void canvas_dump(const struct canvas *c, struct str *out)
{
	struct str line = {0};

	for (int y = 0; y < c->h; y++) {
		for (int x = 0; x < c->w; x++)
			str_puts(&line, c->cells[(size_t)y * (size_t)c->w + (size_t)x].glyph);
		put_trimmed(out, &line, ' ');
	}
	str_puts(out, "--- styles\n");
	for (int y = 0; y < c->h; y++) {
		for (int x = 0; x < c->w; x++)
			str_putc(&line, style_letter(&c->cells[(size_t)y * (size_t)c->w + (size_t)x]));
		put_trimmed(out, &line, '.');
	}
	str_done(&line);
}
