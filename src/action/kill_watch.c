/* Watches what a signal led to: who ended, which ports are free, who still holds them or took them again. */
#include "kill_private.h"

#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

static void watch_processes(struct kill *k, uint64_t now_ns)
{
	struct str s = {0};

	for (size_t i = 0; i < k->aims.n; i++) {
		struct kill_aim *a = &k->aims.v[i];

		a->ended_now = lives(a) && k->sys.exited(k->sys.data, a->pidfd) == 1;
		a->ended |= a->ended_now;
	}
	if (any_aim(k, ended_now)) {
		kill_names(k, ended_now, &s);
		str_puts(&s, " ended");
		kill_step_say(k, KILL_ENDED, 1, now_ns, str_text(&s));
	}
	str_done(&s);
}

static bool on_port(const struct sock *s, const struct kill_port *p)
{
	return s->netns == p->netns && s->proto == p->proto && s->lport == p->port &&
	       (STATE_BIT(s->state) & STATES_PORT);
}

static bool port_in(const struct snapshot *s, const struct kill_port *p)
{
	for (size_t i = 0; i < s->socks.n; i++)
		if (on_port(&s->socks.v[i], p))
			return true;
	return false;
}

static bool is_target(const struct kill *k, const struct snap_proc *p)
{
	for (size_t i = 0; i < k->plan.targets.n; i++)
		if (k->plan.targets.v[i].pid == p->pid && k->plan.targets.v[i].start == p->start)
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
		if (!on_port(&s->socks.v[i], port) || !s->socks.v[i].inode)
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

static void put_port(const struct kill_port *p, struct str *out)
{
	str_putf(out, "%u/%s", p->port, proto_table[p->proto].name);
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
	struct str text = {0};
	size_t n;

	/* A target that lives on may have taken its own port again (HUP). */
	p = holders_of(k, s, port, was_free, &n);
	if (!p && !was_free)
		return; /* on its way out, or a holder that may not be seen: the next look tells */
	put_port(port, &text);
	if (was_free || (!port->shared && p->start > sent_ticks)) {
		k->ports.v[at] = KILL_PORT_TAKEN;
		str_puts(&text, " taken again");
		str_puts(&text, p ? ": " : ", by whom cannot be seen");
	} else {
		k->ports.v[at] = KILL_PORT_STILL;
		str_puts(&text, " still held by ");
	}
	if (p)
		put_proc(k, p, &text);
	if (n > 1)
		str_putf(&text, " and %zu more", n - 1);
	kill_step_say(k, k->ports.v[at] == KILL_PORT_TAKEN ? KILL_TAKEN_AGAIN : KILL_STILL_HELD,
		      k->ports.v[at] == KILL_PORT_TAKEN ? 3 : 2, now_ns, str_text(&text));
	str_done(&text);
}

/* A held port is worth the owners when it was free before or nobody we signalled can hold it any more. */
static bool needs_owner(const struct kill *k, size_t at)
{
	return k->ports.v[at] == KILL_PORT_FREE || (k->ports.v[at] == KILL_PORT_HELD && !any_aim(k, lives));
}

static int look_at(struct kill *k, const struct kill_look *look, uint32_t attrs, struct snapshot *s,
		   uint64_t now_ns)
{
	struct want want = {.attrs = attrs};
	int r;

	for (size_t i = 0; i < k->plan.ports.n; i++) {
		uint8_t proto = k->plan.ports.v[i].proto;

		want.protos |= 1u << proto;
		want.states |= proto_table[proto].connected
				       ? STATE_BIT(STATE_LISTENING) | STATE_BIT(STATE_BOUND)
				       : STATE_BIT(STATE_UNCONN);
	}
	r = look->look(look->data, &want, s);
	if (r < 0 && !k->look_failed) {
		char text[160];

		snprintf(text, sizeof(text), "the ports cannot be looked at: %s", strerror(-r));
		kill_step_say(k, KILL_STILL_HELD, 2, now_ns, text);
		k->look_failed = true;
	}
	return r;
}

static void watch_ports(struct kill *k, const struct kill_look *look, uint64_t now_ns)
{
	uint8_t *freed;
	bool owners = false;
	struct snapshot s;

	snapshot_init(&s);
	if (look_at(k, look, 0, &s, now_ns) < 0) {
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
	if (owners && look_at(k, look, WANT_OWNERS, &s, now_ns) == 0)
		for (size_t i = 0; i < k->ports.n; i++)
			if (!freed[i] && needs_owner(k, i) && port_in(&s, &k->plan.ports.v[i]))
				judge_held(k, &s, i, now_ns);
	free(freed);
	snapshot_done(&s);
}

/* After a while without an end: say who does not heed the signal. */
static void nag(struct kill *k, uint64_t now_ns)
{
	bool ends = k->sig == SIGTERM || k->sig == SIGINT || k->sig == SIGQUIT || k->sig == SIGKILL;
	const char *sig = kill_signal_name(k->sig);
	struct str s = {0};
	size_t held = 0;

	k->nagged = true;
	if (!ends || !any_aim(k, lives))
		return;
	for (size_t i = 0; i < k->ports.n; i++)
		held += k->ports.v[i] == KILL_PORT_HELD;
	if (held)
		str_putf(&s, "still held after %.1f s: ", (double)(now_ns - k->sent_ns) / NSEC_PER_SEC);
	kill_names(k, lives, &s);
	if (!held)
		str_putf(&s, " runs on after %.1f s", (double)(now_ns - k->sent_ns) / NSEC_PER_SEC);
	else if (k->sig == SIGKILL)
		str_puts(&s, " has not ended yet");
	else
		str_putf(&s, " ignores %s", sig ? sig : "it");
	kill_step_say(k, KILL_STILL_HELD, 2, now_ns, str_text(&s));
	str_done(&s);
}

bool kill_watch(struct kill *k, const struct kill_look *look, uint64_t now_ns, uint64_t watch_ns)
{
	if (!k->sent_ns || k->over)
		return false;
	watch_processes(k, now_ns);
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
