/* One look for a command: the kernel asked once, one frame, the late texts that belong to it. */
#pragma once
#include "sockeye/collect/source.h"
#include "sockeye/model/kill.h"
#include "sockeye/model/world.h"
#include "sockeye/table/filter.h"
#include "workers.h"

struct options;
struct look_once { /* all zero before look_once_open */
	struct services *services;
	struct intern *names;
	struct filter *filter; /* NULL: none was given */
	struct source *source;
	struct world *world;
	struct workers *workers;
	struct snapshot snap;
	struct frame frame;
	bool opened;
	char err[256]; /* a sentence, after a negative result */
};
/* Each gives 0, or a negative number with a sentence in l->err. */
/* filter: NULL: none. Services that l has already are taken over. */
int look_once_open(struct look_once *l, const char *filter);
/* May be called again: the frame is then of the new look, and knows nothing of the one before. */
int look_once_take(struct look_once *l, const struct want *want);
/* Fetches texts that take a read of their own: 1 << enum late_what, or LOOK_FORWARDERS. */
#define LOOK_FORWARDERS (1 << 7) /* LATE_CMDLINE, of programs that forward ports */
void look_once_texts(struct look_once *l, uint8_t texts);
void look_once_late(struct look_once *l); /* all of them: users, command lines, programs */
void look_once_done(struct look_once *l);
/* Complains of l->err when r is negative. Gives r. */
int look_once_told(const struct look_once *l, int r);

/* The look of a command that acts: sockets of every state that the command's filter may pick, with owners, in the
 * caller's namespace unless -N says otherwise. Complains itself. */
int look_once_deed(struct look_once *l, const struct options *o);

/* Who asks: the user this program runs for, and the connection he came by. After look_once_late. */
void look_once_you(const struct look_once *l, struct kill_you *ret);
