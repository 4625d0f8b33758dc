/* The summary: how many sockets of each protocol, family and state there are, in which namespaces, and what the
 * kernel says about their memory. Pages, text and JSON are made from this. */
#pragma once
#include "sockeye/base/slice.h"
#include "sockeye/base/str.h"
#include "sockeye/model/frame.h"
#include "sockeye/table/filter.h"

struct summary_row {
	uint16_t netns; /* index into frame.netns */
	uint8_t proto, family;
	uint32_t n, states[STATE_N];
};
struct summary { /* all zero when empty */
	VEC(struct summary_row) rows; /* by namespace, protocol, family */
	uint32_t socks;
	/* While it is made in slices: */
	uint32_t at; /* how far it has come in the rows of the frame */
	uint8_t *picked; /* owned; NULL: no filter */
};
/* Counts the open sockets of a frame that the filter picks (NULL: all). Overwrites. */
void summary_make(struct summary *s, const struct frame *f, const struct filter *filter);
/* The same in slices: a step until one says that it is whole (true). Of one frame and one filter. */
#define SUMMARY_SLICE 2048 /* rows between two questions whether the time is up */
void summary_begin(struct summary *s, const struct frame *f, const struct filter *filter);
bool summary_step(struct summary *s, const struct frame *f, const struct filter *filter,
		  const struct slice *slice);
void summary_done(struct summary *s);
/* What is needed from the source for it, or'ed into *want. */
void summary_want(struct want *want);
/* Line by line, without newlines; `style` of enum style. Columns of numbers stand closer
 * where the width is less than 60. */
void summary_text(const struct summary *s, const struct frame *f, unsigned width, bool ascii,
		  void (*line)(void *data, uint8_t style, const char *text), void *data);
const char *summary_family(const struct summary_row *r); /* "ipv4" */
/* JSON objects: one row; what the kernel says about memory (null: nothing). */
void summary_json_row(const struct summary_row *r, const struct frame *f, struct str *out);
void summary_json_memory(const struct frame *f, struct str *out);
