/* One table printed: which columns, in which format, through one buffer to one file. */
#include "report_private.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FLUSH_BYTES 65536

const struct format_info format_table[FORMAT_N] = {
	[FORMAT_TEXT] = {"text", 0, "", write_text},
	[FORMAT_JSON] = {"json", 0, "", write_json},
	[FORMAT_NDJSON] = {"ndjson", 0, "", write_ndjson},
	[FORMAT_CSV] = {"csv", ',', "\r\n", write_separated},
	[FORMAT_TSV] = {"tsv", '\t', "\n", write_separated},
};

int format_by_name(const char *name)
{
	for (int i = 0; i < FORMAT_N; i++)
		if (!strcasecmp(format_table[i].name, name))
			return i;
	return -1;
}

void writer_put(struct writer *w, struct str *text)
{
	if (!w->error && text->n && fwrite(text->s, 1, text->n, w->out) != text->n)
		w->error = errno ? -errno : -EIO;
	str_clear(text);
}

void writer_flush(struct writer *w)
{
	writer_put(w, &w->buf);
}

bool writer_row(struct writer *w)
{
	w->rows++;
	if (w->buf.n >= FLUSH_BYTES) {
		writer_flush(w);
		if (!w->error && w->opts->go_on && !w->opts->go_on(w->opts->data, w->rows))
			w->error = -ECANCELED;
	}
	return !w->error;
}

static void choose_columns(struct report *r)
{
	const struct table *t = r->t;
	bool multi_ns = frame_netns_n(t->f) > 1;
	for (size_t i = 0; i < t->cols.n; i++) {
		const struct table_column *c = &t->cols.v[i];
		if (!c->shown || (!c->chosen && (c->col->flags & COL_MULTI_NS) && !multi_ns))
			continue;
		if (!r->o->terminal || c->width)
			vec_push(&r->shown, c);
		else
			r->hidden += c->col->title != NULL;
		if (r->o->columns_chosen)
			vec_push(&r->data, c->col);
	}
	if (r->o->columns_chosen)
		return;
	size_t n;
	const struct column *all = columns_of(t->rows_kind, &n);
	for (size_t i = 0; i < n; i++)
		if (!(all[i].flags & COL_DISPLAY))
			vec_push(&r->data, &all[i]);
}

static void choose_rows(struct report *r)
{
	const struct table *t = r->t;
	for (size_t i = 0; i < t->order.n; i++) {
		const struct table_group *g = table_head(t, i);
		if (!g)
			vec_push(&r->rows, t->order.v[i]);
		for (uint32_t k = 0; g && !g->open && k < g->n; k++)
			vec_push(&r->rows, t->members.v[g->first + k]);
	}
}

int report_write(FILE *out, const struct table *t, const struct report_opts *o, unsigned *ret_hidden)
{
	struct report r = {.w = {.out = out, .opts = o},
			   .t = t,
			   .o = o,
			   .ctx = table_ctx(t),
			   .format = &format_table[o->format]};
	r.ctx.ascii = o->ascii;
	r.ctx.raw_numbers = !o->terminal || o->format != FORMAT_TEXT;
	choose_columns(&r);
	choose_rows(&r);
	r.format->write(&r, r.format);
	writer_flush(&r.w);
	if (!r.w.error && fflush(out))
		r.w.error = errno ? -errno : -EIO;
	if (r.w.error == 0 && ret_hidden)
		*ret_hidden = r.hidden;
	str_done(&r.w.buf);
	vec_done(&r.shown);
	vec_done(&r.data);
	vec_done(&r.rows);
	return r.w.error;
}
