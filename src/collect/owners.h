/* Who holds a socket: descriptors of processes, found by reading /proc and remembered between looks. */
#pragma once
#include "sockeye/collect/owner_source.h"
#include "sockeye/collect/source.h"
#include "sockeye/model/snapshot.h"

struct owners;
/* proc_root: "/proc" or a tree like it. names: borrowed for the life of this. 0 or a negative errno. */
int owners_open(struct intern *names, const char *proc_root, struct owners **ret);
void owners_close(struct owners *o); /* NULL allowed */
void owners_set_source(struct owners *o, struct owner_source *s); /* s: now owned; before the first look */
/* Begins to search for the look that follows, on other threads, if nothing is known yet, there is no limit and there
 * are processors for it. Until that look nothing else may be asked of o. */
void owners_ahead(struct owners *o, uint64_t now_ns, uint64_t budget_ns);
/* Adds to s the processes that hold sockets of s, and the descriptors (fds, procs, owners_complete, what is
 * hidden, limits). now_ns: CLOCK_BOOTTIME of this look. budget_ns: how long searches for sockets without a known
 * holder may take, 0: no limit; at least one process is searched in each look, so it ends some time. The first look
 * may take half of the interval that the budget is a fifth of. */
void owners_look(struct owners *o, struct snapshot *s, uint64_t now_ns, uint64_t budget_ns);
void owners_mark_names(const struct owners *o); /* between two looks: see live_mark_names() */
/* What is on the screen: read again in every look from now on. Copied. */
void owners_verify(struct owners *o, const struct source_fd *v, size_t n);
