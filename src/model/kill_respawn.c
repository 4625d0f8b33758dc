/* Will it come back? What systemd says about a unit, and what that means for a signal. */
#include "sockeye/base/mem.h"
#include "sockeye/base/units.h"
#include "sockeye/model/kill.h"
#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* systemd's spelling of a time span: "5s" "1min 30s" "100ms" "infinity". */
static uint64_t read_span(const char *s)
{
	static const struct {
		const char *name;
		double seconds;
	} units[] = {{"us", 1e-6}, {"ms", 1e-3}, {"s", 1},     {"min", 60},
		     {"h", 3600},  {"d", 86400}, {"w", 604800}};
	double sum = 0;

	while (*s) {
		char *end;
		double v = strtod(s, &end);
		size_t n = strspn(end, "abcdefghijklmnopqrstuvwxyz");

		if (end == s)
			return 0;
		for (size_t i = 0; i < ARRAY_LEN(units); i++)
			if (strlen(units[i].name) == n && !memcmp(units[i].name, end, n))
				sum += v * units[i].seconds;
		s = end + n;
		s += strspn(s, " ");
	}
	return sum > 0 && sum < 1e9 ? (uint64_t)(sum * NSEC_PER_SEC) : 0;
}

static bool key_is(const char *line, size_t n, const char *key, const char **ret_value, size_t *ret_n)
{
	size_t k = strlen(key);

	if (n <= k || memcmp(line, key, k) || line[k] != '=')
		return false;
	*ret_value = line + k + 1;
	*ret_n = n - k - 1;
	return true;
}

static void put(char *to, size_t size, const char *v, size_t n)
{
	/* The words of systemd's own vocabulary and names of units: nothing else is let through. */
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)v[i]) && !strchr(":-_.\\@", v[i]))
			n = i;
	snprintf(to, size, "%.*s", (int)n, v);
}

static struct kill_respawn *by_unit(struct kill_plan *p, const char *unit, size_t n)
{
	for (size_t i = 0; i < p->respawns.n; i++)
		if (strlen(p->respawns.v[i].unit) == n && !memcmp(p->respawns.v[i].unit, unit, n))
			return &p->respawns.v[i];
	return NULL;
}

static void read_line(struct kill_plan *p, struct kill_respawn *block, const char *line, size_t n)
{
	char span[64];
	const char *v;
	size_t vn;

	if (key_is(line, n, "Restart", &v, &vn)) {
		put(block->restart, sizeof(block->restart), v, vn);
	} else if (key_is(line, n, "RestartUSec", &v, &vn)) {
		snprintf(span, sizeof(span), "%.*s", (int)vn, v);
		block->delay_ns = read_span(span);
	} else if (key_is(line, n, "MainPID", &v, &vn)) {
		block->main_pid = (uint32_t)strtoul(v, NULL, 10);
	} else if (key_is(line, n, "TriggeredBy", &v, &vn)) {
		put(block->trigger, sizeof(block->trigger), v, vn);
	} else if (key_is(line, n, "Id", &v, &vn)) {
		put(block->unit, sizeof(block->unit), v, vn);
	}
}

/* A block a unit, with an empty line between; the order of the keys is systemd's. */
void kill_respawn_read(struct kill_plan *p, const char *text)
{
	struct kill_respawn block = {0};

	for (;;) {
		size_t n = strcspn(text, "\n");

		if (n) {
			read_line(p, &block, text, n);
		} else {
			struct kill_respawn *r = by_unit(p, block.unit, strlen(block.unit));

			if (r && block.restart[0]) {
				block.user = r->user;
				*r = block;
				r->state = RESPAWN_KNOWN;
			}
			block = (struct kill_respawn){0};
		}
		text += n;
		if (!*text && !n)
			break;
		text += *text == '\n';
	}
	for (size_t i = 0; i < p->respawns.n; i++)
		if (p->respawns.v[i].state == RESPAWN_ASKING)
			p->respawns.v[i].state = RESPAWN_UNKNOWN;
}

enum chance { CHANCE_NO, CHANCE_MAYBE, CHANCE_YES };

/* systemd.service(5), the table of exit causes. A program that catches TERM may still end with an error. */
static enum chance chance_of(const struct kill_respawn *r, int sig)
{
	bool clean = sig == SIGTERM || sig == SIGINT || sig == SIGHUP;
	bool abort = !clean;

