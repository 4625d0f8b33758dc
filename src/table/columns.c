/* What every output does with a column: find it, read it, write it as cell, JSON or raw text, compare it,
 * by its kind alone, so that a new column is a row of a table and nothing else. */
#include "columns_kit.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include <inttypes.h>
#include <stdio.h>
#include <strings.h>

const struct column *columns_of(enum row_kind kind, size_t *ret_n)
{
	switch (kind) {
	case ROWS_SOCK:
		*ret_n = columns_sock_n;
		return columns_sock;
	case ROWS_PORT:
		*ret_n = columns_port_n;
		return columns_port;
	case ROWS_PROC:
		*ret_n = columns_proc_n;
		return columns_proc;
	case ROWS_N:
		break;
	}
	*ret_n = 0;
	return NULL;
}

const struct column *column_by_key(enum row_kind kind, const char *key)
{
	size_t n, i;
	const struct column *c = columns_of(kind, &n);

	if (!key || !*key)
		return NULL;
	for (i = 0; i < n; i++)
		if (!strcasecmp(c[i].key, key))
			return &c[i];
	for (i = 0; i < n; i++)
		if (c[i].title && !strcasecmp(c[i].title, key))
			return &c[i];
	return NULL;
}

void columns_attrs(enum row_kind kind, uint32_t *ret_attrs)
{
	size_t n, i;
	const struct column *c = columns_of(kind, &n);

	for (i = 0; i < n; i++)
		if (!(c[i].flags & COL_DISPLAY))
			*ret_attrs |= c[i].attrs;
}

void column_value(const struct column *col, const struct ctx *c, uint32_t row, struct value *ret)
{
	if (col->get)
		col->get(c, row, ret);
	else
		v_na(ret);
}

/* An address is nobody's choice: nothing in it needs to be made safe. */
static void put_endpoint(struct str *out, const struct ip *ip, uint32_t port)
{
	bool brackets = ip->v6 && port != NO_PORT;
	char buf[IP_TEXT];

	if (brackets)
		str_putc(out, '[');
	str_puts(out, ip_format(buf, ip->b, ip->v6));
	if (brackets)
		str_putc(out, ']');
	if (port == NO_PORT)
		return;
	str_putc(out, ':');
	str_put_u64(out, port);
}

/* The raw bytes of the end of a family without ip. */
static void put_named_endpoint(struct str *out, const struct value *v)
{
	str_put(out, v->s, v->s_n);
	if (v->port != NO_PORT) {
		str_putc(out, ':');
		str_put_u64(out, v->port);
	}
}

static void cell_ms(struct str *out, double ms)
{
	char buf[UNIT_BUF];

	if (ms < 9.95)
		str_putf(out, "%.1f", ms);
	else
		str_puts(out, fmt_count(buf, (uint64_t)(ms + .5)));
}

/* A number that was measured as nothing is dim: the eye goes to the others. */
static bool is_zero(const struct value *v, uint8_t kind)
{
	switch (kind) {
	case KIND_COUNT:
	case KIND_SIZE:
		return !v->i;
	case KIND_RATE:
		return v->d < .5;
	default:
		return false;
	}
}

static void cell_of_value(const struct column *col, const struct ctx *c, const struct value *v,
			  struct str *out)
{
	char buf[VALUE_BUF];
	const char *s;
	uint32_t n;

	switch ((enum kind)col->kind) {
	case KIND_TEXT:
		s = value_text(v, col->kind, buf, &n);
		if (n)
			text_put_cell(out, s, n, c->ascii, CELL_BYTES);
		else
			str_puts(out, "\"\"");
		break;
	case KIND_WORD:
		str_put(out, v->s, v->s_n);
		break;
	case KIND_COUNT:
		if (v->i < 0 || c->raw_numbers)
			str_put_i64(out, v->i);
		else
			str_puts(out, fmt_count(buf, (uint64_t)v->i));
		break;
	case KIND_ID:
		str_put_i64(out, v->i);
		break;
	case KIND_SIZE:
		if (c->raw_numbers)
			str_put_i64(out, v->i);
		else
			str_puts(out, fmt_size(buf, (double)v->i));
		break;
	case KIND_RATE:
		if (c->raw_numbers)
			str_putf(out, "%.0f", v->d);
		else
			str_puts(out, fmt_size(buf, v->d));
		break;
	case KIND_DURATION:
		if (c->raw_numbers)
			str_put_real(out, v->d);
		else
			str_puts(out, fmt_duration(buf, v->d < 0 ? 0 : v->d));
		break;
	case KIND_MS:
		if (c->raw_numbers)
			str_put_real(out, v->d);
		else
			cell_ms(out, v->d);
		break;
	case KIND_REAL:
		str_put_real(out, v->d);
		break;
	case KIND_BOOL:
		str_puts(out, v->i ? "yes" : "no");
		break;
	case KIND_ADDR:
		if (v->s)
			text_put_cell(out, v->s, v->s_n, c->ascii, CELL_BYTES);
		else
			put_addr(out, &v->ip, false);
		break;
	case KIND_HEX:
	case KIND_HEX32:
		str_puts(out, "0x");
		str_put_hex(out, v->u);
		break;
	case KIND_TIME:
		str_puts(out, c->raw_numbers ? fmt_rfc3339(buf, v->u) : fmt_local(buf, v->u));
		break;
	case KIND_ENDPOINT:
		if (v->s)
			text_put_cell(out, v->s, v->s_n, c->ascii, CELL_BYTES);
		else
			put_addr(out, &v->ip, v->port != NO_PORT);
		if (v->port == NO_PORT)
			break;
		str_putc(out, ':');
		str_put_u64(out, v->port);
		break;
	case KIND_LIST:
	case KIND_OBJECT:
		break;
	}
}

