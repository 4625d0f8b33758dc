/* Keys at random among frames, slices and sizes at random: nothing breaks, the selected row stays on its line unless a key
 * moves it, and what is drawn stands in the order that it says. */
#include "crowd.h"
#include <stdio.h>

#define STEPS 5000

static uint32_t dice(uint32_t *seed, uint32_t n)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (uint32_t)(((uint64_t)(*seed >> 8) * n) >> 24);
}

struct player {
	struct desk d;
	uint32_t seed;
	uint32_t port; /* the last one given */
	bool next; /* a frame is on its way to the screen */
};

static bool now_and_then(void *data)
{
	return !dice(&((struct player *)data)->seed, 4);
}

static uint32_t roll(struct player *p, uint32_t n)
{
	return dice(&p->seed, n);
}

/* ---- what happens on the machine ---- */

static void open_one(struct player *p)
{
	char local[64], remote[64];
	uint32_t at;

	snprintf(local, sizeof(local), "10.0.0.1:%u", roll(p, 3) ? 443 : 20000 + p->port);
	snprintf(remote, sizeof(remote), "192.0.2.%u:%u", roll(p, 9), 30000 + p->port++ % 30000);
	at = fixture_sock(&p->d.x, roll(p, 8) ? PROTO_TCP : PROTO_UDP, STATE_ESTABLISHED, local, remote);
	fixture_fd(&p->d.x, at, 1000 + roll(p, 5), (int32_t)roll(p, 50));
	fixture_rate(&p->d.x, at, roll(p, 1000), roll(p, 10));
}

static void happen(struct player *p)
{
	struct snapshot *s = &p->d.x.snap;

	if (!roll(p, 40)) /* all of it ends, or most */
		for (uint32_t n = (uint32_t)s->socks.n; n > 5; n--)
			fixture_remove_sock(&p->d.x, roll(p, n));
	if (s->socks.n < 50 && !roll(p, 4))
		for (int i = 0; i < 300; i++)
			open_one(p);
	for (uint32_t n = roll(p, 12); n > 0; n--) {
		uint32_t at = s->socks.n ? roll(p, (uint32_t)s->socks.n) : 0;

		if (!roll(p, 3) || at >= s->socks.n)
			open_one(p);
		else if (!roll(p, 3))
			fixture_remove_sock(&p->d.x, at);
		else if (s->socks.v[at].rport && roll(p, 2))
			s->socks.v[at].state = roll(p, 2) ? STATE_CLOSE_WAIT : STATE_ESTABLISHED;
		else
			fixture_rate(&p->d.x, at, roll(p, 1000), 0);
	}
}

/* ---- what must be so ---- */

static struct table *shown(const struct player *p)
{
	const struct ui *u = p->d.u;

	return u->dialog || u->stack_n || !ui_top_const(u) ? NULL : screen_table(ui_top(p->d.u));
}

/* A table that knows nothing shows the same lines, as far as they are said to be in order. */
static void in_its_order(struct player *p)
{
	const struct table *t = shown(p);
	struct table other;
	char said[64];

	/* heads that are held are not compared with what they would be */
	if (!t || !t->f || ui_working(p->d.u) || t->order_differs || (t->held && t->groups.n) ||
	    !table_shows(t, p->d.u->env.f))
		return;
	table_init(&other, t->view);
	memcpy(other.sort, t->sort, sizeof(t->sort));
	other.sort_n = t->sort_n;
	other.filter = t->filter;
	other.group_by = t->group_by;
	other.all = t->all;
	other.listening = t->listening;
	other.findings_only = t->findings_only;
	other.open_all = t->open_all;
	for (size_t i = 0; i < t->folds.n; i++)
		vec_push(&other.folds, t->folds.v[i]);
	table_update(&other, t->f, (uint32_t)ui_layout(p->d.u).list.h, false);
	snprintf(said, sizeof(said), "view %d, group %d, held %d", t->view, t->group_by, t->held);
	if (t->order.n != other.order.n)
		fail_msg("%s: %zu lines, not %zu", said, t->order.n, other.order.n);
	assert_int_equal(t->matched, other.matched);
	for (uint32_t i = 0; i < t->order.n && i < t->sorted; i++) {
		struct ident a = table_ident(t, i), b = table_ident(&other, i);

		if (memcmp(&a, &b, sizeof(a)))
			fail_msg("%s: another row on line %u of %zu", said, i, t->order.n);
	}
	table_done(&other);
}

struct place {
	const struct table *t; /* NULL: nothing is selected that has to stay */
	enum view_id view;
	struct ident id;
	uint32_t line;
	int height;
};

static struct place place(const struct player *p)
{
	const struct table *t = shown(p);
	struct place at = {0};

	if (!t || !t->f || !t->cursor_valid || !t->cursor || t->follow > 0 || t->cursor < t->top)
		return at;
	at = (struct place){t, t->view, t->cursor_id, t->cursor - t->top, ui_layout(p->d.u).list.h};
	return at;
}

