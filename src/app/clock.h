/* The clocks, read here and nowhere below: time is a parameter there. */
#pragma once
#include <stdint.h>
#include <time.h>

static inline uint64_t clock_read(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}
static inline uint64_t clock_boot(void) /* what ages and rates count in */
{
	return clock_read(CLOCK_BOOTTIME);
}
