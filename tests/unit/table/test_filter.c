/* The filter language on the invented host: what each spelling picks, what each mistake is told. */
#include "table_test.h"
#include <errno.h>

static struct fixture host;
static const struct frame *frame;

static int set_up(void **state)
{
	(void)state;
	fixture_init(&host);
	fixture_web1(&host, false);
	/* Marks 0 to 5 on some, one interface. */
	for (uint32_t i = 0; i < host.snap.socks.n; i++) {
		if (i % 3)
			continue;
		host.snap.socks.v[i].flags |= SOCK_HAS_MARK;
		host.snap.infos.v[i].mark = i / 3 % 6;
		host.snap.socks.v[i].cgroup = intern_add(host.names, "/system.slice/nginx.service", 27);
		host.snap.socks.v[i].ifindex = i / 3 % 2 ? 2 : 0;
	}
	vec_push(&host.snap.ifaces,
		 ((struct snap_iface){.ifindex = 2, .name = intern_add(host.names, "eth0", 4)}));
	frame = fixture_apply(&host, 1);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fixture_done(&host);
	return 0;
}

static uint32_t count(const char *text)
{
	return picked_by(text, &host, frame);
}

/* Pairs that must pick the same sockets, and not none or all. */
static void test_same(void **state)
{
	static const char *const same[][2] = {
		{"src *:443", "local=:443"},
		{"dst 10.0.0.7:*", "dst 10.0.0.7"},
		{"src inet:10.0.0.5", "src 10.0.0.5"},
		{"src * dport = :5432", "dport = :5432"},
		{"autobound", "class=ephemeral"},
		{"not autobound tcp", "class!=ephemeral tcp"},
		{"cgroup /system.slice/nginx.service", "cgroup=/system.slice/nginx.service"},
		{"mark=0x1/0x3", "mark=1,5"},
		{"fwmark = 5/7", "mark=5"},
		{"fwmark 0x5", "mark eq 5"},
		{"fwmark != 0x1/0x3", "mark!=1,5"},
		{"dev eth0", "iface=eth0"},
		{"dev = eth0 tcp", "tcp iface eq eth0"},
		{"8080", "port=8080"},
		{":8080", "port=8080"},
		{"8000-9000", "port=8000-9000"},
		{"80,443", "port=80 or port=443"},
		{":80,:443", "port=80,443"},
		{":https", "port=443"},
		{"port=https,http", "port=80,443"},
		{"port=80,8000-9000", "port=80 or lport>=8000 lport<=9000 or rport>=8000 rport<=9000"},
		{"@10.0.0.0/24", "raddr=10.0.0.0/24"},
		{"@10.0.0.7", "raddr=10.0.0.7/32"},
		{"raddr=::ffff:10.0.0.7", "raddr=10.0.0.7"},
		{"raddr=::ffff:10.0.0.0/120", "raddr=10.0.0.0/24"},
		{"addr=10.0.0.7", "laddr=10.0.0.7 or raddr=10.0.0.7"},
		{"listening", "state=listening"},
		{"tcp:443", "proto=tcp port=443"},
		{"443/udp", "proto=udp port=443"},
		{"80,8000-9000/tcp", "port=80,8000-9000 proto=tcp"},
		{"tcp:https,80", "port=80,443 proto=tcp"},
		{"not 443/tcp", "not port=443 or not proto=tcp"},
		{"443/tcp or 443/udp", "port=443 proto=tcp,udp"},
		{"state established state close-wait", "state=established,close-wait"},
		{"state established state close-wait state time-wait :443",
		 "state=established,close-wait,time-wait :443"},
		{"state established not state close-wait", "state=established"},
		{"exclude established exclude close-wait", "state!=established,close-wait"},
		{":443 state established or state close-wait state time-wait",
		 ":443 state=established or state=close-wait,time-wait"},
		{"CLOSE-WAIT", "state=close-wait"},
		{"state=close-w", "state=close-wait"},
		{"state=connected", "not state=listening,unconn,bound,closed"},
		{"udp", "proto=udp"},
		{"process=node state=close-wait", "state=close-wait and process=node"},
		{"process=node or process=sshd", "process=node,sshd"},
		{"process!=node", "not process=node"},
		{"!process=node", "process!=node"},
		{"! (process=node)", "process ne node"},
		{"not not process=node", "process eq node"},
		{"process!~no", "!process~no"},
		{"process~^(node|sshd)$", "process=node,sshd"},
		{"unit=nginx", "unit=nginx.service"},
		{"sport = :22", "lport=22"},
		{"sport eq :ssh", "lport=22"},
		{"dport ge :1024", "rport>=1024"},
		{"dst 10.0.0.7", "remote=10.0.0.7"},
		{"dst 10.0.0.7:5432", "raddr=10.0.0.7 rport=5432"},
		{"dst :5432", "rport=5432"},
		{"src 127.0.0.0/8", "laddr=127.0.0.0/8"},
		{"state time-wait", "state=time-wait"},
		{"exclude time-wait", "state!=time-wait"},
		{"exclude time-wait udp", "state!=time-wait proto=udp"},
		{"rx_rate gt 1k", "rx_rate>1000"},
		{"rx_rate>=1k/s", "rx_rate ge 1000"},
		{"sendq>=1Ki", "sendq>1023"},
		{"rtt_ms>=12", "rtt_ms>=12ms"},
		{"idle_s<1500ms", "idle_s<1.5s"},
		{"user=deploy", "uid=1000"},
		{"a b or process=node", "(a and b) or (process=node)"},
		{"process=node (state=close-wait or :8080)",
		 "process=node state=close-wait or process=node port=8080"},
		{"\"node\"", "NODE"},
		{"owner=node", "process=node"},
		{"eof_read=yes", "eof_read=true"},
		{"cmdline~\"worker process\"", "cmdline~worker.process"},
		{"findings=accept-queue-full", "tcp lport=443"},
		{"owner_reason=none tcp", "tcp not owner_reason!=none"},
		{"netns_name=host", "netns_name~^ho"},
		{"sport geq :1024", "lport>=1024"},
		{"dport leq 1024", "rport<=1024"},
		{"sport neq :22 tcp", "lport!=22 and proto=tcp"},
		{"( dport = :443 or sport = :443 ) && state established", "port=443 state=established"},
		{":22 || :25", "port=22,25"},
		{":22 | :25 & tcp", "port=22 or (port=25 proto=tcp)"},
		{"netns=host :22", "netns_name=host port=22"},
		{"namespace=none or :22", ":22"},
		{"netns!=nosuch :22", ":22"},
		{"rtt<1 tcp", "rtt_ms<1 proto=tcp"},
		{"idle>=1s", "idle_s>=1000ms"},
		{"address=127.0.0.0/8", "laddr=127.0.0.0/8"},
		{"start<2026-11-22T00:00Z", "start lt 2026-11-22T00:00:00Z"},
		{"start=2026-11-19T08:14Z,none tcp",
		 "tcp (start=none or start>=2026-11-19T08:14Z start<2026-11-19T08:15Z)"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(same); i++) {
		uint32_t a = count(same[i][0]), b = count(same[i][1]);

		if (a != b)
			fail_msg("%s picks %u, %s picks %u", same[i][0], a, same[i][1], b);
		if (!strcmp(same[i][0], "a b or process=node"))
			continue;
		if (!a || a == frame->rows_n)
			fail_msg("%s picks %u of %u: says nothing", same[i][0], a, frame->rows_n);
	}
}

static void test_counts(void **state)
{
	(void)state;
	assert_int_equal(count(""), frame->rows_n);
	assert_int_equal(count("  \t "), frame->rows_n);
	assert_int_equal(count("process=node close-wait"), 7);
	assert_int_equal(count("time-wait"), 312);
	assert_int_equal(count("time-wait pid=none"), 312);
	assert_int_equal(count("process=nod"), 0);
	assert_int_equal(count("lport=5432 listening"), 3);
	/* Substrings of a service, a unit, a container, a user, an address. */
	assert_true(count("postgresq") > 0);
	assert_true(count("docker:4f2a") > 0);
	assert_true(count("www-dat") > 0);
	assert_int_equal(count("203.0.113.77"), count("raddr=203.0.113.77"));
	assert_int_equal(count("198.51.10"), count("raddr~198[.]51[.]10"));
}

/* null satisfies only =none, != and !~. */
static void test_null(void **state)
{
	uint32_t all = (uint32_t)frame->rows_n, without = count("pid=none");

	(void)state;
	assert_true(without > 312 && without < all);
	assert_int_equal(count("pid!=none"), all - without);
	assert_int_equal(count("pid>=0"), all - without);
	assert_int_equal(count("pid<1"), 0);
	assert_int_equal(count("pid!=1"), all);
	assert_int_equal(count("process!~."), count("process=none"));
	assert_int_equal(count("pid=none,812"), without + count("pid=812"));
	assert_int_equal(count("process=\"none\""), 0); /* quotes force text */
}

/* Every owner counts: port 443's listeners belong to a master and four workers. */
static void test_many(void **state)
{
	(void)state;
	assert_int_equal(count("tcp :443 listening pid=1044"), count("tcp :443 listening"));
	assert_true(count("listening pid=1046") > 0);
	assert_true(count("listening :443 user=www-data") > 0);
	assert_true(count("listening :443 user=root") > 0);
	assert_int_equal(count("tcp :443 listening pid!=1044"), 0);
}

static void test_canonical(void **state)
{
	static const char *const table[][2] = {
		{":80,443", "port=:80,443"},
		{"80", "port=80"},
		{"tcp listening", "proto=tcp state=listening"},
		{"@10.0.0.0/8", "raddr=10.0.0.0/8"},
		{"  node   and\tnginx ", "node nginx"},
		{"a or b c", "a or b c"},
		{"(a or b) c", "(a or b) c"},
		{"((a)) (b c)", "a b c"},
		{"not (a b)", "not (a b)"},
		{"!(a or !b)", "not (a or not b)"},
		{"\"tcp\"", "\"tcp\""},
		{"\"two words\"", "\"two words\""},
		{"\"q\\\"\\\\\"", "\"q\\\"\\\\\""},
		{"sport ge :1024", "lport>=:1024"},
		{"process eq a,\"b c\",none", "process=a,\"b c\",none"},
		{"process=\"none\"", "process=\"none\""},
		{"process= =x", "process=\"=x\""},
		{"netns=host,db", "netns_name=host,db"},
		{"netns=4026531840,none", "netns=4026531840,none"},
		{"age>3d", "age_s>3d"},
		{"a && b || c", "a b or c"},
		{"ago<60s", "seen_s<60s"},
		{"process~(a|b)c", "process~\"(a|b)c\""},
		{"exclude time-wait", "state!=time-wait"},
		{"", ""},
	};
	struct str out = {0};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(table); i++) {
		struct filter *f = parsed(table[i][0], host.services);

		filter_print(f, &out);
		assert_str(&out, table[i][1]);
		assert_string_equal(filter_text(f), table[i][0]);
		filter_free(f);
		f = parsed(table[i][1], host.services);
		filter_print(f, &out);
		assert_str(&out, table[i][1]);
		filter_free(f);
	}
	str_done(&out);
}

