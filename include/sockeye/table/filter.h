/* The filter language. Parsed once to a compact form, evaluated without allocation.
 *
 * A filter picks sockets; terms on numbers that the rows of a view have themselves (COL_ROW columns: conns, age_s,
 * rx_rate, …) then pick rows. So the same term may be about the row in one view and about sockets in another: to a
 * process rx_rate is what it receives, to a connection, and to whatever acts on sockets, what this one does. */
#pragma once
#include "sockeye/base/mem.h"
#include "sockeye/base/slice.h"
#include "sockeye/base/str.h"
#include "sockeye/table/column.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct filter;
struct filter_error {
	size_t at, len; /* bytes of the source that are wrong */
	char text[200]; /* `no field "proces"; did you mean process?` — no prefix, no full stop */
	char mend[64]; /* the nearest name, "" if none: Tab puts it in */
	bool unfinished; /* nothing is wrong so far, but the text ends where more has to come */
};
/* 0 and *ret, or -EINVAL and *err (ret untouched). The empty string is a filter that picks everything.
 * services (may be NULL) resolves service names. Free with filter_free. */
int filter_parse(const char *text, const struct services *services, struct filter **ret,
		 struct filter_error *err);
void filter_free(struct filter *f); /* NULL allowed */
const char *filter_text(const struct filter *f); /* as typed */
/* From now on a bare word must be a process's, unit's or container's whole name: for what acts, where a part of a
 * name that somebody else has too would be a mistake. */
void filter_whole_words(struct filter *f);
bool filter_empty(const struct filter *f); /* picks everything; NULL counts as empty */
void filter_print(const struct filter *f, struct str *out); /* canonical; parses to the same */
/* What its terms need from the source, or'ed into *want (attrs; states if it names some: see filter_states). */
void filter_want(const struct filter *f, struct want *want);
/* The states that a match can be in; STATES_ALL when it does not say. */
uint32_t filter_states(const struct filter *f);
/* Every match has such an end, as in want.ends: their number, 0 when the filter does not say. */
uint8_t filter_ends(const struct filter *f, struct want_end ends[WANT_ENDS_MAX]);
/* Does a socket tell by itself whether it matches, now and as long as it and its owners stay what they are: without
 * other sockets, the time, or what was counted since? */
bool filter_plain(const struct filter *f);
/* Does a term ask about this field (by its name, no alias)? NULL: is a bare word among them, which asks about many? */
bool filter_asks(const struct filter *f, const char *field);
/* The protocols to show where these are the usual ones: a match's, out of those and the ones the filter names
 * (proto=unix, family=packet): to say what something is not names nothing. */
uint32_t filter_protos_of(const struct filter *f, uint32_t usual);
/* Is this limit worth a line to people? Not that the kernel lacks a protocol which the filter does not name: hardly
 * any machine has them all, and nobody misses what he did not ask for. */
bool filter_needs_limit(const struct filter *f, const struct limit *l);
/* Sockets from..to-1 (rows of the frame): picked[i] = 1 or 0. In slices, as main likes. */
void filter_socks(const struct filter *f, const struct frame *fr, uint32_t from, uint32_t to,
		  uint8_t *picked);
/* The same for a view of such rows: terms on their own numbers are left to filter_row. */
void filter_socks_for(const struct filter *f, enum row_kind kind, const struct frame *fr, uint32_t from,
		      uint32_t to, uint8_t *picked);
/* What filter_socks said about every socket of this frame, if it was asked and nothing else since: another view, another
 * order need no second pass. False: not known; picked is untouched. filter_late: late texts have arrived, what is known
 * may not be true any more. */
bool filter_picked(const struct filter *f, enum row_kind kind, const struct frame *fr, uint8_t *picked);
void filter_late(const struct filter *f);
/* As filter_socks over the whole frame, for one that does not know everything: 1 also where a term on owners (with
 * owners_unknown) or on the state (with states_unknown) could turn it either way. */
void filter_socks_maybe(const struct filter *f, const struct frame *fr, bool owners_unknown,
			bool states_unknown, uint8_t *picked);
/* Does this row pass the terms on rows' own numbers? tally: recounted over the picked sockets. */
bool filter_row(const struct filter *f, enum row_kind kind, const struct ctx *c, uint32_t row);
bool filter_asks_rows(const struct filter *f,
		      enum row_kind kind); /* has it such terms for rows of this kind? */
bool filter_has_row_terms(const struct filter *f); /* … on numbers that sockets do not have at all? */

/* Do two of its terms side by side ask one thing for different values, so that next to nothing can match? Then appends
 * why ("no socket has both ports 80 and 443") and the term that means either (":80,443"); escaping is the caller's. */
bool filter_clash(const struct filter *f, struct str *ret_why, struct str *ret_either);

/* The first field it asks about that rows of this kind have not, and which rows have it; NULL: there is none. */
const char *filter_missing_number(const struct filter *f, enum row_kind kind, enum row_kind *ret_has);

/* For completion, help and manual: what can be asked about. */
struct filter_field {
	const char *name, *help; /* one line, no full stop */
	const char *values; /* what stands after the operator: "443, 8000-8100 or https" */
	uint8_t kind; /* enum kind */
	uint8_t rows; /* 1 << enum row_kind: these rows have this number of their own; there it picks rows */
	bool sock; /* sockets have it */
	bool many; /* a socket has several values: one that matches will do */
};
/* The i-th field, false: there are no more. Aliases are none of these. */
bool filter_field_at(size_t i, struct filter_field *ret);
/* Has this field values that are worth offering (see filter_values)? Quantities have not. */
bool filter_offers(const struct filter_field *f);
/* The i-th word that the field of this name knows ("listening" of state); NULL: there are no more, or it takes others
 * than words. */
const char *filter_word_at(const char *field, size_t i);
/* The i-th other name of a field, and which; NULL: there are no more. */
const char *filter_alias_at(size_t i, const char **ret_field);

struct table;
struct filter_value {
	const char *text; /* as it is typed behind `field=`; borrowed until the next call */
	uint32_t rows; /* how many rows of the view have it */
};
struct filter_values { /* all zero when empty */
	VEC(struct filter_value) v; /* most rows first */
	uint32_t more; /* further values */
	/* Inside: */
	struct str texts;
	struct filter_counting *counting; /* owned; NULL: nothing is on its way */
};
/* The values of a field among all rows of the table's view in this frame, whatever its filter; those that begin with
 * the prefix (any case), at most `limit`. Overwrites. None for unknown fields and for quantities. */
void filter_values(const struct table *t, const struct frame *f, const char *field, const char *prefix,
		   size_t limit, struct filter_values *ret);
/* The same in slices. begin forgets what is there and what is on its way; until a step says true (also when nothing is on
 * its way) there are no values, and table and frame must live. */
void filter_values_begin(struct filter_values *ret, const struct table *t, const struct frame *f,
			 const char *field, const char *prefix, size_t limit);
bool filter_values_step(struct filter_values *v, const struct slice *slice);
void filter_values_forget(struct filter_values *v); /* none, and nothing on its way */
void filter_values_done(struct filter_values *v);
