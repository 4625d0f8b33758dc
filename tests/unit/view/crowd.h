/* Many rows on a desk whose time is always over, so that everything goes on in the smallest slices; and one beside it
 * that does all at once. */
#pragma once
#include "../../../src/view/ui_private.h"
#include "desk.h"

#define MANY 6000

static inline bool always(void *data)
{
	++((struct desk *)data)->over_asked;
	return true;
}

/* Many connections, and a clock that is over whenever it is asked, or none. */
static inline void crowd_init(struct desk *d, bool sliced)
{
	desk_init(d, (struct ui_opts){.view = VIEW_CONNECTIONS});
	fixture_many(&d->x, MANY, 20);
	frame(d);
	frame(d);
	if (sliced)
		d->u->env.slice = (struct slice){always, d};
}

static inline struct ident at_cursor(const struct desk *d)
{
	return screen_table(ui_top(d->u))->cursor_id;
}

static inline unsigned work(struct desk *d)
{
	unsigned turns = 0;

	while (ui_working(d->u) && !ui_work(d->u))
		assert_true(++turns < 100000);
	ui_draw(d->u, &d->c);
	return turns;
}

static inline void same_screen(struct desk *a, struct desk *b)
{
	struct str x = {0}, y = {0};

	ui_draw(a->u, &a->c);
	ui_draw(b->u, &b->c);
	canvas_dump(&a->c, &x);
	canvas_dump(&b->c, &y);
	assert_string_equal(str_text(&x), str_text(&y));
	str_done(&x);
	str_done(&y);
}

static inline bool on_screen(const struct desk *d, const char *text)
{
	struct str s = {0};
	bool found;

	canvas_dump(&d->c, &s);
	found = strstr(str_text(&s), text) != NULL;
	str_done(&s);
	return found;
}
