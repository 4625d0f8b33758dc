/* Names of the interfaces that sockets are bound to, asked of each namespace through the socket that lists its sockets:
 * sock_diag knows them by number alone. */
#include "iface.h"
#include "netns.h"
#include "sockeye/base/map.h"
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>

/* dev_ioctl() answers on a socket of any family, in the namespace of the socket (net/socket.c, sock_do_ioctl). */
static uint32_t ask(const struct netns_set *s, uint16_t netns, uint32_t ifindex, struct intern *names)
{
	struct ifreq request = {.ifr_ifindex = (int)ifindex};
	uint32_t none;

	for (size_t i = 0; i < s->v.n; i++) {
		if (s->v.v[i]->index != netns)
			continue;
		int fd = s->v.v[i]->diag ? diag_fd(s->v.v[i]->diag, 0, &none) : -1;

		if (fd < 0 || ioctl(fd, SIOCGIFNAME, &request) < 0)
			return 0;
		return intern_add(names, request.ifr_name, strnlen(request.ifr_name, IFNAMSIZ));
	}
	return 0;
}

void ifaces_put(const struct netns_set *s, struct intern *names, struct snapshot *ret)
{
	struct map seen = {0};

	for (size_t i = 0; i < ret->socks.n; i++) {
		uint32_t ifindex = ret->socks.v[i].ifindex, *at;
		uint16_t netns = ret->socks.v[i].netns;

		if (!ifindex)
			continue;
		at = map_at(&seen, netns, ifindex);
		if (*at != MAP_NONE)
			continue;
		*at = (uint32_t)ret->ifaces.n;
		vec_push(&ret->ifaces,
			 ((struct snap_iface){
				 .ifindex = ifindex, .name = ask(s, netns, ifindex, names), .netns = netns}));
	}
	map_done(&seen);
}
