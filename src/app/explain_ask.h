/* Asks why a bind() would fail: a look of its own, the judgement, the tries; for the command and for the dashboard. */
#pragma once
#include "explain_probe.h"
#include "look_once.h"

struct explain_ask { /* all zero before explain_ask_open */
	struct look_once look; /* look.err: a sentence, after a negative result */
	struct explain_facts facts; /* of the user in question: filled by explain_who before */
	struct explain_who who;
};
/* Reads the settings and takes a first look, in the network namespace of the calling thread, which has to stay there.
 * Blocks for as long as the kernel takes. 0 or a negative errno. */
int explain_ask_open(struct explain_ask *a);
void explain_ask_done(struct explain_ask *a);
/* Judges a port of one protocol into *e (all zero before), of the look there is. */
void explain_ask_judge(struct explain_ask *a, struct explain *e, int proto, uint32_t port);
/* The same, and once more after another look when the try says otherwise: sockets come and go between the look and the
 * try. What was judged from the look before is no longer valid then. 0 or a negative errno. */
int explain_ask_twice(struct explain_ask *a, struct explain *e, int proto, uint32_t port);
/* The first port from `from` on that is really free, judged into *e; 0: none. */
uint32_t explain_ask_free(struct explain_ask *a, struct explain *e, int proto, uint32_t from);
/* All that is said about a port, into two judgements (all zero before): proto -1 is TCP, with UDP in *beside. 0, or a
 * negative errno with a sentence in a->look.err. */
int explain_ask_both(struct explain_ask *a, int proto, uint32_t port, struct explain *main_one,
		     struct explain *beside);
/* In words, as `sockeye explain` prints it. both: *beside was filled. */
void explain_ask_put(const struct explain *main_one, const struct explain *beside, bool both, bool ascii,
		     struct str *out);
