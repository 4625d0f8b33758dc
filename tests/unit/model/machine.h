/* A machine on which anything can happen, by dice: sockets, processes and namespaces come, go, change and change hands. */
#pragma once
#include "../../tools/fixture.h"
#include <stdio.h>
#include <string.h>

static uint32_t dice(uint32_t *seed, uint32_t n)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (uint32_t)(((uint64_t)(*seed >> 8) * n) >> 24);
}

struct machine {
	struct fixture x; /* its snapshot is what is there */
	uint32_t seed;
	uint32_t pid, port; /* the last ones given */
	uint32_t inode, freed; /* of a socket that has gone, 0; at which look */
	uint32_t looks;
	uint32_t hidden; /* every so many-th socket is not in this dump; 0: all are */
	bool unsearched; /* owners come late */
	bool mptcp; /* it is spoken here */
};

static uint32_t roll(struct machine *m, uint32_t n)
{
	return dice(&m->seed, n);
}

static uint32_t any_sock(struct machine *m)
{
	return m->x.snap.socks.n ? roll(m, (uint32_t)m->x.snap.socks.n) : NONE;
}

static void give(struct machine *m, uint32_t sock)
{
	struct snapshot *s = &m->x.snap;

	if (!s->procs.n || !s->socks.v[sock].inode)
		return;
	fixture_fd(&m->x, sock, s->procs.v[roll(m, (uint32_t)s->procs.n)].pid, (int32_t)(3 + roll(m, 4)));
}

static void open_one(struct machine *m)
{
	static const char *const addrs[] = {"10.0.0.5", "127.0.0.1", "0.0.0.0", "[::]", "[fd00::1]"};
	static const struct {
		uint8_t proto, state;
		bool remote;
	} kinds[] = {
		{PROTO_TCP, STATE_LISTENING, false},    {PROTO_TCP, STATE_BOUND, false},
		{PROTO_UDP, STATE_UNCONN, false},       {PROTO_TCP, STATE_SYN_RECV, true},
		{PROTO_TCP, STATE_ESTABLISHED, true},   {PROTO_TCP, STATE_ESTABLISHED, true},
		{PROTO_TCP, STATE_CLOSE_WAIT, true},    {PROTO_TCP, STATE_TIME_WAIT, true},
		{PROTO_UDP, STATE_ESTABLISHED, true},   {PROTO_MPTCP, STATE_LISTENING, false},
		{PROTO_MPTCP, STATE_ESTABLISHED, true},
	};
	const uint32_t kind = roll(m, m->mptcp ? ARRAY_LEN(kinds) : 9), a = roll(m, ARRAY_LEN(addrs));
	char local[64], remote[64];
	struct sock *s;
	uint32_t at;

	snprintf(local, sizeof(local), "%s:%u", addrs[a],
		 kinds[kind].remote && roll(m, 2) ? 40000 + m->port++ : 80 + roll(m, 4));
	snprintf(remote, sizeof(remote), "%s:%u", a > 2 ? "[fd00::2]" : "192.0.2.7", 1000 + m->port++);
	at = fixture_sock(&m->x, kinds[kind].proto, kinds[kind].state, local,
			  kinds[kind].remote ? remote : NULL);
	s = &m->x.snap.socks.v[at];
	s->netns = (uint16_t)roll(m, (uint32_t)m->x.snap.netns.n);
	s->uid = roll(m, 5);
	if (s->proto == PROTO_MPTCP)
		s->token = 1 + roll(m, 5);
	if (s->proto == PROTO_TCP && m->mptcp && !roll(m, 3)) {
		s->flags |= SOCK_SUBFLOW; /* of a MPTCP socket, perhaps */
		s->token = 1 + roll(m, 5);
	}
	if (s->inode && kinds[kind].remote && !roll(m, 6))
		s->inode = 0; /* not accepted */
	else if (s->inode && m->inode && m->looks > m->freed + 2 && !roll(m, 3)) {
		s->inode = m->inode; /* the kernel gives it again */
		m->inode = 0;
	}
	fixture_rate(&m->x, at, roll(m, 2) * 100, 0);
	for (uint32_t n = roll(m, 4); n > 0; n--)
		give(m, at);
}

