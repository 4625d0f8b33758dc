/* The plan of a kill, worked out from a frame alone: whom, what it frees, what it drops, what speaks
 * against it. Pure: no system call. The deed is in action/kill.h; what it reports is struct kill_step. */
#pragma once
#include "sockeye/base/slice.h"
#include "sockeye/base/str.h"
#include "sockeye/model/frame.h"
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* What the user pointed at. */
enum pick_kind { PICK_SOCK, PICK_PORT, PICK_PROC };
struct pick { /* identities, not row numbers: */
	uint8_t kind;
	uint16_t netns; /* index in the frame it was made of, or last settled in */
	uint8_t proto;
	uint64_t netns_inode; /* 0: not known, then the index counts */
	uint32_t port; /* PICK_PORT */
	uint64_t cookie; /* PICK_SOCK */
	uint32_t pid; /* PICK_PROC */
	uint64_t start;
};
/* Indexes of namespaces are a frame's own. Makes p->netns that of this frame, UINT16_MAX when the namespace has gone.
 * For whoever keeps a pick from one frame to another; kill_plan_build() does it itself. */
void pick_settle(const struct frame *f, struct pick *p);
uint64_t frame_netns_inode(const struct frame *f, uint16_t netns); /* 0: none */

enum kill_refusal {
	KILL_OK,
	KILL_NO_OWNER, /* no present owner: see `reason` */
	KILL_KERNEL,
	KILL_PID1, /* pid ≤ 1 */
	KILL_SELF,
	KILL_ANCESTOR, /* carries this session */
	KILL_GONE, /* ended before the dialog opened */
	KILL_REUSED, /* the number belongs to another process now */
	KILL_LET_GO, /* it no longer holds the socket */
	KILL_NOT_PERMITTED,
	KILL_ZOMBIE,
	KILL_FAILED, /* another errno */
	KILL_SOCKET_UNIT, /* systemd holds it for a .socket unit */
	KILL_FORWARDER, /* it only forwards to a container */
	KILL_REFUSAL_N
};
struct kill_refusal_info {
	const char *key;
	const char *text; /* a sentence; %s is the process ("sshd 812") */
	bool over; /* nothing is left to be signalled: no objection against signalling the others */
};
extern const struct kill_refusal_info kill_refusal_table[KILL_REFUSAL_N];

struct kill_proof { /* a socket that made this process a target: checked again before the signal */
	uint32_t inode;
	int32_t fd;
	uint64_t cookie;
};
struct kill_target {
	uint32_t pid;
	uint64_t start;
	uint32_t uid;
	char name[64]; /* comm, safe */
	char user[40], unit[64];
	bool user_unit; /* it is one of a user's own manager: */
	uint32_t unit_uid;
	char *cmdline; /* owned, safe; NULL when not known */
	uint64_t start_wall_ns;
	VEC(struct kill_proof) proofs; /* empty for PICK_PROC of a process without sockets */
	uint8_t refusal; /* enum kill_refusal; filled by the plan, then by action */
	int err; /* errno with KILL_FAILED */
	char why[96]; /* what follows the process in place of the table's sentence; "": that one */
	char instead[128]; /* what to do instead, as one would type it, or a sentence; "": nothing is known */
};
#define KILL_ONLY_MAX 4
struct kill_port { /* what will be free: asked for, or held by a target as well */
	uint16_t netns;
	uint8_t proto;
	uint32_t port;
	uint64_t netns_inode; /* 0: not known */
	char addr[64]; /* "*" "127.0.0.1" "10.0.0.5 +2" */
	bool asked;
	bool shared; /* somebody who is no target holds it too: it will not be free */
	/* Not the whole port was asked for: only these local addresses of it are watched. */
	struct ip only[KILL_ONLY_MAX];
	uint8_t only_n; /* 0: all */
};
/* A socket that was asked for and that no process known holds. */
struct kill_unowned {
	uint8_t reason; /* enum reason */
	uint32_t uid; /* of the socket; NONE: not known */
	char what[96]; /* "443/tcp *" "tcp 10.0.0.5:443 ← 10.0.0.7:51234" without the ends' direction */
	char unit[64]; /* of the socket's cgroup; "" not known */
};
struct kill_peer { /* an end that loses connections */
	char name[56]; /* "10.0.0.7", "nginx here" */
	uint32_t n;
};
#define KILL_PEERS_MAX 3
struct kill_child { /* of a target, and no target itself */
	uint32_t pid;
	uint64_t start;
};

