/* Closing connections: with an invented kernel every answer it can give, and with the real one, in a network namespace
 * of the test's own, what both ends notice. */
#include "real_proc.h"
#include "sockeye/action/close.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#ifndef SO_COOKIE
#define SO_COOKIE 57
#endif

/* ---- An invented kernel ---- */

struct fake {
	int open_err, destroy_err, get_err, shut_err;
	uint8_t state; /* what get tells */
	int hit_after; /* destroy finds it with the n-th other remote port */
	int destroys, shuts, gets, pauses;
	int gone_after; /* gets until it is gone; 0: never */
};
static int fake_open(void *data, uint64_t netns_inode, bool own)
{
	struct fake *f = data;

	return f->open_err ? f->open_err : open("/dev/null", O_RDONLY | O_CLOEXEC);
}
static int fake_destroy(void *data, int fd, const struct close_item *i, uint16_t dport)
{
	struct fake *f = data;

	assert_true(i->cookie != UINT64_MAX);
	f->destroys++;
	if (f->hit_after && f->destroys > f->hit_after)
		return 0;
	return f->destroy_err;
}
static int fake_get(void *data, int fd, const struct close_item *i, uint8_t *ret_state)
{
	struct fake *f = data;

	f->gets++;
	if (f->gone_after && f->gets >= f->gone_after)
		return -ENOENT;
	if (f->get_err)
		return f->get_err;
	*ret_state = f->state;
	return 0;
}
static int fake_shut(void *data, const struct close_item *i, const struct close_holder *h)
{
	struct fake *f = data;

	f->shuts++;
	return f->shut_err;
}
static void fake_pause(void *data, unsigned ms)
{
	((struct fake *)data)->pauses++;
}

