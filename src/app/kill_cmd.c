/* sockeye kill: one look, one plan, a question, the same deed as the dialog's, and its outcome as an exit code. */
#include "kill_cmd.h"
#include "clock.h"
#include "confirm.h"
#include "kill_text.h"
#include "look_once.h"
#include "print.h"
#include "sockeye/action/kill.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ASK_NS (500 * NSEC_PER_MS) /* for systemd's answer */
#define POLL_NS (10 * NSEC_PER_MS)
#define LINGER_NS (500 * NSEC_PER_MS) /* after it is free, for who takes it again at once */
#define LINGER_STARTER_NS (2 * NSEC_PER_SEC) /* nobody says how long who started it will wait */
#define LINGER_MAX_NS (30 * NSEC_PER_SEC)

enum { FREED = 0, NO_MATCH = 1, FAILED = 2, REFUSED = 3, HELD = 4 };

struct deed {
	const struct options *o;
	struct look_once look;
	struct kill *kill;
	VEC(struct pick) picks;
	VEC(uint8_t) matches; /* parallel to the frame's rows, in any state */
	uint32_t ports_n; /* distinct (namespace, protocol, port)s among the picks */
	struct kill_words words;
	char sig_name[16];
	size_t told; /* steps already printed */
	uint64_t first_ns; /* when the first signal was sent; 0: not yet */
	VEC(uint8_t) objected; /* parallel to the plan's targets, then its unowned: told already */
};

/* "8080" ":8080" */
static bool is_port(const char *word, size_t n)
{
	n -= *word == ':';
	word += *word == ':';
	return n > 0 && n < 6 && strspn(word, "0123456789") == n;
}

bool complain_two_ports(const char *what, const char *filter)
{
	uint32_t first = 0;
	const char *word = filter;

	for (; *word; word += strspn(word, " ")) {
		size_t n = strcspn(word, " ");
		uint32_t port;

		/* Anything else than words side by side may mean something. */
		if (memchr(word, '(', n) || memchr(word, '"', n) || memchr(word, '!', n) ||
		    (n == 2 && !strncmp(word, "or", 2)) || (n == 3 && !strncmp(word, "not", 3)))
			return false;
		if (is_port(word, n)) {
			port = (uint32_t)strtoul(word + (*word == ':'), NULL, 10);
			if (first && port != first) {
				complain("no socket has both ports %u and %u; either: sockeye %s :%u,%u",
					 first, port, what, first, port);
				return true;
			}
			first = port;
		}
		word += n;
	}
	return false;
}

/* ---- Whom ---- */

static bool names_state(const struct filter *f)
{
	return filter_states(f) != STATES_ALL;
}

static void count_port(struct deed *d, struct map *seen, uint32_t row)
{
	const struct sock *s = frame_sock(&d->look.frame, row);
	uint32_t *at = map_at(seen, (uint64_t)s->netns << 8 | s->proto,
			      proto_table[s->proto].ports ? s->lport : UINT64_MAX - row);

	if (*at == MAP_NONE)
		d->ports_n++;
	*at = 0;
}

/* Matching sockets that are listening or bound; others when the filter names a state. */
static void pick(struct deed *d)
{
	const struct frame *f = &d->look.frame;
	bool any = names_state(d->look.filter);
	struct map seen = {0};

	vec_reserve(&d->matches, f->rows_n + 1);
	d->matches.n = f->rows_n;
	filter_socks(d->look.filter, f, 0, f->rows_n, d->matches.v);
	for (uint32_t i = 0; i < f->open_rows; i++) {
		const struct sock *s = frame_sock(f, i);

		if (!d->matches.v[i] || !(any || STATES_PORT & STATE_BIT(s->state)))
			continue;
		vec_push(&d->picks, ((struct pick){.kind = PICK_SOCK,
						   .netns = s->netns,
						   .proto = s->proto,
						   .cookie = s->cookie}));
		count_port(d, &seen, i);
	}
	map_done(&seen);
}

static int no_match(struct deed *d)
{
	const struct kill_plan none = {0};
	struct str line = {0};

	str_putf(&line, "nothing listens on or is bound to anything that matches %s", d->o->filter);
	if (names_state(d->look.filter)) {
		str_clear(&line);
		str_putf(&line, "no socket matches %s", d->o->filter);
	} else if (d->look.frame.hidden_procs && geteuid() != 0) {
		str_puts(&line, "; other users' processes are hidden");
	}
	complain("%s", str_text(&line));
	str_clear(&line);
	if (!names_state(d->look.filter))
		kill_put_left_alone(&none, &d->look.frame, d->matches.v, &line);
	print_text(stderr, &line);
	str_done(&line);
	return NO_MATCH;
}

