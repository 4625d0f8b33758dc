/* The tables of /proc/net: lines as Linux 6.18 printed them, every way to be spoilt, and the real files. */
#include "diag_parse.h"
#include "procnet.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static int parse(const char *line, enum proto proto, bool v6, struct sock *ret)
{
	return procnet_parse_line(line, strlen(line), proto, v6, 100, ret);
}

static const char listener[] = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000001 00:00000000 00000000  "
			       "   0        0 1862008 3 "
			       "0000000045486a73 100 0 0 10 0                   ";

static void test_listener(void **state)
{
	static const uint8_t local[16] = {127, 0, 0, 1};
	struct sock s;

	assert_int_equal(parse(listener, PROTO_TCP, false, &s), 0);
	if (htonl(1) != 1) /* the words are as they lie in memory */
		assert_memory_equal(s.laddr, local, 16);
	assert_int_equal(s.lport, 8080);
	assert_int_equal(s.rport, 0);
	assert_int_equal(s.state, STATE_LISTENING);
	assert_int_equal(s.recvq, 1);
	assert_int_equal(s.inode, 1862008);
	assert_int_equal(s.uid, 0);
	assert_int_equal(s.flags, SOCK_HAS_UID | SOCK_OWN_COOKIE | SOCK_FROM_PROC);
	assert_true(s.cookie >> 63);
}

static void test_connection(void **state)
{
	struct sock s, other;

	assert_int_equal(
		parse("   2: 0100007F:1F9A 0100007F:BA7C 01 00000005:0000000A 02:00000190 00000003  1000 "
		      "       0 1862022 1 0000000003ca899c 20 0 0 10 -1",
		      PROTO_TCP, false, &s),
		0);
	assert_int_equal(s.state, STATE_ESTABLISHED);
	assert_int_equal(s.rport, 0xba7c);
	assert_int_equal(s.sendq, 5);
	assert_int_equal(s.recvq, 10);
	assert_int_equal(s.timer, 2);
	assert_int_equal(s.timer_ms, 4000); /* 400 ticks of 10 ms */
	assert_int_equal(s.retrans, 3);
	assert_int_equal(s.uid, 1000);
	/* Not accepted: no inode; identified by its ends, whatever its state. */
	assert_int_equal(
		parse("   3: 0100007F:1F90 0100007F:BF38 01 00000000:00000000 00:00000000 00000000     0 "
		      "       0 0 1 00000000b108d17e 20 0 0 10 -1",
		      PROTO_TCP, false, &s),
		0);
	assert_int_equal(
		parse("  13: 0100007F:1F90 0100007F:BF38 08 00000000:00000001 00:00000000 00000000     0 "
		      "       0 0 1 00000000b108d17e 20 0 0 10 -1",
		      PROTO_TCP, false, &other),
		0);
	assert_int_equal(s.inode, 0);
	assert_true(s.cookie == other.cookie && s.cookie >> 62 == 3);
	assert_int_equal(other.state, STATE_CLOSE_WAIT);
	/* Stand-ins have no user, and none is invented. */
	assert_int_equal(
		parse("   4: 0100007F:C350 0100007F:1F90 06 00000000:00000000 03:00000B2C 00000000     0 "
		      "       0 0 3 0000000000000000",
		      PROTO_TCP, false, &s),
		0);
	assert_int_equal(s.state, STATE_TIME_WAIT);
	assert_true(s.flags & SOCK_MINI);
	assert_false(s.flags & SOCK_HAS_UID);
	assert_int_equal(s.timer, 3);
}

