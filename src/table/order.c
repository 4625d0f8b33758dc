/* Puts rows into order without looking at more than is needed: a row's key is squeezed into a word, the rows of the
 * window are selected by words alone, and only where words are equal the next key is read. */
#include "order.h"
#include "sockeye/base/mem.h"
#include <stdlib.h>
#include <string.h>

#define SMALL 24 /* items that are sorted by insertion */
#define RADIX 2048 /* from here on a range that is wanted whole is sorted digit by digit */
#define DEEP 6 /* words into a text, after which whole texts are compared */

void order_done(struct order *o)
{
	vec_done(&o->v);
	vec_done(&o->spare);
}

/* Words */

static uint64_t word_of_double(double d)
{
	uint64_t u;

	memcpy(&u, &d, sizeof(u));
	if (d == 0)
		u = 0; /* -0 too */
	return u >> 63 ? ~u : u | UINT64_C(1) << 63;
}

static uint64_t big_endian(const void *bytes)
{
	uint64_t u;

	memcpy(&u, bytes, sizeof(u));
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap64(u) : u;
}

/* Seven bytes, then how many of them (8: and more): bytes that are equal so far are told apart by what follows. */
static uint64_t word_of_text(const char *s, size_t n, unsigned depth)
{
	size_t at = (size_t)depth * 7, left = n > at ? n - at : 0;
	uint8_t b[8] = {0};

	if (left >= 8)
		return (big_endian(s + at) & ~UINT64_C(0xff)) | 8;
	memcpy(b, s + (left ? at : 0), left);
	return (big_endian(b) & ~UINT64_C(0xff)) | left;
}

/* IPv4 below 1 << 63 and whole with its port. IPv6 above, in three words. */
static uint64_t word_of_ip(const struct ip *raw, uint32_t port, unsigned depth)
{
	struct ip ip;

	ip_unmap(raw->b, raw->v6, &ip);
	if (!ip.v6)
		return depth ? 0 : (big_endian(ip.b) >> 32) << 16 | (port & 0xffff);
	if (depth == 0)
		return big_endian(ip.b) >> 2 | UINT64_C(1) << 63;
	if (depth == 1)
		return (big_endian(ip.b + 7) & ~UINT64_C(0xff)) | 8;
	return (uint64_t)ip.b[14] << 56 | (uint64_t)ip.b[15] << 48 | (uint64_t)port << 8;
}

static uint64_t word_of(const struct value *v, uint8_t kind, unsigned depth)
{
	char buf[VALUE_BUF];
	uint32_t n;
	const char *s;

	switch ((enum kind)kind) {
	case KIND_TEXT:
		s = value_text(v, kind, buf, &n);
		return word_of_text(s, n, depth);
	case KIND_ADDR:
	case KIND_ENDPOINT:
		if (v->s) /* of families without: behind all numbers */
			return depth ? word_of_text(v->s, v->s_n, depth - 1) : UINT64_MAX - 1;
		return word_of_ip(&v->ip, kind == KIND_ENDPOINT ? v->port : 0, depth);
	case KIND_RATE:
	case KIND_DURATION:
	case KIND_MS:
	case KIND_REAL:
		return word_of_double(v->d);
	case KIND_HEX:
	case KIND_HEX32:
	case KIND_TIME:
		return depth ? (v->u & 1) << 8 : v->u;
	default:
		return (uint64_t)v->i ^ UINT64_C(1) << 63;
	}
}

uint64_t order_word(const struct sort_key *by, const struct ctx *c, uint32_t row, unsigned depth)
{
	struct value v;
	uint64_t word;

	column_value(by->col, c, row, &v);
	if (v.null)
		return UINT64_MAX;
	word = word_of(&v, by->col->kind, depth);
	word = word == UINT64_MAX ? word - 1 : word;
	return by->desc ? UINT64_MAX - 1 - word : word;
}

