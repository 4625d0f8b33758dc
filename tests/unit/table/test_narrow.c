/* What the kernel leaves out must not be missed: a table made of what was asked for alone prints the same as one made of
 * everything. */
#include "sockeye/base/units.h"
#include "table_test.h"
#include <stdio.h>

static struct fixture host;

static int set_up(void **state)
{
	uint32_t s;

	(void)state;
	fixture_init(&host);
	fixture_web1(&host, false);
	/* Both ends here: each is the other's peer. */
	s = fixture_sock(&host, PROTO_TCP, STATE_ESTABLISHED, "127.0.0.1:50100", "127.0.0.1:6379");
	fixture_fd(&host, s, 21877, 70);
	s = fixture_sock(&host, PROTO_TCP, STATE_CLOSE_WAIT, "127.0.0.1:6379", "127.0.0.1:50100");
	fixture_fd(&host, s, 921, 70);
	s = fixture_sock(&host, PROTO_TCP, STATE_ESTABLISHED, "[2001:db8::5]:40100", "[2001:db8:9::7]:443");
	fixture_fd(&host, s, 21877, 71);
	s = fixture_sock(&host, PROTO_TCP, STATE_ESTABLISHED, "[::ffff:10.0.0.5]:40101",
			 "[::ffff:10.9.9.9]:443");
	fixture_fd(&host, s, 21877, 72);
	fixture_sock(&host, PROTO_MPTCP, STATE_ESTABLISHED, "10.0.0.5:40102", "10.9.9.9:444");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fixture_done(&host);
	return 0;
}

/* What a source that is as narrow as it may be would give. */
static uint32_t leave_out(const struct snapshot *s, const struct want *w, struct snapshot *ret)
{
	uint32_t i, gone = 0;

	snapshot_init(ret);
	for (i = 0; i < s->socks.n; i++) {
		const struct sock *k = &s->socks.v[i];

		if (!(w->protos & PROTO_BIT(k->proto)) || !(w->states & STATE_BIT(k->state)) ||
		    !want_has_end(w, k)) {
			gone++;
			continue;
		}
		vec_push(&ret->socks, *k);
		vec_push(&ret->infos, s->infos.v[i]);
	}
	for (i = 0; i < s->procs.n; i++)
		vec_push(&ret->procs, s->procs.v[i]);
	for (i = 0; i < s->fds.n; i++)
		vec_push(&ret->fds, s->fds.v[i]);
	for (i = 0; i < s->netns.n; i++)
		vec_push(&ret->netns, s->netns.v[i]);
	ret->want = *w;
	ret->boot_ns = s->boot_ns;
	ret->wall_ns = s->wall_ns;
	ret->owners_complete = s->owners_complete;
	return gone;
}

struct print {
	enum view_id view;
	const char *columns, *sort; /* sort: NULL: that of the view */
	bool all;
};

/* One look, one table, as CSV. */
static void print(struct snapshot *snap, const struct print *p, const char *filter, struct want *want,
		  struct str *out)
{
	struct world *world = world_new(host.names, host.services, 100);
	struct filter *f = parsed(filter, host.services);
	struct frame frame;
	struct table t;
	struct ctx c;
	char err[64];
	uint32_t i;
	size_t k;

	frame_init(&frame);
	world_apply(world, snap, NSEC_PER_SEC, &frame);
	table_init(&t, p->view);
	t.filter = f;
	t.all = p->all;
	table_hide_live(&t);
	assert_int_equal(table_set_columns(&t, p->columns, err, sizeof(err)), 0);
	if (p->sort)
		assert_int_equal(table_set_sort_list(&t, p->sort, err, sizeof(err)), 0);
	if (want)
		table_want_alone(&t, false, want);
	table_update(&t, &frame, UINT16_MAX, false);
	c = table_ctx(&t);
	str_clear(out);
	str_putf(out, "%u rows\n", t.matched);
	for (i = 0; i < t.order.n; i++)
		for (k = 0; k < t.cols.n; k++) {
			column_raw(t.cols.v[k].col, &c, t.order.v[i], out);
			str_putc(out, k + 1 == t.cols.n ? '\n' : ',');
		}
	table_done(&t);
	filter_free(f);
	frame_done(&frame);
	world_free(world);
}

