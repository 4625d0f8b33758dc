/* The lines of `sockeye kill`: the same facts as the dialog's, one after the other. */
#include "kill_text.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TARGETS_SHOWN 20
#define CMDLINE_CELLS 300

static void put_started(const struct kill_target *t, uint64_t now_ns, struct str *out)
{
	time_t s = (time_t)(t->start_wall_ns / NSEC_PER_SEC);
	char when[32], age[UNIT_BUF];
	struct tm tm;

	if (!t->start_wall_ns || now_ns < t->start_wall_ns || !localtime_r(&s, &tm))
		return;
	strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
	str_putf(out, "   started %s (%s)", when,
		 fmt_age(age, (double)(now_ns - t->start_wall_ns) / NSEC_PER_SEC, 1));
}

static void put_target(const struct kill_plan *p, const struct kill_target *t, const struct kill_words *w,
		       struct str *out)
{
	str_putf(out, "  %s %u   user %s", t->name, t->pid, t->user);
	if (t->unit[0])
		str_putf(out, "   unit %s", t->unit);
	put_started(t, w->wall_ns, out);
	str_putc(out, '\n');
	if (t->cmdline && *t->cmdline) {
		str_puts(out, "    ");
		text_put_clip(out, t->cmdline, CMDLINE_CELLS, "~");
		str_putc(out, '\n');
	}
	if (t->refusal == KILL_OK)
		return;
	str_puts(out, t->refusal == KILL_NOT_PERMITTED ? "    " : "    refused: ");
	kill_refusal_put(p, t, out);
	str_putc(out, '\n');
	if (t->instead[0])
		str_putf(out, "    instead: %s\n", t->instead);
}

static void put_frees(const struct kill_plan *p, struct str *out)
{
	bool first = true;

	for (int asked = 1; asked >= 0; asked--) {
		for (size_t i = 0; i < p->ports.n; i++) {
			const struct kill_port *port = &p->ports.v[i];

			if (port->asked != asked)
				continue;
			str_puts(out, first ? "    frees     " : ", ");
			first = false;
			str_putf(out, "%u/%s %s (%s", port->port, proto_table[port->proto].name, port->addr,
				 asked ? "asked for" : "held by it too");
			str_puts(out, port->shared ? "; others hold it, so it stays taken)" : ")");
		}
	}
	if (!first)
		str_putc(out, '\n');
}

static void put_drops(const struct kill_plan *p, bool ascii, struct str *out)
{
	if (!p->drops_in && !p->drops_out)
		return;
	str_puts(out, "    drops     ");
	kill_drops_put(p, true, ascii, out);
	str_putc(out, '\n');
	if (p->you)
		str_puts(out, "    your own session is one of them\n");
}

static void put_respawn(const struct kill_plan *p, const struct kill_words *w, struct str *out)
{
	uint64_t delay;

	if ((!p->respawns.n && !p->starter_pid) || !kill_sig_ends(w->sig))
		return;
	str_puts(out, "    respawn   ");
	kill_respawn_put(p, w->sig, out);
	if (kill_respawns(p, w->sig, &delay)) {
		str_puts(out, "; to keep it down:");
		for (size_t i = 0; i < p->respawns.n && i < 4; i++)
			str_putf(out, "\n              systemctl %sstop %s",
				 p->respawns.v[i].user ? "--user " : "", p->respawns.v[i].unit);
	}
	str_putc(out, '\n');
}

static const struct kill_way *way_of(const struct kill_plan *p, const struct kill_words *w)
{
	return w->way < p->ways.n ? &p->ways.v[w->way] : NULL;
}

static void put_head(const struct kill_plan *p, const struct kill_words *w, struct str *out)
{
	const struct kill_way *way = way_of(p, w);
	size_t ok = kill_targets_ok(p);

	if (way && way->to == KILL_TO_STOP) {
		str_putf(out, "%s %s for:\n", w->would ? "Would run" : "Running", way->command);
		return;
	}
	if (!ok) {
		str_puts(out, w->would ? "Would send nothing:\n" : "Sending nothing:\n");
		return;
	}
	if (way && way->to != KILL_TO_HOLDERS)
		ok = way->procs;
	str_putf(out, "%s SIG%s to %zu process%s", w->would ? "Would send" : "Sending", w->sig_name, ok,
		 ok == 1 ? "" : "es");
	if (way && way->to != KILL_TO_HOLDERS)
		str_putf(out, " (%s %s)", kill_to_names[way->to], way->text);
	else if (ok < p->targets.n)
		str_putf(out, " of %zu", p->targets.n);
	str_puts(out, ":\n");
}

