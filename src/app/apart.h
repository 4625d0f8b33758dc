/* Threads that nobody waits for: one job each, which ends by itself. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Starts body(arg), detached and with every signal blocked, as signals are main's business. stack: bytes, 0: as usual.
 * False: there is no thread, and arg is still the caller's. */
bool thread_apart(void *(*body)(void *), void *arg, size_t stack);
