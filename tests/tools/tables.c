/* Prints the program's tables, one row a line with tabs between, so that the lints can compare them with the
 * help, the README and what `list` prints: nothing that a user can name may be undocumented. */
#include "sockeye/model/finding.h"
#include "sockeye/report/report.h"
#include "sockeye/table/column.h"
#include "sockeye/view/binding.h"
#include <stdio.h>

static const char *text(const char *s)
{
	return s ? s : "";
}

int main(void)
{
	static const char *const kinds[ROWS_N] = {
		[ROWS_SOCK] = "sockets", [ROWS_PORT] = "ports", [ROWS_PROC] = "processes"};

	for (int kind = 0; kind < ROWS_N; kind++) {
		size_t n;
		const struct column *c = columns_of(kind, &n);

		for (size_t i = 0; i < n; i++)
			printf("column\t%s\t%s\t%s\t%s\n", kinds[kind], c[i].key, text(c[i].title),
			       text(c[i].help));
	}
	for (int v = 0; v < VIEW_N; v++)
		printf("view\t%s\t%s\t%s\n", view_table[v].key, text(view_table[v].title),
		       text(view_table[v].help));
	for (size_t i = 0; i < binding_table_n; i++)
		printf("binding\t%s\t%s\t%s\n", text(binding_table[i].action), text(binding_table[i].keys),
		       text(binding_table[i].help));
	for (size_t i = 0; i < finding_rules_n; i++)
		printf("finding\t%s\t%s\n", text(finding_rules[i].key), text(finding_rules[i].help));
	return 0;
}
