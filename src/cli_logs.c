/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ccp logs: the log, wherever it goes.
 */
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "child.h"
#include "cleanup.h"
#include "cli.h"
#include "cli_log_lines.h"
#include "cli_say.h"
#include "cli_style.h"
#include "cli_wrong.h"
#include "io.h"
#include "log.h"
#include "log_file.h"
#include "log_setup.h"
#include "programs.h"
#include "settings.h"

#include "banned.h"

#define DEFAULT_LINES 100
#define ALL_LINES     (-1)
#define MOST_LINES    1000000
#define LAUNCHD_LOG   "/.ccp/logs/ccp.log" /* below HOME */

extern char **environ;

struct view {
	bool follow, json;
	long lines;
	int severity; /* the least important one that is shown */
	bool shown;   /* there was a line */
};

static void
show(struct view *v, const char *line)
{
	log_line_show(line, v->json);
	v->shown = true;
}

/* --- lines of a descriptor --------------------------------------------- */

struct lines {
	int fd;
	off_t left; /* bytes that are to be read; -1: to the end */
	struct buf bytes;
	size_t used; /* of bytes: the line that was returned */
};

static struct lines
lines_of(int fd, off_t left)
{
	return (struct lines){fd, left, BUF_INIT(LOG_LINES_BYTES), 0};
}

static bool
read_more(struct lines *l)
{
	size_t room;
	char *to;
	ssize_t n;

	if (l->bytes.len == LOG_LINES_BYTES)
		buf_clear(&l->bytes);
	to = buf_reserve(&l->bytes, LIMIT_LOG_LINE_BYTES, &room);
	if (l->left >= 0 && (off_t)room > l->left)
		room = (size_t)l->left;
	if (room == 0)
		return false;
	do {
		n = read(l->fd, to, room);
	} while (n == -1 && errno == EINTR);
	if (n <= 0)
		return false;
	buf_commit(&l->bytes, (size_t)n);
	if (l->left > 0)
		l->left -= n;
	return true;
}

/* The next whole line, without its end; NULL: there is none yet. */
static const char *
next_line(struct lines *l)
{
	char *end;

	buf_consume(&l->bytes, l->used);
	l->used = 0;
	while ((end = memchr(buf_str(&l->bytes), '\n', l->bytes.len)) == NULL) {
		if (!read_more(l))
			return NULL;
	}
	*end = '\0';
	l->used = (size_t)(end - buf_str(&l->bytes)) + 1;
	return buf_str(&l->bytes);
}

/* --- files ------------------------------------------------------------- */

static bool
wanted(const struct view *v, const char *line)
{
	return log_line_severity(line) <= v->severity;
}

/* Shows the lines that are wanted but for the first few; how many there were
 * of all. */
static long
show_file(struct view *v, int fd, off_t size, long skip)
{
	struct lines l = lines_of(fd, size);
	const char *line;
	long n = 0;

	(void)lseek(fd, 0, SEEK_SET);
	while ((line = next_line(&l)) != NULL) {
		if (wanted(v, line) && n++ >= skip)
			show(v, line);
	}
	buf_free(&l.bytes);
	return n;
}

static off_t
size_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? st.st_size : 0;
}

/* The last lines of them together.  Two passes: the first, from the newest file
 * on, only counts. */
static void
show_last(struct view *v, const int *fds, size_t n, off_t newest_size)
{
	long found = 0, skip = 0;
	size_t i = 0;

	while (v->lines != ALL_LINES && i < n && found < v->lines) {
		found += show_file(v, fds[i],
		    i == 0 ? newest_size : size_of(fds[i]), LONG_MAX);
		i++;
	}
	if (v->lines == ALL_LINES)
		i = n;
	else if (found > v->lines)
		skip = found - v->lines;
	for (; i > 0; i--, skip = 0)
		(void)show_file(v, fds[i - 1],
		    i == 1 ? newest_size : size_of(fds[i - 1]), skip);
}

