/* Every step of a kill fails in every way a system call can, when the dialog opens and when it is confirmed: the target
 * gets nothing then, the other target its signal, a bystander who holds the very same socket never any; and the words
 * say what it was. */
#include "fake_kill.h"

static const int errnos[] = {EPERM, EACCES, ESRCH, EINVAL, EMFILE, EINTR, ENOMEM, ENOSYS};

/* In the order of the sequence, and what ESRCH means there. */
static const struct {
	const char *name;
	size_t at; /* of the error in struct fake_proc */
	enum kill_refusal missing;
	bool open, send; /* asked for when the dialog opens; when it is confirmed */
} sequence[] = {
	{"pidfd_open", offsetof(struct fake_proc, open_err), KILL_GONE, true, false},
	/* Its pidfd says that it lives: /proc hides it. */
	{"start ticks", offsetof(struct fake_proc, stat_err), KILL_NOT_PERMITTED, true, true},
	{"fd link", offsetof(struct fake_proc, holds_err), KILL_LET_GO, true, true},
	{"poll", offsetof(struct fake_proc, exited_err), KILL_FAILED, true, true},
	{"probe", offsetof(struct fake_proc, probe_err), KILL_GONE, true, true},
	{"pidfd_send_signal", offsetof(struct fake_proc, signal_err), KILL_GONE, false, true},
};

enum { VICTIM, OTHER, BYSTANDER, PROCS };

static void fill(struct fake *f, struct kill_sys *sys)
{
	for (uint32_t i = 0; i < PROCS; i++)
		f->p[i] = (struct fake_proc){
			.pid = 4000 + i, .start = 500 + i, .state = 'S', .inode = 77, .comm = "node"};
	f->n = PROCS;
	*sys = fake_sys(f);
}

/* The dialog: of the three who hold the socket two were shown. */
static struct kill *open_two(const struct kill_sys *sys)
{
	struct kill_plan plan = {.your_uid = 1000};

	add_target(&plan, "node", 4000, 500, 77);
	add_target(&plan, "node", 4001, 501, 77);
	snprintf(plan.targets.v[0].user, sizeof(plan.targets.v[0].user), "deploy");
	plan.targets.v[0].uid = 1001;
	add_port(&plan, 8080, true, false);
	return kill_open(&plan, sys);
}

static enum kill_refusal wanted(size_t step, int err)
{
	if (err == EPERM || err == EACCES)
		return KILL_NOT_PERMITTED;
	return err == ESRCH ? sequence[step].missing : KILL_FAILED;
}

static void check_words(const struct kill *k, enum kill_refusal want, int err)
{
	struct str s = {0};
	bool told = false;

	kill_refusal_put(kill_plan(k), &kill_plan(k)->targets.v[0], &s);
	assert_non_null(strstr(str_text(&s), "node 4000"));
	switch (want) {
	case KILL_NOT_PERMITTED:
		assert_non_null(strstr(str_text(&s), "not permitted: node 4000 is deploy's"));
		break;
	case KILL_GONE:
		assert_non_null(strstr(str_text(&s), "has ended already"));
		break;
	case KILL_LET_GO:
		assert_non_null(strstr(str_text(&s), "no longer holds the socket"));
		break;
	default:
		assert_non_null(strstr(str_text(&s), "cannot be signalled: "));
		assert_non_null(strstr(str_text(&s), strerror(err)));
	}
	for (size_t i = 0; i < steps_n(k); i++)
		told |= !strcmp(step(k, i), str_text(&s));
	assert_true(told); /* the dashboard says the same */
	str_done(&s);
}

static void run(size_t step_at, int err, bool at_send)
{
	struct fake f = {0};
	struct kill_sys sys;
	struct kill *k;
	enum kill_refusal want = wanted(step_at, err);
	int *fault = (int *)((char *)&f.p[VICTIM] + sequence[step_at].at);

	fill(&f, &sys);
	*fault = at_send ? 0 : -err;
	k = open_two(&sys);
	if (refusal(k) != (at_send ? KILL_OK : want))
		fail_msg("%s, %s, opened: %u, expected %u", sequence[step_at].name, strerror(err), refusal(k),
			 want);
	*fault = -err;
	assert_int_equal(kill_send(k, SIGTERM, 5), 1);
	if (refusal(k) != want)
		fail_msg("%s, %s: %u, expected %u", sequence[step_at].name, strerror(err), refusal(k), want);
	assert_int_equal(f.p[VICTIM].n_signals, 0);
	assert_int_equal(f.p[OTHER].n_signals, 1);
	assert_int_equal(f.p[OTHER].signals[0], SIGTERM);
	assert_int_equal(f.p[BYSTANDER].n_signals, 0);
	check_words(k, want, err);
	/* Not later either, when the fault has passed: what was refused stays so. */
	*fault = 0;
	assert_int_equal(kill_send(k, SIGKILL, 6), 1);
	assert_int_equal(f.p[VICTIM].n_signals, 0);
	assert_int_equal(f.p[BYSTANDER].n_signals, 0);
	kill_free(k);
}

