/* Counts sockets by namespace, protocol, family and state, and puts that into words: the answer of `ss -s`. */
#include "sockeye/table/summary.h"
#include "columns_kit.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include <stdlib.h>
#include <string.h>

#define WIDE 60 /* from this width on the numbers stand apart */

static struct summary_row *row_of(struct summary *s, const struct sock *k)
{
	struct summary_row *r;

	for (size_t i = 0; i < s->rows.n; i++) {
		r = &s->rows.v[i];
		if (r->netns == k->netns && r->proto == k->proto && r->family == k->family)
			return r;
	}
	r = vec_add(&s->rows);
	*r = (struct summary_row){.netns = k->netns, .proto = k->proto, .family = k->family};
	return r;
}

static int compare(const void *a, const void *b)
{
	const struct summary_row *x = a, *y = b;

	if (x->netns != y->netns)
		return x->netns < y->netns ? -1 : 1;
	return x->proto != y->proto ? (int)x->proto - y->proto : (int)x->family - y->family;
}

static void count(struct summary *s, const struct frame *f, uint32_t to)
{
	struct summary_row *last = NULL;

	for (; s->at < to && s->at < f->open_rows; s->at++) {
		const struct sock *k = frame_sock(f, s->at);

		if ((s->picked && !s->picked[s->at]) || k->state >= STATE_N)
			continue;
		if (!last || last->netns != k->netns || last->proto != k->proto || last->family != k->family)
			last = row_of(s, k);
		last->n++;
		last->states[k->state]++;
		s->socks++;
	}
	s->at = to;
}

void summary_begin(struct summary *s, const struct frame *f, const struct filter *filter)
{
	summary_done(s);
	if (!filter_empty(filter))
		s->picked = mem_alloc(f->rows_n, 1);
}

bool summary_step(struct summary *s, const struct frame *f, const struct filter *filter,
		  const struct slice *slice)
{
	while (s->at < f->rows_n) {
		uint32_t to = f->rows_n - s->at < SUMMARY_SLICE ? f->rows_n : s->at + SUMMARY_SLICE;

		if (s->picked)
			filter_socks(filter, f, s->at, to, s->picked);
		count(s, f, to);
		if (s->at < f->rows_n && slice_over(slice))
			return false;
	}
	free(s->picked);
	s->picked = NULL;
	if (s->rows.n)
		qsort(s->rows.v, s->rows.n, sizeof(s->rows.v[0]), compare);
	return true;
}

void summary_make(struct summary *s, const struct frame *f, const struct filter *filter)
{
	summary_begin(s, f, filter);
	summary_step(s, f, filter, NULL);
}

void summary_done(struct summary *s)
{
	vec_done(&s->rows);
	free(s->picked);
	*s = (struct summary){0};
}

void summary_want(struct want *want)
{
	want->protos |= (1u << PROTO_N) - 1;
	want->states |= STATES_ALL;
	want->attrs |= WANT_MEMORY;
}

const char *summary_family(const struct summary_row *r)
{
	return family_names[r->family];
}

/* ---- Text ---- */

struct printer {
	void (*line)(void *data, uint8_t style, const char *text);
	void *data;
	struct str text;
	bool ascii;
	int label_w, number_w;
};

static void print(struct printer *p, uint8_t style)
{
	while (p->text.n && p->text.s[p->text.n - 1] == ' ')
		p->text.s[--p->text.n] = '\0';
	p->line(p->data, style, str_text(&p->text));
	str_clear(&p->text);
}

static void put_label(struct printer *p, const char *indent, const char *text)
{
	int w;

	str_puts(&p->text, indent);
	text_put_clip(&p->text, text, p->label_w - (int)strlen(indent) - 1, p->ascii ? "~" : "…");
	for (w = text_width(str_text(&p->text)); w < p->label_w; w++)
		str_putc(&p->text, ' ');
}

static void put_word(struct printer *p, const char *word)
{
	for (int w = text_width(word); w < p->number_w; w++)
		str_putc(&p->text, ' ');
	str_puts(&p->text, word);
}

static void put_number(struct printer *p, uint64_t n)
{
	char buf[UNIT_BUF];

	put_word(p, fmt_count(buf, n));
}

