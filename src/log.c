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
#include "log_file.h"
#include "log_text.h"
#include "utc.h"

#include "banned.h"

static const char *log_name = "ccp";
static enum log_level log_limit = LOG_LEVEL_INFO;
static bool log_to_journal;
static bool log_as_json;
static struct log_file log_file = {.fd = -1}; /* path "": none */
static bool file_failed;                      /* which has been said */
static bool file_begun; /* the first line has been tried */
static bool file_is_stderr;

static const struct {
	const char *word;
	int syslog; /* severity of syslog(3), which sd-daemon(3) uses */
} levels[] = {
    [LOG_LEVEL_ERROR] = {"error", 3},
    [LOG_LEVEL_WARN] = {"warn", 4},
    [LOG_LEVEL_INFO] = {"info", 6},
    [LOG_LEVEL_DEBUG] = {"debug", 7},
};
#define NLEVELS (sizeof(levels) / sizeof(levels[0]))

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

	for (i = 0; i < NLEVELS; i++) {
		if (strcmp(levels[i].word, name) == 0)
			log_limit = (enum log_level)i;
	}
}

void
log_set_json(bool json)
{
	log_as_json = json;
}

void
log_set_file(const char *path, long max_size, long max_files)
{
	log_file_close(&log_file);
	file_failed = file_begun = file_is_stderr = false;
	if (!log_file_init(
		&log_file, path == NULL ? "" : path, max_size, max_files))
		log_warn("LOG_FILE is too long a path");
}

int
log_severity(const char *level)
{
	size_t i;

	for (i = 0; i < NLEVELS; i++) {
		if (strcmp(levels[i].word, level) == 0)
			return levels[i].syslog;
	}
	return -1;
}

const char *
log_level_name(int severity)
{
	size_t i;

	for (i = 0; i < NLEVELS; i++) {
		if (severity >= 0 && severity <= levels[i].syslog)
			return levels[i].word;
	}
	return NULL;
}

/* --- a line ------------------------------------------------------------ */

/* What there is to say.  members NULL: text alone. */
struct entry {
	enum log_level level;
	struct timespec when;
	const char *text, *members;
};

static void
add_time(struct log_text *t, const struct timespec *when)
{
	char text[32];
	struct tm tm;

	if (!utc_date(when->tv_sec, &tm) ||
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		text[0] = '\0';
	log_text_addf(t, "%s.%03ldZ", text, when->tv_nsec / 1000000);
}

static void
add_text(struct log_text *t, const struct entry *e, bool journal)
{
	static const char more[] = "...";

	if (!journal) {
		add_time(t, &e->when);
		log_text_addf(t, " %.64s[%ld]: ", log_name, (long)getpid());
	}
	log_text_addf(t, "%s: ", levels[e->level].word);
	t->size -= sizeof(more) - 1;
	log_text_plain(t, e->text);
	t->size += sizeof(more) - 1;
	if (t->full) {
		t->full = false;
		log_text_add(t, more);
	}
}

static void
add_json(struct log_text *t, const struct entry *e)
{
	static const char more[] = "...\"}";
	const char *end;

	log_text_add(t, "{\"time\":\"");
	add_time(t, &e->when);
	log_text_addf(t, "\",\"level\":\"%s\",\"name\":\"%.64s\",\"pid\":%ld,",
	    levels[e->level].word, log_name, (long)getpid());
	if (e->members != NULL) {
		log_text_add(t, e->members);
		log_text_add(t, "}");
		return; /* they are known to fit */
	}
	log_text_add(t, "\"message\":\"");
	t->size -= sizeof(more) - 1;
	log_text_json(t, e->text);
	t->size += sizeof(more) - 1;
	end = t->full ? more : "\"}";
	t->full = false;
	log_text_add(t, end);
}

/* journal: with its mark, and without what it adds itself. */
static size_t
make_line(char line[LIMIT_LOG_LINE_BYTES], const struct entry *e, bool journal)
{
	struct log_text t = {.to = line, .size = LIMIT_LOG_LINE_BYTES - 1};

	if (journal)
		log_text_addf(&t, "<%d>", levels[e->level].syslog);
	if (log_as_json)
		add_json(&t, e);
	else
		add_text(&t, e, journal);
	line[t.len++] = '\n';
	return t.len;
}

/* --- where it goes ----------------------------------------------------- */

/* One write(2) per line, so that lines of several processes do not mix. */
static void
write_stderr(const struct entry *e)
{
	char line[LIMIT_LOG_LINE_BYTES];
	size_t len = make_line(line, e, log_to_journal);
	ssize_t n;

	do {
		n = write(STDERR_FILENO, line, len);
	} while (n < 0 && errno == EINTR);
}

static bool
write_file(const struct entry *e)
{
	char line[LIMIT_LOG_LINE_BYTES];

	return log_file_write(&log_file, line, make_line(line, e, false));
}

static void
tell_failure(const struct entry *of, int error)
{
	char text[LIMIT_LOG_PATH_BYTES + 128];
	struct entry e = {LOG_LEVEL_ERROR, of->when, text, NULL};

	(void)snprintf(text, sizeof(text), "LOG_FILE %s cannot be written: %s",
	    log_file.path, strerror(error));
	if (!file_failed)
		write_stderr(&e);
	file_failed = true;
}

static void
write_both(const struct entry *e)
{
	bool written;

	/* launchd may have been told to write stderr to the same file. */
	if (!file_begun)
		file_is_stderr = log_file_has(&log_file, STDERR_FILENO);
	file_begun = true;
	written = write_file(e);
	if (!written)
		tell_failure(e, errno);
	if (!written || !file_is_stderr)
		write_stderr(e);
}

static void
write_entry(struct entry *e)
{
	int error = errno;

	(void)clock_gettime(CLOCK_REALTIME, &e->when);
	if (log_file.path[0] == '\0')
		write_stderr(e);
	else
		write_both(e);
	errno = error;
}

void
log_both(enum log_level level, const char *text, const char *members)
{
	struct entry e = {.level = level, .text = text, .members = members};

	if (level <= log_limit)
		write_entry(&e);
}

static void __attribute__((format(printf, 2, 0)))
log_line(enum log_level level, const char *fmt, va_list ap)
{
	char text[LIMIT_LOG_LINE_BYTES];
	struct entry e = {.level = level, .text = text};

	if (level > log_limit)
		return;
	/* A text that is cut here does not fit there either: it is marked. */
	if (vsnprintf(text, sizeof(text), fmt, ap) < 0)
		text[0] = '\0';
	write_entry(&e);
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
