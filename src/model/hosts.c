/* The cache of host names: which addresses were asked about, and the slots where the answers arrive. */
#include "sockeye/model/hosts.h"
#include <stdlib.h>
#include <string.h>

void hosts_done(struct hosts *h)
{
	for (size_t i = 0; i < h->slots.n; i++)
		late_unref(h->slots.v[i]);
	vec_done(&h->slots);
	map_done(&h->by_ip);
	h->asked = 0;
}

/* IPv4 as it is mapped into IPv6: one key for either spelling. */
static void key_of(const struct ip *ip, uint64_t *a, uint64_t *b)
{
	uint8_t bytes[16] = {[10] = 0xff, [11] = 0xff};

	if (ip->v6)
		memcpy(bytes, ip->b, 16);
	else
		memcpy(bytes + 12, ip->b, 4);
	memcpy(a, bytes, 8);
	memcpy(b, bytes + 8, 8);
}

void hosts_ip(const struct late *l, struct ip *ret)
{
	uint64_t a = late_a(l), b = late_b(l);
	uint8_t bytes[16];

	memcpy(bytes, &a, 8);
	memcpy(bytes + 8, &b, 8);
	ip_unmap(bytes, true, ret);
}

const char *hosts_name(struct hosts *h, const struct ip *ip, bool want)
{
	const char *name;
	uint64_t a, b;
	uint32_t at;

	key_of(ip, &a, &b);
	at = map_get(&h->by_ip, a, b);
	if (at == MAP_NONE) {
		if (want && h->slots.n < HOSTS_MAX) {
			*map_at(&h->by_ip, a, b) = (uint32_t)h->slots.n;
			vec_push(&h->slots, late_new(a, b));
		}
		return NULL;
	}
	name = late_get(h->slots.v[at], LATE_HOST);
	return name && *name ? name : NULL;
}

struct late *hosts_next(struct hosts *h)
{
	return h->asked < h->slots.n ? h->slots.v[h->asked++] : NULL;
}
