/* Reads the filter language into a tree. Whatever is wrong is told with its place, what was expected, and
 * the nearest name. */
#include "filter_parse.h"
#include "filter_private.h"
#include "sockeye/base/text.h"
#include "sockeye/base/units.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DEPTH_MAX 64 /* of parentheses */

bool parse_fail(struct parser *p, size_t at, size_t len, const char *mend, const char *fmt, ...)
{
	va_list ap;

	if (p->failed)
		return false;
	p->failed = true;
	p->err->at = at;
	p->err->len = len;
	p->err->unfinished = false;
	snprintf(p->err->mend, sizeof(p->err->mend), "%s", mend ? mend : "");
	va_start(ap, fmt);
	vsnprintf(p->err->text, sizeof(p->err->text), fmt, ap);
	va_end(ap);
	return false;
}

/* After an error that something is missing: where the text ends it may still come. */
static bool unfinished(struct parser *p, bool failed)
{
	p->err->unfinished = p->lex.token != TOKEN_CLOSE && !p->lex.text[p->lex.at];
	return failed;
}

/* The user's own words inside a message: safe and short. */
const char *parse_quote(struct parser *p, const char *s, size_t n)
{
	struct str safe = {0};

	text_put_cell(&safe, s, n, false, 256);
	str_clear(&p->said);
	text_put_clip(&p->said, str_text(&safe), 40, "…");
	str_done(&safe);
	return str_text(&p->said);
}

static bool next(struct parser *p)
{
	lexer_next(&p->lex);
	if (p->lex.bad_quote)
		return unfinished(p, parse_fail(p, p->lex.start, 1, NULL, "the quote is not closed"));
	return true;
}

static bool is_word(const struct parser *p, const char *word)
{
	return p->lex.token == TOKEN_WORD && !strcasecmp(str_text(&p->lex.word), word);
}

/* ss's users write signs. */
static bool is_or(const struct parser *p)
{
	return is_word(p, "or") || is_word(p, "||") || is_word(p, "|");
}

static bool is_and(const struct parser *p)
{
	return is_word(p, "and") || is_word(p, "&&") || is_word(p, "&");
}

/* Nodes */

static uint32_t add_node(struct filter *f, enum node_kind kind, uint32_t child, const uint8_t about[ROWS_N])
{
	struct node node = {.kind = (uint8_t)kind, .child = child, .next = NONE};

	memcpy(node.about, about, sizeof(node.about));
	memset(node.bit, NO_BIT, sizeof(node.bit));
	vec_push(&f->nodes, node);
	return (uint32_t)f->nodes.n - 1;
}

static uint32_t add_term(struct filter *f, const struct term *t)
{
	uint8_t about[ROWS_N];
	int kind;

	for (kind = 0; kind < ROWS_N; kind++) {
		about[kind] = t->field.row || t->field.of[kind] ? ABOUT_ROWS : ABOUT_SOCKS;
		f->varies |= about[kind] != about[ROWS_SOCK];
	}
	vec_push(&f->terms, *t);
	return add_node(f, NODE_TERM, (uint32_t)f->terms.n - 1, about);
}

/* Children of one AND or OR as they are read; a child of the same kind gives its own children instead. */
struct list {
	uint32_t first, last, n;
	uint8_t about[ROWS_N];
};

static void list_add(struct filter *f, struct list *l, enum node_kind kind, uint32_t node)
{
	uint32_t first = node, last = node, n = 1;

	for (int of = 0; of < ROWS_N; of++)
		l->about[of] |= f->nodes.v[node].about[of];
	if (f->nodes.v[node].kind == kind) {
		first = last = f->nodes.v[node].child;
		while (f->nodes.v[last].next != NONE) {
			last = f->nodes.v[last].next;
			n++;
		}
	}
	if (!l->n)
		l->first = first;
	else
		f->nodes.v[l->last].next = first;
	l->last = last;
	l->n += n;
}

static uint32_t list_done(struct filter *f, struct list *l, enum node_kind kind)
{
	return l->n == 1 ? l->first : add_node(f, kind, l->first, l->about);
}

/* Terms */

