/* The terminal: curses behind three doors: keys in, canvas out, and getting the screen back in order
 * however the program ends. The only layer that knows curses. */
#pragma once
#include "sockeye/view/canvas.h"
#include "sockeye/view/key.h"
#include <stdbool.h>
#include <stdint.h>

enum term_attr { TERM_BOLD = 1, TERM_DIM = 2, TERM_ITALIC = 4, TERM_UNDERLINE = 8, TERM_REVERSE = 16 };
struct term_look { /* of a style */
	uint8_t attrs; /* enum term_attr */
	int16_t fg, bg; /* a colour's number, 0 to 255; -1: the terminal's own */
};
extern const char *const term_style_names[STYLE_N]; /* "warn" */
struct term_look term_look_of(enum style s); /* without a user's wishes */
/* "bold red", "white on 52", "plain". 0, or -EINVAL with a sentence in err. */
int term_look_parse(const char *text, struct term_look *ret, char *err, size_t err_n);
void term_look_print(const struct term_look *l, struct str *out); /* as term_look_parse takes it */

struct term_opts {
	bool color; /* false: NO_COLOR or --no-color; attributes stay */
	bool mouse;
	const struct term_look *looks; /* STYLE_N of them, borrowed for term_open; NULL: the own ones */
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
/* Puts text on the clipboard of the user's terminal (OSC 52), which may refuse in silence. 0; -ENOTSUP: the
 * terminal is known to have none; -E2BIG. */
int term_copy(const char *text, size_t n);
void term_redraw(void); /* the next blit paints everything */
void term_suspend_before(void); /* before raising SIGSTOP */
void term_suspend_after(void); /* after SIGCONT, also when it came uninvited */
/* False: another job has the terminal (bg); it must be neither drawn on nor set up. */
bool term_foreground(void);
/* Fatal signals: bytes and termios prepared now, written by the handler, then the signal raised again. */
void term_install_crash_handlers(void);
