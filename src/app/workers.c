/* The pool behind workers.h: a queue, up to four threads, and the list of those that were given up. */
#include "workers.h"
#include "apart.h"
#include "clock.h"
#include "process_facts.h"
#include "sockeye/base/mem.h"
#include "sockeye/base/units.h"
#include "sockeye/collect/procread.h"
#include "sockeye/model/hosts.h"
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define THREADS_MAX 4
#define ABANDONED_MAX 4
#define JOB_MAX_NS NSEC_PER_SEC
#define STACK_BYTES (512u * 1024) /* NSS modules need some room */

struct job {
	struct late *late; /* owned reference */
	enum late_what what;
};
struct worker { /* one thread; freed by itself, also after it was abandoned */
	struct workers *pool; /* counted reference */
	struct job job;
	uint64_t since_ns; /* CLOCK_BOOTTIME of the job's start */
	bool busy, abandoned;
};
struct workers {
	pthread_mutex_t lock;
	pthread_cond_t work, done;
	VEC(struct job) queue;
	size_t head; /* first job not yet taken */
	struct worker *threads[THREADS_MAX]; /* owned by their threads; NULL: none */
	unsigned threads_n, idle, abandoned;
	uint64_t job_max_ns;
	unsigned refs; /* the user's and one a thread; under lock */
	bool quit;
	int fd;
	atomic_bool told; /* fd was written and not yet taken */
};

/* With the lock held; unlocks. */
static void unref_unlock(struct workers *w)
{
	bool last = --w->refs == 0;

	pthread_mutex_unlock(&w->lock);
	if (!last)
		return;
	vec_done(&w->queue);
	close(w->fd);
	pthread_cond_destroy(&w->work);
	pthread_cond_destroy(&w->done);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

struct workers *workers_new(void)
{
	return workers_new_patient(JOB_MAX_NS);
}

struct workers *workers_new_patient(uint64_t job_max_ns)
{
	struct workers *w = mem_zalloc(1, sizeof(*w));
	pthread_condattr_t a;

	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&a);
	pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
	pthread_cond_init(&w->work, &a);
	pthread_cond_init(&w->done, &a);
	pthread_condattr_destroy(&a);
	w->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (w->fd < 0)
		die("eventfd: %s", strerror(errno));
	w->refs = 1;
	w->job_max_ns = job_max_ns;
	return w;
}

void workers_free(struct workers *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->quit = true;
	for (; w->head < w->queue.n; w->head++)
		late_unref(w->queue.v[w->head].late);
	vec_clear(&w->queue);
	w->head = 0;
	pthread_cond_broadcast(&w->work);
	unref_unlock(w);
}

static void read_user(uint32_t uid, struct str *out)
{
	size_t n = 16384;
	char *buf = mem_alloc(n, 1);
	struct passwd pw, *found = NULL;

	while (getpwuid_r((uid_t)uid, &pw, buf, n, &found) == ERANGE && n < (1u << 20)) {
		n *= 2;
		buf = mem_realloc(buf, n, 1);
	}
	if (found)
		str_puts(out, found->pw_name);
	free(buf);
}

static void read_host(const struct late *l, struct str *out)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	char name[NI_MAXHOST];
	struct ip ip;
	int r;

	hosts_ip(l, &ip);
	memcpy(&in.sin_addr, ip.b, sizeof(in.sin_addr));
	memcpy(&in6.sin6_addr, ip.b, sizeof(in6.sin6_addr));
	if (ip.v6)
		r = getnameinfo((struct sockaddr *)&in6, sizeof(in6), name, sizeof(name), NULL, 0,
				NI_NAMEREQD);
	else
		r = getnameinfo((struct sockaddr *)&in, sizeof(in), name, sizeof(name), NULL, 0, NI_NAMEREQD);
	if (r == 0)
		str_puts(out, name);
}

/* One read; an unreadable thing is the empty text. */
static void run(const struct job *j)
{
	struct str text = {0};
	uint64_t a = late_a(j->late), b = late_b(j->late);
	struct proc_stat st;

	switch (j->what) {
	case LATE_CMDLINE:
		(void)proc_cmdline_read((uint32_t)a, &text);
		break;
	case LATE_EXE:
		(void)proc_link_read((uint32_t)a, "exe", &text);
		break;
	case LATE_CWD:
		(void)proc_link_read((uint32_t)a, "cwd", &text);
		break;
	case LATE_USER:
		read_user((uint32_t)a, &text);
		break;
	case LATE_HOST:
		read_host(j->late, &text);
		break;
	case LATE_PARENTS:
		process_parents((uint32_t)a, &text);
		break;
	case LATE_NAMESPACES:
		process_namespaces((uint32_t)a, &text);
		break;
	case LATE_RESTART:
		process_restart((uint32_t)a, &text);
		break;
	case LATE_N:
		break;
	}
	/* The pid may have passed on to another process between the look and this read. */
	if (j->what != LATE_USER && j->what != LATE_HOST &&
	    (proc_stat_read((uint32_t)a, &st) < 0 || st.start != b))
		str_clear(&text);
	late_set(j->late, j->what, str_text(&text), (uint32_t)text.n);
	str_done(&text);
}

