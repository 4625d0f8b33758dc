/* Process rows: joined with the previous frame by (pid, start), so that a reused number is another
 * process, with what hangs on them: late texts, sockets, ports, users. */
#include "world_private.h"
#include <math.h>
#include <stdlib.h>

static float cpu_share(const struct world *w, const struct snap_proc *now, const struct proc *before)
{
	const struct snap_proc *p = &before->p;
	uint64_t hz = w->hz ? w->hz : 100, ns = w->gap_ns;

	if (w->gap || !ns || !(now->flags & p->flags & PROC_FULL) || now->cpu_ticks < p->cpu_ticks)
		return NAN;
	if (now->read_ns && p->read_ns) {
		if (now->read_ns <= p->read_ns) /* not read again since: what was so then stands */
			return before->cpu;
		ns = now->read_ns - p->read_ns;
	}
	return (float)((double)(now->cpu_ticks - p->cpu_ticks) / (double)hz * 1e9 / (double)ns);
}

static void known_proc(struct world *w, struct proc *p, uint32_t prev, uint32_t index)
{
	const struct proc *before = &w->prev->procs.v[prev];

	p->late = before->late ? late_ref(before->late) : NULL;
	p->first_ns = before->first_ns;
	p->marks = before->marks & (MARK_START | MARK_NEW);
	if (w->f->boot_ns - p->first_ns >= KEEP_NS)
		p->marks &= (uint8_t)~MARK_NEW;
	p->cpu = cpu_share(w, &p->p, before);
	w->proc_of.v[prev] = index;
}

/* Would the look before this one have shown every process that this one shows? */
static bool asked_before(const struct world *w)
{
	const struct want *before = w->prev ? &w->prev->want : NULL, *now = &w->f->want;

	return before && before->attrs & WANT_OWNERS && !(now->protos & ~before->protos) &&
	       !(now->states & ~before->states);
}

static void fill_proc(struct world *w, const struct snap_proc *sp, uint32_t hint)
{
	struct frame *f = w->f;
	const struct frame *prev = w->prev;
	uint32_t index = (uint32_t)f->procs.n, at = NONE, *slot;
	struct proc *p = vec_add(&f->procs);

	*p = (struct proc){.p = *sp, .ring = NONE, .cpu = NAN, .first_ns = f->boot_ns};
	p->unit = world_unit(w, sp->cgroup);
	slot = map_at(&f->by_proc, sp->pid, sp->start);
	if (*slot == MAP_NONE)
		*slot = index;
	if (prev && hint < prev->open_procs && prev->procs.v[hint].p.pid == sp->pid &&
	    prev->procs.v[hint].p.start == sp->start)
		at = hint;
	else if (prev)
		at = frame_proc_by_key(prev, sp->pid, sp->start);
	/* A pid listed twice is a recording's mistake; the second keeps apart. */
	if (at != NONE && w->proc_of.v[at] == NONE)
		known_proc(w, p, at, index);
	else
		p->marks = asked_before(w) ? MARK_NEW : MARK_START;
	if (!p->late && sp->pid)
		p->late = late_new(sp->pid, sp->start);
	vec_push(&w->proc_prev, at);
}

void world_procs(struct world *w)
{
	const struct snapshot *s = w->snap;
	uint32_t hint = 0;

	nums_fill(&w->proc_of, w->prev ? w->prev->procs.n : 0, NONE);
	vec_clear(&w->proc_prev);
	vec_reserve(&w->f->procs, s->procs.n);
	for (size_t i = 0; i < s->procs.n; i++) {
		fill_proc(w, &s->procs.v[i], hint);
		if (w->proc_prev.v[i] != NONE)
			hint = w->proc_prev.v[i] + 1;
		if (w->prev && i < w->prev->open_procs)
			w->units_kept &=
				w->proc_prev.v[i] == i && w->prev->procs.v[i].unit == w->f->procs.v[i].unit;
	}
	w->f->open_procs = (uint32_t)w->f->procs.n;
}

