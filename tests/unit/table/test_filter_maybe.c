/* Filters over a frame that does not know everything: nothing that could match may be ruled out. */
#include "fixture.h"
#include "sockeye/table/filter.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const filters[] = {
	"",
	":8080",
	"node",
	"process=node",
	"process!=node",
	"not process=node",
	":8080 process=node",
	":8080 or process=node",
	"not (:8080 or process=node)",
	"not (:8080 process=node)",
	"state=listening",
	"state=established process=postgres",
	"not state=listening",
	"tcp :443 state=time-wait",
	"udp or user=root",
	"pid>1 lport<1024",
	"conns>3",
	":443 conns>3",
	"unit=nginx !state=close-wait",
	"raddr=none",
};

static void test_never_less(void **state)
{
	struct fixture x;
	const struct frame *f;

	fixture_init(&x);
	fixture_web1(&x, true);
	f = fixture_apply(&x, 1);
	uint8_t *sure = calloc(f->rows_n, 1), *maybe = calloc(f->rows_n, 1);
	for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
		struct filter_error error;
		struct filter *filter;
		bool terms;

		assert_int_equal(filter_parse(filters[i], x.services, &filter, &error), 0);
		terms = filter_has_row_terms(filter);
		filter_socks(filter, f, 0, f->rows_n, sure);
		for (unsigned unknown = 0; unknown < 4; unknown++) {
			filter_socks_maybe(filter, f, unknown & 1, unknown & 2, maybe);
			for (uint32_t k = 0; k < f->rows_n; k++) {
				if (sure[k] && !maybe[k])
					fail_msg("%s with %u rules out row %u", filters[i], unknown, k);
				if (!unknown && !terms && sure[k] != maybe[k])
					fail_msg("%s is not the same for row %u", filters[i], k);
			}
		}
		filter_free(filter);
	}
	free(sure);
	free(maybe);
	fixture_done(&x);
}

static const struct {
	const char *filter;
	bool owners, states; /* unknown */
	bool node, sshd,
		client; /* what is left: node's listener on 8080, sshd's on 22, node's connection to 5432 */
} cases[] = {
	{":8080", true, true, true, false, false},
	{"process=node", false, false, true, false, true},
	{"process=node", true, false, true, true, true},
	{":8080 process=sshd", true, false, true, false, false},
	{":8080 process=sshd", false, false, false, false, false},
	{"not :8080 process=node", true, false, false, true, true},
	{"not (:8080 or process=node)", true, false, false, true, true},
	{"state=established", false, false, false, false, true},
	{"state=established", false, true, true, true, true},
	{"state=established :8080", false, true, true, false, false},
	{"state=established :8080 or lport=22", false, false, false, true, false},
};

static void test_cases(void **state)
{
	struct fixture x;
	const struct frame *f;
	uint8_t picked[3];
	uint32_t s[3];

	fixture_init(&x);
	fixture_proc(&x, 300, 1, 1000, "node", "");
	fixture_proc(&x, 400, 1, 0, "sshd", "");
	s[0] = fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:8080", NULL);
	s[1] = fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:22", NULL);
	s[2] = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:40000", "10.0.0.7:5432");
	fixture_fd(&x, s[0], 300, 3);
	fixture_fd(&x, s[1], 400, 3);
	fixture_fd(&x, s[2], 300, 4);
	f = fixture_apply(&x, 1);
	assert_int_equal(f->rows_n, 3);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct filter_error error;
		struct filter *filter;
		bool got[3] = {false};

		assert_int_equal(filter_parse(cases[i].filter, x.services, &filter, &error), 0);
		filter_socks_maybe(filter, f, cases[i].owners, cases[i].states, picked);
		for (uint32_t k = 0; k < 3; k++)
			got[frame_sock(f, k)->lport == 8080 ? 0
			    : frame_sock(f, k)->lport == 22 ? 1
							    : 2] = picked[k];
		if (got[0] != cases[i].node || got[1] != cases[i].sshd || got[2] != cases[i].client)
			fail_msg("%s: %d %d %d", cases[i].filter, got[0], got[1], got[2]);
		filter_free(filter);
	}
	fixture_done(&x);
}

static const struct {
	const char *filter;
	uint32_t protos;
} protos[] = {
	{"", (1u << PROTO_N) - 1},
	{":8080", (1u << PROTO_N) - 1},
	{"tcp :8080", 1u << PROTO_TCP},
	{"proto=tcp,udp", 1u << PROTO_TCP | 1u << PROTO_UDP},
	{"tcp or udp", 1u << PROTO_TCP | 1u << PROTO_UDP},
	{"tcp or :8080", (1u << PROTO_N) - 1},
	{"tcp udp", 0},
	{"not udp", ((1u << PROTO_N) - 1) & ~(1u << PROTO_UDP)},
	{"not (udp :53)", (1u << PROTO_N) - 1},
};

static void test_protos(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(protos); i++) {
		struct filter_error error;
		struct filter *filter;

		assert_int_equal(filter_parse(protos[i].filter, NULL, &filter, &error), 0);
		if (filter_protos_of(filter, PROTOS_ALL) != protos[i].protos)
			fail_msg("%s: 0x%x", protos[i].filter, filter_protos_of(filter, PROTOS_ALL));
		filter_free(filter);
	}
}

static void test_clash(void **state)
{
	static const struct {
		const char *filter, *why, *either;
	} clashes[] = {
		{":8080 :9090", "no socket has both ports 8080 and 9090", ":8080,9090"},
		{"tcp :8080 process=a 9000-9100,:22", "no socket has both ports 8080 and 9000-9100,22",
		 ":8080,9000-9100,22"},
		{"tcp udp", "no socket has both proto=tcp and proto=udp", "proto=tcp,udp"},
		{"state=estab state=listening", "no socket has both state=estab and state=listening",
		 "state=estab,listening"},
		{"@10.0.0.0/8 @10.0.0.7 @192.0.2.1",
		 "no socket has both raddr=10.0.0.0/8 and raddr=192.0.2.1", "raddr=10.0.0.0/8,192.0.2.1"},
		{"netns_name=\"a b\" netns_name=c", "no socket has both netns_name=\"a b\" and netns_name=c",
		 "netns_name=\"a b\",c"},
		{"@10.0.0.0/8 @10.0.0.7", NULL, NULL},
		{"port=80-90 port=85", NULL, NULL},
		{"state=connected state=established", NULL, NULL},
		{":8080 or :9090", NULL, NULL},
		{":8080 not :9090", NULL, NULL},
		{":8080 port>9090", NULL, NULL},
		{"process=a process=b", NULL, NULL}, /* it may have both */
		{"sport = :80 dport = :90", NULL, NULL},
		{"conns=1 conns=2", NULL, NULL},
		{"", NULL, NULL},
	};
	struct str why = {0}, either = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(clashes); i++) {
		struct filter_error error;
		struct filter *f = NULL;

		assert_int_equal(filter_parse(clashes[i].filter, NULL, &f, &error), 0);
		assert_int_equal(filter_clash(f, &why, &either), clashes[i].why != NULL);
		assert_string_equal(str_text(&why), clashes[i].why ? clashes[i].why : "");
		assert_string_equal(str_text(&either), clashes[i].either ? clashes[i].either : "");
		str_clear(&why);
		str_clear(&either);
		filter_free(f);
	}
	str_done(&why);
	str_done(&either);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_never_less),
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_protos),
		cmocka_unit_test(test_clash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
