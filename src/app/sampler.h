/* The sampler: a thread that owns the source, the interned names and the world, and writes one frame after
 * another. Frames go to main by one atomic exchange and come back by a flag each; a frame nobody took is built
 * over. Main never waits for it. */
#pragma once
#include "sockeye/model/frame.h"
#include "sockeye/model/shown.h"
#include "workers.h"
#include <stdbool.h>
#include <stdint.h>

struct sampler;
struct sampler_opts {
	const struct services *services; /* borrowed for the program's life */
	struct workers *workers; /* borrowed likewise: asked for the texts of what a frame shows */
	struct want want; /* of the first look */
	uint64_t interval_ns;
};
/* Starts the thread. 0 or a negative errno. */
int sampler_start(const struct sampler_opts *o, struct sampler **ret);
/* Asks it to end and waits at most wait_ns; no frame may be in use any more. True: it has ended and everything is freed. False: it hangs in a look;
 * what it uses (services, workers) must be left alone, the program is about to end. */
bool sampler_stop(struct sampler *s, uint64_t wait_ns);

int sampler_fd(const struct sampler *s); /* readable: sampler_take or sampler_error has something */
/* The newest frame that was not taken yet, or NULL. Main reads it until it gives it back. */
const struct frame *sampler_take(struct sampler *s);
void sampler_give(struct sampler *s, const struct frame *f); /* NULL allowed */
/* One more frame may be in use: main reads one that it does not show (an export). */
void sampler_spare(struct sampler *s, bool spare);
/* A negative errno when the last look saw nothing at all, else 0. */
int sampler_error(const struct sampler *s);

/* From now on. Asking for more than before makes it look at once. */
/* The descriptors on the screen: read again in every look. Copied; at most SAMPLER_SEEN_MAX. */
#define SAMPLER_SEEN_MAX 256
struct source_fd;
void sampler_verify(struct sampler *s, const struct source_fd *v, size_t n);
/* The connection on the screen, cookie 0: none. What only its page tells is read at once and in every look. Copied. */
struct sock;
void sampler_show(struct sampler *s, uint64_t netns_inode, const struct sock *k);
/* Readable: there is an answer about another connection than before. Reading sampler_shown() clears it. */
int sampler_shown_fd(const struct sampler *s);
void sampler_shown(struct sampler *s, struct shown *ret);
void sampler_want(struct sampler *s, const struct want *w);
void sampler_interval(struct sampler *s, uint64_t ns);
/* on: no look begins any more, and every foreign network namespace is let go of; waits at most wait_ns for that. True:
 * it is so. off: it goes on with a look at once. */
bool sampler_rest(struct sampler *s, bool on, uint64_t wait_ns);