static bool no_value(struct parser *p, const struct field *f, size_t at, size_t len)
{
	const char *words[2] = {"", ""}, *word, *after = parse_quote(p, p->lex.text + at, len);
	size_t i, n = 0;

	for (i = 0; n < ARRAY_LEN(words) && (word = field_word(f, i)); i++)
		if (*word)
			words[n++] = word;
	if (n == ARRAY_LEN(words))
		return unfinished(p, parse_fail(p, at, len, NULL, "expected a value after \"%s\": %s, %s, …",
						after, words[0], words[1]));
	return unfinished(p, parse_fail(p, at, len, NULL, "expected a value after \"%s\": %s", after,
					field_expected(f)));
}

static bool field_term(struct parser *p, const char *name, size_t at, size_t len, uint8_t op, size_t op_end,
		       uint32_t *ret)
{
	struct term t = {.op = op};
	const char *near;

	if (!field_find(name, &t.field)) {
		near = field_nearest(name);
		if (near)
			return parse_fail(p, at, len, near, "no field \"%s\"; did you mean %s?",
					  parse_quote(p, name, strlen(name)), near);
		return parse_fail(p, at, len, NULL, "no field \"%s\"; fields are named as columns are",
				  parse_quote(p, name, strlen(name)));
	}
	lexer_value(&p->lex, op == OP_EQ || op == OP_NE, &p->parts);
	if (p->lex.bad_quote)
		return unfinished(p, parse_fail(p, p->lex.start, 1, NULL, "the quote is not closed"));
	if (!p->parts.v.n)
		return no_value(p, &t.field, at, op_end - at);
	if (!parse_values(p, &t))
		return false;
	*ret = add_term(p->f, &t);
	return next(p);
}

/* A term on a field whose value is known already: what a bare word stands for. */
static bool bare_field(struct parser *p, const char *field, const char *value, size_t at, size_t len,
		       uint32_t *ret)
{
	struct str ahead = p->lex.word; /* of the token that comes next, read already */
	struct term t = {.op = OP_EQ};
	struct part *part;
	const char *comma;
	bool ok;

	field_find(field, &t.field);
	vec_clear(&p->parts.v);
	p->lex.word = (struct str){0};
	str_puts(&p->lex.word, value);
	for (;;) {
		comma = strchr(value, ',');
		part = vec_add(&p->parts.v);
		*part = (struct part){.at = at, .n = len};
		part->text = (uint32_t)(p->lex.word.n - strlen(value));
		part->text_n = (uint32_t)(comma ? (size_t)(comma - value) : strlen(value));
		if (!comma)
			break;
		value = comma + 1;
	}
	ok = parse_values(p, &t);
	str_done(&p->lex.word);
	p->lex.word = ahead;
	if (ok)
		*ret = add_term(p->f, &t);
	return ok;
}

/* "80" ":80" "8000-8100" "80,443": digits all through. */
static bool looks_like_ports(const char *s)
{
	const char *start;

	for (;;) {
		s += *s == ':';
		start = s;
		while (*s >= '0' && *s <= '9')
			s++;
		if (s == start)
			return false;
		if (*s == '-') {
			start = ++s;
			while (*s >= '0' && *s <= '9')
				s++;
			if (s == start)
				return false;
		}
		if (!*s)
			return true;
		if (*s++ != ',')
			return false;
	}
}

static void bare_text(struct parser *p, const char *s, size_t n, bool quoted, uint32_t *ret)
{
	struct term t = {.op = OP_EQ, .like_address = true};
	struct alt *a = vec_add(&p->f->alts);
	size_t i;

	*a = (struct alt){
		.form = ALT_TEXT, .quoted = quoted, .text = (uint32_t)p->f->texts.n, .text_n = (uint32_t)n};
	str_put(&p->f->texts, s, n);
	for (i = 0; i < n; i++)
		if (!strchr("0123456789abcdefABCDEF.:", s[i]))
			t.like_address = false;
	t.alt = (uint32_t)p->f->alts.n - 1;
	t.alt_n = 1;
	t.memo = mem_zalloc(1, sizeof(*t.memo));
	if (t.like_address)
		t.memo->addrs = mem_zalloc(MEMO_ADDRS, sizeof(*t.memo->addrs));
	*ret = add_term(p->f, &t);
}

