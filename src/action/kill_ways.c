/* To whom a signal can go beside the holders themselves: the process group, the unit or container, and the unit's own
 * way of ending. Whoever would be hit is known, and held by a pidfd, before anything is offered. */
#include "kill_private.h"

#include "sockeye/base/text.h"
#include "sockeye/model/unit.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MEMBERS_MAX 512 /* a descriptor each */

static bool pids_have(const struct kill_pids *p, uint32_t pid)
{
	for (size_t i = 0; i < p->list.n; i++)
		if (p->list.v[i] == pid)
			return true;
	return false;
}

/* The first holder that can be signalled leads the way to group and unit. */
static const struct kill_target *first_ok(const struct kill *k)
{
	for (size_t i = 0; i < k->plan.targets.n; i++)
		if (k->plan.targets.v[i].refusal == KILL_OK)
			return &k->plan.targets.v[i];
	return NULL;
}

static size_t aim_of(const struct kill *k, uint32_t pid)
{
	size_t i = 0;

	while (i < k->aims.n && kill_target_of(k, i)->pid != pid)
		i++;
	return i;
}

static int group_pids(const struct kill *k, uint32_t group, struct kill_pids *ret)
{
	struct kill_pids all = {0};
	uint32_t pgrp;
	int r = k->sys.pids(k->sys.data, &all);

	ret->list.n = 0;
	for (size_t i = 0; r >= 0 && i < all.list.n; i++)
		if (k->sys.group(k->sys.data, all.list.v[i], &pgrp) == 0 && pgrp == group)
			vec_push(&ret->list, all.list.v[i]);
	vec_done(&all.list);
	return r;
}

/* None of ours, and not more than can be held on to. A holder that was refused for good reason is no company. */
static bool may_offer(const struct kill *k, const struct kill_pids *pids)
{
	if (!pids->list.n || pids->list.n > MEMBERS_MAX)
		return false;
	for (size_t i = 0; i < pids->list.n; i++) {
		size_t at = aim_of(k, pids->list.v[i]);

		if (pids->list.v[i] <= 1 || kill_is_ancestor(k, pids->list.v[i]))
			return false;
		if (at < k->plan.targets.n && k->plan.targets.v[at].refusal != KILL_OK &&
		    !kill_refusal_table[k->plan.targets.v[at].refusal].over)
			return false;
	}
	return true;
}

/* Makes each of them an aim of this way. Gives how many can be signalled. */
static uint32_t take_members(struct kill *k, const struct kill_pids *pids, uint8_t to)
{
	uint32_t n = 0;

	for (size_t i = 0; i < pids->list.n; i++) {
		size_t at = aim_of(k, pids->list.v[i]);

		if (at == k->aims.n) {
			struct kill_target t = {.pid = pids->list.v[i]};
			struct kill_aim a = {.pidfd = -1};
			struct str name = {0};
			char comm[64] = "", state;

			if (k->sys.start_ticks(k->sys.data, t.pid, &t.start, &state) < 0)
				continue;
			if (k->sys.comm(k->sys.data, t.pid, comm) == 0)
				text_put_cell(&name, comm, strnlen(comm, sizeof(comm)), false, 24);
			snprintf(t.name, sizeof(t.name), "%s", name.n ? str_text(&name) : "pid");
			str_done(&name);
			t.refusal = (uint8_t)kill_open_target(k, &t, &a);
			vec_push(&k->members, t);
			vec_push(&k->aims, a);
		}
		k->aims.v[at].ways |= (uint8_t)(1 << to);
		n += kill_target_of(k, at)->refusal == KILL_OK;
	}
	return n;
}

static struct kill_way *add_way(struct kill *k, uint8_t to)
{
	struct kill_way *w = vec_add(&k->plan.ways);

	*w = (struct kill_way){.to = to};
	return w;
}

static void holders(struct kill *k)
{
	struct kill_way *w = add_way(k, KILL_TO_HOLDERS);
	struct str s = {0};

	w->procs = (uint32_t)kill_targets_ok(&k->plan);
	kill_holders_put(&k->plan, &s);
	snprintf(w->text, sizeof(w->text), "%s", str_text(&s));
	str_done(&s);
}

