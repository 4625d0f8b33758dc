/* Inside the parser of filters: its state, and the reading of values (filter_values.c). */
#pragma once
#include "filter_private.h"

struct parser {
	bool ss_state; /* the term read last was "state NAME", as ss writes it */
	struct lexer lex;
	struct parts parts;
	struct filter *f; /* owned until it is handed over */
	const struct services *services; /* borrowed; NULL: none */
	struct filter_error *err; /* borrowed */
	struct str said; /* what parse_quote gave last */
	unsigned depth;
	bool failed;
};
/* Notes the first error. Always false. */
bool parse_fail(struct parser *p, size_t at, size_t len, const char *mend, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
const char *parse_quote(struct parser *p, const char *s, size_t n);
/* Reads p->parts as values of t's field under t's operator; fills t's alts. */
bool parse_values(struct parser *p, struct term *t);
