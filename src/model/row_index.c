/* The way from a cookie to its row, four bytes a place: an entry is a row's number, the key is in the row. */
#include "row_index.h"
#include "sockeye/base/map.h"
#include "sockeye/base/mem.h"
#include <stdlib.h>
#include <string.h>

#define FREE NONE
#define GONE (NONE - 1) /* an entry was here: what lies behind it is still found */

struct row_index {
	uint32_t refs;
	uint32_t cap; /* a power of two */
	uint32_t used; /* entries and gone ones */
	uint32_t at[];
};

void row_index_drop(struct row_index *x)
{
	if (x && !--x->refs)
		free(x);
}

static struct row_index *new_index(uint32_t rows)
{
	uint32_t cap = 64;
	struct row_index *x;

	while (cap - cap / 3 <= rows)
		cap *= 2;
	x = mem_alloc(1, sizeof(*x) + cap * sizeof(x->at[0]));
	*x = (struct row_index){.refs = 1, .cap = cap};
	memset(x->at, 0xff, cap * sizeof(x->at[0]));
	return x;
}

/* This frame's own. */
static struct row_index *to_write(struct frame *f)
{
	struct row_index *x = f->by_cookie;

	if (x->refs > 1) {
		f->by_cookie = mem_dup(x, sizeof(*x) + x->cap * sizeof(x->at[0]));
		f->by_cookie->refs = 1;
		x->refs--;
	}
	return f->by_cookie;
}

uint32_t row_index_find(const struct frame *f, uint16_t netns, uint64_t cookie)
{
	const struct row_index *x = f->by_cookie;

	if (!x)
		return NONE;
	for (size_t i = map_hash(netns, cookie) & (x->cap - 1); x->at[i] != FREE;
	     i = (i + 1) & (x->cap - 1)) {
		const struct sock *s = x->at[i] == GONE ? NULL : frame_sock(f, x->at[i]);

		if (s && s->cookie == cookie && s->netns == netns)
			return x->at[i];
	}
	return NONE;
}

void row_index_share(struct frame *f, const struct frame *from)
{
	if (from->by_cookie)
		from->by_cookie->refs++;
	row_index_drop(f->by_cookie);
	f->by_cookie = from->by_cookie;
}

static void put(struct row_index *x, uint16_t netns, uint64_t cookie, uint32_t row)
{
	size_t i = map_hash(netns, cookie) & (x->cap - 1);

	while (x->at[i] != FREE)
		i = (i + 1) & (x->cap - 1);
	x->at[i] = row;
	x->used++;
}

void row_index_build(struct frame *f)
{
	struct row_index *x = new_index(f->open_rows);

	for (uint32_t i = 0; i < f->open_rows; i++)
		put(x, frame_sock(f, i)->netns, frame_sock(f, i)->cookie, i);
	row_index_drop(f->by_cookie);
	f->by_cookie = x;
}

bool row_index_add(struct frame *f, uint16_t netns, uint64_t cookie, uint32_t row)
{
	if (!f->by_cookie || f->by_cookie->cap - f->by_cookie->cap / 3 <= f->by_cookie->used + 1)
		return false;
	put(to_write(f), netns, cookie, row);
	return true;
}

void row_index_remove(struct frame *f, uint16_t netns, uint64_t cookie, uint32_t row)
{
	struct row_index *x = to_write(f);

	for (size_t i = map_hash(netns, cookie) & (x->cap - 1); x->at[i] != FREE; i = (i + 1) & (x->cap - 1))
		if (x->at[i] == row) {
			x->at[i] = GONE;
			return;
		}
}
