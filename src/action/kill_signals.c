/* The signals: those of the menu, all others by name, and the lines of the log that tell what came of them. */
#include "kill_private.h"

#include "sockeye/base/units.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

const struct kill_signal kill_signals[] = {
	{SIGTERM, "TERM", "ask to end"},      {SIGINT, "INT", "as ^C"},
	{SIGHUP, "HUP", "often: reload"},     {SIGKILL, "KILL", "no clean-up"},
	{SIGQUIT, "QUIT", "end, core dump"},  {SIGUSR1, "USR1", "its own meaning"},
	{SIGUSR2, "USR2", "its own meaning"}, {SIGSTOP, "STOP", "halt, may go on"},
	{SIGCONT, "CONT", "go on"},
};
const size_t kill_signals_n = ARRAY_LEN(kill_signals);

/* Those that the menu has no room for. */
static const struct {
	int number;
	const char *name;
} others[] = {
	{SIGABRT, "ABRT"}, {SIGALRM, "ALRM"}, {SIGBUS, "BUS"},       {SIGCHLD, "CHLD"},   {SIGFPE, "FPE"},
	{SIGILL, "ILL"},   {SIGIO, "IO"},     {SIGPIPE, "PIPE"},     {SIGPROF, "PROF"},   {SIGPWR, "PWR"},
	{SIGSEGV, "SEGV"}, {SIGSYS, "SYS"},   {SIGTRAP, "TRAP"},     {SIGTSTP, "TSTP"},   {SIGTTIN, "TTIN"},
	{SIGTTOU, "TTOU"}, {SIGURG, "URG"},   {SIGVTALRM, "VTALRM"}, {SIGWINCH, "WINCH"}, {SIGXCPU, "XCPU"},
	{SIGXFSZ, "XFSZ"},
};

const char *kill_signal_name(int sig, char buf[16])
{
	snprintf(buf, 16, "%d", sig);
	if (sig > SIGRTMIN && sig <= SIGRTMAX)
		snprintf(buf, 16, "RTMIN+%d", sig - SIGRTMIN);
	for (size_t i = 0; i < kill_signals_n; i++)
		if (kill_signals[i].number == sig)
			snprintf(buf, 16, "%s", kill_signals[i].name);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (others[i].number == sig)
			snprintf(buf, 16, "%s", others[i].name);
	return buf;
}

int kill_signal_by_name(const char *name)
{
	char own[16];
	uint64_t n;

	if (parse_u64(name, (uint64_t)SIGRTMAX, &n) == 0)
		return (int)n;
	if (!strncasecmp(name, "SIG", 3))
		name += 3;
	for (int sig = 1; sig <= SIGRTMAX; sig++)
		if (!strcasecmp(kill_signal_name(sig, own), name) && (own[0] < '0' || own[0] > '9'))
			return sig;
	return 0;
}

static void put_after(uint64_t ns, struct str *out)
{
	if (ns < NSEC_PER_SEC)
		str_putf(out, " after %u ms", (unsigned)(ns / NSEC_PER_MS));
	else
		str_putf(out, " after %.1f s", (double)ns / NSEC_PER_SEC);
}

void kill_log_put(const struct kill_step *steps, size_t n, uint64_t sent_ns, struct str *out)
{
	bool first = true;

	for (size_t i = 0; i < n; i++) {
		const struct kill_step *s = &steps[i];

		if (s->event == KILL_WATCH_OVER)
			continue;
		str_puts(out, first                                                                ? ""
			      : s->event == KILL_SENT || i == 0 || steps[i - 1].event != KILL_SENT ? "; "
												   : ": ");
		first = false;
		str_puts(out, s->text);
		if (s->event != KILL_SENT && s->event != KILL_REFUSED && sent_ns && s->at_ns >= sent_ns &&
		    !strstr(s->text, " after "))
			put_after(s->at_ns - sent_ns, out);
	}
}
