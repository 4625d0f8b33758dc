/* What frames share: a picture that somebody still looks at never changes, what rests stands in memory once, and all
 * the same each frame says what one made from nothing would say. */
#include "../../tools/fixture.h"
#include "sockeye/base/units.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint32_t dice(uint32_t *seed, uint32_t n)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (uint32_t)(((uint64_t)(*seed >> 8) * n) >> 24);
}

static const char *const addrs[] = {"10.0.0.5", "127.0.0.1", "10.0.0.6"};

/* Opens, closes or changes something; with `steady` nothing that a port is made of. */
static void change(struct fixture *x, uint32_t *seed, bool steady)
{
	static const enum state states[] = {STATE_LISTENING,  STATE_ESTABLISHED, STATE_ESTABLISHED,
					    STATE_CLOSE_WAIT, STATE_TIME_WAIT,   STATE_SYN_RECV};
	uint32_t n = (uint32_t)x->snap.socks.n, at = n ? dice(seed, n) : 0, kind = dice(seed, 10);
	char local[32], remote[32];

	if (kind < 4 || !n) {
		enum state state = states[steady ? 1 + dice(seed, 5) : dice(seed, 6)];
		bool udp = !dice(seed, 5);

		snprintf(local, sizeof(local), "%s:%u", addrs[dice(seed, 3)], 80 + dice(seed, 4));
		snprintf(remote, sizeof(remote), "%s:%u", addrs[dice(seed, 3)], 80 + dice(seed, 4));
		at = fixture_sock(x, udp ? PROTO_UDP : PROTO_TCP, udp ? STATE_ESTABLISHED : state, local,
				  !udp && state == STATE_LISTENING ? NULL : remote);
		x->snap.socks.v[at].netns = (uint16_t)dice(seed, 2);
		if (x->snap.socks.v[at].inode && !dice(seed, 6))
			x->snap.socks.v[at].inode = 0; /* not accepted */
		x->snap.socks.v[at].uid = dice(seed, 200);
	} else if (steady && x->snap.socks.v[at].state == STATE_LISTENING) {
		if (kind > 6) /* its limit */
			x->snap.socks.v[at].sendq = 1 + dice(seed, 1000);
	} else if (kind < 6) {
		fixture_remove_sock(x, at);
	} else if (kind == 6) {
		x->snap.socks.v[at].recvq = dice(seed, 1000);
	} else if (kind == 7) {
		fixture_rate(x, at, dice(seed, 2) * dice(seed, 1000), dice(seed, 2) * 10);
	} else if (x->snap.socks.v[at].inode) {
		fixture_fd(x, at, 100 + dice(seed, 6), (int32_t)(3 + x->snap.fds.n));
	}
}

/* Everything that readers can ask a frame about its sockets. */
struct copy {
	uint64_t number;
	uint32_t n;
	struct sock *socks;
	struct sock_info *infos;
	struct row *rows;
	uint32_t *first_pids;
};

static void copy_done(struct copy *c)
{
	free(c->socks);
	free(c->infos);
	free(c->rows);
	free(c->first_pids);
	*c = (struct copy){0};
}

static uint32_t first_pid(const struct frame *f, uint32_t row)
{
	uint32_t proc = frame_first_owner(f, row, true);

	return proc == NONE ? 0 : f->procs.v[proc].p.pid;
}

static void copy_frame(struct copy *c, const struct frame *f)
{
	copy_done(c);
	*c = (struct copy){.number = f->number, .n = f->rows_n};
	c->socks = mem_alloc(c->n, sizeof(*c->socks));
	c->infos = mem_alloc(c->n, sizeof(*c->infos));
	c->rows = mem_alloc(c->n, sizeof(*c->rows));
	c->first_pids = mem_alloc(c->n, sizeof(*c->first_pids));
	for (uint32_t i = 0; i < c->n; i++) {
		c->socks[i] = *frame_sock(f, i);
		c->infos[i] = frame_info(f, i);
		c->rows[i] = *frame_row(f, i);
		c->first_pids[i] = first_pid(f, i);
	}
}

