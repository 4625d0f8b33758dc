/* The dashboard without a terminal: frames and keys go in, a canvas comes out. */
#pragma once
#include "sockeye/model/close.h"
#include "sockeye/model/frame.h"
#include "sockeye/model/kill.h"
#include "sockeye/model/shown.h"
#include "sockeye/table/table.h"
#include "sockeye/view/canvas.h"
#include "sockeye/view/key.h"
#include <stdbool.h>
#include <stdint.h>

/* Why would a bind() of this port fail? */
struct ui_question {
	int proto; /* enum proto; -1: TCP and UDP */
	uint32_t port;
	uint64_t netns_inode;
	bool own_netns; /* of this program: netns_inode may be 0 */
};
/* What only the outside can do. All are called on the thread that called ui_*. NULL members: refused with
 * a line that says so. */
/* What `W` keeps of a view, as lists; NULL: its own. */
struct ui_arranged {
	int view; /* index as of ui_opts.view */
	const char *columns, *sort;
};
struct ui_host {
	void *data;
	void (*quit)(void *data);
	/* Asked while a large table is filtered or sorted: is it time to return and look at the keys? NULL: never. */
	bool (*over)(void *data);
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
	/* Before kill_send: to whom, an index into the plan's ways. NULL: the first one alone. */
	void (*kill_choose)(void *data, size_t way);
	/* Close (action/close.h): begins, with the plan moved in. close_result gives it back when it is done, borrowed
	 * until the next close_begin; NULL while it runs. */
	void (*close_begin)(void *data, struct close_plan *plan);
	const struct close_plan *(*close_result)(void *data);
	/* Explain (action/explain.h): begins; explain_answer gives the text when it is there, lines with labels in cells
	 * 2 to 13, borrowed until the next explain_begin; NULL while it is worked out. */
	void (*explain_begin)(void *data, const struct ui_question *q);
	const char *(*explain_answer)(void *data);
	/* Text for the clipboard of the user's terminal. 0, 1 (only if tmux is set to pass it on), -ENOTSUP or
	 * -E2BIG. */
	int (*copy)(void *data, const char *text, size_t n);
	/* Writes the table's rows to a file, in the format its name ends with. 0: they are written; 1: it goes on by
	 * itself, see export_state; -EEXIST: there is one, and overwrite is false; another negative errno, with a
	 * sentence in err. */
	int (*export)(void *data, const struct table *t, const char *path, bool overwrite, char *err,
		      size_t err_n);
	/* Of an export that goes on by itself: 1, with the rows written so far of all; 0: written; or a negative errno,
	 * with a sentence in err. export_stop: -ECANCELED, and there is no such file. */
	int (*export_state)(void *data, size_t *ret_rows, size_t *ret_all, char *err, size_t err_n);
	void (*export_stop)(void *data);
	/* Asks for the name of an address (LATE_HOST of the slot); ui_refresh when it is there. */
	void (*resolve)(void *data, struct late *host);
	/* Asks for what only the page of a process shows (LATE_PARENTS and what follows it); ui_refresh likewise. */
	void (*describe)(void *data, struct late *proc);
	/* Keeps settings for the next start: the view, the interval, and of the views that were shown how they are
	 * arranged. 0 with the file's name in text; or a negative errno, with a sentence in text. */
	int (*save)(void *data, int view, uint64_t interval_ns, const struct ui_arranged *v, size_t n,
		    char *text, size_t text_n);
};
struct keymap;
/* A view of the user's own: another view's rows, narrowed by a filter of its own. */
struct ui_named_view {
	const char *name; /* safe */
	int view; /* enum view_id: whose rows and columns */
	const char *filter; /* parses */
	const char *sort, *columns; /* lists that name columns of that view; NULL: its own */
};
#define UI_NAMED_MAX 6
struct ui_opts {
	const char *host_name, *user_name; /* borrowed for the ui's life */
	const char *netns_name; /* what -N chose, raw bytes, borrowed likewise; NULL: it was not given */
	bool root; /* sees every owner */
	bool ascii, read_only;
	uint64_t interval_ns;
	int view; /* enum view_id to start with */
	const char *filter; /* a text that parses, or NULL */
	const char *sort, *columns; /* lists, or NULL */
	bool listening, all; /* -l, -a: as if the keys `l` and `a` had been pressed in the first view */
	bool findings; /* as if `!` had been pressed there */
	const char *view_sort[VIEW_N],
		*view_columns[VIEW_N]; /* of each view, for the one without sort or columns */
	const struct ui_named_view *named; /* borrowed likewise */
	size_t named_n; /* at most UI_NAMED_MAX */
	const char *netns; /* -N as it was given, for the command that `Y` copies; NULL */
	const struct keymap *keymap; /* borrowed likewise; NULL: the table's keys */
	const char *const *signals_names;
	const int *signals;
	size_t signals_n;
	const char *const *signals_help; /* the kill menu, from action */
	const struct kill_you *you; /* borrowed for the ui's life; NULL: not known */
};
struct ui;
/* 0, or -EINVAL with a message for stderr in err. */
int ui_new(const struct ui_opts *o, const struct ui_host *host, const struct services *services,
	   struct ui **ret, char *err, size_t err_n);
void ui_free(struct ui *u);

void ui_resize(struct ui *u, int w, int h);
/* A new frame; the ui reads it until the next ui_frame, and the one before it as long as ui_working(): until then no
 * other should be given, nor while ui_paused(). */
void ui_frame(struct ui *u, const struct frame *f, uint64_t now_ns);
/* Is something on its way that did not come to its end before ui_host.over said so? ui_work goes on with it until it
 * says so again. True: it is done; draw. */
bool ui_working(const struct ui *u);
bool ui_work(struct ui *u);
/* False: what was asked for is not there yet, and for a moment the screen stays as it is; else nothing would be shown. */
bool ui_draws(const struct ui *u);
/* Late knowledge arrived (late_set): the same frame, sorted and filtered again. */
void ui_refresh(struct ui *u, uint64_t now_ns);
/* The time passed; expires messages, closed rows, the detail pane's rest. True: draw again. */
bool ui_tick(struct ui *u, uint64_t now_ns);
/* When ui_tick wants to be called at the latest (CLOCK_BOOTTIME ns); UINT64_MAX: never. */
uint64_t ui_deadline(const struct ui *u);
void ui_key(struct ui *u, const struct key *k, uint64_t now_ns);
bool ui_paused(const struct ui *u); /* by the user, or while a search goes through the rows */
/* A descriptor that a row on the screen rests on. fd -1, inode 0: only its process is shown. */
struct ui_seen {
	uint32_t pid;
	int32_t fd;
	uint32_t inode;
};
/* At most max of them, from the top of the screen down. Returns their number. */
size_t ui_visible(struct ui *u, struct ui_seen *ret, size_t max);
void ui_want(const struct ui *u, struct want *ret); /* what is being looked at */
/* The TCP connection whose page is on the screen, as a page of its own or beside the table; borrowed until the next
 * frame. NULL: none. */
const struct sock *ui_showing(struct ui *u, uint64_t *ret_netns_inode);
/* What only that page tells; copied. cookie 0: nothing is known. */
void ui_shown(struct ui *u, const struct shown *s);
/* A dialog that acts was just opened: typed-ahead keys are to be thrown away by term before the next read.
 * Reading it clears it. */
bool ui_discard_input(struct ui *u);
void ui_draw(struct ui *u, struct canvas *c);
void ui_message(struct ui *u, bool error, const char *text, uint64_t now_ns);
