/* sockeye close: one look, what it means, a question, the deed, and what came of each connection. */
#include "close_cmd.h"
#include "confirm.h"
#include "kill_cmd.h"
#include "look_once.h"
#include "netns_socket.h"
#include "print.h"
#include "sockeye/action/close.h"
#include "sockeye/base/map.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SHOWN_MAX 20

enum { GONE = 0, NO_MATCH = 1, FAILED = 2, REFUSED = 3, REMAIN = 4 };

struct deed {
	const struct options *o;
	struct look_once look;
	struct close_plan plan;
	VEC(uint32_t) rows;
	uint32_t ports_n, units_n, programs_n; /* how far it reaches */
};

static void put_connections(struct str *out, size_t n)
{
	char count[UNIT_BUF];

	str_putf(out, "%s connection%s", fmt_count(count, n), n == 1 ? "" : "s");
}

static void count(struct map *seen, uint64_t a, uint64_t b, uint32_t *n)
{
	uint32_t *at = map_at(seen, a, b);

	*n += *at == MAP_NONE;
	*at = 0;
}

/* Distinct ports of the serving end, units and programs. */
static void count_reach(struct deed *d)
{
	const struct frame *f = &d->look.frame;
	struct map ports = {0}, units = {0}, programs = {0};

	for (size_t i = 0; i < d->rows.n; i++) {
		const struct row *r = frame_row(f, d->rows.v[i]);
		const struct sock *s = frame_sock(f, d->rows.v[i]);

		count(&ports, (uint64_t)s->netns << 8 | s->proto, r->dir == DIR_OUT ? s->rport : s->lport,
		      &d->ports_n);
		for (uint32_t o = 0; o < r->owner_n; o++) {
			const struct owner *ow = frame_owner(f, r, o);

			if (ow->former)
				continue;
			count(&units, f->procs.v[ow->proc].unit, 0, &d->units_n);
			count(&programs, f->procs.v[ow->proc].p.comm, 0, &d->programs_n);
		}
	}
	map_done(&ports);
	map_done(&units);
	map_done(&programs);
}

/* Connected ones; without any, and when the filter names states, whatever matches: those are told why not. */
static void pick(struct deed *d)
{
	const struct frame *f = &d->look.frame;
	bool named = filter_states(d->look.filter) != STATES_ALL;
	uint8_t *matches = mem_zalloc(f->rows_n, 1);

	filter_socks(d->look.filter, f, 0, f->rows_n, matches);
	for (int all = named; all < 2 && !d->rows.n; all++)
		for (uint32_t i = 0; i < f->open_rows; i++)
			if (matches[i] && (all || state_table[frame_sock(f, i)->state].connected))
				vec_push(&d->rows, i);
	free(matches);
}

static int open_plan(struct deed *d)
{
	struct kill_you you;

	if (look_once_deed(&d->look, d->o) < 0)
		return FAILED;
	pick(d);
	if (!d->rows.n) {
		complain("no connection matches %s", d->o->filter);
		return NO_MATCH;
	}
	d->rows.n = close_rows_once(&d->look.frame, d->rows.v, d->rows.n);
	count_reach(d);
	look_once_you(&d->look, &you);
	close_plan_build(&d->plan, &d->look.frame, d->rows.v, d->rows.n, &you,
			 d->o->ascii || MB_CUR_MAX == 1);
	return 0;
}

static void show(const struct deed *d)
{
	size_t n = close_possible(&d->plan), shown = 0;
	struct str out = {0};

	str_puts(&out, d->o->yes && !d->o->dry_run ? "Closing " : "Would close ");
	put_connections(&out, n);
	str_puts(&out, ":\n");
	for (size_t i = 0; i < d->plan.items.n && shown < SHOWN_MAX; i++) {
		const struct close_item *item = &d->plan.items.v[i];

		if (close_kind_table[item->kind].refusal)
			continue;
		shown++;
		str_putf(&out, "  %s   %s%s\n    ", item->what, state_table[item->state].name,
			 item->you ? "   your own session" : "");
		close_meaning_put(item, &out);
		str_putc(&out, '\n');
	}
	if (n > shown)
		str_putf(&out, "  and %zu more\n", n - shown);
	print_text(stdout, &out);
	str_done(&out);
}

