/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads and writes that never wait, on descriptors of every kind.
 *
 * O_NONBLOCK belongs to the open file description, which fd 0 and 1 of a
 * handler may share with other programs (a terminal, a pipe of a shell); it is
 * never set on those.  On a socket MSG_DONTWAIT does the same per call (but
 * for macOS, whose send ignores it: there O_NONBLOCK is set after all); on a
 * pipe or file one read after POLLIN, or one write of at most PIPE_BUF bytes
 * after POLLOUT, does not wait (POSIX, write: pipes).
 */
#ifndef CCP_IO_H
#define CCP_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum io_kind { IO_SOCKET, IO_OWN, IO_SHARED };

struct io_end {
	int fd;            /* not owned */
	enum io_kind kind; /* IO_OWN: ours alone, O_NONBLOCK is set */
};

#define IO_AGAIN  (-1)
#define IO_FAILED (-2) /* errno says why */

/* Before anything is opened: puts something where 0, 1 or 2 is closed, so that
 * no other descriptor takes its place.  Reads from it end, writes fail. */
void io_keep_std(void);

/* Ends what 0 and 1 are, whoever else holds it (a super-server may hold an
 * accepted socket as long as its process lives), and leaves nothing there. */
void io_hang_up(void);

/* A descriptor of unknown origin: IO_SOCKET or IO_SHARED by fstat.  Sets
 * O_NONBLOCK on a socket where nothing else keeps a send from waiting. */
struct io_end io_end_of(int fd);

/* A descriptor of ours: sets O_NONBLOCK. */
struct io_end io_end_own(int fd);

/* Bytes read (0: end of file), IO_AGAIN or IO_FAILED.  Call it on an
 * IO_SHARED end only after poll said POLLIN or POLLHUP. */
ssize_t io_read(const struct io_end *end, void *to, size_t len);

/* Bytes written, IO_AGAIN or IO_FAILED (EPIPE when the reader is gone; no
 * SIGPIPE is raised on sockets, and the caller ignores it for pipes). */
ssize_t io_write(const struct io_end *end, const void *from, size_t len);

/* All of it, waiting as a file makes one wait.  False with errno: some of it
 * may be there. */
bool io_write_all(int fd, const void *from, size_t len);

/* Small writes leave at once (TCP_NODELAY); nothing on anything but TCP. */
void io_no_delay(int fd);

/* The system holds about so much of what is written to a socket.  By itself it may
 * take megabytes, and is writable again when a third of that has left: a
 * client that reads slowly would look like one that does not read. */
void io_small_buffer(int fd, int bytes);

/* A pipe, both ends close-on-exec.  0 or -1 with errno. */
int io_pipe(int ret_fds[2]);

/* The start of a file whose size nobody knows, as below /proc, NUL-terminated;
 * its length, or -1 with errno. */
ssize_t io_read_start(const char *path, char *to, size_t size);

/* The whole of a regular file of at most max bytes, NUL-terminated; NULL with
 * errno (EFBIG when larger, EISDIR, ENOENT, ...).  The caller frees it. */
char *io_read_file(const char *path, size_t max, size_t *ret_len);

#endif
