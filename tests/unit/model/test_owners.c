/* Owners, reasons for having none, former owners, processes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fixture.h"
#include "sockeye/base/units.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct owner *owner(const struct frame *f, uint32_t row, uint32_t i)
{
	return i < frame_row(f, row)->owner_n ? frame_owner(f, frame_row(f, row), i) : NULL;
}

static void all_owners_count(void **state)
{
	struct fixture x;
	const struct frame *f;
	uint32_t s, other;

	fixture_init(&x);
	fixture_proc(&x, 10, 1, 0, "parent", "/system.slice/a.service");
	fixture_proc(&x, 11, 10, 5, "child", "/system.slice/b.service");
	s = fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:80", NULL);
	other = fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:81", NULL);
	fixture_fd(&x, s, 11, 3);
	fixture_fd(&x, s, 10, 3);
	fixture_fd(&x, s, 10, -1); /* an io_uring file */
	fixture_fd(&x, other, 11, 4);
	f = fixture_apply(&x, 0);
	for (int look = 0; look < 3; look++) {
		assert_int_equal(frame_row(f, s)->owner_n, 3);
		assert_int_equal(f->procs.v[owner(f, s, 0)->proc].p.pid, 10);
		assert_int_equal(owner(f, s, 1)->fd, -1);
		assert_int_equal(f->procs.v[owner(f, s, 2)->proc].p.pid, 11);
		assert_int_equal(frame_row(f, s)->reason, REASON_OWNED);
		assert_string_equal(intern_get(f->names, frame_row(f, s)->unit), "a.service");
		assert_int_equal(frame_first_owner(f, s, false), owner(f, s, 0)->proc);
		assert_int_equal(f->procs.v[0].sock_n, 1); /* once, by however many descriptors */
		assert_int_equal(f->procs.v[1].sock_n, 2);
		assert_int_equal(f->procs.v[1].port_n, 2);
		assert_int_equal(f->ports.v[f->proc_ports.v[f->procs.v[1].port]].port, 80);
		assert_int_equal(f->ports.v[f->proc_ports.v[f->procs.v[1].port + 1]].port, 81);
		if (look == 1) { /* descriptors move about between looks */
			fixture_proc(&x, 5, 1, 0, "new", "");
			uint32_t n = fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:82", NULL);

			fixture_fd(&x, n, 5, 3);
			struct snap_fd last = x.snap.fds.v[x.snap.fds.n - 1];

			memmove(x.snap.fds.v + 1, x.snap.fds.v, (x.snap.fds.n - 1) * sizeof(last));
			x.snap.fds.v[0] = last;
		}
		f = fixture_apply(&x, 1);
	}
	assert_int_equal(f->procs.v[owner(f, 2, 0)->proc].p.pid, 5);
	fixture_done(&x);
}

static uint8_t why(struct fixture *x, uint32_t row)
{
	return frame_row(fixture_apply(x, 1), row)->reason;
}

