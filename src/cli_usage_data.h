/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The first sum of a report for programs.
 */
#ifndef CCP_CLI_USAGE_DATA_H
#define CCP_CLI_USAGE_DATA_H

#include <stdbool.h>

#include "cli_usage.h"

/* One JSON object.  False: out of memory, nothing is printed. */
bool usage_print_json(const struct usage_report *r);

/* A line of names, and one for each group, by RFC 4180, but with the line ends
 * of Unix. */
void usage_print_csv(const struct usage_report *r);

#endif
