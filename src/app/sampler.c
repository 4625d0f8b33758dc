/* The thread behind sampler.h: look, apply to the world, publish, sleep; so that a slow kernel never holds up a key. */
#include "sampler.h"
#include "clock.h"
#include "live_source.h"
#include "pace.h"
#include "sockeye/base/units.h"
#include "sockeye/collect/source.h"
#include "sockeye/model/world.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* One with main, which can sit on it for long (pause), the one written last, which the world reads and which
 * may be on its way, and one to write. */
#define FRAMES_N 4 /* the last one only while main sits on another one */

/* What walking the connections of busy foreign network namespaces may take of the interval. */
#define NS_SHARE 5
/* Our descriptors keep a namespace that has ended: no longer than this. */
#define LET_GO_NS (1500 * NSEC_PER_MS)

/* The part of the interval that searching owners may take in a look. */
#define OWNER_SHARE 5

struct slot {
	struct frame frame; /* first: sampler_give casts back */
	bool with_main; /* published and taken; the sampler's view */
	atomic_bool given; /* main has done with it; set by main, cleared by the sampler */
};
struct sampler {
	pthread_t thread;
	struct slot slots[FRAMES_N];
	struct slot *last; /* the one written last */
	uint64_t swept; /* number of the frame after which names were swept */
	_Atomic(struct slot *) fresh; /* published, not yet taken */
	atomic_int error;
	atomic_bool spare;
	int fd, shown_fd;
	const struct services *services;
	struct workers *workers;

	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t wake;
	struct want want;
	uint64_t interval_ns; /* as the user wants it */
	struct pace pace; /* the thread's own */
	struct source_fd seen[SAMPLER_SEEN_MAX];
	size_t seen_n;
	struct sock show; /* cookie 0: nothing */
	uint64_t show_netns;
	bool show_new; /* it was not asked for yet */
	struct shown shown;
	bool quit, poke, ended;
	bool rest, resting; /* asked for; done */
};

static void notify(int fd)
{
	uint64_t one = 1;

	(void)!write(fd, &one, sizeof(one));
}

/* A slot that neither main nor the world reads. NULL only while main has taken a frame and not yet given back
 * the one before it. */
static struct slot *free_slot(struct sampler *s)
{
	for (int i = 0; i < FRAMES_N; i++)
		if (s->slots[i].with_main && atomic_exchange(&s->slots[i].given, false))
			s->slots[i].with_main = false;
	for (int i = 0; i < FRAMES_N; i++) {
		struct slot *t = &s->slots[i];

		if (!t->with_main && t != s->last && (i < FRAMES_N - 1 || atomic_load(&s->spare)))
			return t;
	}
	return NULL;
}

static void publish(struct sampler *s, struct slot *t)
{
	struct slot *unread;

	/* Until proven otherwise main has it: it may take it right after the exchange. */
	t->with_main = true;
	unread = atomic_exchange(&s->fresh, t);
	if (unread)
		unread->with_main = false;
	s->last = t;
	notify(s->fd);
}

/* Texts that take a read which can hang: the workers fetch them for whatever this frame shows. */
static void ask_late(struct workers *w, const struct frame *f)
{
	for (size_t i = 0; i < f->procs.n; i++) {
		struct late *l = f->procs.v[i].late;

		if (!l || (f->procs.v[i].marks & MARK_CLOSED))
			continue;
		workers_ask(w, l, LATE_CMDLINE);
		workers_ask(w, l, LATE_EXE);
		workers_ask(w, l, LATE_CWD);
	}
	for (size_t i = 0; i < f->users.n; i++)
		if (f->users.v[i].late)
			workers_ask(w, f->users.v[i].late, LATE_USER);
	workers_tick(w);
}

/* With the lock held. */
static void show(struct sampler *s, struct source *source)
{
	struct sock k = s->show;
	uint64_t netns = s->show_netns;
	struct shown now = {0};
	bool first = s->show_new;

	s->show_new = false;
	if (k.cookie) {
		pthread_mutex_unlock(&s->lock);
		live_show(source, netns, &k, &now);
		pthread_mutex_lock(&s->lock);
	}
	if (s->show_new) /* this is of one that is not shown any more */
		return;
	s->shown = now;
	/* Frames bring the next ones along; the first is waited for, and while paused no frame is taken. */
	if (first)
		notify(s->shown_fd);
}

/* With the lock held. */
static void rest(struct sampler *s, struct source *source)
{
	pthread_mutex_unlock(&s->lock);
	live_leave(source);
	pthread_mutex_lock(&s->lock);
	s->resting = true;
	pthread_cond_broadcast(&s->wake);
	while (s->rest && !s->quit)
		pthread_cond_wait(&s->wake, &s->lock);
	s->resting = false;
	s->poke = true;
}

/* Sleeps until the next look is due, a poke or the end; gives the order for that look. Looks that take longer than
 * the interval leave the machine at least as much time as they took. */
