/* What leaves the dashboard and what it is made of by its user: the clipboard, kept settings, keys and views of one's
 * own. */
#include "fixture.h"
#include "sockeye/view/binding.h"
#include "ui_private.h"
#include <errno.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct desk {
	struct fixture x;
	struct ui *u;
	struct ui_host host;
	struct canvas c;
	uint64_t now;
	char copied[4096];
	int copy_gives;
	struct str saved;
	int save_gives;
};

static int host_copy(void *data, const char *text, size_t n)
{
	struct desk *d = data;

	assert_true(n < sizeof(d->copied));
	assert_int_equal(strlen(text), n);
	snprintf(d->copied, sizeof(d->copied), "%s", text);
	return d->copy_gives;
}

static int host_save(void *data, int view, uint64_t interval_ns, const struct ui_arranged *v, size_t n,
		     char *text, size_t text_n)
{
	struct desk *d = data;

	str_clear(&d->saved);
	str_putf(&d->saved, "view %d interval %llu\n", view, (unsigned long long)interval_ns);
	for (size_t i = 0; i < n; i++)
		str_putf(&d->saved, "%d columns %s sort %s\n", v[i].view, v[i].columns ? v[i].columns : "-",
			 v[i].sort ? v[i].sort : "-");
	snprintf(text, text_n, "a file");
	return d->save_gives;
}

static void press(struct desk *d, const char *keys)
{
	while (*keys) {
		size_t n = strcspn(keys, " ");
		struct key k = {0};
		char name[32];

		snprintf(name, sizeof(name), "%.*s", (int)n, keys);
		if (name[0] == '"') {
			for (const char *p = name + 1; *p; p++) {
				k.code = (unsigned char)*p;
				ui_key(d->u, &k, d->now);
			}
		} else {
			assert_int_equal(key_parse(name, &k.code), 0);
			ui_key(d->u, &k, d->now);
		}
		ui_draw(d->u, &d->c);
		keys += n + (keys[n] == ' ');
	}
}

static void desk_init(struct desk *d, struct ui_opts o)
{
	const struct frame *f;
	char err[100];

	memset(d, 0, sizeof(*d));
	fixture_init(&d->x);
	d->host = (struct ui_host){.data = d, .copy = host_copy, .save = host_save};
	o.host_name = "box";
	o.user_name = "root";
	o.root = true;
	assert_int_equal(ui_new(&o, &d->host, d->x.services, &d->u, err, sizeof(err)), 0);
	canvas_init(&d->c);
	canvas_resize(&d->c, 80, 24);
	ui_resize(d->u, 80, 24);
	fixture_web1(&d->x, false);
	f = fixture_apply(&d->x, 1);
	d->now = f->boot_ns;
	ui_frame(d->u, f, d->now);
	ui_draw(d->u, &d->c);
}

static void desk_done(struct desk *d)
{
	ui_free(d->u);
	canvas_done(&d->c);
	fixture_done(&d->x);
	str_done(&d->saved);
}

static void copies(struct desk *d, const char *keys, const char *text)
{
	d->copied[0] = '\0';
	press(d, keys);
	assert_string_equal(d->copied, text);
}

static void test_copy_row(void **state)
{
	struct desk d;

	desk_init(&d, (struct ui_opts){.columns = "port,process,pid,conns"});
	copies(&d, "y", "22\tsshd\t812\t2");
	assert_string_equal(d.u->message, "copied: 22 sshd 812 2");
	copies(&d, "Space Space y", "22\tsshd\t812\t2\n25\tmaster\t1190\t0");
	assert_string_equal(d.u->message, "copied 2 tagged rows: 22 sshd 812 2");
	/* What a filter hides of the tags is said, and what the command leaves out. */
	copies(&d, "/ \"master Enter y", "25\tmaster\t1190\t0");
	assert_string_equal(d.u->message, "copied 1 of 2 tagged rows: 25 master 1190 0");
	copies(&d, "/ ^U \"nginx Enter y", "");
	assert_string_equal(d.u->message, "no tagged row is shown (2 tags); U untags");
	press(&d, "Y");
	assert_non_null(strstr(d.u->message, "copied without 2 tags: sockeye list"));
	press(&d, "U Y Esc");
	assert_non_null(strstr(d.u->message, "copied: sockeye list"));
	press(&d, "Home Space b Down Enter Y");
	assert_non_null(strstr(d.u->message, "copied without the groups (process) and 1 tag: sockeye list"));
	press(&d, "b Home Enter U Home");
	d.copy_gives = -ENOTSUP;
	press(&d, "y");
	assert_true(d.u->message_error);
	d.host.copy = NULL;
	press(&d, "y");
	assert_string_equal(d.u->message, "no clipboard here");
	desk_done(&d);
}