static void test_families(void **state)
{
	static const uint8_t one[16] = {[15] = 1};
	struct sock s;

	assert_int_equal(
		parse("  120: 00000000000000000000000000000000:003A 00000000000000000000000000000000:0000 07 "
		      "00000000:00000000 00:00000000 00000000     0        0 1862042 2 00000000c64c06b6 0",
		      PROTO_RAW, true, &s),
		0);
	assert_int_equal(s.family, FAMILY_IPV6);
	assert_int_equal(s.state, STATE_UNCONN);
	assert_int_equal(s.lport, 58);
	assert_int_equal(
		parse("   41: 00000000000000000000000001000000:004E 00000000000000000000000000000000:0000 07 "
		      "00000000:00000000 00:00000000 00000000     0        0 1862043 2 00000000ecd42821 0",
		      PROTO_ICMP, true, &s),
		0);
	if (htonl(1) != 1)
		assert_memory_equal(s.laddr, one, 16);
	assert_int_equal(s.lport, 78);
	assert_int_equal(
		parse(" 3326: 0100007F:0063 00000000:0000 07 00000000:00000000 00:00000000 00000000     0 "
		      "       0 1862029 2 00000000d9fe2d74 0",
		      PROTO_UDPLITE, false, &s),
		0);
	assert_int_equal(s.proto, PROTO_UDPLITE);
	assert_int_equal(s.lport, 99);
}

static void test_spoilt(void **state)
{
	struct sock s;

	assert_int_equal(
		parse("  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid",
		      PROTO_TCP, false, &s),
		1);
	memset(&s, 0x55, sizeof(s));
	for (size_t n = 0; n < 85; n++) { /* up to the inode every cut is seen */
		struct sock before = s;
		char *copy = malloc(n + 1);

		memcpy(copy, listener, n);
		assert_int_equal(procnet_parse_line(copy, n, PROTO_TCP, false, 100, &s), -EBADMSG);
		assert_memory_equal(&s, &before, sizeof(s));
		free(copy);
	}
	for (size_t at = 0; at < 80; at++) { /* a foreign letter anywhere never reads beyond */
		char line[sizeof(listener)];

		memcpy(line, listener, sizeof(line));
		line[at] = '\x1b';
		parse(line, PROTO_TCP, false, &s);
		parse(line, PROTO_TCP, true, &s);
	}
	assert_int_equal(parse(listener, PROTO_TCP, true, &s), -EBADMSG); /* an IPv4 line in an IPv6 table */
	assert_int_equal(
		parse("   0: 0100007F:1F90 00000000:0000 0C 00000000:00000001 00:00000000 00000000     0    "
		      "    0 1862008 3",
		      PROTO_TCP, false, &s),
		0);
	assert_int_equal(s.state, STATE_NONE); /* a state that no table prints */
}

/* A proc tree of the test's own: long tables, lines across the reader's chunks. */
static void test_files(void **state)
{
	char root[] = "/tmp/sockeye-procnet.XXXXXX", path[128];
	struct snapshot snap;
	struct procnet p;
	uint32_t bad = 0;
	FILE *f;

	assert_non_null(mkdtemp(root));
	snprintf(path, sizeof(path), "%s/thread-self", root);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/thread-self/net", root);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/thread-self/net/tcp", root);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "  sl  local_address rem_address   st\n");
	for (unsigned i = 1; i <= 3000; i++)
		fprintf(f,
			"%4u: 0100007F:%04X 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0    "
			"    0 %u 3\n",
			i, i, 100000 + i);
	fprintf(f, "rubbish\n");
	fclose(f);
	snapshot_init(&snap);
	procnet_init(&p);
	assert_int_equal(procnet_look(&p, PROTO_TCP, STATES_ALL, 0, false, &snap, &bad), -ENOENT);
	assert_true(procnet_open(&p, root, PROTO_BIT(PROTO_TCP) | PROTO_BIT(PROTO_UDP)));
	assert_true(procnet_has(&p, PROTO_TCP));
	assert_false(procnet_has(&p, PROTO_UDP));
	for (int look = 0; look < 2; look++) { /* an open file is read again from its start */
		snapshot_clear(&snap);
		assert_int_equal(procnet_look(&p, PROTO_TCP, STATES_ALL, 3, true, &snap, &bad), 0);
		assert_int_equal(snap.socks.n, 3000);
		assert_int_equal(snap.infos.n, 3000);
		for (unsigned i = 0; i < 3000; i++) {
			assert_int_equal(snap.socks.v[i].lport, i + 1);
			assert_int_equal(snap.socks.v[i].inode, 100001 + i);
			assert_int_equal(snap.socks.v[i].netns, 3);
		}
	}
	assert_int_equal(bad, 2);
	snapshot_clear(&snap);
	assert_int_equal(procnet_look(&p, PROTO_TCP, STATE_BIT(STATE_ESTABLISHED), 0, false, &snap, &bad), 0);
	assert_int_equal(snap.socks.n, 0);
	procnet_done(&p);
	snapshot_done(&snap);
	unlink(path);
	snprintf(path, sizeof(path), "%s/thread-self/net", root);
	rmdir(path);
	snprintf(path, sizeof(path), "%s/thread-self", root);
	rmdir(path);
	rmdir(root);
}

