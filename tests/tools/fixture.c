/* Frames for tests without a kernel: a few lines say who is there, world_apply() does the rest. */
#include "fixture.h"
#include "fixture_web1.h"
#include "sockeye/base/units.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char services_text[] =
	"ssh 22/tcp\nsmtp 25/tcp mail\ndomain 53/tcp\ndomain 53/udp\nbootpc 68/udp\n"
	"http 80/tcp www\nsunrpc 111/tcp portmapper\nntp 123/udp\nhttps 443/tcp\n"
	"https 443/udp\nnfs 2049/tcp\npostgresql 5432/tcp postgres\nredis 6379/tcp\n"
	"http-alt 8080/tcp webcache # a comment\n";

void fixture_init(struct fixture *x)
{
	memset(x, 0, sizeof(*x));
	x->names = intern_new();
	x->services = services_parse(services_text, sizeof(services_text) - 1);
	x->world = world_new(x->names, x->services, 100);
	x->boot_ns = 100000 * NSEC_PER_SEC;
	x->interval_ns = NSEC_PER_SEC;
	x->next_cookie = 1;
	snapshot_init(&x->snap);
	for (size_t i = 0; i < 3; i++)
		frame_init(&x->frames[i]);
	x->snap.want =
		(struct want){.protos = 1u << PROTO_TCP | 1u << PROTO_UDP,
			      .states = STATES_ALL,
			      .attrs = WANT_INFO | WANT_MEM | WANT_CONG | WANT_OWNERS | WANT_CLIENT_PORTS};
	x->snap.owners_complete = true;
	x->snap.took_ns = 2 * NSEC_PER_MS;
	fixture_netns(x, "host");
	x->snap.netns.v[0].own = true;
}

static void free_texts(struct fixture_text *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(v[i].a);
		free(v[i].b);
	}
	free(v);
}

void fixture_done(struct fixture *x)
{
	world_free(x->world);
	for (size_t i = 0; i < 3; i++)
		frame_done(&x->frames[i]);
	snapshot_done(&x->snap);
	vec_done(&x->speeds);
	free_texts(x->texts.v, x->texts.n);
	free_texts(x->users.v, x->users.n);
	services_free(x->services);
	intern_free(x->names);
}

uint16_t fixture_netns(struct fixture *x, const char *name)
{
	struct snap_netns *ns = vec_add(&x->snap.netns);

	*ns = (struct snap_netns){.inode = 4026531840u + x->snap.netns.n,
				  .name = intern_adds(x->names, name),
				  .eph_low = 32768,
				  .eph_high = 60999,
				  .somaxconn = 4096,
				  .retries = 15};
	return (uint16_t)(x->snap.netns.n - 1);
}

struct snap_proc *fixture_proc(struct fixture *x, uint32_t pid, uint32_t ppid, uint32_t uid, const char *comm,
			       const char *cgroup)
{
	struct snap_proc *p = vec_add(&x->snap.procs);

	*p = (struct snap_proc){.pid = pid,
				.ppid = ppid,
				.uid = uid,
				.comm = intern_adds(x->names, comm),
				.cgroup = intern_adds(x->names, cgroup),
				.start = (uint64_t)pid * 100,
				.fds = 32,
				.fds_max = 1024,
				.threads = 1,
				.rss_bytes = 12000000,
				.flags = PROC_FULL,
				.state = 'S'};
	return p;
}

/* "10.0.0.5:443" "[::]:80" "*:22" */
static void parse_end(const char *text, uint8_t addr[16], uint32_t *port, bool *v6)
{
	const char *colon = strrchr(text, ':');
	char host[IP_TEXT + 2];
	struct ip ip = {.v6 = true};

	if (!colon || (size_t)(colon - text) >= sizeof(host))
		die("fixture: no endpoint: %s", text);
	memcpy(host, text, (size_t)(colon - text));
	host[colon - text] = '\0';
	if (strcmp(host, "*") && ip_parse(host, &ip))
		die("fixture: no address: %s", text);
	memcpy(addr, ip.b, 16);
	*port = (uint32_t)strtoul(colon + 1, NULL, 10);
	*v6 = ip.v6;
}

