/* The kernel's accounting of sockets: sockstat as kernels write it, cut short, and missing. */
#include "memory.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const char whole[] =
	"sockets: used 290\nTCP: inuse 11 orphan 3 tw 312 alloc 19 mem 7\nUDP: inuse 9 mem 2\n"
	"UDPLITE: inuse 0\nRAW: inuse 0\nFRAG: inuse 0 memory 0\n";

static void test_parse(void **state)
{
	struct snap_memory m = {0};

	memory_parse(whole, strlen(whole), &m);
	assert_true(m.known);
	assert_int_equal(m.orphans, 3);
	assert_int_equal(m.tcp_alloc, 19);
	assert_int_equal(m.tcp_pages, 7);
	assert_int_equal(m.udp_pages, 2);
}

static void test_cut(void **state)
{
	static const char *const texts[] = {
		"", "\n", "TCP:", "TCP: ", "TCP: orphan", "TCP: inuse 3\n", "UDP: mem", "x"};
	struct snap_memory m;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		memset(&m, 0, sizeof(m));
		memory_parse(texts[i], strlen(texts[i]), &m);
		assert_false(m.known);
		assert_int_equal(m.tcp_pages + m.orphans + m.udp_pages, 0);
	}
	for (size_t n = 0; n < strlen(whole); n++) { /* at every byte */
		char *copy = malloc(n + 1);

		memcpy(copy, whole, n);
		memset(&m, 0, sizeof(m));
		memory_parse(copy, n, &m);
		free(copy);
	}
}

static void put(const char *root, const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void test_read(void **state)
{
	static const char *const dirs[] = {"thread-self", "thread-self/net", "sys", "sys/net",
					   "sys/net/ipv4"};
	char root[] = "/tmp/sockeye-memory-XXXXXX", path[256];
	struct snap_memory m;

	assert_non_null(mkdtemp(root));
	memory_read(root, &m);
	assert_false(m.known);
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", root, dirs[i]);
		assert_int_equal(mkdir(path, 0700), 0);
	}
	put(root, "thread-self/net/sockstat", whole);
	put(root, "sys/net/ipv4/tcp_mem", "100\t200\t300\n");
	put(root, "sys/net/ipv4/udp_mem", "400 rubbish\n");
	put(root, "sys/net/ipv4/tcp_max_orphans", "65536\n");
	memory_read(root, &m);
	assert_true(m.known);
	assert_int_equal(m.page_bytes, sysconf(_SC_PAGESIZE));
	assert_int_equal(m.tcp_mem[0], 100);
	assert_int_equal(m.tcp_mem[1], 200);
	assert_int_equal(m.tcp_mem[2], 300);
	assert_int_equal(m.udp_mem[0], 400);
	assert_int_equal(m.udp_mem[2], 0);
	assert_int_equal(m.orphans_max, 65536);
	assert_int_equal(m.time_wait_max, 0); /* that file is missing */
	snprintf(path, sizeof(path), "rm -rf %s", root);
	assert_int_equal(system(path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
