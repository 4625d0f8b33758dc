/* What a kill frees: the ports that were asked for, those that its targets hold besides, and who else holds them. */
#include "kill_plan.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* Its index among the ports of the plan; MAP_NONE, to be set. */
static uint32_t *slot_of(struct build *b, const struct port *p)
{
	return map_at(&b->ports, (uint64_t)p->netns << 8 | p->proto, p->port);
}

static void add_port(struct build *b, uint32_t port, bool asked)
{
	const struct port *p = &b->f->ports.v[port];
	uint32_t *at = slot_of(b, p);
	struct kill_port *kp;

	if (*at != MAP_NONE) {
		b->p->ports.v[*at].asked |= asked;
		return;
	}
	*at = (uint32_t)b->p->ports.n;
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

/* One socket of a port was picked: its address, unless others come to be all of them. */
static void only_address(struct build *b, uint32_t port, uint32_t row)
{
	const struct port *p = &b->f->ports.v[port];
	const struct sock *s = frame_sock(b->f, row);
	struct kill_port *kp = &b->p->ports.v[*slot_of(b, p)];
	struct ip ip = {.v6 = s->family == FAMILY_IPV6};

	memcpy(ip.b, s->laddr, sizeof(ip.b));
	for (uint8_t i = 0; i < kp->only_n; i++)
		if (kp->only[i].v6 == ip.v6 && !memcmp(kp->only[i].b, ip.b, sizeof(ip.b)))
			return;
	if (p->addr_n > 1 && p->addr_n <= KILL_ONLY_MAX)
		kp->only[kp->only_n++] = ip;
}

static bool asked_of_proc(struct build *b, const struct pick *k)
{
	uint32_t at = frame_proc_by_key(b->f, k->pid, k->start);
	const struct proc *p = at == NONE ? NULL : &b->f->procs.v[at];

	for (; p && b->target[at] != NONE && b->sub < p->port_n; b->sub++) {
		if (kill_build_over(b))
			return false;
		add_port(b, b->f->proc_ports.v[p->port + b->sub], true);
	}
	return true;
}

static void asked_port(struct build *b, const struct pick *k, uint32_t row)
{
	uint32_t at = NONE;

	if (k->kind == PICK_PORT)
		at = frame_port_by_key(b->f, k->netns, k->proto, k->port);
	else if (row != NONE && STATES_PORT & STATE_BIT(frame_sock(b->f, row)->state))
		at = frame_port_of(b->f, row);
	if (at == NONE || !b->f->ports.v[at].member_n || b->f->ports.v[at].marks & MARK_CLOSED)
		return;
	add_port(b, at, true);
	if (row != NONE)
		only_address(b, at, row);
}

bool kill_ports_asked(struct build *b)
{
	for (; b->at < b->picks_n; b->at++, b->sub = 0) {
		struct pick k = kill_build_pick(b, b->at);

		if (kill_build_over(b))
			return false;
		if (k.kind != PICK_PROC)
			asked_port(b, &k, b->rows[b->at]);
		else if (!asked_of_proc(b, &k))
			return false;
	}
	return true;
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

bool kill_ports_narrow(struct build *b)
{
	for (; b->at < b->p->ports.n; b->at++) {
		if (kill_build_over(b))
			return false;
		narrow(b, &b->p->ports.v[b->at]);
	}
	return true;
}

bool kill_ports_held(struct build *b)
{
	for (; b->at < b->procs.n; b->at++, b->sub = 0) {
		const struct proc *p = &b->f->procs.v[b->procs.v[b->at]];

		for (; b->sub < p->port_n; b->sub++) {
			if (kill_build_over(b))
				return false;
			add_port(b, b->f->proc_ports.v[p->port + b->sub], false);
		}
	}
	return true;
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

bool kill_ports_order(struct build *b)
{
	if (b->p->ports.n)
		qsort(b->p->ports.v, b->p->ports.n, sizeof(b->p->ports.v[0]), by_port);
	return true;
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
