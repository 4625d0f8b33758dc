/* -N: in which network namespaces to look. */
#pragma once
#include "options.h"
#include "sockeye/collect/netns.h"

/* Puts the choice into ret->netns and ret->netns_inode, and (may be NULL) into ret_choice. not_given: what it is
 * without -N. 0, or a negative errno when there is no such namespace, which has been said on stderr: exit 2. */
int netns_option(const struct options *o, enum want_netns not_given, struct want *ret,
		 struct netns_choice *ret_choice);
