/* Opens, checks and signals the targets of a kill: a process is reached through its pidfd only, and only
 * while everything that was shown about it still holds. */
#include "kill_private.h"

#include "sockeye/base/text.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A step; the caller writes its text. NULL when the list is full: a service that restarts in a loop could
 * fill it for ever. */
char *kill_step_add(struct kill *k, enum kill_event event, uint8_t severity, uint64_t now_ns)
{
	struct kill_step *s;

	if (k->steps.n >= KILL_STEPS_MAX)
		return NULL;
	s = vec_add(&k->steps);
	*s = (struct kill_step){.at_ns = now_ns, .event = event, .severity = severity};
	return s->text;
}

void kill_step_say(struct kill *k, enum kill_event event, uint8_t severity, uint64_t now_ns, const char *text)
{
	char *to = kill_step_add(k, event, severity, now_ns);

	if (to)
		snprintf(to, sizeof(k->steps.v[0].text), "%s", text);
}

/* "nginx 1044, nginx 1045 and 3 more" of the targets that pass. */
void kill_names(const struct kill *k, bool (*pass)(const struct kill_aim *), struct str *out)
{
	const char *last = "";
	size_t n = 0, shown = 0;

	for (size_t i = 0; i < k->aims.n; i++)
		n += pass(&k->aims.v[i]);
	for (size_t i = 0; i < k->aims.n && shown < 3; i++) {
		if (!pass(&k->aims.v[i]))
			continue;
		if (shown)
			str_puts(out, shown + 1 == n ? " and " : ", ");
		if (strcmp(last, kill_target_of(k, i)->name) != 0)
			str_putf(out, "%s ", kill_target_of(k, i)->name);
		last = kill_target_of(k, i)->name;
		str_putf(out, "%u", kill_target_of(k, i)->pid);
		shown++;
	}
	if (n > shown)
		str_putf(out, " and %zu more", n - shown);
}

static void find_ancestors(struct kill *k)
{
	uint32_t at = (uint32_t)getpid(), up;

	while (k->ancestors_n < KILL_ANCESTORS_MAX && at > 0) {
		k->ancestors[k->ancestors_n++] = at;
		if (at == 1 || k->sys.parent(k->sys.data, at, &up) < 0)
			return;
		at = up;
	}
}

bool kill_is_ancestor(const struct kill *k, uint32_t pid)
{
	for (uint32_t i = 0; i < k->ancestors_n; i++)
		if (k->ancestors[i] == pid)
			return true;
	return false;
}

static bool is_gone(int err)
{
	return err == -ENOENT || err == -ESRCH;
}
static bool is_denied(int err)
{
	return err == -EPERM || err == -EACCES;
}

/* Does it hold one of the sockets that made it a target? A process without any was picked for itself. */
static int still_holds(const struct kill_sys *sys, const struct kill_target *t)
{
	return t->proofs.n ? sys->holds(sys->data, t->pid, t->proofs.v, t->proofs.n) : 1;
}

static enum kill_refusal failed(struct kill_target *t, int err)
{
	if (is_denied(err))
		return KILL_NOT_PERMITTED;
	t->err = err;
	return KILL_FAILED;
}

static enum kill_refusal reused(const struct kill *k, struct kill_target *t)
{
	char comm[64] = "", safe[64] = "";
	struct str s = {0};

	if (k->sys.comm(k->sys.data, t->pid, comm) == 0 && comm[0]) {
		text_put_cell(&s, comm, strnlen(comm, sizeof(comm)), false, 32);
		snprintf(safe, sizeof(safe), "%s", str_text(&s));
		snprintf(t->why, sizeof(t->why), "ended meanwhile; the number belongs to %s now", safe);
	}
	str_done(&s);
	return KILL_REUSED;
}

/* Everything that must hold for a signal. The pidfd is asked last: still alive, it proves that what /proc
 * said before was said of this very process and not of a successor of its number. */
enum kill_refusal kill_check_target(const struct kill *k, struct kill_target *t, int pidfd)
{
	const struct kill_sys *sys = &k->sys;
	uint64_t start = 0;
	char state = '?';
	int stat_err, held = 0, ended, r;

