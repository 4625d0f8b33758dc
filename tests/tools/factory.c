/* A socket factory for the integration tests: opens the sockets asked for on its command line, says on stdout
 * what it opened (one JSON object a line, the last one is {"ready":…}), and holds them until stdin ends or it is
 * signalled. It exists so that every test compares what sockeye shows with sockets it knows everything about.
 *
 *     factory listen,port=8080 pair,port=9000,n=3 udp,addr=::1 listen,stubborn=1 …
 *
 * A request is a kind (the table below) and settings. Settings that say how it is held (child, uid, comm,
 * stubborn, respawn) put it into a process of its own, which dies with the factory. */
#include "factory.h"
#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

_Noreturn void fail(const char *what)
{
	fprintf(stderr, "factory %d: %s: %s\n", (int)getpid(), what, strerror(errno));
	exit(1);
}

static const struct kind *kind_find(const char *name)
{
	for (size_t i = 0; i < kinds_n; i++)
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	for (size_t i = 0; i < more_kinds_n; i++)
		if (!strcmp(more_kinds[i].name, name))
			return &more_kinds[i];
	for (size_t i = 0; i < owner_kinds_n; i++)
		if (!strcmp(owner_kinds[i].name, name))
			return &owner_kinds[i];
	return NULL;
}

/* A child says on a pipe that it holds what it should; that it ends instead is a failure. */
static void say_ready(int fd)
{
	if (write(fd, "", 1) != 1)
		fail("pipe");
	close(fd);
}

static void wait_ready(const int fds[2])
{
	char c;
	ssize_t n;

	close(fds[1]);
	while ((n = read(fds[0], &c, 1)) < 0 && errno == EINTR)
		;
	close(fds[0]);
	if (n != 1)
		exit(1); /* it has said why */
}

/* What a child inherited would make it an owner of sockets it was not asked for. */
static void close_all_but(int a, int b)
{
	int low = a < b ? a : b, high = a < b ? b : a;

	if (low > 3)
		close_range(3, (unsigned)low - 1, 0);
	if (low < 3)
		low = 2;
	if (high > low + 1)
		close_range((unsigned)low + 1, (unsigned)high - 1, 0);
	close_range((unsigned)high + 1, ~0u, 0);
}

pid_t spawn(void (*body)(const struct request *, int), const struct request *r, int arg)
{
	int done[2];
	pid_t parent = getpid(), pid;

	if (pipe(done) < 0)
		fail("pipe");
	pid = fork();
	if (pid < 0)
		fail("fork");
	if (pid == 0) {
		close_all_but(done[1], arg);
		if (r->uid >= 0 && r->uid != geteuid() &&
		    (setgroups(0, NULL) < 0 || setresgid((gid_t)r->uid, (gid_t)r->uid, (gid_t)r->uid) < 0 ||
		     setresuid((uid_t)r->uid, (uid_t)r->uid, (uid_t)r->uid) < 0))
			fail("setuid");
		/* After setuid, which clears the first and makes it a secret even for its own user. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_DUMPABLE, 1);
		if (getppid() != parent)
			_exit(1);
		if (r->comm)
			prctl(PR_SET_NAME, strcmp(r->comm, "hostile") ? r->comm : "a)\033[31m\n\xff) Z");
		if (r->stubborn)
			signal(SIGTERM, SIG_IGN);
		body(r, arg);
		say_ready(done[1]);
		for (;;)
			pause();
	}
	wait_ready(done);
	return pid;
}

static void make_any(const struct request *r, int unused)
{
	(void)unused;
	kind_find(r->kind)->make(r);
}

/* A process that starts the holder again whenever it ends. */
static void run_respawner(const struct request *r)
{
	int ready[2];
	pid_t parent = getpid();

	if (pipe(ready) < 0)
		fail("pipe");
	pid_t pid = fork();
	if (pid < 0)
		fail("fork");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		close_all_but(ready[1], -1);
		signal(SIGCHLD, SIG_DFL);
		for (;;) {
			pid_t child = spawn(make_any, r, -1);

			if (ready[1] >= 0)
				say_ready(ready[1]);
			ready[1] = -1;
			while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
				;
			usleep(300000);
		}
	}
	wait_ready(ready);
}

static void set(struct request *r, char *word)
{
	char *value = strchr(word, '=');

	if (!value) {
		errno = EINVAL;
		fail(word);
	}
	*value++ = '\0';
	unsigned long number = strtoul(value, NULL, 0);

	if (!strcmp(word, "addr"))
		r->addr = value;
	else if (!strcmp(word, "to"))
		r->to = value;
	else if (!strcmp(word, "comm"))
		r->comm = value;
	else if (!strcmp(word, "port"))
		r->port = (unsigned)number;
	else if (!strcmp(word, "n"))
		r->n = (unsigned)number;
	else if (!strcmp(word, "backlog"))
		r->backlog = (unsigned)number;
	else if (!strcmp(word, "send"))
		r->send = (unsigned)number;
	else if (!strcmp(word, "v6only"))
		r->v6only = (int)number;
	else if (!strcmp(word, "uid"))
		r->uid = (long)number;
	else if (!strcmp(word, "child"))
		r->child = number;
	else if (!strcmp(word, "stubborn"))
		r->stubborn = number;
	else if (!strcmp(word, "respawn"))
		r->respawn = number;
	else {
		errno = EINVAL;
		fail(word);
	}
}

static void run_request(char *text)
{
	struct request r = {.kind = strtok(text, ","),
			    .addr = "127.0.0.1",
			    .to = "192.0.2.1",
			    .n = 1,
			    .backlog = 16,
			    .v6only = -1,
			    .uid = -1};
	char *word;

	if (!r.kind || !kind_find(r.kind)) {
		errno = EINVAL;
		fail(text);
	}
	while ((word = strtok(NULL, ",")))
		set(&r, word);
	if (r.respawn)
		run_respawner(&r);
	else if (r.child || r.stubborn || r.uid >= 0 || r.comm)
		spawn(make_any, &r, -1);
	else
		make_any(&r, 0);
}

int main(int argc, char **argv)
{
	struct rlimit limit;
	char line[64];

	if (argc < 2) {
		fprintf(stderr, "usage: factory KIND[,port=N,addr=IP,n=N,…] …\n");
		for (size_t i = 0; i < kinds_n; i++)
			fprintf(stderr, "  %-16s %s\n", kinds[i].name, kinds[i].help);
		for (size_t i = 0; i < more_kinds_n; i++)
			fprintf(stderr, "  %-16s %s\n", more_kinds[i].name, more_kinds[i].help);
		for (size_t i = 0; i < owner_kinds_n; i++)
			fprintf(stderr, "  %-16s %s\n", owner_kinds[i].name, owner_kinds[i].help);
		return 2;
	}
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN); /* a child that a test killed leaves no zombie */
	for (int i = 1; i < argc; i++)
		run_request(argv[i]);
	int n = snprintf(line, sizeof(line), "{\"ready\":true,\"pid\":%d}\n", (int)getpid());
	if (write(1, line, (size_t)n) != n)
		fail("stdout");

	struct pollfd in = {.fd = 0, .events = POLLIN};
	for (;;) {
		char buf[64];

		if (poll(&in, 1, -1) > 0 && read(0, buf, sizeof(buf)) <= 0)
			return 0;
	}
}