/* How many of a protocol: in a family (FAMILY_N: all), in a state (STATE_N: all). */
static uint64_t sum(const struct summary *s, unsigned proto, unsigned family, unsigned state)
{
	uint64_t n = 0;

	for (size_t i = 0; i < s->rows.n; i++) {
		const struct summary_row *r = &s->rows.v[i];

		if (r->proto == proto && (family == FAMILY_N || r->family == family))
			n += state == STATE_N ? r->n : r->states[state];
	}
	return n;
}

static void print_counts(struct printer *p, const struct summary *s, unsigned proto, unsigned state)
{
	uint64_t v4 = sum(s, proto, FAMILY_IPV4, state), v6 = sum(s, proto, FAMILY_IPV6, state);

	if (state == STATE_N)
		put_label(p, "", proto_table[proto].name);
	else
		put_label(p, "  ", state_table[state].name);
	if (sum(s, proto, FAMILY_IPV4, STATE_N) + sum(s, proto, FAMILY_IPV6, STATE_N)) {
		put_number(p, v4);
		put_number(p, v6);
	} else { /* a protocol without addresses */
		put_word(p, "");
		put_word(p, "");
	}
	put_number(p, sum(s, proto, FAMILY_N, state));
	print(p, state == STATE_N ? STYLE_HEAD : state == STATE_CLOSE_WAIT ? STYLE_WARN : STYLE_PLAIN);
}

static void print_protos(struct printer *p, const struct summary *s)
{
	put_label(p, "", "SOCKETS");
	put_word(p, "ipv4");
	put_word(p, "ipv6");
	put_word(p, "all");
	print(p, STYLE_DIM);
	for (unsigned proto = 0; proto < PROTO_N; proto++) {
		if (!sum(s, proto, FAMILY_N, STATE_N))
			continue;
		print_counts(p, s, proto, STATE_N);
		for (unsigned state = 0; state < STATE_N; state++)
			if (sum(s, proto, FAMILY_N, state))
				print_counts(p, s, proto, state);
	}
	put_label(p, "", "all");
	put_word(p, "");
	put_word(p, "");
	put_number(p, s->socks);
	print(p, STYLE_HEAD);
}

static void print_namespaces(struct printer *p, const struct summary *s, const struct frame *f)
{
	if (f->netns.n < 2)
		return;
	print(p, STYLE_PLAIN);
	put_label(p, "", "NAMESPACES");
	put_word(p, p->number_w < 10 ? state_table[STATE_LISTENING].brief : "listening");
	put_word(p, p->number_w < 10 ? state_table[STATE_ESTABLISHED].brief : "established");
	put_word(p, "all");
	print(p, STYLE_DIM);
	for (size_t i = 0; i < f->netns.n; i++) {
		const char *name = intern_get(f->names, f->netns.v[i].name);
		uint64_t listening = 0, established = 0, all = 0;
		struct str safe = {0};

		for (size_t k = 0; k < s->rows.n; k++)
			if (s->rows.v[k].netns == i) {
				listening += s->rows.v[k].states[STATE_LISTENING];
				established += s->rows.v[k].states[STATE_ESTABLISHED];
				all += s->rows.v[k].n;
			}
		if (*name)
			text_put_cell(&safe, name, strlen(name), p->ascii, 64);
		else
			str_put_u64(&safe, f->netns.v[i].inode);
		put_label(p, "  ", str_text(&safe));
		put_number(p, listening);
		put_number(p, established);
		put_number(p, all);
		print(p, STYLE_PLAIN);
		str_done(&safe);
	}
}

static void put_of(struct printer *p, uint64_t n, uint64_t max)
{
	char a[UNIT_BUF], b[UNIT_BUF];

	str_puts(&p->text, fmt_count(a, n));
	if (max)
		str_putf(&p->text, " of %s", fmt_count(b, max));
}

static void print_memory(struct printer *p, const char *label, uint64_t pages, const uint64_t mem[3],
			 uint32_t page_bytes)
{
	char a[UNIT_BUF], b[UNIT_BUF], c[UNIT_BUF];
	uint8_t style = STYLE_PLAIN;

	put_label(p, "  ", label);
	str_putf(&p->text, "%sB", fmt_size(a, (double)pages * page_bytes));
	if (mem[2]) {
		str_putf(&p->text, " of %sB, pressure from %sB", fmt_size(b, (double)mem[2] * page_bytes),
			 fmt_size(c, (double)mem[1] * page_bytes));
		style = pages >= mem[2] ? STYLE_BAD : pages >= mem[1] ? STYLE_WARN : STYLE_PLAIN;
	}
	print(p, style);
}

