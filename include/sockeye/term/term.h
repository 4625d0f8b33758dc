/* The terminal: curses behind three doors: keys in, canvas out, and getting the screen back in order
 * however the program ends. The only layer that knows curses. */
#pragma once
#include "sockeye/view/canvas.h"
#include "sockeye/view/key.h"
#include <stdbool.h>
#include <stdint.h>

struct term_opts {
	bool color; /* false: NO_COLOR or --no-color; attributes stay */
	bool mouse;
};
/* Opens the terminal (stdin, or /dev/tty when stdin is none). 0; -ENOTTY stdout is none; -ENOENT TERM unset,
 * unknown or unable to move the cursor, with a sentence in err. Only one can be open at a time. */
int term_open(const struct term_opts *o, char *err, size_t err_n);
/* Restores the terminal; may be called twice, and from the die hook. */
void term_close(void);
int term_fd(void); /* to poll for POLLIN */
void term_size(int *ret_w, int *ret_h); /* asks the kernel (TIOCGWINSZ) and tells curses */
bool term_ascii(void); /* the locale's codeset is not UTF-8, or TERM=linux */
/* One key, without waiting. false: none. Sets *ret_hangup when the terminal is gone. */
bool term_key(struct key *ret, bool *ret_hangup);
void term_discard_input(void);
/* Brings the canvas to the screen; writes only what changed. false: the terminal is gone. */
bool term_blit(const struct canvas *c);
/* The terminal takes no more at present (^S, a slow line): blit again in some 50 ms; nothing ever waits for it. */
bool term_behind(void);
void term_redraw(void); /* the next blit paints everything */
void term_suspend_before(void); /* before raising SIGSTOP */
void term_suspend_after(void); /* after SIGCONT, also when it came uninvited */
/* False: another job has the terminal (bg); it must be neither drawn on nor set up. */
bool term_foreground(void);
/* Fatal signals: bytes and termios prepared now, written by the handler, then the signal raised again. */
void term_install_crash_handlers(void);