	t->err = 0;
	stat_err = sys->start_ticks(sys->data, t->pid, &start, &state);
	if (stat_err == 0 && start != t->start)
		return reused(k, t);
	if (stat_err == 0)
		held = still_holds(sys, t);
	ended = sys->exited(sys->data, pidfd);
	if (ended < 0)
		return failed(t, ended);
	if (ended)
		return stat_err == 0 && state == 'Z' ? KILL_ZOMBIE : KILL_GONE;
	if (stat_err < 0) /* alive, but /proc does not show it: mounted with hidepid */
		return is_gone(stat_err) ? KILL_NOT_PERMITTED : failed(t, stat_err);
	if (held < 0 && !is_gone(held))
		return failed(t, held);
	if (held != 1)
		return KILL_LET_GO;
	r = sys->signal(sys->data, pidfd, 0);
	if (r == -ESRCH)
		return KILL_GONE;
	return r < 0 ? failed(t, r) : KILL_OK;
}

enum kill_refusal kill_open_target(struct kill *k, struct kill_target *t, struct kill_aim *a)
{
	int fd;

	t->err = 0;
	if (t->refusal != KILL_OK)
		return (enum kill_refusal)t->refusal;
	if (t->pid <= 1)
		return t->pid ? KILL_PID1 : KILL_KERNEL;
	if (t->pid == (uint32_t)getpid())
		return KILL_SELF;
	if (kill_is_ancestor(k, t->pid))
		return KILL_ANCESTOR;
	fd = k->sys.pidfd_open(k->sys.data, t->pid);
	if (fd == -ESRCH)
		return KILL_GONE;
	if (fd < 0)
		return failed(t, fd);
	a->pidfd = fd;
	return kill_check_target(k, t, fd);
}

static bool is_target(const struct kill *k, uint32_t pid)
{
	for (size_t i = 0; i < k->plan.targets.n; i++)
		if (k->plan.targets.v[i].pid == pid)
			return true;
	return false;
}

/* What people work in starts nothing again; init and systemd are asked in their own way. */
static bool starts_again(const char *comm)
{
	static const char *const none[] = {"sh",   "bash",  "dash",   "zsh",          "fish",
					   "ksh",  "csh",   "tcsh",   "sshd",         "su",
					   "sudo", "login", "screen", "tmux: server", "systemd"};

	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		if (!strcmp(comm, none[i]))
			return false;
	return true;
}

static void find_starter(struct kill *k)
{
	for (size_t i = 0; i < k->plan.targets.n && !k->plan.starter_pid; i++) {
		uint32_t parent = 0;
		struct str name = {0};
		char comm[64];

		if (k->plan.targets.v[i].refusal != KILL_OK ||
		    k->sys.parent(k->sys.data, k->plan.targets.v[i].pid, &parent) < 0 || parent <= 1 ||
		    is_target(k, parent) || k->sys.comm(k->sys.data, parent, comm) < 0 || !starts_again(comm))
			continue;
		k->plan.starter_pid = parent;
		text_put_cell(&name, comm, strnlen(comm, sizeof(comm)), false, sizeof(comm));
		snprintf(k->plan.starter, sizeof(k->plan.starter), "%s", str_text(&name));
		str_done(&name);
	}
}

struct kill *kill_open(struct kill_plan *plan, const struct kill_sys *sys)
{
	struct kill *k = mem_zalloc(1, sizeof(*k));

	k->sys = kill_sys_real;
	if (sys) {
		k->sys.data = sys->data;
#define TAKE(member)                                                                                         \
	if (sys->member)                                                                                     \
		k->sys.member = sys->member;
		TAKE(pidfd_open)
		TAKE(start_ticks)
		TAKE(holds)
		TAKE(signal)
		TAKE(exited)
		TAKE(parent)
		TAKE(comm)
		TAKE(group)
		TAKE(pids)
		TAKE(signal_group)
		TAKE(cgroup)
		TAKE(cgroup_open)
		TAKE(cgroup_pids)
		TAKE(cgroup_kill)
		TAKE(unit_stop)
		TAKE(unit_stoppable)
#undef TAKE
	}
	k->plan = *plan;
	memset(plan, 0, sizeof(*plan));
	k->leader = k->cgroup = k->job.out = -1;
	find_ancestors(k);
	for (size_t i = 0; i < k->plan.targets.n; i++) {
		struct kill_target *t = &k->plan.targets.v[i];
		struct kill_aim *a = vec_add(&k->aims);

		*a = (struct kill_aim){.pidfd = -1, .ways = 1 << KILL_TO_HOLDERS};
		t->refusal = (uint8_t)kill_open_target(k, t, a);
	}
	kill_find_ways(k);
	if (!k->plan.respawns.n)
		find_starter(k);
	for (size_t i = 0; i < k->plan.ports.n; i++)
		vec_push(&k->ports, KILL_PORT_HELD);
	return k;
}