static void reasons(void **state)
{
	struct fixture x;
	uint32_t tw, sr, fw, la, un, cw, kl, kc, nofd, lost;
	const struct frame *f;

	fixture_init(&x);
	tw = fixture_sock(&x, PROTO_TCP, STATE_TIME_WAIT, "10.0.0.5:80", "10.0.0.7:1");
	sr = fixture_sock(&x, PROTO_TCP, STATE_SYN_RECV, "10.0.0.5:80", "10.0.0.7:2");
	fw = fixture_sock(&x, PROTO_TCP, STATE_FIN_WAIT_2, "10.0.0.5:80", "10.0.0.7:3");
	la = fixture_sock(&x, PROTO_TCP, STATE_LAST_ACK, "10.0.0.5:80", "10.0.0.7:4");
	x.snap.socks.v[la].inode = 0;
	un = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:80", "10.0.0.7:5");
	x.snap.socks.v[un].inode = 0;
	cw = fixture_sock(&x, PROTO_TCP, STATE_CLOSE_WAIT, "10.0.0.5:80", "10.0.0.7:6");
	x.snap.socks.v[cw].inode = 0;
	lost = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:99", "10.0.0.7:6");
	x.snap.socks.v[lost].inode = 0; /* nobody listens on 99 */
	kl = fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:2049", NULL);
	kc = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:2049", "10.0.0.7:7");
	nofd = fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:80", NULL);
	x.snap.socks.v[nofd].uid = 33;
	f = fixture_apply(&x, 0);
	assert_int_equal(frame_row(f, tw)->reason, REASON_TIME_WAIT);
	assert_int_equal(frame_row(f, sr)->reason, REASON_SYN_RECV);
	assert_int_equal(frame_row(f, fw)->reason, REASON_ORPHAN);
	assert_int_equal(frame_row(f, la)->reason, REASON_ORPHAN);
	assert_int_equal(frame_row(f, un)->reason, REASON_UNACCEPTED);
	assert_int_equal(frame_row(f, un)->listener, nofd);
	assert_int_equal(frame_row(f, cw)->reason, REASON_UNACCEPTED);
	assert_int_equal(frame_row(f, sr)->listener, nofd);
	assert_int_equal(frame_row(f, tw)->listener, NONE);
	assert_int_equal(frame_row(f, kl)->reason, REASON_KERNEL);
	assert_int_equal(frame_row(f, kc)->reason, REASON_KERNEL);
	assert_int_equal(frame_row(f, kc)->owner_n, 0);
	assert_int_equal(frame_row(f, nofd)->reason, REASON_NO_FD);
	assert_int_equal(frame_row(f, lost)->reason, REASON_NO_FD);
	assert_int_equal(f->ports.v[frame_port_by_key(f, 0, PROTO_TCP, 80)].reason, REASON_NO_FD);

	/* the kernel is a process of its own, with sockets and ports but no owners */
	uint32_t k = frame_proc_by_key(f, 0, 0);

	assert_int_not_equal(k, NONE);
	assert_int_equal(f->procs.v[k].sock_n, 2);
	assert_int_equal(f->procs.v[k].port_n, 1);
	assert_null(f->procs.v[k].late);
	assert_int_equal(f->tally.procs.v[k].conns, 1);
	assert_int_equal(f->open_procs, f->procs.n);

	x.snap.hidden_procs = 3;
	assert_int_equal(why(&x, kl), REASON_NOT_PERMITTED);
	assert_int_equal(why(&x, nofd), REASON_NOT_PERMITTED);
	assert_int_equal(why(&x, tw), REASON_TIME_WAIT);
	x.snap.owners_complete = false;
	assert_int_equal(why(&x, kl), REASON_NOT_SCANNED);
	assert_int_equal(why(&x, un), REASON_UNACCEPTED);
	x.snap.owners_complete = true;
	x.snap.hidden_procs = 0;
	x.snap.want.attrs &= ~(uint32_t)WANT_OWNERS;
	assert_int_equal(why(&x, nofd), REASON_NOT_SCANNED);
	assert_int_equal(frame_proc_by_key(fixture_apply(&x, 1), 0, 0), NONE);
	fixture_done(&x);
}

/* A dump and the scan of descriptors are two moments: nothing turns into the kernel's between them. */
static void never_blames_the_kernel_in_passing(void **state)
{
	struct fixture x;
	const struct frame *f;
	uint32_t s, fresh;

	fixture_init(&x);
	fixture_proc(&x, 10, 1, 0, "sshd", "");
	s = fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:22", NULL);
	fixture_fd(&x, s, 10, 3);
	fixture_apply(&x, 0);
	x.snap.fds.n = 0; /* closed after the dump, before the scan */
	fresh = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:22", "10.0.0.7:1");
	f = fixture_apply(&x, 1);
	assert_int_equal(frame_row(f, s)->reason, REASON_NO_FD);
	assert_int_equal(frame_row(f, s)->owner_n, 1);
	assert_true(owner(f, s, 0)->former);
	assert_int_equal(frame_row(f, fresh)->reason, REASON_NO_FD);
	assert_int_equal(f->ports.v[frame_port_of(f, s)].holder_n, 0); /* who had it holds it no more */
	assert_int_equal(f->ports.v[frame_port_of(f, s)].reason, REASON_NO_FD);
	assert_int_equal(frame_proc_by_key(f, 0, 0), NONE);
	f = fixture_apply(&x, 1); /* still without: it was the kernel's all along */
	assert_int_equal(frame_row(f, fresh)->reason, REASON_KERNEL);
	assert_int_equal(frame_row(f, s)->reason, REASON_NO_FD);
	x.snap.socks.n = x.snap.infos.n = 0;
	f = fixture_apply(&x, 1);
	assert_int_equal(frame_row(f, s)->marks & MARK_MISSED, MARK_MISSED);
	assert_int_equal(frame_row(f, s)->reason, REASON_NO_FD);
	assert_int_equal(frame_row(f, fresh)->reason, REASON_KERNEL);
	fixture_done(&x);
}

