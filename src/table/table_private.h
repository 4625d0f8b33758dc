/* Inside the table: an update on its way, and what its files share. */
#pragma once
#include "order.h"
#include "sockeye/base/mem.h"

enum stage {
	STAGE_IDLE,
	STAGE_PICK,
	STAGE_COUNT,
	STAGE_ROWS,
	STAGE_GROUP,
	STAGE_MEMBERS,
	STAGE_KEEP,
	STAGE_KEPT,
	STAGE_ORDER,
	STAGE_SELECT,
	STAGE_SORT,
	STAGE_TAIL,
	STAGE_TAIL_SORT,
	STAGE_DIFFERS
};

/* What a group is besides what everybody may see. */
struct group_extra {
	uint32_t was; /* place among the lines so far; NONE: new */
};
struct best { /* of a group's rows by one key */
	uint64_t word;
	uint32_t row;
};
struct sum { /* of one column over the rows of a group */
	double v;
	uint32_t n; /* rows that have a value */
	uint8_t null; /* why the others have none */
};
struct sums {
	VEC(const struct column *) cols;
	VEC(struct sum) v; /* cols.n a group */
};
struct table_work {
	const struct frame *f; /* borrowed: to be shown */
	uint32_t height;
	bool hold, held, changed, follow_top;
	bool whole; /* all lines are wanted in order, not the screen's alone */
	uint64_t shape;
	uint32_t protos; /* PROTO_BIT()s of the sockets it shows */
	uint8_t stage; /* enum stage */
	uint32_t at; /* how far the stage has come */
	VEC(uint8_t) picked; /* parallel to f->rows */
	struct tally tally;
	VEC(uint32_t) rows; /* that pass, ascending */
	uint32_t total;
	/* While the order is kept: */
	VEC(struct ident) idents; /* of all rows */
	VEC(uint32_t) was; /* parallel: its line so far; NONE: new */
	VEC(uint32_t) place; /* scratch: by row so far its line, until it is found again */
	VEC(uint32_t) rest; /* rows that pass and had no line */
	VEC(uint32_t) kept; /* rows, the lines to be */
	size_t prefix; /* of the lines to be kept so many are; those behind were never in order, nor seen */
	size_t next, old; /* how far they have come: in rows, in the rows so far */
	bool differs;
	uint64_t last; /* the word of the row looked at last */
	struct order order;
	struct map seen; /* scratch: identities */
	size_t around, around_end; /* lines that were put right for the cursor; see table_order_around */
	/* With groups: */
	VEC(struct best) best; /* sort_n a group */
	VEC(struct group_extra) extras;
	VEC(uint32_t) turn; /* groups in their order */
	struct sums sums; /* being made, in step with groups */
	struct sums shown; /* of the groups that are shown */
	VEC(struct table_group) groups;
	VEC(uint32_t) group_of, members; /* parallel to rows; group by group */
	size_t group; /* whose rows are being put into order, */
	uint32_t *group_rows; /* borrowed: from here on in members; NULL: not begun */
};
static inline struct ctx work_ctx(const struct table *t)
{
	const struct table_work *w = t->work;

	return (struct ctx){.f = w->f, .tally = filter_empty(t->filter) ? &w->f->tally : &w->tally};
}
static inline bool same_ident(struct ident a, struct ident b)
{
	return a.a == b.a && a.b == b.b;
}
#define TABLE_WINDOW(w)                                                                                      \
	(4 * (size_t)(w)->height) /* lines that are put into order while the first one is followed */
#define TABLE_AT_ONCE 4096 /* lines: up to here all are put into order when some are */
/* Lines around this one, which comes on the screen; all of them when they are few. */
void table_order_around(struct table *t, size_t line, size_t height);

/* keep.c: items for order_select and order_step; */
void order_add(struct order *o, const struct sort_key *by, unsigned by_n, const struct ctx *c,
	       const uint32_t *rows, size_t n);
/* and the order on the screen, when it stays: where rows from..to-1 were; those found by name; the lines to be (work.kept);
 * does their order differ from the live one (false: not finished)? */
void keep_begin(struct table *t);
void keep_match(struct table *t, uint32_t from, uint32_t to);
void keep_rest(struct table *t);
void keep_lines(struct table *t);
bool keep_compare(struct table *t, uint32_t to);
/* Is it a row of this view at all, whatever the filter? */
bool table_in_view(const struct table *t, const struct frame *f, uint32_t row);
size_t table_rows_of(enum row_kind kind, const struct frame *f);
/* Notes the identities of the rows shown, so that the next update can keep their order. The frame must live. */
void table_note_idents(struct table *t);
void table_set_cursor(struct table *t, size_t line);

/* groups.c: work.rows → groups, sums, lines. Rows are added from..to-1, all in turn; at the end the table's lines
 * are replaced. keep: they stay in the order so far. */
void groups_begin(struct table *t);
void groups_add(struct table *t, uint32_t from, uint32_t to);
void groups_end(struct table *t, bool keep);
/* After groups_end: the rows of open groups, in pieces. True: the lines are put down. */
bool groups_members(struct table *t, bool keep);
void groups_done(struct table_work *w);
bool table_is_open(const struct table *t, struct ident group);
/* The port at the end that was called: what a connection is about. */
uint32_t group_called_port(const struct frame *f, uint32_t row, bool *ret_out);
static inline bool adds_up(const struct column *col)
{
	return (col->flags & COL_SUM) != 0;
}
const struct sum *sum_of(const struct sums *s, size_t group, const struct column *col); /* NULL: not summed */
