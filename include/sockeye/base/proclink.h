/* What /proc says about sockets in links and in the fdinfo of an io_uring. Pure: bytes in, numbers out. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "socket:[4711]" to 4711; 0 when the text (n bytes) is no such link. */
uint32_t proc_socket_link(const char *s, size_t n);

/* The link of a descriptor that is an io_uring. */
#define PROC_RING_LINK "anon_inode:[io_uring]"

/* The fdinfo of an io_uring lists the files that are registered with it, which no descriptor has to name any more
 * (io_uring/fdinfo.c). It can be long, so it is taken piece by piece: */
struct uring_fdinfo {
	bool files; /* within the list of files */
};
typedef void (*uring_socket_fn)(void *arg, uint32_t inode);
/* Takes the whole lines of n bytes and calls fn for each socket that is registered. Gives how many bytes they were:
 * the rest is to be given again with what follows it. Begin with an all-zero struct. */
size_t uring_fdinfo_take(struct uring_fdinfo *u, const char *text, size_t n, uring_socket_fn fn, void *arg);
/* The number of the socket in one line that stands below "UserFiles:", else 0. */
uint32_t uring_file_line(const char *line, size_t n);