/* One table of what was asked for alone, against the same of everything, which is added to ret_text, if that is not
 * NULL. Gives how many sockets were left out. */
static uint32_t same_print(const struct print *p, const char *filter, struct str *ret_text)
{
	struct str whole = {0}, narrow = {0};
	struct want want = {0}, all = {.protos = PROTOS_ALL, .states = STATES_ALL, .attrs = UINT32_MAX};
	struct snapshot part;
	uint32_t gone;

	leave_out(&host.snap, &all, &part); /* a copy: the world takes it over */
	print(&part, p, filter, &want, &whole);
	snapshot_done(&part);
	gone = leave_out(&host.snap, &want, &part);
	print(&part, p, filter, NULL, &narrow);
	if (strcmp(str_text(&whole), str_text(&narrow)) != 0)
		fail_msg("%s, %s, %s, %u left out:\n%s\nnot\n%s", view_table[p->view].key, p->columns, filter,
			 gone, str_text(&narrow), str_text(&whole));
	snapshot_done(&part);
	if (ret_text)
		str_puts(ret_text, str_text(&whole));
	str_done(&whole);
	str_done(&narrow);
	return gone;
}

/* What is looked at: some of each kind of row. */
static const struct print tables[] = {
	{VIEW_PORTS,
	 "netns,proto,port,service,class,scope,addresses,owners,owners_n,owner_reason,pid,process,"
	 "user,uid,unit,conns,states,backlog,backlog_max,drops",
	 NULL, false},
	{VIEW_PORTS, "proto,port,addresses,owners,unit,conns,states", NULL, true},
	{VIEW_CONNECTIONS,
	 "proto,state,laddr,lport,raddr,rport,direction,service,owner_reason,owners,pid,process,"
	 "unit,recvq,sendq,rtt_ms,retrans_total"},
	{VIEW_CONNECTIONS, "proto,state,local,remote,direction,process,peer_process,peer_pid"},
	{VIEW_SOCKETS, "state,local,remote,process,findings"},
	{VIEW_SOCKETS, "family,proto,state,local,remote,v6only,backlog,eof_read,scope,class"},
	{VIEW_PROCESSES, "process,pid,user,unit,ports,conns,close_wait,peers,fds"},
};

static uint32_t same(size_t k, const char *filter)
{
	return same_print(&tables[k], filter, NULL);
}

static void test_same(void **state)
{
	static const char *const filters[] = {
		":443",
		"lport=443",
		"dport = :5432",
		"rport>=50000",
		"rport>60000",
		"lport<100",
		"lport<=22",
		"port=22,80,5000-6000",
		"@10.0.0.7",
		"raddr=203.0.113.0/24 state=established",
		"raddr=2001:db8::/32",
		"raddr=10.9.9.9",
		"laddr=::/0",
		"dst 10.0.0.7:5432",
		"src 127.0.0.0/8 or dst 10.0.0.7",
		"remote=:443",
		"addr=127.0.0.1",
		"family=ipv4",
		"family=ipv6 state=connected",
		"family=ipv4,unix",
		"family!=ipv6",
		"family!=ipv4",
		"family=ipv6",
		"family=ipv6 or :443",
		"family=ipv6 not @::/0",
		"state=close-wait",
		"state=listening",
		"state=established process=nginx",
		"lport!=443",
		"not lport=443",
		"lport=443,none",
		"state=connected (:80 or :443) @192.0.2.0/24",
		"tcp :6379",
		"peer_process=redis-server",
		"peer_process=node :6379",
		"conns>5 :443",
		"conns>500 or :22",
		"conns>500 or state=close-wait",
		"backlog>0 or state=close-wait or family=ipv6",
		"(state=time-wait conns>3) or state=close-wait",
		"drops>0",
		"udp",
		"node :8080",
		"findings!=none :443",
		"proto=mptcp",
		"lport=1,2,3,4,5,6,7,8,9",
		"lport=99999 or lport=22",
	};
	uint32_t left_out = 0, less = 0, gone;
	size_t i, k;

	(void)state;
	for (k = 0; k < ARRAY_LEN(tables); k++) {
		for (i = 0; i + 1 < ARRAY_LEN(filters); i++) {
			gone = same(k, filters[i]);
			left_out += gone;
			less += gone > 1000;
		}
	}
	/* And it was worth it. */
	assert_true(less > 60);
	assert_true(left_out > 100000);
}