static void answers(void **state)
{
	static const struct {
		struct fake f;
		uint8_t proto, kind;
		bool held, mini;
		uint8_t result;
		int err, shuts;
		bool by_shutdown;
	} rows[] = {
		{{.gone_after = 1}, PROTO_TCP, CLOSE_CONNECTED, true, false, CLOSE_GONE, 0, 0, false},
		{{.gone_after = 5}, PROTO_TCP, CLOSE_CONNECTED, true, false, CLOSE_GONE, 0, 0, false},
		{{.state = STATE_ESTABLISHED},
		 PROTO_TCP,
		 CLOSE_CONNECTED,
		 true,
		 false,
		 CLOSE_REMAINS,
		 0,
		 0,
		 false},
		{{.destroy_err = -ENOENT},
		 PROTO_TCP,
		 CLOSE_CONNECTED,
		 true,
		 false,
		 CLOSE_GONE_BEFORE,
		 -ENOENT,
		 0,
		 false},
		{{.destroy_err = -EPERM, .shut_err = -EPERM},
		 PROTO_TCP,
		 CLOSE_CONNECTED,
		 true,
		 false,
		 CLOSE_NOT_PERMITTED,
		 -EPERM,
		 1,
		 false},
		{{.destroy_err = -EPERM},
		 PROTO_TCP,
		 CLOSE_CONNECTED,
		 false,
		 false,
		 CLOSE_NOT_PERMITTED,
		 -EPERM,
		 0,
		 false},
		{{.destroy_err = -EPERM},
		 PROTO_TCP,
		 CLOSE_WAITING,
		 true,
		 true,
		 CLOSE_NOT_PERMITTED,
		 -EPERM,
		 0,
		 false},
		{{.destroy_err = -EPERM, .state = STATE_TIME_WAIT},
		 PROTO_TCP,
		 CLOSE_CONNECTED,
		 true,
		 false,
		 CLOSE_GONE,
		 0,
		 1,
		 true},
		{{.destroy_err = -EPERM, .state = STATE_FIN_WAIT_2},
		 PROTO_TCP,
		 CLOSE_CONNECTED,
		 true,
		 false,
		 CLOSE_REMAINS,
		 0,
		 1,
		 true},
		{{.destroy_err = -EOPNOTSUPP, .gone_after = 1},
		 PROTO_TCP,
		 CLOSE_CONNECTED,
		 true,
		 false,
		 CLOSE_GONE,
		 0,
		 1,
		 true},
		{{.destroy_err = -EIO},
		 PROTO_TCP,
		 CLOSE_CONNECTED,
		 true,
		 false,
		 CLOSE_FAILED,
		 -EIO,
		 0,
		 false},
		{{.get_err = -ETIMEDOUT},
		 PROTO_TCP,
		 CLOSE_CONNECTED,
		 true,
		 false,
		 CLOSE_FAILED,
		 -ETIMEDOUT,
		 0,
		 false},
		{{.open_err = -EPERM},
		 PROTO_TCP,
		 CLOSE_CONNECTED,
		 true,
		 false,
		 CLOSE_NOT_PERMITTED,
		 -EPERM,
		 0,
		 false},
		{{.open_err = -ENOENT},
		 PROTO_TCP,
		 CLOSE_CONNECTED,
		 true,
		 false,
		 CLOSE_FAILED,
		 -ENOENT,
		 0,
		 false},
		/* A datagram socket stays, without its peer. */
		{{.state = STATE_CLOSED}, PROTO_UDP, CLOSE_DATAGRAM, true, false, CLOSE_GONE, 0, 0, false},
		/* Another member of its group is found first. */
		{{.destroy_err = -ENOENT, .hit_after = 4, .state = STATE_CLOSED},
		 PROTO_UDP,
		 CLOSE_DATAGRAM,
		 true,
		 false,
		 CLOSE_GONE,
		 0,
		 0,
		 false},
		/* Never found in the kernel: by its process. */
		{{.destroy_err = -ENOENT, .state = STATE_CLOSED},
		 PROTO_UDP,
		 CLOSE_DATAGRAM,
		 true,
		 false,
		 CLOSE_GONE,
		 0,
		 1,
		 true},
		/* Refused kinds are not touched. */
		{{.gone_after = 1}, PROTO_TCP, CLOSE_LISTENER, true, false, CLOSE_NOT_DONE, 0, 0, false},
		{{.gone_after = 1},
		 PROTO_UDP,
		 CLOSE_BOUND_DATAGRAM,
		 true,
		 false,
		 CLOSE_NOT_DONE,
		 0,
		 0,
		 false},
	};

	for (size_t r = 0; r < ARRAY_LEN(rows); r++) {
		struct fake f = rows[r].f;
		struct close_sys sys = {&f, fake_open, fake_destroy, fake_get, fake_shut, fake_pause};
		struct close_plan p = {0};
		struct close_item *i = vec_add(&p.items);

		*i = (struct close_item){
			.cookie = 5, .proto = rows[r].proto, .kind = rows[r].kind, .mini = rows[r].mini};
		if (rows[r].held)
			vec_push(&i->holders, ((struct close_holder){.pid = 7, .fd = 3}));
		close_run(&p, &sys);
		if (i->result != rows[r].result || i->err != rows[r].err || f.shuts != rows[r].shuts ||
		    i->by_shutdown != rows[r].by_shutdown)
			fail_msg("row %zu: result %u err %d shuts %d by_shutdown %d", r, i->result, i->err,
				 f.shuts, i->by_shutdown);
		if (close_kind_table[rows[r].kind].refusal)
			assert_int_equal(f.destroys, 0);
		assert_true(f.pauses < 200);
		close_plan_done(&p);
	}
}

/* "Any" is no cookie that is ever sent. */
static void no_cookie_no_deed(void **state)
{
	static const uint64_t cookies[] = {0, UINT64_MAX};

	for (size_t c = 0; c < ARRAY_LEN(cookies); c++) {
		struct fake f = {.gone_after = 1};
		struct close_sys sys = {&f, fake_open, fake_destroy, fake_get, fake_shut, fake_pause};
		struct close_plan p = {0};
		struct close_item *i = vec_add(&p.items);

		*i = (struct close_item){.cookie = cookies[c], .proto = PROTO_TCP, .kind = CLOSE_CONNECTED};
		close_run(&p, &sys);
		assert_int_equal(i->result, CLOSE_FAILED);
		assert_int_equal(f.destroys, 0);
		close_plan_done(&p);
	}
}

/* ---- The real one ---- */

static bool have_netns;

static void need_netns(void)
{
	if (!have_netns)
		skip();
}

static int start_netns(void **state)
{
	struct ifreq r = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	int fd;

	if (unshare(CLONE_NEWNET) < 0)
		return 0;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	have_netns = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &r) == 0;
	close(fd);
	return 0;
}

