/* What is said about a kill: objections, what to do instead, who asks, whether it comes back; and how far it reaches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fixture.h"
#include "sockeye/base/units.h"
#include "sockeye/model/kill.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct pick sock_pick(uint64_t cookie)
{
	return (struct pick){.kind = PICK_SOCK, .cookie = cookie};
}

static const char *refusal(const struct kill_plan *p, size_t i, struct str *s)
{
	str_clear(s);
	kill_refusal_put(p, &p->targets.v[i], s);
	return str_text(s);
}

/* An invented machine, a plan about it, and what is said. */
struct asked {
	struct fixture x;
	struct kill_plan p;
	struct str s;
};

static int setup(void **state)
{
	struct asked *q = mem_zalloc(1, sizeof(*q));

	fixture_init(&q->x);
	*state = q;
	return 0;
}

static int teardown(void **state)
{
	struct asked *q = *state;

	str_done(&q->s);
	fixture_done(&q->x);
	free(q);
	return 0;
}

static uint32_t listens(struct fixture *x, const char *at, uint32_t pid, int fd)
{
	uint32_t row = fixture_sock(x, PROTO_TCP, STATE_LISTENING, at, NULL);

	fixture_fd(x, row, pid, fd);
	return row;
}

/* About these picks, so much later. */
static void plan(struct asked *q, double seconds, const struct pick *k, size_t n)
{
	kill_plan_build(&q->p, fixture_apply(&q->x, seconds), k, n);
}

/* systemd holds it for a .socket unit; the socket's own cgroup says for which. */
static void socket_units(void **state)
{
	struct asked *q = *state;
	struct pick k[] = {sock_pick(2)};
	uint32_t a, b;

	fixture_proc(&q->x, 1, 0, 0, "systemd", "/init.scope");
	fixture_proc(&q->x, 600, 1, 1000, "systemd",
		     "/user.slice/user-1000.slice/user@1000.service/init.scope");
	fixture_proc(&q->x, 700, 1, 1000, "systemd", "/system.slice/liar.service");
	a = fixture_sock(&q->x, PROTO_TCP, STATE_LISTENING, "*:22", NULL);
	b = fixture_sock(&q->x, PROTO_TCP, STATE_LISTENING, "*:111", NULL);
	fixture_fd(&q->x, a, 1, 30);
	fixture_fd(&q->x, b, 1, 31);
	q->x.snap.socks.v[a].cgroup = intern_adds(q->x.names, "/system.slice/ssh.socket");
	q->x.snap.socks.v[b].cgroup = intern_adds(q->x.names, "/system.slice/rpcbind.socket");
	listens(&q->x, "*:5000", 600, 9);
	listens(&q->x, "*:6000", 700, 9);
	plan(q, 0, k, 1);
	assert_int_equal(q->p.targets.v[0].refusal, KILL_SOCKET_UNIT);
	assert_string_equal(refusal(&q->p, 0, &q->s), "systemd 1 holds it for rpcbind.socket");
	assert_string_equal(q->p.targets.v[0].instead, "systemctl stop rpcbind.socket");
	kill_plan_done(&q->p);

	k[0] = sock_pick(3); /* a user's own manager, and nothing tells the unit */
	plan(q, 1, k, 1);
	assert_string_equal(refusal(&q->p, 0, &q->s), "systemd 600 holds it for a .socket unit");
	assert_string_equal(q->p.targets.v[0].instead, "systemctl --user list-sockets");
	kill_plan_done(&q->p);

	k[0] = sock_pick(4); /* only calls itself so */
	plan(q, 1, k, 1);
	assert_int_equal(q->p.targets.v[0].refusal, KILL_OK);
	kill_plan_done(&q->p);
}

