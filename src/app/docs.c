/* The documents that are made from the tables, by name. */
#include "docs.h"
#include "options.h"
#include "sockeye/action/kill.h"
#include "sockeye/base/mem.h"
#include <stdio.h>
#include <string.h>

bool docs_choices(const char *arg, struct str *out)
{
	static const char to[] = "holders group unit stop";

	if (!strcmp(arg, "VIEW")) {
		for (int i = 0; i < VIEW_N; i++)
			str_putf(out, "%s%s", i ? " " : "", view_table[i].key);
	} else if (!strcmp(arg, "SIG")) {
		for (size_t i = 0; i < kill_signals_n; i++)
			str_putf(out, "%s%s", i ? " " : "", kill_signals[i].name);
	} else if (!strcmp(arg, "WHOM")) {
		str_puts(out, to);
	} else if (!strcmp(arg, "NS")) {
		str_puts(out, "all host");
	} else if (strstr(arg, "COL")) {
		for (int kind = 0; kind < ROWS_N; kind++) {
			size_t n;
			const struct column *cols = columns_of((enum row_kind)kind, &n);

			for (size_t i = 0; i < n; i++) {
				bool known = false;

				for (int before = 0; before < kind && !known; before++)
					known = column_by_key((enum row_kind)before, cols[i].key) != NULL;
				if (!known)
					str_putf(out, "%s%s", out->n ? " " : "", cols[i].key);
			}
		}
	} else {
		return false;
	}
	return true;
}

int docs_print(const char *what, const char *template_path)
{
	struct str out = {0};
	int r = 0;

	if (!strcmp(what, "man"))
		r = docs_man(template_path, &out);
	else if (!strcmp(what, "bash"))
		docs_bash(&out);
	else if (!strcmp(what, "zsh"))
		docs_zsh(&out);
	else if (!strcmp(what, "fish"))
		docs_fish(&out);
	else if (!strcmp(what, "table"))
		docs_table(&out);
	else
		r = -1;
	if (r < 0)
		complain("no document \"%s\"", what);
	else if (fwrite(str_text(&out), 1, out.n, stdout) != out.n || fflush(stdout))
		r = -1;
	str_done(&out);
	return r < 0 ? 2 : 0;
}
