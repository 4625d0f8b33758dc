/* The table of protocols as sock_diag knows them: requests differ by family, and so does what a kernel may lack. */
#include "diag_protos.h"
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netlink_diag.h>
#include <linux/packet_diag.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <linux/vm_sockets_diag.h>
#include <netinet/in.h>
#include <string.h>

#define REQ_PROTOCOL 3 /* INET_DIAG_REQ_PROTOCOL: for numbers beyond a byte, Linux 5.9 */
#define MPTCP_NUMBER 262 /* IPPROTO_MPTCP */
#define SHOW_UID 0x40 /* UDIAG_SHOW_UID, Linux 5.3; older kernels ignore it */

/* The old request is TCP's. With a protocol beside it, it is that one's (inet_diag.c, inet_diag_dump_compat and
 * inet_diag_get_protocol), in one walk of its table instead of two. */
static void put_inet(struct nlmsghdr *h, const struct diag_ask *a)
{
	if (a->family == AF_UNSPEC) {
		struct inet_diag_req *q = mnl_nlmsg_put_extra_header(h, sizeof(*q));

		h->nlmsg_type = TCPDIAG_GETSOCK;
		q->idiag_family = AF_UNSPEC;
		q->idiag_ext = a->ext;
		q->idiag_states = a->kernel_states;
		if (a->protocol != IPPROTO_TCP)
			mnl_attr_put_u32(h, REQ_PROTOCOL, a->protocol);
	} else {
		struct inet_diag_req_v2 *q = mnl_nlmsg_put_extra_header(h, sizeof(*q));

		q->sdiag_family = a->family;
		q->sdiag_protocol = (uint8_t)a->protocol;
		q->idiag_ext = a->ext;
		q->idiag_states = a->kernel_states;
	}
}

static void put_mptcp(struct nlmsghdr *h, const struct diag_ask *a)
{
	put_inet(h, a);
	mnl_attr_put_u32(h, REQ_PROTOCOL, MPTCP_NUMBER);
}

static void put_unix(struct nlmsghdr *h, const struct diag_ask *a)
{
	struct unix_diag_req *q = mnl_nlmsg_put_extra_header(h, sizeof(*q));

	q->sdiag_family = AF_UNIX;
	q->udiag_states = a->kernel_states;
	q->udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER | UDIAG_SHOW_ICONS | UDIAG_SHOW_RQLEN | SHOW_UID;
	if (a->ext & EXT_MEM)
		q->udiag_show |= UDIAG_SHOW_MEMINFO;
}

/* Memory always: it is the only place where these two families tell their queues. */
static void put_packet(struct nlmsghdr *h, const struct diag_ask *a)
{
	struct packet_diag_req *q = mnl_nlmsg_put_extra_header(h, sizeof(*q));

	q->sdiag_family = AF_PACKET;
	q->pdiag_show = PACKET_SHOW_INFO | PACKET_SHOW_MEMINFO;
}

static void put_netlink(struct nlmsghdr *h, const struct diag_ask *a)
{
	struct netlink_diag_req *q = mnl_nlmsg_put_extra_header(h, sizeof(*q));

	q->sdiag_family = AF_NETLINK;
	q->sdiag_protocol = NDIAG_PROTO_ALL;
	q->ndiag_show = NDIAG_SHOW_MEMINFO | NDIAG_SHOW_GROUPS;
}

static void put_vsock(struct nlmsghdr *h, const struct diag_ask *a)
{
	struct vsock_diag_req *q = mnl_nlmsg_put_extra_header(h, sizeof(*q));

	q->sdiag_family = AF_VSOCK;
	q->vdiag_states = a->kernel_states;
}

#define STATES_CONNECTED                                                                                     \
	(STATES_ALL & ~(STATE_BIT(STATE_CLOSED) | STATE_BIT(STATE_NEW_SYN_RECV_) | STATE_BIT(STATE_UNCONN)))
#define STATES_DATAGRAM (STATE_BIT(STATE_ESTABLISHED) | STATE_BIT(STATE_UNCONN))

