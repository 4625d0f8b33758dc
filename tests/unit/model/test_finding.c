/* The rules, each at both sides of its edge. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fixture.h"
#include "sockeye/model/finding.h"
#include <stdlib.h>
#include <string.h>

/* The n-th finding of a rule; NULL. */
static const struct finding *found(const struct frame *f, const char *key, unsigned n)
{
	for (size_t i = 0; i < f->findings.n; i++)
		if (!strcmp(finding_rules[f->findings.v[i].rule].key, key) && !n--)
			return &f->findings.v[i];
	return NULL;
}

static void accept_queue(void **state)
{
	struct fixture x;
	const struct frame *f;
	uint32_t s, waiting;

	fixture_init(&x);
	fixture_proc(&x, 10, 1, 0, "nginx", "");
	s = fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:443", NULL);
	fixture_fd(&x, s, 10, 3);
	x.snap.socks.v[s].recvq = 510;
	x.snap.socks.v[s].sendq = 511;
	fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:443", NULL); /* a member with room */
	fixture_fd(&x, 1, 10, 4);
	waiting = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:443", "10.0.0.7:1");
	x.snap.socks.v[waiting].inode = 0;
	f = fixture_apply(&x, 0);
	assert_null(found(f, "accept-queue-full", 0));
	x.snap.socks.v[s].recvq = 1511;
	f = fixture_apply(&x, 1);
	assert_string_equal(found(f, "accept-queue-full", 0)->text,
			    "accept queue full, 1,511 of 511: nginx does not accept, clients time out");
	assert_int_equal(found(f, "accept-queue-full", 0)->severity, FINDING_BAD);
	assert_int_equal(found(f, "accept-queue-full", 0)->on, FINDING_ON_PORT);
	assert_int_equal(found(f, "accept-queue-full", 0)->row, 0);
	assert_null(found(f, "accept-queue-full", 1));
	assert_int_equal(f->ports.v[0].findings, 1);
	assert_int_equal(frame_row(f, s)->findings, 1);
	assert_int_equal(frame_row(f, 1)->findings, 0);
	assert_int_equal(frame_row(f, waiting)->findings, 1);
	x.snap.socks.v[s].recvq = x.snap.socks.v[s].sendq = 0; /* listen(0) with nobody waiting */
	f = fixture_apply(&x, 1);
	assert_null(found(f, "accept-queue-full", 0));
	assert_int_equal(frame_row(f, waiting)->findings, 0);
	fixture_done(&x);
}

static void drops(void **state)
{
	struct fixture x;
	const struct frame *f;

	fixture_init(&x);
	fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:443", NULL);
	x.snap.socks.v[0].drops = 1835;
	f = fixture_apply(&x, 0);
	assert_null(found(f, "drops", 0));
	x.snap.socks.v[0].drops = 1847;
	f = fixture_apply(&x, 1);
	assert_string_equal(found(f, "drops", 0)->text, "1,847 arrivals dropped, 12/s now");
	assert_int_equal(found(f, "drops", 0)->severity, FINDING_WARN);
	f = fixture_apply(&x, 1);
	assert_null(found(f, "drops", 0));
	fixture_done(&x);
}

