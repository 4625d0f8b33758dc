/* What can be done about a port that is taken: who can be stopped how, and whether systemd would start it again. */
#include "explain_private.h"
#include "sockeye/base/units.h"
#include "sockeye/model/unit.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static void put_way(struct str *out, const char *way)
{
	/* Each once: many holders are of one unit. */
	size_t n = strlen(way);

	for (const char *p = str_text(out); (p = strstr(p, way)); p += n)
		if ((p == str_text(out) || p[-1] == '\n') && p[n] == '\n')
			return;
	str_putf(out, "%s\n", way);
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), k = strlen(end);

	return n > k && !strcmp(s + n - k, end);
}

/* Containers whose runtime has a command of its own. */
static const char *const runtimes[] = {"docker", "podman"};

/* The holder's unit as its service manager knows it. False: it has none that could be stopped. */
static bool unit_of(const struct explain *e, uint32_t proc, struct kill_respawn *ret)
{
	const struct frame *f = e->f;
	uint32_t uid = 0, unit = f->procs.v[proc].unit;

	*ret = (struct kill_respawn){
		.user = unit_of_user(intern_get(f->names, f->procs.v[proc].p.cgroup), &uid)};
	if (intern_len(f->names, unit) >= sizeof(ret->unit))
		return false;
	snprintf(ret->unit, sizeof(ret->unit), "%s", intern_get(f->names, unit));
	return kill_unit_stoppable(ret->unit);
}

static const struct kill_respawn *known(const struct explain *e, const struct kill_respawn *unit)
{
	for (size_t i = 0; i < e->units.n; i++)
		if (e->units.v[i].user == unit->user && !strcmp(e->units.v[i].unit, unit->unit))
			return &e->units.v[i];
	return NULL;
}

/* Who is to be asked: of those that block, as far as the asker's own managers can tell. */
static void find_units(struct explain *e)
{
	uint32_t uid = 0;

	for (size_t i = 0; i < e->holders.n; i++) {
		const struct explain_holder *h = &e->holders.v[i];
		struct kill_respawn r;

		if (h->effect != EFFECT_BLOCKS || h->proc == NONE || h->systemd || !unit_of(e, h->proc, &r) ||
		    known(e, &r))
			continue;
		if (r.user &&
		    (!unit_of_user(intern_get(e->f->names, e->f->procs.v[h->proc].p.cgroup), &uid) ||
		     uid != e->facts->asker))
			continue;
		r.state = RESPAWN_ASKING;
		vec_push(&e->units, r);
	}
}

void explain_units_read(struct explain *e, const char *text)
{
	struct kill_plan p = {0};

	find_units(e);
	for (size_t i = 0; i < e->units.n; i++)
		vec_push(&p.respawns, e->units.v[i]);
	kill_respawn_read(&p, text);
	for (size_t i = 0; i < e->units.n; i++)
		e->units.v[i] = p.respawns.v[i];
	kill_plan_done(&p);
}

void explain_ask_units(struct explain *e, uint64_t timeout_ns)
{
	struct kill_plan p = {0};
	struct str answer = {0};

	find_units(e);
	for (size_t i = 0; i < e->units.n; i++)
		vec_push(&p.respawns, e->units.v[i]);
	(void)unit_ask(&p, timeout_ns, &answer);
	explain_units_read(e, str_text(&answer));
	str_done(&answer);
	kill_plan_done(&p);
}

/* "   (after sockeye kill: 5 s, then back)" */
static void put_comeback(const struct kill_respawn *r, struct str *out)
{
	struct kill_plan p = {0};
	char buf[UNIT_BUF];
	uint64_t delay;
	bool back;

	if (!r || r->state != RESPAWN_KNOWN) {
		str_puts(out, "   (after sockeye kill it may be started again)");
		return;
	}
	vec_push(&p.respawns, *r);
	back = kill_respawns(&p, SIGTERM, &delay);
	kill_plan_done(&p);
	if (r->trigger[0])
		str_putf(out, "   (else %s starts it again)", r->trigger);
	else if (!back)
		str_putf(out, "   (or sockeye kill: Restart=%s)", r->restart);
	else if (strcmp(r->restart, "on-failure") == 0)
		str_puts(out, "   (after sockeye kill it is back if it ends with an error)");
	else if (!delay)
		str_puts(out, "   (after sockeye kill: back at once)");
	else if (delay < NSEC_PER_SEC)
		str_putf(out, "   (after sockeye kill: %u ms, then back)", (unsigned)(delay / NSEC_PER_MS));
	else
		str_putf(out, "   (after sockeye kill: %s, then back)",
			 fmt_duration(buf, (double)delay / NSEC_PER_SEC));
}

