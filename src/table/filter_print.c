/* What a filter says about itself: its canonical text, and what it needs from the source. */
#include "filter_private.h"
#include <string.h>
#include <strings.h>

static const char *const op_signs[] = {"=", "!=", "<", ">", "<=", ">=", "~", "!~"};

static void print_quoted(struct str *out, const char *s, size_t n)
{
	size_t i;

	str_putc(out, '"');
	for (i = 0; i < n; i++) {
		if (s[i] == '"' || s[i] == '\\')
			str_putc(out, '\\');
		str_putc(out, s[i]);
	}
	str_putc(out, '"');
}

/* Would this text, bare, be read as itself? */
static bool plain_value(const char *s, size_t n)
{
	size_t i;

	if (n && strchr("=<>~!", *s)) /* would run into the operator */
		return false;
	for (i = 0; i < n; i++)
		if (strchr(" \t\n\r\v\f()\",", s[i]))
			return false;
	return n > 0;
}

static bool plain_word(const char *s, size_t n)
{
	static const char *const words[] = {"or", "and", "not", "eq", "ne",
					    "lt", "gt",  "le",  "ge", "exclude"};
	struct field field;
	char word[64];
	size_t i;

	if (!n || n >= sizeof(word))
		return false;
	memcpy(word, s, n);
	word[n] = '\0';
	if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_", *s) ||
	    strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789.-") != n)
		return false;
	for (i = 0; i < ARRAY_LEN(words); i++)
		if (!strcasecmp(word, words[i]))
			return false;
	return state_by_name(word) < 0 && proto_by_name(word) < 0 && !field_find(word, &field);
}

static void print_term(const struct filter *f, const struct term *t, struct str *out)
{
	const struct alt *a;
	const char *s;
	uint32_t i;

	if (t->field.name) {
		str_puts(out, t->field.name);
		str_puts(out, op_signs[t->op]);
	}
	for (i = 0; i < t->alt_n; i++) {
		a = &f->alts.v[t->alt + i];
		s = str_text(&f->texts) + a->text;
		if (i)
			str_putc(out, ',');
		if (a->form == ALT_NONE)
			str_puts(out, "none");
		else if (!a->quoted && (t->field.name ? plain_value(s, a->text_n) : plain_word(s, a->text_n)))
			str_put(out, s, a->text_n);
		else
			print_quoted(out, s, a->text_n);
	}
}

static void print_node(const struct filter *f, uint32_t node, struct str *out, bool inside)
{
	const struct node *n = &f->nodes.v[node];
	bool parens = inside && (n->kind == NODE_OR || n->kind == NODE_AND);
	uint32_t i;

	switch ((enum node_kind)n->kind) {
	case NODE_TERM:
		print_term(f, &f->terms.v[n->child], out);
		return;
	case NODE_NOT:
		str_puts(out, "not ");
		print_node(f, n->child, out, true);
		return;
	case NODE_AND:
	case NODE_OR:
		if (parens)
			str_putc(out, '(');
		for (i = n->child; i != NONE; i = f->nodes.v[i].next) {
			if (i != n->child)
				str_puts(out, n->kind == NODE_OR ? " or " : " ");
			/* Only an `or` inside an `and` needs parentheses; the other way it binds by itself. */
			print_node(f, i, out, n->kind == NODE_AND);
		}
		if (parens)
			str_putc(out, ')');
		return;
	}
}

void filter_print(const struct filter *f, struct str *out)
{
	if (!filter_empty(f))
		print_node(f, f->root, out, false);
}

static uint32_t states_of(const struct filter *f, uint32_t node)
{
	const struct node *n = &f->nodes.v[node];
	const struct term *t;
	uint32_t set, i;

	switch ((enum node_kind)n->kind) {
	case NODE_TERM:
		t = &f->terms.v[n->child];
		if (!t->field.name || strcmp(t->field.name, "state") != 0 ||
		    (t->op != OP_EQ && t->op != OP_NE))
			return STATES_ALL;
		for (set = i = 0; i < t->alt_n; i++)
			set |= (uint32_t)f->alts.v[t->alt + i].u;
		return t->op == OP_EQ ? set & STATES_ALL : STATES_ALL & ~set;
	case NODE_NOT:
		t = f->nodes.v[n->child].kind == NODE_TERM ? &f->terms.v[f->nodes.v[n->child].child] : NULL;
		if (!t || !t->field.name || strcmp(t->field.name, "state") != 0 ||
		    (t->op != OP_EQ && t->op != OP_NE))
			return STATES_ALL;
		return STATES_ALL & ~states_of(f, n->child);
	case NODE_AND:
		set = STATES_ALL;
		for (i = n->child; i != NONE; i = f->nodes.v[i].next)
			set &= states_of(f, i);
		return set;
	case NODE_OR:
		set = 0;
		for (i = n->child; i != NONE; i = f->nodes.v[i].next)
			set |= states_of(f, i);
		return set;
	}
	return STATES_ALL;
}

uint32_t filter_states(const struct filter *f)
{
	return filter_empty(f) ? STATES_ALL : states_of(f, f->root);
}

void filter_want(const struct filter *f, struct want *want)
{
	size_t i;

	if (filter_empty(f))
		return;
	for (i = 0; i < f->terms.n; i++)
		want->attrs |= f->terms.v[i].field.name ? f->terms.v[i].field.attrs : (uint32_t)WANT_OWNERS;
	/* Listeners tell the direction of others, and cost nearly nothing. */
	want->states |= filter_states(f) | STATE_BIT(STATE_LISTENING);
}
