/* Where things are kept: memory, strings, the map, the interning table. */
#include "sockeye/base/intern.h"
#include "sockeye/base/map.h"
#include "sockeye/base/mem.h"
#include "sockeye/base/str.h"
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void hook(void)
{
	(void)!write(STDERR_FILENO, "hook ", 5);
}

static void test_die(void **state)
{
	int fds[2], status;
	char text[64] = "";
	assert_int_equal(pipe(fds), 0);
	pid_t pid = fork();
	if (!pid) {
		dup2(fds[1], STDERR_FILENO);
		die_set_hook(hook);
		mem_alloc(SIZE_MAX, 16);
		_exit(0);
	}
	close(fds[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(read(fds[0], text, sizeof(text) - 1) > 0);
	close(fds[0]);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 2);
	assert_memory_equal(text, "hook sockeye: no memory", 23);
}

static void test_vec(void **state)
{
	VEC(uint32_t) v = {0}, w = {0};
	for (uint32_t i = 0; i < 1000; i++)
		vec_push(&v, i * 3);
	assert_int_equal(v.n, 1000);
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(v.v[i], i * 3);
	vec_swap(&v, &w);
	assert_int_equal(v.n, 0);
	assert_int_equal(w.v[999], 2997);
	size_t cap = w.cap;
	vec_clear(&w);
	assert_int_equal(w.cap, cap);
	vec_done(&w);
	assert_null(w.v);
	void *p = mem_alloc(0, 8);
	assert_non_null(p);
	free(p);
}

/* What comes then is in the room that was made at once, and nothing else changes. */
static void test_expect(void **state)
{
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	const size_t expected = 64 << 20;
	pid_t pid = fork(); /* the others go on with malloc as it is */
	int status;

	if (!pid) {
		VEC(uint64_t) v = {0};
		char *begin, *end;

		mem_return_large();
		mem_expect(expected);
		begin = mem_alloc(1000, 1);
		end = sbrk(0);
		for (uint64_t i = 0; i < 2 << 20; i++)
			vec_push(&v, i * 7);
		for (uint64_t i = 0; i < v.n; i++)
			if (v.v[i] != i * 7)
				_exit(1);
		if ((char *)v.v < begin || (char *)(v.v + v.cap) > end || end - begin < (1 << 25))
			_exit(2);
		vec_done(&v);
		_exit(sbrk(0) < (void *)end ? 3 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!getenv("VALGRIND_LIB")) /* has an allocator of its own */
		assert_int_equal(status, 0);
#else
	skip();
#endif
}

static void test_str(void **state)
{
	struct str b = {0};
	char want[64];
	assert_string_equal(str_text(&b), "");
	static const uint64_t numbers[] = {0,   1,    9,     10,      99,         100,       101,
					   999, 1000, 65535, 1234567, UINT32_MAX, UINT64_MAX};
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		str_clear(&b);
		str_put_u64(&b, numbers[i]);
		snprintf(want, sizeof(want), "%" PRIu64, numbers[i]);
		assert_string_equal(str_text(&b), want);
	}
	static const struct {
		double v;
		const char *s;
	} reals[] = {
		{0, "0"},
		{-0.0, "0"},
		{1.5, "1.5"},
		{-0.125, "-0.125"},
		{0.0004, "0"},
		{-0.0004, "0"},
		{0.0005, "0.001"},
		{12.05, "12.05"},
		{99.9996, "100"},
		{1e14, "100000000000000"},
		{NAN, "null"},
		{INFINITY, "null"},
		{1e15, "1000000000000000"},
	};
	for (size_t i = 0; i < ARRAY_LEN(reals); i++) {
		str_clear(&b);
		str_put_real(&b, reals[i].v);
		assert_string_equal(str_text(&b), reals[i].s);
	}
	str_clear(&b);
	str_put_i64(&b, INT64_MIN);
	str_putc(&b, ' ');
	str_put_i64(&b, -1);
	str_putc(&b, ' ');
	str_put_hex(&b, 0);
	str_putc(&b, ' ');
	str_put_hex(&b, UINT64_C(0xdeadbeef01234567));
	assert_string_equal(str_text(&b), "-9223372036854775808 -1 0 deadbeef01234567");
	str_clear(&b);
	for (int i = 0; i < 300; i++)
		str_putf(&b, "%d,", i % 10);
	assert_int_equal(b.n, 600);
	assert_memory_equal(b.s + 596, "8,9,", 5);
	str_clear(&b);
	str_putf(&b, "%0500d", 1);
	assert_int_equal(b.n, 500);
	str_put(&b, "\0x", 2);
	assert_int_equal(b.n, 502);
	char *s = str_take(&b);
	assert_int_equal(s[501], 'x');
	assert_null(b.s);
	free(s);
	s = str_take(&b);
	assert_string_equal(s, "");
	free(s);
	str_done(NULL);
}

#define KEYS 5000

static void test_map(void **state)
{
	static struct {
		uint64_t a, b;
		uint32_t value;
	} naive[KEYS];
	struct map m = {0};
	assert_int_equal(map_get(&m, 0, 0), MAP_NONE);
	unsigned seed = 1;
	size_t n = 0;
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 12000; i++) {
			/* Small, dense and high keys, and a and b exchanged. */
			uint64_t a = (uint64_t)rand_r(&seed) % 70, b = (uint64_t)rand_r(&seed) % 70;
			if (i % 3 == 0)
				a <<= 48;
			size_t at = 0;
			while (at < n && (naive[at].a != a || naive[at].b != b))
				at++;
			assert_int_equal(map_get(&m, a, b), at < n ? naive[at].value : MAP_NONE);
			if (at == n && n == KEYS)
				continue;
			uint32_t *v = map_at(&m, a, b);
			assert_int_equal(*v, at < n ? naive[at].value : MAP_NONE);
			*v = (uint32_t)i;
			naive[at].a = a;
			naive[at].b = b;
			naive[at].value = (uint32_t)i;
			n += at == n;
			assert_int_equal(m.n, n);
		}
		size_t cap = m.cap;
		map_clear(&m);
		assert_int_equal(m.cap, cap);
		assert_int_equal(map_get(&m, naive[0].a, naive[0].b), MAP_NONE);
		n = 0;
	}
	map_reserve(&m, 100000);
	struct map_slot *slots = m.slots;
	for (uint64_t i = 0; i < 100000; i++)
		*map_at(&m, i << 32, 0) = (uint32_t)i;
	assert_ptr_equal(m.slots, slots); /* no growth after the reservation */
	for (uint64_t i = 0; i < 100000; i++)
		assert_int_equal(map_get(&m, i << 32, 0), i);
	map_done(&m);
	map_done(NULL);
}