static void same_as_copy(const struct copy *c, const struct frame *f)
{
	assert_int_equal(f->number, c->number);
	assert_int_equal(f->rows_n, c->n);
	for (uint32_t i = 0; i < c->n; i++) {
		struct sock_info info = frame_info(f, i);

		assert_memory_equal(frame_sock(f, i), &c->socks[i], sizeof(struct sock));
		assert_memory_equal(&info, &c->infos[i], sizeof(info));
		assert_memory_equal(frame_row(f, i), &c->rows[i], sizeof(struct row));
		assert_int_equal(first_pid(f, i), c->first_pids[i]);
		if (!(c->rows[i].marks & MARK_CLOSED))
			assert_int_equal(frame_row_by_cookie(f, c->socks[i].netns, c->socks[i].cookie), i);
	}
}

static void same_count(const struct count *a, const struct count *b)
{
	assert_int_equal(a->socks, b->socks);
	assert_int_equal(a->conns, b->conns);
	assert_int_equal(a->close_wait, b->close_wait);
	assert_int_equal(a->counting, b->counting);
	assert_int_equal(a->rated, b->rated);
	assert_int_equal(a->peers, b->peers);
	assert_memory_equal(a->states, b->states, sizeof(a->states));
	assert_int_equal(a->any_closed, b->any_closed);
	/* to the last bit */
	assert_int_equal(isnan(a->rx_rate), isnan(b->rx_rate));
	assert_true(isnan(a->rx_rate) || (a->rx_rate == b->rx_rate && a->tx_rate == b->tx_rate));
	assert_true(a->rate_mean == b->rate_mean);
}

static bool lists(const struct frame *f, uint32_t row, uint32_t proc)
{
	const struct row *r = frame_row(f, row);

	if (!f->procs.v[proc].p.pid && r->reason == REASON_KERNEL)
		return true;
	for (uint32_t o = 0; o < r->owner_n; o++)
		if (!frame_owner(f, r, o)->former && frame_owner(f, r, o)->proc == proc)
			return true;
	return false;
}

/* What a frame counts and lists against its own rows. */
static void counts_its_rows(const struct frame *f)
{
	struct tally t = {0};
	struct totals all = {.rx_rate = NAN, .tx_rate = NAN};
	bool users[200] = {0};

	tally_run(&t, f, NULL);
	assert_int_equal(f->tally.ports.n, f->ports.n);
	assert_int_equal(f->tally.procs.n, f->procs.n);
	for (size_t i = 0; i < f->ports.n; i++)
		same_count(&f->tally.ports.v[i], &t.ports.v[i]);
	for (size_t i = 0; i < f->procs.n; i++)
		same_count(&f->tally.procs.v[i], &t.procs.v[i]);
	tally_done(&t);
	for (uint32_t i = 0; i < f->open_rows; i++) {
		const struct row *r = frame_row(f, i);

		all.states[frame_sock(f, i)->state]++;
		if (isnan(r->rx_rate))
			continue;
		all.rated++;
		all.rx_rate = isnan(all.rx_rate) ? r->rx_rate : all.rx_rate + r->rx_rate;
		all.tx_rate = isnan(all.tx_rate) ? r->tx_rate : all.tx_rate + r->tx_rate;
	}
	assert_memory_equal(all.states, f->totals.states, sizeof(all.states));
	assert_int_equal(all.rated, f->totals.rated);
	assert_int_equal(isnan(all.rx_rate), isnan(f->totals.rx_rate));
	assert_true(isnan(all.rx_rate) ||
		    (all.rx_rate == f->totals.rx_rate && all.tx_rate == f->totals.tx_rate));
	for (uint32_t p = 0; p < f->procs.n; p++) {
		uint32_t n = 0;

		for (uint32_t i = 0; i < f->open_rows; i++) {
			if (!lists(f, i, p))
				continue;
			assert_true(n < f->procs.v[p].sock_n);
			assert_int_equal(f->proc_socks.v[f->procs.v[p].sock + n++], i);
		}
		assert_int_equal(n, f->procs.v[p].sock_n);
	}
	for (size_t i = 0; i < f->procs.n; i++)
		users[f->procs.v[i].p.uid] |= f->procs.v[i].p.pid != 0;
	for (uint32_t i = 0; i < f->rows_n; i++) {
		const struct sock *s = frame_sock(f, i);
		bool known = false;

		for (size_t u = 0; u < f->users.n; u++)
			known |= f->users.v[u].uid == s->uid;
		assert_true(known || !(s->flags & SOCK_HAS_UID));
		users[s->uid] |= (s->flags & SOCK_HAS_UID) != 0;
		if (frame_port_of(f, i) == NONE)
			continue;
		assert_int_equal(f->ports.v[frame_port_of(f, i)].port, s->lport);
		assert_int_equal(f->ports.v[frame_port_of(f, i)].proto, s->proto);
		assert_int_equal(f->ports.v[frame_port_of(f, i)].netns, s->netns);
	}
	for (size_t u = 0; u < f->users.n; u++)
		assert_true(users[f->users.v[u].uid]);
}

