/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which versions of Claude Code will do.  Pure.
 */
#ifndef CCP_CLAUDE_VERSION_H
#define CCP_CLAUDE_VERSION_H

#include <stdbool.h>

/* The oldest that passes all tests with the real program; how it was found is
 * in doc/protocol.md. */
#define CLAUDE_VERSION_LEAST "2.1.153"

/* Is this version ("2.1.197", as its init line tells it) older than that one?
 * What is not a version is not: it may be a newer way to write one. */
bool claude_version_older(const char *version, const char *than);

#endif
