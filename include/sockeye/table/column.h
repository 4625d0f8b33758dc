/* The column tables: everything the program knows about a kind of row, declared once. Screens, list,
 * JSON, CSV, sort, filter, completion and the man page are all made from these rows. */
#pragma once
#include "sockeye/base/str.h"
#include "sockeye/model/frame.h"
#include "sockeye/model/hosts.h"
#include "sockeye/table/value.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum row_kind { ROWS_SOCK, ROWS_PORT, ROWS_PROC, ROWS_N }; /* peers and events join here */

/* What a cell function needs. tally: the recount for the filter in force (or frame's own). */
struct ctx {
	const struct frame *f;
	const struct tally *tally;
	bool ascii; /* no glyph above 126 */
	bool raw_numbers; /* `H`, and pipes: no units, no shortening */
	struct hosts *hosts; /* remote addresses by name, and what is drawn is asked about; NULL: by number */
	uint32_t own_row; /* 1 + the row of the connection that the user came by; 0: none */
};

enum col_flag {
	COL_DISPLAY = 1 << 0, /* composite: screens only; JSON, CSV and filters have its parts */
	COL_DATA = 1 << 1, /* JSON/CSV/filter only; never on a screen unless asked for by name */
	COL_LIVE = 1 << 2, /* left out by `list`: one look knows none */
	COL_ALWAYS = 1 << 3, /* never dropped from a screen */
	COL_RIGHT = 1 << 4,
	COL_DESC = 1 << 5, /* first sort is descending */
	COL_TALLY = 1 << 6, /* counted over the sockets of a row, the picked ones while there is a filter */
	COL_MULTI_NS = 1 << 7, /* shown only while there is more than one namespace */
	COL_SUM = 1 << 8, /* adds up over rows: the head of a group shows the sum */
	COL_WARN = 1 << 9, /* a number that should be 0 */
	COL_OWN = 1 << 10, /* a number of the row itself, whatever is picked: its age, its queue */
	COL_WORDS =
		1 << 11, /* its cell is a list of words: the head of a group shows those of all its rows */
};
/* As a filter term such a number picks rows, not sockets. */
#define COL_ROW (COL_TALLY | COL_OWN)
enum align { ALIGN_LEFT, ALIGN_RIGHT };

struct column {
	const char *key; /* as in JSON, CSV, filters, --columns */
	const char *title; /* head of the column; NULL: no cell */
	const char *help; /* one line, no full stop */
	uint8_t kind; /* enum kind */
	uint8_t min, max; /* width in cells */
	uint8_t grow; /* order in which spare cells are given; 0: none */
	uint16_t from; /* default column from this table width on; 0: not a default column */
	uint16_t flags; /* enum col_flag */
	uint32_t attrs; /* enum want_attr that it needs */
	void (*get)(const struct ctx *c, uint32_t row, struct value *ret); /* NULL for OBJECT */
	/* Writes the cell's text (safe, not yet cut) and may set a style word; NULL: by kind. */
	void (*cell)(const struct ctx *c, uint32_t row, struct str *out, uint8_t *ret_style);
	/* Writes JSON for LIST and OBJECT; NULL for the others. */
	void (*json)(const struct ctx *c, uint32_t row, struct str *out);
	/* As cell, but made for a given width (at most that many cells): endpoints keep their port, states
	 * become brief, graphs fill it. NULL: the cell, cut at the end. Call it through column_fit. */
	void (*fit)(const struct ctx *c, uint32_t row, unsigned width, struct str *out, uint8_t *ret_style);
};
/* Columns of a kind in the order of the JSON output; screens have their own order in `view_info`. */
const struct column *columns_of(enum row_kind kind, size_t *ret_n);
const struct column *column_by_key(enum row_kind kind, const char *key); /* key or title, any case; NULL */

/* A view of `list` and of the dashboard: which rows, which default columns in which order, which sort. */
enum view_id { VIEW_PORTS, VIEW_CONNECTIONS, VIEW_PROCESSES, VIEW_SOCKETS, VIEW_N };
struct sort_key {
	const struct column *col;
	bool desc;
};
#define SORT_MAX 8
struct view_info {
	const char *key, *title; /* "ports", "Ports" */
	const char *help;
	uint8_t rows; /* enum row_kind */
	bool dashboard; /* has a number key there */
	const char *const *columns; /* keys of default columns in screen order, NULL-terminated */
	const char *const *sort; /* "-rate" style keys, NULL-terminated */
	uint32_t protos; /* PROTO_BIT()s of sockets shown when the filter names no others */
	uint32_t states; /* of sockets shown: VIEW_CONNECTIONS leaves listening and bound out */
};
extern const struct view_info view_table[VIEW_N];
int view_by_key(const char *key); /* -1 */
enum view_id view_of_rows(enum row_kind kind); /* the first one that shows such rows */

/* The value of a column in a row (get, or null NA for display-only ones). */
void column_value(const struct column *col, const struct ctx *c, uint32_t row, struct value *ret);
/* The cell text of a value of this column's kind, as column_cell without a function of its own. */
void column_value_cell(const struct column *col, const struct ctx *c, const struct value *v, struct str *out,
		       uint8_t *ret_style);
/* Cell text: safe, uncut. Unknown and NA as `…` and blank; in raw mode as "?" and "-". */
void column_cell(const struct column *col, const struct ctx *c, uint32_t row, struct str *out,
		 uint8_t *ret_style);
/* Cell text that takes at most `width` cells: what a screen draws. */
void column_fit(const struct column *col, const struct ctx *c, uint32_t row, unsigned width, struct str *out,
		uint8_t *ret_style);
/* The text of a cell, in so many of the screen's: a count that has no room for its digits is rounded. */
void column_put_fitted(const struct column *col, const struct ctx *c, const struct value *v, const char *text,
		       unsigned width, struct str *out);
/* What all data columns of this kind need (JSON prints every key), or'ed into *ret_attrs. */
void columns_attrs(enum row_kind kind, uint32_t *ret_attrs);
/* JSON value of a data column: number, string, array, object, null. */
void column_json(const struct column *col, const struct ctx *c, uint32_t row, struct str *out);
/* Raw text for CSV/TSV: numbers unformatted, empty for null; lists joined by a space. */
void column_raw(const struct column *col, const struct ctx *c, uint32_t row, struct str *out);
/* <0, 0, >0; nulls last in either direction. */
int column_compare(const struct column *col, const struct ctx *c, uint32_t a, uint32_t b, bool desc);

/* Styles by meaning. The screen's theme says how they look; nothing depends on colour alone. */
enum style {
	STYLE_PLAIN,
	STYLE_HEAD,
	STYLE_SORT,
	STYLE_SEL,
	STYLE_DIM,
	STYLE_INFO,
	STYLE_OK,
	STYLE_WARN,
	STYLE_BAD,
	STYLE_KEY,
	STYLE_REASON,
	STYLE_CHANGED,
	STYLE_N
};
