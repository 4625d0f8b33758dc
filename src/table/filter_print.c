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

void print_value(const struct field *f, const struct value *v, struct str *out)
{
	static const char suffix[] = ".service";
	char buf[VALUE_BUF];
	uint32_t n;
	const char *s;

	if (f->kind == KIND_ID || f->kind == KIND_BOOL) {
		if (f->kind == KIND_BOOL)
			str_puts(out, v->i ? "yes" : "no");
		else
			str_put_i64(out, v->i);
		return;
	}
	s = value_text(v, f->kind, buf, &n);
	if (f->many == MANY_UNIT && n >= sizeof(suffix) &&
	    !memcmp(s + n - (sizeof(suffix) - 1), suffix, sizeof(suffix) - 1))
		n -= (uint32_t)sizeof(suffix) - 1;
	if (plain_value(s, n) && !(n == 4 && !strncasecmp(s, "none", 4)))
		str_put(out, s, n);
	else
		print_quoted(out, s, n);
}

static bool plain_word(const char *s, size_t n)
{
	static const char *const words[] = {"or", "and", "not", "eq",  "ne",  "lt",     "gt",
					    "le", "ge",  "neq", "leq", "geq", "exclude"};
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

void print_alts(const struct filter *f, const struct term *t, struct str *out)
{
	const struct alt *a;
	const char *s;
	uint32_t i;

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

static void print_term(const struct filter *f, const struct term *t, struct str *out)
{
	if (t->field.name) {
		str_puts(out, t->field.name);
		str_puts(out, op_signs[t->op]);
	}
	print_alts(f, t, out);
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

/* What a match can be in or of, as a set of bits, told by the terms about one field. */
struct subject {
	const char *field, *second; /* second: another field that tells of it; NULL: none */
	uint32_t all;
	uint32_t (*alt)(const struct filter *f, const struct term *t, const struct alt *a);
};

static uint32_t alt_states(const struct filter *f, const struct term *t, const struct alt *a)
{
	return (uint32_t)a->u;
}

/* Families that are a protocol of their own have its name; the internet's two say nothing about it. */
static uint32_t alt_protos(const struct filter *f, const struct term *t, const struct alt *a)
{
	char name[16] = "";
	int proto;

	if (a->text_n < sizeof(name))
		memcpy(name, str_text(&f->texts) + a->text, a->text_n);
	proto = proto_by_name(name);
	if (proto < 0 && !strcmp(t->field.name, "family"))
		return t->op == OP_EQ ? PROTOS_ALL : 0;
	return proto < 0 ? 0 : PROTO_BIT(proto);
}

static const struct subject states = {"state", NULL, STATES_ALL, alt_states};
static const struct subject protos = {"proto", "family", PROTOS_ALL, alt_protos};

/* What a term alone allows; false when it says nothing about that. */
static bool term_set(const struct filter *f, const struct term *t, const struct subject *s, uint32_t *ret)
{
	bool second = t->field.name && s->second && !strcmp(t->field.name, s->second);
	uint32_t set = 0, i;

	if (!t->field.name || (strcmp(t->field.name, s->field) != 0 && !second) ||
	    (t->op != OP_EQ && t->op != OP_NE))
		return false;
	for (i = 0; i < t->alt_n; i++)
		set |= s->alt(f, t, &f->alts.v[t->alt + i]);
	*ret = s->all & (t->op == OP_EQ ? set : ~set);
	return true;
}

static uint32_t set_of(const struct filter *f, enum row_kind kind, uint32_t node, const struct subject *s)
{
	const struct node *n = &f->nodes.v[node], *child;
	uint32_t set, i;

	if (n->about[kind] != ABOUT_SOCKS && n->kind != NODE_AND)
		return s->all; /* judged on rows, which count every socket */
	switch ((enum node_kind)n->kind) {
	case NODE_TERM:
		return term_set(f, &f->terms.v[n->child], s, &set) ? set : s->all;
	case NODE_NOT:
		child = &f->nodes.v[n->child];
		if (child->kind == NODE_TERM && term_set(f, &f->terms.v[child->child], s, &set) &&
		    !strcmp(f->terms.v[child->child].field.name, s->field))
			return s->all & ~set;
		return s->all;
	case NODE_AND:
		for (set = s->all, i = n->child; i != NONE; i = f->nodes.v[i].next)
			set &= set_of(f, kind, i, s);
		return set;
	case NODE_OR:
		for (set = 0, i = n->child; i != NONE; i = f->nodes.v[i].next)
			set |= set_of(f, kind, i, s);
		return set;
	}
	return s->all;
}

uint32_t filter_states_for(const struct filter *f, enum row_kind kind)
{
	return filter_empty(f) ? states.all : set_of(f, kind, f->root, &states);
}

uint32_t filter_states(const struct filter *f)
{
	return filter_states_for(f, ROWS_SOCK);
}

static uint32_t named_of(const struct filter *f, uint32_t node)
{
	const struct node *n = &f->nodes.v[node];
	uint32_t set = 0, i;

	switch ((enum node_kind)n->kind) {
	case NODE_TERM:
		if (f->terms.v[n->child].op != OP_EQ || !term_set(f, &f->terms.v[n->child], &protos, &set))
			return 0;
		return set == PROTOS_ALL ? 0 : set;
	case NODE_NOT:
		return 0;
	case NODE_AND:
	case NODE_OR:
		for (i = n->child; i != NONE; i = f->nodes.v[i].next)
			set |= named_of(f, i);
		return set;
	}
	return 0;
}

uint32_t filter_protos_for(const struct filter *f, enum row_kind kind, uint32_t usual)
{
	if (filter_empty(f))
		return usual;
	return set_of(f, kind, f->root, &protos) & (usual | named_of(f, f->root));
}

uint32_t filter_protos_of(const struct filter *f, uint32_t usual)
{
	return filter_protos_for(f, ROWS_SOCK, usual);
}

bool filter_needs_limit(const struct filter *f, const struct limit *l)
{
	int proto = strcmp(l->reason, "not-supported") ? -1 : proto_by_name(l->what);

	if (!strcmp(l->what, "owner-scan")) /* by which way owners were found hides no row */
		return false;
	return proto < 0 || filter_protos_of(f, 0) & PROTO_BIT(proto);
}

void filter_want_for(const struct filter *f, enum row_kind kind, struct want *want)
{
	const struct field *field;
	size_t i;

	if (filter_empty(f))
		return;
	for (i = 0; i < f->terms.n; i++) {
		field = &f->terms.v[i].field;
		want->attrs |= field->name ? field->attrs : (uint32_t)WANT_OWNERS;
		want->attrs |= field->of[kind] ? field->of[kind]->attrs : 0;
	}
	/* Listeners tell the direction of others, and cost nearly nothing. */
	want->states |= STATES_AND_CALLED(filter_states_for(f, kind));
}

void filter_want(const struct filter *f, struct want *want)
{
	filter_want_for(f, ROWS_SOCK, want);
}
