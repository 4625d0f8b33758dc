/* Asks a filter about the rows of a frame: its terms put together. Nothing is allocated for a socket. */
#include "filter_private.h"
#include <stdlib.h>
#include <string.h>

/* A part that asks about sockets alone. */
static bool eval_sock(const struct filter *f, uint32_t node, const struct ctx *c, uint32_t row)
{
	const struct node *n = &f->nodes.v[node];
	uint32_t i;

	switch ((enum node_kind)n->kind) {
	case NODE_TERM:
		return filter_match_sock(f, &f->terms.v[n->child], c, row);
	case NODE_NOT:
		return !eval_sock(f, n->child, c, row);
	case NODE_AND:
		for (i = n->child; i != NONE; i = f->nodes.v[i].next)
			if (!eval_sock(f, i, c, row))
				return false;
		return true;
	case NODE_OR:
		for (i = n->child; i != NONE; i = f->nodes.v[i].next)
			if (eval_sock(f, i, c, row))
				return true;
		return false;
	}
	return false;
}

/* Those parts of an AND or OR that ask about sockets alone. */
static bool eval_parts(const struct filter *f, uint32_t node, enum row_kind kind, const struct ctx *c,
		       uint32_t row)
{
	const struct node *n = &f->nodes.v[node];
	bool every = n->kind == NODE_AND;
	uint32_t i;

	for (i = n->child; i != NONE; i = f->nodes.v[i].next)
		if (f->nodes.v[i].about[kind] == ABOUT_SOCKS && eval_sock(f, i, c, row) != every)
			return !every;
	return every;
}

/* What the filter says about a socket: its parts about sockets alone that stand side by side. */
static bool picks(const struct filter *f, enum row_kind kind, const struct ctx *c, uint32_t row)
{
	const struct node *root = &f->nodes.v[f->root];

	if (root->about[kind] == ABOUT_SOCKS)
		return eval_sock(f, f->root, c, row);
	return root->kind != NODE_AND || eval_parts(f, f->root, kind, c, row);
}

/* An array of a byte or a word a row, all zero. */
#define zeroes(a, count)                                                                                     \
	do {                                                                                                 \
		vec_clear(a);                                                                                \
		vec_reserve(a, (count) + 1);                                                                 \
		(a)->n = (count);                                                                            \
		memset((a)->v, 0, (a)->n * sizeof((a)->v[0]));                                               \
	} while (0)

/* Answers are about one frame, as far as its late texts were known. */
static void forget(const struct filter *f, enum row_kind kind, const struct frame *fr)
{
	struct memo *m;
	size_t i;

	for (i = 0; i < f->terms.n; i++) {
		m = f->terms.v[i].memo;
		if (!m)
			continue;
		memset(m->s, 0, sizeof(m->s));
		zeroes(&m->procs, fr->procs.n);
	}
	if (f->bits_n[kind]) {
		zeroes(&f->run->ports, fr->ports.n);
		zeroes(&f->run->procs, fr->procs.n);
	}
	f->run->f = fr;
	f->run->number = fr->number;
	f->run->boot_ns = fr->boot_ns;
	f->run->kind = (uint8_t)kind;
	f->run->upto = 0;
	vec_clear(&f->run->picked);
	vec_reserve(&f->run->picked, fr->rows_n + 1);
}

void filter_forget(const struct filter *f, const struct frame *fr)
{
	forget(f, ROWS_SOCK, fr);
}

static bool remembers(const struct filter *f, enum row_kind kind, const struct frame *fr)
{
	return f->run->f == fr && f->run->number == fr->number && f->run->boot_ns == fr->boot_ns &&
	       (f->run->kind == kind || !f->varies);
}

/* Notes of a picked socket for each row that it counts in which of the parts with a bit it passes. */
static void note_bits(const struct filter *f, const struct ctx *c, uint32_t row)
{
	const struct row *x = frame_row(c->f, row);
	struct run *r = f->run;
	enum row_kind kind = (enum row_kind)r->kind;
	const struct owner *o;
	uint32_t bits = 0, i;

	for (i = 0; i < f->bits_n[kind]; i++)
		if (eval_parts(f, f->bits[kind][i], kind, c, row))
			bits |= 1u << i;
	if (frame_port_of(c->f, row) < r->ports.n)
		r->ports.v[frame_port_of(c->f, row)] |= bits;
	for (i = 0; i < x->owner_n; i++) { /* as they count it */
		o = frame_owner(c->f, x, i);
		if ((!o->former || x->marks & MARK_CLOSED) && o->proc < r->procs.n)
			r->procs.v[o->proc] |= bits;
	}
	if (x->reason == REASON_KERNEL && c->f->tally.kernel < r->procs.n)
		r->procs.v[c->f->tally.kernel] |= bits;
}