static void test_errors(void **state)
{
	static const struct {
		const char *text;
		size_t at, len;
		const char *says, *mend;
	} table[] = {
		{"proces=nginx", 0, 6, "no field \"proces\"; did you mean process?", "process"},
		{"port>80 proces=nginx", 8, 6, "no field \"proces\"; did you mean process?", "process"},
		{"xyzzyplugh=1", 0, 10, "no field \"xyzzyplugh\"; fields are named as columns are", ""},
		{"a\033b=1", 0, 3, "no field \"a\\eb\"; fields are named as columns are", ""},
		{"port=70000", 5, 5, "\"70000\" is no port; expected 443, 8000-8100 or a service name", ""},
		{"lport=4294967296", 6, 10,
		 "\"4294967296\" is no port; expected 443, 8000-8100 or a service name", ""},
		{"local=:70000", 6, 6,
		 "\":70000\" is no endpoint; expected 10.0.0.7, 10.0.0.0/8, 10.0.0.7:443 or :443", ""},
		{"70000", 0, 5, "\"70000\" is no port; expected 443, 8000-8100 or a service name", ""},
		{"node :nosuch x", 5, 7, "\":nosuch\" is no port; expected 443, 8000-8100 or a service name",
		 ""},
		{"port=9000-8000", 5, 9, "the range runs backwards", ""},
		{"port>80-90", 5, 5, "a range goes with = and != only", ""},
		{"port=80,,90", 8, 0, "expected a value beside the comma", ""},
		{"port=", 0, 5, "expected a value after \"port=\": 443, 8000-8100 or a service name", ""},
		{"(port=)", 1, 5, "expected a value after \"port=\": 443, 8000-8100 or a service name", ""},
		{"src unix:/run/*", 4, 11, "no \"unix:\" here; write family=unix local~PATTERN", ""},
		{"dst link:ip:eth0", 4, 12,
		 "no \"link:\" here; write family=packet laddr=PROTOCOL iface=NAME", ""},
		{"src netlink:route", 4, 13,
		 "no \"netlink:\" here; write family=netlink laddr=PROTOCOL lport=ID", ""},
		{"src vsock:2", 4, 7, "no \"vsock:\" here; write family=vsock laddr=CID lport=PORT", ""},
		{"dev = 2", 6, 1, "an interface has a name here, as dev=lo", ""},
		{"fwmark = 1/0", 9, 3, "\"1/0\" is no number; expected 0x2a, 42 or with a mask 0x1/0xff", ""},
		{"fwmark > 1/3", 9, 3, "a mask goes with = and != only", ""},
		{"cookie=1/3", 7, 3, "\"1/3\" is no number; expected 0x2824c or 164428", ""},
		{"state=estabx", 6, 6, "no state \"estabx\"; did you mean estab?", "estab"},
		{"state=synchronised", 6, 12, "no state \"synchronised\"; did you mean synchronized?",
		 "synchronized"},
		{"state=", 0, 6, "expected a value after \"state=\": established, syn-sent, …", ""},
		{"port >", 0, 6, "expected a value after \"port >\": 443, 8000-8100 or a service name", ""},
		{"state=foo", 6, 3, "no state \"foo\"; there are established, syn-sent, …", ""},
		{"state=establishd", 6, 10, "no state \"establishd\"; did you mean established?",
		 "established"},
		{"proto=tcp,tpc", 10, 3, "no proto \"tpc\"; did you mean tcp?", "tcp"},
		{"age_s>30x", 6, 3, "\"30x\" is no duration; expected 30, 500ms, 30s or 5m", ""},
		{"rx_rate>fast", 8, 4, "\"fast\" is no rate; expected 300, 88k or 1M/s", ""},
		{"recvq>1Q", 6, 2, "\"1Q\" is no size; expected 300, 10M or 1.5Gi", ""},
		{"raddr=10.0.0", 6, 6,
		 "\"10.0.0\" is no address; expected 10.0.0.7, 10.0.0.0/8 or 2001:db8::1", ""},
		{"@10.0.0", 0, 7, "\"10.0.0\" is no address; expected 10.0.0.7, 10.0.0.0/8 or 2001:db8::1",
		 ""},
		{"remote=10.0.0.7:x", 7, 10,
		 "\"10.0.0.7:x\" is no endpoint; expected 10.0.0.7, 10.0.0.0/8, 10.0.0.7:443 or :443", ""},
		{"process<5", 8, 1, "process has no order; use = or ~", ""},
		{"pid~5", 4, 1, "pid is no text; use = < or >", ""},
		{"process~(", 8, 1, NULL, ""},
		{"process~((a{500}){500})", 8, 15, "the pattern repeats too often", ""},
		{"process~(a)\\1", 8, 5, "back references are not supported", ""},
		{"(port=80", 0, 1, "\"(\" is not closed", ""},
		{"a (b (c)", 2, 1, "\"(\" is not closed", ""},
		{"a)", 1, 1, "\")\" without a \"(\" before it", ""},
		{"()", 1, 1, "expected a term before \")\"", ""},
		{"or a", 0, 2, "expected a term before \"or\"", ""},
		{"a or", 4, 0, "expected a term after \"or\"", ""},
		{"a and", 5, 0, "expected a term after \"and\"", ""},
		{"a or or b", 5, 2, "expected a term before \"or\"", ""},
		{"not", 3, 0, "expected a term here", ""},
		{"=5", 0, 1, "expected a field before \"=\"", ""},
		{"\"a\"=5", 3, 1, "expected a field before \"=\"", ""},
		{"process=\"nginx", 8, 1, "the quote is not closed", ""},
		{"a \"b", 2, 1, "the quote is not closed", ""},
		{"rx_rate", 0, 7, "\"rx_rate\" alone matches nothing; did the shell take the \">\"?", ""},
		{"conns", 0, 5, "\"conns\" alone matches nothing; did the shell take the \">\"?", ""},
		{"tcp port", 4, 4, "\"port\" alone matches nothing; did the shell take the \">\"?", ""},
		{"state", 0, 5, "expected a value after \"state\"", ""},
		{"state nosuch", 6, 6, NULL, ""},
		{"owners=5", 0, 6, NULL, ""},
		{"start>yesterday", 6, 9,
		 "\"yesterday\" is no time; expected 2026-11-22, 2026-11-22T14:02 or 2026-11-22T13:02:31Z",
		 ""},
		{"start~2026", 6, 4, "start is no text; use = < or >", ""},
		{"idle_s", 0, 6, "\"idle_s\" alone matches nothing; did the shell take the \">\"?", ""},
		{"eof_read=maybe", 9, 5, "\"maybe\" is no answer; expected yes or no", ""},
		{"cookie=0xg", 7, 3, "\"0xg\" is no number; expected 0x2824c or 164428", ""},
		{"queue>1", 0, 5, NULL, ""},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(table); i++) {
		struct filter *f = (struct filter *)&table; /* must stay untouched */
		struct filter_error err = {0};

		if (filter_parse(table[i].text, host.services, &f, &err) != -EINVAL)
			fail_msg("%s was taken", table[i].text);
		assert_ptr_equal(f, &table);
		if (err.at != table[i].at || err.len != table[i].len)
			fail_msg("%s: at %zu+%zu: %s", table[i].text, err.at, err.len, err.text);
		if (table[i].says && strcmp(err.text, table[i].says) != 0)
			fail_msg("%s: %s", table[i].text, err.text);
		assert_true(*err.text);
		if (table[i].says)
			assert_string_equal(err.mend, table[i].mend);
		assert_true(err.at + err.len <= strlen(table[i].text));
	}
}

