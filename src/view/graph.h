/* Bars and sparklines in cells, with an ASCII form of each. */
#pragma once
#include "sockeye/base/str.h"
#include "sockeye/model/history.h"

/* A bar of `width` cells filled to share (0..1), eighth blocks; ASCII: #### .... */
void graph_bar(struct str *out, double share, int width, bool ascii);
/* The newest `width` samples of `at(ring, i)`, scaled to max (0: their own maximum); unknown is a blank. */
void graph_spark(struct str *out, const struct ring *r, float (*at)(const struct ring *, unsigned), int width,
		 double max, bool ascii);
