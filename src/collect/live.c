/* The live kernel as a source of snapshots: joins sock_diag of all network namespaces, /proc and the clocks into
 * one look. */
#include "cgroup.h"
#include "containers.h"
#include "diag_again.h"
#include "iface.h"
#include "memory.h"
#include "netns.h"
#include "netns_look.h"
#include "netns_strays.h"
#include "owners.h"
#include "sockeye/collect/source.h"
#include <errno.h>
#include <stdlib.h>
#include <time.h>

struct live {
	struct source base;
	struct intern *names; /* borrowed for the source's life */
	struct netns_set netns;
	struct netns_strays strays;
	struct owners *owners; /* owned */
	struct containers *containers; /* owned */
	struct cgroups cgroups;
	uint64_t owner_budget_ns, ns_budget_ns;
	char *root; /* owned: /proc */
	size_t socks_n; /* in the last look */
};

static uint64_t clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Nothing of what was wanted could be entered, and not because it has ended. */
static int none_entered(const struct netns_set *s)
{
	return s->denied ? -EPERM : s->failed ? s->error : 0;
}

/* The own namespace's counters; the others' sockets are known when they have been asked. */
static size_t sockets_about(const struct live *l)
{
	const struct netns *own = l->netns.v.v[0];
	struct sockstat stat;

	sockstat_read(own->stat_fd, own->stat6_fd, &stat);
	return (size_t)stat.tcp + stat.tcp_tw + stat.udp;
}

/* ret_strays: namespaces that this look has found and will be in the next one. */
static int look_at(struct live *l, const struct want *want, struct snapshot *ret, size_t *ret_strays)
{
	struct netns_look look = {
		.want = want,
		.set = &l->netns,
		.names = l->names,
		.cgroups = &l->cgroups,
		.out = ret,
		.budget_ns = l->ns_budget_ns,
	};
	uint64_t began;

	snapshot_clear(ret);
	ret->boot_ns = began = clock_ns(CLOCK_BOOTTIME);
	ret->wall_ns = clock_ns(CLOCK_REALTIME);
	ret->want = *want;
	ret->memory = (struct snap_memory){0};
	if (want->attrs & WANT_MEMORY)
		memory_read(l->root, &ret->memory);
	if (!l->socks_n && want->states & STATE_BIT(STATE_ESTABLISHED))
		l->socks_n = sockets_about(l);
	snapshot_expect_socks(ret, l->socks_n + l->socks_n / 16,
			      want->attrs & (WANT_INFO | WANT_MEM | WANT_CONG));
	if (want->attrs & WANT_OWNERS)
		owners_ahead(l->owners, began, l->owner_budget_ns);
	cgroups_tick(&l->cgroups);
	netns_set_update(&l->netns, want, began);
	netns_set_put(&l->netns, ret);
	if (!ret->netns.n && none_entered(&l->netns))
		return none_entered(&l->netns);
	netns_look(&look);
	if (!look.answered && look.first)
		return look.first;
	ifaces_put(&l->netns, l->names, ret);
	netns_set_put_limits(&l->netns, want, ret);
	if (want->attrs & WANT_OWNERS)
		owners_look(l->owners, ret, began, l->owner_budget_ns);
	if (want->attrs & WANT_OWNERS && want->netns == WANT_NETNS_ALL)
		*ret_strays = netns_strays_look(&l->strays, &l->netns, l->owners, !l->owner_budget_ns, began);
	containers_look(l->containers, ret, began);
	netns_set_note_holders(&l->netns, ret);
	l->socks_n = ret->socks.n;
	ret->took_ns = clock_ns(CLOCK_BOOTTIME) - began;
	return 0;
}

static int live_look(struct source *src, const struct want *want, struct snapshot *ret)
{
	struct live *l = (struct live *)src;
	size_t strays = 0;
	int r = look_at(l, want, ret, &strays);

	/* For who looks only once there is no next time. */
	return !r && strays && !l->owner_budget_ns ? look_at(l, want, ret, &strays) : r;
}

static void live_free(struct source *src)
{
	struct live *l = (struct live *)src;

	netns_strays_done(&l->strays);
	netns_set_done(&l->netns);
	owners_close(l->owners);
	containers_free(l->containers);
	cgroups_done(&l->cgroups);
	free(l->root);
	free(l);
}

static const struct source_ops live_ops = {.look = live_look, .free = live_free};

int live_open(struct intern *names, const char *proc_root, struct source **ret)
{
	struct netns_set netns;
	struct owners *owners;
	struct live *l;
	int r;

	r = owners_open(names, proc_root, &owners);
	if (r)
		return r;
	r = netns_set_open(&netns, names, proc_root);
	if (r) {
		owners_close(owners);
		return r;
	}
	l = mem_zalloc(1, sizeof(*l));
	l->base.ops = &live_ops;
	l->names = names;
	l->root = mem_strdup(proc_root);
	l->netns = netns;
	l->owners = owners;
	l->containers = containers_new(names, "");
	cgroups_init(&l->cgroups, names, proc_root);
	*ret = &l->base;
	return 0;
}

static struct live *as_live(struct source *s)
{
	return s->ops == &live_ops ? (struct live *)s : NULL;
}

size_t live_sockets_about(const struct source *s)
{
	return s->ops == &live_ops ? sockets_about((const struct live *)s) : 0;
}

void live_set_owner_budget(struct source *s, uint64_t ns)
{
	struct live *l = as_live(s);

	if (l)
		l->owner_budget_ns = ns;
}

void live_set_ns_budget(struct source *s, uint64_t ns)
{
	struct live *l = as_live(s);

	if (l)
		l->ns_budget_ns = ns;
}

void live_set_owner_source(struct source *s, struct owner_source *owners)
{
	struct live *l = as_live(s);

	if (l)
		owners_set_source(l->owners, owners);
	else
		owner_source_free(owners);
}

void live_let_go(struct source *s)
{
	struct live *l = as_live(s);

	if (l)
		netns_set_let_go(&l->netns, clock_ns(CLOCK_BOOTTIME));
}

bool live_mark_names(struct source *s)
{
	struct live *l = as_live(s);

	if (!l)
		return false;
	owners_mark_names(l->owners);
	netns_set_mark_names(&l->netns);
	cgroups_mark_names(&l->cgroups);
	containers_mark_names(l->containers);
	return true;
}

void live_leave(struct source *s)
{
	struct live *l = as_live(s);

	if (!l)
		return;
	netns_set_leave(&l->netns);
	map_clear(&l->strays.asked); /* else those that only a socket leads to were not found again */
}

void live_verify(struct source *s, const struct source_fd *v, size_t n)
{
	struct live *l = as_live(s);

	if (l)
		owners_verify(l->owners, v, n);
}

static struct diag *diag_of(struct source *s, uint64_t netns_inode)
{
	struct live *l = as_live(s);

	for (size_t i = 0; l && i < l->netns.v.n; i++)
		if (l->netns.v.v[i]->inode == netns_inode)
			return l->netns.v.v[i]->diag;
	return NULL;
}

bool live_show(struct source *s, uint64_t netns_inode, const struct sock *k, struct shown *ret)
{
	struct diag *d = diag_of(s, netns_inode);

	if (!d || !diag_shown(d, k, ret))
		return false;
	ret->netns_inode = netns_inode;
	return true;
}

bool live_still(struct source *s, uint64_t netns_inode, const struct sock *v, size_t n)
{
	struct diag *d = diag_of(s, netns_inode);

	return d && n <= LIVE_STILL_MAX && diag_any(d, v, n);
}
