/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Unit files: made from templates, written whole, and taken back when what
 * they are for fails.
 */
#include "service.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "io.h"
#include "programs.h"

#include "banned.h"

#ifndef CCP_UNITDIR
#define CCP_UNITDIR "/usr/local/lib/systemd/user"
#endif
#ifndef CCP_DATADIR
#define CCP_DATADIR "/usr/local/share/ccp"
#endif

#define MOST_ROWS 8

static size_t
find_row(const char *line, const struct service_row *rows, size_t n)
{
	size_t i;

	line += strspn(line, " \t");
	for (i = 0; i < n; i++) {
		if (strncmp(line, rows[i].begins, strlen(rows[i].begins)) == 0)
			break;
	}
	return i;
}

bool
service_fill(struct buf *to, const char *template,
    const struct service_row *rows, size_t n)
{
	bool found[MOST_ROWS + 1] = {false};
	size_t len, i;
	bool all = true;

	for (; *template != '\0'; template += len) {
		len = strcspn(template, "\n");
		len += template[len] == '\n';
		i = find_row(template, rows, n);
		if (i == n || rows[i].text == NULL)
			buf_add(to, template, len);
		else if (!found[i])
			buf_addstr(to, rows[i].text);
		found[i] = true;
	}
	for (i = 0; i < n; i++)
		all &= found[i];
	return all && buf_ok(to);
}

static char *
read_in(const char *dir, size_t dirlen, const char *name)
{
	CLEANUP_FREE char *path =
	    service_text("%.*s/%s", (int)dirlen, dir, name);
	size_t len;

	if (path == NULL)
		return NULL;
	return io_read_file(path, LIMIT_UNIT_BYTES, &len);
}

char *
service_template(struct service *s, const char *name)
{
	/* It has to be of this very build: as the handler is found. */
	const char *slash = strrchr(s->handler, '/');
	const char *base = strchr(name, '/') + 1;
	char *text = NULL;

	if (slash != NULL)
		text = read_in(s->handler, (size_t)(slash - s->handler), name);
	if (text == NULL)
		text = read_in(CCP_UNITDIR, strlen(CCP_UNITDIR), base);
	if (text == NULL)
		text = read_in(CCP_DATADIR, strlen(CCP_DATADIR), base);
	if (text == NULL)
		(void)service_fail(s,
		    "%s is neither in %s nor in %s: ccp is not installed as a "
		    "whole",
		    base, CCP_UNITDIR, CCP_DATADIR);
	return text;
}

static bool
fail_file(struct service *s, const char *path)
{
	return service_fail(s, "%s: %s", path, strerror(errno));
}

/* --- remembering ------------------------------------------------------- */

static bool
full(const struct service_files *f)
{
	return f->n == sizeof(f->all) / sizeof(f->all[0]);
}

static void
forget(struct service_saved *v)
{
	int error = errno;

	free(v->path);
	free(v->content);
	free(v->moved);
	errno = error;
}

/* False: errno; of nothing at all content stays NULL. */
static bool
read_old(struct service_saved *v)
{
	char target[PATH_MAX];
	struct stat st;
	ssize_t n;

	if (lstat(v->path, &st) == -1)
		return errno == ENOENT;
	v->mode = st.st_mode & 0777;
	v->link = S_ISLNK(st.st_mode);
	if (!v->link) {
		v->content = io_read_file(v->path, LIMIT_UNIT_BYTES, &v->len);
		return v->content != NULL;
	}
	n = readlink(v->path, target, sizeof(target) - 1);
	if (n == -1)
		return false;
	target[n] = '\0';
	v->content = strdup(target);
	return v->content != NULL;
}

/* What is at the path now.  What could not be read is not to be taken back:
 * it would be taken for what was not there.  False: errno. */
static bool
save(struct service_files *f, const char *path)
{
	struct service_saved v = {.path = strdup(path)};

	if (full(f))
		errno = E2BIG;
	else if (v.path != NULL && read_old(&v)) {
		f->all[f->n++] = v;
		return true;
	}
	forget(&v);
	return false;
}

