/* The terminal itself: opened with newterm (initscr would exit), drawn through curses' diff, and given back as it
 * was found. Modes are left and entered with bytes prepared here, so that suspend, close and crash are one way. */
#include "sockeye/term/term.h"
#include "keys.h"
#include "sockeye/base/mem.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include "style.h"
#include "term_private.h"
#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <term.h>
#include <time.h>
#include <unistd.h>

/* More nobody has; a size is a number that another process may set on the terminal. */
#define W_MAX 1000
#define H_MAX 500
#define MOUSE_ON "\033[?1000h\033[?1006h" /* buttons, in SGR form: no limit at column 223 */
#define MOUSE_OFF "\033[?1006l\033[?1000l"
#define PASTE_ON "\033[?2004h"
#define PASTE_OFF "\033[?2004l"
#define ERR_MAX 100 /* reads that fail at once although bytes are there: the terminal is no longer ours */

static struct {
	bool open, suspended, mouse, repaint, skipped;
	pthread_t owner;
	SCREEN *screen; /* owned */
	FILE *out; /* owned; on the descriptor output.c captures */
	WINDOW *pad; /* owned; keys are read on it: never drawn, so that reading never draws */
	FILE *in_file; /* stdin, or owned */
	int in; /* its descriptor */
	struct termios shell, prog; /* modes found, and ours */
	struct key_reader keys;
	int errors;
	struct canvas last; /* what curses was told last */
	cchar_t *line; /* owned; one row */
	int cursor; /* shown: 1 */
} t;

static const char *cap(const char *name)
{
	/* curses has declared this parameter as char * ever since. */
	char *s = tigetstr((char *)(uintptr_t)name);

	return s && s != (char *)-1 ? s : "";
}

static int say(char *err, size_t n, int r, const char *fmt, const char *arg)
{
	snprintf(err, n, fmt, arg);
	return r;
}

/* A terminal description that can move the cursor, or a sentence why not. setupterm instead of newterm: the latter
 * is content with a typewriter. */
static int check_type(int fd, char *err, size_t n)
{
	const char *type = getenv("TERM");
	char name[64] = "";
	int r;

	if (!type || !*type)
		return say(err, n, -ENOENT, "TERM is not set, so nothing is known about this terminal%s", "");
	for (size_t i = 0; type[i] && i < sizeof(name) - 1; i++)
		name[i] = type[i] > ' ' && type[i] < 0x7f ? type[i] : '?';
	if (setupterm(NULL, fd, &r) == ERR)
		return say(err, n, -ENOENT, "no description of the terminal \"%s\" (TERM) is installed",
			   name);
	r = *cap("cup") ? 0 : say(err, n, -ENOENT, "the terminal \"%s\" (TERM) cannot move the cursor", name);
	del_curterm(cur_term);
	return r;
}

/* With file capabilities or setuid curses would still read descriptions from where the caller says. */
static void distrust_environment(void)
{
	static const char *const names[] = {
		"TERMINFO",
		"TERMINFO_DIRS",
		"TERMCAP",
		"TERMPATH",
		"NCURSES_NO_PADDING",
		"NCURSES_NO_SETBUF",
		"NCURSES_NO_UTF8_ACS",
		"NCURSES_TRACE",
		"NCURSES_ASSUMED_COLORS",
		"NCURSES_NO_MAGIC_COOKIE",
		"NCURSES_GPM_TERMS",
		"HOME",
	};

	if (getauxval(AT_SECURE))
		for (size_t i = 0; i < ARRAY_LEN(names); i++)
			unsetenv(names[i]);
}

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

/* For key_reader: curses' keys and single bytes. */
static int next_code(void *data, int wait_ms)
{
	int c = wgetch(t.pad);

	if (c == ERR && wait_ms) {
		struct pollfd p = {t.in, POLLIN, 0};

		if (poll(&p, 1, wait_ms) > 0)
			c = wgetch(t.pad);
	}
	return c == ERR ? -1 : c;
}

static void leave_bytes(struct str *b)
{
	if (t.mouse)
		str_puts(b, MOUSE_OFF);
	str_puts(b, PASTE_OFF);
	str_puts(b, cap("sgr0"));
	str_puts(b, cap("op"));
	str_puts(b, cap("rmkx"));
	str_puts(b, cap("cnorm"));
	if (*cap("rmcup")) {
		str_puts(b, cap("rmcup"));
	} else { /* no second screen: what was drawn stays, the shell goes on below it */
		char *to = tiparm(cap("cup"), LINES - 1, 0);

		str_puts(b, to ? to : "");
		str_puts(b, "\r\n");
	}
}

static void enter_bytes(struct str *b)
{
	str_puts(b, cap("smcup"));
	str_puts(b, cap("smkx"));
	if (!t.cursor)
		str_puts(b, cap("civis"));
	str_puts(b, PASTE_ON);
	if (t.mouse)
		str_puts(b, MOUSE_ON);
}

