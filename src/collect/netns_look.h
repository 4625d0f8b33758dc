/* Asking the namespaces for their sockets: cheap questions in every look, dear ones where and when they pay. */
#pragma once
#include "netns.h"

struct netns_look {
	const struct want *want;
	struct netns_set *set;
	struct intern *names; /* borrowed for the call, as below */
	struct cgroups *cgroups;
	struct snapshot *out;
	uint64_t budget_ns; /* for walks of busy foreign namespaces, a tenth for quiet ones; 0: no limit */
	bool answered; /* anybody did */
	int first; /* the first negative errno when somebody did not */
};
/* Appends the sockets of every wanted namespace of the set; netns_set_put() was before. */
void netns_look(struct netns_look *l);
