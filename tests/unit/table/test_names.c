/* Sockets of families without ip: their ends as values, cells, JSON, CSV and in filters; which protocols a table
 * shows and asks for. */
#include "table_test.h"

struct desk {
	struct fixture x;
	const struct frame *f;
	uint32_t listener, accepted, client, packet, netlink, vsock, raw, sctp;
};

static uint32_t add(struct fixture *x, enum proto proto, enum state state, enum family family,
		    const char *name, size_t n)
{
	uint32_t i = fixture_sock(x, proto, state, "0.0.0.0:0", NULL);
	struct sock *s = &x->snap.socks.v[i];

	s->family = (uint8_t)family;
	memset(s->laddr, 0, 16);
	memset(s->raddr, 0, 16);
	s->lname = intern_add(x->names, name, n);
	return i;
}

static int setup(void **state)
{
	struct desk *d = calloc(1, sizeof(*d));
	struct fixture *x = &d->x;
	struct sock *s;

	fixture_init(x);
	fixture_proc(x, 10, 1, 0, "dockerd", "/system.slice/docker.service");
	fixture_proc(x, 11, 1, 0, "docker", "");
	x->snap.want.protos = PROTOS_ALL;
	d->listener = add(x, PROTO_UNIX, STATE_LISTENING, FAMILY_UNIX, "/run/docker.sock", 16);
	d->accepted = add(x, PROTO_UNIX, STATE_ESTABLISHED, FAMILY_UNIX, "/run/docker.sock", 16);
	d->client = add(x, PROTO_UNIX, STATE_ESTABLISHED, FAMILY_UNIX, "", 0);
	s = x->snap.socks.v;
	s[d->accepted].peer_inode = s[d->client].inode;
	s[d->client].peer_inode = s[d->accepted].inode;
	fixture_fd(x, d->listener, 10, 3);
	fixture_fd(x, d->accepted, 10, 4);
	fixture_fd(x, d->client, 11, 3);
	d->packet = add(x, PROTO_PACKET, STATE_UNCONN, FAMILY_PACKET, "0x88cc", 6);
	d->netlink = add(x, PROTO_NETLINK, STATE_UNCONN, FAMILY_NETLINK, "route", 5);
	x->snap.socks.v[d->netlink].lport = 31145;
	d->vsock = add(x, PROTO_VSOCK, STATE_ESTABLISHED, FAMILY_VSOCK, "3", 1);
	s = &x->snap.socks.v[d->vsock];
	s->lport = 1024, s->rport = 4000000000u, s->rname = intern_adds(x->names, "2");
	d->raw = fixture_sock(x, PROTO_RAW, STATE_UNCONN, "127.0.0.1:89", NULL);
	x->snap.socks.v[d->raw].flags |= SOCK_OWN_COOKIE;
	d->sctp = fixture_sock(x, PROTO_SCTP, STATE_ESTABLISHED, "10.0.0.5:3868", "10.0.0.7:40001");
	fixture_sock(x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:443", "10.0.0.7:40002");
	d->f = fixture_apply(x, 1);
	*state = d;
	return 0;
}

static int teardown(void **state)
{
	struct desk *d = *state;

	fixture_done(&d->x);
	free(d);
	return 0;
}

static const struct column *col(const char *key)
{
	return column_by_key(ROWS_SOCK, key);
}

static void cell_is(const struct desk *d, const char *key, uint32_t row, const char *expected)
{
	struct ctx c = {.f = d->f, .tally = &d->f->tally};
	uint8_t style = STYLE_PLAIN;
	struct str s = {0};

	column_cell(col(key), &c, row, &s, &style);
	assert_str(&s, expected);
	str_done(&s);
}

static void fit_is(const struct desk *d, const char *key, uint32_t row, unsigned width, const char *expected)
{
	struct ctx c = {.f = d->f, .tally = &d->f->tally};
	uint8_t style = STYLE_PLAIN;
	struct str s = {0};

	column_fit(col(key), &c, row, width, &s, &style);
	assert_str(&s, expected);
	str_done(&s);
}

static void json_is(const struct desk *d, const char *key, uint32_t row, const char *expected)
{
	struct ctx c = {.f = d->f, .tally = &d->f->tally};
	struct str s = {0};

	column_json(col(key), &c, row, &s);
	assert_str(&s, expected);
	str_done(&s);
}

static void raw_is(const struct desk *d, const char *key, uint32_t row, const char *expected)
{
	struct ctx c = {.f = d->f, .tally = &d->f->tally};
	struct str s = {0};

	column_raw(col(key), &c, row, &s);
	assert_str(&s, expected);
	str_done(&s);
}

static void test_ends(void **state)
{
	struct desk *d = *state;

	json_is(d, "laddr", d->listener, "\"/run/docker.sock\"");
	json_is(d, "local", d->listener, "\"/run/docker.sock\"");
	json_is(d, "lport", d->listener, "null");
	json_is(d, "raddr", d->listener, "null");
	json_is(d, "remote", d->listener, "null");
	/* The client's remote name is its server's, which getpeername() would say. */
	json_is(d, "laddr", d->client, "null");
	json_is(d, "local", d->client, "null");
	json_is(d, "raddr", d->client, "\"/run/docker.sock\"");
	json_is(d, "peer_pid", d->client, "10");
	json_is(d, "peer_process", d->accepted, "\"docker\"");
	json_is(d, "raddr", d->accepted, "null");
	cell_is(d, "remote", d->client, "/run/docker.sock");
	raw_is(d, "remote", d->client, "/run/docker.sock");
	fit_is(d, "remote", d->client, 10, "/run/…sock");

	json_is(d, "laddr", d->packet, "\"0x88cc\"");
	json_is(d, "lport", d->packet, "null");
	json_is(d, "laddr", d->netlink, "\"route\"");
	json_is(d, "lport", d->netlink, "31145");
	json_is(d, "local", d->netlink, "\"route:31145\"");
	cell_is(d, "local", d->netlink, "route:31145");

	json_is(d, "laddr", d->vsock, "\"3\"");
	json_is(d, "lport", d->vsock, "1024");
	json_is(d, "raddr", d->vsock, "\"2\"");
	json_is(d, "rport", d->vsock, "4000000000");
	json_is(d, "remote", d->vsock, "\"2:4000000000\"");
	cell_is(d, "remote", d->vsock, "2:4000000000");
	raw_is(d, "local", d->vsock, "3:1024");

	json_is(d, "laddr", d->raw, "\"127.0.0.1\"");
	json_is(d, "lport", d->raw, "null");
	json_is(d, "local", d->raw, "\"127.0.0.1\"");
	cell_is(d, "local", d->raw, "127.0.0.1:ospf");
}

static void test_what_does_not_apply(void **state)
{
	static const char *const keys[] = {"rtt_ms", "cwnd",   "rx_rate", "rx_bytes", "retrans", "cc",
					   "mark",   "v6only", "scope",   "class",    "service", "timer"};
	struct desk *d = *state;

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		json_is(d, keys[i], d->accepted, "null");
		json_is(d, keys[i], d->packet, "null");
		cell_is(d, keys[i], d->accepted, "");
	}
	cell_is(d, "rtt_ms", d->sctp, ""); /* no promise of something to come */
	json_is(d, "cookie", d->raw, "null");
	json_is(d, "recvq", d->vsock, "null"); /* the kernel does not tell it */
	json_is(d, "recvq", d->accepted, "0");
}

