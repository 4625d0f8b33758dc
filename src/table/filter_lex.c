/* Cuts the text of a filter into tokens, and says where each stood so that an error can point at it. */
#include "filter_private.h"
#include <string.h>
#include <strings.h>

void lexer_init(struct lexer *l, const char *text)
{
	*l = (struct lexer){.text = text};
}

void lexer_done(struct lexer *l)
{
	str_done(&l->word);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}

/* Reads an operator made of signs at s; its length, 0: none. */
static size_t sign_op(const char *s, uint8_t *ret_op)
{
	static const struct {
		const char *sign;
		uint8_t op;
	} table[] = {{"!=", OP_NE}, {"!~", OP_NOMATCH}, {"<=", OP_LE}, {">=", OP_GE},  {"==", OP_EQ},
		     {"=", OP_EQ},  {"<", OP_LT},       {">", OP_GT},  {"~", OP_MATCH}};
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		if (strncmp(s, table[i].sign, strlen(table[i].sign)) != 0)
			continue;
		*ret_op = table[i].op;
		return strlen(table[i].sign);
	}
	return 0;
}

bool word_op(const char *word, uint8_t *ret_op)
{
	static const struct {
		const char *word;
		uint8_t op;
	} table[] = {{"eq", OP_EQ}, {"ne", OP_NE},  {"lt", OP_LT},  {"gt", OP_GT}, {"le", OP_LE},
		     {"ge", OP_GE}, {"neq", OP_NE}, {"leq", OP_LE}, {"geq", OP_GE}};
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		if (strcasecmp(word, table[i].word) != 0)
			continue;
		*ret_op = table[i].op;
		return true;
	}
	return false;
}

/* Appends what stands between the quotes at *at; \" and \\ are a quote and a backslash. */
static void read_quoted(struct lexer *l, size_t *at, struct str *out)
{
	size_t i = *at + 1;
	const char *s = l->text;

	for (; s[i] && s[i] != '"'; i++) {
		if (s[i] == '\\' && (s[i + 1] == '"' || s[i + 1] == '\\'))
			i++;
		str_putc(out, s[i]);
	}
	if (s[i] == '"') {
		i++;
	} else if (!l->bad_quote) {
		l->bad_quote = true;
		l->start = *at;
	}
	*at = i;
}

void lexer_next(struct lexer *l)
{
	const char *s = l->text;
	size_t n;
	uint8_t op;

	while (is_space(s[l->at]))
		l->at++;
	l->start = l->at;
	str_clear(&l->word);
	if (!s[l->at]) {
		l->token = TOKEN_END;
	} else if (s[l->at] == '(' || s[l->at] == ')') {
		l->token = s[l->at++] == '(' ? TOKEN_OPEN : TOKEN_CLOSE;
	} else if ((n = sign_op(s + l->at, &l->op))) {
		l->token = TOKEN_OP;
		l->at += n;
	} else if (s[l->at] == '!') {
		l->token = TOKEN_NOT;
		l->at++;
	} else if (s[l->at] == '"') {
		l->token = TOKEN_QUOTED;
		read_quoted(l, &l->at, &l->word);
	} else {
		l->token = TOKEN_WORD;
		for (; s[l->at] && !is_space(s[l->at]) && !strchr("()\"", s[l->at]); l->at++) {
			if (sign_op(s + l->at, &op))
				break;
			str_putc(&l->word, s[l->at]);
		}
	}
	l->end = l->at;
}

void lexer_value(struct lexer *l, bool list, struct parts *ret)
{
	const char *s = l->text;
	struct part *p;
	unsigned open = 0;

	vec_clear(&ret->v);
	while (is_space(s[l->at]))
		l->at++;
	l->start = l->at;
	l->token = TOKEN_WORD;
	str_clear(&l->word);
	if (!s[l->at] || s[l->at] == ')') {
		l->end = l->at;
		return; /* no value */
	}
	p = vec_add(&ret->v);
	*p = (struct part){.at = l->at};
	for (; s[l->at] && !is_space(s[l->at]);) {
		if (s[l->at] == '"') {
			p->quoted = true;
			read_quoted(l, &l->at, &l->word);
			continue;
		}
		if (s[l->at] == ')' && !open)
			break;
		if (s[l->at] == ',' && list && !open) {
			p->n = l->at - p->at;
			p->text_n = (uint32_t)l->word.n - p->text;
			l->at++;
			p = vec_add(&ret->v);
			*p = (struct part){.at = l->at, .text = (uint32_t)l->word.n};
			continue;
		}
		if (s[l->at] == '(')
			open++;
		if (s[l->at] == ')')
			open--;
		str_putc(&l->word, s[l->at++]);
	}
	p->n = l->at - p->at;
	p->text_n = (uint32_t)l->word.n - p->text;
	l->end = l->at;
}
