/* Tells the kernel's own sockets from those that root sent to another process and that one has not taken yet
 * (SCM_RIGHTS): neither has a descriptor anywhere, but the second kind is counted in the fdinfo of the unix
 * socket that it waits in. */
#include "owners_private.h"

#define LOOK_NS 100000000ull /* what it may cost; it is asked only when a socket is found to be nobody's */

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

/* After too many it is taken for granted that nothing is: that is so nearly always. */
static bool something_under_way(struct owners *o)
{
	uint64_t until = owners_clock_ns() - o->began_ns;

	until += o->budget_ns && o->budget_ns < LOOK_NS ? o->budget_ns : LOOK_NS;
	for (size_t i = 0; i < o->procs.n; i++) {
		const struct owner *w = o->procs.v[i];

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
		if (known == MAP_NONE) {
			if (!verdict)
				verdict = something_under_way(o) ? MAYBE_SENT : NOTHING_SENT;
			known = verdict;
		}
		*map_at(&o->judged_next, ino->inode, 0) = known;
		ino->maybe_sent = known == MAYBE_SENT;
	}
	was = o->judged;
	o->judged = o->judged_next;
	o->judged_next = was;
}
