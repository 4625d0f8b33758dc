/* Opens a netlink socket in another network namespace: a thread enters it, opens and ends, so that ours never leave. */
#include "netns_socket.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_here(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	return fd < 0 ? -errno : fd;
}

static int open_if(const char *path, uint64_t inode)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && st.st_ino == inode)
		return fd;
	close(fd);
	return -ENOENT;
}

static int find_in(const char *dir, const char *rest, uint64_t inode)
{
	int fd = -ENOENT, r;
	struct dirent *e;
	DIR *d = opendir(dir);

	while (d && fd < 0 && (e = readdir(d))) {
		char path[400];

		if (e->d_name[0] == '.' || (*rest && (e->d_name[0] < '1' || e->d_name[0] > '9')))
			continue;
		snprintf(path, sizeof(path), "%s/%s%s", dir, e->d_name, rest);
		r = open_if(path, inode);
		if (r >= 0 || r == -EACCES || r == -EPERM)
			fd = r >= 0 || fd == -ENOENT ? r : fd;
	}
	if (d)
		closedir(d);
	return fd;
}

struct visit {
	int ns, result;
};

static void *enter(void *arg)
{
	struct visit *v = arg;

	v->result = setns(v->ns, CLONE_NEWNET) < 0 ? -errno : open_here();
	return NULL;
}

int netns_open(uint64_t inode)
{
	static const char *const mounts[] = {"/run/netns", "/run/docker/netns"};
	int fd = find_in("/proc", "/ns/net", inode), r;

	for (size_t i = 0; fd < 0 && i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		r = find_in(mounts[i], "", inode);
		fd = r >= 0 ? r : fd;
	}
	return fd == -EACCES ? -EPERM : fd;
}

int netns_socket(void *data, uint64_t inode, bool own)
{
	struct visit v = {.result = -EAGAIN};
	sigset_t all, old;
	pthread_t thread;
	int r;

	if (own)
		return open_here();
	v.ns = netns_open(inode);
	if (v.ns < 0)
		return v.ns;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&thread, NULL, enter, &v);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (r == 0)
		pthread_join(thread, NULL);
	close(v.ns);
	return v.result;
}
