/* The terminal layer on a real pseudo terminal: a child opens it, this program types and watches. */
#include "sockeye/base/mem.h"
#include "sockeye/term/term.h"
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utmp.h>

#include <cmocka.h>

#define PATIENCE_MS 10000 /* a test that waits this long has failed */

struct session {
	pid_t pid;
	int master, slave; /* slave: kept open, to read its modes */
	int told; /* what the child says, a line at a time */
	struct termios before;
	char screen[1 << 18]; /* everything it wrote to the terminal */
	size_t screen_n;
};

static int say_fd;

static void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vdprintf(say_fd, fmt, ap);
	va_end(ap);
}

static void start(struct session *s, void (*child)(void))
{
	struct winsize ws = {.ws_row = 24, .ws_col = 80};
	int p[2];

	memset(s, 0, sizeof(*s));
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	assert_int_equal(openpty(&s->master, &s->slave, NULL, NULL, &ws), 0);
	assert_int_equal(tcgetattr(s->slave, &s->before), 0);
	fcntl(s->master, F_SETFD, FD_CLOEXEC);
	fflush(NULL);
	s->pid = fork();
	assert_true(s->pid >= 0);
	if (!s->pid) {
		say_fd = p[1];
		close(s->master);
		close(p[0]);
		login_tty(s->slave);
		child();
		_exit(0);
	}
	close(p[1]);
	s->told = p[0];
}

/* Reads what the child says up to the newline, taking what it draws meanwhile off its hands. */
static void hear(struct session *s, char line[128], bool drain)
{
	size_t n = 0;

	for (;;) {
		struct pollfd p[2] = {{s->told, POLLIN, 0}, {drain ? s->master : -1, POLLIN, 0}};

		assert_true(poll(p, 2, PATIENCE_MS) > 0);
		if (p[1].revents & POLLIN) {
			ssize_t r =
				read(s->master, s->screen + s->screen_n, sizeof(s->screen) - 1 - s->screen_n);

			if (r > 0)
				s->screen_n += (size_t)r;
		}
		if (p[0].revents) {
			assert_int_equal(read(s->told, line + n, 1), 1);
			if (line[n] == '\n' || n == 126)
				break;
			n++;
		}
	}
	line[n] = 0;
}

static void expect(struct session *s, const char *what)
{
	char line[128];

	hear(s, line, true);
	assert_string_equal(line, what);
}

static int finish(struct session *s)
{
	struct termios after;
	int status;

	assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
	/* The rest of what it wrote. */
	for (;;) {
		struct pollfd p = {s->master, POLLIN, 0};
		ssize_t r;

		if (poll(&p, 1, 0) <= 0 || !(p.revents & POLLIN))
			break;
		r = read(s->master, s->screen + s->screen_n, sizeof(s->screen) - 1 - s->screen_n);
		if (r <= 0)
			break;
		s->screen_n += (size_t)r;
	}
	assert_int_equal(tcgetattr(s->slave, &after), 0);
	assert_int_equal(after.c_iflag, s->before.c_iflag);
	assert_int_equal(after.c_oflag, s->before.c_oflag);
	assert_int_equal(after.c_lflag, s->before.c_lflag);
	assert_int_equal(after.c_cflag, s->before.c_cflag);
	assert_memory_equal(after.c_cc, s->before.c_cc, sizeof(after.c_cc));
	close(s->master);
	close(s->slave);
	close(s->told);
	return status;
}

static bool wrote(const struct session *s, const char *bytes)
{
	return memmem(s->screen, s->screen_n, bytes, strlen(bytes)) != NULL;
}

static void open_here(const char *type)
{
	struct term_opts o = {.color = true, .mouse = true};
	char err[200] = "";
	int r;

	setenv("TERM", type, 1);
	r = term_open(&o, err, sizeof(err));
	if (r < 0) {
		say("open %d %s\n", r, err);
		_exit(3);
	}
	say("open\n");
}

static void cell(struct canvas *c, int x, const char *glyph)
{
	snprintf(c->cells[x].glyph, sizeof(c->cells[x].glyph), "%s", glyph);
}

static void make_canvas(struct canvas *c, int w, int h)
{
	*c = (struct canvas){w, h, mem_zalloc((size_t)w * (size_t)h, sizeof(struct cell)), -1, 0};
	for (int i = 0; i < w * h; i++)
		cell(c, i, " ");
}

static void child_keys(void)
{
	struct canvas c;
	bool gone = false;
	struct key k = {0};

	open_here("xterm-256color");
	make_canvas(&c, 80, 24);
	cell(&c, 0, "H");
	cell(&c, 1, "i");
	term_blit(&c);
	while (k.code != 'q' && !gone) {
		struct pollfd p = {term_fd(), POLLIN, 0};

		poll(&p, 1, PATIENCE_MS);
		while (k.code != 'q' && term_key(&k, &gone))
			say("%x %d %d %d\n", k.code, k.mouse, k.y, k.x);
	}
	term_close();
	term_close();
	say("closed\n");
}

