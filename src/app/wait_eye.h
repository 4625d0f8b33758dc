/* A way of looking at the sockets again and again, as cheaply as what it is for allows. */
#pragma once
#include "sockeye/collect/source.h"
#include "sockeye/model/world.h"
#include <stdbool.h>

/* Each has its own memory between looks: a look without owners must not seem to a world that had them as if they had
 * let go. */
struct eye {
	struct want want;
	bool plain; /* what is looked for depends on each socket alone: when none has changed, nothing has */
	struct world *world; /* owned */
	struct snapshot snap;
	struct frame frames[3];
	unsigned turn, looks;
	VEC(struct sock) before; /* what the last look saw, if it was plain and not much */
	uint32_t before_protos; /* it asked for; 0: not known */
	bool settled; /* the frame says what a look at the same sockets would make of it */
	uint64_t cost_ns; /* of a look, processor time: of the last one, or, when they are cheap, a mean */
	uint64_t at_ns; /* when it began; 0: never */
	VEC(uint8_t) picked;
};
struct services;
void eye_init(struct eye *e, struct intern *names,
	      struct services *services); /* both borrowed for its life */
void eye_done(struct eye *e); /* also of one that is all zero */
/* 0 or a negative errno. *ret_same (may be NULL): nothing that counts has changed since the last look. */
int eye_look(struct eye *e, struct source *source, bool *ret_same);
static inline const struct frame *eye_frame(const struct eye *e)
{
	return &e->frames[e->turn];
}
/* Only what costs nearly nothing however many connections there are: a LISTEN-only look, and UDP. */
#define EYE_PROTOS_CHEAP (1u << PROTO_TCP | 1u << PROTO_UDP)
#define EYE_STATES_CHEAP (STATE_BIT(STATE_LISTENING) | STATE_BIT(STATE_UNCONN))
bool eye_cheap(const struct eye *e);
/* So much processor time did the last look cost, with all that was done about it. */
void eye_charge(struct eye *e, uint64_t ns);
