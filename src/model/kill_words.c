/* The words about a plan that dialog and command share: refusals, what to do instead, who gets the signal. */
#include "sockeye/base/mem.h"
#include "sockeye/base/units.h"
#include "sockeye/model/kill.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>

const struct kill_refusal_info kill_refusal_table[KILL_REFUSAL_N] = {
	[KILL_OK] = {"ok", "", false},
	[KILL_NO_OWNER] = {"no-owner", "no process holds it", false},
	[KILL_KERNEL] = {"kernel", "the kernel itself holds it", false},
	[KILL_PID1] = {"pid1", "%s is the first process: everything would end with it", false},
	[KILL_SELF] = {"self", "%s is sockeye itself", false},
	[KILL_ANCESTOR] = {"ancestor", "%s carries this session", false},
	[KILL_GONE] = {"gone", "%s has ended already", true},
	[KILL_REUSED] = {"reused", "%s has ended, the number belongs to another process now", true},
	[KILL_LET_GO] = {"let-go", "%s no longer holds the socket", true},
	[KILL_NOT_PERMITTED] = {"not-permitted", "not permitted: %s", false},
	[KILL_ZOMBIE] = {"zombie", "%s has ended and waits for its parent to notice", true},
	[KILL_FAILED] = {"failed", "%s cannot be signalled", false},
	[KILL_SOCKET_UNIT] = {"socket-unit", "%s holds it for a .socket unit", false},
	[KILL_FORWARDER] = {"forwarder", "%s only forwards to a container", false},
};

const char *const kill_to_names[KILL_TO_N] = {
	[KILL_TO_HOLDERS] = "process",     [KILL_TO_GROUP] = "process group", [KILL_TO_UNIT] = "unit",
	[KILL_TO_STOP] = "systemctl stop", [KILL_TO_COPY] = "instead",
};

static void put_you(const struct kill_plan *p, struct str *out)
{
	if (p->your_name[0])
		str_putf(out, ", you are %s", p->your_name);
	else if (p->your_uid)
		str_putf(out, ", you are uid %u", p->your_uid);
}

void kill_refusal_put(const struct kill_plan *p, const struct kill_target *t, struct str *out)
{
	const char *text = t->refusal < KILL_REFUSAL_N ? kill_refusal_table[t->refusal].text : "";
	const char *hole = strstr(text, "%s");

	if (t->refusal == KILL_OK)
		return;
	if (t->why[0]) {
		str_putf(out, "%s %u %s", t->name, t->pid, t->why);
		return;
	}
	if (hole) {
		str_put(out, text, (size_t)(hole - text));
		str_putf(out, "%s %u", t->name, t->pid);
		text = hole + 2;
	}
	str_puts(out, text);
	if (t->refusal == KILL_NOT_PERMITTED && t->uid != p->your_uid) {
		str_putf(out, " is %s's", t->user);
		put_you(p, out);
	} else if (t->refusal == KILL_NOT_PERMITTED) {
		str_puts(out, " is yours, but in another user namespace, or a security module forbids it");
	}
	if (t->refusal == KILL_FAILED && t->err)
		str_putf(out, ": %s", strerror(t->err < 0 ? -t->err : t->err));
}

void kill_unowned_put(const struct kill_plan *p, const struct kill_unowned *u, struct str *out,
		      struct str *instead)
{
	struct str none = {0};

