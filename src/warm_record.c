/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "warm_record.h"

#include <sys/file.h>
#include <sys/stat.h>
#include <sys/time.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "cleanup.h"
#include "io.h"
#include "private_dir.h"
#include "random.h"
#include "runtime_dir.h"

#include "banned.h"

bool
warm_dir_path(char *to, size_t len, char *const *env)
{
	size_t used;

	if (!runtime_dir_path(to, len, env))
		return false;
	used = strlen(to);
	if (len - used < sizeof("/warm"))
		return false;
	memcpy(to + used, "/warm", sizeof("/warm"));
	return true;
}

int
warm_dir_open(char *const *env, bool make)
{
	CLEANUP_CLOSE int above = make ? runtime_dir_open(env) : -1;
	char path[PATH_MAX];

	if (make && above == -1)
		return -1;
	if (warm_dir_path(path, sizeof(path), env))
		return private_dir_open(path, make);
	errno = ENAMETOOLONG;
	return -1;
}

/* Writing */

static int64_t
now_ms(void)
{
	struct timeval tv;

	(void)gettimeofday(&tv, NULL);
	return (int64_t)tv.tv_sec * 1000 + tv.tv_usec / 1000;
}

static void
format(struct buf *to, const struct warm_record *r)
{
	buf_addf(to,
	    "token %s\nkey %s\nkeeper %ld\nclaude %ld\nsince %lld\n"
	    "mode %s\nspare %d\nsession %s\nname %s\n",
	    r->token, r->key, r->keeper, r->claude, (long long)r->since,
	    r->model ? "model" : "agent", r->spare, r->session, r->name);
}

/* A record is locked before it has its name.  What is there already is of a
 * keeper that had this pid and was killed. */
static int
write_new(int dir, const char *name, const struct buf *text)
{
	int fd;

	(void)unlinkat(dir, name, 0);
	fd = openat(dir, name,
	    O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd == -1)
		return -1;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 &&
	    io_write_all(fd, buf_str(text), text->len))
		return fd;
	(void)unlinkat(dir, name, 0);
	(void)close(fd);
	return -1;
}

int
warm_record_put(int dir, struct warm_record *r)
{
	CLEANUP_BUF struct buf text = BUF_INIT(LIMIT_WARM_RECORD_BYTES);
	char new[32];
	int fd;

	random_hex(r->id, (WARM_ID_BYTES - 1) / 2);
	random_hex(r->token, (WARM_TOKEN_BYTES - 1) / 2);
	r->since = now_ms();
	format(&text, r);
	(void)snprintf(new, sizeof(new), "%ld.new", (long)getpid());
	fd = buf_ok(&text) ? write_new(dir, new, &text) : -1;
	if (fd == -1 || renameat(dir, new, dir, r->id) == 0)
		return fd;
	(void)unlinkat(dir, new, 0);
	(void)close(fd);
	return -1;
}

void
warm_record_remove(int dir, const char *id, int held)
{
	(void)unlinkat(dir, id, 0);
	(void)close(held);
}

/* Reading */

static bool
take_text(char *to, size_t size, const char *value)
{
	if (strlen(value) >= size)
		return false;
	(void)snprintf(to, size, "%s", value);
	return true;
}

static bool
take_line(struct warm_record *r, const char *name, const char *value)
{
	if (strcmp(name, "token") == 0)
		return take_text(r->token, sizeof(r->token), value);
	if (strcmp(name, "key") == 0)
		return take_text(r->key, sizeof(r->key), value);
	if (strcmp(name, "session") == 0)
		return take_text(r->session, sizeof(r->session), value);
	if (strcmp(name, "name") == 0)
		return take_text(r->name, sizeof(r->name), value);
	if (strcmp(name, "keeper") == 0)
		r->keeper = strtol(value, NULL, 10);
	else if (strcmp(name, "claude") == 0)
		r->claude = strtol(value, NULL, 10);
	else if (strcmp(name, "since") == 0)
		r->since = strtoll(value, NULL, 10);
	else if (strcmp(name, "mode") == 0)
		r->model = strcmp(value, "model") == 0;
	else if (strcmp(name, "spare") == 0)
		r->spare = strcmp(value, "1") == 0;
	return true;
}

