/* How to ask sock_diag for each protocol: one table row each, the request's bytes, and the words for what
 * cannot be had. diag.c does the talking. */
#pragma once
#include "diag_parse.h"
#include <linux/netlink.h>
#include <stdbool.h>

enum {
	EXT_INFO = 1 << (DIAG_INFO - 1),
	EXT_CONG = 1 << (DIAG_CONG - 1),
	EXT_MEM = 1 << (DIAG_SKMEMINFO - 1)
};

/* One request. */
struct diag_ask {
	uint8_t family; /* AF_*; AF_UNSPEC: both internet families at once, see diag_proto.twin */
	uint16_t protocol; /* as sock_diag wants it */
	uint8_t ext; /* EXT_* */
	uint32_t kernel_states;
};
/* A further protocol is a row here, and a parser if its messages have another form. */
struct diag_proto {
	uint8_t proto; /* enum proto; proto_table has the number on the wire */
	bool twin; /* the old request type gives both families in one walk of the kernel's table */
	uint8_t families[3]; /* AF_*, else one dump each; 0 ends. None at all: no kernel has a handler */
	uint8_t ext; /* attributes that exist for it */
	bool proc; /* /proc/net has it as well */
	uint32_t states; /* STATE_BIT()s it can be in */
	void (*put)(struct nlmsghdr *h, const struct diag_ask *a);
	diag_parse_fn *parse;
};
extern const struct diag_proto diag_protos[];
extern const size_t diag_protos_n;

/* STATE_BIT()s to the kernel's bits. */
uint32_t diag_kernel_states(const struct diag_proto *p, uint32_t states);
/* Does this answer mean that the kernel cannot do it at all? */
bool diag_refused(int err);
/* Would asking once more help? */
bool diag_worth_another_try(int err);
/* Adds the line about `what`, unless it is there already: namespaces share their kernel. */
void diag_say_failure(struct snapshot *out, const char *what, int err);
void diag_say_proc(struct snapshot *out, enum proto proto, bool no_sock_diag);
