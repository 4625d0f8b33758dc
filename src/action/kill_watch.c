/* Watches what a signal led to: who ended, which ports are free, who still holds them or took them again. */
#include "kill_private.h"

#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include "sockeye/model/unit.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOK_EVERY_NS (20 * NSEC_PER_MS) /* until everything is free */
#define LOOK_LATER_NS (100 * NSEC_PER_MS) /* afterwards, for who takes it again */
#define NAG_NS (5 * NSEC_PER_SEC)

static bool ended_now(const struct kill_aim *a)
{
	return a->ended_now;
}
static bool lives(const struct kill_aim *a)
{
	return a->sent && !a->ended;
}

static bool any_aim(const struct kill *k, bool (*pass)(const struct kill_aim *))
{
	for (size_t i = 0; i < k->aims.n; i++)
		if (pass(&k->aims.v[i]))
			return true;
	return false;
}

static bool holder_lives(const struct kill *k)
{
	for (size_t i = 0; i < k->plan.targets.n; i++)
		if (lives(&k->aims.v[i]))
			return true;
	return false;
}

static void watch_processes(struct kill *k, uint64_t now_ns)
{
	uint32_t drops = k->plan.drops_in + k->plan.drops_out;
	bool holders = holder_lives(k);
	char count[UNIT_BUF];
	struct str s = {0};

	for (size_t i = 0; i < k->aims.n; i++) {
		struct kill_aim *a = &k->aims.v[i];

		a->ended_now = lives(a) && k->sys.exited(k->sys.data, a->pidfd) == 1;
		a->ended |= a->ended_now;
	}
	if (any_aim(k, ended_now)) {
		kill_names(k, ended_now, &s);
		str_puts(&s, " ended");
		if (holders && !holder_lives(k) && drops && kill_targets_ok(&k->plan) == k->plan.targets.n)
			str_putf(&s, ", %s connection%s closed", fmt_count(count, drops),
				 drops == 1 ? "" : "s");
		kill_step_say(k, KILL_ENDED, 1, now_ns, str_text(&s));
	}
	str_done(&s);
}

static void watch_job(struct kill *k, uint64_t now_ns)
{
	struct str s = {0};
	int status;

	if (unit_job_poll(&k->job, &status) != 1)
		return;
	if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		str_puts(&s, "systemctl stop failed");
		if (k->job.said.n) {
			str_puts(&s, ": ");
			text_put_cell(&s, k->job.said.s, strcspn(k->job.said.s, "\n"), false, 120);
		}
		kill_step_say(k, KILL_REFUSED, 3, now_ns, str_text(&s));
	} else {
		kill_step_say(k, KILL_ENDED, 1, now_ns, "systemd says it is stopped");
	}
	str_done(&s);
}

static bool in_netns(const struct snapshot *s, uint16_t netns, const struct kill_port *p)
{
	/* The look numbers the namespaces on its own: an inode is the same everywhere. */
	if (netns < s->netns.n && p->netns_inode)
		return s->netns.v[netns].inode == p->netns_inode;
	return netns == p->netns;
}

static bool on_port(const struct snapshot *s, size_t i, const struct kill_port *p)
{
	return kill_port_has(p, &s->socks.v[i]) && in_netns(s, s->socks.v[i].netns, p);
}

static bool port_in(const struct snapshot *s, const struct kill_port *p)
{
	for (size_t i = 0; i < s->socks.n; i++)
		if (on_port(s, i, p))
			return true;
	return false;
}

static bool is_target(const struct kill *k, const struct snap_proc *p)
{
	for (size_t i = 0; i < k->aims.n; i++)
		if (kill_target_of(k, i)->pid == p->pid && kill_target_of(k, i)->start == p->start)
			return true;
	return false;
}

/* The holders of this port, targets too or not: the first one, and how many there are. */
static const struct snap_proc *holders_of(const struct kill *k, const struct snapshot *s,
					  const struct kill_port *port, bool targets, size_t *ret_n)
{
	const struct snap_proc *first = NULL;
	uint32_t seen[64];

	*ret_n = 0;
	for (size_t i = 0; i < s->socks.n; i++) {
		if (!on_port(s, i, port) || !s->socks.v[i].inode)
			continue;
		for (size_t j = 0; j < s->fds.n; j++) {
			const struct snap_fd *fd = &s->fds.v[j];
			size_t at = 0;

			if (fd->inode != s->socks.v[i].inode || fd->proc >= s->procs.n ||
			    (!targets && is_target(k, &s->procs.v[fd->proc])))
				continue;
			while (at < *ret_n && seen[at] != fd->proc)
				at++;
			if (at < *ret_n || *ret_n >= ARRAY_LEN(seen))
				continue;
			seen[(*ret_n)++] = fd->proc;
			if (!first)
				first = &s->procs.v[fd->proc];
		}
	}
	return first;
}

