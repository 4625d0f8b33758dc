/* What a kill or a close of very many rows would do is worked out between the keys, and comes to the same as at once. */
#include "crowd.h"
#include "sockeye/model/close.h"
#include <stdio.h>

/* One group of as many as there are: all that are established. */
static void all_in_one(struct desk *d)
{
	struct table *t = screen_table(ui_top(d->u));

	t->group_by = GROUP_STATE;
	ui_update_top(d->u);
	work(d);
	for (size_t i = 0; i < t->order.n; i++)
		if (table_head(t, i) && table_head(t, i)->n >= MANY)
			table_goto(t, i, (uint32_t)d->u->env.table_h);
	assert_non_null(table_head(t, t->cursor));
	assert_in_range(table_head(t, t->cursor)->n, MANY, MANY + 2000);
}

static void test_group(void **state)
{
	struct desk a, b;
	unsigned turns;

	crowd_init(&a, true);
	crowd_init(&b, false);
	all_in_one(&a);
	all_in_one(&b);
	press(&b, "K");
	assert_int_equal(b.opened, 1);
	assert_int_equal(b.plan.targets.n, 64);
	assert_true(b.plan.drops_in + b.plan.drops_out >= MANY);
	assert_true(b.plan.unowned.n > 0);

	press(&a, "K");
	assert_true(ui_working(a.u) && ui_paused(a.u));
	assert_int_equal(a.opened, 0);
	assert_true(on_screen(&a, "working out whom this hits"));
	press(&a, "Enter"); /* meant for what is not there yet */
	press(&a, "y");
	turns = work(&a);
	/* Rows are picked, asked for, held, near, and gone through for what ends: a few steps each, whatever their number. */
	assert_in_range(turns, 4 * MANY / 256, 9 * MANY / 256);
	assert_int_equal(a.opened, 1);
	assert_int_equal(a.sent, 0);
	assert_int_equal(a.u->waiting.n, 0);
	assert_false(ui_paused(a.u));
	assert_true(ui_discard_input(a.u));
	same_screen(&a, &b);
	assert_int_equal(a.plan.targets.n, b.plan.targets.n);
	for (size_t i = 0; i < a.plan.targets.n; i++) {
		assert_int_equal(a.plan.targets.v[i].pid, b.plan.targets.v[i].pid);
		assert_int_equal(a.plan.targets.v[i].proofs.n, b.plan.targets.v[i].proofs.n);
	}
	desk_done(&a);
	desk_done(&b);
}

static struct close_plan begun; /* what the host was last given */

static void host_begin(void *data, struct close_plan *plan)
{
	close_plan_done(&begun);
	begun = *plan;
	*plan = (struct close_plan){0};
}

static void test_close(void **state)
{
	struct close_plan at_once;
	struct desk a, b;
	unsigned turns;

	crowd_init(&a, true);
	crowd_init(&b, false);
	a.host.close_begin = b.host.close_begin = host_begin;
	all_in_one(&a);
	all_in_one(&b);
	press(&b, "x");
	press(&b, "Enter");
	at_once = begun;
	begun = (struct close_plan){0};
	assert_true(at_once.items.n >= MANY / 2); /* a connection is closed by one of its ends */

	press(&a, "x");
	assert_true(ui_working(a.u) && ui_paused(a.u));
	assert_true(on_screen(&a, "working out what this closes"));
	press(&a, "Enter");
	turns = work(&a);
	assert_in_range(turns, 2 * MANY / 128, 4 * MANY / 128);
	assert_int_equal(begun.items.n, 0);
	assert_int_equal(a.u->waiting.n, 0);
	assert_true(ui_discard_input(a.u));
	assert_true(on_screen(&a, "Enter close"));
	assert_true(on_screen(&a, "Close 3,") || on_screen(&a, "Close 4,")); /* in full, with commas */
	press(&a, "Enter");
	assert_int_equal(begun.items.n, at_once.items.n);
	for (size_t i = 0; i < begun.items.n; i++)
		assert_string_equal(begun.items.v[i].what, at_once.items.v[i].what);
	same_screen(&a, &b);
	close_plan_done(&begun);
	close_plan_done(&at_once);
	desk_done(&a);
	desk_done(&b);
}

