/* The binding table: the one place where keys, actions and their help stand. The help screen, the
 * hint line, the config and the man page are made from it. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ui;
enum binding_group { GROUP_MOVE, GROUP_VIEWS, GROUP_FIND, GROUP_ACT, GROUP_ARRANGE, GROUP_N };
extern const char *const binding_group_titles[GROUP_N];
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
const struct binding *binding_find(uint32_t key, uint8_t where); /* NULL */
/* What an unbound key is told: "no nice value here". Never NULL. */
const char *binding_unbound_text(uint32_t key);