/* Both ends on this machine. */
static void open_pair(struct machine *m)
{
	char a[64], b[64];
	uint32_t one, two;
	uint16_t ns = (uint16_t)roll(m, (uint32_t)m->x.snap.netns.n);
	enum proto proto = roll(m, 4) ? PROTO_TCP : PROTO_UDP;

	snprintf(a, sizeof(a), "127.0.0.1:%u", 80 + roll(m, 4));
	snprintf(b, sizeof(b), "127.0.0.1:%u", 30000 + m->port++);
	one = fixture_sock(&m->x, proto, STATE_ESTABLISHED, a, b);
	two = fixture_sock(&m->x, proto, STATE_ESTABLISHED, b, a);
	m->x.snap.socks.v[one].netns = m->x.snap.socks.v[two].netns = ns;
	give(m, one);
	give(m, two);
}

static void close_one(struct machine *m, uint32_t at)
{
	if (!m->inode) {
		m->inode = m->x.snap.socks.v[at].inode;
		m->freed = m->looks;
	}
	fixture_remove_sock(&m->x, at);
}

static void new_state(struct machine *m, uint32_t at)
{
	struct sock *s = &m->x.snap.socks.v[at];
	static const enum state next[] = {STATE_ESTABLISHED, STATE_CLOSE_WAIT, STATE_FIN_WAIT_1,
					  STATE_LISTENING};

	if (s->proto == PROTO_UDP) {
		s->recvq = roll(m, 100);
		return;
	}
	if (s->state == STATE_BOUND || s->state == STATE_LISTENING)
		s->state = s->state == STATE_BOUND ? STATE_LISTENING : STATE_BOUND;
	else
		s->state = (uint8_t)next[roll(m, s->rport ? 3 : 4)];
	if (roll(m, 3))
		return;
	for (size_t i = m->x.snap.fds.n; s->inode && i-- > 0;) /* nobody's any more */
		if (m->x.snap.fds.v[i].inode == s->inode) {
			memmove(&m->x.snap.fds.v[i], &m->x.snap.fds.v[i + 1],
				(--m->x.snap.fds.n - i) * sizeof(m->x.snap.fds.v[0]));
		}
}

/* Somebody else has it, under the same number often. */
static void new_owner(struct machine *m)
{
	struct snapshot *s = &m->x.snap;
	size_t i = s->fds.n ? roll(m, (uint32_t)s->fds.n) : 0;

	if (i >= s->fds.n)
		return;
	s->fds.v[i].proc = roll(m, (uint32_t)s->procs.n);
	if (roll(m, 2))
		s->fds.v[i].fd = (int32_t)(3 + roll(m, 4));
}

static void fork_one(struct machine *m)
{
	fixture_proc(&m->x, ++m->pid, 1, roll(m, 5), "p", roll(m, 2) ? "/system.slice/p.service" : "");
}

/* A process ends; what it held is another's, or nobody's. The list is shorter by one, anywhere. */
static void exit_one(struct machine *m)
{
	struct snapshot *s = &m->x.snap;
	uint32_t gone = roll(m, (uint32_t)s->procs.n), heir = roll(m, (uint32_t)s->procs.n - 1);
	bool inherited = roll(m, 2);
	size_t kept = 0;

	for (size_t i = 0; i < s->fds.n; i++) {
		struct snap_fd fd = s->fds.v[i];

		if (fd.proc == gone && !inherited)
			continue;
		fd.proc = fd.proc == gone ? heir : fd.proc - (fd.proc > gone);
		s->fds.v[kept++] = fd;
	}
	s->fds.n = kept;
	memmove(s->procs.v + gone, s->procs.v + gone + 1, (--s->procs.n - gone) * sizeof(s->procs.v[0]));
}

static void end_netns(struct machine *m)
{
	struct snapshot *s = &m->x.snap;
	uint16_t gone = (uint16_t)(1 + roll(m, (uint32_t)s->netns.n - 1));

	for (size_t i = s->socks.n; i-- > 0;)
		if (s->socks.v[i].netns == gone)
			close_one(m, (uint32_t)i);
	for (size_t i = 0; i < s->socks.n; i++)
		s->socks.v[i].netns = (uint16_t)(s->socks.v[i].netns - (s->socks.v[i].netns > gone));
	memmove(s->netns.v + gone, s->netns.v + gone + 1, (--s->netns.n - gone) * sizeof(s->netns.v[0]));
}

