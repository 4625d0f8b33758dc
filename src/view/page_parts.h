/* What the page builders share: small tables inside a page, process and endpoint texts, lists of
 * connections and peers. */
#pragma once
#include "page.h"
#include "sockeye/table/group.h"

#define HEAD_COL 1 /* headings */
#define TEXT_COL 3 /* everything below them */

struct build {
	struct page *p;
	const struct screen_env *e;
	const struct frame *f;
	struct ctx ctx;
	bool ascii;
	uint32_t own; /* the process that the page is about; NONE */
};
struct build page_begin(struct page *p, const struct screen_env *e);

/* A table inside a page. The heading stands in the place of the first column's title. */
struct grid_col {
	const char *title;
	uint8_t width; /* at least; the column that grows gets the rest */
	bool right, grow;
	uint8_t drop; /* dropped when narrow, the highest first; 0: never */
	uint8_t style;
};
#define GRID_MAX 12
struct grid {
	const struct grid_col *cols;
	int n;
	int16_t x[GRID_MAX], w[GRID_MAX]; /* w 0: dropped */
};
void grid_layout(struct grid *g, const struct grid_col *cols, int n, int indent, int width);
/* A new section with a head line; its heading is `fmt`. */
void grid_head(struct build *b, const struct grid *g, const char *heading);
void grid_put(struct build *b, const struct grid *g, int col, uint8_t style, const char *safe_text);
/* The cell of a column of the column tables. */
void grid_cell(struct build *b, const struct grid *g, int col, enum row_kind kind, uint32_t row,
	       const char *key);
void grid_rate(struct build *b, const struct grid *g, int col, float rate);
void grid_count(struct build *b, const struct grid *g, int col, uint32_t n, uint8_t style);

/* A new section: its heading, after a blank line while there is more than `tight` room. */
void page_heading(struct build *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void page_counting(struct build *b); /* in place of the connections, while they are gathered */
/* A line "   label     text"; gives the text's column. */
int page_label(struct build *b, const char *label);
/* The finding lines of a row. Gives how many. */
unsigned page_findings(struct build *b, uint8_t on, uint32_t row);
/* A column's cell into `out`. */
uint8_t page_cell(const struct build *b, enum row_kind kind, uint32_t row, const char *key, struct str *out);

/* "node" or, with pid, "node 21877"; "‹kernel›" for pid 0. */
void page_put_proc(const struct build *b, uint32_t proc, bool pid, struct str *out);
/* Its command line, else its name; safe. */
void page_put_command(const struct build *b, uint32_t proc, struct str *out);
void page_put_ip(const uint8_t addr[16], bool v6, struct str *out); /* unmapped; brackets; "*" */
/* Address and port in at most max cells; the port is never cut. max 0: whole. */
/* An end of a socket of any family: an endpoint, or a name. */
void page_put_end(const struct build *b, uint32_t row, bool remote, struct str *out);
void page_put_endpoint(const struct build *b, const uint8_t addr[16], bool v6, uint32_t port, int max,
		       struct str *out);
/* "‹unaccepted›" */
void page_put_reason(const struct build *b, uint8_t reason, struct str *out);
/* "≥2h14m" or "41s" */
void page_put_since(const struct build *b, uint64_t first_ns, uint8_t marks, struct str *out);
char page_gutter(const struct build *b, uint8_t marks, uint8_t findings, uint16_t netns);

struct subject page_subject_sock(const struct build *b, uint32_t row);
struct subject page_subject_proc(const struct build *b, uint32_t proc); /* NONE kind for pid 0 and NONE */
struct subject page_subject_port(const struct build *b, uint32_t port);

/* Lines of connections and of peers, each walkable. indent: where they start. */
void page_connections(struct build *b, const struct grid *g, const uint32_t *rows, size_t n);
extern const struct grid_col page_conn_cols[];
extern const int page_conn_cols_n;
struct rows {
	VEC(uint32_t) v;
};
/* The busiest max of these rows, in order: rate, then open before closing, then row number. */
void page_top_rows(const struct frame *f, struct rows *rows, size_t max);

/* The sockets of a port, when there are several; the processes that hold it, children under their parents. */
/* Of several owners of a port's socket the one that this socket tells from the others: a worker rather than the master
 * that holds them all. NULL: none. */
const struct owner *page_own_owner(const struct build *b, const struct port *p, const struct row *r);
void page_listeners(struct build *b, uint32_t port);
void page_held_by(struct build *b, uint32_t port);
/* What set the limit of an accept queue, in a line; proc: whose socket it is, NONE: not known. Nothing where the
 * namespace's own limit is not known. */
void page_queue_limit(struct build *b, uint16_t netns, uint32_t limit, uint32_t proc);
/* A line "14:02:12 close-wait", behind those that are there already; and such lines as a section. */
void page_put_moment(const struct build *b, uint64_t at_ns, const char *what, struct str *out);
void page_history(struct build *b, const char *text);
/* Rates of 60 s with their peaks, from a ring of the frame; a section of its own. */
void page_rates(struct build *b, uint32_t ring_row, float rx, float tx);
/* What several connections come to, as a line: name, CONNS, CLOSE-W, RX/s, TX/s, IDLE; marked when some wait to be closed. */
void page_conns_line(struct build *b, const struct grid *g, const char *name, uint8_t style,
		     const struct conn_sums *s);
/* Peers as lines, most connections first; the tail folded. Columns: name, CONNS, RX/s, TX/s, RTT; or with
 * close_wait those of page_conns_line(). */
#define PAGE_PEERS_MAX 208 /* so many are shown at the most, unfolded */
void page_peers(struct build *b, const struct grid *g, const struct peer_groups *peers, const uint32_t *rows,
		size_t n, bool with_close_wait, uint64_t id);
