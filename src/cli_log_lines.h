/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lines of the log, in either of its forms, as a person or a program wants to
 * see them.
 */
#ifndef CCP_CLI_LOG_LINES_H
#define CCP_CLI_LOG_LINES_H

#include <stdbool.h>

#include "limits.h"

/* Longer than any of ours; what is longer is not shown. */
#define LOG_LINES_BYTES (16 * LIMIT_LOG_LINE_BYTES)

/* The severity of a line, see log.h; that of "info" where it has no head of
 * ours. */
int log_line_severity(const char *line);

/* Prints a line of either form as a text, coloured by its level, or as JSON. */
void log_line_show(const char *line, bool json);

/* The line that journalctl's JSON object is of: as it was written, or, where
 * time, name and pid were left to the journal, with these.  malloc'ed; NULL
 * where it is none, or memory is out. */
char *log_line_of_journal(const char *entry);

#endif
