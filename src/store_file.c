/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "store_file.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "limits.h"

#include "banned.h"

#define BLOCK_BYTES 4096
#define FLAGS       (GDBM_NOLOCK | GDBM_NOMMAP | GDBM_CLOEXEC | GDBM_CLOERROR)

/* In every store; another version of this file's content has another value. */
static char format_key[] = {'\0', 'c', 'c', 'p'};
static char format_value[] = "session store 1";

static datum
data(char *bytes, size_t len)
{
	return (datum){.dptr = bytes, .dsize = (int)len};
}

bool
store_file_internal(datum key)
{
	return key.dsize > 0 && key.dptr[0] == '\0';
}

int
store_file_errno(GDBM_FILE db)
{
	int error = gdbm_last_syserr(db);

	if (gdbm_last_errno(db) == GDBM_MALLOC_ERROR)
		return ENOMEM;
	return error != 0 ? error : EIO;
}

/* How GDBM's files have begun since version 1.8.3, where an offset has 64
 * bits. */
struct head {
	int32_t magic, block;
	int64_t directory;
	int32_t directory_size, directory_bits, bucket_size, bucket_elements;
	int64_t end; /* of the file, or a little more */
	int32_t free_size, free_count;
	int64_t free_next;
};

#define HEAD_MAGIC      0x13579acf
#define HEAD_FREE_BYTES 16 /* of an entry */

/*
 * GDBM believes two of its numbers: it writes zeros up to the end that the
 * head states, be it beyond every disk, and entries of free space up to the
 * size that it states, be it beyond the memory that it has.  Anything else it
 * checks for itself; a format that is not known here is its own affair.
 */
static bool
head_sane(int fd, off_t size)
{
	struct head h;

	if (pread(fd, &h, sizeof(h), 0) != (ssize_t)sizeof(h))
		return false;
	if (h.magic != HEAD_MAGIC)
		return true;
	return h.block > (int32_t)sizeof(h) && h.block <= size &&
	       h.end >= size && h.end - size <= LIMIT_STORE_GROWTH_BYTES &&
	       h.free_size == (h.block - (int32_t)sizeof(h)) / HEAD_FREE_BYTES;
}

static bool
format_right(GDBM_FILE db)
{
	datum found = gdbm_fetch(db, data(format_key, sizeof(format_key)));
	bool right =
	    found.dptr != NULL && found.dsize == (int)sizeof(format_value) &&
	    memcmp(found.dptr, format_value, sizeof(format_value)) == 0;

	free(found.dptr);
	return right;
}

/* fd is closed, or belongs to *ret. */
static enum store_file_result
open_db(GDBM_FILE *ret, int fd, const char *path, bool writer)
{
	GDBM_FILE db = gdbm_fd_open(
	    fd, path, 0, (writer ? GDBM_WRITER : GDBM_READER) | FLAGS, NULL);

	if (db == NULL) {
		if (gdbm_errno != GDBM_MALLOC_ERROR)
			return STORE_FILE_DAMAGED;
		errno = ENOMEM;
		return STORE_FILE_ERROR;
	}
	if (gdbm_needs_recovery(db) || !format_right(db)) {
		(void)gdbm_close(db);
		return STORE_FILE_DAMAGED;
	}
	*ret = db;
	return STORE_FILE_OPEN;
}

static enum store_file_result
open_once(GDBM_FILE *ret, const char *path, bool writer)
{
	int fd = open(path,
	    (writer ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	int error;

	if (fd == -1) {
		switch (errno) {
		case ENOENT:
			return STORE_FILE_ABSENT;
		case EISDIR:
		case ENXIO: /* a FIFO, a socket */
			return STORE_FILE_ODD;
		default:
			return STORE_FILE_ERROR;
		}
	}
	if (fstat(fd, &st) == -1) {
		error = errno;
		(void)close(fd);
		errno = error;
		return STORE_FILE_ERROR;
	}
	if (!S_ISREG(st.st_mode)) {
		(void)close(fd);
		return STORE_FILE_ODD;
	}
	if (!head_sane(fd, st.st_size)) {
		(void)close(fd);
		return STORE_FILE_DAMAGED;
	}
	return open_db(ret, fd, path, writer);
}

/* What is damaged is so at a second look, too; a read that failed for once is
 * not. */
enum store_file_result
store_file_open(GDBM_FILE *ret, const char *path, bool writer)
{
	enum store_file_result r = open_once(ret, path, writer);

	return r == STORE_FILE_DAMAGED ? open_once(ret, path, writer) : r;
}

bool
store_file_ours(const char *path)
{
	GDBM_FILE db;

	if (store_file_open(&db, path, false) != STORE_FILE_OPEN)
		return false;
	(void)gdbm_close(db);
	return true;
}

bool
store_file_sync(const char *path)
{
	CLEANUP_CLOSE int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	int r = -1;

	if (fd == -1)
		return false;
	do
		r = fsync(fd);
	while (r == -1 && errno == EINTR);
	return r == 0;
}

static GDBM_FILE
make_db(const char *path)
{
	int fd = open(
	    path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	GDBM_FILE db;

	if (fd == -1)
		return NULL;
	errno = 0;
	db = gdbm_fd_open(fd, path, BLOCK_BYTES, GDBM_WRCREAT | FLAGS, NULL);
	if (db == NULL && errno == 0)
		errno = gdbm_errno == GDBM_MALLOC_ERROR ? ENOMEM : EIO;
	return db;
}

static bool
fill_db(GDBM_FILE db, bool (*fill)(void *arg, GDBM_FILE db), void *arg)
{
	if (gdbm_store(db, data(format_key, sizeof(format_key)),
		data(format_value, sizeof(format_value)), GDBM_REPLACE) != 0 ||
	    gdbm_needs_recovery(db)) {
		errno = store_file_errno(db);
		return false;
	}
	return fill == NULL || fill(arg, db);
}

static bool
make(const char *path, bool (*fill)(void *arg, GDBM_FILE db), void *arg)
{
	GDBM_FILE db = make_db(path);
	int error;

	if (db == NULL)
		return false;
	if (!fill_db(db, fill, arg)) {
		error = errno;
		(void)gdbm_close(db);
		errno = error;
		return false;
	}
	errno = 0;
	if (gdbm_close(db) == 0)
		return true;
	if (errno == 0)
		errno = EIO;
	return false;
}

bool
store_file_make(const char *path, const char *spare,
    bool (*fill)(void *arg, GDBM_FILE db), void *arg)
{
	int error;

	(void)unlink(spare);
	if (make(spare, fill, arg) && rename(spare, path) == 0)
		return true;
	error = errno;
	(void)unlink(spare);
	errno = error;
	return false;
}
