/* Counting: given which sockets are picked, how many connections, which states and what rates does
 * each port and each process have. "A filter picks sockets, every view recounts": this is the recount.
 * The frame's own tally is the one with everything picked. */
#pragma once
#include "sockeye/base/map.h"
#include "sockeye/base/mem.h"
#include "sockeye/model/terms.h"
#include <stdbool.h>
#include <stdint.h>

struct frame;
struct row;
struct sock;
struct count {
	uint32_t socks; /* picked sockets (closed rows not counted) */
	uint32_t conns; /* states with state_info.conn: what CONNS shows */
	uint32_t close_wait;
	uint32_t
		counting; /* sockets of protocols whose bytes the kernel counts: without one there is no rate */
	uint32_t states[STATE_N];
	uint32_t rated; /* sockets with a rate */
	uint32_t peers; /* distinct remote addresses; processes only */
	float rx_rate, tx_rate; /* NAN: no socket had a rate */
	float rate_mean;
	bool any_closed; /* a closed row was picked (keeps a closed port's row on screen) */
};
struct tally {
	VEC(struct count) ports; /* parallel to frame.ports; a connection counts at its local port */
	VEC(struct count) procs; /* parallel to frame.procs; a socket counts once per owning process */
	struct map seen; /* scratch: remote address → process that met it last */
	VEC(uint32_t)
	known; /* peers of the first processes, where they need not be counted again; else NONE */
	uint32_t kernel; /* the process of pid 0; NONE */
	uint32_t row, proc, sock; /* how far tally_step has come: rows, processes, sockets of the next one */
};
void tally_done(struct tally *t);
/* picked: one byte a socket row (0/1), or NULL for all. Overwrites t, keeps its capacity. */
void tally_begin(struct tally *t, const struct frame *f);
/* Goes on with about n rows more. True: it has come to its end. */
bool tally_step(struct tally *t, const struct frame *f, const uint8_t *picked, uint32_t n);
/* What a row counts for, rates apart. by: 1, or all bits set to take it away again. */
void count_put(struct count *c, const struct sock *s, const struct row *r, uint32_t by);
/* A closed row: it counts for nothing, but its port and its processes know of it. */
void tally_closed(struct tally *t, const struct frame *f, uint32_t row);
/* tally_begin() and all steps. */
void tally_run(struct tally *t, const struct frame *f, const uint8_t *picked);
