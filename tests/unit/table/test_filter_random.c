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

/* Rows: terms on their own numbers, and `or` across both kinds. What is written down is a tree, because what stands
 * beside what decides which terms are about one and the same socket. */

struct row_known {
	const char *text;
	bool (*is)(enum row_kind kind, const struct frame *f, uint32_t row, const bool *picked);
};
/* The sockets that a row is made of, without asking what the frame has counted. */
static bool of_row(enum row_kind kind, const struct frame *f, uint32_t row, uint32_t socket)
{
	const struct row *r = frame_row(f, socket);
	uint32_t i;

	if (kind == ROWS_PORT)
		return sock(f, socket)->lport == f->ports.v[row].port &&
		       sock(f, socket)->proto == f->ports.v[row].proto;
	for (i = 0; i < r->owner_n; i++)
		if (frame_owner(f, r, i)->proc == row)
			return true;
	return kind == ROWS_PROC && !f->procs.v[row].p.pid && r->reason == REASON_KERNEL;
}
static unsigned in_states(enum row_kind kind, const struct frame *f, uint32_t row, const bool *picked,
			  uint32_t set)
{
	unsigned n = 0;
	uint32_t i;

	for (i = 0; i < f->rows_n; i++)
		n += picked[i] && of_row(kind, f, row, i) && (set & STATE_BIT(sock(f, i)->state));
	return n;
}
/* A UDP port counts no connections. */
static bool has_conns(enum row_kind kind, const struct frame *f, uint32_t row)
{
	return kind == ROWS_PROC || f->ports.v[row].proto == PROTO_TCP;
}
#define CONNS (STATE_BIT(STATE_ESTABLISHED) | STATE_BIT(STATE_CLOSE_WAIT))
static bool conns_1(enum row_kind kind, const struct frame *f, uint32_t row, const bool *picked)
{
	return has_conns(kind, f, row) && in_states(kind, f, row, picked, CONNS) > 1;
}
static bool conns_none(enum row_kind kind, const struct frame *f, uint32_t row, const bool *picked)
{
	return has_conns(kind, f, row) && in_states(kind, f, row, picked, CONNS) == 0;
}
static bool close_waits(enum row_kind kind, const struct frame *f, uint32_t row, const bool *picked)
{
	return kind == ROWS_PROC && in_states(kind, f, row, picked, STATE_BIT(STATE_CLOSE_WAIT)) >= 2;
}
static bool many_fds(enum row_kind kind, const struct frame *f, uint32_t row, const bool *picked)
{
	return kind == ROWS_PROC && f->procs.v[row].p.fds >= 102;
}
static bool not_many_fds(enum row_kind kind, const struct frame *f, uint32_t row, const bool *picked)
{
	return kind != ROWS_PROC || f->procs.v[row].p.fds != 102; /* no value is not that value */
}
/* Processes start at a hundredth of their pid in seconds; how long a port is there one look does not tell. */
static bool old(enum row_kind kind, const struct frame *f, uint32_t row, const bool *picked)
{
	uint32_t pid = kind == ROWS_PROC ? f->procs.v[row].p.pid : 0;

	return pid && (double)f->boot_ns / 1e9 - pid > 99899.5;
}
static bool waits(enum row_kind kind, const struct frame *f, uint32_t row, const bool *picked)
{
	uint32_t i;

	if (kind == ROWS_PROC)
		return false; /* see below: a process has no such number, its sockets have */
	for (i = 0; i < f->rows_n; i++)
		if (of_row(kind, f, row, i) && sock(f, i)->state == STATE_LISTENING && sock(f, i)->recvq >= 2)
			return true;
	return false;
}
static const struct row_known row_known[] = {
	{"conns>1", conns_1},   {"conns=0", conns_none},    {"close_wait ge 2", close_waits},
	{"fds>=102", many_fds}, {"fds!=102", not_many_fds}, {"age_s>99899.5s", old},
	{"backlog>1", waits}, /* of Ports alone */
};
#define BACKLOG (ARRAY_LEN(row_known) - 1)

