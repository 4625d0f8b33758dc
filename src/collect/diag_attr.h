/* The attributes of a sock_diag row, split once: bytes of a message, every length checked. */
#pragma once
#include <errno.h>
#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define ATTR_MAX 32 /* attributes with higher numbers are not known here */

struct attr {
	const uint8_t *p; /* borrowed from the message; NULL: not given */
	size_t n;
};
struct attrs { /* not worth being zeroed for every row: have says what of v counts */
	uint32_t have; /* bits 1 << type */
	struct attr v[ATTR_MAX];
};

static inline uint16_t get_u16(const uint8_t *p)
{
	uint16_t v;
	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint32_t get_u32(const uint8_t *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint64_t get_u64(const uint8_t *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof(v));
	return v;
}

/* 0, or -EBADMSG when a length does not fit. */
static inline int attrs_split(const uint8_t *p, size_t n, struct attrs *ret)
{
	ret->have = 0;
	while (n >= NLA_HDRLEN) {
		size_t len = get_u16(p);
		unsigned type = get_u16(p + 2) & NLA_TYPE_MASK;

		if (len < NLA_HDRLEN || len > n)
			return -EBADMSG;
		if (type < ATTR_MAX) {
			ret->v[type] = (struct attr){p + NLA_HDRLEN, len - NLA_HDRLEN};
			ret->have |= UINT32_C(1) << type;
		}
		len = NLA_ALIGN(len);
		if (len >= n)
			return 0;
		p += len;
		n -= len;
	}
	return n ? -EBADMSG : 0;
}

/* The attribute, or one that was not given when it is shorter than `least`. */
static inline const struct attr *attr_of(const struct attrs *a, unsigned type, size_t least)
{
	static const struct attr none;
	return a->have >> type & 1 && a->v[type].n >= least ? &a->v[type] : &none;
}
