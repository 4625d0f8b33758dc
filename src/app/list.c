/* sockeye list: one look at the kernel, one table, printed; no dashboard, no second look. */
#include "list.h"
#include "look_once.h"
#include "netns_option.h"
#include "print.h"
#include "sockeye/base/mem.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include "sockeye/report/report.h"
#include "summary.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <unistd.h>

struct look { /* all zero before look_open */
	struct look_once base;
	struct table table;
	bool tabled;
	bool last; /* the program ends with it */
};

static void look_done(struct look *l)
{
	if (l->tabled)
		table_done(&l->table);
	look_once_done(&l->base);
}

/* The nearest key of this kind of rows to a wrong one; NULL: none is near. */
static const char *near_key(enum row_kind kind, const char *key)
{
	size_t n;
	const struct column *cols = columns_of(kind, &n);
	const char **names = mem_alloc(n, sizeof(*names));
	for (size_t i = 0; i < n; i++)
		names[i] = cols[i].kind == KIND_OBJECT ? "" : cols[i].key; /* JSON's alone: no help here */
	int near = text_nearest(key, names, n);
	free(names);
	return near < 0 ? NULL : cols[near].key;
}

static void complain_column(const char *option, enum view_id view, const char *key)
{
	const struct view_info *v = &view_table[view];
	if (column_by_key((enum row_kind)v->rows, key)) {
		complain("%s: %s is for JSON alone", option, key);
		return;
	}
	/* The name itself is meant, in whatever view it is. */
	for (size_t i = 0; i < VIEW_N; i++)
		if (column_by_key((enum row_kind)view_table[i].rows, key)) {
			complain("%s: %s has no \"%s\", %s has: --view %s", option, v->key, key,
				 view_table[i].key, view_table[i].key);
			return;
		}
	const char *near = near_key((enum row_kind)v->rows, key);
	if (near) {
		complain("%s: %s has no \"%s\"; did you mean %s?", option, v->key, key, near);
		return;
	}
	for (size_t i = 0; i < VIEW_N; i++) {
		near = near_key((enum row_kind)view_table[i].rows, key);
		if (!near)
			continue;
		complain("%s: %s has no \"%s\"; did you mean %s? (view %s)", option, v->key, key, near,
			 view_table[i].key);
		return;
	}
	complain("%s: %s has no \"%s\"; all: sockeye list --help-columns --view %s", option, v->key, key,
		 v->key);
}

static int column_list(struct look *l, const char *option, const char *list,
		       int (*set)(struct table *, const char *, char *, size_t))
{
	char key[256] = "";
	if (!list)
		return 0;
	if (!list[strspn(list, ", ")]) {
		complain("%s needs names of columns; all: sockeye list --help-columns", option);
		return -1;
	}
	if (set(&l->table, list, key, sizeof(key)) >= 0)
		return 0;
	complain_column(option, l->table.view, key);
	return -1;
}

/* The table as the command line wants it, still without rows. */
static int look_open(struct look *l, const struct options *o)
{
	if (look_once_told(&l->base, look_once_open(&l->base, o->filter)) < 0)
		return -1;
	table_init(&l->table, o->view >= 0 ? (enum view_id)o->view : VIEW_PORTS);
	l->tabled = true;
	l->table.filter = l->base.filter;
	l->table.all = o->all;
	l->table.listening = l->table.view == VIEW_CONNECTIONS && (o->listening || o->all);
	l->table.findings_only = o->findings;
	table_hide_live(&l->table);
	/* More and fewer than what the format has unasked: for programs that is every key. */
	if (o->format != FORMAT_TEXT && o->columns && (*o->columns == '+' || *o->columns == '-')) {
		struct str keys = {0};
		size_t n;
		const struct column *cols = columns_of((enum row_kind)l->table.rows_kind, &n);
		for (size_t i = 0; i < n; i++)
			if (!(cols[i].flags & COL_DISPLAY))
				str_putf(&keys, "%s,", cols[i].key);
		column_list(l, "--columns", str_text(&keys), table_set_columns);
		str_done(&keys);
	}
	if (column_list(l, "--columns", o->columns, table_set_columns) < 0)
		return -1;
	return column_list(l, "--sort", o->sort, table_set_sort_list);
}

static bool all_keys(const struct options *o)
{
	return o->format != FORMAT_TEXT && !o->columns;
}

/* Texts that take a read of their own, by what needs them: a key that is printed, or a filter. */
static const struct {
	const char *key;
	uint8_t texts; /* 1 << enum late_what */
} late_keys[] = {
	{"user", 1 << LATE_USER},      {"exe", 1 << LATE_EXE},    {"cmdline", 1 << LATE_CMDLINE},
	{"forwards", LOOK_FORWARDERS}, {"unit", LOOK_FORWARDERS},
};
/* Of an owner JSON alone tells more than the pid. */
#define OF_OWNERS (1 << LATE_USER | 1 << LATE_EXE | 1 << LATE_CMDLINE)

