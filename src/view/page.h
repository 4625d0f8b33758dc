/* A page: sections of lines, some of which one can walk and open. The builders (page_port.c,
 * page_process.c, page_connection.c) turn a frame into lines; page.c walks, scrolls and draws them. The
 * detail pane beside a table is the same lines, drawn without a cursor. */
#pragma once
#include "screen.h"
#include "sockeye/view/ui.h"

struct span {
	uint32_t at, n; /* bytes in page.text */
	int16_t col; /* cell where it starts, from the left edge */
	uint8_t style;
};
struct line {
	uint32_t span, span_n; /* into page.spans */
	uint8_t section; /* counts from 0; Tab goes to the next section's first walkable line */
	char gutter; /* ' ' '!' '-' '+' ; 'C' stands for ⊂ */
	bool walk; /* the cursor stops here */
	struct subject subject; /* Enter opens it; kind NONE: nothing */
	struct ident id; /* identity for keeping the cursor; zero when not walkable */
	bool foldable, folded;
};
struct page_why { /* of a page about SUBJECT_WHY */
	struct ui_question q;
	char *text; /* owned; NULL: not known yet */
};
struct page {
	VEC(struct line) lines;
	VEC(struct span) spans;
	struct str text;
	uint8_t section_now;
	/* Identities of folded/unfolded groups, toggled by the user against the default. */
	VEC(struct ident) toggled;
	struct ident cursor;
	uint32_t cursor_at; /* the line the cursor was on last: its place when the identity has gone */
	uint32_t top;
	const struct page_why *why; /* borrowed for the page's life; NULL */
	int width; /* cells the builder may use */
	bool ascii;
};
void page_done(struct page *p);
void page_clear(struct page *p); /* lines only; cursor, top and toggled stay */
/* Building. A line is begun, gets spans left to right, and is then complete. Texts are cut at the page's
 * width, with an ellipsis. */
struct line *page_line(struct page *p, char gutter);
void page_span(struct page *p, int col, uint8_t style, const char *safe_text);
void page_span_max(struct page *p, int col, int max, uint8_t style, const char *safe_text);
void page_spanf(struct page *p, int col, uint8_t style, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Right-aligned so that it ends before cell `end`. */
void page_span_right(struct page *p, int end, uint8_t style, const char *safe_text);
/* Broken between words; begins on the last line, further lines start at `col` too. */
void page_wrap(struct page *p, int col, uint8_t style, const char *safe_text);
/* The cell after the last line's last span. */
int page_line_end(const struct page *p);
void page_section(struct page *p); /* the following lines are a new section */
/* Makes the last line walkable. (a, b) tells it from the other lines of its section. */
struct line *page_walk(struct page *p, struct subject subject, uint64_t a, uint64_t b);
/* Makes the last line walkable and foldable; gives true when it is folded now. */
bool page_fold(struct page *p, uint64_t a, uint64_t b, bool folded_by_default);
bool page_is_folded(const struct page *p, struct ident id, bool folded_by_default);

/* Walking. */
uint32_t page_cursor_line(struct page *p); /* NONE: nothing to walk; finds the cursor again by identity */
void page_move(struct page *p, enum move m, int height);
void page_next_section(struct page *p, int dir, int height);
bool page_click(struct page *p, uint32_t line);
void page_toggle(struct page *p); /* folds or unfolds what is under the cursor */

/* The builders. `e->f` is not NULL. They say so in a line when the subject has gone. */
void page_build_port(struct page *p, const struct screen_env *e, const struct pick *port);
void page_build_process(struct page *p, const struct screen_env *e, const struct pick *proc);
void page_build_connection(struct page *p, const struct screen_env *e, const struct pick *sock);
void page_build_why(struct page *p, const struct screen_env *e, const struct pick *port);
/* Can it be built without keeping the keys waiting? What it needs is gathered, in slices; until then what was built
 * of it before stays. */
bool page_ready(const struct screen_env *e, const struct subject *about);
/* By kind: clears the lines, builds them anew for p->width. */
void page_build(struct page *p, const struct screen_env *e, const struct subject *about);
/* All lines as text, as if there was room for all of them. */
void page_text(const struct page *p, struct str *out);
/* Draws lines from `top` into the area; cursor_line: index or -1. */
void page_draw(const struct page *p, const struct screen_env *e, struct canvas *c, struct area a,
	       int cursor_line);