uint32_t world_kernel_proc(struct world *w)
{
	uint32_t at = frame_proc_by_key(w->f, 0, 0);
	struct snap_proc kernel = {0};

	if (at != NONE)
		return at;
	kernel.comm = intern_adds(w->names, "kernel");
	at = (uint32_t)w->f->procs.n;
	fill_proc(w, &kernel, NONE);
	w->f->open_procs = at + 1;
	return at;
}

static uint32_t append_closed(struct world *w, uint32_t prev)
{
	const struct proc *before = &w->prev->procs.v[prev];
	uint32_t at = (uint32_t)w->f->procs.n, *slot;
	struct proc *p = vec_add(&w->f->procs);

	*p = *before;
	if (p->late)
		late_ref(p->late);
	p->port = p->port_n = p->sock = p->sock_n = 0;
	p->findings = 0;
	p->ring = NONE;
	p->cpu = NAN;
	if (!(p->marks & MARK_CLOSED))
		p->closed_ns = w->f->boot_ns;
	p->marks = (uint8_t)((p->marks & MARK_START) | MARK_CLOSED);
	w->proc_of.v[prev] = at;
	vec_push(&w->proc_prev, prev);
	slot = map_at(&w->f->by_proc, p->p.pid, p->p.start);
	if (*slot == MAP_NONE)
		*slot = at;
	return at;
}

uint32_t world_former_proc(struct world *w, uint32_t prev)
{
	uint32_t at = w->proc_of.v[prev];

	if (at != NONE)
		return at;
	at = append_closed(w, prev);
	w->f->procs.v[at].marks |= MARK_FORMER;
	return at;
}

/* Did it hold a socket that this look asked for, too? What it held besides says nothing about it. */
static bool was_wanted(const struct world *w, const struct proc *pr)
{
	const struct frame *p = w->prev;

	for (uint32_t i = 0; i < pr->sock_n; i++)
		if (want_has(&w->f->want, frame_sock(p, p->proc_socks.v[pr->sock + i])))
			return true;
	return false;
}

/* Processes that held sockets and are no longer there, for as long as closed rows are shown. */
void world_closed_procs(struct world *w)
{
	const struct frame *p = w->prev;

	if (!p || !(w->f->want.attrs & WANT_OWNERS))
		return;
	for (uint32_t i = 0; i < p->procs.n; i++) {
		const struct proc *pr = &p->procs.v[i];

		if (w->proc_of.v[i] != NONE || pr->marks & MARK_FORMER)
			continue;
		if (pr->marks & MARK_CLOSED ? w->f->boot_ns - pr->closed_ns < KEEP_NS : was_wanted(w, pr))
			append_closed(w, i);
	}
}

/* Calls once per process that has the row of x in its list; stamps hold stamp_. */
#define for_each_list(w, x, row_, stamp_, proc_)                                                             \
	for (uint32_t o_ = 0, proc_; (proc_ = next_list(w, x, row_, stamp_, &o_)) != NONE;)

static uint32_t next_list(struct world *w, const struct frame *x, uint32_t row, uint32_t stamp, uint32_t *at)
{
	const struct row *r = frame_row(x, row);

	while (*at < r->owner_n) {
		const struct owner *o = frame_owner(x, r, (*at)++);

		if (o->former || w->stamp.v[o->proc] == stamp)
			continue;
		w->stamp.v[o->proc] = stamp;
		return o->proc;
	}
	if (r->reason != REASON_KERNEL || (*at)++ > r->owner_n)
		return NONE;
	return frame_proc_by_key(x, 0, 0);
}

static void list_all_socks(struct world *w)
{
	struct frame *f = w->f;
	uint32_t total = 0;

	nums_fill(&w->stamp, f->procs.n, 0);
	for (uint32_t i = 0; i < f->open_rows; i++)
		for_each_list(w, f, i, 2 * i + 1, p) f->procs.v[p].sock_n++;
	for (uint32_t i = 0; i < f->procs.n; i++) {
		f->procs.v[i].sock = total;
		total += f->procs.v[i].sock_n;
		f->procs.v[i].sock_n = 0;
	}
	vec_reserve(&f->proc_socks, total);
	f->proc_socks.n = total;
	for (uint32_t i = 0; i < f->open_rows; i++)
		for_each_list(w, f, i, 2 * i + 2, p)
			f->proc_socks.v[f->procs.v[p].sock + f->procs.v[p].sock_n++] = i;
}

