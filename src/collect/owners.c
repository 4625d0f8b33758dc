/* Finds who holds each socket and remembers it: reading every link of every process costs 5 us each, so a
 * descriptor once found is kept, and only what can have changed is read again, a little in each look. */
#include "owners.h"
#include "cgroup.h"
#include "owners_private.h"
#include "proctext.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define ROUND_NS 10000000000ull /* in this time the numbers of every holder were read again */
#define FACTS_MIN 32 /* and of so many in each look */
/* PROC_PID_INIT_INO and PROC_TIME_INIT_INO of include/linux/proc_ns.h */
#define FIRST_PID_NS "pid:[4026531836]"
#define FIRST_TIME_NS "time:[4026531834]"

static int kcmp_files(uint32_t a, uint32_t b)
{
	long r = syscall(SYS_kcmp, a, b, KCMP_FILES, 0, 0);

	return r < 0 ? -errno : r == 0;
}

/* Is this program, or rather /proc, in a namespace of this name? 1, 0, or a negative errno. */
static int in_ns(int proc_fd, const char *file, const char *name)
{
	char link[64];
	ssize_t n = readlinkat(proc_fd, file, link, sizeof(link));

	if (n < 0)
		return -errno;
	return (size_t)n == strlen(name) && !memcmp(link, name, (size_t)n);
}

/* Do numbers of the first namespaces name what /proc names? Before Linux 5.6 there is one time namespace. */
static bool numbers_fit(int proc_fd)
{
	return in_ns(proc_fd, "self/ns/pid", FIRST_PID_NS) > 0 &&
	       in_ns(proc_fd, "self/ns/time", FIRST_TIME_NS);
}

