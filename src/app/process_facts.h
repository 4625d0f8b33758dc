/* What only the page of a process shows, read by a worker: it can hang, and nobody else needs it. */
#pragma once
#include "sockeye/base/str.h"
#include <stdint.h>

/* Each appends what LATE_PARENTS, LATE_NAMESPACES and LATE_RESTART are; nothing when it cannot be told. */
void process_parents(uint32_t pid, struct str *out);
void process_namespaces(uint32_t pid, struct str *out);
void process_restart(uint32_t pid, struct str *out);
