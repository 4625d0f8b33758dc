/* The command line: ss's letters and lsof's forms as filter, view and columns; what is refused, and how. */
#include "close_cmd.h"
#include "config.h"
#include "explain.h"
#include "kill_cmd.h"
#include "list.h"
#include "options_private.h"
#include "sockeye/base/mem.h"
#include "wait.h"
#include <locale.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* What the table of commands names; none of it is run here. */
int cmd_list(const struct options *o)
{
	return 0;
}
int list_count(const struct options *o, uint32_t *ret)
{
	return 2;
}
int cmd_kill(const struct options *o)
{
	return 0;
}
int cmd_close(const struct options *o)
{
	return 0;
}
int cmd_wait(const struct options *o)
{
	return 0;
}
int cmd_explain(const struct options *o)
{
	return 0;
}
int cmd_dashboard(const struct options *o)
{
	return 0;
}
int config_show(void)
{
	return 0;
}

/* Parses "sockeye WORDS"; what is complained about goes nowhere. */
static int parse(const char *words, struct options *o)
{
	static char copy[512];
	char *argv[64] = {(char *)(uintptr_t) "sockeye"}, *save = NULL;
	int argc = 1, r, err = dup(STDERR_FILENO);

	snprintf(copy, sizeof(copy), "%s", words);
	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	assert_non_null(freopen("/dev/null", "w", stderr));
	r = options_parse(argc, argv, o);
	fflush(stderr);
	dup2(err, STDERR_FILENO);
	close(err);
	return r;
}

static const struct {
	const char *words, *filter; /* NULL: none */
	int view; /* -1: not said */
	const char *columns;
} lists[] = {
	{"list", NULL, -1, NULL},
	{"list :8080 tcp", ":8080 tcp", -1, NULL},
	{"list -t", "proto=tcp state=connected", VIEW_SOCKETS, NULL},
	{"list -tan", "proto=tcp", VIEW_SOCKETS, NULL},
	{"list -tu4", "proto=tcp,udp family=ipv4 state=connected", VIEW_SOCKETS, NULL},
	{"list -46", "state=connected", VIEW_SOCKETS, NULL},
	{"list -tlnp", "proto=tcp", VIEW_PORTS, NULL},
	{"list -l --view sockets", "state=listening,bound,unconn", VIEW_SOCKETS, NULL},
	{"list -t --view ports", "proto=tcp", VIEW_PORTS, NULL},
	{"list -nOpP", "state=connected", VIEW_SOCKETS, NULL},
	{"list -x", "proto=unix state=connected", VIEW_SOCKETS, NULL},
	{"list -lx", "proto=unix state=listening,bound,unconn", VIEW_SOCKETS, NULL},
	{"list -t a or b", "(a or b) proto=tcp state=connected", VIEW_SOCKETS, NULL},
	{"list -ta sport = :22", "(sport = :22) proto=tcp", VIEW_SOCKETS, NULL},
	{"list -e", "state=connected", VIEW_SOCKETS, "+uid,+inode,+cookie,+cgroup"},
	{"list -imo", "state=connected", VIEW_SOCKETS,
	 "+rtt_ms,+cwnd,+mss,+retrans_total,+cc,+rcvbuf,+sndbuf,+drops,+timer,+timer_s"},
	{"list -o --columns pid,process", "state=connected", VIEW_SOCKETS, "pid,process,timer,timer_s"},
	{"list -o --columns +mark", "state=connected", VIEW_SOCKETS, "+mark,+timer,+timer_s"},
	{"list -lem", NULL, VIEW_PORTS, "+uid,+drops"}, /* ports have no more of them */
	{"list -e --json", "state=connected", VIEW_SOCKETS, NULL}, /* has every key anyway */
	{"list -s -t", "proto=tcp", -1, NULL},
	{"list -i4", "family=ipv4", VIEW_SOCKETS, NULL},
	{"list -i6tcp", "family=ipv6 proto=tcp", VIEW_SOCKETS, NULL},
	{"list -iTCP", "proto=tcp", VIEW_SOCKETS, NULL},
	{"list -i:8080", "port=8080", VIEW_SOCKETS, NULL},
	{"list -i:80,443", "port=80,443", VIEW_SOCKETS, NULL},
	{"list -i:8000-8100", "port=8000-8100", VIEW_SOCKETS, NULL},
	{"list -i:https", "port=https", VIEW_SOCKETS, NULL},
	{"list -i@10.0.0.7", "addr=10.0.0.7", VIEW_SOCKETS, NULL},
	{"list -i@10.0.0.7:22", "addr=10.0.0.7 port=22", VIEW_SOCKETS, NULL},
	{"list -itcp@[2001:db8::1]:22", "proto=tcp addr=2001:db8::1 port=22", VIEW_SOCKETS, NULL},
	{"list -i6@::1", "family=ipv6 addr=::1", VIEW_SOCKETS, NULL},
	{"list -i:22 -i:80", "(port=22 or port=80)", VIEW_SOCKETS, NULL},
	{"list -i4:22 -iudp", "((family=ipv4 port=22) or proto=udp)", VIEW_SOCKETS, NULL},
	{"list -iTCP -sTCP:LISTEN", "proto=tcp proto=tcp state=listen", VIEW_SOCKETS, NULL},
	{"list -nP -iTCP -sTCP:LISTEN,CLOSE_WAIT", "proto=tcp proto=tcp state=listen,close-wait",
	 VIEW_SOCKETS, NULL},
	{"list -sTCP:^ESTABLISHED,^FIN_WAIT1", "proto=tcp state!=established,fin-wait-1", VIEW_SOCKETS, NULL},
	{"list -sUDP:Idle", "proto=udp state=unconn", VIEW_SOCKETS, NULL},
	{"list -it", "proto=tcp state=connected", VIEW_SOCKETS, "+rtt_ms,+cwnd,+mss,+retrans_total,+cc"},
	{"list -in", "state=connected", VIEW_SOCKETS, "+rtt_ms,+cwnd,+mss,+retrans_total,+cc"},
	{"list -- -t", "-t", -1, NULL},
	{"-t", "proto=tcp state=connected", VIEW_SOCKETS, NULL}, /* into no terminal: a list */
};

