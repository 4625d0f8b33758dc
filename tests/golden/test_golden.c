/* Golden screens: keys go in, the canvas is compared with a file that a person has looked at. */
#include "golden.h"
#include "sockeye/base/text.h"
#include <errno.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define S UINT64_C(1000000000)
#define MS UINT64_C(1000000)

enum flag { ASCII = 1 << 0, USER = 1 << 1, READ_ONLY = 1 << 2, SSH = 1 << 3 };
/* keys: names as key_parse knows them, separated by blanks; beside them
 *   frame      one second later, the same sockets
 *   busy       one second later, other ones are busy
 *   wait:MS    time passes without a frame
 *   size:WxH   the terminal changes
 *   click:Y,X  double:Y,X  wheel:up wheel:down
 *   "text      each of its characters */
struct golden_case {
	const char *name;
	void (*world)(struct fixture *x);
	int w, h;
	const char *keys;
	unsigned flags;
};

static const struct golden_case cases[] = {
	{"ports_80x24", world_web1, 80, 24, "", 0},
	{"ports_80x24_row_443", world_web1, 80, 24, "Down Down Down Down Down Down Down Down", 0},
	{"ports_140x40", world_web1, 140, 40, "", 0},
	{"ports_140x40_detail_443", world_web1, 140, 40, "Down Down Down Down Down Down Down Down wait:200",
	 0},
	{"ports_140x40_detail_off", world_web1, 140, 40, "v v", 0},
	{"ports_100x40_detail_below", world_web1, 100, 40, "v", 0},
	{"ports_200x50", world_web1, 200, 50, "", 0},
	{"ports_60x20", world_web1, 60, 20, "", 0},
	{"ports_40x10", world_web1, 40, 10, "", 0},
	{"ports_20x5", world_web1, 20, 5, "", 0},
	{"ports_19x5", world_web1, 19, 5, "", 0},
	{"ports_1x1", world_web1, 1, 1, "Down / 8 Enter K", 0},
	{"ports_ascii_80x24", world_web1, 80, 24, "", ASCII},
	{"ports_ascii_40x10", world_web1, 40, 10, "", ASCII},
	{"ports_ascii_140x40", world_web1, 140, 40, "", ASCII},
	{"ports_no_frame", NULL, 80, 24, "", 0},
	{"ports_empty", world_empty, 80, 24, "", 0},
	{"ports_scrolled", world_web1, 80, 12, "PgDn Down Down frame", 0},
	{"ports_right", world_web1, 80, 24, "Right Right", 0},
	{"ports_tagged", world_web1, 80, 24, "Space Space Down Space frame", 0},
	{"ports_all", world_web1, 80, 30, "a wait:6000", 0},
	{"ports_findings", world_web1, 80, 24, "!", 0},
	{"ports_sort_conns", world_web1, 80, 24, "> > > > > >", 0},
	{"ports_sort_reverse", world_web1, 80, 24, "r", 0},
	{"ports_raw", world_web1, 80, 24, "H wait:6000", 0},
	{"ports_namespaces", world_namespaces, 80, 26, "", 0},
	{"ports_namespaces_140", world_namespaces, 140, 26, "v v", 0},
	{"ports_hostile", world_hostile, 80, 34, "", 0},
	{"ports_hostile_ascii", world_hostile, 80, 34, "", ASCII},
	{"ports_hostile_140", world_hostile, 140, 40, "End wait:200", 0},
	{"ports_wide", world_wide, 80, 12, "Down", 0},
	{"ports_wide_40", world_wide, 40, 10, "Down", 0},
	{"ports_unprivileged", world_unprivileged, 80, 24, "", USER},
	{"ports_unprivileged_later", world_unprivileged, 80, 24, "wait:6000", USER},
	{"ports_unprivileged_40", world_unprivileged, 40, 10, "wait:6000", USER},
	{"ports_unprivileged_140", world_unprivileged, 140, 24, "wait:6000", USER},
	{"ports_read_only", world_web1, 80, 24, "K", READ_ONLY},
	{"read_only_hints", world_web1, 80, 24, "", READ_ONLY},
	{"read_only_page", world_web1, 80, 24, "Enter x", READ_ONLY},
	{"ports_paused", world_web1, 80, 24, "p wait:42000", 0},
	{"ports_interval", world_web1, 80, 24, "+ +", 0},
	{"ports_unbound", world_web1, 80, 24, "F7", 0},
	{"ports_digit", world_web1, 80, 24, "8", 0},
	{"ports_click", world_web1, 80, 24, "click:7,10", 0},
	{"ports_click_head", world_web1, 80, 24, "click:2,20", 0},
	{"ports_click_view", world_web1, 80, 24, "click:1,14", 0},
	{"ports_wheel", world_web1, 80, 24, "wheel:down wheel:down", 0},

	{"filter_ok", world_web1, 80, 24, "/ \"nginx", 0},
	{"filter_kept", world_web1, 80, 24, "/ \"nginx Enter frame", 0},
	{"filter_kept_connections", world_web1, 80, 24, "/ \"nginx Enter 2 frame", 0},
	{"filter_error", world_web1, 80, 24, "/ \"tcp Space \"proces=nginx", 0},
	{"filter_error_tab", world_web1, 80, 24, "/ \"tcp Space \"proces=nginx Tab", 0},
	{"filter_unfinished", world_web1, 80, 24, "/ \"tcp Space \"age_s>", 0},
	{"filter_fields_ranked", world_web1, 80, 24, "/ \"sta", 0},
	{"filter_offers", world_web1, 80, 24, "/ \"tcp Space \"pro", 0},
	{"filter_offers_40", world_web1, 40, 10, "/ \"pro", 0},
	{"filter_offers_tab", world_web1, 80, 24, "/ \"tcp Space \"pro Tab", 0},
	{"filter_offers_140x40", world_web1, 140, 40, "2 / \"s", 0},
	{"filter_values", world_web1, 80, 24, "2 / \"process=", 0},
	{"filter_error_ascii_40x10", world_web1, 40, 10, "/ \"tcp Space \"proces=nginx", ASCII},
	{"filter_values_prefix", world_web1, 80, 24, "2 / \"process=n", 0},
	{"filter_values_tab", world_web1, 80, 24, "2 / \"process= Tab Tab", 0},
	{"filter_values_list", world_web1, 80, 24, "/ \"proto=tcp,u Tab", ASCII},
	{"filter_values_40x10", world_web1, 40, 10, "/ \"unit=", 0},
	{"filter_values_hostile", world_hostile, 80, 24, "2 / \"process=", 0},
	{"filter_values_many", world_many, 80, 24, "2 / \"process= wait:200", 0},
	{"filter_history", world_web1, 80, 24, "/ \"node Enter / ^U \"nginx Enter / ^U Up Up", 0},
	{"filter_port", world_web1, 80, 24, ": \"443", 0},
	{"filter_port_none", world_web1, 80, 24, ": \"9999 Enter", 0},
	{"filter_nothing", world_web1, 80, 24, "/ \"process=ngnix Enter", 0},
	{"filter_clash", world_web1, 80, 24, "/ \":443 Space \":22 Enter", 0},
	{"filter_left_out", world_web1, 80, 24, "2 / \"state=listening Enter", 0},
	{"filter_number_of_others", world_web1, 80, 24, "/ \"fds>1000 Enter", 0},
	{"filter_escape", world_web1, 80, 24, "/ \"nginx Esc", 0},
	{"filter_udp", world_web1, 80, 24, "u", 0},
	{"filter_40", world_web1, 40, 10, "/ \"proces=nginx", 0},
	{"filter_paste", world_web1, 80, 24, "/ PasteBegin \"node PasteEnd", 0},
	{"filter_paste_lines", world_web1, 80, 24,
	 "/ PasteBegin Enter \"node Enter Tab ^C Esc \"tcp ^U Enter PasteEnd \"x", 0},
	{"paste_ignored", world_web1, 80, 24, "PasteBegin \"Kq PasteEnd", 0},
	{"row_menu", world_web1, 80, 24, "Down Down =", 0},
	{"row_menu_chosen", world_web1, 80, 24, "Down Down = Enter", 0},
	{"search", world_web1, 80, 24, "\\ \"node Enter n", 0},
	{"sort_menu", world_web1, 80, 24, "s", 0},
	{"sort_menu_40", world_web1, 40, 10, "s Down Down Down Down Down Down Down Down Down", 0},
	{"sort_menu_several", world_web1, 80, 24, "s Down Enter s Down Down Down Down Down Space", 0},

	{"group_menu", world_web1, 80, 24, "2 b", 0},
	{"group_unit", world_web1, 80, 24, "2 b \"jjjj Enter", 0},
	{"group_open", world_web1, 80, 24, "2 b \"jjj Enter Right Down", 0},
	{"group_all", world_web1, 80, 24, "3 *", 0},
	{"group_ascii_40x10", world_web1, 40, 10, "3 Down Right", ASCII},
	{"group_unit_140x40", world_web1, 140, 40, "b Down Down Down Enter * frame", 0},
	{"group_none", world_web1, 80, 24, "3 b Home Enter", 0},
	{"summary_80x24", world_web1, 80, 24, "S", 0},
	{"summary_filter", world_web1, 80, 24, "/ \"node Enter S", 0},
	{"summary_40x10", world_web1, 40, 10, "S Down Down", 0},
	{"summary_namespaces", world_namespaces, 80, 40, "S", ASCII},
	{"summary_closed", world_web1, 80, 24, "S S", 0},
	{"names_dns", world_web1, 80, 24, "2 D frame wait:6000", 0},
	{"names_dns_raw", world_web1, 80, 24, "2 D frame H wait:6000", 0},
	{"names_dns_off", world_web1, 80, 24, "2 D frame D", 0},
	{"you", world_web1, 80, 12, "2 / \"sshd Enter frame", SSH},
	{"you_dns_ascii", world_web1, 80, 12, "2 / \"sshd Enter D frame", SSH | ASCII},
	{"columns_80x24", world_web1, 80, 24, "c", 0},
	{"columns_cursor", world_web1, 80, 24, "c End Up Up", 0},
	{"columns_hide", world_web1, 80, 24, "c Down Space Down Down Down Space Enter", 0},
	{"columns_show", world_web1, 80, 24, "c / \"rx Enter Space Enter", 0},
	{"columns_move", world_web1, 80, 24, "c Down Down Down < < < Enter", 0},
	{"columns_escape", world_web1, 80, 24, "c Space > Down Space Esc", 0},
	{"columns_default", world_web1, 80, 24, "c Down Space > r Enter", 0},
	{"columns_find", world_web1, 80, 24, "c / \"inod", 0},
	{"columns_connections_140x40", world_web1, 140, 40, "2 c / \"cook Enter Space", 0},
	{"columns_40x10", world_web1, 40, 10, "c Down Down Down Space", 0},
	{"columns_ascii", world_web1, 80, 24, "2 c Down Space", ASCII},
	{"copy_row", world_web1, 80, 24, "Down Down y", 0},
	{"copy_command", world_web1, 80, 24, "2 / \"state=close-wait Enter s End Enter Y", 0},
	{"export_prompt", world_web1, 80, 24, "e", 0},
	{"export_wrong", world_web1, 80, 24, "e ^U \"ports Enter", 0},
	{"export_exists", world_web1, 80, 24, "e ^U \"old.csv Enter", 0},
	{"export_no", world_web1, 80, 24, "e ^U \"old.csv Enter n", 0},
	{"export_done", world_web1, 80, 24, "e ^U \"old.csv Enter y", 0},
	{"export_read_only", world_web1, 80, 24, "e", READ_ONLY},

	{"connections_80x24", world_web1, 80, 24, "2", 0},
	{"connections_80x24_held", world_web1, 80, 24, "2 Down Down busy", 0},
	{"connections_140x40", world_web1, 140, 40, "2", 0},
	{"connections_140x40_detail_off", world_web1, 140, 40, "2 v v", 0},
	{"connections_40x10", world_web1, 40, 10, "2", 0},
	{"connections_listening", world_web1, 80, 30, "2 l wait:6000", 0},
	{"connections_empty", world_empty, 80, 24, "2", 0},
	{"connections_many", world_many, 80, 24, "2 End frame", 0},
	{"connections_hostile_ascii", world_hostile, 80, 24, "2", ASCII},
	{"processes_80x24", world_web1, 80, 24, "3", 0},
	{"processes_140x40", world_web1, 140, 40, "3", 0},
	{"processes_40x10", world_web1, 40, 10, "3", 0},
	{"processes_empty", world_empty, 80, 24, "3", 0},

	{"page_port_80x24", world_web1, 80, 24, ": \"443 Enter Enter", 0},
	{"page_port_ascii_40x10", world_web1, 40, 10, ": \"443 Enter Enter", ASCII},
	{"page_port_ascii", world_web1, 80, 24, ": \"443 Enter Enter", ASCII},
	{"page_port_140x40", world_web1, 140, 40, ": \"443 Enter Enter", 0},
	{"page_port_40x10", world_web1, 40, 10, ": \"443 Enter Enter", 0},
	{"page_port_120x40", world_web1, 120, 40, ": \"443 Enter Enter frame", 0},
	{"page_port_forward", world_web1, 80, 24, ": \"5432 Enter Enter", 0},
	{"page_port_forward_40", world_web1, 40, 14, ": \"5432 Enter Enter", ASCII},
	{"page_port_namespace", world_web1, 80, 40, ": \"5432 Enter Down Enter", 0},
	{"page_port_hostile", world_hostile, 80, 24, ": \"16663 Enter Enter", 0},
	{"page_port_end", world_web1, 80, 24, ": \"443 Enter Enter End frame", 0},
	{"page_process_80x24", world_web1, 80, 24, "3 / \"node Enter Enter frame", 0},
	{"page_process_140x40", world_web1, 140, 40, "3 / \"node Enter Enter frame", 0},
	{"page_process_40x10", world_web1, 40, 10, "3 / \"node Enter Enter frame", 0},
	{"page_process_120x40", world_web1, 120, 40, "3 / \"node Enter Enter frame", 0},
	{"page_process_ascii", world_web1, 80, 30, "3 / \"pid=30555 Enter Enter frame", ASCII},
	{"page_process_hostile", world_hostile, 80, 24, "3 / \"pid=16662 Enter Enter frame", 0},
	{"page_process_kernel", world_web1, 80, 24, "3 / \"2049 Enter Enter frame", 0},
	{"page_connection_80x24", world_web1, 80, 24, "2 / \"node Enter Enter", 0},
	{"page_connection_ascii", world_web1, 80, 24, "2 / \"node Enter Enter", ASCII},
	{"page_connection_40x10", world_web1, 40, 10, "2 / \"node Enter Enter End", 0},
	{"page_connection_60x40", world_web1, 60, 40, "2 / \"node Enter Enter", 0},
	{"page_connection_140x40", world_web1, 140, 40, "2 / \"node Enter Enter", 0},
	{"page_connection_here", world_web1, 80, 30, "2 / \"lport=3000 Enter Down Enter Down Down", 0},
	{"page_connection_unaccepted", world_web1, 80, 30, "2 / \"owner_reason=unaccepted Enter Enter", 0},
	{"page_connection_stuck", world_web1, 80, 30, "2 / \"retrans>2 Enter Enter", 0},
	{"page_connection_close_wait", world_web1, 80, 30, "2 / \"close-wait Enter Enter", 0},
	{"page_connection_waits", world_web1, 80, 24, "2 / \"time-wait Enter Enter", 0},
	{"page_connection_hostile", world_hostile, 120, 40, "2 l / \"port=16661 Enter Enter", 0},
	{"page_deep_80x24", world_web1, 80, 24, ": \"443 Enter Enter Tab Enter", 0},
	{"page_back", world_web1, 80, 24, ": \"8080 Enter Enter Esc", 0},
	{"page_key_of_tables", world_web1, 80, 24, "Enter s", 0},
	{"page_digit", world_web1, 80, 24, "Enter 8", 0},

	{"why_80x24", world_web1, 80, 24, ": \"443 Enter w wait:100", 0},
	{"why_40x10", world_web1, 40, 10, ": \"443 Enter w wait:100", 0},
	{"why_140x40", world_web1, 140, 40, ": \"443 Enter w wait:100 frame", 0},
	{"why_asking", world_web1, 80, 12, ": \"443 Enter w wait:99", 0},
	{"why_once_more", world_web1, 80, 12, ": \"443 Enter w wait:100 w wait:20", ASCII},
	{"why_nobody", world_web1, 80, 24, ": \"9999 Enter w wait:100", 0},
	{"why_walk", world_web1, 80, 24, ": \"443 Enter w wait:100 Down Enter w", 0},
	{"why_left", world_web1, 80, 12, ": \"443 Enter w Esc wait:200", 0},
	{"why_several", world_web1, 80, 12, "3 / \"node Enter w", 0},
	{"why_copy", world_web1, 80, 24, ": \"443 Enter w wait:100 Y", 0},
	{"help_80x24", world_web1, 80, 24, "?", 0},
	{"help_140x40", world_web1, 140, 40, "?", 0},
	{"help_40x10", world_web1, 40, 10, "?", 0},
	{"help_ascii", world_web1, 80, 24, "?", ASCII},
	{"help_filters", world_web1, 80, 24, "? 2", 0},
	{"help_search", world_web1, 80, 24, "? / \"conn", 0},
	{"help_search_kept", world_web1, 80, 24, "? / \"copy Enter", 0},
	{"help_search_none", world_web1, 40, 10, "? / \"xyzzy", 0},
	{"help_search_over", world_web1, 80, 24, "? / \"copy Enter Esc", 0},
	{"help_columns", world_web1, 80, 24, "? Tab Tab", 0},

	{"kill_80x24", world_web1, 80, 24, ": \"8080 Enter K", 0},
	{"kill_140x40", world_web1, 140, 40, ": \"8080 Enter K", 0},
	{"kill_40x10", world_web1, 40, 10, ": \"8080 Enter K", 0},
	{"kill_ascii", world_web1, 80, 24, ": \"8080 Enter K", ASCII},
	{"kill_other_signal", world_web1, 80, 24, ": \"8080 Enter K Down Down", 0},
	{"kill_escape", world_web1, 80, 24, ": \"8080 Enter K Esc", 0},
	{"kill_sent", world_web1, 80, 24, ": \"8080 Enter K Enter wait:90", 0},
	{"kill_taken_again", world_web1, 80, 24, ": \"8080 Enter K Enter wait:5200", 0},
	{"kill_many_holders", world_web1, 80, 24, ": \"443 Enter K", 0},
	{"kill_many_holders_40x10", world_web1, 40, 10, ": \"443 Enter K", 0},
	{"kill_tagged_40x10", world_web1, 40, 10, "Space Space Space K", 0},
	{"kill_kernel", world_web1, 80, 24, ": \"2049 Enter K", 0},
	{"kill_tagged", world_web1, 80, 24, "Space Space K", 0},
};

