/* Every field with every operator that its kind has, against an evaluation that reads the columns one by one; that
 * every column is a field; and what completion offers. */
#include "sockeye/base/units.h"
#include "table_test.h"
#include <math.h>
#include <stdio.h>
#include <strings.h>
#include <time.h>

static struct fixture host;
static const struct frame *frame;
static struct ctx ctx;

static uint32_t rnd(uint32_t below)
{
	static uint64_t seed = 3;

	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(seed >> 33) % below;
}

static int set_up(void **state)
{
	uint32_t s;

	(void)state;
	fixture_init(&host);
	fixture_web1(&host, true);
	s = fixture_sock(&host, PROTO_TCP, STATE_ESTABLISHED, "[2001:db8::5]:443", "[2001:db8:9::7]:50001");
	fixture_fd(&host, s, 21877, 99);
	s = fixture_sock(&host, PROTO_TCP, STATE_CLOSE_WAIT, "[::ffff:10.0.0.5]:8080",
			 "[::ffff:10.9.9.9]:50002");
	fixture_fd(&host, s, 21877, 98);
	fixture_fd(&host, s, 1044, 98);
	fixture_apply(&host, 1);
	frame = fixture_apply(&host, 1);
	ctx = (struct ctx){.f = frame, .tally = &frame->tally};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fixture_done(&host);
	return 0;
}

/* Values of a field in a socket, by the columns of the view where it has just one. */
struct values {
	struct value v[64];
	unsigned n;
};
static void add(struct values *to, enum row_kind kind, const char *key, uint32_t row)
{
	struct value v;

	column_value(column_by_key(kind, key), &ctx, row, &v);
	if (!v.null && to->n < ARRAY_LEN(to->v))
		to->v[to->n++] = v;
}

static void values_of(const struct filter_field *f, uint32_t row, struct values *ret)
{
	static const char *const of_owners[] = {"process",   "pid", "user",    "uid",  "unit",
						"container", "exe", "cmdline", "start"};
	const struct row *r = frame_row(frame, row);
	bool owned = frame_first_owner(frame, row, false) != NONE;
	uint32_t i;
	size_t k;

	ret->n = 0;
	if (!strcmp(f->name, "port") || !strcmp(f->name, "addr")) {
		add(ret, ROWS_SOCK, *f->name == 'p' ? "lport" : "laddr", row);
		add(ret, ROWS_SOCK, *f->name == 'p' ? "rport" : "raddr", row);
		return;
	}
	for (k = 0; k < ARRAY_LEN(of_owners) && strcmp(of_owners[k], f->name) != 0; k++)
		;
	if (k == ARRAY_LEN(of_owners)) {
		add(ret, ROWS_SOCK, f->name, row);
		return;
	}
	for (i = 0; i < r->owner_n; i++) {
		const struct owner *o = frame_owner(frame, r, i);

		if (!strcmp(f->name, "pid") && o->former && !(r->marks & MARK_CLOSED))
			continue; /* somebody else may have its number by now */
		add(ret, ROWS_PROC, f->name, o->proc);
	}
	if (!strcmp(f->name, "unit") || !strcmp(f->name, "container") ||
	    (!owned && (!strcmp(f->name, "user") || !strcmp(f->name, "uid")) &&
	     (frame_sock(frame, row)->flags & SOCK_HAS_UID)))
		add(ret, ROWS_SOCK, f->name, row);
}

/* A test of a value, as the test writes and means it. */
struct probe {
	char text[400]; /* behind the operator */
	enum { EQUAL, LESS, PREFIX, NET } how;
	struct value v;
	double number;
	char prefix[64];
	unsigned bits;
};

static void text_of(const struct value *v, uint8_t kind, char *buf, size_t size)
{
	char small[VALUE_BUF], addr[IP_TEXT];
	struct ip ip;
	uint32_t n;
	const char *s;

	if ((kind == KIND_ADDR || kind == KIND_ENDPOINT) && !v->s) {
		ip_unmap(v->ip.b, v->ip.v6, &ip);
		ip_format(addr, ip.b, ip.v6);
		if (kind == KIND_ADDR)
			snprintf(buf, size, "%s", addr);
		else
			snprintf(buf, size, ip.v6 ? "[%s]:%u" : "%s:%u", addr, v->port);
		return;
	}
	s = value_text(v, kind, small, &n);
	snprintf(buf, size, "%.*s", (int)n, s);
}

