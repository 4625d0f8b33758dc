/* What the namespaces say of themselves in a snapshot, at places that do not move, and which ones are missing. */
#include "netns.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PLACE_KEPT_NS UINT64_C(60000000000)

bool netns_range_parse(const char *text, size_t n, uint16_t *ret_low, uint16_t *ret_high)
{
	char buf[64];
	unsigned low, high;

	if (n >= sizeof(buf))
		return false;
	memcpy(buf, text, n);
	buf[n] = '\0';
	if (sscanf(buf, "%u %u", &low, &high) != 2 || low > high || high > UINT16_MAX)
		return false;
	*ret_low = (uint16_t)low;
	*ret_high = (uint16_t)high;
	return true;
}

static void read_range(const struct netns *n, struct netns_settings *ret)
{
	char buf[63];
	ssize_t len = n->range_fd < 0 ? -1 : pread(n->range_fd, buf, sizeof(buf), 0);

	if (len <= 0 || !netns_range_parse(buf, (size_t)len, &ret->eph_low, &ret->eph_high)) {
		ret->eph_low = 32768;
		ret->eph_high = 60999; /* the kernel's own defaults */
	}
}

uint32_t netns_number_parse(const char *text, size_t n)
{
	char buf[16];
	unsigned v;

	if (n >= sizeof(buf))
		return 0;
	memcpy(buf, text, n);
	buf[n] = '\0';
	return buf[0] >= '0' && buf[0] <= '9' && sscanf(buf, "%u", &v) == 1 ? v : 0;
}

static uint32_t read_number(int fd)
{
	char buf[16];
	ssize_t len = fd < 0 ? -1 : pread(fd, buf, sizeof(buf), 0);

	return len > 0 ? netns_number_parse(buf, (size_t)len) : 0;
}

/* They may be changed at any time, and decide what a client port is; who looks every 20 ms need not ask each time. */
#define SETTINGS_NS UINT64_C(250000000)

static const struct netns_settings *settings_of(struct netns *n, uint64_t now_ns)
{
	struct netns_settings *s = &n->settings;

	if (!s->read_ns || now_ns - s->read_ns >= SETTINGS_NS) {
		read_range(n, s);
		s->somaxconn = read_number(n->somaxconn_fd);
		s->retries = read_number(n->retries_fd);
		s->read_ns = now_ns;
	}
	return s;
}

/* Its own place from before, else one that has been empty for long, else a further one. */
static uint16_t find_place(struct netns_set *s, uint64_t inode, uint64_t now_ns)
{
	size_t n = s->places.n, at = n;

	for (size_t i = 0; i < n; i++) {
		const struct netns_place *p = &s->places.v[i];

		if (p->inode == inode)
			return (uint16_t)i;
		if (at == n && p->ended_ns && now_ns - p->ended_ns >= PLACE_KEPT_NS)
			at = i;
	}
	if (at == UINT16_MAX)
		return UINT16_MAX;
	if (at == n)
		vec_add(&s->places);
	s->places.v[at] = (struct netns_place){.inode = inode};
	return (uint16_t)at;
}

static void drop_last_places(struct netns_set *s)
{
	while (s->places.n && s->places.v[s->places.n - 1].ended_ns)
		s->places.n--;
}

static void take_places(struct netns_set *s, uint64_t now_ns)
{
	for (size_t i = 0; i < s->places.n; i++)
		if (!s->places.v[i].ended_ns)
			s->places.v[i].ended_ns = now_ns;
	for (size_t i = 0; i < s->v.n; i++) {
		struct netns *n = s->v.v[i];

		if (!n->wanted)
			n->index = UINT16_MAX;
		else if (n->index == UINT16_MAX)
			n->index = find_place(s, n->inode, now_ns);
		if (n->index == UINT16_MAX)
			continue;
		s->places.v[n->index].ended_ns = 0;
		s->places.v[n->index].name = n->name;
	}
	drop_last_places(s);
}

void netns_set_put(struct netns_set *s, struct snapshot *ret)
{
	take_places(s, ret->boot_ns);
	for (size_t i = 0; i < s->places.n; i++) {
		const struct netns_place *p = &s->places.v[i];

		vec_push(
			&ret->netns,
			((struct snap_netns){.inode = p->inode, .name = p->name, .ended = p->ended_ns != 0}));
	}
	for (size_t i = 0; i < s->v.n; i++) {
		struct netns *n = s->v.v[i];
		const struct netns_settings *set;
		struct snap_netns *facts;

		if (n->index == UINT16_MAX)
			continue;
		set = settings_of(n, ret->boot_ns);
		facts = &ret->netns.v[n->index];
		facts->own = n->own;
		facts->eph_low = set->eph_low;
		facts->eph_high = set->eph_high;
		facts->somaxconn = set->somaxconn;
		facts->retries = set->retries;
	}
}

void netns_set_put_limits(const struct netns_set *s, const struct want *want, struct snapshot *ret)
{
	if (s->denied)
		snapshot_limit(ret, "netns", "not-permitted",
			       "%u other network namespace%s may not be entered: sockets there are not shown "
			       "(root may).",
			       s->denied, s->denied == 1 ? "" : "s");
	else if (want->netns == WANT_NETNS_ALL && s->find.denied)
		snapshot_limit(
			ret, "netns", "not-permitted",
			"%u process%s not let us see their network namespace: sockets elsewhere may be "
			"missing (root sees more).",
			s->find.denied, s->find.denied == 1 ? " does" : "es do");
	if (s->failed)
		snapshot_limit(
			ret, "netns", "failed",
			"%u network namespace%s could not be entered (%s): sockets there are not shown.",
			s->failed, s->failed == 1 ? "" : "s", strerror(-s->error));
	if (want->netns == WANT_NETNS_ONE && !ret->netns.n && !s->denied && !s->failed)
		snapshot_limit(ret, "netns", "gone", "The network namespace net:[%llu] has ended.",
			       (unsigned long long)want->netns_inode);
}