static void listener_not_asked_for(void **state)
{
	struct fixture x;
	uint32_t s;

	fixture_init(&x);
	s = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:80", "10.0.0.7:5");
	x.snap.socks.v[s].inode = 0;
	x.snap.want.states &= ~STATES_PORT;
	assert_int_equal(why(&x, s), REASON_UNACCEPTED);
	fixture_done(&x);
}

static void former_owners(void **state)
{
	struct fixture x;
	const struct frame *f;
	uint32_t s;

	fixture_init(&x);
	fixture_proc(&x, 10, 1, 0, "nginx", "/system.slice/nginx.service");
	fixture_late(&x, 10, "nginx: worker", "/usr/sbin/nginx");
	s = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:80", "10.0.0.7:1");
	fixture_fd(&x, s, 10, 9);
	fixture_apply(&x, 0);
	x.snap.socks.v[s].state = STATE_TIME_WAIT;
	x.snap.socks.v[s].inode = 0;
	x.snap.fds.n = 0;
	f = fixture_apply(&x, 1);
	assert_int_equal(frame_row(f, s)->owner_n, 1);
	assert_true(owner(f, s, 0)->former);
	assert_int_equal(owner(f, s, 0)->fd, 9);
	assert_int_equal(frame_row(f, s)->reason, REASON_TIME_WAIT);
	assert_int_equal(frame_first_owner(f, s, false), NONE);
	assert_int_equal(frame_first_owner(f, s, true), 0);
	assert_string_equal(intern_get(f->names, frame_row(f, s)->unit), "nginx.service");
	assert_int_equal(f->procs.v[0].sock_n, 0); /* a former owner owns nothing */
	assert_int_equal(f->tally.procs.v[0].socks, 0);

	/* The process ends: closed for 3 s, then kept only as the name of a former owner. */
	x.snap.procs.n = 0;
	f = fixture_apply(&x, 1);
	assert_int_equal(f->open_procs, 0);
	assert_int_equal(f->procs.n, 1);
	assert_true(f->procs.v[0].marks & MARK_CLOSED);
	for (int i = 0; i < 10; i++)
		f = fixture_apply(&x, 1);
	assert_int_equal(f->procs.n, 1);
	assert_int_equal(f->procs.v[0].marks & (MARK_CLOSED | MARK_FORMER), MARK_CLOSED | MARK_FORMER);
	assert_int_equal(frame_first_owner(f, s, true), 0);
	assert_string_equal(late_get(f->procs.v[0].late, LATE_EXE), "/usr/sbin/nginx");

	/* Another process with the same number is another one. */
	fixture_proc(&x, 10, 1, 0, "other", "")->start = 99999;
	f = fixture_apply(&x, 1);
	assert_int_equal(f->procs.n, 2);
	assert_int_equal(frame_first_owner(f, s, true), 1);
	assert_ptr_not_equal(f->procs.v[0].late, f->procs.v[1].late);
	fixture_remove_sock(&x, s);
	for (int i = 0; i < 6; i++)
		f = fixture_apply(&x, 1);
	assert_int_equal(f->procs.n, 1); /* nobody names it any more */
	fixture_done(&x);
}

