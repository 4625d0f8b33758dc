/* The attempt in hand, its watch and its log: main never waits for the look that tells whether a port is free. */
#include "killing.h"
#include "clock.h"
#include "sockeye/action/kill.h"
#include "sockeye/base/mem.h"
#include "sockeye/base/units.h"
#include "sockeye/collect/source.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define WATCH_NS (30 * NSEC_PER_SEC)
#define WATCH_EVERY_NS (15 * NSEC_PER_MS)

struct steps {
	VEC(struct kill_step) list;
	uint64_t sent_ns;
	bool over;
};
/* Main and the watch hold a reference each: neither waits for the other to end. */
struct attempt {
	pthread_mutex_t
		lock; /* of kill: held for a whole kill_send or kill_watch, which may look at the kernel */
	struct kill *kill; /* owned */
	pthread_mutex_t steps_lock; /* of steps: never held for long */
	struct steps steps; /* a copy for main */
	atomic_bool quit;
	atomic_uint refs;
	bool watching; /* main's */
	int fd; /* owned; the same eventfd as killing.fd */
};
struct killing {
	struct attempt *attempt; /* NULL: none */
	struct steps shown; /* what the ui has borrowed */
	VEC(struct kill_step) log;
	int fd;
};

static void attempt_unref(struct attempt *a)
{
	if (atomic_fetch_sub(&a->refs, 1) != 1)
		return;
	kill_free(a->kill);
	vec_done(&a->steps.list);
	pthread_mutex_destroy(&a->lock);
	pthread_mutex_destroy(&a->steps_lock);
	close(a->fd);
	free(a);
}

static void steps_copy(struct steps *to, size_t n, const struct kill_step *v, uint64_t sent_ns, bool over)
{
	vec_clear(&to->list);
	vec_reserve(&to->list, n);
	if (n)
		memcpy(to->list.v, v, n * sizeof(*v));
	to->list.n = n;
	to->sent_ns = sent_ns;
	to->over = over;
}

/* With a->lock held. True: there was something new. */
static bool publish(struct attempt *a, bool over)
{
	size_t n;
	const struct kill_step *v = kill_steps(a->kill, &n);
	bool changed;

	pthread_mutex_lock(&a->steps_lock);
	changed = a->steps.list.n != n || a->steps.over != over;
	steps_copy(&a->steps, n, v, kill_sent_ns(a->kill), over);
	pthread_mutex_unlock(&a->steps_lock);
	return changed;
}

static int look(void *data, const struct want *want, struct snapshot *ret)
{
	return source_look(data, want, ret);
}

static void *watch_main(void *arg)
{
	struct attempt *a = arg;
	struct intern *names = intern_new();
	struct source *source = NULL;
	struct kill_look how = {.look = look};
	bool have = live_open(names, "/proc", &source) == 0, go_on = true;
	uint64_t one = 1;

	how.data = source;
	while (go_on && !atomic_load(&a->quit)) {
		struct timespec t = {0, WATCH_EVERY_NS};

		pthread_mutex_lock(&a->lock);
		go_on = kill_watch(a->kill, have ? &how : NULL, clock_boot(), WATCH_NS);
		if (publish(a, !go_on))
			(void)!write(a->fd, &one, sizeof(one));
		pthread_mutex_unlock(&a->lock);
		nanosleep(&t, NULL);
	}
	source_free(source);
	intern_free(names);
	attempt_unref(a);
	return NULL;
}

static void watch_start(struct attempt *a)
{
	pthread_attr_t attr;
	pthread_t id;
	sigset_t all, old;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	atomic_fetch_add(&a->refs, 1);
	a->watching = !pthread_create(&id, &attr, watch_main, a);
	if (!a->watching)
		atomic_fetch_sub(&a->refs, 1);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
}

struct killing *killing_new(void)
{
	struct killing *k = mem_zalloc(1, sizeof(*k));

	k->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (k->fd < 0)
		die("eventfd: %s", strerror(errno));
	return k;
}

void killing_free(struct killing *k)
{
	if (!k)
		return;
	killing_close(k);
	vec_done(&k->shown.list);
	vec_done(&k->log);
	close(k->fd);
	free(k);
}

const struct kill_plan *killing_open(void *data, struct kill_plan *plan)
{
	struct killing *k = data;
	struct attempt *a = mem_zalloc(1, sizeof(*a));

	killing_close(k);
	pthread_mutex_init(&a->lock, NULL);
	pthread_mutex_init(&a->steps_lock, NULL);
	atomic_store(&a->refs, 1);
	a->fd = fcntl(k->fd, F_DUPFD_CLOEXEC, 3);
	a->kill = kill_open(plan, NULL);
	k->attempt = a;
	return kill_plan(a->kill);
}

int killing_send(void *data, int sig)
{
	struct killing *k = data;
	struct attempt *a = k->attempt;
	bool over;
	int n;

	if (!a)
		return 0;
	pthread_mutex_lock(&a->lock);
	over = a->steps.over; /* written with both locks held */
	n = kill_send(a->kill, sig, clock_boot());
	publish(a, false);
	pthread_mutex_unlock(&a->lock);
	/* A signal sent after the watch was over begins a new one. */
	if (n > 0 && (!a->watching || over))
		watch_start(a);
	return n;
}

/* What the attempt has come to, into k->shown. */
static void refresh(struct killing *k)
{
	struct attempt *a = k->attempt;

	pthread_mutex_lock(&a->steps_lock);
	steps_copy(&k->shown, a->steps.list.n, a->steps.list.v, a->steps.sent_ns, a->steps.over);
	pthread_mutex_unlock(&a->steps_lock);
}

const struct kill_step *killing_steps(void *data, size_t *ret_n, uint64_t *ret_sent_ns, bool *ret_over)
{
	struct killing *k = data;

	if (k->attempt)
		refresh(k);
	*ret_n = k->shown.list.n;
	*ret_sent_ns = k->shown.sent_ns;
	*ret_over = k->shown.over;
	return k->shown.list.v;
}

void killing_close(void *data)
{
	struct killing *k = data;

	if (!k->attempt)
		return;
	refresh(k);
	for (size_t i = 0; i < k->shown.list.n; i++)
		vec_push(&k->log, k->shown.list.v[i]);
	steps_copy(&k->shown, 0, NULL, 0, false);
	atomic_store(&k->attempt->quit, true);
	attempt_unref(k->attempt);
	k->attempt = NULL;
}

int killing_fd(const struct killing *k)
{
	return k->fd;
}

void killing_taken(struct killing *k)
{
	uint64_t n;

	(void)!read(k->fd, &n, sizeof(n));
}

void killing_log(struct killing *k, struct str *out)
{
	uint64_t offset = clock_read(CLOCK_REALTIME) - clock_boot();

	killing_close(k);
	for (size_t i = 0; i < k->log.n; i++) {
		uint64_t at = k->log.v[i].at_ns + offset;
		time_t s = (time_t)(at / NSEC_PER_SEC);
		struct tm tm;
		char when[16];

		strftime(when, sizeof(when), "%H:%M:%S", localtime_r(&s, &tm) ? &tm : &(struct tm){0});
		str_putf(out, "%s.%03u %s\n", when, (unsigned)(at / NSEC_PER_MS % 1000), k->log.v[i].text);
	}
}