/* A head stands for its rows: folded they are copied all the same, open they are copied once. */
static void test_copy_groups(void **state)
{
	struct desk d;

	desk_init(&d, (struct ui_opts){.columns = "port,process"});
	press(&d, "b Down Enter / \"nginx Enter");
	copies(&d, "y", "80\tnginx ×5\n443\tnginx ×5\n443\tnginx ×5");
	assert_non_null(strstr(d.u->message, "copied 3 rows: "));
	copies(&d, "Right y", "80\tnginx ×5\n443\tnginx ×5\n443\tnginx ×5");
	copies(&d, "Space y", "80\tnginx ×5\n443\tnginx ×5\n443\tnginx ×5");
	copies(&d, "U Home Down Space Left y", "80\tnginx ×5"); /* a tagged row in a folded group */
	desk_done(&d);
}

static void test_copy_page(void **state)
{
	struct desk d;

	desk_init(&d, (struct ui_opts){0});
	press(&d, "Enter y");
	assert_non_null(strstr(d.copied, "22/tcp"));
	assert_non_null(strstr(d.copied, "\n"));
	assert_non_null(strstr(d.copied, "sshd"));
	copies(&d, "Y", "sockeye list --view sockets 'lport=22 proto=tcp'");
	press(&d, "Esc ?");
	copies(&d, "y Y", "");
	desk_done(&d);
}

static void test_command(void **state)
{
	struct desk d;

	desk_init(&d, (struct ui_opts){0});
	copies(&d, "Y", "sockeye list --view ports");
	copies(&d, "a Y", "sockeye list --view ports -a");
	copies(&d, "a ! Y", "sockeye list --view ports --findings");
	copies(&d, "! / \"port>80 Enter Y", "sockeye list --view ports 'port>80'");
	copies(&d, "/ ^U \"node Enter Y", "sockeye list --view ports node");
	copies(&d, "/ ^U \"process=\"it's\" Enter Y", "sockeye list --view ports 'process=\"it'\\''s\"'");
	copies(&d, "/ ^U \"tcp Space \"or Space \"udp Enter l Y",
	       "sockeye list --view ports '(tcp or udp) (state=listening or conns<0)'");
	copies(&d, "Esc 2 l Y", "sockeye list --view connections -a");
	copies(&d, "l < Y", "sockeye list --view connections --sort -tx_rate");
	copies(&d, "r Y", "sockeye list --view connections --sort tx_rate");
	copies(&d, "c / \"cookie Enter Space Enter Y",
	       "sockeye list --view connections --sort tx_rate --columns +cookie");
	copies(&d, "b Down Enter Y", "sockeye list --view connections --sort tx_rate --columns +cookie");
	assert_non_null(strstr(d.u->message, "copied without the groups (process): sockeye list"));
	desk_done(&d);
}