static void picks(struct desk *d, const char *text, unsigned n)
{
	struct filter *f = parsed(text, NULL);
	uint8_t picked[32] = {0};
	unsigned found = 0;

	filter_socks(f, d->f, 0, (uint32_t)d->f->rows_n, picked);
	for (uint32_t i = 0; i < d->f->rows_n; i++)
		found += picked[i];
	if (found != n)
		fail_msg("%s picks %u, not %u", text, found, n);
	filter_free(f);
}

static void test_filters(void **state)
{
	struct desk *d = *state;

	picks(d, "laddr=/run/docker.sock", 2);
	picks(d, "raddr=/run/docker.sock", 1);
	picks(d, "addr=/run/docker.sock", 3);
	picks(d, "local=/run/docker.sock", 2);
	picks(d, "laddr!=/run/docker.sock", 7);
	picks(d, "laddr~docker", 2);
	picks(d, "local~^route", 1);
	picks(d, "docker.sock", 3);
	picks(d, "family=unix", 3);
	picks(d, "unix state=listening", 1);
	picks(d, "laddr=10.0.0.5", 2);
	picks(d, "laddr=0.0.0.0", 0); /* a name is no address, whatever its number */
	picks(d, "laddr=none", 1); /* the client has no name */
	picks(d, "port=1024", 1);
	picks(d, "vsock", 1);
	picks(d, "rport=4000000000", 1); /* 32 bits, as the kernel has them */
	picks(d, "rport>=3999999999 rport<=4294967295", 1);
	picks(d, "rport=4000000001", 0);
	picks(d, "lport=31145", 1);
}

