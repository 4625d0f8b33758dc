/* The option table, for its readers: the parser and the help. */
#pragma once
#include "options.h"

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

/* Prints the help of a command, or (bit 0) of none. 0, or -1 when it could not be written. */
int help_print(const struct command *c);
