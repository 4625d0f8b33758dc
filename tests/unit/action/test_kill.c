/* The kill with an invented system: every step of the sequence is made to fail once. */
#include "fake_kill.h"

static void opens_and_sends(void **state)
{
	struct fake f = {0};
	struct kill_sys sys;
	struct kill *k = open_node(&f, &sys);
	size_t n;

	assert_int_equal(refusal(k), KILL_OK);
	assert_true(kill_possible(k));
	assert_int_equal(f.p[0].n_signals, 0);
	assert_int_equal(kill_send(k, SIGTERM, 1000), 1);
	assert_int_equal(f.p[0].n_signals, 1);
	assert_int_equal(f.p[0].signals[0], SIGTERM);
	assert_int_equal(kill_sent_ns(k), 1000);
	assert_string_equal(step(k, 0), "TERM to node 4000 (api.service)");
	assert_int_equal(kill_steps(k, &n)[0].event, KILL_SENT);
	assert_int_equal(n, 1);
	kill_free(k);
	assert_int_equal(fcntl(f.p[0].fd, F_GETFD), -1); /* the pidfd is closed */
}

/* Each refusal at opening; none of them may let a signal through. */
static void refuses_at_open(void **state)
{
	static const struct {
		struct fake_proc p;
		uint8_t want;
	} rows[] = {
		{{.pid = 9, .start = 500, .state = 'S', .inode = 77}, KILL_GONE}, /* 4000 is not there */
		{{.pid = 4000, .start = 501, .state = 'S', .inode = 77}, KILL_REUSED},
		{{.pid = 4000, .start = 500, .state = 'S', .inode = 78}, KILL_LET_GO},
		{{.pid = 4000, .start = 500, .state = 'Z', .exited = true}, KILL_ZOMBIE},
		{{.pid = 4000, .start = 500, .state = 'S', .inode = 77, .exited = true}, KILL_GONE},
		{{.pid = 4000, .start = 500, .state = 'S', .inode = 77, .probe_err = -EPERM},
		 KILL_NOT_PERMITTED},
		{{.pid = 4000, .start = 500, .state = 'S', .inode = 77, .probe_err = -ESRCH}, KILL_GONE},
		{{.pid = 4000, .start = 500, .state = 'S', .inode = 77, .probe_err = -EINVAL}, KILL_FAILED},
		{{.pid = 4000, .start = 500, .state = 'S', .inode = 77, .open_err = -ESRCH}, KILL_GONE},
		{{.pid = 4000, .start = 500, .state = 'S', .inode = 77, .open_err = -EMFILE}, KILL_FAILED},
		{{.pid = 4000, .start = 500, .state = 'S', .holds_err = -EACCES}, KILL_NOT_PERMITTED},
		{{.pid = 4000, .start = 500, .state = 'S', .holds_err = -ENOMEM}, KILL_FAILED},
		{{.pid = 4000, .start = 500, .state = 'S', .holds_err = -ENOENT}, KILL_LET_GO},
		{{.pid = 4000, .stat_err = -ENOENT, .exited = true}, KILL_GONE},
		{{.pid = 4000, .stat_err = -ENOENT}, KILL_NOT_PERMITTED}, /* alive, hidden by hidepid */
		{{.pid = 4000, .stat_err = -EIO}, KILL_FAILED},
		{{.pid = 4000, .start = 500, .state = 'S', .inode = 77, .exited_err = -EBADF}, KILL_FAILED},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fake f = {.p = {rows[i].p}, .n = 1};
		struct kill_sys sys;
		struct kill *k = open_node(&f, &sys);

		if (refusal(k) != rows[i].want)
			fail_msg("row %zu: %d, expected %d", i, refusal(k), rows[i].want);
		assert_false(kill_possible(k));
		assert_int_equal(kill_send(k, SIGKILL, 5), 0);
		assert_int_equal(f.p[0].n_signals, 0);
		assert_int_equal(kill_sent_ns(k), 0);
		assert_string_equal(step(k, steps_n(k) - 1), "nothing was sent");
		assert_false(kill_watch(k, NULL, 6, NSEC_PER_SEC));
		kill_free(k);
	}
}