uint32_t fixture_sock(struct fixture *x, enum proto proto, enum state state, const char *local,
		      const char *remote)
{
	bool mini = state == STATE_TIME_WAIT || state == STATE_SYN_RECV || state == STATE_FIN_WAIT_2;
	struct sock *s = vec_add(&x->snap.socks);
	struct sock_info *info = vec_add(&x->snap.infos);
	bool v6, remote_v6;

	memset(vec_add(&x->speeds), 0, sizeof(struct fixture_speed));
	*info = (struct sock_info){0};
	*s = (struct sock){.cookie = x->next_cookie++, .proto = (uint8_t)proto, .state = (uint8_t)state};
	parse_end(local, s->laddr, &s->lport, &v6);
	s->family = v6 ? FAMILY_IPV6 : FAMILY_IPV4;
	if (v6 && local[0] != '*' && STATES_PORT & STATE_BIT(state))
		s->flags |= SOCK_V6ONLY;
	if (remote) {
		parse_end(remote, s->raddr, &s->rport, &remote_v6);
		if (remote_v6 != v6)
			die("fixture: two families: %s %s", local, remote);
	}
	if (mini) {
		s->flags |= SOCK_MINI;
		if (state == STATE_TIME_WAIT) {
			s->timer = 3;
			s->timer_ms = 41000;
		}
		return (uint32_t)x->snap.socks.n - 1;
	}
	s->inode = (uint32_t)s->cookie + 10000;
	s->flags |= SOCK_HAS_UID | SOCK_HAS_MEM;
	info->rcvbuf = 131072;
	info->sndbuf = 87040;
	if (state == STATE_LISTENING)
		s->sendq = 128;
	if (proto != PROTO_TCP)
		return (uint32_t)x->snap.socks.n - 1;
	s->flags |= SOCK_HAS_INFO | SOCK_HAS_TIMES | SOCK_HAS_SEGS;
	info->cc = intern_adds(x->names, "cubic");
	if (!remote)
		return (uint32_t)x->snap.socks.n - 1;
	info->rtt_us = 12000;
	info->rttvar_us = 2100;
	info->min_rtt_us = 11000;
	info->cwnd = 10;
	info->ssthresh = 7;
	info->snd_mss = 1448;
	info->segs_out = 1420;
	return (uint32_t)x->snap.socks.n - 1;
}

struct shown fixture_shown(const struct fixture *x, uint64_t netns_inode, uint64_t cookie)
{
	struct shown s = {.pmtu = 1500, .options = 1 | 2 | 4, .wscale = 0x77};

	if (x->shown.cookie == cookie)
		s = x->shown;
	s.netns_inode = netns_inode;
	s.cookie = cookie;
	return s;
}

void fixture_rate(struct fixture *x, uint32_t sock, double rx, double tx)
{
	x->speeds.v[sock].rx = rx;
	x->speeds.v[sock].tx = tx;
}

uint32_t fixture_find(const struct fixture *x, uint64_t cookie)
{
	for (size_t i = 0; i < x->snap.socks.n; i++)
		if (x->snap.socks.v[i].cookie == cookie)
			return (uint32_t)i;
	return UINT32_MAX;
}

void fixture_fd(struct fixture *x, uint32_t sock, uint32_t pid, int32_t fd)
{
	uint32_t inode = x->snap.socks.v[sock].inode, proc = UINT32_MAX;
	size_t at = x->snap.fds.n;

	for (size_t i = x->snap.procs.n; i-- > 0 && proc == UINT32_MAX;)
		if (x->snap.procs.v[i].pid == pid)
			proc = (uint32_t)i;
	if (proc == UINT32_MAX)
		die("fixture: no process %u", pid);
	/* Grouped by inode, the oldest process first: behind the last one of its inode that is not younger. */
	for (size_t i = x->snap.fds.n; i-- > 0;)
		if (x->snap.fds.v[i].inode == inode) {
			at = i + 1;
			break;
		}
	while (at > 0 && x->snap.fds.v[at - 1].inode == inode &&
	       x->snap.procs.v[x->snap.fds.v[at - 1].proc].start > x->snap.procs.v[proc].start)
		at--;
	(void)vec_add(&x->snap.fds);
	memmove(x->snap.fds.v + at + 1, x->snap.fds.v + at,
		(x->snap.fds.n - 1 - at) * sizeof(x->snap.fds.v[0]));
	x->snap.fds.v[at] = (struct snap_fd){inode, proc, fd};
}

