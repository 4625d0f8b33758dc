/* sockeye list: one look, one table, printed. */
#pragma once
#include "options.h"
#include <stdint.h>

/* Exit code: 0 rows were printed, 1 nothing matched, 2 failure, 141 the reader went away. Also what the
 * dashboard does when there is no terminal. */
int cmd_list(const struct options *o);
/* How many rows cmd_list would print. 0, or the exit code of a failure that was told. */
int list_count(const struct options *o, uint32_t *ret_matched);
