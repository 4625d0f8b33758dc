/* Finds two terms side by side that ask one thing for different values, so that an empty answer can say why it is empty:
 * who types ":8080 :9090" means either. */
#include "filter_private.h"
#include <string.h>
#include <strings.h>

/* A socket has one value of it, or (a port at either end) hardly ever both. */
static bool one_valued(const struct field *f)
{
	return f->name && !f->row && (f->many == MANY_NO || f->many == MANY_PORT);
}

static bool nets_meet(const struct ip_net *a, const struct ip_net *b)
{
	return a->bits > b->bits ? ip_in_net(&a->ip, b) : ip_in_net(&b->ip, a);
}

/* Can one value be both? */
static bool meet(const struct filter *f, const struct term *t, const struct alt *a, const struct alt *b)
{
	const char *texts = str_text(&f->texts);

	if (a->form != b->form)
		return false;
	switch ((enum alt_form)a->form) {
	case ALT_RANGE:
		return a->lo <= b->hi && b->lo <= a->hi;
	case ALT_HEX:
		return a->u == b->u;
	case ALT_STATES:
		return a->u & b->u;
	case ALT_TEXT:
		if (a->text_n != b->text_n)
			return false;
		return t->field.kind == KIND_WORD ? !strncasecmp(texts + a->text, texts + b->text, a->text_n)
						  : !memcmp(texts + a->text, texts + b->text, a->text_n);
	case ALT_NET:
		return nets_meet(&a->net, &b->net);
	case ALT_NONE:
		return true;
	default: /* nobody means either of these by writing both */
		return true;
	}
}

static bool clash(const struct filter *f, const struct term *a, const struct term *b)
{
	uint32_t i, k;

	if (a->op != OP_EQ || b->op != OP_EQ || !one_valued(&a->field) || !one_valued(&b->field) ||
	    strcmp(a->field.name, b->field.name) != 0)
		return false;
	for (i = 0; i < a->alt_n; i++)
		for (k = 0; k < b->alt_n; k++)
			if (meet(f, a, &f->alts.v[a->alt + i], &f->alts.v[b->alt + k]))
				return false;
	return true;
}

/* Numbers of ports may have been typed with a colon. */
static void put_values(const struct filter *f, const struct term *t, struct str *out)
{
	size_t at = out->n, i;

	print_alts(f, t, out);
	for (i = at; i < out->n; i++)
		if (out->s[i] != ':' || t->field.many != MANY_PORT)
			out->s[at++] = out->s[i];
	out->n = at;
	out->s[at] = '\0';
}

static void say(const struct filter *f, const struct term *a, const struct term *b, struct str *ret_why,
		struct str *ret_either)
{
	bool port = a->field.many == MANY_PORT;
	const char *name = port ? "" : a->field.name, *is = port ? "" : "=";

	str_putf(ret_why, "no socket has both %s%s%s", port ? "ports " : "", name, is);
	put_values(f, a, ret_why);
	str_putf(ret_why, " and %s%s", name, is);
	put_values(f, b, ret_why);
	str_putf(ret_either, "%s%s", name, port ? ":" : is);
	put_values(f, a, ret_either);
	str_putc(ret_either, ',');
	put_values(f, b, ret_either);
}

const char *filter_missing_number(const struct filter *f, enum row_kind kind, enum row_kind *ret_has)
{
	const struct field *field;
	size_t i;
	int k;

	for (i = 0; !filter_empty(f) && i < f->terms.n; i++) {
		field = &f->terms.v[i].field;
		if (!field->name || !field->row || field->of[kind])
			continue;
		for (k = ROWS_PORT; k < ROWS_N - 1 && !field->of[k]; k++)
			;
		*ret_has = (enum row_kind)k;
		return field->name;
	}
	return NULL;
}

bool filter_clash(const struct filter *f, struct str *ret_why, struct str *ret_either)
{
	const struct term *a, *b;
	const struct node *root;
	uint32_t i, k;

	if (filter_empty(f))
		return false;
	root = &f->nodes.v[f->root];
	if (root->kind != NODE_AND)
		return false;
	for (i = root->child; i != NONE; i = f->nodes.v[i].next) {
		if (f->nodes.v[i].kind != NODE_TERM)
			continue;
		a = &f->terms.v[f->nodes.v[i].child];
		for (k = f->nodes.v[i].next; k != NONE; k = f->nodes.v[k].next) {
			b = &f->terms.v[f->nodes.v[k].child];
			if (f->nodes.v[k].kind == NODE_TERM && clash(f, a, b)) {
				say(f, a, b, ret_why, ret_either);
				return true;
			}
		}
	}
	return false;
}
