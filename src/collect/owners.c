/* Finds who holds each socket and remembers it: reading every link of every process costs 5 us each, so a
 * descriptor once found is kept, and only what can have changed is read again, a little in each look. */
#include "owners.h"
#include "owner_scan.h"
#include "proctext.h"
#include "sockeye/base/map.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000ull
#define SWEEP_NS (5 * NS_PER_S) /* a sweep for a socket that no changed process holds takes this long */
#define VERIFY_NS (60 * NS_PER_S) /* in this time every process is read in full once */

enum inode_state {
	INODE_OPEN, /* no descriptor known, and there are processes that were not searched since it came up */
	INODE_FOUND,
	INODE_NOBODYS, /* every process was searched since: none has it */
};
struct inode { /* a distinct inode of the snapshot's sockets */
	uint32_t inode;
	uint8_t state;
};
struct inode_slot {
	uint32_t inode; /* 0: empty */
	uint32_t at; /* index into owners.inodes */
};
struct hit { /* a descriptor that is one of the snapshot's sockets */
	uint32_t at; /* index into owners.inodes */
	uint32_t owner; /* index into owners.procs */
	int32_t fd;
};
struct holder { /* a process with hits, and what sorts it */
	uint64_t start;
	uint32_t pid;
	uint32_t owner; /* index into owners.procs */
};
struct listed {
	uint32_t pid;
	uint64_t ino;
};

struct owners {
	struct owner_scan scan;
	VEC(struct owner *) procs, next; /* owned; by pid. next: the list being made, empty between looks */
	VEC(struct listed) listed;
	uint64_t look; /* number of this look, from 1 */
	uint64_t last_ns; /* time of the look before; 0: none */
	struct want last_want; /* what that look asked for */
	uint32_t sweep_pid, verify_pid; /* where each rotation goes on: the first pid above */
	uint64_t verify_credit; /* processes × ns that verification is behind */
	bool hints; /* /proc/PID/fd has a size here */
	/* of this look: */
	VEC(struct inode) inodes;
	struct inode_slot *slots; /* owned; hash of inodes: slots_cap is a power of two */
	size_t slots_cap;
	VEC(struct hit) hits;
	uint32_t missing; /* inodes that are INODE_OPEN */
	struct map orphans, orphans_next; /* inode → number of the look in which it first had no descriptor */
	uint64_t budget_ns, began_ns;
	bool searched_one;
	/* scratch of the handing over: */
	VEC(struct holder) holders;
	VEC(uint32_t) rank, first;
};

