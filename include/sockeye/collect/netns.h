/* Which network namespace a person means by a word. */
#pragma once
#include "sockeye/base/str.h"
#include "sockeye/model/snapshot.h"

struct netns_choice {
	uint8_t want; /* enum want_netns, for struct want; and with WANT_NETNS_ONE: */
	uint64_t inode;
	char name[64]; /* raw bytes: what it is called, "all" and "host" too */
};
/* text: "all", "host", a name (of a mount, a container, a service or a process, as shown), a pid, the number of
 * the namespace, or a path. proc_root: "/proc".
 * 0; -ENOENT unknown, -ENOTUNIQ several are called so, -EPERM it may not be entered, or another negative errno:
 * then *err has a sentence about it, with foreign bytes as they are. */
int netns_resolve(const char *proc_root, const char *text, struct netns_choice *ret, struct str *err);
