/* Draws numbers as bars and sparklines: a glance says more than a column of digits. */
#include "graph.h"
#include "sockeye/base/mem.h"
#include <math.h>

static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
static const char *const levels[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
static const char *const ascii_levels[] = {".", ":", "-", "=", "+", "*", "#"};

static double clamp_share(double share)
{
	return isnan(share) || share < 0 ? 0 : share > 1 ? 1 : share;
}

/* The filled cells; gives how many were used. */
static int put_filled(struct str *out, double share, int width, bool ascii, bool at_least)
{
	int n = (int)(clamp_share(share) * width * 8);
	int full = n / 8, rest = n % 8;

	if (at_least && share > 0 && n == 0 && width > 0)
		rest = 1;
	if (ascii) {
		full += at_least && !full && rest;
		rest = 0;
	}
	for (int i = 0; i < full; i++)
		str_puts(out, ascii ? "#" : "█");
	str_puts(out, eighths[rest]);
	return full + (rest > 0);
}

void graph_bar(struct str *out, double share, int width, bool ascii)
{
	for (int used = put_filled(out, share, width, ascii, false); used < width; used++)
		str_puts(out, ascii ? "." : "░");
}

void graph_stripe(struct str *out, double share, int width, bool ascii)
{
	put_filled(out, share, width, ascii, true);
}

double graph_peak(const struct ring *r, float (*at)(const struct ring *, unsigned))
{
	double peak = NAN;

	for (unsigned i = 0; i < RING_N; i++) {
		double v = at(r, i);

		if (!isnan(v) && (isnan(peak) || v > peak))
			peak = v;
	}
	return peak;
}

void graph_spark(struct str *out, const struct ring *r, float (*at)(const struct ring *, unsigned), int width,
		 double max, bool ascii)
{
	size_t steps = ascii ? ARRAY_LEN(ascii_levels) : ARRAY_LEN(levels);

	if (max <= 0)
		max = graph_peak(r, at);
	for (int i = width - 1; i >= 0; i--) {
		double v = i < RING_N ? (double)at(r, (unsigned)i) : NAN, share;
		size_t level;

		if (isnan(v)) {
			str_puts(out, " ");
			continue;
		}
		share = isnan(max) || max <= 0 ? 0 : clamp_share(v / max);
		level = (size_t)(share * (double)(steps - 1) + 0.5);
		if (share > 0 && level == 0)
			level = 1; /* little is not nothing */
		str_puts(out, ascii ? ascii_levels[level] : levels[level]);
	}
}
