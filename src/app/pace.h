/* How often to look where a look costs a good part of the interval that was asked for. */
#pragma once
#include <stdint.h>

#define PACE_SHARE 10 /* a look may cost this part of the interval */

struct pace { /* all zero at the start */
	uint64_t cost_ns; /* of a look: processor time, the smaller one of the last two */
	uint64_t last_ns, every_ns;
};
/* A look has cost so much. The first one finds everybody's owners, and says nothing about the others. */
void pace_note(struct pace *p, uint64_t cost_ns);
/* The interval for one that was asked for: the same, or a longer one that reads well. It gets shorter again only when
 * looks have become clearly cheaper. */
uint64_t pace_interval(struct pace *p, uint64_t asked_ns);
