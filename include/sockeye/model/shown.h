/* The one connection that is shown: what only its page tells is asked for by itself, and kept of no other. */
#pragma once
#include <stdint.h>

struct shown {
	uint64_t netns_inode, cookie; /* cookie 0: nothing is known */
	/* Of struct tcp_info (include/uapi/linux/tcp.h); 0 where the kernel is too old to tell. */
	uint64_t busy_us, rwnd_limited_us, sndbuf_limited_us;
	uint64_t delivery_rate; /* bytes a second, as the latest sample says */
	uint32_t pmtu, notsent_bytes;
	uint32_t reord_seen, dsack_dups; /* times segments came out of order; segments that arrived twice */
	uint8_t ca_state; /* 0 open 1 disorder 2 cwr 3 recovery 4 loss */
	uint8_t options; /* tcpi_options */
	uint8_t wscale; /* snd in the low half, rcv in the high half */
};
