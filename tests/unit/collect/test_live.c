/* A real look at sockets that this test opens on the loopback: the kernel's own answer, end to end. */
#include "live_look.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define BOTH (1u << PROTO_TCP | 1u << PROTO_UDP)
#define ALL_ATTRS (WANT_INFO | WANT_MEM | WANT_CONG | WANT_OWNERS)

static int setup(void **state)
{
	struct fixture *x = mem_zalloc(1, sizeof(*x));

	x->names = intern_new();
	snapshot_init(&x->snap);
	if (live_open(x->names, "/proc", &x->source))
		return -1;
	*state = x;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *x = *state;

	source_free(x->source);
	snapshot_done(&x->snap);
	intern_free(x->names);
	free(x);
	return 0;
}

static void look(struct fixture *x, uint32_t states, uint32_t attrs)
{
	struct want want = {.protos = BOTH, .states = states, .attrs = attrs};

	assert_int_equal(source_look(x->source, &want, &x->snap), 0);
}

/* Bound to the loopback address of the family, any port; -1 where there is no such family. */
static int bound(int family, int type)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int fd = socket(family, type | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (bind(fd, family == AF_INET ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6,
		 family == AF_INET ? sizeof(v4) : sizeof(v6))) {
		close(fd);
		return -1;
	}
	return fd;
}

static uint32_t port_of(int fd)
{
	struct sockaddr_in6 a;
	socklen_t n = sizeof(a);

	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	return ntohs(a.sin6_port); /* in the same place for both families */
}

static int connect_to(int listener)
{
	struct sockaddr_in6 a;
	socklen_t n = sizeof(a);
	int fd;

	assert_int_equal(getsockname(listener, (struct sockaddr *)&a, &n), 0);
	fd = socket(a.sin6_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, n), 0);
	return fd;
}

static bool held_by(const struct fixture *x, uint32_t inode, pid_t pid, int fd)
{
	for (size_t i = 0; i < x->snap.fds.n; i++) {
		const struct snap_fd *f = &x->snap.fds.v[i];

		if (f->inode == inode && f->fd == fd && x->snap.procs.v[f->proc].pid == (uint32_t)pid)
			return true;
	}
	return false;
}

static uint64_t cookie_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t n = sizeof(cookie);

	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &n), 0);
	return cookie;
}

static unsigned setting(const char *path)
{
	FILE *f = fopen(path, "re");
	unsigned v = 0;

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%u", &v), 1);
	fclose(f);
	return v;
}

