/* Inside the table: an update on its way, and what its files share. */
#pragma once
#include "order.h"
#include "sockeye/base/mem.h"

enum stage { /* of an update; see the table of them in update.c */
	     STAGE_IDLE,
	     STAGE_TAGS, /* tags of rows that no longer exist go */
	     STAGE_PICK, /* sockets that pass the filter, */
	     STAGE_COUNT, /* recounted, */
	     STAGE_ROWS, /* the rows of the view that pass */
	     STAGE_ORDER, /* they in order */
	     STAGE_KEEP, /* or in the order so far: those met going along, */
	     STAGE_REST, /* those looked up by name, */
	     STAGE_LINES, /* put down */
	     STAGE_TAIL, /* behind the lines that were seen all in live order */
	     STAGE_DIFFERS, /* does it differ from the live one? */
	     STAGE_GROUP, /* or gathered, */
	     STAGE_HEADS, /* the heads in order, */
	     STAGE_MEMBERS, /* and the rows below those that are open */
	     STAGE_N
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
	bool hold, held, changed, refolded, follow_top;
	bool whole; /* all lines are wanted in order, not the screen's alone */
	uint64_t shape;
	uint32_t protos; /* PROTO_BIT()s of the sockets it shows */
	uint8_t stage; /* enum stage */
	uint32_t at; /* how far the stage has come */
	VEC(uint8_t) picked; /* parallel to f->rows */
	struct tally tally;
	VEC(uint32_t) rows; /* that pass, ascending */
	uint32_t total, since;
	uint64_t mark_ns;
	/* While the order is kept: */
	VEC(uint32_t) was; /* of all rows: its line so far; NONE: new */
	VEC(uint32_t) place; /* scratch: by row so far its line, until it is found again */
	VEC(uint32_t) rest; /* rows that pass and had no line */
	size_t looked; /* so many lines and rows were looked up by name, while that goes on */
	bool begun; /* the stage's ordering */
	VEC(uint32_t) kept; /* rows, the lines to be */
	size_t prefix; /* of the lines to be kept so many are; those behind were never in order, nor seen */
	size_t next, old; /* how far they have come: in rows, in the rows so far */
	bool differs;
	uint64_t last; /* the word of the row looked at last */
	struct order order;
	struct map seen; /* scratch: identities */
	/* With groups: */
	VEC(struct best) best; /* sort_n a group */
	VEC(struct group_extra) extras;
	VEC(uint32_t) turn; /* groups in their order */
	struct sums sums; /* being made, in step with groups */
	struct sums shown; /* of the groups that are shown */
	VEC(struct table_group) groups;
	VEC(uint32_t) group_of, members; /* parallel to rows; group by group */
	VEC(uint32_t) turn_spare; /* scratch: while they are merged, in runs so long: */
	size_t run, left, right;
	size_t group; /* whose rows are being put into order, */
	uint32_t *group_rows; /* borrowed: from here on in members; NULL: not begun */
	uint32_t group_n; /* so many that were not seen so far */
	bool placing; /* those that were are being put into their places */
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
/* Else a head's: see group_ident(). */
static inline bool ident_is_row(struct ident id)
{
	return id.a >> 62;
}
#define TABLE_WINDOW(w)                                                                                      \
	(4 * (size_t)(w)->height) /* lines that are put into order while the first one is followed */
#define TABLE_AT_ONCE 4096 /* lines: up to here all are put into order when some are */

/* keep.c: the order on the screen, when it stays. Where rows from..to-1 were; those found by name, up to n of them at
 * a time (true: all were looked for); the lines to be (work.kept), behind which the rest stands in live order; does
 * their order differ from the live one (false: not finished)? */
void keep_begin(struct table *t);
void keep_match(struct table *t, uint32_t from, uint32_t to);
bool keep_rest(struct table *t, size_t n);
void keep_lines(struct table *t);
bool keep_compare(struct table *t, uint32_t to);
/* Two arrays of one kind of item, declared apart. */
#define swap_vec(a, b)                                                                                       \
	do {                                                                                                 \
		void *v_ = (a)->v;                                                                           \
		size_t n_ = (a)->n, cap_ = (a)->cap;                                                         \
		(a)->v = (b)->v, (a)->n = (b)->n, (a)->cap = (b)->cap;                                       \
		(b)->v = v_, (b)->n = n_, (b)->cap = cap_;                                                   \
	} while (0)

/* Is it a row of this view at all, whatever the filter? protos: table_protos() */
bool table_in_view(const struct table *t, uint32_t protos, const struct frame *f, uint32_t row);
/* Those of from..to-1 that are shown, into work.rows. */
void table_find_rows(struct table *t, uint32_t from, uint32_t to);
size_t table_rows_of(enum row_kind kind, const struct frame *f);
void table_set_cursor(struct table *t, size_t line);

/* groups.c: work.rows → groups, sums, lines. Rows are added from..to-1, all in turn, and gathered; then the heads are put
 * into order, and the rows of open groups; true: that is done. keep: they stay in the order so far. At the end the
 * table's lines are replaced. */
void groups_begin(struct table *t);
void groups_add(struct table *t, uint32_t from, uint32_t to);
void groups_gather(struct table *t, bool keep);
bool groups_heads(struct table *t, const struct slice *slice);
bool groups_members(struct table *t, bool keep, const struct slice *slice);
void groups_put(struct table *t);
void groups_done(struct table_work *w);
bool table_is_open(const struct table *t, struct ident group);
/* The port at the end that was called: what a connection is about. */
uint32_t group_called_port(const struct frame *f, uint32_t row, bool *ret_out);
static inline bool adds_up(const struct column *col)
{
	return (col->flags & COL_SUM) != 0;
}
const struct sum *sum_of(const struct sums *s, size_t group, const struct column *col); /* NULL: not summed */
