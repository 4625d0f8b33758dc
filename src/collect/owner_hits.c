/* Joins known descriptors with the sockets of a snapshot: which inodes have a holder, which still lack one,
 * and the lists that are handed over. Nothing is read here. */
#include "owners_private.h"
#include <stdlib.h>
#include <string.h>

/* ---- the snapshot's inodes ---- */

/* So far ahead slots are fetched: they lie all over the place, and waiting for each is most of the work. */
#define AHEAD 8

static size_t place_of(const struct owners *o, uint32_t inode)
{
	return (inode * UINT64_C(0x9E3779B97F4A7C15)) >> 32 & (o->slots_cap - 1);
}

static void fetch_slot(const struct owners *o, uint32_t inode)
{
	__builtin_prefetch(&o->slots[place_of(o, inode)]);
}

static struct inode_slot *slot_of(const struct owners *o, uint32_t inode)
{
	size_t mask = o->slots_cap - 1, at = place_of(o, inode);

	while (o->slots[at].inode && o->slots[at].inode != inode)
		at = (at + 1) & mask;
	return &o->slots[at];
}

/* The new entry, or NULL when it is known. ret_at: its index in any case. */
static struct inode *add_inode(struct owners *o, uint32_t inode, uint32_t *ret_at)
{
	struct inode_slot *slot = slot_of(o, inode);
	struct inode *ino;

	if (slot->inode) {
		*ret_at = slot->at;
		return NULL;
	}
	slot->inode = inode;
	slot->at = *ret_at = (uint32_t)o->inodes.n;
	ino = vec_add(&o->inodes);
	*ino = (struct inode){.inode = inode, .state = INODE_OPEN};
	return ino;
}

static void describe(struct owners *o, struct inode *ino, const struct sock *k)
{
	ino->state = INODE_OPEN;
	ino->since = 0;
	ino->cgroup = k->cgroup;
	ino->port = k->state < STATE_N && (STATES_PORT & STATE_BIT(k->state));
	ino->root = k->flags & SOCK_HAS_UID && !k->uid;
	ino->local = k->proto == PROTO_UNIX;
	ino->maybe_sent = false;
	if (ino->port && proto_table[k->proto].ports)
		vec_push(&o->ports_next, k->inode);
}

/* A dump names the same sockets in the same order as long as none comes or goes: then all places are as they were,
 * and only what is said of the sockets is taken anew. false: it is not so, and what was written is of no use. */
static bool index_as_before(struct owners *o, const struct snapshot *s)
{
	uint32_t next = 0; /* inodes are numbered in the order in which they come up first */

	if (s->socks.n != o->sock_at.n || o->index_added)
		return false;
	for (size_t i = 0; i < s->socks.n; i++) {
		const struct sock *k = &s->socks.v[i];
		uint32_t at = o->sock_at.v[i];

		if (k->inode != (at == UINT32_MAX ? 0 : o->inodes.v[at].inode))
			return false;
		if (at == next)
			describe(o, &o->inodes.v[next++], k);
	}
	return true;
}

void owners_index_inodes(struct owners *o, const struct snapshot *s)
{
	size_t cap = 64;

	vec_swap(&o->ports, &o->ports_next);
	vec_clear(&o->ports_next);
	while (cap < (s->socks.n + o->ports.n) * 2)
		cap *= 2;
	o->index_kept = cap == o->slots_cap && index_as_before(o, s);
	if (o->index_kept)
		return;
	o->index_added = false;
	vec_clear(&o->ports_next);
	if (cap != o->slots_cap) {
		free(o->slots);
		o->slots = mem_alloc(cap, sizeof(o->slots[0]));
		o->slots_cap = cap;
	}
	memset(o->slots, 0, cap * sizeof(o->slots[0]));
	vec_clear(&o->inodes);
	vec_clear(&o->sock_at);
	vec_reserve(&o->sock_at, s->socks.n);
	for (size_t i = 0; i < s->socks.n; i++) {
		const struct sock *k = &s->socks.v[i];
		uint32_t at = UINT32_MAX;
		struct inode *ino;

		if (i + AHEAD < s->socks.n)
			fetch_slot(o, k[AHEAD].inode);
		ino = k->inode ? add_inode(o, k->inode, &at) : NULL;
		vec_push(&o->sock_at, at);
		if (ino)
			describe(o, ino, k);
	}
}

