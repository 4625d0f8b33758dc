/* /proc/net as a second source, for what sock_diag cannot tell: ping sockets on every kernel, raw ones where
 * the kernel has no raw_diag, TCP and UDP where there is no sock_diag at all. What it lacks (cookies, queue
 * limits, counters, control groups) is not made up. */
#pragma once
#include "sockeye/model/snapshot.h"
#include <stdbool.h>
#include <stddef.h>

enum procnet_file {
	PROCNET_TCP,
	PROCNET_TCP6,
	PROCNET_UDP,
	PROCNET_UDP6,
	PROCNET_UDPLITE,
	PROCNET_UDPLITE6,
	PROCNET_RAW,
	PROCNET_RAW6,
	PROCNET_ICMP,
	PROCNET_ICMP6,
	PROCNET_N
};
/* Files of one network namespace, held open: an open one stays with the namespace it was opened in. */
struct procnet {
	int fd[PROCNET_N]; /* owned; -1: not open */
	int protocols; /* owned: how many sockets of each protocol there are; -1: not open */
};
void procnet_init(struct procnet *p);
void procnet_done(struct procnet *p);
/* Opens the files of these protocols (PROTO_BIT()s) in the calling thread's namespace; what does not exist is
 * left out. True when at least one is open. */
bool procnet_open(struct procnet *p, const char *proc_root, uint32_t protos);
void procnet_open_protocols(struct procnet *p, const char *proc_root);
/* How many sockets of this protocol the namespace has, as the kernel counts them: 0 or -ENOENT. names: of its rows
 * in the table, e.g. "MPTCP" and "MPTCPv6"; NULL ends. */
int procnet_count(const struct procnet *p, const char *const *names, uint64_t *ret);
bool procnet_has(const struct procnet *p, enum proto proto);
/* Appends the sockets of this protocol in these states, as namespace number netns; all of them and their infos
 * (infos: run parallel) zero where /proc does not tell. 0, -ENOENT when no file is open, or the first error of
 * a read; *ret_bad is raised by the number of lines that could not be read. */
int procnet_look(struct procnet *p, enum proto proto, uint32_t states, uint16_t netns, bool infos,
		 struct snapshot *ret, uint32_t *ret_bad);

/* Pure: the sum over the rows with these names in the n bytes of /proc/net/protocols. 0 or -ENOENT: none of them. */
int procnet_parse_protocols(const char *text, size_t n, const char *const *names, uint64_t *ret);
/* Pure: one line, without its newline. 0; 1: the head of the table; -EBADMSG. netns is left 0. */
int procnet_parse_line(const char *line, size_t n, enum proto proto, bool v6, uint32_t hz, struct sock *ret);
