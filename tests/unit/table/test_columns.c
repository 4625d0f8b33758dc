/* Every column on every row: values as they should be on a host that is known, and on a hostile one nothing
 * unsafe in a cell, nothing invalid in JSON, nothing wider than asked for. */
#include "table_test.h"
#include <locale.h>
#include <math.h>

/* Just enough JSON to tell valid from invalid. */
static const char *skip_json(const char *s);
static const char *skip_string(const char *s)
{
	uint32_t cp;
	size_t n;

	for (s++; *s != '"'; s += n) {
		if ((uint8_t)*s < 0x20)
			return NULL;
		if (*s == '\\') {
			n = s[1] == 'u' ? 6 : 2;
			if (!strchr("\"\\/bfnrtu", s[1]) ||
			    (s[1] == 'u' && strspn(s + 2, "0123456789abcdefABCDEF") < 4))
				return NULL;
			continue;
		}
		n = utf8_decode(s, strlen(s), &cp);
		if (!n)
			return NULL;
	}
	return s + 1;
}
static const char *skip_members(const char *s, char end, bool keys)
{
	if (*++s == end)
		return s + 1;
	for (;;) {
		if (keys) {
			if (*s != '"' || !(s = skip_string(s)) || *s++ != ':')
				return NULL;
		}
		s = skip_json(s);
		if (!s)
			return NULL;
		if (*s == end)
			return s + 1;
		if (*s++ != ',')
			return NULL;
	}
}
static const char *skip_json(const char *s)
{
	static const char *const words[] = {"null", "true", "false"};
	char *end;
	size_t i;

	if (*s == '"')
		return skip_string(s);
	if (*s == '[')
		return skip_members(s, ']', false);
	if (*s == '{')
		return skip_members(s, '}', true);
	for (i = 0; i < 3; i++)
		if (!strncmp(s, words[i], strlen(words[i])))
			return s + strlen(words[i]);
	if (*s != '-' && (*s < '0' || *s > '9'))
		return NULL;
	if (*s == '0' && s[1] >= '0' && s[1] <= '9')
		return NULL;
	strtod(s, &end);
	return end;
}
static bool is_json(const struct str *s)
{
	const char *end = s->n == strlen(str_text(s)) ? skip_json(str_text(s)) : NULL;

	return end && !*end;
}

static bool is_safe(const struct str *s, bool ascii)
{
	uint32_t cp;
	size_t at, n;

	for (at = 0; at < s->n; at += n) {
		n = utf8_decode(s->s + at, s->n - at, &cp);
		if (!n || cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || cp == 0x202e || cp == 0x200b ||
		    (ascii && cp > 126))
			return false;
	}
	return true;
}

static size_t rows_of(enum row_kind kind, const struct frame *f)
{
	return kind == ROWS_SOCK ? f->rows_n : kind == ROWS_PORT ? f->ports.n : f->procs.n;
}

static void check_cell(const struct column *col, struct ctx *c, uint32_t row)
{
	static const unsigned widths[] = {1, 2, 3, 5, 8, 13, 21, 40};
	struct str s = {0};
	uint8_t style = STYLE_N;
	size_t i;

	for (i = 0; i < 4; i++) {
		c->ascii = i & 1;
		c->raw_numbers = i & 2;
		str_clear(&s);
		column_cell(col, c, row, &s, &style);
		assert_true(style < STYLE_N);
		if (!is_safe(&s, c->ascii))
			fail_msg("%s: unsafe cell: %s", col->key, str_text(&s));
		if (c->raw_numbers && !s.n)
			fail_msg("%s: an empty field in a pipe", col->key);
	}
	for (i = 0; i < ARRAY_LEN(widths); i++) {
		c->ascii = i & 1;
		c->raw_numbers = false;
		str_clear(&s);
		column_fit(col, c, row, widths[i], &s, &style);
		if (!is_safe(&s, c->ascii) || text_width(str_text(&s)) > (int)widths[i])
			fail_msg("%s in %u: %s", col->key, widths[i], str_text(&s));
	}
	c->ascii = false;
	str_done(&s);
}

