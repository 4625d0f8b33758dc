/* Which sockets without a row have come up in this look already: places in snapshot.socks hashed by (netns, cookie).
 * Eight bytes an entry, half of them the hash, so that the sockets themselves are hardly ever read. */
#pragma once
#include "sockeye/model/snapshot.h"

struct fresh_index { /* all zero when empty */
	uint64_t *slots; /* owned; hash << 32 | place + 1, 0: free */
	size_t cap; /* 0 or a power of two */
	size_t n;
};
void fresh_index_done(struct fresh_index *x);
/* Forgets everything; so many are expected. */
void fresh_index_clear(struct fresh_index *x, size_t expected);
/* Notes the socket at this place. False: another one with its name was noted before. */
bool fresh_index_add(struct fresh_index *x, const struct snapshot *s, uint32_t at);
