/* Which row has this cookie: numbers of rows hashed by (netns, cookie), which are read from the rows themselves.
 * Frames with the same rows share one. */
#pragma once
#include "sockeye/model/frame.h"

struct row_index;
void row_index_drop(struct row_index *x); /* a count less; NULL allowed */
uint32_t row_index_find(const struct frame *f, uint16_t netns, uint64_t cookie); /* NONE */
/* f takes over the index of from, whose rows it shares. */
void row_index_share(struct frame *f, const struct frame *from);
/* f's rows below open_rows, anew. */
void row_index_build(struct frame *f);
/* Single changes, of an index that others may share. False: it must be built anew. */
bool row_index_add(struct frame *f, uint16_t netns, uint64_t cookie, uint32_t row);
void row_index_remove(struct frame *f, uint16_t netns, uint64_t cookie, uint32_t row);
