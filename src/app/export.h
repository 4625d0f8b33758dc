/* What the screen shows, into a file. */
#pragma once
#include "sockeye/table/table.h"
#include <stdbool.h>
#include <stddef.h>

/* Writes the rows of the table, in the format the name ends with (.json .ndjson .csv .tsv .txt); JSON has every key,
 * the others have the columns shown. "~/" is the home directory. 0; -EEXIST: there is such a file and overwrite is
 * false; another negative errno, with a sentence in err. What was there stays until all is written. */
int export_table(const struct table *t, const char *path, bool overwrite, char *err, size_t err_n);
