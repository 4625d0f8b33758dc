/* The number by which a source says that descriptors are what they were in another look. */
#pragma once
#include "sockeye/base/map.h"
#include "sockeye/model/snapshot.h"

/* A source gives another number where something of this is not the same. */
static inline uint64_t stand_of(const struct snapshot *s)
{
	uint64_t h = map_hash(s->fds.n, s->socks.n);

	for (size_t i = 0; i < s->fds.n; i++)
		h = map_hash(h ^ s->fds.v[i].inode,
			     (uint64_t)s->fds.v[i].proc << 32 | (uint32_t)s->fds.v[i].fd);
	for (size_t i = 0; i < s->socks.n; i++)
		h = map_hash(h, s->socks.v[i].inode);
	for (size_t i = 0; i < s->procs.n; i++)
		h = map_hash(h ^ s->procs.v[i].pid, s->procs.v[i].start);
	return h | 1;
}