static uint64_t seed = 7;
static uint32_t rnd(uint32_t below)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(seed >> 33) % below;
}

static void grow(struct str *out, unsigned depth)
{
	static const char *const terms[] = {
		"family=ipv6",
		"family=ipv4",
		"family!=ipv6",
		":443",
		"lport=80,8080",
		"rport>=50000",
		"@10.0.0.0/8",
		"@::/0",
		"@2001:db8::/32",
		"src 127.0.0.0/8",
		"state=established",
		"state=close-wait",
		"state=listening",
		"process=nginx",
		"udp",
		"conns>1",
		"backlog>0",
		"age_s>0",
		"drops>=0",
		"close_wait=0",
		"state!=time-wait",
		"peer_process=node",
	};
	uint32_t what = depth ? rnd(5) : 0;

	if (what < 2) {
		str_puts(out, terms[rnd(ARRAY_LEN(terms))]);
		return;
	}
	str_puts(out, what == 2 && rnd(2) ? "not (" : "(");
	grow(out, depth - 1);
	str_puts(out, what == 3 ? " or " : " ");
	grow(out, depth - 1);
	str_putc(out, ')');
}

static void test_random(void **state)
{
	uint32_t less = 0;
	unsigned i;

	(void)state;
	for (i = 0; i < 700; i++) {
		struct str filter = {0};

		grow(&filter, 2);
		less += same(rnd(ARRAY_LEN(tables)), str_text(&filter)) > 100;
		str_done(&filter);
	}
	print_message("%u of %u left much out\n", less, i);
	assert_true(less > 100);
}

static void ends_are(const char *filter, const char *expected)
{
	struct want_end ends[WANT_ENDS_MAX];
	struct filter *f = parsed(filter, host.services);
	uint8_t n = filter_ends(f, ends), i;
	struct str s = {0};
	char addr[IP_TEXT];

	for (i = 0; i < n; i++) {
		str_putf(&s, "%s%u:", i ? " " : "", ends[i].ends);
		if (!ends[i].any_addr)
			str_putf(&s, "%s/%u", ip_format(addr, ends[i].net.ip.b, ends[i].net.ip.v6),
				 ends[i].net.bits);
		str_putf(&s, ":%u-%u", ends[i].port_lo, ends[i].port_hi);
	}
	if (strcmp(str_text(&s), expected) != 0)
		fail_msg("%s: %s, not %s", filter, str_text(&s), expected);
	str_done(&s);
	filter_free(f);
}

