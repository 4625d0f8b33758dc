/* Whom to search for sockets without a known holder, and what to read again of what is known: where it can be
 * first, and a little in each look, because every link costs 5 us. */
#include "owners_private.h"
#include "proctext.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NS_PER_S 1000000000ull
#define SWEEP_NS (5 * NS_PER_S) /* a search of everybody takes this long */
#define LINKS_PER_S                                                                                          \
	18 /* links that are read again though nothing changed: those on the screen, and in turn */
#define LINKS_MIN 3
#define CGROUP_PROCS_MAX (256u * 1024)

static bool over_budget(const struct owners *o)
{
	return o->budget_ns && o->searched_one && owners_over(o, o->budget_ns);
}

/* Kernel threads are half of all processes: one question instead of nine calls. */
static bool has_nothing(const struct owners *o, const struct owner *w)
{
	return o->hints && w->hinted == o->look && !w->hint && owner_is_one_thread(&o->scan, w);
}

void owners_read_one(const struct owners *o, struct owner_scan *sc, struct owner *w, bool full)
{
	int r;

	if (has_nothing(o, w))
		r = owner_clear(w);
	else
		r = owner_search(sc, w, full ? NULL : owners_inode_alive, (void *)o, !o->missing);

	w->due = w->lost = false;
	if (r) { /* it has gone, and its descriptors with it; the next listing will not have it */
		vec_clear(&w->fds);
		vec_clear(&w->extra);
		w->same_list = false;
	}
}

void owners_search_one(struct owners *o, uint32_t i, bool full)
{
	struct owner *w = o->procs.v[i];
	size_t held = w->held;

	owners_read_one(o, &o->scan, w, full);
	o->searched_one = true;
	w->scanned = w->facts_read = o->look;
	if (w->same_list && w->hits_from != SIZE_MAX) /* its hits are among those that there are */
		return;
	w->hits_from = o->hits.n;
	owners_take_hits(o, i);
	o->hits_sorted &= !held && !w->held;
}

/* ---- where it can be: the processes of the cgroup that the socket was made in ---- */

/* Ports before connections, the newest (highest inode) first. */
static int most_wanted(const void *a, const void *b)
{
	const struct wanted *x = a, *y = b;

	if (x->port != y->port)
		return x->port ? -1 : 1;
	return (x->inode < y->inode) - (x->inode > y->inode);
}

static int read_cgroup_procs(const struct owners *o, uint32_t cgroup, char *buf, size_t size)
{
	struct str path = {0};
	int n;

	str_puts(&path, o->cgroup_mount);
	str_put(&path, intern_get(o->scan.names, cgroup), intern_len(o->scan.names, cgroup));
	str_puts(&path, "/cgroup.procs");
	n = proc_file_read(AT_FDCWD, str_text(&path), buf, size);
	str_done(&path);
	return n;
}

static bool any_open(const struct owners *o, uint32_t cgroup, size_t from)
{
	for (size_t i = from; i < o->wanted.n; i++)
		if (o->wanted.v[i].cgroup == cgroup && o->inodes.v[o->wanted.v[i].at].state == INODE_OPEN)
			return true;
	return false;
}

static void search_cgroup(struct owners *o, size_t from, char *buf)
{
	uint32_t cgroup = o->wanted.v[from].cgroup, since = 0;
	int n = read_cgroup_procs(o, cgroup, buf, CGROUP_PROCS_MAX - 1);
	char *save = NULL;

	if (n <= 0)
		return;
	buf[n] = '\0';
	for (size_t i = from; i < o->wanted.n; i++) {
		const struct wanted *k = &o->wanted.v[i];

		if (k->cgroup == cgroup && o->inodes.v[k->at].since > since)
			since = o->inodes.v[k->at].since;
	}
	for (char *word = strtok_r(buf, "\n", &save); word; word = strtok_r(NULL, "\n", &save)) {
		size_t at = owners_find_pid(o, proc_pid_name(word));

		if (at == SIZE_MAX || o->procs.v[at]->scanned >= since)
			continue;
		if (over_budget(o) || !any_open(o, cgroup, from))
			return;
		owners_search_one(o, (uint32_t)at, false);
	}
}

