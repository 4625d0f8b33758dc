/* What the dashboard does with frames: whom it keeps to, what it says of them, what it has read again. */
#include "desk.h"
#include "ui_private.h"

static bool shows(const struct desk *d, const char *text)
{
	struct str all = {0};
	bool found;

	canvas_dump(&d->c, &all);
	found = strstr(str_text(&all), text) != NULL;
	str_done(&all);
	return found;
}

/* The page of a port in another namespace stays with that namespace, whatever its number becomes. */
static void test_page_keeps_its_namespace(void **state)
{
	struct desk d;
	uint16_t db = 0, more;

	desk_init(&d, (struct ui_opts){.filter = "process=postgres"});
	press(&d, "Enter");
	assert_true(shows(&d, "postgres"));
	/* another one takes its number, and has the same port, and it is the next by now */
	for (uint16_t i = 0; i < d.x.snap.netns.n; i++)
		if (!d.x.snap.netns.v[i].own)
			db = i;
	more = fixture_netns(&d.x, "shop");
	d.x.snap.netns.v[more] = d.x.snap.netns.v[db];
	d.x.snap.netns.v[db] = (struct snap_netns){.inode = 77, .name = intern_adds(d.x.names, "shop")};
	for (size_t i = 0; i < d.x.snap.socks.n; i++)
		if (d.x.snap.socks.v[i].netns == db)
			d.x.snap.socks.v[i].netns = more;
	uint32_t s = fixture_sock(&d.x, PROTO_TCP, STATE_LISTENING, "*:5432", NULL);

	d.x.snap.socks.v[s].netns = db;
	fixture_proc(&d.x, 31337, 1, 0, "impostor", "");
	fixture_fd(&d.x, s, 31337, 3);
	frame(&d);
	frame(&d);
	assert_true(shows(&d, "postgres"));
	assert_false(shows(&d, "impostor"));
	press(&d, "K");
	assert_int_equal(d.opened, 1);
	assert_int_equal(d.plan.targets.v[0].pid, 21002);
	desk_done(&d);
}

/* What this kernel cannot tell is said, one thing after the other, and no thing twice. */
static void test_limits_are_told_once(void **state)
{
	struct desk d;

	desk_init(&d, (struct ui_opts){0});
	snapshot_limit(&d.x.snap, "sctp", "not-supported", "no handler for sctp");
	snapshot_limit(&d.x.snap, "vsock", "not-supported", "no handler for vsock");
	snapshot_limit(&d.x.snap, "sock_diag", "from-proc", "There is no sock_diag here.");
	snapshot_limit(&d.x.snap, "owners", "not-permitted", "line 1 has that");
	snapshot_limit(&d.x.snap, "owner-scan", "bpf", "nobody needs that");
	press(&d, "/"); /* a prompt is not written over */
	frame(&d);
	assert_false(shows(&d, "This kernel"));
	press(&d, "Esc");
	frame(&d);
	assert_true(shows(&d, "This kernel lists no SCTP or vsock sockets: protocol not supported."));
	frame(&d);
	assert_true(shows(&d, "This kernel lists no SCTP"));
	ui_tick(d.u, d.now += MESSAGE_NS);
	frame(&d);
	assert_true(shows(&d, "There is no sock_diag here."));
	for (int i = 0; i < 3; i++) {
		ui_tick(d.u, d.now += MESSAGE_NS);
		frame(&d);
		assert_false(shows(&d, "This kernel"));
		assert_false(shows(&d, "sock_diag here"));
		assert_false(shows(&d, "line 1 has that"));
		assert_false(shows(&d, "nobody needs"));
	}
	/* whoever asks for it is told again */
	type(&d, "/sctp");
	press(&d, "Enter");
	assert_true(shows(&d, "This kernel has no SCTP sockets (protocol not supported). Nothing to show."));
	press(&d, "Esc");
	type(&d, "/vsock or sctp");
	press(&d, "Enter");
	assert_true(shows(&d, "This kernel lists no SCTP or vsock sockets (protocol not supported)."));
	desk_done(&d);
}

static bool has_seen(const struct ui_seen *v, size_t n, uint32_t pid, int32_t fd, bool inode)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].pid == pid && v[i].fd == fd && !v[i].inode == !inode)
			return true;
	return false;
}