void fixture_remove_sock(struct fixture *x, uint32_t sock)
{
	uint32_t inode = x->snap.socks.v[sock].inode;
	size_t kept = 0, last = x->snap.socks.n - 1;

	for (size_t i = 0; inode && i < x->snap.fds.n; i++)
		if (x->snap.fds.v[i].inode != inode)
			x->snap.fds.v[kept++] = x->snap.fds.v[i];
	if (inode)
		x->snap.fds.n = kept;
	x->snap.socks.v[sock] = x->snap.socks.v[last];
	x->snap.infos.v[sock] = x->snap.infos.v[last];
	x->speeds.v[sock] = x->speeds.v[last];
	x->snap.socks.n = x->snap.infos.n = x->speeds.n = last;
}

#define copy_vec(to, from)                                                                                   \
	do {                                                                                                 \
		vec_clear(to);                                                                               \
		vec_reserve(to, (from)->n);                                                                  \
		if ((from)->n)                                                                               \
			memcpy((to)->v, (from)->v, (from)->n * sizeof((from)->v[0]));                        \
		(to)->n = (from)->n;                                                                         \
	} while (0)

static void set_texts(struct fixture *x, const struct frame *f)
{
	for (size_t i = 0; i < f->procs.n; i++) {
		for (size_t t = 0; t < x->texts.n; t++) {
			const struct fixture_text *text = &x->texts.v[t];

			if (text->key != f->procs.v[i].p.pid || !f->procs.v[i].late)
				continue;
			late_set(f->procs.v[i].late, LATE_CMDLINE, text->a, text->a_n);
			late_set(f->procs.v[i].late, LATE_EXE, text->b, (uint32_t)strlen(text->b));
		}
	}
	for (size_t i = 0; i < f->users.n; i++)
		for (size_t u = 0; u < x->users.n; u++)
			if (x->users.v[u].key == f->users.v[i].uid)
				late_set(f->users.v[i].late, LATE_USER, x->users.v[u].a, x->users.v[u].a_n);
}

const struct frame *fixture_apply(struct fixture *x, double seconds)
{
	/* 2026-11-22T14:02:31Z at 100,000 s after boot */
	const uint64_t boot_wall = (UINT64_C(1795356151) - 100000) * NSEC_PER_SEC;
	struct frame *f = &x->frames[x->turn++ % 3];
	struct snapshot copy;

	x->boot_ns += (uint64_t)(seconds * 1e9);
	for (size_t i = 0; i < x->snap.socks.n; i++) {
		x->snap.socks.v[i].rx_bytes += (uint64_t)(x->speeds.v[i].rx * seconds + 0.5);
		x->snap.socks.v[i].tx_bytes += (uint64_t)(x->speeds.v[i].tx * seconds + 0.5);
		x->snap.socks.v[i].drops += (uint32_t)(x->speeds.v[i].drops * seconds + 0.5);
	}
	snapshot_init(&copy);
	copy_vec(&copy.socks, &x->snap.socks);
	copy_vec(&copy.infos, &x->snap.infos);
	copy_vec(&copy.procs, &x->snap.procs);
	copy_vec(&copy.fds, &x->snap.fds);
	copy_vec(&copy.netns, &x->snap.netns);
	copy_vec(&copy.limits, &x->snap.limits);
	copy_vec(&copy.hidden, &x->snap.hidden);
	copy_vec(&copy.containers, &x->snap.containers);
	copy_vec(&copy.ifaces, &x->snap.ifaces);
	for (size_t i = 0; i < copy.socks.n && x->snap.owners_complete; i++)
		copy.socks.v[i].flags |= SOCK_SEARCHED;
	copy.want = x->snap.want;
	copy.fds_stand = x->snap.fds_stand;
	copy.memory = x->snap.memory;
	copy.boot_ns = x->boot_ns;
	copy.wall_ns = boot_wall + x->boot_ns;
	copy.took_ns = x->snap.took_ns;
	copy.owners_complete = x->snap.owners_complete;
	copy.hidden_procs = x->snap.hidden_procs;
	copy.part_of_pids = x->snap.part_of_pids;
	world_apply(x->world, &copy, x->interval_ns, f);
	snapshot_done(&copy);
	set_texts(x, f);
	return f;
}

void fixture_late(struct fixture *x, uint32_t pid, const char *cmdline, const char *exe)
{
	struct fixture_text *t = vec_add(&x->texts);

	/* Arguments end with a NUL each, as the kernel gives them. */
	*t = (struct fixture_text){pid, mem_strdup(cmdline), mem_strdup(exe), (uint32_t)strlen(cmdline) + 1};
	for (uint32_t i = 0; i + 1 < t->a_n; i++)
		if (t->a[i] == ' ')
			t->a[i] = '\0';
}

