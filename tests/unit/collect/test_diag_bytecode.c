/* The ends of interest as the kernel's bytecode: what passes is what want_has_end() says, by a reading of the program
 * that follows inet_diag.c, and by the kernel itself over real sockets of every kind. */
#include "diag.h"
#include "diag_bytecode.h"
#include "diag_private.h"
#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static uint64_t seed = 1;
static uint32_t rnd(uint32_t below)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(seed >> 33) % below;
}

static struct inet_diag_bc_op op_at(const uint8_t *p)
{
	struct inet_diag_bc_op op;

	memcpy(&op, p, sizeof(op));
	return op;
}

/* valid_cc(): is this many bytes before the end met on the way of the yes? */
static bool met(const uint8_t *p, int n, int before_end)
{
	while (n >= 0) {
		if (n == before_end)
			return true;
		if (n < 4 || op_at(p).yes < 4 || op_at(p).yes & 3)
			return false;
		n -= op_at(p).yes;
		p += op_at(p).yes;
	}
	return false;
}

/* inet_diag_bc_audit() */
static void audit(const uint8_t *program, int all)
{
	const uint8_t *p = program;
	int n = all;

	while (n > 0) {
		struct inet_diag_bc_op op = op_at(p);
		int min = 4;
		struct inet_diag_hostcond cond;

		switch (op.code) {
		case INET_DIAG_BC_S_COND:
		case INET_DIAG_BC_D_COND:
			min += (int)sizeof(cond);
			assert_true(n >= min);
			memcpy(&cond, p + 4, sizeof(cond));
			min += cond.family == AF_INET6 ? 16 : 4;
			assert_true(n >= min);
			assert_true(cond.prefix_len <= (cond.family == AF_INET6 ? 128 : 32));
			break;
		case INET_DIAG_BC_S_GE:
		case INET_DIAG_BC_S_LE:
		case INET_DIAG_BC_D_GE:
		case INET_DIAG_BC_D_LE:
			min += 4;
			assert_true(n >= min);
			break;
		default:
			assert_int_equal(op.code, INET_DIAG_BC_JMP);
		}
		assert_true(op.no >= min && op.no <= n + 4 && !(op.no & 3));
		assert_true(op.no >= n || met(program, all, n - op.no));
		assert_true(op.yes >= min && op.yes <= n + 4 && !(op.yes & 3));
		n -= op.yes;
		p += op.yes;
	}
	assert_int_equal(n, 0);
}

static bool same_bits(const uint8_t *a, const uint8_t *b, int bits)
{
	for (int i = 0; i < bits; i++)
		if ((a[i / 8] ^ b[i / 8]) >> (7 - i % 8) & 1)
			return false;
	return true;
}

/* inet_diag_bc_run() */
static bool run(const uint8_t *p, int n, const struct sock *s)
{
	while (n > 0) {
		struct inet_diag_bc_op op = op_at(p), number = op_at(n > 4 ? p + 4 : p);
		struct inet_diag_hostcond cond;
		const uint8_t *addr = op.code == INET_DIAG_BC_S_COND ? s->laddr : s->raddr;
		bool yes = true;

		switch (op.code) {
		case INET_DIAG_BC_JMP:
			yes = false;
			break;
		case INET_DIAG_BC_S_GE:
			yes = s->lport >= number.no;
			break;
		case INET_DIAG_BC_S_LE:
			yes = s->lport <= number.no;
			break;
		case INET_DIAG_BC_D_GE:
			yes = s->rport >= number.no;
			break;
		case INET_DIAG_BC_D_LE:
			yes = s->rport <= number.no;
			break;
		case INET_DIAG_BC_S_COND:
		case INET_DIAG_BC_D_COND:
			memcpy(&cond, p + 4, sizeof(cond));
			if ((cond.family == AF_INET6) != (s->family == FAMILY_IPV6))
				yes = cond.family == AF_INET && ip_is_mapped(s->raddr) &&
				      ip_is_mapped(s->laddr) &&
				      same_bits(addr + 12, p + 4 + sizeof(cond), cond.prefix_len);
			else
				yes = same_bits(addr, p + 4 + sizeof(cond), cond.prefix_len);
			break;
		}
		n -= yes ? op.yes : op.no;
		p += yes ? op.yes : op.no;
	}
	return n == 0;
}

