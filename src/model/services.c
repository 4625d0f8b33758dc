/* Names of ports, read once from the system's table, so that nobody calls getservbyport() on a hot path. */
#include "sockeye/base/map.h"
#include "sockeye/base/mem.h"
#include "sockeye/model/terms.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define SERVICES_MAX_BYTES (1u << 20)

struct name { /* as written, aliases too */
	uint32_t at; /* into text */
	uint32_t port;
};
struct services {
	char *text; /* owned: names, each with its NUL */
	VEC(struct name) names;
	struct map by_port; /* (ipproto, port) → names index of the official name */
};

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* The next word of a line; comments end it. Gives its length, 0 at the end. */
static size_t word(const char **at, const char *end)
{
	const char *s = *at, *e;

	while (s < end && blank(*s))
		s++;
	e = s;
	while (e < end && !blank(*e) && *e != '#')
		e++;
	*at = s;
	return (size_t)(e - s);
}

/* "443/tcp": true with the port and the protocol's number. */
static bool port_and_proto(const char *s, size_t n, uint32_t *ret_port, uint8_t *ret_ipproto)
{
	uint32_t port = 0;
	size_t i = 0;

	for (; i < n && s[i] >= '0' && s[i] <= '9' && port <= 65535; i++)
		port = port * 10 + (uint32_t)(s[i] - '0');
	if (!i || i + 1 >= n || s[i] != '/' || !port || port > 65535)
		return false;
	for (int p = 0; p < PROTO_N; p++) {
		const char *name = proto_table[p].name;

		if (!proto_table[p].ports || strlen(name) != n - i - 1 ||
		    strncasecmp(name, s + i + 1, n - i - 1))
			continue;
		*ret_port = port;
		*ret_ipproto = proto_table[p].ipproto;
		return true;
	}
	return false;
}

static void add_name(struct services *sv, size_t *used, const char *s, size_t n, uint32_t port)
{
	struct name *name = vec_add(&sv->names);

	name->at = (uint32_t)*used;
	name->port = port;
	memcpy(sv->text + *used, s, n);
	sv->text[*used + n] = '\0';
	*used += n + 1;
}

static void parse_line(struct services *sv, size_t *used, const char *s, const char *end)
{
	const char *name = s, *at;
	size_t name_n = word(&name, end), n;
	uint32_t port, *slot;
	uint8_t ipproto;

	at = name + name_n;
	n = name_n ? word(&at, end) : 0;
	if (!n || !port_and_proto(at, n, &port, &ipproto))
		return;
	slot = map_at(&sv->by_port, ipproto, port);
	if (*slot == MAP_NONE)
		*slot = (uint32_t)sv->names.n;
	add_name(sv, used, name, name_n, port);
	for (at += n; (n = word(&at, end)); at += n)
		add_name(sv, used, at, n, port);
}

struct services *services_parse(const char *text, size_t n)
{
	struct services *sv = mem_zalloc(1, sizeof(*sv));
	const char *end = text + n;
	size_t used = 0;

	sv->text = mem_alloc(n + 1, 2); /* every name takes its bytes and a NUL */
	while (text < end) {
		const char *nl = memchr(text, '\n', (size_t)(end - text));

		if (!nl)
			nl = end;
		parse_line(sv, &used, text, nl);
		text = nl + 1;
	}
	return sv;
}

struct services *services_load(const char *path)
{
	char *buf = mem_alloc(SERVICES_MAX_BYTES, 1);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct services *sv;
	size_t n = 0;

	while (fd >= 0 && n < SERVICES_MAX_BYTES) {
		ssize_t got = read(fd, buf + n, SERVICES_MAX_BYTES - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	if (fd >= 0)
		close(fd);
	sv = services_parse(buf, n);
	free(buf);
	return sv;
}

void services_free(struct services *sv)
{
	if (!sv)
		return;
	free(sv->text);
	vec_done(&sv->names);
	map_done(&sv->by_port);
	free(sv);
}

const char *services_name(const struct services *sv, enum proto proto, uint32_t port)
{
	uint8_t ipproto = proto_table[proto].ipproto;
	uint32_t i;

	/* Registered under their elder's name. */
	if (proto == PROTO_MPTCP)
		ipproto = proto_table[PROTO_TCP].ipproto;
	else if (proto == PROTO_UDPLITE)
		ipproto = proto_table[PROTO_UDP].ipproto;
	else if (!proto_table[proto].ports || !ipproto)
		return "";
	if (!sv)
		return "";
	i = map_get(&sv->by_port, ipproto, port);
	return i == MAP_NONE ? "" : sv->text + sv->names.v[i].at;
}

int services_port(const struct services *sv, const char *name, uint32_t *ret_port)
{
	for (size_t i = 0; sv && i < sv->names.n; i++) {
		if (strcasecmp(sv->text + sv->names.v[i].at, name))
			continue;
		*ret_port = sv->names.v[i].port;
		return 0;
	}
	return -ENOENT;
}