void fixture_user(struct fixture *x, uint32_t uid, const char *name)
{
	struct fixture_text *t = vec_add(&x->users);

	*t = (struct fixture_text){uid, mem_strdup(name), mem_strdup(""), (uint32_t)strlen(name)};
}

void fixture_many(struct fixture *x, uint32_t n, uint32_t p)
{
	char local[64], remote[64];

	if (!p)
		p = 1;
	for (uint32_t i = 0; i < p; i++)
		fixture_proc(x, 1000 + i, 1, 1000, i % 2 ? "client" : "server", "/system.slice/load.service");
	uint32_t listener = fixture_sock(x, PROTO_TCP, STATE_LISTENING, "127.0.0.1:9000", NULL);

	fixture_fd(x, listener, 1000, 3);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t pair = i / 2, inode, s;

		/* 28,000 ports an address, as the kernel hands them out */
		snprintf(local, sizeof(local), "127.0.0.1:9000");
		snprintf(remote, sizeof(remote), "127.%u.0.1:%u", 1 + pair / 28000, 32768 + pair % 28000);
		s = i % 2 ? fixture_sock(x, PROTO_TCP, STATE_ESTABLISHED, remote, local)
			  : fixture_sock(x, PROTO_TCP, STATE_ESTABLISHED, local, remote);
		fixture_rate(x, s, 100 + i % 7, 50);
		inode = x->snap.socks.v[s].inode;
		/* Straight: looking for the place of each among 100,000 would take minutes. */
		vec_push(&x->snap.fds, ((struct snap_fd){inode, i % p, (int32_t)(4 + i / p)}));
	}
}

/* Gives the socket to this process: uid and cgroup are those of whoever made it. */
static void own(struct fixture *x, uint32_t sock, uint32_t pid, int32_t fd)
{
	if (!pid)
		return;
	fixture_fd(x, sock, pid, fd);
	for (size_t i = 0; i < x->snap.procs.n; i++) {
		if (x->snap.procs.v[i].pid != pid)
			continue;
		x->snap.socks.v[sock].uid = x->snap.procs.v[i].uid;
		x->snap.socks.v[sock].cgroup = x->snap.procs.v[i].cgroup;
		return;
	}
}

static uint32_t conn(struct fixture *x, enum state state, const char *laddr, uint32_t lport,
		     const char *raddr, uint32_t rport)
{
	char local[80], remote[80];

	snprintf(local, sizeof(local), "%s:%u", laddr, lport);
	snprintf(remote, sizeof(remote), "%s:%u", raddr, rport);
	return fixture_sock(x, PROTO_TCP, state, local, remote);
}

static void web1_people(struct fixture *x)
{
	for (size_t i = 0; i < ARRAY_LEN(web1_users); i++)
		fixture_user(x, web1_users[i].uid, web1_users[i].name);
	for (size_t i = 0; i < ARRAY_LEN(web1_procs); i++) {
		fixture_proc(x, web1_procs[i].pid, web1_procs[i].ppid, web1_procs[i].uid, web1_procs[i].comm,
			     web1_procs[i].cgroup);
		fixture_late(x, web1_procs[i].pid, web1_procs[i].cmdline, web1_procs[i].exe);
	}
	for (uint32_t i = 0; i < 44; i++) {
		fixture_proc(x, 21002 + i, i ? 21002 : 20990, 999, "postgres", WEB1_DB);
		fixture_late(x, 21002 + i,
			     i ? "postgres: app app 10.0.0.20 idle" : "postgres -D /var/lib/postgresql",
			     "/usr/lib/postgresql/15/bin/postgres");
	}
	for (size_t i = 0; i < x->snap.procs.n; i++) {
		struct snap_proc *p = &x->snap.procs.v[i];

		if (p->pid == 1046)
			p->state = 'T';
		if (p->pid != 21877)
			continue;
		p->fds = 1019;
		p->threads = 11;
		p->rss_bytes = 214000000;
	}
}