void kill_free(struct kill *k)
{
	if (!k)
		return;
	for (size_t i = 0; i < k->aims.n; i++)
		if (k->aims.v[i].pidfd >= 0)
			close(k->aims.v[i].pidfd);
	if (k->leader >= 0)
		close(k->leader);
	if (k->cgroup >= 0)
		close(k->cgroup);
	unit_job_done(&k->job);
	kill_plan_done(&k->plan);
	vec_done(&k->members);
	vec_done(&k->aims);
	vec_done(&k->ports);
	vec_done(&k->steps);
	free(k);
}

const struct kill_plan *kill_plan(const struct kill *k)
{
	return &k->plan;
}

bool kill_possible(const struct kill *k)
{
	for (size_t i = 0; i < k->plan.targets.n; i++)
		if (k->plan.targets.v[i].refusal == KILL_OK && k->aims.v[i].pidfd >= 0 && !k->aims.v[i].ended)
			return true;
	return false;
}

void kill_choose(struct kill *k, size_t way)
{
	k->way = way < k->plan.ways.n ? way : 0;
}

static const struct kill_way *way_now(const struct kill *k)
{
	return k->way < k->plan.ways.n ? &k->plan.ways.v[k->way] : NULL;
}

static uint8_t to_now(const struct kill *k)
{
	return way_now(k) ? way_now(k)->to : KILL_TO_HOLDERS;
}

static bool was_sent_now(const struct kill_aim *a)
{
	return a->sent_now;
}

static void say_sent(struct kill *k, int sig, int sent, uint64_t now_ns)
{
	char number[16], name[24];
	struct str s = {0};

	kill_signal_name(sig, name);
	snprintf(number, sizeof(number), "%d", sig);
	str_putf(&s, "%s%s to ", strcmp(name, number) ? "" : "signal ", name);
	if (to_now(k) == KILL_TO_UNIT || to_now(k) == KILL_TO_GROUP)
		str_putf(&s, "%s %s: ", kill_to_names[to_now(k)], way_now(k)->text);
	else if (sent > 3)
		str_putf(&s, "%d processes: ", sent);
	kill_names(k, was_sent_now, &s);
	for (size_t i = 0; sent == 1 && i < k->aims.n; i++)
		if (k->aims.v[i].sent_now && kill_target_of(k, i)->unit[0])
			str_putf(&s, " (%s)", kill_target_of(k, i)->unit);
	kill_step_say(k, KILL_SENT, 0, now_ns, str_text(&s));
	str_done(&s);
}

/* Is it reached by the way chosen, and does everything shown about it still hold? */
static bool fit_for(struct kill *k, size_t i)
{
	struct kill_target *t = kill_target_of(k, i);
	struct kill_aim *a = &k->aims.v[i];
	uint8_t to = to_now(k);

	a->sent_now = false;
	if (!(a->ways & (1 << to)) || t->refusal != KILL_OK || a->pidfd < 0 || a->ended)
		return false;
	t->refusal = (uint8_t)kill_check_target(k, t, a->pidfd);
	if (t->refusal == KILL_OK && to != KILL_TO_HOLDERS && to != KILL_TO_STOP &&
	    !kill_still_member(k, t, to))
		t->refusal = KILL_LET_GO;
	return t->refusal == KILL_OK;
}

void kill_check(struct kill *k)
{
	for (size_t i = 0; i < k->aims.n; i++)
		fit_for(k, i);
}

static int send_one(struct kill *k, size_t i, int sig)
{
	struct kill_target *t = kill_target_of(k, i);
	int r = k->sys.signal(k->sys.data, k->aims.v[i].pidfd, sig);

	if (r < 0)
		t->refusal = (uint8_t)(r == -ESRCH ? KILL_GONE : failed(t, r));
	return r;
}

/* All at once, where the kernel can and nobody joined whom the user was not shown; else one by one. */
static bool send_together(struct kill *k, int sig)
{
	if (to_now(k) == KILL_TO_GROUP)
		return k->leader >= 0 && kill_nobody_joined(k, KILL_TO_GROUP) &&
		       k->sys.signal_group(k->sys.data, k->leader, sig) == 0;
	if (to_now(k) == KILL_TO_UNIT && sig == SIGKILL)
		return k->cgroup >= 0 && k->sys.cgroup_kill(k->sys.data, k->cgroup) == 0;
	return false;
}

