/* The list of processes between looks: one readdir of /proc a look, and as few questions beyond it as tell who
 * changed. */
#include "owners_private.h"
#include "proctext.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROUND_NS 5000000000ull /* in this time everybody was asked how many descriptors he has */

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

static void ask_count(struct owners *o, struct owner *w)
{
	char name[24];
	struct stat st;
	uint64_t hint = 0;

	if (w->hinted == o->look)
		return;
	snprintf(name, sizeof(name), "%u/fd", w->pid);
	w->count_refused = false;
	if (fstatat(o->scan.proc_fd, name, &st, 0))
		w->count_refused = errno == EPERM || errno == EACCES;
	else if (st.st_size > 0)
		hint = (uint64_t)st.st_size;
	if (hint)
		o->hints = true;
	if (hint != w->hint)
		w->due = true;
	w->hint = hint;
	w->hinted = o->look;
}

static void note_process(struct owners *o, struct owner *w, uint64_t ino)
{
	if (ino != w->dir_ino && w->facts_known) {
		/* most likely the number's next process: nothing may be said of it that was true of the old */
		w->due = true;
		if (owner_read_facts(&o->scan, w) && w->held)
			o->hits_sorted = false;
		w->facts_read = o->look;
	}
	if (ino != w->dir_ino && !w->facts_known)
		w->scanned = 0; /* that it has no sockets was perhaps said of another one */
	w->dir_ino = ino;
	w->hits_from = 0;
	if (!w->scanned || w->held || w->visible)
		ask_count(o, w);
}

void owners_ask_counts(struct owners *o)
{
	for (size_t i = 0; i < o->procs.n; i++)
		ask_count(o, o->procs.v[i]);
}

/* Those that hold nothing are asked in turn. */
static void ask_some(struct owners *o, uint64_t dt)
{
	o->list_credit += o->procs.n * (dt < ROUND_NS ? dt : ROUND_NS);
	for (size_t i = 0; i < o->procs.n && o->list_credit >= ROUND_NS; i++) {
		ask_count(o, o->procs.v[owners_next_in_turn(o, &o->hint_pid)]);
		o->list_credit -= ROUND_NS;
	}
}

/* It has ended. */
static void let_go(struct owners *o, size_t i)
{
	if (o->procs.v[i]->held)
		o->hits_sorted = false;
	o->rank.v[i] = UINT32_MAX;
	owner_free(o->procs.v[i]);
}

int owners_list(struct owners *o, uint64_t dt)
{
	int fd = openat(o->scan.proc_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;
	size_t old = 0, was = o->procs.n;
	bool moved;

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
	vec_reserve(&o->next, o->listed.n);
	vec_clear(&o->rank);
	vec_reserve(&o->rank, was + 1);
	for (size_t i = 0; i < o->listed.n; i++) {
		const struct listed *now = &o->listed.v[i];
		struct owner *w;

		if (i && now->pid == o->listed.v[i - 1].pid) /* a listing that changes under us may repeat */
			continue;
		while (old < o->procs.n && o->procs.v[old]->pid < now->pid)
			let_go(o, old++);
		w = NULL;
		if (old < o->procs.n && o->procs.v[old]->pid == now->pid) {
			o->rank.v[old] = (uint32_t)o->next.n;
			w = o->procs.v[old++];
		}
		if (!w)
			w = owner_new(now->pid);
		note_process(o, w, now->ino);
		vec_push(&o->next, w);
	}
	while (old < o->procs.n)
		let_go(o, old++);
	moved = o->next.n < was;
	for (size_t i = 0; i < was && !moved; i++)
		moved = o->rank.v[i] != i;
	for (size_t i = 0; moved && o->hits_sorted && i < o->hits.n; i++)
		o->hits.v[i].owner = o->rank.v[o->hits.v[i].owner];
	vec_swap(&o->procs, &o->next);
	vec_clear(&o->next);
	ask_some(o, dt);
	return 0;
}

/* The first process whose pid is at least this. */
static size_t lower_bound(const struct owners *o, uint64_t pid)
{
	size_t lo = 0, hi = o->procs.n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (o->procs.v[mid]->pid < pid)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

size_t owners_find_pid(const struct owners *o, uint32_t pid)
{
	size_t at = lower_bound(o, pid);

	return at < o->procs.n && o->procs.v[at]->pid == pid ? at : SIZE_MAX;
}

uint32_t owners_next_in_turn(const struct owners *o, uint32_t *pid)
{
	size_t at = lower_bound(o, (uint64_t)*pid + 1);

	if (at == o->procs.n)
		at = 0;
	*pid = o->procs.v[at]->pid;
	return (uint32_t)at;
}
