/* The inside of a kill, shared by kill.c (the deed), kill_ways.c (to whom), kill_watch.c (its outcome), kill_sys.c,
 * kill_holds.c and kill_cgroup.c (the system). */
#pragma once
#include "sockeye/action/kill.h"
#include "sockeye/base/mem.h"
#include "sockeye/base/str.h"
#include <sys/types.h>

#define KILL_STEPS_MAX 64
#define KILL_ANCESTORS_MAX 64 /* a bound for a /proc that changes while it is walked */

struct kill_aim { /* the plan's targets, then the members */
	int pidfd; /* owned; -1: none */
	bool sent, sent_now; /* got a signal; in the last kill_send */
	bool ended, ended_now;
	bool told; /* its refusal is among the steps */
	uint8_t ways; /* bits 1 << enum kill_to: which of them reach it */
};
enum kill_port_state {
	KILL_PORT_HELD,
	KILL_PORT_STILL, /* held, though the targets ended; said once */
	KILL_PORT_FREE,
	KILL_PORT_TAKEN,
};
struct unit_job { /* systemctl stop, while it runs */
	pid_t pid; /* 0: none */
	int out; /* owned: what it says; -1 */
	struct str said;
};
struct kill {
	struct kill_plan plan;
	struct kill_sys sys; /* as kill_sys_real */
	VEC(struct kill_target) members; /* of the group and the unit, without those that are targets */
	VEC(struct kill_aim) aims; /* plan.targets, then members */
	uint32_t ancestors[KILL_ANCESTORS_MAX], ancestors_n; /* of this process, itself first */
	size_t way;
	uint32_t group; /* the process group of the first target that can be signalled; 0 none */
	int leader; /* owned: pidfd of its leader; -1 */
	int cgroup; /* owned: directory of the unit; -1 */
	char cgroup_path[256];
	struct unit_job job;
	VEC(uint8_t) ports; /* enum kill_port_state, parallel to plan.ports */
	VEC(struct kill_step) steps;
	uint64_t sent_ns, looked_ns;
	int sig;
	char holder_unit[64];
	bool taken; /* a port that was asked for */
	bool nagged; /* "ignores TERM" was said */
	bool look_failed; /* … and said */
	bool lingers_told; /* the time-wait remark was made, or there was nothing to remark */
	bool over;
};
static inline struct kill_target *kill_target_of(const struct kill *k, size_t aim)
{
	return aim < k->plan.targets.n ? &k->plan.targets.v[aim] : &k->members.v[aim - k->plan.targets.n];
}
extern const struct kill_sys kill_sys_real; /* every member set but unit_stop, which is unit_job_start */
/* kill_holds.c: as kill_sys.holds */
int kill_real_holds(void *data, uint32_t pid, const struct kill_proof *v, size_t n);
/* kill_cgroup.c: */
int kill_real_cgroup(void *data, uint32_t pid, struct str *ret);
int kill_real_cgroup_open(void *data, const char *path);
int kill_real_cgroup_pids(void *data, int dir, struct kill_pids *ret);
int kill_real_cgroup_kill(void *data, int dir);

char *kill_step_add(struct kill *k, enum kill_event event, uint8_t severity, uint64_t now_ns);
void kill_step_say(struct kill *k, enum kill_event event, uint8_t severity, uint64_t now_ns,
		   const char *text);
void kill_names(const struct kill *k, bool (*pass)(const struct kill_aim *), struct str *out);
bool kill_is_ancestor(const struct kill *k, uint32_t pid); /* or this process itself */
/* Through the pidfd: still that process, alive, and ours to signal? held: whether it has to hold one of its proofs. */
enum kill_refusal kill_check_target(const struct kill *k, struct kill_target *t, int pidfd);
enum kill_refusal kill_open_target(struct kill *k, struct kill_target *t, struct kill_aim *a);

/* The choices of TO, once the targets are judged: fills plan.ways, members and their pidfds. */
void kill_find_ways(struct kill *k);
/* Is this member of the group or unit still one? */
bool kill_nobody_joined(const struct kill *k, uint8_t to); /* since the ways were found */
bool kill_still_member(const struct kill *k, const struct kill_target *t, uint8_t to);

/* unit_stop.c. 0 or a negative errno. */
int unit_job_start(struct unit_job *j, const char *unit, bool user);
/* 1: it has ended, *ret_status as waitpid gives it; 0: it runs. What it said is in j->said. */
int unit_job_poll(struct unit_job *j, int *ret_status);
void unit_job_done(struct unit_job *j); /* lets go of one that runs */
bool unit_systemctl(void); /* there is one */
