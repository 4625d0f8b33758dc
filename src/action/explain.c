/* Judges a bind: which sockets have the port, which of them are in the way of which address by the kernel's rules,
 * and whether what real tries gave fits. It exists apart from the looking so that every rule can be tested by table. */
#include "explain_private.h"
#include "sockeye/model/unit.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *const explain_verdict_names[EXPLAIN_VERDICT_N] = {
	[EXPLAIN_FREE] = "free",
	[EXPLAIN_TAKEN] = "taken",
	[EXPLAIN_DENIED] = "denied",
	[EXPLAIN_UNKNOWN] = "unknown",
};
const char *const explain_kind_names[EXPLAIN_KIND_N] = {
	[EXPLAIN_LISTEN] = "listening", [EXPLAIN_BOUND] = "bound",         [EXPLAIN_DATAGRAM] = "datagram",
	[EXPLAIN_CONN] = "connection",  [EXPLAIN_TIME_WAIT] = "time-wait",
};
const char *const explain_effect_names[EFFECT_N] = {
	[EFFECT_UNKNOWN] = "unknown",
	[EFFECT_BLOCKS] = "blocks",
	[EFFECT_NO_MATTER] = "no-matter",
	[EFFECT_COVERED] = "covered",
};
const char *const explain_check_names[CHECK_N] = {
	[CHECK_PRIVILEGED] = "privileged",
	[CHECK_RESERVED] = "reserved",
	[CHECK_EPHEMERAL] = "ephemeral",
	[CHECK_LISTENER] = "listener",
	[CHECK_BOUND] = "bound only",
	[CHECK_DATAGRAM] = "socket",
	[CHECK_CLIENT] = "connection",
	[CHECK_TIME_WAIT] = "time-wait",
	[CHECK_DUAL] = "dual-stack IPv6",
	[CHECK_SYSTEMD] = "systemd socket",
	[CHECK_REUSEPORT] = "SO_REUSEPORT group",
	[CHECK_DEVICE] = "bound device or VRF",
};

void explain_facts_done(struct explain_facts *facts)
{
	if (!facts)
		return;
	vec_done(&facts->addrs);
	vec_done(&facts->devs);
}

void explain_done(struct explain *e)
{
	if (!e)
		return;
	vec_done(&e->tries);
	vec_done(&e->holders);
	vec_done(&e->units);
}

static bool reserved(const struct explain_facts *facts, uint32_t port)
{
	return facts->reserved[port / 8] >> port % 8 & 1;
}

void explain_read_reserved(struct explain_facts *facts, const char *text)
{
	memset(facts->reserved, 0, sizeof(facts->reserved));
	facts->reserved_known = true;
	while (*text >= '0' && *text <= '9') {
		char *end;
		unsigned long lo = strtoul(text, &end, 10), hi = lo;

		if (*end == '-')
			hi = strtoul(end + 1, &end, 10);
		for (unsigned long p = lo; p <= hi && p <= UINT16_MAX; p++)
			facts->reserved[p / 8] |= (uint8_t)(1 << p % 8);
		text = end + (*end == ',');
	}
}

/* Who has the port */

static bool kind_of(const struct sock *s, uint8_t *ret)
{
	if (s->proto == PROTO_UDP) {
		*ret = EXPLAIN_DATAGRAM;
		return true;
	}
	switch ((enum state)s->state) {
	case STATE_LISTENING:
		*ret = EXPLAIN_LISTEN;
		return true;
	case STATE_BOUND:
		*ret = EXPLAIN_BOUND;
		return true;
	case STATE_TIME_WAIT:
		*ret = EXPLAIN_TIME_WAIT;
		return true;
	case STATE_NONE:
	case STATE_CLOSED:
	case STATE_UNCONN:
	case STATE_SYN_RECV: /* a request of a listener: it has no place among the bound ones */
	case STATE_NEW_SYN_RECV_:
	case STATE_N:
		return false;
	default:
		*ret = EXPLAIN_CONN;
		return true;
	}
}

/* The system's manager or a user's, which have a place of their own: anybody may call itself so, and a program that is
 * pid 1 of a container is neither. */