struct inode *owners_inode(const struct owners *o, uint32_t inode)
{
	const struct inode_slot *slot = slot_of(o, inode);

	return slot->inode ? &o->inodes.v[slot->at] : NULL;
}

bool owners_inode_alive(void *arg, uint32_t inode)
{
	return inode != OWNED_RING && slot_of(arg, inode)->inode != 0;
}

/* The place of an inode in inodes; UINT32_MAX: it is not there. */
static uint32_t find_inode(const struct owners *o, uint32_t inode)
{
	const struct inode_slot *slot = inode && inode != OWNED_RING ? slot_of(o, inode) : NULL;

	return slot && slot->inode ? slot->at : UINT32_MAX;
}

static void take_hit(struct owners *o, uint32_t owner, uint32_t at, int32_t fd)
{
	struct inode *ino;

	if (at == UINT32_MAX)
		return;
	ino = &o->inodes.v[at];
	if (ino->state == INODE_OPEN && o->missing) {
		o->missing--;
		o->missing_ports -= ino->port;
	}
	ino->state = INODE_FOUND;
	vec_push(&o->hits, ((struct hit){at, owner, fd}));
}

/* Most stand where they stood in the look before. */
static bool guess_holds(const struct owners *o, const struct owned_fd *d)
{
	return d->inode != OWNED_RING && d->guess < o->inodes.n && o->inodes.v[d->guess].inode == d->inode;
}

/* What will be read when the i-th of the list is taken. */
static void fetch_ahead(const struct owners *o, const struct owner *w, size_t i)
{
	const struct owned_fd *d = w->fds.v + i;

	if (i + 2 * AHEAD < w->fds.n && d[2 * AHEAD].guess < o->inodes.n)
		__builtin_prefetch(&o->inodes.v[d[2 * AHEAD].guess]);
	if (i + AHEAD < w->fds.n && d[AHEAD].inode && !guess_holds(o, &d[AHEAD]))
		fetch_slot(o, d[AHEAD].inode);
}

void owners_take_hits(struct owners *o, uint32_t owner)
{
	struct owner *w = o->procs.v[owner];
	size_t before = o->hits.n;

	vec_reserve(&o->hits, w->fds.n);
	for (size_t i = 0; i < w->fds.n; i++) {
		struct owned_fd *d = &w->fds.v[i];

		fetch_ahead(o, w, i);
		if (!guess_holds(o, d))
			d->guess = find_inode(o, d->inode);
		take_hit(o, owner, d->guess, d->fd);
	}
	for (size_t i = 0; i < w->extra.n; i++)
		take_hit(o, owner, find_inode(o, w->extra.v[i].inode), w->extra.v[i].fd);
	w->held = o->hits.n - before;
}

/* A process that closes one connection and accepts the next keeps its count of descriptors, but not all of
 * its known sockets: with something missing, it is as suspicious as one whose count changed. */
void owners_take_known_hits(struct owners *o, bool comparable)
{
	if (o->index_kept && o->hits_sorted) { /* nobody's descriptors have changed, nor the sockets */
		for (size_t i = 0; i < o->hits.n; i++)
			o->inodes.v[o->hits.v[i].at].state = INODE_FOUND;
		return;
	}
	vec_clear(&o->hits);
	o->hits_sorted = false;
	for (uint32_t i = 0; i < o->procs.n; i++) {
		struct owner *w = o->procs.v[i];
		size_t before = w->held;

		owners_take_hits(o, i);
		if (comparable && w->held < before)
			w->lost = true;
	}
}

