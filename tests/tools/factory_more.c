/* Further kinds of sockets for the factory: everything that is neither TCP nor UDP. */
#include "factory.h"
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/vm_sockets.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

struct said { /* of one end; text NULL: none */
	const char *text;
	long port; /* -1: none */
};

static void put_end(char *buf, size_t size, const char *which, const struct said *end)
{
	char text[160] = "null", port[32] = "null";

	if (end && end->text)
		snprintf(text, sizeof(text), "\"%s\"", end->text);
	if (end && end->port >= 0)
		snprintf(port, sizeof(port), "%ld", end->port);
	snprintf(buf, size, "\"%saddr\":%s,\"%sport\":%s", which, text, which, port);
}

static void tell(int fd, const char *proto, const char *state, const struct said *local,
		 const struct said *remote)
{
	char here[256], there[256], line[1024];
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);
	struct stat st;

	if (fstat(fd, &st) < 0)
		fail("fstat");
	getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len);
	put_end(here, sizeof(here), "l", local);
	put_end(there, sizeof(there), "r", remote);
	int n = snprintf(line, sizeof(line),
			 "{\"proto\":\"%s\",\"state\":\"%s\",%s,%s,\"pid\":%d,\"fd\":%d,\"inode\":%lu,"
			 "\"cookie\":\"0x%" PRIx64 "\"}\n",
			 proto, state, here, there, (int)getpid(), fd, (unsigned long)st.st_ino, cookie);
	if (write(1, line, (size_t)n) != n)
		fail("stdout");
}

/* ---- unix; addr= is a path, or @name ---- */

static const char *unix_name(const struct request *r)
{
	return *r->addr == '/' || *r->addr == '@' ? r->addr : "@sockeye-factory";
}

static socklen_t unix_address(const char *name, struct sockaddr_un *ret)
{
	size_t n = strlen(name);

	memset(ret, 0, sizeof(*ret));
	ret->sun_family = AF_UNIX;
	if (n >= sizeof(ret->sun_path)) {
		errno = ENAMETOOLONG;
		fail(name);
	}
	memcpy(ret->sun_path, name, n);
	if (*name == '@') { /* `~` stands for a NUL within */
		ret->sun_path[0] = '\0';
		for (size_t i = 1; i < n; i++)
			if (ret->sun_path[i] == '~')
				ret->sun_path[i] = '\0';
		return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
	}
	return sizeof(*ret);
}

static int unix_socket(const char *name, int type, bool bound)
{
	struct sockaddr_un a;
	socklen_t len = unix_address(name, &a);
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	if (fd < 0)
		fail("socket");
	if (bound && bind(fd, (struct sockaddr *)&a, len) < 0)
		fail(name);
	if (!bound && connect(fd, (struct sockaddr *)&a, len) < 0)
		fail(name);
	return fd;
}