const struct diag_proto diag_protos[] = {
	{PROTO_TCP,
	 true,
	 {AF_INET, AF_INET6},
	 EXT_INFO | EXT_CONG | EXT_MEM,
	 true,
	 STATES_CONNECTED,
	 put_inet,
	 diag_parse_inet},
	{PROTO_UDP, true, {AF_INET, AF_INET6}, EXT_MEM, true, STATES_DATAGRAM, put_inet, diag_parse_inet},
	{PROTO_UDPLITE,
	 false,
	 {AF_INET, AF_INET6},
	 EXT_MEM,
	 true,
	 STATES_DATAGRAM,
	 put_inet,
	 diag_parse_inet},
	{PROTO_SCTP, false, {AF_INET, AF_INET6}, EXT_MEM, false, STATES_CONNECTED, put_inet, diag_parse_inet},
	/* One that is bound and does not listen is in TCP's tables alone. */
	{PROTO_MPTCP,
	 false,
	 {AF_INET, AF_INET6},
	 EXT_INFO | EXT_MEM,
	 false,
	 STATES_CONNECTED & ~STATE_BIT(STATE_BOUND),
	 put_mptcp,
	 diag_parse_inet},
	/* A dump gives every IP protocol's, whatever the request names (raw_diag_dump). */
	{PROTO_RAW, false, {AF_INET, AF_INET6}, EXT_MEM, true, STATES_DATAGRAM, put_inet, diag_parse_inet},
	{PROTO_ICMP, false, {0}, 0, true, STATES_DATAGRAM, NULL, NULL},
	{PROTO_UNIX,
	 false,
	 {AF_UNIX},
	 EXT_MEM,
	 false,
	 STATES_DATAGRAM | STATE_BIT(STATE_LISTENING),
	 put_unix,
	 diag_parse_unix},
	{PROTO_PACKET,
	 false,
	 {AF_PACKET},
	 EXT_MEM,
	 false,
	 STATE_BIT(STATE_UNCONN),
	 put_packet,
	 diag_parse_packet},
	{PROTO_NETLINK,
	 false,
	 {AF_NETLINK},
	 EXT_MEM,
	 false,
	 STATES_DATAGRAM,
	 put_netlink,
	 diag_parse_netlink},
	{PROTO_VSOCK,
	 false,
	 {AF_VSOCK},
	 0,
	 false,
	 STATES_CONNECTED | STATE_BIT(STATE_CLOSED),
	 put_vsock,
	 diag_parse_vsock},
};
const size_t diag_protos_n = ARRAY_LEN(diag_protos);

/* The kernel's request sockets answer to a number of their own. A vsock that is bound is in the kernel's CLOSE. */
uint32_t diag_kernel_states(const struct diag_proto *p, uint32_t states)
{
	uint32_t bits = states & ((1u << DIAG_KERNEL_NEW_SYN_RECV) - 1) & ~STATE_BIT(STATE_CLOSED);

	if (states & STATE_BIT(STATE_SYN_RECV))
		bits |= 1u << DIAG_KERNEL_NEW_SYN_RECV;
	if (!proto_table[p->proto].connected && states & STATE_BIT(STATE_UNCONN))
		bits |= 1u << DIAG_KERNEL_CLOSE;
	if (p->proto == PROTO_VSOCK && states & (STATE_BIT(STATE_BOUND) | STATE_BIT(STATE_CLOSED)))
		bits |= 1u << DIAG_KERNEL_CLOSE;
	/* What an association's states are called here is not what the kernel calls them. */
	if (p->proto == PROTO_SCTP && states & ~(STATE_BIT(STATE_LISTENING) | STATE_BIT(STATE_BOUND)))
		bits |= STATE_BIT(STATE_ESTABLISHED);
	if (p->proto == PROTO_SCTP && states & STATE_BIT(STATE_BOUND))
		bits |= STATE_BIT(STATE_LISTENING);
	return bits;
}

bool diag_refused(int err)
{
	return err == -EINVAL || err == -EOPNOTSUPP || err == -ENOENT || err == -EPROTONOSUPPORT ||
	       err == -EAFNOSUPPORT || err == -EPROTO;
}

bool diag_worth_another_try(int err)
{
	return err == -EAGAIN || err == -EBUSY || err == -ENOSPC || err == -ENOBUFS || err == -EBADMSG ||
	       err == -EPIPE;
}

static bool said(const struct snapshot *out, const char *what, const char *reason)
{
	for (size_t i = 0; i < out->limits.n; i++)
		if (!strcmp(out->limits.v[i].what, what) && !strcmp(out->limits.v[i].reason, reason))
			return true;
	return false;
}

void diag_say_failure(struct snapshot *out, const char *what, int err)
{
	static const struct {
		const char *reason, *text;
	} words[] = {
		{"not-supported", "The kernel has no sock_diag handler for %s: such sockets are not shown."},
		{"interrupted", "The list of %s sockets changed while it was read: some may be missing."},
		{"not-permitted", "The kernel does not let us list %s sockets."},
		{"truncated", "The list of %s sockets was cut short on its way: some are missing."},
		{"failed", "The kernel would not list %s sockets: %s."},
	};
	int i = err == -ENOENT || err == -EPROTONOSUPPORT || err == -EAFNOSUPPORT || err == -EOPNOTSUPP ? 0
		: err == -EAGAIN                                                                        ? 1
		: err == -EPERM || err == -EACCES                                                       ? 2
		: diag_worth_another_try(err)                                                           ? 3
													: 4;

	if (!said(out, what, words[i].reason))
		snapshot_limit(out, what, words[i].reason, words[i].text, what, strerror(-err));
}

void diag_say_proc(struct snapshot *out, enum proto proto, bool no_sock_diag)
{
	const char *what = no_sock_diag ? "sock_diag" : proto_table[proto].name;

	if (said(out, what, "from-proc"))
		return;
	if (no_sock_diag)
		snapshot_limit(
			out, what, "from-proc",
			"There is no sock_diag here: TCP and UDP come from /proc/net, without counters, "
			"round trip times, queue limits and other protocols.");
	else
		snapshot_limit(out, what, "from-proc",
			       "The kernel has no sock_diag handler for %s: from /proc/net, without cookie, "
			       "control group and buffers.",
			       what);
}
