/* What would keep the keys waiting among many rows goes on in slices, and comes to the same. */
#include "crowd.h"
#include "sockeye/table/summary.h"
#include <stdio.h>

static void search_for(struct desk *d, const char *text)
{
	press(d, "\\");
	type(d, text);
	press(d, "Enter");
}

/* A port of a pair of connections whose first one stands as far down as any. */
static unsigned furthest(struct table *t)
{
	static bool met[65536];
	unsigned port = 0;

	memset(met, 0, sizeof(met));
	table_order_all(t);
	for (size_t i = 0; i < t->order.n; i++) {
		const struct sock *s = frame_sock(t->f, t->order.v[i]);
		unsigned client = s->lport > s->rport ? s->lport : s->rport;

		port = met[client] ? port : client;
		met[client] = true;
	}
	return port;
}

/* The text of a row far down, and one that no row has. */
static void test_search(void **state)
{
	struct desk a, b;
	struct table *t;
	struct ident last;
	char text[64];
	unsigned turns, line;

	crowd_init(&a, true);
	crowd_init(&b, false);
	t = screen_table(ui_top(b.u));
	snprintf(text, sizeof(text), ":%u", furthest(t));
	search_for(&b, text);
	assert_false(ui_working(b.u));
	last = at_cursor(&b);
	line = t->cursor;
	assert_true(line > 1000);

	search_for(&a, text);
	assert_true(ui_working(a.u));
	assert_true(ui_paused(a.u)); /* no other frame: the rows that it goes through stay */
	turns = work(&a);
	assert_true(turns >= line / 128 && a.over_asked >= (int)turns);
	assert_int_equal(at_cursor(&a).a, last.a);
	assert_int_equal(at_cursor(&a).b, last.b);
	assert_false(ui_paused(a.u));

	press(&a, "n");
	press(&b, "n");
	work(&a);
	assert_int_equal(at_cursor(&a).b, at_cursor(&b).b);
	press(&a, "N");
	press(&a, "N"); /* held down: it goes on, and does not begin again for ever */
	press(&b, "N");
	work(&a);
	assert_int_equal(at_cursor(&a).b, at_cursor(&b).b);

	search_for(&a, "nobody is called so");
	assert_true(ui_working(a.u));
	work(&a);
	assert_non_null(strstr(a.u->message, "no row shows"));
	desk_done(&a);
	desk_done(&b);
}

/* Another key is not kept waiting, and means what it says; what acts, acts on the row that was asked for. */
static void test_search_gives_way(void **state)
{
	struct ident before;
	struct desk d, b;
	char text[64];

	crowd_init(&d, true);
	crowd_init(&b, false);
	before = at_cursor(&d);
	search_for(&d, "nobody is called so");
	work(&d);
	press(&d, "n");
	assert_true(ui_paused(d.u));
	press(&d, "H"); /* a key that moves nothing */
	assert_false(ui_paused(d.u));
	assert_int_equal(at_cursor(&d).b, before.b);
	press(&d, "Esc");
	work(&d);

	snprintf(text, sizeof(text), ":%u", furthest(screen_table(ui_top(b.u))));
	search_for(&b, text);
	assert_int_not_equal(at_cursor(&b).b, before.b);
	search_for(&d, text);
	press(&d, "K"); /* waits, and what is typed behind it is not meant for what it opens */
	press(&d, "y");
	assert_int_equal(d.opened, 0);
	work(&d);
	assert_int_equal(d.opened, 1);
	assert_int_equal(d.sent, 0);
	assert_int_equal(d.u->waiting.n, 0);
	assert_false(ui_paused(d.u));
	assert_int_equal(at_cursor(&d).b, at_cursor(&b).b);
	desk_done(&d);
	desk_done(&b);
}

/* The last row is where the cursor goes when the rows are in order; the next key counts from there. */
static void test_last_row(void **state)
{
	struct desk a, b;
	unsigned turns;

	crowd_init(&a, true);
	crowd_init(&b, false);
	assert_true(screen_table(ui_top(a.u))->sorted < MANY);
	press(&b, "G");
	assert_false(ui_working(b.u));
	press(&a, "G");
	assert_int_equal(screen_table(ui_top(a.u))->cursor, 0);
	turns = work(&a);
	assert_true(turns >= MANY / 1024);
	assert_int_equal(screen_table(ui_top(a.u))->cursor, screen_table(ui_top(b.u))->cursor);
	assert_int_equal(at_cursor(&a).b, at_cursor(&b).b);
	press(&a, "g");
	press(&b, "g");
	work(&a);
	frame(&a); /* the first row is followed again, and the screen alone in order */
	frame(&b);
	work(&a);
	assert_true(screen_table(ui_top(a.u))->sorted < MANY);
	press(&a, "G");
	press(&a, "k");
	press(&b, "G");
	press(&b, "k");
	work(&a);
	assert_int_equal(screen_table(ui_top(a.u))->cursor, screen_table(ui_top(a.u))->order.n - 2);
	assert_int_equal(at_cursor(&a).b, at_cursor(&b).b);
	desk_done(&a);
	desk_done(&b);
}

