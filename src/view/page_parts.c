/* The parts that every page is made of: labels, small tables, and the texts of processes and endpoints. */
#include "page_parts.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct build page_begin(struct page *p, const struct screen_env *e)
{
	return (struct build){
		.p = p,
		.e = e,
		.f = e->f,
		.ctx = {.f = e->f, .tally = &e->f->tally, .ascii = e->ascii, .raw_numbers = e->raw_numbers},
		.ascii = e->ascii,
		.own = NONE,
	};
}

void grid_layout(struct grid *g, const struct grid_col *cols, int n, int indent, int width)
{
	int used = 0, x = indent, grow = -1;

	*g = (struct grid){.cols = cols, .n = n > GRID_MAX ? GRID_MAX : n};
	for (int i = 0; i < g->n; i++) {
		g->w[i] = cols[i].width;
		used += cols[i].width + 1;
	}
	while (used - 1 > width - indent) {
		int worst = -1;

		for (int i = 0; i < g->n; i++)
			if (g->w[i] && cols[i].drop && (worst < 0 || cols[i].drop > cols[worst].drop))
				worst = i;
		if (worst < 0)
			break;
		used -= g->w[worst] + 1;
		g->w[worst] = 0;
	}
	for (int i = 0; i < g->n; i++)
		if (g->w[i] && cols[i].grow)
			grow = i;
	if (grow >= 0)
		g->w[grow] += (int16_t)(width - indent - (used - 1));
	if (grow >= 0 && g->w[grow] < 1)
		g->w[grow] = 1;
	for (int i = 0; i < g->n; i++) {
		g->x[i] = (int16_t)x;
		if (g->w[i])
			x += g->w[i] + 1;
	}
}

void grid_put(struct build *b, const struct grid *g, int col, uint8_t style, const char *text)
{
	int w = g->w[col], have;

	if (w <= 0)
		return;
	have = g->cols[col].right ? text_width(text) : 0;
	page_span_max(b->p, g->x[col] + (have && have < w ? w - have : 0), w, style, text);
}

void grid_head(struct build *b, const struct grid *g, const char *heading)
{
	int end;

	page_heading(b, "%s", heading);
	end = page_line_end(b->p);
	for (int i = 1; i < g->n; i++) {
		int w = text_width(g->cols[i].title);

		/* The heading may be longer than the first column is wide. */
		if (g->x[i] + (g->cols[i].right ? g->w[i] - w : 0) > end)
			grid_put(b, g, i, STYLE_DIM, g->cols[i].title);
	}
}

uint8_t page_cell(const struct build *b, enum row_kind kind, uint32_t row, const char *key, struct str *out)
{
	const struct column *col = column_by_key(kind, key);
	uint8_t style = STYLE_PLAIN;

	if (col)
		column_cell(col, &b->ctx, row, out, &style);
	return style;
}

void grid_cell(struct build *b, const struct grid *g, int col, enum row_kind kind, uint32_t row,
	       const char *key)
{
	struct str s = {0};
	uint8_t style = page_cell(b, kind, row, key, &s);

	grid_put(b, g, col, style, str_text(&s));
	str_done(&s);
}

void grid_rate(struct build *b, const struct grid *g, int col, float rate)
{
	char buf[UNIT_BUF];

	if (isnan(rate))
		grid_put(b, g, col, STYLE_DIM, b->ascii ? "~" : "…");
	else
		grid_put(b, g, col, rate > 0 ? STYLE_PLAIN : STYLE_DIM, fmt_size(buf, (double)rate));
}

void grid_count(struct build *b, const struct grid *g, int col, uint32_t n, uint8_t style)
{
	char buf[UNIT_BUF];

	grid_put(b, g, col, n ? style : STYLE_DIM, fmt_count(buf, n));
}

void page_counting(struct build *b)
{
	page_heading(b, "CONNECTIONS");
	page_line(b->p, ' ');
	page_span(b->p, TEXT_COL, STYLE_DIM, b->ascii ? "being counted" : "being counted…");
}

