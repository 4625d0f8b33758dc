/* The connections of one port and their peers, counted piece by piece behind port_conns.h. */
#include "port_conns.h"
#include "sockeye/base/mem.h"
#include <stdlib.h>

void port_conns_done(struct port_conns *c)
{
	vec_done(&c->rows.v);
	vec_done(&c->top.v);
	vec_done(&c->peers.v);
	map_done(&c->seen);
}

bool port_conns_of(const struct port_conns *c, const struct frame *f, uint32_t port)
{
	return f && c->f == f && c->number == f->number && c->port == port;
}

void port_conns_begin(struct port_conns *c, const struct frame *f, uint32_t port)
{
	c->f = f;
	c->number = f->number;
	c->port = port;
	c->at = 0;
	c->done = false;
	vec_clear(&c->rows.v);
	vec_clear(&c->top.v);
	vec_clear(&c->peers.v);
	map_clear(&c->seen);
}

static void add(struct port_conns *c, uint32_t to)
{
	const struct frame *f = c->f;
	size_t before = c->rows.v.n;

	for (; c->at < to; c->at++)
		if (frame_port_of(f, c->at) == c->port &&
		    !(STATE_BIT(frame_sock(f, c->at)->state) & STATES_PORT))
			vec_push(&c->rows.v, c->at);
	group_peers_add(f, c->rows.v.v + before, c->rows.v.n - before, &c->seen, &c->peers);
	for (size_t i = before; i < c->rows.v.n; i++)
		vec_push(&c->top.v, c->rows.v.v[i]);
	page_top_rows(f, &c->top, PORT_CONNS_TOP);
}

bool port_conns_step(struct port_conns *c, const struct slice *slice)
{
	uint32_t n = c->f->rows_n;

	while (!c->done) {
		add(c, n - c->at < PORT_CONNS_SLICE ? n : c->at + PORT_CONNS_SLICE);
		if (c->at == n) {
			group_peers_order(&c->peers, PORT_CONNS_TOP);
			c->done = true;
		} else if (slice_over(slice)) {
			return false;
		}
	}
	return true;
}
