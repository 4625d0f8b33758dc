/* Asks a filter about a frame that does not know everything, so that what is dear to know is asked for only where it
 * decides. */
#include "filter_private.h"
#include <string.h>

struct maybe {
	bool owners, states; /* unknown */
};
enum { MAY_BE = 1, MAY_NOT_BE = 2 };

static unsigned maybe_term(const struct filter *f, const struct term *t, const struct maybe *m,
			   const struct ctx *c, uint32_t row)
{
	/* Bare text looks into names of owners beside others. */
	bool owner = !t->field.name || t->field.attrs & WANT_OWNERS;

	if (t->field.row || (owner && m->owners) ||
	    (t->field.name && m->states && !strcmp(t->field.name, "state")))
		return MAY_BE | MAY_NOT_BE;
	return filter_match_sock(f, t, c, row) ? MAY_BE : MAY_NOT_BE;
}

static unsigned maybe_node(const struct filter *f, uint32_t node, const struct maybe *m, const struct ctx *c,
			   uint32_t row)
{
	const struct node *n = &f->nodes.v[node];
	bool every = n->kind == NODE_AND;
	unsigned one = 0, all, part;
	uint32_t i;

	if (n->kind == NODE_TERM)
		return maybe_term(f, &f->terms.v[n->child], m, c, row);
	if (n->kind == NODE_NOT) {
		part = maybe_node(f, n->child, m, c, row);
		return (part & MAY_BE ? MAY_NOT_BE : 0) | (part & MAY_NOT_BE ? MAY_BE : 0);
	}
	/* One part that may fail lets an `and` fail; all must be able to hold for it to hold. `or`: the reverse. */
	for (all = MAY_BE | MAY_NOT_BE, i = n->child; i != NONE; i = f->nodes.v[i].next) {
		part = maybe_node(f, i, m, c, row);
		one |= part & (every ? MAY_NOT_BE : MAY_BE);
		all &= part | (every ? MAY_NOT_BE : MAY_BE);
	}
	return one | (all & (every ? MAY_BE : MAY_NOT_BE));
}

void filter_socks_maybe(const struct filter *f, const struct frame *fr, bool owners_unknown,
			bool states_unknown, uint8_t *picked)
{
	struct ctx c = {.f = fr, .tally = &fr->tally};
	struct maybe m = {owners_unknown, states_unknown};

	if (!filter_empty(f))
		filter_forget(f, fr);
	for (uint32_t row = 0; row < fr->rows_n; row++)
		picked[row] = filter_empty(f) || maybe_node(f, f->root, &m, &c, row) & MAY_BE;
}
