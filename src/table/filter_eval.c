/* Asks a filter about the rows of a frame. Nothing is allocated for a socket; a test on a text runs once per
 * distinct text while one frame lasts. */
#include "filter_private.h"
#include "sockeye/base/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SUBJECT_MAX 4096 /* bytes of a text that a pattern looks at */

static bool compare_numbers(uint8_t op, double v, const struct alt *a)
{
	switch ((enum op)op) {
	case OP_LT:
		return v < a->lo;
	case OP_GT:
		return v > a->lo;
	case OP_LE:
		return v <= a->lo;
	case OP_GE:
		return v >= a->lo;
	default:
		return v >= a->lo && v <= a->hi;
	}
}

static bool compare_hex(uint8_t op, uint64_t v, uint64_t a)
{
	switch ((enum op)op) {
	case OP_LT:
		return v < a;
	case OP_GT:
		return v > a;
	case OP_LE:
		return v <= a;
	case OP_GE:
		return v >= a;
	default:
		return v == a;
	}
}

static double number_of(const struct value *v, uint8_t kind)
{
	switch ((enum kind)kind) {
	case KIND_RATE:
	case KIND_DURATION:
	case KIND_MS:
	case KIND_REAL:
		return v->d;
	default:
		return (double)v->i;
	}
}

