/* A look at the real machine, and a socket of it found again: for tests that make sockets of their own. */
#pragma once
#include "sockeye/collect/source.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

struct fixture {
	struct intern *names;
	struct source *source;
	struct snapshot snap;
};

static inline uint32_t inode_of(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return (uint32_t)st.st_ino;
}

static inline const struct sock *find(const struct fixture *x, uint32_t inode)
{
	const struct sock *found = NULL;

	for (size_t i = 0; i < x->snap.socks.n; i++)
		if (x->snap.socks.v[i].inode == inode) {
			assert_null(found);
			found = &x->snap.socks.v[i];
		}
	return found;
}
