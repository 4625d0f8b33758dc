/* From a cgroup path to the name of a unit or container: a table of patterns. */
#pragma once
#include "sockeye/base/str.h"
#include <stddef.h>
#include <stdint.h>

/* Appends the name ("nginx.service", "docker:0123456789ab", "user:deploy" is made by the caller from
 * user slices: here "user-1000.slice"), or nothing when the path says nothing. */
void unit_name(const char *cgroup_path, struct str *out);