static void put_proc(const struct kill *k, const struct snap_proc *p, struct str *out)
{
	char comm[64] = "";

	if (k->sys.comm(k->sys.data, p->pid, comm) == 0 && comm[0])
		text_put_cell(out, comm, strnlen(comm, sizeof(comm)), false, sizeof(comm));
	else
		str_puts(out, "pid");
	str_putf(out, " %u", p->pid);
}

/* Did a process of ours leave it behind? */
static bool is_child(const struct kill *k, const struct snap_proc *p)
{
	for (size_t i = 0; i < k->plan.children.n; i++)
		if (k->plan.children.v[i].pid == p->pid && k->plan.children.v[i].start == p->start)
			return true;
	return false;
}

static void put_port(const struct kill_port *p, struct str *out)
{
	str_putf(out, "%u/%s", p->port, proto_table[p->proto].name);
}

/* The unit of a process, raw. */
static void put_unit_of(const struct kill *k, uint32_t pid, struct str *out)
{
	struct str path = {0};

	if (k->sys.cgroup(k->sys.data, pid, &path) == 0)
		unit_name(str_text(&path), out);
	str_done(&path);
}

/* "8080/tcp and 9229/tcp are free" */
static void say_freed(struct kill *k, const uint8_t *freed, uint64_t now_ns)
{
	size_t n = 0, at = 0;
	struct str s = {0};

	for (size_t i = 0; i < k->ports.n; i++)
		n += freed[i];
	if (!n)
		return;
	for (size_t i = 0; i < k->ports.n && at < 4; i++) {
		if (!freed[i])
			continue;
		if (at)
			str_puts(&s, at + 1 == n ? " and " : ", ");
		put_port(&k->plan.ports.v[i], &s);
		at++;
	}
	if (n > at)
		str_putf(&s, " and %zu more", n - at);
	str_puts(&s, n > 1 ? " are free" : " is free");
	kill_step_say(k, KILL_FREED, 1, now_ns, str_text(&s));
	str_done(&s);
}

/* A port that is held although it was free before, or although every target ended: by whom, and did that
 * process hold it before or did it come afterwards? */
static void judge_held(struct kill *k, const struct snapshot *s, size_t at, uint64_t now_ns)
{
	uint64_t hz = (uint64_t)sysconf(_SC_CLK_TCK),
		 sent_ticks = k->sent_ns / (NSEC_PER_SEC / (hz ? hz : 100));
	const struct kill_port *port = &k->plan.ports.v[at];
	bool was_free = k->ports.v[at] == KILL_PORT_FREE;
	const struct snap_proc *p;
	struct str text = {0}, unit = {0};
	size_t n;

	/* A target that lives on may have taken its own port again (HUP). */
	p = holders_of(k, s, port, was_free, &n);
	if (!p && !was_free)
		return; /* on its way out, or a holder that may not be seen: the next look tells */
	put_port(port, &text);
	k->holder_unit[0] = '\0';
	if (p) {
		put_unit_of(k, p->pid, &unit);
		snprintf(k->holder_unit, sizeof(k->holder_unit), "%s", str_text(&unit));
	}
	if (was_free || (!port->shared && p->start > sent_ticks)) {
		k->ports.v[at] = KILL_PORT_TAKEN;
		k->taken |= port->asked;
		str_puts(&text, " taken again");
		str_puts(&text, p ? ": " : ", by whom cannot be seen");
	} else {
		k->ports.v[at] = KILL_PORT_STILL;
		str_puts(&text, " still held by ");
	}
	if (p)
		put_proc(k, p, &text);
	if (p && is_child(k, p))
		str_puts(&text, k->plan.targets.n > 1 ? " (child of one that ended)"
						      : " (child of the one that ended)");
	if (n > 1)
		str_putf(&text, " and %zu more", n - 1);
	if (k->ports.v[at] == KILL_PORT_TAKEN && unit.n) {
		str_puts(&text, ", started by ");
		text_put_cell(&text, unit.s, unit.n, false, 60);
	}
	str_done(&unit);
	kill_step_say(k, k->ports.v[at] == KILL_PORT_TAKEN ? KILL_TAKEN_AGAIN : KILL_STILL_HELD,
		      k->ports.v[at] == KILL_PORT_TAKEN ? 3 : 2, now_ns, str_text(&text));
	str_done(&text);
}

