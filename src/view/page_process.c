/* Builds the process page: what it is, what it uses, where it listens, whom it talks to. */
#include "graph.h"
#include "page_parts.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONNS_UNFOLDED 100
#define COMMAND_LINES 4

static const char *state_word(char state)
{
	static const struct {
		char state;
		const char *word;
	} words[] = {
		{'R', "running"},
		{'S', "sleeping"},
		{'D', "waiting for a device (D)"},
		{'T', "stopped (T)"},
		{'t', "stopped by a debugger (t)"},
		{'Z', "ended, not yet reaped (Z)"},
		{'I', "idle"},
		{'X', "ended"},
	};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (words[i].state == state)
			return words[i].word;
	return "";
}

static void head(struct build *b, uint32_t row)
{
	const struct proc *p = &b->f->procs.v[row];
	char up[UNIT_BUF], since[UNIT_BUF], pid[16];
	uint64_t start = frame_proc_start_wall(b->f, row);
	struct str name = {0}, user = {0};
	int col, w = b->p->width;

	page_put_proc(b, row, false, &name);
	page_cell(b, ROWS_PROC, row, "user", &user);
	page_line(b->p, page_gutter(b, p->marks & MARK_CLOSED, 0, 0));
	page_span_max(b->p, HEAD_COL, w / 2, STYLE_HEAD, str_text(&name));
	if (p->p.pid) {
		snprintf(pid, sizeof(pid), "%u", p->p.pid);
		page_span(b->p, page_line_end(b->p) + 2, STYLE_HEAD, pid);
	}
	page_span(b->p, page_line_end(b->p) + 3, STYLE_HEAD, str_text(&user));
	if (p->p.state)
		page_span(b->p, page_line_end(b->p) + 3,
			  p->p.state == 'T' || p->p.state == 't' || p->p.state == 'Z' || p->p.state == 'D'
				  ? STYLE_BAD
				  : STYLE_HEAD,
			  state_word(p->p.state));
	if (p->marks & MARK_CLOSED) {
		page_span(b->p, page_line_end(b->p) + 3, STYLE_BAD, "ended");
	} else if (p->p.pid && start && start < b->f->wall_ns) {
		char text[96];

		snprintf(text, sizeof(text), "up %s (since %s)",
			 fmt_duration_long(up, (double)(b->f->wall_ns - start) / NSEC_PER_SEC),
			 fmt_local(since, start));
		col = page_line_end(b->p) + 3;
		if (col + (int)strlen(text) > w) {
			page_line(b->p, ' ');
			col = TEXT_COL;
		}
		page_span(b->p, col, STYLE_HEAD, text);
	}
	str_done(&name);
	str_done(&user);
}

static void put_late(const struct build *b, const struct proc *p, enum late_what what, struct str *out)
{
	uint32_t n = 0;
	const char *raw = p->late ? late_get_n(p->late, what, &n) : NULL;

	if (raw && n)
		text_put_cell(out, raw, n, b->ascii, 1024);
}

/* A label with a text that may be long; nothing when the text is empty. */
static void labelled(struct build *b, const char *label, const char *text)
{
	struct str cut = {0};
	int col, room;

	if (!*text)
		return;
	col = page_label(b, label);
	room = b->p->width - col;
	text_put_clip(&cut, text, (room > 8 ? room : 8) * COMMAND_LINES, b->ascii ? "~" : "…");
	page_wrap(b->p, col, STYLE_PLAIN, str_text(&cut));
	str_done(&cut);
}

static void parent(struct build *b, uint32_t pid)
{
	struct str s = {0};
	uint32_t row = NONE;

	for (uint32_t i = 0; i < b->f->procs.n && row == NONE; i++)
		if (b->f->procs.v[i].p.pid == pid && !(b->f->procs.v[i].marks & MARK_CLOSED))
			row = i;
	if (row != NONE)
		page_put_proc(b, row, true, &s);
	else
		str_putf(&s, "%u", pid);
	labelled(b, "parent", str_text(&s));
	if (row != NONE)
		page_walk(b->p, page_subject_proc(b, row), pid, b->f->procs.v[row].p.start);
	str_done(&s);
}