static void check_all(const struct frame *f)
{
	struct ctx c = {.f = f, .tally = &f->tally};
	struct str s = {0};
	struct value v;
	enum row_kind kind;
	const struct column *cols;
	size_t n, i, rows;
	uint32_t row;

	for (kind = 0; kind < ROWS_N; kind++) {
		cols = columns_of(kind, &n);
		rows = rows_of(kind, f);
		assert_true(rows > 0);
		for (row = 0; row < rows; row += kind == ROWS_SOCK ? 7 : 1) {
			for (i = 0; i < n; i++) {
				memset(&v, 0xff, sizeof(v));
				column_value(&cols[i], &c, row, &v);
				assert_in_range(v.null, NULL_NOT, NULL_UNKNOWN);
				check_cell(&cols[i], &c, row);
				assert_int_equal(column_compare(&cols[i], &c, row, row, false), 0);
				str_clear(&s);
				column_raw(&cols[i], &c, row, &s);
				if (v.null && cols[i].get)
					assert_int_equal(s.n, 0);
				assert_int_equal(s.n, strlen(str_text(&s)));
				if (cols[i].flags & COL_DISPLAY)
					continue;
				str_clear(&s);
				column_json(&cols[i], &c, row, &s);
				if (!is_json(&s))
					fail_msg("%s: %s", cols[i].key, str_text(&s));
				if (v.null && cols[i].get)
					assert_string_equal(str_text(&s), "null");
			}
		}
	}
	str_done(&s);
}

static void test_hostile(void **state)
{
	struct fixture x;

	(void)state;
	fixture_init(&x);
	fixture_web1(&x, true);
	check_all(fixture_apply(&x, 1));
	fixture_remove_sock(&x, 0);
	fixture_remove_sock(&x, 5);
	fixture_remove_sock(&x, 500);
	fixture_apply(&x, 1);
	check_all(fixture_apply(&x, 1)); /* with closed rows */
	fixture_done(&x);
}

static void cell_is(const struct ctx *c, enum row_kind kind, uint32_t row, const char *key,
		    const char *expected)
{
	struct str s = {0};
	uint8_t style;

	column_cell(column_by_key(kind, key), c, row, &s, &style);
	if (strcmp(str_text(&s), expected) != 0)
		fail_msg("%s: \"%s\", not \"%s\"", key, str_text(&s), expected);
	str_done(&s);
}

static void style_is(const struct ctx *c, enum row_kind kind, uint32_t row, const char *key, int expected)
{
	struct str s = {0};
	uint8_t style;

	column_cell(column_by_key(kind, key), c, row, &s, &style);
	if (style != expected)
		fail_msg("%s: style %u, not %d", key, style, expected);
	str_done(&s);
}

static void json_is(const struct ctx *c, enum row_kind kind, uint32_t row, const char *key,
		    const char *expected)
{
	struct str s = {0};

	column_json(column_by_key(kind, key), c, row, &s);
	if (strcmp(str_text(&s), expected) != 0)
		fail_msg("%s: %s, not %s", key, str_text(&s), expected);
	str_done(&s);
}

static void fit_is(const struct ctx *c, uint32_t row, const char *key, unsigned width, const char *expected)
{
	struct str s = {0};
	uint8_t style;

	column_fit(column_by_key(ROWS_SOCK, key), c, row, width, &s, &style);
	if (strcmp(str_text(&s), expected) != 0)
		fail_msg("%s in %u: \"%s\", not \"%s\"", key, width, str_text(&s), expected);
	str_done(&s);
}