static bool number_kind(uint8_t kind)
{
	return kind == KIND_ID || kind == KIND_COUNT || kind == KIND_SIZE || kind == KIND_RATE ||
	       kind == KIND_DURATION || kind == KIND_MS;
}

/* 8080/tcp as everything here prints it, tcp:8080 as lsof does: two terms. False: the word is none of these. */
static bool port_and_proto(struct parser *p, const char *w, size_t at, size_t len, uint32_t *ret,
			   bool *ret_ok)
{
	char left[32];
	const char *sep = strpbrk(w, "/:"), *proto, *port;
	struct list both = {0};
	uint32_t node = NONE;

	if (!sep || sep == w || !sep[1] || (size_t)(sep - w) >= sizeof(left))
		return false;
	memcpy(left, w, (size_t)(sep - w));
	left[sep - w] = '\0';
	port = *sep == '/' ? left : sep + 1;
	proto = *sep == '/' ? sep + 1 : left;
	if (proto_by_name(proto) < 0 || (*sep == '/' && !looks_like_ports(port)) || strpbrk(port, ":/"))
		return false;
	*ret_ok = bare_field(p, "port", port, at, len, &node);
	if (!*ret_ok)
		return true;
	list_add(p->f, &both, NODE_AND, node);
	*ret_ok = bare_field(p, "proto", proto, at, len, &node);
	list_add(p->f, &both, NODE_AND, node);
	*ret = list_done(p->f, &both, NODE_AND);
	return true;
}

static bool bare_word(struct parser *p, const char *w, size_t at, size_t len, uint32_t *ret)
{
	struct ip_net net;
	struct field field;
	bool ok;

	if (*w == '@' && (!ip_parse_net(w + 1, &net) || (w[1] >= '0' && w[1] <= '9') || w[1] == '['))
		return bare_field(p, "raddr", w + 1, at, len, ret);
	if (looks_like_ports(w) || (*w == ':' && w[1] && !strchr(w + 1, ':')))
		return bare_field(p, "port", w, at, len, ret);
	if (port_and_proto(p, w, at, len, ret, &ok))
		return ok;
	if (!strcasecmp(w, "autobound")) /* ss's word: the kernel chose the port */
		return bare_field(p, "class", "ephemeral", at, len, ret);
	if (state_by_name(w) > 0)
		return bare_field(p, "state", w, at, len, ret);
	if (proto_by_name(w) >= 0)
		return bare_field(p, "proto", w, at, len, ret);
	if (field_find(w, &field) && number_kind(field.kind) && !strcasecmp(w, field.name))
		return parse_fail(p, at, len, NULL,
				  "\"%s\" alone matches nothing; did the shell take the \">\"?", w);
	bare_text(p, w, strlen(w), false, ret);
	return true;
}

/* What ss understands without a sign between: state listening, exclude time-wait, dst 10.0.0.0/8. */
static bool ss_word(const char *w)
{
	static const char *const words[] = {"state", "exclude", "src", "dst", "sport", "dport"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(words); i++)
		if (!strcasecmp(w, words[i]))
			return true;
	return false;
}

/* Likewise, but these may be names, too: only with a word behind them. */
static bool ss_word_before(const struct parser *p, const char *w)
{
	return (!strcasecmp(w, "dev") || !strcasecmp(w, "fwmark") || !strcasecmp(w, "cgroup")) &&
	       p->lex.token == TOKEN_WORD && !is_or(p) && !is_and(p) && !is_word(p, "not");
}

static bool term_of_word(struct parser *p, const char *w, size_t at, size_t len, uint32_t *ret)
{
	bool exclude = !strcasecmp(w, "exclude");
	struct field field;
	uint8_t op = OP_EQ;

	if (!next(p))
		return false;
	if (p->lex.token == TOKEN_OP)
		return field_term(p, w, at, len, p->lex.op, p->lex.end, ret);
	if (p->lex.token == TOKEN_WORD && word_op(str_text(&p->lex.word), &op) && field_find(w, &field))
		return field_term(p, w, at, len, op, p->lex.end, ret);
	if (ss_word(w) || ss_word_before(p, w)) {
		if (p->lex.token != TOKEN_WORD)
			return unfinished(p,
					  parse_fail(p, at, len, NULL, "expected a value after \"%s\"", w));
		p->lex.at = p->lex.start;
		p->ss_state = !strcasecmp(w, "state");
		return field_term(p, exclude ? "state" : w, at, len, exclude ? OP_NE : OP_EQ, at + len, ret);
	}
	return bare_word(p, w, at, len, ret);
}

