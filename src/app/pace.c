/* The adaptive interval behind pace.h. */
#include "pace.h"
#include "sockeye/base/units.h"

void pace_note(struct pace *p, uint64_t cost_ns)
{
	if (!p->last_ns) {
		p->last_ns = UINT64_MAX;
		return;
	}
	p->cost_ns = cost_ns < p->last_ns ? cost_ns : p->last_ns;
	p->last_ns = cost_ns;
	if (!p->last_ns)
		p->last_ns = 1;
}

/* Up to whole numbers that a person would choose. */
static uint64_t round_up(uint64_t ns)
{
	uint64_t step = ns <= NSEC_PER_SEC        ? NSEC_PER_SEC / 10
			: ns <= 10 * NSEC_PER_SEC ? NSEC_PER_SEC
						  : 5 * NSEC_PER_SEC;

	return (ns + step - 1) / step * step;
}

uint64_t pace_interval(struct pace *p, uint64_t asked_ns)
{
	uint64_t need = p->cost_ns * PACE_SHARE;

	if (need <= asked_ns) {
		/* Just below it would go back and forth. */
		if (p->every_ns > asked_ns && need > asked_ns / 4 * 3)
			return p->every_ns;
		p->every_ns = 0;
		return asked_ns;
	}
	if (p->every_ns < need || p->every_ns / 2 > need || p->every_ns <= asked_ns)
		p->every_ns = round_up(need);
	return p->every_ns;
}
