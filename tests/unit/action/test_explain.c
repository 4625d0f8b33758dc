/* explain's judgement by table: who is in whose way, what tries show, which words come of it. */
#include "fixture.h"
#include "sockeye/action/explain.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* after the above */
#include <cmocka.h>

#define PORT 8080

static struct explain_facts facts_of(uint32_t uid, const char *user)
{
	static const char *const addrs[] = {"127.0.0.1", "10.0.0.5", "::1"};
	struct explain_facts facts = {.uid = uid,
				      .cap_bind = uid == 0,
				      .unprivileged_start = 1024,
				      .reserved_known = true,
				      .v4 = true,
				      .v6 = true};
	struct explain_dev dev = {.ifindex = 7, .name = "vrf-red"};

	strcpy(facts.user, user);
	for (size_t i = 0; i < ARRAY_LEN(addrs); i++) {
		struct explain_addr a = {0};

		assert_int_equal(ip_parse(addrs[i], &a.ip), 0);
		vec_push(&facts.addrs, a);
	}
	vec_push(&facts.devs, dev);
	return facts;
}

/* The tries, in order: 0.0.0.0, [::], [::] v6only, 127.0.0.1, 10.0.0.5, ::1. One letter each:
 * . nothing is in the way, X in use, ? the other's SO_REUSEADDR decides, D denied */
static void expected(const struct explain *e, char out[16])
{
	size_t n = e->tries.n < 15 ? e->tries.n : 15;

	for (size_t i = 0; i < n; i++)
		out[i] = ".XD?"[e->tries.v[i].expect];
	out[n] = '\0';
}

static const struct {
	enum proto proto;
	enum state state;
	const char *local, *remote;
	uint32_t ifindex;
	bool v6only;
	const char *expect;
} rules[] = {
	{PROTO_TCP, STATE_LISTENING, "0.0.0.0:8080", NULL, 0, false, "XX.XX."},
	{PROTO_TCP, STATE_LISTENING, "127.0.0.1:8080", NULL, 0, false, "XX.X.."},
	{PROTO_TCP, STATE_LISTENING, "10.0.0.5:8080", NULL, 0, false, "XX..X."},
	{PROTO_TCP, STATE_LISTENING, "*:8080", NULL, 0, false, "XXXXXX"},
	{PROTO_TCP, STATE_LISTENING, "[::]:8080", NULL, 0, true, ".XX..X"},
	{PROTO_TCP, STATE_LISTENING, "[::1]:8080", NULL, 0, false, ".XX..X"},
	{PROTO_TCP, STATE_LISTENING, "[::ffff:10.0.0.5]:8080", NULL, 0, false, "XX..X."},
	/* an address of its own is judged beside the interfaces' */
	{PROTO_TCP, STATE_LISTENING, "127.0.0.53:8080", NULL, 0, false, "XX....X"},
	/* another port, another protocol */
	{PROTO_TCP, STATE_LISTENING, "0.0.0.0:8081", NULL, 0, false, "......"},
	{PROTO_UDP, STATE_UNCONN, "0.0.0.0:8080", NULL, 0, false, "......"},
	/* a device may be in a VRF: only a try can tell */
	{PROTO_TCP, STATE_LISTENING, "0.0.0.0:8080", NULL, 7, false, "??.??."},
	{PROTO_TCP, STATE_BOUND, "127.0.0.1:8080", NULL, 0, false, "??.?.."},
	{PROTO_TCP, STATE_BOUND, "*:8080", NULL, 0, false, "??????"},
	{PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:8080", "10.0.0.7:5432", 0, false, "??..?."},
	{PROTO_TCP, STATE_TIME_WAIT, "10.0.0.5:8080", "10.0.0.7:5432", 0, false, "??..?."},
	{PROTO_TCP, STATE_CLOSE_WAIT, "[::1]:8080", "[::1]:50000", 0, false, ".??..?"},
	/* the remote end's port is nobody's here; a request is not bound */
	{PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:50000", "10.0.0.7:8080", 0, false, "......"},
	{PROTO_TCP, STATE_SYN_RECV, "10.0.0.5:8080", "10.0.0.7:50000", 0, false, "......"},
};

static void test_rules(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		struct explain_facts facts = facts_of(1000, "deploy");
		struct explain e = {0};
		struct fixture x;
		char got[16];
		uint32_t s;

		fixture_init(&x);
		s = fixture_sock(&x, rules[i].proto, rules[i].state, rules[i].local, rules[i].remote);
		x.snap.socks.v[s].ifindex = rules[i].ifindex;
		x.snap.socks.v[s].flags |= rules[i].v6only ? SOCK_V6ONLY : 0;
		explain_judge(&e, fixture_apply(&x, 1), 0, PROTO_TCP, PORT, &facts);
		expected(&e, got);
		if (strcmp(got, rules[i].expect) != 0)
			print_error("rule %zu: %s\n", i, rules[i].local);
		assert_string_equal(got, rules[i].expect);
		explain_done(&e);
		explain_facts_done(&facts);
		fixture_done(&x);
	}
}

static void test_udp_is_always_open(void **state)
{
	struct explain_facts facts = facts_of(1000, "deploy");
	struct explain e = {0};
	struct fixture x;
	char got[16];

	fixture_init(&x);
	fixture_sock(&x, PROTO_UDP, STATE_UNCONN, "0.0.0.0:8080", NULL);
	fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "[::]:8080", NULL);
	explain_judge(&e, fixture_apply(&x, 1), 0, PROTO_UDP, PORT, &facts);
	expected(&e, got);
	assert_string_equal(got, "??.??.");
	assert_false(e.checked & 1u << CHECK_TIME_WAIT);
	assert_true(e.applies & 1u << CHECK_DATAGRAM);
	explain_done(&e);
	explain_facts_done(&facts);
	fixture_done(&x);
}

