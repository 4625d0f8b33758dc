/* The binding table: the one place where keys, actions and their help stand. The help screen, the
 * hint line, the config and the man page are made from it. */
#pragma once
#include "sockeye/base/str.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ui;
enum binding_group { KEYS_MOVE, KEYS_VIEWS, KEYS_FIND, KEYS_ACT, KEYS_ARRANGE, KEYS_N };
extern const char *const binding_group_titles[KEYS_N];
enum binding_where { /* where it works, as bits */
		     WHERE_TABLE = 1 << 0,
		     WHERE_PAGE = 1 << 1,
		     WHERE_ANY = WHERE_TABLE | WHERE_PAGE,
};
struct binding {
	const char *action; /* config name: "row_down" */
	const char *keys; /* default keys, separated by a space: "Down j" */
	const char *help; /* "row" "kill: process" — the help screen's words */
	const char *hint; /* word for the hint line, NULL: not there */
	uint8_t group, where;
	uint8_t hint_order; /* the smaller the longer it stays when the line is narrow */
	uint8_t hint_where; /* where the hint stands, of where it works; 0: everywhere there */
	void (*run)(struct ui *u, uint32_t key);
};
#define BINDING_KEYS_MAX 8
/* The codes of a binding's keys, in order. */
size_t binding_keys(const struct binding *b, uint32_t ret[BINDING_KEYS_MAX]);
extern const struct binding binding_table[];
extern const size_t binding_table_n;
const struct binding *binding_by_action(const char *action); /* NULL */

/* The keys in force: the table's, or a user's in their place. Only read after it was made. */
struct keymap_row {
	uint32_t codes[BINDING_KEYS_MAX];
	uint8_t n;
	bool own; /* the user's */
	uint32_t
		lost; /* the last key it had, which the user gave to another action; 0: that did not happen */
};
struct keymap {
	struct keymap_row *rows; /* owned; parallel to binding_table */
};
void keymap_init(struct keymap *m); /* the table's keys */
void keymap_done(struct keymap *m);
/* Gives an action these keys ("K F9", "none"). They are taken from actions that still have the table's. 0; -ENOENT
 * no such action, -EINVAL no such key, -EEXIST another action was given one of them: with a sentence in err. */
int keymap_set(struct keymap *m, const char *action, const char *keys, char *err, size_t err_n);
/* "q is kill's now: back_or_quit has no key" of an action that is left without any because all of its keys were given
 * to others. False: there is none. */
bool keymap_conflict(const struct keymap *m, const struct binding *b, struct str *out);
const struct binding *keymap_find(const struct keymap *m, uint32_t key, uint8_t where); /* NULL */
size_t keymap_keys(const struct keymap *m, const struct binding *b, uint32_t ret[BINDING_KEYS_MAX]);
void keymap_print(const struct keymap *m, const struct binding *b,
		  struct str *out); /* as keymap_set takes it */

/* What an unbound key is told: "no nice value here". Never NULL. */
const char *binding_unbound_text(uint32_t key);