/* Will something start it again? Asked of systemd by action. */
enum kill_respawn_state {
	RESPAWN_NOT_ASKED, /* no unit that systemd could be asked about */
	RESPAWN_ASKING,
	RESPAWN_UNKNOWN, /* no answer */
	RESPAWN_KNOWN,
};
struct kill_respawn {
	char unit[64];
	uint8_t state; /* enum kill_respawn_state */
	char restart[24]; /* "always" "on-failure" "no" */
	uint64_t delay_ns; /* RestartSec */
	uint32_t main_pid; /* 0: none */
	char trigger[64]; /* a unit that starts it on demand ("api.socket"); "" none */
	bool user; /* of the user's own manager, not of the system's */
};

/* To whom the signal goes. */
enum kill_to {
	KILL_TO_HOLDERS, /* every target, parent first */
	KILL_TO_GROUP, /* the process group of the first */
	KILL_TO_UNIT, /* every process of its unit or container */
	KILL_TO_STOP, /* no signal: systemctl stop */
	KILL_TO_COPY, /* nothing is done: a command to be copied */
	KILL_TO_N
};
extern const char *const kill_to_names[KILL_TO_N]; /* "process" "process group" "unit" … */
struct kill_way {
	uint8_t to; /* enum kill_to */
	uint32_t procs; /* how many processes get it */
	char text[96]; /* "node 21877 and 2 children", safe */
	char command[128]; /* of STOP and COPY, as one would type it */
	bool user; /* STOP: by the user's own manager */
};
struct kill_plan {
	VEC(struct kill_target) targets; /* parent before child, oldest first */
	VEC(struct kill_port) ports;
	VEC(struct kill_unowned) unowned;
	VEC(struct kill_child) children; /* of those that hold sockets */
	bool unscanned; /* not every process was looked at since what was asked for came up: others may hold it */
	uint32_t drops_in, drops_out; /* connections that end */
	struct kill_peer peers[KILL_PEERS_MAX]; /* of drops_in, those with most first */
	uint8_t peers_n;
	uint8_t no_owner_reason; /* enum reason, with targets.n == 0 */
	char title[64]; /* "the holder of 8080/tcp", "node 21877", "the holders of 3 ports" */
	/* How far it reaches: distinct (namespace, protocol, port)s that were asked for, units and programs of
	 * the targets. */
	uint32_t ports_n, units_n, programs_n;
	bool you; /* one of the connections that end is the user's own session */
	char your_name[40]; /* who asks; "" not known */
	uint32_t your_uid;
	/* By action, when the attempt is opened and later: */
	VEC(struct kill_way) ways; /* the first one is KILL_TO_HOLDERS, if there is any */
	VEC(struct kill_respawn) respawns; /* by distinct unit of the targets */
	/* Without such a unit: who started one of the targets and goes on, a program that may start it again (a shell is none).
	 * Found when the plan is opened; pid 0: nobody. */
	uint32_t starter_pid;
	char starter[64]; /* safe */
};
void kill_plan_build(struct kill_plan *p, const struct frame *f, const struct pick *picks, size_t n);
/* The same in slices: a step until one says that it is whole (true), then take, once. The frame and the picks are
 * borrowed until it is freed, which may be at any time. */