/* Whatever the map is used for next has no more room than a few times its keys, and keeps what it has while it is
 * used as before. */
static void test_map_cleared_gives_room_back(void **state)
{
	struct map m = {0};
	size_t cap;

	for (uint64_t n = 40000; n; n /= 3) {
		for (int round = 0; round < 3; round++) {
			for (uint64_t i = 0; i < n; i++)
				*map_at(&m, i, n) = (uint32_t)i;
			cap = m.cap;
			map_clear(&m);
			assert_true(round == 0 || m.cap == cap);
		}
		if (cap > 512)
			assert_true(cap <= n * 4);
	}
	map_done(&m);
}

static void test_intern(void **state)
{
	struct intern *in = intern_new();
	assert_int_equal(intern_add(in, "", 0), 0);
	assert_int_equal(intern_count(in), 1);
	uint32_t a = intern_adds(in, "nginx"), nul = intern_add(in, "ngi\0x", 5);
	assert_int_equal(a, 1);
	assert_int_equal(nul, 2);
	assert_int_equal(intern_adds(in, "nginx"), a);
	assert_memory_equal(intern_get(in, nul), "ngi\0x", 6);
	assert_int_equal(intern_len(in, nul), 5);
	const char *first = intern_get(in, a);
	char *big = mem_zalloc(300000, 1);
	memset(big, 'y', 299999);
	uint32_t long_id = intern_adds(in, big);
	char name[32];
	for (int i = 0; i < 50000; i++) {
		int n = snprintf(name, sizeof(name), "process-%d", i);
		assert_int_equal(intern_add(in, name, (size_t)n), long_id + 1 + (uint32_t)i);
	}
	for (int i = 0; i < 50000; i++) {
		snprintf(name, sizeof(name), "process-%d", i);
		assert_string_equal(intern_get(in, long_id + 1 + (uint32_t)i), name);
		assert_int_equal(intern_adds(in, name), long_id + 1 + (uint32_t)i);
	}
	assert_ptr_equal(intern_get(in, a), first); /* never moves */
	assert_string_equal(intern_get(in, long_id), big);
	assert_string_equal(intern_get(in, 4000000), "");
	assert_int_equal(intern_len(in, UINT32_MAX), 0);
	free(big);
	intern_free(in);
	intern_free(NULL);
}

