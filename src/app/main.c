/* The program: reads the command line and runs what it names. */
#include "options.h"
#include <locale.h>

int main(int argc, char **argv)
{
	struct options o;
	int r;

	/* Only what decides about characters: numbers and times are printed the same everywhere. */
	setlocale(LC_CTYPE, "");
	r = options_parse(argc, argv, &o);
	if (r == 0)
		r = o.command->run(&o);
	else
		r = r < 0 ? 2 : 0;
	options_done(&o);
	return r;
}