static void facts(struct build *b, uint32_t row)
{
	const struct proc *p = &b->f->procs.v[row];
	char one[UNIT_BUF], two[UNIT_BUF];
	struct str s = {0};
	int col, room;

	if (!p->p.pid) {
		page_line(b->p, ' ');
		page_wrap(b->p, TEXT_COL, STYLE_PLAIN, reason_table[REASON_KERNEL].help);
		return;
	}
	if (p->late && late_get(p->late, LATE_CMDLINE) && *late_get(p->late, LATE_CMDLINE))
		page_put_command(b, row, &s);
	labelled(b, "command", str_text(&s));
	str_clear(&s);
	put_late(b, p, LATE_EXE, &s);
	labelled(b, "exe", str_text(&s));
	str_clear(&s);
	put_late(b, p, LATE_CWD, &s);
	labelled(b, "cwd", str_text(&s));
	str_clear(&s);
	text_put_cell(&s, intern_get(b->f->names, p->unit), intern_len(b->f->names, p->unit), b->ascii, 128);
	labelled(b, "unit", str_text(&s));
	if (p->p.ppid)
		parent(b, p->p.ppid);
	if (p->p.fds) {
		col = page_label(b, "files");
		page_span(b->p, col, STYLE_PLAIN, fmt_count(one, p->p.fds));
		if (p->p.fds_max) {
			double share = (double)p->p.fds / p->p.fds_max;

			page_spanf(b->p, page_line_end(b->p), STYLE_PLAIN, " of %s",
				   fmt_count(two, p->p.fds_max));
			col = page_line_end(b->p) + 2;
			room = b->p->width - col - 6;
			str_clear(&s);
			if (room >= 4) {
				graph_bar(&s, share, room > 20 ? 20 : room, b->ascii);
				str_putf(&s, " %3u%%",
					 (unsigned)(share * 100)); /* 100 only when it is full */
			}
			page_span(b->p, col, share >= .9 ? STYLE_BAD : STYLE_INFO, str_text(&s));
		}
	} else if (p->p.flags & PROC_NOT_READABLE) {
		labelled(b, "files", "not permitted to look: not yours");
	}
	str_clear(&s);
	if (!isnan(p->cpu))
		str_putf(&s, "cpu %.*f%%  ", p->cpu < .1f && p->cpu > 0 ? 1 : 0, (double)p->cpu * 100);
	if (p->p.rss_bytes)
		str_putf(&s, "memory %s  ", fmt_size(one, (double)p->p.rss_bytes));
	if (p->p.threads)
		str_putf(&s, "threads %u", p->p.threads);
	labelled(b, "use", str_text(&s));
	str_done(&s);
}

static void listens(struct build *b, uint32_t row)
{
	static const struct grid_col cols[] = {
		{"", 10},
		{"ADDRESS", 13, .grow = true},
		{"SCOPE", 8, .drop = 7},
		{"CONNS", 6, true, .drop = 1},
		{"QUEUE", 9, true, .drop = 2},
		{"DROPS", 6, true, .drop = 5},
		{"RX/s", 5, true, .drop = 3},
		{"TX/s", 5, true, .drop = 4},
		{"AGE", 5, true, .drop = 6},
	};
	static const char *const keys[] = {NULL,    "address", "scope",   "conns", "queue",
					   "drops", "rx_rate", "tx_rate", "age_s"};
	const struct proc *p = &b->f->procs.v[row];
	unsigned n = 0;
	struct grid g;
	char title[32];

	for (uint32_t i = 0; i < p->port_n; i++)
		n += !(b->f->ports.v[b->f->proc_ports.v[p->port + i]].flags & PORT_CLIENT);
	if (!n)
		return;
	snprintf(title, sizeof(title), "LISTENS ON %u", n);
	grid_layout(&g, cols, ARRAY_LEN(cols), TEXT_COL, b->p->width - 1);
	grid_head(b, &g, title);
	for (uint32_t i = 0; i < p->port_n; i++) {
		uint32_t at = b->f->proc_ports.v[p->port + i];
		const struct port *port = &b->f->ports.v[at];
		char name[32];

		if (port->flags & PORT_CLIENT)
			continue;
		page_line(b->p, page_gutter(b, port->marks, port->findings, port->netns));
		snprintf(name, sizeof(name), "%u %s", port->port, proto_table[port->proto].name);
		grid_put(b, &g, 0, STYLE_PLAIN, name);
		for (int c = 1; c < g.n; c++)
			grid_cell(b, &g, c, ROWS_PORT, at, keys[c]);
		page_walk(b->p, page_subject_port(b, at), (uint64_t)port->netns << 8 | port->proto,
			  port->port);
	}
}

static void group_title(struct build *b, const struct conn_group *x, struct str *out)
{
	const char *service = b->f->services ? services_name(b->f->services, x->proto, x->port) : "";

	if (x->out) {
		str_puts(out, b->ascii ? "> " : "→ ");
		page_put_endpoint(b, x->ip.b, x->ip.v6, x->port, 0, out);
		if (service && *service)
			str_putf(out, "  %s", service);
	} else {
		str_putf(out, b->ascii ? "< :%u" : "← :%u", x->port);
	}
	if (x->proto != PROTO_TCP)
		str_putf(out, " %s", proto_table[x->proto].name);
}