static void forwarders(void **state)
{
	struct asked *q = *state;
	struct pick k[] = {sock_pick(1)};

	fixture_proc(&q->x, 20311, 1, 0, "docker-proxy", "/system.slice/docker.service");
	fixture_late(&q->x, 20311,
		     "/usr/bin/docker-proxy -proto tcp -host-ip 0.0.0.0 -host-port 5432 -container-ip "
		     "172.17.0.2 -container-port 5432",
		     "/usr/bin/docker-proxy");
	fixture_proc(&q->x, 20312, 1, 1000, "docker-proxy", "");
	fixture_late(&q->x, 20312, "/home/me/server", "/home/me/server");
	listens(&q->x, "0.0.0.0:5432", 20311, 4);
	listens(&q->x, "0.0.0.0:5433", 20312, 4);
	plan(q, 0, k, 1);
	assert_int_equal(q->p.targets.v[0].refusal,
			 KILL_FORWARDER); /* though the frame does not know yet where to */
	kill_plan_done(&q->p);
	plan(q, 1, k, 1);
	assert_int_equal(q->p.targets.v[0].refusal, KILL_FORWARDER);
	assert_string_equal(refusal(&q->p, 0, &q->s), "docker-proxy 20311 only forwards to 172.17.0.2:5432");
	assert_string_equal(q->p.targets.v[0].instead, "docker ps --filter publish=5432");
	kill_plan_done(&q->p);
	k[0] = sock_pick(2); /* only calls itself so */
	plan(q, 1, k, 1);
	assert_int_equal(q->p.targets.v[0].refusal, KILL_OK);
	kill_plan_done(&q->p);
}

static void unowned_sockets(void **state)
{
	struct fixture x;
	struct kill_plan p;
	struct pick k[] = {sock_pick(1), sock_pick(2), sock_pick(3), sock_pick(4)};
	struct str s = {0}, instead = {0};

	fixture_init(&x);
	fixture_sock(&x, PROTO_UDP, STATE_UNCONN, "*:51820", NULL); /* WireGuard's: no process ever has it */
	x.snap.socks.v[0].flags |= SOCK_SEARCHED;
	x.snap.owners_complete = true;
	fixture_sock(&x, PROTO_TCP, STATE_TIME_WAIT, "10.0.0.5:8080", "10.0.0.7:2000");
	fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "10.0.0.5:81", NULL);
	fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "10.0.0.6:81", NULL);
	kill_plan_build(&p, fixture_apply(&x, 0), k, 4);
	assert_int_equal(p.targets.n, 0);
	assert_int_equal(p.unowned.n, 3); /* 81 once */
	p.unowned.v[0].reason = REASON_KERNEL;
	kill_unowned_put(&p, &p.unowned.v[0], &s, &instead);
	assert_string_equal(str_text(&s), "the kernel itself holds 51820/udp *");
	assert_true(instead.n > 0);
	str_clear(&s);
	assert_int_equal(p.unowned.v[1].reason, REASON_TIME_WAIT);
	kill_unowned_put(&p, &p.unowned.v[1], &s, NULL);
	assert_string_equal(str_text(&s), "tcp 10.0.0.5:8080 is in time-wait: no process holds it");
	str_clear(&s);
	assert_string_equal(p.unowned.v[2].what, "81/tcp 10.0.0.5 +1");
	p.unowned.v[2].reason = REASON_NOT_PERMITTED;
	strcpy(p.your_name, "deploy");
	kill_unowned_put(&p, &p.unowned.v[2], &s, NULL);
	assert_string_equal(str_text(&s),
			    "not permitted: who holds 81/tcp 10.0.0.5 +1 is hidden, you are deploy");
	kill_plan_done(&p);
	str_done(&s);
	str_done(&instead);
	fixture_done(&x);
}

/* One address of a port was asked for: the other ones are others' business. */
static void one_address_of_a_port(void **state)
{
	struct asked *q = *state;
	struct pick k[] = {sock_pick(1), sock_pick(2)};
	struct sock other;
	uint32_t a;

	fixture_proc(&q->x, 10, 1, 0, "one", "/system.slice/one.service");
	fixture_proc(&q->x, 11, 1, 0, "two", "/system.slice/two.service");
	listens(&q->x, "127.0.0.1:80", 10, 3);
	a = listens(&q->x, "10.0.0.5:80", 11, 3);
	other = q->x.snap.socks.v[a];
	plan(q, 0, k, 1);
	assert_int_equal(q->p.ports.n, 1);
	assert_string_equal(q->p.ports.v[0].addr, "127.0.0.1");
	assert_false(q->p.ports.v[0].shared);
	assert_true(kill_port_has(&q->p.ports.v[0], &q->x.snap.socks.v[0]));
	assert_false(kill_port_has(&q->p.ports.v[0], &other));
	assert_int_equal(q->p.ports_n, 1);
	assert_int_equal(q->p.units_n, 1);
	assert_int_equal(q->p.programs_n, 1);
	kill_plan_done(&q->p);
	plan(q, 1, k, 2); /* both: the whole port */
	assert_string_equal(q->p.ports.v[0].addr, "10.0.0.5 +1");
	assert_true(kill_port_has(&q->p.ports.v[0], &other));
	assert_int_equal(q->p.ports_n, 1);
	assert_int_equal(q->p.units_n, 2);
	assert_int_equal(q->p.programs_n, 2);
	other.state = STATE_ESTABLISHED;
	assert_false(kill_port_has(&q->p.ports.v[0], &other));
	kill_plan_done(&q->p);
}