/* Rates of connections that both frames saw come from their counters and nothing else. */
static void rates_of(const struct frame *f, const struct frame *before)
{
	double s = (double)(f->boot_ns - before->boot_ns) / 1e9;

	for (uint32_t i = 0; i < f->open_rows; i++) {
		const struct sock *k = frame_sock(f, i), *was;
		uint32_t j = frame_row_by_cookie(before, k->netns, k->cookie);
		uint64_t bytes;
		double rate, n = 1;

		if (j == NONE || k->proto != PROTO_TCP || k->state == STATE_LISTENING ||
		    !(k->flags & SOCK_HAS_INFO) ||
		    (frame_row(f, i)->marks | frame_row(before, j)->marks) & (MARK_MISSED | MARK_CLOSED))
			continue;
		was = frame_sock(before, j);
		bytes = k->rx_bytes >= was->rx_bytes ? k->rx_bytes - was->rx_bytes : k->rx_bytes;
		assert_float_equal(frame_row(f, i)->rx_rate, (double)bytes / s, 0.01);
		rate = frame_row(f, i)->rx_rate + frame_row(f, i)->tx_rate;
		for (int r = 0; r < 2; r++) {
			float more = r ? frame_row(before, j)->rate_before
				       : frame_row(before, j)->rx_rate + frame_row(before, j)->tx_rate;

			n += !isnan(more);
			rate += isnan(more) ? 0 : more;
		}
		assert_float_equal(frame_row(f, i)->rate_mean, rate / n, 0.01);
		assert_float_equal(frame_row(f, i)->rate_before,
				   frame_row(before, j)->rx_rate + frame_row(before, j)->tx_rate, 0.01);
	}
}

/* Was one of those who make this port not in the last dump? */
static bool goes(const struct frame *f, uint32_t port)
{
	bool missed = f->ports.v[port].marks & MARK_CLOSED;

	for (uint32_t m = 0; m < f->ports.v[port].member_n; m++)
		missed |= frame_row(f, f->members.v[f->ports.v[port].member + m])->marks & MARK_MISSED;
	return missed;
}