/* What this number names now is not known until the process is searched. */
static void forget_fd(struct owner *w, int32_t fd, uint32_t inode)
{
	size_t kept = 0;

	for (size_t i = 0; i < w->fds.n; i++)
		if (w->fds.v[i].fd != fd || w->fds.v[i].inode != inode)
			w->fds.v[kept++] = w->fds.v[i];
	w->fds.n = kept;
	for (size_t i = kept = 0; i < w->extra.n; i++)
		if (w->extra.v[i].fd != fd || w->extra.v[i].inode != inode)
			w->extra.v[kept++] = w->extra.v[i];
	w->extra.n = kept;
	w->held--;
	w->lost = w->due = true;
}

#define SKIPPED_MAX 256 /* dumps skip few; closed ones can be very many, and their holders mostly have gone */

void owners_take_skipped(struct owners *o)
{
	size_t first = o->inodes.n, kept = 0, links = 0;

	for (size_t i = 0; i < o->ports.n; i++) {
		uint32_t at;
		struct inode *ino = add_inode(o, o->ports.v[i], &at);

		if (ino)
			ino->state = INODE_FOUND; /* not to be searched for */
	}
	if (first == o->inodes.n)
		return;
	o->index_added = true;
	/* which of the known descriptors are these? The hits are counted anew. */
	vec_clear(&o->hits);
	o->hits_sorted = false;
	for (uint32_t i = 0; i < o->procs.n; i++)
		owners_take_hits(o, i);
	for (size_t h = 0; h < o->hits.n; h++) {
		struct hit *hit = &o->hits.v[h];
		struct owner *w = o->procs.v[hit->owner];

		if (hit->at < first || (links++ < SKIPPED_MAX &&
					owner_still_has(&o->scan, w, hit->fd, o->inodes.v[hit->at].inode))) {
			o->hits.v[kept++] = *hit;
		} else {
			forget_fd(w, hit->fd, o->inodes.v[hit->at].inode);
		}
	}
	o->hits.n = kept;
}

uint64_t owners_swept(const struct owners *o)
{
	uint64_t swept = UINT64_MAX;

	for (size_t i = 0; i < o->procs.n; i++)
		if (o->procs.v[i]->scanned < swept)
			swept = o->procs.v[i]->scanned;
	return swept;
}

/* Which inodes have no descriptor among the known ones, and in which look that was first so. Gives the
 * number of the latest such look that some process has not been searched since: 0 when there is none. */