/* What changed is taken out of the lists of prev and put in anew. n: processes that prev has, too. */
static void count_changes(struct world *w, uint32_t n)
{
	struct frame *f = w->f;
	const struct frame *p = w->prev;
	uint32_t end = f->open_rows > p->open_rows ? f->open_rows : p->open_rows;

	nums_fill(&w->stamp, f->procs.n > p->procs.n ? f->procs.n : p->procs.n, 0);
	nums_fill(&w->heads, f->procs.n, NONE);
	nums_fill(&w->touched, f->procs.n, 0);
	vec_clear(&w->adds);
	for (uint32_t i = world_next(w, 0, end, 0); i < end; i = world_next(w, i + 1, end, 0)) {
		if (i < p->open_rows)
			for_each_list(w, p, i, 2 * i + 1, proc)
			{
				if (proc >= n)
					continue;
				f->procs.v[proc].sock_n--;
				w->touched.v[proc] = 1;
			}
		if (i < f->open_rows)
			for_each_list(w, f, i, 2 * i + 2, proc)
			{
				f->procs.v[proc].sock_n++;
				w->touched.v[proc] = 1;
				vec_push(&w->adds, ((struct add){i, w->heads.v[proc]}));
				w->heads.v[proc] = (uint32_t)w->adds.n - 1;
			}
	}
}

/* From the last row to the first, as what is added is linked that way. */
static void merge_list(struct world *w, uint32_t proc, const uint32_t *old, uint32_t old_n)
{
	struct frame *f = w->f;
	uint32_t *to = f->proc_socks.v + f->procs.v[proc].sock, at = f->procs.v[proc].sock_n,
		 add = w->heads.v[proc];

	while (at) {
		while (old_n && w->changed.v[old[old_n - 1]])
			old_n--;
		if (add != NONE && (!old_n || w->adds.v[add].row > old[old_n - 1])) {
			to[--at] = w->adds.v[add].row;
			add = w->adds.v[add].next;
		} else if (old_n) {
			to[--at] = old[--old_n];
		} else {
			break;
		}
	}
}

static void list_socks(struct world *w)
{
	struct frame *f = w->f;
	const struct frame *p = w->prev;
	uint32_t n, total = 0;

	if (!w->kernel_kept) {
		list_all_socks(w);
		return;
	}
	n = f->open_procs < p->open_procs ? f->open_procs : p->open_procs;
	for (uint32_t i = 0; i < n; i++)
		f->procs.v[i].sock_n = p->procs.v[i].sock_n;
	count_changes(w, n);
	for (uint32_t i = 0; i < f->procs.n; i++) {
		f->procs.v[i].sock = total;
		total += f->procs.v[i].sock_n;
	}
	vec_reserve(&f->proc_socks, total);
	f->proc_socks.n = total;
	for (uint32_t i = 0; i < f->procs.n; i++) {
		const struct proc *now = &f->procs.v[i];
		const uint32_t *old = i < n ? p->proc_socks.v + p->procs.v[i].sock : NULL;

		if (w->touched.v[i])
			merge_list(w, i, old, i < n ? p->procs.v[i].sock_n : 0);
		else if (now->sock_n)
			memcpy(f->proc_socks.v + now->sock, old, now->sock_n * sizeof(*old));
	}
	if (w->adds.cap > 4096)
		vec_done(&w->adds);
}

/* Who holds this port, for the lists of ports: its holders, or the kernel. */
static uint32_t port_procs(const struct frame *f, const struct port *p, const uint32_t *kernel,
			   const uint32_t **ret)
{
	if (p->marks & MARK_CLOSED || p->flags & PORT_CLIENT)
		return 0;
	if (p->reason == REASON_KERNEL && *kernel != NONE) {
		*ret = kernel;
		return 1;
	}
	*ret = f->holders.v + p->holder;
	return p->holder_n;
}