static void test_own_sockets(void **state)
{
	struct fixture *x = *state;
	int listener = bound(AF_INET, SOCK_STREAM), held = bound(AF_INET, SOCK_STREAM);
	int udp = bound(AF_INET, SOCK_DGRAM), client, server;
	const struct sock *s;
	const struct sock_info *info;
	const struct snap_proc *me = NULL;
	struct pollfd readable;
	struct stat ns;

	assert_true(listener >= 0 && held >= 0 && udp >= 0);
	assert_int_equal(listen(listener, 5), 0);
	client = connect_to(listener);
	server = accept(listener, NULL, NULL);
	assert_true(server >= 0);
	assert_int_equal(send(client, "0123456789", 10, 0), 10);
	readable = (struct pollfd){.fd = server, .events = POLLIN};
	assert_int_equal(poll(&readable, 1, 5000), 1);
	look(x, STATES_ALL, ALL_ATTRS);
	assert_int_equal(x->snap.infos.n, x->snap.socks.n);

	s = find(x, inode_of(listener));
	assert_non_null(s);
	assert_int_equal(s->state, STATE_LISTENING);
	assert_int_equal(s->family, FAMILY_IPV4);
	assert_int_equal(s->proto, PROTO_TCP);
	assert_int_equal(s->lport, port_of(listener));
	assert_int_equal(s->rport, 0);
	assert_int_equal(s->recvq, 0);
	assert_int_equal(s->sendq, 5);
	assert_int_equal(s->uid, geteuid());
	assert_true(s->flags & SOCK_HAS_UID);
	assert_false(s->flags & SOCK_HAS_INFO);
	assert_true(s->cookie == cookie_of(listener));
	assert_memory_equal(s->laddr, "\x7f\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	assert_true(held_by(x, s->inode, getpid(), listener));

	s = find(x, inode_of(server));
	assert_non_null(s);
	assert_int_equal(s->state, STATE_ESTABLISHED);
	assert_int_equal(s->lport, port_of(listener));
	assert_int_equal(s->rport, port_of(client));
	assert_int_equal(s->recvq, 10);
	assert_true(s->rx_bytes == 10);
	assert_true((s->flags & (SOCK_HAS_INFO | SOCK_HAS_MEM | SOCK_HAS_TIMES)) ==
		    (SOCK_HAS_INFO | SOCK_HAS_MEM | SOCK_HAS_TIMES));
	info = &x->snap.infos.v[s - x->snap.socks.v];
	assert_true(info->cwnd > 0 && info->snd_mss > 0 && info->rcvbuf > 0);
	assert_true(intern_len(x->names, info->cc) > 0);
	assert_true(held_by(x, s->inode, getpid(), server));

	s = find(x, inode_of(client));
	assert_non_null(s);
	assert_true(s->cookie == cookie_of(client));
	assert_true(held_by(x, s->inode, getpid(), client));

	s = find(x, inode_of(udp));
	assert_non_null(s);
	assert_int_equal(s->state, STATE_UNCONN);
	assert_int_equal(s->proto, PROTO_UDP);
	assert_int_equal(s->lport, port_of(udp));
	assert_true(s->flags & SOCK_HAS_MEM);
	assert_true(held_by(x, s->inode, getpid(), udp));

	s = find(x, inode_of(held));
	if (s) {
		assert_int_equal(s->state, STATE_BOUND);
		assert_int_equal(s->lport, port_of(held));
		assert_true(held_by(x, s->inode, getpid(), held));
	} else { /* before Linux 6.8: said, not passed over */
		bool said = false;

		for (size_t i = 0; i < x->snap.limits.n; i++)
			said |= !strcmp(x->snap.limits.v[i].what, "bound");
		assert_true(said);
	}

	for (size_t i = 0; i < x->snap.procs.n; i++)
		if (x->snap.procs.v[i].pid == (uint32_t)getpid())
			me = &x->snap.procs.v[i];
	assert_non_null(me);
	assert_int_equal(me->ppid, getppid());
	assert_int_equal(me->uid, geteuid());
	assert_true(me->fds == 0 || me->fds >= 8);
	assert_true(me->fds_max > 0 && me->threads >= 1 && me->start > 0 && me->rss_bytes > 0);
	assert_true(me->state == 'R' ||
		    me->state == 'S'); /* of the first thread, which may wait for the others */

	assert_int_equal(x->snap.netns.n, 1);
	assert_true(x->snap.netns.v[0].own);
	assert_int_equal(stat("/proc/self/ns/net", &ns), 0);
	assert_true(x->snap.netns.v[0].inode == ns.st_ino);
	assert_int_equal(x->snap.netns.v[0].somaxconn, setting("/proc/sys/net/core/somaxconn"));
	assert_int_equal(x->snap.netns.v[0].retries, setting("/proc/sys/net/ipv4/tcp_retries2"));
	assert_true(x->snap.netns.v[0].eph_low > 0 &&
		    x->snap.netns.v[0].eph_low <= x->snap.netns.v[0].eph_high);
	assert_true(x->snap.boot_ns > 0 && x->snap.wall_ns > x->snap.took_ns && x->snap.took_ns > 0);

	/* what has gone is gone, what was made meanwhile is there, with its holder */
	close(client);
	close(server);
	client = bound(AF_INET, SOCK_DGRAM);
	look(x, STATES_ALL, ALL_ATTRS);
	assert_true(held_by(x, inode_of(client), getpid(), client));
	assert_true(held_by(x, inode_of(listener), getpid(), listener));
	close(client);
	close(listener);
	close(held);
	close(udp);
	look(x, STATES_ALL, ALL_ATTRS);
	for (size_t i = 0; i < x->snap.procs.n; i++)
		assert_int_not_equal(x->snap.procs.v[i].pid, getpid());
}

static void test_ipv6(void **state)
{
	struct fixture *x = *state;
	int listener = bound(AF_INET6, SOCK_STREAM), udp = bound(AF_INET6, SOCK_DGRAM), one = 1;
	struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	const struct sock *s;

	if (listener < 0 || udp < 0)
		skip();
	close(listener);
	listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)), 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(listen(listener, 1), 0);
	to.sin6_port = htons((uint16_t)port_of(udp));
	assert_int_equal(connect(udp, (struct sockaddr *)&to, sizeof(to)), 0);
	look(x, STATES_ALL, WANT_OWNERS);
	assert_int_equal(x->snap.infos.n, 0); /* not asked for */

	s = find(x, inode_of(listener));
	assert_non_null(s);
	assert_int_equal(s->family, FAMILY_IPV6);
	assert_true(s->flags & SOCK_V6ONLY);
	assert_memory_equal(s->laddr, &in6addr_loopback, 16);
	s = find(x, inode_of(udp));
	assert_non_null(s);
	assert_int_equal(s->state, STATE_ESTABLISHED);
	assert_memory_equal(s->raddr, &in6addr_loopback, 16);
	assert_int_equal(s->rport, s->lport);
	close(listener);
	close(udp);
}

