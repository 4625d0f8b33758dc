/* Rows of netlink sockets (include/uapi/linux/netlink_diag.h). The kernel lists a socket with multicast groups
 * twice (net/netlink/diag.c walks two tables): the cookie tells. */
#include "diag_attr.h"
#include "diag_parse.h"
#include <errno.h>
#include <linux/netlink_diag.h>
#include <linux/sock_diag.h>
#include <stdio.h>
#include <sys/socket.h>

/* NETLINK_* of include/uapi/linux/netlink.h, in lower case. */
static const char *const names[] = {
	"route",          "unused",   "usersock", "firewall",       "sock_diag",  "nflog",
	"xfrm",           "selinux",  "iscsi",    "audit",          "fib_lookup", "connector",
	"netfilter",      "ip6_fw",   "dnrtmsg",  "kobject_uevent", "generic",    "17",
	"scsi_transport", "ecryptfs", "rdma",     "crypto",         "smc",
};

int diag_parse_netlink(const void *payload, size_t n, enum proto proto, bool bound, struct sock *ret_sock,
		       struct sock_info *ret_info, struct diag_extra *ret_extra)
{
	struct attrs attrs;
	struct netlink_diag_msg m;
	struct sock s = {.family = FAMILY_NETLINK, .proto = (uint8_t)proto};
	const struct attr *a;

	if (n < sizeof(m))
		return -EBADMSG;
	memcpy(&m, payload, sizeof(m));
	if (m.ndiag_family != AF_NETLINK)
		return -EAFNOSUPPORT;
	if (attrs_split((const uint8_t *)payload + sizeof(m), n - sizeof(m), &attrs))
		return -EBADMSG;
	/* NETLINK_CONNECTED is 1, and everything else is not connected (net/netlink/af_netlink.c) */
	s.state = m.ndiag_state == 1 ? STATE_ESTABLISHED : STATE_UNCONN;
	s.type = m.ndiag_type;
	s.inode = m.ndiag_ino;
	s.cookie = (uint64_t)m.ndiag_cookie[1] << 32 | m.ndiag_cookie[0];
	s.lport = m.ndiag_portid;
	s.rport = m.ndiag_dst_portid;

	diag_extra_clear(ret_extra);
	ret_extra->lname = ret_extra->text[0];
	if (m.ndiag_protocol < sizeof(names) / sizeof(names[0]))
		ret_extra->lname = names[m.ndiag_protocol];
	else
		snprintf(ret_extra->text[0], sizeof(ret_extra->text[0]), "%u", m.ndiag_protocol);
	ret_extra->lname_n = strlen(ret_extra->lname);

	if (ret_info)
		*ret_info = (struct sock_info){0};
	a = attr_of(&attrs, NETLINK_DIAG_MEMINFO, (SK_MEMINFO_WMEM_ALLOC + 1) * 4);
	if (a->p) {
		s.recvq = get_u32(a->p + SK_MEMINFO_RMEM_ALLOC * 4);
		s.sendq = get_u32(a->p + SK_MEMINFO_WMEM_ALLOC * 4);
	}
	diag_read_meminfo(attr_of(&attrs, NETLINK_DIAG_MEMINFO, 0), &s, ret_info);
	/* An array of longs: on a big-endian machine with longs of 8 bytes the first groups are the second half. */
	a = attr_of(&attrs, NETLINK_DIAG_GROUPS, sizeof(unsigned long));
	if (a->p) {
		unsigned long word;

		memcpy(&word, a->p, sizeof(word));
		s.groups = (uint32_t)word;
	}
	*ret_sock = s;
	return 0;
}