/* The frame against one that a new world makes of the same look. */
static void same_as_naive(struct fixture *x, const struct frame *f)
{
	struct world *w = world_new(x->names, x->services, 100);
	struct snapshot s = x->snap;
	struct frame naive;
	uint32_t open = 0, missed = 0;

	frame_init(&naive);
	s.boot_ns = f->boot_ns;
	s.wall_ns = f->wall_ns;
	for (size_t i = 0; i < s.socks.n; i++)
		s.socks.v[i].flags |= SOCK_SEARCHED;
	world_apply(w, &s, NSEC_PER_SEC, &naive);
	for (uint32_t i = 0; i < f->open_rows; i++) {
		const struct sock *a = frame_sock(f, i);
		const struct row *r = frame_row(f, i), *q;
		struct sock_info had = frame_info(f, i), has;
		uint32_t j = frame_row_by_cookie(&naive, a->netns, a->cookie);

		if (r->marks & MARK_MISSED) {
			assert_int_equal(j, NONE);
			missed++;
			continue;
		}
		open++;
		assert_int_not_equal(j, NONE);
		q = frame_row(&naive, j);
		has = frame_info(&naive, j);
		assert_memory_equal(a, frame_sock(&naive, j), offsetof(struct sock, timer_ms));
		assert_int_equal(a->state, frame_sock(&naive, j)->state);
		assert_true(abs((int)frame_timer_ms(f, i) - (int)frame_timer_ms(&naive, j)) < 500);
		assert_true(abs((int)had.last_recv_ms - (int)has.last_recv_ms) < 500);
		assert_int_equal(had.rtt_us, has.rtt_us);
		assert_int_equal(had.cc, has.cc);
		assert_int_equal(r->scope, q->scope);
		assert_int_equal(r->unit, q->unit);
		assert_int_equal(r->owner_n && !frame_owner(f, r, 0)->former ? r->owner_n : 0, q->owner_n);
		for (uint32_t o = 0; o < q->owner_n; o++) {
			assert_int_equal(frame_owner(f, r, o)->fd, frame_owner(&naive, q, o)->fd);
			assert_int_equal(f->procs.v[frame_owner(f, r, o)->proc].p.pid,
					 naive.procs.v[frame_owner(&naive, q, o)->proc].p.pid);
		}
		assert_int_equal(r->parent, NONE);
		/* what has just gone is still a port */
		assert_true(frame_port_of(f, i) != NONE || frame_port_of(&naive, j) == NONE);
		assert_true(frame_port_of(f, i) == NONE || frame_port_of(&naive, j) != NONE ||
			    goes(f, frame_port_of(f, i)));
		/* a listener that the dump skipped is still one */
		assert_true(q->listener == NONE || r->listener != NONE);
		if (r->listener != NONE)
			assert_int_equal(frame_sock(f, r->listener)->lport, a->lport);
		/* which of several that fit was told before is history; but it fits */
		if (r->peer != NONE) {
			assert_int_equal(frame_sock(f, r->peer)->lport, a->rport);
			assert_true(r->peer < f->open_rows);
			if (a->proto == PROTO_TCP)
				assert_int_equal(frame_row(f, r->peer)->peer, i);
		}
	}
	assert_int_equal(open, naive.open_rows);
	if (!missed)
		assert_int_equal(f->totals.client_ports, naive.totals.client_ports);
	frame_done(&naive);
	world_free(w);
}

/* What the last look of a source said of descriptors. */
struct told {
	VEC(struct snap_fd) fds;
	VEC(uint32_t) inodes;
};

/* As a source does: a new number where something of it is not the same. */
static void tell_stand(struct fixture *x, struct told *t)
{
	const struct snapshot *s = &x->snap;
	bool same = t->fds.n == s->fds.n && t->inodes.n == s->socks.n;

	for (size_t i = 0; same && i < s->fds.n; i++)
		same = !memcmp(&t->fds.v[i], &s->fds.v[i], sizeof(s->fds.v[i]));
	for (size_t i = 0; same && i < s->socks.n; i++)
		same = t->inodes.v[i] == s->socks.v[i].inode;
	x->snap.fds_stand += !same;
	vec_clear(&t->fds);
	vec_clear(&t->inodes);
	for (size_t i = 0; i < s->fds.n; i++)
		vec_push(&t->fds, s->fds.v[i]);
	for (size_t i = 0; i < s->socks.n; i++)
		vec_push(&t->inodes, s->socks.v[i].inode);
}