static bool
same_file(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

/* All that has been added since, and was set aside meanwhile.  *fd becomes the
 * newest file. */
static void
show_new(struct view *v, const char *path, struct lines *at)
{
	int fds[LOG_FILE_MOST];
	size_t n = log_file_open_all(path, fds), i, known;
	const char *line;

	/* Only what was there before the newer ones is complete. */
	while ((line = next_line(at)) != NULL) {
		if (wanted(v, line))
			show(v, line);
	}
	for (known = 0; known < n && !same_file(fds[known], at->fd); known++)
		;
	for (i = known; i-- > 1;)
		(void)show_file(v, fds[i], -1, 0);
	if (known > 0 && n > 0) {
		(void)close(at->fd);
		buf_free(&at->bytes);
		*at = lines_of(fds[0], -1);
	}
	for (i = known > 0 ? 1 : 0; i < n; i++)
		(void)close(fds[i]);
}

static int
follow_file(struct view *v, const char *path, int fd)
{
	struct lines at = lines_of(fd, -1);

	while (fflush(stdout) == 0 && !ferror(stdout)) {
		(void)poll(NULL, 0, LIMIT_LOG_FOLLOW_MS);
		show_new(v, path, &at);
	}
	buf_free(&at.bytes);
	(void)close(at.fd);
	return cli_complain("standard output: cannot be written");
}

static int
wait_for_file(const char *path, int fds[LOG_FILE_MOST], size_t *ret_n)
{
	while ((*ret_n = log_file_open_all(path, fds)) == 0) {
		if (errno != ENOENT)
			return errno;
		(void)poll(NULL, 0, LIMIT_LOG_FOLLOW_MS);
	}
	return 0;
}

static int
no_file(const char *path, int error)
{
	if (error == ENOENT)
		(void)fprintf(stderr,
		    "ccp: nothing has been logged yet: there is no %s\n", path);
	else
		(void)fprintf(stderr, "ccp: %s: %s\n", path, strerror(error));
	return error == ENOENT ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int
show_files(struct view *v, const char *path)
{
	int fds[LOG_FILE_MOST], error;
	size_t n = log_file_open_all(path, fds), i;
	off_t size;

	error = n == 0 ? errno : 0;
	if (n == 0 && v->follow && error == ENOENT) {
		(void)no_file(path, ENOENT);
		error = wait_for_file(path, fds, &n);
		v->lines = ALL_LINES;
	}
	if (n == 0)
		return no_file(path, error);
	size = size_of(fds[0]);
	show_last(v, fds, n, size);
	for (i = 1; i < n; i++)
		(void)close(fds[i]);
	(void)lseek(fds[0], size, SEEK_SET);
	if (v->follow)
		return follow_file(v, path, fds[0]);
	(void)close(fds[0]);
	if (!v->shown && v->lines != 0)
		(void)fprintf(stderr, "ccp: %s has no such lines\n", path);
	return EXIT_SUCCESS;
}

/* --- the journal ------------------------------------------------------- */

/* By its tag: asked by unit, the journal loses lines of processes that ended
 * at once. */
static pid_t
start_journalctl(const struct view *v, const char *program, int out)
{
	char name[] = "journalctl", user[] = "--user", t[] = "-t",
	     tag[] = "ccp", o[] = "-o", json[] = "json", quiet[] = "-q",
	     no_pager[] = "--no-pager", lines[32], level[8], follow[] = "-f";
	char *const argv[] = {name, user, t, tag, o, json, quiet, no_pager,
	    lines, level, v->follow ? follow : NULL, NULL};
	const struct child_spec spec = {
	    .path = program,
	    .argv = argv,
	    .envp = environ,
	    .fds = {STDIN_FILENO, out, STDERR_FILENO},
	    .parent_death_signal = SIGTERM,
	};
	struct child_error error;
	pid_t pid;

	if (v->lines == ALL_LINES)
		(void)snprintf(lines, sizeof(lines), "-nall");
	else
		(void)snprintf(lines, sizeof(lines), "-n%ld", v->lines);
	(void)snprintf(level, sizeof(level), "-p%d", v->severity);
	pid = child_spawn(&spec, &error);
	if (pid == -1)
		(void)fprintf(
		    stderr, "ccp: %s: %s\n", program, strerror(error.error));
	return pid;
}

static void
show_entries(struct view *v, int fd)
{
	struct lines l = lines_of(fd, -1);
	const char *entry;
	char *line;

	while ((entry = next_line(&l)) != NULL && !ferror(stdout)) {
		line = log_line_of_journal(entry);
		if (line != NULL)
			show(v, line);
		free(line);
		if (v->follow)
			(void)fflush(stdout);
	}
	buf_free(&l.bytes);
}

static int
show_journal(struct view *v, const char *program)
{
	int ends[2], status = 0;
	pid_t pid;

	if (io_pipe(ends) == -1)
		return cli_complain("%s", strerror(errno));
	pid = start_journalctl(v, program, ends[1]);
	(void)close(ends[1]);
	if (pid != -1)
		show_entries(v, ends[0]);
	(void)close(ends[0]);
	if (pid == -1)
		return EXIT_FAILURE;
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	if (!v->shown && v->lines != 0)
		(void)fprintf(stderr,
		    "ccp: the journal of this user has no such lines of "
		    "ccp.  What \"ccp start\" logs\n"
		    "in a terminal goes to the terminal, and to LOG_FILE if "
		    "that is set.\n");
	return EXIT_SUCCESS;
}

/* --- the command line -------------------------------------------------- */

const char cli_logs_usage[] =
    "usage: ccp logs [-f] [-n N] [--level LEVEL] [--json]\n"
    "Prints the log: LOG_FILE if that is set, else the journal of systemd, "
    "else\n"
    "~/.ccp/logs/ccp.log.\n"
    "\n"
    "  -f, --follow      go on as lines are added\n"
    "  -n, --lines N     the last N lines, or all; 100 unless given\n"
    "  --level LEVEL     error, warn, info or debug: what is less important "
    "is\n"
    "                    left out (it has to be logged first: see LOG_LEVEL)\n"
    "  --json            each line as a JSON object\n"
    "\n"
    "  ccp logs -f                    watch requests come in\n"
    "  ccp logs -n 5 --level warn     the last five that went wrong\n";

static const struct option options[] = {
    {"follow", no_argument, NULL, 'f'},
    {"lines", required_argument, NULL, 'n'},
    {"level", required_argument, NULL, 'l'},
    {"json", no_argument, NULL, 'j'},
    {NULL, 0, NULL, 0},
};

static bool
set_lines(struct view *v, const char *text)
{
	char *end;

	if (strcmp(text, "all") == 0) {
		v->lines = ALL_LINES;
		return true;
	}
	v->lines = strtol(text, &end, 10);
	if (text[0] >= '0' && text[0] <= '9' && *end == '\0' &&
	    v->lines <= MOST_LINES)
		return true;
	(void)cli_wrong("logs", "--lines takes a number of lines, or all");
	return false;
}

static bool
set_level(struct view *v, const char *text)
{
	v->severity = log_severity(text);
	if (v->severity == -1)
		(void)cli_wrong(
		    "logs", "--level takes error, warn, info or debug");
	return v->severity != -1;
}

/* False: what is wrong has been said. */
static bool
read_options(struct view *v, int argc, char **argv)
{
	bool good = true;
	int c;

	opterr = 0;
	while (good &&
	       (c = getopt_long(argc, argv, ":fn:", options, NULL)) != -1) {
		if (c == 'f')
			v->follow = true;
		else if (c == 'j')
			v->json = true;
		else if (c == 'n')
			good = set_lines(v, optarg);
		else if (c == 'l')
			good = set_level(v, optarg);
		else
			good = cli_wrong_option("logs", c, argv) != CLI_USAGE;
	}
	if (good && optind < argc)
		good = cli_wrong_argument("logs", argv[optind]) != CLI_USAGE;
	return good;
}

/* Where the log goes, by itself or by who starts ccp. */
static int
show_log(struct view *v, const char *file)
{
	const char *home = settings_getenv(environ, "HOME");
	const char *path = settings_getenv(environ, "PATH");
	CLEANUP_FREE char *journalctl = NULL;
	char launchd[LIMIT_LOG_PATH_BYTES];

	if (file[0] != '\0')
		return show_files(v, file);
	if (path != NULL)
		journalctl = program_on_path("journalctl", path);
	if (journalctl != NULL)
		return show_journal(v, journalctl);
	(void)snprintf(launchd, sizeof(launchd), "%s" LAUNCHD_LOG,
	    home == NULL ? "" : home);
	if (home != NULL && access(launchd, F_OK) == 0)
		return show_files(v, launchd);
	return cli_complain("the log goes to the standard error output of ccp "
			    "start, and is not kept:\nset LOG_FILE, as in "
			    "ccp config set LOG_FILE ~/.ccp/logs/ccp.log");
}

int
cli_logs(int argc, char **argv)
{
	struct view v = {.lines = DEFAULT_LINES, .severity = 7};
	CLEANUP_FREE char *config = settings_path(environ);
	char file[PATH_MAX], err[PATH_MAX + 512];
	struct settings s;
	int status;

	if (!read_options(&v, argc, argv))
		return CLI_USAGE;
	if (settings_load(&s, config, environ, err, sizeof(err)) == -1)
		return cli_complain("%s", err);
	if (log_setup_path(&s, environ, file, sizeof(file), err, sizeof(err))) {
		(void)style_open(stdout, environ);
		status = show_log(&v, file);
	} else {
		status = cli_complain("%s", err);
	}
	settings_free(&s);
	if (fflush(stdout) == EOF || ferror(stdout))
		return cli_complain("standard output: cannot be written");
	return status;
}
