/* What explain has to know beside the sockets. */
#pragma once
#include "explain_probe.h"
#include "options.h"

/* For whom: as_user (a name or uid, NULL: not given), under sudo who called it, else the caller. 0, or -1 when there is
 * no such user, which was said. */
int explain_who(const char *as_user, struct explain_facts *facts, struct explain_who *ret);
/* The settings, addresses and devices of the network namespace that this thread is in. */
void explain_read_facts(struct explain_facts *facts);
