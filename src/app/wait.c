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
#include "wait_eye.h"
#include "wait_pace.h"
#include "wait_text.h"
#include "workers.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AGAIN_NS NSEC_PER_MS /* until a socket that was missed is looked for again */
#define CHECK_NS NSEC_PER_SEC /* so often there is a look though a listener is known to stand */
#define LATE_WAIT_NS (1500 * NSEC_PER_MS) /* a worker gives a read up after one second */
#define SCENE_NS (2 * NSEC_PER_SEC) /* for finding out who has what is there instead */
#define EXIT_SIGINT 130

/* The sockets that the quick eye cannot rule out, as one number that changes when they do. */
struct found {
	bool any, missed; /* missed: by the last dump */
	uint64_t sum;
	uint32_t protos; /* bits */
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
	struct found found; /* by the quick eye */
	VEC(struct sock) known; /* listeners among these */
	bool still; /* the last round only asked for them; what that costs: */
	uint64_t still_ns;
	uint64_t seen; /* what the quick eye could not rule out at the last full look */
	uint64_t cpu_ns; /* processor time at the end of the last look */
	struct pace_news news;
	bool matched, matched_missed; /* what that look said; of a socket that the last dump had not */
};

static void wait_done(struct wait *w)
{
	for (size_t i = 0; i < ARRAY_LEN(w->tables) && w->tables_open; i++)
		table_done(&w->tables[i]);
	workers_free(w->workers);
	eye_done(&w->quick);
	eye_done(&w->full);
	vec_done(&w->known);
	source_free(w->source);
	filter_free(w->filter);
	services_free(w->services);
	intern_free(w->names);
}

/* All that was done since the last call, the waking up too, is the price of this look. */
static uint64_t spent(struct wait *w)
{
	uint64_t now = clock_read(CLOCK_PROCESS_CPUTIME_ID), ns = now - w->cpu_ns;

	w->cpu_ns = now;
	return ns;
}

static int look(struct wait *w, struct eye *e, bool *ret_same)
{
	int r = eye_look(e, w->source, ret_same);

	if (r < 0)
		complain("cannot read the sockets: %s", strerror(-r));
	return r;
}