struct kill_planning;
struct kill_planning *kill_planning_new(const struct frame *f, const struct pick *picks, size_t n);
bool kill_planning_step(struct kill_planning *k, const struct slice *slice);
void kill_planning_take(struct kill_planning *k, struct kill_plan *ret);
void kill_planning_free(struct kill_planning *k);
void kill_plan_done(struct kill_plan *p);
/* Is this socket (of the port's namespace) one that has this port, at an address that was asked for? */
bool kill_port_has(const struct kill_port *p, const struct sock *s);

/* Who asks, and over which connection. */
struct kill_you {
	uint32_t uid;
	char name[40]; /* safe; "" not known */
	bool ssh; /* the rest is known */
	struct ip here, there;
	uint32_t here_port, there_port;
};
/* Reads SSH_CONNECTION ("client port server port"); anything else leaves ssh false. NULL allowed. */
void kill_you_read(struct kill_you *you, const char *ssh_connection);
/* The user's own connection; NONE. */
uint32_t kill_you_row(const struct frame *f, const struct kill_you *you);
/* Second step of building, of the same frame: what this plan means to the one who asks. */
void kill_plan_judge(struct kill_plan *p, const struct frame *f, const struct kill_you *you);

/* Why this target gets no signal, as a sentence without a full stop; nothing for KILL_OK. */
void kill_refusal_put(const struct kill_plan *p, const struct kill_target *t, struct str *out);
/* The same for a socket that nobody known holds; what to do instead goes to `instead` (NULL allowed). */
void kill_unowned_put(const struct kill_plan *p, const struct kill_unowned *u, struct str *out,
		      struct str *instead);
/* "node 21877", "all 5 holders, parent first": who gets a signal that goes the first way. */
void kill_holders_put(const struct kill_plan *p, struct str *out);
/* "59 connections: 17 in (10.0.0.7 ×12), 42 out": what ends with them; peers: with who is at the other end. Nothing
 * when none does. */
void kill_drops_put(const struct kill_plan *p, bool peers, bool ascii, struct str *out);
size_t kill_targets_ok(const struct kill_plan *p);
/* The word "yes" must be typed for this. */
bool kill_needs_word(const struct kill_plan *p, size_t way, int sig);
/* This signal is meant to end a process (TERM INT QUIT KILL). */
bool kill_sig_ends(int sig);
/* What systemd will do after this signal: "yes: api.service has Restart=always, back after 5 s". Gives a style as
 * in struct kill_step; nothing is appended when nothing can be said. */
uint8_t kill_respawn_put(const struct kill_plan *p, int sig, struct str *out);
/* Expected to be started again, after how long (0: at once). */
bool kill_respawns(const struct kill_plan *p, int sig, uint64_t *ret_delay_ns);
/* What `systemctl show` said, into the respawns of the plan; those it did not speak of become unknown. */
void kill_respawn_read(struct kill_plan *p, const char *text);
/* Does this name a unit that systemctl can stop? */
bool kill_unit_stoppable(const char *unit);
/* How `your_uid` stops a unit: of the system, of his own manager, or, as root, of another user's, by a way that only
 * root has. user: whose manager it is, when user_unit: his name or uid. */
void kill_stop_put(const char *unit, bool user_unit, uint32_t unit_uid, const char *user, uint32_t your_uid,
		   struct str *out);

/* What action reports while it works. */
enum kill_event {
	KILL_SENT,
	KILL_REFUSED,
	KILL_ENDED,
	KILL_FREED,
	KILL_STILL_HELD,
	KILL_TAKEN_AGAIN,
	KILL_WATCH_OVER,
};
struct kill_step {
	uint64_t at_ns; /* CLOCK_BOOTTIME */
	uint8_t event;
	uint8_t severity; /* 0 info, 1 good, 2 warn, 3 bad: a style, so that it need not be guessed from the text */
	char text[160]; /* "node 21877 ended", "8080/tcp is free" — without the time */
};
