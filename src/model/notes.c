/* Notes what happens to sockets and ports from look to look, for the history on their pages. */
#include "sockeye/model/notes.h"
#include "sockeye/model/kill.h"
#include "world_private.h"

#define HOLDERS_COMPARED 64 /* of a port; with more nobody reads who came and went */
#define NOTES_A_LOOK 64 /* of a kind: a storm must not wash away what came before it */

const char *const note_words[NOTE_KIND_N] = {
	[NOTE_STUCK] = "stuck",     [NOTE_HEARD] = "heard from again", [NOTE_STATE] = NULL,
	[NOTE_UP] = "up",           [NOTE_FULL] = "queue full",        [NOTE_ROOM] = "queue has room",
	[NOTE_DROPS] = "drops",     [NOTE_HOLDER] = "holds it too",    [NOTE_LET_GO] = "let go",
	[NOTE_STOPPED] = "stopped", [NOTE_GOES_ON] = "goes on",
};

static void add(struct notes *notes, const struct note *n)
{
	if (notes->v.n == NOTES_MAX) {
		memmove(notes->v.v, notes->v.v + NOTES_MAX / 4,
			(NOTES_MAX - NOTES_MAX / 4) * sizeof(*notes->v.v));
		notes->v.n -= NOTES_MAX / 4;
	}
	vec_push(&notes->v, *n);
}

void world_notes_begin(struct world *w)
{
	const struct frame *p = w->prev;

	w->noted = 0;
	for (size_t i = 0; p && i < p->sock_notes.v.n; i++)
		vec_push(&w->f->sock_notes.v, p->sock_notes.v.v[i]);
	for (size_t i = 0; p && i < p->port_notes.v.n; i++)
		vec_push(&w->f->port_notes.v, p->port_notes.v.v[i]);
}

void world_show(struct world *w, uint64_t netns_inode, uint64_t cookie)
{
	for (unsigned i = 0; i < SHOWN_MAX; i++)
		if (w->shown[i].cookie == cookie && w->shown[i].netns_inode == netns_inode)
			return;
	w->shown[w->shown_at].netns_inode = netns_inode;
	w->shown[w->shown_at].cookie = cookie;
	w->shown_at = (w->shown_at + 1) % SHOWN_MAX;
}

static bool was_shown(const struct world *w, const struct sock *s)
{
	for (unsigned i = 0; i < SHOWN_MAX; i++)
		if (w->shown[i].cookie == s->cookie &&
		    w->shown[i].netns_inode == frame_netns_inode(w->f, s->netns))
			return s->cookie != 0;
	return false;
}

void world_note_state(struct world *w, const struct sock *s, uint8_t from)
{
	/* Every connection begins and ends: that is no news, and would wash away what is; but of one that somebody
	 * looks at. */
	if (!was_shown(w, s)) {
		if (s->flags & SOCK_MINI || from == STATE_SYN_RECV || from == STATE_SYN_SENT ||
		    w->noted == NOTES_A_LOOK)
			return;
		w->noted++;
	}
	add(&w->f->sock_notes, &(struct note){.at_ns = w->f->boot_ns,
					      .a = frame_netns_inode(w->f, s->netns),
					      .b = s->cookie,
					      .kind = NOTE_STATE,
					      .from = from,
					      .to = s->state});
}

void world_note_tries(struct world *w, const struct sock *s, const struct sock *was)
{
	bool now = sock_stuck(s), before = sock_stuck(was);

	/* A scan asks thousands who never answer. */
	if (now == before || s->state != was->state || s->state == STATE_SYN_SENT || w->noted == NOTES_A_LOOK)
		return;
	w->noted++;
	add(&w->f->sock_notes, &(struct note){.at_ns = w->f->boot_ns,
					      .a = frame_netns_inode(w->f, s->netns),
					      .b = s->cookie,
					      .kind = now ? NOTE_STUCK : NOTE_HEARD});
}

static void note_port(struct world *w, const struct port *p, enum note_kind kind, const struct snap_proc *who)
{
	if (w->noted == NOTES_A_LOOK)
		return;
	w->noted++;
	add(&w->f->port_notes, &(struct note){.at_ns = w->f->boot_ns,
					      .a = note_port_key(frame_netns_inode(w->f, p->netns), p->proto),
					      .b = p->port,
					      .pid = who ? who->pid : 0,
					      .comm = who ? who->comm : 0,
					      .kind = (uint8_t)kind});
}

static const struct snap_proc *holder(const struct frame *f, const struct port *p, uint32_t i)
{
	return &f->procs.v[f->holders.v[p->holder + i]].p;
}

static const struct snap_proc *find_holder(const struct frame *f, const struct port *p,
					   const struct snap_proc *who)
{
	for (uint32_t i = 0; i < p->holder_n; i++)
		if (holder(f, p, i)->pid == who->pid && holder(f, p, i)->start == who->start)
			return holder(f, p, i);
	return NULL;
}

static bool is_stopped(const struct snap_proc *p)
{
	return p->state == 'T' || p->state == 't';
}

static void holders(struct world *w, const struct port *p, const struct port *old)
{
	/* While not every process was looked at nothing is known about who is missing. */
	if (!w->f->owners_complete || !w->prev->owners_complete || p->holder_n > HOLDERS_COMPARED ||
	    old->holder_n > HOLDERS_COMPARED)
		return;
	for (uint32_t i = 0; i < p->holder_n; i++) {
		const struct snap_proc *now = holder(w->f, p, i), *before = find_holder(w->prev, old, now);

		if (!before)
			note_port(w, p, NOTE_HOLDER, now);
		else if (is_stopped(now) != is_stopped(before))
			note_port(w, p, is_stopped(now) ? NOTE_STOPPED : NOTE_GOES_ON, now);
	}
	for (uint32_t i = 0; i < old->holder_n; i++)
		if (!find_holder(w->f, p, holder(w->prev, old, i)))
			note_port(w, p, NOTE_LET_GO, holder(w->prev, old, i));
}

static bool is_full(const struct port *p)
{
	return p->backlog_max && p->backlog >= p->backlog_max;
}

static bool drops_now(const struct port *p)
{
	return p->drop_rate > 0;
}

void world_notes_ports(struct world *w)
{
	for (uint32_t i = 0; i < w->f->open_ports; i++) {
		const struct port *p = &w->f->ports.v[i], *old;
		uint32_t ns = p->netns < w->ns_prev.n ? w->ns_prev.v[p->netns] : NONE, at;

		if (p->flags & PORT_CLIENT)
			continue;
		at = !w->prev || ns == NONE ? NONE
					    : frame_port_by_key(w->prev, (uint16_t)ns, p->proto, p->port);
		if (at == NONE) {
			if (p->marks & MARK_NEW && p->first_ns == w->f->boot_ns)
				note_port(w, p, NOTE_UP, p->holder_n ? holder(w->f, p, 0) : NULL);
			continue;
		}
		old = &w->prev->ports.v[at];
		if (is_full(p) != is_full(old))
			note_port(w, p, is_full(p) ? NOTE_FULL : NOTE_ROOM, NULL);
		if (drops_now(p) && !drops_now(old))
			note_port(w, p, NOTE_DROPS, NULL);
		holders(w, p, old);
	}
}
