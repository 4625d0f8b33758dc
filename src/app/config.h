/* The user's settings: $XDG_CONFIG_HOME/sockeye/config, an INI file. */
#pragma once
#include "sockeye/term/term.h"
#include "sockeye/view/binding.h"
#include "sockeye/view/ui.h"
#include <stdbool.h>
#include <stdio.h>

struct config {
	uint64_t interval_ns;
	int view; /* index as of ui_opts.view */
	char *view_name; /* owned, while reading: a view of the user's own that may come later */
	bool color, mouse, ascii;
	bool read_only; /* also when a file that says so has an error elsewhere: that gives no rights back */
	char *columns[VIEW_N], *sort[VIEW_N]; /* owned lists; NULL: the view's own */
	struct ui_named_view named[UI_NAMED_MAX]; /* its texts are owned */
	size_t named_n;
	struct keymap keymap;
	struct term_look looks[STYLE_N];
	char *path; /* owned; NULL: there can be none (no home, or the program runs with more rights than its user) */
	bool found; /* there is such a file, and it is in force */
	char error
		[400]; /* "file:12: what is wrong; what was expected"; "": nothing. Then all is as without the file */
};
/* Reads the file, if there is one. Never fails: see error. services as for filter_parse. */
void config_load(struct config *c, const struct services *services);
bool config_read_only(void); /* what the file says about it, and nothing else */
/* sockeye --print-config: gives the exit code. */
int config_show(void);
void config_done(struct config *c);
/* The whole of it, as the file would say it, each setting below a line that tells what it is. 0 or a negative errno. */
int config_print(const struct config *c, FILE *out);

/* Keeps the view (index as of ui_opts.view), the interval and how views are arranged, as ui_host.save. */
int config_save(struct config *c, int view, uint64_t interval_ns, const struct ui_arranged *v, size_t n,
		char *text, size_t text_n);

/* What `W` keeps. */
struct config_kept {
	const char *section, *key;
	char *value; /* NULL: the line goes, the default is in force */
};
/* Puts these into the file, and leaves all else in it as it is; makes file and directories where there are none.
 * 0 or a negative errno, with a sentence in err. */
int config_keep(const char *path, const struct config_kept *kept, size_t n, char *err, size_t err_n);
