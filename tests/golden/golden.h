/* What the golden tests are made of: invented worlds, a host that acts on nothing, and the cases. */
#pragma once
#include "fixture.h"
#include "sockeye/view/ui.h"

/* Worlds: fill the fixture's first snapshot. */
void world_web1(struct fixture *x);
void world_hostile(struct fixture *x);
void world_wide(struct fixture *x); /* East Asian names: two cells a character */
void world_unprivileged(struct fixture *x);
void world_empty(struct fixture *x);
void world_namespaces(struct fixture *x);
void world_many(struct fixture *x);

/* A host that keeps a plan and tells canned steps. */
struct golden_host {
	struct kill_plan plan;
	bool open, sent, quit;
	int signal;
	uint64_t sent_ns, interval_ns;
	struct kill_step steps[4];
	size_t steps_n;
	bool over;
	struct ui_question question; /* of the last explain_begin */
	uint64_t asked_ns; /* 0: nothing was asked */
	char *copied; /* owned: what copy was given last */
	const char *file; /* the one file there is; export to it asks */
	const uint64_t *now; /* borrowed: the test's clock */
};
struct ui_host golden_host_of(struct golden_host *h);
void golden_host_done(struct golden_host *h);
