/* sockeye close: closes matching connections in the kernel. */
#pragma once
#include "options.h"

/* Exit code: 0 all gone, 1 no match, 2 usage or failure, 3 refused, not permitted or unconfirmed, 4 some remain. */
int cmd_close(const struct options *o);
