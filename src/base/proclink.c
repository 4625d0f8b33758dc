/* Reads the numbers of sockets out of /proc's texts: who searches for owners and who proves them before a deed must
 * read them alike. */
#include "sockeye/base/proclink.h"
#include <string.h>

uint32_t proc_socket_link(const char *s, size_t n)
{
	static const char head[] = "socket:[";
	const size_t head_n = sizeof(head) - 1;
	uint64_t v = 0;

	if (n < head_n + 2 || memcmp(s, head, head_n) || s[n - 1] != ']')
		return 0;
	for (size_t i = head_n; i < n - 1; i++) {
		if (s[i] < '0' || s[i] > '9')
			return 0;
		v = v * 10 + (uint64_t)(s[i] - '0');
		if (v > UINT32_MAX)
			return 0;
	}
	return (uint32_t)v;
}

uint32_t uring_file_line(const char *line, size_t n)
{
	const char *colon;

	while (n && *line == ' ')
		line++, n--;
	colon = memchr(line, ':', n);
	if (!colon || colon == line)
		return 0;
	for (const char *p = line; p < colon; p++)
		if (*p < '0' || *p > '9')
			return 0;
	n -= (size_t)(colon + 1 - line);
	line = colon + 1;
	while (n && *line == ' ')
		line++, n--;
	return proc_socket_link(line, n);
}

size_t uring_fdinfo_take(struct uring_fdinfo *u, const char *text, size_t n, uring_socket_fn fn, void *arg)
{
	static const char head[] = "UserFiles:";
	const char *line = text, *end = text + n, *eol;

	for (; line < end && (eol = memchr(line, '\n', (size_t)(end - line))); line = eol + 1) {
		size_t len = (size_t)(eol - line);
		uint32_t inode;

		if (len && *line != ' ') { /* every list but this one has a head that says another name */
			u->files = len >= sizeof(head) - 1 && !memcmp(line, head, sizeof(head) - 1);
			continue;
		}
		inode = u->files ? uring_file_line(line, len) : 0;
		if (inode)
			fn(arg, inode);
	}
	return (size_t)(line - text);
}
