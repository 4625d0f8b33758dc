/* Asks why a bind() would fail off the main thread: a look, a judgement, and a real try in the namespace in question. */
#include "explaining.h"
#include "apart.h"
#include "explain_ask.h"
#include "explain_facts.h"
#include "netns_socket.h"
#include "sockeye/base/mem.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct job { /* main and the thread hold a reference each */
	struct ui_question q;
	bool ascii;
	struct str text; /* the thread's until it is done */
	atomic_bool done;
	atomic_uint refs;
	int fd; /* owned; the same eventfd as explaining.fd */
};
struct explaining {
	struct job *job; /* NULL: nothing was asked */
	bool ascii;
	int fd;
};

static void job_unref(struct job *j)
{
	if (atomic_fetch_sub(&j->refs, 1) != 1)
		return;
	str_done(&j->text);
	close(j->fd);
	free(j);
}

/* The thread is thrown away afterwards: nobody else is led into that namespace. */
static int enter(const struct ui_question *q)
{
	int fd = q->own_netns ? -1 : netns_open(q->netns_inode), r;

	if (q->own_netns)
		return 0;
	if (fd < 0)
		return fd;
	r = setns(fd, CLONE_NEWNET) < 0 ? -errno : 0;
	close(fd);
	return r;
}

static void ask(struct job *j)
{
	struct explain main_one = {0}, beside = {0};
	struct explain_ask a = {0};
	int r = enter(&j->q);

	if (r < 0) {
		str_putf(&j->text, "cannot tell: its network namespace cannot be entered: %s\n",
			 strerror(-r));
		return;
	}
	/* Services have names in the dashboard's own tables. */
	r = explain_who(NULL, &a.facts, &a.who);
	if (r == 0)
		r = explain_ask_open(&a);
	if (r == 0)
		r = explain_ask_both(&a, j->q.proto, j->q.port, &main_one, &beside);
	if (r < 0)
		str_putf(&j->text, "cannot tell: %s\n", a.look.err);
	else
		explain_ask_put(&main_one, &beside, j->q.proto < 0, j->ascii, &j->text);
	explain_done(&main_one);
	explain_done(&beside);
	explain_ask_done(&a);
}

static void *job_main(void *arg)
{
	struct job *j = arg;
	uint64_t one = 1;

	ask(j);
	atomic_store(&j->done, true);
	(void)!write(j->fd, &one, sizeof(one));
	job_unref(j);
	return NULL;
}

struct explaining *explaining_new(bool ascii)
{
	struct explaining *x = mem_zalloc(1, sizeof(*x));

	x->ascii = ascii;
	x->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (x->fd < 0)
		die("eventfd: %s", strerror(errno));
	return x;
}

void explaining_free(struct explaining *x)
{
	if (!x)
		return;
	if (x->job)
		job_unref(x->job);
	close(x->fd);
	free(x);
}

void explaining_begin(void *data, const struct ui_question *q)
{
	struct explaining *x = data;
	struct job *j = mem_zalloc(1, sizeof(*j));

	if (x->job) /* an older question goes on, and nobody listens */
		job_unref(x->job);
	x->job = j;
	j->q = *q;
	j->ascii = x->ascii;
	j->fd = fcntl(x->fd, F_DUPFD_CLOEXEC, 3);
	atomic_store(&j->refs, 2);
	if (!thread_apart(job_main, j, 0)) {
		str_puts(&j->text, "cannot tell: no thread can be started\n");
		atomic_store(&j->done, true);
		job_unref(j);
	}
}

const char *explaining_answer(void *data)
{
	struct explaining *x = data;

	return x->job && atomic_load(&x->job->done) ? str_text(&x->job->text) : NULL;
}

int explaining_fd(const struct explaining *x)
{
	return x->fd;
}

void explaining_taken(struct explaining *x)
{
	uint64_t n;

	(void)!read(x->fd, &n, sizeof(n));
}