	if (r->state != RESPAWN_KNOWN || !kill_sig_ends(sig))
		return r->state == RESPAWN_KNOWN && strcmp(r->restart, "no") ? CHANCE_MAYBE : CHANCE_NO;
	if (r->trigger[0] || !strcmp(r->restart, "always"))
		return CHANCE_YES;
	if (!strcmp(r->restart, "on-success"))
		return clean ? CHANCE_YES : CHANCE_NO;
	if (!strcmp(r->restart, "on-failure"))
		return clean ? CHANCE_MAYBE : CHANCE_YES;
	if (!strcmp(r->restart, "on-abnormal") || !strcmp(r->restart, "on-abort"))
		return abort ? CHANCE_YES : CHANCE_NO;
	return CHANCE_NO;
}

/* A worker of a unit is none of systemd's business: its own parent may replace it. */
static bool hits_main(const struct kill_plan *p, const struct kill_respawn *r)
{
	if (!r->main_pid)
		return true;
	for (size_t i = 0; i < p->targets.n; i++)
		if (p->targets.v[i].pid == r->main_pid && p->targets.v[i].refusal == KILL_OK)
			return true;
	return false;
}

static void put_one(const struct kill_plan *p, const struct kill_respawn *r, int sig, enum chance c,
		    struct str *out)
{
	char after[UNIT_BUF];

	if (r->trigger[0]) {
		str_putf(out, "yes: %s starts %s when somebody connects", r->trigger, r->unit);
		return;
	}
	if (c == CHANCE_NO) {
		str_putf(out, "no: %s has Restart=%s", r->unit, r->restart);
		return;
	}
	if (!hits_main(p, r)) {
		str_putf(out, "perhaps: process %u, the main one of %s, goes on and may start another",
			 r->main_pid, r->unit);
		return;
	}
	str_putf(out, "%s: %s has Restart=%s, back ", c == CHANCE_YES ? "yes" : "perhaps", r->unit,
		 r->restart);
	if (!r->delay_ns)
		str_puts(out, "at once");
	else if (r->delay_ns < NSEC_PER_SEC)
		str_putf(out, "after %u ms", (unsigned)(r->delay_ns / NSEC_PER_MS));
	else
		str_putf(out, "after %s", fmt_duration_long(after, (double)r->delay_ns / NSEC_PER_SEC));
	if (c == CHANCE_MAYBE)
		str_puts(out, " if it ends with an error");
}

uint8_t kill_respawn_put(const struct kill_plan *p, int sig, struct str *out)
{
	const struct kill_respawn *worst = NULL;
	enum chance chance = CHANCE_NO;
	bool asking = false, unknown = false;

	if (!p->respawns.n && p->starter_pid && kill_sig_ends(sig)) {
		str_putf(out, "perhaps: %s %u started it and goes on", p->starter, p->starter_pid);
		return 2;
	}
	for (size_t i = 0; i < p->respawns.n; i++) {
		const struct kill_respawn *r = &p->respawns.v[i];
		enum chance c = chance_of(r, sig);

		asking |= r->state == RESPAWN_ASKING;
		unknown |= r->state == RESPAWN_UNKNOWN;
		if (r->state == RESPAWN_KNOWN && (!worst || c > chance)) {
			worst = r;
			chance = c;
		}
	}
	if (worst && (chance != CHANCE_NO || (!asking && !unknown))) {
		if (!kill_sig_ends(sig))
			return 0;
		put_one(p, worst, sig, chance, out);
		return chance == CHANCE_NO ? 1 : 2;
	}
	if (asking)
		str_puts(out, "asking systemd…");
	else if (unknown)
		str_puts(out, "unknown: systemd gave no answer");
	return 0;
}

bool kill_respawns(const struct kill_plan *p, int sig, uint64_t *ret_delay_ns)
{
	bool yes = false;

	*ret_delay_ns = 0;
	for (size_t i = 0; i < p->respawns.n; i++) {
		const struct kill_respawn *r = &p->respawns.v[i];

		if (kill_sig_ends(sig) && chance_of(r, sig) != CHANCE_NO && !r->trigger[0]) {
			yes = true;
			if (r->delay_ns > *ret_delay_ns)
				*ret_delay_ns = r->delay_ns;
		}
	}
	return yes;
}
