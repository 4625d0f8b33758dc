/* Joins known descriptors with the sockets of a snapshot: which inodes have a holder, which still lack one,
 * and the lists that are handed over. Nothing is read here. */
#include "owners_private.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the snapshot's inodes ---- */

static struct inode_slot *slot_of(const struct owners *o, uint32_t inode)
{
	size_t mask = o->slots_cap - 1, at = (inode * UINT64_C(0x9E3779B97F4A7C15)) >> 32 & mask;

	while (o->slots[at].inode && o->slots[at].inode != inode)
		at = (at + 1) & mask;
	return &o->slots[at];
}

void owners_index_inodes(struct owners *o, const struct snapshot *s)
{
	size_t cap = 64;

	while (cap < s->socks.n * 2)
		cap *= 2;
	if (cap != o->slots_cap) {
		free(o->slots);
		o->slots = mem_alloc(cap, sizeof(o->slots[0]));
		o->slots_cap = cap;
	}
	memset(o->slots, 0, cap * sizeof(o->slots[0]));
	vec_clear(&o->inodes);
	for (size_t i = 0; i < s->socks.n; i++) {
		struct inode_slot *slot;

		if (!s->socks.v[i].inode)
			continue;
		slot = slot_of(o, s->socks.v[i].inode);
		if (slot->inode)
			continue;
		slot->inode = s->socks.v[i].inode;
		slot->at = (uint32_t)o->inodes.n;
		vec_push(&o->inodes, ((struct inode){slot->inode, INODE_OPEN}));
	}
}

bool owners_inode_alive(void *arg, uint32_t inode)
{
	return slot_of(arg, inode)->inode != 0;
}

void owners_take_hits(struct owners *o, uint32_t owner)
{
	struct owner *w = o->procs.v[owner];
	size_t before = o->hits.n;

	for (size_t i = 0; i < w->fds.n; i++) {
		const struct owned_fd *f = &w->fds.v[i];
		const struct inode_slot *slot = f->inode ? slot_of(o, f->inode) : NULL;
		struct inode *ino;

		if (!slot || !slot->inode)
			continue;
		ino = &o->inodes.v[slot->at];
		if (ino->state == INODE_OPEN && o->missing)
			o->missing--;
		ino->state = INODE_FOUND;
		vec_push(&o->hits, ((struct hit){slot->at, owner, f->fd}));
	}
	w->held = o->hits.n - before;
}

/* A process that closes one connection and accepts the next keeps its count of descriptors, but not all of
 * its known sockets: with something missing, it is as suspicious as one whose count changed. */
void owners_take_known_hits(struct owners *o, bool comparable)
{
	for (uint32_t i = 0; i < o->procs.n; i++) {
		struct owner *w = o->procs.v[i];
		size_t before = w->held;

		owners_take_hits(o, i);
		if (comparable && w->held < before)
			w->lost = true;
	}
}

/* Which inodes have no descriptor among the known ones, and in which look that was first so. Gives the
 * number of the latest such look that some process has not been searched since: 0 when there is none. */
uint64_t owners_find_missing(struct owners *o)
{
	uint64_t swept = UINT64_MAX, need = 0;
	struct map was;

	for (size_t i = 0; i < o->procs.n; i++)
		if (o->procs.v[i]->scanned < swept)
			swept = o->procs.v[i]->scanned;
	o->missing = 0;
	map_clear(&o->orphans_next);
	for (size_t i = 0; i < o->inodes.n; i++) {
		struct inode *ino = &o->inodes.v[i];
		uint32_t since;

		if (ino->state == INODE_FOUND)
			continue;
		since = map_get(&o->orphans, ino->inode, 0);
		if (since == MAP_NONE)
			since = (uint32_t)o->look;
		*map_at(&o->orphans_next, ino->inode, 0) = since;
		if (since <= swept) {
			ino->state = INODE_NOBODYS;
			continue;
		}
		o->missing++;
		if (since > need)
			need = since;
	}
	was = o->orphans;
	o->orphans = o->orphans_next;
	o->orphans_next = was;
	return need;
}

/* ---- handing over ---- */

bool owners_hit_valid(const struct owners *o, size_t hit)
{
	return hit >= o->procs.v[o->hits.v[hit].owner]->hits_from;
}

static int older(const void *a, const void *b)
{
	const struct holder *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return (x->pid > y->pid) - (x->pid < y->pid);
}

static int by_proc_fd(const void *a, const void *b)
{
	const struct snap_fd *x = a, *y = b;

	if (x->proc != y->proc)
		return x->proc < y->proc ? -1 : 1;
	return (x->fd > y->fd) - (x->fd < y->fd);
}

