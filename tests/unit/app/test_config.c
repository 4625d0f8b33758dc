/* The user's settings: what is read, what is refused and where, and what `W` leaves as it was. */
#include "config.h"
#include "options.h"
#include "sockeye/base/mem.h"
#include "sockeye/base/units.h"
#include "sockeye/view/key.h"
#include <errno.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64], path[128];

void complain(const char *fmt, ...)
{
}

static void put_file(const char *text)
{
	FILE *f;

	snprintf(path, sizeof(path), "%s/sockeye", dir);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/sockeye/config", dir);
	unlink(path);
	if (!text)
		return;
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static char *get_file(void)
{
	static char buf[8192];
	FILE *f = fopen(path, "r");
	size_t n;

	assert_non_null(f);
	n = fread(buf, 1, sizeof(buf) - 1, f);
	buf[n] = '\0';
	fclose(f);
	return buf;
}

static void load(struct config *c, const char *text)
{
	put_file(text);
	config_load(c, NULL);
}

static void test_none(void **state)
{
	struct config c;

	load(&c, NULL);
	assert_string_equal(c.error, "");
	assert_false(c.found);
	assert_string_equal(c.path, path);
	assert_int_equal(c.interval_ns, NSEC_PER_SEC);
	assert_int_equal(c.view, VIEW_PORTS);
	assert_true(c.color && c.mouse && !c.ascii && !c.read_only);
	config_done(&c);
}

#ifdef HAVE_INIH
static void test_all(void **state)
{
	struct config c;

	load(&c, "# a comment\n"
		 "[general]\n"
		 "  interval = 500ms\n"
		 "\tview: stuck\n"
		 "color = no\n"
		 "[columns]\n"
		 "ports = +class,-unit ; and this is one too\n"
		 "[sort]\n"
		 "connections = -idle_s,process\n"
		 "[styles]\n"
		 "bad = bold 208 on blue\n"
		 "[keys]\n"
		 "kill = F8 ^K\n"
		 "[view stuck]\n"
		 "columns = +fds\n"
		 "show = processes\n"
		 "filter = state=close-wait or (port>80 !tcp)\n");
	assert_string_equal(c.error, "");
	assert_true(c.found);
	assert_int_equal(c.interval_ns, NSEC_PER_SEC / 2);
	assert_int_equal(c.view, VIEW_N);
	assert_false(c.color);
	assert_string_equal(c.columns[VIEW_PORTS], "+class,-unit");
	assert_null(c.columns[VIEW_CONNECTIONS]);
	assert_string_equal(c.sort[VIEW_CONNECTIONS], "-idle_s,process");
	assert_int_equal(c.looks[STYLE_BAD].attrs, TERM_BOLD);
	assert_int_equal(c.looks[STYLE_BAD].fg, 208);
	assert_int_equal(c.looks[STYLE_BAD].bg, 4);
	assert_string_equal(keymap_find(&c.keymap, 'K' - '@', WHERE_TABLE)->action, "kill");
	assert_int_equal(c.named_n, 1);
	assert_string_equal(c.named[0].name, "stuck");
	assert_int_equal(c.named[0].view, VIEW_PROCESSES);
	assert_string_equal(c.named[0].filter, "state=close-wait or (port>80 !tcp)");
	assert_string_equal(c.named[0].columns, "+fds");
	config_done(&c);
}

/* An error gives no rights back, wherever it stands. */
static void test_read_only(void **state)
{
	static const struct {
		const char *text;
		bool read_only, wrong;
	} cases[] = {
		{"[general]\nread_only = yes\n", true, false},
		{"[general]\nread_only = no\n", false, false},
		{"[general]\nread_only = yes\ninterval = 3x\n", true, true},
		{"[general]\ninterval = 3x\nread_only = yes\n", true, true},
		{"[general]\nread_only = perhaps\n", true, true},
		{"[general]\ninterval = 3x\n", false, true},
		{"[view stuck]\nfilter = port=https\n[general]\nread_only = yes\n", true, true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config c;

		load(&c, cases[i].text);
		assert_int_equal(c.read_only, cases[i].read_only);
		assert_int_equal(c.error[0] != '\0', cases[i].wrong);
		assert_int_equal(config_read_only(), cases[i].read_only);
		config_done(&c);
	}
	put_file(NULL);
	assert_false(config_read_only());
}

static void test_wrong(void **state)
{
	static const struct {
		const char *text, *error; /* behind the path */
	} cases[] = {
		{"[general]\ninterval = 3x\n",
		 ":2: interval: \"3x\" is no duration; expected 2, 500ms, 30s or 5m"},
		{"[general]\n\n\nintervall = 3s\n",
		 ":4: intervall: no setting \"intervall\" here; did you mean interval?"},
		{"[general]\nview = nowhere\n",
		 ":2: view: no view \"nowhere\"; expected one of ports connections processes"},
		{"[general]\ncolor = maybe\n", ":2: color: \"maybe\" is neither yes nor no"},
		{"[generall]\ncolor = no\n",
		 ":2: no section [generall]; expected [general] [columns] [sort] [styles] [keys] [view]"},
		{"rubbish\n", ":1: neither [section] nor key = value"},
		{"[columns\nports = pid\n", ":1: neither [section] nor key = value"},
		{"[columns]\nports = port,nix\n",
		 ":2: ports: ports has no column \"nix\"; all: sockeye list --help-columns --view ports"},
		{"[sort]\nport = pid\n", ":2: port: no setting \"port\" here; did you mean ports?"},
		{"[styles]\nbad = pink\n", ":2: bad: \"pink\" is no look; expected plain bold dim italic "
					   "underline reverse, a colour (red, 208, "
					   "default), on and a colour"},
		{"[keys]\nkil = K\n", ":2: kil: no action \"kil\"; did you mean kill?"},
		{"[keys]\nkill = F99\n",
		 ":2: kill: no key \"F99\"; expected a, ^A, F1, Up, Space, Enter …, or none"},
		{"[keys]\nkill = K\ndetail = v K\n",
		 ":3: detail: the key K is given to both kill and detail"},
		{"[keys]\nquit = none\nback_or_quit = none\n",
		 ":3: no key is left to quit with; give one to quit or back_or_quit"},
		{"[keys]\nrow_up = q Q F10 ^C\n[general]\nview = ports\n",
		 ":2: no key is left to quit with; give one to quit or back_or_quit"},
		{"[view x]\nfilter = proces=1\n", ":2: filter: no field \"proces\"; did you mean process?"},
		{"[keys]\n[view x]\nshow = ports\n", ":3: [view x] has no filter"},
		{"[view x]\nfilter = tcp\ncolumns = cookie\n", NULL},
		{"[view x]\nfilter = tcp\nshow = ports\ncolumns = cookie\n",
		 ":2: ports has no column \"cookie\"; all: sockeye list --help-columns --view ports"},
		{"[view ports]\nfilter = tcp\n",
		 ":2: filter: [view ports]: there is such a view already; another name?"},
		{"[view a\033[2Jb]\nfilter = tcp\n",
		 ":2: filter: a view needs a name of at most 20 characters: [view stuck]"},
		/* The first one is told, whoever found it. */
		{"[general]\ncolor = maybe\nrubbish\n", ":2: color: \"maybe\" is neither yes nor no"},
		{"[general]\nrubbish\ncolor = maybe\n", ":2: neither [section] nor key = value"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct config c;
		char expected[600] = "";

		load(&c, cases[i].text);
		if (cases[i].error)
			snprintf(expected, sizeof(expected), "%s%s", path, cases[i].error);
		assert_string_equal(c.error, expected);
		assert_int_equal(c.found, !cases[i].error);
		if (cases[i].error) { /* as without a file */
			assert_int_equal(c.interval_ns, NSEC_PER_SEC);
			assert_int_equal(c.named_n, 0);
			assert_null(c.columns[VIEW_PORTS]);
			assert_string_equal(keymap_find(&c.keymap, 'v', WHERE_TABLE)->action, "detail");
		}
		config_done(&c);
	}
}

/* The parser's own lines are short. */
static void test_long_lines(void **state)
{
	struct str text = {0}, filter = {0};
	struct config c;

	str_puts(&filter, "port=1");
	for (int i = 2; i < 300; i++)
		str_putf(&filter, ",%d", i);
	str_puts(&filter, " or process=nginx or process=node");
	for (int i = 0; i < 40; i++)
		str_putf(&filter, " or process=p%d", i);
	str_puts(&text, "# ");
	for (int i = 0; i < 1000; i++)
		str_putc(&text, 'x');
	str_putf(&text, "\n[view long]\nfilter = %s\nsort = -idle_s\n[general]\ncolor = maybe\n",
		 str_text(&filter));
	load(&c, str_text(&text));
	assert_non_null(strstr(c.error, "/config:6: color: "));
	config_done(&c);
	text.s[text.n - strlen("[general]\ncolor = maybe\n")] = '\0';
	load(&c, str_text(&text));
	assert_string_equal(c.error, "");
	assert_string_equal(c.named[0].filter, str_text(&filter));
	assert_string_equal(c.named[0].sort, "-idle_s");
	config_done(&c);
	str_clear(&text);
	str_puts(&text, "[keys]\n\nkill = ");
	for (int i = 0; i < 400; i++)
		str_putc(&text, 'x');
	load(&c, str_text(&text));
	assert_non_null(strstr(c.error, "/config:3: the line is too long"));
	config_done(&c);
	str_done(&text);
	str_done(&filter);
}

/* What --print-config prints means the same when it is read, and is printed the same again. */
static void test_print(void **state)
{
	struct config c;
	char *first, *second, *body;
	size_t n;
	FILE *f;

	load(&c, "[general]\ninterval=250ms\nview=mine\n[keys]\nkill=F8\nfindings=none\nsearch=Semicolon\n"
		 "[columns]\nports=+class\n[styles]\nplain=reverse 17\n[view mine]\nfilter=tcp\n");
	assert_string_equal(c.error, "");
	f = open_memstream(&first, &n);
	assert_int_equal(config_print(&c, f), 0);
	fclose(f);
	config_done(&c);
	assert_non_null(strstr(first, "\ninterval = 250ms\n"));
	assert_non_null(strstr(first, "\nview = mine\n"));
	assert_non_null(strstr(first, "\nkill = F8\n"));
	assert_non_null(strstr(first, "\nfindings = none\n"));
	assert_non_null(strstr(first, "\nsearch = Semicolon\n"));
	assert_non_null(strstr(first, "\nplain = reverse 17\n"));
	load(&c, first);
	assert_string_equal(c.error, "");
	f = open_memstream(&second, &n);
	assert_int_equal(config_print(&c, f), 0);
	fclose(f);
	assert_string_equal(second, first);
	config_done(&c);
	/* Every action has its line. */
	for (size_t i = 0; i < binding_table_n; i++) {
		char line[64];

		snprintf(line, sizeof(line), "\n%s = ", binding_table[i].action);
		body = strstr(first, line);
		assert_non_null(body);
	}
	free(first);
	free(second);
}
#endif

static void test_keep(void **state)
{
	struct config_kept kept[] = {
		{"general", "interval", (char *)(uintptr_t) "2s"},
		{"columns", "ports", NULL},
		{"sort", "ports", (char *)(uintptr_t) "-conns"},
		{"view a b", "sort", (char *)(uintptr_t) "pid"},
	};
	char err[200] = "";
	struct stat st;

	put_file("; my own\n[keys]\n# interval = 9s\ninterval = K\n\n[general]\ncolor = no\nInterval=1s ; "
		 "old\n\n"
		 "[columns]\nports = pid\nconnections = pid\n[view a b]\nfilter = tcp\n\n# the end\n");
	chmod(path, 0640);
	assert_int_equal(config_keep(path, kept, 4, err, sizeof(err)), 0);
	assert_string_equal(
		get_file(),
		"; my own\n[keys]\n# interval = 9s\ninterval = K\n\n[general]\ncolor = no\ninterval = 2s\n\n"
		"[columns]\nconnections = pid\n[view a b]\nfilter = tcp\n\n# the end\nsort = pid\n"
		"\n[sort]\nports = -conns\n");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	/* Again it changes nothing. */
	assert_int_equal(config_keep(path, kept, 4, err, sizeof(err)), 0);
	assert_non_null(strstr(get_file(), "# the end\nsort = pid\n\n[sort]\nports = -conns\n"));
}

static void test_keep_new(void **state)
{
	struct config_kept kept[] = {{"general", "view", (char *)(uintptr_t) "ports"}};
	char deep[200], err[200] = "";
	struct stat st;

	snprintf(deep, sizeof(deep), "%s/a/b/sockeye/config", dir);
	assert_int_equal(config_keep(deep, kept, 1, err, sizeof(err)), 0);
	assert_int_equal(stat(deep, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	strcpy(path, deep);
	assert_string_equal(get_file(), "[general]\nview = ports\n");
}

static void test_keep_not(void **state)
{
	struct config_kept kept[] = {{"general", "view", (char *)(uintptr_t) "ports"}};
	char other[200], err[200] = "";

	put_file("[general]\n");
	snprintf(other, sizeof(other), "%s/target", dir);
	assert_int_equal(rename(path, other), 0);
	assert_int_equal(symlink(other, path), 0);
	assert_int_equal(config_keep(path, kept, 1, err, sizeof(err)), -ELOOP);
	assert_non_null(strstr(err, "is a symbolic link: not written"));
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(config_keep(path, kept, 1, err, sizeof(err)), -EINVAL);
	rmdir(path);
	/* A file in the place of a directory. */
	snprintf(other, sizeof(other), "%s/target/sockeye/config", dir);
	assert_int_equal(config_keep(other, kept, 1, err, sizeof(err)), -ENOTDIR);
}

static void test_unreadable(void **state)
{
	struct config c;

	put_file(NULL);
	assert_int_equal(mkfifo(path, 0600), 0);
	config_load(&c, NULL); /* does not wait for a writer */
	assert_non_null(strstr(c.error, "no regular file"));
	config_done(&c);
	unlink(path);
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("HOME");
	config_load(&c, NULL);
	assert_null(c.path);
	assert_string_equal(c.error, "");
	config_done(&c);
	setenv("HOME", "/nowhere", 1);
	config_load(&c, NULL);
	assert_string_equal(c.path, "/nowhere/.config/sockeye/config");
	config_done(&c);
	setenv("XDG_CONFIG_HOME", dir, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_none),
#ifdef HAVE_INIH
		cmocka_unit_test(test_all),      cmocka_unit_test(test_read_only),
		cmocka_unit_test(test_wrong),    cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_print),
#endif
		cmocka_unit_test(test_keep),     cmocka_unit_test(test_keep_new),
		cmocka_unit_test(test_keep_not), cmocka_unit_test(test_unreadable),
	};
	char command[100];
	int r;

	setlocale(LC_CTYPE, "C.UTF-8");
	strcpy(dir, "/tmp/sockeye-config-XXXXXX");
	if (!mkdtemp(dir))
		return 1;
	setenv("XDG_CONFIG_HOME", dir, 1);
	r = cmocka_run_group_tests(tests, NULL, NULL);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) || r;
}