/* What tries of the six addresses gave, one letter each: . ok, X EADDRINUSE, A EACCES, P EPERM, N EADDRNOTAVAIL,
 * - not tried; and what follows. */
static const struct {
	enum state state; /* of a holder on 10.0.0.5; NONE: there is none */
	uint32_t port;
	const char *tries;
	uint8_t verdict, effect;
	uint32_t odd;
} outcomes[] = {
	{STATE_NONE, PORT, "......", EXPLAIN_FREE, 0, NONE},
	{STATE_NONE, PORT, "------", EXPLAIN_FREE, 0, NONE},
	{STATE_NONE, PORT, "....N.", EXPLAIN_FREE, 0, NONE}, /* the address went away */
	{STATE_NONE, PORT, "N.....", EXPLAIN_UNKNOWN, 0, 0},
	{STATE_NONE, PORT, "..X...", EXPLAIN_UNKNOWN, 0, 2},
	{STATE_NONE, PORT, "...P..", EXPLAIN_UNKNOWN, 0, 3},
	{STATE_NONE, 80, "AAAAAA", EXPLAIN_DENIED, 0, NONE},
	{STATE_NONE, 80, "------", EXPLAIN_DENIED, 0, NONE},
	{STATE_NONE, 80, "......", EXPLAIN_UNKNOWN, 0, 0},
	{STATE_LISTENING, PORT, "XX..X.", EXPLAIN_TAKEN, EFFECT_BLOCKS, NONE},
	{STATE_LISTENING, PORT, "------", EXPLAIN_TAKEN, EFFECT_BLOCKS, NONE},
	{STATE_LISTENING, PORT, "XX....", EXPLAIN_UNKNOWN, EFFECT_BLOCKS, 4},
	{STATE_LISTENING, PORT, "AX..X.", EXPLAIN_UNKNOWN, EFFECT_BLOCKS, 0},
	{STATE_LISTENING, 80, "AAAAAA", EXPLAIN_DENIED, EFFECT_BLOCKS, NONE},
	{STATE_BOUND, PORT, "XX..X.", EXPLAIN_TAKEN, EFFECT_BLOCKS, NONE},
	{STATE_BOUND, PORT, "......", EXPLAIN_FREE, EFFECT_NO_MATTER, NONE},
	{STATE_BOUND, PORT, "------", EXPLAIN_UNKNOWN, EFFECT_UNKNOWN, NONE},
	{STATE_BOUND, PORT, "XX.XX.", EXPLAIN_UNKNOWN, EFFECT_BLOCKS, 3},
	{STATE_TIME_WAIT, PORT, "......", EXPLAIN_FREE, EFFECT_NO_MATTER, NONE},
	{STATE_TIME_WAIT, PORT, "XX..X.", EXPLAIN_TAKEN, EFFECT_BLOCKS, NONE},
};

