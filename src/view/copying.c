/* What leaves the dashboard as text: rows as tab-separated cells, a page as its lines, and the view as the command
 * that prints it. */
#include "sockeye/base/text.h"
#include "ui_actions.h"
#include "ui_private.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define TOLD 120 /* bytes of what was copied that the message repeats */

/* ---- Rows and pages ---- */

static void put_row(const struct table *t, const struct ctx *ctx, uint32_t row, struct str *out)
{
	size_t before = out->n, at;

	for (size_t i = 0; i < t->cols.n; i++) {
		uint8_t style = STYLE_PLAIN;

		if (!t->cols.v[i].shown || !t->cols.v[i].col->title)
			continue;
		if (out->n > before)
			str_putc(out, '\t');
		at = out->n;
		column_cell(t->cols.v[i].col, ctx, row, out, &style);
		while (out->n > at && out->s[out->n - 1] == ' ') /* a graph without anything in it */
			out->s[--out->n] = '\0';
		if (out->n == at)
			str_putc(out, '-');
	}
	str_putc(out, '\n');
}

/* More than any terminal takes: what comes behind it need not be made. */
#define TOO_MUCH (1 << 18)

static bool is_tag(const struct map *tags, struct ident id)
{
	return map_get(tags, id.a, id.b) != MAP_NONE;
}

/* The rows of a line: those that are tagged, or all of them. Gives their number. */
static size_t put_line(const struct table *t, const struct map *tags, size_t line, bool all, struct str *out)
{
	const struct table_group *g = table_head(t, line);
	struct ctx ctx = table_ctx(t);
	size_t n = 0;

	ctx.raw_numbers = true;
	for (uint32_t k = 0; k < (g ? g->n : 1) && out->n <= TOO_MUCH; k++) {
		uint32_t row = g ? t->members.v[g->first + k] : t->order.v[line];

		if (!all && !is_tag(tags, ident_of(t->rows_kind, t->f, row)))
			continue;
		put_row(t, &ctx, row, out);
		n++;
	}
	return n;
}

/* The tagged rows that are shown, folded ones too; without a tag the row under the cursor. Of a group all rows. Gives
 * their number. */
static size_t put_rows(const struct table *t, struct str *out)
{
	struct map tags = {0};
	size_t n = 0;

	if (!t->tags.n)
		return t->cursor < t->order.n ? put_line(t, &tags, t->cursor, true, out) : 0;
	for (size_t i = 0; i < t->tags.n; i++)
		*map_at(&tags, t->tags.v[i].a, t->tags.v[i].b) = 1;
	for (size_t i = 0; i < t->order.n && out->n <= TOO_MUCH; i++) {
		bool all = is_tag(&tags, table_ident(t, i));

		if (table_nested(t, i) || (!table_head(t, i) && !all)) /* its head has seen to it */
			continue;
		n += put_line(t, &tags, i, all, out);
	}
	map_done(&tags);
	return n;
}

/* "3 tags", "1 tag" */
static const char *tags_text(const struct table *t, char buf[32])
{
	snprintf(buf, 32, "%zu tag%s", t->tags.n, t->tags.n == 1 ? "" : "s");
	return buf;
}

static void copy(struct ui *u, struct str *text, const char *what)
{
	struct str told = {0};
	int r;

	while (text->n && text->s[text->n - 1] == '\n')
		text->s[--text->n] = '\0';
	if (!u->host || !u->host->copy) {
		ui_error(u, "no clipboard here");
		return;
	}
	r = text->n > TOO_MUCH ? -E2BIG : u->host->copy(u->host->data, str_text(text), text->n);
	if (r == -E2BIG) {
		ui_error(u, "too much for the clipboard of a terminal; `e` writes a file");
		return;
	}
	if (r < 0) {
		ui_error(u, "this terminal has no clipboard that programs can fill");
		return;
	}
	for (size_t i = 0; i < text->n && i < TOLD && text->s[i] != '\n'; i++)
		str_putc(&told, text->s[i] == '\t' ? ' ' : text->s[i]);
	ui_say(u, "copied%s%s: %s", what, r == 1 ? " (tmux: needs set-clipboard on)" : "", str_text(&told));
	str_done(&told);
}

