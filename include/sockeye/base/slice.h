/* The form of all work that may take long beside the keys: a step goes on where the one before it stopped, asks every
 * few dozen microseconds whether its time is up, and says whether it has come to its end. What it works on is only
 * taken over at that end, so that nobody sees half of it. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct slice {
	bool (*over)(void *data); /* is the time up? NULL: never */
	void *data;
};
/* NULL: there is as much time as it takes. */
static inline bool slice_over(const struct slice *s)
{
	return s && s->over && s->over(s->data);
}
