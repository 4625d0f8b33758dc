/* The one line that says what is there when a wait ends. */
#pragma once
#include "sockeye/base/str.h"
#include "sockeye/table/filter.h"

struct wait_scene {
	const struct frame *f; /* every state, and owners */
	const struct filter *filter;
	uint32_t states; /* STATE_BIT()s that were waited for */
	bool said; /* the filter itself named states */
	bool gone, ascii;
};
/* There is something to name; owners need not be known for this. */
bool wait_anything(const struct wait_scene *s);
/* "python3 30555 bound 8081, but does not listen" */
void wait_put_instead(const struct wait_scene *s, struct str *out);
/* "node 21877 listens on 8080", or "… still listens …" */
void wait_put_row(const struct frame *f, uint32_t row, bool still, bool ascii, struct str *out);