void act_copy(struct ui *u, uint32_t key)
{
	struct screen *s = ui_top(u);
	const struct table *t = screen_table(s);
	struct str text = {0};
	char what[64] = "", tags[32];
	size_t n = 1;

	if (t && table_shows(t, u->env.f)) {
		n = put_rows(t, &text);
		if (n && n < t->tags.n) /* a filter hides the others */
			snprintf(what, sizeof(what), " %zu of %zu tagged rows", n, t->tags.n);
		else if (n > 1 || (n && t->tags.n))
			snprintf(what, sizeof(what), " %zu %srow%s", n, t->tags.n ? "tagged " : "",
				 n == 1 ? "" : "s");
	} else if (!t && s->ops->text) {
		s->ops->text(s, &text);
		snprintf(what, sizeof(what), " this page");
	}
	if (text.n)
		copy(u, &text, what);
	else if (t && t->tags.n)
		ui_say(u, "no tagged row is shown (%s); U untags", tags_text(t, tags));
	else
		ui_say(u, "nothing to copy here");
	str_done(&text);
}

/* ---- The view as a command ---- */

/* One word for a shell: in single quotes when anything in it could mean something. */
static void put_word(struct str *out, const char *s)
{
	str_putc(out, ' ');
	text_put_shell(out, s);
}

static bool same_sort(const struct table *a, const struct table *b)
{
	if (a->sort_n != b->sort_n)
		return false;
	for (unsigned i = 0; i < a->sort_n; i++)
		if (a->sort[i].col != b->sort[i].col || a->sort[i].desc != b->sort[i].desc)
			return false;
	return true;
}

void ui_sort_list(const struct table *t, struct str *out)
{
	struct table fresh;
	char err[64];

	/* The view's own keys follow by themselves: only what stands before them is the user's. */
	table_init(&fresh, t->view);
	for (unsigned n = 0; n < t->sort_n && !same_sort(t, &fresh); n++) {
		str_putf(out, "%s%s%s", n ? "," : "", t->sort[n].desc ? "-" : "", t->sort[n].col->key);
		if (table_set_sort_list(&fresh, str_text(out), err, sizeof(err)) < 0)
			break;
	}
	table_done(&fresh);
}

static bool is_shown(const struct table *t, const struct column *col, bool *ret_chosen)
{
	for (size_t i = 0; i < t->cols.n; i++)
		if (t->cols.v[i].col == col && t->cols.v[i].shown) {
			*ret_chosen = t->cols.v[i].chosen;
			return true;
		}
	return false;
}

/* Do the columns shown stand as in the view, with others behind them? */
static bool in_order(const struct table *t, const struct table *fresh)
{
	size_t at = 0;
	bool others = false;

	for (size_t i = 0; i < t->cols.n; i++) {
		size_t k = at;

		if (!t->cols.v[i].shown)
			continue;
		while (k < fresh->cols.n && fresh->cols.v[k].col != t->cols.v[i].col)
			k++;
		if (k < fresh->cols.n && others)
			return false;
		others = others || k == fresh->cols.n;
		at = k < fresh->cols.n ? k + 1 : at;
		for (size_t m = 0; k == fresh->cols.n && m < fresh->cols.n; m++)
			if (fresh->cols.v[m].col == t->cols.v[i].col)
				return false;
	}
	return true;
}

void ui_column_list(const struct table *t, struct str *out)
{
	struct table fresh;
	bool chosen, all = true;

	table_init(&fresh, t->view);
	for (size_t i = 0; i < t->cols.n; i++)
		all = all && (!t->cols.v[i].shown || t->cols.v[i].chosen);
	if (all || !in_order(t, &fresh)) {
		for (size_t i = 0; i < t->cols.n; i++)
			if (t->cols.v[i].shown)
				str_putf(out, "%s%s", out->n ? "," : "", t->cols.v[i].col->key);
	} else { /* more and fewer: the others go on to follow the width */
		for (size_t i = 0; i < fresh.cols.n; i++)
			if (!is_shown(t, fresh.cols.v[i].col, &chosen))
				str_putf(out, "%s-%s", out->n ? "," : "", fresh.cols.v[i].col->key);
		for (size_t i = 0; i < t->cols.n; i++)
			if (t->cols.v[i].shown && t->cols.v[i].chosen)
				str_putf(out, "%s+%s", out->n ? "," : "", t->cols.v[i].col->key);
	}
	table_done(&fresh);
}

