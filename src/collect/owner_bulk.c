/* Searches everybody at once where another source than /proc can do it and it pays: when nothing is known yet, and
 * when a socket turns up that nobody is known to have. What comes in goes where a search by /proc puts it. */
#include "owner_bulk.h"
#include "owners_private.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SHARE 50 /* one such search after the other takes at most this part of the time */

const struct owner_source_word owner_source_words[OWNER_SOURCE_N] = {
	[OWNER_SOURCE_READY] = {"bpf", "it is used"},
	[OWNER_SOURCE_NOT_BUILT] = {"not-built", "this program was built without it"},
	[OWNER_SOURCE_NO_LIBRARY] = {"no-library", "libbpf is not installed"},
	[OWNER_SOURCE_NOT_PERMITTED] = {"not-permitted", "this takes CAP_BPF and CAP_PERFMON"},
	[OWNER_SOURCE_REFUSED] = {"refused",
				  "the kernel refuses it (too old, no BTF, lockdown, user namespace)"},
	[OWNER_SOURCE_OTHER_PIDNS] = {"other-pidns",
				      "this is not the machine's first PID and time namespace"},
};

bool owner_bulk_pays(const struct owner_bulk_case *c)
{
	return c->to_read * OWNER_PROC_NS >= c->all * OWNER_BULK_NS + (c->loaded ? 0 : OWNER_LOAD_NS);
}

/* ---- taking it in ---- */

struct intake {
	VEC(struct owner_rec) recs;
};

static void take(void *arg, const struct owner_rec *v, size_t n)
{
	struct intake *in = arg;

	if (!n)
		return;
	vec_reserve(&in->recs, n);
	memcpy(in->recs.v + in->recs.n, v, n * sizeof(*v));
	in->recs.n += n;
}

/* By process, its own table first. Those come that way, and so do nearly all. */
static int by_place(const void *a, const void *b)
{
	const struct owner_rec *x = a, *y = b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	if ((x->tid == x->pid) != (y->tid == y->pid))
		return x->tid == x->pid ? -1 : 1;
	if (x->tid != y->tid)
		return x->tid < y->tid ? -1 : 1;
	return (x->fd > y->fd) - (x->fd < y->fd);
}

static void put_in_order(struct intake *in)
{
	for (size_t i = 1; i < in->recs.n; i++)
		if (by_place(&in->recs.v[i - 1], &in->recs.v[i]) > 0) {
			qsort(in->recs.v, in->recs.n, sizeof(in->recs.v[0]), by_place);
			return;
		}
}

static void empty(struct owner *w)
{
	vec_clear(&w->fds);
	vec_clear(&w->extra);
	w->has_rings = w->own_tables = false;
	w->compared = 0; /* the next search by /proc compares */
	w->sockets_only = true;
}

/* The records of one process. Threads with one and the same table of their own count once. */
static void fill(struct owner *w, const struct owner_rec *v, size_t n)
{
	uint64_t seen[16];
	size_t seen_n = 0;
	uint32_t tid = w->pid; /* whose table is being taken */

	for (size_t i = 0; i < n; i++) {
		const struct owner_rec *r = &v[i];

		if (r->inode == OWNER_REC_SEEN)
			continue;
		if (r->tid == r->pid) {
			vec_push(&w->fds, ((struct owned_fd){r->fd, r->inode, 0}));
			w->has_rings |= r->inode == OWNED_RING;
			continue;
		}
		if (r->tid != tid) {
			bool known = seen_n == sizeof(seen) / sizeof(seen[0]);

			for (size_t k = 0; k < seen_n && !known; k++)
				known = seen[k] == r->table;
			if (known) {
				while (i + 1 < n && v[i + 1].tid == r->tid)
					i++;
				continue;
			}
			seen[seen_n++] = r->table;
			tid = r->tid;
		}
		w->own_tables = true;
		if (r->inode != OWNED_RING)
			vec_push(&w->extra, ((struct extra_fd){r->inode, r->fd, r->tid, -1}));
	}
}

/* The start tells whose descriptors these are when the number went from one process to the next meanwhile. */
static void note_start(struct owner *w, uint64_t start)
{
	if (w->facts_known && w->facts.start == start)
		return;
	w->facts.start = start;
	w->facts.flags &= (uint8_t)~PROC_FULL;
	w->facts_known = true; /* owners.c reads the others before they are handed over */
	w->slow_facts_known = false;
}

static void read_rings(struct owners *o, struct owner *w)
{
	int dir_fd = owner_open_dir(&o->scan, w->pid);

	if (dir_fd < 0)
		return;
	owner_read_rings(&o->scan, w, dir_fd);
	close(dir_fd);
}