bool order_whole(const struct sort_key *by, uint64_t word, unsigned depth)
{
	uint64_t plain = by->desc ? UINT64_MAX - 1 - word : word;

	if (word == UINT64_MAX)
		return true;
	switch ((enum kind)by->col->kind) {
	case KIND_TEXT:
		return (plain & 0xff) < 8;
	case KIND_ADDR:
	case KIND_ENDPOINT:
		return depth ? (plain & 0xff) < 8 : !(plain >> 63);
	case KIND_HEX:
	case KIND_HEX32:
	case KIND_TIME:
		return depth || plain < UINT64_MAX - 1;
	default:
		return true;
	}
}

int order_compare(const struct sort_key *by, unsigned by_n, const struct ctx *c, uint32_t a, uint32_t b)
{
	uint64_t x, y;
	unsigned k;
	int r;

	for (k = 0; k < by_n; k++) {
		x = order_word(&by[k], c, a, 0);
		y = order_word(&by[k], c, b, 0);
		if (x != y)
			return x < y ? -1 : 1;
		if (order_whole(&by[k], x, 0))
			continue;
		r = column_compare(by[k].col, c, a, b, by[k].desc);
		if (r)
			return r;
	}
	return 0;
}

/* Runs */

struct sorter {
	struct order_item *v, *spare;
	const struct sort_key *by;
	unsigned by_n;
	const struct ctx *c;
	size_t from, to; /* the window */
};

static void select_run(struct sorter *s, size_t lo, size_t hi, unsigned key, unsigned depth, unsigned tries);

static bool in_window(const struct sorter *s, size_t lo, size_t hi)
{
	return hi - lo > 1 && hi > s->from && lo < s->to;
}

/* Sorts by whole values of one key: texts that begin alike for long. Stable. */
static void merge_values(struct sorter *s, size_t lo, size_t hi, unsigned key)
{
	size_t mid = lo + (hi - lo) / 2, i = lo, j = mid, k;
	const struct sort_key *by = &s->by[key];

	if (hi - lo < 2)
		return;
	merge_values(s, lo, mid, key);
	merge_values(s, mid, hi, key);
	memcpy(s->spare + lo, s->v + lo, (hi - lo) * sizeof(*s->v));
	for (k = lo; k < hi; k++) {
		if (j >= hi || (i < mid && column_compare(by->col, s->c, s->spare[i].row, s->spare[j].row,
							  by->desc) <= 0))
			s->v[k] = s->spare[i++];
		else
			s->v[k] = s->spare[j++];
	}
}

/* These are equal in the key's word at this depth: what comes next tells them apart. */
static void next_level(struct sorter *s, size_t lo, size_t hi, unsigned key, unsigned depth)
{
	size_t i, start;
	bool whole;

	if (!in_window(s, lo, hi))
		return;
	whole = order_whole(&s->by[key], s->v[lo].word, depth);
	if (!whole && depth + 1 >= DEEP) {
		merge_values(s, lo, hi, key);
		for (start = lo, i = lo + 1; i <= hi; i++) {
			if (i < hi &&
			    !column_compare(s->by[key].col, s->c, s->v[start].row, s->v[i].row, false))
				continue;
			for (size_t k = start; k < i; k++)
				s->v[k].word = UINT64_MAX; /* nothing more to say about this key */
			next_level(s, start, i, key, depth + 1);
			start = i;
		}
		return;
	}
	key += whole;
	depth = whole ? 0 : depth + 1;
	for (i = lo; i < hi; i++)
		s->v[i].word =
			key < s->by_n ? order_word(&s->by[key], s->c, s->v[i].row, depth) : s->v[i].row;
	select_run(s, lo, hi, key, depth, 0);
}

/* The run is sorted by words: goes on where they are equal. */
static void next_runs(struct sorter *s, size_t lo, size_t hi, unsigned key, unsigned depth)
{
	size_t i, start;

	for (start = lo, i = lo + 1; i <= hi && key < s->by_n; i++) {
		if (i < hi && s->v[i].word == s->v[start].word)
			continue;
		next_level(s, start, i, key, depth);
		start = i;
	}
}

