/* The network devices of a namespace, with the VRF that each is or belongs to. */
#pragma once
#include "sockeye/action/explain.h"
#include <stddef.h>

/* Fills facts->devs and devs_known, by RTM_GETLINK in the network namespace of this thread. */
void explain_read_links(struct explain_facts *facts);

/* For tests. What is gathered from the answer before it is all there: */
struct explain_link {
	uint32_t ifindex, master;
	char name[16];
	bool vrf;
};
struct explain_links {
	VEC(struct explain_link) list;
};
/* One answer of the kernel, of messages with this number. 1: more will come; 0: that was all; or a negative errno. */
int explain_links_parse(const void *buf, size_t n, uint32_t seq, struct explain_links *out);
/* Into facts->devs. */
void explain_links_settle(const struct explain_links *links, struct explain_facts *facts);