int owners_open(struct intern *names, const char *proc_root, struct owners **ret)
{
	int fd = open(proc_root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct owners *o;

	if (fd < 0)
		return -errno;
	o = mem_zalloc(1, sizeof(*o));
	o->scan.proc_fd = fd;
	o->scan.names = names;
	o->scan.buf = mem_alloc(OWNER_BUF, 1);
	*ret = o;
	return 0;
}

void owners_close(struct owners *o)
{
	if (!o)
		return;
	for (size_t i = 0; i < o->procs.n; i++)
		owner_free(o->procs.v[i]);
	vec_done(&o->procs);
	vec_done(&o->next);
	vec_done(&o->listed);
	vec_done(&o->inodes);
	free(o->slots);
	vec_done(&o->hits);
	map_done(&o->orphans);
	map_done(&o->orphans_next);
	vec_done(&o->holders);
	vec_done(&o->rank);
	vec_done(&o->first);
	vec_done(&o->scan.fresh);
	free(o->scan.buf);
	close(o->scan.proc_fd);
	free(o);
}

/* ---- the snapshot's inodes ---- */

static struct inode_slot *slot_of(const struct owners *o, uint32_t inode)
{
	size_t mask = o->slots_cap - 1, at = (inode * UINT64_C(0x9E3779B97F4A7C15)) >> 32 & mask;

	while (o->slots[at].inode && o->slots[at].inode != inode)
		at = (at + 1) & mask;
	return &o->slots[at];
}

static void index_inodes(struct owners *o, const struct snapshot *s)
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

static bool inode_alive(void *arg, uint32_t inode)
{
	return slot_of(arg, inode)->inode != 0;
}

static void take_hits(struct owners *o, uint32_t owner)
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
static void take_known_hits(struct owners *o, bool comparable)
{
	for (uint32_t i = 0; i < o->procs.n; i++) {
		struct owner *w = o->procs.v[i];
		size_t before = w->held;

		take_hits(o, i);
		if (comparable && w->held < before)
			w->lost = true;
	}
}

/* Which inodes have no descriptor among the known ones, and in which look that was first so. Gives the
 * number of the latest such look that some process has not been searched since: 0 when there is none. */
static uint64_t find_missing(struct owners *o)
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

/* ---- the list of processes ---- */

static bool list_pid(void *arg, const char *name, uint64_t ino)
{
	struct owners *o = arg;
	uint32_t pid = proc_pid_name(name);

	if (pid)
		vec_push(&o->listed, ((struct listed){pid, ino}));
	return true;
}

static int by_pid(const void *a, const void *b)
{
	const struct listed *x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

static void note_process(struct owners *o, struct owner *w, uint64_t ino)
{
	char name[24];
	struct stat st;
	uint64_t hint = 0;

	snprintf(name, sizeof(name), "%u/fd", w->pid);
	if (!fstatat(o->scan.proc_fd, name, &st, 0) && st.st_size > 0)
		hint = (uint64_t)st.st_size;
	if (hint)
		o->hints = true;
	if (ino != w->dir_ino || hint != w->hint)
		w->due = true;
	w->dir_ino = ino;
	w->hint = hint;
	w->hits_from = 0;
}

/* Joins what /proc lists now with what is known, both by pid. */
static int list_processes(struct owners *o)
{
	int fd = openat(o->scan.proc_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;
	size_t old = 0;

	if (fd < 0)
		return -errno;
	vec_clear(&o->listed);
	r = dir_each(fd, o->scan.buf, OWNER_BUF, list_pid, o);
	close(fd);
	if (r)
		return r;
	if (o->listed.n)
		qsort(o->listed.v, o->listed.n, sizeof(o->listed.v[0]), by_pid);
	vec_clear(&o->next);
	for (size_t i = 0; i < o->listed.n; i++) {
		const struct listed *now = &o->listed.v[i];
		struct owner *w;

		if (i && now->pid == o->listed.v[i - 1].pid) /* a listing that changes under us may repeat */
			continue;
		while (old < o->procs.n && o->procs.v[old]->pid < now->pid)
			owner_free(o->procs.v[old++]);
		w = old < o->procs.n && o->procs.v[old]->pid == now->pid ? o->procs.v[old++]
									 : owner_new(now->pid);
		note_process(o, w, now->ino);
		vec_push(&o->next, w);
	}
	while (old < o->procs.n)
		owner_free(o->procs.v[old++]);
	vec_swap(&o->procs, &o->next);
	vec_clear(&o->next);
	return 0;
}

/* ---- searching ---- */

static uint64_t monotonic_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static bool over_budget(struct owners *o)
{
	return o->budget_ns && o->searched_one && monotonic_ns() - o->began_ns >= o->budget_ns;
}

static void search(struct owners *o, uint32_t i, bool full)
{
	struct owner *w = o->procs.v[i];
	int r = owner_search(&o->scan, w, full ? NULL : inode_alive, o, !o->missing);

	o->searched_one = true;
	w->scanned = o->look;
	w->due = w->lost = false;
	w->hits_from = o->hits.n;
	if (r) /* it has gone, and its descriptors with it; the next listing will not have it */
		vec_clear(&w->fds);
	take_hits(o, i);
}

/* New processes first, then changed ones while something is missing: they have it, nearly always. */
static void search_due(struct owners *o)
{
	for (uint32_t i = 0; i < o->procs.n && !over_budget(o); i++)
		if (!o->procs.v[i]->scanned)
			search(o, i, false);
	for (uint32_t i = 0; i < o->procs.n && (o->missing || !o->budget_ns) && !over_budget(o); i++)
		if (o->procs.v[i]->due || (o->procs.v[i]->lost && o->missing))
			search(o, i, false);
}

/* The index of the first process above *pid, around the end; then *pid is that one. */
static uint32_t next_in_turn(const struct owners *o, uint32_t *pid)
{
	size_t lo = 0, hi = o->procs.n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (o->procs.v[mid]->pid <= *pid)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == o->procs.n)
		lo = 0;
	*pid = o->procs.v[lo]->pid;
	return (uint32_t)lo;
}

/* Sockets that no changed process holds can be anybody's, and a changed process can have let one go: the
 * rest is searched in turn, a share of all processes in each look. */
static void sweep(struct owners *o, uint64_t need, uint64_t dt)
{
	uint64_t quota = o->procs.n;

	if (o->budget_ns)
		quota = 1 + (dt < SWEEP_NS ? o->procs.n * dt / SWEEP_NS : o->procs.n);
	for (size_t i = 0; i < o->procs.n && quota && !over_budget(o); i++) {
		uint32_t at = next_in_turn(o, &o->sweep_pid);
		const struct owner *w = o->procs.v[at];

		if (w->scanned == o->look || !(w->due || (o->missing && w->scanned < need)))
			continue;
		search(o, at, false);
		quota--;
	}
}

/* A descriptor number can come to name another file while the count stays the same: so in the long run
 * every link is read again. Without counts (before Linux 6.2) that is the only way, and goes faster. */
static void verify(struct owners *o, uint64_t dt)
{
	uint64_t period = o->hints ? VERIFY_NS : SWEEP_NS;

	o->verify_credit += o->procs.n * (dt < period ? dt : period);
	for (; o->verify_credit >= period && !over_budget(o); o->verify_credit -= period) {
		uint32_t at = next_in_turn(o, &o->verify_pid);

		if (o->procs.v[at]->scanned != o->look)
			search(o, at, true);
	}
	if (o->verify_credit > o->procs.n * period) /* no catching up for more than one round */
		o->verify_credit = o->procs.n * period;
}

/* ---- handing over ---- */

static bool valid(const struct owners *o, size_t hit)
{
	return hit >= o->procs.v[o->hits.v[hit].owner]->hits_from;
}

/* Names, times and counters of those that hold something. A pid that is another process by now is searched. */
static void refresh_holders(struct owners *o)
{
	vec_clear(&o->rank);
	vec_reserve(&o->rank, o->procs.n + 1);
	for (size_t i = 0; i < o->procs.n; i++)
		o->rank.v[i] = 0;
	for (size_t h = 0; h < o->hits.n; h++) { /* grows when a pid was taken over */
		uint32_t i = o->hits.v[h].owner;
		struct owner *w = o->procs.v[i];

		if (!valid(o, h) || o->rank.v[i])
			continue;
		o->rank.v[i] = 1;
		if (w->scanned != o->look) {
			int r = owner_read_facts(&o->scan, w);

			if (r == -ESTALE)
				search(o, i, true);
			else if (r)
				w->hits_from = SIZE_MAX;
		}
		if (w->hits_from != SIZE_MAX)
			owner_read_slow_facts(&o->scan, w);
	}
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

static void emit(struct owners *o, struct snapshot *s)
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

		if (!valid(o, h))
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

		if (valid(o, h))
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

		/* orphans has all of those: see find_missing() */
		if (swept > 0 && (state != INODE_OPEN || map_get(&o->orphans, k->inode, 0) <= swept))
			k->flags |= SOCK_SEARCHED;
		else
			s->owners_complete = false;
	}
}

void owners_look(struct owners *o, struct snapshot *s, uint64_t now_ns, uint64_t budget_ns)
{
	uint64_t dt = o->last_ns && now_ns > o->last_ns ? now_ns - o->last_ns : 0, need;
	int r;

	o->look++;
	o->last_ns = now_ns;
	o->budget_ns = budget_ns;
	o->began_ns = monotonic_ns();
	o->searched_one = false;
	o->hints = false;
	vec_clear(&o->hits);
	o->missing = 0;
	index_inodes(o, s);
	r = list_processes(o);
	if (r) {
		snapshot_limit(s, "owners", "failed", "/proc cannot be listed (%s): owners are unknown.",
			       strerror(-r));
		return;
	}
	take_known_hits(o, o->last_want.states == s->want.states && o->last_want.protos == s->want.protos);
	o->last_want = s->want;
	need = find_missing(o);
	search_due(o);
	sweep(o, need, dt);
	if (o->procs.n)
		verify(o, dt);
	refresh_holders(o);
	emit(o, s);

	say_what_was_searched(o, s);
	say_what_is_hidden(o, s);
}
