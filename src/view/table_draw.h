/* Drawing a table: heads with the sort mark, gutter, cells, selection bar, and what an empty table says. */
#pragma once
#include "screen.h"
#include "sockeye/base/map.h"

struct table_view { /* how it is looked at; kept by table_screen.c */
	struct table *t;
	unsigned skip; /* columns scrolled away to the left */
	unsigned hidden; /* columns that found no room, as drawn last */
	/* Texts of the cells drawn, as hashes: what differs from the frame before is shown as changed. */
	struct map now, before;
	uint64_t now_frame;
	uint64_t nearest_of; /* hash of frame and filter for: */
	struct str nearest; /* what an empty table proposes, once it is looked for: */
	struct filter_values looking;
	struct str asked; /* for what is nearest to this */
	bool ascii;
	bool port_used; /* the port that was asked for */
};
/* Looks further for what is to be drawn. True: nothing is left. */
bool table_view_work(struct table_view *v, const struct slice *slice);
/* "sorting…" */
void table_put_doing(const struct table *t, bool ascii, struct str *out);
void table_view_done(struct table_view *v);
/* Heads on the first line of the area, rows below. */
void table_draw(struct table_view *v, const struct screen_env *e, struct canvas *c, struct area a);
/* In place of rows. */
void table_draw_empty(struct table_view *v, const struct screen_env *e, struct canvas *c, struct area a);
/* The column whose head stands at cell x (from the area's left edge); NULL: none. After table_draw. */
const struct column *table_head_at(const struct table_view *v, int x);
/* The number that a filter for one port asks for ("9999", ":9999", "port=9999"); 0: it is another filter. */
uint32_t table_asked_port(const char *filter_text);
