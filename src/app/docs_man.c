/* The manual page: the hand-written text with the tables in their places. */
#include "config_private.h"
#include "docs.h"
#include "options_private.h"
#include "sockeye/base/mem.h"
#include "sockeye/model/finding.h"
#include "sockeye/table/filter.h"
#include "sockeye/view/binding.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Text that means itself in roff. */
static void put(struct str *out, const char *s)
{
	if (*s == '.' || *s == '\'')
		str_puts(out, "\\&");
	for (; *s; s++) {
		if (*s == '\\')
			str_puts(out, "\\e");
		else if (*s == '-')
			str_puts(out, "\\-");
		else if (*s == '^')
			str_puts(out, "\\(ha");
		else if (*s == '~')
			str_puts(out, "\\(ti");
		else if (*s == '`')
			str_puts(out, "\\(ga");
		else if (*s == '\n')
			str_putc(out, ' ');
		else
			str_putc(out, *s);
	}
}

static void put_bold(struct str *out, const char *s)
{
	str_puts(out, "\\fB");
	put(out, s);
	str_puts(out, "\\fP");
}

static void put_item(struct str *out, const char *tag, const char *text)
{
	str_puts(out, ".TP\n");
	put_bold(out, tag);
	str_putc(out, '\n');
	put(out, text);
	str_puts(out, ".\n");
}

/* Exit codes stand on several lines of --help, indented. */
static void put_folded(struct str *out, const char *s)
{
	struct str one = {0};

	for (; *s; s++) {
		if (*s == '\n' || (*s == ' ' && one.n && one.s[one.n - 1] == ' ')) {
			if (one.n && one.s[one.n - 1] != ' ')
				str_putc(&one, ' ');
			continue;
		}
		str_putc(&one, *s);
	}
	put(out, str_text(&one));
	str_done(&one);
}

static void synopsis(struct str *out)
{
	for (size_t i = 0; i < commands_n; i++) {
		const struct command *c = &commands[i];

		if (!c->run)
			continue;
		str_puts(out, i ? ".br\n" : "");
		str_puts(out, ".B sockeye");
		if (c->name) {
			str_putc(out, ' ');
			put(out, c->name);
		}
		str_puts(out, "\n[\\fIOPTIONS\\fP] \\fI");
		put(out, c->usage ? c->usage : "[FILTER...]");
		str_puts(out, "\\fP\n");
	}
}

static void commands_list(struct str *out)
{
	for (size_t i = 0; i < commands_n; i++)
		if (commands[i].run && commands[i].name)
			put_item(out, commands[i].name, commands[i].help);
}

static void options_list(struct str *out)
{
	for (size_t i = 0; i < option_rows_n; i++) {
		const struct option_row *row = &option_rows[i];
		const char *sep = "";

		str_puts(out, ".TP\n");
		if (row->letter) {
			char letter[] = {'-', row->letter, '\0'};

			put_bold(out, letter);
			str_puts(out, ", ");
		}
		str_puts(out, "\\fB\\-\\-");
		put(out, row->name);
		str_puts(out, "\\fP");
		if (row->arg) {
			str_puts(out, " \\fI");
			put(out, row->arg);
			str_puts(out, "\\fP");
		}
		str_puts(out, "\n");
		put(out, row->help);
		str_puts(out, ".\n(");
		for (size_t k = 0; k < commands_n; k++) {
			if (!(commands[k].bit & row->on))
				continue;
			str_puts(out, sep);
			put(out, commands[k].name ? commands[k].name : "dashboard");
			sep = ", ";
		}
		str_puts(out, ")\n");
	}
	put_item(out, "-h, --help", "The options of a command");
	put_item(out, "--version", "The version");
}

/* Of what it is a number, where that is not the socket: "(of the row in Ports, Processes; else of sockets)". */
static void put_rows(struct str *out, const struct filter_field *f)
{
	const char *sep = " (of the row in ";

	for (int v = 0; v < VIEW_N; v++) {
		if (!(f->rows & 1u << view_table[v].rows))
			continue;
		str_puts(out, sep);
		put(out, view_table[v].title);
		sep = ", ";
	}
	if (f->rows)
		str_puts(out, f->sock ? "; else of sockets)" : ")");
}

static void fields_list(struct str *out)
{
	struct filter_field f;
	const char *alias, *of;

	for (size_t i = 0; filter_field_at(i, &f); i++) {
		str_puts(out, ".TP\n");
		put_bold(out, f.name);
		put_rows(out, &f);
		str_putc(out, '\n');
		put(out, f.help ? f.help : "");
		str_puts(out, ".\n");
		if (filter_word_at(f.name, 0)) {
			for (size_t k = 0; filter_word_at(f.name, k); k++) {
				str_puts(out, k ? " " : "One of ");
				put(out, filter_word_at(f.name, k));
			}
			str_puts(out, ".\n");
		} else if (f.values && *f.values) {
			put(out, f.values);
			str_puts(out, ".\n");
		}
	}
	str_puts(out, ".PP\nOther names:");
	for (size_t i = 0; (alias = filter_alias_at(i, &of)) != NULL; i++) {
		str_puts(out, i ? ", " : " ");
		put_bold(out, alias);
		str_puts(out, " is ");
		put(out, of);
	}
	str_puts(out, ".\n");
}

