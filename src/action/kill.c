/* Opens, checks and signals the targets of a kill: a process is reached through its pidfd only, and only
 * while everything that was shown about it still holds. */
#include "kill_private.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct kill_signal kill_signals[] = {
	{SIGTERM, "TERM", "ask to end"},      {SIGINT, "INT", "as ^C"},
	{SIGHUP, "HUP", "often: reload"},     {SIGKILL, "KILL", "no clean-up"},
	{SIGQUIT, "QUIT", "end, core dump"},  {SIGUSR1, "USR1", "its own meaning"},
	{SIGUSR2, "USR2", "its own meaning"}, {SIGSTOP, "STOP", "halt, may go on"},
	{SIGCONT, "CONT", "go on"},
};
const size_t kill_signals_n = ARRAY_LEN(kill_signals);

#define ANCESTORS_MAX 64 /* a bound for a /proc that changes while it is walked */

const char *kill_signal_name(int sig)
{
	for (size_t i = 0; i < kill_signals_n; i++)
		if (kill_signals[i].number == sig)
			return kill_signals[i].name;
	return NULL;
}

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
	size_t n = 0, shown = 0;

	for (size_t i = 0; i < k->aims.n; i++)
		n += pass(&k->aims.v[i]);
	for (size_t i = 0; i < k->aims.n && shown < 3; i++) {
		if (!pass(&k->aims.v[i]))
			continue;
		if (shown)
			str_puts(out, shown + 1 == n ? " and " : ", ");
		str_putf(out, "%s %u", k->plan.targets.v[i].name, k->plan.targets.v[i].pid);
		shown++;
	}
	if (n > shown)
		str_putf(out, " and %zu more", n - shown);
}

static bool is_ancestor(const struct kill_sys *sys, uint32_t pid)
{
	uint32_t at = (uint32_t)getpid(), up;

	for (int i = 0; i < ANCESTORS_MAX && at > 1; i++) {
		if (sys->parent(sys->data, at, &up) < 0)
			return false;
		if (up == pid)
			return true;
		at = up;
	}
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
	int err = 0;

	if (!t->proofs.n)
		return 1;
	for (size_t i = 0; i < t->proofs.n; i++) {
		const struct kill_proof *p = &t->proofs.v[i];
		int r = sys->holds(sys->data, t->pid, p->fd, p->inode);

		if (r == 1)
			return 1;
		if (r < 0)
			err = r;
	}
	return err;
}

/* Everything that must hold for a signal. The pidfd is asked last: still alive, it proves that what /proc
 * said before was said of this very process and not of a successor of its number. */
static enum kill_refusal check(const struct kill_sys *sys, const struct kill_target *t, int pidfd,
			       int *ret_err)
{
	uint64_t start = 0;
	char state = '?';
	int stat_err, held = 0, ended, r;

	*ret_err = 0;
	stat_err = sys->start_ticks(sys->data, t->pid, &start, &state);
	if (stat_err == 0 && start != t->start)
		return KILL_REUSED;
	if (stat_err == 0)
		held = still_holds(sys, t);
	ended = sys->exited(sys->data, pidfd);
	if (ended < 0) {
		*ret_err = ended;
		return KILL_FAILED;
	}
	if (ended)
		return stat_err == 0 && state == 'Z' ? KILL_ZOMBIE : KILL_GONE;
	if (stat_err < 0) {
		/* Alive, but /proc does not show it: mounted with hidepid. */
		if (is_gone(stat_err) || is_denied(stat_err))
			return KILL_NOT_PERMITTED;
		*ret_err = stat_err;
		return KILL_FAILED;
	}
	if (is_denied(held))
		return KILL_NOT_PERMITTED;
	if (held < 0 && !is_gone(held)) {
		*ret_err = held;
		return KILL_FAILED;
	}
	if (held != 1)
		return KILL_LET_GO;
	r = sys->signal(sys->data, pidfd, 0);
	if (r == -ESRCH)
		return KILL_GONE;
	if (is_denied(r))
		return KILL_NOT_PERMITTED;
	if (r < 0) {
		*ret_err = r;
		return KILL_FAILED;
	}
	return KILL_OK;
}

static enum kill_refusal open_target(struct kill *k, struct kill_target *t, struct kill_aim *a)
{
	int fd;

