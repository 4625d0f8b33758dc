/* To whom: process groups, units, containers, systemctl stop; and what is said afterwards. With an invented system. */
#include "fake_kill.h"

/* A server with a child and a helper: one group, one unit. */
static struct kill *open_family(struct fake *f, struct kill_sys *sys, uint64_t *t)
{
	struct kill_plan plan = {0};

	if (!f->n) {
		const char *unit = "/system.slice/api.service";

		f->p[0] = (struct fake_proc){.pid = 40,
					     .ppid = 1,
					     .start = 5,
					     .state = 'S',
					     .inode = 7,
					     .comm = "node",
					     .pgrp = 40,
					     .cgroup = unit};
		f->p[1] = (struct fake_proc){.pid = 41,
					     .ppid = 40,
					     .start = 6,
					     .state = 'S',
					     .comm = "node",
					     .pgrp = 40,
					     .cgroup = unit};
		f->p[2] = (struct fake_proc){.pid = 42,
					     .ppid = 1,
					     .start = 7,
					     .state = 'S',
					     .comm = "help\ner",
					     .pgrp = 42,
					     .cgroup = "/system.slice/api.service/sub"};
		f->p[3] = (struct fake_proc){.pid = 43,
					     .ppid = 1,
					     .start = 8,
					     .state = 'S',
					     .comm = "other",
					     .pgrp = 43,
					     .cgroup = "/system.slice/api.services.service"};
		f->n = 4;
	}
	*sys = fake_sys(f);
	*t = 100 * NSEC_PER_SEC;
	add_target(&plan, "node", 40, 5, 7);
	snprintf(plan.targets.v[0].unit, sizeof(plan.targets.v[0].unit), "api.service");
	snprintf(plan.targets.v[0].user, sizeof(plan.targets.v[0].user), "deploy");
	add_port(&plan, 8080, true, false);
	return kill_open(&plan, sys);
}
static size_t way_to(const struct kill *k, uint8_t to)
{
	const struct kill_plan *p = kill_plan(k);
	size_t i = 0;

	while (i < p->ways.n && p->ways.v[i].to != to)
		i++;
	return i;
}
static bool offers(const struct kill *k, uint8_t to)
{
	return way_to(k, to) < kill_plan(k)->ways.n;
}

static void offers_group_unit_and_stop(void **state)
{
	struct fake f = {0};
	struct kill_sys sys;
	uint64_t t;
	struct kill *k = open_family(&f, &sys, &t);
	const struct kill_plan *p = kill_plan(k);

	assert_int_equal(p->ways.n, 4);
	assert_string_equal(p->ways.v[0].text, "node 40");
	assert_int_equal(p->ways.v[1].to, KILL_TO_GROUP);
	assert_string_equal(p->ways.v[1].text, "node 40 and 1 child");
	assert_int_equal(p->ways.v[2].to, KILL_TO_UNIT);
	assert_string_equal(p->ways.v[2].text, "api.service, 3 processes");
	assert_string_equal(f.opened_cgroup, "/system.slice/api.service");
	assert_int_equal(p->ways.v[3].to, KILL_TO_STOP);
	assert_string_equal(p->ways.v[3].command, "systemctl stop api.service");
	assert_int_equal(p->respawns.n, 1);
	assert_int_equal(p->respawns.v[0].state, RESPAWN_ASKING);
	kill_free(k);
}

static void sends_to_the_group_at_once(void **state)
{
	struct fake f = {0};
	struct kill_sys sys;
	uint64_t t;
	struct kill *k = open_family(&f, &sys, &t);

	kill_choose(k, way_to(k, KILL_TO_GROUP));
	assert_int_equal(kill_send(k, SIGINT, t), 2);
	assert_int_equal(f.group_sig, SIGINT);
	assert_int_equal(f.p[0].n_signals, 1);
	assert_int_equal(f.p[1].n_signals, 1);
	assert_int_equal(f.p[2].n_signals + f.p[3].n_signals, 0);
	kill_free(k);
}

