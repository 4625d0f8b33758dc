/* The life of one namespace's sock_diag: its socket, opened again after trouble, and the files of /proc/net that
 * stand in for what it lacks, all of that namespace whichever thread uses them. */
#include "diag_private.h"
#include "netns_enter.h"
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <unistd.h>

static int open_here(struct diag *d)
{
	d->nl = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);
	if (!d->nl)
		return -errno;
	if (mnl_socket_bind(d->nl, 0, MNL_SOCKET_AUTOPID) < 0) {
		int err = errno;

		mnl_socket_close(d->nl);
		d->nl = NULL;
		return -err;
	}
	return 0;
}

struct opening {
	struct diag *d;
	int result;
};

static void open_there(void *arg)
{
	struct opening *x = arg;

	x->result = open_here(x->d);
}

/* A socket belongs to the namespace it was opened in, so a foreign one must be opened there again: the old one
 * knows where that is. */
int diag_reopen(struct diag *d)
{
	struct opening x = {d, -ENOTCONN};
	int ns = -1, r;

	if (d->foreign && d->nl)
		ns = ioctl(mnl_socket_get_fd(d->nl), SIOCGSKNS);
	if (d->nl)
		mnl_socket_close(d->nl);
	d->nl = NULL;
	d->missing = 0;
	if (!d->foreign)
		return open_here(d);
	if (ns < 0)
		return -ENOTCONN;
	r = netns_enter(ns, open_there, &x);
	close(ns);
	return r ? r : x.result;
}

void diag_set_foreign(struct diag *d, const struct diag *own)
{
	d->foreign = true;
	if (own->bound != BOUND_UNPROBED)
		d->bound = own->bound;
	d->no_twin |= own->no_twin;
	if (own->naming != NAMING_UNPROBED)
		d->naming = own->naming;
	d->missing |= own->missing;
}

bool diag_lost(const struct diag *d)
{
	return d->foreign && !d->nl && !d->none;
}

int diag_fd(struct diag *d, uint32_t n, uint32_t *ret_seq)
{
	if (!d->nl)
		return -1;
	*ret_seq = d->seq + 1;
	d->seq += n;
	return mnl_socket_get_fd(d->nl);
}

#define PROC "/proc"
#define PROTOS_WITHOUT_DIAG                                                                                  \
	(PROTO_BIT(PROTO_TCP) | PROTO_BIT(PROTO_UDP) | PROTO_BIT(PROTO_UDPLITE) | PROTO_BIT(PROTO_RAW) |     \
	 PROTO_BIT(PROTO_ICMP))

struct proc_opening {
	struct diag *d;
	uint32_t protos;
};

static void open_proc_here(void *arg)
{
	struct proc_opening *x = arg;

	procnet_open(&x->d->proc, PROC, x->protos);
}

static void open_protocols_here(void *arg)
{
	struct proc_opening *x = arg;

	procnet_open_protocols(&x->d->proc, PROC);
}

/* The files of /proc/net belong to the namespace of the thread that opens them, as sockets do. */
static void open_files(struct diag *d, uint32_t bit, void (*open_here_fn)(void *))
{
	struct proc_opening x = {d, bit};
	int ns;

	if (d->proc_tried & bit)
		return;
	d->proc_tried |= bit;
	if (!d->foreign) {
		open_here_fn(&x);
		return;
	}
	ns = d->nl ? ioctl(mnl_socket_get_fd(d->nl), SIOCGSKNS) : -1;
	if (ns < 0)
		return;
	netns_enter(ns, open_here_fn, &x);
	close(ns);
}

void diag_open_proc(struct diag *d, enum proto proto)
{
	open_files(d, PROTO_BIT(proto), open_proc_here);
}

/* Linux counts MPTCP sockets per namespace since 6.3; before, the number is 0. */
static bool counts_mptcp(void)
{
	struct utsname name;
	unsigned major, minor;

	return !uname(&name) && sscanf(name.release, "%u.%u", &major, &minor) == 2 &&
	       (major > 6 || (major == 6 && minor >= 3));
}

/* A walk of the kernel's table of MPTCP tokens costs 0.7 ms a family however few there are: the counters say in
 * 0.03 ms that there are none. */
bool diag_may_have_mptcp(struct diag *d)
{
	static const char *const names[] = {"MPTCP", "MPTCPv6", NULL};
	uint64_t count;

	if (!counts_mptcp())
		return true;
	open_files(d, PROTO_BIT(PROTO_MPTCP), open_protocols_here);
	return procnet_count(&d->proc, names, &count) || count;
}

int diag_open(struct diag **ret)
{
	struct diag *d = mem_zalloc(1, sizeof(*d));
	int r = open_here(d);

	procnet_init(&d->proc);
	if (r) { /* a kernel without, or a sandbox that forbids it */
		d->none = true;
		d->proc_tried = PROTOS_WITHOUT_DIAG;
		if (!procnet_open(&d->proc, PROC, PROTOS_WITHOUT_DIAG)) {
			free(d);
			return r;
		}
	}
	d->buf = mem_alloc(BUFFER_SIZE, 1);
	*ret = d;
	return 0;
}

void diag_close(struct diag *d)
{
	if (!d)
		return;
	if (d->nl)
		mnl_socket_close(d->nl);
	procnet_done(&d->proc);
	free(d->buf);
	free(d);
}