static void conn_group(struct build *b, const struct grid *g, const struct conn_group *x,
		       const uint32_t *rows)
{
	struct peer_groups peers = {0};
	struct rows mine = {0};
	struct str s = {0};
	char buf[UNIT_BUF];
	uint64_t a, c;
	struct grid inner;

	group_title(b, x, &s);
	page_line(b->p, x->close_wait ? '!' : ' ');
	grid_put(b, g, 0, STYLE_PLAIN, str_text(&s));
	str_done(&s);
	grid_count(b, g, 1, x->conns, STYLE_PLAIN);
	grid_count(b, g, 2, x->close_wait, STYLE_WARN);
	grid_rate(b, g, 3, x->rx_rate);
	grid_rate(b, g, 4, x->tx_rate);
	grid_put(b, g, 5, STYLE_PLAIN, fmt_duration(buf, x->idle_s));
	memcpy(&a, x->ip.b, 8);
	memcpy(&c, x->ip.b + 8, 8);
	a ^= c * 31;
	c = (uint64_t)x->port << 16 | (uint64_t)x->proto << 1 | x->out;
	if (x->n == 1) {
		page_walk(b->p, page_subject_sock(b, rows[x->first]), a, c);
		return;
	}
	if (page_fold(b->p, a, c, x->out))
		return;
	if (!x->out) {
		group_peers(b->f, rows + x->first, x->n, &peers);
		grid_layout(&inner, g->cols, g->n, g->x[0] + 2, b->p->width - 1);
		page_peers(b, &inner, &peers, rows + x->first, x->n, true, c);
		vec_done(&peers.v);
		return;
	}
	for (uint32_t i = 0; i < x->n; i++)
		vec_push(&mine.v, rows[x->first + i]);
	page_top_rows(b->f, &mine, CONNS_UNFOLDED);
	grid_layout(&inner, page_conn_cols, page_conn_cols_n, g->x[0] + 2, b->p->width - 1);
	page_connections(b, &inner, mine.v.v, mine.v.n);
	vec_done(&mine.v);
}

static void connections(struct build *b, uint32_t row)
{
	static const struct grid_col cols[] = {
		{"", 18, .grow = true},       {"CONNS", 6, true},           {"CLOSE-W", 8, true, .drop = 3},
		{"RX/s", 5, true, .drop = 1}, {"TX/s", 5, true, .drop = 2}, {"IDLE", 5, true, .drop = 4},
	};
	const struct proc *p = &b->f->procs.v[row];
	struct conn_groups groups = {0};
	char title[48], buf[UNIT_BUF];
	uint32_t total = 0;
	struct grid g;

	group_conns(b->f, b->f->proc_socks.v ? b->f->proc_socks.v + p->sock : NULL, p->sock_n, &groups);
	for (size_t i = 0; i < groups.v.n; i++)
		total += groups.v.v[i].conns;
	if (groups.v.n) {
		snprintf(title, sizeof(title), "CONNECTIONS %s", fmt_count(buf, total));
		grid_layout(&g, cols, ARRAY_LEN(cols), TEXT_COL, b->p->width - 1);
		grid_head(b, &g, title);
		for (size_t i = 0; i < groups.v.n && i < CONNS_UNFOLDED; i++)
			conn_group(b, &g, &groups.v.v[i], groups.rows.v);
		if (groups.v.n > CONNS_UNFOLDED) {
			page_line(b->p, ' ');
			page_spanf(b->p, TEXT_COL, STYLE_DIM, "%zu more", groups.v.n - CONNS_UNFOLDED);
		}
	}
	vec_done(&groups.v);
	vec_done(&groups.rows);
}

void page_build_process(struct page *p, const struct screen_env *e, const struct pick *pick)
{
	struct build b = page_begin(p, e);
	uint32_t row = frame_proc_by_key(e->f, pick->pid, pick->start);
	const struct count *c;

	if (row == NONE) {
		page_line(p, '-');
		page_spanf(p, HEAD_COL, STYLE_PLAIN, "process %u has ended, or holds no socket any more",
			   pick->pid);
		return;
	}
	c = &e->f->tally.procs.v[row];
	head(&b, row);
	facts(&b, row);
	page_findings(&b, FINDING_ON_PROC, row);
	listens(&b, row);
	connections(&b, row);
	page_rates(&b, e->f->procs.v[row].ring, c->rx_rate, c->tx_rate);
}