/* What was not marked twice in a row, nor added meanwhile, goes; its id is another string's then. */
static void test_intern_sweep(void **state)
{
	struct intern *in = intern_new();
	uint32_t kept = intern_adds(in, "kept"), gone = intern_adds(in, "gone"),
		 back = intern_adds(in, "back");
	const char *at = intern_get(in, kept);
	char name[32];

	for (int i = 0; i < 3; i++) {
		assert_string_equal(intern_get(in, gone), i < 2 ? "gone" : "");
		assert_int_equal(intern_adds(in, "back"), back); /* in time */
		intern_mark_begin(in);
		intern_mark(in, kept);
		intern_mark(in, UINT32_MAX);
		assert_true(intern_marked(in, kept) && !intern_marked(in, gone) && intern_marked(in, 0));
		intern_sweep(in);
	}
	assert_ptr_equal(intern_get(in, kept), at);
	assert_int_equal(intern_adds(in, "kept"), kept);
	assert_string_equal(intern_get(in, back), "back");
	assert_int_equal(intern_len(in, gone), 0);
	assert_int_equal(intern_live(in), 3); /* with the empty one */
	assert_int_equal(intern_adds(in, "new"), gone);
	assert_string_equal(intern_get(in, gone), "new");
	assert_int_not_equal(intern_adds(in, "gone"), gone);
	assert_int_equal(intern_adds(in, ""), 0);
	/* Many at once, found again all the same, and found to be too many. */
	assert_false(intern_wasteful(in));
	for (int i = 0; i < 20000; i++)
		intern_add(in, name, (size_t)snprintf(name, sizeof(name), "process-%d", i));
	assert_true(intern_wasteful(in));
	for (int i = 0; i < 2; i++) {
		intern_mark_begin(in);
		for (int k = 0; k < 20000; k += 10)
			intern_mark(in, intern_add(in, name,
						   (size_t)snprintf(name, sizeof(name), "process-%d", k)));
		intern_sweep(in);
	}
	assert_false(intern_wasteful(in));
	assert_int_equal(intern_live(in), 2001);
	for (int k = 0; k < 20000; k++) {
		uint32_t n = intern_count(in);
		size_t len = (size_t)snprintf(name, sizeof(name), "process-%d", k);

		assert_string_equal(intern_get(in, intern_add(in, name, len)), name);
		assert_int_equal(intern_count(in), n); /* in places that have come free */
	}
	intern_free(in);
}

static void test_intern_full(void **state)
{
	struct intern *in = intern_new();
	char name[16];
	for (uint32_t i = 1; i < INTERN_FULL; i++)
		intern_add(in, name, (size_t)snprintf(name, sizeof(name), "%x", i));
	assert_int_equal(intern_count(in), INTERN_FULL);
	assert_int_equal(intern_adds(in, "one too many"), INTERN_FULL);
	assert_int_equal(intern_adds(in, "another"), INTERN_FULL);
	assert_int_equal(intern_count(in), INTERN_MAX);
	assert_string_equal(intern_get(in, INTERN_FULL), "…");
	assert_int_equal(intern_adds(in, "a"), 10);
	assert_string_equal(intern_get(in, INTERN_FULL - 1), "3ffffe");
	intern_free(in);
}

struct shared {
	struct intern *in;
	_Atomic bool over;
	uint32_t wrong;
};

static void *reader(void *arg)
{
	struct shared *x = arg;
	char name[32];
	while (!atomic_load(&x->over)) {
		uint32_t n = intern_count(x->in);
		for (uint32_t id = n > 64 ? n - 64 : 1; id < n; id++) {
			snprintf(name, sizeof(name), "n%u", id);
			x->wrong += strcmp(intern_get(x->in, id), name) != 0;
		}
	}
	return NULL;
}

static void test_intern_readers(void **state)
{
	struct shared x = {.in = intern_new()};
	pthread_t t;
	char name[32];
	assert_int_equal(pthread_create(&t, NULL, reader, &x), 0);
	for (uint32_t i = 1; i < 200000; i++)
		intern_add(x.in, name, (size_t)snprintf(name, sizeof(name), "n%u", i));
	atomic_store(&x.over, true);
	pthread_join(t, NULL);
	assert_int_equal(x.wrong, 0);
	intern_free(x.in);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_die),         cmocka_unit_test(test_vec),
		cmocka_unit_test(test_expect),      cmocka_unit_test(test_str),
		cmocka_unit_test(test_map),         cmocka_unit_test(test_map_cleared_gives_room_back),
		cmocka_unit_test(test_intern),      cmocka_unit_test(test_intern_sweep),
		cmocka_unit_test(test_intern_full), cmocka_unit_test(test_intern_readers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