static void fill(struct explain *e, const char *tries)
{
	for (size_t i = 0; i < e->tries.n && tries[i]; i++) {
		e->tries.v[i].tried = tries[i] != '-';
		e->tries.v[i].err = tries[i] == 'X'   ? EADDRINUSE
				    : tries[i] == 'A' ? EACCES
				    : tries[i] == 'P' ? EPERM
				    : tries[i] == 'N' ? EADDRNOTAVAIL
						      : 0;
	}
}

static void test_outcomes(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(outcomes); i++) {
		struct explain_facts facts = facts_of(1000, "deploy");
		struct explain e = {0};
		struct fixture x;
		char local[32];

		fixture_init(&x);
		snprintf(local, sizeof(local), "10.0.0.5:%u", outcomes[i].port);
		if (outcomes[i].state != STATE_NONE)
			fixture_sock(&x, PROTO_TCP, outcomes[i].state, local,
				     outcomes[i].state == STATE_TIME_WAIT ? "10.0.0.9:5" : NULL);
		explain_judge(&e, fixture_apply(&x, 1), 0, PROTO_TCP, outcomes[i].port, &facts);
		fill(&e, outcomes[i].tries);
		explain_settle(&e);
		if (e.verdict != outcomes[i].verdict || e.odd != outcomes[i].odd)
			print_error("outcome %zu: %s\n", i, outcomes[i].tries);
		assert_int_equal(e.verdict, outcomes[i].verdict);
		assert_int_equal(e.odd, outcomes[i].odd);
		if (outcomes[i].state != STATE_NONE) {
			assert_int_equal(e.holders.n, 1);
			assert_int_equal(e.holders.v[0].effect, outcomes[i].effect);
		}
		explain_done(&e);
		explain_facts_done(&facts);
		fixture_done(&x);
	}
}

/* Of two bound sockets the tries tell which one it is. */
static void test_blame(void **state)
{
	struct explain_facts facts = facts_of(1000, "deploy");
	struct explain e = {0};
	struct fixture x;

	fixture_init(&x);
	fixture_sock(&x, PROTO_TCP, STATE_BOUND, "127.0.0.1:8080", NULL);
	fixture_sock(&x, PROTO_TCP, STATE_BOUND, "10.0.0.5:8080", NULL);
	explain_judge(&e, fixture_apply(&x, 1), 0, PROTO_TCP, PORT, &facts);
	fill(&e, "XX..X.");
	explain_settle(&e);
	assert_int_equal(e.verdict, EXPLAIN_TAKEN);
	assert_int_equal(e.holders.v[0].effect, EFFECT_BLOCKS);
	assert_int_equal(e.holders.v[0].ip.b[0], 10);
	assert_int_equal(e.holders.v[1].effect, EFFECT_NO_MATTER);
	assert_true(e.tries.v[3].bind_only); /* its holder may be about to listen */
	assert_false(e.tries.v[5].bind_only);
	explain_done(&e);
	explain_facts_done(&facts);
	fixture_done(&x);
}