/* Paging faster than rows are put into order comes to the same rows. */
static void test_pages(void **state)
{
	struct desk a, b;
	unsigned waited = 0;

	crowd_init(&a, true);
	crowd_init(&b, false);
	for (int i = 0; i < 12; i++) {
		press(&a, i % 5 ? "PgDn" : "j");
		press(&b, i % 5 ? "PgDn" : "j");
		waited += a.u->waiting.n > 0;
	}
	assert_true(waited >= 1);
	work(&a);
	assert_true(screen_table(ui_top(b.u))->cursor > 100);
	assert_int_equal(screen_table(ui_top(a.u))->cursor, screen_table(ui_top(b.u))->cursor);
	assert_int_equal(at_cursor(&a).b, at_cursor(&b).b);
	desk_done(&a);
	desk_done(&b);
}

static void open_port(struct desk *d)
{
	press(d, "1");
	work(d);
	press(d, "/");
	type(d, "port=9000");
	press(d, "Enter");
	work(d);
	canvas_resize(&d->c, 120, 60);
	ui_resize(d->u, 120, 60);
	work(d);
	press(d, "Enter");
}

/* The page of a port with many connections comes at once, and they when they are counted; what a later frame has
 * takes the place of what stands there when all of it is known. */
static void test_port_page(void **state)
{
	struct desk a, b;
	unsigned turns;

	crowd_init(&a, true);
	crowd_init(&b, false);
	open_port(&a);
	open_port(&b);
	assert_true(on_screen(&b, "CONNECTIONS 3,000"));
	assert_true(ui_working(a.u));
	assert_true(on_screen(&a, "9000/tcp") && on_screen(&a, "being counted"));
	assert_in_range(a.u->conns.at, PORT_CONNS_SLICE, a.u->env.f->rows_n - 1);
	turns = work(&a);
	assert_in_range(turns, 0, MANY / PORT_CONNS_SLICE + 2);
	same_screen(&a, &b);

	for (uint32_t i = 0; i < a.x.snap.socks.n; i++) {
		if (a.x.snap.socks.v[i].rport <= 34000)
			continue;
		fixture_rate(&a.x, i, 5000 + i, 5);
		fixture_rate(&b.x, i, 5000 + i, 5);
	}
	frame(&b);
	frame(&a);
	assert_true(ui_working(a.u));
	assert_true(on_screen(&a, "CONNECTIONS 3,000")); /* as it was */
	work(&a);
	same_screen(&a, &b);
	desk_done(&a);
	desk_done(&b);
}

/* One process that holds everything. */
static void one_holds_all(struct desk *d, bool sliced)
{
	desk_init(d, (struct ui_opts){.view = VIEW_PROCESSES});
	fixture_many(&d->x, MANY, 1);
	frame(d);
	frame(d);
	press(d, "/");
	type(d, "pid=1");
	press(d, "Enter");
	if (sliced)
		d->u->env.slice = (struct slice){always, d};
	canvas_resize(&d->c, 120, 60);
	ui_resize(d->u, 120, 60);
	work(d);
}

/* The same for a process: its connections by port and peer, and then the peers of those that called. */
static void test_process_page(void **state)
{
	struct desk a, b;
	int asked;

	one_holds_all(&a, true);
	one_holds_all(&b, false);
	asked = a.over_asked;
	press(&b, "Enter");
	press(&a, "Enter");
	assert_true(on_screen(&b, "CONNECTIONS 6,000"));
	assert_true(ui_working(a.u));
	assert_true(on_screen(&a, "systemd  1") && on_screen(&a, "being counted"));
	work(&a);
	/* Three pieces of rows, two of the half that called, one each for the other half and the end, each asks. */
	assert_in_range(a.over_asked - asked, 6, 16);
	same_screen(&a, &b);

	for (uint32_t i = 0; i < a.x.snap.socks.n; i++) {
		fixture_rate(&a.x, i, 5000 + i, 5);
		fixture_rate(&b.x, i, 5000 + i, 5);
	}
	frame(&b);
	frame(&a);
	assert_true(ui_working(a.u));
	assert_true(on_screen(&a, "CONNECTIONS 6,000")); /* as it was */
	work(&a);
	same_screen(&a, &b);
	desk_done(&a);
	desk_done(&b);
}

