/* Reads the command line with the tables of options.c: words, long options, bundled letters, and what is
 * wrong with them. */
#include "live_source.h"
#include "options.h"
#include "options_private.h"
#include "sockeye/action/kill.h"
#include "sockeye/base/mem.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include "sockeye/table/filter.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void put_safe(struct str *out, const char *s)
{
	text_put_cell(out, s, strlen(s), MB_CUR_MAX == 1, SIZE_MAX);
}

void complain(const char *fmt, ...)
{
	struct str line = {0};
	char *text = NULL;
	va_list ap;
	va_start(ap, fmt);
	int n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		die("no memory");
	str_puts(&line, "sockeye: ");
	put_safe(&line, text);
	free(text);
	str_putc(&line, '\n');
	fputs(str_text(&line), stderr);
	str_done(&line);
}

void complain_near(const struct options *o)
{
	complain("no command \"%s\"; did you mean %s?   (filter: sockeye -- %s)", o->first_word,
		 o->near_command, o->filter);
}

/* The filter, what is wrong with it marked below, and what was expected. */
static void complain_filter(const char *text, const struct filter_error *e)
{
	struct str line = {0};
	size_t n = strlen(text), at = e->at < n ? e->at : n, len = e->len < n - at ? e->len : n - at;
	bool ascii = MB_CUR_MAX == 1;
	complain("filter: %s", e->text);
	str_puts(&line, "    ");
	text_put_cell(&line, text, at, ascii, SIZE_MAX);
	int start = text_width(str_text(&line));
	size_t before = line.n;
	text_put_cell(&line, text + at, len, ascii, SIZE_MAX);
	int width = len ? text_width(str_text(&line) + before) : 1;
	text_put_cell(&line, text + at + len, n - at - len, ascii, SIZE_MAX);
	str_putf(&line, "\n%*s^", start, "");
	for (int i = 1; i < width; i++)
		str_putc(&line, '~');
	if (strstr(e->text, "\" alone matches nothing;")) {
		char field[32];
		snprintf(field, sizeof(field), "%.*s", (int)len, text + at);
		n = strlen(field);
		const char *value = n > 5 && !strcmp(field + n - 5, "_rate") ? "1M"
				    : n > 2 && !strcmp(field + n - 2, "_s")  ? "60s"
									     : "1024";
		str_clear(&line);
		str_putf(&line, "    quote it: '%s>%s', or write: %s gt %s", field, value, field, value);
	} else if (e->mend[0] || !strncmp(e->text, "no field", 8))
		str_putf(&line, "%*s%s", start + width < 20 ? 22 - start - width : 2, "",
			 "all fields: sockeye list --help-columns");
	str_putc(&line, '\n');
	fputs(str_text(&line), stderr);
	str_done(&line);
}

