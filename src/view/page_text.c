/* A page as plain text, for the clipboard. */
#include "page.h"
#include "sockeye/base/text.h"

/* The span of a line that stands leftmost behind this cell; NULL: none. They come in any order. */
static const struct span *next_span(const struct page *p, const struct line *l, int after)
{
	const struct span *best = NULL;

	for (uint32_t k = 0; k < l->span_n; k++) {
		const struct span *s = &p->spans.v[l->span + k];

		if (s->col > after && (!best || s->col < best->col))
			best = s;
	}
	return best;
}

void page_text(const struct page *p, struct str *out)
{
	for (size_t i = 0; i < p->lines.n; i++) {
		const struct line *l = &p->lines.v[i];
		const struct span *s = NULL;
		int at = 1;

		str_putc(out, l->gutter == '!' ? '!' : ' ');
		while ((s = next_span(p, l, s ? s->col : -1)) != NULL) {
			for (; at < s->col; at++)
				str_putc(out, ' ');
			str_puts(out, p->text.s + s->at);
			at += text_width(p->text.s + s->at);
		}
		while (out->n && out->s[out->n - 1] == ' ')
			out->s[--out->n] = '\0';
		str_putc(out, '\n');
	}
}
