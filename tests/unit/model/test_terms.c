/* The vocabularies: names, scopes, groups of states, services. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sockeye/base/ip.h"
#include "sockeye/model/terms.h"
#include <errno.h>
#include <string.h>

static enum scope scope(const char *text)
{
	struct ip ip;

	assert_int_equal(ip_parse(text, &ip), 0);
	return scope_of(ip.b, ip.v6);
}

static void scopes(void **state)
{
	static const struct {
		const char *addr;
		enum scope scope;
	} cases[] = {
		{"0.0.0.0", SCOPE_ANY},
		{"::", SCOPE_ANY},
		{"127.0.0.1", SCOPE_LOOPBACK},
		{"127.255.0.9", SCOPE_LOOPBACK},
		{"::1", SCOPE_LOOPBACK},
		{"::2", SCOPE_PUBLIC},
		{"169.254.1.1", SCOPE_LINK},
		{"fe80::1", SCOPE_LINK},
		{"febf::1", SCOPE_LINK},
		{"fec0::1", SCOPE_PUBLIC},
		{"10.1.2.3", SCOPE_PRIVATE},
		{"172.16.0.1", SCOPE_PRIVATE},
		{"172.31.255.1", SCOPE_PRIVATE},
		{"172.32.0.1", SCOPE_PUBLIC},
		{"192.168.0.1", SCOPE_PRIVATE},
		{"192.169.0.1", SCOPE_PUBLIC},
		{"100.64.0.1", SCOPE_PRIVATE},
		{"100.127.9.9", SCOPE_PRIVATE},
		{"100.128.0.1", SCOPE_PUBLIC},
		{"fd00::1", SCOPE_PRIVATE},
		{"fc12::1", SCOPE_PRIVATE},
		{"224.0.0.1", SCOPE_MULTICAST},
		{"239.1.1.1", SCOPE_MULTICAST},
		{"ff02::1", SCOPE_MULTICAST},
		{"8.8.8.8", SCOPE_PUBLIC},
		{"2001:db8::1", SCOPE_PUBLIC},
		{"::ffff:10.0.0.1", SCOPE_PRIVATE},
		{"::ffff:127.0.0.1", SCOPE_LOOPBACK},
		{"::ffff:0.0.0.0", SCOPE_ANY},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (scope(cases[i].addr) != cases[i].scope)
			fail_msg("%s is %s", cases[i].addr, scope_names[scope(cases[i].addr)]);
	assert_true(SCOPE_ANY > SCOPE_PUBLIC && SCOPE_PUBLIC > SCOPE_PRIVATE &&
		    SCOPE_PRIVATE > SCOPE_LOOPBACK);
}

static void classes(void **state)
{
	assert_int_equal(class_of(22, 32768, 60999), CLASS_WELL_KNOWN);
	assert_int_equal(class_of(1023, 32768, 60999), CLASS_WELL_KNOWN);
	assert_int_equal(class_of(1024, 32768, 60999), CLASS_REGISTERED);
	assert_int_equal(class_of(32767, 32768, 60999), CLASS_REGISTERED);
	assert_int_equal(class_of(32768, 32768, 60999), CLASS_EPHEMERAL);
	assert_int_equal(class_of(60999, 32768, 60999), CLASS_EPHEMERAL);
	assert_int_equal(class_of(61000, 32768, 60999), CLASS_REGISTERED);
	assert_int_equal(class_of(1500, 1024, 2000), CLASS_EPHEMERAL);
	assert_int_equal(class_of(70000, 0, 65535), CLASS_NONE);
}

static void tables_are_complete(void **state)
{
	for (int i = 0; i < PROTO_N; i++)
		assert_true(proto_table[i].name && proto_table[i].name[0]);
	for (int i = 0; i < STATE_N; i++) {
		assert_non_null(state_table[i].name);
		assert_true(strlen(state_table[i].brief) <= 8);
		assert_int_equal(!state_table[i].name[0], !state_table[i].brief[0]);
	}
	for (int i = 0; i < SCOPE_N; i++)
		assert_non_null(scope_names[i]);
	for (int i = 0; i < CLASS_N; i++)
		assert_non_null(class_names[i]);
	for (int i = 0; i < REASON_N; i++) {
		assert_non_null(reason_table[i].name);
		assert_non_null(reason_table[i].cell);
		assert_true(reason_table[i].help && reason_table[i].help[0]);
	}
	assert_string_equal(reason_table[REASON_OWNED].name, "");
	assert_string_equal(reason_table[REASON_NOT_PERMITTED].name, "not-permitted");
	assert_int_equal(proto_by_name("UDP"), PROTO_UDP);
	assert_int_equal(proto_by_name("tcpp"), -1);
	assert_int_equal(proto_by_name(""), -1);
	assert_int_equal(state_by_name("Close-Wait"), STATE_CLOSE_WAIT);
	assert_int_equal(state_by_name(""), -1);
	assert_int_equal(state_by_name("close-w"), -1);
}

/* CONNS: established, fin-wait-*, close-wait, last-ack, closing; neither syn-recv nor time-wait. */
static void what_counts_as_a_connection(void **state)
{
	uint32_t conns = 0;

	for (int i = 0; i < STATE_N; i++)
		if (state_table[i].conn)
			conns |= STATE_BIT(i);
	assert_int_equal(conns, STATE_BIT(STATE_ESTABLISHED) | STATE_BIT(STATE_FIN_WAIT_1) |
					STATE_BIT(STATE_FIN_WAIT_2) | STATE_BIT(STATE_CLOSE_WAIT) |
					STATE_BIT(STATE_LAST_ACK) | STATE_BIT(STATE_CLOSING));
}