static bool column_shown(const struct look *l, const char *key)
{
	for (size_t i = 0; i < l->table.cols.n; i++)
		if (l->table.cols.v[i].shown && !strcmp(l->table.cols.v[i].col->key, key))
			return true;
	return false;
}

static uint8_t late_wanted(const struct look *l, const struct options *o)
{
	uint8_t texts = 0;
	for (size_t k = 0; k < ARRAY_LEN(late_keys); k++) {
		bool wanted = all_keys(o) || (o->filter && strstr(o->filter, late_keys[k].key)) ||
			      (o->sort && strstr(o->sort, late_keys[k].key)) ||
			      column_shown(l, late_keys[k].key);
		if (wanted)
			texts |= late_keys[k].texts;
	}
	if (o->format == FORMAT_JSON || o->format == FORMAT_NDJSON)
		texts |= column_shown(l, "owners") || all_keys(o) ? OF_OWNERS : 0;
	/* A bare word of a filter also looks into user names. */
	if (filter_asks(l->base.filter, NULL) || filter_asks(l->base.filter, "user"))
		texts |= 1 << LATE_USER;
	return texts;
}

#define MANY_SOCKETS 8192
#define SOCKET_BYTES 450 /* from the kernel's answer to the printed line */

static int look_take(struct look *l, const struct options *o)
{
	size_t about = live_sockets_about(l->base.source);
	struct want want = {0};
	int r;

	table_want_alone(&l->table, all_keys(o), &want);
	if (l->last && want.skip & PART_PORTS && !(late_wanted(l, o) & ~(1u << LATE_USER)))
		want.skip |= PART_NEXT; /* nor is anything fetched for the processes of sockets */
	if (l->last && about >= MANY_SOCKETS && want.states & ~STATES_PORT)
		mem_expect(about * SOCKET_BYTES);
	r = netns_option(o, WANT_NETNS_ALL, &want, NULL);
	return r < 0 ? r : look_once_told(&l->base, look_once_take(&l->base, &want));
}

static int look(struct look *l, const struct options *o)
{
	if (look_open(l, o) < 0 || look_take(l, o) < 0)
		return 2;
	look_once_texts(&l->base, late_wanted(l, o));
	table_update(&l->table, &l->base.frame, UINT16_MAX, false);
	return 0;
}

static unsigned terminal_width(void)
{
	struct winsize ws;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == 0 && ws.ws_col)
		return ws.ws_col;
	return 80;
}

/* "1 process", "22 ports" */
static void put_count(struct str *out, uint32_t n, const char *rows)
{
	char count[UNIT_BUF];
	size_t len = strlen(rows);
	if (n == 1)
		len -= len > 3 && !strcmp(rows + len - 3, "ses") ? 2 : 1;
	str_putf(out, "%s %.*s", fmt_count(count, n), (int)len, rows);
}

/* Why nothing could match, where the filter says so itself; told in pipes, too. */
static void tell_clash(const struct look *l)
{
	struct str why = {0}, either = {0}, safe = {0};
	enum row_kind has;
	const char *field;
	if (l->table.matched) {
		return;
	} else if ((field = filter_missing_number(l->base.filter, l->table.rows_kind, &has))) {
		complain("%s have no %s; --view %s", view_table[l->table.view].key, field,
			 view_table[view_of_rows(has)].key);
	} else if (table_leaves_out(&l->table)) {
		complain("connections are neither listening nor bound; for those use --view sockets");
	} else if (filter_clash(l->base.filter, &why, &either)) {
		str_putf(&why, "; for either use %s", str_text(&either));
		text_put_cell(&safe, str_text(&why), why.n, MB_CUR_MAX == 1, SIZE_MAX);
		complain("%s", str_text(&safe));
	}
	str_done(&why);
	str_done(&either);
	str_done(&safe);
}

/* Something was asked for and not handed over, so that rows are missing. */
static bool has_failed(const struct look *l, const struct limit *limit)
{
	return !strcmp(limit->reason, "failed") && filter_needs_limit(l->base.filter, limit);
}

/* Nobody who reads rows alone, a program or a file, would know. JSON has it among its limits. */
static bool tell_failed(const struct look *l, const struct options *o)
{
	bool json = o->format == FORMAT_JSON || o->format == FORMAT_NDJSON, any = false,
	     told = o->format == FORMAT_TEXT && isatty(STDERR_FILENO); /* by tell(), with the others */

	for (size_t i = 0; i < l->base.frame.limits.n; i++) {
		const struct limit *limit = &l->base.frame.limits.v[i];

		if (!has_failed(l, limit))
			continue;
		any = true;
		if (!json && !told)
			complain("%s", limit->text);
	}
	return any;
}