void column_cell(const struct column *col, const struct ctx *c, uint32_t row, struct str *out,
		 uint8_t *ret_style)
{
	struct value v;
	uint8_t style = STYLE_PLAIN;
	size_t before = out->n;

	if (col->cell) {
		col->cell(c, row, out, &style);
		if (out->n == before && c->raw_numbers)
			put_null(c, NULL_NA, out, &style);
		*ret_style = style;
		return;
	}
	column_value(col, c, row, &v);
	column_value_cell(col, c, &v, out, ret_style);
}

void column_value_cell(const struct column *col, const struct ctx *c, const struct value *v, struct str *out,
		       uint8_t *ret_style)
{
	*ret_style = STYLE_PLAIN;
	if (v->null) {
		put_null(c, v->null, out, ret_style);
		return;
	}
	cell_of_value(col, c, v, out);
	if (is_zero(v, col->kind))
		*ret_style = STYLE_DIM;
	else if (col->flags & COL_WARN)
		*ret_style = STYLE_WARN;
}

void column_put_fitted(const struct column *col, const struct ctx *c, const struct value *v, const char *text,
		       unsigned width, struct str *out)
{
	char buf[UNIT_BUF];

	/* A number that is cut is another one. */
	if (col->kind == KIND_COUNT && !v->null && v->i >= 0 && text_width(text) > (int)width)
		text = fmt_size(buf, (double)v->i);
	text_put_clip(out, text, (int)width, ctx_dots(c));
}

void column_fit(const struct column *col, const struct ctx *c, uint32_t row, unsigned width, struct str *out,
		uint8_t *ret_style)
{
	struct str whole = {0};
	uint8_t style = STYLE_PLAIN;
	struct value v = {0};

	if (!width)
		return;
	if (col->fit)
		col->fit(c, row, width, &whole, &style);
	else
		column_cell(col, c, row, &whole, &style);
	if (col->kind == KIND_COUNT)
		column_value(col, c, row, &v);
	column_put_fitted(col, c, &v, str_text(&whole), width, out);
	str_done(&whole);
	*ret_style = style;
}

/* A number as programs take it: alike in JSON, CSV and TSV. */
static void put_number(const struct value *v, enum kind kind, struct str *out)
{
	switch (kind) {
	case KIND_RATE:
	case KIND_DURATION:
	case KIND_MS:
	case KIND_REAL:
		str_put_real(out, v->d);
		break;
	case KIND_BOOL:
		str_puts(out, v->i ? "true" : "false");
		break;
	case KIND_HEX32:
		str_put_u64(out, v->u);
		break;
	default:
		str_put_i64(out, v->i);
		break;
	}
}

void column_json(const struct column *col, const struct ctx *c, uint32_t row, struct str *out)
{
	char buf[VALUE_BUF];
	struct value v;

	if (col->json) {
		col->json(c, row, out);
		return;
	}
	column_value(col, c, row, &v);
	if (v.null) {
		str_put(out, "null", 4);
		return;
	}
	switch ((enum kind)col->kind) {
	case KIND_TEXT:
	case KIND_WORD:
	case KIND_ADDR:
		json_value_text(out, &v, col->kind);
		break;
	case KIND_COUNT:
	case KIND_ID:
	case KIND_SIZE:
	case KIND_RATE:
	case KIND_DURATION:
	case KIND_MS:
	case KIND_REAL:
	case KIND_BOOL:
	case KIND_HEX32:
		put_number(&v, col->kind, out);
		break;
	case KIND_HEX:
		str_puts(out, "\"0x");
		str_put_hex(out, v.u);
		str_putc(out, '"');
		break;
	case KIND_TIME:
		json_quoted(out, fmt_rfc3339(buf, v.u));
		break;
	case KIND_ENDPOINT:
		if (v.s) {
			struct str text = {0};

			put_named_endpoint(&text, &v);
			text_put_json(out, str_text(&text), text.n);
			str_done(&text);
			break;
		}
		str_putc(out, '"');
		put_endpoint(out, &v.ip, v.port);
		str_putc(out, '"');
		break;
	case KIND_LIST:
	case KIND_OBJECT:
		str_puts(out, "null");
		break;
	}
}

