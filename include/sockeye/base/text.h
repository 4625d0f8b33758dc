/* Foreign text made safe, and text measured in cells: the one place where bytes that another
 * process can choose (names, arguments, paths, cgroups, host names) become printable.
 *
 * Every writer below takes raw bytes, n of them, embedded NUL allowed. What is unsafe on a terminal
 * is the same everywhere: C0, DEL, C1, invalid UTF-8, bidirectional controls, zero-width and soft
 * hyphen, U+2028/9, private use, tags, non-characters, and more than 4 combining marks in a row. */
#pragma once
#include "sockeye/base/str.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decodes one UTF-8 code point of at most n bytes. Gives its length (1..4) and *ret_cp, or 0 when the
 * bytes are no valid UTF-8 (overlong, surrogate, above U+10FFFF, truncated); then *ret_cp is untouched. */
size_t utf8_decode(const char *s, size_t n, uint32_t *ret_cp);
size_t utf8_encode(uint32_t cp, char out[4]);

/* For a terminal cell: printable text with unsafe things as visible escapes \n \t \e \xHH \u{HEX};
 * a backslash stays a backslash. With ascii_only every code point above 126 is escaped too.
 * At most max_bytes of input are read (the rest becomes an ellipsis), so a 2 MiB argv costs nothing. */
void text_put_cell(struct str *out, const char *s, size_t n, bool ascii_only, size_t max_bytes);

/* One word for a shell, in quotes where it needs them. Nothing is made safe for a terminal. */
void text_put_shell(struct str *out, const char *s);
/* For JSON, with the quotes: always valid UTF-8 and valid JSON. Invalid bytes become U+FFFD; controls,
 * DEL, C1, bidi and the other unsafe code points become \uXXXX (surrogate pairs where needed). */
void text_put_json(struct str *out, const char *s, size_t n);

/* What stands in out from `from` on becomes a cell of CSV (sep ',') or TSV (sep '\t'). First the bytes are made safe as
 * for a cell. Then RFC 4180 quoting where needed for CSV. One that starts with = + - @ TAB or CR gets a leading '. */
void text_end_csv(struct str *out, size_t from, char sep);

/* Width in terminal cells of text already made safe; wcwidth() below, by LC_CTYPE; a code point for
 * which wcwidth() gives -1 counts 1. Never negative. */
int text_width(const char *s);
/* The width of one code point: 0 for combining marks, 1 or 2 else. */
int text_cp_width(uint32_t cp);

/* Appends s (safe text) cut to at most width cells; where something was cut the last cell is `ellipsis`
 * (one cell wide). text_put_clip cuts at the end, text_put_clip_middle in the middle. Returns the
 * cells used. A wide character that does not fit is left out. */
int text_put_clip(struct str *out, const char *s, int width, const char *ellipsis);
int text_put_clip_middle(struct str *out, const char *s, int width, const char *ellipsis);

/* Nearest of n names by edit distance, for "did you mean …?"; -1 when none is near. Case is ignored. */
int text_nearest(const char *word, const char *const *names, size_t n);
