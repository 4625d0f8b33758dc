/* Identity, lifetimes and rates: what a second look makes of the first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fixture.h"
#include "sockeye/base/units.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct row *row_of(const struct frame *f, uint64_t cookie)
{
	uint32_t r = frame_row_by_cookie(f, 0, cookie);

	return r == NONE ? NULL : frame_row(f, r);
}

/* The closed row of a cookie; NULL. */
static const struct row *closed_row(const struct frame *f, uint64_t cookie)
{
	for (size_t i = 0; i < f->rows_n; i++)
		if (frame_sock(f, i)->cookie == cookie && frame_row(f, i)->marks & MARK_CLOSED)
			return frame_row(f, i);
	return NULL;
}

static void first_look_and_news(void **state)
{
	struct fixture x;
	const struct frame *f;
	const struct row *r;
	uint64_t t0;

	fixture_init(&x);
	fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:40000", "10.0.0.7:5432");
	f = fixture_apply(&x, 0);
	t0 = f->boot_ns;
	assert_int_equal(f->number, 1);
	assert_int_equal(f->wall_ns, UINT64_C(1795356151) * NSEC_PER_SEC);
	r = row_of(f, 1);
	assert_int_equal(r->marks, MARK_START);
	assert_true(r->first_ns == t0 && r->state_ns == t0);

	fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:40001", "10.0.0.7:5432");
	f = fixture_apply(&x, 1);
	assert_int_equal(row_of(f, 1)->marks, MARK_START);
	assert_int_equal(row_of(f, 1)->first_ns, t0);
	assert_int_equal(row_of(f, 2)->marks, MARK_NEW);
	assert_int_equal(row_of(f, 2)->first_ns, t0 + NSEC_PER_SEC);
	f = fixture_apply(&x, 2.5);
	assert_int_equal(row_of(f, 2)->marks, MARK_NEW);
	f = fixture_apply(&x, 0.5);
	assert_int_equal(row_of(f, 2)->marks, 0);
	assert_int_equal(row_of(f, 2)->first_ns, t0 + NSEC_PER_SEC);
	fixture_done(&x);
}

static void cookie_survives_states(void **state)
{
	struct fixture x;
	const struct frame *f;
	uint32_t s;

	fixture_init(&x);
	s = fixture_sock(&x, PROTO_TCP, STATE_SYN_RECV, "10.0.0.5:80", "10.0.0.7:50000");
	f = fixture_apply(&x, 0);
	uint64_t t0 = f->boot_ns;

	x.snap.socks.v[s].state = STATE_ESTABLISHED;
	x.snap.socks.v[s].inode = 77;
	f = fixture_apply(&x, 1);
	assert_int_equal(row_of(f, 1)->first_ns, t0);
	assert_int_equal(row_of(f, 1)->state_ns, t0 + NSEC_PER_SEC);
	f = fixture_apply(&x, 1);
	assert_int_equal(row_of(f, 1)->state_ns, t0 + NSEC_PER_SEC);
	x.snap.socks.v[s].state = STATE_TIME_WAIT;
	x.snap.socks.v[s].inode = 0;
	f = fixture_apply(&x, 1);
	assert_int_equal(row_of(f, 1)->first_ns, t0);
	assert_int_equal(row_of(f, 1)->state_ns, t0 + 3 * NSEC_PER_SEC);
	assert_int_equal(f->rows_n, 1);
	fixture_done(&x);
}

static void repeated_rows_are_one(void **state)
{
	struct fixture x;
	const struct frame *f;

	fixture_init(&x);
	for (int i = 0; i < 3; i++)
		fixture_sock(&x, PROTO_UDP, STATE_UNCONN, "10.0.0.5:53", NULL);
	x.snap.socks.v[2].cookie = x.snap.socks.v[0].cookie;
	x.snap.infos.v[1].rcvbuf = 4242;
	fixture_sock(&x, PROTO_UDP, STATE_UNCONN, "10.0.0.5:54", NULL);
	x.snap.infos.v[3].rcvbuf = 5454;
	f = fixture_apply(&x, 0);
	assert_int_equal(f->rows_n, 3);
	assert_int_equal(f->totals.socks, 3);
	assert_int_equal(f->totals.unconn_udp, 3);
	/* infos move along */
	assert_int_equal(frame_info(f, frame_row_by_cookie(f, 0, 2)).rcvbuf, 4242);
	assert_int_equal(frame_info(f, frame_row_by_cookie(f, 0, 4)).rcvbuf, 5454);
	f = fixture_apply(&x, 1);
	assert_int_equal(f->rows_n, 3);
	fixture_done(&x);
}

