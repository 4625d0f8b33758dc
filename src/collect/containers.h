/* Readable names of containers, from the files of their runtimes: no daemon is asked. */
#pragma once
#include "sockeye/model/snapshot.h"

struct containers;
/* names: borrowed for the life of this. root: "" (tests give a directory in which the files lie). */
struct containers *containers_new(struct intern *names, const char *root);
void containers_free(struct containers *c); /* NULL allowed */
/* Looks for the containers of the snapshot's cgroups, a few new ones in a look (all of them in the first), each
 * once, and puts all that are known into s->containers. now_ns: CLOCK_BOOTTIME. */
void containers_look(struct containers *c, struct snapshot *s, uint64_t now_ns);
/* Those of whose cgroups nobody has marked any are forgotten. */
void containers_mark_names(struct containers *c);
