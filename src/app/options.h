/* The command line. Commands and options are declared once, in the tables of options.c, which drive the
 * parsing, the --help texts and later the completion and the man page. */
#pragma once
#include "sockeye/base/units.h"
#include "sockeye/report/report.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INTERVAL_MIN (NSEC_PER_SEC / 10)
#define INTERVAL_MAX (86400 * NSEC_PER_SEC)

struct options;
struct command {
	const char *name; /* NULL: without a command word, the dashboard */
	const char *help; /* one line; of a word without run: what to do instead, or NULL */
	uint8_t bit; /* in the option table's column of commands */
	int (*run)(const struct options *o); /* gives the exit code; NULL: a word kept for a later version */
	const char *usage; /* what follows the options; NULL: [FILTER...] */
	const char *exits; /* what its exit codes mean; NULL: nothing to say */
	bool words; /* its words are no filter: they come as options.words */
	const char *deed; /* what it does not do with --read-only: "nothing is signalled"; NULL: it may run */
};
/* Everything the command line said, still without a look at the system. Texts are borrowed from argv
 * unless said otherwise. */
struct options {
	const struct command *command; /* never NULL */
	int view; /* enum view_id; -1: not given */
	const char *view_name; /* for the dashboard: perhaps a view of the user's own; NULL: not given */
	const char *sort, *columns; /* lists; NULL: not given */
	char *columns_text; /* owned, for columns */
	const char *netns; /* -N as given, see netns_option.h; NULL: not given */
	char *filter; /* owned; the words and the narrowing letters as one text; NULL: none. It parses. */
	char *words; /* owned; the words of a command that takes no filter, with one space between; NULL: none */
	enum format format;
	bool header; /* false: -H */
	bool help_columns;
	bool summary;
	/* -l, -a, and whether any of ss's letters was given: they choose view and rows (list). */
	bool listening, all, letters;
	bool findings; /* only rows with one */
	uint64_t interval_ns; /* 0: not given */
	bool ascii, no_color, no_mouse, read_only;
	bool print_config;
	int signal; /* kill -s; 0: not given */
	uint8_t kill_to; /* enum kill_to */
	bool dry_run, yes, all_of, partial; /* kill, close */
	bool wait_given; /* kill --wait: */
	uint64_t wait_ns;
	uint64_t kill_after_ns; /* UINT64_MAX: never */
	bool gone, verbose; /* wait */
	uint64_t timeout_ns; /* wait; UINT64_MAX: for ever */
	bool free_port; /* explain --free */
	uint32_t from; /* … --from; 0: not given */
	const char *as_user; /* … --as; NULL: not given */
	/* The first word of the filter is nearly a command's name: this one's; NULL: it is not. An error, told by
	 * complain_near, if the filter matches nothing. */
	const char *near_command;
	const char *first_word;
};
/* Reads the command line. 0: run ret->command; 1: all is said (--help, --version), exit with 0; negative:
 * it is wrong, which has been said on stderr, exit with 2. ret must be given to options_done either way. */
int options_parse(int argc, char **argv, struct options *ret);
void options_done(struct options *o);

/* One line on stderr, "sockeye: …"; foreign text in it is made safe. */
void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

void complain_near(const struct options *o);
/* There is no such view. */
void complain_view(const char *name);

/* The dashboard; without a terminal on stdout the caller does what cmd_list does. In dashboard.c. */
int cmd_dashboard(const struct options *o);