static void test_ends(void **state)
{
	(void)state;
	ends_are("", "");
	ends_are("process=a", "");
	ends_are(":443", "3::443-443");
	ends_are("family=ipv4", "1:0.0.0.0/0:0-65535");
	ends_are("family=ipv6", "1:::/0:0-65535");
	ends_are("family!=ipv6", "1:0.0.0.0/0:0-65535"); /* what has ends is of one or the other */
	ends_are("family!=ipv4", "1:::/0:0-65535");
	ends_are("family!=ipv4,ipv6", "");
	ends_are("family=ipv4,unix", "");
	ends_are("family=none", "");
	ends_are("lport=80,8000-8100", "1::80-80 1::8000-8100");
	ends_are("rport>1023", "2::1023-65535"); /* a little more does no harm */
	ends_are("rport<=22", "2::0-22");
	ends_are("rport!=22", "");
	ends_are("not rport=22", "");
	ends_are("rport=22,none", "");
	ends_are("@10.0.0.0/8 :443 process=a", "3::443-443");
	ends_are("@10.0.0.7 lport=1000-60000", "2:10.0.0.7/32:0-65535");
	ends_are("@::ffff:10.0.0.7", "2:10.0.0.7/32:0-65535");
	ends_are("src 10.0.0.5:22 or dst 10.0.0.0/8", "1:10.0.0.5/32:22-22 2:10.0.0.0/8:0-65535");
	ends_are(":22 or process=a", "");
	ends_are(":22 or conns>5", "");
	ends_are(":22 conns>5", "3::22-22");
	ends_are("port=1,2,3,4,5,6,7,8,9", "");
	ends_are("(port=1,2,3,4,5 or lport=6,7,8) ",
		 "3::1-1 3::2-2 3::3-3 3::4-4 3::5-5 1::6-6 1::7-7 1::8-8");
	ends_are("(port=1,2,3,4,5 or lport=6,7,8,9)", "");
	ends_are("raddr~^10", "");
	ends_are("laddr=/run/x.sock", "");
}

static void plain_is(const char *filter, bool expected)
{
	struct filter *f = parsed(filter, host.services);

	if (filter_plain(f) != expected)
		fail_msg("%s: %splain", filter, expected ? "not " : "");
	filter_free(f);
}

/* Does a socket tell by itself whether it matches? */
static void test_plain(void **state)
{
	(void)state;
	plain_is("", true);
	plain_is(":8080", true);
	plain_is("tcp not :22 or nginx", true);
	plain_is("process=a state=established @10.0.0.0/8", true);
	plain_is("sport = :22", true);
	plain_is(":22 age>5m", false); /* the time passes */
	plain_is(":22 or idle_s<1", false);
	plain_is("not rx_rate>1k", false);
	plain_is("direction=in", false); /* there is a listener, or not */
	plain_is("peer_process=a", false);
	plain_is("findings~full", false);
	plain_is("recvq>0", false);
	plain_is("conns>5", false);
}

#define VALUES_MAX 12 /* of a column, each asked about in four prints */

/* Each column by itself, printed and sorted by, and values of it asked about: what it is made of is not left out. */
static void test_each_column(void **state)
{
	const struct column *cols;
	unsigned asked = 0;
	size_t n;

	(void)state;
	cols = columns_of(ROWS_SOCK, &n);
	for (size_t i = 0; i < n; i++) {
		const struct print p = {VIEW_SOCKETS, cols[i].key,
					cols[i].kind == KIND_LIST ? NULL : cols[i].key, true};
		struct str values = {0}, filter = {0};
		char *text, *next = NULL;
		VEC(char *) some = {0};

		if (cols[i].flags & (COL_DISPLAY | COL_LIVE) || cols[i].kind == KIND_OBJECT)
			continue;
		same_print(&p, "", &values);
		text = str_take(&values);
		strtok_r(text, "\n", &next); /* how many there are */
		for (char *v = strtok_r(NULL, "\n", &next); v; v = strtok_r(NULL, "\n", &next))
			if (!some.n || strcmp(some.v[some.n - 1], v) != 0)
				vec_push(&some, v);
		/* Where there are very many, as of ports and cookies, some of them from everywhere. */
		for (size_t k = 0; k < some.n; k += some.n / VALUES_MAX + 1) {
			const char *v = some.v[k];
			struct filter *f = NULL;
			struct filter_error error;
			const struct print about = {VIEW_SOCKETS, "state,local,remote", NULL, true};

			str_clear(&filter);
			str_putf(&filter, "%s=\"%s\"", cols[i].key, v);
			if (strchr(v, '"') || filter_parse(str_text(&filter), host.services, &f, &error))
				continue;
			filter_free(f);
			same_print(&about, str_text(&filter), NULL);
			str_clear(&filter);
			str_putf(&filter, "\"%s\"", v); /* as a bare word */
			same_print(&about, str_text(&filter), NULL);
			asked++;
		}
		vec_done(&some);
		free(text);
		str_done(&filter);
	}
	assert_true(asked > 100);
}

