/* Does a socket, or a row, satisfy one term? A test on a text, an address or an owner runs once per distinct one while one
 * frame lasts. */
#include "filter_private.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include <stdio.h>
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

static bool compare_hex(uint8_t op, uint64_t v, uint64_t a, uint64_t mask)
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
		return (v & mask) == a;
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
	case KIND_TIME:
		return (double)v->u / (double)NSEC_PER_SEC;
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
	if (kind == KIND_ADDR)
		return strlen(ip_format(buf, ip.b, ip.v6)); /* size is VALUE_BUF, enough for any */
	n = snprintf(buf, size, ip.v6 ? "[%s]:%u" : "%s:%u", ip_format(addr, ip.b, ip.v6), v->port);
	return (size_t)n;
}

/* Where the answer about this text is kept; *ret_known: it has been given. */
static bool *text_answer(struct memo *m, const char *s, bool *ret_known)
{
	size_t slot = ((uintptr_t)s >> 3 ^ (uintptr_t)s >> 11) % MEMO_TEXTS;

	*ret_known = m->s[slot] == s;
	m->s[slot] = s;
	return &m->hit[slot];
}

/* Likewise about an address. */
static uint8_t *addr_answer(struct memo *m, const struct ip *ip)
{
	struct addr_answer *a;
	uint64_t x, y;

	memcpy(&x, ip->b, 8);
	memcpy(&y, ip->b + 8, 8);
	a = &m->addrs[map_hash(x, y) % MEMO_ADDRS];
	if (a->ip.v6 != ip->v6 || memcmp(a->ip.b, ip->b, sizeof(ip->b)) != 0)
		*a = (struct addr_answer){.ip = *ip};
	return &a->answer;
}