void kill_put_plan(const struct kill_plan *p, const struct kill_words *w, struct str *out)
{
	struct str instead = {0};

	put_head(p, w, out);
	for (size_t i = 0; i < p->targets.n && i < TARGETS_SHOWN; i++)
		put_target(p, &p->targets.v[i], w, out);
	if (p->targets.n > TARGETS_SHOWN)
		str_putf(out, "  and %zu more\n", p->targets.n - TARGETS_SHOWN);
	for (size_t i = 0; i < p->unowned.n && i < TARGETS_SHOWN; i++) {
		str_puts(out, "  ");
		str_clear(&instead);
		kill_unowned_put(p, &p->unowned.v[i], out, &instead);
		str_putf(out, "%s%s\n", instead.n ? "; instead: " : "", str_text(&instead));
	}
	str_done(&instead);
	if (!kill_targets_ok(p))
		return;
	put_frees(p, out);
	put_drops(p, w->ascii, out);
	put_respawn(p, w, out);
}

void kill_put_question(const struct kill_plan *p, const struct kill_words *w, struct str *out)
{
	const struct kill_way *way = way_of(p, w);
	bool word = kill_needs_word(p, w->way, w->sig);

	if (way && way->to == KILL_TO_STOP)
		str_putf(out, "Run %s?", way->command);
	else
		str_putf(out, "Send SIG%s to ", w->sig_name);
	if (way && way->to != KILL_TO_STOP && way->to != KILL_TO_HOLDERS)
		str_putf(out, "%s %s?", kill_to_names[way->to], way->text);
	else if (!way || way->to == KILL_TO_HOLDERS) {
		kill_holders_put(p, out);
		str_putc(out, '?');
	}
	str_puts(out, word ? " Type yes: " : " [y/N] ");
}

static bool is_target(const struct kill_plan *p, const struct snap_proc *proc)
{
	for (size_t i = 0; i < p->targets.n; i++)
		if (p->targets.v[i].pid == proc->pid && p->targets.v[i].start == proc->start)
			return true;
	return false;
}

void kill_put_left_alone(const struct kill_plan *p, const struct frame *f, const uint8_t *picked,
			 struct str *out)
{
	uint8_t *seen = mem_zalloc(f->procs.n, 1);
	uint32_t n = 0, shown = 0, port = NONE;
	bool clients = true;
	struct str names = {0};

	for (uint32_t i = 0; i < f->open_rows; i++) {
		const struct row *r = frame_row(f, i);
		const struct sock *s = frame_sock(f, i);

		if (!picked[i] || STATES_PORT & STATE_BIT(s->state) || !state_table[s->state].connected)
			continue;
		for (uint32_t o = 0; o < r->owner_n; o++) {
			const struct owner *ow = frame_owner(f, r, o);
			const struct snap_proc *proc = &f->procs.v[ow->proc].p;

			if (ow->former || seen[ow->proc] || is_target(p, proc))
				continue;
			seen[ow->proc] = 1;
			n++;
			clients &= r->dir == DIR_OUT && (port == NONE || port == s->rport);
			port = s->rport;
			if (shown++ < 3) {
				str_puts(&names, names.n ? ", " : "");
				text_put_cell(&names, intern_get(f->names, proc->comm),
					      intern_len(f->names, proc->comm), false, 64);
				str_putf(&names, " %u", proc->pid);
			}
		}
	}
	free(seen);
	if (n) {
		str_putf(out, "Left alone: %u process%s here that ", n, n == 1 ? "" : "es");
		if (clients)
			str_putf(out, "%s only a client of %u", n == 1 ? "is" : "are each", port);
		else
			str_putf(out, "only %s connections that match", n == 1 ? "has" : "have");
		str_putf(out, " (%s%s)\n", str_text(&names), n > 3 ? ", …" : "");
	}
	str_done(&names);
}
