/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "aid.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_MS 2
#define MOST_FDS 1024

/* Not clock_ms(), which the tests set. */
static int64_t
real_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool
aid_patient(int64_t *start)
{
	if (*start == 0)
		*start = real_ms();
	else
		(void)poll(NULL, 0, PAUSE_MS);
	return real_ms() - *start < AID_PATIENCE_MS;
}

static int
wait_for(pid_t pid, int patiences)
{
	int64_t start = 0;
	int status = -1;
	pid_t got = 0;

	while (got == 0 && patiences > 0) {
		got = waitpid(pid, &status, WNOHANG);
		if (!aid_patient(&start)) {
			patiences--;
			start = 0;
		}
	}
	ck_assert_msg(got == pid, "process %ld does not end", (long)pid);
	return status;
}

void
aid_in_process(void (*body)(void))
{
	pid_t pid = fork();

	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		/* libcheck catches these, and ends the whole test then. */
		(void)signal(SIGTERM, SIG_DFL);
		(void)signal(SIGINT, SIG_DFL);
		body();
		_exit(EXIT_SUCCESS);
	}
	/* Its own patience ends first, and says what for. */
	ck_assert_int_eq(wait_for(pid, 2), 0);
}

_Noreturn void
aid_idle(int fd)
{
	(void)signal(SIGALRM, SIG_DFL);
	(void)alarm(60);
	aid_send_byte(fd);
	for (;;)
		(void)pause();
}

void
aid_pipe(int fds[2])
{
	ck_assert_int_eq(pipe(fds), 0);
}

void
aid_close(int *fd)
{
	if (*fd >= 0)
		ck_assert_int_eq(close(*fd), 0);
	*fd = -1;
}

/* Waits until there is something to read, or the end. */
static void
await(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int n;

	do
		n = poll(&p, 1, AID_PATIENCE_MS);
	while (n == -1 && errno == EINTR);
	ck_assert_msg(n == 1, "nothing came");
}

const char *
aid_read_all(int fd)
{
	static char text[65536];
	size_t len = 0;
	ssize_t n;

	do {
		await(fd);
		n = read(fd, text + len, sizeof text - 1 - len);
		ck_assert_int_ge(n, 0);
		len += (size_t)n;
		ck_assert_uint_lt(len, sizeof text - 1);
	} while (n > 0);
	ck_assert_int_eq(close(fd), 0);
	text[len] = '\0';
	return text;
}

void
aid_send_byte(int fd)
{
	ck_assert_int_eq(write(fd, "x", 1), 1);
}

void
aid_await_byte(int fd)
{
	char c;

	await(fd);
	ck_assert_msg(read(fd, &c, 1) == 1, "an end came, no byte");
}

bool
aid_readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

void
aid_expect_end(int fd)
{
	char c;

	await(fd);
	ck_assert_int_eq(read(fd, &c, 1), 0);
}

int
aid_wait(pid_t pid)
{
	return wait_for(pid, 1);
}

/* A zombie exists for kill(2). */
static bool
is_zombie(pid_t pid)
{
	char path[64], stat[512];
	const char *end;
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return false;
	n = read(fd, stat, sizeof stat - 1);
	(void)close(fd);
	stat[n > 0 ? n : 0] = '\0';
	end = strrchr(stat, ')');
	return end != NULL && strncmp(end, ") Z", 3) == 0;
}

bool
aid_alive(pid_t pid)
{
	return kill(pid, 0) == 0 && !is_zombie(pid);
}

bool
aid_shared(int fd)
{
	bool set = (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0;
#ifdef CCP_LINUX
	return !set;
#else
	struct stat st;

	return fstat(fd, &st) == 0 && set == S_ISSOCK(st.st_mode);
#endif
}

int
aid_open_fds(void)
{
	int fd, n = 0;

	for (fd = 0; fd < MOST_FDS; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

static char dir[PATH_MAX];

const char *
aid_make_dir(void)
{
	const char *tmp = getenv("TMPDIR");

	(void)snprintf(dir, sizeof dir, "%s/ccp-unit-XXXXXX",
	    tmp != NULL && tmp[0] == '/' ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	return dir;
}

const char *
aid_dir(void)
{
	return dir;
}

const char *
aid_make_file(const char *name, const char *text, mode_t mode)
{
	static char path[PATH_MAX + 256];
	size_t len = strlen(text);
	int fd;

	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, len), (ssize_t)len);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	ck_assert_int_eq(close(fd), 0);
	return path;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

void
aid_remove_dir(void)
{
	if (dir[0] != '\0')
		(void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	dir[0] = '\0';
}
