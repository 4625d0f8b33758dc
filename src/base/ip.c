/* Internet addresses to text and back: written once per row of every output, so the writer is by hand. */
#include "sockeye/base/ip.h"
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

static char *put_byte(char *p, unsigned v)
{
	if (v >= 100) {
		*p++ = (char)('0' + v / 100);
		v %= 100;
		*p++ = (char)('0' + v / 10);
		*p++ = (char)('0' + v % 10);
	} else if (v >= 10) {
		*p++ = (char)('0' + v / 10);
		*p++ = (char)('0' + v % 10);
	} else {
		*p++ = (char)('0' + v);
	}
	return p;
}

static char *put_v4(char *p, const uint8_t *b)
{
	for (int i = 0; i < 4; i++) {
		if (i)
			*p++ = '.';
		p = put_byte(p, b[i]);
	}
	return p;
}

static char *put_hex(char *p, unsigned v)
{
	static const char digits[] = "0123456789abcdef";
	int shift = v >= 0x1000 ? 12 : v >= 0x100 ? 8 : v >= 0x10 ? 4 : 0;
	for (; shift >= 0; shift -= 4)
		*p++ = digits[v >> shift & 15];
	return p;
}

const char *ip_format(char buf[IP_TEXT], const uint8_t b[16], bool v6)
{
	if (!v6) {
		*put_v4(buf, b) = '\0';
		return buf;
	}
	unsigned w[8];
	int best = -1, best_n = 1, at = -1; /* the first longest run of at least two zero groups */
	for (int i = 0; i < 8; i++) {
		w[i] = (unsigned)b[2 * i] << 8 | b[2 * i + 1];
		if (w[i]) {
			at = -1;
			continue;
		}
		if (at < 0)
			at = i;
		if (i - at + 1 > best_n) {
			best = at;
			best_n = i - at + 1;
		}
	}
	/* An IPv4 address in its last four bytes is shown as one, as inet_ntop() and ss do. */
	bool mixed = best == 0 && (best_n == 6 || (best_n == 5 && w[5] == 0xffff));
	char *p = buf;
	for (int i = 0; i < (mixed ? 6 : 8); i++) {
		if (i == best) {
			*p++ = ':';
			*p++ = ':';
			i += best_n - 1;
			continue;
		}
		if (i && p[-1] != ':')
			*p++ = ':';
		p = put_hex(p, w[i]);
	}
	if (mixed) {
		if (p[-1] != ':')
			*p++ = ':';
		p = put_v4(p, b + 12);
	}
	*p = '\0';
	return buf;
}

static int parse_n(const char *s, size_t n, struct ip *ret)
{
	char text[IP_TEXT];
	bool brackets = n >= 2 && s[0] == '[' && s[n - 1] == ']';
	if (brackets) {
		s++;
		n -= 2;
	}
	if (!n || n >= sizeof(text))
		return -EINVAL;
	memcpy(text, s, n);
	text[n] = '\0';
	struct ip ip = {.v6 = memchr(text, ':', n) != NULL};
	if (brackets && !ip.v6)
		return -EINVAL;
	if (inet_pton(ip.v6 ? AF_INET6 : AF_INET, text, ip.b) != 1)
		return -EINVAL;
	*ret = ip;
	return 0;
}

int ip_parse(const char *s, struct ip *ret)
{
	return parse_n(s, strlen(s), ret);
}

int ip_parse_net(const char *s, struct ip_net *ret)
{
	const char *slash = strchr(s, '/');
	struct ip_net net;
	int r = parse_n(s, slash ? (size_t)(slash - s) : strlen(s), &net.ip);
	if (r < 0)
		return r;
	unsigned max = net.ip.v6 ? 128 : 32, bits = max;
	if (slash) {
		const char *p = slash + 1;
		if (!*p || strlen(p) > 3)
			return -EINVAL;
		for (bits = 0; *p; p++) {
			if (*p < '0' || *p > '9')
				return -EINVAL;
			bits = bits * 10 + (unsigned)(*p - '0');
		}
		if (bits > max)
			return -EINVAL;
	}
	net.bits = (uint8_t)bits;
	*ret = net;
	return 0;
}

bool ip_is_any(const uint8_t b[16], bool v6)
{
	static const uint8_t zero[16];
	return !memcmp(b, zero, v6 ? 16 : 4);
}

bool ip_is_mapped(const uint8_t b[16])
{
	static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};
	return !memcmp(b, prefix, sizeof(prefix));
}

void ip_unmap(const uint8_t b[16], bool v6, struct ip *ret)
{
	struct ip ip = {.v6 = v6};
	if (v6 && ip_is_mapped(b)) {
		ip.v6 = false;
		memcpy(ip.b, b + 12, 4);
	} else {
		memcpy(ip.b, b, v6 ? 16 : 4);
	}
	*ret = ip;
}

bool ip_in_net(const struct ip *ip, const struct ip_net *net)
{
	if (ip->v6 != net->ip.v6)
		return false;
	unsigned whole = net->bits / 8, rest = net->bits % 8;
	if (memcmp(ip->b, net->ip.b, whole))
		return false;
	return !rest || !((ip->b[whole] ^ net->ip.b[whole]) >> (8 - rest));
}