/* What a person should know beside the rows. */
static void tell(const struct look *l, const struct options *o, unsigned hidden)
{
	const struct table *t = &l->table;
	const char *rows = view_table[t->view].key;
	if (isatty(STDERR_FILENO))
		for (size_t i = 0; i < l->base.frame.limits.n; i++)
			if (filter_needs_limit(l->base.filter, &l->base.frame.limits.v[i]))
				complain("%s", l->base.frame.limits.v[i].text);
	if (!isatty(STDOUT_FILENO))
		return;
	struct str line = {0};
	if (!t->matched) {
		str_putf(&line, "no %s", rows);
		if (o->filter) {
			str_puts(&line, " match ");
			text_put_cell(&line, o->filter, strlen(o->filter), MB_CUR_MAX == 1, SIZE_MAX);
		}
	} else {
		put_count(&line, t->matched, rows);
		if (hidden) {
			str_puts(&line, "; ");
			put_count(&line, hidden, "columns");
			str_puts(&line, " hidden, a wider terminal or --columns shows them");
		}
	}
	fprintf(stderr, "%s\n", str_text(&line));
	str_done(&line);
}

/* What filters know besides columns of sockets. */
static void put_filter_names(struct str *out)
{
	struct filter_field f;
	const char *alias, *is;
	str_puts(out, "\nin filters alone, of every socket:\n");
	for (size_t i = 0; filter_field_at(i, &f); i++) {
		const struct column *c = column_by_key(ROWS_SOCK, f.name);
		if (f.sock && (!c || c->kind == KIND_LIST || c->kind == KIND_OBJECT))
			str_putf(out, "  %-30s %s\n", f.name, f.help);
	}
	for (size_t i = 0; (alias = filter_alias_at(i, &is)) != NULL; i++)
		str_putf(out, "  %-30s as %s\n", alias, is);
}

/* --help-columns: what --columns, --sort and filters can name. */
static int print_columns(const struct options *o)
{
	struct str out = {0};
	bool done[ROWS_N] = {false};
	for (size_t v = 0; v < VIEW_N; v++) {
		enum row_kind kind = (enum row_kind)view_table[v].rows;
		if ((o->view >= 0 && (size_t)o->view != v) || done[kind])
			continue;
		size_t n, named = 0;
		const struct column *cols = columns_of(kind, &n);
		done[kind] = true;
		if (out.n)
			str_putc(&out, '\n');
		for (size_t k = 0; k < VIEW_N; k++)
			if (view_table[k].rows == kind)
				str_putf(&out, "%s%s", named++ ? ", " : "", view_table[k].key);
		str_puts(&out, ":\n");
		for (size_t i = 0; i < n; i++)
			str_putf(&out, "  %-16s %-13s %s\n", cols[i].key, cols[i].title ? cols[i].title : "",
				 cols[i].help ? cols[i].help : "");
	}
	if (o->view < 0)
		put_filter_names(&out);
	errno = 0;
	int r = fwrite(str_text(&out), 1, out.n, stdout) != out.n || fflush(stdout) ? -errno : 0;
	str_done(&out);
	return r < 0 ? print_failed(-r) : 0;
}

int list_count(const struct options *o, uint32_t *ret_matched)
{
	struct look l = {0};
	int r = look(&l, o);
	if (r == 0)
		*ret_matched = l.table.matched;
	look_done(&l);
	return r;
}

int cmd_list(const struct options *o)
{
	struct look l = {.last = true};
	struct utsname name;
	unsigned hidden = 0;
	signal(SIGPIPE, SIG_IGN);
	if (o->summary)
		return cmd_summary(o);
	if (o->help_columns)
		return print_columns(o);
	int exit_code = look(&l, o);
	if (exit_code == 0 && !l.table.matched && o->near_command) {
		complain_near(o);
		exit_code = 2;
	} else if (exit_code == 0) {
		uname(&name);
		struct report_opts ro = {
			.format = o->format,
			.header = o->header,
			.terminal = o->format == FORMAT_TEXT && isatty(STDOUT_FILENO),
			.width = terminal_width(),
			.ascii = o->ascii || MB_CUR_MAX == 1,
			.columns_chosen = o->columns != NULL,
			.host = name.nodename,
			.kernel = name.release,
		};
		if (ro.terminal)
			table_layout(&l.table, ro.width, frame_netns_n(&l.base.frame) > 1);
		int r = report_write(stdout, &l.table, &ro, &hidden);
		exit_code = r < 0 ? print_failed(-r) : l.table.matched ? 0 : 1;
		if (r == 0 && tell_failed(&l, o) && !l.table.matched)
			exit_code = 2; /* that there is nothing is not known */
		if (r == 0 && o->format == FORMAT_TEXT)
			tell(&l, o, hidden);
		if (r == 0)
			tell_clash(&l);
	}
	look_done(&l);
	return exit_code;
}
