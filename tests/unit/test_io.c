/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "io.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../src/limits.h"
#include "aid.h"
#include "suites.h"

static char many[1u << 20];

static void
tear_down(void)
{
	aid_remove_dir();
}

static void
local_pair(int fds[2])
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
}

static bool
nonblocking(int fd)
{
	return (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0;
}

START_TEST(kinds_of_ends)
{
	int pair[2], fds[2], null;
	struct io_end end;

	local_pair(pair);
	aid_pipe(fds);
	null = open("/dev/null", O_RDWR);
	end = io_end_of(pair[0]);
	ck_assert_int_eq(end.kind, IO_SOCKET);
	ck_assert_int_eq(end.fd, pair[0]);
	ck_assert_int_eq(io_end_of(fds[0]).kind, IO_SHARED);
	ck_assert_int_eq(io_end_of(null).kind, IO_SHARED);
	ck_assert_int_eq(io_end_of(-1).kind, IO_SHARED);
	ck_assert(aid_shared(pair[0]));
	ck_assert(!nonblocking(fds[0]));
	ck_assert_int_eq(io_end_own(fds[0]).kind, IO_OWN);
	ck_assert(nonblocking(fds[0]));
	ck_assert(!nonblocking(fds[1]));
	ck_assert_int_eq(io_end_own(999).kind, IO_SHARED);
}
END_TEST

START_TEST(reading_never_waits)
{
	struct io_end end;
	int pair[2], fds[2];
	char c;

	aid_pipe(fds);
	end = io_end_own(fds[0]);
	ck_assert_int_eq(io_read(&end, &c, 1), IO_AGAIN);
	aid_send_byte(fds[1]);
	ck_assert_int_eq(io_read(&end, &c, 1), 1);
	aid_close(&fds[1]);
	ck_assert_int_eq(io_read(&end, &c, 1), 0);
	local_pair(pair);
	end = io_end_of(pair[0]);
	ck_assert_int_eq(io_read(&end, &c, 1), IO_AGAIN);
	ck_assert(aid_shared(pair[0]));
	aid_send_byte(pair[1]);
	ck_assert_int_eq(io_read(&end, &c, 1), 1);
	aid_close(&pair[1]);
	ck_assert_int_eq(io_read(&end, &c, 1), 0);
	aid_close(&pair[0]);
	ck_assert_int_eq(io_read(&end, &c, 1), IO_FAILED);
	ck_assert_int_eq(errno, EBADF);
}
END_TEST

/* Writes until nothing more fits. */
static void
fill(const struct io_end *end)
{
	ssize_t n;
	int writes = 0;

	while ((n = io_write(end, many, sizeof many)) > 0)
		ck_assert_int_lt(writes++, 1000);
	ck_assert_int_eq(n, IO_AGAIN);
}

START_TEST(writing_never_waits)
{
	struct io_end end;
	int pair[2], fds[2];

	aid_pipe(fds);
	end = io_end_own(fds[1]);
	fill(&end);
	local_pair(pair);
	end = io_end_of(pair[0]);
	fill(&end);
	ck_assert(aid_shared(pair[0]));
}
END_TEST

/* What poll calls writable takes PIPE_BUF bytes without waiting, not more. */
START_TEST(a_shared_end_takes_little_at_once)
{
	struct io_end end;
	int fds[2];

	aid_pipe(fds);
	end = io_end_of(fds[1]);
	ck_assert_int_eq(io_write(&end, many, sizeof many), PIPE_BUF);
	ck_assert_int_eq(io_write(&end, many, 7), 7);
	ck_assert_int_eq(io_write(&end, many, 0), 0);
}
END_TEST

START_TEST(a_reader_that_left_is_an_error)
{
	struct io_end end;
	int pair[2], fds[2];

	/* On a socket SIGPIPE is not raised, whatever its disposition. */
	local_pair(pair);
	aid_close(&pair[1]);
	end = io_end_of(pair[0]);
	ck_assert_int_eq(io_write(&end, "x", 1), IO_FAILED);
	ck_assert_int_eq(errno, EPIPE);
	(void)signal(SIGPIPE, SIG_IGN);
	aid_pipe(fds);
	aid_close(&fds[0]);
	end = io_end_own(fds[1]);
	ck_assert_int_eq(io_write(&end, "x", 1), IO_FAILED);
	ck_assert_int_eq(errno, EPIPE);
}
END_TEST

START_TEST(pipes_are_not_inherited)
{
	int fds[2];

	ck_assert_int_eq(io_pipe(fds), 0);
	ck_assert_int_eq(fcntl(fds[0], F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(fcntl(fds[1], F_GETFD), FD_CLOEXEC);
	ck_assert(!nonblocking(fds[0]));
	aid_send_byte(fds[1]);
	aid_await_byte(fds[0]);
}
END_TEST

START_TEST(no_delay_is_for_tcp)
{
	int tcp = socket(AF_INET, SOCK_STREAM, 0), on = 0, fds[2];
	socklen_t len = sizeof on;

	io_no_delay(tcp);
	ck_assert_int_eq(
	    getsockopt(tcp, IPPROTO_TCP, TCP_NODELAY, &on, &len), 0);
	ck_assert_int_ne(on, 0);
	aid_pipe(fds);
	io_no_delay(fds[0]);
	io_no_delay(-1);
}
END_TEST

START_TEST(a_small_buffer_is_for_sockets)
{
	int tcp = socket(AF_INET, SOCK_STREAM, 0), bytes = 0, fds[2];
	socklen_t len = sizeof bytes;

	io_small_buffer(tcp, LIMIT_SOCKET_BYTES);
	ck_assert_int_eq(
	    getsockopt(tcp, SOL_SOCKET, SO_SNDBUF, &bytes, &len), 0);
	/* Linux counts its own overhead, as much again. */
	ck_assert_int_ge(bytes, LIMIT_SOCKET_BYTES);
	ck_assert_int_le(bytes, 2 * LIMIT_SOCKET_BYTES);
	aid_pipe(fds);
	io_small_buffer(fds[0], LIMIT_SOCKET_BYTES);
	io_small_buffer(-1, LIMIT_SOCKET_BYTES);
}
END_TEST

/* Files */

static char *
file_of(const char *name, const char *text, size_t max, size_t *ret_len)
{
	return io_read_file(aid_make_file(name, text, 0600), max, ret_len);
}

START_TEST(files_are_read_whole)
{
	size_t len = 99;
	char *text;

	(void)aid_make_dir();
	text = file_of("f", "hello\n", 6, &len);
	ck_assert_str_eq(text, "hello\n");
	ck_assert_uint_eq(len, 6);
	free(text);
	text = file_of("f", "", 0, &len);
	ck_assert_str_eq(text, "");
	ck_assert_uint_eq(len, 0);
	free(text);
	memset(many, 'x', sizeof many - 1);
	text = file_of("f", many, sizeof many, &len);
	ck_assert_uint_eq(len, sizeof many - 1);
	ck_assert_str_eq(text, many);
	free(text);
}
END_TEST

START_TEST(nul_bytes_are_read)
{
	FILE *f;
	char path[PATH_MAX], *text;
	size_t len;

	(void)snprintf(path, sizeof path, "%s/nul", aid_make_dir());
	f = fopen(path, "w");
	ck_assert_uint_eq(fwrite("a\0b", 1, 3, f), 3);
	(void)fclose(f);
	text = io_read_file(path, 100, &len);
	ck_assert_uint_eq(len, 3);
	ck_assert_mem_eq(text, "a\0b", 4);
	free(text);
}
END_TEST

static void
assert_refused(const char *path, size_t max, int number)
{
	size_t len;
	int before = aid_open_fds();

	errno = 0;
	ck_assert_ptr_null(io_read_file(path, max, &len));
	ck_assert_int_eq(errno, number);
	ck_assert_int_eq(aid_open_fds(), before);
}

START_TEST(what_is_no_file_is_refused)
{
	char path[PATH_MAX];

	(void)aid_make_dir();
	assert_refused(aid_make_file("f", "1234567", 0600), 6, EFBIG);
	assert_refused(aid_make_file("f", "1", 0600), 0, EFBIG);
	assert_refused("/nonexistent/file", 10, ENOENT);
	assert_refused("/dev", 10, EISDIR);
	assert_refused("/dev/zero", 10, EINVAL);
	/* Opening one would wait for a writer. */
	(void)snprintf(
	    path, sizeof path, "%s.fifo", aid_make_file("f", "", 0600));
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	assert_refused(path, 10, EINVAL);
}
END_TEST

static int shared[2]; /* a connection that somebody else holds too */

static void
hang_up(void)
{
	char c;

	ck_assert_int_eq(dup2(shared[1], STDIN_FILENO), STDIN_FILENO);
	ck_assert_int_eq(dup2(shared[1], STDOUT_FILENO), STDOUT_FILENO);
	io_hang_up();
	aid_expect_end(shared[0]);
	/* No other descriptor takes their place. */
	ck_assert_int_eq(read(STDIN_FILENO, &c, 1), 0);
	ck_assert_int_ne(fcntl(STDOUT_FILENO, F_GETFD), -1);
	ck_assert_int_eq(write(STDOUT_FILENO, "x", 1), -1);
	io_hang_up();
	ck_assert_int_eq(read(STDIN_FILENO, &c, 1), 0);
}

START_TEST(hanging_up_ends_it_for_all)
{
	local_pair(shared);
	aid_in_process(hang_up);
	aid_expect_end(shared[0]); /* and shared[1] is open here */
	aid_close(&shared[0]);
	aid_close(&shared[1]);
}
END_TEST

Suite *
suite_io(void)
{
	Suite *s = suite_create("io");
	TCase *t = tcase_create("io");

	tcase_add_checked_fixture(t, NULL, tear_down);
	tcase_add_test(t, kinds_of_ends);
	tcase_add_test(t, reading_never_waits);
	tcase_add_test(t, writing_never_waits);
	tcase_add_test(t, a_shared_end_takes_little_at_once);
	tcase_add_test(t, a_reader_that_left_is_an_error);
	tcase_add_test(t, pipes_are_not_inherited);
	tcase_add_test(t, no_delay_is_for_tcp);
	tcase_add_test(t, a_small_buffer_is_for_sockets);
	tcase_add_test(t, files_are_read_whole);
	tcase_add_test(t, nul_bytes_are_read);
	tcase_add_test(t, what_is_no_file_is_refused);
	tcase_add_test(t, hanging_up_ends_it_for_all);
	suite_add_tcase(s, t);
	return s;
}
