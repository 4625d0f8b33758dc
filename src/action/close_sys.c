/* The real system calls of closing: SOCK_DESTROY and the single get over netlink, and shutdown() on a copy of another
 * process's descriptor. */
#include "close_private.h"
#include "kill_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438 /* the same on every architecture (asm-generic/unistd.h) */
#endif
#ifndef SO_COOKIE
#define SO_COOKIE 57
#endif
#define ANSWER_MS 2000 /* the kernel answers in the call itself; a lost answer must not hang us */

int close_real_open(void *data, uint64_t netns_inode, bool own)
{
	int fd;

	if (!own)
		return -EOPNOTSUPP;
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	return fd < 0 ? -errno : fd;
}

struct request {
	struct nlmsghdr h;
	struct inet_diag_req_v2 r;
};

static void fill(struct request *q, const struct close_item *i, uint16_t type, uint16_t flags)
{
	struct timespec now;

	/* Fresh for each: an answer that comes late is not taken for another's. */
	clock_gettime(CLOCK_MONOTONIC, &now);
	memset(q, 0, sizeof(*q));
	q->h.nlmsg_len = sizeof(*q);
	q->h.nlmsg_type = type;
	q->h.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	q->h.nlmsg_seq = (uint32_t)now.tv_nsec ^ (uint32_t)now.tv_sec << 20;
	q->r.sdiag_family = i->family == FAMILY_IPV6 ? AF_INET6 : AF_INET;
	q->r.sdiag_protocol = proto_table[i->proto].ipproto;
	q->r.idiag_states = ~0u;
	q->r.id.idiag_sport = htons((uint16_t)i->lport);
	q->r.id.idiag_dport = htons((uint16_t)i->rport);
	memcpy(q->r.id.idiag_src, i->laddr, sizeof(q->r.id.idiag_src));
	memcpy(q->r.id.idiag_dst, i->raddr, sizeof(q->r.id.idiag_dst));
	q->r.id.idiag_if = i->ifindex;
	q->r.id.idiag_cookie[0] = (uint32_t)i->cookie;
	q->r.id.idiag_cookie[1] = (uint32_t)(i->cookie >> 32);
}

/* What the messages of an answer come to. */
struct answer {
	uint64_t cookie; /* of a dump: the row looked for; 0: whichever comes */
	bool found;
	uint8_t state;
};
enum { ASK_MORE = 1 };

static int read_message(const struct nlmsghdr *h, struct answer *a)
{
	const struct inet_diag_msg *m = NLMSG_DATA(h);
	int err = 0;

	switch (h->nlmsg_type) {
	case NLMSG_ERROR:
		return h->nlmsg_len < NLMSG_LENGTH(sizeof(struct nlmsgerr))
			       ? -EBADMSG
			       : ((struct nlmsgerr *)NLMSG_DATA(h))->error;
	case NLMSG_DONE: /* a dump's error stands here */
		if (h->nlmsg_len >= NLMSG_LENGTH(sizeof(err)))
			memcpy(&err, NLMSG_DATA(h), sizeof(err));
		return err < 0 ? err : a->found ? 0 : -ENOENT;
	case SOCK_DIAG_BY_FAMILY:
		if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)))
			return -EBADMSG;
		if (!a->cookie ||
		    a->cookie == ((uint64_t)m->id.idiag_cookie[1] << 32 | m->id.idiag_cookie[0])) {
			a->found = true;
			a->state = m->idiag_state < STATE_N ? m->idiag_state : STATE_NONE;
		}
		return a->cookie ? ASK_MORE : 0;
	default:
		return ASK_MORE;
	}
}

/* Sends, and reads until the answer is complete: 0, or the error that the kernel answered. */
static int ask(int fd, const struct request *q, struct answer *a)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	union {
		struct nlmsghdr h;
		char bytes[32768]; /* the kernel fills no more at once */
	} *buf = mem_alloc(1, sizeof(*buf));
	int r = ASK_MORE;

	if (sendto(fd, q, sizeof(*q), 0, (struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		r = -errno;
	while (r == ASK_MORE) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int n = poll(&p, 1, ANSWER_MS);
		ssize_t len = n > 0 ? recv(fd, buf, sizeof(*buf), 0) : n;

		if (len < 0 && errno == EINTR)
			continue;
		if (len <= 0) {
			r = len < 0 ? -errno : -ETIMEDOUT;
			break;
		}
		for (struct nlmsghdr *h = &buf->h; r == ASK_MORE && NLMSG_OK(h, (size_t)len);
		     h = NLMSG_NEXT(h, len))
			if (h->nlmsg_seq == q->h.nlmsg_seq)
				r = read_message(h, a);
	}
	free(buf);
	return r;
}

int close_real_destroy(void *data, int fd, const struct close_item *i, uint16_t dport)
{
	struct answer a = {0};
	struct request q;

	/* Without the flag a success has no answer. */
	fill(&q, i, SOCK_DESTROY, NLM_F_ACK);
	if (dport)
		q.r.id.idiag_dport = htons(dport);
	return ask(fd, &q, &a);
}

int close_real_get(void *data, int fd, const struct close_item *i, uint8_t *ret_state)
{
	/* A datagram socket that shares its address is not always the one that both ends find: only a list of all
	 * tells. A TCP connection is alone between its ends. */
	bool list = i->proto == PROTO_UDP || i->proto == PROTO_UDPLITE;
	struct answer a = {.cookie = list ? i->cookie : 0};
	struct request q;
	int r;

	fill(&q, i, SOCK_DIAG_BY_FAMILY, list ? NLM_F_DUMP : 0);
	if (list)
		memset(&q.r.id, 0, sizeof(q.r.id));
	r = ask(fd, &q, &a);
	if (r == 0)
		*ret_state = a.state;
	return r == -ESTALE ? -ENOENT : r; /* found by its ends, but it is another one */
}

int close_real_shut(void *data, const struct close_item *i, const struct close_holder *h)
{
	uint64_t cookie = 0, start = 0;
	socklen_t len = sizeof(cookie);
	int pidfd, fd, r = 0;
	char state;

	if (h->fd < 0) /* registered with an io_uring: there is no descriptor to copy */
		return -EPERM;
	pidfd = kill_sys_real.pidfd_open(NULL, h->pid);
	if (pidfd < 0)
		return pidfd == -ESRCH ? -ESTALE : pidfd;
	if (kill_sys_real.start_ticks(NULL, h->pid, &start, &state) < 0 || start != h->start) {
		close(pidfd);
		return -ESTALE;
	}
	fd = (int)syscall(SYS_pidfd_getfd, pidfd, h->fd, 0);
	if (fd < 0)
		r = errno == EBADF || errno == ESRCH ? -ESTALE : -errno;
	close(pidfd);
	if (r < 0)
		return r;
	/* The cookie is the proof: whatever happened to the number, this is the socket that was shown. */
	if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len) < 0 || cookie != i->cookie) {
		close(fd);
		return -ESTALE;
	}
	if (i->kind == CLOSE_DATAGRAM) {
		struct sockaddr none = {.sa_family = AF_UNSPEC};

		r = connect(fd, &none, sizeof(none)) < 0 ? -errno : 0;
	} else if (shutdown(fd, SHUT_RDWR) < 0 && errno != ENOTCONN) {
		r = -errno;
	}
	close(fd);
	return r;
}