static void test_sort_by_several(void **state)
{
	const struct table *t;
	struct desk d;

	desk_init(&d, (struct ui_opts){0});
	copies(&d, "s Down Enter s Home Down Down Down Down Down Down Space Esc Y",
	       "sockeye list --view ports --sort proto,-conns");
	t = screen_table(ui_top(d.u));
	assert_string_equal(t->sort[0].col->key, "proto");
	assert_string_equal(t->sort[1].col->key, "conns");
	assert_true(t->sort[1].desc);
	copies(&d, "s Home Down Down Down Down Down Down Space Home Down Space Esc Y",
	       "sockeye list --view ports --sort -proto,conns");
	copies(&d, "s Home Down Down Space Esc Y", "sockeye list --view ports --sort -proto,conns,address");
	copies(&d, "s Home Enter Y", "sockeye list --view ports"); /* as it was */
	copies(&d, "2 s Home Space Esc Y", "sockeye list --view connections --sort rate");
	desk_done(&d);
}

static uint32_t conns_of(const struct table *t, size_t line)
{
	struct ctx c = table_ctx(t);
	struct value v;

	column_value(column_by_key(t->rows_kind, "conns"), &c, t->order.v[line], &v);
	return v.null ? UINT32_MAX : (uint32_t)v.i;
}

/* What the command prints are the rows of the screen, with the same counts. */
static void same_by_command(const char *keys)
{
	const char *text;
	struct filter *f = NULL;
	struct filter_error err;
	struct table t;
	struct desk d;
	struct str filter = {0};
	const struct table *shown;

	desk_init(&d, (struct ui_opts){0});
	press(&d, keys);
	shown = screen_table(ui_top(d.u));
	text = strstr(d.copied, " '");
	assert_non_null(text);
	for (text += 2; *text && *text != '\''; text++)
		str_putc(&filter, *text);
	assert_int_equal(filter_parse(str_text(&filter), d.x.services, &f, &err), 0);
	table_init(&t, shown->view);
	t.filter = f;
	table_update(&t, shown->f, UINT16_MAX, false);
	assert_true(t.order.n > 1);
	assert_int_equal(t.order.n, shown->order.n);
	for (size_t i = 0; i < t.order.n; i++) {
		assert_int_equal(t.order.v[i], shown->order.v[i]);
		assert_int_equal(conns_of(&t, i), conns_of(shown, i));
	}
	table_done(&t);
	filter_free(f);
	str_done(&filter);
	desk_done(&d);
}

static void test_command_counts(void **state)
{
	same_by_command("l Y");
	same_by_command("/ \"nginx Enter l Y");
}

static void test_save(void **state)
{
	struct desk d;

	desk_init(&d, (struct ui_opts){.interval_ns = UINT64_C(2000000000)});
	press(&d, "W");
	assert_string_equal(str_text(&d.saved), "view 0 interval 2000000000\n0 columns - sort -\n");
	assert_string_equal(d.u->message, "kept in a file: view, columns, sort and interval");
	press(&d, "2 r c Down Space Enter + W");
	assert_string_equal(str_text(&d.saved), "view 1 interval 3000000000\n0 columns - sort -\n"
						"1 columns -state sort rate\n");
	d.save_gives = -EROFS;
	press(&d, "W");
	assert_string_equal(d.u->message, "not kept: a file");
	assert_true(d.u->message_error);
	desk_done(&d);
	desk_init(&d, (struct ui_opts){.read_only = true});
	press(&d, "W");
	assert_int_equal(d.saved.n, 0);
	desk_done(&d);
}

static void test_settings(void **state)
{
	struct ui_opts o = {.view_columns = {[VIEW_PORTS] = "port,pid", [VIEW_CONNECTIONS] = "+cookie"},
			    .view_sort = {[VIEW_CONNECTIONS] = "-pid"},
			    .columns = "port,process"};
	struct desk d;

	/* The command line goes before them. */
	desk_init(&d, o);
	copies(&d, "Y", "sockeye list --view ports --columns port,process");
	copies(&d, "2 Y", "sockeye list --view connections --sort -pid --columns +cookie");
	desk_done(&d);
	o.columns = NULL;
	desk_init(&d, o);
	copies(&d, "Y", "sockeye list --view ports --columns port,pid");
	desk_done(&d);
}

