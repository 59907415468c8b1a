/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ledger.h"

#include <sys/stat.h>
#include <sys/types.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "append_line.h"
#include "buf.h"
#include "cleanup.h"
#include "ledger_line.h"
#include "limits.h"
#include "state_dir.h"

#include "banned.h"

#define NAME "usage-%s.jsonl"

/* --- writing ----------------------------------------------------------- */

static int
append(int fd, const struct request_record *r)
{
	CLEANUP_BUF struct buf line = BUF_INIT(LIMIT_LEDGER_LINE_BYTES);
	struct stat st;

	if (fstat(fd, &st) == -1)
		return -1;
	if (!S_ISREG(st.st_mode) || st.st_uid != getuid()) {
		errno = EPERM;
		return -1;
	}
	if (!ledger_line_write(&line, r)) {
		errno = EINVAL;
		return -1;
	}
	return append_line(fd, st.st_size, buf_str(&line), line.len, false)
	           ? 0
	           : -1;
}

int
ledger_add(const struct request_record *r, char *const *env)
{
	char month[LEDGER_MONTH_BYTES], name[LEDGER_NAME_BYTES];
	int dir, fd, error = 0;

	if (!ledger_month(month, r->when_ms)) {
		errno = EINVAL;
		return -1;
	}
	(void)snprintf(name, sizeof(name), NAME, month);
	dir = state_dir_open(env, true);
	if (dir == -1)
		return -1;
	/* Nobody's pipe makes us wait. */
	fd = openat(dir, name,
	    O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
	    0600);
	if (fd == -1 || append(fd, r) == -1)
		error = errno;
	if (fd != -1)
		(void)close(fd);
	(void)close(dir);
	errno = error;
	return error == 0 ? 0 : -1;
}

/* --- reading ----------------------------------------------------------- */

struct reading {
	ledger_visit *visit;
	void *arg;
	int64_t since_ms;
	struct ledger_reading *ret;
	struct request_record record;
	bool overlong; /* the rest of a line is passed over */
	size_t len;    /* of what is in mem: at most a line, and one read */
	char mem[LIMIT_LEDGER_LINE_BYTES + LIMIT_READ_BYTES];
};

static bool
take_record(struct reading *g, const char *text, size_t len)
{
	if (!ledger_line_read(&g->record, text, len))
		return false;
	if (g->record.when_ms < g->since_ms) {
		g->ret->earlier++;
		return true;
	}
	g->visit(g->arg, &g->record);
	g->ret->records++;
	return true;
}

/* Where writers met there are several records in a line, from half ones to
 * the last. */
static void
take_line(struct reading *g, const char *text, size_t len)
{
	size_t end = len, from;

	if (len == 0 || take_record(g, text, len))
		return;
	do {
		from = ledger_line_last(text, end);
		if (!take_record(g, text + from, end - from))
			g->ret->damaged++;
		end = from;
	} while (end > 0);
}

/* The lines that are whole; what is left moves to the front. */
static void
take_lines(struct reading *g)
{
	char *at = g->mem, *end = g->mem + g->len, *eol;

	while ((eol = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		if (!g->overlong)
			take_line(g, at, (size_t)(eol - at));
		g->overlong = false;
		at = eol + 1;
	}
	g->len = (size_t)(end - at);
	if (g->len > LIMIT_LEDGER_LINE_BYTES || g->overlong) {
		g->ret->damaged += !g->overlong;
		g->overlong = true;
		g->len = 0;
	}
	memmove(g->mem, at, g->len);
}

static int
read_fd(struct reading *g, int fd)
{
	ssize_t n;

	g->len = 0;
	g->overlong = false;
	do {
		n = read(fd, g->mem + g->len, LIMIT_READ_BYTES);
		if (n > 0) {
			g->len += (size_t)n;
			take_lines(g);
		}
	} while (n > 0 || (n == -1 && errno == EINTR));
	if (n == 0)
		take_line(g, g->mem, g->len);
	return n == 0 ? 0 : -1;
}

static int
read_file(struct reading *g, int dir, const char *name)
{
	CLEANUP_CLOSE int fd =
	    openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd == -1 || fstat(fd, &st) == -1)
		return -1;
	if (S_ISREG(st.st_mode))
		return read_fd(g, fd);
	errno = EINVAL;
	return -1;
}

static bool
is_name(const char *name)
{
	static const char form[] = "usage-dddd-dd.jsonl";
	size_t i;

	for (i = 0; form[i] == 'd' ? name[i] >= '0' && name[i] <= '9'
				   : name[i] == form[i];
	     i++) {
		if (form[i] == '\0')
			return true;
	}
	return false;
}

/* Of a month that was over before. */
static bool
too_early(const struct reading *g, const char *name)
{
	char month[LEDGER_MONTH_BYTES], first[LEDGER_NAME_BYTES];

	if (!ledger_month(month, g->since_ms))
		return false;
	(void)snprintf(first, sizeof(first), NAME, month);
	return strcmp(name, first) < 0;
}

static int
read_files(struct reading *g, DIR *d)
{
	const struct dirent *e;

	for (;;) {
		errno = 0;
		e = readdir(d);
		if (e == NULL)
			return errno == 0 ? 0 : -1;
		if (!is_name(e->d_name))
			continue;
		g->ret->files++;
		if (too_early(g, e->d_name) ||
		    read_file(g, dirfd(d), e->d_name) == 0 || errno == ENOENT)
			continue; /* or somebody has just removed it */
		(void)snprintf(
		    g->ret->failed, sizeof(g->ret->failed), "%.31s", e->d_name);
		return -1;
	}
}

/* Closes the directory's descriptor. */
static int
read_directory(struct reading *g, int fd)
{
	DIR *d = fdopendir(fd);
	int result, error;

	if (d == NULL) {
		(void)close(fd);
		return -1;
	}
	result = read_files(g, d);
	error = errno;
	(void)closedir(d);
	errno = error;
	return result;
}

int
ledger_read(char *const *env, int64_t since_ms, ledger_visit *visit, void *arg,
    struct ledger_reading *ret)
{
	int fd = state_dir_open(env, false), result, error;
	struct reading *g;

	*ret = (struct ledger_reading){0};
	if (fd == -1)
		return errno == ENOENT ? 0 : -1;
	g = malloc(sizeof(*g));
	if (g == NULL) {
		(void)close(fd);
		return -1;
	}
	g->visit = visit;
	g->arg = arg;
	g->since_ms = since_ms;
	g->ret = ret;
	result = read_directory(g, fd);
	error = errno;
	free(g);
	errno = error;
	return result;
}
