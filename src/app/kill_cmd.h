/* sockeye kill: signals who holds the sockets that match. */
#pragma once
#include "options.h"

/* Exit code: 0 freed (or delivered), 1 no match, 2 usage or failure, 3 refused, not permitted or unconfirmed, 4 still
 * held or taken again. */
int cmd_kill(const struct options *o);
/* Two bare ports side by side, which no socket here can have: said, true. what: the command's name. */
bool complain_two_ports(const char *what, const char *filter);
