/* What a frame takes over from the one before: whatever happened in between, a world that has seen nothing but the last
 * look counts and lists the same. */
#include "machine.h"
#include "sockeye/base/units.h"
#include "stand.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- looking at it ---- */

static bool is_asked(const struct want *w, const struct sock *s)
{
	return w->protos & 1u << s->proto && w->states & STATE_BIT(s->state);
}

static void copy_all_but_socks(const struct machine *m, struct snapshot *to)
{
	const struct snapshot *s = &m->x.snap;

	snapshot_init(to);
	to->want = s->want;
	to->owners_complete = s->owners_complete;
	for (size_t i = 0; i < s->procs.n && s->want.attrs & WANT_OWNERS; i++)
		vec_push(&to->procs, s->procs.v[i]);
	for (size_t i = 0; i < s->fds.n && s->want.attrs & WANT_OWNERS; i++)
		vec_push(&to->fds, s->fds.v[i]);
}

static void copy_socks(const struct machine *m, struct snapshot *to)
{
	const struct snapshot *s = &m->x.snap;

	for (size_t i = 0; i < s->socks.n; i++) {
		struct sock k = s->socks.v[i];

		if (!is_asked(&s->want, &k) || (m->hidden && k.cookie % m->hidden == 0))
			continue;
		k.flags |= m->unsearched ? 0 : SOCK_SEARCHED;
		if (!(s->want.attrs & WANT_INFO))
			k.flags &= (uint16_t) ~(SOCK_HAS_INFO | SOCK_HAS_TIMES | SOCK_HAS_SEGS);
		if (!(s->want.attrs & WANT_MEM))
			k.flags &= (uint16_t)~SOCK_HAS_MEM;
		vec_push(&to->socks, k);
		if (s->want.attrs & (WANT_INFO | WANT_MEM | WANT_CONG))
			vec_push(&to->infos, s->infos.v[i]);
	}
}

static const struct frame *look(struct machine *m, double seconds)
{
	struct fixture *x = &m->x;
	struct frame *f = &x->frames[x->turn++ % 3];
	struct snapshot s;

	m->looks++;
	x->boot_ns += (uint64_t)(seconds * 1e9);
	for (size_t i = 0; i < x->snap.socks.n; i++)
		x->snap.socks.v[i].rx_bytes += (uint64_t)(x->speeds.v[i].rx * seconds + 0.5);
	copy_all_but_socks(m, &s);
	copy_socks(m, &s);
	for (size_t i = 0; i < x->snap.netns.n; i++)
		vec_push(&s.netns, x->snap.netns.v[i]);
	s.fds_stand = stand_of(&s);
	s.boot_ns = x->boot_ns;
	s.wall_ns = x->boot_ns + UINT64_C(1700000000) * NSEC_PER_SEC;
	world_apply(x->world, &s, NSEC_PER_SEC, f);
	snapshot_done(&s);
	return f;
}

/* The same look as a world sees it that knows nothing. What the dump skipped and f still shows is put in: a world
 * that has a past is meant to go on with it. */
static struct world *look_anew(const struct machine *m, const struct frame *f, struct frame *ret)
{
	struct world *w = world_new(m->x.names, m->x.services, 100);
	bool infos = m->x.snap.want.attrs & (WANT_INFO | WANT_MEM | WANT_CONG);
	struct snapshot s;

	copy_all_but_socks(m, &s);
	copy_socks(m, &s);
	for (size_t i = 0; i < f->netns.n; i++)
		vec_push(&s.netns, f->netns.v[i]);
	for (uint32_t i = 0; i < f->open_rows; i++) {
		const struct row *r = frame_row(f, i);
		struct sock k = *frame_sock(f, i);
		bool known = false;

		if (!(r->marks & MARK_MISSED))
			continue;
		for (size_t n = 0; n < s.fds.n; n++)
			known |= k.inode && s.fds.v[n].inode == k.inode;
		if (!known && k.inode)
			for (uint32_t o = 0; o < r->owner_n; o++)
				if (!frame_owner(f, r, o)->former)
					vec_push(&s.fds,
						 ((struct snap_fd){k.inode, frame_owner(f, r, o)->proc,
								   frame_owner(f, r, o)->fd}));
		vec_push(&s.socks, k);
		if (infos)
			vec_push(&s.infos, frame_info(f, i));
	}
	s.boot_ns = f->boot_ns;
	s.wall_ns = f->wall_ns;
	world_apply(w, &s, NSEC_PER_SEC, ret);
	snapshot_done(&s);
	return w;
}

/* ---- comparing ---- */

static void same_count(const struct count *a, const struct count *b)
{
	assert_int_equal(a->socks, b->socks);
	assert_int_equal(a->conns, b->conns);
	assert_int_equal(a->close_wait, b->close_wait);
	assert_int_equal(a->counting, b->counting);
	assert_memory_equal(a->states, b->states, sizeof(a->states));
}

static uint64_t cookie_at(const struct frame *f, uint32_t row)
{
	return frame_sock(f, row)->cookie;
}

