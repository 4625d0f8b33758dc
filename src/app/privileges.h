/* What the program may do, and giving that up. */
#pragma once
#include <stdbool.h>

/* For --read-only: gives up signalling others' processes and changing the network, for good and for everything
 * started from here. Before any thread is started: capabilities belong to a thread. 0 or a negative errno. */
int privileges_drop(void);
bool privileges_see_all_owners(void);
bool privileges_bind_low(void); /* CAP_NET_BIND_SERVICE, in effect for the namespace this thread is in */
