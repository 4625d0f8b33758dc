/* Text: for a terminal fitted to its width, for a pipe with everything and no empty field. */
#include "report_private.h"
#include "sockeye/base/text.h"
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
	for (size_t k = 0; k < r->rows.n && writer_row(&r->w); k++) {
		report_fetch(r, k);
		for (size_t i = 0; i < r->shown.n; i++) {
			const struct table_column *c = r->shown.v[i];
			str_clear(&cell);
			cell_text(r, c, r->rows.v[k], &cell);
			put_cell(out, str_text(&cell), cell.n, text_width(str_text(&cell)), c->width,
				 c->col->flags & COL_RIGHT, i + 1 == r->shown.n);
		}
	}
	str_done(&cell);
}

/* The cells of so many rows are made before they are written, to know how wide the columns are. Later rows
 * widen them further: a pipe gets everything, and begins to get it soon. */
#define AHEAD 4096

struct piece { /* a cell on its way to a pipe */
	size_t at, n;
	int width;
};
struct pieces {
	struct str text;
	VEC(struct piece) v; /* row by row */
	int *width; /* owned; of each column so far */
};

/* Notes what was appended to the text since `at` as the next cell. */
static void piece_end(struct pieces *p, size_t col, size_t at)
{
	int width = text_width(p->text.s + at);
	if (width > p->width[col])
		p->width[col] = width;
	vec_push(&p->v, ((struct piece){at, p->text.n - at, width}));
}

static void pieces_write(struct pieces *p, struct report *r)
{
	size_t cols = r->shown.n;
	for (size_t m = 0; m < p->v.n; m++) {
		const struct piece *c = &p->v.v[m];
		size_t i = m % cols;
		put_cell(&r->w.buf, p->text.s + c->at, c->n, c->width, p->width[i],
			 r->shown.v[i]->col->flags & COL_RIGHT, i + 1 == cols);
		if (i + 1 == cols && !writer_row(&r->w))
			break;
	}
	vec_clear(&p->v);
	str_clear(&p->text);
}

static void write_pipe(struct report *r)
{
	size_t cols = r->shown.n, rows = r->rows.n;
	struct pieces p = {.width = mem_zalloc(cols, sizeof(*p.width))};
	for (size_t i = 0; i < cols && r->o->header; i++) {
		size_t at = p.text.n;
		str_puts(&p.text, title_of(r->shown.v[i]->col));
		piece_end(&p, i, at);
	}
	for (size_t k = 0; k < rows && cols && !r->w.error; k++) {
		if (k && k % AHEAD == 0)
			pieces_write(&p, r);
		report_fetch(r, k);
		for (size_t i = 0; i < cols; i++) {
			size_t at = p.text.n;
			cell_text(r, r->shown.v[i], r->rows.v[k], &p.text);
			piece_end(&p, i, at);
		}
	}
	pieces_write(&p, r);
	free(p.width);
	vec_done(&p.v);
	str_done(&p.text);
}

void write_text(struct report *r, const struct format_info *info)
{
	if (r->o->terminal)
		write_terminal(r);
	else
		write_pipe(r);
}
