/* Owners by a BPF iterator over all descriptors of all tasks: ten times as fast as /proc once it is loaded. */
#pragma once
#include "sockeye/collect/owner_source.h"

/* Never NULL: what cannot work says so when it is loaded. One thread at a time may use it. */
struct owner_source *bpf_owners_new(void);
/* "1.1", for people; NULL before it was loaded and where there is none. Borrowed for the program's life. */
const char *bpf_owners_library(const struct owner_source *s);
