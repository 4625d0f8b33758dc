/* What the formats share: the columns to print and a buffer on its way to a file. */
#pragma once
#include "sockeye/base/mem.h"
#include "sockeye/base/str.h"
#include "sockeye/report/report.h"

#define REPORT_AHEAD 32 /* rows: enough to wait for all of them at once, few enough to be still there */

struct writer {
	FILE *out;
	const struct report_opts *opts;
	struct str buf;
	size_t rows; /* begun so far */
	int error; /* the first one, a negative errno; after it nothing is written any more */
};
struct report {
	struct writer w;
	const struct table *t;
	const struct report_opts *o;
	struct ctx ctx;
	VEC(const struct table_column *) shown; /* text */
	VEC(const struct column *) data; /* JSON, CSV, TSV */
	VEC(uint32_t) rows; /* of the frame, those of folded groups too; heads are none */
	unsigned hidden;
	const struct format_info *format;
	const struct json_keys *keys; /* borrowed while rows are written as JSON */
};
/* Rows are printed in an order that has nothing to do with that of the memory. A byte of each line of memory of the next
 * ones is read, so that all of them are waited for together: a hint that they may be fetched is dropped by processors
 * that have to look for the page first. */
static inline void report_fetch(const struct report *r, size_t k)
{
	const struct frame *f = r->t->f;
	size_t to = k + REPORT_AHEAD < r->rows.n ? k + REPORT_AHEAD : r->rows.n;

	if (r->t->rows_kind != ROWS_SOCK || k % REPORT_AHEAD)
		return;
	for (; k < to; k++) {
		const volatile unsigned char *s = (const void *)frame_sock(f, r->rows.v[k]);
		const volatile unsigned char *w = (const void *)frame_row(f, r->rows.v[k]);

		for (size_t at = 0; at < sizeof(struct sock); at += 64)
			(void)s[at];
		for (size_t at = 0; at < sizeof(struct row); at += 64)
			(void)w[at];
		(void)s[sizeof(struct sock) - 1], (void)w[sizeof(struct row) - 1];
	}
}
/* Hands the buffer on when it is large; called after each row. False: stop, there was an error. */
bool writer_row(struct writer *w);
void writer_flush(struct writer *w);
/* Hands this on, behind what was handed on before, and empties it. */
void writer_put(struct writer *w, struct str *text);

/* Appends the k-th of the rows to out. On any thread; scratch is the thread's own. */
typedef void (*report_row_fn)(const struct report *r, size_t k, struct str *out, struct str *scratch);
/* All rows. */
void report_rows(struct report *r, report_row_fn row);

struct format_info {
	const char *name;
	char sep; /* CSV, TSV */
	const char *eol; /* of these: CSV ends its lines as RFC 4180 says, TSV as text files do */
	void (*write)(struct report *r, const struct format_info *info);
};
extern const struct format_info format_table[FORMAT_N];

/* The JSON object around the rows, still open behind "limits". */
void report_envelope(struct str *out, const struct frame *f, const struct report_opts *o);

void write_text(struct report *r, const struct format_info *info);
void write_json(struct report *r, const struct format_info *info);
void write_ndjson(struct report *r, const struct format_info *info);
void write_separated(struct report *r, const struct format_info *info);
