/* The thread that enters a network namespace: thrown away, because setns() changes the thread for good. */
#include "netns_enter.h"
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>

#define STACK_SIZE (256u * 1024)

struct visit {
	int ns_fd;
	void (*fn)(void *arg);
	void *arg;
	int result;
};

static void *visit_main(void *arg)
{
	struct visit *v = arg;

	v->result = setns(v->ns_fd, CLONE_NEWNET) < 0 ? -errno : 0;
	if (!v->result)
		v->fn(v->arg);
	return NULL;
}

int netns_enter(int ns_fd, void (*fn)(void *arg), void *arg)
{
	struct visit v = {.ns_fd = ns_fd, .fn = fn, .arg = arg};
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t all, old;
	int r;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	sigfillset(&all); /* signals are for threads that stay */
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&thread, &attr, visit_main, &v);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	if (r)
		return -r;
	pthread_join(thread, NULL);
	return v.result;
}