/* What is on the screen is read again in every look, and nothing else is. */
static void test_visible_rows(void **state)
{
	struct desk d;
	struct ui_seen seen[512];
	uint32_t last, sock = NONE;
	size_t n;

	desk_init(&d, (struct ui_opts){0});
	n = ui_visible(d.u, seen, 512);
	assert_true(has_seen(seen, n, 812, 3, true)); /* sshd, in the first line */
	assert_true(n > 10);
	for (size_t i = 0; i < n; i++) {
		assert_true(seen[i].pid && seen[i].inode);
		for (size_t k = 0; k < d.x.snap.fds.n; k++)
			if (d.x.snap.fds.v[k].inode == seen[i].inode &&
			    d.x.snap.procs.v[d.x.snap.fds.v[k].proc].pid == seen[i].pid)
				sock = (uint32_t)k;
		assert_int_not_equal(sock, NONE);
		sock = NONE;
	}
	assert_int_equal(ui_visible(d.u, seen, 3), 3); /* no more than asked for, from the top */
	assert_int_equal(seen[0].pid, 812);
	/* two lines of a small screen, and after a page down others */
	canvas_resize(&d.c, 80, 6);
	ui_resize(d.u, 80, 6);
	n = ui_visible(d.u, seen, 512);
	assert_true(n >= 1 && n <= 4);
	assert_true(has_seen(seen, n, 812, 3, true));
	press(&d, "End");
	n = ui_visible(d.u, seen, 512);
	assert_false(has_seen(seen, n, 812, 3, true));
	press(&d, "Home");
	/* a process is read, not its descriptors: on its row, and on its page */
	press(&d, "3");
	canvas_resize(&d.c, 80, 24);
	ui_resize(d.u, 80, 24);
	n = ui_visible(d.u, seen, 512);
	assert_true(n > 0);
	for (size_t i = 0; i < n; i++)
		assert_true(seen[i].fd == -1 && !seen[i].inode);
	assert_true(has_seen(seen, n, 21877, -1, false));
	type(&d, "/process=node");
	press(&d, "Enter");
	press(&d, "Enter");
	assert_null(screen_table(ui_top(d.u)));
	last = (uint32_t)ui_visible(d.u, seen, 512);
	assert_true(last >= 1);
	assert_true(has_seen(seen, last, 21877, -1, false));
	desk_done(&d);
}

/* The connection of an open page, or under the pane, is asked about; what is said of another one is not taken for it. */
static void test_shown_connection(void **state)
{
	struct desk d;
	const struct sock *s;
	struct shown shown;
	uint64_t netns = 0, cookie;

	desk_init(&d, (struct ui_opts){.view = VIEW_CONNECTIONS, .filter = "lport=38624"});
	canvas_resize(&d.c, 80, 40);
	frame(&d);
	assert_null(ui_showing(d.u, &netns)); /* a table without a pane */
	press(&d, "Enter");
	s = ui_showing(d.u, &netns);
	assert_non_null(s);
	assert_int_equal(s->lport, 38624);
	assert_true(netns == frame_netns_inode(d.u->env.f, s->netns));
	cookie = s->cookie;
	assert_false(shows(&d, "held up"));
	shown = fixture_shown(&d.x, netns, cookie);
	shown.cookie++;
	ui_shown(d.u, &shown);
	ui_draw(d.u, &d.c);
	assert_false(shows(&d, "held up"));
	shown.cookie = cookie;
	shown.netns_inode++;
	ui_shown(d.u, &shown);
	ui_draw(d.u, &d.c);
	assert_false(shows(&d, "held up"));
	shown.netns_inode = netns;
	shown.delivery_rate = 5200000;
	shown.dsack_dups = 3;
	shown.reord_seen = 4;
	ui_shown(d.u, &shown);
	ui_draw(d.u, &d.c);
	assert_true(shows(&d, "held up"));
	assert_true(shows(&d, "path mtu 1,500"));
	assert_true(shows(&d, "5.2M/s got through"));
	assert_true(shows(&d, "3 in vain"));
	/* Beside the table it is asked about too, when the cursor has rested; a listener never is. */
	press(&d, "Esc");
	canvas_resize(&d.c, 140, 40);
	ui_draw(d.u, &d.c);
	s = ui_showing(d.u, &netns);
	assert_true(s && s->cookie == cookie);
	assert_true(shows(&d, "held up"));
	press(&d, "1");
	assert_null(ui_showing(d.u, &netns));
	desk_done(&d);
}

/* The pane of a port with thousands of connections takes a while to make: not while somebody pages through the table,
 * nor when what changed is not in it. */
static void test_paging_leaves_the_pane(void **state)
{
	struct desk d;
	char *mark;
	struct subject before;

	desk_init(&d, (struct ui_opts){.view = VIEW_CONNECTIONS});
	fixture_many(&d.x, 10000, 50);
	canvas_resize(&d.c, 140, 40);
	frame(&d);
	assert_true(shows(&d, "THIS END"));
	mark = memmem(d.u->detail_page.text.s, d.u->detail_page.text.n, "THIS END", 8);
	assert_non_null(mark);
	memcpy(mark, "as it is", 8);
	before = d.u->detail_subject;
	for (int i = 0; i < 50; i++) {
		d.now += S / 30; /* a held key repeats so often */
		press(&d, i % 2 ? "Down" : "PgDn");
		assert_false(ui_tick(d.u, d.now + DETAIL_REST_NS - 1));
		assert_true(ui_deadline(d.u) <= d.now + DETAIL_REST_NS);
	}
	assert_true(shows(&d, "as it is"));
	assert_true(d.u->detail_subject.pick.cookie == before.pick.cookie);
	assert_true(ui_tick(d.u, d.now + DETAIL_REST_NS));
	ui_draw(d.u, &d.c);
	assert_false(shows(&d, "as it is"));
	assert_true(shows(&d, "THIS END"));
	assert_true(d.u->detail_subject.pick.cookie != before.pick.cookie);
	desk_done(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_page_keeps_its_namespace),
		cmocka_unit_test(test_visible_rows),
		cmocka_unit_test(test_shown_connection),
		cmocka_unit_test(test_paging_leaves_the_pane),
		cmocka_unit_test(test_limits_are_told_once),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