static int open_plan(struct deed *d)
{
	struct kill_plan plan = {0};
	struct str answer = {0};
	struct kill_you you;

	if (look_once_deed(&d->look, d->o) < 0)
		return FAILED;
	pick(d);
	if (!d->picks.n)
		return no_match(d);
	look_once_you(&d->look, &you);
	kill_plan_build(&plan, &d->look.frame, d->picks.v, d->picks.n);
	kill_plan_judge(&plan, &d->look.frame, &you);
	d->kill = kill_open(&plan, NULL);
	if (kill_plan(d->kill)->respawns.n && kill_sig_ends(d->words.sig)) {
		unit_ask(kill_plan(d->kill), ASK_NS, &answer);
		kill_answer(d->kill, str_text(&answer));
	}
	str_done(&answer);
	return 0;
}

/* ---- What speaks against it ---- */

/* What to type instead: for the same namespace, as a shell reads it. */
static void put_again(struct str *out, const char *command, const struct options *o)
{
	struct str words = {0};

	if (o->netns) {
		str_puts(&words, " -N ");
		text_put_shell(&words, o->netns);
	}
	str_putc(&words, ' ');
	text_put_shell(&words, o->filter);
	str_putf(out, "    try: %s", command);
	text_put_cell(out, str_text(&words), words.n, false, SIZE_MAX);
	str_putc(out, '\n');
	str_done(&words);
}

static void object(const struct deed *d, const struct str *why, const char *instead, bool sudo)
{
	struct str line = {0};

	str_putf(&line, "sockeye: %s%s. ", strncmp(str_text(why), "not permitted", 13) ? "refused: " : "",
		 str_text(why));
	str_puts(&line, d->o->partial || kill_sent_ns(d->kill) ? "Left out.\n" : "Nothing was sent.\n");
	if (instead && *instead)
		str_putf(&line, "    instead: %s\n", instead);
	if (sudo && geteuid() != 0) {
		put_again(&line, "sudo sockeye kill", d->o);
	}
	print_text(stderr, &line);
	str_done(&line);
}

/* False: it was told before. */
static bool tell_now(struct deed *d, size_t at)
{
	while (d->objected.n <= at)
		vec_push(&d->objected, 0);
	return !d->objected.v[at]++;
}

/* How many owners are unknown, refused or not permitted; each is told once when `tell`. */
static size_t objections(struct deed *d, bool tell)
{
	const struct kill_plan *p = kill_plan(d->kill);
	struct str why = {0}, instead = {0};
	size_t n = 0;

	for (size_t i = 0; i < p->targets.n; i++) {
		const struct kill_target *t = &p->targets.v[i];

		if (t->refusal == KILL_OK || kill_refusal_table[t->refusal].over)
			continue;
		n++;
		str_clear(&why);
		kill_refusal_put(p, t, &why);
		if (tell && tell_now(d, i))
			object(d, &why, t->instead, t->refusal == KILL_NOT_PERMITTED);
	}
	for (size_t i = 0; i < p->unowned.n; i++) {
		n++;
		str_clear(&why);
		str_clear(&instead);
		kill_unowned_put(p, &p->unowned.v[i], &why, &instead);
		if (tell && tell_now(d, p->targets.n + i))
			object(d, &why, str_text(&instead), p->unowned.v[i].reason == REASON_NOT_PERMITTED);
	}
	str_done(&why);
	str_done(&instead);
	return n;
}

/* Errors of the system weigh more than refusals. */
static bool any_failed(const struct deed *d)
{
	const struct kill_plan *p = kill_plan(d->kill);

	for (size_t i = 0; i < p->targets.n; i++)
		if (p->targets.v[i].refusal == KILL_FAILED)
			return true;
	return false;
}

static int nothing_left(const struct deed *d)
{
	const struct kill_plan *p = kill_plan(d->kill);
	struct str why = {0};

	for (size_t i = 0; i < p->targets.n && i < 3; i++) {
		str_puts(&why, i ? "; " : ": ");
		kill_refusal_put(p, &p->targets.v[i], &why);
	}
	complain("nothing is left to be signalled%s. Nothing was sent.", str_text(&why));
	str_done(&why);
	return NO_MATCH;
}

