/* Namespaces whose connections were read in an earlier look: nothing may be made up for the time since. */
#include "fixture.h"
#include "sockeye/model/frame.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A connection in a namespace of its own, at 1000 bytes/s. */
static uint32_t start(struct fixture *x)
{
	uint32_t sock;

	fixture_init(x);
	fixture_netns(x, "db");
	sock = fixture_sock(x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:80", "10.0.0.7:1");
	x->snap.socks.v[sock].netns = 1;
	fixture_rate(x, sock, 1000, 0);
	return sock;
}

static void rates_stand_until_read_again(void **state)
{
	struct fixture x;
	const struct frame *f;
	uint64_t t1;

	start(&x);
	fixture_apply(&x, 0);
	f = fixture_apply(&x, 1);
	t1 = f->boot_ns;
	assert_float_equal(frame_row(f, 0)->rx_rate, 1000, 0.01);
	/* two looks show that reading again, as the source does: the same counters */
	fixture_rate(&x, 0, 0, 0);
	x.snap.netns.v[1].as_of_ns = t1;
	for (int i = 0; i < 2; i++) {
		f = fixture_apply(&x, 1);
		assert_float_equal(frame_row(f, 0)->rx_rate, 1000, 0.01);
		assert_float_equal(frame_row(f, 0)->rate_mean, 1000, 0.01);
		assert_int_equal(frame_row(f, 0)->marks, MARK_START);
	}
	/* its turn: what came in three seconds is no burst of one */
	x.snap.netns.v[1].as_of_ns = 0;
	fixture_rate(&x, 0, 3000, 0);
	f = fixture_apply(&x, 1);
	assert_float_equal(frame_row(f, 0)->rx_rate, 1000, 0.01);
	fixture_rate(&x, 0, 500, 0);
	f = fixture_apply(&x, 1);
	assert_float_equal(frame_row(f, 0)->rx_rate, 500, 0.01);
	fixture_done(&x);
}

static void not_read_yet_is_not_new(void **state)
{
	struct fixture x;
	const struct frame *f;
	uint32_t late;

	start(&x);
	x.snap.netns.v[1].unread = true;
	fixture_apply(&x, 0);
	x.snap.netns.v[1].unread = false;
	late = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:80", "10.0.0.7:2");
	x.snap.socks.v[late].netns = 1;
	f = fixture_apply(&x, 1);
	assert_int_equal(frame_row(f, late)->marks, MARK_START); /* it can have been there for long */
	late = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:80", "10.0.0.7:3");
	x.snap.socks.v[late].netns = 1;
	f = fixture_apply(&x, 1);
	assert_int_equal(frame_row(f, late)->marks, MARK_NEW);
	fixture_done(&x);
}

/* New since a reading three seconds ago: counted from then. */
static void new_since_an_old_reading(void **state)
{
	struct fixture x;
	const struct frame *f;
	uint64_t t1;
	uint32_t late;

	start(&x);
	fixture_apply(&x, 0);
	f = fixture_apply(&x, 1);
	t1 = f->boot_ns;
	fixture_rate(&x, 0, 0, 0);
	x.snap.netns.v[1].as_of_ns = t1;
	fixture_apply(&x, 1);
	fixture_apply(&x, 1);
	x.snap.netns.v[1].as_of_ns = 0;
	late = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:80", "10.0.0.7:3");
	x.snap.socks.v[late].netns = 1;
	x.snap.socks.v[late].rx_bytes = 6000;
	f = fixture_apply(&x, 1);
	assert_float_equal(frame_row(f, late)->rx_rate, 2000, 0.01);
	fixture_done(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rates_stand_until_read_again),
		cmocka_unit_test(not_read_yet_is_not_new),
		cmocka_unit_test(new_since_an_old_reading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
