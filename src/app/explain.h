/* sockeye explain: why a bind() to a port would fail. */
#pragma once
#include "options.h"

/* Exit code: 0 it would succeed on every local address, 1 it would fail on some, 2 usage or failure, 3 cannot tell. */
int cmd_explain(const struct options *o);