enum { NODE_SOCK_TERM, NODE_ROW_TERM, AND_NODE, OR_NODE, NOT_NODE };
struct tree {
	int kind;
	uint32_t term;
	unsigned n;
	struct tree *kid[3]; /* owned */
};

static struct tree *plant(struct str *text, unsigned depth, enum row_kind kind)
{
	static const char *const between[] = {[AND_NODE] = " ", [OR_NODE] = " or "};
	struct tree *t = calloc(1, sizeof(*t));
	uint32_t what = depth ? rnd(6) : rnd(2), i;

	assert_non_null(t);
	if (what == 0) {
		t->kind = NODE_SOCK_TERM;
		t->term = rnd(ARRAY_LEN(known));
		str_puts(text, known[t->term].text);
	} else if (what == 1) {
		t->kind = NODE_ROW_TERM;
		t->term = rnd(kind == ROWS_PORT ? ARRAY_LEN(row_known) : BACKLOG);
		str_puts(text, row_known[t->term].text);
	} else {
		t->kind = what == 2 ? NOT_NODE : what == 3 ? OR_NODE : AND_NODE;
		t->n = t->kind == NOT_NODE ? 1 : 2 + rnd(2);
		str_puts(text, t->kind == NOT_NODE ? "not (" : "(");
		for (i = 0; i < t->n; i++) {
			if (i)
				str_puts(text, between[t->kind]);
			t->kid[i] = plant(text, depth - 1, kind);
		}
		str_puts(text, ")");
	}
	return t;
}
static void fell(struct tree *t)
{
	unsigned i;

	for (i = 0; i < t->n; i++)
		fell(t->kid[i]);
	free(t);
}
/* Not not is nothing. */
static const struct tree *bare(const struct tree *t)
{
	while (t->kind == NOT_NODE && t->kid[0]->kind == NOT_NODE)
		t = t->kid[0]->kid[0];
	return t;
}
static bool about_rows(const struct tree *t)
{
	bool any = t->kind == NODE_ROW_TERM;
	unsigned i;

	for (i = 0; i < t->n; i++)
		any |= about_rows(t->kid[i]);
	return any;
}
static bool holds(const struct tree *t, const struct frame *f, uint32_t socket)
{
	unsigned i;

	if (t->kind == NODE_SOCK_TERM)
		return known[t->term].is(f, socket);
	if (t->kind == NOT_NODE)
		return !holds(t->kid[0], f, socket);
	for (i = 0; i < t->n; i++)
		if (holds(t->kid[i], f, socket) != (t->kind == AND_NODE))
			return t->kind != AND_NODE;
	return t->kind == AND_NODE;
}
/* The parts that stand side by side, through parentheses that change nothing. */
struct parts {
	VEC(const struct tree *) v;
};
static void side_by_side(const struct tree *t, int kind, struct parts *out)
{
	unsigned i;

	t = bare(t);
	if (t->kind != kind) {
		vec_push(&out->v, t);
		return;
	}
	for (i = 0; i < t->n; i++)
		side_by_side(t->kid[i], kind, out);
}
struct about_row {
	enum row_kind kind;
	const struct frame *f;
	uint32_t row;
	const bool *picked;
};
static bool row_holds(const struct tree *t, const struct about_row *a)
{
	struct parts parts = {0};
	bool every, all = true, any = false, socks = false;
	size_t i;
	uint32_t s;

	t = bare(t);
	if (t->kind == NODE_ROW_TERM)
		return row_known[t->term].is(a->kind, a->f, a->row, a->picked);
	if (t->kind == NOT_NODE && about_rows(t))
		return !row_holds(t->kid[0], a);
	every = t->kind != OR_NODE;
	side_by_side(t, every ? AND_NODE : OR_NODE, &parts);
	for (i = 0; i < parts.v.n; i++) {
		bool is;

		if (!about_rows(parts.v.v[i])) {
			socks = true;
			continue;
		}
		is = row_holds(parts.v.v[i], a);
		all &= is;
		any |= is;
	}
	if (socks) {
		bool found = false;

		for (s = 0; s < a->f->rows_n && !found; s++) {
			bool one_all = true, one_any = false;

			if (!a->picked[s] || !of_row(a->kind, a->f, a->row, s))
				continue;
			for (i = 0; i < parts.v.n; i++) {
				if (about_rows(parts.v.v[i]))
					continue;
				one_all &= holds(parts.v.v[i], a->f, s);
				one_any |= holds(parts.v.v[i], a->f, s);
			}
			found = every ? one_all : one_any;
		}
		all &= found;
		any |= found;
	}
	vec_done(&parts.v);
	return every ? all : any;
}