static void insertion(struct order_item *v, size_t n)
{
	struct order_item x;
	size_t i, k;

	for (i = 1; i < n; i++) {
		x = v[i];
		for (k = i; k && v[k - 1].word > x.word; k--)
			v[k] = v[k - 1];
		v[k] = x;
	}
}

/* Byte by byte from the last one; bytes that are the same everywhere are left out. */
static void radix(struct order_item *v, struct order_item *spare, size_t n)
{
	struct order_item *from = v, *to = spare, *t;
	uint32_t count[8][256] = {{0}};
	unsigned d, b;
	size_t i;

	for (i = 0; i < n; i++)
		for (d = 0; d < 8; d++)
			count[d][v[i].word >> 8 * d & 255]++;
	for (d = 0; d < 8; d++) {
		uint32_t at = 0, here;

		if (count[d][v[0].word >> 8 * d & 255] == n)
			continue;
		for (b = 0; b < 256; b++) {
			here = count[d][b];
			count[d][b] = at;
			at += here;
		}
		for (i = 0; i < n; i++)
			to[count[d][from[i].word >> 8 * d & 255]++] = from[i];
		t = from;
		from = to;
		to = t;
	}
	if (from != v)
		memcpy(v, from, n * sizeof(*v));
}

static uint64_t median(uint64_t a, uint64_t b, uint64_t c)
{
	if (a < b)
		return b < c ? b : a < c ? c : a;
	return a < c ? a : b < c ? c : b;
}

static uint64_t pivot_of(const struct order_item *v, size_t n)
{
	size_t e = n / 8;

	return median(median(v[0].word, v[e].word, v[2 * e].word),
		      median(v[n / 2 - e].word, v[n / 2].word, v[n / 2 + e].word),
		      median(v[n - 1 - 2 * e].word, v[n - 1 - e].word, v[n - 1].word));
}

static bool ascends(const struct order_item *v, size_t n)
{
	size_t i;

	for (i = 1; i < n; i++)
		if (v[i - 1].word > v[i].word)
			return false;
	return true;
}

static void select_run(struct sorter *s, size_t lo, size_t hi, unsigned key, unsigned depth, unsigned tries)
{
	struct order_item x;
	size_t lt, gt, i;
	uint64_t pivot;

	if (!in_window(s, lo, hi))
		return;
	if (ascends(s->v + lo, hi - lo)) {
		next_runs(s, lo, hi, key, depth);
		return;
	}
	if (hi - lo <= SMALL) {
		insertion(s->v + lo, hi - lo);
		next_runs(s, lo, hi, key, depth);
		return;
	}
	/* Also when the pivots are bad again and again, as somebody might arrange. */
	if ((hi - lo >= RADIX && lo >= s->from && hi <= s->to) || tries > 48) {
		radix(s->v + lo, s->spare + lo, hi - lo);
		next_runs(s, lo, hi, key, depth);
		return;
	}
	pivot = pivot_of(s->v + lo, hi - lo);
	for (lt = i = lo, gt = hi; i < gt;) {
		x = s->v[i];
		if (x.word < pivot) {
			s->v[i++] = s->v[lt];
			s->v[lt++] = x;
		} else if (x.word > pivot) {
			s->v[i] = s->v[--gt];
			s->v[gt] = x;
		} else {
			i++;
		}
	}
	select_run(s, lo, lt, key, depth, tries + 1);
	if (key < s->by_n)
		next_level(s, lt, gt, key, depth);
	select_run(s, gt, hi, key, depth, tries + 1);
}