static void views_list(struct str *out)
{
	for (int i = 0; i < VIEW_N; i++) {
		put_item(out, view_table[i].key, view_table[i].help);
		if (!view_table[i].dashboard)
			str_puts(out, "(list)\n");
	}
}

static void columns_list(struct str *out)
{
	for (int kind = 0; kind < ROWS_N; kind++) {
		size_t n;
		const struct column *cols = columns_of((enum row_kind)kind, &n);
		const char *sep = "";

		str_puts(out, ".SS ");
		for (int v = 0; v < VIEW_N; v++)
			if (view_table[v].rows == kind) {
				str_puts(out, sep);
				put(out, view_table[v].title);
				sep = ", ";
			}
		str_putc(out, '\n');
		for (size_t i = 0; i < n; i++) {
			str_puts(out, ".TP\n");
			put_bold(out, cols[i].key);
			if (cols[i].title && cols[i].title[strspn(cols[i].title, " ")]) {
				str_puts(out, " (");
				put(out, cols[i].title);
				str_putc(out, ')');
			}
			str_putc(out, '\n');
			put(out, cols[i].help ? cols[i].help : "");
			str_puts(out, ".\n");
		}
	}
}

static void keys_list(struct str *out)
{
	for (int g = 0; g < KEYS_N; g++) {
		str_puts(out, ".SS ");
		put(out, binding_group_titles[g]);
		str_putc(out, '\n');
		for (size_t i = 0; i < binding_table_n; i++) {
			const struct binding *b = &binding_table[i];

			if (b->group != g)
				continue;
			str_puts(out, ".TP\n");
			put_bold(out, b->keys);
			str_putc(out, '\n');
			put(out, b->help);
			str_puts(out, " (\\fI");
			put(out, b->action);
			str_puts(out, "\\fP)\n");
		}
	}
}

static void findings_list(struct str *out)
{
	for (size_t i = 0; i < finding_rules_n; i++)
		put_item(out, finding_rules[i].key, finding_rules[i].help);
}

static void config_list(struct str *out)
{
	for (size_t i = 0; i < config_sections_n; i++) {
		const struct config_section *s = &config_sections[i];

		str_puts(out, ".SS [");
		put(out, s->name);
		str_puts(out, !strcmp(s->name, "view") ? " NAME]\n" : "]\n");
		if (s->help) {
			put(out, s->help);
			str_puts(out, ".\n");
		}
		for (size_t k = 0; i == 0 && k < settings_n; k++)
			put_item(out, settings[k].key, settings[k].help);
	}
}

static void exits_list(struct str *out)
{
	for (size_t i = 0; i < commands_n; i++) {
		if (!commands[i].exits)
			continue;
		str_puts(out, ".TP\n");
		put_bold(out, commands[i].name ? commands[i].name : "dashboard");
		str_putc(out, '\n');
		put_folded(out, commands[i].exits);
		str_putc(out, '\n');
	}
}

static void version(struct str *out)
{
	put(out, SOCKEYE_VERSION);
}

static const struct {
	const char *name;
	void (*write)(struct str *out);
} parts[] = {
	{"@VERSION@", version},      {"@SYNOPSIS@", synopsis},  {"@COMMANDS@", commands_list},
	{"@OPTIONS@", options_list}, {"@FIELDS@", fields_list}, {"@VIEWS@", views_list},
	{"@COLUMNS@", columns_list}, {"@KEYS@", keys_list},     {"@FINDINGS@", findings_list},
	{"@CONFIG@", config_list},   {"@EXITS@", exits_list},
};

static bool put_part(struct str *out, const char *s, size_t *ret_n)
{
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		size_t n = strlen(parts[i].name);

		if (strncmp(s, parts[i].name, n) != 0)
			continue;
		parts[i].write(out);
		*ret_n = n + (s[n] == '\n' && out->n && out->s[out->n - 1] == '\n');
		return true;
	}
	return false;
}

int docs_man(const char *template_path, struct str *out)
{
	FILE *f = template_path ? fopen(template_path, "r") : NULL;
	struct str text = {0};
	char buf[4096];
	size_t n;

	if (!f)
		return -1;
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		str_put(&text, buf, n);
	fclose(f);
	for (const char *s = str_text(&text); *s;) {
		if (*s == '@' && put_part(out, s, &n))
			s += n;
		else
			str_putc(out, *s++);
	}
	str_done(&text);
	return 0;
}
