/* Puts out lines that were made safe, and says at the end whether they got there. */
#include "print.h"
#include "options.h"
#include "sockeye/base/text.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_EPIPE 141 /* 128 + SIGPIPE, as a shell would see it */

void print_text(FILE *to, const struct str *text)
{
	const char *p = str_text(text);

	if (MB_CUR_MAX > 1) {
		fputs(p, to);
		return;
	}
	while (*p) {
		size_t n = strcspn(p, "\n");
		struct str line = {0};

		text_put_cell(&line, p, n, true, SIZE_MAX);
		fputs(str_text(&line), to);
		if (p[n])
			fputc('\n', to);
		str_done(&line);
		p += n + (p[n] == '\n');
	}
}

int print_failed(int err)
{
	if (err == EPIPE)
		return EXIT_EPIPE;
	complain("cannot write: %s", strerror(err));
	return 2;
}

int print_result(int exit_code)
{
	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return exit_code;
	return print_failed(errno);
}