union addr {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};
static uint64_t cookie_of(int fd)
{
	uint64_t c = 0;
	socklen_t n = sizeof(c);

	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_COOKIE, &c, &n), 0);
	return c;
}
static void end_of(int fd, bool peer, uint8_t b[16], uint32_t *port, uint8_t *family)
{
	union addr a = {0};
	socklen_t n = sizeof(a);

	if (peer)
		assert_int_equal(getpeername(fd, &a.sa, &n), 0);
	else
		assert_int_equal(getsockname(fd, &a.sa, &n), 0);
	memset(b, 0, 16);
	if (a.sa.sa_family == AF_INET6)
		memcpy(b, &a.in6.sin6_addr, 16);
	else
		memcpy(b, &a.in.sin_addr, 4);
	*port = ntohs(a.in.sin_port);
	*family = a.sa.sa_family == AF_INET6 ? FAMILY_IPV6 : FAMILY_IPV4;
}
/* The item of a connected socket of this process. */
static struct close_item *item(struct close_plan *p, int fd, uint8_t proto, uint8_t kind)
{
	struct close_item *i = vec_add(&p->items);

	*i = (struct close_item){.cookie = cookie_of(fd),
				 .own_netns = true,
				 .proto = proto,
				 .kind = kind,
				 .state = STATE_ESTABLISHED};
	end_of(fd, false, i->laddr, &i->lport, &i->family);
	end_of(fd, true, i->raddr, &i->rport, &i->family);
	vec_push(&i->holders,
		 ((struct close_holder){.pid = (uint32_t)getpid(), .start = start_of(getpid()), .fd = fd}));
	return i;
}
static int listener(int family, const char *text, uint16_t *ret_port)
{
	union addr a = {.sa.sa_family = (sa_family_t)family};
	socklen_t n = family == AF_INET6 ? sizeof(a.in6) : sizeof(a.in);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(
		inet_pton(family, text, family == AF_INET6 ? (void *)&a.in6.sin6_addr : &a.in.sin_addr), 1);
	assert_int_equal(bind(fd, &a.sa, n), 0);
	assert_int_equal(listen(fd, 4), 0);
	assert_int_equal(getsockname(fd, &a.sa, &n), 0);
	*ret_port = ntohs(a.in.sin_port);
	return fd;
}
static int client(uint16_t port)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}
static int read_errno(int fd)
{
	char c;

	return read(fd, &c, 1) < 0 ? errno : 0;
}

static void closes_one_of_two(void **state)
{
	struct close_plan p = {0};
	uint16_t port;
	int l, c[2], s[2];
	char byte = 'x';

	need_netns();
	l = listener(AF_INET, "127.0.0.1", &port);
	for (int i = 0; i < 2; i++) {
		c[i] = client(port);
		s[i] = accept4(l, NULL, NULL, SOCK_CLOEXEC);
		assert_true(s[i] >= 0);
	}
	item(&p, s[0], PROTO_TCP, CLOSE_CONNECTED);
	close_run(&p, NULL);
	assert_int_equal(p.items.v[0].result, CLOSE_GONE);
	assert_false(p.items.v[0].by_shutdown);
	assert_int_equal(read_errno(s[0]), ECONNABORTED);
	assert_int_equal(read_errno(c[0]), ECONNRESET);
	/* The other one is untouched. */
	assert_int_equal(write(c[1], &byte, 1), 1);
	assert_int_equal(read(s[1], &byte, 1), 1);
	p.items.v[0].result = CLOSE_NOT_DONE;
	p.items.v[0].err = 0;
	close_run(&p, NULL);
	assert_int_equal(p.items.v[0].result, CLOSE_GONE_BEFORE);
	close_plan_done(&p);
	/* The same ends, another cookie: another connection than the one that was shown. */
	item(&p, s[1], PROTO_TCP, CLOSE_CONNECTED)->cookie++;
	close_run(&p, NULL);
	assert_int_equal(p.items.v[0].result, CLOSE_GONE_BEFORE);
	assert_int_equal(write(c[1], &byte, 1), 1);
	assert_int_equal(read(s[1], &byte, 1), 1);
	close_plan_done(&p);
	for (int i = 0; i < 2; i++) {
		close(c[i]);
		close(s[i]);
	}
	close(l);
}

