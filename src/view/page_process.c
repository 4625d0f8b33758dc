/* Builds the process page: what it is, what it uses, where it listens, whom it talks to. */
#include "graph.h"
#include "page_parts.h"
#include "proc_conns.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONNS_UNFOLDED 100
#define COMMAND_LINES 4
#define OTHERS_SHOWN 8
#define OTHERS_UNFOLDED 200
#define PAIRS_FROM_W 76 /* two facts a line */
#define LABEL_W 9 /* of the second one */

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
			 fmt_age(up, (double)(b->f->wall_ns - start) / NSEC_PER_SEC, 2),
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
static void labelled(struct build *b, const char *label, uint8_t style, const char *text)
{
	struct str cut = {0};
	int col, room;

	if (!*text)
		return;
	col = page_label(b, label);
	room = b->p->width - col;
	text_put_clip(&cut, text, (room > 8 ? room : 8) * COMMAND_LINES, b->ascii ? "~" : "…");
	page_wrap(b->p, col, style, str_text(&cut));
	str_done(&cut);
}

/* A second fact on the line of the first, where both have the room; else on a line of its own. */
static void beside(struct build *b, const char *label, uint8_t style, const char *text)
{
	int col = b->p->width * 11 / 20;

	col = col > 60 ? 60 : col;
	if (!*text)
		return;
	if (b->p->width < PAIRS_FROM_W || page_line_end(b->p) + 2 > col || page_line_end(b->p) == 0 ||
	    col + LABEL_W + text_width(text) > b->p->width) {
		labelled(b, label, style, text);
		return;
	}
	page_span(b->p, col, STYLE_DIM, label);
	page_span(b->p, col + LABEL_W, style, text);
}

static uint32_t alive(const struct frame *f, uint32_t pid)
{
	for (uint32_t i = 0; i < f->open_procs; i++)
		if (f->procs.v[i].p.pid == pid)
			return i;
	return NONE;
}

/* "sshd 812 ‹ systemd 1": nearest first. What a worker read counts as long as the first of it is still the parent. */
static void put_parents(const struct build *b, const struct proc *p, struct str *out)
{
	uint32_t n = 0, row = alive(b->f, p->p.ppid);
	const char *raw = p->late ? late_get_n(p->late, LATE_PARENTS, &n) : NULL, *end = raw + n;
	char *name;

	if (!raw || strtoul(raw, &name, 10) != p->p.ppid) {
		if (row != NONE)
			page_put_proc(b, row, true, out);
		else
			str_putf(out, "%u", p->p.ppid);
		return;
	}
	for (bool first = true; raw < end; first = false) {
		unsigned long pid = strtoul(raw, &name, 10);
		size_t len = strnlen(raw, (size_t)(end - raw));

		if (!first)
			str_puts(out, b->ascii ? " < " : " ‹ ");
		name += *name == ' ';
		text_put_cell(out, name, len - (size_t)(name - raw), b->ascii, 64);
		str_putf(out, " %lu", pid);
		raw += len + 1;
	}
}

static void relations(struct build *b, const struct proc *p)
{
	struct str s = {0};
	uint32_t row;
	size_t unit;

	text_put_cell(&s, intern_get(b->f->names, p->unit), intern_len(b->f->names, p->unit), b->ascii, 128);
	unit = s.n;
	if (unit && p->late && late_get(p->late, LATE_RESTART) && *late_get(p->late, LATE_RESTART)) {
		str_puts(&s, ", ");
		put_late(b, p, LATE_RESTART, &s);
	}
	labelled(b, "unit", STYLE_PLAIN, str_text(&s));
	str_clear(&s);
	if (p->p.ppid) {
		put_parents(b, p, &s);
		if (unit)
			beside(b, "parents", STYLE_PLAIN, str_text(&s));
		else
			labelled(b, "parents", STYLE_PLAIN, str_text(&s));
		row = alive(b->f, p->p.ppid);
		if (row != NONE)
			page_walk(b->p, page_subject_proc(b, row), p->p.ppid, b->f->procs.v[row].p.start);
	}
	str_done(&s);
}