/* A listener, and n clients: accepted or left in the queue. */
static void unix_server(const struct request *r, int type, bool accepted)
{
	struct said name = {unix_name(r), -1};
	int lfd = unix_socket(name.text, type, true);

	if (listen(lfd, (int)r->backlog) < 0)
		fail("listen");
	tell(lfd, "unix", "listening", &name, NULL);
	for (unsigned i = 0; i < r->n; i++) {
		tell(unix_socket(name.text, type, false), "unix", "established", NULL, &name);
		if (!accepted)
			continue;
		int fd = accept4(lfd, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			fail("accept");
		tell(fd, "unix", "established", &name, NULL);
	}
}

static void make_unix_pair(const struct request *r)
{
	unix_server(r, SOCK_STREAM, true);
}

static void make_unix_seqpacket(const struct request *r)
{
	unix_server(r, SOCK_SEQPACKET, true);
}

static void make_unix_unaccepted(const struct request *r)
{
	unix_server(r, SOCK_STREAM, false);
}

/* A bound datagram socket and n that are connected to it: they have no name, and it has no other end. */
static void make_unix_dgram(const struct request *r)
{
	struct said name = {unix_name(r), -1};

	tell(unix_socket(name.text, SOCK_DGRAM, true), "unix", r->n ? "established" : "unconn", &name, NULL);
	for (unsigned i = 0; i < r->n; i++)
		tell(unix_socket(name.text, SOCK_DGRAM, false), "unix", "established", NULL, &name);
}

static void make_socketpair(const struct request *r)
{
	int fds[2];

	for (unsigned i = 0; i < r->n; i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
			fail("socketpair");
		tell(fds[0], "unix", "established", NULL, NULL);
		tell(fds[1], "unix", "established", NULL, NULL);
	}
}

/* ---- packet; port= is the ethertype ---- */

static void make_packet(const struct request *r)
{
	unsigned type = r->port ? r->port : ETH_P_ALL;
	struct sockaddr_ll a = {.sll_family = AF_PACKET, .sll_protocol = htons((uint16_t)type)};
	struct said local = {NULL, -1};
	char text[16];
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	a.sll_ifindex = (int)if_nametoindex("lo");
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		fail("packet");
	snprintf(text, sizeof(text), "0x%04x", type);
	local.text = type == ETH_P_ALL ? "all" : type == ETH_P_IP ? "ip" : text;
	tell(fd, "packet", "unconn", &local, NULL);
}

/* ---- netlink; port= is the protocol ---- */

static void make_netlink(const struct request *r)
{
	static const char *const names[] = {[NETLINK_ROUTE] = "route", [NETLINK_GENERIC] = "generic"};
	struct sockaddr_nl a = {.nl_family = AF_NETLINK, .nl_groups = r->port == NETLINK_ROUTE ? 1 : 0};
	struct said local = {r->port < sizeof(names) / sizeof(names[0]) ? names[r->port] : NULL, -1};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, (int)r->port);
	socklen_t len = sizeof(a);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		fail("netlink");
	local.port = (long)a.nl_pid;
	tell(fd, "netlink", "unconn", &local, NULL);
}

/* ---- what has internet addresses ---- */

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
	if (inet_pton(AF_INET6, text, &ret->in6.sin6_addr) != 1)
		fail(text);
	ret->in6.sin6_family = AF_INET6;
	ret->in6.sin6_port = htons((uint16_t)port);
	return sizeof(ret->in6);
}

static void tell_inet(int fd, const char *proto, const char *state, bool ports)
{
	char text[2][INET6_ADDRSTRLEN];
	struct said ends[2] = {{NULL, -1}, {NULL, -1}};
	union address a;

	for (int i = 0; i < 2; i++) {
		socklen_t len = sizeof(a);

		if ((i ? getpeername : getsockname)(fd, &a.sa, &len) < 0)
			continue;
		ends[i].text = inet_ntop(a.sa.sa_family,
					 a.sa.sa_family == AF_INET ? (void *)&a.in.sin_addr
								   : (void *)&a.in6.sin6_addr,
					 text[i], sizeof(text[i]));
		if (ports)
			ends[i].port = ntohs(a.sa.sa_family == AF_INET ? a.in.sin_port : a.in6.sin6_port);
	}
	tell(fd, proto, state, &ends[0], &ends[1]);
}