void order_select(struct order *o, const struct sort_key *by, unsigned by_n, const struct ctx *c, size_t from,
		  size_t to)
{
	struct sorter s = {.by = by, .by_n = by_n, .c = c, .from = from, .to = to};

	if (o->v.n < 2)
		return;
	vec_clear(&o->spare);
	vec_reserve(&o->spare, o->v.n);
	s.v = o->v.v;
	s.spare = o->spare.v;
	if (by_n) {
		select_run(&s, 0, o->v.n, 0, 0, 0);
		return;
	}
	for (size_t i = 0; i < o->v.n; i++)
		s.v[i].word = s.v[i].row;
	select_run(&s, 0, o->v.n, 0, 0, 0);
}

/* In pieces: runs of a length that takes a millisecond or two are put into order one by one, then merged in as many
 * passes as it takes. */
#define RUN 4096
#define MERGED 8192 /* items a step */

void order_begin(struct order *o)
{
	o->run = o->at = 0;
	vec_clear(&o->spare);
	vec_reserve(&o->spare, o->v.n + 1);
}

static void next_run(struct order *o, const struct sort_key *by, unsigned by_n, const struct ctx *c)
{
	size_t to = o->v.n - o->at < RUN ? o->v.n : o->at + RUN, i;
	struct sorter s = {
		.v = o->v.v, .spare = o->spare.v, .by = by, .by_n = by_n, .c = c, .from = o->at, .to = to};

	for (i = o->at; i < to && !by_n; i++)
		o->v.v[i].word = o->v.v[i].row;
	select_run(&s, o->at, to, 0, 0, 0);
	for (i = o->at; i < to && by_n; i++) /* they have become those of further keys */
		o->v.v[i].word = order_word(by, c, o->v.v[i].row, 0);
	o->at = to;
}

static bool comes_first(const struct order_item *a, const struct order_item *b, const struct sort_key *by,
			unsigned by_n, const struct ctx *c)
{
	unsigned whole;
	int r;

	if (a->word != b->word || !by_n)
		return a->word <= b->word;
	whole = order_whole(by, a->word, 0);
	r = order_compare(by + whole, by_n - whole, c, a->row, b->row);
	return r ? r < 0 : a->row <= b->row;
}

static void merge_some(struct order *o, const struct sort_key *by, unsigned by_n, const struct ctx *c)
{
	size_t n = o->v.n, to = n - o->at < MERGED ? n : o->at + MERGED, lo, mid, hi;

	for (; o->at < to; o->at++) {
		lo = o->at - o->at % (2 * o->run);
		mid = n - lo < o->run ? n : lo + o->run;
		hi = n - lo < 2 * o->run ? n : lo + 2 * o->run;
		if (o->at == lo) {
			o->left = lo;
			o->right = mid;
		}
		if (o->right >= hi ||
		    (o->left < mid && comes_first(&o->v.v[o->left], &o->v.v[o->right], by, by_n, c)))
			o->spare.v[o->at] = o->v.v[o->left++];
		else
			o->spare.v[o->at] = o->v.v[o->right++];
	}
}

bool order_step(struct order *o, const struct sort_key *by, unsigned by_n, const struct ctx *c)
{
	size_t n = o->v.n;

	if (!o->run && o->at < n) {
		next_run(o, by, by_n, c);
		if (o->at < n)
			return false;
		o->run = RUN;
		o->at = 0;
		return o->run >= n;
	}
	if (o->run >= n)
		return true;
	merge_some(o, by, by_n, c);
	if (o->at < n)
		return false;
	o->spare.n = n;
	vec_swap(&o->v, &o->spare);
	vec_clear(&o->spare);
	o->at = 0;
	o->run *= 2;
	return o->run >= n;
}

void order_words(struct order *o)
{
	struct sorter s = {.to = o->v.n};

	vec_clear(&o->spare);
	vec_reserve(&o->spare, o->v.n);
	s.v = o->v.v;
	s.spare = o->spare.v;
	if (o->v.n > 1)
		select_run(&s, 0, o->v.n, 0, 0, 0);
}