static void web1_listeners(struct fixture *x)
{
	uint32_t s;

	for (size_t i = 0; i < ARRAY_LEN(web1_ports); i++) {
		s = fixture_sock(x, web1_ports[i].proto, web1_ports[i].state, web1_ports[i].local, NULL);
		x->snap.socks.v[s].sendq = web1_ports[i].limit;
		own(x, s, web1_ports[i].pid, web1_ports[i].fd);
		if (web1_ports[i].pid2)
			own(x, s, web1_ports[i].pid2, web1_ports[i].fd);
		for (uint32_t w = 1045; web1_ports[i].pid == 1044 && w <= 1048; w++)
			fixture_fd(x, s, w, web1_ports[i].fd);
	}
	for (uint32_t i = 0; i < 4; i++) { /* one SO_REUSEPORT listener a worker; the master made them */
		s = fixture_sock(x, PROTO_TCP, STATE_LISTENING, "*:443", NULL);
		x->snap.socks.v[s].sendq = 511;
		own(x, s, 1044, (int32_t)(9 + i));
		fixture_fd(x, s, 1045 + i, (int32_t)(9 + i));
		if (i != 1)
			continue;
		x->snap.socks.v[s].recvq = 512;
		x->snap.socks.v[s].drops = 1799;
		x->speeds.v[s].drops = 12;
	}
	s = fixture_sock(x, PROTO_TCP, STATE_LISTENING, "*:5432", NULL);
	x->snap.socks.v[s].sendq = 244;
	x->snap.socks.v[s].netns = fixture_netns(x, "db");
	own(x, s, 21002, 7);
	for (uint32_t i = 1; i < 44; i++)
		fixture_fd(x, s, 21002 + i, 7);
	s = fixture_sock(x, PROTO_UDP, STATE_ESTABLISHED, "10.0.0.5:51001", "10.0.0.2:53");
	own(x, s, 640, 22);
}

static void web1_connections(struct fixture *x)
{
	for (size_t i = 0; i < ARRAY_LEN(web1_conns); i++) {
		for (uint32_t k = 0; k < web1_conns[i].n; k++) {
			uint32_t pid = web1_conns[i].pid, s;

			s = conn(x, STATE_ESTABLISHED, web1_conns[i].laddr,
				 web1_conns[i].lport + k * web1_conns[i].lstep, web1_conns[i].raddr,
				 web1_conns[i].rport + k * web1_conns[i].rstep);
			x->snap.socks.v[s].netns = web1_conns[i].netns;
			/* every backend its own connection */
			own(x, s, pid == 21003 ? pid + k : pid, web1_conns[i].fd + (int32_t)k);
			fixture_rate(x, s, web1_conns[i].rx, web1_conns[i].tx);
			x->snap.infos.v[s].last_recv_ms = 40 * (k % 50);
			x->snap.infos.v[s].last_sent_ms = 20 * (k % 50);
		}
	}
}

/* What ails it: a full accept queue, a leak of close-wait sockets, one stuck connection. */
static void web1_troubles(struct fixture *x)
{
	uint32_t s;

	for (uint32_t i = 0; i < 512; i++) {
		char remote[40];

		snprintf(remote, sizeof(remote), "[::ffff:198.51.%u.%u]", 100 + i / 200, 9 + i % 200);
		s = conn(x, STATE_ESTABLISHED, "[::ffff:10.0.0.5]", 443, remote, 40100 + i);
		x->snap.socks.v[s].inode = 0;
		x->snap.socks.v[s].recvq = 517;
		x->snap.socks.v[s].cgroup = intern_adds(x->names, "/system.slice/nginx.service");
		x->snap.infos.v[s].last_recv_ms = 41000;
		x->snap.infos.v[s].last_sent_ms = 41000;
	}
	for (uint32_t i = 0; i < 7; i++) {
		s = conn(x, STATE_CLOSE_WAIT, "10.0.0.5", 38610 + i, "10.0.0.7", 5432);
		own(x, s, 21877, (int32_t)(200 + i));
		x->snap.infos.v[s].last_ack_recv_ms = x->snap.infos.v[s].last_recv_ms = 7200000 - i * 60000;
		x->snap.infos.v[s].last_sent_ms = 7200000;
		x->snap.infos.v[s].rtt_us = 300;
	}
	for (uint32_t i = 0; i < 7; i++)
		conn(x, STATE_SYN_RECV, "[::ffff:10.0.0.5]", 443, "[::ffff:203.0.113.78]", 33000 + i);
	for (uint32_t i = 0; i < 5; i++)
		conn(x, STATE_FIN_WAIT_2, "[::ffff:10.0.0.5]", 443, "[::ffff:203.0.113.79]", 33000 + i);
	for (uint32_t i = 0; i < x->snap.socks.n; i++) {
		struct sock *so = &x->snap.socks.v[i];
		struct sock_info *info = &x->snap.infos.v[i];

		if (so->lport != 38624 || so->rport != 5432)
			continue;
		so->sendq = 1214480;
		so->timer = 1;
		so->timer_ms = 800;
		so->retrans = 3;
		*info = (struct sock_info){.rtt_us = 41000,
					   .rttvar_us = 2100,
					   .min_rtt_us = 38000,
					   .cwnd = 10,
					   .ssthresh = 7,
					   .snd_mss = 1448,
					   .retrans_total = 12,
					   .lost = 1,
					   .segs_out = 1420,
					   .last_sent_ms = 800,
					   .last_recv_ms = 42000,
					   .last_ack_recv_ms = 42000,
					   .rcvbuf = 131072,
					   .sndbuf = 2500000,
					   .cc = intern_adds(x->names, "cubic")};
		x->shown = (struct shown){.cookie = so->cookie,
					  .pmtu = 1500,
					  .notsent_bytes = 1200000,
					  .busy_us = 100000000,
					  .rwnd_limited_us = 25000000,
					  .sndbuf_limited_us = 3000000,
					  .ca_state = 4,
					  .options = 1 | 2 | 4,
					  .wscale = 0x77};
	}
}

