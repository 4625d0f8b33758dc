/* Puts lines into order, all or those that are looked at, and keeps an order that is on the screen from frame to
 * frame. */
#include "table_private.h"
#include <string.h>

void table_order_all(struct table *t)
{
	struct table_work *w = t->work;
	struct ctx c = table_ctx(t);
	size_t i;

	if (t->sorted >= t->order.n)
		return;
	order_select(&w->order, t->sort, t->sort_n, &c, t->order.v, t->order.n, 0, t->order.n);
	for (i = 0; i < t->order.n; i++)
		t->order.v[i] = w->order.v.v[i].row;
	t->sorted = (uint32_t)t->order.n;
	if (table_updating(t)) /* what is on its way uses the same room */
		table_update_begin(t, w->f, w->height, w->hold);
}

/* The rows so far: their frame says who they are, or what was noted when it was let go. */
static size_t rows_so_far(const struct table *t)
{
	return t->f ? table_rows_of(t->rows_kind, t->f) : t->idents.n;
}

static struct ident ident_so_far(const struct table *t, uint32_t row)
{
	return t->f ? ident_of(t->rows_kind, t->f, row) : t->idents.v[row];
}

/* Rows of two frames follow each other in nearly the same order, so the next row is mostly the next one. Where it is
 * not, a few further ones are tried; what is left is looked up by name. */
#define AHEAD 8

static uint32_t find_ahead(const struct table *t, size_t n, size_t at, struct ident id)
{
	size_t i;

	for (i = at; i < n && i < at + AHEAD; i++)
		if (same_ident(ident_so_far(t, (uint32_t)i), id))
			return (uint32_t)i;
	return NONE;
}

void keep_begin(struct table *t)
{
	struct table_work *w = t->work;
	size_t n = table_rows_of(t->rows_kind, w->f), was = rows_so_far(t), i;

	vec_clear(&w->was);
	vec_reserve(&w->was, n + 1);
	vec_clear(&w->rest);
	vec_clear(&w->place);
	vec_reserve(&w->place, was + 1);
	memset(w->place.v, 0xff, was * sizeof(*w->place.v));
	for (i = 0; i < t->order.n; i++)
		if (!table_head(t, i))
			w->place.v[t->order.v[i]] = (uint32_t)i;
	w->next = w->old = 0;
}

/* Where were these rows? */
void keep_match(struct table *t, uint32_t from, uint32_t to)
{
	struct table_work *w = t->work;
	size_t n = rows_so_far(t);
	uint32_t i, at;
	bool passes;

	for (i = from; i < to; i++) {
		vec_push(&w->was, NONE);
		passes = w->next < w->rows.n && w->rows.v[w->next] == i;
		w->next += passes;
		at = find_ahead(t, n, w->old, ident_of(t->rows_kind, w->f, i));
		if (at != NONE) {
			w->old = at + 1;
			w->was.v[i] = passes ? w->place.v[at] : NONE;
			w->place.v[at] = passes ? NONE : w->place.v[at]; /* taken */
		}
		if (passes && w->was.v[i] == NONE)
			vec_push(&w->rest, i);
	}
}

/* Those that were not found by going along, by name. */
bool keep_rest(struct table *t, size_t n)
{
	struct table_work *w = t->work;
	size_t lines = w->rest.n ? t->order.n : 0, i, k = 0;
	struct ident id;
	uint32_t *at;

	if (!w->looked)
		map_clear(&w->seen);
	for (; n && w->looked < lines; n--) {
		i = w->looked++;
		if (!table_head(t, i) && w->place.v[t->order.v[i]] == i) {
			id = ident_so_far(t, t->order.v[i]);
			*map_at(&w->seen, id.a, id.b) = (uint32_t)i;
		}
	}
	for (; n && w->seen.n && w->looked < lines + w->rest.n; n--) {
		i = w->looked++ - lines;
		id = ident_of(t->rows_kind, w->f, w->rest.v[i]);
		if (map_get(&w->seen, id.a, id.b) >= MAP_NONE - 1)
			continue;
		at = map_at(&w->seen, id.a, id.b);
		w->was.v[w->rest.v[i]] = *at;
		*at = MAP_NONE - 1; /* taken: a second row of that name is a new one */
	}
	if (w->looked < lines || (w->seen.n && w->looked < lines + w->rest.n))
		return false;
	for (i = 0; i < w->rest.n; i++)
		if (w->was.v[w->rest.v[i]] == NONE)
			w->rest.v[k++] = w->rest.v[i];
	w->rest.n = k;
	return true;
}

/* The order on screen stays: rows that are gone vanish. Behind the lines that were in order stand, in live order, those
 * that were not, or else those that are new. */
void keep_lines(struct table *t)
{
	struct table_work *w = t->work;
	size_t i, n = 0;

	vec_clear(&w->kept);
	vec_reserve(&w->kept, t->order.n + w->rest.n + 1);
	memset(w->kept.v, 0xff, t->order.n * sizeof(*w->kept.v));
	for (i = 0; i < w->rows.n; i++)
		if (w->was.v[w->rows.v[i]] != NONE)
			w->kept.v[w->was.v[w->rows.v[i]]] = w->rows.v[i];
	w->prefix = UINT32_MAX;
	for (i = 0; i < t->order.n; i++) {
		if (i == t->sorted)
			w->prefix = n;
		if (w->kept.v[i] != NONE)
			w->kept.v[n++] = w->kept.v[i];
	}
	w->prefix = w->prefix < n ? w->prefix : n;
	for (i = 0; i < w->rest.n; i++)
		w->kept.v[n++] = w->rest.v[i];
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
