/* Names of addresses (reverse DNS): a late slot for each address that was asked about, kept for the program's life.
 * One thread uses it; only the texts in the slots come from others. */
#pragma once
#include "sockeye/base/ip.h"
#include "sockeye/base/map.h"
#include "sockeye/base/mem.h"
#include "sockeye/model/late.h"

#define HOSTS_MAX 65536 /* addresses; further ones stay numbers */
struct hosts { /* all zero when empty */
	struct map by_ip;
	VEC(struct late *) slots; /* a reference each */
	size_t asked; /* slots handed out by hosts_next */
};
void hosts_done(struct hosts *h);
/* The address's name (foreign bytes), NULL: not known, or none. What was not asked about yet will be (want). */
const char *hosts_name(struct hosts *h, const struct ip *ip, bool want);
/* A slot whose LATE_HOST is to be read, borrowed; NULL: no more. */
struct late *hosts_next(struct hosts *h);
/* The address of a slot. */
void hosts_ip(const struct late *l, struct ip *ret);
