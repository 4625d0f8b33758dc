/* The netlink side of sock_diag: what to ask for each protocol, and receiving answers that can be cut,
 * interrupted, refused or mixed with those of another dump, without ever taking a failure for "no sockets". */
#include "diag.h"
#include "diag_parse.h"
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the kernel fills at most in one message of a dump (netlink_dump); a smaller buffer loses rows. */
#define BUFFER_SIZE 32768u
#define TRIES 3

enum {
	EXT_INFO = 1 << (DIAG_INFO - 1),
	EXT_CONG = 1 << (DIAG_CONG - 1),
	EXT_MEM = 1 << (DIAG_SKMEMINFO - 1)
};

enum bound_support { BOUND_UNPROBED, BOUND_YES, BOUND_NO };

struct diag {
	struct mnl_socket *nl; /* owned; NULL while it could not be opened again */
	uint8_t *buf; /* owned; BUFFER_SIZE */
	uint32_t seq;
	enum bound_support bound;
	bool no_twin; /* the request for both families at once was refused */
};

struct diag_proto;
/* One dump that is under way. */
struct job {
	struct diag *d;
	const struct diag_proto *proto;
	uint32_t kernel_states;
	uint8_t ext;
	bool bound; /* the BOUND_INACTIVE request */
	bool infos; /* infos run parallel to socks */
	uint32_t probe_inode; /* our own bound socket: noticed and left out; 0 none */
	bool probe_seen;
	uint32_t bad; /* rows that could not be read */
	uint16_t netns;
	struct intern *names; /* borrowed, as below: for the call */
	struct cgroups *cgroups;
	struct snapshot *out;
	char cc[16]; /* the last row's congestion control and its id: mostly the next row's too */
	size_t cc_n;
	uint32_t cc_id;
};

/* How to ask for a protocol. A further one is a row here, and a parser if its messages have another form. */
struct diag_proto {
	uint8_t proto; /* enum proto; proto_table has the number on the wire */
	bool twin; /* the old request type gives both families in one walk of the kernel's table */
	uint8_t families[3]; /* AF_*, else one dump each; 0 ends */
	uint8_t ext; /* attributes that exist for it */
	uint32_t states; /* STATE_BIT()s it can be in */
	int (*parse)(const void *payload, size_t n, enum proto proto, bool bound, struct sock *ret_sock,
		     struct sock_info *ret_info, struct diag_extra *ret_extra);
};
#define STATES_CONNECTED                                                                                     \
	(STATES_ALL & ~(STATE_BIT(STATE_CLOSED) | STATE_BIT(STATE_NEW_SYN_RECV_) | STATE_BIT(STATE_UNCONN)))
#define STATES_DATAGRAM (STATE_BIT(STATE_ESTABLISHED) | STATE_BIT(STATE_UNCONN))
static const struct diag_proto diag_protos[] = {
	{PROTO_TCP,
	 true,
	 {AF_INET, AF_INET6},
	 EXT_INFO | EXT_CONG | EXT_MEM,
	 STATES_CONNECTED,
	 diag_parse_inet},
	{PROTO_UDP, false, {AF_INET, AF_INET6}, EXT_MEM, STATES_DATAGRAM, diag_parse_inet},
};

