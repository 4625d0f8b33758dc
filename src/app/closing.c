/* Closes connections off the main thread, since the other end may take its time, and logs what came of it. */
#include "closing.h"
#include "apart.h"
#include "clock.h"
#include "netns_socket.h"
#include "sockeye/action/close.h"
#include "sockeye/base/mem.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct job { /* main and the thread hold a reference each */
	struct close_plan plan;
	uint64_t at_ns;
	atomic_bool done;
	atomic_uint refs;
	bool logged; /* main's */
};
struct closing {
	struct killing *log;
	struct job *job; /* NULL: none */
};

static void job_unref(struct job *j)
{
	if (atomic_fetch_sub(&j->refs, 1) != 1)
		return;
	close_plan_done(&j->plan);
	free(j);
}

static void *job_main(void *arg)
{
	static const struct close_sys sys = {.open = netns_socket};
	struct job *j = arg;

	close_run(&j->plan, &sys);
	atomic_store(&j->done, true);
	job_unref(j);
	return NULL;
}

struct closing *closing_new(struct killing *log)
{
	struct closing *c = mem_zalloc(1, sizeof(*c));

	c->log = log;
	return c;
}

static void log_it(struct closing *c)
{
	struct job *j = c->job;
	struct str line = {0};

	for (size_t i = 0; i < j->plan.items.n && !j->logged; i++) {
		const struct close_item *item = &j->plan.items.v[i];

		if (close_kind_table[item->kind].refusal)
			continue;
		str_clear(&line);
		str_putf(&line, "close %s: ", item->what);
		close_result_put(&j->plan, item, &line);
		killing_note(c->log, j->at_ns, str_text(&line));
	}
	j->logged = true;
	str_done(&line);
}

void closing_free(struct closing *c)
{
	if (!c)
		return;
	if (c->job) {
		closing_result(c);
		job_unref(c->job);
	}
	free(c);
}

void closing_begin(void *data, struct close_plan *plan)
{
	struct closing *c = data;
	struct job *j = mem_zalloc(1, sizeof(*j));

	if (c->job) {
		closing_result(c);
		job_unref(c->job);
	}
	c->job = j;
	j->plan = *plan;
	memset(plan, 0, sizeof(*plan));
	j->at_ns = clock_boot();
	atomic_store(&j->refs, 2);
	if (!thread_apart(job_main, j, 0)) {
		for (size_t i = 0; i < j->plan.items.n; i++)
			j->plan.items.v[i].result = CLOSE_NOT_DONE;
		atomic_store(&j->done, true);
		job_unref(j);
	}
}

const struct close_plan *closing_result(void *data)
{
	struct closing *c = data;

	if (!c->job || !atomic_load(&c->job->done))
		return NULL;
	log_it(c);
	return &c->job->plan;
}
