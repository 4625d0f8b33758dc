/* Memory and limits of all sockets together, for the summary: a few small files, read only when it is looked at. */
#include "memory.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static ssize_t read_text(const char *root, const char *name, char *buf, size_t size)
{
	char path[256];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, buf, size - 1);
	close(fd);
	buf[n > 0 ? n : 0] = '\0';
	return n;
}

/* Up to n numbers; those that are missing stay as they are. */
static void read_numbers(const char *root, const char *name, uint64_t *ret, size_t n)
{
	char buf[128], *p = buf, *end;

	if (read_text(root, name, buf, sizeof(buf)) <= 0)
		return;
	for (size_t i = 0; i < n; i++) {
		uint64_t v = strtoull(p, &end, 10);

		if (end == p)
			return;
		ret[i] = v;
		p = end;
	}
}

/* The number behind a word of a line. */
static bool field(const char *line, const char *word, uint64_t *ret)
{
	size_t n = strcspn(line, "\n"), len = strlen(word);

	for (const char *p = line; p + len < line + n; p++)
		if (p[0] == ' ' && !strncmp(p + 1, word, len) && p[1 + len] == ' ') {
			*ret = strtoull(p + 1 + len, NULL, 10);
			return true;
		}
	return false;
}

void memory_parse(const char *text, size_t n, struct snap_memory *ret)
{
	char buf[1024];

	n = n < sizeof(buf) - 1 ? n : sizeof(buf) - 1;
	memcpy(buf, text, n);
	buf[n] = '\0';
	for (const char *line = buf; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		if (!strncmp(line, "TCP: ", 5)) {
			ret->known = field(line, "orphan", &ret->orphans);
			(void)field(line, "alloc", &ret->tcp_alloc);
			(void)field(line, "mem", &ret->tcp_pages);
		} else if (!strncmp(line, "UDP: ", 5)) {
			(void)field(line, "mem", &ret->udp_pages);
		}
	}
}

void memory_read(const char *proc_root, struct snap_memory *ret)
{
	char buf[1024];
	ssize_t n = read_text(proc_root, "thread-self/net/sockstat", buf, sizeof(buf));

	*ret = (struct snap_memory){.page_bytes = (uint32_t)sysconf(_SC_PAGESIZE)};
	if (n > 0)
		memory_parse(buf, (size_t)n, ret);
	read_numbers(proc_root, "sys/net/ipv4/tcp_mem", ret->tcp_mem, 3);
	read_numbers(proc_root, "sys/net/ipv4/udp_mem", ret->udp_mem, 3);
	read_numbers(proc_root, "sys/net/ipv4/tcp_max_orphans", &ret->orphans_max, 1);
	read_numbers(proc_root, "sys/net/ipv4/tcp_max_tw_buckets", &ret->time_wait_max, 1);
}
