/* A real bind() for each address that explain judged. */
#pragma once
#include "sockeye/action/explain.h"
#include <sys/types.h>

struct explain_who {
	uid_t uid;
	gid_t gid;
};
/* Tries e->tries in a child with these ids, in the network namespace of the caller, and fills tried, err, not_tried
 * and broke. Each socket is closed at once. Never fails. */
void explain_probe(struct explain *e, const struct explain_who *who);
