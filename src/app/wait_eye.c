/* One look after the other: a snapshot, and a frame made of it unless it says nothing that the last one did not. */
#include "wait_eye.h"
#include "clock.h"
#include "sockeye/base/mem.h"
#include "sockeye/base/units.h"
#include "wait_pace.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PERIOD_NS (20 * NSEC_PER_MS)
#define SOCKS_REMEMBERED 1024

void eye_init(struct eye *e, struct intern *names, struct services *services)
{
	snapshot_init(&e->snap);
	for (size_t i = 0; i < ARRAY_LEN(e->frames); i++)
		frame_init(&e->frames[i]);
	e->world = world_new(names, services, (uint32_t)sysconf(_SC_CLK_TCK));
}

void eye_done(struct eye *e)
{
	if (!e->world)
		return;
	world_free(e->world);
	for (size_t i = 0; i < ARRAY_LEN(e->frames); i++)
		frame_done(&e->frames[i]);
	snapshot_done(&e->snap);
	vec_done(&e->before);
	vec_done(&e->picked);
}

bool eye_cheap(const struct eye *e)
{
	return e->want.netns != WANT_NETNS_ALL && !(e->want.protos & ~EYE_PROTOS_CHEAP) &&
	       !(e->want.states & ~EYE_STATES_CHEAP) && !(e->want.attrs & WANT_OWNERS);
}

/* Are they the same sockets in the same order, each as it was? And remembers these. */
static bool same_again(struct eye *e)
{
	size_t n = e->snap.socks.n;
	bool same = e->before_protos == e->want.protos && e->before.n == n &&
		    (!n || !memcmp(e->before.v, e->snap.socks.v, n * sizeof(e->before.v[0])));

	e->before_protos = 0;
	if (!e->plain || n > SOCKS_REMEMBERED)
		return false;
	e->before_protos = e->want.protos;
	if (same)
		return true;
	vec_clear(&e->before);
	vec_reserve(&e->before, n + 1);
	if (n)
		memcpy(e->before.v, e->snap.socks.v, n * sizeof(e->before.v[0]));
	e->before.n = n;
	return false;
}

int eye_look(struct eye *e, struct source *source, bool *ret_same)
{
	bool same, old;
	int r;

	e->at_ns = clock_boot();
	r = source_look(source, &e->want, &e->snap);
	if (r < 0)
		return r;
	/* What a look misses is gone only when the next one misses it too: it takes two that are the same. */
	same = same_again(e);
	old = same && e->settled;
	e->settled = same;
	e->looks++;
	if (ret_same)
		*ret_same = old;
	if (old)
		return 0;
	e->turn = (e->turn + 1) % ARRAY_LEN(e->frames);
	world_apply(e->world, &e->snap, PERIOD_NS, &e->frames[e->turn]);
	vec_clear(&e->picked);
	vec_reserve(&e->picked, eye_frame(e)->rows_n + 1);
	e->picked.n = eye_frame(e)->rows_n;
	return 0;
}

void eye_charge(struct eye *e, uint64_t ns)
{
	/* The first looks are cold, and say little about the others. */
	e->cost_ns = eye_cheap(e) && e->looks > 2 ? pace_mean(e->cost_ns, ns) : ns;
}
