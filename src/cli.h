/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The verbs of the ccp command.  Each returns the exit status.
 */
#ifndef CCP_CLI_H
#define CCP_CLI_H

#define CLI_USAGE 2 /* exit status for a command line that makes no sense */

/* Serves in the foreground until TERM or INT. */
int cli_start(void);

/* Shows and removes sessions.  argv[0] is "session". */
int cli_session(int argc, char **argv);

#endif
