/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "log.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "limits.h"
#include "utf8.h"

#include "banned.h"

static const char *log_name = "ccp";
static enum log_level log_limit = LOG_LEVEL_INFO;
static bool log_to_journal;

static const struct {
	const char *word;
	int syslog; /* severity of syslog(3), which sd-daemon(3) uses */
} levels[] = {
    [LOG_LEVEL_ERROR] = {"error", 3},
    [LOG_LEVEL_WARN] = {"warn", 4},
    [LOG_LEVEL_INFO] = {"info", 6},
    [LOG_LEVEL_DEBUG] = {"debug", 7},
};

/* JOURNAL_STREAM names the device and inode of the journal's socket.  It is
 * inherited by programs whose stderr is something else, hence the look. */
static bool
stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;
	char *end;

	if (stream == NULL || fstat(STDERR_FILENO, &st) == -1)
		return false;
	dev = strtoull(stream, &end, 10);
	if (*end != ':')
		return false;
	ino = strtoull(end + 1, &end, 10);
	return *end == '\0' && dev == (unsigned long long)st.st_dev &&
	       ino == (unsigned long long)st.st_ino;
}

void
log_open(const char *name, enum log_level level)
{
	log_name = name;
	log_limit = level;
	log_to_journal = stderr_is_journal();
}

void
log_set_level(enum log_level level)
{
	log_limit = level;
}

void
log_set_level_name(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (strcmp(levels[i].word, name) == 0)
			log_limit = (enum log_level)i;
	}
}

/* What stands before the text; the journal adds the time itself. */
static size_t
put_head(char *to, size_t size, enum log_level level)
{
	const char *word = levels[level].word;
	char when[32];
	struct timespec now;
	struct tm tm;
	int n;

	if (log_to_journal) {
		n = snprintf(to, size,
		    "<%d>%.64s[%ld]: %s: ", levels[level].syslog, log_name,
		    (long)getpid(), word);
	} else {
		(void)clock_gettime(CLOCK_REALTIME, &now);
		if (gmtime_r(&now.tv_sec, &tm) == NULL ||
		    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", &tm) == 0)
			when[0] = '\0';
		n = snprintf(to, size, "%s.%03ldZ %.64s[%ld]: %s: ", when,
		    now.tv_nsec / 1000000, log_name, (long)getpid(), word);
	}
	return n < 0 ? 0 : (size_t)n;
}

/* The bytes of the character at s, 0 if it may not be shown as it is: a
 * control character (C1 ones move a terminal too) or not UTF-8. */
static size_t
printable(const char *s, size_t len)
{
	size_t n = utf8_sequence(s, len);
	unsigned char c = (unsigned char)s[0];

	if (n == 1 && (c < 0x20 || c == 0x7F))
		return 0;
	if (n == 2 && c == 0xC2 && (unsigned char)s[1] < 0xA0)
		return 0;
	return n;
}

/* Copies text to to[at], escaped; false when size bytes were too few. */
static bool
put_text(char *to, size_t size, size_t *at, const char *text)
{
	size_t len = strlen(text), i, n;
	char hex[5];

	for (i = 0; i < len; i += n) {
		const char *from = text + i;
		size_t width = n = printable(from, len - i);

		if (n == 0) {
			(void)snprintf(hex, sizeof hex, "\\x%02X",
			    (unsigned)(unsigned char)*from);
			from = hex;
			width = 4;
			n = 1;
		}
		if (width > size - *at)
			return false;
		memcpy(to + *at, from, width);
		*at += width;
	}
	return true;
}

/* One write(2) per line, so that lines of several processes do not mix. */
static void
write_line(const char *line, size_t len)
{
	ssize_t n;

	do {
		n = write(STDERR_FILENO, line, len);
	} while (n < 0 && errno == EINTR);
}

static void __attribute__((format(printf, 2, 0)))
log_line(enum log_level level, const char *fmt, va_list ap)
{
	static const char more[] = "...\n";
	char text[LIMIT_LOG_LINE_BYTES], line[LIMIT_LOG_LINE_BYTES];
	int error = errno;
	size_t at;

	if (level > log_limit)
		return;
	if (vsnprintf(text, sizeof text, fmt, ap) < 0)
		text[0] = '\0';
	at = put_head(line, sizeof line, level);
	/* A text cut by vsnprintf does not fit here either: it is marked. */
	if (put_text(line, sizeof line - (sizeof more - 1), &at, text)) {
		line[at++] = '\n';
	} else {
		memcpy(line + at, more, sizeof more - 1);
		at += sizeof more - 1;
	}
	write_line(line, at);
	errno = error;
}

#define LOG_FUNCTION(name, level)                                              \
	void name(const char *fmt, ...)                                        \
	{                                                                      \
		va_list ap;                                                    \
                                                                               \
		va_start(ap, fmt);                                             \
		log_line(level, fmt, ap);                                      \
		va_end(ap);                                                    \
	}

LOG_FUNCTION(log_error, LOG_LEVEL_ERROR)
LOG_FUNCTION(log_warn, LOG_LEVEL_WARN)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)
