/* Rules that judge a frame. One table row a rule; a rule looks at one kind of row. */
#pragma once
#include "sockeye/model/frame.h"

struct finding_rule {
	const char *key; /* "accept-queue-full" */
	const char *help;
	uint8_t on; /* enum finding_on */
	uint8_t severity;
	/* Writes the sentence and returns true when the rule applies to this row. */
	bool (*test)(const struct frame *f, uint32_t row, char *text, size_t size);
	/* Counts the finding on the other rows that are part of it (the sockets of a leak, the ports of a
	 * process), so that they are marked too; the list has it once. May be NULL. */
	void (*spread)(struct frame *f, uint32_t row);
};
extern const struct finding_rule finding_rules[];
extern const size_t finding_rules_n;
/* Called by world_apply when the frame is otherwise complete: fills findings and the rows' counters. */
void findings_run(struct frame *f);
