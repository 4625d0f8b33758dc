/* Internet addresses as 16 bytes in network order; IPv4 uses the first 4, the rest is zero. */
#pragma once
#include "sockeye/base/str.h"
#include <stdbool.h>
#include <stdint.h>

struct ip {
	uint8_t b[16];
	bool v6;
};
struct ip_net { /* a prefix; bits counts from the top of b */
	struct ip ip;
	uint8_t bits;
};

#define IP_TEXT 48 /* enough for any address with NUL */
const char *ip_format(char buf[IP_TEXT], const uint8_t b[16], bool v6); /* RFC 5952, no brackets */
int ip_parse(const char *s, struct ip *ret); /* 0 or -EINVAL; brackets allowed */
int ip_parse_net(const char *s, struct ip_net *ret); /* without /len: a whole address */
bool ip_is_any(const uint8_t b[16], bool v6);
bool ip_is_mapped(const uint8_t b[16]); /* ::ffff:a.b.c.d */
/* Canonical form for comparing both ends: a mapped v6 address becomes its IPv4 address. */
void ip_unmap(const uint8_t b[16], bool v6, struct ip *ret);
bool ip_in_net(const struct ip *ip, const struct ip_net *net); /* families must agree; unmap first */
