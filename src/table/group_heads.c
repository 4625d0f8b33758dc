/* What the head of a group shows: what it is called, sums, and what its rows agree on. */
#include "columns_kit.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include "table_private.h"
#include <stdlib.h>
#include <string.h>

#define AGREE_MAX 256 /* rows that a head's cell looks through to find what they agree on */

const struct sum *sum_of(const struct sums *s, size_t group, const struct column *col)
{
	size_t i;

	for (i = 0; i < s->cols.n; i++)
		if (s->cols.v[i] == col)
			return &s->v.v[group * s->cols.n + i];
	return NULL;
}

void table_head_text(const struct table *t, const struct ctx *c, const struct table_group *g, struct str *out)
{
	const char *const *keys = group_table[t->gathered].columns[t->rows_kind];
	const struct sock *s;
	struct str name = {0};
	char count[UNIT_BUF];
	uint8_t style;
	struct value v;
	bool away;

	str_puts(out, c->ascii ? (g->open ? "v " : "> ") : (g->open ? "▾ " : "▸ "));
	if (t->gathered == GROUP_PORT && t->rows_kind == ROWS_SOCK) {
		s = frame_sock(c->f, g->row);
		str_put_u64(out, group_called_port(c->f, g->row, &away));
		str_putc(out, '/');
		str_puts(out, proto_table[s->proto].name);
		str_puts(out, away ? (c->ascii ? " >" : " →") : "");
	} else if (t->gathered == GROUP_FORKS || t->gathered == GROUP_PROCESS) {
		/* The cell of one row may tell of several owners: the name alone is theirs in common. */
		column_value(column_by_key(t->rows_kind, "process"), c, g->row, &v);
		if (v.null)
			column_cell(column_by_key(t->rows_kind, "process"), c, g->row, out, &style);
		else
			text_put_cell(out, v.s, v.s_n, c->ascii, CELL_BYTES);
		column_value(column_by_key(t->rows_kind, "pid"), c, g->row, &v);
		if (t->gathered == GROUP_PROCESS && t->rows_kind != ROWS_PROC && !v.null) {
			str_putc(out, ' ');
			str_put_i64(out, v.i);
		}
	} else {
		column_cell(column_by_key(t->rows_kind, keys[0]), c, g->row, &name, &style);
		if (name.n)
			str_put(out, name.s, name.n);
		else
			str_putf(out, "no %s", group_table[t->gathered].key);
		str_done(&name);
	}
	if (g->n == 1 && t->rows_kind == ROWS_PORT && t->group_by != GROUP_PORT) {
		/* The name lies over the columns that would say which port it is. */
		str_putf(out, " %u/%s", c->f->ports.v[g->row].port,
			 proto_table[c->f->ports.v[g->row].proto].name);
		return;
	}
	str_puts(out, c->ascii ? " x" : " ×");
	str_puts(out, fmt_count(count, g->n));
}

static int by_number(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;
	unsigned long m = strtoul(x, NULL, 10), n = strtoul(y, NULL, 10);

	return m != n ? (m < n ? -1 : 1) : strcmp(x, y);
}

/* The words of all rows, each once, in the order of the numbers that they begin with. */
static void put_words(const struct table *t, const struct ctx *c, const struct table_group *g,
		      const struct column *col, struct str *out)
{
	struct str cells = {0};
	VEC(char *) words = {0};
	const char *last = NULL;
	uint8_t style;

	for (uint32_t i = 0; i < g->n; i++) {
		column_cell(col, c, t->members.v[g->first + i], &cells, &style);
		str_putc(&cells, ' ');
	}
	for (char *at = NULL, *w = strtok_r(cells.s, " ", &at); w; w = strtok_r(NULL, " ", &at))
		vec_push(&words, w);
	if (words.n)
		qsort(words.v, words.n, sizeof(words.v[0]), by_number);
	for (size_t i = 0; i < words.n; i++) {
		if (last && !strcmp(last, words.v[i]))
			continue;
		str_putf(out, "%s%s", last ? " " : "", words.v[i]);
		last = words.v[i];
	}
	vec_done(&words);
	str_done(&cells);
}

