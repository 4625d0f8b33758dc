/* Rings of the last 60 samples, by value, so that a frame carries its graphs with it. */
#include "sockeye/model/history.h"
#include <math.h>

void ring_push(struct ring *r, float rx, float tx, float queue)
{
	r->rx[r->at] = rx;
	r->tx[r->at] = tx;
	r->queue[r->at] = queue;
	r->at = (uint8_t)((r->at + 1) % RING_N);
	if (r->n < RING_N)
		r->n++;
}

static float back(const struct ring *r, const float *v, unsigned i)
{
	return i < r->n ? v[(r->at + RING_N - 1 - i) % RING_N] : NAN;
}

float ring_rx(const struct ring *r, unsigned i)
{
	return back(r, r->rx, i);
}

float ring_tx(const struct ring *r, unsigned i)
{
	return back(r, r->tx, i);
}

float ring_queue(const struct ring *r, unsigned i)
{
	return back(r, r->queue, i);
}
