/* Output that never waits: curses writes each frame into memory, and from there it goes to the terminal as fast as
 * that takes it. A terminal that stopped reading (^S, a dead link) can then hold up neither keys nor signals. */
#include "term_private.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define CHUNK 256 /* with a blocking descriptor: what a terminal that says it is writable certainly takes */

static int tty = -1, memory = -1, curses_fd = -1;
static bool nonblocking;
static atomic_bool gone;
static struct str queue;
static size_t sent; /* bytes of queue that are out */

int output_open(int tty_fd)
{
	char path[32];
	int r;

	/* A description of our own: O_NONBLOCK on the inherited one would be the shell's too. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", tty_fd);
	tty = open(path, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	nonblocking = tty >= 0;
	if (!nonblocking)
		tty = fcntl(tty_fd, F_DUPFD_CLOEXEC, 3);
	curses_fd = fcntl(tty_fd, F_DUPFD_CLOEXEC, 3);
	memory = memfd_create("sockeye", MFD_CLOEXEC);
	if (tty < 0 || curses_fd < 0 || memory < 0) {
		r = -errno;
		if (curses_fd >= 0)
			close(curses_fd);
		output_close();
		return r;
	}
	gone = false;
	return 0;
}

void output_close(void)
{
	if (tty >= 0)
		close(tty);
	if (memory >= 0)
		close(memory);
	tty = memory = curses_fd = -1;
	str_done(&queue);
	sent = 0;
}

int output_curses_fd(void)
{
	return curses_fd;
}

int output_tty(void)
{
	return tty;
}

void output_capture(void)
{
	(void)dup3(memory, curses_fd, O_CLOEXEC);
}

void output_collect(void)
{
	char buf[4096];
	off_t n, at = 0;

	n = lseek(memory, 0, SEEK_CUR);
	while (at < n) {
		ssize_t r = pread(memory, buf, sizeof(buf), at);

		if (r <= 0)
			break;
		output_put(buf, (size_t)r);
		at += r;
	}
	if (n > 0) {
		(void)!ftruncate(memory, 0);
		(void)lseek(memory, 0, SEEK_SET);
	}
}

void output_put(const char *s, size_t n)
{
	str_put(&queue, s, n);
}

bool output_pending(void)
{
	return sent < queue.n;
}

bool output_gone(void)
{
	return gone;
}

void output_abandon(void)
{
	gone = true;
}

static bool ready(int wait_ms)
{
	struct pollfd p = {tty, POLLOUT, 0};

	if (poll(&p, 1, wait_ms) <= 0)
		return false;
	if (p.revents & (POLLHUP | POLLERR | POLLNVAL))
		gone = true;
	return !gone && (p.revents & POLLOUT);
}

bool output_ready(void)
{
	return ready(0);
}

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long)(t.tv_sec * 1000 + t.tv_nsec / 1000000);
}

void output_flush(int wait_ms)
{
	long until = wait_ms ? now_ms() + wait_ms : 0;

	while (!gone && sent < queue.n) {
		size_t n = queue.n - sent;
		ssize_t r;

		if (!nonblocking) {
			if (n > CHUNK)
				n = CHUNK;
			if (!ready(0))
				n = 0;
		}
		r = n ? write(tty, queue.s + sent, n) : -1;
		if (r > 0) {
			sent += (size_t)r;
		} else if (n && errno != EAGAIN && errno != EINTR) {
			gone = true;
		} else if (!n || errno == EAGAIN) {
			long left = wait_ms ? until - now_ms() : 0;

			if (left <= 0 || !ready((int)left))
				break;
		}
	}
	if (sent == queue.n) {
		str_clear(&queue);
		sent = 0;
	}
}
