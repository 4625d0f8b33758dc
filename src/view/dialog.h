/* What lies over a screen: the kill dialog, the sort menu, the filter prompt. At most one is open. */
#pragma once
#include "screen.h"
#include "sockeye/view/key.h"
#include "sockeye/view/ui.h"

struct dialog;
struct dialog_ops {
	/* Draws over the whole canvas (boxes in the middle, prompts on the last lines). */
	void (*draw)(struct dialog *d, const struct screen_env *e, struct canvas *c);
	/* true: stays open; false: close it (ui.c calls free). */
	bool (*key)(struct dialog *d, struct ui *u, const struct key *k);
	void (*frame)(struct dialog *d, struct ui *u); /* a new frame; may be NULL */
	bool (*tick)(struct dialog *d, struct ui *u); /* may be NULL; true: draw again */
	uint64_t (*deadline)(const struct dialog *d); /* may be NULL */
	void (*free)(struct dialog *d, struct ui *u);
	/* Goes on with what takes long until the slice is over. True: nothing is left. NULL: there is never anything. */
	bool (*work)(struct dialog *d, struct ui *u);
	bool (*working)(const struct dialog *d); /* is anything left? With work */
	/* Must this key wait for that? NULL: none has to. */
	bool (*waits)(struct dialog *d, struct ui *u, const struct key *k);
	bool wants_paste; /* prompts do, acting dialogs do not */
};
struct dialog { /* first member of every implementation */
	const struct dialog_ops *ops;
};
/* A box with a title in the middle of the canvas; h and w include the border and are shrunk to fit. Gives
 * the inner area. At 40×10 it may fill the whole screen. */
struct area dialog_box(struct canvas *c, const struct screen_env *e, const char *title,
		       const char *title_right, int h, int w);

/* For these (moved in): works out whom that hits, in slices, and opens the pidfds through the host. */
struct dialog *kill_dialog_new(struct ui *u, struct picks *picks);
struct dialog *sort_menu_new(struct ui *u, struct table *t);
struct dialog *filter_prompt_new(struct ui *u,
				 const char *start_text); /* live: the table follows while typing */
