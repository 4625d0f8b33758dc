/* The lines around the table: what stands on them, and how long. */
#include "desk.h"
#include "ui_private.h"
#include <stdio.h>

/* The text of one line of the screen; the last one is -1. */
static const char *line(const struct desk *d, int y)
{
	static char buf[2048];
	size_t n = 0;

	y = y < 0 ? d->c.h + y : y;
	for (int x = 0; x < d->c.w; x++)
		n += (size_t)snprintf(buf + n, sizeof(buf) - n, "%s", d->c.cells[y * d->c.w + x].glyph);
	return buf;
}

#define HAS(y, text)                                                                                         \
	do {                                                                                                 \
		if (!strstr(line(&d, y), text))                                                              \
			fail_msg("\"%s\" is not in \"%s\"", text, line(&d, y));                              \
	} while (0)
#define LACKS(y, text)                                                                                       \
	do {                                                                                                 \
		if (strstr(line(&d, y), text))                                                               \
			fail_msg("\"%s\" is in \"%s\"", text, line(&d, y));                                  \
	} while (0)

static bool shows(const struct desk *d, const char *text)
{
	for (int y = 0; y < d->c.h; y++)
		if (strstr(line(d, y), text))
			return true;
	return false;
}

/* What was said of one screen does not lie over the hints of the next. */
static void message_ends_with_its_screen(void **state)
{
	struct desk d;

	desk_init(&d, (struct ui_opts){0});
	press(&d, "^G");
	HAS(-1, "^G: this key does nothing here");
	press(&d, "Down");
	HAS(-1, "^G: this key does nothing here");
	press(&d, "?");
	HAS(-1, "Esc close");
	press(&d, "^G");
	HAS(-1, "^G: this key does nothing here");
	press(&d, "Esc");
	HAS(-1, "Enter open");
	press(&d, "^G");
	press(&d, "2");
	HAS(-1, "Enter open");
	press(&d, "^G");
	press(&d, "2"); /* where we are already */
	HAS(-1, "^G: this key does nothing here");
	desk_done(&d);
}

static void key_without_a_name(void **state)
{
	struct key k = {.code = KEY_UNKNOWN};
	struct desk d;

	desk_init(&d, (struct ui_opts){0});
	ui_key(d.u, &k, d.now);
	ui_draw(d.u, &d.c);
	HAS(-1, " this key does nothing here; `?` lists the keys");
	LACKS(-1, ": this key");
	desk_done(&d);
}

/* l and a hide rows or add some: line 2 says so after their message has gone. */
static void modes_stand_on_line_2(void **state)
{
	struct desk d;

	desk_init(&d, (struct ui_opts){0});
	LACKS(1, "listening");
	press(&d, "l");
	ui_tick(d.u, d.now + 6 * S);
	ui_draw(d.u, &d.c);
	LACKS(-1, "listening only");
	HAS(1, "l listening only");
	press(&d, "l");
	LACKS(1, "listening");
	press(&d, "a");
	HAS(1, "a with client ports");
	press(&d, "a");
	LACKS(1, "client");
	press(&d, "2");
	press(&d, "l");
	HAS(1, "l with listening");
	desk_done(&d);
}

/* Nobody's process may be looked at: that is not the same as that there is none. */
static void hidden_owners_are_not_none(void **state)
{
	struct desk d;

	desk_init(&d, (struct ui_opts){0});
	press(&d, "3");
	assert_false(shows(&d, "Owners of"));
	while (d.x.snap.socks.n)
		fixture_remove_sock(&d.x, 0);
	d.x.snap.procs.n = 0;
	d.x.snap.hidden_procs = 5;
	for (int i = 0; i < 6; i++)
		frame(&d);
	assert_true(shows(&d, "No process has a socket."));
	for (int i = 0; i < 3; i++)
		d.x.snap.socks.v[fixture_sock(&d.x, PROTO_TCP, STATE_LISTENING, i ? "*:80" : "*:81", NULL)]
			.flags |= SOCK_SEARCHED;
	frame(&d);
	assert_false(shows(&d, "No process has a socket"));
	assert_true(shows(&d, "Owners of 3 sockets are hidden: not yours."));
	desk_done(&d);
}

