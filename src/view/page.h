/* A page: sections of lines, some of which one can walk and open. The builders (page_port.c,
 * page_process.c, page_connection.c) turn a frame into lines; page.c walks, scrolls and draws them. The
 * detail pane beside a table is the same lines, drawn without a cursor. */
#pragma once
#include "screen.h"

struct span {
	uint32_t at, n; /* bytes in lines.text */
	int16_t col; /* cell where it starts, from the left edge; negative: from the right edge's left */
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
struct page {
	VEC(struct line) lines;
	VEC(struct span) spans;
	struct str text;
	uint8_t section_now;
	/* Identities of folded/unfolded groups, toggled by the user against the default. */
	VEC(struct ident) toggled;
	struct ident cursor;
	uint32_t top;
	int width; /* cells the builder may use */
};
void page_done(struct page *p);
void page_clear(struct page *p); /* lines only; cursor, top and toggled stay */
/* Building. A line is begun, gets spans left to right, and is then complete. */
struct line *page_line(struct page *p, char gutter);
void page_span(struct page *p, int col, uint8_t style, const char *safe_text);
void page_spanf(struct page *p, int col, uint8_t style, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Right-aligned so that it ends before cell `end`. */
void page_span_right(struct page *p, int end, uint8_t style, const char *safe_text);
void page_section(struct page *p); /* the following lines are a new section */
bool page_is_folded(const struct page *p, struct ident id, bool folded_by_default);

/* The builders. `e->f` is not NULL. They say so in a line when the subject has gone. */
void page_build_port(struct page *p, const struct screen_env *e, const struct pick *port);
void page_build_process(struct page *p, const struct screen_env *e, const struct pick *proc);
void page_build_connection(struct page *p, const struct screen_env *e, const struct pick *sock);
void page_build(struct page *p, const struct screen_env *e, const struct subject *about); /* by kind */
/* Draws lines from `top` into the area; cursor_line: index or -1. */
void page_draw(const struct page *p, const struct screen_env *e, struct canvas *c, struct area a,
	       int cursor_line);