/* Somebody joined whom the user was not shown: he gets nothing. Nor on kernels that cannot signal a group. */
static void group_one_by_one(void **state)
{
	for (int joined = 0; joined < 2; joined++) {
		struct fake f = {.group_err = joined ? 0 : -EINVAL};
		struct kill_sys sys;
		uint64_t t;
		struct kill *k = open_family(&f, &sys, &t);

		kill_choose(k, way_to(k, KILL_TO_GROUP));
		if (joined)
			f.p[3].pgrp = 40;
		assert_int_equal(kill_send(k, SIGTERM, t), 2);
		assert_int_equal(f.group_sig, 0);
		assert_int_equal(f.p[0].n_signals, 1);
		assert_int_equal(f.p[1].n_signals, 1);
		assert_int_equal(f.p[3].n_signals, 0);
		kill_free(k);
	}
}

/* Who left group or unit meanwhile gets nothing; when the holder lets go nobody does. */
static void members_are_checked_again(void **state)
{
	struct fake f = {0};
	struct kill_sys sys;
	uint64_t t;
	struct kill *k = open_family(&f, &sys, &t);

	kill_choose(k, way_to(k, KILL_TO_UNIT));
	f.p[2].cgroup = "/system.slice/other.service";
	assert_int_equal(kill_send(k, SIGTERM, t), 2);
	assert_int_equal(f.p[2].n_signals, 0);
	assert_int_equal(f.cgroup_kills, 0);
	kill_free(k);

	f = (struct fake){0};
	k = open_family(&f, &sys, &t);
	kill_choose(k, way_to(k, KILL_TO_UNIT));
	f.p[0].inode = 8;
	assert_int_equal(kill_send(k, SIGKILL, t), 0);
	assert_int_equal(f.cgroup_kills, 0);
	for (size_t i = 0; i < f.n; i++)
		assert_int_equal(f.p[i].n_signals, 0);
	kill_free(k);

	f = (struct fake){0};
	k = open_family(&f, &sys, &t);
	kill_choose(k, way_to(k, KILL_TO_GROUP));
	f.p[1].start = 66; /* its number was given to another process */
	assert_int_equal(kill_send(k, SIGTERM, t), 1);
	assert_int_equal(f.p[1].n_signals, 0);
	kill_free(k);
}

static void ends_the_unit_at_once(void **state)
{
	struct fake f = {0};
	struct kill_sys sys;
	uint64_t t;
	struct kill *k = open_family(&f, &sys, &t);
	size_t way = way_to(k, KILL_TO_UNIT);

	assert_true(kill_needs_word(kill_plan(k), way, SIGKILL));
	assert_false(kill_needs_word(kill_plan(k), way, SIGTERM));
	kill_choose(k, way);
	assert_int_equal(kill_send(k, SIGKILL, t), 3);
	assert_int_equal(f.cgroup_kills, 1);
	assert_int_equal(f.p[0].n_signals + f.p[1].n_signals + f.p[2].n_signals, 0);
	kill_free(k);

	/* Before 5.14 there is no cgroup.kill: one by one. */
	f = (struct fake){.cgroup_kill_err = -ENOENT};
	k = open_family(&f, &sys, &t);
	kill_choose(k, way_to(k, KILL_TO_UNIT));
	assert_int_equal(kill_send(k, SIGKILL, t), 3);
	assert_int_equal(f.p[0].signals[0], SIGKILL);
	assert_int_equal(f.p[2].signals[0], SIGKILL);
	assert_int_equal(f.p[3].n_signals, 0);
	kill_free(k);
}

