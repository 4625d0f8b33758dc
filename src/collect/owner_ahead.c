/* Searches processes while the kernel is still handing over the sockets, for commands that look once: they have
 * nothing else to do meanwhile, and both take as long when there are many. It is a look of its own: what it finds was
 * so before the sockets were known, so if one of them is missing then, those that were read too early are searched
 * again, which takes no longer than not having begun. */
#include "owners_private.h"
#include "sockeye/base/threads.h"
#include <stdatomic.h>
#include <stdlib.h>

struct helper { /* a thread with tools of its own */
	struct owners *o; /* borrowed while it runs */
	struct owner_scan scan; /* its names are its own too */
	VEC(struct owner *) done; /* borrowed: whom it has read; their names are those of its table */
	pthread_t thread;
};
struct owner_ahead {
	struct helper helpers[THREADS_MAX];
	unsigned n;
	pthread_mutex_t lock;
	pthread_cond_t plan_made;
	bool planned; /* below lock: `order` stands, and nobody needs the tools of owners any more */
	atomic_bool dumped; /* the sockets are known: whoever is read from now on is not read too early */
	VEC(uint32_t) order; /* processes to be read, those with most descriptors first */
	atomic_size_t next; /* in order */
};

/* ---- reading, on any thread ---- */

static void read_them(struct owners *o, struct owner_scan *sc, struct helper *h)
{
	struct owner_ahead *a = o->ahead;
	size_t at;

	while ((at = atomic_fetch_add(&a->next, 1)) < a->order.n) {
		struct owner *w = o->procs.v[a->order.v[at]];
		uint64_t look = o->look + atomic_load(&a->dumped);

		owners_read_one(o, sc, w, true);
		w->scanned = look;
		w->facts_read = o->look + 1;
		if (h)
			vec_push(&h->done, w);
	}
}

static int most_first(const void *a, const void *b)
{
	const struct holder *x = a, *y = b;

	return (x->start < y->start) - (x->start > y->start);
}

/* By one thread after the other it would be the last large process that everybody waits for. */
static void put_in_order(struct owners *o)
{
	vec_clear(&o->holders); /* start: how many descriptors */
	for (uint32_t i = 0; i < o->procs.n; i++)
		vec_push(&o->holders, ((struct holder){o->procs.v[i]->hint, o->procs.v[i]->pid, i}));
	if (o->holders.n)
		qsort(o->holders.v, o->holders.n, sizeof(o->holders.v[0]), most_first);
	for (size_t i = 0; i < o->holders.n; i++)
		vec_push(&o->ahead->order, o->holders.v[i].owner);
}

/* Who there is, and by which way. What fails is tried again, and told, by the look. */
static void make_plan(struct owners *o)
{
	struct owner_ahead *a = o->ahead;

	if (!owners_list(o, 0) && !owners_bulk_ahead(o, &a->dumped))
		put_in_order(o);
	pthread_mutex_lock(&a->lock);
	a->planned = true;
	pthread_cond_broadcast(&a->plan_made);
	pthread_mutex_unlock(&a->lock);
}

static void wait_for_plan(struct owner_ahead *a)
{
	pthread_mutex_lock(&a->lock);
	while (!a->planned)
		pthread_cond_wait(&a->plan_made, &a->lock);
	pthread_mutex_unlock(&a->lock);
}

static void *helper_main(void *arg)
{
	struct helper *h = arg;

	if (h == h->o->ahead->helpers)
		make_plan(h->o);
	else
		wait_for_plan(h->o->ahead);
	read_them(h->o, &h->scan, h);
	return NULL;
}

/* ---- beginning and end ---- */

static void helper_done(struct helper *h)
{
	intern_free(h->scan.names);
	owner_scan_done(&h->scan);
	vec_done(&h->done);
}

static bool start(struct owners *o, struct helper *h)
{
	*h = (struct helper){.o = o};
	owner_scan_init(&h->scan, o->scan.proc_fd, intern_new());
	h->scan.now_ns = o->scan.now_ns;
	h->scan.same_files = o->scan.same_files;
	if (!threads_start(&h->thread, helper_main, h))
		return true;
	helper_done(h);
	return false;
}

void owners_ahead(struct owners *o, uint64_t now_ns, uint64_t budget_ns)
{
	unsigned wanted = threads_shares() - 1;
	struct owner_ahead *a;

	if (o->look || budget_ns || !wanted)
		return;
	o->ahead = a = mem_zalloc(1, sizeof(*a));
	o->look++;
	o->scan.now_ns = now_ns;
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->plan_made, NULL);
	while (a->n < wanted && start(o, &a->helpers[a->n]))
		a->n++;
}

/* A name of a helper's own table in that of the program. */
static void take_over(struct owners *o, const struct helper *h)
{
	for (size_t i = 0; i < h->done.n; i++) {
		struct snap_proc *p = &h->done.v[i]->facts;

		p->comm = intern_add(o->scan.names, intern_get(h->scan.names, p->comm),
				     intern_len(h->scan.names, p->comm));
	}
}

void owners_ahead_end(struct owners *o)
{
	struct owner_ahead *a = o->ahead;

	if (!a)
		return;
	atomic_store(&a->dumped, true);
	if (a->n)
		wait_for_plan(a);
	read_them(o, &o->scan, NULL);
	for (unsigned i = 0; i < a->n; i++)
		pthread_join(a->helpers[i].thread, NULL);
	for (unsigned i = 0; i < a->n; i++) {
		take_over(o, &a->helpers[i]);
		helper_done(&a->helpers[i]);
	}
	vec_done(&a->order);
	pthread_cond_destroy(&a->plan_made);
	pthread_mutex_destroy(&a->lock);
	free(a);
	o->ahead = NULL;
}