void filter_socks_for(const struct filter *f, enum row_kind kind, const struct frame *fr, uint32_t from,
		      uint32_t to, uint8_t *picked)
{
	struct ctx c = {.f = fr, .tally = &fr->tally};
	uint32_t row;

	if (filter_empty(f)) {
		memset(picked + from, 1, to - from);
		return;
	}
	if (from == 0 || !remembers(f, kind, fr)) /* another frame, or late texts in the same one */
		forget(f, kind, fr);
	for (row = from; row < to; row++) {
		picked[row] = picks(f, kind, &c, row);
		if (picked[row] && f->bits_n[kind])
			note_bits(f, &c, row);
	}
	if (f->run->upto == from) {
		memcpy(f->run->picked.v + from, picked + from, to - from);
		f->run->upto = to;
	}
}

void filter_socks(const struct filter *f, const struct frame *fr, uint32_t from, uint32_t to, uint8_t *picked)
{
	filter_socks_for(f, ROWS_SOCK, fr, from, to, picked);
}

bool filter_picked(const struct filter *f, enum row_kind kind, const struct frame *fr, uint8_t *picked)
{
	if (filter_empty(f) || !remembers(f, kind, fr) || f->run->upto < fr->rows_n)
		return false;
	memcpy(picked, f->run->picked.v, fr->rows_n);
	return true;
}

void filter_late(const struct filter *f)
{
	if (!filter_empty(f))
		f->run->f = NULL;
}

/* Which rows have a picked socket that passes each part with a bit: known by now if the sockets were picked just
 * before. */
static void make_run(const struct filter *f, enum row_kind kind, const struct frame *fr)
{
	struct ctx c = {.f = fr, .tally = &fr->tally};
	uint32_t row;

	forget(f, kind, fr);
	for (row = 0; row < fr->rows_n; row++) {
		f->run->picked.v[row] = picks(f, kind, &c, row);
		if (f->run->picked.v[row])
			note_bits(f, &c, row);
	}
	f->run->upto = fr->rows_n;
}

static bool has_bit(const struct filter *f, uint32_t bit, enum row_kind kind, const struct ctx *c,
		    uint32_t row)
{
	if (!remembers(f, kind, c->f) || f->run->upto < c->f->rows_n)
		make_run(f, kind, c->f);
	if (kind == ROWS_PORT)
		return row < f->run->ports.n && f->run->ports.v[row] >> bit & 1;
	return row < f->run->procs.n && f->run->procs.v[row] >> bit & 1;
}

/* Of an AND or OR that asks about both: what its parts about sockets say, with a socket of the row for which they hold. */
static bool row_parts(const struct filter *f, uint32_t node, enum row_kind kind, const struct ctx *c,
		      uint32_t row)
{
	if (kind == ROWS_SOCK)
		return eval_parts(f, node, kind, c, row);
	return has_bit(f, f->nodes.v[node].bit[kind], kind, c, row);
}

static bool eval_row(const struct filter *f, uint32_t node, enum row_kind kind, const struct ctx *c,
		     uint32_t row)
{
	const struct node *n = &f->nodes.v[node];
	bool every = n->kind == NODE_AND;
	uint32_t i;

	if (n->kind == NODE_TERM)
		return filter_match_row(f, &f->terms.v[n->child], kind, c, row);
	if (n->kind == NODE_NOT)
		return !eval_row(f, n->child, kind, c, row);
	if (n->bit[kind] != NO_BIT && row_parts(f, node, kind, c, row) != every)
		return !every;
	for (i = n->child; i != NONE; i = f->nodes.v[i].next)
		if ((f->nodes.v[i].about[kind] & ABOUT_ROWS) && eval_row(f, i, kind, c, row) != every)
			return !every;
	return every;
}

bool filter_row(const struct filter *f, enum row_kind kind, const struct ctx *c, uint32_t row)
{
	return !filter_asks_rows(f, kind) || eval_row(f, f->root, kind, c, row);
}

bool filter_asks_rows(const struct filter *f, enum row_kind kind)
{
	return !filter_empty(f) && (f->nodes.v[f->root].about[kind] & ABOUT_ROWS);
}

bool filter_has_row_terms(const struct filter *f)
{
	return filter_asks_rows(f, ROWS_SOCK);
}
