/* Where a port leads whose program only passes things on: what its command line says, with the real listener when
 * that is on this machine. */
#include "sockeye/model/forward.h"
#include "sockeye/model/unit.h"
#include "world_private.h"
#include <stdlib.h>

/* What an answer takes. */
struct search {
	const struct frame *f;
	const struct port *from; /* the forwarder's */
	struct map addrs; /* (address, namespace) → 1: which namespace has which address */
	struct str text;
};

/* ---- which namespace has which address ---- */

static void addr_key(const uint8_t b[16], bool v6, uint16_t netns, uint64_t *ret_a, uint64_t *ret_b)
{
	struct ip ip;

	ip_unmap(b, v6, &ip);
	memcpy(ret_a, ip.b, 8);
	memcpy(ret_b, ip.b + 8, 8);
	*ret_b ^= (uint64_t)netns << 48 ^ (ip.v6 ? 1u << 31 : 0);
}

/* Every local address of a socket is one of its namespace. */
static void index_addrs(struct search *x)
{
	const struct sock *last = NULL;
	uint64_t a, b;

	for (uint32_t i = 0; i < x->f->open_rows; i++) {
		const struct sock *s = frame_sock(x->f, i);

		if (s->family > FAMILY_IPV6 ||
		    (last && last->netns == s->netns && last->family == s->family &&
		     !memcmp(last->laddr, s->laddr, 16)))
			continue;
		last = s;
		addr_key(s->laddr, s->family == FAMILY_IPV6, s->netns, &a, &b);
		*map_at(&x->addrs, a, b) = 1;
	}
}

/* ---- the real listener ---- */

/* Would this port take what is sent to that address? The namespace has it, or the socket says so itself. */
static bool takes(const struct search *x, const struct port *p, const struct ip *ip)
{
	const struct frame *f = x->f;
	bool any = p->flags & (ip->v6 ? PORT_ANY6 : PORT_ANY4) || p->dual;
	uint64_t a, b;

	for (uint32_t i = 0; i < p->addr_n; i++) {
		const struct port_addr *pa = &f->addrs.v[p->addr + i];
		struct ip own;

		ip_unmap(pa->ip.b, pa->ip.v6, &own);
		if (own.v6 == ip->v6 && !memcmp(own.b, ip->b, 16))
			return true;
	}
	if (!any)
		return false;
	if (scope_of(ip->b, ip->v6) == SCOPE_LOOPBACK)
		return true;
	addr_key(ip->b, ip->v6, p->netns, &a, &b);
	return map_get(&x->addrs, a, b) != MAP_NONE;
}

static uint32_t open_port(const struct frame *f, uint16_t netns, uint8_t proto, uint32_t port)
{
	uint32_t at = frame_port_by_key(f, netns, proto, port);

	return at != NONE && at < f->open_ports && !(f->ports.v[at].flags & (PORT_CLIENT | PORT_BOUND_ONLY))
		       ? at
		       : NONE;
}

/* The forwarder's own namespace first; in others (never with a loopback address) only the one that fits. */
static uint32_t find_listener(const struct search *x, const struct ip *ip, uint32_t port)
{
	const struct frame *f = x->f;
	const struct port *from = x->from;
	uint32_t at = open_port(f, from->netns, from->proto, port), found = NONE;

	if (at != NONE && &f->ports.v[at] != from && takes(x, &f->ports.v[at], ip))
		return at;
	if (scope_of(ip->b, ip->v6) == SCOPE_LOOPBACK)
		return NONE;
	for (uint16_t n = 0; n < f->netns.n; n++) {
		at = n == from->netns ? NONE : open_port(f, n, from->proto, port);
		if (at == NONE || !takes(x, &f->ports.v[at], ip))
			continue;
		if (found != NONE)
			return NONE;
		found = at;
	}
	return found;
}

