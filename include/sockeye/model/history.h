/* 60 samples back: rings for graphs. One ring a port and a process. */
#pragma once
#include <stdint.h>

#define RING_N 60
struct ring { /* [0] is the oldest once full; n grows to RING_N; at = where the next sample goes */
	float rx[RING_N], tx[RING_N]; /* bytes/s; NAN: unknown */
	float queue[RING_N]; /* backlog / limit, 0..; NAN: none */
	uint8_t n, at;
};
void ring_push(struct ring *r, float rx, float tx, float queue);
/* i = 0 is the newest. NAN when there is none that old. */
float ring_rx(const struct ring *r, unsigned i);
float ring_tx(const struct ring *r, unsigned i);
float ring_queue(const struct ring *r, unsigned i);
