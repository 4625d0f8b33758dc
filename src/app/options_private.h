/* The option table, for its readers: the parser and the help. */
#pragma once
#include "options.h"
#include "sockeye/base/str.h"

enum command_bit {
	ON_DASHBOARD = 1 << 0,
	ON_LIST = 1 << 1,
	ON_KILL = 1 << 2,
	ON_CLOSE = 1 << 3,
	ON_WAIT = 1 << 4,
	ON_EXPLAIN = 1 << 5,
};
extern const struct command commands[];
extern const size_t commands_n;

struct reading { /* a command line on its way into options */
	struct options *o;
	uint32_t protos; /* PROTO_BIT()s named by letters */
	bool v4, v6;
	uint8_t on; /* enum command_bit: whose options are taken */
	bool dashboard; /* what is read is for it */
	char not_close[32]; /* the first option that close does not take; "": none */
	bool all_word; /* --all was given, by its long name */
	bool lsof; /* -i… or -s… as lsof has them */
	struct str columns; /* that ss's letters add, "+uid,+inode" */
	struct str inet, terms; /* of lsof's -i, any of which will do, and of its -s */
	unsigned inet_n;
};
struct option_row {
	char letter; /* 0: none */
	const char *name; /* without the dashes */
	const char *arg; /* NULL: takes none */
	const char *help;
	uint8_t on; /* enum command_bit */
	int (*take)(struct reading *r, const struct option_row *row, const char *value);
	size_t at; /* of the member of struct options, for the takers that set one */
};
extern const struct option_row option_rows[];
extern const size_t option_rows_n;

/* lsof's -i4, -i:8080, -itcp@[::1]:22 and -sTCP:LISTEN, `word` beginning behind the dash: adds the filter terms. 0: it
 * was one; 1: it is none, but letters; -1: it is wrong, which was said. */
int take_lsof(struct reading *r, const char *word);

/* Prints the help of a command, or (bit 0) of none; print_result() says whether it got there. */
void help_print(const struct command *c);