static int too_far(const struct deed *d)
{
	const struct kill_plan *p = kill_plan(d->kill);
	struct str what = {0};
	size_t shown = 0;

	if (d->o->all_of || (d->ports_n <= 1 && p->units_n <= 1 && p->programs_n <= 1))
		return 0;
	if (d->ports_n > 1)
		str_putf(&what, "%u ports", d->ports_n);
	for (size_t i = 0; d->ports_n > 1 && i < p->ports.n && shown < 6; i++)
		if (p->ports.v[i].asked)
			str_putf(&what, "%s%u/%s", shown++ ? ", " : " (", p->ports.v[i].port,
				 proto_table[p->ports.v[i].proto].name);
	if (shown)
		str_puts(&what, shown < d->ports_n ? ", …)" : ")");
	if (p->units_n > 1)
		str_putf(&what, "%s%u units", what.n ? ", " : "", p->units_n);
	if (p->programs_n > 1)
		str_putf(&what, "%s%u programs", what.n ? ", " : "", p->programs_n);
	complain("refused: this reaches %s. Nothing was sent.", str_text(&what));
	fputs("    narrow the filter, or add --all\n", stderr);
	str_done(&what);
	return REFUSED;
}

/* The way asked for with --to; the holders themselves are always there. */
static int choose(struct deed *d)
{
	const struct kill_plan *p = kill_plan(d->kill);

	if (d->o->kill_to == KILL_TO_HOLDERS)
		return 0;
	for (size_t i = 0; i < p->ways.n; i++) {
		if (p->ways.v[i].to == d->o->kill_to) {
			d->words.way = i;
			kill_choose(d->kill, i);
			return 0;
		}
	}
	complain("refused: there is no %s here that could be signalled apart from others. Nothing was sent.",
		 d->o->kill_to == KILL_TO_STOP ? "unit" : kill_to_names[d->o->kill_to]);
	return REFUSED;
}

/* ---- The outcome ---- */

static int look(void *data, const struct want *want, struct snapshot *ret)
{
	return source_look(data, want, ret);
}

static void tell_steps(struct deed *d)
{
	struct str line = {0};
	uint64_t sent;
	size_t n;
	const struct kill_step *s = kill_steps(d->kill, &n);

	if (!d->first_ns)
		d->first_ns = kill_sent_ns(d->kill);
	sent = d->first_ns;

	for (; d->told < n; d->told++) {
		const struct kill_step *step = &s[d->told];
		char after[24];

		if (step->event == KILL_WATCH_OVER || (step->event == KILL_SENT && !d->told))
			continue;
		if (step->event == KILL_REFUSED && step->severity >= 2)
			continue; /* told as an objection */
		if (step->at_ns - sent < NSEC_PER_SEC)
			snprintf(after, sizeof(after), "%u ms",
				 (unsigned)((step->at_ns - sent) / NSEC_PER_MS));
		else
			snprintf(after, sizeof(after), "%.1f s", (double)(step->at_ns - sent) / NSEC_PER_SEC);
		str_clear(&line);
		str_putf(&line, "after %-7s %s\n", after, step->text);
		print_text(stdout, &line);
		fflush(stdout);
	}
	str_done(&line);
}

/* Until when it is watched: for the outcome as long as was asked for; when all is free, for who takes it again. */
static uint64_t watch_until(const struct deed *d, uint64_t last_sent_ns, uint64_t free_ns)
{
	uint64_t until = last_sent_ns + d->o->wait_ns, delay, linger = LINGER_NS;

	if (!free_ns)
		return until;
	if (kill_respawns(kill_plan(d->kill), d->words.sig, &delay))
		linger = delay + LINGER_NS + LINGER_NS;
	else if (kill_plan(d->kill)->starter_pid)
		linger = LINGER_STARTER_NS;
	if (linger > LINGER_MAX_NS)
		linger = LINGER_MAX_NS;
	if (!d->o->wait_given || free_ns + linger < until)
		until = free_ns + linger;
	return until;
}

static void complain_held(const struct deed *d, uint64_t after_ns)
{
	struct str who = {0};
	size_t n;
	const struct kill_step *s = kill_steps(d->kill, &n);

	if (!n || s[n - 1].event != KILL_STILL_HELD) /* else that has just been said */
		kill_lagging_put(d->kill, &who);
	complain("still held %.1f s after the signal%s%s", (double)after_ns / NSEC_PER_SEC, who.n ? ": " : "",
		 str_text(&who));
	if (kill_any_lives(d->kill) && d->words.sig != SIGKILL && d->o->kill_after_ns == UINT64_MAX) {
		str_clear(&who);
		put_again(&who, "sockeye kill --kill-after 5s", d->o);
		fputs(str_text(&who), stderr);
	}
	str_done(&who);
}