static void processes_over_time(void **state)
{
	struct fixture x;
	const struct frame *f;
	struct late *late;
	uint32_t s;

	fixture_init(&x);
	fixture_proc(&x, 10, 1, 1000, "a", "");
	x.snap.procs.v[0].cpu_ticks = 500;
	f = fixture_apply(&x, 0);
	late = f->procs.v[0].late;
	assert_int_equal(late_a(late), 10);
	assert_int_equal(late_b(late), 1000);
	assert_true(isnan(f->procs.v[0].cpu));
	assert_int_equal(f->procs.v[0].marks, MARK_START);
	x.snap.procs.v[0].cpu_ticks += 50;
	fixture_proc(&x, 11, 1, 1000, "b", "");
	s = fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:80", NULL);
	fixture_fd(&x, s, 11, 3);
	f = fixture_apply(&x, 2);
	assert_ptr_equal(f->procs.v[0].late, late);
	assert_float_equal(f->procs.v[0].cpu, 0.25, 0.001); /* half a second of two */
	assert_int_equal(f->procs.v[1].marks, MARK_NEW);
	assert_true(isnan(f->procs.v[1].cpu));
	assert_int_equal(f->users.n, 2); /* 0 (the socket's) and 1000 */
	assert_int_equal(f->users.v[0].uid, 0);
	assert_int_equal(f->users.v[1].uid, 1000);

	/* Who had sockets and ends is shown closed; who had none just goes. */
	fixture_remove_sock(&x, s);
	x.snap.procs.n = 0;
	f = fixture_apply(&x, 1);
	assert_int_equal(f->open_procs, 0);
	assert_int_equal(f->procs.n, 1);
	assert_int_equal(f->procs.v[0].p.pid, 11);
	assert_int_equal(f->procs.v[0].closed_ns, f->boot_ns);
	for (int i = 0; i < 6; i++)
		f = fixture_apply(&x, 1);
	assert_int_equal(f->procs.n, 0);
	fixture_done(&x);
}

/* Late texts outlive frames that are recycled meanwhile. */
static void late_slots_are_carried(void **state)
{
	struct fixture x;
	const struct frame *f;

	fixture_init(&x);
	fixture_proc(&x, 10, 1, 1000, "a", "");
	f = fixture_apply(&x, 0);
	late_set(f->procs.v[0].late, LATE_CMDLINE, "a -b", 4);
	late_set(f->users.v[0].late, LATE_USER, "deploy", 6);
	for (int i = 0; i < 7; i++)
		f = fixture_apply(&x, 1);
	assert_string_equal(late_get(f->procs.v[0].late, LATE_CMDLINE), "a -b");
	assert_string_equal(frame_user(f, 1000), "deploy");
	fixture_done(&x);
}

static uint32_t cgroup(struct fixture *x, const char *path)
{
	return intern_adds(x->names, path);
}