static bool match_regex(const regex_t *re, const char *s, size_t n)
{
	char buf[SUBJECT_MAX + 1];
	size_t i;

	n = n < SUBJECT_MAX ? n : SUBJECT_MAX;
	for (i = 0; i < n; i++)
		buf[i] = s[i] ? s[i] : ' '; /* between the arguments of a command line */
	buf[n] = '\0';
	return !regexec(re, buf, 0, NULL, 0);
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool contains(const char *s, size_t n, const char *what, size_t what_n)
{
	size_t i, k;

	for (i = 0; i + what_n <= n; i++) {
		for (k = 0; k < what_n && lower(s[i + k]) == lower(what[k]); k++)
			;
		if (k == what_n)
			return true;
	}
	return false;
}

/* "nginx" is the unit nginx.service. */
static bool equal_text(const struct field *f, const char *s, size_t n, const char *what, size_t what_n)
{
	static const char suffix[] = ".service";

	if (n == what_n)
		return !memcmp(s, what, n);
	return f->many == MANY_UNIT && n == what_n + sizeof(suffix) - 1 && !memcmp(s, what, what_n) &&
	       !memcmp(s + what_n, suffix, sizeof(suffix) - 1);
}

static size_t text_of_endpoint(const struct value *v, uint8_t kind, char *buf, size_t size)
{
	char addr[IP_TEXT];
	struct ip ip;
	int n;

	ip_unmap(v->ip.b, v->ip.v6, &ip);
	ip_format(addr, ip.b, ip.v6);
	if (kind == KIND_ADDR)
		n = snprintf(buf, size, "%s", addr);
	else
		n = snprintf(buf, size, ip.v6 ? "[%s]:%u" : "%s:%u", addr, v->port);
	return (size_t)n;
}

static bool match_pattern(const struct filter *f, const struct term *t, const struct alt *a,
			  const struct value *v)
{
	const regex_t *re = &f->regexes.v[a->regex];
	char buf[VALUE_BUF];
	const char *s;
	uint32_t n;
	size_t slot;

	if ((t->field.kind == KIND_ADDR || t->field.kind == KIND_ENDPOINT) && !v->s)
		return match_regex(re, buf, text_of_endpoint(v, t->field.kind, buf, sizeof(buf)));
	s = value_text(v, t->field.kind, buf, &n);
	if (!t->memo || s == buf)
		return match_regex(re, s, n);
	slot = ((uintptr_t)s >> 3 ^ (uintptr_t)s >> 11) % MEMO_N;
	if (t->memo->s[slot] != s) {
		t->memo->hit[slot] = match_regex(re, s, n);
		t->memo->s[slot] = s;
	}
	return t->memo->hit[slot];
}

/* Does this value, no null, satisfy one alternative? (Of != and !~ the positive is asked here.) */
static bool match_alt(const struct filter *f, const struct term *t, const struct alt *a,
		      const struct value *v)
{
	char buf[VALUE_BUF];
	struct ip ip;
	const char *s;
	uint32_t n;

	switch ((enum alt_form)a->form) {
	case ALT_NONE:
		return false;
	case ALT_RANGE:
		return compare_numbers(t->op, number_of(v, t->field.kind), a);
	case ALT_HEX:
		return compare_hex(t->op, v->u, a->u);
	case ALT_STATES:
		return a->u & STATE_BIT(v->i);
	case ALT_TEXT:
		s = value_text(v, t->field.kind, buf, &n);
		if (t->field.kind == KIND_WORD)
			return n == a->text_n && !strncasecmp(s, f->texts.s + a->text, n);
		return equal_text(&t->field, s, n, str_text(&f->texts) + a->text, a->text_n);
	case ALT_NET:
		if (v->s)
			return false;
		ip_unmap(v->ip.b, v->ip.v6, &ip);
		return ip_in_net(&ip, &a->net);
	case ALT_ENDPOINT:
		if (!a->any_port && v->port != a->u)
			return false;
		ip_unmap(v->ip.b, v->ip.v6, &ip);
		return a->any_addr || ip_in_net(&ip, &a->net);
	case ALT_REGEX:
		return match_pattern(f, t, a, v);
	}
	return false;
}

static bool match_value(const struct filter *f, const struct term *t, const struct value *v)
{
	uint32_t i;

	for (i = 0; i < t->alt_n; i++)
		if (match_alt(f, t, &f->alts.v[t->alt + i], v))
			return true;
	return false;
}

/* No value at all satisfies none, and what is negated. */
static bool match_null(const struct filter *f, const struct term *t)
{
	uint32_t i;

	for (i = 0; i < t->alt_n; i++)
		if (f->alts.v[t->alt + i].form == ALT_NONE)
			return true;
	return false;
}

static bool negated(const struct term *t)
{
	return t->op == OP_NE || t->op == OP_NOMATCH;
}

/* Bare text: a part of what names the socket. */
static const struct field bare_fields[] = {
	{.name = "process", .kind = KIND_TEXT, .many = MANY_PROCESS},
	{.name = "unit", .kind = KIND_TEXT, .many = MANY_UNIT}, /* containers are units by name */
	{.name = "user", .kind = KIND_TEXT, .many = MANY_USER},
};

static bool bare_hit(const struct term *t, const char *s, size_t n, const char *what, size_t what_n,
		     bool stored)
{
	size_t slot = ((uintptr_t)s >> 3 ^ (uintptr_t)s >> 11) % MEMO_N;

	if (!stored)
		return contains(s, n, what, what_n);
	if (t->memo->s[slot] != s) {
		t->memo->hit[slot] = contains(s, n, what, what_n);
		t->memo->s[slot] = s;
	}
	return t->memo->hit[slot];
}

static bool match_bare(const struct filter *f, const struct term *t, const struct ctx *c, uint32_t row)
{
	static const struct field addr = {.name = "addr", .kind = KIND_ADDR, .many = MANY_ADDR};
	const struct alt *a = &f->alts.v[t->alt];
	const char *what = str_text(&f->texts) + a->text, *s;
	const struct column *service;
	char buf[VALUE_BUF];
	struct value v;
	uint32_t n;
	unsigned i;
	size_t k;

	for (k = 0; k < ARRAY_LEN(bare_fields); k++) {
		for (i = 0; field_value(&bare_fields[k], c, row, i, &v); i++) {
			if (v.null)
				continue;
			s = value_text(&v, KIND_TEXT, buf, &n);
			if (bare_hit(t, s, n, what, a->text_n, s != buf))
				return true;
		}
	}
	service = column_by_key(ROWS_SOCK, "service");
	service->get(c, row, &v);
	if (!v.null && bare_hit(t, v.s, v.s_n, what, a->text_n, true))
		return true;
	for (i = 0; t->like_address && field_value(&addr, c, row, i, &v); i++) {
		if (v.null)
			continue;
		n = (uint32_t)text_of_endpoint(&v, KIND_ADDR, buf, sizeof(buf));
		if (contains(buf, n, what, a->text_n))
			return true;
	}
	return false;
}

static bool match_sock(const struct filter *f, const struct term *t, const struct ctx *c, uint32_t row)
{
	bool any = false, hit = false;
	struct value v;
	unsigned i;

	if (!t->field.name)
		return match_bare(f, t, c, row);
	for (i = 0; !hit && field_value(&t->field, c, row, i, &v); i++) {
		if (v.null)
			continue;
		any = true;
		hit = match_value(f, t, &v);
	}
	if (!any)
		hit = match_null(f, t);
	return hit != negated(t);
}

static bool match_row(const struct filter *f, const struct term *t, enum row_kind kind, const struct ctx *c,
		      uint32_t row)
{
	const struct column *col = t->field.of[kind];
	struct value v = {.null = NULL_NA};

	if (col)
		col->get(c, row, &v);
	return (v.null ? match_null(f, t) : match_value(f, t, &v)) != negated(t);
}

/* A part that asks about sockets alone. */
static bool eval_sock(const struct filter *f, uint32_t node, const struct ctx *c, uint32_t row)
{
	const struct node *n = &f->nodes.v[node];
	uint32_t i;

	switch ((enum node_kind)n->kind) {
	case NODE_TERM:
		return match_sock(f, &f->terms.v[n->child], c, row);
	case NODE_NOT:
		return !eval_sock(f, n->child, c, row);
	case NODE_AND:
		for (i = n->child; i != NONE; i = f->nodes.v[i].next)
			if (!eval_sock(f, i, c, row))
				return false;
		return true;
	case NODE_OR:
		for (i = n->child; i != NONE; i = f->nodes.v[i].next)
			if (eval_sock(f, i, c, row))
				return true;
		return false;
	}
	return false;
}

/* What the filter says about a socket: its parts about sockets alone that stand side by side. */
static bool picks(const struct filter *f, const struct ctx *c, uint32_t row)
{
	const struct node *root = &f->nodes.v[f->root];
	uint32_t i;

	if (root->about == ABOUT_SOCKS)
		return eval_sock(f, f->root, c, row);
	if (root->kind != NODE_AND)
		return true;
	for (i = root->child; i != NONE; i = f->nodes.v[i].next)
		if (f->nodes.v[i].about == ABOUT_SOCKS && !eval_sock(f, i, c, row))
			return false;
	return true;
}

static void forget(const struct filter *f)
{
	size_t i;

	for (i = 0; i < f->terms.n; i++)
		if (f->terms.v[i].memo)
			memset(f->terms.v[i].memo, 0, sizeof(*f->terms.v[i].memo));
	f->run->f = NULL;
}

void filter_socks(const struct filter *f, const struct frame *fr, uint32_t from, uint32_t to, uint8_t *picked)
{
	struct ctx c = {.f = fr, .tally = &fr->tally};
	uint32_t row;

	if (filter_empty(f)) {
		memset(picked + from, 1, to - from);
		return;
	}
	if (from == 0) /* another frame, or late texts in the same one */
		forget(f);
	for (row = from; row < to; row++)
		picked[row] = picks(f, &c, row);
}

/* Which rows have a picked socket that passes each part with a bit. */
static void make_run(const struct filter *f, const struct frame *fr)
{
	struct ctx c = {.f = fr, .tally = &fr->tally};
	struct run *r = f->run;
	const struct row *x;
	uint32_t row, bits, i;

	r->f = fr;
	vec_clear(&r->ports);
	vec_clear(&r->procs);
	vec_reserve(&r->ports, fr->ports.n + 1);
	vec_reserve(&r->procs, fr->procs.n + 1);
	r->ports.n = fr->ports.n;
	r->procs.n = fr->procs.n;
	memset(r->ports.v, 0, r->ports.n * sizeof(*r->ports.v));
	memset(r->procs.v, 0, r->procs.n * sizeof(*r->procs.v));
	for (row = 0; row < fr->rows.n; row++) {
		if (!picks(f, &c, row))
			continue;
		for (bits = i = 0; i < f->bits_n; i++)
			if (eval_sock(f, f->bits[i], &c, row))
				bits |= 1u << i;
		x = &fr->rows.v[row];
		if (x->port < r->ports.n)
			r->ports.v[x->port] |= bits;
		for (i = 0; i < x->owner_n; i++)
			if (fr->owners.v[x->owner + i].proc < r->procs.n)
				r->procs.v[fr->owners.v[x->owner + i].proc] |= bits;
	}
}

static bool has_bit(const struct filter *f, uint32_t bit, enum row_kind kind, const struct ctx *c,
		    uint32_t row)
{
	if (f->run->f != c->f)
		make_run(f, c->f);
	if (kind == ROWS_PORT)
		return row < f->run->ports.n && f->run->ports.v[row] >> bit & 1;
	return row < f->run->procs.n && f->run->procs.v[row] >> bit & 1;
}

static bool eval_row(const struct filter *f, uint32_t node, enum row_kind kind, const struct ctx *c,
		     uint32_t row)
{
	const struct node *n = &f->nodes.v[node];
	uint32_t i;

	if (n->about == ABOUT_SOCKS)
		return kind == ROWS_SOCK ? eval_sock(f, node, c, row) : has_bit(f, n->bit, kind, c, row);
	switch ((enum node_kind)n->kind) {
	case NODE_TERM:
		return match_row(f, &f->terms.v[n->child], kind, c, row);
	case NODE_NOT:
		return !eval_row(f, n->child, kind, c, row);
	case NODE_AND:
		for (i = n->child; i != NONE; i = f->nodes.v[i].next)
			if (!eval_row(f, i, kind, c, row))
				return false;
		return true;
	case NODE_OR:
		for (i = n->child; i != NONE; i = f->nodes.v[i].next)
			if (eval_row(f, i, kind, c, row))
				return true;
		return false;
	}
	return false;
}

bool filter_row(const struct filter *f, enum row_kind kind, const struct ctx *c, uint32_t row)
{
	const struct node *root;
	uint32_t i;

	if (!filter_has_row_terms(f))
		return true;
	root = &f->nodes.v[f->root];
	if (root->kind != NODE_AND)
		return eval_row(f, f->root, kind, c, row);
	for (i = root->child; i != NONE; i = f->nodes.v[i].next)
		if ((f->nodes.v[i].about & ABOUT_ROWS) && !eval_row(f, i, kind, c, row))
			return false;
	return true;
}

bool filter_has_row_terms(const struct filter *f)
{
	return !filter_empty(f) && (f->nodes.v[f->root].about & ABOUT_ROWS);
}
