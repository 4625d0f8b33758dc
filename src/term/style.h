/* How each style of the canvas looks: the theme, one table row a style. */
#pragma once
#include <curses.h>
#include <stdbool.h>
#include <stdint.h>

struct term_look;
/* After newterm; makes the colour pairs. looks: STYLE_N of them, or NULL. */
void style_init(bool color, const struct term_look *looks);
/* Attributes and colour pair of a style, with the selection's reverse laid over it. */
attr_t style_attr(uint8_t style, bool reverse, short *ret_pair);