/* Only who may hold a socket makes it "not permitted". */
static void hidden_processes(void **state)
{
	struct snap_hidden root = {0, 0, SNAP_ANY, 1}, pid1 = {0, 0, 0, 1},
			   other_ns = {0, 0, SNAP_NOT_OWN, 1}, worker = {33, 0, SNAP_ANY, 4},
			   any = {SNAP_ANY, 0, SNAP_ANY, 1};
	struct fixture x;
	uint32_t kernel, mine, there, service, mini;

	fixture_init(&x);
	fixture_netns(&x, "db");
	kernel = fixture_sock(&x, PROTO_UDP, STATE_UNCONN, "*:4789", NULL);
	mine = fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:22", NULL);
	there = fixture_sock(&x, PROTO_UDP, STATE_UNCONN, "*:4789", NULL);
	service = fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:80", NULL);
	mini = fixture_sock(&x, PROTO_TCP, STATE_CLOSE_WAIT, "10.0.0.5:81", "10.0.0.6:1");
	x.snap.socks.v[mine].uid = 1000;
	x.snap.socks.v[there].netns = 1;
	x.snap.socks.v[service].cgroup = cgroup(&x, "/system.slice/nginx.service");
	x.snap.socks.v[mini].flags &= (uint16_t)~SOCK_HAS_UID;
	fixture_apply(&x, 1);
#define REASONS(a, b, c, d, e)                                                                               \
	do {                                                                                                 \
		const struct frame *f_ = fixture_apply(&x, 1);                                               \
		assert_int_equal(frame_row(f_, kernel)->reason, a);                                          \
		assert_int_equal(frame_row(f_, mine)->reason, b);                                            \
		assert_int_equal(frame_row(f_, there)->reason, c);                                           \
		assert_int_equal(frame_row(f_, service)->reason, d);                                         \
		assert_int_equal(frame_row(f_, mini)->reason, e);                                            \
	} while (0)
	REASONS(REASON_KERNEL, REASON_NO_FD, REASON_KERNEL, REASON_KERNEL, REASON_NO_FD);
	x.snap.hidden_procs = 1;
	vec_push(&x.snap.hidden, root);
	REASONS(REASON_NOT_PERMITTED, REASON_NO_FD, REASON_NOT_PERMITTED, REASON_NOT_PERMITTED,
		REASON_NOT_PERMITTED);
	x.snap.hidden.v[0] = pid1;
	REASONS(REASON_NOT_PERMITTED, REASON_NO_FD, REASON_KERNEL, REASON_NOT_PERMITTED,
		REASON_NOT_PERMITTED);
	x.snap.hidden.v[0] = other_ns;
	REASONS(REASON_KERNEL, REASON_NO_FD, REASON_NOT_PERMITTED, REASON_KERNEL, REASON_NO_FD);
	x.snap.hidden.v[0] = any;
	REASONS(REASON_NOT_PERMITTED, REASON_NOT_PERMITTED, REASON_NOT_PERMITTED, REASON_NOT_PERMITTED,
		REASON_NOT_PERMITTED);
	/* a worker that gave up its rights holds what its master opened: they share a cgroup */
	x.snap.hidden.v[0] = worker;
	x.snap.hidden.v[0].cgroup = x.snap.socks.v[service].cgroup;
	REASONS(REASON_KERNEL, REASON_NO_FD, REASON_KERNEL, REASON_NOT_PERMITTED, REASON_NOT_PERMITTED);
	/* nobody in a group made what says that it is of the root */
	x.snap.hidden.v[0] = root;
	x.snap.hidden.v[0].cgroup = cgroup(&x, "/init.scope");
	x.snap.socks.v[kernel].cgroup = cgroup(&x, "/");
	REASONS(REASON_KERNEL, REASON_NO_FD, REASON_NOT_PERMITTED, REASON_NOT_PERMITTED,
		REASON_NOT_PERMITTED);
	x.snap.hidden.v[0].cgroup = cgroup(&x, "/");
	REASONS(REASON_NOT_PERMITTED, REASON_NO_FD, REASON_NOT_PERMITTED, REASON_NOT_PERMITTED,
		REASON_NOT_PERMITTED);
	fixture_done(&x);
}

static void one_at_a_time(void **state)
{
	struct fixture x;
	uint32_t old, fresh;

	fixture_init(&x);
	old = fixture_sock(&x, PROTO_UDP, STATE_UNCONN, "*:4789", NULL);
	fresh = fixture_sock(&x, PROTO_UDP, STATE_UNCONN, "*:4790", NULL);
	x.snap.owners_complete = false;
	x.snap.socks.v[old].flags |= SOCK_SEARCHED;
	assert_int_equal(why(&x, old), REASON_KERNEL);
	assert_int_equal(why(&x, fresh), REASON_NOT_SCANNED);
	x.snap.socks.v[fresh].flags |= SOCK_SEARCHED | SOCK_MAYBE_SENT;
	assert_int_equal(why(&x, fresh), REASON_NO_FD);
	fixture_done(&x);
}

