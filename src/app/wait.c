/* sockeye wait: looks at the cheapest thing that can tell, again and again, until something matches. */
#include "wait.h"
#include "clock.h"
#include "kill_cmd.h"
#include "live_source.h"
#include "netns_option.h"
#include "sockeye/base/mem.h"
#include "sockeye/base/units.h"
#include "sockeye/collect/source.h"
#include "sockeye/model/world.h"
#include "sockeye/table/table.h"
#include "stop.h"
#include "wait_pace.h"
#include "wait_text.h"
#include "workers.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PERIOD_NS (20 * NSEC_PER_MS)
#define AGAIN_NS NSEC_PER_MS /* until a socket that was missed is looked for again */
#define LATE_WAIT_NS (1500 * NSEC_PER_MS) /* a worker gives a read up after one second */
#define SCENE_NS (2 * NSEC_PER_SEC) /* for finding out who has what is there instead */
#define EXIT_SIGINT 130

#define PROTOS_USUAL (1u << PROTO_TCP | 1u << PROTO_UDP)
/* What a LISTEN-only look sees costs nearly nothing however many connections there are. */
#define STATES_CHEAP (STATE_BIT(STATE_LISTENING) | STATE_BIT(STATE_UNCONN))

/* One way of looking, with its own memory between looks: a look without owners must not seem to a world that had them
 * as if they had let go. */
struct eye {
	struct want want;
	struct world *world;
	struct snapshot snap;
	struct frame frames[3];
	unsigned turn, looks;
	uint64_t cost_ns; /* of a look, processor time: of the last one, or, when they are cheap, a mean */
	uint64_t at_ns; /* when it began; 0: never */
	VEC(uint8_t) picked;
};
struct wait { /* all zero before wait_open */
	struct services *services;
	struct intern *names;
	struct filter *filter;
	struct source *source;
	struct workers *workers;
	struct eye quick; /* without owners, and without what is dear to ask for unless the filter names it */
	struct eye full; /* with them; used when has_full */
	struct table tables[2]; /* for terms on a row's own numbers */
	bool tables_open;
	bool gone;
	uint32_t protos; /* bits 1 << enum proto: all that the quick eye may ask for */
	bool has_full, owners; /* the quick eye alone cannot tell; because of owners */
	bool full_only; /* the quick eye would cost about as much */
	uint32_t states; /* STATE_BIT()s that count */
	bool said; /* the filter named them */
	bool late_texts; /* the filter asks for command lines or executables, which take a read of their own */
	/* The last look for owners from scratch: the source looks for new ones of a socket only when the old ones let go. */
	uint64_t cold_at_ns, cold_ns; /* when, and what it cost */
	uint64_t seen; /* what the quick eye could not rule out at the last full look */
	uint64_t cpu_ns; /* processor time at the end of the last look */
	struct pace_news news;
	bool matched; /* what that look said */
};

static void eye_init(struct eye *e, struct wait *w)
{
	snapshot_init(&e->snap);
	for (size_t i = 0; i < ARRAY_LEN(e->frames); i++)
		frame_init(&e->frames[i]);
	e->world = world_new(w->names, w->services, (uint32_t)sysconf(_SC_CLK_TCK));
}

static void eye_done(struct eye *e)
{
	if (!e->world)
		return;
	world_free(e->world);
	for (size_t i = 0; i < ARRAY_LEN(e->frames); i++)
		frame_done(&e->frames[i]);
	snapshot_done(&e->snap);
	vec_done(&e->picked);
}

static void wait_done(struct wait *w)
{
	for (size_t i = 0; i < ARRAY_LEN(w->tables) && w->tables_open; i++)
		table_done(&w->tables[i]);
	workers_free(w->workers);
	eye_done(&w->quick);
	eye_done(&w->full);
	source_free(w->source);
	filter_free(w->filter);
	services_free(w->services);
	intern_free(w->names);
}

static const struct frame *eye_frame(const struct eye *e)
{
	return &e->frames[e->turn];
}

static bool cheap(const struct eye *e)
{
	return e->want.netns != WANT_NETNS_ALL && !(e->want.protos & ~PROTOS_USUAL) &&
	       !(e->want.states & ~STATES_CHEAP) && !(e->want.attrs & WANT_OWNERS);
}

