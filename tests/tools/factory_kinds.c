/* The kinds of sockets the factory makes; the table at the end names them. */
#include "factory.h"
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

union address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

static socklen_t address_make(const char *text, unsigned port, union address *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, text, &ret->in.sin_addr) == 1) {
		ret->in.sin_family = AF_INET;
		ret->in.sin_port = htons((uint16_t)port);
		return sizeof(ret->in);
	}
	if (inet_pton(AF_INET6, text, &ret->in6.sin6_addr) == 1) {
		ret->in6.sin6_family = AF_INET6;
		ret->in6.sin6_port = htons((uint16_t)port);
		return sizeof(ret->in6);
	}
	errno = EINVAL;
	fail(text);
}

static void put_end(char *buf, size_t size, const char *which, const union address *a)
{
	char text[INET6_ADDRSTRLEN] = "";
	unsigned port = 0;

	if (a->sa.sa_family == AF_INET) {
		inet_ntop(AF_INET, &a->in.sin_addr, text, sizeof(text));
		port = ntohs(a->in.sin_port);
	} else if (a->sa.sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &a->in6.sin6_addr, text, sizeof(text));
		port = ntohs(a->in6.sin6_port);
	}
	if (*text)
		snprintf(buf, size, "\"%saddr\":\"%s\",\"%sport\":%u", which, text, which, port);
	else
		snprintf(buf, size, "\"%saddr\":null,\"%sport\":null", which, which);
}

/* Says what this descriptor is. held: it stays open; else the line has no fd and no inode, because the socket
 * outlives its descriptor (time-wait, orphans). One write a line, so that children do not mix theirs. */
static void tell(int fd, const char *state, bool held)
{
	union address local = {0}, remote = {0};
	socklen_t len = sizeof(local);
	char here[96], there[96], line[512], owner[64];
	uint64_t cookie = 0;
	int proto = 0;
	struct stat st;

	getsockname(fd, &local.sa, &len);
	len = sizeof(remote);
	if (getpeername(fd, &remote.sa, &len) < 0)
		remote.sa.sa_family = AF_UNSPEC;
	len = sizeof(cookie);
	getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len);
	len = sizeof(proto);
	getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &proto, &len);
	if (fstat(fd, &st) < 0)
		fail("fstat");
	put_end(here, sizeof(here), "l", &local);
	put_end(there, sizeof(there), "r", &remote);
	if (held)
		snprintf(owner, sizeof(owner), "\"fd\":%d,\"inode\":%lu", fd, (unsigned long)st.st_ino);
	else
		snprintf(owner, sizeof(owner), "\"fd\":null,\"inode\":null");
	int n = snprintf(
		line, sizeof(line),
		"{\"proto\":\"%s\",\"state\":\"%s\",%s,%s,\"pid\":%d,%s,\"cookie\":\"0x%" PRIx64 "\"}\n",
		proto == IPPROTO_UDP ? "udp" : "tcp", state, here, there, (int)getpid(), owner, cookie);
	if (write(1, line, (size_t)n) != n)
		fail("stdout");
}

static unsigned port_of(int fd)
{
	union address a;
	socklen_t len = sizeof(a);

	if (getsockname(fd, &a.sa, &len) < 0)
		fail("getsockname");
	return ntohs(a.sa.sa_family == AF_INET ? a.in.sin_port : a.in6.sin6_port);
}

static int bound_socket(const struct request *r, int type, unsigned port)
{
	union address a;
	socklen_t len = address_make(r->addr, port, &a);
	int fd = socket(a.sa.sa_family, type | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0)
		fail("socket");
	if (type == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (r->reuse)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	if (r->v6only >= 0 && a.sa.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &r->v6only, sizeof(r->v6only));
	if (bind(fd, &a.sa, len) < 0)
		fail("bind");
	return fd;
}

static int listener(const struct request *r)
{
	int fd = bound_socket(r, SOCK_STREAM, r->port);

	if (listen(fd, (int)r->backlog) < 0)
		fail("listen");
	return fd;
}

/* A client of the listener; over the loopback address of its family when it listens everywhere. */
static int client_of(const struct request *r, int lfd)
{
	union address a;
	const char *to = r->addr;

	if (!strcmp(to, "0.0.0.0"))
		to = "127.0.0.1";
	else if (!strcmp(to, "::"))
		to = "::1";
	socklen_t len = address_make(to, port_of(lfd), &a);
	int fd = socket(a.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, &a.sa, len) < 0)
		fail("connect");
	return fd;
}

