/* Starts threads alike wherever work is shared out, and tells whether that is worth anything. */
#include "sockeye/base/threads.h"
#include <sched.h>
#include <signal.h>
#include <stdbool.h>

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

unsigned threads_shares(void)
{
	unsigned n = threads_processors();

	return n < THREADS_MAX ? n : THREADS_MAX;
}

struct share {
	void (*body)(void *arg, unsigned k);
	void *arg;
	pthread_t thread;
	unsigned k;
	bool started;
};

static void *share_main(void *arg)
{
	struct share *s = arg;

	s->body(s->arg, s->k);
	return NULL;
}

void threads_share(unsigned n, void (*body)(void *arg, unsigned k), void *arg)
{
	struct share v[THREADS_MAX];

	for (unsigned k = 0; k < n; k++)
		v[k] = (struct share){.body = body, .arg = arg, .k = k};
	for (unsigned k = 1; k < n; k++)
		v[k].started = !threads_start(&v[k].thread, share_main, &v[k]);
	for (unsigned k = 0; k < n; k++)
		if (!v[k].started)
			body(arg, k);
	for (unsigned k = 1; k < n; k++)
		if (v[k].started)
			pthread_join(v[k].thread, NULL);
}
