/* Text: for a terminal fitted to its width, for a pipe with everything and no empty field. */
#include "report_private.h"
#include "sockeye/base/text.h"
#include "sockeye/base/threads.h"
#include <stdlib.h>
#include <string.h>

static void pad(struct str *out, int n)
{
	static const char blanks[] = "                                ";
	for (; n > 0; n -= (int)sizeof(blanks) - 1)
		str_put(out, blanks, n < (int)sizeof(blanks) - 1 ? (size_t)n : sizeof(blanks) - 1);
}

/* One cell of a line; `used` is its width. The last column is not padded: no trailing blanks. */
static void put_cell(struct str *out, const char *s, size_t n, int used, int width, bool right, bool last)
{
	if (right)
		pad(out, width - used);
	str_put(out, s, n);
	if (!right && !last)
		pad(out, width - used);
	str_putc(out, last ? '\n' : ' ');
}

static const char *title_of(const struct column *col)
{
	return col->title ? col->title : col->key;
}

static void cell_text(const struct report *r, const struct table_column *c, uint32_t row, struct str *out)
{
	uint8_t style = 0;
	size_t before = out->n;
	if (r->o->terminal)
		column_fit(c->col, &r->ctx, row, c->width, out, &style);
	else
		column_cell(c->col, &r->ctx, row, out, &style);
	if (out->n == before)
		str_putc(out, '-');
}

static void put_terminal_row(const struct report *r, size_t k, struct str *out, struct str *scratch)
{
	for (size_t i = 0; i < r->shown.n; i++) {
		const struct table_column *c = r->shown.v[i];
		str_clear(scratch);
		cell_text(r, c, r->rows.v[k], scratch);
		put_cell(out, str_text(scratch), scratch->n, text_width(str_text(scratch)), c->width,
			 c->col->flags & COL_RIGHT, i + 1 == r->shown.n);
	}
}

static void write_terminal(struct report *r)
{
	struct str *out = &r->w.buf, cell = {0};
	if (r->o->header && r->rows.n) {
		for (size_t i = 0; i < r->shown.n; i++) {
			const struct table_column *c = r->shown.v[i];
			str_clear(&cell);
			int used = text_put_clip(&cell, title_of(c->col), c->width, r->o->ascii ? "~" : "…");
			put_cell(out, str_text(&cell), cell.n, used, c->width, c->col->flags & COL_RIGHT,
				 i + 1 == r->shown.n);
		}
	}
	str_done(&cell);
	report_rows(r, put_terminal_row);
}

/* The cells of so many rows are made before they are written, to know how wide the columns are. Later rows
 * widen them further: a pipe gets everything, and begins to get it soon. */
#define AHEAD 4096
#define SHARED_FROM 512 /* rows that are worth a thread */

struct piece { /* a cell on its way to a pipe */
	size_t at, n;
	int width;
};
struct pieces { /* what one thread makes */
	size_t from, to; /* rows */
	struct str text;
	VEC(struct piece) v; /* row by row */
	int *width; /* owned; of each column */
	struct str lines;
};
struct chunk { /* of rows that are written together */
	const struct report *r;
	int *width; /* owned; of each column so far */
	struct pieces v[THREADS_MAX];
	unsigned n;
};

static void make_pieces(void *arg, unsigned part)
{
	struct chunk *c = arg;
	struct pieces *p = &c->v[part];
	size_t cols = c->r->shown.n;

	memset(p->width, 0, cols * sizeof(*p->width));
	for (size_t k = p->from; k < p->to; k++) {
		report_fetch(c->r, k);
		for (size_t i = 0; i < cols; i++) {
			struct piece piece = {.at = p->text.n};

			cell_text(c->r, c->r->shown.v[i], c->r->rows.v[k], &p->text);
			piece.n = p->text.n - piece.at;
			piece.width = text_width(p->text.s + piece.at);
			if (piece.width > p->width[i])
				p->width[i] = piece.width;
			vec_push(&p->v, piece);
		}
	}
}

static void put_line(const struct chunk *c, const struct pieces *p, size_t row, struct str *out)
{
	size_t cols = c->r->shown.n;
	const struct piece *piece = p->v.v + row * cols;

	for (size_t i = 0; i < cols; i++, piece++)
		put_cell(out, p->text.s + piece->at, piece->n, piece->width, c->width[i],
			 c->r->shown.v[i]->col->flags & COL_RIGHT, i + 1 == cols);
}

static void make_lines(void *arg, unsigned part)
{
	struct chunk *c = arg;
	struct pieces *p = &c->v[part];

	for (size_t k = p->from; k < p->to; k++)
		put_line(c, p, k - p->from, &p->lines);
}

/* Who asks whether to go on wants to be asked often. */
static void write_lines_alone(const struct chunk *c, struct report *r)
{
	for (size_t k = c->v[0].from; k < c->v[0].to; k++) {
		put_line(c, &c->v[0], k - c->v[0].from, &r->w.buf);
		if (!writer_row(&r->w))
			break;
	}
}

static void write_lines(struct chunk *c, struct report *r)
{
	if (c->n == 1) {
		write_lines_alone(c, r);
		return;
	}
	threads_share(c->n, make_lines, c);
	writer_flush(&r->w); /* the header */
	for (unsigned part = 0; part < c->n; part++)
		writer_put(&r->w, &c->v[part].lines);
}

static void put_header(const struct chunk *c, struct str *out)
{
	for (size_t i = 0; i < c->r->shown.n; i++) {
		const char *title = title_of(c->r->shown.v[i]->col);

		put_cell(out, title, strlen(title), text_width(title), c->width[i],
			 c->r->shown.v[i]->col->flags & COL_RIGHT, i + 1 == c->r->shown.n);
	}
}

static void begin_chunk(struct chunk *c, size_t from)
{
	size_t n = c->r->rows.n - from < AHEAD ? c->r->rows.n - from : AHEAD;

	c->n = n >= SHARED_FROM && !c->r->o->go_on ? threads_shares() : 1;
	for (unsigned part = 0; part < c->n; part++) {
		struct pieces *p = &c->v[part];

		p->from = from + n * part / c->n;
		p->to = from + n * (part + 1) / c->n;
		vec_clear(&p->v);
		str_clear(&p->text);
		if (!p->width)
			p->width = mem_alloc(c->r->shown.n, sizeof(*p->width));
	}
}

static void write_pipe(struct report *r)
{
	size_t cols = r->shown.n, at = 0;
	struct chunk c = {.r = r, .width = mem_zalloc(cols, sizeof(*c.width))};

	for (size_t i = 0; i < cols && r->o->header; i++)
		c.width[i] = text_width(title_of(r->shown.v[i]->col));
	do {
		begin_chunk(&c, at);
		threads_share(c.n, make_pieces, &c);
		for (unsigned part = 0; part < c.n; part++)
			for (size_t i = 0; i < cols; i++)
				if (c.v[part].width[i] > c.width[i])
					c.width[i] = c.v[part].width[i];
		if (!at && r->o->header)
			put_header(&c, &r->w.buf);
		write_lines(&c, r);
		at = c.v[c.n - 1].to;
	} while (at < r->rows.n && cols && !r->w.error);
	for (unsigned part = 0; part < THREADS_MAX; part++) {
		vec_done(&c.v[part].v);
		str_done(&c.v[part].text);
		str_done(&c.v[part].lines);
		free(c.v[part].width);
	}
	free(c.width);
}

void write_text(struct report *r, const struct format_info *info)
{
	if (r->o->terminal)
		write_terminal(r);
	else
		write_pipe(r);
}
