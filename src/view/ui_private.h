/* The inside of the ui, for the binding handlers and dialogs of this layer. */
#pragma once
#include "dialog.h"
#include "page.h"
#include "port_conns.h"
#include "proc_conns.h"
#include "sockeye/table/filter.h"
#include "sockeye/view/binding.h"
#include "sockeye/view/ui.h"

#define STACK_MAX 16
#define UI_W_MIN 20 /* below that, one line says so */
#define UI_H_MIN 5
#define UI_WIDE 120 /* from here on lines 1 and last are spelt out */
#define DETAIL_FROM_W 133 /* the pane stands beside from this width on */
#define DETAIL_FROM_H 24 /* … below from this height on */
#define DETAIL_REST_NS (100 * UINT64_C(1000000)) /* it follows the cursor when that has rested so long */
#define EXPORT_TOLD_NS (100 * UINT64_C(1000000)) /* how far it is, so often */
#define WHEEL_ROWS 3 /* a turn of the wheel */
#define MESSAGE_NS (5 * UINT64_C(1000000000))

enum detail_mode { DETAIL_BESIDE, DETAIL_BELOW, DETAIL_OFF };
struct hit { /* a part of the screen that does what a key does when clicked; noted while drawing */
	int y, x, w;
	const struct binding *binding;
};
struct search {
	int8_t dir; /* 1 downwards, -1 upwards, 0: none is on its way */
	bool begun; /* else it begins at the cursor, once the rows are in order */
	uint32_t at, left; /* the line looked at last, and how many more there are */
};
#define VIEWS_MAX (VIEW_N + UI_NAMED_MAX)
struct ui {
	struct ui_opts opts;
	const struct ui_host *host; /* borrowed for the ui's life */
	const struct services *services; /* borrowed likewise; may be NULL */
	struct screen_env env;
	struct port_conns conns; /* env.conns: of the page, or of the pane */
	struct proc_conns proc_conns; /* env.proc_conns, likewise */
	/* The tables, kept; NULL until first shown. First by enum view_id, then the named ones. */
	struct screen *views[VIEWS_MAX];
	struct filter *narrowed[UI_NAMED_MAX]; /* owned: a named view's own filter, with the one for all */
	int view; /* the one at the bottom of the stack: index into views */
	struct keymap own_keys; /* when opts gave none */
	const struct keymap *keymap; /* in force */
	struct screen *stack[STACK_MAX]; /* pages on top of the view; stack_n 0: the table itself */
	int stack_n;
	struct dialog *dialog; /* owned; NULL */
	struct filter *filter; /* owned; NULL: none. One for all views */
	bool paused, discard_input;
	/* Keys that mean what is not there yet: taken in their turn when it is. */
	VEC(struct key) waiting;
	uint64_t stale_ns; /* since when the table on top has had nothing to show; 0: it has */
	uint64_t paused_ns, interval_ns;
	char message[200];
	bool message_error;
	uint64_t message_until; /* UINT64_MAX: until a key; 0: there is none */
	enum detail_mode detail;
	bool detail_set; /* by the user */
	uint64_t cursor_moved_ns; /* the detail pane follows 100 ms later */
	struct page detail_page; /* what the pane shows, of: */
	struct subject detail_subject;
	struct shown shown;
	uint64_t detail_number; /* of the frame it was made of; 0: make it anew */
	VEC(struct hit) hits;
	VEC(char *) history; /* of the filter prompt, oldest first; owned */
	struct hosts hosts; /* names of addresses, once `D` was pressed */
	char *exporting; /* owned: into this file; NULL: nothing is written now */
	char *search; /* owned; NULL: none */
	struct search searching; /* for it, on its way */
	struct screen *why_screen; /* of the stack: it waits for the answer to `w`; NULL */
	uint64_t mark_wall_ns; /* when that was, with env.mark_ns */
	bool pasting; /* between the brackets of a paste */
	bool paste_told, welcomed;
	bool paste_begun,
		paste_blank; /* of pasted text some is in the prompt; a line has ended in it since */
	struct map limits_told; /* (hash of what and reason, 0) → 1 */
	int w, h;
};
struct screen *ui_top(struct ui *u);
struct screen *ui_top_const(const struct ui *u); /* NULL: not made yet */
void ui_push(struct ui *u, struct screen *s); /* owned by the stack from now on */
bool ui_pop(struct ui *u); /* false: was at the bottom */
/* Shows this view at the bottom of the stack, closing the pages above it. */
void ui_show_view(struct ui *u, int view);
void ui_open_dialog(struct ui *u, struct dialog *d);
void ui_close_dialog(struct ui *u); /* frees it, and shows the screen below it as it is now */
/* Takes a parsed filter (owned; NULL: none) into force in every view. */
void ui_set_filter(struct ui *u, struct filter *f);
/* The text of the filter in force, "" when there is none. */
const char *ui_filter_text(const struct ui *u);
/* Parses and takes into force; a wrong one is told on the message line and the old one stays. */
bool ui_try_filter(struct ui *u, const char *text);
/* After a change of what the top screen shows: the same frame again, and visible rows counted anew. */
void ui_update_top(struct ui *u);
void ui_finish(struct ui *u); /* whatever is on its way, before what depends on it */
/* Nothing of the table on top can be shown yet: it is being filled from a frame that it never showed. */
bool ui_stale(const struct ui *u);
void ui_take_key(struct ui *u, const struct key *k); /* now */
bool ui_must_wait(struct ui *u, const struct key *k); /* for what is on its way; or that is begun */
void ui_tell_limits(struct ui *u); /* the first of those that were not told yet, if the line is free */
void ui_say(struct ui *u, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void ui_error(struct ui *u, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Where the parts of the screen stand, for this size, screen and detail mode. */
struct ui_layout {
	struct area body; /* everything between line 2 and the last line */
	struct area list; /* the table with its heads, or the page */
	struct area detail; /* w == 0: none */
};
struct ui_layout ui_layout(const struct ui *u);
bool ui_has_pane(const struct ui *u); /* the view has, when it is on top */
struct subject ui_detail_subject(struct ui *u); /* what the pane shows */
void ui_draw_header(struct ui *u, struct canvas *c);
uint64_t ui_interval(const struct ui *u); /* in force: longer than asked for where looks cost much */
bool ui_shows_estab(const struct ui *u); /* does the header have the room */
/* These cells do what the action's key does when clicked; until the next drawing. */
void ui_hit(struct ui *u, int y, int x, int w, const struct binding *b);
/* The dashboard's number of a view (index into ui.views), from 1; 0: it has none. And back: -1. */
int ui_view_number(const struct ui *u, int view);
int ui_view_by_number(const struct ui *u, int number);
enum view_id ui_view_base(const struct ui *u, int view); /* whose rows it shows */
const char *ui_view_title(const struct ui *u, int view);

/* Lists as --sort and --columns take them; nothing when they are the view's own. */
void ui_sort_list(const struct table *t, struct str *out);
void ui_column_list(const struct table *t, struct str *out);

/* Does this word stand alone in the filter's text, outside quotes and parentheses? Where, in bytes. */
bool filter_word_find(const char *text, const char *word, size_t *ret_at, size_t *ret_n);
/* The text without these bytes and the blanks around them; with one more term. Both append to out. */
void filter_word_remove(const char *text, size_t at, size_t n, struct str *out);
void filter_word_add(const char *text, const char *term, struct str *out);

/* A list in a box, with a line a choice: sort menu, filter by this row. */
struct menu_item {
	char *label, *help; /* owned, safe */
	const void *data; /* borrowed */
};
struct menu {
	struct dialog base;
	char title[64];
	const char *hint; /* last line; borrowed */
	VEC(struct menu_item) items;
	size_t cursor, top;
	int height; /* visible items, as drawn last */
	/* A key the menu itself has no use for (Enter among them). False: close. */
	bool (*choose)(struct menu *m, struct ui *u, const struct key *k);
};
void menu_init(struct menu *m, const char *title, const char *hint,
	       bool (*choose)(struct menu *m, struct ui *u, const struct key *k));
struct menu_item *menu_add(struct menu *m, const char *label, const char *help, const void *data);
bool ui_export_tick(struct ui *u); /* how far it is; true: draw */
bool ui_export_stop(struct ui *u); /* false: there is none */
struct dialog *column_menu_new(struct ui *u, struct table *t);
/* What K and x act on: tagged rows, else the one under the cursor, else what the page is about. May be none. False:
 * that was said. */
bool ui_picks(struct ui *u, struct picks *ret);
bool ui_take_answer(struct ui *u); /* to `w`, to the page that waits for it. True: draw again */
struct dialog *row_menu_new(struct ui *u, struct table *t); /* `=`; NULL: no row under the cursor */
struct dialog *search_prompt_new(struct ui *u); /* `\` */
/* To the next (dir 1) or previous (-1) row in which ui.search stands, or says that there is none: at once, or when
 * ui_search_work (false: not finished) has come to it. */
void ui_search(struct ui *u, int dir);
bool ui_search_work(struct ui *u);
void ui_search_end(struct ui *u); /* no longer wanted */
/* Help has pages of its own: 0 keys, 1 filters, 2 columns. False: not the help screen, or no such page. */
bool help_screen_goto(struct screen *s, int page);
/* Shows the lines of all its pages in which the text stands; "": its pages again. False: not the help screen, or
 * (text NULL) nothing was looked for. */
bool help_screen_find(struct screen *s, const char *text);