static bool sleep_until_due(struct sampler *s, struct source *source, uint64_t last_start,
			    struct want *ret_want, uint64_t *ret_interval)
{
	uint64_t now = clock_read(CLOCK_MONOTONIC), earliest = last_start ? now + (now - last_start) : 0;
	bool go_on;

	pthread_mutex_lock(&s->lock);
	while (!s->quit && (!s->poke || s->rest)) {
		uint64_t next = last_start ? last_start + pace_interval(&s->pace, s->interval_ns) : 0, at;
		struct timespec t;

		if (s->rest) {
			rest(s, source);
			break;
		}
		if (s->show_new) {
			show(s, source);
			continue;
		}
		if (next < earliest)
			next = earliest;
		now = clock_read(CLOCK_MONOTONIC);
		if (now >= next)
			break;
		at = next > now + LET_GO_NS ? now + LET_GO_NS : next;
		t = (struct timespec){(time_t)(at / NSEC_PER_SEC), (long)(at % NSEC_PER_SEC)};
		if (pthread_cond_timedwait(&s->wake, &s->lock, &t) == ETIMEDOUT && at < next) {
			pthread_mutex_unlock(&s->lock);
			live_let_go(source);
			pthread_mutex_lock(&s->lock);
		}
	}
	s->poke = false;
	*ret_want = s->want;
	*ret_interval = pace_interval(&s->pace, s->interval_ns);
	go_on = !s->quit;
	pthread_mutex_unlock(&s->lock);
	return go_on;
}

static void take_seen(struct sampler *s, struct source *source)
{
	pthread_mutex_lock(&s->lock);
	live_verify(source, s->seen, s->seen_n);
	pthread_mutex_unlock(&s->lock);
}

/* The shown connection's numbers are to be as old as the frame's. */
static void take_shown(struct sampler *s, struct source *source, struct world *world)
{
	pthread_mutex_lock(&s->lock);
	if (s->show.cookie) {
		show(s, source);
		world_show(world, s->show_netns, s->show.cookie);
	}
	pthread_mutex_unlock(&s->lock);
}

/* Looks between two sweeps of names: what main has of a frame that it gave back is long forgotten by the next. */
#define SWEEP_EVERY 32

/* Frames that main has are only read, and what they name stays. */
static void sweep_names(struct sampler *s, struct intern *names, struct world *world, struct source *source,
			uint64_t number)
{
	if (number < s->swept + SWEEP_EVERY || !intern_wasteful(names))
		return;
	s->swept = number;
	intern_mark_begin(names);
	for (int i = 0; i < FRAMES_N; i++)
		frame_mark_names(&s->slots[i].frame, i ? &s->slots[i - 1].frame : NULL, names);
	if (!live_mark_names(source))
		return;
	world_mark_names(world);
	intern_sweep(names);
}

static void run(struct sampler *s)
{
	struct intern *names = intern_new();
	struct world *world = NULL;
	struct source *source = NULL;
	struct snapshot snap;
	struct want want;
	uint64_t interval, start = 0;
	int r = live_source_open(names, &source);

	snapshot_init(&snap);
	if (r < 0) {
		atomic_store(&s->error, r);
		notify(s->fd);
		goto out;
	}
	world = world_new(names, s->services, (uint32_t)sysconf(_SC_CLK_TCK));
	while (sleep_until_due(s, source, start, &want, &interval)) {
		struct slot *t;
		uint64_t used = clock_read(CLOCK_THREAD_CPUTIME_ID);

		start = clock_read(CLOCK_MONOTONIC);
		live_set_ns_budget(source, interval / NS_SHARE);
		live_set_owner_budget(source, interval / OWNER_SHARE);
		take_seen(s, source);
		r = source_look(source, &want, &snap);
		atomic_store(&s->error, r < 0 ? r : 0);
		if (r < 0) {
			notify(s->fd);
			continue;
		}
		t = free_slot(s);
		if (!t)
			continue;
		take_shown(s, source, world);
		world_apply(world, &snap, interval, &t->frame);
		ask_late(s->workers, &t->frame);
		pace_note(&s->pace, clock_read(CLOCK_THREAD_CPUTIME_ID) - used);
		t->frame.cost_ns = s->pace.cost_ns;
		sweep_names(s, names, world, source, t->frame.number);
		publish(s, t);
	}
out:
	/* Frames point into the names: main has let go of both before it asked for the end. */
	snapshot_done(&snap);
	world_free(world);
	source_free(source);
	for (int i = 0; i < FRAMES_N; i++)
		frame_done(&s->slots[i].frame);
	intern_free(names);
}

