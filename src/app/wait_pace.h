/* How often a wait looks, by what a look costs. Pure: times and costs come from outside, in nanoseconds. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Listening TCP and bound UDP sockets, which cost nearly nothing however many connections there are: every 20 ms, less
 * often where a look costs more than one part in a hundred of that, but within 45 ms, so that what comes is seen within
 * 50. gone: from 10 ms on, because when they are gone a look for bound sockets follows, which takes its time. */
uint64_t pace_cheap(uint64_t cost, bool gone);
/* Whether one known listener is still there: every 5 ms, less often by the same share, but within 10 ms: once it is gone,
 * two looks and a walk through the kernel's table of bound sockets follow, which at 100,000 sockets takes 35 ms. */
uint64_t pace_still(uint64_t cost);
/* Anything else: max(20 ms, 50 × cost). */
uint64_t pace_other(uint64_t cost);
/* The owners of what is the same as before, beside cheap looks that tell when there is something new. */
uint64_t pace_same(uint64_t cost);
/* Owners searched from scratch. */
uint64_t pace_cold(uint64_t cost);
/* The mean of costs that vary: the one so far, and the next. */
uint64_t pace_mean(uint64_t mean, uint64_t cost);

/* Looks at the owners of what is new: at once, as long as they come to no more than one part in 200 of the time on
 * the whole; that is saved up while nothing is new. */
struct pace_news { /* all zero: the purse is full */
	uint64_t saved, at;
	bool begun;
};
bool pace_news_may(struct pace_news *p, uint64_t now, uint64_t cost);
void pace_news_spent(struct pace_news *p, uint64_t cost);
