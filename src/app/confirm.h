/* A question on the terminal before something is done. */
#pragma once
#include <stdbool.h>

/* There is a terminal to ask on. */
bool confirm_possible(void);
/* Asks on stderr, answered on stdin. What was typed before the question stood there is thrown away. word: only
 * "yes" in full is yes. */
bool confirm(const char *question, bool word);
