/* Real network namespaces that this test makes, with sockets in them, as a look sees them. */
#include "diag_again.h"
#include "netns_enter.h"
#include "sockeye/collect/source.h"
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct place { /* a process of this test's in a namespace of its own, with sockets in it */
	pid_t pid;
	uint64_t inode;
};
#define PORT 18080

static int listen_here(int family)
{
	struct sockaddr_in6 v6 = {
		.sin6_family = AF_INET6, .sin6_port = htons(PORT), .sin6_addr = in6addr_loopback};
	struct sockaddr_in v4 = {
		.sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	void *a = family == AF_INET ? (void *)&v4 : (void *)&v6;

	if (bind(fd, a, family == AF_INET ? sizeof(v4) : sizeof(v6)) || listen(fd, 4096))
		return -1;
	return fd;
}

static bool connect_here(int listener)
{
	struct sockaddr_in v4 = {
		.sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return !connect(fd, (struct sockaddr *)&v4, sizeof(v4)) && accept(listener, NULL, NULL) >= 0;
}

static bool lo_up(void)
{
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int control = socket(AF_INET, SOCK_DGRAM, 0);
	bool up = !ioctl(control, SIOCSIFFLAGS, &lo);

	close(control);
	return up;
}

static void live_there(unsigned connections, int ready)
{
	int listener, range;
	char c = 'y';

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (unshare(CLONE_NEWNET))
		_exit(write(ready, "n", 1) != 1);
	if (!lo_up())
		c = 'e';
	range = open("/proc/sys/net/ipv4/ip_local_port_range", O_WRONLY);
	if (range < 0 || write(range, "20000 21000", 11) != 11)
		c = 'e';
	close(range);
	listener = listen_here(AF_INET);
	for (unsigned i = 0; i < connections; i++)
		if (!connect_here(listener))
			c = 'e';
	if (listener < 0 || write(ready, &c, 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

/* False: that is not permitted here. */
static bool place_open(struct place *p, unsigned connections)
{
	int ready[2];
	char path[64], c = 0;
	struct stat st;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	p->pid = fork();
	assert_true(p->pid >= 0);
	if (!p->pid)
		live_there(connections, ready[1]);
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	assert_int_not_equal(c, 'e');
	if (c == 'n') {
		waitpid(p->pid, NULL, 0);
		return false;
	}
	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)p->pid);
	assert_int_equal(stat(path, &st), 0);
	p->inode = st.st_ino;
	return true;
}

static void place_close(struct place *p)
{
	kill(p->pid, SIGKILL);
	assert_int_equal(waitpid(p->pid, NULL, 0), p->pid);
}

struct eye {
	struct intern *names;
	struct source *source;
	struct snapshot snap;
};

static void eye_open(struct eye *e)
{
	e->names = intern_new();
	snapshot_init(&e->snap);
	assert_int_equal(live_open(e->names, "/proc", &e->source), 0);
}

static void eye_close(struct eye *e)
{
	source_free(e->source);
	snapshot_done(&e->snap);
	intern_free(e->names);
}

static void eye_look(struct eye *e, enum want_netns netns, uint64_t inode)
{
	struct want want = {.protos = 1u << PROTO_TCP | 1u << PROTO_UDP,
			    .states = STATES_ALL,
			    .attrs = WANT_INFO | WANT_MEM | WANT_OWNERS,
			    .netns = netns,
			    .netns_inode = inode};

	assert_int_equal(source_look(e->source, &want, &e->snap), 0);
	assert_int_equal(e->snap.infos.n, e->snap.socks.n);
}

static const struct snap_netns *facts(const struct eye *e, uint64_t inode)
{
	for (size_t i = 0; i < e->snap.netns.n; i++)
		if (e->snap.netns.v[i].inode == inode && !e->snap.netns.v[i].ended)
			return &e->snap.netns.v[i];
	return NULL;
}

static unsigned count(const struct eye *e, uint64_t inode, enum state state)
{
	const struct snap_netns *ns = facts(e, inode);
	unsigned n = 0;

	for (size_t i = 0; ns && i < e->snap.socks.n; i++)
		n += &e->snap.netns.v[e->snap.socks.v[i].netns] == ns && e->snap.socks.v[i].state == state &&
		     e->snap.socks.v[i].proto == PROTO_TCP;
	return n;
}

static bool listens_at(const struct eye *e, uint64_t inode, pid_t pid)
{
	for (size_t i = 0; i < e->snap.socks.n; i++) {
		const struct sock *s = &e->snap.socks.v[i];

		if (e->snap.netns.v[s->netns].inode != inode || s->lport != PORT ||
		    s->state != STATE_LISTENING)
			continue;
		for (size_t k = 0; k < e->snap.fds.n; k++)
			if (e->snap.fds.v[k].inode == s->inode &&
			    e->snap.procs.v[e->snap.fds.v[k].proc].pid == (uint32_t)pid)
				return true;
	}
	return false;
}

static unsigned open_files(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static void test_real(void **state)
{
	struct place a, b;
	struct eye e;
	struct stat own;
	unsigned files;
	size_t before;
	bool said = false;
	int listener;

	if (!place_open(&a, 2))
		skip();
	assert_true(place_open(&b, 0));
	assert_int_equal(stat("/proc/self/ns/net", &own), 0);
	listener = listen_here(AF_INET);
	assert_true(listener >= 0);
	eye_open(&e);
	eye_look(&e, WANT_NETNS_OWN, 0);
	files = open_files();
	assert_int_equal(e.snap.netns.n, 1);
	assert_true(listens_at(&e, own.st_ino, getpid()));

	for (int i = 0; i < 3; i++) { /* walked, then asked for again */
		eye_look(&e, WANT_NETNS_ALL, 0);
		assert_true(e.snap.netns.v[0].own && e.snap.netns.v[0].inode == own.st_ino);
		assert_true(listens_at(&e, own.st_ino, getpid()));
		assert_true(listens_at(&e, a.inode, a.pid));
		assert_true(listens_at(&e, b.inode, b.pid));
		assert_int_equal(count(&e, a.inode, STATE_LISTENING), 1);
		assert_int_equal(count(&e, a.inode, STATE_ESTABLISHED), 4);
		assert_int_equal(count(&e, b.inode, STATE_ESTABLISHED), 0);
		assert_int_equal(facts(&e, a.inode)->eph_low, 20000);
		assert_int_equal(facts(&e, a.inode)->eph_high, 21000);
		assert_false(facts(&e, a.inode)->own);
		assert_true(facts(&e, a.inode)->as_of_ns == 0);
	}
	eye_look(&e, WANT_NETNS_ONE, a.inode);
	assert_int_equal(e.snap.netns.n, 1);
	assert_true(e.snap.netns.v[0].inode == a.inode && !e.snap.netns.v[0].own);
	assert_int_equal(count(&e, a.inode, STATE_ESTABLISHED), 4);
	eye_look(&e, WANT_NETNS_ALL, 0);
	assert_true(listens_at(&e, b.inode, b.pid));

	/* what nobody else holds is let go of, by a look or without */
	before = (size_t)(facts(&e, b.inode) - e.snap.netns.v);
	place_close(&a);
	live_let_go(e.source);
	eye_look(&e, WANT_NETNS_ALL, 0);
	assert_null(facts(&e, a.inode));
	assert_true(listens_at(&e, b.inode, b.pid));
	assert_int_equal(facts(&e, b.inode) - e.snap.netns.v, before); /* who stays keeps his place */
	place_close(&b);
	eye_look(&e, WANT_NETNS_OWN, 0);
	assert_int_equal(open_files(), files);
	eye_look(&e, WANT_NETNS_ONE, a.inode);
	assert_int_equal(e.snap.netns.n, 0);
	assert_int_equal(e.snap.socks.n, 0);
	for (size_t i = 0; i < e.snap.limits.n && !said; i++)
		said = !strcmp(e.snap.limits.v[i].what, "netns") &&
		       !strcmp(e.snap.limits.v[i].reason, "gone");
	assert_true(said);
	eye_close(&e);
	close(listener);
}

static int unread_of(const struct eye *e, const struct place p[2])
{
	return facts(e, p[0].inode)->unread + facts(e, p[1].inode)->unread;
}

/* Too many to be asked for one by one, and no time: one is walked, the other's old rows stand. */
static void test_rotation(void **state)
{
	struct place p[2];
	struct eye e;
	unsigned old = 0;

	if (!place_open(&p[0], DIAG_AGAIN_MAX))
		skip();
	assert_true(place_open(&p[1], DIAG_AGAIN_MAX));
	eye_open(&e);
	eye_look(&e, WANT_NETNS_ALL, 0);
	live_set_ns_budget(e.source, 1);
	for (int i = 0; i < 6; i++) {
		eye_look(&e, WANT_NETNS_ALL, 0);
		for (int k = 0; k < 2; k++) {
			assert_int_equal(count(&e, p[k].inode, STATE_ESTABLISHED), 2 * DIAG_AGAIN_MAX);
			assert_int_equal(count(&e, p[k].inode, STATE_LISTENING), 1);
			assert_true(facts(&e, p[k].inode)->as_of_ns < e.snap.boot_ns);
			assert_false(facts(&e, p[k].inode)->unread);
			old += facts(&e, p[k].inode)->as_of_ns > 0;
		}
	}
	assert_true(old >= 6); /* more, when this machine has others that are busy */
	eye_close(&e);
	/* with no time from the start: not read yet, and said so; the turn comes */
	eye_open(&e);
	live_set_ns_budget(e.source, 1);
	eye_look(&e, WANT_NETNS_ALL, 0);
	assert_true(unread_of(&e, p) >= 1);
	for (int i = 0; unread_of(&e, p); i++) {
		assert_true(i < 100);
		for (int k = 0; k < 2; k++) {
			bool unread = facts(&e, p[k].inode)->unread;

			assert_int_equal(count(&e, p[k].inode, STATE_ESTABLISHED),
					 unread ? 0 : 2 * DIAG_AGAIN_MAX);
			assert_int_equal(count(&e, p[k].inode, STATE_LISTENING), 1);
		}
		eye_look(&e, WANT_NETNS_ALL, 0);
	}
	eye_close(&e);
	place_close(&p[0]);
	place_close(&p[1]);
}

static void make_socket(void *arg)
{
	*(int *)arg = listen_here(AF_INET6);
}

/* The last process leaves, but a socket of the namespace lives on in a process elsewhere. */
static void test_held_by_a_socket(void **state)
{
	struct place p;
	struct eye e;
	char path[64];
	int ns, fd = -1, to_child[2];
	pid_t holder;
	char c;

	if (!place_open(&p, 0))
		skip();
	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)p.pid);
	ns = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(netns_enter(ns, make_socket, &fd), 0);
	assert_true(fd >= 0);
	close(ns);
	assert_int_equal(pipe(to_child), 0);
	holder = fork();
	assert_true(holder >= 0);
	if (!holder) {
		close(to_child[1]);
		_exit(read(to_child[0], &c, 1) != 0);
	}
	close(fd); /* our own would not count */
	eye_open(&e);
	eye_look(&e, WANT_NETNS_ALL, 0);
	assert_int_equal(count(&e, p.inode, STATE_LISTENING), 2);
	place_close(&p);
	/* another choice makes it search at once */
	eye_look(&e, WANT_NETNS_ONE, p.inode);
	assert_int_equal(count(&e, p.inode, STATE_LISTENING), 1);
	eye_look(&e, WANT_NETNS_ALL, 0);
	assert_int_equal(count(&e, p.inode, STATE_LISTENING), 1);
	close(to_child[1]);
	assert_int_equal(waitpid(holder, NULL, 0), holder);
	close(to_child[0]);
	eye_look(&e, WANT_NETNS_ONE, p.inode);
	eye_look(&e, WANT_NETNS_ALL, 0);
	assert_null(facts(&e, p.inode));
	eye_close(&e);
}

/* Nothing but a socket leads there: neither a process nor a mount, before we ever looked. */
static void test_stray(void **state)
{
	struct place p;
	struct eye e;
	char path[64];
	int ns, fd = -1, to_child[2];
	pid_t holder;
	uint32_t inode;
	struct stat st;
	char c;

	if (!place_open(&p, 0))
		skip();
	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)p.pid);
	ns = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(netns_enter(ns, make_socket, &fd), 0);
	close(ns);
	assert_true(fd >= 0 && !fstat(fd, &st));
	inode = (uint32_t)st.st_ino;
	assert_int_equal(pipe(to_child), 0);
	holder = fork();
	assert_true(holder >= 0);
	if (!holder) {
		close(to_child[1]);
		_exit(read(to_child[0], &c, 1) != 0);
	}
	close(fd);
	place_close(&p);
	for (unsigned round = 0; round < 2; round++) {
		unsigned looks = 0;
		bool found = false;

		eye_open(&e);
		/* once, or as a dashboard does: in the course of some looks */
		live_set_owner_budget(e.source, round ? 50000000 : 0);
		while (!found && looks++ < (round ? 500 : 1)) {
			eye_look(&e, WANT_NETNS_ALL, 0);
			found = count(&e, p.inode, STATE_LISTENING) == 1;
		}
		assert_true(found);
		for (size_t i = 0; i < e.snap.socks.n; i++)
			if (e.snap.socks.v[i].inode == inode)
				assert_true(listens_at(&e, p.inode, holder));
		eye_close(&e);
	}
	close(to_child[1]);
	assert_int_equal(waitpid(holder, NULL, 0), holder);
	close(to_child[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_real),
		cmocka_unit_test(test_rotation),
		cmocka_unit_test(test_held_by_a_socket),
		cmocka_unit_test(test_stray),
	};

	/* The port is the same everywhere, and another run of this test may go on beside it. */
	if (!unshare(CLONE_NEWNET))
		lo_up();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