	t->err = 0;
	if (t->refusal != KILL_OK)
		return t->refusal;
	if (t->pid <= 1)
		return t->pid ? KILL_PID1 : KILL_KERNEL;
	if (t->pid == (uint32_t)getpid())
		return KILL_SELF;
	if (is_ancestor(&k->sys, t->pid))
		return KILL_ANCESTOR;
	fd = k->sys.pidfd_open(k->sys.data, t->pid);
	if (fd == -ESRCH)
		return KILL_GONE;
	if (fd < 0) {
		t->err = fd;
		return is_denied(fd) ? KILL_NOT_PERMITTED : KILL_FAILED;
	}
	a->pidfd = fd;
	return check(&k->sys, t, fd, &t->err);
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
#undef TAKE
	}
	k->plan = *plan;
	memset(plan, 0, sizeof(*plan));
	for (size_t i = 0; i < k->plan.targets.n; i++) {
		struct kill_target *t = &k->plan.targets.v[i];
		struct kill_aim *a = vec_add(&k->aims);

		*a = (struct kill_aim){.pidfd = -1};
		t->refusal = (uint8_t)open_target(k, t, a);
	}
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
	kill_plan_done(&k->plan);
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
	for (size_t i = 0; i < k->aims.n; i++)
		if (k->plan.targets.v[i].refusal == KILL_OK && k->aims.v[i].pidfd >= 0 && !k->aims.v[i].ended)
			return true;
	return false;
}

static bool was_sent_now(const struct kill_aim *a)
{
	return a->sent_now;
}

static void say_sent(struct kill *k, int sig, int sent, uint64_t now_ns)
{
	const char *name = kill_signal_name(sig);
	struct str s = {0};

	if (name)
		str_puts(&s, name);
	else
		str_putf(&s, "signal %d", sig);
	str_puts(&s, " to ");
	if (sent > 3)
		str_putf(&s, "%d processes: ", sent);
	kill_names(k, was_sent_now, &s);
	for (size_t i = 0; sent == 1 && i < k->aims.n; i++)
		if (k->aims.v[i].sent_now && k->plan.targets.v[i].unit[0])
			str_putf(&s, " (%s)", k->plan.targets.v[i].unit);
	kill_step_say(k, KILL_SENT, 0, now_ns, str_text(&s));
	str_done(&s);
}

int kill_send(struct kill *k, int sig, uint64_t now_ns)
{
	struct str s = {0};
	int sent = 0;

	for (size_t i = 0; i < k->aims.n; i++) {
		struct kill_target *t = &k->plan.targets.v[i];
		struct kill_aim *a = &k->aims.v[i];
		int r;

		a->sent_now = false;
		if (t->refusal != KILL_OK || a->pidfd < 0 || a->ended)
			continue;
		t->refusal = (uint8_t)check(&k->sys, t, a->pidfd, &t->err);
		if (t->refusal == KILL_OK) {
			r = k->sys.signal(k->sys.data, a->pidfd, sig);
			if (r < 0) {
				t->err = r;
				t->refusal = (uint8_t)(r == -ESRCH    ? KILL_GONE
						       : is_denied(r) ? KILL_NOT_PERMITTED
								      : KILL_FAILED);
			}
		}
		if (t->refusal != KILL_OK)
			continue;
		a->sent = a->sent_now = true;
		sent++;
	}
	if (sent) {
		k->sent_ns = now_ns;
		k->sig = sig;
		k->nagged = k->over = false;
		say_sent(k, sig, sent, now_ns);
	}
	for (size_t i = 0; i < k->aims.n; i++) {
		const struct kill_target *t = &k->plan.targets.v[i];

		if (t->refusal == KILL_OK || k->aims.v[i].told)
			continue;
		k->aims.v[i].told = true;
		str_clear(&s);
		kill_refusal_put(t, &s);
		/* A child may end because its parent just got the signal: no bad news. */
		kill_step_say(k, KILL_REFUSED, t->refusal == KILL_GONE || t->refusal == KILL_ZOMBIE ? 0 : 3,
			      now_ns, str_text(&s));
	}
	if (!sent)
		kill_step_say(k, KILL_REFUSED, 2, now_ns, "nothing was sent");
	str_done(&s);
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
