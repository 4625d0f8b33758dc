/* The summary in every format. */
#include "report_private.h"
#include "sockeye/base/text.h"
#include <errno.h>

static void put_line(void *data, uint8_t style, const char *text)
{
	struct str *out = data;
	str_puts(out, text);
	str_putc(out, '\n');
}

static void put_json(struct str *out, const struct summary *s, const struct frame *f, bool lines)
{
	if (lines) {
		str_puts(out, ",\"memory\":");
		summary_json_memory(f, out);
		str_puts(out, "}\n");
	} else {
		str_puts(out, ",\"summary\":[");
	}
	for (size_t i = 0; i < s->rows.n; i++) {
		str_puts(out, lines ? "" : i ? ",\n" : "\n");
		summary_json_row(&s->rows.v[i], f, out);
		str_puts(out, lines ? "\n" : "");
	}
	if (lines)
		return;
	str_puts(out, s->rows.n ? "\n],\"memory\":" : "],\"memory\":");
	summary_json_memory(f, out);
	str_puts(out, "}\n");
}

static void put_separated(struct str *out, const struct summary *s, const struct frame *f,
			  const struct format_info *info, bool header)
{
	static const char *const heads[] = {"netns", "netns_name", "proto", "family", "state", "sockets"};
	char sep = info->sep;
	size_t from;
	for (size_t i = 0; i < ARRAY_LEN(heads) && header; i++)
		str_putf(out, "%.*s%s", i ? 1 : 0, &sep, heads[i]);
	str_puts(out, header ? info->eol : "");
	for (size_t i = 0; i < s->rows.n; i++) {
		const struct summary_row *r = &s->rows.v[i];
		const struct snap_netns *ns = &f->netns.v[r->netns];
		for (unsigned k = 0; k < STATE_N; k++) {
			const char *name = intern_get(f->names, ns->name);
			if (!r->states[k])
				continue;
			str_put_u64(out, ns->inode);
			str_putc(out, sep);
			from = out->n;
			str_put(out, name, intern_len(f->names, ns->name));
			text_end_csv(out, from, sep);
			str_putf(out, "%c%s%c%s%c%s%c%u%s", sep, proto_table[r->proto].name, sep,
				 summary_family(r), sep, state_table[k].name, sep, r->states[k], info->eol);
		}
	}
}

int report_summary(FILE *out, const struct summary *s, const struct frame *f, const struct report_opts *o)
{
	struct str text = {0};
	int r = 0;
	switch (o->format) {
	case FORMAT_JSON:
	case FORMAT_NDJSON:
		report_envelope(&text, f, o);
		put_json(&text, s, f, o->format == FORMAT_NDJSON);
		break;
	case FORMAT_CSV:
	case FORMAT_TSV:
		put_separated(&text, s, f, &format_table[o->format], o->header);
		break;
	default:
		summary_text(s, f, o->width ? o->width : 80, o->ascii, put_line, &text);
		break;
	}
	errno = 0;
	if (fwrite(str_text(&text), 1, text.n, out) != text.n || fflush(out))
		r = errno ? -errno : -EIO;
	str_done(&text);
	return r;
}