static void prepare_restore(void)
{
	struct str b = {0};

	leave_bytes(&b);
	restore_prepare(str_text(&b), b.n, &t.shell);
	str_done(&b);
}

bool term_foreground(void)
{
	pid_t p = tcgetpgrp(output_tty());

	return p < 0 || p == getpgrp();
}

static void leave(void)
{
	struct str b = {0};

	restore_forget();
	if (!term_foreground()) /* it is somebody else's now: the shell has long put it right */
		return;
	output_flush(100);
	leave_bytes(&b);
	output_put(str_text(&b), b.n);
	output_flush(200);
	(void)tcsetattr(output_tty(), TCSANOW, &t.shell);
	str_done(&b);
}

static int start_curses(const struct term_opts *o, char *err, size_t n)
{
	t.in_file = t.in == STDIN_FILENO ? stdin : fdopen(t.in, "r");
	t.out = fdopen(output_curses_fd(), "w");
	t.screen = t.in_file && t.out ? newterm(NULL, t.out, t.in_file) : NULL;
	if (!t.screen)
		return say(err, n, -ENOENT, "curses cannot use this terminal%s", "");
	set_term(t.screen);
	set_escdelay(25);
	raw(); /* ^C, ^Z and ^S are keys here */
	noecho();
	nonl();
	t.pad = newpad(1, 1);
	if (!t.pad)
		return say(err, n, -ENOENT, "curses cannot use this terminal%s", "");
	keypad(t.pad, TRUE);
	nodelay(t.pad, TRUE);
	/* Mouse reports are decoded in keys.c, in the form that knows no column 223. */
	define_key(NULL, KEY_MOUSE);
	t.mouse = o->mouse && *cap("kmous");
	typeahead(-1); /* a frame is never left half drawn */
	leaveok(stdscr, FALSE);
	scrollok(stdscr, FALSE);
	style_init(o->color, o->looks);
	(void)tcgetattr(output_tty(), &t.prog);
	output_capture();
	return 0;
}

static void end_curses(void)
{
	if (t.pad)
		delwin(t.pad);
	if (t.screen)
		delscreen(t.screen);
	if (t.out)
		fclose(t.out);
	if (t.in_file && t.in_file != stdin)
		fclose(t.in_file);
	t.pad = NULL;
	t.in_file = NULL;
	t.screen = NULL;
	t.out = NULL;
}

int term_open(const struct term_opts *o, char *err, size_t err_n)
{
	struct str b = {0};
	int r;

	if (!isatty(STDOUT_FILENO))
		return say(err, err_n, -ENOTTY, "standard output is no terminal%s", "");
	distrust_environment();
	r = check_type(STDOUT_FILENO, err, err_n);
	if (r < 0)
		return r;
	t.in = isatty(STDIN_FILENO) ? STDIN_FILENO : open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (t.in < 0)
		return say(err, err_n, -ENOTTY, "there is no terminal to read keys from%s", "");
	if (output_open(STDOUT_FILENO) < 0 || tcgetattr(output_tty(), &t.shell) < 0) {
		output_close();
		return say(err, err_n, -ENOTTY, "the terminal does not answer%s", "");
	}
	r = start_curses(o, err, err_n);
	if (r < 0) {
		(void)tcsetattr(output_tty(), TCSANOW, &t.shell);
		end_curses();
		output_close();
		return r;
	}
	t.owner = pthread_self();
	t.open = true;
	t.suspended = false;
	t.repaint = true;
	t.errors = 0;
	t.cursor = 1;
	key_reader_init(&t.keys, next_code, NULL);
	prepare_restore();
	/* curses has queued its own entering of the screen for the first refresh. */
	str_puts(&b, PASTE_ON);
	if (t.mouse)
		str_puts(&b, MOUSE_ON);
	output_put(str_text(&b), b.n);
	str_done(&b);
	return 0;
}

void term_close(void)
{
	if (!t.open)
		return;
	/* die() on another thread: only what is safe beside a main that may be drawing. */
	if (!pthread_equal(t.owner, pthread_self())) {
		restore_now();
		output_abandon();
		return;
	}
	t.open = false;
	if (!t.suspended)
		leave();
	end_curses();
	output_close();
	free(t.last.cells);
	free(t.line);
	memset(&t, 0, sizeof(t));
}

int term_fd(void)
{
	return t.in;
}

void term_size(int *ret_w, int *ret_h)
{
	struct winsize ws = {0};
	int w = COLS, h = LINES;

	if (ioctl(output_tty(), TIOCGWINSZ, &ws) == 0 && ws.ws_col && ws.ws_row) {
		w = ws.ws_col < W_MAX ? ws.ws_col : W_MAX;
		h = ws.ws_row < H_MAX ? ws.ws_row : H_MAX;
	}
	if (w != COLS || h != LINES) {
		(void)resizeterm(h, w);
		t.repaint = true;
		prepare_restore();
	}
	*ret_w = w;
	*ret_h = h;
}