static int reopen(struct diag *d)
{
	if (d->nl)
		mnl_socket_close(d->nl);
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

int diag_open(struct diag **ret)
{
	struct diag *d = mem_zalloc(1, sizeof(*d));
	int r = reopen(d);

	if (r) {
		free(d);
		return r;
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
	free(d->buf);
	free(d);
}

static uint32_t cc_id(struct job *j, const struct diag_extra *x)
{
	if (!x->cc_n || x->cc_n > sizeof(j->cc))
		return 0;
	if (x->cc_n != j->cc_n || memcmp(x->cc, j->cc, x->cc_n)) {
		memcpy(j->cc, x->cc, x->cc_n);
		j->cc_n = x->cc_n;
		j->cc_id = intern_add(j->names, x->cc, x->cc_n);
	}
	return j->cc_id;
}

static void take_row(void *arg, const void *payload, size_t n)
{
	struct job *j = arg;
	struct snapshot *out = j->out;
	struct sock_info *info = NULL;
	struct diag_extra x;
	struct sock *s;

	vec_reserve(&out->socks, 1);
	s = &out->socks.v[out->socks.n];
	if (j->infos) {
		vec_reserve(&out->infos, 1);
		info = &out->infos.v[out->infos.n];
	}
	if (j->proto->parse(payload, n, (enum proto)j->proto->proto, j->bound, s, info, &x)) {
		j->bad++;
		return;
	}
	if (j->probe_inode && s->inode == j->probe_inode) {
		j->probe_seen = true;
		return;
	}
	s->netns = j->netns;
	s->cgroup = cgroups_path(j->cgroups, x.cgroup);
	if (info) {
		info->cc = cc_id(j, &x);
		out->infos.n++;
	}
	out->socks.n++;
}

static int send_request(struct job *j, uint8_t family, uint32_t seq)
{
	union {
		struct nlmsghdr h;
		char room[256];
	} msg = {0};
	struct nlmsghdr *h = mnl_nlmsg_put_header(&msg);

	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	h->nlmsg_seq = seq;
	if (family == AF_UNSPEC) {
		struct inet_diag_req *q = mnl_nlmsg_put_extra_header(h, sizeof(*q));

		h->nlmsg_type = TCPDIAG_GETSOCK;
		q->idiag_family = AF_UNSPEC;
		q->idiag_ext = j->ext;
		q->idiag_states = j->kernel_states;
	} else {
		struct inet_diag_req_v2 *q = mnl_nlmsg_put_extra_header(h, sizeof(*q));

		h->nlmsg_type = SOCK_DIAG_BY_FAMILY;
		q->sdiag_family = family;
		q->sdiag_protocol = proto_table[j->proto->proto].ipproto;
		q->idiag_ext = j->ext;
		q->idiag_states = j->kernel_states;
	}
	for (;;) {
		if (mnl_socket_sendto(j->d->nl, h, h->nlmsg_len) >= 0)
			return 0;
		if (errno != EINTR)
			return -errno;
	}
}

/* One request and all of its answer. -EAGAIN: interrupted by a change of the table. */
static int dump_once(struct job *j, uint8_t family)
{
	struct diag *d = j->d;
	struct diag_reply reply = {0};
	uint32_t seq = ++d->seq;
	int r;

	if (!d->nl) {
		r = reopen(d);
		if (r)
			return r;
	}
	r = send_request(j, family, seq);
	while (!r && !reply.done) {
		ssize_t n = mnl_socket_recvfrom(d->nl, d->buf, BUFFER_SIZE);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			r = -errno; /* ENOSPC: libmnl's word for MSG_TRUNC; ENOBUFS: rows were lost */
		else if (!n)
			r = -EPIPE;
		else
			r = diag_walk(d->buf, (size_t)n, seq, take_row, j, &reply);
	}
	if (r) {
		/* what is still on its way must not meet the next dump */
		reopen(d);
		return r;
	}
	if (reply.err)
		return reply.err;
	return reply.interrupted ? -EAGAIN : 0;
}

static bool worth_another_try(int err)
{
	return err == -EAGAIN || err == -EBUSY || err == -ENOSPC || err == -ENOBUFS || err == -EBADMSG ||
	       err == -EPIPE;
}

/* Rows of a failed try are taken back, except those of the last one: some rows are better than none. */
static int dump(struct job *j, uint8_t family)
{
	size_t from = j->out->socks.n;
	uint32_t bad = j->bad;
	int r = 0;

	for (int i = 0; i < TRIES; i++) {
		j->bad = bad;
		j->out->socks.n = from;
		if (j->infos)
			j->out->infos.n = from;
		r = dump_once(j, family);
		if (r == -EBUSY)
			reopen(j->d);
		if (!worth_another_try(r) || (r == -EAGAIN && i == 1))
			break;
	}
	return r;
}

static bool refused(int err)
{
	return err == -EINVAL || err == -EOPNOTSUPP || err == -ENOENT || err == -EPROTONOSUPPORT ||
	       err == -EAFNOSUPPORT || err == -EPROTO;
}

static void say_failure(struct snapshot *out, const char *what, int err)
{
	if (err == -ENOENT || err == -EPROTONOSUPPORT || err == -EAFNOSUPPORT || err == -EOPNOTSUPP)
		snapshot_limit(out, what, "not-supported",
			       "The kernel has no sock_diag handler for %s: such sockets are not shown.",
			       what);
	else if (err == -EAGAIN)
		snapshot_limit(out, what, "interrupted",
			       "The list of %s sockets changed while it was read: some may be missing.",
			       what);
	else if (err == -EPERM || err == -EACCES)
		snapshot_limit(out, what, "not-permitted", "The kernel does not let us list %s sockets.",
			       what);
	else if (worth_another_try(err))
		snapshot_limit(out, what, "truncated",
			       "The list of %s sockets was cut short on its way: some are missing.", what);
	else
		snapshot_limit(out, what, "failed", "The kernel would not list %s sockets: %s.", what,
			       strerror(-err));
}

/* All families of a protocol, in as few walks as it can be done. Returns 0 when anything was answered. */
static int ask(struct job *j, const char *what)
{
	size_t limits = j->out->limits.n;
	int r = 0, first = 0;
	bool answered = false;

	if (j->proto->twin && !j->d->no_twin) {
		r = dump(j, AF_UNSPEC);
		if (!refused(r)) {
			if (r)
				say_failure(j->out, what, r);
			return r;
		}
		j->d->no_twin = true;
	}
	for (const uint8_t *family = j->proto->families; *family; family++) {
		r = dump(j, *family);
		/* a kernel without IPv6 answers for IPv4 alone; that is no limit */
		if (!r)
			answered = true;
		else if (!first)
			first = r;
		if (r && !(refused(r) && *family == AF_INET6) && j->out->limits.n == limits)
			say_failure(j->out, what, r);
	}
	return answered ? 0 : first;
}

/* STATE_BIT()s to the kernel's bits. Its request sockets answer to a number of their own. */
static uint32_t kernel_states(const struct diag_proto *p, uint32_t states)
{
	uint32_t bits = states & ((1u << DIAG_KERNEL_NEW_SYN_RECV) - 1) & ~STATE_BIT(STATE_CLOSED);

	if (states & STATE_BIT(STATE_SYN_RECV))
		bits |= 1u << DIAG_KERNEL_NEW_SYN_RECV;
	if (!proto_table[p->proto].connected && states & STATE_BIT(STATE_UNCONN))
		bits |= 1u << DIAG_KERNEL_CLOSE;
	return bits;
}

/* A bound socket of our own: a kernel that knows the request must show it. -1 when it cannot be made. */
static int make_probe(uint32_t *ret_inode)
{
	struct sockaddr_in any = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat st;

	if (fd < 0)
		return -1;
	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0 || fstat(fd, &st) < 0) {
		close(fd);
		return -1;
	}
	*ret_inode = (uint32_t)st.st_ino;
	return fd;
}

/* Bound and not listening is a state of its own to ask for (Linux 6.8), in a request of its own because it
 * walks another table. Older kernels ignore the bit: they are asked once. */
static void ask_bound(struct job *j)
{
	struct diag *d = j->d;
	int probe = -1, r;

	if (d->bound == BOUND_UNPROBED)
		probe = make_probe(&j->probe_inode);
	if (d->bound != BOUND_NO) {
		j->bound = true;
		j->kernel_states = 1u << DIAG_KERNEL_BOUND_INACTIVE;
		r = ask(j, "bound");
		if (probe >= 0 && !r)
			d->bound = j->probe_seen ? BOUND_YES : BOUND_NO;
		j->bound = false;
	}
	if (probe >= 0)
		close(probe);
	j->probe_inode = 0;
	if (d->bound == BOUND_NO)
		snapshot_limit(
			j->out, "bound", "not-supported",
			"This kernel does not tell of TCP ports that are bound but not listening (Linux "
			"6.8 and later do).");
}

int diag_look(struct diag *d, const struct want *want, uint16_t netns, struct intern *names,
	      struct cgroups *cgroups, struct snapshot *ret)
{
	uint32_t attrs = want->attrs & (WANT_INFO | WANT_MEM | WANT_CONG);
	uint8_t ext = 0;
	int first = 0;
	bool answered = false, asked = false;

	ext |= attrs & WANT_INFO ? EXT_INFO : 0;
	ext |= attrs & WANT_MEM ? EXT_MEM : 0;
	ext |= attrs & WANT_CONG ? EXT_CONG : 0;
	for (size_t i = 0; i < ARRAY_LEN(diag_protos); i++) {
		const struct diag_proto *p = &diag_protos[i];
		uint32_t states = want->states & p->states, plain = states & ~STATE_BIT(STATE_BOUND);
		struct job j = {
			.d = d,
			.proto = p,
			.ext = ext & p->ext,
			.infos = attrs != 0,
			.netns = netns,
			.names = names,
			.cgroups = cgroups,
			.out = ret,
		};
		const char *name = proto_table[p->proto].name;
		int r = 0;

		if (!(want->protos & 1u << p->proto))
			continue;
		if (plain) {
			asked = true;
			j.kernel_states = kernel_states(p, plain);
			r = ask(&j, name);
			if (!r)
				answered = true;
			else if (!first)
				first = r;
		}
		if (states & STATE_BIT(STATE_BOUND) && !r)
			ask_bound(&j);
		if (j.bad)
			snapshot_limit(ret, name, "unreadable",
				       "%u rows of the kernel's list of %s sockets could not be read.", j.bad,
				       name);
	}
	return asked && !answered ? first : 0;
}
