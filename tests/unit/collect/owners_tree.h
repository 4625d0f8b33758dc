/* Trees of plain files and links that look like /proc, for the tests of the owner search. */
#pragma once
#include "../../../src/collect/owners_private.h"
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define S 1000000000ull

struct tree {
	char root[64];
	struct intern *names;
	struct owners *owners;
	struct snapshot snap;
	uint64_t now_ns;
};

static inline char *path_of(const struct tree *t, const char *name)
{
	static char path[4][256];
	static unsigned turn;
	char *p = path[turn++ % 4];

	snprintf(p, sizeof(path[0]), "%s/%s", t->root, name);
	return p;
}

static inline char *namef(const char *fmt, ...)
{
	static char name[4][96];
	static unsigned turn;
	char *p = name[turn++ % 4];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p, sizeof(name[0]), fmt, ap);
	va_end(ap);
	return p;
}

static inline void put_file(const struct tree *t, const char *name, const char *text)
{
	FILE *f = fopen(path_of(t, name), "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static inline void put_stat(const struct tree *t, uint32_t pid, const char *comm, char state,
			    unsigned threads, uint64_t start)
{
	char text[512];

	snprintf(text, sizeof(text), "%u (%s) %c 1 1 1 0 -1 0 0 0 0 0 30 12 0 0 20 0 %u 0 %llu 1000 5 0\n",
		 pid, comm, state, threads, (unsigned long long)start);
	put_file(t, namef("%u/stat", pid), text);
}

static inline void put_process(const struct tree *t, uint32_t pid, const char *comm, uint64_t start)
{
	assert_int_equal(mkdir(path_of(t, namef("%u", pid)), 0755), 0);
	assert_int_equal(mkdir(path_of(t, namef("%u/fd", pid)), 0755), 0);
	put_stat(t, pid, comm, 'S', 1, start);
	put_file(t, namef("%u/cgroup", pid), "0::/system.slice/demo.service\n");
	put_file(t, namef("%u/limits", pid), "Max open files            1024      4096      files \n");
}

static inline void put_link(const struct tree *t, uint32_t pid, int fd, const char *to)
{
	char *path = path_of(t, namef("%u/fd/%d", pid, fd));

	unlink(path);
	assert_int_equal(symlink(to, path), 0);
}

static inline void put_socket(const struct tree *t, uint32_t pid, int fd, uint32_t inode)
{
	put_link(t, pid, fd, namef("socket:[%u]", inode));
}

static inline int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static inline void remove_all(const char *path)
{
	assert_int_equal(nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static inline int setup(void **state)
{
	struct tree *t = mem_zalloc(1, sizeof(*t));

	/* a directory on tmpfs has a size that goes with its entries, as /proc/PID/fd has */
	strcpy(t->root,
	       access("/dev/shm", W_OK) ? "/tmp/sockeye-owners-XXXXXX" : "/dev/shm/sockeye-owners-XXXXXX");
	if (!mkdtemp(t->root))
		return -1;
	t->names = intern_new();
	t->now_ns = 1000 * S;
	snapshot_init(&t->snap);
	if (owners_open(t->names, t->root, &t->owners))
		return -1;
	put_process(t, 1, "init", 10);
	*state = t;
	return 0;
}

static inline int teardown(void **state)
{
	struct tree *t = *state;

	owners_close(t->owners);
	snapshot_done(&t->snap);
	intern_free(t->names);
	remove_all(t->root);
	free(t);
	return 0;
}

/* A look with these inodes (0 ends) after so many seconds. */
static inline void look(struct tree *t, double seconds, uint64_t budget, const uint32_t *inodes)
{
	snapshot_clear(&t->snap);
	for (; *inodes; inodes++) {
		struct sock *s = vec_add(&t->snap.socks);

		*s = (struct sock){.inode = *inodes};
	}
	t->now_ns += (uint64_t)(seconds * 1e9);
	owners_look(t->owners, &t->snap, t->now_ns, budget);
}
#define LOOK(t, seconds, budget, ...) look(t, seconds, budget, (const uint32_t[]){__VA_ARGS__, 0})

/* "inode:pid/fd " for every descriptor. */
static inline const char *holders(const struct tree *t)
{
	static char text[1024];
	size_t at = 0;

	text[0] = '\0';
	for (size_t i = 0; i < t->snap.fds.n; i++) {
		const struct snap_fd *f = &t->snap.fds.v[i];

		assert_true(f->proc < t->snap.procs.n);
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%u:%u/%d", i ? " " : "", f->inode,
				       t->snap.procs.v[f->proc].pid, f->fd);
	}
	return text;
}
