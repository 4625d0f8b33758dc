/* Why nobody is known to hold a socket. A wrong answer blames somebody, so every answer but the last is given only
 * where something speaks for it. */
#include "world_private.h"

/* A dump and a scan of descriptors are two moments: a socket that was held before, or came just now, may
 * have lost its descriptor between them. That does not make it the kernel's. */
static bool may_be_closing(const struct world *w, const struct sock *s, const struct row *r, uint32_t prev)
{
	if (prev != NONE)
		return frame_row(w->prev, prev)->owner_n > 0;
	return r->marks & MARK_NEW && !is_member_state(s->state);
}

static bool is_root_path(const struct world *w, uint32_t cgroup)
{
	return cgroup && intern_len(w->names, cgroup) == 1;
}

static bool in_netns(const struct world *w, const struct snap_hidden *h, uint16_t netns)
{
	if (h->netns == SNAP_NOT_OWN)
		return !w->f->netns.v[netns].own;
	return h->netns == SNAP_ANY || h->netns == netns;
}

/* May one of these processes have it? Whoever opens a socket gives it his uid and his cgroup, and those who
 * inherit it mostly have one of the two. A process of another namespace can have it as well, but then it was
 * made for that (systemd's NetworkNamespacePath=): that is not taken for likely. A socket of the cgroups' root was
 * made by a kernel thread or before there were groups, not by a process that is in one. */
static bool may_hold(const struct world *w, const struct snap_hidden *h, const struct sock *s)
{
	if (!in_netns(w, h, s->netns))
		return false;
	if (h->uid == SNAP_ANY || !(s->flags & SOCK_HAS_UID) || (h->cgroup && h->cgroup == s->cgroup))
		return true;
	if (is_root_path(w, s->cgroup) && h->cgroup && !is_root_path(w, h->cgroup))
		return false;
	return h->uid == s->uid;
}

static bool hidden_may_hold(const struct world *w, const struct sock *s)
{
	const struct snapshot *snap = w->snap;

	if (!snap->hidden_procs)
		return false;
	for (size_t i = 0; i < snap->hidden.n; i++)
		if (may_hold(w, &snap->hidden.v[i], s))
			return true;
	return !snap->hidden.n;
}

/* A program's netlink socket gets a port id before it is listed at all. A program's inet socket has a descriptor
 * somewhere, or is under way to one. */
static bool is_kernels(const struct world *w, const struct sock *s, const struct row *r, uint32_t prev)
{
	if (s->proto == PROTO_NETLINK)
		return !s->lport;
	if (s->family > FAMILY_IPV6 || !(s->flags & SOCK_HAS_UID) || s->uid || s->flags & SOCK_MAYBE_SENT)
		return false;
	return (s->inode || is_member_state(s->state)) && !may_be_closing(w, s, r, prev);
}

static uint8_t reason(const struct world *w, const struct sock *s, const struct row *r, uint32_t prev)
{
	const struct frame *f = w->f;

	if (r->owner_n)
		return REASON_OWNED;
	/* Not in this dump: what was known of it stays, but who held it may have let go. */
	if (r->marks & MARK_MISSED)
		return r->reason == REASON_OWNED ? REASON_GONE : r->reason;
	if (s->state == STATE_TIME_WAIT)
		return REASON_TIME_WAIT;
	if (s->state == STATE_SYN_RECV)
		return REASON_SYN_RECV;
	/* Where listeners were not asked for, an inode of 0 alone says it. */
	if (world_unaccepted(s) && (r->listener != NONE || !(f->want.states & STATE_BIT(STATE_LISTENING))))
		return REASON_UNACCEPTED;
	if (!s->inode && (s->state == STATE_FIN_WAIT_1 || s->state == STATE_FIN_WAIT_2 ||
			  s->state == STATE_LAST_ACK || s->state == STATE_CLOSING))
		return REASON_ORPHAN;
	if (s->proto == PROTO_NETLINK && is_kernels(w, s, r, prev))
		return REASON_KERNEL;
	if (!(f->want.attrs & WANT_OWNERS) || !(s->flags & SOCK_SEARCHED))
		return REASON_NOT_SCANNED;
	if (hidden_may_hold(w, s))
		return REASON_NOT_PERMITTED;
	/* Out of our PID namespace a process may hold it, but not one of the cgroups' root: see may_hold() */
	if (w->snap->part_of_pids && s->inode && !is_root_path(w, s->cgroup))
		return REASON_OTHER_PIDNS;
	return is_kernels(w, s, r, prev) ? REASON_KERNEL : REASON_NO_FD;
}

void world_reasons(struct world *w)
{
	struct frame *f = w->f;
	bool kernel = false;

	for (uint32_t i = world_next(w, 0, f->open_rows, CALM_REASON); i < f->open_rows;
	     i = world_next(w, i + 1, f->open_rows, CALM_REASON)) {
		uint8_t why = reason(w, frame_sock(f, i), frame_row(f, i), w->prev_of.v[i]);

		if (frame_row(f, i)->reason != why) {
			frame_write_row(f, i)->reason = why;
			w->changed.v[i] = 1; /* the kernel's sockets are counted */
		}
		world_set_calm(w, i, CALM_REASON, why == REASON_OWNED);
		kernel |= why == REASON_KERNEL;
	}
	if (kernel)
		world_kernel_proc(w);
	for (size_t i = f->open_rows; i < f->rows_n; i++)
		if (frame_row(f, i)->reason == REASON_OWNED)
			frame_set(f, (uint32_t)i, reason, REASON_GONE);
}
