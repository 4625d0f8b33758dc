/* What frames share: a picture that somebody still looks at never changes, what rests stands in memory once, and all
 * the same each frame says what one made from nothing would say. */
#include "frame_check.h"
#include "sockeye/base/units.h"
#include "stand.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static void churn(void **state)
{
	(void)state;
	for (uint32_t run = 0; run < 40; run++) {
		struct fixture x;
		struct copy held = {0}, now = {0};
		const struct frame *before = NULL;
		uint32_t seed = run * 31 + 7;
		bool steady = run % 2;

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
			x.snap.fds_stand = stand_of(&x.snap);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(churn),
		cmocka_unit_test(what_rests_is_shared),
		cmocka_unit_test(numbers_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
