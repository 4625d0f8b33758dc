/* Texts that arrive after the frame that shows them: set once, atomically, by whoever read them. */
#include "sockeye/model/late.h"
#include "sockeye/base/mem.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct text {
	uint32_t n;
	char s[];
};

struct late {
	atomic_uint refs;
	atomic_uint claimed; /* bits 1 << enum late_what */
	uint64_t a, b;
	_Atomic(struct text *) text[LATE_N]; /* owned; NULL until known */
};

struct late *late_new(uint64_t a, uint64_t b)
{
	struct late *l = mem_zalloc(1, sizeof(*l));

	atomic_init(&l->refs, 1);
	l->a = a;
	l->b = b;
	return l;
}

struct late *late_ref(struct late *l)
{
	atomic_fetch_add_explicit(&l->refs, 1, memory_order_relaxed);
	return l;
}

void late_unref(struct late *l)
{
	if (!l || atomic_fetch_sub_explicit(&l->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (int i = 0; i < LATE_N; i++)
		free(atomic_load_explicit(&l->text[i], memory_order_relaxed));
	free(l);
}

uint64_t late_a(const struct late *l)
{
	return l->a;
}

uint64_t late_b(const struct late *l)
{
	return l->b;
}

const char *late_get_n(const struct late *l, enum late_what what, uint32_t *ret_n)
{
	const struct text *t = atomic_load_explicit(&l->text[what], memory_order_acquire);

	if (!t)
		return NULL;
	*ret_n = t->n;
	return t->s;
}

const char *late_get(const struct late *l, enum late_what what)
{
	uint32_t n;

	return late_get_n(l, what, &n);
}

void late_set(struct late *l, enum late_what what, const char *bytes, uint32_t n)
{
	struct text *t = mem_alloc(1, sizeof(*t) + (size_t)n + 1), *none = NULL;

	t->n = n;
	if (n)
		memcpy(t->s, bytes, n);
	t->s[n] = '\0';
	if (!atomic_compare_exchange_strong_explicit(&l->text[what], &none, t, memory_order_release,
						     memory_order_relaxed))
		free(t);
}

bool late_claim(struct late *l, enum late_what what)
{
	unsigned bit = 1u << what;

	return !(atomic_fetch_or_explicit(&l->claimed, bit, memory_order_relaxed) & bit);
}