static bool is_systemd(const struct frame *f, const struct snap_proc *p)
{
	const char *cgroup = intern_get(f->names, p->cgroup);
	size_t n = strlen(cgroup);

	return !strcmp(intern_get(f->names, p->comm), "systemd") &&
	       (p->pid == 1 || (n >= 11 && !strcmp(cgroup + n - 11, "/init.scope")));
}

static void count_owners(const struct frame *f, uint32_t row, struct explain_holder *h)
{
	const struct row *r = frame_row(f, row);

	h->procs = 0;
	for (uint32_t i = 0; i < r->owner_n; i++) {
		const struct owner *o = frame_owner(f, r, i);

		if (o->former)
			continue;
		h->systemd |= is_systemd(f, &f->procs.v[o->proc].p);
		if (!i || o->proc != frame_owner(f, r, i - 1)->proc)
			h->procs++;
	}
}

void explain_put_unit(const struct explain *e, const struct explain_holder *h, struct str *out)
{
	const struct frame *f = e->f;
	uint32_t unit = frame_row(f, h->row)->unit;

	if (h->systemd && frame_sock(f, h->row)->cgroup) {
		unit_name(intern_get(f->names, frame_sock(f, h->row)->cgroup), out);
		return;
	}
	if (h->proc != NONE && f->procs.v[h->proc].unit)
		unit = f->procs.v[h->proc].unit;
	str_put(out, intern_get(f->names, unit), intern_len(f->names, unit));
}

static bool same_holder(const struct explain_holder *a, const struct explain_holder *b)
{
	return a->kind == b->kind && a->proc == b->proc && a->ifindex == b->ifindex &&
	       a->v6only == b->v6only && a->dual == b->dual && a->ip.v6 == b->ip.v6 &&
	       !memcmp(a->ip.b, b->ip.b, 16);
}

static void add_socket(struct explain *e, uint32_t row, uint8_t kind)
{
	const struct sock *s = frame_sock(e->f, row);
	bool v6 = s->family == FAMILY_IPV6, time_wait = kind == EXPLAIN_TIME_WAIT;
	struct explain_holder h = {
		.kind = kind,
		.ifindex = s->ifindex,
		.v6only = v6 && s->flags & SOCK_V6ONLY,
		.row = row,
		.n = 1,
		.timer_ms = time_wait && s->timer ? frame_timer_ms(e->f, row) : 0,
		.proc = time_wait ? NONE : frame_first_owner(e->f, row, false),
	};

	h.dual = v6 && !h.v6only && ip_is_any(s->laddr, true);
	ip_unmap(s->laddr, v6, &h.ip);
	for (size_t i = 0; i < e->holders.n; i++) {
		struct explain_holder *old = &e->holders.v[i];

		if (!same_holder(old, &h))
			continue;
		old->n++;
		if (h.timer_ms > old->timer_ms)
			old->timer_ms = h.timer_ms;
		return;
	}
	count_owners(e->f, row, &h);
	vec_push(&e->holders, h);
}

static void find_holders(struct explain *e)
{
	uint8_t kind;

	for (uint32_t i = 0; i < e->f->open_rows; i++) {
		const struct sock *s = frame_sock(e->f, i);

		if (s->lport == e->port && s->proto == e->proto && s->netns == e->netns && kind_of(s, &kind))
			add_socket(e, i, kind);
	}
}

/* Which addresses are judged */

static void add_try(struct explain *e, const struct ip *ip, uint32_t ifindex, bool v6only)
{
	struct explain_try t = {.ip = *ip, .ifindex = ifindex, .v6only = v6only};

	if (ip->v6 ? !e->facts->v6 : !e->facts->v4)
		return;
	for (size_t i = 0; i < e->tries.n; i++) {
		const struct explain_try *old = &e->tries.v[i];

		if (old->ip.v6 == ip->v6 && old->ifindex == ifindex && old->v6only == v6only &&
		    !memcmp(old->ip.b, ip->b, sizeof(ip->b)))
			return;
	}
	vec_push(&e->tries, t);
}

static bool link_local(const struct ip *ip)
{
	return ip->v6 && ip->b[0] == 0xfe && (ip->b[1] & 0xc0) == 0x80;
}