static double number_of(const struct value *v, uint8_t kind)
{
	if (kind == KIND_TIME)
		return (double)v->u / 1e9;
	return kind == KIND_RATE || kind == KIND_DURATION || kind == KIND_MS || kind == KIND_REAL
		       ? v->d
		       : (double)v->i;
}

static bool real(uint8_t kind)
{
	return kind == KIND_RATE || kind == KIND_DURATION || kind == KIND_MS || kind == KIND_REAL;
}

static bool ordered(uint8_t kind)
{
	return real(kind) || kind == KIND_ID || kind == KIND_COUNT || kind == KIND_SIZE || kind == KIND_HEX ||
	       kind == KIND_TIME;
}

static bool textual(uint8_t kind)
{
	return kind == KIND_TEXT || kind == KIND_WORD || kind == KIND_ADDR || kind == KIND_ENDPOINT;
}

static bool holds(const struct probe *p, const struct value *v, uint8_t kind)
{
	char a[600], b[600];
	struct ip x, y;
	unsigned i;

	switch (p->how) {
	case LESS:
		return kind == KIND_HEX ? v->u < p->v.u : number_of(v, kind) < p->number;
	case PREFIX:
		text_of(v, kind, a, sizeof(a));
		return !strncmp(a, p->prefix, strlen(p->prefix));
	case NET:
		if (v->s)
			return false;
		ip_unmap(v->ip.b, v->ip.v6, &x);
		ip_unmap(p->v.ip.b, p->v.ip.v6, &y);
		for (i = 0; i < p->bits; i++)
			if ((x.b[i / 8] ^ y.b[i / 8]) >> (7 - i % 8) & 1)
				return false;
		return x.v6 == y.v6;
	case EQUAL:
		break;
	}
	if (kind == KIND_HEX)
		return v->u == p->v.u;
	if (kind == KIND_TIME)
		return v->u / NSEC_PER_SEC == p->v.u / NSEC_PER_SEC;
	if (!textual(kind))
		return v->i == p->v.i;
	text_of(v, kind, a, sizeof(a));
	text_of(&p->v, kind, b, sizeof(b));
	return kind == KIND_WORD ? !strcasecmp(a, b) : !strcmp(a, b);
}

static void quote(const char *s, char *buf, size_t size)
{
	size_t n = 0;

	buf[n++] = '"';
	for (; *s && n + 4 < size; s++) {
		if (*s == '"' || *s == '\\')
			buf[n++] = '\\';
		buf[n++] = *s;
	}
	buf[n++] = '"';
	buf[n] = '\0';
}

/* Something to ask about the field, made of a value that some socket has. False: not of this one. */
static bool make_probe(const struct filter_field *f, const struct value *v, struct probe *p)
{
	char text[300], *at;
	struct tm tm;
	time_t sec;
	size_t n;

	*p = (struct probe){.v = *v};
	p->how = rnd(3);
	text_of(v, f->kind, text, sizeof(text));
	if (strlen(text) > 250 || memchr(v->s ? v->s : "", 0, v->s ? v->s_n : 0))
		return false;
	if (p->how == LESS && !ordered(f->kind))
		p->how = EQUAL;
	if (p->how == PREFIX && !textual(f->kind))
		p->how = ordered(f->kind) ? LESS : EQUAL;
	if (p->how == EQUAL && real(f->kind))
		p->how = LESS;
	if (p->how == EQUAL && f->kind == KIND_ADDR && !v->s && rnd(2))
		p->how = NET;
	if (p->how == PREFIX) {
		n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:");
		if (!n)
			return false;
		snprintf(p->prefix, sizeof(p->prefix), "%.*s", (int)(n < 9 ? n : 9), text);
		snprintf(p->text, sizeof(p->text), "\"^%s\"", p->prefix);
		return true;
	}
	switch ((enum kind)f->kind) {
	case KIND_TEXT:
	case KIND_WORD:
		quote(text, p->text, sizeof(p->text));
		break;
	case KIND_ADDR:
		p->bits = p->how == NET ? 1 + rnd(strchr(text, ':') ? 128 : 32) : 0;
		if (p->how == NET)
			snprintf(p->text, sizeof(p->text), "%s/%u", text, p->bits);
		else
			snprintf(p->text, sizeof(p->text), "%s", text);
		break;
	case KIND_ENDPOINT:
		snprintf(p->text, sizeof(p->text), "%s", text);
		break;
	case KIND_HEX:
		snprintf(p->text, sizeof(p->text), "0x%llx", (unsigned long long)v->u);
		break;
	case KIND_BOOL:
		snprintf(p->text, sizeof(p->text), "%s", v->i ? "yes" : "no");
		break;
	case KIND_TIME:
		sec = (time_t)(v->u / NSEC_PER_SEC);
		gmtime_r(&sec, &tm);
		strftime(p->text, sizeof(p->text), "%Y-%m-%dT%H:%M:%SZ", &tm);
		p->number = (double)sec;
		break;
	default:
		p->number = real(f->kind) ? floor(v->d) + .5 : (double)v->i;
		snprintf(p->text, sizeof(p->text), real(f->kind) ? "%.1f" : "%.0f", p->number);
		for (at = p->text; *at; at++)
			assert_true(strchr("0123456789.", *at) != NULL);
		break;
	}
	return true;
}

