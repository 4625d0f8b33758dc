/* Whom a kill would hit, what that frees and what it ends: read off one frame, before anything is done, in slices. */
#include "kill_plan.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include "sockeye/model/unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void kill_copy_text(char *buf, size_t size, const char *s, size_t n)
{
	struct str safe = {0}, cut = {0};

	text_put_cell(&safe, s, n, false, size);
	text_put_clip(&cut, str_text(&safe), (int)size - 1, "~");
	/* Wide and combining characters take more bytes than cells. */
	if (cut.n >= size) {
		str_clear(&cut);
		text_put_cell(&cut, s, n, true, (size - 1) / 10);
	}
	snprintf(buf, size, "%s", str_text(&cut));
	str_done(&safe);
	str_done(&cut);
}

void kill_copy_name(char *buf, size_t size, const struct frame *f, uint32_t id)
{
	kill_copy_text(buf, size, intern_get(f->names, id), intern_len(f->names, id));
}

void kill_copy_comm(char *buf, size_t size, const struct frame *f, uint32_t id)
{
	kill_copy_name(buf, size, f, id);
	if (!*buf)
		snprintf(buf, size, "\"\"");
}

void kill_put_sock(char *buf, size_t size, const struct frame *f, uint32_t row)
{
	const struct sock *s = frame_sock(f, row);
	bool v6 = s->family == FAMILY_IPV6;
	char addr[IP_TEXT];

	if (s->family <= FAMILY_IPV6)
		snprintf(buf, size, "%s %s%s%s:%u", proto_table[s->proto].name, v6 ? "[" : "",
			 ip_format(addr, s->laddr, v6), v6 ? "]" : "", s->lport);
	else
		snprintf(buf, size, "a %s socket", proto_table[s->proto].name);
}

/* Arguments are told apart by NULs: one line for people. */
static char *cmdline_of(const struct frame *f, const struct proc *pr)
{
	uint32_t n;
	const char *raw = pr->late ? late_get_n(pr->late, LATE_CMDLINE, &n) : NULL;
	struct str out = {0};
	char *line;

	if (!raw)
		return NULL;
	if (n > 4096)
		n = 4096;
	while (n && !raw[n - 1])
		n--;
	line = mem_dup(raw, n ? n : 1);
	for (uint32_t i = 0; i < n; i++)
		if (!line[i])
			line[i] = ' ';
	text_put_cell(&out, line, n, false, 4096);
	free(line);
	return str_take(&out);
}

/* Making a command line fit for people takes as long as many rows. */
#define STEPS_A_TARGET 32

static uint32_t add_target(struct build *b, uint32_t proc)
{
	const struct proc *pr = &b->f->procs.v[proc];
	struct kill_target *t;
	const char *user;

	if (b->target[proc] != NONE)
		return b->target[proc];
	b->target[proc] = (uint32_t)b->p->targets.n;
	*map_at(&b->pids, pr->p.pid, 0) = 1;
	vec_push(&b->procs, proc);
	t = vec_add(&b->p->targets);
	*t = (struct kill_target){.pid = pr->p.pid, .start = pr->p.start, .uid = pr->p.uid};
	kill_copy_comm(t->name, sizeof(t->name), b->f, pr->p.comm);
	kill_copy_name(t->unit, sizeof(t->unit), b->f, pr->unit);
	t->user_unit = unit_of_user(intern_get(b->f->names, pr->p.cgroup), &t->unit_uid);
	user = frame_user(b->f, pr->p.uid);
	if (user && user[0])
		kill_copy_text(t->user, sizeof(t->user), user, strlen(user));
	else
		snprintf(t->user, sizeof(t->user), "%u", pr->p.uid);
	t->cmdline = cmdline_of(b->f, pr);
	t->start_wall_ns = frame_proc_start_wall(b->f, proc);
	b->steps += STEPS_A_TARGET;
	return b->target[proc];
}

static void add_proof(struct build *b, uint32_t target, uint32_t row, int32_t fd)
{
	const struct sock *s = frame_sock(b->f, row);

	vec_push(&b->p->targets.v[target].proofs, ((struct kill_proof){s->inode, fd, s->cookie}));
}

