/* What happened to sockets and ports while they were watched: changes worth a line on their pages. Kept by identity
 * and handed from frame to frame; the newest last, the oldest forgotten. */
#pragma once
#include "sockeye/base/mem.h"
#include <stdbool.h>
#include <stdint.h>

#define NOTES_MAX 512 /* of sockets, and of ports */

enum note_kind {
	NOTE_STATE, /* of a socket: from one state into another */
	NOTE_STUCK, /* a connection sends the same again and again, and nothing comes back */
	NOTE_HEARD, /* it does so no more */
	NOTE_UP, /* a port came up; by whom */
	NOTE_FULL, /* its accept queue reached the limit */
	NOTE_ROOM, /* and has room again */
	NOTE_DROPS, /* it began to drop arrivals */
	NOTE_HOLDER, /* another process holds it, too */
	NOTE_LET_GO, /* a process holds it no more */
	NOTE_STOPPED, /* a holder was stopped (state T) */
	NOTE_GOES_ON,
	NOTE_KIND_N
};
struct note {
	uint64_t at_ns; /* CLOCK_BOOTTIME of the look that saw it */
	uint64_t a, b; /* (inode of the namespace, cookie), or (note_port_key(), port) */
	uint32_t pid, comm; /* of a holder; comm interned; 0: none */
	uint8_t kind; /* enum note_kind */
	uint8_t from, to; /* states */
};
struct notes {
	VEC(struct note) v;
};
static inline uint64_t note_port_key(uint64_t netns_inode, uint8_t proto)
{
	return netns_inode << 8 | proto;
}
/* What a note says: "queue full", "1046 stopped"; static, or NULL for a change of state. With a process: what it did. */
extern const char *const note_words[NOTE_KIND_N];
