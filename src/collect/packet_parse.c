/* Rows of packet sockets (include/uapi/linux/packet_diag.h): which frames they take, on which interface. */
#include "diag_attr.h"
#include "diag_parse.h"
#include <errno.h>
#include <linux/packet_diag.h>
#include <linux/sock_diag.h>
#include <stdio.h>
#include <sys/socket.h>

/* The ethertypes that have a name everybody knows (include/uapi/linux/if_ether.h). */
static const struct {
	uint16_t type;
	const char *name;
} ethertypes[] = {
	{0x0003, "all"}, {0x0800, "ip"}, {0x0806, "arp"}, {0x86dd, "ipv6"}, {0x8100, "802.1q"},
};

static void put_name(uint16_t type, struct diag_extra *x)
{
	x->lname = x->text[0];
	for (size_t i = 0; i < sizeof(ethertypes) / sizeof(ethertypes[0]); i++)
		if (ethertypes[i].type == type) {
			x->lname = ethertypes[i].name;
			x->lname_n = strlen(x->lname);
			return;
		}
	/* 0: it takes nothing, only sends */
	x->lname_n = (size_t)snprintf(x->text[0], sizeof(x->text[0]), type ? "0x%04x" : "none", type);
}

int diag_parse_packet(const void *payload, size_t n, enum proto proto, bool bound, struct sock *ret_sock,
		      struct sock_info *ret_info, struct diag_extra *ret_extra)
{
	struct attrs attrs;
	struct packet_diag_msg m;
	struct sock s = {.family = FAMILY_PACKET, .proto = (uint8_t)proto, .state = STATE_UNCONN};
	const struct attr *a;

	if (n < sizeof(m))
		return -EBADMSG;
	memcpy(&m, payload, sizeof(m));
	if (m.pdiag_family != AF_PACKET)
		return -EAFNOSUPPORT;
	if (attrs_split((const uint8_t *)payload + sizeof(m), n - sizeof(m), &attrs))
		return -EBADMSG;
	s.type = m.pdiag_type;
	s.inode = m.pdiag_ino;
	s.cookie = (uint64_t)m.pdiag_cookie[1] << 32 | m.pdiag_cookie[0];
	diag_extra_clear(ret_extra);
	put_name(m.pdiag_num, ret_extra); /* in host order already (packet_diag.c, sk_diag_fill) */
	a = attr_of(&attrs, PACKET_DIAG_INFO, 4);
	if (a->p)
		s.ifindex = get_u32(a->p); /* pdi_index */
	a = attr_of(&attrs, PACKET_DIAG_UID, 4);
	if (a->p) {
		s.flags |= SOCK_HAS_UID;
		s.uid = get_u32(a->p);
	}
	if (ret_info)
		*ret_info = (struct sock_info){0};
	a = attr_of(&attrs, PACKET_DIAG_MEMINFO, (SK_MEMINFO_WMEM_ALLOC + 1) * 4);
	if (a->p) {
		s.recvq = get_u32(a->p + SK_MEMINFO_RMEM_ALLOC * 4);
		s.sendq = get_u32(a->p + SK_MEMINFO_WMEM_ALLOC * 4);
	}
	diag_read_meminfo(attr_of(&attrs, PACKET_DIAG_MEMINFO, 0), &s, ret_info);
	*ret_sock = s;
	return 0;
}