static int eye_look(struct wait *w, struct eye *e)
{
	uint64_t began = clock_read(CLOCK_PROCESS_CPUTIME_ID), cost;
	struct frame *f;

	/* What is done between cheap looks is a part of their price. */
	if (cheap(e) && w->cpu_ns)
		began = w->cpu_ns;
	int r;

	e->at_ns = clock_boot();
	r = source_look(w->source, &e->want, &e->snap);
	if (r < 0) {
		complain("cannot read the sockets: %s", strerror(-r));
		return r;
	}
	e->turn = (e->turn + 1) % ARRAY_LEN(e->frames);
	f = &e->frames[e->turn];
	world_apply(e->world, &e->snap, PERIOD_NS, f);
	vec_clear(&e->picked);
	vec_reserve(&e->picked, f->rows_n + 1);
	e->picked.n = f->rows_n;
	w->cpu_ns = clock_read(CLOCK_PROCESS_CPUTIME_ID);
	cost = w->cpu_ns - began;
	/* The first look is cold, and says little about the others. */
	e->cost_ns = cheap(e) && e->looks > 1 ? pace_mean(e->cost_ns, cost) : cost;
	e->looks++;
	return 0;
}

static uint64_t period_of(const struct wait *w, const struct eye *e)
{
	return cheap(e) ? pace_cheap(e->cost_ns, w->gone) : pace_other(e->cost_ns);
}

/* How often the full eye looks beside a quick one that tells when there is something new. */
static uint64_t full_period(const struct wait *w)
{
	return w->owners ? pace_same(w->full.cost_ns) : period_of(w, &w->full);
}

static bool counts(const struct wait *w, const struct frame *f, uint32_t row)
{
	const struct sock *s = frame_sock(f, row);

	/* A TCP socket is listening, a datagram socket without a peer is all it can be. */
	return w->states & STATE_BIT(s->state);
}

/* The sockets that the quick eye cannot rule out, as one number that changes when they do. */
struct found {
	bool any, missed; /* missed: by the last dump */
	uint64_t sum;
	uint32_t protos; /* bits */
};

static struct found candidates(struct wait *w)
{
	struct eye *e = &w->quick;
	const struct frame *f = eye_frame(e);
	struct found found = {0};

	filter_socks_maybe(w->filter, f, w->owners, false, e->picked.v);
	for (uint32_t i = 0; i < f->open_rows; i++) {
		if (!e->picked.v[i] || !counts(w, f, i))
			continue;
		found.any = true;
		found.missed |= frame_row(f, i)->marks & MARK_MISSED;
		found.sum += map_hash(frame_sock(f, i)->cookie, frame_sock(f, i)->state);
		found.protos |= 1u << frame_sock(f, i)->proto;
	}
	return found;
}

/* What is asked for next time. While one protocol still matches, the others do not decide whether all is gone. What has
 * not come yet comes as UDP less often than as TCP, and is looked for half as often. */
static void choose_protos(struct wait *w, const struct found *found)
{
	struct eye *e = &w->quick;

	if (w->gone)
		e->want.protos = found->any ? found->protos : w->protos;
	else if (!w->has_full && cheap(e) && w->protos == PROTOS_USUAL)
		e->want.protos = e->want.protos == w->protos ? 1u << PROTO_TCP : w->protos;
}

static int quick_look(struct wait *w, struct found *ret)
{
	uint32_t asked = w->quick.want.protos;
	int r = eye_look(w, &w->quick);

	if (r < 0)
		return r;
	*ret = candidates(w);
	choose_protos(w, ret);
	if (!w->gone || ret->any || asked == w->protos)
		return 0;
	/* Gone from where it was: now everywhere. */
	r = eye_look(w, &w->quick);
	if (r == 0)
		*ret = candidates(w);
	return r;
}