static void search_cgroups(struct owners *o)
{
	struct map done = {0};
	char *buf;

	vec_clear(&o->wanted);
	for (size_t i = 0; o->cgroup_mount && i < o->inodes.n; i++) {
		const struct inode *ino = &o->inodes.v[i];

		/* the root's processes are the kernel's own, or on hosts with version 1 everybody */
		if (ino->state == INODE_OPEN && intern_len(o->scan.names, ino->cgroup) > 1)
			vec_push(&o->wanted,
				 ((struct wanted){(uint32_t)i, ino->cgroup, ino->inode, ino->port}));
	}
	if (!o->wanted.n)
		return;
	qsort(o->wanted.v, o->wanted.n, sizeof(o->wanted.v[0]), most_wanted);
	buf = mem_alloc(CGROUP_PROCS_MAX, 1);
	for (size_t i = 0; i < o->wanted.n && !over_budget(o); i++) {
		const struct wanted *k = &o->wanted.v[i];
		uint32_t *seen;

		if (o->inodes.v[k->at].state != INODE_OPEN)
			continue;
		seen = map_at(&done, k->cgroup, 0);
		if (*seen != MAP_NONE)
			continue;
		*seen = 1;
		search_cgroup(o, i, buf);
	}
	map_done(&done);
	free(buf);
}

/* ---- who is new, who changed, everybody ---- */

static void search_new(struct owners *o)
{
	for (uint32_t i = (uint32_t)o->procs.n; i-- > 0 && !over_budget(o);)
		if (!o->procs.v[i]->scanned)
			owners_search_one(o, i, false);
}

/* What a changed process opened is what is missing, nearly always. */
static void search_changed(struct owners *o)
{
	for (uint32_t i = 0; i < o->procs.n && (o->missing || !o->budget_ns) && !over_budget(o); i++) {
		const struct owner *w = o->procs.v[i];

		if (w->scanned != o->look && (w->due || (o->missing && (w->lost || w->has_rings))))
			owners_search_one(o, i, false);
	}
}

/* The latest look in which a socket with a port of its own came up that is still missing; 0: none. */
static uint64_t ports_need(const struct owners *o)
{
	uint64_t need = 0;

	for (size_t i = 0; i < o->inodes.n && o->missing_ports; i++) {
		const struct inode *ino = &o->inodes.v[i];

		if (ino->state == INODE_OPEN && ino->port && ino->since > need)
			need = ino->since;
	}
	return need;
}

/* Sockets that no changed process holds can be anybody's, and a changed process can have let one go: the rest
 * is searched in turn, a share of all processes in each look. For a new port the youngest processes come first,
 * with half of the share, so that they cannot keep the others waiting for ever. */
static void sweep(struct owners *o, uint64_t need, uint64_t dt)
{
	uint64_t quota = o->procs.n, half, port_need = ports_need(o);

	if (o->budget_ns)
		quota = 1 + (dt < SWEEP_NS ? o->procs.n * dt / SWEEP_NS : o->procs.n);
	half = quota / 2;
	for (size_t i = o->procs.n; i-- > 0 && half && o->missing_ports && !over_budget(o);) {
		if (o->procs.v[i]->scanned >= port_need)
			continue;
		owners_search_one(o, (uint32_t)i, false);
		half--;
		quota--;
	}
	for (size_t i = 0; i < o->procs.n && quota && !over_budget(o); i++) {
		uint32_t at = owners_next_in_turn(o, &o->sweep_pid);
		const struct owner *w = o->procs.v[at];

		if (w->scanned == o->look || !(w->due || (o->missing && w->scanned < need)))
			continue;
		owners_search_one(o, at, false);
		quota--;
	}
}

void owners_search(struct owners *o, uint64_t need, uint64_t dt)
{
	(void)owners_bulk(o, need, BULK_UNKNOWN);
	if (o->missing && o->went_ahead) /* everybody was read too early */
		(void)owners_bulk(o, need, BULK_MISSING);
	if (o->missing)
		search_cgroups(o);
	search_new(o);
	search_changed(o);
	if (o->missing && o->hints && o->budget_ns) {
		owners_ask_counts(o);
		search_changed(o);
	}
	if (!o->missing || !owners_bulk(o, need, BULK_MISSING))
		sweep(o, need, dt);
	if (o->missing)
		(void)owners_bulk(o, need, BULK_HIDDEN);
}