/* There is nothing to ask about: the question goes away by itself, with the reason. */
static void test_close_nothing(void **state)
{
	struct desk d;

	crowd_init(&d, true);
	d.host.close_begin = host_begin;
	for (int i = 0; i < 1500; i++)
		fixture_sock(&d.x, PROTO_UDP, STATE_UNCONN, "127.0.0.1:99", NULL);
	frame(&d);
	work(&d);
	press(&d, "/");
	type(&d, "proto=udp port=99");
	press(&d, "Enter");
	press(&d, "l"); /* those without a peer, too */
	work(&d);
	screen_table(ui_top(d.u))->group_by = GROUP_STATE;
	ui_update_top(d.u);
	work(&d);
	press(&d, "g");
	work(&d);
	assert_int_equal(table_head(screen_table(ui_top(d.u)), 0)->n, 1500);
	press(&d, "x");
	assert_non_null(d.u->dialog);
	work(&d);
	assert_null(d.u->dialog);
	assert_false(ui_paused(d.u));
	assert_non_null(strstr(d.u->message, "has no peer: closing it would not free the port"));
	desk_done(&d);
}

/* Esc does not wait for it, and nothing was opened that would have to be closed. */
static void test_left(void **state)
{
	struct desk d;

	crowd_init(&d, true);
	all_in_one(&d);
	press(&d, "K");
	assert_true(ui_working(d.u));
	press(&d, "Esc");
	assert_null(d.u->dialog);
	work(&d);
	assert_int_equal(d.opened, 0);
	assert_int_equal(d.closed, 0);
	assert_false(ui_paused(d.u));
	desk_done(&d);
}

/* Another frame came although: it is worked out of that one. */
static void test_frame_between(void **state)
{
	struct desk a, b;
	uint32_t drops;

	crowd_init(&a, true);
	crowd_init(&b, false);
	all_in_one(&a);
	all_in_one(&b);
	press(&b, "K");
	drops = b.plan.drops_in + b.plan.drops_out;
	press(&a, "K");
	assert_true(ui_working(a.u));
	fixture_remove_sock(&a.x, a.x.snap.socks.n - 1);
	frame(&a);
	frame(&a); /* what is missing once is not gone yet */
	work(&a);
	assert_int_equal(a.opened, 1);
	assert_int_equal(a.plan.drops_in + a.plan.drops_out, drops - 1);
	desk_done(&a);
	desk_done(&b);
}

/* Over a page, too, the dialog learns what a later look found. */
static void test_over_a_page(void **state)
{
	struct desk d;
	uint32_t s;

	desk_init(&d, (struct ui_opts){.view = VIEW_PORTS});
	fixture_proc(&d.x, 700, 1, 0, "seven", "");
	s = fixture_sock(&d.x, PROTO_TCP, STATE_LISTENING, "*:7777", NULL);
	d.x.snap.owners_complete = false;
	press(&d, "/");
	type(&d, "port=7777");
	press(&d, "Enter");
	frame(&d);
	press(&d, "Enter");
	assert_int_equal(d.u->stack_n, 1);
	press(&d, "K");
	assert_int_equal(d.opened, 1);
	assert_int_equal(d.plan.targets.n, 0);
	fixture_fd(&d.x, s, 700, 3);
	d.x.snap.owners_complete = true;
	frame(&d);
	assert_int_equal(d.opened, 2);
	assert_int_equal(d.plan.targets.n, 1);
	assert_int_equal(d.plan.targets.v[0].pid, 700);
	desk_done(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_group),         cmocka_unit_test(test_close),
		cmocka_unit_test(test_close_nothing), cmocka_unit_test(test_left),
		cmocka_unit_test(test_frame_between), cmocka_unit_test(test_over_a_page),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
