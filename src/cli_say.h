/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What all commands say in the same way.
 */
#ifndef CCP_CLI_SAY_H
#define CCP_CLI_SAY_H

#include <cjson/cJSON.h>
#include <stdbool.h>

/* "ccp: ..." on the standard error output; is EXIT_FAILURE. */
int cli_complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A JSON value on the standard output; it is freed.  False: memory is out, and
 * nothing was printed.  NULL counts as that. */
bool cli_print_json(cJSON *value);

#endif