struct run {
	struct fixture x;
	struct golden_host h;
	struct ui_host host;
	struct ui *u;
	struct canvas c;
	uint64_t now;
	bool has_frames;
};

static void draw(struct run *r)
{
	uint64_t netns;
	const struct sock *s = ui_showing(r->u, &netns);

	if (s) {
		struct shown shown = fixture_shown(&r->x, netns, s->cookie);

		ui_shown(r->u, &shown);
	}
	ui_draw(r->u, &r->c);
}

static void frame(struct run *r)
{
	const struct frame *f;

	if (!r->has_frames || ui_paused(r->u))
		return;
	f = fixture_apply(&r->x, 1);
	r->now = f->boot_ns;
	ui_frame(r->u, f, r->now);
}

static void press(struct run *r, struct key k)
{
	ui_key(r->u, &k, r->now);
	draw(r); /* as the program does: what is drawn decides where clicks go and what fits */
}

static void press_text(struct run *r, const char *s)
{
	uint32_t cp;
	size_t n;

	for (; (n = utf8_decode(s, strlen(s), &cp)) != 0; s += n)
		press(r, (struct key){.code = cp});
}

static void play_one(struct run *r, const char *word)
{
	struct key k = {0};
	unsigned ms;
	int y, x;

	if (!strcmp(word, "frame")) {
		frame(r);
	} else if (!strcmp(word, "busy")) { /* other sockets are busy now */
		for (uint32_t i = 0; i < r->x.snap.socks.n; i++)
			fixture_rate(&r->x, i, i * 7919u % 100000u, i * 104729u % 50000u);
		frame(r);
	} else if (sscanf(word, "wait:%u", &ms) == 1) {
		r->now += ms * MS;
		ui_tick(r->u, r->now);
	} else if (sscanf(word, "size:%dx%d", &x, &y) == 2) {
		ui_resize(r->u, x, y);
		canvas_resize(&r->c, x, y);
	} else if (sscanf(word, "click:%d,%d", &y, &x) == 2) {
		press(r, (struct key){.code = KEY_MOUSE_, .mouse = MOUSE_CLICK, .y = y, .x = x});
	} else if (sscanf(word, "double:%d,%d", &y, &x) == 2) {
		press(r, (struct key){.code = KEY_MOUSE_, .mouse = MOUSE_DOUBLE, .y = y, .x = x});
	} else if (!strcmp(word, "wheel:up") || !strcmp(word, "wheel:down")) {
		k.code = KEY_MOUSE_;
		k.mouse = word[6] == 'u' ? MOUSE_WHEEL_UP : MOUSE_WHEEL_DOWN;
		press(r, k);
	} else if (word[0] == '"') {
		press_text(r, word + 1);
	} else {
		if (key_parse(word, &k.code) < 0)
			fail_msg("no key \"%s\"", word);
		press(r, k);
	}
	draw(r);
}