static void test_ports(void **state)
{
	struct fixture x;
	const struct frame *f;
	struct ctx c;
	uint32_t row;

	(void)state;
	fixture_init(&x);
	fixture_web1(&x, false);
	f = fixture_apply(&x, 1);
	c = (struct ctx){.f = f, .tally = &f->tally};

	row = row_of_port(f, PROTO_TCP, 443);
	cell_is(&c, ROWS_PORT, row, "port", "443");
	cell_is(&c, ROWS_PORT, row, "address", "*");
	style_is(&c, ROWS_PORT, row, "address", STYLE_WARN);
	cell_is(&c, ROWS_PORT, row, "process", "nginx ×5");
	cell_is(&c, ROWS_PORT, row, "pid", "1044");
	cell_is(&c, ROWS_PORT, row, "user", "root +1");
	cell_is(&c, ROWS_PORT, row, "unit", "nginx");
	cell_is(&c, ROWS_PORT, row, "queue", "512/511");
	style_is(&c, ROWS_PORT, row, "queue", STYLE_BAD);
	cell_is(&c, ROWS_PORT, row, "conns", "988");
	cell_is(&c, ROWS_PORT, row, "service", "https");
	json_is(&c, ROWS_PORT, row, "unit", "\"nginx.service\"");
	json_is(&c, ROWS_PORT, row, "process", "\"nginx\"");
	json_is(&c, ROWS_PORT, row, "owner_reason", "null");
	json_is(&c, ROWS_PORT, row, "owners_n", "5");
	json_is(&c, ROWS_PORT, row, "backlog", "512");
	json_is(&c, ROWS_PORT, row, "backlog_max", "511");
	c.ascii = true;
	cell_is(&c, ROWS_PORT, row, "process", "nginx x5");
	c.ascii = false;

	row = row_of_port(f, PROTO_TCP, 2049);
	cell_is(&c, ROWS_PORT, row, "process", "‹kernel›");
	style_is(&c, ROWS_PORT, row, "process", STYLE_REASON);
	cell_is(&c, ROWS_PORT, row, "pid", "");
	json_is(&c, ROWS_PORT, row, "process", "null");
	json_is(&c, ROWS_PORT, row, "owner", "\"‹kernel›\"");
	json_is(&c, ROWS_PORT, row, "owner_reason", "\"kernel\"");
	json_is(&c, ROWS_PORT, row, "owners", "[]");
	c.raw_numbers = true;
	cell_is(&c, ROWS_PORT, row, "pid", "-");
	c.raw_numbers = false;
	c.ascii = true;
	cell_is(&c, ROWS_PORT, row, "process", "<kernel>");
	c.ascii = false;

	row = row_of_port(f, PROTO_TCP, 8081);
	cell_is(&c, ROWS_PORT, row, "queue", "bound");
	style_is(&c, ROWS_PORT, row, "queue", STYLE_WARN);
	cell_is(&c, ROWS_PORT, row, "unit", "user:deploy");
	style_is(&c, ROWS_PORT, row, "address", STYLE_DIM);
	json_is(&c, ROWS_PORT, row, "backlog_max", "null");

	row = row_of_port(f, PROTO_UDP, 53);
	cell_is(&c, ROWS_PORT, row, "address", "127.0.0.53");
	cell_is(&c, ROWS_PORT, row, "conns", "");
	cell_is(&c, ROWS_PORT, row, "queue", "");
	cell_is(&c, ROWS_PORT, row, "rx_rate", "");
	json_is(&c, ROWS_PORT, row, "rx_rate", "null");
	json_is(&c, ROWS_PORT, row, "addresses", "[\"127.0.0.53\"]");

	row = row_of_port(f, PROTO_TCP, 22);
	cell_is(&c, ROWS_PORT, row, "queue", "0/128");
	style_is(&c, ROWS_PORT, row, "queue", STYLE_DIM);
	style_is(&c, ROWS_PORT, row, "drops", STYLE_DIM);
	json_is(&c, ROWS_PORT, row, "states", "{\"established\":2,\"listening\":2}");
	json_is(&c, ROWS_PORT, row, "age_s", "null");
	fixture_done(&x);
}