static void churn(void **state)
{
	(void)state;
	for (uint32_t run = 0; run < 40; run++) {
		struct fixture x;
		struct copy held = {0}, now = {0};
		const struct frame *before = NULL;
		uint32_t seed = run * 31 + 7;
		bool steady = run % 2;
		struct told told = {0};

		fixture_init(&x);
		fixture_netns(&x, "b");
		if (steady)
			x.snap.want.attrs &= ~(uint32_t)WANT_CLIENT_PORTS;
		for (uint32_t p = 0; p < 6; p++)
			fixture_proc(&x, 100 + p, 1, 0, "p", p % 2 ? "/system.slice/p.service" : "");
		for (int i = 0; i < 150; i++)
			change(&x, &seed, false);
		for (int look = 0; look < 50; look++) {
			const struct frame *f;
			uint32_t hide = NONE;
			struct sock hidden = {0};

			for (uint32_t c = dice(&seed, steady ? 5 : 30); c > 0; c--)
				change(&x, &seed, steady);
			if (x.snap.socks.n > 1 &&
			    !dice(&seed, steady ? 8 : 3)) { /* skipped by the dump, and another repeated */
				hide = dice(&seed, (uint32_t)x.snap.socks.n);
				hidden = x.snap.socks.v[hide];
				x.snap.socks.v[hide] = x.snap.socks.v[hide ? 0 : 1];
			}
			tell_stand(&x, &told);
			f = fixture_apply(&x, 0.25 * (1 + dice(&seed, 8)));
			if (before)
				same_as_copy(&held, before);
			copy_frame(&now, f);
			same_as_copy(&now, f);
			counts_its_rows(f);
			if (before)
				rates_of(f, before);
			same_as_naive(&x, f);
			if (hide != NONE)
				x.snap.socks.v[hide] = hidden;
			before = f;
			copy_done(&held);
			held = now;
			now = (struct copy){0};
		}
		copy_done(&held);
		vec_done(&told.fds);
		vec_done(&told.inodes);
		fixture_done(&x);
	}
}

/* Nothing happened: the next frame costs no row. One socket changes: it costs a block. */
static void what_rests_is_shared(void **state)
{
	struct fixture x;
	const struct frame *a, *b;
	uint32_t s, own = 0;

	(void)state;
	fixture_init(&x);
	fixture_many(&x, 1000, 4);
	for (size_t i = 0; i < x.snap.infos.n; i++) {
		x.snap.infos.v[i].last_recv_ms = 5000 + (uint32_t)i;
		fixture_rate(&x, (uint32_t)i, 0, 0);
	}
	for (int i = 0; i < 5; i++) {
		fixture_apply(&x, 1);
		for (size_t k = 0; k < x.snap.infos.n; k++) { /* time goes on, and a dump is not on the dot */
			x.snap.infos.v[k].last_sent_ms += 1000 - 100 * (i % 2);
			x.snap.infos.v[k].last_recv_ms += 1000 + 30 * (i % 3);
			x.snap.infos.v[k].last_ack_recv_ms += 1000;
		}
	}
	a = fixture_apply(&x, 1);
	for (size_t k = 0; k < x.snap.infos.n; k++) {
		x.snap.infos.v[k].last_sent_ms += 1000;
		x.snap.infos.v[k].last_recv_ms += 1250;
		x.snap.infos.v[k].last_ack_recv_ms += 600;
	}
	b = fixture_apply(&x, 1);
	assert_true(b->socks.n >= 15);
	for (size_t k = 0; k < b->socks.n; k++) {
		assert_ptr_equal(a->socks.v[k], b->socks.v[k]);
		assert_ptr_equal(a->infos.v[k], b->infos.v[k]);
		assert_ptr_equal(a->rows.v[k], b->rows.v[k]);
	}
	assert_ptr_equal(a->by_cookie, b->by_cookie);
	a = b;
	s = 500;
	x.snap.socks.v[s].recvq += 77;
	b = fixture_apply(&x, 1);
	for (size_t k = 0; k < b->socks.n; k++) {
		own += a->socks.v[k] != b->socks.v[k];
		assert_ptr_equal(a->rows.v[k], b->rows.v[k]);
	}
	assert_int_equal(own, 1);
	fixture_done(&x);
}