/* Those that are not closed for what they are: how many. */
static size_t objections(const struct deed *d)
{
	struct str why = {0};
	size_t n = 0;

	for (size_t i = 0; i < d->plan.items.n; i++) {
		const struct close_item *item = &d->plan.items.v[i];
		const struct close_kind_info *kind = &close_kind_table[item->kind];

		if (!kind->refusal || n++ >= SHOWN_MAX)
			continue;
		str_clear(&why);
		str_puts(&why, "sockeye: refused: ");
		close_meaning_put(item, &why);
		str_puts(&why, d->o->partial ? ". Left out.\n" : ". Nothing was closed.\n");
		if (kind->instead && !strcmp(kind->instead, "sockeye kill"))
			str_putf(&why, "    instead: sockeye kill %s :%u\n", proto_table[item->proto].name,
				 item->lport);
		else if (kind->instead)
			str_putf(&why, "    instead: %s\n", kind->instead);
		print_text(stderr, &why);
	}
	str_done(&why);
	return n;
}

static int too_far(const struct deed *d)
{
	struct str what = {0};

	if (d->o->all_of || (d->ports_n <= 1 && d->units_n <= 1 && d->programs_n <= 1))
		return 0;
	if (d->ports_n > 1)
		str_putf(&what, "%u ports", d->ports_n);
	if (d->units_n > 1)
		str_putf(&what, "%s%u units", what.n ? ", " : "", d->units_n);
	if (d->programs_n > 1)
		str_putf(&what, "%s%u programs", what.n ? ", " : "", d->programs_n);
	complain("refused: this reaches %s. Nothing was closed.", str_text(&what));
	fputs("    narrow the filter, or add --all\n", stderr);
	str_done(&what);
	return REFUSED;
}

static int ask(const struct deed *d)
{
	bool word = close_needs_word(&d->plan), yes;
	struct str q = {0};

	if (d->o->yes)
		return 0;
	if (!confirm_possible()) {
		complain("refused: no terminal to ask on; see --dry-run, then use --yes");
		return REFUSED;
	}
	str_puts(&q, "Close ");
	put_connections(&q, close_possible(&d->plan));
	str_puts(&q, word ? ", your own session with them? Type yes: " : "? [y/N] ");
	yes = confirm(str_text(&q), word);
	str_done(&q);
	if (!yes)
		fputs("Nothing was closed.\n", stderr);
	return yes ? 0 : REFUSED;
}

static int tell_results(const struct deed *d, bool refused)
{
	uint32_t n[CLOSE_RESULT_N] = {0};
	struct str out = {0};

	for (size_t i = 0; i < d->plan.items.n; i++) {
		const struct close_item *item = &d->plan.items.v[i];

		if (close_kind_table[item->kind].refusal)
			continue;
		n[item->result]++;
		str_clear(&out);
		str_putf(&out, "%s   ", item->what);
		close_result_put(&d->plan, item, &out);
		str_putc(&out, '\n');
		print_text(stdout, &out);
	}
	str_done(&out);
	if (n[CLOSE_NOT_PERMITTED] && geteuid() != 0) {
		fflush(stdout);
		complain("try: sudo sockeye close %s", d->o->filter);
	}
	if (n[CLOSE_FAILED])
		return FAILED;
	if (n[CLOSE_NOT_PERMITTED] || refused)
		return REFUSED;
	if (n[CLOSE_REMAINS])
		return REMAIN;
	return n[CLOSE_GONE] ? GONE : NO_MATCH;
}

static int run(struct deed *d)
{
	static const struct close_sys sys = {.open = netns_socket};
	size_t refused;
	int r = open_plan(d);

	if (r)
		return r;
	if (close_possible(&d->plan))
		show(d);
	fflush(stdout);
	refused = objections(d);
	if (refused && (!d->o->partial || !close_possible(&d->plan)))
		return REFUSED;
	r = too_far(d);
	if (r)
		return r;
	if (d->o->dry_run) {
		puts("Nothing was closed. Without --dry-run this asks first.");
		return refused ? REFUSED : GONE;
	}
	r = ask(d);
	if (r)
		return r;
	close_run(&d->plan, &sys);
	return tell_results(d, refused);
}

int cmd_close(const struct options *o)
{
	struct deed d = {.o = o};
	int r;

	signal(SIGPIPE, SIG_IGN);
	if (!o->filter) {
		complain("close needs a filter that says which connections, e.g. sockeye close "
			 "raddr=10.0.0.7");
		return FAILED;
	}
	r = run(&d);
	close_plan_done(&d.plan);
	vec_done(&d.rows);
	look_once_done(&d.look);
	return print_result(r);
}
