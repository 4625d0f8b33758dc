/* The recount, and the whole world under random churn: properties that hold whatever happens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fixture.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The simplest way to count, for comparison. */
static void naive(const struct frame *f, const uint8_t *picked, struct count *ports, struct count *procs)
{
	for (size_t i = 0; i < f->rows_n; i++) {
		const struct row *r = frame_row(f, i);
		const struct sock *s = frame_sock(f, i);

		if ((picked && !picked[i]) || r->marks & MARK_CLOSED)
			continue;
		if (frame_port_of(f, i) != NONE) {
			ports[frame_port_of(f, i)].socks++;
			ports[frame_port_of(f, i)].states[s->state]++;
			ports[frame_port_of(f, i)].conns += state_table[s->state].conn;
		}
		for (size_t p = 0; p < f->procs.n; p++) {
			bool holds = r->reason == REASON_KERNEL && f->procs.v[p].p.pid == 0;
			bool met = false;

			for (uint32_t o = 0; o < r->owner_n; o++)
				holds |= frame_owner(f, r, o)->proc == p && !frame_owner(f, r, o)->former;
			if (!holds)
				continue;
			procs[p].socks++;
			procs[p].conns += state_table[s->state].conn;
			procs[p].close_wait += s->state == STATE_CLOSE_WAIT;
			if (!s->rport)
				continue;
			/* a remote address met before by this process among picked rows? */
			for (size_t j = 0; j < i && !met; j++) {
				struct ip a, b;

				if ((picked && !picked[j]) || !frame_sock(f, j)->rport ||
				    frame_row(f, j)->marks & MARK_CLOSED)
					continue;
				for (uint32_t o = 0; o < frame_row(f, j)->owner_n && !met; o++) {
					const struct owner *ow = frame_owner(f, frame_row(f, j), o);

					if (ow->proc != p || ow->former)
						continue;
					ip_unmap(frame_sock(f, j)->raddr,
						 frame_sock(f, j)->family == FAMILY_IPV6, &a);
					ip_unmap(s->raddr, s->family == FAMILY_IPV6, &b);
					met = a.v6 == b.v6 && !memcmp(a.b, b.b, 16);
				}
			}
			procs[p].peers += !met;
		}
	}
}

static void compare(const struct frame *f, const struct tally *t, const uint8_t *picked)
{
	struct count *ports = calloc(f->ports.n + 1, sizeof(*ports));
	struct count *procs = calloc(f->procs.n + 1, sizeof(*procs));

	naive(f, picked, ports, procs);
	assert_int_equal(t->ports.n, f->ports.n);
	assert_int_equal(t->procs.n, f->procs.n);
	for (size_t i = 0; i < f->ports.n; i++) {
		assert_int_equal(t->ports.v[i].socks, ports[i].socks);
		assert_int_equal(t->ports.v[i].conns, ports[i].conns);
		assert_memory_equal(t->ports.v[i].states, ports[i].states, sizeof(ports[i].states));
	}
	for (size_t i = 0; i < f->procs.n; i++) {
		assert_int_equal(t->procs.v[i].socks, procs[i].socks);
		assert_int_equal(t->procs.v[i].conns, procs[i].conns);
		assert_int_equal(t->procs.v[i].close_wait, procs[i].close_wait);
		if (f->procs.v[i].p.pid)
			assert_int_equal(t->procs.v[i].peers, procs[i].peers);
	}
	free(ports);
	free(procs);
}