/* A leader that exited before its threads is a zombie in /proc, but its pidfd says it lives. */
static void leader_exited_threads_live(void **state)
{
	struct fake f = {.p = {{.pid = 4000, .start = 500, .state = 'Z', .inode = 77}}, .n = 1};
	struct kill_sys sys;
	struct kill *k = open_node(&f, &sys);

	assert_int_equal(refusal(k), KILL_OK);
	assert_int_equal(kill_send(k, SIGTERM, 5), 1);
	kill_free(k);
}

/* The same between opening and sending: everything is checked again. */
static void refuses_at_send(void **state)
{
	static const struct {
		struct fake_proc after;
		uint8_t want;
	} rows[] = {
		{{.start = 501, .state = 'S', .inode = 77}, KILL_REUSED},
		{{.start = 500, .state = 'S', .inode = 78}, KILL_LET_GO},
		{{.start = 500, .state = 'Z', .exited = true}, KILL_ZOMBIE},
		{{.start = 500, .state = 'S', .inode = 77, .exited = true}, KILL_GONE},
		{{.start = 500, .state = 'S', .inode = 77, .probe_err = -EPERM}, KILL_NOT_PERMITTED},
		{{.start = 500, .state = 'S', .inode = 77, .signal_err = -EPERM}, KILL_NOT_PERMITTED},
		{{.start = 500, .state = 'S', .inode = 77, .signal_err = -ESRCH}, KILL_GONE},
		{{.start = 500, .state = 'S', .inode = 77, .signal_err = -EAGAIN}, KILL_FAILED},
		{{.stat_err = -ENOENT, .exited = true}, KILL_GONE},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fake f = {0};
		struct kill_sys sys;
		struct kill *k = open_node(&f, &sys);
		int fd = f.p[0].fd;

		assert_true(kill_possible(k));
		f.p[0] = rows[i].after;
		f.p[0].pid = 4000;
		f.p[0].fd = fd;
		assert_int_equal(kill_send(k, SIGTERM, 5), 0);
		if (refusal(k) != rows[i].want)
			fail_msg("row %zu: %d, expected %d", i, refusal(k), rows[i].want);
		assert_int_equal(f.p[0].n_signals, 0);
		kill_free(k);
	}
}

static void refuses_special_pids(void **state)
{
	struct fake f = {0};
	struct kill_sys sys = fake_sys(&f);
	struct kill_plan plan = {0};
	struct kill *k;

	add_target(&plan, "systemd", 1, 1, 77);
	add_target(&plan, "kernel", 0, 0, 77);
	add_target(&plan, "self", (uint32_t)getpid(), 1, 77);
	add_target(&plan, "shell", (uint32_t)getppid(), 1, 77);
	add_target(&plan, "sshd", 4000, 1, 77);
	plan.targets.v[4].refusal = KILL_ZOMBIE; /* what the plan refused stays refused */
	k = kill_open(&plan, &sys);
	assert_int_equal(plan.targets.n, 0); /* moved */
	assert_int_equal(kill_plan(k)->targets.v[0].refusal, KILL_PID1);
	assert_int_equal(kill_plan(k)->targets.v[1].refusal, KILL_KERNEL);
	assert_int_equal(kill_plan(k)->targets.v[2].refusal, KILL_SELF);
	/* In a container the test may be pid 1's child. */
	assert_int_equal(kill_plan(k)->targets.v[3].refusal, getppid() <= 1 ? KILL_PID1 : KILL_ANCESTOR);
	assert_int_equal(kill_plan(k)->targets.v[4].refusal, KILL_ZOMBIE);
	assert_int_equal(kill_send(k, SIGKILL, 1), 0);
	kill_free(k);
}

/* Parent before child; one refused, the other goes on. */
static void sends_in_order(void **state)
{
	struct fake f = {.p = {{.pid = 20, .start = 1, .state = 'S', .inode = 7, .comm = "nginx"},
			       {.pid = 21, .start = 2, .state = 'S', .inode = 7, .comm = "nginx"},
			       {.pid = 22, .start = 3, .state = 'S', .inode = 8, .comm = "nginx"}},
			 .n = 3};
	struct kill_sys sys = fake_sys(&f);
	struct kill_plan plan = {0};
	struct kill *k;

	for (uint32_t i = 0; i < 3; i++)
		add_target(&plan, "nginx", 20 + i, 1 + i, 7);
	k = kill_open(&plan, &sys);
	assert_int_equal(kill_send(k, SIGTERM, 5), 2);
	assert_int_equal(f.order[0], 20);
	assert_int_equal(f.order[1], 21);
	assert_int_equal(f.p[2].n_signals, 0);
	assert_string_equal(step(k, 0), "TERM to nginx 20 and 21");
	assert_non_null(strstr(step(k, 1), "nginx 22"));
	/* Again, now KILL, on the same pidfds; one has ended meanwhile and gets nothing. */
	f.p[0].exited = true;
	assert_true(kill_watch(k, NULL, 6, NSEC_PER_SEC));
	assert_string_equal(step(k, 2), "nginx 20 ended");
	assert_int_equal(kill_send(k, SIGKILL, 7), 1);
	assert_int_equal(f.p[0].n_signals, 1);
	assert_int_equal(f.p[1].n_signals, 2);
	assert_int_equal(f.p[1].signals[1], SIGKILL);
	kill_free(k);
}