static void part_of_pids(void **state)
{
	struct fixture x;
	uint32_t user, root, kernel, un;

	fixture_init(&x);
	user = fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:80", NULL);
	root = fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:22", NULL);
	kernel = fixture_sock(&x, PROTO_UDP, STATE_UNCONN, "*:4789", NULL);
	un = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:80", "10.0.0.6:1");
	x.snap.socks.v[user].uid = 1000;
	x.snap.socks.v[kernel].cgroup = cgroup(&x, "/");
	x.snap.socks.v[un].inode = 0;
	x.snap.part_of_pids = true;
	assert_int_equal(why(&x, user), REASON_OTHER_PIDNS);
	assert_int_equal(why(&x, root), REASON_OTHER_PIDNS);
	assert_int_equal(why(&x, kernel), REASON_KERNEL);
	assert_int_equal(why(&x, un), REASON_UNACCEPTED);
	fixture_done(&x);
}

/* A dump that skips a socket changes nothing about it; one without a descriptor is closed at once. */
static void skipped_or_closed(void **state)
{
	struct fixture x;
	const struct frame *f;
	uint32_t kept, dead, conn, kernel;
	uint64_t kept_cookie, dead_cookie, conn_cookie, kernel_cookie;

	fixture_init(&x);
	fixture_proc(&x, 10, 1, 0, "sshd", "");
	fixture_proc(&x, 11, 1, 0, "node", "");
	kept = fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:22", NULL);
	dead = fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:80", NULL);
	conn = fixture_sock(&x, PROTO_TCP, STATE_ESTABLISHED, "10.0.0.5:22", "10.0.0.7:1");
	kernel = fixture_sock(&x, PROTO_UDP, STATE_UNCONN, "*:4789", NULL);
	fixture_fd(&x, kept, 10, 3);
	fixture_fd(&x, conn, 10, 4);
	fixture_fd(&x, dead, 11, 5);
	kept_cookie = x.snap.socks.v[kept].cookie;
	dead_cookie = x.snap.socks.v[dead].cookie;
	conn_cookie = x.snap.socks.v[conn].cookie;
	kernel_cookie = x.snap.socks.v[kernel].cookie;
	f = fixture_apply(&x, 1);
	assert_int_equal(frame_row(f, kernel)->reason, REASON_KERNEL);

	x.snap.socks.n = 0; /* nothing is in the dump; the source found that 10 still has the listener */
	x.snap.infos.n = 0;
	x.snap.procs.n = 1;
	x.snap.fds.n = 1;
	x.snap.fds.v[0] = (struct snap_fd){(uint32_t)kept_cookie + 10000, 0, 3};
	x.snap.hidden_procs = 1; /* no new reason for what is not there */
	f = fixture_apply(&x, 1);
	kept = frame_row_by_cookie(f, 0, kept_cookie);
	conn = frame_row_by_cookie(f, 0, conn_cookie);
	kernel = frame_row_by_cookie(f, 0, kernel_cookie);
	assert_int_not_equal(kept, NONE);
	assert_int_equal(frame_row(f, kept)->marks & (MARK_MISSED | MARK_CLOSED), MARK_MISSED);
	assert_int_equal(frame_row(f, kept)->reason, REASON_OWNED);
	assert_int_equal(f->procs.v[frame_first_owner(f, kept, false)].p.pid, 10);
	assert_int_equal(frame_row(f, conn)->reason, REASON_OWNED);
	assert_int_equal(f->procs.v[frame_first_owner(f, conn, false)].p.pid, 10);
	assert_int_equal(frame_row(f, kernel)->reason, REASON_KERNEL);
	assert_int_equal(frame_row_by_cookie(f, 0, dead_cookie), NONE);
	for (dead = f->open_rows; frame_sock(f, dead)->cookie != dead_cookie; dead++)
		assert_true(dead + 1 < f->rows_n);
	assert_int_equal(frame_row(f, dead)->marks & MARK_CLOSED, MARK_CLOSED);
	assert_int_equal(frame_row(f, dead)->reason, REASON_GONE);
	assert_int_equal(frame_first_owner(f, dead, false), NONE);
	assert_int_equal(f->procs.v[frame_first_owner(f, dead, true)].p.pid, 11);

	/* what was not found again is closed */
	f = fixture_apply(&x, 1);
	assert_int_equal(f->open_rows, 0);
	assert_int_equal(f->rows_n, 4);
	fixture_done(&x);
}