/* IPv4 through an IPv6 socket; one that nobody accepted; one in time-wait. */
static void other_kinds(void **state)
{
	struct close_plan p = {0};
	uint16_t port;
	int l, c, s;

	need_netns();
	l = listener(AF_INET6, "::", &port);
	c = client(port);
	s = accept4(l, NULL, NULL, SOCK_CLOEXEC);
	item(&p, s, PROTO_TCP, CLOSE_CONNECTED);
	assert_int_equal(p.items.v[0].family, FAMILY_IPV6);
	close_run(&p, NULL);
	assert_int_equal(p.items.v[0].result, CLOSE_GONE);
	assert_int_equal(read_errno(c), ECONNRESET);
	close(c);
	close(s);
	close_plan_done(&p);

	c = client(port);
	s = accept4(l, NULL, NULL, SOCK_CLOEXEC);
	item(&p, c, PROTO_TCP, CLOSE_WAITING)->mini = true;
	vec_clear(&p.items.v[0].holders);
	close(c);
	close(s);
	for (int tries = 0; tries < 100; tries++) { /* until the last ACK is there */
		p.items.v[0].result = CLOSE_NOT_DONE;
		close_run(&p, NULL);
		if (p.items.v[0].result == CLOSE_GONE)
			break;
	}
	assert_int_equal(p.items.v[0].result, CLOSE_GONE);
	close_plan_done(&p);
	close(l);
}

static int datagram(uint16_t port, uint16_t peer)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), one = 1;

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	a.sin_port = htons(peer);
	if (peer)
		assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}
static bool has_peer(int fd)
{
	union addr a;
	socklen_t n = sizeof(a);

	return getpeername(fd, &a.sa, &n) == 0;
}

/* Several datagram sockets with the same two ends: each is reached, and only that one. */
static void group_of_datagrams(void **state)
{
	int peer, plain[3], fds[4];

	need_netns();
	peer = datagram(9999, 0);
	for (int i = 0; i < 3; i++)
		plain[i] = datagram(5000, 0);
	for (int i = 0; i < 4; i++)
		fds[i] = datagram(5000, 9999);
	for (int i = 0; i < 4; i++) {
		struct close_plan p = {0};

		item(&p, fds[i], PROTO_UDP, CLOSE_DATAGRAM);
		close_run(&p, NULL);
		assert_int_equal(p.items.v[0].result, CLOSE_GONE);
		for (int j = 0; j < 4; j++)
			assert_int_equal(has_peer(fds[j]), j > i);
		close_plan_done(&p);
	}
	for (int i = 0; i < 4; i++)
		close(fds[i]);
	for (int i = 0; i < 3; i++)
		close(plain[i]);
	close(peer);
}

static int drop_all(void)
{
	struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct d[2] = {{0}};

	return (int)syscall(SYS_capset, &h, d);
}

/* Without CAP_NET_ADMIN one's own connection is shut down as its process would do it; after the descriptor was given to
 * another socket meanwhile nothing is. */
static void without_the_right(void **state)
{
	uint16_t port;
	int l, c, s, st;
	pid_t pid;

	need_netns();
	l = listener(AF_INET, "127.0.0.1", &port);
	c = client(port);
	s = accept4(l, NULL, NULL, SOCK_CLOEXEC);
	pid = fork();
	if (!pid) {
		struct close_plan p = {0};
		struct close_item *i = item(&p, s, PROTO_TCP, CLOSE_CONNECTED);
		int other = client(port);

		if (drop_all() < 0)
			_exit(20);
		i->holders.v[0].fd = other;
		close_run(&p, NULL);
		if (i->result != CLOSE_NOT_PERMITTED || i->by_shutdown)
			_exit(21);
		i->holders.v[0].fd = s;
		i->holders.v[0].start++;
		close_run(&p, NULL);
		if (i->result != CLOSE_NOT_PERMITTED || i->by_shutdown)
			_exit(22);
		i->holders.v[0].start--;
		close_run(&p, NULL);
		if (i->result != CLOSE_REMAINS || !i->by_shutdown || i->state_after != STATE_FIN_WAIT_2)
			_exit(23 + i->result);
		close(c);
		close_run(&p, NULL);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &st, 0), pid);
	assert_true(WIFEXITED(st));
	assert_int_equal(WEXITSTATUS(st), 0);
	assert_int_equal(read_errno(c), 0); /* the end, not an error: it was shut down */
	close(c);
	close(s);
	close(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers),
		cmocka_unit_test(no_cookie_no_deed),
		cmocka_unit_test(closes_one_of_two),
		cmocka_unit_test(other_kinds),
		cmocka_unit_test(group_of_datagrams),
		cmocka_unit_test(without_the_right),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, start_netns, NULL);
}
