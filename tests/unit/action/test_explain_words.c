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
	struct asked a;
	uint32_t s;

	asked_init(&a, 1000, "deploy");
	fixture_proc(&a.x, 21877, 1, 1000, "node", "/system.slice/api.service");
	fixture_user(&a.x, 1000, "deploy");
	held(&a.x, PROTO_TCP, STATE_LISTENING, "*:8080", 21877);
	s = fixture_sock(&a.x, PROTO_TCP, STATE_TIME_WAIT, "10.0.0.5:8080", "10.0.0.7:50000");
	a.x.snap.socks.v[s].timer = 3;
	a.x.snap.socks.v[s].timer_ms = 12000;
	s = fixture_sock(&a.x, PROTO_TCP, STATE_TIME_WAIT, "127.0.0.1:8080", "127.0.0.1:50000");
	a.x.snap.socks.v[s].timer = 3;
	a.x.snap.socks.v[s].timer_ms = 40100;
	asked_judge(&a, PROTO_TCP, PORT, "XXXXXX");
	a.e.next_free = 8082;
	explain_put_text(&a.e, false, &a.out);
	/* the time zone decides about the hour */
	char *since = strstr(str_text(&a.out), "up since ");
	assert_non_null(since);
	char *end = strchr(since, '\n');
	memmove(since + 8, end, strlen(end) + 1);
	assert_string_equal(
		str_text(&a.out),
		"8080/tcp is taken: bind() by deploy (uid 1000) would fail with EADDRINUSE.\n"
		"  held by     node 21877  deploy  api.service  listens on *  up since\n"
		"              blocks 0.0.0.0, [::] and every single address\n"
		"  no matter   2 in time-wait for 41s (with SO_REUSEADDR)\n"
		"  checked     privileged, reserved, ephemeral, bound only, connection, systemd\n"
		"              socket, SO_REUSEPORT group, bound device or VRF: none applies; a\n"
		"              real bind() on 6 addresses agrees\n"
		"  to free it  systemctl stop api.service   (after sockeye kill it may be started again)\n"
		"  next free   8082\n");
	str_done(&a.out);
	explain_put_brief(&a.e, false, &a.out);
	assert_string_equal(str_text(&a.out), "8080/tcp is taken by node 21877 (sockeye explain 8080/tcp).");
	asked_done(&a);
}

static void test_words_denied(void **state)
{
	struct asked a;

	asked_init(&a, 1000, "deploy");
	asked_judge(&a, PROTO_TCP, 81, "AAAAAA");
	expect_text(
		&a.e,
		"81/tcp is not taken, but bind() by deploy (uid 1000) would fail with EACCES:\n"
		"  below 1024 it needs CAP_NET_BIND_SERVICE (net.ipv4.ip_unprivileged_port_start)\n"
		"  ways        AmbientCapabilities=CAP_NET_BIND_SERVICE in the unit, or a port from 1024\n");
	asked_done(&a);
}

static void test_words_unknown(void **state)
{
	struct asked a;

	asked_init(&a, 1000, "");
	asked_judge(&a, PROTO_TCP, PORT, "..P...");
	expect_text(&a.e, "8080/tcp: cannot tell: bind() by uid 1000 to [::] (IPv6 only) fails with EPERM, "
			  "though nothing is in "
			  "the way:\n"
			  "  something sockeye cannot see (LSM, seccomp, cgroup-BPF, …)\n"
			  "  checked     privileged, reserved, ephemeral, listener, bound only,\n"
			  "              connection, time-wait, dual-stack IPv6, systemd socket,\n"
			  "              SO_REUSEPORT group, bound device or VRF: none applies\n");
	a.e.broke = true;
	fill(&a.e, "-------");
	a.e.not_tried = "the process that tried was ended";
	explain_settle(&a.e);
	assert_int_equal(a.e.verdict, EXPLAIN_UNKNOWN);
	asked_done(&a);
}