/* ---- what is known ---- */

/* Links read, 0 or 1. */
static unsigned verify_one(struct owners *o, uint32_t i, int32_t fd, uint32_t inode)
{
	struct owner *w = o->procs.v[i];

	if (w->scanned == o->look)
		return 0;
	if (!owner_still_has(&o->scan, w, fd, inode))
		owners_search_one(o, i, true);
	return 1;
}

static unsigned verify_visible(struct owners *o)
{
	unsigned links = 0;

	for (size_t i = 0; i < o->visible.n; i++) {
		const struct source_fd *v = &o->visible.v[i];
		size_t at = owners_find_pid(o, v->pid);

		if (at == SIZE_MAX)
			continue;
		if (o->procs.v[at]->facts_read != o->look) {
			o->procs.v[at]->facts_read = o->look;
			if (owner_read_facts(&o->scan, o->procs.v[at]) == -ESTALE)
				owners_search_one(o, (uint32_t)at, true);
		}
		if (v->inode && owners_inode_alive(o, v->inode))
			links += verify_one(o, (uint32_t)at, v->fd, v->inode);
	}
	return links;
}

/* Known holders one by one. hits grows when one of them is searched: only the old ones come up. */
static void verify_hits(struct owners *o, uint64_t links)
{
	size_t n = o->hits.n;

	for (size_t i = 0; i < n && links; i++) {
		size_t at = o->verify_hit++ % n;
		struct hit h = o->hits.v[at];

		if (owners_hit_valid(o, at) && !o->procs.v[h.owner]->visible)
			links -= verify_one(o, h.owner, h.fd, o->inodes.v[h.at].inode);
	}
}

/* A descriptor number can come to name another file while the count stays the same: so in the long run every
 * link of every process is read again, as many as there is credit for. */
static void verify_processes(struct owners *o)
{
	for (size_t i = 0; i < o->procs.n; i++) {
		uint32_t pid = o->verify_pid, at = owners_next_in_turn(o, &pid);
		const struct owner *w = o->procs.v[at];
		uint64_t n = w->sockets_only ? w->hint : w->fds.n,
			 cost = (n && !w->hidden ? n : 1) * NS_PER_S;

		if (w->scanned != o->look && (w->hint || !o->hints)) {
			if (o->verify_credit < cost)
				return;
			owners_search_one(o, at, true);
			o->verify_credit -= cost;
		}
		o->verify_pid = pid;
		if (o->budget_ns && owners_over(o, o->budget_ns / 4 + o->verify_began_ns))
			return;
	}
	o->verify_credit = 0; /* nobody is left to read */
}

/* Without counts (before Linux 6.2) a change of the list of numbers is the only sign. */
static void relist(struct owners *o, uint64_t dt)
{
	o->relist_credit += o->procs.n * (dt < SWEEP_NS ? dt : SWEEP_NS);
	for (size_t i = 0; i < o->procs.n && o->relist_credit >= SWEEP_NS && !over_budget(o); i++) {
		uint32_t at = owners_next_in_turn(o, &o->relist_pid);

		if (o->procs.v[at]->scanned != o->look)
			owners_search_one(o, at, false);
		o->relist_credit -= SWEEP_NS;
	}
}

void owners_verify_known(struct owners *o, uint64_t dt)
{
	uint64_t links, rate, visible;

	o->verify_began_ns = owners_clock_ns() - o->began_ns;
	visible = verify_visible(o);
	rate = visible + LINKS_MIN < LINKS_PER_S ? LINKS_PER_S - visible : LINKS_MIN;
	if (dt > SWEEP_NS)
		dt = SWEEP_NS;
	o->hits_credit += rate * dt / 2;
	o->verify_credit += rate * dt / 2;
	links = o->hits_credit / NS_PER_S;
	o->hits_credit -= links * NS_PER_S;
	if (o->hits.n)
		verify_hits(o, links);
	verify_processes(o);
	if (!o->hints)
		relist(o, dt);
}
