/* The inside of a plan while it is built, in slices: shared by kill_plan.c (whom and what), kill_ports.c (what comes
 * free) and kill_cost.c (what it ends and how far it reaches). */
#pragma once
#include "sockeye/base/map.h"
#include "sockeye/model/kill.h"

#define KILL_SLICE 256 /* steps between two questions whether the time is up */

struct peer_count {
	uint32_t row, n; /* row: one of its connections; n: how many */
};
struct build {
	struct kill_plan *p;
	const struct frame *f;
	const struct pick *picks;
	size_t picks_n;
	const struct slice *slice;
	unsigned steps; /* since it was asked last */
	/* How far this part has come: of a list, and of a list within that. Each part begins with 0. */
	size_t at, sub;
	uint32_t *rows; /* parallel to picks: of PICK_SOCK; NONE */
	VEC(uint32_t) procs; /* parallel to p->targets: their rows */
	VEC(uint32_t) order; /* of the targets so far */
	uint32_t *target; /* by process row: index of its target; NONE */
	struct map pids; /* of targets → 1 */
	struct map ports; /* (netns << 8 | proto, port) → index in p->ports */
	struct map unowned; /* for kill_first_with */
	/* kill_cost.c's: bits by row, which rows can end with the targets, and by port, which ones these hold. */
	uint64_t *can_end, *ports_held;
	struct map peers_at; /* address, or process on this machine → index */
	VEC(struct peer_count) peers;
	struct map units, programs;
};
/* For each row or the like, before it is done: is it time to stop? What has stopped goes on with the same one. */
static inline bool kill_build_over(struct build *b)
{
	if (++b->steps < KILL_SLICE)
		return false;
	b->steps = 0;
	return slice_over(b->slice);
}
/* As it is called in this frame. */
struct pick kill_build_pick(const struct build *b, size_t i);
/* The first index that was given with this text and kind (< 256): `next`, when there was none. */
uint32_t kill_first_with(struct build *b, struct map *known, const char *text, uint64_t kind, uint32_t next,
			 const char *(*text_of)(const struct build *b, uint32_t i));
/* Foreign bytes, made safe and cut to what fits. */
void kill_copy_text(char *buf, size_t size, const char *s, size_t n);
void kill_copy_name(char *buf, size_t size, const struct frame *f, uint32_t id);
void kill_copy_comm(char *buf, size_t size, const struct frame *f,
		    uint32_t id); /* an empty one is "" in quotes */
void kill_put_addr(char *buf, size_t size, const struct frame *f, const struct port *p);
void kill_put_sock(char *buf, size_t size, const struct frame *f, uint32_t row); /* "tcp 10.0.0.5:443" */

/* What speaks against this process from the start: pid 1, zombies, those who hold it for others. */
void kill_judge_target(struct build *b, struct kill_target *t, uint32_t proc);

/* Parts of building; true: to its end. The ports asked for want all targets, those held the ones asked for. */
bool kill_ports_asked(struct build *b);
bool kill_ports_narrow(struct build *b);
bool kill_ports_held(struct build *b);
bool kill_ports_order(struct build *b); /* those asked for first; indexes are another's from then on */
/* Likewise, in this order: connections that end, whose they are, and how many ports, units and programs are hit. */
bool kill_cost_held(struct build *b);
bool kill_cost_near(struct build *b);
bool kill_cost_count(struct build *b);
bool kill_cost_peers(struct build *b);
bool kill_cost_reach(struct build *b);
void kill_cost_done(struct build *b);
