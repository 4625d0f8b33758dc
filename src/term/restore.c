/* The way back to the shell's terminal, as bytes and modes prepared beforehand: a signal handler, and a thread that
 * dies, may do nothing that needs curses. */
#include "sockeye/term/term.h"
#include "term_private.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define ALT_STACK 32768

static char bytes[512];
static volatile sig_atomic_t bytes_n, armed;
static struct termios modes;
static char alt_stack[ALT_STACK]; /* for a crash by stack overflow */

void restore_prepare(const char *leave, size_t n, const struct termios *t)
{
	armed = 0;
	if (n > sizeof(bytes))
		n = 0;
	memcpy(bytes, leave, n);
	bytes_n = (sig_atomic_t)n;
	modes = *t;
	armed = 1;
}

void restore_forget(void)
{
	armed = 0;
}

void restore_now(void)
{
	struct pollfd p = {output_tty(), POLLOUT, 0};
	size_t at = 0, n = (size_t)bytes_n;
	int tries = 0;

	if (!armed)
		return;
	armed = 0;
	while (at < n && tries < 10) {
		ssize_t r = write(p.fd, bytes + at, n - at);

		if (r > 0)
			at += (size_t)r;
		else if (errno != EAGAIN && errno != EINTR)
			break;
		else
			tries++, (void)poll(&p, 1, 20);
	}
	(void)tcsetattr(p.fd, TCSANOW, &modes);
}

static void handler(int sig, siginfo_t *info, void *context)
{
	(void)context;
	restore_now();
	/* The disposition is the default again (SA_RESETHAND). A real fault strikes again on return, with its own
	 * address in the core; one that was sent must be sent again. */
	if (info->si_code <= 0 || sig == SIGABRT)
		raise(sig);
}

void term_install_crash_handlers(void)
{
	static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGTRAP, SIGQUIT};
	stack_t alt = {.ss_sp = alt_stack, .ss_size = sizeof(alt_stack)};
	struct sigaction a = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESETHAND | SA_ONSTACK};

	sigaltstack(&alt, NULL);
	sigemptyset(&a.sa_mask);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &a, NULL);
}