static uint32_t row_in(const struct frame *other, const struct frame *f, uint32_t row)
{
	return frame_row_by_cookie(other, frame_sock(f, row)->netns, cookie_at(f, row));
}

/* The same rows, in whatever order, none of them twice. */
static void same_rows(const struct frame *f, const uint32_t *v, uint32_t n, const struct frame *g,
		      const uint32_t *u, uint32_t m)
{
	assert_int_equal(n, m);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t there = row_in(g, f, v[i]), at = 0;

		assert_true(!i || v[i] > v[i - 1]);
		while (at < m && u[at] != there)
			at++;
		assert_true(at < m);
	}
}

static void same_port(const struct frame *f, uint32_t i, const struct frame *g)
{
	const struct port *a = &f->ports.v[i], *b;
	uint32_t j = frame_port_by_key(g, a->netns, a->proto, a->port);

	assert_true(j < g->open_ports);
	b = &g->ports.v[j];
	assert_int_equal(a->flags, b->flags);
	assert_int_equal(a->scope, b->scope);
	assert_int_equal(a->class_, b->class_);
	assert_int_equal(a->dual, b->dual);
	assert_int_equal(a->recvq, b->recvq);
	assert_int_equal(a->drops, b->drops);
	assert_int_equal(a->has_drops, b->has_drops);
	assert_int_equal(a->addr_n, b->addr_n);
	for (uint32_t n = 0; n < a->addr_n; n++)
		assert_memory_equal(&f->addrs.v[a->addr + n].ip, &g->addrs.v[b->addr + n].ip,
				    sizeof(struct ip));
	assert_int_equal(a->holder_n, b->holder_n);
	for (uint32_t n = 0; n < a->holder_n; n++)
		assert_int_equal(f->holders.v[a->holder + n], g->holders.v[b->holder + n]);
	same_rows(f, f->members.v + a->member, a->member_n, g, g->members.v + b->member, b->member_n);
	same_count(&f->tally.ports.v[i], &g->tally.ports.v[j]);
	if (a->member_n != 1)
		return;
	assert_int_equal(a->backlog, b->backlog);
	assert_int_equal(a->backlog_max, b->backlog_max);
	assert_int_equal(a->uid, b->uid);
}

static void same_ports(const struct frame *f, const struct frame *g)
{
	assert_int_equal(f->open_ports, g->open_ports);
	for (uint32_t i = 0; i < f->open_ports; i++)
		same_port(f, i, g);
	for (uint32_t i = 0; i < f->procs.n && i < g->procs.n; i++) {
		const struct proc *a = &f->procs.v[i], *b = &g->procs.v[i];

		if (!a->p.pid || i >= f->open_procs || i >= g->open_procs)
			continue;
		assert_int_equal(a->port_n, b->port_n);
		for (uint32_t n = 0; n < a->port_n; n++)
			assert_int_equal(f->ports.v[f->proc_ports.v[a->port + n]].port,
					 g->ports.v[g->proc_ports.v[b->port + n]].port);
		same_count(&f->tally.procs.v[i], &g->tally.procs.v[i]);
		assert_int_equal(f->tally.procs.v[i].peers, g->tally.procs.v[i].peers);
	}
	assert_memory_equal(f->totals.states, g->totals.states, sizeof(f->totals.states));
	assert_int_equal(f->totals.listening, g->totals.listening);
	assert_int_equal(f->totals.bound, g->totals.bound);
	assert_int_equal(f->totals.unconn_udp, g->totals.unconn_udp);
	assert_int_equal(f->totals.socks, g->totals.socks);
	assert_int_equal(f->totals.client_ports, g->totals.client_ports);
}

static void same_procs(const struct frame *f, const struct frame *g)
{
	for (uint32_t i = 0; i < f->open_procs && i < g->open_procs; i++) {
		const struct proc *a = &f->procs.v[i], *b = &g->procs.v[i];

		if (!a->p.pid || !b->p.pid) /* what is the kernel's depends on who had it before */
			continue;
		assert_int_equal(a->p.pid, b->p.pid);
		assert_int_equal(a->unit, b->unit);
		same_rows(f, f->proc_socks.v + a->sock, a->sock_n, g, g->proc_socks.v + b->sock, b->sock_n);
	}
}

static bool has_user(const struct frame *f, uint32_t uid)
{
	for (size_t i = 0; i < f->users.n; i++)
		if (f->users.v[i].uid == uid)
			return true;
	return false;
}

static void same_users(const struct frame *f, const struct frame *g)
{
	for (size_t i = 0; i < g->users.n; i++)
		assert_true(has_user(f, g->users.v[i].uid));
	for (size_t i = 0; i < f->users.n; i++) {
		bool closed = false;

		assert_true(!i || f->users.v[i].uid > f->users.v[i - 1].uid);
		for (uint32_t n = f->open_rows; n < f->rows_n; n++)
			closed |= frame_sock(f, n)->uid == f->users.v[i].uid;
		for (uint32_t n = f->open_procs; n < f->procs.n; n++)
			closed |= f->procs.v[n].p.uid == f->users.v[i].uid;
		assert_true(closed || has_user(g, f->users.v[i].uid));
	}
}