static bool start_stop(struct kill *k, uint64_t now_ns)
{
	const char *unit = k->plan.targets.n ? way_now(k)->text : "";
	bool user = way_now(k)->user;
	int r = k->sys.unit_stop ? k->sys.unit_stop(k->sys.data, unit, user)
				 : unit_job_start(&k->job, unit, user);
	char text[160];

	if (r < 0) {
		snprintf(text, sizeof(text), "%s cannot be started: %s", way_now(k)->command, strerror(-r));
		kill_step_say(k, KILL_REFUSED, 3, now_ns, text);
	}
	return r >= 0;
}

static void tell_refused(struct kill *k, uint64_t now_ns)
{
	struct str s = {0};

	for (size_t i = 0; i < k->aims.n; i++) {
		const struct kill_target *t = kill_target_of(k, i);

		if (t->refusal == KILL_OK || k->aims.v[i].told || !(k->aims.v[i].ways & (1 << to_now(k))))
			continue;
		k->aims.v[i].told = true;
		str_clear(&s);
		kill_refusal_put(&k->plan, t, &s);
		/* A child may end because its parent just got the signal: no bad news. */
		kill_step_say(k, KILL_REFUSED, t->refusal == KILL_GONE || t->refusal == KILL_ZOMBIE ? 0 : 3,
			      now_ns, str_text(&s));
	}
	str_done(&s);
}

/* A holder among those reached gives the right to signal the others. */
static bool any_holder_fit(const struct kill *k, const uint8_t *fit)
{
	for (size_t i = 0; i < k->plan.targets.n; i++)
		if (fit[i])
			return true;
	return false;
}

int kill_send(struct kill *k, int sig, uint64_t now_ns)
{
	bool one_by_one = to_now(k) == KILL_TO_HOLDERS, together = false;
	uint8_t *fit = mem_zalloc(k->aims.n, 1);
	int sent = 0;

	/* One by one each is checked right before its signal; else all before the first, for together is no between. */
	for (size_t i = 0; i < k->aims.n && !one_by_one; i++)
		fit[i] = fit_for(k, i);
	/* A unit that was shown may also be stopped when its process has ended already: it was started again. */
	if (!one_by_one && (any_holder_fit(k, fit) || (to_now(k) == KILL_TO_STOP && k->sent_ns))) {
		if (to_now(k) == KILL_TO_STOP)
			together = start_stop(k, now_ns);
		else if (to_now(k) != KILL_TO_COPY)
			together = send_together(k, sig);
	} else if (!one_by_one) {
		memset(fit, 0, k->aims.n);
	}
	for (size_t i = 0; i < k->aims.n; i++) {
		if (one_by_one)
			fit[i] = fit_for(k, i);
		else if (to_now(k) >= KILL_TO_STOP && !together)
			fit[i] = 0;
		if (!fit[i] || (!together && send_one(k, i, sig) < 0))
			continue;
		k->aims.v[i].sent = k->aims.v[i].sent_now = true;
		sent++;
	}
	free(fit);
	if (together && !sent)
		sent = 1;
	if (sent) {
		k->sent_ns = now_ns;
		k->sig = to_now(k) == KILL_TO_STOP ? 0 : sig;
		k->nagged = k->over = false;
		if (to_now(k) == KILL_TO_STOP)
			kill_step_say(k, KILL_SENT, 0, now_ns, way_now(k)->command);
		else
			say_sent(k, sig, sent, now_ns);
	}
	tell_refused(k, now_ns);
	if (!sent)
		kill_step_say(k, KILL_REFUSED, 2, now_ns, "nothing was sent");
	return sent;
}

const struct kill_step *kill_steps(const struct kill *k, size_t *ret_n)
{
	*ret_n = k->steps.n;
	return k->steps.v;
}

uint64_t kill_sent_ns(const struct kill *k)
{
	return k->sent_ns;
}

const char *kill_holder_unit(const struct kill *k)
{
	return k->holder_unit;
}

bool kill_taken_again(const struct kill *k)
{
	return k->taken;
}

bool kill_any_lives(const struct kill *k)
{
	for (size_t i = 0; i < k->aims.n; i++)
		if (k->aims.v[i].sent && !k->aims.v[i].ended)
			return true;
	return false;
}

void kill_answer(struct kill *k, const char *text)
{
	kill_respawn_read(&k->plan, text);
}
