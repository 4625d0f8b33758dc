/* Which rows of a frame a table shows: those of its view, those with findings, those with a picked socket. */
#include "table_private.h"

static bool port_listens(const struct frame *f, const struct port *p)
{
	uint32_t i;

	for (i = 0; i < p->member_n; i++)
		if (frame_sock(f, f->members.v[p->member + i])->state == STATE_LISTENING)
			return true;
	return false;
}

bool table_in_view(const struct table *t, uint32_t protos, const struct frame *f, uint32_t row)
{
	const struct proc *p;

	switch (t->rows_kind) {
	case ROWS_SOCK:
		if (!(protos & PROTO_BIT(frame_sock(f, row)->proto)))
			return false;
		return t->listening || (view_table[t->view].states & STATE_BIT(frame_sock(f, row)->state));
	case ROWS_PORT:
		if ((f->ports.v[row].flags & PORT_CLIENT) && !t->all)
			return false;
		return !t->listening || port_listens(f, &f->ports.v[row]);
	case ROWS_PROC:
		p = &f->procs.v[row];
		if (p->port_n || p->marks & MARK_CLOSED)
			return !(p->marks & MARK_FORMER);
		/* One with sockets of other protocols only is here when a filter names them. */
		return filter_empty(t->filter) ? f->tally.procs.v[row].socks : p->sock_n;
	case ROWS_N:
		break;
	}
	return false;
}

struct row_facts row_facts(enum row_kind kind, const struct frame *f, uint32_t row)
{
	const struct row *r;
	const struct port *port;
	const struct proc *proc;

	switch (kind) {
	case ROWS_SOCK:
		r = frame_row(f, row);
		return (struct row_facts){r->first_ns, r->marks, r->findings, frame_sock(f, row)->netns};
	case ROWS_PORT:
		port = &f->ports.v[row];
		return (struct row_facts){port->first_ns, port->marks, port->findings, port->netns};
	case ROWS_PROC:
		proc = &f->procs.v[row];
		return (struct row_facts){proc->first_ns, proc->marks, proc->findings, -1};
	case ROWS_N:
		break;
	}
	return (struct row_facts){.netns = -1};
}

uint64_t row_opened_ns(const struct row_facts *r)
{
	return r->marks & (MARK_START | MARK_CLOSED) ? 0 : r->first_ns;
}

static bool any_picked(const struct table *t, uint32_t row)
{
	const struct table_work *w = t->work;
	const struct count *n;

	if (t->rows_kind == ROWS_SOCK)
		return w->picked.v[row];
	n = t->rows_kind == ROWS_PORT ? &w->tally.ports.v[row] : &w->tally.procs.v[row];
	return n->socks || n->any_closed;
}

void table_find_rows(struct table *t, uint32_t from, uint32_t to)
{
	bool all = filter_empty(t->filter), terms = filter_asks_rows(t->filter, t->rows_kind);
	struct table_work *w = t->work;
	struct ctx c = work_ctx(t);
	uint32_t row;

	vec_reserve(&w->rows, to - from);
	for (row = from; row < to; row++) {
		if (!table_in_view(t, w->protos, w->f, row))
			continue;
		w->total++;
		if (t->findings_only && !row_facts(t->rows_kind, w->f, row).findings)
			continue;
		if (!all && (!any_picked(t, row) || (terms && !filter_row(t->filter, t->rows_kind, &c, row))))
			continue;
		w->rows.v[w->rows.n++] = row;
		if (w->mark_ns) {
			struct row_facts r = row_facts(t->rows_kind, w->f, row);

			w->since += row_opened_ns(&r) > w->mark_ns;
		}
	}
}
