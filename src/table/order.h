/* Inside the table: putting rows into their order, as much of it as is looked at. */
#pragma once
#include "sockeye/base/mem.h"
#include "sockeye/base/slice.h"
#include "sockeye/table/table.h"

struct order_item {
	uint64_t word; /* sorts like the row's key at the level its run has reached */
	uint32_t row; /* of the frame */
};
/* A range of the items and what is still to be done with it. */
struct order_range {
	size_t lo, hi, at; /* at: how far that has come */
	uint8_t todo; /* enum todo, order_private.h */
	uint8_t key, depth, tries; /* tries: pivots so far */
};
struct order {
	struct order_items {
		struct order_item *v; /* owned */
		size_t n, cap;
	} v, spare; /* spare: scratch */
	/* Of an ordering on its way: */
	VEC(struct order_range) todo; /* the last one is next */
	size_t from, to; /* the window */
	size_t lt, gt, width; /* of the range that is next: while it is parted; while it is merged */
	uint64_t pivot;
};
void order_done(struct order *o);
/* How a value sorts, as a number: of two rows the one with the smaller word comes first; equal words say
 * nothing when order_whole() is false, and the next depth tells more. Nulls are last in either direction. */
uint64_t order_word(const struct sort_key *by, const struct ctx *c, uint32_t row, unsigned depth);
bool order_whole(const struct sort_key *by, uint64_t word, unsigned depth);
/* <0, 0, >0 by all keys; 0 only when every key is equal. */
int order_compare(const struct sort_key *by, unsigned by_n, const struct ctx *c, uint32_t a, uint32_t b);
/* Puts items into order, in steps: those at from..to-1 become the ones that stand there when all are sorted, in that
 * order; rows that are equal in every key ascend. What is before and behind is on its right side, in no order. Lines
 * before `from` aside, what stands first is in order first.
 * begin: of these rows; by_words: of the items that stand in v, by their words alone. */
void order_begin(struct order *o, const uint32_t *rows, size_t n, size_t from, size_t to);
void order_begin_words(struct order *o);
/* True: it has come to its end. Keys, frame and counts are the same from step to step. */
bool order_step(struct order *o, const struct sort_key *by, unsigned by_n, const struct ctx *c,
		const struct slice *slice);
/* Both at once, for who has the time. */
void order_select(struct order *o, const struct sort_key *by, unsigned by_n, const struct ctx *c,
		  const uint32_t *rows, size_t n, size_t from, size_t to);
void order_words(struct order *o);
/* What was begun for all rows, and nothing of it done yet, is done by `shares` threads, 2 to THREADS_MAX. order_step()
 * does it so where there is no end to a step and there are many rows. */
#define ORDER_SHARED_FROM 8192u
void order_share(struct order *o, const struct sort_key *by, unsigned by_n, const struct ctx *c,
		 unsigned shares);
