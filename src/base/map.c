/* A flat hash map from two words to a number: the joins between sockets, ports, processes and inodes
 * run through it for every socket of every look, so it is one array and one probe loop. */
#include "sockeye/base/map.h"
#include "sockeye/base/mem.h"
#include <stdlib.h>
#include <string.h>

#define MAP_MIN 16

uint64_t map_hash(uint64_t a, uint64_t b)
{
	/* Keys are mostly small counters and bit patterns with empty low or high halves: every input bit
	 * has to reach the low bits, which choose the slot. */
	uint64_t h = a * UINT64_C(0x9e3779b97f4a7c15);
	h ^= h >> 32;
	h += b;
	h *= UINT64_C(0xd6e8feb86659fd93);
	h ^= h >> 32;
	h *= UINT64_C(0xd6e8feb86659fd93);
	h ^= h >> 32;
	return h;
}

void map_done(struct map *m)
{
	if (!m)
		return;
	free(m->slots);
	*m = (struct map){0};
}

/* What one large look has filled and the next ones hardly use is worth neither its memory nor wiping it. */
#define SPARSE 4 /* a growing map has one and a half to three slots a key */
#define SPARSE_FROM 512

void map_clear(struct map *m)
{
	if (m->cap > SPARSE_FROM && m->n * SPARSE < m->cap) {
		map_done(m);
		return;
	}
	if (m->cap)
		memset(m->slots, 0xff, m->cap * sizeof(m->slots[0]));
	m->n = 0;
}

static struct map_slot *slot_of(const struct map *m, uint64_t a, uint64_t b)
{
	size_t mask = m->cap - 1;
	for (size_t i = map_hash(a, b) & mask;; i = (i + 1) & mask) {
		struct map_slot *s = &m->slots[i];
		if (s->value == MAP_NONE || (s->a == a && s->b == b))
			return s;
	}
}

static void rehash(struct map *m, size_t cap)
{
	struct map_slot *old = m->slots;
	size_t old_cap = m->cap;
	m->slots = mem_alloc(cap, sizeof(*m->slots));
	m->cap = cap;
	m->n = 0;
	memset(m->slots, 0xff, cap * sizeof(m->slots[0]));
	for (size_t i = 0; i < old_cap; i++) {
		if (old[i].value == MAP_NONE)
			continue;
		*slot_of(m, old[i].a, old[i].b) = old[i];
		m->n++;
	}
	free(old);
}

void map_reserve(struct map *m, size_t n)
{
	/* At most two thirds full: linear probing stays at about two looks for an absent key. */
	size_t cap = m->cap ? m->cap : MAP_MIN;
	while (cap - cap / 3 <= n) {
		if (cap > SIZE_MAX / 2)
			die("no memory for a map of %zu keys", n);
		cap *= 2;
	}
	if (cap != m->cap)
		rehash(m, cap);
}

uint32_t map_get(const struct map *m, uint64_t a, uint64_t b)
{
	if (!m->n)
		return MAP_NONE;
	return slot_of(m, a, b)->value;
}

uint32_t *map_at(struct map *m, uint64_t a, uint64_t b)
{
	if (m->cap - m->cap / 3 <= m->n + 1)
		map_reserve(m, m->n + 1);
	struct map_slot *s = slot_of(m, a, b);
	if (s->value == MAP_NONE) {
		s->a = a;
		s->b = b;
		m->n++;
	}
	return &s->value;
}
