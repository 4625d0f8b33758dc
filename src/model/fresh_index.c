/* The set of sockets that a look has met for the first time: the kernel's dumps repeat some, and a first look meets
 * all of them, so this is small beside what it is about. */
#include "fresh_index.h"
#include "sockeye/base/map.h"
#include <stdlib.h>
#include <string.h>

#define CAP_MIN 64
#define LARGE 4096 /* places that are not kept for looks that meet few */

void fresh_index_done(struct fresh_index *x)
{
	free(x->slots);
	*x = (struct fresh_index){0};
}

/* Places for n, two thirds full at most. */
static size_t cap_for(size_t n)
{
	size_t cap = CAP_MIN;

	while (cap - cap / 3 <= n)
		cap *= 2;
	return cap;
}

void fresh_index_clear(struct fresh_index *x, size_t expected)
{
	size_t cap = cap_for(expected);

	if (cap > x->cap || (x->cap > LARGE && cap < x->cap)) {
		fresh_index_done(x);
		x->slots = mem_zalloc(cap, sizeof(x->slots[0]));
		x->cap = cap;
	} else if (x->n) {
		memset(x->slots, 0, x->cap * sizeof(x->slots[0]));
	}
	x->n = 0;
}

static void put(struct fresh_index *x, uint64_t entry)
{
	size_t i = entry >> 32 & (x->cap - 1);

	while (x->slots[i])
		i = (i + 1) & (x->cap - 1);
	x->slots[i] = entry;
	x->n++;
}

static void grow(struct fresh_index *x)
{
	struct fresh_index old = *x;

	x->cap = cap_for(old.n * 2);
	x->slots = mem_zalloc(x->cap, sizeof(x->slots[0]));
	x->n = 0;
	for (size_t i = 0; i < old.cap; i++)
		if (old.slots[i])
			put(x, old.slots[i]);
	free(old.slots);
}

bool fresh_index_add(struct fresh_index *x, const struct snapshot *s, uint32_t at)
{
	const struct sock *k = &s->socks.v[at];
	uint64_t hash = map_hash(k->netns, k->cookie) & UINT32_MAX;

	if (x->cap - x->cap / 3 <= x->n + 1)
		grow(x);
	for (size_t i = hash & (x->cap - 1); x->slots[i]; i = (i + 1) & (x->cap - 1)) {
		const struct sock *other = &s->socks.v[(uint32_t)x->slots[i] - 1];

		if (x->slots[i] >> 32 == hash && other->cookie == k->cookie && other->netns == k->netns)
			return false;
	}
	put(x, hash << 32 | (at + 1));
	return true;
}