static void test_other_namespace(void **state)
{
	struct explain_facts facts = facts_of(1000, "deploy");
	struct explain e = {0};
	struct fixture x;
	uint16_t blue;
	uint32_t s;

	fixture_init(&x);
	blue = fixture_netns(&x, "blue");
	s = fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "[::]:8080", NULL);
	x.snap.socks.v[s].netns = blue;
	explain_judge(&e, fixture_apply(&x, 1), 0, PROTO_TCP, PORT, &facts);
	assert_int_equal(e.holders.n, 0);
	explain_judge(&e, fixture_apply(&x, 1), blue, PROTO_TCP, PORT, &facts);
	assert_int_equal(e.holders.n, 1);
	explain_done(&e);
	explain_facts_done(&facts);
	fixture_done(&x);
}

static void test_no_ipv6(void **state)
{
	struct explain_facts facts = facts_of(1000, "deploy");
	struct explain e = {0};
	struct fixture x;

	fixture_init(&x);
	facts.v6 = false;
	explain_judge(&e, fixture_apply(&x, 1), 0, PROTO_TCP, PORT, &facts);
	assert_int_equal(e.tries.n, 3);
	facts.v4 = false;
	explain_judge(&e, fixture_apply(&x, 1), 0, PROTO_TCP, PORT, &facts);
	assert_int_equal(e.tries.n, 0);
	explain_settle(&e);
	assert_int_equal(e.verdict, EXPLAIN_UNKNOWN);
	explain_done(&e);
	explain_facts_done(&facts);
	fixture_done(&x);
}

static void test_reserved(void **state)
{
	static const struct {
		const char *text;
		uint32_t port;
		bool is;
	} cases[] = {
		{"8080,9148-9150\n", 8080, true},
		{"8080,9148-9150\n", 9149, true},
		{"8080,9148-9150\n", 9151, false},
		{"\n", 8080, false},
		{"65535\n", 65535, true},
		{"1-65535", 1, true},
		{"70000-80000,5", 4464, false},
		{"70000-80000,5", 5, true},
		{"8080-", 8080, false},
		{"x", 0, false},
		{"", 8080, false},
	};
	struct explain_facts facts = {0};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		explain_read_reserved(&facts, cases[i].text);
		assert_true(facts.reserved_known);
		assert_int_equal(facts.reserved[cases[i].port / 8] >> cases[i].port % 8 & 1, cases[i].is);
	}
}

static void test_next(void **state)
{
	struct explain_facts user = facts_of(1000, "deploy"), root = facts_of(0, "root");
	const struct frame *f;
	struct fixture x;

	fixture_init(&x);
	fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "127.0.0.1:8080", NULL);
	fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:8081", "10.0.0.7:1");
	fixture_sock(&x, PROTO_UDP, STATE_UNCONN, "0.0.0.0:8084", NULL);
	f = fixture_apply(&x, 1);
	explain_read_reserved(&user, "8082-8083");
	assert_int_equal(explain_next(f, 0, PROTO_TCP, &user, 8080), 8084);
	assert_int_equal(explain_next(f, 0, PROTO_UDP, &user, 8084), 8085);
	assert_int_equal(explain_next(f, 0, PROTO_TCP, &user, 80), 1024);
	assert_int_equal(explain_next(f, 0, PROTO_TCP, &root, 80), 80);
	assert_int_equal(explain_next(f, 0, PROTO_TCP, &root, 0), 1);
	/* past the range that connections take their ports from, unless it is asked for */
	assert_int_equal(explain_next(f, 0, PROTO_TCP, &root, f->netns.v[0].eph_low - 1),
			 f->netns.v[0].eph_low - 1);
	explain_read_reserved(&root, "32767");
	assert_int_equal(f->netns.v[0].eph_low, 32768);
	assert_int_equal(explain_next(f, 0, PROTO_TCP, &root, 32767), f->netns.v[0].eph_high + 1);
	assert_int_equal(explain_next(f, 0, PROTO_TCP, &root, 40000), 40000);
	explain_read_reserved(&root, "65535");
	assert_int_equal(explain_next(f, 0, PROTO_TCP, &root, 65535), 0);
	explain_facts_done(&user);
	explain_facts_done(&root);
	fixture_done(&x);
}