static void recount(void **state)
{
	struct fixture x;
	struct tally t = {0};
	const struct frame *f;
	uint8_t *picked;
	uint32_t seed = 7;

	fixture_init(&x);
	fixture_web1(&x, true);
	f = fixture_apply(&x, 1);
	compare(f, &f->tally, NULL);
	picked = malloc(f->rows_n);
	for (int round = 0; round < 4; round++) { /* none, some, some, all */
		for (size_t i = 0; i < f->rows_n; i++) {
			seed = seed * 1664525 + 1013904223;
			picked[i] = round == 0 ? 0 : round == 3 ? 1 : (seed >> 24) % 3 == 0;
		}
		tally_run(&t, f, picked);
		compare(f, &t, picked);
		for (uint32_t step = 1; step < 8; step += 3) { /* in pieces it is the same */
			uint32_t steps = 1;

			tally_begin(&t, f);
			while (!tally_step(&t, f, picked, step))
				steps++;
			assert_true(steps >= f->rows_n / step);
			compare(f, &t, picked);
		}
	}
	memset(picked, 0, f->rows_n);
	tally_run(&t, f, picked);
	assert_true(isnan(t.ports.v[0].rx_rate));
	for (size_t i = f->open_rows; i < f->rows_n; i++) {
		assert_false(t.ports.v[frame_port_of(f, i)].any_closed);
		picked[i] = 1;
	}
	tally_run(&t, f, picked);
	assert_true(f->rows_n > f->open_rows);
	assert_true(t.ports.v[frame_port_of(f, f->rows_n - 1)].any_closed);
	assert_int_equal(t.ports.v[frame_port_of(f, f->rows_n - 1)].socks, 0);
	free(picked);
	tally_done(&t);
	tally_done(NULL);
	fixture_done(&x);
}

static void rates_add_up(void **state)
{
	struct fixture x;
	const struct frame *f;
	double ports = 0, procs = 0;

	fixture_init(&x);
	fixture_web1(&x, false);
	f = fixture_apply(&x, 1);
	for (size_t i = 0; i < f->ports.n; i++)
		ports += isnan(f->tally.ports.v[i].rx_rate) ? 0 : (double)f->tally.ports.v[i].rx_rate;
	for (size_t i = 0; i < f->procs.n; i++)
		procs += isnan(f->tally.procs.v[i].rx_rate) ? 0 : (double)f->tally.procs.v[i].rx_rate;
	assert_true(f->totals.rx_rate > 4e6f);
	assert_float_equal(ports, f->totals.rx_rate, 100);
	assert_float_equal(procs, f->totals.rx_rate, 100);
	fixture_done(&x);
}

static uint32_t dice(uint32_t *seed, uint32_t n)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 8) % n;
}

