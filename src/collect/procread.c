/* Reads one fact about one process from /proc: the parsers treat the texts as hostile, because a
 * process chooses its own name and arguments and the kernel escapes nothing. */
#include "sockeye/collect/procread.h"
#include "proctext.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CMDLINE_MAX 65536u

/* The next whole number after blanks; the cursor moves behind it. */
static int take_u64(const char **p, const char *end, uint64_t *ret)
{
	const char *s = *p;
	uint64_t v = 0;
	bool minus = false;

	while (s < end && *s == ' ')
		s++;
	if (s < end && *s == '-')
		minus = true, s++;
	if (s == end || *s < '0' || *s > '9')
		return -EBADMSG;
	for (; s < end && *s >= '0' && *s <= '9'; s++) {
		uint64_t digit = (uint64_t)(*s - '0');

		if (v > (UINT64_MAX - digit) / 10)
			return -EBADMSG;
		v = v * 10 + digit;
	}
	*p = s;
	*ret = minus ? 0 : v; /* only tty, priority, nice and tpgid are ever negative: not used here */
	return 0;
}

int proc_stat_parse(const char *buf, size_t n, struct proc_stat *ret)
{
	enum { STATE = 3, PPID, PGRP, SESSION, UTIME = 14, STIME, THREADS = 20, START = 22, RSS = 24 };
	const char *open, *close, *p, *end = buf + n;
	struct proc_stat st = {0};
	uint64_t v[RSS + 1] = {0};
	uint64_t pid;
	int r;

	open = memchr(buf, '(', n);
	close = memrchr(buf, ')', n);
	if (!open || !close || close < open)
		return -EBADMSG;
	p = buf;
	r = take_u64(&p, open, &pid);
	if (r || pid > INT_MAX)
		return -EBADMSG;
	st.pid = (uint32_t)pid;
	st.comm_n = (size_t)(close - open - 1);
	if (st.comm_n > sizeof(st.comm) - 1)
		st.comm_n = sizeof(st.comm) - 1;
	memcpy(st.comm, open + 1, st.comm_n);

	p = close + 1;
	if (end - p < 2 || p[0] != ' ')
		return -EBADMSG;
	st.state = p[1];
	p += 2;
	for (int field = PPID; field <= RSS; field++) {
		r = take_u64(&p, end, &v[field]);
		if (r)
			return r;
	}
	if (v[PPID] > INT_MAX || v[THREADS] > INT_MAX)
		return -EBADMSG;
	st.ppid = (uint32_t)v[PPID];
	st.pgrp = (uint32_t)v[PGRP];
	st.session = (uint32_t)v[SESSION];
	st.cpu_ticks = v[UTIME] + v[STIME];
	st.threads = (uint32_t)v[THREADS];
	st.start = v[START];
	st.rss_pages = v[RSS];
	*ret = st;
	return 0;
}

int proc_cgroup_parse(const char *buf, size_t n, const char **ret_path, size_t *ret_n)
{
	static const char *const wanted[] = {"", "name=systemd", "memory"};
	static const char deleted[] = " (deleted)";
	const char *best = NULL, *end = buf + n;
	size_t best_n = 0, best_rank = 0;

	for (const char *line = buf; line < end;) {
		const char *eol = memchr(line, '\n', (size_t)(end - line));
		const char *c1, *c2, *path;
		size_t len;

		if (!eol)
			eol = end;
		c1 = memchr(line, ':', (size_t)(eol - line));
		c2 = c1 ? memchr(c1 + 1, ':', (size_t)(eol - c1 - 1)) : NULL;
		path = c2 ? c2 + 1 : eol;
		len = (size_t)(eol - path);
		if (len > sizeof(deleted) - 1 &&
		    !memcmp(eol - (sizeof(deleted) - 1), deleted, sizeof(deleted) - 1))
			len -= sizeof(deleted) - 1;
		for (size_t i = 0; c2 && len && path[0] == '/' && i < sizeof(wanted) / sizeof(wanted[0]);
		     i++) {
			size_t name_n = (size_t)(c2 - c1 - 1);
			/* the root says least: any other path wins, then the order of `wanted` */
			size_t rank = 1 + (len > 1 ? 10 : 0) + (sizeof(wanted) / sizeof(wanted[0]) - i);

			if (name_n != strlen(wanted[i]) || memcmp(c1 + 1, wanted[i], name_n))
				continue;
			if (rank > best_rank) {
				best_rank = rank;
				best = path;
				best_n = len;
			}
		}
		line = eol < end ? eol + 1 : end;
	}
	if (!best)
		return -EBADMSG;
	*ret_path = best;
	*ret_n = best_n;
	return 0;
}

int proc_limits_parse(const char *buf, size_t n, uint32_t *ret_files)
{
	static const char name[] = "Max open files ";
	const char *p = memmem(buf, n, name, sizeof(name) - 1), *end = buf + n;
	uint64_t v;

	if (!p || (p != buf && p[-1] != '\n'))
		return -EBADMSG;
	p += sizeof(name) - 1;
	while (p < end && *p == ' ')
		p++;
	if (end - p >= 9 && !memcmp(p, "unlimited", 9)) {
		*ret_files = 0;
		return 0;
	}
	if (take_u64(&p, end, &v))
		return -EBADMSG;
	*ret_files = v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
	return 0;
}

uint32_t proc_pid_name(const char *s)
{
	uint64_t v = 0;

	if (*s < '1' || *s > '9')
		return 0;
	for (; *s >= '0' && *s <= '9'; s++) {
		v = v * 10 + (uint64_t)(*s - '0');
		if (v > INT_MAX)
			return 0;
	}
	return *s ? 0 : (uint32_t)v;
}

int proc_file_read(int dir_fd, const char *name, char *buf, size_t size)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	size_t n = 0;

	if (fd < 0)
		return -errno;
	while (n < size) {
		ssize_t got = read(fd, buf + n, size - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			int err = errno;

			close(fd);
			return -err;
		}
		if (!got)
			break;
		n += (size_t)got;
	}
	close(fd);
	return (int)n;
}

int proc_stat_read(uint32_t pid, struct proc_stat *ret)
{
	char path[32], buf[1024];
	int n;

	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	n = proc_file_read(AT_FDCWD, path, buf, sizeof(buf));
	return n < 0 ? n : proc_stat_parse(buf, (size_t)n, ret);
}

int proc_cmdline_read(uint32_t pid, struct str *out)
{
	char path[32], buf[4096];
	size_t total = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/cmdline", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (total < CMDLINE_MAX) {
		ssize_t got =
			read(fd, buf, CMDLINE_MAX - total < sizeof(buf) ? CMDLINE_MAX - total : sizeof(buf));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			int err = errno;

			close(fd);
			return -err;
		}
		if (!got)
			break;
		str_put(out, buf, (size_t)got);
		total += (size_t)got;
	}
	close(fd);
	return 0;
}

int proc_link_read(uint32_t pid, const char *what, struct str *out)
{
	char path[64], buf[PATH_MAX];
	ssize_t n;

	if ((size_t)snprintf(path, sizeof(path), "/proc/%u/%s", pid, what) >= sizeof(path))
		return -EINVAL;
	n = readlink(path, buf, sizeof(buf));
	if (n < 0)
		return -errno;
	str_put(out, buf, (size_t)n);
	return 0;
}