/* Nothing is said to be checked that could not be. */
static void test_checked_only(void **state)
{
	struct asked a;

	asked_init(&a, 1000, "deploy");
	snapshot_limit(&a.x.snap, "bound", "not-supported", "This kernel does not tell.");
	a.facts.unprivileged_start = -1;
	a.facts.reserved_known = false;
	fixture_sock(&a.x, PROTO_TCP, STATE_LISTENING, "0.0.0.0:8080", NULL); /* whose, is not known */
	explain_judge(&a.e, fixture_apply(&a.x, 1), 0, PROTO_TCP, PORT, &a.facts);
	assert_false(a.e.checked & (1u << CHECK_BOUND | 1u << CHECK_PRIVILEGED | 1u << CHECK_RESERVED |
				    1u << CHECK_SYSTEMD));
	assert_true(a.e.checked & 1u << CHECK_LISTENER);
	asked_done(&a);
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
		struct asked a;
		uint32_t s;

		asked_init(&a, 1000, "deploy");
		fixture_proc(&a.x, ways[i].pid, 0, 0, ways[i].comm, ways[i].cgroup);
		s = held(&a.x, PROTO_TCP, STATE_LISTENING, "0.0.0.0:8080", ways[i].pid);
		a.x.snap.socks.v[s].cgroup = intern_adds(a.x.names, ways[i].sock_cgroup);
		asked_judge(&a, PROTO_TCP, PORT, "XX.XX.");
		explain_put_ways(&a.e, false, &a.out);
		assert_string_equal(str_text(&a.out), ways[i].way);
		asked_done(&a);
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
		struct asked a;

		asked_init(&a, 1000, "deploy");
		fixture_proc(&a.x, 300, 1, 1000, "node", "/system.slice/api.service");
		held(&a.x, PROTO_TCP, STATE_LISTENING, "0.0.0.0:8080", 300);
		asked_judge(&a, PROTO_TCP, PORT, "XX.XX.");
		explain_units_read(&a.e, cases[i].answer);
		assert_int_equal(a.e.units.n, 1);
		explain_put_ways(&a.e, false, &a.out);
		assert_string_equal(str_text(&a.out), cases[i].way);
		asked_done(&a);
	}
}

/* systemd and the service that it started hold one socket: both have to go. */
static void test_activated(void **state)
{
	struct asked a;
	uint32_t s;

	asked_init(&a, 1000, "deploy");
	fixture_proc(&a.x, 1, 0, 0, "systemd", "/init.scope");
	fixture_proc(&a.x, 700, 1, 0, "rpcbind", "/system.slice/rpcbind.service");
	s = held(&a.x, PROTO_TCP, STATE_LISTENING, "0.0.0.0:8080", 1);
	fixture_fd(&a.x, s, 700, 3);
	a.x.snap.socks.v[s].cgroup = intern_adds(a.x.names, "/system.slice/rpcbind.socket");
	asked_judge(&a, PROTO_TCP, PORT, "XX.XX.");
	assert_true(a.e.applies & 1u << CHECK_SYSTEMD);
	explain_put_ways(&a.e, false, &a.out);
	assert_string_equal(str_text(&a.out), "systemctl stop rpcbind.socket rpcbind.service\n");
	asked_done(&a);
}

/* Nobody is told to become what he is. */
static void test_sudo(void **state)
{
	for (uint32_t asker = 0; asker <= 1000; asker += 1000) {
		struct asked a;
		uint32_t s;

		asked_init(&a, 1000, "deploy");
		a.facts.asker = asker;
		s = fixture_sock(&a.x, PROTO_TCP, STATE_LISTENING, "0.0.0.0:8080", NULL);
		a.x.snap.socks.v[s].inode = 77;
		a.x.snap.hidden_procs = 3;
		asked_judge(&a, PROTO_TCP, PORT, "XX.XX.");
		assert_int_equal(frame_row(a.e.f, a.e.holders.v[0].row)->reason, REASON_NOT_PERMITTED);
		explain_put_ways(&a.e, false, &a.out);
		assert_int_equal(strstr(str_text(&a.out), "sudo sockeye explain 8080/tcp") != NULL,
				 asker != 0);
		asked_done(&a);
	}
}