/* Without a key nothing moves but what has to: at the ends there is no room to. */
static void stays(const struct player *p, const struct place *was)
{
	const struct table *t = shown(p);
	struct place now = place(p);
	uint32_t at = 0;

	if (!was->t || t != was->t || t->view != was->view || now.height != was->height)
		return;
	while (at < t->order.n) {
		struct ident id = table_ident(t, at);

		if (!memcmp(&id, &was->id, sizeof(id)))
			break;
		at++;
	}
	if (at == t->order.n) /* it has gone */
		return;
	assert_int_equal(t->cursor, at);
	if (t->top && t->top + (uint32_t)was->height < t->order.n)
		assert_int_equal(t->cursor - t->top, was->line);
}

/* ---- the main loop's part ---- */

static void take_over(struct player *p)
{
	struct fixture *x = &p->d.x;

	if (!p->next || ui_working(p->d.u))
		return;
	p->next = false;
	/* of those that nobody may read any more nothing stays, so that whoever does is found out */
	for (unsigned i = 1; i < 3; i++) {
		frame_done(&x->frames[(x->turn + 2 - i) % 3]);
		frame_init(&x->frames[(x->turn + 2 - i) % 3]);
	}
}

static void go_on(struct player *p)
{
	if (ui_working(p->d.u))
		ui_work(p->d.u);
	take_over(p);
}

static void next_frame(struct player *p)
{
	const struct frame *f;

	if (p->next || ui_paused(p->d.u))
		return;
	happen(p);
	f = fixture_apply(&p->d.x, 0.5);
	p->d.now = f->boot_ns;
	p->next = true;
	ui_frame(p->d.u, f, p->d.now);
	go_on(p);
}

static void any_key(struct player *p)
{
	static const uint32_t named[] = {KEY_UP_,    KEY_DOWN_,  KEY_LEFT_, KEY_RIGHT_,  KEY_PGUP,
					 KEY_PGDN,   KEY_HOME_,  KEY_END_,  KEY_ENTER_,  KEY_ESC,
					 KEY_ESC,    KEY_ESC,    KEY_TAB,   KEY_BACKTAB, KEY_BACKSPACE_,
					 KEY_DELETE, KEY_UNKNOWN};
	static const char *const words[] = {
		"/:443", "/not tcp", "/state=est or udp", "/rx_rate>100", "/server ", "\\192", "/(", "/"};
	struct key k = {0};
	const char *word;

	switch (roll(p, 12)) {
	case 0:
		for (word = words[roll(p, ARRAY_LEN(words))]; *word; word++) {
			k.code = (unsigned char)*word;
			ui_key(p->d.u, &k, p->d.now);
		}
		k.code = roll(p, 3) ? KEY_ENTER_ : KEY_ESC;
		break;
	case 1:
		k = (struct key){KEY_MOUSE_, (int)roll(p, 30) - 1, (int)roll(p, 100) - 1,
				 (uint8_t)roll(p, MOUSE_WHEEL_DOWN + 1)};
		break;
	case 2:
	case 3:
	case 4:
	case 5:
		k.code = named[roll(p, ARRAY_LEN(named))];
		break;
	default:
		k.code = 1 + roll(p, 126);
	}
	ui_key(p->d.u, &k, p->d.now);
}

static void resize(struct player *p)
{
	static const struct {
		int w, h;
	} sizes[] = {{80, 24}, {120, 40}, {40, 10}, {1, 1}, {19, 4}, {200, 60}, {80, 24}};
	uint32_t i = roll(p, ARRAY_LEN(sizes));

	ui_resize(p->d.u, sizes[i].w, sizes[i].h);
	canvas_resize(&p->d.c, sizes[i].w, sizes[i].h);
}

static void draw(struct player *p)
{
	if (!ui_draws(p->d.u))
		return;
	canvas_blank(&p->d.c);
	ui_draw(p->d.u, &p->d.c);
}

/* Everything but a key and a change of size. */
static void without_a_key(struct player *p, uint32_t kind)
{
	struct place was = {0};

	if (!ui_working(p->d.u) && !p->next)
		was = place(p);
	if (kind < 4)
		next_frame(p);
	else if (kind < 5)
		ui_tick(p->d.u, p->d.now += S / 4);
	else if (kind < 6)
		ui_refresh(p->d.u, p->d.now);
	go_on(p);
	draw(p);
	if (was.t && roll(p, 2)) {
		for (unsigned turns = 0; ui_working(p->d.u); turns++) {
			assert_true(turns < 100000);
			go_on(p);
		}
		draw(p);
		stays(p, &was);
	}
	in_its_order(p);
}

static void play(uint32_t seed)
{
	struct player p = {.seed = seed};
	struct desk *d = &p.d;

	desk_init(d, (struct ui_opts){.view = seed % VIEW_N});
	fixture_many(&d->x, 300, 5);
	frame(d);
	frame(d);
	d->u->env.slice = (struct slice){now_and_then, &p};
	for (int i = 0; i < STEPS; i++) {
		uint32_t kind = roll(&p, 12);

		if (kind < 8) {
			without_a_key(&p, kind);
			continue;
		}
		if (kind < 11)
			any_key(&p);
		else if (!roll(&p, 4))
			resize(&p);
		take_over(&p);
		draw(&p);
	}
	desk_done(d);
}

static void test_keys_at_random(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= 4; seed++)
		play(seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys_at_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
