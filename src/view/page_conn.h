/* What the two files of the connection page share. */
#pragma once
#include "page_parts.h"

struct conn {
	struct build b;
	uint32_t row;
	const struct sock *s;
	const struct row *r;
	struct sock_info info;
	const struct sock_info *i; /* borrowed: the one above */
	const struct shown *more; /* borrowed; NULL: not known */
	bool listens, peer; /* peer: it has an other end */
};
/* Both ends beside each other, or, where there is no room, one below the other. */
void page_ends(struct conn *c);
