/* The stop itself, once everything is let go that nobody could let go of later. */
#include "stop.h"
#include <pthread.h>
#include <signal.h>

bool stop_self(void)
{
	sigset_t tstp, pending;

	sigemptyset(&tstp);
	sigaddset(&tstp, SIGTSTP);
	raise(SIGTSTP);
	pthread_sigmask(SIG_UNBLOCK, &tstp, NULL);
	pthread_sigmask(SIG_BLOCK, &tstp, NULL);
	sigpending(&pending);
	return sigismember(&pending, SIGCONT) == 1;
}
