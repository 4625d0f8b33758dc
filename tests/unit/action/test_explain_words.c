/* The words that explain makes of its judgement, and the ways out that it names. */
#include "explain_test.h"

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
	{"systemd", "/user.slice/user-1000.slice/user@1000.service/init.scope", 400,
	 "/user.slice/user-1000.slice/user@1000.service/app.slice/a.socket",
	 "systemctl --user stop a.socket\n"},
	/* it only calls itself so */
	{"systemd", "/user.slice/user-1000.slice/session-3.scope", 400, "/system.slice/ssh.socket",
	 "sockeye kill tcp :8080\n"},
	/* another user's manager: only he or root gets there, and who asks here is root */
	{"node", "/user.slice/user-1000.slice/user@1000.service/app.slice/api.service", 300, "",
	 "systemctl --user --machine=0@.host stop api.service   (after sockeye kill it may be started "
	 "again)\n"},
	{"node", "/user.slice/user-0.slice/user@0.service/app.slice/api.service", 300, "",
	 "systemctl --user stop api.service   (after sockeye kill it may be started again)\n"},
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

/* What systemd says about the unit that is in the way. */
static void test_comes_back(void **state)
{
	static const struct {
		const char *answer, *way;
	} cases[] = {
		{"Id=api.service\nRestart=always\nRestartUSec=5s\nMainPID=300\n",
		 "systemctl stop api.service   (after sockeye kill: 5s, then back)\n"},
		{"Id=api.service\nRestart=always\nRestartUSec=100ms\n",
		 "systemctl stop api.service   (after sockeye kill: 100 ms, then back)\n"},
		{"Id=api.service\nRestart=on-failure\nRestartUSec=1s\n",
		 "systemctl stop api.service   (after sockeye kill it is back if it ends with an error)\n"},
		{"Id=api.service\nRestart=no\n",
		 "systemctl stop api.service   (or sockeye kill: Restart=no)\n"},
		{"Id=api.service\nRestart=no\nTriggeredBy=api.socket\n",
		 "systemctl stop api.service api.socket   (else api.socket starts it again)\n"},
		{"Id=other.service\nRestart=always\n",
		 "systemctl stop api.service   (after sockeye kill it may be started again)\n"},
		{"", "systemctl stop api.service   (after sockeye kill it may be started again)\n"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct explain_facts facts = facts_of(1000, "deploy");
		struct explain e = {0};
		struct str out = {0};
		struct fixture x;

		fixture_init(&x);
		fixture_proc(&x, 300, 1, 1000, "node", "/system.slice/api.service");
		held(&x, PROTO_TCP, STATE_LISTENING, "0.0.0.0:8080", 300);
		explain_judge(&e, fixture_apply(&x, 1), 0, PROTO_TCP, PORT, &facts);
		fill(&e, "XX.XX.");
		explain_settle(&e);
		explain_units_read(&e, cases[i].answer);
		assert_int_equal(e.units.n, 1);
		explain_put_ways(&e, false, &out);
		assert_string_equal(str_text(&out), cases[i].way);
		str_done(&out);
		explain_done(&e);
		explain_facts_done(&facts);
		fixture_done(&x);
	}
}

/* systemd and the service that it started hold one socket: both have to go. */
static void test_activated(void **state)
{
	struct explain_facts facts = facts_of(1000, "deploy");
	struct explain e = {0};
	struct str out = {0};
	struct fixture x;
	uint32_t s;

	fixture_init(&x);
	fixture_proc(&x, 1, 0, 0, "systemd", "/init.scope");
	fixture_proc(&x, 700, 1, 0, "rpcbind", "/system.slice/rpcbind.service");
	s = held(&x, PROTO_TCP, STATE_LISTENING, "0.0.0.0:8080", 1);
	fixture_fd(&x, s, 700, 3);
	x.snap.socks.v[s].cgroup = intern_adds(x.names, "/system.slice/rpcbind.socket");
	explain_judge(&e, fixture_apply(&x, 1), 0, PROTO_TCP, PORT, &facts);
	fill(&e, "XX.XX.");
	explain_settle(&e);
	assert_true(e.applies & 1u << CHECK_SYSTEMD);
	explain_put_ways(&e, false, &out);
	assert_string_equal(str_text(&out), "systemctl stop rpcbind.socket rpcbind.service\n");
	str_done(&out);
	explain_done(&e);
	explain_facts_done(&facts);
	fixture_done(&x);
}

/* Nobody is told to become what he is. */
static void test_sudo(void **state)
{
	for (uint32_t asker = 0; asker <= 1000; asker += 1000) {
		struct explain_facts facts = facts_of(1000, "deploy");
		struct explain e = {0};
		struct str out = {0};
		struct fixture x;
		uint32_t s;

		fixture_init(&x);
		facts.asker = asker;
		s = fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "0.0.0.0:8080", NULL);
		x.snap.socks.v[s].inode = 77;
		x.snap.hidden_procs = 3;
		explain_judge(&e, fixture_apply(&x, 1), 0, PROTO_TCP, PORT, &facts);
		fill(&e, "XX.XX.");
		explain_settle(&e);
		assert_int_equal(frame_row(e.f, e.holders.v[0].row)->reason, REASON_NOT_PERMITTED);
		explain_put_ways(&e, false, &out);
		assert_int_equal(strstr(str_text(&out), "sudo sockeye explain 8080/tcp") != NULL, asker != 0);
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
		cmocka_unit_test(test_words_taken),   cmocka_unit_test(test_words_denied),
		cmocka_unit_test(test_words_unknown), cmocka_unit_test(test_checked_only),
		cmocka_unit_test(test_ways),          cmocka_unit_test(test_comes_back),
		cmocka_unit_test(test_activated),     cmocka_unit_test(test_sudo),
		cmocka_unit_test(test_hostile),       cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