/* Every index in a frame points into it, every identity is there once, every list agrees with the other. */
static void check_frame(const struct frame *f)
{
	struct map seen = {0};
	uint32_t members = 0;

	for (uint32_t i = 0; i < f->rows_n; i++) {
		const struct row *r = frame_row(f, i);
		const struct sock *s = frame_sock(f, i);
		uint32_t *slot = map_at(&seen, s->netns, s->cookie);

		assert_int_equal(*slot, MAP_NONE); /* no identity twice, open or closed */
		*slot = i;
		assert_int_equal(i >= f->open_rows, (r->marks & MARK_CLOSED) != 0);
		assert_int_equal(frame_row_by_cookie(f, s->netns, s->cookie), i < f->open_rows ? i : NONE);
		assert_true(s->netns < f->netns.n);
		for (uint32_t o = 0; o < r->owner_n; o++)
			assert_true(frame_owner(f, r, o)->proc < f->procs.n);
		assert_true(frame_port_of(f, i) == NONE || frame_port_of(f, i) < f->ports.n);
		assert_true(r->listener == NONE || frame_sock(f, r->listener)->state == STATE_LISTENING);
		if (r->peer != NONE) {
			assert_true(r->peer < f->open_rows);
			assert_int_equal(frame_row(f, r->peer)->peer, i);
			assert_int_equal(frame_sock(f, r->peer)->rport, s->lport);
		}
		if (frame_port_of(f, i) != NONE) {
			assert_int_equal(f->ports.v[frame_port_of(f, i)].port, s->lport);
			assert_int_equal(f->ports.v[frame_port_of(f, i)].proto, s->proto);
			assert_int_equal(f->ports.v[frame_port_of(f, i)].netns, s->netns);
		}
		assert_true(r->first_ns <= f->boot_ns && r->state_ns >= r->first_ns);
		for (uint32_t o = 0; o < r->owner_n; o++) {
			const struct owner *ow = frame_owner(f, r, o);

			assert_true(ow->proc < f->procs.n);
			assert_true(ow->former || !(f->procs.v[ow->proc].marks & MARK_CLOSED));
			assert_int_equal(ow->former, r->reason != REASON_OWNED);
		}
	}
	for (uint32_t i = 0; i < f->ports.n; i++) {
		const struct port *p = &f->ports.v[i];

		assert_int_equal(frame_port_by_key(f, p->netns, p->proto, p->port), i);
		assert_int_equal(i >= f->open_ports, (p->marks & MARK_CLOSED) != 0);
		assert_int_equal(p->member_n == 0, (p->flags & PORT_CLIENT) != 0);
		members += p->member_n;
		for (uint32_t m = 0; m < p->member_n; m++) {
			assert_int_equal(frame_port_of(f, f->members.v[p->member + m]), i);
			assert_true(STATES_PORT &
				    STATE_BIT(frame_sock(f, f->members.v[p->member + m])->state));
		}
		for (uint32_t h = 0; h < p->holder_n; h++)
			assert_true(f->holders.v[p->holder + h] < f->procs.n);
	}
	assert_int_equal(members, f->members.n);
	for (uint32_t i = 0; i < f->procs.n; i++) {
		const struct proc *p = &f->procs.v[i];

		assert_int_equal(i >= f->open_procs, (p->marks & MARK_CLOSED) != 0);
		assert_true(p->late != NULL || p->p.pid == 0);
		for (uint32_t s = 1; s < p->sock_n; s++)
			assert_true(f->proc_socks.v[p->sock + s] > f->proc_socks.v[p->sock + s - 1]);
		for (uint32_t s = 1; s < p->port_n; s++)
			assert_true(f->proc_ports.v[p->port + s] > f->proc_ports.v[p->port + s - 1]);
	}
	map_done(&seen);
	compare(f, &f->tally, NULL);
}

/* One random change of the machine. */
static void change(struct fixture *x, uint32_t *seed)
{
	static const enum state states[] = {STATE_ESTABLISHED, STATE_LISTENING, STATE_TIME_WAIT,
					    STATE_CLOSE_WAIT,  STATE_SYN_RECV,  STATE_BOUND,
					    STATE_FIN_WAIT_2};
	char local[40], remote[40];
	uint32_t kind = dice(seed, 10), s;
	enum state state = states[dice(seed, 7)];

	if (kind < 3 && x->snap.socks.n) {
		fixture_remove_sock(x, dice(seed, (uint32_t)x->snap.socks.n));
	} else if (kind == 3 && x->snap.procs.n > 2) {
		x->snap.procs.v[dice(seed, (uint32_t)x->snap.procs.n)].start += 100000; /* a reused pid */
	} else if (kind == 4 && x->snap.socks.n) {
		x->snap.socks.v[dice(seed, (uint32_t)x->snap.socks.n)].state = (uint8_t)state;
	} else {
		bool member = STATES_PORT & STATE_BIT(state);

		snprintf(local, sizeof(local), "10.0.0.%u:%u", 1 + dice(seed, 2), 80 + dice(seed, 6));
		snprintf(remote, sizeof(remote), "10.0.0.%u:%u", 1 + dice(seed, 2), 80 + dice(seed, 6));
		s = fixture_sock(x, PROTO_TCP, state, local, member ? NULL : remote);
		x->snap.socks.v[s].netns = (uint16_t)dice(seed, 2);
		if (x->snap.socks.v[s].inode && dice(seed, 4))
			fixture_fd(x, s, 100 + dice(seed, 8), (int32_t)dice(seed, 50));
		if (!dice(seed, 5))
			x->snap.socks.v[s].inode = 0;
	}
}