static void tell(struct workers *w)
{
	uint64_t one = 1;

	if (!atomic_exchange(&w->told, true))
		(void)!write(w->fd, &one, sizeof(one));
}

static void *thread_main(void *arg)
{
	struct worker *me = arg;
	struct workers *w = me->pool;

	pthread_mutex_lock(&w->lock);
	while (!me->abandoned) {
		if (w->head == w->queue.n) {
			w->head = w->queue.n = 0;
			if (w->quit)
				break;
			w->idle++;
			pthread_cond_wait(&w->work, &w->lock);
			w->idle--;
			continue;
		}
		me->job = w->queue.v[w->head++];
		me->since_ns = clock_boot();
		me->busy = true;
		pthread_mutex_unlock(&w->lock);
		run(&me->job);
		pthread_mutex_lock(&w->lock);
		me->busy = false;
		late_unref(me->job.late);
		tell(w);
		pthread_cond_broadcast(&w->done);
	}
	if (me->abandoned)
		w->abandoned--;
	for (unsigned i = 0; i < THREADS_MAX; i++)
		if (w->threads[i] == me) {
			w->threads[i] = NULL;
			w->threads_n--;
		}
	free(me);
	unref_unlock(w);
	return NULL;
}

/* With the lock held. False: no place, or no thread to be had. */
static bool start_thread(struct workers *w)
{
	struct worker *t;
	unsigned i = 0;

	while (i < THREADS_MAX && w->threads[i])
		i++;
	if (i == THREADS_MAX)
		return false;
	t = mem_zalloc(1, sizeof(*t));
	t->pool = w;
	if (!thread_apart(thread_main, t, STACK_BYTES)) {
		free(t);
		return false;
	}
	w->threads[i] = t;
	w->threads_n++;
	w->refs++;
	return true;
}

/* With the lock held: as many threads as there are jobs that nobody idle could take. */
static void start_threads(struct workers *w)
{
	for (size_t more = w->queue.n - w->head; more > w->idle; more--)
		if (!start_thread(w))
			break;
}

/* With the lock held: gives up what hangs, and what nobody is left to do. */
static void give_up(struct workers *w)
{
	uint64_t now = clock_boot();

	for (unsigned i = 0; i < THREADS_MAX; i++) {
		struct worker *t = w->threads[i];

		if (!t || !t->busy || t->abandoned || now - t->since_ns < w->job_max_ns)
			continue;
		late_set(t->job.late, t->job.what, "", 0); /* the first answer stays: this one */
		tell(w);
		if (w->abandoned == ABANDONED_MAX) {
			/* No more replacements: this thread stays in its place, and may yet come back. */
			continue;
		}
		t->abandoned = true;
		w->abandoned++;
		w->threads[i] = NULL;
		w->threads_n--;
	}
	start_threads(w);
	for (unsigned i = 0; i < THREADS_MAX; i++)
		if (w->threads[i] && (!w->threads[i]->busy || now - w->threads[i]->since_ns < w->job_max_ns))
			return;
	/* Nobody is left who could do it: the answer is "unknown". */
	for (; w->head < w->queue.n; w->head++) {
		late_set(w->queue.v[w->head].late, w->queue.v[w->head].what, "", 0);
		late_unref(w->queue.v[w->head].late);
	}
	if (w->queue.n)
		tell(w);
	w->head = w->queue.n = 0;
}

void workers_ask(struct workers *w, struct late *l, enum late_what what)
{
	if (!late_claim(l, what))
		return;
	pthread_mutex_lock(&w->lock);
	vec_push(&w->queue, ((struct job){late_ref(l), what}));
	pthread_cond_signal(&w->work);
	start_threads(w);
	pthread_mutex_unlock(&w->lock);
}

void workers_tick(struct workers *w)
{
	pthread_mutex_lock(&w->lock);
	give_up(w);
	pthread_mutex_unlock(&w->lock);
}

bool workers_wait(struct workers *w, uint64_t deadline_ns)
{
	bool all = false;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		uint64_t now = clock_boot(), until;
		struct timespec t;

		give_up(w);
		all = w->head == w->queue.n;
		for (unsigned i = 0; i < THREADS_MAX; i++)
			if (w->threads[i] && w->threads[i]->busy &&
			    now - w->threads[i]->since_ns < w->job_max_ns)
				all = false;
		if (all || now >= deadline_ns)
			break;
		/* Wakes for every answer, and 20 times a second for what was given up. */
		until = deadline_ns - now < 50 * NSEC_PER_MS ? deadline_ns - now : 50 * NSEC_PER_MS;
		until += clock_read(CLOCK_MONOTONIC);
		t.tv_sec = (time_t)(until / NSEC_PER_SEC);
		t.tv_nsec = (long)(until % NSEC_PER_SEC);
		pthread_cond_timedwait(&w->done, &w->lock, &t);
	}
	pthread_mutex_unlock(&w->lock);
	return all;
}

int workers_fd(const struct workers *w)
{
	return w->fd;
}

void workers_taken(struct workers *w)
{
	uint64_t n;

	(void)!read(w->fd, &n, sizeof(n));
	/* In this order: what arrives in between is seen by the caller, who looks now. */
	atomic_store(&w->told, false);
}