static void make_pair(const struct request *r, int lfd, int *ret_client, int *ret_server)
{
	*ret_client = client_of(r, lfd);
	*ret_server = accept4(lfd, NULL, NULL, SOCK_CLOEXEC);
	if (*ret_server < 0)
		fail("accept");
}

static void make_listen(const struct request *r)
{
	tell(listener(r), "listening", true);
}

static void make_bound(const struct request *r)
{
	tell(bound_socket(r, SOCK_STREAM, r->port), "bound", true);
}

/* n connections, both ends held; send= bytes lie unread at the server's end. */
static void make_connections(const struct request *r)
{
	int lfd = listener(r), client, server;

	tell(lfd, "listening", true);
	for (unsigned i = 0; i < r->n; i++) {
		make_pair(r, lfd, &client, &server);
		for (unsigned sent = 0; sent < r->send; sent++)
			if (write(client, "x", 1) != 1)
				fail("write");
		tell(client, "established", true);
		tell(server, "established", true);
	}
}

struct pump {
	int (*pairs)[2];
	unsigned n, bytes;
};

static void *pump_run(void *data)
{
	static char buf[65536];
	const struct pump *p = data;

	for (;; usleep(100000))
		for (unsigned i = 0; i < p->n; i++)
			if (write(p->pairs[i][0], buf, p->bytes) > 0)
				while (recv(p->pairs[i][1], buf, sizeof(buf), MSG_DONTWAIT) > 0)
					;
	return NULL;
}

/* n connections over which the client sends `send` bytes ten times a second, and the server reads them. */
static void make_busy(const struct request *r)
{
	struct pump *p = malloc(sizeof(*p));
	int lfd = listener(r);
	pthread_t thread;

	if (!p || !(p->pairs = calloc(r->n, sizeof(*p->pairs))))
		fail("memory");
	p->n = r->n;
	p->bytes = r->send < 65536 ? r->send : 65536;
	tell(lfd, "listening", true);
	for (unsigned i = 0; i < r->n; i++) {
		make_pair(r, lfd, &p->pairs[i][0], &p->pairs[i][1]);
		tell(p->pairs[i][0], "established", true);
		tell(p->pairs[i][1], "established", true);
	}
	if (pthread_create(&thread, NULL, pump_run, p) != 0)
		fail("thread");
}

static void make_unaccepted(const struct request *r)
{
	int lfd = listener(r);

	tell(lfd, "listening", true);
	for (unsigned i = 0; i < r->n; i++)
		tell(client_of(r, lfd), "established", true);
}

/* Says that it is done, and waits until the other end has confirmed it: that takes up to 40 ms (delayed ACK), and
 * until then the state is another one. */
static void half_close(int fd)
{
	struct tcp_info info = {0};
	socklen_t n = sizeof(info);

	shutdown(fd, SHUT_WR);
	for (int i = 0; i < 2000; i++) {
		if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) == 0 && info.tcpi_state == TCP_FIN_WAIT2)
			return;
		usleep(1000);
	}
	fail("never in fin-wait-2");
}

/* The client says it is done and the server never answers that: both ends stay. */
static void make_close_wait(const struct request *r)
{
	int lfd = listener(r), client, server;

	tell(lfd, "listening", true);
	for (unsigned i = 0; i < r->n; i++) {
		make_pair(r, lfd, &client, &server);
		half_close(client);
		tell(client, "fin-wait-2", true);
		tell(server, "close-wait", true);
	}
}

/* As close-wait, but the client's descriptor is closed: its end is an orphan. */
static void make_fin_wait_2(const struct request *r)
{
	int lfd = listener(r), client, server;

	tell(lfd, "listening", true);
	make_pair(r, lfd, &client, &server);
	half_close(client);
	tell(client, "fin-wait-2", false);
	close(client);
	tell(server, "close-wait", true);
}

static void make_time_wait(const struct request *r)
{
	int lfd = listener(r), client, server;
	char c;

	tell(lfd, "listening", true);
	for (unsigned i = 0; i < r->n; i++) {
		make_pair(r, lfd, &client, &server);
		tell(client, "time-wait", false);
		close(client);
		if (read(server, &c, 1) != 0)
			fail("read");
		close(server);
	}
}

