/* What only the outside can do for the ui: the terminal, signals, files, the resolver; each as the host it was given. */
#include "clock.h"
#include "dashboard_private.h"
#include "sockeye/base/units.h"
#include "sockeye/term/term.h"
#include "stop.h"
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#define REST_NS NSEC_PER_SEC /* for a look under way to come to its end */

static void quit(void *data)
{
	struct dashboard *d = data;

	d->over = true;
}

static bool time_is_up(void *data)
{
	return clock_boot() >= ((struct dashboard *)data)->slice_ns;
}

/* A signal that ends the program waits to be read. */
static bool end_pending(void)
{
	sigset_t p;

	sigpending(&p);
	return sigismember(&p, SIGINT) == 1 || sigismember(&p, SIGTERM) == 1 || sigismember(&p, SIGHUP) == 1;
}

void dashboard_suspend(struct dashboard *d)
{
	bool stopped;

	term_suspend_before();
	/* Stopped we could not let go of a namespace that ends: nothing is held before. */
	sampler_rest(d->sampler, true, REST_NS);
	killing_rest(d->killing, true, REST_NS);
	/* Continued in the background there is nothing to do but to stop again. */
	do
		stopped = stop_self();
	while (stopped && !term_foreground() && !end_pending());
	killing_rest(d->killing, false, 0);
	sampler_rest(d->sampler, false, 0);
	if (end_pending())
		return;
	term_suspend_after();
	d->dirty = true;
	if (!stopped)
		ui_message(d->ui, true, "No shell here could wake this program: not suspended.",
			   clock_boot());
}

static void suspend(void *data)
{
	dashboard_suspend(data);
}

static void redraw(void *data)
{
	struct dashboard *d = data;

	term_redraw();
	d->dirty = true;
}

static void set_interval(void *data, uint64_t ns)
{
	struct dashboard *d = data;

	sampler_interval(d->sampler, ns);
}

static const struct kill_plan *host_kill_open(void *data, struct kill_plan *plan)
{
	return killing_open(((struct dashboard *)data)->killing, plan);
}
static int host_kill_send(void *data, int sig)
{
	return killing_send(((struct dashboard *)data)->killing, sig);
}
static const struct kill_step *host_kill_steps(void *data, size_t *ret_n, uint64_t *ret_sent_ns,
					       bool *ret_over)
{
	return killing_steps(((struct dashboard *)data)->killing, ret_n, ret_sent_ns, ret_over);
}
static void host_kill_close(void *data)
{
	killing_close(((struct dashboard *)data)->killing);
}

static int host_copy(void *data, const char *text, size_t n)
{
	const char *tmux = getenv("TMUX");
	int r = term_copy(text, n);

	return r == 0 && tmux && *tmux ? 1 : r;
}

static int host_export(void *data, const struct table *t, const char *path, bool overwrite, char *err,
		       size_t err_n)
{
	struct dashboard *d = data;
	int r = exporting_begin(d->exporting, t, path, overwrite, err, err_n);

	if (r > 0)
		sampler_spare(d->sampler, true);
	return r;
}
static int host_export_state(void *data, size_t *ret_rows, size_t *ret_all, char *err, size_t err_n)
{
	return exporting_state(((struct dashboard *)data)->exporting, ret_rows, ret_all, err, err_n);
}
static void host_export_stop(void *data)
{
	exporting_stop(((struct dashboard *)data)->exporting);
}

static int host_save(void *data, int view, uint64_t interval_ns, const struct ui_arranged *v, size_t n,
		     char *text, size_t text_n)
{
	return config_save(&((struct dashboard *)data)->config, view, interval_ns, v, n, text, text_n);
}

static void host_kill_choose(void *data, size_t way)
{
	killing_choose(((struct dashboard *)data)->killing, way);
}
static void host_close_begin(void *data, struct close_plan *plan)
{
	closing_begin(((struct dashboard *)data)->closing, plan);
}
static const struct close_plan *host_close_result(void *data)
{
	return closing_result(((struct dashboard *)data)->closing);
}

static void host_explain_begin(void *data, const struct ui_question *q)
{
	explaining_begin(((struct dashboard *)data)->explaining, q);
}
static const char *host_explain_answer(void *data)
{
	return explaining_answer(((struct dashboard *)data)->explaining);
}

static void host_resolve(void *data, struct late *host)
{
	workers_ask(((struct dashboard *)data)->resolvers, host, LATE_HOST);
}

static void host_describe(void *data, struct late *proc)
{
	struct workers *w = ((struct dashboard *)data)->workers;

	workers_ask(w, proc, LATE_PARENTS);
	workers_ask(w, proc, LATE_NAMESPACES);
	workers_ask(w, proc, LATE_RESTART);
}

void dashboard_host(struct dashboard *d, struct ui_host *ret)
{
	*ret = (struct ui_host){
		.data = d,
		.quit = quit,
		.over = time_is_up,
		.suspend = suspend,
		.redraw = redraw,
		.set_interval = set_interval,
		.kill_open = host_kill_open,
		.kill_send = host_kill_send,
		.kill_steps = host_kill_steps,
		.kill_close = host_kill_close,
		.kill_choose = host_kill_choose,
		.close_begin = host_close_begin,
		.close_result = host_close_result,
		.explain_begin = host_explain_begin,
		.explain_answer = host_explain_answer,
		.copy = host_copy,
		.export = host_export,
		.export_state = host_export_state,
		.export_stop = host_export_stop,
		.save = host_save,
		.resolve = host_resolve,
		.describe = host_describe,
	};
}