/* One of everything that a socket's columns can say. */
static void test_socks(void **state)
{
	struct str raw = {0};
	struct fixture x;
	const struct frame *f;
	struct snap_proc *p;
	struct sock *s;
	struct ctx c;
	uint32_t i, row;

	(void)state;
	fixture_init(&x);
	p = fixture_proc(&x, 50, 1, 1000, "srv", "/system.slice/srv.service");
	p->start = 9000000; /* ticks: 90,000 s after boot */
	fixture_user(&x, 1000, "deploy");
	fixture_proc(&x, 60, 1, 4242, "own)er", "");
	fixture_user(&x, 4242, "");
	i = fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:443", NULL);
	fixture_fd(&x, i, 50, 3);
	i = fixture_sock(&x, PROTO_TCP, STATE_CLOSE_WAIT, "[::ffff:10.0.0.5]:443", "[::ffff:192.0.2.9]:1001");
	fixture_fd(&x, i, 50, 4);
	fixture_fd(&x, i, 60, 5);
	s = &x.snap.socks.v[i];
	s->recvq = 0;
	s->sendq = 41000;
	s->timer = 1;
	s->timer_ms = 250;
	x.snap.infos.v[i].rtt_us = 300;
	x.snap.infos.v[i].ssthresh = 0x7fffffff;
	x.snap.infos.v[i].last_sent_ms = 5000;
	x.snap.infos.v[i].last_recv_ms = 800;
	x.snap.infos.v[i].mark = 0xa;
	s->flags |= SOCK_HAS_MARK;
	fixture_sock(&x, PROTO_TCP, STATE_TIME_WAIT, "10.0.0.5:443", "192.0.2.9:1002");
	i = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "[2001:db8:1111:2222::5]:40000",
			 "[2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff]:65535");
	fixture_fd(&x, i, 60, 9);
	f = fixture_apply(&x, 1);
	c = (struct ctx){.f = f, .tally = &f->tally};

	row = 0;
	cell_is(&c, ROWS_SOCK, row, "local", "*:443");
	cell_is(&c, ROWS_SOCK, row, "remote", "");
	cell_is(&c, ROWS_SOCK, row, "direction", "");
	json_is(&c, ROWS_SOCK, row, "local", "\"[::]:443\"");
	json_is(&c, ROWS_SOCK, row, "remote", "null");
	json_is(&c, ROWS_SOCK, row, "recvq", "null");
	json_is(&c, ROWS_SOCK, row, "backlog_max", "128");
	json_is(&c, ROWS_SOCK, row, "v6only", "false");
	json_is(&c, ROWS_SOCK, row, "rx_bytes", "null");
	json_is(&c, ROWS_SOCK, row, "rx_rate", "null");
	style_is(&c, ROWS_SOCK, row, "state", STYLE_INFO);

	row = row_of_remote(f, 1001);
	cell_is(&c, ROWS_SOCK, row, "local", "10.0.0.5:443");
	cell_is(&c, ROWS_SOCK, row, "remote", "192.0.2.9:1001");
	json_is(&c, ROWS_SOCK, row, "raddr", "\"::ffff:192.0.2.9\"");
	json_is(&c, ROWS_SOCK, row, "remote", "\"[::ffff:192.0.2.9]:1001\"");
	json_is(&c, ROWS_SOCK, row, "family", "\"ipv6\"");
	cell_is(&c, ROWS_SOCK, row, "direction", "←");
	json_is(&c, ROWS_SOCK, row, "direction", "\"in\"");
	cell_is(&c, ROWS_SOCK, row, "process", "own)er +1"); /* the older one first: pid 60 began long ago */
	json_is(&c, ROWS_SOCK, row, "pid", "60");
	json_is(&c, ROWS_SOCK, row, "owners_n", "2");
	cell_is(&c, ROWS_SOCK, row, "user", "4242");
	json_is(&c, ROWS_SOCK, row, "user", "\"4242\"");
	style_is(&c, ROWS_SOCK, row, "state", STYLE_BAD);
	fit_is(&c, row, "state", 10, "close-w");
	fit_is(&c, row, "state", 11, "close-wait");
	json_is(&c, ROWS_SOCK, row, "eof_read", "true");
	cell_is(&c, ROWS_SOCK, row, "sendq", "41k");
	json_is(&c, ROWS_SOCK, row, "sendq", "41000");
	cell_is(&c, ROWS_SOCK, row, "rtt_ms", "0.3");
	json_is(&c, ROWS_SOCK, row, "rtt_ms", "0.3");
	json_is(&c, ROWS_SOCK, row, "ssthresh", "null");
	json_is(&c, ROWS_SOCK, row, "timer", "\"on\"");
	json_is(&c, ROWS_SOCK, row, "timer_s", "0.25");
	cell_is(&c, ROWS_SOCK, row, "idle_s", ".8s");
	json_is(&c, ROWS_SOCK, row, "mark", "10");
	str_clear(&raw);
	column_raw(column_by_key(ROWS_SOCK, "mark"), &c, row, &raw);
	assert_string_equal(str_text(&raw), "10");
	str_done(&raw);
	json_is(&c, ROWS_SOCK, row, "cookie", "\"0x2\"");
	json_is(&c, ROWS_SOCK, row, "service", "\"https\"");
	json_is(&c, ROWS_SOCK, row, "class", "\"well-known\"");
	json_is(&c, ROWS_SOCK, row, "age_s", "null");
	cell_is(&c, ROWS_SOCK, row, "rx_rate", "…"); /* the first frame knows none */
	json_is(&c, ROWS_SOCK, row, "rx_rate", "null");
	json_is(&c, ROWS_SOCK, row, "owners",
		"[{\"pid\":60,\"fd\":5,\"process\":\"own)er\",\"user\":\"4242\",\"exe\":null,\"cmdline\":"
		"null,"
		"\"start\":\"2026-11-21T10:16:51.000Z\",\"former\":false},"
		"{\"pid\":50,\"fd\":4,\"process\":\"srv\",\"user\":\"deploy\",\"exe\":null,\"cmdline\":null,"
		"\"start\":\"2026-11-22T11:15:51.000Z\",\"former\":false}]");
	fit_is(&c, row, "local", 6, ":443");
	fit_is(&c, row, "local", 13, ":443");
	fit_is(&c, row, "local", 14, "10.0.0.5:443");
	fit_is(&c, row, "local", 21, "10.0.0.5:443");
	fit_is(&c, row, "remote", 20, "192.0.2.9:1001");
	fit_is(&c, row, "remote", 12, "192…2.9:1001");

	row = row_of_remote(f, 1002);
	cell_is(&c, ROWS_SOCK, row, "process", "‹time-wait›");
	json_is(&c, ROWS_SOCK, row, "owner_reason", "\"time-wait\"");
	json_is(&c, ROWS_SOCK, row, "uid", "null"); /* the kernel's 0 is a dummy */
	json_is(&c, ROWS_SOCK, row, "inode", "null");
	json_is(&c, ROWS_SOCK, row, "rtt_ms", "null");
	json_is(&c, ROWS_SOCK, row, "drops", "null");
	cell_is(&c, ROWS_SOCK, row, "rtt_ms", ""); /* does not apply */
	json_is(&c, ROWS_SOCK, row, "timer", "\"timewait\"");

	row = row_of_remote(f, 65535);
	fit_is(&c, row, "remote", 45, "[2001:db8:aaaa:bbbb…ccc:dddd:eeee:ffff]:65535");
	fit_is(&c, row, "remote", 6, ":65535");
	fit_is(&c, row, "remote", 5, "65535");
	cell_is(&c, ROWS_SOCK, row, "remote", "[2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff]:65535");
	fixture_done(&x);
}