static bool match_pattern(const struct filter *f, const struct term *t, const struct alt *a,
			  const struct value *v)
{
	const regex_t *re = &f->regexes.v[a->regex];
	char buf[VALUE_BUF];
	const char *s;
	uint32_t n;
	uint8_t *answer;
	bool *hit, known;

	if (t->field.kind == KIND_ADDR && !v->s && t->memo) {
		answer = addr_answer(t->memo, &v->ip);
		if (*answer == ANSWER_NONE)
			*answer = match_regex(re, buf, text_of_endpoint(v, KIND_ADDR, buf, sizeof(buf)))
					  ? ANSWER_YES
					  : ANSWER_NO;
		return *answer == ANSWER_YES;
	}
	if ((t->field.kind == KIND_ADDR || t->field.kind == KIND_ENDPOINT) && !v->s)
		return match_regex(re, buf, text_of_endpoint(v, t->field.kind, buf, sizeof(buf)));
	s = value_text(v, t->field.kind, buf, &n);
	if (!t->memo || s == buf)
		return match_regex(re, s, n);
	hit = text_answer(t->memo, s, &known);
	if (!known)
		*hit = match_regex(re, s, n);
	return *hit;
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
		return compare_hex(t->op, v->u, a->u, a->mask);
	case ALT_STATES:
		return a->u & STATE_BIT(v->i);
	case ALT_TEXT:
		if ((t->field.kind == KIND_ADDR || t->field.kind == KIND_ENDPOINT) && !v->s)
			return false;
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
		if (v->s) /* of a family without ports it has none */
			return a->any_addr;
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

/* No value at all satisfies none, ss's * (which is everything), and what is negated. */
static bool is_all(const struct alt *a)
{
	return a->form == ALT_NONE || (a->form == ALT_ENDPOINT && a->any_addr && a->any_port);
}

static bool match_null(const struct filter *f, const struct term *t)
{
	uint32_t i;

	for (i = 0; i < t->alt_n; i++)
		if (is_all(&f->alts.v[t->alt + i]))
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
	bool *hit, known;

	if (!stored)
		return contains(s, n, what, what_n);
	hit = text_answer(t->memo, s, &known);
	if (!known)
		*hit = contains(s, n, what, what_n);
	return *hit;
}

void filter_whole_words(struct filter *f)
{
	f->whole = true;
}

/* "nginx", "nginx.service"; "db" and "docker:db". */
static bool match_whole(const struct filter *f, const struct term *t, const struct ctx *c, uint32_t row)
{
	const struct alt *a = &f->alts.v[t->alt];
	const char *what = str_text(&f->texts) + a->text, *s, *colon;
	char buf[VALUE_BUF];
	struct value v;
	uint32_t n;

	for (size_t k = 0; k < ARRAY_LEN(bare_fields); k++) {
		if (bare_fields[k].many == MANY_USER)
			continue;
		for (unsigned i = 0; field_value(&bare_fields[k], c, row, i, &v); i++) {
			if (v.null)
				continue;
			s = value_text(&v, KIND_TEXT, buf, &n);
			if (equal_text(&bare_fields[k], s, n, what, a->text_n))
				return true;
			colon = bare_fields[k].many == MANY_UNIT ? memchr(s, ':', n) : NULL;
			if (colon && equal_text(&bare_fields[0], colon + 1, n - (uint32_t)(colon + 1 - s),
						what, a->text_n))
				return true;
		}
	}
	return false;
}

/* The names of one owner, or with i past the owners what the socket says in their place. */
static bool bare_names(const struct filter *f, const struct term *t, const struct ctx *c, uint32_t row,
		       unsigned i)
{
	const struct alt *a = &f->alts.v[t->alt];
	const char *what = str_text(&f->texts) + a->text, *s;
	char buf[VALUE_BUF];
	struct value v;
	uint32_t n;
	size_t k;

	for (k = 0; k < ARRAY_LEN(bare_fields); k++) {
		if (!field_value(&bare_fields[k], c, row, i, &v) || v.null)
			continue;
		s = value_text(&v, KIND_TEXT, buf, &n);
		if (bare_hit(t, s, n, what, a->text_n, s != buf))
			return true;
	}
	return false;
}

static bool bare_owners(const struct filter *f, const struct term *t, const struct ctx *c, uint32_t row)
{
	const struct row *r = frame_row(c->f, row);
	uint8_t *answer;
	uint32_t i;

	for (i = 0; i < r->owner_n; i++) {
		answer = &t->memo->procs.v[frame_owner(c->f, r, i)->proc];
		if (*answer == ANSWER_NONE)
			*answer = bare_names(f, t, c, row, i) ? ANSWER_YES : ANSWER_NO;
		if (*answer == ANSWER_YES)
			return true;
	}
	return bare_names(f, t, c, row, r->owner_n);
}

static bool bare_addrs(const struct filter *f, const struct term *t, const struct ctx *c, uint32_t row)
{
	static const struct field addr = {.name = "addr", .kind = KIND_ADDR, .many = MANY_ADDR};
	const struct alt *a = &f->alts.v[t->alt];
	const char *what = str_text(&f->texts) + a->text;
	bool name = frame_sock(c->f, row)->family > FAMILY_IPV6;
	char buf[VALUE_BUF];
	uint8_t *answer;
	struct value v;
	unsigned i;

	for (i = 0; (t->like_address || name) && field_value(&addr, c, row, i, &v); i++) {
		if (v.null)
			continue;
		if (v.s) {
			if (bare_hit(t, v.s, v.s_n, what, a->text_n, true))
				return true;
			continue;
		}
		if (!t->like_address)
			continue;
		answer = addr_answer(t->memo, &v.ip);
		if (*answer == ANSWER_NONE)
			*answer = contains(buf, text_of_endpoint(&v, KIND_ADDR, buf, sizeof(buf)), what,
					   a->text_n)
					  ? ANSWER_YES
					  : ANSWER_NO;
		if (*answer == ANSWER_YES)
			return true;
	}
	return false;
}

static bool match_bare(const struct filter *f, const struct term *t, const struct ctx *c, uint32_t row)
{
	const struct alt *a = &f->alts.v[t->alt];
	struct value v;

	if (f->whole)
		return match_whole(f, t, c, row);
	if (bare_owners(f, t, c, row))
		return true;
	f->service->get(c, row, &v);
	if (!v.null && bare_hit(t, v.s, v.s_n, str_text(&f->texts) + a->text, a->text_n, true))
		return true;
	return bare_addrs(f, t, c, row);
}

/* A term on what owners answer: each of them is asked once. */
static bool match_owners(const struct filter *f, const struct term *t, const struct ctx *c, uint32_t row)
{
	const struct row *r = frame_row(c->f, row);
	bool any = false;
	uint8_t *answer;
	struct value v;
	uint32_t i;

	for (i = 0; i < r->owner_n; i++) {
		answer = &t->memo->procs.v[frame_owner(c->f, r, i)->proc];
		if (*answer == ANSWER_NONE) {
			field_value(&t->field, c, row, i, &v);
			*answer = v.null ? ANSWER_NULL : match_value(f, t, &v) ? ANSWER_YES : ANSWER_NO;
		}
		if (*answer == ANSWER_YES)
			return true;
		any |= *answer == ANSWER_NO;
	}
	if (field_value(&t->field, c, row, r->owner_n, &v) && !v.null)
		return match_value(f, t, &v);
	return !any && match_null(f, t);
}

bool filter_match_sock(const struct filter *f, const struct term *t, const struct ctx *c, uint32_t row)
{
	bool any = false, hit = false;
	struct value v;
	unsigned i;

	if (!t->field.name)
		return match_bare(f, t, c, row);
	if (t->memo && field_of_owners(&t->field))
		return match_owners(f, t, c, row) != negated(t);
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

bool filter_match_row(const struct filter *f, const struct term *t, enum row_kind kind, const struct ctx *c,
		      uint32_t row)
{
	const struct column *col = t->field.of[kind];
	struct value v = {.null = NULL_NA};

	if (col)
		col->get(c, row, &v);
	return (v.null ? match_null(f, t) : match_value(f, t, &v)) != negated(t);
}