static void same(const char *got, const char *want)
{
	if (want)
		assert_string_equal(got ? got : "(none)", want);
	else
		assert_null(got);
}

static void test_lists(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		struct options o;
		int r = parse(lists[i].words, &o);

		if (!strcmp(lists[i].words, "list -- -t")) { /* no field, no word */
			options_done(&o);
			continue;
		}
		if (r)
			fail_msg("%s: %d", lists[i].words, r);
		same(o.filter, lists[i].filter);
		assert_int_equal(o.view, lists[i].view);
		same(o.columns, lists[i].columns);
		options_done(&o);
	}
}

static void test_toggles(void **state)
{
	struct options o;

	assert_int_equal(parse("list -la", &o), 0);
	assert_true(o.listening && o.all && o.letters);
	options_done(&o);
	assert_int_equal(parse("list -i:22", &o), 0);
	assert_true(o.all); /* lsof shows listeners, too */
	options_done(&o);
	assert_int_equal(parse("list --summary -x", &o), 0);
	assert_true(o.summary);
	same(o.filter, "proto=unix");
	options_done(&o);
	assert_int_equal(parse("--print-config", &o), 0);
	assert_true(o.print_config);
	options_done(&o);
}

static void test_close_as_ss(void **state)
{
	static const struct {
		const char *words, *filter;
	} cases[] = {
		{"-K dst 10.0.0.7", "dst 10.0.0.7"}, {"-Kt dport = :22", "(dport = :22) proto=tcp"},
		{"list -K --yes tcp", "tcp"},        {"-tnK -4 :80", ":80 proto=tcp family=ipv4"},
		{"close -t :80", ":80 proto=tcp"},   {"list --kill --dry-run :80", ":80"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct options o;

		assert_int_equal(parse(cases[i].words, &o), 0);
		assert_string_equal(o.command->name, "close");
		assert_ptr_equal(o.command->run, cmd_close);
		same(o.filter, cases[i].filter);
		assert_false(o.all_of);
		options_done(&o);
	}
	/* --all is close's, on whichever side of -K. */
	for (int i = 0; i < 3; i++) {
		static const char *const all[] = {"list --all -K :80", "list -K --all :80", "--all :80 -K"};
		struct options o;

		assert_int_equal(parse(all[i], &o), 0);
		assert_string_equal(o.command->name, "close");
		assert_true(o.all_of);
		same(o.filter, ":80");
		options_done(&o);
	}
}

/* -s is another option with another command, and takes another word. */
static void test_one_letter_two_options(void **state)
{
	struct options o;

	assert_int_equal(parse("kill -s HUP :80", &o), 0);
	assert_string_equal(o.command->name, "kill");
	assert_int_equal(o.signal, 1);
	same(o.filter, ":80");
	options_done(&o);
	assert_int_equal(parse("-s list :80", &o), 0);
	assert_string_equal(o.command->name, "list");
	assert_true(o.summary);
	same(o.filter, ":80");
	options_done(&o);
	assert_int_equal(parse("-d 3 list", &o), -1); /* the interval is the dashboard's */
	options_done(&o);
}

/* As the fingers know it from kill(1). */
static void test_signals_as_kill(void **state)
{
	static const struct {
		const char *words;
		int signal;
	} cases[] = {
		{"kill -9 :80", SIGKILL},     {"kill -KILL :80", SIGKILL},  {"kill :80 -SIGHUP", SIGHUP},
		{"kill -int -y :80", SIGINT}, {"-9 kill :80", SIGKILL},     {"kill -s 9 :80", SIGKILL},
		{"kill -s9 :80", SIGKILL},    {"kill -15 -9 :80", SIGKILL}, {"kill -STOP -y :80", SIGSTOP},
		{"kill -4 :80", 4},
	};
	static const char *const wrong[] = {
		"kill -0 :80", "kill -999 :80", "kill -TREM :80", "kill -9y :80",  "close -9 :80",
		"list -9 :80", "-9 :80",        "wait -KILL :80", "kill -SIG :80", "kill --KILL :80",
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct options o;

		if (parse(cases[i].words, &o) != 0)
			fail_msg("%s is not taken", cases[i].words);
		assert_string_equal(o.command->name, "kill");
		assert_int_equal(o.signal, cases[i].signal);
		same(o.filter, ":80");
		options_done(&o);
	}
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		struct options o;

		if (parse(wrong[i], &o) != -1)
			fail_msg("%s is taken", wrong[i]);
		options_done(&o);
	}
}