static void play(struct run *r, const char *keys)
{
	char *copy = strdup(keys), *save = NULL;

	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
		play_one(r, w);
	free(copy);
}

static void run_init(struct run *r, void (*world)(struct fixture *x), int w, int h, unsigned flags)
{
	static const char *const names[] = {"TERM", "INT", "HUP", "KILL"};
	static const int numbers[] = {15, 2, 1, 9};
	static const char *const help[] = {"ask to end", "as ^C", "often: reload", "no clean-up"};
	struct ui_opts o = {
		.host_name = "web-1",
		.user_name = flags & USER ? "deploy" : "root",
		.root = !(flags & USER),
		.ascii = flags & ASCII,
		.read_only = flags & READ_ONLY,
		.interval_ns = S,
		.view = 0,
		.signals_names = names,
		.signals = numbers,
		.signals_n = 4,
		.signals_help = help,
	};
	static struct kill_you you;
	char err[200];

	memset(&you, 0, sizeof(you));
	kill_you_read(&you, flags & SSH ? "10.0.0.9 60022 10.0.0.5 22" : NULL);
	o.you = &you;
	memset(r, 0, sizeof(*r));
	fixture_init(&r->x);
	r->now = r->x.boot_ns;
	r->h.now = &r->now;
	r->h.file = "old.csv";
	r->host = golden_host_of(&r->h);
	assert_int_equal(ui_new(&o, &r->host, r->x.services, &r->u, err, sizeof(err)), 0);
	canvas_init(&r->c);
	canvas_resize(&r->c, w, h);
	ui_resize(r->u, w, h);
	r->has_frames = world != NULL;
	if (world) {
		world(&r->x); /* has looked before: the next frame has rates */
		r->x.snap.memory = (struct snap_memory){
			.known = true,
			.page_bytes = 4096,
			.orphans = 3,
			.orphans_max = 65536,
			.time_wait_max = 65536,
			.tcp_pages = 90000,
			.tcp_mem = {60000, 80000, 120000},
			.udp_pages = 12,
			.udp_mem = {120000, 160000, 240000},
		};
		frame(r);
	}
	draw(r);
}

