/* What a filter can be about, for completion, help and manual: the fields, and the values that a field has now. */
#include "columns_kit.h"
#include "filter_private.h"
#include "table_private.h"
#include <stdlib.h>
#include <strings.h>

const char *filter_word_at(const char *field, size_t i)
{
	struct field f;
	const char *word;
	size_t at;

	if (!field_find(field, &f))
		return NULL;
	for (at = 0; (word = field_word(&f, at)); at++)
		if (*word && !i--)
			return word;
	return NULL;
}

struct distinct {
	struct value v;
	uint32_t rows;
	uint32_t last; /* row of a socket that counted last */
};
struct filter_counting {
	const struct table *t; /* borrowed, with the frame, until it has come to its end */
	struct ctx c;
	struct field field;
	uint32_t protos;
	char *prefix; /* owned */
	size_t limit;
	uint32_t more; /* values behind the best ones */
	uint32_t row; /* the next one */
	size_t value; /* when all rows are counted: likewise of the values */
	VEC(struct distinct) values;
	VEC(uint32_t) best; /* into values, best first */
	struct map seen; /* what identifies a value → index; NONE - 1: it does not begin with the prefix */
	struct map pairs; /* (index, row of the view) */
	struct str text; /* scratch */
};
#define UNFIT (NONE - 1)

static bool offered(uint8_t kind)
{
	return kind == KIND_TEXT || kind == KIND_WORD || kind == KIND_ID || kind == KIND_ADDR ||
	       kind == KIND_BOOL;
}

bool filter_offers(const struct filter_field *f)
{
	return f->sock && offered(f->kind);
}

static void key_of(const struct field *f, const struct value *v, uint64_t key[2])
{
	uint64_t h = UINT64_C(14695981039346656037);
	struct ip ip;
	uint32_t i;

	if (v->s && f->kind != KIND_WORD) {
		for (i = 0; i < v->s_n; i++)
			h = (h ^ (uint8_t)v->s[i]) * UINT64_C(1099511628211);
		key[0] = h;
		key[1] = v->s_n | UINT64_C(1) << 63;
	} else if (f->kind == KIND_ADDR) {
		ip_unmap(v->ip.b, v->ip.v6, &ip);
		memcpy(key, ip.b, 16);
		key[1] ^= ip.v6 ? UINT64_C(0x9e3779b97f4a7c15) : 0;
	} else {
		key[0] = (uint64_t)v->i;
		key[1] = UINT64_C(1) << 62;
	}
}

static bool begins(struct filter_counting *n, const struct value *v)
{
	const char *s;

	if (!*n->prefix)
		return true;
	str_clear(&n->text);
	print_value(&n->field, v, &n->text);
	s = str_text(&n->text);
	return !strncasecmp(s, n->prefix, strlen(n->prefix)) ||
	       (*s == '"' && !strncasecmp(s + 1, n->prefix, strlen(n->prefix)));
}

static uint32_t index_of(struct filter_counting *n, const struct value *v)
{
	uint64_t key[2];
	uint32_t *at;

	key_of(&n->field, v, key);
	at = map_at(&n->seen, key[0], key[1]);
	if (*at == MAP_NONE) {
		*at = begins(n, v) ? (uint32_t)n->values.n : UNFIT;
		if (*at != UNFIT)
			vec_push(&n->values, ((struct distinct){*v, 0, NONE}));
	}
	return *at;
}

/* The value was met in a row of the view; it counts there once. */
static void count(struct filter_counting *n, uint32_t value, uint32_t row)
{
	uint32_t *at;

	if (!table_in_view(n->t, n->protos, n->c.f, row))
		return;
	if (n->t->rows_kind == ROWS_SOCK) {
		if (n->values.v[value].last == row)
			return;
		n->values.v[value].last = row;
	} else {
		at = map_at(&n->pairs, value, row);
		if (*at != MAP_NONE)
			return;
		*at = 0;
	}
	n->values.v[value].rows++;
}

static void count_sock(struct filter_counting *n, uint32_t row)
{
	const struct row *r = frame_row(n->c.f, row);
	uint32_t value;
	struct value v;
	unsigned i, k;

	for (i = 0; field_value(&n->field, &n->c, row, i, &v); i++) {
		if (v.null)
			continue;
		value = index_of(n, &v);
		if (value == UNFIT)
			continue;
		switch (n->t->rows_kind) {
		case ROWS_SOCK:
			count(n, value, row);
			break;
		case ROWS_PORT:
			if (frame_port_of(n->c.f, row) < n->c.f->ports.n)
				count(n, value, frame_port_of(n->c.f, row));
			break;
		case ROWS_PROC:
			for (k = 0; k < r->owner_n; k++)
				if (!frame_owner(n->c.f, r, k)->former)
					count(n, value, frame_owner(n->c.f, r, k)->proc);
			break;
		case ROWS_N:
			break;
		}
	}
}