static const struct command *command_named(const char *name)
{
	for (size_t i = 0; i < commands_n; i++)
		if (commands[i].name && !strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static const char *near_command(const char *word)
{
	const char *names[16];
	size_t n = 0;
	if (word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")])
		return NULL;
	for (size_t i = 0; i < commands_n; i++)
		if (commands[i].name)
			names[n++] = commands[i].name;
	int near = text_nearest(word, names, n);
	return near < 0 ? NULL : names[near];
}

/* letter 0: by name, which ends at n. on: commands; of several with this name theirs, else the first. */
static const struct option_row *row_of(uint8_t on, char letter, const char *name, size_t n)
{
	const struct option_row *first = NULL;
	for (size_t i = 0; i < option_rows_n; i++) {
		const struct option_row *row = &option_rows[i];
		if (letter ? row->letter != letter : (strlen(row->name) != n || memcmp(row->name, name, n)))
			continue;
		if (row->on & on)
			return row;
		if (!first)
			first = row;
	}
	return first;
}

/* As kill(1) has them: "9", "KILL", "SIGKILL". A number is meant as one even when there is no such signal. */
static bool is_signal(const char *word)
{
	return word[strspn(word, "0123456789")] == '\0' || kill_signal_by_name(word);
}

static int no_option(uint8_t on, const char *word)
{
	const char *names[128];
	size_t n = 0;
	if (on & ON_KILL && word[1] != '-' && word[2]) {
		for (; n < kill_signals_n && n < ARRAY_LEN(names); n++)
			names[n] = kill_signals[n].name;
		int sig = text_nearest(word + 1 + 3 * !strncmp(word + 1, "SIG", 3), names, n);
		if (sig >= 0) {
			complain("no option %s; did you mean -%s?", word, names[sig]);
			return -1;
		}
		n = 0;
	}
	for (; n < option_rows_n && n < ARRAY_LEN(names); n++)
		names[n] = option_rows[n].name;
	int near = word[0] == '-' && word[1] == '-' ? text_nearest(word + 2, names, n) : -1;
	if (near >= 0)
		complain("no option %s; did you mean --%s?", word, names[near]);
	else
		complain("no option %s; see sockeye --help   (filter: sockeye -- %s)", word, word);
	return -1;
}

struct words {
	struct reading r;
	int argc, at;
	char **argv;
	bool help, version;
};

/* Whose option it is, in one line. */
static void complain_elsewhere(const struct option_row *row, const char *spelled)
{
	struct str whose = {0};
	const char *name = NULL;
	for (size_t i = 0; i < commands_n; i++) {
		if (!(commands[i].bit & row->on))
			continue;
		str_putf(&whose, "%s%s", whose.n ? ", " : "",
			 commands[i].name ? commands[i].name : "the dashboard");
		name = name ? name : commands[i].name ? commands[i].name : "";
	}
	complain("%s belongs to %s: sockeye %s%s...", spelled, str_text(&whose), name ? name : "",
		 name && *name ? " " : "");
	str_done(&whose);
}

/* One option, named as the user spelled it. attached: what came with it, "=value" or the rest of the letters. */
static int take(struct words *w, const struct option_row *row, const char *spelled, const char *attached)
{
	const char *value = attached;
	if (!(row->on & w->r.on)) {
		complain_elsewhere(row, spelled);
		return -1;
	}
	if (!row->arg && value) {
		complain("%s takes no value", spelled);
		return -1;
	}
	if (row->arg && !value) {
		if (w->at + 1 >= w->argc) {
			complain("%s needs a value: %s", spelled, row->arg);
			return -1;
		}
		value = w->argv[++w->at];
	}
	/* Close has an --all of its own, which is what is meant if a -K is still to come. */
	w->r.all_word |= !strcmp(spelled, "--all");
	/* Not -K itself, whose name is kill. */
	if (!(row->on & ON_CLOSE) && strcmp(row->name, "kill") && strcmp(spelled, "--all") &&
	    !w->r.not_close[0])
		snprintf(w->r.not_close, sizeof(w->r.not_close), "%s", spelled);
	return row->take(&w->r, row, value);
}

static int read_long(struct words *w, const char *word)
{
	const char *name = word + 2, *eq = strchr(name, '=');
	size_t n = eq ? (size_t)(eq - name) : strlen(name);
	if (!eq && !strcmp(name, "help")) {
		w->help = true;
		return 0;
	}
	if (!eq && !strcmp(name, "version")) {
		w->version = true;
		return 0;
	}
	const struct option_row *row = row_of(w->r.on, 0, name, n);
	if (!row)
		return no_option(w->r.on, word);
	char spelled[32];
	snprintf(spelled, sizeof(spelled), "--%s", row->name);
	return take(w, row, spelled, eq ? eq + 1 : NULL);
}

static int read_letters(struct words *w, const char *word)
{
	int lsof = take_lsof(&w->r, word + 1);
	if (lsof <= 0)
		return lsof;
	if (w->r.on & ON_KILL && is_signal(word + 1))
		return take(w, row_of(ON_KILL, 0, "signal", strlen("signal")), "--signal", word + 1);
	for (const char *p = word + 1; *p; p++) {
		char spelled[] = {'-', *p, '\0'};
		if (*p == 'h') {
			w->help = true;
			continue;
		}
		const struct option_row *row = row_of(w->r.on, *p, NULL, 0);
		if (!row)
			return no_option(w->r.on, p == word + 1 ? word : spelled);
		int r = take(w, row, spelled, row->arg && p[1] ? p + 1 : NULL);
		if (r < 0 || row->arg)
			return r;
	}
	return 0;
}

/* Does an option have a value whatever the command is? letter 0: by name. */
static bool has_value(char letter, const char *name)
{
	bool known = false;
	for (size_t i = 0; i < option_rows_n; i++) {
		const struct option_row *row = &option_rows[i];
		if (letter ? row->letter != letter : strcmp(row->name, name) != 0)
			continue;
		if (!row->arg)
			return false;
		known = true;
	}
	return known;
}

/* The command is the first word that is neither an option nor an option's value. */
static const struct command *find_command(int argc, char **argv, int *ret_at)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		const char *s = argv[i];
		bool value = false;
		if (s[0] != '-' || !s[1]) {
			const struct command *c = command_named(s);
			*ret_at = c ? i : 0;
			return c ? c : &commands[0];
		}
		if (s[1] == '-') {
			value = !strchr(s, '=') && has_value(0, s + 2);
		} else {
			/* The first letter that takes a value takes the rest, or the next word when it is last. */
			const char *p = s + 1;
			while (*p && !has_value(*p, NULL))
				p++;
			value = *p && !p[1];
		}
		if (value)
			i++;
	}
	*ret_at = 0;
	return &commands[0];
}

/* What the letters narrow, as filter terms behind the user's own. */
static void put_terms(struct str *out, const struct reading *r)
{
	struct options *o = r->o;
	const char *before = " proto=";
	for (int i = 0; i < PROTO_N; i++) {
		if (!(r->protos & PROTO_BIT(i)))
			continue;
		str_putf(out, "%s%s", before, proto_table[i].name);
		before = ",";
	}
	if (r->v4 != r->v6)
		str_puts(out, r->v4 ? " family=ipv4" : " family=ipv6");
	if (r->inet.n)
		str_putf(out, r->inet_n > 1 ? " (%s)" : " %s", str_text(&r->inet));
	if (r->terms.n)
		str_putf(out, " %s", str_text(&r->terms));
	if ((!o->letters && !r->lsof) || o->command->bit == ON_CLOSE || o->summary)
		return;
	/* As ss does: without -l sockets, connected ones unless -a says all; with -l the ports. */
	bool given = o->view >= 0;
	/* What has no ports is in the list of sockets alone. */
	bool ports = !r->protos || r->protos & PROTOS_PORTS;
	o->all = o->all || r->lsof; /* lsof knows no other way */
	if (!given && o->listening && ports)
		o->view = VIEW_PORTS;
	else if (!given)
		o->view = r->dashboard ? VIEW_CONNECTIONS : VIEW_SOCKETS;
	if (r->dashboard) /* its views leave out by themselves what was not asked for */
		return;
	if (!given && !o->listening &&
	    !o->all) /* a packet socket never is, and would not be asked for in vain */
		str_puts(out, r->protos & PROTO_BIT(PROTO_PACKET) ? " (state=connected or proto=packet)"
								  : " state=connected");
	else if (o->listening && !o->all && o->view != VIEW_PORTS)
		str_puts(out, " state=listening,bound,unconn");
}

/* The letters' columns behind the user's list, as far as the view has them. */
static void finish_columns(struct reading *r)
{
	struct options *o = r->o;
	enum row_kind kind = (enum row_kind)view_table[o->view >= 0 ? o->view : VIEW_PORTS].rows;
	bool signs = !o->columns || strpbrk(o->columns, "+-");
	struct str list = {0};
	/* Formats for programs have all columns anyway. */
	if (!r->columns.n || o->format != FORMAT_TEXT)
		return;
	str_puts(&list, o->columns ? o->columns : "");
	for (const char *p = str_text(&r->columns); *p; p += *p == ',') {
		size_t n = strcspn(p, ",");
		char key[32];
		snprintf(key, sizeof(key), "%.*s", (int)n, p);
		if (column_by_key(kind, key + 1))
			str_putf(&list, "%s%s", list.n ? "," : "", signs ? key : key + 1);
		p += n;
	}
	if (list.n)
		o->columns = o->columns_text = str_take(&list);
	str_done(&list);
}

static int finish_filter(struct words *w, struct str *text)
{
	struct filter_error error;
	struct filter *f = NULL;
	struct services *services = services_load("/etc/services");
	struct str terms = {0}, whole = {0};
	int r = filter_parse(str_text(text), services, &f, &error);
	if (r < 0)
		complain_filter(str_text(text), &error);
	filter_free(f);
	put_terms(&terms, &w->r);
	if (r == 0 && (text->n || terms.n)) {
		/* An `or` of the user's binds less than the terms that are added. */
		bool parens = text->n && terms.n && strchr(str_text(text), ' ');
		str_putf(&whole, parens ? "(%s)%s" : "%s%s", str_text(text), str_text(&terms));
		f = NULL;
		if (parens && filter_parse(str_text(&whole), services, &f, &error) < 0) {
			str_clear(&whole);
			str_putf(&whole, "%s%s", str_text(text), str_text(&terms));
		}
		filter_free(f);
		char *s = str_take(&whole);
		size_t skip = strspn(s, " ");
		memmove(s, s + skip, strlen(s + skip) + 1);
		w->r.o->filter = s;
	}
	services_free(services);
	str_done(&terms);
	str_done(&whole);
	return r < 0 ? -1 : 0;
}

static void print_version(void)
{
	struct str text = {0};

	str_putf(&text, "sockeye %s\n", SOCKEYE_VERSION);
	live_source_put_method(&text);
	fputs(str_text(&text), stdout);
	str_done(&text);
}

static int read_words(struct words *w, int command_at, struct str *text)
{
	struct options *o = w->r.o;
	bool options = true;
	for (w->at = 1; w->at < w->argc; w->at++) {
		const char *s = w->argv[w->at];
		int r = 0;
		if (w->at == command_at)
			continue;
		if (options && !strcmp(s, "--")) {
			options = false;
		} else if (options && s[0] == '-' && s[1] == '-') {
			r = read_long(w, s);
		} else if (options && s[0] == '-' && s[1]) {
			r = read_letters(w, s);
		} else {
			if (!text->n && options && !command_at) {
				o->first_word = s;
				o->near_command = near_command(s);
			}
			if (text->n)
				str_putc(text, ' ');
			str_puts(text, s);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

int options_parse(int argc, char **argv, struct options *ret)
{
	struct str text = {0};
	int command_at;
	*ret = (struct options){.view = -1,
				.header = true,
				.timeout_ns = UINT64_MAX,
				.wait_ns = 5 * NSEC_PER_SEC,
				.kill_after_ns = UINT64_MAX};
	struct words w = {.r = {.o = ret}, .argc = argc, .argv = argv};
	ret->command = find_command(argc, argv, &command_at);
	if (!ret->command->run) {
		complain("%s is not in this version%s%s   (filter: sockeye -- %s)", ret->command->name,
			 ret->command->help ? "; " : "", ret->command->help ? ret->command->help : "",
			 ret->command->name);
		ret->command = &commands[0];
		return -1;
	}
	bool dashboard = !ret->command->name && isatty(STDOUT_FILENO);
	w.r.dashboard = dashboard;
	w.r.on = ret->command->name || dashboard ? ret->command->bit : ON_DASHBOARD | ON_LIST;
	int r = read_words(&w, command_at, &text);
	if (r == 0 && w.help) {
		help_print(ret->command);
		r = 1;
	} else if (r == 0 && w.version) {
		print_version();
		r = 1;
	} else if (r == 0 && dashboard && ret->view >= 0 && !view_table[ret->view].dashboard) {
		complain("--view: %s is for list: sockeye list --view %s", view_table[ret->view].key,
			 view_table[ret->view].key);
		r = -1;
	} else if (r == 0 && ret->command->bit == ON_CLOSE && w.r.not_close[0]) {
		complain("%s does not go with -K, which closes as sockeye close does; its options: sockeye "
			 "close --help",
			 w.r.not_close);
		r = -1;
	} else if (r == 0 && ret->command->bit == ON_CLOSE && w.r.all_word) {
		ret->all_of = true;
	}
	if (r == 0 && ret->command->words) {
		ret->words = text.n ? str_take(&text) : NULL;
	} else if (r == 0) {
		r = finish_filter(&w, &text);
		finish_columns(&w.r);
	}
	str_done(&w.r.columns);
	str_done(&w.r.terms);
	str_done(&w.r.inet);
	str_done(&text);
	return r;
}

void options_done(struct options *o)
{
	if (!o)
		return;
	free(o->filter);
	free(o->words);
	free(o->columns_text);
	o->filter = o->words = o->columns_text = NULL;
}