static int watch(struct deed *d)
{
	struct kill_look how = {d->look.source, look};
	uint64_t sent = kill_sent_ns(d->kill), first = sent, free_ns = 0, now;
	bool escalated = d->o->kill_after_ns == UINT64_MAX || d->words.sig == SIGKILL;

	for (;;) {
		struct timespec t = {0, POLL_NS};

		now = clock_boot();
		kill_watch(d->kill, &how, now, UINT64_MAX);
		tell_steps(d);
		if (kill_taken_again(d->kill))
			return HELD;
		if (!kill_all_free(d->kill))
			free_ns = 0;
		else if (!free_ns)
			free_ns = now;
		if (!escalated && now - first >= d->o->kill_after_ns && kill_any_lives(d->kill)) {
			escalated = true;
			if (kill_send(d->kill, SIGKILL, now) > 0)
				sent = kill_sent_ns(d->kill);
			continue;
		}
		if (now >= watch_until(d, sent, free_ns) &&
		    (escalated || free_ns || !kill_any_lives(d->kill)))
			break;
		nanosleep(&t, NULL);
	}
	if (!free_ns) {
		complain_held(d, now - sent);
		return HELD;
	}
	return FREED;
}

static int carry_out(struct deed *d)
{
	const struct kill_plan *p = kill_plan(d->kill);
	size_t objected;
	int sent, r;

	/* Whatever changed since the plan was shown counts: all or nothing, unless part is enough. */
	kill_check(d->kill);
	if (objections(d, false) && !d->o->partial) {
		objections(d, true);
		return any_failed(d) ? FAILED : REFUSED;
	}
	sent = kill_send(d->kill, d->words.sig, clock_boot());
	objections(d, true); /* what the deed itself met with */
	if (!sent && !objections(d, false))
		return p->ways.n && d->o->kill_to == KILL_TO_STOP ? FAILED : nothing_left(d);
	r = sent && (kill_sig_ends(d->words.sig) || d->o->kill_to == KILL_TO_STOP) ? watch(d) : FREED;
	objected = objections(d, true);
	if (any_failed(d))
		return FAILED;
	return objected ? REFUSED : r;
}

static int ask(struct deed *d)
{
	struct str question = {0};
	bool yes;

	if (d->o->yes)
		return 0;
	if (!confirm_possible()) {
		complain("refused: no terminal to ask on; see --dry-run, then use --yes");
		return REFUSED;
	}
	kill_put_question(kill_plan(d->kill), &d->words, &question);
	yes = confirm(str_text(&question), kill_needs_word(kill_plan(d->kill), d->words.way, d->words.sig));
	str_done(&question);
	if (!yes)
		fputs("Nothing was sent.\n", stderr);
	return yes ? 0 : REFUSED;
}

static int run(struct deed *d)
{
	int r = open_plan(d), against;
	struct str text = {0};
	size_t ok;

	if (r)
		return r;
	r = choose(d);
	if (r)
		return r;
	ok = kill_targets_ok(kill_plan(d->kill));
	bool refused = objections(d, false) && (!d->o->partial || !ok);
	d->words.would = d->o->dry_run || !d->o->yes || refused;
	d->words.wall_ns = d->look.frame.wall_ns;
	d->words.ascii = d->o->ascii || MB_CUR_MAX == 1;
	if (ok || d->o->dry_run) {
		kill_put_plan(kill_plan(d->kill), &d->words, &text);
		if (!names_state(d->look.filter))
			kill_put_left_alone(kill_plan(d->kill), &d->look.frame, d->matches.v, &text);
		print_text(stdout, &text);
		fflush(stdout);
	}
	str_done(&text);
	objections(d, true);
	against = refused ? any_failed(d) ? FAILED : REFUSED : 0;
	if (!against && !ok)
		return nothing_left(d);
	r = against ? against : too_far(d);
	if (r)
		return r;
	if (d->o->dry_run) {
		puts("Nothing was sent. Without --dry-run this asks first.");
		return objections(d, false) ? REFUSED : 0;
	}
	r = ask(d);
	return r ? r : carry_out(d);
}

int cmd_kill(const struct options *o)
{
	struct deed d = {.o = o};
	int r;

	signal(SIGPIPE, SIG_IGN);
	if (!o->filter) {
		complain("kill needs a filter that says whose socket, e.g. sockeye kill :8080");
		return FAILED;
	}
	if (complain_two_ports("kill", o->filter))
		return FAILED;
	d.words.sig = o->signal ? o->signal : SIGTERM;
	d.words.sig_name = kill_signal_name(d.words.sig, d.sig_name);
	r = run(&d);
	kill_free(d.kill);
	vec_done(&d.picks);
	vec_done(&d.matches);
	vec_done(&d.objected);
	look_once_done(&d.look);
	return print_result(r);
}