static bool parse_term(struct parser *p, uint32_t *ret)
{
	size_t at = p->lex.start, len = p->lex.end - p->lex.start;
	struct str word = {0};
	bool ok;

	switch ((enum token)p->lex.token) {
	case TOKEN_QUOTED:
		bare_text(p, str_text(&p->lex.word), p->lex.word.n, true, ret);
		return next(p);
	case TOKEN_WORD:
		if (is_or(p) || is_and(p))
			return parse_fail(p, at, len, NULL, "expected a term before \"%s\"",
					  str_text(&p->lex.word));
		str_put(&word, str_text(&p->lex.word), p->lex.word.n);
		ok = term_of_word(p, str_text(&word), at, len, ret);
		str_done(&word);
		return ok;
	case TOKEN_OP:
		return parse_fail(p, at, len, NULL, "expected a field before \"%.*s\"", (int)len,
				  p->lex.text + at);
	case TOKEN_CLOSE:
		return parse_fail(p, at, len, NULL,
				  p->depth ? "expected a term before \")\""
					   : "\")\" without a \"(\" before it");
	default:
		return parse_fail(p, at, 0, NULL, "expected a term here");
	}
}

static bool parse_or(struct parser *p, uint32_t *ret);

static bool parse_factor(struct parser *p, uint32_t *ret)
{
	bool negate = false;
	uint8_t about[ROWS_N];
	size_t open;

	p->ss_state = false;
	while (p->lex.token == TOKEN_NOT || is_word(p, "not")) {
		negate = !negate;
		if (!next(p))
			return false;
	}
	if (p->lex.token == TOKEN_OPEN) {
		open = p->lex.start;
		if (++p->depth > DEPTH_MAX)
			return parse_fail(p, open, 1, NULL, "parentheses are nested too deep");
		if (!next(p) || !parse_or(p, ret))
			return false;
		if (p->lex.token != TOKEN_CLOSE)
			return unfinished(p, parse_fail(p, open, 1, NULL, "\"(\" is not closed"));
		p->depth--;
		if (!next(p))
			return false;
		p->ss_state = false;
	} else if (!parse_term(p, ret)) {
		return false;
	}
	p->ss_state = p->ss_state && !negate && p->f->nodes.v[*ret].kind == NODE_TERM;
	if (negate) {
		memcpy(about, p->f->nodes.v[*ret].about, sizeof(about));
		if (p->f->nodes.v[*ret].kind == NODE_NOT)
			*ret = p->f->nodes.v[*ret].child;
		else
			*ret = add_node(p->f, NODE_NOT, *ret, about);
	}
	return true;
}

/* "state established state syn-recv": to ss these are the states to show, one more each time; no socket could be in
 * both. The node just read, the last one of all, goes into the one before it. */
static bool join_states(struct filter *f, uint32_t before, uint32_t node)
{
	struct term *a = &f->terms.v[f->nodes.v[before].child], *b = a + 1;

	if (node != before + 1 || node + 1 != f->nodes.n || f->nodes.v[node].child + 1 != f->terms.n ||
	    b != &f->terms.v[f->nodes.v[node].child] || a->alt + a->alt_n != b->alt)
		return false;
	a->alt_n += b->alt_n;
	f->nodes.n--;
	f->terms.n--;
	return true;
}

static bool parse_and(struct parser *p, uint32_t *ret)
{
	struct list l = {0};
	uint32_t node = NONE, before = NONE;

	do {
		if (!parse_factor(p, &node))
			return false;
		if (!p->ss_state || before == NONE || !join_states(p->f, before, node)) {
			list_add(p->f, &l, NODE_AND, node);
			before = p->ss_state ? node : NONE;
		}
		if (is_and(p)) {
			if (!next(p))
				return false;
			if (p->lex.token == TOKEN_END || p->lex.token == TOKEN_CLOSE)
				return unfinished(p, parse_fail(p, p->lex.start, 0, NULL,
								"expected a term after \"and\""));
		}
	} while (p->lex.token != TOKEN_END && p->lex.token != TOKEN_CLOSE && !is_or(p));
	*ret = list_done(p->f, &l, NODE_AND);
	return true;
}

