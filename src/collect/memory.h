/* What the kernel's memory accounting says about all sockets together. */
#pragma once
#include "sockeye/model/snapshot.h"
#include <stddef.h>

/* net/ipv4/proc.c: sockstat_seq_show; net.ipv4.tcp_mem, udp_mem, tcp_max_orphans, tcp_max_tw_buckets. What cannot be
 * read stays 0; known when sockstat could be. */
void memory_read(const char *proc_root, struct snap_memory *ret);
/* Pure: the numbers of a sockstat file. */
void memory_parse(const char *text, size_t n, struct snap_memory *ret);
