/* One table as a user sees it: rows of a view after filter and sort, a selection that is an identity,
 * tags, held order, chosen columns and their widths. No screen here: view draws it, report prints it. */
#pragma once
#include "sockeye/base/map.h"
#include "sockeye/base/slice.h"
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

/* What rows are gathered by, under a head that counts and sums them and folds them away. */
enum group_by {
	GROUP_NONE,
	GROUP_FORKS, /* processes of one program in one unit; one alone has no head */
	GROUP_PROCESS,
	GROUP_PORT,
	GROUP_PEER,
	GROUP_UNIT,
	GROUP_USER,
	GROUP_NETNS,
	GROUP_STATE,
	GROUP_N
};
struct group_info {
	const char *key, *help; /* "process"; one line, no full stop */
	/* By kind of row, what two rows of a group have in common: keys of columns, the first one names the
	 * group. All NULL: rows of this kind are not gathered so. */
	const char *columns[ROWS_N][2];
};
extern const struct group_info group_table[GROUP_N];
bool group_applies(enum group_by by, enum row_kind kind);

struct table_group { /* one head */
	struct ident id;
	uint32_t first, n; /* into table.members: its rows of the frame */
	uint32_t row; /* one of them: names the group */
	bool open; /* its rows are shown below it */
	bool finding, all_new, all_closed; /* of its rows */
	uint64_t opened_ns; /* the last of them: see row_opened_ns */
};

struct table_column {
	const struct column *col;
	bool shown; /* chosen by the user or by default */
	bool chosen; /* by the user: shown at any width that has room */
	uint16_t
		need; /* cells that its content takes now, set by who wants nothing cut; 0: the column's own range counts */
	uint16_t width; /* cells; 0: does not fit. Set by table_layout */
};
struct table_work;
struct table {
	enum view_id view;
	enum row_kind rows_kind;
	VEC(struct table_column) cols; /* in screen order */
	struct sort_key sort[SORT_MAX];
	uint8_t sort_n;
	const struct filter *filter; /* borrowed; NULL: none. A change is seen by the next update */
	enum group_by group_by; /* likewise */
	bool all; /* `a`: also client ports */
	bool listening; /* `l`: Connections shows listening and bound too; Ports only listening */
	bool findings_only; /* `!` */
	uint64_t mark_ns; /* rows that opened after it are counted; 0: none are */
	/* What is shown, since the last update that came to its end: */
	const struct frame *f; /* borrowed until the next one does */
	struct tally tally; /* recount; used when a filter is in force, else f->tally */
	bool counted; /* a filter was in force */
	/* A line of the screen each: a row of the frame; of a head one of its rows. After table_update all of them
	 * are in order, after table_update_begin only what is on the screen: see table_order_all. */
	VEC(uint32_t) order;
	VEC(uint32_t) heads; /* parallel while rows are gathered, else empty: see table_head, table_nested */
	enum group_by gathered; /* by what they are: group_by may be another one already */
	VEC(struct table_group) groups;
	VEC(uint32_t) members; /* rows of the frame, group by group */
	uint32_t since; /* rows that pass and opened after… */
	uint64_t since_ns; /* … this mark */
	uint32_t matched, total; /* rows that pass, folded ones too; rows the view has without filter */
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
	bool refolded; /* groups were opened or folded: no blank lines below while lines are above */
	bool open_all; /* groups are open unless they are among `folds`; else the other way round */
	VEC(struct ident) folds;
	uint64_t shape; /* of filter and toggles at the last update, to see that the user changed them */
	uint64_t number; /* of the frame shown */
	uint32_t sorted; /* lines from the first on that are in their exact order */
	VEC(struct ident) idents; /* without f: of its rows, if their order may have to be kept; else empty */
	struct table_work *work; /* owned; of an update on its way, and scratch */
};
void table_init(struct table *t, enum view_id view);
void table_done(struct table *t);
/* What is shown now, for who goes through all of it while the table goes on: lines, columns and counts of its own, no
 * filter, nothing to be updated. The frame is still the same. table_done() in the end. */
void table_copy(struct table *ret, const struct table *t);
struct ctx table_ctx(const struct table *t);
/* Is what it shows of this frame? (Frames are recycled: the address alone does not tell.) */
bool table_shows(const struct table *t, const struct frame *f);

