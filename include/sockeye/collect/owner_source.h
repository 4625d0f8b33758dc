/* The door for another way than /proc to find who holds which socket: all descriptors of the machine that are
 * sockets, in one go. collect decides when it pays; who implements it says whether it can. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A descriptor. The BPF program of src/bpf writes these, so there are only types of fixed size and no holes. */
struct owner_rec {
	uint32_t pid,
		tid; /* of the first PID namespace. tid != pid: a table that this thread has for itself */
	int32_t fd;
	uint32_t inode; /* or OWNER_REC_… */
	uint64_t start_ns; /* CLOCK_BOOTTIME at which the process started, of the first time namespace */
	uint64_t table; /* threads that share one table have one number */
};
#define OWNER_REC_RING UINT32_MAX /* no socket, but an io_uring */
/* No socket, but one of the first three descriptors: tells that this process was looked at. The kernel may leave out
 * processes that it protects, without a word; what they hold must not be said to be nobody's. */
#define OWNER_REC_SEEN (UINT32_MAX - 1)

enum owner_source_state {
	OWNER_SOURCE_READY,
	OWNER_SOURCE_NOT_BUILT, /* left out when the program was built */
	OWNER_SOURCE_NO_LIBRARY,
	OWNER_SOURCE_NOT_PERMITTED,
	OWNER_SOURCE_REFUSED, /* by the kernel, though the capabilities are there */
	OWNER_SOURCE_OTHER_PIDNS, /* its numbers would mean nothing in our PID or time namespace */
	OWNER_SOURCE_N
};
struct owner_source_word {
	const char *reason; /* a stable word */
	const char *text; /* the end of a sentence: "BPF could not be used: …" */
};
extern const struct owner_source_word owner_source_words[OWNER_SOURCE_N];

struct owner_source;
struct owner_source_ops {
	/* Makes it ready, which can take some 20 ms; more calls cost nothing. Blocks as long as that. */
	enum owner_source_state (*load)(struct owner_source *s);
	/* Hands over every record, in pieces: a process's own table in one piece or in several that follow each
	 * other, by fd. 0 or a negative errno, and then what was handed over is worth nothing. Only when loaded. */
	int (*scan)(struct owner_source *s, void (*take)(void *arg, const struct owner_rec *v, size_t n),
		    void *arg);
	void (*free)(struct owner_source *s);
};
struct owner_source { /* first member of every implementation */
	const struct owner_source_ops *ops;
	bool always; /* also when it does not pay: for tests */
};
/* Loads it if its numbers mean something here: proc_root shows the machine's first PID and time namespace. */
enum owner_source_state owner_source_try(struct owner_source *s, const char *proc_root);
static inline void owner_source_free(struct owner_source *s)
{
	if (s)
		s->ops->free(s);
}