/* A socket that a process holds. */
static uint32_t held(struct fixture *x, enum proto proto, enum state st, const char *local, uint32_t pid)
{
	uint32_t s = fixture_sock(x, proto, st, local, NULL);

	fixture_fd(x, s, pid, 3);
	return s;
}

static void expect_text(struct explain *e, const char *expect)
{
	struct str out = {0};

	explain_put_text(e, false, &out);
	assert_string_equal(str_text(&out), expect);
	str_done(&out);
}

static void test_words_taken(void **state)
{
	struct explain_facts facts = facts_of(1000, "deploy");
	struct explain e = {0};
	struct fixture x;
	uint32_t s;

	fixture_init(&x);
	fixture_proc(&x, 21877, 1, 1000, "node", "/system.slice/api.service");
	fixture_user(&x, 1000, "deploy");
	held(&x, PROTO_TCP, STATE_LISTENING, "*:8080", 21877);
	s = fixture_sock(&x, PROTO_TCP, STATE_TIME_WAIT, "10.0.0.5:8080", "10.0.0.7:50000");
	x.snap.socks.v[s].timer = 3;
	x.snap.socks.v[s].timer_ms = 12000;
	s = fixture_sock(&x, PROTO_TCP, STATE_TIME_WAIT, "127.0.0.1:8080", "127.0.0.1:50000");
	x.snap.socks.v[s].timer = 3;
	x.snap.socks.v[s].timer_ms = 40100;
	explain_judge(&e, fixture_apply(&x, 1), 0, PROTO_TCP, PORT, &facts);
	fill(&e, "XXXXXX");
	explain_settle(&e);
	e.next_free = 8082;
	struct str out = {0};
	explain_put_text(&e, false, &out);
	/* the time zone decides about the hour */
	char *since = strstr(str_text(&out), "up since ");
	assert_non_null(since);
	char *end = strchr(since, '\n');
	memmove(since + 8, end, strlen(end) + 1);
	assert_string_equal(
		str_text(&out),
		"8080/tcp is taken: bind() by deploy (uid 1000) would fail with EADDRINUSE.\n"
		"  held by     node 21877  deploy  api.service  listens on *  up since\n"
		"              blocks 0.0.0.0, [::] and every single address\n"
		"  no matter   2 in time-wait for 41s (with SO_REUSEADDR)\n"
		"  checked     privileged, reserved, ephemeral, bound only, connection, systemd\n"
		"              socket, SO_REUSEPORT group, bound device or VRF: none applies; a\n"
		"              real bind() on 6 addresses agrees\n"
		"  to free it  systemctl stop api.service   (after sockeye kill it may be started again)\n"
		"  next free   8082\n");
	str_done(&out);
	explain_put_brief(&e, false, &out);
	assert_string_equal(str_text(&out), "8080/tcp is taken by node 21877 (sockeye explain 8080/tcp).");
	str_done(&out);
	explain_done(&e);
	explain_facts_done(&facts);
	fixture_done(&x);
}

static void test_words_denied(void **state)
{
	struct explain_facts facts = facts_of(1000, "deploy");
	struct explain e = {0};
	struct fixture x;

	fixture_init(&x);
	explain_judge(&e, fixture_apply(&x, 1), 0, PROTO_TCP, 81, &facts);
	fill(&e, "AAAAAA");
	explain_settle(&e);
	expect_text(
		&e,
		"81/tcp is not taken, but bind() by deploy (uid 1000) would fail with EACCES:\n"
		"  below 1024 it needs CAP_NET_BIND_SERVICE (net.ipv4.ip_unprivileged_port_start)\n"
		"  ways        AmbientCapabilities=CAP_NET_BIND_SERVICE in the unit, or a port from 1024\n");
	explain_done(&e);
	explain_facts_done(&facts);
	fixture_done(&x);
}