static void add_term(struct str *filter, const char *term)
{
	struct str both = {0};

	filter_word_add(str_text(filter), term, &both);
	str_done(filter);
	*filter = both;
}

static void put_netns(const struct ui *u, struct str *out)
{
	if (!u->opts.netns)
		return;
	str_puts(out, " -N");
	put_word(out, u->opts.netns);
}

/* What the toggles of the table say, as options and as terms. */
static void put_table_command(struct ui *u, const struct table *t, struct str *out)
{
	struct str filter = {0}, list = {0};

	str_putf(out, "sockeye list --view %s", view_table[t->view].key);
	put_netns(u, out);
	if (t->all || (t->listening && t->view == VIEW_CONNECTIONS))
		str_puts(out, " -a");
	if (t->findings_only)
		str_puts(out, " --findings");
	if (t->filter && !filter_empty(t->filter))
		str_puts(&filter, filter_text(t->filter));
	/* The key leaves the counts alone. A term on sockets would count only over those that it picks; in one "or" with
	 * a term on rows, which never holds, it is judged on rows. */
	if (t->listening && t->view == VIEW_PORTS)
		add_term(&filter, "(state=listening or conns<0)");
	/* A filter that could be taken for an option goes last, behind the end of options. */
	if (filter.n && filter.s[0] != '-')
		put_word(out, str_text(&filter));
	ui_sort_list(t, &list);
	if (list.n) {
		str_puts(out, " --sort");
		put_word(out, str_text(&list));
	}
	str_clear(&list);
	ui_column_list(t, &list);
	if (list.n) {
		str_puts(out, " --columns");
		put_word(out, str_text(&list));
	}
	if (filter.n && filter.s[0] == '-') {
		str_puts(out, " --");
		put_word(out, str_text(&filter));
	}
	str_done(&filter);
	str_done(&list);
}

static void put_page_command(struct ui *u, const struct subject *about, struct str *out)
{
	struct str filter = {0};

	switch (about->kind) {
	case SUBJECT_WHY:
		str_puts(out, "sockeye explain");
		put_netns(u, out);
		str_putf(out, " %u/%s", about->pick.port, about->pick.proto == PROTO_UDP ? "udp" : "tcp");
		return;
	case SUBJECT_PORT:
		str_putf(&filter, "lport=%u proto=%s", about->pick.port, proto_table[about->pick.proto].name);
		break;
	case SUBJECT_PROC:
		str_putf(&filter, "pid=%u", about->pick.pid);
		break;
	case SUBJECT_SOCK:
		str_puts(&filter, "cookie=0x");
		str_put_hex(&filter, about->pick.cookie);
		break;
	default:
		return;
	}
	str_puts(out, "sockeye list --view sockets");
	put_netns(u, out);
	put_word(out, str_text(&filter));
	str_done(&filter);
}

void act_copy_command(struct ui *u, uint32_t key)
{
	struct screen *s = ui_top(u);
	struct table *t = screen_table(s);
	struct subject about = s->ops->about ? s->ops->about(s) : (struct subject){0};
	struct str text = {0};
	char what[100] = "", tags[32];
	bool groups = t && t->group_by != GROUP_NONE && t->group_by != GROUP_FORKS;

	if (t)
		put_table_command(u, t, &text);
	else
		put_page_command(u, &about, &text);
	if (groups || (t && t->tags.n))
		snprintf(what, sizeof(what), " without %s%s%s%s%s", groups ? "the groups (" : "",
			 groups ? group_table[t->group_by].key : "", groups ? ")" : "",
			 groups && t->tags.n ? " and " : "", t->tags.n ? tags_text(t, tags) : "");
	if (text.n)
		copy(u, &text, what);
	else
		ui_say(u, "no command prints this page");
	str_done(&text);
}