static void same_cookie_in_two_namespaces(void **state)
{
	struct fixture x;
	const struct frame *f;
	uint16_t db;

	fixture_init(&x);
	db = fixture_netns(&x, "db");
	fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:5432", NULL);
	fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:5432", NULL);
	x.snap.socks.v[1].cookie = 1;
	x.snap.socks.v[1].netns = db;
	f = fixture_apply(&x, 0);
	assert_int_equal(f->rows_n, 2);
	assert_int_equal(f->ports.n, 2);
	assert_int_not_equal(frame_row_by_cookie(f, 0, 1), frame_row_by_cookie(f, db, 1));
	fixture_done(&x);
}

/* The index of a namespace is the snapshot's business; its inode is what it is known by. */
static void namespaces_change_places(void **state)
{
	struct fixture x;
	const struct frame *f;
	struct snap_netns swap;
	uint64_t t0;

	fixture_init(&x);
	fixture_netns(&x, "db");
	fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:1", NULL);
	fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:2", NULL);
	x.snap.socks.v[1].netns = 1;
	f = fixture_apply(&x, 0);
	t0 = f->boot_ns;
	swap = x.snap.netns.v[0];
	x.snap.netns.v[0] = x.snap.netns.v[1];
	x.snap.netns.v[1] = swap;
	x.snap.socks.v[0].netns = 1;
	x.snap.socks.v[1].netns = 0;
	f = fixture_apply(&x, 1);
	assert_int_equal(f->rows_n, 2);
	assert_int_equal(frame_row(f, frame_row_by_cookie(f, 1, 1))->first_ns, t0);
	assert_int_equal(frame_row(f, frame_row_by_cookie(f, 0, 2))->first_ns, t0);
	assert_int_equal(frame_row(f, 0)->marks, MARK_START);
	assert_int_equal(f->ports.v[frame_port_by_key(f, 0, PROTO_TCP, 2)].first_ns, t0);
	fixture_done(&x);
}

static void namespace_ends(void **state)
{
	struct fixture x;
	const struct frame *f;
	const struct row *r = NULL;

	fixture_init(&x);
	fixture_netns(&x, "db");
	fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:1", NULL);
	x.snap.socks.v[0].netns = 1;
	fixture_apply(&x, 0);
	fixture_remove_sock(&x, 0);
	x.snap.netns.n = 1;
	f = fixture_apply(&x, 1);
	assert_int_equal(f->netns.n, 2); /* carried for its missed row */
	assert_string_equal(intern_get(f->names, f->netns.v[1].name), "db");
	assert_int_equal(frame_row(f, 0)->marks & MARK_MISSED, MARK_MISSED);
	f = fixture_apply(&x, 1);
	r = closed_row(f, 1);
	assert_non_null(r);
	assert_int_equal(frame_sock(f, 0)->netns, 1);
	fixture_apply(&x, 3);
	f = fixture_apply(&x, 1);
	assert_int_equal(f->rows_n, 0);
	assert_int_equal(f->netns.n, 1);
	fixture_done(&x);
}

