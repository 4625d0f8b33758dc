/* The inside of a kill, shared by kill.c (the deed), kill_watch.c (its outcome), kill_sys.c (the system). */
#pragma once
#include "sockeye/action/kill.h"
#include "sockeye/base/mem.h"
#include "sockeye/base/str.h"

#define KILL_STEPS_MAX 64

struct kill_aim { /* parallel to plan.targets */
	int pidfd; /* owned; -1: none */
	bool sent, sent_now; /* got a signal; in the last kill_send */
	bool ended, ended_now;
	bool told; /* its refusal is among the steps */
};
enum kill_port_state {
	KILL_PORT_HELD,
	KILL_PORT_STILL, /* held, though the targets ended; said once */
	KILL_PORT_FREE,
	KILL_PORT_TAKEN,
};
struct kill {
	struct kill_plan plan;
	struct kill_sys sys; /* every member set */
	VEC(struct kill_aim) aims;
	VEC(uint8_t) ports; /* enum kill_port_state, parallel to plan.ports */
	VEC(struct kill_step) steps;
	uint64_t sent_ns, looked_ns;
	int sig;
	bool nagged; /* "ignores TERM" was said */
	bool look_failed; /* … and said */
	bool over;
};
extern const struct kill_sys kill_sys_real; /* every member set */
const char *kill_signal_name(int sig); /* NULL: not in the menu */
char *kill_step_add(struct kill *k, enum kill_event event, uint8_t severity, uint64_t now_ns);
void kill_step_say(struct kill *k, enum kill_event event, uint8_t severity, uint64_t now_ns,
		   const char *text);
void kill_names(const struct kill *k, bool (*pass)(const struct kill_aim *), struct str *out);
