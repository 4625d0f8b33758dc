/* Workers: threads for the few reads that can hang (a command line waits for the process's mmap_lock, a
 * user name for a directory server). A read that takes longer than a second loses its thread: its text
 * becomes "unknown", the thread is left to its fate and replaced, at most four times. Nobody ever joins them. */
#pragma once
#include "sockeye/model/late.h"
#include <stdbool.h>
#include <stdint.h>

struct workers;
struct workers *workers_new(void);
/* With so much time for a read instead of one second: name servers that are away keep one waiting. */
struct workers *workers_new_patient(uint64_t job_max_ns);
void workers_free(struct workers *w); /* waits for nobody; NULL allowed */

/* Asks for one text of one slot; claims it first (late_claim), so that asking again costs nothing.
 * Any thread; never blocks for long. Takes its own reference of the slot. */
void workers_ask(struct workers *w, struct late *l, enum late_what what);
/* Gives up reads that are over their second. Called by whoever has a rhythm: the sampler after each look. */
void workers_tick(struct workers *w);
/* Waits until everything asked for is answered or given up, or until CLOCK_BOOTTIME says deadline_ns. True: all
 * answered. */
bool workers_wait(struct workers *w, uint64_t deadline_ns);

/* Readable after texts arrived; workers_taken() makes it quiet again. */
int workers_fd(const struct workers *w);
void workers_taken(struct workers *w);