static uint64_t period_of(const struct wait *w, const struct eye *e)
{
	return eye_cheap(e) ? pace_cheap(e->cost_ns, w->gone) : pace_other(e->cost_ns);
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

static struct found candidates(struct wait *w)
{
	struct eye *e = &w->quick;
	const struct frame *f = eye_frame(e);
	struct found found = {0};

	vec_clear(&w->known);
	filter_socks_maybe(w->filter, f, w->owners, false, e->picked.v);
	for (uint32_t i = 0; i < f->open_rows; i++) {
		if (!e->picked.v[i] || !counts(w, f, i))
			continue;
		found.any = true;
		found.missed |= frame_row(f, i)->marks & MARK_MISSED;
		found.sum += map_hash(frame_sock(f, i)->cookie, frame_sock(f, i)->state);
		found.protos |= 1u << frame_sock(f, i)->proto;
		if (frame_sock(f, i)->state == STATE_LISTENING && frame_sock(f, i)->proto == PROTO_TCP)
			vec_push(&w->known, *frame_sock(f, i));
	}
	return found;
}

/* What was missed is looked for again at once, and what is gone from where it was everywhere: no more than that. */
#define QUICK_LOOKS_MOST 3

static int quick_look(struct wait *w, struct found *ret)
{
	struct eye *e = &w->quick;
	bool more = true;

	for (int i = 0; i < QUICK_LOOKS_MOST && more; i++) {
		uint32_t asked = e->want.protos;
		bool same;
		int r = look(w, e, &same);

		if (r < 0)
			return r;
		if (!same)
			w->found = candidates(w);
		/* While one protocol still matches, the others do not decide whether all is gone. */
		if (w->gone)
			e->want.protos = w->found.any ? w->found.protos : w->protos;
		more = w->gone && (w->found.missed || (!w->found.any && asked != w->protos));
	}
	eye_charge(e, spent(w));
	*ret = w->found;
	return 0;
}

/* Does a listener that is known to match stand yet? Then nothing is gone, and nothing else needs to be asked. Now and
 * then there is a look all the same. */
static bool still_there(struct wait *w)
{
	const struct frame *f = eye_frame(&w->quick);
	bool still;

	if (!w->gone || w->owners || !w->quick.plain || !w->known.n || w->known.n > LIVE_STILL_MAX ||
	    clock_boot() - w->quick.at_ns > CHECK_NS)
		return false;
	still = live_still(w->source, f->netns.v[w->known.v[0].netns].inode, w->known.v, w->known.n);
	if (!still)
		vec_clear(&w->known);
	else
		w->still_ns = w->still_ns ? pace_mean(w->still_ns, spent(w)) : spent(w);
	return still;
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
	r = look(w, e, NULL);
	if (r == 0 && cold)
		w->cold_at_ns = e->at_ns;
	return r;
}

static void match_rows(struct wait *w, const struct frame *f)
{
	w->matched = false;
	for (size_t i = 0; i < ARRAY_LEN(w->tables); i++) {
		table_update(&w->tables[i], f, UINT16_MAX, false);
		w->matched |= w->tables[i].matched > 0;
	}
}

static void match_socks(struct wait *w, const struct frame *f)
{
	struct eye *e = &w->full;
	uint32_t row;

	filter_socks(w->filter, f, 0, f->rows_n, e->picked.v);
	row = find_match(w, e);
	w->matched = row != NONE;
	w->matched_missed = w->matched && frame_row(f, row)->marks & MARK_MISSED;
}

/* With everything: sets w->matched. 0 or a negative errno. *ret_after: when it is worth another look, or untouched. */
static int full_look(struct wait *w, uint64_t *ret_after)
{
	struct eye *e = &w->full;
	int r = owner_look(w);

	if (r < 0)
		return r;
	if (w->owners)
		ask_late(w, eye_frame(e));
	if (w->tables_open)
		match_rows(w, eye_frame(e));
	else
		match_socks(w, eye_frame(e));
	eye_charge(e, spent(w));
	if (w->owners && w->cold_at_ns == e->at_ns) {
		w->cold_ns = e->cost_ns;
		if (!w->full_only)
			e->cost_ns = 0; /* what a warm one costs shows next time, soon */
	}
	if (w->matched_missed) {
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
		*ret_after = 0;
		r = full_look(w, ret_after);
		if (!*ret_after)
			*ret_after = period_of(w, &w->full);
		return r < 0 ? r : w->matched;
	}
	w->still = still_there(w);
	if (w->still) {
		*ret_after = pace_still(w->still_ns);
		return 1;
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
	struct want want = {.protos = filter_protos_of(w->filter, EYE_PROTOS_CHEAP)};
	uint32_t default_states = EYE_STATES_CHEAP | (o->gone ? STATE_BIT(STATE_BOUND) : 0);

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
	w->quick.plain = !w->tables_open && filter_plain(w->filter);
	w->full.plain = w->quick.plain && !w->owners; /* a socket does not tell of its owners */
	if (w->quick.plain) {
		want.skip = PART_PEERS | PART_PORTS;
		/* Of connections that is not all: a listener owns those that it has not accepted yet. */
		want.ends_all = !(want.states & ~(EYE_STATES_CHEAP | STATE_BIT(STATE_BOUND)));
	}
	w->full.want = w->quick.want = want;
	w->quick.want.attrs &= ~(uint32_t)WANT_OWNERS;
	if (!w->said && !w->tables_open)
		w->quick.want.states = EYE_STATES_CHEAP;
	w->has_full = w->owners || w->full.want.states != w->quick.want.states;
	w->full_only = w->tables_open || (w->owners && !eye_cheap(&w->quick));
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
	eye_init(&w->quick, w->names, w->services);
	eye_init(&w->full, w->names, w->services);
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
	e.want.attrs &= ~(uint32_t)WANT_OWNERS;
	eye_init(&e, w->names, w->services);
	if (look(w, &e, NULL) == 0) {
		scene.f = eye_frame(&e);
		if (wait_anything(&scene)) {
			e.want.attrs |= WANT_OWNERS;
			live_set_owner_budget(w->source, SCENE_NS);
			if (look(w, &e, NULL) == 0)
				ask_late(w, eye_frame(&e));
			scene.f = eye_frame(&e);
		}
		wait_put_instead(&scene, out);
	}
	eye_done(&e);
}

static void put_pace(struct str *out, uint64_t period, uint64_t cost)
{
	str_puts(out, "looks every ");
	str_put_real(out, (double)(period / 1000) / 1000);
	str_puts(out, " ms; a look costs ");
	str_put_real(out, (double)(cost / 1000) / 1000);
	str_puts(out, " ms");
}

static void tell_rhythm(const struct wait *w)
{
	const struct eye *e = w->full_only ? &w->full : &w->quick;
	struct str line = {0};

	put_pace(&line, w->still ? pace_still(w->still_ns) : period_of(w, e),
		 w->still ? w->still_ns : e->cost_ns);
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
	uint64_t began = clock_boot(), looks = 0, after, now, took, left;
	bool told = false;
	sigset_t taken;

	sigemptyset(&taken);
	sigaddset(&taken, SIGINT);
	sigaddset(&taken, SIGTSTP);
	sigprocmask(SIG_BLOCK, &taken, NULL);
	(void)spent(w); /* so far: getting ready */
	for (;;) {
		uint64_t look_began = clock_boot();
		int r = look_round(w, &after);

		if (r < 0)
			return 2;
		now = clock_boot();
		/* The first look is cold: what it costs says little. But nobody wants to wait for a dear one. */
		looks++;
		if (o->verbose && !told && (looks == 2 || after > NSEC_PER_SEC)) {
			tell_rhythm(w);
			told = true;
		}
		if ((r > 0) != o->gone) {
			if (o->verbose)
				tell_end(w, o, now - began, looks);
			return 0;
		}
		if (now - began >= o->timeout_ns)
			return tell_timeout(w, o);
		left = o->timeout_ns - (now - began);
		took = now - look_began;
		after = after > took ? after - took : AGAIN_NS;
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
