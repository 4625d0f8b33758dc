/* Talks to systemd through systemctl, started without a shell: ends a unit, and asks what it will start again. */
#include "kill_private.h"

#include "sockeye/base/units.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define UNITS_MAX 8 /* asked about at once */
#define SAID_MAX 8192

/* Places, not PATH: this may run as root in an environment that somebody else made. */
static const char *const places[] = {"/usr/bin/systemctl", "/bin/systemctl",
				     "/run/current-system/sw/bin/systemctl"};

static const char *systemctl(void)
{
	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		if (access(places[i], X_OK) == 0)
			return places[i];
	return NULL;
}

bool unit_systemctl(void)
{
	return systemctl() != NULL;
}

/* Its words come through *ret_out; it reads nothing, gets no signal mask of ours, and takes no descriptor along. A
 * user's own manager is found by where his runtime files are: pam_systemd(8). */
static int run(char *const argv[], pid_t *ret_pid, int *ret_out)
{
	char runtime[48];
	char *env[] = {"LC_ALL=C", "SYSTEMD_PAGER=", "SYSTEMD_COLORS=0", "PATH=/usr/bin:/bin", runtime, NULL};
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	sigset_t none, dfl;
	int fds[2], r;

	snprintf(runtime, sizeof(runtime), "XDG_RUNTIME_DIR=/run/user/%u", geteuid());
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&fa, fds[1], 1);
	posix_spawn_file_actions_adddup2(&fa, fds[1], 2);
	sigemptyset(&none);
	sigemptyset(&dfl);
	sigaddset(&dfl, SIGPIPE);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &dfl);
	posix_spawnattr_setpgroup(&attr, 0); /* ^C in our terminal is not meant for it */
	posix_spawnattr_setflags(&attr,
				 POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
	r = posix_spawn(ret_pid, argv[0], &fa, &attr, argv, env);
	posix_spawn_file_actions_destroy(&fa);
	posix_spawnattr_destroy(&attr);
	close(fds[1]);
	if (r) {
		close(fds[0]);
		return -r;
	}
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	*ret_out = fds[0];
	return 0;
}

/* True: more may come. */
static bool drain(int fd, struct str *out)
{
	char buf[1024];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0)
		if (out->n < SAID_MAX)
			str_put(out, buf, (size_t)n);
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

int unit_job_start(struct unit_job *j, const char *unit, bool user)
{
	const char *program = systemctl();
	char *argv[] = {(char *)program,
			user ? "--user" : "--system",
			"--no-ask-password",
			"--quiet",
			"stop",
			"--",
			(char *)unit,
			NULL};

	if (!program)
		return -ENOENT;
	if (!kill_unit_stoppable(unit))
		return -EINVAL;
	unit_job_done(j);
	return run(argv, &j->pid, &j->out);
}

int unit_job_poll(struct unit_job *j, int *ret_status)
{
	pid_t r;

	if (!j->pid)
		return 0;
	if (j->out >= 0)
		drain(j->out, &j->said);
	r = waitpid(j->pid, ret_status, WNOHANG);
	if (r == 0)
		return 0;
	if (r < 0)
		*ret_status = 0;
	if (j->out >= 0)
		drain(j->out, &j->said);
	j->pid = 0;
	return 1;
}

void unit_job_done(struct unit_job *j)
{
	/* One that still runs goes on: the unit is being stopped, as was wanted. */
	if (j->pid)
		waitpid(j->pid, NULL, WNOHANG);
	j->pid = 0;
	if (j->out >= 0)
		close(j->out);
	j->out = -1;
	str_done(&j->said);
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / NSEC_PER_MS;
}

/* One manager about its units. 0: there is none of it, or it answered. */
static int ask_manager(const struct kill_plan *p, bool user, uint64_t end, struct str *out)
{
	const char *program = systemctl();
	char *argv[7 + UNITS_MAX] = {(char *)program,
				     user ? "--user" : "--system",
				     "--no-ask-password",
				     "show",
				     "--property=Id,Restart,RestartUSec,MainPID,TriggeredBy",
				     "--"};
	size_t first = 6, n = first;
	int fd, status = 0, r;
	bool more = true;
	uint64_t now;
	pid_t pid;

	for (size_t i = 0; i < p->respawns.n && n < first + UNITS_MAX; i++)
		if (p->respawns.v[i].user == user && kill_unit_stoppable(p->respawns.v[i].unit))
			argv[n++] = (char *)p->respawns.v[i].unit;
	if (n == first)
		return 0;
	r = run(argv, &pid, &fd);
	if (r < 0)
		return r;
	while (more && (now = now_ms()) < end) {
		struct pollfd pf = {.fd = fd, .events = POLLIN};

		if (poll(&pf, 1, (int)(end - now)) > 0)
			more = drain(fd, out);
	}
	close(fd);
	/* It only asks: nothing is lost when it is ended in the middle. */
	if (more)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (more)
		return -ETIMEDOUT;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}

int unit_ask(const struct kill_plan *p, uint64_t timeout_ns, struct str *out)
{
	uint64_t end = now_ms() + timeout_ns / NSEC_PER_MS;
	int r, own;

	if (!systemctl() || !p->respawns.n)
		return -ENOENT;
	r = ask_manager(p, false, end, out);
	str_puts(out, out->n ? "\n" : ""); /* an empty line parts units */
	own = ask_manager(p, true, end, out);
	return r < 0 ? r : own;
}
