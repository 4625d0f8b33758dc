/* Prints one table: text for people, text for pipes, JSON, NDJSON, CSV, TSV. Everything comes from the
 * column table; a format is one row of `format_table`. */
#pragma once
#include "sockeye/table/summary.h"
#include "sockeye/table/table.h"
#include <stdio.h>

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_NDJSON, FORMAT_CSV, FORMAT_TSV, FORMAT_N };
struct report_opts {
	enum format format;
	bool header; /* column heads */
	bool terminal; /* text: fit to width; else all default columns, nothing cut */
	unsigned width; /* cells, with terminal */
	bool ascii;
	bool columns_chosen; /* --columns was given: JSON and CSV then have just these */
	const char *host, *kernel; /* for the JSON envelope */
	/* Asked now and then, with the rows written so far; false: -ECANCELED. NULL: nobody asks. */
	bool (*go_on)(void *data, size_t rows);
	void *data;
};
/* Writes the table's rows, all of which should be in order (table_order_all); of a table with groups the rows, not the
 * heads, group by group. Gives the number of columns that were hidden (terminal text). Returns 0 or a
 * negative errno of the write (-EPIPE, -ENOSPC …). */
int report_write(FILE *out, const struct table *t, const struct report_opts *o, unsigned *ret_hidden);
/* The summary of the same frame; one line a state in CSV and TSV. 0 or a negative errno of the write. */
int report_summary(FILE *out, const struct summary *s, const struct frame *f, const struct report_opts *o);
int format_by_name(const char *name); /* -1 */
