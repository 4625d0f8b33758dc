/* How long the main loop works between two polls: what nobody waits longer than a frame for a key must rest on. Measured
 * only when the environment names a file for it (SOCKEYE_PIECES). */
#pragma once
#include "sockeye/base/mem.h"
#include <stdint.h>

enum piece_part { /* bits: what was done in a piece */
		  PIECE_SIGNALS = 1 << 0,
		  PIECE_KEYS = 1 << 1,
		  PIECE_FRAME = 1 << 2,
		  PIECE_REFRESH = 1 << 3,
		  PIECE_WORK = 1 << 4,
		  PIECE_TICK = 1 << 5,
		  PIECE_DRAW = 1 << 6,
};
#define PIECES_TOLD 8192
struct piece {
	uint64_t ns; /* processor time of the thread: what else the machine does is not its fault */
	uint64_t at_ns, wall_ns; /* CLOCK_MONOTONIC when it began, and how long it took by that clock */
	uint32_t key; /* the last one that was taken in it */
	uint32_t after; /* the last one before it */
	uint8_t parts;
};
struct pieces { /* all zero: nothing is measured */
	const char *path; /* borrowed from the environment; NULL */
	uint64_t began_ns, n, longest_ns, over, over_frame;
	struct piece now;
	VEC(struct piece) told; /* those worth a word, the first PIECES_TOLD of them */
	uint32_t after;
};
void pieces_init(struct pieces *p);
void pieces_begin(struct pieces *p); /* poll has returned */
void pieces_part(struct pieces *p, enum piece_part part);
void pieces_key(struct pieces *p, uint32_t key);
void pieces_end(struct pieces *p); /* poll comes next */
void pieces_write(struct pieces *p); /* one JSON object; forgets them */
