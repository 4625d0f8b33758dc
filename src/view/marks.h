/* The mark that `m` sets: see marks.c. */
#pragma once
#include "sockeye/table/table.h"
#include <stdbool.h>
#include <stdint.h>

struct ui;
/* True: there was a mark, and it was taken away. */
bool marks_clear(struct ui *u);
/* Did this row of the table's frame open after the mark? 0: there is none. */
bool marks_since(const struct table *t, uint32_t row, uint64_t mark_ns);
/* … one of the group's rows? */
bool marks_group_since(const struct table *t, const struct table_group *g, uint64_t mark_ns);
/* "+7 since 14:02:31", of the rows that the filter lets through; nothing without a mark. */
void marks_text(const struct ui *u, const struct table *t, struct str *out);
