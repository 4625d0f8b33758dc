/* What the screen shows, into a file. */
#pragma once
#include "sockeye/table/table.h"
#include <stdbool.h>
#include <stddef.h>

struct export_file { /* inside */
	char *path,
		*beside; /* owned; beside: what is written until it takes the place of path; NULL: path itself */
	int fd, format;
};
/* Opens the file that a name means: its end says the format (.json .ndjson .csv .tsv .txt), "~/" is the home directory. 0;
 * -EEXIST: there is such a file and overwrite is false; another negative errno, with a sentence in err. */
int export_open(struct export_file *x, const char *path, bool overwrite, char *err, size_t err_n);
/* Writes the rows of the table, all of which are in order, and closes; JSON has every key, the others have the columns
 * shown. go_on is asked now and then (rows: written so far); false: -ECANCELED. 0 or a negative errno, with a sentence in
 * err. What was there stays until all is written; what is not written whole does not stay. */
int export_write(struct export_file *x, const struct table *t, bool (*go_on)(void *data, size_t rows),
		 void *data, char *err, size_t err_n);
void export_drop(struct export_file *x); /* instead of writing */
