/* Puts rows into order: every key is read once per row and squeezed into a word that sorts like it, so that
 * most comparisons are of two integers. */
#include "sort.h"
#include "sockeye/base/mem.h"
#include <stdlib.h>
#include <string.h>

/* Words that keep the order of what they came from; some are only a beginning of it (text). */
static uint64_t word_of_double(double d)
{
	uint64_t u;

	memcpy(&u, &d, sizeof(u));
	if (d == 0)
		u = 0; /* -0 too */
	return u >> 63 ? ~u : u | UINT64_C(1) << 63;
}

static uint64_t word_of_bytes(const void *bytes, size_t n)
{
	const uint8_t *b = bytes;
	uint64_t u = 0;
	size_t i;

	for (i = 0; i < 8; i++)
		u = u << 8 | (i < n ? b[i] : 0);
	return u;
}

/* IPv4 below 1 << 63 and whole, with the port if there is one; IPv6 above, its first 63 bits. */
static uint64_t word_of_ip(const struct ip *raw, uint32_t port)
{
	struct ip ip;

	ip_unmap(raw->b, raw->v6, &ip);
	if (ip.v6)
		return word_of_bytes(ip.b, 16) >> 1 | UINT64_C(1) << 63;
	return (word_of_bytes(ip.b, 4) >> 32) << 16 | (port & 0xffff);
}

static uint64_t word_of(const struct value *v, uint8_t kind)
{
	char buf[VALUE_BUF];
	uint32_t n;
	const char *s;

	switch ((enum kind)kind) {
	case KIND_TEXT:
		s = value_text(v, kind, buf, &n);
		return word_of_bytes(s, n);
	case KIND_ADDR:
		return v->s ? UINT64_MAX : word_of_ip(&v->ip, 0);
	case KIND_ENDPOINT:
		return word_of_ip(&v->ip, v->port);
	case KIND_RATE:
	case KIND_DURATION:
	case KIND_MS:
	case KIND_REAL:
		return word_of_double(v->d);
	case KIND_HEX:
	case KIND_TIME:
		return v->u;
	default:
		return (uint64_t)v->i ^ UINT64_C(1) << 63;
	}
}

/* Does the word say all, so that two rows with the same word are equal? */
static bool word_is_whole(const struct sort_key *by, uint64_t word)
{
	uint64_t plain = by->desc ? UINT64_MAX - 1 - word : word;

	switch ((enum kind)by->col->kind) {
	case KIND_TEXT:
		return !(plain & 0xff); /* shorter than the word */
	case KIND_ADDR:
	case KIND_ENDPOINT:
		return !(plain >> 63);
	case KIND_HEX:
	case KIND_TIME:
		return false;
	default:
		return true;
	}
}

struct sorter {
	const struct ctx *c;
	const struct sort_key *by;
	unsigned by_n;
	const uint64_t *keys; /* by_n words a position */
	const uint32_t *rows; /* borrowed: by position */
};

/* <= 0: a stays before b. */
static int compare(const struct sorter *s, uint32_t a, uint32_t b)
{
	const uint64_t *x = s->keys + (size_t)a * s->by_n, *y = s->keys + (size_t)b * s->by_n;
	unsigned k;
	int r;

	for (k = 0; k < s->by_n; k++) {
		if (x[k] != y[k])
			return x[k] < y[k] ? -1 : 1;
		if (x[k] == UINT64_MAX || word_is_whole(&s->by[k], x[k]))
			continue;
		r = column_compare(s->by[k].col, s->c, s->rows[a], s->rows[b], s->by[k].desc);
		if (r)
			return r;
	}
	return 0;
}

static void merge(const struct sorter *s, const uint32_t *from, uint32_t *to, size_t lo, size_t mid,
		  size_t hi)
{
	size_t i = lo, j = mid, k;

	/* In order already: most runs of a frame that resembles the last one. */
	if (mid >= hi || compare(s, from[mid - 1], from[mid]) <= 0) {
		memcpy(to + lo, from + lo, (hi - lo) * sizeof(*to));
		return;
	}
	for (k = lo; k < hi; k++)
		to[k] = i < mid && (j >= hi || compare(s, from[i], from[j]) <= 0) ? from[i++] : from[j++];
}

void sort_rows(const struct ctx *c, const struct sort_key *by, unsigned by_n, uint32_t *rows, size_t n,
	       uint64_t **keys, size_t *keys_cap)
{
	struct sorter s = {.c = c, .by = by, .by_n = by_n};
	uint32_t *a, *b, *was;
	size_t i, width, lo, mid, hi;
	struct value v;
	uint64_t word;
	unsigned k;

	if (n < 2 || !by_n)
		return;
	if (*keys_cap < n * by_n)
		*keys = vec_grow_(*keys, keys_cap, n * by_n, sizeof(**keys));
	for (i = 0; i < n; i++) {
		for (k = 0; k < by_n; k++) {
			column_value(by[k].col, c, rows[i], &v);
			word = UINT64_MAX; /* nulls last in either direction */
			if (!v.null) {
				word = word_of(&v, by[k].col->kind);
				word = word == UINT64_MAX ? word - 1 : word;
				word = by[k].desc ? UINT64_MAX - 1 - word : word;
			}
			(*keys)[i * by_n + k] = word;
		}
	}
	was = mem_dup(rows, n * sizeof(*rows));
	a = mem_alloc(n, sizeof(*a));
	b = mem_alloc(n, sizeof(*b));
	s.keys = *keys;
	s.rows = was;
	for (i = 0; i < n; i++)
		a[i] = (uint32_t)i;
	for (width = 1; width < n; width *= 2) {
		for (lo = 0; lo < n; lo += 2 * width) {
			mid = lo + width < n ? lo + width : n;
			hi = lo + 2 * width < n ? lo + 2 * width : n;
			merge(&s, a, b, lo, mid, hi);
		}
		uint32_t *t = a;

		a = b;
		b = t;
	}
	for (i = 0; i < n; i++)
		rows[i] = was[a[i]];
	free(was);
	free(a);
	free(b);
}
