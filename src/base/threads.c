/* Starts threads alike wherever work is shared out, and tells whether that is worth anything. */
#include "sockeye/base/threads.h"
#include <sched.h>
#include <signal.h>

unsigned threads_processors(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) ? 1 : (unsigned)CPU_COUNT(&set);
}

int threads_start(pthread_t *ret, void *(*body)(void *arg), void *arg)
{
	sigset_t all, old;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(ret, NULL, body, arg);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -r;
}
