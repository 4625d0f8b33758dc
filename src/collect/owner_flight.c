/* Tells the kernel's own sockets from those that root sent to another process and that one has not taken yet
 * (SCM_RIGHTS): neither has a descriptor anywhere, but the second kind is counted in the fdinfo of the unix
 * socket that it waits in. */
#include "owners_private.h"
#include <stdlib.h>

#define LOOK_NS 200000000ull /* what it may cost; it is asked only when a socket is found to be nobody's */

#define AGAIN_NS 10000000000ull

enum { NOTHING_SENT = 1, MAYBE_SENT = 2 };

static bool candidate(const struct inode *ino)
{
	return ino->state == INODE_NOBODYS && ino->root;
}

/* Not of other families, so far as the snapshot tells. */
static bool may_be_unix(const struct owners *o, uint32_t inode)
{
	const struct inode *ino;

	if (!inode || inode == OWNED_RING)
		return false;
	ino = owners_inode(o, inode);
	return !ino || ino->local;
}

/* Descriptors of w to be asked. */
static uint32_t count_unix(const struct owners *o, const struct owner *w)
{
	uint32_t n = 0;

	for (size_t k = 0; k < w->fds.n; k++)
		n += may_be_unix(o, w->fds.v[k].inode);
	return n;
}

static int fewest_first(const void *a, const void *b)
{
	const struct holder *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

/* Those with few sockets first: a server with thousands of connections can use up the time. When it is over, it is
 * taken for granted that nothing is under way, because that is so nearly always. */
static bool something_under_way(struct owners *o)
{
	uint64_t until = owners_clock_ns() - o->began_ns;

	until += o->budget_ns && o->budget_ns < LOOK_NS ? o->budget_ns : LOOK_NS;
	vec_clear(&o->holders); /* start: how many there are to ask */
	for (uint32_t i = 0; i < o->procs.n; i++) {
		uint32_t n = count_unix(o, o->procs.v[i]);

		if (n)
			vec_push(&o->holders, ((struct holder){n, o->procs.v[i]->pid, i}));
	}
	if (o->holders.n)
		qsort(o->holders.v, o->holders.n, sizeof(o->holders.v[0]), fewest_first);
	for (size_t i = 0; i < o->holders.n; i++) {
		const struct owner *w = o->procs.v[o->holders.v[i].owner];

		for (size_t k = 0; k < w->fds.n; k++) {
			if (!may_be_unix(o, w->fds.v[k].inode))
				continue;
			if (owner_scm_fds(&o->scan, w->pid, w->fds.v[k].fd))
				return true;
			if (owners_over(o, until))
				return false;
		}
	}
	return false;
}

/* What was under way has arrived by then, or still is: the look after that tells whose it was. */
static bool may_ask_again(const struct owners *o, uint32_t known)
{
	return known == MAYBE_SENT && o->last_ns - o->judged_ns >= AGAIN_NS;
}

void owners_judge(struct owners *o)
{
	uint32_t verdict = 0;
	struct map was;

	map_clear(&o->judged_next);
	for (size_t i = 0; i < o->inodes.n; i++) {
		struct inode *ino = &o->inodes.v[i];
		uint32_t known;

		if (!candidate(ino))
			continue;
		known = map_get(&o->judged, ino->inode, 0);
		if (known == MAP_NONE || (!verdict && may_ask_again(o, known)) ||
		    (verdict && known == MAYBE_SENT)) {
			if (!verdict) {
				verdict = something_under_way(o) ? MAYBE_SENT : NOTHING_SENT;
				o->judged_ns = o->last_ns;
			}
			known = verdict;
		}
		*map_at(&o->judged_next, ino->inode, 0) = known;
		ino->maybe_sent = known == MAYBE_SENT;
	}
	was = o->judged;
	o->judged = o->judged_next;
	o->judged_next = was;
}
