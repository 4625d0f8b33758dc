/* Reads /proc/net/sockstat and sockstat6: 2 us a file against 300 for a walk of the host's TCP table. */
#include "sockstat.h"
#include "sockeye/base/mem.h"
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

/* Which number of which line goes where. */
static const struct {
	const char *line, *key;
	size_t at;
} counts[] = {
	{"sockets", "used", offsetof(struct sockstat, used)},
	{"TCP", "inuse", offsetof(struct sockstat, tcp)},
	{"TCP", "tw", offsetof(struct sockstat, tcp_tw)},
	{"TCP6", "inuse", offsetof(struct sockstat, tcp)},
	{"UDP", "inuse", offsetof(struct sockstat, udp)},
	{"UDP6", "inuse", offsetof(struct sockstat, udp)},
	{"UDPLITE", "inuse", offsetof(struct sockstat, udp)},
	{"UDPLITE6", "inuse", offsetof(struct sockstat, udp)},
};

struct word {
	const char *s;
	size_t n;
};

static struct word next_word(const char **p, const char *end)
{
	struct word w;

	while (*p < end && **p == ' ')
		++*p;
	w.s = *p;
	while (*p < end && **p != ' ')
		++*p;
	w.n = (size_t)(*p - w.s);
	return w;
}

static bool is(struct word w, const char *s)
{
	return w.n == strlen(s) && !memcmp(w.s, s, w.n);
}

static uint32_t number(struct word w)
{
	uint64_t v = 0;

	for (size_t i = 0; i < w.n && w.s[i] >= '0' && w.s[i] <= '9' && v <= UINT32_MAX; i++)
		v = v * 10 + (uint64_t)(w.s[i] - '0');
	return v <= UINT32_MAX ? (uint32_t)v : UINT32_MAX;
}

static void add(struct sockstat *s, struct word line, struct word key, uint32_t v)
{
	for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
		uint32_t *to = (uint32_t *)((char *)s + counts[i].at);

		if (is(line, counts[i].line) && is(key, counts[i].key))
			*to = v > UINT32_MAX - *to ? UINT32_MAX : *to + v;
	}
}

int sockstat_parse(const char *text, size_t n, struct sockstat *s)
{
	const char *end = text + n;
	bool tcp = false;

	for (const char *p = text; p < end;) {
		const char *eol = memchr(p, '\n', (size_t)(end - p));
		struct word line, key, value;

		if (!eol)
			eol = end;
		line = next_word(&p, eol);
		if (line.n && line.s[line.n - 1] == ':') {
			line.n--;
			while ((key = next_word(&p, eol)).n && (value = next_word(&p, eol)).n) {
				add(s, line, key, number(value));
				tcp |= (is(line, "TCP") || is(line, "TCP6")) && is(key, "inuse");
			}
		}
		p = eol < end ? eol + 1 : end;
	}
	return tcp ? 0 : -EBADMSG;
}

static int read_one(int fd, struct sockstat *s)
{
	char buf[1024];
	ssize_t n = pread(fd, buf, sizeof(buf), 0);

	return n < 0 ? -errno : sockstat_parse(buf, (size_t)n, s);
}

void sockstat_read(int fd, int fd6, struct sockstat *ret)
{
	*ret = (struct sockstat){0};
	ret->known = fd >= 0 && !read_one(fd, ret) && (fd6 < 0 || !read_one(fd6, ret));
}
