/* The dashboard's own state, for its main loop and for what the ui asks of the outside. */
#pragma once
#include "closing.h"
#include "config.h"
#include "explaining.h"
#include "exporting.h"
#include "killing.h"
#include "netns_option.h"
#include "pieces.h"
#include "sampler.h"
#include "sockeye/view/ui.h"
#include "workers.h"

struct dashboard {
	struct ui *ui; /* owned */
	struct sampler *sampler; /* owned */
	struct workers *workers; /* owned */
	struct workers *resolvers; /* owned: for host names, which take their time */
	struct killing *killing; /* owned */
	struct closing *closing; /* owned */
	struct exporting *exporting; /* owned */
	struct explaining *explaining; /* owned */
	struct kill_you you;
	struct services *services; /* owned */
	struct config config;
	struct canvas canvas;
	const struct frame *frame; /* the ui's; given back to the sampler */
	const struct frame *exported; /* no longer the ui's, but still being written; NULL */
	const struct frame *next; /* the ui is taking it in; NULL */
	uint64_t slice_ns; /* when main has to look at the keys again */
	struct want want; /* what the sampler was told */
	struct want netns; /* its namespaces alone: what the command line chose */
	struct netns_choice netns_choice;
	struct pieces pieces;
	uint64_t showing_netns, showing; /* the connection the sampler was told of: its cookie; 0: none */
	uint64_t refreshed_ns;
	bool refresh, dirty, more_keys;
	bool over;
	int error; /* of the sampler, as told to the user */
	int exit_code;
	int signals; /* owned */
	char host[256];
	char user[256];
};

/* Everything the ui can ask for. */
void dashboard_host(struct dashboard *d, struct ui_host *ret);
/* Stops the program until it is continued (^Z). */
void dashboard_suspend(struct dashboard *d);
