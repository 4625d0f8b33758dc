/* Finds out what may stand at the cursor of a filter, offers it with counts of the frame, and puts it in. */
#include "completion.h"
#include "sockeye/base/mem.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREVIEW 2 /* values beside a field */
#define TOP_LINE 4 /* of the screen that offers leave alone */

void completion_done(struct completion *c)
{
	for (int i = 0; i < COMPLETION_FIELDS; i++)
		filter_values_done(&c->counts[i]);
	filter_values_done(&c->values);
}

/* ---- What stands at the cursor ---- */

struct context {
	size_t word, name_n; /* where the term begins, and the bytes of its field name */
	bool value; /* the cursor is behind `field=` or `field!=`: */
	size_t at; /* where the value, or its last part behind a comma, begins */
};

/* The term around the cursor; false: nothing can be offered. */
static bool context_of(const char *s, size_t cur, struct context *ret)
{
	size_t word = 0, op;
	bool quoted = false;

	for (size_t i = 0; i < cur; i++) {
		if (s[i] == '"')
			quoted = !quoted;
		else if (!quoted && strchr(" ()", s[i]))
			word = i + 1;
	}
	if (word < cur && s[word] == '!')
		word++;
	/* Only at the end of the term: what follows the cursor is somebody's own. */
	if (s[cur] && !strchr(" )", s[cur]) && !quoted)
		return false;
	for (op = word; op < cur && (isalnum((unsigned char)s[op]) || s[op] == '_'); op++)
		;
	if (op == word || !isalpha((unsigned char)s[word]))
		return false;
	*ret = (struct context){.word = word, .name_n = op - word, .value = op < cur};
	if (!ret->value)
		return true;
	op += s[op] == '!';
	if (op >= cur || s[op] != '=')
		return false;
	ret->at = op + 1;
	for (size_t i = ret->at, in = 0; i < cur; i++) {
		in ^= s[i] == '"';
		if (s[i] == ',' && !in)
			ret->at = i + 1;
	}
	return true;
}

/* ---- Offers ---- */

static bool is_of(const struct table *t, const char *name)
{
	const struct column *col = t ? column_by_key(t->rows_kind, name) : NULL;

	return col && !strcmp(col->key, name);
}

/* Those that have values to be offered first, and among them the view's own: they are what stands on the screen. */
static void find_fields(struct completion *c, const char *word, const struct table *t)
{
	struct filter_field f;

	for (int turn = 0; turn < 4; turn++)
		for (size_t i = 0; filter_field_at(i, &f); i++) {
			if (is_of(t, f.name) != !(turn & 1) || filter_offers(&f) != !(turn & 2) ||
			    strncasecmp(f.name, word, c->n) != 0)
				continue;
			c->fields_all++;
			if (c->fields_n < COMPLETION_FIELDS)
				c->fields[c->fields_n++] = f;
		}
	/* The whole name needs no offer of itself. */
	if (c->fields_all == 1 && strlen(c->fields[0].name) == c->n)
		c->fields_n = 1;
}

static void count(struct completion *c, const struct line_edit *l, const struct table *t,
		  const struct frame *f)
{
	const char *s = str_text(&l->text);
	struct str prefix = {0};

	c->rest_ns = UINT64_MAX;
	c->counted = !t || !f;
	c->counting = !c->counted;
	if (c->counted)
		return;
	if (c->field[0]) {
		size_t skip = s[c->at] == '"' && c->n ? 1 : 0;

		str_put(&prefix, s + c->at + skip, c->n - skip);
		filter_values_begin(&c->values, t, f, c->field, str_text(&prefix), COMPLETION_VALUES);
		str_done(&prefix);
		return;
	}
	for (size_t i = 0; i < c->fields_n; i++)
		filter_values_begin(&c->counts[i], t, f, c->fields[i].name, "", PREVIEW);
}