uint64_t owners_find_missing(struct owners *o)
{
	uint64_t swept = owners_swept(o), need = 0;

	o->missing = o->missing_ports = 0;
	for (size_t i = 0; i < o->inodes.n; i++) {
		struct inode *ino = &o->inodes.v[i];
		uint32_t since;

		if (ino->state == INODE_FOUND)
			continue;
		since = map_get(&o->orphans, ino->inode, 0);
		if (since == MAP_NONE)
			since = (uint32_t)o->look;
		ino->since = since;
		if (since <= swept &&
		    since < o->look) { /* not at once: another way may see more than /proc */
			ino->state = INODE_NOBODYS;
			continue;
		}
		o->missing++;
		o->missing_ports += ino->port;
		if (since > need)
			need = since;
	}
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

/* By inode, in the order of the sockets; those of older searches are left out. */
static void sort_hits(struct owners *o)
{
	struct {
		struct hit *v;
		size_t n, cap;
	} sorted = {0};
	size_t n = 0;
	uint32_t sum = 0;

	vec_clear(&o->first);
	vec_reserve(&o->first, o->inodes.n + 1);
	memset(o->first.v, 0, (o->inodes.n + 1) * sizeof(o->first.v[0]));
	for (size_t h = 0; h < o->hits.n; h++) {
		if (!owners_hit_valid(o, h))
			continue;
		o->first.v[o->hits.v[h].at]++;
		n++;
	}
	for (size_t i = 0; i <= o->inodes.n; i++) {
		uint32_t count = o->first.v[i];

		o->first.v[i] = sum;
		sum += count;
	}
	vec_reserve(&sorted, n);
	sorted.n = n;
	for (size_t h = 0; h < o->hits.n; h++)
		if (owners_hit_valid(o, h))
			sorted.v[o->first.v[o->hits.v[h].at]++] = o->hits.v[h];
	free(o->hits.v);
	o->hits.v = sorted.v;
	o->hits.n = sorted.n;
	o->hits.cap = sorted.cap;
	for (size_t i = 0; i < o->procs.n; i++)
		if (o->procs.v[i]->hits_from != SIZE_MAX)
			o->procs.v[i]->hits_from = 0;
	o->hits_sorted = true;
	o->stand++;
}

/* Holders, oldest first: rank turns an index of ours into one of the snapshot's. */
static void emit_holders(struct owners *o, struct snapshot *s)
{
	bool same;

	vec_clear(&o->holders_next);
	for (uint32_t i = 0; i < o->procs.n; i++) {
		const struct owner *w = o->procs.v[i];

		if (w->held && w->hits_from != SIZE_MAX)
			vec_push(&o->holders_next, ((struct holder){w->facts.start, w->pid, i}));
	}
	if (o->holders_next.n)
		qsort(o->holders_next.v, o->holders_next.n, sizeof(o->holders_next.v[0]), older);
	same = o->holders.n == o->holders_next.n;
	for (size_t k = 0; k < o->holders_next.n; k++) {
		const struct holder *h = &o->holders_next.v[k];
		const struct owner *w = o->procs.v[h->owner];
		struct snap_proc *p = vec_add(&s->procs);

		*p = w->facts;
		if (w->hint)
			p->fds = w->hint > UINT32_MAX ? UINT32_MAX : (uint32_t)w->hint;
		o->rank.v[h->owner] = (uint32_t)(s->procs.n - 1);
		same = same && !older(&o->holders.v[k], h);
	}
	vec_swap(&o->holders, &o->holders_next);
	o->stand += !same;
}

/* Descriptors, group by group. */
static void emit_fds(struct owners *o, struct snapshot *s)
{
	size_t from = s->fds.n;

	vec_reserve(&s->fds, o->hits.n);
	for (size_t h = 0; h < o->hits.n; h++) {
		const struct hit *hit = &o->hits.v[h];
		uint32_t rank = o->rank.v[hit->owner];

		s->fds.v[s->fds.n++] = (struct snap_fd){o->inodes.v[hit->at].inode, rank, hit->fd};
		if (h + 1 < o->hits.n && hit[1].at == hit->at)
			continue;
		if (s->fds.n - from > 1)
			qsort(s->fds.v + from, s->fds.n - from, sizeof(s->fds.v[0]), by_proc_fd);
		from = s->fds.n;
	}
	s->fds_stand = o->stand;
}

static void say_what_was_searched(struct owners *o, struct snapshot *s)
{
	uint64_t swept = owners_swept(o);

	s->owners_complete = swept > 0;
	for (size_t i = 0; i < s->socks.n; i++) {
		struct sock *k = &s->socks.v[i];
		const struct inode *ino =
			o->sock_at.v[i] != UINT32_MAX ? &o->inodes.v[o->sock_at.v[i]] : NULL;

		if (swept > 0 && (!ino || ino->state != INODE_OPEN))
			k->flags |= SOCK_SEARCHED;
		else
			s->owners_complete = false;
		if (ino && ino->maybe_sent)
			k->flags |= SOCK_MAYBE_SENT;
	}
}

/* What was missing when this look began, and was not found though everybody has been searched since. What has no
 * descriptor by now is remembered: that few have none, but in the first look nobody was known to have one. */
static void settle(struct owners *o)
{
	uint64_t swept = owners_swept(o);

	map_clear(&o->orphans);
	for (size_t i = 0; i < o->inodes.n; i++) {
		struct inode *ino = &o->inodes.v[i];

		if (ino->state == INODE_FOUND)
			continue;
		if (ino->since <= swept)
			ino->state = INODE_NOBODYS;
		*map_at(&o->orphans, ino->inode, 0) = ino->since;
	}
}

void owners_emit(struct owners *o, struct snapshot *s)
{
	settle(o);
	owners_judge(o);
	if (!o->hits_sorted)
		sort_hits(o);
	emit_holders(o, s);
	emit_fds(o, s);
	say_what_was_searched(o, s);
	owners_put_hidden(o, s);
	owners_put_limits(o, s);
	owners_put_method(o, s);
}