/* Never the own unit or group, nor one with an ancestor or pid 1 in it, nor a slice. */
static void own_unit_is_not_offered(void **state)
{
	static const char *const own[] = {"/system.slice/api.service", "/system.slice/api.service/sub/deep"};
	struct kill_sys sys;
	struct kill *k;
	uint64_t t;

	for (size_t i = 0; i < ARRAY_LEN(own); i++) {
		struct fake f = {.own_cgroup = own[i]};

		k = open_family(&f, &sys, &t);
		assert_false(offers(k, KILL_TO_UNIT));
		assert_false(offers(k, KILL_TO_STOP));
		kill_free(k);
	}
	for (int i = 0; i < 3; i++) {
		struct fake f = {0};

		kill_free(open_family(&f, &sys, &t)); /* fills f */
		if (i == 0)
			f.p[1].pid = (uint32_t)getppid();
		else if (i == 1)
			f.p[1].pid = (uint32_t)getpid();
		else
			f.p[1].pid = 1;
		f.p[1].n_signals = 0;
		k = open_family(&f, &sys, &t);
		assert_false(offers(k, KILL_TO_GROUP));
		assert_false(offers(k, KILL_TO_UNIT));
		kill_free(k);
	}
	for (int i = 0; i < 2; i++) {
		struct fake f = {0};

		kill_free(open_family(&f, &sys, &t));
		f.p[0].cgroup = i ? "/" : "/user.slice/user-1000.slice/session-3.scope";
		k = open_family(&f, &sys, &t);
		assert_false(offers(k, KILL_TO_UNIT));
		assert_false(offers(k, KILL_TO_STOP));
		kill_free(k);
	}
}

static void stops_the_unit(void **state)
{
	struct fake f = {0};
	struct kill_sys sys;
	uint64_t t;
	struct kill *k = open_family(&f, &sys, &t);

	kill_choose(k, way_to(k, KILL_TO_STOP));
	assert_int_equal(kill_send(k, SIGTERM, t), 1);
	assert_string_equal(f.stopped, "api.service");
	assert_int_equal(f.p[0].n_signals, 0); /* systemd signals, not we */
	assert_string_equal(step(k, 0), "systemctl stop api.service");
	f.p[0].exited = true;
	kill_watch(k, NULL, t + 1, NSEC_PER_SEC);
	assert_string_equal(step(k, 1), "node 40 ended");
	kill_free(k);

	f = (struct fake){.stop_err = -ENOENT};
	k = open_family(&f, &sys, &t);
	kill_choose(k, way_to(k, KILL_TO_STOP));
	assert_int_equal(kill_send(k, SIGTERM, t), 0);
	assert_non_null(strstr(step(k, 0), "cannot be started"));
	assert_int_equal(kill_sent_ns(k), 0);
	kill_free(k);

	f = (struct fake){.no_systemctl = true};
	k = open_family(&f, &sys, &t);
	assert_false(offers(k, KILL_TO_STOP));
	assert_int_equal(kill_plan(k)->respawns.v[0].state, RESPAWN_UNKNOWN);
	kill_free(k);
}

/* A unit of a user's own manager: run for oneself, only shown for another, and never asked of the system's. */
static void units_of_users(void **state)
{
	struct fake f = {0};
	struct kill_sys sys;
	char own[128];
	uint64_t t;
	struct kill *k;

	kill_free(open_family(&f, &sys, &t));
	snprintf(own, sizeof(own), "/user.slice/user-%u.slice/user@%u.service/app.slice/api.service",
		 geteuid(), geteuid());
	f.p[0].cgroup = own;
	k = open_family(&f, &sys, &t);
	assert_true(offers(k, KILL_TO_STOP));
	assert_string_equal(kill_plan(k)->ways.v[way_to(k, KILL_TO_STOP)].command,
			    "systemctl --user stop api.service");
	kill_choose(k, way_to(k, KILL_TO_STOP));
	assert_int_equal(kill_send(k, SIGTERM, t), 1);
	assert_string_equal(f.stopped, "api.service");
	assert_true(f.stopped_user);
	kill_free(k);

	f.stopped[0] = '\0';
	snprintf(own, sizeof(own), "/user.slice/user-%u.slice/user@%u.service/app.slice/api.service",
		 geteuid() + 1, geteuid() + 1);
	k = open_family(&f, &sys, &t);
	assert_false(offers(k, KILL_TO_STOP));
	assert_string_equal(kill_plan(k)->ways.v[way_to(k, KILL_TO_COPY)].command,
			    "systemctl --user --machine=deploy@.host stop api.service");
	kill_choose(k, way_to(k, KILL_TO_COPY));
	assert_int_equal(kill_send(k, SIGTERM, t), 0);
	assert_string_equal(f.stopped, "");
	kill_free(k);
}

