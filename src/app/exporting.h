/* An export beside the main loop: a thread that writes a table as it was when it was asked for, from a frame that nobody
 * recycles meanwhile. One at a time. */
#pragma once
#include "sockeye/table/table.h"
#include <stdbool.h>
#include <stddef.h>

struct exporting;
struct exporting *exporting_new(void);
/* Stops what is being written and waits for it, at most wait_ns. False: it hangs in a write; the frame it reads must be
 * left alone, the program is about to end. NULL allowed. */
bool exporting_free(struct exporting *e, uint64_t wait_ns);

int exporting_fd(const struct exporting *e); /* readable: it has come to its end */
/* The file is opened here, the rest goes on by itself: 1. Or an error, as ui_host.export. */
int exporting_begin(struct exporting *e, const struct table *t, const char *path, bool overwrite, char *err,
		    size_t err_n);
/* The frame that is being read; NULL: none, since the call of exporting_taken after the end. */
const struct frame *exporting_frame(const struct exporting *e);
void exporting_taken(struct exporting *e);
/* 1: so many rows of all were written; 0: all, and it is over; or a negative errno, with a sentence in err. */
int exporting_state(struct exporting *e, size_t *ret_rows, size_t *ret_all, char *err, size_t err_n);
void exporting_stop(struct exporting *e); /* what was written so far is taken away: -ECANCELED */