static void test_protocols(void **state)
{
	static const char text[] = "protocol  size sockets  memory press maxhdr  slab module     cl co\n"
				   "MPTCPv6   2064      3       0   no       0   yes  kernel      y  y\n"
				   "TCP       2304   9001       0   no     192   yes  kernel      y  y\n"
				   "MPTCP     1936     12       0   no       0   yes  kernel      y  y";
	static const char *const mptcp[] = {"MPTCP", "MPTCPv6", NULL}, *const sctp[] = {"SCTP", NULL},
				 *const tcp[] = {"TCP", NULL};
	uint64_t n = 77;

	assert_int_equal(procnet_parse_protocols(text, sizeof(text) - 1, mptcp, &n), 0);
	assert_int_equal(n, 15);
	assert_int_equal(procnet_parse_protocols(text, sizeof(text) - 1, tcp, &n), 0);
	assert_int_equal(n, 9001);
	assert_int_equal(procnet_parse_protocols(text, sizeof(text) - 1, sctp, &n), -ENOENT);
	assert_int_equal(procnet_parse_protocols(text, 0, mptcp, &n), -ENOENT);
	assert_int_equal(n, 9001);
	for (size_t i = 0; i < sizeof(text); i++) {
		char *copy = malloc(i + 1);

		memcpy(copy, text, i);
		procnet_parse_protocols(copy, i, mptcp, &n);
		free(copy);
	}
}

/* The kernel's own table has what this process just opened. */
static void test_real(void **state)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(any);
	struct snapshot snap;
	struct procnet p;
	uint32_t bad = 0, found = 0;
	struct stat st;

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof(any)), 0);
	assert_int_equal(listen(fd, 5), 0);
	getsockname(fd, (struct sockaddr *)&any, &len);
	fstat(fd, &st);
	snapshot_init(&snap);
	procnet_init(&p);
	assert_true(procnet_open(&p, "/proc", PROTO_BIT(PROTO_TCP)));
	assert_int_equal(procnet_look(&p, PROTO_TCP, STATES_ALL, 0, false, &snap, &bad), 0);
	assert_int_equal(bad, 0);
	for (size_t i = 0; i < snap.socks.n; i++) {
		const struct sock *s = &snap.socks.v[i];

		if (s->inode != (uint32_t)st.st_ino)
			continue;
		found++;
		assert_int_equal(s->lport, ntohs(any.sin_port));
		assert_int_equal(s->state, STATE_LISTENING);
		assert_memory_equal(s->laddr, &any.sin_addr, 4);
		assert_int_equal(s->uid, getuid());
	}
	assert_int_equal(found, 1);
	procnet_done(&p);
	snapshot_done(&snap);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_listener),  cmocka_unit_test(test_connection),
		cmocka_unit_test(test_families),  cmocka_unit_test(test_spoilt),
		cmocka_unit_test(test_files),     cmocka_unit_test(test_real),
		cmocka_unit_test(test_protocols),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