static void test_want_is_obeyed(void **state)
{
	struct fixture *x = *state;
	int listener = bound(AF_INET, SOCK_STREAM), udp = bound(AF_INET, SOCK_DGRAM), client;
	struct want want = {.protos = 1u << PROTO_UDP, .states = STATES_ALL};

	assert_int_equal(listen(listener, 1), 0);
	client = connect_to(listener);

	look(x, STATE_BIT(STATE_LISTENING), 0);
	assert_non_null(find(x, inode_of(listener)));
	assert_null(find(x, inode_of(client)));
	assert_null(find(x, inode_of(udp)));
	for (size_t i = 0; i < x->snap.socks.n; i++)
		assert_int_equal(x->snap.socks.v[i].state, STATE_LISTENING);
	assert_int_equal(x->snap.procs.n, 0);
	assert_int_equal(x->snap.fds.n, 0);

	look(x, STATES_PORT, 0);
	assert_non_null(find(x, inode_of(listener)));
	assert_non_null(find(x, inode_of(udp)));
	assert_null(find(x, inode_of(client)));

	assert_int_equal(source_look(x->source, &want, &x->snap), 0);
	assert_null(find(x, inode_of(listener)));
	assert_non_null(find(x, inode_of(udp)));

	want = (struct want){0};
	assert_int_equal(source_look(x->source, &want, &x->snap), 0);
	assert_int_equal(x->snap.socks.n, 0);
	close(client);
	close(listener);
	close(udp);
}

static bool in_state(const struct fixture *x, uint32_t lport, enum state state)
{
	for (size_t i = 0; i < x->snap.socks.n; i++)
		if (x->snap.socks.v[i].lport == lport && x->snap.socks.v[i].state == state)
			return true;
	return false;
}