static bool better(const struct filter_counting *n, const struct distinct *a, const struct distinct *b)
{
	if (a->rows != b->rows)
		return a->rows > b->rows;
	return value_compare(&a->v, &b->v, n->field.kind) < 0;
}

/* The best ones, found by insertion: they are few. */
static void take_best(struct filter_counting *n, size_t to)
{
	size_t k;

	for (; n->value < to; n->value++) {
		if (!n->values.v[n->value].rows)
			continue;
		for (k = n->best.n; k && better(n, &n->values.v[n->value], &n->values.v[n->best.v[k - 1]]);
		     k--)
			n->best.v[k] = n->best.v[k - 1];
		n->best.v[k] = (uint32_t)n->value;
		if (n->best.n < n->limit)
			n->best.n++;
		else
			n->more++;
	}
}

static void put_values(const struct filter_counting *n, struct filter_values *ret)
{
	size_t i, at;

	ret->more = n->more;
	for (i = 0; i < n->best.n; i++) {
		print_value(&n->field, &n->values.v[n->best.v[i]].v, &ret->texts);
		str_putc(&ret->texts, '\0');
		vec_push(&ret->v, ((struct filter_value){NULL, n->values.v[n->best.v[i]].rows}));
	}
	for (i = at = 0; i < ret->v.n; i++) {
		ret->v.v[i].text = ret->texts.s + at;
		at += strlen(ret->texts.s + at) + 1;
	}
}

static void counting_free(struct filter_counting *n)
{
	if (!n)
		return;
	vec_done(&n->values);
	vec_done(&n->best);
	map_done(&n->seen);
	map_done(&n->pairs);
	str_done(&n->text);
	free(n->prefix);
	free(n);
}

void filter_values_forget(struct filter_values *v)
{
	counting_free(v->counting);
	v->counting = NULL;
	vec_clear(&v->v);
	str_clear(&v->texts);
	v->more = 0;
}

void filter_values_done(struct filter_values *v)
{
	if (!v)
		return;
	filter_values_forget(v);
	vec_done(&v->v);
	str_done(&v->texts);
}

void filter_values_begin(struct filter_values *ret, const struct table *t, const struct frame *f,
			 const char *field, const char *prefix, size_t limit)
{
	struct filter_counting *n;
	struct field known;

	filter_values_forget(ret);
	if (!field_find(field, &known) || known.row || !offered(known.kind) || !limit)
		return;
	n = mem_zalloc(1, sizeof(*n));
	n->t = t;
	n->c = (struct ctx){.f = f, .tally = &f->tally};
	n->field = known;
	n->protos = table_protos(t);
	n->prefix = mem_strdup(prefix);
	n->limit = limit;
	vec_reserve(&n->best, limit + 1);
	ret->counting = n;
}

#define ROWS_AT_ONCE 256 /* between two questions whether the time is up */
#define VALUES_AT_ONCE 512

bool filter_values_step(struct filter_values *v, const struct slice *slice)
{
	struct filter_counting *n = v->counting;
	uint32_t rows, to;

	if (!n)
		return true;
	rows = n->c.f->rows_n;
	while (n->row < rows || n->value < n->values.n) {
		if (n->row < rows) {
			to = rows - n->row < ROWS_AT_ONCE ? rows : n->row + ROWS_AT_ONCE;
			for (; n->row < to; n->row++)
				if (!(frame_row(n->c.f, n->row)->marks & MARK_CLOSED))
					count_sock(n, n->row);
		} else {
			take_best(n, n->values.n - n->value < VALUES_AT_ONCE ? n->values.n
									     : n->value + VALUES_AT_ONCE);
		}
		if (slice_over(slice))
			return false;
	}
	put_values(n, v);
	counting_free(n);
	v->counting = NULL;
	return true;
}

void filter_values(const struct table *t, const struct frame *f, const char *field, const char *prefix,
		   size_t limit, struct filter_values *ret)
{
	filter_values_begin(ret, t, f, field, prefix, limit);
	filter_values_step(ret, NULL);
}
