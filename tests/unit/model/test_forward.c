/* Command lines of programs that forward ports, and the row of what is behind them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fixture.h"
#include "sockeye/model/forward.h"
#include <stdlib.h>
#include <string.h>

static void put_target(struct str *out, const struct forward_target *t)
{
	str_put(out, t->host, t->host_n);
	if (t->port)
		str_putf(out, ":%u", t->port);
	if (t->via_n)
		str_putf(out, "@%.*s", (int)t->via_n, t->via);
	if (t->netns_n)
		str_putf(out, " in %.*s", (int)t->netns_n, t->netns);
	if (t->here)
		str_puts(out, " here");
}

/* Blanks part the arguments; _ stands for a blank in one. */
static void command_lines(void **state)
{
	static const struct {
		const char *comm, *line;
		enum proto proto;
		uint32_t port;
		const char *want; /* NULL: nothing */
	} cases[] = {
		{"docker-proxy",
		 "/usr/bin/docker-proxy -proto tcp -host-ip 0.0.0.0 -host-port 8080 -container-ip 172.17.0.2 "
		 "-container-port 80 -use-listen-fd",
		 PROTO_TCP, 8080, "172.17.0.2:80 here"},
		{"docker-proxy",
		 "docker-proxy -proto udp -host-port 53 -container-ip 172.17.0.2 -container-port 53",
		 PROTO_TCP, 53, NULL},
		{"docker-proxy",
		 "docker-proxy -proto=udp -host-port=53 -container-ip=fd00::2 -container-port=5353",
		 PROTO_UDP, 53, "fd00::2:5353 here"},
		{"docker-proxy", "docker-proxy -proto tcp -host-port 8080 -container-ip 172.17.0.2",
		 PROTO_TCP, 8080, NULL},
		{"docker-proxy", "docker-proxy -proto tcp -host-port", PROTO_TCP, 8080, NULL},
		{"docker-proxy",
		 "docker-proxy -proto tcp -host-port 8080 -container-ip 1.2.3.4 -container-port 99999",
		 PROTO_TCP, 8080, NULL},
		{"nginx", "docker-proxy -proto tcp -host-port 80 -container-ip 172.17.0.2 -container-port 80",
		 PROTO_TCP, 80, NULL},
		{"ssh", "ssh -L 5432:db:5432 bastion", PROTO_TCP, 5432, "db:5432@bastion"},
		{"ssh", "ssh -NfL5433:localhost:5432 -p 22 deploy@bastion", PROTO_TCP, 5433,
		 "localhost:5432@deploy@bastion"},
		{"ssh", "ssh -L 127.0.0.1:80:[fd00::1]:81 -L *:90:c:91 h cmd -L 90:x:1", PROTO_TCP, 90,
		 "c:91@h"},
		{"ssh", "ssh -L 127.0.0.1:80:[fd00::1]:81 h", PROTO_TCP, 80, "fd00::1:81@h"},
		{"ssh", "ssh -L [::1]:80:c:81 h", PROTO_TCP, 80, "c:81@h"},
		{"ssh", "ssh -L 8080:/run/x.sock h", PROTO_TCP, 8080, "/run/x.sock@h"},
		{"ssh", "ssh -i 5432:db:5432 -R 5432:db:5432 -D 5432 h", PROTO_TCP, 5432, NULL},
		{"ssh", "ssh -o LocalForward=5432_db:5433 h", PROTO_TCP, 5432, "db:5433@h"},
		{"ssh", "ssh -oLocalForward=127.0.0.1:5432_db:5433 h", PROTO_TCP, 5432, "db:5433@h"},
		{"ssh", "ssh -L 5432:db:5432", PROTO_TCP, 5432, NULL},
		{"ssh", "ssh -L", PROTO_TCP, 5432, NULL},
		{"ssh", "ssh -L : h", PROTO_TCP, 5432, NULL},
		{"ssh", "ssh -L 1:2:3:4:5 h", PROTO_TCP, 2, NULL},
		{"socat", "socat TCP-LISTEN:8080,fork,reuseaddr TCP:10.0.0.2:80", PROTO_TCP, 8080,
		 "10.0.0.2:80 here"},
		{"socat", "socat -d -d tcp4-l:8080 tcp6:[::1]:80,nodelay", PROTO_TCP, 8080, "::1:80 here"},
		{"socat", "socat UDP:dns:53 UDP-RECVFROM:5353,fork", PROTO_UDP, 5353, "dns:53 here"},
		{"socat", "socat UDP-RECVFROM:5353,fork UDP:dns:53", PROTO_TCP, 5353, NULL},
		{"socat", "socat OPENSSL-LISTEN:443,cert=x UNIX-CONNECT:/run/a.sock", PROTO_TCP, 443,
		 "/run/a.sock"},
		{"socat", "socat TCP-LISTEN:9 EXEC:/bin/cat", PROTO_TCP, 9, "/bin/cat"},
		{"socat", "socat TCP-LISTEN:9 -", PROTO_TCP, 9, NULL},
		{"socat", "socat TCP-LISTEN:9", PROTO_TCP, 9, NULL},
		{"kubectl", "kubectl -n prod port-forward svc/db 5432", PROTO_TCP, 5432, "svc/db:5432"},
		{"kubectl", "kubectl port-forward --address 0.0.0.0 pod/web -n prod 8080:80 8443:443",
		 PROTO_TCP, 8443, "pod/web:443"},
		{"kubectl", "kubectl port-forward web :80", PROTO_TCP, 40001, "web:80"},
		{"kubectl", "kubectl port-forward web 8080:80 9090:90", PROTO_TCP, 40001, NULL},
		{"kubectl", "kubectl port-forward web 8080:80", PROTO_TCP, 40001, NULL},
		{"kubectl", "kubectl get svc/db 5432", PROTO_TCP, 5432, NULL},
		{"pasta", "/usr/bin/pasta --config-net -t 8080-8081:80-81 -u none --netns /run/netns/web",
		 PROTO_TCP, 8081, ":81 in web here"},
		{"pasta.avx2", "pasta -t 127.0.0.1/8080:80,9090 -u 53", PROTO_TCP, 9090, ":9090 here"},
		{"pasta", "pasta -t auto -u 53:5353 4711", PROTO_UDP, 53, ":5353 here"},
		{"pasta", "pasta -t auto -u all 4711", PROTO_TCP, 53, NULL},
		{"pasta", "pasta -t 1-9:65530-65538 4711", PROTO_TCP, 6, ":65535 here"},
		{"pasta", "pasta -t 1-9:65530-65538 4711", PROTO_TCP, 7, NULL},
		{"rootlesskit", "rootlesskit --net=slirp4netns -p 0.0.0.0:8080:80/tcp -p 53:5353/udp x",
		 PROTO_UDP, 53, ":5353 here"},
		{"rootlesskit", "rootlesskit -p 8080:80 x", PROTO_TCP, 8080, ":80 here"},
		{"rootlessport", "rootlessport", PROTO_TCP, 8080, NULL},
		{"socat", "", PROTO_TCP, 8080, NULL},
	};

	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		char line[512];
		size_t n = strlen(cases[c].line) + 1;
		struct forward_target t = {.host = "untouched", .host_n = 9};
		struct str got = {0};
		bool found;

		for (size_t i = 0; i < n; i++)
			line[i] = cases[c].line[i] == ' '   ? '\0'
				  : cases[c].line[i] == '_' ? ' '
							    : cases[c].line[i];
		found = forward_parse(cases[c].comm, line, n, cases[c].proto, cases[c].port, &t);
		if (found)
			put_target(&got, &t);
		else
			assert_string_equal(t.host, "untouched");
		if (found != !!cases[c].want || (found && strcmp(str_text(&got), cases[c].want)))
			fail_msg("%s: \"%s\"", cases[c].line, found ? str_text(&got) : "nothing");
		str_done(&got);
		/* not terminated, and cut anywhere */
		for (size_t cut = 0; cut < n; cut++) {
			char *exact = mem_dup(line, cut);

			(void)forward_parse(cases[c].comm, exact, cut, cases[c].proto, cases[c].port, &t);
			free(exact);
		}
	}
}