bool completion_work(struct completion *c, const struct slice *slice)
{
	if (!c->counting)
		return true;
	if (!filter_values_step(&c->values, slice))
		return false;
	for (size_t i = 0; i < COMPLETION_FIELDS; i++)
		if (!filter_values_step(&c->counts[i], slice))
			return false;
	c->counting = false;
	c->counted = true;
	return true;
}

void completion_follow(struct completion *c, const struct line_edit *l, const struct table *t,
		       const struct frame *f, uint64_t now_ns)
{
	const char *s = str_text(&l->text);
	struct context x;

	c->fields_n = c->fields_all = 0;
	c->field[0] = '\0';
	c->turning = false;
	c->counted = c->counting = false;
	c->rest_ns = UINT64_MAX;
	filter_values_forget(&c->values);
	for (int i = 0; i < COMPLETION_FIELDS; i++)
		filter_values_forget(&c->counts[i]);
	if (!context_of(s, l->cur, &x))
		return;
	c->at = x.value ? x.at : x.word;
	c->n = l->cur - c->at;
	if (x.value && x.name_n < sizeof(c->field))
		snprintf(c->field, sizeof(c->field), "%.*s", (int)x.name_n, s + x.word);
	else if (!x.value)
		find_fields(c, s + c->at, t);
	if (!c->field[0] && !c->fields_n)
		return;
	if (f && f->rows_n <= COMPLETION_AT_ONCE)
		count(c, l, t, f);
	else
		c->rest_ns = now_ns + COMPLETION_REST_NS;
}

bool completion_tick(struct completion *c, const struct line_edit *l, const struct table *t,
		     const struct frame *f, uint64_t now_ns)
{
	if (c->rest_ns == UINT64_MAX || now_ns < c->rest_ns)
		return false;
	count(c, l, t, f);
	return true;
}

bool completion_ready(struct completion *c, const struct line_edit *l, const struct table *t,
		      const struct frame *f)
{
	if (!c->counted && !c->counting && !c->turning)
		count(c, l, t, f);
	return !c->counting;
}

bool completion_any(const struct completion *c)
{
	return c->field[0] ? c->values.v.n > 0 : c->fields_n > 0;
}

/* ---- Tab ---- */

static size_t offers_n(const struct completion *c)
{
	return c->field[0] ? c->values.v.n : c->fields_n;
}

static const char *offer(const struct completion *c, size_t i)
{
	return c->field[0] ? c->values.v.v[i].text : c->fields[i].name;
}

/* How many bytes all offers begin with alike. */
static size_t agreed(const struct completion *c)
{
	size_t n = strlen(offer(c, 0));

	for (size_t i = 1; i < offers_n(c); i++)
		for (size_t j = 0; j < n; j++)
			if (offer(c, i)[j] != offer(c, 0)[j])
				n = j;
	return n;
}

static void put(struct completion *c, struct line_edit *l, const char *text, size_t n, bool whole)
{
	struct str with = {0};

	str_put(&with, text, n);
	str_puts(&with, whole && !c->field[0] ? "=" : "");
	line_edit_replace(l, c->at, c->at + c->n, str_text(&with));
	c->n = with.n;
	str_done(&with);
}

bool completion_tab(struct completion *c, struct line_edit *l, const struct table *t, const struct frame *f)
{
	size_t n, all;

	if (!completion_ready(c, l, t, f))
		completion_work(c, NULL);
	n = offers_n(c);
	if (!n)
		return false;
	all = c->field[0] ? n + c->values.more : c->fields_all;
	if (!c->turning && all == n && n > 1 && agreed(c) > c->n && str_text(&l->text)[c->at] != '"') {
		/* As far as they agree, which leaves the same offers. */
		put(c, l, offer(c, 0), agreed(c), false);
		return true;
	}
	c->turn = c->turning ? (c->turn + 1) % n : 0;
	c->turning = n > 1 && c->field[0]; /* behind a field's name come its values */
	put(c, l, offer(c, c->turn), strlen(offer(c, c->turn)), true);
	return true;
}

