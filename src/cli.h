/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The verbs of the ccp command.  Each takes its own arguments, argv[0] being
 * its name, and returns the exit status; "--help" is cli.c's, which prints the
 * text beside it.
 */
#ifndef CCP_CLI_H
#define CCP_CLI_H

#define CLI_USAGE 2 /* exit status for a command line that makes no sense */

/* Serves in the foreground until TERM or INT. */
int cli_start(int argc, char **argv);
extern const char cli_start_usage[];

/* Shows and changes the configuration. */
int cli_config(int argc, char **argv);
extern const char cli_config_usage[];

/* ccp as a service of systemd or launchd. */
int cli_service(int argc, char **argv);
extern const char cli_service_usage[];

/* Shows and removes sessions. */
int cli_session(int argc, char **argv);
extern const char cli_session_usage[];

/* Shows the log. */
int cli_logs(int argc, char **argv);
extern const char cli_logs_usage[];

/* Shows how much was used. */
int cli_usage(int argc, char **argv);
extern const char cli_usage_usage[];

/* Looks for what is wrong, and says how it is mended. */
int cli_doctor(int argc, char **argv);
extern const char cli_doctor_usage[];

/* Sends one real request through the server. */
int cli_test(int argc, char **argv);
extern const char cli_test_usage[];

#endif
