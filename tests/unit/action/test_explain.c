/* explain's judgement by table: who is in whose way, and what tries show. */
#include "explain_test.h"

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
	{PROTO_TCP, STATE_CLOSE_WAIT, "[::1]:8080", "[::1]:50000", 0, false, "???..?"},
	/* the remote end's port is nobody's here; a request is not bound */
	{PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:50000", "10.0.0.7:8080", 0, false, "......"},
	{PROTO_TCP, STATE_SYN_RECV, "10.0.0.5:8080", "10.0.0.7:50000", 0, false, "......"},
};

static void test_rules(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		struct asked a;
		char got[16];
		uint32_t s;

		asked_init(&a, 1000, "deploy");
		s = fixture_sock(&a.x, rules[i].proto, rules[i].state, rules[i].local, rules[i].remote);
		a.x.snap.socks.v[s].ifindex = rules[i].ifindex;
		a.x.snap.socks.v[s].flags |= rules[i].v6only ? SOCK_V6ONLY : 0;
		explain_judge(&a.e, fixture_apply(&a.x, 1), 0, PROTO_TCP, PORT, &a.facts);
		expected(&a.e, got);
		if (strcmp(got, rules[i].expect) != 0)
			print_error("rule %zu: %s\n", i, rules[i].local);
		assert_string_equal(got, rules[i].expect);
		asked_done(&a);
	}
}

/* Devices 7 "vrf-red", 8 a slave of it, 9 in no VRF. A TCP socket of a VRF meets none outside of it, unless the setting
 * says that they share their ports; of UDP only devices count. */
static const struct {
	enum proto proto;
	enum state state;
	uint32_t ifindex;
	bool share;
	const char *expect;
} vrf_rules[] = {
	{PROTO_TCP, STATE_LISTENING, 7, false, "......"},   {PROTO_TCP, STATE_LISTENING, 8, false, "......"},
	{PROTO_TCP, STATE_ESTABLISHED, 8, false, "......"}, {PROTO_TCP, STATE_LISTENING, 9, false, "XX.XX."},
	{PROTO_TCP, STATE_LISTENING, 0, false, "XX.XX."},   {PROTO_TCP, STATE_LISTENING, 7, true, "XX.XX."},
	{PROTO_TCP, STATE_BOUND, 8, true, "??.??."},        {PROTO_UDP, STATE_UNCONN, 7, false, "??.??."},
};

static void test_vrf(void **state)
{
	static const struct explain_dev devs[] = {{8, "eth1", 7}, {9, "eth2", 0}};

	for (size_t i = 0; i < ARRAY_LEN(vrf_rules); i++) {
		struct asked a;
		char got[16];
		uint32_t s;

		asked_init(&a, 1000, "deploy");
		a.facts.devs.v[0].vrf = 7;
		vec_push(&a.facts.devs, devs[0]);
		vec_push(&a.facts.devs, devs[1]);
		a.facts.devs_known = true;
		a.facts.vrfs_share = vrf_rules[i].share;
		s = fixture_sock(&a.x, vrf_rules[i].proto, vrf_rules[i].state, "0.0.0.0:8080",
				 vrf_rules[i].state == STATE_ESTABLISHED ? "10.0.0.7:5432" : NULL);
		a.x.snap.socks.v[s].ifindex = vrf_rules[i].ifindex;
		explain_judge(&a.e, fixture_apply(&a.x, 1), 0, vrf_rules[i].proto, PORT, &a.facts);
		expected(&a.e, got);
		if (strcmp(got, vrf_rules[i].expect) != 0)
			print_error("VRF rule %zu\n", i);
		assert_string_equal(got, vrf_rules[i].expect);
		assert_int_equal((a.e.applies & 1u << CHECK_DEVICE) != 0, vrf_rules[i].ifindex != 0);
		explain_settle(&a.e);
		if (!strcmp(vrf_rules[i].expect, "......")) {
			assert_int_equal(a.e.verdict, EXPLAIN_FREE);
			assert_int_equal(a.e.holders.v[0].effect, EFFECT_NO_MATTER);
			explain_put_text(&a.e, false, &a.out);
			assert_non_null(strstr(str_text(&a.out), "(VRF vrf-red has ports of its own)"));
		}
		asked_done(&a);
	}
}