/* Numbers that were read again some looks later are over that time; until then the old share stands. */
static void cpu_of_seldom_read(void **state)
{
	const uint64_t s = UINT64_C(1000000000);
	struct fixture x;
	struct snap_proc *p;
	const struct frame *f;

	fixture_init(&x);
	p = fixture_proc(&x, 10, 1, 0, "a", "");
	p->flags |= PROC_FULL;
	p->cpu_ticks = 100;
	p->read_ns = 50 * s;
	fixture_fd(&x, fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:80", NULL), 10, 3);
	fixture_apply(&x, 1);
	p = &x.snap.procs.v[0];
	p->cpu_ticks = 150;
	p->read_ns = 52 * s;
	f = fixture_apply(&x, 1);
	assert_float_equal(f->procs.v[0].cpu, 0.25, 0.001);
	f = fixture_apply(&x, 1);
	assert_float_equal(f->procs.v[0].cpu, 0.25, 0.001);
	p->cpu_ticks = 350;
	p->read_ns = 54 * s;
	f = fixture_apply(&x, 1);
	assert_float_equal(f->procs.v[0].cpu, 1, 0.001);
	fixture_done(&x);
}

#define HEX1 "123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void container_names(void **state)
{
	struct fixture x;
	const struct frame *f;
	uint32_t s, t, u, path, other;

	fixture_init(&x);
	fixture_proc(&x, 10, 1, 0, "postgres", "/docker/" HEX);
	s = fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:5432", NULL);
	t = fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:5433", NULL);
	fixture_fd(&x, s, 10, 3);
	path = x.snap.socks.v[t].cgroup = cgroup(&x, "/docker/" HEX);
	u = fixture_sock(&x, PROTO_TCP, STATE_LISTENING, "*:5434", NULL);
	other = x.snap.socks.v[u].cgroup = cgroup(&x, "/docker/f" HEX1);
	f = fixture_apply(&x, 1);
	assert_string_equal(intern_get(f->names, frame_row(f, s)->unit), "docker:0123456789ab");
	vec_push(&x.snap.containers, ((struct snap_container){.cgroup = path, .name = cgroup(&x, "db")}));
	/* nonsense of a recording */
	vec_push(&x.snap.containers, ((struct snap_container){.cgroup = 1u << 30, .name = 1u << 30}));
	vec_push(&x.snap.containers,
		 ((struct snap_container){.cgroup = cgroup(&x, "/a.service"), .name = 1}));
	f = fixture_apply(&x, 1);
	assert_string_equal(intern_get(f->names, frame_row(f, s)->unit), "docker:db");
	assert_string_equal(intern_get(f->names, frame_row(f, t)->unit), "docker:db");
	assert_string_equal(intern_get(f->names, f->procs.v[0].unit), "docker:db");
	assert_int_equal(f->containers.n, 0); /* no address */
	/* of one that holds nothing: all processes are what they were */
	vec_push(&x.snap.containers, ((struct snap_container){.cgroup = other, .name = cgroup(&x, "web")}));
	f = fixture_apply(&x, 1);
	assert_string_equal(intern_get(f->names, frame_row(f, u)->unit), "docker:web");
	assert_string_equal(intern_get(f->names, frame_row(f, s)->unit), "docker:db");
	fixture_done(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hidden_processes),
		cmocka_unit_test(one_at_a_time),
		cmocka_unit_test(part_of_pids),
		cmocka_unit_test(skipped_or_closed),
		cmocka_unit_test(container_names),
		cmocka_unit_test(cpu_of_seldom_read),
		cmocka_unit_test(all_owners_count),
		cmocka_unit_test(reasons),
		cmocka_unit_test(never_blames_the_kernel_in_passing),
		cmocka_unit_test(listener_not_asked_for),
		cmocka_unit_test(former_owners),
		cmocka_unit_test(processes_over_time),
		cmocka_unit_test(late_slots_are_carried),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
