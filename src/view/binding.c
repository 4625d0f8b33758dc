/* The binding table: the one place where a key, its action and the words about it stand. */
#include "sockeye/view/binding.h"
#include "sockeye/base/mem.h"
#include "sockeye/view/key.h"
#include "ui_actions.h"
#include <string.h>

const char *const binding_group_titles[KEYS_N] = {
	[KEYS_MOVE] = "MOVE",       [KEYS_VIEWS] = "VIEWS",
	[KEYS_FIND] = "FIND",       [KEYS_ACT] = "ACT  on the tagged rows, else this one",
	[KEYS_ARRANGE] = "ARRANGE",
};

#define ANY WHERE_ANY
#define TABLE WHERE_TABLE
#define PAGE WHERE_PAGE
/* Neighbours with the same help share a line of the help screen. A hint's order: the smaller the longer it
 * stays on a narrow screen. clang-format off keeps this a table. */
/* clang-format off */
const struct binding binding_table[] = {
	/* action          keys             help                         hint       group          where  order where */
	{"row_up",         "Up k",          "row",                       NULL,      KEYS_MOVE,    ANY,   0, 0, act_row_up},
	{"row_down",       "Down j",        "row",                       NULL,      KEYS_MOVE,    ANY,   0, 0, act_row_down},
	{"page_up",        "PgUp ^B",       "page",                      NULL,      KEYS_MOVE,    ANY,   0, 0, act_page_up},
	{"page_down",      "PgDn ^F",       "page",                      NULL,      KEYS_MOVE,    ANY,   0, 0, act_page_down},
	{"half_up",        "^U",            "half page",                 NULL,      KEYS_MOVE,    ANY,   0, 0, act_half_up},
	{"half_down",      "^D",            "half page",                 NULL,      KEYS_MOVE,    ANY,   0, 0, act_half_down},
	{"first",          "Home g",        "first, last",               NULL,      KEYS_MOVE,    ANY,   0, 0, act_first},
	{"last",           "End G",         "first, last",               NULL,      KEYS_MOVE,    ANY,   0, 0, act_last},
	{"left",           "Left",          "fold, or more columns",     NULL,      KEYS_MOVE,    ANY,   0, 0, act_left},
	{"right",          "Right",         "fold, or more columns",     NULL,      KEYS_MOVE,    ANY,   0, 0, act_right},

	{"back",           "Esc Backspace", "back, then unfilter",       "back",    KEYS_VIEWS,   ANY,   2, PAGE, act_back},
	{"open",           "Enter",         "open",                      "open",    KEYS_VIEWS,   ANY,   4, 0, act_open},
	{"view_1",         "1",             "views; Tab: sections",                   NULL,      KEYS_VIEWS,   TABLE, 0, 0, act_view_1},
	{"view_2",         "2",             "views; Tab: sections",                   NULL,      KEYS_VIEWS,   TABLE, 0, 0, act_view_2},
	{"view_3",         "3",             "views; Tab: sections",                   NULL,      KEYS_VIEWS,   TABLE, 0, 0, act_view_3},
	{"view_4",         "4",             "views; Tab: sections",                   NULL,      KEYS_VIEWS,   TABLE, 0, 0, act_view_4},
	{"view_5",         "5",             "views; Tab: sections",                   NULL,      KEYS_VIEWS,   TABLE, 0, 0, act_view_5},
	{"view_6",         "6",             "views; Tab: sections",                   NULL,      KEYS_VIEWS,   TABLE, 0, 0, act_view_6},
	{"view_7",         "7",             "views; Tab: sections",                   NULL,      KEYS_VIEWS,   TABLE, 0, 0, act_view_7},
	{"view_8",         "8",             "views; Tab: sections",                   NULL,      KEYS_VIEWS,   TABLE, 0, 0, act_view_8},
	{"view_9",         "9",             "views; Tab: sections",                   NULL,      KEYS_VIEWS,   TABLE, 0, 0, act_view_9},
	{"next",           "Tab",           "views; Tab: sections",      "section", KEYS_VIEWS,   ANY,   6, PAGE, act_next},
	{"prev",           "S-Tab",         "views; Tab: sections",      NULL,      KEYS_VIEWS,   ANY,   0, 0, act_prev},

	{"filter",         "/ F4",          "filter",                    "filter",  KEYS_FIND,    TABLE, 5, 0, act_filter},
	{"filter_port",    ":",             "port",                      "port",    KEYS_FIND,    TABLE, 7, 0, act_filter_port},
	{"filter_row",     "=",             "filter by this row",        "by row",  KEYS_FIND,    TABLE, 11, 0, act_filter_row},
	{"findings",       "!",             "findings only",             "findings", KEYS_FIND,   TABLE, 8, 0, act_findings},
	{"toggle_tcp",     "t",             "tcp udp listening all",     NULL,      KEYS_FIND,    TABLE, 0, 0, act_toggle_tcp},
	{"toggle_udp",     "u",             "tcp udp listening all",     NULL,      KEYS_FIND,    TABLE, 0, 0, act_toggle_udp},
	{"toggle_listen",  "l",             "tcp udp listening all",     NULL,      KEYS_FIND,    TABLE, 0, 0, act_toggle_listen},
	{"toggle_all",     "a",             "tcp udp listening all",     NULL,      KEYS_FIND,    TABLE, 0, 0, act_toggle_all},
	{"search",         "\\ F3",         "search",                    NULL,      KEYS_FIND,    TABLE, 0, 0, act_search},
	{"search_next",    "n",             "next, previous",            NULL,      KEYS_FIND,    TABLE, 0, 0, act_search_next},
	{"search_prev",    "N",             "next, previous",            NULL,      KEYS_FIND,    TABLE, 0, 0, act_search_prev},

	{"kill",           "K F9",          "kill: process, group, unit", "kill",   KEYS_ACT,     ANY,   3, 0, act_kill},
	{"close",          "x",             "close a connection",        "close",   KEYS_ACT,     ANY,   8, PAGE, act_close},
	{"why",            "w",             "why a bind would fail",     "why",     KEYS_ACT,     ANY,   8, 0, act_why},
	{"copy",           "y",             "copy row, copy as command", NULL,      KEYS_ACT,     ANY,   0, 0, act_copy},
	{"copy_command",   "Y",             "copy row, copy as command", NULL,      KEYS_ACT,     ANY,   0, 0, act_copy_command},
	{"export",         "e",             "export what is shown",      NULL,      KEYS_ACT,     TABLE, 0, 0, act_export},
	{"tag",            "Space",         "tag and go down, untag all", "tag",    KEYS_ACT,     TABLE, 9, 0, act_tag},
	{"untag_all",      "U",             "tag and go down, untag all", NULL,     KEYS_ACT,     TABLE, 0, 0, act_untag_all},
	{"mark",           "m",             "mark this moment",          NULL,      KEYS_ACT,     ANY,   0, 0, act_mark},

	{"sort_menu",      "s F6 . ,",      "sort by",                   "sort",    KEYS_ARRANGE, TABLE, 6, 0, act_sort_menu},
	{"sort_left",      "<",             "sort by next column",       NULL,      KEYS_ARRANGE, TABLE, 0, 0, act_sort_left},
	{"sort_right",     ">",             "sort by next column",       NULL,      KEYS_ARRANGE, TABLE, 0, 0, act_sort_right},
	{"reverse",        "r I R",         "reverse",                   NULL,      KEYS_ARRANGE, TABLE, 0, 0, act_reverse},
	{"group_by",       "b F5",          "group by, fold all",        "group",   KEYS_ARRANGE, TABLE, 12, 0, act_group_by},
	{"fold_all",       "*",             "group by, fold all",        NULL,      KEYS_ARRANGE, TABLE, 0, 0, act_fold_all},
	{"columns",        "c C F2",         "columns",                   "columns", KEYS_ARRANGE, TABLE, 12, 0, act_columns},
	{"detail",         "v",             "detail beside, below, off", "detail",  KEYS_ARRANGE, TABLE, 13, 0, act_detail},
	{"raw_numbers",    "H",             "raw numbers",               NULL,      KEYS_ARRANGE, ANY,   0, 0, act_raw_numbers},
	{"names_dns",      "D",             "host names (DNS)",          NULL,      KEYS_ARRANGE, TABLE, 0, 0, act_names_dns},
	{"follow",         "F",             "order live or held",        NULL,      KEYS_ARRANGE, TABLE, 0, 0, act_follow},
	{"pause",          "p Z",           "pause",                     NULL,      KEYS_ARRANGE, ANY,   0, 0, act_pause},
	{"slower",         "+",             "slower, faster",            NULL,      KEYS_ARRANGE, ANY,   0, 0, act_slower},
	{"faster",         "-",             "slower, faster",            NULL,      KEYS_ARRANGE, ANY,   0, 0, act_faster},
	{"summary",        "S",             "summary by protocol, state", NULL,     KEYS_ARRANGE, ANY, 0, 0, act_summary},
	{"save_settings",  "W",             "keep these settings",       NULL,      KEYS_ARRANGE, TABLE, 0, 0, act_save_settings},
	{"redraw",         "^L",            "redraw, suspend",           NULL,      KEYS_ARRANGE, ANY,   0, 0, act_redraw},
	{"suspend",        "^Z",            "redraw, suspend",           NULL,      KEYS_ARRANGE, ANY,   0, 0, act_suspend},

	{"help",           "? F1 h",        "help",                      "help",    KEYS_VIEWS,   ANY,   1, 0, act_help},
	{"back_or_quit",   "q",             "back, then quit",           "quit",    KEYS_VIEWS,   ANY,   2, TABLE, act_back_or_quit},
	{"quit",           "Q F10 ^C",      "quit",                      NULL,      KEYS_VIEWS,   ANY,   0, 0, act_quit},
};
/* clang-format on */
const size_t binding_table_n = ARRAY_LEN(binding_table);

