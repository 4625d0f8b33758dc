/* The invented machines that the golden screens show. */
#include "golden.h"
#include <stdio.h>
#include <string.h>

/* So that nothing is new and rates are known at the next look. */
static void look(struct fixture *x)
{
	for (int i = 0; i < 5; i++)
		fixture_apply(x, 1);
}

void world_web1(struct fixture *x)
{
	fixture_web1(x, false);
}

void world_hostile(struct fixture *x)
{
	fixture_web1(x, true);
}

void world_wide(struct fixture *x)
{
	static const char *const names[] = {"数据库服务", "ウェブサーバー", "서버", "naïve-café", "ok"};

	for (unsigned i = 0; i < 5; i++) {
		char local[32];
		uint32_t s;

		fixture_proc(x, 500 + i, 1, 1000, names[i], "/system.slice/api.service");
		snprintf(local, sizeof(local), "*:%u", 8000 + i);
		s = fixture_sock(x, PROTO_TCP, STATE_LISTENING, local, NULL);
		fixture_fd(x, s, 500 + i, 3);
	}
	look(x);
}

/* What a user sees of a machine of root's: the sockets, their units and uids, but not who holds them. */
void world_unprivileged(struct fixture *x)
{
	static const struct {
		uint32_t pid, uid;
		const char *comm, *unit, *local;
	} procs[] = {
		{812, 0, "sshd", "/system.slice/ssh.service", "*:22"},
		{1044, 33, "nginx", "/system.slice/nginx.service", "*:80"},
		{921, 112, "redis-server", "/system.slice/redis-server.service", "127.0.0.1:6379"},
		{21877, 1000, "node", "/system.slice/api.service", "*:8080"},
	};

	fixture_user(x, 0, "root");
	fixture_user(x, 33, "www-data");
	fixture_user(x, 112, "redis");
	fixture_user(x, 1000, "deploy");
	for (size_t i = 0; i < ARRAY_LEN(procs); i++) {
		struct snap_proc *p =
			fixture_proc(x, procs[i].pid, 1, procs[i].uid, procs[i].comm, procs[i].unit);
		uint32_t s = fixture_sock(x, PROTO_TCP, STATE_LISTENING, procs[i].local, NULL);

		x->snap.socks.v[s].uid = procs[i].uid;
		x->snap.socks.v[s].cgroup = p->cgroup;
		if (procs[i].uid == 1000) {
			fixture_fd(x, s, procs[i].pid, 3);
		} else {
			p->flags |= PROC_NOT_READABLE;
			x->snap.hidden_procs++;
		}
	}
	look(x);
}

void world_empty(struct fixture *x)
{
	fixture_proc(x, 1, 0, 0, "init", "/init.scope");
	look(x);
}

void world_namespaces(struct fixture *x)
{
	uint16_t db;
	uint32_t s;

	fixture_web1(x, false);
	db = fixture_netns(x, "db");
	fixture_proc(x, 42000, 1, 999, "postgres", "/system.slice/docker-0123456789abcdef.scope");
	s = fixture_sock(x, PROTO_TCP, STATE_LISTENING, "*:5433", NULL);
	x->snap.socks.v[s].netns = db;
	fixture_fd(x, s, 42000, 5);
	look(x);
}

void world_many(struct fixture *x)
{
	fixture_many(x, 2000, 40);
	look(x);
}
