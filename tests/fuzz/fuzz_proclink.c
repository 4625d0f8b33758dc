/* Feeds any text as the fdinfo of an io_uring: read whole, and read in pieces, it must name the same sockets. */
#include "fuzz_plain.h"
#include "sockeye/base/mem.h"
#include "sockeye/base/proclink.h"
#include <string.h>

struct sum {
	uint64_t n, hash;
};

static void take(void *arg, uint32_t inode)
{
	struct sum *s = arg;

	if (!inode)
		abort();
	s->n++;
	s->hash = s->hash * 31 + inode;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct sum whole = {0}, parts = {0};
	struct uring_fdinfo u = {0}, v = {0};
	size_t piece = n ? data[0] % 64u + 1 : 1, at = 0, taken;
	char *text = mem_dup(data, n);

	taken = uring_fdinfo_take(&u, text, n, take, &whole);
	if (taken > n || (taken < n && memchr(text + taken, '\n', n - taken)))
		abort();
	for (size_t end = piece; at < n; end += piece) {
		if (end > n)
			end = n;
		at += uring_fdinfo_take(&v, text + at, end - at, take, &parts);
		if (end == n)
			break;
	}
	if (at != taken || whole.n != parts.n || whole.hash != parts.hash || u.files != v.files)
		abort();
	(void)proc_socket_link(text, n);
	(void)uring_file_line(text, n);
	free(text);
	return 0;
}
