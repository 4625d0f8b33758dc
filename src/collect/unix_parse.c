/* Rows of unix sockets: names, the other end, and who waits to be accepted. Apart from the internet's rows
 * because neither message nor attributes are alike (include/uapi/linux/unix_diag.h). */
#include "diag_attr.h"
#include "diag_parse.h"
#include <errno.h>
#include <linux/unix_diag.h>
#include <sys/socket.h>

enum { ATTR_UID = 7 }; /* UNIX_DIAG_UID, Linux 5.3 */

static uint8_t state_of(uint8_t kernel)
{
	if (kernel == STATE_LISTENING || kernel == STATE_ESTABLISHED)
		return kernel;
	return kernel == DIAG_KERNEL_CLOSE ? STATE_UNCONN : STATE_NONE;
}

/* An abstract name begins with a NUL and may hold more; a path ends at its first one (unix_bind). */
static void read_name(const struct attr *a, struct diag_extra *x)
{
	if (!a->p)
		return;
	x->lname = (const char *)a->p;
	x->lname_n = a->p[0] ? strnlen((const char *)a->p, a->n) : a->n;
}

int diag_parse_unix(const void *payload, size_t n, enum proto proto, bool bound, struct sock *ret_sock,
		    struct sock_info *ret_info, struct diag_extra *ret_extra)
{
	struct attrs attrs;
	struct unix_diag_msg m;
	struct sock s = {.family = FAMILY_UNIX, .proto = (uint8_t)proto};
	const struct attr *a;

	if (n < sizeof(m))
		return -EBADMSG;
	memcpy(&m, payload, sizeof(m));
	if (m.udiag_family != AF_UNIX)
		return -EAFNOSUPPORT;
	if (attrs_split((const uint8_t *)payload + sizeof(m), n - sizeof(m), &attrs))
		return -EBADMSG;
	s.state = state_of(m.udiag_state);
	s.type = m.udiag_type;
	s.inode = m.udiag_ino;
	s.cookie = (uint64_t)m.udiag_cookie[1] << 32 | m.udiag_cookie[0];

	diag_extra_clear(ret_extra);
	read_name(attr_of(&attrs, UNIX_DIAG_NAME, 1), ret_extra);
	a = attr_of(&attrs, UNIX_DIAG_PEER, 4);
	if (a->p)
		s.peer_inode = get_u32(a->p);
	a = attr_of(&attrs, UNIX_DIAG_ICONS, 4);
	if (a->p && s.state == STATE_LISTENING) {
		ret_extra->waiting = a->p;
		ret_extra->waiting_n = a->n / 4;
	}
	a = attr_of(&attrs, UNIX_DIAG_RQLEN, sizeof(struct unix_diag_rqlen));
	if (a->p) { /* of a listener: how many wait, and how many may (sk_diag_show_rqlen) */
		s.recvq = get_u32(a->p);
		s.sendq = get_u32(a->p + 4);
	}
	a = attr_of(&attrs, UNIX_DIAG_SHUTDOWN, 1);
	if (a->p)
		s.shutdown = a->p[0];
	a = attr_of(&attrs, ATTR_UID, 4);
	if (a->p) {
		s.flags |= SOCK_HAS_UID;
		s.uid = get_u32(a->p);
	}
	if (ret_info)
		*ret_info = (struct sock_info){0};
	diag_read_meminfo(attr_of(&attrs, UNIX_DIAG_MEMINFO, 0), &s, ret_info);
	*ret_sock = s;
	return 0;
}
