/* --help, made from the tables that parse. */
#include "options_private.h"
#include "sockeye/base/mem.h"
#include <stdio.h>
#include <string.h>

static void put_usage(struct str *out, const struct command *c, bool first)
{
	char line[80];
	snprintf(line, sizeof(line), "sockeye %s%s[OPTIONS] %s", c->name ? c->name : "", c->name ? " " : "",
		 c->usage ? c->usage : "[FILTER...]");
	str_putf(out, "%s%-40s %s\n", first ? "Usage: " : "       ", line, c->help);
}

void help_print(const struct command *c)
{
	struct str out = {0};
	bool first = true;
	for (size_t i = 0; i < commands_n; i++) {
		if (!commands[i].run || (c->name && c != &commands[i]))
			continue;
		put_usage(&out, &commands[i], first);
		first = false;
	}
	str_puts(&out, c->name ? "\nOptions:\n"
			       : "\nOptions of the dashboard (sockeye list --help shows list's):\n");
	for (size_t i = 0; i < option_rows_n; i++) {
		const struct option_row *row = &option_rows[i];
		if (!(row->on & c->bit))
			continue;
		char name[40];
		snprintf(name, sizeof(name), "%s%s%s", row->name, row->arg ? " " : "",
			 row->arg ? row->arg : "");
		str_putf(&out, row->letter ? "  -%c, " : "      ", row->letter);
		str_putf(&out, "--%-20s %s\n", name, row->help);
	}
	str_puts(&out, "  -h, --help                 this text\n"
		       "      --version              the version\n"
		       "\n");
	if (!c->words)
		str_puts(&out,
			 "Filter: terms side by side mean and. :8080  node  state=close-wait  port>1024\n"
			 "        --help-columns of list names the fields; -- ends commands and options.\n");
	if (c->exits)
		str_putf(&out, "Exit:   %s\n", c->exits);
	fwrite(str_text(&out), 1, out.n, stdout);
	str_done(&out);
}
