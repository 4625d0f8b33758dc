/* What the dashboard remembers over time: the mark of `m`, and who held a port last. */
#include "fixture.h"
#include "ui_private.h"
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct desk {
	struct fixture x;
	struct ui *u;
	struct canvas c;
	uint64_t now;
};

static void frame(struct desk *d, double seconds)
{
	const struct frame *f = fixture_apply(&d->x, seconds);

	d->now = f->boot_ns;
	ui_frame(d->u, f, d->now);
	ui_draw(d->u, &d->c);
}

static void press(struct desk *d, const char *name)
{
	struct key k = {0};

	if (key_parse(name, &k.code))
		for (const char *p = name; *p; p++) {
			k.code = (unsigned char)*p;
			ui_key(d->u, &k, d->now);
		}
	else
		ui_key(d->u, &k, d->now);
	ui_draw(d->u, &d->c);
}

static void desk_init(struct desk *d)
{
	char err[100];

	memset(d, 0, sizeof(*d));
	fixture_init(&d->x);
	assert_int_equal(ui_new(&(struct ui_opts){.host_name = "box", .user_name = "root", .root = true},
				NULL, d->x.services, &d->u, err, sizeof(err)),
			 0);
	canvas_init(&d->c);
	canvas_resize(&d->c, 80, 24);
	ui_resize(d->u, 80, 24);
	fixture_web1(&d->x, false);
	frame(d, 1);
	frame(d, 5);
}

static void desk_done(struct desk *d)
{
	ui_free(d->u);
	canvas_done(&d->c);
	fixture_done(&d->x);
}

static void line(const struct desk *d, int y, struct str *out)
{
	struct str all = {0};
	const char *p, *end;

	canvas_dump(&d->c, &all);
	p = str_text(&all);
	while (y--)
		p = strchr(p, '\n') + 1;
	end = strchr(p, '\n');
	str_clear(out);
	str_put(out, p, end ? (size_t)(end - p) : strlen(p));
	str_done(&all);
}

/* The line of the screen with this text, "" if there is none. */
static const char *with(const struct desk *d, const char *text, struct str *out)
{
	for (int y = 0; y < 24; y++) {
		line(d, y, out);
		if (strstr(str_text(out), text))
			return str_text(out);
	}
	return "";
}

static void test_mark(void **state)
{
	struct str s = {0};
	struct desk d;
	uint32_t sock;

	desk_init(&d);
	press(&d, "m");
	assert_non_null(strstr(d.u->message, "marked "));
	assert_non_null(strstr(d.u->message, "Esc takes the mark away"));
	assert_non_null(strstr(with(&d, "[1 Ports]", &s), "+0 since "));
	sock = fixture_sock(&d.x, PROTO_TCP, STATE_LISTENING, "127.0.0.1:60", NULL);
	fixture_fd(&d.x, sock, 812, 90);
	frame(&d, 1);
	/* Long after the 3 seconds of a new row it still is new since then; the others are not. */
	frame(&d, 60);
	assert_non_null(strstr(with(&d, "[1 Ports]", &s), "+1 since "));
	assert_memory_equal(with(&d, "   60 tcp", &s), "+", 1);
	assert_memory_equal(with(&d, "   22 tcp", &s), " ", 1);
	/* In the other views, and under a head. */
	press(&d, "2");
	press(&d, "l");
	assert_non_null(strstr(with(&d, "[2 Connections]", &s), "+1 since "));
	press(&d, "3");
	assert_non_null(strstr(with(&d, "[3 Processes]", &s), "+0 since "));
	press(&d, "1");
	/* Again: from here on. */
	press(&d, "m");
	assert_non_null(strstr(d.u->message, "mark moved to "));
	assert_memory_equal(with(&d, "   60 tcp", &s), " ", 1);
	/* Esc takes away one thing at a time, the mark last. */
	press(&d, "/");
	press(&d, "ssh");
	press(&d, "Enter");
	press(&d, "Esc");
	assert_non_null(strstr(with(&d, "[1 Ports]", &s), " since "));
	press(&d, "Esc");
	assert_non_null(strstr(d.u->message, "taken away"));
	assert_null(strstr(with(&d, "[1 Ports]", &s), " since "));
	press(&d, "Esc");
	assert_non_null(strstr(d.u->message, "this is the top"));
	str_done(&s);
	desk_done(&d);
}

static void test_mark_before_anything(void **state)
{
	struct ui *u;
	char err[100];
	struct key k = {.code = 'm'};

	assert_int_equal(ui_new(&(struct ui_opts){.host_name = "box"}, NULL, NULL, &u, err, sizeof(err)), 0);
	ui_resize(u, 80, 24);
	ui_key(u, &k, 1);
	assert_string_equal(u->message, "nothing was seen yet");
	ui_free(u);
}

/* A folded group says that there is something new in it. */
static void test_mark_groups(void **state)
{
	struct str s = {0};
	struct desk d;
	uint32_t sock;

	desk_init(&d);
	press(&d, "2");
	press(&d, "m");
	sock = fixture_sock(&d.x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:22", "10.0.0.99:4242");
	fixture_fd(&d.x, sock, 812, 91);
	frame(&d, 1);
	frame(&d, 60);
	screen_table(ui_top(d.u))->group_by = GROUP_PORT;
	frame(&d, 1);
	assert_memory_equal(with(&d, " 22/tcp", &s), "+", 1);
	assert_true(*with(&d, " 443/tcp", &s) != '+');
	str_done(&s);
	desk_done(&d);
}

static void test_last_holder(void **state)
{
	struct str s = {0};
	struct desk d;
	uint32_t sock;

	desk_init(&d);
	sock = fixture_sock(&d.x, PROTO_TCP, STATE_LISTENING, "127.0.0.1:9999", NULL);
	fixture_fd(&d.x, sock, 921, 90); /* redis-server */
	frame(&d, 1);
	assert_null(frame_last_holder(d.u->env.f, 9999));
	fixture_remove_sock(&d.x, sock);
	frame(&d, 1); /* skipped, for all we know */
	frame(&d, 1);
	for (int i = 0; i < 12; i++)
		frame(&d, 60);
	assert_non_null(frame_last_holder(d.u->env.f, 9999));
	assert_null(frame_last_holder(d.u->env.f, 22));
	press(&d, ":");
	press(&d, "9999");
	press(&d, "Enter");
	frame(&d, 1);
	assert_string_not_equal(with(&d, "Nothing holds 9999.", &s), "");
	assert_string_not_equal(with(&d, "Last: redis-server 921, 12m ago", &s), "");
	str_done(&s);
	desk_done(&d);
}

static void test_wrong_word(void **state)
{
	struct str s = {0};
	struct desk d;

	desk_init(&d);
	press(&d, "/");
	press(&d, "process=ngnix");
	press(&d, "Enter");
	assert_string_not_equal(with(&d, "No row matches", &s), "");
	assert_string_not_equal(with(&d, "nearest: nginx (3)   Esc shows all 22", &s), "");
	/* Of the field that was asked for; the last word is the one being looked for. */
	press(&d, "/");
	press(&d, "^U");
	press(&d, "tcp unit=ngnix");
	press(&d, "Enter");
	assert_string_not_equal(with(&d, "nearest: nginx (3)", &s), "");
	str_done(&s);
	desk_done(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mark),        cmocka_unit_test(test_mark_before_anything),
		cmocka_unit_test(test_mark_groups), cmocka_unit_test(test_last_holder),
		cmocka_unit_test(test_wrong_word),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
