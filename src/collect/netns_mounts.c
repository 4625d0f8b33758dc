/* Finds mounted network namespaces in mountinfo, which tells by itself when it has changed: so nothing is
 * read while nothing happens. */
#include "netns_mounts.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE 32768u
#define TEXT_MAX (16u << 20) /* mounts can be made without number */

void netns_mounts_open(struct netns_mounts *m, const char *proc_root)
{
	struct str path = {0};

	*m = (struct netns_mounts){0};
	str_puts(&path, proc_root);
	str_puts(&path, "/self/mountinfo");
	m->fd = open(str_text(&path), O_RDONLY | O_CLOEXEC);
	str_done(&path);
}

static void forget(struct netns_mounts *m)
{
	for (size_t i = 0; i < m->v.n; i++)
		free(m->v.v[i].path);
	vec_clear(&m->v);
	map_clear(&m->by_inode);
}

void netns_mounts_done(struct netns_mounts *m)
{
	forget(m);
	vec_done(&m->v);
	map_done(&m->by_inode);
	if (m->fd >= 0)
		close(m->fd);
	m->fd = -1;
}

/* Field number `field` (from 0) of a line; fields are parted by single blanks. */
static const char *field(const char *line, const char *end, unsigned number, size_t *ret_n)
{
	const char *p = line, *blank;

	while (number--) {
		blank = memchr(p, ' ', (size_t)(end - p));
		if (!blank)
			return NULL;
		p = blank + 1;
	}
	blank = memchr(p, ' ', (size_t)(end - p));
	*ret_n = (size_t)((blank ? blank : end) - p);
	return p;
}

/* Blank, tab, newline and backslash are written as three octal digits (fs/proc_namespace.c). */
static char *unescape(const char *s, size_t n)
{
	struct str out = {0};

	for (size_t i = 0; i < n; i++) {
		if (s[i] == '\\' && i + 3 < n && s[i + 1] >= '0' && s[i + 1] <= '3' && s[i + 2] >= '0' &&
		    s[i + 2] <= '7' && s[i + 3] >= '0' && s[i + 3] <= '7') {
			str_putc(&out,
				 (char)((s[i + 1] - '0') << 6 | (s[i + 2] - '0') << 3 | (s[i + 3] - '0')));
			i += 3;
		} else {
			str_putc(&out, s[i]);
		}
	}
	return str_take(&out);
}

uint64_t netns_link_inode(const char *s, size_t n)
{
	uint64_t v = 0;

	if (n < 7 || memcmp(s, "net:[", 5) || s[n - 1] != ']')
		return 0;
	for (size_t i = 5; i < n - 1; i++) {
		if (s[i] < '0' || s[i] > '9' || v > (UINT64_MAX - 9) / 10)
			return 0;
		v = v * 10 + (uint64_t)(s[i] - '0');
	}
	return v;
}

static void parse_line(struct netns_mounts *m, const char *line, const char *end)
{
	const char *dash = memmem(line, (size_t)(end - line), " - ", 3), *root, *point, *type;
	size_t root_n = 0, point_n = 0, type_n = 0;
	uint64_t inode;
	uint32_t *at;

	if (!dash)
		return;
	root = field(line, dash, 3, &root_n);
	point = field(line, dash, 4, &point_n);
	type = field(dash + 3, end, 0, &type_n);
	if (!root || !point || !type || type_n != 4 || memcmp(type, "nsfs", 4))
		return;
	inode = netns_link_inode(root, root_n);
	if (!inode)
		return;
	at = map_at(&m->by_inode, inode, 0);
	if (*at != MAP_NONE)
		return;
	*at = (uint32_t)m->v.n;
	vec_push(&m->v, ((struct netns_mount){inode, unescape(point, point_n)}));
}

void netns_mounts_parse(struct netns_mounts *m, const char *text, size_t n)
{
	const char *end = text + n;

	for (const char *line = text; line < end;) {
		const char *eol = memchr(line, '\n', (size_t)(end - line));

		if (!eol)
			eol = end;
		parse_line(m, line, eol);
		line = eol < end ? eol + 1 : end;
	}
}

static bool changed(const struct netns_mounts *m)
{
	struct pollfd p = {.fd = m->fd, .events = POLLPRI};

	return !m->read_once || (poll(&p, 1, 0) > 0 && p.revents & (POLLPRI | POLLERR));
}

bool netns_mounts_update(struct netns_mounts *m)
{
	struct str text = {0};
	char *piece;
	ssize_t n;

	if (m->fd < 0 || !changed(m) || lseek(m->fd, 0, SEEK_SET) < 0)
		return false;
	m->read_once = true;
	piece = mem_alloc(PIECE, 1);
	while (text.n < TEXT_MAX) {
		n = read(m->fd, piece, PIECE);
		if (n > 0)
			str_put(&text, piece, (size_t)n);
		else if (!n || errno != EINTR)
			break;
	}
	free(piece);
	forget(m);
	netns_mounts_parse(m, str_text(&text), text.n);
	str_done(&text);
	return true;
}

const char *netns_mounts_path(const struct netns_mounts *m, uint64_t inode)
{
	uint32_t at = map_get(&m->by_inode, inode, 0);

	return at == MAP_NONE ? NULL : m->v.v[at].path;
}