static void run_done(struct run *r)
{
	ui_free(r->u);
	golden_host_done(&r->h);
	canvas_done(&r->c);
	fixture_done(&r->x);
}

static char *read_file(const char *path)
{
	struct str s = {0};
	char buf[4096];
	FILE *f = fopen(path, "r");
	size_t n;

	if (!f)
		return NULL;
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		str_put(&s, buf, n);
	fclose(f);
	return str_take(&s);
}

static size_t line_len(const char *s)
{
	return strcspn(s, "\n");
}

/* Line by line: screens keep their lines in place. */
static void print_diff(const char *want, const char *got)
{
	for (unsigned line = 1; *want || *got; line++) {
		size_t a = line_len(want), b = line_len(got);

		if (a != b || memcmp(want, got, a))
			fprintf(stderr, "%3u -%.*s|\n    +%.*s|\n", line, (int)a, want, (int)b, got);
		want += a + (want[a] == '\n');
		got += b + (got[b] == '\n');
	}
}

static bool check(const struct golden_case *g)
{
	struct run r;
	struct str got = {0};
	char path[1024];
	char *want;
	bool ok;

	run_init(&r, g->world, g->w, g->h, g->flags);
	play(&r, g->keys);
	draw(&r);
	canvas_dump(&r.c, &got);
	snprintf(path, sizeof(path), "%s/%s.txt", GOLDEN_DIR, g->name);
	if (getenv("UPDATE_GOLDEN")) {
		FILE *f = fopen(path, "w");

		assert_non_null(f);
		fwrite(got.s, 1, got.n, f);
		assert_int_equal(fclose(f), 0);
	}
	want = read_file(path);
	ok = want && !strcmp(want, str_text(&got));
	if (!ok) {
		fprintf(stderr, "screen %s differs from %s\n", g->name, path);
		print_diff(want ? want : "", str_text(&got));
	}
	free(want);
	str_done(&got);
	run_done(&r);
	return ok;
}