static void asks_the_right_manager(void **state)
{
	struct kill_plan plan = {0};
	struct fake f = {0};
	struct kill_sys sys;
	uint64_t t;
	struct kill *k;

	kill_free(open_family(&f, &sys, &t));
	add_target(&plan, "node", 40, 5, 7);
	snprintf(plan.targets.v[0].unit, sizeof(plan.targets.v[0].unit), "api.service");
	plan.targets.v[0].user_unit = true;
	plan.targets.v[0].unit_uid = geteuid();
	k = kill_open(&plan, &sys);
	assert_int_equal(kill_plan(k)->respawns.n, 1);
	assert_true(kill_plan(k)->respawns.v[0].user);
	kill_answer(k, "Id=api.service\nRestart=always\nRestartUSec=5s\n\n");
	assert_true(kill_plan(k)->respawns.v[0].user);
	assert_int_equal(kill_plan(k)->respawns.v[0].state, RESPAWN_KNOWN);
	kill_free(k);

	add_target(&plan, "node", 40, 5, 7);
	snprintf(plan.targets.v[0].unit, sizeof(plan.targets.v[0].unit), "api.service");
	plan.targets.v[0].user_unit = true;
	plan.targets.v[0].unit_uid = geteuid() + 1;
	k = kill_open(&plan, &sys);
	assert_int_equal(kill_plan(k)->respawns.n, 0); /* nobody of ours could be asked */
	kill_free(k);
}

/* A container is ended by its own tool; the command is only shown. */
static void containers_are_copied(void **state)
{
	struct fake f = {0};
	struct kill_sys sys;
	uint64_t t;
	struct kill *k;

	kill_free(open_family(&f, &sys, &t));
	f.p[0].cgroup = "/system.slice/docker-"
			"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.scope";
	k = open_family(&f, &sys, &t);
	assert_true(offers(k, KILL_TO_UNIT));
	assert_false(offers(k, KILL_TO_STOP));
	assert_string_equal(kill_plan(k)->ways.v[way_to(k, KILL_TO_COPY)].command,
			    "docker stop 0123456789ab");
	kill_choose(k, way_to(k, KILL_TO_COPY));
	assert_int_equal(kill_send(k, SIGKILL, t), 0);
	for (size_t i = 0; i < f.n; i++)
		assert_int_equal(f.p[i].n_signals, 0);
	kill_free(k);
}

/* Without a unit: a program that started it and goes on may do so again. */
static void who_started_it(void **state)
{
	static const struct {
		uint32_t ppid;
		const char *comm, *said;
	} cases[] = {
		{300, "superv", "perhaps: superv 300 started it and goes on"},
		{300, "no\nde", "perhaps: no\\nde 300 started it and goes on"},
		{300, "bash", ""}, /* where people type */
		{1, "init", ""},
		{301, NULL, ""}, /* gone by now */
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fake f = {.n = 2};
		struct kill_sys sys = fake_sys(&f);
		struct kill_plan plan = {0};
		struct str s = {0};
		struct kill *k;

		f.p[0] = (struct fake_proc){.pid = 4000,
					    .ppid = cases[i].ppid,
					    .start = 500,
					    .state = 'S',
					    .inode = 77,
					    .comm = "node"};
		f.p[1] = (struct fake_proc){.pid = 300, .comm = cases[i].comm};
		add_target(&plan, "node", 4000, 500, 77);
		add_port(&plan, 8080, true, false);
		k = kill_open(&plan, &sys);
		assert_int_equal(kill_respawn_put(kill_plan(k), SIGTERM, &s), cases[i].said[0] ? 2 : 0);
		assert_string_equal(str_text(&s), cases[i].said);
		str_clear(&s);
		kill_respawn_put(kill_plan(k), SIGHUP, &s); /* that ends nothing */
		assert_string_equal(str_text(&s), "");
		str_done(&s);
		kill_free(k);
	}
}

