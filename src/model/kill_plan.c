/* Whom a kill would hit, what that frees and what it ends: read off one frame, before anything is done. */
#include "kill_plan.h"
#include "sockeye/base/text.h"
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

static uint32_t add_target(struct build *b, uint32_t proc)
{
	const struct proc *pr = &b->f->procs.v[proc];
	struct kill_target *t;
	const char *user;

	if (b->target[proc] != NONE)
		return b->target[proc];
	b->target[proc] = (uint32_t)b->p->targets.n;
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
	return b->target[proc];
}

static void add_proof(struct build *b, uint32_t target, uint32_t row, int32_t fd)
{
	const struct sock *s = frame_sock(b->f, row);

	vec_push(&b->p->targets.v[target].proofs, ((struct kill_proof){s->inode, fd, s->cookie}));
}

/* A picked socket that nobody known holds: one line a port and reason. */
static void add_unowned(struct build *b, uint32_t row)
{
	const struct sock *s = frame_sock(b->f, row);
	uint32_t port = frame_port_of(b->f, row);
	struct kill_unowned *u, new = {.reason = frame_row(b->f, row)->reason,
				       .uid = s->flags & SOCK_HAS_UID ? s->uid : NONE};
	struct str unit = {0};

	if (port != NONE && STATES_PORT & STATE_BIT(s->state)) {
		char addr[64];

		kill_put_addr(addr, sizeof(addr), b->f, &b->f->ports.v[port]);
		snprintf(new.what, sizeof(new.what), "%u/%s %s", s->lport, proto_table[s->proto].name, addr);
	} else {
		kill_put_sock(new.what, sizeof(new.what), b->f, row);
	}
	unit_name(intern_get(b->f->names, s->cgroup), &unit);
	kill_copy_text(new.unit, sizeof(new.unit), str_text(&unit), unit.n);
	str_done(&unit);
	for (size_t i = 0; i < b->p->unowned.n; i++) {
		u = &b->p->unowned.v[i];
		if (u->reason == new.reason && !strcmp(u->what, new.what))
			return;
	}
	vec_push(&b->p->unowned, new);
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

void kill_put_addr(char *buf, size_t size, const struct frame *f, const struct port *p)
{
	const struct port_addr *a = &f->addrs.v[p->addr];
	char text[IP_TEXT], more[16] = "";
	bool v6 = p->addr_n && a->ip.v6;

	if (p->dual || !p->addr_n) {
		snprintf(buf, size, "*");
		return;
	}
	if (p->addr_n > 1)
		snprintf(more, sizeof(more), " +%u", p->addr_n - 1);
	snprintf(buf, size, "%s%s%s%s", v6 ? "[" : "", ip_format(text, a->ip.b, v6), v6 ? "]" : "", more);
}

static void add_port(struct build *b, uint32_t port, bool asked)
{
	const struct port *p = &b->f->ports.v[port];
	struct kill_port *kp;

	for (size_t i = 0; i < b->p->ports.n; i++) {
		kp = &b->p->ports.v[i];
		if (kp->netns == p->netns && kp->proto == p->proto && kp->port == p->port) {
			kp->asked |= asked;
			return;
		}
	}
	kp = vec_add(&b->p->ports);
	*kp = (struct kill_port){.netns = p->netns,
				 .proto = p->proto,
				 .port = p->port,
				 .netns_inode = frame_netns_inode(b->f, p->netns),
				 .asked = asked};
	kill_put_addr(kp->addr, sizeof(kp->addr), b->f, p);
	for (uint32_t h = 0; h < p->holder_n; h++)
		kp->shared |= b->target[b->f->holders.v[p->holder + h]] == NONE;
	/* A member that nobody known holds stays too. */
	for (uint32_t m = 0; m < p->member_n; m++)
		kp->shared |= frame_row(b->f, b->f->members.v[p->member + m])->reason != REASON_OWNED;
}

static void pick_port(struct build *b, const struct pick *k)
{
	uint32_t at = frame_port_by_key(b->f, k->netns, k->proto, k->port);
	const struct port *p = at == NONE ? NULL : &b->f->ports.v[at];

	if (!p || p->marks & MARK_CLOSED)
		return;
	for (uint32_t i = 0; i < p->member_n; i++) /* a client port has none */
		add_owners(b, b->f->members.v[p->member + i]);
}

static void pick_proc(struct build *b, const struct pick *k)
{
	uint32_t at = frame_proc_by_key(b->f, k->pid, k->start), target;
	const struct proc *p = at == NONE ? NULL : &b->f->procs.v[at];

	if (!k->pid && !k->start && p) {
		if (b->p->no_owner_reason == REASON_OWNED)
			b->p->no_owner_reason = REASON_KERNEL;
		return;
	}
	if (!p || p->marks & MARK_CLOSED)
		return;
	target = add_target(b, at);
	for (uint32_t i = 0; i < p->sock_n; i++) {
		uint32_t row = b->f->proc_socks.v[p->sock + i];
		const struct row *r = frame_row(b->f, row);

		for (uint32_t o = 0; o < r->owner_n; o++) {
			const struct owner *ow = frame_owner(b->f, r, o);

			if (ow->proc == at && !ow->former)
				add_proof(b, target, row, ow->fd);
		}
	}
}

static void pick_targets(struct build *b, const struct pick *k)
{
	uint32_t row;

	switch (k->kind) {
	case PICK_PORT:
		pick_port(b, k);
		break;
	case PICK_PROC:
		pick_proc(b, k);
		break;
	case PICK_SOCK:
		row = frame_row_by_cookie(b->f, k->netns, k->cookie);
		if (row != NONE)
			add_owners(b, row);
		break;
	}
}

/* One socket of a port was picked: its address, unless others come to be all of them. */
static void only_address(struct build *b, uint32_t port, uint32_t row)
{
	const struct port *p = &b->f->ports.v[port];
	const struct sock *s = frame_sock(b->f, row);
	struct kill_port *kp = b->p->ports.v;
	struct ip ip = {.v6 = s->family == FAMILY_IPV6};

	while (kp->netns != p->netns || kp->proto != p->proto || kp->port != p->port)
		kp++;
	memcpy(ip.b, s->laddr, sizeof(ip.b));
	for (uint8_t i = 0; i < kp->only_n; i++)
		if (kp->only[i].v6 == ip.v6 && !memcmp(kp->only[i].b, ip.b, sizeof(ip.b)))
			return;
	if (p->addr_n > 1 && p->addr_n <= KILL_ONLY_MAX)
		kp->only[kp->only_n++] = ip;
}

/* What is said about a port of which some addresses were asked for is said of those. */
static void narrow(struct build *b, struct kill_port *kp)
{
	const struct port *p = &b->f->ports.v[frame_port_by_key(b->f, kp->netns, kp->proto, kp->port)];
	char addr[IP_TEXT];

	if (!kp->only_n || kp->only_n == p->addr_n)
		return;
	snprintf(kp->addr, sizeof(kp->addr), kp->only_n > 1 ? "%s +%u" : "%s",
		 ip_format(addr, kp->only[0].b, kp->only[0].v6), kp->only_n - 1);
	kp->shared = false;
	for (uint32_t m = 0; m < p->member_n; m++) {
		uint32_t row = b->f->members.v[p->member + m];
		const struct row *r = frame_row(b->f, row);

		if (!kill_port_has(kp, frame_sock(b->f, row)))
			continue;
		kp->shared |= r->reason != REASON_OWNED;
		for (uint32_t i = 0; i < r->owner_n; i++) {
			const struct owner *o = frame_owner(b->f, r, i);

			kp->shared |= !o->former && b->target[o->proc] == NONE;
		}
	}
}

bool kill_port_has(const struct kill_port *p, const struct sock *s)
{
	if (s->proto != p->proto || s->lport != p->port || !(STATE_BIT(s->state) & STATES_PORT))
		return false;
	for (uint8_t i = 0; i < p->only_n; i++)
		if (p->only[i].v6 == (s->family == FAMILY_IPV6) &&
		    !memcmp(p->only[i].b, s->laddr, sizeof(s->laddr)))
			return true;
	return !p->only_n;
}

/* The ports that the user pointed at come first and are watched; targets must be known by now. */
static void asked_ports(struct build *b, const struct pick *k)
{
	uint32_t at = NONE, row = NONE;

	if (k->kind == PICK_PORT)
		at = frame_port_by_key(b->f, k->netns, k->proto, k->port);
	if (k->kind == PICK_SOCK) {
		row = frame_row_by_cookie(b->f, k->netns, k->cookie);
		if (row != NONE && STATES_PORT & STATE_BIT(frame_sock(b->f, row)->state))
			at = frame_port_of(b->f, row);
	}
	if (at != NONE && b->f->ports.v[at].member_n && !(b->f->ports.v[at].marks & MARK_CLOSED)) {
		add_port(b, at, true);
		if (row != NONE)
			only_address(b, at, row);
	}
	if (k->kind == PICK_PROC && (at = frame_proc_by_key(b->f, k->pid, k->start)) != NONE &&
	    b->target[at] != NONE)
		for (uint32_t i = 0; i < b->f->procs.v[at].port_n; i++)
			add_port(b, b->f->proc_ports.v[b->f->procs.v[at].port + i], true);
}

static void held_ports(struct build *b)
{
	for (size_t t = 0; t < b->procs.n; t++) {
		const struct proc *p = &b->f->procs.v[b->procs.v[t]];

		for (uint32_t i = 0; i < p->port_n; i++)
			add_port(b, b->f->proc_ports.v[p->port + i], false);
	}
}

static bool before(const struct snap_proc *a, const struct snap_proc *b)
{
	if (a->pid == b->ppid || b->pid == a->ppid)
		return a->pid == b->ppid; /* a clock tick is long enough to fork in */
	return a->start != b->start ? a->start < b->start : a->pid < b->pid;
}

/* Oldest first, and a parent before its children, so that none is started again meanwhile. */
static void sort_targets(struct build *b)
{
	struct kill_target *t = b->p->targets.v;
	uint32_t *v = b->procs.v;

	for (size_t i = 1; i < b->procs.n; i++) {
		struct kill_target target = t[i];
		uint32_t proc = v[i];
		size_t j = i;

		for (; j > 0 && before(&b->f->procs.v[proc].p, &b->f->procs.v[v[j - 1]].p); j--) {
			t[j] = t[j - 1];
			v[j] = v[j - 1];
		}
		t[j] = target;
		v[j] = proc;
	}
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

static int by_port(const void *a, const void *b)
{
	const struct kill_port *x = a, *y = b;

	if (x->asked != y->asked)
		return x->asked ? -1 : 1;
	if (x->port != y->port)
		return x->port < y->port ? -1 : 1;
	if (x->proto != y->proto)
		return x->proto < y->proto ? -1 : 1;
	return x->netns < y->netns ? -1 : x->netns > y->netns;
}

static void put_title(struct build *b, const struct pick *picks, size_t n)
{
	char *buf = b->p->title, sock[96], name[40];
	size_t size = sizeof(b->p->title);
	uint32_t at;

	if (n != 1) {
		snprintf(buf, size, "%zu tagged", n);
		return;
	}
	switch (picks->kind) {
	case PICK_PORT:
		snprintf(buf, size, "the holder of %u/%s", picks->port, proto_table[picks->proto].name);
		break;
	case PICK_PROC:
		at = frame_proc_by_key(b->f, picks->pid, picks->start);
		if (at == NONE)
			snprintf(name, sizeof(name), "process");
		else
			kill_copy_comm(name, sizeof(name), b->f, b->f->procs.v[at].p.comm);
		snprintf(buf, size, "%s %u", name, picks->pid);
		break;
	case PICK_SOCK:
		at = frame_row_by_cookie(b->f, picks->netns, picks->cookie);
		if (at == NONE) {
			snprintf(buf, size, "the owner of a socket that has gone");
		} else {
			kill_put_sock(sock, sizeof(sock), b->f, at);
			snprintf(buf, size, "the owner of %.50s", sock);
		}
		break;
	}
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

/* They may go on holding what their parent held. */
static void children(struct build *b)
{
	for (uint32_t i = 0; i < b->f->open_procs; i++) {
		const struct snap_proc *c = &b->f->procs.v[i].p;

		for (size_t t = 0; t < b->p->targets.n && b->target[i] == NONE; t++)
			if (c->ppid == b->p->targets.v[t].pid) {
				vec_push(&b->p->children, ((struct kill_child){c->pid, c->start}));
				break;
			}
	}
}

static void build(struct build *b, const struct pick *picks, size_t n)
{
	struct kill_plan *p = b->p;
	for (size_t i = 0; i < n; i++)
		pick_targets(b, &picks[i]);
	for (size_t i = 0; i < p->targets.n; i++)
		kill_judge_target(b, &p->targets.v[i], b->procs.v[i]);
	for (size_t i = 0; i < n; i++)
		asked_ports(b, &picks[i]);
	for (size_t i = 0; i < p->ports.n; i++)
		narrow(b, &p->ports.v[i]);
	held_ports(b);
	children(b);
	if (p->targets.n)
		kill_count_cost(b);
	else if (p->no_owner_reason == REASON_OWNED)
		p->no_owner_reason = REASON_GONE;
	put_title(b, picks, n);
}

void kill_plan_build(struct kill_plan *p, const struct frame *f, const struct pick *picks, size_t n)
{
	struct build b = {.p = p, .f = f};
	struct pick *now = mem_alloc(n, sizeof(*now));

	*p = (struct kill_plan){0};
	b.target = mem_alloc(f->procs.n, sizeof(*b.target));
	for (size_t i = 0; i < f->procs.n; i++)
		b.target[i] = NONE;
	for (size_t i = 0; i < n; i++) {
		now[i] = picks[i];
		pick_settle(f, &now[i]);
	}
	build(&b, now, n);
	if (p->ports.n)
		qsort(p->ports.v, p->ports.n, sizeof(p->ports.v[0]), by_port);
	sort_targets(&b);
	vec_done(&b.procs);
	free(b.target);
	free(now);
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
