/* What a kill costs and what speaks against it: the connections that end with the targets and whose they are, how far
 * the plan reaches, and holders that are none of one's own to signal. */
#include "kill_plan.h"
#include "sockeye/base/text.h"
#include "sockeye/model/forward.h"
#include "sockeye/model/unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* True when somebody holds this socket and all who do are targets. */
static bool ends_with_targets(const struct build *b, uint32_t row)
{
	const struct row *r = frame_row(b->f, row);
	bool held = false;

	for (uint32_t i = 0; i < r->owner_n; i++) {
		const struct owner *o = frame_owner(b->f, r, i);

		if (o->former)
			continue;
		if (b->target[o->proc] == NONE)
			return false;
		held = true;
	}
	return held;
}

/* ---- Whose connections ---- */

static uint32_t process_here(const struct frame *f, uint32_t row)
{
	uint32_t peer = frame_row(f, row)->peer;

	return peer == NONE ? NONE : frame_first_owner(f, peer, false);
}

static void count_peer(struct build *b, uint32_t row)
{
	const struct frame *f = b->f;
	const struct sock *s = frame_sock(f, row);
	uint32_t proc = process_here(f, row), *at;
	uint64_t key[2];
	struct ip ip;

	ip_unmap(s->raddr, s->family == FAMILY_IPV6, &ip);
	memcpy(key, ip.b, sizeof(key));
	if (proc != NONE) { /* several processes of one name are one peer: their name's id */
		key[0] = UINT64_MAX;
		key[1] = f->procs.v[proc].p.comm;
	}
	at = map_at(&b->peers_at, key[0], key[1]);
	if (*at == MAP_NONE) {
		*at = (uint32_t)b->peers.n;
		vec_push(&b->peers, ((struct peer_count){.row = row}));
	}
	b->peers.v[*at].n++;
}

static void name_peer(struct kill_peer *p, const struct frame *f, const struct peer_count *c)
{
	uint32_t proc = process_here(f, c->row);
	const struct sock *s = frame_sock(f, c->row);
	char buf[IP_TEXT], name[48];
	struct ip ip;

	p->n = c->n;
	if (proc != NONE) {
		kill_copy_comm(name, sizeof(name), f, f->procs.v[proc].p.comm);
		snprintf(p->name, sizeof(p->name), "%s here", name);
		return;
	}
	ip_unmap(s->raddr, s->family == FAMILY_IPV6, &ip);
	snprintf(p->name, sizeof(p->name), "%s", ip_format(buf, ip.b, ip.v6));
}

bool kill_cost_peers(struct build *b)
{
	struct kill_plan *p = b->p;
	uint32_t best[KILL_PEERS_MAX];

	for (uint32_t i = 0; i < b->peers.n; i++) {
		uint8_t at = p->peers_n;

		while (at > 0 && b->peers.v[best[at - 1]].n < b->peers.v[i].n)
			at--;
		if (at == KILL_PEERS_MAX)
			continue;
		if (p->peers_n < KILL_PEERS_MAX)
			p->peers_n++;
		memmove(best + at + 1, best + at, (p->peers_n - 1u - at) * sizeof(best[0]));
		best[at] = i;
	}
	for (uint8_t i = 0; i < p->peers_n; i++)
		name_peer(&p->peers[i], b->f, &b->peers.v[best[i]]);
	return true;
}

#define BIT(v, i) ((v)[(i) / 64] & UINT64_C(1) << (i) % 64)
#define BIT_SET(v, i) ((v)[(i) / 64] |= UINT64_C(1) << (i) % 64)

/* Which rows can end with the targets: what these hold, and what belongs to a port of theirs. Most do not, and are not
 * even looked at where there are very many. */
bool kill_cost_held(struct build *b)
{
	const struct frame *f = b->f;

	if (!b->can_end) {
		b->can_end = mem_zalloc(f->rows_n / 64 + 1, sizeof(*b->can_end));
		b->ports_held = mem_zalloc(f->ports.n / 64 + 1, sizeof(*b->ports_held));
	}
	for (; b->at < b->procs.n; b->at++, b->sub = 0) {
		const struct proc *p = &f->procs.v[b->procs.v[b->at]];

		for (; b->sub < p->sock_n; b->sub++) {
			uint32_t row = f->proc_socks.v[p->sock + b->sub], port = frame_port_of(f, row);

			if (kill_build_over(b))
				return false;
			BIT_SET(b->can_end, row);
			if (port != NONE)
				BIT_SET(b->ports_held, port);
		}
	}
	return true;
}

bool kill_cost_near(struct build *b)
{
	for (; b->procs.n && b->at < b->f->open_rows; b->at++) {
		uint32_t port = frame_port_of(b->f, (uint32_t)b->at);

		if (kill_build_over(b))
			return false;
		if (port != NONE && BIT(b->ports_held, port))
			BIT_SET(b->can_end, b->at);
	}
	return true;
}

