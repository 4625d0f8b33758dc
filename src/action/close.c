/* Closes connections in the kernel, one by one and each by its cookie, and asks afterwards whether they are gone. */
#include "sockeye/action/close.h"
#include "close_private.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#define DPORTS_MAX 64 /* of a group of sockets: how often another member may be hit */
#define SETTLE_STEP_MS 10
#define SETTLE_MS 100
#define SHUT_SETTLE_MS 500 /* the other end has to answer */

static void real_pause(void *data, unsigned ms)
{
	struct timespec t = {0, (long)ms * 1000000};

	nanosleep(&t, NULL);
}

static const struct close_sys close_sys_real = {
	.open = close_real_open,
	.destroy = close_real_destroy,
	.get = close_real_get,
	.shut = close_real_shut,
	.pause = real_pause,
};

/* The kernel finds a socket by both ends and only then compares the cookie. Of several sockets with one address and
 * SO_REUSEPORT it finds the one that the remote end is hashed to: another remote port finds another member. The
 * cookie keeps this safe. */
static int destroy(const struct close_sys *sys, int fd, const struct close_item *i)
{
	int r = sys->destroy(sys->data, fd, i, 0);
	uint8_t state;

	if (r != -ENOENT || (i->proto != PROTO_UDP && i->proto != PROTO_UDPLITE))
		return r;
	if (sys->get(sys->data, fd, i, &state) == -ENOENT)
		return -ENOENT;
	for (uint16_t port = 1; port <= DPORTS_MAX && r == -ENOENT; port++)
		r = sys->destroy(sys->data, fd, i, port);
	/* Behind another socket with the same two ends the kernel never finds it. */
	return r == -ENOENT ? -EOPNOTSUPP : r;
}

/* As a process of one's own would do it. */
static int shut(const struct close_sys *sys, struct close_item *i)
{
	int r = -EPERM;

	for (size_t h = 0; h < i->holders.n; h++) {
		int one = sys->shut(sys->data, i, &i->holders.v[h]);

		if (one == 0) {
			i->by_shutdown = true;
			return 0;
		}
		/* Of several reasons the one that says most. */
		if (one != -EPERM && one != -ESTALE)
			r = one;
	}
	return r;
}

static bool is_over(const struct close_item *i, int r, uint8_t state)
{
	/* Time-wait holds nothing: no process, no peer. A datagram socket stays, without a peer. */
	return r == -ENOENT || (r == 0 && i->kind == CLOSE_DATAGRAM && state != STATE_ESTABLISHED) ||
	       (r == 0 && i->by_shutdown && state == STATE_TIME_WAIT);
}

static void settle(const struct close_sys *sys, int fd, struct close_item *i)
{
	unsigned limit = i->by_shutdown ? SHUT_SETTLE_MS : SETTLE_MS;
	uint8_t state = i->state;
	int r;

	for (unsigned ms = 0;; ms += SETTLE_STEP_MS) {
		r = sys->get(sys->data, fd, i, &state);
		if (is_over(i, r, state) || ms >= limit || (r < 0 && r != -ENOENT))
			break;
		sys->pause(sys->data, SETTLE_STEP_MS);
	}
	if (is_over(i, r, state)) {
		i->result = CLOSE_GONE;
	} else if (r < 0) {
		i->result = CLOSE_FAILED;
		i->err = r;
	} else {
		i->result = CLOSE_REMAINS;
		i->state_after = state;
	}
}

static void close_one(const struct close_sys *sys, int fd, struct close_item *i)
{
	int r = i->cookie == UINT64_MAX || !i->cookie ? -EINVAL : destroy(sys, fd, i);

	/* Without the right, or in a kernel without the means (CONFIG_INET_DIAG_DESTROY; sockets it cannot find). */
	if ((r == -EPERM || r == -EOPNOTSUPP) && !i->mini)
		r = shut(sys, i);
	if (r == -ENOENT)
		i->result = CLOSE_GONE_BEFORE;
	else if (r == -EPERM || r == -EACCES)
		i->result = CLOSE_NOT_PERMITTED;
	else if (r < 0)
		i->result = CLOSE_FAILED;
	else
		settle(sys, fd, i);
	if (r < 0)
		i->err = r;
}

void close_run(struct close_plan *p, const struct close_sys *sys)
{
	struct close_sys s = close_sys_real;
	uint64_t netns = 0;
	bool own = false;
	int fd = -EBADF;

	if (sys) {
		s.data = sys->data;
		s.open = sys->open ? sys->open : s.open;
		s.destroy = sys->destroy ? sys->destroy : s.destroy;
		s.get = sys->get ? sys->get : s.get;
		s.shut = sys->shut ? sys->shut : s.shut;
		s.pause = sys->pause ? sys->pause : s.pause;
	}
	for (size_t k = 0; k < p->items.n; k++) {
		struct close_item *i = &p->items.v[k];

		if (close_kind_table[i->kind].refusal)
			continue;
		if (fd < 0 || i->netns_inode != netns || i->own_netns != own) {
			if (fd >= 0)
				close(fd);
			netns = i->netns_inode;
			own = i->own_netns;
			fd = s.open(s.data, netns, own);
		}
		if (fd >= 0) {
			close_one(&s, fd, i);
		} else {
			i->err = fd;
			i->result = fd == -EPERM || fd == -EACCES ? CLOSE_NOT_PERMITTED : CLOSE_FAILED;
		}
	}
	if (fd >= 0)
		close(fd);
}
