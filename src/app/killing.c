/* The attempt in hand, its watch and its log: main never waits for the look that tells whether a port is free. */
#include "killing.h"
#include "apart.h"
#include "clock.h"
#include "live_source.h"
#include "sockeye/action/kill.h"
#include "sockeye/base/mem.h"
#include "sockeye/base/units.h"
#include "sockeye/collect/source.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define WATCH_NS (30 * NSEC_PER_SEC)
#define ASK_NS (500 * NSEC_PER_MS) /* for what systemd says */
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
	struct str answer; /* of systemd, with steps_lock; taken by main */
	bool answered;
	atomic_bool quit;
	atomic_bool rest, resting; /* the watch has to hold no namespace; it holds none */
	atomic_uint refs;
	bool watching; /* main's */
	int fd; /* owned; the same eventfd as killing.fd */
};
struct log_line {
	uint64_t at_ns; /* CLOCK_BOOTTIME */
	char *text; /* owned */
};
struct killing {
	struct attempt *attempt; /* NULL: none */
	struct steps shown; /* what the ui has borrowed */
	VEC(struct log_line) log;
	int fd;
};

static void attempt_unref(struct attempt *a)
{
	if (atomic_fetch_sub(&a->refs, 1) != 1)
		return;
	kill_free(a->kill);
	vec_done(&a->steps.list);
	str_done(&a->answer);
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
	bool have = live_source_open(names, &source) == 0, go_on = true;
	uint64_t one = 1;

	how.data = source;
	while (go_on && !atomic_load(&a->quit)) {
		struct timespec t = {0, WATCH_EVERY_NS};

		if (atomic_load(&a->rest)) {
			if (have)
				live_leave(source);
			atomic_store(&a->resting, true);
			while (atomic_load(&a->rest) && !atomic_load(&a->quit))
				nanosleep(&t, NULL);
			atomic_store(&a->resting, false);
		}
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

static void *ask_main(void *arg)
{
	struct attempt *a = arg;
	struct str answer = {0};
	uint64_t one = 1;

	unit_ask(kill_plan(a->kill), ASK_NS, &answer);
	pthread_mutex_lock(&a->steps_lock);
	a->answer = answer;
	a->answered = true;
	pthread_mutex_unlock(&a->steps_lock);
	(void)!write(a->fd, &one, sizeof(one));
	attempt_unref(a);
	return NULL;
}

/* A thread that nobody waits for, with a reference of its own. */
static bool start(struct attempt *a, void *(*body)(void *))
{
	bool ok;

	atomic_fetch_add(&a->refs, 1);
	ok = thread_apart(body, a, 0);
	if (!ok)
		atomic_fetch_sub(&a->refs, 1);
	return ok;
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
	for (size_t i = 0; i < k->log.n; i++)
		free(k->log.v[i].text);
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
	if (kill_plan(a->kill)->respawns.n && !start(a, ask_main))
		kill_answer(a->kill, "");
	return kill_plan(a->kill);
}

void killing_choose(void *data, size_t way)
{
	struct killing *k = data;

	if (!k->attempt)
		return;
	pthread_mutex_lock(&k->attempt->lock);
	kill_choose(k->attempt->kill, way);
	pthread_mutex_unlock(&k->attempt->lock);
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
		a->watching = start(a, watch_main);
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

static bool watches(struct attempt *a)
{
	bool over;

	pthread_mutex_lock(&a->steps_lock);
	over = a->steps.over;
	pthread_mutex_unlock(&a->steps_lock);
	return a->watching && !over;
}

void killing_rest(struct killing *k, bool on, uint64_t wait_ns)
{
	struct timespec t = {0, WATCH_EVERY_NS};
	struct attempt *a = k->attempt;

	if (!a)
		return;
	atomic_store(&a->rest, on);
	for (uint64_t ns = 0; on && ns < wait_ns && !atomic_load(&a->resting) && watches(a);
	     ns += WATCH_EVERY_NS)
		nanosleep(&t, NULL);
}

void killing_note(struct killing *k, uint64_t at_ns, const char *text)
{
	vec_push(&k->log, ((struct log_line){at_ns, mem_strdup(text)}));
}

void killing_close(void *data)
{
	struct killing *k = data;
	struct str line = {0};

	if (!k->attempt)
		return;
	refresh(k);
	/* Only what was done is worth a line: a dialog that was left is not. */
	kill_log_put(k->shown.list.v, k->shown.list.n, k->shown.sent_ns, &line);
	if (line.n)
		killing_note(k, k->shown.list.v[0].at_ns, str_text(&line));
	str_done(&line);
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
	struct attempt *a = k->attempt;
	struct str answer = {0};
	bool answered = false;
	uint64_t n;

	(void)!read(k->fd, &n, sizeof(n));
	if (!a)
		return;
	pthread_mutex_lock(&a->steps_lock);
	if (a->answered) {
		answered = true;
		answer = a->answer;
		a->answer = (struct str){0};
		a->answered = false;
	}
	pthread_mutex_unlock(&a->steps_lock);
	/* The plan is main's: the watch reads nothing of what changes here. */
	if (answered)
		kill_answer(a->kill, str_text(&answer));
	str_done(&answer);
}

void killing_log(struct killing *k, struct str *out)
{
	uint64_t offset = clock_read(CLOCK_REALTIME) - clock_boot();

	killing_close(k);
	for (size_t i = 0; i < k->log.n; i++) {
		time_t s = (time_t)((k->log.v[i].at_ns + offset) / NSEC_PER_SEC);
		struct tm tm;
		char when[16];

		strftime(when, sizeof(when), "%H:%M:%S", localtime_r(&s, &tm) ? &tm : &(struct tm){0});
		str_putf(out, "%s %s\n", when, k->log.v[i].text);
	}
}