uint32_t kill_first_with(struct build *b, struct map *known, const char *text, uint64_t kind, uint32_t next,
			 const char *(*text_of)(const struct build *b, uint32_t i))
{
	uint64_t hash = 0;

	for (const char *c = text; *c; c++)
		hash = map_hash(hash, (uint8_t)*c);
	for (;; kind += 256) { /* foreign texts may share a hash, by intent */
		uint32_t *at = map_at(known, hash, kind);

		if (*at == MAP_NONE)
			*at = next;
		else if (strcmp(text_of(b, *at), text) != 0)
			continue;
		return *at;
	}
}

static const char *unowned_what(const struct build *b, uint32_t i)
{
	return b->p->unowned.v[i].what;
}

/* A picked socket that nobody known holds: one line a port and reason. */
static void add_unowned(struct build *b, uint32_t row)
{
	const struct sock *s = frame_sock(b->f, row);
	uint32_t port = frame_port_of(b->f, row), next = (uint32_t)b->p->unowned.n;
	struct kill_unowned *u = vec_add(&b->p->unowned);
	struct str unit = {0};

	*u = (struct kill_unowned){.reason = frame_row(b->f, row)->reason,
				   .uid = s->flags & SOCK_HAS_UID ? s->uid : NONE};
	if (port != NONE && STATES_PORT & STATE_BIT(s->state)) {
		char addr[64];

		kill_put_addr(addr, sizeof(addr), b->f, &b->f->ports.v[port]);
		snprintf(u->what, sizeof(u->what), "%u/%s %s", s->lport, proto_table[s->proto].name, addr);
	} else {
		kill_put_sock(u->what, sizeof(u->what), b->f, row);
	}
	if (kill_first_with(b, &b->unowned, u->what, u->reason, next, unowned_what) != next) {
		b->p->unowned.n--;
		return;
	}
	unit_name(intern_get(b->f->names, s->cgroup), &unit);
	kill_copy_text(u->unit, sizeof(u->unit), str_text(&unit), unit.n);
	str_done(&unit);
}

/* The present owners of a socket. */
static void add_owners(struct build *b, uint32_t row)
{
	const struct row *r = frame_row(b->f, row);
	bool owned = false;

	if (r->reason != REASON_OWNED && b->p->no_owner_reason == REASON_OWNED)
		b->p->no_owner_reason = r->reason;
	b->p->unscanned |= !(r->marks & MARK_CLOSED) && !(frame_sock(b->f, row)->flags & SOCK_SEARCHED);
	for (uint32_t i = 0; i < r->owner_n; i++) {
		const struct owner *o = frame_owner(b->f, r, i);

		if (!o->former && !(b->f->procs.v[o->proc].marks & MARK_CLOSED)) {
			add_proof(b, add_target(b, o->proc), row, o->fd);
			owned = true;
		}
	}
	if (!owned && !(r->marks & MARK_CLOSED))
		add_unowned(b, row);
}

static bool pick_port(struct build *b, const struct pick *k)
{
	uint32_t at = frame_port_by_key(b->f, k->netns, k->proto, k->port);
	const struct port *p = at == NONE ? NULL : &b->f->ports.v[at];

	if (!p || p->marks & MARK_CLOSED)
		return true;
	for (; b->sub < p->member_n; b->sub++) { /* a client port has none */
		if (kill_build_over(b))
			return false;
		add_owners(b, b->f->members.v[p->member + b->sub]);
	}
	return true;
}

static bool pick_proc(struct build *b, const struct pick *k)
{
	uint32_t at = frame_proc_by_key(b->f, k->pid, k->start), target;
	const struct proc *p = at == NONE ? NULL : &b->f->procs.v[at];

	if (!k->pid && !k->start && p) {
		if (b->p->no_owner_reason == REASON_OWNED)
			b->p->no_owner_reason = REASON_KERNEL;
		return true;
	}
	if (!p || p->marks & MARK_CLOSED)
		return true;
	target = add_target(b, at);
	for (; b->sub < p->sock_n; b->sub++) {
		uint32_t row = b->f->proc_socks.v[p->sock + b->sub];
		const struct row *r = frame_row(b->f, row);

		if (kill_build_over(b))
			return false;
		for (uint32_t o = 0; o < r->owner_n; o++) {
			const struct owner *ow = frame_owner(b->f, r, o);

			if (ow->proc == at && !ow->former)
				add_proof(b, target, row, ow->fd);
		}
	}
	return true;
}