static unsigned asked, some, said[8];

/* The four ways to compare with a number. */
enum than { THAN_NOT, LESS_THAN, LESS_OR_EQUAL, MORE_OR_EQUAL, MORE_THAN };

static bool compares(const struct probe *p, const struct value *v, uint8_t kind, enum than than)
{
	struct probe same = *p;
	bool less = holds(p, v, kind), equal;

	same.how = EQUAL;
	if (kind == KIND_TIME)
		equal = v->u == p->v.u / NSEC_PER_SEC * NSEC_PER_SEC;
	else
		equal = real(kind) ? v->d == p->number : holds(&same, v, kind);
	switch (than) {
	case LESS_OR_EQUAL:
		return less || equal;
	case MORE_OR_EQUAL:
		return !less;
	case MORE_THAN:
		return !less && !equal;
	default:
		return less;
	}
}

static void check(const char *text, const struct filter_field *f, const struct probe *p, unsigned n,
		  bool none, bool negated, enum than than)
{
	struct filter *flt = parsed(text, host.services);
	uint8_t *picked = mem_alloc(frame->rows_n, 1);
	struct str printed = {0};
	struct values values;
	uint32_t row;
	unsigned i, k;

	filter_socks(flt, frame, 0, (uint32_t)frame->rows_n, picked);
	for (row = 0; row < frame->rows_n; row++) {
		bool hit = false;

		values_of(f, row, &values);
		for (i = 0; i < values.n; i++)
			for (k = 0; k < n; k++)
				hit |= than ? compares(&p[k], &values.v[i], f->kind, than)
					    : holds(&p[k], &values.v[i], f->kind);
		if (!values.n)
			hit = none;
		if (negated)
			hit = !hit;
		if (picked[row] != hit)
			fail_msg("%s: row %u (%u values): %u", text, row, values.n, picked[row]);
		some += hit;
	}
	asked++;
	filter_print(flt, &printed);
	filter_free(flt);
	flt = parsed(str_text(&printed), host.services);
	memset(picked, 2, frame->rows_n);
	for (row = 0; row < frame->rows_n; row += 700) /* in slices, too */
		filter_socks(flt, frame, row, row + 700 < frame->rows_n ? row + 700 : (uint32_t)frame->rows_n,
			     picked);
	for (row = 0; row < frame->rows_n; row++)
		if (picked[row] > 1)
			fail_msg("%s: row %u was left out", str_text(&printed), row);
	str_done(&printed);
	filter_free(flt);
	free(picked);
}

static void ask(const struct filter_field *f, const struct probe *p, unsigned n)
{
	static const char *const equal[] = {"=", " eq ", "!=", " ne ", "=", "!="};
	static const char *const less[] = {"<", " lt ", "<=", " le ", ">=", " ge ", ">", " gt "};
	char text[2000];
	unsigned way, i, len;
	bool none;

	if (p->how == LESS) {
		way = rnd(ARRAY_LEN(less));
		snprintf(text, sizeof(text), "%s%s%s", f->name, less[way], p->text);
		said[way]++;
		check(text, f, p, 1, false, false, (enum than)(LESS_THAN + way / 2));
		return;
	}
	if (p->how == PREFIX) {
		way = rnd(2);
		snprintf(text, sizeof(text), "%s%s%s", f->name, way ? "!~" : "~", p->text);
		check(text, f, p, 1, false, way, THAN_NOT);
		return;
	}
	way = rnd(ARRAY_LEN(equal));
	len = (unsigned)snprintf(text, sizeof(text), "%s%s", f->name, equal[way]);
	for (i = 0; i < n; i++)
		len += (unsigned)snprintf(text + len, sizeof(text) - len, "%s%s", i ? "," : "", p[i].text);
	none = rnd(3) == 0;
	if (none)
		snprintf(text + len, sizeof(text) - len, ",none");
	check(text, f, p, n, none, way == 2 || way == 3 || way == 5, THAN_NOT);
}