static void test_screens(void **state)
{
	const char *only = getenv("GOLDEN_CASE");
	unsigned wrong = 0;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (!only || !strcmp(only, cases[i].name))
			wrong += !check(&cases[i]);
	if (wrong)
		fail_msg("%u screens differ; UPDATE_GOLDEN=1 writes them anew", wrong);
}

/* No line may be longer than the canvas, whatever the names are: counted in cells by the dump's styles. */
static void check_canvas(const struct canvas *c)
{
	for (int y = 0; y < c->h; y++)
		for (int x = 0; x < c->w; x++) {
			const struct cell *cell = &c->cells[y * c->w + x];
			unsigned char b = (unsigned char)cell->glyph[0];

			assert_true(b == 0 || b >= 0x20);
			assert_true(b != 0x7f);
			if (b == 0) { /* a right half has its left half */
				assert_true(x > 0);
				assert_int_equal(text_width(c->cells[y * c->w + x - 1].glyph), 2);
			}
		}
}

static void test_resize_storm(void **state)
{
	static const char *const keys[] = {"Down", "2",    "3",    "v",   "Enter", "?",   "Esc",
					   "Esc",  "/",    "\"x=", "Esc", "s",     "End", "Esc",
					   "K",    "Down", "Esc",  "1",   "=",     "Esc"};
	struct run r;
	unsigned seed = 1;

	run_init(&r, world_hostile, 80, 24, 0);
	for (unsigned i = 0; i < 400; i++) {
		int w, h;

		seed = seed * 1103515245u + 12345u;
		w = (int)(seed >> 16) % 150;
		seed = seed * 1103515245u + 12345u;
		h = (int)(seed >> 16) % 45;
		canvas_resize(&r.c, w, h);
		ui_resize(r.u, w, h);
		draw(&r);
		check_canvas(&r.c);
		play_one(&r, keys[i % (sizeof(keys) / sizeof(keys[0]))]);
		check_canvas(&r.c);
		if (i % 7 == 0)
			frame(&r);
		if (i % 11 == 0)
			ui_tick(r.u, r.now += 150 * MS);
		draw(&r);
		check_canvas(&r.c);
	}
	assert_true(ui_deadline(r.u) > 0);
	run_done(&r);
}

