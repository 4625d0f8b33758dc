/* The inside of the ui, for the binding handlers and dialogs of this layer. */
#pragma once
#include "dialog.h"
#include "sockeye/table/filter.h"
#include "sockeye/view/binding.h"
#include "sockeye/view/ui.h"

#define STACK_MAX 16
enum detail_mode { DETAIL_BESIDE, DETAIL_BELOW, DETAIL_OFF };
struct ui {
	struct ui_opts opts;
	const struct ui_host *host; /* borrowed for the ui's life */
	const struct services *services;
	struct screen_env env;
	struct screen *views[VIEW_N]; /* the tables, kept; NULL until first shown */
	int view; /* enum view_id at the bottom of the stack */
	struct screen *stack[STACK_MAX]; /* pages on top of the view; stack_n 0: the table itself */
	int stack_n;
	struct dialog *dialog; /* owned; NULL */
	struct filter *filter; /* owned; NULL: none. One for all views */
	bool paused, discard_input, summary;
	uint64_t paused_ns, interval_ns;
	char message[200];
	bool message_error;
	uint64_t message_until; /* UINT64_MAX: until a key */
	enum detail_mode detail;
	bool detail_set; /* by the user */
	uint64_t cursor_moved_ns; /* the detail pane follows 100 ms later */
	int w, h;
};
struct screen *ui_top(struct ui *u);
void ui_push(struct ui *u, struct screen *s); /* owned by the stack from now on */
bool ui_pop(struct ui *u); /* false: was at the bottom */
void ui_open_dialog(struct ui *u, struct dialog *d);
/* Takes a parsed filter (owned; NULL: none) into force in every view. */
void ui_set_filter(struct ui *u, struct filter *f);
void ui_say(struct ui *u, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void ui_error(struct ui *u, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
