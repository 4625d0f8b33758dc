/* Bars and sparklines in cells, with an ASCII form of each. */
#pragma once
#include "sockeye/base/str.h"
#include "sockeye/model/history.h"
#include <stdbool.h>

/* A bar of `width` cells filled to share (0..1), the rest shaded: ████▌░░░ ; ASCII: #### .... */
void graph_bar(struct str *out, double share, int width, bool ascii);
/* The filled part alone, for bars that are compared with each other; anything above 0 is seen. */
void graph_stripe(struct str *out, double share, int width, bool ascii);
/* The newest `width` samples of `at(ring, i)`, scaled to max (0: their own maximum); unknown is a blank. */
void graph_spark(struct str *out, const struct ring *r, float (*at)(const struct ring *, unsigned), int width,
		 double max, bool ascii);
/* The highest of the ring's samples; NAN when none is known. */
double graph_peak(const struct ring *r, float (*at)(const struct ring *, unsigned));