static void emit_holders(struct owners *o, struct snapshot *s)
{
	size_t n = 0, base = s->fds.n;
	uint32_t sum = 0;

	/* holders, oldest first: rank turns an index of ours into one of the snapshot's */
	vec_clear(&o->holders);
	for (size_t i = 0; i < o->procs.n; i++)
		o->rank.v[i] = UINT32_MAX;
	vec_clear(&o->first);
	vec_reserve(&o->first, o->inodes.n + 1);
	memset(o->first.v, 0, (o->inodes.n + 1) * sizeof(o->first.v[0]));
	for (size_t h = 0; h < o->hits.n; h++) {
		uint32_t i = o->hits.v[h].owner;

		if (!owners_hit_valid(o, h))
			continue;
		if (o->rank.v[i] == UINT32_MAX) {
			o->rank.v[i] = 0;
			vec_push(&o->holders,
				 ((struct holder){o->procs.v[i]->facts.start, o->procs.v[i]->pid, i}));
		}
		o->first.v[o->hits.v[h].at]++;
		n++;
	}
	if (o->holders.n)
		qsort(o->holders.v, o->holders.n, sizeof(o->holders.v[0]), older);
	for (size_t k = 0; k < o->holders.n; k++) {
		const struct owner *w = o->procs.v[o->holders.v[k].owner];
		struct snap_proc *p = vec_add(&s->procs);

		*p = w->facts;
		if (w->hint)
			p->fds = w->hint > UINT32_MAX ? UINT32_MAX : (uint32_t)w->hint;
		o->rank.v[o->holders.v[k].owner] = (uint32_t)(s->procs.n - 1);
	}

	/* descriptors, put down group by group */
	for (size_t i = 0; i <= o->inodes.n; i++) {
		uint32_t count = o->first.v[i];

		o->first.v[i] = sum;
		sum += count;
	}
	vec_reserve(&s->fds, n);
	s->fds.n += n;
	for (size_t h = 0; h < o->hits.n; h++) {
		const struct hit *hit = &o->hits.v[h];

		if (owners_hit_valid(o, h))
			s->fds.v[base + o->first.v[hit->at]++] =
				(struct snap_fd){o->inodes.v[hit->at].inode, o->rank.v[hit->owner], hit->fd};
	}
	for (size_t i = 0, from = 0; i < o->inodes.n; from = o->first.v[i++]) {
		size_t group = o->first.v[i] - from;

		if (group > 1)
			qsort(s->fds.v + base + from, group, sizeof(s->fds.v[0]), by_proc_fd);
	}
}

static void say_what_is_hidden(struct owners *o, struct snapshot *s)
{
	const char *way = geteuid() ? "run as root" : "this takes CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH";

	for (size_t i = 0; i < o->procs.n; i++) {
		const struct owner *w = o->procs.v[i];

		/* without descriptors there is nothing to hide: kernel threads, zombies */
		if (w->hidden && (w->hint || !o->hints))
			s->hidden_procs++;
	}
	if (s->hidden_procs)
		snapshot_limit(s, "owners", "not-permitted",
			       "Descriptors of %u process%s are not ours to read; %s to see what they own.",
			       s->hidden_procs, s->hidden_procs == 1 ? "" : "es", way);
	if (!o->procs.n || o->procs.v[0]->pid != 1) {
		/* process 1 always lives: a /proc that does not list it hides those of others (hidepid) */
		s->hidden_procs++;
		snapshot_limit(s, "owners", "hidden",
			       "/proc hides other users' processes here (hidepid); %s to see what they own.",
			       way);
	}
}

static void say_what_was_searched(struct owners *o, struct snapshot *s)
{
	uint64_t swept = UINT64_MAX;

	for (size_t i = 0; i < o->procs.n; i++)
		if (o->procs.v[i]->scanned < swept)
			swept = o->procs.v[i]->scanned;
	s->owners_complete = swept > 0;
	for (size_t i = 0; i < s->socks.n; i++) {
		struct sock *k = &s->socks.v[i];
		uint8_t state = k->inode ? o->inodes.v[slot_of(o, k->inode)->at].state : INODE_NOBODYS;

		/* orphans has all of those: see owners_find_missing() */
		if (swept > 0 && (state != INODE_OPEN || map_get(&o->orphans, k->inode, 0) <= swept))
			k->flags |= SOCK_SEARCHED;
		else
			s->owners_complete = false;
	}
}

void owners_emit(struct owners *o, struct snapshot *s)
{
	emit_holders(o, s);
	say_what_was_searched(o, s);
	say_what_is_hidden(o, s);
}
