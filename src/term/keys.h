/* From what a terminal sends to keys: curses' key codes and bytes in, struct key out. No terminal here: the source
 * of codes is a function, so that every sequence can be tested. */
#pragma once
#include "sockeye/view/key.h"
#include <stdbool.h>
#include <stdint.h>

struct key_reader {
	/* The next byte (0..255) or curses key code (above), waiting at most wait_ms; -1: none. */
	int (*next)(void *data, int wait_ms);
	void *data;
	struct key held; /* a key to be given next; code 0: none */
	int pushed; /* given back, comes next; -1: none */
	bool pasting; /* between the two marks of a paste */
	uint64_t last_ns; /* of the last key; a paste whose end got lost is over after a second of silence */
	bool swallow_paste; /* the beginning of a paste was thrown away: its rest goes after it */
	uint64_t click_ns; /* of the last click, for double clicks */
	int click_y, click_x;
};
void key_reader_init(struct key_reader *r, int (*next)(void *data, int wait_ms), void *data);
/* One key. false: nothing more now. */
bool key_reader_get(struct key_reader *r, uint64_t now_ns, struct key *ret);
/* Reads and forgets everything that is there, pastes whole, even what of them has not arrived yet. */
void key_reader_discard(struct key_reader *r, uint64_t now_ns);
