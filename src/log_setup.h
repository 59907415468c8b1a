/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The log as the configuration wants it.
 */
#ifndef CCP_LOG_SETUP_H
#define CCP_LOG_SETUP_H

#include <stdbool.h>
#include <stddef.h>

#include "settings.h"

/* LOG_LEVEL, LOG_FORMAT and LOG_FILE from now on; a LOG_FILE that cannot be is
 * logged as an error, and done without. */
void log_setup(const struct settings *s, char *const *env);

/* The path of LOG_FILE, "" where there is none.  False: it is no path, and err
 * says why. */
bool log_setup_path(const struct settings *s, char *const *env, char *to,
    size_t len, char *err, size_t errlen);

#endif
