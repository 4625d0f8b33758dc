/* The closed vocabularies: families, protocols, states, scopes, classes, directions, owner reasons.
 * Each is an enum here and one table row in terms.c; nothing else spells their names. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum family { FAMILY_IPV4, FAMILY_IPV6, FAMILY_UNIX, FAMILY_PACKET, FAMILY_NETLINK, FAMILY_VSOCK, FAMILY_N };

enum proto {
	PROTO_TCP,
	PROTO_UDP,
	PROTO_UDPLITE,
	PROTO_SCTP,
	PROTO_MPTCP,
	PROTO_RAW,
	PROTO_ICMP,
	PROTO_UNIX,
	PROTO_PACKET,
	PROTO_NETLINK,
	PROTO_VSOCK,
	PROTO_N
};
struct proto_info {
	const char *name;
	uint8_t ipproto; /* IPPROTO_* as sock_diag wants it; 0 for the families without */
	bool ports; /* has port numbers, so it can have rows in Ports */
	bool connected; /* has states beyond unconn/established (TCP, MPTCP, SCTP) */
	const char *brief; /* at most 5 characters; NULL: the name is that short */
	const char *title; /* in sentences: "UDP-Lite" */
};
extern const struct proto_info proto_table[PROTO_N];
#define PROTO_BIT(p) (1u << (p))
#define PROTOS_ALL (PROTO_BIT(PROTO_N) - 1u)
/* Those with proto_table[].ports: what is asked for unless somebody names others. */
#define PROTOS_PORTS                                                                                         \
	(PROTO_BIT(PROTO_TCP) | PROTO_BIT(PROTO_UDP) | PROTO_BIT(PROTO_UDPLITE) | PROTO_BIT(PROTO_SCTP) |    \
	 PROTO_BIT(PROTO_MPTCP) | PROTO_BIT(PROTO_VSOCK))

/* Values 1..13 are the kernel's (include/net/tcp_states.h); 7 (CLOSE) from a TCP dump with the
 * BOUND_INACTIVE bit is STATE_BOUND, from anything without connections STATE_UNCONN. */
enum state {
	STATE_NONE,
	STATE_ESTABLISHED,
	STATE_SYN_SENT,
	STATE_SYN_RECV,
	STATE_FIN_WAIT_1,
	STATE_FIN_WAIT_2,
	STATE_TIME_WAIT,
	STATE_CLOSED,
	STATE_CLOSE_WAIT,
	STATE_LAST_ACK,
	STATE_LISTENING,
	STATE_CLOSING,
	STATE_NEW_SYN_RECV_,
	STATE_BOUND,
	STATE_UNCONN,
	STATE_N
};
struct state_info {
	const char *name; /* as ss spells it: JSON, CSV, filters, wide cells; "" for unused values */
	const char *brief; /* at most 8 characters: estab time-w close-w syn-recv fin-w2 … */
	bool conn; /* counts in CONNS */
	bool connected; /* ss's group: everything but listening, closed, bound, unconn */
	bool synchronized; /* ss's group: connected without syn-sent */
	bool bucket; /* ss's group: time-wait, syn-recv (mini sockets); big = !bucket */
};
extern const struct state_info state_table[STATE_N];
#define STATE_BIT(s) (1u << (s))
#define STATES_ALL ((1u << STATE_N) - 2u)
/* With what these lead to: without it nobody knows who called whom, nor who a UDP peer is. */
#define STATES_AND_CALLED(states)                                                                            \
	((states) | STATE_BIT(STATE_LISTENING) |                                                             \
	 ((states)&STATE_BIT(STATE_ESTABLISHED) ? STATE_BIT(STATE_UNCONN) : 0u))
#define STATES_PORT (STATE_BIT(STATE_LISTENING) | STATE_BIT(STATE_BOUND) | STATE_BIT(STATE_UNCONN))

enum scope {
	SCOPE_NONE,
	SCOPE_LOOPBACK,
	SCOPE_LINK,
	SCOPE_PRIVATE,
	SCOPE_MULTICAST,
	SCOPE_PUBLIC,
	SCOPE_ANY,
	SCOPE_N
};
extern const char *const scope_names[SCOPE_N]; /* in rising width: a port's scope is the maximum */
/* RFC 1918, 100.64/10, ULA are private; a mapped address is judged as IPv4. */
enum scope scope_of(const uint8_t addr[16], bool v6);

enum port_class { CLASS_NONE, CLASS_WELL_KNOWN, CLASS_REGISTERED, CLASS_EPHEMERAL, CLASS_N };
extern const char *const class_names[CLASS_N];
enum port_class class_of(uint32_t port, uint16_t eph_low, uint16_t eph_high);

enum direction { DIR_NONE, DIR_IN, DIR_OUT, DIR_N };
extern const char *const direction_names[DIR_N]; /* "", "in", "out" */

/* Why a socket has no (present) owner. OWNED: it has one. */
enum reason {
	REASON_OWNED,
	REASON_TIME_WAIT,
	REASON_SYN_RECV,
	REASON_UNACCEPTED,
	REASON_ORPHAN,
	REASON_KERNEL,
	REASON_NO_FD,
	REASON_NOT_PERMITTED,
	REASON_OTHER_PIDNS,
	REASON_GONE,
	REASON_NOT_SCANNED,
	REASON_N
};
struct reason_info {
	const char *name; /* JSON: owner_reason */
	const char *cell; /* the cell, without the ‹ › */
	const char *help; /* a sentence for the pages */
};
extern const struct reason_info reason_table[REASON_N];

/* Index of a name in a vocabulary, or -1. Exact, case-insensitive. */
int proto_by_name(const char *name);
int state_by_name(const char *name);
/* A bit set of states by exact name, prefix (all that begin so) or ss's groups (all connected synchronized bucket big
 * listen estab …, with ss's spellings); 0 when unknown. */
uint32_t states_by_word(const char *word);
/* The service name of a port in /etc/services, "" when none. Loaded once at start into a table by app
 * and handed down: see struct services. */
struct services;
struct services *
services_load(const char *path); /* "/etc/services"; an unreadable file gives an empty table */
/* The same from n bytes in the form of /etc/services. */
struct services *services_parse(const char *text, size_t n);
void services_free(struct services *s);
const char *services_name(const struct services *s, enum proto proto, uint32_t port);
int services_port(const struct services *s, const char *name, uint32_t *ret_port); /* 0 or -ENOENT */
