/* Kinds of holders for the factory: sockets that a process has in other ways than a descriptor of its own list. */
#include "factory.h"
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int listener(const struct request *r, unsigned port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0)
		fail("socket");
	if (inet_pton(AF_INET, r->addr, &a.sin_addr) != 1) {
		errno = EINVAL;
		fail(r->addr);
	}
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		fail("bind");
	if (listen(fd, (int)r->backlog) < 0)
		fail("listen");
	return fd;
}

/* As the other kinds say it. held: under this number; else fd is null, but the socket has its inode. */
static void tell(int fd, const char *state, bool held)
{
	struct sockaddr_in ends[2] = {{0}};
	char here[INET_ADDRSTRLEN], there[INET_ADDRSTRLEN + 2] = "null", rport[8] = "null";
	char number[16] = "null", line[512];
	socklen_t len = sizeof(ends[0]);
	uint64_t cookie = 0;
	struct stat st;

	if (getsockname(fd, (struct sockaddr *)&ends[0], &len) < 0 || fstat(fd, &st) < 0)
		fail("getsockname");
	inet_ntop(AF_INET, &ends[0].sin_addr, here, sizeof(here));
	len = sizeof(ends[1]);
	if (!getpeername(fd, (struct sockaddr *)&ends[1], &len)) {
		char text[INET_ADDRSTRLEN];

		inet_ntop(AF_INET, &ends[1].sin_addr, text, sizeof(text));
		snprintf(there, sizeof(there), "\"%s\"", text);
		snprintf(rport, sizeof(rport), "%u", ntohs(ends[1].sin_port));
	}
	len = sizeof(cookie);
	getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len);
	if (held)
		snprintf(number, sizeof(number), "%d", fd);
	int n = snprintf(line, sizeof(line),
			 "{\"proto\":\"tcp\",\"state\":\"%s\",\"laddr\":\"%s\",\"lport\":%u,\"raddr\":%s,"
			 "\"rport\":%s,\"pid\":%d,\"fd\":%s,\"inode\":%lu,\"cookie\":\"0x%" PRIx64 "\"}\n",
			 state, here, ntohs(ends[0].sin_port), there, rport, (int)getpid(), number,
			 (unsigned long)st.st_ino, cookie);
	if (write(1, line, (size_t)n) != n)
		fail("stdout");
}

struct thread_job {
	const struct request *r;
	int said; /* a pipe's end: a byte when it holds what it should */
	bool own_table;
};

static void *hold_in_thread(void *arg)
{
	struct thread_job job = *(struct thread_job *)arg;
	int fd;

	if (job.own_table && unshare(CLONE_FILES) < 0)
		fail("unshare");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (job.own_table) /* a number that the other table has too, for something else */
		close(0);
	fd = listener(job.r, job.r->port);
	tell(fd, "listening", true);
	if (write(job.said, "", 1) != 1)
		fail("pipe");
	for (;;)
		pause();
	return NULL;
}

static void run_thread(const struct request *r, bool own_table)
{
	static struct thread_job job;
	pthread_t id;
	int said[2];
	char c;

	if (pipe(said) < 0)
		fail("pipe");
	job = (struct thread_job){r, said[1], own_table};
	if (pthread_create(&id, NULL, hold_in_thread, &job))
		fail("thread");
	if (read(said[0], &c, 1) != 1)
		fail("pipe");
	close(said[0]);
	close(said[1]);
}

static void thread_table(const struct request *r, int unused)
{
	(void)unused;
	run_thread(r, true);
}

static void make_thread_table(const struct request *r)
{
	spawn(thread_table, r, -1);
}

/* The leader ends and leaves a zombie; the thread goes on. The parent waits by the pipe, which both have. */
static void make_leader_exit(const struct request *r)
{
	pid_t pid, parent = getpid();
	int done[2];
	char c;

	if (pipe(done) < 0)
		fail("pipe");
	pid = fork();
	if (pid < 0)
		fail("fork");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		close(done[0]);
		run_thread(r, false);
		if (write(done[1], "", 1) != 1)
			fail("pipe");
		close(done[1]);
		pthread_exit(NULL);
	}
	close(done[1]);
	if (read(done[0], &c, 1) != 1)
		_exit(1); /* it has said why */
	close(done[0]);
}

static void register_file(int fd)
{
	struct io_uring_params p = {0};
	int files[3] = {-1, fd, -1};
	long ring = syscall(SYS_io_uring_setup, 4, &p);

	if (ring < 0)
		fail("io_uring_setup");
	if (syscall(SYS_io_uring_register, (int)ring, IORING_REGISTER_FILES, files, 3) < 0)
		fail("io_uring_register");
}

static void uring_file(const struct request *r, int unused)
{
	int fd = listener(r, r->port);

	(void)unused;
	register_file(fd);
	tell(fd, "listening", false);
	close(fd);
}

static void make_uring_file(const struct request *r)
{
	spawn(uring_file, r, -1);
}

/* Of a connection with itself the accepted end. */
static void uring_pair(const struct request *r, int unused)
{
	int lfd = listener(r, r->port), client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), server;
	struct sockaddr_in a;
	socklen_t len = sizeof(a);

	(void)unused;
	if (client < 0 || getsockname(lfd, (struct sockaddr *)&a, &len) < 0 ||
	    connect(client, (struct sockaddr *)&a, len) < 0)
		fail("connect");
	server = accept4(lfd, NULL, NULL, SOCK_CLOEXEC);
	if (server < 0)
		fail("accept");
	register_file(server);
	tell(lfd, "listening", true);
	tell(client, "established", true);
	tell(server, "established", false);
	close(server);
}

static void make_uring_pair(const struct request *r)
{
	spawn(uring_pair, r, -1);
}

/* Sent to a socket that nobody reads, and closed. */
static void in_flight(const struct request *r, int unused)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	char byte = 'x';
	struct iovec data = {&byte, 1};
	struct msghdr m = {.msg_iov = &data,
			   .msg_iovlen = 1,
			   .msg_control = control.buf,
			   .msg_controllen = sizeof(control.buf)};
	struct cmsghdr *head = CMSG_FIRSTHDR(&m);
	int fd = listener(r, r->port), pair[2];

	(void)unused;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		fail("socketpair");
	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(head), &fd, sizeof(int));
	if (sendmsg(pair[0], &m, 0) != 1)
		fail("sendmsg");
	tell(fd, "listening", false);
	close(fd);
}

static void make_in_flight(const struct request *r)
{
	spawn(in_flight, r, -1);
}

static void listeners(const struct request *r, int unused)
{
	(void)unused;
	for (unsigned i = 0; i < r->n; i++)
		tell(listener(r, r->port ? r->port + i : 0), "listening", true);
}

static void make_listeners(const struct request *r)
{
	spawn(listeners, r, -1);
}

const struct kind owner_kinds[] = {
	{"thread-table", make_thread_table,
	 "a listener in a table of descriptors that one thread has for itself"},
	{"leader-exit", make_leader_exit, "a listener of a process whose first thread has ended"},
	{"uring-file", make_uring_file,
	 "a listener that is registered with an io_uring and has no descriptor"},
	{"uring-pair", make_uring_pair,
	 "a connection whose accepted end is registered with an io_uring and has no descriptor"},
	{"in-flight", make_in_flight, "a listener that was sent to another process and not received"},
	{"listeners", make_listeners, "n listeners of one process"},
};
const size_t owner_kinds_n = sizeof(owner_kinds) / sizeof(owner_kinds[0]);
