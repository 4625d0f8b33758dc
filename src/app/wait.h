/* sockeye wait: return when something matches. */
#pragma once
#include "options.h"

/* Exit code: 0 it matches (--gone: nothing does), 1 timed out, 2 usage or failure, 130 interrupted. */
int cmd_wait(const struct options *o);
