/* Asks before something is done, and takes only what was typed afterwards for an answer. */
#include "confirm.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <termios.h>
#include <unistd.h>

bool confirm_possible(void)
{
	return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

bool confirm(const char *question, bool word)
{
	char answer[16];

	fflush(stdout);
	tcflush(STDIN_FILENO, TCIFLUSH);
	fputs(question, stderr);
	fflush(stderr);
	if (!fgets(answer, sizeof(answer), stdin)) {
		fputc('\n', stderr);
		return false;
	}
	answer[strcspn(answer, "\r\n")] = '\0';
	return !strcasecmp(answer, "yes") || (!word && !strcasecmp(answer, "y"));
}