/* Shows this frame: filters, recounts, sorts (or keeps the held order, new rows at the end), finds the
 * cursor's row again by identity and keeps it on its screen line. `height`: visible rows.
 * hold: a dialog is open or the like; so that there is an order to be held, the first update with it (or with
 * follow < 0) is of the frame shown already. That one must still live: an order is kept by what both frames say of
 * their rows. */
void table_update(struct table *t, const struct frame *f, uint32_t height, bool hold);
/* The same in slices: until a step says true the table shows what it showed, and both frames must live. Beginning again
 * forgets an update on its way. Lines below the screen may stay unsorted. */
void table_update_begin(struct table *t, const struct frame *f, uint32_t height, bool hold);
bool table_update_step(struct table *t, const struct slice *slice);
bool table_updating(const struct table *t);
/* Is what is on its way something that the user has asked for, so that what is shown is not that yet? */
enum table_doing { TABLE_NOTHING, TABLE_SORTS, TABLE_FILTERS /* which rows, or gathered by what */ };
enum table_doing table_doing(const struct table *t);
/* The frame that it shows may be gone: it shows nothing until the next update, which is like no other. */
void table_lose_frame(struct table *t);
/* Before the frame shown goes, while others are shown elsewhere: the same, but an order that is held is kept. */
void table_leave_frame(struct table *t);
/* Puts all lines into order: before going through them in order. A move beyond the lines in order does it by itself. */
void table_order_all(struct table *t);
/* The same in slices: an update of the frame shown, whose end brings all lines in order. */
void table_order_begin(struct table *t);

/* What rows of every kind have. */
struct row_facts {
	uint64_t first_ns;
	uint8_t marks, findings;
	int netns; /* -1: a process has sockets in several */
};
struct row_facts row_facts(enum row_kind kind, const struct frame *f, uint32_t row);
/* CLOCK_BOOTTIME at which it came to be there; 0: it was there at the first look, or it is gone. */
uint64_t row_opened_ns(const struct row_facts *r);

/* Lines */
struct ident table_ident(const struct table *t, size_t line);
/* The head that stands on this line; NULL: a row. nested: a row below an open head. */
const struct table_group *table_head(const struct table *t, size_t line);
bool table_nested(const struct table *t, size_t line);
/* Opens or folds the group of this line; the next update shows it. False: nothing to do (none, or so already).
 * Folding on a row below a head moves the cursor to the head. */
bool table_fold(struct table *t, size_t line, bool open);
void table_fold_all(struct table *t); /* all open, or when they are, all folded */
/* "▾ nginx ×5" */
void table_head_text(const struct table *t, const struct ctx *c, const struct table_group *g,
		     struct str *out);
/* A cell of a line in at most `width` cells: of a row as column_fit, of a head the sum, or what its rows agree
 * on ("root +1"). */
void table_cell(const struct table *t, const struct ctx *c, size_t line, const struct column *col,
		unsigned width, struct str *out, uint8_t *ret_style);
/* Does the line have one value in this column? Of a row always; of a head when all its rows have it, where there are many
 * only in what brought them together. */
bool table_agrees(const struct table *t, const struct ctx *c, size_t line, const struct column *col);
struct picks {
	VEC(struct pick) v;
};
void table_picks(const struct table *t, size_t line,
		 struct picks *out); /* appended: what an action on it means */
void table_tagged_picks(const struct table *t, struct picks *out); /* likewise: on all tagged lines */

/* The user's moves: clamp, scroll. */
void table_move(struct table *t, int64_t by, uint32_t height);
void table_goto(struct table *t, uint32_t index, uint32_t height);
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
/* The protocols it shows: the view's, and those that the filter names. */
uint32_t table_protos(const struct table *t);
/* Does its filter ask for nothing but states that the view leaves out: listening ones among connections? */
bool table_leaves_out(const struct table *t);
/* What this table needs from the source, or'ed into *want. */
void table_want(const struct table *t, struct want *want);
/* The least that one look needs when nothing but this table's rows is made of it, and no rate can be known: the
 * kernel leaves out what the filter would. all_keys: JSON and CSV of all data columns. */
void table_want_alone(const struct table *t, bool all_keys, struct want *want);
