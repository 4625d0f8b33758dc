/* The live kernel as a source of snapshots: joins sock_diag, /proc and the clocks into one look. */
#include "cgroup.h"
#include "diag.h"
#include "owners.h"
#include "proctext.h"
#include "sockeye/collect/source.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct live_netns { /* further namespaces are further entries, each with a socket of its own */
	struct diag *diag; /* owned */
	struct snap_netns facts; /* all but the port range, which can change any time */
};
struct live {
	struct source base;
	struct intern *names; /* borrowed for the source's life */
	char *proc_root; /* owned */
	VEC(struct live_netns) netns;
	struct owners *owners; /* owned */
	struct cgroups cgroups;
	uint64_t owner_budget_ns;
};

static uint64_t clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* The link says "net:[4026531840]"; its own thread's, because namespaces belong to threads. */
static uint64_t own_netns(const char *proc_root)
{
	struct str path = {0};
	char link[64];
	unsigned long long inode = 0;
	ssize_t n;

	str_puts(&path, proc_root);
	str_puts(&path, "/thread-self/ns/net");
	n = readlink(str_text(&path), link, sizeof(link) - 1);
	str_done(&path);
	if (n > 0) {
		link[n] = '\0';
		if (sscanf(link, "net:[%llu]", &inode) != 1)
			inode = 0;
	}
	return inode;
}

/* Read in every look: it is a setting that may be changed, and it decides what a client port is. */
static void read_port_range(const char *proc_root, struct snap_netns *ns)
{
	struct str path = {0};
	char buf[64];
	unsigned low, high;
	int n;

	ns->eph_low = 32768;
	ns->eph_high = 60999; /* the kernel's own defaults */
	str_puts(&path, proc_root);
	str_puts(&path, "/sys/net/ipv4/ip_local_port_range");
	n = proc_file_read(AT_FDCWD, str_text(&path), buf, sizeof(buf) - 1);
	str_done(&path);
	if (n <= 0)
		return;
	buf[n] = '\0';
	if (sscanf(buf, "%u %u", &low, &high) == 2 && low <= high && high <= UINT16_MAX) {
		ns->eph_low = (uint16_t)low;
		ns->eph_high = (uint16_t)high;
	}
}

static int live_look(struct source *src, const struct want *want, struct snapshot *ret)
{
	struct live *l = (struct live *)src;
	uint64_t began;
	int first = 0;
	bool answered = false;

	snapshot_clear(ret);
	ret->boot_ns = began = clock_ns(CLOCK_BOOTTIME);
	ret->wall_ns = clock_ns(CLOCK_REALTIME);
	ret->want = *want;
	cgroups_tick(&l->cgroups);
	for (size_t i = 0; i < l->netns.n; i++) {
		struct snap_netns *ns = vec_add(&ret->netns);
		int r;

		*ns = l->netns.v[i].facts;
		read_port_range(l->proc_root, ns);
		r = diag_look(l->netns.v[i].diag, want, (uint16_t)i, l->names, &l->cgroups, ret);
		if (!r)
			answered = true;
		else if (!first)
			first = r;
	}
	if (!answered)
		return first;
	if (want->attrs & WANT_OWNERS)
		owners_look(l->owners, ret, began, l->owner_budget_ns);
	ret->took_ns = clock_ns(CLOCK_BOOTTIME) - began;
	return 0;
}

static void live_free(struct source *src)
{
	struct live *l = (struct live *)src;

	for (size_t i = 0; i < l->netns.n; i++)
		diag_close(l->netns.v[i].diag);
	vec_done(&l->netns);
	owners_close(l->owners);
	cgroups_done(&l->cgroups);
	free(l->proc_root);
	free(l);
}

static const struct source_ops live_ops = {.look = live_look, .free = live_free};

int live_open(struct intern *names, const char *proc_root, struct source **ret)
{
	struct live_netns host = {0};
	struct owners *owners;
	struct live *l;
	int r;

	r = owners_open(names, proc_root, &owners);
	if (r)
		return r;
	r = diag_open(&host.diag);
	if (r) {
		owners_close(owners);
		return r;
	}
	host.facts.inode = own_netns(proc_root);
	host.facts.name = intern_adds(names, "host");
	host.facts.own = true;

	l = mem_zalloc(1, sizeof(*l));
	l->base.ops = &live_ops;
	l->names = names;
	l->proc_root = mem_strdup(proc_root);
	l->owners = owners;
	vec_push(&l->netns, host);
	cgroups_init(&l->cgroups, names, proc_root);
	*ret = &l->base;
	return 0;
}

void live_set_owner_budget(struct source *s, uint64_t ns)
{
	if (s->ops == &live_ops)
		((struct live *)s)->owner_budget_ns = ns;
}