static void test_protocols_shown(void **state)
{
	static const struct {
		enum view_id view;
		const char *filter;
		uint32_t protos;
	} cases[] = {
		{VIEW_PORTS, "", PROTOS_PORTS},
		{VIEW_CONNECTIONS, "", PROTOS_PORTS},
		{VIEW_PROCESSES, "", PROTOS_PORTS},
		{VIEW_SOCKETS, "", PROTOS_ALL},
		{VIEW_CONNECTIONS, "proto=unix", PROTO_BIT(PROTO_UNIX)},
		{VIEW_CONNECTIONS, "family=unix,packet", PROTO_BIT(PROTO_UNIX) | PROTO_BIT(PROTO_PACKET)},
		{VIEW_CONNECTIONS, "unix or udp", PROTO_BIT(PROTO_UNIX) | PROTO_BIT(PROTO_UDP)},
		{VIEW_CONNECTIONS, "udp", PROTO_BIT(PROTO_UDP)},
		/* To say what it is not, or which internet, names nothing. */
		{VIEW_CONNECTIONS, "proto!=udp", PROTOS_PORTS & ~PROTO_BIT(PROTO_UDP)},
		{VIEW_CONNECTIONS, "not proto=udp", PROTOS_PORTS & ~PROTO_BIT(PROTO_UDP)},
		{VIEW_CONNECTIONS, "family=ipv4", PROTOS_PORTS},
		{VIEW_CONNECTIONS, "family!=ipv4", PROTOS_PORTS},
		{VIEW_CONNECTIONS, "not family=ipv6", PROTOS_PORTS},
		{VIEW_SOCKETS, "family!=unix", PROTOS_ALL & ~PROTO_BIT(PROTO_UNIX)},
		{VIEW_SOCKETS, "proto!=netlink", PROTOS_ALL & ~PROTO_BIT(PROTO_NETLINK)},
		{VIEW_CONNECTIONS, "process=nginx", PROTOS_PORTS},
		{VIEW_CONNECTIONS, "proto=unix process=nginx", PROTO_BIT(PROTO_UNIX)},
		/* A MPTCP socket and its subflows are read together. */
		{VIEW_CONNECTIONS, "tcp", PROTO_BIT(PROTO_TCP) | PROTO_BIT(PROTO_MPTCP)},
		{VIEW_CONNECTIONS, "mptcp", PROTO_BIT(PROTO_TCP) | PROTO_BIT(PROTO_MPTCP)},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct filter *f = parsed(cases[i].filter, NULL);
		struct want w = {0};
		struct table t;

		table_init(&t, cases[i].view);
		t.filter = f;
		table_want(&t, &w);
		if (w.protos != cases[i].protos || table_protos(&t) != cases[i].protos)
			fail_msg("%s: 0x%x, not 0x%x", cases[i].filter, w.protos, cases[i].protos);
		table_done(&t);
		filter_free(f);
	}
}

static unsigned rows(struct desk *d, enum view_id view, const char *text)
{
	struct filter *f = parsed(text, NULL);
	struct table t;
	unsigned n;

	table_init(&t, view);
	t.filter = f;
	t.listening = view != VIEW_PORTS;
	table_update(&t, d->f, 100, false);
	n = t.matched;
	table_done(&t);
	filter_free(f);
	return n;
}

/* Whatever else is in the frame, because another part of the screen has asked for it. */
static void test_rows_shown(void **state)
{
	struct desk *d = *state;

	assert_int_equal(rows(d, VIEW_SOCKETS, ""), 9);
	assert_int_equal(rows(d, VIEW_CONNECTIONS, ""), 3); /* vsock, sctp, tcp */
	assert_int_equal(rows(d, VIEW_CONNECTIONS, "unix"), 3);
	assert_int_equal(rows(d, VIEW_CONNECTIONS, "docker.sock"), 0); /* unix is not named */
	assert_int_equal(rows(d, VIEW_CONNECTIONS, "raw or packet"), 2);
	assert_int_equal(rows(d, VIEW_PROCESSES, ""), 1); /* what nobody holds is the kernel's */
	assert_int_equal(rows(d, VIEW_PROCESSES, "unix"), 2);
	assert_int_equal(d->f->totals.listening, 0);
}

static void test_sorting(void **state)
{
	struct desk *d = *state;
	struct table t;
	char err[64];

	table_init(&t, VIEW_SOCKETS);
	assert_int_equal(table_set_sort_list(&t, "laddr", err, sizeof(err)), 0);
	table_update(&t, d->f, 100, false);
	table_order_all(&t);
	assert_int_equal(t.order.n, 9);
	for (size_t i = 1; i < t.order.n; i++) {
		struct ctx c = table_ctx(&t);

		assert_true(column_compare(col("laddr"), &c, t.order.v[i - 1], t.order.v[i], false) <= 0);
	}
	assert_int_equal(t.order.v[0], d->sctp < d->raw ? d->sctp : t.order.v[0]);
	assert_int_equal(t.order.v[8], d->client); /* null is last */
	table_done(&t);
}

static void test_limits(void **state)
{
	static const struct limit sctp = {"sctp", "not-supported", ""},
				  owners = {"owners", "not-permitted", ""}, cut = {"sctp", "truncated", ""};
	struct filter *named = parsed("proto=sctp,tcp", NULL), *other = parsed("proto=tcp", NULL);

	assert_false(filter_needs_limit(NULL, &sctp));
	assert_false(filter_needs_limit(other, &sctp));
	assert_true(filter_needs_limit(named, &sctp));
	assert_true(filter_needs_limit(NULL, &owners));
	assert_true(filter_needs_limit(other, &cut));
	filter_free(named);
	filter_free(other);
}

static void test_brief_protocols(void **state)
{
	struct desk *d = *state;

	fit_is(d, "proto", d->netlink, 5, "nlink");
	fit_is(d, "proto", d->netlink, 7, "netlink");
	fit_is(d, "proto", d->vsock, 5, "vsock");
	fit_is(d, "proto", d->packet, 5, "pack");
	json_is(d, "proto", d->netlink, "\"netlink\"");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_ends),
		TEST(test_what_does_not_apply),
		TEST(test_filters),
		TEST(test_protocols_shown),
		TEST(test_rows_shown),
		TEST(test_sorting),
		TEST(test_brief_protocols),
		TEST(test_limits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