static uint32_t children_of(const struct kill *k, const struct kill_pids *pids, uint32_t pid)
{
	uint32_t n = 0, up;

	for (size_t i = 0; i < pids->list.n; i++)
		n += k->sys.parent(k->sys.data, pids->list.v[i], &up) == 0 && up == pid;
	return n;
}

static void group(struct kill *k, const struct kill_target *t)
{
	struct kill_pids pids = {0};
	struct kill_way *w;
	uint32_t pgrp, n, children;

	if (k->sys.group(k->sys.data, t->pid, &pgrp) < 0 || pgrp <= 1 || group_pids(k, pgrp, &pids) < 0 ||
	    pids.list.n < 2 || !may_offer(k, &pids)) {
		vec_done(&pids.list);
		return;
	}
	n = take_members(k, &pids, KILL_TO_GROUP);
	k->group = pgrp;
	k->leader = k->sys.pidfd_open(k->sys.data, pgrp);
	w = add_way(k, KILL_TO_GROUP);
	w->procs = n;
	children = children_of(k, &pids, t->pid);
	if (children + 1 == pids.list.n)
		snprintf(w->text, sizeof(w->text), "%s %u and %u %s", t->name, t->pid, children,
			 children == 1 ? "child" : "children");
	else
		snprintf(w->text, sizeof(w->text), "%s %u and %zu more", t->name, t->pid, pids.list.n - 1);
	vec_done(&pids.list);
}

/* The part of a cgroup path that is the unit's: the shortest one that gives its name. */
static bool unit_path(const char *path, char *ret, size_t size, struct str *ret_name)
{
	struct str whole = {0}, part = {0};
	bool found = false;

	unit_name(path, &whole);
	for (const char *p = path; whole.n && !found && *p;) {
		p++;
		p += strcspn(p, "/");
		if ((size_t)(p - path) >= size)
			break;
		snprintf(ret, size, "%.*s", (int)(p - path), path);
		str_clear(&part);
		unit_name(ret, &part);
		found = part.n == whole.n && !memcmp(part.s, whole.s, part.n);
	}
	/* A slice is no unit of one's own: a whole user, or the machine. */
	if (found && (whole.n < 6 || strcmp(str_text(&whole) + whole.n - 6, ".slice")))
		str_put(ret_name, whole.s, whole.n);
	str_done(&whole);
	str_done(&part);
	return ret_name->n > 0;
}

static bool is_below(const char *path, const char *top)
{
	size_t n = strlen(top);

	return !strncmp(path, top, n) && (!path[n] || path[n] == '/');
}

static void unit(struct kill *k, const struct kill_target *t)
{
	struct str path = {0}, own = {0}, name = {0}, safe = {0};
	struct kill_pids pids = {0};
	struct kill_way *w = NULL;
	bool container, user;
	uint32_t uid = 0;

	if (k->sys.cgroup(k->sys.data, t->pid, &path) < 0 ||
	    k->sys.cgroup(k->sys.data, (uint32_t)getpid(), &own) < 0 ||
	    !unit_path(str_text(&path), k->cgroup_path, sizeof(k->cgroup_path), &name) ||
	    is_below(str_text(&own), k->cgroup_path))
		goto out;
	text_put_cell(&safe, name.s, name.n, false, 60);
	container = strchr(str_text(&name), ':') && !strstr(str_text(&name), ".service");
	k->cgroup = k->sys.cgroup_open(k->sys.data, k->cgroup_path);
	if (k->cgroup >= 0 && k->sys.cgroup_pids(k->sys.data, k->cgroup, &pids) >= 0 && may_offer(k, &pids) &&
	    pids_have(&pids, t->pid)) {
		uint32_t n = take_members(k, &pids, KILL_TO_UNIT);

		w = add_way(k, KILL_TO_UNIT);
		w->procs = n;
		snprintf(w->text, sizeof(w->text), "%s, %u process%s", str_text(&safe), n,
			 n == 1 ? "" : "es");
		w = NULL;
	}
	user = unit_of_user(str_text(&path), &uid);
	if (kill_unit_stoppable(str_text(&name)) && k->sys.unit_stoppable(k->sys.data) == 1) {
		struct str command = {0};

		kill_stop_put(str_text(&name), user, uid, t->user, geteuid(), &command);
		/* Another user's manager is spoken to by nobody but himself; root may copy how. */
		w = add_way(k, !user || uid == geteuid() ? KILL_TO_STOP : KILL_TO_COPY);
		w->user = user;
		snprintf(w->text, sizeof(w->text), "%s",
			 w->to == KILL_TO_STOP ? str_text(&name) : str_text(&command));
		snprintf(w->command, sizeof(w->command), "%s", str_text(&command));
		str_done(&command);
	}
	if (w && w->to == KILL_TO_STOP) {
		for (size_t i = 0; i < k->plan.targets.n; i++)
			if (!strcmp(k->plan.targets.v[i].unit, str_text(&safe))) {
				k->aims.v[i].ways |= 1 << KILL_TO_STOP;
				w->procs++;
			}
	}
	if (container &&
	    (!strncmp(str_text(&safe), "docker:", 7) || !strncmp(str_text(&safe), "podman:", 7))) {
		w = add_way(k, KILL_TO_COPY);
		snprintf(w->command, sizeof(w->command), "%.6s stop %s", str_text(&safe),
			 str_text(&safe) + 7);
		snprintf(w->text, sizeof(w->text), "%.*s", (int)sizeof(w->text) - 1, w->command);
	}
out:
	vec_done(&pids.list);
	str_done(&path);
	str_done(&own);
	str_done(&name);
	str_done(&safe);
}

