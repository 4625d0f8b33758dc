/* Why a bind() to a port would fail: judged from a frame and the namespace's settings by the rules of the kernel
 * (inet_csk_bind_conflict for TCP, udp_lib_lport_inuse for UDP), compared with what real tries gave, and put into
 * words. Pure: the look, the settings and the tries come from outside.
 *
 * Order: explain_judge, then try each of e->tries and fill tried and err, then explain_settle, then the texts. */
#pragma once
#include "sockeye/base/str.h"
#include "sockeye/model/frame.h"
#include "sockeye/model/kill.h"
#include <stdbool.h>
#include <stdint.h>

struct explain_addr {
	struct ip ip;
	uint32_t ifindex; /* of a link-local address, which means nothing without its link; else 0 */
};
struct explain_dev {
	uint32_t ifindex;
	char name[16];
	uint32_t vrf; /* the VRF that it is, or belongs to; 0: none */
};
/* For whom, and what the namespace's settings are. */
struct explain_facts {
	uint32_t uid;
	char user[64]; /* safe text; "": the uid has no name, or it is not known */
	bool cap_bind; /* the user's programs have CAP_NET_BIND_SERVICE there */
	int32_t unprivileged_start; /* net.ipv4.ip_unprivileged_port_start; -1: not known */
	bool reserved_known;
	uint8_t reserved[65536 / 8]; /* net.ipv4.ip_local_reserved_ports, a bit a port */
	bool v4, v6; /* sockets of the family can be made */
	uint32_t asker; /* uid of who asks, whoever it is about */
	bool devs_known; /* devs has all of them, with their VRFs */
	bool vrfs_share; /* net.ipv4.tcp_l3mdev_accept: TCP ports of all VRFs are one set */
	VEC(struct explain_addr) addrs; /* the local addresses */
	VEC(struct explain_dev) devs;
};
void explain_facts_done(struct explain_facts *facts);
/* Reads the text of ip_local_reserved_ports, "8080,9148-9150\n", into the bits. */
void explain_read_reserved(struct explain_facts *facts, const char *text);

enum explain_verdict {
	EXPLAIN_FREE, /* bind and listen would succeed everywhere */
	EXPLAIN_TAKEN, /* EADDRINUSE, at least somewhere */
	EXPLAIN_DENIED, /* EACCES, everywhere */
	EXPLAIN_UNKNOWN,
	EXPLAIN_VERDICT_N
};
extern const char *const explain_verdict_names[EXPLAIN_VERDICT_N]; /* "free" "taken" "denied" "unknown" */

/* One bind (and listen), with SO_REUSEADDR and without SO_REUSEPORT. */
enum explain_expect {
	EXPECT_OK,
	EXPECT_INUSE,
	EXPECT_DENIED,
	EXPECT_EITHER /* the other's SO_REUSEADDR decides */
};
struct explain_try {
	struct ip ip;
	uint32_t ifindex; /* scope of a link-local address */
	bool v6only; /* IPV6_V6ONLY is to be set */
	bool bind_only; /* somebody is between bind and listen: a listening socket of ours would be in the way */
	uint8_t expect; /* enum explain_expect */
	/* Filled by whoever tries: */
	bool tried;
	int err; /* 0, or the errno of socket, bind or listen, positive */
};
enum explain_kind {
	EXPLAIN_LISTEN,
	EXPLAIN_BOUND,
	EXPLAIN_DATAGRAM,
	EXPLAIN_CONN,
	EXPLAIN_TIME_WAIT,
	EXPLAIN_KIND_N
};
extern const char *const explain_kind_names[EXPLAIN_KIND_N];
enum explain_effect {
	EFFECT_UNKNOWN, /* SO_REUSEADDR of another's socket cannot be read, and no try told */
	EFFECT_BLOCKS,
	EFFECT_NO_MATTER,
	EFFECT_COVERED, /* only in the way where something else is already */
	EFFECT_N
};
extern const char *const explain_effect_names[EFFECT_N];
/* The sockets of one kind, process and local address that have the port. */
struct explain_holder {
	uint8_t kind, effect; /* enums */
	struct ip ip;
	uint32_t ifindex;
	bool v6only, dual; /* dual: [::] that takes IPv4 too */
	uint32_t row, n; /* of the frame: the first; how many */
	uint32_t proc; /* of the frame: the oldest owner; NONE */
	uint32_t procs; /* how many processes have the first one */
	uint32_t timer_ms; /* the longest of time-wait */
	bool systemd; /* systemd holds it, for a .socket unit */
};
enum explain_check {
	CHECK_PRIVILEGED,
	CHECK_RESERVED,
	CHECK_EPHEMERAL,
	CHECK_LISTENER,
	CHECK_BOUND,
	CHECK_DATAGRAM,
	CHECK_CLIENT,
	CHECK_TIME_WAIT,
	CHECK_DUAL,
	CHECK_SYSTEMD,
	CHECK_REUSEPORT,
	CHECK_DEVICE,
	CHECK_N
};
extern const char *const explain_check_names[CHECK_N];

