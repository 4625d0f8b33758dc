/* A netlink socket in another network namespace. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* As the door `open` of struct close_sys: own, or found by its inode among those that processes are in and that are
 * mounted. A descriptor, -ENOENT when there is none, or another negative errno. */
int netns_socket(void *data, uint64_t inode, bool own);
/* The namespace itself, as a descriptor to enter it by. Errors as above. */
int netns_open(uint64_t inode);
