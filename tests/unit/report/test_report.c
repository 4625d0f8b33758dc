/* One table printed in every format: the invented host, and foreign bytes in names. */
#include "fixture.h"
#include "sockeye/base/text.h"
#include "sockeye/report/report.h"
#include <errno.h>
#include <locale.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct printed {
	char *s; /* owned */
	size_t n;
	unsigned hidden;
};

static struct printed print(const struct frame *f, enum view_id view, const struct report_opts *o,
			    const char *columns)
{
	struct printed p = {0};
	struct table t;
	char err[200];
	table_init(&t, view);
	table_hide_live(&t);
	if (columns)
		assert_int_equal(table_set_columns(&t, columns, err, sizeof(err)), 0);
	table_update(&t, f, 100, false);
	if (o->terminal)
		table_layout(&t, o->width, f->netns.n > 1);
	FILE *out = open_memstream(&p.s, &p.n);
	assert_int_equal(report_write(out, &t, o, &p.hidden), 0);
	fclose(out);
	table_done(&t);
	return p;
}

/* A small JSON reader: says whether it is valid, and counts. */
struct json {
	const char *p, *end;
	unsigned depth;
};
static bool json_value(struct json *j);

static bool json_string(struct json *j)
{
	if (j->p == j->end || *j->p++ != '"')
		return false;
	while (j->p < j->end && *j->p != '"') {
		uint32_t cp;
		size_t n = utf8_decode(j->p, (size_t)(j->end - j->p), &cp);
		if (!n || cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || cp == 0x202e)
			return false;
		if (cp == '\\') {
			if (!j->p[1] || !strchr("\"\\/bfnrtu", j->p[1]))
				return false;
			n = j->p[1] == 'u' ? 6 : 2;
			if (n == 6 && strspn(j->p + 2, "0123456789abcdefABCDEF") < 4)
				return false;
		}
		j->p += n;
	}
	return j->p++ < j->end;
}

static bool json_many(struct json *j, char close, bool keys)
{
	j->p++;
	if (*j->p == '\n')
		j->p++;
	if (*j->p == close) {
		j->p++;
		return true;
	}
	for (;;) {
		if (*j->p == '\n')
			j->p++;
		if (keys && (!json_string(j) || *j->p++ != ':'))
			return false;
		if (!json_value(j))
			return false;
		if (*j->p == '\n')
			j->p++;
		if (*j->p == close) {
			j->p++;
			return true;
		}
		if (*j->p++ != ',')
			return false;
	}
}

static bool json_value(struct json *j)
{
	if (j->p == j->end || ++j->depth > 1000000)
		return false;
	switch (*j->p) {
	case '{':
		return json_many(j, '}', true);
	case '[':
		return json_many(j, ']', false);
	case '"':
		return json_string(j);
	}
	for (const char *const *w = (const char *const[]){"null", "true", "false", NULL}; *w; w++)
		if (!strncmp(j->p, *w, strlen(*w))) {
			j->p += strlen(*w);
			return true;
		}
	char *end;
	if (!(*j->p == '-' || (*j->p >= '0' && *j->p <= '9')))
		return false;
	strtod(j->p, &end);
	j->p = end;
	return true;
}

static bool json_valid(const char *s, size_t n)
{
	struct json j = {s, s + n, 0};
	return json_value(&j) && j.p == j.end;
}

static unsigned count(const char *s, const char *what)
{
	unsigned n = 0;
	while ((s = strstr(s, what))) {
		n++;
		s += strlen(what);
	}
	return n;
}

/* Fields of the RFC 4180 record at *s, which is left behind its newline. */
static unsigned csv_fields(const char **s)
{
	unsigned n = 1;
	for (bool quoted = false; **s && (quoted || **s != '\n'); (*s)++) {
		if (**s == '"')
			quoted = !quoted;
		else if (**s == ',' && !quoted)
			n++;
	}
	assert_true(**s && (*s)[-1] == '\r');
	(*s)++;
	return n;
}