static void test_ages(void **state)
{
	struct fixture x;
	const struct frame *f;
	struct ctx c;
	uint32_t row;

	(void)state;
	fixture_init(&x);
	fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:40000", "192.0.2.9:1001");
	fixture_apply(&x, 1);
	fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:40000", "192.0.2.9:1002");
	fixture_apply(&x, 1);
	f = fixture_apply(&x, 41);
	c = (struct ctx){.f = f, .tally = &f->tally};
	row = row_of_remote(f, 1001);
	cell_is(&c, ROWS_SOCK, row, "age_s", "≥42s");
	json_is(&c, ROWS_SOCK, row, "age_s", "null");
	json_is(&c, ROWS_SOCK, row, "seen_s", "42");
	json_is(&c, ROWS_SOCK, row, "state_age_s", "null");
	c.ascii = true;
	cell_is(&c, ROWS_SOCK, row, "age_s", ">=42s");
	c.ascii = false;
	row = row_of_remote(f, 1002);
	cell_is(&c, ROWS_SOCK, row, "age_s", "41s");
	json_is(&c, ROWS_SOCK, row, "age_s", "41");
	json_is(&c, ROWS_SOCK, row, "state_age_s", "41");
	fixture_done(&x);
}

static void test_procs(void **state)
{
	struct fixture x;
	const struct frame *f;
	struct ctx c;
	uint32_t row;

	(void)state;
	fixture_init(&x);
	fixture_web1(&x, false);
	f = fixture_apply(&x, 1);
	c = (struct ctx){.f = f, .tally = &f->tally};
	row = row_of_pid(f, 1044);
	cell_is(&c, ROWS_PROC, row, "listens", "80 443 443u");
	json_is(&c, ROWS_PROC, row, "ports", "[\"80/tcp\",\"443/tcp\",\"443/udp\"]");
	row = row_of_pid(f, 21877);
	cell_is(&c, ROWS_PROC, row, "close_wait", "7");
	style_is(&c, ROWS_PROC, row, "close_wait", STYLE_WARN);
	cell_is(&c, ROWS_PROC, row, "fds", "1,019");
	json_is(&c, ROWS_PROC, row, "cmdline", "\"/usr/bin/node /srv/api/server.js --port 8080\"");
	json_is(&c, ROWS_PROC, row, "exe", "\"/usr/bin/node\"");
	row = row_of_pid(f, 0);
	cell_is(&c, ROWS_PROC, row, "process", "‹kernel›");
	json_is(&c, ROWS_PROC, row, "pid", "null");
	json_is(&c, ROWS_PROC, row, "start", "null");
	json_is(&c, ROWS_PROC, row, "cmdline", "null");
	fixture_done(&x);
}