static void test_keys(void **state)
{
	struct keymap m;
	char err[200];
	struct desk d;

	keymap_init(&m);
	assert_int_equal(keymap_set(&m, "copy_command", "F7", err, sizeof(err)), 0);
	assert_int_equal(keymap_set(&m, "view_2", "x 7", err, sizeof(err)), 0);
	desk_init(&d, (struct ui_opts){.keymap = &m});
	copies(&d, "F7", "sockeye list --view ports");
	copies(&d, "Y", "");
	copies(&d, "7 F7", "sockeye list --view connections");
	/* A click is not a key. */
	press(&d, "1");
	for (size_t i = 0; i < d.u->hits.n; i++)
		if (!strcmp(d.u->hits.v[i].binding->action, "view_2")) {
			struct key k = {.code = KEY_MOUSE_,
					.mouse = MOUSE_CLICK,
					.y = d.u->hits.v[i].y,
					.x = d.u->hits.v[i].x};

			ui_key(d.u, &k, d.now);
			break;
		}
	copies(&d, "F7", "sockeye list --view connections");
	desk_done(&d);
	keymap_done(&m);
}

static void test_named_views(void **state)
{
	static const struct ui_named_view named[] = {
		{"stuck", VIEW_CONNECTIONS, "state=close-wait", "-pid", NULL},
		{"web", VIEW_PORTS, "port=80 or port=443", NULL, "port,pid"},
	};
	struct ui_opts o = {.named = named, .named_n = 2, .view = VIEW_N + 1};
	struct table *t;
	struct desk d;

	desk_init(&d, o);
	t = screen_table(ui_top(d.u));
	assert_int_equal(t->view, VIEW_PORTS);
	assert_int_equal(t->matched, 3); /* 80, 443, 443u */
	copies(&d, "Y", "sockeye list --view ports 'port=80 or port=443' --columns port,pid");
	press(&d, "4");
	t = screen_table(ui_top(d.u));
	assert_int_equal(t->view, VIEW_CONNECTIONS);
	assert_int_equal(t->matched, 7);
	copies(&d, "Y", "sockeye list --view connections 'state=close-wait' --sort -pid");
	/* The filter of all views narrows further, and leaves the view's own alone when it goes. */
	press(&d, "/ \"lport=38610 Enter");
	assert_int_equal(t->matched, 1);
	copies(&d, "Y", "sockeye list --view connections '(state=close-wait) (lport=38610)' --sort -pid");
	press(&d, "5");
	assert_int_equal(screen_table(ui_top(d.u))->matched, 0);
	press(&d, "Esc");
	assert_int_equal(screen_table(ui_top(d.u))->matched, 3);
	press(&d, "4");
	assert_int_equal(t->matched, 7);
	press(&d, "1");
	assert_int_equal(screen_table(ui_top(d.u))->matched, 22);
	press(&d, "S-Tab");
	assert_int_equal(d.u->view, VIEW_N + 1);
	press(&d, "Tab");
	assert_int_equal(d.u->view, VIEW_PORTS);
	press(&d, "6");
	assert_string_equal(d.u->message, "no view 6; `:` finds a port");
	press(&d, "4 W");
	assert_non_null(strstr(str_text(&d.saved), "\n4 columns - sort -pid\n"));
	desk_done(&d);
}

static void test_first_view(void **state)
{
	struct desk d;

	desk_init(&d, (struct ui_opts){.all = true});
	copies(&d, "Y", "sockeye list --view ports -a");
	desk_done(&d);
	desk_init(&d, (struct ui_opts){.listening = true, .view = VIEW_CONNECTIONS});
	copies(&d, "Y", "sockeye list --view connections -a");
	desk_done(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copy_row),       cmocka_unit_test(test_copy_groups),
		cmocka_unit_test(test_copy_page),      cmocka_unit_test(test_command),
		cmocka_unit_test(test_save),           cmocka_unit_test(test_sort_by_several),
		cmocka_unit_test(test_command_counts), cmocka_unit_test(test_settings),
		cmocka_unit_test(test_keys),           cmocka_unit_test(test_named_views),
		cmocka_unit_test(test_first_view),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
