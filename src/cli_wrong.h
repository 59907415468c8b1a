/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is said of a command line that makes no sense: a line that names what is
 * wrong, and one that says where to read on.  All return CLI_USAGE.
 */
#ifndef CCP_CLI_WRONG_H
#define CCP_CLI_WRONG_H

/* Anything else.  verb NULL: none of them. */
int cli_wrong(const char *verb, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* An option that the verb does not have, or a word too many. */
int cli_wrong_argument(const char *verb, const char *word);

/* An argument, "KEY", that is not there. */
int cli_wrong_missing(const char *verb, const char *what);

/* A sub-command, or with verb NULL a verb, that there is not; NULL or "": none
 * was given.  names: those there are, ended by NULL. */
int
cli_wrong_command(const char *verb, const char *word, const char *const *names);

/* After getopt_long() has returned c, '?' or ':'; its short options begin with
 * ":", and opterr is 0. */
int cli_wrong_option(const char *verb, int c, char **argv);

#endif