/* A row keeps its number while its socket is there, whatever the order of the dump. */
static void numbers_stay(void **state)
{
	struct fixture x;
	const struct frame *f;
	uint32_t at[3], s;

	(void)state;
	fixture_init(&x);
	for (int i = 0; i < 6; i++)
		fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:80", NULL);
	fixture_apply(&x, 0);
	fixture_remove_sock(&x, fixture_find(&x, 2));
	fixture_remove_sock(&x, fixture_find(&x, 5));
	fixture_apply(&x, 1);
	f = fixture_apply(&x, 1);
	assert_int_equal(f->open_rows, 4);
	assert_int_equal(f->rows_n, 6);
	at[0] = frame_row_by_cookie(f, 0, 1);
	at[1] = frame_row_by_cookie(f, 0, 3);
	at[2] = frame_row_by_cookie(f, 0, 4);
	assert_int_equal(at[0], 0);
	assert_int_equal(at[1], 2);
	assert_int_equal(at[2], 3);
	assert_int_equal(frame_row_by_cookie(f, 0, 6), 1); /* the last one fills a gap */
	s = fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:81", NULL);
	f = fixture_apply(&x, 1);
	assert_int_equal(frame_row_by_cookie(f, 0, x.snap.socks.v[s].cookie), 4);
	assert_int_equal(frame_row_by_cookie(f, 0, 4), 3);
	assert_int_equal(f->rows_n, 7);
	f = fixture_apply(&x, 4);
	assert_int_equal(f->rows_n, 5);
	fixture_done(&x);
}

/* After a pause nothing is known of rates, of what rests neither. */
static void what_rests_has_no_rate_after_a_pause(void **state)
{
	struct fixture x;
	const struct frame *f;

	(void)state;
	fixture_init(&x);
	fixture_many(&x, 200, 2);
	for (uint32_t i = 0; i < x.snap.socks.n; i++)
		fixture_rate(&x, i, 0, 0);
	for (int i = 0; i < 6; i++)
		f = fixture_apply(&x, 1);
	counts_its_rows(f);
	assert_int_equal(f->totals.rated, f->open_rows);
	assert_true(frame_row(f, 150)->rx_rate == 0);
	f = fixture_apply(&x, 10);
	assert_true(isnan(frame_row(f, 150)->rx_rate));
	assert_true(isnan(f->totals.rx_rate));
	counts_its_rows(f);
	f = fixture_apply(&x, 1);
	assert_true(frame_row(f, 150)->rx_rate == 0);
	counts_its_rows(f);
	fixture_done(&x);
}

/* The last row fills a gap: with what flows there, and not with the rest of who was there before. */
static void a_row_that_moves_takes_its_rate_along(void **state)
{
	struct fixture x;
	const struct frame *f;
	uint32_t busy = 0;
	char local[32];

	(void)state;
	fixture_init(&x);
	x.snap.want.attrs &= ~(uint32_t)WANT_CLIENT_PORTS;
	for (uint32_t i = 0; i < 5; i++) {
		snprintf(local, sizeof(local), "10.0.0.1:%u", 5000 + i);
		busy = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, local, "10.0.0.2:2");
		fixture_rate(&x, busy, 0, 0);
	}
	for (int i = 0; i < 6; i++)
		fixture_apply(&x, 1);
	fixture_rate(&x, busy, 1000, 0);
	for (int i = 0; i < 3; i++)
		fixture_apply(&x, 1);
	fixture_remove_sock(&x, fixture_find(&x, 2));
	fixture_apply(&x, 1);
	f = fixture_apply(&x, 1);
	assert_int_equal(frame_row_by_cookie(f, 0, 5), 1);
	assert_float_equal(f->totals.rx_rate, 1000, 0.01);
	counts_its_rows(f);
	fixture_rate(&x, fixture_find(&x, 5), 0, 0);
	for (int i = 0; i < 4; i++) {
		f = fixture_apply(&x, 1);
		counts_its_rows(f);
		assert_true(frame_row(f, 1)->rx_rate == 0);
	}
	assert_true(frame_row(f, 1)->rate_mean == 0);
	fixture_done(&x);
}