	if (!instead)
		instead = &none;
	switch ((enum reason)u->reason) {
	case REASON_KERNEL:
		str_putf(out, "the kernel itself holds %s", u->what);
		str_puts(instead, "stop what set it up (a file server, a tunnel, WireGuard)");
		break;
	case REASON_NOT_PERMITTED:
		str_putf(out, "not permitted: who holds %s is hidden", u->what);
		if (u->unit[0])
			str_putf(out, " (%s)", u->unit);
		put_you(p, out);
		break;
	case REASON_OTHER_PIDNS:
		str_putf(out, "who holds %s lives in another pid namespace", u->what);
		str_puts(instead, "sockeye on the host, outside this container, sees it");
		break;
	case REASON_NO_FD:
		str_putf(out, "no process has a descriptor of %s: it is on its way between two, or in a ring",
			 u->what);
		break;
	case REASON_TIME_WAIT:
		str_putf(out, "%s is in time-wait: no process holds it", u->what);
		str_puts(instead, "it ends by itself within a minute; sockeye close ends it now");
		break;
	case REASON_SYN_RECV:
	case REASON_UNACCEPTED:
	case REASON_ORPHAN:
		str_putf(out, "no process holds %s", u->what);
		str_puts(instead, "sockeye close ends the connection itself");
		break;
	default:
		str_putf(out, "who holds %s is not known", u->what);
	}
	str_done(&none);
}

size_t kill_targets_ok(const struct kill_plan *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->targets.n; i++)
		n += p->targets.v[i].refusal == KILL_OK;
	return n;
}

void kill_holders_put(const struct kill_plan *p, struct str *out)
{
	size_t ok = kill_targets_ok(p);

	if (ok == 1) {
		for (size_t i = 0; i < p->targets.n; i++)
			if (p->targets.v[i].refusal == KILL_OK)
				str_putf(out, "%s %u", p->targets.v[i].name, p->targets.v[i].pid);
		return;
	}
	if (ok == p->targets.n && ok == 2)
		str_puts(out, "both holders, parent first");
	else if (ok == p->targets.n)
		str_putf(out, "all %zu holders, parent first", ok);
	else
		str_putf(out, "%zu of %zu holders, parent first", ok, p->targets.n);
}

void kill_drops_put(const struct kill_plan *p, bool peers, bool ascii, struct str *out)
{
	uint32_t n = p->drops_in + p->drops_out;
	char buf[UNIT_BUF];

	if (!n)
		return;
	str_putf(out, "%s connection%s: ", fmt_count(buf, n), n == 1 ? "" : "s");
	if (p->drops_in)
		str_putf(out, "%s in", fmt_count(buf, p->drops_in));
	for (uint8_t i = 0; i < p->peers_n && peers && p->drops_in; i++)
		str_putf(out, "%s%s %s%s%s", i ? ", " : " (", p->peers[i].name, ascii ? "x" : "×",
			 fmt_count(buf, p->peers[i].n), i + 1 == p->peers_n ? ")" : "");
	if (p->drops_out)
		str_putf(out, "%s%s out", p->drops_in ? ", " : "", fmt_count(buf, p->drops_out));
}

bool kill_needs_word(const struct kill_plan *p, size_t way, int sig)
{
	uint8_t to = way < p->ways.n ? p->ways.v[way].to : KILL_TO_HOLDERS;

	if (to == KILL_TO_COPY)
		return false;
	return p->units_n > 1 || p->you || (to == KILL_TO_UNIT && sig == SIGKILL);
}

bool kill_sig_ends(int sig)
{
	return sig == SIGTERM || sig == SIGINT || sig == SIGQUIT || sig == SIGKILL;
}

void kill_stop_put(const char *unit, bool user_unit, uint32_t unit_uid, const char *user, uint32_t your_uid,
		   struct str *out)
{
	if (!user_unit)
		str_putf(out, "systemctl stop %s", unit);
	else if (unit_uid == your_uid)
		str_putf(out, "systemctl --user stop %s", unit);
	else
		str_putf(out, "systemctl --user --machine=%s@.host stop %s", user, unit);
}

bool kill_unit_stoppable(const char *unit)
{
	size_t n = strlen(unit);

	/* What systemd allows in a name (unit_name_is_valid), so that nothing else becomes an argument. */
	return n > 8 && !strcmp(unit + n - 8, ".service") && strncmp(unit, "user@", 5) && unit[0] != '-' &&
	       !unit[strspn(unit, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\@")];
}