/* A held port is worth the owners when it was free before or nobody we signalled can hold it any more. */
static bool needs_owner(const struct kill *k, size_t at)
{
	return k->ports.v[at] == KILL_PORT_FREE || (k->ports.v[at] == KILL_PORT_HELD && !any_aim(k, lives));
}

static int look_at(struct kill *k, const struct kill_look *look, uint32_t states, uint32_t attrs,
		   struct snapshot *s, uint64_t now_ns)
{
	struct want want = {.attrs = attrs, .states = states, .netns = WANT_NETNS_ONE};
	int r;

	for (size_t i = 0; i < k->plan.ports.n; i++) {
		const struct kill_port *p = &k->plan.ports.v[i];

		want.protos |= PROTO_BIT(p->proto);
		if (!states && proto_table[p->proto].connected)
			want.states |= STATE_BIT(STATE_LISTENING) | STATE_BIT(STATE_BOUND);
		else if (!states)
			want.states |= STATE_BIT(STATE_UNCONN);
		if (!i)
			want.netns_inode = p->netns_inode;
		if (!p->netns_inode || p->netns_inode != want.netns_inode)
			want.netns = WANT_NETNS_ALL;
	}
	want.states |= states;
	r = look->look(look->data, &want, s);
	if (r < 0 && !k->look_failed) {
		char text[160];

		snprintf(text, sizeof(text), "the ports cannot be looked at: %s", strerror(-r));
		kill_step_say(k, KILL_STILL_HELD, 2, now_ns, text);
		k->look_failed = true;
	}
	return r;
}

#define STATES_LINGER                                                                                        \
	(STATE_BIT(STATE_TIME_WAIT) | STATE_BIT(STATE_FIN_WAIT_1) | STATE_BIT(STATE_FIN_WAIT_2) |            \
	 STATE_BIT(STATE_CLOSING) | STATE_BIT(STATE_LAST_ACK))

/* A free port may still be in the way of a bind() without SO_REUSEADDR: connections that nobody holds any more. */
static void tell_lingering(struct kill *k, const struct kill_look *look, uint64_t now_ns)
{
	uint32_t waiting = 0, closing = 0, longest_ms = 0;
	struct snapshot s;
	struct str text = {0};
	char buf[UNIT_BUF];
	bool tcp = false;

	k->lingers_told = true;
	for (size_t i = 0; i < k->plan.ports.n; i++)
		tcp |= k->plan.ports.v[i].asked && k->plan.ports.v[i].proto == PROTO_TCP;
	snapshot_init(&s);
	if (!tcp || look_at(k, look, STATES_LINGER, 0, &s, now_ns) < 0) {
		snapshot_done(&s);
		return;
	}
	for (size_t i = 0; i < s.socks.n; i++) {
		const struct sock *so = &s.socks.v[i];
		bool here = false;

		for (size_t p = 0; p < k->plan.ports.n; p++) {
			const struct kill_port *port = &k->plan.ports.v[p];

			here |= port->asked && so->proto == port->proto && so->lport == port->port &&
				in_netns(&s, so->netns, port);
		}
		if (!here || !(STATES_LINGER & STATE_BIT(so->state)))
			continue;
		if (so->state == STATE_TIME_WAIT) {
			waiting++;
			longest_ms = so->timer && so->timer_ms > longest_ms ? so->timer_ms : longest_ms;
		} else {
			closing++;
		}
	}
	snapshot_done(&s);
	if (waiting) {
		str_putf(&text, "free, but %u connection%s in time-wait", waiting, waiting == 1 ? "" : "s");
		if (longest_ms)
			str_putf(&text, " for %s", fmt_duration_long(buf, (longest_ms + 999) / 1000));
	} else if (closing) {
		str_putf(&text, "free, but %u connection%s still closing", closing, closing == 1 ? "" : "s");
	}
	if (text.n) {
		str_puts(&text, ": bind needs SO_REUSEADDR");
		kill_step_say(k, KILL_FREED, 2, now_ns, str_text(&text));
	}
	str_done(&text);
}