static void words_for_states(void **state)
{
	uint32_t mini = STATE_BIT(STATE_SYN_RECV) | STATE_BIT(STATE_TIME_WAIT);

	assert_int_equal(states_by_word("established"), STATE_BIT(STATE_ESTABLISHED));
	assert_int_equal(states_by_word("estab"), STATE_BIT(STATE_ESTABLISHED));
	assert_int_equal(states_by_word("LISTEN"), STATE_BIT(STATE_LISTENING));
	assert_int_equal(states_by_word("time"), STATE_BIT(STATE_TIME_WAIT));
	assert_int_equal(states_by_word("fin-w2"), STATE_BIT(STATE_FIN_WAIT_2));
	assert_int_equal(states_by_word("fin-wait"),
			 STATE_BIT(STATE_FIN_WAIT_1) | STATE_BIT(STATE_FIN_WAIT_2));
	assert_int_equal(states_by_word("closed"), STATE_BIT(STATE_CLOSED));
	assert_int_equal(states_by_word("syn-rcv"), STATE_BIT(STATE_SYN_RECV));
	assert_int_equal(states_by_word("bucket"), mini);
	assert_int_equal(states_by_word("big") & mini, 0);
	assert_true(states_by_word("big") & STATE_BIT(STATE_LISTENING));
	assert_int_equal(states_by_word("connected") & STATES_PORT, 0);
	assert_true(states_by_word("connected") & STATE_BIT(STATE_SYN_SENT));
	assert_false(states_by_word("synchronized") & STATE_BIT(STATE_SYN_SENT));
	assert_int_equal(states_by_word("all"), STATES_ALL);
	assert_true(states_by_word("unconnected") & STATE_BIT(STATE_UNCONN));
	assert_int_equal(states_by_word("syn"), STATE_BIT(STATE_SYN_SENT) | STATE_BIT(STATE_SYN_RECV));
	assert_int_equal(states_by_word("clos"),
			 STATE_BIT(STATE_CLOSED) | STATE_BIT(STATE_CLOSE_WAIT) | STATE_BIT(STATE_CLOSING));
	assert_int_equal(states_by_word(""), 0);
	assert_int_equal(states_by_word("nonsense"), 0);
}

static void services(void **state)
{
	static const char text[] = "# comment\nssh\t\t22/tcp\nhttps 443/tcp  # TLS\nhttps 443/udp\n"
				   "www 80/tcp http world\nbad 99999/tcp\nworse x/tcp\nnone 0/tcp\nhalf 12\n"
				   "other 5/ddp\nlast 7/tcp";
	struct services *s = services_parse(text, sizeof(text) - 1);
	uint32_t port = 1;

	assert_string_equal(services_name(s, PROTO_TCP, 22), "ssh");
	assert_string_equal(services_name(s, PROTO_UDP, 22), "");
	assert_string_equal(services_name(s, PROTO_UDPLITE, 443), "https");
	assert_string_equal(services_name(s, PROTO_MPTCP, 80), "www");
	assert_string_equal(services_name(s, PROTO_UNIX, 22), "");
	assert_string_equal(services_name(s, PROTO_TCP, 7), "last");
	assert_string_equal(services_name(NULL, PROTO_TCP, 22), "");
	assert_int_equal(services_port(s, "HTTP", &port), 0);
	assert_int_equal(port, 80);
	assert_int_equal(services_port(s, "bad", &port), -ENOENT);
	assert_int_equal(services_port(s, "half", &port), -ENOENT);
	assert_int_equal(services_port(s, "other", &port), -ENOENT);
	assert_int_equal(port, 80);
	services_free(s);
	services_free(NULL);

	s = services_load("/nonexistent/services");
	assert_string_equal(services_name(s, PROTO_TCP, 22), "");
	services_free(s);
	s = services_parse("a", 1);
	assert_int_equal(services_port(s, "a", &port), -ENOENT);
	services_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scopes),
		cmocka_unit_test(classes),
		cmocka_unit_test(tables_are_complete),
		cmocka_unit_test(what_counts_as_a_connection),
		cmocka_unit_test(words_for_states),
		cmocka_unit_test(services),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
