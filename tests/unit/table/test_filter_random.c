/* Filters made at random, against an evaluation so plain that it cannot be wrong in the same way: over random
 * frames they must pick the same sockets, and their canonical text must mean and print the same. */
#include "table_test.h"
#include <stdio.h>

static uint64_t seed;
static uint32_t rnd(uint32_t below)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(seed >> 33) % below;
}

/* Terms that the test knows the meaning of. */
struct known {
	const char *text;
	bool (*is)(const struct frame *f, uint32_t row);
};
static const struct sock *sock(const struct frame *f, uint32_t row)
{
	return frame_sock(f, row);
}
static bool owned_by(const struct frame *f, uint32_t row, const char *comm)
{
	const struct row *r = frame_row(f, row);
	uint32_t i;

	for (i = 0; i < r->owner_n; i++)
		if (!strcmp(intern_get(f->names, f->procs.v[frame_owner(f, r, i)->proc].p.comm), comm))
			return true;
	return false;
}
static bool remote_in_10(const struct frame *f, uint32_t row)
{
	const struct sock *s = sock(f, row);

	if (!s->rport)
		return false;
	if (s->family == FAMILY_IPV4)
		return s->raddr[0] == 10;
	return !memcmp(s->raddr, "\0\0\0\0\0\0\0\0\0\0\377\377", 12) && s->raddr[12] == 10;
}
static bool port_80(const struct frame *f, uint32_t row)
{
	return sock(f, row)->lport == 80 || sock(f, row)->rport == 80;
}
static bool lport_range(const struct frame *f, uint32_t row)
{
	return sock(f, row)->lport >= 100 && sock(f, row)->lport <= 40000;
}
static bool rport_big(const struct frame *f, uint32_t row)
{
	return sock(f, row)->rport >= 1024;
}
static bool rport_not_443(const struct frame *f, uint32_t row)
{
	return sock(f, row)->rport != 443;
}
static bool listening(const struct frame *f, uint32_t row)
{
	return sock(f, row)->state == STATE_LISTENING;
}
static bool closing(const struct frame *f, uint32_t row)
{
	return sock(f, row)->state == STATE_CLOSE_WAIT || sock(f, row)->state == STATE_TIME_WAIT;
}
static bool udp(const struct frame *f, uint32_t row)
{
	return sock(f, row)->proto == PROTO_UDP;
}
static bool web(const struct frame *f, uint32_t row)
{
	return owned_by(f, row, "web");
}
static bool web_or_db(const struct frame *f, uint32_t row)
{
	return owned_by(f, row, "web") || owned_by(f, row, "db");
}
static bool sendq(const struct frame *f, uint32_t row)
{
	return sock(f, row)->state != STATE_LISTENING && sock(f, row)->sendq > 1000;
}
static bool no_pid(const struct frame *f, uint32_t row)
{
	return frame_first_owner(f, row, false) == NONE;
}
static bool ipv6(const struct frame *f, uint32_t row)
{
	return sock(f, row)->family == FAMILY_IPV6;
}
static const struct known known[] = {
	{"@10.0.0.0/8", remote_in_10},
	{":80", port_80},
	{"lport=100-40000", lport_range},
	{"rport ge 1024", rport_big},
	{"rport!=443", rport_not_443},
	{"state=listening", listening},
	{"state=close-wait,time-wait", closing},
	{"udp", udp},
	{"process=web", web},
	{"process~\"^(web|db)$\"", web_or_db},
	{"process=web,db", web_or_db},
	{"sendq>1k", sendq},
	{"pid=none", no_pid},
	{"family=ipv6", ipv6},
};

/* An expression is written down as text and, beside it, as a postfix list of what it means. */
enum { AND = 1000, OR, NOT };
struct expr {
	struct str text;
	VEC(int) post;
};

static void grow(struct expr *e, unsigned depth)
{
	uint32_t kind = depth ? rnd(6) : 0, n, i;

	if (kind <= 1) {
		i = rnd(ARRAY_LEN(known));
		str_puts(&e->text, known[i].text);
		vec_push(&e->post, (int)i);
	} else if (kind == 2) {
		str_puts(&e->text, rnd(2) ? "not (" : "!(");
		grow(e, depth - 1);
		str_puts(&e->text, ")");
		vec_push(&e->post, NOT);
	} else {
		n = 2 + rnd(2);
		str_puts(&e->text, "(");
		for (i = 0; i < n; i++) {
			if (i)
				str_puts(&e->text, kind == 3 ? " or " : rnd(2) ? " and " : " ");
			grow(e, depth - 1);
			if (i)
				vec_push(&e->post, kind == 3 ? OR : AND);
		}
		str_puts(&e->text, ")");
	}
}

