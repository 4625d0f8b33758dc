/* The inside of a plan while it is built: shared by kill_plan.c (whom and what), kill_cost.c (what it ends and how
 * far it reaches). */
#pragma once
#include "sockeye/model/kill.h"

struct build {
	struct kill_plan *p;
	const struct frame *f;
	VEC(uint32_t) procs; /* parallel to p->targets: their rows */
	uint32_t *target; /* by process row: index of its target; NONE */
};
/* Foreign bytes, made safe and cut to what fits. */
void kill_copy_text(char *buf, size_t size, const char *s, size_t n);
void kill_copy_name(char *buf, size_t size, const struct frame *f, uint32_t id);
void kill_copy_comm(char *buf, size_t size, const struct frame *f,
		    uint32_t id); /* an empty one is "" in quotes */
void kill_put_addr(char *buf, size_t size, const struct frame *f, const struct port *p);
void kill_put_sock(char *buf, size_t size, const struct frame *f, uint32_t row); /* "tcp 10.0.0.5:443" */

/* What speaks against this process from the start: pid 1, zombies, those who hold it for others. */
void kill_judge_target(struct build *b, struct kill_target *t, uint32_t proc);
/* Connections that end, whose they are, and how many ports, units and programs are hit. */
void kill_count_cost(struct build *b);