static void ask_late(struct wait *w, const struct frame *f)
{
	if (!w->workers)
		w->workers = workers_new();
	for (size_t i = 0; i < f->users.n; i++)
		workers_ask(w->workers, f->users.v[i].late, LATE_USER);
	for (size_t i = 0; i < f->procs.n && w->late_texts; i++) {
		if (!f->procs.v[i].late || !f->procs.v[i].sock_n)
			continue;
		workers_ask(w->workers, f->procs.v[i].late, LATE_EXE);
		workers_ask(w->workers, f->procs.v[i].late, LATE_CMDLINE);
	}
	workers_wait(w->workers, clock_boot() + LATE_WAIT_NS);
}

/* A row that matches; one that the last dump had, if there is such. NONE. */
static uint32_t find_match(const struct wait *w, const struct eye *e)
{
	const struct frame *f = eye_frame(e);
	uint32_t missed = NONE;

	for (uint32_t i = 0; i < f->open_rows; i++) {
		if (!e->picked.v[i] || !counts(w, f, i))
			continue;
		if (!(frame_row(f, i)->marks & MARK_MISSED))
			return i;
		missed = i;
	}
	return missed;
}

static int open_source(struct wait *w)
{
	struct source *source;
	int r = live_source_open(w->names, &source);

	if (r < 0)
		return r;
	live_set_owner_budget(source, 0);
	source_free(w->source);
	w->source = source;
	return 0;
}

/* Warm, as a rule; from scratch as often as its price allows. */
static int owner_look(struct wait *w)
{
	struct eye *e = &w->full;
	bool cold = w->owners && (!w->cold_at_ns || clock_boot() - w->cold_at_ns >= pace_cold(w->cold_ns));
	int r;

	if (cold && w->cold_at_ns)
		(void)open_source(w); /* else the old one goes on */
	r = eye_look(w, e);
	if (r == 0 && cold) {
		w->cold_at_ns = e->at_ns;
		w->cold_ns = e->cost_ns;
		e->cost_ns = 0; /* what a warm one costs shows next time */
	}
	return r;
}

/* With everything: sets w->matched. 0 or a negative errno. *ret_after: when it is worth another look. */
static int full_look(struct wait *w, uint64_t *ret_after)
{
	struct eye *e = &w->full;
	const struct frame *f;
	uint32_t row;
	int r = owner_look(w);

	w->cpu_ns = 0; /* what follows is no part of a cheap look */
	if (r < 0)
		return r;
	f = eye_frame(e);
	if (w->owners)
		ask_late(w, f);
	if (w->tables_open) {
		w->matched = false;
		for (size_t i = 0; i < ARRAY_LEN(w->tables); i++) {
			table_update(&w->tables[i], f, UINT16_MAX, false);
			w->matched |= w->tables[i].matched > 0;
		}
		return 0;
	}
	filter_socks(w->filter, f, 0, f->rows_n, e->picked.v);
	row = find_match(w, e);
	w->matched = row != NONE;
	if (w->matched && frame_row(f, row)->marks & MARK_MISSED) {
		e->at_ns = 0; /* due at once */
		*ret_after = AGAIN_NS;
	}
	return 0;
}

/* One look, or two. 1 something matches, 0 nothing does, or a negative errno. *ret_after: when to look again. */
static int look_round(struct wait *w, uint64_t *ret_after)
{
	struct found found;
	bool news;
	int r;

	if (w->full_only) {
		r = full_look(w, ret_after);
		*ret_after = period_of(w, &w->full);
		return r < 0 ? r : w->matched;
	}
	r = quick_look(w, &found);
	if (r < 0)
		return r;
	*ret_after = found.missed ? AGAIN_NS : period_of(w, &w->quick);
	if (!w->has_full)
		return found.any;
	/* Here the full look has owners to tell candidates by, or states to find more of them in, or both. */
	if (found.any ? !w->owners : w->full.want.states == w->quick.want.states) {
		w->seen = found.sum;
		return found.any;
	}
	/* Something new is looked at soon; what is the same may have got another owner meanwhile. */
	news = w->full.at_ns && found.sum != w->seen &&
	       pace_news_may(&w->news, clock_boot(), w->full.cost_ns);
	if (!w->full.at_ns || news || clock_boot() - w->full.at_ns >= full_period(w)) {
		w->seen = found.sum;
		r = full_look(w, ret_after);
		if (news)
			pace_news_spent(&w->news, w->full.cost_ns);
	}
	return r < 0 ? r : w->matched;
}

