/* Inside the table: putting rows into their live order. */
#pragma once
#include "sockeye/table/table.h"

/* Sorts the n rows of the frame by these keys; rows that are equal keep the order they came in.
 * keys: scratch, kept between calls. */
void sort_rows(const struct ctx *c, const struct sort_key *by, unsigned by_n, uint32_t *rows, size_t n,
	       uint64_t **keys, size_t *keys_cap);
