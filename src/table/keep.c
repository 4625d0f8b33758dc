/* Puts lines into order, all or those that are looked at, and keeps an order that is on the screen from frame to
 * frame. */
#include "table_private.h"
#include <string.h>

void order_add(struct order *o, const struct sort_key *by, unsigned by_n, const struct ctx *c,
	       const uint32_t *rows, size_t n)
{
	size_t i;

	vec_reserve(&o->v, n);
	for (i = 0; i < n; i++)
		o->v.v[o->v.n++] =
			(struct order_item){by_n ? order_word(by, c, rows[i], 0) : rows[i], rows[i]};
}

/* Lines from..to-1 are put right. */
static void order_lines(struct table *t, size_t from, size_t to)
{
	struct table_work *w = t->work;
	struct ctx c = table_ctx(t);
	size_t i;

	/* What is on its way may use the same room. */
	if (w->stage == STAGE_ORDER || w->stage == STAGE_SELECT || w->stage == STAGE_SORT) {
		w->stage = STAGE_ORDER;
		w->at = 0;
	} else if (w->stage == STAGE_TAIL || w->stage == STAGE_TAIL_SORT) {
		w->stage = STAGE_TAIL;
		w->at = 0;
	} else if (w->stage == STAGE_MEMBERS) {
		w->stage = STAGE_GROUP;
		w->at = 0;
	}
	vec_clear(&w->order.v);
	order_add(&w->order, t->sort, t->sort_n, &c, t->order.v, t->order.n);
	order_select(&w->order, t->sort, t->sort_n, &c, from, to);
	for (i = 0; i < t->order.n; i++)
		t->order.v[i] = w->order.v.v[i].row;
	if (from <= t->sorted && to > t->sorted)
		t->sorted = (uint32_t)to;
}

void table_order_all(struct table *t)
{
	if (t->sorted < t->order.n)
		order_lines(t, 0, t->order.n);
}

void table_order_around(struct table *t, size_t line, size_t height)
{
	struct table_work *w = t->work;
	size_t n = t->order.n, from, to;

	if (t->sorted >= n)
		return;
	if (n <= TABLE_AT_ONCE) {
		order_lines(t, 0, n);
		return;
	}
	line = line < n ? line : n - 1;
	if (line + height <= t->sorted ||
	    (line >= w->around + height && (line + height <= w->around_end || w->around_end == n)))
		return;
	from = line > 4 * height ? line - 4 * height : 0;
	to = n - from < 8 * height ? n : from + 8 * height;
	if (to > t->sorted)
		order_lines(t, from <= t->sorted ? 0 : from, to);
	w->around = from;
	w->around_end = to;
}

/* Rows of two frames follow each other in nearly the same order, so the next row is mostly the next one. Where it is
 * not, a few further ones are tried; what is left is looked up by name. */
#define AHEAD 8

static size_t find_ahead(const struct ident *v, size_t n, size_t at, struct ident id)
{
	size_t i;

	for (i = at; i < n && i < at + AHEAD; i++)
		if (same_ident(v[i], id))
			return i;
	return SIZE_MAX;
}

void keep_begin(struct table *t)
{
	struct table_work *w = t->work;
	size_t n = table_rows_of(t->rows_kind, w->f), i;

	vec_clear(&w->idents);
	vec_reserve(&w->idents, n + 1);
	vec_clear(&w->was);
	vec_reserve(&w->was, n + 1);
	vec_clear(&w->rest);
	vec_clear(&w->place);
	vec_reserve(&w->place, t->idents.n + 1);
	memset(w->place.v, 0xff, t->idents.n * sizeof(*w->place.v));
	for (i = 0; i < t->order.n; i++)
		if (!table_head(t, i))
			w->place.v[t->order.v[i]] = (uint32_t)i;
	w->next = w->old = 0;
}

