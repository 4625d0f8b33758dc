/* Rows of vsock sockets: between a virtual machine and its host (include/uapi/linux/vm_sockets_diag.h). */
#include "diag_attr.h"
#include "diag_parse.h"
#include <errno.h>
#include <linux/vm_sockets_diag.h>
#include <stdio.h>
#include <sys/socket.h>

#define ANY UINT32_MAX /* VMADDR_CID_ANY, VMADDR_PORT_ANY */

/* sk_state holds TCP's numbers (net/vmw_vsock/af_vsock.c). CLOSE with a port is bound and not listening. */
static uint8_t state_of(uint8_t kernel, uint32_t port)
{
	if (kernel == DIAG_KERNEL_CLOSE)
		return port != ANY ? STATE_BOUND : STATE_CLOSED;
	return kernel == STATE_ESTABLISHED || kernel == STATE_SYN_SENT || kernel == STATE_LISTENING ||
			       kernel == STATE_CLOSING
		       ? kernel
		       : STATE_NONE;
}

static size_t put_cid(uint32_t cid, char buf[16])
{
	return (size_t)snprintf(buf, 16, cid == ANY ? "*" : "%u", cid);
}

int diag_parse_vsock(const void *payload, size_t n, enum proto proto, bool bound, struct sock *ret_sock,
		     struct sock_info *ret_info, struct diag_extra *ret_extra)
{
	struct vsock_diag_msg m;
	struct sock s = {.family = FAMILY_VSOCK, .proto = (uint8_t)proto};

	if (n < sizeof(m))
		return -EBADMSG;
	memcpy(&m, payload, sizeof(m));
	if (m.vdiag_family != AF_VSOCK)
		return -EAFNOSUPPORT;
	s.type = m.vdiag_type;
	s.inode = m.vdiag_ino;
	s.cookie = (uint64_t)m.vdiag_cookie[1] << 32 | m.vdiag_cookie[0];
	s.state = state_of(m.vdiag_state, m.vdiag_src_port);
	s.shutdown = m.vdiag_shutdown;
	s.lport = m.vdiag_src_port == ANY ? 0 : m.vdiag_src_port;
	diag_extra_clear(ret_extra);
	ret_extra->lname = ret_extra->text[0];
	ret_extra->lname_n = put_cid(m.vdiag_src_cid, ret_extra->text[0]);
	if (m.vdiag_dst_port != ANY) {
		s.rport = m.vdiag_dst_port;
		ret_extra->rname = ret_extra->text[1];
		ret_extra->rname_n = put_cid(m.vdiag_dst_cid, ret_extra->text[1]);
	}
	if (ret_info)
		*ret_info = (struct sock_info){0};
	*ret_sock = s;
	return 0;
}
