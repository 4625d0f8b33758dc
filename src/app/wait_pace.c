/* The rules of how often a wait looks, apart from the looking so that they can be tested without a clock. */
#include "wait_pace.h"
#include "sockeye/base/units.h"

#define LEAST (20 * NSEC_PER_MS)
#define GONE_LEAST (10 * NSEC_PER_MS)
#define CHEAP_MOST (45 * NSEC_PER_MS)
#define STILL_LEAST (5 * NSEC_PER_MS)
#define STILL_MOST (10 * NSEC_PER_MS)
#define CHEAP_SHARE 100 /* such a look may take one part in so many of the time */
#define OTHER_SHARE 50
#define SAME_SHARE 200
#define NEWS_SHARE 200
#define COLD_SHARE 400
#define NEWS_SAVED 8 /* looks */
#define MEAN_OF 8 /* about */

static uint64_t between(uint64_t least, uint64_t ns, uint64_t most)
{
	return ns < least ? least : ns > most ? most : ns;
}

uint64_t pace_cheap(uint64_t cost, bool gone)
{
	return between(gone ? GONE_LEAST : LEAST, CHEAP_SHARE * cost, CHEAP_MOST);
}

uint64_t pace_still(uint64_t cost)
{
	return between(STILL_LEAST, CHEAP_SHARE * cost, STILL_MOST);
}

uint64_t pace_other(uint64_t cost)
{
	return OTHER_SHARE * cost < LEAST ? LEAST : OTHER_SHARE * cost;
}

uint64_t pace_same(uint64_t cost)
{
	return SAME_SHARE * cost;
}

uint64_t pace_cold(uint64_t cost)
{
	return COLD_SHARE * cost;
}

uint64_t pace_mean(uint64_t mean, uint64_t cost)
{
	return mean - mean / MEAN_OF + cost / MEAN_OF;
}

bool pace_news_may(struct pace_news *p, uint64_t now, uint64_t cost)
{
	uint64_t most = NEWS_SAVED * cost;

	p->saved = p->begun ? p->saved + (now - p->at) / NEWS_SHARE : most;
	p->begun = true;
	p->at = now;
	if (p->saved > most)
		p->saved = most;
	return p->saved >= cost;
}

void pace_news_spent(struct pace_news *p, uint64_t cost)
{
	p->saved -= p->saved < cost ? p->saved : cost;
}