static void one_miss_is_no_death(void **state)
{
	struct fixture x;
	const struct frame *f;
	struct sock kept;
	uint64_t t0;

	fixture_init(&x);
	fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:80", NULL);
	x.snap.infos.v[0].rcvbuf = 99;
	t0 = fixture_apply(&x, 0)->boot_ns;
	kept = x.snap.socks.v[0];
	fixture_remove_sock(&x, 0);
	fixture_sock(&x, PROTO_UDP, STATE_UNCONN, "*:53", NULL);

	f = fixture_apply(&x, 1);
	assert_int_equal(f->open_rows, 2);
	assert_true(row_of(f, 1)->marks & MARK_MISSED);
	assert_int_equal(f->totals.listening, 1); /* still there as far as we know */
	assert_int_equal(frame_info(f, frame_row_by_cookie(f, 0, 1)).rcvbuf, 99);
	assert_int_equal(f->ports.v[frame_port_by_key(f, 0, PROTO_TCP, 80)].marks & MARK_MISSED, MARK_MISSED);

	vec_push(&x.snap.socks, kept);
	memset(vec_add(&x.snap.infos), 0, sizeof(struct sock_info));
	memset(vec_add(&x.speeds), 0, sizeof(struct fixture_speed));
	f = fixture_apply(&x, 1);
	assert_int_equal(row_of(f, 1)->marks, MARK_START);
	assert_int_equal(row_of(f, 1)->first_ns, t0);
	assert_int_equal(f->rows_n, 2);
	assert_null(closed_row(f, 1));
	fixture_done(&x);
}

static void second_miss_closes_for_3_seconds(void **state)
{
	struct fixture x;
	const struct frame *f;
	const struct row *r;
	uint64_t closed;
	uint32_t tw;

	fixture_init(&x);
	fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:80", NULL);
	tw = fixture_sock(&x, PROTO_TCP, STATE_TIME_WAIT, "10.0.0.5:80", "10.0.0.7:4000");
	fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:81", NULL);
	fixture_apply(&x, 0);
	fixture_remove_sock(&x, tw);
	f = fixture_apply(&x, 1);
	assert_true(row_of(f, 2)->marks & MARK_MISSED); /* mini sockets too */
	f = fixture_apply(&x, 1);
	closed = f->boot_ns;
	r = closed_row(f, 2);
	assert_non_null(r);
	assert_null(row_of(f, 2));
	assert_int_equal(r->marks, MARK_CLOSED | MARK_START);
	assert_int_equal(r->closed_ns, closed);
	assert_ptr_equal(r, frame_row(f, 2)); /* at the end of the array */
	assert_int_equal(f->open_rows, 2);
	assert_int_equal(f->totals.socks, 2);
	assert_int_equal(f->totals.states[STATE_TIME_WAIT], 0);
	assert_int_equal(f->tally.ports.v[frame_port_of(f, 2)].states[STATE_TIME_WAIT], 0);
	assert_true(f->tally.ports.v[frame_port_of(f, 2)].any_closed);
	f = fixture_apply(&x, 2.9);
	assert_int_equal(closed_row(f, 2)->closed_ns, closed);
	f = fixture_apply(&x, 0.2);
	assert_null(closed_row(f, 2));
	assert_int_equal(f->rows_n, 2);
	fixture_done(&x);
}

static void back_from_the_dead(void **state)
{
	struct fixture x;
	const struct frame *f;
	struct sock kept;
	uint64_t t0;

	fixture_init(&x);
	fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:80", NULL);
	t0 = fixture_apply(&x, 0)->boot_ns;
	kept = x.snap.socks.v[0];
	fixture_remove_sock(&x, 0);
	fixture_apply(&x, 1);
	f = fixture_apply(&x, 1);
	assert_non_null(closed_row(f, 1));
	vec_push(&x.snap.socks, kept);
	memset(vec_add(&x.snap.infos), 0, sizeof(struct sock_info));
	memset(vec_add(&x.speeds), 0, sizeof(struct fixture_speed));
	f = fixture_apply(&x, 1);
	assert_int_equal(f->rows_n, 1); /* not open and closed at once */
	assert_int_equal(row_of(f, 1)->first_ns, t0);
	assert_int_equal(row_of(f, 1)->marks, MARK_START);
	fixture_done(&x);
}