static void test_least(void **state)
{
	struct want w = {0};
	struct filter *f = parsed("state=listening", NULL);
	struct table t;
	char err[16];

	(void)state;
	table_init(&t, VIEW_CONNECTIONS);
	table_hide_live(&t);
	assert_int_equal(table_set_columns(&t, "state,local", err, sizeof(err)), 0);
	table_want_alone(&t, false, &w);
	assert_int_equal(w.attrs & WANT_INFO, 0); /* the rates that it sorts by cannot be known */
	assert_int_equal(w.ends_n, 0);
	assert_int_equal(w.skip, PART_PEERS | PART_PORTS | PART_LINKS);
	assert_int_equal(table_set_columns(&t, "state,peer_pid", err, sizeof(err)), 0);
	table_want_alone(&t, false, &w);
	assert_int_equal(w.skip, PART_PORTS);
	assert_int_equal(table_set_columns(&t, "state,forwards", err, sizeof(err)), 0);
	table_want_alone(&t, false, &w);
	assert_int_equal(w.skip, PART_PEERS | PART_LINKS);
	assert_int_equal(table_set_columns(&t, "state,service", err, sizeof(err)), 0);
	table_want_alone(&t, false, &w);
	assert_int_equal(w.skip, PART_PEERS | PART_PORTS);
	w = (struct want){0};
	t.listening = true;
	t.filter = f;
	table_want_alone(&t, false, &w);
	assert_int_equal(w.states, STATE_BIT(STATE_LISTENING));
	w = (struct want){0};
	table_want_alone(&t, true, &w); /* JSON: findings and peers */
	assert_int_equal(w.states, STATES_ALL);
	assert_true(w.attrs & WANT_INFO && w.attrs & WANT_OWNERS);
	assert_int_equal(w.skip, 0);
	filter_free(f);
	t.filter = f = parsed("peer_process=nginx", NULL);
	assert_int_equal(table_set_columns(&t, "state", err, sizeof(err)), 0);
	table_want_alone(&t, false, &w);
	assert_int_equal(w.skip, PART_PORTS);
	filter_free(f);
	t.filter = f = parsed("conns>3", NULL); /* a port's or process's own number */
	table_want_alone(&t, false, &w);
	assert_int_equal(w.skip, 0);
	table_done(&t);
	filter_free(f);
	f = parsed("state=close-wait lport=80", NULL);
	table_init(&t, VIEW_PORTS);
	table_hide_live(&t);
	t.filter = f;
	w = (struct want){0};
	table_want_alone(&t, false, &w);
	assert_int_equal(w.states, STATES_PORT | STATE_BIT(STATE_CLOSE_WAIT));
	assert_int_equal(w.skip, 0);
	assert_int_equal(w.ends_n, 1);
	table_done(&t);
	filter_free(f);
	assert_true(want_has_end(&w, &(struct sock){.state = STATE_CLOSE_WAIT, .lport = 80, .rport = 9}));
	assert_false(want_has_end(&w, &(struct sock){.state = STATE_CLOSE_WAIT, .lport = 81, .rport = 80}));
	assert_true(want_has_end(&w, &(struct sock){.state = STATE_LISTENING, .lport = 81}));
	assert_true(want_has_end(
		&w, &(struct sock){.proto = PROTO_UDP, .state = STATE_ESTABLISHED, .lport = 81}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),   cmocka_unit_test(test_each_column),
		cmocka_unit_test(test_random), cmocka_unit_test(test_ends),
		cmocka_unit_test(test_plain),  cmocka_unit_test(test_least),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
