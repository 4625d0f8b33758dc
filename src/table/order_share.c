/* Puts all rows into order on several processors, for who has nothing else to do meanwhile. A large range is taken on
 * by all of them: each reads a part of the words, and by these the items are dealt out into smaller ranges. Those are
 * orderings of their own then, and whoever is free does the next one. */
#include "order_private.h"
#include "sockeye/base/mem.h"
#include "sockeye/base/threads.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define BORDERS_MAX 7u
#define SAMPLES 256u /* words that the borders are taken from */
#define RANGES_MAX (2 * BORDERS_MAX + 1) /* between two borders, and what is equal to one */

struct order_share {
	struct order *o;
	const struct sort_key *by;
	unsigned by_n, shares;
	const struct ctx *c;
	struct order_range r; /* the one that all of them are at */
	uint64_t border[BORDERS_MAX]; /* ascending */
	unsigned borders_n;
	/* Of a part of r: how many go into each of the smaller ranges; then, where the next one goes. */
	size_t at[THREADS_MAX][RANGES_MAX];
	size_t end[RANGES_MAX];
	atomic_size_t next; /* of o->todo, for who is free */
};

static size_t part_begin(const struct order_share *s, unsigned part)
{
	return s->r.lo + (s->r.hi - s->r.lo) * part / s->shares;
}

static uint64_t word_at(const struct order_share *s, size_t i)
{
	uint32_t row = s->o->v.v[i].row;

	return s->r.key < s->by_n ? order_word(&s->by[s->r.key], s->c, row, s->r.depth) : row;
}

/* Equal ones are an odd range. */
static unsigned range_of(const struct order_share *s, uint64_t word)
{
	unsigned k = 0;

	while (k < s->borders_n && word > s->border[k])
		k++;
	return 2 * k + (k < s->borders_n && word == s->border[k]);
}

static void find_borders(struct order_share *s)
{
	struct order sample = {0};
	size_t n = s->r.hi - s->r.lo;

	for (size_t i = 0; i < SAMPLES; i++)
		vec_push(&sample.v, ((struct order_item){word_at(s, s->r.lo + n * i / SAMPLES), 0}));
	order_words(&sample);
	s->borders_n = 0;
	for (unsigned k = 1; k <= BORDERS_MAX; k++) {
		uint64_t word = sample.v.v[SAMPLES * k / (BORDERS_MAX + 1)].word;

		if (!s->borders_n || word != s->border[s->borders_n - 1])
			s->border[s->borders_n++] = word;
	}
	order_done(&sample);
}

static void read_words(void *arg, unsigned part)
{
	struct order_share *s = arg;
	struct order_item *v = s->o->v.v;
	size_t n[RANGES_MAX] = {0};

	for (size_t i = part_begin(s, part), to = part_begin(s, part + 1); i < to; i++) {
		v[i].word = word_at(s, i);
		n[range_of(s, v[i].word)]++;
	}
	memcpy(s->at[part], n, sizeof(n));
}

static void find_places(struct order_share *s)
{
	size_t at = s->r.lo, n;

	for (unsigned k = 0; k < RANGES_MAX; k++) {
		for (unsigned part = 0; part < s->shares; part++) {
			n = s->at[part][k];
			s->at[part][k] = at;
			at += n;
		}
		s->end[k] = at;
	}
}

static void deal_out(void *arg, unsigned part)
{
	struct order_share *s = arg;
	const struct order_item *v = s->o->v.v;
	size_t at[RANGES_MAX];

	memcpy(at, s->at[part], sizeof(at));
	for (size_t i = part_begin(s, part), to = part_begin(s, part + 1); i < to; i++)
		s->o->spare.v[at[range_of(s, v[i].word)]++] = v[i];
}

static void divide(struct order_share *s)
{
	const struct order_range r = s->r;

	find_borders(s);
	threads_share(s->shares, read_words, s);
	find_places(s);
	threads_share(s->shares, deal_out, s);
	memcpy(s->o->v.v + r.lo, s->o->spare.v + r.lo, (r.hi - r.lo) * sizeof(*s->o->v.v));
	for (unsigned k = 0; k < RANGES_MAX; k++) {
		size_t lo = k ? s->end[k - 1] : r.lo;

		if (k % 2)
			order_add_next(s->o, s->by, s->by_n, lo, s->end[k], r.key, r.depth);
		else
			order_add(s->o, TODO_PART, lo, s->end[k], r.key, r.depth, 0);
	}
}

/* A range that is worth all processors, off the list. */
static bool take_large(struct order_share *s)
{
	struct order *o = s->o;

	for (size_t i = 0; i < o->todo.n; i++) {
		struct order_range *r = &o->todo.v[i];

		if (r->todo != TODO_WORDS || r->hi - r->lo < ORDER_SHARED_FROM)
			continue;
		s->r = *r;
		*r = o->todo.v[--o->todo.n];
		return true;
	}
	return false;
}

static void put_in_order(void *arg, unsigned k)
{
	struct order_share *s = arg;
	/* No item belongs to two ranges. */
	struct order own = {.v = s->o->v, .spare = s->o->spare, .from = s->o->from, .to = s->o->to};
	size_t at;

	while ((at = atomic_fetch_add(&s->next, 1)) < s->o->todo.n) {
		vec_push(&own.todo, s->o->todo.v[at]);
		order_step(&own, s->by, s->by_n, s->c, NULL);
	}
	vec_done(&own.todo);
}

void order_share(struct order *o, const struct sort_key *by, unsigned by_n, const struct ctx *c,
		 unsigned shares)
{
	struct order_share s = {.o = o, .by = by, .by_n = by_n, .c = c, .shares = shares};

	while (take_large(&s))
		divide(&s);
	threads_share(shares, put_in_order, &s);
	vec_clear(&o->todo);
}