bool term_ascii(void)
{
	const char *type = getenv("TERM");

	return strcmp(nl_langinfo(CODESET), "UTF-8") != 0 || (type && !strncmp(type, "linux", 5));
}

bool term_key(struct key *ret, bool *ret_hangup)
{
	struct pollfd p = {t.in, POLLIN, 0};
	int n = 0;

	*ret_hangup = false;
	if (key_reader_get(&t.keys, now(), ret)) {
		t.errors = 0;
		return true;
	}
	/* Nothing: because nothing was typed, or because nobody is there to type any more? */
	if (poll(&p, 1, 0) <= 0)
		return false;
	if ((p.revents & (POLLHUP | POLLERR | POLLNVAL)) ||
	    ((p.revents & POLLIN) && (ioctl(t.in, FIONREAD, &n) < 0 || !n || ++t.errors > ERR_MAX)))
		*ret_hangup = true;
	return false;
}

void term_discard_input(void)
{
	key_reader_discard(&t.keys, now());
}

static void put_row(const struct canvas *c, int y, int w)
{
	for (int x = 0; x < w; x++) {
		const struct cell *cell = &c->cells[y * c->w + x];
		wchar_t text[CCHARW_MAX + 1] = L" ";
		const char *s = cell->glyph;
		size_t left = strlen(s), n = 0, len;
		uint32_t cp;
		short pair;
		attr_t a = style_attr(cell->style, cell->reverse, &pair);
		bool wide = *s && x + 1 < w && !c->cells[y * c->w + x + 1].glyph[0];

		while (left && n < CCHARW_MAX && (len = utf8_decode(s, left, &cp))) {
			text[n++] = (wchar_t)cp;
			s += len;
			left -= len;
		}
		text[n ? n : 1] = 0;
		/* Canvas and curses must agree about the width, or the rest of the line is shifted. */
		if (text[0] < ' ' || text_cp_width((uint32_t)text[0]) != (wide ? 2 : 1)) {
			text[0] = text[0] == ' ' || !n ? ' ' : '?';
			text[1] = 0;
			wide = false;
		}
		setcchar(&t.line[x], text, a, pair, NULL);
		if (wide)
			x++;
	}
}

/* Rows that changed go to curses whole; it finds the cells. */
static void put_canvas(const struct canvas *c)
{
	bool same = t.last.w == c->w && t.last.h == c->h;
	int w = c->w < COLS ? c->w : COLS, h = c->h < LINES ? c->h : LINES;
	size_t n = (size_t)c->w * sizeof(*c->cells);

	if (!same)
		erase();
	t.line = mem_realloc(t.line, (size_t)w + 1, sizeof(*t.line));
	for (int y = 0; y < h; y++) {
		int used = 0;

		if (same && !t.repaint && !memcmp(t.last.cells + y * c->w, c->cells + y * c->w, n))
			continue;
		memset(t.line, 0, ((size_t)w + 1) * sizeof(*t.line));
		put_row(c, y, w);
		/* The right halves of wide characters are no items of the row. */
		for (int x = 0; x < w; x++)
			if (t.line[x].chars[0])
				t.line[used++] = t.line[x];
		mvadd_wchnstr(y, 0, t.line, used);
	}
	t.last.cells = mem_realloc(t.last.cells, (size_t)c->w * (size_t)c->h, sizeof(*c->cells));
	memcpy(t.last.cells, c->cells, n * (size_t)c->h);
	t.last.w = c->w;
	t.last.h = c->h;
}

bool term_blit(const struct canvas *c)
{
	int cursor = c->cur_y >= 0 && c->cur_y < LINES && c->cur_x >= 0 && c->cur_x < COLS;

	if (!t.open || output_gone())
		return false;
	if (t.suspended)
		return true;
	t.skipped = true;
	output_flush(0);
	if (output_gone() || output_pending() || !output_ready())
		return !output_gone();
	t.skipped = false;
	put_canvas(c);
	if (t.repaint)
		clearok(curscr, TRUE);
	t.repaint = false;
	if (cursor != t.cursor)
		curs_set(cursor);
	t.cursor = cursor;
	move(cursor ? c->cur_y : LINES - 1, cursor ? c->cur_x : 0);
	wnoutrefresh(stdscr);
	doupdate();
	output_collect();
	output_flush(0);
	return !output_gone();
}

bool term_behind(void)
{
	return t.open && !t.suspended && (t.skipped || output_pending());
}

void term_redraw(void)
{
	t.repaint = true;
}

void term_suspend_before(void)
{
	if (!t.open || t.suspended)
		return;
	leave();
	t.suspended = true;
}

void term_suspend_after(void)
{
	struct str b = {0};

	if (!t.open)
		return;
	/* The shell may have set other modes while we slept, with or without our knowing. */
	(void)tcsetattr(output_tty(), TCSANOW, &t.prog);
	enter_bytes(&b);
	output_put(str_text(&b), b.n);
	str_done(&b);
	prepare_restore();
	t.suspended = false;
	t.repaint = true;
}
