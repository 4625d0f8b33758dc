/* The invented host that the screens are drawn from: if it changes, so do the pictures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fixture.h"
#include <stdlib.h>
#include <string.h>

static void numbers(void **state)
{
	struct fixture x;
	const struct frame *f;
	const struct port *p;
	uint32_t shown = 0;

	fixture_init(&x);
	fixture_web1(&x, false);
	f = fixture_apply(&x, 1);
	assert_int_equal(f->boot_ns, UINT64_C(100000000000000));
	assert_int_equal(f->totals.listening, 21);
	assert_int_equal(f->totals.bound, 1);
	assert_int_equal(f->totals.unconn_udp, 9);
	assert_int_equal(f->totals.states[STATE_ESTABLISHED], 1573);
	assert_int_equal(f->totals.states[STATE_CLOSE_WAIT], 7);
	assert_int_equal(f->totals.states[STATE_TIME_WAIT], 312);
	assert_true(f->totals.socks <= 2000);
	assert_true(f->totals.rx_rate > 5.05e6f && f->totals.rx_rate < 5.15e6f);
	assert_true(f->totals.tx_rate > 13.5e6f && f->totals.tx_rate < 14.5e6f);
	for (size_t i = 0; i < f->open_ports; i++)
		shown += !(f->ports.v[i].flags & PORT_CLIENT);
	assert_int_equal(shown, 22);
	p = &f->ports.v[frame_port_by_key(f, 0, PROTO_TCP, 443)];
	assert_int_equal(p->backlog, 512);
	assert_int_equal(p->backlog_max, 511);
	assert_int_equal(p->drops, 1847);
	assert_float_equal(p->drop_rate, 12, 0.01);
	assert_int_equal(p->holder_n, 5);
	assert_int_equal(f->tally.ports.v[p - f->ports.v].conns, 988);
	p = &f->ports.v[frame_port_by_key(f, 1, PROTO_TCP, 5432)];
	assert_string_equal(intern_get(f->names, p->unit), "docker:4f2a9c0d1e8b");
	assert_int_equal(p->holder_n, 44);
	p = &f->ports.v[frame_port_by_key(f, 0, PROTO_TCP, 8081)];
	assert_int_equal(p->marks, MARK_NEW);
	assert_int_equal(p->flags, PORT_BOUND_ONLY);
	assert_int_equal(f->rows_n - f->open_rows, 1);
	assert_int_equal(frame_sock(f, f->open_rows)->rport, 33022);
	assert_int_equal(f->findings.n, 5);
	assert_string_equal(frame_user(f, 1000), "deploy");
	fixture_done(&x);
}

static void hostile(void **state)
{
	struct fixture x;
	const struct frame *f;

	fixture_init(&x);
	fixture_web1(&x, true);
	f = fixture_apply(&x, 1);
	for (uint32_t port = 16661; port < 16668; port++)
		assert_int_not_equal(frame_port_by_key(f, 0, PROTO_TCP, port), NONE);
	fixture_done(&x);
}

static void many(void **state)
{
	struct fixture x;
	const struct frame *f;

	fixture_init(&x);
	fixture_many(&x, 3000, 7);
	fixture_apply(&x, 0);
	f = fixture_apply(&x, 1);
	assert_int_equal(f->totals.states[STATE_ESTABLISHED], 3000);
	for (uint32_t i = 1; i < f->rows_n; i++) {
		assert_int_equal(frame_row(f, i)->owner_n, 1);
		assert_int_not_equal(frame_row(f, i)->peer, NONE);
		assert_int_equal(frame_row(f, i)->dir, frame_sock(f, i)->lport == 9000 ? DIR_IN : DIR_OUT);
	}
	fixture_done(&x);
	fixture_init(&x);
	fixture_many(&x, 0, 0);
	f = fixture_apply(&x, 0);
	assert_int_equal(f->rows_n, 1);
	fixture_done(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(hostile),
		cmocka_unit_test(many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
