/* The inside of struct diag: diag_open.c makes it and knows its namespace, diag.c asks. */
#pragma once
#include "diag.h"
#include "procnet.h"
#include <stdbool.h>
#include <stdint.h>

/* What the kernel fills at most in one message of a dump (netlink_dump); a smaller buffer loses rows. */
#define BUFFER_SIZE 32768u

enum bound_support { BOUND_UNPROBED, BOUND_YES, BOUND_NO };
enum naming_support { NAMING_UNPROBED, NAMING_YES, NAMING_NO };

struct mnl_socket;
struct diag {
	struct mnl_socket *nl; /* owned; NULL while it could not be opened again, or never */
	struct procnet proc; /* for what sock_diag does not tell */
	uint8_t *buf; /* owned; BUFFER_SIZE */
	uint32_t seq;
	enum bound_support bound;
	uint32_t no_twin; /* PROTO_BIT()s whose request for both families at once was refused */
	enum naming_support naming; /* does that request heed a protocol beside it? */
	bool none; /* no sock_diag at all: everything comes from /proc/net */
	uint32_t proc_tried; /* PROTO_BIT()s whose files were opened, or could not be */
	uint32_t
		missing; /* PROTO_BIT()s without a handler: not asked for again until the socket is opened anew */
	bool foreign; /* of another namespace than the thread's that uses it */
};

/* Opens the netlink socket anew, in the namespace it was opened in. What still comes for the old one is lost. */
int diag_reopen(struct diag *d);
/* Opens the /proc/net files of a protocol in that namespace, once. */
void diag_open_proc(struct diag *d, enum proto proto);
/* False: the namespace is known to have no MPTCP socket. */
bool diag_may_have_mptcp(struct diag *d);