static void databases(void **state)
{
	static const struct {
		const char *local;
		enum proto proto;
		const char *text; /* NULL: none */
	} cases[] = {
		{"0.0.0.0:5432", PROTO_TCP,
		 "a database (postgresql) on every interface: only a firewall keeps others out"},
		{"8.8.8.8:3306", PROTO_TCP,
		 "a database (mysql) on a public address: only a firewall keeps others out"},
		{"[2001:db8::1]:6379", PROTO_TCP,
		 "a database (redis) on a public address: only a firewall keeps others out"},
		{"*:11211", PROTO_UDP,
		 "a database (memcached) on every interface: only a firewall keeps others out"},
		{"*:27017", PROTO_TCP,
		 "a database (mongodb) on every interface: only a firewall keeps others out"},
		{"*:9200", PROTO_TCP,
		 "a database (elasticsearch) on every interface: only a firewall keeps others out"},
		{"127.0.0.1:5432", PROTO_TCP, NULL},
		{"10.0.0.5:5432", PROTO_TCP, NULL},
		{"0.0.0.0:5433", PROTO_TCP, NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture x;
		const struct finding *got;

		fixture_init(&x);
		fixture_netns(&x, "db");
		fixture_sock(&x, cases[i].proto, cases[i].proto == PROTO_TCP ? STATE_LISTENING : STATE_UNCONN,
			     cases[i].local, NULL);
		got = found(fixture_apply(&x, 0), "database-exposed", 0);
		if (!got != !cases[i].text || (got && strcmp(got->text, cases[i].text)))
			fail_msg("%s: %s", cases[i].local, got ? got->text : "nothing");
		x.snap.socks.v[0].netns = 1; /* a container's own matter */
		fixture_apply(&x, 1);
		assert_null(found(fixture_apply(&x, 1), "database-exposed", 0));
		fixture_done(&x);
	}
}

/* n close-wait sockets of "node", `unread` of them with something unread. */
static void leak(struct fixture *x, unsigned n, unsigned unread, uint32_t age_ms)
{
	fixture_init(x);
	fixture_proc(x, 10, 1, 1000, "node", "");
	fixture_sock(x, PROTO_TCP, STATE_LISTENING, "*:8080", NULL);
	fixture_fd(x, 0, 10, 3);
	for (unsigned i = 0; i < n; i++) {
		uint32_t s = fixture_sock(x, PROTO_TCP, STATE_CLOSE_WAIT, "10.0.0.5:40000", "10.0.0.7:5432");

		x->snap.socks.v[s].lport += i;
		x->snap.socks.v[s].recvq = i < unread;
		x->snap.infos.v[s].last_ack_recv_ms = age_ms;
		fixture_fd(x, s, 10, (int32_t)(4 + i));
	}
}

static void close_wait(void **state)
{
	static const struct {
		unsigned n, unread;
		const char *text;
	} cases[] = {
		{7, 0, "7 sockets in close-wait, oldest 2h: node read their end and never closed them"},
		{7, 7, "7 sockets in close-wait, oldest 2h: node has not read their end"},
		{1, 0, "1 socket in close-wait, oldest 2h: node read its end and never closed it"},
		{5, 2, "5 sockets in close-wait, oldest 2h: node read the end of 3 and never closed them"},
	};
	struct fixture x;
	const struct frame *f;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		leak(&x, cases[i].n, cases[i].unread, 7200000);
		f = fixture_apply(&x, 0);
		assert_non_null(found(f, "close-wait-leak", 0));
		assert_string_equal(found(f, "close-wait-leak", 0)->text, cases[i].text);
		assert_int_equal(found(f, "close-wait-leak", 0)->on, FINDING_ON_PROC);
		assert_null(found(f, "close-wait-leak", 1));
		assert_int_equal(f->procs.v[0].findings, 1);
		assert_int_equal(frame_row(f, 0)->findings, 0);
		assert_int_equal(frame_row(f, 1)->findings, 1);
		assert_int_equal(f->ports.v[0].findings, 1); /* its port is marked as well */
		fixture_done(&x);
	}

	/* Of several ports those with connections; what came in by a port marks that one alone. */
	for (int in = 0; in < 2; in++) {
		leak(&x, 2, 0, 7200000);
		fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "127.0.0.1:9229", NULL);
		fixture_fd(&x, 3, 10, 20);
		fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:9090", NULL);
		fixture_fd(&x, 4, 10, 21);
		fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:8080", "10.0.0.8:50000");
		fixture_fd(&x, 5, 10, 22);
		for (uint32_t s = 1; in && s < 3; s++)
			x.snap.socks.v[s].lport = 9090;
		f = fixture_apply(&x, 0);
		assert_non_null(found(f, "close-wait-leak", 0));
		for (uint32_t i = 0; i < 3; i++)
			assert_int_equal(f->ports.v[i].findings, f->ports.v[i].port == (in ? 9090 : 8080));
		fixture_done(&x);
	}

	/* A minute to close is granted, whether the kernel tells the time or we saw it pass. */
	leak(&x, 2, 0, 60000);
	assert_null(found(fixture_apply(&x, 0), "close-wait-leak", 0));
	fixture_done(&x);
	leak(&x, 2, 0, 60001);
	assert_non_null(found(fixture_apply(&x, 0), "close-wait-leak", 0));
	fixture_done(&x);
	leak(&x, 1, 0, 0);
	x.interval_ns *= 100;
	assert_null(found(fixture_apply(&x, 0), "close-wait-leak", 0));
	assert_null(found(fixture_apply(&x, 60), "close-wait-leak", 0));
	assert_non_null(found(fixture_apply(&x, 1), "close-wait-leak", 0));
	x.snap.socks.v[1].state = STATE_LAST_ACK;
	assert_null(found(fixture_apply(&x, 1), "close-wait-leak", 0));
	fixture_done(&x);
}

static void descriptors(void **state)
{
	static const struct {
		uint32_t fds, max;
		const char *text;
	} cases[] = {
		{972, 1024, NULL},
		{973, 1024, "51 descriptors left: soon accept() and connect() fail with EMFILE"},
		{1023, 1024, "1 descriptor left: soon accept() and connect() fail with EMFILE"},
		{1024, 1024, "no descriptor left: accept() and connect() fail with EMFILE"},
		{2000, 1024,
		 "no descriptor left: accept() and connect() fail with EMFILE"}, /* lowered later */
		{5000, 0, NULL},
		{0, 1024, NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture x;
		const struct finding *got;
		struct snap_proc *p;

		fixture_init(&x);
		p = fixture_proc(&x, 10, 1, 1000, "node", "");
		p->fds = cases[i].fds;
		p->fds_max = cases[i].max;
		got = found(fixture_apply(&x, 0), "fd-limit", 0);
		if (!got != !cases[i].text || (got && strcmp(got->text, cases[i].text)))
			fail_msg("%u of %u: %s", cases[i].fds, cases[i].max, got ? got->text : "nothing");
		fixture_done(&x);
	}
}

/* Names are other people's: the sentence stays printable, one line, within its room. */
static void hostile_names(void **state)
{
	static const char *const names[] = {"\x1b[31mred",
					    "a\nb",
					    "\xff\xfe\xfd",
					    "\xe2\x80\xaetxt.exe",
					    "",
					    "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct fixture x;
		const struct finding *got;

		leak(&x, 3, 0, 7200000);
		x.snap.procs.v[0].comm = intern_adds(x.names, names[i]);
		got = found(fixture_apply(&x, 0), "close-wait-leak", 0);
		assert_non_null(got);
		for (const char *c = got->text; *c; c++)
			assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
		assert_null(strstr(got->text, "\xe2\x80\xae"));
		assert_non_null(strstr(got->text, "never closed them"));
		fixture_done(&x);
	}
}

static void rules_are_complete(void **state)
{
	for (size_t i = 0; i < finding_rules_n; i++) {
		assert_true(finding_rules[i].key[0] && finding_rules[i].help[0]);
		assert_non_null(finding_rules[i].test);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(finding_rules[i].key, finding_rules[j].key);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accept_queue),       cmocka_unit_test(drops),
		cmocka_unit_test(databases),          cmocka_unit_test(close_wait),
		cmocka_unit_test(descriptors),        cmocka_unit_test(hostile_names),
		cmocka_unit_test(rules_are_complete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
