/* Who held a port last: the answer to "nothing holds 9999" when somebody did a while ago. The world keeps the last
 * ones that came free, each port once, and every frame has a copy. */
#include "world_private.h"

#define FREED_MAX 128

static void forget(struct world *w, const struct frame_freed *now)
{
	size_t kept = 0;

	for (size_t i = 0; i < w->freed.n; i++) {
		const struct frame_freed *x = &w->freed.v[i];

		if (x->netns_inode != now->netns_inode || x->proto != now->proto || x->port != now->port)
			w->freed.v[kept++] = *x;
	}
	if (kept == FREED_MAX) /* the oldest */
		memmove(w->freed.v, w->freed.v + 1, --kept * sizeof(*w->freed.v));
	w->freed.n = kept;
}

void world_freed(struct world *w)
{
	struct frame *f = w->f;

	for (size_t i = f->open_ports; i < f->ports.n; i++) {
		const struct port *p = &f->ports.v[i];
		struct frame_freed x = {.port = p->port, .proto = p->proto, .closed_ns = p->closed_ns};

		if (p->closed_ns != f->boot_ns || p->flags & PORT_CLIENT || p->netns >= f->netns.n)
			continue;
		x.netns_inode = f->netns.v[p->netns].inode;
		if (p->holder_n) {
			x.pid = f->procs.v[f->holders.v[p->holder]].p.pid;
			x.comm = f->procs.v[f->holders.v[p->holder]].p.comm;
		}
		forget(w, &x);
		vec_push(&w->freed, x);
	}
	vec_clear(&f->freed);
	vec_reserve(&f->freed, w->freed.n);
	for (size_t i = 0; i < w->freed.n; i++)
		f->freed.v[i] = w->freed.v[i];
	f->freed.n = w->freed.n;
}

const struct frame_freed *frame_last_holder(const struct frame *f, uint32_t port)
{
	const struct frame_freed *last = NULL;

	for (size_t i = 0; i < f->freed.n; i++)
		if (f->freed.v[i].port == port && (!last || f->freed.v[i].closed_ns >= last->closed_ns))
			last = &f->freed.v[i];
	return last;
}
