/* Inside the table: putting rows into their order, as much of it as is looked at. */
#pragma once
#include "sockeye/table/table.h"

struct order_item {
	uint64_t word; /* sorts like the row's key at the level its run has reached */
	uint32_t row; /* of the frame */
};
struct order {
	struct order_items {
		struct order_item *v; /* owned */
		size_t n, cap;
	} v, spare; /* spare: scratch */
	/* Of order_step: the runs that are in order are so long (0: still being made); how far this pass has come; the
	 * next ones of the two runs that are being merged. */
	size_t run, at, left, right;
};
void order_done(struct order *o);
/* How a value sorts, as a number: of two rows the one with the smaller word comes first; equal words say
 * nothing when order_whole() is false, and the next depth tells more. Nulls are last in either direction. */
uint64_t order_word(const struct sort_key *by, const struct ctx *c, uint32_t row, unsigned depth);
bool order_whole(const struct sort_key *by, uint64_t word, unsigned depth);
/* <0, 0, >0 by all keys; 0 only when every key is equal. */
int order_compare(const struct sort_key *by, unsigned by_n, const struct ctx *c, uint32_t a, uint32_t b);
/* The items, each with its first key's word at depth 0, are moved so that those at from..to-1 are the ones that
 * stand there when all are sorted, in that order; rows that are equal in every key ascend. What is before and
 * behind is on its right side, in no order. */
void order_select(struct order *o, const struct sort_key *by, unsigned by_n, const struct ctx *c, size_t from,
		  size_t to);
/* The same for all of them, in pieces. True: it has come to its end. */
void order_begin(struct order *o);
bool order_step(struct order *o, const struct sort_key *by, unsigned by_n, const struct ctx *c);
void order_words(struct order *o); /* by the words alone, all of them */