static void begin_netns(struct machine *m)
{
	uint16_t at = fixture_netns(&m->x, "n");

	m->x.snap.netns.v[at].inode = 5000 + m->port++;
}

/* Who looks wants something else. */
static void new_want(struct machine *m)
{
	static const uint32_t attrs[] = {WANT_CLIENT_PORTS, WANT_INFO, WANT_OWNERS, WANT_MEM};
	struct want *w = &m->x.snap.want;

	switch (roll(m, 6)) {
	case 0:
		w->protos ^= 1u << (roll(m, 2) ? PROTO_UDP : PROTO_MPTCP);
		break;
	case 1:
		w->states = w->states == STATES_ALL ? STATES_PORT : STATES_ALL;
		break;
	case 2:
		w->skip ^= 1u << roll(m, 3); /* peers, ports, links */
		break;
	default:
		w->attrs ^= attrs[roll(m, ARRAY_LEN(attrs))];
	}
}

/* What was asked for is asked for again, mostly: else little is carried over. */
static void usual_want(struct machine *m, bool clients)
{
	struct want *w = &m->x.snap.want;

	w->protos = 1u << PROTO_TCP | 1u << PROTO_UDP | 1u << PROTO_MPTCP;
	w->states = STATES_ALL;
	w->skip = 0;
	w->attrs = WANT_INFO | WANT_MEM | WANT_CONG | WANT_OWNERS | (clients ? WANT_CLIENT_PORTS : 0);
}

/* Moved to another control group. */
static void move_proc(struct machine *m)
{
	static const char *const paths[] = {"/a.slice/a.service", "/b.slice/b.service", "/"};
	struct snapshot *s = &m->x.snap;

	s->procs.v[roll(m, (uint32_t)s->procs.n)].cgroup = intern_adds(m->x.names, paths[roll(m, 3)]);
}

/* What flows stops, and what stood begins to flow. */
static void turn_taps(struct machine *m)
{
	for (uint32_t i = 0; i < m->x.snap.socks.n; i++)
		if (!roll(m, 4))
			fixture_rate(&m->x, i, m->x.speeds.v[i].rx > 0 ? 0 : 100, 0);
}

/* Leaves ports and processes mostly as they are, so that as much as can be is carried over. */
static void happen_calmly(struct machine *m)
{
	uint32_t at = any_sock(m);
	struct snapshot *s = &m->x.snap;

	switch (roll(m, 7)) {
	case 0:
		open_pair(m);
		break;
	case 1:
		if (at != NONE && s->socks.v[at].rport)
			close_one(m, at);
		break;
	case 2:
		if (at != NONE && s->socks.v[at].rport)
			new_state(m, at);
		break;
	case 3:
		if (at != NONE)
			s->socks.v[at].uid = roll(m, 5);
		break;
	case 4:
		new_owner(m);
		break;
	case 5:
		move_proc(m);
		break;
	default:
		turn_taps(m);
	}
}

static void happen(struct machine *m)
{
	uint32_t at = any_sock(m), kind = roll(m, 27);

	if (kind < 6 || at == NONE)
		open_one(m);
	else if (kind < 8)
		open_pair(m);
	else if (kind < 13)
		close_one(m, at);
	else if (kind < 16)
		new_state(m, at);
	else if (kind < 18)
		new_owner(m);
	else if (kind == 18)
		give(m, at);
	else if (kind == 19)
		fork_one(m);
	else if (kind == 20 && m->x.snap.procs.n > 3)
		exit_one(m);
	else if (kind == 21)
		m->x.snap.socks.v[at].uid = roll(m, 5);
	else if (kind == 24)
		move_proc(m);
	else if (kind == 25)
		turn_taps(m);
	else if (kind == 26 &&
		 m->mptcp) /* what has one number is another thing: only a recording does that */
		m->x.snap.socks.v[at].proto =
			m->x.snap.socks.v[at].proto == PROTO_MPTCP ? PROTO_TCP : PROTO_MPTCP;
	else if (kind == 22 && !roll(m, 4))
		begin_netns(m);
	else if (kind == 23 && m->x.snap.netns.n > 2 && !roll(m, 3))
		end_netns(m);
}