static bool parse_or(struct parser *p, uint32_t *ret)
{
	struct list l = {0};
	uint32_t node = NONE;

	for (;;) {
		if (!parse_and(p, &node))
			return false;
		list_add(p->f, &l, NODE_OR, node);
		if (!is_or(p))
			break;
		if (!next(p))
			return false;
		if (p->lex.token == TOKEN_END || p->lex.token == TOKEN_CLOSE)
			return unfinished(
				p, parse_fail(p, p->lex.start, 0, NULL, "expected a term after \"or\""));
	}
	*ret = list_done(p->f, &l, NODE_OR);
	return true;
}

/* In what asks about sockets and rows at once the parts about sockets alone that stand side by side are one question: is
 * there a socket for which they all hold (one of them, in an `or`)? Each such question gets a bit. */
static bool give_bits(struct parser *p, int kind, uint32_t node)
{
	struct filter *f = p->f;
	bool socks = false;
	uint32_t i;

	if (f->nodes.v[node].about[kind] != (ABOUT_SOCKS | ABOUT_ROWS))
		return true;
	for (i = f->nodes.v[node].child; i != NONE; i = f->nodes.v[i].next) {
		socks |= f->nodes.v[i].about[kind] == ABOUT_SOCKS;
		if (!give_bits(p, kind, i))
			return false;
	}
	if (!socks || (node == f->root && f->nodes.v[node].kind == NODE_AND)) /* the root's are what picks */
		return true;
	if (f->bits_n[kind] == BITS_MAX)
		return parse_fail(p, 0, strlen(f->text), NULL,
				  "more than %d places where terms on sockets stand beside terms on rows",
				  BITS_MAX);
	f->nodes.v[node].bit[kind] = f->bits_n[kind];
	f->bits[kind][f->bits_n[kind]++] = node;
	return true;
}

static bool finish(struct parser *p)
{
	int kind;

	for (kind = 0; kind < ROWS_N && p->f->root != NONE; kind++)
		if (!give_bits(p, kind, p->f->root))
			return false;
	return true;
}

int filter_parse(const char *text, const struct services *services, struct filter **ret,
		 struct filter_error *err)
{
	struct parser p = {.services = services, .err = err, .f = mem_zalloc(1, sizeof(*p.f))};
	bool ok;

	p.f->text = mem_strdup(text);
	p.f->root = NONE;
	p.f->run = mem_zalloc(1, sizeof(*p.f->run));
	p.f->service = column_by_key(ROWS_SOCK, "service");
	lexer_init(&p.lex, p.f->text);
	ok = next(&p);
	if (ok && p.lex.token != TOKEN_END) {
		ok = parse_or(&p, &p.f->root);
		if (ok && p.lex.token != TOKEN_END)
			ok = parse_fail(&p, p.lex.start, p.lex.end - p.lex.start, NULL,
					"\")\" without a \"(\" before it");
	}
	ok = ok && finish(&p);
	lexer_done(&p.lex);
	vec_done(&p.parts.v);
	str_done(&p.said);
	if (!ok) {
		filter_free(p.f);
		return -EINVAL;
	}
	*ret = p.f;
	return 0;
}

void filter_free(struct filter *f)
{
	size_t i;

	if (!f)
		return;
	for (i = 0; i < f->terms.n; i++) {
		if (!f->terms.v[i].memo)
			continue;
		vec_done(&f->terms.v[i].memo->procs);
		free(f->terms.v[i].memo->addrs);
		free(f->terms.v[i].memo);
	}
	for (i = 0; i < f->regexes.n; i++)
		regfree(&f->regexes.v[i]);
	vec_done(&f->regexes);
	vec_done(&f->nodes);
	vec_done(&f->terms);
	vec_done(&f->alts);
	str_done(&f->texts);
	if (f->run) {
		vec_done(&f->run->picked);
		vec_done(&f->run->ports);
		vec_done(&f->run->procs);
	}
	free(f->run);
	free(f->text);
	free(f);
}

const char *filter_text(const struct filter *f)
{
	return f ? f->text : "";
}

bool filter_empty(const struct filter *f)
{
	return !f || f->root == NONE;
}