static void test_wrong(void **state)
{
	static const char *const wrong[] = {
		"list -Z",
		"list -tZ",
		"list --jsn",
		"list -t=3",
		"list --view",
		"list --view x",
		"list -i@localhost",
		"list -i:",
		"list -sTCP:NIX",
		"list -sTCP:",
		"list proces=a",
		"kill -t :80",
		"wait -e :80",
		"list -i@[::1",
		"list --columns",
		"list --gone",
		"watch",
		"list --kill=now",
		"explain -4 80",
		"-K --json :80",
		"list --csv -K :80",
		"-aK :80",
		"-K --view ports :80",
	};

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		struct options o;

		if (parse(wrong[i], &o) != -1)
			fail_msg("%s is taken", wrong[i]);
		options_done(&o);
	}
}

/* Every letter and name is one option of a command, and no two options of a command share one. */
static void test_table(void **state)
{
	for (size_t i = 0; i < option_rows_n; i++) {
		const struct option_row *a = &option_rows[i];

		assert_true(a->name && *a->name && a->help && *a->help && a->take && a->on);
		assert_string_not_equal(a->name, "help");
		assert_true(a->letter != 'h');
		for (size_t k = 0; k < i; k++) {
			const struct option_row *b = &option_rows[k];

			if (!(a->on & b->on))
				continue;
			assert_string_not_equal(a->name, b->name);
			assert_false(a->letter && a->letter == b->letter);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),           cmocka_unit_test(test_toggles),
		cmocka_unit_test(test_close_as_ss),     cmocka_unit_test(test_one_letter_two_options),
		cmocka_unit_test(test_wrong),           cmocka_unit_test(test_table),
		cmocka_unit_test(test_signals_as_kill),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
