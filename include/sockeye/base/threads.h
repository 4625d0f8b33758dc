/* What every part of the program that works on several processors needs. */
#pragma once
#include <pthread.h>

/* Processors that this program may use. */
unsigned threads_processors(void);
/* Starts a thread that signals do not go to: they are the others' business. To be joined. 0 or a negative errno. */
int threads_start(pthread_t *ret, void *(*body)(void *arg), void *arg);