static void check_rows(const struct tree *t, const struct frame *f, enum row_kind kind, const char *text,
		       const struct filter *filter, uint32_t *ret_some)
{
	struct table all, table;
	struct parts parts = {0};
	bool picked[64], shown[64];
	uint32_t i, s;
	size_t k;

	assert_true(f->rows_n <= ARRAY_LEN(picked));
	t = bare(t);
	if (t->kind == AND_NODE || !about_rows(t))
		side_by_side(t, AND_NODE, &parts);
	for (s = 0; s < f->rows_n; s++) {
		picked[s] = true;
		for (k = 0; k < parts.v.n; k++)
			picked[s] &= about_rows(parts.v.v[k]) || holds(parts.v.v[k], f, s);
	}
	vec_done(&parts.v);
	table_init(&all, kind == ROWS_PORT ? VIEW_PORTS : VIEW_PROCESSES);
	table_update(&all, f, 20, false);
	table_init(&table, all.view);
	table.filter = filter;
	table_update(&table, f, 20, false);
	memset(shown, 0, sizeof(shown));
	for (k = 0; k < table.members.n + table.order.n; k++) {
		i = k < table.members.n ? table.members.v[k] : table.order.v[k - table.members.n];
		assert_true(i < ARRAY_LEN(shown));
		shown[i] = true;
	}
	for (k = 0; k < all.members.n + all.order.n; k++) {
		struct about_row a = {kind, f, 0, picked};
		bool any = false;

		a.row = i = k < all.members.n ? all.members.v[k] : all.order.v[k - all.members.n];
		for (s = 0; s < f->rows_n; s++)
			any |= picked[s] && of_row(kind, f, i, s);
		if (shown[i] != (any && row_holds(t, &a)))
			fail_msg("%s: %s %u: %u", text, all.rows_kind == ROWS_PORT ? "port" : "process",
				 kind == ROWS_PORT ? f->ports.v[i].port : f->procs.v[i].p.pid, shown[i]);
		*ret_some += shown[i];
	}
	table_done(&all);
	table_done(&table);
}

static void test_rows(void **state)
{
	struct str printed = {0};
	uint32_t some = 0, s;
	unsigned round, i;

	(void)state;
	for (round = 0; round < 40; round++) {
		struct fixture x;
		const struct frame *fr;

		seed = round + 1000;
		fixture_init(&x);
		random_host(&x);
		for (i = 0; i < x.snap.procs.n; i++)
			x.snap.procs.v[i].fds = 100 + rnd(5);
		for (s = 0; s < x.snap.socks.n; s++)
			if (x.snap.socks.v[s].state == STATE_LISTENING)
				x.snap.socks.v[s].recvq = rnd(4);
		fr = fixture_apply(&x, 1);
		for (i = 0; i < 120; i++) {
			enum row_kind kind = i % 2 ? ROWS_PORT : ROWS_PROC;
			struct str text = {0};
			struct tree *t = plant(&text, 3, kind);
			struct filter *f = parsed(str_text(&text), x.services), *g;

			check_rows(t, fr, kind, str_text(&text), f, &some);
			filter_print(f, &printed);
			g = parsed(str_text(&printed), x.services);
			check_rows(t, fr, kind, str_text(&printed), g, &some);
			str_clear(&printed);
			filter_free(f);
			filter_free(g);
			fell(t);
			str_done(&text);
		}
		fixture_done(&x);
	}
	assert_true(some > 5000);
	str_done(&printed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_random), cmocka_unit_test(test_rows)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