static const uint16_t ports[] = {0, 1, 22, 80, 443, 8080, 32768, 65534, 65535};

static void random_ip(struct ip *ip)
{
	*ip = (struct ip){.v6 = rnd(2)};
	if (ip->v6) {
		ip->b[0] = 0x20;
		ip->b[3] = (uint8_t)rnd(2);
		ip->b[15] = (uint8_t)rnd(3);
	} else {
		ip->b[0] = (uint8_t)(10 + rnd(2));
		ip->b[3] = (uint8_t)rnd(3);
	}
}

static void random_end(struct want_end *e)
{
	uint16_t a = ports[rnd(ARRAY_LEN(ports))], b = ports[rnd(ARRAY_LEN(ports))];

	*e = (struct want_end){
		.ends = (uint8_t)(1 + rnd(3)),
		.any_addr = rnd(2),
		.port_lo = a < b ? a : b,
		.port_hi = a < b ? b : a,
	};
	random_ip(&e->net.ip);
	e->net.bits = (uint8_t)(e->net.ip.v6 ? 1 + rnd(128) : rnd(33));
}

static void random_sock(struct sock *s)
{
	struct ip l, r;
	bool mapped = rnd(4) == 0;

	random_ip(&l);
	random_ip(&r);
	r.v6 = l.v6;
	*s = (struct sock){.proto = PROTO_TCP,
			   .state = STATE_ESTABLISHED,
			   .family = l.v6 || mapped ? FAMILY_IPV6 : FAMILY_IPV4,
			   .lport = ports[rnd(ARRAY_LEN(ports))],
			   .rport = ports[rnd(ARRAY_LEN(ports))]};
	if (mapped) {
		memcpy(s->laddr, "\0\0\0\0\0\0\0\0\0\0\377\377", 12);
		memcpy(s->raddr, s->laddr, 12);
		memcpy(s->laddr + 12, l.b, 4);
		memcpy(s->raddr + 12, r.b, 4);
	} else {
		memcpy(s->laddr, l.b, 16);
		memcpy(s->raddr, r.b, 16);
	}
}

static void test_random(void **state)
{
	uint8_t program[DIAG_BYTECODE_MAX];
	unsigned round, i, passed = 0, not_passed = 0;

	(void)state;
	for (round = 0; round < 3000; round++) {
		struct want w = {.ends_n = (uint8_t)(1 + rnd(WANT_ENDS_MAX))};
		size_t n;

		for (i = 0; i < w.ends_n; i++)
			random_end(&w.ends[i]);
		n = diag_bytecode(w.ends, w.ends_n, program);
		audit(program, (int)n);
		for (i = 0; i < 50 && n; i++) {
			struct sock s;
			bool has;

			random_sock(&s);
			has = want_has_end(&w, &s);
			passed += has;
			not_passed += !has;
			/* A mapped address is an IPv6 one to the kernel: a short prefix takes it in. */
			if (has || s.family != FAMILY_IPV6 || !ip_is_mapped(s.laddr))
				assert_int_equal(run(program, (int)n, &s), has);
		}
	}
	assert_true(passed > 10000 && not_passed > 10000);
}

static void test_everything(void **state)
{
	uint8_t program[DIAG_BYTECODE_MAX];
	struct want_end all[2] = {{.ends = 1, .any_addr = true, .port_lo = 22, .port_hi = 22},
				  {.ends = 3, .any_addr = true, .port_hi = 65535}};

	(void)state;
	assert_int_equal(diag_bytecode(all, 2, program), 0); /* nothing is left out: no program */
	assert_int_equal(diag_bytecode(all, 0, program), 0);
	assert_int_equal(diag_bytecode(all, 1, program), 16);
	audit(program, 16);
}