static const struct frame *hostile_frame(struct fixture *x)
{
	fixture_init(x);
	snapshot_limit(&x->snap, "owners", "not-permitted", "owners of \"9\" processes are hidden");
	fixture_proc(x, 812, 1, 0, "sshd", "0::/system.slice/ssh.service");
	fixture_proc(x, 900, 1, 0, "x\033[2J\n\xff\"\\,", "");
	fixture_proc(x, 901, 1, 0, "=HYPERLINK(1,2)", "");
	fixture_proc(x, 902, 1, 0,
		     "a\xe2\x80\xae"
		     "b\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e",
		     "");
	fixture_fd(x, fixture_sock(x, PROTO_TCP, STATE_LISTENING, "*:22", NULL), 812, 3);
	fixture_fd(x, fixture_sock(x, PROTO_TCP, STATE_LISTENING, "127.0.0.1:900", NULL), 900, 3);
	fixture_fd(x, fixture_sock(x, PROTO_UDP, STATE_UNCONN, "127.0.0.1:901", NULL), 901, 3);
	fixture_fd(x, fixture_sock(x, PROTO_TCP, STATE_LISTENING, "[::1]:902", NULL), 902, 3);
	fixture_fd(x, fixture_sock(x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:22", "10.0.0.9:4711"), 812, 4);
	fixture_sock(x, PROTO_TCP, STATE_TIME_WAIT, "10.0.0.5:22", "10.0.0.9:4712");
	const struct frame *f = fixture_apply(x, 0);
	fixture_late(x, 900, "x\033\0-y\n\xff", "/bin/\xff");
	return f;
}

static const struct report_opts data = {.header = true, .host = "web-1", .kernel = "6.1.0"};

static void test_json(void **state)
{
	struct fixture x;
	const struct frame *f = hostile_frame(&x);
	static const char head[] =
		"{\"schema\":\"sockeye/1\",\"host\":\"web-1\",\"time\":\"2026-11-22T14:02:31.000Z\","
		"\"kernel\":\"6.1.0\",\"limits\":[{\"what\":\"owners\",\"reason\":\"not-permitted\","
		"\"text\":\"owners of \\\"9\\\" processes are hidden\"}],\"ports\":[";
	for (int view = 0; view < VIEW_N; view++) {
		struct report_opts o = data;
		o.format = FORMAT_JSON;
		struct printed p = print(f, (enum view_id)view, &o, NULL);
		assert_true(p.n > 2 && p.s[p.n - 1] == '\n');
		assert_true(json_valid(p.s, p.n - 1));
		if (view == VIEW_PORTS) {
			assert_memory_equal(p.s, head, sizeof(head) - 1);
			assert_int_equal(count(p.s, "\n{\"netns\":"), 4);
			assert_non_null(strstr(p.s, "\"process\":\"x\\u001B[2J\\n\xef\xbf\xbd\\\"\\\\,\""));
			assert_non_null(strstr(p.s, "a\\u202Eb\xe6\x97\xa5"));
		}
		/* Every key of the view in every row. */
		size_t n;
		const struct column *cols = columns_of((enum row_kind)view_table[view].rows, &n);
		char key[64];
		snprintf(key, sizeof(key), "{\"%s\":", cols[0].key);
		unsigned rows = count(p.s, key);
		assert_int_equal(rows, view == VIEW_PORTS         ? 4
				       : view == VIEW_CONNECTIONS ? 2
				       : view == VIEW_SOCKETS     ? 6
								  : rows);
		free(p.s);
	}
	fixture_done(&x);
}

static void test_ndjson(void **state)
{
	struct fixture x;
	const struct frame *f = hostile_frame(&x);
	struct report_opts o = data;
	o.format = FORMAT_NDJSON;
	o.columns_chosen = true;
	struct printed p = print(f, VIEW_SOCKETS, &o, "proto,lport,state,local");
	unsigned lines = 0;
	for (char *s = p.s, *nl; *s; s = nl + 1, lines++) {
		nl = strchr(s, '\n');
		assert_non_null(nl);
		assert_true(json_valid(s, (size_t)(nl - s)));
		if (!lines) {
			assert_memory_equal(s, "{\"schema\":\"sockeye/1\",", 22);
			assert_memory_equal(nl - 3, "}]}", 3);
		} else {
			assert_memory_equal(s, "{\"proto\":\"",
					    10); /* the columns asked for, in their order */
		}
	}
	assert_int_equal(lines, 7);
	free(p.s);
	fixture_done(&x);
}

static void test_csv(void **state)
{
	struct fixture x;
	const struct frame *f = hostile_frame(&x);
	struct report_opts o = data;
	o.format = FORMAT_CSV;
	for (int view = 0; view < VIEW_N; view++) {
		struct printed p = print(f, (enum view_id)view, &o, NULL);
		const char *s = p.s;
		unsigned fields = csv_fields(&s), rows = 0;
		assert_true(fields > 10);
		for (; *s; rows++)
			assert_int_equal(csv_fields(&s), fields);
		if (view == VIEW_PORTS) {
			assert_int_equal(rows, 4);
			assert_memory_equal(p.s, "netns,netns_name,proto,port,", 28);
			assert_non_null(strstr(p.s, ",\"x\\e[2J\\n\\xFF\"\"\\,\","));
			assert_non_null(strstr(p.s, ",\"'=HYPERLINK(1,2)\","));
		}
		free(p.s);
	}
	o.format = FORMAT_TSV;
	o.header = false;
	o.columns_chosen = true;
	struct printed p = print(f, VIEW_PORTS, &o, "port,proto,pid,process");
	assert_string_equal(p.s, "22\ttcp\t812\tsshd\n"
				 "900\ttcp\t900\tx\\e[2J\\n\\xFF\"\\,\n"
				 "901\tudp\t901\t'=HYPERLINK(1,2)\n"
				 "902\ttcp\t902\ta\\u{202E}b\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\n");
	free(p.s);
	/* What does not apply is nothing, not the sign that screens have for it. */
	p = print(f, VIEW_PORTS, &o, "port,queue,activity");
	assert_non_null(strstr(p.s, "\n901\t\t\n"));
	free(p.s);
	o.format = FORMAT_NDJSON;
	p = print(f, VIEW_PORTS, &o, "port,queue,activity");
	assert_non_null(strstr(p.s, "{\"port\":901,\"queue\":null,\"activity\":null}"));
	free(p.s);
	fixture_done(&x);
}

static void test_pipe(void **state)
{
	struct fixture x;
	const struct frame *f = hostile_frame(&x);
	struct report_opts o = data;
	struct printed p = print(f, VIEW_PORTS, &o, "port,proto,pid,user,conns,process");
	unsigned lines = 0;
	for (char *s = p.s, *nl; *s; s = nl + 1, lines++) {
		nl = strchr(s, '\n');
		assert_non_null(nl);
		*nl = '\0';
		assert_true(nl > s && nl[-1] != ' ');
		for (char *c = s; *c; c++)
			assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
		unsigned fields = 0;
		for (char *c = s; *c;) {
			c += strspn(c, " ");
			fields += *c != '\0';
			c += strcspn(c, " ");
		}
		assert_true(fields >= 6); /* none is empty */
	}
	assert_int_equal(lines, 5);
	free(p.s);
	o.header = false;
	p = print(f, VIEW_PORTS, &o, "port,process");
	assert_int_equal(count(p.s, "\n"), 4);
	assert_memory_equal(p.s, " 22 sshd", 8);
	free(p.s);
	fixture_done(&x);
}

static void test_terminal(void **state)
{
	struct fixture x;
	fixture_init(&x);
	fixture_web1(&x, true);
	const struct frame *f = fixture_apply(&x, 1);
	for (unsigned width = 20; width < 200; width += 3) {
		for (int view = 0; view < VIEW_N; view++) {
			struct report_opts o = data;
			o.terminal = true;
			o.width = width;
			struct printed p = print(f, (enum view_id)view, &o, NULL);
			for (char *s = p.s, *nl; *s; s = nl + 1) {
				nl = strchr(s, '\n');
				assert_non_null(nl);
				*nl = '\0';
				assert_in_range(text_width(s), 1, width);
				assert_null(strchr(s, '\033'));
			}
			if (view == VIEW_PORTS && width < 40)
				assert_true(p.hidden > 3);
			free(p.s);
		}
	}
	fixture_done(&x);
}

static void test_terminal_text(void **state)
{
	struct fixture x;
	const struct frame *f = hostile_frame(&x);
	struct report_opts o = data;
	o.terminal = true;
	o.width = 36;
	struct printed p = print(f, VIEW_PORTS, &o, "port,proto,conns,process");
	assert_string_equal(p.s, " PORT PROTO CONNS PROCESS\n"
				 "   22 tcp       1 sshd\n"
				 "  900 tcp       0 x\\e[2J\\n\\xFF\"\\,\n"
				 "  901 udp       - =HYPERLINK(1,2)\n"
				 "  902 tcp       0 a\\u{202E}b\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\n");
	assert_int_equal(p.hidden, 0);
	free(p.s);
	fixture_done(&x);
}

static void test_empty(void **state)
{
	struct fixture x;
	fixture_init(&x);
	const struct frame *f = fixture_apply(&x, 0);
	struct report_opts o = data;
	o.format = FORMAT_JSON;
	struct printed p = print(f, VIEW_PORTS, &o, NULL);
	assert_true(json_valid(p.s, p.n - 1));
	assert_non_null(strstr(p.s, "\"limits\":[],\"ports\":[]}\n"));
	free(p.s);
	o.format = FORMAT_TEXT;
	p = print(f, VIEW_PORTS, &o, NULL);
	assert_int_equal(count(p.s, "\n"), 1); /* a pipe always gets its head */
	free(p.s);
	o.terminal = true;
	o.width = 80;
	p = print(f, VIEW_PORTS, &o, NULL);
	assert_string_equal(p.s, "");
	free(p.s);
	fixture_done(&x);
}

static void test_write_errors(void **state)
{
	struct fixture x;
	int fds[2];
	fixture_init(&x);
	fixture_many(&x, 2000, 10);
	const struct frame *f = fixture_apply(&x, 0);
	struct table t;
	table_init(&t, VIEW_SOCKETS);
	table_update(&t, f, 100, false);
	assert_in_range(t.order.n, 2000, 2100);
	for (int format = 0; format < FORMAT_N; format++) {
		struct report_opts o = data;
		unsigned hidden = 77;
		o.format = (enum format)format;
		FILE *full = fopen("/dev/full", "w");
		assert_non_null(full);
		assert_int_equal(report_write(full, &t, &o, &hidden), -ENOSPC);
		fclose(full);
		assert_int_equal(pipe(fds), 0);
		close(fds[0]);
		FILE *out = fdopen(fds[1], "w");
		assert_int_equal(report_write(out, &t, &o, &hidden), -EPIPE);
		fclose(out);
		assert_int_equal(hidden, 77);
	}
	table_done(&t);
	fixture_done(&x);
}

/* Gathered rows come out one by one, folded ones too, those of a group together; no head does. */
static void test_groups(void **state)
{
	struct report_opts o = {.format = FORMAT_CSV, .columns_chosen = true};
	unsigned seen[40000] = {0}, last = 0, changes = 0;
	struct fixture x;
	struct table t;
	char *text = NULL, key[32], *at, *end;
	size_t n = 0, rows = 0;
	fixture_init(&x);
	fixture_web1(&x, false);
	table_init(&t, VIEW_PROCESSES);
	t.group_by = GROUP_FORKS;
	assert_int_equal(table_set_columns(&t, "pid,fds", key, sizeof(key)), 0);
	table_update(&t, fixture_apply(&x, 1), 10, false);
	assert_true(table_fold(&t, 0, true));
	table_update(&t, t.f, 10, false);
	assert_true(t.matched > t.order.n - t.groups.n);
	FILE *out = open_memstream(&text, &n);
	assert_int_equal(report_write(out, &t, &o, NULL), 0);
	fclose(out);
	for (at = text; (end = strchr(at, '\n')); at = end + 1, rows++) {
		unsigned pid = (unsigned)strtoul(at, NULL, 10);
		assert_true(pid < 40000);
		seen[pid]++;
		changes += (pid >= 1044 && pid <= 1048) != (last >= 1044 && last <= 1048);
		last = pid;
	}
	assert_int_equal(rows, t.matched);
	assert_int_equal(changes, 2); /* nginx: together */
	for (unsigned pid = 1; pid < 40000; pid++)
		assert_true(seen[pid] <= 1);
	for (unsigned pid = 1044; pid <= 1048; pid++)
		assert_int_equal(seen[pid], 1);
	free(text);
	table_done(&t);
	fixture_done(&x);
}

static bool always(void *nobody, size_t rows)
{
	return true;
}

/* Many rows are made by several threads: what comes out is what one makes, and an error ends it. */
static void test_many(void **state)
{
	static const uint8_t formats[] = {FORMAT_TEXT, FORMAT_CSV,    FORMAT_TSV,
					  FORMAT_JSON, FORMAT_NDJSON, FORMAT_TEXT};
	struct fixture x;
	struct table t;
	char key[32];
	fixture_init(&x);
	fixture_many(&x, 20011, 7);
	table_init(&t, VIEW_CONNECTIONS);
	assert_int_equal(table_set_columns(&t, "local,remote,pid,owners,cookie", key, sizeof(key)), 0);
	table_update(&t, fixture_apply(&x, 1), 100, false);
	assert_true(t.matched > 20000);
	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		struct report_opts o = {.format = formats[i],
					.header = true,
					.columns_chosen = true,
					.terminal = i + 1 == ARRAY_LEN(formats),
					.width = 120,
					.host = "h",
					.kernel = "k"};
		if (o.terminal)
			table_layout(&t, o.width, false);
		char *text[2] = {0};
		size_t n[2] = {0};
		for (size_t k = 0; k < 2; k++) {
			FILE *out = open_memstream(&text[k], &n[k]);
			o.go_on = k ? always : NULL; /* who is asked is asked by one thread */
			assert_int_equal(report_write(out, &t, &o, NULL), 0);
			fclose(out);
		}
		assert_int_equal(n[0], n[1]);
		assert_memory_equal(text[0], text[1], n[0]);
		free(text[0]);
		free(text[1]);
		FILE *full = fopen("/dev/full", "w");
		o.go_on = NULL;
		assert_int_equal(report_write(full, &t, &o, NULL), -ENOSPC);
		fclose(full);
	}
	table_done(&t);
	fixture_done(&x);
}

static void test_names(void **state)
{
	assert_int_equal(format_by_name("json"), FORMAT_JSON);
	assert_int_equal(format_by_name("TSV"), FORMAT_TSV);
	assert_int_equal(format_by_name("xml"), -1);
}

int main(void)
{
	setlocale(LC_CTYPE, "C.UTF-8");
	signal(SIGPIPE, SIG_IGN);
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json),     cmocka_unit_test(test_ndjson),
		cmocka_unit_test(test_csv),      cmocka_unit_test(test_pipe),
		cmocka_unit_test(test_terminal), cmocka_unit_test(test_terminal_text),
		cmocka_unit_test(test_empty),    cmocka_unit_test(test_write_errors),
		cmocka_unit_test(test_groups),   cmocka_unit_test(test_many),
		cmocka_unit_test(test_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