struct explain { /* all zero before explain_judge */
	const struct frame *f; /* borrowed, as facts, until explain_done */
	const struct explain_facts *facts;
	uint16_t netns; /* index into f->netns */
	uint8_t proto; /* PROTO_TCP or PROTO_UDP */
	uint32_t port;
	VEC(struct explain_try) tries; /* wildcards first */
	VEC(struct explain_holder) holders; /* of whoever blocks first */
	uint32_t checked, applies; /* bits of enum explain_check: what was really looked at, and what is so */
	const char *not_tried; /* why not all was tried, a static sentence; NULL: it was */
	bool broke; /* the tries were begun and did not come to their end: nothing can be said */
	uint32_t next_free; /* filled by the caller; 0: not known */
	/* By explain_ask_units: what systemd says about the units of those that block. */
	VEC(struct kill_respawn) units;
	/* By explain_settle: */
	uint8_t verdict; /* enum explain_verdict */
	uint32_t odd; /* the try that contradicts the judgement; NONE */
};
/* Overwrites *e. The frame needs every state of the protocol, and owners. */
void explain_judge(struct explain *e, const struct frame *f, uint16_t netns, enum proto proto, uint32_t port,
		   const struct explain_facts *facts);
void explain_settle(struct explain *e);
void explain_done(struct explain *e);
/* After explain_settle, if the words are to say whether a unit comes back: asks systemd, for at most timeout_ns. Any
 * thread; blocks. Nothing is said where there is no systemd. */
void explain_ask_units(struct explain *e, uint64_t timeout_ns);
/* Its answer, for those that ask another way. */
void explain_units_read(struct explain *e, const char *text);
/* In the way of this bind, or, with a socket that set SO_REUSEADDR, possibly not. */
bool explain_conflicts(const struct explain *e, const struct explain_holder *h, const struct explain_try *t);

/* The first port from `from` on that no socket has, is not reserved, and needs no privilege the user lacks; the
 * ephemeral range is left out unless `from` is in it. 0: none. */
uint32_t explain_next(const struct frame *f, uint16_t netns, enum proto proto,
		      const struct explain_facts *facts, uint32_t from);

/* What can be done about it, one line each. */
void explain_put_ways(const struct explain *e, bool ascii, struct str *out);
void explain_put_text(const struct explain *e, bool ascii, struct str *out); /* all of it, some lines */
void explain_put_brief(const struct explain *e, bool ascii, struct str *out); /* one line */
void explain_put_json(const struct explain *e, struct str *out); /* an object */
void explain_put_errno(int err, struct str *out); /* "EADDRINUSE" */
/* "listens on *" and its like; used by wait too. */
void explain_put_address(const struct ip *ip, bool v6only, bool dual, struct str *out);
