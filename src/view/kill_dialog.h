/* The inside of the kill dialog: its state (kill_dialog.c) and its lines (kill_lines.c). */
#pragma once
#include "page.h"
#include "ui_private.h"

enum planning_for {
	PLAN_FIRST,
	PLAN_ANEW, /* not every process had been looked at */
	PLAN_AGAIN, /* after the deed: for who holds it now */
};
struct kill_dialog {
	struct dialog base;
	struct ui *u; /* borrowed: it owns this dialog */
	const struct kill_plan *plan; /* borrowed from the host until kill_close; NULL: not worked out yet */
	struct picks picks; /* owned: what it was opened for */
	struct kill_planning *planning; /* owned: of picks and the frame that is shown; NULL */
	enum planning_for planning_for;
	size_t cursor; /* into opts.signals */
	size_t way; /* into plan->ways */
	bool asks_word; /* the word yes is being typed */
	char word[8];
	bool copied;
	unsigned typed; /* the number typed so far */
	bool sent; /* the afterword is shown */
	int last_sig;
	size_t steps_seen;
	uint64_t seconds_seen;
	/* Drawing: lines, and beside each when to drop it (enum drop). */
	struct page page;
	VEC(uint8_t) drop;
};

/* What Enter does now: signal the holders, … stop the unit, copy a command. */
uint8_t kill_to_now(const struct kill_dialog *d);
/* There is something that Enter can do. */
bool kill_can(const struct kill_dialog *d);
/* The way that stops the unit, to be offered when it was started again; plan->ways.n: there is none. */
size_t kill_stop_way(const struct kill_dialog *d);
/* What happened so far, from the host. */
const struct kill_step *kill_steps_of(const struct kill_dialog *d, size_t *ret_n, uint64_t *ret_sent,
				      bool *ret_over);
/* Somebody did not heed the signal, and the strongest one was not sent yet. */
bool kill_may_press(const struct kill_step *steps, size_t n, int last_sig);
/* It was started again, and its unit can be stopped. */
bool kill_may_stop(const struct kill_dialog *d, const struct kill_step *steps, size_t n);
/* Somebody else holds now what was asked for. */
bool kill_may_ask_again(const struct kill_dialog *d, const struct kill_step *steps, size_t n);
/* Fill d->page with the question, or with what came of it, in at most `height` lines: what is missed least
 * goes first, the last line never. */
void kill_ask_lines(struct kill_dialog *d, const struct screen_env *e, int height);
extern const uint8_t kill_step_styles[4]; /* by struct kill_step.severity */
void kill_after_lines(struct kill_dialog *d, const struct screen_env *e, int height);