static void list_ports(struct world *w)
{
	struct frame *f = w->f;
	uint32_t kernel = frame_proc_by_key(f, 0, 0), total = 0, n;
	const uint32_t *v = NULL;

	for (uint32_t i = 0; i < f->open_ports; i++) {
		n = port_procs(f, &f->ports.v[i], &kernel, &v);
		for (uint32_t h = 0; h < n; h++)
			f->procs.v[v[h]].port_n++;
	}
	for (uint32_t i = 0; i < f->procs.n; i++) {
		f->procs.v[i].port = total;
		total += f->procs.v[i].port_n;
		f->procs.v[i].port_n = 0;
	}
	vec_reserve(&f->proc_ports, total);
	f->proc_ports.n = total;
	for (uint32_t i = 0; i < f->open_ports; i++) {
		n = port_procs(f, &f->ports.v[i], &kernel, &v);
		for (uint32_t h = 0; h < n; h++)
			f->proc_ports.v[f->procs.v[v[h]].port + f->procs.v[v[h]].port_n++] = i;
	}
}

static int by_uid(const void *a, const void *b)
{
	const struct frame_user *x = a, *y = b;

	return (x->uid > y->uid) - (x->uid < y->uid);
}

static void meet_user(struct world *w, uint32_t uid)
{
	uint32_t *slot = map_at(&w->uids, uid, 0);
	struct frame_user *u;

	if (*slot != MAP_NONE)
		return;
	*slot = (uint32_t)w->f->users.n;
	u = vec_add(&w->f->users);
	*u = (struct frame_user){uid, NULL};
}

#define UIDS_KEPT 1024 /* that no row has any more */

static void count_uid(struct world *w, const struct sock *s, bool there)
{
	uint32_t *n;

	if (!(s->flags & SOCK_HAS_UID))
		return;
	n = map_at(&w->uid_rows, s->uid, 0);
	if (*n == MAP_NONE)
		*n = 0;
	if (there)
		++*n;
	else if (*n)
		--*n;
}

/* How many open rows have each uid, from what changed. */
static void count_uids(struct world *w)
{
	struct frame *f = w->f;
	const struct frame *p = w->prev;
	uint32_t was = p ? p->open_rows : 0, end = f->open_rows > was ? f->open_rows : was;

	if (p && w->uid_rows.n > p->users.n + UIDS_KEPT) {
		map_done(&w->uid_rows);
		for (uint32_t i = 0; i < was; i++)
			count_uid(w, frame_sock(p, i), true);
	}
	for (uint32_t i = world_next(w, 0, end, 0); i < end; i = world_next(w, i + 1, end, 0)) {
		if (i < was)
			count_uid(w, frame_sock(p, i), false);
		if (i < f->open_rows)
			count_uid(w, frame_sock(f, i), true);
	}
}

static void list_users(struct world *w)
{
	struct frame *f = w->f;
	const struct frame *p = w->prev;
	size_t old = 0;

	count_uids(w);
	map_clear(&w->uids);
	for (size_t i = 0; i < f->procs.n; i++)
		if (f->procs.v[i].p.pid)
			meet_user(w, f->procs.v[i].p.uid);
	for (size_t i = 0; i < w->uid_rows.cap; i++)
		if (w->uid_rows.slots[i].value != MAP_NONE && w->uid_rows.slots[i].value)
			meet_user(w, (uint32_t)w->uid_rows.slots[i].a);
	for (uint32_t i = f->open_rows; i < f->rows_n; i++)
		if (frame_sock(f, i)->flags & SOCK_HAS_UID)
			meet_user(w, frame_sock(f, i)->uid);
	if (f->users.n)
		qsort(f->users.v, f->users.n, sizeof(f->users.v[0]), by_uid);
	for (size_t i = 0; i < f->users.n; i++) {
		struct frame_user *u = &f->users.v[i];

		while (p && old < p->users.n && p->users.v[old].uid < u->uid)
			old++;
		if (p && old < p->users.n && p->users.v[old].uid == u->uid)
			u->late = late_ref(p->users.v[old].late);
		else
			u->late = late_new(u->uid, 0);
	}
}

void world_proc_lists(struct world *w)
{
	w->kernel_kept = w->prev && frame_proc_by_key(w->prev, 0, 0) == frame_proc_by_key(w->f, 0, 0);
	if (!(w->f->want.skip & PART_NEXT))
		list_socks(w);
	list_ports(w);
	list_users(w);
}
