/* Manual page and completions, made from the tables: run once when the program is built. */
#pragma once
#include "sockeye/base/str.h"
#include <stdbool.h>

/* what: "man" (template: assets/sockeye.1.in), "bash", "zsh", "fish"; "table": commands and options, a line each with
 * tabs between, for the tests. Prints to stdout; gives the exit code. */
int docs_print(const char *what, const char *template_path);

/* Inside: each writes one. */
int docs_man(const char *template_path, struct str *out);
void docs_bash(struct str *out);
void docs_zsh(struct str *out);
void docs_fish(struct str *out);
void docs_table(struct str *out);
/* The words an option's value can be, by the name of its argument, with a blank between; false: any text. */
bool docs_choices(const char *arg, struct str *out);