void
service_commit(struct service *s)
{
	struct service_files *f = &s->files;
	size_t i;

	for (i = 0; i < f->n; i++)
		forget(&f->all[i]);
	for (i = 0; i < f->nmade; i++)
		free(f->made[i]);
	*f = (struct service_files){.n = 0};
}

/* --- changing ---------------------------------------------------------- */

/* False: errno. */
static bool
make_directory(struct service_files *f, const char *path)
{
	if (mkdir(path, 0700) == -1)
		return errno == EEXIST;
	if (f->nmade < sizeof(f->made) / sizeof(f->made[0]))
		f->made[f->nmade++] = strdup(path);
	return true;
}

bool
service_mkdir(struct service *s, const char *path)
{
	struct service_files *f = &s->files;
	CLEANUP_FREE char *above = service_directory_of(path);

	if (make_directory(f, path))
		return true;
	if (errno != ENOENT || above == NULL)
		return fail_file(s, path);
	return service_mkdir(s, above) &&
	       (make_directory(f, path) || fail_file(s, path));
}

/* A temporary file beside it, renamed.  False: errno. */
static bool
put(const char *path, const char *text, size_t len, mode_t mode)
{
	CLEANUP_FREE char *temporary = service_text("%s.XXXXXX", path);
	int fd = temporary == NULL ? -1 : mkstemp(temporary), error;
	bool ok;

	if (fd == -1)
		return false;
	ok = io_write_all(fd, text, len) && fchmod(fd, mode) == 0 &&
	     fsync(fd) == 0;
	error = errno;
	if (close(fd) == -1 && ok) {
		ok = false;
		error = errno;
	}
	if (ok && rename(temporary, path) == 0)
		return true;
	error = ok ? errno : error;
	(void)unlink(temporary);
	errno = error;
	return false;
}

bool
service_write(struct service *s, const char *path, const char *text)
{
	CLEANUP_FREE char *dir = service_directory_of(path);

	if (dir == NULL)
		return service_fail(s, "out of memory");
	if (!service_mkdir(s, dir))
		return false;
	/* For everybody to read: managers do not want secrets in there. */
	if (!save(&s->files, path) || !put(path, text, strlen(text), 0644))
		return fail_file(s, path);
	return true;
}

char *
service_aside(const char *path)
{
	char *name = service_text("%s.bak", path);
	struct stat st;
	int i;

	for (i = 1; name != NULL && lstat(name, &st) == 0; i++) {
		free(name);
		name = service_text("%s.bak.%d", path, i);
	}
	return name;
}

bool
service_rename(struct service *s, const char *from, const char *to)
{
	struct service_saved v = {.path = strdup(from), .moved = strdup(to)};

	if (full(&s->files))
		errno = E2BIG;
	else if (v.path != NULL && v.moved != NULL && rename(from, to) == 0) {
		s->files.all[s->files.n++] = v;
		return true;
	}
	forget(&v);
	return fail_file(s, from);
}

bool
service_remove(struct service *s, const char *path)
{
	return unlink(path) == 0 || errno == ENOENT || fail_file(s, path);
}

static bool
undo_one(const struct service_saved *v)
{
	if (v->moved != NULL)
		return rename(v->moved, v->path) == 0;
	if (v->content == NULL)
		return unlink(v->path) == 0;
	if (!v->link)
		return put(v->path, v->content, v->len, v->mode);
	return unlink(v->path) == 0 && symlink(v->content, v->path) == 0;
}

void
service_undo(struct service *s)
{
	struct service_files *f = &s->files;
	size_t i;

	for (i = f->n; i > 0; i--)
		(void)undo_one(&f->all[i - 1]);
	for (i = f->nmade; i > 0; i--) {
		if (f->made[i - 1] != NULL)
			(void)rmdir(f->made[i - 1]);
	}
	service_commit(s);
}