static void test_words_unknown(void **state)
{
	struct explain_facts facts = facts_of(1000, "");
	struct explain e = {0};
	struct fixture x;

	fixture_init(&x);
	explain_judge(&e, fixture_apply(&x, 1), 0, PROTO_TCP, PORT, &facts);
	fill(&e, "..P...");
	explain_settle(&e);
	expect_text(&e, "8080/tcp: cannot tell: bind() by uid 1000 to [::] (IPv6 only) fails with EPERM, "
			"though nothing is in "
			"the way:\n"
			"  something sockeye cannot see (LSM, seccomp, cgroup-BPF, …)\n"
			"  checked     privileged, reserved, ephemeral, listener, bound only,\n"
			"              connection, time-wait, dual-stack IPv6, systemd socket,\n"
			"              SO_REUSEPORT group, bound device or VRF: none applies\n");
	e.broke = true;
	fill(&e, "-------");
	e.not_tried = "the process that tried was ended";
	explain_settle(&e);
	assert_int_equal(e.verdict, EXPLAIN_UNKNOWN);
	explain_done(&e);
	explain_facts_done(&facts);
	fixture_done(&x);
}

/* Nothing is said to be checked that could not be. */
static void test_checked_only(void **state)
{
	struct explain_facts facts = facts_of(1000, "deploy");
	struct explain e = {0};
	struct fixture x;

	fixture_init(&x);
	snapshot_limit(&x.snap, "bound", "not-supported", "This kernel does not tell.");
	facts.unprivileged_start = -1;
	facts.reserved_known = false;
	fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "0.0.0.0:8080", NULL); /* whose, is not known */
	explain_judge(&e, fixture_apply(&x, 1), 0, PROTO_TCP, PORT, &facts);
	assert_false(e.checked & (1u << CHECK_BOUND | 1u << CHECK_PRIVILEGED | 1u << CHECK_RESERVED |
				  1u << CHECK_SYSTEMD));
	assert_true(e.checked & 1u << CHECK_LISTENER);
	explain_done(&e);
	explain_facts_done(&facts);
	fixture_done(&x);
}

static const struct {
	const char *comm, *cgroup; /* of the process */
	uint32_t pid;
	const char *sock_cgroup;
	const char *way;
} ways[] = {
	{"node", "/system.slice/api.service", 300, "",
	 "systemctl stop api.service   (after sockeye kill it may be started again)\n"},
	{"systemd", "/init.scope", 1, "/system.slice/ssh.socket", "systemctl stop ssh.socket\n"},
	{"systemd", "/init.scope", 1, "/init.scope",
	 "systemctl list-sockets names the .socket unit; then systemctl stop it\n"},
	{"app", "/", 1, "", "sockeye kill tcp :8080\n"}, /* pid 1 of a container */
	{"docker-proxy", "/system.slice/docker.service", 300, "",
	 "docker ps --filter publish=8080 names the container; then docker stop it\n"},
	{"postgres", "/docker/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", 300, "",
	 "docker stop 0123456789ab\n"},
	{"python3", "/user.slice/user-1000.slice/session-3.scope", 300, "", "sockeye kill tcp :8080\n"},
};

static void test_ways(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		struct explain_facts facts = facts_of(1000, "deploy");
		struct explain e = {0};
		struct str out = {0};
		struct fixture x;
		uint32_t s;

		fixture_init(&x);
		fixture_proc(&x, ways[i].pid, 0, 0, ways[i].comm, ways[i].cgroup);
		s = held(&x, PROTO_TCP, STATE_LISTENING, "0.0.0.0:8080", ways[i].pid);
		x.snap.socks.v[s].cgroup = intern_adds(x.names, ways[i].sock_cgroup);
		explain_judge(&e, fixture_apply(&x, 1), 0, PROTO_TCP, PORT, &facts);
		fill(&e, "XX.XX.");
		explain_settle(&e);
		explain_put_ways(&e, false, &out);
		assert_string_equal(str_text(&out), ways[i].way);
		str_done(&out);
		explain_done(&e);
		explain_facts_done(&facts);
		fixture_done(&x);
	}
}