static void find_tries(struct explain *e)
{
	const struct ip any4 = {.v6 = false}, any6 = {.v6 = true};

	add_try(e, &any4, 0, false);
	add_try(e, &any6, 0, false);
	add_try(e, &any6, 0, true);
	for (size_t i = 0; i < e->facts->addrs.n; i++)
		add_try(e, &e->facts->addrs.v[i].ip, e->facts->addrs.v[i].ifindex, false);
	/* Addresses that are local without standing on an interface, such as 127.0.0.53. */
	for (size_t i = 0; i < e->holders.n; i++) {
		const struct explain_holder *h = &e->holders.v[i];

		if (h->kind != EXPLAIN_CONN && h->kind != EXPLAIN_TIME_WAIT &&
		    !ip_is_any(h->ip.b, h->ip.v6) && !link_local(&h->ip))
			add_try(e, &h->ip, 0, false);
	}
}

/* Who is in whose way */

/* inet_rcv_saddr_equal() with both wildcards matching; a mapped IPv6 address counts as the IPv4 address it is. b's may
 * be an IPv6 socket that was never bound by hand: connected, it has an IPv4 address too, LOOPBACK4_IPV6. */
static bool addresses_meet(const struct ip *a, bool a_v6only, const struct ip *b, bool b_v6only)
{
	bool a_any = ip_is_any(a->b, a->v6), b_any = ip_is_any(b->b, b->v6);

	if (a->v6 == b->v6)
		return a_any || b_any || !memcmp(a->b, b->b, sizeof(a->b));
	if (a->v6)
		return a_any && !a_v6only;
	return (a_any || b_any) && !b_v6only;
}

/* Whoever binds an address other than the wildcard is v6only from then on (__inet6_bind()). Of connections the kernel
 * does not tell whether that was done. */
static bool only_v6(const struct explain_holder *h)
{
	return h->v6only || (h->ip.v6 && !ip_is_any(h->ip.b, true) && h->kind != EXPLAIN_CONN &&
			     h->kind != EXPLAIN_TIME_WAIT);
}

uint32_t explain_vrf(const struct explain *e, uint32_t ifindex)
{
	for (size_t i = 0; ifindex && i < e->facts->devs.n; i++)
		if (e->facts->devs.v[i].ifindex == ifindex)
			return e->facts->devs.v[i].vrf;
	return 0;
}

/* A VRF's TCP ports are a set of their own (inet_bind_bucket_match, inet_sk_bound_l3mdev); of UDP only the device
 * counts (udp_lib_lport_inuse). */
static bool other_vrf(const struct explain *e, const struct explain_holder *h, const struct explain_try *t)
{
	return e->proto == PROTO_TCP && e->facts->devs_known && !e->facts->vrfs_share &&
	       explain_vrf(e, h->ifindex) != explain_vrf(e, t->ifindex);
}

bool explain_conflicts(const struct explain *e, const struct explain_holder *h, const struct explain_try *t)
{
	if (other_vrf(e, h, t))
		return false;
	/* inet_bind_conflict(): sockets of two different devices do not meet; one without a device meets all. */
	if (h->ifindex && t->ifindex && h->ifindex != t->ifindex)
		return false;
	return addresses_meet(&t->ip, t->v6only, &h->ip, only_v6(h));
}

/* In the way whatever its options are. A TCP socket on a device that is not known may be in a VRF; any other may have
 * set SO_REUSEADDR, which the kernel does not tell. */
static bool definite(const struct explain *e, const struct explain_holder *h)
{
	return h->kind == EXPLAIN_LISTEN && (!h->ifindex || e->facts->devs_known);
}

static bool denied(const struct explain *e)
{
	return e->facts->unprivileged_start >= 0 && e->port < (uint32_t)e->facts->unprivileged_start &&
	       !e->facts->cap_bind;
}

static void expect(struct explain *e, struct explain_try *t)
{
	t->expect = EXPECT_OK;
	for (size_t i = 0; i < e->holders.n; i++) {
		const struct explain_holder *h = &e->holders.v[i];

		if (!explain_conflicts(e, h, t))
			continue;
		t->bind_only |= h->kind == EXPLAIN_BOUND;
		if (definite(e, h))
			t->expect = EXPECT_INUSE;
		else if (t->expect == EXPECT_OK)
			t->expect = EXPECT_EITHER;
	}
	if (denied(e)) /* asked before anything else (__inet_bind) */
		t->expect = EXPECT_DENIED;
}

