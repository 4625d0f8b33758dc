/* What the formats share: the columns to print and a buffer on its way to a file. */
#pragma once
#include "sockeye/base/mem.h"
#include "sockeye/base/str.h"
#include "sockeye/report/report.h"

#define REPORT_AHEAD 6 /* rows: enough to hide the memory, few enough to be still there */

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
};
/* Rows are printed in an order that has nothing to do with that of the memory: asking for one well before it is its
 * turn hides most of the waiting. */
static inline void report_fetch(const struct report *r, size_t k)
{
	const struct frame *f = r->t->f;

	if (r->t->rows_kind != ROWS_SOCK || k + REPORT_AHEAD >= r->rows.n)
		return;
	uint32_t row = r->rows.v[k + REPORT_AHEAD];
	for (size_t at = 0; at < sizeof(struct sock); at += 64)
		__builtin_prefetch((const char *)frame_sock(f, row) + at);
	for (size_t at = 0; at < sizeof(struct row); at += 64)
		__builtin_prefetch((const char *)frame_row(f, row) + at);
	row = r->rows.v[k + REPORT_AHEAD / 2]; /* fetched by now, and tells where its owners are */
	if (frame_row(f, row)->owner_n)
		__builtin_prefetch(frame_owner(f, frame_row(f, row), 0));
}
/* Hands the buffer on when it is large; called after each row. False: stop, there was an error. */
bool writer_row(struct writer *w);

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
