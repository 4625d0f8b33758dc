/* What `sockeye kill` says, as text: the plan before, the sentences when it does not come to it. */
#pragma once
#include "sockeye/base/str.h"
#include "sockeye/model/kill.h"

struct kill_words { /* how it was asked for */
	int sig;
	const char *sig_name; /* "TERM" */
	size_t way; /* into plan.ways */
	bool would; /* nothing is sent: would */
	bool ascii;
	uint64_t wall_ns;
};
/* Whom, what it frees, what it drops, whether it comes back: some lines. */
void kill_put_plan(const struct kill_plan *p, const struct kill_words *w, struct str *out);
/* "Send SIGTERM to node 21877?" */
void kill_put_question(const struct kill_plan *p, const struct kill_words *w, struct str *out);
/* Processes that matched, but only by a connection of theirs: one line, or nothing. picked: parallel to the frame's
 * rows, what matches the filter in any state. */
void kill_put_left_alone(const struct kill_plan *p, const struct frame *f, const uint8_t *picked,
			 struct str *out);
