/* The live kernel with everything this program has to look at it. */
#pragma once
#include "sockeye/base/str.h"
#include "sockeye/collect/source.h"

/* As live_open() of /proc, with owners by BPF where that can be. SOCKEYE_OWNERS in the environment chooses: `proc` only
 * /proc, `bpf` also where it does not pay; it is not asked for when privileges came with the program's file. */
int live_source_open(struct intern *names, struct source **ret);
/* How owners would be found here: a line for --version. Tries it, which takes some 20 ms. */
void live_source_put_method(struct str *out);
