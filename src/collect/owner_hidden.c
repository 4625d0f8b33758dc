/* Says what could not be seen of the owners, and of whom, so that a socket without a known holder is called "not
 * permitted" only where one of those can have it. */
#include "owners_private.h"
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of the thread that looks, because namespaces belong to threads. */
static uint64_t own_net_ino(const struct owners *o)
{
	struct stat st;

	return fstatat(o->scan.proc_fd, "thread-self/net/dev", &st, 0) ? 0 : st.st_ino;
}

static uint32_t netns_of(const struct owner *w, uint64_t own, const struct snapshot *s)
{
	if (!w->net_ino || !own)
		return SNAP_ANY;
	if (w->net_ino != own)
		return SNAP_NOT_OWN;
	for (uint32_t i = 0; i < s->netns.n; i++)
		if (s->netns.v[i].own)
			return i;
	return SNAP_ANY;
}

static void put_one(struct snapshot *s, struct map *seen, struct snap_hidden h)
{
	uint32_t *at = map_at(seen, (uint64_t)h.uid << 32 | h.cgroup, h.netns);

	s->hidden_procs++;
	if (*at != MAP_NONE) {
		s->hidden.v[*at].procs++;
		return;
	}
	*at = (uint32_t)s->hidden.n;
	vec_push(&s->hidden, h);
}

void owners_put_hidden(struct owners *o, struct snapshot *s)
{
	struct map seen = {0};
	uint64_t own = own_net_ino(o);

	for (size_t i = 0; i < o->procs.n; i++) {
		const struct owner *w = o->procs.v[i];

		/* without descriptors there is nothing to hide: kernel threads, zombies */
		if (w->hidden && (w->hint || w->count_refused || !o->hints))
			put_one(s, &seen,
				(struct snap_hidden){w->facts.uid, w->facts.cgroup, netns_of(w, own, s), 1});
	}
	/* process 1 always lives: a /proc that does not list it hides those of others (hidepid) */
	if (!o->procs.n || o->procs.v[0]->pid != 1)
		put_one(s, &seen, (struct snap_hidden){SNAP_ANY, 0, SNAP_ANY, 1});
	s->part_of_pids = o->part_of_pids;
	map_done(&seen);
}

void owners_put_limits(const struct owners *o, struct snapshot *s)
{
	uint32_t unseen = s->hidden_procs;
	bool hides = !o->procs.n || o->procs.v[0]->pid != 1, nobodys = false;

	if (hides)
		unseen--;
	if (unseen && geteuid())
		snapshot_limit(
			s, "owners", "not-permitted",
			"Descriptors of %u process%s are not ours to read; run as root to see what they own.",
			unseen, unseen == 1 ? "" : "es");
	else if (unseen)
		snapshot_limit(s, "owners", "not-permitted",
			       "%u process%s privileges that this program lacks: what %s not shown.", unseen,
			       unseen == 1 ? " has" : "es have", unseen == 1 ? "it owns is" : "they own is");
	if (hides)
		snapshot_limit(s, "owners", "hidden",
			       "/proc hides other users' processes here (hidepid); %s to see what they own.",
			       geteuid() ? "run as root" : "this takes CAP_SYS_PTRACE");
	for (size_t i = 0; i < o->inodes.n && !nobodys; i++)
		nobodys = o->inodes.v[i].state == INODE_NOBODYS;
	if (nobodys && o->part_of_pids)
		snapshot_limit(
			s, "owners", "other-pidns",
			"/proc shows one PID namespace here: what processes outside of it own is not seen.");
}
