/* The mark that `m` sets: see marks.c. */
#pragma once
#include "sockeye/table/table.h"
#include <stdbool.h>
#include <stdint.h>

struct ui;
/* True: there was a mark, and it was taken away. */
bool marks_clear(struct ui *u);
/* "+7 since 14:02:31", of the rows that the filter lets through; nothing without a mark. */
void marks_text(const struct ui *u, const struct table *t, struct str *out);
