/* The binding table: the one place where a key, its action and the words about it stand. */
#include "sockeye/view/binding.h"
#include "sockeye/base/mem.h"
#include "sockeye/view/key.h"
#include "ui_actions.h"
#include <string.h>

const char *const binding_group_titles[GROUP_N] = {
	[GROUP_MOVE] = "MOVE",       [GROUP_VIEWS] = "VIEWS",
	[GROUP_FIND] = "FIND",       [GROUP_ACT] = "ACT  on the tagged rows, else this one",
	[GROUP_ARRANGE] = "ARRANGE",
};

#define ANY WHERE_ANY
#define TABLE WHERE_TABLE
#define PAGE WHERE_PAGE
/* Neighbours with the same help share a line of the help screen. A hint's order: the smaller the longer it
 * stays on a narrow screen. clang-format off keeps this a table. */
/* clang-format off */
const struct binding binding_table[] = {
	/* action          keys             help                         hint       group          where  order where */
	{"row_up",         "Up k",          "row",                       NULL,      GROUP_MOVE,    ANY,   0, 0, act_row_up},
	{"row_down",       "Down j",        "row",                       NULL,      GROUP_MOVE,    ANY,   0, 0, act_row_down},
	{"page_up",        "PgUp ^B",       "page",                      NULL,      GROUP_MOVE,    ANY,   0, 0, act_page_up},
	{"page_down",      "PgDn ^F",       "page",                      NULL,      GROUP_MOVE,    ANY,   0, 0, act_page_down},
	{"half_up",        "^U",            "half page",                 NULL,      GROUP_MOVE,    ANY,   0, 0, act_half_up},
	{"half_down",      "^D",            "half page",                 NULL,      GROUP_MOVE,    ANY,   0, 0, act_half_down},
	{"first",          "Home g",        "first, last",               NULL,      GROUP_MOVE,    ANY,   0, 0, act_first},
	{"last",           "End G",         "first, last",               NULL,      GROUP_MOVE,    ANY,   0, 0, act_last},
	{"left",           "Left",          "fold, or more columns",     NULL,      GROUP_MOVE,    ANY,   0, 0, act_left},
	{"right",          "Right",         "fold, or more columns",     NULL,      GROUP_MOVE,    ANY,   0, 0, act_right},

	{"back",           "Esc Backspace", "back, then unfilter",       "back",    GROUP_VIEWS,   ANY,   2, PAGE, act_back},
	{"open",           "Enter",         "open",                      "open",    GROUP_VIEWS,   ANY,   4, 0, act_open},
	{"view_1",         "1",             "views",                     NULL,      GROUP_VIEWS,   TABLE, 0, 0, act_view_1},
	{"view_2",         "2",             "views",                     NULL,      GROUP_VIEWS,   TABLE, 0, 0, act_view_2},
	{"view_3",         "3",             "views",                     NULL,      GROUP_VIEWS,   TABLE, 0, 0, act_view_3},
	{"next",           "Tab",           "next view or section",      "section", GROUP_VIEWS,   ANY,   6, PAGE, act_next},
	{"prev",           "S-Tab",         "next view or section",      NULL,      GROUP_VIEWS,   ANY,   0, 0, act_prev},

	{"filter",         "/ F4",          "filter",                    "filter",  GROUP_FIND,    TABLE, 5, 0, act_filter},
	{"filter_port",    ":",             "port",                      "port",    GROUP_FIND,    TABLE, 7, 0, act_filter_port},
	{"filter_row",     "=",             "filter by this row",        "by row",  GROUP_FIND,    TABLE, 11, 0, act_filter_row},
	{"findings",       "!",             "findings only",             "findings", GROUP_FIND,   TABLE, 8, 0, act_findings},
	{"toggle_tcp",     "t",             "tcp udp listening all",     NULL,      GROUP_FIND,    TABLE, 0, 0, act_toggle_tcp},
	{"toggle_udp",     "u",             "tcp udp listening all",     NULL,      GROUP_FIND,    TABLE, 0, 0, act_toggle_udp},
	{"toggle_listen",  "l",             "tcp udp listening all",     NULL,      GROUP_FIND,    TABLE, 0, 0, act_toggle_listen},
	{"toggle_all",     "a",             "tcp udp listening all",     NULL,      GROUP_FIND,    TABLE, 0, 0, act_toggle_all},
	{"search",         "\\ F3",         "search",                    NULL,      GROUP_FIND,    TABLE, 0, 0, act_search},
	{"search_next",    "n",             "next, previous",            NULL,      GROUP_FIND,    TABLE, 0, 0, act_search_next},
	{"search_prev",    "N",             "next, previous",            NULL,      GROUP_FIND,    TABLE, 0, 0, act_search_prev},

	{"kill",           "K F9",          "kill: process",             "kill",    GROUP_ACT,     ANY,   3, 0, act_kill},
	{"tag",            "Space",         "tag and go down, untag all", "tag",    GROUP_ACT,     TABLE, 9, 0, act_tag},
	{"untag_all",      "U",             "tag and go down, untag all", NULL,     GROUP_ACT,     TABLE, 0, 0, act_untag_all},

	{"sort_menu",      "s F6 . ,",      "sort by",                   "sort",    GROUP_ARRANGE, TABLE, 6, 0, act_sort_menu},
	{"sort_left",      "<",             "sort by next column",       NULL,      GROUP_ARRANGE, TABLE, 0, 0, act_sort_left},
	{"sort_right",     ">",             "sort by next column",       NULL,      GROUP_ARRANGE, TABLE, 0, 0, act_sort_right},
	{"reverse",        "r I R",         "reverse",                   NULL,      GROUP_ARRANGE, TABLE, 0, 0, act_reverse},
	{"detail",         "v",             "detail beside, below, off", "detail",  GROUP_ARRANGE, TABLE, 10, 0, act_detail},
	{"raw_numbers",    "H",             "raw numbers",               NULL,      GROUP_ARRANGE, ANY,   0, 0, act_raw_numbers},
	{"follow",         "F",             "order live or held",        NULL,      GROUP_ARRANGE, TABLE, 0, 0, act_follow},
	{"pause",          "p Z",           "pause",                     NULL,      GROUP_ARRANGE, ANY,   0, 0, act_pause},
	{"slower",         "+",             "slower, faster",            NULL,      GROUP_ARRANGE, ANY,   0, 0, act_slower},
	{"faster",         "-",             "slower, faster",            NULL,      GROUP_ARRANGE, ANY,   0, 0, act_faster},
	{"redraw",         "^L",            "redraw, suspend",           NULL,      GROUP_ARRANGE, ANY,   0, 0, act_redraw},
	{"suspend",        "^Z",            "redraw, suspend",           NULL,      GROUP_ARRANGE, ANY,   0, 0, act_suspend},

	{"help",           "? F1 h",        "help",                      "help",    GROUP_VIEWS,   ANY,   1, 0, act_help},
	{"back_or_quit",   "q",             "back, then quit",           "quit",    GROUP_VIEWS,   ANY,   2, TABLE, act_back_or_quit},
	{"quit",           "Q F10 ^C",      "quit",                      NULL,      GROUP_VIEWS,   ANY,   0, 0, act_quit},
};
/* clang-format on */
const size_t binding_table_n = ARRAY_LEN(binding_table);

