/* The inside of a filter: a tree of terms in arrays, made by filter.c, read by filter_eval.c and
 * filter_print.c. */
#pragma once
#include "sockeye/base/mem.h"
#include "sockeye/table/filter.h"
#include <regex.h>

enum op { OP_EQ, OP_NE, OP_LT, OP_GT, OP_LE, OP_GE, OP_MATCH, OP_NOMATCH };

/* What a term can ask about. Most are columns of sockets; some have several values in a socket. */
enum many {
	MANY_NO, /* the column's one value */
	MANY_PORT, /* both ends */
	MANY_ADDR,
	MANY_PROCESS, /* of every owner: */
	MANY_PID,
	MANY_USER,
	MANY_UID,
	MANY_UNIT,
	MANY_CONTAINER,
	MANY_EXE,
	MANY_CMDLINE,
	MANY_START,
	MANY_FINDINGS,
};
struct field {
	const char *name;
	uint8_t kind; /* enum kind */
	uint8_t many; /* enum many */
	bool port; /* numbers of ports: service names are read */
	bool row; /* no socket has it, rows alone do */
	uint32_t attrs; /* enum want_attr */
	const struct column *sock; /* with MANY_NO */
	const struct column
		*of[ROWS_N]; /* the row's own number by that name in each kind of row; NULL: it has none */
};
/* Exact, any case; aliases too (ret->name tells). False when there is no such field. */
bool field_find(const char *name, struct field *ret);
/* The name of a field nearest to this word, NULL. */
const char *field_nearest(const char *word);
/* The i-th word that a WORD field knows, some of them empty; NULL: there are no more. */
const char *field_word(const struct field *f, size_t i);
/* What a value of the field looks like: "443, 8000-8100 or a service name". */
const char *field_expected(const struct field *f);
/* The text after `field=` that means this value; true when it is plain. */
void print_value(const struct field *f, const struct value *v, struct str *out);
/* Do a socket's owners answer, each the same for every socket it has? */
bool field_of_owners(const struct field *f);
/* The i-th value of the field in a socket; false: there are no more. A field without any is null. */
bool field_value(const struct field *f, const struct ctx *c, uint32_t row, unsigned i, struct value *ret);

enum alt_form {
	ALT_NONE, /* none: no value */
	ALT_RANGE, /* lo..hi, numbers */
	ALT_HEX,
	ALT_STATES, /* a set of states */
	ALT_TEXT,
	ALT_NET,
	ALT_ENDPOINT,
	ALT_REGEX,
};
struct alt { /* one of the values after the operator */
	uint8_t form;
	bool quoted; /* was "in quotes": not the word none */
	bool any_port; /* ENDPOINT: whatever port */
	bool any_addr; /* ENDPOINT: whatever address */
	uint32_t text, text_n; /* as typed, without quotes: into filter.texts */
	double lo, hi;
	uint64_t u; /* HEX; the set of STATES; the port of ENDPOINT */
	uint64_t mask; /* HEX: the bits that count */
	struct ip_net net;
	uint32_t regex; /* into filter.regexes */
};
/* Answers given before; true of one frame, see filter_forget(). */
#define MEMO_TEXTS 256
#define MEMO_ADDRS 4096
enum answer { ANSWER_NONE, ANSWER_NULL, ANSWER_NO, ANSWER_YES };
struct addr_answer {
	struct ip ip;
	uint8_t answer; /* enum answer */
};
struct memo {
	const char *s[MEMO_TEXTS]; /* a text is named by its address while the frame lasts */
	bool hit[MEMO_TEXTS];
	VEC(uint8_t) procs; /* by process: what an owner answers; enum answer */
	struct addr_answer *addrs; /* owned; MEMO_ADDRS; NULL: not worth it */
};
struct term {
	struct field field; /* name NULL: bare text, tested against what names a socket */
	uint8_t op; /* enum op */
	bool like_address; /* bare text: could be part of an address */
	uint32_t alt, alt_n; /* into filter.alts */
	struct memo *memo; /* owned; NULL: not worth it */
};
enum node_kind { NODE_AND, NODE_OR, NODE_NOT, NODE_TERM };
#define ABOUT_SOCKS 1u
#define ABOUT_ROWS 2u
struct node {
	uint8_t kind;
	uint8_t about[ROWS_N]; /* by kind of row, ABOUT_SOCKS | ABOUT_ROWS: what the terms below ask about */
	uint8_t bit
		[ROWS_N]; /* of an AND or OR that asks about both: the bit in struct run that stands for those of
			      * its parts that ask about sockets alone; NO_BIT: it has none */
	uint32_t child; /* first child; a term for NODE_TERM */
	uint32_t next; /* next child of the same parent; NONE */
};
#define BITS_MAX 32
#define NO_BIT UINT8_MAX
/* Parts about sockets inside an `or` with parts about rows: which rows have a picked socket that passes. */
struct run {
	const struct frame
		*f; /* borrowed while picking: of this frame are the memos, too. Frames are recycled: */
	uint64_t number, boot_ns;
	uint8_t kind; /* of the rows picked for */
	uint32_t upto; /* sockets asked about so far, from the first on: */
	VEC(uint8_t) picked; /* by socket: what was said */
	VEC(uint32_t) ports, procs; /* bits by row */
};
struct filter {
	char *text; /* owned */
	struct str texts; /* of alts */
	VEC(struct node) nodes;
	VEC(struct term) terms;
	VEC(struct alt) alts;
	VEC(regex_t) regexes;
	uint32_t root; /* NONE: picks everything */
	uint32_t bits[ROWS_N][BITS_MAX]; /* nodes that have a bit */
	uint8_t bits_n[ROWS_N];
	bool varies; /* some term is about the row in one view and about sockets in another */
	bool whole; /* bare words are whole names */
	struct run *run; /* owned; kept between calls of one frame */
	const struct column *service; /* bare texts look into it */
};