static void *thread_main(void *arg)
{
	struct sampler *s = arg;

	run(s);
	pthread_mutex_lock(&s->lock);
	s->ended = true;
	pthread_cond_broadcast(&s->wake);
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

static void close_fds(struct sampler *s)
{
	if (s->fd >= 0)
		close(s->fd);
	if (s->shown_fd >= 0)
		close(s->shown_fd);
}

int sampler_start(const struct sampler_opts *o, struct sampler **ret)
{
	struct sampler *s = mem_zalloc(1, sizeof(*s));
	pthread_condattr_t a;
	sigset_t all, old;
	int r;

	s->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	s->shown_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (s->fd < 0 || s->shown_fd < 0) {
		r = -errno;
		close_fds(s);
		free(s);
		return r;
	}
	s->services = o->services;
	s->workers = o->workers;
	s->want = o->want;
	s->interval_ns = o->interval_ns;
	for (int i = 0; i < FRAMES_N; i++)
		frame_init(&s->slots[i].frame);
	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&a);
	pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
	pthread_cond_init(&s->wake, &a);
	pthread_condattr_destroy(&a);
	/* Signals are main's business. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&s->thread, NULL, thread_main, s);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (r) {
		close_fds(s);
		free(s);
		return -r;
	}
	*ret = s;
	return 0;
}

bool sampler_stop(struct sampler *s, uint64_t wait_ns)
{
	uint64_t until = clock_read(CLOCK_MONOTONIC) + wait_ns;
	struct timespec t = {(time_t)(until / NSEC_PER_SEC), (long)(until % NSEC_PER_SEC)};
	bool ended;

	pthread_mutex_lock(&s->lock);
	s->quit = true;
	pthread_cond_broadcast(&s->wake);
	while (!s->ended && pthread_cond_timedwait(&s->wake, &s->lock, &t) != ETIMEDOUT)
		;
	ended = s->ended;
	pthread_mutex_unlock(&s->lock);
	if (!ended) {
		pthread_detach(s->thread);
		return false;
	}
	pthread_join(s->thread, NULL);
	pthread_cond_destroy(&s->wake);
	pthread_mutex_destroy(&s->lock);
	close_fds(s);
	free(s);
	return true;
}

int sampler_fd(const struct sampler *s)
{
	return s->fd;
}

const struct frame *sampler_take(struct sampler *s)
{
	struct slot *t;
	uint64_t n;

	(void)!read(s->fd, &n, sizeof(n));
	t = atomic_exchange(&s->fresh, NULL);
	return t ? &t->frame : NULL;
}

void sampler_give(struct sampler *s, const struct frame *f)
{
	for (int i = 0; i < FRAMES_N; i++)
		if (&s->slots[i].frame == f)
			atomic_store(&s->slots[i].given, true);
}

void sampler_spare(struct sampler *s, bool spare)
{
	atomic_store(&s->spare, spare);
}

int sampler_error(const struct sampler *s)
{
	return atomic_load(&s->error);
}

void sampler_verify(struct sampler *s, const struct source_fd *v, size_t n)
{
	pthread_mutex_lock(&s->lock);
	s->seen_n = n < SAMPLER_SEEN_MAX ? n : SAMPLER_SEEN_MAX;
	memcpy(s->seen, v, s->seen_n * sizeof(*v));
	pthread_mutex_unlock(&s->lock);
}

void sampler_show(struct sampler *s, uint64_t netns_inode, const struct sock *k)
{
	pthread_mutex_lock(&s->lock);
	s->show = *k;
	s->show_netns = netns_inode;
	s->show_new = true;
	s->shown = (struct shown){0};
	pthread_cond_broadcast(&s->wake);
	pthread_mutex_unlock(&s->lock);
}

int sampler_shown_fd(const struct sampler *s)
{
	return s->shown_fd;
}

void sampler_shown(struct sampler *s, struct shown *ret)
{
	uint64_t n;

	(void)!read(s->shown_fd, &n, sizeof(n));
	pthread_mutex_lock(&s->lock);
	*ret = s->shown;
	pthread_mutex_unlock(&s->lock);
}

void sampler_want(struct sampler *s, const struct want *w)
{
	pthread_mutex_lock(&s->lock);
	if ((w->protos & ~s->want.protos) || (w->states & ~s->want.states) || (w->attrs & ~s->want.attrs)) {
		s->poke = true;
		pthread_cond_broadcast(&s->wake);
	}
	s->want = *w;
	pthread_mutex_unlock(&s->lock);
}

bool sampler_rest(struct sampler *s, bool on, uint64_t wait_ns)
{
	uint64_t until = clock_read(CLOCK_MONOTONIC) + wait_ns;
	struct timespec t = {(time_t)(until / NSEC_PER_SEC), (long)(until % NSEC_PER_SEC)};
	bool resting;

	pthread_mutex_lock(&s->lock);
	s->rest = on;
	pthread_cond_broadcast(&s->wake);
	while (on && !s->resting && !s->ended && pthread_cond_timedwait(&s->wake, &s->lock, &t) != ETIMEDOUT)
		;
	resting = s->resting;
	pthread_mutex_unlock(&s->lock);
	return resting;
}

void sampler_interval(struct sampler *s, uint64_t ns)
{
	pthread_mutex_lock(&s->lock);
	s->interval_ns = ns;
	pthread_cond_broadcast(&s->wake);
	pthread_mutex_unlock(&s->lock);
}
