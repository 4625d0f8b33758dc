/* Finds mounted network namespaces in mountinfo, which tells by itself when it has changed: so nothing is
 * read while nothing happens. */
#include "netns_mounts.h"
#include "mountinfo.h"
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
	struct mount_line l;
	uint64_t inode;
	uint32_t *at;

	if (!mount_line_parse(line, end, &l) || l.type_n != 4 || memcmp(l.type, "nsfs", 4))
		return;
	inode = netns_link_inode(l.root, l.root_n);
	if (!inode)
		return;
	at = map_at(&m->by_inode, inode, 0);
	if (*at != MAP_NONE)
		return;
	*at = (uint32_t)m->v.n;
	vec_push(&m->v, ((struct netns_mount){inode, mount_unescape(l.point, l.point_n)}));
}

void netns_mounts_parse(struct netns_mounts *m, const char *text, size_t n)
{
	const char *end = text + n, *eol;

	for (const char *line = text, *next; line < end; line = next) {
		next = mount_line_end(line, end, &eol);
		parse_line(m, line, eol);
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