static void test_longest(void **state)
{
	uint8_t program[DIAG_BYTECODE_MAX];
	struct want_end most[WANT_ENDS_MAX];

	(void)state;
	for (size_t i = 0; i < WANT_ENDS_MAX; i++)
		most[i] = (struct want_end){
			.ends = 3, .port_lo = 1, .port_hi = 65534, .net = {{.v6 = true}, 128}};
	assert_int_equal(diag_bytecode(most, WANT_ENDS_MAX, program), DIAG_BYTECODE_MAX - 4);
	audit(program, DIAG_BYTECODE_MAX - 4);
}

/* ---- the kernel ---- */

#define SOCKS 40
static int fds[3 * SOCKS];
static unsigned fds_n;
static uint32_t own_ports[8]; /* of the listeners */
static unsigned own_ports_n;

static void keep(int fd)
{
	assert_true(fd >= 0 && fds_n < ARRAY_LEN(fds));
	fds[fds_n++] = fd;
}

/* A listener and its connections from both families it takes; every third one half closed. */
static void serve(int family, const char *addr, const char *from)
{
	struct sockaddr_in6 a6 = {.sin6_family = AF_INET6};
	struct sockaddr_in a4 = {.sin_family = AF_INET};
	struct sockaddr *a = family == AF_INET6 ? (void *)&a6 : (void *)&a4;
	socklen_t n = family == AF_INET6 ? sizeof(a6) : sizeof(a4);
	struct sockaddr_in6 to6 = {.sin6_family = AF_INET6};
	struct sockaddr_in to4 = {.sin_family = AF_INET};
	bool v4 = !strchr(from, ':');
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return; /* no such family here */
	inet_pton(family, addr, family == AF_INET6 ? (void *)&a6.sin6_addr : (void *)&a4.sin_addr);
	if (bind(fd, a, n)) {
		close(fd);
		return;
	}
	assert_int_equal(listen(fd, 64), 0);
	assert_int_equal(getsockname(fd, a, &n), 0);
	keep(fd);
	own_ports[own_ports_n++] = ntohs(family == AF_INET6 ? a6.sin6_port : a4.sin_port);
	to4.sin_port = to6.sin6_port = family == AF_INET6 ? a6.sin6_port : a4.sin_port;
	inet_pton(v4 ? AF_INET : AF_INET6, from, v4 ? (void *)&to4.sin_addr : (void *)&to6.sin6_addr);
	for (int i = 0; i < 8; i++) {
		int c = socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

		assert_int_equal(connect(c, v4 ? (void *)&to4 : (void *)&to6, v4 ? sizeof(to4) : sizeof(to6)),
				 0);
		keep(c);
		if (i < 6)
			keep(accept4(fd, NULL, NULL, SOCK_CLOEXEC)); /* two stay in the queue */
		if (i % 3 == 2)
			shutdown(c, SHUT_WR);
	}
	fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0); /* and UDP at the same place */
	assert_int_equal(bind(fd, a, n), 0);
	keep(fd);
}

static bool own(const struct sock *s)
{
	for (unsigned i = 0; i < own_ports_n; i++)
		if (s->lport == own_ports[i] || s->rport == own_ports[i])
			return true;
	return false;
}

struct seen {
	uint64_t cookies[16 * SOCKS];
	unsigned n;
};

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* The test's own sockets that have such an end, of those that a look gives. */
static unsigned look(struct diag *d, const struct want *ask, const struct want *filter, struct seen *ret)
{
	struct intern *names = intern_new();
	struct cgroups cgroups;
	struct snapshot s;
	unsigned given = 0;

	snapshot_init(&s);
	cgroups_init(&cgroups, names, "/nonexistent");
	assert_int_equal(diag_look(d, ask, 0, names, &cgroups, &s), 0);
	ret->n = 0;
	for (size_t i = 0; i < s.socks.n; i++) {
		if (!own(&s.socks.v[i]))
			continue;
		given++;
		if (want_has_end(filter, &s.socks.v[i])) {
			assert_true(ret->n < ARRAY_LEN(ret->cookies));
			ret->cookies[ret->n++] = s.socks.v[i].cookie;
		}
	}
	qsort(ret->cookies, ret->n, sizeof(ret->cookies[0]), by_number);
	snapshot_done(&s);
	cgroups_done(&cgroups);
	intern_free(names);
	return given;
}

