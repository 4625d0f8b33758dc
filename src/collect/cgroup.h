/* Numbers of cgroups (inode of the directory in the cgroup2 tree) to their paths. */
#pragma once
#include "sockeye/base/intern.h"
#include "sockeye/base/map.h"
#include <stdbool.h>
#include <stdint.h>

struct cgroups {
	struct intern *names; /* borrowed for the life of this struct */
	struct map paths; /* id → interned path; 0 stands for "looked for and not found" */
	struct map waiting; /* id → the tick in which it came up too late to be walked for */
	char *mount; /* owned; where cgroup2 is mounted; NULL: nowhere, no id can be named */
	uint32_t tick;
	bool walked; /* the tree was walked in this tick */
	uint64_t last_id; /* rows of one service come in runs */
	uint32_t last_path;
	uint32_t root_path; /* interned "/", or 0 where the root's number says nothing */
};
/* Finds the mount in <proc_root>/self/mountinfo. */
void cgroups_init(struct cgroups *c, struct intern *names, const char *proc_root);
void cgroups_done(struct cgroups *c);
/* Once a look: unknown ids may cause one walk of the tree again. */
void cgroups_tick(struct cgroups *c);
/* Of what was found only what is marked already is kept. */
void cgroups_mark_names(struct cgroups *c);
/* The interned path ("/system.slice/nginx.service"), 0 unknown: a removed cgroup, or the root (1) on hosts that
 * use cgroup version 1, where every socket may say so. */
uint32_t cgroups_path(struct cgroups *c, uint64_t id);
/* Pure: the mount point of cgroup2 in the text of a mountinfo file, \040-style escapes undone. An owned
 * string or NULL. */
char *cgroups_find_mount(const char *mountinfo, size_t n);
/* Where cgroup2 is mounted, by <proc_root>/self/mountinfo. An owned string or NULL. */
char *cgroups_mount(const char *proc_root);