/* What the program is: its words, its file, where it works. */
static void program(struct build *b, uint32_t row, const struct proc *p)
{
	static const char deleted[] =
		" (deleted)"; /* as the kernel ends the link of a file that is gone (d_path) */
	struct str s = {0};
	uint32_t n = 0;
	const char *exe = p->late ? late_get_n(p->late, LATE_EXE, &n) : NULL;
	bool gone = exe && n >= sizeof(deleted) &&
		    !memcmp(exe + n - sizeof(deleted) + 1, deleted, sizeof(deleted) - 1);
	bool have;

	if (p->late && late_get(p->late, LATE_CMDLINE) && *late_get(p->late, LATE_CMDLINE))
		page_put_command(b, row, &s);
	labelled(b, "command", STYLE_PLAIN, str_text(&s));
	str_clear(&s);
	put_late(b, p, LATE_EXE, &s);
	have = s.n > 0;
	labelled(b, "exe", gone ? STYLE_WARN : STYLE_PLAIN, str_text(&s));
	str_clear(&s);
	put_late(b, p, LATE_CWD, &s);
	if (have)
		beside(b, "cwd", STYLE_PLAIN, str_text(&s));
	else
		labelled(b, "cwd", STYLE_PLAIN, str_text(&s));
	if (gone)
		labelled(b, "", STYLE_WARN, "its file was replaced or removed: a restart runs another one");
	str_done(&s);
}

static void files(struct build *b, const struct proc *p)
{
	char one[UNIT_BUF], two[UNIT_BUF];
	struct str s = {0};
	int col, room;
	double share;

	if (!p->p.fds) {
		if (p->p.flags & PROC_NOT_READABLE)
			labelled(b, "files", STYLE_PLAIN, "not permitted to look: not yours");
		return;
	}
	col = page_label(b, "files");
	page_span(b->p, col, STYLE_PLAIN, fmt_count(one, p->p.fds));
	if (!p->p.fds_max)
		return;
	share = (double)p->p.fds / p->p.fds_max;
	page_spanf(b->p, page_line_end(b->p), STYLE_PLAIN, " of %s", fmt_count(two, p->p.fds_max));
	col = page_line_end(b->p) + 2;
	room = b->p->width - col - 6;
	if (room >= 4) {
		graph_bar(&s, share, room > 20 ? 20 : room, b->ascii);
		str_putf(&s, " %3u%%", (unsigned)(share * 100)); /* 100 only when it is full */
	}
	page_span(b->p, col, share >= .9 ? STYLE_BAD : STYLE_INFO, str_text(&s));
	str_done(&s);
}

static void facts(struct build *b, uint32_t row)
{
	const struct proc *p = &b->f->procs.v[row];
	char one[UNIT_BUF];
	struct str s = {0};

	if (!p->p.pid) {
		page_line(b->p, ' ');
		page_wrap(b->p, TEXT_COL, STYLE_PLAIN, reason_table[REASON_KERNEL].help);
		return;
	}
	program(b, row, p);
	relations(b, p);
	files(b, p);
	if (!isnan(p->cpu))
		str_putf(&s, "cpu %.*f%%  ", p->cpu < .1f && p->cpu > 0 ? 1 : 0, (double)p->cpu * 100);
	if (p->p.rss_bytes)
		str_putf(&s, "memory %s  ", fmt_size(one, (double)p->p.rss_bytes));
	if (p->p.threads)
		str_putf(&s, "threads %u  ", p->p.threads);
	if (p->late && late_get(p->late, LATE_NAMESPACES) && *late_get(p->late, LATE_NAMESPACES)) {
		str_puts(&s, "namespaces ");
		put_late(b, p, LATE_NAMESPACES, &s);
	}
	labelled(b, "use", STYLE_PLAIN, str_text(&s));
	str_done(&s);
}