/* Of the container with this unit, or in the namespace with this name. */
static uint32_t find_in(const struct search *x, uint32_t unit, const char *netns, size_t netns_n,
			uint32_t port)
{
	const struct frame *f = x->f;

	for (uint16_t n = 0; n < f->netns.n; n++) {
		uint32_t at = open_port(f, n, x->from->proto, port), name = f->netns.v[n].name;

		if (at == NONE || &f->ports.v[at] == x->from)
			continue;
		if (unit && f->ports.v[at].unit == unit)
			return at;
		if (netns_n && intern_len(f->names, name) == netns_n &&
		    !memcmp(intern_get(f->names, name), netns, netns_n))
			return at;
	}
	return NONE;
}

static uint32_t container_at(const struct frame *f, const struct ip *ip)
{
	for (size_t i = 0; !ip->v6 && i < f->containers.n; i++)
		if (!memcmp(f->containers.v[i].addr, ip->b, 16))
			return f->containers.v[i].unit;
	return 0;
}

/* ---- the text ---- */

static void put_target(const struct forward_target *t, struct str *out)
{
	bool v6 = t->port && memchr(t->host, ':', t->host_n);

	if (v6)
		str_putc(out, '[');
	str_put(out, t->host, t->host_n);
	if (v6)
		str_putc(out, ']');
	if (t->port)
		str_putf(out, ":%u", t->port);
	if (t->via_n) {
		str_putc(out, '@');
		str_put(out, t->via, t->via_n);
	}
}

static uint32_t resolve(const struct search *x, const struct forward_target *t, uint32_t *ret_unit)
{
	const struct frame *f = x->f;
	char text[IP_TEXT];
	struct ip ip, plain;
	uint32_t at = NONE;

	if (!t->here || !t->port)
		return NONE;
	if (t->netns_n)
		at = find_in(x, 0, t->netns, t->netns_n, t->port);
	if (t->host_n && t->host_n < sizeof(text)) {
		memcpy(text, t->host, t->host_n);
		text[t->host_n] = '\0';
		if (!strcmp(text, "localhost"))
			strcpy(text, "127.0.0.1");
		if (!ip_parse(text, &ip)) {
			ip_unmap(ip.b, ip.v6, &plain);
			*ret_unit = container_at(f, &plain);
			at = *ret_unit ? find_in(x, *ret_unit, NULL, 0, t->port) : NONE;
			if (at == NONE)
				at = find_listener(x, &plain, t->port);
		}
	}
	if (at != NONE && !*ret_unit && unit_is_container(intern_get(f->names, f->ports.v[at].unit)))
		*ret_unit = f->ports.v[at].unit;
	return at;
}

static bool parse_holder(const struct frame *f, const struct port *p, uint32_t proc,
			 struct forward_target *ret)
{
	const struct proc *pr = &f->procs.v[proc];
	const char *comm = intern_get(f->names, pr->p.comm), *cmdline;
	uint32_t n;

	if (!pr->late || !forward_comm(comm))
		return false;
	cmdline = late_get_n(pr->late, LATE_CMDLINE, &n);
	return cmdline && forward_parse(comm, cmdline, n, p->proto, p->port, ret);
}

static void fill(struct search *x, struct port *p, struct intern *names)
{
	struct forward_target t;
	uint32_t unit = 0, i = 0;

	while (i < p->holder_n && !parse_holder(x->f, p, x->f->holders.v[p->holder + i], &t))
		i++;
	if (i == p->holder_n)
		return;
	if (!x->addrs.n)
		index_addrs(x);
	x->from = p;
	p->forward_port = resolve(x, &t, &unit);
	str_clear(&x->text);
	if (unit) {
		str_put(&x->text, intern_get(names, unit), intern_len(names, unit));
		if (t.port != p->port)
			str_putf(&x->text, ":%u", t.port);
	} else {
		put_target(&t, &x->text);
	}
	p->forward = intern_add(names, str_text(&x->text), x->text.n);
}

void frame_forwards(struct frame *f, struct intern *names)
{
	struct search x = {.f = f};

	for (uint32_t i = 0; i < f->ports.n; i++) {
		struct port *p = &f->ports.v[i];

		p->forward = 0;
		p->forward_port = NONE;
		if (i < f->open_ports && !(p->flags & PORT_CLIENT))
			fill(&x, p, names);
	}
	map_done(&x.addrs);
	str_done(&x.text);
}