/* What to ask for */

static bool names_late(const char *filter)
{
	/* A bare word looks into user names, and cannot be told from here; the other two are dear. */
	return strstr(filter, "exe") || strstr(filter, "cmdline");
}

static int want_what(struct wait *w, const struct options *o)
{
	struct want want = {.protos = filter_protos_of(w->filter, PROTOS_USUAL)};
	uint32_t default_states = STATES_CHEAP | (o->gone ? STATE_BIT(STATE_BOUND) : 0);

	if (netns_option(o, WANT_NETNS_OWN, &want, NULL) < 0)
		return -EINVAL;
	filter_want(w->filter, &want);
	want.ends_n = filter_ends(w->filter, want.ends);
	for (uint8_t i = 0; i < want.ends_n; i++)
		want.ends[i].ends = 3; /* the other end of a connection on this machine tells about it, too */
	w->gone = o->gone;
	w->protos = want.protos;
	w->states = filter_states(w->filter);
	w->said = w->states != STATES_ALL;
	w->owners = want.attrs & WANT_OWNERS;
	if (filter_has_row_terms(w->filter)) {
		want.states = STATES_ALL;
		want.ends_n = 0;
		table_init(&w->tables[0], VIEW_PORTS);
		table_init(&w->tables[1], VIEW_PROCESSES);
		w->tables_open = true;
		for (size_t i = 0; i < ARRAY_LEN(w->tables); i++) {
			w->tables[i].filter = w->filter;
			table_want(&w->tables[i], &want);
		}
		w->owners = want.attrs & WANT_OWNERS;
	} else if (!w->said) {
		w->states = want.states = default_states;
	}
	w->full.want = w->quick.want = want;
	w->quick.want.attrs &= ~(uint32_t)WANT_OWNERS;
	if (!w->said && !w->tables_open)
		w->quick.want.states = STATES_CHEAP;
	w->has_full = w->owners || w->full.want.states != w->quick.want.states;
	w->full_only = w->tables_open || (w->owners && !cheap(&w->quick));
	return 0;
}

static int wait_open(struct wait *w, const struct options *o)
{
	struct filter_error error;
	int r;

	if (!o->filter) {
		complain("wait needs a filter that says for what, e.g. sockeye wait :8080");
		return -EINVAL;
	}
	w->services = services_load("/etc/services");
	w->names = intern_new();
	r = filter_parse(o->filter, w->services, &w->filter, &error);
	if (r < 0) {
		complain("filter: %s", error.text);
		return r;
	}
	/* A connection has two ports, and a listener has one. */
	if (filter_states(w->filter) == STATES_ALL && complain_two_ports("wait", o->filter))
		return -EINVAL;
	r = open_source(w);
	if (r < 0) {
		complain("cannot ask the kernel for its sockets: %s", strerror(-r));
		return r;
	}
	r = want_what(w, o);
	if (r < 0)
		return r;
	w->late_texts = names_late(o->filter);
	eye_init(&w->quick, w);
	eye_init(&w->full, w);
	return 0;
}

/* What is said */

static void put_seconds(struct str *out, uint64_t ns)
{
	str_put_real(out, (double)(ns / NSEC_PER_MS) / 1000);
	str_puts(out, " s");
}

/* What is there, by a look at everything; who has it only when there is something. */
static void put_scene(struct wait *w, const struct options *o, struct str *out)
{
	struct wait_scene scene = {.filter = w->filter,
				   .states = w->states,
				   .said = w->said,
				   .gone = o->gone,
				   .ascii = MB_CUR_MAX == 1};
	struct eye e = {.want = w->full.want};

	e.want.states = STATES_ALL;
	e.want.ends_n = 0;
	e.want.attrs &= ~(uint32_t)WANT_OWNERS;
	eye_init(&e, w);
	if (eye_look(w, &e) == 0) {
		scene.f = eye_frame(&e);
		if (wait_anything(&scene)) {
			e.want.attrs |= WANT_OWNERS;
			live_set_owner_budget(w->source, SCENE_NS);
			if (eye_look(w, &e) == 0)
				ask_late(w, eye_frame(&e));
			scene.f = eye_frame(&e);
		}
		wait_put_instead(&scene, out);
	}
	eye_done(&e);
}

