/* The dashboard without a terminal: frames and keys go in, a canvas comes out. */
#pragma once
#include "sockeye/model/frame.h"
#include "sockeye/model/kill.h"
#include "sockeye/view/canvas.h"
#include "sockeye/view/key.h"
#include <stdbool.h>
#include <stdint.h>

/* What only the outside can do. All are called on the thread that called ui_*. NULL members: refused with
 * a line that says so. */
struct ui_host {
	void *data;
	void (*quit)(void *data);
	void (*suspend)(void *data);
	void (*redraw)(void *data); /* ^L */
	void (*set_interval)(void *data, uint64_t ns);
	/* Kill (action/kill.h): opens pidfds and fills the refusals of *plan (moved in, borrowed back).
	 * kill_send returns the number signalled; kill_steps gives what happened so far. */
	const struct kill_plan *(*kill_open)(void *data, struct kill_plan *plan);
	int (*kill_send)(void *data, int sig);
	const struct kill_step *(*kill_steps)(void *data, size_t *ret_n, uint64_t *ret_sent_ns,
					      bool *ret_over);
	void (*kill_close)(void *data); /* the dialog was left; a watch ends */
};
struct ui_opts {
	const char *host_name, *user_name; /* borrowed for the ui's life */
	bool root; /* sees every owner */
	bool ascii, read_only;
	uint64_t interval_ns;
	int view; /* enum view_id to start with */
	const char *filter; /* a text that parses, or NULL */
	const char *sort, *columns; /* lists, or NULL */
	const char *const *signals_names;
	const int *signals;
	size_t signals_n;
	const char *const *signals_help; /* the kill menu, from action */
};
struct ui;
/* 0, or -EINVAL with a message for stderr in err. */
int ui_new(const struct ui_opts *o, const struct ui_host *host, const struct services *services,
	   struct ui **ret, char *err, size_t err_n);
void ui_free(struct ui *u);

void ui_resize(struct ui *u, int w, int h);
/* A new frame; the ui reads it until the next ui_frame. While ui_paused() no frame should be given. */
void ui_frame(struct ui *u, const struct frame *f, uint64_t now_ns);
/* Late knowledge arrived (late_set): the same frame, sorted and filtered again. */
void ui_refresh(struct ui *u, uint64_t now_ns);
/* The time passed; expires messages, closed rows, the detail pane's rest. True: draw again. */
bool ui_tick(struct ui *u, uint64_t now_ns);
/* When ui_tick wants to be called at the latest (CLOCK_BOOTTIME ns); UINT64_MAX: never. */
uint64_t ui_deadline(const struct ui *u);
void ui_key(struct ui *u, const struct key *k, uint64_t now_ns);
bool ui_paused(const struct ui *u);
void ui_want(const struct ui *u, struct want *ret); /* what is being looked at */
/* A dialog that acts was just opened: typed-ahead keys are to be thrown away by term before the next read.
 * Reading it clears it. */
bool ui_discard_input(struct ui *u);
void ui_draw(struct ui *u, struct canvas *c);
void ui_message(struct ui *u, bool error, const char *text, uint64_t now_ns);