/* Tokens */
enum token { TOKEN_END, TOKEN_OPEN, TOKEN_CLOSE, TOKEN_NOT, TOKEN_OP, TOKEN_WORD, TOKEN_QUOTED };
struct lexer {
	const char *text;
	size_t at; /* where the next token is looked for */
	/* The token: */
	uint8_t token; /* enum token */
	uint8_t op; /* enum op */
	size_t start, end; /* its bytes, quotes included */
	struct str word; /* WORD and QUOTED: what it says */
	bool bad_quote; /* a quote that does not end; start tells where */
};
void lexer_init(struct lexer *l, const char *text);
void lexer_done(struct lexer *l);
void lexer_next(struct lexer *l);
/* As lexer_next where a value stands: operators inside belong to it, parentheses too as long as they are
 * closed in it. Sets token WORD (possibly empty), `parts` holds each item of the list a,b,c. */
struct part {
	size_t at, n; /* in the source, quotes included */
	uint32_t text, text_n; /* into word */
	bool quoted;
};
struct parts {
	VEC(struct part) v;
};
void lexer_value(struct lexer *l, bool list, struct parts *ret);
/* As filter_want, filter_states, filter_protos_of for what rows of this kind are made of: a part that is judged on rows may
 * count every socket. */
void filter_want_for(const struct filter *f, enum row_kind kind, struct want *want);
uint32_t filter_states_for(const struct filter *f, enum row_kind kind);
uint32_t filter_protos_for(const struct filter *f, enum row_kind kind, uint32_t usual);
/* The values behind the operator, as they are read back: "80,443". */
void print_alts(const struct filter *f, const struct term *t, struct str *out);
/* Is this word an operator (eq ne gt ge lt le)? */
bool word_op(const char *word, uint8_t *ret_op);

/* Does a socket satisfy a term? The answers kept in its memo are about one frame: filter_forget before the first row. */
bool filter_match_sock(const struct filter *f, const struct term *t, const struct ctx *c, uint32_t row);
/* Likewise a row its number. */
bool filter_match_row(const struct filter *f, const struct term *t, enum row_kind kind, const struct ctx *c,
		      uint32_t row);
void filter_forget(const struct filter *f, const struct frame *fr);