/* Since when: of the last days the weekday tells which, of others the date. */
static void test_since(void **state)
{
	static const struct {
		double days_after;
		unsigned words; /* behind "up since" */
		const char *age;
	} cases[] = {{5, 2, "(5d)"}, {30, 4, "(30d)"}};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct asked a;
		unsigned words = 0;
		const char *since;

		asked_init(&a, 1000, "deploy");
		fixture_proc(&a.x, 300, 1, 1000, "node", "");
		held(&a.x, PROTO_TCP, STATE_LISTENING, "0.0.0.0:8080", 300);
		a.x.snap.procs.v[0].start =
			a.x.boot_ns / 10000000; /* it begins now, in clock ticks of 100 a second */
		explain_judge(&a.e, fixture_apply(&a.x, cases[i].days_after * 86400), 0, PROTO_TCP, PORT,
			      &a.facts);
		explain_settle(&a.e);
		explain_put_text(&a.e, false, &a.out);
		since = strstr(str_text(&a.out), "up since ");
		assert_non_null(since);
		for (since += 8; *since != '('; since++)
			words += since[0] == ' ' && since[1] != '(';
		assert_int_equal(words, cases[i].words);
		assert_int_equal(strncmp(since, cases[i].age, strlen(cases[i].age)), 0);
		asked_done(&a);
	}
}

static void test_hostile(void **state)
{
	struct asked a;

	asked_init(&a, 1000, "deploy");
	fixture_proc(&a.x, 300, 1, 1000, "a)\033[31m\n\xff", "/system.slice/\033]0;x\007\n.service");
	held(&a.x, PROTO_TCP, STATE_LISTENING, "0.0.0.0:8080", 300);
	asked_judge(&a, PROTO_TCP, PORT, "XX.XX.");
	explain_put_text(&a.e, true, &a.out);
	for (size_t i = 0; i < a.out.n; i++)
		if (a.out.s[i] != '\n')
			assert_in_range((unsigned char)a.out.s[i], 32, 126);
	assert_non_null(strstr(str_text(&a.out), "a)\\e[31m\\n\\xFF 300"));
	str_clear(&a.out);
	explain_put_json(&a.e, &a.out);
	for (size_t i = 0; i < a.out.n; i++)
		assert_true((unsigned char)a.out.s[i] >= 32 && a.out.s[i] != 127);
	assert_non_null(strstr(str_text(&a.out), "\"process\":\"a)"));
	asked_done(&a);
}

/* A busy port: thousands of connections are a few holders and a few lines. */
static void test_many(void **state)
{
	struct asked a;

	asked_init(&a, 1000, "deploy");
	fixture_proc(&a.x, 300, 1, 1000, "nginx", "");
	held(&a.x, PROTO_TCP, STATE_LISTENING, "0.0.0.0:8080", 300);
	for (int i = 0; i < 5000; i++) {
		char local[32], remote[32];

		snprintf(local, sizeof(local), "10.0.%d.%d:8080", i / 250 % 256, i % 250 + 1);
		snprintf(remote, sizeof(remote), "10.9.0.1:%d", 1024 + i);
		fixture_sock(&a.x, PROTO_TCP, i % 2 ? STATE_ESTABLISHED : STATE_TIME_WAIT, local, remote);
	}
	explain_judge(&a.e, fixture_apply(&a.x, 1), 0, PROTO_TCP, PORT, &a.facts);
	assert_int_equal(a.e.tries.n, 6);
	fill(&a.e, "XX.XX.");
	explain_settle(&a.e);
	assert_int_equal(a.e.verdict, EXPLAIN_TAKEN);
	assert_int_equal(a.e.holders.v[0].kind, EXPLAIN_LISTEN);
	explain_put_text(&a.e, false, &a.out);
	unsigned lines = 0;
	for (size_t i = 0; i < a.out.n; i++)
		lines += a.out.s[i] == '\n';
	assert_in_range(lines, 5, 40);
	assert_non_null(strstr(str_text(&a.out), "2,500 in time-wait"));
	asked_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words_taken),   cmocka_unit_test(test_words_denied),
		cmocka_unit_test(test_words_unknown), cmocka_unit_test(test_checked_only),
		cmocka_unit_test(test_ways),          cmocka_unit_test(test_comes_back),
		cmocka_unit_test(test_activated),     cmocka_unit_test(test_sudo),
		cmocka_unit_test(test_since),         cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