/* The summary of what a filter picks. */
static void test_summary(void **state)
{
	struct desk a, b;
	int asked;

	crowd_init(&a, true);
	crowd_init(&b, false);
	assert_true(ui_try_filter(a.u, "state=estab or rport>40000") &&
		    ui_try_filter(b.u, "state=estab or rport>40000"));
	work(&a);
	asked = a.over_asked;
	press(&b, "S");
	press(&a, "S");
	assert_true(on_screen(&b, "established"));
	assert_true(ui_working(a.u));
	assert_true(on_screen(&a, "being counted"));
	work(&a);
	assert_in_range(a.over_asked - asked, MANY / SUMMARY_SLICE, 2 * (MANY + 2000) / SUMMARY_SLICE + 2);
	same_screen(&a, &b);

	fixture_remove_sock(&a.x, 0);
	fixture_remove_sock(&b.x, 0);
	frame(&b);
	frame(&b); /* what is missing once is not gone yet */
	frame(&a);
	assert_true(on_screen(&a, "established")); /* as it was */
	work(&a);
	frame(&a);
	work(&a);
	same_screen(&a, &b);
	press(&a, "Esc");
	press(&b, "Esc");
	work(&a);
	same_screen(&a, &b);
	desk_done(&a);
	desk_done(&b);
}

/* Of many peers those with most connections, whatever the number that is asked for. */
static void test_peers_order(void **state)
{
	struct peer_groups all = {0}, some = {0};

	for (uint32_t i = 0; i < 500; i++) {
		struct peer_group g = {.sums.conns = i * 7919 % 50};

		g.ip.b[0] = (uint8_t)(i * 31);
		g.ip.b[1] = (uint8_t)(i >> 8);
		vec_push(&all.v, g);
		vec_push(&some.v, g);
	}
	group_peers_order(&all, all.v.n);
	group_peers_order(&some, 40);
	for (size_t i = 1; i < all.v.n; i++)
		assert_true(all.v.v[i - 1].sums.conns >= all.v.v[i].sums.conns);
	for (size_t i = 0; i < 40; i++) {
		assert_int_equal(some.v.v[i].sums.conns, all.v.v[i].sums.conns);
		assert_memory_equal(some.v.v[i].ip.b, all.v.v[i].ip.b, 16);
	}
	vec_done(&all.v);
	vec_done(&some.v);
}

/* An order that is held outlives what is looked at meanwhile: another view, a page. */
static void test_held_order_waits(void **state)
{
	static const char *const away[][2] = {{"1", "2"}, {"Enter", "Esc"}};
	const struct table *t, *o;
	struct desk a, b;

	crowd_init(&a, true);
	crowd_init(&b, false);
	for (struct desk *d = &a;; d = &b) {
		for (uint32_t i = 0; i < MANY; i += 3)
			fixture_rate(&d->x, i + 1, i * 31 % 5000, 5);
		frame(d);
		work(d);
		press(d, "j");
		work(d);
		frame(d);
		work(d);
		for (uint32_t i = 0; i < MANY; i += 5) /* another order by now */
			fixture_rate(&d->x, i + 1, i * 17 % 9000, 5);
		if (d == &b)
			break;
	}
	for (size_t w = 0; w < ARRAY_LEN(away); w++) {
		press(&a, away[w][0]);
		for (int i = 0; i < 5; i++) {
			frame(&a);
			frame(&b);
			work(&a);
			work(&b);
		}
		press(&a, away[w][1]);
		work(&a);
		frame(&a);
		frame(&b);
		work(&a);
		t = screen_table(ui_top(a.u));
		o = screen_table(ui_top(b.u));
		assert_true(t->held && t->order_differs && o->held);
		assert_int_equal(t->order.n, o->order.n);
		assert_int_equal(t->cursor, 1);
		for (size_t i = 0; i < t->order.n; i++)
			if (table_ident(t, i).b != table_ident(o, i).b)
				fail_msg("line %zu is another row", i);
	}
	desk_done(&a);
	desk_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_search),           cmocka_unit_test(test_search_gives_way),
		cmocka_unit_test(test_last_row),         cmocka_unit_test(test_pages),
		cmocka_unit_test(test_port_page),        cmocka_unit_test(test_peers_order),
		cmocka_unit_test(test_held_order_waits), cmocka_unit_test(test_process_page),
		cmocka_unit_test(test_summary),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
