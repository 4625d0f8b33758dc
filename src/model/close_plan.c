/* What closing a connection in the kernel would mean: for whoever holds it, for the other end, and when it would be no
 * help at all. */
#include "kill_plan.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include "sockeye/model/close.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct close_kind_info close_kind_table[CLOSE_KIND_N] = {
	[CLOSE_CONNECTED] = {"connected", NULL, NULL},
	[CLOSE_CONNECTING] = {"connecting", NULL, NULL},
	[CLOSE_ARRIVING] = {"arriving", NULL, NULL},
	[CLOSE_UNACCEPTED] = {"unaccepted", NULL, NULL},
	[CLOSE_ORPHAN] = {"orphan", NULL, NULL},
	[CLOSE_WAITING] = {"time-wait", NULL, NULL},
	[CLOSE_DATAGRAM] = {"datagram", NULL, NULL},
	/* Closed, a listener stays bound, and its process sees an error for ever (inet_csk_listen_stop leaves the bind). */
	[CLOSE_LISTENER] = {"listener", "%s is a listener: closing it would not free the port",
			    "sockeye kill"},
	[CLOSE_BOUND] = {"bound", "%s is only bound: there is no connection to close", "sockeye kill"},
	[CLOSE_BOUND_DATAGRAM] = {"bound-datagram", "%s has no peer: closing it would not free the port",
				  "sockeye kill"},
	[CLOSE_MPTCP] = {"mptcp", "the kernel closes no MPTCP connection as a whole",
			 "close its tcp subflows"},
	[CLOSE_NAMELESS] = {"nameless",
			    "%s was read from /proc/net, without the cookie by which the kernel would know "
			    "that this one is meant and no later one",
			    NULL},
	[CLOSE_OTHER] = {"other", "%s: only connections of TCP and UDP can be closed", NULL},
};

static uint8_t by_state(const struct frame *f, uint32_t row)
{
	const struct sock *s = frame_sock(f, row);
	bool udp = s->proto == PROTO_UDP || s->proto == PROTO_UDPLITE;

	if (s->proto == PROTO_MPTCP)
		return CLOSE_MPTCP;
	if (s->family > FAMILY_IPV6 || (s->proto != PROTO_TCP && !udp))
		return CLOSE_OTHER;
	if (udp)
		return s->state == STATE_ESTABLISHED ? CLOSE_DATAGRAM : CLOSE_BOUND_DATAGRAM;
	switch ((enum state)s->state) {
	case STATE_LISTENING:
		return CLOSE_LISTENER;
	case STATE_BOUND:
	case STATE_CLOSED:
	case STATE_UNCONN:
		return CLOSE_BOUND;
	case STATE_TIME_WAIT:
		return CLOSE_WAITING;
	case STATE_SYN_RECV:
	case STATE_NEW_SYN_RECV_:
		return CLOSE_ARRIVING;
	case STATE_SYN_SENT:
		return CLOSE_CONNECTING;
	default:
		break;
	}
	if (frame_row(f, row)->reason == REASON_UNACCEPTED)
		return CLOSE_UNACCEPTED;
	if (frame_row(f, row)->reason == REASON_ORPHAN)
		return CLOSE_ORPHAN;
	return CLOSE_CONNECTED;
}

static uint8_t kind_of(const struct frame *f, uint32_t row)
{
	uint8_t kind = by_state(f, row);

	/* What would not be closed anyway has a better reason. */
	return frame_sock(f, row)->flags & SOCK_OWN_COOKIE && !close_kind_table[kind].refusal ? CLOSE_NAMELESS
											      : kind;
}

static void put_end(struct str *out, const uint8_t b[16], bool v6, uint32_t port)
{
	char addr[IP_TEXT];

	str_putf(out, "%s%s%s:%u", v6 ? "[" : "", ip_format(addr, b, v6), v6 ? "]" : "", port);
}