static void count_drop(struct build *b, uint32_t row)
{
	const struct frame *f = b->f;
	const struct row *r = frame_row(f, row);

	if (!frame_counts(f, row, NULL) || !state_table[frame_sock(f, row)->state].conn ||
	    !ends_with_targets(b, r->listener != NONE ? r->listener : row))
		return;
	if (r->dir == DIR_OUT) {
		b->p->drops_out++;
		return;
	}
	b->p->drops_in++;
	if (frame_sock(f, row)->family <= FAMILY_IPV6)
		count_peer(b, row);
}

/* Connections that end: those that only targets hold, and those still in the queue of a listener that does. */
bool kill_cost_count(struct build *b)
{
	for (; b->procs.n && b->at < b->f->open_rows; b->at++) {
		if (kill_build_over(b))
			return false;
		if (BIT(b->can_end, b->at))
			count_drop(b, (uint32_t)b->at);
	}
	return true;
}

/* ---- How far ---- */

/* A process's program: its file where that is known, else its name. */
static const char *program_of(const struct build *b, uint32_t target)
{
	const struct proc *p = &b->f->procs.v[b->procs.v[target]];
	const char *exe = p->late ? late_get(p->late, LATE_EXE) : NULL;

	return exe && *exe ? exe : intern_get(b->f->names, p->p.comm);
}

bool kill_cost_reach(struct build *b)
{
	struct kill_plan *p = b->p;

	for (; b->at < b->procs.n; b->at++) {
		uint32_t i = (uint32_t)b->at, *unit;

		if (kill_build_over(b))
			return false;
		unit = map_at(&b->units, b->f->procs.v[b->procs.v[i]].unit, 0);
		p->units_n += *unit == MAP_NONE;
		*unit = 1;
		p->programs_n += kill_first_with(b, &b->programs, program_of(b, i), 0, i, program_of) == i;
	}
	for (size_t i = 0; p->targets.n && i < p->ports.n; i++)
		p->ports_n += p->ports.v[i].asked;
	return true;
}

void kill_cost_done(struct build *b)
{
	map_done(&b->peers_at);
	vec_done(&b->peers);
	map_done(&b->units);
	map_done(&b->programs);
	free(b->can_end);
	free(b->ports_held);
}

/* ---- Who holds it for others ---- */

static bool ends_with(const char *s, const char *suffix)
{
	size_t n = strlen(s), k = strlen(suffix);

	return n > k && !strcmp(s + n - k, suffix);
}

static bool is_proof(const struct kill_target *t, const struct sock *s)
{
	for (size_t i = 0; i < t->proofs.n; i++)
		if (t->proofs.v[i].cookie == s->cookie)
			return true;
	return false;
}

/* systemd makes the sockets of a .socket unit in that unit's cgroup (socket_address_listen_in_cgroup), which is how
 * they tell whose they are. */
static void judge_systemd(struct build *b, struct kill_target *t, uint32_t proc)
{
	const struct frame *f = b->f;
	const struct proc *p = &f->procs.v[proc];
	const char *user = p->p.pid == 1 ? "" : "--user ";
	uint32_t cgroup = 0; /* whose unit that is */
	struct str unit = {0};
	char name[64] = "";

	t->refusal = KILL_SOCKET_UNIT;
	snprintf(t->why, sizeof(t->why), "holds it for a .socket unit");
	snprintf(t->instead, sizeof(t->instead), "systemctl %slist-sockets", user);
	for (uint32_t i = 0; i < p->sock_n && !name[0]; i++) {
		const struct sock *s = frame_sock(f, f->proc_socks.v[p->sock + i]);

		if (s->cgroup != cgroup) {
			cgroup = s->cgroup;
			str_clear(&unit);
			unit_name(intern_get(f->names, cgroup), &unit);
		}
		if (ends_with(str_text(&unit), ".socket") && is_proof(t, s))
			kill_copy_text(name, sizeof(name), str_text(&unit), unit.n);
	}
	if (name[0]) {
		snprintf(t->why, sizeof(t->why), "holds it for %s", name);
		snprintf(t->instead, sizeof(t->instead), "systemctl %sstop %s", user, name);
	}
	str_done(&unit);
}

/* The port that this process holds and was asked for, if one was; else any of its own. */
static const struct port *port_of(const struct build *b, const struct kill_target *t, const struct proc *p)
{
	const struct frame *f = b->f;
	const struct port *any = NULL;

	for (uint32_t i = 0; i < p->sock_n; i++) {
		uint32_t row = f->proc_socks.v[p->sock + i], port = frame_port_of(f, row);

		if (port == NONE || !(STATES_PORT & STATE_BIT(frame_sock(f, row)->state)))
			continue;
		any = &f->ports.v[port];
		if (is_proof(t, frame_sock(f, row)))
			return any;
	}
	return any;
}