/* What is no longer asked for has not closed; what is newly asked for is not new. */
static void want_narrows_and_widens(void **state)
{
	struct fixture x;
	const struct frame *f;
	struct sock estab, udp;
	struct snap_proc dns;
	uint32_t all;

	fixture_init(&x);
	fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:80", NULL);
	fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:80", "10.0.0.7:4000");
	fixture_sock(&x, PROTO_UDP, STATE_UNCONN, "*:53", NULL);
	fixture_proc(&x, 80, 1, 0, "web", "");
	fixture_proc(&x, 53, 1, 0, "dns", "");
	fixture_fd(&x, 0, 80, 3);
	fixture_fd(&x, 2, 53, 3);
	fixture_apply(&x, 0);
	estab = x.snap.socks.v[1];
	udp = x.snap.socks.v[2];
	all = x.snap.want.states;
	fixture_remove_sock(&x, 2);
	fixture_remove_sock(&x, 1);
	x.snap.want.states = STATE_BIT(STATE_LISTENING);
	x.snap.want.protos = 1u << PROTO_TCP;
	dns = x.snap.procs.v[1];
	x.snap.procs.n = 1; /* of what is not asked for, no process is looked for */
	for (int i = 0; i < 3; i++) {
		f = fixture_apply(&x, 1);
		assert_int_equal(f->rows_n, 1);
		assert_int_equal(f->ports.n, 1);
		assert_int_equal(f->procs.n, 1);
	}
	x.snap.want.states = all;
	x.snap.want.protos |= 1u << PROTO_UDP;
	estab.rx_bytes = 5000000;
	vec_push(&x.snap.socks, estab);
	vec_push(&x.snap.socks, udp);
	vec_push(&x.snap.procs, dns);
	for (int i = 0; i < 2; i++) {
		memset(vec_add(&x.snap.infos), 0, sizeof(struct sock_info));
		memset(vec_add(&x.speeds), 0, sizeof(struct fixture_speed));
	}
	f = fixture_apply(&x, 1);
	assert_int_equal(row_of(f, 2)->marks, MARK_START);
	assert_int_equal(row_of(f, 3)->marks, MARK_START);
	assert_int_equal(f->procs.v[frame_proc_by_key(f, 53, 5300)].marks, MARK_START);
	assert_int_equal(f->procs.v[frame_proc_by_key(f, 80, 8000)].marks, MARK_START);
	assert_true(isnan(row_of(f, 2)->rx_rate)); /* not 5 MB in a second */
	assert_int_equal(row_of(f, 1)->first_ns, x.boot_ns - 4 * NSEC_PER_SEC);
	fixture_done(&x);
}

static void rates(void **state)
{
	struct fixture x;
	const struct frame *f;
	uint32_t a, b, listener, udp, tw;

	fixture_init(&x);
	a = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:80", "10.0.0.7:1");
	listener = fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:80", NULL);
	udp = fixture_sock(&x, PROTO_UDP, STATE_UNCONN, "*:80", NULL);
	tw = fixture_sock(&x, PROTO_TCP, STATE_TIME_WAIT, "10.0.0.5:80", "10.0.0.7:2");
	fixture_rate(&x, a, 1000, 500);
	f = fixture_apply(&x, 0);
	assert_true(isnan(frame_row(f, a)->rx_rate));
	assert_true(isnan(frame_row(f, listener)->rx_rate));
	assert_float_equal(frame_row(f, a)->rate_mean, 0, 0);
	assert_true(isnan(f->totals.rx_rate));
	assert_true(isnan(f->tally.ports.v[0].rx_rate));

	f = fixture_apply(&x, 2);
	assert_float_equal(frame_row(f, a)->rx_rate, 1000, 0.01);
	assert_float_equal(frame_row(f, a)->tx_rate, 500, 0.01);
	assert_float_equal(frame_row(f, a)->rate_mean, 1500, 0.01);
	assert_float_equal(frame_row(f, listener)->rx_rate, 0, 0); /* a listener moves nothing */
	assert_true(isnan(frame_row(f, udp)->rx_rate));
	assert_true(isnan(frame_row(f, tw)->rx_rate));
	assert_float_equal(f->totals.rx_rate, 1000, 0.01);

	/* new since a complete look: counts from 0 */
	b = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:80", "10.0.0.7:3");
	x.snap.socks.v[b].rx_bytes = 300;
	f = fixture_apply(&x, 1);
	assert_float_equal(frame_row(f, b)->rx_rate, 300, 0.01);
	assert_float_equal(f->totals.rx_rate, 1300, 0.01);

	/* a decrease restarts */
	x.snap.socks.v[b].rx_bytes = 70;
	f = fixture_apply(&x, 1);
	assert_float_equal(frame_row(f, b)->rx_rate, 70, 0.01);
	fixture_done(&x);
}

