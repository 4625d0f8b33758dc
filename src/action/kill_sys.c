/* The real system calls of a kill, apart from the decisions so that tests can put others in their place. */
#include "kill_private.h"

#include "sockeye/base/str.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Older headers lack them; the numbers are the same on every architecture (asm-generic/unistd.h). */
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

static int real_pidfd_open(void *data, uint32_t pid)
{
	long fd;

	if (pid == 0 || pid > INT32_MAX)
		return -ESRCH;
	fd = syscall(SYS_pidfd_open, (pid_t)pid, 0);
	return fd < 0 ? -errno : (int)fd;
}

static int read_small(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;
	int err;

	if (fd < 0)
		return -errno;
	do {
		n = read(fd, buf, size - 1);
	} while (n < 0 && errno == EINTR);
	err = errno;
	close(fd);
	if (n < 0)
		return -err;
	buf[n] = '\0';
	return (int)n;
}

struct stat_fields {
	char state;
	uint32_t ppid;
	uint64_t start;
};
/* The fields behind the name. The kernel escapes nothing in it, so it ends at the last ')'. */
static int stat_fields(uint32_t pid, struct stat_fields *ret)
{
	char path[40], buf[1024], *p, *save = NULL;
	int n, field = 3;

	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	n = read_small(path, buf, sizeof(buf));
	if (n < 0)
		return n;
	/* The name is at most 64 bytes, so a NUL in it cannot hide the rest: there is none (TASK_COMM_LEN). */
	p = strrchr(buf, ')');
	if (!p)
		return -EBADMSG;
	for (p = strtok_r(p + 1, " \n", &save); p; p = strtok_r(NULL, " \n", &save), field++) {
		if (field == 3)
			ret->state = p[0];
		else if (field == 4)
			ret->ppid = (uint32_t)strtoul(p, NULL, 10);
		else if (field == 22) {
			ret->start = strtoull(p, NULL, 10);
			return 0;
		}
	}
	return -EBADMSG;
}

static int real_start_ticks(void *data, uint32_t pid, uint64_t *ret, char *ret_state)
{
	struct stat_fields f = {0};
	int r = stat_fields(pid, &f);

	if (r < 0)
		return r;
	*ret = f.start;
	*ret_state = f.state;
	return 0;
}

static int real_parent(void *data, uint32_t pid, uint32_t *ret_ppid)
{
	struct stat_fields f = {0};
	int r = stat_fields(pid, &f);

	if (r < 0)
		return r;
	*ret_ppid = f.ppid;
	return 0;
}

static int real_group(void *data, uint32_t pid, uint32_t *ret_pgrp)
{
	/* Of every process there is, while a key waits: the call costs a hundredth of reading its stat file. */
	pid_t group = getpgid((pid_t)pid);

	if (group < 0)
		return -errno;
	*ret_pgrp = (uint32_t)group;
	return 0;
}

static int real_pids(void *data, struct kill_pids *ret)
{
	DIR *d = opendir("/proc");
	struct dirent *e;

	if (!d)
		return -errno;
	while ((e = readdir(d)))
		if (e->d_name[0] >= '1' && e->d_name[0] <= '9')
			vec_push(&ret->list, (uint32_t)strtoul(e->d_name, NULL, 10));
	closedir(d);
	return 0;
}

static int real_comm(void *data, uint32_t pid, char ret[64])
{
	char path[40];
	int n;

	snprintf(path, sizeof(path), "/proc/%u/comm", pid);
	n = read_small(path, ret, 64);
	if (n < 0)
		return n;
	if (n && ret[n - 1] == '\n')
		ret[n - 1] = '\0';
	return 0;
}

static int real_signal(void *data, int pidfd, int sig)
{
	return syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0) < 0 ? -errno : 0;
}

#define PIDFD_SIGNAL_PROCESS_GROUP_ 4u /* linux/pidfd.h, 6.9; EINVAL before */

static int real_signal_group(void *data, int pidfd, int sig)
{
	return syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, PIDFD_SIGNAL_PROCESS_GROUP_) < 0 ? -errno : 0;
}

static int real_stoppable(void *data)
{
	return unit_systemctl();
}

static int real_exited(void *data, int pidfd)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};
	int n;

	do {
		n = poll(&p, 1, 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return n > 0 && (p.revents & POLLIN);
}

const struct kill_sys kill_sys_real = {
	.pidfd_open = real_pidfd_open,
	.start_ticks = real_start_ticks,
	.holds = kill_real_holds,
	.signal = real_signal,
	.exited = real_exited,
	.parent = real_parent,
	.comm = real_comm,
	.group = real_group,
	.pids = real_pids,
	.signal_group = real_signal_group,
	.cgroup = kill_real_cgroup,
	.cgroup_open = kill_real_cgroup_open,
	.cgroup_pids = kill_real_cgroup_pids,
	.cgroup_kill = kill_real_cgroup_kill,
	.unit_stoppable = real_stoppable,
};
