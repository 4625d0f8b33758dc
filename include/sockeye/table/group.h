/* Small groupings that pages show: the peers of a port, the connections of a process by port and peer. */
#pragma once
#include "sockeye/base/map.h"
#include "sockeye/model/frame.h"

struct conn_sums { /* of several connections */
	uint32_t conns, close_wait;
	float rx_rate, tx_rate; /* NAN: unknown */
	double idle_s; /* smallest; <0 unknown */
};
struct peer_group {
	struct ip ip; /* unmapped */
	struct conn_sums sums;
	double rtt_ms; /* smallest; <0 unknown */
	uint32_t row; /* one of its sockets */
	bool here; /* the other end is on this machine */
	uint32_t peer_proc; /* NONE, or the process there when it is one and known */
};
struct peer_groups {
	VEC(struct peer_group) v;
};
/* Adds these sockets (rows of f), connections only, to the groups, which are in no order meanwhile; the map, empty at first,
 * knows them. Then the first `top` of all, by connections, most first, are put into their order at the beginning. Adding
 * more begins from scratch. */
void group_peers_add(const struct frame *f, const uint32_t *rows, size_t n, struct map *seen,
		     struct peer_groups *ret);
void group_peers_order(struct peer_groups *p, size_t top);

struct conn_group { /* "← :8080" or "→ 10.0.0.7:5432" */
	bool out;
	uint32_t port; /* in: local port; out: remote port */
	struct ip ip; /* out: remote address */
	uint8_t proto;
	struct conn_sums sums;
	uint32_t first, n; /* into rows of the result */
};
struct conn_groups {
	VEC(struct conn_group) v;
	VEC(uint32_t) rows;
};
struct conn_grouping { /* what adding in pieces remembers; all zero at first */
	VEC(uint32_t) conns;
	VEC(uint32_t) groups; /* of each of these */
	struct map seen;
};
void conn_grouping_done(struct conn_grouping *g);
void conn_grouping_clear(struct conn_grouping *g);
/* Adds the connections among these sockets to the groups (in ones by local port, out ones by remote endpoint), which are in
 * no order and without rows meanwhile. Then each gets its rows, and the first `top` of all, in ones and then out ones, those
 * with most connections first, are put into their order at the beginning. */
void group_conns_add(const struct frame *f, const uint32_t *rows, size_t n, struct conn_grouping *g,
		     struct conn_groups *ret);
void group_conns_order(const struct conn_grouping *g, struct conn_groups *ret, size_t top);