/* docker-proxy: without it the container is still reached, by NAT, and with it gone its end is not. */
static void judge_forwarder(struct build *b, struct kill_target *t, uint32_t proc)
{
	const struct proc *p = &b->f->procs.v[proc];
	const struct port *port = port_of(b, t, p);
	const char *to = port ? intern_get(b->f->names, port->forward) : "", *cmdline = NULL;
	struct forward_target target;
	char safe[64];
	uint32_t n = 0;

	if (p->late)
		cmdline = late_get_n(p->late, LATE_CMDLINE, &n);
	/* Anybody may call itself so: the arguments have to tell, where they are known. */
	if (cmdline && port &&
	    !forward_parse("docker-proxy", cmdline, n, (enum proto)port->proto, port->port, &target))
		return;
	t->refusal = KILL_FORWARDER;
	kill_copy_text(safe, sizeof(safe), to, strlen(to));
	snprintf(t->why, sizeof(t->why), "only forwards to %s", *safe ? safe : "a container");
	if (!strncmp(safe, "docker:", 7))
		snprintf(t->instead, sizeof(t->instead), "docker stop %.*s", (int)strcspn(safe + 7, ":"),
			 safe + 7);
	else if (port)
		snprintf(t->instead, sizeof(t->instead), "docker ps --filter publish=%u", port->port);
}

void kill_judge_target(struct build *b, struct kill_target *t, uint32_t proc)
{
	const struct proc *p = &b->f->procs.v[proc];
	const char *comm = intern_get(b->f->names, p->p.comm);

	/* Anybody may call itself systemd; the managers have a place of their own. */
	if (!strcmp(comm, "systemd") &&
	    (p->p.pid == 1 || ends_with(intern_get(b->f->names, p->p.cgroup), "/init.scope")))
		judge_systemd(b, t, proc);
	else if (p->p.pid <= 1)
		t->refusal = KILL_PID1;
	else if (p->p.state == 'Z' &&
		 p->p.threads <= 1) /* else only its first thread has ended, the others hold on */
		t->refusal = KILL_ZOMBIE;
	else if (!strcmp(comm, "docker-proxy"))
		judge_forwarder(b, t, proc);
}

/* ---- Who asks ---- */

void kill_you_read(struct kill_you *you, const char *ssh_connection)
{
	unsigned there_port, here_port;
	char there[64], here[64];

	you->ssh = ssh_connection &&
		   sscanf(ssh_connection, "%63s %5u %63s %5u", there, &there_port, here, &here_port) == 4 &&
		   !ip_parse(there, &you->there) && !ip_parse(here, &you->here);
	if (you->ssh) {
		you->there_port = there_port;
		you->here_port = here_port;
	}
}

static bool same_end(const uint8_t b[16], bool v6, uint32_t port, const struct ip *ip, uint32_t want)
{
	struct ip a, w;

	ip_unmap(b, v6, &a);
	ip_unmap(ip->b, ip->v6, &w);
	return port == want && a.v6 == w.v6 && !memcmp(a.b, w.b, sizeof(a.b));
}

uint32_t kill_you_row(const struct frame *f, const struct kill_you *you)
{
	if (!you || !you->ssh)
		return NONE;
	for (uint32_t i = 0; i < f->open_rows; i++) {
		const struct sock *s = frame_sock(f, i);
		bool v6 = s->family == FAMILY_IPV6;

		if (s->proto == PROTO_TCP && s->lport == you->here_port && state_table[s->state].conn &&
		    same_end(s->laddr, v6, s->lport, &you->here, you->here_port) &&
		    same_end(s->raddr, v6, s->rport, &you->there, you->there_port))
			return i;
	}
	return NONE;
}

void kill_plan_judge(struct kill_plan *p, const struct frame *f, const struct kill_you *you)
{
	uint32_t row = kill_you_row(f, you);

	if (you) {
		p->your_uid = you->uid;
		snprintf(p->your_name, sizeof(p->your_name), "%s", you->name);
	}
	if (row == NONE)
		return;
	/* Who holds it carries this session, even where it is no ancestor: a terminal multiplexer stands between. */
	for (uint32_t i = 0; i < frame_row(f, row)->owner_n; i++) {
		const struct owner *o = frame_owner(f, frame_row(f, row), i);
		const struct snap_proc *holder = &f->procs.v[o->proc].p;

		for (size_t t = 0; t < p->targets.n && !o->former; t++)
			if (p->targets.v[t].pid == holder->pid && p->targets.v[t].start == holder->start) {
				p->you = true;
				if (p->targets.v[t].refusal == KILL_OK)
					p->targets.v[t].refusal = KILL_ANCESTOR;
			}
	}
}
