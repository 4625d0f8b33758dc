/* What was asked for and is not there yet: the screen says so or stays as it is, keys that mean it wait in turn, and in
 * the end all is as if it had been there at once. */
#include "crowd.h"
#include <stdio.h>

static void both(struct desk *a, struct desk *b, const char *key)
{
	press(a, key);
	press(b, key);
}

/* Another order, another filter: the rows so far stay, and the status says that they are not it. */
static void test_status(void **state)
{
	static const char *const keys[] = {"r", "<", "<", "l", "t"};
	struct desk a, b;
	struct ident before, now;

	(void)state;
	crowd_init(&a, true);
	crowd_init(&b, false);
	for (unsigned i = 0; i < ARRAY_LEN(keys); i++) {
		before = at_cursor(&a);
		both(&a, &b, keys[i]);
		assert_true(ui_working(a.u));
		assert_true(on_screen(&a, i < 3 ? "sorting…" : "filtering…"));
		now = at_cursor(&a);
		assert_memory_equal(&now, &before, sizeof(now));
		assert_false(on_screen(&b, "ing…"));
		assert_true(work(&a) > 5);
		same_screen(&a, &b);
	}
	both(&a, &b, "/");
	type(&a, "nginx :80");
	type(&b, "nginx :80");
	assert_true(on_screen(&a, "filtering…"));
	work(&a);
	same_screen(&a, &b);
	desk_done(&a);
	desk_done(&b);
}

/* A view that shows nothing yet: for a moment the screen of before stays, and keys wait. */
static void test_first_time(void **state)
{
	struct desk a, b;

	(void)state;
	crowd_init(&a, true);
	crowd_init(&b, false);
	both(&a, &b, "1");
	work(&a);
	frame(&a); /* now what Connections shows is of an older frame */
	frame(&b);
	work(&a);
	both(&a, &b, "2");
	assert_true(ui_working(a.u));
	assert_false(ui_draws(a.u));
	assert_true(on_screen(&a, "Looking…")); /* what would be drawn */
	ui_tick(a.u, a.now + S / 100);
	assert_false(ui_draws(a.u));
	ui_tick(a.u, a.now + S / 10); /* it takes long: that is said */
	assert_true(ui_draws(a.u));
	both(&a, &b, "j");
	both(&a, &b, "j");
	both(&a, &b, "r");
	assert_int_equal(a.u->waiting.n, 3);
	ui_resize(a.u, 100, 30); /* asks nothing of the rows */
	ui_resize(a.u, 80, 24);
	work(&a);
	assert_int_equal(a.u->waiting.n, 0);
	assert_true(ui_draws(a.u));
	assert_int_equal(screen_table(ui_top(a.u))->cursor, screen_table(ui_top(b.u))->cursor);
	assert_int_equal(at_cursor(&a).b, at_cursor(&b).b);
	ui_tick(b.u, b.now + S / 10);
	same_screen(&a, &b);
	/* From a page back, after frames that the table did not see. */
	both(&a, &b, "Enter");
	work(&a);
	frame(&a);
	frame(&a);
	frame(&b);
	frame(&b);
	both(&a, &b, "Esc");
	both(&a, &b, "k");
	assert_int_equal(a.u->waiting.n, 1);
	work(&a);
	assert_int_equal(at_cursor(&a).b, at_cursor(&b).b);
	same_screen(&a, &b);
	desk_done(&a);
	desk_done(&b);
}

/* Leaving needs nothing that is on its way. */
static void test_quit_at_once(void **state)
{
	struct key ctrl_c = {.code = 3};
	struct desk d;

	(void)state;
	crowd_init(&d, true);
	press(&d, "1");
	press(&d, "2");
	press(&d, "j");
	assert_true(d.u->waiting.n > 0);
	ui_key(d.u, &ctrl_c, d.now);
	assert_int_equal(d.quits, 1);
	desk_done(&d); /* with all of it on its way */
}

