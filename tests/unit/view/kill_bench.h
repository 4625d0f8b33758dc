/* A kill dialog over an invented host that sends nothing: what the tests of the dialog share. */
#pragma once
#include "../../../src/view/ui_private.h"
#include "fixture.h"
#include "has.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGKILL, SIGQUIT, SIGUSR1};
static const char *const names[] = {"TERM", "INT", "HUP", "KILL", "QUIT", "USR1"};
static const char *const helps[] = {"ask to end", "as ^C", "often: reload", "no clean-up", "core", "its own"};

struct bench {
	struct ui u;
	struct ui_host host;
	struct fixture x;
	struct kill_plan plan; /* as the host keeps it */
	struct kill_step steps[12];
	size_t steps_n;
	uint64_t sent_ns;
	bool over;
	int sent[4], sent_n, closed, opened;
	size_t chosen;
	char copied[128];
	bool ways; /* the host offers group, unit and stop too */
	uint8_t refuse_at_open; /* for every target */
	struct dialog *d;
	struct canvas c;
	struct str text;
};

static inline const struct kill_plan *host_open(void *data, struct kill_plan *plan)
{
	struct bench *b = data;

	kill_plan_done(&b->plan);
	b->plan = *plan;
	memset(plan, 0, sizeof(*plan));
	b->opened++;
	if (b->ways) {
		vec_push(&b->plan.ways,
			 ((struct kill_way){
				 .to = KILL_TO_HOLDERS, .procs = 1, .text = "node 21877", .command = ""}));
		vec_push(&b->plan.ways, ((struct kill_way){.to = KILL_TO_GROUP,
							   .procs = 3,
							   .text = "node 21877 and 2 children",
							   .command = ""}));
		vec_push(&b->plan.ways, ((struct kill_way){.to = KILL_TO_UNIT,
							   .procs = 3,
							   .text = "api.service, 3 processes",
							   .command = ""}));
		vec_push(&b->plan.ways, ((struct kill_way){.to = KILL_TO_STOP,
							   .procs = 1,
							   .text = "api.service",
							   .command = "systemctl stop api.service"}));
		vec_push(&b->plan.ways, ((struct kill_way){.to = KILL_TO_COPY,
							   .procs = 0,
							   .text = "docker stop db",
							   .command = "docker stop db"}));
		vec_push(&b->plan.respawns,
			 ((struct kill_respawn){.unit = "api.service", .state = RESPAWN_ASKING}));
	}
	for (size_t i = 0; b->refuse_at_open && i < b->plan.targets.n; i++)
		b->plan.targets.v[i].refusal = b->refuse_at_open;
	return &b->plan;
}
static inline int host_send(void *data, int sig)
{
	struct bench *b = data;

	b->sent[b->sent_n++] = sig;
	return 1;
}
static inline const struct kill_step *host_steps(void *data, size_t *ret_n, uint64_t *ret_sent,
						 bool *ret_over)
{
	struct bench *b = data;

	*ret_n = b->steps_n;
	*ret_sent = b->sent_ns;
	*ret_over = b->over;
	return b->steps;
}
static inline void host_choose(void *data, size_t way)
{
	((struct bench *)data)->chosen = way;
}
static inline int host_copy(void *data, const char *text, size_t n)
{
	struct bench *b = data;

	snprintf(b->copied, sizeof(b->copied), "%.*s", (int)n, text);
	return 0;
}
static inline void host_close(void *data)
{
	((struct bench *)data)->closed++;
}

static inline void bench_init(struct bench *b, bool hostile)
{
	const struct frame *f;

	memset(b, 0, sizeof(*b));
	fixture_init(&b->x);
	fixture_web1(&b->x, hostile);
	fixture_apply(&b->x, 0);
	f = fixture_apply(&b->x, 1);
	b->host = (struct ui_host){.data = b,
				   .kill_open = host_open,
				   .kill_send = host_send,
				   .kill_steps = host_steps,
				   .kill_choose = host_choose,
				   .copy = host_copy,
				   .kill_close = host_close};
	b->u.host = &b->host;
	b->u.opts.signals = signals;
	b->u.opts.signals_names = names;
	b->u.opts.signals_help = helps;
	b->u.opts.signals_n = ARRAY_LEN(signals);
	b->u.env.f = f;
	b->u.env.now_ns = f->boot_ns;
	canvas_init(&b->c);
}
static inline void bench_done(struct bench *b)
{
	if (b->d)
		b->d->ops->free(b->d, &b->u);
	kill_plan_done(&b->plan);
	canvas_done(&b->c);
	str_done(&b->text);
	fixture_done(&b->x);
}
static inline void open_port(struct bench *b, uint32_t port)
{
	struct picks picks = {0};

	vec_push(&picks.v, ((struct pick){.kind = PICK_PORT, .proto = PROTO_TCP, .port = port}));
	b->d = kill_dialog_new(&b->u, &picks);
	assert_non_null(b->d);
}
static inline const char *draw(struct bench *b, int w, int h)
{
	char *styles;

	canvas_resize(&b->c, w, h);
	b->d->ops->draw(b->d, &b->u.env, &b->c);
	str_clear(&b->text);
	canvas_dump(&b->c, &b->text);
	styles = strstr(b->text.s, "--- styles");
	if (styles)
		*styles = '\0';
	return str_text(&b->text);
}
static inline bool press(struct bench *b, uint32_t code)
{
	struct key k = {.code = code};

	return b->d->ops->key(b->d, &b->u, &k);
}
