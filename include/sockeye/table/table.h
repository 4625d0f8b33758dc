/* One table as a user sees it: rows of a view after filter and sort, a selection that is an identity,
 * tags, held order, chosen columns and their widths. No screen here: view draws it, report prints it. */
#pragma once
#include "sockeye/base/map.h"
#include "sockeye/model/kill.h"
#include "sockeye/table/column.h"
#include "sockeye/table/filter.h"
#include <stdbool.h>
#include <stdint.h>

struct ident { /* of a row: never a row number */
	uint64_t a, b;
};
struct ident ident_of(enum row_kind kind, const struct frame *f, uint32_t row);
struct pick pick_of(enum row_kind kind, const struct frame *f, uint32_t row); /* for kill plans */

struct table_column {
	const struct column *col;
	bool shown; /* chosen by the user or by default */
	bool chosen; /* by the user: shown at any width that has room */
	uint16_t width; /* cells; 0: does not fit. Set by table_layout */
};
struct table {
	enum view_id view;
	enum row_kind rows_kind;
	VEC(struct table_column) cols; /* in screen order */
	struct sort_key sort[SORT_MAX];
	uint8_t sort_n;
	const struct filter *filter; /* borrowed; NULL: none */
	bool all; /* `a`: also client ports */
	bool listening; /* `l`: Connections shows listening and bound too; Ports only listening */
	bool findings_only; /* `!` */
	/* What is shown: */
	const struct frame *f; /* borrowed until the next table_update */
	VEC(uint8_t) picked; /* parallel to f->rows */
	struct tally tally; /* recount; used when a filter is in force, else f->tally */
	VEC(uint32_t) order; /* rows of the frame, in screen order */
	VEC(struct ident) idents; /* parallel to order */
	uint32_t matched, total; /* rows shown; rows the view has without filter */
	/* Cursor: index into order and the identity it stands on; top: first visible. */
	uint32_t cursor, top;
	struct ident cursor_id;
	bool cursor_valid;
	bool held; /* order is held now */
	bool order_differs; /* … and differs from what live sorting would show */
	int8_t follow; /* F: 0 by rule (row 1 = live), 1 always live, -1 always held */
	VEC(struct ident) tags;
	/* Inside: */
	bool resort; /* the user changed the sort: the next update takes the live order even when held */
	uint64_t shape; /* of filter and toggles at the last update, to see that the user changed them */
	VEC(uint32_t) live; /* scratch: the live order */
	VEC(struct ident) live_idents; /* scratch, parallel to live */
	VEC(uint64_t) keys; /* scratch of the sort */
	struct map seen; /* scratch: identity → index into live */
};
void table_init(struct table *t, enum view_id view);
void table_done(struct table *t);
struct ctx table_ctx(const struct table *t);

/* Shows this frame: filters, recounts, sorts (or keeps the held order, new rows at the end), finds the
 * cursor's row again by identity and keeps it on its screen line. `height`: visible rows.
 * hold: a dialog is open or the like. */
void table_update(struct table *t, const struct frame *f, uint32_t height, bool hold);
/* The user's moves: clamp, scroll. */
void table_move(struct table *t, int64_t by, uint32_t height);
void table_goto(struct table *t, uint32_t index, uint32_t height);
bool table_goto_ident(struct table *t, struct ident id, uint32_t height);
uint32_t table_row(const struct table *t); /* the frame's row under the cursor; NONE */
bool table_tagged(const struct table *t, struct ident id);
void table_tag(struct table *t, struct ident id); /* toggles */
/* Sort by this column first (again: reverse); the view's default keys follow as tie breakers. */
void table_sort_by(struct table *t, const struct column *col);
void table_set_sort(struct table *t, const struct column *col, bool desc);
/* Columns by a list: "a,b,c" or "+a,-b" (also the title). 0 or -EINVAL with the bad key in err. */
int table_set_columns(struct table *t, const char *list, char *err, size_t err_n);
int table_set_sort_list(struct table *t, const char *list, char *err, size_t err_n);
/* Which columns fit in `width` cells (gutter not counted) and how wide each is. multi_ns: more
 * than one namespace. Returns the number of default or chosen columns that do not fit. */
unsigned table_layout(struct table *t, unsigned width, bool multi_ns);
/* Hides the default columns that one look cannot know (rates, activity, age): for `list`. */
void table_hide_live(struct table *t);
/* What this table needs from the source, or'ed into *want. */
void table_want(const struct table *t, struct want *want);
