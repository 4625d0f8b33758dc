/* Looks, lets action judge and tries for real: what the command `explain` and the dashboard's key `w` have in common. */
#include "explain_ask.h"
#include "explain_facts.h"
#include "sockeye/base/units.h"

#define FREE_TRIES 64
#define UNITS_NS (500 * NSEC_PER_MS) /* for what systemd says about the units that are in the way */

static int take_look(struct explain_ask *a)
{
	struct want want = {
		.protos = 1 << PROTO_TCP | 1 << PROTO_UDP, .states = STATES_ALL, .attrs = WANT_OWNERS};

	return look_once_take(&a->look, &want);
}

int explain_ask_open(struct explain_ask *a)
{
	int r;

	explain_read_facts(&a->facts);
	r = look_once_open(&a->look, NULL);
	return r < 0 ? r : take_look(a);
}

void explain_ask_done(struct explain_ask *a)
{
	look_once_done(&a->look);
	explain_facts_done(&a->facts);
}

/* The namespace that is asked about: where this thread is, and where the child that tries will be. */
static uint16_t netns_of(const struct frame *f)
{
	for (uint16_t i = 0; i < f->netns.n; i++)
		if (f->netns.v[i].own)
			return i;
	return 0;
}

void explain_ask_judge(struct explain_ask *a, struct explain *e, int proto, uint32_t port)
{
	explain_judge(e, &a->look.frame, netns_of(&a->look.frame), (enum proto)proto, port, &a->facts);
	explain_probe(e, &a->who);
	explain_settle(e);
}

int explain_ask_twice(struct explain_ask *a, struct explain *e, int proto, uint32_t port)
{
	int r;

	explain_ask_judge(a, e, proto, port);
	if (e->odd == NONE)
		return 0;
	r = take_look(a);
	if (r < 0)
		return r;
	explain_ask_judge(a, e, proto, port);
	return 0;
}

uint32_t explain_ask_free(struct explain_ask *a, struct explain *e, int proto, uint32_t from)
{
	for (int i = 0; i < FREE_TRIES && from && from <= UINT16_MAX; i++) {
		uint32_t port = explain_next(&a->look.frame, netns_of(&a->look.frame), (enum proto)proto,
					     &a->facts, from);

		if (!port)
			break;
		explain_ask_judge(a, e, proto, port);
		if (e->verdict == EXPLAIN_FREE)
			return port;
		from = port + 1;
	}
	return 0;
}

int explain_ask_both(struct explain_ask *a, int proto, uint32_t port, struct explain *main_one,
		     struct explain *beside)
{
	bool both = proto < 0;
	int r = explain_ask_twice(a, main_one, both ? PROTO_TCP : proto, port);

	if (r < 0)
		return r;
	/* A second look would replace the frame that the first one speaks of: a contradiction stands here. */
	if (both)
		explain_ask_judge(a, beside, PROTO_UDP, port);
	if (main_one->verdict != EXPLAIN_FREE) {
		struct explain free_one = {0};

		main_one->next_free = explain_ask_free(a, &free_one, main_one->proto, port + 1);
		explain_done(&free_one);
	}
	if (main_one->verdict == EXPLAIN_TAKEN)
		explain_ask_units(main_one, UNITS_NS);
	look_once_texts(&a->look, 1 << LATE_USER);
	return 0;
}

void explain_ask_put(const struct explain *main_one, const struct explain *beside, bool both, bool ascii,
		     struct str *out)
{
	explain_put_text(main_one, ascii, out);
	/* The same lack of privilege need not be said twice. */
	if (both && !(main_one->verdict == EXPLAIN_DENIED && beside->verdict == EXPLAIN_DENIED)) {
		explain_put_brief(beside, ascii, out);
		str_putc(out, '\n');
	}
}
