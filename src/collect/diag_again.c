/* Reads single sockets by their address and cookie: all requests in one message, one answer for each. */
#include "diag_again.h"
#include "diag_parse.h"
#include "diag_protos.h"
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

struct request {
	struct nlmsghdr h;
	struct inet_diag_req_v2 q;
};
struct taking { /* one answer */
	struct sock *s;
	struct sock_info *info;
	struct intern *names;
	struct cgroups *cgroups;
	bool taken;
};

static void take(void *arg, const void *payload, size_t n)
{
	struct taking *t = arg;
	struct diag_extra x;
	struct sock s;
	struct sock_info info;

	if (diag_parse_inet(payload, n, PROTO_TCP, false, &s, &info, &x) || s.cookie != t->s->cookie)
		return;
	s.netns = t->s->netns;
	s.cgroup = cgroups_path(t->cgroups, x.cgroup);
	*t->s = s;
	if (t->info) {
		info.cc = x.cc_n ? intern_add(t->names, x.cc, x.cc_n) : 0;
		*t->info = info;
	}
	t->taken = true;
}

static void put(struct request *r, const struct sock *s, uint8_t ext, uint32_t seq)
{
	*r = (struct request){
		.h = {sizeof(*r), SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST, seq, 0},
		.q = {.sdiag_family = s->family == FAMILY_IPV6 ? AF_INET6 : AF_INET,
		      .sdiag_protocol = IPPROTO_TCP,
		      .idiag_ext = ext},
	};
	r->q.id.idiag_sport = htons((uint16_t)s->lport);
	r->q.id.idiag_dport = htons((uint16_t)s->rport);
	memcpy(r->q.id.idiag_src, s->laddr, sizeof(r->q.id.idiag_src));
	memcpy(r->q.id.idiag_dst, s->raddr, sizeof(r->q.id.idiag_dst));
	r->q.id.idiag_if = s->ifindex;
	r->q.id.idiag_cookie[0] = (uint32_t)s->cookie;
	r->q.id.idiag_cookie[1] = (uint32_t)(s->cookie >> 32);
}

static bool send_all(int fd, const struct request *v, size_t n)
{
	ssize_t sent;

	do
		sent = send(fd, v, n * sizeof(*v), 0);
	while (sent < 0 && errno == EINTR);
	return sent == (ssize_t)(n * sizeof(*v));
}

bool diag_again(struct diag *d, const struct want *want, struct intern *names, struct cgroups *cgroups,
		struct sock *socks, struct sock_info *infos, size_t n)
{
	struct request requests[DIAG_AGAIN_MAX];
	char buf[4096]; /* the kernel makes each answer as large as its attributes, about 700 bytes */
	uint8_t ext = 0;
	uint32_t seq;
	size_t taken = 0;
	int fd;

	if (!n)
		return true;
	fd = n > DIAG_AGAIN_MAX ? -1 : diag_fd(d, (uint32_t)n, &seq);
	if (fd < 0)
		return false;
	ext |= want->attrs & WANT_INFO ? EXT_INFO : 0;
	ext |= want->attrs & WANT_MEM ? EXT_MEM : 0;
	ext |= want->attrs & WANT_CONG ? EXT_CONG : 0;
	for (size_t i = 0; i < n; i++)
		put(&requests[i], &socks[i], ext, seq + (uint32_t)i);
	if (!send_all(fd, requests, n))
		return false;
	/* The answers were made while we sent, so they are all there; what is missing will not come. */
	for (size_t i = 0; i < n;) {
		struct taking t = {&socks[i], infos ? &infos[i] : NULL, names, cgroups, false};
		struct diag_reply reply = {0};
		ssize_t len = recv(fd, buf, sizeof(buf), MSG_DONTWAIT | MSG_TRUNC);

		if (len < 0 && errno == EINTR)
			continue;
		if (len <= 0)
			return false;
		if ((size_t)len <= sizeof(buf))
			diag_walk(buf, (size_t)len, seq + (uint32_t)i, take, &t, &reply);
		taken += t.taken;
		i++;
	}
	return taken == n;
}

struct sought {
	const struct sock *s;
	bool found;
};

static void take_sought(void *arg, const void *payload, size_t n)
{
	struct sought *x = arg;
	struct diag_extra extra;
	struct sock s;

	if (!diag_parse_inet(payload, n, PROTO_TCP, false, &s, NULL, &extra))
		x->found |= s.cookie == x->s->cookie && s.state == x->s->state;
}

/* One request, and its answer, which was made while we sent. -1: there is none that could be read. */
static int ask_one(struct diag *d, const struct sock *s, uint8_t ext,
		   void (*take_fn)(void *arg, const void *payload, size_t n), void *arg)
{
	struct diag_reply reply = {0};
	struct request request;
	char buf[4096];
	uint32_t seq;
	ssize_t len;
	int fd = s->proto == PROTO_TCP && s->family <= FAMILY_IPV6 ? diag_fd(d, 1, &seq) : -1;

	if (fd < 0)
		return -1;
	put(&request, s, ext, seq);
	if (!send_all(fd, &request, 1))
		return -1;
	do
		len = recv(fd, buf, sizeof(buf), MSG_DONTWAIT | MSG_TRUNC);
	while (len < 0 && errno == EINTR);
	if (len <= 0 || (size_t)len > sizeof(buf))
		return -1;
	diag_walk(buf, (size_t)len, seq, take_fn, arg, &reply);
	return 0;
}

bool diag_any(struct diag *d, const struct sock *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct sought x = {&v[i], false};

		/* Of sockets that share an address the kernel answers for one alone, which is among them. */
		if (ask_one(d, &v[i], 0, take_sought, &x) < 0)
			return false;
		if (x.found)
			return true;
	}
	return false;
}

static void take_shown(void *arg, const void *payload, size_t n)
{
	if (diag_parse_shown(payload, n, arg))
		*(struct shown *)arg = (struct shown){0};
}

bool diag_shown(struct diag *d, const struct sock *s, struct shown *ret)
{
	struct shown found = {0};

	if (ask_one(d, s, EXT_INFO, take_shown, &found) < 0 || !found.cookie || found.cookie != s->cookie)
		return false;
	*ret = found;
	return true;
}