static void freed_then_taken_again(void **state)
{
	struct shot s;
	size_t n;

	shot_init(&s);
	show_sock(&s.held, 8080, STATE_LISTENING, 77);
	show_sock(&s.again, 8080, STATE_LISTENING, 99);
	show_owner(&s.again, 99, 30112, 1000000);
	s.f.p[1] = (struct fake_proc){.pid = 30112, .comm = "no\nde"}; /* a hostile name */
	s.f.n = 2;
	s.f.now = &s.held;
	kill_send(s.k, SIGTERM, s.t);
	assert_true(shot_watch(&s, 10));
	assert_int_equal(steps_n(s.k), 1);
	assert_false(kill_all_free(s.k));
	s.f.p[0].exited = true;
	s.f.now = &s.nothing;
	assert_true(shot_watch(&s, 84));
	assert_string_equal(step(s.k, 1), "node 4000 ended");
	assert_string_equal(step(s.k, 2), "8080/tcp is free");
	assert_int_equal(kill_steps(s.k, &n)[2].at_ns, s.t + 84 * NSEC_PER_MS);
	assert_int_equal(kill_steps(s.k, &n)[2].event, KILL_FREED);
	assert_true(kill_all_free(s.k));
	assert_int_equal(s.f.owner_looks, 0); /* nobody asked for owners so far */
	s.f.now = &s.again;
	shot_watch(&s, 5100);
	assert_string_equal(step(s.k, 3), "8080/tcp taken again: no\\nde 30112");
	assert_int_equal(s.f.owner_looks, 1);
	assert_false(kill_all_free(s.k));
	assert_false(shot_watch(&s, 30000));
	assert_int_equal(kill_steps(s.k, &n)[n - 1].event, KILL_WATCH_OVER);
	assert_false(shot_watch(&s, 31000));
	shot_done(&s);
}

/* The socket outlives its target: a fork of it holds it too, and was there before the signal. */
static void still_held_by_another(void **state)
{
	struct shot s;

	shot_init(&s);
	show_sock(&s.held, 8080, STATE_LISTENING, 77);
	show_owner(&s.held, 77, 4001, 600);
	s.f.p[1] = (struct fake_proc){.pid = 4001, .comm = "node"};
	s.f.n = 2;
	s.f.now = &s.held;
	kill_send(s.k, SIGTERM, s.t);
	s.f.p[0].exited = true;
	shot_watch(&s, 40);
	shot_watch(&s, 80);
	assert_int_equal(steps_n(s.k), 3); /* said once */
	assert_string_equal(step(s.k, 2), "8080/tcp still held by node 4001");
	assert_false(kill_all_free(s.k));
	shot_done(&s);
}

/* The same, and it is known whose child that is. */
static void still_held_by_a_child(void **state)
{
	struct kill_plan plan = {0};
	struct snapshot held;
	struct fake f = {0};
	struct kill_sys sys = fake_sys(&f);
	struct kill_look look = {&f, fake_look};
	uint64_t t = 100 * NSEC_PER_SEC;
	struct kill *k;

	snapshot_init(&held);
	show_sock(&held, 8080, STATE_LISTENING, 77);
	show_owner(&held, 77, 4001, 600);
	f.p[0] = (struct fake_proc){.pid = 4000, .start = 500, .state = 'S', .inode = 77, .comm = "nginx"};
	f.p[1] = (struct fake_proc){.pid = 4001, .comm = "nginx"};
	f.n = 2;
	f.now = &held;
	add_target(&plan, "nginx", 4000, 500, 77);
	add_port(&plan, 8080, true, true);
	vec_push(&plan.children, ((struct kill_child){4001, 600}));
	k = kill_open(&plan, &sys);
	kill_send(k, SIGTERM, t);
	f.p[0].exited = true;
	kill_watch(k, &look, t + 40 * NSEC_PER_MS, 30 * NSEC_PER_SEC);
	kill_watch(k, &look, t + 80 * NSEC_PER_MS, 30 * NSEC_PER_SEC);
	assert_string_equal(step(k, 2), "8080/tcp still held by nginx 4001 (child of the one that ended)");
	snapshot_done(&held);
	kill_free(k);
}

