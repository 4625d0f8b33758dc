/* Completion in the filter prompt: names of fields with the values most rows have, and values with how many rows
 * have them. */
#pragma once
#include "line_edit.h"
#include "screen.h"

#define COMPLETION_FIELDS 3 /* lines of fields */
#define COMPLETION_VALUES 6 /* … of values */
/* Up to so many sockets all values are counted at every key; else once the keys rest. */
#define COMPLETION_AT_ONCE 20000
#define COMPLETION_REST_NS (150 * UINT64_C(1000000))

struct completion { /* all zero at the start */
	size_t at, n; /* the bytes of the line that an offer takes the place of */
	struct filter_field fields[COMPLETION_FIELDS];
	size_t fields_n, fields_all; /* offered here; all that begin so */
	struct filter_values counts[COMPLETION_FIELDS]; /* what stands beside each field */
	struct filter_values values;
	char field[32]; /* whose values are offered; "": fields are */
	bool counted; /* values and counts are those of this line, or */
	bool counting; /* are being counted: completion_work */
	uint64_t rest_ns; /* when to count; UINT64_MAX: there is nothing to count */
	size_t turn; /* Tab again and again goes through the values: the one that stands in the line */
	bool turning;
};
void completion_done(struct completion *c);
/* After the line changed other than by Tab. f may be NULL. */
void completion_follow(struct completion *c, const struct line_edit *l, const struct table *t,
		       const struct frame *f, uint64_t now_ns);
/* True: it has begun to count. */
bool completion_tick(struct completion *c, const struct line_edit *l, const struct table *t,
		     const struct frame *f, uint64_t now_ns);
/* Goes on counting. True: all is counted, or nothing is to be. Until then table and frame must live. */
bool completion_work(struct completion *c, const struct slice *slice);
/* Is what Tab needs counted? If not, that is begun. */
bool completion_ready(struct completion *c, const struct line_edit *l, const struct table *t,
		      const struct frame *f);
bool completion_any(const struct completion *c);
/* Tab. True: the line changed. */
bool completion_tab(struct completion *c, struct line_edit *l, const struct table *t, const struct frame *f);
/* Above line y. */
void completion_draw(const struct completion *c, const struct screen_env *e, struct canvas *canvas, int y);