/* Bytes of UDP are not counted: a process that has nothing else has no rate, not one that is yet to be known. */
static void process_without_rates(void **state)
{
	struct desk d;
	uint32_t s, c;
	int y = 0;

	desk_init(&d, (struct ui_opts){0});
	fixture_proc(&d.x, 4711, 1, 0, "resolver", "");
	s = fixture_sock(&d.x, PROTO_UDP, STATE_UNCONN, "127.0.0.1:5300", NULL);
	fixture_fd(&d.x, s, 4711, 3);
	c = fixture_sock(&d.x, PROTO_UDP, STATE_ESTABLISHED, "127.0.0.1:40000", "127.0.0.1:5301");
	fixture_fd(&d.x, c, 4711, 4);
	press(&d, "3");
	for (int i = 0; i < 3; i++)
		frame(&d);
	while (y < d.c.h && !strstr(line(&d, y), "resolver"))
		y++;
	assert_true(y < d.c.h);
	HAS(y, "5300u");
	LACKS(y, "…");
	desk_done(&d);
}

/* Its own name for every connection would be one thing five times: where it comes from is what differs. */
static void connections_of_a_process(void **state)
{
	struct desk d;
	uint32_t a, b;

	desk_init(&d, (struct ui_opts){0});
	fixture_proc(&d.x, 4711, 1, 0, "", "");
	a = fixture_sock(&d.x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:40001", "10.0.0.9:99");
	b = fixture_sock(&d.x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:40002", "10.0.0.9:99");
	fixture_fd(&d.x, a, 4711, 3);
	fixture_fd(&d.x, b, 4711, 4);
	frame(&d);
	press(&d, "3");
	type(&d, "/pid=4711");
	press(&d, "Enter");
	press(&d, "Enter");
	assert_true(shows(&d, "\"\"  4711"));
	assert_true(shows(&d, "10.0.0.9:99"));
	assert_false(shows(&d, "40001"));
	press(&d, "Tab");
	press(&d, "Enter");
	assert_true(shows(&d, "10.0.0.5:40001"));
	assert_true(shows(&d, "10.0.0.5:40002"));
	for (int y = 3; y < d.c.h; y++)
		if (strstr(line(&d, y), "10.0.0.5:4000"))
			LACKS(y, "4711");
	desk_done(&d);
}

/* Whatever is on the screen, --ascii means it. */
static void ascii_is_ascii(void **state)
{
	static const char *const keys[] = {"1", "K",   "Esc",   "s",     "Esc", "c",   "Esc", "=",     "Esc",
					   "b", "Esc", "Enter", "?",     "Esc", "Esc", "2",   "Enter", "Esc",
					   "x", "Esc", "3",     "Enter", "Esc", "S",   "Esc"};
	struct desk d;

	desk_init(&d, (struct ui_opts){.ascii = true});
	fixture_web1(&d.x, true);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		frame(&d);
		press(&d, keys[i]);
		ui_message(d.u, false, "a message with … and × and 日本", d.now);
		ui_draw(d.u, &d.c);
		for (int c = 0; c < d.c.w * d.c.h; c++)
			if (d.c.cells[c].glyph[0] & 0x80)
				fail_msg("after %s: %s", keys[i], d.c.cells[c].glyph);
		if (!d.u->dialog)
			HAS(-1, "a message with ~ and x and ? ?");
	}
	desk_done(&d);
}

/* A pause takes the rates away, not the place of what stands beside them. */
static void header_stays_in_a_pause(void **state)
{
	char before[2048];
	struct desk d;
	unsigned with_words = 0;

	desk_init(&d, (struct ui_opts){0});
	for (int w = 60; w < 170; w++) {
		char *paused;

		canvas_resize(&d.c, w, 24);
		ui_resize(d.u, w, 24);
		ui_draw(d.u, &d.c);
		snprintf(before, sizeof(before), "%s", line(&d, 0));
		with_words += strstr(before, "established") != NULL;
		press(&d, "p");
		paused = strstr(line(&d, 0), "PAUSED");
		if (!paused)
			fail_msg("%s", line(&d, 0));
		while (paused > line(&d, 0) && paused[-1] == ' ')
			paused--;
		if (strncmp(before, line(&d, 0), (size_t)(paused - line(&d, 0))) != 0)
			fail_msg("%d: %s", w, before);
		press(&d, "p");
		assert_string_equal(line(&d, 0), before);
	}
	assert_true(with_words > 40); /* the long ones are met, too */
	desk_done(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(message_ends_with_its_screen),
		cmocka_unit_test(key_without_a_name),
		cmocka_unit_test(modes_stand_on_line_2),
		cmocka_unit_test(hidden_owners_are_not_none),
		cmocka_unit_test(process_without_rates),
		cmocka_unit_test(connections_of_a_process),
		cmocka_unit_test(ascii_is_ascii),
		cmocka_unit_test(header_stays_in_a_pause),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