/* ahead: the sockets are not known yet. Whom the kernel left out stays unsearched then. */
static void put(struct owners *o, struct intake *in, bool ahead)
{
	uint64_t tick_ns = 1000000000u / (uint64_t)sysconf(_SC_CLK_TCK);
	size_t at = 0;

	put_in_order(in);
	for (size_t i = 0; i < o->procs.n; i++) {
		struct owner *w = o->procs.v[i];
		size_t from;

		while (at < in->recs.n && in->recs.v[at].pid < w->pid)
			at++; /* not listed: it is new, and searched in the next look */
		for (from = at; at < in->recs.n && in->recs.v[at].pid == w->pid;)
			at++;
		empty(w);
		if (at == from && w->hint) { /* left out: /proc may tell, or refuse to */
			w->sockets_only = false;
			if (!ahead)
				owners_search_one(o, (uint32_t)i, false);
			continue;
		}
		if (at > from) {
			note_start(w, in->recs.v[from].start_ns / tick_ns);
			fill(w, in->recs.v + from, at - from);
		}
		w->facts.fds = w->hint > UINT32_MAX ? UINT32_MAX : (uint32_t)w->hint;
		w->facts.flags &= (uint8_t)~PROC_NOT_READABLE;
		w->hidden = w->due = w->lost = false;
		w->scanned = o->look;
		if (w->has_rings)
			read_rings(o, w);
		if (ahead)
			continue;
		w->hits_from = o->hits.n;
		owners_take_hits(o, (uint32_t)i);
		o->hits_sorted = false;
	}
}

/* ---- deciding ---- */

static void count(const struct owners *o, uint64_t need, enum bulk_reason why, struct owner_bulk_case *ret)
{
	size_t hidden = 0, readable = 0;

	for (size_t i = 0; i < o->procs.n; i++) {
		const struct owner *w = o->procs.v[i];

		ret->all += w->hint;
		hidden += w->hidden && w->hint;
		readable += !w->hidden && w->hint;
		if (why == BULK_UNKNOWN ? !w->scanned
					: w->scanned != o->look && (w->due || w->scanned < need))
			ret->to_read += w->hint;
	}
	ret->blind = why == BULK_HIDDEN && hidden > readable;
}

static enum owner_source_state state_of(struct owners *o)
{
	if (!o->first_pids)
		return OWNER_SOURCE_OTHER_PIDNS;
	return o->source->ops->load(o->source);
}

/* Is there enough to be read, and can it be done this way? */
static bool is_ready(struct owners *o, uint64_t need, enum bulk_reason why)
{
	struct owner_bulk_case c = {.loaded = o->bulk_ns != 0};
	bool pays;

	if (!o->source)
		return false;
	count(o, need, why, &c);
	pays = c.to_read && (owner_bulk_pays(&c) || o->source->always);
	if (!pays && !c.blind)
		return false;
	if (!o->bulk_tried)
		o->bulk_state = state_of(o);
	o->bulk_tried = true;
	o->bulk_asked |= pays;
	o->bulk_all = c.all;
	return o->bulk_state == OWNER_SOURCE_READY;
}

static bool search_all(struct owners *o, bool ahead)
{
	uint64_t began = owners_clock_ns();
	struct intake in = {0};
	int r = o->source->ops->scan(o->source, take, &in);

	if (r)
		o->bulk_state = OWNER_SOURCE_REFUSED;
	else
		put(o, &in, ahead);
	vec_done(&in.recs);
	o->bulk_asked = true;
	o->bulk_ended_ns = owners_clock_ns();
	o->bulk_ns = o->bulk_ended_ns - began;
	return !r;
}

bool owners_bulk(struct owners *o, uint64_t need, enum bulk_reason why)
{
	if (!is_ready(o, need, why))
		return false;
	/* too soon: what was missing has to wait, because /proc would take longer */
	if (o->bulk_ns && o->budget_ns && owners_clock_ns() - o->bulk_ended_ns < o->bulk_ns * SHARE)
		return why != BULK_UNKNOWN;
	return search_all(o, false);
}

bool owners_bulk_ahead(struct owners *o, const atomic_bool *known)
{
	return is_ready(o, 0, BULK_UNKNOWN) && (atomic_load(known) || search_all(o, true));
}

void owners_put_method(const struct owners *o, struct snapshot *s)
{
	if (!o->bulk_asked)
		return;
	if (o->bulk_state == OWNER_SOURCE_READY)
		snapshot_limit(s, "owner-scan", "bpf", "Owners were found by BPF: about %llu descriptors.",
			       (unsigned long long)o->bulk_all);
	else
		snapshot_limit(
			s, "owner-scan", owner_source_words[o->bulk_state].reason,
			"Owners were searched in /proc, about %llu descriptors. BPF is faster, but: %s.",
			(unsigned long long)o->bulk_all, owner_source_words[o->bulk_state].text);
}