static void test_udp_is_always_open(void **state)
{
	struct asked a;
	char got[16];

	asked_init(&a, 1000, "deploy");
	fixture_sock(&a.x, PROTO_UDP, STATE_UNCONN, "0.0.0.0:8080", NULL);
	fixture_sock(&a.x, PROTO_TCP, STATE_LISTENING, "[::]:8080", NULL);
	explain_judge(&a.e, fixture_apply(&a.x, 1), 0, PROTO_UDP, PORT, &a.facts);
	expected(&a.e, got);
	assert_string_equal(got, "??.??.");
	assert_false(a.e.checked & 1u << CHECK_TIME_WAIT);
	assert_true(a.e.applies & 1u << CHECK_DATAGRAM);
	asked_done(&a);
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

static void test_outcomes(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(outcomes); i++) {
		struct asked a;
		char local[32];

		asked_init(&a, 1000, "deploy");
		snprintf(local, sizeof(local), "10.0.0.5:%u", outcomes[i].port);
		if (outcomes[i].state != STATE_NONE)
			fixture_sock(&a.x, PROTO_TCP, outcomes[i].state, local,
				     outcomes[i].state == STATE_TIME_WAIT ? "10.0.0.9:5" : NULL);
		asked_judge(&a, PROTO_TCP, outcomes[i].port, outcomes[i].tries);
		if (a.e.verdict != outcomes[i].verdict || a.e.odd != outcomes[i].odd)
			print_error("outcome %zu: %s\n", i, outcomes[i].tries);
		assert_int_equal(a.e.verdict, outcomes[i].verdict);
		assert_int_equal(a.e.odd, outcomes[i].odd);
		if (outcomes[i].state != STATE_NONE) {
			assert_int_equal(a.e.holders.n, 1);
			assert_int_equal(a.e.holders.v[0].effect, outcomes[i].effect);
		}
		asked_done(&a);
	}
}

/* Of two bound sockets the tries tell which one it is. */
static void test_blame(void **state)
{
	struct asked a;

	asked_init(&a, 1000, "deploy");
	fixture_sock(&a.x, PROTO_TCP, STATE_BOUND, "127.0.0.1:8080", NULL);
	fixture_sock(&a.x, PROTO_TCP, STATE_BOUND, "10.0.0.5:8080", NULL);
	asked_judge(&a, PROTO_TCP, PORT, "XX..X.");
	assert_int_equal(a.e.verdict, EXPLAIN_TAKEN);
	assert_int_equal(a.e.holders.v[0].effect, EFFECT_BLOCKS);
	assert_int_equal(a.e.holders.v[0].ip.b[0], 10);
	assert_int_equal(a.e.holders.v[1].effect, EFFECT_NO_MATTER);
	assert_true(a.e.tries.v[3].bind_only); /* its holder may be about to listen */
	assert_false(a.e.tries.v[5].bind_only);
	asked_done(&a);
}

static void test_other_namespace(void **state)
{
	struct asked a;
	uint16_t blue;
	uint32_t s;

	asked_init(&a, 1000, "deploy");
	blue = fixture_netns(&a.x, "blue");
	s = fixture_sock(&a.x, PROTO_TCP, STATE_LISTENING, "[::]:8080", NULL);
	a.x.snap.socks.v[s].netns = blue;
	explain_judge(&a.e, fixture_apply(&a.x, 1), 0, PROTO_TCP, PORT, &a.facts);
	assert_int_equal(a.e.holders.n, 0);
	explain_judge(&a.e, fixture_apply(&a.x, 1), blue, PROTO_TCP, PORT, &a.facts);
	assert_int_equal(a.e.holders.n, 1);
	asked_done(&a);
}

static void test_no_ipv6(void **state)
{
	struct asked a;

	asked_init(&a, 1000, "deploy");
	a.facts.v6 = false;
	explain_judge(&a.e, fixture_apply(&a.x, 1), 0, PROTO_TCP, PORT, &a.facts);
	assert_int_equal(a.e.tries.n, 3);
	a.facts.v4 = false;
	explain_judge(&a.e, fixture_apply(&a.x, 1), 0, PROTO_TCP, PORT, &a.facts);
	assert_int_equal(a.e.tries.n, 0);
	explain_settle(&a.e);
	assert_int_equal(a.e.verdict, EXPLAIN_UNKNOWN);
	asked_done(&a);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_vrf),
		cmocka_unit_test(test_udp_is_always_open),
		cmocka_unit_test(test_outcomes),
		cmocka_unit_test(test_blame),
		cmocka_unit_test(test_other_namespace),
		cmocka_unit_test(test_no_ipv6),
		cmocka_unit_test(test_reserved),
		cmocka_unit_test(test_next),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