static void web1_hostiles(struct fixture *x)
{
	for (uint32_t i = 0; i < ARRAY_LEN(web1_hostile); i++) {
		char local[32];
		uint32_t s;

		fixture_proc(x, 16661 + i, 1, 1000, web1_hostile[i].comm, web1_hostile[i].cgroup);
		fixture_late(x, 16661 + i, web1_hostile[i].cmdline, web1_hostile[i].comm);
		snprintf(local, sizeof(local), "10.0.0.5:%u", 16661 + i);
		s = fixture_sock(x, PROTO_TCP, STATE_LISTENING, local, NULL);
		own(x, s, 16661 + i, 3);
	}
}

static void become_time_wait(struct fixture *x, uint64_t cookie)
{
	uint32_t s = fixture_find(x, cookie);
	struct sock *so = &x->snap.socks.v[s];

	so->state = STATE_TIME_WAIT;
	so->flags = SOCK_MINI;
	so->inode = so->uid = so->cgroup = so->drops = 0;
	so->rx_bytes = so->tx_bytes = 0;
	so->timer = 3;
	so->timer_ms = 41000;
	x->snap.infos.v[s] = (struct sock_info){0};
	fixture_rate(x, s, 0, 0);
}

void fixture_web1(struct fixture *x, bool hostile)
{
	uint64_t waits, gone;
	uint32_t s;

	web1_people(x);
	web1_listeners(x);
	web1_connections(x);
	web1_troubles(x);
	if (hostile)
		web1_hostiles(x);
	for (uint32_t i = 0; i < 300; i++) {
		char remote[40];

		snprintf(remote, sizeof(remote), "[::ffff:192.0.2.%u]", 1 + i % 190);
		conn(x, STATE_TIME_WAIT, "[::ffff:10.0.0.5]", 443, remote, 30000 + i);
	}
	waits = x->next_cookie;
	for (uint32_t i = 0; i < 12; i++) {
		s = conn(x, STATE_ESTABLISHED, "[::ffff:10.0.0.5]", 443, "[::ffff:192.0.2.200]", 33010 + i);
		own(x, s, 1047, (int32_t)(2000 + i));
	}
	gone = x->next_cookie;
	s = conn(x, STATE_ESTABLISHED, "[::ffff:10.0.0.5]", 443, "[::ffff:192.0.2.200]", 33022);
	own(x, s, 1048, 2100);

	x->boot_ns -= 4 * NSEC_PER_SEC;
	fixture_apply(x, 1);
	for (uint32_t i = 0; i < 12; i++)
		become_time_wait(x, waits + i);
	fixture_remove_sock(x, fixture_find(x, gone));
	fixture_apply(x, 1);
	fixture_apply(x, 1);
	s = fixture_sock(x, PROTO_TCP, STATE_BOUND, "127.0.0.1:8081", NULL);
	own(x, s, 30555, 3);
}
