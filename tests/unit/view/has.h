/* What a drawn text must have, and must not: the whole text is told when it is wrong. After cmocka.h. */
#pragma once
#include <string.h>

#define HAS(text, what)                                                                                      \
	do {                                                                                                 \
		if (!strstr(text, what))                                                                     \
			fail_msg("\"%s\" is missing in:\n%s", what, text);                                   \
	} while (0)
#define HAS_NOT(text, what)                                                                                  \
	do {                                                                                                 \
		if (strstr(text, what))                                                                      \
			fail_msg("\"%s\" should not be in:\n%s", what, text);                                \
	} while (0)