/* What people try out of habit, and what it is here. */
static const struct {
	const char *keys;
	const char *text;
} unbound_table[] = {
	{"4 5 6 7 8 9 0", "`:` finds a port; views are 1 to 3"},
	{"1 2 3", "`:` finds a port; views change at the top, Esc goes there"},
	{"F7 F8", "no nice value here: sockets have none; `K` sends a signal"},
	{"F5 b *", "no tree and no groups here; `s` sorts, `/` narrows"},
	{"F2 c C", "the columns follow the width; a wider terminal shows more"},
	{"x", "closing one connection is not in this version; `K` ends the process that holds it"},
	{"w", "no bind check in this version; `:` and the number shows who holds a port"},
	{"y Y e", "nothing is copied or exported here; `sockeye list` prints the same rows"},
	{"m", "no marks in this version; `Space` tags rows"},
	{"D", "host names are not looked up"},
	{"S", "no summary page; line 1 counts by state"},
	{"W", "settings are not saved; options: sockeye --help"},
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

const struct binding *binding_find(uint32_t key, uint8_t where)
{
	for (size_t i = 0; i < binding_table_n; i++) {
		uint32_t codes[BINDING_KEYS_MAX];
		size_t n = binding_keys(&binding_table[i], codes);

		if (!(binding_table[i].where & where))
			continue;
		for (size_t j = 0; j < n; j++)
			if (codes[j] == key)
				return &binding_table[i];
	}
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