static void every_step(void **state)
{
	for (size_t s = 0; s < ARRAY_LEN(sequence); s++)
		for (size_t e = 0; e < ARRAY_LEN(errnos); e++) {
			if (sequence[s].open)
				run(s, errnos[e], false);
			if (sequence[s].send)
				run(s, errnos[e], true);
		}
}

/* ---- A unit ---- */

static struct kill *unit_scene(struct fake *f, struct kill_sys *sys, uint8_t to)
{
	struct kill_plan plan = {0};
	struct kill *k;
	size_t way = 0;

	for (uint32_t i = 0; i < PROCS; i++)
		f->p[i] = (struct fake_proc){.pid = 4000 + i,
					     .ppid = 1,
					     .start = 500 + i,
					     .state = 'S',
					     .inode = i ? 0 : 77,
					     .comm = "node",
					     .pgrp = i == BYSTANDER ? 4002 : 4000,
					     .cgroup = i == BYSTANDER ? "/system.slice/b.service"
								      : "/system.slice/a.service"};
	f->n = PROCS;
	*sys = fake_sys(f);
	add_target(&plan, "node", 4000, 500, 77);
	snprintf(plan.targets.v[0].unit, sizeof(plan.targets.v[0].unit), "a.service");
	k = kill_open(&plan, sys);
	while (way < kill_plan(k)->ways.n && kill_plan(k)->ways.v[way].to != to)
		way++;
	assert_true(way < kill_plan(k)->ways.n);
	kill_choose(k, way);
	return k;
}

/* All at once does not work: one by one, and only those who were shown. */
static void at_once_fails(void **state)
{
	for (size_t e = 0; e < ARRAY_LEN(errnos); e++) {
		for (int group = 0; group < 2; group++) {
			struct fake f = {.cgroup_kill_err = -errnos[e], .group_err = -errnos[e]};
			struct kill_sys sys;
			struct kill *k = unit_scene(&f, &sys, group ? KILL_TO_GROUP : KILL_TO_UNIT);

			assert_int_equal(kill_send(k, SIGKILL, 5), 2);
			assert_int_equal(f.p[VICTIM].n_signals, 1);
			assert_int_equal(f.p[OTHER].n_signals, 1);
			assert_int_equal(f.p[BYSTANDER].n_signals, 0);
			kill_free(k);
		}
	}
}

/* The holder fails a step on the way to its unit: nobody of it gets anything, at once or one by one. */
static void no_holder_no_unit(void **state)
{
	for (size_t s = 1; s + 1 < ARRAY_LEN(sequence); s++)
		for (size_t e = 0; e < ARRAY_LEN(errnos); e++)
			for (uint8_t to = KILL_TO_GROUP; to <= KILL_TO_STOP; to++) {
				struct fake f = {0};
				struct kill_sys sys;
				struct kill *k = unit_scene(&f, &sys, to);

				*(int *)((char *)&f.p[VICTIM] + sequence[s].at) = -errnos[e];
				assert_int_equal(kill_send(k, SIGKILL, 5), 0);
				assert_int_equal(f.cgroup_kills, 0);
				assert_int_equal(f.group_sig, 0);
				assert_string_equal(f.stopped, "");
				for (size_t i = 0; i < PROCS; i++)
					assert_int_equal(f.p[i].n_signals, 0);
				kill_free(k);
			}
}

static void systemctl_fails(void **state)
{
	for (size_t e = 0; e < ARRAY_LEN(errnos); e++) {
		struct fake f = {.stop_err = -errnos[e]};
		struct kill_sys sys;
		struct kill *k = unit_scene(&f, &sys, KILL_TO_STOP);

		assert_int_equal(kill_send(k, SIGTERM, 5), 0);
		assert_non_null(strstr(step(k, 0), "systemctl stop a.service cannot be started: "));
		assert_non_null(strstr(step(k, 0), strerror(errnos[e])));
		assert_string_equal(step(k, 1), "nothing was sent");
		for (size_t i = 0; i < PROCS; i++)
			assert_int_equal(f.p[i].n_signals, 0);
		kill_free(k);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_step),
		cmocka_unit_test(at_once_fails),
		cmocka_unit_test(no_holder_no_unit),
		cmocka_unit_test(systemctl_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