static void test_kernel(void **state)
{
	static const char *const nets[] = {"127.0.0.1", "127.0.0.0/8",  "127.0.0.2",    "::1",
					   "::/0",      "0.0.0.0/0",    "10.0.0.0/8",   "::1/128",
					   "fe80::/10", "127.0.0.3/31", "2001:db8::/32"};
	struct want plain = {.protos = PROTO_BIT(PROTO_TCP) | PROTO_BIT(PROTO_UDP), .states = STATES_ALL};
	struct seen pushed, unpushed;
	unsigned fewer = 0, given, matched = 0, port;
	struct diag *d;

	(void)state;
	serve(AF_INET, "127.0.0.1", "127.0.0.1");
	serve(AF_INET, "0.0.0.0", "127.0.0.2");
	serve(AF_INET6, "::", "127.0.0.3"); /* both ends mapped, the client's are not */
	serve(AF_INET6, "::", "::1");
	serve(AF_INET6, "::1", "::1");
	assert_true(own_ports_n >= 2);
	assert_int_equal(diag_open(&d), 0);
	for (int round = 0; round < 150; round++) {
		struct want w = plain;

		w.ends_n = (uint8_t)(1 + rnd(WANT_ENDS_MAX));
		w.ends_all = rnd(2); /* listeners and UDP too */
		for (int i = 0; i < w.ends_n; i++) {
			struct want_end *e = &w.ends[i];

			*e = (struct want_end){.ends = (uint8_t)(1 + rnd(3)), .port_hi = UINT16_MAX};
			e->any_addr = rnd(2) == 0;
			assert_int_equal(ip_parse_net(nets[rnd(ARRAY_LEN(nets))], &e->net), 0);
			port = own_ports[rnd(own_ports_n)];
			if (rnd(4)) {
				e->port_lo = (uint16_t)(port - rnd(2) * rnd(1000));
				e->port_hi = (uint16_t)(port + rnd(2) * rnd(100));
				if (e->port_hi < e->port_lo)
					e->port_hi = UINT16_MAX;
			}
		}
		given = look(d, &plain, &w, &unpushed);
		fewer += look(d, &w, &w, &pushed) < given;
		matched += pushed.n;
		assert_int_equal(pushed.n, unpushed.n);
		assert_memory_equal(pushed.cookies, unpushed.cookies, pushed.n * sizeof(pushed.cookies[0]));
	}
	assert_true(fewer > 20);
	assert_true(matched > 500);
	/* All of it is left out by the kernel, and not by who reads. */
	plain.ends_n = 1;
	plain.ends_all = true;
	plain.ends[0] = (struct want_end){.ends = 3, .any_addr = true, .port_lo = 1, .port_hi = 1};
	plain.states = STATE_BIT(STATE_LISTENING) | STATE_BIT(STATE_UNCONN);
	assert_int_equal(look(d, &plain, &plain, &pushed), 0);
	plain.ends_all = false;
	assert_int_equal(look(d, &plain, &plain, &pushed), 2 * own_ports_n);
	/* UDP of both families by one walk, and by two as on kernels that do not know how: the same. */
	assert_int_equal(d->naming, NAMING_YES);
	plain.protos = PROTO_BIT(PROTO_UDP);
	look(d, &plain, &plain, &pushed);
	assert_int_equal(pushed.n, own_ports_n);
	d->naming = NAMING_NO;
	look(d, &plain, &plain, &unpushed);
	assert_int_equal(unpushed.n, own_ports_n);
	assert_memory_equal(pushed.cookies, unpushed.cookies, pushed.n * sizeof(pushed.cookies[0]));
	diag_close(d);
	while (fds_n)
		close(fds[--fds_n]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
