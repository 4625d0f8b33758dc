/* Asks the kernel for its network devices by rtnetlink: only there it stands which of them are VRFs and which belong to
 * one (IFLA_INFO_KIND, IFLA_MASTER), and a VRF's TCP ports are a set of their own. */
#include "explain_links.h"
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_MS 2000 /* the kernel answers in the call itself; a lost answer must not hang us */
#define SEQ 1

static bool is_vrf(const struct rtattr *info)
{
	size_t left = RTA_PAYLOAD(info);

	for (const struct rtattr *a = RTA_DATA(info); RTA_OK(a, left); a = RTA_NEXT(a, left))
		if (a->rta_type == IFLA_INFO_KIND)
			return RTA_PAYLOAD(a) >= 3 && !memcmp(RTA_DATA(a), "vrf", 3) &&
			       (RTA_PAYLOAD(a) == 3 || !((const char *)RTA_DATA(a))[3]);
	return false;
}

static void take_link(const struct nlmsghdr *h, struct explain_links *out)
{
	const struct ifinfomsg *m = NLMSG_DATA(h);
	size_t left = h->nlmsg_len - NLMSG_LENGTH(sizeof(*m));
	struct explain_link l = {.ifindex = (uint32_t)m->ifi_index};

	for (const struct rtattr *a = IFLA_RTA(m); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		size_t n = RTA_PAYLOAD(a);

		switch (a->rta_type & NLA_TYPE_MASK) {
		case IFLA_IFNAME:
			memcpy(l.name, RTA_DATA(a), n < sizeof(l.name) - 1 ? n : sizeof(l.name) - 1);
			break;
		case IFLA_MASTER:
			if (n >= sizeof(l.master))
				memcpy(&l.master, RTA_DATA(a), sizeof(l.master));
			break;
		case IFLA_LINKINFO:
			l.vrf = is_vrf(a);
			break;
		default:
			break;
		}
	}
	vec_push(&out->list, l);
}

int explain_links_parse(const void *buf, size_t n, uint32_t seq, struct explain_links *out)
{
	for (const struct nlmsghdr *h = buf; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
		if (h->nlmsg_seq != seq)
			continue;
		if (h->nlmsg_type == NLMSG_DONE)
			return 0;
		if (h->nlmsg_type == NLMSG_ERROR)
			return h->nlmsg_len < NLMSG_LENGTH(sizeof(struct nlmsgerr))
				       ? -EBADMSG
				       : ((const struct nlmsgerr *)NLMSG_DATA(h))->error;
		if (h->nlmsg_type == RTM_NEWLINK && h->nlmsg_len >= NLMSG_LENGTH(sizeof(struct ifinfomsg)))
			take_link(h, out);
	}
	return 1;
}

/* As l3mdev_master_ifindex_rcu(): a VRF is its own, its slaves are in it, and a step further counts no more. */
void explain_links_settle(const struct explain_links *links, struct explain_facts *facts)
{
	vec_clear(&facts->devs);
	for (size_t i = 0; i < links->list.n; i++) {
		const struct explain_link *l = &links->list.v[i];
		struct explain_dev *d = vec_add(&facts->devs);

		*d = (struct explain_dev){.ifindex = l->ifindex, .vrf = l->vrf ? l->ifindex : 0};
		memcpy(d->name, l->name, sizeof(d->name));
		for (size_t k = 0; k < links->list.n && l->master; k++)
			if (links->list.v[k].ifindex == l->master && links->list.v[k].vrf)
				d->vrf = l->master;
	}
}

static int dump(int fd, struct explain_links *out)
{
	struct {
		struct nlmsghdr h;
		struct ifinfomsg m;
	} q = {.h = {.nlmsg_len = NLMSG_LENGTH(sizeof(q.m)),
		     .nlmsg_type = RTM_GETLINK,
		     .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		     .nlmsg_seq = SEQ}};
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	union {
		struct nlmsghdr h;
		char bytes[32768]; /* the kernel fills no more at once */
	} * buf;
	int r = 1;

	if (sendto(fd, &q, q.h.nlmsg_len, 0, (struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		return -errno;
	buf = mem_alloc(1, sizeof(*buf));
	while (r == 1) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int ready = poll(&p, 1, ANSWER_MS);
		ssize_t n = ready > 0 ? recv(fd, buf, sizeof(*buf), 0) : ready;

		if (n < 0 && errno == EINTR)
			continue;
		r = n < 0 ? -errno : !n ? -ETIMEDOUT : explain_links_parse(buf, (size_t)n, SEQ, out);
	}
	free(buf);
	return r;
}

void explain_read_links(struct explain_facts *facts)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	struct explain_links links = {0};

	facts->devs_known = fd >= 0 && dump(fd, &links) == 0;
	explain_links_settle(&links, facts);
	vec_done(&links.list);
	if (fd >= 0)
		close(fd);
}