static int inet_socket(const struct request *r, int type, int protocol, unsigned port)
{
	union address a;
	socklen_t len = address_make(r->addr, port, &a);
	int fd = socket(a.sa.sa_family, type | SOCK_CLOEXEC, protocol), one = 1;

	if (fd < 0)
		fail("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, &a.sa, len) < 0)
		fail("bind");
	return fd;
}

static bool v6(const struct request *r)
{
	return strchr(r->addr, ':');
}

/* port= is the IP protocol; else ICMP */
static void make_raw(const struct request *r)
{
	int protocol = r->port ? (int)r->port : v6(r) ? IPPROTO_ICMPV6 : IPPROTO_ICMP;

	tell_inet(inet_socket(r, SOCK_RAW, protocol, 0), "raw", "unconn", false);
}

/* port= is the identifier of its echo requests. Who may is a setting of the namespace, which this widens. */
static void make_ping(const struct request *r)
{
	FILE *f = fopen("/proc/sys/net/ipv4/ping_group_range", "w");

	if (f) {
		fputs("0 2147483647", f);
		fclose(f);
	}
	tell_inet(inet_socket(r, SOCK_DGRAM, v6(r) ? IPPROTO_ICMPV6 : IPPROTO_ICMP, r->port), "icmp",
		  "unconn", false);
}

static void make_udplite(const struct request *r)
{
	tell_inet(inet_socket(r, SOCK_DGRAM, 136 /* IPPROTO_UDPLITE */, r->port), "udplite", "unconn", true);
}

/* A listener of this protocol and n connections, both ends held (accepted) or the server's in the queue. */
static void connections(const struct request *r, const char *proto, int protocol, bool accepted)
{
	int lfd = inet_socket(r, SOCK_STREAM, protocol, r->port);
	union address a;
	socklen_t len = sizeof(a);

	if (listen(lfd, (int)r->backlog) < 0 || getsockname(lfd, &a.sa, &len) < 0)
		fail("listen");
	tell_inet(lfd, proto, "listening", true);
	for (unsigned i = 0; i < r->n; i++) {
		int client = socket(a.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, protocol), server = -1;

		if (client < 0 || connect(client, &a.sa, len) < 0)
			fail("connect");
		tell_inet(client, proto, "established", true);
		if (!accepted)
			continue;
		server = accept4(lfd, NULL, NULL, SOCK_CLOEXEC);
		if (server < 0)
			fail("accept");
		for (unsigned sent = 0; sent < r->send; sent++)
			if (write(client, "x", 1) != 1)
				fail("write");
		tell_inet(server, proto, "established", true);
	}
}

static void make_mptcp(const struct request *r)
{
	connections(r, "mptcp", IPPROTO_MPTCP, true);
}

static void make_mptcp_unaccepted(const struct request *r)
{
	connections(r, "mptcp", IPPROTO_MPTCP, false);
}

static void make_sctp(const struct request *r)
{
	connections(r, "sctp", IPPROTO_SCTP, true);
}

static void make_vsock(const struct request *r)
{
	struct sockaddr_vm a = {
		.svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY, .svm_port = r->port ? r->port : 1024};
	struct said local = {"*", (long)a.svm_port};
	int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, (int)r->backlog) < 0)
		fail("vsock");
	tell(fd, "vsock", "listening", &local, NULL);
}

const struct kind more_kinds[] = {
	{"unix", make_unix_pair, "a unix stream listener addr=PATH|@NAME and n connections"},
	{"unix-seqpacket", make_unix_seqpacket, "the same with SOCK_SEQPACKET"},
	{"unix-unaccepted", make_unix_unaccepted, "a unix listener with n clients nobody accepted"},
	{"unix-dgram", make_unix_dgram, "a bound unix datagram socket and n connected to it"},
	{"socketpair", make_socketpair, "n pairs of unnamed unix sockets"},
	{"packet", make_packet, "a packet socket on lo; port= is the ethertype"},
	{"netlink", make_netlink, "a netlink socket; port= is the protocol"},
	{"raw", make_raw, "a raw socket; port= is the IP protocol"},
	{"ping", make_ping, "an ICMP datagram socket; port= is its identifier"},
	{"udplite", make_udplite, "a bound UDP-Lite socket"},
	{"mptcp", make_mptcp, "a MPTCP listener and n connections; send= unread bytes"},
	{"mptcp-unaccepted", make_mptcp_unaccepted, "a MPTCP listener with n connections nobody accepted"},
	{"sctp", make_sctp, "a SCTP listener and n connections"},
	{"vsock", make_vsock, "a vsock listener"},
};
const size_t more_kinds_n = sizeof(more_kinds) / sizeof(more_kinds[0]);