static void churn(void **state)
{
	for (uint32_t run = 0; run < 12; run++) {
		struct fixture x;
		uint32_t seed = run * 77 + 1;

		fixture_init(&x);
		fixture_netns(&x, "b");
		for (uint32_t p = 0; p < 8; p++)
			fixture_proc(&x, 100 + p, 1, p % 3, "p", "/system.slice/p.service");
		for (int look = 0; look < 60; look++) {
			const struct frame *f;
			uint32_t all = x.snap.want.states, hide = NONE;
			struct sock hidden = {0};

			for (uint32_t c = dice(&seed, 6); c > 0; c--)
				change(&x, &seed);
			/* a dump skips one and repeats another */
			if (x.snap.socks.n && !dice(&seed, 3)) {
				hide = dice(&seed, (uint32_t)x.snap.socks.n);
				hidden = x.snap.socks.v[hide];
				x.snap.socks.v[hide] = x.snap.socks.v[dice(&seed, (uint32_t)x.snap.socks.n)];
			}
			if (!dice(&seed, 8))
				x.snap.want.states = STATE_BIT(STATE_LISTENING);
			if (x.snap.want.states != all) { /* such a look holds listeners alone */
				size_t n = x.snap.socks.n;
				struct sock *copy = malloc((n + 1) * sizeof(*copy));
				struct sock_info *infos = malloc((n + 1) * sizeof(*infos));

				memcpy(copy, x.snap.socks.v, n * sizeof(*copy));
				memcpy(infos, x.snap.infos.v, n * sizeof(*infos));
				x.snap.socks.n = 0;
				for (size_t i = 0; i < n; i++)
					if (copy[i].state == STATE_LISTENING)
						x.snap.socks.v[x.snap.socks.n++] = copy[i];
				x.snap.infos.n = x.snap.socks.n;
				f = fixture_apply(&x, 1);
				memcpy(x.snap.socks.v, copy, n * sizeof(*copy));
				memcpy(x.snap.infos.v, infos, n * sizeof(*infos));
				x.snap.socks.n = x.snap.infos.n = n;
				free(copy);
				free(infos);
				for (size_t i = 0; i < f->rows_n; i++)
					assert_int_equal(frame_sock(f, i)->state, STATE_LISTENING);
			} else {
				f = fixture_apply(&x, 1);
			}
			check_frame(f);
			x.snap.want.states = all;
			if (hide != NONE)
				x.snap.socks.v[hide] = hidden;
		}
		fixture_done(&x);
	}
}

/* A socket that a dump misses now and then never closes, and keeps its first moment. */
static void flicker(void **state)
{
	struct fixture x;
	const struct frame *f = NULL;
	uint32_t seed = 3;
	uint64_t t0;

	fixture_init(&x);
	for (int i = 0; i < 50; i++)
		fixture_sock(&x, PROTO_UDP, STATE_UNCONN, "*:53", NULL);
	t0 = fixture_apply(&x, 0)->boot_ns;
	for (int look = 0; look < 100; look++) {
		uint32_t hide = dice(&seed, 50);
		struct sock hidden = x.snap.socks.v[hide];

		x.snap.socks.v[hide] = x.snap.socks.v[(hide + 1) % 50];
		f = fixture_apply(&x, 1);
		x.snap.socks.v[hide] = hidden;
		if (look % 2) /* never the same one twice running */
			f = fixture_apply(&x, 1);
		else
			f = fixture_apply(&x, 0.5);
		assert_int_equal(f->rows_n, 50);
		assert_int_equal(f->open_rows, 50);
		for (uint32_t i = 0; i < 50; i++)
			assert_int_equal(frame_row(f, i)->first_ns, t0);
	}
	fixture_done(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recount),
		cmocka_unit_test(rates_add_up),
		cmocka_unit_test(churn),
		cmocka_unit_test(flicker),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
