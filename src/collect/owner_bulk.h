/* When to ask for all descriptors at once instead of reading /proc. Pure. */
#pragma once
#include "sockeye/collect/owner_source.h"
#include <stdint.h>

/* What each way costs, measured on Linux 6.18; the ratios matter. Loading is worth it from about 5,000 descriptors on. */
#define OWNER_PROC_NS 4700u /* a descriptor by /proc: its name and its link */
#define OWNER_BULK_NS 350u /* a descriptor at once with all others */
#define OWNER_LOAD_NS 21750000u

struct owner_bulk_case {
	uint64_t to_read; /* descriptors that /proc would have to read */
	uint64_t all; /* that all processes have: so many come at once */
	bool loaded;
	bool blind; /* it does not have to pay: most processes are not ours to read */
};
bool owner_bulk_pays(const struct owner_bulk_case *c);