/* Values that the language spells in its own way or knows more of than one text. */
static bool plain(const struct filter_field *f, const struct value *v)
{
	static const char suffix[] = ".service";

	if (!strcmp(f->name, "findings"))
		return false;
	return !(v->s && v->s_n > 8 && strcmp(f->name, "unit") == 0 && !memcmp(v->s + v->s_n - 8, suffix, 8));
}

static void test_every_field(void **state)
{
	struct filter_field f;
	struct values values;
	struct probe p[2];
	unsigned tries, n, fields = 0;
	size_t i;

	(void)state;
	for (i = 0; filter_field_at(i, &f); i++) {
		unsigned before = asked;

		if (!f.sock || !strcmp(f.name, "findings"))
			continue;
		for (tries = 0; tries < 400 && asked < before + 40; tries++) {
			for (n = 0; n < 2; n++) {
				values_of(&f, rnd((uint32_t)frame->rows_n), &values);
				if (!values.n || !plain(&f, &values.v[0]) ||
				    !make_probe(&f, &values.v[0], &p[n]))
					break;
				if (n && (p[n].how != p[0].how && !(p[0].how == NET && p[n].how == EQUAL)))
					break;
				if (p[0].how == LESS || p[0].how == PREFIX) {
					n++;
					break;
				}
			}
			if (n)
				ask(&f, p, n);
		}
		fields += asked > before;
	}
	/* Those without any value on this host: forwards, iface, mark, … */
	assert_true(fields > 45);
	assert_true(asked > 1500 && some > 100000);
	for (n = 0; n < ARRAY_LEN(said); n++)
		assert_true(said[n] > 10);
}

static void test_listed(void **state)
{
	/* Columns that are made of others, or list what other fields ask about. */
	static const char *const not_fields[] = {"owner",   "owners",   "findings", "addresses",
						 "states",  "ports",    "address",  "queue",
						 "listens", "activity", "rate"};
	const char *names[300], *is;
	struct filter_field f, g;
	const struct column *cols;
	size_t n = 0, i, k, cols_n;
	int kind;

	(void)state;
	for (i = 0; filter_field_at(i, &f); i++) {
		char text[200];
		struct filter_error err;
		struct filter *flt = NULL;

		assert_true(f.help && *f.help && f.values && *f.values);
		for (k = 0; k < n; k++)
			assert_string_not_equal(names[k], f.name);
		names[n++] = f.name;
		snprintf(text, sizeof(text), "%s=none", f.name);
		filter_free(parsed(text, NULL));
		snprintf(text, sizeof(text), "%s=\033", f.name);
		if (f.kind == KIND_TEXT || !strcmp(f.name, "netns")) /* a name will do */
			continue;
		/* Every other kind refuses this, and says what it expected. */
		if (filter_parse(text, NULL, &flt, &err) == 0)
			fail_msg("%s was taken", text);
		if (f.kind != KIND_WORD && !strstr(err.text, f.values))
			fail_msg("%s: %s", text, err.text);
	}
	for (kind = 0; kind < ROWS_N; kind++) {
		cols = columns_of((enum row_kind)kind, &cols_n);
		for (i = 0; i < cols_n; i++) {
			bool found = false;

			for (k = 0; k < n && !found; k++)
				found = !strcmp(names[k], cols[i].key);
			for (k = 0; k < ARRAY_LEN(not_fields) && !found; k++)
				found = !strcmp(not_fields[k], cols[i].key);
			if (!found)
				fail_msg("no filter can ask about the column %s", cols[i].key);
		}
	}
	for (i = 0; (is = NULL, names[0] = filter_alias_at(i, &is)); i++) {
		char a[100], b[100];
		struct str x = {0}, y = {0};
		struct filter *p, *q;

		for (k = 0; filter_field_at(k, &g) && strcmp(g.name, is) != 0; k++)
			;
		assert_string_equal(g.name, is);
		snprintf(a, sizeof(a), "%s!=none", names[0]);
		snprintf(b, sizeof(b), "%s!=none", is);
		p = parsed(a, NULL);
		q = parsed(b, NULL);
		filter_print(p, &x);
		filter_print(q, &y);
		assert_string_equal(str_text(&x), str_text(&y));
		filter_free(p);
		filter_free(q);
		str_done(&x);
		str_done(&y);
	}
}

