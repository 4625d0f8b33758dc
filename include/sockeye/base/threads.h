/* What every part of the program that works on several processors needs. */
#pragma once
#include <pthread.h>

/* Processors that this program may use. */
unsigned threads_processors(void);
/* Starts a thread that signals do not go to: they are the others' business. To be joined. 0 or a negative errno. */
int threads_start(pthread_t *ret, void *(*body)(void *arg), void *arg);
#define THREADS_MAX 4 /* more are not worth their starting for what is shared out here */
/* Processors that are worth using at once: 1 to THREADS_MAX. */
unsigned threads_shares(void);
/* Calls body(arg, k) for each k below n, at most THREADS_MAX, all at the same time, and returns when the last has ended.
 * Where threads cannot be started the caller's own does their share. */
void threads_share(unsigned n, void (*body)(void *arg, unsigned k), void *arg);
