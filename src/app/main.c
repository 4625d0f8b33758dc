/* The program: reads the command line and runs what it names. */
#include "docs.h"
#include "options.h"
#include <locale.h>
#include <string.h>

int main(int argc, char **argv)
{
	struct options o;
	int r;

	/* Only what decides about characters: numbers and times are printed the same everywhere. */
	setlocale(LC_CTYPE, "");
	/* For the build, and no option: see docs.h. */
	if (argc >= 3 && !strcmp(argv[1], "--docs"))
		return docs_print(argv[2], argv[3]);
	r = options_parse(argc, argv, &o);
	if (r == 0)
		r = o.command->run(&o);
	else
		r = r < 0 ? 2 : 0;
	options_done(&o);
	return r;
}