static void name_it(struct close_item *i, const struct frame *f, uint32_t row, bool ascii)
{
	const struct sock *s = frame_sock(f, row);
	bool v6 = s->family == FAMILY_IPV6;
	struct str text = {0};

	if (s->family > FAMILY_IPV6) {
		kill_put_sock(i->what, sizeof(i->what), f, row);
		return;
	}
	str_putf(&text, "%s ", proto_table[s->proto].name);
	put_end(&text, s->laddr, v6, s->lport);
	if (i->kind < CLOSE_LISTENER || i->kind == CLOSE_NAMELESS) {
		/* As the tables show it: who called whom. */
		bool in = frame_row(f, row)->dir == DIR_IN;

		str_puts(&text, ascii ? (in ? " <- " : " -> ") : in ? " ← " : " → ");
		put_end(&text, s->raddr, v6, s->rport);
	}
	snprintf(i->what, sizeof(i->what), "%s", str_text(&text));
	str_done(&text);
}

static void name_peer(struct close_item *i, const struct frame *f, uint32_t row)
{
	uint32_t peer = frame_row(f, row)->peer,
		 proc = peer == NONE ? NONE : frame_first_owner(f, peer, false);
	const struct sock *s = frame_sock(f, row);
	char addr[IP_TEXT], name[40];
	struct ip ip;

	if (proc != NONE) {
		kill_copy_comm(name, sizeof(name), f, f->procs.v[proc].p.comm);
		snprintf(i->peer, sizeof(i->peer), "%s %u", name, f->procs.v[proc].p.pid);
	} else if (s->family <= FAMILY_IPV6) {
		ip_unmap(s->raddr, s->family == FAMILY_IPV6, &ip);
		snprintf(i->peer, sizeof(i->peer), "%s", ip_format(addr, ip.b, ip.v6));
	}
}

static void add_holders(struct close_item *i, const struct frame *f, uint32_t row)
{
	const struct row *r = frame_row(f, row);

	for (uint32_t o = 0; o < r->owner_n; o++) {
		const struct owner *ow = frame_owner(f, r, o);
		const struct proc *p = &f->procs.v[ow->proc];
		struct close_holder *h;

		if (ow->former || p->marks & MARK_CLOSED)
			continue;
		h = vec_add(&i->holders);
		*h = (struct close_holder){.pid = p->p.pid, .start = p->p.start, .fd = ow->fd};
		kill_copy_comm(h->name, sizeof(h->name), f, p->p.comm);
	}
}

/* The other end of this connection is there too, and is that of who was called. */
static bool goes_along(const struct frame *f, const uint8_t *among, uint32_t row)
{
	const struct row *r = frame_row(f, row);

	return r->dir != DIR_IN && r->peer != NONE && among[r->peer] && frame_row(f, r->peer)->peer == row &&
	       frame_row(f, r->peer)->dir == DIR_IN && kind_of(f, row) == CLOSE_CONNECTED &&
	       kind_of(f, r->peer) == CLOSE_CONNECTED;
}

size_t close_rows_once(const struct frame *f, uint32_t *rows, size_t n)
{
	uint8_t *among = mem_zalloc(f->rows_n + 1, 1);
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		among[rows[i]] = 1;
	for (size_t i = 0; i < n; i++)
		if (!goes_along(f, among, rows[i]))
			rows[kept++] = rows[i];
	free(among);
	return kept;
}

static void who_asks(struct close_plan *p, const struct kill_you *you)
{
	if (!you)
		return;
	p->your_uid = you->uid;
	snprintf(p->your_name, sizeof(p->your_name), "%s", you->name);
}

