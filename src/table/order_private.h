/* Inside an ordering: what is still to be done, between one processor and several. */
#pragma once
#include "order.h"

enum todo {
	TODO_WORDS, /* the words of this key at this depth are to be read */
	TODO_PART, /* they are there: to be put into order by them, */
	TODO_RUNS, /* they are in that order: on with the next level where they are equal */
	TODO_VALUES, /* to be put into order by whole values of this key: texts that begin alike for long, */
	TODO_ALIKE /* they are in that order: on with the next key where they are equal */
};
/* Something more to be done, if it is any work and in the window. tries: pivots so far. */
void order_add(struct order *o, enum todo todo, size_t lo, size_t hi, unsigned key, unsigned depth,
	       unsigned tries);
/* These are equal in the key's word at this depth: what comes next tells them apart. */
void order_add_next(struct order *o, const struct sort_key *by, unsigned by_n, size_t lo, size_t hi,
		    unsigned key, unsigned depth);
