/* The world: what is remembered between snapshots. world_apply() joins a snapshot with it and writes
 * the next frame. No clock is read here: time comes with the snapshot. */
#pragma once
#include "sockeye/model/frame.h"

struct world;
/* names: where ids of snapshots come from; hz: clock ticks a second. Both borrowed for the world's life. */
struct world *world_new(struct intern *names, const struct services *services, uint32_t hz);
void world_free(struct world *w);
/* Marks the names that it keeps itself, between two calls of world_apply(). Last of all: what it knows of a path goes
 * when nobody has marked that. */
void world_mark_names(struct world *w);
/* This connection is being shown: from now on (as long as a few others were not) every state it goes through is noted. */
void world_show(struct world *w, uint64_t netns_inode, uint64_t cookie);
/* interval_ns: the sampler's, to tell a gap (> 3 intervals: rates are null). Sockets of `s` are swapped
 * out, not copied (s->socks comes back with another capacity, empty). `out` is cleared first. It must not
 * be the frame of the call before: the world reads that one, so it stays untouched until this call returns. */
void world_apply(struct world *w, struct snapshot *s, uint64_t interval_ns, struct frame *out);