/* Where were these rows? */
void keep_match(struct table *t, uint32_t from, uint32_t to)
{
	struct table_work *w = t->work;
	struct ident id;
	bool passes;
	uint32_t i;
	size_t at;

	for (i = from; i < to; i++) {
		id = ident_of(t->rows_kind, w->f, i);
		vec_push(&w->idents, id);
		vec_push(&w->was, NONE);
		passes = w->next < w->rows.n && w->rows.v[w->next] == i;
		w->next += passes;
		at = find_ahead(t->idents.v, t->idents.n, w->old, id);
		if (at != SIZE_MAX) {
			w->old = at + 1;
			w->was.v[i] = passes ? w->place.v[at] : NONE;
			w->place.v[at] = passes ? NONE : w->place.v[at]; /* taken */
		}
		if (passes && w->was.v[i] == NONE)
			vec_push(&w->rest, i);
	}
}

/* Those that were not found by going along, by name. */
void keep_rest(struct table *t)
{
	struct table_work *w = t->work;
	const struct ident *id;
	uint32_t *at;
	size_t i, k = 0;

	map_clear(&w->seen);
	for (i = 0; i < t->order.n && w->rest.n; i++)
		if (!table_head(t, i) && w->place.v[t->order.v[i]] == i) {
			id = &t->idents.v[t->order.v[i]];
			*map_at(&w->seen, id->a, id->b) = (uint32_t)i;
		}
	for (i = 0; i < w->rest.n && w->seen.n; i++) {
		id = &w->idents.v[w->rest.v[i]];
		if (map_get(&w->seen, id->a, id->b) >= MAP_NONE - 1)
			continue;
		at = map_at(&w->seen, id->a, id->b);
		w->was.v[w->rest.v[i]] = *at;
		*at = MAP_NONE - 1; /* taken: a second row of that name is a new one */
	}
	for (i = 0; i < w->rest.n; i++)
		if (w->was.v[w->rest.v[i]] == NONE)
			w->rest.v[k++] = w->rest.v[i];
	w->rest.n = k;
}

/* The order on screen stays: rows that are gone vanish, new ones come at the end in live order. */
void keep_lines(struct table *t)
{
	struct table_work *w = t->work;
	struct ctx c = work_ctx(t);
	size_t i, n = 0;

	vec_clear(&w->kept);
	vec_reserve(&w->kept, t->order.n + w->rest.n + 1);
	memset(w->kept.v, 0xff, t->order.n * sizeof(*w->kept.v));
	for (i = 0; i < w->rows.n; i++)
		if (w->was.v[w->rows.v[i]] != NONE)
			w->kept.v[w->was.v[w->rows.v[i]]] = w->rows.v[i];
	w->prefix = UINT32_MAX; /* all lines are in an order that was shown */
	for (i = 0; i < t->order.n; i++) {
		if (i == t->sorted)
			w->prefix = n;
		if (w->kept.v[i] != NONE)
			w->kept.v[n++] = w->kept.v[i];
	}
	vec_clear(&w->order.v);
	order_add(&w->order, t->sort, t->sort_n, &c, w->rest.v, w->rest.n);
	order_select(&w->order, t->sort, t->sort_n, &c, 0, w->order.v.n);
	for (i = 0; i < w->order.v.n; i++)
		w->kept.v[n++] = w->order.v.v[i].row;
	w->kept.n = n;
}

/* Does the order that is kept differ from the live one? False: not finished. */
bool keep_compare(struct table *t, uint32_t to)
{
	struct table_work *w = t->work;
	struct ctx c = work_ctx(t);
	uint64_t word;
	bool whole;

	for (; w->at < to && !w->differs && t->sort_n; w->at++) {
		word = order_word(t->sort, &c, w->kept.v[w->at], 0);
		whole = order_whole(t->sort, word, 0);
		if (w->at && word < w->last)
			w->differs = true;
		else if (w->at && word == w->last)
			w->differs = order_compare(t->sort + whole, t->sort_n - whole, &c,
						   w->kept.v[w->at - 1], w->kept.v[w->at]) > 0;
		w->last = word;
	}
	return w->differs || !t->sort_n || w->at >= w->kept.n;
}
