/* Processes and sockets that really are, as the tests of deeds meet them. No cmocka: some run where it is not. */
#pragma once
#include "sockeye/action/kill.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>

/* When it began, in clock ticks; 0: there is none. */
static inline uint64_t start_of(pid_t pid)
{
	char path[40], buf[1024], *p;
	uint64_t v = 0;
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "r");
	if (!f)
		return 0;
	n = fread(buf, 1, sizeof(buf) - 1, f);
	fclose(f);
	buf[n] = '\0';
	p = strrchr(buf, ')') + 1;
	for (int field = 3; field <= 22; field++)
		v = strtoull(p = strchr(p, ' ') + 1, NULL, 10);
	return v;
}
/* 0: none. */
static inline uint32_t inode_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? 0 : (uint32_t)st.st_ino;
}
/* One that a plan is about; inode 0: without a socket as proof. */
static inline void target(struct kill_plan *plan, pid_t pid, uint64_t start, uint32_t inode, int fd)
{
	struct kill_target *t = vec_add(&plan->targets);

	memset(t, 0, sizeof(*t));
	t->pid = (uint32_t)pid;
	t->start = start;
	snprintf(t->name, sizeof(t->name), "child");
	if (inode)
		vec_push(&t->proofs, ((struct kill_proof){.inode = inode, .fd = fd}));
}