/* Restarted so fast that no look saw it free: a process younger than the signal is no old holder. */
static void taken_between_looks(void **state)
{
	struct shot s;

	shot_init(&s);
	show_sock(&s.again, 8080, STATE_LISTENING, 99);
	show_owner(&s.again, 99, 4001, (uint64_t)sysconf(_SC_CLK_TCK) * 101);
	s.f.now = &s.again;
	kill_send(s.k, SIGTERM, s.t);
	s.f.p[0].exited = true;
	shot_watch(&s, 40);
	assert_string_equal(step(s.k, 2), "8080/tcp taken again: pid 4001");
	shot_done(&s);
}

static void says_who_ignores(void **state)
{
	struct shot s;

	shot_init(&s);
	show_sock(&s.held, 8080, STATE_LISTENING, 77);
	s.f.now = &s.held;
	kill_send(s.k, SIGTERM, s.t);
	shot_watch(&s, 4999);
	assert_int_equal(steps_n(s.k), 1);
	shot_watch(&s, 5000);
	assert_string_equal(step(s.k, 1), "still held after 5.0 s: node 4000 ignores TERM");
	shot_watch(&s, 6000);
	assert_int_equal(steps_n(s.k), 2);
	/* HUP is not meant to end anything. */
	kill_send(s.k, SIGHUP, s.t + 7 * NSEC_PER_SEC);
	shot_watch(&s, 13000);
	assert_int_equal(steps_n(s.k), 3);
	shot_done(&s);
}

static void look_fails(void **state)
{
	struct shot s;

	shot_init(&s);
	s.f.look_err = -EMFILE;
	kill_send(s.k, SIGTERM, NSEC_PER_SEC);
	kill_watch(s.k, &s.look, 2 * NSEC_PER_SEC, 30 * NSEC_PER_SEC);
	kill_watch(s.k, &s.look, 3 * NSEC_PER_SEC, 30 * NSEC_PER_SEC);
	assert_int_equal(steps_n(s.k), 2);
	assert_non_null(strstr(step(s.k, 1), "cannot be looked at"));
	assert_false(kill_all_free(s.k));
	shot_done(&s);
}

/* A service that restarts in a loop does not grow the list for ever. */
static void steps_are_bounded(void **state)
{
	struct shot s;

	shot_init(&s);
	show_sock(&s.again, 8080, STATE_BOUND, 99);
	show_owner(&s.again, 99, 5, 1000000);
	kill_send(s.k, SIGTERM, s.t);
	s.f.p[0].exited = true;
	for (int i = 0; i < 200; i++) {
		s.f.now = i % 2 ? &s.again : &s.nothing;
		s.t += 100 * NSEC_PER_MS;
		kill_watch(s.k, &s.look, s.t, 3600 * NSEC_PER_SEC);
	}
	assert_int_equal(steps_n(s.k), 64);
	shot_done(&s);
}

static void menu_is_sane(void **state)
{
	assert_int_equal(kill_signals[0].number, SIGTERM);
	for (size_t i = 0; i < kill_signals_n; i++) {
		assert_true(kill_signals[i].number > 0);
		assert_true(strlen(kill_signals[i].name) <= 4);
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(kill_signals[i].number, kill_signals[j].number);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_and_sends),
		cmocka_unit_test(refuses_at_open),
		cmocka_unit_test(leader_exited_threads_live),
		cmocka_unit_test(refuses_at_send),
		cmocka_unit_test(refuses_special_pids),
		cmocka_unit_test(sends_in_order),
		cmocka_unit_test(freed_then_taken_again),
		cmocka_unit_test(still_held_by_another),
		cmocka_unit_test(still_held_by_a_child),
		cmocka_unit_test(taken_between_looks),
		cmocka_unit_test(says_who_ignores),
		cmocka_unit_test(look_fails),
		cmocka_unit_test(steps_are_bounded),
		cmocka_unit_test(menu_is_sane),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