/* A key that acts or moves amid a change of order: on the row and in the order that were asked for. */
static void test_keys_amid_sorting(void **state)
{
	static const char *const keys[] = {"<", "G", "k", "r", "Space", "Enter"};
	struct desk a, b;

	(void)state;
	crowd_init(&a, true);
	crowd_init(&b, false);
	for (unsigned i = 0; i < ARRAY_LEN(keys); i++)
		both(&a, &b, keys[i]);
	assert_true(a.u->waiting.n >= 3);
	assert_int_equal(a.u->stack_n, 0);
	assert_int_equal(b.u->stack_n, 1);
	work(&a);
	assert_int_equal(a.u->stack_n, 1);
	same_screen(&a, &b);
	both(&a, &b, "Esc");
	work(&a);
	assert_int_equal(screen_table(ui_top(a.u))->tags.n, 1);
	assert_true(on_screen(&a, "1 tagged"));
	same_screen(&a, &b);
	desk_done(&a);
	desk_done(&b);
}

/* What the prompt counts is there when it is counted, and Tab waits for it. */
static void test_completion(void **state)
{
	struct desk a, b;

	(void)state;
	crowd_init(&a, true);
	crowd_init(&b, false);
	both(&a, &b, "/");
	type(&a, "process=");
	type(&b, "process=");
	assert_true(on_screen(&b, "redis-server"));
	both(&a, &b, "Tab");
	type(&a, " ");
	type(&b, " ");
	assert_int_equal(a.u->waiting.n, 2);
	work(&a);
	same_screen(&a, &b);
	assert_true(on_screen(&a, "process=nginx"));
	type(&a, "raddr=");
	type(&b, "raddr=");
	assert_true(ui_working(a.u));
	frame(&a); /* amid counting: that goes on about the frame before, which lives as long as it does */
	frame(&b);
	work(&a);
	same_screen(&a, &b);
	type(&a, "1");
	press(&a, "Esc"); /* closed while it counts */
	type(&b, "1");
	press(&b, "Esc");
	work(&a);
	same_screen(&a, &b);
	desk_done(&a);
	desk_done(&b);
}

/* What is nearest to a word that finds nothing comes a moment later than that it finds nothing. */
static void test_nearest(void **state)
{
	struct desk a, b;

	(void)state;
	crowd_init(&a, true);
	crowd_init(&b, false);
	both(&a, &b, "/");
	type(&a, "process=ngimx");
	type(&b, "process=ngimx");
	both(&a, &b, "Enter");
	assert_true(on_screen(&b, "nearest: nginx"));
	assert_false(on_screen(&a, "nearest"));
	for (int i = 0; i < 100 && !on_screen(&a, "No row matches"); i++) { /* as the main loop does it */
		work(&a);
		ui_draw(a.u, &a.c);
	}
	work(&a);
	same_screen(&a, &b);
	desk_done(&a);
	desk_done(&b);
}

static int host_copy(void *data, const char *text, size_t n)
{
	++((struct desk *)data)->sent;
	assert_true(n < 1000);
	return 0;
}

/* All rows of a group, tagged or under the cursor: more than a terminal takes is not made, let alone sent. */
static void test_copy(void **state)
{
	struct desk d;

	(void)state;
	crowd_init(&d, false);
	d.host.copy = host_copy;
	press(&d, "y");
	assert_int_equal(d.sent, 1);
	screen_table(ui_top(d.u))->group_by = GROUP_STATE;
	ui_update_top(d.u);
	assert_true(screen_table(ui_top(d.u))->groups.v[screen_table(ui_top(d.u))->heads.v[0]].n > 5000);
	press(&d, "y");
	assert_int_equal(d.sent, 1);
	assert_non_null(strstr(d.u->message, "too much for the clipboard"));
	press(&d, "Space");
	press(&d, "G");
	press(&d, "Space");
	press(&d, "y");
	assert_int_equal(d.sent, 1);
	press(&d, "U");
	press(&d, "y"); /* a small group */
	assert_int_equal(d.sent, 2);
	assert_non_null(strstr(d.u->message, "copied"));
	desk_done(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status),       cmocka_unit_test(test_first_time),
		cmocka_unit_test(test_quit_at_once), cmocka_unit_test(test_keys_amid_sorting),
		cmocka_unit_test(test_completion),   cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_copy),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
