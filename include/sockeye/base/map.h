/* A map from a 128-bit key (two words) to a 32-bit number: dense open addressing, no deletion of
 * single keys (maps are rebuilt or cleared). For cookies, ports, pids, inodes. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define MAP_NONE UINT32_MAX

struct map_slot {
	uint64_t a, b;
	uint32_t value; /* MAP_NONE: empty slot */
};
struct map { /* all zero when empty */
	struct map_slot *slots; /* owned */
	size_t cap; /* 0 or a power of two */
	size_t n;
};

void map_done(struct map *m);
void map_clear(struct map *m); /* keeps the capacity, unless hardly any of it was used */
void map_reserve(struct map *m, size_t n);
uint32_t map_get(const struct map *m, uint64_t a, uint64_t b); /* MAP_NONE when absent */
/* Gives the address of the value of this key; a new key has value MAP_NONE until the caller sets it.
 * Valid until the next map_at or map_reserve. */
uint32_t *map_at(struct map *m, uint64_t a, uint64_t b);
uint64_t map_hash(uint64_t a, uint64_t b);