static void listens(struct build *b, uint32_t row)
{
	static const struct grid_col cols[] = {
		{"", 12},
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
		       const uint32_t *rows, const struct peer_groups *peers)
{
	struct rows mine = {0};
	struct str s = {0};
	uint64_t a, c;
	struct grid inner;

	group_title(b, x, &s);
	page_conns_line(b, g, str_text(&s), STYLE_PLAIN, &x->sums);
	str_done(&s);
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
		grid_layout(&inner, g->cols, g->n, g->x[0] + 2, b->p->width - 1);
		page_peers(b, &inner, peers, rows + x->first, x->n, true, c);
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
	struct proc_conns own = {0}, *c = b->e->proc_conns ? b->e->proc_conns : &own;
	const struct conn_groups *groups = &c->groups;
	char title[48], buf[UNIT_BUF];
	uint32_t total = 0;
	struct grid g;

	if (!proc_conns_of(c, b->f, row))
		proc_conns_begin(c, b->f, row);
	if (!proc_conns_step(c, &b->e->slice)) {
		page_counting(b);
		return;
	}
	for (size_t i = 0; i < groups->v.n; i++)
		total += groups->v.v[i].sums.conns;
	if (groups->v.n) {
		snprintf(title, sizeof(title), "CONNECTIONS %s", fmt_count(buf, total));
		grid_layout(&g, cols, ARRAY_LEN(cols), TEXT_COL, b->p->width - 1);
		grid_head(b, &g, title);
		for (size_t i = 0; i < groups->v.n && i < PROC_CONNS_TOP; i++)
			conn_group(b, &g, &groups->v.v[i], groups->rows.v, &c->peers[i]);
		if (groups->v.n > PROC_CONNS_TOP) {
			page_line(b->p, ' ');
			page_spanf(b->p, TEXT_COL, STYLE_DIM, "%zu more", groups->v.n - PROC_CONNS_TOP);
		}
	}
	proc_conns_done(&own);
}

/* Everything that is no connection and no port of IP: unix, netlink, packet, raw sockets. */
static bool is_other(const struct frame *f, uint32_t row)
{
	const struct sock *s = frame_sock(f, row);

	return !proto_table[s->proto].ports || (s->family > FAMILY_IPV6 && frame_port_of(f, row) == NONE);
}

static void other_line(struct build *b, const struct grid *g, uint32_t row)
{
	const struct sock *s = frame_sock(b->f, row);
	const struct row *r = frame_row(b->f, row);
	struct str t = {0};

	page_line(b->p, page_gutter(b, r->marks, r->findings, s->netns));
	grid_put(b, g, 0, STYLE_PLAIN, proto_table[s->proto].name);
	page_put_end(b, row, false, &t);
	grid_put(b, g, 1, STYLE_PLAIN, *str_text(&t) ? str_text(&t) : b->ascii ? "-" : "‹no name›");
	grid_put(b, g, 2, s->state == STATE_LISTENING ? STYLE_INFO : STYLE_DIM, state_table[s->state].name);
	str_clear(&t);
	if (r->peer != NONE) {
		uint32_t owner = frame_first_owner(b->f, r->peer, false);

		if (owner != NONE)
			page_put_proc(b, owner, true, &t);
		else
			page_put_reason(b, frame_row(b->f, r->peer)->reason, &t);
	} else if (s->family > FAMILY_IPV6 || s->rport) {
		page_put_end(b, row, true, &t);
	}
	grid_put(b, g, 3, STYLE_PLAIN, str_text(&t));
	page_walk(b->p, page_subject_sock(b, row), s->netns, s->cookie);
	str_done(&t);
}

static void others(struct build *b, uint32_t row)
{
	static const struct grid_col cols[] = {
		{"", 9}, {"NAME", 16, .grow = true}, {"STATE", 11, .drop = 2}, {"OTHER END", 22, .drop = 1}};
	const struct proc *p = &b->f->procs.v[row];
	struct rows rows = {0};
	char title[32];
	struct grid g;
	size_t shown;

	for (uint32_t i = 0; i < p->sock_n; i++)
		if (is_other(b->f, b->f->proc_socks.v[p->sock + i]))
			vec_push(&rows.v, b->f->proc_socks.v[p->sock + i]);
	if (!rows.v.n)
		return;
	snprintf(title, sizeof(title), "OTHER %zu", rows.v.n);
	grid_layout(&g, cols, ARRAY_LEN(cols), TEXT_COL, b->p->width - 1);
	grid_head(b, &g, title);
	shown = rows.v.n > OTHERS_SHOWN + 1 ? OTHERS_SHOWN : rows.v.n;
	for (size_t i = 0; i < shown; i++)
		other_line(b, &g, rows.v.v[i]);
	if (shown < rows.v.n) {
		page_line(b->p, ' ');
		page_spanf(b->p, TEXT_COL, STYLE_DIM, "%zu more", rows.v.n - shown);
		if (!page_fold(b->p, 'o', 0, true))
			for (size_t i = shown; i < rows.v.n && i < OTHERS_UNFOLDED; i++)
				other_line(b, &g, rows.v.v[i]);
	}
	vec_done(&rows.v);
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
	b.own = row;
	head(&b, row);
	facts(&b, row);
	page_findings(&b, FINDING_ON_PROC, row);
	listens(&b, row);
	connections(&b, row);
	others(&b, row);
	page_rates(&b, e->f->procs.v[row].ring, c->rx_rate, c->tx_rate);
}
