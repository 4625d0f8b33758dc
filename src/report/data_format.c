/* The formats for programs: JSON, NDJSON, CSV, TSV. Every key in every row, in the order of the column
 * table, numbers as they are. */
#include "report_private.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include <stdlib.h>
#include <string.h>

static void put_text(struct str *out, const char *key, const char *s)
{
	str_putf(out, "\"%s\":", key);
	if (s)
		text_put_json(out, s, strlen(s));
	else
		str_puts(out, "null");
}

/* The object around the rows, still open behind "limits". */
void report_envelope(struct str *out, const struct frame *f, const struct report_opts *o)
{
	char time[UNIT_BUF];
	str_puts(out, "{\"schema\":\"sockeye/1\",");
	put_text(out, "host", o->host);
	str_putc(out, ',');
	put_text(out, "time", fmt_rfc3339(time, f->wall_ns));
	str_putc(out, ',');
	put_text(out, "kernel", o->kernel);
	str_puts(out, ",\"limits\":[");
	for (size_t i = 0; i < f->limits.n; i++) {
		str_puts(out, i ? ",{" : "{");
		put_text(out, "what", f->limits.v[i].what);
		str_putc(out, ',');
		put_text(out, "reason", f->limits.v[i].reason);
		str_putc(out, ',');
		put_text(out, "text", f->limits.v[i].text);
		str_putc(out, '}');
	}
	str_putc(out, ']');
}

/* A column asked for by name that is made for screens goes out as its text. False: it has none here, or none is known,
 * for which a screen has a sign, data null. */
static bool put_screen_text(const struct report *r, const struct column *col, uint32_t row, struct str *out)
{
	uint8_t style = 0;
	column_cell(col, &r->ctx, row, out, &style);
	if (strcmp(str_text(out), "-") && strcmp(str_text(out), "?") && strspn(str_text(out), " ") < out->n)
		return true;
	str_clear(out);
	return false;
}

struct json_keys { /* `{"proto":` `,"port":` …: written once, copied for each row */
	struct str text;
	VEC(uint32_t) ends;
};

static void keys_make(struct json_keys *k, const struct report *r)
{
	for (size_t i = 0; i < r->data.n; i++) {
		str_putf(&k->text, "%c\"%s\":", i ? ',' : '{', r->data.v[i]->key);
		vec_push(&k->ends, (uint32_t)k->text.n);
	}
}

static void keys_done(struct json_keys *k)
{
	str_done(&k->text);
	vec_done(&k->ends);
}

static void put_json_row(const struct report *r, size_t i, struct str *out, struct str *scratch)
{
	const struct json_keys *k = r->keys;
	uint32_t at = 0, row = r->rows.v[i];
	for (size_t c = 0; c < r->data.n; c++) {
		const struct column *col = r->data.v[c];
		str_put(out, k->text.s + at, k->ends.v[c] - at);
		at = k->ends.v[c];
		if (col->flags & COL_DISPLAY) {
			str_clear(scratch);
			if (put_screen_text(r, col, row, scratch))
				text_put_json(out, str_text(scratch), scratch->n);
			else
				str_puts(out, "null");
		} else {
			column_json(col, &r->ctx, row, out);
		}
	}
	str_puts(out, r->data.n ? "}" : "{}");
}

static void put_json_item(const struct report *r, size_t i, struct str *out, struct str *scratch)
{
	str_puts(out, i ? ",\n" : "\n");
	put_json_row(r, i, out, scratch);
}

static void put_json_line(const struct report *r, size_t i, struct str *out, struct str *scratch)
{
	put_json_row(r, i, out, scratch);
	str_putc(out, '\n');
}

static void put_json_rows(struct report *r, report_row_fn row)
{
	struct json_keys keys = {0};
	keys_make(&keys, r);
	r->keys = &keys;
	report_rows(r, row);
	r->keys = NULL;
	keys_done(&keys);
}

void write_json(struct report *r, const struct format_info *info)
{
	report_envelope(&r->w.buf, r->t->f, r->o);
	str_putf(&r->w.buf, ",\"%s\":[", view_table[r->t->view].key);
	put_json_rows(r, put_json_item);
	str_puts(&r->w.buf, r->rows.n ? "\n]}\n" : "]}\n");
}

void write_ndjson(struct report *r, const struct format_info *info)
{
	report_envelope(&r->w.buf, r->t->f, r->o);
	str_puts(&r->w.buf, "}\n");
	put_json_rows(r, put_json_line);
}

/* Do this kind's values consist of digits, signs and points alone? Then they need no second look. A minus
 * in front is a number's own, not a formula's. */
static bool is_number(uint8_t kind)
{
	static const uint32_t numbers = 1u << KIND_COUNT | 1u << KIND_ID | 1u << KIND_SIZE | 1u << KIND_RATE |
					1u << KIND_DURATION | 1u << KIND_MS | 1u << KIND_REAL |
					1u << KIND_BOOL | 1u << KIND_HEX | 1u << KIND_HEX32 | 1u << KIND_TIME;
	return numbers >> kind & 1;
}

static void put_separated_row(const struct report *r, size_t k, struct str *out, struct str *scratch)
{
	char sep = r->format->sep;
	uint32_t row = r->rows.v[k];
	for (size_t i = 0; i < r->data.n; i++) {
		const struct column *col = r->data.v[i];
		if (i)
			str_putc(out, sep);
		size_t from = out->n;
		if (col->flags & COL_DISPLAY) {
			str_clear(scratch);
			put_screen_text(r, col, row, scratch);
			str_put(out, str_text(scratch), scratch->n);
		} else {
			column_raw(col, &r->ctx, row, out);
		}
		if (!is_number(col->kind) || col->flags & COL_DISPLAY)
			text_end_csv(out, from, sep);
	}
	str_puts(out, r->format->eol);
}

void write_separated(struct report *r, const struct format_info *info)
{
	struct str *out = &r->w.buf;
	for (size_t i = 0; i < r->data.n && r->o->header; i++) {
		if (i)
			str_putc(out, info->sep);
		str_puts(out, r->data.v[i]->key);
		if (i + 1 == r->data.n)
			str_puts(out, info->eol);
	}
	report_rows(r, put_separated_row);
}