/* Every size up to 90×30 in every kind of screen. */
static void test_all_sizes(void **state)
{
	static const char *const screens[] = {"",        "2",
					      "3",       "Enter",
					      "2 Enter", "3 Enter",
					      "?",       "s",
					      "/ \"a=",  "K",
					      "c",       "c / \"x",
					      "S",       "b",
					      "e",       "2 / \"process=",
					      "/ \"p",   "2 b Down Enter *"};

	for (size_t i = 0; i < sizeof(screens) / sizeof(screens[0]); i++) {
		struct run r;

		run_init(&r, world_hostile, 80, 24, i % 2 ? ASCII : 0);
		play(&r, screens[i]);
		for (int w = 0; w <= 90; w += 3)
			for (int h = 0; h <= 30; h += 3) {
				canvas_resize(&r.c, w, h);
				ui_resize(r.u, w, h);
				draw(&r);
				check_canvas(&r.c);
			}
		run_done(&r);
	}
}

/* The selected row stays on its screen line while values change and the user does not move. */
static void test_selected_row_stays(void **state)
{
	struct run r;
	struct cell before[80];

	run_init(&r, world_many, 80, 24, 0);
	play(&r, "2 Down Down Down Down");
	memcpy(before, r.c.cells + 7 * 80, sizeof(before));
	assert_true(before[20].reverse);
	play(&r, "busy");
	for (int x = 2; x < 61; x++) /* up to PID: what the row is, not how busy */
		assert_string_equal(r.c.cells[7 * 80 + x].glyph, before[x].glyph);
	assert_true(r.c.cells[7 * 80 + 20].reverse);
	run_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_screens),
		cmocka_unit_test(test_resize_storm),
		cmocka_unit_test(test_all_sizes),
		cmocka_unit_test(test_selected_row_stays),
	};

	setenv("TZ", "UTC", 1); /* times of day are local */
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return 77; /* without it wide characters have no width */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