static const char *leads(const struct frame *f, uint16_t netns, uint32_t port, uint32_t *ret)
{
	uint32_t at = frame_port_by_key(f, netns, PROTO_TCP, port);

	assert_int_not_equal(at, NONE);
	*ret = f->ports.v[at].forward_port;
	return f->ports.v[at].forward ? intern_get(f->names, f->ports.v[at].forward) : "nowhere";
}

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void rows(void **state)
{
	struct fixture x;
	const struct frame *f;
	uint32_t proxy, web, socat, db, app, other, at;

	fixture_init(&x);
	fixture_netns(&x, "c1");
	fixture_netns(&x, "c2");
	fixture_proc(&x, 10, 1, 0, "docker-proxy", "/system.slice/docker.service");
	fixture_proc(&x, 11, 1, 0, "docker-proxy", "/system.slice/docker.service");
	fixture_proc(&x, 12, 1, 0, "socat", "");
	fixture_proc(&x, 20, 1, 0, "postgres", "/docker/" HEX);
	fixture_proc(&x, 21, 1, 0, "node", "/docker/f" HEX);
	fixture_late(&x, 10,
		     "docker-proxy -proto tcp -host-ip 0.0.0.0 -host-port 5432 -container-ip 172.17.0.2 "
		     "-container-port 5432",
		     "");
	fixture_late(&x, 11,
		     "docker-proxy -proto tcp -host-ip 0.0.0.0 -host-port 8080 -container-ip 172.17.0.3 "
		     "-container-port 80",
		     "");
	fixture_late(&x, 12, "socat TCP-LISTEN:7000 TCP:127.0.0.1:7001", "");
	proxy = fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "0.0.0.0:5432", NULL);
	web = fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "0.0.0.0:8080", NULL);
	socat = fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "0.0.0.0:7000", NULL);
	app = fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:7001", NULL);
	db = fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:5432", NULL);
	other = fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:80", NULL);
	x.snap.socks.v[db].netns = 1;
	x.snap.socks.v[other].netns = 2;
	fixture_fd(&x, proxy, 10, 4);
	fixture_fd(&x, web, 11, 4);
	fixture_fd(&x, socat, 12, 4);
	fixture_fd(&x, app, 21, 4);
	fixture_fd(&x, db, 20, 4);
	f = fixture_apply(&x, 1);
	assert_string_equal(leads(f, 0, 5432, &at), "nowhere"); /* no command line is known yet */
	frame_forwards(&x.frames[(x.turn - 1) % 3], x.names);

	/* nothing says which namespace has these addresses */
	assert_string_equal(leads(f, 0, 5432, &at), "172.17.0.2:5432");
	assert_int_equal(at, NONE);
	assert_string_equal(leads(f, 0, 7000, &at), "127.0.0.1:7001");
	assert_int_equal(at, frame_port_by_key(f, 0, PROTO_TCP, 7001));
	assert_string_equal(leads(f, 0, 7001, &at), "nowhere");
	assert_int_equal(at, NONE);
	assert_string_equal(leads(f, 1, 5432, &at), "nowhere");

	/* a connection there does */
	uint32_t conn = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "172.17.0.2:5432", "172.17.0.1:1");

	x.snap.socks.v[conn].netns = 1;
	f = fixture_apply(&x, 1);
	assert_string_equal(leads(f, 0, 5432, &at), "docker:0123456789ab");
	assert_int_equal(at, frame_port_by_key(f, 1, PROTO_TCP, 5432));
	assert_string_equal(leads(f, 0, 8080, &at), "172.17.0.3:80");
	assert_int_equal(at, NONE);

	/* so does the runtime */
	vec_push(&x.snap.containers, ((struct snap_container){.cgroup = intern_adds(x.names, "/docker/" HEX),
							      .name = intern_adds(x.names, "db"),
							      .addr = {172, 17, 0, 2},
							      .has_addr = true}));
	vec_push(&x.snap.containers, ((struct snap_container){.cgroup = intern_adds(x.names, "/docker/a" HEX),
							      .name = intern_adds(x.names, "bad"),
							      .addr = {172, 17, 0, 3},
							      .has_addr = true}));
	x.snap.socks.n = conn;
	x.snap.infos.n = conn;
	f = fixture_apply(&x, 1);
	f = fixture_apply(&x, 1);
	assert_int_equal(f->containers.n, 1); /* 65 digits are no container */
	assert_string_equal(leads(f, 0, 5432, &at), "docker:db");
	assert_int_equal(at, frame_port_by_key(f, 1, PROTO_TCP, 5432));

	/* the container alone is known, not its socket; the port's number differs */
	x.snap.containers.v[0].addr[3] = 3;
	f = fixture_apply(&x, 1);
	assert_string_equal(leads(f, 0, 8080, &at), "docker:db:80");
	assert_int_equal(at, NONE);
	fixture_done(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(command_lines),
		cmocka_unit_test(rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
