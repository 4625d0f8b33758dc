/* Pure parsers of texts under /proc/PID, beside proc_stat_parse() of the public header. */
#pragma once
#include "sockeye/base/proclink.h"
#include "sockeye/collect/procread.h"
#include <stddef.h>
#include <stdint.h>

/* The process's cgroup from the n bytes of /proc/PID/cgroup: the "0::" line, on version 1 and hybrid hosts
 * (where that line is missing or says "/") the name=systemd one, else memory. Borrowed from buf; the
 * mark " (deleted)" is left out. 0 or -EBADMSG. */
int proc_cgroup_parse(const char *buf, size_t n, const char **ret_path, size_t *ret_n);
/* The soft limit of "Max open files" from the n bytes of /proc/PID/limits; 0 for unlimited. 0 or -EBADMSG. */
int proc_limits_parse(const char *buf, size_t n, uint32_t *ret_files);
/* Digits only, 1..2^31-1; 0 when the name is no pid. */
uint32_t proc_pid_name(const char *s);
/* Reads at most size bytes of the file name below the directory. The length, or a negative errno. */
int proc_file_read(int dir_fd, const char *name, char *buf, size_t size);