void column_raw(const struct column *col, const struct ctx *c, uint32_t row, struct str *out)
{
	char buf[VALUE_BUF];
	struct value v;
	const char *s;
	uint32_t n, i;
	uint8_t style;

	if (!col->get) { /* lists, objects and composites: their cell says it all */
		struct ctx plain = *c;

		plain.raw_numbers = false;
		if (col->cell)
			col->cell(&plain, row, out, &style);
		return;
	}
	col->get(c, row, &v);
	if (v.null)
		return;
	switch ((enum kind)col->kind) {
	case KIND_TEXT:
	case KIND_WORD:
	case KIND_ADDR:
		s = value_text(&v, col->kind, buf, &n);
		i = (uint32_t)out->n;
		str_put(out, s, n);
		for (; v.s && (s = memchr(out->s + i, 0, out->n - i)); i = (uint32_t)(s - out->s))
			out->s[s - out->s] = ' '; /* between the arguments of a command line */
		break;
	case KIND_COUNT:
	case KIND_ID:
	case KIND_SIZE:
	case KIND_RATE:
	case KIND_DURATION:
	case KIND_MS:
	case KIND_REAL:
	case KIND_BOOL:
	case KIND_HEX32:
		put_number(&v, col->kind, out);
		break;
	case KIND_TIME:
		str_puts(out, fmt_rfc3339(buf, v.u));
		break;
	case KIND_ENDPOINT:
		if (v.s)
			put_named_endpoint(out, &v);
		else
			put_endpoint(out, &v.ip, v.port);
		break;
	case KIND_HEX:
		str_puts(out, "0x");
		str_put_hex(out, v.u);
		break;
	case KIND_LIST:
	case KIND_OBJECT:
		break;
	}
}

const char *value_text(const struct value *v, uint8_t kind, char buf[VALUE_BUF], uint32_t *ret_n)
{
	if (v->s) {
		*ret_n = v->s_n;
		return v->s;
	}
	if (kind == KIND_ADDR)
		ip_format(buf, v->ip.b, v->ip.v6);
	else
		snprintf(buf, VALUE_BUF, "%" PRId64, v->i);
	*ret_n = (uint32_t)strlen(buf);
	return buf;
}

#define THREE_WAY(a, b) (((a) > (b)) - ((a) < (b)))

static int compare_bytes(const char *a, uint32_t an, const char *b, uint32_t bn)
{
	int r = memcmp(a, b, an < bn ? an : bn);

	return r ? r : THREE_WAY(an, bn);
}

static int compare_ip(const struct ip *a, const struct ip *b)
{
	struct ip x, y;

	ip_unmap(a->b, a->v6, &x);
	ip_unmap(b->b, b->v6, &y);
	if (x.v6 != y.v6)
		return x.v6 ? 1 : -1;
	return memcmp(x.b, y.b, 16);
}

int value_compare(const struct value *a, const struct value *b, uint8_t kind)
{
	char abuf[VALUE_BUF], bbuf[VALUE_BUF];
	const char *as, *bs;
	uint32_t an, bn;
	int r;

	switch ((enum kind)kind) {
	case KIND_TEXT:
		as = value_text(a, kind, abuf, &an);
		bs = value_text(b, kind, bbuf, &bn);
		return compare_bytes(as, an, bs, bn);
	case KIND_RATE:
	case KIND_DURATION:
	case KIND_MS:
	case KIND_REAL:
		return THREE_WAY(a->d, b->d);
	case KIND_HEX:
	case KIND_HEX32:
	case KIND_TIME:
		return THREE_WAY(a->u, b->u);
	case KIND_ADDR:
		if (a->s && b->s)
			return compare_bytes(a->s, a->s_n, b->s, b->s_n);
		if (a->s || b->s)
			return a->s ? 1 : -1;
		return compare_ip(&a->ip, &b->ip);
	case KIND_ENDPOINT:
		if (a->s && b->s)
			r = compare_bytes(a->s, a->s_n, b->s, b->s_n);
		else if (a->s || b->s)
			r = a->s ? 1 : -1;
		else
			r = compare_ip(&a->ip, &b->ip);
		return r ? r : THREE_WAY(a->port, b->port);
	case KIND_WORD:
	case KIND_COUNT:
	case KIND_ID:
	case KIND_SIZE:
	case KIND_BOOL:
		return THREE_WAY(a->i, b->i);
	case KIND_LIST:
	case KIND_OBJECT:
		break;
	}
	return 0;
}

int column_compare(const struct column *col, const struct ctx *c, uint32_t a, uint32_t b, bool desc)
{
	struct value x, y;
	int r;

	column_value(col, c, a, &x);
	column_value(col, c, b, &y);
	if (x.null || y.null)
		return (x.null != 0) - (y.null != 0);
	r = value_compare(&x, &y, col->kind);
	return desc ? -r : r;
}
