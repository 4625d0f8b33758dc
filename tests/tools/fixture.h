/* Frames for tests, made through the real world_apply() from a few lines of C. */
#pragma once
#include "sockeye/model/shown.h"
#include "sockeye/model/world.h"

struct fixture_speed {
	double rx, tx; /* bytes a second added to the counters at each apply */
	double drops; /* a second, likewise */
};
struct fixture_text {
	uint64_t key; /* pid, or uid */
	char *a, *b; /* owned */
	uint32_t a_n;
};
struct fixture {
	struct intern *names;
	struct world *world;
	struct snapshot snap; /* the next snapshot, filled by the calls below; kept between applies */
	struct frame frames[3];
	unsigned turn;
	uint64_t boot_ns; /* starts at 100,000 s; wall 2026-11-22T14:02:31Z */
	uint64_t next_cookie;
	uint64_t interval_ns; /* 1 s; a step of more than 3 of them is a gap */
	VEC(struct fixture_speed) speeds; /* parallel to snap.socks */
	VEC(struct fixture_text) texts, users;
	struct shown shown; /* of one socket that differs from the others */
	struct services *services; /* made from a fixed text: ssh http https postgresql … */
};
void fixture_init(struct fixture *x);
void fixture_done(struct fixture *x);
/* Adds a process to the snapshot; start ticks are pid * 100. cgroup: path or "". */
struct snap_proc *fixture_proc(struct fixture *x, uint32_t pid, uint32_t ppid, uint32_t uid, const char *comm,
			       const char *cgroup);
/* Adds a socket. local/remote: "10.0.0.5:443" "[::]:80" "*:22" (v6 any, not v6only); remote NULL: none. A new
 * cookie; inode = cookie + 10000 for full sockets, 0 for mini sockets. Gives its index; edit
 * x->snap.socks.v[i] and x->snap.infos.v[i] freely. */
uint32_t fixture_sock(struct fixture *x, enum proto proto, enum state state, const char *local,
		      const char *remote);
/* What the kernel would say of a connection that is shown. */
struct shown fixture_shown(const struct fixture *x, uint64_t netns_inode, uint64_t cookie);
/* Bytes a second received and sent from now on (0 without this call). */
void fixture_rate(struct fixture *x, uint32_t sock, double rx, double tx);
uint32_t fixture_find(const struct fixture *x, uint64_t cookie); /* its index now; UINT32_MAX */
void fixture_fd(struct fixture *x, uint32_t sock, uint32_t pid, int32_t fd);
void fixture_remove_sock(struct fixture *x,
			 uint32_t sock); /* swaps the last one into its place; its fds go */
uint16_t fixture_netns(struct fixture *x, const char *name); /* 0 is "host" and own */
/* Applies a copy of the snapshot at boot_ns += seconds; gives the frame, valid until the call after next. */
const struct frame *fixture_apply(struct fixture *x, double seconds);
/* Gives every process its late texts from a small table by pid (cmdline, exe), users from uids. */
void fixture_late(struct fixture *x, uint32_t pid, const char *cmdline, const char *exe);
void fixture_user(struct fixture *x, uint32_t uid, const char *name);
/* The invented host web-1: 22 ports, nginx ×5 with a full accept queue, postgres, node with close-wait
 * sockets, ‹kernel› rows, hostile and wide names when `hostile`. It looks three times, a second apart, so
 * that the next fixture_apply(x, 1) gives a frame with rates, drops, a new row (8081), a closed connection
 * (443 ← 192.0.2.200:33022) and former owners. */
void fixture_web1(struct fixture *x, bool hostile);
/* n TCP connections over p processes, for sizes. */
void fixture_many(struct fixture *x, uint32_t n, uint32_t p);