static void print_kernel(struct printer *p, const struct summary *s, const struct frame *f)
{
	const struct snap_memory *m = &f->memory;

	if (!m->known)
		return;
	print(p, STYLE_PLAIN);
	str_puts(&p->text, "KERNEL");
	print(p, STYLE_DIM);
	put_label(p, "  ", "orphans");
	put_of(p, m->orphans, m->orphans_max);
	print(p, m->orphans_max && m->orphans >= m->orphans_max ? STYLE_BAD : STYLE_PLAIN);
	put_label(p, "  ", "time-wait");
	put_of(p, sum(s, PROTO_TCP, FAMILY_N, STATE_TIME_WAIT), m->time_wait_max);
	if (m->time_wait_max && f->netns.n > 1)
		str_puts(&p->text, " in one namespace");
	print(p, STYLE_PLAIN);
	print_memory(p, "memory of TCP", m->tcp_pages, m->tcp_mem, m->page_bytes);
	print_memory(p, "memory of UDP", m->udp_pages, m->udp_mem, m->page_bytes);
}

void summary_text(const struct summary *s, const struct frame *f, unsigned width, bool ascii,
		  void (*line)(void *data, uint8_t style, const char *text), void *data)
{
	struct printer p = {.line = line,
			    .data = data,
			    .ascii = ascii,
			    .label_w = width < WIDE ? 14 : 22,
			    .number_w = width < WIDE ? 8 : 12};

	print_protos(&p, s);
	print_namespaces(&p, s, f);
	print_kernel(&p, s, f);
	str_done(&p.text);
}

/* ---- JSON ---- */

static void put_member(struct str *out, const char *key, uint64_t v, bool known)
{
	str_putf(out, "\"%s\":", key);
	if (known)
		str_put_u64(out, v);
	else
		str_puts(out, "null");
}

void summary_json_memory(const struct frame *f, struct str *out)
{
	const struct snap_memory *m = &f->memory;
	const struct {
		const char *key;
		uint64_t v;
		bool known;
	} members[] = {
		{"orphans", m->orphans, true},
		{"orphans_max", m->orphans_max, m->orphans_max != 0},
		{"time_wait_max", m->time_wait_max, m->time_wait_max != 0},
		{"tcp_alloc", m->tcp_alloc, true},
		{"tcp_bytes", m->tcp_pages * m->page_bytes, true},
		{"tcp_pressure_bytes", m->tcp_mem[1] * m->page_bytes, m->tcp_mem[1] != 0},
		{"tcp_max_bytes", m->tcp_mem[2] * m->page_bytes, m->tcp_mem[2] != 0},
		{"udp_bytes", m->udp_pages * m->page_bytes, true},
		{"udp_max_bytes", m->udp_mem[2] * m->page_bytes, m->udp_mem[2] != 0},
	};

	if (!m->known) {
		str_puts(out, "null");
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(members); i++) {
		str_putc(out, i ? ',' : '{');
		put_member(out, members[i].key, members[i].v, members[i].known);
	}
	str_putc(out, '}');
}

void summary_json_row(const struct summary_row *r, const struct frame *f, struct str *out)
{
	const struct snap_netns *ns = &f->netns.v[r->netns];
	const char *name = intern_get(f->names, ns->name), *sep = "{";

	str_putc(out, '{');
	put_member(out, "netns", ns->inode, true);
	str_puts(out, ",\"netns_name\":");
	if (*name)
		text_put_json(out, name, intern_len(f->names, ns->name));
	else
		str_puts(out, "null");
	str_putf(out, ",\"proto\":\"%s\",\"family\":\"%s\",", proto_table[r->proto].name,
		 family_names[r->family]);
	put_member(out, "sockets", r->n, true);
	str_puts(out, ",\"states\":");
	for (unsigned k = 0; k < STATE_N; k++) {
		if (!r->states[k])
			continue;
		str_puts(out, sep);
		put_member(out, state_table[k].name, r->states[k], true);
		sep = ",";
	}
	str_puts(out, *sep == '{' ? "{}}" : "}}");
}