/* The listener waits for data before it takes the connection; until then the kernel holds a request. */
static void make_syn_recv(const struct request *r)
{
	int lfd = listener(r), seconds = 120;

	setsockopt(lfd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof(seconds));
	tell(lfd, "listening", true);
	tell(client_of(r, lfd), "established", true);
}

static void make_syn_sent(const struct request *r)
{
	union address a;
	socklen_t len = address_make(r->to, r->port ? r->port : 81, &a);
	int fd = socket(a.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || (connect(fd, &a.sa, len) < 0 && errno != EINPROGRESS))
		fail("connect");
	tell(fd, "syn-sent", true);
}

static void make_udp(const struct request *r)
{
	int fd = bound_socket(r, SOCK_DGRAM, r->port);

	tell(fd, "unconn", true);
	if (r->send) {
		union address a;
		socklen_t len = sizeof(a);

		getsockname(fd, &a.sa, &len);
		for (unsigned i = 0; i < r->send; i++)
			sendto(fd, "x", 1, 0, &a.sa, len);
	}
}

static void make_udp_connected(const struct request *r)
{
	int server = bound_socket(r, SOCK_DGRAM, r->port), client = bound_socket(r, SOCK_DGRAM, 0);
	union address a;
	socklen_t len = sizeof(a);

	getsockname(server, &a.sa, &len);
	if (connect(client, &a.sa, len) < 0)
		fail("connect");
	tell(server, "unconn", true);
	tell(client, "established", true);
}

static void held_by_another(const struct request *r, int fd)
{
	tell(fd, "listening", true);
}

/* One listener, n further processes that inherited it. */
static void make_forked(const struct request *r)
{
	int fd = listener(r);

	tell(fd, "listening", true);
	for (unsigned i = 0; i < r->n; i++)
		spawn(held_by_another, r, fd);
}

static void make_dup(const struct request *r)
{
	int fd = listener(r);

	tell(fd, "listening", true);
	for (unsigned i = 0; i < r->n; i++)
		tell(dup(fd), "listening", true);
}

static void one_of_group(const struct request *r, int unused)
{
	(void)unused;
	make_listen(r);
}

/* n processes, each with a listener of its own on one port. The first one is this process, so that the kernel
 * can choose the port. */
static void make_reuseport(const struct request *r)
{
	struct request same = *r;

	same.reuse = true;
	int fd = listener(&same);
	same.port = port_of(fd);
	tell(fd, "listening", true);
	for (unsigned i = 1; i < r->n; i++)
		spawn(one_of_group, &same, -1);
}

/* n listeners, and n connections to the first of them. */
static void make_many(const struct request *r)
{
	struct request one = *r;
	int first = -1, client, server;

	one.backlog = 128;
	for (unsigned i = 0; i < r->n; i++) {
		int fd = listener(&one);

		if (r->port)
			one.port = r->port + i + 1;
		if (first < 0)
			first = fd;
		tell(fd, "listening", true);
	}
	for (unsigned i = 0; i < r->n; i++) {
		make_pair(r, first, &client, &server);
		tell(client, "established", true);
		tell(server, "established", true);
	}
}

const struct kind kinds[] = {
	{"listen", make_listen, "a TCP listener; v6only=0|1"},
	{"bound", make_bound, "a TCP socket that is bound and does not listen"},
	{"pair", make_connections, "a listener and n established connections; send= unread bytes"},
	{"busy", make_busy, "n connections with traffic: send= bytes ten times a second"},
	{"unaccepted", make_unaccepted, "a listener with n connections nobody accepted"},
	{"close-wait", make_close_wait, "n connections whose client ended its half"},
	{"fin-wait-2", make_fin_wait_2, "a connection whose client closed: an orphan"},
	{"time-wait", make_time_wait, "n connections closed by the client, then by the server"},
	{"syn-recv", make_syn_recv, "a connection request the listener defers"},
	{"syn-sent", make_syn_sent, "a connection attempt to=ADDR where nobody answers"},
	{"udp", make_udp, "a bound UDP socket; send= datagrams lie unread"},
	{"udp-connected", make_udp_connected, "a bound UDP socket and one connected to it"},
	{"forked", make_forked, "a listener held by n further processes"},
	{"dup", make_dup, "a listener held n more times by one process"},
	{"reuseport", make_reuseport, "n processes, each with a listener on one port"},
	{"many", make_many, "n listeners, n connections"},
};
const size_t kinds_n = sizeof(kinds) / sizeof(kinds[0]);