/* What its rows agree on; texts of which there are several: "root +1". */
static void agree(const struct table *t, const struct ctx *c, const struct table_group *g,
		  const struct column *col, unsigned width, struct str *out, uint8_t *ret_style)
{
	bool several = !(col->flags & COL_RIGHT) && col->kind == KIND_TEXT;
	struct str texts = {0}, cell = {0}; /* one behind the other, each with a NUL */
	uint32_t i, others = 0;
	uint32_t first = 0; /* row */
	size_t at;
	uint8_t style;

	for (i = 0; i < g->n; i++) {
		str_clear(&cell);
		column_cell(col, c, t->members.v[g->first + i], &cell, &style);
		if (!cell.n && !several && (col->flags & COL_RIGHT))
			break; /* a number that not all have is not theirs */
		if (!cell.n)
			continue;
		for (at = 0; at < texts.n && strcmp(texts.s + at, cell.s) != 0;
		     at += strlen(texts.s + at) + 1)
			;
		if (at < texts.n)
			continue;
		if (texts.n)
			others++;
		else
			first = t->members.v[g->first + i];
		if (others && !several)
			break;
		str_put(&texts, cell.s, cell.n + 1);
	}
	if (i == g->n && texts.n && !others) {
		column_fit(col, c, first, width, out, ret_style);
	} else if (i == g->n && texts.n) {
		str_clear(&cell);
		str_putf(&cell, " +%u", others);
		/* How many more there are tells more than how the name ends. */
		text_put_clip(out, texts.s, (int)(width > cell.n + 1 ? width - cell.n : width), ctx_dots(c));
		str_puts(out, cell.s);
	}
	str_done(&texts);
	str_done(&cell);
}

/* Is this what brought the rows of the group together? */
static bool gathers(const struct table *t, const struct ctx *c, const struct table_group *g,
		    const struct column *col)
{
	const char *const *keys = group_table[t->group_by].columns[t->rows_kind];
	bool away;

	if (t->group_by == GROUP_PORT && t->rows_kind == ROWS_SOCK) {
		group_called_port(c->f, g->row, &away);
		return !strcmp(col->key, away ? "rport" : "lport");
	}
	if (t->group_by == GROUP_NETNS && !strcmp(col->key, "netns_name"))
		return true;
	for (int i = 0; i < 2; i++)
		if (keys[i] && !strcmp(col->key, keys[i]))
			return true;
	return false;
}

bool table_agrees(const struct table *t, const struct ctx *c, size_t line, const struct column *col)
{
	const struct table_group *g = table_head(t, line);
	struct str first = {0}, other = {0};
	bool same = true;

	if (!g)
		return true;
	if (g->n > AGREE_MAX)
		return gathers(t, c, g, col);
	for (uint32_t i = 0; i < g->n && same; i++) {
		str_clear(&other);
		column_raw(col, c, t->members.v[g->first + i], i ? &other : &first);
		same = !i || !strcmp(str_text(&first), str_text(&other));
	}
	str_done(&first);
	str_done(&other);
	return same;
}

static void head_cell(const struct table *t, const struct ctx *c, size_t group, const struct column *col,
		      unsigned width, struct str *out, uint8_t *ret_style)
{
	const struct sum *s = sum_of(&t->work->shown, group, col);
	const struct table_group *g = &t->groups.v[group];
	struct str whole = {0};
	struct value v = {0};

	if (col->flags & COL_WORDS) {
		if (g->n <= AGREE_MAX)
			put_words(t, c, g, col, out);
		return;
	}
	if (!adds_up(col)) {
		/* Times and graphs of several are neither. */
		if (g->n <= AGREE_MAX && col->kind != KIND_DURATION && col->kind != KIND_MS &&
		    col->kind != KIND_RATE)
			agree(t, c, g, col, width, out, ret_style);
		return;
	}
	if (!s)
		return; /* shown since the last update only */
	v.null = s->n ? NULL_NOT : s->null;
	if (col->kind == KIND_RATE || col->kind == KIND_REAL)
		v.d = s->v;
	else
		v.i = (int64_t)s->v;
	column_value_cell(col, c, &v, &whole, ret_style);
	column_put_fitted(col, c, &v, str_text(&whole), width, out);
	str_done(&whole);
}

void table_cell(const struct table *t, const struct ctx *c, size_t line, const struct column *col,
		unsigned width, struct str *out, uint8_t *ret_style)
{
	struct str whole = {0};
	uint8_t style = STYLE_PLAIN;

	if (!table_head(t, line)) {
		column_fit(col, c, t->order.v[line], width, out, ret_style);
		return;
	}
	head_cell(t, c, t->heads.v[line], col, width, &whole, &style);
	text_put_clip(out, str_text(&whole), (int)width, ctx_dots(c));
	str_done(&whole);
	*ret_style = style;
}
