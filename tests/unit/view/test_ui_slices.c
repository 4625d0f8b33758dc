/* What would keep the keys waiting among many rows goes on in slices, and comes to the same. */
#include "desk.h"
#include "ui_private.h"
#include <stdio.h>

#define MANY 6000

static bool always(void *data)
{
	++((struct desk *)data)->over_asked;
	return true;
}

/* Many connections, and a clock that is over whenever it is asked, or none. */
static void crowd_init(struct desk *d, bool sliced)
{
	desk_init(d, (struct ui_opts){.view = VIEW_CONNECTIONS});
	fixture_many(&d->x, MANY, 20);
	frame(d);
	frame(d);
	if (sliced) {
		d->u->env.over = always;
		d->u->env.over_data = d;
	}
}

static struct ident at_cursor(const struct desk *d)
{
	return screen_table(ui_top(d->u))->cursor_id;
}

static unsigned work(struct desk *d)
{
	unsigned turns = 0;

	while (ui_working(d->u) && !ui_work(d->u))
		assert_true(++turns < 100000);
	ui_draw(d->u, &d->c);
	return turns;
}

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
	struct desk d;

	crowd_init(&d, true);
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

	search_for(&d, "node");
	press(&d, "K");
	assert_false(ui_paused(d.u));
	desk_done(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_search),
		cmocka_unit_test(test_search_gives_way),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
