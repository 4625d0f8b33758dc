/* What the files of this layer share. There is one terminal, so there is one of these. */
#pragma once
#include "sockeye/base/str.h"
#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

/* output.c: bytes to the terminal without ever waiting for it. */
int output_open(int tty_fd); /* 0 or a negative errno */
void output_close(void);
int output_curses_fd(
	void); /* what curses believes to be the terminal; owned by the caller's FILE afterwards */
int output_tty(void); /* the terminal itself */
void output_capture(void); /* from now on curses writes into memory */
void output_collect(void); /* queues what it wrote */
/* Writes what is queued as far as the terminal takes it, waiting at most wait_ms altogether. */
void output_flush(int wait_ms);
void output_put(const char *s, size_t n); /* queues */
bool output_pending(void);
bool output_ready(void); /* the terminal takes bytes now; notices when it is gone */
bool output_gone(void);
void output_abandon(void); /* from now on it is gone; any thread */

/* restore.c: the way back, prepared so that a signal handler can go it. */
void restore_prepare(const char *leave, size_t n, const struct termios *t); /* copies */
void restore_forget(void);
void restore_now(void); /* async-signal-safe */
