/* Makes a load of sockets in the network namespace it is started in, says "ready" and keeps it until its
 * stdin ends, so that every program of the bench sees the same machine. Loopback only. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void must(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(2);
}

/* 127.1.a.b with one address a process, so that the ephemeral ports of all of them suffice. */
static struct sockaddr_in address(unsigned who, uint16_t port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};

	a.sin_addr.s_addr = htonl(0x7f010000u + 1 + who);
	return a;
}

static int listener(unsigned who, uint16_t port, int reuseport)
{
	struct sockaddr_in a = address(who, port);
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	must(fd >= 0, "socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (reuseport)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	must(!bind(fd, (struct sockaddr *)&a, sizeof(a)), "bind");
	must(!listen(fd, 4096), "listen");
	return fd;
}

/* One pair: two sockets. */
static void pair(int lis, unsigned who, int *ret_client, int *ret_server)
{
	struct sockaddr_in to, from = address(who, 0);
	socklen_t n = sizeof(to);
	int one = 1;

	*ret_client = socket(AF_INET, SOCK_STREAM, 0);
	must(*ret_client >= 0, "socket");
	setsockopt(*ret_client, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
	must(!bind(*ret_client, (struct sockaddr *)&from, sizeof(from)), "bind client");
	must(!getsockname(lis, (struct sockaddr *)&to, &n), "getsockname");
	must(!connect(*ret_client, (struct sockaddr *)&to, sizeof(to)), "connect");
	*ret_server = accept(lis, NULL, NULL);
	must(*ret_server >= 0, "accept");
}

/* A new network namespace, with 127.0.0.0/8 in it. */
static void enter_own(void)
{
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd;

	must(!unshare(CLONE_NEWNET), "unshare");
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	must(fd >= 0 && !ioctl(fd, SIOCSIFFLAGS, &lo), "lo");
	close(fd);
}

static void child(unsigned who, unsigned pairs, unsigned files, unsigned time_waits, unsigned churn,
		  int own_netns, int ready)
{
	uint64_t n = 0;
	int lis, c, s;

	if (own_netns)
		enter_own();
	lis = listener(who, 20000, 0);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (unsigned i = 0; i < files; i++)
		must(open("/dev/null", O_RDONLY) >= 0, "open");
	for (unsigned i = 0; i < pairs; i++)
		pair(lis, who, &c, &s);
	for (unsigned i = 0; i < time_waits; i++) {
		pair(lis, who, &c, &s);
		close(c);
		close(s);
	}
	must(write(ready, "x", 1) == 1, "ready");
	while (churn) { /* `churn` connections a second, opened and reset at once */
		struct linger hard = {1, 0};
		struct timespec t = {0, 10000000};

		for (unsigned i = 0; i < (churn + 99) / 100; i++, n++) {
			pair(lis, who, &c, &s);
			setsockopt(c, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
			close(c);
			close(s);
		}
		nanosleep(&t, NULL);
	}
	for (;;)
		pause();
}

static pid_t *pids;
static unsigned pids_n;

/* The next load must find the ports free. */
static void end_children(void)
{
	for (unsigned i = 0; i < pids_n; i++)
		kill(pids[i], SIGKILL);
	for (unsigned i = 0; i < pids_n; i++)
		waitpid(pids[i], NULL, 0);
}

int main(int argc, char **argv)
{
	unsigned sockets = 0, procs = 1, first = 0, files = 0, time_waits = 0, reuseport = 0, churn = 0;
	struct rlimit lim = {1048576, 1048576};
	int ready[2], opt, own_netns = 0;
	char x;

	while ((opt = getopt(argc, argv, "n:p:f:w:r:c:a:s")) != -1) {
		unsigned v = (unsigned)strtoul(optarg ? optarg : "0", NULL, 10);

		if (opt == 'n')
			sockets = v;
		else if (opt == 'p')
			procs = v ? v : 1;
		else if (opt == 'f')
			files = v;
		else if (opt == 'w')
			time_waits = v;
		else if (opt == 'r')
			reuseport = v;
		else if (opt == 'c')
			churn = v;
		else if (opt == 'a')
			first = v;
		else if (opt == 's')
			own_netns = 1;
		else {
			fprintf(stderr,
				"usage: load [-n sockets] [-p processes] [-f files each] "
				"[-w time-waits] [-r reuseport listeners] [-c churn a second]\n"
				"            [-a first address] [-s: each process a namespace of its own]\n");
			return 2;
		}
	}
	setrlimit(RLIMIT_NOFILE, &lim);
	must(!pipe(ready), "pipe");
	pids = calloc(procs, sizeof(*pids));
	must(pids != NULL, "calloc");
	for (unsigned i = 0; i < procs; i++) {
		pid_t pid = fork();

		must(pid >= 0, "fork");
		if (pid)
			pids[pids_n++] = pid;
		else
			child(first + i, sockets / 2 / procs, files, time_waits / procs, i ? 0 : churn,
			      own_netns, ready[1]);
	}
	for (unsigned i = 0; i < procs; i++) {
		close(i ? -1 : ready[1]);
		if (read(ready[0], &x, 1) != 1) {
			fprintf(stderr, "load: a process ended before it was ready\n");
			end_children();
			return 2;
		}
	}
	for (unsigned i = 0; i < reuseport; i++)
		listener(4000, 30000, 1);
	printf("ready\n");
	fflush(stdout);
	while (read(0, &x, 1) > 0)
		;
	end_children();
	return 0;
}