static void watch_ports(struct kill *k, const struct kill_look *look, uint64_t now_ns)
{
	uint8_t *freed;
	bool owners = false;
	struct snapshot s;

	snapshot_init(&s);
	if (look_at(k, look, 0, 0, &s, now_ns) < 0) {
		snapshot_done(&s);
		return;
	}
	freed = mem_zalloc(k->ports.n, 1);
	for (size_t i = 0; i < k->ports.n; i++) {
		if (port_in(&s, &k->plan.ports.v[i])) {
			owners |= needs_owner(k, i);
		} else if (k->ports.v[i] != KILL_PORT_FREE) {
			k->ports.v[i] = KILL_PORT_FREE;
			freed[i] = 1;
		}
	}
	say_freed(k, freed, now_ns);
	if (owners && look_at(k, look, 0, WANT_OWNERS, &s, now_ns) == 0)
		for (size_t i = 0; i < k->ports.n; i++)
			if (!freed[i] && needs_owner(k, i) && port_in(&s, &k->plan.ports.v[i]))
				judge_held(k, &s, i, now_ns);
	free(freed);
	snapshot_done(&s);
	if (!k->lingers_told && kill_all_free(k))
		tell_lingering(k, look, now_ns);
}

void kill_lagging_put(const struct kill *k, struct str *out)
{
	char sig[16];

	if ((k->sig && !kill_sig_ends(k->sig)) || !any_aim(k, lives))
		return;
	kill_names(k, lives, out);
	if (k->sig == SIGKILL || !k->sig)
		str_puts(out, " has not ended yet");
	else
		str_putf(out, " ignores %s", kill_signal_name(k->sig, sig));
}

/* After a while without an end: say who does not heed the signal. */
static void nag(struct kill *k, uint64_t now_ns)
{
	double seconds = (double)(now_ns - k->sent_ns) / NSEC_PER_SEC;
	struct str s = {0};
	size_t held = 0;

	k->nagged = true;
	if ((k->sig && !kill_sig_ends(k->sig)) || !any_aim(k, lives))
		return;
	for (size_t i = 0; i < k->ports.n; i++)
		held += k->ports.v[i] == KILL_PORT_HELD;
	if (held) {
		str_putf(&s, "still held after %.1f s: ", seconds);
		kill_lagging_put(k, &s);
	} else {
		kill_names(k, lives, &s);
		str_putf(&s, " runs on after %.1f s", seconds);
	}
	kill_step_say(k, KILL_STILL_HELD, 2, now_ns, str_text(&s));
	str_done(&s);
}

bool kill_watch(struct kill *k, const struct kill_look *look, uint64_t now_ns, uint64_t watch_ns)
{
	if (!k->sent_ns || k->over)
		return false;
	watch_processes(k, now_ns);
	watch_job(k, now_ns);
	if (look && look->look && k->ports.n) {
		uint64_t every = kill_all_free(k) ? LOOK_LATER_NS : LOOK_EVERY_NS;

		/* An end is worth a look at once: it is what frees. */
		if (!k->looked_ns || any_aim(k, ended_now) || now_ns - k->looked_ns >= every) {
			k->looked_ns = now_ns;
			watch_ports(k, look, now_ns);
		}
	}
	if (!k->nagged && now_ns - k->sent_ns >= NAG_NS)
		nag(k, now_ns);
	if (now_ns - k->sent_ns >= watch_ns) {
		k->over = true;
		kill_step_say(k, KILL_WATCH_OVER, 0, now_ns, "no longer watched");
	}
	return !k->over;
}

bool kill_all_free(const struct kill *k)
{
	bool asked = false;

	for (size_t i = 0; i < k->ports.n; i++) {
		asked |= k->plan.ports.v[i].asked;
		if (k->plan.ports.v[i].asked && k->ports.v[i] != KILL_PORT_FREE)
			return false;
	}
	/* No port was asked for: the processes themselves were. */
	return asked || (k->sent_ns && !any_aim(k, lives));
}