static void mean_of_three(void **state)
{
	struct fixture x;
	const struct frame *f;
	static const double rx[] = {0, 300, 600, 0, 0};
	static const double mean[] = {0, 300, 450, 300, 200};

	fixture_init(&x);
	fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:80", "10.0.0.7:1");
	for (int i = 0; i < 5; i++) {
		fixture_rate(&x, 0, rx[i], 0);
		f = fixture_apply(&x, 1);
		assert_float_equal(frame_row(f, 0)->rate_mean, mean[i], 0.01);
	}
	fixture_done(&x);
}

static void gaps(void **state)
{
	struct fixture x;
	const struct frame *f;

	fixture_init(&x);
	fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:80", "10.0.0.7:1");
	fixture_rate(&x, 0, 1000, 0);
	fixture_apply(&x, 0);
	f = fixture_apply(&x, 3); /* just not */
	assert_float_equal(frame_row(f, 0)->rx_rate, 1000, 0.01);
	f = fixture_apply(&x, 3.1);
	assert_true(isnan(frame_row(f, 0)->rx_rate));
	f = fixture_apply(&x, 1);
	assert_float_equal(frame_row(f, 0)->rx_rate, 1000, 0.01);
	f = fixture_apply(&x, 0); /* no time passed */
	assert_true(isnan(frame_row(f, 0)->rx_rate));
	fixture_done(&x);
}

/* The bytes of a missed look are not lost: the next rate is over the whole time. */
static void rate_over_a_miss(void **state)
{
	struct fixture x;
	const struct frame *f;
	struct sock kept;

	fixture_init(&x);
	fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:80", "10.0.0.7:1");
	fixture_rate(&x, 0, 1000, 0);
	fixture_apply(&x, 0);
	fixture_apply(&x, 1);
	kept = x.snap.socks.v[0];
	fixture_remove_sock(&x, 0);
	fixture_apply(&x, 1);
	kept.rx_bytes += 4000;
	vec_push(&x.snap.socks, kept);
	memset(vec_add(&x.snap.infos), 0, sizeof(struct sock_info));
	memset(vec_add(&x.speeds), 0, sizeof(struct fixture_speed));
	f = fixture_apply(&x, 1);
	assert_float_equal(frame_row(f, 0)->rx_rate, 2000, 0.01);
	fixture_done(&x);
}

/* Counters asked for later than the socket itself. */
static void info_comes_late(void **state)
{
	struct fixture x;
	const struct frame *f;

	fixture_init(&x);
	fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:80", "10.0.0.7:1");
	x.snap.want.attrs &= ~(uint32_t)WANT_INFO;
	x.snap.socks.v[0].flags &= (uint16_t)~SOCK_HAS_INFO;
	fixture_apply(&x, 0);
	f = fixture_apply(&x, 1);
	assert_true(isnan(frame_row(f, 0)->rx_rate));
	x.snap.want.attrs |= WANT_INFO;
	x.snap.socks.v[0].flags |= SOCK_HAS_INFO;
	x.snap.socks.v[0].rx_bytes = 1 << 20;
	f = fixture_apply(&x, 1);
	assert_true(isnan(frame_row(f, 0)->rx_rate));
	f = fixture_apply(&x, 1);
	assert_float_equal(frame_row(f, 0)->rx_rate, 0, 0);
	fixture_done(&x);
}

static void rubbish_is_left_out(void **state)
{
	struct fixture x;
	const struct frame *f;

	fixture_init(&x);
	for (int i = 0; i < 6; i++)
		fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:80", NULL);
	x.snap.socks.v[0].netns = 9;
	x.snap.socks.v[1].proto = 200;
	x.snap.socks.v[2].state = 77;
	x.snap.socks.v[3].state = 0;
	x.snap.socks.v[4].family = 99;
	fixture_proc(&x, 5, 1, 0, "p", "");
	fixture_fd(&x, 5, 5, 3);
	x.snap.fds.v[0].proc = 1000; /* points nowhere */
	f = fixture_apply(&x, 0);
	assert_int_equal(f->rows_n, 1);
	assert_int_equal(frame_sock(f, 0)->cookie, 6);
	assert_int_equal(frame_row(f, 0)->owner_n, 0);
	fixture_done(&x);
}

