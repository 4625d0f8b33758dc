/* What a frame counts and lists is checked against its own rows, one by one. */
#pragma once
#include "../../tools/fixture.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static inline uint32_t first_pid(const struct frame *f, uint32_t row)
{
	uint32_t proc = frame_first_owner(f, row, true);

	return proc == NONE ? 0 : f->procs.v[proc].p.pid;
}

static inline void same_count(const struct count *a, const struct count *b)
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

static inline bool lists(const struct frame *f, uint32_t row, uint32_t proc)
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
#define UIDS 1024 /* those of these tests are below */

static inline void counts_its_rows(const struct frame *f)
{
	struct tally t = {0};
	struct totals all = {.rx_rate = NAN, .tx_rate = NAN};
	bool users[UIDS] = {0};

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
	for (size_t i = 0; i < f->procs.n; i++) {
		assert_true(f->procs.v[i].p.uid < UIDS);
		users[f->procs.v[i].p.uid] |= f->procs.v[i].p.pid != 0;
	}
	for (uint32_t i = 0; i < f->rows_n; i++) {
		const struct sock *s = frame_sock(f, i);
		bool known = false;

		for (size_t u = 0; u < f->users.n; u++)
			known |= f->users.v[u].uid == s->uid;
		assert_true(known || !(s->flags & SOCK_HAS_UID));
		assert_true(s->uid < UIDS);
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
