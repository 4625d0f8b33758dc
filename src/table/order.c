/* Puts rows into order without looking at more than is needed: a row's key is squeezed into a word, the rows of the
 * window are selected by words alone, and only where words are equal the next key is read. All of it in steps: what is
 * still to be done with which range of the rows is kept on a stack, and each item of it is worth some microseconds. */
#include "order_private.h"
#include "sockeye/base/mem.h"
#include "sockeye/base/threads.h"
#include <stdlib.h>
#include <string.h>

#define SMALL 24 /* items that are sorted by insertion */
#define RADIX_MIN 1024 /* between these a range that is wanted whole is sorted digit by digit */
#define RADIX_MAX 16384
#define TRIES 48 /* pivots, after which digits it is whatever the size: somebody might arrange for bad ones */
#define DEEP 6 /* words into a text, after which whole texts are compared */

void order_done(struct order *o)
{
	vec_done(&o->v);
	vec_done(&o->spare);
	vec_done(&o->todo);
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

/* Ranges */

struct sorter { /* one step */
	struct order *o;
	const struct sort_key *by;
	unsigned by_n;
	const struct ctx *c;
	size_t spent; /* since the time was asked for last; about a nanosecond each */
};
/* What an item costs. */
#define COST_WORD 80
#define COST_PART 3
#define COST_RADIX 25
#define COST_MERGE 150
#define ASK_EVERY 60000
#define WORDS_AT_ONCE 512
#define PARTED_AT_ONCE 16384
#define MERGED_AT_ONCE 256

void order_add(struct order *o, enum todo todo, size_t lo, size_t hi, unsigned key, unsigned depth,
	       unsigned tries)
{
	if (hi - lo < 2 || hi <= o->from || lo >= o->to)
		return; /* nothing to be put into order, or nobody looks at it */
	vec_push(&o->todo, ((struct order_range){.lo = lo,
						 .hi = hi,
						 .at = lo,
						 .todo = (uint8_t)todo,
						 .key = (uint8_t)key,
						 .depth = (uint8_t)depth,
						 .tries = (uint8_t)tries}));
}

static struct order_range *next(struct sorter *s)
{
	return &s->o->todo.v[s->o->todo.n - 1];
}

static struct order_range take(struct sorter *s)
{
	return s->o->todo.v[--s->o->todo.n];
}

static void read_words(struct sorter *s)
{
	struct order_range *r = next(s);
	struct order_item *v = s->o->v.v;
	size_t to = r->hi - r->at < WORDS_AT_ONCE ? r->hi : r->at + WORDS_AT_ONCE, i;

	for (i = r->at; i < to; i++)
		v[i].word =
			r->key < s->by_n ? order_word(&s->by[r->key], s->c, v[i].row, r->depth) : v[i].row;
	s->spent += (to - r->at) * COST_WORD;
	r->at = to;
	if (to == r->hi) {
		r->todo = TODO_PART;
		r->at = r->lo;
	}
}

void order_add_next(struct order *o, const struct sort_key *by, unsigned by_n, size_t lo, size_t hi,
		    unsigned key, unsigned depth)
{
	if (hi - lo < 2 || key >= by_n)
		return;
	if (order_whole(&by[key], o->v.v[lo].word, depth))
		order_add(o, TODO_WORDS, lo, hi, key + 1, 0, 0);
	else if (depth + 1 < DEEP)
		order_add(o, TODO_WORDS, lo, hi, key, depth + 1, 0);
	else
		order_add(o, TODO_VALUES, lo, hi, key, 0, 0);
}

/* The items from `at` on are in order as far as TODO_RUNS and TODO_ALIKE go: where does the run of equal ones end? */
static size_t run_end(struct sorter *s, const struct order_range *r)
{
	const struct order_item *v = s->o->v.v;
	size_t i = r->at + 1;

	if (r->todo == TODO_RUNS) {
		while (i < r->hi && v[i].word == v[r->at].word)
			i++;
		s->spent += (i - r->at) * COST_PART;
	} else {
		while (i < r->hi && i - r->at < MERGED_AT_ONCE &&
		       !column_compare(s->by[r->key].col, s->c, v[r->at].row, v[i].row, false))
			i++;
		s->spent += (i - r->at) * COST_MERGE;
	}
	return i;
}

static void next_runs(struct sorter *s)
{
	struct order_range *r = next(s);
	size_t start = r->at, end = run_end(s, r);
	struct order_range was = *r;

	if (end == was.hi)
		take(s);
	else
		r->at = end;
	order_add_next(s->o, s->by, s->by_n, start, end, was.key, was.depth);
}

/* Likewise of whole values. A long run is looked through piece by piece, from lo on. */
static void next_alike(struct sorter *s)
{
	struct order_range *r = next(s);
	size_t end = run_end(s, r);
	struct order_range was = *r;

	if (end < was.hi && end - was.at == MERGED_AT_ONCE) {
		r->at = end - 1; /* as the one at lo */
		return;
	}
	if (end == was.hi)
		take(s);
	else
		r->lo = r->at = end;
	order_add(s->o, TODO_WORDS, was.lo, end, was.key + 1u, 0, 0);
}

/* Stable; runs of twice the length in each pass, out of v into spare and back. */
static void merge_values(struct sorter *s)
{
	struct order_range *r = next(s);
	struct order *o = s->o;
	size_t to, lo, mid, hi, n = r->hi - r->lo;
	const struct sort_key *by = &s->by[r->key];

	if (r->at == r->lo && !o->width) {
		o->width = 1;
		memcpy(o->spare.v + r->lo, o->v.v + r->lo, n * sizeof(*o->v.v));
	}
	to = r->hi - r->at < MERGED_AT_ONCE ? r->hi : r->at + MERGED_AT_ONCE;
	s->spent += (to - r->at) * COST_MERGE;
	for (; r->at < to; r->at++) {
		size_t in = (r->at - r->lo) % (2 * o->width);

		lo = r->at - in;
		mid = r->hi - lo < o->width ? r->hi : lo + o->width;
		hi = r->hi - lo < 2 * o->width ? r->hi : lo + 2 * o->width;
		if (!in) {
			o->lt = lo;
			o->gt = mid;
		}
		if (o->gt >= hi || (o->lt < mid && column_compare(by->col, s->c, o->spare.v[o->lt].row,
								  o->spare.v[o->gt].row, by->desc) <= 0))
			o->v.v[r->at] = o->spare.v[o->lt++];
		else
			o->v.v[r->at] = o->spare.v[o->gt++];
	}
	if (r->at < r->hi)
		return;
	o->width *= 2;
	r->at = r->lo;
	if (o->width < n) {
		memcpy(o->spare.v + r->lo, o->v.v + r->lo, n * sizeof(*o->v.v));
	} else {
		o->width = 0;
		r->todo = TODO_ALIKE;
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

/* Sorts the range at once if that is a small thing. */
static bool sort_small(struct sorter *s, const struct order_range *r)
{
	struct order_item *v = s->o->v.v + r->lo;
	size_t n = r->hi - r->lo;
	bool whole = r->lo >= s->o->from && r->hi <= s->o->to;

	if (ascends(v, n)) {
		s->spent += n;
	} else if (n <= SMALL) {
		insertion(v, n);
		s->spent += n * n;
	} else if ((whole && n >= RADIX_MIN && n <= RADIX_MAX) || r->tries > TRIES) {
		radix(v, s->o->spare.v + r->lo, n);
		s->spent += n * COST_RADIX;
	} else {
		return false;
	}
	return true;
}

/* Into what is less than a pivot, equal to it, and greater. */
static void part(struct sorter *s)
{
	struct order_range *r = next(s), was;
	struct order *o = s->o;
	struct order_item *v = o->v.v, x;
	size_t n = PARTED_AT_ONCE;

	if (r->at == r->lo) {
		if (sort_small(s, r)) {
			r->todo = TODO_RUNS;
			return;
		}
		o->pivot = pivot_of(v + r->lo, r->hi - r->lo);
		o->lt = r->lo;
		o->gt = r->hi;
	}
	for (; r->at < o->gt && n; n--) {
		x = v[r->at];
		if (x.word < o->pivot) {
			v[r->at++] = v[o->lt];
			v[o->lt++] = x;
		} else if (x.word > o->pivot) {
			v[r->at] = v[--o->gt];
			v[o->gt] = x;
		} else {
			r->at++;
		}
	}
	s->spent += (PARTED_AT_ONCE - n) * COST_PART;
	if (r->at < o->gt)
		return;
	was = take(s);
	order_add(s->o, TODO_PART, o->gt, was.hi, was.key, was.depth, was.tries + 1u);
	order_add_next(s->o, s->by, s->by_n, o->lt, o->gt, was.key, was.depth);
	order_add(s->o, TODO_PART, was.lo, o->lt, was.key, was.depth, was.tries + 1u);
}

static void begin(struct order *o, enum todo todo, size_t from, size_t to)
{
	o->from = from;
	o->to = to;
	o->width = 0;
	vec_clear(&o->spare);
	vec_reserve(&o->spare, o->v.n + 1);
	vec_clear(&o->todo);
	order_add(o, todo, 0, o->v.n, 0, 0, 0);
}

void order_begin(struct order *o, const uint32_t *rows, size_t n, size_t from, size_t to)
{
	vec_clear(&o->v);
	vec_reserve(&o->v, n + 1);
	for (size_t i = 0; i < n; i++)
		o->v.v[i] = (struct order_item){0, rows[i]};
	o->v.n = n;
	begin(o, TODO_WORDS, from, to);
}

void order_begin_words(struct order *o)
{
	begin(o, TODO_PART, 0, o->v.n);
}

/* Worth several processors, and nothing of it is done. */
static bool has_large(const struct order *o)
{
	const struct order_range *r = o->todo.v;

	return o->todo.n == 1 && r->todo == TODO_WORDS && r->at == r->lo &&
	       r->hi - r->lo >= ORDER_SHARED_FROM && !o->from && o->to >= r->hi;
}

bool order_step(struct order *o, const struct sort_key *by, unsigned by_n, const struct ctx *c,
		const struct slice *slice)
{
	struct sorter s = {.o = o, .by = by, .by_n = by_n, .c = c};

	if (!slice && threads_shares() > 1 && has_large(o))
		order_share(o, by, by_n, c, threads_shares());
	while (o->todo.n) {
		switch ((enum todo)next(&s)->todo) {
		case TODO_WORDS:
			read_words(&s);
			break;
		case TODO_PART:
			part(&s);
			break;
		case TODO_RUNS:
			next_runs(&s);
			break;
		case TODO_VALUES:
			merge_values(&s);
			break;
		case TODO_ALIKE:
			next_alike(&s);
			break;
		}
		if (s.spent < ASK_EVERY)
			continue;
		s.spent = 0;
		if (o->todo.n && slice_over(slice))
			return false;
	}
	return true;
}

void order_select(struct order *o, const struct sort_key *by, unsigned by_n, const struct ctx *c,
		  const uint32_t *rows, size_t n, size_t from, size_t to)
{
	order_begin(o, rows, n, from, to);
	order_step(o, by, by_n, c, NULL);
}

void order_words(struct order *o)
{
	order_begin_words(o);
	order_step(o, NULL, 0, NULL, NULL);
}
