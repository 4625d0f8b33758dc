/* Starts threads that nobody waits for; how they are started is the same for every job. */
#include "apart.h"
#include <pthread.h>
#include <signal.h>

bool thread_apart(void *(*body)(void *), void *arg, size_t stack)
{
	pthread_attr_t attr;
	pthread_t id;
	sigset_t all, old;
	bool ok;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (stack)
		pthread_attr_setstacksize(&attr, stack);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ok = !pthread_create(&id, &attr, body, arg);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return ok;
}