static void add_item(struct close_plan *p, const struct frame *f, uint32_t row, bool yours, bool ascii)
{
	const struct sock *s = frame_sock(f, row);
	struct close_item *i = vec_add(&p->items);

	*i = (struct close_item){
		.cookie = s->cookie,
		.netns_inode = s->netns < f->netns.n ? f->netns.v[s->netns].inode : 0,
		.own_netns = s->netns >= f->netns.n || f->netns.v[s->netns].own,
		.family = s->family,
		.proto = s->proto,
		.state = s->state,
		.kind = kind_of(f, row),
		.lport = s->lport,
		.rport = s->rport,
		.ifindex = s->ifindex,
		.mini = s->flags & SOCK_MINI,
		.you = yours,
	};
	if (s->family <= FAMILY_IPV6) {
		memcpy(i->laddr, s->laddr, sizeof(i->laddr));
		memcpy(i->raddr, s->raddr, sizeof(i->raddr));
	}
	if (i->kind == CLOSE_CONNECTED || i->kind == CLOSE_ORPHAN)
		i->unsent = s->sendq;
	name_it(i, f, row, ascii);
	name_peer(i, f, row);
	add_holders(i, f, row);
}

void close_plan_build(struct close_plan *p, const struct frame *f, const uint32_t *rows, size_t n,
		      const struct kill_you *you, bool ascii)
{
	uint32_t yours = kill_you_row(f, you);

	*p = (struct close_plan){0};
	who_asks(p, you);
	for (size_t i = 0; i < n; i++)
		add_item(p, f, rows[i], rows[i] == yours, ascii);
}

#define CLOSE_SLICE 128 /* rows between two questions whether the time is up */

struct close_planning {
	const struct frame *f;
	const struct pick *picks;
	size_t picks_n;
	uint32_t yours;
	bool ascii;
	size_t found, added; /* how far it has come in picks, and then in rows */
	VEC(uint32_t) rows;
	uint8_t *among; /* by row of the frame */
	struct close_plan plan;
};

struct close_planning *close_planning_new(const struct frame *f, const struct pick *picks, size_t n,
					  const struct kill_you *you, bool ascii)
{
	struct close_planning *c = mem_zalloc(1, sizeof(*c));

	*c = (struct close_planning){.f = f,
				     .picks = picks,
				     .picks_n = n,
				     .yours = kill_you_row(f, you),
				     .ascii = ascii,
				     .among = mem_zalloc(f->rows_n + 1, 1)};
	who_asks(&c->plan, you);
	return c;
}

bool close_planning_step(struct close_planning *c, const struct slice *slice)
{
	while (c->found < c->picks_n) {
		struct pick k = c->picks[c->found++];
		uint32_t row;

		pick_settle(c->f, &k);
		row = k.kind == PICK_SOCK ? frame_row_by_cookie(c->f, k.netns, k.cookie) : NONE;
		if (row != NONE) {
			vec_push(&c->rows, row);
			c->among[row] = 1;
		}
		if (c->found % CLOSE_SLICE == 0 && slice_over(slice))
			return false;
	}
	if (!c->added) /* items are large: to grow among very many would be a piece by itself */
		vec_reserve(&c->plan.items, c->rows.n);
	while (c->added < c->rows.n) {
		uint32_t row = c->rows.v[c->added++];

		if (!goes_along(c->f, c->among, row))
			add_item(&c->plan, c->f, row, row == c->yours, c->ascii);
		if (c->added % CLOSE_SLICE == 0 && slice_over(slice))
			return false;
	}
	return true;
}

void close_planning_take(struct close_planning *c, struct close_plan *ret)
{
	*ret = c->plan;
	c->plan = (struct close_plan){0};
}

void close_planning_free(struct close_planning *c)
{
	if (!c)
		return;
	close_plan_done(&c->plan);
	vec_done(&c->rows);
	free(c->among);
	free(c);
}

void close_plan_done(struct close_plan *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->items.n; i++)
		vec_done(&p->items.v[i].holders);
	vec_done(&p->items);
}

size_t close_possible(const struct close_plan *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->items.n; i++)
		n += !close_kind_table[p->items.v[i].kind].refusal;
	return n;
}