/* A former owner who is no more has its row in every frame, though no look tells anything new. */
static void former_owners_stay(void **state)
{
	struct fixture x;
	const struct frame *f;
	uint32_t a, b;

	(void)state;
	fixture_init(&x);
	x.snap.fds_stand = 1;
	for (uint32_t p = 0; p < 3; p++)
		fixture_proc(&x, 100 + p, 1, 0, "p", "/a.slice/a.service");
	b = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.1:3", "10.0.0.2:2");
	fixture_fd(&x, b, 100, 4);
	fixture_fd(&x, b, 101, 4);
	a = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.1:1", "10.0.0.2:2");
	fixture_fd(&x, a, 102, 3);
	fixture_apply(&x, 1);
	fixture_apply(&x, 1);
	x.snap.procs.n--;
	x.snap.fds.n--;
	x.snap.fds_stand++;
	for (int i = 0; i < 8; i++) {
		f = fixture_apply(&x, 1);
		assert_int_equal(frame_row(f, a)->owner_n, 1);
		assert_int_equal(first_pid(f, a), 102);
		assert_int_equal(frame_first_owner(f, a, false), NONE);
		assert_int_not_equal(frame_row(f, a)->reason, REASON_OWNED);
		assert_int_equal(frame_row(f, b)->owner_n, 2);
		assert_int_equal(first_pid(f, b), 100);
		counts_its_rows(f);
	}
	/* rows with several owners that change and change do not pile up */
	for (uint32_t i = 0; i < 50; i++) {
		x.snap.socks.v[b].state = i % 2 ? STATE_ESTABLISHED : STATE_CLOSE_WAIT;
		f = fixture_apply(&x, 1);
		assert_int_equal(frame_row(f, b)->owner_n, 2);
		assert_int_equal(f->procs.v[frame_owner(f, frame_row(f, b), 1)->proc].p.pid, 101);
		assert_true(f->owners.n <= 8);
	}
	fixture_done(&x);
}

/* Who is the first process now is not who was it before, though both hold the same descriptor. */
static void numbers_of_processes_move_on(void **state)
{
	struct fixture x;
	const struct frame *f;
	uint32_t a, b;

	(void)state;
	fixture_init(&x);
	fixture_proc(&x, 100, 1, 0, "a", "/a.slice/a.service");
	fixture_proc(&x, 101, 1, 0, "b", "/b.slice/b.service");
	a = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.1:1", "10.0.0.2:2");
	b = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.1:3", "10.0.0.2:2");
	fixture_fd(&x, a, 100, 3);
	fixture_fd(&x, b, 101, 4);
	fixture_apply(&x, 1);
	f = fixture_apply(&x, 1);
	counts_its_rows(f);
	assert_int_equal(first_pid(f, a), 100);
	/* the list has one process fewer, so 101 is the first of it */
	memmove(x.snap.procs.v, x.snap.procs.v + 1, --x.snap.procs.n * sizeof(x.snap.procs.v[0]));
	f = fixture_apply(&x, 1);
	assert_int_equal(first_pid(f, a), 101);
	assert_string_equal(intern_get(f->names, frame_row(f, a)->unit), "b.service");
	counts_its_rows(f);
	fixture_done(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(churn),
		cmocka_unit_test(what_rests_is_shared),
		cmocka_unit_test(numbers_stay),
		cmocka_unit_test(what_rests_has_no_rate_after_a_pause),
		cmocka_unit_test(numbers_of_processes_move_on),
		cmocka_unit_test(former_owners_stay),
		cmocka_unit_test(a_row_that_moves_takes_its_rate_along),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