/* The reasons that nothing but this look speaks for. */
static bool is_plain(uint8_t reason)
{
	return reason == REASON_TIME_WAIT || reason == REASON_SYN_RECV || reason == REASON_ORPHAN ||
	       reason == REASON_UNACCEPTED || reason == REASON_NOT_SCANNED;
}

static void same_row(const struct frame *f, uint32_t i, const struct frame *g)
{
	uint32_t j = row_in(g, f, i), there;
	const struct row *a = frame_row(f, i), *b;
	bool present = a->owner_n && !frame_owner(f, a, 0)->former;

	assert_int_not_equal(j, NONE);
	b = frame_row(g, j);
	assert_int_equal(frame_sock(f, i)->state, frame_sock(g, j)->state);
	assert_int_equal(frame_sock(f, i)->uid, frame_sock(g, j)->uid);
	assert_int_equal(a->scope, b->scope);
	assert_int_equal(present ? a->owner_n : 0, b->owner_n);
	for (uint32_t o = 0; o < b->owner_n; o++) {
		assert_int_equal(frame_owner(f, a, o)->proc, frame_owner(g, b, o)->proc);
		assert_int_equal(frame_owner(f, a, o)->fd, frame_owner(g, b, o)->fd);
	}
	if (present || !a->owner_n)
		assert_int_equal(a->unit, b->unit);
	if (!(a->marks & MARK_MISSED)) {
		assert_int_equal(a->reason == REASON_OWNED, b->reason == REASON_OWNED);
		assert_true(a->reason == b->reason || !is_plain(a->reason) || !is_plain(b->reason));
	}
	assert_int_equal(a->parent == NONE, b->parent == NONE);
	assert_int_equal(a->listener == NONE, b->listener == NONE);
	/* it may be known by now who was at the other end once; but nobody who is there is left out */
	there = b->peer == NONE ? NONE : row_in(f, g, b->peer);
	if (there != NONE && frame_sock(f, i)->rport >= 30000)
		assert_int_equal(a->peer, there);
}

static void same_as_anew(const struct machine *m, const struct frame *f)
{
	struct frame g;
	struct world *w;

	frame_init(&g);
	w = look_anew(m, f, &g);
	assert_int_equal(f->open_rows, g.open_rows);
	for (uint32_t i = 0; i < f->open_rows; i++)
		same_row(f, i, &g);
	same_procs(f, &g);
	same_users(f, &g);
	if (!(f->want.skip & PART_PORTS))
		same_ports(f, &g);
	frame_done(&g);
	world_free(w);
}

/* What came in since the last look, and nothing else, is a connection's rate. */
static void rates_of(const struct frame *f, const struct frame *before)
{
	double s = (double)(f->boot_ns - before->boot_ns) / 1e9;

	for (uint32_t i = 0; i < f->open_rows && s <= 3; i++) {
		const struct sock *k = frame_sock(f, i), *was;
		uint32_t j = row_in(before, f, i);

		/* who listens, or is bound, moves nothing */
		if (j == NONE || k->proto != PROTO_TCP || !k->rport || !(k->flags & SOCK_HAS_INFO) ||
		    (frame_row(f, i)->marks | frame_row(before, j)->marks) & (MARK_MISSED | MARK_CLOSED))
			continue;
		was = frame_sock(before, j);
		if (!(was->flags & SOCK_HAS_INFO) || f->netns.n != before->netns.n)
			continue;
		assert_float_equal(frame_row(f, i)->rx_rate, (double)(k->rx_bytes - was->rx_bytes) / s, 0.01);
	}
}

static void run(uint32_t seed, bool calm)
{
	struct machine m = {.seed = seed * 2654435761u + 1, .pid = 100, .mptcp = seed % 3 == 2};
	const struct frame *f, *before = NULL;

	fixture_init(&m.x);
	begin_netns(&m);
	usual_want(&m, seed % 4 == 3);
	for (uint32_t n = 0; n < 5; n++)
		fork_one(&m);
	for (uint32_t n = 0; n < 60; n++)
		happen(&m);
	for (int i = 0; i < 60; i++) {
		for (uint32_t n = roll(&m, calm ? 6 : 12); n > 0; n--)
			(calm ? happen_calmly : happen)(&m);
		if (!calm && !roll(&m, 10))
			new_want(&m);
		else if (!roll(&m, 5))
			usual_want(&m, seed % 4 == 3);
		m.hidden = roll(&m, 6) ? 0 : 2 + roll(&m, 9);
		m.unsearched = !roll(&m, 6);
		f = look(&m, 0.25 * (1 + roll(&m, 14)));
		same_as_anew(&m, f);
		if (before)
			rates_of(f, before);
		before = f;
	}
	fixture_done(&m.x);
}

static void anything_happens(void **state)
{
	(void)state;
	for (uint32_t seed = 0; seed < 150; seed++)
		run(seed, false);
}

static void little_happens(void **state)
{
	(void)state;
	for (uint32_t seed = 0; seed < 150; seed++)
		run(seed, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(little_happens),
		cmocka_unit_test(anything_happens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
