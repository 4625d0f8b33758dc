/* What a network namespace's socket counters say, so that tables which hold nothing of it are not walked. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sums over both families (net/ipv4/proc.c, net/ipv6/proc.c). All zero and not known before the first parse. */
struct sockstat {
	bool known; /* false: a file could not be read, anything may be there */
	uint32_t used; /* sockets of every family that programs have open; the kernel's own do not count */
	uint32_t tcp; /* listeners and connections; no time-wait, no syn-recv, none that is only bound */
	uint32_t tcp_tw;
	uint32_t udp; /* bound UDP and UDP-Lite sockets, the kernel's own too */
};
/* Pure: adds what the n bytes of sockstat or sockstat6 count. 0, or -EBADMSG when the line of TCP is missing. */
int sockstat_parse(const char *text, size_t n, struct sockstat *s);
/* Both files, opened in that namespace; they keep giving its numbers from outside. fd6 may be -1 (no IPv6). */
void sockstat_read(int fd, int fd6, struct sockstat *ret);
