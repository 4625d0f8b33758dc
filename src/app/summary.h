/* sockeye list --summary: counts instead of rows. */
#pragma once
#include "options.h"

int cmd_summary(const struct options *o); /* exit code as cmd_list */