static bool pick_targets(struct build *b)
{
	for (; b->at < b->picks_n; b->at++, b->sub = 0) {
		struct pick k = kill_build_pick(b, b->at);

		if (kill_build_over(b))
			return false;
		b->rows[b->at] = k.kind == PICK_SOCK ? frame_row_by_cookie(b->f, k.netns, k.cookie) : NONE;
		if (b->rows[b->at] != NONE)
			add_owners(b, b->rows[b->at]);
		if ((k.kind == PICK_PORT && !pick_port(b, &k)) || (k.kind == PICK_PROC && !pick_proc(b, &k)))
			return false;
	}
	return true;
}

static bool judge_targets(struct build *b)
{
	for (; b->at < b->procs.n; b->at++) {
		if (kill_build_over(b))
			return false;
		kill_judge_target(b, &b->p->targets.v[b->at], b->procs.v[b->at]);
	}
	return true;
}

static bool before(const struct snap_proc *a, const struct snap_proc *b)
{
	if (a->pid == b->ppid || b->pid == a->ppid)
		return a->pid == b->ppid; /* a clock tick is long enough to fork in */
	return a->start != b->start ? a->start < b->start : a->pid < b->pid;
}

/* Oldest first, and a parent before its children, so that none is started again meanwhile. By insertion: a parent
 * that is younger than its child makes it an order that other ways of sorting do not bear. */
static bool order_targets(struct build *b)
{
	const struct proc *procs = b->f->procs.v;

	for (; b->order.n < b->procs.n; b->sub = 0) {
		size_t at = b->order.n - b->sub;
		uint32_t proc = b->procs.v[b->order.n];

		for (; at > 0 && before(&procs[proc].p, &procs[b->procs.v[b->order.v[at - 1]]].p);
		     at--, b->sub++)
			if (kill_build_over(b))
				return false;
		vec_push(&b->order, 0);
		memmove(b->order.v + at + 1, b->order.v + at, (b->order.n - 1 - at) * sizeof(b->order.v[0]));
		b->order.v[at] = (uint32_t)b->order.n - 1;
	}
	return true;
}

static bool take_order(struct build *b)
{
	struct kill_target *now = mem_alloc(b->order.n, sizeof(*now));

	for (size_t i = 0; i < b->order.n; i++)
		now[i] = b->p->targets.v[b->order.v[i]];
	free(b->p->targets.v);
	b->p->targets.v = now;
	b->p->targets.cap = b->p->targets.n;
	return true;
}

static bool put_title(struct build *b)
{
	static const char *const several[] = {[PICK_SOCK] = "the owners of %s sockets",
					      [PICK_PORT] = "the holders of %s ports",
					      [PICK_PROC] = "%s processes"};
	char *buf = b->p->title, sock[96], name[40], count[UNIT_BUF];
	size_t size = sizeof(b->p->title);
	struct pick k;
	uint32_t at;

	if (!b->picks_n)
		return true;
	k = kill_build_pick(b, 0);
	if (b->picks_n > 1) { /* of one table: all of one kind */
		snprintf(buf, size, several[k.kind], fmt_count(count, b->picks_n));
		return true;
	}
	switch (k.kind) {
	case PICK_PORT:
		snprintf(buf, size, "the holder of %u/%s", k.port, proto_table[k.proto].name);
		break;
	case PICK_PROC:
		at = frame_proc_by_key(b->f, k.pid, k.start);
		if (at == NONE)
			snprintf(name, sizeof(name), "process");
		else
			kill_copy_comm(name, sizeof(name), b->f, b->f->procs.v[at].p.comm);
		snprintf(buf, size, "%s %u", name, k.pid);
		break;
	case PICK_SOCK:
		at = b->rows[0];
		if (at == NONE) {
			snprintf(buf, size, "the owner of a socket that has gone");
		} else {
			kill_put_sock(sock, sizeof(sock), b->f, at);
			snprintf(buf, size, "the owner of %.50s", sock);
		}
		break;
	}
	return true;
}

