/* Which columns a table of a given width shows and how wide each is. */
#include "sockeye/table/table.h"

#define GUTTER 2 /* cells before the columns; the widths in the column tables count it */

static bool sorted_by(const struct table *t, const struct column *col)
{
	return t->sort_n && t->sort[0].col == col;
}

static unsigned used(const struct table *t)
{
	unsigned n = 0;
	size_t i;

	for (i = 0; i < t->cols.n; i++)
		if (t->cols.v[i].width)
			n += t->cols.v[i].width + (n ? 1u : 0u);
	return n;
}

static bool can_drop(const struct table *t, const struct table_column *tc)
{
	return tc->width && !(tc->col->flags & COL_ALWAYS) && !sorted_by(t, tc->col);
}

/* The one that comes in latest goes first; of equals the one further right. */
static struct table_column *next_to_drop(struct table *t)
{
	struct table_column *worst = NULL;
	unsigned from, worst_from = 0;
	size_t i;

	for (i = 0; i < t->cols.n; i++) {
		struct table_column *tc = &t->cols.v[i];

		if (!can_drop(t, tc))
			continue;
		from = tc->chosen ? 0 : tc->col->from;
		if (!worst || from >= worst_from) {
			worst = tc;
			worst_from = from;
		}
	}
	return worst;
}

/* Nothing left to drop: what stays gives up cells, the widest first, then goes from the right. */
static void squeeze(struct table *t, unsigned width)
{
	struct table_column *widest, *last;
	size_t i;

	while (used(t) > width) {
		widest = last = NULL;
		for (i = 0; i < t->cols.n; i++) {
			struct table_column *tc = &t->cols.v[i];

			if (!tc->width)
				continue;
			last = tc;
			if (!widest || tc->width > widest->width)
				widest = tc;
		}
		if (!last)
			return;
		if (widest->width > 4)
			widest->width--;
		else if (used(t) > last->width)
			last->width = 0;
		else
			last->width = (uint16_t)width;
	}
}

/* A second endpoint is made whole when there is room; for the first one others give way. */
static uint16_t least(const struct table_column *tc)
{
	if (tc->col->kind == KIND_ENDPOINT && !(tc->col->flags & COL_ALWAYS))
		return tc->col->min;
	return tc->need > tc->col->min ? tc->need : tc->col->min;
}

static uint16_t most(const struct table_column *tc)
{
	return tc->need > tc->col->max ? tc->need : tc->col->max;
}

/* Gives spare cells to the columns that can use them: in the order of `grow`, then the others. */
static unsigned spread(struct table *t, unsigned spare)
{
	unsigned order, give;
	size_t i;

	for (order = 1; order <= UINT8_MAX + 1u && spare; order++) {
		for (i = 0; i < t->cols.n && spare; i++) {
			struct table_column *tc = &t->cols.v[i];

			if (!tc->width || tc->width >= most(tc) || tc->col->grow != (order & UINT8_MAX))
				continue;
			give = most(tc) - tc->width;
			give = give < spare ? give : spare;
			tc->width = (uint16_t)(tc->width + give);
			spare -= give;
		}
	}
	return spare;
}

unsigned table_layout(struct table *t, unsigned width, bool multi_ns)
{
	struct table_column *drop;
	unsigned hidden = 0;
	size_t i;

	for (i = 0; i < t->cols.n; i++) {
		struct table_column *tc = &t->cols.v[i];
		const struct column *col = tc->col;

		tc->width = 0;
		if (!tc->shown || !col->title || ((col->flags & COL_MULTI_NS) && !multi_ns && !tc->chosen))
			continue;
		if (tc->chosen || (col->flags & COL_ALWAYS) || sorted_by(t, col) ||
		    col->from <= width + GUTTER)
			tc->width = least(tc);
		else
			hidden++;
	}
	while (used(t) > width && (drop = next_to_drop(t))) {
		drop->width = 0;
		hidden++;
	}
	squeeze(t, width);
	spread(t, width > used(t) ? width - used(t) : 0);
	return hidden;
}
