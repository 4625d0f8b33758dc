/* One look at the sockets for the commands that act: open, take, fetch what takes a read, let go. */
#include "look_once.h"
#include "clock.h"
#include "live_source.h"
#include "netns_option.h"
#include "options.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include "sockeye/model/forward.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LATE_WAIT_NS (1500 * NSEC_PER_MS) /* a worker gives a read up after one second */

void look_once_done(struct look_once *l)
{
	workers_free(l->workers);
	if (l->opened) {
		frame_done(&l->frame);
		snapshot_done(&l->snap);
	}
	world_free(l->world);
	source_free(l->source);
	filter_free(l->filter);
	services_free(l->services);
	intern_free(l->names);
}

static int failed(struct look_once *l, const char *what, const char *why, int r)
{
	snprintf(l->err, sizeof(l->err), "%s: %s", what, why);
	return r;
}

int look_once_told(const struct look_once *l, int r)
{
	if (r < 0)
		complain("%s", l->err);
	return r;
}

int look_once_open(struct look_once *l, const char *filter)
{
	struct filter_error error;
	int r;

	if (!l->services)
		l->services = services_load("/etc/services");
	l->names = intern_new();
	snapshot_init(&l->snap);
	frame_init(&l->frame);
	l->opened = true;
	if (filter && filter_parse(filter, l->services, &l->filter, &error) < 0)
		return failed(l, "filter", error.text, -1);
	r = live_source_open(l->names, &l->source);
	if (r < 0)
		return failed(l, "cannot ask the kernel for its sockets", strerror(-r), r);
	live_set_owner_budget(l->source, 0);
	live_set_ns_budget(l->source, 0);
	return 0;
}

int look_once_take(struct look_once *l, const struct want *want)
{
	int r = source_look(l->source, want, &l->snap);

	if (r < 0)
		return failed(l, "cannot read the sockets", strerror(-r), r);
	world_free(l->world);
	l->world = world_new(l->names, l->services, (uint32_t)sysconf(_SC_CLK_TCK));
	world_apply(l->world, &l->snap, NSEC_PER_SEC, &l->frame);
	return 0;
}

void look_once_texts(struct look_once *l, uint8_t texts)
{
	if (!texts)
		return;
	if (!l->workers)
		l->workers = workers_new();
	for (size_t i = 0; i < l->frame.users.n && texts & 1 << LATE_USER; i++)
		workers_ask(l->workers, l->frame.users.v[i].late, LATE_USER);
	for (size_t i = 0; i < l->frame.procs.n; i++) {
		const struct proc *p = &l->frame.procs.v[i];

		if (!p->late || !p->sock_n)
			continue;
		if (texts & 1 << LATE_CMDLINE ||
		    (texts & LOOK_FORWARDERS && forward_comm(intern_get(l->names, p->p.comm))))
			workers_ask(l->workers, p->late, LATE_CMDLINE);
		if (texts & 1 << LATE_EXE)
			workers_ask(l->workers, p->late, LATE_EXE);
	}
	workers_wait(l->workers, clock_boot() + LATE_WAIT_NS);
	frame_forwards(&l->frame, l->names);
}

void look_once_late(struct look_once *l)
{
	look_once_texts(l, 1 << LATE_USER | 1 << LATE_CMDLINE | 1 << LATE_EXE);
}

void look_once_you(const struct look_once *l, struct kill_you *ret)
{
	const char *name, *ssh = getenv("SSH_CONNECTION");
	struct late *own = NULL;
	struct str safe = {0};

	*ret = (struct kill_you){.uid = geteuid()};
	name = frame_user(&l->frame, ret->uid);
	if (!name && l->workers) { /* without a socket here, the frame does not know him */
		own = late_new(ret->uid, 0);
		workers_ask(l->workers, own, LATE_USER);
		workers_wait(l->workers, clock_boot() + LATE_WAIT_NS);
		name = late_get(own, LATE_USER);
	}
	if (name && *name) {
		text_put_cell(&safe, name, strlen(name), MB_CUR_MAX == 1, sizeof(ret->name) - 8);
		snprintf(ret->name, sizeof(ret->name), "%s", str_text(&safe));
	}
	str_done(&safe);
	late_unref(own);
	kill_you_read(ret, ssh);
}

int look_once_deed(struct look_once *l, const struct options *o)
{
	struct want want = {.attrs = WANT_OWNERS};

	if (look_once_told(l, look_once_open(l, o->filter)) < 0 ||
	    netns_option(o, WANT_NETNS_OWN, &want, NULL) < 0)
		return -1;
	filter_whole_words(l->filter);
	want.protos = filter_protos_of(l->filter, PROTOS_PORTS);
	filter_want(l->filter, &want);
	want.states = STATES_ALL;
	if (look_once_told(l, look_once_take(l, &want)) < 0)
		return -1;
	look_once_late(l);
	return 0;
}
