/* Names the cgroup that a socket was made in: sock_diag gives a number, which is the inode of the cgroup's
 * directory, so the tree is walked (lazily, at most once a look) and every directory's number remembered. */
#include "cgroup.h"
#include "mountinfo.h"
#include "proctext.h"
#include "sockeye/base/mem.h"
#include "sockeye/base/str.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CGROUP_ROOT 1 /* the root's number: kernfs counts from there */
#define DEPTH_MAX 32
#define DIRS_MAX 65536u
#define MOUNTINFO_MAX (256u * 1024)

char *cgroups_find_mount(const char *mountinfo, size_t n)
{
	const char *end = mountinfo + n, *eol;
	struct mount_line l;

	for (const char *line = mountinfo, *next; line < end; line = next) {
		next = mount_line_end(line, end, &eol);
		if (mount_line_parse(line, eol, &l) && l.type_n == 7 && !memcmp(l.type, "cgroup2", 7))
			return mount_unescape(l.point, l.point_n);
	}
	return NULL;
}

static int read_self(const char *proc_root, const char *name, char *buf, size_t size)
{
	struct str path = {0};
	int n;

	str_puts(&path, proc_root);
	str_puts(&path, name);
	n = proc_file_read(AT_FDCWD, str_text(&path), buf, size);
	str_done(&path);
	return n;
}

char *cgroups_mount(const char *proc_root)
{
	char *buf = mem_alloc(MOUNTINFO_MAX, 1), *mount = NULL;
	int n = read_self(proc_root, "/self/mountinfo", buf, MOUNTINFO_MAX);

	if (n > 0)
		mount = cgroups_find_mount(buf, (size_t)n);
	free(buf);
	return mount;
}

/* Does the root's number mean the root? Where hierarchies of version 1 exist, processes need not be in the tree
 * of version 2, and all their sockets say root. */
static bool is_unified(const char *proc_root, const char *mount)
{
	char buf[4096];
	struct stat st;
	int n = read_self(proc_root, "/self/cgroup", buf, sizeof(buf));

	return n > 3 && !memcmp(buf, "0::", 3) && memchr(buf, '\n', (size_t)n) == buf + n - 1 &&
	       !stat(mount, &st) && st.st_ino == CGROUP_ROOT;
}

void cgroups_init(struct cgroups *c, struct intern *names, const char *proc_root)
{
	*c = (struct cgroups){.names = names};
	c->mount = cgroups_mount(proc_root);
	if (c->mount && is_unified(proc_root, c->mount))
		c->root_path = intern_adds(names, "/");
}

void cgroups_done(struct cgroups *c)
{
	map_done(&c->paths);
	map_done(&c->waiting);
	free(c->mount);
	c->mount = NULL;
}

void cgroups_tick(struct cgroups *c)
{
	c->walked = false;
	c->last_id = 0;
	c->tick++;
}

void cgroups_mark_names(struct cgroups *c)
{
	struct map old = c->paths;

	intern_mark(c->names, c->root_path);
	c->paths = (struct map){0};
	for (size_t i = 0; i < old.cap; i++) {
		const struct map_slot *s = &old.slots[i];

		if (s->value && s->value != MAP_NONE && intern_marked(c->names, s->value))
			*map_at(&c->paths, s->a, s->b) = s->value;
	}
	map_done(&old);
	map_done(&c->waiting);
	c->last_id = 0;
}

/* path: the directory's name below the mount, "" for the root; put back on return. */
static void walk(struct cgroups *c, int parent_fd, const char *name, struct str *path, unsigned depth)
{
	int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	struct dirent *e;
	struct stat st;
	DIR *dir;

	if (fd < 0)
		return;
	if (!fstat(fd, &st) && path->n)
		*map_at(&c->paths, st.st_ino, 0) = intern_add(c->names, path->s, path->n);
	dir = depth < DEPTH_MAX && c->paths.n < DIRS_MAX ? fdopendir(fd) : NULL;
	if (!dir) {
		close(fd);
		return;
	}
	while ((e = readdir(dir))) {
		size_t before = path->n;

		if (e->d_type != DT_DIR || e->d_name[0] == '.')
			continue;
		str_putc(path, '/');
		str_puts(path, e->d_name);
		walk(c, dirfd(dir), e->d_name, path, depth + 1);
		path->n = before;
		path->s[before] = '\0';
	}
	closedir(dir);
}

static void walk_all(struct cgroups *c)
{
	struct str path = {0};
	int fd = open(c->mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0) {
		walk(c, fd, ".", &path, 0);
		close(fd);
	}
	str_done(&path);
	c->walked = true;
}

/* The tree is walked at most once a tick. An id that this walk did not see is a removed cgroup if it was
 * known of before the walk (numbers are never given twice), else it waits for the next tick's. */
static uint32_t find_path(struct cgroups *c, uint64_t id)
{
	bool walked_before = c->walked;
	uint32_t path = map_get(&c->paths, id, 0), *waiting;

	if (path != MAP_NONE)
		return path;
	if (!walked_before) {
		walk_all(c);
		path = map_get(&c->paths, id, 0);
		if (path != MAP_NONE)
			return path;
	} else {
		waiting = map_at(&c->waiting, id, 0);
		if (*waiting == MAP_NONE)
			*waiting = c->tick;
		if (*waiting == c->tick)
			return 0;
	}
	*map_at(&c->paths, id, 0) = 0;
	return 0;
}

uint32_t cgroups_path(struct cgroups *c, uint64_t id)
{
	if (id == CGROUP_ROOT)
		return c->root_path;
	if (!id || !c->mount)
		return 0;
	if (id != c->last_id) {
		c->last_path = find_path(c, id);
		c->last_id = id;
	}
	return c->last_path;
}