enum owner_source_state owner_source_try(struct owner_source *s, const char *proc_root)
{
	int fd = open(proc_root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool fit = fd >= 0 && numbers_fit(fd);

	if (fd >= 0)
		close(fd);
	return fit ? s->ops->load(s) : OWNER_SOURCE_OTHER_PIDNS;
}

int owners_open(struct intern *names, const char *proc_root, struct owners **ret)
{
	int fd = open(proc_root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct owners *o;

	if (fd < 0)
		return -errno;
	o = mem_zalloc(1, sizeof(*o));
	owner_scan_init(&o->scan, fd, names);
	o->scan.same_files = kcmp_files;
	o->cgroup_mount = cgroups_mount(proc_root);
	o->part_of_pids = !in_ns(fd, "self/ns/pid", FIRST_PID_NS);
	o->first_pids = numbers_fit(fd);
	*ret = o;
	return 0;
}

void owners_set_source(struct owners *o, struct owner_source *s)
{
	owner_source_free(o->source);
	o->source = s;
}

void owners_close(struct owners *o)
{
	if (!o)
		return;
	owners_ahead_end(o);
	owner_source_free(o->source);
	for (size_t i = 0; i < o->procs.n; i++)
		owner_free(o->procs.v[i]);
	vec_done(&o->procs);
	vec_done(&o->next);
	vec_done(&o->listed);
	vec_done(&o->visible);
	vec_done(&o->inodes);
	vec_done(&o->sock_at);
	free(o->slots);
	vec_done(&o->hits);
	map_done(&o->orphans);
	map_done(&o->judged);
	map_done(&o->judged_next);
	vec_done(&o->ports);
	vec_done(&o->ports_next);
	vec_done(&o->wanted);
	vec_done(&o->holders);
	vec_done(&o->holders_next);
	vec_done(&o->rank);
	vec_done(&o->first);
	owner_scan_done(&o->scan);
	free(o->cgroup_mount);
	close(o->scan.proc_fd);
	free(o);
}

uint64_t owners_clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

bool owners_over(const struct owners *o, uint64_t budget_ns)
{
	return owners_clock_ns() - o->began_ns >= budget_ns;
}

void owners_mark_names(const struct owners *o)
{
	for (size_t i = 0; i < o->procs.n; i++) {
		intern_mark(o->scan.names, o->procs.v[i]->facts.comm);
		intern_mark(o->scan.names, o->procs.v[i]->facts.cgroup);
	}
	for (size_t i = 0; i < o->inodes.n; i++)
		intern_mark(o->scan.names, o->inodes.v[i].cgroup);
}

void owners_verify(struct owners *o, const struct source_fd *v, size_t n)
{
	for (size_t i = 0; i < o->procs.n; i++)
		o->procs.v[i]->visible = false;
	vec_clear(&o->visible);
	vec_reserve(&o->visible, n);
	if (n)
		memcpy(o->visible.v, v, n * sizeof(v[0]));
	o->visible.n = n;
	for (size_t i = 0; i < n; i++) {
		size_t at = owners_find_pid(o, v[i].pid);

		if (at != SIZE_MAX)
			o->procs.v[at]->visible = true;
	}
}

static void refresh(struct owners *o, uint32_t i)
{
	struct owner *w = o->procs.v[i];
	int r = owner_read_facts(&o->scan, w);

	w->facts_read = o->look;
	if (r == -ESTALE)
		owners_search_one(o, i, true);
	if (!r || r == -ESTALE)
		return;
	w->hits_from = SIZE_MAX;
	o->hits_sorted = false;
}

static bool holds(const struct owner *w)
{
	return w->held && w->hits_from != SIZE_MAX;
}

/* Names, times and counters of those that hold something, in turn. A pid that is another process by now is
 * searched. */
static void refresh_holders(struct owners *o, uint64_t dt)
{
	size_t holders = 0, quota;

	vec_clear(&o->rank); /* 1: holds something */
	vec_reserve(&o->rank, o->procs.n + 1);
	for (size_t i = 0; i < o->procs.n; i++) {
		o->rank.v[i] = holds(o->procs.v[i]);
		holders += o->rank.v[i];
	}
	quota = dt < ROUND_NS && o->budget_ns ? (size_t)(holders * dt / ROUND_NS) : holders;
	if (quota < FACTS_MIN)
		quota = FACTS_MIN;
	/* without a name nobody is handed over */
	for (uint32_t i = 0; i < o->procs.n; i++)
		if (o->rank.v[i] && !(o->procs.v[i]->facts.flags & PROC_FULL))
			refresh(o, i);
	for (size_t i = 0; i < o->procs.n && quota; i++) {
		uint32_t at = owners_next_in_turn(o, &o->facts_pid);

		if (!o->rank.v[at] || o->procs.v[at]->facts_read == o->look)
			continue;
		refresh(o, at);
		quota--;
	}
	for (size_t i = 0; i < o->procs.n; i++) {
		struct owner *w = o->procs.v[i];

		if (holds(w) || w->hidden)
			owner_read_slow_facts(&o->scan, w);
	}
}

static bool same_want(const struct want *a, const struct want *b)
{
	return a->states == b->states && a->protos == b->protos && a->netns == b->netns &&
	       a->netns_inode == b->netns_inode;
}

/* Room that larger processes, or more sockets, have taken goes back. */
static void trim(struct owners *o)
{
	for (size_t i = 0; i < o->procs.n; i++) {
		vec_trim(&o->procs.v[i]->fds);
		vec_trim(&o->procs.v[i]->extra);
	}
	vec_trim(&o->procs);
	vec_trim(&o->next);
	vec_trim(&o->listed);
	vec_trim(&o->visible);
	vec_trim(&o->inodes);
	vec_trim(&o->sock_at);
	vec_trim(&o->hits);
	vec_trim(&o->ports);
	vec_trim(&o->ports_next);
	vec_trim(&o->wanted);
	vec_trim(&o->holders);
	vec_trim(&o->holders_next);
	vec_trim(&o->rank);
	vec_trim(&o->first);
	owner_scan_trim(&o->scan);
}

void owners_look(struct owners *o, struct snapshot *s, uint64_t now_ns, uint64_t budget_ns)
{
	uint64_t dt = o->last_ns && now_ns > o->last_ns ? now_ns - o->last_ns : 0, need;
	bool comparable = same_want(&o->last_want, &s->want);
	int r;

	owners_index_inodes(o, s);
	o->went_ahead = o->ahead != NULL;
	owners_ahead_end(o);
	o->look++;
	o->last_ns = now_ns;
	o->last_want = s->want;
	o->budget_ns = o->look == 1 ? budget_ns * 5 / 2 : budget_ns;
	o->began_ns = owners_clock_ns();
	o->searched_one = false;
	o->scan.now_ns = now_ns;
	r = owners_list(o, dt);
	if (r) {
		snapshot_limit(s, "owners", "failed", "/proc cannot be listed (%s): owners are unknown.",
			       strerror(-r));
		return;
	}
	owners_take_known_hits(o, comparable);
	if (comparable)
		owners_take_skipped(o);
	need = owners_find_missing(o);
	owners_search(o, need, dt);
	if (o->procs.n)
		owners_verify_known(o, dt);
	refresh_holders(o, dt);
	owners_emit(o, s);
	trim(o);
}
