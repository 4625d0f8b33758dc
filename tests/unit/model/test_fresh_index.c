/* The set of sockets that a look meets for the first time: each once, whatever their hashes. */
#include "fresh_index.h"
#include "sockeye/base/map.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define MANY 200000u /* so many that some have one hash of 32 bits */

static void put(struct snapshot *s, uint16_t netns, uint64_t cookie)
{
	vec_push(&s->socks, ((struct sock){.netns = netns, .cookie = cookie}));
}

static int by_hash(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static bool some_collide(const struct snapshot *s)
{
	uint64_t *v = mem_alloc(s->socks.n, sizeof(*v));
	bool found = false;

	for (size_t i = 0; i < s->socks.n; i++)
		v[i] = map_hash(s->socks.v[i].netns, s->socks.v[i].cookie) & UINT32_MAX;
	qsort(v, s->socks.n, sizeof(*v), by_hash);
	for (size_t i = 1; i < s->socks.n; i++)
		found |= v[i] == v[i - 1];
	free(v);
	return found;
}

static void each_once(void **state)
{
	static const size_t expected[] = {0, 100, MANY};
	struct fresh_index x = {0};
	struct snapshot s;

	snapshot_init(&s);
	for (uint64_t i = 0; i < MANY; i++)
		put(&s, 0, i * 4096 + 1);
	assert_true(some_collide(&s)); /* else this shows nothing */
	for (size_t e = 0; e < ARRAY_LEN(expected); e++) {
		fresh_index_clear(&x, expected[e]);
		for (uint32_t i = 0; i < MANY; i++)
			assert_true(fresh_index_add(&x, &s, i));
		for (uint32_t i = 0; i < MANY; i++)
			assert_false(fresh_index_add(&x, &s, i));
	}
	fresh_index_done(&x);
	snapshot_done(&s);
}

static void one_cookie_in_two_namespaces(void **state)
{
	struct fresh_index x = {0};
	struct snapshot s;

	snapshot_init(&s);
	put(&s, 0, 7);
	put(&s, 1, 7);
	put(&s, 0, 7);
	fresh_index_clear(&x, 3);
	assert_true(fresh_index_add(&x, &s, 0));
	assert_true(fresh_index_add(&x, &s, 1));
	assert_false(fresh_index_add(&x, &s, 2));
	fresh_index_clear(&x, 0);
	assert_true(fresh_index_add(&x, &s, 2));
	fresh_index_done(&x);
	snapshot_done(&s);
}

static void what_one_look_filled_is_not_kept(void **state)
{
	struct fresh_index x = {0};

	fresh_index_clear(&x, MANY);
	assert_true(x.cap >= MANY);
	fresh_index_clear(&x, 0);
	assert_true(x.cap <= 64);
	fresh_index_done(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_once),
		cmocka_unit_test(one_cookie_in_two_namespaces),
		cmocka_unit_test(what_one_look_filled_is_not_kept),
	};

	return cmocka_run_group_tests_name("fresh_index", tests, NULL, NULL);
}