static bool naive(const struct expr *e, const struct frame *f, uint32_t row)
{
	bool stack[256];
	size_t n = 0, i;

	for (i = 0; i < e->post.n; i++) {
		switch (e->post.v[i]) {
		case NOT:
			stack[n - 1] = !stack[n - 1];
			break;
		case AND:
			n--;
			stack[n - 1] = stack[n - 1] && stack[n];
			break;
		case OR:
			n--;
			stack[n - 1] = stack[n - 1] || stack[n];
			break;
		default:
			stack[n++] = known[e->post.v[i]].is(f, row);
			break;
		}
	}
	assert_int_equal(n, 1);
	return stack[0];
}

static void random_host(struct fixture *x)
{
	static const char *const comms[] = {"web", "db", "cron", "web2"};
	static const uint16_t ports[] = {22, 80, 443, 8080, 39999, 50000};
	static const uint8_t conn[] = {STATE_ESTABLISHED, STATE_CLOSE_WAIT, STATE_TIME_WAIT, STATE_SYN_SENT};
	char local[64], remote[64];
	uint32_t i, s, n = 1 + rnd(60);
	bool v6;

	for (i = 0; i < 4; i++)
		fixture_proc(x, 100 + i, 1, i, comms[i], "/system.slice/a.service");
	for (i = 0; i < n; i++) {
		uint8_t state = conn[rnd(4)];

		v6 = rnd(3) == 0;
		snprintf(local, sizeof(local), v6 ? "[2001:db8::%u]:%u" : "192.168.0.%u:%u", 1 + rnd(9),
			 ports[rnd(6)]);
		if (v6 && rnd(2))
			snprintf(remote, sizeof(remote), "[::ffff:10.1.0.%u]:%u", 1 + rnd(9), ports[rnd(6)]);
		else
			snprintf(remote, sizeof(remote), v6 ? "[2001:db8:9::%u]:%u" : "%u.0.0.1:%u",
				 9 + rnd(3), ports[rnd(6)]);
		if (rnd(4) == 0)
			s = fixture_sock(x, rnd(2) ? PROTO_UDP : PROTO_TCP, STATE_LISTENING, local, NULL);
		else
			s = fixture_sock(x, PROTO_TCP, state, local, remote);
		if (x->snap.socks.v[s].proto == PROTO_UDP)
			x->snap.socks.v[s].state = STATE_UNCONN;
		if (!x->snap.socks.v[s].inode)
			continue;
		if (x->snap.socks.v[s].state != STATE_LISTENING)
			x->snap.socks.v[s].sendq = rnd(3) * 700;
		if (rnd(4))
			fixture_fd(x, s, 100 + rnd(4), (int32_t)i);
		if (rnd(4) == 0)
			fixture_fd(x, s, 100 + rnd(4), (int32_t)i + 1000);
	}
}

static void check(const struct expr *e, const struct filter *f, const struct frame *fr, const char *text)
{
	uint8_t picked[64];
	uint32_t row;

	assert_true(fr->rows_n <= sizeof(picked));
	filter_socks(f, fr, 0, fr->rows_n, picked);
	for (row = 0; row < fr->rows_n; row++)
		if (picked[row] != naive(e, fr, row))
			fail_msg("%s: row %u: %u", text, row, picked[row]);
}

static void test_random(void **state)
{
	struct str printed = {0}, again = {0};
	struct filter *f, *g;
	unsigned round, i;
	uint32_t some = 0;

	(void)state;
	for (round = 0; round < 40; round++) {
		struct fixture x;
		const struct frame *fr;

		seed = round + 1;
		fixture_init(&x);
		random_host(&x);
		fr = fixture_apply(&x, 1);
		for (i = 0; i < 60; i++) {
			struct expr e = {0};
			struct want w = {0};

			grow(&e, 3);
			f = parsed(str_text(&e.text), x.services);
			check(&e, f, fr, str_text(&e.text));
			filter_print(f, &printed);
			g = parsed(str_text(&printed), x.services);
			check(&e, g, fr, str_text(&printed));
			filter_print(g, &again);
			assert_string_equal(str_text(&printed), str_text(&again));
			/* No socket that is picked may be in a state that the filter says it cannot be in. */
			for (uint32_t row = 0; row < fr->rows_n; row++) {
				if (!naive(&e, fr, row))
					continue;
				some++;
				assert_true(filter_states(f) & STATE_BIT(frame_sock(fr, row)->state));
			}
			filter_want(f, &w);
			str_clear(&printed);
			str_clear(&again);
			filter_free(f);
			filter_free(g);
			str_done(&e.text);
			vec_done(&e.post);
		}
		fixture_done(&x);
	}
	assert_true(some > 10000);
	str_done(&printed);
	str_done(&again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_random)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