static void type(struct session *s, const char *bytes)
{
	assert_int_equal(write(s->master, bytes, strlen(bytes)), (ssize_t)strlen(bytes));
}

static void expect_key(struct session *s, const char *bytes, uint32_t code)
{
	char want[64];

	type(s, bytes);
	snprintf(want, sizeof(want), "%x 0 0 0", code);
	expect(s, want);
}

static void test_keys(void **state)
{
	static struct session s;
	char line[128];

	start(&s, child_keys);
	expect(&s, "open");
	expect_key(&s, "a", 'a');
	expect_key(&s, "\x1bOA", KEY_UP_); /* as terminfo has it */
	expect_key(&s, "\x1b[B", KEY_DOWN_); /* as it has not */
	expect_key(&s, "\x1b[6~", KEY_PGDN);
	expect_key(&s, "\x1b", KEY_ESC);
	expect_key(&s, "\xc3\xa9", 0xe9);
	expect_key(&s, "\x1b[20~", KEY_F9);
	expect_key(&s, "\r", KEY_ENTER_);
	expect_key(&s, "\x03", 3); /* no signal */
	expect_key(&s, "\x1a", 26);
	expect_key(&s, "\x13", 19); /* no flow control */
	expect_key(&s, "\x1b[200~", KEY_PASTE_BEGIN);
	expect_key(&s, "K", 'K');
	expect_key(&s, "\x1b[201~", KEY_PASTE_END);
	type(&s, "\x1b[<0;70;3M\x1b[<0;70;3m");
	snprintf(line, sizeof(line), "%x %d 2 69", KEY_MOUSE_, MOUSE_CLICK);
	expect(&s, line);
	type(&s, "\x1b[<65;1;1M");
	snprintf(line, sizeof(line), "%x %d 0 0", KEY_MOUSE_, MOUSE_WHEEL_DOWN);
	expect(&s, line);
	expect_key(&s, "q", 'q');
	expect(&s, "closed");
	assert_int_equal(finish(&s), 0);
	assert_true(wrote(&s, "\x1b[?1049h"));
	assert_true(wrote(&s, "Hi"));
	assert_true(wrote(&s, "\x1b[?2004h"));
	assert_true(wrote(&s, "\x1b[?2004l"));
	assert_true(wrote(&s, "\x1b[?1006h"));
	assert_true(wrote(&s, "\x1b[?1000l"));
	assert_true(wrote(&s, "\x1b[?1049l"));
	/* The second screen is left last of all, and once. */
	s.screen[s.screen_n] = 0;
	assert_null(strstr(strstr(s.screen, "\x1b[?1049l") + 1, "\x1b[?1049"));
}

static void child_crash(void)
{
	struct canvas c;

	open_here("xterm-256color");
	term_install_crash_handlers();
	make_canvas(&c, 80, 24);
	term_blit(&c);
	say("ready\n");
	raise(SIGSEGV);
}

static void test_crash(void **state)
{
	static struct session s;
	int status;

	start(&s, child_crash);
	expect(&s, "open");
	expect(&s, "ready");
	status = finish(&s);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSEGV);
	assert_true(wrote(&s, "\x1b[?1049l"));
	assert_true(wrote(&s, "\x1b[?2004l"));
}

/* Counts how often it wakes up after the terminal has gone. */
static void child_hangup(void)
{
	struct canvas c;
	bool gone = false;
	struct key k;
	int wakes = 0;

	signal(SIGHUP, SIG_IGN);
	open_here("xterm-256color");
	make_canvas(&c, 80, 24);
	term_blit(&c);
	while (!gone && wakes < 1000) {
		struct pollfd p = {term_fd(), POLLIN, 0};

		poll(&p, 1, PATIENCE_MS);
		wakes++;
		while (term_key(&k, &gone))
			;
	}
	cell(&c, 0, "x");
	say("gone %d after %d, blit %d\n", gone, wakes, term_blit(&c));
	term_close();
	say("closed\n");
}

static void test_hangup(void **state)
{
	static struct session s;
	char line[128];
	int status;

	start(&s, child_hangup);
	expect(&s, "open");
	close(s.slave);
	close(s.master);
	s.master = -1;
	hear(&s, line, false);
	assert_string_equal(line, "gone 1 after 1, blit 0");
	hear(&s, line, false);
	assert_string_equal(line, "closed");
	assert_int_equal(waitpid(s.pid, &status, 0), s.pid);
	assert_int_equal(status, 0);
	close(s.told);
}