static void tell_rhythm(const struct wait *w)
{
	const struct eye *e = w->full_only ? &w->full : &w->quick;
	struct str line = {0};

	str_puts(&line, "looks every ");
	str_put_real(&line, (double)(period_of(w, e) / 1000) / 1000);
	str_puts(&line, " ms; a look costs ");
	str_put_real(&line, (double)(e->cost_ns / 1000) / 1000);
	str_puts(&line, " ms");
	if (w->has_full && !w->full_only && w->full.at_ns) {
		str_putf(&line, ", %s every ", w->owners ? "owners" : "bound sockets");
		str_put_real(&line, (double)(full_period(w) / 1000) / 1000);
		str_puts(&line, " ms; such a look costs ");
		str_put_real(&line, (double)((w->full.cost_ns ? w->full.cost_ns : w->cold_ns) / 1000) / 1000);
		str_puts(&line, " ms");
	}
	complain("%s", str_text(&line));
	str_done(&line);
}

static void tell_end(struct wait *w, const struct options *o, uint64_t waited, uint64_t looks)
{
	const struct eye *e = w->has_full ? &w->full : &w->quick;
	struct str line = {0};

	str_puts(&line, "after ");
	put_seconds(&line, waited);
	str_putf(&line, " and %llu look%s: ", (unsigned long long)looks, looks == 1 ? "" : "s");
	if (o->gone) {
		str_puts(&line, "nothing matches any more");
	} else if (!w->owners || w->tables_open) {
		str_puts(&line, "it matches");
	} else {
		wait_put_row(eye_frame(e), find_match(w, e), false, MB_CUR_MAX == 1, &line);
	}
	complain("%s", str_text(&line));
	str_done(&line);
}

static int tell_timeout(struct wait *w, const struct options *o)
{
	struct str line = {0};

	str_puts(&line, "timed out after ");
	put_seconds(&line, o->timeout_ns);
	str_puts(&line, ": ");
	put_scene(w, o, &line);
	complain("%s", str_text(&line));
	str_done(&line);
	return 1;
}

/* Sleeps, unless ^C or ^Z come: they are blocked, and taken here. False: ^C came. Stopped we could not let go of a
 * namespace that ends: none is held meanwhile, and the next look finds them again. */
static bool sleep_for(struct wait *w, const sigset_t *taken, uint64_t ns)
{
	struct timespec t = {(time_t)(ns / NSEC_PER_SEC), (long)(ns % NSEC_PER_SEC)};
	int sig = sigtimedwait(taken, NULL, &t);

	if (sig == SIGTSTP) {
		live_leave(w->source);
		(void)stop_self();
	}
	return sig != SIGINT;
}

static int run(struct wait *w, const struct options *o)
{
	uint64_t began = clock_boot(), looks = 0, after, now, spent, left;
	sigset_t taken;

	sigemptyset(&taken);
	sigaddset(&taken, SIGINT);
	sigaddset(&taken, SIGTSTP);
	sigprocmask(SIG_BLOCK, &taken, NULL);
	for (;;) {
		uint64_t look_began = clock_boot();
		int r = look_round(w, &after);

		if (r < 0)
			return 2;
		now = clock_boot();
		/* The first look is cold: what it costs says little. */
		if (++looks == 2 && o->verbose)
			tell_rhythm(w);
		if ((r > 0) != o->gone) {
			if (o->verbose)
				tell_end(w, o, now - began, looks);
			return 0;
		}
		if (now - began >= o->timeout_ns)
			return tell_timeout(w, o);
		left = o->timeout_ns - (now - began);
		spent = now - look_began;
		after = after > spent ? after - spent : AGAIN_NS;
		if (!sleep_for(w, &taken, after < left ? after : left))
			return EXIT_SIGINT;
	}
}

int cmd_wait(const struct options *o)
{
	struct wait w = {0};
	int r = wait_open(&w, o) < 0 ? 2 : run(&w, o);

	wait_done(&w);
	return r;
}
