/* The socket factory's parts: what a request says, and the kinds of sockets there are. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct request {
	const char *kind;
	const char *addr; /* of this end; where it decides the family, of both ends */
	const char *to; /* syn-sent: where nobody answers */
	unsigned port; /* 0: the kernel chooses */
	unsigned n; /* how many, where it makes sense */
	unsigned backlog, send;
	int v6only; /* -1: as the kernel has it */
	bool reuse;
	bool child, stubborn, respawn;
	long uid;
	const char *comm;
};
struct kind {
	const char *name;
	void (*make)(const struct request *r);
	const char *help;
};
extern const struct kind kinds[];
extern const size_t kinds_n;
extern const struct kind more_kinds[]; /* factory_more.c */
extern const size_t more_kinds_n;
extern const struct kind owner_kinds[]; /* factory_owners.c */
extern const size_t owner_kinds_n;

_Noreturn void fail(const char *what);
/* Forks a process that does `body` with no descriptor but `arg` (-1: none) and then holds what it opened, as the
 * request's uid, comm and stubborn say. Returns when it is done. */
pid_t spawn(void (*body)(const struct request *, int), const struct request *r, int arg);
