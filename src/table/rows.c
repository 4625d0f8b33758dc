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

static bool has_finding(const struct table *t, const struct frame *f, uint32_t row)
{
	switch (t->rows_kind) {
	case ROWS_SOCK:
		return frame_row(f, row)->findings != 0;
	case ROWS_PORT:
		return f->ports.v[row].findings != 0;
	case ROWS_PROC:
		return f->procs.v[row].findings != 0;
	case ROWS_N:
		break;
	}
	return false;
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

uint64_t table_opened_ns(enum row_kind kind, const struct frame *f, uint32_t row)
{
	uint64_t first_ns = 0;
	uint8_t marks = 0;

	switch (kind) {
	case ROWS_SOCK:
		first_ns = frame_row(f, row)->first_ns;
		marks = frame_row(f, row)->marks;
		break;
	case ROWS_PORT:
		first_ns = f->ports.v[row].first_ns;
		marks = f->ports.v[row].marks;
		break;
	case ROWS_PROC:
		first_ns = f->procs.v[row].first_ns;
		marks = f->procs.v[row].marks;
		break;
	case ROWS_N:
		break;
	}
	return marks & (MARK_START | MARK_CLOSED) ? 0 : first_ns;
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
		if (t->findings_only && !has_finding(t, w->f, row))
			continue;
		if (!all && (!any_picked(t, row) || (terms && !filter_row(t->filter, t->rows_kind, &c, row))))
			continue;
		w->rows.v[w->rows.n++] = row;
		if (w->mark_ns && table_opened_ns(t->rows_kind, w->f, row) > w->mark_ns)
			w->since++;
	}
}
