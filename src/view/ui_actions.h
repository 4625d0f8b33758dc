/* The handlers that the binding table names; each in ui_actions.c. */
#pragma once
#include <stdint.h>

struct ui;
#define ACTION(name) void act_##name(struct ui *u, uint32_t key)
ACTION(row_up);
ACTION(row_down);
ACTION(page_up);
ACTION(page_down);
ACTION(half_up);
ACTION(half_down);
ACTION(first);
ACTION(last);
ACTION(left);
ACTION(right);
ACTION(view_1);
ACTION(view_2);
ACTION(view_3);
ACTION(view_4);
ACTION(view_5);
ACTION(view_6);
ACTION(view_7);
ACTION(view_8);
ACTION(view_9);
ACTION(next);
ACTION(prev);
ACTION(open);
ACTION(back);
ACTION(back_or_quit);
ACTION(quit);
ACTION(help);
ACTION(filter);
ACTION(filter_port);
ACTION(filter_row);
ACTION(findings);
ACTION(toggle_tcp);
ACTION(toggle_udp);
ACTION(toggle_listen);
ACTION(toggle_all);
ACTION(search);
ACTION(search_next);
ACTION(search_prev);
ACTION(kill);
ACTION(close);
ACTION(copy);
ACTION(copy_command);
ACTION(export);
ACTION(tag);
ACTION(untag_all);
ACTION(sort_menu);
ACTION(sort_left);
ACTION(sort_right);
ACTION(reverse);
ACTION(group_by);
ACTION(fold_all);
ACTION(columns);
ACTION(detail);
ACTION(raw_numbers);
ACTION(names_dns);
ACTION(follow);
ACTION(pause);
ACTION(slower);
ACTION(faster);
ACTION(summary);
ACTION(save_settings);
ACTION(redraw);
ACTION(suspend);
#undef ACTION