/* What may still come is no mistake yet. */
static void test_unfinished(void **state)
{
	static const char *const open[] = {"port=",  "a age_s> ",     "(port=80", "a or",
					   "a and ", "process=\"a b", "\"b",      "state",
					   "((a) b", "x not (sport ="};
	static const char *const wrong[] = {"(port=)", "port=x", "nosuch=",  "a or )",
					    "port= )", "a)",     "port=80,", "!!"};
	struct filter_error err;
	struct filter *f = NULL;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(open) + ARRAY_LEN(wrong); i++) {
		bool is_open = i < ARRAY_LEN(open);
		const char *text = is_open ? open[i] : wrong[i - ARRAY_LEN(open)];

		if (filter_parse(text, NULL, &f, &err) == 0)
			fail_msg("%s was taken", text);
		if (err.unfinished != is_open)
			fail_msg("%s: %s", text, err.text);
	}
}

static void test_deep(void **state)
{
	struct filter_error err;
	struct filter *f = NULL;
	char text[4001];

	(void)state;
	memset(text, '(', 4000);
	text[4000] = '\0';
	assert_int_equal(filter_parse(text, NULL, &f, &err), -EINVAL);
	assert_string_equal(err.text, "parentheses are nested too deep");
	memset(text, '!', 4000);
	text[3999] = 'a';
	f = parsed(text, NULL);
	filter_free(f);
	filter_free(NULL);
}