static void whose_connections(void **state)
{
	struct asked *q = *state;
	struct pick k[] = {sock_pick(1)};
	char ends[40];
	uint32_t a;

	fixture_proc(&q->x, 10, 1, 0, "srv", "");
	fixture_proc(&q->x, 11, 1, 0, "cli", "");
	listens(&q->x, "*:80", 10, 3);
	for (int i = 0; i < 9; i++) {
		snprintf(ends, sizeof(ends), "10.0.0.%d:%d", i < 4 ? 7 : i < 7 ? 8 : i + 20, 1000 + i);
		a = fixture_sock(&q->x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:80", ends);
		fixture_fd(&q->x, a, 10, 10 + i);
	}
	for (int i = 0; i < 2; i++) { /* both ends here */
		snprintf(ends, sizeof(ends), "10.0.0.5:%d", 2000 + i);
		a = fixture_sock(&q->x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:80", ends);
		fixture_fd(&q->x, a, 10, 20 + i);
		a = fixture_sock(&q->x, PROTO_TCP, STATE_ESTABLISHED, ends, "10.0.0.5:80");
		fixture_fd(&q->x, a, 11, 20 + i);
	}
	plan(q, 0, k, 1);
	assert_int_equal(q->p.drops_in, 11);
	assert_int_equal(q->p.peers_n, 3);
	assert_string_equal(q->p.peers[0].name, "10.0.0.7");
	assert_int_equal(q->p.peers[0].n, 4);
	assert_string_equal(q->p.peers[1].name, "10.0.0.8");
	assert_int_equal(q->p.peers[1].n, 3);
	assert_string_equal(q->p.peers[2].name, "cli here");
	assert_int_equal(q->p.peers[2].n, 2);
	kill_plan_done(&q->p);
}

static void who_asks(void **state)
{
	struct asked *q = *state;
	struct pick k[] = {sock_pick(1)};
	struct kill_you you = {.uid = 1000, .name = "deploy"};
	uint32_t a;

	kill_you_read(&you, NULL);
	assert_false(you.ssh);
	kill_you_read(&you, "10.0.0.9 60022 10.0.0.5");
	assert_false(you.ssh);
	kill_you_read(&you, "nonsense 1 2 3");
	assert_false(you.ssh);
	kill_you_read(&you, "10.0.0.9 60022 10.0.0.5 22");
	assert_true(you.ssh);

	fixture_proc(&q->x, 812, 1, 0, "sshd", "");
	fixture_proc(&q->x, 900, 812, 0, "sshd", "");
	a = listens(&q->x, "*:22", 812, 3);
	fixture_fd(&q->x, a, 900, 3);
	/* As a dual-stack listener's child sees it. */
	a = fixture_sock(&q->x, PROTO_TCP, STATE_ESTABLISHED, "[::ffff:10.0.0.5]:22",
			 "[::ffff:10.0.0.9]:60022");
	fixture_fd(&q->x, a, 900, 4);
	plan(q, 0, k, 1);
	kill_plan_judge(&q->p, fixture_apply(&q->x, 0), &you);
	assert_true(q->p.you);
	assert_int_equal(q->p.targets.v[0].refusal, KILL_OK); /* the master goes, the session stays */
	assert_int_equal(q->p.targets.v[1].pid, 900);
	assert_int_equal(q->p.targets.v[1].refusal, KILL_ANCESTOR);
	q->p.targets.v[0].refusal = KILL_NOT_PERMITTED;
	strcpy(q->p.targets.v[0].user, "root");
	assert_string_equal(refusal(&q->p, 0, &q->s), "not permitted: sshd 812 is root's, you are deploy");
	q->p.targets.v[0].uid = 1000;
	assert_non_null(strstr(refusal(&q->p, 0, &q->s), "is yours, but"));
	q->p.targets.v[0].refusal = KILL_FAILED;
	q->p.targets.v[0].err = -EAGAIN;
	assert_string_equal(refusal(&q->p, 0, &q->s),
			    "sshd 812 cannot be signalled: Resource temporarily unavailable");
	assert_true(kill_needs_word(&q->p, 0, SIGTERM));
	kill_plan_done(&q->p);
	plan(q, 0, k, 1);
	kill_plan_judge(&q->p, fixture_apply(&q->x, 0), NULL);
	assert_false(q->p.you);
	kill_plan_done(&q->p);
}

static void comes_back(void **state)
{
	static const struct {
		const char *said;
		int sig;
		const char *want;
		bool again;
		uint64_t delay;
	} rows[] = {
		{"Restart=always\nRestartUSec=5s\nMainPID=7\nTriggeredBy=", SIGTERM,
		 "yes: api.service has Restart=always, back after 5s", true, 5 * NSEC_PER_SEC},
		{"Restart=always\nRestartUSec=1min 30s\nMainPID=7", SIGKILL,
		 "yes: api.service has Restart=always, back after 1m30s", true, 90 * NSEC_PER_SEC},
		{"Restart=on-failure\nRestartUSec=100ms\nMainPID=7", SIGTERM,
		 "perhaps: api.service has Restart=on-failure, back after 100 ms if it ends with an error",
		 true, 100 * NSEC_PER_MS},
		{"Restart=on-failure\nRestartUSec=0\nMainPID=7", SIGKILL,
		 "yes: api.service has Restart=on-failure, back at once", true, 0},
		{"Restart=on-success\nRestartUSec=1s\nMainPID=7", SIGKILL,
		 "no: api.service has Restart=on-success", false, 0},
		{"Restart=no\nMainPID=7", SIGTERM, "no: api.service has Restart=no", false, 0},
		{"Restart=no\nMainPID=7\nTriggeredBy=api.socket", SIGTERM,
		 "yes: api.socket starts api.service when somebody connects", false, 0},
		{"Restart=always\nRestartUSec=1s\nMainPID=99", SIGTERM,
		 "perhaps: process 99, the main one of api.service, goes on and may start another", true,
		 NSEC_PER_SEC},
		{"Restart=always\nMainPID=7", SIGUSR1, "", false, 0},
		{"", SIGTERM, "unknown: systemd gave no answer", false, 0},
		{"Failed to connect to bus: No such file", SIGTERM, "unknown: systemd gave no answer", false,
		 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct kill_plan p = {0};
		struct str s = {0}, said = {0};
		uint64_t delay = 1;

		vec_push(&p.targets, ((struct kill_target){.pid = 7, .name = "node"}));
		vec_push(&p.respawns,
			 ((struct kill_respawn){.unit = "api.service", .state = RESPAWN_ASKING}));
		kill_respawn_put(&p, SIGTERM, &s);
		assert_string_equal(str_text(&s), "asking systemd…");
		str_clear(&s);
		str_putf(&said, "Id=other.service\nRestart=no\n\n%s\nId=api.service\n", rows[i].said);
		kill_respawn_read(&p, str_text(&said));
		kill_respawn_put(&p, rows[i].sig, &s);
		if (strcmp(str_text(&s), rows[i].want))
			fail_msg("row %zu: \"%s\", expected \"%s\"", i, str_text(&s), rows[i].want);
		if (kill_respawns(&p, rows[i].sig, &delay) != rows[i].again || delay != rows[i].delay)
			fail_msg("row %zu: delay %llu", i, (unsigned long long)delay);
		str_done(&s);
		str_done(&said);
		kill_plan_done(&p);
	}
}

static void names_of_units(void **state)
{
	assert_true(kill_unit_stoppable("api.service"));
	assert_true(kill_unit_stoppable("getty@tty1.service"));
	assert_true(kill_unit_stoppable("dev-\\x2d.service"));
	assert_false(kill_unit_stoppable("user@1000.service")); /* everything of a user */
	assert_false(kill_unit_stoppable("session-3.scope"));
	assert_false(kill_unit_stoppable("docker:0123456789ab"));
	assert_false(kill_unit_stoppable("user-1000.slice"));
	assert_false(kill_unit_stoppable("-x.service"));
	assert_false(kill_unit_stoppable("a b.service"));
	assert_false(kill_unit_stoppable("a;b.service"));
	assert_false(kill_unit_stoppable(".service"));
	assert_false(kill_unit_stoppable(""));
}

int main(void)
{
#define ASKED(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		ASKED(socket_units),
		ASKED(forwarders),
		cmocka_unit_test(unowned_sockets),
		ASKED(one_address_of_a_port),
		ASKED(whose_connections),
		ASKED(who_asks),
		cmocka_unit_test(comes_back),
		cmocka_unit_test(names_of_units),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