/* An unaccepted connection, the two ends of a closed one, and a second holder by fork. */
static void test_states_and_second_holder(void **state)
{
	struct fixture *x = *state;
	int listener = bound(AF_INET, SOCK_STREAM), waiting, closing, server, ready[2], stop[2];
	uint32_t port = port_of(listener);
	bool unaccepted = false, minis = false;
	const struct sock *s;
	size_t child_at = 0, me_at = 0;
	char c;
	pid_t child;

	assert_int_equal(listen(listener, 5), 0);
	closing = connect_to(listener);
	server = accept(listener, NULL, NULL);
	close(server); /* FIN-WAIT-2 here, CLOSE-WAIT there */
	waiting = connect_to(listener);
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(stop), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		close(stop[1]);
		if (write(ready[1], "x", 1) != 1 || read(stop[0], &c, 1) != 0)
			_exit(1);
		_exit(0);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	for (int i = 0; i < 500; i++) { /* the FIN's ACK can take its time */
		look(x, STATES_ALL, ALL_ATTRS);
		if (!in_state(x, port, STATE_FIN_WAIT_1))
			break;
		usleep(10000);
	}

	s = find(x, inode_of(closing));
	assert_non_null(s);
	assert_int_equal(s->state, STATE_CLOSE_WAIT);
	s = find(x, inode_of(listener));
	assert_non_null(s);
	assert_int_equal(s->recvq, 1);
	for (size_t i = 0; i < x->snap.socks.n; i++) {
		s = &x->snap.socks.v[i];
		if (s->lport != port || s->state == STATE_LISTENING)
			continue;
		if (s->state == STATE_ESTABLISHED) {
			assert_int_equal(s->rport, port_of(waiting));
			assert_int_equal(s->inode, 0);
			assert_false(s->flags & SOCK_MINI);
			unaccepted = true;
		} else {
			assert_int_equal(s->state, STATE_FIN_WAIT_2);
			assert_int_equal(s->inode, 0);
			minis = true;
		}
	}
	assert_true(unaccepted);
	assert_true(minis);
	assert_true(held_by(x, inode_of(listener), getpid(), listener));
	assert_true(held_by(x, inode_of(listener), child, listener));
	for (size_t i = 0; i < x->snap.fds.n; i++) {
		const struct snap_fd *f = &x->snap.fds.v[i];

		if (f->inode != inode_of(listener))
			continue;
		if (x->snap.procs.v[f->proc].pid == (uint32_t)child)
			child_at = i;
		else
			me_at = i;
	}
	assert_int_equal(child_at, me_at + 1);

	close(stop[1]);
	assert_int_equal(waitpid(child, NULL, 0), child);
	look(x, STATES_ALL, ALL_ATTRS);
	assert_true(held_by(x, inode_of(listener), getpid(), listener));
	assert_false(held_by(x, inode_of(listener), child, listener));
	close(ready[0]);
	close(ready[1]);
	close(stop[0]);
	close(waiting);
	close(closing);
	close(listener);
}

static void test_bad_root(void **state)
{
	struct intern *names = intern_new();
	struct source *s = NULL;

	assert_int_equal(live_open(names, "/nonexistent", &s), -ENOENT);
	assert_null(s);
	intern_free(names);
}

/* What only the page of a connection tells, of either family, as getsockopt has it; and of nothing else. */
static void test_shown(void **state)
{
	static const int families[] = {AF_INET, AF_INET6};
	struct fixture *x = *state;
	struct stat ns;

	assert_int_equal(stat("/proc/self/ns/net", &ns), 0);
	for (size_t i = 0; i < 2; i++) {
		struct shown shown, before;
		struct tcp_info told;
		socklen_t told_n = sizeof(told);
		int listener = bound(families[i], SOCK_STREAM), client;
		struct sock s;

		if (listener < 0)
			continue;
		assert_int_equal(listen(listener, 5), 0);
		client = connect_to(listener);
		look(x, STATES_ALL, ALL_ATTRS);
		assert_non_null(find(x, inode_of(client)));
		s = *find(x, inode_of(client));
		assert_true(live_show(x->source, ns.st_ino, &s, &shown));
		assert_true(shown.cookie == cookie_of(client));
		assert_true(shown.netns_inode == ns.st_ino);
		assert_int_equal(getsockopt(client, IPPROTO_TCP, TCP_INFO, &told, &told_n), 0);
		assert_int_equal(shown.pmtu, told.tcpi_pmtu);
		assert_int_equal(shown.options, told.tcpi_options);
		assert_int_equal(shown.wscale & 15, told.tcpi_snd_wscale);
		assert_int_equal(shown.wscale >> 4, told.tcpi_rcv_wscale);

		before = shown;
		assert_false(live_show(x->source, ns.st_ino + 1, &s, &shown));
		s.cookie++; /* another socket has its addresses by now */
		assert_false(live_show(x->source, ns.st_ino, &s, &shown));
		s = *find(x, inode_of(listener));
		assert_false(live_show(x->source, ns.st_ino, &s, &shown));
		s.proto = PROTO_UDP;
		assert_false(live_show(x->source, ns.st_ino, &s, &shown));
		assert_memory_equal(&before, &shown, sizeof(shown));
		/* The looks go on as if nothing had been asked in between. */
		look(x, STATES_ALL, ALL_ATTRS);
		assert_non_null(find(x, inode_of(client)));
		close(client);
		close(listener);
	}
}