static uint32_t states(const char *text)
{
	struct filter *f = parsed(text, NULL);
	uint32_t s = filter_states(f);

	filter_free(f);
	return s;
}

static void test_states(void **state)
{
	(void)state;
	assert_int_equal(filter_states(NULL), STATES_ALL);
	assert_int_equal(states("process=node"), STATES_ALL);
	assert_int_equal(states("listening"), STATE_BIT(STATE_LISTENING));
	assert_int_equal(states("listening or time-wait"),
			 STATE_BIT(STATE_LISTENING) | STATE_BIT(STATE_TIME_WAIT));
	assert_int_equal(states("listening or a"), STATES_ALL);
	assert_int_equal(states("state=listening,bound port=80"),
			 STATE_BIT(STATE_LISTENING) | STATE_BIT(STATE_BOUND));
	assert_int_equal(states("not listening"), STATES_ALL & ~STATE_BIT(STATE_LISTENING));
	assert_int_equal(states("not (listening a)"), STATES_ALL);
	assert_int_equal(states("listening time-wait"), 0);
}

static void test_want(void **state)
{
	struct want w = {0};
	struct filter *f = parsed("rtt_ms>5 drops>0", NULL);

	(void)state;
	filter_want(f, &w);
	assert_int_equal(w.attrs, WANT_INFO | WANT_MEM);
	filter_free(f);
	w = (struct want){0};
	f = parsed("time-wait node", NULL);
	filter_want(f, &w);
	assert_int_equal(w.attrs, WANT_OWNERS);
	assert_int_equal(w.states, STATE_BIT(STATE_TIME_WAIT) | STATE_BIT(STATE_LISTENING));
	filter_free(f);
	w = (struct want){0};
	filter_want(NULL, &w);
	assert_int_equal(w.attrs, 0);
}

