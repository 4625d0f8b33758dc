/* The connections of one process, gathered piece by piece behind proc_conns.h: one process may have them all. */
#include "proc_conns.h"
#include "page_parts.h"
#include "sockeye/base/mem.h"
#include <stdlib.h>

void proc_conns_done(struct proc_conns *c)
{
	vec_done(&c->groups.v);
	vec_done(&c->groups.rows);
	conn_grouping_done(&c->grouping);
	for (size_t i = 0; i < ARRAY_LEN(c->peers); i++)
		vec_done(&c->peers[i].v);
	map_done(&c->seen);
}

bool proc_conns_of(const struct proc_conns *c, const struct frame *f, uint32_t proc)
{
	return f && c->f == f && c->number == f->number && c->proc == proc;
}

void proc_conns_begin(struct proc_conns *c, const struct frame *f, uint32_t proc)
{
	c->f = f;
	c->number = f->number;
	c->proc = proc;
	c->at = c->peers_n = 0;
	c->ordered = c->done = false;
	conn_grouping_clear(&c->grouping);
	vec_clear(&c->groups.v);
	vec_clear(&c->groups.rows);
	for (size_t i = 0; i < ARRAY_LEN(c->peers); i++)
		vec_clear(&c->peers[i].v);
	map_clear(&c->seen);
}

static uint32_t next_piece(const struct proc_conns *c, uint32_t n)
{
	return n - c->at < PROC_CONNS_SLICE ? n - c->at : PROC_CONNS_SLICE;
}

static void group(struct proc_conns *c)
{
	const struct proc *p = &c->f->procs.v[c->proc];
	uint32_t n = next_piece(c, p->sock_n);

	if (n)
		group_conns_add(c->f, c->f->proc_socks.v + p->sock + c->at, n, &c->grouping, &c->groups);
	c->at += n;
	if (c->at < p->sock_n)
		return;
	group_conns_order(&c->grouping, &c->groups, PROC_CONNS_TOP);
	c->ordered = true;
	c->at = 0;
}

static void count_peers(struct proc_conns *c)
{
	const struct conn_group *g = &c->groups.v.v[c->peers_n];
	struct peer_groups *peers = &c->peers[c->peers_n];
	uint32_t n = g->out ? 0 : next_piece(c, g->n);

	group_peers_add(c->f, c->groups.rows.v + g->first + c->at, n, &c->seen, peers);
	c->at += n;
	if (!g->out && c->at < g->n)
		return;
	group_peers_order(peers, PAGE_PEERS_MAX);
	map_clear(&c->seen);
	c->peers_n++;
	c->at = 0;
}

bool proc_conns_step(struct proc_conns *c, const struct slice *slice)
{
	while (!c->done) {
		if (!c->ordered)
			group(c);
		else if (c->peers_n < c->groups.v.n && c->peers_n < PROC_CONNS_TOP)
			count_peers(c);
		else
			c->done = true;
		if (!c->done && slice_over(slice))
			return false;
	}
	return true;
}
