/* Finds who holds each socket and remembers it: reading every link of every process costs 5 us each, so a
 * descriptor once found is kept, and only what can have changed is read again, a little in each look. */
#include "owners.h"
#include "owners_private.h"
#include "proctext.h"
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
	int r = owner_search(&o->scan, w, full ? NULL : owners_inode_alive, o, !o->missing);

	o->searched_one = true;
	w->scanned = o->look;
	w->due = w->lost = false;
	w->hits_from = o->hits.n;
	if (r) /* it has gone, and its descriptors with it; the next listing will not have it */
		vec_clear(&w->fds);
	owners_take_hits(o, i);
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

		if (!owners_hit_valid(o, h) || o->rank.v[i])
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
	owners_index_inodes(o, s);
	r = list_processes(o);
	if (r) {
		snapshot_limit(s, "owners", "failed", "/proc cannot be listed (%s): owners are unknown.",
			       strerror(-r));
		return;
	}
	owners_take_known_hits(o, o->last_want.states == s->want.states &&
					  o->last_want.protos == s->want.protos);
	o->last_want = s->want;
	need = owners_find_missing(o);
	search_due(o);
	sweep(o, need, dt);
	if (o->procs.n)
		verify(o, dt);
	refresh_holders(o);
	owners_emit(o, s);
}
