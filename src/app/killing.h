/* The dashboard's side of a kill: opens and sends on main (microseconds), watches the outcome on a thread with a
 * source of its own, and keeps the log that stays in the scrollback. */
#pragma once
#include "sockeye/base/str.h"
#include "sockeye/model/kill.h"
#include <stdbool.h>

struct killing;
struct killing *killing_new(void);
void killing_free(struct killing *k); /* ends a watch without waiting for it; NULL allowed */
/* The four doors of struct ui_host, with `data` a struct killing. */
const struct kill_plan *killing_open(void *data, struct kill_plan *plan);
void killing_choose(void *data, size_t way);
int killing_send(void *data, int sig);
const struct kill_step *killing_steps(void *data, size_t *ret_n, uint64_t *ret_sent_ns, bool *ret_over);
void killing_close(void *data);

/* on: a watch under way lets go of every network namespace and waits, which this waits for (at most wait_ns). */
void killing_rest(struct killing *k, bool on, uint64_t wait_ns);

int killing_fd(const struct killing *k); /* readable: there are new steps */
void killing_taken(struct killing *k);
/* A line of another action, for the log; safe text. */
void killing_note(struct killing *k, uint64_t at_ns, const char *text);
/* Appends one line an action and outcome since the program started; nothing when nothing was done. */
void killing_log(struct killing *k, struct str *out);