static void test_hostile(void **state)
{
	struct explain_facts facts = facts_of(1000, "deploy");
	struct explain e = {0};
	struct str out = {0};
	struct fixture x;

	fixture_init(&x);
	fixture_proc(&x, 300, 1, 1000, "a)\033[31m\n\xff", "/system.slice/\033]0;x\007\n.service");
	held(&x, PROTO_TCP, STATE_LISTENING, "0.0.0.0:8080", 300);
	explain_judge(&e, fixture_apply(&x, 1), 0, PROTO_TCP, PORT, &facts);
	fill(&e, "XX.XX.");
	explain_settle(&e);
	explain_put_text(&e, true, &out);
	for (size_t i = 0; i < out.n; i++)
		if (out.s[i] != '\n')
			assert_in_range((unsigned char)out.s[i], 32, 126);
	assert_non_null(strstr(str_text(&out), "a)\\e[31m\\n\\xFF 300"));
	str_clear(&out);
	explain_put_json(&e, &out);
	for (size_t i = 0; i < out.n; i++)
		assert_true((unsigned char)out.s[i] >= 32 && out.s[i] != 127);
	assert_non_null(strstr(str_text(&out), "\"process\":\"a)"));
	str_done(&out);
	explain_done(&e);
	explain_facts_done(&facts);
	fixture_done(&x);
}

/* A busy port: thousands of connections are a few holders and a few lines. */
static void test_many(void **state)
{
	struct explain_facts facts = facts_of(1000, "deploy");
	struct explain e = {0};
	struct str out = {0};
	struct fixture x;

	fixture_init(&x);
	fixture_proc(&x, 300, 1, 1000, "nginx", "");
	held(&x, PROTO_TCP, STATE_LISTENING, "0.0.0.0:8080", 300);
	for (int i = 0; i < 5000; i++) {
		char local[32], remote[32];

		snprintf(local, sizeof(local), "10.0.%d.%d:8080", i / 250 % 256, i % 250 + 1);
		snprintf(remote, sizeof(remote), "10.9.0.1:%d", 1024 + i);
		fixture_sock(&x, PROTO_TCP, i % 2 ? STATE_ESTABLISHED : STATE_TIME_WAIT, local, remote);
	}
	explain_judge(&e, fixture_apply(&x, 1), 0, PROTO_TCP, PORT, &facts);
	assert_int_equal(e.tries.n, 6);
	fill(&e, "XX.XX.");
	explain_settle(&e);
	assert_int_equal(e.verdict, EXPLAIN_TAKEN);
	assert_int_equal(e.holders.v[0].kind, EXPLAIN_LISTEN);
	explain_put_text(&e, false, &out);
	unsigned lines = 0;
	for (size_t i = 0; i < out.n; i++)
		lines += out.s[i] == '\n';
	assert_in_range(lines, 5, 40);
	assert_non_null(strstr(str_text(&out), "2,500 in time-wait"));
	str_done(&out);
	explain_done(&e);
	explain_facts_done(&facts);
	fixture_done(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_udp_is_always_open),
		cmocka_unit_test(test_outcomes),
		cmocka_unit_test(test_blame),
		cmocka_unit_test(test_other_namespace),
		cmocka_unit_test(test_no_ipv6),
		cmocka_unit_test(test_reserved),
		cmocka_unit_test(test_next),
		cmocka_unit_test(test_words_taken),
		cmocka_unit_test(test_words_denied),
		cmocka_unit_test(test_words_unknown),
		cmocka_unit_test(test_checked_only),
		cmocka_unit_test(test_ways),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