/* "10.0.0.5 +2", IPv4 and IPv6 alone, and a namespace without a name. */
static void test_addresses(void **state)
{
	struct fixture x;
	const struct frame *f;
	struct ctx c;
	struct str s = {0};
	uint8_t style;

	(void)state;
	fixture_init(&x);
	fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "10.0.0.5:80", NULL);
	fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "127.0.0.1:80", NULL);
	fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "[2001:db8:1111:2222:3333::1]:80", NULL);
	fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "0.0.0.0:81", NULL);
	fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "[::]:82", NULL);
	fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:83", NULL);
	fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "0.0.0.0:84", NULL);
	fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "[::]:84", NULL);
	f = fixture_apply(&x, 1);
	c = (struct ctx){.f = f, .tally = &f->tally};
	column_fit(column_by_key(ROWS_PORT, "address"), &c, row_of_port(f, PROTO_TCP, 80), 13, &s, &style);
	assert_true(s.n > 3 && !strcmp(s.s + s.n - 3, " +2"));
	assert_true(text_width(str_text(&s)) <= 13);
	cell_is(&c, ROWS_PORT, row_of_port(f, PROTO_TCP, 81), "address", "0.0.0.0");
	cell_is(&c, ROWS_PORT, row_of_port(f, PROTO_TCP, 82), "address", "[::]");
	cell_is(&c, ROWS_PORT, row_of_port(f, PROTO_TCP, 83), "address", "*");
	cell_is(&c, ROWS_PORT, row_of_port(f, PROTO_TCP, 84), "address", "*");
	json_is(&c, ROWS_PORT, row_of_port(f, PROTO_TCP, 84), "addresses", "[\"0.0.0.0\",\"::\"]");
	cell_is(&c, ROWS_PORT, row_of_port(f, PROTO_TCP, 84), "netns", "host");
	str_done(&s);
	fixture_done(&x);
}

static void test_compare(void **state)
{
	struct fixture x;
	const struct frame *f;
	const struct column *rport = column_by_key(ROWS_SOCK, "rport"),
			    *raddr = column_by_key(ROWS_SOCK, "raddr");
	struct ctx c;
	uint32_t a, b, l;

	(void)state;
	fixture_init(&x);
	fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "0.0.0.0:80", NULL);
	fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:80", "10.0.0.9:1001");
	fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "[::ffff:10.0.0.5]:80", "[::ffff:10.0.0.10]:1002");
	f = fixture_apply(&x, 1);
	c = (struct ctx){.f = f, .tally = &f->tally};
	a = row_of_remote(f, 1001);
	b = row_of_remote(f, 1002);
	l = row_of_remote(f, 0);
	assert_true(column_compare(rport, &c, a, b, false) < 0);
	assert_true(column_compare(rport, &c, a, b, true) > 0);
	assert_true(column_compare(raddr, &c, a, b, false) < 0); /* a mapped address sorts as IPv4 */
	assert_true(column_compare(rport, &c, a, l, false) < 0); /* null last */
	assert_true(column_compare(rport, &c, a, l, true) < 0); /* … in either direction */
	assert_int_equal(column_compare(rport, &c, l, l, true), 0);
	fixture_done(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hostile), cmocka_unit_test(test_ports),
		cmocka_unit_test(test_socks),   cmocka_unit_test(test_ages),
		cmocka_unit_test(test_procs),   cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_compare),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
