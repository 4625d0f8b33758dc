/* A screen of the ui's stack: a table or a page. ui.c owns the stack and calls these ops; a screen never
 * looks at the ui's other screens. */
#pragma once
#include "sockeye/model/frame.h"
#include "sockeye/model/kill.h"
#include "sockeye/model/shown.h"
#include "sockeye/table/table.h"
#include "sockeye/view/canvas.h"

enum move {
	MOVE_UP,
	MOVE_DOWN,
	MOVE_PAGE_UP,
	MOVE_PAGE_DOWN,
	MOVE_HALF_UP,
	MOVE_HALF_DOWN,
	MOVE_FIRST,
	MOVE_LAST,
	MOVE_LEFT,
	MOVE_RIGHT
};
struct area {
	int y, x, h, w;
};
enum subject_kind {
	SUBJECT_NONE,
	SUBJECT_PORT,
	SUBJECT_PROC,
	SUBJECT_SOCK,
	SUBJECT_WHY /* why a bind() of this port would fail */
};
struct subject { /* what a page is about: an identity (enum subject_kind beside it in `kind`) */
	uint8_t kind;
	struct pick pick;
};
struct screen_env { /* what every screen may know; kept by ui.c */
	const struct frame *f; /* NULL before the first frame */
	const struct frame *next; /* a table is being filled from it and takes its time; NULL: none */
	struct slice slice; /* is it time to look at the keys again? */
	struct port_conns *conns; /* of the port that is shown, counted in slices; NULL: at once */
	struct proc_conns *proc_conns; /* likewise of the process */
	uint64_t now_ns;
	bool ascii, raw_numbers;
	struct hosts *hosts; /* NULL: addresses are shown as numbers */
	uint32_t own_row; /* as in struct ctx */
	bool dialog_open; /* then the order is held */
	const struct shown
		*shown; /* of the connection on the screen; NULL, or of another one: nothing is known */
	uint64_t mark_ns; /* boot_ns of the frame that `m` marked; 0: none */
	int table_h; /* visible rows of the top screen's list: without heads on a table, all lines of a page */
};
struct screen;
struct screen_ops {
	/* "Ports › 443/tcp" without the leading view list; tables give "" (ui.c draws the view list). */
	void (*crumb)(const struct screen *s, const struct screen_env *e, struct str *out);
	/* Right end of line 2: "1-20 of 22". */
	void (*status)(const struct screen *s, const struct screen_env *e, struct str *out);
	void (*frame)(struct screen *s, const struct screen_env *e);
	void (*draw)(struct screen *s, const struct screen_env *e, struct canvas *c, struct area a);
	void (*move)(struct screen *s, const struct screen_env *e, enum move m);
	void (*section)(struct screen *s, const struct screen_env *e,
			int dir); /* Tab on pages; NULL on tables */
	/* What is under the cursor: what Enter opens, and what K acts on. kind NONE: nothing. */
	struct subject (*under)(const struct screen *s, const struct screen_env *e);
	/* Enter where nothing is to be opened: folds or unfolds. NULL: nothing happens. */
	void (*enter)(struct screen *s, const struct screen_env *e);
	/* What K acts on; NULL: what is under the cursor, else what the screen is about. */
	struct subject (*target)(const struct screen *s, const struct screen_env *e);
	/* What the screen itself is about (pages), for K when nothing killable is under the cursor. */
	struct subject (*about)(const struct screen *s);
	/* Click on a cell of the area drawn last; true if it hit a row. */
	bool (*click)(struct screen *s, const struct screen_env *e, int y, int x);
	void (*want)(const struct screen *s, struct want *w);
	/* Goes on with what takes long until the slice is over. True: nothing is left. NULL: there is never anything. */
	bool (*work)(struct screen *s, const struct screen_env *e);
	bool (*working)(const struct screen *s, const struct screen_env *e); /* is anything left? With work */
	/* The whole of it as lines of text, for `y`; NULL: nothing to copy. */
	void (*text)(const struct screen *s, struct str *out);
	void (*free)(struct screen *s);
	const char *hint; /* the last line, in place of the bindings' hints; NULL: those */
};
struct screen { /* first member of every implementation */
	const struct screen_ops *ops;
};
struct table *screen_table(struct screen *s); /* of a table screen; NULL for others */
const struct table *screen_table_const(const struct screen *s);
struct screen *table_screen_new(enum view_id view);
struct screen *page_screen_new(struct subject about, const char *parent_title);
/* The page of `w`. It shows the answer to the question when page_screen_answer has brought it; NULL: is being asked. */
struct ui_question;
struct screen *page_screen_why_new(struct subject about, const struct ui_question *q,
				   const char *parent_title);
void page_screen_answer(struct screen *s, const char *text);
bool page_screen_question(const struct screen *s, struct ui_question *ret); /* false: no such page */
struct ui;
struct screen *help_screen_new(const struct ui *u);
