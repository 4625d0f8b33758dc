/* Tries what explain judged: a child becomes the user in question, binds and listens on each address for an instant,
 * and says what came of it. A child, because a process cannot take its privileges back. */
#include "explain_probe.h"
#include "clock.h"
#include "sockeye/base/units.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEADLINE_NS (2 * NSEC_PER_SEC)
#define NOT_THAT_USER UINT32_MAX

struct answer {
	uint32_t index; /* of e->tries; NOT_THAT_USER: could not become it */
	int32_t err;
};

static int try_one(const struct explain *e, const struct explain_try *t)
{
	struct sockaddr_in a4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)e->port)};
	struct sockaddr_in6 a6 = {
		.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)e->port), .sin6_scope_id = t->ifindex};
	const struct sockaddr *sa = t->ip.v6 ? (struct sockaddr *)&a6 : (struct sockaddr *)&a4;
	socklen_t len = t->ip.v6 ? sizeof(a6) : sizeof(a4);
	bool stream = e->proto == PROTO_TCP;
	int on = 1, only = t->v6only, r = 0;
	int fd = socket(t->ip.v6 ? AF_INET6 : AF_INET, (stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return errno;
	memcpy(&a4.sin_addr, t->ip.b, sizeof(a4.sin_addr));
	memcpy(&a6.sin6_addr, t->ip.b, sizeof(a6.sin6_addr));
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    (t->ip.v6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only)) < 0) ||
	    bind(fd, sa, len) < 0 || (stream && !t->bind_only && listen(fd, 1) < 0))
		r = errno;
	close(fd);
	return r;
}

static bool say(int fd, uint32_t index, int err)
{
	struct answer a = {index, err};

	return write(fd, &a, sizeof(a)) == sizeof(a);
}

/* Other groups than the user's first are left out: they decide about no bind(). */
static bool become(const struct explain_who *who)
{
	if (who->uid == geteuid())
		return true;
	return setgroups(0, NULL) == 0 && setresgid(who->gid, who->gid, who->gid) == 0 &&
	       setresuid(who->uid, who->uid, who->uid) == 0;
}

/* Only calls that are safe after fork() in a program with threads. */
static _Noreturn void child(const struct explain *e, const struct explain_who *who, int fd)
{
	bool go_on = become(who);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_DFL);
	if (!go_on)
		say(fd, NOT_THAT_USER, errno);
	for (uint32_t i = 0; i < e->tries.n && go_on; i++)
		go_on = say(fd, i, try_one(e, &e->tries.v[i]));
	_exit(0);
}

/* False: the child did not say the next thing in time, or is gone. */
static bool next_answer(int fd, uint64_t deadline, struct answer *ret)
{
	for (;;) {
		uint64_t now = clock_boot();
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int ms = deadline > now ? (int)((deadline - now) / NSEC_PER_MS) + 1 : 0;
		int r = poll(&p, 1, ms);

		if (r < 0 && errno == EINTR)
			continue;
		return r > 0 && read(fd, ret, sizeof(*ret)) == sizeof(*ret);
	}
}

static void listen_to(struct explain *e, int fd)
{
	uint64_t deadline = clock_boot() + DEADLINE_NS;
	struct answer a;

	for (uint32_t i = 0; i < e->tries.n; i++) {
		if (!next_answer(fd, deadline, &a)) {
			e->not_tried = clock_boot() >= deadline ? "a try took longer than two seconds"
								: "the process that tried was ended";
			e->broke = true;
			return;
		}
		if (a.index != i) {
			e->not_tried = "becoming that user is not possible here";
			return;
		}
		e->tries.v[i].tried = true;
		e->tries.v[i].err = a.err;
	}
}

void explain_probe(struct explain *e, const struct explain_who *who)
{
	int fds[2];
	pid_t pid;

	if (!e->tries.n)
		return;
	if (who->uid != geteuid() && geteuid() != 0) {
		e->not_tried = "only root can try a bind() as another user";
		return;
	}
	if (pipe2(fds, O_CLOEXEC) < 0) {
		e->not_tried = "no pipe could be made for a try";
		return;
	}
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		child(e, who, fds[1]);
	}
	close(fds[1]);
	if (pid < 0)
		e->not_tried = "no process could be made for a try";
	else
		listen_to(e, fds[0]);
	close(fds[0]);
	if (pid < 0)
		return;
	kill(pid, SIGKILL); /* still our child: its pid cannot be another's */
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}
