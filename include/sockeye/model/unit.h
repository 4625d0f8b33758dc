/* From a cgroup path to the name of a unit or container: a table of patterns. */
#pragma once
#include "sockeye/base/str.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Appends the name ("nginx.service", "docker:0123456789ab", "user:deploy" is made by the caller from
 * user slices: here "user-1000.slice"), or nothing when the path says nothing. */
void unit_name(const char *cgroup_path, struct str *out);
/* Is that unit one of a user's own service manager (below user@1000.service), not of the system's? Whose: *ret_uid. */
bool unit_of_user(const char *cgroup_path, uint32_t *ret_uid);
/* The container that the path is in, when it is known by a number alone: what its runtime is called in names
 * ("docker"; static) and its 64 hex digits (borrowed from the path, not terminated). */
bool unit_container(const char *cgroup_path, const char **ret_label, const char **ret_id);
/* Is this, as made by unit_name() or with a readable name behind the colon, a container's? */
bool unit_is_container(const char *name);