/* What to do instead of a signal that is refused: to be copied. */
static void instead(struct kill *k)
{
	for (size_t i = 0; i < k->plan.targets.n; i++) {
		const struct kill_target *t = &k->plan.targets.v[i];
		struct kill_way *w;

		if (t->refusal == KILL_OK || !t->instead[0])
			continue;
		w = add_way(k, KILL_TO_COPY);
		snprintf(w->command, sizeof(w->command), "%s", t->instead);
		snprintf(w->text, sizeof(w->text), "%.*s", (int)sizeof(w->text) - 1, t->instead);
		return;
	}
}

/* Units that systemd can be asked about, each once. */
static void respawns(struct kill *k)
{
	for (size_t i = 0; i < k->plan.targets.n; i++) {
		const struct kill_target *t = &k->plan.targets.v[i];
		/* What another user's manager will do, it would say only to him. */
		bool known = !kill_unit_stoppable(t->unit) || (t->user_unit && t->unit_uid != geteuid());

		for (size_t j = 0; j < k->plan.respawns.n; j++)
			known |= !strcmp(k->plan.respawns.v[j].unit, t->unit) &&
				 k->plan.respawns.v[j].user == t->user_unit;
		if (!known) {
			struct kill_respawn *r = vec_add(&k->plan.respawns);

			*r = (struct kill_respawn){.user = t->user_unit,
						   .state = k->sys.unit_stoppable(k->sys.data) == 1
								    ? RESPAWN_ASKING
								    : RESPAWN_UNKNOWN};
			snprintf(r->unit, sizeof(r->unit), "%s", t->unit);
		}
	}
}

void kill_find_ways(struct kill *k)
{
	const struct kill_target *t = first_ok(k);

	if (t) {
		struct kill_target first = *t; /* its place in memory stays, but the vectors beside it grow */

		holders(k);
		group(k, &first);
		unit(k, &first);
	}
	instead(k);
	respawns(k);
}

bool kill_still_member(const struct kill *k, const struct kill_target *t, uint8_t to)
{
	struct str path = {0};
	uint32_t pgrp;
	bool is;

	if (to == KILL_TO_GROUP)
		return k->sys.group(k->sys.data, t->pid, &pgrp) == 0 && pgrp == k->group;
	is = k->sys.cgroup(k->sys.data, t->pid, &path) == 0 && is_below(str_text(&path), k->cgroup_path);
	str_done(&path);
	return is;
}

bool kill_nobody_joined(const struct kill *k, uint8_t to)
{
	struct kill_pids now = {0};
	bool same = group_pids(k, k->group, &now) >= 0;

	for (size_t i = 0; i < now.list.n && same; i++) {
		size_t at = aim_of(k, now.list.v[i]);

		/* Also when one of them got an objection of its own. */
		same = at < k->aims.n && k->aims.v[at].ways & (1 << to) &&
		       kill_target_of(k, at)->refusal == KILL_OK;
	}
	vec_done(&now.list);
	return same;
}
