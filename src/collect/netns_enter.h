/* Doing something in another network namespace without the caller's thread ever leaving its own. */
#pragma once

/* Runs fn(arg) on a thread that enters the namespace ns_fd names and ends with fn; waits for it. Descriptors
 * that fn opens stay of that namespace. 0 when fn ran; -EPERM when entering is not permitted, or another
 * negative errno. */
int netns_enter(int ns_fd, void (*fn)(void *arg), void *arg);
