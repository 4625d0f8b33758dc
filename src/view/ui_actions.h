/* The handlers that the binding table names; each in ui_actions.c. */
#pragma once
#include <stdint.h>

struct ui;
#define UI_ACTIONS(X)                                                                                        \
	X(row_up)                                                                                            \
	X(row_down) X(page_up) X(page_down) X(half_up) X(half_down) X(first) X(last) X(left) X(right)        \
		X(view_1) X(view_2) X(view_3) X(next) X(prev) X(open) X(back) X(back_or_quit) X(quit)        \
			X(help) X(filter) X(filter_port) X(filter_row) X(findings) X(toggle_tcp)             \
				X(toggle_udp) X(toggle_listen) X(toggle_all) X(search) X(search_next)        \
					X(search_prev) X(kill) X(tag) X(untag_all) X(sort_menu) X(sort_left) \
						X(sort_right) X(reverse) X(detail) X(raw_numbers) X(follow)  \
							X(pause) X(slower) X(faster) X(redraw) X(suspend)
#define UI_ACTION_DECLARE(name) void act_##name(struct ui *u, uint32_t key);
UI_ACTIONS(UI_ACTION_DECLARE)
#undef UI_ACTION_DECLARE