bool close_needs_word(const struct close_plan *p)
{
	for (size_t i = 0; i < p->items.n; i++)
		if (p->items.v[i].you && !close_kind_table[p->items.v[i].kind].refusal)
			return true;
	return false;
}

static void put_holder(const struct close_item *i, struct str *out)
{
	if (!i->holders.n) {
		str_puts(out, "its process");
		return;
	}
	str_putf(out, "%s %u", i->holders.v[0].name, i->holders.v[0].pid);
	if (i->holders.n > 1)
		str_putf(out, " and %zu more", i->holders.n - 1);
}

void close_meaning_put(const struct close_item *i, struct str *out)
{
	const char *refusal = close_kind_table[i->kind].refusal,
		   *hole = refusal ? strstr(refusal, "%s") : NULL;
	const char *lives = i->holders.n > 1 ? "live on and get" : "lives on and gets";
	char size[UNIT_BUF];

	if (refusal) {
		str_put(out, refusal, hole ? (size_t)(hole - refusal) : strlen(refusal));
		if (hole)
			str_putf(out, "%s%s", i->what, hole + 2);
		return;
	}
	switch ((enum close_kind)i->kind) {
	case CLOSE_CONNECTED:
		put_holder(i, out);
		str_putf(out, " %s ECONNABORTED, %s a reset", lives, i->peer);
		break;
	case CLOSE_CONNECTING:
		put_holder(i, out);
		str_putf(out, " %s ECONNABORTED from connect", lives);
		break;
	case CLOSE_ARRIVING:
		str_putf(out, "no process here knows of it; %s is told nothing until it sends", i->peer);
		break;
	case CLOSE_UNACCEPTED:
		str_putf(out, "no process has accepted it; %s gets a reset", i->peer);
		break;
	case CLOSE_ORPHAN:
		str_putf(out, "no process holds it any more; %s gets a reset", i->peer);
		break;
	case CLOSE_WAITING:
		str_puts(out, "nobody holds it; a late packet could now meet a new connection of the same "
			      "two ends");
		break;
	case CLOSE_DATAGRAM:
		put_holder(i, out);
		str_puts(out, i->holders.n > 1 ? " live on" : " lives on");
		str_puts(out, "; the socket loses its peer, and its port if it did not choose one itself");
		break;
	default:
		break;
	}
	if (i->unsent)
		str_putf(out, "; %s not delivered is lost", fmt_size(size, i->unsent));
}

uint8_t close_result_put(const struct close_plan *p, const struct close_item *i, struct str *out)
{
	switch ((enum close_result)i->result) {
	case CLOSE_GONE:
		str_puts(out, i->kind == CLOSE_DATAGRAM ? "it has no peer any more" : "closed");
		if (i->by_shutdown && i->kind != CLOSE_DATAGRAM)
			str_puts(out, ", shut down by both ends");
		return 1;
	case CLOSE_GONE_BEFORE:
		str_puts(out, "it was gone already");
		return 0;
	case CLOSE_REMAINS:
		str_putf(out, "still there: %s", state_table[i->state_after].name);
		if (i->by_shutdown)
			str_putf(out, ", shut down, until %s closes too", i->peer);
		return 2;
	case CLOSE_NOT_PERMITTED:
		str_puts(out, "not permitted: it takes CAP_NET_ADMIN");
		if (i->holders.n && i->holders.v[0].fd < 0)
			str_putf(out, ", because %s %u holds it by an io_uring alone", i->holders.v[0].name,
				 i->holders.v[0].pid);
		else if (i->holders.n)
			str_putf(out, ", and %s %u is not yours", i->holders.v[0].name, i->holders.v[0].pid);
		if (p->your_name[0])
			str_putf(out, "; you are %s", p->your_name);
		return 3;
	case CLOSE_FAILED:
		str_putf(out, "failed: %s", strerror(-i->err));
		return 3;
	default:
		str_puts(out, "not done");
		return 2;
	}
}
