/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The log: one line per call on stderr, which is the journal under systemd,
 * a file under launchd, the terminal under "ccp start".
 *
 * Libraries below layer 4 return errors and do not log; the process logs once,
 * at the top.  Nothing secret is ever passed in: no key, no prompt, no answer.
 */
#ifndef CCP_LOG_H
#define CCP_LOG_H

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
};

/* name stands at the head of each line (kept, not copied).  Where stderr is
 * the journal (JOURNAL_STREAM) lines begin with sd-daemon(3)'s <N>. */
void log_open(const char *name, enum log_level level);
void log_set_level(enum log_level level);
void log_set_level_name(const char *name); /* "error", "warn", ... */

/* Control bytes are shown as \xHH, so that a line stays one line; a longer
 * one is cut at LIMIT_LOG_LINE_BYTES. */
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