/* ---- Drawing ---- */

static void put_counts(const struct filter_values *v, bool ascii, struct str *out)
{
	char n[UNIT_BUF];

	for (size_t i = 0; i < v->v.n; i++)
		str_putf(out, "%s%s %s",
			 !i      ? ""
			 : ascii ? ", "
				 : " · ",
			 v->v.v[i].text, fmt_count(n, v->v.v[i].rows));
	if (v->more)
		str_putf(out, "%s%s more", ascii ? ", " : " · ", fmt_count(n, v->more));
}

static void draw_field(const struct completion *c, const struct screen_env *e, struct canvas *canvas, int y,
		       size_t i)
{
	const char *dots = e->ascii ? "~" : "…";
	struct str counts = {0};
	int help_w, x = 18, w;

	canvas_put(canvas, y, 3, STYLE_KEY, c->fields[i].name, canvas->w - 4);
	put_counts(&c->counts[i], e->ascii, &counts);
	if (i + 1 == c->fields_n && c->fields_all > c->fields_n)
		str_putf(&counts, "%s%zu more fields", counts.n ? "   " : "", c->fields_all - c->fields_n);
	w = text_width(str_text(&counts));
	help_w = text_width(c->fields[i].help);
	if (w && x + 10 + 2 + w < canvas->w) {
		if (help_w > canvas->w - 1 - w - 2 - x)
			help_w = canvas->w - 1 - w - 2 - x;
		canvas_put(canvas, y, canvas->w - 1 - w, STYLE_INFO, str_text(&counts), w);
	}
	canvas_put_cut(canvas, y, x, STYLE_DIM, c->fields[i].help,
		       help_w < canvas->w - x - 1 ? help_w : canvas->w - x - 1, dots);
	str_done(&counts);
}

static void draw_value(const struct completion *c, const struct screen_env *e, struct canvas *canvas, int y,
		       size_t i, int name_w, int count_w)
{
	const struct filter_value *v = &c->values.v.v[i];
	char n[UNIT_BUF];
	int x = 5 + name_w;

	if (c->turning && i == c->turn)
		canvas_put(canvas, y, 1, STYLE_KEY, e->ascii ? ">" : "▸", 1);
	canvas_put_cut(canvas, y, 3, STYLE_KEY, v->text, name_w, e->ascii ? "~" : "…");
	fmt_count(n, v->rows);
	canvas_put(canvas, y, x + count_w - text_width(n), STYLE_INFO, n, canvas->w - x);
	if (i + 1 == c->values.v.n && c->values.more) {
		char more[40];

		snprintf(more, sizeof(more), "%s more", fmt_count(n, c->values.more));
		canvas_put(canvas, y, x + count_w + 3, STYLE_DIM, more, canvas->w - x - count_w - 3);
	}
}

void completion_draw(const struct completion *c, const struct screen_env *e, struct canvas *canvas, int y)
{
	int n = (int)offers_n(c), name_w = 8, count_w = 1, skip;
	char buf[UNIT_BUF];

	for (size_t i = 0; i < c->values.v.n; i++) {
		int w = text_width(c->values.v.v[i].text);

		name_w = w > name_w ? w : name_w;
		w = text_width(fmt_count(buf, c->values.v.v[i].rows));
		count_w = w > count_w ? w : count_w;
	}
	if (name_w > canvas->w - 20)
		name_w = canvas->w > 28 ? canvas->w - 20 : 8;
	/* On a low screen as many as there is room for, the best ones. */
	skip = y - n < TOP_LINE ? TOP_LINE - (y - n) : 0;
	for (int i = 0; i < n - skip; i++) {
		int at = y - (n - skip) + i;

		canvas_fill(canvas, at, 0, 1, canvas->w, STYLE_PLAIN, " ");
		if (c->field[0])
			draw_value(c, e, canvas, at, (size_t)i, name_w, count_w);
		else
			draw_field(c, e, canvas, at, (size_t)i);
	}
}
