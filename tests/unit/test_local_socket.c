/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "local_socket.h"

#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "aid.h"
#include "suites.h"

static char path[PATH_MAX];
static struct local_socket made;
static char err[512];

static void
set_up(void)
{
	(void)snprintf(path, sizeof path, "%s/s", aid_make_dir());
	memset(err, 'x', sizeof err);
}

static void
tear_down(void)
{
	aid_remove_dir();
}

static int
open_it(void)
{
	int fd = local_socket_open(path, &made, err, sizeof err);

	ck_assert_msg(fd != -1, "%s", err);
	return fd;
}

static void
assert_refused(const char *why)
{
	char wanted[sizeof path + 256];

	ck_assert_int_eq(local_socket_open(path, &made, err, sizeof err), -1);
	(void)snprintf(
	    wanted, sizeof wanted, "cannot listen on unix:%s: %s", path, why);
	ck_assert_str_eq(err, wanted);
}

static struct sockaddr_un
address(void)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};

	ck_assert_uint_lt(strlen(path), sizeof sun.sun_path);
	memcpy(sun.sun_path, path, strlen(path) + 1);
	return sun;
}

/* A socket on path, as another program would make it. */
static int
foreign(int type)
{
	struct sockaddr_un sun = address();
	int fd = socket(AF_UNIX, type, 0);

	ck_assert_int_eq(
	    bind(fd, (const struct sockaddr *)&sun, sizeof sun), 0);
	return fd;
}

static int
connect_to(void)
{
	struct sockaddr_un sun = address();
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	return connect(fd, (const struct sockaddr *)&sun, sizeof sun) == 0 ? fd
	                                                                   : -1;
}

static bool
exists(void)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

START_TEST(its_owner_can_connect)
{
	mode_t mask = umask(0);
	struct stat st;
	int fd = open_it();

	ck_assert_int_eq(umask(mask), 0); /* as it was */
	ck_assert_int_eq(lstat(path, &st), 0);
	ck_assert(S_ISSOCK(st.st_mode));
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_ne(connect_to(), -1);
	ck_assert_int_ne(accept(fd, NULL, NULL), -1);
	local_socket_remove(path, &made);
	ck_assert(!exists());
}
END_TEST

START_TEST(one_left_behind_is_replaced)
{
	int fds = aid_open_fds(), fd = open_it();

	ck_assert_int_eq(close(fd), 0); /* killed */
	ck_assert(exists());
	fd = open_it();
	ck_assert_int_ne(connect_to(), -1);
	ck_assert_int_eq(aid_open_fds(), fds + 2);
}
END_TEST

START_TEST(one_that_is_used_is_left_alone)
{
	int fd = open_it();

	assert_refused("it is in use: is ccp running already?");
	ck_assert_int_ne(connect_to(), -1);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(unlink(path), 0);
	/* Other kinds of sockets have no ccp behind them, but somebody. */
	fd = foreign(SOCK_DGRAM);
	assert_refused("it is in use: is ccp running already?");
	ck_assert(exists());
	(void)close(fd);
}
END_TEST

/* Nobody takes the connections that wait, so no more can be made. */
START_TEST(a_busy_one_is_not_waited_for)
{
	int fd = foreign(SOCK_STREAM);

	ck_assert_int_eq(listen(fd, 0), 0);
	ck_assert_int_ne(connect_to(), -1);
	assert_refused("it is in use: is ccp running already?");
}
END_TEST

START_TEST(what_is_no_socket_is_left_alone)
{
	int fd = open_it();
	char other[sizeof path + 8];

	(void)close(fd);
	(void)snprintf(other, sizeof other, "%s2", path);
	ck_assert_int_eq(rename(path, other), 0);
	(void)aid_make_file("s", "precious", 0600);
	assert_refused("there is a file that is no socket");
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(symlink(other, path), 0);
	assert_refused("there is a file that is no socket");
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	assert_refused("there is a file that is no socket");
}
END_TEST

START_TEST(one_of_another_user_is_left_alone)
{
	if (geteuid() != 0)
		return; /* only root can give a file away */
	(void)close(open_it());
	ck_assert_int_eq(lchown(path, 1, (gid_t)-1), 0);
	assert_refused("there is a socket of another user");
}
END_TEST

START_TEST(paths_that_cannot_be)
{
	(void)snprintf(path, sizeof path, "relative");
	ck_assert_int_eq(local_socket_open(path, &made, err, sizeof err), -1);
	ck_assert_ptr_nonnull(strstr(err, "unix:relative must be an absolute"));
	memset(path, '/', 200);
	path[200] = '\0';
	ck_assert_int_eq(local_socket_open(path, &made, err, sizeof err), -1);
	ck_assert_ptr_nonnull(strstr(err, "must be an absolute path of at"));
	(void)snprintf(path, sizeof path, "/nonexistent/s");
	assert_refused("No such file or directory");
}
END_TEST

START_TEST(only_its_own_file_is_removed)
{
	int fd = open_it();

	/* Somebody took the name. */
	ck_assert_int_eq(unlink(path), 0);
	(void)aid_make_file("s", "", 0600);
	local_socket_remove(path, &made);
	ck_assert(exists());
	ck_assert_int_eq(unlink(path), 0);
	local_socket_remove(path, &made);
	ck_assert(!exists());
	(void)close(fd);
}
END_TEST

/* Anybody can lock a directory that anybody can read. */
START_TEST(a_foreign_lock_does_not_keep_it_from_starting)
{
	int fd = open(aid_dir(), O_RDONLY | O_CLOEXEC);

	ck_assert_int_eq(flock(fd, LOCK_EX), 0);
	(void)open_it();
	ck_assert_int_ne(connect_to(), -1);
}
END_TEST

Suite *
suite_local_socket(void)
{
	Suite *s = suite_create("local_socket");
	TCase *t = tcase_create("local_socket");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, its_owner_can_connect);
	tcase_add_test(t, one_left_behind_is_replaced);
	tcase_add_test(t, one_that_is_used_is_left_alone);
	tcase_add_test(t, a_busy_one_is_not_waited_for);
	tcase_add_test(t, what_is_no_socket_is_left_alone);
	tcase_add_test(t, one_of_another_user_is_left_alone);
	tcase_add_test(t, paths_that_cannot_be);
	tcase_add_test(t, only_its_own_file_is_removed);
	tcase_add_test(t, a_foreign_lock_does_not_keep_it_from_starting);
	suite_add_tcase(s, t);
	return s;
}
