/* An array in blocks of 64 items, which pictures share: a copy of the array costs a count a block, and a block is
 * copied only when somebody writes to it while others show it. So what did not change from one picture to the next
 * stands in memory once. Counts are plain: one thread makes, shares, writes and drops; readers elsewhere only read
 * pictures that are not dropped meanwhile. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define BLOCK_ITEMS 64u

struct block {
	uint32_t refs;
	_Alignas(8) unsigned char items[];
};
struct blocks { /* all zero when empty */
	struct block **v; /* owned; each of them counted */
	size_t n, cap; /* of v */
};

void blocks_done(struct blocks *b);
void blocks_clear(struct blocks *b); /* keeps the capacity of the list, not the blocks */
/* `to` shows what `from` shows. */
void blocks_share(struct blocks *to, const struct blocks *from);
/* Room for so many items of this size; items in new blocks are zero, blocks no longer needed are dropped. */
void blocks_resize(struct blocks *b, size_t items, size_t size);
/* An item to be written: its block is copied first if others show it too. Valid until the next blocks_share(). */
void *blocks_write(struct blocks *b, size_t i, size_t size);
static inline const void *blocks_at(const struct blocks *b, size_t i, size_t size)
{
	return b->v[i / BLOCK_ITEMS]->items + i % BLOCK_ITEMS * size;
}
