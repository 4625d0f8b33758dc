/* One line of text being typed: readline's keys on UTF-8. */
#pragma once
#include "sockeye/view/canvas.h"
#include "sockeye/view/key.h"
#include <stdbool.h>

#define LINE_MAX_BYTES 1000
struct line_edit {
	struct str text; /* safe: what could act on a terminal is not taken in */
	size_t cur; /* byte where the next character goes */
};
void line_edit_done(struct line_edit *l);
void line_edit_set(struct line_edit *l, const char *text); /* cursor at the end */
/* Puts bytes in place of from..to and the cursor after them. */
void line_edit_replace(struct line_edit *l, size_t from, size_t to, const char *with);
/* True: the key was for the line (text or cursor may have changed). */
bool line_edit_key(struct line_edit *l, const struct key *k);
/* Draws it from (y, x) on, scrolled so that the cursor is seen, and places the terminal's cursor. */
void line_edit_draw(const struct line_edit *l, struct canvas *c, int y, int x, int w);