static void nothing_at_all(void **state)
{
	struct fixture x;
	const struct frame *f;

	fixture_init(&x);
	x.snap.netns.n = 0;
	for (int i = 0; i < 3; i++) {
		f = fixture_apply(&x, 1);
		assert_int_equal(f->rows_n + f->ports.n + f->procs.n + f->users.n, 0);
		assert_true(isnan(f->totals.rx_rate));
		assert_int_equal(frame_row_by_cookie(f, 0, 1), NONE);
		assert_int_equal(frame_port_by_key(f, 0, PROTO_TCP, 80), NONE);
		assert_int_equal(frame_proc_by_key(f, 1, 1), NONE);
		assert_int_equal(frame_info(f, 0).rtt_us, 0);
		assert_null(frame_user(f, 0));
	}
	fixture_done(&x);
	world_free(NULL);
	frame_done(NULL);
	snapshot_done(NULL);
}

/* Sockets of a snapshot without infos (nobody asked for attributes). */
static void without_infos(void **state)
{
	struct fixture x;
	const struct frame *f;

	fixture_init(&x);
	fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:80", NULL);
	fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:81", NULL);
	x.snap.infos.v[0].rcvbuf = x.snap.infos.v[1].rcvbuf = 4242;
	f = fixture_apply(&x, 0);
	assert_int_equal(frame_info(f, 1).rcvbuf, 4242);
	x.snap.infos.n = 0;
	x.snap.socks.n = 1;
	f = fixture_apply(&x, 1);
	assert_int_equal(f->rows_n, 2);
	assert_int_equal(frame_info(f, 0).rcvbuf, 0);
	assert_int_equal(frame_info(f, 1).rcvbuf, 0);
	x.snap.infos.n = 1;
	f = fixture_apply(&x, 1);
	assert_int_equal(frame_info(f, 0).rcvbuf, 4242);
	fixture_done(&x);
}

static void limits_and_look_ups(void **state)
{
	struct fixture x;
	const struct frame *f;
	struct snap_proc *p;

	fixture_init(&x);
	snapshot_limit(&x.snap, "a-word-that-is-much-too-long-for-it", "not-supported", "%s %d", "text", 7);
	p = fixture_proc(&x, 30, 1, 1000, "sh", "");
	p->start = 1234567;
	fixture_user(&x, 1000, "deploy");
	f = fixture_apply(&x, 0);
	assert_int_equal(f->limits.n, 1);
	assert_int_equal(strlen(f->limits.v[0].what), sizeof(f->limits.v[0].what) - 1);
	assert_string_equal(f->limits.v[0].text, "text 7");
	assert_string_equal(frame_user(f, 1000), "deploy");
	assert_null(frame_user(f, 1001));
	/* 12345.67 s after boot, which was 100,000 s before 14:02:31 */
	assert_int_equal(frame_proc_start_wall(f, 0),
			 (UINT64_C(1795356151) - 100000) * NSEC_PER_SEC + UINT64_C(12345670000000));
	assert_float_equal(frame_age_s(f, f->boot_ns - NSEC_PER_SEC / 2), 0.5, 1e-9);
	assert_float_equal(frame_age_s(f, f->boot_ns + 5), 0, 0);
	fixture_done(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_look_and_news),
		cmocka_unit_test(cookie_survives_states),
		cmocka_unit_test(repeated_rows_are_one),
		cmocka_unit_test(same_cookie_in_two_namespaces),
		cmocka_unit_test(namespaces_change_places),
		cmocka_unit_test(namespace_ends),
		cmocka_unit_test(one_miss_is_no_death),
		cmocka_unit_test(second_miss_closes_for_3_seconds),
		cmocka_unit_test(back_from_the_dead),
		cmocka_unit_test(want_narrows_and_widens),
		cmocka_unit_test(rates),
		cmocka_unit_test(mean_of_three),
		cmocka_unit_test(gaps),
		cmocka_unit_test(rate_over_a_miss),
		cmocka_unit_test(info_comes_late),
		cmocka_unit_test(rubbish_is_left_out),
		cmocka_unit_test(nothing_at_all),
		cmocka_unit_test(without_infos),
		cmocka_unit_test(limits_and_look_ups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
