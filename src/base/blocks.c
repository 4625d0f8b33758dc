/* Blocks of items counted by those who show them: what makes a picture of 100,000 unchanged rows cost nothing. */
#include "sockeye/base/blocks.h"
#include "sockeye/base/mem.h"
#include <stdlib.h>
#include <string.h>

static struct block *new_block(size_t size)
{
	struct block *b = mem_alloc(1, sizeof(*b) + BLOCK_ITEMS * size);

	b->refs = 1;
	return b;
}

static void drop(struct block *b)
{
	if (!--b->refs)
		free(b);
}

void blocks_clear(struct blocks *b)
{
	for (size_t i = 0; i < b->n; i++)
		drop(b->v[i]);
	b->n = 0;
}

void blocks_done(struct blocks *b)
{
	if (!b)
		return;
	blocks_clear(b);
	vec_done(b);
}

void blocks_share(struct blocks *to, const struct blocks *from)
{
	if (to == from)
		return;
	for (size_t i = 0; i < from->n; i++)
		from->v[i]->refs++;
	blocks_clear(to);
	vec_reserve(to, from->n);
	if (from->n)
		memcpy(to->v, from->v, from->n * sizeof(from->v[0]));
	to->n = from->n;
}

void blocks_resize(struct blocks *b, size_t items, size_t size)
{
	size_t n = (items + BLOCK_ITEMS - 1) / BLOCK_ITEMS;

	while (b->n > n)
		drop(b->v[--b->n]);
	while (b->n < n) {
		struct block *fresh = new_block(size);

		memset(fresh->items, 0, BLOCK_ITEMS * size);
		vec_push(b, fresh);
	}
}

void *blocks_write(struct blocks *b, size_t i, size_t size)
{
	struct block **at = &b->v[i / BLOCK_ITEMS], *own;

	if ((*at)->refs > 1) {
		own = new_block(size);
		memcpy(own->items, (*at)->items, BLOCK_ITEMS * size);
		(*at)->refs--;
		*at = own;
	}
	return (*at)->items + i % BLOCK_ITEMS * size;
}