static void offers_are(enum view_id view, const char *field, const char *prefix, size_t limit,
		       const char *expected)
{
	struct filter_values v = {0};
	struct str s = {0};
	struct table t;
	size_t i;

	table_init(&t, view);
	filter_values(&t, frame, field, prefix, limit, &v);
	for (i = 0; i < v.v.n; i++)
		str_putf(&s, "%s%s %u", i ? ", " : "", v.v.v[i].text, v.v.v[i].rows);
	if (v.more)
		str_putf(&s, " +%u", v.more);
	if (strcmp(str_text(&s), expected) != 0)
		fail_msg("%s=%s: %s\nnot: %s", field, prefix, str_text(&s), expected);
	str_done(&s);
	filter_values_done(&v);
	table_done(&t);
}

/* The number beside a value is how many rows the view has when the filter asks for that value. */
static void test_offers_count(void **state)
{
	static const char *const fields[] = {"process", "state", "proto", "lport", "unit",  "user",  "pid",
					     "port",    "raddr", "addr",  "scope", "class", "family"};
	enum view_id view;
	size_t i, k;
	unsigned seen = 0;

	(void)state;
	for (view = 0; view < VIEW_N; view++) {
		for (i = 0; i < ARRAY_LEN(fields); i++) {
			struct filter_values v = {0};
			struct table t;

			table_init(&t, view);
			filter_values(&t, frame, fields[i], "", 6, &v);
			if (!v.v.n)
				fail_msg("%s: no %s", view_table[view].key, fields[i]);
			for (k = 0; k < v.v.n; k++) {
				char text[300];
				struct filter *f;
				uint32_t row, closed = 0;

				snprintf(text, sizeof(text), "%s=%s", fields[i], v.v.v[k].text);
				f = parsed(text, host.services);
				t.filter = f;
				table_update(&t, frame, 20, false);
				for (row = 0; row < t.order.n; row++) /* shown, and counted nowhere */
					closed +=
						t.rows_kind == ROWS_SOCK &&
						(frame_row(frame, t.order.v[row])->marks & MARK_CLOSED) != 0;
				if (t.rows_kind == ROWS_SOCK && t.matched - closed != v.v.v[k].rows)
					fail_msg("%s: %u rows, not %u", text, t.matched - closed,
						 v.v.v[k].rows);
				/* A closed connection keeps its port on the screen. */
				if (t.rows_kind != ROWS_SOCK && t.matched < v.v.v[k].rows)
					fail_msg("%s: %u rows, not %u", text, t.matched, v.v.v[k].rows);
				if (k)
					assert_true(v.v.v[k].rows <= v.v.v[k - 1].rows);
				seen++;
				filter_free(f);
			}
			filter_values_done(&v);
			table_done(&t);
		}
	}
	assert_true(seen > 100);
}

static void test_offers(void **state)
{
	(void)state;
	offers_are(VIEW_PORTS, "proto", "", 9, "tcp 22, udp 7");
	offers_are(VIEW_PORTS, "process", "ng", 9, "nginx 4");
	offers_are(VIEW_PORTS, "process", "NG", 9, "nginx 4");
	offers_are(VIEW_PROCESSES, "process", "", 2, "postgres 44, nginx 6 +20");
	offers_are(VIEW_PROCESSES, "unit", "postgres", 3, "");
	offers_are(VIEW_PROCESSES, "unit", "ng", 3, "nginx 6");
	offers_are(VIEW_CONNECTIONS, "state", "close", 3, "close-wait 8");
	offers_are(VIEW_CONNECTIONS, "eof_read", "", 3, "yes 8");
	offers_are(VIEW_CONNECTIONS, "rx_rate", "", 3, "");
	offers_are(VIEW_CONNECTIONS, "nosuch", "", 3, "");
	offers_are(VIEW_CONNECTIONS, "process", "nothing like it", 3, "");
	offers_are(VIEW_CONNECTIONS, "process", "", 0, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_field),
		cmocka_unit_test(test_listed),
		cmocka_unit_test(test_offers_count),
		cmocka_unit_test(test_offers),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
