/* Life and death of a snapshot, so that every source fills and empties it alike. */
#include "sockeye/model/snapshot.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

void snapshot_init(struct snapshot *s)
{
	memset(s, 0, sizeof(*s));
}

void snapshot_done(struct snapshot *s)
{
	if (!s)
		return;
	vec_done(&s->socks);
	vec_done(&s->infos);
	vec_done(&s->procs);
	vec_done(&s->fds);
	vec_done(&s->waiting);
	vec_done(&s->netns);
	vec_done(&s->limits);
	vec_done(&s->hidden);
	vec_done(&s->containers);
	vec_done(&s->ifaces);
}

void snapshot_clear(struct snapshot *s)
{
	vec_clear(&s->socks);
	vec_clear(&s->infos);
	vec_clear(&s->procs);
	vec_clear(&s->fds);
	vec_clear(&s->waiting);
	vec_clear(&s->netns);
	vec_clear(&s->limits);
	vec_clear(&s->hidden);
	vec_clear(&s->containers);
	vec_clear(&s->ifaces);
	s->want = (struct want){0};
	s->boot_ns = s->wall_ns = s->took_ns = s->fds_stand = 0;
	s->owners_complete = false;
	s->hidden_procs = 0;
	s->part_of_pids = false;
}

#define MANY_SOCKS 8192u
#define HUGE_PAGE (2u << 20)

void snapshot_drop_socks(struct snapshot *s)
{
	vec_clear(&s->socks);
	vec_clear(&s->infos);
	if (s->socks.cap < MANY_SOCKS)
		return;
	vec_done(&s->socks);
	vec_done(&s->infos);
}

void snapshot_drop_fds(struct snapshot *s)
{
	vec_clear(&s->fds);
	if (s->fds.cap >= MANY_SOCKS)
		vec_done(&s->fds);
}

/* Only a hint, and no harm where the kernel has no large pages. */
static void in_huge_pages(void *p, size_t n)
{
	uintptr_t from = ((uintptr_t)p + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE, to = (uintptr_t)p + n;

	if (to > from + HUGE_PAGE)
		(void)madvise((void *)from, to - from, MADV_HUGEPAGE);
}

void snapshot_expect_socks(struct snapshot *s, size_t n, bool infos)
{
	if (n < MANY_SOCKS)
		return;
	vec_reserve(&s->socks, n);
	in_huge_pages(s->socks.v, s->socks.cap * sizeof(s->socks.v[0]));
	if (!infos)
		return;
	vec_reserve(&s->infos, n);
	in_huge_pages(s->infos.v, s->infos.cap * sizeof(s->infos.v[0]));
}

static bool is_end(const struct want_end *e, const struct sock *s, bool remote)
{
	uint32_t port = remote ? s->rport : s->lport;
	struct ip ip;

	if (!(e->ends & (remote ? 2 : 1)) || port < e->port_lo || port > e->port_hi)
		return false;
	if (e->any_addr || (e->net.ip.v6 && !e->net.bits && s->family == FAMILY_IPV6))
		return true;
	ip_unmap(remote ? s->raddr : s->laddr, s->family == FAMILY_IPV6, &ip);
	return ip_in_net(&ip, &e->net);
}

bool want_has_end(const struct want *w, const struct sock *s)
{
	if (!w->ends_n || (s->proto != PROTO_TCP && !(s->proto == PROTO_UDP && w->ends_all)) ||
	    (STATES_PORT & STATE_BIT(s->state) && !w->ends_all))
		return true;
	for (uint8_t i = 0; i < w->ends_n; i++)
		if (is_end(&w->ends[i], s, false) || is_end(&w->ends[i], s, true))
			return true;
	return false;
}

struct limit *snapshot_limit(struct snapshot *s, const char *what, const char *reason, const char *fmt, ...)
{
	struct limit *l = vec_add(&s->limits);
	va_list ap;

	memset(l, 0, sizeof(*l));
	snprintf(l->what, sizeof(l->what), "%s", what);
	snprintf(l->reason, sizeof(l->reason), "%s", reason);
	va_start(ap, fmt);
	vsnprintf(l->text, sizeof(l->text), fmt, ap);
	va_end(ap);
	return l;
}
