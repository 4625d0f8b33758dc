/* Says what is there instead of what was waited for: the socket that comes nearest to it. */
#include "wait_text.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include <stdlib.h>
#include <string.h>

#define NAME_BYTES 64

/* How near a state is to serving, and what its holder does with the port. */
static const struct {
	uint8_t state, rank;
	const char *deed;
} deeds[] = {
	{STATE_LISTENING, 5, "listens on"},
	{STATE_BOUND, 4, "bound"},
	{STATE_UNCONN, 3, "receives on"},
	{STATE_TIME_WAIT, 1, "has a time-wait at"},
};

static unsigned rank_of(uint8_t state)
{
	for (size_t i = 0; i < ARRAY_LEN(deeds); i++)
		if (deeds[i].state == state)
			return deeds[i].rank;
	return 2; /* a connection */
}

static void put_who(const struct frame *f, uint32_t row, bool ascii, struct str *out)
{
	uint32_t proc = frame_first_owner(f, row, false);

	if (proc == NONE || !f->procs.v[proc].p.pid) {
		const char *why = proc == NONE ? reason_table[frame_row(f, row)->reason].cell : "kernel";

		str_putf(out, ascii ? "<%s>" : "‹%s›", why);
		return;
	}
	const struct snap_proc *p = &f->procs.v[proc].p;

	text_put_cell(out, intern_get(f->names, p->comm), intern_len(f->names, p->comm), ascii, NAME_BYTES);
	str_putf(out, " %u", p->pid);
}

void wait_put_row(const struct frame *f, uint32_t row, bool still, bool ascii, struct str *out)
{
	const char *before = still ? " still" : "";
	const struct sock *s = frame_sock(f, row);
	const char *deed = NULL;

	for (size_t i = 0; i < ARRAY_LEN(deeds); i++)
		if (deeds[i].state == s->state)
			deed = deeds[i].deed;
	put_who(f, row, ascii, out);
	if (!proto_table[s->proto].ports) {
		str_putf(out, "%s has a %s socket (%s)", before, proto_table[s->proto].name,
			 state_table[s->state].name);
		return;
	}
	if (deed)
		str_putf(out, "%s %s %u", before, deed, s->lport);
	else
		str_putf(out, "%s has a connection (%s) at %u", before, state_table[s->state].name, s->lport);
	if (s->proto != PROTO_TCP)
		str_putf(out, "/%s", proto_table[s->proto].name);
}

static uint32_t nearest(const struct frame *f, const uint8_t *picked)
{
	uint32_t best = NONE;

	for (uint32_t i = 0; i < f->open_rows; i++)
		if (picked[i] &&
		    (best == NONE || rank_of(frame_sock(f, i)->state) > rank_of(frame_sock(f, best)->state)))
			best = i;
	return best;
}

static void put_but(const struct wait_scene *s, uint32_t row, struct str *out)
{
	uint8_t state = frame_sock(s->f, row)->state;

	if (s->said) {
		str_puts(out, ", which is not ");
		for (int i = 0, n = 0; i < STATE_N; i++)
			if (s->states & STATE_BIT(i) && state_table[i].name[0])
				str_putf(out, "%s%s", n++ ? ", " : "", state_table[i].name);
	} else {
		str_puts(out, state == STATE_BOUND ? ", but does not listen" : ", but nobody listens");
	}
}

/* A socket that the filter is about but for its owner and state: when all that come as near have one port, that port
 * is what it is about. NONE otherwise. */
static uint32_t nearest_of_any_owner(const struct wait_scene *s, uint8_t *picked)
{
	const struct frame *f = s->f;
	uint32_t best;

	filter_socks_maybe(s->filter, f, true, true, picked);
	best = nearest(f, picked);
	for (uint32_t i = 0; i < f->open_rows && best != NONE; i++)
		if (picked[i] && frame_sock(f, i)->lport != frame_sock(f, best)->lport &&
		    rank_of(frame_sock(f, i)->state) == rank_of(frame_sock(f, best)->state))
			best = NONE;
	return best;
}

bool wait_anything(const struct wait_scene *s)
{
	uint8_t *picked = mem_zalloc(s->f->rows_n + 1, 1);
	bool any;

	filter_socks_maybe(s->filter, s->f, true, true, picked);
	any = nearest(s->f, picked) != NONE;
	free(picked);
	return any;
}

void wait_put_instead(const struct wait_scene *s, struct str *out)
{
	const struct frame *f = s->f;
	uint8_t *picked = mem_zalloc(f->rows_n + 1, 1);
	uint32_t row, stranger = NONE;

	filter_socks_maybe(s->filter, f, false, !s->gone, picked); /* what is still there is what matches */
	row = nearest(f, picked);
	if (row == NONE)
		stranger = nearest_of_any_owner(s, picked);
	if (row != NONE) {
		wait_put_row(f, row, s->gone, s->ascii, out);
		if (!s->gone && !(s->states & STATE_BIT(frame_sock(f, row)->state)))
			put_but(s, row, out);
		else if (!s->gone)
			str_puts(out, ", only now"); /* it came between the last look and this one */
	} else if (stranger != NONE) {
		wait_put_row(f, stranger, false, s->ascii, out);
		str_puts(out, ", but is not what was waited for");
	} else {
		str_puts(out, "no socket matches ");
		text_put_cell(out, filter_text(s->filter), strlen(filter_text(s->filter)), s->ascii,
			      4 * NAME_BYTES);
	}
	free(picked);
}
