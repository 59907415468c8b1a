/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CCP_CLI_USAGE_SHOW_H
#define CCP_CLI_USAGE_SHOW_H

#include <stdbool.h>

#include "cli_usage.h"

/* Prints tables with bars; sorts the groups.  brief: only the greatest of
 * long tables.  home: NULL, or what ~ stands for. */
void usage_show(struct usage_report *r, bool brief, const char *home);

#endif
