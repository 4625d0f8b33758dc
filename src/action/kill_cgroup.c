/* Control groups as a kill needs them: which one a process is in, who else is, and ending them all at once. */
#include "kill_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEPTH_MAX 16 /* of groups inside the unit's */

static int read_all(int fd, struct str *out)
{
	char buf[4096];
	ssize_t n;

	if (fd < 0)
		return -errno;
	while ((n = read(fd, buf, sizeof(buf))) > 0 || (n < 0 && errno == EINTR))
		if (n > 0)
			str_put(out, buf, (size_t)n);
	n = n < 0 ? -errno : 0;
	close(fd);
	return (int)n;
}

/* The unified hierarchy's line, or, while that has no more than its root, systemd's own. */
int kill_real_cgroup(void *data, uint32_t pid, struct str *ret)
{
	struct str text = {0}, named = {0};
	char path[40];
	int r;

	snprintf(path, sizeof(path), "/proc/%u/cgroup", pid);
	r = read_all(open(path, O_RDONLY | O_CLOEXEC), &text);
	str_clear(ret);
	for (const char *p = str_text(&text); r == 0 && *p;) {
		size_t n = strcspn(p, "\n");

		if (!strncmp(p, "0::", 3))
			str_put(ret, p + 3, n - 3);
		else if (strstr(p, ":name=systemd:") && strstr(p, ":name=systemd:") < p + n)
			str_put(&named, strchr(strchr(p, ':') + 1, ':') + 1,
				(size_t)(p + n - (strchr(strchr(p, ':') + 1, ':') + 1)));
		p += n + (p[n] == '\n');
	}
	if (ret->n <= 1 && named.n > 1) {
		str_clear(ret);
		str_put(ret, named.s, named.n);
	}
	str_done(&text);
	str_done(&named);
	return r;
}

int kill_real_cgroup_open(void *data, const char *path)
{
	/* Where systemd mounts them: alone, or beside the old ones. */
	static const char *const mounts[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified",
					     "/sys/fs/cgroup/systemd"};
	int err = -ENOENT;

	if (path[0] != '/' || !path[1] || strstr(path, "/../"))
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_LEN(mounts); i++) {
		char full[320];
		int fd, procs;

		if ((size_t)snprintf(full, sizeof(full), "%s%s", mounts[i], path) >= sizeof(full))
			return -ENAMETOOLONG;
		fd = open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			continue;
		procs = openat(fd, "cgroup.procs", O_RDONLY | O_CLOEXEC);
		if (procs >= 0) {
			close(procs);
			return fd;
		}
		err = -errno;
		close(fd);
	}
	return err;
}

static int pids_below(int dir, struct kill_pids *ret, int depth)
{
	struct str text = {0};
	struct dirent *e;
	DIR *d;
	int r = read_all(openat(dir, "cgroup.procs", O_RDONLY | O_CLOEXEC), &text), fd;

	/* A group of threads lists its processes one above; its own file cannot be read (EOPNOTSUPP). */
	if (r == -EOPNOTSUPP)
		r = 0;
	for (char *p = text.s; r == 0 && p && *p; p += strcspn(p, "\n"), p += *p == '\n') {
		uint32_t pid = (uint32_t)strtoul(p, NULL, 10);

		if (pid) /* 0: of another pid namespace */
			vec_push(&ret->list, pid);
	}
	str_done(&text);
	if (r < 0 || depth == DEPTH_MAX)
		return r;
	fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	while ((e = readdir(d))) {
		int sub;

		if (e->d_type != DT_DIR || e->d_name[0] == '.')
			continue;
		sub = openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (sub < 0)
			continue;
		pids_below(sub, ret, depth + 1);
		close(sub);
	}
	closedir(d);
	return 0;
}

int kill_real_cgroup_pids(void *data, int dir, struct kill_pids *ret)
{
	return pids_below(dir, ret, 0);
}

int kill_real_cgroup_kill(void *data, int dir)
{
	int fd = openat(dir, "cgroup.kill", O_WRONLY | O_CLOEXEC), r;

	if (fd < 0)
		return -errno;
	r = write(fd, "1", 1) == 1 ? 0 : -errno;
	close(fd);
	return r;
}