static struct sock listener_row(struct fixture *x, int fd)
{
	look(x, STATE_BIT(STATE_LISTENING), 0);
	assert_non_null(find(x, inode_of(fd)));
	return *find(x, inode_of(fd));
}

/* Known listeners asked for by themselves: as long as one stands, and not when another has its place. */
static void test_still(void **state)
{
	struct fixture *x = *state;
	struct stat ns;

	assert_int_equal(stat("/proc/self/ns/net", &ns), 0);
	for (int i = 0; i < 2; i++) {
		int family = i ? AF_INET6 : AF_INET, fd = bound(family, SOCK_STREAM), other, group[3];
		struct sock row, rows[LIVE_STILL_MAX + 1];
		struct sockaddr_in6 a;
		socklen_t n = sizeof(a);

		if (fd < 0)
			continue;
		assert_int_equal(listen(fd, 8), 0);
		row = listener_row(x, fd);
		assert_true(live_still(x->source, ns.st_ino, &row, 1));
		assert_false(live_still(x->source, ns.st_ino + 1, &row, 1));
		assert_false(live_still(x->source, ns.st_ino, &row, 0));
		for (size_t k = 0; k < ARRAY_LEN(rows); k++)
			rows[k] = row;
		assert_true(live_still(x->source, ns.st_ino, rows, LIVE_STILL_MAX));
		assert_false(live_still(x->source, ns.st_ino, rows, LIVE_STILL_MAX + 1)); /* says nothing */
		assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
		close(fd);
		assert_false(live_still(x->source, ns.st_ino, &row, 1));
		other = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_int_equal(bind(other, (struct sockaddr *)&a, n), 0);
		assert_int_equal(listen(other, 8), 0);
		assert_false(live_still(x->source, ns.st_ino, &row, 1));
		row = listener_row(x, other);
		assert_true(live_still(x->source, ns.st_ino, &row, 1));
		shutdown(other, SHUT_RD); /* bound, and not listening any more */
		assert_false(live_still(x->source, ns.st_ino, &row, 1));
		close(other);
		/* Of those that share a place the kernel answers for one: which one is its own choice. */
		a.sin6_port = 0;
		for (int k = 0; k < 3; k++) {
			group[k] = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
			assert_int_equal(
				setsockopt(group[k], SOL_SOCKET, SO_REUSEPORT, &(int){1}, sizeof(int)), 0);
			assert_int_equal(bind(group[k], (struct sockaddr *)&a, n), 0);
			assert_int_equal(getsockname(group[k], (struct sockaddr *)&a, &n), 0);
			assert_int_equal(listen(group[k], 8), 0);
			rows[k] = listener_row(x, group[k]);
		}
		for (int k = 0; k < 3; k++) {
			assert_true(live_still(x->source, ns.st_ino, rows, 3));
			close(group[k]);
		}
		assert_false(live_still(x->source, ns.st_ino, rows, 3));
	}
}

/* Every byte of it is there a hundred thousand times: what only a page tells must not come back. */
static void test_info_is_small(void **state)
{
	assert_true(sizeof(struct sock_info) <= 64);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(test_own_sockets),
		CASE(test_ipv6),
		CASE(test_want_is_obeyed),
		CASE(test_states_and_second_holder),
		cmocka_unit_test(test_bad_root),
		CASE(test_shown),
		CASE(test_still),
		cmocka_unit_test(test_info_is_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