uint64_t frame_netns_inode(const struct frame *f, uint16_t netns)
{
	return netns < f->netns.n ? f->netns.v[netns].inode : 0;
}

void pick_settle(const struct frame *f, struct pick *p)
{
	if (!p->netns_inode || frame_netns_inode(f, p->netns) == p->netns_inode)
		return;
	p->netns = UINT16_MAX;
	for (uint16_t i = 0; i < f->netns.n; i++)
		if (f->netns.v[i].inode == p->netns_inode)
			p->netns = i;
}

struct pick kill_build_pick(const struct build *b, size_t i)
{
	struct pick k = b->picks[i];

	pick_settle(b->f, &k);
	return k;
}

/* They may go on holding what their parent held. */
static bool children(struct build *b)
{
	for (; b->at < b->f->open_procs; b->at++) {
		const struct snap_proc *c = &b->f->procs.v[b->at].p;

		if (kill_build_over(b))
			return false;
		if (b->target[b->at] == NONE && map_get(&b->pids, c->ppid, 0) != MAP_NONE)
			vec_push(&b->p->children, ((struct kill_child){c->pid, c->start}));
	}
	return true;
}

static bool why_nobody(struct build *b)
{
	if (!b->p->targets.n && b->p->no_owner_reason == REASON_OWNED)
		b->p->no_owner_reason = REASON_GONE;
	return true;
}

/* One after the other: what a part needs is there. */
static bool (*const parts[])(struct build *b) = {
	pick_targets, judge_targets,    kill_ports_asked, kill_ports_narrow, kill_ports_held, children,
	why_nobody,   kill_cost_held,   kill_cost_near,   kill_cost_count,   kill_cost_peers, kill_cost_reach,
	put_title,    kill_ports_order, order_targets,    take_order,
};

struct kill_planning {
	struct build b;
	struct kill_plan plan;
	size_t part; /* of `parts` */
};

struct kill_planning *kill_planning_new(const struct frame *f, const struct pick *picks, size_t n)
{
	struct kill_planning *k = mem_zalloc(1, sizeof(*k));

	k->b = (struct build){.p = &k->plan, .f = f, .picks = picks, .picks_n = n};
	k->b.rows = mem_alloc(n, sizeof(k->b.rows[0]));
	k->b.target = mem_alloc(f->procs.n, sizeof(k->b.target[0]));
	for (size_t i = 0; i < f->procs.n; i++)
		k->b.target[i] = NONE;
	return k;
}

bool kill_planning_step(struct kill_planning *k, const struct slice *slice)
{
	k->b.slice = slice;
	for (; k->part < ARRAY_LEN(parts); k->part++) {
		if (!parts[k->part](&k->b))
			return false;
		k->b.at = k->b.sub = 0;
	}
	return true;
}

void kill_planning_take(struct kill_planning *k, struct kill_plan *ret)
{
	*ret = k->plan;
	k->plan = (struct kill_plan){0};
}

void kill_planning_free(struct kill_planning *k)
{
	if (!k)
		return;
	kill_plan_done(&k->plan);
	kill_cost_done(&k->b);
	vec_done(&k->b.procs);
	vec_done(&k->b.order);
	map_done(&k->b.pids);
	map_done(&k->b.ports);
	map_done(&k->b.unowned);
	free(k->b.target);
	free(k->b.rows);
	free(k);
}

void kill_plan_build(struct kill_plan *p, const struct frame *f, const struct pick *picks, size_t n)
{
	struct kill_planning *k = kill_planning_new(f, picks, n);

	kill_planning_step(k, NULL);
	kill_planning_take(k, p);
	kill_planning_free(k);
}

void kill_plan_done(struct kill_plan *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->targets.n; i++) {
		free(p->targets.v[i].cmdline);
		vec_done(&p->targets.v[i].proofs);
	}
	vec_done(&p->targets);
	vec_done(&p->ports);
	vec_done(&p->unowned);
	vec_done(&p->children);
	vec_done(&p->ways);
	vec_done(&p->respawns);
}