/* Nobody reads what it draws. */
static void child_stalled(void)
{
	struct canvas c;
	bool ok = true;

	open_here("xterm-256color");
	make_canvas(&c, 80, 24);
	for (int i = 0; i < 3000; i++) {
		for (int j = 0; j < 80 * 24; j++)
			cell(&c, j, (i + j) % 2 ? "a" : i % 3 ? "b" : "c");
		ok &= term_blit(&c);
	}
	say("alive %d behind %d\n", ok, term_behind());
	term_close();
	say("closed\n");
}

static void test_stalled(void **state)
{
	static struct session s;
	char line[128];

	start(&s, child_stalled);
	hear(&s, line, false);
	assert_string_equal(line, "open");
	hear(&s, line, false);
	assert_string_equal(line, "alive 1 behind 1");
	hear(&s, line, false);
	assert_string_equal(line, "closed");
	assert_int_equal(finish(&s), 0);
}

static void child_quiet(void)
{
	struct canvas c;
	int w = 0, h = 0;

	open_here("xterm-256color");
	term_size(&w, &h);
	say("%dx%d\n", w, h);
	make_canvas(&c, w, h);
	cell(&c, 3, "\xe9\xad\x9a"); /* wide */
	cell(&c, 4, "");
	cell(&c, 5, "e\xcc\x81");
	cell(&c, w - 1, "\xe9\xad\x9a"); /* wide, but no room: shown as something narrow */
	term_blit(&c);
	say("drawn %d\n", term_behind());
	for (int i = 0; i < 5; i++)
		term_blit(&c);
	say("again\n");
	term_suspend_before();
	say("suspended\n");
	term_suspend_after();
	term_blit(&c);
	say("resumed\n");
	term_close();
}

static void test_quiet_and_suspend(void **state)
{
	static struct session s;
	size_t n;

	start(&s, child_quiet);
	expect(&s, "open");
	expect(&s, "80x24");
	expect(&s, "drawn 0");
	expect(&s, "again");
	expect(&s, "suspended");
	expect(&s, "resumed");
	assert_int_equal(finish(&s), 0);
	n = s.screen_n;
	s.screen[n] = 0;
	/* Left and entered twice: suspend and resume. */
	char *leave = strstr(s.screen, "\x1b[?1049l"), *enter;

	assert_non_null(leave);
	enter = strstr(leave, "\x1b[?1049h");
	assert_non_null(enter);
	assert_non_null(strstr(enter, "\x1b[?1049l"));
	/* Five blits of the same canvas wrote nothing: the first frame's glyph stands there once before the
	 * suspend, and once after it. */
	char *first = strstr(s.screen, "e\xcc\x81"), *second = first ? strstr(first + 1, "e\xcc\x81") : NULL;

	if (first) { /* a UTF-8 locale was to be had */
		assert_true(first < leave);
		assert_non_null(second);
		assert_true(second > enter);
		assert_null(strstr(second + 1, "e\xcc\x81"));
		assert_true(wrote(&s, "\xe9\xad\x9a"));
	}
}

static void child_type(const char *type)
{
	open_here(type);
	term_close();
}
static void child_dumb(void)
{
	child_type("dumb");
}
static void child_unknown(void)
{
	child_type("no\x1bsuch");
}
static void child_unset(void)
{
	child_type("");
}
static void child_linux(void)
{
	setenv("TERM", "linux", 1);
	say("ascii %d\n", term_ascii());
}

static void test_types(void **state)
{
	static struct session s;

	start(&s, child_dumb);
	expect(&s, "open -2 the terminal \"dumb\" (TERM) cannot move the cursor");
	assert_int_equal(WEXITSTATUS(finish(&s)), 3);
	assert_int_equal(s.screen_n, 0);
	start(&s, child_unknown);
	expect(&s, "open -2 no description of the terminal \"no?such\" (TERM) is installed");
	assert_int_equal(WEXITSTATUS(finish(&s)), 3);
	assert_int_equal(s.screen_n, 0);
	start(&s, child_unset);
	expect(&s, "open -2 TERM is not set, so nothing is known about this terminal");
	assert_int_equal(WEXITSTATUS(finish(&s)), 3);
	assert_int_equal(s.screen_n, 0);
	start(&s, child_linux);
	expect(&s, "ascii 1");
	assert_int_equal(finish(&s), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_crash),
		cmocka_unit_test(test_hangup),
		cmocka_unit_test(test_stalled),
		cmocka_unit_test(test_quiet_and_suspend),
		cmocka_unit_test(test_types),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		setlocale(LC_CTYPE, "");
	unsetenv("NO_COLOR");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
