/* What the formats share: the columns to print and a buffer on its way to a file. */
#pragma once
#include "sockeye/base/mem.h"
#include "sockeye/base/str.h"
#include "sockeye/report/report.h"

struct writer {
	FILE *out;
	struct str buf;
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
/* Hands the buffer on when it is large; called after each row. False: stop, there was an error. */
bool writer_row(struct writer *w);

struct format_info {
	const char *name;
	char sep; /* CSV, TSV */
	void (*write)(struct report *r, const struct format_info *info);
};
extern const struct format_info format_table[FORMAT_N];

/* The JSON object around the rows, still open behind "limits". */
void report_envelope(struct str *out, const struct frame *f, const struct report_opts *o);

void write_text(struct report *r, const struct format_info *info);
void write_json(struct report *r, const struct format_info *info);
void write_ndjson(struct report *r, const struct format_info *info);
void write_separated(struct report *r, const struct format_info *info);