/* What was looked at, and what of it is so */

static bool limited(const struct frame *f, const char *what)
{
	for (size_t i = 0; i < f->limits.n; i++)
		if (!strcmp(f->limits.v[i].what, what))
			return true;
	return false;
}

static void check(struct explain *e, enum explain_check c, bool looked, bool is_so)
{
	if (looked)
		e->checked |= 1u << c;
	if (looked && is_so)
		e->applies |= 1u << c;
}

static bool any_kind(const struct explain *e, uint8_t kind)
{
	for (size_t i = 0; i < e->holders.n; i++)
		if (e->holders.v[i].kind == kind)
			return true;
	return false;
}

static void find_checks(struct explain *e)
{
	const struct snap_netns *ns = &e->f->netns.v[e->netns];
	bool tcp = e->proto == PROTO_TCP, owners = true, dual = false, group = false, device = false,
	     systemd = false;

	for (size_t i = 0; i < e->holders.n; i++) {
		const struct explain_holder *h = &e->holders.v[i];

		dual |= h->dual;
		device |= h->ifindex != 0;
		systemd |= h->systemd;
		group |= h->n > 1 && h->kind == EXPLAIN_LISTEN;
		for (size_t k = 0; k < i; k++)
			group |= h->kind == EXPLAIN_LISTEN && e->holders.v[k].kind == EXPLAIN_LISTEN &&
				 !memcmp(&h->ip, &e->holders.v[k].ip, sizeof(h->ip)) &&
				 h->ifindex == e->holders.v[k].ifindex;
		if (h->proc == NONE && h->kind != EXPLAIN_TIME_WAIT)
			owners = false;
	}
	check(e, CHECK_PRIVILEGED, e->facts->unprivileged_start >= 0, denied(e));
	check(e, CHECK_RESERVED, e->facts->reserved_known, reserved(e->facts, e->port));
	check(e, CHECK_EPHEMERAL, ns->eph_high, e->port >= ns->eph_low && e->port <= ns->eph_high);
	check(e, CHECK_LISTENER, tcp, any_kind(e, EXPLAIN_LISTEN));
	check(e, CHECK_BOUND, tcp && !limited(e->f, "bound"), any_kind(e, EXPLAIN_BOUND));
	check(e, CHECK_DATAGRAM, !tcp, any_kind(e, EXPLAIN_DATAGRAM));
	check(e, CHECK_CLIENT, tcp, any_kind(e, EXPLAIN_CONN));
	check(e, CHECK_TIME_WAIT, tcp, any_kind(e, EXPLAIN_TIME_WAIT));
	check(e, CHECK_DUAL, e->facts->v6, dual);
	check(e, CHECK_SYSTEMD, owners || systemd, systemd);
	check(e, CHECK_REUSEPORT, tcp, group);
	check(e, CHECK_DEVICE, true, device);
}

void explain_judge(struct explain *e, const struct frame *f, uint16_t netns, enum proto proto, uint32_t port,
		   const struct explain_facts *facts)
{
	vec_clear(&e->tries);
	vec_clear(&e->holders);
	vec_clear(&e->units);
	e->f = f;
	e->facts = facts;
	e->netns = netns;
	e->proto = proto;
	e->port = port;
	e->checked = e->applies = 0;
	e->not_tried = NULL;
	e->broke = false;
	e->next_free = 0;
	e->verdict = EXPLAIN_UNKNOWN;
	e->odd = NONE;
	find_holders(e);
	find_tries(e);
	for (size_t i = 0; i < e->tries.n; i++)
		expect(e, &e->tries.v[i]);
	find_checks(e);
}

/* What the tries gave */

/* The address is not there (any more), or is another VRF's: nobody could bind it. */
static bool nowhere(const struct explain_try *t)
{
	return t->tried && t->err == EADDRNOTAVAIL && !ip_is_any(t->ip.b, t->ip.v6);
}