static bool
parse(struct warm_record *r, char *text)
{
	char *line, *value, *rest = text;

	while ((line = strsep(&rest, "\n")) != NULL) {
		value = strchr(line, ' ');
		if (value == NULL)
			continue;
		*value++ = '\0';
		if (!take_line(r, line, value))
			return false;
	}
	return strlen(r->token) == WARM_TOKEN_BYTES - 1 &&
	       strlen(r->key) == WARM_KEY_BYTES - 1 && r->keeper > 0;
}

/* Without waiting, whatever somebody has put there: -1 unless it is a file. */
static int
open_file(int dir, const char *name)
{
	int fd =
	    openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;

	if (fd != -1 && (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

/* What a keeper has named after its pid: its socket, or half a record.  A pid that
 * somebody else has by now hides it; it is found again. */
static void
remove_of(int dir, long keeper, const char *suffix)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "%ld%s", keeper, suffix);
	if (kill((pid_t)keeper, 0) == -1 && errno == ESRCH)
		(void)unlinkat(dir, name, 0);
}

/* Is it to be had?  What a killed keeper left is removed, its socket too.  That
 * nobody holds it does not tell that its keeper is dead: it may just have been
 * withdrawn, or the pid be another keeper's. */
static bool
held(int dir, int fd, const struct warm_record *r, bool whole)
{
	if (flock(fd, LOCK_SH | LOCK_NB) == -1)
		return true;
	(void)unlinkat(dir, r->id, 0);
	if (whole)
		remove_of(dir, r->keeper, ".sock");
	return false;
}

static bool
read_record(int dir, const char *id, struct warm_record *ret)
{
	CLEANUP_CLOSE int fd = open_file(dir, id);
	char text[LIMIT_WARM_RECORD_BYTES + 1];
	ssize_t n;
	bool whole;

	if (fd == -1)
		return false;
	memset(ret, 0, sizeof(*ret));
	(void)take_text(ret->id, sizeof(ret->id), id);
	n = read(fd, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	whole = parse(ret, text);
	return held(dir, fd, ret, whole) && whole;
}

static bool
is_id(const char *name)
{
	return strspn(name, "0123456789abcdef") == WARM_ID_BYTES - 1 &&
	       name[WARM_ID_BYTES - 1] == '\0';
}

/* A file that a killed process has left and no record leads to. */
static void
tidy(int dir, const char *name)
{
	char *end;
	long pid = strtol(name, &end, 10);

	if (pid > 0 && (strcmp(end, ".sock") == 0 || strcmp(end, ".new") == 0))
		remove_of(dir, pid, end);
}

static int
older(const void *a, const void *b)
{
	const struct warm_record *x = a, *y = b;

	if (x->since != y->since)
		return x->since < y->since ? -1 : 1;
	return strcmp(x->id, y->id); /* the same order for everybody */
}

size_t
warm_record_list(int dir, const char *key, struct warm_record *ret, size_t max)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd == -1 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	size_t n = 0;

	if (d == NULL) {
		if (fd != -1)
			(void)close(fd);
		return 0;
	}
	while (n < max && (entry = readdir(d)) != NULL) {
		if (!is_id(entry->d_name)) {
			if (key == NULL)
				tidy(dir, entry->d_name);
			continue;
		}
		if (read_record(dir, entry->d_name, &ret[n]) &&
		    (key == NULL || strcmp(key, ret[n].key) == 0))
			n++;
	}
	(void)closedir(d);
	qsort(ret, n, sizeof(*ret), older);
	return n;
}

bool
warm_record_has(const struct warm_record *r, size_t n, const char *session)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (strcmp(r[i].session, session) == 0)
			return true;
	}
	return false;
}
