/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The log: one line per call on stderr, which is the journal under systemd,
 * a file under launchd, the terminal under "ccp start"; and in a file as well,
 * if there is to be one.
 *
 * Libraries below layer 4 return errors and do not log; the process logs once,
 * at the top.  Nothing secret is ever passed in: no key, and above debug no
 * prompt and no answer.
 */
#ifndef CCP_LOG_H
#define CCP_LOG_H

#include <stdbool.h>

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
};

/* name stands at the head of each line (kept, not copied).  Where stderr is
 * the journal (JOURNAL_STREAM) lines begin with sd-daemon(3)'s <N> instead,
 * and the journal knows time, name and pid. */
void log_open(const char *name, enum log_level level);
void log_set_level(enum log_level level);
void log_set_level_name(const char *name); /* "error", "warn", ... */

/* Each line is one JSON object, valid whatever is in it: time, level, name,
 * pid, and message or other members. */
void log_set_json(bool json);

/* Logs to this file too, see log_file.h; NULL: to none any more.  If it cannot
 * be written stderr is told, once.  Where stderr is that very file, or
 * was before somebody set it aside, a line is written once. */
void log_set_file(const char *path, long max_size, long max_files);

/* Control bytes are shown as \xHH, so that a line stays one line; a longer
 * one is cut at LIMIT_LOG_LINE_BYTES. */
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A line that has both forms: a text, and, without braces, the members of a
 * JSON object. */
void log_both(enum log_level level, const char *text, const char *members);

/* The severity of syslog(3) of a level's name, and the other way round (a
 * severity in between is that of the more important level); -1 and NULL for
 * none. */
int log_severity(const char *level);
const char *log_level_name(int severity);

#endif