static void test_asks(void **state)
{
	static const struct {
		const char *filter;
		bool user, words;
	} rows[] = {
		{"proto=tcp", false, false}, {"tcp time-wait 443", false, false},
		{"user=root", true, false},  {"tcp not (443 or user~oo)", true, false},
		{"node", false, true},       {"proto=tcp or root", false, true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct filter *f = parsed(rows[i].filter, NULL);

		assert_int_equal(filter_asks(f, "user"), rows[i].user);
		assert_int_equal(filter_asks(f, NULL), rows[i].words);
		filter_free(f);
	}
	assert_false(filter_asks(NULL, "user"));
	assert_false(filter_asks(NULL, NULL));
}

/* In slices it says the same as at once, and it may be asked about another frame afterwards. */
static void test_slices(void **state)
{
	struct filter *f = parsed("process~^n or unit~post or 10.0", host.services);
	uint8_t *once = mem_alloc(frame->rows_n, 1), *sliced = mem_alloc(frame->rows_n, 1);
	uint32_t n = (uint32_t)frame->rows_n, at;
	struct fixture other;
	const struct frame *g;
	uint8_t picked[4] = {9, 9, 9, 9};

	(void)state;
	filter_socks(f, frame, 0, n, once);
	for (at = 0; at < n; at += 37)
		filter_socks(f, frame, at, at + 37 < n ? at + 37 : n, sliced);
	assert_memory_equal(once, sliced, n);
	fixture_init(&other);
	fixture_proc(&other, 5, 1, 0, "zebra", "");
	fixture_fd(&other, fixture_sock(&other, PROTO_TCP, STATE_LISTENING, "192.0.2.1:80", NULL), 5, 3);
	g = fixture_apply(&other, 1);
	filter_socks(f, g, 0, 1, picked);
	assert_int_equal(picked[0], 0);
	assert_int_equal(picked[1], 9);
	fixture_done(&other);
	filter_free(f);
	free(once);
	free(sliced);
}

/* What was said about a frame is known until another is asked about, or late texts come. */
static void test_picked(void **state)
{
	struct filter *f = parsed("user=late", host.services);
	uint32_t n = (uint32_t)frame->rows_n, i, k = 0;
	uint8_t *said = mem_alloc(n, 1), *again = mem_alloc(n, 1);
	struct fixture other;
	const struct frame *g;
	struct table t;

	(void)state;
	assert_false(filter_picked(f, ROWS_SOCK, frame, again));
	filter_socks(f, frame, 0, n / 2, said);
	assert_false(filter_picked(f, ROWS_SOCK, frame, again)); /* half of it */
	filter_socks(f, frame, n / 2, n, said);
	memset(again, 7, n);
	assert_true(filter_picked(f, ROWS_SOCK, frame, again));
	assert_memory_equal(said, again, n);
	filter_late(f);
	assert_false(filter_picked(f, ROWS_SOCK, frame, again));
	assert_false(filter_picked(NULL, ROWS_SOCK, frame, again));
	filter_late(NULL);
	free(said);
	free(again);

	fixture_init(&other);
	fixture_proc(&other, 5, 1, 77, "zebra", "");
	fixture_fd(&other, fixture_sock(&other, PROTO_TCP, STATE_LISTENING, "192.0.2.1:80", NULL), 5, 3);
	g = fixture_apply(&other, 1);
	table_init(&t, VIEW_PORTS);
	t.filter = f;
	table_update(&t, g, 9, false);
	assert_int_equal(t.matched, 0);
	for (i = 0; i < g->users.n; i++)
		if (g->users.v[i].uid == 77) {
			late_set(g->users.v[i].late, LATE_USER, "late", 4);
			k++;
		}
	assert_int_equal(k, 1);
	table_update(&t, g, 9, false); /* nobody said that texts have come */
	assert_int_equal(t.matched, 0);
	filter_late(f);
	table_update(&t, g, 9, false);
	assert_int_equal(t.matched, 1);
	table_done(&t);
	filter_free(f);
	fixture_done(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),      cmocka_unit_test(test_counts),
		cmocka_unit_test(test_null),      cmocka_unit_test(test_many),
		cmocka_unit_test(test_canonical), cmocka_unit_test(test_errors),
		cmocka_unit_test(test_deep),      cmocka_unit_test(test_unfinished),
		cmocka_unit_test(test_states),    cmocka_unit_test(test_want),
		cmocka_unit_test(test_asks),      cmocka_unit_test(test_slices),
		cmocka_unit_test(test_picked),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