/* Free, but not for everybody. */
static void tells_time_wait(void **state)
{
	struct shot s;

	shot_init(&s);
	show_sock(&s.held, 8080, STATE_TIME_WAIT, 0);
	s.held.socks.v[0].timer = 3;
	s.held.socks.v[0].timer_ms = 40500;
	show_sock(&s.held, 8080, STATE_TIME_WAIT, 0);
	show_sock(&s.held, 8081, STATE_TIME_WAIT, 0);
	s.f.now = &s.held;
	kill_send(s.k, SIGTERM, s.t);
	s.f.p[0].exited = true;
	kill_watch(s.k, &s.look, s.t + NSEC_PER_MS, 30 * NSEC_PER_SEC);
	assert_string_equal(step(s.k, 2), "8080/tcp is free");
	assert_string_equal(step(s.k, 3),
			    "free, but 2 connections in time-wait for 41s: bind needs SO_REUSEADDR");
	assert_true(kill_all_free(s.k));
	kill_watch(s.k, &s.look, s.t + NSEC_PER_SEC, 30 * NSEC_PER_SEC);
	assert_int_equal(s.f.linger_looks, 1);
	assert_int_equal(steps_n(s.k), 4);
	shot_done(&s);
}

static void names_of_signals(void **state)
{
	char buf[16];

	assert_int_equal(kill_signal_by_name("TERM"), SIGTERM);
	assert_int_equal(kill_signal_by_name("sigusr1"), SIGUSR1);
	assert_int_equal(kill_signal_by_name("9"), SIGKILL);
	assert_int_equal(kill_signal_by_name("WINCH"), SIGWINCH);
	assert_int_equal(kill_signal_by_name("RTMIN+3"), SIGRTMIN + 3);
	assert_int_equal(kill_signal_by_name("65"), 0);
	assert_int_equal(kill_signal_by_name("0"), 0);
	assert_int_equal(kill_signal_by_name("TERMINATE"), 0);
	assert_int_equal(kill_signal_by_name("SIG"), 0);
	assert_int_equal(kill_signal_by_name("-9"), 0);
	for (int sig = 1; sig <= SIGRTMAX; sig++)
		assert_int_equal(kill_signal_by_name(kill_signal_name(sig, buf)), sig);
}

static void log_is_one_line(void **state)
{
	static const struct kill_step steps[] = {
		{1000000000, KILL_SENT, 0, "TERM to node 21877 (api.service)"},
		{1084000000, KILL_ENDED, 1, "node 21877 ended"},
		{1085000000, KILL_FREED, 1, "8080/tcp is free"},
		{6100000000, KILL_TAKEN_AGAIN, 3, "8080/tcp taken again: node 30112"},
		{31000000000, KILL_WATCH_OVER, 0, "no longer watched"},
	};
	struct str s = {0};

	kill_log_put(steps, ARRAY_LEN(steps), 1000000000, &s);
	assert_string_equal(
		str_text(&s),
		"TERM to node 21877 (api.service): node 21877 ended after 84 ms; 8080/tcp is free after "
		"85 ms; 8080/tcp taken again: node 30112 after 5.1 s");
	str_clear(&s);
	kill_log_put(steps, 0, 0, &s);
	assert_string_equal(str_text(&s), "");
	str_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(offers_group_unit_and_stop),
		cmocka_unit_test(sends_to_the_group_at_once),
		cmocka_unit_test(group_one_by_one),
		cmocka_unit_test(members_are_checked_again),
		cmocka_unit_test(ends_the_unit_at_once),
		cmocka_unit_test(own_unit_is_not_offered),
		cmocka_unit_test(stops_the_unit),
		cmocka_unit_test(units_of_users),
		cmocka_unit_test(asks_the_right_manager),
		cmocka_unit_test(containers_are_copied),
		cmocka_unit_test(who_started_it),
		cmocka_unit_test(tells_time_wait),
		cmocka_unit_test(names_of_signals),
		cmocka_unit_test(log_is_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
