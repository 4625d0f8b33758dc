/* Lines of /proc/PID/mountinfo (proc(5)), taken apart. Pure. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct mount_line { /* borrowed from the line, not terminated */
	const char *root, *point, *type;
	size_t root_n, point_n, type_n;
};
/* One line without its newline. False: it is none. */
bool mount_line_parse(const char *line, const char *end, struct mount_line *ret);
/* The start of the next line; `end` when this was the last. *ret_eol: where this one ends. */
const char *mount_line_end(const char *line, const char *end, const char **ret_eol);
/* Blank, tab, newline and backslash stand there as three octal digits (fs/proc_namespace.c). An owned string. */
char *mount_unescape(const char *s, size_t n);