/* What people try out of habit, and what it is here. */
static const struct {
	const char *keys;
	const char *text;
} unbound_table[] = {
	{"0", "`:` finds a port"},
	{"1 2 3 4 5 6 7 8 9", "`:` finds a port; views change at the top, Esc goes there"},
	{"F7 F8", "no nice value here: sockets have none; `K` sends a signal"},
	{"d", "`-` and `+` change the interval"},
	{"i f", "`/` filters"},
	{"o O", "`s` sorts"},
	{"M P T", "`s` lists what can be sorted by; `<` and `>` change it"},
};

size_t binding_keys(const struct binding *b, uint32_t ret[BINDING_KEYS_MAX])
{
	size_t n = 0;

	for (const char *p = b->keys; *p && n < BINDING_KEYS_MAX;) {
		char name[24];
		size_t len = strcspn(p, " ");

		if (len > 0 && len < sizeof(name)) {
			memcpy(name, p, len);
			name[len] = '\0';
			if (key_parse(name, &ret[n]) == 0)
				n++;
		}
		p += len;
		p += strspn(p, " ");
	}
	return n;
}

const struct binding *binding_by_action(const char *action)
{
	for (size_t i = 0; i < binding_table_n; i++)
		if (!strcmp(binding_table[i].action, action))
			return &binding_table[i];
	return NULL;
}

const char *binding_unbound_text(uint32_t key)
{
	for (size_t i = 0; i < ARRAY_LEN(unbound_table); i++) {
		struct binding as = {.keys = unbound_table[i].keys};
		uint32_t codes[BINDING_KEYS_MAX];
		size_t n = binding_keys(&as, codes);

		for (size_t j = 0; j < n; j++)
			if (codes[j] == key)
				return unbound_table[i].text;
	}
	return "this key does nothing here; `?` lists the keys";
}