static bool contradicts(const struct explain_try *t)
{
	if (!t->tried || nowhere(t))
		return false;
	switch ((enum explain_expect)t->expect) {
	case EXPECT_OK:
		return t->err != 0;
	case EXPECT_INUSE:
		return t->err != EADDRINUSE;
	case EXPECT_DENIED:
		return t->err != EACCES;
	case EXPECT_EITHER:
		return t->err != 0 && t->err != EADDRINUSE;
	}
	return true;
}

/* A success where it would be in the way shows that it set SO_REUSEADDR (or is in another VRF), and then it is in
 * nobody's way; a failure where nothing else is shows that it did not. */
static uint8_t effect_of(const struct explain *e, const struct explain_holder *h)
{
	bool meets = false, unexplained = false, untried = false;

	for (size_t i = 0; i < e->tries.n; i++) {
		const struct explain_try *t = &e->tries.v[i];

		if (nowhere(t) || !explain_conflicts(e, h, t))
			continue;
		meets = true;
		if (definite(e, h))
			return EFFECT_BLOCKS;
		if (t->tried && !t->err)
			return EFFECT_NO_MATTER;
		untried |= !t->tried || t->expect == EXPECT_DENIED;
		unexplained |= t->expect == EXPECT_EITHER;
	}
	if (!meets)
		return EFFECT_NO_MATTER;
	if (!unexplained)
		return untried && denied(e) ? EFFECT_UNKNOWN : EFFECT_COVERED;
	return untried ? EFFECT_UNKNOWN : EFFECT_BLOCKS;
}

/* In the order in which they are told. */
static int by_effect(const void *a, const void *b)
{
	static const uint8_t rank[EFFECT_N] = {
		[EFFECT_BLOCKS] = 0, [EFFECT_UNKNOWN] = 1, [EFFECT_NO_MATTER] = 2, [EFFECT_COVERED] = 3};
	const struct explain_holder *x = a, *y = b;

	if (x->effect != y->effect)
		return rank[x->effect] - rank[y->effect];
	if (x->kind != y->kind)
		return x->kind - y->kind;
	return x->row < y->row ? -1 : x->row > y->row;
}

void explain_settle(struct explain *e)
{
	bool taken = false, unknown = false;

	e->odd = NONE;
	for (size_t i = 0; i < e->tries.n; i++) {
		const struct explain_try *t = &e->tries.v[i];

		if (contradicts(t) && e->odd == NONE)
			e->odd = (uint32_t)i;
		taken |= t->tried ? t->err == EADDRINUSE : t->expect == EXPECT_INUSE;
		unknown |= !t->tried && t->expect == EXPECT_EITHER;
	}
	for (size_t i = 0; i < e->holders.n; i++)
		e->holders.v[i].effect = effect_of(e, &e->holders.v[i]);
	if (e->holders.n)
		qsort(e->holders.v, e->holders.n, sizeof(*e->holders.v), by_effect);
	if (e->odd != NONE || e->broke || !e->tries.n)
		e->verdict = EXPLAIN_UNKNOWN;
	else if (denied(e))
		e->verdict = EXPLAIN_DENIED;
	else if (taken)
		e->verdict = EXPLAIN_TAKEN;
	else
		e->verdict = unknown ? EXPLAIN_UNKNOWN : EXPLAIN_FREE;
}

uint32_t explain_next(const struct frame *f, uint16_t netns, enum proto proto,
		      const struct explain_facts *facts, uint32_t from)
{
	const struct snap_netns *ns = &f->netns.v[netns];
	bool in_range = from >= ns->eph_low && from <= ns->eph_high;
	uint8_t *used = mem_zalloc(65536 / 8, 1);
	uint32_t found = 0;

	for (uint32_t i = 0; i < f->open_rows; i++) {
		const struct sock *s = frame_sock(f, i);

		if (s->proto == proto && s->netns == netns && s->lport <= UINT16_MAX)
			used[s->lport / 8] |= (uint8_t)(1 << s->lport % 8);
	}
	for (uint32_t p = from ? from : 1; p <= UINT16_MAX && !found; p++) {
		if (p >= ns->eph_low && p <= ns->eph_high && !in_range)
			continue;
		if ((int32_t)p < facts->unprivileged_start && !facts->cap_bind)
			continue;
		if (!reserved(facts, p) && !(used[p / 8] >> p % 8 & 1))
			found = p;
	}
	free(used);
	return found;
}
