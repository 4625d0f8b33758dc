/* What rests, who has gone and who has moved: cases in which what the last frame knew must not simply stay. */
#include "../heap.h"
#include "frame_check.h"
#include <stdio.h>
#include <string.h>

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

/* Rows for the ports of outgoing connections were wanted for a while: what they took goes back. */
static void what_was_shown_for_a_while_takes_no_room(void **state)
{
	struct fixture x;
	size_t before = 0, after;

	(void)state;
	if (!heap_in_use())
		skip(); /* another allocator, which does not tell */
	fixture_init(&x);
	fixture_many(&x, 20000, 20);
	for (int i = 0; i < 24; i++) {
		if (i == 8)
			x.snap.want.attrs |= WANT_CLIENT_PORTS;
		else if (i == 0 || i == 16)
			x.snap.want.attrs &= ~(uint32_t)WANT_CLIENT_PORTS;
		fixture_apply(&x, 1);
		if (i == 7)
			before = heap_in_use();
		else if (i == 15)
			assert_true(heap_in_use() > before + 20000 * 100);
	}
	after = heap_in_use();
	if (after > before + before / 100)
		fail_msg("%zu bytes, then %zu", before, after);
	fixture_done(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_rests_has_no_rate_after_a_pause),
		cmocka_unit_test(numbers_of_processes_move_on),
		cmocka_unit_test(former_owners_stay),
		cmocka_unit_test(a_row_that_moves_takes_its_rate_along),
		cmocka_unit_test(what_was_shown_for_a_while_takes_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
