/* A dashboard without a terminal, on the invented host, with a host that counts what it is asked to do. */
#pragma once
#include "fixture.h"
#include "sockeye/view/ui.h"
#include <errno.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define S UINT64_C(1000000000)

struct desk {
	struct fixture x;
	struct ui *u;
	struct ui_host host;
	struct canvas c;
	uint64_t now, interval;
	int quits, opened, closed, sent, over_asked;
	struct kill_plan plan;
};

static inline void host_quit(void *data)
{
	((struct desk *)data)->quits++;
}

static inline void host_interval(void *data, uint64_t ns)
{
	((struct desk *)data)->interval = ns;
}

static inline const struct kill_plan *host_open(void *data, struct kill_plan *plan)
{
	struct desk *d = data;

	kill_plan_done(&d->plan);
	d->plan = *plan;
	memset(plan, 0, sizeof(*plan));
	d->opened++;
	return &d->plan;
}

static inline int host_send(void *data, int sig)
{
	return ++((struct desk *)data)->sent;
}

static inline const struct kill_step *host_steps(void *data, size_t *ret_n, uint64_t *ret_sent_ns,
						 bool *ret_over)
{
	*ret_n = 0;
	*ret_sent_ns = 0;
	*ret_over = false;
	return NULL;
}

static inline void host_close(void *data)
{
	((struct desk *)data)->closed++;
}

static inline void frame(struct desk *d)
{
	const struct frame *f = fixture_apply(&d->x, 1);

	d->now = f->boot_ns;
	ui_frame(d->u, f, d->now);
	ui_draw(d->u, &d->c);
}

static inline void press(struct desk *d, const char *name)
{
	struct key k = {0};

	assert_int_equal(key_parse(name, &k.code), 0);
	ui_key(d->u, &k, d->now);
	ui_draw(d->u, &d->c);
}

static inline void type(struct desk *d, const char *s)
{
	for (; *s; s++) {
		struct key k = {.code = (unsigned char)*s};

		ui_key(d->u, &k, d->now);
	}
	ui_draw(d->u, &d->c);
}

static inline void desk_init(struct desk *d, struct ui_opts o)
{
	static const char *const names[] = {"TERM", "KILL"};
	static const int numbers[] = {15, 9};
	char err[100];

	memset(d, 0, sizeof(*d));
	fixture_init(&d->x);
	d->host = (struct ui_host){
		.data = d,
		.quit = host_quit,
		.set_interval = host_interval,
		.kill_open = host_open,
		.kill_send = host_send,
		.kill_steps = host_steps,
		.kill_close = host_close,
	};
	o.signals = numbers;
	o.signals_names = names;
	o.signals_help = names;
	o.signals_n = 2;
	o.host_name = "box";
	o.user_name = "root";
	o.root = true;
	o.interval_ns = S;
	assert_int_equal(ui_new(&o, &d->host, d->x.services, &d->u, err, sizeof(err)), 0);
	canvas_init(&d->c);
	canvas_resize(&d->c, 80, 24);
	ui_resize(d->u, 80, 24);
	fixture_web1(&d->x, false);
	frame(d);
}

static inline void desk_done(struct desk *d)
{
	ui_free(d->u);
	kill_plan_done(&d->plan);
	canvas_done(&d->c);
	fixture_done(&d->x);
}
