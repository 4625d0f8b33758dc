/* The program: reads the command line and runs what it names. */
#include "config.h"
#include "docs.h"
#include "options.h"
#include "print.h"
#include "privileges.h"
#include "sockeye/base/mem.h"
#include <locale.h>
#include <string.h>

/* With --read-only, or the setting: before anything is opened and any thread started. -1: run the command. */
static int read_only(struct options *o)
{
	bool by_option = o->read_only;
	int r;

	if (!by_option && (o->command->deed || !o->command->name))
		o->read_only = config_read_only();
	if (!o->read_only)
		return -1;
	if (o->command->deed) {
		complain("refused: %s: %s", by_option ? "--read-only" : "read_only in the settings",
			 o->command->deed);
		return 3;
	}
	r = privileges_drop();
	if (r < 0)
		complain("--read-only: cannot give up privileges: %s", strerror(-r));
	return r < 0 ? 2 : -1;
}

int main(int argc, char **argv)
{
	struct options o;
	int r;

	/* Only what decides about characters: numbers and times are printed the same everywhere. */
	setlocale(LC_CTYPE, "");
	mem_return_large();
	/* For the build, and no option: see docs.h. */
	if (argc >= 3 && !strcmp(argv[1], "--docs"))
		return docs_print(argv[2], argv[3]);
	r = options_parse(argc, argv, &o);
	if (r == 0) {
		r = read_only(&o);
		if (r < 0)
			r = o.command->run(&o);
	} else {
		r = r < 0 ? 2 : print_result(0);
	}
	options_done(&o);
	return r;
}
