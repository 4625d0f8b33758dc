/* The yardsticks: a receive loop that does nothing with what the kernel sends (`bare dump`), and an owner scan
 * that does nothing with what it reads (`bare scan`). Prints milliseconds, the medians of the rounds. */
#include <dirent.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static char buf[32768];
static unsigned long rows;

static double now_ms(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void receive(int fd)
{
	for (;;) {
		ssize_t n = recv(fd, buf, sizeof(buf), 0);

		if (n <= 0)
			exit(2);
		for (struct nlmsghdr *h = (void *)buf; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
			if (h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR)
				return;
			rows++;
		}
	}
}

/* family 0: both in one walk, by the old request. */
static void dump(int fd, int family, int proto, uint32_t states, uint8_t ext)
{
	struct {
		struct nlmsghdr h;
		union {
			struct inet_diag_req old;
			struct inet_diag_req_v2 v2;
		};
	} q = {.h = {.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP, .nlmsg_seq = 1}};

	if (!family) {
		q.h.nlmsg_type = TCPDIAG_GETSOCK;
		q.h.nlmsg_len = NLMSG_LENGTH(sizeof(q.old));
		q.old.idiag_ext = ext;
		q.old.idiag_states = states;
	} else {
		q.h.nlmsg_type = SOCK_DIAG_BY_FAMILY;
		q.h.nlmsg_len = NLMSG_LENGTH(sizeof(q.v2));
		q.v2.sdiag_family = (uint8_t)family;
		q.v2.sdiag_protocol = (uint8_t)proto;
		q.v2.idiag_ext = ext;
		q.v2.idiag_states = states;
	}
	if (send(fd, &q, q.h.nlmsg_len, 0) < 0)
		exit(2);
	receive(fd);
}

static void scan(void)
{
	DIR *proc = opendir("/proc"), *d;
	struct dirent *e, *f;
	char path[300], link[64];

	while ((e = readdir(proc))) {
		if (e->d_name[0] < '1' || e->d_name[0] > '9')
			continue;
		snprintf(path, sizeof(path), "/proc/%s/fd", e->d_name);
		d = opendir(path);
		if (!d)
			continue;
		while ((f = readdir(d)))
			if (f->d_name[0] != '.' && readlinkat(dirfd(d), f->d_name, link, sizeof(link)) > 0)
				rows++;
		closedir(d);
	}
	closedir(proc);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	int rounds = argc > 2 ? atoi(argv[2]) : 5;
	uint8_t ext = argc > 3 ? (uint8_t)atoi(argv[3]) : 0;
	double ms[100], cpu[100];
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	if (rounds < 1 || rounds > 100 || fd < 0)
		return 2;
	for (int i = 0; i < rounds; i++) {
		double t = now_ms(CLOCK_MONOTONIC), used = now_ms(CLOCK_PROCESS_CPUTIME_ID);

		rows = 0;
		if (!strcmp(what, "tcp")) /* what `ss -tan` needs */
			dump(fd, 0, IPPROTO_TCP, 0xfff, ext);
		else if (!strcmp(what, "tick")) { /* what the dashboard asks for in a tick */
			dump(fd, 0, IPPROTO_TCP, 0xfff | 1 << 12, ext);
			dump(fd, 0, IPPROTO_TCP, 1 << 13, ext);
			dump(fd, AF_INET, IPPROTO_UDP, 0xfff, ext);
			dump(fd, AF_INET6, IPPROTO_UDP, 0xfff, ext);
		} else if (!strcmp(what, "listen"))
			dump(fd, 0, IPPROTO_TCP, 1 << 10, ext);
		else if (!strcmp(what, "scan"))
			scan();
		else {
			fprintf(stderr, "usage: bare tcp|tick|listen|scan [rounds] [idiag_ext]\n");
			return 2;
		}
		ms[i] = now_ms(CLOCK_MONOTONIC) - t;
		cpu[i] = now_ms(CLOCK_PROCESS_CPUTIME_ID) - used;
	}
	qsort(ms, (size_t)rounds, sizeof(ms[0]), by_value);
	qsort(cpu, (size_t)rounds, sizeof(cpu[0]), by_value);
	printf("wall %.3f cpu %.3f rows %lu\n", ms[rounds / 2], cpu[rounds / 2], rows);
	return 0;
}
