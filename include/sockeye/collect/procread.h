/* One read of one fact about one process, for workers (can hang: cmdline) and for action (stat, fd). */
#pragma once
#include "sockeye/base/str.h"
#include <stddef.h>
#include <stdint.h>

struct proc_stat { /* from /proc/PID/stat, parsed from the last ')': the kernel escapes nothing in comm */
	uint32_t pid, ppid, pgrp, session;
	char comm[68]; /* raw bytes */
	size_t comm_n;
	char state;
	uint64_t start, cpu_ticks, rss_pages;
	uint32_t threads;
};
/* Pure: parses n bytes of a stat file. 0 or -EBADMSG. */
int proc_stat_parse(const char *buf, size_t n, struct proc_stat *ret);
/* 0, -ENOENT or -ESRCH when it has gone. */
int proc_stat_read(uint32_t pid, struct proc_stat *ret);
/* Appends the raw bytes (NULs between arguments); at most 64 KiB. Can block for ever on the process's mmap_lock. */
int proc_cmdline_read(uint32_t pid, struct str *out);
/* what: "exe", "cwd". Appends the link's text. 0, -EACCES, -ENOENT. */
int proc_link_read(uint32_t pid, const char *what, struct str *out);