void page_heading(struct build *b, const char *fmt, ...)
{
	char buf[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	page_section(b->p);
	page_line(b->p, ' ');
	page_line(b->p, ' ');
	page_span(b->p, HEAD_COL, STYLE_HEAD, buf);
}

int page_label(struct build *b, const char *label)
{
	int col = b->p->width < 50 ? TEXT_COL - 2 : TEXT_COL;

	page_line(b->p, ' ');
	page_span(b->p, col, STYLE_DIM, label);
	return col + 10;
}

unsigned page_findings(struct build *b, uint8_t on, uint32_t row)
{
	unsigned n = 0;

	for (size_t i = 0; i < b->f->findings.n; i++) {
		const struct finding *x = &b->f->findings.v[i];

		if (x->on != on || x->row != row)
			continue;
		page_line(b->p, '!');
		page_wrap(b->p, TEXT_COL,
			  x->severity == FINDING_BAD    ? STYLE_BAD
			  : x->severity == FINDING_WARN ? STYLE_WARN
							: STYLE_PLAIN,
			  x->text);
		n++;
	}
	return n;
}

static void put_interned(const struct build *b, uint32_t id, struct str *out)
{
	text_put_cell(out, intern_get(b->f->names, id), intern_len(b->f->names, id), b->ascii, 256);
}

void page_put_reason(const struct build *b, uint8_t reason, struct str *out)
{
	str_putf(out, b->ascii ? "<%s>" : "‹%s›", reason < REASON_N ? reason_table[reason].cell : "?");
}

void page_put_proc(const struct build *b, uint32_t proc, bool pid, struct str *out)
{
	const struct snap_proc *p = &b->f->procs.v[proc].p;

	if (p->pid == 0) {
		page_put_reason(b, REASON_KERNEL, out);
		return;
	}
	if (intern_len(b->f->names, p->comm))
		put_interned(b, p->comm, out);
	else
		str_puts(out, "\"\"");
	if (pid)
		str_putf(out, " %u", p->pid);
}

void page_put_command(const struct build *b, uint32_t proc, struct str *out)
{
	const struct proc *p = &b->f->procs.v[proc];
	uint32_t n = 0;
	const char *raw = p->late ? late_get_n(p->late, LATE_CMDLINE, &n) : NULL;
	struct str words = {0};

	while (raw && n && raw[n - 1] == '\0')
		n--;
	if (!raw || !n) {
		page_put_proc(b, proc, false, out);
		return;
	}
	if (n > 4096)
		n = 4096;
	str_put(&words, raw, n);
	for (uint32_t i = 0; i < n; i++)
		if (words.s[i] == '\0')
			words.s[i] = ' ';
	text_put_cell(out, words.s, n, b->ascii, 2048);
	str_done(&words);
}

void page_put_ip(const uint8_t addr[16], bool v6, struct str *out)
{
	char buf[IP_TEXT];
	struct ip ip;

	if (ip_is_any(addr, v6)) {
		str_puts(out, "*");
		return;
	}
	ip_unmap(addr, v6, &ip);
	ip_format(buf, ip.b, ip.v6);
	str_putf(out, ip.v6 ? "[%s]" : "%s", buf);
}

void page_put_endpoint(const struct build *b, const uint8_t addr[16], bool v6, uint32_t port, int max,
		       struct str *out)
{
	struct str ip = {0};
	char tail[16];

	page_put_ip(addr, v6, &ip);
	snprintf(tail, sizeof(tail), ":%u", port);
	if (max > 0)
		text_put_clip_middle(out, str_text(&ip), max - (int)strlen(tail), b->ascii ? "~" : "…");
	else
		str_puts(out, str_text(&ip));
	str_puts(out, tail);
	str_done(&ip);
}

void page_put_end(const struct build *b, uint32_t row, bool remote, struct str *out)
{
	const struct sock *s = frame_sock(b->f, row);

	if (s->family <= FAMILY_IPV6 && proto_table[s->proto].ports)
		page_put_endpoint(b, remote ? s->raddr : s->laddr, s->family == FAMILY_IPV6,
				  remote ? s->rport : s->lport, 0, out);
	else
		page_cell(b, ROWS_SOCK, row, remote ? "remote" : "local", out);
}

void page_put_moment(const struct build *b, uint64_t at_ns, const char *what, struct str *out)
{
	uint64_t wall = b->f->wall_ns - (b->f->boot_ns > at_ns ? b->f->boot_ns - at_ns : 0);
	time_t t = (time_t)(wall / NSEC_PER_SEC);
	char when[16] = "";
	struct tm tm;

	if (localtime_r(&t, &tm))
		strftime(when, sizeof(when), "%H:%M:%S", &tm);
	str_putf(out, "%s%s %s", out->n ? "\n" : "", when, what);
}

void page_history(struct build *b, const char *text)
{
	int col = b->p->width < 50 ? HEAD_COL + 10 : TEXT_COL + 10, at;
	struct str one = {0};

	page_section(b->p);
	page_line(b->p, ' ');
	page_line(b->p, ' ');
	page_span(b->p, HEAD_COL, STYLE_HEAD, "HISTORY");
	while (*text) {
		size_t n = strcspn(text, "\n");

		str_clear(&one);
		str_put(&one, text, n);
		at = page_line_end(b->p) + 3;
		if (at <= col) {
			at = col;
		} else if (at + text_width(str_text(&one)) > b->p->width) {
			page_line(b->p, ' ');
			at = col;
		}
		page_wrap(b->p, at, STYLE_PLAIN, str_text(&one));
		text += n + (text[n] == '\n');
	}
	str_done(&one);
}

void page_put_since(const struct build *b, uint64_t first_ns, uint8_t marks, struct str *out)
{
	char buf[UNIT_BUF];
	double age = frame_age_s(b->f, first_ns);

	/* A bound needs no second unit, which would change with every frame. */
	if (marks & MARK_START)
		str_putf(out, "%s%s", b->ascii ? ">=" : "≥", fmt_duration(buf, age));
	else
		str_puts(out, fmt_age(buf, age, 2));
}

char page_gutter(const struct build *b, uint8_t marks, uint8_t findings, uint16_t netns)
{
	if (marks & MARK_CLOSED)
		return '-';
	if (marks & MARK_NEW)
		return '+';
	if (findings)
		return '!';
	return netns < b->f->netns.n && !b->f->netns.v[netns].own && frame_netns_n(b->f) > 1 ? 'C' : ' ';
}

struct subject page_subject_sock(const struct build *b, uint32_t row)
{
	return (struct subject){SUBJECT_SOCK, pick_of(ROWS_SOCK, b->f, row)};
}
struct subject page_subject_proc(const struct build *b, uint32_t proc)
{
	if (proc == NONE || !b->f->procs.v[proc].p.pid)
		return (struct subject){0};
	return (struct subject){SUBJECT_PROC, pick_of(ROWS_PROC, b->f, proc)};
}
struct subject page_subject_port(const struct build *b, uint32_t port)
{
	return (struct subject){SUBJECT_PORT, pick_of(ROWS_PORT, b->f, port)};
}
