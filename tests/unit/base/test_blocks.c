/* Arrays that pictures share: one's writes are nobody else's, and what is not written stands in memory once. */
#include "sockeye/base/blocks.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static uint64_t get(const struct blocks *b, size_t i)
{
	return *(const uint64_t *)blocks_at(b, i, sizeof(uint64_t));
}

static void set(struct blocks *b, size_t i, uint64_t v)
{
	*(uint64_t *)blocks_write(b, i, sizeof(uint64_t)) = v;
}

static void copy_on_write(void **state)
{
	struct blocks a = {0}, b = {0}, c = {0};

	(void)state;
	blocks_resize(&a, 130, sizeof(uint64_t));
	assert_int_equal(a.n, 3);
	for (size_t i = 0; i < 130; i++) {
		assert_int_equal(get(&a, i), 0);
		set(&a, i, i);
	}
	blocks_share(&b, &a);
	blocks_share(&c, &b);
	for (size_t k = 0; k < 3; k++)
		assert_ptr_equal(a.v[k], c.v[k]);
	set(&b, 70, 7);
	assert_int_equal(get(&b, 70), 7);
	assert_int_equal(get(&a, 70), 70);
	assert_int_equal(get(&c, 70), 70);
	assert_int_equal(get(&b, 71), 71); /* its neighbours came along */
	assert_ptr_equal(a.v[0], b.v[0]);
	assert_ptr_not_equal(a.v[1], b.v[1]);
	assert_ptr_equal(a.v[1], c.v[1]);
	assert_ptr_equal(blocks_write(&b, 70, 8), blocks_write(&b, 70, 8)); /* its own by now */
	blocks_done(&a);
	assert_int_equal(get(&c, 129), 129);
	blocks_resize(&c, 64, 8);
	assert_int_equal(c.n, 1);
	assert_int_equal(get(&b, 129), 129);
	blocks_resize(&c, 65, 8);
	assert_int_equal(get(&c, 64), 0);
	assert_int_equal(get(&b, 64), 64);
	blocks_share(&c, &c); /* nothing happens */
	assert_int_equal(get(&c, 63), 63);
	blocks_clear(&b);
	assert_int_equal(b.n, 0);
	blocks_done(&b);
	blocks_done(&c);
	blocks_done(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(copy_on_write)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