static void put_stop(const struct explain *e, uint32_t proc, bool ascii, struct str *out)
{
	const struct snap_proc *p = &e->f->procs.v[proc].p;
	const struct kill_respawn *said;
	struct kill_respawn r;
	struct str name = {0};
	uint32_t uid = 0;
	const char *user;

	unit_of(e, proc, &r);
	said = known(e, &r);
	user = frame_user(e->f, p->uid);
	if (user && *user)
		explain_put_foreign(&name, user, strlen(user), ascii);
	else
		str_putf(&name, "%u", p->uid);
	unit_of_user(intern_get(e->f->names, p->cgroup), &uid);
	kill_stop_put(r.unit, r.user, uid, str_text(&name), e->facts->asker, out);
	if (said && said->trigger[0])
		str_putf(out, " %s", said->trigger); /* both: else the next who connects starts it again */
	put_comeback(said, out);
	str_done(&name);
}

/* systemd holds the socket: its unit goes first, then the service that got it from there. */
static void put_socket_way(const struct explain *e, const struct explain_holder *h, const char *raw,
			   const char *safe, struct str *out)
{
	const struct row *r = frame_row(e->f, h->row);
	bool user = e->f->procs.v[h->proc].p.pid != 1;

	if (!ends_with(raw, ".socket")) {
		str_putf(out, "systemctl %slist-sockets names the .socket unit; then systemctl %sstop it",
			 user ? "--user " : "", user ? "--user " : "");
		return;
	}
	str_putf(out, "systemctl %sstop %s", user ? "--user " : "", safe);
	for (uint32_t i = 0; i < r->owner_n; i++) {
		const struct owner *o = frame_owner(e->f, r, i);
		struct kill_respawn service;

		if (!o->former && unit_of(e, o->proc, &service) && !strstr(str_text(out), service.unit))
			str_putf(out, " %s", service.unit);
	}
}

static void put_holder_ways(const struct explain *e, const struct explain_holder *h, bool ascii,
			    struct str *out)
{
	const struct frame *f = e->f;
	uint32_t pid = h->proc == NONE ? 0 : f->procs.v[h->proc].p.pid;
	struct str way = {0}, unit = {0}, raw_unit = {0};
	uint8_t reason = frame_row(f, h->row)->reason;
	const char *raw, *proto = proto_table[e->proto].name;
	struct kill_respawn r;

	explain_put_unit(e, h, &raw_unit);
	raw = str_text(&raw_unit);
	explain_put_foreign(&unit, raw, raw_unit.n, ascii);
	if (h->proc == NONE && reason == REASON_NOT_PERMITTED && e->facts->asker) {
		str_putf(&way, "root sees whose it is: sudo sockeye explain %u/%s", e->port, proto);
	} else if (h->proc == NONE || !pid) {
		if (h->kind == EXPLAIN_CONN)
			str_putf(&way, "sockeye close lport=%u", e->port);
		else
			str_puts(&way, reason_table[reason].help);
	} else if (h->systemd) {
		put_socket_way(e, h, raw, str_text(&unit), &way);
	} else if (!strcmp(intern_get(f->names, f->procs.v[h->proc].p.comm), "docker-proxy")) {
		str_putf(&way, "docker ps --filter publish=%u names the container; then docker stop it",
			 e->port);
	} else {
		for (size_t i = 0; i < ARRAY_LEN(runtimes); i++) {
			size_t n = strlen(runtimes[i]);

			if (!strncmp(raw, runtimes[i], n) && raw[n] == ':')
				str_putf(&way, "%s stop %s", runtimes[i], str_text(&unit) + n + 1);
		}
		if (!way.n && unit_of(e, h->proc, &r))
			put_stop(e, h->proc, ascii, &way);
		else if (!way.n && h->kind == EXPLAIN_CONN)
			str_putf(&way, "sockeye close lport=%u", e->port);
		else if (!way.n)
			str_putf(&way, "sockeye kill %s :%u", proto, e->port);
	}
	put_way(out, str_text(&way));
	str_done(&way);
	str_done(&unit);
	str_done(&raw_unit);
}

void explain_put_ways(const struct explain *e, bool ascii, struct str *out)
{
	struct str all = {0};
	uint32_t longest_ms = 0;
	char buf[UNIT_BUF];

	if (e->verdict == EXPLAIN_DENIED)
		str_putf(&all, "AmbientCapabilities=CAP_NET_BIND_SERVICE in the unit, or a port from %d\n",
			 e->facts->unprivileged_start);
	for (size_t i = 0; i < e->holders.n; i++) {
		const struct explain_holder *h = &e->holders.v[i];

		if (h->effect != EFFECT_BLOCKS)
			continue;
		if (h->kind != EXPLAIN_TIME_WAIT)
			put_holder_ways(e, h, ascii, &all);
		else if (h->timer_ms > longest_ms)
			longest_ms = h->timer_ms;
	}
	if (longest_ms)
		str_putf(&all, "time-wait ends by itself in %s\n",
			 fmt_duration(buf, (longest_ms + 999) / 1000));
	str_put(out, str_text(&all), all.n);
	str_done(&all);
}
